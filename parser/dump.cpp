#include "base/repr.h"
#include "base/utf8.h"
#include "parser/print.h"

namespace tsvm {

using namespace ast;

std::string dump_tokens(const TokenStream& stream, const SourceFile& source) {
  std::string out;
  auto place = [&](uint32_t offset) {
    LineColumn at = source.locate(offset);
    out += std::to_string(at.line) + "," +
           std::to_string(utf8::count(std::string_view(source.text()).substr(offset - at.column, at.column)));
  };
  for (const Token& t : stream.tokens) {
    place(t.range.begin);
    out += "-";
    place(t.range.end);
    out += ": ";
    out += token_text(t.kind) == nullptr ? token_name(t.kind) : is_keyword(t.kind) ? "KEYWORD" : "OP";
    if (t.range.end > t.range.begin) out += " " + str_repr(source.slice(t.range));
    out += "\n";
  }
  return out;
}

std::string decimal_digits(std::string_view literal) {
  if (literal.size() < 3 || literal[0] != '0') return std::string(literal);
  char kind = static_cast<char>(literal[1] | 0x20);
  if (kind != 'x' && kind != 'o' && kind != 'b') return std::string(literal);
  uint32_t base = kind == 'x' ? 16 : kind == 'o' ? 8 : 2;
  // Groups of nine decimal digits, least significant first.
  constexpr uint32_t kGroup = 1000000000;
  std::vector<uint32_t> groups{0};
  for (char c : literal.substr(2)) {
    uint64_t carry = static_cast<uint64_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    for (uint32_t& g : groups) {
      carry += static_cast<uint64_t>(g) * base;
      g = static_cast<uint32_t>(carry % kGroup);
      carry /= kGroup;
    }
    if (carry != 0) groups.push_back(static_cast<uint32_t>(carry));
  }
  std::string out = std::to_string(groups.back());
  for (size_t i = groups.size() - 1; i-- > 0;) {
    std::string digits = std::to_string(groups[i]);
    out += std::string(9 - digits.size(), '0') + digits;
  }
  return out;
}

namespace {

// Python's layout: a node whose fields are all simple and at most three stands on one line; "simple" are plain values,
// empty lists and nodes without fields.
class Dumper {
 public:
  struct Text {
    std::string text;
    bool simple;
  };

  Text node(const Node* n, int level) {
    Fields fields{*this, level + 1, {}, true};
    visit_fields(n, fields);
    if (n->is<Module>()) fields.add("type_ignores", {"[]", true});
    std::string name = node_name(n->kind);
    if (fields.all_simple && fields.texts.size() <= 3)
      return {name + "(" + join(fields.texts, ", ") + ")", fields.texts.empty()};
    return {name + "(" + line(level + 1) + join(fields.texts, "," + line(level + 1)) + ")", false};
  }

 private:
  struct Fields {
    Dumper& dumper;
    int level;
    std::vector<std::string> texts;
    bool all_simple;

    void add(const char* name, Text value) {
      all_simple &= value.simple;
      texts.push_back(std::string(name) + "=" + value.text);
    }
    template <class T>
    void field(const char* name, const T& value) {
      if constexpr (std::is_pointer_v<T>) {
        if (value != nullptr) add(name, dumper.node(value, level));
      } else if constexpr (std::is_same_v<T, std::string_view>) {
        if (!value.empty()) add(name, {str_repr(value), true});
      } else if constexpr (std::is_same_v<T, int>) {
        add(name, {std::to_string(value), true});
      } else if constexpr (std::is_same_v<T, ConstantValue>) {
        add(name, {constant_text(value), true});
      } else {
        add(name, {std::string(enum_name(value)) + "()", true});
      }
    }
    template <class T>
    void field(const char* name, const ArenaList<T>& values) {
      if (values.empty()) return add(name, {"[]", true});
      std::vector<std::string> items;
      for (const T& value : values) {
        if constexpr (std::is_pointer_v<T>)
          items.push_back(value == nullptr ? "None" : dumper.node(value, level + 1).text);
        else if constexpr (std::is_same_v<T, std::string_view>)
          items.push_back(str_repr(value));
        else
          items.push_back(std::string(enum_name(value)) + "()");
      }
      add(name, {"[" + line(level + 1) + join(items, "," + line(level + 1)) + "]", false});
    }
  };

  static std::string constant_text(const ConstantValue& value) {
    switch (value.kind) {
      case ConstantKind::kNone: return "None";
      case ConstantKind::kTrue: return "True";
      case ConstantKind::kFalse: return "False";
      case ConstantKind::kEllipsis: return "Ellipsis";
      case ConstantKind::kInt: return std::to_string(value.int_value);
      case ConstantKind::kBigInt: return decimal_digits(value.text);
      case ConstantKind::kFloat: return float_repr(value.float_value);
      case ConstantKind::kImaginary: {
        std::string text = float_repr(value.float_value);
        if (text.size() > 2 && text.compare(text.size() - 2, 2, ".0") == 0) text.resize(text.size() - 2);
        return text + "j";
      }
      case ConstantKind::kStr: return str_repr(value.text);
      case ConstantKind::kBytes: return bytes_repr(value.text);
    }
    TSVM_UNREACHABLE("a constant of unknown kind");
  }

  static std::string line(int level) { return "\n" + std::string(static_cast<size_t>(level), ' '); }
  static std::string join(const std::vector<std::string>& items, const std::string& separator) {
    std::string out;
    for (size_t i = 0; i < items.size(); i++) out += (i == 0 ? "" : separator) + items[i];
    return out;
  }
};

}  // namespace

std::string dump_ast(const Node* node) { return Dumper().node(node, 0).text; }

}  // namespace tsvm

#include "ir/script/schema.h"

#include <cstdlib>

#include "base/check.h"

namespace tsvm::script {

namespace {

struct Builtin {
  const char* schema;
  const char* recipe;
};

constexpr Builtin kBuiltins[] = {
#define OP(schema, recipe) {schema, recipe},
#include "ir/script/builtins.def"
#undef OP
};

class Reader {
 public:
  Reader(std::string_view text, ir::TypeTable& types) : s_(text), types_(types) {}

  bool schema(Schema& out) {
    std::string full = until_any(".(");
    out.name = full;
    if (peek() == '.' && !accept("...")) {
      p_++;
      out.overload = until_any("(");
    }
    if (!accept("(")) return false;
    bool keyword_only = false;
    while (!accept(")")) {
      space();
      if (accept("...")) {
        out.is_vararg = true;
      } else if (peek() == '*') {
        p_++;
        keyword_only = true;
      } else {
        SchemaParam p;
        p.keyword_only = keyword_only;
        if (!param(p)) return false;
        if (p.written && keyword_only) out.is_out = true;
        out.params.push_back(std::move(p));
      }
      space();
      if (!accept(",") && peek() != ')') return false;
    }
    space();
    if (!accept("->")) return false;
    space();
    if (accept("...")) return true;
    if (peek() == '(') {
      p_++;
      bool named = false;
      while (!accept(")")) {
        SchemaType t;
        int size = 0;
        bool written = false;
        if (!type(t, size, written)) return false;
        out.results.push_back(std::move(t));
        space();
        std::string name = word();
        named |= !name.empty();
        out.result_names.push_back(name);
        space();
        if (!accept(",") && peek() != ')') return false;
      }
      if (!named) out.result_names.clear();
      return true;
    }
    SchemaType t;
    int size = 0;
    bool written = false;
    if (!type(t, size, written)) return false;
    out.results.push_back(std::move(t));
    return true;
  }

 private:
  char peek() const { return p_ < s_.size() ? s_[p_] : '\0'; }
  void space() {
    while (peek() == ' ') p_++;
  }
  bool accept(std::string_view t) {
    space();
    if (s_.substr(p_, t.size()) != t) return false;
    p_ += t.size();
    return true;
  }
  std::string until_any(std::string_view stops) {
    size_t begin = p_;
    while (p_ < s_.size() && stops.find(s_[p_]) == std::string_view::npos) p_++;
    return std::string(s_.substr(begin, p_ - begin));
  }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  }
  std::string word() {
    size_t begin = p_;
    while (is_word(peek())) p_++;
    return std::string(s_.substr(begin, p_ - begin));
  }
  static SchemaType concrete(TypeId t) {
    SchemaType r;
    r.type = t;
    return r;
  }

  bool type(SchemaType& out, int& size, bool& written) {
    space();
    if (accept("(")) {  // a tuple
      out.kind = SchemaType::Kind::Tuple;
      while (!accept(")")) {
        SchemaType inner;
        if (!type(inner, size, written)) return false;
        out.args.push_back(std::move(inner));
        space();
        if (!accept(",") && peek() != ')') return false;
      }
    } else {
      std::string name = word();
      if (name.empty()) return false;
      if (name == "Dict" || name == "Future") {
        out.kind = name == "Dict" ? SchemaType::Kind::Dict : SchemaType::Kind::Future;
        if (!accept("(")) return false;
        while (!accept(")")) {
          SchemaType inner;
          if (!type(inner, size, written)) return false;
          out.args.push_back(std::move(inner));
          space();
          if (!accept(",") && peek() != ')') return false;
        }
      } else {
        static const struct {
          const char* name;
          TypeId type;
        } kNames[] = {{"Tensor", types::Tensor},
                      {"int", types::I64},
                      {"SymInt", types::I64},
                      {"ScalarType", types::I64},
                      {"MemoryFormat", types::I64},
                      {"Layout", types::I64},
                      {"float", types::F64},
                      {"bool", types::Bool},
                      {"str", types::Str},
                      {"complex", types::Complex},
                      {"Scalar", types::Number},
                      {"number", types::Number},
                      {"Device", types::Device},
                      {"Generator", types::Generator},
                      {"Any", types::ScriptAny},
                      {"AnyEnumType", types::ScriptAny},
                      {"AnyClassType", types::ScriptAny},
                      {"NoneType", types::None},
                      {"Storage", types::ScriptAny},
                      {"Stream", types::I64}};
        bool found = false;
        for (const auto& n : kNames)
          if (name == n.name) {
            out = concrete(n.type);
            found = true;
          }
        if (!found) {
          out.kind = SchemaType::Kind::Var;
          out.var = name;
        }
      }
    }
    for (;;) {
      if (peek() == '(') {  // aliases: (a!), (a -> *), (*)
        std::string annotation = until_any(")");
        p_++;
        if (annotation.find('!') != std::string::npos) written = true;
      } else if (peek() == '[') {
        p_++;
        std::string count = until_any("]");
        p_++;
        SchemaType list;
        list.kind = SchemaType::Kind::List;
        fold(out);
        list.args.push_back(std::move(out));
        out = std::move(list);
        size = count.empty() ? 0 : std::atoi(count.c_str());
      } else if (peek() == '?') {
        p_++;
        SchemaType optional;
        optional.kind = SchemaType::Kind::Optional;
        fold(out);
        optional.args.push_back(std::move(out));
        out = std::move(optional);
      } else {
        break;
      }
    }
    fold(out);
    return true;
  }

  // Types without variables become concrete.
  void fold(SchemaType& t) {
    for (const SchemaType& a : t.args)
      if (a.kind != SchemaType::Kind::Concrete) return;
    std::vector<TypeId> args;
    for (const SchemaType& a : t.args) args.push_back(a.type);
    TypeId made;
    switch (t.kind) {
      case SchemaType::Kind::List: made = types_.list(args[0]); break;
      case SchemaType::Kind::Optional: made = types_.optional(args[0]); break;
      case SchemaType::Kind::Dict: made = types_.dict(args[0], args[1]); break;
      case SchemaType::Kind::Tuple: made = types_.tuple(args); break;
      case SchemaType::Kind::Future: made = types_.future(args[0]); break;
      default: return;
    }
    t = concrete(made);
  }

  bool param(SchemaParam& p) {
    if (!type(p.type, p.list_size, p.written)) return false;
    space();
    p.name = word();
    space();
    if (peek() != '=') return true;
    p_++;
    p.has_default = true;
    return default_value(p.default_value);
  }

  bool default_value(Const& c) {
    space();
    char ch = peek();
    if (ch == ',' || ch == ')') return true;  // an empty default: None
    if (ch == '"' || ch == '\'') {
      p_++;
      std::string text;
      while (peek() != ch && peek() != '\0') {
        if (peek() == '\\') {
          p_++;
          char e = peek();
          text += e == 'n' ? '\n' : e == 't' ? '\t' : e == 'f' ? '\f' : e == 'v' ? '\v' : e;
        } else {
          text += peek();
        }
        p_++;
      }
      p_++;
      c = Const::text(text);
      return true;
    }
    if (ch == '[') {
      p_++;
      c.kind = Const::Kind::IntList;
      while (!accept("]")) {
        Const item;
        if (!default_value(item)) return false;
        if (item.kind == Const::Kind::Float) c.kind = Const::Kind::FloatList;
        c.ints.push_back(item.i);
        c.floats.push_back(item.kind == Const::Kind::Float ? item.d : static_cast<double>(item.i));
        space();
        if (!accept(",") && peek() != ']') return false;
      }
      if (c.kind == Const::Kind::IntList)
        c.floats.clear();
      else
        c.ints.clear();
      return true;
    }
    std::string text = until_any(",)] ");
    if (text == "None") return true;
    if (text == "True" || text == "False") {
      c = Const::boolean(text == "True");
      return true;
    }
    static const struct {
      const char* name;
      int64_t value;
    } kNamed[] = {{"contiguous_format", 0},
                  {"preserve_format", 1},
                  {"Mean", 1},
                  {"Sum", 2},
                  {"strided", 0},
                  {"long", 4},
                  {"float", 6},
                  {"cpu", 0},
                  {"none", 0}};
    for (const auto& n : kNamed)
      if (text == n.name) {
        c = Const::integer(n.value);
        return true;
      }
    char* end = nullptr;
    if (text.find_first_of(".e") == std::string::npos || text.substr(0, 2) == "0x") {
      c = Const::integer(std::strtoll(text.c_str(), &end, 10));
      if (end != text.c_str() && *end == '\0') return true;
    }
    c = Const::number(std::strtod(text.c_str(), &end));
    return end != text.c_str() && *end == '\0';
  }

  std::string_view s_;
  size_t p_ = 0;
  ir::TypeTable& types_;
};

std::string_view name_of(std::string_view schema) { return schema.substr(0, schema.find_first_of(".(")); }

// Builtins by name, made once for the process.
const std::unordered_map<std::string_view, std::vector<const Builtin*>>& builtins() {
  static const auto* map = [] {
    auto* m = new std::unordered_map<std::string_view, std::vector<const Builtin*>>();
    for (const Builtin& b : kBuiltins) (*m)[name_of(b.schema)].push_back(&b);
    return m;
  }();
  return *map;
}

}  // namespace

bool parse_schema(std::string_view text, ir::TypeTable& types, Schema& out) { return Reader(text, types).schema(out); }

const std::vector<const Operator*>& OperatorSet::find(const std::string& name) {
  auto [it, added] = by_name_.try_emplace(name);
  if (!added) return it->second;
  std::vector<const Operator*> found;
  struct Context {
    OperatorSet* self;
    std::vector<const Operator*>* found;
  } context{this, &found};
  if (tensor_ops_)
    tensor_ops_->find(
        name,
        [](void* context, std::string_view schema, int32_t number) {
          auto* c = static_cast<Context*>(context);
          Operator op;
          op.text = schema;
          op.tensor_op = number;
          TSVM_CHECK(parse_schema(op.text, c->self->types_, op.schema), op.text.c_str());
          c->self->operators_.push_back(std::move(op));
          c->found->push_back(&c->self->operators_.back());
        },
        &context);
  auto b = builtins().find(name);
  if (b != builtins().end())
    for (const Builtin* row : b->second) {
      Operator op;
      op.text = row->schema;
      op.recipe = row->recipe;
      TSVM_CHECK(parse_schema(op.text, types_, op.schema), row->schema);
      operators_.push_back(std::move(op));
      found.push_back(&operators_.back());
    }
  std::vector<const Operator*>& slot = by_name_[name];
  slot = std::move(found);
  return slot;
}

const Operator* OperatorSet::get(std::string_view name, std::string_view overload) {
  for (const Operator* op : find(std::string(name)))
    if (op->schema.overload == overload) return op;
  TSVM_UNREACHABLE((std::string(name) + "." + std::string(overload)).c_str());
}

}  // namespace tsvm::script

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "ir/script/print.h"
#include "ir/script/ssa.h"

namespace tsvm::script {

std::string float_text(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  if (std::fabs(d) < 1e10 && d == std::floor(d)) {
    char text[32];
    std::snprintf(text, sizeof(text), "%s%lld.", d == 0 && std::signbit(d) ? "-" : "", static_cast<long long>(d));
    return text;
  }
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", d);
  // A float that looks like an int would be read back as one.
  if (!std::strpbrk(text, ".en")) std::strcat(text, ".");
  return text;
}

std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (char ch : s) {
    switch (ch) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      case '\a': out += "\\a"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\v': out += "\\v"; break;
      default: {
        auto u = static_cast<unsigned char>(ch);
        if (u < 0x20 || u == 0x7f) {
          char hex[8];
          std::snprintf(hex, sizeof(hex), "\\%03o", u);
          out += hex;
        } else {
          out += ch;
        }
      }
    }
  }
  return out + "\"";
}

namespace {

bool is_identifier(std::string_view s) {
  if (s.empty() || (s[0] >= '0' && s[0] <= '9')) return false;
  for (char c : s)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  return true;
}

const std::unordered_set<std::string>& reserved() {
  static const std::unordered_set<std::string> names = {
      "False",     "None",           "True",       "and",     "as",   "assert", "async",  "await",    "break",
      "class",     "continue",       "def",        "del",     "elif", "else",   "except", "finally",  "for",
      "from",      "global",         "if",         "import",  "in",   "is",     "lambda", "nonlocal", "not",
      "or",        "pass",           "raise",      "return",  "try",  "while",  "with",   "yield",    "uninitialized",
      "CONSTANTS", "fork",           "attribute",  "getattr", "inf",  "nan",    "infj",   "nanj",     "ops",
      "__torch__", "torch",          "range",      "print",   "int",  "float",  "bool",   "str",      "sorted",
      "annotate",  "unchecked_cast", "isinstance", "number",  "List", "Dict",   "Tuple",  "Optional", "Tensor"};
  return names;
}

/// An expression that is longer, with its indentation, is not written inside of another.
constexpr size_t kLongExpression = 40;

class CodePrinter {
 public:
  CodePrinter(Program& p, CodeReferences& refs) : p_(p), refs_(refs) {}

  std::string function(const Function& f, const Graph& g, int indent, bool typed_self) {
    indent_ = indent;
    out_.clear();
    scan_block(*g.block);
    line() += "def " + f.name + "(";
    std::string body;
    for (size_t i = 0; i < f.params.size(); i++) {
      Value* v = g.block->params[i];
      std::string name = assign_name(v, f.params[i].name);
      if (i) out_ += ",\n" + std::string(static_cast<size_t>(indent_) * 2 + 4, ' ');
      bool self = i == 0 && f.owner != nullptr;
      out_ += self && !typed_self ? name : name + ": " + type(v->type);
      if (f.params[i].has_default && !f.params[i].default_is_sequence)
        out_ += "=" + literal(f.params[i].default_value, v->type);
    }
    out_ += ") -> " + type(f.result ? f.result : TypeId(types::None)) + ":\n";
    indent_++;
    size_t before = out_.size();
    block_body(*g.block);
    split_long(g.block->results);
    if (!g.block->results.empty()) line() += "return " + use(g.block->results[0]) + "\n";
    if (out_.size() == before) line() += "pass\n";
    indent_--;
    return out_;
  }

  std::string type(TypeId t) {
    note(t);
    return p_.type_text(t);
  }

  void note(TypeId t) {
    TypeKind k = p_.types.kind(t);
    if (k == TypeKind::Class) {
      if (ClassInfo* c = p_.class_of(t)) add(refs_.classes, c);
      return;
    }
    if (k == TypeKind::NamedTuple && !p_.types[t].name.empty()) {
      for (TypeId x : refs_.named_tuples)
        if (x == t) return;
      refs_.named_tuples.push_back(t);
    }
    for (TypeId a : std::vector<TypeId>(p_.types[t].args)) note(a);
  }

  template <class T>
  static void add(std::vector<T*>& list, T* item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }

  /// A constant by its place in the table of constants.
  std::string in_table(const Const& c) {
    size_t i = 0;
    while (i < refs_.constants.size() && !(refs_.constants[i] == c)) i++;
    if (i == refs_.constants.size()) refs_.constants.push_back(c);
    return "CONSTANTS.c" + std::to_string(i);
  }

  std::string literal(const Const& c, TypeId t) {
    switch (c.kind) {
      case Const::Kind::None: return "None";
      case Const::Kind::Bool: return c.i ? "True" : "False";
      case Const::Kind::Int:
        if (t && (t == types::F64 || t == p_.types.optional(types::F64))) return float_text(static_cast<double>(c.i));
        return std::to_string(c.i);
      case Const::Kind::Float: return float_text(c.d);
      case Const::Kind::Complex: return float_text(c.d) + (std::signbit(c.imag) ? "" : "+") + float_text(c.imag) + "j";
      case Const::Kind::Str:
        // Text that is not ASCII is kept apart.
        for (char ch : c.s)
          if (static_cast<unsigned char>(ch) >= 0x80) return in_table(c);
        return quoted(c.s);
      case Const::Kind::Device: return "torch.device(" + quoted(c.s) + ")";
      case Const::Kind::IntList: {
        std::string s = "[";
        for (size_t i = 0; i < c.ints.size(); i++) s += (i ? ", " : "") + std::to_string(c.ints[i]);
        return s + "]";
      }
      case Const::Kind::FloatList: {
        std::string s = "[";
        for (size_t i = 0; i < c.floats.size(); i++) s += (i ? ", " : "") + float_text(c.floats[i]);
        return s + "]";
      }
      case Const::Kind::Tensor:
      case Const::Kind::Object: {
        if (ClassInfo* e = p_.class_of(t); e && e->kind == ClassInfo::Kind::Enum) {
          note(t);
          for (const ClassInfo::Constant& k : e->constants)
            if (k.value.i == c.i) return e->name + "." + k.name;
        }
        return in_table(c);
      }
    }
    return "None";
  }

 private:
  std::string& line() {
    out_ += std::string(static_cast<size_t>(indent_) * 2, ' ');
    return out_;
  }

  // --- which values are written in place ---

  void count_uses(const Block& b) {
    for (const Node* n : b.nodes) {
      for (size_t i = 0; i < n->inputs.size(); i++) {
        uses_[n->inputs[i]]++;
        user_[n->inputs[i]] = {n, i};
      }
      for (const Block* inner : n->blocks) count_uses(*inner);
    }
    for (const Value* v : b.results) {
      uses_[v]++;
      user_[v] = {nullptr, 0};
    }
  }

  bool can_inline(const Value* v) {
    const Node* n = v->node;
    if (n->outputs.size() != 1 || uses_[v] != 1) return false;
    auto [user, offset] = user_[v];
    if (!v->name.empty() && user) return false;
    if (!n->blocks.empty()) return false;
    if (user && user->kind == NodeKind::Loop && offset >= 2) return false;
    if (user && (user->kind == NodeKind::Fork || user->kind == NodeKind::Enter || user->kind == NodeKind::Exit))
      return false;
    if (n->kind == NodeKind::IsInstance || n->kind == NodeKind::Enter || n->kind == NodeKind::Fork) return false;
    // Casts and values without a beginning say their type where they are assigned.
    if (n->kind == NodeKind::Uninitialized || n->kind == NodeKind::ModuleContainerIndex) return false;
    return true;
  }

  const Node* previous(const Block& b, const Node* n) {
    ptrdiff_t i = n ? index_[n] - 1 : static_cast<ptrdiff_t>(b.nodes.size()) - 1;
    while (i >= 0 && b.nodes[static_cast<size_t>(i)]->kind == NodeKind::Constant) i--;
    return i < 0 ? nullptr : b.nodes[static_cast<size_t>(i)];
  }

  // `point` is the node that is next in a walk backwards through what is emitted.
  const Node* scan_value(const Block& b, const Node* point, const Value* v) {
    const Node* n = v->node;
    if (!n) return point;
    if (n == point && can_inline(v)) {
      const Node* next = scan_node(b, n);
      inline_.insert(n);
      return next;
    }
    if (n->kind == NodeKind::Constant) inline_.insert(n);
    return point;
  }
  const Node* scan_inputs(const Block& b, const Node* at, const std::vector<Value*>& inputs) {
    const Node* point = previous(b, at);
    for (size_t i = inputs.size(); i-- > 0;) point = scan_value(b, point, inputs[i]);
    return point;
  }
  const Node* scan_node(const Block& b, const Node* n) {
    if (inline_.count(n)) return n;
    for (const Block* inner : n->blocks) scan_inner(*inner);
    return scan_inputs(b, n, n->inputs);
  }
  void scan_inner(const Block& b) {
    for (size_t i = 0; i < b.nodes.size(); i++) index_[b.nodes[i]] = static_cast<ptrdiff_t>(i);
    scan_inputs(b, nullptr, b.results);
    for (size_t i = b.nodes.size(); i-- > 0;) scan_node(b, b.nodes[i]);
  }
  void scan_block(const Block& b) {
    count_uses(b);
    scan_inner(b);
  }

  // --- names ---

  std::string assign_name(const Value* v, std::string wanted) {
    auto it = names_.find(v);
    if (it != names_.end()) return it->second;
    // A name that is no identifier becomes one.
    if (!wanted.empty() && !is_identifier(wanted)) {
      for (char& ch : wanted)
        if (!is_identifier(std::string("_") + ch)) ch = '_';
      if (wanted[0] >= '0' && wanted[0] <= '9') wanted = "_" + wanted;
    }
    if (wanted.empty()) {
      wanted = "_" + std::to_string(next_++);
      while (used_.count(wanted)) wanted = "_" + std::to_string(next_++);
    } else {
      std::string base = wanted;
      int n = 0;
      while (used_.count(wanted) || reserved().count(wanted)) wanted = base + std::to_string(n++);
    }
    used_.insert(wanted);
    return names_[v] = wanted;
  }
  std::string name_of(const Value* v) { return assign_name(v, v->name); }

  /// The text of a value where it is used.
  std::string use(const Value* v) {
    if (v->node && inline_.count(v->node)) return expression(*v->node);
    return name_of(v);
  }

  // --- statements ---

  void block_body(const Block& b) {
    for (size_t i = 0; i < b.nodes.size(); i++) statement(b, i);
  }

  void statement(const Block& b, size_t& i) {
    const Node& n = *b.nodes[i];
    split_long(n.inputs);
    if (inline_.count(&n)) return;
    switch (n.kind) {
      case NodeKind::If: return if_statement(n);
      case NodeKind::Loop: return loop(n);
      case NodeKind::SetAttr: line() += field(n.inputs[0], n.name) + " = " + use(n.inputs[1]) + "\n"; return;
      case NodeKind::Print: {
        line() += "print(" + list(n.inputs) + ")\n";
        return;
      }
      case NodeKind::RaiseException: {
        std::string text =
            "ops.prim.RaiseException(" + use(n.inputs[0]) + (n.name.empty() ? "" : ", " + quoted(n.name)) + ")";
        line() += text + "\n";
        return;
      }
      case NodeKind::TupleUnpack:
      case NodeKind::ListUnpack: {
        std::string value = use(n.inputs[0]);
        std::string targets;
        for (const Value* v : n.outputs) targets += name_of(v) + ", ";
        if (n.outputs.empty()) return;
        line() += targets + "= " + value + "\n";
        return;
      }
      case NodeKind::Enter: {
        // The block up to its exit.
        std::string object = use(n.inputs[0]);
        bool named = uses_[n.outputs[0]] > 0;
        line() += "with " + object + (named ? " as " + name_of(n.outputs[0]) : "") + ":\n";
        indent_++;
        int depth = 1;
        bool any = false;
        for (i++; i < b.nodes.size(); i++) {
          const Node& inner = *b.nodes[i];
          if (inner.kind == NodeKind::Exit && inner.inputs[0] == n.inputs[0] && --depth == 0) break;
          size_t before = out_.size();
          statement(b, i);
          any |= out_.size() != before;
        }
        if (!any) line() += "pass\n";
        indent_--;
        return;
      }
      case NodeKind::Exit: return;
      case NodeKind::Fork: {
        std::string name = "__forked_function";
        int k = 0;
        while (used_.count(name)) name = "__forked_function" + std::to_string(k++);
        used_.insert(name);
        std::vector<std::string> args;
        for (const Value* v : n.inputs) args.push_back(use(v));
        line() += "def " + name + "():\n";
        indent_++;
        line() +=
            "return " + (n.function ? call_text(*n.function, n.function->owner != nullptr, args) : args[0]) + "\n";
        indent_--;
        line() += name_of(n.outputs[0]) + " = fork(" + name + ")\n";
        return;
      }
      default: break;
    }
    const std::string text = expression(n);
    if (n.outputs.empty()) {
      line() += text + "\n";
      return;
    }
    std::string targets;
    for (const Value* v : n.outputs) targets += (targets.empty() ? "" : ", ") + name_of(v);
    if (n.kind == NodeKind::ModuleContainerIndex) targets += " : " + type(n.outputs[0]->type);
    line() += targets + " = " + text + "\n";
  }

  /// Expressions that would make a long line get names of their own, and so does what is evaluated before them.
  void split_long(std::span<Value* const> values) {
    auto in_place = [&](const Value* v) { return v->node && inline_.count(v->node); };
    size_t split = 0;
    for (size_t i = 0; i < values.size(); i++)
      if (in_place(values[i]) && use(values[i]).size() + static_cast<size_t>(indent_) * 2 >= kLongExpression)
        split = i + 1;
    for (const Value* v : values.first(split)) {
      if (!in_place(v) || v->node->kind == NodeKind::Constant) continue;
      const std::string text = expression(*v->node);
      inline_.erase(v->node);
      line() += name_of(v) + " = " + text + "\n";
    }
  }

  void assign(const std::vector<Value*>& targets, const std::vector<Value*>& values) {
    split_long(values);
    // All at once: a target may be a value of another.
    std::string left, right;
    for (size_t i = 0; i < targets.size(); i++) {
      std::string a = name_of(targets[i]), b = use(values[i]);
      TypeKind k = p_.types.kind(targets[i]->type);
      if ((k == TypeKind::Optional || k == TypeKind::Union) && targets[i]->type != values[i]->type) {
        line() += a + " : " + type(targets[i]->type) + " = " + b + "\n";
        continue;
      }
      left += (left.empty() ? "" : ", ") + a;
      right += (right.empty() ? "" : ", ") + b;
    }
    if (!left.empty()) line() += left + " = " + right + "\n";
  }

  void if_statement(const Node& n) {
    std::string condition = use(n.inputs[0]);
    for (const Value* v : n.outputs) name_of(v);
    line() += "if " + condition + ":\n";
    for (int k = 0; k < 2; k++) {
      if (k) line() += "else:\n";
      indent_++;
      size_t before = out_.size();
      const Block& b = *n.blocks[static_cast<size_t>(k)];
      block_body(b);
      assign(n.outputs, b.results);
      if (out_.size() == before) line() += "pass\n";
      indent_--;
    }
  }

  void loop(const Node& n) {
    const Block& b = *n.blocks[0];
    // Carried values have one name in the loop and after it.
    std::vector<Value*> params(b.params.begin() + 1, b.params.end());
    std::vector<Value*> first(n.inputs.begin() + 2, n.inputs.end());
    std::string condition;
    bool counted = uses_[b.params[0]] > 0 || !(is_constant(n.inputs[0], INT64_MAX));
    bool endless = true;  // the condition is a constant
    const Value* again = b.results[0];
    endless = is_true(n.inputs[1]) && is_true(again);
    for (size_t i = 0; i < params.size(); i++)
      assign_name(params[i], params[i]->name.empty() ? n.outputs[i]->name : params[i]->name);
    if (counted && endless) {
      std::string length = use(n.inputs[0]);
      assign(params, first);
      std::string i = assign_name(b.params[0], b.params[0]->name.empty() ? "" : b.params[0]->name);
      line() += "for " + i + " in range(" + length + "):\n";
      indent_++;
      size_t before = out_.size();
      block_body(b);
      std::vector<Value*> last(b.results.begin() + 1, b.results.end());
      assign(params, last);
      if (out_.size() == before) line() += "pass\n";
      indent_--;
    } else {
      // A while loop; a counter that is needed becomes a variable.
      std::string test = "_" + std::to_string(next_++);
      while (used_.count(test)) test = "_" + std::to_string(next_++);
      used_.insert(test);
      std::string counter, limit;
      bool limited = !is_constant(n.inputs[0], INT64_MAX);
      if (counted) {
        counter = assign_name(b.params[0], b.params[0]->name);
        std::string length = use(n.inputs[0]);
        if (limited) {
          limit = "_" + std::to_string(next_++);
          used_.insert(limit);
          line() += limit + " = " + length + "\n";
        }
        line() += counter + " = 0\n";
      }
      std::string start = use(n.inputs[1]);
      assign(params, first);
      if (limited)
        line() += test + " = torch.__and__(" + start + ", torch.lt(" + counter + ", " + limit + "))\n";
      else
        line() += test + " = " + start + "\n";
      line() += "while " + test + ":\n";
      indent_++;
      block_body(b);
      std::string next = use(again);
      std::vector<Value*> last(b.results.begin() + 1, b.results.end());
      assign_with(test, next, params, last);
      if (counted) {
        line() += counter + " = torch.add(" + counter + ", 1)\n";
        if (limited) line() += test + " = torch.__and__(" + test + ", torch.lt(" + counter + ", " + limit + "))\n";
      }
      indent_--;
    }
    for (size_t i = 0; i < params.size(); i++) names_[n.outputs[i]] = names_[params[i]];
  }
  void assign_with(const std::string& test, const std::string& next, const std::vector<Value*>& targets,
                   const std::vector<Value*>& values) {
    split_long(values);
    std::string left = test, right = next;
    for (size_t i = 0; i < targets.size(); i++) {
      left += ", " + name_of(targets[i]);
      right += ", " + use(values[i]);
    }
    line() += left + " = " + right + "\n";
  }
  static bool is_constant(const Value* v, int64_t i) {
    return v->node && v->node->kind == NodeKind::Constant && v->node->constant.kind == Const::Kind::Int &&
           v->node->constant.i == i;
  }
  static bool is_true(const Value* v) {
    return v->node && v->node->kind == NodeKind::Constant && v->node->constant.kind == Const::Kind::Bool &&
           v->node->constant.i;
  }

  // --- expressions ---

  std::string list(const std::vector<Value*>& values, size_t from = 0) {
    std::string s;
    for (size_t i = from; i < values.size(); i++) s += (i > from ? ", " : "") + use(values[i]);
    return s;
  }
  std::string field(const Value* object, const std::string& name) {
    std::string o = use(object);
    if (!is_identifier(name) || reserved().count(name)) return "getattr(" + o + ", " + quoted(name) + ")";
    return o + "." + name;
  }
  std::string call_text(const Function& f, bool is_method, const std::vector<std::string>& args) {
    std::string s;
    if (is_method) {
      s = "(" + args[0] + ")." + f.name + "(";
    } else {
      add(refs_.functions, const_cast<Function*>(&f));
      s = f.qualified_name + "(";
    }
    for (size_t i = is_method ? 1 : 0; i < args.size(); i++) s += args[i] + ", ";
    return s + ")";
  }

  std::string expression(const Node& n) {
    switch (n.kind) {
      case NodeKind::Constant: return literal(n.constant, n.outputs[0]->type);
      case NodeKind::GetAttr: return field(n.inputs[0], n.name);
      case NodeKind::CallFunction:
      case NodeKind::CallMethod: {
        std::vector<std::string> args;
        for (const Value* v : n.inputs) args.push_back(use(v));
        note(n.inputs.empty() ? TypeId(types::None) : n.inputs[0]->type);
        return call_text(*n.function, n.kind == NodeKind::CallMethod && n.function->owner, args);
      }
      case NodeKind::CreateObject: {
        std::string t = type(n.type);
        return t + ".__new__(" + t + ")";
      }
      case NodeKind::ListConstruct: {
        TypeId t = n.outputs[0]->type, element = p_.element(t);
        TypeKind k = p_.types.kind(element);
        bool annotate =
            n.inputs.empty() || k == TypeKind::Optional || k == TypeKind::Union || element == types::ScriptAny;
        std::string s = "[" + list(n.inputs) + "]";
        return annotate ? "annotate(" + type(t) + ", " + s + ")" : s;
      }
      case NodeKind::DictConstruct: {
        TypeId t = n.outputs[0]->type;
        std::string s = "{";
        for (size_t i = 0; i < n.inputs.size(); i += 2)
          s += (i ? ", " : "") + use(n.inputs[i]) + ": " + use(n.inputs[i + 1]);
        s += "}";
        TypeKind k = p_.types.kind(p_.element(t, 1));
        bool annotate =
            n.inputs.empty() || k == TypeKind::Optional || k == TypeKind::Union || p_.element(t, 1) == types::ScriptAny;
        return annotate ? "annotate(" + type(t) + ", " + s + ")" : s;
      }
      case NodeKind::TupleConstruct: {
        TypeId t = n.outputs[0]->type;
        if (p_.types.kind(t) == TypeKind::NamedTuple && !p_.types[t].name.empty())
          return type(t) + "(" + list(n.inputs) + ")";
        if (n.inputs.empty()) return "()";
        return "(" + list(n.inputs) + (n.inputs.size() == 1 ? ",)" : ")");
      }
      case NodeKind::TupleIndex: return "(" + use(n.inputs[0]) + ")[" + use(n.inputs[1]) + "]";
      case NodeKind::TupleUnpack:
      case NodeKind::ListUnpack: return use(n.inputs[0]);
      case NodeKind::IsInstance: {
        std::string s = "isinstance(" + use(n.inputs[0]) + ", ";
        if (n.types.size() == 1) return s + type(n.types[0]) + ")";
        s += "(";
        for (size_t i = 0; i < n.types.size(); i++) s += (i ? ", " : "") + type(n.types[i]);
        return s + "))";
      }
      case NodeKind::UncheckedCast: return "unchecked_cast(" + type(n.type) + ", " + use(n.inputs[0]) + ")";
      case NodeKind::Uninitialized: return "uninitialized(" + type(n.type) + ")";
      case NodeKind::Format: return "torch.format(" + list(n.inputs) + ")";
      case NodeKind::PercentFormat: return "torch.percentFormat(" + list(n.inputs) + ")";
      case NodeKind::EnumName: return "(" + use(n.inputs[0]) + ").name";
      case NodeKind::EnumValue: return "(" + use(n.inputs[0]) + ").value";
      case NodeKind::ToList: return "annotate(" + type(n.outputs[0]->type) + ", " + use(n.inputs[0]) + ".tolist())";
      case NodeKind::ModuleContainerIndex: return use(n.inputs[0]) + "[" + use(n.inputs[1]) + "]";
      case NodeKind::PythonOp: return "^" + n.name + "()(" + list(n.inputs) + ")";
      case NodeKind::Op: return operation(n);
      default: return kind_text(n) + "(" + list(n.inputs) + ")";
    }
  }

  bool is_default(const SchemaParam& p, const Value* v) {
    if (!p.has_default || !v->node) return false;
    const Const& d = p.default_value;
    if (v->node->kind == NodeKind::Constant) {
      const Const& c = v->node->constant;
      if (d.kind == Const::Kind::None) return c.kind == Const::Kind::None;
      if (c.kind == Const::Kind::Float && d.kind == Const::Kind::Int) return c.d == static_cast<double>(d.i);
      return c == d;
    }
    if (v->node->kind == NodeKind::ListConstruct) {
      std::vector<Const> items;
      if (d.kind == Const::Kind::IntList)
        for (int64_t i : d.ints) items.push_back(Const::integer(i));
      else if (d.kind == Const::Kind::Int)
        items.assign(static_cast<size_t>(std::max(1, p.list_size)), d);
      else
        return false;
      if (items.size() != v->node->inputs.size()) return false;
      for (size_t i = 0; i < items.size(); i++) {
        const Node* x = v->node->inputs[i]->node;
        if (!x || x->kind != NodeKind::Constant || !(x->constant == items[i])) return false;
      }
      return true;
    }
    return false;
  }

  std::string operation(const Node& n) {
    const Schema& s = n.op->schema;
    const std::string& name = s.name;
    if (name == "aten::__getitem__" || name == "prim::StringIndex")
      return use(n.inputs[0]) + "[" + use(n.inputs[1]) + "]";
    if (name == "aten::Int" || name == "aten::Float" || name == "aten::Bool")
      return (name == "aten::Int" ? "int(" : name == "aten::Float" ? "float(" : "bool(") + use(n.inputs[0]) + ")";
    if (name == "aten::str") return "str(" + use(n.inputs[0]) + ")";
    if (name == "aten::sorted") return "sorted(" + use(n.inputs[0]) + ")";
    if (name == "aten::IntImplicit") return "annotate(int, " + use(n.inputs[0]) + ")";
    if (name == "aten::FloatImplicit") return "annotate(float, " + use(n.inputs[0]) + ")";
    if (name == "aten::ComplexImplicit") return "annotate(complex, " + use(n.inputs[0]) + ")";
    if (name == "aten::ScalarImplicit") return "annotate(number, " + use(n.inputs[0]) + ")";
    std::string head;
    if (name.compare(0, 6, "aten::") == 0)
      head = "torch." + name.substr(6);
    else
      head = "ops." + name.substr(0, name.find("::")) + "." + name.substr(name.find("::") + 2);
    // Trailing defaults are left out; so are keyword-only ones.
    size_t count = std::min(n.inputs.size(), s.params.size());
    size_t positional = 0;
    while (positional < count && !s.params[positional].keyword_only) positional++;
    std::string keywords;
    size_t last_keyword = positional;
    for (size_t i = positional; i < count; i++)
      if (!is_default(s.params[i], n.inputs[i])) last_keyword = i + 1;
    for (size_t i = positional; i < last_keyword; i++) keywords += ", " + s.params[i].name + "=" + use(n.inputs[i]);
    size_t needed = positional;
    while (needed > 0 && is_default(s.params[needed - 1], n.inputs[needed - 1])) needed--;
    std::string args;
    for (size_t i = 0; i < needed; i++) args += (i ? ", " : "") + use(n.inputs[i]);
    if (s.is_vararg)
      for (size_t i = s.params.size(); i < n.inputs.size(); i++) args += (args.empty() ? "" : ", ") + use(n.inputs[i]);
    if (args.empty() && !keywords.empty()) keywords = keywords.substr(2);
    return head + "(" + args + keywords + ")";
  }

  Program& p_;
  CodeReferences& refs_;
  std::string out_;
  int indent_ = 0;
  int next_ = 0;
  std::unordered_map<const Value*, int> uses_;
  std::unordered_map<const Value*, std::pair<const Node*, size_t>> user_;
  std::unordered_map<const Node*, ptrdiff_t> index_;
  std::unordered_set<const Node*> inline_;
  std::unordered_map<const Value*, std::string> names_;
  std::unordered_set<std::string> used_;
};

}  // namespace

std::string print_function(Program& p, const Function& f, const Graph& ssa, CodeReferences& refs, int indent,
                           bool typed_self) {
  return CodePrinter(p, refs).function(f, ssa, indent, typed_self);
}

std::string print_class(Program& p, const ClassInfo& c, CodeReferences& refs) {
  CodePrinter types_only(p, refs);
  std::string short_name = c.name.substr(c.name.rfind('.') + 1);
  const char* base = c.kind == ClassInfo::Kind::Module      ? "(Module)"
                     : c.kind == ClassInfo::Kind::Enum      ? "(Enum)"
                     : c.kind == ClassInfo::Kind::Interface ? (c.of_modules ? "(ModuleInterface)" : "(Interface)")
                                                            : "";
  std::string out = "class " + short_name + base + ":\n";
  if (c.kind == ClassInfo::Kind::Enum) {
    for (const ClassInfo::Constant& k : c.constants)
      out += "  " + k.name + " = " + (k.items.empty() ? "None" : types_only.literal(k.items[0], TypeId())) + "\n";
    return out;
  }
  if (c.kind == ClassInfo::Kind::Interface) {
    for (Function* m : c.methods) {
      out += "  def " + m->name + "(self";
      for (size_t i = 1; i < m->params.size(); i++)
        out += ", " + m->params[i].name + ": " + types_only.type(m->params[i].type);
      out += ") -> " + types_only.type(m->result) + ":\n    pass\n";
    }
    return out;
  }
  if (c.kind == ClassInfo::Kind::Module) {
    std::string parameters, buffers;
    for (const Attribute& a : c.attributes) {
      if (a.is_parameter) parameters += quoted(a.name) + ", ";
      if (a.is_buffer) buffers += quoted(a.name) + ", ";
    }
    out += "  __parameters__ = [" + parameters + "]\n  __buffers__ = [" + buffers + "]\n";
    if (!c.pre_hooks.empty() || !c.hooks.empty()) {
      std::string pre, post;
      for (const std::string& h : c.pre_hooks) pre += quoted(h) + ", ";
      for (const std::string& h : c.hooks) post += quoted(h) + ", ";
      if (!pre.empty()) out += "  __forward_pre_hooks__ = [" + pre + "]\n";
      if (!post.empty()) out += "  __forward_hooks__ = [" + post + "]\n";
    }
  }
  bool annotations = false;
  for (const Attribute& a : c.attributes) {
    if (is_identifier(a.name) && !reserved().count(a.name)) {
      out += "  " + a.name + " : " + types_only.type(a.type) + "\n";
      continue;
    }
    if (!annotations) out += "  __annotations__ = []\n";
    annotations = true;
    out += "  __annotations__[" + quoted(a.name) + "] = " + types_only.type(a.type) + "\n";
  }
  if (c.kind == ClassInfo::Kind::Module)
    for (const ClassInfo::Constant& k : c.constants) {
      std::string value;
      TypeKind kind = p.types.kind(k.type);
      if (kind == TypeKind::Tuple || kind == TypeKind::List) {
        for (size_t i = 0; i < k.items.size(); i++) value += (i ? ", " : "") + types_only.literal(k.items[i], TypeId());
        value = kind == TypeKind::List ? "[" + value + "]" : "(" + value + (k.items.size() == 1 ? ",)" : ")");
      } else {
        value = types_only.literal(k.value, k.type);
      }
      if (!is_identifier(k.name)) continue;
      out += "  " + k.name + " : Final[" + types_only.type(k.type) + "] = " + value + "\n";
    }
  for (Function* m : c.methods) {
    if (m->state != Function::State::Ready) continue;
    std::unique_ptr<Graph> ssa = to_ssa(p, *m);
    out += print_function(p, *m, *ssa, refs, 1, true);
  }
  return out;
}

std::string print_named_tuple(Program& p, TypeId t, CodeReferences& refs) {
  CodePrinter types_only(p, refs);
  const ir::Type type = p.types[t];
  std::string out = "class " + type.name.substr(type.name.rfind('.') + 1) + "(NamedTuple):\n";
  for (size_t i = 0; i < type.names.size(); i++)
    out += "  " + type.names[i] + " : " + types_only.type(type.args[i]) + "\n";
  return out;
}

}  // namespace tsvm::script

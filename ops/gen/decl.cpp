#include "ops/gen/decl.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "parser/parser.h"

namespace tsvm::gen {

using namespace std::string_literals;

namespace {

[[noreturn]] void fail(const SourceFile& file, SourceRange range, std::string message) {
  throw GenError{&file, range, std::move(message)};
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (char c : text) {
    if (c == ' ' || c == ',') {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(word);
  return out;
}

struct NamedBase {
  const char* name;
  Base base;
};
constexpr NamedBase kBases[] = {
    {"Tensor", Base::Tensor},
    {"Operand", Base::Operand},
    {"Scalar", Base::Scalar},
    {"int", Base::Int},
    {"float", Base::Float},
    {"bool", Base::Bool},
    {"str", Base::Str},
    {"Dtype", Base::DType},
    {"Device", Base::Device},
    {"Layout", Base::Layout},
    {"MemoryFormat", Base::MemoryFormat},
    {"Generator", Base::Generator},
    {"Storage", Base::Storage},
};

class Reader {
 public:
  Reader(Declarations& out, const SourceFile& file) : out_(out), file_(file) {}

  void statement(const ast::Stmt* s) {
    if (const auto* f = s->as<ast::FunctionDef>()) return function(f);
    if (const auto* e = s->as<ast::ExprStmt>(); e && e->value->is<ast::Constant>()) return;  // text
    if (s->is<ast::Import>() || s->is<ast::ImportFrom>()) return;                            // for editors
    fail(file_, s->range, "a declaration is a decorated function");
  }

 private:
  void function(const ast::FunctionDef* f) {
    if (f->decorator_list.size() != 1) fail(file_, f->range, "a declaration has one decorator");
    const ast::Expr* decorator = f->decorator_list[0];
    const auto* call = decorator->as<ast::Call>();
    const auto* attribute = (call ? call->func : decorator)->as<ast::Attribute>();
    const auto* base = attribute ? attribute->value->as<ast::Name>() : nullptr;
    if (!base) fail(file_, decorator->range, "expected @op.KIND(...) or @NAME.backward");
    if (base->id == "op") return entry(f, attribute, call);
    if (attribute->attr == "backward") return backward(f, std::string(base->id), call);
    fail(file_, decorator->range, "unknown decorator");
  }

  std::string text(const ast::Expr* e) {
    const auto* c = e->as<ast::Constant>();
    if (!c || c->value.kind != ast::ConstantKind::kStr) fail(file_, e->range, "expected a string");
    return std::string(c->value.text);
  }
  bool flag(const ast::Expr* e) {
    const auto* c = e->as<ast::Constant>();
    if (!c || (c->value.kind != ast::ConstantKind::kTrue && c->value.kind != ast::ConstantKind::kFalse))
      fail(file_, e->range, "expected True or False");
    return c->value.kind == ast::ConstantKind::kTrue;
  }

  void backward(const ast::FunctionDef* f, const std::string& of, const ast::Call* call) {
    if (out_.decls.empty() || out_.decls.back().name != of)
      fail(file_, f->range, "a backward follows the entry that it belongs to");
    Decl& d = out_.decls.back();
    d.backward.function = f;
    d.backward.node = camel_case(d.name) + "Backward0";
    if (call && !call->args.empty()) d.backward.node = text(call->args[0]);
  }

  void entry(const ast::FunctionDef* f, const ast::Attribute* kind, const ast::Call* call) {
    Decl d;
    d.file = &file_;
    d.function = f;
    d.name = f->name;
    d.cpp_name = cpp_identifier(d.name);
    if (kind->attr == "pointwise")
      d.kind = Kind::Pointwise;
    else if (kind->attr == "reduction")
      d.kind = Kind::Reduction;
    else if (kind->attr == "scan")
      d.kind = Kind::Scan;
    else if (kind->attr == "composite")
      d.kind = Kind::Composite;
    else if (kind->attr == "primitive")
      d.kind = Kind::Primitive;
    else
      fail(file_, kind->range, "unknown kind of operator");
    d.kernel = d.name;
    std::string variants = d.kind == Kind::Pointwise ? "function method inplace out" : "function method";
    std::string result_names;
    if (call) {
      if (!call->args.empty()) fail(file_, call->range, "fields are given by name");
      for (const ast::Keyword* k : call->keywords) {
        const std::string name(k->arg);
        if (name == "overload")
          d.overload = text(k->value);
        else if (name == "variants")
          variants = text(k->value);
        else if (name == "namespace")
          d.space = text(k->value);
        else if (name == "aliases")
          d.aliases = words(text(k->value));
        else if (name == "operator")
          d.operator_name = text(k->value);
        else if (name == "promote")
          d.promote = text(k->value);
        else if (name == "dtypes")
          d.classes = text(k->value);
        else if (name == "kernel")
          d.kernel = text(k->value);
        else if (name == "check")
          d.check = text(k->value);
        else if (name == "cuda")
          d.cuda = text(k->value);
        else if (name == "results")
          result_names = text(k->value);
        else if (name == "samples")
          d.samples = text(k->value);
        else if (name == "view") {
          if (const auto* c = k->value->as<ast::Constant>(); c && c->value.kind == ast::ConstantKind::kStr)
            d.view = d.multi_view = text(k->value) == "multiple";
          else
            d.view = flag(k->value);
        } else if (name == "random")
          d.random = flag(k->value);
        else if (name == "factory")
          d.factory = flag(k->value);
        else if (name == "plain_tuple")
          d.plain_tuple = flag(k->value);
        else if (name == "differentiable")
          d.differentiable = flag(k->value);
        else
          fail(file_, k->range, "unknown field \"" + name + "\"");
      }
    }
    d.has_function = false;
    for (const std::string& v : words(variants)) {
      if (v == "function")
        d.has_function = true;
      else if (v == "method")
        d.has_method = true;
      else if (v == "inplace")
        d.has_inplace = true;
      else if (v == "out")
        d.has_out = true;
      else if (v != "none")
        fail(file_, f->range, "unknown variant \"" + v + "\"");
    }
    signature(d, f);
    if (d.factory) add_factory_params(d);
    d.mutates_self = d.name.size() > 1 && d.name.back() == '_' && d.name.substr(d.name.size() - 2) != "__" &&
                     !d.params.empty() && d.params[0].type.is(Base::Tensor);
    result_types(d, f, words(result_names));

    size_t first = 0;
    if (!f->body.empty())
      if (const auto* e = f->body[0]->as<ast::ExprStmt>())
        if (const auto* c = e->value->as<ast::Constant>(); c && c->value.kind == ast::ConstantKind::kStr) {
          d.doc = std::string(c->value.text);
          first = 1;
        }
    d.has_body =
        f->body.size() > first && !f->body[first]->is<ast::Pass>() &&
        !(f->body[first]->is<ast::ExprStmt>() && f->body[first]->as<ast::ExprStmt>()->value->is<ast::Constant>());
    if (d.doc.empty() && d.space != "private") fail(file_, f->name_range, "an operator has a doc string");
    if (!d.has_body && (d.kind == Kind::Pointwise || d.kind == Kind::Composite))
      fail(file_, f->name_range, "this kind of operator has a body");
    out_.decls.push_back(std::move(d));
  }

  void signature(Decl& d, const ast::FunctionDef* f) {
    const ast::Arguments* a = f->args;
    if (a->vararg || a->kwarg) fail(file_, f->name_range, "operators have no * or ** parameters");
    auto add = [&](const ast::Arg* arg, const ast::Expr* default_value, bool keyword_only) {
      Param p;
      p.name = arg->arg;
      if (p.name.size() > 1 && p.name.back() == '_') p.name.pop_back();  // from_
      if (!arg->annotation) fail(file_, arg->range, "parameters have types");
      p.type = read_type(file_, arg->annotation);
      p.default_value = default_value;
      p.keyword_only = keyword_only;
      p.range = arg->range;
      d.params.push_back(std::move(p));
    };
    const size_t positional = a->args.size(), defaults = a->defaults.size();
    for (size_t i = 0; i < positional; i++)
      add(a->args[i], i + defaults >= positional ? a->defaults[i + defaults - positional] : nullptr, false);
    for (size_t i = 0; i < a->kwonlyargs.size(); i++) add(a->kwonlyargs[i], a->kw_defaults[i], true);
  }

  void add_factory_params(Decl& d) {
    static ast::Constant none;
    none.value.kind = ast::ConstantKind::kNone;
    for (auto [name, base] : {std::pair("dtype", Base::DType), std::pair("layout", Base::Layout),
                              std::pair("device", Base::Device), std::pair("pin_memory", Base::Bool)}) {
      Param p;
      p.name = name;
      p.type = Type::of(base).as_optional();
      p.keyword_only = true;
      p.default_value = &none;
      // memory_format, where declared, stays last.
      const bool last_is_format = !d.params.empty() && d.params.back().name == "memory_format";
      d.params.insert(d.params.end() - (last_is_format ? 1 : 0), std::move(p));
    }
  }

  void result_types(Decl& d, const ast::FunctionDef* f, const std::vector<std::string>& names) {
    if (!f->returns) fail(file_, f->name_range, "operators have a result type");
    std::vector<Type> types;
    if (const auto* c = f->returns->as<ast::Constant>(); c && c->value.kind == ast::ConstantKind::kNone) {
    } else if (const auto* s = f->returns->as<ast::Subscript>();
               s && s->value->is<ast::Name>() && s->value->as<ast::Name>()->id == "tuple") {
      const auto* t = s->slice->as<ast::Tuple>();
      if (!t) fail(file_, f->returns->range, "expected tuple[A, B]");
      for (const ast::Expr* e : t->elts) types.push_back(read_type(file_, e));
    } else {
      types.push_back(read_type(file_, f->returns));
    }
    for (size_t i = 0; i < types.size(); i++) {
      std::string name = i < names.size() ? names[i] : types.size() == 1 ? "result"s : "result" + std::to_string(i);
      d.results.push_back({std::move(name), types[i]});
    }
  }

  Declarations& out_;
  const SourceFile& file_;
};

}  // namespace

Type read_type(const SourceFile& file, const ast::Expr* e) {
  if (const auto* n = e->as<ast::Name>()) {
    if (n->id == "Number") {
      Type t = Type::of(Base::Scalar);
      t.promotes = true;
      return t;
    }
    for (const NamedBase& b : kBases)
      if (n->id == b.name) return Type::of(b.base);
  } else if (const auto* b = e->as<ast::BinOp>(); b && b->op == ast::Operator::kBitOr) {
    const auto* none = b->right->as<ast::Constant>();
    if (none && none->value.kind == ast::ConstantKind::kNone) return read_type(file, b->left).as_optional();
  } else if (const auto* s = e->as<ast::Subscript>(); s && s->value->is<ast::Name>()) {
    const auto name = s->value->as<ast::Name>()->id;
    if (name == "list") {
      Type t = read_type(file, s->slice);
      if (t.list) fail(file, e->range, "lists of lists are not supported");
      t.element_optional = t.optional;
      t.optional = false;
      t.list = true;
      return t;
    }
    if (name == "Element") {
      Type t = Type::of(Base::Element);
      if (const auto* c = s->slice->as<ast::Name>()) t.element = c->id;
      return t;
    }
    if (name == "tuple") {
      Type t = Type::of(Base::Tuple);
      if (const auto* items = s->slice->as<ast::Tuple>())
        for (const ast::Expr* item : items->elts) t.elements.push_back(read_type(file, item));
      return t;
    }
    // int[2]: a list that may be given as one number.
    if (const auto* c = s->slice->as<ast::Constant>(); c && c->value.kind == ast::ConstantKind::kInt) {
      Type t = read_type(file, s->value);
      t.list = true;
      t.list_size = static_cast<int>(c->value.int_value);
      return t;
    }
  }
  fail(file, e->range, "this is not a type that operators know");
}

void read_declarations(const std::string& path, Declarations& out) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  out.files.push_back(std::make_unique<SourceFile>(path, text.str()));
  const SourceFile& file = *out.files.back();
  if (!in) fail(file, {}, "cannot read this file");
  const ParseResult parsed = parse(file, out.arena);
  if (!parsed.ok()) fail(file, parsed.diagnostics[0].range, parsed.diagnostics[0].message);
  Reader reader(out, file);
  for (const ast::Stmt* s : parsed.module->body) reader.statement(s);
}

std::string camel_case(std::string_view name) {
  std::string out;
  bool upper = true;
  for (char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(std::toupper(c)) : c;
    upper = c >= '0' && c <= '9';
  }
  return out;
}

std::string cpp_identifier(std::string_view name) {
  static const char* kWords[] = {"and",    "or",       "xor",      "not",  "float",   "double",  "int",
                                 "long",   "short",    "char",     "bool", "default", "signed",  "unsigned",
                                 "switch", "operator", "delete",   "new",  "this",    "union",   "class",
                                 "const",  "template", "typename", "void", "static",  "register"};
  for (const char* w : kWords)
    if (name == w) return "op_" + std::string(name);
  return std::string(name);
}

std::string cpp_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out += '\\', out += c;
    else
      out += c;
  }
  return out + "\"";
}

std::string schema_type(const Type& t) {
  std::string s;
  switch (t.base) {
    case Base::Tensor:
    case Base::Operand:
    case Base::Element: s = "Tensor"; break;
    case Base::Scalar: s = "Scalar"; break;
    case Base::Int: s = "int"; break;
    case Base::Float: s = "float"; break;
    case Base::Bool: s = "bool"; break;
    case Base::Str: s = "str"; break;
    case Base::DType: s = "ScalarType"; break;
    case Base::Device: s = "Device"; break;
    case Base::Layout: s = "Layout"; break;
    case Base::MemoryFormat: s = "MemoryFormat"; break;
    case Base::Generator: s = "Generator"; break;
    case Base::Storage: s = "Storage"; break;
    case Base::None: s = "()"; break;
    case Base::Function:
    case Base::Tuple: s = "tuple"; break;
  }
  if (t.list) {
    if (t.element_optional) s += "?";
    s += t.list_size ? "[" + std::to_string(t.list_size) + "]" : "[]";
  }
  if (t.optional) s += "?";
  return s;
}

namespace {
const char* cpp_base(Base b) {
  switch (b) {
    case Base::Tensor:
    case Base::Operand:
    case Base::Element: return "Tensor";
    case Base::Scalar: return "Scalar";
    case Base::Int: return "int64_t";
    case Base::Float: return "double";
    case Base::Bool: return "bool";
    case Base::Str: return "std::string_view";
    case Base::DType: return "DType";
    case Base::Device: return "Device";
    case Base::Layout: return "Layout";
    case Base::MemoryFormat: return "MemoryFormat";
    case Base::Generator: return "Generator";
    case Base::Storage: return "Storage";
    default: return "void";
  }
}
}  // namespace

std::string cpp_param_type(const Type& t) {
  if (t.base == Base::Tensor && t.list) return t.optional ? "std::optional<TensorSpan>" : "TensorSpan";
  if (t.list) {
    const std::string span = t.base == Base::Int     ? "IntSpan"
                             : t.base == Base::Float ? "std::span<const double>"
                             : t.base == Base::Bool  ? "std::span<const bool>"
                             : t.base == Base::Str   ? "std::span<const std::string_view>"
                                                     : "std::span<const Scalar>";
    return t.optional ? "std::optional<" + span + ">" : span;
  }
  if (t.base == Base::Tensor || t.base == Base::Element || t.base == Base::Operand) return "const Tensor&";
  if (t.base == Base::Scalar) return t.optional ? "const std::optional<Scalar>&" : "const Scalar&";
  if (t.base == Base::Generator) return "const std::optional<Generator>&";
  const std::string s = cpp_base(t.base);
  return t.optional ? "std::optional<" + s + ">" : s;
}

std::string cpp_value_type(const Type& t) {
  if (t.base == Base::Tuple) {
    std::string s = "std::tuple<";
    for (size_t i = 0; i < t.elements.size(); i++) s += (i ? ", " : "") + cpp_value_type(t.elements[i]);
    return s + ">";
  }
  std::string s;
  if (t.list)
    s = t.base == Base::Tensor  ? "std::vector<Tensor>"
        : t.base == Base::Int   ? "DimVector"
        : t.base == Base::Bool  ? "std::vector<uint8_t>"
        : t.base == Base::Float ? "std::vector<double>"
        : t.base == Base::Str   ? "std::vector<std::string>"
                                : "std::vector<Scalar>";
  else if (t.base == Base::Str)
    s = "std::string";
  else
    s = cpp_base(t.base);
  if (t.optional && (t.base != Base::Tensor || t.list)) s = "std::optional<" + s + ">";
  return s;
}

}  // namespace tsvm::gen

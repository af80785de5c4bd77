// Types as annotations and type comments write them.
#include <cstring>

#include "ir/script/compiler.h"
#include "ir/script/signature.h"
#include "parser/parser.h"

namespace tsvm::script {

namespace {

struct Parser {
  Program& p;
  Host& host;
  Function& f;

  [[noreturn]] void fail(SourceRange r, const std::string& message) { report(p, f, r, message); }

  static std::string dotted(const ast::Expr* e) {
    if (const auto* n = e->as<ast::Name>()) return std::string(n->id);
    if (const auto* a = e->as<ast::Attribute>()) {
      std::string head = dotted(a->value);
      return head.empty() ? "" : head + "." + std::string(a->attr);
    }
    return "";
  }

  std::vector<TypeId> items(const ast::Expr* slice) {
    std::vector<TypeId> out;
    if (const auto* t = slice->as<ast::Tuple>())
      for (const ast::Expr* e : t->elts) out.push_back(type(e));
    else
      out.push_back(type(slice));
    return out;
  }

  TypeId type(const ast::Expr* e) {
    if (const auto* c = e->as<ast::Constant>()) {
      if (c->value.kind == ast::ConstantKind::kNone) return types::None;
      if (c->value.kind == ast::ConstantKind::kStr) return parse_text(c->value.text, e->range);
    }
    if (const auto* b = e->as<ast::BinOp>(); b && b->op == ast::Operator::kBitOr)
      fail(e->range, "Unknown type constructor |");
    if (const auto* s = e->as<ast::Subscript>()) {
      std::string head = dotted(s->value);
      size_t dot = head.rfind('.');
      std::string last = dot == std::string::npos ? head : head.substr(dot + 1);
      std::string module = dot == std::string::npos ? "" : head.substr(0, dot);
      bool known_module = module.empty() || module == "typing" || module == "torch.jit" || module == "torch" ||
                          module == "t" || module == "T" || module == "jit";
      if (known_module) {
        auto one = [&]() {
          std::vector<TypeId> list = items(s->slice);
          if (list.size() != 1)
            fail(e->range, last + " type must have exactly one element type but found " + std::to_string(list.size()));
          return list[0];
        };
        if (last == "List" || last == "list") return p.types.list(one());
        if (last == "Optional") return p.types.optional(one());
        if (last == "Future") return p.types.future(one());
        if (last == "Final") return one();
        if (last == "RRef") return types::ScriptAny;
        if (last == "Dict" || last == "dict") {
          std::vector<TypeId> list = items(s->slice);
          if (list.size() != 2) fail(e->range, "Dict type must have exactly two element types");
          if (list[0] != types::Str && list[0] != types::I64 && list[0] != types::F64 && list[0] != types::Bool &&
              list[0] != types::Tensor && list[0] != types::Complex)
            fail(e->range, "Cannot create dict for key type '" + p.type_text(list[0]) +
                               "', only int, float, complex, Tensor, device and string keys are supported");
          return p.types.dict(list[0], list[1]);
        }
        if (last == "Tuple" || last == "tuple") {
          if (const auto* t = s->slice->as<ast::Tuple>(); t && t->elts.empty()) return p.types.tuple({});
          return p.types.tuple(items(s->slice));
        }
        if (last == "Union") return p.types.union_of(items(s->slice));
      }
      if (TypeId t = host.resolve_type(p, f, std::string(f.source->slice(e->range)))) return t;
      fail(e->range, "Unknown type constructor " + head);
    }
    std::string name = dotted(e);
    if (!name.empty()) {
      if (TypeId t = named(name)) return t;
      if (TypeId t = host.resolve_type(p, f, name)) return t;
      fail(e->range, "Unknown type name '" + name + "'");
    }
    fail(e->range,
         "Expression of type " + std::string(ast::node_name(e->kind)) + " cannot be used in a type expression");
  }

  TypeId named(const std::string& name) {
    static const struct {
      const char* name;
      TypeId type;
    } kNames[] = {{"Tensor", types::Tensor},
                  {"torch.Tensor", types::Tensor},
                  {"int", types::I64},
                  {"float", types::F64},
                  {"bool", types::Bool},
                  {"str", types::Str},
                  {"complex", types::Complex},
                  {"None", types::None},
                  {"NoneType", types::None},
                  {"Any", types::ScriptAny},
                  {"typing.Any", types::ScriptAny},
                  {"number", types::Number},
                  {"Device", types::Device},
                  {"torch.device", types::Device},
                  {"torch.dtype", types::I64},
                  {"torch.layout", types::I64},
                  {"Generator", types::Generator},
                  {"torch.Generator", types::Generator},
                  {"List", TypeId()},
                  {"list", types::AnyList},
                  {"tuple", types::AnyTuple},
                  {"dict", types::AnyDict},
                  {"torch.Size", TypeId()}};
    for (const auto& n : kNames)
      if (name == n.name) return n.type ? n.type : (name == "torch.Size" ? p.types.list(types::I64) : TypeId());
    return TypeId();
  }

  /// Type text that is no part of the tree: comments, strings.
  TypeId parse_text(std::string_view text, SourceRange where) {
    auto file = std::make_shared<SourceFile>(f.source ? f.source->name() : "", std::string(text));
    Arena arena;
    NameTable names;
    ExpressionResult r = parse_expression(*file, arena, names);
    if (!r.expression) fail(where, "Unknown type name '" + std::string(text) + "'");
    std::shared_ptr<const SourceFile> own = f.source;
    const ast::FunctionDef* def = f.def;
    struct Restore {
      Function& f;
      std::shared_ptr<const SourceFile> source;
      const ast::FunctionDef* def;
      ~Restore() {
        f.source = source;
        f.def = def;
      }
    } restore{f, own, def};
    // Ranges in the text mean nothing in the file: errors mark the place of the annotation.
    try {
      f.source = file;
      f.def = nullptr;
      return type(r.expression);
    } catch (CompileError& e) {
      f.source = own;
      f.def = def;
      size_t end = e.text.find(":\n  File");
      if (e.pending || end == std::string::npos) throw;
      fail(where, e.text.substr(1, end - 1));
    }
  }
};

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

/// Parts between commas that are in no brackets.
std::vector<std::string_view> split_commas(std::string_view s) {
  std::vector<std::string_view> out;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= s.size(); i++) {
    if (i < s.size() && (s[i] == '[' || s[i] == '(')) depth++;
    if (i < s.size() && (s[i] == ']' || s[i] == ')')) depth--;
    if (i == s.size() || (s[i] == ',' && depth == 0)) {
      std::string_view part = trimmed(s.substr(begin, i - begin));
      if (!part.empty()) out.push_back(part);
      begin = i + 1;
    }
  }
  return out;
}

/// The text of "# type: ..." on a line; empty: none.
std::string_view comment_on(std::string_view line) {
  size_t at = line.find('#');
  while (at != std::string_view::npos) {
    std::string_view c = trimmed(line.substr(at + 1));
    if (c.substr(0, 5) == "type:") {
      c = trimmed(c.substr(5));
      if (c.substr(0, 6) != "ignore") return c;
    }
    at = line.find('#', at + 1);
  }
  return {};
}

}  // namespace

TypeId Compiler::annotation(const ast::Expr* e) { return Parser{program, host, function}.type(e); }

TypeId Compiler::annotation_text(std::string_view text, SourceRange where) {
  return Parser{program, host, function}.parse_text(text, where);
}

TypeId parse_annotation(Program& p, Host& h, Function& f, const ast::Expr* e) { return Parser{p, h, f}.type(e); }
TypeId parse_annotation_text(Program& p, Host& h, Function& f, std::string_view text, SourceRange where) {
  return Parser{p, h, f}.parse_text(text, where);
}

void declare_signature(Program& p, Host& h, Function& f, bool is_method) {
  const ast::FunctionDef& def = *f.def;
  const ast::Arguments& a = *def.args;
  Parser types{p, h, f};
  std::vector<const ast::Arg*> args;
  for (const ast::Arg* x : a.posonlyargs) args.push_back(x);
  for (const ast::Arg* x : a.args) args.push_back(x);
  size_t positional = args.size();
  for (const ast::Arg* x : a.kwonlyargs) args.push_back(x);

  // The signature in a comment: below the header, and for one parameter a line with "(...)" there.
  const std::string& source = f.source->text();
  uint32_t body = def.body.empty() ? def.range.end : def.body[0]->range.begin;
  LineColumn first = f.source->locate(def.range.begin), last = f.source->locate(body);
  std::string_view signature;
  std::vector<std::string_view> per_line;
  for (uint32_t line = first.line; line < last.line || line == first.line; line++) {
    std::string_view c = comment_on(f.source->line(line));
    if (c.empty()) continue;
    if (c[0] == '(' && c.find("->") != std::string_view::npos) signature = c;
  }
  (void)source;
  if (!signature.empty()) {
    size_t arrow = signature.rfind("->");
    std::string_view params = trimmed(signature.substr(0, arrow));
    std::string_view result = trimmed(signature.substr(arrow + 2));
    std::vector<std::string_view> parts;
    SourceRange header{def.range.begin, def.range.begin};
    header.end = a.args.empty() ? def.name_range.end : args.back()->range.end + 1;
    if (params == "(...)") {
      for (const ast::Arg* x : args) {
        LineColumn at = f.source->locate(x->range.begin);
        std::string_view c = comment_on(f.source->line(at.line));
        if (c.empty()) {
          if (is_method && x == args[0]) continue;
          report(p, f, x->range, "Expected a type comment for the parameter '" + std::string(x->arg) + "'");
        }
        parts.push_back(c);
      }
    } else {
      if (params.size() < 2) report(p, f, header, "Unknown type name '" + std::string(params) + "'");
      parts = split_commas(params.substr(1, params.size() - 2));
    }
    size_t skip = is_method && parts.size() + 1 == args.size() ? 1 : 0;
    if (parts.size() + skip != args.size())
      report(p, f, header,
             "Number of type annotations (" + std::to_string(parts.size()) +
                 ") did not match the number of function parameters (" +
                 std::to_string(args.size() - (is_method ? 1 : 0)) + ")");
    for (size_t i = 0; i < args.size(); i++) {
      FunctionParam fp;
      fp.name = args[i]->arg;
      fp.keyword_only = i >= positional;
      if (i >= skip) fp.type = types.parse_text(parts[i - skip], args[i]->range);
      f.params.push_back(std::move(fp));
    }
    f.result = types.parse_text(result, header);
    f.result_is_declared = true;
  } else {
    for (size_t i = 0; i < args.size(); i++) {
      FunctionParam fp;
      fp.name = args[i]->arg;
      fp.keyword_only = i >= positional;
      if (args[i]->annotation) {
        fp.type = types.type(args[i]->annotation);
      } else {
        fp.type = types::Tensor;
        fp.is_inferred = true;
      }
      f.params.push_back(std::move(fp));
    }
    if (def.returns) {
      f.result = types.type(def.returns);
      f.result_is_declared = true;
    }
  }
}

}  // namespace tsvm::script

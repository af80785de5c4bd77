#include "ir/script/program.h"

#include <algorithm>

#include "base/check.h"
#include "ir/script/compiler.h"

namespace tsvm::script {

Function* Program::add_function() {
  functions.push_back(std::make_unique<Function>());
  functions.back()->graph = std::make_unique<Graph>();
  return functions.back().get();
}

ClassInfo* Program::add_class(ClassInfo::Kind kind, const std::string& name) {
  auto& slot = classes_[name];
  TSVM_CHECK(!slot, "a class of that name is there already");
  slot = std::make_unique<ClassInfo>();
  slot->kind = kind;
  slot->name = name;
  slot->type = types.class_named(name);
  names_.insert(name);
  return slot.get();
}

ClassInfo* Program::find_class(std::string_view name) const {
  auto it = classes_.find(std::string(name));
  return it == classes_.end() ? nullptr : it->second.get();
}

ClassInfo* Program::class_of(TypeId type) const {
  if (!type) return nullptr;
  TypeKind k = types.kind(type);
  if (k != TypeKind::Class && k != TypeKind::NamedTuple) return nullptr;
  return find_class(types[type].name);
}

std::string Program::unique_name(const std::string& name) {
  if (!names_.count(name)) return name;
  size_t dot = name.rfind('.');
  std::string head = dot == std::string::npos ? "" : name.substr(0, dot + 1), tail = name.substr(dot + 1);
  for (int n = 0;; n++) {
    std::string candidate = head + "___torch_mangle_" + std::to_string(n) + "." + tail;
    if (!names_.count(candidate)) return candidate;
  }
}

void Program::compile(Function& f, Host& host) {
  if (f.state == Function::State::Ready) return;
  if (f.state == Function::State::Failed) throw f.failure;
  f.state = Function::State::Compiling;
  compiling.push_back({f.name, f.source, SourceRange{}, source_range(f)});
  struct Leave {
    Program& p;
    ~Leave() { p.compiling.pop_back(); }
  } leave{*this};
  try {
    check_supported(*this, f, !host.collects_errors());
    f.graph = std::make_unique<Graph>();
    Compiler(*this, host, f).run();
  } catch (CompileError& e) {
    f.state = Function::State::Failed;
    f.failure = e;
    throw;
  }
  f.state = Function::State::Ready;
  host.compiled(*this, f);
}

// The function with its decorators: what reports show.
SourceRange source_range(const Function& f) {
  if (!f.def) return {};
  SourceRange r = f.def->range;
  for (const ast::Expr* d : f.def->decorator_list) r.begin = std::min(r.begin, d->range.begin);
  return r;
}

// --- types ---

bool Program::is_subtype(TypeId a, TypeId b) const {
  if (a == b || b == types::ScriptAny || b == types::Any) return true;
  TypeKind ka = types.kind(a), kb = types.kind(b);
  if (b == types::Number && ka != TypeKind::Union) return a == types::I64 || a == types::F64 || a == types::Complex;
  if (ka == TypeKind::Optional || ka == TypeKind::Union) {
    for (TypeId t : alternatives(a))
      if (!is_subtype(t, b)) return false;
    return true;
  }
  if (kb == TypeKind::Optional) return a == types::None || is_subtype(a, element(b));
  if (kb == TypeKind::Union) {
    for (TypeId t : types[b].args)
      if (is_subtype(a, t)) return true;
    return false;
  }
  if (kb == TypeKind::AnyList) return ka == TypeKind::List;
  if (kb == TypeKind::AnyTuple) return ka == TypeKind::Tuple || ka == TypeKind::NamedTuple;
  if (kb == TypeKind::AnyDict) return ka == TypeKind::Dict;
  if (kb == TypeKind::Tuple && (ka == TypeKind::Tuple || ka == TypeKind::NamedTuple)) {
    const auto &x = types[a].args, &y = types[b].args;
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); i++)
      if (!is_subtype(x[i], y[i])) return false;
    return true;
  }
  if (kb == TypeKind::NamedTuple && ka == TypeKind::NamedTuple) {
    const ir::Type &x = types[a], &y = types[b];
    if (x.names != y.names || (!x.name.empty() && x.name != y.name)) return false;
    for (size_t i = 0; i < x.args.size(); i++)
      if (!is_subtype(x.args[i], y.args[i])) return false;
    return true;
  }
  if (ka == TypeKind::Future && kb == TypeKind::Future) return is_subtype(element(a), element(b));
  if (kb == TypeKind::Class) {
    ClassInfo* interface = class_of(b);
    ClassInfo* given = class_of(a);
    if (!interface || !given || interface->kind != ClassInfo::Kind::Interface) return false;
    for (Function* wanted : interface->methods) {
      Function* has = given->method(wanted->name);
      if (!has || has->params.size() != wanted->params.size()) return false;
      for (size_t i = 1; i < has->params.size(); i++)
        if (!is_subtype(wanted->params[i].type, has->params[i].type) || wanted->params[i].name != has->params[i].name)
          return false;
      if (has->result && wanted->result && !is_subtype(has->result, wanted->result)) return false;
    }
    return true;
  }
  return false;
}

std::vector<TypeId> Program::alternatives(TypeId t) const {
  switch (types.kind(t)) {
    case TypeKind::Optional: {
      std::vector<TypeId> list = alternatives(element(t));
      list.push_back(types::None);
      return list;
    }
    case TypeKind::Union: return types[t].args;
    default: return {t};
  }
}

TypeId Program::without(TypeId t, const std::vector<TypeId>& excluded) {
  std::vector<TypeId> left;
  for (TypeId a : alternatives(t)) {
    bool out = false;
    for (TypeId e : excluded) out |= is_subtype(a, e);
    if (!out) left.push_back(a);
  }
  if (left.empty()) return TypeId();
  return left.size() == 1 ? left[0] : types.union_of(left);
}

TypeId Program::unify(TypeId a, TypeId b, bool to_union) {
  if (a == b) return a;
  if (is_subtype(a, b)) return b;
  if (is_subtype(b, a)) return a;
  if (a == types::None) return types.optional(b);
  if (b == types::None) return types.optional(a);
  TypeKind ka = types.kind(a), kb = types.kind(b);
  if (ka == TypeKind::Optional || kb == TypeKind::Optional) {
    TypeId x = ka == TypeKind::Optional ? element(a) : a, y = kb == TypeKind::Optional ? element(b) : b;
    TypeId both = unify(x, y);
    if (both) return types.optional(both);
  }
  auto is_tuple = [](TypeKind k) { return k == TypeKind::Tuple || k == TypeKind::NamedTuple; };
  if (is_tuple(ka) && is_tuple(kb) && types[a].args.size() == types[b].args.size()) {
    std::vector<TypeId> items;
    for (size_t i = 0; i < types[a].args.size(); i++) {
      TypeId item = unify(types[a].args[i], types[b].args[i]);
      if (!item) break;
      items.push_back(item);
    }
    if (items.size() == types[a].args.size()) return types.tuple(items);
  }
  if (ka == TypeKind::Future && kb == TypeKind::Future)
    if (TypeId item = unify(element(a), element(b))) return types.future(item);
  if (!to_union) return TypeId();
  TypeId both[] = {a, b};
  return types.union_of(both);
}

std::string Program::type_text(TypeId t) const {
  const ir::Type& type = types[t];
  auto joined = [&](const char* head) {
    std::string s = std::string(head) + "[";
    for (size_t i = 0; i < type.args.size(); i++) s += (i ? ", " : "") + type_text(type.args[i]);
    if (type.args.empty()) s += "()";
    return s + "]";
  };
  switch (type.kind) {
    case TypeKind::None: return "NoneType";
    case TypeKind::Number: return "number";
    case TypeKind::List: return joined("List");
    case TypeKind::Dict: return joined("Dict");
    case TypeKind::Tuple: return joined("Tuple");
    case TypeKind::Optional: return joined("Optional");
    case TypeKind::Union: return joined("Union");
    case TypeKind::Future: return joined("Future");
    case TypeKind::NamedTuple: return type.name.empty() ? joined("Tuple") : type.name;
    case TypeKind::Class: return type.name;
    default: return types.to_string(t);
  }
}

std::string Program::graph_type_text(TypeId t) const {
  const ir::Type& type = types[t];
  auto joined = [&](const std::string& head, const char* tail) {
    std::string s = head;
    for (size_t i = 0; i < type.args.size(); i++) s += (i ? ", " : "") + graph_type_text(type.args[i]);
    return s + tail;
  };
  switch (type.kind) {
    case TypeKind::None: return "NoneType";
    case TypeKind::Number: return "Scalar";
    case TypeKind::List: return graph_type_text(type.args[0]) + "[]";
    case TypeKind::Dict: return joined("Dict(", ")");
    case TypeKind::Tuple: return joined("(", ")");
    case TypeKind::Optional: return graph_type_text(type.args[0]) + "?";
    case TypeKind::Union: return joined("Union(", ")");
    case TypeKind::Future: return joined("Future(", ")");
    case TypeKind::NamedTuple: {
      std::string s = (type.name.empty() ? "NamedTuple" : type.name) + "(";
      if (!type.name.empty()) return type.name;
      for (size_t i = 0; i < type.args.size(); i++)
        s += (i ? ", " : "") + type.names[i] + " : " + graph_type_text(type.args[i]);
      return s + ")";
    }
    case TypeKind::Class: {
      ClassInfo* c = class_of(t);
      return c && c->kind == ClassInfo::Kind::Enum ? "Enum<" + type.name + ">" : type.name;
    }
    default: return types.to_string(t);
  }
}

// --- messages ---

std::string marked_source(const SourceFile& source, SourceRange function, SourceRange range,
                          const std::string& in_function) {
  const std::string& text = source.text();
  // Only the function's own lines are shown, from the start of its first line.
  size_t first = function.begin, last = function.end;
  if (function.end <= function.begin) {
    first = 0;
    last = text.size();
  }
  while (first > 0 && text[first - 1] != '\n') first--;
  size_t begin = std::max<size_t>(range.begin, first), end = std::min<size_t>(std::max(range.end, range.begin), last);
  if (end < begin) end = begin;
  // The indentation of the function's first line is taken off every line.
  size_t indent = 0;
  while (first + indent < text.size() && text[first + indent] == ' ') indent++;

  constexpr int kContext = 2;  // lines before and after
  size_t line_begin = begin;
  while (line_begin > first && text[line_begin - 1] != '\n') line_begin--;
  size_t from = line_begin;
  for (int i = 0; i < kContext && from > first; i++) {
    from--;
    while (from > first && text[from - 1] != '\n') from--;
  }
  LineColumn at = source.locate(static_cast<uint32_t>(begin));
  std::string out = "  File \"" + source.name() + "\", line " + std::to_string(at.line);
  if (!in_function.empty()) out += ", in " + in_function;
  out += "\n";
  auto line_end = [&](size_t p) {
    size_t e = text.find('\n', p);
    return e == std::string::npos ? text.size() : e;
  };
  auto shown = [&](size_t b, size_t e) {
    size_t skip = 0;
    while (skip < indent && b + skip < e && text[b + skip] == ' ') skip++;
    return text.substr(b + skip, e - b - skip);
  };
  size_t p = from;
  for (; p < line_begin;) {
    size_t e = line_end(p);
    out += shown(p, e) + "\n";
    p = e + 1;
  }
  bool more = true;
  while (more) {
    size_t e = line_end(p);
    out += shown(p, e) + "\n";
    size_t mark_begin = std::max(p, begin), mark_end = std::min(e, end);
    if (p > begin)
      while (mark_begin < mark_end && text[mark_begin] == ' ') mark_begin++;
    size_t column = mark_begin - p;
    out += std::string(column >= indent ? column - indent : 0, ' ');
    out += std::string(mark_end > mark_begin ? mark_end - mark_begin : 0, '~');
    more = e < end && e + 1 < text.size();
    out += more ? "\n" : " <--- HERE\n";
    p = e + 1;
  }
  for (int i = 0; i < kContext && p < last; i++) {
    size_t e = line_end(p);
    out += shown(p, e) + "\n";
    p = e + 1;
  }
  return out;
}

void report(const Program& p, const Function& f, SourceRange range, const std::string& message, ErrorClass kind) {
  CompileError e;
  e.kind = kind;
  e.message = message;
  e.source = f.source;
  e.range = range;
  bool frontend = kind == ErrorClass::NotSupported || kind == ErrorClass::UnsupportedNode;
  SourceRange whole = source_range(f);
  e.text = (frontend ? "" : "\n") + message + ":\n";
  if (f.source) e.text += marked_source(*f.source, whole, range);
  // Who called for this function, innermost first.
  for (size_t i = p.compiling.size(); !frontend && i-- > 1;) {
    const Program::CallSite& caller = p.compiling[i - 1];
    if (!caller.source || caller.range.end <= caller.range.begin) continue;
    e.text += "'" + p.compiling[i].function + "' is being compiled since it was called from '" + caller.function +
              "'\n" + marked_source(*caller.source, caller.function_range, caller.range);
  }
  throw e;
}

}  // namespace tsvm::script

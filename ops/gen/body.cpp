#include "ops/gen/body.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace tsvm::gen {

using namespace std::string_literals;

void Catalog::add(const Decl* d) { by_name_[d->name].push_back(d); }

std::vector<const Decl*> Catalog::find(const std::string& name, bool& inplace) const {
  inplace = false;
  if (auto it = by_name_.find(name); it != by_name_.end()) return it->second;
  if (name.size() > 1 && name.back() == '_') {
    if (auto it = by_name_.find(name.substr(0, name.size() - 1)); it != by_name_.end()) {
      std::vector<const Decl*> out;
      for (const Decl* d : it->second)
        if (d->has_inplace) out.push_back(d);
      inplace = true;
      return out;
    }
  }
  return {};
}

std::vector<Decl> expand_operands(const Decl& d) {
  std::vector<size_t> which;
  for (size_t i = 0; i < d.params.size(); i++)
    if (d.params[i].type.base == Base::Operand) which.push_back(i);
  std::vector<std::string> names;
  std::string word;
  for (char c : d.overload + " ")
    if (c == ' ') {
      if (!word.empty()) names.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  std::vector<Decl> out;
  const bool has_other_tensor = std::any_of(d.params.begin(), d.params.end(), [](const Param& p) {
    return p.type.base == Base::Tensor || p.type.base == Base::Element;
  });
  // Numbers from the right: (T, T), (T, S), (S, T) and, where another tensor remains, (S, S).
  for (size_t mask = 0; mask < size_t{1} << which.size(); mask++) {
    if (mask + 1 == size_t{1} << which.size() && !has_other_tensor && !which.empty()) continue;
    Decl e = d;
    bool self_is_number = false;
    for (size_t k = 0; k < which.size(); k++) {
      Param& p = e.params[which[k]];
      const bool number = mask >> (which.size() - 1 - k) & 1;
      const bool optional = p.type.optional;
      p.type = Type::of(number ? Base::Scalar : Base::Tensor);
      p.type.optional = optional;
      p.type.promotes = number;
      if (which[k] == 0 && number) self_is_number = true;
    }
    if (self_is_number) e.has_inplace = e.has_method = false;
    if (which.empty())
      e.overload = names.empty() ? "" : names[0];
    else if (out.size() < names.size())
      e.overload = names[out.size()];
    else
      e.overload = mask == 0 ? "Tensor" : mask == 1 ? "Scalar" : mask == 2 ? "Scalar_Tensor" : "Scalar_Scalar";
    // One node name for each overload, the last one for the rest.
    std::vector<std::string> nodes;
    for (char c : d.backward.node + " ")
      if (c == ' ') {
        if (!word.empty()) nodes.push_back(std::move(word));
        word.clear();
      } else {
        word += c;
      }
    if (!nodes.empty()) e.backward.node = nodes[std::min(out.size(), nodes.size() - 1)];
    if (const size_t slash = e.backward.node.find('/'); slash != std::string::npos) {
      e.backward.cpp_node = e.backward.node.substr(slash + 1);
      e.backward.node.resize(slash);
    }
    out.push_back(std::move(e));
  }
  return out;
}

namespace {

template <class Fn>
void for_children(const ast::Node* node, Fn&& fn) {
  ast::for_each_child(node, [&](const auto* child) { fn(static_cast<const ast::Node*>(child)); });
}

void collect_names(const ast::Node* node, std::set<std::string>& out) {
  if (const auto* n = node->as<ast::Name>()) out.insert(std::string(n->id));
  for_children(node, [&](const ast::Node* c) { collect_names(c, out); });
}

constexpr std::string_view kMetadata[] = {
    "shape",   "dtype",         "device", "ndim", "size", "dim", "numel", "is_complex", "is_floating_point",
    "strides", "storage_offset"};
bool is_metadata(std::string_view name) {
  return std::find(std::begin(kMetadata), std::end(kMetadata), name) != std::end(kMetadata);
}

bool metadata_only(const ast::Node* node, std::string_view name) {
  if (const auto* a = node->as<ast::Attribute>())
    if (const auto* n = a->value->as<ast::Name>(); n && n->id == name) return is_metadata(a->attr);
  if (const auto* n = node->as<ast::Name>(); n && n->id == name) return false;
  bool ok = true;
  for_children(node, [&](const ast::Node* c) { ok = ok && metadata_only(c, name); });
  return ok;
}

}  // namespace

bool made_only_of(const ast::FunctionDef* f, const Catalog& catalog, bool (*test)(const Decl& d, const void* context),
                  const void* context) {
  std::function<bool(const ast::Node*)> ok = [&](const ast::Node* node) {
    if (node->is<ast::For>() || node->is<ast::While>() || node->is<ast::Subscript>()) return false;
    // Shapes are not what they will be when such a body is traced.
    if (const auto* a = node->as<ast::Attribute>(); a != nullptr && is_metadata(a->attr) && a->attr != "dtype" &&
                                                    a->attr != "device" && a->attr != "is_complex" &&
                                                    a->attr != "is_floating_point")
      return false;
    if (const auto* c = node->as<ast::Call>()) {
      std::string name;
      if (const auto* a = c->func->as<ast::Attribute>()) name = std::string(a->attr);
      if (const auto* n = c->func->as<ast::Name>()) name = std::string(n->id);
      bool inplace;
      const auto candidates = catalog.find(name, inplace);
      if (candidates.empty() && !is_metadata(name) && c->func->is<ast::Attribute>()) return false;
      if (inplace) return false;
      for (const Decl* d : candidates)
        if (!is_metadata(name) && !test(*d, context)) return false;
    }
    bool all = true;
    for_children(node, [&](const ast::Node* child) { all = all && ok(child); });
    return all;
  };
  for (const ast::Stmt* s : f->body)
    if (!ok(s)) return false;
  return true;
}

std::set<std::string> names_in(const ast::Node* node) {
  std::set<std::string> out;
  collect_names(node, out);
  return out;
}

bool only_metadata(const ast::FunctionDef* f, std::string_view name) {
  for (const ast::Stmt* s : f->body)
    if (!metadata_only(s, name)) return false;
  return true;
}

std::map<std::string, std::set<std::string>> flows(const ast::FunctionDef* f,
                                                   const std::map<std::string, std::string>& targets) {
  // Name -> names assigned from it, over all statements; a condition flows into everything its block assigns.
  std::map<std::string, std::set<std::string>> into;
  std::function<void(const ast::Stmt*, const std::set<std::string>&)> walk =
      [&](const ast::Stmt* s, const std::set<std::string>& conditions) {
        auto assign = [&](const ast::Expr* target, const std::set<std::string>& reads) {
          std::set<std::string> written = names_in(target);
          for (const std::string& w : written) {
            for (const std::string& r : reads) into[r].insert(w);
            for (const std::string& r : conditions) into[r].insert(w);
          }
        };
        auto block = [&](const ast::List<ast::Stmt*>& body, const std::set<std::string>& more) {
          std::set<std::string> all = conditions;
          all.insert(more.begin(), more.end());
          for (const ast::Stmt* inner : body) walk(inner, all);
        };
        if (const auto* a = s->as<ast::Assign>()) {
          for (const ast::Expr* t : a->targets) assign(t, names_in(a->value));
        } else if (const auto* g = s->as<ast::AugAssign>()) {
          assign(g->target, names_in(g->value));
        } else if (const auto* n = s->as<ast::AnnAssign>()) {
          if (n->value) assign(n->target, names_in(n->value));
        } else if (const auto* i = s->as<ast::If>()) {
          block(i->body, names_in(i->test));
          block(i->orelse, names_in(i->test));
        } else if (const auto* l = s->as<ast::For>()) {
          assign(l->target, names_in(l->iter));
          block(l->body, names_in(l->iter));
        } else if (const auto* w = s->as<ast::While>()) {
          block(w->body, names_in(w->test));
        } else if (const auto* e = s->as<ast::ExprStmt>()) {
          // A method call may change its receiver.
          if (const auto* c = e->value->as<ast::Call>())
            if (const auto* m = c->func->as<ast::Attribute>()) assign(m->value, names_in(e->value));
        }
      };
  for (const ast::Stmt* s : f->body) walk(s, {});
  std::map<std::string, std::set<std::string>> out;
  for (const auto& [name, unused] : into) {
    std::vector<std::string> work{name};
    std::set<std::string> seen{name};
    while (!work.empty()) {
      const std::string n = work.back();
      work.pop_back();
      if (targets.count(n)) out[name].insert(n);
      for (const std::string& next : into[n])
        if (seen.insert(next).second) work.push_back(next);
    }
  }
  return out;
}

namespace {

/// A translated expression.
struct Value {
  std::string cpp;
  Type type;
  bool none = false;         // the literal None
  std::vector<Value> items;  // of a list or tuple display
  bool is_display = false;
};

class Translator {
 public:
  Translator(const Decl& d, const Catalog& catalog, const BodyOptions& options)
      : d_(d), catalog_(catalog), o_(options), variables_(options.variables) {}

  std::string run(const ast::FunctionDef* f) {
    if (!o_.targets.empty()) flows_ = flows(f, o_.targets);
    for (const ast::Stmt* s : f->body) statement(s, 1, true);
    std::string out;
    for (const auto& [name, type] : hoisted_) out += "  " + cpp_value_type(type) + " " + name + "{};\n";
    return out + text_;
  }

  std::string constant(const Param& p) { return coerce(expression(p.default_value), p.type, p.range); }

 private:
  [[noreturn]] void error(SourceRange range, std::string message) const {
    throw GenError{d_.file, range, std::move(message)};
  }
  void line(int depth, const std::string& s) { text_ += std::string(static_cast<size_t>(depth) * 2, ' ') + s + "\n"; }

  // --- statements

  void block(const ast::List<ast::Stmt*>& body, int depth) {
    for (const ast::Stmt* s : body) statement(s, depth, false);
  }

  std::string wanted(const std::set<std::string>& targets) {
    std::string s;
    for (const std::string& t : targets)
      if (!o_.targets.at(t).empty()) s += (s.empty() ? "" : " || ") + ("g.wants(" + o_.targets.at(t) + ")");
    return s.empty() ? "false" : s;
  }

  void statement(const ast::Stmt* s, int depth, bool top) {
    if (s->is<ast::Pass>()) return;
    if (const auto* e = s->as<ast::ExprStmt>()) {
      if (e->value->is<ast::Constant>()) return;
      line(depth, "(void)(" + expression(e->value).cpp + ");");
      return;
    }
    if (const auto* a = s->as<ast::Assign>()) {
      if (a->targets.size() != 1) error(s->range, "one target at a time");
      return assign(a->targets[0], a->value, nullptr, depth, top);
    }
    if (const auto* a = s->as<ast::AnnAssign>()) {
      const Type t = read_type(*d_.file, a->annotation);
      return assign(a->target, a->value, &t, depth, top);
    }
    if (const auto* a = s->as<ast::AugAssign>()) {
      const auto* n = a->target->as<ast::Name>();
      if (!n) error(s->range, "augmented assignment to a name only");
      const Value left = expression(a->target);
      const Value v = binary(a->op, left, expression(a->value), s->range);
      line(depth, left.cpp + " = " + coerce(v, left.type, s->range) + ";");
      return;
    }
    if (const auto* r = s->as<ast::Return>()) return return_(r, depth);
    if (const auto* i = s->as<ast::If>()) {
      line(depth, "if (" + condition(i->test) + ") {");
      block(i->body, depth + 1);
      if (!i->orelse.empty()) {
        line(depth, "} else {");
        block(i->orelse, depth + 1);
      }
      line(depth, "}");
      return;
    }
    if (const auto* w = s->as<ast::While>()) {
      line(depth, "while (" + condition(w->test) + ") {");
      block(w->body, depth + 1);
      line(depth, "}");
      return;
    }
    if (s->is<ast::Break>()) return line(depth, "break;");
    if (s->is<ast::Continue>()) return line(depth, "continue;");
    if (const auto* f = s->as<ast::For>()) return for_(f, depth);
    if (const auto* r = s->as<ast::Raise>()) {
      const auto* c = r->exc ? r->exc->as<ast::Call>() : nullptr;
      const auto* n = c ? c->func->as<ast::Name>() : nullptr;
      if (!n || c->args.size() != 1) error(s->range, "raise Error(\"message\")");
      line(depth, "fail(ErrorKind::" + std::string(n->id) + ", " + parts(c->args[0]) + ");");
      return;
    }
    error(s->range, "this statement is not known in bodies of operators");
  }

  void return_(const ast::Return* r, int depth) {
    if (o_.results.empty()) {
      if (r->value) line(depth, "(void)(" + expression(r->value).cpp + ");");
      return line(depth, "return;");
    }
    if (!r->value) error(r->range, "a result is missing");
    const Value v = expression(r->value);
    if (o_.results.size() == 1) return line(depth, "return " + coerce(v, o_.results[0], r->range) + ";");
    if (v.is_display) {
      if (v.items.size() != o_.results.size()) error(r->range, "another number of results was declared");
      std::string s = "return {";
      for (size_t i = 0; i < v.items.size(); i++) s += (i ? ", " : "") + coerce(v.items[i], o_.results[i], r->range);
      return line(depth, s + "};");
    }
    line(depth, "return " + v.cpp + ";");
  }

  void for_(const ast::For* f, int depth) {
    if (const auto* c = f->iter->as<ast::Call>(); c && c->func->is<ast::Name>()) {
      const auto name = c->func->as<ast::Name>()->id;
      if (name == "range") {
        const std::string i = loop_variable(f->target, Type::of(Base::Int));
        std::vector<std::string> a;
        for (const ast::Expr* e : c->args) a.push_back(coerce(expression(e), Type::of(Base::Int), e->range));
        const std::string from = a.size() > 1 ? a[0] : "0", to = a.size() > 1 ? a[1] : a[0];
        if (a.size() == 3)
          line(depth, "for (int64_t " + i + " = " + from + "; (" + a[2] + ") > 0 ? " + i + " < (" + to + ") : " + i +
                          " > (" + to + "); " + i + " += " + a[2] + ") {");
        else
          line(depth, "for (int64_t " + i + " = " + from + "; " + i + " < (" + to + "); " + i + "++) {");
        block(f->body, depth + 1);
        return line(depth, "}");
      }
    }
    const Value v = expression(f->iter);
    if (!v.type.list) error(f->iter->range, "loops run over ranges and lists");
    Type element = v.type.plain();
    element.list = false;
    element.list_size = 0;
    const std::string i = loop_variable(f->target, element);
    line(depth, "for (const auto& " + i + " : " + (v.type.optional ? "*" : "") + v.cpp + ") {");
    block(f->body, depth + 1);
    line(depth, "}");
  }

  std::string loop_variable(const ast::Expr* target, const Type& type) {
    const auto* n = target->as<ast::Name>();
    if (!n) error(target->range, "one loop variable");
    const std::string cpp = local(n->id);
    variables_[std::string(n->id)] = {cpp, type};
    return cpp;
  }

  static std::string local(std::string_view name) { return "v_" + std::string(name); }

  void assign(const ast::Expr* target, const ast::Expr* value, const Type* annotation, int depth, bool top) {
    if (const auto* t = target->as<ast::Tuple>()) {
      const Value v = expression(value);
      if (v.is_display) {
        for (size_t i = 0; i < t->elts.size(); i++) store(t->elts[i], v.items[i], nullptr, depth, false);
        return;
      }
      if (v.type.base != Base::Tuple || v.type.elements.size() != t->elts.size())
        error(value->range, "this cannot be unpacked to so many names");
      const std::string tmp = "tuple_" + std::to_string(next_++);
      // Unpacked names are declared at the top, so the guard of a formula may be around it.
      std::set<std::string> targets;
      for (const ast::Expr* e : t->elts)
        if (const auto* n = e->as<ast::Name>())
          if (auto it = flows_.find(std::string(n->id)); it != flows_.end())
            targets.insert(it->second.begin(), it->second.end());
      const bool guard = top && !o_.targets.empty() && !targets.empty();
      if (guard) line(depth++, "if (" + wanted(targets) + ") {");
      line(depth, "auto " + tmp + " = " + v.cpp + ";");
      for (size_t i = 0; i < t->elts.size(); i++) {
        Value item;
        item.cpp = "std::get<" + std::to_string(i) + ">(" + tmp + ")";
        item.type = v.type.elements[i];
        store(t->elts[i], item, nullptr, depth, false);
      }
      if (guard) line(--depth, "}");
      return;
    }
    if (!value) {
      const auto* n = target->as<ast::Name>();
      if (!n || !annotation) error(target->range, "a declaration without value needs a type");
      variables_[std::string(n->id)] = {local(n->id), *annotation};
      hoisted_[local(n->id)] = *annotation;
      return;
    }
    if (const auto* n = target->as<ast::Name>(); n && o_.targets.count(std::string(n->id))) {
      const std::string name(n->id);
      const std::string edge = o_.targets.at(name);
      if (edge.empty()) return;  // of a number: nobody asks for it
      const Type& type = o_.target_types.at(name);
      const Value v = expression(value);
      if (v.none) return;
      if (type.list) {
        line(depth, "if (g.wants(" + edge + ")) {");
        line(depth + 1,
             "put_gradients(g, " + edge + ", " + coerce(v, Type::list_of(Base::Tensor), value->range) + ");");
        line(depth, "}");
      } else {
        line(depth, "if (g.wants(" + edge + ")) g.out[" + edge +
                        "] = " + coerce(v, Type::of(Base::Tensor), value->range) + ";");
      }
      return;
    }
    if (top && !o_.targets.empty()) {
      if (const auto* n = target->as<ast::Name>())
        if (auto it = flows_.find(std::string(n->id)); it != flows_.end() && !it->second.empty()) {
          if (wanted(it->second) == "false") return;  // of numbers only
          const Value v = expression(value);
          line(depth, "if (" + wanted(it->second) + ") {");
          store(target, v, annotation, depth + 1, false);
          line(depth, "}");
          return;
        }
    }
    store(target, expression(value), annotation, depth, top);
  }

  void store(const ast::Expr* target, const Value& v, const Type* annotation, int depth, bool top) {
    if (const auto* s = target->as<ast::Subscript>()) {
      const Value list = expression(s->value), index = expression(s->slice);
      if (!list.type.list) error(target->range, "items of lists only");
      Type element = list.type;
      element.list = false;
      line(depth, "list_item(" + list.cpp + ", " + index.cpp + ") = " + coerce(v, element, target->range) + ";");
      return;
    }
    const auto* n = target->as<ast::Name>();
    if (!n) error(target->range, "assignment to a name only");
    const std::string name(n->id);
    if (name == "_") return;
    auto it = variables_.find(name);
    if (it != variables_.end() && !annotation) {
      // A parameter that is assigned to becomes a local of its own.
      if (it->second.cpp.compare(0, 2, "v_") != 0) {
        Type type = it->second.type;
        if (type.optional && !v.none && !v.type.optional && !type.is_tensor()) type = type.plain();
        if (type.is_tensor()) type.optional = false;
        const std::string cpp = local(name);
        const Type before = it->second.type;
        if (!top) {
          // Assigned in a block: the local starts as the parameter.
          Type keep = before.is_tensor() ? type : before;
          hoisted_[cpp] = keep;
          text_ = "  " + cpp + " = " + own(it->second.cpp, keep) + ";\n" + text_;
          // Uses before this point read the parameter, which has the same value.
          it->second = {cpp, keep};
          line(depth, cpp + " = " + coerce(v, keep, target->range) + ";");
          return;
        }
        line(depth, cpp_value_type(type) + " " + cpp + " = " + coerce(v, type, target->range) + ";");
        variables_[name] = {cpp, type};
        return;
      }
      line(depth, it->second.cpp + " = " + coerce(v, it->second.type, target->range) + ";");
      return;
    }
    Type type = annotation ? *annotation : v.type;
    if (!annotation) {
      if (v.none) error(target->range, "say the type of " + name);
      if (v.is_display && v.type.base == Base::None) error(target->range, "say the type of " + name);
      if (type.base == Base::Tensor) type.optional = false;
    }
    type.list_size = 0;
    const std::string cpp = local(name);
    std::string text = coerce(v, type, target->range);
    if (type.is(Base::Str)) text = "std::string(" + text + ")";
    if (top) {
      line(depth, cpp_value_type(type) + " " + cpp + " = " + text + ";");
    } else {
      hoisted_[cpp] = type;
      line(depth, cpp + " = " + text + ";");
    }
    variables_[name] = {cpp, type};
  }

  /// A borrowed parameter as an object that owns its value.
  std::string own(const std::string& cpp, const Type& type) {
    if (type.list && type.optional) return "own(" + cpp + ")";
    if (type.list && type.base == Base::Int) return "DimVector(" + cpp + ")";
    if (type.list) return "own(" + cpp + ")";
    if (type.base == Base::Str) return type.optional ? "own(" + cpp + ")" : "std::string(" + cpp + ")";
    return cpp;
  }

  // --- expressions

  std::string condition(const ast::Expr* e) {
    const Value v = expression(e);
    return truth(v, e->range);
  }
  std::string truth(const Value& v, SourceRange range) {
    if (v.none) return "false";
    if (v.type.is(Base::Bool)) return v.cpp;
    if (v.type.is(Base::Int) || v.type.is(Base::Float)) return "(" + v.cpp + " != 0)";
    if (v.type.is(Base::Scalar)) return v.cpp + ".to_bool()";
    if (v.type.list && !v.type.optional) return "(" + v.cpp + ".size() != 0)";
    if (v.type.optional && v.type.base == Base::Bool) return "(" + v.cpp + ".value_or(false))";
    error(range, "this is no condition");
  }

  Value make(std::string cpp, Type type) {
    Value v;
    v.cpp = std::move(cpp);
    v.type = std::move(type);
    return v;
  }
  Value tensor(std::string cpp) { return make(std::move(cpp), Type::of(Base::Tensor)); }
  Value integer(std::string cpp) { return make(std::move(cpp), Type::of(Base::Int)); }
  Value boolean(std::string cpp) { return make(std::move(cpp), Type::of(Base::Bool)); }

  bool can_coerce(const Value& v, const Type& to) const {
    if (v.none) return to.optional || to.base == Base::Storage;
    if (v.is_display && v.type.base != Base::Tuple) {
      if (!to.list) return false;
      Type element = to.plain();
      element.list = false;
      element.list_size = 0;
      for (const Value& item : v.items)
        if (!can_coerce(item, element) && !(item.none && to.element_optional)) return false;
      return true;
    }
    const Type& from = v.type;
    if (to.list) {
      if (to.list_size && from.is(to.base)) return true;
      return from.list && (from.base == to.base);
    }
    if (from.list) return false;
    if (to.base == from.base) return true;
    if (to.base == Base::Element) return from.base == Base::Tensor;
    switch (to.base) {
      case Base::Scalar: return from.base == Base::Int || from.base == Base::Float || from.base == Base::Bool;
      case Base::Float: return from.base == Base::Int || from.base == Base::Scalar;
      case Base::Int: return from.base == Base::Bool || from.base == Base::Scalar;
      default: return false;
    }
  }

  std::string coerce(const Value& v, const Type& to, SourceRange range) {
    if (!can_coerce(v, to))
      error(range, "a " + schema_type(to) + " is needed here, not a " + (v.none ? "None" : schema_type(v.type)));
    if (v.none) {
      if (to.is_tensor()) return "Tensor()";
      if (to.base == Base::Scalar) return "std::optional<Scalar>()";
      if (to.base == Base::Generator) return "std::optional<Generator>()";
      if (to.list && to.base == Base::Tensor) return "std::optional<TensorSpan>()";
      return cpp_param_type(to) + "()";
    }
    if (v.is_display && v.type.base != Base::Tuple) {
      Type element = to.plain();
      element.list = false;
      element.list_size = 0;
      std::string s;
      for (const Value& item : v.items) {
        s += s.empty() ? "" : ", ";
        s += item.none ? "Tensor()" : coerce(item, element, range);
      }
      const std::string type = to.base == Base::Tensor ? "std::vector<Tensor>" : cpp_value_type(to.plain());
      return type + "{" + s + "}";
    }
    const Type& from = v.type;
    std::string cpp = v.cpp;
    const bool open = from.optional && !to.optional && !from.is_tensor();
    if (open) cpp = "(*" + cpp + ")";
    if (to.list) {
      if (!from.list) return "IntSpan{" + cpp + "}";
      if (to.base == Base::Tensor && to.optional && !from.optional) return "std::optional<TensorSpan>(" + cpp + ")";
      if (to.base == Base::Int && to.optional && !from.optional) return "std::optional<IntSpan>(" + cpp + ")";
      return cpp;
    }
    if (to.base == Base::Scalar && from.base != Base::Scalar) {
      if (to.optional) return "std::optional<Scalar>(Scalar(" + cpp + "))";
      return "Scalar(" + cpp + ")";
    }
    if (to.base == Base::Scalar && to.optional && !from.optional) return "std::optional<Scalar>(" + cpp + ")";
    if (from.base == Base::Scalar && to.base == Base::Float) return cpp + ".to_double()";
    if (from.base == Base::Scalar && to.base == Base::Int) return cpp + ".to_int()";
    if (to.base == Base::Float && from.base == Base::Int) return "static_cast<double>(" + cpp + ")";
    if (to.base == Base::Int && from.base == Base::Bool) return "int64_t{" + cpp + "}";
    // A literal would pass for a bool, and so for a number, where there is such an overload.
    if (to.is(Base::Str) && !cpp.empty() && cpp[0] == '"') return "std::string_view(" + cpp + ")";
    if (to.optional && !from.optional && !to.is_tensor()) {
      Type plain = to;
      return cpp_value_type(plain) + "(" + cpp + ")";
    }
    return cpp;
  }

  Value expression(const ast::Expr* e) {
    if (const auto* n = e->as<ast::Name>()) {
      auto it = variables_.find(std::string(n->id));
      if (it == variables_.end()) error(e->range, "unknown name " + std::string(n->id));
      return make(it->second.cpp, it->second.type);
    }
    if (const auto* c = e->as<ast::Constant>()) return literal(c);
    if (e->is<ast::ListExpr>() || e->is<ast::Tuple>()) {
      Value v;
      v.is_display = true;
      const auto& elts = e->is<ast::ListExpr>() ? e->as<ast::ListExpr>()->elts : e->as<ast::Tuple>()->elts;
      for (const ast::Expr* item : elts) v.items.push_back(expression(item));
      if (!v.items.empty()) {
        v.type = v.items[0].type;
        v.type.list = true;
        if (v.items[0].none) v.type = Type::list_of(Base::Tensor);
      }
      v.cpp = "{}";
      // A usable text where the type is known from the items.
      if (!v.items.empty() && e->is<ast::ListExpr>() && can_coerce(v, v.type)) v.cpp = coerce(v, v.type, e->range);
      return v;
    }
    if (const auto* a = e->as<ast::Attribute>()) return attribute(a);
    if (const auto* s = e->as<ast::Subscript>()) return subscript(s);
    if (const auto* b = e->as<ast::BinOp>()) return binary(b->op, expression(b->left), expression(b->right), e->range);
    if (const auto* u = e->as<ast::UnaryOp>()) {
      Value v = expression(u->operand);
      switch (u->op) {
        case ast::UnaryOperator::kNot: return boolean("!" + truth(v, e->range));
        case ast::UnaryOperator::kUSub:
          if (v.type.is(Base::Tensor)) return tensor("op::neg(" + v.cpp + ")");
          v.cpp = "-(" + v.cpp + ")";
          return v;
        case ast::UnaryOperator::kInvert: return operator_call("bitwise_not", {v}, e->range);
        case ast::UnaryOperator::kUAdd: return v;
      }
    }
    if (const auto* b = e->as<ast::BoolOp>()) {
      std::string s;
      for (const ast::Expr* item : b->values) {
        s += s.empty() ? "" : b->op == ast::BoolOperator::kAnd ? " && " : " || ";
        s += condition(item);
      }
      return boolean("(" + s + ")");
    }
    if (const auto* c = e->as<ast::Compare>()) return compare(c);
    if (const auto* i = e->as<ast::IfExp>()) {
      const Value a = expression(i->body), b = expression(i->orelse);
      Type t = a.none ? b.type.as_optional() : a.type;
      if (b.none) t.optional = true;
      if (a.type.base == Base::Int && b.type.base == Base::Float) t = b.type;
      if (b.type.base == Base::Scalar) t = b.type;
      if (a.is_display || b.is_display) t = a.is_display && a.items.empty() ? b.type : a.type;
      if (t.is_tensor()) t.optional = a.none || b.none;
      std::string x = coerce(a, t, e->range), y = coerce(b, t, e->range);
      if (t.list && t.base == Base::Int) x = "DimVector(" + x + ")", y = "DimVector(" + y + ")";
      if (t.is_tensor()) x = "Tensor(" + x + ")", y = "Tensor(" + y + ")";
      return make("(" + condition(i->test) + " ? " + x + " : " + y + ")", t);
    }
    if (const auto* c = e->as<ast::Call>()) return call(c);
    if (e->is<ast::JoinedStr>()) return make("concat(" + parts(e) + ")", Type::of(Base::Str));
    if (const auto* l = e->as<ast::ListComp>()) return comprehension(l);
    error(e->range, "this expression is not known in bodies of operators");
  }

  Value literal(const ast::Constant* c) {
    switch (c->value.kind) {
      case ast::ConstantKind::kNone: {
        Value v;
        v.none = true;
        return v;
      }
      case ast::ConstantKind::kTrue: return boolean("true");
      case ast::ConstantKind::kFalse: return boolean("false");
      case ast::ConstantKind::kInt: return integer("int64_t{" + std::to_string(c->value.int_value) + "}");
      case ast::ConstantKind::kFloat: {
        char buffer[40];
        std::snprintf(buffer, sizeof buffer, "%.17g", c->value.float_value);
        std::string s = buffer;
        if (s.find_first_of(".en") == std::string::npos) s += ".0";
        return make(s, Type::of(Base::Float));
      }
      case ast::ConstantKind::kStr: return make(cpp_string(c->value.text), Type::of(Base::Str));
      default: error(c->range, "this literal is not known in bodies of operators");
    }
  }

  Value comprehension(const ast::ListComp* l) {
    if (l->generators.size() != 1) error(l->range, "one `for` in a comprehension");
    const ast::Comprehension* g = l->generators[0];
    const auto* n = g->target->as<ast::Name>();
    if (!n) error(l->range, "one loop variable");
    const std::map<std::string, Variable> before = variables_;
    std::string header;
    if (const auto* c = g->iter->as<ast::Call>();
        c && c->func->is<ast::Name>() && c->func->as<ast::Name>()->id == "range") {
      std::vector<std::string> a;
      for (const ast::Expr* e : c->args) a.push_back(coerce(expression(e), Type::of(Base::Int), e->range));
      const std::string i = loop_variable(g->target, Type::of(Base::Int));
      header = "for (int64_t " + i + " = " + (a.size() > 1 ? a[0] : "0") + "; " + i + " < (" +
               (a.size() > 1 ? a[1] : a[0]) + "); " + i + "++) ";
    } else {
      const Value list = expression(g->iter);
      Type element = list.type.plain();
      element.list = false;
      const std::string i = loop_variable(g->target, element);
      header = "for (const auto& " + i + " : " + list.cpp + ") ";
    }
    for (const ast::Expr* test : g->ifs) header += "if (" + condition(test) + ") ";
    const Value item = expression(l->elt);
    Type type = item.type;
    type.list = true;
    variables_ = before;
    return make(
        "[&] { " + cpp_value_type(type) + " out_; " + header + "out_.push_back(" + item.cpp + "); return out_; }()",
        type);
  }

  Value attribute(const ast::Attribute* a) {
    if (const auto* n = a->value->as<ast::Name>(); n && !variables_.count(std::string(n->id))) {
      if (n->id == "torch") {
        static const std::map<std::string_view, const char*> kNames = {
            {"float32", "Float32"}, {"float64", "Float64"}, {"float16", "Float16"},     {"bfloat16", "BFloat16"},
            {"int64", "Int64"},     {"int32", "Int32"},     {"int16", "Int16"},         {"int8", "Int8"},
            {"uint8", "UInt8"},     {"bool", "Bool"},       {"complex64", "Complex64"}, {"complex128", "Complex128"},
            {"long", "Int64"}};
        if (auto it = kNames.find(a->attr); it != kNames.end())
          return make("DType::"s + it->second, Type::of(Base::DType));
        static const std::map<std::string_view, const char*> kFormats = {
            {"contiguous_format", "Contiguous"}, {"preserve_format", "Preserve"}, {"channels_last", "ChannelsLast"}};
        if (auto it = kFormats.find(a->attr); it != kFormats.end())
          return make("MemoryFormat::"s + it->second, Type::of(Base::MemoryFormat));
      }
      if (n->id == "math") {
        if (a->attr == "pi") return make("M_PI", Type::of(Base::Float));
        if (a->attr == "inf") return make("HUGE_VAL", Type::of(Base::Float));
        if (a->attr == "nan") return make("std::numeric_limits<double>::quiet_NaN()", Type::of(Base::Float));
      }
      error(a->range, "unknown name " + std::string(n->id) + "." + std::string(a->attr));
    }
    const Value v = expression(a->value);
    if (v.type.is_tensor()) {
      if (a->attr == "shape") return make(v.cpp + ".sizes()", Type::list_of(Base::Int));
      if (a->attr == "dtype") return make(v.cpp + ".dtype()", Type::of(Base::DType));
      if (a->attr == "device") return make(v.cpp + ".device()", Type::of(Base::Device));
      if (a->attr == "layout") return make(v.cpp + ".layout()", Type::of(Base::Layout));
      if (a->attr == "ndim") return integer(v.cpp + ".dim()");
      if (a->attr == "requires_grad") return boolean(v.cpp + ".requires_grad()");
    }
    if (v.type.is(Base::DType)) {
      if (a->attr == "is_floating_point") return boolean("is_floating(" + v.cpp + ")");
      if (a->attr == "is_complex") return boolean("is_complex(" + v.cpp + ")");
    }
    error(a->range, "unknown attribute " + std::string(a->attr));
  }

  Value subscript(const ast::Subscript* s) {
    const Value v = expression(s->value);
    if (v.type.base == Base::Tuple) {
      const auto* c = s->slice->as<ast::Constant>();
      if (!c || c->value.kind != ast::ConstantKind::kInt) error(s->range, "items of tuples by a literal number");
      const size_t i = static_cast<size_t>(c->value.int_value);
      if (i >= v.type.elements.size()) error(s->range, "there is no such item");
      return make("std::get<" + std::to_string(i) + ">(" + v.cpp + ")", v.type.elements[i]);
    }
    if (!v.type.list) error(s->range, "items of lists only; use select() and slice() for tensors");
    const std::string list = v.type.optional ? "(*" + v.cpp + ")" : v.cpp;
    if (const auto* c = s->slice->as<ast::Slice>()) {
      if (c->step) error(s->range, "slices without step");
      const std::string lower = c->lower ? coerce(expression(c->lower), Type::of(Base::Int), s->range) : "0";
      const std::string upper = c->upper ? coerce(expression(c->upper), Type::of(Base::Int), s->range)
                                         : "static_cast<int64_t>(" + list + ".size())";
      Type t = v.type.plain();
      t.list_size = 0;
      return make("list_slice(" + list + ", " + lower + ", " + upper + ")", t);
    }
    Type element = v.type.plain();
    element.list = false;
    element.list_size = 0;
    return make("list_item(" + list + ", " + coerce(expression(s->slice), Type::of(Base::Int), s->range) + ")",
                element);
  }

  static bool number(const Type& t) {
    return t.is(Base::Int) || t.is(Base::Float) || t.is(Base::Scalar) || t.is(Base::Bool);
  }

  Value binary(ast::Operator op, const Value& a0, const Value& b0, SourceRange range) {
    Value a = a0, b = b0;
    auto open = [](Value& v) {
      if (v.type.optional && !v.type.is_tensor()) v.cpp = "(*" + v.cpp + ")", v.type.optional = false;
      if (v.type.is_tensor()) v.type.optional = false;
    };
    open(a);
    open(b);
    if (a.type.is_tensor() || b.type.is_tensor()) {
      static const std::map<ast::Operator, const char*> kNames = {{ast::Operator::kAdd, "add"},
                                                                  {ast::Operator::kSub, "sub"},
                                                                  {ast::Operator::kMult, "mul"},
                                                                  {ast::Operator::kDiv, "div"},
                                                                  {ast::Operator::kPow, "pow"},
                                                                  {ast::Operator::kMatMult, "matmul"},
                                                                  {ast::Operator::kBitAnd, "bitwise_and"},
                                                                  {ast::Operator::kBitOr, "bitwise_or"},
                                                                  {ast::Operator::kBitXor, "bitwise_xor"},
                                                                  {ast::Operator::kFloorDiv, "floor_divide"},
                                                                  {ast::Operator::kMod, "remainder"}};
      auto it = kNames.find(op);
      if (it == kNames.end()) error(range, "this operator is not known for tensors");
      if (!a.type.is_tensor()) {
        // number op tensor
        if (op == ast::Operator::kAdd || op == ast::Operator::kMult) return operator_call(it->second, {b, a}, range);
        if (op == ast::Operator::kSub) return operator_call("rsub", {b, a}, range);
        if (op == ast::Operator::kDiv) {
          const Value r = operator_call("reciprocal", {b}, range);
          if (a.cpp == "1.0" || a.cpp == "int64_t{1}") return r;
          return operator_call("mul", {r, a}, range);
        }
      }
      return operator_call(it->second, {a, b}, range);
    }
    if (a.type.list || b.type.list || a.is_display || b.is_display) {
      if (op == ast::Operator::kAdd) {
        Type t = a.type.list && a.type.base != Base::None ? a.type : b.type;
        t.list_size = 0;
        return make("list_join(" + coerce(a, t, range) + ", " + coerce(b, t, range) + ")", t);
      }
      if (op == ast::Operator::kMult && a.is_display && a.items.size() == 1 && b.type.is(Base::Int)) {
        Type t = a.type;
        return make("list_repeat(" + a.items[0].cpp + ", " + b.cpp + ")", t);
      }
      error(range, "this operator is not known for lists");
    }
    if (a.type.is(Base::Str) && b.type.is(Base::Str) && op == ast::Operator::kAdd)
      return make("concat(" + a.cpp + ", " + b.cpp + ")", Type::of(Base::Str));
    if (!number(a.type) || !number(b.type)) error(range, "this operator is not known for these types");
    if (a.type.is(Base::Scalar) || b.type.is(Base::Scalar)) {
      const char* name = op == ast::Operator::kAdd    ? "add"
                         : op == ast::Operator::kSub  ? "sub"
                         : op == ast::Operator::kMult ? "mul"
                         : op == ast::Operator::kDiv  ? "div"
                                                      : nullptr;
      if (!name) error(range, "this operator is not known for Scalar");
      const Type t = Type::of(Base::Scalar);
      return make("scalar_"s + name + "(" + coerce(a, t, range) + ", " + coerce(b, t, range) + ")", t);
    }
    const bool ints = !a.type.is(Base::Float) && !b.type.is(Base::Float);
    const Type t = Type::of(ints && op != ast::Operator::kDiv ? Base::Int : Base::Float);
    const std::string x = coerce(a, t, range), y = coerce(b, t, range);
    switch (op) {
      case ast::Operator::kAdd: return make("(" + x + " + " + y + ")", t);
      case ast::Operator::kSub: return make("(" + x + " - " + y + ")", t);
      case ast::Operator::kMult: return make("(" + x + " * " + y + ")", t);
      case ast::Operator::kDiv: return make("(" + x + " / " + y + ")", t);
      case ast::Operator::kFloorDiv: return make("floor_div(" + x + ", " + y + ")", t);
      case ast::Operator::kMod: return make("floor_mod(" + x + ", " + y + ")", t);
      case ast::Operator::kPow:
        return make("std::pow(" + coerce(a, Type::of(Base::Float), range) + ", " +
                        coerce(b, Type::of(Base::Float), range) + ")",
                    Type::of(Base::Float));
      default: error(range, "this operator is not known for numbers");
    }
  }

  Value compare(const ast::Compare* c) {
    std::string all;
    Value left = expression(c->left);
    for (size_t i = 0; i < c->ops.size(); i++) {
      const Value right = expression(c->comparators[i]);
      const Value one = compare(c->ops[i], left, right, c->range);
      if (one.type.is_tensor()) return one;
      all += (all.empty() ? "" : " && ") + one.cpp;
      left = right;
    }
    return boolean("(" + all + ")");
  }

  Value compare(ast::CmpOperator op, const Value& a0, const Value& b0, SourceRange range) {
    Value a = a0, b = b0;
    if (op == ast::CmpOperator::kIs || op == ast::CmpOperator::kIsNot) {
      const std::string no = op == ast::CmpOperator::kIs ? "" : "!";
      if (b.none) return boolean(no + "is_none(" + a.cpp + ")");
      if (a.type.is_tensor() && b.type.is_tensor()) return boolean(no + a.cpp + ".is_same(" + b.cpp + ")");
      error(range, "`is` with None or between tensors");
    }
    if (op == ast::CmpOperator::kIn || op == ast::CmpOperator::kNotIn) {
      const std::string no = op == ast::CmpOperator::kIn ? "" : "!";
      if (b.is_display) {
        std::string s;
        for (const Value& item : b.items)
          s += (s.empty() ? "" : " || ") + compare(ast::CmpOperator::kEq, a, item, range).cpp;
        return boolean(no + "(" + s + ")");
      }
      return boolean(no + "contains(" + b.cpp + ", " + a.cpp + ")");
    }
    const char* text = op == ast::CmpOperator::kEq      ? "=="
                       : op == ast::CmpOperator::kNotEq ? "!="
                       : op == ast::CmpOperator::kLt    ? "<"
                       : op == ast::CmpOperator::kLtE   ? "<="
                       : op == ast::CmpOperator::kGt    ? ">"
                                                        : ">=";
    if (a.type.is_tensor() || b.type.is_tensor()) {
      const char* name = op == ast::CmpOperator::kEq      ? "eq"
                         : op == ast::CmpOperator::kNotEq ? "ne"
                         : op == ast::CmpOperator::kLt    ? "lt"
                         : op == ast::CmpOperator::kLtE   ? "le"
                         : op == ast::CmpOperator::kGt    ? "gt"
                                                          : "ge";
      if (!a.type.is_tensor()) error(range, "put the tensor on the left");
      return operator_call(name, {a, b}, range);
    }
    auto open = [](Value& v) {
      if (v.type.optional && v.type.base != Base::Str) v.cpp = "(*" + v.cpp + ")", v.type.optional = false;
    };
    open(a);
    open(b);
    if (a.is_display || b.is_display) {
      const Type t = Type::list_of(Base::Int);
      return boolean("(IntSpan(" + coerce(a, t, range) + ") " + text + " IntSpan(" + coerce(b, t, range) + "))");
    }
    if (a.type.list && b.type.list) return boolean("(IntSpan(" + a.cpp + ") " + text + " IntSpan(" + b.cpp + "))");
    if (a.type.base == Base::Str && b.type.base == Base::Str)
      return boolean("(" + a.cpp + " " + text + " std::string_view(" + b.cpp + "))");
    if (a.type.is(Base::Scalar)) {
      if (op == ast::CmpOperator::kEq)
        return boolean(a.cpp + ".equals(" + coerce(b, Type::of(Base::Float), range) + ")");
      if (op == ast::CmpOperator::kNotEq)
        return boolean("!" + a.cpp + ".equals(" + coerce(b, Type::of(Base::Float), range) + ")");
      return boolean("(" + a.cpp + ".to_double() " + text + " " + coerce(b, Type::of(Base::Float), range) + ")");
    }
    if (number(a.type) && number(b.type)) {
      const Type t = Type::of(a.type.is(Base::Float) || b.type.is(Base::Float) ? Base::Float : Base::Int);
      if (a.type.is(Base::Bool) && b.type.is(Base::Bool)) return boolean("(" + a.cpp + " " + text + " " + b.cpp + ")");
      return boolean("(" + coerce(a, t, range) + " " + text + " " + coerce(b, t, range) + ")");
    }
    if (a.type.base == b.type.base) return boolean("(" + a.cpp + " " + text + " " + b.cpp + ")");
    error(range, "these cannot be compared");
  }

  /// The arguments of fail() and concat(): a string or an f-string in parts.
  std::string parts(const ast::Expr* e) {
    if (const auto* j = e->as<ast::JoinedStr>()) {
      std::string s;
      for (const ast::Expr* item : j->values) {
        s += s.empty() ? "" : ", ";
        if (const auto* f = item->as<ast::FormattedValue>()) {
          const Value v = expression(f->value);
          std::string cpp = v.type.optional && !v.type.is_tensor() ? "(*" + v.cpp + ")" : v.cpp;
          if (v.type.base == Base::DType) cpp = "info(" + cpp + ").cpp_name";
          if (v.type.base == Base::Scalar) cpp += ".to_double()";
          if (v.type.base == Base::Device) cpp = "to_string(" + cpp + ")";
          s += cpp;
        } else {
          s += expression(item).cpp;
        }
      }
      return s.empty() ? "\"\"" : s;
    }
    return expression(e).cpp;
  }

  // --- calls

  Value call(const ast::Call* c) {
    if (const auto* n = c->func->as<ast::Name>()) return function_call(c, std::string(n->id));
    const auto* a = c->func->as<ast::Attribute>();
    if (!a) error(c->range, "call an operator by its name");
    if (const auto* n = a->value->as<ast::Name>(); n && !variables_.count(std::string(n->id))) {
      if (n->id == o_.kernel_namespace) return kernel_call(c, std::string(a->attr));
      if (n->id == "math") {
        std::string s = "std::" + std::string(a->attr) + "(";
        for (const ast::Expr* e : c->args)
          s += (e == c->args[0] ? "" : ", ") + coerce(expression(e), Type::of(Base::Float), e->range);
        return make(s + ")", Type::of(Base::Float));
      }
      if (n->id == "torch" || n->id == "op") return function_call(c, std::string(a->attr), true);
    }
    return method_call(c, a);
  }

  /// A C++ kernel: arguments are passed as they are. Its result is a Tensor unless the operator's says otherwise.
  Value kernel_call(const ast::Call* c, const std::string& name) {
    std::string s = "cpu::" + name + "(";
    for (size_t i = 0; i < c->args.size(); i++) {
      const Value v = expression(c->args[i]);
      s += (i ? ", " : "") + (v.none                                        ? "std::nullopt"s
                              : v.type.base == Base::Str && v.type.optional ? "view_of(" + v.cpp + ")"
                                                                            : v.cpp);
    }
    s += ")";
    Type t;
    if (o_.results.size() == 1) {
      t = o_.results[0];
    } else {
      t.base = Base::Tuple;
      t.elements = o_.results;
    }
    if (name.back() == '_') t = Type::of(Base::None);
    return make(s, t);
  }

  Value function_call(const ast::Call* c, const std::string& name, bool operator_only = false) {
    auto arg = [&](size_t i) {
      if (i >= c->args.size()) error(c->range, name + ": an argument is missing");
      return expression(c->args[i]);
    };
    const Type float_type = Type::of(Base::Float), int_type = Type::of(Base::Int);
    if (!operator_only) {
      if (name == "len") {
        const Value v = arg(0);
        return integer("static_cast<int64_t>(" + v.cpp + (v.type.optional ? "->size())" : ".size())"));
      }
      if (name == "int") {
        const Value v = arg(0);
        if (v.type.is_tensor()) return integer("ops::item(" + v.cpp + ").to_int()");
        return integer("static_cast<int64_t>(" +
                       coerce(v, v.type.is(Base::Scalar) ? int_type : v.type.plain(), c->range) + ")");
      }
      if (name == "float") {
        const Value v = arg(0);
        if (v.type.is_tensor()) return make("ops::item(" + v.cpp + ").to_double()", float_type);
        return make(coerce(v, float_type, c->range), float_type);
      }
      if (name == "bool") return boolean(truth(arg(0), c->range));
      if (name == "check") {
        return make("check(" + condition(c->args[0]) + ", [&] { return concat(" + parts(c->args[1]) + "); })",
                    Type::of(Base::None));
      }
      if (name == "isinstance") error(c->range, "isinstance is not known in bodies of operators");
      if (name == "min" || name == "max" || name == "abs") {
        bool all_numbers = true;
        for (const ast::Expr* e : c->args) all_numbers = all_numbers && number(expression(e).type);
        if (all_numbers && !c->args.empty()) {
          bool floats = false;
          for (const ast::Expr* e : c->args) floats = floats || expression(e).type.is(Base::Float);
          const Type t = floats ? float_type : int_type;
          std::string s = "std::" + name + (name == "abs" ? "(" : "<" + cpp_value_type(t) + ">(");
          for (size_t i = 0; i < c->args.size(); i++) s += (i ? ", " : "") + coerce(arg(i), t, c->range);
          return make(s + ")", t);
        }
      }
      // Things that bodies need and that are no operators; defined in ops/body_support.h.
      struct Helper {
        const char* name;
        Type result;
      };
      static const Helper kHelpers[] = {
          {"wrap_dim", Type::of(Base::Int)},
          {"broadcast_sizes", Type::list_of(Base::Int)},
          {"all_dims", Type::list_of(Base::Int)},
          {"all_dims_but_one", Type::list_of(Base::Int)},
          {"ints_of", Type::list_of(Base::Int)},
          {"rnn_gradients", Type::list_of(Base::Tensor)},
          {"product_of", Type::of(Base::Int)},
          {"wrap_dims", Type::list_of(Base::Int)},
          {"result_type", Type::of(Base::DType)},
          {"default_dtype", Type::of(Base::DType)},
          {"to_real", Type::of(Base::DType)},
          {"to_complex", Type::of(Base::DType)},
          {"promote_types", Type::of(Base::DType)},
          {"infer_size", Type::list_of(Base::Int)},
          {"any_negative", Type::of(Base::Bool)},
          {"grad_enabled", Type::of(Base::Bool)},
          {"sum_to_sizes", Type::of(Base::Tensor)},
          {"dims_to_sum", Type::list_of(Base::Int)},
          {"view_is_possible", Type::of(Base::Bool)},
          {"is_integral", Type::of(Base::Bool)},
          {"is_floating", Type::of(Base::Bool)},
          {"scalar_is_complex", Type::of(Base::Bool)},
          {"is_bool_type", Type::of(Base::Bool)},
          {"reduction_mode", Type::of(Base::Int)},
          {"sorted_ints", Type::list_of(Base::Int)},
          {"inverse_permutation", Type::list_of(Base::Int)},
          {"lowest_value", Type::of(Base::Float)},
          {"epsilon_of", Type::of(Base::Float)},
          {"is_wrapped", Type::of(Base::Bool)},
          {"expand_list", Type::list_of(Base::Int)},
          {"conj_scalar", Type::of(Base::Scalar)},
          {"can_cast", Type::of(Base::Bool)},
          {"as_strided_gradient", Type::of(Base::Tensor)},
          {"check_square", Type::of(Base::None)},
          {"check_matrix", Type::of(Base::None)},
          {"check_matrix_any", Type::of(Base::None)},
          {"check_solver", Type::of(Base::None)},
          {"check_linalg", Type::of(Base::None)},
          {"check_power", Type::of(Base::None)},
          {"fail_dtype", Type::of(Base::None)},
          {"dtype_text", Type::of(Base::Str)},
      };
      for (const Helper& h : kHelpers)
        if (name == h.name) {
          std::string s = name + "(";
          for (size_t i = 0; i < c->args.size(); i++) {
            const Value v = arg(i);
            s += (i ? ", " : "") + (v.is_display
                                        ? coerce(v, Type::list_of(v.items.empty() ? Base::Int : v.type.base), c->range)
                                    : v.none ? "std::nullopt"s
                                             : v.cpp);
          }
          return make(s + ")", h.result);
        }
    }
    std::vector<Value> args;
    for (const ast::Expr* e : c->args) args.push_back(expression(e));
    return operator_call(name, args, c->range, c);
  }

  Value method_call(const ast::Call* c, const ast::Attribute* a) {
    const std::string name(a->attr);
    const Value self = expression(a->value);
    const Type int_type = Type::of(Base::Int);
    if (self.type.list) {
      if (name == "append") {
        Type element = self.type;
        element.list = false;
        return make(self.cpp + ".push_back(" + coerce(expression(c->args[0]), element, c->range) + ")",
                    Type::of(Base::None));
      }
      if (name == "insert")
        return make(self.cpp + ".insert(static_cast<size_t>(" + expression(c->args[0]).cpp + "), " +
                        expression(c->args[1]).cpp + ")",
                    Type::of(Base::None));
      error(c->range, "unknown method of a list: " + name);
    }
    if (self.type.is(Base::Scalar)) {
      if (name == "conj") return make("conj_scalar(" + self.cpp + ")", self.type);
      if (name == "log") return make("std::log(" + self.cpp + ".to_double())", Type::of(Base::Float));
    }
    if (!self.type.is_tensor()) error(c->range, "methods of tensors and lists only");
    if (c->args.empty()) {
      if (name == "dim") return integer(self.cpp + ".dim()");
      if (name == "numel") return integer(self.cpp + ".numel()");
      if (name == "storage_offset") return integer(self.cpp + ".storage_offset()");
      if (name == "strides") return make(self.cpp + ".strides()", Type::list_of(Base::Int));
      if (name == "is_complex") return boolean("is_complex(" + self.cpp + ".dtype())");
      if (name == "is_floating_point") return boolean("is_floating(" + self.cpp + ".dtype())");
      if (name == "is_contiguous") return boolean(self.cpp + ".is_contiguous()");
      if (name == "item") return make("ops::item(" + self.cpp + ")", Type::of(Base::Scalar));
      if (name == "size") return make(self.cpp + ".sizes()", Type::list_of(Base::Int));
    }
    if (name == "size") return integer(self.cpp + ".size(" + coerce(expression(c->args[0]), int_type, c->range) + ")");
    if (name == "stride")
      return integer(self.cpp + ".stride(" + coerce(expression(c->args[0]), int_type, c->range) + ")");
    std::vector<Value> args{self};
    for (const ast::Expr* e : c->args) args.push_back(expression(e));
    return operator_call(name, args, c->range, c);
  }

  Value operator_call(const std::string& name, std::vector<Value> args, SourceRange range,
                      const ast::Call* keywords = nullptr) {
    bool inplace;
    const std::vector<const Decl*> candidates = catalog_.find(name, inplace);
    if (candidates.empty()) error(range, "unknown operator " + name);
    for (const Decl* d : candidates) {
      std::vector<const Value*> bound(d->params.size(), nullptr);
      std::vector<Value> from_keywords;
      from_keywords.reserve(8);
      bool ok = true;
      size_t positional = 0;
      for (const Param& p : d->params) positional += !p.keyword_only;
      if (args.size() > positional) {
        // x.view(2, 3): all the rest is one list.
        if (positional == 0 || !d->params[positional - 1].type.is_list(Base::Int) || args.size() < positional) continue;
        Value rest;
        rest.is_display = true;
        for (size_t i = positional - 1; i < args.size(); i++) rest.items.push_back(args[i]);
        rest.type = Type::list_of(Base::Int);
        std::vector<Value> packed(args.begin(), args.begin() + static_cast<long>(positional) - 1);
        packed.push_back(rest);
        return operator_call(name, packed, range, keywords);
      }
      for (size_t i = 0; i < args.size(); i++) {
        bound[i] = &args[i];
        ok = ok && accepts(*d, i, args[i]);
      }
      if (ok && keywords)
        for (const ast::Keyword* k : keywords->keywords) {
          size_t i = 0;
          while (i < d->params.size() && d->params[i].name != k->arg) i++;
          if (i == d->params.size() || bound[i]) {
            ok = false;
            break;
          }
          from_keywords.push_back(expression(k->value));
          bound[i] = &from_keywords.back();
          ok = ok && accepts(*d, i, from_keywords.back());
        }
      for (size_t i = 0; ok && i < bound.size(); i++) ok = bound[i] || d->params[i].has_default();
      if (!ok) continue;
      std::string s = "op::" + (inplace ? d->cpp_name + "_" : d->cpp_name) + "(";
      for (size_t i = 0; i < bound.size(); i++) {
        s += i ? ", " : "";
        s += bound[i] ? coerce(*bound[i], d->params[i].type, range) : typed_default(*d, d->params[i]);
      }
      s += ")";
      Type t;
      if (inplace || d->mutates_self) {
        t = Type::of(Base::Tensor);
      } else if (d->results.size() == 1) {
        t = d->results[0].type;
      } else if (d->results.size() > 1) {
        t.base = Base::Tuple;
        for (const Result& r : d->results) t.elements.push_back(r.type);
      }
      return make(s, t);
    }
    error(range, "no overload of " + name + " takes these arguments");
  }

  /// As can_coerce, but a number does not pass for an overload's integer parameter by accident.
  bool accepts(const Decl& d, size_t i, const Value& v) const {
    const Type& to = d.params[i].type;
    if (!can_coerce(v, to)) return false;
    if (v.type.is(Base::Scalar) && !to.list && (to.base == Base::Int)) return false;
    return true;
  }

  std::string typed_default(const Decl& d, const Param& p) {
    Translator other(d, catalog_, o_);
    return other.constant(p);
  }

  const Decl& d_;
  const Catalog& catalog_;
  const BodyOptions& o_;
  std::map<std::string, Variable> variables_;
  std::map<std::string, Type> hoisted_;
  std::map<std::string, std::set<std::string>> flows_;
  std::string text_;
  int next_ = 0;
};

}  // namespace

std::string translate_body(const Decl& d, const ast::FunctionDef* f, const Catalog& catalog,
                           const BodyOptions& options) {
  return Translator(d, catalog, options).run(f);
}

std::string default_to_cpp(const Decl& d, const Param& p) {
  static const Catalog none;
  static const BodyOptions options;
  return Translator(d, none, options).constant(p);
}

}  // namespace tsvm::gen

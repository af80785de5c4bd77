// Scopes: what variables mean at a place.
//
// A scope belongs to a block. Values of the program live in variables that are loaded and stored by name, and the scope
// knows their types; everything else that a name can mean is kept in the scope itself and cannot be assigned again in
// an inner block. A variable that is not usable after an `if` leaves a message behind that says why.
#include <algorithm>

#include "ir/script/compiler.h"
#include "ir/script/scope.h"

namespace tsvm::script {

void Compiler::push_scope(Block* b) {
  auto s = std::make_shared<Scope>();
  s->outer = scope_;
  s->block = b;
  scope_ = std::move(s);
  block = b;
}

std::shared_ptr<Compiler::Scope> Compiler::pop_scope() {
  std::shared_ptr<Scope> old = scope_;
  scope_ = scope_->outer;
  block = scope_ ? scope_->block : nullptr;
  return old;
}

void Compiler::set_variable(const std::string& name, Value* v, SourceRange r, TypeId annotated) {
  set_sugared(name, simple(v), r, annotated);
}

void Compiler::set_sugared(const std::string& name, SugaredPtr v, SourceRange r, TypeId annotated) {
  std::function<bool(const SugaredPtr&)> is_unknown = [&](const SugaredPtr& x) {
    if (const auto* tuple = dynamic_cast<const TupleSugared*>(x.get()))
      return std::any_of(tuple->values.begin(), tuple->values.end(), is_unknown);
    return dynamic_cast<const UnknownSugared*>(x.get()) != nullptr;
  };
  if (is_unknown(v)) return forget(name);
  // Literals are values as soon as they have a name.
  Value* value = v->plain();
  if (!value && v->known()) value = v->as_value(*this, r);
  if (!value && dynamic_cast<TupleSugared*>(v.get())) {
    // A tuple of values is a value; one of modules or functions is not.
    bool all = true;
    for (const SugaredPtr& item : static_cast<TupleSugared*>(v.get())->values)
      all &= item->plain() || item->known() || dynamic_cast<TupleSugared*>(item.get());
    if (all) value = v->as_value(*this, r);
  }
  for (Scope* s = scope_->outer.get(); s; s = s->outer.get()) {
    auto sugared = s->sugared.find(name);
    if (sugared != s->sugared.end()) {
      if (is_unknown(sugared->second)) break;
      if (!value) {
        error(r, "Cannot re-assign '" + name + "' to a value of type " + v->kind(*this) + " because " + name +
                     " is not a first-class value.  Only reassignments to first-class values are allowed");
      }
      error(r, "Cannot re-assign '" + name + "' because it has type " + sugared->second->kind(*this) + " and " + name +
                   " is not a first-class value.  Only reassignments to first-class values are allowed");
    }
    auto type = s->types.find(name);
    if (type == s->types.end()) continue;
    if (!value)
      error(r, "Cannot re-assign '" + name + "' to a value of type " + v->kind(*this) + " because " + name +
                   " is not a first-class value.  Only reassignments to first-class values are allowed");
    if (annotated)
      error(r, "Attempting to declare and annotate the type of variable '" + name +
                   "' that is already defined in an outer block");
    if (!program.is_subtype(value->type, type->second)) {
      std::string message = "Variable '" + name + "' previously had type " + text(type->second) +
                            " but is now being assigned to a value of type " + text(value->type);
      // An empty list literal has a type that nobody wrote.
      TypeKind k = program.types.kind(type->second);
      if (k == TypeKind::List && program.types.kind(value->type) == TypeKind::List &&
          program.element(value->type) == types::Tensor)
        message +=
            "\nEmpty lists default to List[Tensor]. Add a variable annotation to the assignment to create an "
            "empty list of another type (torch.jit.annotate(List[T, []]) where T is the type of elements in the "
            "list for Python 2)";
      error(r, message);
    }
    break;
  }
  if (!value) {
    scope_->types.erase(name);
    scope_->sugared[name] = std::move(v);
    return;
  }
  if (annotated && !program.is_subtype(value->type, annotated))
    error(r, "Variable '" + name + "' is annotated with type " + text(annotated) +
                 " but is being assigned to a value of type " + text(value->type));
  Node* n = node(NodeKind::Store, r, {value});
  n->name = name;
  if (value->name.empty() && value->node && value->node->kind != NodeKind::Load) value->name = name;
  scope_->sugared.erase(name);
  scope_->errors.erase(name);
  scope_->types[name] = annotated ? annotated : value->type;
}

SugaredPtr Compiler::find_local(const std::string& name, SourceRange r) {
  for (Scope* s = scope_.get(); s; s = s->outer.get()) {
    if (s->deleted.count(name)) return nullptr;
    auto e = s->errors.find(name);
    if (e != s->errors.end()) {
      CompileError first = e->second;
      try {
        error(r, "");
      } catch (CompileError& here) {
        // The place of use goes below the reason.
        std::string place = here.text.substr(here.text.find("  File"));
        first.text = "\n" + first.text + "and was used here:\n" + place;
      }
      throw first;
    }
    auto sugared = s->sugared.find(name);
    if (sugared != s->sugared.end()) return sugared->second;
    auto type = s->types.find(name);
    if (type == s->types.end()) continue;
    Node* n = node(NodeKind::Load, r);
    n->name = name;
    return simple(with_output(n, type->second));
  }
  return nullptr;
}

SugaredPtr Compiler::variable(const std::string& name, SourceRange r, bool required) {
  if (SugaredPtr v = find_local(name, r)) return v;
  if (auto known = function.fixed.find(name); known != function.fixed.end()) return known->second;
  if (const Special* s = special_named(name)) return std::make_shared<SpecialForm>(*s);
  static const struct {
    const char* name;
    const char* op;
  } kBuiltins[] = {{"all", "aten::all"}, {"any", "aten::any"},   {"divmod", "aten::divmod"}, {"ord", "aten::ord"},
                   {"chr", "aten::chr"}, {"bin", "aten::bin"},   {"hex", "aten::hex"},       {"oct", "aten::oct"},
                   {"id", "prim::id"},   {"hash", "aten::hash"}, {"sorted", "aten::sorted"}, {"pow", "aten::pow"}};
  for (const auto& b : kBuiltins)
    if (name == b.name) return std::make_shared<BuiltinFunction>(b.op, nullptr);
  auto [it, added] = outside_.try_emplace(name);
  if (added) it->second = host.resolve(*this, function, name, r);
  SugaredPtr v = outside_[name];
  if (!v && required) error(r, "undefined value " + name);
  return v;
}

void Compiler::refine(const Refinements& list, SourceRange r) {
  for (const Refinement& known : list) {
    SugaredPtr v = find_local(known.name, r);
    if (!v || !v->plain()) continue;
    Value* old = v->plain();
    if (old->type == known.type) continue;
    Value* refined = cast(old, known.type, r);
    Node* n = node(NodeKind::Store, r, {refined});
    n->name = known.name;
    scope_->types[known.name] = known.type;
  }
}

void Compiler::branches(SourceRange r, Value* condition, const Refinements& when_true, const Refinements& when_false,
                        const std::function<void()>& then, const std::function<void()>& otherwise) {
  Node* n = node(NodeKind::If, r, {condition});
  n->blocks = {graph.new_block(n), graph.new_block(n)};
  auto run = [&](Block* b, const Refinements& known, const std::function<void()>& body) {
    push_scope(b);
    refine(known, r);
    body();
    return pop_scope();
  };
  std::shared_ptr<Scope> a = run(n->blocks[0], when_true, then), b = run(n->blocks[1], when_false, otherwise);
  bool a_exits = exits_.count(n->blocks[0]) != 0, b_exits = exits_.count(n->blocks[1]) != 0;
  if (a_exits && b_exits) exits_.insert(block);
  // Where a branch ends, variables are as the other branch leaves them.
  std::set<std::string> names;
  for (auto& [name, type] : a->types) names.insert(name);
  for (auto& [name, type] : b->types) names.insert(name);
  auto outer_type = [&](const std::string& name) {
    for (Scope* s = scope_.get(); s; s = s->outer.get()) {
      if (s->deleted.count(name)) break;
      auto t = s->types.find(name);
      if (t != s->types.end()) return t->second;
    }
    return TypeId();
  };
  if (a_exits && b_exits) return;
  auto message_error = [&](const std::string& message) {
    try {
      error(r, message);
    } catch (CompileError& e) {
      return e;
    }
  };
  std::set<std::string> unknown;
  for (auto* s : {a.get(), b.get()})
    for (auto& [name, v] : s->sugared)
      if (dynamic_cast<UnknownSugared*>(v.get())) unknown.insert(name);
  for (const std::string& name : names) {
    if (unknown.count(name)) continue;
    auto ta = a->types.find(name), tb = b->types.find(name);
    TypeId outer = outer_type(name);
    TypeId x = ta != a->types.end() ? ta->second : outer, y = tb != b->types.end() ? tb->second : outer;
    if (a_exits) x = y;
    if (b_exits) y = x;
    if (!x || !y) {
      if (a_exits || b_exits) continue;
      scope_->errors[name] = message_error(name + " is not defined in the " + (x ? "false" : "true") + " branch");
      continue;
    }
    TypeId both = program.unify(x, y);
    if (!both || (outer && !program.is_subtype(both, outer))) {
      CompileError e = message_error("Type mismatch: " + name + " is set to type " + text(x) +
                                     " in the true branch and type " + text(y) + " in the false branch");
      if (outer) throw e;
      scope_->errors[name] = e;
      continue;
    }
    scope_->types[name] = both;
    scope_->errors.erase(name);
    scope_->sugared.erase(name);
    scope_->deleted.erase(name);
  }
  // What only the compiler knows is kept when both branches agree, or one ends.
  for (auto* s : {a.get(), b.get()}) {
    bool other_exits = s == a.get() ? b_exits : a_exits;
    for (auto& [name, v] : s->sugared)
      if (unknown.count(name))
        continue;
      else if (other_exits)
        scope_->sugared[name] = v;
      else
        scope_->errors[name] =
            message_error(name + " is not defined in the " + (s == a.get() ? "false" : "true") + " branch");
  }
  for (const std::string& name : unknown) forget(name);
}

}  // namespace tsvm::script

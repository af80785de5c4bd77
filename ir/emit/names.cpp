// Where names live; loads, stores and deletions of names.
#include "ir/emit/emitter.h"

namespace tsvm::ir {

namespace {

bool is_inlined(const Scope& s) { return s.kind == ScopeKind::kComprehension && !s.node->is<ast::GeneratorExp>(); }

bool is_bound_in(const Scope& s, Identifier name) {
  const Symbol* symbol = s.find(name);
  return symbol != nullptr && (symbol->binding == Binding::kLocal || symbol->binding == Binding::kCell);
}

/// Names of `scope` and of what is around it that functions and classes inside of it capture. A comprehension that is
/// emitted in place captures nothing by itself.
void captured_names(const std::vector<Scope>& scopes, uint32_t scope, std::vector<Identifier>& out) {
  for (uint32_t child : scopes[scope].children) {
    const Scope& s = scopes[child];
    if (!is_inlined(s)) {
      out.insert(out.end(), s.frees.begin(), s.frees.end());
      continue;
    }
    std::vector<Identifier> inside;
    captured_names(scopes, child, inside);
    for (Identifier name : inside)
      if (!is_bound_in(s, name)) out.push_back(name);
  }
}

}  // namespace

// Makes the locals of a scope that goes into this function; parameters get their values afterwards.
void FunctionEmitter::declare_locals(NameScope& names) {
  const Scope& scope = m_.scopes.scopes[names.scope];
  std::vector<Identifier> captured;
  captured_names(m_.scopes.scopes, names.scope, captured);
  NameMap<bool> is_captured;
  for (Identifier name : captured)
    if (is_captured.find(name) == nullptr) is_captured.add(name, true);
  for (const Symbol& symbol : scope.symbols) {
    if (symbol.binding != Binding::kLocal && symbol.binding != Binding::kCell) continue;
    VariableId v = add_local(symbol.name, names);
    Local& local = locals_[v.index];
    if (is_captured.find(symbol.name) != nullptr) {
      local.kind = Local::Kind::Cell;
    } else if (symbol.is_stored_in_try) {
      local.kind = Local::Kind::Slot;
      local.slot = f_.num_slots++;
      f_.slot_names.push_back(local.name);
    }
    if (symbol.is_deleted) ssa_.deleted.add(v);
  }
}

VariableId FunctionEmitter::add_local(Identifier name, NameScope& names) {
  VariableId v = ssa_.add_variable();
  TSVM_CHECK(v.index == locals_.size(), "locals and variables differ");
  Local local;
  local.name = m_.name(name);
  locals_.push_back(local);
  f_.local_names.push_back(local.name);
  names.places.add(name, {Place::Kind::Local, v.index});
  return v;
}

Place FunctionEmitter::place_of(Identifier name, NameScope& names) {
  if (const Place* known = names.places.find(name)) return *known;
  return names.places.add(name, find_place(name, names));
}

Place FunctionEmitter::find_place(Identifier name, NameScope& names) {
  const Scope& scope = m_.scopes.scopes[names.scope];
  const Symbol* symbol = scope.find(name);
  Binding binding = symbol != nullptr ? symbol->binding : Binding::kGlobalImplicit;
  switch (scope.kind) {
    case ScopeKind::kModule:
      if (f_.is_class_body && binding != Binding::kGlobalExplicit) return {Place::Kind::Namespace, Place::kNoCell};
      return {Place::Kind::Global};
    case ScopeKind::kClass:
      if (binding == Binding::kGlobalExplicit) return {Place::Kind::Global};
      if (binding != Binding::kFree) return {Place::Kind::Namespace, Place::kNoCell};
      if (symbol->is_nonlocal) return captured_place(name, names);
      return {Place::Kind::Namespace, captured_place(name, names).index};
    default:
      if (binding == Binding::kFree) return captured_place(name, names.parent != nullptr ? *names.parent : names);
      TSVM_CHECK(binding != Binding::kLocal && binding != Binding::kCell, "a local that was not declared");
      return {Place::Kind::Global};
  }
}

// A variable as inner functions see it: namespaces of classes are passed over.
Place FunctionEmitter::captured_place(Identifier name, NameScope& names) {
  for (NameScope* n = &names; n != nullptr; n = n->parent)
    if (const Place* p = n->places.find(name); p != nullptr && p->kind == Place::Kind::Local) return *p;
  for (uint32_t i = 0; i < free_names_.size(); i++)
    if (ast::same_name(free_names_[i], name)) return {Place::Kind::Closure, i};
  TSVM_UNREACHABLE("a free name that nothing around binds");
}

ValueId FunctionEmitter::cell_at(Place place) const {
  if (place.kind == Place::Kind::Closure) return closure_[place.index];
  TSVM_CHECK(locals_[place.index].kind == Local::Kind::Cell, "a captured local without a cell");
  return locals_[place.index].cell;
}

ValueId FunctionEmitter::load_name(Identifier name, SourceRange range) {
  if (name == "__debug__") {
    at(range);
    Constant yes;
    yes.kind = Constant::Kind::Bool;
    yes.int_value = 1;
    return ssa_.builder.constant(yes);
  }
  Place place = place_of(name);
  switch (place.kind) {
    case Place::Kind::Local: return load_local(VariableId(place.index), range);
    case Place::Kind::Closure: return emit(range, Opcode::LoadCell, {closure_[place.index]}, m_.name(name));
    case Place::Kind::Global: return emit(range, Opcode::LoadGlobal, {}, m_.name(name));
    case Place::Kind::Namespace:
      if (place.index == Place::kNoCell) return emit(range, Opcode::LoadName, {namespace_}, m_.name(name));
      return emit(range, Opcode::LoadNameCell, {namespace_, closure_[place.index]}, m_.name(name));
  }
  TSVM_UNREACHABLE("a name that lives nowhere");
}

ValueId FunctionEmitter::load_local(VariableId v, SourceRange range) {
  const Local& local = locals_[v.index];
  at(range);
  if (local.kind == Local::Kind::Cell) return emit(range, Opcode::LoadCell, {local.cell}, local.name);
  ValueId value = local.kind == Local::Kind::Slot ? emit(range, Opcode::LoadSlot, {}, local.slot) : ssa_.read(v);
  if (ssa_.is_bound(v)) return value;
  value = emit(range, Opcode::CheckBound, {value}, local.name);
  if (local.kind == Local::Kind::Value) ssa_.write(v, value);
  ssa_.set_bound(v);
  return value;
}

void FunctionEmitter::store_local(VariableId v, ValueId value, SourceRange range) {
  const Local& local = locals_[v.index];
  keep_until_here(v);
  switch (local.kind) {
    case Local::Kind::Value: ssa_.write(v, value); break;
    case Local::Kind::Slot: emit(range, Opcode::StoreSlot, {value}, local.slot); break;
    case Local::Kind::Cell: emit(range, Opcode::StoreCell, {local.cell, value}); break;
  }
  ssa_.set_bound(v);
}

void FunctionEmitter::store_name(Identifier name, ValueId value, SourceRange range) {
  Place place = place_of(name);
  switch (place.kind) {
    case Place::Kind::Local: return store_local(VariableId(place.index), value, range);
    case Place::Kind::Closure: emit(range, Opcode::StoreCell, {closure_[place.index], value}); return;
    case Place::Kind::Global: emit(range, Opcode::StoreGlobal, {value}, m_.name(name)); return;
    case Place::Kind::Namespace: emit(range, Opcode::StoreName, {namespace_, value}, m_.name(name)); return;
  }
}

void FunctionEmitter::delete_name(Identifier name, SourceRange range) {
  Place place = place_of(name);
  switch (place.kind) {
    case Place::Kind::Local:
    case Place::Kind::Closure: load_name(name, range); return unset_name(name, range);
    case Place::Kind::Global: emit(range, Opcode::DeleteGlobal, {}, m_.name(name)); return;
    case Place::Kind::Namespace: emit(range, Opcode::DeleteName, {namespace_}, m_.name(name)); return;
  }
}

void FunctionEmitter::store_at_top_level(std::string_view name, ValueId value, SourceRange range) {
  if (f_.is_class_body)
    emit(range, Opcode::StoreName, {namespace_, value}, m_.module->intern(name));
  else
    emit(range, Opcode::StoreGlobal, {value}, m_.module->intern(name));
}

// Leaves a name without a value, whether it has one now or not.
void FunctionEmitter::unset_name(Identifier name, SourceRange range) {
  Place place = place_of(name);
  switch (place.kind) {
    case Place::Kind::Local: {
      VariableId v(place.index);
      if (locals_[v.index].kind == Local::Kind::Value) {
        keep_until_here(v);
        ssa_.write_unbound(v);
      } else {
        store_local(v, ssa_.unbound(), range);
      }
      ssa_.set_unbound(v);
      return;
    }
    case Place::Kind::Closure: emit(range, Opcode::StoreCell, {closure_[place.index], ssa_.unbound()}); return;
    case Place::Kind::Global:
    case Place::Kind::Namespace:
      at(range);
      store_name(name, none(), range);
      return delete_name(name, range);
  }
}

// --- what needs all variables ---

// The names that `locals()` shows here, with their values.
ValueId FunctionEmitter::locals_value(SourceRange range) {
  if (f_.is_class_body && names_ == &own_names_) return namespace_;
  ValueId dict = emit(range, Opcode::MakeDict, {});
  const Scope& scope = m_.scopes.scopes[names_->scope];
  auto add_those = [&](auto&& wanted) {
    for (const Symbol& symbol : scope.symbols) {
      if (symbol.binding == Binding::kGlobalExplicit || symbol.binding == Binding::kGlobalImplicit) continue;
      Place place = place_of(symbol.name);
      if (wanted(symbol, place)) add_to_locals(dict, symbol.name, place, range);
    }
  };
  auto is_cell = [&](Place p) { return p.kind == Place::Kind::Local && locals_[p.index].kind == Local::Kind::Cell; };
  auto is_own = [](const Symbol& s) { return s.binding != Binding::kFree; };
  // CPython's order
  add_those([&](const Symbol& s, Place p) { return is_own(s) && (s.is_parameter || !is_cell(p)); });
  add_those([&](const Symbol& s, Place p) { return is_own(s) && !s.is_parameter && is_cell(p); });
  add_those([&](const Symbol& s, Place) { return !is_own(s); });
  return dict;
}

// A name that may have no value is looked at in a region that swallows the error.
void FunctionEmitter::add_to_locals(ValueId dict, Identifier name, Place place, SourceRange range) {
  const Local* local = place.kind == Place::Kind::Local ? &locals_[place.index] : nullptr;
  bool sure = local != nullptr && local->kind != Local::Kind::Cell && ssa_.is_bound(VariableId(place.index));
  BlockId outer = ssa_.builder.handler;
  BlockId handler, after;
  if (!sure) {
    handler = block();
    after = block();
    enter_region(handler);
  }
  at(range);
  ValueId v;
  if (local == nullptr || local->kind == Local::Kind::Cell) {
    v = emit(range, Opcode::LoadCell, {cell_at(place)}, m_.name(name));
  } else {
    v = local->kind == Local::Kind::Slot ? emit(range, Opcode::LoadSlot, {}, local->slot)
                                         : ssa_.read(VariableId(place.index));
    if (!sure) v = emit(range, Opcode::CheckBound, {v}, local->name);
  }
  ValueId key = text(name);
  emit(range, Opcode::DictSet, {dict, key, v});
  if (sure) return;
  ssa_.builder.handler = outer;
  ssa_.jump(after);
  ssa_.enter_handler(handler);
  emit(range, Opcode::Catch, {});
  ssa_.jump(after);
  ssa_.enter(after);
}

// A call of what may be a builtin that looks at its caller's variables; none when it is none of those, or when the
// builtin finds them itself (globals).
ValueId FunctionEmitter::introspecting_call(const ast::Call& e) {
  const auto* callee_name = e.func->as<ast::Name>();
  if (callee_name == nullptr || !e.keywords.empty() || (f_.is_module_body && !f_.is_class_body)) return ValueId();
  Identifier name = callee_name->id;
  bool takes_source = name == "eval" || name == "exec";
  if (!takes_source && name != "locals" && name != "vars" && name != "dir") return ValueId();
  if (e.args.size() != (takes_source ? 1 : 0) || (takes_source && e.args[0]->is<ast::Starred>())) return ValueId();
  Place::Kind kind = place_of(name).kind;
  if (kind != Place::Kind::Global && kind != Place::Kind::Namespace) return ValueId();

  ValueId callee = load_name(name, callee_name->range);
  ValueId source = takes_source ? value(e.args[0]) : ValueId();
  at(e.range);
  ValueId nothing = none();
  ValueId builtins = emit(e.range, Opcode::ImportName, {nothing, integer(0)}, m_.module->intern("builtins"));
  ValueId builtin = emit(e.range, Opcode::LoadAttr, {builtins}, m_.name(name));
  ValueId same = emit(e.range, Opcode::Compare, {callee, builtin}, CompareOp::Is);
  ValueId test = emit(e.range, Opcode::Truth, {same});
  BlockId own = block();
  BlockId other = block();
  BlockId end = block();
  ValueId result = ssa_.add_param(end);
  ssa_.branch(test, own, other);
  ssa_.enter(own);
  ValueId variables = locals_value(e.range);
  if (takes_source) {
    ValueId globals = emit(e.range, Opcode::LoadGlobals, {});
    variables = call(e.range, callee, {source, globals, variables});
  } else if (name == "dir") {
    ValueId sorted = emit(e.range, Opcode::LoadAttr, {builtins}, m_.module->intern("sorted"));
    variables = call(e.range, sorted, {variables});
  }
  ssa_.jump(end, variables);
  ssa_.enter(other);
  ValueId v = takes_source ? call(e.range, callee, {source}) : call(e.range, callee, {});
  ssa_.jump(end, v);
  ssa_.enter(end);
  return result;
}

}  // namespace tsvm::ir

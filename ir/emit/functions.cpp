// Functions, classes, comprehensions: code that has a scope of its own.
#include <algorithm>

#include "ir/emit/emitter.h"
#include "ir/passes/promote_slots.h"
#include "ir/uses.h"
#include "parser/print.h"

namespace tsvm::ir {

namespace {

/// The text of a docstring; null when the body has none.
const ast::ConstantValue* docstring(std::span<ast::Stmt* const> body) {
  if (body.empty()) return nullptr;
  const auto* s = body[0]->as<ast::ExprStmt>();
  const auto* c = s != nullptr ? s->value->as<ast::Constant>() : nullptr;
  return c != nullptr && c->value.kind == ast::ConstantKind::kStr ? &c->value : nullptr;
}

std::span<ast::Stmt* const> as_span(const ast::List<ast::Stmt*>& list) { return {list.data(), list.size()}; }

}  // namespace

FunctionEmitter::FunctionEmitter(ModuleEmitter& m, uint32_t scope, Function& f)
    : m_(m), f_(f), ssa_(f), own_names_{scope}, names_(&own_names_) {}

// --- what all functions have ---

// "outer.<locals>.inner", as seen from the current place. (Comprehensions and generator expressions have no
// "<locals>".)
std::string FunctionEmitter::qualified(std::string_view name, bool is_global) const {
  if (is_global) return std::string(name);
  const Scope& own = m_.scopes.scopes[own_names_.scope];
  std::string out;
  if (!f_.is_module_body) {
    bool has_locals = own.kind == ScopeKind::kFunction || own.kind == ScopeKind::kLambda;
    out = f_.qualified_name + (has_locals ? ".<locals>." : ".");
  }
  std::string inside;
  for (const NameScope* n = names_; n->parent != nullptr; n = n->parent)
    inside = std::string(m_.scopes.scopes[n->scope].name) + "." + inside;
  return out + inside + std::string(name);
}

Function& FunctionEmitter::add_function(std::string_view name, SourceRange range, uint32_t first_offset, bool is_global,
                                        ModuleEmitter::Emitted& emitted) {
  emitted.id = m_.module->add_function();
  Function& f = *m_.module->functions[emitted.id.index];
  f.name = name;
  f.qualified_name = qualified(name, is_global);
  f.range = range;
  f.first_line = static_cast<int>(m_.line_of(first_offset));
  return f;
}

// The first block, parameters, cells. `params`: names of the parameters, in the order of Function::params.
void FunctionEmitter::begin_body(std::span<const Identifier> params) {
  const Scope& scope = m_.scopes.scopes[own_names_.scope];
  at(f_.range);
  ssa_.enter_first(block());
  std::vector<ValueId> values;
  for (size_t i = 0; i < params.size(); i++) values.push_back(ssa_.add_param(ssa_.block()));
  if (f_.is_class_body) namespace_ = values[0];
  free_names_ = scope.frees;
  for (uint32_t i = 0; i < free_names_.size(); i++) {
    f_.free_names.push_back(m_.name(free_names_[i]));
    closure_.push_back(ssa_.builder.emit(Opcode::LoadClosure, {}, i));
  }
  if (f_.is_module_body) return;
  if (f_.is_class_body) {
    for (Identifier cell : scope.cells) {
      VariableId v = add_local(cell, own_names_);
      make_cell(v, ssa_.unbound());
    }
    return;
  }
  declare_locals(own_names_);
  size_t declared = locals_.size();
  for (size_t i = 0; i < params.size(); i++) {
    const Place* place = own_names_.places.find(params[i]);
    if (place == nullptr) continue;  // the iterator of a generator expression
    VariableId v(place->index);
    if (i == 0 && (f_.params[0].kind == ParamKind::PositionalOnly || f_.params[0].kind == ParamKind::Positional))
      first_param_ = v;
    if (locals_[v.index].kind == Local::Kind::Cell)
      make_cell(v, values[i]);
    else
      store_local(v, values[i], f_.range);
    ssa_.set_bound(v);
    keep(v);
  }
  for (uint32_t i = 0; i < declared; i++)
    if (locals_[i].kind == Local::Kind::Cell && !locals_[i].cell) make_cell(VariableId(i), ssa_.unbound());
}

void FunctionEmitter::make_cell(VariableId local, ValueId value) {
  locals_[local.index].kind = Local::Kind::Cell;
  locals_[local.index].cell = ssa_.builder.emit(Opcode::MakeCell, {value});
}

bool FunctionEmitter::is_in_loop() const {
  for (const Region& r : regions_)
    if (r.kind == Region::Kind::Loop) return true;
  return false;
}

// A value dies with its last use, but one that can tell when it dies (a file, a temporary folder, an object with
// __del__) must live as long as the variable that it was given to. So variables that get what a call or a display made
// keep it until the function returns; those that are assigned in loops only do not, which would cost every round a
// move.
void FunctionEmitter::keep(const ast::Expr* target, const ast::Expr* source) {
  if (f_.is_module_body || f_.is_class_body) return;
  if (source != nullptr) {
    if (const auto* choice = source->as<ast::IfExp>()) {
      keep(target, choice->body);
      return keep(target, choice->orelse);
    }
    using K = ast::NodeKind;
    switch (source->kind) {
      case K::kCall:
      case K::kListExpr:
      case K::kTuple:
      case K::kDict:
      case K::kSet:
      case K::kListComp:
      case K::kSetComp:
      case K::kDictComp:
      case K::kGeneratorExp: break;
      default: return;
    }
  }
  if (is_in_loop()) return;
  auto each = [&](const ast::List<ast::Expr*>& elements) {
    for (const ast::Expr* e : elements) keep(e, nullptr);
  };
  if (const auto* tuple = target->as<ast::Tuple>()) return each(tuple->elts);
  if (const auto* list = target->as<ast::ListExpr>()) return each(list->elts);
  const auto* name = target->as<ast::Name>();
  if (name == nullptr) return;
  if (Place place = place_of(name->id); place.kind == Place::Kind::Local) keep(VariableId(place.index));
}

// The variable gets another value, or is deleted. (A slot that is read here would have to stay one.)
void FunctionEmitter::keep_until_here(VariableId v) {
  if (locals_[v.index].kind != Local::Kind::Value || !is_kept(v) || is_in_loop()) return;
  ssa_.builder.emit(Opcode::KeepAlive, {ssa_.read(v)});
}

ValueId FunctionEmitter::held_by(VariableId v) {
  const Local& local = locals_[v.index];
  switch (local.kind) {
    case Local::Kind::Value: return ssa_.read(v);
    case Local::Kind::Slot: return ssa_.builder.emit(Opcode::LoadSlot, {}, local.slot);
    case Local::Kind::Cell: return local.cell;
  }
  TSVM_UNREACHABLE("a local that is nowhere");
}

bool FunctionEmitter::is_kept(VariableId v) const { return std::find(kept_.begin(), kept_.end(), v) != kept_.end(); }

void FunctionEmitter::keep(VariableId v) {
  if (!is_kept(v)) kept_.push_back(v);
}

void FunctionEmitter::return_value(ValueId result) {
  SmallVector<ValueId, 8> values;
  for (VariableId v : kept_) {
    ValueId value = held_by(v);
    const Inst* def = f_.def(value);
    if (value != result && !(def && (def->op == Opcode::Const || def->op == Opcode::Unbound))) values.push_back(value);
  }
  if (!values.empty()) ssa_.builder.emit(Opcode::KeepAlive, values);
  ssa_.terminate(Opcode::Return, {result});
}

void FunctionEmitter::end_body() {
  if (live()) {
    ValueId nothing = none();
    return_value(nothing);
  }
  ssa_.finish();
  if (run_promote_slots(f_)) compact(f_);
}

ValueId FunctionEmitter::make_function(const ModuleEmitter::Emitted& child, ValueId defaults, ValueId keyword_defaults,
                                       ValueId annotations, SourceRange range) {
  std::vector<ValueId> operands{defaults, keyword_defaults, annotations};
  for (Identifier name : child.free_names) operands.push_back(cell_at(captured_place(name, *names_)));
  return emit(range, Opcode::MakeFunction, operands, child.id.index);
}

// --- functions ---

const ModuleEmitter::Emitted& FunctionEmitter::emit_child(const FunctionParts& parts) {
  auto [it, is_new] = m_.emitted.try_emplace(parts.node);
  ModuleEmitter::Emitted& emitted = it->second;
  if (!is_new) return emitted;
  bool is_global = false;
  if (const auto* def = parts.node->as<ast::FunctionDef>()) {
    const Symbol* symbol = m_.scopes.scopes[names_->scope].find(def->name);
    is_global = symbol != nullptr && symbol->binding == Binding::kGlobalExplicit;
  }
  Function& f = add_function(parts.name, parts.range, parts.first_offset, is_global, emitted);
  emitted.free_names = m_.scopes.scopes[parts.scope].frees;
  FunctionEmitter child(m_, parts.scope, f);
  child.emit_function_body(parts);
  return emitted;
}

void FunctionEmitter::emit_function_body(const FunctionParts& parts) {
  const ast::Arguments& args = *parts.args;
  f_.is_generator = m_.scopes.scopes[parts.scope].is_generator;
  std::vector<Identifier> names;
  auto add = [&](const ast::Arg* a, ParamKind kind, bool has_default) {
    f_.params.push_back({m_.name(a->arg), kind, has_default});
    names.push_back(a->arg);
  };
  uint32_t positional = args.posonlyargs.size() + args.args.size();
  uint32_t first_default = positional - args.defaults.size();
  for (uint32_t i = 0; i < args.posonlyargs.size(); i++)
    add(args.posonlyargs[i], ParamKind::PositionalOnly, i >= first_default);
  for (uint32_t i = 0; i < args.args.size(); i++)
    add(args.args[i], ParamKind::Positional, args.posonlyargs.size() + i >= first_default);
  if (args.vararg != nullptr) add(args.vararg, ParamKind::VarArgs, false);
  for (uint32_t i = 0; i < args.kwonlyargs.size(); i++)
    add(args.kwonlyargs[i], ParamKind::KeywordOnly, args.kw_defaults[i] != nullptr);
  if (args.kwarg != nullptr) add(args.kwarg, ParamKind::VarKeywords, false);

  begin_body(names);
  if (parts.result != nullptr) {
    ValueId result = value(parts.result);
    at(parts.result->range);
    return_value(result);
  } else {
    if (const ast::ConstantValue* doc = docstring(parts.body)) {
      f_.has_doc = true;
      f_.doc = doc->text;
    }
    body(parts.body);
  }
  end_body();
}

ValueId FunctionEmitter::annotation_value(const ast::Expr* annotation) {
  if (!m_.scopes.future_annotations) return value(annotation);
  at(annotation->range);
  return text(unparse(annotation));
}

// None when there are none.
ValueId FunctionEmitter::annotations_value(const ast::Arguments& args, const ast::Expr* returns, SourceRange range) {
  std::vector<ValueId> pairs;
  auto add = [&](std::string_view name, const ast::Expr* annotation) {
    if (annotation == nullptr) return;
    at(range);
    ValueId key = text(name);
    pairs.push_back(key);
    const auto* star = annotation->as<ast::Starred>();  // *args: *Ts
    if (star == nullptr) {
      pairs.push_back(annotation_value(annotation));
      return;
    }
    ValueId tuple = emit(range, Opcode::UnpackExact, {value(star->value)}, 1);
    pairs.push_back(emit(range, Opcode::TupleItem, {tuple}, 0));
  };
  // CPython's order
  for (const ast::Arg* a : args.args) add(a->arg, a->annotation);
  for (const ast::Arg* a : args.posonlyargs) add(a->arg, a->annotation);
  if (args.vararg != nullptr) add(args.vararg->arg, args.vararg->annotation);
  for (const ast::Arg* a : args.kwonlyargs) add(a->arg, a->annotation);
  if (args.kwarg != nullptr) add(args.kwarg->arg, args.kwarg->annotation);
  add("return", returns);
  return pairs.empty() ? ValueId() : emit(range, Opcode::MakeDict, pairs);
}

ValueId FunctionEmitter::function_value(const FunctionParts& parts) {
  const ast::Arguments& args = *parts.args;
  at(parts.range);
  ValueId nothing = none();
  ValueId defaults = nothing;
  if (!args.defaults.empty()) {
    Constant all;
    all.kind = Constant::Kind::Tuple;
    if (constant_items(args.defaults, all)) {
      defaults = ssa_.builder.constant(all);
    } else {
      std::vector<ValueId> values;
      for (const ast::Expr* e : args.defaults) values.push_back(value(e));
      defaults = emit(parts.range, Opcode::MakeTuple, values);
    }
  }
  std::vector<ValueId> pairs;
  for (uint32_t i = 0; i < args.kwonlyargs.size(); i++) {
    if (args.kw_defaults[i] == nullptr) continue;
    at(parts.range);
    pairs.push_back(text(args.kwonlyargs[i]->arg));
    pairs.push_back(value(args.kw_defaults[i]));
  }
  ValueId keyword_defaults = pairs.empty() ? nothing : emit(parts.range, Opcode::MakeDict, pairs);
  ValueId annotations = annotations_value(args, parts.returns, parts.range);
  if (!annotations) annotations = nothing;
  return make_function(emit_child(parts), defaults, keyword_defaults, annotations, parts.range);
}

std::vector<ValueId> FunctionEmitter::decorator_values(ast::List<ast::Expr*> decorators) {
  std::vector<ValueId> values;
  for (const ast::Expr* e : decorators) values.push_back(value(e));
  return values;
}

ValueId FunctionEmitter::apply_decorators(ast::List<ast::Expr*> decorators, std::span<const ValueId> values,
                                          ValueId decorated) {
  for (size_t i = values.size(); i-- > 0;) decorated = call(decorators[i]->range, values[i], {decorated});
  return decorated;
}

void FunctionEmitter::function_statement(const ast::FunctionDef& s) {
  std::vector<ValueId> decorators = decorator_values(s.decorator_list);
  ValueId function =
      function_value({.node = &s,
                      .scope = s.scope,
                      .name = m_.source.slice(s.name_range),  // the tree has the mangled name
                      .args = s.args,
                      .body = as_span(s.body),
                      .returns = s.returns,
                      .range = s.range,
                      .first_offset = s.decorator_list.empty() ? s.range.begin : s.decorator_list[0]->range.begin});
  store_name(s.name, apply_decorators(s.decorator_list, decorators, function), s.range);
}

// --- classes ---

void FunctionEmitter::class_statement(const ast::ClassDef& s) {
  std::vector<ValueId> decorators = decorator_values(s.decorator_list);
  std::string_view name = m_.source.slice(s.name_range);
  auto [it, is_new] = m_.emitted.try_emplace(&s);
  ModuleEmitter::Emitted& emitted = it->second;
  if (is_new) {
    const Symbol* symbol = m_.scopes.scopes[names_->scope].find(s.name);
    bool is_global = symbol != nullptr && symbol->binding == Binding::kGlobalExplicit;
    uint32_t first = s.decorator_list.empty() ? s.range.begin : s.decorator_list[0]->range.begin;
    Function& f = add_function(name, s.range, first, is_global, emitted);
    f.is_class_body = true;
    emitted.free_names = m_.scopes.scopes[s.scope].frees;
    FunctionEmitter child(m_, s.scope, f);
    child.emit_class_body(s);
  }
  at(s.range);
  ValueId nothing = none();
  std::vector<ValueId> operands{make_function(emitted, nothing, nothing, nothing, s.range)};
  operands.push_back(text(name));
  CallShape shape = arguments(s.bases, s.keywords, operands);
  ValueId made = emit(s.range, Opcode::BuildClass, operands, m_.module->intern(shape));
  store_name(s.name, apply_decorators(s.decorator_list, decorators, made), s.range);
}

void FunctionEmitter::emit_class_body(const ast::ClassDef& s) {
  static constexpr Identifier kNamespace = ".namespace";
  begin_body(std::span(&kNamespace, 1));
  auto set = [&](std::string_view name, ValueId v) {
    emit(s.range, Opcode::StoreName, {namespace_, v}, m_.module->intern(name));
  };
  set("__module__", emit(s.range, Opcode::LoadName, {namespace_}, m_.module->intern("__name__")));
  set("__qualname__", text(f_.qualified_name));
  setup_annotations(as_span(s.body), s.range);
  if (const ast::ConstantValue* doc = docstring(as_span(s.body))) set("__doc__", text(doc->text));
  body(s.body);
  if (live() && !locals_.empty() && locals_[0].kind == Local::Kind::Cell) {
    // The cell that methods find `__class__` in: made for the class, filled when the class is made.
    at(s.range);
    set("__classcell__", locals_[0].cell);
    ssa_.terminate(Opcode::Return, {locals_[0].cell});
  }
  end_body();
}

// `super()`: the class that the method was written in, and the method's first argument.
ValueId FunctionEmitter::super_value(const ast::Call& e) {
  NameScope* scope = names_;
  Identifier cell_name;
  for (Identifier name : free_names_)
    if (name == "__class__") cell_name = name;
  if (cell_name.empty() || !first_param_) {
    // Not in a method: the builtin says what is wrong.
    ValueId callee = load_name(e.func->cast<ast::Name>()->id, e.func->range);
    return call(e.range, callee, {});
  }
  ValueId cell = cell_at(captured_place(cell_name, *scope));
  ValueId own_class = emit(e.range, Opcode::LoadCell, {cell}, m_.name(cell_name));
  ValueId first = load_local(first_param_, e.range);
  return emit(e.range, Opcode::LoadSuper, {own_class, first});
}

// --- comprehensions ---

ValueId FunctionEmitter::iterable_value(const ast::Expr* e) {
  Constant items;
  const ast::List<ast::Expr*>* list = nullptr;
  items.kind = Constant::Kind::Tuple;
  if (const auto* l = e->as<ast::ListExpr>()) list = &l->elts;
  if (list != nullptr && constant_items(*list, items)) {
    at(e->range);
    return ssa_.builder.constant(items);
  }
  return value(e);
}

// Instructions of a comprehension belong to a frame of their own, as far as tracebacks can tell.
uint16_t FunctionEmitter::add_inlined_frame(const char* name, SourceRange call) {
  uint16_t around = ssa_.builder.frame;
  if (f_.inlined.empty()) f_.inlined.push_back({.name = f_.name, .call = {}});
  if (f_.inlined.size() > 0xffff) return around;
  f_.inlined.push_back({.name = name, .parent = around, .call = call});
  return static_cast<uint16_t>(f_.inlined.size() - 1);
}

ValueId FunctionEmitter::comprehension_value(const ast::Expr& e, uint32_t scope,
                                             ast::List<ast::Comprehension*> generators, const char* name) {
  ValueId iterable = iterable_value(generators[0]->iter);
  ValueId iterator = emit(e.range, Opcode::GetIter, {iterable});
  uint16_t frame = ssa_.builder.frame;
  ssa_.builder.frame = add_inlined_frame(name, e.range);
  NameScope names{scope, names_};
  names_ = &names;
  size_t first = locals_.size();
  declare_locals(names);
  at(e.range);
  for (size_t i = first; i < locals_.size(); i++) {
    VariableId v(static_cast<uint32_t>(i));
    if (locals_[i].kind == Local::Kind::Cell)
      make_cell(v, ssa_.unbound());
    else
      ssa_.write_unbound(v);
  }
  Opcode make = e.is<ast::ListComp>() ? Opcode::MakeList : e.is<ast::SetComp>() ? Opcode::MakeSet : Opcode::MakeDict;
  ValueId result = emit(e.range, make, {});
  comprehension_loops(e, generators, 0, iterator, result);
  names_ = names.parent;
  ssa_.builder.frame = frame;
  return result;
}

void FunctionEmitter::comprehension_loops(const ast::Expr& e, ast::List<ast::Comprehension*> generators, size_t i,
                                          ValueId iterator, ValueId result) {
  const ast::Comprehension& c = *generators[i];
  BlockId header = block();
  BlockId inside = block();
  BlockId end = block();
  ssa_.jump(header);
  ssa_.enter_loop(header);
  at(e.range);
  ValueId item = ssa_.for_iter(iterator, inside, end);
  ssa_.enter(inside);
  store(c.target, item);
  for (const ast::Expr* condition : c.ifs) {
    BlockId holds = block();
    SourceRange range = e.range;
    branch_on(condition, holds, header, range);
    ssa_.enter(holds);
    if (!live()) break;
  }
  if (live()) {
    if (i + 1 == generators.size()) {
      comprehension_item(e, result);
    } else {
      ValueId inner = iterable_value(generators[i + 1]->iter);
      comprehension_loops(e, generators, i + 1, emit(e.range, Opcode::GetIter, {inner}), result);
    }
    ssa_.jump(header);
  }
  ssa_.seal(header);
  ssa_.enter(end);
}

void FunctionEmitter::comprehension_item(const ast::Expr& e, ValueId result) {
  if (const auto* list = e.as<ast::ListComp>()) {
    ValueId v = value(list->elt);
    emit(e.range, Opcode::ListAppend, {result, v});
  } else if (const auto* set = e.as<ast::SetComp>()) {
    ValueId v = value(set->elt);
    emit(e.range, Opcode::SetAdd, {result, v});
  } else if (const auto* dict = e.as<ast::DictComp>()) {
    ValueId key = value(dict->key);
    ValueId v = value(dict->value);
    emit(e.range, Opcode::DictSet, {result, key, v});
  } else {
    ValueId v = value(e.cast<ast::GeneratorExp>()->elt);
    emit(e.range, Opcode::Yield, {v});
  }
}

ValueId FunctionEmitter::generator_value(const ast::GeneratorExp& e) {
  at(e.range);
  auto [it, is_new] = m_.emitted.try_emplace(&e);
  ModuleEmitter::Emitted& emitted = it->second;
  if (is_new) {
    Function& f = add_function("<genexpr>", e.range, e.range.begin, false, emitted);
    emitted.free_names = m_.scopes.scopes[e.scope].frees;
    FunctionEmitter child(m_, e.scope, f);
    child.emit_generator_body(e);
  }
  ValueId nothing = none();
  ValueId function = make_function(emitted, nothing, nothing, nothing, e.range);
  ValueId iterable = iterable_value(e.generators[0]->iter);
  ValueId iterator = emit(e.range, Opcode::GetIter, {iterable});
  return call(e.range, function, {iterator});
}

void FunctionEmitter::emit_generator_body(const ast::GeneratorExp& e) {
  static constexpr Identifier kIterator = ".0";
  f_.is_generator = true;
  f_.params.push_back({m_.module->intern(kIterator), ParamKind::PositionalOnly, false});
  begin_body(std::span(&kIterator, 1));
  comprehension_loops(e, e.generators, 0, f_[f_.entry].params[0], ValueId());
  end_body();
}

}  // namespace tsvm::ir

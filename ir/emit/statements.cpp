// Statements, targets of assignments, imports.
#include "ir/emit/emitter.h"

namespace tsvm::ir {

namespace {

/// Some statement of this level annotates a variable (functions and classes in it are their own levels).
bool has_annotation(std::span<ast::Stmt* const> statements) {
  for (const ast::Stmt* s : statements) {
    if (s->is<ast::AnnAssign>()) return true;
    if (s->is<ast::FunctionDef>() || s->is<ast::ClassDef>()) continue;
    bool found = false;
    ast::for_each_child(s, [&](const auto* child) {
      using T = std::decay_t<decltype(*child)>;
      if constexpr (std::is_same_v<T, ast::Stmt>) {
        ast::Stmt* inner = const_cast<ast::Stmt*>(child);
        found = found || has_annotation(std::span(&inner, 1));
      } else if constexpr (std::is_same_v<T, ast::ExceptHandler>) {
        found = found || has_annotation(std::span<ast::Stmt* const>(child->body.data(), child->body.size()));
      }
    });
    if (found) return true;
  }
  return false;
}

}  // namespace

void FunctionEmitter::body(std::span<ast::Stmt* const> statements) {
  for (const ast::Stmt* s : statements) {
    if (!live()) return;
    statement(s);
  }
}

void FunctionEmitter::statement(const ast::Stmt* s) {
  using K = ast::NodeKind;
  switch (s->kind) {
    case K::kFunctionDef: return function_statement(*s->cast<ast::FunctionDef>());
    case K::kClassDef: return class_statement(*s->cast<ast::ClassDef>());
    case K::kReturn: return return_statement(*s->cast<ast::Return>());
    case K::kDelete:
      for (const ast::Expr* target : s->cast<ast::Delete>()->targets) delete_target(target);
      return;
    case K::kAssign: return assign_statement(*s->cast<ast::Assign>());
    case K::kAugAssign: return augmented_statement(*s->cast<ast::AugAssign>());
    case K::kAnnAssign: return annotated_statement(*s->cast<ast::AnnAssign>());
    case K::kFor: return for_statement(*s->cast<ast::For>());
    case K::kWhile: return while_statement(*s->cast<ast::While>());
    case K::kIf: return if_statement(*s->cast<ast::If>());
    case K::kWith: return with_statement(*s->cast<ast::With>(), 0);
    case K::kRaise: return raise_statement(*s->cast<ast::Raise>());
    case K::kMatch: return match_statement(*s->cast<ast::Match>());
    case K::kTry: return try_statement(*s->cast<ast::Try>());
    case K::kTryStar: return try_statement(*s->cast<ast::TryStar>());
    case K::kAssert: return assert_statement(*s->cast<ast::Assert>());
    case K::kImport: return import_statement(*s->cast<ast::Import>());
    case K::kImportFrom: return import_from_statement(*s->cast<ast::ImportFrom>());
    case K::kGlobal:
    case K::kNonlocal:
    case K::kPass: return;
    case K::kExprStmt: return expression_statement(*s->cast<ast::ExprStmt>());
    case K::kBreak: return leave_loop(false);
    case K::kContinue: return leave_loop(true);
    default: TSVM_UNREACHABLE("a statement that is none");
  }
}

void FunctionEmitter::expression_statement(const ast::ExprStmt& s) {
  if (m_.options.mode != EmitMode::File && f_.is_module_body) {
    ValueId printed = value(s.value);
    at(s.range);
    if (m_.options.mode == EmitMode::Eval) return ssa_.terminate(Opcode::Return, {printed});
    ValueId nothing = none();
    ValueId sys = emit(s.range, Opcode::ImportName, {nothing, integer(0)}, m_.module->intern("sys"));
    ValueId hook = emit(s.range, Opcode::LoadAttr, {sys}, m_.module->intern("displayhook"));
    call(s.range, hook, {printed});
    return;
  }
  if (!s.value->is<ast::Constant>()) value(s.value);
}

void FunctionEmitter::return_statement(const ast::Return& s) {
  at(s.range);
  ValueId result = s.value == nullptr ? none() : value(s.value);
  leave_regions(0, [&] {
    at(s.range);
    return_value(result);
  });
}

void FunctionEmitter::leave_loop(bool again) {
  size_t depth = regions_.size();
  while (regions_[depth - 1].kind != Region::Kind::Loop) depth--;
  BlockId target = again ? regions_[depth - 1].on_continue : regions_[depth - 1].on_break;
  leave_regions(depth, [&] { ssa_.jump(target); });
}

// --- assignment ---

void FunctionEmitter::assign_statement(const ast::Assign& s) {
  // a, b = x, y: no tuple is made.
  if (s.targets.size() == 1) {
    const auto* sources = s.value->as<ast::Tuple>();
    const ast::List<ast::Expr*>* targets = nullptr;
    if (const auto* t = s.targets[0]->as<ast::Tuple>()) targets = &t->elts;
    if (const auto* t = s.targets[0]->as<ast::ListExpr>()) targets = &t->elts;
    auto plain = [](ast::List<ast::Expr*> list) {
      for (const ast::Expr* e : list)
        if (e->is<ast::Starred>()) return false;
      return true;
    };
    if (sources != nullptr && targets != nullptr && sources->elts.size() == targets->size() && plain(*targets) &&
        plain(sources->elts)) {
      SmallVector<ValueId, 8> values;
      for (const ast::Expr* e : sources->elts) values.push_back(value(e));
      for (size_t i = 0; i < values.size(); i++) {
        store((*targets)[i], values[i]);
        keep((*targets)[i], sources->elts[i]);
      }
      return;
    }
  }
  ValueId v = value(s.value);
  for (const ast::Expr* target : s.targets) {
    store(target, v);
    keep(target, s.value);
  }
}

void FunctionEmitter::augmented_statement(const ast::AugAssign& s) {
  auto combine = [&](ValueId old) {
    ValueId operand = value(s.value);
    return emit(s.range, Opcode::Inplace, {old, operand}, arith_of(s.op));
  };
  if (const auto* name = s.target->as<ast::Name>()) {
    ValueId old = load_name(name->id, name->range);
    store_name(name->id, combine(old), name->range);
  } else if (const auto* attribute = s.target->as<ast::Attribute>()) {
    ValueId object = value(attribute->value);
    SourceRange range = attribute_range(*attribute);
    NameId name = m_.name(attribute->attr);
    ValueId old = emit(range, Opcode::LoadAttr, {object}, name);
    ValueId updated = combine(old);
    emit(range, Opcode::StoreAttr, {object, updated}, name);
  } else {
    const auto* subscript = s.target->cast<ast::Subscript>();
    ValueId object = value(subscript->value);
    ValueId key = slice_value(subscript->slice);
    ValueId old = emit(subscript->range, Opcode::LoadItem, {object, key});
    ValueId updated = combine(old);
    emit(subscript->range, Opcode::StoreItem, {object, key, updated});
  }
}

void FunctionEmitter::annotated_statement(const ast::AnnAssign& s) {
  if (s.value != nullptr) {
    store(s.target, value(s.value));
    keep(s.target, s.value);
  }
  if (const auto* name = s.target->as<ast::Name>()) {
    if (is_function()) return;
    ValueId annotation = annotation_value(s.annotation);
    if (!s.simple) return;
    NameId table = m_.module->intern("__annotations__");
    ValueId annotations = f_.is_class_body ? emit(s.range, Opcode::LoadName, {namespace_}, table)
                                           : emit(s.range, Opcode::LoadGlobal, {}, table);
    at(s.range);
    ValueId key = text(name->id);
    emit(s.range, Opcode::StoreItem, {annotations, key, annotation});
    return;
  }
  if (s.value == nullptr) {
    if (const auto* attribute = s.target->as<ast::Attribute>()) {
      value(attribute->value);
    } else {
      const auto* subscript = s.target->cast<ast::Subscript>();
      value(subscript->value);
      slice_value(subscript->slice);
    }
  }
  if (!is_function() && !m_.scopes.future_annotations) value(s.annotation);
}

void FunctionEmitter::setup_annotations(std::span<ast::Stmt* const> statements, SourceRange range) {
  if (!has_annotation(statements)) return;
  NameId table = m_.module->intern("__annotations__");
  at(range);
  ValueId names = f_.is_class_body ? namespace_ : emit(range, Opcode::LoadGlobals, {});
  ValueId missing = emit(range, Opcode::Compare, {text("__annotations__"), names}, CompareOp::NotIn);
  ValueId test = emit(range, Opcode::Truth, {missing});
  BlockId make = block();
  BlockId after = block();
  ssa_.branch(test, make, after);
  ssa_.enter(make);
  ValueId annotations = emit(range, Opcode::MakeDict, {});
  if (f_.is_class_body)
    emit(range, Opcode::StoreName, {namespace_, annotations}, table);
  else
    emit(range, Opcode::StoreGlobal, {annotations}, table);
  ssa_.jump(after);
  ssa_.enter(after);
}

void FunctionEmitter::store(const ast::Expr* target, ValueId v) {
  using K = ast::NodeKind;
  switch (target->kind) {
    case K::kName: return store_name(target->cast<ast::Name>()->id, v, target->range);
    case K::kAttribute: {
      const auto& a = *target->cast<ast::Attribute>();
      ValueId object = value(a.value);
      emit(attribute_range(a), Opcode::StoreAttr, {object, v}, m_.name(a.attr));
      return;
    }
    case K::kSubscript: {
      const auto& s = *target->cast<ast::Subscript>();
      ValueId object = value(s.value);
      ValueId key = slice_value(s.slice);
      emit(s.range, Opcode::StoreItem, {object, key, v});
      return;
    }
    case K::kTuple: return unpack(*target, target->cast<ast::Tuple>()->elts, v);
    case K::kListExpr: return unpack(*target, target->cast<ast::ListExpr>()->elts, v);
    case K::kStarred: return store(target->cast<ast::Starred>()->value, v);
    default: TSVM_UNREACHABLE("an expression that cannot be assigned to");
  }
}

void FunctionEmitter::unpack(const ast::Expr& target, ast::List<ast::Expr*> items, ValueId v) {
  uint32_t star = items.size();
  for (uint32_t i = 0; i < items.size(); i++)
    if (items[i]->is<ast::Starred>()) star = i;
  ValueId tuple;
  if (star == items.size())
    tuple = emit(target.range, Opcode::UnpackExact, {v}, items.size());
  else
    tuple = emit(target.range, Opcode::UnpackStar, {v}, star * 65536 + (items.size() - star - 1));
  SmallVector<ValueId, 8> values;
  for (uint32_t i = 0; i < items.size(); i++) values.push_back(emit(target.range, Opcode::TupleItem, {tuple}, i));
  for (uint32_t i = 0; i < items.size(); i++) store(items[i], values[i]);
}

void FunctionEmitter::delete_target(const ast::Expr* target) {
  using K = ast::NodeKind;
  switch (target->kind) {
    case K::kName: return delete_name(target->cast<ast::Name>()->id, target->range);
    case K::kAttribute: {
      const auto& a = *target->cast<ast::Attribute>();
      ValueId object = value(a.value);
      emit(attribute_range(a), Opcode::DeleteAttr, {object}, m_.name(a.attr));
      return;
    }
    case K::kSubscript: {
      const auto& s = *target->cast<ast::Subscript>();
      ValueId object = value(s.value);
      ValueId key = slice_value(s.slice);
      emit(s.range, Opcode::DeleteItem, {object, key});
      return;
    }
    case K::kTuple:
      for (const ast::Expr* e : target->cast<ast::Tuple>()->elts) delete_target(e);
      return;
    case K::kListExpr:
      for (const ast::Expr* e : target->cast<ast::ListExpr>()->elts) delete_target(e);
      return;
    default: TSVM_UNREACHABLE("an expression that cannot be deleted");
  }
}

// --- control flow ---

void FunctionEmitter::if_statement(const ast::If& first) {
  BlockId after = block();
  for (const ast::If* s = &first;;) {
    BlockId then = block();
    BlockId otherwise = s->orelse.empty() ? after : block();
    SourceRange range = s->range;
    branch_on(s->test, then, otherwise, range);
    ssa_.enter(then);
    if (live()) body(s->body);
    if (live()) ssa_.jump(after);
    if (s->orelse.empty()) break;
    ssa_.enter(otherwise);
    if (!live()) break;
    if (s->orelse.size() == 1 && s->orelse[0]->is<ast::If>()) {
      s = s->orelse[0]->cast<ast::If>();
      continue;
    }
    body(s->orelse);
    if (live()) ssa_.jump(after);
    break;
  }
  ssa_.enter(after);
}

void FunctionEmitter::while_statement(const ast::While& s) {
  BlockId header = block();
  BlockId inside = block();
  BlockId end = block();
  BlockId after = s.orelse.empty() ? end : block();
  ssa_.jump(header);
  ssa_.enter_loop(header);
  SourceRange range = s.range;
  branch_on(s.test, inside, end, range);
  ssa_.enter(inside);
  if (live()) {
    regions_.push_back(
        {.kind = Region::Kind::Loop, .handler = ssa_.builder.handler, .on_break = after, .on_continue = header});
    body(s.body);
    regions_.pop_back();
    if (live()) ssa_.jump(header);
  }
  ssa_.seal(header);
  ssa_.enter(end);
  if (!s.orelse.empty()) {
    if (live()) body(s.orelse);
    if (live()) ssa_.jump(after);
    ssa_.enter(after);
  }
}

void FunctionEmitter::for_statement(const ast::For& s) {
  ValueId iterable = iterable_value(s.iter);
  ValueId iterator = emit(s.range, Opcode::GetIter, {iterable});
  BlockId header = block();
  BlockId inside = block();
  BlockId end = block();
  BlockId after = s.orelse.empty() ? end : block();
  ssa_.jump(header);
  ssa_.enter_loop(header);
  at(s.range);
  ValueId item = ssa_.for_iter(iterator, inside, end);
  ssa_.enter(inside);
  store(s.target, item);
  regions_.push_back(
      {.kind = Region::Kind::Loop, .handler = ssa_.builder.handler, .on_break = after, .on_continue = header});
  body(s.body);
  regions_.pop_back();
  if (live()) ssa_.jump(header);
  ssa_.seal(header);
  ssa_.enter(end);
  if (!s.orelse.empty()) {
    if (live()) body(s.orelse);
    if (live()) ssa_.jump(after);
    ssa_.enter(after);
  }
}

void FunctionEmitter::assert_statement(const ast::Assert& s) {
  SourceRange range = s.range;
  BlockId after = block();
  BlockId fails = block();
  branch_on(s.test, after, fails, range);
  ssa_.enter(fails);
  if (live()) {
    ValueId error = emit(range, Opcode::LoadGlobal, {}, m_.module->intern("AssertionError"));
    if (s.msg != nullptr) error = call(range, error, {value(s.msg)});
    at(range);
    ssa_.terminate(Opcode::Raise, {error});
  }
  ssa_.enter(after);
}

// --- imports ---

void FunctionEmitter::import_statement(const ast::Import& s) {
  for (const ast::Alias* alias : s.names) {
    at(s.range);
    ValueId nothing = none();
    ValueId v = emit(s.range, Opcode::ImportName, {nothing, integer(0)}, m_.name(alias->name));
    size_t dot = alias->name.find('.');
    if (alias->asname.empty()) {
      // `import a.b` binds a
      std::string_view top = alias->name.substr(0, dot);
      store_name(dot == std::string_view::npos ? alias->name : m_.identifiers.lookup(top), v, s.range);
      continue;
    }
    while (dot != std::string_view::npos) {
      size_t next = alias->name.find('.', dot + 1);
      std::string_view part = alias->name.substr(dot + 1, next == std::string_view::npos ? next : next - dot - 1);
      v = emit(s.range, Opcode::ImportFrom, {v}, m_.module->intern(part));
      dot = next;
    }
    store_name(alias->asname, v, s.range);
  }
}

void FunctionEmitter::import_from_statement(const ast::ImportFrom& s) {
  Constant wanted;
  wanted.kind = Constant::Kind::Tuple;
  for (const ast::Alias* alias : s.names) {
    Constant name;
    name.kind = Constant::Kind::Str;
    name.text = alias->name;
    wanted.items.push_back(m_.module->intern(name));
  }
  at(s.range);
  ValueId names = ssa_.builder.constant(wanted);
  ValueId module = emit(s.range, Opcode::ImportName, {names, integer(s.level)}, m_.name(s.module));
  if (s.names.size() == 1 && s.names[0]->name == "*") {
    emit(s.range, Opcode::ImportStar, {module});
    return;
  }
  for (const ast::Alias* alias : s.names) {
    ValueId v = emit(s.range, Opcode::ImportFrom, {module}, m_.name(alias->name));
    store_name(alias->asname.empty() ? alias->name : alias->asname, v, s.range);
  }
}

}  // namespace tsvm::ir

// Regions with handlers: try, with, raise, and the ways out of them.
//
// Shape of what is emitted. A handler block H takes the exception (`catch`) and makes it the one being handled
// (`push_handled`, which gives the one before). What runs while it is handled is itself a region, whose handler C goes
// back to the one before and on with whatever was raised. Every other way out goes back to it, too.
#include "ir/emit/emitter.h"

namespace tsvm::ir {

void FunctionEmitter::switch_handler(BlockId handler) {
  ssa_.builder.handler = handler;
  if (f_[ssa_.block()].handler == handler) return;
  BlockId next = block();
  ssa_.jump(next);
  ssa_.enter(next);
}

void FunctionEmitter::enter_region(BlockId handler) {
  ssa_.open_region(handler);
  ssa_.builder.handler = handler;
  BlockId first = block();
  ssa_.jump(first);
  ssa_.enter(first);
}

void FunctionEmitter::restore_handled(BlockId handler, ValueId previous) {
  SourceRange range = ssa_.builder.range;
  ssa_.enter_handler(handler);
  ValueId exception = emit(range, Opcode::Catch, {});
  emit(range, Opcode::PopHandled, {previous});
  ssa_.terminate(Opcode::Reraise, {exception});
}

void FunctionEmitter::undo(const Region& r) {
  switch (r.kind) {
    case Region::Kind::Loop: return;
    case Region::Kind::Finally:
      switch_handler(r.handler);
      body(*r.finally_body);
      return;
    case Region::Kind::Handled:
      switch_handler(r.handler);
      emit(r.range, Opcode::PopHandled, {r.value});
      return;
    case Region::Kind::HandlerName:
      switch_handler(r.handler);
      unset_name(r.name, r.range);
      return;
    case Region::Kind::With:
      switch_handler(r.handler);
      call_exit(r.value, r.range);
      return;
  }
}

void FunctionEmitter::call_exit(ValueId exit, SourceRange range) {
  at(range);
  ValueId nothing = none();
  call(range, exit, {nothing, nothing, nothing});
}

template <class T>
void FunctionEmitter::try_statement(const T& s) {
  if (s.finalbody.empty())
    try_except(s);
  else
    try_finally(s);
}
template void FunctionEmitter::try_statement(const ast::Try& s);
template void FunctionEmitter::try_statement(const ast::TryStar& s);

template <class T>
void FunctionEmitter::try_finally(const T& s) {
  BlockId outer = ssa_.builder.handler;
  BlockId handler = block();
  BlockId after = block();
  regions_.push_back({.kind = Region::Kind::Finally, .handler = outer, .finally_body = &s.finalbody});
  enter_region(handler);
  if (s.handlers.empty())
    body(s.body);
  else
    try_except(s);
  regions_.pop_back();
  ssa_.builder.handler = outer;
  if (live()) {
    switch_handler(outer);
    body(s.finalbody);
    if (live()) ssa_.jump(after);
  }

  ssa_.builder.handler = outer;
  ssa_.enter_handler(handler);
  ValueId exception = emit(s.range, Opcode::Catch, {});
  ValueId previous = emit(s.range, Opcode::PushHandled, {exception});
  BlockId cleanup = block();
  regions_.push_back({.kind = Region::Kind::Handled, .handler = outer, .value = previous, .range = s.range});
  enter_region(cleanup);
  body(s.finalbody);
  regions_.pop_back();
  ssa_.builder.handler = outer;
  if (live()) {
    switch_handler(outer);
    emit(s.range, Opcode::PopHandled, {previous});
    ssa_.terminate(Opcode::Reraise, {exception});
  }
  at(s.range);
  restore_handled(cleanup, previous);
  ssa_.enter(after);
}

// The body of a try statement with its else, and the start of its handler.
template <class T>
FunctionEmitter::Caught FunctionEmitter::guarded_body(const T& s) {
  BlockId outer = ssa_.builder.handler;
  BlockId handler = block();
  BlockId after = block();
  enter_region(handler);
  body(s.body);
  ssa_.builder.handler = outer;
  if (live()) {
    switch_handler(outer);
    body(s.orelse);
    if (live()) ssa_.jump(after);
  }
  ssa_.builder.handler = outer;
  ssa_.enter_handler(handler);
  ValueId exception = emit(s.range, Opcode::Catch, {});
  return {exception, emit(s.range, Opcode::PushHandled, {exception}), after};
}

void FunctionEmitter::try_except(const ast::Try& s) {
  BlockId outer = ssa_.builder.handler;
  auto [exception, previous, after] = guarded_body(s);
  BlockId cleanup = block();
  regions_.push_back({.kind = Region::Kind::Handled, .handler = outer, .value = previous, .range = s.range});
  enter_region(cleanup);
  for (const ast::ExceptHandler* h : s.handlers) {
    if (!live()) break;
    except_clause(*h, exception, previous, outer, cleanup, after);
  }
  ssa_.builder.handler = outer;
  if (live()) {
    switch_handler(outer);
    emit(s.range, Opcode::PopHandled, {previous});
    ssa_.terminate(Opcode::Reraise, {exception});
  }
  regions_.pop_back();
  at(s.range);
  restore_handled(cleanup, previous);
  ssa_.enter(after);
}

// Leaves the current place where the next clause is to be tried (dead after a bare `except`).
void FunctionEmitter::except_clause(const ast::ExceptHandler& h, ValueId exception, ValueId previous, BlockId outer,
                                    BlockId cleanup, BlockId after) {
  ssa_.builder.handler = cleanup;
  BlockId next = block();
  if (h.type != nullptr) {
    ValueId type = value(h.type);
    BlockId match = block();
    ssa_.branch(emit(h.range, Opcode::MatchException, {exception, type}), match, next);
    ssa_.enter(match);
  }
  BlockId name_cleanup;
  if (!h.name.empty()) {
    store_name(h.name, exception, h.range);
    name_cleanup = block();
    regions_.push_back({.kind = Region::Kind::HandlerName, .handler = cleanup, .name = h.name, .range = h.range});
    enter_region(name_cleanup);
  }
  body(h.body);
  ssa_.builder.handler = cleanup;
  if (!h.name.empty()) {
    regions_.pop_back();
    if (live()) {
      switch_handler(cleanup);
      unset_name(h.name, h.range);
    }
  }
  if (live()) {
    switch_handler(outer);
    emit(h.range, Opcode::PopHandled, {previous});
    ssa_.jump(after);
  }
  if (!h.name.empty()) {
    ssa_.builder.handler = cleanup;
    ssa_.enter_handler(name_cleanup);
    ValueId raised = emit(h.range, Opcode::Catch, {});
    unset_name(h.name, h.range);
    ssa_.terminate(Opcode::Reraise, {raised});
  }
  ssa_.builder.handler = cleanup;
  ssa_.enter(next);
}

// What the clauses of `except*` match and what is raised at the end is the business of an object of the language
// (stdlib/python/_exception_groups.ts); nothing jumps out of a clause.
void FunctionEmitter::try_except(const ast::TryStar& s) {
  auto attribute = [&](SourceRange range, ValueId object, std::string_view name) {
    return emit(range, Opcode::LoadAttr, {object}, m_.module->intern(name));
  };
  BlockId outer = ssa_.builder.handler;
  auto [exception, previous, after] = guarded_body(s);
  BlockId cleanup = block();
  enter_region(cleanup);
  ValueId nothing = none();
  ValueId groups = emit(s.range, Opcode::ImportName, {nothing, integer(0)}, m_.module->intern("_exception_groups"));
  ValueId clauses = call(s.range, attribute(s.range, groups, "Clauses"), {exception});
  for (const ast::ExceptHandler* h : s.handlers) {
    ValueId type = value(h->type);
    BlockId match = block(), next = block();
    ValueId matches = call(h->range, attribute(h->range, clauses, "match"), {type});
    ssa_.branch(emit(h->range, Opcode::Truth, {matches}), match, next);
    ssa_.enter(match);
    ValueId matched = attribute(h->range, clauses, "matched");
    ValueId before = emit(h->range, Opcode::PushHandled, {matched});
    BlockId raised_in_clause = block();
    enter_region(raised_in_clause);
    if (!h->name.empty()) store_name(h->name, matched, h->range);
    body(h->body);
    ssa_.builder.handler = cleanup;
    if (live()) {
      switch_handler(cleanup);
      if (!h->name.empty()) unset_name(h->name, h->range);
      emit(h->range, Opcode::PopHandled, {before});
      ssa_.jump(next);
    }
    ssa_.builder.handler = cleanup;
    ssa_.enter_handler(raised_in_clause);
    ValueId raised = emit(h->range, Opcode::Catch, {});
    if (!h->name.empty()) unset_name(h->name, h->range);
    emit(h->range, Opcode::PopHandled, {before});
    call(h->range, attribute(h->range, clauses, "add"), {raised});
    ssa_.jump(next);
    ssa_.enter(next);
  }
  at(s.range);
  ValueId goes_on = call(s.range, attribute(s.range, clauses, "finish"), {});
  BlockId raises = block(), done = block();
  ssa_.branch(emit(s.range, Opcode::Truth, {goes_on}), raises, done);
  ssa_.enter(raises);
  ValueId rest = attribute(s.range, clauses, "raising");
  ssa_.builder.handler = outer;
  switch_handler(outer);
  emit(s.range, Opcode::PopHandled, {previous});
  ssa_.terminate(Opcode::Reraise, {rest});
  ssa_.enter(done);
  switch_handler(outer);
  emit(s.range, Opcode::PopHandled, {previous});
  ssa_.jump(after);
  at(s.range);
  restore_handled(cleanup, previous);
  ssa_.enter(after);
}

void FunctionEmitter::with_statement(const ast::With& s, size_t item) {
  if (item == s.items.size()) return body(s.body);
  const ast::WithItem& i = *s.items[item];
  ValueId manager = value(i.context_expr);
  ValueId enter = emit(s.range, Opcode::LoadSpecial, {manager}, m_.module->intern("__enter__"));
  ValueId exit = emit(s.range, Opcode::LoadSpecial, {manager}, m_.module->intern("__exit__"));
  ValueId entered = call(s.range, enter, {});

  BlockId outer = ssa_.builder.handler;
  BlockId handler = block();
  BlockId after = block();
  regions_.push_back({.kind = Region::Kind::With, .handler = outer, .value = exit, .range = s.range});
  enter_region(handler);
  if (i.optional_vars != nullptr) store(i.optional_vars, entered);
  with_statement(s, item + 1);
  regions_.pop_back();
  ssa_.builder.handler = outer;
  if (live()) {
    switch_handler(outer);
    call_exit(exit, s.range);
    ssa_.jump(after);
  }

  ssa_.builder.handler = outer;
  ssa_.enter_handler(handler);
  ValueId exception = emit(s.range, Opcode::Catch, {});
  ValueId previous = emit(s.range, Opcode::PushHandled, {exception});
  BlockId cleanup = block();
  enter_region(cleanup);
  ValueId type = emit(s.range, Opcode::LoadAttr, {exception}, m_.module->intern("__class__"));
  ValueId traceback = emit(s.range, Opcode::LoadAttr, {exception}, m_.module->intern("__traceback__"));
  ValueId answer = call(s.range, exit, {type, exception, traceback});
  ValueId suppress = emit(s.range, Opcode::Truth, {answer});
  ssa_.builder.handler = outer;
  BlockId swallow = block();
  BlockId go_on = block();
  ssa_.branch(suppress, swallow, go_on);
  ssa_.enter(go_on);
  emit(s.range, Opcode::PopHandled, {previous});
  ssa_.terminate(Opcode::Reraise, {exception});
  ssa_.enter(swallow);
  emit(s.range, Opcode::PopHandled, {previous});
  ssa_.jump(after);
  restore_handled(cleanup, previous);
  ssa_.enter(after);
}

void FunctionEmitter::raise_statement(const ast::Raise& s) {
  if (s.exc == nullptr) {
    ValueId current = emit(s.range, Opcode::CurrentException, {});
    at(s.range);
    ssa_.terminate(Opcode::Reraise, {current});
    return;
  }
  ValueId exception = value(s.exc);
  if (s.cause == nullptr) {
    at(s.range);
    ssa_.terminate(Opcode::Raise, {exception});
    return;
  }
  ValueId cause = value(s.cause);
  at(s.range);
  ssa_.terminate(Opcode::Raise, {exception, cause});
}

}  // namespace tsvm::ir

// Generators: calls that are suspended on the heap.
//
// A generator's frame and registers are one block of memory of its own; resuming it runs the interpreter on that frame.
// It stops at a `yield` (frame->pc is that instruction; what is sent goes to its result register and execution goes on
// behind it) or at a `yield_from` (which is executed again on resumption, and asks the inner iterator).
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/native.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

Generator* self_of(Value v) { return as<Generator>(v); }

// Frees the frame; what it held is released.
void finish(Generator* g) {
  Frame* frame = g->frame;
  if (!frame) return;
  g->frame = nullptr;
  clear_registers(frame);
  Function* f = frame->function;
  std::free(frame);
  release(Value::object(f));
  Value sent = g->sent;
  g->sent = Value();
  release(sent);
  Value handled = g->handled;
  g->handled = Value::none();
  g->handles = false;
  release(handled);
}

bool at_yield_from(const Generator* g) {
  return g->frame && g->started && static_cast<Bc>(g->frame->pc->op) == Bc::YieldFrom;
}

// StopIteration pending: takes its value.
Value take_stop_value(VM& vm) {
  Ref e(take_pending(vm));
  auto* x = as<Exception>(*e);
  return x->extra_count > 0 && !x->extra[0].is_unbound() ? new_ref(x->extra[0]) : Value::none();
}

// A StopIteration that leaves a generator would end a loop somewhere: it becomes a RuntimeError.
void convert_stop_iteration(VM& vm) {
  Ref stop(take_pending(vm));
  (void)raise(vm, vm.types.RuntimeError, "generator raised StopIteration");
  auto* e = as<Exception>(vm.pending);
  Value old = e->cause;
  e->cause = new_ref(*stop);
  release(old);
  old = e->context;
  e->context = new_ref(*stop);
  release(old);
  e->suppress_context = true;
}

// Runs the frame from frame->pc; with an exception pending, it is raised there.
Value run(VM& vm, Generator* g) {
  Ref hold(new_ref(Value::object(g)));
  StackGuard guard(vm);
  if (guard.failed() || vm.depth >= vm.recursion_limit) {
    if (vm.pending.is_unbound()) push_frame_failed(vm);
    return Value::error();
  }
  Frame* frame = g->frame;
  frame->previous = vm.frame;
  frame->flags = kGeneratorFrame | kEntryFrame;
  vm.depth++;
  g->running = true;
  g->started = true;
  Ref outer = Ref::copy(vm.handled);
  if (g->handles) {
    release(vm.handled);
    vm.handled = g->handled;
    g->handled = Value::none();
    g->handles = false;
  } else {
    release(g->outer);
    g->outer = new_ref(*outer);
  }
  Value r = run_frame(vm, frame);
  g->running = false;
  vm.depth--;
  vm.frame = frame->previous;
  if (!vm.handled.same(*outer)) {
    if (!vm.handled.same(g->outer)) {
      g->handled = new_ref(vm.handled);
      g->handles = true;
    }
    release(vm.handled);
    vm.handled = new_ref(*outer);
  }
  if (r.is_error()) {
    finish(g);
    if (pending_is(vm, vm.types.StopIteration)) convert_stop_iteration(vm);
  } else if (r.is_unbound()) {
    finish(g);
  }
  return r;
}

bool check_idle(VM& vm, Generator* g) {
  return !g->running || fail(vm, vm.types.ValueError, "generator already executing");
}

// The frame goes on behind its yield, with `sent` as the yield's value.
Value go_on(VM& vm, Generator* g, Value sent) {
  Frame* frame = g->frame;
  if (g->started) {
    if (at_yield_from(g)) {
      release(g->sent);
      g->sent = new_ref(sent);
    } else {
      frame->regs[frame->pc->a] = new_ref(sent);
      frame->pc++;
    }
  }
  return run(vm, g);
}

// An exception is pending: raises it where the generator stands.
Value throw_pending(VM& vm, Generator* g);

// Throws into the iterator of a yield-from. Unbound: it cannot take exceptions.
Value throw_into(VM& vm, Value iterator, Value exception) {
  if (is_kind(iterator, Kind::Generator)) {
    Generator* inner = self_of(iterator);
    if (!check_idle(vm, inner)) return Value::error();
    vm.pending = new_ref(exception);
    Value r = throw_pending(vm, inner);
    if (!r.is_unbound()) return r;
    Value value = inner->result;
    inner->result = Value::none();
    Ref stop(make_exception(vm, vm.types.StopIteration, std::span<const Value>(&value, 1)));
    release(value);
    vm.pending = stop.take();
    return Value::error();
  }
  Ref method(get_attr_or_unbound(vm, iterator, vm.names.throw_));
  if (method.is_error() || method->is_unbound()) return method.take();
  return call(vm, *method, {exception});
}

Value throw_pending(VM& vm, Generator* g) {
  if (!g->frame) return Value::error();
  if (at_yield_from(g)) {
    Frame* frame = g->frame;
    Ref inner = Ref::copy(frame->regs[frame->pc->b & kRegisterMask]);
    Ref exception(take_pending(vm));
    g->running = true;
    Value r;
    if (is_instance(vm, *exception, Value::object(vm.types.GeneratorExit)) == 1) {
      r = Value();
      Ref close(get_attr_or_unbound(vm, *inner, vm.names.close));
      if (close.is_error()) r = Value::error();
      if (!close.is_error() && !close->is_unbound()) {
        Ref closed(call(vm, *close, {}));
        if (closed.is_error()) r = Value::error();
      }
    } else {
      r = throw_into(vm, *inner, *exception);
    }
    g->running = false;
    if (r.is_unbound()) {
      vm.pending = new_ref(*exception);
      return run(vm, g);
    }
    if (!r.is_error()) return r;  // the inner one yields
    if (!pending_is(vm, vm.types.StopIteration)) return run(vm, g);
    Value value = take_stop_value(vm);
    const Instr* pc = frame->pc;
    if (pc->b & kLastUse) {
      Value it = frame->regs[pc->b & kRegisterMask];
      frame->regs[pc->b & kRegisterMask] = Value();
      release(it);
    }
    frame->regs[pc->a] = value;
    frame->pc++;
    return run(vm, g);
  }
  return run(vm, g);
}

// What a method gives its caller: exhaustion is StopIteration.
Value as_call_result(VM& vm, Generator* g, Value r) {
  if (!r.is_unbound()) return r;
  Ref value(g->result);
  g->result = Value::none();
  Value v = *value;
  Ref stop(make_exception(vm, vm.types.StopIteration,
                          v.is_none() ? std::span<const Value>() : std::span<const Value>(&v, 1)));
  return raise_value(vm, *stop);
}

Value next_slot(VM& vm, Value self) { return resume_generator(vm, self_of(self), Value::none()); }

Value next_method(VM& vm, const Value* a) {
  return as_call_result(vm, self_of(a[0]), resume_generator(vm, self_of(a[0]), Value::none()));
}

Value send_method(VM& vm, const Value* a) {
  return as_call_result(vm, self_of(a[0]), resume_generator(vm, self_of(a[0]), a[1]));
}

Value throw_method(VM& vm, const Value* a) {
  Generator* g = self_of(a[0]);
  if (!check_idle(vm, g)) return Value::error();
  Value what = a[1];
  Ref exception;
  if (is_kind(what, Kind::Type) && is_subtype(as<Type>(what), vm.types.BaseException)) {
    if (!a[2].is_none() && is_instance(vm, a[2], what) == 1)
      exception = Ref::copy(a[2]);
    else if (a[2].is_none())
      exception = Ref(call(vm, what, {}));
    else
      exception = Ref(call(vm, what, {a[2]}));
    if (exception.is_error()) return Value::error();
  } else if (is_kind(what, Kind::Exception)) {
    if (!a[2].is_none()) return raise(vm, vm.types.TypeError, "instance exception may not have a separate value");
    exception = Ref::copy(what);
  } else {
    return raise(vm, vm.types.TypeError, "exceptions must be classes or instances deriving from BaseException, not %s",
                 type_of(vm, what)->name->data);
  }
  vm.pending = exception.take();
  return as_call_result(vm, g, throw_pending(vm, g));
}

// False: an exception is pending.
bool close(VM& vm, Generator* g) {
  if (!check_idle(vm, g)) return false;
  if (!g->frame) return true;
  if (!g->started || (g->frame->state->code->handlers.empty() && !at_yield_from(g))) {
    finish(g);
    return true;
  }
  vm.pending = make_exception(vm, vm.types.GeneratorExit, std::span<const Value>());
  Value r = throw_pending(vm, g);
  if (r.is_unbound()) return true;
  if (r.is_error()) return clear_pending_if(vm, vm.types.GeneratorExit) || clear_pending_if(vm, vm.types.StopIteration);
  release(r);
  return fail(vm, vm.types.RuntimeError, "generator ignored GeneratorExit");
}

Value close_method(VM& vm, const Value* a) { return close(vm, self_of(a[0])) ? Value::none() : Value::error(); }

void finalize(VM& vm, Value self) {
  Generator* g = self_of(self);
  if (!g->frame || g->running) return;
  Value pending = vm.pending;
  vm.pending = Value();
  if (!close(vm, g)) report_unraisable(vm, "generator", self);
  vm.pending = pending;
}

void dealloc(VM&, Object* o) {
  auto* g = static_cast<Generator*>(o);
  finish(g);
  release(g->result);
  release(g->outer);
  release(g->handled);
  release(Value::object(g->name));
  release(Value::object(g->qualified_name));
}

void traverse(Object* o, void (*visit)(Value child, void* context), void* context) {
  auto* g = static_cast<Generator*>(o);
  visit(g->sent, context);
  visit(g->result, context);
  visit(g->outer, context);
  visit(g->handled, context);
  if (!g->frame) return;
  visit(Value::object(g->frame->function), context);
  uint32_t n = g->frame->state->code->num_registers;
  for (uint32_t i = 0; i < n; i++) visit(g->frame->regs[i], context);
}

void clear(VM&, Object* o) {
  auto* g = static_cast<Generator*>(o);
  if (!g->running) finish(g);
}

Value repr_slot(VM& vm, Value self) {
  return make_str_format(vm, "<generator object %s at %p>", self_of(self)->qualified_name->data,
                         static_cast<void*>(self.o));
}

const NativeDef kMethods[] = {
    {"__next__(self, /)", next_method},
    {"send(self, arg, /)", send_method},
    {"throw(self, typ, val=None, tb=None, /)", throw_method},
    {"close(self, /)", close_method},
};

const GetSetDef kGetSet[] = {
    {"__name__", [](VM&, Value s) { return new_ref(Value::object(self_of(s)->name)); }},
    {"__qualname__", [](VM&, Value s) { return new_ref(Value::object(self_of(s)->qualified_name)); }},
    {"gi_running", [](VM&, Value s) { return Value::boolean(self_of(s)->running); }},
    {"gi_suspended",
     [](VM&, Value s) { return Value::boolean(self_of(s)->frame && self_of(s)->started && !self_of(s)->running); }},
    {"gi_yieldfrom",
     [](VM&, Value s) {
       Generator* g = self_of(s);
       if (!at_yield_from(g) || g->running) return Value::none();
       return new_ref(g->frame->regs[g->frame->pc->b & kRegisterMask]);
     }},
    {"gi_frame",
     [](VM& vm, Value s) { return self_of(s)->frame ? make_frame_object(vm, self_of(s)->frame) : Value::none(); }},
};

}  // namespace

Value make_generator(VM& vm, Frame* frame) {
  const Code& code = *frame->state->code;
  size_t bytes = sizeof(Frame) + code.num_registers * sizeof(Value) + code.num_raws * sizeof(uint64_t);
  auto* own = static_cast<Frame*>(std::calloc(1, bytes));
  TSVM_CHECK(own, "out of memory");
  *own = *frame;
  own->regs = reinterpret_cast<Value*>(own + 1);
  own->raws = reinterpret_cast<uint64_t*>(own->regs + code.num_registers);
  uint32_t filled = code.num_params + code.num_slots;
  for (uint32_t i = 0; i < filled; i++) {
    own->regs[i] = frame->regs[i];
    frame->regs[i] = Value();
  }
  // The reference to the function moves along.
  vm.frame_top = frame;
  vm.register_top = frame->regs;
  vm.raw_top = frame->raws;
  vm.depth--;
  auto* g = allocate_object<Generator>(vm, vm.types.generator, Kind::Generator);
  g->frame = own;
  own->generator = g;
  g->name = own->function->name;
  g->qualified_name = own->function->qualified_name;
  retain(Value::object(g->name));
  retain(Value::object(g->qualified_name));
  vm.heap.track(g);
  return Value::object(g);
}

Value resume_generator(VM& vm, Generator* g, Value sent) {
  if (!check_idle(vm, g)) return Value::error();
  if (!g->frame) return Value::unbound();
  if (!g->started && !sent.is_none())
    return raise(vm, vm.types.TypeError, "can't send non-None value to a just-started generator");
  return go_on(vm, g, sent);
}

Value delegate(VM& vm, Value iterator, Value sent, Value& result) {
  if (sent.is_unbound()) sent = Value::none();
  if (is_kind(iterator, Kind::Generator)) {
    Generator* g = self_of(iterator);
    Ref hold = Ref::copy(iterator);
    Value r = resume_generator(vm, g, sent);
    if (r.is_unbound()) {
      result = g->result;
      g->result = Value::none();
    }
    return r;
  }
  Value r;
  if (sent.is_none() && !is_kind(iterator, Kind::Instance))
    r = iter_next(vm, iterator);
  else if (sent.is_none())
    r = call_method(vm, iterator, vm.names.next);
  else
    r = call_method(vm, iterator, vm.names.send, std::span<const Value>(&sent, 1));
  if (r.is_error() && pending_is(vm, vm.types.StopIteration)) {
    result = take_stop_value(vm);
    return Value();
  }
  if (r.is_unbound()) result = Value::none();
  return r;
}

void install_generators(VM& vm) {
  Type* t = vm.types.generator;
  t->instance_size = sizeof(Generator);
  t->is_gc = true;
  t->is_final = true;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.clear = clear;
  t->slots.finalize = finalize;
  t->slots.repr = repr_slot;
  t->slots.next = next_slot;
  t->slots.iter = [](VM&, Value self) { return new_ref(self); };
  TypeSpec spec;
  spec.methods = kMethods;
  spec.getset = kGetSet;
  finish_type(vm, t, spec);
}

}  // namespace tsvm::vm

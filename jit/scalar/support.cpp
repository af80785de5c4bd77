#include "jit/scalar/support.h"

#include <cmath>

#include "vm/interpreter.h"
#include "vm/iterators.h"
#include "vm/jit_callbacks.h"
#include "vm/make.h"
#include "vm/numbers.h"
#include "vm/operations.h"
#include "vm/runtime.h"

namespace tsvm::jit {

using vm::Frame;
using vm::Kind;
using vm::Ref;
using vm::Str;
using vm::Tag;
using vm::Value;
using vm::VM;

namespace {

uint32_t put(Value* w, Value result) {
  w[0] = result;
  return result.is_error() ? kRaised : kDone;
}

Str* name_of(uint64_t name) { return reinterpret_cast<Str*>(name); }

}  // namespace

uint32_t rt_binary(VM* vm, Frame*, Value* w, uint64_t op, uint64_t) {
  return put(w, vm::binary(*vm, static_cast<ir::ArithOp>(op), w[0], w[1]));
}
uint32_t rt_inplace(VM* vm, Frame*, Value* w, uint64_t op, uint64_t) {
  return put(w, vm::inplace(*vm, static_cast<ir::ArithOp>(op), w[0], w[1]));
}
uint32_t rt_unary(VM* vm, Frame*, Value* w, uint64_t op, uint64_t) {
  if (static_cast<ir::UnaryOp>(op) == ir::UnaryOp::Not) {
    int t = vm::truth(*vm, w[0]);
    w[0] = Value::boolean(t == 0);
    return t < 0 ? kRaised : kDone;
  }
  return put(w, vm::unary(*vm, static_cast<ir::UnaryOp>(op), w[0]));
}
uint32_t rt_compare(VM* vm, Frame*, Value* w, uint64_t op, uint64_t) {
  return put(w, vm::compare(*vm, static_cast<ir::CompareOp>(op), w[0], w[1]));
}
uint32_t rt_truth(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  int t = w[0].is_bool() ? static_cast<int>(w[0].i) : vm::truth(*vm, w[0]);
  w[0] = Value::boolean(t > 0);
  return t < 0 ? kRaised : kDone;
}
uint32_t rt_load_attr(VM* vm, Frame*, Value* w, uint64_t name, uint64_t) {
  return put(w, vm::get_attr(*vm, w[0], name_of(name)));
}
uint32_t rt_store_attr(VM* vm, Frame*, Value* w, uint64_t name, uint64_t) {
  return vm::set_attr(*vm, w[0], name_of(name), w[1]) ? kDone : kRaised;
}
uint32_t rt_load_item(VM* vm, Frame*, Value* w, uint64_t, uint64_t) { return put(w, vm::get_item(*vm, w[0], w[1])); }
uint32_t rt_store_item(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  return vm::set_item(*vm, w[0], w[1], w[2]) ? kDone : kRaised;
}
uint32_t rt_delete_item(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  return vm::set_item(*vm, w[0], w[1], Value()) ? kDone : kRaised;
}

uint32_t rt_call(VM* vm, Frame*, Value* w, uint64_t count, uint64_t keywords) {
  vm->heap.collect_if_due();
  std::span<Str* const> names;
  if (keywords) names = reinterpret_cast<vm::ShapeState*>(keywords)->keywords;
  Ref callee = Ref::copy(w[0]);
  return put(w, vm::call(*vm, *callee, {w + 1, count}, names));
}

uint32_t rt_call_method(VM* vm, Frame*, Value* w, uint64_t count, uint64_t name) {
  vm->heap.collect_if_due();
  bool bound = false;
  Ref callee(vm::load_method(*vm, w[0], name_of(name), bound));
  if (callee.is_error()) return put(w, Value::error());
  return put(w, bound ? vm::call(*vm, *callee, {w + 1, count}) : vm::call(*vm, *callee, {w, count + 1}));
}

uint32_t rt_call_compiled(VM* vm, Frame* caller, Value* w, uint64_t count, uint64_t function) {
  auto* f = reinterpret_cast<vm::Function*>(function);
  vm->heap.collect_if_due();
  vm::StackGuard guard(*vm);
  Frame* frame = guard.failed() ? nullptr : vm::push_frame(*vm, f);
  if (!frame || f->code->code->num_params != count) {
    for (uint64_t i = 0; i < count; i++) release(w[i]);
    return kRaised;
  }
  f->refs++;
  frame->previous = caller;
  frame->flags = vm::kEntryFrame;
  for (uint64_t i = 0; i < count; i++) frame->regs[i] = w[i];
  vm->frame = frame;
  vm::CodeState* state = f->code;
  if (++state->calls >= vm->jit->function_threshold) {
    state->calls = 0;
    vm->jit->function_hot(*vm, frame);
  }
  if (state->native_entry &&
      reinterpret_cast<vm::NativeEntry>(state->native_entry)(vm, frame) == vm::NativeStatus::Returned) {
    Value result = frame->self;
    frame->self = Value();
    state->returned |= static_cast<uint16_t>(1u << static_cast<uint32_t>(result.tag));
    if (uint32_t slots = state->code->num_slots) {
      Value* slot = frame->regs + state->code->num_params;
      for (uint32_t i = 0; i < slots; i++) {
        Value v = slot[i];
        slot[i] = Value();
        release(v);
      }
    }
    vm->frame_top = frame;
    vm->register_top = frame->regs;
    vm->raw_top = frame->raws;
    vm->depth--;
    vm->frame = caller;
    if (--f->refs == 0) destroy(f);
    w[0] = result;
    return kDone;
  }
  // Left, raised or never entered: the interpreter goes on (an exception that is pending is unwound first), where
  // native code of inlined functions was left in the frame of the last one.
  return put(w, vm::run_frame(*vm, vm->frame));
}

uint32_t rt_run_frame(VM* vm, Frame*, Value* w, uint64_t callee, uint64_t) {
  auto* frame = reinterpret_cast<Frame*>(callee);
  vm::CodeState* state = frame->state;
  frame->function->refs++;
  if (++state->calls >= vm->jit->function_threshold && frame->pc == frame->words() && vm->pending.is_unbound()) {
    state->calls = 0;
    vm->jit->function_hot(*vm, frame);
  }
  return put(w, vm::run_frame(*vm, vm->frame));
}

uint64_t rt_push_inlined(VM* vm, Frame* caller, uint64_t function) {
  auto* f = reinterpret_cast<vm::Function*>(function);
  f->refs++;
  // There is room (Codegen::check_room).
  Frame* frame = vm::push_frame(*vm, f);
  frame->previous = caller;
  frame->result = caller->pc->a;
  frame->resume = static_cast<uint16_t>(length(vm::info(static_cast<vm::Bc>(caller->pc->op)), *caller->pc));
  vm->frame = frame;
  return reinterpret_cast<uint64_t>(frame);
}

uint32_t rt_get_iter(VM* vm, Frame*, Value* w, uint64_t, uint64_t) { return put(w, vm::get_iter(*vm, w[0])); }

uint32_t rt_for_iter(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  Value it = w[0];
  if (it.tag == Tag::Object && it.o->type == vm->types.list_iterator) {
    auto* l = static_cast<vm::ListIterator*>(it.o);
    auto* list = vm::as<vm::List>(l->list);
    if (!l->list.is_unbound() && static_cast<uint64_t>(l->i) < list->size) {
      int64_t i = l->i++;
      switch (list->element) {
        case vm::ElementKind::Any: w[0] = new_ref(list->values[i]); return kDone;
        case vm::ElementKind::Int: w[0] = Value::integer(list->ints[i]); return kDone;
        case vm::ElementKind::Float: w[0] = Value::number(list->floats[i]); return kDone;
        case vm::ElementKind::Bool: w[0] = Value::boolean(list->bools[i]); return kDone;
        case vm::ElementKind::Empty: break;
      }
    }
  }
  w[0] = vm::iter_next(*vm, it);
  return w[0].is_error() ? kRaised : w[0].is_unbound() ? kExhausted : kDone;
}

uint32_t rt_make_tuple(VM* vm, Frame*, Value* w, uint64_t count, uint64_t) {
  vm->heap.collect_if_due();
  return put(w, vm::make_tuple(*vm, std::span<const Value>(w, count)));
}
uint32_t rt_make_list(VM* vm, Frame*, Value* w, uint64_t count, uint64_t) {
  vm->heap.collect_if_due();
  return put(w, vm::make_list(*vm, std::span<const Value>(w, count)));
}
uint32_t rt_make_range(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  return put(w, vm::make_range(*vm, w[0].i, w[1].i, w[2].i));
}
uint32_t rt_make_range_iter(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  return put(w, vm::make_range_iterator(*vm, w[0].i, w[1].i, w[2].i));
}
uint32_t rt_make_list_iter(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  return put(w, vm::make_list_iterator(*vm, w[0], w[1].i));
}
uint32_t rt_make_slice(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  return put(w, vm::make_slice(*vm, w[0], w[1], w[2]));
}
uint32_t rt_make_cell(VM* vm, Frame*, Value* w, uint64_t, uint64_t) { return put(w, vm::make_cell(*vm, w[0])); }
uint32_t rt_list_append(VM* vm, Frame*, Value* w, uint64_t, uint64_t) {
  vm::list_append(*vm, vm::as<vm::List>(w[0]), w[1]);
  return kDone;
}

uint32_t rt_load_global(VM* vm, Frame* frame, Value* w, uint64_t name, uint64_t) {
  Value v = vm::dict_get_borrow(frame->globals, name_of(name));
  if (v.is_unbound()) v = vm::dict_get_borrow(vm->builtins, name_of(name));
  if (v.is_unbound()) return kLeave;
  w[0] = new_ref(v);
  return kDone;
}
uint32_t rt_store_global(VM* vm, Frame* frame, Value* w, uint64_t name, uint64_t) {
  vm::dict_set(*vm, frame->globals, name_of(name), w[0]);
  return kDone;
}

uint32_t rt_unpack(VM* vm, Frame*, Value* w, uint64_t count, uint64_t) {
  if (w[0].tag != Tag::Object || w[0].o->type != vm->types.tuple || vm::as<vm::Tuple>(w[0])->size != count)
    return kLeave;
  w[0] = new_ref(w[0]);
  return kDone;
}

uint32_t rt_format_value(VM* vm, Frame*, Value* w, uint64_t conversion, uint64_t has_spec) {
  Ref value = Ref::copy(w[0]);
  if (conversion == 's') value = Ref(vm::str(*vm, *value));
  if (conversion == 'r') value = Ref(vm::repr(*vm, *value));
  if (conversion == 'a') value = Ref(vm::ascii(*vm, *value));
  if (value.is_error()) return put(w, Value::error());
  return put(w, has_spec ? vm::format(*vm, *value, w[1]) : vm::format(*vm, *value, std::string_view()));
}

uint32_t rt_build_string(VM* vm, Frame*, Value* w, uint64_t count, uint64_t) {
  std::string text;
  for (uint64_t i = 0; i < count; i++) text += vm::as<Str>(w[i])->view();
  return put(w, vm::make_str(*vm, text));
}

uint32_t rt_pow_i64(VM*, Frame*, Value* w, uint64_t, uint64_t) {
  int64_t base = w[0].i, exponent = w[1].i, result = 1;
  if (exponent < 0) return kLeave;
  while (exponent) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return kLeave;
    exponent >>= 1;
    if (exponent && __builtin_mul_overflow(base, base, &base)) return kLeave;
  }
  w[0] = Value::integer(result);
  return kDone;
}

uint32_t rt_pow_f64(VM*, Frame*, Value* w, uint64_t, uint64_t) {
  double r = std::pow(w[0].d, w[1].d);
  if (!std::isfinite(r)) return kLeave;
  w[0] = Value::number(r);
  return kDone;
}

double rt_floordiv_f64(double a, double b) {
  double quotient, rest;
  vm::float_divmod(a, b, quotient, rest);
  return quotient;
}
double rt_mod_f64(double a, double b) {
  double quotient, rest;
  vm::float_divmod(a, b, quotient, rest);
  return rest;
}

namespace {
Value object_value(uint64_t bits) { return Value::object(reinterpret_cast<vm::Object*>(bits)); }
Value tensor_value(uint64_t bits) { return Value::tensor(reinterpret_cast<ops::TensorImpl*>(bits)); }
}  // namespace

void rt_retain_tensor(uint64_t bits) { retain(tensor_value(bits)); }
void rt_destroy(uint64_t bits) { destroy(object_value(bits).o); }
void rt_release_tensor(uint64_t bits) { release(tensor_value(bits)); }
void rt_release(uint64_t tag, uint64_t bits) {
  switch (static_cast<Tag>(static_cast<uint32_t>(tag))) {
    case Tag::Object: release(object_value(bits)); break;
    case Tag::Tensor: release(tensor_value(bits)); break;
    default: break;
  }
}

void rt_range_at(uint64_t iterator, uint64_t next) {
  auto* r = reinterpret_cast<vm::RangeIterator*>(iterator);
  int64_t stop = r->current + r->remaining * r->step;
  r->current = static_cast<int64_t>(next);
  r->remaining = (stop - r->current) / r->step;
}

}  // namespace tsvm::jit

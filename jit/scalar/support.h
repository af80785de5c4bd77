// C functions that native code calls: the language's operations on a window of values.
//
// All have one signature. Operands are in the window, borrowed; the result is put into window[0], owned. `frame` is the
// running frame, its pc is set. None throws.
#pragma once

#include <cstdint>

#include "vm/frame.h"
#include "vm/vm.h"

namespace tsvm::jit {

/// What a support function says.
enum Outcome : uint32_t {
  kRaised = 0,  // an exception is pending
  kDone = 1,
  kLeave = 2,      // nothing was done: generic code has to do it
  kExhausted = 3,  // ForIter: there are no more items
};

using Support = uint32_t (*)(vm::VM* vm, vm::Frame* frame, vm::Value* window, uint64_t a, uint64_t b);

uint32_t rt_binary(vm::VM*, vm::Frame*, vm::Value*, uint64_t op, uint64_t);
uint32_t rt_inplace(vm::VM*, vm::Frame*, vm::Value*, uint64_t op, uint64_t);
uint32_t rt_unary(vm::VM*, vm::Frame*, vm::Value*, uint64_t op, uint64_t);
uint32_t rt_compare(vm::VM*, vm::Frame*, vm::Value*, uint64_t op, uint64_t);
uint32_t rt_truth(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_load_attr(vm::VM*, vm::Frame*, vm::Value*, uint64_t name, uint64_t);
uint32_t rt_store_attr(vm::VM*, vm::Frame*, vm::Value*, uint64_t name, uint64_t);
uint32_t rt_load_item(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_store_item(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_delete_item(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
/// Callee and arguments; `keywords`: the ShapeState of the call, or 0.
uint32_t rt_call(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t keywords);
uint32_t rt_call_method(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t name);
/// A function of the language with its parameters, which it takes over.
uint32_t rt_call_compiled(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t function);
/// A frame whose native code has left, or which has none, is run to its end: the result is in window[0].
uint32_t rt_run_frame(vm::VM*, vm::Frame*, vm::Value*, uint64_t frame, uint64_t);
/// Makes the frame that an inlined function would have, on top of its caller's, which stands at the call.
uint64_t rt_push_inlined(vm::VM*, vm::Frame* caller, uint64_t function);
uint32_t rt_get_iter(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_for_iter(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_make_tuple(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t);
uint32_t rt_make_list(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t);
/// window: ints start, stop; or a list and an int.
uint32_t rt_make_range(vm::VM*, vm::Frame*, vm::Value*, uint64_t step, uint64_t);
uint32_t rt_make_range_iter(vm::VM*, vm::Frame*, vm::Value*, uint64_t step, uint64_t);
uint32_t rt_make_list_iter(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_make_slice(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_make_cell(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_list_append(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_load_global(vm::VM*, vm::Frame*, vm::Value*, uint64_t name, uint64_t);
uint32_t rt_store_global(vm::VM*, vm::Frame*, vm::Value*, uint64_t name, uint64_t);
uint32_t rt_unpack(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t);
uint32_t rt_format_value(vm::VM*, vm::Frame*, vm::Value*, uint64_t conversion, uint64_t has_spec);
uint32_t rt_build_string(vm::VM*, vm::Frame*, vm::Value*, uint64_t count, uint64_t);
/// window[0].i op window[1].i into window[0].
uint32_t rt_pow_i64(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);
uint32_t rt_pow_f64(vm::VM*, vm::Frame*, vm::Value*, uint64_t, uint64_t);

double rt_floordiv_f64(double a, double b);
double rt_mod_f64(double a, double b);

void rt_retain_tensor(uint64_t bits);
/// A count has come to zero (objects), or is to be lowered (tensors).
void rt_destroy(uint64_t bits);
void rt_release_tensor(uint64_t bits);
void rt_release(uint64_t tag, uint64_t bits);
/// The range iterator has come to that next item.
void rt_range_at(uint64_t iterator, uint64_t next);

}  // namespace tsvm::jit

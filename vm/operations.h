// Instructions as functions: what the interpreter's loop does not do inline.
//
// Each executes the whole instruction at `pc` of a frame: reads its operands, releases those whose last use it is,
// writes results. False: an exception is pending; operands then stay where they are, the unwinder releases them.
#pragma once

#include "vm/frame.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// Releases an operand if this was its last use.
[[gnu::always_inline]] inline void drop_operand(Value* regs, uint16_t id) {
  if (id & kLastUse) {
    Value v = regs[id & kRegisterMask];
    regs[id & kRegisterMask] = Value();
    release(v);
  }
}
/// The operand as an owned value.
[[gnu::always_inline]] inline Value take_operand(Value* regs, uint16_t id) {
  Value v = regs[id & kRegisterMask];
  if (id & kLastUse)
    regs[id & kRegisterMask] = Value();
  else
    retain(v);
  return v;
}

bool op_binary(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op);
bool op_binary_int(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op);
bool op_inplace(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op);
bool op_inplace_int(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op);
bool op_unary(VM& vm, Frame* f, const Instr* pc, ir::UnaryOp op);
bool op_compare(VM& vm, Frame* f, const Instr* pc, ir::CompareOp op);
/// The truth of a comparison; operands released. -1: exception.
int op_compare_truth(VM& vm, Frame* f, const Instr* pc, ir::CompareOp op);
int op_compare_int_truth(VM& vm, Frame* f, const Instr* pc, ir::CompareOp op);
/// The truth of operand `id`, released. -1: exception.
int op_truth(VM& vm, Frame* f, uint16_t id);

bool op_unbound_local(VM& vm, Frame* f, uint32_t name);
bool op_load_cell(VM& vm, Frame* f, const Instr* pc, Value cell, uint32_t name);
bool op_load_global(VM& vm, Frame* f, const Instr* pc);
bool op_store_global(VM& vm, Frame* f, const Instr* pc);
bool op_delete_global(VM& vm, Frame* f, const Instr* pc);
bool op_load_name(VM& vm, Frame* f, const Instr* pc);
bool op_load_name_cell(VM& vm, Frame* f, const Instr* pc);
bool op_store_name(VM& vm, Frame* f, const Instr* pc);
bool op_delete_name(VM& vm, Frame* f, const Instr* pc);

bool op_load_attr(VM& vm, Frame* f, const Instr* pc);
bool op_store_attr(VM& vm, Frame* f, const Instr* pc);
bool op_delete_attr(VM& vm, Frame* f, const Instr* pc);
bool op_load_item(VM& vm, Frame* f, const Instr* pc);
bool op_load_item_int(VM& vm, Frame* f, const Instr* pc);
bool op_store_item(VM& vm, Frame* f, const Instr* pc);
bool op_delete_item(VM& vm, Frame* f, const Instr* pc);
bool op_load_special(VM& vm, Frame* f, const Instr* pc);
bool op_load_super(VM& vm, Frame* f, const Instr* pc);

/// Where a call goes on: in a new frame, or with a value.
struct Called {
  Frame* frame = nullptr;
  Value value;
};
/// call, call_shape: any callee. Arguments that are used the last time are released.
Called op_call(VM& vm, Frame* f, const Instr* pc);
Called op_call_shape(VM& vm, Frame* f, const Instr* pc);
Called op_call_method(VM& vm, Frame* f, const Instr* pc);
Called op_call_method_shape(VM& vm, Frame* f, const Instr* pc);
bool op_load_method(VM& vm, Frame* f, const Instr* pc);
Called op_call_loaded(VM& vm, Frame* f, const Instr* pc);
Called op_call_loaded_shape(VM& vm, Frame* f, const Instr* pc);
/// Calls anything: a function of the language gets a frame, which is not entered yet.
Called call_any(VM& vm, Value callee, std::span<const Value> args, std::span<Str* const> keywords);
/// The callee of `object.name(...)`, owned; fills the cache. `bound` false: it takes the object as first argument.
Value cached_method(VM& vm, Cache& cache, Value object, Str* name, bool& bound);
/// The class is made by a class statement, and calling it means: make an instance, call this __init__. Borrowed; null:
/// calling it takes more.
Function* plain_constructor(VM& vm, Type* type);
bool op_call_op(VM& vm, Frame* f, const Instr* pc);
/// The result is None where the operators have to be called one by one.
bool op_call_kernel(VM& vm, Frame* f, const Instr* pc);
Called op_call_direct(VM& vm, Frame* f, const Instr* pc);

bool op_get_iter(VM& vm, Frame* f, const Instr* pc);
bool op_unpack(VM& vm, Frame* f, const Instr* pc);
bool op_unpack_to(VM& vm, Frame* f, const Instr* pc);
bool op_unpack_star(VM& vm, Frame* f, const Instr* pc);
bool op_make_tuple(VM& vm, Frame* f, const Instr* pc);
bool op_make_list(VM& vm, Frame* f, const Instr* pc);
bool op_make_set(VM& vm, Frame* f, const Instr* pc);
bool op_make_dict(VM& vm, Frame* f, const Instr* pc);
bool op_make_slice(VM& vm, Frame* f, const Instr* pc);
bool op_list_append(VM& vm, Frame* f, const Instr* pc);
bool op_list_extend(VM& vm, Frame* f, const Instr* pc);
bool op_list_to_tuple(VM& vm, Frame* f, const Instr* pc);
bool op_set_add(VM& vm, Frame* f, const Instr* pc);
bool op_set_update(VM& vm, Frame* f, const Instr* pc);
bool op_dict_set(VM& vm, Frame* f, const Instr* pc);
bool op_dict_update(VM& vm, Frame* f, const Instr* pc);
bool op_format_value(VM& vm, Frame* f, const Instr* pc);
bool op_build_string(VM& vm, Frame* f, const Instr* pc);

bool op_make_function(VM& vm, Frame* f, const Instr* pc);
bool op_build_class(VM& vm, Frame* f, const Instr* pc);
bool op_import_name(VM& vm, Frame* f, const Instr* pc);
bool op_import_from(VM& vm, Frame* f, const Instr* pc);
bool op_import_star(VM& vm, Frame* f, const Instr* pc);

int op_match_exception(VM& vm, Frame* f, Value exception, Value type);
bool op_raise(VM& vm, Frame* f, const Instr* pc);
bool op_arith_i64(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op);
bool op_arith_f64(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op);
bool op_f64_to_i64(VM& vm, Frame* f, const Instr* pc);
bool op_check_type(VM& vm, Frame* f, const Instr* pc);

/// Interrupts and due collections: at back edges and calls. False: KeyboardInterrupt is pending.
bool poll(VM& vm);

}  // namespace tsvm::vm

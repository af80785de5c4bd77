// Running functions of the language.
#pragma once

#include <span>

#include "vm/frame.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// Plugs the interpreter, the import system and the front end into a VM: its callbacks, and the types that belong to
/// them (generator, code, frame, traceback). Called once, after the VM is made.
void install_interpreter(VM& vm);

/// A function object, owned. `module` (borrowed) is whose globals it sees.
Value make_function(VM& vm, CodeState* state, Value module, std::span<const Value> cells = {});

/// Calls a function of the language from C++.
Value call_function(VM& vm, Function* f, std::span<const Value> args, std::span<Str* const> keywords);

/// Runs a prepared frame until it returns (or yields); gives its result. The frame must be the top of the stack or a
/// generator's.
Value run_frame(VM& vm, Frame* frame);

// --- used by the parts of the interpreter only -----------------------------------------------------------------------

/// Raises RecursionError.
Frame* push_frame_failed(VM& vm);
/// A new frame on the stack for f, with slots set Unbound, other registers not filled; null: RecursionError is pending.
/// Takes over a reference to f unless it fails.
inline Frame* push_frame(VM& vm, Function* f) {
  CodeState* state = f->code;
  const Code* code = state->code;
  Frame* frame = vm.frame_top;
  Value* regs = vm.register_top;
  uint64_t* raws = vm.raw_top;
  if (__builtin_expect(vm.depth >= vm.recursion_limit || frame >= vm.frame_end ||
                           code->num_registers > static_cast<size_t>(vm.register_end - regs) ||
                           code->num_raws > static_cast<size_t>(vm.raw_end - raws),
                       0))
    return push_frame_failed(vm);
  vm.depth++;
  vm.frame_top = frame + 1;
  vm.register_top = regs + code->num_registers;
  vm.raw_top = raws + code->num_raws;
  frame->pc = reinterpret_cast<const Instr*>(code->words.data());
  frame->state = state;
  frame->function = f;
  frame->globals = as<Module>(f->module)->dict;
  frame->regs = regs;
  frame->raws = raws;
  frame->self = Value();
  frame->flags = 0;
  Value* slots = regs + code->num_params;
  for (uint32_t i = 0; i < code->num_slots; i++) slots[i] = Value();
  return frame;
}
/// Removes the frame on top, whose registers own nothing; frame->previous is the running one then.
void pop_frame(VM& vm, Frame* frame);
/// Releases all tagged registers.
void clear_registers(Frame* frame);
/// Binds arguments (borrowed) to the parameters' registers of a new frame. False: TypeError pending; nothing is left in
/// the registers.
bool bind_arguments(VM& vm, Function* f, Value* regs, std::span<const Value> args, std::span<Str* const> keywords);
/// Adds an entry for that place to the pending exception's traceback.
void add_traceback(VM& vm, Frame* frame, uint32_t pc);

/// A generator whose frame is a copy of `frame`, which is taken off the stack. Owned.
Value make_generator(VM& vm, Frame* frame);
/// Goes on with a generator: `sent` (borrowed) is what the yield gives. Unbound: it has returned (see
/// Generator::result).
Value resume_generator(VM& vm, Generator* g, Value sent);
/// What a yield-from does when its frame is resumed: Unbound: the iterator is exhausted, `result` is its value (owned).
Value delegate(VM& vm, Value iterator, Value sent, Value& result);
void install_generators(VM& vm);

/// The type objects code, frame and traceback (vm/traceback.cpp).
void install_tracebacks(VM& vm);
/// A frame object that describes a frame as it stands. Owned.
Value make_frame_object(VM& vm, Frame* frame);
/// The code object of a state; takes over the reference.
Value make_code_object(VM& vm, CodeState* state);
/// Null when it is none.
CodeState* code_of(VM& vm, Value code_object);

/// import_name and import_from as the instructions do them (vm/modules.cpp). `globals`: who imports.
Value import_name(VM& vm, Dict* globals, std::string_view name, Value fromlist, int64_t level);
Value import_from(VM& vm, Value module, Str* name);
bool import_star(VM& vm, Value module, Dict* into);
void install_modules(VM& vm);

}  // namespace tsvm::vm

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

/// A new frame on the stack for f, registers not filled; null: RecursionError is pending. Takes over a reference to f.
Frame* push_frame(VM& vm, Function* f);
/// Removes the frame on top, whose registers own nothing.
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

Value build_class(VM& vm, Value module, const CodeShape& shape, const ShapeState& names, std::span<const Value> values);
/// The positional and keyword arguments of a call with stars.
struct ExpandedArguments;

}  // namespace tsvm::vm

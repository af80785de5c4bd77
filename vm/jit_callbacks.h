// How a compiler of native code plugs into the VM. The VM never links one: everything works without.
//
// Native code runs on the interpreter's frames: it takes its inputs from the frame's registers, and when it leaves it
// has stored the live values back and set Frame::pc, so that the interpreter goes on from there. Where code of inlined
// functions is left, their frames have been pushed on top: the interpreter goes on in VM::frame.
#pragma once

#include <cstdint>

#include "vm/frame.h"
#include "vm/vm.h"

namespace tsvm::vm {

enum class NativeStatus : uint32_t {
  Resume,    // go on in the interpreter at frame->pc
  Raised,    // an exception is pending, raised by the instruction at frame->pc
  Returned,  // the function has returned; the result is in frame->self (owned), registers own nothing
};
using NativeEntry = NativeStatus (*)(VM* vm, Frame* frame);

struct JitCallbacks {
  uint32_t function_threshold = 200;  // calls after which function_hot is asked
  uint32_t loop_threshold = 2000;     // iterations after which loop_hot is asked
  /// A function was called often: may set CodeState::native_entry, which every later call enters.
  void (*function_hot)(VM& vm, Frame* frame) = nullptr;
  /// A loop ran often: gives native code that enters at its header (the target of the `loop` instruction at frame->pc),
  /// null when there is none. Asked again after as many iterations.
  NativeEntry (*loop_hot)(VM& vm, Frame* frame) = nullptr;
  /// Frees what CodeState::native stands for.
  void (*release)(VM& vm, CodeState* state) = nullptr;
};

}  // namespace tsvm::vm

// From specialised IR to machine code, through AsmJit's compiler (its register allocator does the work).
//
// What becomes of a value:
//  - raw ones are virtual registers;
//  - tagged ones are two, tag and payload, of which the tag is left out where it is known; a box is no more than the
//    raw value that it was made of;
//  - frame slots stay in the frame.
//
// References are counted as follows. A tagged value either *owns* one reference, in its registers, from where it is
// made to where it is needed the last time (then it is released, or given to who takes it over), or it is *borrowed*:
// another name of one that owns (a guard's result), a constant, a scalar, or loaded from a place that nothing can write
// to before its last use. Arguments that arrive are taken over from the frame's registers, whose old contents do not
// count any more.
//
// A way out stores what its exit state names to the frame's registers, gives the references there, releases what is not
// named, and makes unbound what had arrived and is not needed: then the frame is as the interpreter would have left it.
// Code for it stands at the end of the function. Where the code of an inlined function is left, the frames that it
// would have are made as well: that cannot fail, because there has been room for them when native code was entered.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/function.h"
#include "jit/scalar/feedback.h"
#include "jit/scalar/native_code.h"
#include "vm/frame.h"

namespace tsvm::jit {

struct CodegenInput {
  vm::VM& vm;
  vm::CodeState* state;
  const ir::Function& f;
  const BytecodeStates& states;
  /// Of the functions that were inlined, by their generic code.
  std::vector<std::pair<const ir::Function*, const BytecodeStates*>> inlined_states;
  /// By parameter of `f`: the frame's register it arrives in (LowerMap::kRaw: of the raw bank).
  std::vector<uint16_t> registers;
  int64_t header_pc = -1;  // of the loop; -1: the whole function
  bool want_text = false;
  bool is_loop() const { return header_pc >= 0; }
};

/// Fills entry, size and text of `out`, or its reason.
void generate(const CodegenInput& in, NativeCode& out);

}  // namespace tsvm::jit

// Instructions that only typed code (Torch Script) has and that need the types of a unit.
//
// Nothing emits them yet: until the typed front end gives units their type tables, reaching one says so.
#include "vm/operations.h"
#include "vm/runtime.h"

namespace tsvm::vm {

bool op_check_type(VM& vm, Frame*, const Instr*) {
  return fail(vm, vm.types.NotImplementedError, "type checks at the borders of Torch Script code");
}

bool op_call_direct(VM& vm, Frame*, const Instr*) {
  return fail(vm, vm.types.NotImplementedError, "direct calls between Torch Script functions");
}

}  // namespace tsvm::vm

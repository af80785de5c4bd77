// How bytecode calls tensor operators: one thunk for each operator id, generated from the operators' declarations.
#pragma once

#include <cstdint>

#include "vm/value.h"

namespace tsvm::vm {

class VM;

/// Arguments are borrowed, in the order of the operator's parameters (Unbound: the default), scalars as tagged values;
/// several results come as a tuple. Errors of ops/ become pending exceptions in the thunk.
using OpThunk = Value (*)(VM& vm, const Value* args, uint32_t n);

struct OpDispatch {
  const OpThunk* thunks;  // by operator id
  uint32_t size;
};

}  // namespace tsvm::vm

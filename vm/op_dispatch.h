// How bytecode calls tensor operators: one thunk for each operator id, generated from the operators' declarations.
#pragma once

#include <cstdint>

#include "vm/value.h"

namespace tsvm::ir {
class OpTable;
}
namespace tsvm::ops {
class Error;
}

namespace tsvm::vm {

class VM;

/// Arguments are borrowed, one for each parameter of the operator (Unbound: the default), scalars as tagged values;
/// several results come as a tuple. Errors of ops/ become pending exceptions in the thunk.
using OpThunk = Value (*)(VM& vm, const Value* args);

struct OpDispatch {
  const OpThunk* thunks;  // by operator id; null: an operator that programs cannot name
  uint32_t size;
  /// What the IR may know of the operators. Ids are those of the thunks.
  const ir::OpTable& (*table)();
  /// Makes an error of ops/ the pending exception.
  Value (*raise)(VM& vm, const ops::Error& error);
};

}  // namespace tsvm::vm

// torch.autocast("cpu"): operators that are called from the language choose the precision of their arguments.
#pragma once

#include <vector>

#include "stdlib/native/torch/operators.h"

namespace tsvm::stdlib {

extern thread_local constinit bool autocast_enabled;

/// Converts the arguments of a call in the way of the operator's policy; `keep` holds what was made. Reports by
/// throwing ops::Error.
void autocast_arguments(vm::VM& vm, const OperatorEntry& entry, const OperatorOverload& o, vm::Value* bound,
                        std::vector<vm::Ref>& keep);

/// `_set_autocast_policies(policies, /)`: which policy ("low", "float32" or "widest") operators have, by name.
vm::Value set_autocast_policies(vm::VM& vm, const vm::Value* args);
/// `_set_autocast(enabled, dtype, /)`.
vm::Value set_autocast(vm::VM& vm, const vm::Value* args);

}  // namespace tsvm::stdlib

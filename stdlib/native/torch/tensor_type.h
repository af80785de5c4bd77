// The Tensor type, nn.Parameter, and grad_fn objects.
#pragma once

#include "ops/tensor/print.h"
#include "vm/vm.h"

namespace tsvm::stdlib {

void init_tensor_type(vm::VM& vm);
/// What torch.set_printoptions sets, per thread.
ops::PrintOptions& print_options();

}  // namespace tsvm::stdlib

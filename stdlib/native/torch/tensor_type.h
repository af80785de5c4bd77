// The Tensor type, nn.Parameter, and grad_fn objects.
#pragma once

#include "ops/tensor/print.h"
#include "vm/vm.h"

namespace tsvm::stdlib {

void init_tensor_type(vm::VM& vm);
/// What torch.set_printoptions sets, per thread.
ops::PrintOptions& print_options();

/// Makes a tensor an instance of a class that derives from Tensor.
void set_tensor_class(vm::VM& vm, vm::Value tensor, vm::Type* type);
/// The class of a tensor that is neither Tensor nor Parameter; null for those and for other values.
vm::Type* tensor_subclass(vm::Value v);

}  // namespace tsvm::stdlib

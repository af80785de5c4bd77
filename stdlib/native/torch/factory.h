// Tensors from the language's data, and back.
#pragma once

#include <optional>

#include "ops/tensor/device.h"
#include "ops/tensor/dtype.h"
#include "vm/vm.h"

namespace tsvm::stdlib {

/// torch.tensor(data): nested sequences, numbers, a tensor (copied). dtype nothing: found from the data. Owned.
vm::Value tensor_from_data(vm::VM& vm, vm::Value data, std::optional<ops::DType> dtype, ops::Device device);
/// tensor.tolist(): nested lists, or a number for 0 dimensions.
vm::Value tensor_to_list(vm::VM& vm, vm::Value tensor);
/// tensor.item().
vm::Value tensor_item(vm::VM& vm, vm::Value tensor);

}  // namespace tsvm::stdlib

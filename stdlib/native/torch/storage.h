// torch.storage.TypedStorage and UntypedStorage: the memory under tensors, as objects.
#pragma once

#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib {

/// Makes the types; called when torch is first imported.
void init_storage_types(vm::VM& vm);
/// _rebuild_tensor(storage, offset, sizes, strides): a tensor on a storage, everything checked.
vm::Value rebuild_tensor(vm::VM& vm, const vm::Value* args);

}  // namespace tsvm::stdlib

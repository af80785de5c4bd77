// tensor[index] and tensor[index] = value.
#pragma once

#include "vm/vm.h"

namespace tsvm::stdlib {

vm::Value tensor_get_item(vm::VM& vm, vm::Value self, vm::Value index);
/// value unbound (deletion) is refused.
bool tensor_set_item(vm::VM& vm, vm::Value self, vm::Value index, vm::Value value);

}  // namespace tsvm::stdlib

// torch.autograd.graph.saved_tensors_hooks: functions of the language decide what is kept in place of saved tensors.
#pragma once

#include "vm/native.h"

namespace tsvm::stdlib {

/// `_push_saving_hooks(pack, unpack, /)`: from now on tensors that are saved go through pack, and come back through
/// unpack. A str as pack: saving is refused with that message.
vm::Value push_saving_hooks(vm::VM& vm, const vm::Value* args);
/// `_pop_saving_hooks()`: the ones before are in force again.
vm::Value pop_saving_hooks(vm::VM& vm, const vm::Value* args);

}  // namespace tsvm::stdlib

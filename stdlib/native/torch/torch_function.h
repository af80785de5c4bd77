// __torch_function__: classes of programs decide what operators do with their instances, and modes what all operators
// do.
#pragma once

#include <span>

#include "vm/native.h"

namespace tsvm::stdlib {

/// What the protocol makes of a call: Unbound if nobody asks for it. `keywords` name the last values of `args`.
vm::Value by_protocol(vm::VM& vm, vm::Value function, std::span<const vm::Value> args,
                      std::span<vm::Str* const> keywords);
/// Whether by_protocol() may have something to say although all arguments fit.
bool protocol_in_use(vm::VM& vm);
/// Whether a value that is no tensor has a class with __torch_function__.
bool takes_part(vm::VM& vm, vm::Value v);
/// Whether a tensor's class handles operators in its own way.
bool has_own_torch_function(vm::VM& vm, vm::Value self);
/// Calls the __torch_function__ of args[0] for a method, or an attribute ("__get__" of it), of Tensor.
vm::Value method_by_protocol(vm::VM& vm, const char* method, std::span<const vm::Value> args);
vm::Value attribute_by_protocol(vm::VM& vm, vm::Value self, vm::Str* name);
/// Makes the tensors in a result (also inside tuples and lists) instances of a class.
vm::Value as_instances(vm::VM& vm, vm::Value result, vm::Type* type);

/// `_as_subclass(tensor, cls, /)`, `_convert_to_class(value, cls, /)`, `_torch_function_off(by, /)` (counts), and
/// `_torch_function_modes()`: the list of modes in force.
vm::Value as_subclass(vm::VM& vm, const vm::Value* args);
vm::Value convert_to_class(vm::VM& vm, const vm::Value* args);
vm::Value torch_function_off(vm::VM& vm, const vm::Value* args);
vm::Value torch_function_modes(vm::VM& vm, const vm::Value* args);

}  // namespace tsvm::stdlib

// Operators as programs see them: functions of `torch`, methods of Tensor, and what + and [] do.
//
// The generator's tables (ops/op_info.h) say which rows a Python name may mean. A call goes in two steps: `fit` fits
// the arguments to a row (PyTorch's rules and messages), then the row's thunk unpacks them, calls the typed C++
// function and boxes the result. Operators on two tensors skip the first step.
//
// A thunk gets one Value per argument of the row, Unbound where it is missing; kinds have been checked. It does not
// throw.
#pragma once

#include <span>

#include "ops/op_info.h"
#include "ops/tensor/error.h"
#include "vm/native.h"

namespace tsvm::stdlib {

using OpThunk = vm::Value (*)(vm::VM& vm, const vm::Value* args);
/// By OpId; generated.
extern const OpThunk kOpThunks[];

/// Calls an operator: positional arguments, then one per keyword. Methods have self in args[0].
vm::Value call_operator(vm::VM& vm, const ops::OpName& entry, bool is_method, std::span<const vm::Value> args,
                        std::span<vm::Str* const> keywords);

/// The function object of an entry: what `torch.add` is.
vm::Value make_operator(vm::VM& vm, const ops::OpName& entry, bool is_method);
void init_operator_type(vm::VM& vm);

/// Turns a C++ error into the pending exception.
vm::Value raise_error(vm::VM& vm, const ops::Error& error);

}  // namespace tsvm::stdlib

// grad_fn objects, hooks, and functions with a backward written in the language.
#pragma once

#include "ops/autograd/node.h"
#include "vm/native.h"

namespace tsvm::stdlib {

/// The object of a node: None for null; for a custom function its context.
vm::Value make_node(vm::VM& vm, ops::autograd::Node* node);
/// A callable of the language as a gradient hook.
ops::autograd::HookRef make_hook(vm::VM& vm, vm::Value callable);
/// Makes the types.
void init_node_types(vm::VM& vm);

/// `_record_function(context, name, inputs, outputs, needs_grad, /)`: makes the node of a custom function's call and
/// gives the outputs with their history. The context has `_to_save`, `_non_differentiable` and `_dirty` (tuples or
/// None).
vm::Value record_function(vm::VM& vm, const vm::Value* args);
/// `_saved_tensors(context, /)`: the tensors that the context saved, checked.
vm::Value saved_tensors(vm::VM& vm, const vm::Value* args);
/// `_delayed_error(message, tensors, /)`: the tensors with a history that raises.
vm::Value delayed_error(vm::VM& vm, const vm::Value* args);

}  // namespace tsvm::stdlib

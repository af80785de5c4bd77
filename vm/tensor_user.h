// What the VM hangs on a tensor (TensorImpl::user()): attributes that programs set, and the class of a subclass's
// instance. Tensors of class Tensor or nn.Parameter have none until an attribute is set.
#pragma once

namespace tsvm::vm {

class VM;
struct Dict;
struct Type;

struct TensorUser {
  VM* vm;
  Dict* dict;            // owned; may be null
  Type* type = nullptr;  // counted; null: Tensor or Parameter
};

}  // namespace tsvm::vm

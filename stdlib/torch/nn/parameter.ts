"""Parameters: tensors that a module trains. A Parameter is a Tensor that carries a mark."""
from torch._C import Parameter, UninitializedBuffer, UninitializedParameter, is_lazy

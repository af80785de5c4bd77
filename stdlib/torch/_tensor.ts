"""Methods of torch.Tensor that are written in the language. add_methods puts each function of _METHODS into the class."""
import torch
from _torch_c import _add_tensor_methods, _copy_with_storage


def __deepcopy__(self, memo):
    if not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                           "moment")
    known = memo.get(id(self))
    if known is not None:
        return known
    if isinstance(self, torch.nn.Parameter):
        with torch.no_grad():
            result = torch.nn.Parameter(self.detach().clone(memory_format=torch.preserve_format), self.requires_grad)
        memo[id(self)] = result
        return result
    result = _copy_with_storage(self, memo)
    memo[id(self)] = result
    if self.requires_grad:
        result.requires_grad_()
    if self.grad is not None:
        result.grad = self.grad.__deepcopy__(memo)
    return result


_add_tensor_methods({"__deepcopy__": __deepcopy__})

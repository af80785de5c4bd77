"""Methods of torch.Tensor that are written in the language. add_methods puts each function of _METHODS into the class."""
import torch
from _torch_c import _add_tensor_methods, _as_subclass, _copy_with_storage
from collections import OrderedDict
from copy import deepcopy


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
    if type(self) is not torch.Tensor:
        result = _as_subclass(result, type(self))
        for name, value in self.__dict__.items():
            setattr(result, name, deepcopy(value, memo))
    memo[id(self)] = result
    if self.requires_grad:
        result.requires_grad_()
    if self.grad is not None:
        result.grad = self.grad.__deepcopy__(memo)
    return result


def __reduce_ex__(self, protocol):
    """How a tensor is pickled: its storage, and where in it the elements are."""
    from torch import _utils
    if type(self) is torch.nn.Parameter:
        return _utils._rebuild_parameter, (self.data, self.requires_grad, OrderedDict())
    if self.is_meta:
        return _utils._rebuild_meta_tensor_no_storage, (self.dtype, tuple(self.size()), self.stride(), self.requires_grad)
    if self.layout == torch.sparse_coo:
        return _utils._rebuild_sparse_tensor, (self.layout, (self._indices(), self._values(), self.size()))
    return _utils._rebuild_tensor_v2, (self.storage(), self.storage_offset(), tuple(self.size()), self.stride(),
                                       self.requires_grad, OrderedDict())


def __setstate__(self, state):
    """Old pickles set the state of an empty tensor."""
    if not self.is_leaf:
        raise RuntimeError("__setstate__ can be only called on leaf Tensors")
    if len(state) == 4:
        storage, offset, size, stride = state
        self.data = torch._C._rebuild_tensor(storage, offset, size, stride)
        return
    if len(state) == 5:
        self.data = state[0]
        state = (state[3], state[4], state[2])
    self.requires_grad = state[0]


def __complex__(self):
    return complex(self.item())


def __reversed__(self):
    """The first dimension backwards."""
    return self if self.dim() == 0 else self.flip(0)


@classmethod
def __torch_function__(cls, func, types, args=(), kwargs=None):
    """What operators do with instances of subclasses: see torch.overrides."""
    from torch.overrides import _of_tensor
    return _of_tensor(cls, func, types, args, kwargs)


@staticmethod
def _make_subclass(cls, data, require_grad=False):
    """A tensor over the same memory, without history, as an instance of a subclass."""
    result = _as_subclass(data.detach(), cls)
    return result.requires_grad_() if require_grad else result


_add_tensor_methods({"__torch_function__": __torch_function__, "_make_subclass": _make_subclass, "__complex__": __complex__, "__reversed__": __reversed__, "__deepcopy__": __deepcopy__, "__reduce_ex__": __reduce_ex__, "__setstate__": __setstate__})

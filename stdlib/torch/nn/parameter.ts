"""Parameters: tensors that a module trains. A Parameter is a Tensor that carries a mark."""
import torch
from _torch_c import Parameter


def is_lazy(param):
    """Whether a parameter or buffer waits for its size."""
    return isinstance(param, torch.Tensor) and getattr(param, "_uninitialized", None) is not None


class _Uninitialized(type):
    """Its instances are ordinary tensors that carry a mark, so instance checks look at the mark."""

    def __instancecheck__(cls, value):
        return is_lazy(value) and issubclass(value._uninitialized, cls)


def _materialize(tensor):
    def materialize(shape, device=None, dtype=None):
        """Gives the tensor its size; its elements are not initialised."""
        device = tensor.device if device is None else device
        dtype = tensor.dtype if dtype is None else dtype
        tensor.data = torch.empty(shape, device=device, dtype=dtype)
        del tensor._uninitialized
        del tensor.materialize

    return materialize


class UninitializedTensorMixin(metaclass=_Uninitialized):
    """What parameters and buffers of unknown size have in common: materialize(shape)."""


def _uninitialized(cls, tensor):
    tensor._uninitialized = cls
    tensor.materialize = _materialize(tensor)
    return tensor


class UninitializedParameter(UninitializedTensorMixin):
    """A parameter whose size is not known before a lazy module's first call."""

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        return _uninitialized(cls, Parameter(torch.empty(0, device=device, dtype=dtype), requires_grad))


class UninitializedBuffer(UninitializedTensorMixin):
    """A buffer whose size is not known before a lazy module's first call."""

    def __new__(cls, requires_grad=False, device=None, dtype=None):
        return _uninitialized(cls, torch.empty(0, device=device, dtype=dtype))

"""Parameters: tensors that a module trains. A Parameter is a Tensor that carries a mark."""
import torch
from _torch_c import Parameter, _set_tensor_class


def is_lazy(param):
    """Whether a parameter or buffer waits for its size."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedTensorMixin:
    """What parameters and buffers of unknown size have in common: materialize(shape)."""

    def materialize(self, shape, device=None, dtype=None):
        """Gives the tensor its size; its elements are not initialised."""
        _set_tensor_class(self, self.cls_to_become)
        self.data = torch.empty(shape, device=self.device if device is None else device, dtype=self.dtype if dtype is None else dtype)

    @property
    def shape(self):
        raise RuntimeError("Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
                           "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
                           "parameters before accessing their attributes.")

    def share_memory_(self):
        raise RuntimeError("Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters before "
                           "calling `module.share_memory()`.")

    def __repr__(self):
        return f"<{self.__class__.__name__}>"

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", None) in _ALLOWED:
            return super().__torch_function__(func, types, args, kwargs)
        raise ValueError(f"Attempted to use an uninitialized parameter in {func}. This error happens when you are using a `LazyModule` or "
                         "explicitly manipulating `torch.nn.parameter.UninitializedParameter` objects. When using LazyModules Call `forward` "
                         "with a dummy batch to initialize the parameters before calling torch functions")


_ALLOWED = {"__hash__", "__get__", "size", "copy_", "is_floating_point", "half", "float", "double", "char", "short", "int", "long", "cuda", "cpu",
            "to", "get_device", "detach", "requires_grad_", "is_complex"}


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose size is not known before a lazy module's first call."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        return _set_tensor_class(Parameter(torch.empty(0, device=device, dtype=dtype), requires_grad), cls)


class UninitializedBuffer(UninitializedTensorMixin, torch.Tensor):
    """A buffer whose size is not known before a lazy module's first call."""

    cls_to_become = torch.Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None):
        return _set_tensor_class(torch.empty(0, device=device, dtype=dtype), cls)

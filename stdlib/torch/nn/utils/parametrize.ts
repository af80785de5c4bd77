"""Parameters that are functions of other parameters.

register_parametrization gives the module a class of its own, derived from the one it had, on which the parametrized name is a
property: reading it runs the parametrizations over the originals, writing it runs their right inverses.
"""
import copy
from contextlib import contextmanager
import torch
from torch.nn.modules.container import ModuleDict, ModuleList
from torch.nn.parameter import Parameter

_cache_enabled = 0
_cache = {}


@contextmanager
def cached():
    """Inside, each parametrized tensor is computed once."""
    global _cache_enabled
    global _cache
    _cache_enabled += 1
    try:
        yield
    finally:
        _cache_enabled -= 1
        if not _cache_enabled:
            _cache = {}


def _register_parameter_or_buffer(module, name, value):
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _same(kind, dtype, shape, value, new, unsafe_words):
    if value.dtype != dtype:
        raise ValueError("Registering a parametrization may not change the dtype of the tensor, unless {} flag is enabled.\n"
                         "{}: {}\n{}: {}".format(unsafe_words, kind[0] + "dtype" + kind[1], dtype, new[0] + "dtype" + new[1],
                                                 value.dtype))
    if value.shape != shape:
        raise ValueError("Registering a parametrization may not change the shape of the tensor, unless {} flag is enabled.\n"
                         "{}: {}\n{}: {}".format(unsafe_words, kind[0] + "shape" + kind[1], shape, new[0] + "shape" + new[1],
                                                 value.shape))


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and its originals."""

    def __init__(self, modules, original, unsafe=False):
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with torch.no_grad():
            new = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass
        if not isinstance(new, (torch.Tensor, list, tuple)):
            raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {}".format(
                type(new).__name__))
        self.is_tensor = isinstance(new, torch.Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if original.dtype != new.dtype:
                raise ValueError("When `right_inverse` outputs one tensor, it may not change the dtype.\noriginal.dtype: {}\n"
                                 "right_inverse(original).dtype: {}".format(original.dtype, new.dtype))
            # The same object goes on, so that optimisers need not be told.
            with torch.no_grad():
                original.set_(new)
            _register_parameter_or_buffer(self, "original", original)
        else:
            for i, item in enumerate(new):
                if not isinstance(item, torch.Tensor):
                    raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element {} "
                                     "of the sequence with type {}.".format(i, type(item).__name__))
                if isinstance(original, Parameter):
                    item = Parameter(item)
                item.requires_grad_(original.requires_grad)
                _register_parameter_or_buffer(self, "original{}".format(i), item)
        if not self.unsafe:
            result = self()
            if not isinstance(result, torch.Tensor):
                raise ValueError("A parametrization must return a tensor. Got {}.".format(type(result).__name__))
            _same(("unparametrized ", ""), dtype, shape, result, ("parametrized ", ""), "`unsafe`")

    def right_inverse(self, value):
        """Sets the originals so that the parametrized tensor becomes `value`."""
        with torch.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError("parametrization {} does not implement right_inverse.".format(type(module).__name__))
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, torch.Tensor):
                    raise ValueError("`right_inverse` should return a tensor. Got {}".format(type(value).__name__))
                if value.dtype != self.original.dtype:
                    raise ValueError("The tensor returned by `right_inverse` has dtype {} while `original` has dtype {}".format(
                        value.dtype, self.original.dtype))
                self.original.set_(value)
                return
            if not isinstance(value, (list, tuple)):
                raise ValueError("'right_inverse' must return a sequence of tensors. Got {}.".format(type(value).__name__))
            if len(value) != self.ntensors:
                raise ValueError("'right_inverse' must return a sequence of tensors of length {}. Got a sequence of lenght {}.".format(
                    self.ntensors, len(value)))
            for i, item in enumerate(value):
                own = getattr(self, "original{}".format(i))
                if not isinstance(item, torch.Tensor):
                    raise ValueError("`right_inverse` must return a sequence of tensors. Got element {} of type {}".format(
                        i, type(item).__name__))
                if own.dtype != item.dtype:
                    raise ValueError("Tensor {} returned by `right_inverse` has dtype {} while `original{}` has dtype {}".format(
                        i, item.dtype, i, own.dtype))
                own.set_(item)

    def forward(self):
        steps = list(self)
        if self.is_tensor:
            x = steps[0](self.original)
        else:
            x = steps[0](*[getattr(self, "original{}".format(i)) for i in range(self.ntensors)])
        for step in steps[1:]:
            x = step(x)
        return x


def _inject_new_class(module):
    cls = module.__class__

    def default_deepcopy(self, memo):
        # A copy made slot by slot: the class is the instance's own.
        replica = self.__new__(self.__class__)
        memo[id(self)] = replica
        replica.__dict__ = copy.deepcopy(self.__dict__, memo)
        return replica

    def getstate(self):
        raise RuntimeError("Serialization of parametrized modules is only supported through state_dict(). See:\n"
                           "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
                           "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training")

    members = {"__getstate__": getstate}
    module.__class__ = type("Parametrized{}".format(cls.__name__), (cls,), members)


def _inject_property(module, name):
    def compute(self):
        return self.parametrizations[name]()

    def read(self):
        if not _cache_enabled:
            return compute(self)
        key = (id(self), name)
        value = _cache.get(key)
        if value is None:
            value = _cache[key] = compute(self)
        return value

    def write(self, value):
        self.parametrizations[name].right_inverse(value)

    setattr(module.__class__, name, property(read, write))


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """Makes a parameter or buffer the result of `parametrization` applied to what it was."""
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            y = getattr(module, tensor_name)
            x = parametrization(y)
            if not isinstance(x, torch.Tensor):
                raise ValueError("A parametrization must return a tensor. Got {}.".format(type(x).__name__))
            _same(("module.{}.".format(tensor_name), ""), y.dtype, y.shape, x,
                  ("parametrization(module.{}).".format(tensor_name), ""), "the `unsafe`")
            if hasattr(parametrization, "right_inverse"):
                try:
                    z = parametrization.right_inverse(x)
                except NotImplementedError:
                    pass
                else:
                    if not isinstance(z, torch.Tensor):
                        raise ValueError("parametrization.right_inverse must return a tensor. Got: {}".format(type(z).__name__))
                    for what in ("dtype", "shape"):
                        if getattr(z, what) != getattr(y, what):
                            raise ValueError("The tensor returned by parametrization.right_inverse must have the same {} as module.{}, "
                                             "unless the `unsafe` flag is enabled.\nmodule.{}.{}: {}\nreturned {}: {}".format(
                                                 what, tensor_name, tensor_name, what, getattr(y, what), what, getattr(z, what)))
        module.parametrizations[tensor_name].append(parametrization)
        module.parametrizations[tensor_name].unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        parametrizations = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _inject_new_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError("Module '{}' does not have a parameter, a buffer, or a parametrized element with name '{}'".format(
            module, tensor_name))
    return module


def is_parametrized(module, tensor_name=None):
    """Whether the module, or one of its tensors, is parametrized."""
    parametrizations = getattr(module, "parametrizations", None)
    if parametrizations is None or not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Makes the tensor an ordinary one again: its parametrized value, or with leave_parametrized=False the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError("Module {} does not have a parametrization on {}".format(module, tensor_name))
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with torch.no_grad():
                t = getattr(module, tensor_name)
            with torch.no_grad():
                original.set_(t)
    elif leave_parametrized:
        t = getattr(module, tensor_name)
        original = Parameter(t) if t.requires_grad else t
    else:
        raise ValueError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
                         "sequence of tensors.")
    delattr(module.__class__, tensor_name)
    del module.parametrizations[tensor_name]
    _register_parameter_or_buffer(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = module.__class__.__bases__[0]
    return module


def type_before_parametrizations(module):
    """The class that the module had before it was parametrized."""
    return module.__class__.__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module, to_module, tensor_name=None):
    """Gives to_module the parametrizations of from_module and their originals."""
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    assert isinstance(from_module.parametrizations, ModuleDict)
    for name in names:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(source.original))
        for step in source:
            register_parametrization(to_module, name, step)
        own = to_module.parametrizations[name]
        if hasattr(source, "original"):
            own.original = source.original
        else:
            for i in range(source.ntensors):
                setattr(own, "original{}".format(i), getattr(source, "original{}".format(i)))
    return to_module

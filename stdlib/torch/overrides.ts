"""__torch_function__: classes, and modes, that decide what operators do."""
import functools
import _torch_c as _C
import torch


class _DisableTorchFunction:
    """While the block runs, subclasses of Tensor are ordinary tensors."""

    def __enter__(self):
        _C._torch_function_off(1)

    def __exit__(self, *exc):
        _C._torch_function_off(-1)


class _Getter:
    """An attribute of Tensor as a function."""

    def __init__(self, attribute):
        self.attribute = attribute
        self.__name__ = "__get__"

    def __call__(self, tensor):
        with _DisableTorchFunction():
            return getattr(tensor, self.attribute)

    def __eq__(self, other):
        return isinstance(other, _Getter) and self.attribute == other.attribute

    def __hash__(self):
        return hash(self.attribute)

    def __repr__(self):
        return f"<method-wrapper '__get__' of getset_descriptor object: {self.attribute}>"


def _getter(attribute):
    return _Getter(attribute)


def _of_tensor(cls, func, types, args=(), kwargs=None):
    """What a subclass of Tensor does unless it says otherwise: runs the operator; results are of the subclass too."""
    if not all(issubclass(cls, t) for t in types):
        return NotImplemented
    with _DisableTorchFunction():
        result = func(*args, **(kwargs or {}))
    if isinstance(func, _Getter) and func.attribute in ("grad", "_grad", "_base"):
        return result
    return _C._convert_to_class(result, cls)


def is_tensor_like(inp):
    """Whether a value is a tensor or takes part in operators as one."""
    return type(inp) is torch.Tensor or hasattr(inp, "__torch_function__")


def has_torch_function(relevant_args):
    """Whether an argument's class decides what operators do."""
    return any(type(a) not in (torch.Tensor, torch.nn.Parameter) and hasattr(type(a), "__torch_function__") for a in relevant_args)


def has_torch_function_unary(value):
    return has_torch_function((value,))


def has_torch_function_variadic(*values):
    return has_torch_function(values)


def _overloaded(relevant_args):
    found = []
    for arg in relevant_args:
        cls = type(arg)
        if cls is torch.Tensor or not hasattr(cls, "__torch_function__") or any(type(a) is cls for a in found):
            continue
        at = next((i for i, a in enumerate(found) if issubclass(cls, type(a))), len(found))
        found.insert(at, arg)
    return found


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """What the classes of the arguments make of a call of a function."""
    found = _overloaded(relevant_args)
    types = tuple(map(type, found))
    for arg in found:
        result = arg.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{public_api.__module__}.{public_api.__name__}"
    raise TypeError(f"no implementation found for '{name}' on types that implement __torch_function__: {[type(a) for a in found]}")


def wrap_torch_function(dispatcher):
    """Makes a function of the language take part: dispatcher(*args) gives the arguments that count."""

    def inner(func):
        @functools.wraps(func)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapped

    return inner


class TorchFunctionMode:
    """While a with block runs, __torch_function__ of the mode is asked for each operator."""

    def __init__(self):
        pass

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def __enter__(self):
        _C._torch_function_modes().append(self)
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        _C._torch_function_modes().pop()

    @classmethod
    def push(cls, *args, **kwargs):
        import warnings
        warnings.warn("`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`")
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def resolve_name(f):
    """The name under which programs know a function."""
    return getattr(f, "__qualname__", None) or getattr(f, "__name__", None)


def is_tensor_method_or_property(func):
    return isinstance(func, _Getter) or getattr(torch.Tensor, getattr(func, "__name__", ""), None) is func

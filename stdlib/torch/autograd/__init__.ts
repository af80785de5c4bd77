"""torch.autograd: gradients of what was computed."""
import _torch_c as _C
import torch

no_grad, enable_grad, set_grad_enabled, inference_mode = (torch.no_grad, torch.enable_grad, torch.set_grad_enabled,
                                                          torch.inference_mode)


class VariableMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, torch.Tensor)


class Variable(metaclass=VariableMeta):
    """The old way to make a tensor that takes part in autograd: gives a tensor."""

    def __new__(cls, data=None, requires_grad=False, volatile=False):
        if volatile:
            import warnings
            warnings.warn("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", stacklevel=2)
        if data is None:
            data = torch.empty(0)
        elif not isinstance(data, torch.Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        result = data.detach()
        if requires_grad:
            result.requires_grad_()
        return result


Variable.__module__ = "torch.autograd.variable"


def _as_tuple(value):
    if value is None:
        return ()
    return (value,) if isinstance(value, torch.Tensor) else tuple(value)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Adds the gradients of the sum of tensors (weighted by grad_tensors) to the leaves' .grad."""
    if inputs is not None and len(_as_tuple(inputs)) == 0:
        raise RuntimeError("'inputs' argument to backward cannot be empty.")
    tensors = _as_tuple(tensors)
    grads = _as_tuple(grad_variables if grad_tensors is None else grad_tensors) or (None,) * len(tensors)
    keep = create_graph if retain_graph is None else retain_graph
    _C._run_backward(tensors, grads, keep, create_graph, None if inputs is None else _as_tuple(inputs))


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=False,
         is_grads_batched=False):
    """The gradients of outputs with respect to inputs, as a tuple."""
    outputs = _as_tuple(outputs)
    grads = _as_tuple(grad_outputs) or (None,) * len(outputs)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        count = next(len(g) for g in grads if g is not None)
        rows = [_C._run_grad(outputs, _as_tuple(inputs), tuple(None if g is None else g[i] for g in grads), True if i + 1 < count else keep,
                             create_graph, allow_unused) for i in range(count)]
        return tuple(None if column[0] is None else torch.stack(column) for column in zip(*rows))
    return _C._run_grad(outputs, _as_tuple(inputs), grads, keep, create_graph, allow_unused)


class set_detect_anomaly:
    """Turns the search for NaN in backward on or off; as a context manager, for the block."""

    def __init__(self, mode, check_nan=True):
        self.prev = _C.is_anomaly_enabled()
        _C._set_anomaly_enabled(mode and check_nan)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        _C._set_anomaly_enabled(self.prev)


class detect_anomaly:
    """While the block runs, backward raises where a gradient becomes NaN."""

    def __init__(self, check_nan=True):
        import warnings
        warnings.warn("Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
                      "debugging.", stacklevel=2)
        self.check_nan = check_nan
        self.prev = _C.is_anomaly_enabled()

    def __enter__(self):
        self.prev = _C.is_anomaly_enabled()
        _C._set_anomaly_enabled(self.check_nan)

    def __exit__(self, *args):
        _C._set_anomaly_enabled(self.prev)


def __getattr__(name):
    if name in ("Function", "FunctionCtx"):
        from torch.autograd import function
        return getattr(function, name)
    if name in ("gradcheck", "gradgradcheck"):
        from importlib import import_module
        function = getattr(import_module("torch.autograd.gradcheck"), name)
        globals()[name] = function
        return function
    if name in ("functional", "profiler", "graph", "function", "forward_ad", "anomaly_mode"):
        from importlib import import_module
        return import_module("torch.autograd." + name)
    raise AttributeError(f"module 'torch.autograd' has no attribute '{name}'")

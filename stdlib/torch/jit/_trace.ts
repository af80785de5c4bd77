"""torch.jit.trace: what a function does on example inputs, as a scripted function."""
import warnings
import _script
import torch
from torch.jit._script import RecursiveScriptModule, ScriptModule, _class_for, _recursive, _take_state
from torch.nn.modules.module import Module


class TracerWarning(Warning):
    pass


TracerWarning.__module__ = "torch.jit"


_CONSTANT = ("Converting a tensor to a Python {} might cause the trace to be incorrect. We can't record the data flow of Python "
             "values, so this value will be treated as a constant in the future. This means that the trace might not generalize to "
             "other inputs!")
_WARNINGS = {
    "len": "Using len to get tensor shape might cause the trace to be incorrect. Recommended usage would be tensor.shape[0]. "
           "Passing a tensor of different shape might lead to errors or silently give incorrect results.",
    "iter": "Iterating over a tensor might cause the trace to be incorrect. Passing a tensor of different shape won't change the "
            "number of iterations executed (and might lead to errors or silently give incorrect results).",
    "tensor": "torch.tensor results are registered as constants in the trace. You can safely ignore this warning if you use this "
              "function to create tensors out of constant variables that would be the same every time you call this function. In "
              "any other case, this might cause the trace to be incorrect.",
}


def _warn(what):
    warnings.warn(_WARNINGS.get(what) or _CONSTANT.format(what), TracerWarning, stacklevel=2)


class TracingCheckError(Exception):
    pass


class TopLevelTracedModule(RecursiveScriptModule):
    """What torch.jit.trace gives for a module."""

    def _get_name(self):
        return type(self)._original_name

    def extra_repr(self):
        return "original_name={}".format(self.original_name)


TracedModule = TopLevelTracedModule


def is_tracing():
    return _script.is_tracing()


def _parameter_names(function, count):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return ["argument_%d" % (i + 1) for i in range(count)]
    names = list(code.co_varnames[:code.co_argcount])
    if hasattr(function, "__func__"):
        names = names[1:]
    while len(names) < count:
        names.append("argument_%d" % (len(names) + 1))
    return names[:count]


def _as_tuple(inputs):
    if isinstance(inputs, (torch.Tensor, dict)):
        return (inputs,)
    return tuple(inputs)


def _copy(v):
    if isinstance(v, torch.Tensor):
        return v.detach().clone().requires_grad_(v.requires_grad) if v.is_floating_point() else v.clone()
    if isinstance(v, tuple):
        return tuple([_copy(x) for x in v]) if type(v) is tuple else type(v)(*[_copy(x) for x in v])
    if isinstance(v, list):
        return [_copy(x) for x in v]
    if isinstance(v, dict):
        return {k: _copy(x) for k, x in v.items()}
    return v


def _flat(v):
    if isinstance(v, torch.Tensor):
        return [v]
    if isinstance(v, (tuple, list)):
        return [x for item in v for x in _flat(item)]
    if isinstance(v, dict):
        return [x for item in v.values() for x in _flat(item)]
    return []


def _check(traced, function, inputs, tolerance):
    """Runs both again: what depends on more than the inputs shows."""
    with torch.no_grad():
        state = torch.get_rng_state()
        ours = _flat(traced(*_copy(inputs)))
        torch.set_rng_state(state)
        theirs = _flat(function(*_copy(inputs)))
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a.shape != b.shape or not torch.allclose(a.double() if not a.is_complex() else a, b.double() if not b.is_complex() else b,
                                                    rtol=tolerance, atol=1e-7, equal_nan=True):
            warnings.warn("Output nr " + str(i + 1) + ". of the traced function does not match the corresponding output of the "
                          "Python function. Detailed error:\nTensor-likes are not close!", TracerWarning, stacklevel=4)
            return


def trace(func, example_inputs, check_trace, check_inputs, check_tolerance, strict):
    if isinstance(func, (ScriptModule, _script.ScriptFunction)):
        warnings.warn("The input to trace is already a ScriptModule, tracing it is a no-op. Returning the object as is.")
        return func
    inputs = _as_tuple(example_inputs)
    if isinstance(func, Module):
        return trace_module(func, {"forward": inputs}, check_trace, check_inputs, check_tolerance, strict)
    bound = getattr(func, "__self__", None)
    if isinstance(bound, Module) and hasattr(func, "__func__"):
        if func.__name__ == "forward":
            return trace_module(bound, {"forward": inputs}, check_trace, check_inputs, check_tolerance, strict)
    name = getattr(func, "__name__", None) or type(func).__name__
    if not name.isidentifier():
        name = "forward" if name != "<lambda>" else "_lambda"
    traced, _ = _script.trace(func, name, _parameter_names(func, len(inputs)), _copy(inputs), None, strict)
    if check_trace:
        for more in ([inputs] if check_inputs is None else [_as_tuple(c) for c in check_inputs]):
            _check(traced, func, more, check_tolerance)
    return traced


def trace_module(mod, inputs, check_trace, check_inputs, check_tolerance, strict):
    if not isinstance(mod, Module):
        raise AttributeError("expected torch.nn.Module as the first argument")
    if not isinstance(inputs, dict):
        raise AttributeError("expected a dictionary of (method_name, input) pairs")
    handle = _script.describe_traced(mod)
    cls = _class_for(handle, TopLevelTracedModule, type(mod).__name__)
    made = cls.__new__(cls)
    _take_state(made, mod, handle, _submodule)
    for method, example in inputs.items():
        example = _as_tuple(example)
        func = mod if method == "forward" else getattr(mod, method)
        names = _parameter_names(getattr(mod, method), len(example))
        fn, _ = _script.trace(func, method, names, _copy(example), (handle, mod), strict)
        setattr(cls, method, fn)
        if check_trace:
            _check(getattr(made, method) if method != "forward" else made, func, example, check_tolerance)
    return made


def _submodule(module):
    """A submodule of a traced module: its state, and no methods of its own."""
    if isinstance(module, ScriptModule):
        return module
    handle = _script.describe(module)
    cls = _class_for(handle, RecursiveScriptModule, type(module).__name__)
    made = cls.__new__(cls)
    _take_state(made, module, handle, _submodule)
    object.__setattr__(made, "_python_module", module)
    return made

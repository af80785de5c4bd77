"""torch.jit: Torch Script in programs.

Functions, classes and modules are compiled by the native module `_script`; what is here decides what is compiled and gives it
its surface.
"""
import _script as _script_native
from _script import ScriptFunction
from torch.jit._ops import Future
from torch.jit.frontend import Error, FrontendError, NotSupportedError, UnsupportedNodeError
from torch.jit._script import (_overload, _overload_method, Attribute, RecursiveScriptModule, ScriptModule, freeze, interface, optimize_for_inference, script,
                               script_method, export, ignore, unused)
from torch.jit import frontend
from typing import Final


def __getattr__(name):
    if name in ("TracerWarning", "TracingCheckError", "TopLevelTracedModule", "TracedModule"):
        from torch.jit import _trace
        return getattr(_trace, name)
    raise AttributeError(f"module 'torch.jit' has no attribute '{name}'")


def annotate(the_type, the_value):
    """In scripted code: a value of that type. Elsewhere the value itself."""
    return the_value


def is_scripting():
    return False


def is_tracing():
    from torch.jit import _trace
    return _trace.is_tracing()


def isinstance(obj, target_type):
    """isinstance that knows List[int] and the like."""
    from torch.jit import _script as own
    return own._isinstance(obj, target_type)


def fork(func, *args, **kwargs):
    from torch.jit import _ops
    return _ops.fork(func, *args, **kwargs)


def wait(future):
    return future.wait()


_fork, _wait = fork, wait


def _unwrap_optional(x):
    assert x is not None, "Unwrapping null optional"
    return x


def trace(func, example_inputs, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True,
          _force_outplace=False, _module_class=None):
    from torch.jit import _trace
    return _trace.trace(func, example_inputs, check_trace, check_inputs, check_tolerance, strict)


def trace_module(mod, inputs, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True,
                 _force_outplace=False, _module_class=None):
    from torch.jit import _trace
    return _trace.trace_module(mod, inputs, check_trace, check_inputs, check_tolerance, strict)


def script_if_tracing(fn):
    from functools import wraps

    @wraps(fn)
    def wrapper(*args, **kwargs):
        if not is_tracing():
            return fn(*args, **kwargs)
        return script(fn)(*args, **kwargs)

    return wrapper


def set_fusion_strategy(strategy):
    return []


def enable_onednn_fusion(enabled):
    pass


def onednn_fusion_enabled():
    return False


class _OptimizedExecution:
    def __init__(self, on):
        self.on = on

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        pass


def optimized_execution(should_optimize):
    return _OptimizedExecution(should_optimize)


def fuser(name):
    return _OptimizedExecution(name)


class strict_fusion:
    def __enter__(self):
        pass

    def __exit__(self, *exc):
        pass


class CompilationUnit:
    """Functions compiled from a text."""

    def __init__(self, lang=None, _frames_up=0):
        self._functions = {}
        if lang is not None:
            self.define(lang)

    def define(self, lang, rcb=None, _frames_up=0):
        self._functions.update(_script_native.compile_source(_dedent(lang)))

    def __getattr__(self, name):
        functions = self.__dict__.get("_functions", {})
        if name not in functions:
            raise AttributeError("'CompilationUnit' has no attribute '{}'".format(name))
        return functions[name]


def _dedent(text):
    import textwrap
    return textwrap.dedent(text)


def save(m, f, _extra_files=None):
    """Writes a script module or function to an archive."""
    from torch.jit import _serialization
    _serialization.save(m, f, _extra_files)


def load(f, map_location=None, _extra_files=None):
    """Reads a script module from an archive."""
    from torch.jit import _serialization
    return _serialization.load(f, map_location, _extra_files)

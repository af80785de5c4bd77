"""script, script modules, and the marks that decide what is compiled."""
import _nn
import _script
import torch
from collections import OrderedDict
from _script import ScriptFunction
from torch._jit_internal import _overload, _overload_method, _signatures_of
from torch.nn.modules.module import Module

_types = type
_python_isinstance = isinstance


class Attribute:
    """A value with a type, for attributes of old-style script modules."""

    def __init__(self, value, type):
        self.value = value
        self.type = type


# --- marks ---
def export(fn):
    fn._torchscript_modifier = "export"
    return fn


def ignore(drop=False, **kwargs):
    if callable(drop):
        drop._torchscript_modifier = "ignore"
        return drop

    def mark(fn):
        fn._torchscript_modifier = "unused" if drop else "ignore"
        return fn

    return mark


def unused(fn):
    if _python_isinstance(fn, property):
        if fn.fget is not None:
            fn.fget._torchscript_modifier = "unused"
        return fn
    fn._torchscript_modifier = "unused"
    return fn


def interface(obj):
    if not _python_isinstance(obj, type):
        raise RuntimeError("interface must be applied to a class")
    obj.__torch_script_interface__ = True
    return obj


class _Method:
    def __init__(self, fn):
        self.fn = fn


def script_method(fn):
    fn._torchscript_modifier = "method"
    return fn


def _isinstance(obj, target_type):
    import typing
    if _python_isinstance(target_type, tuple):
        return any(_isinstance(obj, t) for t in target_type)
    origin = typing.get_origin(target_type)
    if origin is None:
        return _python_isinstance(obj, target_type)
    args = typing.get_args(target_type)
    if origin is typing.Union:
        return any(obj is None if a is type(None) else _isinstance(obj, a) for a in args)
    if origin is list:
        return _python_isinstance(obj, list) and all(_isinstance(x, args[0]) for x in obj)
    if origin is dict:
        return _python_isinstance(obj, dict) and all(_isinstance(k, args[0]) and _isinstance(v, args[1]) for k, v in obj.items())
    if origin is tuple:
        return _python_isinstance(obj, tuple) and len(obj) == len(args) and all(_isinstance(x, a) for x, a in zip(obj, args))
    return _python_isinstance(obj, origin)


# --- modules ---
class ScriptMeta(type):
    """Instances of classes with script methods become script modules when their __init__ is done."""

    def __call__(cls, *args, **kwargs):
        made = type.__call__(cls, *args, **kwargs)
        if cls is ScriptModule or issubclass(cls, RecursiveScriptModule) or _script_methods(cls) == []:
            return made
        return _recursive(made, cls, _script_methods(cls))


def _script_methods(cls):
    found = []
    for base in reversed(cls.__mro__):
        for name, value in base.__dict__.items():
            if getattr(value, "_torchscript_modifier", None) == "method" and name not in found:
                found.append(name)
    return found


class ScriptModule(Module, metaclass=ScriptMeta):
    """A module whose methods are compiled."""

    @property
    def original_name(self):
        return type(self)._original_name

    @property
    def code(self):
        return self.forward.code

    @property
    def graph(self):
        return self.forward.graph

    @property
    def inlined_graph(self):
        return self.forward.inlined_graph

    @property
    def code_with_constants(self):
        return self.forward.code, None

    def extra_repr(self):
        return "original_name={}".format(self.original_name)

    def _get_name(self):
        return "RecursiveScriptModule" if _python_isinstance(self, RecursiveScriptModule) else type(self).__name__

    def save(self, f, **kwargs):
        torch.jit.save(self, f, **kwargs)

    def save_to_buffer(self, *args, **kwargs):
        import io
        f = io.BytesIO()
        torch.jit.save(self, f)
        return f.getvalue()

    def define(self, src):
        raise NotImplementedError("ScriptModule.define")

    def get_debug_state(self, *args, **kwargs):
        return self.forward.graph

    def __copy__(self):
        return self.__deepcopy__({})

    def __deepcopy__(self, memo):
        return _copy(self, memo)


class RecursiveScriptModule(ScriptModule):
    """What torch.jit.script gives for a module."""

    def __getitem__(self, key):
        return self._container()[key]

    def __iter__(self):
        return iter(self._container())

    def __len__(self):
        return len(self._modules)

    def __contains__(self, key):
        return key in self._container()

    def __bool__(self):
        return True

    def _container(self):
        original = self.__dict__.get("_python_module")
        if original is not None and hasattr(original, "__getitem__"):
            return original
        if original is not None:
            raise NotImplementedError
        names = list(self._modules)
        if all([n.isdigit() for n in names]):
            return list(self._modules.values())
        return dict(self._modules.items())


def _class_for(handle, base, original_name):
    cls = _script.type_class(handle)
    if cls is None:
        cls = _types(base)(base.__name__, (base,), {"_original_name": original_name, "_type_handle": handle})
        cls.__module__ = base.__module__
        cls.__qualname__ = base.__qualname__
        _script.set_type_class(handle, cls)
    return cls


def _entry_points(module):
    names = []
    cls = type(module)
    forward = getattr(cls, "forward", None)
    if forward is not None and forward is not Module.forward and getattr(forward, "_torchscript_modifier", None) not in ("ignore", "unused"):
        signatures = _signatures_of(forward)
        names += ["forward__%d" % i for i in range(len(signatures))] if signatures else ["forward"]
    for base in cls.__mro__:
        for name, value in base.__dict__.items():
            if getattr(value, "_torchscript_modifier", None) == "export" and name not in names:
                names.append(name)
    return names


_REGISTER = {"parameter": _nn.register_parameter, "buffer": _nn.register_buffer, "module": _nn.register_module,
             "attribute": object.__setattr__}


def _take_state(made, module, handle, submodule):
    """Gives a new script module the parameters, buffers, submodules (through submodule()), attributes and constants of a module."""
    object.__setattr__(made, "training", module.training)
    for name, kind in _script.members(handle):
        value = getattr(module, name)
        if kind == "module":
            value = submodule(value)
        elif kind == "attribute":
            value = _script.attribute_value(handle, name, value.value if _python_isinstance(value, Attribute) else value)
        _REGISTER[kind](made, name, value)
    for name in _script.constants(handle):
        object.__setattr__(made, name, getattr(module, name))
    transient = module.__dict__.get("_non_persistent_buffers_set")
    if transient:
        object.__setattr__(made, "_non_persistent_buffers_set", transient)


def _recursive(module, base=None, methods=None, memo=None):
    """The script module of a module: its own state, shared tensors, compiled methods."""
    if memo is None:
        memo = {}
    if _python_isinstance(module, ScriptModule) and (base is None or hasattr(type(module), "_type_handle")):
        return module
    done = memo.get(id(module))
    if done is not None:
        return done
    if not hasattr(module, "training"):
        raise RuntimeError("'{}' object has no attribute 'training': module has not been initialized; did you forget to call "
                           "'super()'?".format(type(module).__name__))
    handle = _script.describe(module)
    cls = _class_for(handle, RecursiveScriptModule if base is None else base, type(module).__name__)
    made = cls.__new__(cls)
    memo[id(module)] = made
    _take_state(made, module, handle, lambda value: _recursive(value, None, None, memo))
    if base is None:
        object.__setattr__(made, "_python_module", module)
    for hooks, before in ((module._forward_pre_hooks, True), (module._forward_hooks, False)):
        for hook in hooks.values():
            _script.add_hook(handle, hook.__name__, hook, before)
    for name in (_entry_points(module) if methods is None else methods):
        _script.compile_method(handle, name)
    for name, fn in _script.methods(handle):
        if cls.__dict__.get(name) is not fn:
            setattr(cls, name, fn)
    _copy_ignored(type(module), cls)
    if module._forward_pre_hooks or module._forward_hooks:
        made._forward_pre_hooks = module._forward_pre_hooks
        made._forward_hooks = module._forward_hooks
        _nn.set_has_hooks(made)
    return made


def install_hooks(made, handle):
    """Gives a script module the hooks that its type has as compiled methods: calling the module runs them."""
    before, after = _script.hooks(handle)
    if not before and not after:
        return
    made._forward_pre_hooks = OrderedDict(enumerate(before))
    made._forward_hooks = OrderedDict(enumerate(after))
    _nn.set_has_hooks(made)


def _copy_ignored(source, cls):
    for base in source.__mro__:
        if base is Module or base is object:
            break
        for name, value in base.__dict__.items():
            if getattr(value, "_torchscript_modifier", None) in ("ignore", "unused") and name not in cls.__dict__:
                setattr(cls, name, value)


def _copy(module, memo):
    import copy
    done = memo.get(id(module))
    if done is not None:
        return done
    cls = type(module)
    made = cls.__new__(cls)
    memo[id(module)] = made
    handle = cls._type_handle
    object.__setattr__(made, "training", module.training)
    for name, kind in _script.members(handle):
        value = copy.deepcopy(getattr(module, name), memo)
        if kind == "parameter":
            _nn.register_parameter(made, name, value)
        elif kind == "buffer":
            _nn.register_buffer(made, name, value)
        elif kind == "module":
            _nn.register_module(made, name, value)
        else:
            object.__setattr__(made, name, value)
    for name in _script.constants(handle):
        object.__setattr__(made, name, getattr(module, name))
    original = getattr(module, "_python_module", None)
    if original is not None:
        object.__setattr__(made, "_python_module", copy.deepcopy(original, memo))
    install_hooks(made, handle)
    return made


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """Compiles a function, a class or a module."""
    if _python_isinstance(obj, (ScriptFunction, ScriptModule)):
        return obj
    if _python_isinstance(obj, type):
        if issubclass(obj, Module):
            raise RuntimeError("Type '{}' cannot be compiled since it inherits from nn.Module, consider passing an instance "
                               "instead".format(obj))
        _script.script_class(obj)
        return obj
    if _python_isinstance(obj, Module):
        return _recursive(obj)
    fn = getattr(obj, "__func__", obj)
    if not callable(fn):
        raise RuntimeError("Unsupported type for torch.jit.script: {}".format(type(obj)))
    return _script.script_function(fn)


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """A copy of a module in evaluation mode whose attributes no longer change."""
    if not _python_isinstance(mod, ScriptModule):
        raise RuntimeError("Freezing expects a ScriptModule as input. Please use torch.jit.script or torch.jit.trace to script "
                           "your 'nn.Module'.")
    if mod.training:
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module "
                           "before freezing.")
    import copy
    source = copy.deepcopy(mod)
    for p in source.parameters():
        p.requires_grad_(False)
    handle = _script.empty_type(source)
    cls = _class_for(handle, RecursiveScriptModule, source.original_name)
    names = ["forward"] + [n for n in preserved_attrs or [] if _python_isinstance(getattr(type(source), n, None), ScriptFunction)]
    for name in names:
        fn = _script.freeze(source, name, handle)
        if fn is None:
            return source  # it changes its own state, which stays
        setattr(cls, name, fn)
    made = cls.__new__(cls)
    for name in preserved_attrs or []:
        if name not in names:
            object.__setattr__(made, name, getattr(source, name))
    return made


def optimize_for_inference(mod, other_methods=None):
    if not _python_isinstance(mod, ScriptModule):
        raise RuntimeError("optimize_for_inference expects a ScriptModule as input. Please use torch.jit.script or torch.jit.trace "
                           "to script your 'nn.Module'.")
    return freeze(mod.eval(), other_methods) if hasattr(mod, "training") else mod

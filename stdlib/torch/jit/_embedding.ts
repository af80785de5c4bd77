"""What torch::jit of the C++ front end does with script modules."""
import _script
import copy
import io
import torch
from torch.jit._script import _REGISTER, RecursiveScriptModule, ScriptModule, _class_for, _take_state
from torch.jit import _archive

def new_module(handle, name):
    cls = _class_for(handle, RecursiveScriptModule, name)
    made = cls.__new__(cls)
    object.__setattr__(made, "training", True)
    return made


def set_member(obj, name, kind, value):
    """An attribute whose type is known to fit."""
    if not isinstance(obj, ScriptModule):
        setattr(obj, name, value)
    else:
        _REGISTER[kind](obj, name, value)


def finish(module):
    """Methods were added to the class."""
    _archive.finish_modules(module)


def load(data, device, extra_files):
    return torch.jit.load(io.BytesIO(data) if isinstance(data, bytes) else data, device, extra_files)


def save(module, path, extra_files):
    if path is not None:
        torch.jit.save(module, path, extra_files)
        return b""
    out = io.BytesIO()
    torch.jit.save(module, out, extra_files)
    return out.getvalue()


def deepcopy(obj):
    return copy.deepcopy(obj)


def shallow_copy(obj):
    """Another object of the class with the same attributes."""
    if not isinstance(obj, ScriptModule):
        return copy.copy(obj)
    handle = type(obj)._type_handle
    made = new_module(handle, obj.original_name)
    _take_state(made, obj, handle, lambda module: module)
    return made


def call(module, args):
    return module(*args)


def freeze(module, preserved):
    return torch.jit.freeze(module, preserved)


def dedent(text):
    import textwrap
    return textwrap.dedent(text)

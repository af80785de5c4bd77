"""Script modules in archives: what torch.jit.save and torch.jit.load need of the compiler.

Writing. `code(obj)` gives (files, constants): files maps a path below "code/" ("__torch__/a/b.py") to its text, constants are
what CONSTANTS.c0, c1 ... stand for. `name(obj)` is the qualified name of the class of a script module, of an object of a script
class, of an enum member or a named tuple (None for other values). `state(obj)` is a list of (name, value, type text) in the order
of declaration: what the pickled dict of the object holds; lists and dicts are tagged with the type text.

Reading. A `Reader(read, constants, version)` takes a function that gives the text of such a path (or None) and the constants.
`reader.find(name)` gives (kind, make) for a qualified name: "module" and "class" objects are made by make() and filled by
set_state(obj, state) once their state is there; an "enum" member is make(value), a "tuple" is make(*items). When everything is
unpickled, `finish(root)` compiles the methods.
"""
import _nn
import _script
from torch.jit._script import RecursiveScriptModule, _class_for, install_hooks
from torch.nn.parameter import Parameter

code = _script.archive_code
name = _script.archive_name
state = _script.archive_state


class Reader:
    def __init__(self, read, constants=(), version=3):
        self._reader = _script.archive_reader(read, constants, version)

    def find(self, qualified_name):
        kind, cls = _script.archive_class(self._reader, qualified_name)
        if kind == "module":
            made = _class_for(cls, RecursiveScriptModule, qualified_name.rpartition(".")[2])
            return kind, lambda: made.__new__(made)
        if kind == "class":
            return kind, lambda: _script.new_object(cls)
        return kind, cls

    def function(self, qualified_name):
        return _script.archive_function(self._reader, qualified_name)


def set_state(obj, value):
    """Fills an object with its unpickled state."""
    cls = type(obj)
    handle = getattr(cls, "_type_handle", None)
    if handle is None:
        if hasattr(cls, "__setstate__") and not isinstance(value, dict):
            _script.compile_class(cls)
            obj.__setstate__(value)
            return
        for key, item in value.items():
            setattr(obj, key, item)
        return
    if not isinstance(value, dict) or _script.has_method(handle, "__setstate__"):
        object.__setattr__(obj, "training", True)
        setstate = _script.compile_method(handle, "__setstate__")
        setstate(obj, value)
        return
    object.__setattr__(obj, "training", value.get("training", False))
    for key, kind in _script.members(handle):
        if key not in value:
            continue
        item = value[key]
        if kind == "parameter":
            if item is not None and not isinstance(item, Parameter):
                item = Parameter(item, item.requires_grad) if item.is_floating_point() or item.is_complex() else Parameter(item, False)
            _nn.register_parameter(obj, key, item)
        elif kind == "buffer":
            _nn.register_buffer(obj, key, item)
        elif kind == "module":
            _nn.register_module(obj, key, item)
        else:
            object.__setattr__(obj, key, _script.attribute_value(handle, key, item))


def finish_modules(root):
    """Compiles the methods of a module and of all its submodules."""
    for module in root.modules():
        cls = type(module)
        handle = getattr(cls, "_type_handle", None)
        if handle is None:
            continue
        _script.compile_methods(handle)
        for key, fn in _script.methods(handle):
            if cls.__dict__.get(key) is not fn:
                setattr(cls, key, fn)
        for key, v in _script.constant_values(handle):
            if key not in cls.__dict__:
                setattr(cls, key, v)
        install_hooks(module, handle)


def finish(root, reader):
    """The same, and of the script classes of the archive."""
    finish_modules(root)
    _script.compile_archive_classes(reader._reader)
    return root

"""Pickles: objects as bytes, and back.

Reading builds data and runs no code that the pickle brings: a pickle may name the built-in data types, torch's types, and the
classes and functions of the program's own modules that are loaded already. Any other name is an UnpicklingError that says it.
A subclass of Unpickler may allow more in its own find_class.
"""
import sys
import types
import copyreg
from _pickle import (DEFAULT_PROTOCOL, HIGHEST_PROTOCOL, PickleError, PicklingError, Reader as _Reader, UnpicklingError,
                     Writer as _Writer)

format_version = "4.0"
compatible_formats = ["1.0", "1.1", "1.2", "1.3", "2.0", "3.0", "4.0", "5.0"]
bytes_types = (bytes, bytearray)

_DATA_TYPES = {
    "builtins": "object type int float bool str bytes bytearray complex list tuple dict set frozenset range slice "
                "NotImplemented Ellipsis",
    "collections": "OrderedDict defaultdict deque Counter ChainMap UserDict UserList UserString",
    "copyreg": "_reconstructor __newobj__ __newobj_ex__",
    "datetime": "date time datetime timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "uuid": "UUID SafeUUID",
    "pathlib": "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath",
    "re": "_compile",
    "functools": "partial",
    "operator": "itemgetter attrgetter",
    "types": "SimpleNamespace",
    "random": "Random",
    "array": "array",
}
_DATA_TYPES = {module: frozenset(names.split()) for module, names in _DATA_TYPES.items()}

# What pickles of Python 2 call by other names.
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins", "Queue": "queue", "UserDict": "collections",
                "UserList": "collections", "UserString": "collections", "repr": "reprlib", "thread": "_thread",
                "ConfigParser": "configparser"}
_OLD_NAMES = {("__builtin__", "xrange"): ("builtins", "range"), ("__builtin__", "unicode"): ("builtins", "str"),
              ("__builtin__", "long"): ("builtins", "int"), ("__builtin__", "unichr"): ("builtins", "chr"),
              ("__builtin__", "reduce"): ("functools", "reduce"), ("exceptions", "StandardError"): ("builtins", "Exception"),
              ("UserDict", "IterableUserDict"): ("collections", "UserDict")}


def _encode(text, encoding="utf-8"):
    """How pickles of old protocols write bytes: text in Latin-1."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnpicklingError(f"_codecs.encode to {encoding!r} is not allowed in a pickle")
    return text.encode("latin-1")


def _attribute_of(owner, name):
    """How pickles name methods, the members of an enum, and (old ones) a class that is defined in another one. No code runs for it."""
    if not isinstance(owner, type) and isinstance(name, str):
        for cls in type(owner).__mro__:
            if name in cls.__dict__:
                if isinstance(cls.__dict__[name], types.FunctionType):
                    return types.MethodType(cls.__dict__[name], owner)
                break
    found = getattr(owner, name) if isinstance(owner, type) and isinstance(name, str) else None
    if not isinstance(found, type) and not (isinstance(owner, type) and isinstance(found, owner)):
        raise UnpicklingError("builtins.getattr is not allowed in a pickle but for methods, for a class within a class and for members of enums")
    return found


_SPECIAL = {("_codecs", "encode"): _encode, ("builtins", "getattr"): _attribute_of}


def _is_own(module):
    """A loaded module of the program itself, not of the library."""
    loaded = sys.modules.get(module)
    return loaded is not None and (module == "__main__" or getattr(loaded, "__file__", None) is not None)


def _attribute(module, name):
    found = sys.modules[module]
    for part in name.split("."):
        if part == "<locals>" or not hasattr(found, part):
            raise AttributeError(f"Can't get attribute {name!r} on {sys.modules[module]!r}")
        found = getattr(found, part)
    return found


def _allowed(module, name):
    """The object that a pickle may have under this name."""
    special = _SPECIAL.get((module, name))
    if special is not None:
        return special
    if _is_own(module):
        return _attribute(module, name)
    known = name in _DATA_TYPES.get(module, ())
    if not known and module == "builtins":
        found = getattr(sys.modules["builtins"], name, None)
        known = isinstance(found, type) and issubclass(found, BaseException)
    if not known and (module == "torch" or module.startswith("torch.")):
        from torch import serialization
        return serialization._allowed_global(module, name)
    if not known:
        raise UnpicklingError(f"the pickle names {module}.{name}, which is neither a known data type nor one of the program's own "
                              "loaded classes and functions: refused")
    if module not in sys.modules:
        __import__(module)
    return _attribute(module, name)


def _may_be_called(f):
    """Whether a pickle may call a function that _allowed gave (classes always)."""
    if f in (_encode, _attribute_of, copyreg._reconstructor, copyreg.__newobj__, copyreg.__newobj_ex__):
        return True
    module = getattr(f, "__module__", None)
    if module == "re":
        return f.__name__ == "_compile"
    if isinstance(module, str) and (module == "torch" or module.startswith("torch.")):
        from torch import serialization
        return serialization._may_be_called(f)
    return isinstance(module, str) and _is_own(module)


class Pickler:
    """Writes objects to a binary file. Objects that were written before by the same pickler are referred to."""

    def __init__(self, file, protocol=None, *, fix_imports=True, buffer_callback=None):
        if protocol is None:
            protocol = DEFAULT_PROTOCOL
        elif protocol < 0:
            protocol = HIGHEST_PROTOCOL
        elif protocol > HIGHEST_PROTOCOL:
            raise ValueError(f"pickle protocol must be <= {HIGHEST_PROTOCOL}")
        if buffer_callback is not None:
            if protocol < 5:
                raise ValueError("buffer_callback needs protocol >= 5")
            raise NotImplementedError("pickle: out-of-band buffers (buffer_callback) are not supported")
        if not hasattr(file, "write"):
            raise TypeError("file must have a 'write' attribute")
        self._write = file.write
        self._writer = _Writer()
        self.proto = protocol
        self.bin = protocol >= 1
        self.fast = 0
        self.fix_imports = fix_imports and protocol < 3

    def dump(self, obj):
        persistent_id = getattr(self, "persistent_id", None)
        override = getattr(self, "reducer_override", None)
        table = getattr(self, "dispatch_table", copyreg.dispatch_table)
        self._write(self._writer.dump(obj, self.proto, self.fix_imports, persistent_id, getattr(self, "_persistent_types", None),
                                      override, table if table else None))

    def clear_memo(self):
        self._writer.clear_memo()


class Unpickler:
    """Reads objects from a binary file."""

    def __init__(self, file, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
        if buffers is not None:
            raise NotImplementedError("pickle: out-of-band buffers (buffers) are not supported")
        if not hasattr(file, "read") or not hasattr(file, "readline"):
            raise TypeError("file must have 'read' and 'readline' attributes")
        self._file = file
        self._reader = _Reader()
        self.fix_imports = fix_imports
        self.encoding = encoding
        self.errors = errors

    def find_class(self, module, name):
        if self.fix_imports:
            if (module, name) in _OLD_NAMES:
                module, name = _OLD_NAMES[module, name]
            else:
                module = _OLD_MODULES.get(module, module)
        return _allowed(module, name)

    def _load(self, source, ahead):
        find = self.find_class
        if type(self).find_class is Unpickler.find_class:
            find = _Checked(find)
        return self._reader.load(source, ahead, find, getattr(self, "persistent_load", None), self.encoding, self.errors)

    def load(self):
        file = self._file
        seekable = hasattr(file, "seek") and hasattr(file, "tell") and getattr(file, "seekable", _yes)()
        value, _, left = self._load(file, seekable)
        if left:
            file.seek(file.tell() - left)
        return value


def _yes():
    return True


class _Checked:
    """find_class, and which of the functions that it finds may be called."""

    def __init__(self, find):
        self.find = find

    def __call__(self, module, name):
        return self.find(module, name)

    def may_call(self, f):
        return _may_be_called(f)


def dump(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None):
    Pickler(file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback).dump(obj)


class _Sink:
    def write(self, data):
        self.data = data


def dumps(obj, protocol=None, *, fix_imports=True, buffer_callback=None):
    sink = _Sink()
    Pickler(sink, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback).dump(obj)
    return sink.data


def load(file, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
    return Unpickler(file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers).load()


class _NoFile:
    read = readline = None


def loads(data, /, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not 'str'")
    if not isinstance(data, (bytes, bytearray)):
        data = bytes(data)
    reader = Unpickler(_NoFile, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers)
    return reader._load(data, False)[0]

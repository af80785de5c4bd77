"""How objects are taken apart for copying and pickling: object.__reduce_ex__."""
import sys

dispatch_table = {}


def _generator():
    yield


# Types whose objects are more than data: files, running code, views.
_CANNOT = frozenset([type(_generator()), type(sys), type(sys.stdout), type({}.keys()), type({}.values()), type({}.items())])


def pickle(ob_type, pickle_function, constructor_ob=None):
    """Says how objects of a type are reduced."""
    if not callable(pickle_function):
        raise TypeError("reduction functions must be callable")
    dispatch_table[ob_type] = pickle_function
    if constructor_ob is not None:
        constructor(constructor_ob)


def constructor(object):
    if not callable(object):
        raise TypeError("constructors must be callable")


def __newobj__(cls, *args):
    return cls.__new__(cls, *args)


def __newobj_ex__(cls, args, kwargs):
    return cls.__new__(cls, *args, **kwargs)


def _reconstructor(cls, base, state):
    """Makes an object for protocols 0 and 1."""
    if base is object:
        return object.__new__(cls)
    obj = base.__new__(cls, state)
    if base.__init__ is not object.__init__:
        base.__init__(obj, state)
    return obj


def _native_base(cls):
    for base in cls.__mro__:
        if base in (int, float, str, bytes, bytearray, complex, list, tuple, dict, set, frozenset):
            return base
    return object


def __reduce_ex__(obj, protocol):
    """(maker, arguments, state, items, pairs) of an object."""
    cls = type(obj)
    if cls.__reduce__ is not object.__reduce__:
        return obj.__reduce__()
    if cls is _BUILTIN:
        return obj.__name__
    if cls is complex:
        return complex, (obj.real, obj.imag)
    if cls is range or cls is slice:
        return cls, (obj.start, obj.stop, obj.step)
    for base in cls.__mro__:
        if base in _CANNOT or base.__module__ == "_io":
            raise TypeError(f"cannot pickle {cls.__name__!r} object")
    if protocol < 2:
        base = _native_base(cls)
        if base is cls:
            raise TypeError(f"cannot pickle {cls.__name__!r} object")
        args = (cls, base, None if base is object else base(obj))
        state = obj.__getstate__()
        if isinstance(state, tuple) and cls.__getstate__ is object.__getstate__:
            raise TypeError("a class that defines __slots__ without defining __getstate__ cannot be pickled")
        return (_reconstructor, args, state) if state else (_reconstructor, args)
    if hasattr(obj, "__getnewargs_ex__"):
        args, kwargs = obj.__getnewargs_ex__()
        if not isinstance(args, tuple) or not isinstance(kwargs, dict):
            raise TypeError("__getnewargs_ex__ should return a tuple of a tuple and a dict")
        function, arguments = __newobj_ex__, (cls, args, kwargs)
    else:
        if hasattr(obj, "__getnewargs__"):
            args = obj.__getnewargs__()
            if not isinstance(args, tuple):
                raise TypeError(f"__getnewargs__ should return a tuple, not '{type(args).__name__}'")
        else:
            base = _native_base(cls)
            args = () if base in (object, list, dict, set, frozenset) else (base(obj),)
            if base in (set, frozenset):
                args = (list(obj),)
                return cls, args, obj.__getstate__(), None, None
        function, arguments = __newobj__, (cls, *args)
    items = iter(obj) if isinstance(obj, list) else None
    pairs = iter(obj.items()) if isinstance(obj, dict) else None
    return function, arguments, obj.__getstate__(), items, pairs


_BUILTIN = type(len)

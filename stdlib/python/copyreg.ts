"""How objects are taken apart for copying: object.__reduce_ex__."""


def __newobj__(cls, *args):
    return cls.__new__(cls, *args)


def __newobj_ex__(cls, args, kwargs):
    return cls.__new__(cls, *args, **kwargs)


def __reduce_ex__(obj, protocol):
    """(maker, arguments, state, items, pairs) of an object."""
    cls = type(obj)
    if cls.__reduce__ is not object.__reduce__:
        return obj.__reduce__()
    if hasattr(obj, "__getnewargs_ex__"):
        args, kwargs = obj.__getnewargs_ex__()
        function, arguments = __newobj_ex__, (cls, args, kwargs)
    else:
        args = obj.__getnewargs__() if hasattr(obj, "__getnewargs__") else ()
        function, arguments = __newobj__, (cls, *args)
    items = iter(obj) if isinstance(obj, list) else None
    pairs = iter(obj.items()) if isinstance(obj, dict) else None
    return function, arguments, obj.__getstate__(), items, pairs

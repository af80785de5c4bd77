"""Shallow and deep copies."""
import sys

# Values that nothing can change: their own copies.
_ATOMIC = frozenset([type(None), bool, int, float, complex, str, bytes, type, range, slice, type(...), type(NotImplemented),
                     type(len), type(lambda: 0), type((lambda: 0).__code__)])


def _is_atomic(x):
    cls = type(x)
    return cls in _ATOMIC or issubclass(cls, type) or cls.__name__ in ("builtin_function_or_method", "weakref")

class Error(Exception):
    pass


error = Error


def copy(x):
    """A shallow copy."""
    cls = type(x)
    if _is_atomic(x):
        return x
    method = getattr(cls, "__copy__", None)
    if method is not None:
        return method(x)
    if cls in (list, dict, set):
        return x.copy()
    if cls in (tuple, frozenset):
        return x
    return _rebuild(x, lambda value: value)


def deepcopy(x, memo=None):
    """A copy that shares nothing mutable with x."""
    if _is_atomic(x):
        return x
    if memo is None:
        memo = {}
    known = memo.get(id(x), memo)
    if known is not memo:
        return known
    cls = type(x)
    method = getattr(cls, "__deepcopy__", None)
    if method is not None:
        result = method(x, memo)
    elif cls is list:
        result = []
        memo[id(x)] = result
        for item in x:
            result.append(deepcopy(item, memo))
    elif cls is dict:
        result = {}
        memo[id(x)] = result
        for key, value in x.items():
            result[deepcopy(key, memo)] = deepcopy(value, memo)
    elif cls is tuple:
        items = [deepcopy(item, memo) for item in x]
        if id(x) in memo:
            return memo[id(x)]
        result = x if all(a is b for a, b in zip(items, x)) else tuple(items)
    elif cls is set or cls is frozenset:
        result = cls([deepcopy(item, memo) for item in x])
    else:
        result = _rebuild(x, lambda value: deepcopy(value, memo), memo)
    if result is not x:
        memo[id(x)] = result
        memo.setdefault(id(memo), []).append(x)  # x stays alive, so that its id stays its own
    return result


def _rebuild(x, convert, memo=None):
    """A copy through __reduce_ex__, each part passed through convert."""
    # (Who has put a function into copyreg's table has imported it.)
    copyreg = sys.modules.get("copyreg")
    reducer = copyreg.dispatch_table.get(type(x)) if copyreg is not None else None
    if reducer is not None:
        reduced = reducer(x)
    else:
        reducer = getattr(x, "__reduce_ex__", None)
        if reducer is not None:
            reduced = reducer(4)
        elif (reducer := getattr(x, "__reduce__", None)) is not None:
            reduced = reducer()
        else:
            raise Error(f"un{'(shallow)' if memo is None else '(deep)'}copyable object of type {type(x)}")
    if isinstance(reduced, str):
        return x
    function, args, state, items, pairs = (tuple(reduced) + (None, None, None))[:5]
    result = function(*[convert(a) for a in args]) if memo is not None else function(*args)
    if memo is not None:
        memo[id(x)] = result
    if state is not None:
        state = convert(state)
        if hasattr(result, "__setstate__"):
            result.__setstate__(state)
        else:
            slots = None
            if isinstance(state, tuple) and len(state) == 2:
                state, slots = state
            if state is not None:
                result.__dict__.update(state)
            if slots is not None:
                for key, value in slots.items():
                    setattr(result, key, value)
    if items is not None:
        for item in items:
            result.append(convert(item))
    if pairs is not None:
        for key, value in pairs:
            result[convert(key)] = convert(value)
    return result

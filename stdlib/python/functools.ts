"""Higher-order functions: partial, reduce, caches, wraps, total_ordering, singledispatch."""
from collections import OrderedDict, namedtuple

WRAPPER_ASSIGNMENTS = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
WRAPPER_UPDATES = ("__dict__",)


def update_wrapper(wrapper, wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    """Makes wrapper look like wrapped: name, doc, annotations, attributes, and __wrapped__."""
    for name in assigned:
        try:
            value = getattr(wrapped, name)
        except AttributeError:
            continue
        setattr(wrapper, name, value)
    for name in updated:
        getattr(wrapper, name).update(getattr(wrapped, name, {}))
    wrapper.__wrapped__ = wrapped
    return wrapper


def wraps(wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    """A decorator that calls update_wrapper on the function it decorates."""
    return lambda wrapper: update_wrapper(wrapper, wrapped, assigned, updated)


_missing = object()


def reduce(function, sequence, initial=_missing, /):
    """function(function(initial, first), second) ..."""
    it = iter(sequence)
    if initial is _missing:
        try:
            value = next(it)
        except StopIteration:
            raise TypeError("reduce() of empty iterable with no initial value") from None
    else:
        value = initial
    for item in it:
        value = function(value, item)
    return value


class partial:
    """A function with some arguments given."""

    __message_name__ = "functools.partial"

    def __new__(cls, func, /, *args, **keywords):
        if not callable(func):
            raise TypeError("the first argument must be callable")
        if isinstance(func, partial):
            args = func.args + args
            keywords = {**func.keywords, **keywords}
            func = func.func
        self = super().__new__(cls)
        self.func = func
        self.args = args
        self.keywords = keywords
        return self

    def __call__(self, /, *args, **keywords):
        return self.func(*self.args, *args, **{**self.keywords, **keywords})

    def __repr__(self):
        parts = [repr(self.func)] + [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.keywords.items()]
        return f"functools.partial({', '.join(parts)})"


class partialmethod:
    """partial for methods."""

    def __init__(self, func, /, *args, **keywords):
        self.func = func
        self.args = args
        self.keywords = keywords

    def __get__(self, obj, cls=None):
        if obj is None:
            return partial(self.func, *self.args, **self.keywords)
        bound = self.func.__get__(obj, cls) if hasattr(self.func, "__get__") else self.func
        return partial(bound, *self.args, **self.keywords)


class cached_property:
    """A property computed once and then kept as an attribute of the instance."""

    def __init__(self, func):
        self.func = func
        self.attrname = None
        self.__doc__ = func.__doc__

    def __set_name__(self, owner, name):
        if self.attrname is None:
            self.attrname = name
        elif name != self.attrname:
            raise TypeError("Cannot assign the same cached_property to two different names "
                            f"({self.attrname!r} and {name!r}).")

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        if self.attrname is None:
            raise TypeError("Cannot use cached_property instance without calling __set_name__ on it.")
        value = self.func(instance)
        instance.__dict__[self.attrname] = value
        return value


_CacheInfo = namedtuple("CacheInfo", ["hits", "misses", "maxsize", "currsize"])


def _key(args, kwargs, typed):
    if not kwargs and not typed:
        if len(args) == 1 and type(args[0]) in (int, str):
            return args[0]
        return args
    key = args
    if kwargs:
        key += (_missing,)
        for item in kwargs.items():
            key += item
    if typed:
        key += tuple(type(v) for v in args) + tuple(type(v) for v in kwargs.values())
    return key


def lru_cache(maxsize=128, typed=False):
    """Remembers the results of the last maxsize different calls (None: of all)."""
    if callable(maxsize) and isinstance(typed, bool):
        function, maxsize = maxsize, 128
        wrapper = _make_cache(function, maxsize, typed)
        wrapper.cache_parameters = lambda: {"maxsize": maxsize, "typed": typed}
        return wrapper
    if isinstance(maxsize, int):
        maxsize = max(maxsize, 0)
    elif maxsize is not None:
        raise TypeError("Expected first argument to be an integer, a callable, or None")

    def decorate(function):
        wrapper = _make_cache(function, maxsize, typed)
        wrapper.cache_parameters = lambda: {"maxsize": maxsize, "typed": typed}
        return wrapper

    return decorate


def _make_cache(function, maxsize, typed):
    cache = OrderedDict()
    hits = misses = 0

    def wrapper(*args, **kwargs):
        nonlocal hits, misses
        key = _key(args, kwargs, typed)
        result = cache.get(key, _missing)
        if result is not _missing:
            hits += 1
            if maxsize is not None:
                cache.move_to_end(key)
            return result
        misses += 1
        result = function(*args, **kwargs)
        if maxsize != 0:
            cache[key] = result
            if maxsize is not None and len(cache) > maxsize:
                cache.popitem(last=False)
        return result

    def cache_info():
        return _CacheInfo(hits, misses, maxsize, len(cache))

    def cache_clear():
        nonlocal hits, misses
        cache.clear()
        hits = misses = 0

    wrapper.cache_info = cache_info
    wrapper.cache_clear = cache_clear
    return update_wrapper(wrapper, function)


def cache(user_function, /):
    return lru_cache(maxsize=None)(user_function)


def cmp_to_key(compare):
    """A key function for sort from an old-style comparison."""

    class Key:
        __slots__ = ["obj"]
        __hash__ = None

        def __init__(self, obj):
            self.obj = obj

        def __lt__(self, other):
            return compare(self.obj, other.obj) < 0

        def __gt__(self, other):
            return compare(self.obj, other.obj) > 0

        def __eq__(self, other):
            return compare(self.obj, other.obj) == 0

        def __le__(self, other):
            return compare(self.obj, other.obj) <= 0

        def __ge__(self, other):
            return compare(self.obj, other.obj) >= 0

    return Key


def _ordering(root, derived):
    """The comparison `derived`, made from `root` and ==."""

    root_strict = root in ("__lt__", "__gt__")
    same_way = root[2] == derived[2]
    derived_strict = derived in ("__lt__", "__gt__")

    def method(self, other):
        result = getattr(type(self), root)(self, other)
        if result is NotImplemented:
            return result
        if same_way:
            return (result or self == other) if root_strict else (result and self != other)
        if root_strict:
            return (not result and self != other) if derived_strict else not result
        return not result if derived_strict else (not result or self == other)

    method.__name__ = derived
    return method


def total_ordering(cls):
    """Fills in the missing ones of <, <=, >, >= from the one that the class defines."""
    names = ["__lt__", "__le__", "__gt__", "__ge__"]
    own = [n for n in names if getattr(cls, n, None) is not getattr(object, n, None)]
    if not own:
        raise ValueError("must define at least one ordering operation: < > <= >=")
    root = "__lt__" if "__lt__" in own else max(own)
    for name in names:
        if name not in own:
            setattr(cls, name, _ordering(root, name))
    return cls


def singledispatch(func):
    """A function that chooses its implementation by the type of its first argument."""
    registry = OrderedDict()
    registry[object] = func

    def dispatch(cls):
        for base in cls.__mro__[:-1]:
            if base in registry:
                return registry[base]
        fitting = [known for known in registry if known is not object and issubclass(cls, known)]
        for known in fitting:
            if not any(other is not known and issubclass(other, known) for other in fitting):
                return registry[known]
        return registry[object]

    def register(cls, function=None):
        if function is None:
            if isinstance(cls, type):
                return lambda f: register(cls, f)
            annotations = getattr(cls, "__annotations__", {})
            if not annotations:
                raise TypeError(f"Invalid first argument to `register()`: {cls!r}. Use either `@register(some_class)` or plain "
                                "`@register` on an annotated function.")
            function = cls
            cls = next(iter(annotations.values()))
            if isinstance(cls, str):
                from typing import get_type_hints
                cls = next(iter(get_type_hints(function).values()))
        alternatives = (cls,) if isinstance(cls, type) else getattr(cls, "__args__", ())
        if not alternatives or not all(isinstance(c, type) for c in alternatives):
            raise TypeError(f"Invalid annotation for {next(iter(function.__annotations__))!r}. {cls!r} is not a class.")
        for c in alternatives:
            registry[c] = function
        return function

    def wrapper(*args, **kwargs):
        if not args:
            raise TypeError(f"{func.__name__} requires at least 1 positional argument")
        return dispatch(type(args[0]))(*args, **kwargs)

    wrapper.register = register
    wrapper.dispatch = dispatch
    wrapper.registry = registry
    return update_wrapper(wrapper, func)


class singledispatchmethod:
    """singledispatch for methods: chooses by the first argument after self."""

    def __init__(self, func):
        self.dispatcher = singledispatch(func)
        self.func = func

    def register(self, cls, method=None):
        return self.dispatcher.register(cls, func=method) if method is not None else self.dispatcher.register(cls)

    def __get__(self, obj, cls=None):
        def method(*args, **kwargs):
            chosen = self.dispatcher.dispatch(type(args[0]))
            return chosen.__get__(obj, cls)(*args, **kwargs)

        return method

"""Containers beyond list, dict, set and tuple: OrderedDict, defaultdict, Counter, deque, namedtuple, ChainMap, User*."""
import sys
from _collections import deque, tuple_field
from keyword import iskeyword

__all__ = ["ChainMap", "Counter", "OrderedDict", "UserDict", "UserList", "UserString", "defaultdict", "deque", "namedtuple"]


_printing = set()  # the ids of the dicts whose repr is being made


class OrderedDict(dict):
    """A dict whose order is part of its value: == compares it, and entries can be moved to either end."""

    __message_name__ = "collections.OrderedDict"
    _view_prefix = "o"  # of the names that its views show: odict_keys

    def popitem(self, last=True):
        """Removes and gives the last (or first) entry."""
        if last:
            if not self:
                raise KeyError("dictionary is empty")
            return super().popitem()
        for key in self:
            return key, self.pop(key)
        raise KeyError("dictionary is empty")

    def move_to_end(self, key, last=True):
        value = self[key]
        del self[key]
        if last:
            self[key] = value
            return
        rest = list(self.items())
        self.clear()
        self[key] = value
        for k, v in rest:
            self[k] = v

    def __repr__(self):
        if not self:
            return "%s()" % (self.__class__.__name__,)
        if id(self) in _printing:
            return "..."
        _printing.add(id(self))
        try:
            return "%s(%r)" % (self.__class__.__name__, list(self.items()))
        finally:
            _printing.discard(id(self))

    def __eq__(self, other):
        if isinstance(other, OrderedDict):
            return dict.__eq__(self, other) and all(a == b for a, b in zip(self, other))
        return dict.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    def copy(self):
        return self.__class__(self)

    @classmethod
    def fromkeys(cls, iterable, value=None):
        self = cls()
        for key in iterable:
            self[key] = value
        return self

    def __reduce__(self):
        state = vars(self).copy() or None
        return self.__class__, (), state, None, iter(self.items())

    def __or__(self, other):
        if not isinstance(other, dict):
            return NotImplemented
        result = self.__class__(self)
        result.update(other)
        return result

    def __ror__(self, other):
        if not isinstance(other, dict):
            return NotImplemented
        result = self.__class__(other)
        result.update(self)
        return result


class defaultdict(dict):
    """A dict that makes the value of a missing key with default_factory."""

    __message_name__ = "collections.defaultdict"

    def __init__(self, default_factory=None, /, *args, **kwargs):
        if default_factory is not None and not callable(default_factory):
            raise TypeError("first argument must be callable or None")
        self.default_factory = default_factory
        super().__init__(*args, **kwargs)

    def __missing__(self, key):
        if self.default_factory is None:
            raise KeyError(key)
        value = self.default_factory()
        self[key] = value
        return value

    def __repr__(self):
        if id(self) in _printing:
            factory = "..."
        else:
            _printing.add(id(self))
            try:
                factory = repr(self.default_factory)
            finally:
                _printing.discard(id(self))
        return f"{self.__class__.__name__}({factory}, {dict.__repr__(self)})"

    def copy(self):
        return type(self)(self.default_factory, self)

    __copy__ = copy

    def __reduce__(self):
        args = () if self.default_factory is None else (self.default_factory,)
        return type(self), args, None, None, iter(self.items())

    def __or__(self, other):
        if not isinstance(other, dict):
            return NotImplemented
        result = self.copy()
        result.update(other)
        return result

    def __ror__(self, other):
        if not isinstance(other, dict):
            return NotImplemented
        result = type(self)(self.default_factory, other)
        result.update(self)
        return result


class Counter(dict):
    """Counts of things."""

    def __init__(self, iterable=None, /, **kwargs):
        super().__init__()
        self.update(iterable, **kwargs)

    def __missing__(self, key):
        return 0

    def update(self, iterable=None, /, **kwargs):
        """Adds counts: of the items of an iterable, or those of a mapping."""
        if iterable is not None:
            if hasattr(iterable, "items"):
                for key, n in iterable.items():
                    self[key] = self.get(key, 0) + n
            else:
                for key in iterable:
                    self[key] = self.get(key, 0) + 1
        if kwargs:
            self.update(kwargs)

    def subtract(self, iterable=None, /, **kwargs):
        if iterable is not None:
            if hasattr(iterable, "items"):
                for key, n in iterable.items():
                    self[key] = self.get(key, 0) - n
            else:
                for key in iterable:
                    self[key] = self.get(key, 0) - 1
        if kwargs:
            self.subtract(kwargs)

    def most_common(self, n=None):
        """The n most common (element, count) pairs; equal counts in order of first sight."""
        pairs = sorted(self.items(), key=lambda pair: pair[1], reverse=True)
        return pairs if n is None else pairs[:max(n, 0)]

    def elements(self):
        for key, n in self.items():
            for _ in range(n):
                yield key

    def total(self):
        return sum(self.values())

    @classmethod
    def fromkeys(cls, iterable, v=None):
        raise NotImplementedError("Counter.fromkeys() is undefined.  Use Counter(iterable) instead.")

    def copy(self):
        return self.__class__(self)

    def __reduce__(self):
        return self.__class__, (dict(self),)

    def __delitem__(self, key):
        if key in self:
            super().__delitem__(key)

    def __repr__(self):
        if not self:
            return f"{self.__class__.__name__}()"
        try:
            d = dict(self.most_common())
        except TypeError:
            d = dict(self)
        return f"{self.__class__.__name__}({d!r})"

    def __eq__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return all(self[k] == other[k] for c in (self, other) for k in c)

    def __ne__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return not self == other

    def __le__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return all(self[k] <= other[k] for c in (self, other) for k in c)

    def __lt__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return self <= other and self != other

    def __ge__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return all(self[k] >= other[k] for c in (self, other) for k in c)

    def __gt__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return self >= other and self != other

    def _combined(self, other, combine):
        result = Counter()
        for key in list(self) + [k for k in other if k not in self]:
            n = combine(self[key], other[key])
            if n > 0:
                result[key] = n
        return result

    def __add__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return self._combined(other, lambda a, b: a + b)

    def __sub__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return self._combined(other, lambda a, b: a - b)

    def __or__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return self._combined(other, max)

    def __and__(self, other):
        if not isinstance(other, Counter):
            return NotImplemented
        return self._combined(other, min)

    def __pos__(self):
        return Counter({k: n for k, n in self.items() if n > 0})

    def __neg__(self):
        return Counter({k: -n for k, n in self.items() if n < 0})

    def _replace(self, other):
        self.clear()
        dict.update(self, other)
        return self

    def __iadd__(self, other):
        return self._replace(self + other)

    def __isub__(self, other):
        return self._replace(self - other)

    def __ior__(self, other):
        return self._replace(self | other)

    def __iand__(self, other):
        return self._replace(self & other)


def namedtuple(typename, field_names, *, rename=False, defaults=None, module=None):
    """A subclass of tuple whose items are also attributes."""
    if isinstance(field_names, str):
        field_names = field_names.replace(",", " ").split()
    fields = [str(name) for name in field_names]
    typename = str(typename)
    if rename:
        seen = set()
        for i, name in enumerate(fields):
            if not name.isidentifier() or iskeyword(name) or name.startswith("_") or name in seen:
                fields[i] = f"_{i}"
            seen.add(name)
    for name in [typename] + fields:
        if not name.isidentifier():
            raise ValueError(f"Type names and field names must be valid identifiers: {name!r}")
        if iskeyword(name):
            raise ValueError(f"Type names and field names cannot be a keyword: {name!r}")
    seen = set()
    for name in fields:
        if name.startswith("_") and not rename:
            raise ValueError(f"Field names cannot start with an underscore: {name!r}")
        if name in seen:
            raise ValueError(f"Encountered duplicate field name: {name!r}")
        seen.add(name)
    defaults = () if defaults is None else tuple(defaults)
    if len(defaults) > len(fields):
        raise TypeError("Got more default values than field names")
    return make_named_tuple(typename, tuple(fields), dict(zip(fields[len(fields) - len(defaults):], defaults)), module)


def make_named_tuple(typename, fields, field_defaults, module=None, annotations=None, extra=None):
    """The class behind namedtuple and typing.NamedTuple."""
    count = len(fields)
    defaults = tuple(field_defaults[name] for name in fields if name in field_defaults)
    required = count - len(defaults)

    def __new__(cls, /, *args, **kwargs):
        if len(args) == count and not kwargs:
            return tuple.__new__(cls, args)
        return tuple.__new__(cls, _bind(typename, fields, defaults, required, args, kwargs))

    @classmethod
    def _make(cls, iterable):
        result = tuple.__new__(cls, iterable)
        if len(result) != count:
            raise TypeError(f"Expected {count} arguments, got {len(result)}")
        return result

    def _replace(self, /, **kwargs):
        result = self._make(kwargs.pop(name, value) for name, value in zip(fields, self))
        if kwargs:
            raise ValueError(f"Got unexpected field names: {list(kwargs)!r}")
        return result

    def __repr__(self):
        return self.__class__.__name__ + "(" + ", ".join(f"{n}={v!r}" for n, v in zip(fields, self)) + ")"

    def _asdict(self):
        return dict(zip(fields, self))

    def __getnewargs__(self):
        return tuple(self)

    namespace = {
        "__doc__": f"{typename}({', '.join(fields)})",
        "__slots__": (),
        "_fields": fields,
        "_field_defaults": field_defaults,
        "__match_args__": fields,
        "__new__": __new__,
        "_make": _make,
        "_replace": _replace,
        "__repr__": __repr__,
        "_asdict": _asdict,
        "__getnewargs__": __getnewargs__,
    }
    for i, name in enumerate(fields):
        namespace[name] = tuple_field(i)
    if annotations is not None:
        namespace["__annotations__"] = annotations
    if extra is not None:
        namespace.update(extra)
    cls = type(typename, (tuple,), namespace)
    if module is None:
        frame = sys._getframe(2)
        module = "__main__" if frame is None else frame.f_globals.get("__name__", "__main__")
    cls.__module__ = module
    return cls


def _bind(typename, fields, defaults, required, args, kwargs):
    """The values of a named tuple's fields from a call's arguments; TypeErrors as of a function with these parameters."""
    label = f"{typename}.__new__()"
    count = len(fields)
    if len(args) > count:
        takes = f"{count + 1}" if required == count else f"from {required + 1} to {count + 1}"
        raise TypeError(f"{label} takes {takes} positional arguments but {len(args) + 1} were given")
    values = list(args)
    missing = []
    for i in range(len(args), count):
        name = fields[i]
        if name in kwargs:
            values.append(kwargs.pop(name))
        elif i >= required:
            values.append(defaults[i - required])
        else:
            missing.append(repr(name))
    for name in kwargs:
        if name in fields:
            raise TypeError(f"{label} got multiple values for argument {name!r}")
        raise TypeError(f"{label} got an unexpected keyword argument {name!r}")
    if missing:
        names = missing[0] if len(missing) == 1 else " and ".join(missing) if len(missing) == 2 else (
            ", ".join(missing[:-1]) + ", and " + missing[-1])
        raise TypeError(f"{label} missing {len(missing)} required positional argument{'s' if len(missing) > 1 else ''}: {names}")
    return values


class ChainMap:
    """Several mappings looked up as one; writes go to the first."""

    def __init__(self, *maps):
        self.maps = list(maps) or [{}]

    def __missing__(self, key):
        raise KeyError(key)

    def __getitem__(self, key):
        for mapping in self.maps:
            if key in mapping:
                return mapping[key]
        return self.__missing__(key)

    def get(self, key, default=None):
        return self[key] if key in self else default

    def __len__(self):
        return len(set().union(*self.maps))

    def __iter__(self):
        d = {}
        for mapping in reversed(self.maps):
            d.update(dict.fromkeys(mapping))
        return iter(d)

    def __contains__(self, key):
        return any(key in m for m in self.maps)

    def __bool__(self):
        return any(self.maps)

    def __repr__(self):
        return f"{self.__class__.__name__}({', '.join(map(repr, self.maps))})"

    def keys(self):
        from collections.abc import KeysView
        return KeysView(self)

    def items(self):
        from collections.abc import ItemsView
        return ItemsView(self)

    def values(self):
        from collections.abc import ValuesView
        return ValuesView(self)

    def new_child(self, m=None, **kwargs):
        if m is None:
            m = kwargs
        elif kwargs:
            m.update(kwargs)
        return self.__class__(m, *self.maps)

    @property
    def parents(self):
        return self.__class__(*self.maps[1:])

    def __setitem__(self, key, value):
        self.maps[0][key] = value

    def __delitem__(self, key):
        try:
            del self.maps[0][key]
        except KeyError:
            raise KeyError(f"Key not found in the first mapping: {key!r}")

    def pop(self, key, *args):
        try:
            return self.maps[0].pop(key, *args)
        except KeyError:
            raise KeyError(f"Key not found in the first mapping: {key!r}")

    def clear(self):
        self.maps[0].clear()

    def update(self, other=(), /, **kwargs):
        self.maps[0].update(other, **kwargs)

    def popitem(self):
        try:
            return self.maps[0].popitem()
        except KeyError:
            raise KeyError("No keys found in the first mapping.")

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def copy(self):
        """A ChainMap with a copy of the first mapping."""
        return self.__class__(self.maps[0].copy(), *self.maps[1:])

    __copy__ = copy

    @classmethod
    def fromkeys(cls, iterable, *args):
        return cls(dict.fromkeys(iterable, *args))

    def __eq__(self, other):
        if not hasattr(other, "items"):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __or__(self, other):
        if not hasattr(other, "items"):
            return NotImplemented
        result = self.copy()
        result.maps[0].update(other)
        return result

    def __ror__(self, other):
        if not hasattr(other, "items"):
            return NotImplemented
        result = dict(other)
        for child in reversed(self.maps):
            result.update(child)
        return self.__class__(result)

    def __ior__(self, other):
        self.maps[0].update(other)
        return self


class UserDict:
    """A dict to derive from; its content is in `data`."""

    def __init__(self, dict=None, /, **kwargs):
        self.data = {}
        if dict is not None:
            self.update(dict)
        if kwargs:
            self.update(kwargs)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, key):
        if key in self.data:
            return self.data[key]
        if hasattr(self.__class__, "__missing__"):
            return self.__class__.__missing__(self, key)
        raise KeyError(key)

    def __setitem__(self, key, item):
        self.data[key] = item

    def __delitem__(self, key):
        del self.data[key]

    def __iter__(self):
        return iter(self.data)

    def __contains__(self, key):
        return key in self.data

    def __repr__(self):
        return repr(self.data)

    def __eq__(self, other):
        return self.data == (other.data if isinstance(other, UserDict) else other)

    def keys(self):
        from collections.abc import KeysView
        return KeysView(self)

    def items(self):
        from collections.abc import ItemsView
        return ItemsView(self)

    def values(self):
        from collections.abc import ValuesView
        return ValuesView(self)

    def get(self, key, default=None):
        return self[key] if key in self else default

    def pop(self, key, *args):
        return self.data.pop(key, *args)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other=(), /, **kwargs):
        pairs = other.items() if hasattr(other, "items") else other
        for key, value in pairs:
            self[key] = value
        for key, value in kwargs.items():
            self[key] = value

    def popitem(self):
        if not self:
            raise KeyError
        key = next(iter(self))
        value = self[key]
        del self[key]
        return key, value

    def clear(self):
        self.data.clear()

    def copy(self):
        if self.__class__ is UserDict:
            return UserDict(self.data.copy())
        import copy
        data, self.data = self.data, {}
        try:
            result = copy.copy(self)
        finally:
            self.data = data
        result.update(self)
        return result

    @classmethod
    def fromkeys(cls, iterable, value=None):
        result = cls()
        for key in iterable:
            result[key] = value
        return result

    def __or__(self, other):
        if not isinstance(other, (UserDict, dict)):
            return NotImplemented
        return self.__class__(self.data | (other.data if isinstance(other, UserDict) else other))

    def __ror__(self, other):
        if not isinstance(other, (UserDict, dict)):
            return NotImplemented
        return self.__class__((other.data if isinstance(other, UserDict) else other) | self.data)

    def __ior__(self, other):
        self.data |= other.data if isinstance(other, UserDict) else other
        return self


class UserList:
    """A list to derive from; its content is in `data`."""

    def __init__(self, initlist=None):
        self.data = [] if initlist is None else list(initlist.data if isinstance(initlist, UserList) else initlist)

    def _raw(self, other):
        return other.data if isinstance(other, UserList) else other

    def __repr__(self):
        return repr(self.data)

    def __eq__(self, other):
        return self.data == self._raw(other)

    def __lt__(self, other):
        return self.data < self._raw(other)

    def __le__(self, other):
        return self.data <= self._raw(other)

    def __gt__(self, other):
        return self.data > self._raw(other)

    def __ge__(self, other):
        return self.data >= self._raw(other)

    def __contains__(self, item):
        return item in self.data

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return iter(self.data)

    def __getitem__(self, i):
        return self.__class__(self.data[i]) if isinstance(i, slice) else self.data[i]

    def __setitem__(self, i, item):
        self.data[i] = item

    def __delitem__(self, i):
        del self.data[i]

    def __add__(self, other):
        return self.__class__(self.data + list(self._raw(other)))

    def __radd__(self, other):
        return self.__class__(list(self._raw(other)) + self.data)

    def __iadd__(self, other):
        self.data += self._raw(other)
        return self

    def __mul__(self, n):
        return self.__class__(self.data * n)

    __rmul__ = __mul__

    def append(self, item):
        self.data.append(item)

    def insert(self, i, item):
        self.data.insert(i, item)

    def pop(self, i=-1):
        return self.data.pop(i)

    def remove(self, item):
        self.data.remove(item)

    def clear(self):
        self.data.clear()

    def copy(self):
        return self.__class__(self)

    def count(self, item):
        return self.data.count(item)

    def index(self, item, *args):
        return self.data.index(item, *args)

    def reverse(self):
        self.data.reverse()

    def sort(self, /, *args, **kwargs):
        self.data.sort(*args, **kwargs)

    def __imul__(self, n):
        self.data *= n
        return self

    def extend(self, other):
        self.data.extend(self._raw(other))


def __getattr__(name):
    if name == "UserString":
        from collections._user_string import UserString
        return UserString
    raise AttributeError(f"module 'collections' has no attribute {name!r}")

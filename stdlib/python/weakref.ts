"""References that do not keep their object alive."""
from _weakref import ref, references as _references

__all__ = ["ref", "proxy", "getweakrefcount", "getweakrefs", "WeakKeyDictionary", "ReferenceType", "ProxyType",
           "WeakValueDictionary", "WeakSet", "WeakMethod", "finalize"]

ReferenceType = ref


def getweakrefs(object):
    return _references(object)


def getweakrefcount(object):
    return len(_references(object))


class ProxyType:
    """Stands for an object and forwards to it."""

    def __init__(self, object, callback=None):
        self.__dict__["_ref"] = ref(object) if callback is None else ref(object, lambda r: callback(self))

    def _object(self):
        object = self.__dict__["_ref"]()
        if object is None:
            raise ReferenceError("weakly-referenced object no longer exists")
        return object

    def __getattr__(self, name):
        return getattr(ProxyType._object(self), name)

    def __setattr__(self, name, value):
        setattr(ProxyType._object(self), name, value)

    def __delattr__(self, name):
        delattr(ProxyType._object(self), name)

    def __str__(self):
        return str(ProxyType._object(self))

    def __repr__(self):
        o = self.__dict__["_ref"]()
        return f"<weakproxy at {hex(id(self))} to {type(o).__name__} at {hex(id(o))}>"

    def __bool__(self):
        return bool(ProxyType._object(self))

    def __len__(self):
        return len(ProxyType._object(self))

    def __iter__(self):
        return iter(ProxyType._object(self))

    def __getitem__(self, key):
        return ProxyType._object(self)[key]

    def __setitem__(self, key, value):
        ProxyType._object(self)[key] = value

    def __delitem__(self, key):
        del ProxyType._object(self)[key]

    def __contains__(self, item):
        return item in ProxyType._object(self)

    def __call__(self, *args, **kwargs):
        return ProxyType._object(self)(*args, **kwargs)

    def __eq__(self, other):
        return ProxyType._object(self) == other

    __hash__ = None


def proxy(object, callback=None, /):
    return ProxyType(object, callback)


class WeakMethod(ref):
    """A reference to a bound method, which lives as long as its object."""

    def __new__(cls, meth, callback=None):
        self = ref.__new__(cls, meth.__self__) if callback is None else ref.__new__(cls, meth.__self__, callback)
        self._function = ref(meth.__func__)
        self._type = type(meth)
        return self

    def __call__(self):
        object = super().__call__()
        function = self._function()
        return None if object is None or function is None else self._type(function, object)


class WeakValueDictionary:
    """A dict whose entries go when their values do."""

    def __init__(self, other=(), /, **kw):
        self.data = {}
        self.update(other, **kw)

    def _reference(self, key, value):
        data = self.data

        def gone(r):
            if data.get(key) is r:
                del data[key]

        return ref(value, gone)

    def __getitem__(self, key):
        value = self.data[key]()
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key, value):
        self.data[key] = self._reference(key, value)

    def __delitem__(self, key):
        del self.data[key]

    def __len__(self):
        return len(self.data)

    def __contains__(self, key):
        r = self.data.get(key)
        return r is not None and r() is not None

    def __iter__(self):
        return iter(list(self.data))

    def __repr__(self):
        return "<%s at %#x>" % (self.__class__.__name__, id(self))

    def get(self, key, default=None):
        r = self.data.get(key)
        value = None if r is None else r()
        return default if value is None else value

    def keys(self):
        return iter(list(self.data))

    def values(self):
        for r in list(self.data.values()):
            value = r()
            if value is not None:
                yield value

    def items(self):
        for key, r in list(self.data.items()):
            value = r()
            if value is not None:
                yield key, value

    def setdefault(self, key, default=None):
        value = self.get(key)
        if value is None:
            self[key] = default
            return default
        return value

    def pop(self, key, *default):
        r = self.data.pop(key, None)
        value = None if r is None else r()
        if value is None:
            if default:
                return default[0]
            raise KeyError(key)
        return value

    def update(self, other=(), /, **kw):
        for key, value in (dict(other) if not hasattr(other, "items") else other).items():
            self[key] = value
        for key, value in kw.items():
            self[key] = value

    def clear(self):
        self.data.clear()

    def copy(self):
        return WeakValueDictionary(self)

    def valuerefs(self):
        return list(self.data.values())


class WeakKeyDictionary:
    """A dict whose entries go when their keys do."""

    def __init__(self, dict=None):
        self.data = {}
        if dict is not None:
            self.update(dict)

    def __getitem__(self, key):
        return self.data[ref(key)]

    def __setitem__(self, key, value):
        data = self.data
        self.data[ref(key, lambda r: data.pop(r, None))] = value

    def __delitem__(self, key):
        del self.data[ref(key)]

    def __len__(self):
        return len(self.data)

    def __contains__(self, key):
        try:
            return ref(key) in self.data
        except TypeError:
            return False

    def __iter__(self):
        for r in list(self.data):
            key = r()
            if key is not None:
                yield key

    def __repr__(self):
        return "<%s at %#x>" % (self.__class__.__name__, id(self))

    keys = __iter__

    def values(self):
        for r, value in list(self.data.items()):
            if r() is not None:
                yield value

    def items(self):
        for r, value in list(self.data.items()):
            key = r()
            if key is not None:
                yield key, value

    def get(self, key, default=None):
        return self.data.get(ref(key), default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key, *default):
        return self.data.pop(ref(key), *default)

    def update(self, other=None, /):
        for key, value in dict(other).items() if not hasattr(other, "items") else other.items():
            self[key] = value

    def clear(self):
        self.data.clear()

    def keyrefs(self):
        return list(self.data)


class WeakSet:
    """A set whose items go when nothing else knows them."""

    def __init__(self, data=None):
        self.data = set()
        if data is not None:
            self.update(data)

    def __iter__(self):
        for r in list(self.data):
            item = r()
            if item is not None:
                yield item

    def __len__(self):
        return len(self.data)

    def __contains__(self, item):
        try:
            return ref(item) in self.data
        except TypeError:
            return False

    def add(self, item):
        self.data.add(ref(item, self.data.discard))

    def discard(self, item):
        self.data.discard(ref(item))

    def remove(self, item):
        self.data.remove(ref(item))

    def pop(self):
        while True:
            item = self.data.pop()()
            if item is not None:
                return item

    def clear(self):
        self.data.clear()

    def update(self, other):
        for item in other:
            self.add(item)

    def copy(self):
        return WeakSet(self)

    def union(self, other):
        return WeakSet(list(self) + list(other))

    __or__ = union

    def difference(self, other):
        return WeakSet([x for x in self if x not in other])

    __sub__ = difference

    def intersection(self, other):
        return WeakSet([x for x in self if x in other])

    __and__ = intersection

    def symmetric_difference(self, other):
        return WeakSet(set(self) ^ set(other))

    __xor__ = symmetric_difference

    def __ior__(self, other):
        self.update(other)
        return self

    def difference_update(self, other):
        for item in list(other):
            self.discard(item)

    def intersection_update(self, other):
        wanted = set(other)
        for item in list(self):
            if item not in wanted:
                self.discard(item)

    def symmetric_difference_update(self, other):
        for item in set(other):
            if item in self:
                self.discard(item)
            else:
                self.add(item)

    def __isub__(self, other):
        self.difference_update(other)
        return self

    def __iand__(self, other):
        self.intersection_update(other)
        return self

    def __ixor__(self, other):
        self.symmetric_difference_update(other)
        return self

    def issubset(self, other):
        return set(self) <= set(other)

    def issuperset(self, other):
        return set(self) >= set(other)

    def isdisjoint(self, other):
        return set(self).isdisjoint(other)

    __le__, __ge__ = issubset, issuperset

    def __lt__(self, other):
        return set(self) < set(other)

    def __gt__(self, other):
        return set(self) > set(other)

    def __eq__(self, other):
        return set(self) == set(other) if isinstance(other, WeakSet) else NotImplemented

    def __repr__(self):
        return repr(self.data)


class finalize:
    """Calls a function when an object goes, or when the program ends."""
    _alive = {}
    _registered = False

    def __init__(self, obj, func, /, *args, **kwargs):
        self._entry = (func, args, kwargs)
        self.atexit = True
        finalize._alive[id(self)] = (self, ref(obj, lambda r: self()))
        if not finalize._registered:
            finalize._registered = True
            import atexit
            atexit.register(finalize._at_exit)

    @classmethod
    def _at_exit(cls):
        for self, _ in reversed(list(cls._alive.values())):
            if self.atexit:
                self()

    def __call__(self, _=None):
        if finalize._alive.pop(id(self), None) is None:
            return None
        func, args, kwargs = self._entry
        return func(*args, **kwargs)

    def detach(self):
        entry = finalize._alive.pop(id(self), None)
        if entry is None:
            return None
        return (entry[1](),) + self._entry

    def peek(self):
        entry = finalize._alive.get(id(self))
        return None if entry is None else (entry[1](),) + self._entry

    @property
    def alive(self):
        return id(self) in finalize._alive

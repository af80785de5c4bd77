"""Abstract base classes: a class with unimplemented abstract methods cannot be instantiated.

ABCMeta records the abstract names of a class in __abstractmethods__ when the class is made; making an instance checks them.
"""


def abstractmethod(function):
    function.__isabstractmethod__ = True
    return function


class abstractproperty(property):
    __isabstractmethod__ = True


class abstractclassmethod(classmethod):
    __isabstractmethod__ = True

    def __init__(self, function):
        function.__isabstractmethod__ = True
        super().__init__(function)


class abstractstaticmethod(staticmethod):
    __isabstractmethod__ = True

    def __init__(self, function):
        function.__isabstractmethod__ = True
        super().__init__(function)


class ABCMeta(type):
    def __new__(metaclass, name, bases, namespace, **kwargs):
        cls = super().__new__(metaclass, name, bases, namespace, **kwargs)
        abstract = {n for n, value in namespace.items() if _is_abstract(value)}
        for base in bases:
            for n in getattr(base, "__abstractmethods__", ()):
                if _is_abstract(getattr(cls, n, None)):
                    abstract.add(n)
        cls.__abstractmethods__ = frozenset(abstract)
        cls._abc_registry = []
        return cls

    def register(cls, subclass):
        cls._abc_registry.append(subclass)
        return subclass

    def __instancecheck__(cls, instance):
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass):
        hook = getattr(cls, "__subclasshook__", None)
        if hook is not None:
            answer = hook(subclass)
            if answer is not NotImplemented:
                return answer
        if cls in getattr(subclass, "__mro__", ()):
            return True
        for registered in cls._abc_registry:
            if issubclass(subclass, registered):
                return True
        for derived in type.__subclasses__(cls):
            if issubclass(subclass, derived):
                return True
        return False


def update_abstractmethods(cls):
    """Finds out again which methods of a class are abstract: some were added after it was made."""
    if hasattr(cls, "__abstractmethods__"):
        names = {n for n, value in cls.__dict__.items() if _is_abstract(value)}
        for base in cls.__bases__:
            names.update(n for n in getattr(base, "__abstractmethods__", ()) if _is_abstract(getattr(cls, n, None)))
        cls.__abstractmethods__ = frozenset(names)
    return cls


def get_cache_token():
    return 0


def _is_abstract(value):
    if isinstance(value, property):
        return any(getattr(f, "__isabstractmethod__", False) for f in (value.fget, value.fset, value.fdel))
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    return getattr(value, "__isabstractmethod__", False)


class ABC(metaclass=ABCMeta):
    __slots__ = ()

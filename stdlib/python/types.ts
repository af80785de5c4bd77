"""Names of the built-in types that have no name of their own."""
import sys


def _function():
    pass


def _generator():
    yield 1


FunctionType = LambdaType = type(_function)
GeneratorType = type(_generator())
BuiltinFunctionType = BuiltinMethodType = type(len)
ModuleType = type(sys)
NoneType = type(None)
EllipsisType = type(...)
NotImplementedType = type(NotImplemented)


class _C:
    def _method(self):
        pass


MethodType = type(_C()._method)
MappingProxyType = type(type.__dict__)
MethodDescriptorType = type(str.join)
WrapperDescriptorType = type(object.__init__)
MethodWrapperType = type(object().__str__)
ClassMethodDescriptorType = type(dict.__dict__["fromkeys"])
CellType = type((lambda x: lambda: x)(0).__closure__[0])


class _Slotted:
    __slots__ = ("x",)


MemberDescriptorType = GetSetDescriptorType = type(_Slotted.x)
CodeType = type(_function.__code__)
FrameType = type(sys._getframe())
GenericAlias = type(list[int])
UnionType = type(int | None)
try:
    raise TypeError
except TypeError as _error:
    TracebackType = type(_error.__traceback__)


class SimpleNamespace:
    """An object with the given attributes."""

    def __init__(self, /, **kwargs):
        self.__dict__.update(kwargs)

    def __repr__(self):
        name = "namespace" if type(self) is SimpleNamespace else type(self).__name__
        return name + "(" + ", ".join(f"{k}={v!r}" for k, v in self.__dict__.items()) + ")"

    def __eq__(self, other):
        if isinstance(self, SimpleNamespace) and isinstance(other, SimpleNamespace):
            return self.__dict__ == other.__dict__
        return NotImplemented


def resolve_bases(bases):
    """The bases with what __mro_entries__ gives for those that are no classes."""
    found = []
    for base in bases:
        entries = None if isinstance(base, type) else getattr(base, "__mro_entries__", None)
        if entries is None:
            found.append(base)
            continue
        more = entries(bases)
        if not isinstance(more, tuple):
            raise TypeError("__mro_entries__ must return a tuple")
        found += more
    return bases if len(found) == len(bases) and all(a is b for a, b in zip(found, bases)) else tuple(found)


def prepare_class(name, bases=(), kwds=None):
    """The metaclass, the namespace that it prepares and the other keywords."""
    kwds = {} if kwds is None else dict(kwds)
    metaclass = kwds.pop("metaclass", type(bases[0]) if bases else type)
    if isinstance(metaclass, type):
        for base in bases:
            if issubclass(type(base), metaclass):
                metaclass = type(base)
    namespace = metaclass.__prepare__(name, bases, **kwds) if hasattr(metaclass, "__prepare__") else {}
    return metaclass, namespace, kwds


def new_class(name, bases=(), kwds=None, exec_body=None):
    resolved = resolve_bases(tuple(bases))
    metaclass, namespace, kwds = prepare_class(name, resolved, kwds)
    if exec_body is not None:
        exec_body(namespace)
    if resolved is not bases and resolved != bases:
        namespace["__orig_bases__"] = bases
    return metaclass(name, resolved, namespace, **kwds)


class DynamicClassAttribute(property):
    pass

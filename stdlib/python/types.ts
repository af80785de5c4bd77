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


def new_class(name, bases=(), kwds=None, exec_body=None):
    namespace = {}
    if exec_body is not None:
        exec_body(namespace)
    kwds = {} if kwds is None else dict(kwds)
    metaclass = kwds.pop("metaclass", type)
    return metaclass(name, tuple(bases), namespace, **kwds)


class DynamicClassAttribute(property):
    pass

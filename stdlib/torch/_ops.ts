"""torch.ops.aten: operators by their names in schemas."""
import torch
from _torch_c import _functions, _nn


class OpOverloadPacket:
    """An operator with all its overloads: called as the function of that name."""

    def __init__(self, namespace, name, function):
        self._qualified_op_name = f"{namespace}::{name}"
        self.__name__ = name
        self.__module__ = f"torch.ops.{namespace}"
        self._namespace = namespace
        self._op = function

    def __call__(self, *args, **kwargs):
        return self._op(*args, **(kwargs or {}))

    def _overloads(self):
        names = []
        for schema in getattr(self._op, "_schemas", ()):
            name, dot, overload = schema.split("(", 1)[0].partition(".")
            names.append((overload or "default", schema))
        return names

    def overloads(self):
        return [name for name, _ in self._overloads()]

    def __getattr__(self, key):
        if not key.startswith("__"):
            for name, schema in self._overloads():
                if name == key:
                    overload = OpOverload(self, key, schema)
                    setattr(self, key, overload)
                    return overload
        raise AttributeError(f"The underlying op of '{self._namespace}.{self.__name__}' has no overload name '{key}'")

    def __repr__(self):
        return f"<OpOverloadPacket(op='{self._namespace}.{self.__name__}')>"

    def __str__(self):
        return f"{self._namespace}.{self.__name__}"


class OpOverload:
    """One overload of an operator."""

    def __init__(self, packet, overload, schema):
        self.overloadpacket = self._overloadpacket = packet
        self._overloadname = overload
        self._schema = schema
        self.__name__ = f"{packet.__name__}.{overload}"
        self.__module__ = packet.__module__

    def __call__(self, *args, **kwargs):
        return self._overloadpacket._op(*args, **(kwargs or {}))

    def name(self):
        packet = self._overloadpacket
        return packet._qualified_op_name + ("" if self._overloadname == "default" else "." + self._overloadname)

    def __repr__(self):
        packet = self._overloadpacket
        return f"<OpOverload(op='{packet._namespace}.{packet.__name__}', overload='{self._overloadname}')>"

    def __str__(self):
        return f"{self._overloadpacket._namespace}.{self.__name__}"


class _OpNamespace:
    """The operators of one namespace."""

    def __init__(self, name):
        self.name = name
        self.__module__ = "torch.ops"
        self.__name__ = name

    def _find(self, name):
        if self.name != "aten" or name.startswith("__"):
            return None
        for place in (_functions, _nn, torch, torch.Tensor):
            function = getattr(place, name, None)
            if callable(function):
                return function
        for prefix in ("linalg", "fft", "special"):
            if name.startswith(prefix + "_"):
                return getattr(getattr(torch, prefix), name[len(prefix) + 1:], None)
        return None

    def __getattr__(self, name):
        function = self._find(name)
        if function is None:
            raise AttributeError(f"'_OpNamespace' '{self.name}' object has no attribute '{name}'")
        packet = OpOverloadPacket(self.name, name, function)
        setattr(self, name, packet)
        return packet


class _Ops:
    def __getattr__(self, name):
        namespace = _OpNamespace(name)
        setattr(self, name, namespace)
        return namespace

    def load_library(self, path):
        raise OSError(f"{path}: tsvm loads no operators of shared libraries")


ops = _Ops()

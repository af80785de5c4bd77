"""Padding layers."""
from torch.nn import functional as F
from torch.nn.modules.module import Module
from torch.nn.modules.utils import _ntuple, _pair, _quadruple


class _PadNd(Module):
    __constants__ = ["padding"]
    _pairs = _pair
    _mode = "constant"

    def __init__(self, padding):
        super().__init__()
        self.padding = type(self)._pairs(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self):
        return "{}".format(self.padding)


class _ConstantPadNd(_PadNd):
    __constants__ = ["padding", "value"]

    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        return "padding={}, value={}".format(self.padding, self.value)


class ConstantPad1d(_ConstantPadNd):
    """A margin of one value."""
    _pairs = staticmethod(_pair)


class ConstantPad2d(_ConstantPadNd):
    """A margin of one value."""
    __constants__ = ["padding", "value"]
    _pairs = staticmethod(_quadruple)


class ConstantPad3d(_ConstantPadNd):
    """A margin of one value."""
    _pairs = staticmethod(_ntuple(6))


class _ReflectionPadNd(_PadNd):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """A margin that mirrors the input at its border."""
    _pairs = staticmethod(_pair)


class ReflectionPad2d(_ReflectionPadNd):
    """A margin that mirrors the input at its border."""
    _pairs = staticmethod(_quadruple)


class ReflectionPad3d(_ReflectionPadNd):
    """A margin that mirrors the input at its border."""
    _pairs = staticmethod(_ntuple(6))


class _ReplicationPadNd(_PadNd):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """A margin that repeats the border."""
    _pairs = staticmethod(_pair)


class ReplicationPad2d(_ReplicationPadNd):
    """A margin that repeats the border."""
    _pairs = staticmethod(_quadruple)


class ReplicationPad3d(_ReplicationPadNd):
    """A margin that repeats the border."""
    _pairs = staticmethod(_ntuple(6))


class ZeroPad2d(ConstantPad2d):
    """A margin of zeros."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return "{}".format(self.padding)

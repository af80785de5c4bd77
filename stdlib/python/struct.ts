"""Values as bytes and back, by format texts."""
from _struct import calcsize, error, iter_unpack, pack, pack_into, unpack, unpack_from

import _struct

__all__ = ["calcsize", "pack", "pack_into", "unpack", "unpack_from", "iter_unpack", "Struct", "error"]


class Struct:
    """A format."""

    def __init__(self, format):
        self.size = calcsize(format)
        self.format = format if isinstance(format, str) else format.decode("ascii")

    def pack(self, *values):
        return _struct.pack(self.format, *values)

    def pack_into(self, buffer, offset, *values):
        return _struct.pack_into(self.format, buffer, offset, *values)

    def unpack(self, buffer):
        return _struct.unpack(self.format, buffer)

    def unpack_from(self, buffer, offset=0):
        return _struct.unpack_from(self.format, buffer, offset)

    def iter_unpack(self, buffer):
        return _struct.iter_unpack(self.format, buffer)

    def __repr__(self):
        return f"Struct({self.format!r})"

"""Streams: files, and text and bytes in memory."""
from _io import BufferedRandom, BufferedReader, BufferedWriter, BytesIO, StringIO, TextIOWrapper, UnsupportedOperation

open = open
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
DEFAULT_BUFFER_SIZE = 8192


def __getattr__(name):
    """The base classes, which few programs name."""
    if name in ("IOBase", "RawIOBase", "BufferedIOBase", "TextIOBase", "FileIO"):
        import _io_bases
        return getattr(_io_bases, name)
    raise AttributeError(f"module 'io' has no attribute {name!r}")

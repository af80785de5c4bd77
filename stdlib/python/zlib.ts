"""Compression with libz."""
import _zlib
from _binascii import adler32, crc32

DEFLATED = 8
MAX_WBITS = 15
DEF_BUF_SIZE = 16384
DEF_MEM_LEVEL = 8
Z_NO_COMPRESSION, Z_BEST_SPEED, Z_BEST_COMPRESSION, Z_DEFAULT_COMPRESSION = 0, 1, 9, -1
Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED = 0, 1, 2, 3, 4
Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH, Z_BLOCK, Z_TREES = 0, 1, 2, 3, 4, 5, 6
ZLIB_VERSION = ZLIB_RUNTIME_VERSION = "1.2.13"


class error(Exception):
    __module__ = "zlib"


def _check(code, message, what):
    if code:
        raise error(f"Error {code} while {what}: {message}" if message else f"Error {code} while {what}")


def compress(data, /, level=-1, wbits=MAX_WBITS):
    try:
        return _zlib.deflate(data, level, wbits)
    except ValueError as e:
        raise error(str(e)) from None


def decompress(data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE):
    out, used, ended, code, message = _zlib.inflate(data, wbits)
    _check(code, message, "decompressing data")
    if not ended:
        raise error("Error -5 while decompressing data: incomplete or truncated stream")
    return out


class _Compress:
    """Takes data in pieces; the compressed text comes at the end."""

    def __init__(self, level, wbits):
        self._level, self._wbits, self._data, self._done = level, wbits, bytearray(), False

    def compress(self, data):
        self._data += data
        return b""

    def flush(self, mode=Z_FINISH):
        if mode != Z_FINISH:
            return b""
        if self._done:
            raise error("Error -2 while finishing compression: inconsistent stream state")
        self._done = True
        return _zlib.deflate(bytes(self._data), self._level, self._wbits)

    def copy(self):
        other = _Compress(self._level, self._wbits)
        other._data = bytearray(self._data)
        return other


def compressobj(level=-1, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=None):
    if zdict is not None:
        raise NotImplementedError("zlib.compressobj with zdict")
    return _Compress(level, wbits)


class _Decompress:
    """Takes compressed data in pieces."""

    def __init__(self, wbits):
        self._wbits, self._data, self._given = wbits, bytearray(), 0
        self.eof = False
        self.unused_data = b""
        self.unconsumed_tail = b""

    def decompress(self, data, /, max_length=0):
        if self.eof:
            self.unused_data += bytes(data)
            return b""
        self._data += data
        out, used, self.eof, code, message = _zlib.inflate(bytes(self._data), self._wbits)
        _check(code, message, "decompressing data")
        if self.eof:
            self.unused_data = bytes(self._data[used:])
        new = out[self._given:]
        if max_length and len(new) > max_length:
            new = new[:max_length]
            self.unconsumed_tail = b"\0"
        else:
            self.unconsumed_tail = b""
        self._given += len(new)
        return new

    def flush(self, length=DEF_BUF_SIZE):
        return self.decompress(b"") if not self.eof else b""

    def copy(self):
        other = _Decompress(self._wbits)
        other.__dict__.update(self.__dict__)
        other._data = bytearray(self._data)
        return other


def decompressobj(wbits=MAX_WBITS, zdict=None):
    if zdict is not None:
        raise NotImplementedError("zlib.decompressobj with zdict")
    return _Decompress(wbits)

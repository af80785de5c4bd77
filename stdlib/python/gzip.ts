"""Files in gzip's format."""
import io
import os
import struct
import time
import zlib

import _zlib

__all__ = ["BadGzipFile", "GzipFile", "open", "compress", "decompress"]

_open = open


class BadGzipFile(OSError):
    """The file is none of gzip's."""


def compress(data, compresslevel=9, *, mtime=None):
    """The bytes as a gzip file."""
    body = _zlib.deflate(data, compresslevel, -15)
    t = int(time.time() if mtime is None else mtime)
    extra = b"\x02" if compresslevel == 9 else b"\x04" if compresslevel == 1 else b"\x00"
    header = b"\x1f\x8b\x08\x00" + struct.pack("<I", t) + extra + b"\xff"
    return header + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xffffffff)


def decompress(data):
    """What a gzip file holds: all of its members."""
    out = []
    data = bytes(data)
    while data:
        if data[:2] != b"\x1f\x8b":
            if not data.strip(b"\0"):
                break
            raise BadGzipFile("Not a gzipped file (%r)" % data[:2])
        if len(data) < 18:
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")
        part, used, ended, code, message = _zlib.inflate(data, 31)
        if code:
            if "check" in message:
                raise BadGzipFile("CRC check failed" if "data" in message else "Incorrect length of data produced")
            raise zlib.error(f"Error {code} while decompressing data: {message}")
        if not ended:
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")
        out.append(part)
        data = data[used:]
    return b"".join(out)


class GzipFile(io.BytesIO):
    """A gzip file as a file of what it holds: read when it is opened, written when it is closed."""

    def __init__(self, filename=None, mode=None, compresslevel=9, fileobj=None, mtime=None):
        mode = (mode or getattr(fileobj, "mode", None) or "rb").replace("t", "")
        if "b" not in mode:
            mode += "b"
        self._own = fileobj is None
        self._file = _open(filename, mode) if fileobj is None else fileobj
        self._name = os.fspath(filename) if filename is not None else getattr(fileobj, "name", "")
        self._level, self._mtime = compresslevel, mtime
        self._writing = mode[0] in "wax"
        super().__init__(b"" if self._writing else decompress(self._file.read()))

    @property
    def name(self):
        return self._name

    @property
    def mode(self):
        return 2 if self._writing else 1

    def readable(self):
        return not self._writing

    def writable(self):
        return self._writing

    def read(self, size=-1):
        if self._writing:
            raise OSError(9, "read() on write-only GzipFile object")
        return super().read(size)

    def write(self, data):
        if not self._writing:
            raise OSError(9, "write() on read-only GzipFile object")
        return super().write(data)

    def flush(self):
        pass

    def close(self):
        if self.closed:
            return
        if self._writing:
            self._file.write(compress(self.getvalue(), self._level, mtime=self._mtime))
        super().close()
        if self._own:
            self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __repr__(self):
        return f"<gzip {self._file!r} {hex(id(self))}>"


class _TextGzip(io.StringIO):
    """The same for text."""

    def __init__(self, binary, encoding, errors, newline):
        self._binary, self._encoding, self._errors = binary, encoding or "utf-8", errors or "strict"
        text = "" if binary._writing else binary.read().decode(self._encoding, self._errors)
        super().__init__(text, newline)

    def close(self):
        if self.closed:
            return
        if self._binary._writing:
            self._binary.write(self.getvalue().encode(self._encoding, self._errors))
        super().close()
        self._binary.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def open(filename, mode="rb", compresslevel=9, encoding=None, errors=None, newline=None):
    """Opens a gzip file; text with a "t" in the mode."""
    if "t" in mode and "b" in mode:
        raise ValueError("Invalid mode: %r" % (mode,))
    if hasattr(filename, "read") or hasattr(filename, "write"):
        binary = GzipFile(None, mode.replace("t", ""), compresslevel, filename)
    else:
        binary = GzipFile(filename, mode.replace("t", ""), compresslevel)
    return _TextGzip(binary, encoding, errors, newline) if "t" in mode else binary

"""The abstract streams of io: classes to derive streams from, and to ask what a stream is."""
from abc import ABCMeta

from _io import BufferedRandom, BufferedReader, BufferedWriter, BytesIO, StringIO, TextIOWrapper, UnsupportedOperation


class IOBase(metaclass=ABCMeta):
    """What all streams have. Derived classes give read() or write() a meaning."""

    __module__ = "io"
    _closed = False

    def _unsupported(self, name):
        raise UnsupportedOperation(f"{self.__class__.__name__}.{name}() not supported")

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file.")

    def seek(self, offset, whence=0):
        self._unsupported("seek")

    def tell(self):
        return self.seek(0, 1)

    def truncate(self, size=None):
        self._unsupported("truncate")

    def fileno(self):
        self._unsupported("fileno")

    def flush(self):
        self._check()

    def close(self):
        if not self._closed:
            try:
                self.flush()
            finally:
                self._closed = True

    @property
    def closed(self):
        return self._closed

    def readable(self):
        return False

    def writable(self):
        return False

    def seekable(self):
        return False

    def isatty(self):
        self._check()
        return False

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, *args):
        self.close()

    def __iter__(self):
        self._check()
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def readline(self, size=-1):
        """The next line, read item by item."""
        line = None
        while size < 0 or line is None or len(line) < size:
            item = self.read(1)
            line = item if line is None else line + item
            if not item or item in (b"\n", "\n"):
                break
        return line

    def readlines(self, hint=-1):
        lines, total = [], 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def writelines(self, lines):
        self._check()
        for line in lines:
            self.write(line)


class RawIOBase(IOBase):
    """A stream of bytes: readinto(buffer) gives the number of bytes read, write(bytes) that of those written."""

    __module__ = "io"

    def read(self, size=-1):
        if size is None or size < 0:
            return self.readall()
        buffer = bytearray(size)
        n = self.readinto(buffer)
        return None if n is None else bytes(buffer[:n])

    def readall(self):
        parts = bytearray()
        while part := self.read(8192):
            parts += part
        return bytes(parts)

    def readinto(self, buffer):
        self._unsupported("readinto")

    def write(self, data):
        self._unsupported("write")


class BufferedIOBase(IOBase):
    """A stream of bytes whose read() gives all that was asked for."""

    __module__ = "io"

    def read(self, size=-1):
        self._unsupported("read")

    def read1(self, size=-1):
        self._unsupported("read1")

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[:len(data)] = data
        return len(data)

    def write(self, data):
        self._unsupported("write")

    def detach(self):
        self._unsupported("detach")


class TextIOBase(IOBase):
    """A stream of text."""

    __module__ = "io"
    encoding = errors = newlines = None

    def read(self, size=-1):
        self._unsupported("read")

    def write(self, text):
        self._unsupported("write")

    def detach(self):
        self._unsupported("detach")


class FileIO(RawIOBase):
    """What open(..., buffering=0) gives."""

    __module__ = "io"

    def __new__(cls, file, mode="r", closefd=True, opener=None):
        return open(file, mode if "b" in mode else mode + "b", 0)


for _stream in (BufferedRandom, BufferedReader, BufferedWriter, BytesIO):
    BufferedIOBase.register(_stream)
for _stream in (StringIO, TextIOWrapper):
    TextIOBase.register(_stream)
del _stream

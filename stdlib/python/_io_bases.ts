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


class TextWrapper(TextIOBase):
    """What io.TextIOWrapper(buffer) gives: the text of a stream of bytes."""

    __module__ = "io"
    _chunk = 8192

    def __init__(self, buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False):
        if newline not in (None, "", "\n", "\r", "\r\n"):
            raise ValueError(f"illegal newline value: {newline!r}")
        self.buffer = buffer
        self.encoding = "UTF-8" if encoding is None else encoding
        "".encode(self.encoding)
        self.errors = "strict" if errors is None else errors
        self.line_buffering, self.write_through = line_buffering, write_through
        self._newline = newline
        self._text = ""  # read and not given yet
        self._pending = []  # written and not passed on yet
        self._pending_size = 0

    def __repr__(self):
        name = getattr(self.buffer, "name", None)
        return f"<_io.TextIOWrapper{'' if name is None else f' name={name!r}'} encoding={self.encoding!r}>"

    @property
    def name(self):
        return self.buffer.name

    @property
    def closed(self):
        return self.buffer.closed

    def readable(self):
        return self.buffer.readable()

    def writable(self):
        return self.buffer.writable()

    def seekable(self):
        return self.buffer.seekable()

    def isatty(self):
        return self.buffer.isatty()

    def fileno(self):
        return self.buffer.fileno()

    def reconfigure(self, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None):
        self.flush()
        self.encoding = encoding or self.encoding
        self.errors = errors or self.errors
        if line_buffering is not None:
            self.line_buffering = line_buffering
        if write_through is not None:
            self.write_through = write_through

    def detach(self):
        self.flush()
        buffer, self.buffer = self.buffer, None
        return buffer

    # --- reading ---

    def _decoded(self, data):
        text = data.decode(self.encoding, self.errors)
        return text.replace("\r\n", "\n").replace("\r", "\n") if self._newline is None else text

    def _fill(self):
        """More text, a line of bytes at a time where lines can be seen in the bytes; False at the end."""
        wide = self.encoding.lower().replace("-", "").replace("_", "").startswith(("utf16", "utf32"))
        data = self.buffer.read() if wide or not hasattr(self.buffer, "readline") else self.buffer.readline()
        self._text += self._decoded(data)
        return bool(data)

    def read(self, size=-1):
        self._check()
        self.flush()
        if size is None or size < 0:
            text, self._text = self._text + self._decoded(self.buffer.read()), ""
            return text
        while len(self._text) < size and self._fill():
            pass
        text, self._text = self._text[:size], self._text[size:]
        return text

    def readline(self, size=-1):
        self._check()
        ends = ("\n", "\r") if self._newline == "" else (self._newline or "\n",)
        while not any(e in self._text for e in ends) and self._fill():
            pass
        places = [at + len(e) for e in ends if (at := self._text.find(e)) >= 0]
        end = min(places, default=len(self._text))
        if self._newline == "" and self._text[end - 1:end + 1] == "\r\n":
            end += 1
        if size is not None and 0 <= size < end:
            end = size
        text, self._text = self._text[:end], self._text[end:]
        return text

    def seek(self, offset, whence=0):
        self.flush()
        self._text = ""
        return self.buffer.seek(offset, whence)

    def tell(self):
        self.flush()
        return self.buffer.tell() - len(self._text.encode(self.encoding, self.errors))

    def truncate(self, size=None):
        self.flush()
        return self.buffer.truncate(size)

    # --- writing ---

    def write(self, text):
        self._check()
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        written = text.replace("\n", self._newline) if self._newline in ("\r", "\r\n") else text
        data = written.encode(self.encoding, self.errors)
        self._pending.append(data)
        self._pending_size += len(data)
        if self.line_buffering and ("\n" in text or "\r" in text):
            self.flush()
        elif self.write_through or self._pending_size > self._chunk:
            self._pass_on()
        return len(text)

    def _pass_on(self):
        if self._pending:
            data, self._pending, self._pending_size = b"".join(self._pending), [], 0
            self.buffer.write(data)

    def flush(self):
        self._check()
        self._pass_on()
        if hasattr(self.buffer, "flush"):
            self.buffer.flush()

    def close(self):
        if self.buffer is not None and not self.closed:
            try:
                self.flush()
            finally:
                self.buffer.close()

    def __del__(self):
        try:
            self.close()
        except Exception:
            pass


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

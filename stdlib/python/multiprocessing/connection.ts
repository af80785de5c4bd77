"""Connections: pipes that carry objects, or bytes as messages.

An object is sent as one message and the memory of its tensors. The message has two pickles: the types and shapes of the tensors, then
the object, in which tensors are numbers.
"""
import _process
import io
import os
import pickle
import sys


class _Pickler(pickle.Pickler):
    """Numbers the plain tensors that it meets, and keeps them."""

    def __init__(self, file):
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers, self.tensors = {}, []
        torch = sys.modules.get("torch")
        if torch is not None:
            self._torch = torch
            self._persistent_types = (torch.Tensor,)
            self.persistent_id = self._number

    def _number(self, obj):
        if type(obj) is not self._torch.Tensor or obj.requires_grad or obj.layout != self._torch.strided or obj.is_meta:
            return None
        if id(obj) not in self._numbers:
            self._numbers[id(obj)] = len(self.tensors)
            self.tensors.append(obj)
        return self._numbers[id(obj)]


class _Unpickler(pickle.Unpickler):
    """What comes from a process of this program is not foreign: it may name whatever the program may import."""

    tensors = ()

    def find_class(self, module, name):
        __import__(module)
        return pickle._attribute(module, name)

    def persistent_load(self, pid):
        return self.tensors[pid]


def _dumps(obj):
    """One piece of bytes, with the tensors inside."""
    return pickle.dumps(obj, pickle.HIGHEST_PROTOCOL)


def _loads(data):
    return _Unpickler(io.BytesIO(data)).load()


def _parts(obj):
    """A message, and the tensors whose memory follows it."""
    data = io.BytesIO()
    pickler = _Pickler(data)
    pickler.dump(obj)
    return _dumps([(t.dtype, tuple(t.shape)) for t in pickler.tensors]) + data.getvalue(), pickler.tensors


_NO_TENSORS = _dumps([])


class Connection:
    """One end of a pipe: the descriptor it reads from and the one it writes to (-1: none)."""

    def __init__(self, source, sink):
        self._source, self._sink = source, sink
        self._unsent = b""
        if sink >= 0:
            os.set_blocking(sink, False)

    @property
    def closed(self):
        return self._source < 0 and self._sink < 0

    @property
    def readable(self):
        return self._source >= 0

    @property
    def writable(self):
        return self._sink >= 0

    def _check(self, can, what):
        if self.closed:
            raise OSError("handle is closed")
        if not can:
            raise OSError(f"connection is {what}-only")

    def fileno(self):
        self._check(True, "")
        return self._source if self._source >= 0 else self._sink

    def close(self):
        for fd in {self._source, self._sink} - {-1}:
            os.close(fd)
        self._source = self._sink = -1

    def _write(self, seconds):
        _, written = _process.exchange(self._sink, self._unsent, -1, seconds)
        self._unsent = self._unsent[written:] if written < len(self._unsent) else b""

    def _send_soon(self, obj):
        """send() that never waits: what does not fit is written while something is received."""
        data = _NO_TENSORS + _dumps(obj)
        self._unsent += len(data).to_bytes(8, "little") + data
        self._write(0)

    def send_bytes(self, buf, offset=0, size=None):
        self._check(self._sink >= 0, "read")
        data = bytes(buf)
        if offset or size is not None:
            data = data[offset:] if size is None else data[offset:offset + size]
        self._unsent += len(data).to_bytes(8, "little")
        self._write(None)
        _process.exchange(self._sink, data, -1, None)

    def _send_parts(self, parts):
        data, tensors = parts
        self.send_bytes(data)
        for tensor in tensors:
            _process.exchange(self._sink, tensor.contiguous(), -1, None)

    def send(self, obj):
        self._check(self._sink >= 0, "read")
        self._send_parts(_parts(obj))

    def recv_bytes(self, maxlength=None):
        self._check(self._source >= 0, "write")
        data, written = _process.exchange(self._sink if self._unsent else -1, self._unsent, self._source, None)
        self._unsent = self._unsent[written:]
        if maxlength is not None and len(data) > maxlength:
            raise OSError("bad message length")
        return data

    def recv(self):
        message = io.BytesIO(self.recv_bytes())
        shapes = _Unpickler(message).load()
        unpickler = _Unpickler(message)
        if shapes:
            import torch
            unpickler.tensors = [torch.empty(shape, dtype=dtype) for dtype, shape in shapes]
            for tensor in unpickler.tensors:
                _process.receive_into(self._source, tensor)
        return unpickler.load()

    def poll(self, timeout=0.0):
        """Whether there is something to receive (or the other end is closed) within so many seconds."""
        self._check(self._source >= 0, "write")
        return bool(wait([self], timeout))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __del__(self):
        if hasattr(self, "_sink"):
            self.close()

    def __repr__(self):
        return f"<multiprocessing.connection.Connection object at {id(self):#x}>"

    def __reduce__(self):
        raise NotImplementedError("connections cannot be sent to another process; give them to it when it is started")


def Pipe(duplex=True):
    """Two connected ends; with duplex=False the first receives and the second sends."""
    a = os.pipe()
    if not duplex:
        return Connection(a[0], -1), Connection(-1, a[1])
    b = os.pipe()
    return Connection(a[0], b[1]), Connection(b[0], a[1])


def wait(object_list, timeout=None):
    """Those of the connections, process sentinels and descriptors that are ready within so many seconds."""
    objects = list(object_list)
    ready = set(_process.readable([o if isinstance(o, int) else o.fileno() for o in objects], timeout))
    return [o for i, o in enumerate(objects) if i in ready]

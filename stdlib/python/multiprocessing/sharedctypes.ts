"""Numbers that processes share: they lie in a file without a name that all of them have open."""
import os
import struct
from multiprocessing.synchronize import RLock

_CODES = "cbBhHiIlLqQfd"


def _format(typecode):
    if not isinstance(typecode, str) or len(typecode) != 1 or typecode not in _CODES:
        raise TypeError(f"typecode {typecode!r} is not one of {' '.join(_CODES)}")
    return struct.Struct(typecode)


class _Shared:
    def __init__(self, typecode, count):
        self._format = _format(typecode)
        self._memory = os.memfd_create("shared")
        os.ftruncate(self._memory, count * self._format.size)

    def _load(self, index):
        return self._format.unpack(os.pread(self._memory, self._format.size, index * self._format.size))[0]

    def _store(self, index, value):
        os.pwrite(self._memory, self._format.pack(value), index * self._format.size)

    def __del__(self):
        if hasattr(self, "_memory"):
            os.close(self._memory)

    def __reduce__(self):
        raise RuntimeError(f"{type(self).__name__} objects should only be shared between processes through inheritance")


class _Locked:
    """What a shared object has when it is made with a lock."""

    def get_lock(self):
        return self._lock

    def get_obj(self):
        return self

    def acquire(self, block=True, timeout=None):
        return self._lock.acquire(block, timeout)

    def release(self):
        self._lock.release()

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *exc):
        return self._lock.__exit__(*exc)


class RawValue(_Shared):
    def __init__(self, typecode_or_type, *args):
        super().__init__(typecode_or_type, 1)
        if args:
            self.value = args[0]

    @property
    def value(self):
        return self._load(0)

    @value.setter
    def value(self, value):
        self._store(0, value)


class RawArray(_Shared):
    def __init__(self, typecode_or_type, size_or_initializer):
        if isinstance(size_or_initializer, int):
            self._length, first = size_or_initializer, ()
        else:
            first = list(size_or_initializer)
            self._length = len(first)
        super().__init__(typecode_or_type, self._length)
        for i, value in enumerate(first):
            self._store(i, value)

    def __len__(self):
        return self._length

    def _index(self, i):
        if i < 0:
            i += self._length
        if not 0 <= i < self._length:
            raise IndexError("invalid index")
        return i

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self._load(k) for k in range(*i.indices(self._length))]
        return self._load(self._index(i))

    def __setitem__(self, i, value):
        if not isinstance(i, slice):
            return self._store(self._index(i), value)
        places = range(*i.indices(self._length))
        values = list(value)
        if len(values) != len(places):
            raise ValueError("Can only assign sequence of same size")
        for k, v in zip(places, values):
            self._store(k, v)

    def __iter__(self):
        return (self._load(i) for i in range(self._length))


class Synchronized(_Locked, RawValue):
    pass


class SynchronizedArray(_Locked, RawArray):
    pass


def _made(raw, locked, lock, args):
    if lock is False:
        return raw(*args)
    result = locked(*args)
    result._lock = RLock() if lock in (True, None) else lock
    return result


def Value(typecode_or_type, *args, lock=True):
    return _made(RawValue, Synchronized, lock, (typecode_or_type, *args))


def Array(typecode_or_type, size_or_initializer, *, lock=True):
    return _made(RawArray, SynchronizedArray, lock, (typecode_or_type, size_or_initializer))

"""Queues between processes: messages lie in memory that all of them see, so that put() need not wait for a reader.

The memory is a file without a name. It begins with two numbers of eight bytes: where the next message to be taken begins, and
where the last one ends. Who has the lock may change it.
"""
import os
import time
from multiprocessing import connection
from multiprocessing.synchronize import Lock, Semaphore
from queue import Empty, Full

_HEAD = 16


class SimpleQueue:
    """Made before the processes that use it are started. Up to 65,536 objects may wait in it; then put() waits too."""

    def __init__(self):
        self._memory = os.memfd_create("queue")
        self._lock, self._items = Lock(), Semaphore(0)
        self._set(_HEAD, _HEAD)

    def _set(self, begin, end):
        os.pwrite(self._memory, begin.to_bytes(8, "little") + end.to_bytes(8, "little"), 0)

    def _bounds(self):
        head = os.pread(self._memory, _HEAD, 0)
        return int.from_bytes(head[:8], "little"), int.from_bytes(head[8:], "little")

    def empty(self):
        return self._items.get_value() == 0

    def put(self, obj):
        data = connection._dumps(obj)
        data = len(data).to_bytes(8, "little") + data
        with self._lock:
            begin, end = self._bounds()
            written = 0
            while written < len(data):
                written += os.pwrite(self._memory, data[written:] if written else data, end + written)
            self._set(begin, end + len(data))
        self._items.release()

    def _get(self, block, timeout):
        if not self._items.acquire(block, timeout):
            raise Empty
        with self._lock:
            begin, end = self._bounds()
            size = int.from_bytes(os.pread(self._memory, 8, begin), "little")
            begin += 8
            parts = []
            while size:
                parts.append(os.pread(self._memory, size, begin))
                begin += len(parts[-1])
                size -= len(parts[-1])
            if begin == end:
                os.ftruncate(self._memory, _HEAD)  # gives the memory back
                begin = end = _HEAD
            self._set(begin, end)
        return connection._loads(parts[0] if len(parts) == 1 else b"".join(parts))

    def get(self):
        return self._get(True, None)

    def close(self):
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1

    def __del__(self):
        if hasattr(self, "_memory"):
            SimpleQueue.close(self)


class Queue(SimpleQueue):
    """A queue that may have a size."""

    def __init__(self, maxsize=0):
        super().__init__()
        self._maxsize = maxsize
        self._room = Semaphore(maxsize) if maxsize > 0 else None
        self._closed = False

    def _check(self):
        if self._closed:
            raise ValueError(f"Queue {self!r} is closed")

    def put(self, obj, block=True, timeout=None):
        self._check()
        if self._room is not None and not self._room.acquire(block, timeout):
            raise Full
        super().put(obj)

    def get(self, block=True, timeout=None):
        self._check()
        result = self._get(block, timeout)
        if self._room is not None:
            self._room.release()
        return result

    def put_nowait(self, obj):
        return self.put(obj, False)

    def get_nowait(self):
        return self.get(False)

    def qsize(self):
        return self._items.get_value()

    def full(self):
        return self._room is not None and self._room.get_value() == 0

    def close(self):
        self._closed = True

    def join_thread(self):
        pass

    def cancel_join_thread(self):
        pass


class JoinableQueue(Queue):
    """A queue whose items are reported as done."""

    def __init__(self, maxsize=0):
        super().__init__(maxsize)
        self._unfinished = Semaphore(0)

    def put(self, obj, block=True, timeout=None):
        self._unfinished.release()
        try:
            super().put(obj, block, timeout)
        except BaseException:
            self._unfinished.acquire(False)
            raise

    def task_done(self):
        if not self._unfinished.acquire(False):
            raise ValueError("task_done() called too many times")

    def join(self):
        """Waits until task_done() was called for each item."""
        pause = 0.0005
        while self._unfinished.get_value():
            time.sleep(pause)
            pause = min(pause * 2, 0.02)

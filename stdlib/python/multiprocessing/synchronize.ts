"""Locks between processes. A semaphore is a pipe that holds one byte for each time that it may be taken."""
import _process
import os
import time


class Semaphore:
    """Made before the processes that use it are started."""

    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._tokens, self._sink = os.pipe()
        os.set_blocking(self._tokens, False)
        if value:
            os.write(self._sink, b"x" * value)

    def acquire(self, block=True, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                os.read(self._tokens, 1)
                return True
            except BlockingIOError:
                pass
            left = None if end is None else max(end - time.monotonic(), 0.0)
            if not block or left == 0.0 or not _process.readable([self._tokens], left):
                return False

    def release(self):
        os.write(self._sink, b"x")

    def get_value(self):
        return _process.waiting(self._tokens)

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc):
        self.release()

    def __del__(self):
        if hasattr(self, "_sink"):
            os.close(self._tokens)
            os.close(self._sink)

    def __reduce__(self):
        raise RuntimeError(f"{type(self).__name__} objects should only be shared between processes through inheritance")

    def __repr__(self):
        return f"<{type(self).__name__}(value={self.get_value()})>"


class BoundedSemaphore(Semaphore):
    def __init__(self, value=1):
        super().__init__(value)
        self._most = value

    def release(self):
        if self.get_value() >= self._most:
            raise ValueError("semaphore or lock released too many times")
        super().release()

    def __repr__(self):
        return f"<{type(self).__name__}(value={self.get_value()}, maxvalue={self._most})>"


class Lock(BoundedSemaphore):
    def __init__(self):
        super().__init__(1)

    def __repr__(self):
        return f"<Lock(owner={'None' if self.get_value() else 'SomeOtherProcess'})>"


class RLock(Semaphore):
    """May be taken again by the process that has it."""

    def __init__(self):
        super().__init__(1)
        self._owner, self._count = None, 0

    def acquire(self, block=True, timeout=None):
        if self._owner == os.getpid():
            self._count += 1
            return True
        if not super().acquire(block, timeout):
            return False
        self._owner, self._count = os.getpid(), 1
        return True

    def release(self):
        if self._owner != os.getpid():
            raise AssertionError("attempt to release recursive lock not owned by thread")
        self._count -= 1
        if self._count == 0:
            self._owner = None
            super().release()


class Event:
    """Set while its pipe holds a byte."""

    def __init__(self):
        self._flag, self._lock = Semaphore(0), Lock()

    def is_set(self):
        return self._flag.get_value() > 0

    def set(self):
        with self._lock:
            if not self.is_set():
                self._flag.release()

    def clear(self):
        with self._lock:
            self._flag.acquire(False)

    def wait(self, timeout=None):
        return bool(_process.readable([self._flag._tokens], timeout))


class Condition:
    """Waiters sleep on a semaphore that notify() releases once for each of them."""

    def __init__(self, lock=None):
        self._lock = lock or RLock()
        self._sleeping, self._wake = Semaphore(0), Semaphore(0)
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *exc):
        return self._lock.__exit__(*exc)

    def wait(self, timeout=None):
        self._sleeping.release()
        self.release()
        try:
            woken = self._wake.acquire(True, timeout)
        finally:
            self.acquire()
        if not woken and not self._sleeping.acquire(False):
            self._wake.acquire()  # notified just after the time was over
        return woken

    def wait_for(self, predicate, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        result = predicate()
        while not result:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                break
            self.wait(left)
            result = predicate()
        return result

    def notify(self, n=1):
        while n > 0 and self._sleeping.acquire(False):
            self._wake.release()
            n -= 1

    def notify_all(self):
        self.notify(self._sleeping.get_value())


class BrokenBarrierError(RuntimeError):
    pass


class Barrier:
    """Lets so many processes go on together, again and again."""

    def __init__(self, parties, action=None, timeout=None):
        self.parties = parties
        self._action, self._timeout = action, timeout
        self._arrived, self._turnstile, self._leave = Semaphore(0), Lock(), Semaphore(0)
        self._broken = Event()

    @property
    def n_waiting(self):
        return self._arrived.get_value()

    @property
    def broken(self):
        return self._broken.is_set()

    def wait(self, timeout=None):
        if self.broken:
            raise BrokenBarrierError
        with self._turnstile:
            index = self._arrived.get_value()
            self._arrived.release()
            if index + 1 == self.parties:
                if self._action:
                    self._action()
                for _ in range(self.parties):
                    self._arrived.acquire()
                for _ in range(self.parties - 1):
                    self._leave.release()
                return index
        if not self._leave.acquire(True, self._timeout if timeout is None else timeout) or self.broken:
            self.abort()
            raise BrokenBarrierError
        return index

    def abort(self):
        self._broken.set()
        for _ in range(self.n_waiting):
            self._leave.release()

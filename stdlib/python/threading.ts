"""Threads. A VM runs one thread at a time, so a Thread's function runs when start() is called, from its begin to its end;
start() returns when it is done. Locks are counters. What only works when threads really take turns (a thread that waits
for something that its starter does later) raises RuntimeError instead of hanging.

Tensor operators use all cores by themselves: threads are not needed for that."""
import sys
import time as _time_module

__all__ = ["get_ident", "active_count", "Condition", "current_thread", "enumerate", "main_thread", "TIMEOUT_MAX", "Event",
           "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Thread", "Barrier", "BrokenBarrierError", "Timer",
           "ThreadError", "setprofile", "settrace", "local", "stack_size", "excepthook", "ExceptHookArgs",
           "get_native_id"]

ThreadError = RuntimeError
TIMEOUT_MAX = 9223372036.0
_running = []
_count = 0


def _wait_until(ready, timeout):
    """Whether `ready` holds; nothing else can make it true, except signal handlers while a timeout runs."""
    if timeout is None:
        return bool(ready())
    end = _time_module.monotonic() + timeout
    while not ready():
        left = end - _time_module.monotonic()
        if left <= 0:
            return False
        _time_module.sleep(min(left, 0.05))
    return True


class _Lock:
    """A lock that nobody else can hold while this thread waits."""

    def __init__(self):
        self._held = False

    def acquire(self, blocking=True, timeout=-1):
        if not self._held:
            self._held = True
            return True
        if not blocking:
            return False
        if timeout is not None and timeout >= 0:
            _time_module.sleep(timeout)
            return False
        raise RuntimeError("deadlock: the lock is held, and no other thread can release it")

    def release(self):
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self):
        return self._held

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc):
        self.release()

    def __repr__(self):
        return "<%s _thread.lock object at %#x>" % ("locked" if self._held else "unlocked", id(self))


Lock = _Lock


class _RLock:
    """A lock that its holder may take again."""

    def __init__(self):
        self._owner, self._times = None, 0

    def acquire(self, blocking=True, timeout=-1):
        me = get_ident()
        if self._owner not in (None, me):
            if not blocking:
                return False
            raise RuntimeError("deadlock: the lock is held by a thread that waits for this one")
        self._owner = me
        self._times += 1
        return True

    def release(self):
        if self._owner != get_ident():
            raise RuntimeError("cannot release un-acquired lock")
        self._times -= 1
        if not self._times:
            self._owner = None

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc):
        self.release()

    def _is_owned(self):
        return self._owner == get_ident()


RLock = _RLock


class Condition:
    def __init__(self, lock=None):
        self._lock = RLock() if lock is None else lock
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *exc):
        return self._lock.__exit__(*exc)

    def wait(self, timeout=None):
        if timeout is None:
            raise RuntimeError("deadlock: the condition is waited for, and no other thread can notify it")
        _time_module.sleep(timeout)
        return False

    def wait_for(self, predicate, timeout=None):
        result = predicate()
        if result:
            return result
        if not _wait_until(predicate, timeout) and timeout is None:
            raise RuntimeError("deadlock: the condition is waited for, and no other thread can make it true")
        return predicate()

    def notify(self, n=1):
        pass

    def notify_all(self):
        pass


class Semaphore:
    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._value = self._initial = value

    def acquire(self, blocking=True, timeout=None):
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        if self._value == 0:
            if not blocking:
                return False
            if timeout is None:
                raise RuntimeError("deadlock: no other thread can release the semaphore")
            _time_module.sleep(timeout)
            return False
        self._value -= 1
        return True

    __enter__ = acquire

    def release(self, n=1):
        if n < 1:
            raise ValueError("n must be one or more")
        self._value += n

    def __exit__(self, *exc):
        self.release()


class BoundedSemaphore(Semaphore):
    def release(self, n=1):
        if self._value + n > self._initial:
            raise ValueError("Semaphore released too many times")
        super().release(n)


class Event:
    def __init__(self):
        self._flag = False

    def is_set(self):
        return self._flag

    def set(self):
        self._flag = True

    def clear(self):
        self._flag = False

    def wait(self, timeout=None):
        if not _wait_until(lambda: self._flag, timeout) and timeout is None:
            raise RuntimeError("deadlock: the event is waited for, and no other thread can set it")
        return self._flag


class BrokenBarrierError(RuntimeError):
    pass


class Barrier:
    def __init__(self, parties, action=None, timeout=None):
        if parties < 1:
            raise ValueError("parties must be > 0")
        self.parties, self._action, self.broken, self.n_waiting = parties, action, False, 0

    def wait(self, timeout=None):
        if self.parties == 1:
            if self._action:
                self._action()
            return 0
        raise RuntimeError("deadlock: threads run one after the other, so they cannot meet at a barrier")

    def reset(self):
        pass

    def abort(self):
        self.broken = True


class ExceptHookArgs(tuple):
    @property
    def exc_type(self):
        return self[0]

    @property
    def exc_value(self):
        return self[1]

    @property
    def exc_traceback(self):
        return self[2]

    @property
    def thread(self):
        return self[3]


def excepthook(args, /):
    """Reports an exception that ended a thread."""
    import traceback
    if args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread is not None else get_ident()
    print(f"Exception in thread {name}:", file=sys.stderr)
    traceback.print_exception(args.exc_type, args.exc_value, args.exc_traceback)


__excepthook__ = excepthook


class Thread:
    """A function that runs when the thread is started."""
    name_prefix = "Thread"

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        global _count
        if name is None:
            _count += 1
            name = f"Thread-{_count}"
            if target is not None:
                name += f" ({target.__name__})" if hasattr(target, "__name__") else ""
        self._name = str(name)
        self._target, self._args, self._kwargs = target, args, kwargs or {}
        self._daemon = bool(daemon)
        self._started = self._finished = False
        self.ident = None

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = str(name)

    @property
    def daemon(self):
        return self._daemon

    @daemon.setter
    def daemon(self, daemonic):
        if self._started:
            raise RuntimeError("cannot set daemon status of active thread")
        self._daemon = bool(daemonic)

    @property
    def native_id(self):
        return self.ident

    def getName(self):
        return self._name

    def setName(self, name):
        self._name = name

    def isDaemon(self):
        return self._daemon

    def setDaemon(self, daemonic):
        self.daemon = daemonic

    def run(self):
        try:
            if self._target is not None:
                self._target(*self._args, **self._kwargs)
        finally:
            self._target, self._args, self._kwargs = None, (), {}

    def start(self):
        if self._started:
            raise RuntimeError("threads can only be started once")
        self._started = True
        self.ident = id(self)
        _running.append(self)
        try:
            self.run()
        except (KeyboardInterrupt,):
            raise
        except BaseException as e:
            excepthook(ExceptHookArgs((type(e), e, e.__traceback__, self)))
        finally:
            _running.remove(self)
            self._finished = True

    def join(self, timeout=None):
        if not self._started:
            raise RuntimeError("cannot join thread before it is started")
        if current_thread() is self:
            raise RuntimeError("cannot join current thread")

    def is_alive(self):
        return self._started and not self._finished

    def __repr__(self):
        status = "stopped" if self._finished else "started" if self._started else "initial"
        if self._daemon:
            status += " daemon"
        if self.ident is not None:
            status += " %s" % self.ident
        return "<%s(%s, %s)>" % (self.__class__.__name__, self._name, status)


class Timer(Thread):
    """Calls a function when start() has waited for the interval."""

    def __init__(self, interval, function, args=None, kwargs=None):
        super().__init__()
        self.interval, self.function = interval, function
        self.args, self.kwargs = args or [], kwargs or {}
        self.finished = Event()

    def cancel(self):
        self.finished.set()

    def run(self):
        if not self.finished.wait(self.interval):
            self.function(*self.args, **self.kwargs)
        self.finished.set()


class _MainThread(Thread):
    def __init__(self):
        super().__init__(name="MainThread")
        self._started = True
        self.ident = id(self)


_main = _MainThread()


def current_thread():
    return _running[-1] if _running else _main


currentThread = current_thread


def main_thread():
    return _main


def get_ident():
    return current_thread().ident


get_native_id = get_ident


def enumerate():
    return [_main] + list(_running)


def active_count():
    return 1 + len(_running)


activeCount = active_count


class local:
    """Attributes that each thread has for itself."""

    def __init__(self, *args, **kwargs):
        object.__setattr__(self, "_by_thread", {})

    def _here(self):
        return object.__getattribute__(self, "_by_thread").setdefault(get_ident(), {})

    def __getattribute__(self, name):
        if name == "__dict__":
            return local._here(self)
        here = local._here(self)
        if name in here:
            return here[name]
        return object.__getattribute__(self, name)

    def __setattr__(self, name, value):
        local._here(self)[name] = value

    def __delattr__(self, name):
        here = local._here(self)
        if name not in here:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        del here[name]


def settrace(func):
    raise NotImplementedError("threading.settrace")


def setprofile(func):
    raise NotImplementedError("threading.setprofile")


def stack_size(size=0):
    return 0

"""Threads that take turns on the VM: one runs until it waits, ends, or has had its time. What waits asks for it, again and
again, whenever its turn comes (_wait_until); a function that is called to ask runs without a break, so it may also take
what it finds.

Tensor operators use all cores by themselves: threads are not needed for that."""
import _thread
import sys
from _thread import get_ident
from time import monotonic as _time

__all__ = ["get_ident", "active_count", "Condition", "current_thread", "enumerate", "main_thread", "TIMEOUT_MAX", "Event",
           "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Thread", "Barrier", "BrokenBarrierError", "Timer",
           "ThreadError", "setprofile", "settrace", "local", "stack_size", "excepthook", "ExceptHookArgs",
           "get_native_id"]

ThreadError = RuntimeError
TIMEOUT_MAX = 9223372036.0
_active = {}
_at_exit = []
_count = 0


def _wait_until(ready, timeout=None):
    """Whether ready() comes true, in so many seconds."""
    if ready():
        return True
    if timeout is not None and timeout <= 0:
        return False
    deadline = None if timeout is None else _time() + timeout
    while True:
        _thread.wait(deadline)
        if ready():
            _thread.goes_on()
            return True
        if deadline is not None and _time() >= deadline:
            _thread.goes_on()
            return False


class _Lock:
    def __init__(self):
        self._held = False

    def _take(self):
        if self._held:
            return False
        self._held = True
        return True

    def acquire(self, blocking=True, timeout=-1):
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if not blocking:
            return self._take()
        return _wait_until(self._take, None if timeout == -1 else timeout)

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

    def _take(self):
        if self._owner is not None:
            return False
        self._owner, self._times = get_ident(), 1
        return True

    def acquire(self, blocking=True, timeout=-1):
        if self._owner == get_ident():
            self._times += 1
            return True
        if not blocking:
            return self._take()
        return _wait_until(self._take, None if timeout == -1 else timeout)

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

    def _release_save(self):
        times, self._times, self._owner = self._times, 0, None
        return times

    def _acquire_restore(self, times):
        self.acquire()
        self._times = times

    def __repr__(self):
        return "<%s _thread.RLock object owner=%s count=%d at %#x>" % (
            "locked" if self._times else "unlocked", self._owner or 0, self._times, id(self))


RLock = _RLock


class Condition:
    """Threads that wait for a notification; its lock is held when one waits and when one notifies."""

    def __init__(self, lock=None):
        self._lock = lock = RLock() if lock is None else lock
        self.acquire, self.release = lock.acquire, lock.release
        if hasattr(lock, "_release_save"):
            self._release_save, self._acquire_restore = lock._release_save, lock._acquire_restore
        self._waiters = []

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *exc):
        return self._lock.__exit__(*exc)

    def __repr__(self):
        return "<Condition(%s, %d)>" % (self._lock, len(self._waiters))

    def _release_save(self):
        self._lock.release()

    def _acquire_restore(self, state):
        self._lock.acquire()

    def _is_owned(self):
        lock = self._lock
        return lock._is_owned() if hasattr(lock, "_is_owned") else lock.locked()

    def wait(self, timeout=None):
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        told = Event()
        self._waiters.append(told)
        state = self._release_save()
        try:
            result = told.wait(timeout)
        finally:
            if told in self._waiters:
                self._waiters.remove(told)
            self._acquire_restore(state)
        return result

    def wait_for(self, predicate, timeout=None):
        end = None
        result = predicate()
        while not result:
            left = None
            if timeout is not None:
                if end is None:
                    end = _time() + timeout
                left = end - _time()
                if left <= 0:
                    break
            self.wait(left)
            result = predicate()
        return result

    def notify(self, n=1):
        if not self._is_owned():
            raise RuntimeError("cannot notify on un-acquired lock")
        for told in self._waiters[:n]:
            self._waiters.remove(told)
            told.set()

    def notify_all(self):
        self.notify(len(self._waiters))

    notifyAll = notify_all


class Semaphore:
    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._value = value

    def __repr__(self):
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}: value={self._value}>"

    def _take(self):
        if not self._value:
            return False
        self._value -= 1
        return True

    def acquire(self, blocking=True, timeout=None):
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        return _wait_until(self._take, timeout) if blocking else self._take()

    def release(self, n=1):
        if n < 1:
            raise ValueError("n must be one or more")
        self._value += n

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc):
        self.release()


class BoundedSemaphore(Semaphore):
    """One that is released as often as it was acquired."""

    def __init__(self, value=1):
        super().__init__(value)
        self._initial_value = value

    def __repr__(self):
        return f"{super().__repr__()[:-1]}/{self._initial_value}>"

    def release(self, n=1):
        if n < 1:
            raise ValueError("n must be one or more")
        if self._value + n > self._initial_value:
            raise ValueError("Semaphore released too many times")
        self._value += n


class Event:
    def __init__(self):
        self._flag = False

    def __repr__(self):
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}: {'set' if self._flag else 'unset'}>"

    def is_set(self):
        return self._flag

    isSet = is_set

    def set(self):
        self._flag = True

    def clear(self):
        self._flag = False

    def wait(self, timeout=None):
        return _wait_until(self.is_set, timeout)


class BrokenBarrierError(RuntimeError):
    pass


class Barrier:
    """Where so many threads wait for each other. The last of a round opens it; who of a round has left closes it again."""

    def __init__(self, parties, action=None, timeout=None):
        if parties < 1:
            raise ValueError("parties must be > 0")
        self._parties, self._action, self._timeout = parties, action, timeout
        self._condition = Condition(Lock())
        self._state, self._count = "filling", 0

    def __repr__(self):
        kind = f"{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}"
        if self.broken:
            return f"<{kind}: broken>"
        return f"<{kind}: waiters={self.n_waiting}/{self.parties}>"

    @property
    def parties(self):
        return self._parties

    @property
    def n_waiting(self):
        return self._count if self._state == "filling" else 0

    @property
    def broken(self):
        return self._state == "broken"

    def _break(self):
        self._state = "broken"
        self._condition.notify_all()

    def wait(self, timeout=None):
        if timeout is None:
            timeout = self._timeout
        with self._condition:
            while self._state in ("draining", "resetting"):
                self._condition.wait()
            if self.broken:
                raise BrokenBarrierError
            place = self._count
            self._count += 1
            try:
                if self._count == self._parties:
                    try:
                        if self._action:
                            self._action()
                    except BaseException:
                        self._break()
                        raise
                    self._state = "draining"
                    self._condition.notify_all()
                else:
                    if not self._condition.wait_for(lambda: self._state != "filling", timeout):
                        self._break()
                        raise BrokenBarrierError
                    if self._state in ("broken", "resetting"):
                        raise BrokenBarrierError
                return place
            finally:
                self._count -= 1
                if self._count == 0 and self._state in ("draining", "resetting"):
                    self._state = "filling"
                    self._condition.notify_all()

    def reset(self):
        with self._condition:
            self._state = "resetting" if self._count > 0 else "filling"
            self._condition.notify_all()

    def abort(self):
        with self._condition:
            self._break()


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
        self._daemon = current_thread().daemon if daemon is None else bool(daemon)
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
        _thread.start(self._bootstrap, self._daemon)

    def _bootstrap(self):
        self.ident = get_ident()
        _active[self.ident] = self
        try:
            self.run()
        except SystemExit:
            pass
        except BaseException as e:
            excepthook(ExceptHookArgs((type(e), e, e.__traceback__, self)))
        finally:
            del _active[self.ident]
            self._finished = True

    def _ended(self):
        return self._finished

    def join(self, timeout=None):
        if not self._started:
            raise RuntimeError("cannot join thread before it is started")
        if current_thread() is self:
            raise RuntimeError("cannot join current thread")
        _wait_until(self._ended, None if timeout is None else max(timeout, 0))

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
        self._name, self._daemon, self._started, self._finished = "MainThread", False, True, False
        self.ident = get_ident()
        _active[self.ident] = self


def current_thread():
    return _active.get(get_ident(), _main)


currentThread = current_thread


def main_thread():
    return _main


get_native_id = get_ident
_main = _MainThread()


def enumerate():
    return list(_active.values())


def active_count():
    return len(_active)


activeCount = active_count


def _register_atexit(f, *args, **kwargs):
    _at_exit.append(lambda: f(*args, **kwargs))


def _shutdown():
    """At the program's end: waits for the threads that are no daemons."""
    while _at_exit:
        _at_exit.pop()()
    _thread.finish()


class local:
    """Attributes that each thread has for itself."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        object.__setattr__(self, "_by_thread", {get_ident(): {}})
        object.__setattr__(self, "_arguments", (args, kwargs))
        return self

    def _here(self):
        by_thread = object.__getattribute__(self, "_by_thread")
        here = by_thread.get(get_ident())
        if here is None:  # the first use in this thread
            here = by_thread[get_ident()] = {}
            args, kwargs = object.__getattribute__(self, "_arguments")
            type(self).__init__(self, *args, **kwargs)
        return here

    def __init__(self, *args, **kwargs):
        if type(self).__init__ is local.__init__ and (args or kwargs):
            raise TypeError("Initialization arguments are not supported")

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

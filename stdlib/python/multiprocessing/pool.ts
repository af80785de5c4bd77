"""A pool of processes. Each has a connection; a task goes to whichever is free, and results are taken when they are asked for."""
import os
import time
from collections import deque
from multiprocessing import connection
from multiprocessing.process import Process
from pickle import PicklingError


class RemoteTraceback(Exception):
    """The traceback of a worker, as the cause of the exception that it raised."""

    def __init__(self, tb):
        self.tb = tb

    def __str__(self):
        return self.tb


class ExceptionWithTraceback:
    def __init__(self, exc, tb):
        self.exc = exc
        self.tb = tb


class MaybeEncodingError(Exception):
    """A result that cannot be sent."""

    def __init__(self, exc, value):
        self.exc, self.value = repr(exc), repr(value)
        super().__init__(self.exc, self.value)

    def __str__(self):
        return f"Error sending result: '{self.value}'. Reason: '{self.exc}'"


def _serve(pool_connections, mine, initializer, initargs):
    import traceback
    for other in pool_connections:
        other.close()
    if initializer is not None:
        initializer(*initargs)
    while True:
        try:
            number, f, args, kwargs = mine.recv()
        except EOFError:
            return
        try:
            answer = number, True, f(*args, **kwargs)
        except Exception as e:
            text = "".join(traceback.format_exception(type(e), e, e.__traceback__))
            e.__traceback__ = None
            answer = number, False, ExceptionWithTraceback(e, f'\n"""\n{text}"""')
        try:
            mine.send(answer)
        except (TypeError, ValueError, AttributeError, PicklingError) as e:
            mine.send((number, False, ExceptionWithTraceback(MaybeEncodingError(e, answer[2]), None)))


def _call_all(f, chunk):
    return [f(x) for x in chunk]


def _call_all_star(f, chunk):
    return [f(*x) for x in chunk]


class AsyncResult:
    """What one or several tasks will give."""

    def __init__(self, pool, count, join, callback, error_callback):
        self._pool, self._missing, self._join = pool, count, join
        self._parts = [None] * count
        self._error = None
        self._callbacks = callback, error_callback
        if count == 0:
            self._finish()

    def _finish(self):
        value = self._error
        if value is None:
            value = self._value = self._join(self._parts)
        callback = self._callbacks[0 if self._error is None else 1]
        if callback is not None:
            callback(value)

    def _take(self, index, ok, value):
        self._missing -= 1
        if not ok:
            if self._error is None:
                self._error = value.exc
                if value.tb is not None:
                    self._error.__cause__ = RemoteTraceback(value.tb)
        else:
            self._parts[index] = value
        if self._missing == 0:
            self._finish()

    def ready(self):
        self._pool._work(0)
        return self._missing == 0

    def successful(self):
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._error is None

    def wait(self, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while self._missing:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            self._pool._work(left)

    def get(self, timeout=None):
        self.wait(timeout)
        if self._missing:
            from multiprocessing import TimeoutError
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value


class Pool:
    """Processes that wait for work. Functions and arguments are pickled."""

    def __init__(self, processes=None, initializer=None, initargs=(), maxtasksperchild=None, context=None):
        if processes is None:
            processes = os.cpu_count() or 1
        if processes < 1:
            raise ValueError("Number of processes must be at least 1")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._state = "RUN"
        self._tasks, self._waiting = deque(), {}
        self._next = 0
        self._connections, self._pool = [], []
        for _ in range(processes):
            ours, theirs = connection.Pipe()
            p = Process(target=_serve, args=([*self._connections, ours], theirs, initializer, initargs), daemon=True)
            p.name = p.name.replace("Process", "ForkPoolWorker")
            p.start()
            theirs.close()
            self._connections.append(ours)
            self._pool.append(p)
        self._free = list(range(processes))
        self._busy = {}

    def _add(self, result, index, f, args, kwargs={}):
        self._waiting[self._next] = result, index
        self._tasks.append((self._next, f, args, kwargs))
        self._next += 1

    def _check(self):
        if self._state != "RUN":
            raise ValueError("Pool not running")

    def _give(self):
        while self._free and self._tasks:
            worker, task = self._free.pop(0), self._tasks.popleft()
            try:
                self._connections[worker].send(task)
            except (TypeError, AttributeError, PicklingError) as e:
                self._free.insert(0, worker)
                result, index = self._waiting.pop(task[0])
                result._take(index, False, ExceptionWithTraceback(e, None))
                continue
            self._busy[worker] = task[0]

    def _work(self, seconds):
        """Gives tasks to those who are free, and takes the results that come within so many seconds."""
        self._give()
        if not self._busy:
            return
        for c in connection.wait([self._connections[w] for w in self._busy], seconds):
            worker = self._connections.index(c)
            try:
                number, ok, value = c.recv()
            except EOFError:
                raise RuntimeError(f"process {self._pool[worker].pid} of the pool ended without a result") from None
            del self._busy[worker]
            self._free.append(worker)
            result, index = self._waiting.pop(number)
            result._take(index, ok, value)
        self._give()

    def apply_async(self, func, args=(), kwds={}, callback=None, error_callback=None):
        self._check()
        result = AsyncResult(self, 1, _first, callback, error_callback)
        self._add(result, 0, func, args, kwds)
        self._give()
        return result

    def apply(self, func, args=(), kwds={}):
        return self.apply_async(func, args, kwds).get()

    def _map_async(self, call, func, iterable, chunksize, callback=None, error_callback=None):
        self._check()
        items = list(iterable)
        if chunksize is None:
            chunksize, more = divmod(len(items), len(self._pool) * 4)
            chunksize += bool(more)
        chunks = [items[i:i + chunksize] for i in range(0, len(items), chunksize)] if items else []
        result = AsyncResult(self, len(chunks), _joined, callback, error_callback)
        for i, chunk in enumerate(chunks):
            self._add(result, i, call, (func, chunk))
        self._give()
        return result

    def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return self._map_async(_call_all, func, iterable, chunksize, callback, error_callback)

    def map(self, func, iterable, chunksize=None):
        return self.map_async(func, iterable, chunksize).get()

    def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return self._map_async(_call_all_star, func, iterable, chunksize, callback, error_callback)

    def starmap(self, func, iterable, chunksize=None):
        return self.starmap_async(func, iterable, chunksize).get()

    def imap(self, func, iterable, chunksize=1):
        """The results in order, each as soon as it is there."""
        self._check()
        results = [self.apply_async(func, (x,)) for x in iterable]
        return (r.get() for r in results)

    def imap_unordered(self, func, iterable, chunksize=1):
        """The results as they come."""
        self._check()
        arrived = deque()

        def add(value):
            arrived.append(value)

        results = [self.apply_async(func, (x,), callback=add) for x in iterable]

        def give():
            for _ in results:
                while not arrived:
                    self._work(None)
                    for r in results:
                        if r._missing == 0 and r._error is not None:
                            raise r._error
                yield arrived.popleft()

        return give()

    def close(self):
        """No more tasks."""
        if self._state == "RUN":
            self._state = "CLOSE"

    def terminate(self):
        self._state = "TERMINATE"
        self._tasks.clear()
        for c in self._connections:
            c.close()
        for p in self._pool:
            p.terminate()
        for p in self._pool:
            p.join()

    def join(self):
        if self._state == "RUN":
            raise ValueError("Pool is still running")
        if self._state == "CLOSE":
            while self._busy or self._tasks:
                self._work(None)
            for c in self._connections:
                c.close()
        for p in self._pool:
            p.join()

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, *exc):
        self.terminate()

    def __reduce__(self):
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")


def _first(parts):
    return parts[0]


def _joined(parts):
    return [x for part in parts for x in part]


class ThreadPool(Pool):
    """A pool whose tasks are done by threads."""

    def __init__(self, processes=None, initializer=None, initargs=()):
        from concurrent.futures import ThreadPoolExecutor
        processes = processes or os.cpu_count() or 1
        if processes < 1:
            raise ValueError("Number of processes must be at least 1")
        self._state, self._pool = "RUN", [None] * processes
        self._executor = ThreadPoolExecutor(processes, "", initializer, initargs)
        self._tasks, self._waiting, self._busy = deque(), {}, {}
        self._next = self._taken = 0

    def _give(self):
        while self._tasks:
            task = self._tasks.popleft()
            self._busy[task[0]] = True
            self._executor.submit(self._run, *task)

    def _run(self, number, f, args, kwargs):
        result, index = self._waiting.pop(number)
        try:
            answer = True, f(*args, **kwargs)
        except Exception as e:
            answer = False, ExceptionWithTraceback(e, None)
        del self._busy[number]
        self._taken += 1
        result._take(index, *answer)

    def _work(self, seconds):
        import threading
        before = self._taken
        self._give()
        threading._wait_until(lambda: self._taken != before or not self._busy, seconds)

    def terminate(self):
        self._state = "TERMINATE"
        self._executor.shutdown(wait=False, cancel_futures=True)

    def join(self):
        if self._state == "RUN":
            raise ValueError("Pool is still running")
        self._executor.shutdown()

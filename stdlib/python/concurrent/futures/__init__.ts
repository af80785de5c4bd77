"""Executors: calls that threads or processes make."""
import threading
from collections import deque
from time import monotonic as _time

__all__ = ["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED", "CancelledError", "TimeoutError", "BrokenExecutor",
           "InvalidStateError", "Future", "Executor", "wait", "as_completed", "ThreadPoolExecutor",
           "ProcessPoolExecutor"]

FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED = "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"


class Error(Exception):
    pass


class CancelledError(Error):
    pass


class InvalidStateError(Error):
    pass


class BrokenExecutor(RuntimeError):
    pass


class BrokenThreadPool(BrokenExecutor):
    pass


TimeoutError = TimeoutError


class Future:
    """The result of a call."""

    _ended = 0  # how many futures have

    def __init__(self):
        self._state = "PENDING"
        self._result = self._exception = None
        self._callbacks = []
        self._order = None  # of their ends

    def __repr__(self):
        if self._state != "FINISHED":
            return "<%s at %#x state=%s>" % (self.__class__.__name__, id(self), self._state.lower())
        if self._exception:
            return "<%s at %#x state=finished raised %s>" % (self.__class__.__name__, id(self),
                                                            self._exception.__class__.__name__)
        return "<%s at %#x state=finished returned %s>" % (self.__class__.__name__, id(self), self._result.__class__.__name__)

    def cancel(self):
        if self._state in ("RUNNING", "FINISHED"):
            return False
        if self._state == "CANCELLED":
            return True
        self._state = "CANCELLED"
        self._tell()
        return True

    def cancelled(self):
        return self._state == "CANCELLED"

    def running(self):
        return self._state == "RUNNING"

    def done(self):
        return self._state in ("CANCELLED", "FINISHED")

    def _wait(self, timeout):
        if not threading._wait_until(self.done, timeout):
            raise TimeoutError()
        if self._state == "CANCELLED":
            raise CancelledError()

    def result(self, timeout=None):
        self._wait(timeout)
        if self._exception is not None:
            raise self._exception
        return self._result

    def exception(self, timeout=None):
        self._wait(timeout)
        return self._exception

    def add_done_callback(self, fn):
        if self.done():
            self._call(fn)
        else:
            self._callbacks.append(fn)

    def _tell(self):
        Future._ended += 1
        self._order = Future._ended
        for fn in self._callbacks:
            self._call(fn)

    def _call(self, fn):
        try:
            fn(self)
        except Exception:
            import logging
            logging.getLogger("concurrent.futures").exception("exception calling callback for %r", self)

    def set_running_or_notify_cancel(self):
        if self._state == "CANCELLED":
            return False
        self._state = "RUNNING"
        return True

    def set_result(self, result):
        if self.done():
            raise InvalidStateError("{}: {!r}".format(self._state, self))
        self._result, self._state = result, "FINISHED"
        self._tell()

    def set_exception(self, exception):
        if self.done():
            raise InvalidStateError("{}: {!r}".format(self._state, self))
        self._exception, self._state = exception, "FINISHED"
        self._tell()


class Executor:
    def submit(self, fn, /, *args, **kwargs):
        raise NotImplementedError()

    def map(self, fn, *iterables, timeout=None, chunksize=1):
        end = None if timeout is None else _time() + timeout
        futures = deque(self.submit(fn, *args) for args in zip(*iterables))

        def results():
            try:
                while futures:
                    yield futures.popleft().result(None if end is None else end - _time())
            finally:
                for future in futures:
                    future.cancel()

        return results()

    def shutdown(self, wait=True, *, cancel_futures=False):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.shutdown(wait=True)
        return False


def _check(max_workers, initializer):
    if max_workers is not None and max_workers <= 0:
        raise ValueError("max_workers must be greater than 0")
    if initializer is not None and not callable(initializer):
        raise TypeError("initializer must be a callable")


class ThreadPoolExecutor(Executor):
    """Threads that take calls from one queue; a new one starts when a call comes and none is idle."""
    _count = 0

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        import os
        _check(max_workers, initializer)
        self._max_workers = max_workers or min(32, (os.cpu_count() or 1) + 4)
        self._thread_name_prefix = thread_name_prefix or f"ThreadPoolExecutor-{ThreadPoolExecutor._count}"
        ThreadPoolExecutor._count += 1
        self._initializer, self._initargs = initializer, initargs
        self._work, self._changed = deque(), threading.Condition()
        self._threads, self._idle = [], 0
        self._shutdown = self._broken = False
        threading._register_atexit(self._stop)

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        with self._changed:
            if self._broken:
                raise BrokenThreadPool("A thread initializer failed, the thread pool is not usable anymore")
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._work.append((future, fn, args, kwargs))
            if self._idle:
                self._idle -= 1
                self._changed.notify()
                return future
            if len(self._threads) >= self._max_workers:
                return future
            thread = threading.Thread(target=self._serve, name=f"{self._thread_name_prefix}_{len(self._threads)}")
            self._threads.append(thread)
        thread.start()
        return future

    def _serve(self):
        if self._initializer is not None:
            try:
                self._initializer(*self._initargs)
            except BaseException:
                import logging
                logging.getLogger("concurrent.futures").critical("Exception in initializer:", exc_info=True)
                with self._changed:
                    self._broken = True
                    while self._work:
                        self._work.popleft()[0].set_exception(
                            BrokenThreadPool("A thread initializer failed, the thread pool is not usable anymore"))
                return
        while True:
            with self._changed:
                if not self._work:
                    if self._shutdown:
                        return
                    self._idle += 1
                    self._changed.wait_for(lambda: self._work or self._shutdown)
                if not self._work:
                    return
                future, fn, args, kwargs = self._work.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = fn(*args, **kwargs)
            except BaseException as e:
                future.set_exception(e)
            else:
                future.set_result(result)
            future = fn = args = kwargs = result = None

    def _stop(self):
        with self._changed:
            self._shutdown = True
            self._changed.notify_all()

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._stop()
        if cancel_futures:
            while self._work:
                self._work.popleft()[0].cancel()
        if wait:
            for thread in self._threads:
                thread.join()


class _RemoteTraceback(Exception):
    """The traceback of a process, as the cause of the exception that it raised."""

    def __init__(self, tb):
        self.tb = tb

    def __str__(self):
        return self.tb


class ProcessPoolExecutor(Executor):
    """Processes that take calls; functions, arguments and results are pickled. A thread takes the results."""

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), *, max_tasks_per_child=None):
        import os
        _check(max_workers, initializer)
        self._max_workers = max_workers or os.cpu_count() or 1
        self._start = initializer, initargs
        self._pool = self._thread = None
        self._pending, self._shutdown = 0, False
        threading._register_atexit(self.shutdown)

    def submit(self, fn, /, *args, **kwargs):
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if self._pool is None:
            from multiprocessing.pool import Pool
            self._pool = Pool(self._max_workers, *self._start)
        future = Future()
        future.set_running_or_notify_cancel()
        self._pending += 1

        def fail(e):
            if e.__cause__ is not None:
                e.__cause__ = _RemoteTraceback(e.__cause__.tb)
            future.set_exception(e)

        self._pool.apply_async(fn, args, kwargs, future.set_result, fail)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._take, daemon=True)
            self._thread.start()
        future.add_done_callback(self._one_less)
        return future

    def _one_less(self, future):
        self._pending -= 1

    def _take(self):
        from time import sleep
        while self._pending:
            self._pool._work(0)
            sleep(0.001)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._shutdown = True
        if self._pool is not None:
            threading._wait_until(lambda: not self._pending)
            self._pool.close()
            self._pool.join()
            self._pool = None


class DoneAndNotDoneFutures(tuple):
    @property
    def done(self):
        return self[0]

    @property
    def not_done(self):
        return self[1]

    def __repr__(self):
        return "DoneAndNotDoneFutures(done=%r, not_done=%r)" % tuple(self)


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
        raise ValueError("Invalid return condition: %r" % (return_when,))
    fs = set(fs)

    def enough():
        done = [f for f in fs if f.done()]
        if len(done) == len(fs) or done and return_when == FIRST_COMPLETED:
            return True
        return return_when == FIRST_EXCEPTION and any(not f.cancelled() and f.exception() is not None for f in done)

    threading._wait_until(enough, timeout)
    done = {f for f in fs if f.done()}
    return DoneAndNotDoneFutures((done, fs - done))


def as_completed(fs, timeout=None):
    end = None if timeout is None else _time() + timeout
    pending = set(fs)
    total = len(pending)
    while pending:
        left = None if end is None else end - _time()
        if not threading._wait_until(lambda: any(f.done() for f in pending), left):
            raise TimeoutError("%d (of %d) futures unfinished" % (len(pending), total))
        done = sorted((f for f in pending if f.done()), key=lambda f: f._order)
        pending.difference_update(done)
        yield from done

"""Workers of a loader: processes that are copies of the program (see multiprocessing), each with its own state of the random
generators, seeded with the loader's base seed plus its number.
"""
import os
import random
import torch

_worker_info = None


class WorkerInfo:
    """id, num_workers, seed and dataset of the worker that runs."""

    __initialized = False

    def __init__(self, **kwargs):
        for key, value in kwargs.items():
            setattr(self, key, value)
        self.__keys = tuple(kwargs)
        self.__initialized = True

    def __setattr__(self, key, value):
        if self.__initialized:
            raise RuntimeError(f"Cannot assign attributes to {type(self).__name__} objects")
        super().__setattr__(key, value)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={getattr(self, k)}' for k in self.__keys)})"


def get_worker_info():
    """What is known about the worker that runs; None outside of workers."""
    return _worker_info


class ExceptionWrapper:
    """An exception of a worker, to be raised where the batch is asked for."""

    def __init__(self, exception, where):
        import traceback
        self.exc_type = type(exception)
        text = "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))
        self.exc_msg = text
        self.where = where

    def reraise(self):
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            message = _Text(message)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)
        try:
            exception = self.exc_type(message)
        except TypeError:
            raise RuntimeError(message) from None
        raise exception


class _Text(str):
    """The text of a KeyError, which is printed through repr: this one stays readable."""

    def __repr__(self):
        return str(self)


class _End:
    """The worker's data set has ended."""


# Connections to the workers of this process. A later worker is a copy of this process that has them too, and closes them:
# a worker knows that nobody wants it any more when the last copy of the other end is closed.
_connections = set()

_PATIENCE = 5.0  # seconds between looks whether the other process still lives, and until a worker is stopped


class Worker:
    """A worker process, from the side of the program that asks it for batches."""

    def __init__(self, make_fetcher, iterable, dataset, seed, init_fn, worker_id, num_workers):
        from multiprocessing.connection import Pipe
        from multiprocessing.process import Process
        self._connection, other = Pipe()
        _connections.add(self._connection)
        info = WorkerInfo(id=worker_id, num_workers=num_workers, seed=seed, dataset=dataset)
        self._process = Process(target=_serve, args=(other, make_fetcher, iterable, info, init_fn), daemon=True)
        self._process.start()
        other.close()

    @property
    def pid(self):
        return self._process.pid

    def ask(self, index):
        """Asks for a batch; a worker answers in order."""
        self._send(("fetch", index))

    def resume(self):
        """Lets it start over with the same data set, for the next epoch."""
        self._send(("resume", None))

    def _send(self, request):
        try:
            self._connection._send_soon(request)
        except BrokenPipeError:
            pass  # it ended: who waits for its answer says so

    def receive(self, timeout):
        """A batch, an ExceptionWrapper, or _End."""
        try:
            if timeout > 0 and not self._connection.poll(timeout):
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
            return self._connection.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode
            if code < 0:
                import signal
                raise RuntimeError(f"DataLoader worker (pid {self.pid}) is killed by signal: {signal.strsignal(-code)}. ") from None
            raise RuntimeError(f"DataLoader worker (pid(s) {self.pid}) exited unexpectedly") from None

    def stop(self):
        _connections.discard(self._connection)
        self._connection.close()
        if self._process._parent_pid != os.getpid():
            return  # in a copy of the process that started it
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _serve(connection, make_fetcher, iterable, info, init_fn):
    """What a worker process does until it is told to stop or the other process is gone."""
    global _worker_info
    from multiprocessing.connection import _parts
    for other in _connections:
        other.close()
    _connections.clear()
    _worker_info = info
    random.seed(info.seed)
    torch.manual_seed(info.seed)
    parent = os.getppid()
    fetcher = failed = None

    def attempt(work):
        try:
            return work()
        except Exception as e:
            return ExceptionWrapper(e, f"in DataLoader worker process {info.id}")

    def start():
        nonlocal fetcher
        if init_fn is not None:
            init_fn(info.id)
        fetcher = make_fetcher()

    def fetch(index):
        nonlocal failed
        if failed is not None:
            failure, failed = failed, None
            return failure
        try:
            return fetcher.fetch(index)
        except StopIteration:
            if iterable:
                return _End
            raise

    try:
        failed = attempt(start)
        while True:
            while not connection.poll(_PATIENCE):
                if os.getppid() != parent:
                    return
            what, index = connection.recv()
            if what == "resume":
                init_fn = None
                failed = attempt(start)
                continue
            answer = attempt(lambda: _parts(fetch(index)))
            connection._send_parts(answer if type(answer) is tuple else _parts(answer))
    except (KeyboardInterrupt, EOFError, BrokenPipeError):
        pass  # Ctrl-C is reported by the other process, which is gone in the other cases

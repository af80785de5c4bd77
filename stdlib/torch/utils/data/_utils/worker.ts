"""Workers of a loader.

A worker is not a process here: its work is done by the program that asks for the batch. It has what makes a worker of its own
apart from that: a copy of the data set, its own state of the random generators (seeded with the loader's base seed plus its
number), and get_worker_info(). So batches, their order and their random numbers are those of worker processes, and what a worker
changes in its data set or in the generators is not seen outside. Objects that cannot be copied (open files ...) and the memory of
tensors are shared.
"""
import copy
import random
import time
import torch
from torch.utils.data._utils.fetch import _IterableDatasetFetcher, _MapDatasetFetcher

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


class _Sharing(dict):
    """A memo of deepcopy that tells tensors to keep their memory."""

    share_tensors = True


class _End:
    """The worker's data set has ended."""


class Worker:
    def __init__(self, kind, dataset, auto_collation, collate_fn, drop_last, base_seed, init_fn, worker_id, num_workers):
        try:
            self.dataset = copy.deepcopy(dataset, _Sharing())
        except TypeError:
            self.dataset = dataset  # something in it cannot be copied
        self.make_fetcher = lambda: (_MapDatasetFetcher if kind == 0 else _IterableDatasetFetcher)(
            self.dataset, auto_collation, collate_fn, drop_last)
        self.iterable = kind != 0
        self.init_fn = init_fn
        self.id = worker_id
        self.info = WorkerInfo(id=worker_id, num_workers=num_workers, seed=base_seed + worker_id, dataset=self.dataset)
        self.fetcher = None
        self.torch_state = self.python_state = None
        self.failed = None

    def _inside(self, work):
        """Does the work with the worker's state of everything that it does not share; the exception is a result."""
        global _worker_info
        outer = _worker_info, torch.get_rng_state(), random.getstate()
        try:
            _worker_info = self.info
            if self.torch_state is None:
                random.seed(self.info.seed)
                torch.manual_seed(self.info.seed)
            else:
                torch.set_rng_state(self.torch_state)
                random.setstate(self.python_state)
            try:
                return work()
            except Exception as e:
                if self.iterable and isinstance(e, StopIteration) and self.fetcher is not None:
                    return _End
                return ExceptionWrapper(e, f"in DataLoader worker process {self.id}")
        finally:
            self.torch_state, self.python_state = torch.get_rng_state(), random.getstate()
            _worker_info = outer[0]
            torch.set_rng_state(outer[1])
            random.setstate(outer[2])

    def start(self):
        def work():
            if self.init_fn is not None:
                self.init_fn(self.id)
            self.fetcher = self.make_fetcher()

        self.failed = self._inside(work)

    def resume(self):
        """Starts over with the same data set, for the next epoch."""
        def work():
            self.fetcher = self.make_fetcher()

        self.failed = self._inside(work)

    def fetch(self, index, timeout):
        """A batch, an ExceptionWrapper, or _End."""
        if self.failed is not None:
            failed, self.failed = self.failed, None
            return failed
        started = time.monotonic()
        result = self._inside(lambda: self.fetcher.fetch(index))
        if timeout > 0 and time.monotonic() - started > timeout:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        return result

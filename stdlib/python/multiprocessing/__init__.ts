"""Processes, and what they share. Each is a copy of the program, made by fork()."""
import atexit
import os
from multiprocessing.process import (Process, _end_children, active_children, current_process, parent_process)


class ProcessError(Exception):
    pass


class BufferTooShort(ProcessError):
    pass


class TimeoutError(ProcessError):
    pass


class AuthenticationError(ProcessError):
    pass


def cpu_count():
    """The number of CPUs."""
    return os.cpu_count()


def freeze_support():
    pass


_method = None


def get_all_start_methods():
    return ["fork", "spawn", "forkserver"]


def get_start_method(allow_none=False):
    return _method if _method is not None or allow_none else "fork"


def set_start_method(method, force=False):
    """All methods start a process by fork(): nothing that "spawn" makes safe is unsafe here."""
    global _method
    if _method is not None and not force:
        raise RuntimeError("context has already been set")
    if method not in get_all_start_methods():
        raise ValueError(f"cannot find context for {method!r}")
    _method = method


class _Context:
    """The same functions for one start method."""

    def __init__(self, method):
        self._name = method

    def get_start_method(self, allow_none=False):
        return self._name

    def get_context(self, method=None):
        return self if method is None else get_context(method)

    def __getattr__(self, name):
        import multiprocessing
        return getattr(multiprocessing, name)


def get_context(method=None):
    if method is None:
        method = get_start_method()
    if method not in get_all_start_methods():
        raise ValueError(f"cannot find context for {method!r}")
    return _Context(method)


atexit.register(_end_children)

_PLACES = {"Pipe": "connection", "Connection": "connection", "Lock": "synchronize", "RLock": "synchronize",
           "Semaphore": "synchronize", "BoundedSemaphore": "synchronize", "Event": "synchronize", "Condition": "synchronize",
           "Barrier": "synchronize", "Queue": "queues", "JoinableQueue": "queues", "SimpleQueue": "queues", "Pool": "pool",
           "Value": "sharedctypes", "Array": "sharedctypes", "RawValue": "sharedctypes", "RawArray": "sharedctypes"}


def __getattr__(name):
    if name in _PLACES:
        import importlib
        return getattr(importlib.import_module("multiprocessing." + _PLACES[name]), name)
    if name in ("Manager", "managers", "shared_memory"):
        raise NotImplementedError(f"multiprocessing.{name} is not there; processes share through Queue, Pipe, Pool, Value and Array")
    raise AttributeError(f"module 'multiprocessing' has no attribute '{name}'")

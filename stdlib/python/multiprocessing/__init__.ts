"""What programs ask of multiprocessing before they start processes, which is not there."""
import os


class ProcessError(Exception):
    pass


class TimeoutError(ProcessError):
    pass


class _MainProcess:
    name, pid, daemon, exitcode = "MainProcess", os.getpid(), False, None

    def is_alive(self):
        return True

    def __repr__(self):
        return "<_MainProcess name='MainProcess' parent=None started>"


_main = _MainProcess()
_method = None


def cpu_count():
    """The number of CPUs."""
    return os.cpu_count()


def current_process():
    return _main


def parent_process():
    return None


def active_children():
    return []


def freeze_support():
    pass


def get_all_start_methods():
    return ["fork", "spawn", "forkserver"]


def get_start_method(allow_none=False):
    return _method if _method is not None or allow_none else "fork"


def set_start_method(method, force=False):
    global _method
    if _method is not None and not force:
        raise RuntimeError("context has already been set")
    if method not in get_all_start_methods():
        raise ValueError(f"cannot find context for {method!r}")
    _method = method


_NOT_HERE = ("Process", "Pool", "Queue", "SimpleQueue", "JoinableQueue", "Pipe", "Manager", "Value", "Array", "Lock", "RLock", "Event",
             "Condition", "Semaphore", "Barrier", "get_context", "shared_memory", "pool", "managers")


def __getattr__(name):
    if name in _NOT_HERE:
        raise NotImplementedError(f"multiprocessing.{name}: processes that share objects are not there; torch.utils.data.DataLoader has "
                                  "workers, concurrent.futures and subprocess run things")
    raise AttributeError(f"module 'multiprocessing' has no attribute '{name}'")

"""multiprocessing, as far as it is there, and how tensors would be shared."""
from multiprocessing import (active_children, cpu_count, current_process, freeze_support, get_all_start_methods, get_start_method,
                             parent_process, set_start_method)

_strategy = "file_descriptor"


def get_all_sharing_strategies():
    return {"file_descriptor", "file_system"}


def get_sharing_strategy():
    return _strategy


def set_sharing_strategy(new_strategy):
    global _strategy
    assert new_strategy in get_all_sharing_strategies()
    _strategy = new_strategy


def __getattr__(name):
    if name in ("spawn", "start_processes", "SpawnContext", "ProcessContext"):
        raise NotImplementedError(f"torch.multiprocessing.{name}: processes that share tensors are not there")
    import multiprocessing
    return getattr(multiprocessing, name)

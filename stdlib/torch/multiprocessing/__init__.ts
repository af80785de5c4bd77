"""multiprocessing, and tensors that processes share.

A tensor after share_memory_() is seen, and changed, by all processes that are started later. What goes through queues, pipes and
pools is copied.
"""
import multiprocessing
from torch.multiprocessing.spawn import (ProcessContext, ProcessException, ProcessExitedException, ProcessRaisedException, SpawnContext,
                                         spawn, start_processes)

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
    return getattr(multiprocessing, name)

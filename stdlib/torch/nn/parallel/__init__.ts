"""Modules on several devices."""
from torch.nn.parallel.data_parallel import DataParallel, data_parallel


def __getattr__(name):
    if name == "DistributedDataParallel":
        from torch.nn.parallel.distributed import DistributedDataParallel
        return DistributedDataParallel
    raise AttributeError(f"module 'torch.nn.parallel' has no attribute '{name}'")

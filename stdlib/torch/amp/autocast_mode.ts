import warnings
from contextlib import ContextDecorator
import torch


class autocast(ContextDecorator):
    """A with block (or decorated function) in which operators choose their precision. There is no device here that it does anything on:
    for CUDA it is disabled, as PyTorch does it without a device; on the CPU it can only be off."""

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        self.device = device_type
        if device_type == "cuda":
            self.fast_dtype = torch.float16
        elif device_type == "cpu":
            self.fast_dtype = torch.bfloat16
        else:
            raise RuntimeError("User specified autocast device_type must be 'cuda' or 'cpu'")
        if dtype is not None:
            self.fast_dtype = dtype
        if device_type == "cuda":
            if enabled:
                warnings.warn("User provided device_type of 'cuda', but CUDA is not available. Disabling")
            enabled = False
        elif self.fast_dtype != torch.bfloat16:
            warnings.warn("In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                          "CPU Autocast only supports dtype of torch.bfloat16 currently.")
            enabled = False
        if enabled:
            raise NotImplementedError("torch.autocast('cpu'): operators on the CPU do not change their precision here; convert tensors and "
                                      "modules with .to(torch.bfloat16)")
        self._enabled = enabled

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        return False

"""torch.nn: modules, parameters, losses."""
from torch.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter
from torch.nn import modules, functional, init

# The classes, not the files they are in.
globals().update({name: value for name, value in modules.__dict__.items() if isinstance(value, type)})


def __getattr__(name):
    if name in ("utils", "parallel", "quantized", "intrinsic", "qat"):
        from importlib import import_module
        return import_module("torch.nn." + name)
    if name == "DataParallel":
        from torch.nn.parallel import DataParallel
        return DataParallel
    raise AttributeError(f"module 'torch.nn' has no attribute '{name}'")

"""Optimisers."""
from torch.optim.optimizer import Optimizer
from torch.optim.sgd import SGD
from torch.optim.adam import Adam, AdamW

_rare = {"Adadelta": "adadelta", "Adagrad": "adagrad", "Adamax": "adamax", "ASGD": "asgd", "LBFGS": "lbfgs", "NAdam": "nadam",
         "RAdam": "radam", "RMSprop": "rmsprop", "Rprop": "rprop", "SparseAdam": "sparse_adam"}


def __getattr__(name):
    """Optimisers and submodules that few programs use are loaded when they are first named, which keeps every start short."""
    import importlib
    if name in _rare:
        value = getattr(importlib.import_module("torch.optim." + _rare[name]), name)
    elif name in ("lr_scheduler", "swa_utils"):
        value = importlib.import_module("torch.optim." + name)
    else:
        raise AttributeError("module 'torch.optim' has no attribute '{}'".format(name))
    globals()[name] = value
    return value

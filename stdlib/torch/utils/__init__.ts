"""Helpers: data loading, hooks."""


def __getattr__(name):
    if name in ("data", "hooks", "checkpoint", "tensorboard", "cpp_extension", "model_zoo", "benchmark", "dlpack", "mobile_optimizer"):
        from importlib import import_module
        return import_module("torch.utils." + name)
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")

"""Calls of a module with other parameters than its own."""
import contextlib
import torch


@contextlib.contextmanager
def _reparametrize_module(module, parameters_and_buffers):
    saved = []
    try:
        for path, value in parameters_and_buffers.items():
            owner_path, _, name = path.rpartition(".")
            owner = module.get_submodule(owner_path)
            kind = owner._parameters if name in owner._parameters else owner._buffers if name in owner._buffers else None
            if kind is None:
                # PyTorch looks only at the names that the module has.
                continue
            saved.append((owner, name, kind[name], kind is not owner._buffers and name in owner._parameters))
            delattr(owner, name)
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value, is_parameter in reversed(saved):
            delattr(owner, name)
            if is_parameter:
                owner.register_parameter(name, value)
            else:
                owner.register_buffer(name, value)


def functional_call(module, parameters_and_buffers, args, kwargs=None):
    """module(*args, **kwargs) with some parameters and buffers replaced."""
    if kwargs is None:
        kwargs = {}
    with _reparametrize_module(module, parameters_and_buffers):
        return module(*args if isinstance(args, tuple) else (args,), **kwargs)

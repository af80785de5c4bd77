import functools
import torch


class autocast(torch.amp.autocast):
    """torch.autocast("cuda")."""

    def __init__(self, enabled=True, dtype=torch.float16, cache_enabled=True):
        super().__init__("cuda", enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)


def custom_fwd(fwd=None, *, cast_inputs=None):
    """For the forward of a torch.autograd.Function: nothing is cast here."""
    if fwd is None:
        return functools.partial(custom_fwd, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(*args, **kwargs):
        return fwd(*args, **kwargs)

    return decorated


def custom_bwd(bwd):
    """For the backward of a torch.autograd.Function."""

    @functools.wraps(bwd)
    def decorated(*args, **kwargs):
        return bwd(*args, **kwargs)

    return decorated

"""Parameters: tensors that a module trains. A Parameter is a Tensor that carries a mark."""
from _torch_c import Parameter


class UninitializedParameter:
    """A parameter whose size is not known yet: for lazy modules, which tsvm does not have."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("lazy modules (torch.nn.UninitializedParameter)")


def is_lazy(param):
    return False

"""Progress bars."""
from .std import tqdm, trange

__all__ = ["tqdm", "trange"]


def tqdm_notebook(*args, **kwargs):
    return tqdm(*args, **kwargs)

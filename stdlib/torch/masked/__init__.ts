"""torch.masked: reductions and normalisations over the elements where a mask is True.

An element that the mask hides is replaced by the value that changes nothing in the reduction at hand.
"""
import torch

_INT = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def _dims(input, dim):
    """The dimensions as a tuple; none, or an empty tuple, means all."""
    n = input.dim()
    if dim is None or (isinstance(dim, (tuple, list)) and len(dim) == 0):
        return tuple(range(n))
    dims = []
    for d in ((dim,) if isinstance(dim, int) else dim):
        if d < -max(n, 1) or d >= max(n, 1):
            raise IndexError(f"Dimension out of range (expected to be in range of [{-max(n, 1)}, {max(n, 1) - 1}], but got {d})")
        d = d % n if n else 0
        if d in dims:
            raise RuntimeError(f"dim={d} appears multiple times in the list of dims")
        dims.append(d)
    return tuple(sorted(dims))


def _lowest(dtype):
    if dtype == torch.bool:
        return False
    return torch.iinfo(dtype).min if dtype in _INT else -float("inf")


def _highest(dtype):
    if dtype == torch.bool:
        return True
    return torch.iinfo(dtype).max if dtype in _INT else float("inf")


def _filled(input, mask, value):
    if mask is None:
        return input
    if mask.dtype != torch.bool:
        mask = mask != 0
    mask = mask.expand(torch.broadcast_shapes(mask.shape, input.shape)) if mask.shape != input.shape else mask
    return torch.where(mask, input, torch.tensor(value, dtype=input.dtype))


def _count(input, mask, dims, keepdim, dtype=torch.int64):
    ones = torch.ones(input.shape, dtype=torch.int64)
    if mask is not None:
        ones = torch.where(mask.expand(input.shape) != 0, ones, 0)
    return (torch.sum(ones, dims, keepdim=keepdim) if input.dim() else ones).to(dtype)


def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The sum of what the mask shows."""
    if dtype is None and input.dtype in _INT + (torch.bool,):
        dtype = torch.int64
    x = input if dtype is None else input.to(dtype)
    return torch.sum(_filled(x, mask, 0), _dims(x, dim), keepdim=keepdim, dtype=dtype)


def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The product of what the mask shows."""
    if dtype is None and input.dtype in _INT + (torch.bool,):
        dtype = torch.int64
    x = input if dtype is None else input.to(dtype)
    x = _filled(x, mask, 1)
    for d in reversed(_dims(x, dim)):
        x = x.prod(d, keepdim=keepdim)
    return x


def cumsum(input, dim, *, dtype=None, mask=None):
    """Sums so far of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.cumsum(_filled(x, mask, 0), dim, dtype=x.dtype)


def cumprod(input, dim, *, dtype=None, mask=None):
    """Products so far of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.cumprod(_filled(x, mask, 1), dim, dtype=x.dtype)


def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The largest of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.amax(_filled(x, mask, _lowest(x.dtype)), _dims(x, dim), keepdim)


def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The smallest of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.amin(_filled(x, mask, _highest(x.dtype)), _dims(x, dim), keepdim)


def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Where the largest is, of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.argmax(_filled(x, mask, _lowest(x.dtype)), dim, keepdim).to(x.dtype)


def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Where the smallest is, of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.argmin(_filled(x, mask, _highest(x.dtype)), dim, keepdim).to(x.dtype)


def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The mean of what the mask shows."""
    if dtype is None and input.dtype in _INT + (torch.bool,):
        dtype = torch.float32
    x = input if dtype is None else input.to(dtype)
    dims = _dims(x, dim)
    if mask is None:
        return torch.mean(x, dims, keepdim=keepdim)
    return torch.sum(_filled(x, mask, 0), dims, keepdim=keepdim) / _count(x, mask, dims, keepdim)


def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    """The median of what the mask shows."""
    if not input.is_floating_point():
        raise ValueError("masked_median expects a floating-point dtype")
    x = input if dtype is None else input.to(dtype)
    d = _dims(x, dim)[0]
    if mask is None:
        return torch.median(x, d, keepdim).values
    if bool(torch.isnan(x).any()):
        raise ValueError("masked_median expected all values to be not nan")
    return torch.nanmedian(_filled(x, mask, float("nan")), d, keepdim).values


def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The logarithm of the sum of the exponentials of what the mask shows; of integers, as integers."""
    x = input if dtype is None else input.to(dtype)
    exact = x.to(torch.float32) if x.dtype in _INT + (torch.bool,) else x
    return torch.logsumexp(_filled(exact, mask, -float("inf")), _dims(x, dim), keepdim).to(x.dtype)


def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    """logaddexp of two masked tensors."""
    a = input if dtype is None else input.to(dtype)
    b = other if dtype is None else other.to(dtype)
    return torch.logaddexp(_filled(a, input_mask, -float("inf")), _filled(b, other_mask, -float("inf")))


def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The norm of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    neutral = float("inf") if ord < 0 else 0.0
    return torch.linalg.vector_norm(_filled(x, mask, neutral), ord, _dims(x, dim), keepdim, dtype=dtype)


def _spread(input, dim, unbiased, keepdim, dtype, mask):
    if dtype is None and input.dtype in _INT + (torch.bool,):
        dtype = torch.float32
    x = input if dtype is None else input.to(dtype)
    dims = _dims(x, dim)
    n = _count(x, mask, dims, True)
    center = torch.sum(_filled(x, mask, 0), dims, keepdim=True) / n
    distance = _filled(x - center, mask, 0)
    squares = distance * distance.conj() if x.is_complex() else distance * distance
    total = torch.sum(squares, dims, keepdim=keepdim)
    if not keepdim:
        n = n.reshape(total.shape)
    if unbiased:
        n = torch.sub(n, 1).clamp_min(0)
    return total / n


def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The variance of what the mask shows."""
    return _spread(input, dim, True if unbiased is None else unbiased, keepdim, dtype, mask)


def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The standard deviation of what the mask shows."""
    return torch.sqrt(_spread(input, dim, True if unbiased is None else unbiased, keepdim, dtype, mask))


def softmax(input, dim, *, dtype=None, mask=None):
    """The softmax of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.nn.functional.softmax(_filled(x, mask, -float("inf")), dim)


def log_softmax(input, dim, *, dtype=None, mask=None):
    """The logarithm of the softmax of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.nn.functional.log_softmax(_filled(x, mask, -float("inf")), dim)


def softmin(input, dim, *, dtype=None, mask=None):
    """The softmin of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    return torch.nn.functional.softmax(-_filled(x, mask, float("inf")), dim)


def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    """Divided by the norm of what the mask shows."""
    x = input if dtype is None else input.to(dtype)
    n = norm(x, ord, dim, keepdim=True, mask=mask)
    return _filled(x, mask, 0) / torch.maximum(n, torch.full([], eps, dtype=n.dtype))

"""What operators meant in archives of older versions: scripted code, so that it is printed when such a module is saved again.

meaning(name, version) gives the function that stands for an operator in code of that version; None where it is today's.
"""
import torch


def div(self, other, *, rounding_mode=None, out=None):
    """Below version 4 integers were divided toward zero."""
    if not isinstance(self, torch.Tensor) and not isinstance(other, torch.Tensor):
        return self / other
    if rounding_mode is not None:
        return torch.div(self, other, rounding_mode=rounding_mode)
    if out is not None:
        if _is_real(self) or _is_real(other) or _is_real(out):
            return torch.true_divide(self, other, out=out)
        return torch.div(self, other, rounding_mode="trunc", out=out)
    if _is_real(self) or _is_real(other):
        return torch.true_divide(self, other)
    return torch.div(self, other, rounding_mode="trunc")


def div_(self, other, *, rounding_mode=None):
    if rounding_mode is not None:
        return self.div_(other, rounding_mode=rounding_mode)
    if _is_real(self) or _is_real(other):
        return self.div_(other)
    return self.div_(other, rounding_mode="trunc")


def _is_real(x):
    if isinstance(x, torch.Tensor):
        return x.is_floating_point()
    return isinstance(x, float)


def full(size, fill_value, *, dtype=None, layout=None, device=None, pin_memory=None):
    """Below version 5 a tensor without a dtype was one of floats."""
    if dtype is None:
        return torch.full(size, float(fill_value), dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
    return torch.full(size, fill_value, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)


def linspace(start, end, steps=None, *, dtype=None, layout=None, device=None, pin_memory=None):
    """Below version 8 there were 100 steps unless told otherwise."""
    if steps is None:
        return torch.linspace(start, end, 100, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
    return torch.linspace(start, end, steps, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)


def logspace(start, end, steps=None, base=10.0, *, dtype=None, layout=None, device=None, pin_memory=None):
    if steps is None:
        return torch.logspace(start, end, 100, base, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
    return torch.logspace(start, end, steps, base, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)


_CHANGED = {"div": (4, div), "div_": (4, div_), "full": (5, full), "linspace": (8, linspace), "logspace": (9, logspace)}


def meaning(name, version):
    since, function = _CHANGED.get(name, (0, None))
    return function if version < since else None

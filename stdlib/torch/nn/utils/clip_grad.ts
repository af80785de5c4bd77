"""Clipping of gradients."""
import torch


def _with_grads(parameters):
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    return [p for p in parameters if p.grad is not None]


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Scales all gradients together so that their common norm is at most max_norm; gives the norm before."""
    parameters = _with_grads(parameters)
    max_norm = float(max_norm)
    norm_type = float(norm_type)
    if len(parameters) == 0:
        return torch.tensor(0.0)
    with torch.no_grad():
        norms = [torch.norm(p.grad.detach(), norm_type) for p in parameters]
        total = norms[0] if len(norms) == 1 and norm_type == float("inf") else (
            torch.max(torch.stack(norms)) if norm_type == float("inf") else torch.norm(torch.stack(norms), norm_type))
        if error_if_nonfinite and torch.logical_or(total.isnan(), total.isinf()):
            raise RuntimeError(f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
                               "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
                               "`error_if_nonfinite=False`")
        scale = torch.clamp(max_norm / (total + 1e-6), max=1.0)
        for p in parameters:
            p.grad.detach().mul_(scale)
    return total


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    import warnings
    warnings.warn("torch.nn.utils.clip_grad_norm is now deprecated in favor of torch.nn.utils.clip_grad_norm_.", stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite)


def clip_grad_value_(parameters, clip_value):
    """Clips each element of the gradients to [-clip_value, clip_value]."""
    clip_value = float(clip_value)
    for p in _with_grads(parameters):
        p.grad.data.clamp_(min=-clip_value, max=clip_value)

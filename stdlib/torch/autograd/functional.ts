"""Jacobians, Hessians, and their products with vectors."""
import torch


def _tuple(values, what):
    if isinstance(values, torch.Tensor):
        return False, (values,)
    if not isinstance(values, tuple) and what.startswith("outputs"):
        name = what.rsplit(" ", 1)[1]
        raise TypeError(f"The outputs of the user-provided function given to {name} must be either a Tensor or a tuple of Tensors but the "
                        f"given outputs of the user-provided function has type {type(values)}.")
    for i, v in enumerate(values):
        if not isinstance(v, torch.Tensor):
            raise TypeError(f"The {what} must be either a Tensor or a tuple of Tensors but the value at index {i} has type "
                            f"{type(v)}.")
    return True, tuple(values)


def _prepare(inputs, create_graph):
    if create_graph:
        return tuple(x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in inputs)
    return tuple(x.detach().requires_grad_() for x in inputs)


def _finish(values, create_graph):
    return values if create_graph else tuple(None if v is None else v.detach() for v in values)


def _strip(values, is_tuple):
    return values if is_tuple else values[0]


def _zeros(grads, like, strict, message):
    out = []
    for g, x in zip(grads, like):
        if g is None:
            if strict:
                raise RuntimeError(message)
            g = torch.zeros_like(x)
        out.append(g)
    return tuple(out)


def _check_vector(v, like, what):
    if v is None:
        if len(like) != 1 or like[0].nelement() != 1:
            raise RuntimeError(f"The vector v can only be None if the {what}")
        return (torch.ones_like(like[0]),)
    _, v = _tuple(v, "v")
    if len(v) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
    for i, (a, b) in enumerate(zip(v, like)):
        if a.size() != b.size():
            prefix = f"Entry {i} in " if len(v) > 1 else ""
            raise RuntimeError(f"{prefix}v has invalid size: should be {b.size()} but got {a.size()}.")
    return v


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """func's outputs, and v times its Jacobian."""
    with torch.enable_grad():
        is_in, ins = _tuple(inputs, "inputs given to vjp")
        ins = _prepare(ins, create_graph)
        is_out, outs = _tuple(func(*ins), "outputs of the user-provided function given to vjp")
        v = _check_vector(v, outs, "user-provided function returns a single Tensor with a single element.")
    with torch.set_grad_enabled(True if create_graph else torch.is_grad_enabled()):
        grads = torch.autograd.grad(outs, ins, v, create_graph=create_graph, allow_unused=True)
        grads = _zeros(grads, ins, strict, "The output of the user-provided function is independent of an input.")
    return _strip(_finish(outs, create_graph), is_out), _strip(_finish(grads, create_graph), is_in)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """func's outputs, and its Jacobian times v (by differentiating twice)."""
    with torch.enable_grad():
        is_in, ins = _tuple(inputs, "inputs given to jvp")
        ins = _prepare(ins, create_graph)
        v = _check_vector(v, ins, "input to the user-provided function is a single Tensor with a single element.")
        is_out, outs = _tuple(func(*ins), "outputs of the user-provided function given to jvp")
        weights = tuple(torch.zeros_like(o, requires_grad=True) for o in outs)
        grads = torch.autograd.grad(outs, ins, weights, create_graph=True, allow_unused=True)
        grads = _zeros(grads, ins, strict, "The output of the user-provided function is independent of an input.")
        kept = [(g, b) for g, b in zip(grads, v) if g.requires_grad]
        if kept:
            result = torch.autograd.grad([g for g, _ in kept], weights, [b for _, b in kept], create_graph=create_graph,
                                         allow_unused=True)
        else:
            result = (None,) * len(weights)
        result = _zeros(result, outs, False, "")
    return _strip(_finish(outs, create_graph), is_out), _strip(_finish(result, create_graph), is_out)


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The derivatives of each output by each input."""
    with torch.enable_grad():
        is_in, ins = _tuple(inputs, "inputs given to jacobian")
        ins = _prepare(ins, create_graph)
        is_out, outs = _tuple(func(*ins), "outputs of the user-provided function given to jacobian")
        if strict:
            for i, out in enumerate(outs):
                if not out.requires_grad:
                    raise RuntimeError(f"Output {i} of the user-provided function does not require gradients. The outputs must be computed "
                                       "in a differentiable manner from the input when running in strict mode.")
        result = []
        for out in outs:
            rows = [[] for _ in ins]
            flat = out.reshape(-1)
            for j in range(out.nelement()):
                if not flat.requires_grad:
                    grads = (None,) * len(ins)
                else:
                    grads = torch.autograd.grad(flat[j], ins, retain_graph=True, create_graph=create_graph, allow_unused=True)
                for k, (g, x) in enumerate(zip(grads, ins)):
                    if g is None and strict:
                        raise RuntimeError(f"Output {len(result)} of the user-provided function is independent of input {k}. "
                                           "This is not allowed in strict mode.")
                    rows[k].append(torch.zeros_like(x) if g is None else g)
            result.append(tuple(torch.stack(r, 0).view(out.size() + x.size()) if r else out.new_zeros(out.size() + x.size())
                                for r, x in zip(rows, ins)))
        result = tuple(_finish(r, create_graph) for r in result)
    result = tuple(_strip(r, is_in) for r in result)
    return _strip(result, is_out)


def _scalar(func, name):
    def wrapped(*inputs):
        out = func(*inputs)
        _, outs = _tuple(out, f"outputs of the user-provided function given to {name}")
        if not isinstance(out, torch.Tensor):
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if out.nelement() != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
        return out.squeeze()

    return wrapped


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The second derivatives of a function with one number as result."""
    is_in, ins = _tuple(inputs, "inputs given to hessian")
    single = _scalar(func, "hessian")

    def gradient(*args):
        with torch.enable_grad():
            args = tuple(a if a.requires_grad else a.requires_grad_() for a in args)
            out = single(*args)
            grads = torch.autograd.grad(out, args, create_graph=True, allow_unused=True)
            return _zeros(grads, args, strict, "The output of the user-provided function is independent of an input.")

    result = jacobian(gradient, ins, create_graph=create_graph, strict=strict)
    return result if is_in else result[0][0]


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """func's result, and v times its Hessian."""
    with torch.enable_grad():
        is_in, ins = _tuple(inputs, "inputs given to vhp")
        ins = _prepare(ins, create_graph)
        v = _check_vector(v, ins, "input to the user-provided function is a single Tensor with a single element.")
        out = _scalar(func, "vhp")(*ins)
        grads = torch.autograd.grad(out, ins, create_graph=True, allow_unused=True)
        grads = _zeros(grads, ins, strict, "The output of the user-provided function is independent of an input.")
        kept = [(g, b) for g, b in zip(grads, v) if g.requires_grad]
        result = torch.autograd.grad([g for g, _ in kept], ins, [b for _, b in kept], create_graph=create_graph,
                                     allow_unused=True) if kept else (None,) * len(ins)
        result = _zeros(result, ins, strict, "The output of the user-provided function is independent of an input.")
    return _finish((out,), create_graph)[0], _strip(_finish(result, create_graph), is_in)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """func's result, and its Hessian times v (the Hessian is symmetric)."""
    return vhp(func, inputs, v, create_graph, strict)

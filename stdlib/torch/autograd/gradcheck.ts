"""Checks of gradients against differences."""
import torch


class GradcheckError(RuntimeError):
    """A gradient that is wrong."""


def _tensors(values):
    values = (values,) if isinstance(values, torch.Tensor) else tuple(values)
    return values


def _differentiable(values):
    return [v for v in values if isinstance(v, torch.Tensor) and v.requires_grad]


def _numerical(fn, inputs, x, outputs, eps):
    """d(output)/d(x) as a matrix (elements of x, elements of output), one for each output; complex x: along 1 and i."""
    jacobians = [torch.zeros(x.numel(), o.numel(), dtype=o.dtype) for o in outputs]
    flat = x.data.view(-1) if x.is_contiguous() else None
    for i in range(x.numel()):
        def at(value):
            if flat is not None:
                flat[i] = value
            else:
                index, rest = [], i
                for n in reversed(x.shape):
                    index.append(rest % n)
                    rest //= n
                x.data[tuple(reversed(index))] = value

        old = x.data.reshape(-1)[i].clone()

        def difference(step):
            at(old - step)
            low = [o.detach().clone() for o in _outputs(fn, inputs)]
            at(old + step)
            high = [o.detach().clone() for o in _outputs(fn, inputs)]
            at(old)
            return [(b - a).reshape(-1) / (2 * eps) for a, b in zip(low, high)]

        real = difference(eps)
        imag = difference(eps * 1j) if x.dtype.is_complex else None
        for j, jacobian in enumerate(jacobians):
            if imag is None:
                jacobian[i] = real[j]
            else:
                # conjugate Wirtinger derivative, as backward gives for a real output weight
                jacobian[i] = 0.5 * (real[j] + imag[j] * 1j) if outputs[j].dtype.is_complex else real[j] + 0 * real[j]
    return jacobians


def _outputs(fn, inputs):
    result = fn(*inputs)
    return [o for o in _tensors(result) if isinstance(o, torch.Tensor) and (o.is_floating_point() or o.is_complex())]


def _analytical(output, x, masked=False):
    """The same matrix by backward, one output element at a time."""
    jacobian = torch.zeros(x.numel(), output.numel(), dtype=output.dtype)
    if not output.requires_grad:
        return jacobian
    for j in range(output.numel()):
        weight = torch.zeros(output.shape, dtype=output.dtype)
        weight.view(-1)[j] = 1
        g, = torch.autograd.grad(output, x, weight, retain_graph=True, allow_unused=True)
        if g is not None:
            if g.shape != x.shape:
                raise GradcheckError("Gradient has dtype mismatch or incorrect size")
            jacobian[:, j] = g.reshape(-1)
    return jacobian


def gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, check_sparse_nnz=False, nondet_tol=0.0,
              check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False, check_batched_forward_grad=False,
              check_forward_ad=False, check_backward_ad=True, fast_mode=False):
    """Compares gradients with differences of the function's values; inputs should be float64."""
    try:
        inputs = _tensors(inputs)
        wanted = _differentiable(inputs)
        if not wanted:
            raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of the them have "
                             "requires_grad=True.")
        for x in wanted:
            if x.dtype not in (torch.float64, torch.complex128):
                import warnings
                warnings.warn("Input #0 requires gradient and is not a double precision floating point or complex. This check "
                              "will likely fail if all the inputs are not of double precision floating point or complex. ")
        outputs = _outputs(func, inputs)
        for k, x in enumerate(wanted):
            with torch.no_grad():
                numerical = _numerical(func, inputs, x, outputs, eps)
            for j, output in enumerate(outputs):
                analytical = _analytical(output, x)
                if x.dtype.is_complex or output.dtype.is_complex:
                    expected, got = numerical[j], analytical
                    if output.dtype.is_complex and not x.dtype.is_complex:
                        got, expected = torch.real(got), torch.real(expected)
                else:
                    expected, got = numerical[j], analytical
                if not torch.allclose(got.to(expected.dtype), expected, rtol, atol):
                    raise GradcheckError(f"Jacobian mismatch for output {j} with respect to input {k},\nnumerical:{expected}\n"
                                         f"analytical:{got}\n")
    except RuntimeError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func, inputs, grad_outputs=None, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False,
                  check_batched_grad=False, check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False):
    """gradcheck of the function's gradients."""
    inputs = _tensors(inputs)
    if grad_outputs is None:
        grad_outputs = tuple(torch.randn(o.shape, dtype=o.dtype).requires_grad_() for o in _outputs(func, inputs))
    else:
        grad_outputs = _tensors(grad_outputs)
    count = len(grad_outputs)

    def gradients(*args):
        ins, weights = args[:-count], args[-count:]
        ins = tuple(x.requires_grad_() if isinstance(x, torch.Tensor) and x.is_leaf and (x.is_floating_point() or x.is_complex())
                    else x for x in ins)
        with torch.enable_grad():
            wanted = _differentiable(ins)
            found = torch.autograd.grad(_outputs(func, ins), wanted, weights, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(gradients, inputs + tuple(grad_outputs), eps, atol, rtol, raise_exception)

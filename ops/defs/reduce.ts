"""Reductions, scans, order statistics."""


@op.reduction
def sum(self: Tensor, *, dtype: Dtype | None = None) -> Tensor:
    """The sum of all elements."""

@sum.backward
def _(grad, self):
    d_self = grad.expand(self.shape)


@op.reduction(overload="dim_IntList", variants="function method out")
def sum(self: Tensor, dim: int[1] | None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The sum along dimensions."""

@sum.backward("SumBackward1")
def _(grad, self, dim, keepdim):
    d_self = unreduced(grad, self.shape, dim, keepdim).expand(self.shape)


@op.composite(variants="none", namespace="private")
def unreduced(grad: Tensor, shape: list[int], dim: list[int] | None, keepdim: bool) -> Tensor:
    """The gradient with the reduced dimensions back, as size 1."""
    if keepdim or len(shape) == 0 or dim is None or len(dim) == 0:
        return grad
    size = shape[0:]
    for d in dim:
        size[wrap_dim(d, len(shape))] = 1
    return grad.reshape(size)


@op.reduction(variants="function method out")
def nansum(self: Tensor, dim: int[1] | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The sum, NaN counted as 0."""
    if self.is_complex():
        raise RuntimeError("nansum does not support complex inputs")
    kept = self.masked_fill(self.isnan(), 0)
    return kept.sum(dim, keepdim, dtype=dtype)

@nansum.backward
def _(grad, self, dim, keepdim):
    d_self = unreduced(grad, self.shape, dim, keepdim).expand(self.shape) * self.isnan().logical_not()


@op.reduction
def mean(self: Tensor, *, dtype: Dtype | None = None) -> Tensor:
    """The mean of all elements."""

@mean.backward
def _(grad, self):
    d_self = grad.expand(self.shape) / self.numel()


@op.reduction(overload="dim", variants="function method out")
def mean(self: Tensor, dim: int[1] | None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The mean along dimensions."""

@mean.backward("MeanBackward1")
def _(grad, self, dim, keepdim):
    n = 1
    if self.numel() > 0:
        n = self.numel() // grad.numel()
    d_self = unreduced(grad, self.shape, dim, keepdim).expand(self.shape) / n


@op.composite(variants="function method out")
def nanmean(self: Tensor, dim: int[1] | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The mean of what is not NaN."""
    if not self.is_floating_point():
        raise RuntimeError(f"nanmean(): expected input to have floating point dtype but got {dtype_text(self.dtype)}")
    count = self.isnan().logical_not().sum(dim, keepdim)
    return self.nansum(dim, keepdim, dtype=dtype) / count


@op.reduction
def prod(self: Tensor, *, dtype: Dtype | None = None) -> Tensor:
    """The product of all elements."""

@prod.backward
def _(grad, self, result):
    d_self = prod_gradient(grad, self, result)


@op.composite(variants="none", namespace="private")
def prod_gradient(grad: Tensor, self: Tensor, result: Tensor) -> Tensor:
    if self.dim() == 0:
        return grad
    if int((self == 0).sum()) == 0:
        return grad * (result / self).conj()
    flat = self.reshape([-1])
    return (grad * torch.products_of_others(flat, 0).conj()).reshape(self.shape)


@op.composite(variants="none", namespace="private")
def products_of_others(self: Tensor, dim: int) -> Tensor:
    """For each element the product of all others along a dimension, right for zeros too."""
    n = self.size(dim)
    if n == 0:
        return self
    one = torch.ones_like(self.narrow(dim, 0, 1))
    before = torch.cat([one, self.narrow(dim, 0, n - 1)], dim).cumprod(dim)
    after = torch.cat([one, self.narrow(dim, 1, n - 1).flip([dim])], dim).cumprod(dim).flip([dim])
    return before * after


@op.reduction(overload="dim_int", variants="function method out")
def prod(self: Tensor, dim: int, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The product along a dimension."""

@prod.backward("ProdBackward1")
def _(grad, self, dim, keepdim):
    if self.dim() == 0:
        d_self = grad
    else:
        d_self = unreduced(grad, self.shape, [dim], keepdim) * torch.products_of_others(self, dim).conj()


@op.reduction
def max(self: Tensor) -> Tensor:
    """The largest element."""

@max.backward("MaxBackward1")
def _(grad, self, result):
    d_self = shared_among(grad, self == result, [], True)


@op.reduction
def min(self: Tensor) -> Tensor:
    """The smallest element."""

@min.backward("MinBackward1")
def _(grad, self, result):
    d_self = shared_among(grad, self == result, [], True)


@op.composite(variants="none", namespace="private")
def shared_among(grad: Tensor, mask: Tensor, dim: list[int], keepdim: bool) -> Tensor:
    """A gradient in equal parts to the elements of the mask, along dimensions (none: all)."""
    count = mask.sum(dim, True) if len(dim) > 0 else mask.sum()
    whole = unreduced(grad, mask.shape, dim, keepdim)
    return whole / count * mask


@op.composite(overload="other", variants="function method out")
def max(self: Tensor, other: Tensor) -> Tensor:
    """The larger one, element by element."""
    return torch.maximum(self, other)


@op.reduction(overload="dim", results="values indices", variants="function method out")
def max(self: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements along a dimension, and where they are."""

@max.backward("MaxBackward0")
def _(grad, self, dim, keepdim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, keepdim)


@op.composite(overload="other", variants="function method out")
def min(self: Tensor, other: Tensor) -> Tensor:
    """The smaller one, element by element."""
    return torch.minimum(self, other)


@op.reduction(overload="dim", results="values indices", variants="function method out")
def min(self: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The smallest elements along a dimension, and where they are."""

@min.backward("MinBackward0")
def _(grad, self, dim, keepdim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, keepdim)


@op.composite(variants="none", namespace="private")
def value_gradient(grad: Tensor, dim: int, indices: Tensor, shape: list[int], keepdim: bool) -> Tensor:
    """The gradient of values that were picked along a dimension."""
    if len(shape) == 0:
        return grad
    if keepdim:
        return grad.new_zeros(shape).scatter(dim, indices, grad)
    return grad.new_zeros(shape).scatter(dim, indices.unsqueeze(dim), grad.unsqueeze(dim))


@op.reduction(variants="function method out")
def amax(self: Tensor, dim: int[1] = [], keepdim: bool = False) -> Tensor:
    """The largest elements along dimensions."""

@amax.backward
def _(grad, self, dim, keepdim, result):
    d_self = shared_among(grad, self == unreduced(result, self.shape, dim, keepdim), dim, keepdim)


@op.reduction(variants="function method out")
def amin(self: Tensor, dim: int[1] = [], keepdim: bool = False) -> Tensor:
    """The smallest elements along dimensions."""

@amin.backward
def _(grad, self, dim, keepdim, result):
    d_self = shared_among(grad, self == unreduced(result, self.shape, dim, keepdim), dim, keepdim)


@op.reduction(results="min max", variants="function method out")
def aminmax(self: Tensor, *, dim: int | None = None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The smallest and the largest elements."""

@aminmax.backward
def _(grad_min, grad_max, self, dim, keepdim, min, max):
    dims = all_dims(self.dim()) if dim is None else [dim]
    d_self = (shared_among(grad_min, self == unreduced(min, self.shape, dims, keepdim), dims, keepdim)
              + shared_among(grad_max, self == unreduced(max, self.shape, dims, keepdim), dims, keepdim))


@op.reduction(variants="function method out")
def argmax(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element is."""


@op.reduction(variants="function method out")
def argmin(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element is."""


@op.reduction(variants="function method out")
def any(self: Tensor) -> Tensor:
    """Whether one element is nonzero."""


@op.reduction(overload="dim", variants="function method out")
def any(self: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Whether one element along a dimension is nonzero."""


@op.reduction(variants="function method out")
def all(self: Tensor) -> Tensor:
    """Whether all elements are nonzero."""


@op.reduction(overload="dim", variants="function method out")
def all(self: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Whether all elements along a dimension are nonzero."""


@op.reduction(overload="dim_IntList")
def count_nonzero(self: Tensor, dim: list[int]) -> Tensor:
    """How many elements along dimensions are nonzero."""


@op.composite
def count_nonzero(self: Tensor, dim: int | None = None) -> Tensor:
    """How many elements are nonzero."""
    if dim is None:
        return cpu.count_nonzero(self)
    return torch.count_nonzero(self, [dim])


# --- spread ------------------------------------------------------------------------------------------------------------------
@op.reduction(overload="correction", variants="function method out")
def var(self: Tensor, dim: int[1] | None, *, correction: int | None, keepdim: bool = False) -> Tensor:
    """The variance along dimensions, divided by n - correction."""

@var.backward
def _(grad, self, dim, correction, keepdim):
    d_self = var_gradient(grad, self, dim, 1 if correction is None else correction, keepdim)


@op.composite(variants="none", namespace="private")
def var_gradient(grad: Tensor, self: Tensor, dim: list[int] | None, correction: int, keepdim: bool) -> Tensor:
    whole = unreduced(grad, self.shape, dim, keepdim)
    n = self.numel()
    if dim is not None and len(dim) > 0:
        n = 1
        for d in dim:
            n *= self.size(d)
    rest = float(n - correction)
    factor = math.inf if rest <= 0.0 else 2.0 / rest
    center = self.mean() if dim is None or len(dim) == 0 else self.mean(dim, True)
    return whole * factor * (self - center)


@op.composite
def var(self: Tensor, unbiased: bool = True) -> Tensor:
    """The variance of all elements."""
    return torch.var(self, None, correction=1 if unbiased else 0, keepdim=False)


@op.composite(overload="dim", variants="function method out")
def var(self: Tensor, dim: int[1] | None, unbiased: bool = True, keepdim: bool = False) -> Tensor:
    """The variance along dimensions."""
    return torch.var(self, dim, correction=1 if unbiased else 0, keepdim=keepdim)


@op.reduction(overload="correction", variants="function method out")
def std(self: Tensor, dim: int[1] | None, *, correction: int | None, keepdim: bool = False) -> Tensor:
    """The standard deviation along dimensions."""

@std.backward
def _(grad, self, dim, correction, keepdim, result):
    d_self = var_gradient((grad / (result * 2)).masked_fill(result == 0, 0), self, dim, 1 if correction is None else correction, keepdim)


@op.composite
def std(self: Tensor, unbiased: bool = True) -> Tensor:
    """The standard deviation of all elements."""
    return torch.std(self, None, correction=1 if unbiased else 0, keepdim=False)


@op.composite(overload="dim", variants="function method out")
def std(self: Tensor, dim: int[1] | None, unbiased: bool = True, keepdim: bool = False) -> Tensor:
    """The standard deviation along dimensions."""
    return torch.std(self, dim, correction=1 if unbiased else 0, keepdim=keepdim)


@op.composite(variants="function", overload="correction")
def var_mean(self: Tensor, dim: int[1] | None, *, correction: int | None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """Variance and mean along dimensions."""
    return torch.var(self, dim, correction=correction, keepdim=keepdim), torch.mean(self, dim, keepdim)

@var_mean.backward
def _(grad_result0, grad_result1, self, dim, correction, keepdim):
    d_self = (var_gradient(grad_result0, self, dim, 1 if correction is None else correction, keepdim)
              + mean_gradient(grad_result1, self, dim, keepdim))


@op.composite(variants="none", namespace="private")
def mean_gradient(grad: Tensor, self: Tensor, dim: list[int] | None, keepdim: bool) -> Tensor:
    n = 1
    if self.numel() > 0:
        n = self.numel() // grad.numel()
    return unreduced(grad, self.shape, dim, keepdim).expand(self.shape) / n


@op.composite(variants="function")
def var_mean(self: Tensor, unbiased: bool = True) -> tuple[Tensor, Tensor]:
    """Variance and mean of all elements."""
    a, b = torch.var_mean(self, None, correction=1 if unbiased else 0, keepdim=False)
    return a, b


@op.composite(variants="function", overload="dim")
def var_mean(self: Tensor, dim: int[1] | None, unbiased: bool = True, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """Variance and mean along dimensions."""
    a, b = torch.var_mean(self, dim, correction=1 if unbiased else 0, keepdim=keepdim)
    return a, b


@op.composite(variants="function", overload="correction")
def std_mean(self: Tensor, dim: int[1] | None, *, correction: int | None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean along dimensions."""
    return torch.std(self, dim, correction=correction, keepdim=keepdim), torch.mean(self, dim, keepdim)

@std_mean.backward
def _(grad_result0, grad_result1, self, dim, correction, keepdim, result0):
    d_self = (var_gradient((grad_result0 / (result0 * 2)).masked_fill(result0 == 0, 0), self, dim, 1 if correction is None else correction, keepdim)
              + mean_gradient(grad_result1, self, dim, keepdim))


@op.composite(variants="function")
def std_mean(self: Tensor, unbiased: bool = True) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean of all elements."""
    a, b = torch.std_mean(self, None, correction=1 if unbiased else 0, keepdim=False)
    return a, b


@op.composite(variants="function", overload="dim")
def std_mean(self: Tensor, dim: int[1] | None, unbiased: bool = True, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean along dimensions."""
    a, b = torch.std_mean(self, dim, correction=1 if unbiased else 0, keepdim=keepdim)
    return a, b


# --- norms ----------------------------------------------------------------------------------------------------------------------
@op.reduction(variants="none", namespace="private", kernel="vector_norm")
def norm_along(self: Tensor, p: float, dim: list[int] | None, keepdim: bool, dtype: Dtype | None) -> Tensor: ...

@norm_along.backward("NormBackward1")
def _(grad, self, p, dim, keepdim, result):
    d_self = norm_gradient(grad, self, p, dim, keepdim, result)


@op.composite(variants="none", namespace="private")
def norm_gradient(grad: Tensor, self: Tensor, p: float, dim: list[int] | None, keepdim: bool, result: Tensor) -> Tensor:
    g = unreduced(grad, self.shape, dim, keepdim)
    n = unreduced(result, self.shape, dim, keepdim)
    if p == 0.0:
        return torch.zeros_like(self)
    if p == 1.0:
        return self.sgn() * g
    if p == 2.0:
        return g * (self / n).masked_fill(n == 0, 0)
    size = self.abs()
    if p == math.inf or p == -math.inf:
        hit = (size == n).logical_or(size.isnan().logical_and(n.isnan()))
        count = hit.sum() if dim is None or len(dim) == 0 else hit.sum(dim, True)
        return self.sgn() * (g / count) * hit
    if p < 1.0:
        return (self.sgn() * size.pow(p - 1.0)).masked_fill(self == 0, 0) * g * n.pow(1.0 - p)
    if p < 2.0:
        return self.sgn() * size.pow(p - 1.0) * (g / n.pow(p - 1.0)).masked_fill(n == 0, 0)
    return self * size.pow(p - 2.0) * (g / n.pow(p - 1.0)).masked_fill(n == 0, 0)


@op.composite(overload="ScalarOpt_dim_dtype", variants="function method out")
def norm(self: Tensor, p: Scalar | None, dim: int[1] | None = None, keepdim: bool = False, dtype: Dtype | None = None) -> Tensor:
    """The p-norm along dimensions (none: of all elements), computed in a dtype."""
    return torch.norm_along(self, 2.0 if p is None else float(p), dim, keepdim, dtype)


@op.composite(overload="name", variants="function method out")
def norm(self: Tensor, p: str = "fro", dim: int[1] | None = None, keepdim: bool = False, dtype: Dtype | None = None) -> Tensor:
    """The Frobenius ("fro") or the nuclear ("nuc") norm."""
    if p == "fro":
        return torch.norm_along(self, 2.0, dim, keepdim, dtype)
    if p == "nuc":
        if dtype is not None:
            raise ValueError("dtype argument is not supported in nuclear norm")
        if dim is None:
            if self.dim() != 2:
                raise RuntimeError(f"Expected a tensor with 2 dimensions, but got a tensor with {self.dim()} dimensions instead.")
            return torch.linalg_matrix_norm(self, "nuc", [0, 1], keepdim)
        return torch.linalg_matrix_norm(self, "nuc", dim, keepdim)
    raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")


@op.composite(variants="function out")
def nuclear_norm(self: Tensor, keepdim: bool = False) -> Tensor:
    """The sum of the singular values."""
    return torch.linalg_matrix_norm(self, "nuc", [0, 1], keepdim)


@op.composite(variants="function out", overload="dim", namespace="private")
def frobenius_norm(self: Tensor, dim: int[1], keepdim: bool = False) -> Tensor:
    return torch.norm_along(self, 2.0, dim, keepdim, None)


@op.composite
def dist(self: Tensor, other: Tensor, p: Scalar = 2) -> Tensor:
    """The p-norm of the difference."""
    return torch.norm_along(self - other, float(p), None, False, None)

@dist.backward
def _(grad, self, other, p, result):
    g = norm_gradient(grad, self - other, float(p), None, False, result)
    d_self = g
    d_other = -g


@op.composite(variants="function method inplace out")
def renorm(self: Tensor, p: Scalar, dim: int, maxnorm: Scalar) -> Tensor:
    """Slices along a dimension scaled down to a largest p-norm."""
    if self.dim() < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {self.dim()} dimensions")
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    d = wrap_dim(dim, self.dim())
    dims: list[int] = []
    for i in range(self.dim()):
        if i != d:
            dims.append(i)
    n = torch.norm_along(self, float(p), dims, True, None)
    return self * torch.where(n > maxnorm, float(maxnorm) / (n + 1e-7), torch.ones_like(n))


@op.reduction(variants="function method out")
def logsumexp(self: Tensor, dim: int[1], keepdim: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` along dimensions, without overflow."""

@logsumexp.backward
def _(grad, self, dim, keepdim, result):
    d_self = unreduced(grad, self.shape, dim, keepdim) * (self - unreduced(result, self.shape, dim, keepdim)).exp()


# --- scans -----------------------------------------------------------------------------------------------------------------------
@op.scan(variants="function method inplace out")
def cumsum(self: Tensor, dim: int, *, dtype: Dtype | None = None) -> Tensor:
    """Sums of all elements so far."""

@cumsum.backward
def _(grad, dim):
    d_self = cumsum_from_end(grad, dim)


@op.composite(variants="none", namespace="private")
def cumsum_from_end(self: Tensor, dim: int) -> Tensor:
    if self.dim() == 0 or self.numel() <= 1:
        return self
    return self.flip([dim]).cumsum(dim).flip([dim])


@op.scan(variants="function method inplace out")
def cumprod(self: Tensor, dim: int, *, dtype: Dtype | None = None) -> Tensor:
    """Products of all elements so far."""

@cumprod.backward
def _(grad, self, dim, result):
    d_self = cumprod_gradient(grad, self, dim, result)


@op.composite(variants="none", namespace="private")
def cumprod_gradient(grad: Tensor, self: Tensor, dim: int, result: Tensor) -> Tensor:
    if self.dim() == 0 or self.numel() <= 1:
        return grad
    if int((self == 0).sum()) == 0:
        return cumsum_from_end(grad * result.conj(), dim) / self.conj()
    # With zeros: the derivative of each product by each factor, one factor at a time.
    n = self.size(dim)
    parts: list[Tensor] = []
    for k in range(n):
        ones = torch.ones_like(self.select(dim, 0)).unsqueeze(dim)
        tail = torch.cat([ones, self.narrow(dim, k + 1, n - k - 1)], dim).cumprod(dim)
        head = ones if k == 0 else self.narrow(dim, 0, k).prod(dim, True)
        parts.append((grad.narrow(dim, k, n - k) * (head * tail).conj()).sum([dim], True))
    return torch.cat(parts, dim)


@op.scan(results="values indices", variants="function method out")
def cummax(self: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The largest element so far, and where it is."""

@cummax.backward
def _(grad, self, dim, indices):
    d_self = grad if self.dim() == 0 else grad.new_zeros(self.shape).scatter_add(dim, indices, grad)


@op.scan(results="values indices", variants="function method out")
def cummin(self: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The smallest element so far, and where it is."""

@cummin.backward
def _(grad, self, dim, indices):
    d_self = grad if self.dim() == 0 else grad.new_zeros(self.shape).scatter_add(dim, indices, grad)


@op.scan(variants="function method out")
def logcumsumexp(self: Tensor, dim: int) -> Tensor:
    """``log(cumsum(exp(x)))`` without overflow."""

@logcumsumexp.backward
def _(grad, self, dim, result):
    positive = grad.clamp_min(0).log()
    negative = (-grad).clamp_min(0).log()
    up = (logcumsumexp_from_end(positive - result, dim) + self).exp()
    down = (logcumsumexp_from_end(negative - result, dim) + self).exp()
    d_self = up - down


@op.composite(variants="none", namespace="private")
def logcumsumexp_from_end(self: Tensor, dim: int) -> Tensor:
    if self.dim() == 0:
        return self
    return self.flip([dim]).logcumsumexp(dim).flip([dim])


@op.composite(variants="function method out")
def diff(self: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """Differences of neighbours, n times."""
    if self.dim() == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    x = self
    if prepend is not None:
        x = torch.cat([prepend, x], dim)
    if append is not None:
        x = torch.cat([x, append], dim)
    for _i in range(n):
        k = x.size(dim)
        if k == 0:
            return x
        if is_bool_type(x.dtype):
            x = torch.logical_xor(x.narrow(dim, 1, k - 1), x.narrow(dim, 0, k - 1))
        else:
            x = x.narrow(dim, 1, k - 1) - x.narrow(dim, 0, k - 1)
    return x if n > 0 else self.clone()


@op.composite(variants="function", overload="x")
def trapezoid(y: Tensor, x: Tensor, *, dim: int = -1) -> Tensor:
    """The integral by the trapezoidal rule, at the places ``x``."""
    n = y.size(dim)
    if n == 0:
        return y.sum([dim], False)
    k = x.size(-1) if x.dim() == 1 else x.size(dim)
    d = x.narrow(-1 if x.dim() == 1 else dim, 1, k - 1) - x.narrow(-1 if x.dim() == 1 else dim, 0, k - 1)
    if x.dim() == 1:
        shape = [1] * y.dim()
        shape[wrap_dim(dim, y.dim())] = k - 1
        d = d.view(shape)
    return ((y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)) * d).sum([dim], False) / 2


@op.composite(variants="function", overload="dx")
def trapezoid(y: Tensor, *, dx: Scalar = 1, dim: int = -1) -> Tensor:
    """The integral by the trapezoidal rule, at equal distances."""
    n = y.size(dim)
    if n == 0:
        return y.sum([dim], False)
    return (y.sum([dim], False) - (y.select(dim, 0) + y.select(dim, n - 1)) * 0.5) * dx


@op.composite(variants="function", overload="x")
def trapz(y: Tensor, x: Tensor, *, dim: int = -1) -> Tensor:
    """As trapezoid."""
    return torch.trapezoid(y, x, dim=dim)


@op.composite(variants="function", overload="dx")
def trapz(y: Tensor, *, dx: Scalar = 1, dim: int = -1) -> Tensor:
    """As trapezoid."""
    return torch.trapezoid(y, dx=dx, dim=dim)


@op.composite(variants="function", overload="x")
def cumulative_trapezoid(y: Tensor, x: Tensor, *, dim: int = -1) -> Tensor:
    """The integral up to each place."""
    n = y.size(dim)
    d = x.diff(1, -1 if x.dim() == 1 else dim)
    if x.dim() == 1:
        shape = [1] * y.dim()
        shape[wrap_dim(dim, y.dim())] = n - 1
        d = d.view(shape)
    return ((y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)) * d / 2).cumsum(dim)


@op.composite(variants="function", overload="dx")
def cumulative_trapezoid(y: Tensor, *, dx: Scalar = 1, dim: int = -1) -> Tensor:
    """The integral up to each place, at equal distances."""
    n = y.size(dim)
    return ((y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)) * dx / 2).cumsum(dim)


# --- order ------------------------------------------------------------------------------------------------------------------------
@op.composite(results="values indices", variants="function method out")
def sort(self: Tensor, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
    """The elements in order along a dimension, and where they came from."""
    return cpu.sort(self, dim, descending)

@sort.backward
def _(grad, self, dim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, True)


@op.composite(results="values indices", variants="function method out", overload="stable")
def sort(self: Tensor, *, stable: bool | None, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
    """The same; equal elements keep their order."""
    return cpu.sort(self, dim, descending)

@sort.backward("SortBackward1")
def _(grad, self, dim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, True)


@op.composite(variants="function method out")
def msort(self: Tensor) -> Tensor:
    """The elements in order along the first dimension."""
    return torch.sort(self, 0, False)[0]


@op.primitive
def argsort(self: Tensor, dim: int = -1, descending: bool = False) -> Tensor:
    """Where the elements in order come from."""


@op.primitive(results="values indices", variants="function method out")
def topk(self: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest (or smallest) elements along a dimension."""

@topk.backward
def _(grad, self, dim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, True)


@op.primitive(results="values indices", variants="function method out")
def kthvalue(self: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The k-th smallest element along a dimension."""

@kthvalue.backward
def _(grad, self, dim, keepdim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, keepdim)


@op.primitive
def median(self: Tensor) -> Tensor:
    """The median of all elements (the lower one of two)."""

@median.backward
def _(grad, self, result):
    d_self = shared_among(grad, (self == result).logical_or(self.isnan().logical_and(result.isnan())), [], True)


@op.primitive
def nanmedian(self: Tensor) -> Tensor:
    """The median of what is not NaN."""

@nanmedian.backward
def _(grad, self, result):
    d_self = shared_among(grad, (self == result).logical_or(self.isnan().logical_and(result.isnan())), [], True)


@op.primitive(overload="dim", results="values indices", variants="function method out")
def median(self: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The median along a dimension."""

@median.backward("MedianBackward1")
def _(grad, self, dim, keepdim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, keepdim)


@op.primitive(overload="dim", results="values indices", variants="function method out")
def nanmedian(self: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The median of what is not NaN, along a dimension."""

@nanmedian.backward("NanmedianBackward1")
def _(grad, self, dim, keepdim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, keepdim)


@op.primitive(results="values indices", variants="function method out")
def mode(self: Tensor, dim: int = -1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The most frequent element along a dimension."""

@mode.backward
def _(grad, self, dim, keepdim, indices):
    d_self = value_gradient(grad, dim, indices, self.shape, keepdim)


@op.primitive(variants="function", namespace="private", results="output inverse_indices counts", kernel="unique", differentiable=False)
def unique2(self: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False) -> tuple[Tensor, Tensor, Tensor]: ...


@op.primitive(variants="function", namespace="private", results="output inverse_indices counts", differentiable=False)
def unique_dim(self: Tensor, dim: int, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False) -> tuple[Tensor, Tensor, Tensor]: ...


@op.primitive(variants="function", namespace="private", results="output inverse_indices counts", differentiable=False, kernel="unique_consecutive")
def unique_consecutive(self: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> tuple[Tensor, Tensor, Tensor]: ...


@op.primitive(variants="none", namespace="private", differentiable=False, kernel="searchsorted")
def search_places(sorted_sequence: Tensor, self: Tensor, out_int32: bool, right: bool) -> Tensor: ...


@op.composite(variants="none", namespace="private", differentiable=False)
def from_the_right(right: bool, side: str | None) -> bool:
    if side is None:
        return right
    if side != "left" and side != "right":
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError("torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True")
    return side == "right"


@op.composite(variants="none", namespace="private", differentiable=False)
def in_order(self: Tensor, sorter: Tensor | None) -> Tensor:
    if sorter is None:
        return self
    if sorter.shape != self.shape:
        raise RuntimeError(f"torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor {self.shape} and got sorter tensor {sorter.shape}")
    if sorter.dtype != torch.int64:
        raise RuntimeError(f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype}")
    return self.gather(-1, sorter)


@op.composite(variants="function out", overload="Tensor", differentiable=False)
def searchsorted(sorted_sequence: Tensor, self: Tensor, *, out_int32: bool = False, right: bool = False, side: str | None = None,
                 sorter: Tensor | None = None) -> Tensor:
    """Where the values would be inserted to keep the order."""
    return torch.search_places(torch.in_order(sorted_sequence, sorter), self, out_int32, torch.from_the_right(right, side))


@op.composite(variants="function out", overload="Scalar", differentiable=False)
def searchsorted(sorted_sequence: Tensor, self: Scalar, *, out_int32: bool = False, right: bool = False, side: str | None = None,
                 sorter: Tensor | None = None) -> Tensor:
    """Where a value would be inserted to keep the order."""
    return torch.search_places(torch.in_order(sorted_sequence, sorter), torch.scalar_tensor(self, dtype=sorted_sequence.dtype, device=sorted_sequence.device), out_int32,
                               torch.from_the_right(right, side))


@op.composite(variants="function out", overload="Tensor", differentiable=False)
def bucketize(self: Tensor, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The bucket of each element."""
    return torch.searchsorted(boundaries, self, out_int32=out_int32, right=right)


@op.composite(variants="function", overload="Scalar", differentiable=False)
def bucketize(self: Scalar, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The bucket of a number."""
    return torch.searchsorted(boundaries, torch.scalar_tensor(self, dtype=boundaries.dtype, device=boundaries.device), out_int32=out_int32, right=right)


# --- statistics ---------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private")
def quantile_of(self: Tensor, q: Tensor, dim: int | None, keepdim: bool, interpolation: str, ignore_nan: bool, name: str) -> Tensor:
    if self.numel() == 0:
        raise RuntimeError(name + "() input tensor must be non-empty")
    if q.dim() > 1:
        raise RuntimeError(name + "() q must be a scalar or 1D tensor")
    if self.dtype != torch.float32 and self.dtype != torch.float64:
        raise RuntimeError(name + "() input tensor must be either float or double dtype")
    if self.dtype != q.dtype:
        raise RuntimeError(name + "() q tensor must be same dtype as the input tensor")
    if bool((q < 0).logical_or(q > 1).any().item()):
        raise RuntimeError(name + "() q values must be in the range [0, 1]")
    if interpolation != "linear" and interpolation != "lower" and interpolation != "higher" and interpolation != "midpoint" and interpolation != "nearest":
        raise RuntimeError(name + "() interpolation must be one of linear, lower, higher, midpoint or nearest, but got " + interpolation)
    # The values in order along a last dimension.
    rows = self.reshape([-1])
    if dim is not None:
        if self.dim() > 0:
            rows = torch.movedim(self, [wrap_dim(dim, self.dim())], [-1])
    values = torch.sort(rows, -1, False)[0]
    n = values.size(-1)
    missing = values.isnan()
    points = q.reshape([-1])
    ranks = points
    if ignore_nan:
        last = missing.logical_not().sum([-1], True) - 1
        ranks = (points * last).clamp_min(0)
    else:
        ranks = (points * float(n - 1)).expand(values.shape[:values.dim() - 1] + [points.numel()])
        ranks = ranks.masked_fill(missing.any(-1, True), float(n - 1))
    if interpolation == "lower":
        ranks = ranks.floor()
    elif interpolation == "higher":
        ranks = ranks.ceil()
    elif interpolation == "nearest":
        ranks = ranks.round()
    below = ranks.to(torch.int64)
    out = values.gather(-1, below)
    if interpolation == "linear" or interpolation == "midpoint":
        weights = torch.full_like(ranks, 0.5) if interpolation == "midpoint" else ranks - below
        above = values.gather(-1, ranks.ceil().to(torch.int64))
        out = torch.lerp(out, above, weights)
    if keepdim:
        if dim is None:
            out = out.reshape([1] * self.dim() + [points.numel()])
        elif self.dim() > 0:
            out = out.unsqueeze(wrap_dim(dim, self.dim()))
    if q.dim() == 0:
        return out.squeeze(-1)
    return torch.movedim(out, [-1], [0])


@op.composite(variants="function method out")
def quantile(self: Tensor, q: Tensor, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """The quantiles along a dimension."""
    return torch.quantile_of(self, q, dim, keepdim, interpolation, False, "quantile")


@op.composite(variants="function method out", overload="scalar")
def quantile(self: Tensor, q: float, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """A quantile along a dimension."""
    if q < 0.0 or q > 1.0:
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q}")
    return torch.quantile_of(self, torch.scalar_tensor(q, dtype=self.dtype, device=self.device), dim, keepdim, interpolation, False, "quantile")


@op.composite(variants="function method out")
def nanquantile(self: Tensor, q: Tensor, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """The quantiles of what is not NaN."""
    return torch.quantile_of(self, q, dim, keepdim, interpolation, True, "nanquantile")


@op.composite(variants="function method out", overload="scalar")
def nanquantile(self: Tensor, q: float, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """A quantile of what is not NaN."""
    if q < 0.0 or q > 1.0:
        raise RuntimeError(f"nanquantile() q must be in the range [0, 1] but got {q}")
    return torch.quantile_of(self, torch.scalar_tensor(q, dtype=self.dtype, device=self.device), dim, keepdim, interpolation, True, "nanquantile")


@op.composite(variants="function method")
def cov(self: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariance matrix of variables in rows."""
    if self.dim() > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {self.dim()} dimensions")
    if is_bool_type(self.dtype):
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = self.unsqueeze(0) if self.dim() < 2 else self
    if self.dim() == 0:
        x = self.reshape([1, 1])
    n = x.size(1)
    if fweights is not None:
        if fweights.dim() > 1:
            raise RuntimeError(f"cov(): expected fweights to have one or fewer dimensions but got fweights with {fweights.dim()} dimensions")
        if not is_integral(fweights.dtype):
            raise RuntimeError(f"cov(): expected fweights to have integral dtype but got fweights with {fweights.dtype} dtype")
        if fweights.numel() != n:
            raise RuntimeError(f"cov(): expected fweights to have the same numel as there are observations in the input but got {fweights.numel()} != {n}")
        if fweights.numel() > 0 and float(fweights.min().item()) < 0.0:
            raise RuntimeError("cov(): fweights cannot be negative")
    if aweights is not None:
        if aweights.dim() > 1:
            raise RuntimeError(f"cov(): expected aweights to have one or fewer dimensions but got aweights with {aweights.dim()} dimensions")
        if not is_floating(aweights.dtype):
            raise RuntimeError(f"cov(): expected aweights to have floating point dtype but got aweights with {aweights.dtype} dtype")
        if aweights.numel() != n:
            raise RuntimeError(f"cov(): expected aweights to have the same numel as there are observations in the input but got {aweights.numel()} != {n}")
        if aweights.numel() > 0 and float(aweights.min().item()) < 0.0:
            raise RuntimeError("cov(): aweights cannot be negative")
    if x.numel() == 0 and x.size(0) == 0:
        return torch.zeros([0, 0], dtype=x.dtype if not is_integral(x.dtype) else default_dtype())
    average = torch.mean(x if not is_integral(x.dtype) else x.to(default_dtype()), [1], True)
    norm = torch.full([], float(n - correction), dtype=to_real(average.dtype))
    weighted = x - average
    scaled_rows = weighted
    if fweights is not None or aweights is not None:
        w = torch.ones([n], dtype=to_real(average.dtype))
        if fweights is not None:
            w = w * fweights
        total = w.sum()
        if aweights is not None:
            w = w * aweights
            total = w.sum()
        average = (x * w).sum([1], True) / total
        norm = total - float(correction)
        if aweights is not None:
            if correction != 0:
                norm = total - float(correction) * (w * aweights).sum() / total
        weighted = x - average
        scaled_rows = weighted * w
    return (weighted.matmul(scaled_rows.t().conj()) / norm.clamp_min(0)).squeeze()


@op.composite(variants="function method")
def corrcoef(self: Tensor) -> Tensor:
    """The correlation coefficients of variables in rows."""
    if self.dim() > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got an input with {self.dim()} dimensions")
    c = torch.cov(self)
    if c.dim() == 0:
        return c / c
    d = torch.real(c.diagonal(0, 0, 1)) if c.is_complex() else c.diagonal(0, 0, 1)
    s = d.sqrt()
    c = c / s.view([-1, 1]) / s.view([1, -1])
    if c.is_complex():
        return torch.complex(torch.real(c).clamp(-1, 1), torch.imag(c).clamp(-1, 1))
    return c.clamp(-1, 1)

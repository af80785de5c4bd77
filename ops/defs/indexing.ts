"""Reading and writing by index."""


@op.primitive(overload="Tensor", variants="none", namespace="private")
def index(self: Tensor, indices: list[Tensor | None]) -> Tensor:
    """``self[indices]``."""

@index.backward
def _(grad, self, indices):
    d_self = torch.index_put_(grad.new_zeros(self.shape), indices, grad, True)


@op.primitive(variants="method function")
def index_put_(self: Tensor, indices: list[Tensor | None], values: Tensor, accumulate: bool = False) -> Tensor:
    """``self[indices] = values``."""

@index_put_.backward("IndexPutBackward0")
def _(grad, indices, values, accumulate):
    d_self = grad if accumulate else torch.index_put_(grad.clone(), indices, values.zeros_of(), False)
    d_values = torch.index(grad, indices)


@op.composite(variants="none", namespace="private")
def zeros_of(self: Tensor) -> Tensor:
    return torch.zeros([], dtype=self.dtype, device=self.device)


@op.composite
def index_put(self: Tensor, indices: list[Tensor | None], values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with ``copy[indices] = values``."""
    return torch.index_put_(self.clone(), indices, values, accumulate)


@op.primitive(variants="function method out")
def index_select(self: Tensor, dim: int, index: Tensor) -> Tensor:
    """Places of a dimension, in the order given."""

@index_select.backward
def _(grad, self, dim, index):
    d_self = grad.new_zeros(self.shape).index_add(dim, index, grad)


@op.primitive(variants="method")
def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Scalar = 1) -> Tensor:
    """Adds slices of ``source`` at places of a dimension."""

@index_add_.backward("IndexAddBackward0")
def _(grad, dim, index, source, alpha):
    d_self = grad
    d_source = scaled(grad.index_select(dim, index).expand(source.shape), alpha)


@op.composite(variants="function method out")
def index_add(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Scalar = 1) -> Tensor:
    """A copy with slices of ``source`` added."""
    return self.clone().index_add_(dim, index, source, alpha=alpha)

@index_add.backward
def _(grad, dim, index, source, alpha):
    d_self = grad
    d_source = scaled(grad.index_select(dim, index).expand(source.shape), alpha)


@op.primitive(variants="method")
def index_copy_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Copies slices of ``source`` to places of a dimension."""

@index_copy_.backward("IndexCopyBackward0")
def _(grad, dim, index, source):
    d_self = grad.index_fill(dim, index, 0)
    d_source = grad.index_select(dim, index).expand(source.shape)


@op.composite(variants="function method out")
def index_copy(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy with slices of ``source`` at places of a dimension."""
    return self.clone().index_copy_(dim, index, source)

@index_copy.backward
def _(grad, dim, index, source):
    d_self = grad.index_fill(dim, index, 0)
    d_source = grad.index_select(dim, index).expand(source.shape)


@op.primitive(variants="method", overload="int_Scalar")
def index_fill_(self: Tensor, dim: int, index: Tensor, value: Scalar) -> Tensor:
    """Sets places of a dimension to one value."""

@index_fill_.backward("IndexFillBackward0")
def _(grad, dim, index):
    d_self = grad.index_fill(dim, index, 0)


@op.composite(overload="int_Scalar")
def index_fill(self: Tensor, dim: int, index: Tensor, value: Scalar) -> Tensor:
    """A copy with places of a dimension set to one value."""
    return self.clone().index_fill_(dim, index, value)

@index_fill.backward
def _(grad, dim, index):
    d_self = grad.index_fill(dim, index, 0)


@op.primitive(variants="method", overload="int_Tensor")
def index_fill_(self: Tensor, dim: int, index: Tensor, value: Tensor) -> Tensor:
    """Sets places of a dimension to the value of a tensor."""
    if value.dim() != 0:
        raise RuntimeError(f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.dim()} dimension(s).")
    cpu.index_fill_(self, dim, index, value.item())

@index_fill_.backward("IndexFillBackward1")
def _(grad, dim, index):
    d_self = grad.index_fill(dim, index, 0)
    d_value = grad.index_select(dim, index).sum()


@op.composite(overload="int_Tensor")
def index_fill(self: Tensor, dim: int, index: Tensor, value: Tensor) -> Tensor:
    """A copy with places of a dimension set to the value of a tensor."""
    return self.clone().index_fill_(dim, index, value)

@index_fill.backward("IndexFillBackward1")
def _(grad, dim, index):
    d_self = grad.index_fill(dim, index, 0)
    d_value = grad.index_select(dim, index).sum()


@op.primitive(variants="function method out")
def gather(self: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements named along a dimension."""
    return cpu.gather(self, dim, index)

@gather.backward
def _(grad, self, dim, index):
    d_self = grad.new_zeros(self.shape).scatter_add(dim, index, grad)


@op.primitive(variants="method", overload="src")
def scatter_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Writes elements to named places of a dimension."""

@scatter_.backward("ScatterBackward0")
def _(grad, dim, index):
    d_self = grad.scatter(dim, index, 0)
    d_src = grad.gather(dim, index)


@op.primitive(variants="method", overload="value")
def scatter_(self: Tensor, dim: int, index: Tensor, value: Scalar) -> Tensor:
    """Writes one value to named places of a dimension."""

@scatter_.backward("ScatterBackward1")
def _(grad, dim, index):
    d_self = grad.scatter(dim, index, 0)


@op.primitive(variants="method", overload="reduce")
def scatter_(self: Tensor, dim: int, index: Tensor, src: Tensor, *, reduce: str) -> Tensor:
    """Adds or multiplies elements at named places of a dimension."""


@op.primitive(variants="method", overload="value_reduce")
def scatter_(self: Tensor, dim: int, index: Tensor, value: Scalar, *, reduce: str) -> Tensor:
    """Adds or multiplies one value at named places of a dimension."""


@op.composite(variants="function method out", overload="src")
def scatter(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with elements written to named places."""
    return self.clone().scatter_(dim, index, src)

@scatter.backward
def _(grad, dim, index):
    d_self = grad.scatter(dim, index, 0)
    d_src = grad.gather(dim, index)


@op.composite(variants="function method out", overload="value")
def scatter(self: Tensor, dim: int, index: Tensor, value: Scalar) -> Tensor:
    """A copy with one value written to named places."""
    return self.clone().scatter_(dim, index, value)

@scatter.backward("ScatterBackward1")
def _(grad, dim, index):
    d_self = grad.scatter(dim, index, 0)


@op.composite(variants="function method out", overload="reduce")
def scatter(self: Tensor, dim: int, index: Tensor, src: Tensor, *, reduce: str) -> Tensor:
    """A copy with elements added or multiplied at named places."""
    return self.clone().scatter_(dim, index, src, reduce=reduce)


@op.composite(variants="function method out", overload="value_reduce")
def scatter(self: Tensor, dim: int, index: Tensor, value: Scalar, *, reduce: str) -> Tensor:
    """A copy with one value added or multiplied at named places."""
    return self.clone().scatter_(dim, index, value, reduce=reduce)


@op.primitive(variants="method")
def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Adds elements at named places of a dimension."""

@scatter_add_.backward("ScatterAddBackward0")
def _(grad, dim, index):
    d_self = grad
    d_src = grad.gather(dim, index)


@op.composite(variants="function method out")
def scatter_add(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with elements added at named places."""
    return self.clone().scatter_add_(dim, index, src)

@scatter_add.backward
def _(grad, dim, index):
    d_self = grad
    d_src = grad.gather(dim, index)


@op.primitive(variants="method", overload="two")
def scatter_reduce_(self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """Reduces elements into named places of a dimension."""


@op.composite(variants="function method out", overload="two")
def scatter_reduce(self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """A copy with elements reduced into named places."""
    return self.clone().scatter_reduce_(dim, index, src, reduce, include_self=include_self)

@scatter_reduce.backward
def _(grad, self, dim, index, src, reduce, include_self, result):
    a, b = scatter_reduce_gradients(grad, self, dim, index, src, reduce, include_self, result)
    d_self = a
    d_src = b


@op.composite(variants="none", namespace="private")
def scatter_reduce_gradients(grad: Tensor, self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, include_self: bool,
                             result: Tensor) -> tuple[Tensor, Tensor]:
    a = grad
    b = grad
    if reduce == "sum":
        b = grad.gather(dim, index)
    elif reduce == "prod":
        # Zeros apart: the factor without them, where there is exactly one.
        filled = self.masked_fill(self == 0, 1)
        a = grad * filled.scatter_reduce(dim, index, src, reduce, include_self=include_self) / filled
        zero = src == 0
        zeros = torch.zeros_like(self).scatter_add(dim, index, zero.to(self.dtype)).gather(dim, index)
        single = zero.logical_and(zeros == 1)
        others = self.scatter_reduce(dim, index, src.masked_fill(single, 1), reduce, include_self=include_self)
        b = torch.where(single, (grad * others).gather(dim, index), (grad * result).gather(dim, index) / src.masked_fill(zero, 1))
    elif reduce == "mean":
        count = torch.ones_like(self) if include_self else torch.zeros_like(self)
        count = count.scatter_add(dim, index, torch.ones_like(src))
        count = count.masked_fill(count == 0, 1)
        a = grad / count
        b = (grad / count).gather(dim, index)
    elif reduce == "amax" or reduce == "amin":
        hit = (self == result).to(self.dtype)
        from_src = (src == result.gather(dim, index)).to(self.dtype)
        share = grad / hit.scatter_add(dim, index, from_src)
        a = torch.where(hit == 0, 0, share)
        b = torch.where(from_src == 0, 0, share.gather(dim, index))
    else:
        raise RuntimeError(f"Expected 'reduce' to be one of 'sum', 'prod', 'mean', 'amax', 'amin' but got {reduce}.")
    if not include_self:
        a = a.scatter(dim, index, 0)
    return a, b


@op.primitive(variants="function method out")
def masked_select(self: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is True, in one dimension."""

@masked_select.backward
def _(grad, self, mask):
    size = broadcast_sizes(self.shape, mask.shape)
    d_self = grad.new_zeros(size).masked_scatter(mask.expand(size), grad)


@op.primitive(variants="method", overload="Scalar")
def masked_fill_(self: Tensor, mask: Tensor, value: Scalar) -> Tensor:
    """Sets elements where the mask is True."""

@masked_fill_.backward("MaskedFillBackward0")
def _(grad, mask):
    d_self = grad.masked_fill(mask, 0)


@op.primitive(variants="method", overload="Tensor")
def masked_fill_(self: Tensor, mask: Tensor, value: Tensor) -> Tensor:
    """Sets elements where the mask is True."""

@masked_fill_.backward("MaskedFillBackward1")
def _(grad, mask):
    d_self = grad.masked_fill(mask, 0)
    d_value = torch.where(mask, grad, 0).sum()


@op.composite(overload="Scalar")
def masked_fill(self: Tensor, mask: Tensor, value: Scalar) -> Tensor:
    """A copy with elements set where the mask is True."""
    size = broadcast_sizes(self.shape, mask.shape)
    return self.expand(size).clone(memory_format=torch.contiguous_format).masked_fill_(mask, value)

@masked_fill.backward
def _(grad, mask):
    d_self = grad.masked_fill(mask, 0)


@op.composite(overload="Tensor")
def masked_fill(self: Tensor, mask: Tensor, value: Tensor) -> Tensor:
    """A copy with elements set where the mask is True."""
    size = broadcast_sizes(self.shape, mask.shape)
    return self.expand(size).clone(memory_format=torch.contiguous_format).masked_fill_(mask, value)

@masked_fill.backward("MaskedFillBackward1")
def _(grad, mask):
    d_self = grad.masked_fill(mask, 0)
    d_value = torch.where(mask, grad, 0).sum()


@op.primitive(variants="method")
def masked_scatter_(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Writes the elements of ``source`` one after another where the mask is True."""

@masked_scatter_.backward("MaskedScatterBackward0")
def _(grad, mask, source):
    d_self = grad.masked_fill(mask, 0)
    d_source = masked_scatter_gradient(grad, mask, source.shape)


@op.composite
def masked_scatter(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy with the elements of ``source`` where the mask is True."""
    size = broadcast_sizes(self.shape, mask.shape)
    return self.expand(size).clone(memory_format=torch.contiguous_format).masked_scatter_(mask, source)

@masked_scatter.backward
def _(grad, mask, source):
    d_self = grad.masked_fill(mask, 0)
    d_source = masked_scatter_gradient(grad, mask, source.shape)


@op.composite(variants="none", namespace="private")
def masked_scatter_gradient(grad: Tensor, mask: Tensor, shape: list[int]) -> Tensor:
    n = 1
    for s in shape:
        n *= s
    picked = grad.masked_select(mask)
    missing = n - picked.numel()
    if missing > 0:
        picked = torch.cat([picked, picked.new_zeros([missing])], 0)
    return picked.reshape(shape)


@op.primitive(variants="function method out", differentiable=False)
def nonzero(self: Tensor) -> Tensor:
    """The places of nonzero elements, a row each."""


@op.composite(variants="function", namespace="private", differentiable=False)
def nonzero_numpy(self: Tensor) -> list[Tensor]:
    if self.dim() == 0:
        return self.unsqueeze(0).nonzero().unbind(1)
    return self.nonzero().unbind(1)


@op.composite(variants="function method out", differentiable=False)
def argwhere(self: Tensor) -> Tensor:
    """The places of nonzero elements, a row each."""
    return self.nonzero()


@op.composite(variants="function", overload="condition", differentiable=False)
def where(condition: Tensor) -> list[Tensor]:
    """The places of nonzero elements, a tensor for each dimension."""
    return torch.nonzero_numpy(condition)


@op.primitive(variants="function method out")
def take(self: Tensor, index: Tensor) -> Tensor:
    """Elements named by their place in the flattened tensor."""

@take.backward
def _(grad, self, index):
    d_self = torch.put_(grad.new_zeros(self.shape), index, grad, True)


@op.primitive(variants="method")
def put_(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Writes elements to places of the flattened tensor."""

@put_.backward("PutBackward0")
def _(grad, index, source, accumulate):
    d_self = grad if accumulate else torch.put_(grad.clone(), index, source.zeros_like_of(), False)
    d_source = grad.take(index).reshape(source.shape)


@op.composite(variants="none", namespace="private")
def zeros_like_of(self: Tensor) -> Tensor:
    return torch.zeros(self.shape, dtype=self.dtype, device=self.device)


@op.composite
def put(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with elements written to places of the flattened tensor."""
    return torch.put_(self.clone(), index, source, accumulate)


@op.composite(variants="function method out")
def take_along_dim(self: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As gather, with broadcasting."""
    if dim is None:
        return self.reshape([-1]).gather(0, indices.reshape([-1]))
    if self.dim() != indices.dim():
        raise RuntimeError(f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got {self.dim()} dimensions for input, and {indices.dim()} dimensions for indices")
    d = wrap_dim(dim, self.dim())
    size = self.shape[0:]
    size[d] = indices.size(d)
    shape = broadcast_sizes(size, indices.shape)
    other = shape[0:]
    other[d] = self.size(d)
    return self.expand(other).gather(d, indices.expand(shape))


@op.primitive(variants="function")
def embedding(weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:
    """The rows of a table."""

@embedding.backward
def _(grad, weight, indices, padding_idx, scale_grad_by_freq, sparse):
    d_weight = torch.embedding_backward(grad, indices, weight.size(0), padding_idx, scale_grad_by_freq, sparse)


@op.composite(variants="function", namespace="private")
def embedding_backward(grad: Tensor, indices: Tensor, num_weights: int, padding_idx: int, scale_grad_by_freq: bool, sparse: bool) -> Tensor:
    if sparse:
        return torch.embedding_sparse_backward(grad, indices, num_weights, padding_idx, scale_grad_by_freq)
    return torch.embedding_dense_backward(grad, indices, num_weights, padding_idx, scale_grad_by_freq)


@op.primitive(variants="none", namespace="private")
def embedding_sparse_backward(grad_output: Tensor, indices: Tensor, num_weights: int, padding_idx: int, scale_grad_by_freq: bool) -> Tensor: ...


@op.primitive(variants="function", namespace="private")
def embedding_dense_backward(grad_output: Tensor, indices: Tensor, num_weights: int, padding_idx: int, scale_grad_by_freq: bool) -> Tensor: ...

@embedding_dense_backward.backward
def _(grad, indices, padding_idx):
    rows = torch.embedding(grad, indices, padding_idx, False, False)
    d_grad_output = rows.masked_fill((indices == padding_idx).unsqueeze(-1), 0)


@op.primitive(variants="function", namespace="private", differentiable=False)
def sparse_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The places of the sum of two sparse tensors, and which of them each element of both goes to: equal places become one where a walk along both meets them."""


@op.composite(variants="function", differentiable=False)
def embedding_renorm_(self: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scales the rows that are used down to a largest norm, in place."""
    rows = torch.unique2(indices.reshape([-1]), True, False, False)[0]
    picked = self.index_select(0, rows)
    n = torch.norm_along(picked, norm_type, [1], True, None)
    factor = torch.where(n > max_norm, max_norm / (n + 1e-7), torch.ones_like(n))
    self.index_copy_(0, rows, picked * factor)


@op.composite(variants="function", namespace="nn")
def one_hot(self: Tensor, num_classes: int = -1) -> Tensor:
    """Classes as rows with a single 1."""
    if self.dtype != torch.int64:
        raise RuntimeError("one_hot is only applicable to index tensor.")
    if self.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return torch.empty(self.shape + [num_classes], dtype=torch.int64)
    if int(self.min()) < 0:
        raise RuntimeError("Class values must be non-negative.")
    n = num_classes
    if num_classes == -1:
        n = int(self.max()) + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif int(self.max()) >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    out = torch.zeros(self.shape + [n], dtype=torch.int64)
    return out.scatter_(-1, self.unsqueeze(-1), 1)


@op.composite(variants="function method out", differentiable=False)
def bincount(self: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number occurs."""
    if not is_integral(self.dtype):
        fail_dtype("bincount_cpu", self.dtype)
    if self.dim() != 1:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if self.numel() == 0:
        return torch.zeros([minlength], dtype=torch.int64)
    if int(self.min()) < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    n = max(int(self.max()) + 1, minlength)
    at = self.to(torch.int64)
    if weights is None:
        return torch.zeros([n], dtype=torch.int64).index_add_(0, at, torch.ones_like(at))
    if weights.shape != self.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    w = weights if weights.dtype == torch.float32 else weights.to(torch.float64)
    return torch.zeros([n], dtype=w.dtype).index_add_(0, at, w)


@op.composite(variants="function method out", differentiable=False)
def histc(self: Tensor, bins: int = 100, min: Scalar = 0, max: Scalar = 0) -> Tensor:
    """How many elements fall into each of several equal bins."""
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    if not self.is_floating_point():
        fail_dtype("aminmax_cpu" if self.is_complex() else "histogram_cpu", self.dtype)
    low = float(min)
    high = float(max)
    if low == high and self.numel() > 0:
        low = float(self.min())
        high = float(self.max())
    if low == high:
        low -= 1.0
        high += 1.0
    if low > high:
        raise RuntimeError("max must be larger than min")
    inside = self.masked_select((self >= low).logical_and(self <= high))
    at = ((inside - low) * (float(bins) / (high - low))).to(torch.int64).clamp_max(bins - 1)
    return torch.zeros([bins], dtype=self.dtype).index_add_(0, at, torch.ones_like(inside))


@op.composite(variants="method", differentiable=False)
def fill_diagonal_(self: Tensor, fill_value: Scalar, wrap: bool = False) -> Tensor:
    """Sets the diagonal to one value."""
    if self.dim() < 2:
        raise RuntimeError("dimensions must larger than 1")
    n = self.size(0)
    step = self.stride(0)
    for d in range(1, self.dim()):
        step = step + self.stride(d)
        if self.dim() > 2 and self.size(d) != n:
            raise RuntimeError("all dimensions of input must be of equal length")
        n = min(n, self.size(d))
    torch.as_strided(self, [n], [step], self.storage_offset()).fill_(fill_value)
    if wrap and self.dim() == 2 and self.size(0) > self.size(1) + 1:
        columns = self.size(1)
        row = columns + 1
        while row < self.size(0):
            count = min(columns, self.size(0) - row)
            torch.as_strided(self, [count], [step], self.storage_offset() + row * self.stride(0)).fill_(fill_value)
            row = row + columns + 1


@op.composite(variants="method", differentiable=False)
def index_reduce_(self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """Reduces slices of ``source`` into places of a dimension."""
    self.copy_(torch.index_reduce(self, dim, index, source, reduce, include_self=include_self))


@op.composite(variants="function method out")
def index_reduce(self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """A copy with slices of ``source`` reduced into places of a dimension."""
    if reduce != "prod" and reduce != "mean" and reduce != "amax" and reduce != "amin":
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    if self.dim() == 0:
        n = index.numel()
        flat = torch.scatter_reduce(self.reshape([1]), 0, index.reshape([n]).to(torch.int64), source.reshape([n]), reduce, include_self=include_self)
        return flat.reshape([])
    d = wrap_dim(dim, self.dim())
    shape = [1] * self.dim()
    shape[d] = index.numel()
    where = index.to(torch.int64).reshape(shape).expand(source.shape)
    return torch.scatter_reduce(self, d, where, source, reduce, include_self=include_self)


@op.composite(variants="function out", overload="Tensor_Tensor", differentiable=False)
def isin(elements: Tensor, test_elements: Tensor, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among the test elements."""
    test = test_elements.reshape([-1])
    if test.numel() == 0:
        return torch.full(elements.shape, invert, dtype=torch.bool)
    found = elements == test.select(0, 0)
    if test.numel() <= 64:
        for i in range(1, test.numel()):
            found = found.logical_or(elements == test.select(0, i))
    else:
        order = torch.sort(test, -1, False)[0]
        values = elements.to(order.dtype) if elements.dtype != order.dtype else elements
        at = torch.search_places(order, values, False, False).clamp_max(order.numel() - 1)
        found = order.take(at) == elements
    return found.logical_not() if invert else found


@op.composite(variants="function out", overload="Tensor_Scalar", differentiable=False)
def isin(elements: Tensor, test_element: Scalar, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is the test element."""
    if invert:
        return elements != test_element
    return elements == test_element


@op.composite(variants="function out", overload="Scalar_Tensor", differentiable=False)
def isin(element: Scalar, test_elements: Tensor, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether a number is among the test elements."""
    found = (test_elements == element).any()
    return found.logical_not() if invert else found


@op.composite(variants="none", namespace="private", differentiable=False)
def histogram_counts(self: Tensor, edges: Tensor, weight: Tensor | None, density: bool) -> Tensor:
    """How many elements lie between neighbours among the edges; the last bin has both its ends."""
    n = edges.numel() - 1
    x = self.reshape([-1])
    at = torch.search_places(edges, x, False, True) - 1
    at = torch.where(x == edges.select(0, n), n - 1, at)
    inside = (at >= 0).logical_and(at < n)
    values = torch.ones_like(x)
    if weight is not None:
        values = weight.reshape([-1])
    counts = torch.zeros([n], dtype=self.dtype).index_add_(0, at.masked_select(inside), values.masked_select(inside))
    if density:
        widths = edges.narrow(0, 1, n) - edges.narrow(0, 0, n)
        return counts / counts.sum() / widths
    return counts


@op.composite(variants="function method out", overload="bins_tensor", results="hist bin_edges", differentiable=False)
def histogram(self: Tensor, bins: Tensor, *, weight: Tensor | None = None, density: bool = False) -> tuple[Tensor, Tensor]:
    """How many elements fall between the edges given."""
    if bins.dtype != self.dtype:
        raise RuntimeError("torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype " + f"{self.dtype} and bins with dtype {bins.dtype}")
    return torch.histogram_counts(self, bins, weight, density), bins


@op.composite(variants="function method out", overload="bin_ct", results="hist bin_edges", differentiable=False)
def histogram(self: Tensor, bins: int = 100, *, range: list[float] | None = None, weight: Tensor | None = None, density: bool = False) -> tuple[Tensor, Tensor]:
    """How many elements fall into each of several equal bins."""
    if bins <= 0:
        raise RuntimeError("torch.histogram(): bins must be > 0, but got " + f"{bins}")
    low = 0.0
    high = 1.0
    if range is not None:
        low = range[0]
        high = range[1]
    elif self.numel() > 0:
        low = float(self.min().item())
        high = float(self.max().item())
    if low > high:
        raise RuntimeError(f"torch.histogramdd: min should not exceed max, but got min {low} max {high} for dimension 0")
    if low == high:
        low = low - 0.5
        high = high + 0.5
    edges = torch.linspace(low, high, bins + 1, dtype=self.dtype)
    return torch.histogram_counts(self, edges, weight, density), edges

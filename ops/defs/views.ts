"""Views, shapes, joining and rearranging."""


# --- views ---------------------------------------------------------------------------------------------------------------
@op.primitive(view=True, variants="method")
def view(self: Tensor, size: list[int]) -> Tensor:
    """The same elements in another shape, without a copy."""

@view.backward
def _(grad, self):
    d_self = grad.reshape(self.shape)


@op.primitive(view=True, variants="method", overload="dtype", kernel="view_dtype")
def view(self: Tensor, dtype: Dtype) -> Tensor:
    """The same bytes as another element type."""


@op.primitive(view=True, variants="none", namespace="private", kernel="view")
def reshape_alias(self: Tensor, size: list[int]) -> Tensor: ...

@reshape_alias.backward("ReshapeAliasBackward0")
def _(grad, self):
    d_self = grad.reshape(self.shape)


@op.primitive(variants="none", namespace="private")
def unsafe_view(self: Tensor, size: list[int]) -> Tensor:
    return cpu.reshape(self, size)

@unsafe_view.backward("UnsafeViewBackward0")
def _(grad, self):
    d_self = grad.reshape(self.shape)


@op.composite
def reshape(self: Tensor, shape: list[int]) -> Tensor:
    """The same elements in another shape: a view where there is one, else a copy."""
    size = infer_size(shape, self.numel())
    if view_is_possible(self, size):
        return torch.reshape_alias(self, size)
    return torch.unsafe_view(self.clone(memory_format=torch.contiguous_format), size)


@op.composite(variants="method")
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """In the shape of ``other``."""
    return self.reshape(other.shape)


@op.composite(variants="method")
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """A view in the shape of ``other``."""
    return self.view(other.shape)


@op.primitive(view=True, variants="function method inplace")
def transpose(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped."""

@transpose.backward
def _(grad, dim0, dim1):
    d_self = grad.transpose(dim0, dim1)


@op.composite(variants="function method inplace", aliases="swapdims")
def swapaxes(self: Tensor, axis0: int, axis1: int) -> Tensor:
    """Two dimensions swapped."""
    return self.transpose(axis0, axis1)


@op.primitive(view=True, variants="function method inplace")
def t(self: Tensor) -> Tensor:
    """The transpose of a matrix."""

@t.backward("TBackward0")
def _(grad):
    d_self = grad.t()


@op.primitive(view=True)
def permute(self: Tensor, dims: list[int]) -> Tensor:
    """Dimensions in another order."""

@permute.backward
def _(grad, dims):
    d_self = grad.permute(inverse_permutation(dims))


@op.composite
def movedim(self: Tensor, source: int[1], destination: int[1]) -> Tensor:
    """Moves dimensions to other places."""
    return torch.movedim_view(self, source, destination)


@op.primitive(view=True, variants="none", namespace="private", kernel="movedim")
def movedim_view(self: Tensor, source: list[int], destination: list[int]) -> Tensor: ...

@movedim_view.backward("PermuteBackward0")
def _(grad, source, destination):
    d_self = torch.movedim_view(grad, destination, source)


@op.composite
def moveaxis(self: Tensor, source: int[1], destination: int[1]) -> Tensor:
    """Moves dimensions to other places."""
    return torch.movedim(self, source, destination)


@op.primitive(view=True, variants="function method inplace")
def squeeze(self: Tensor) -> Tensor:
    """Without dimensions of size 1."""

@squeeze.backward
def _(grad, self):
    d_self = grad.reshape(self.shape)


@op.primitive(view=True, variants="function method inplace", overload="dim")
def squeeze(self: Tensor, dim: int) -> Tensor:
    """Without that dimension, if its size is 1."""

@squeeze.backward("SqueezeBackward1")
def _(grad, self):
    d_self = grad.reshape(self.shape)


@op.primitive(view=True, variants="function method inplace")
def unsqueeze(self: Tensor, dim: int) -> Tensor:
    """A dimension of size 1 more."""

@unsqueeze.backward
def _(grad, self):
    d_self = grad.reshape(self.shape)


@op.primitive(view=True, variants="method")
def expand(self: Tensor, size: list[int], *, implicit: bool = False) -> Tensor:
    """Dimensions of size 1 repeated without copying."""

@expand.backward
def _(grad, self):
    d_self = sum_to_sizes(grad, self.shape)


@op.composite(variants="method")
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Expanded to the shape of ``other``."""
    return self.expand(other.shape)


@op.composite
def broadcast_to(self: Tensor, size: list[int]) -> Tensor:
    """Expanded to a shape."""
    return self.expand(size)


@op.composite(variants="method")
def sum_to_size(self: Tensor, size: list[int]) -> Tensor:
    """Summed down to a shape that could be expanded to this one."""
    if len(size) == 0:
        return self.sum()
    return sum_to_sizes(self, size)


@op.composite
def narrow(self: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The part of a dimension that begins at ``start``."""
    if self.dim() == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    d = wrap_dim(dim, self.dim())
    n = self.size(d)
    if start < -n or start > n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
    at = start + n if start < 0 else start
    if at + length > n:
        raise RuntimeError(f"start ({at}) + length ({length}) exceeds dimension size ({n}).")
    return self.slice(d, at, at + length, 1)


@op.composite(overload="Tensor")
def narrow(self: Tensor, dim: int, start: Tensor, length: int) -> Tensor:
    """The same with the start in a tensor."""
    return self.narrow(dim, int(start), length)


@op.composite(variants="function method out")
def narrow_copy(self: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A copy of a part of a dimension."""
    return self.narrow(dim, start, length).clone(memory_format=torch.contiguous_format)


@op.primitive(view=True, overload="int")
def select(self: Tensor, dim: int, index: int) -> Tensor:
    """One place of a dimension, which goes."""

@select.backward
def _(grad, self, dim, index):
    d_self = torch.select_gradient(grad, self.shape, dim, index)


@op.composite(variants="none", namespace="private")
def select_gradient(grad_output: Tensor, size: list[int], dim: int, index: int) -> Tensor:
    whole = grad_output.new_zeros(size)
    whole.select(dim, index).copy_(grad_output)
    return whole

@select_gradient.backward("SelectBackwardBackward0")
def _(grad, dim, index):
    d_grad_output = grad.select(dim, index)


@op.primitive(view=True, variants="method", overload="Tensor")
def slice(self: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """Every ``step``-th place of a dimension."""

@slice.backward
def _(grad, self, dim, start, end, step):
    d_self = torch.slice_gradient(grad, self.shape, dim, start, end, step)


@op.composite(variants="none", namespace="private")
def slice_gradient(grad_output: Tensor, size: list[int], dim: int, start: int | None, end: int | None, step: int) -> Tensor:
    whole = grad_output.new_zeros(size)
    whole.slice(dim, start, end, step).copy_(grad_output)
    return whole

@slice_gradient.backward("SliceBackwardBackward0")
def _(grad, dim, start, end, step):
    d_grad_output = grad.slice(dim, start, end, step)


@op.primitive(view=True)
def as_strided(self: Tensor, size: list[int], stride: list[int], storage_offset: int | None = None) -> Tensor:
    """A view with sizes, strides and offset as given."""

@as_strided.backward
def _(grad, self, size, stride, storage_offset):
    start = self.storage_offset() if storage_offset is None else storage_offset
    d_self = as_strided_gradient(grad, self.shape, self.strides(), self.storage_offset(), size, stride, start)


@op.primitive(view=True)
def diagonal(self: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last dimension."""

@diagonal.backward
def _(grad, self, offset, dim1, dim2):
    d_self = torch.diagonal_gradient(grad, self.shape, offset, dim1, dim2)


@op.composite(variants="none", namespace="private")
def diagonal_gradient(grad_output: Tensor, size: list[int], offset: int, dim1: int, dim2: int) -> Tensor:
    whole = grad_output.new_zeros(size)
    whole.diagonal(offset, dim1, dim2).copy_(grad_output)
    return whole

@diagonal_gradient.backward("DiagonalBackwardBackward0")
def _(grad, offset, dim1, dim2):
    d_grad_output = grad.diagonal(offset, dim1, dim2)


@op.primitive(view=True, variants="method")
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of a dimension, as a new last dimension."""

@unfold.backward
def _(grad, self, dimension, size, step):
    where = torch.arange(0, self.numel(), 1, dtype=torch.int64).view(self.shape).unfold(dimension, size, step)
    flat = grad.new_zeros([self.numel()]).index_add(0, where.reshape([-1]), grad.reshape([-1]))
    d_self = flat.view(self.shape)


@op.composite
def flatten(self: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Several dimensions as one."""
    first = wrap_dim(start_dim, self.dim())
    last = wrap_dim(end_dim, self.dim())
    if self.dim() == 0:
        return self.reshape([1])
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return self
    n = 1
    for d in range(first, last + 1):
        n *= self.size(d)
    return self.reshape(self.shape[:first] + [n] + self.shape[last + 1:])


@op.composite
def ravel(self: Tensor) -> Tensor:
    """All elements in one dimension."""
    return self.contiguous().view([-1])


@op.composite
def unflatten(self: Tensor, dim: int, sizes: list[int]) -> Tensor:
    """A dimension as several."""
    d = wrap_dim(dim, self.dim())
    if len(sizes) == 0:
        raise RuntimeError("unflatten: sizes must be non-empty")
    known = 1
    unknown = 0
    for n in sizes:
        if n == -1:
            unknown += 1
        else:
            known *= n
    if known != self.size(d) and (unknown != 1 or known == 0 or self.size(d) % known != 0):
        raise RuntimeError(f"unflatten: Provided sizes {sizes} don't multiply up to the size of dim {d} ({self.size(d)}) in the input tensor")
    return self.view(self.shape[:d] + infer_size(sizes, self.size(d)) + self.shape[d + 1:])


@op.primitive(view="multiple")
def split(self: Tensor, split_size: int, dim: int = 0) -> list[Tensor]:
    """Pieces of a dimension, each of ``split_size`` places but the last."""

@split.backward
def _(grads, dim):
    d_self = torch.cat(grads, dim)


@op.primitive(view="multiple", overload="sizes", kernel="split_with_sizes")
def split(self: Tensor, split_size: list[int], dim: int = 0) -> list[Tensor]:
    """Pieces of a dimension, of the sizes given."""

@split.backward("SplitWithSizesBackward0")
def _(grads, dim):
    d_self = torch.cat(grads, dim)


@op.primitive(view="multiple")
def split_with_sizes(self: Tensor, split_sizes: list[int], dim: int = 0) -> list[Tensor]:
    """Pieces of a dimension, of the sizes given."""

@split_with_sizes.backward
def _(grads, dim):
    d_self = torch.cat(grads, dim)


@op.composite
def chunk(self: Tensor, chunks: int, dim: int = 0) -> list[Tensor]:
    """A dimension in so many pieces of equal size (the last may be smaller)."""
    if self.dim() == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = self.size(dim)
    size = (n + chunks - 1) // chunks
    if size == 0 and n == 0:
        return self.split_with_sizes([0] * chunks, dim)
    return self.split(size, dim)


@op.primitive(view="multiple", overload="int")
def unbind(self: Tensor, dim: int = 0) -> list[Tensor]:
    """The places of a dimension as tensors."""

@unbind.backward
def _(grads, dim):
    d_self = torch.stack(grads, dim)


@op.composite(overload="tensor_indices_or_sections")
def tensor_split(self: Tensor, tensor_indices_or_sections: Tensor, dim: int = 0) -> list[Tensor]:
    """A dimension cut as a tensor says: a number of pieces, or places."""
    t = tensor_indices_or_sections
    if t.dtype != torch.int64:
        raise RuntimeError(f"tensor_split expected tensor_indices_or_sections to have dtype of long, but got {t.dtype}")
    if t.dim() == 0:
        return self.tensor_split(int(t), dim)
    if t.dim() != 1:
        raise RuntimeError(f"tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got a tensor with {t.dim()} dims")
    places: list[int] = []
    for i in range(t.numel()):
        places.append(int(t.select(0, i)))
    return self.tensor_split(places, dim)


@op.composite(overload="sections", aliases="array_split")
def tensor_split(self: Tensor, sections: int, dim: int = 0) -> list[Tensor]:
    """A dimension in so many pieces, sizes differing by 1 at most."""
    if self.dim() == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    if sections <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
    d = wrap_dim(dim, self.dim())
    n = self.size(d)
    out: list[Tensor] = []
    start = 0
    for i in range(sections):
        size = n // sections + (1 if i < n % sections else 0)
        out.append(self.slice(d, start, start + size, 1))
        start = start + size
    return out


@op.composite(overload="indices")
def tensor_split(self: Tensor, indices: list[int], dim: int = 0) -> list[Tensor]:
    """A dimension cut at the places given."""
    if self.dim() == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    d = wrap_dim(dim, self.dim())
    out: list[Tensor] = []
    start = 0
    for end in indices:
        out.append(self.slice(d, start, end, 1))
        start = end
    out.append(self.slice(d, start, self.size(d), 1))
    return out


@op.composite(overload="int")
def hsplit(self: Tensor, sections: int) -> list[Tensor]:
    """tensor_split by columns."""
    if self.dim() == 0:
        raise RuntimeError("torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with 0 dimensions!")
    d = 0 if self.dim() == 1 else 1
    if sections <= 0 or self.size(d) % sections != 0:
        raise RuntimeError(f"torch.hsplit attempted to split along dimension {d}, but the size of the dimension {self.size(d)} is not divisible by the split_size {sections}!")
    return self.tensor_split(sections, d)


@op.composite(overload="array")
def hsplit(self: Tensor, indices: list[int]) -> list[Tensor]:
    """tensor_split by columns."""
    if self.dim() == 0:
        raise RuntimeError("torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with 0 dimensions!")
    return self.tensor_split(indices, 0 if self.dim() == 1 else 1)


@op.composite(overload="int")
def vsplit(self: Tensor, sections: int) -> list[Tensor]:
    """tensor_split by rows."""
    if self.dim() < 2:
        raise RuntimeError(f"torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with {self.dim()} dimensions!")
    if sections <= 0 or self.size(0) % sections != 0:
        raise RuntimeError(f"torch.vsplit attempted to split along dimension 0, but the size of the dimension {self.size(0)} is not divisible by the split_size {sections}!")
    return self.tensor_split(sections, 0)


@op.composite(overload="array")
def vsplit(self: Tensor, indices: list[int]) -> list[Tensor]:
    """tensor_split by rows."""
    if self.dim() < 2:
        raise RuntimeError(f"torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with {self.dim()} dimensions!")
    return self.tensor_split(indices, 0)


@op.composite(overload="int")
def dsplit(self: Tensor, sections: int) -> list[Tensor]:
    """tensor_split by depth."""
    if self.dim() < 3:
        raise RuntimeError(f"torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with {self.dim()} dimensions!")
    if sections <= 0 or self.size(2) % sections != 0:
        raise RuntimeError(f"torch.dsplit attempted to split along dimension 2, but the size of the dimension {self.size(2)} is not divisible by the split_size {sections}!")
    return self.tensor_split(sections, 2)


@op.composite(overload="array")
def dsplit(self: Tensor, indices: list[int]) -> list[Tensor]:
    """tensor_split by depth."""
    if self.dim() < 3:
        raise RuntimeError(f"torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with {self.dim()} dimensions!")
    return self.tensor_split(indices, 2)


@op.primitive(view=True, variants="function")
def view_as_real(self: Tensor) -> Tensor:
    """A complex tensor as real and imaginary parts, in a last dimension of 2."""

@view_as_real.backward
def _(grad):
    d_self = torch.view_as_complex(grad.contiguous())


@op.primitive(view=True, variants="function")
def view_as_complex(self: Tensor) -> Tensor:
    """Pairs of numbers in the last dimension as complex numbers."""

@view_as_complex.backward
def _(grad):
    d_self = torch.view_as_real(grad)


@op.primitive(view=True, variants="none", namespace="private")
def alias(self: Tensor) -> Tensor:
    return cpu.as_strided(self, self.shape, self.strides(), self.storage_offset())

@alias.backward
def _(grad):
    d_self = grad


@op.composite(variants="function")
def atleast_1d(self: Tensor) -> Tensor:
    """With at least one dimension."""
    if self.dim() == 0:
        return self.reshape([1])
    return self


@op.composite(variants="function")
def atleast_2d(self: Tensor) -> Tensor:
    """With at least two dimensions."""
    if self.dim() == 0:
        return self.reshape([1, 1])
    if self.dim() == 1:
        return self.unsqueeze(0)
    return self


@op.composite(variants="function")
def atleast_3d(self: Tensor) -> Tensor:
    """With at least three dimensions."""
    if self.dim() == 0:
        return self.reshape([1, 1, 1])
    if self.dim() == 1:
        return self.unsqueeze(0).unsqueeze(-1)
    if self.dim() == 2:
        return self.unsqueeze(-1)
    return self


@op.composite(variants="function", overload="Sequence")
def atleast_1d(tensors: list[Tensor]) -> list[Tensor]:
    """Each with at least one dimension."""
    return [torch.atleast_1d(t) for t in tensors]


@op.composite(variants="function", overload="Sequence")
def atleast_2d(tensors: list[Tensor]) -> list[Tensor]:
    """Each with at least two dimensions."""
    return [torch.atleast_2d(t) for t in tensors]


@op.composite(variants="function", overload="Sequence")
def atleast_3d(tensors: list[Tensor]) -> list[Tensor]:
    """Each with at least three dimensions."""
    return [torch.atleast_3d(t) for t in tensors]


@op.composite(variants="function")
def broadcast_tensors(tensors: list[Tensor]) -> list[Tensor]:
    """All expanded to their common shape."""
    size: list[int] = []
    for t in tensors:
        size = broadcast_sizes(size, t.shape)
    return [t.expand(size) for t in tensors]


@op.composite(variants="function")
def meshgrid(tensors: list[Tensor], *, indexing: str = "ij") -> list[Tensor]:
    """The coordinates of a grid, a tensor for each axis."""
    if len(tensors) == 0:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    size: list[int] = []
    for t in tensors:
        if t.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t.dim()}")
        size.append(t.numel())
    if indexing != "ij" and indexing != "xy":
        raise RuntimeError(f"torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: {indexing}")
    swap = indexing == "xy" and len(tensors) >= 2
    if swap:
        first = size[0]
        size[0] = size[1]
        size[1] = first
    out: list[Tensor] = []
    for i in range(len(tensors)):
        at = i
        if swap and i < 2:
            at = 1 - i
        shape = [1] * len(tensors)
        shape[at] = tensors[i].numel()
        out.append(tensors[i].reshape(shape).expand(size))
    return out


# --- joining and rearranging -----------------------------------------------------------------------------------------------
@op.primitive(variants="function out", aliases="concat concatenate")
def cat(tensors: list[Tensor], dim: int = 0) -> Tensor:
    """Tensors one after another along a dimension."""

@cat.backward
def _(grad, tensors, dim):
    d_tensors = cat_gradients(grad, [t.size(dim) if t.dim() > 0 and t.shape != [0] else 0 for t in tensors], tensors, dim)


@op.composite(variants="none", namespace="private")
def cat_gradients(grad: Tensor, sizes: list[int], tensors: list[Tensor], dim: int) -> list[Tensor]:
    out: list[Tensor] = []
    start = 0
    for i in range(len(sizes)):
        if tensors[i].shape == [0]:
            out.append(grad.new_zeros([0]))
        else:
            out.append(grad.slice(dim, start, start + sizes[i], 1))
            start = start + sizes[i]
    return out


@op.primitive(variants="function out")
def stack(tensors: list[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension."""

@stack.backward
def _(grad, dim):
    d_tensors = grad.unbind(dim)


@op.composite(variants="function out")
def hstack(tensors: list[Tensor]) -> Tensor:
    """Tensors side by side."""
    if len(tensors) == 0:
        raise RuntimeError("hstack expects a non-empty TensorList")
    all = [torch.atleast_1d(t) for t in tensors]
    if all[0].dim() == 1:
        return torch.cat(all, 0)
    return torch.cat(all, 1)


@op.composite(variants="function out", aliases="row_stack")
def vstack(tensors: list[Tensor]) -> Tensor:
    """Tensors below each other."""
    if len(tensors) == 0:
        raise RuntimeError("vstack expects a non-empty TensorList")
    return torch.cat([torch.atleast_2d(t) for t in tensors], 0)


@op.composite(variants="function out")
def dstack(tensors: list[Tensor]) -> Tensor:
    """Tensors behind each other."""
    if len(tensors) == 0:
        raise RuntimeError("dstack expects a non-empty TensorList")
    return torch.cat([torch.atleast_3d(t) for t in tensors], 2)


@op.composite(variants="function out")
def column_stack(tensors: list[Tensor]) -> Tensor:
    """Vectors as columns, beside matrices."""
    if len(tensors) == 0:
        raise RuntimeError("column_stack expects a non-empty TensorList")
    return torch.cat([t.reshape([t.numel(), 1]) if t.dim() <= 1 else t for t in tensors], 1)


@op.composite(variants="function")
def block_diag(tensors: list[Tensor]) -> Tensor:
    """Matrices along the diagonal of a larger one."""
    rows = 0
    cols = 0
    for t in tensors:
        m = torch.atleast_2d(t)
        if m.dim() != 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input has {t.dim()} dimensions")
        rows += m.size(0)
        cols += m.size(1)
    parts: list[Tensor] = []
    before = 0
    dtype = result_type(tensors)
    for t in tensors:
        m = torch.atleast_2d(t).to(dtype)
        parts.append(torch.cat([m.new_zeros([m.size(0), before]), m, m.new_zeros([m.size(0), cols - before - m.size(1)])], 1))
        before += m.size(1)
    return torch.cat(parts, 0)


@op.primitive(variants="method")
def repeat(self: Tensor, repeats: list[int]) -> Tensor:
    """The tensor repeated along its dimensions."""

@repeat.backward
def _(grad, self, repeats):
    d_self = repeat_gradient(grad, repeats, self.shape)


@op.composite(variants="none", namespace="private")
def repeat_gradient(grad: Tensor, repeats: list[int], shape: list[int]) -> Tensor:
    extra = len(repeats) - len(shape)
    size: list[int] = []
    dims: list[int] = []
    for d in range(len(repeats)):
        if d >= extra:
            size.append(repeats[d])
            dims.append(len(size) - 1)
            size.append(shape[d - extra])
        else:
            size.append(repeats[d])
            dims.append(len(size) - 1)
    if grad.numel() == 0:
        return grad.new_zeros(shape)
    if len(dims) == 0:
        return grad
    return grad.reshape(size).sum(dims, False)


@op.composite
def tile(self: Tensor, dims: list[int]) -> Tensor:
    """As ``repeat``, with missing leading dimensions taken as 1."""
    missing = self.dim() - len(dims)
    if missing > 0:
        return self.repeat([1] * missing + dims)
    return self.repeat(dims)


@op.primitive(overload="self_Tensor")
def repeat_interleave(self: Tensor, repeats: Tensor, dim: int | None = None) -> Tensor:
    """Each place of a dimension repeated."""

@repeat_interleave.backward("IndexSelectBackward0")
def _(grad, self, repeats, dim):
    n = self.numel() if dim is None else self.size(dim)
    where = torch.repeat_interleave(torch.arange(0, n, 1, dtype=torch.int64), repeats.expand([n]) if repeats.dim() == 0 or repeats.numel() == 1 else repeats)
    d_self = index_add_to(grad, self.shape, dim, where)


@op.primitive(overload="self_int")
def repeat_interleave(self: Tensor, repeats: int, dim: int | None = None) -> Tensor:
    """Each place of a dimension repeated."""

@repeat_interleave.backward("IndexSelectBackward0")
def _(grad, self, repeats, dim):
    n = self.numel() if dim is None else self.size(dim)
    where = torch.repeat_interleave(torch.arange(0, n, 1, dtype=torch.int64), repeats)
    d_self = index_add_to(grad, self.shape, dim, where)


@op.composite(variants="none", namespace="private")
def index_add_to(grad: Tensor, shape: list[int], dim: int | None, index: Tensor) -> Tensor:
    if dim is None:
        n = 1
        for s in shape:
            n *= s
        return grad.new_zeros([n]).index_add(0, index, grad).reshape(shape)
    return grad.new_zeros(shape).index_add(dim, index, grad)


@op.primitive
def flip(self: Tensor, dims: list[int]) -> Tensor:
    """Dimensions in reverse."""

@flip.backward
def _(grad, dims):
    d_self = grad.flip(dims)


@op.composite
def fliplr(self: Tensor) -> Tensor:
    """Columns in reverse."""
    if self.dim() < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return self.flip([1])


@op.composite
def flipud(self: Tensor) -> Tensor:
    """Rows in reverse."""
    if self.dim() < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return self.flip([0])


@op.primitive
def roll(self: Tensor, shifts: int[1], dims: int[1] = []) -> Tensor:
    """Elements moved along dimensions, those at the end to the start."""

@roll.backward
def _(grad, shifts, dims):
    d_self = grad.roll([-s for s in shifts], dims)


@op.composite
def rot90(self: Tensor, k: int = 1, dims: list[int] = [0, 1]) -> Tensor:
    """Turned by 90 degrees in a plane, k times."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if self.dim() < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {self.dim()}")
    if wrap_dim(dims[0], self.dim()) == wrap_dim(dims[1], self.dim()):
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    turns = k % 4
    if turns == 1:
        return self.flip([dims[1]]).transpose(dims[0], dims[1])
    if turns == 2:
        return self.flip(dims)
    if turns == 3:
        return self.flip([dims[0]]).transpose(dims[0], dims[1])
    return self.clone(memory_format=torch.contiguous_format)


@op.composite(variants="function method out")
def diag(self: Tensor, diagonal: int = 0) -> Tensor:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
    if self.dim() == 1:
        return torch.diag_embed(self, diagonal, 0, 1)
    if self.dim() == 2:
        return self.diagonal(diagonal, 0, 1).clone()
    raise RuntimeError("matrix or a vector expected")

@diag.backward
def _(grad, self, diagonal):
    d_self = torch.diagonal_gradient(grad, self.shape, diagonal, 0, 1) if self.dim() == 2 else grad.diagonal(diagonal, 0, 1)


@op.composite
def diag_embed(self: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The last dimension as the diagonal of two new ones."""
    first = wrap_dim(dim1, self.dim() + 1)
    second = wrap_dim(dim2, self.dim() + 1)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = self.size(-1) + abs(offset)
    shape: list[int] = []
    at = 0
    for d in range(self.dim() + 1):
        if d == first or d == second:
            shape.append(n)
        else:
            shape.append(self.size(at))
            at += 1
    return torch.diagonal_gradient(self, shape, offset, first, second)


@op.composite
def diagflat(self: Tensor, offset: int = 0) -> Tensor:
    """All elements as the diagonal of a matrix."""
    return self.contiguous().view([-1]).diag(offset)


@op.primitive(variants="function method inplace out")
def tril(self: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle, the rest 0."""

@tril.backward
def _(grad, diagonal):
    d_self = grad.tril(diagonal)


@op.primitive(variants="function method inplace out")
def triu(self: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle, the rest 0."""

@triu.backward
def _(grad, diagonal):
    d_self = grad.triu(diagonal)


@op.composite
def trace(self: Tensor) -> Tensor:
    """The sum of the diagonal."""
    if self.dim() != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {self.dim()}")
    return self.diagonal(0, 0, 1).sum()

@trace.backward
def _(grad, self):
    n = min(self.size(0), self.size(1))
    d_self = torch.diagonal_gradient(grad.expand([n]), self.shape, 0, 0, 1)


@op.composite
def constant_pad_nd(self: Tensor, pad: list[int], value: Scalar = 0) -> Tensor:
    """Elements of one value around the tensor; ``pad`` names the last dimension first."""
    if len(pad) % 2 != 0:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) > 2 * self.dim():
        raise RuntimeError(f"Length of pad should be no more than twice the number of dimensions of the input. Pad length is {len(pad)}while the input has {self.dim()}dimensions.")
    size = self.shape[0:]
    part = self
    for i in range(len(pad) // 2):
        d = self.dim() - 1 - i
        before = pad[2 * i]
        after = pad[2 * i + 1]
        size[d] = self.size(d) + before + after
        if size[d] < 0:
            raise RuntimeError(f"The input size {self.size(d)}, plus negative padding {before} and {after} resulted in a negative output size, which is invalid. Check dimension {d} of your input.")
        if before < 0:
            part = part.narrow(d, -before, part.size(d) + before)
        if after < 0:
            part = part.narrow(d, 0, part.size(d) + after)
    out = torch.full(size, value, dtype=self.dtype, device=self.device)
    inner = out
    for i in range(len(pad) // 2):
        d = self.dim() - 1 - i
        if pad[2 * i] > 0:
            inner = inner.narrow(d, pad[2 * i], inner.size(d) - pad[2 * i])
        if pad[2 * i + 1] > 0:
            inner = inner.narrow(d, 0, inner.size(d) - pad[2 * i + 1])
    inner.copy_(part)
    return out

@constant_pad_nd.backward
def _(grad, pad):
    d_self = torch.constant_pad_nd(grad, [-p for p in pad], 0)


@op.composite(variants="function")
def cartesian_prod(tensors: list[Tensor]) -> Tensor:
    """All combinations of the tensors' elements, a row each."""
    for t in tensors:
        if t.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {t.shape}")
    if len(tensors) == 1:
        return tensors[0]
    grids = torch.meshgrid(tensors)
    return torch.stack([g.flatten() for g in grids], 1)


@op.composite(variants="function")
def combinations(self: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of r elements, a row each."""
    if self.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {self.shape}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return self.new_empty([0])
    n = self.numel()
    grids = torch.meshgrid([torch.arange(0, n, 1, dtype=torch.int64) for _i in range(r)])
    mask = torch.ones(grids[0].shape, dtype=torch.bool)
    for i in range(r - 1):
        mask = mask & (grids[i] <= grids[i + 1] if with_replacement else grids[i] < grids[i + 1])
    return torch.stack([self.index_select(0, g.masked_select(mask)) for g in grids], 1)


# --- a part replaced -----------------------------------------------------------------------------------------------------------
@op.composite
def select_scatter(self: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy with one place of a dimension replaced."""
    out = self.clone()
    part = out.select(dim, index)
    if part.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {src.shape}, slice size = {part.shape}")
    part.copy_(src)
    return out

@select_scatter.backward
def _(grad, src, dim, index):
    d_self = torch.select_scatter(grad, torch.zeros(src.shape, dtype=grad.dtype), dim, index)
    d_src = grad.select(dim, index)


@op.composite
def slice_scatter(self: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """A copy with a slice of a dimension replaced."""
    out = self.clone()
    part = out.slice(dim, start, end, step)
    if part.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {src.shape}, slice size = {part.shape}")
    part.copy_(src)
    return out

@slice_scatter.backward
def _(grad, src, dim, start, end, step):
    d_self = torch.slice_scatter(grad, torch.zeros(src.shape, dtype=grad.dtype), dim, start, end, step)
    d_src = grad.slice(dim, start, end, step)


@op.composite
def diagonal_scatter(self: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy with a diagonal replaced."""
    out = self.clone()
    part = out.diagonal(offset, dim1, dim2)
    if part.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {src.shape}, slice size = {part.shape}")
    part.copy_(src)
    return out

@diagonal_scatter.backward
def _(grad, src, offset, dim1, dim2):
    d_self = torch.diagonal_scatter(grad, torch.zeros(src.shape, dtype=grad.dtype), offset, dim1, dim2)
    d_src = grad.diagonal(offset, dim1, dim2)


@op.composite
def as_strided_scatter(self: Tensor, src: Tensor, size: list[int], stride: list[int], storage_offset: int | None = None) -> Tensor:
    """A copy with a strided part replaced."""
    out = self.clone()
    part = out.as_strided(size, stride, storage_offset)
    if part.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {src.shape}, slice size = {part.shape}")
    part.copy_(src)
    return out

@as_strided_scatter.backward
def _(grad, src, size, stride, storage_offset):
    d_self = torch.as_strided_scatter(grad.contiguous(), torch.zeros(src.shape, dtype=grad.dtype), size, stride, storage_offset)
    d_src = grad.contiguous().as_strided(size, stride, storage_offset)


@op.composite(variants="function")
def unsafe_chunk(self: Tensor, chunks: int, dim: int = 0) -> list[Tensor]:
    """As chunk."""
    return self.chunk(chunks, dim)


@op.composite(variants="function")
def unsafe_split(self: Tensor, split_size: int, dim: int = 0) -> list[Tensor]:
    """As split."""
    return self.split(split_size, dim)


@op.composite(variants="function")
def unsafe_split_with_sizes(self: Tensor, split_sizes: list[int], dim: int = 0) -> list[Tensor]:
    """As split_with_sizes."""
    return self.split_with_sizes(split_sizes, dim)


@op.composite(variants="method", differentiable=False)
def as_strided_(self: Tensor, size: list[int], stride: list[int], storage_offset: int | None = None) -> Tensor:
    """The tensor itself with other sizes, strides and offset."""
    cpu.as_strided_(self, size, stride, storage_offset)

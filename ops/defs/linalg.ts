"""Products of matrices and vectors."""


@op.primitive(variants="function method out")
def mm(self: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""

@mm.backward
def _(grad, self, mat2):
    d_self = grad.mm(mat2.t().conj())
    d_mat2 = self.t().conj().mm(grad)


@op.primitive(variants="function method out")
def bmm(self: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices."""

@bmm.backward
def _(grad, self, mat2):
    d_self = grad.bmm(mat2.transpose(1, 2).conj())
    d_mat2 = self.transpose(1, 2).conj().bmm(grad)


@op.primitive(variants="function method out")
def mv(self: Tensor, vec: Tensor) -> Tensor:
    """A matrix times a vector."""

@mv.backward
def _(grad, self, vec):
    d_self = torch.outer_product(grad, vec.conj())
    d_vec = self.conj().t().mv(grad)


@op.composite(variants="none", namespace="private")
def outer_product(self: Tensor, vec2: Tensor) -> Tensor:
    return self.unsqueeze(1) * vec2


@op.primitive(variants="function method out")
def dot(self: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""

@dot.backward
def _(grad, self, tensor):
    d_self = grad * tensor.conj()
    d_tensor = grad * self.conj()


@op.primitive(variants="function method out")
def vdot(self: Tensor, other: Tensor) -> Tensor:
    """The inner product with the first vector conjugated."""

@vdot.backward
def _(grad, self, other):
    d_self = grad.conj() * other
    d_other = grad * self


@op.primitive(variants="function method inplace out")
def addmm(self: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """``beta * self + alpha * mat1 @ mat2``."""

@addmm.backward
def _(grad, mat1, mat2, beta, alpha):
    d_self = scaled(grad, beta)
    d_mat1 = scaled(grad.mm(mat2.t().conj()), alpha)
    d_mat2 = scaled(mat1.t().conj().mm(grad), alpha)


@op.primitive(variants="function method inplace out")
def addmv(self: Tensor, mat: Tensor, vec: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """``beta * self + alpha * mat @ vec``."""

@addmv.backward
def _(grad, mat, vec, beta, alpha):
    d_self = scaled(grad, beta)
    d_mat = scaled(torch.outer_product(grad, vec.conj()), alpha)
    d_vec = scaled(mat.t().conj().mv(grad), alpha)


@op.composite(variants="function method inplace out")
def addr(self: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """``beta * self + alpha * outer(vec1, vec2)``."""
    if vec1.dim() != 1 or vec2.dim() != 1:
        raise RuntimeError(f"addr: Expected 1-D argument vec1, but got {vec1.dim()}-D")
    product = torch.outer_product(vec1, vec2)
    if is_bool_type(self.dtype):
        kept = product if float(alpha) != 0.0 else torch.zeros_like(product)
        return kept if float(beta) == 0.0 else self.logical_or(kept)
    if beta == 0:
        return product * alpha
    return self * beta + product * alpha

@addr.backward
def _(grad, vec1, vec2, beta, alpha):
    d_self = scaled(grad, beta)
    d_vec1 = scaled(grad.mv(vec2.conj()), alpha)
    d_vec2 = scaled(grad.t().mv(vec1.conj()), alpha)


@op.primitive(variants="function method inplace out")
def baddbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """``beta * self + alpha * batch1 @ batch2``."""

@baddbmm.backward
def _(grad, batch1, batch2, beta, alpha):
    d_self = scaled(grad, beta)
    d_batch1 = scaled(grad.bmm(batch2.transpose(1, 2).conj()), alpha)
    d_batch2 = scaled(batch1.transpose(1, 2).conj().bmm(grad), alpha)


@op.primitive(variants="function method inplace out")
def addbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """``beta * self + alpha * sum(batch1 @ batch2)``."""

@addbmm.backward
def _(grad, batch1, batch2, beta, alpha):
    whole = grad.unsqueeze(0).expand([batch1.size(0), batch1.size(1), batch2.size(2)])
    d_self = scaled(grad, beta)
    d_batch1 = scaled(whole.bmm(batch2.transpose(1, 2).conj()), alpha)
    d_batch2 = scaled(batch1.transpose(1, 2).conj().bmm(whole), alpha)


@op.composite(variants="function method out", operator="matmul")
def matmul(self: Tensor, other: Tensor) -> Tensor:
    """The product of matrices, vectors, or batches of matrices."""
    n1 = self.dim()
    n2 = other.dim()
    if n1 == 0 or n2 == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {n1}D and {n2}D")
    if n1 == 1 and n2 == 1:
        return self.dot(other)
    if n1 == 2 and n2 == 1:
        return self.mv(other)
    if n1 == 1 and n2 == 2:
        return self.unsqueeze(0).mm(other).squeeze(0)
    if n1 == 2 and n2 == 2:
        return self.mm(other)
    if n1 >= 3 and n2 <= 2:
        # All rows of all matrices in one product.
        right = other.unsqueeze(1) if n2 == 1 else other
        rows = 1
        for d in range(n1 - 1):
            rows *= self.size(d)
        folded = self.reshape([rows, self.size(-1)])
        size = self.shape[0:n1 - 1]
        if n2 == 2:
            return torch.unsafe_view(folded.mm(right), size + [right.size(1)])
        return torch.unsafe_view(folded.mv(other), size)
    # Batches on both sides, or on the right one.
    left = self.unsqueeze(0) if n1 == 1 else self
    right = other.unsqueeze(1) if n2 == 1 else other
    batch = broadcast_sizes(left.shape[0:left.dim() - 2], right.shape[0:right.dim() - 2])
    count = 1
    for b in batch:
        count *= b
    n = left.size(-2)
    m = left.size(-1)
    p = right.size(-1)
    a = left.expand(batch + [n, m]).reshape([count, n, m])
    b3 = right.expand(batch + [right.size(-2), p]).reshape([count, right.size(-2), p])
    size = batch[0:]
    if n1 > 1:
        size.append(n)
    if n2 > 1:
        size.append(p)
    return torch.unsafe_view(a.bmm(b3), size)


@op.composite(variants="function method out", aliases="ger")
def outer(self: Tensor, vec2: Tensor) -> Tensor:
    """All products of elements of two vectors."""
    if self.dim() != 1 or vec2.dim() != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {self.dim()}-D")
    return self.reshape([self.size(0), 1]) * vec2


@op.composite(variants="function method out")
def inner(self: Tensor, other: Tensor) -> Tensor:
    """Products along the last dimensions."""
    if self.dim() == 0 or other.dim() == 0:
        return self * other
    if self.size(-1) != other.size(-1):
        raise RuntimeError(f"inner() the last dimension must match on both input tensors but got shapes {self.shape} and {other.shape}")
    return torch.tensordot(self, other, [-1], [-1])


@op.composite(variants="function out")
def tensordot(self: Tensor, other: Tensor, dims_self: list[int], dims_other: list[int]) -> Tensor:
    """Sums of products along several dimensions."""
    if len(dims_self) != len(dims_other):
        raise RuntimeError(f"both dimension lists should have same length")
    first = wrap_dims(dims_self, self.dim())
    second = wrap_dims(dims_other, other.dim())
    order1: list[int] = []
    order2: list[int] = []
    size: list[int] = []
    n = 1
    m = 1
    p = 1
    for d in range(self.dim()):
        if d not in first:
            order1.append(d)
            size.append(self.size(d))
            n *= self.size(d)
    a = self
    b = other
    for i in range(len(first)):
        order1.append(first[i])
        order2.append(second[i])
        s1 = self.size(first[i])
        s2 = other.size(second[i])
        if s1 != s2:
            if s2 == 1:
                a = a.sum([first[i]], True)
                s1 = 1
            elif s1 == 1:
                b = b.sum([second[i]], True)
            else:
                raise RuntimeError(f"contracted dimensions need to match, but first has size {s1} in dim {dims_self[i]} and second has size {s2} in dim {dims_other[i]}")
        m *= s1
    for d in range(other.dim()):
        if d not in second:
            order2.append(d)
            size.append(other.size(d))
            p *= other.size(d)
    return a.permute(order1).reshape([n, m]).mm(b.permute(order2).reshape([m, p])).reshape(size)


@op.composite(variants="function out", namespace="nn")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``."""
    if input.dim() == 2 and bias is not None:
        return torch.addmm(bias, input, weight.t())
    out = input.matmul(weight.t())
    if bias is not None:
        return out + bias
    return out


@op.composite(variants="function")
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x1.T @ weight[k] @ x2 + bias[k]`` for each k."""
    if input1.dim() != input2.dim():
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}")
    for i in range(input1.dim() - 1):
        if input1.size(i) != input2.size(i):
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {input1.size(i)} and {input2.size(i)}")
    if input1.size(-1) != weight.size(1):
        raise RuntimeError(f"bilinear(): input1 size does not match weight size: got {input1.size(-1)} but expected {weight.size(1)}")
    if input2.size(-1) != weight.size(2):
        raise RuntimeError(f"bilinear(): input2 size does not match weight size: got {input2.size(-1)} but expected {weight.size(2)}")
    size = input1.shape[0:input1.dim() - 1]
    a = input1.reshape([-1, input1.size(-1)])
    b = input2.reshape([-1, input2.size(-1)])
    # (k, i, j) with (n, i) to (n, k, j), then along j with (n, j)
    part = a.mm(weight.permute([1, 0, 2]).reshape([weight.size(1), weight.size(0) * weight.size(2)]))
    out = (part.view([a.size(0), weight.size(0), weight.size(2)]) * b.unsqueeze(1)).sum([-1], False).reshape(size + [weight.size(0)]).to(input1.dtype)
    if bias is not None:
        return out + bias
    return out


@op.composite(variants="function")
def chain_matmul(matrices: list[Tensor]) -> Tensor:
    """The product of several matrices."""
    for m in matrices:
        if m.dim() != 2:
            raise RuntimeError(f"Tensor dimension is {m.dim()}, expected 2 instead.")
    out = matrices[0]
    for i in range(1, len(matrices)):
        out = out.mm(matrices[i])
    return out


@op.composite(variants="function method out")
def cross(self: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector product along a dimension of size 3."""
    d = -1
    if dim is None:
        for i in range(self.dim()):
            if d < 0 and self.size(i) == 3:
                d = i
        if d < 0:
            raise RuntimeError("no dimension of size 3 in input")
    else:
        d = wrap_dim(dim, self.dim())
    if self.shape[0:] != other.shape[0:] and self.dim() != other.dim():
        raise RuntimeError("inputs must have the same number of dimensions.")
    if self.size(d) != 3 or other.size(d) != 3:
        raise RuntimeError(f"inputs dimension {d} must have length 3. Got {self.size(d)} and {other.size(d)}")
    a0 = self.select(d, 0)
    a1 = self.select(d, 1)
    a2 = self.select(d, 2)
    b0 = other.select(d, 0)
    b1 = other.select(d, 1)
    b2 = other.select(d, 2)
    return torch.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], d)

@cross.backward("LinalgCrossBackward0")
def _(grad, self, other, dim):
    d_self = torch.cross(other.conj(), grad, dim)
    d_other = torch.cross(grad, self.conj(), dim)


@op.composite(variants="function method out")
def kron(self: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product."""
    n = max(self.dim(), other.dim())
    size1: list[int] = []
    size2: list[int] = []
    size: list[int] = []
    for d in range(n):
        a = d - (n - self.dim())
        b = d - (n - other.dim())
        s1 = self.size(a) if a >= 0 else 1
        s2 = other.size(b) if b >= 0 else 1
        size1.append(s1)
        size1.append(1)
        size2.append(1)
        size2.append(s2)
        size.append(s1 * s2)
    return torch.unsafe_view((self.reshape(size1) * other.reshape(size2)).contiguous(), size)

"""Sparse tensors in coordinate form: the places of elements, and their values.

A sparse tensor is an object of the language that holds two ordinary tensors: indices (sparse dimensions x elements) and values
(elements x dense dimensions). Everything is composed of operators on these two, so gradients flow through the values. Operators of
torch that are given a sparse tensor come here through __torch_function__.
"""
import torch
from torch import Tensor


def _uncoalesced(what):
    raise RuntimeError(f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first")


def _content(t):
    if t.numel() == 0:
        return "[], size=" + str(tuple(t.shape))
    text = repr(t.detach())[7:]
    return text[:text.rindex("]") + 1]


def _text(parts, t, new_line):
    """tensor(name=tensor(...), ..., size=..., nnz=..., layout=...), with the marks at the end broken into lines of 80 characters."""
    pieces = []
    for name, part in parts:
        prefix = name + "=tensor("
        pieces.append(prefix + _content(part).replace("\n       ", "\n" + " " * (7 + len(prefix))) + ")")
    out = "tensor(" + ",\n       ".join(pieces)
    marks = ["size=" + str(tuple(t.shape)), f"nnz={t._nnz()}"]
    if t.dtype not in (torch.get_default_dtype(), torch.int64, torch.bool,
                       torch.complex128 if torch.get_default_dtype() == torch.float64 else torch.complex64):
        marks.append("dtype=" + str(t.dtype))
    elif t.dtype == torch.int64 and t._nnz() == 0:
        marks.append("dtype=torch.int64")
    marks.append("layout=" + str(t.layout))
    if t.grad_fn is not None:
        marks.append(f"grad_fn=<{type(t.grad_fn).__name__}>")
    elif t.requires_grad:
        marks.append("requires_grad=True")
    used = len(out) - out.rfind("\n") + 1
    for mark in marks:
        if new_line or used + len(mark) + 2 > 80:
            out += ",\n       " + mark
            used = 7 + len(mark)
            new_line = False
        else:
            out += ", " + mark
            used += len(mark) + 2
    return out + ")"


class _SparseTensor:
    """What torch.sparse_coo_tensor gives."""

    layout = torch.sparse_coo
    is_sparse = True
    is_sparse_csr = is_cuda = is_quantized = is_mkldnn = is_meta = False
    is_cpu = True
    names = None

    def __init__(self, indices, values, size, coalesced=False):
        self._i, self._v, self._size, self._is_coalesced = indices, values, torch.Size(size), coalesced

    @property
    def __class__(self):
        return Tensor

    # --- what it is ---
    shape = property(lambda self: self._size)
    dtype = property(lambda self: self._v.dtype)
    device = property(lambda self: self._v.device)
    ndim = property(lambda self: len(self._size))
    requires_grad = property(lambda self: self._v.requires_grad, lambda self, on: self._v.requires_grad_(on))
    is_leaf = property(lambda self: self._v.is_leaf)
    grad_fn = property(lambda self: self._v.grad_fn)
    T = property(lambda self: self.t())

    @property
    def grad(self):
        g = self._v.grad
        return None if g is None else _SparseTensor(self._i, g, self._size, self._is_coalesced)

    def size(self, dim=None):
        return self._size if dim is None else self._size[dim]

    def dim(self):
        return len(self._size)

    def numel(self):
        return self._size.numel()

    def sparse_dim(self):
        return self._i.size(0)

    def dense_dim(self):
        return self._v.dim() - 1

    def _nnz(self):
        return self._v.size(0)

    def is_coalesced(self):
        return self._is_coalesced

    def is_floating_point(self):
        return self._v.is_floating_point()

    def is_complex(self):
        return self._v.is_complex()

    def _indices(self):
        return self._i

    def _values(self):
        return self._v

    def indices(self):
        return self._i if self._is_coalesced else _uncoalesced("indices")

    def values(self):
        return self._v if self._is_coalesced else _uncoalesced("values")

    def requires_grad_(self, requires_grad=True):
        self._v.requires_grad_(requires_grad)
        return self

    def __len__(self):
        return self._size[0]

    def __hash__(self):
        return id(self)

    def __bool__(self):
        if self.numel() != 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.to_dense())

    def storage(self):
        raise NotImplementedError("Cannot access storage of SparseTensorImpl")

    # --- forms ---
    def to_dense(self, dtype=None):
        out = torch.zeros(self._size, dtype=self.dtype)
        if self._i.size(0) == 0:
            out = out + self._v.sum(0)
        elif self._nnz():
            out = out.index_put(tuple(self._i), self._v, accumulate=True)
        return out if dtype is None else out.to(dtype)

    def to_sparse(self, sparse_dim=None, **kwargs):
        return self

    to_sparse_coo = to_sparse

    def to_sparse_csr(self):
        return _csr_of(self.coalesce())

    def coalesce(self):
        if self._is_coalesced:
            return self
        if self._nnz() < 2:
            return _SparseTensor(self._i, self._v, self._size, True)
        flat = torch.zeros(self._nnz(), dtype=torch.int64)
        for d in range(self._i.size(0)):
            flat = flat * self._size[d] + self._i[d]
        places, where = torch.unique(flat, return_inverse=True)
        values = torch.zeros((places.numel(),) + tuple(self._v.shape[1:]), dtype=self.dtype).index_add(0, where, self._v)
        rows = []
        for d in range(self._i.size(0) - 1, -1, -1):
            rows.append(places % self._size[d])
            places = places // self._size[d]
        return _SparseTensor(torch.stack(rows[::-1]), values, self._size, True)

    def _with(self, values, coalesced=None):
        return _SparseTensor(self._i, values, self._size, self._is_coalesced if coalesced is None else coalesced)

    def _set(self, other):
        self._i, self._v, self._is_coalesced = other._i, other._v, other._is_coalesced
        return self

    def clone(self, *, memory_format=None):
        return _SparseTensor(self._i.clone(), self._v.clone(), self._size, self._is_coalesced)

    def detach(self):
        return self._with(self._v.detach())

    def detach_(self):
        self._v.detach_()
        return self

    data = property(detach)

    def _gradient_parts(self):
        return self._i, self._v, self._is_coalesced, self._size

    def to(self, *args, **kwargs):
        return self._with(self._v.to(*args, **kwargs))

    def cpu(self):
        return self

    def float(self):
        return self._with(self._v.float())

    def double(self):
        return self._with(self._v.double())

    def long(self):
        return self._with(self._v.long())

    def int(self):
        return self._with(self._v.int())

    def type(self, dtype=None):
        if dtype is None:
            return "torch.sparse." + self._v.type()[6:]
        return self._with(self._v.type(dtype))

    def item(self):
        return self.to_dense().item()

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        self.to_dense().backward(gradient.to_dense() if gradient is not None else None, retain_graph, create_graph, inputs)

    # --- arithmetic ---
    def neg(self):
        return self._with(-self._v)

    def add(self, other, *, alpha=1):
        if not isinstance(other, Tensor):
            raise TypeError("add(): argument 'other' of a sparse tensor must be a tensor")
        if not isinstance_sparse(other):
            raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
        if self._size != other._size:
            raise RuntimeError(f"add: expected sizes of 'self' and 'other' to match, but {list(self._size)} != {list(other._size)}")
        a, b = _same_split(self, other)
        places, to_a, to_b = torch._C._private.sparse_union(a._i, b._i)
        values = torch.zeros((places.size(1),) + tuple(a._v.shape[1:]), dtype=torch.promote_types(a.dtype, b.dtype))
        values = values.index_add(0, to_a, a._v.to(values.dtype)).index_add(0, to_b, b._v.to(values.dtype), alpha=alpha)
        return _SparseTensor(places, values, self._size, a._is_coalesced and b._is_coalesced)

    def sub(self, other, *, alpha=1):
        return self.add(other, alpha=-alpha)

    def mul(self, other):
        if not isinstance(other, Tensor):
            return self._with(self._v * other)
        if isinstance_sparse(other):
            a, b = self.coalesce(), other.coalesce()
            if a._size != b._size:
                raise RuntimeError("mul operands have incompatible sizes")
            dense = b.to_dense()
            keep = torch.tensor([tuple(c) in set(map(tuple, b._i.t().tolist())) for c in a._i.t().tolist()], dtype=torch.bool)
            values = a._v * dense[tuple(a._i)]
            return _SparseTensor(a._i[:, keep], values[keep], self._size, True)
        if other.dim() == 0:
            return self._with(self._v * other)
        return self._with(self._v * other.expand(self._size)[tuple(self._i)])

    def div(self, other, *, rounding_mode=None):
        if isinstance(other, Tensor) and (isinstance_sparse(other) or other.dim() > 0):
            raise RuntimeError("Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
                               f"{list(other.shape)} for divisor)")
        base = self.coalesce() if rounding_mode is not None else self
        return base._with(base._v.div(other, rounding_mode=rounding_mode))

    def pow(self, exponent):
        base = self.coalesce()
        return base._with(base._v ** exponent)

    def __add__(self, other):
        return self.add(other)

    def __radd__(self, other):
        return _add_to_dense(other, self, 1)

    def __sub__(self, other):
        return self.sub(other)

    def __rsub__(self, other):
        return _add_to_dense(other, self, -1)

    def __mul__(self, other):
        return self.mul(other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self.div(other)

    def __pow__(self, other):
        return self.pow(other)

    def __neg__(self):
        return self.neg()

    def __matmul__(self, other):
        return self.matmul(other)

    def __rmatmul__(self, other):
        return _product(self.t(), other.t()).t()

    def __iadd__(self, other):
        return self.add_(other)

    def __imul__(self, other):
        return self.mul_(other)

    def __isub__(self, other):
        return self.sub_(other)

    def __itruediv__(self, other):
        return self.div_(other)

    def add_(self, other, *, alpha=1):
        return self._set(self.add(other, alpha=alpha))

    def sub_(self, other, *, alpha=1):
        return self._set(self.sub(other, alpha=alpha))

    def mul_(self, other):
        return self._set(self.mul(other))

    def div_(self, other, *, rounding_mode=None):
        return self._set(self.div(other, rounding_mode=rounding_mode))

    def neg_(self):
        return self._set(self.neg())

    def zero_(self):
        return self._set(_SparseTensor(self._i[:, :0], self._v[:0], self._size, True))

    def copy_(self, src, non_blocking=False):
        return self._set(src.clone())

    # Functions that keep zeros where they are work on the values of the summed elements.
    def _values_only(self, function):
        base = self.coalesce()
        return base._with(function(base._v))

    def matmul(self, other):
        if self.dim() == 2 and other.dim() == 1:
            return _product(self, other.unsqueeze(1)).squeeze(1)
        return _product(self, other)

    def mm(self, mat2):
        return _product(self, mat2)

    def mv(self, vec):
        return _product(self, vec.unsqueeze(1)).squeeze(1)

    def addmm(self, mat1, mat2, *, beta=1, alpha=1):
        return self * beta + mat1.mm(mat2) * alpha

    # --- shapes ---
    def transpose(self, dim0, dim1):
        n = self.sparse_dim()
        dim0, dim1 = dim0 % self.dim(), dim1 % self.dim()
        size = list(self._size)
        size[dim0], size[dim1] = size[dim1], size[dim0]
        if dim0 >= n or dim1 >= n:
            if dim0 < n or dim1 < n:
                raise RuntimeError("transpose: can only transpose sparse dimensions with each other")
            return _SparseTensor(self._i, self._v.transpose(dim0 - n + 1, dim1 - n + 1), size, self._is_coalesced)
        order = list(range(n))
        order[dim0], order[dim1] = order[dim1], order[dim0]
        return _SparseTensor(self._i[order], self._v, size)

    def t(self):
        if self.dim() > 2:
            raise RuntimeError(f"t() expects a tensor with <= 2 sparse and 0 dense dimensions, but got {self.sparse_dim()} sparse and "
                               f"{self.dense_dim()} dense dimensions")
        return self if self.dim() < 2 else self.transpose(0, 1)

    def narrow_copy(self, dim, start, length):
        n = self.sparse_dim()
        dim %= self.dim()
        size = list(self._size)
        size[dim] = length
        if dim >= n:
            return _SparseTensor(self._i, self._v.narrow(dim - n + 1, start, length).clone(), size, self._is_coalesced)
        keep = (self._i[dim] >= start) & (self._i[dim] < start + length)
        indices = self._i[:, keep]
        shift = torch.zeros(n, 1, dtype=torch.int64)
        shift[dim] = start
        return _SparseTensor(indices - shift, self._v[keep], size, self._is_coalesced)

    narrow = narrow_copy

    def select(self, dim, index):
        part = self.narrow_copy(dim, index % self._size[dim], 1)
        dim %= self.dim()
        n = self.sparse_dim()
        size = list(self._size)
        del size[dim]
        if dim >= n:
            return _SparseTensor(part._i, part._v.squeeze(dim - n + 1), size, self._is_coalesced)
        rest = [d for d in range(n) if d != dim]
        if not rest:
            return part._v.sum(0)
        return _SparseTensor(part._i[rest], part._v, size, self._is_coalesced)

    def __getitem__(self, index):
        if isinstance(index, int):
            if index >= self._size[0] or index < -self._size[0]:
                raise IndexError(f"index {index} is out of bounds for dimension 0 with size {self._size[0]}")
            return self.select(0, index)
        if isinstance(index, tuple) and all(isinstance(i, int) for i in index):
            out = self
            for i in index:
                out = out[i]
            return out
        raise NotImplementedError("indexing of a sparse tensor with anything but ints")

    def index_select(self, dim, index):
        return _from_dense(self.to_dense().index_select(dim, index), self.sparse_dim())

    def unsqueeze(self, dim):
        dim %= self.dim() + 1
        n = self.sparse_dim()
        size = list(self._size)
        size.insert(dim, 1)
        if dim > n:
            return _SparseTensor(self._i, self._v.unsqueeze(dim - n + 1), size, self._is_coalesced)
        rows = list(self._i)
        rows.insert(dim, torch.zeros(self._nnz(), dtype=torch.int64))
        return _SparseTensor(torch.stack(rows), self._v, size, self._is_coalesced)

    def sum(self, dim=None, keepdim=False, dtype=None):
        return sum(self, dim, dtype)

    def norm(self, p=2, dim=None, keepdim=False, dtype=None):
        return self.coalesce()._v.norm(2 if p == "fro" else p)

    def sparse_mask(self, mask):
        return _masked_by(self.to_dense(), mask)

    def sparse_resize_(self, size, sparse_dim, dense_dim):
        self._size = torch.Size(size)
        return self

    def sparse_resize_and_clear_(self, size, sparse_dim, dense_dim):
        size = list(size)
        return self.__init__(torch.zeros(sparse_dim, 0, dtype=torch.int64),
                             torch.zeros([0] + size[sparse_dim:], dtype=self.dtype), size, True) or self

    def is_same_size(self, other):
        return self._size == other.shape

    def __reduce_ex__(self, protocol):
        from torch import _utils
        return _utils._rebuild_sparse_tensor, (self.layout, (self._i, self._v, self._size))

    # --- text ---
    def __repr__(self):
        return _text([("indices", self._i), ("values", self._v)], self, True)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.__name__
        handler = _FUNCTIONS.get(name)
        if handler is not None:
            return handler(*args, **kwargs)
        if args and isinstance_sparse(args[0]):
            method = getattr(_SparseTensor, name, None)
            if method is not None:
                return method(*args, **kwargs)
            if name in _ZERO_PRESERVING:
                return args[0]._values_only(lambda v: func(v, *args[1:], **kwargs))
        raise NotImplementedError(f"Could not run 'aten::{name}' with arguments from the 'SparseCPU' backend")


class _SparseGradient(_SparseTensor):
    """The gradient of a table of embeddings: its parts are those that the engine has, so that what is done in place is seen there."""

    def __init__(self, parts, size):
        self._parts, self._size = parts, size

    def _set_indices(self, indices):
        self._parts.indices = indices

    def _set_values(self, values):
        self._parts.values = values

    def _set_coalesced(self, coalesced):
        self._parts.coalesced = coalesced

    _i = property(lambda self: self._parts.indices, _set_indices)
    _v = property(lambda self: self._parts.values, _set_values)
    _is_coalesced = property(lambda self: self._parts.coalesced, _set_coalesced)

    def _gradient_parts(self):
        return self._parts


_ZERO_PRESERVING = {"abs", "asin", "asinh", "atan", "atanh", "ceil", "deg2rad", "erf", "erfinv", "expm1", "floor", "frac", "log1p",
                    "rad2deg", "relu", "round", "sgn", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc", "conj", "positive",
                    "isnan", "isinf", "isneginf", "isposinf", "signbit", "nan_to_num"}


def _zero_preserving(name):
    def method(self):
        return self._values_only(lambda v: getattr(v, name)())

    return method


for _name in _ZERO_PRESERVING:
    if not hasattr(_SparseTensor, _name):
        setattr(_SparseTensor, _name, _zero_preserving(_name))


class _CsrTensor(_SparseTensor):
    """A matrix by rows: where each row begins, the columns of its elements, and the elements. What it computes goes through the
    coordinate form."""

    is_sparse, is_sparse_csr = False, True

    def __init__(self, crow, col, values, size):
        self._crow, self._col = crow, col
        rows = torch.arange(size[0]).repeat_interleave(crow[1:] - crow[:-1])
        super().__init__(torch.stack([rows, col.to(torch.int64)]), values, size, True)

    layout = property(lambda self: _csr_layout())

    def crow_indices(self):
        return self._crow

    def col_indices(self):
        return self._col

    def values(self):
        return self._v

    def indices(self):
        raise RuntimeError("indices expected sparse coordinate tensor layout but got SparseCsr")

    def _coo(self):
        return _SparseTensor(self._i, self._v, self._size, True)

    def to_sparse(self, sparse_dim=None, **kwargs):
        return self._coo()

    to_sparse_coo = to_sparse

    def to_sparse_csr(self):
        return self

    def _with(self, values, coalesced=None):
        return _CsrTensor(self._crow, self._col, values, self._size)

    def clone(self, *, memory_format=None):
        return _CsrTensor(self._crow.clone(), self._col.clone(), self._v.clone(), self._size)

    def add(self, other, *, alpha=1):
        if type(other) is _CsrTensor:
            return self._coo().add(other._coo(), alpha=alpha).to_sparse_csr()
        return _add_to_dense(other, self._coo(), 1) if alpha == 1 else _add_to_dense(other * alpha, self._coo(), 1)

    def transpose(self, dim0, dim1):
        raise NotImplementedError("torch.sparse_csc: the transpose of a matrix by rows; use to_sparse() first")

    def t(self):
        return self.transpose(0, 1)

    def __repr__(self):
        return _text([("crow_indices", self._crow), ("col_indices", self._col), ("values", self._v)], self, False)


class _Csr:
    """torch.sparse_csr."""

    def __repr__(self):
        return "torch.sparse_csr"


_the_csr_layout = _Csr()


def _csr_layout():
    return _the_csr_layout


def _csr_of(coo):
    """A coalesced sparse matrix by rows."""
    if coo.dim() != 2 or coo.sparse_dim() != 2:
        raise RuntimeError("Expected a sparse matrix of 2 dimensions for conversion to SparseCsr")
    counts = torch.bincount(coo._i[0], minlength=coo._size[0]) if coo._nnz() else torch.zeros(coo._size[0], dtype=torch.int64)
    crow = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
    return _CsrTensor(crow, coo._i[1].contiguous(), coo._v, coo._size)


def _make_csr(crow, col, values, size, dtype, requires_grad):
    """torch.sparse_csr_tensor(...)."""
    crow = crow if isinstance(crow, Tensor) else torch.tensor(crow)
    col = col if isinstance(col, Tensor) else torch.tensor(col)
    if not isinstance(values, Tensor):
        values = torch.tensor(values, dtype=dtype)
    elif dtype is not None:
        values = values.to(dtype)
    if crow.dim() != 1 or col.dim() != 1 or values.dim() != 1:
        raise NotImplementedError("batches and dense dimensions of matrices in CSR layout")
    if size is None:
        size = (crow.numel() - 1, int(col.max()) + 1 if col.numel() else 0)
    size = torch.Size(size)
    if crow.numel() != size[0] + 1:
        raise RuntimeError(f"crow_indices.shape[-1] must be equal to the number of rows + 1 = {size[0] + 1}, but got {crow.numel()}")
    if int(crow[0]) != 0:
        raise RuntimeError("`crow_indices[..., 0] == 0` is not satisfied.")
    if int(crow[-1]) != col.numel():
        raise RuntimeError("`crow_indices[..., -1] == nnz` is not satisfied.")
    if bool((crow[1:] < crow[:-1]).any()):
        raise RuntimeError("`0 <= crow_indices[..., 1:] - crow_indices[..., :-1] <= ncols` is not satisfied.")
    if col.numel() and not (0 <= int(col.min()) and int(col.max()) < size[1]):
        raise RuntimeError("`0 <= col_indices < ncols` is not satisfied.")
    if col.numel() != values.numel():
        raise RuntimeError("number of elements in col_indices and values must match")
    result = _CsrTensor(crow, col, values, size)
    return result.requires_grad_() if requires_grad else result


def isinstance_sparse(x):
    """Whether it is a sparse tensor (isinstance says Tensor)."""
    t = type(x)
    return t is _SparseTensor or t is _SparseGradient or t is _CsrTensor


def _same_split(a, b):
    """Both with as many sparse dimensions."""
    n = min(a.sparse_dim(), b.sparse_dim())
    return tuple(t if t.sparse_dim() == n else _from_dense(t.to_dense(), n) for t in (a, b))


def _add_to_dense(dense, sparse, alpha):
    if isinstance_sparse(dense):
        return dense.add(sparse, alpha=alpha)
    if not isinstance(dense, Tensor):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    values = sparse._v * alpha if alpha != 1 else sparse._v
    if sparse._nnz() == 0:
        return dense.clone()
    return dense.expand(sparse._size).index_put(tuple(sparse._i), values, accumulate=True)


def _add_in_place(dense, sparse, *, alpha=1):
    if isinstance_sparse(dense):
        return dense.add_(sparse, alpha=alpha)
    if not isinstance_sparse(sparse):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if dense.shape != sparse._size:
        raise RuntimeError(f"add: Expected 'self' and 'other' to have same size, but self has size {list(dense.shape)} while other has size "
                           f"{list(sparse._size)} (FYI: dense-sparse addition does not currently support broadcasting)")
    if sparse._nnz():
        dense.index_put_(tuple(sparse._i), sparse._v * alpha if alpha != 1 else sparse._v, accumulate=True)
    return dense


def _product(a, b):
    """A matrix, sparse on one side at least, times another."""
    if isinstance_sparse(a) and isinstance_sparse(b):
        return _from_dense(_product(a, b.to_dense()), 2)
    if not isinstance_sparse(a):
        return _product(b.t(), a.t()).t()
    if a.dim() != 2 or b.dim() != 2:
        raise RuntimeError(f"mm: Expected 2D matrices, but got {a.dim()}D and {b.dim()}D")
    if a._size[1] != b.size(0):
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a._size[0]}x{a._size[1]} and {b.size(0)}x{b.size(1)})")
    out = torch.zeros(a._size[0], b.size(1), dtype=torch.promote_types(a.dtype, b.dtype))
    if a._nnz() == 0:
        return out
    if a.dense_dim():
        return a.to_dense().mm(b)
    return out.index_add(0, a._i[0], a._v.unsqueeze(1) * b.index_select(0, a._i[1]))


def _from_dense(t, sparse_dim=None):
    n = t.dim() if sparse_dim is None else sparse_dim
    if n < 0 or n > t.dim():
        raise RuntimeError(f"sparse_dim argument must be in >0 when given >0-D input")
    size = t.shape
    mask = t.detach() != 0
    if n < t.dim():
        mask = mask.reshape(tuple(size[:n]) + (-1,)).any(-1)
    if n == 0:
        return _SparseTensor(torch.zeros(0, 1, dtype=torch.int64), t.unsqueeze(0), size, True)
    indices = mask.nonzero().t().contiguous()
    return _SparseTensor(indices, t[tuple(indices)], size, True)


def _masked_by(t, mask):
    if not isinstance_sparse(mask):
        raise TypeError("sparse_mask(): the mask must be a sparse tensor")
    if t.shape != mask.shape:
        raise RuntimeError(f"sparse_mask(): operands have incompatible sizes; self has size {list(t.shape)} but mask has size "
                           f"{list(mask.shape)}")
    m = mask.coalesce()
    return _SparseTensor(m._i, t[tuple(m._i)], t.shape, True)


def _make(indices, values, size, dtype, device, requires_grad):
    """torch.sparse_coo_tensor(...)."""
    if values is None and size is None and not isinstance(indices, Tensor) and all(isinstance(n, int) for n in indices):
        size = tuple(indices)
        n = len(size)
        result = _SparseTensor(torch.zeros(n, 0, dtype=torch.int64), torch.zeros(0, dtype=dtype), size, n == 0 or True)
        return result.requires_grad_() if requires_grad else result
    if not isinstance(indices, Tensor):
        indices = torch.tensor(indices)
    if indices.numel() == 0:
        indices = indices.to(torch.int64)
    if not isinstance(values, Tensor):
        values = torch.tensor(values, dtype=dtype)
    elif dtype is not None:
        values = values.to(dtype)
    if indices.is_floating_point():
        indices = indices.to(torch.int64)
    if indices.dim() != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(indices.shape)}")
    indices = indices.detach().to(torch.int64).clone()
    if values.dim() == 0:
        values = values.expand(indices.size(1))
    if indices.size(1) != values.size(0):
        raise RuntimeError(f"indices and values must have same nnz, but got nnz from indices: {indices.size(1)}, nnz from values: "
                           f"{values.size(0)}")
    n = indices.size(0)
    if size is None:
        least = indices.min(1).values if indices.size(1) else None
        if least is not None and n and int(least.min()) < 0:
            raise RuntimeError(f"found negative index {int(least.min())} for dim {int(least.argmin())}")
        size = [int(m) + 1 for m in indices.max(1).values] if indices.size(1) else [0] * n
        size += list(values.shape[1:])
    else:
        size = list(size)
        if len(size) != n + values.dim() - 1:
            raise RuntimeError(f"number of dimensions must be sparse_dim ({n}) + dense_dim ({values.dim() - 1}), but got {len(size)}")
        for d in range(n):
            if indices.size(1) == 0:
                break
            low, high = int(indices[d].min()), int(indices[d].max())
            if low < 0:
                raise RuntimeError(f"found negative index {low} for dim {d}")
            if high >= size[d]:
                raise RuntimeError(f"size is inconsistent with indices: for dim {d}, size is {size[d]} but found index {high}")
        if list(values.shape[1:]) != size[n:]:
            raise RuntimeError(f"values has incorrect size, expected {[indices.size(1)] + size[n:]}, got {list(values.shape)}")
    result = _SparseTensor(indices, values.detach() if not values.requires_grad else values, size, False)
    return result.requires_grad_() if requires_grad else result


# --- functions of torch.sparse ----------------------------------------------------------------------------------------------------
def mm(sparse, dense, reduce=None):
    """A sparse matrix times a matrix."""
    return _product(sparse, dense)


def addmm(mat, mat1, mat2, *, beta=1, alpha=1):
    """``beta * mat + alpha * mat1 @ mat2``, with mat1 sparse."""
    p = _product(mat1, mat2)
    return mat * beta + p * alpha if beta != 1 or alpha != 1 else mat + p


def sum(input, dim=None, dtype=None):
    """The sum of a sparse tensor: dense if all its sparse dimensions go, else sparse."""
    values = input._v if dtype is None else input._v.to(dtype)
    if dim is None:
        return values.sum()
    dims = sorted({d % input.dim() for d in ([dim] if isinstance(dim, int) else dim)})
    n = input.sparse_dim()
    dense = [d - n + 1 for d in dims if d >= n]
    if dense:
        values = values.sum(dense)
    kept = [d for d in range(n) if d not in dims]
    size = [s for d, s in enumerate(input._size) if d not in dims]
    if not kept:
        return values.sum(0)
    if len(kept) == n:
        return _SparseTensor(input._i, values, size, input._is_coalesced)
    return _SparseTensor(input._i[kept], values, size).coalesce()


def softmax(input, dim, *, dtype=None):
    """The softmax along a dimension, over the elements that are there."""
    return _softmax(input, dim, dtype, False)


def log_softmax(input, dim, *, dtype=None):
    """The logarithm of softmax, over the elements that are there."""
    return _softmax(input, dim, dtype, True)


def _softmax(input, dim, dtype, log):
    base = input.coalesce()
    values = base._v if dtype is None else base._v.to(dtype)
    dim %= base.dim()
    n = base.sparse_dim()
    if dim >= n:
        d = dim - n + 1
        return base._with(values.log_softmax(d) if log else values.softmax(d))
    groups = torch.zeros(base._nnz(), dtype=torch.int64)
    count = 1
    for d in range(n):
        if d != dim:
            groups = groups * base._size[d] + base._i[d]
            count *= base._size[d]
    flat = values.reshape(values.size(0), -1)
    index = groups.unsqueeze(1).expand_as(flat)
    largest = torch.full((count, flat.size(1)), -float("inf"), dtype=values.dtype).scatter_reduce(0, index, flat.detach(), "amax")
    shifted = flat - largest[groups]
    total = torch.zeros(count, flat.size(1), dtype=values.dtype).index_add(0, groups, shifted.exp())
    out = shifted - total.log()[groups] if log else shifted.exp() / total[groups]
    return base._with(out.reshape(values.shape))


def _zeros_like(input, **kwargs):
    return _SparseTensor(input._i[:, :0], input._v[:0].detach(), input._size, True)


def _cat(tensors, dim=0):
    first = tensors[0]
    dim %= first.dim()
    n = first.sparse_dim()
    size = list(first._size)
    size[dim] = 0
    for t in tensors:
        size[dim] += t._size[dim]
    if dim >= n:
        return _from_dense(torch.cat([t.to_dense() for t in tensors], dim), n)
    indices, start = [], 0
    for t in tensors:
        shift = torch.zeros(n, 1, dtype=torch.int64)
        shift[dim] = start
        start += t._size[dim]
        indices.append(t._i + shift)
    return _SparseTensor(torch.cat(indices, 1), torch.cat([t._v for t in tensors]), size)


def _stack(tensors, dim=0):
    return _cat([t.unsqueeze(dim) for t in tensors], dim)


def _equal(a, b):
    a, b = a.coalesce(), b.coalesce()
    return a._size == b._size and torch.equal(a._i, b._i) and torch.equal(a._v, b._v)


def _add(a, b, *, alpha=1):
    return a.add(b, alpha=alpha) if isinstance_sparse(a) else _add_to_dense(a, b, alpha)


def _addmm(input, mat1, mat2, *, beta=1, alpha=1):
    return addmm(input, mat1, mat2, beta=beta, alpha=alpha)


_FUNCTIONS = {"add_": _add_in_place, "sub_": lambda a, b, *, alpha=1: _add_in_place(a, b, alpha=-alpha),
              "copy_": lambda a, b, non_blocking=False: a.copy_(b.to_dense()),
              "mm": _product, "matmul": lambda a, b: a.matmul(b) if isinstance_sparse(a) else a @ b, "add": _add,
              "sub": lambda a, b, *, alpha=1: _add(a, b, alpha=-alpha),
              "mul": lambda a, b: a.mul(b) if isinstance_sparse(a) else b.mul(a), "addmm": _addmm, "spmm": _product, "dsmm": _product,
              "hspmm": _product, "smm": lambda a, b: _from_dense(_product(a, b), 2), "zeros_like": _zeros_like, "empty_like": _zeros_like,
              "cat": _cat, "concat": _cat, "stack": _stack, "equal": _equal, "numel": lambda a: a.numel(),
              "sspaddmm": lambda s, a, b, *, beta=1, alpha=1: s * beta + _from_dense(_product(a, b), 2) * alpha}

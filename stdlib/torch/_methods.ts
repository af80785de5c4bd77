"""Methods of Tensor that few programs use, written in the language.

METHODS maps names to functions whose first argument is the tensor. The native Tensor looks here when a name is not found
elsewhere, and keeps what it finds in its class.
"""
import torch

_TYPES = {"FloatTensor": torch.float32, "DoubleTensor": torch.float64, "HalfTensor": torch.float16, "BFloat16Tensor": torch.bfloat16,
          "ByteTensor": torch.uint8, "CharTensor": torch.int8, "ShortTensor": torch.int16, "IntTensor": torch.int32,
          "LongTensor": torch.int64, "BoolTensor": torch.bool, "ComplexFloatTensor": torch.complex64,
          "ComplexDoubleTensor": torch.complex128}


def type(self, dtype=None, non_blocking=False, **kwargs):
    """The name of the tensor's type, or the tensor converted to another one."""
    if dtype is None:
        return self._type_name()
    if isinstance(dtype, str):
        prefix, dot, name = dtype.rpartition(".")
        if name not in _TYPES or prefix not in ("torch", "torch.cuda"):
            raise ValueError(f"invalid type: '{dtype}'")
        if prefix == "torch.cuda":
            return self.cuda().to(_TYPES[name])
        return self.to(_TYPES[name], non_blocking=non_blocking)
    if isinstance(dtype, torch.dtype):
        return self.to(dtype, non_blocking=non_blocking)
    kind = getattr(dtype, "dtype", None)
    if kind is None:
        if dtype is torch.Tensor:
            kind = torch.get_default_dtype()
        else:
            raise RuntimeError(f"invalid type object")
    return self.to(kind, non_blocking=non_blocking)


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor made from data, of this tensor's dtype and device unless told otherwise."""
    if isinstance(data, torch.Tensor):
        import warnings
        warnings.warn("To copy construct from a tensor, it is recommended to use sourceTensor.clone().detach() or "
                      "sourceTensor.clone().detach().requires_grad_(True), rather than tensor.new_tensor(sourceTensor).",
                      UserWarning, stacklevel=2)
        result = data.detach().clone().to(self.dtype if dtype is None else dtype)
    else:
        result = torch.tensor(data, dtype=self.dtype if dtype is None else dtype, device=self.device if device is None else device)
    return result.requires_grad_() if requires_grad else result


def new(self, *args, device=None):
    """A tensor of this tensor's type: new(2, 3), new([1, 2]), new(other)."""
    if len(args) == 1 and isinstance(args[0], (list, tuple)) and not isinstance(args[0], torch.Size):
        return torch.tensor(args[0], dtype=self.dtype, device=self.device)
    if len(args) == 1 and isinstance(args[0], torch.Tensor):
        return args[0].detach()
    if len(args) == 1 and isinstance(args[0], torch.Size):
        return self.new_empty(args[0])
    return self.new_empty(args if args else (0,))


def apply_(self, callable):
    """Replaces each element x by callable(x); slow."""
    if self.requires_grad:
        raise TypeError("apply_() can only be called on tensors that do not require grad")
    if not self.is_cpu:
        raise TypeError("apply_ is only implemented on CPU tensors")
    values = [callable(x) for x in self.reshape(-1).tolist()]
    self.copy_(torch.tensor(values, dtype=self.dtype).reshape(self.shape))
    return self


def map_(self, tensor, callable):
    """Replaces each element x by callable(x, y), with y from another tensor; slow."""
    if self.requires_grad or tensor.requires_grad:
        raise TypeError("map_() can only be called on tensors that do not require grad")
    other = tensor.expand(self.shape).reshape(-1).tolist()
    values = [callable(x, y) for x, y in zip(self.reshape(-1).tolist(), other)]
    self.copy_(torch.tensor(values, dtype=self.dtype).reshape(self.shape))
    return self


def map2_(self, x, y, callable):
    """Replaces each element by callable of it and of two other tensors' elements; slow."""
    a, b = x.expand(self.shape).reshape(-1).tolist(), y.expand(self.shape).reshape(-1).tolist()
    values = [callable(s, p, q) for s, p, q in zip(self.reshape(-1).tolist(), a, b)]
    self.copy_(torch.tensor(values, dtype=self.dtype).reshape(self.shape))
    return self


def cuda(self, device=None, non_blocking=False, memory_format=None):
    """On a CUDA device."""
    if not torch.cuda.is_available():
        raise AssertionError("Torch not compiled with CUDA enabled")
    return self.to("cuda" if device is None else device)


def pin_memory(self, device=None):
    """In page-locked memory, which only a CUDA device has a use for."""
    if not torch.cuda.is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")
    return self


def storage_type(self):
    """The class of the tensor's storage."""
    return self.storage().__class__


def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The different elements."""
    return torch.unique(self, sorted=sorted, return_inverse=return_inverse, return_counts=return_counts, dim=dim)


def unique_consecutive(self, return_inverse=False, return_counts=False, dim=None):
    """The elements without repetitions of the one before."""
    return torch.unique_consecutive(self, return_inverse=return_inverse, return_counts=return_counts, dim=dim)


def stft(self, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect", normalized=False,
         onesided=None, return_complex=None):
    """The Fourier transforms of windows of the signal."""
    return torch.stft(self, n_fft, hop_length, win_length, window, center, pad_mode, normalized, onesided, return_complex)


def istft(self, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
          return_complex=False):
    """The signal from the Fourier transforms of its windows."""
    return torch.istft(self, n_fft, hop_length, win_length, window, center, normalized, onesided, length, return_complex)


def lu(self, pivot=True, get_infos=False):
    """The LU decomposition as one matrix, and the row swaps."""
    return torch.lu(self, pivot, get_infos)


def result_type(self, other):
    """The dtype of arithmetic on both."""
    return torch.result_type(self, other)


def tensordot(self, other, dims=2):
    """Sums of products along several dimensions."""
    return torch.tensordot(self, other, dims)


def resize(self, *sizes):
    """The elements in another shape; older."""
    import warnings
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return self.clone().resize_(*sizes)


def resize_as(self, tensor):
    """The elements in the shape of another tensor; older."""
    import warnings
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return self.clone().resize_(tensor.shape)


def polygamma(self, n):
    """The n-th derivative of digamma."""
    return torch.polygamma(n, self)


def polygamma_(self, n):
    """The n-th derivative of digamma, in place."""
    return self.copy_(torch.polygamma(n, self))


def chalf(self, *, memory_format=None):
    raise NotImplementedError("tsvm has no complex32 tensors; use cfloat()")


def refine_names(self, *names):
    raise NotImplementedError("tsvm has no named tensors")


def rename(self, *names, **rename_map):
    raise NotImplementedError("tsvm has no named tensors")


def has_names(self):
    """Whether dimensions have names: they never do."""
    return False


def as_subclass(self, cls):
    """The tensor as an instance of a subclass."""
    from _torch_c import _as_subclass
    return _as_subclass(self, cls)


def dequantize(self):
    """The tensor itself: there are no quantized ones."""
    return self


def reinforce(self, reward):
    raise RuntimeError("reinforce() was removed.\nUse torch.distributions instead.\n"
                       "See https://pytorch.org/docs/master/distributions.html")


# --- sparse tensors ------------------------------------------------------------------------------------------------------------
def to_sparse(self, sparse_dim=None, *, layout=None, blocksize=None):
    """The nonzero elements with their places."""
    from torch import sparse
    return sparse._from_dense(self, sparse_dim)


def to_sparse_csr(self):
    """The nonzero elements of a matrix by rows."""
    from torch import sparse
    if self.dim() != 2:
        raise RuntimeError(f"Expected a matrix of 2 dimensions for conversion to SparseCsr, but got {self.dim()}")
    return sparse._csr_of(sparse._from_dense(self))


def to_dense(self, dtype=None):
    """All elements, in memory: a strided tensor is that already."""
    return self if dtype is None else self.to(dtype)


def sparse_mask(self, mask):
    """The elements at the places that a sparse tensor has."""
    from torch import sparse
    return sparse._masked_by(self, mask)


def sparse_dim(self):
    raise NotImplementedError("Could not run 'aten::sparse_dim' with arguments from the 'CPU' backend: the tensor is not sparse")


def dense_dim(self):
    raise NotImplementedError("Could not run 'aten::dense_dim' with arguments from the 'CPU' backend: the tensor is not sparse")


def coalesce(self):
    raise NotImplementedError("Could not run 'aten::coalesce' with arguments from the 'CPU' backend: the tensor is not sparse")


def is_coalesced(self):
    raise NotImplementedError("Could not run 'aten::is_coalesced' with arguments from the 'CPU' backend: the tensor is not sparse")


def indices(self):
    raise NotImplementedError("Could not run 'aten::indices' with arguments from the 'CPU' backend: the tensor is not sparse")


def values(self):
    raise NotImplementedError("Could not run 'aten::values' with arguments from the 'CPU' backend: the tensor is not sparse")


def where(self, condition, other):
    """The elements where the condition holds, and those of `other` elsewhere."""
    return torch.where(condition, self, other)


def prelu(self, weight):
    return torch.prelu(self, weight)


def hardshrink(self, lambd=0.5):
    return torch.nn.functional.hardshrink(self, lambd)


def to_sparse_coo(self):
    return self.to_sparse()


def smm(self, mat):
    return torch.smm(self, mat)


def unsafe_chunk(self, chunks, dim=0):
    return self.chunk(chunks, dim)


def unsafe_split(self, split_size, dim=0):
    return self.split(split_size, dim)


def unsafe_split_with_sizes(self, split_sizes, dim=0):
    return self.split(split_sizes, dim)


def is_distributed(self):
    return False


def solve(self, *args, **kwargs):
    return torch.solve(self)


def lstsq(self, *args, **kwargs):
    return torch.lstsq(self)


def eig(self, *args, **kwargs):
    return torch.eig(self)


METHODS = {name: value for name, value in globals().items()
           if not name.startswith("_") and name not in ("torch",) and callable(value)}

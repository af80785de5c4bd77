"""Making, copying and converting tensors; random numbers."""


# --- new tensors -------------------------------------------------------------------------------------------------------------
@op.primitive(factory=True, variants="function out", overload="memory_format")
def empty(size: list[int], *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Memory that is not initialised."""


@op.primitive(factory=True, variants="function")
def empty_strided(size: list[int], stride: list[int]) -> Tensor:
    """Memory that is not initialised, with these strides."""


@op.primitive(factory=True, variants="function out")
def zeros(size: list[int]) -> Tensor:
    """A tensor of zeros."""


@op.primitive(factory=True, variants="function out")
def ones(size: list[int]) -> Tensor:
    """A tensor of ones."""


@op.primitive(factory=True, variants="function out")
def full(size: list[int], fill_value: Scalar) -> Tensor:
    """A tensor of one value."""


@op.primitive(factory=True, variants="function", differentiable=False)
def empty_like(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Memory for a tensor like this one."""


@op.primitive(factory=True, variants="function", differentiable=False)
def zeros_like(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Zeros in the shape of a tensor."""


@op.primitive(factory=True, variants="function", differentiable=False)
def ones_like(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Ones in the shape of a tensor."""


@op.primitive(factory=True, variants="function", differentiable=False)
def full_like(self: Tensor, fill_value: Scalar, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """One value in the shape of a tensor."""


@op.composite(factory=True, variants="method", differentiable=False)
def new_empty(self: Tensor, size: list[int]) -> Tensor:
    """Memory of that shape, of this tensor's dtype and device."""
    return cpu.empty(size, self.dtype if dtype is None else dtype, self.device if device is None else device)


@op.composite(factory=True, variants="method", differentiable=False)
def new_empty_strided(self: Tensor, size: list[int], stride: list[int]) -> Tensor:
    """Memory with these strides, of this tensor's dtype and device."""
    return cpu.empty_strided(size, stride, self.dtype if dtype is None else dtype, self.device if device is None else device)


@op.composite(factory=True, variants="method", differentiable=False)
def new_zeros(self: Tensor, size: list[int]) -> Tensor:
    """Zeros of this tensor's dtype and device."""
    return cpu.zeros(size, self.dtype if dtype is None else dtype, self.device if device is None else device)


@op.composite(factory=True, variants="method", differentiable=False)
def new_ones(self: Tensor, size: list[int]) -> Tensor:
    """Ones of this tensor's dtype and device."""
    return cpu.ones(size, self.dtype if dtype is None else dtype, self.device if device is None else device)


@op.composite(factory=True, variants="method", differentiable=False)
def new_full(self: Tensor, size: list[int], fill_value: Scalar) -> Tensor:
    """One value, of this tensor's dtype and device."""
    return cpu.full(size, fill_value, self.dtype if dtype is None else dtype, self.device if device is None else device)


@op.composite(factory=True, variants="function")
def arange(end: Scalar) -> Tensor:
    """0, 1, 2 ... below ``end``."""
    return cpu.arange(0, end, 1, dtype, device)


@op.composite(factory=True, variants="function", overload="start")
def arange(start: Scalar, end: Scalar) -> Tensor:
    """start, start + 1 ... below ``end``."""
    return cpu.arange(start, end, 1, dtype, device)


@op.primitive(factory=True, variants="function out", overload="start_step")
def arange(start: Scalar, end: Scalar, step: Scalar = 1) -> Tensor:
    """start, start + step ... below ``end``."""


@op.primitive(factory=True, variants="function out", overload="step")
def range(start: Scalar, end: Scalar, step: Scalar = 1) -> Tensor:
    """As arange, but with the end; older."""


@op.primitive(factory=True, variants="function out")
def linspace(start: Scalar, end: Scalar, steps: int) -> Tensor:
    """Numbers at equal distances, both ends included."""


@op.primitive(factory=True, variants="function out")
def logspace(start: Scalar, end: Scalar, steps: int, base: float = 10.0) -> Tensor:
    """Powers with exponents at equal distances."""


@op.composite(factory=True, variants="function out")
def eye(n: int) -> Tensor:
    """Ones on the diagonal of a square."""
    return cpu.eye(n, n, dtype, device)


@op.primitive(factory=True, variants="function out", overload="m")
def eye(n: int, m: int) -> Tensor:
    """Ones on the diagonal of a matrix."""


@op.composite(variants="function", factory=True)
def tril_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """Rows and columns of the lower triangle."""
    return cpu.tril_indices(row, col, offset, torch.int64 if dtype is None else dtype)


@op.composite(variants="function", factory=True)
def triu_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """Rows and columns of the upper triangle."""
    return cpu.triu_indices(row, col, offset, torch.int64 if dtype is None else dtype)


@op.composite(factory=True, variants="function")
def scalar_tensor(s: Scalar) -> Tensor:
    """A number as a tensor without dimensions."""
    return cpu.full([], s, dtype, device)


@op.composite(factory=True, variants="function", overload="")
def bartlett_window(window_length: int, periodic: bool = True) -> Tensor:
    """The Bartlett window."""
    if window_length == 0:
        return torch.empty([0], dtype=dtype)
    if window_length == 1:
        return torch.ones([1], dtype=dtype)
    n = window_length + 1 if periodic else window_length
    w = torch.arange(0, n, 1, dtype=default_dtype() if dtype is None else dtype) * (2.0 / float(n - 1))
    w = torch.where(w > 1, 2 - w, w)
    return w.narrow(0, 0, window_length) if periodic else w


@op.composite(factory=True, variants="function", overload="")
def hann_window(window_length: int, periodic: bool = True) -> Tensor:
    """The Hann window."""
    return torch.hamming_window(window_length, periodic, 0.5, 0.5, dtype=dtype)


@op.composite(factory=True, variants="function", overload="")
def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46) -> Tensor:
    """The Hamming window."""
    if window_length == 0:
        return torch.empty([0], dtype=dtype)
    if window_length == 1:
        return torch.ones([1], dtype=dtype)
    n = window_length + 1 if periodic else window_length
    w = torch.arange(0, n, 1, dtype=default_dtype() if dtype is None else dtype) * (math.pi * 2.0 / float(n - 1))
    w = w.cos() * -beta + alpha
    return w.narrow(0, 0, window_length) if periodic else w


@op.composite(factory=True, variants="function", overload="")
def blackman_window(window_length: int, periodic: bool = True) -> Tensor:
    """The Blackman window."""
    if window_length == 0:
        return torch.empty([0], dtype=dtype)
    if window_length == 1:
        return torch.ones([1], dtype=dtype)
    n = window_length + 1 if periodic else window_length
    w = torch.arange(0, n, 1, dtype=default_dtype() if dtype is None else dtype) * (math.pi / float(n - 1))
    w = (w * 4).cos() * 0.08 - (w * 2).cos() * 0.5 + 0.42
    return w.narrow(0, 0, window_length) if periodic else w


@op.composite(factory=True, variants="function", overload="beta")
def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0) -> Tensor:
    """The Kaiser window."""
    if window_length == 0:
        return torch.empty([0], dtype=dtype)
    if window_length == 1:
        return torch.ones([1], dtype=dtype)
    n = window_length + 1 if periodic else window_length
    x = torch.arange(0, n, 1, dtype=default_dtype() if dtype is None else dtype) * (2.0 / float(n - 1)) - 1
    w = torch.i0((1 - x * x).clamp_min(0).sqrt() * beta) / torch.i0(torch.scalar_tensor(beta, dtype=x.dtype))
    return w.narrow(0, 0, window_length) if periodic else w


# --- copies and conversions ----------------------------------------------------------------------------------------------------
@op.primitive
def clone(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """A copy."""

@clone.backward
def _(grad):
    d_self = grad


@op.primitive(variants="method")
def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Copies the elements of another tensor, with broadcasting and conversion."""

@copy_.backward("CopyBackwards")
def _(grad):
    d_self = grad.zeros_like()
    d_src = grad


@op.primitive(variants="method function", overload="Scalar")
def fill_(self: Tensor, value: Scalar) -> Tensor:
    """Sets all elements to one value."""

@fill_.backward("FillBackward0")
def _(grad):
    d_self = grad.zeros_like()


@op.primitive(variants="method function", overload="Tensor")
def fill_(self: Tensor, value: Tensor) -> Tensor:
    """Sets all elements to the value of a tensor without dimensions."""
    if value.dim() != 0:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.dim()} dimensions.")
    cpu.copy_(self, value)

@fill_.backward("FillBackward1")
def _(grad):
    d_self = grad.zeros_like()
    d_value = grad.sum()


@op.composite(variants="function", overload="Scalar")
def fill(self: Tensor, value: Scalar) -> Tensor:
    """A copy with all elements set."""
    return self.clone().fill_(value)


@op.primitive(variants="method function")
def zero_(self: Tensor) -> Tensor:
    """Sets all elements to 0."""

@zero_.backward("ZeroBackward0")
def _(grad):
    d_self = grad.zeros_like()


@op.composite(variants="method")
def contiguous(self: Tensor, *, memory_format: MemoryFormat = torch.contiguous_format) -> Tensor:
    """The tensor, copied if its memory is not in that order."""
    if memory_format == torch.preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    if torch.is_contiguous_as(self, memory_format):
        return self
    return self.clone(memory_format=memory_format)


@op.primitive(variants="none", namespace="private", differentiable=False)
def is_contiguous_as(self: Tensor, memory_format: MemoryFormat) -> bool: ...


@op.primitive(variants="none", namespace="private")
def to_copy(self: Tensor, dtype: Dtype, memory_format: MemoryFormat | None = None) -> Tensor: ...

@to_copy.backward
def _(grad, self):
    d_self = grad.to(self.dtype)


@op.composite(variants="method", overload="dtype")
def to(self: Tensor, dtype: Dtype, non_blocking: bool = False, copy: bool = False, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """In another dtype; the tensor itself if that changes nothing."""
    if self.dtype == dtype and not copy and (memory_format is None or memory_format == torch.preserve_format or torch.is_contiguous_as(self, memory_format)):
        return self
    return torch.to_copy(self, dtype, memory_format)


@op.composite(variants="method", overload="device")
def to(self: Tensor, device: Device | None = None, dtype: Dtype | None = None, non_blocking: bool = False, copy: bool = False, *,
       memory_format: MemoryFormat | None = None) -> Tensor:
    """On another device, in another dtype."""
    if device is not None and not torch.same_device(self, device):
        return torch.copy_to_device(self, device, self.dtype if dtype is None else dtype)
    return self.to(self.dtype if dtype is None else dtype, non_blocking, copy, memory_format=memory_format)


@op.composite(variants="method", overload="other")
def to(self: Tensor, other: Tensor, non_blocking: bool = False, copy: bool = False, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """In the dtype and on the device of ``other``."""
    return self.to(other.device, other.dtype, non_blocking, copy, memory_format=memory_format)


@op.primitive(variants="none", namespace="private", differentiable=False)
def same_device(self: Tensor, device: Device) -> bool: ...


@op.primitive(variants="none", namespace="private", kernel="to_device")
def copy_to_device(self: Tensor, device: Device, dtype: Dtype) -> Tensor: ...

@copy_to_device.backward("ToCopyBackward0")
def _(grad, self):
    d_self = grad.to(self.device, self.dtype)


@op.composite(variants="method")
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """In the dtype of ``other``."""
    return self.to(other.dtype)


@op.composite(variants="method")
def float(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As float32."""
    return self.to(torch.float32, memory_format=memory_format)


@op.composite(variants="method")
def double(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As float64."""
    return self.to(torch.float64, memory_format=memory_format)


@op.composite(variants="method")
def half(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As float16."""
    return self.to(torch.float16, memory_format=memory_format)


@op.composite(variants="method")
def bfloat16(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As bfloat16."""
    return self.to(torch.bfloat16, memory_format=memory_format)


@op.composite(variants="method")
def long(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As int64."""
    return self.to(torch.int64, memory_format=memory_format)


@op.composite(variants="method")
def int(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As int32."""
    return self.to(torch.int32, memory_format=memory_format)


@op.composite(variants="method")
def short(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As int16."""
    return self.to(torch.int16, memory_format=memory_format)


@op.composite(variants="method")
def char(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As int8."""
    return self.to(torch.int8, memory_format=memory_format)


@op.composite(variants="method")
def byte(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As uint8."""
    return self.to(torch.uint8, memory_format=memory_format)


@op.composite(variants="method")
def bool(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As bool."""
    return self.to(torch.bool, memory_format=memory_format)


@op.composite(variants="method")
def cfloat(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As complex64."""
    return self.to(torch.complex64, memory_format=memory_format)


@op.composite(variants="method")
def cdouble(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """As complex128."""
    return self.to(torch.complex128, memory_format=memory_format)


@op.composite(variants="method")
def cpu(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """On the CPU."""
    return self.to(torch.cpu_device(), None, memory_format=memory_format)


@op.primitive(variants="none", namespace="private", differentiable=False)
def cpu_device() -> Device: ...


@op.primitive(variants="function method", view=True, differentiable=False)
def detach(self: Tensor) -> Tensor:
    """The same elements without history."""


@op.primitive(variants="method", differentiable=False)
def resize_(self: Tensor, size: list[int], *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Changes the tensor's own shape, with more memory if need be."""


@op.composite(variants="method", differentiable=False)
def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Changes the tensor's own shape to that of another."""
    self.resize_(the_template.shape, memory_format=memory_format)


@op.primitive(variants="method", overload="source_Tensor", differentiable=False)
def set_(self: Tensor, source: Tensor) -> Tensor:
    """Takes the storage and geometry of another tensor."""


# --- random numbers -------------------------------------------------------------------------------------------------------------
@op.primitive(random=True, variants="method")
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with uniform numbers."""

@uniform_.backward("UniformBackward0")
def _(grad):
    d_self = grad.zeros_like()


@op.primitive(random=True, variants="method")
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with normally distributed numbers."""

@normal_.backward("NormalBackward0")
def _(grad):
    d_self = grad.zeros_like()


@op.primitive(random=True, variants="method", overload="", differentiable=False)
def random_(self: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Fills with integers of the dtype's range."""


@op.primitive(random=True, variants="method", overload="to", differentiable=False)
def random_(self: Tensor, to: int, *, generator: Generator | None = None) -> Tensor:
    """Fills with integers from 0 to ``to`` (excluded)."""


@op.primitive(random=True, variants="method", overload="from", differentiable=False)
def random_(self: Tensor, from_: int, to: int | None, *, generator: Generator | None = None) -> Tensor:
    """Fills with integers of a range."""


@op.primitive(random=True, variants="method", overload="Tensor", differentiable=False)
def bernoulli_(self: Tensor, p: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Fills with 0 and 1, 1 with the probabilities given."""


@op.primitive(random=True, variants="method", overload="float")
def bernoulli_(self: Tensor, p: float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fills with 0 and 1, 1 with probability p."""

@bernoulli_.backward("BernoulliBackward0")
def _(grad):
    d_self = grad.zeros_like()


@op.primitive(random=True, variants="method", differentiable=False)
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with exponentially distributed numbers."""


@op.primitive(random=True, variants="method", differentiable=False)
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fills with geometrically distributed numbers."""


@op.primitive(random=True, variants="method", differentiable=False)
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with Cauchy distributed numbers."""


@op.primitive(random=True, variants="method", differentiable=False)
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with numbers whose logarithm is normally distributed."""


@op.composite(random=True, factory=True, variants="function out")
def rand(size: list[int], *, generator: Generator | None = None) -> Tensor:
    """Uniform numbers in [0, 1)."""
    return cpu.rand(size, dtype, device, generator)


@op.composite(random=True, factory=True, variants="function out")
def randn(size: list[int], *, generator: Generator | None = None) -> Tensor:
    """Normally distributed numbers."""
    return cpu.randn(size, dtype, device, generator)


@op.composite(random=True, factory=True, variants="function out", overload="")
def randint(high: int, size: list[int], *, generator: Generator | None = None) -> Tensor:
    """Integers from 0 to ``high`` (excluded)."""
    return cpu.randint(0, high, size, torch.int64 if dtype is None else dtype, device, generator)


@op.composite(random=True, factory=True, variants="function out", overload="low")
def randint(low: int, high: int, size: list[int], *, generator: Generator | None = None) -> Tensor:
    """Integers from ``low`` to ``high`` (excluded)."""
    return cpu.randint(low, high, size, torch.int64 if dtype is None else dtype, device, generator)


@op.composite(random=True, factory=True, variants="function out")
def randperm(n: int, *, generator: Generator | None = None) -> Tensor:
    """0 .. n-1 in random order."""
    return cpu.randperm(n, torch.int64 if dtype is None else dtype, device, generator)


@op.composite(random=True, factory=True, variants="function", differentiable=False)
def rand_like(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Uniform numbers in the shape of a tensor."""
    return cpu.rand_like(self, dtype, memory_format)


@op.composite(random=True, factory=True, variants="function", differentiable=False)
def randn_like(self: Tensor, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Normally distributed numbers in the shape of a tensor."""
    return cpu.randn_like(self, dtype, memory_format)


@op.composite(random=True, factory=True, variants="function", overload="", differentiable=False)
def randint_like(self: Tensor, high: int, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Integers in the shape of a tensor."""
    return cpu.randint_like(self, 0, high, dtype, memory_format)


@op.composite(random=True, factory=True, variants="function", overload="low_dtype", differentiable=False)
def randint_like(self: Tensor, low: int, high: int, *, memory_format: MemoryFormat | None = None) -> Tensor:
    """Integers in the shape of a tensor."""
    return cpu.randint_like(self, low, high, dtype, memory_format)


@op.primitive(random=True, variants="function method out")
def bernoulli(self: Tensor, *, generator: Generator | None = None) -> Tensor:
    """0 or 1 for each probability."""

@bernoulli.backward
def _(grad):
    d_self = grad.zeros_like()


@op.composite(random=True, variants="function method", overload="p", differentiable=False)
def bernoulli(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """0 and 1 in the shape of a tensor, 1 with probability p."""
    return torch.empty_like(self).bernoulli_(p, generator=generator)


@op.primitive(random=True, variants="function method out", differentiable=False)
def multinomial(self: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Indices drawn with the weights given."""


@op.composite(random=True, variants="function out", overload="Tensor_float")
def normal(mean: Tensor, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Normally distributed numbers, a mean for each."""
    return torch.empty_like(mean).normal_(0, std, generator=generator).add_(mean)

@normal.backward
def _(grad):
    d_mean = grad.zeros_like()


@op.composite(random=True, variants="function out", overload="float_Tensor")
def normal(mean: float, std: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Normally distributed numbers, a standard deviation for each."""
    return torch.empty_like(std).normal_(0, 1, generator=generator).mul_(std).add_(mean)

@normal.backward("NormalBackward2")
def _(grad):
    d_std = grad.zeros_like()


@op.composite(random=True, variants="function out", overload="Tensor_Tensor")
def normal(mean: Tensor, std: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Normally distributed numbers, mean and standard deviation for each."""
    out = torch.empty(broadcast_sizes(mean.shape, std.shape), dtype=result_type(mean, std), device=mean.device)
    return out.normal_(0, 1, generator=generator).mul_(std).add_(mean)

@normal.backward("NormalBackward3")
def _(grad):
    d_mean = grad.zeros_like()
    d_std = grad.zeros_like()


@op.composite(random=True, factory=True, variants="function out", overload="float_float")
def normal(mean: float, std: float, size: list[int], *, generator: Generator | None = None) -> Tensor:
    """Normally distributed numbers."""
    return torch.empty(size, dtype=dtype, device=device).normal_(mean, std, generator=generator)

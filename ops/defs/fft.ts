"""Fourier transforms: three kernels, and the functions of torch.fft that say which dimensions, sizes and scales they mean."""


# --- kernels -----------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private")
def fft_c2c(self: Tensor, dim: list[int], normalization: int, forward: bool) -> Tensor:
    return cpu.fft_c2c(self, dim, normalization, forward)

@fft_c2c.backward("FftC2CBackward0")
def _(grad, dim, normalization, forward):
    d_self = torch.fft_c2c(grad, dim, normalization, not forward)


@op.composite(variants="none", namespace="private")
def fft_r2c(self: Tensor, dim: list[int], normalization: int, onesided: bool) -> Tensor:
    return cpu.fft_r2c(self, dim, normalization, onesided)

@fft_r2c.backward("FftR2CBackward0")
def _(grad, self, dim, normalization, onesided):
    d_self = fft_r2c_gradient(grad, dim, normalization, onesided, self.size(dim[-1]))


@op.composite(variants="none", namespace="private")
def fft_r2c_gradient(grad: Tensor, dim: list[int], normalization: int, onesided: bool, size: int) -> Tensor:
    if not onesided:
        return torch.real(torch.fft_c2c(grad, dim, normalization, False))
    last = dim[-1]
    missing = size - grad.size(last)
    whole = grad
    if missing > 0:
        shape = grad.shape[0:]
        shape[last] = missing
        whole = torch.cat([grad, grad.new_zeros(shape)], last)
    return torch.real(torch.fft_c2c(whole, dim, normalization, False))


@op.composite(variants="none", namespace="private")
def fft_c2r(self: Tensor, dim: list[int], normalization: int, last_dim_size: int) -> Tensor:
    return cpu.fft_c2r(self, dim, normalization, last_dim_size)

@fft_c2r.backward("FftC2RBackward0")
def _(grad, dim, normalization):
    d_self = fft_c2r_gradient(grad, dim, normalization)


@op.composite(variants="none", namespace="private")
def fft_c2r_gradient(grad: Tensor, dim: list[int], normalization: int) -> Tensor:
    half = torch.fft_r2c(grad, dim, normalization, True)
    last = dim[-1]
    doubled = grad.size(last) - half.size(last)
    if doubled <= 0:
        return half
    parts = [half.narrow(last, 0, 1), half.narrow(last, 1, doubled) * 2]
    rest = half.size(last) - 1 - doubled
    if rest > 0:
        parts.append(half.narrow(last, 1 + doubled, rest))
    return torch.cat(parts, last)


# --- tools -------------------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private")
def fft_mode(norm: str | None, forward: bool) -> int:
    """0: not scaled; 1: by the root of the count of points; 2: by the count."""
    if norm is None:
        return 0 if forward else 2
    if norm == "backward":
        return 0 if forward else 2
    if norm == "forward":
        return 2 if forward else 0
    if norm == "ortho":
        return 1
    raise RuntimeError(f"Invalid normalization mode: \"{norm}\"")


@op.composite(variants="none", namespace="private")
def fft_complex(self: Tensor) -> Tensor:
    """In the complex dtype that fits."""
    if self.is_complex():
        return self
    return self.to(to_complex(self.dtype if self.is_floating_point() else default_dtype()))


@op.composite(variants="none", namespace="private")
def fft_float(self: Tensor) -> Tensor:
    """Integers in the default float type."""
    if self.is_complex() or self.is_floating_point():
        return self
    return self.to(default_dtype())


@op.composite(variants="none", namespace="private")
def fft_resize(self: Tensor, dim: int, size: int) -> Tensor:
    """Cut, or filled up with zeros, to so many points."""
    n = self.size(dim)
    if n == size:
        return self
    if n > size:
        return self.slice(dim, 0, size, 1)
    pad = [0] * (2 * (self.dim() - dim))
    pad[2 * (self.dim() - dim) - 1] = size - n
    return torch.constant_pad_nd(self, pad, 0)


@op.composite(variants="none", namespace="private")
def fft_points(self: Tensor, n: int | None, dim: int) -> int:
    size = self.size(dim)
    if n is not None:
        size = n
    if size < 1:
        raise RuntimeError(f"Invalid number of data points ({size}) specified")
    return size


@op.composite(variants="none", namespace="private")
def fft_last_points(self: Tensor, n: int | None, dim: int) -> int:
    size = 2 * (self.size(dim) - 1)
    if n is not None:
        size = n
    if size < 1:
        raise RuntimeError(f"Invalid number of data points ({size}) specified")
    return size


@op.composite(variants="none", namespace="private")
def fft_dims(self: Tensor, s: list[int] | None, dim: list[int] | None) -> list[int]:
    """The dimensions that are transformed."""
    out: list[int] = []
    if dim is not None:
        if s is not None:
            if len(dim) != len(s):
                raise RuntimeError("When given, dim and shape arguments must have the same length")
        for d in dim:
            w = wrap_dim(d, self.dim())
            if w in out:
                raise RuntimeError("FFT dims must be unique")
            out.append(w)
        return out
    if s is not None:
        if len(s) > self.dim():
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {self.dim()} dimensions.")
        for i in range(len(s)):
            out.append(self.dim() - len(s) + i)
        return out
    return all_dims(self.dim())


@op.composite(variants="none", namespace="private")
def fft_sizes(self: Tensor, s: list[int] | None, dims: list[int]) -> list[int]:
    """How many points along each of them (-1: as many as there are)."""
    out: list[int] = []
    for i in range(len(dims)):
        n = self.size(dims[i])
        if s is not None:
            if s[i] != -1:
                n = s[i]
        if n < 1:
            raise RuntimeError(f"Invalid number of data points ({n}) specified")
        out.append(n)
    return out


@op.composite(variants="none", namespace="private")
def fft_resize_all(self: Tensor, dims: list[int], sizes: list[int]) -> Tensor:
    x = self
    for i in range(len(dims)):
        x = fft_resize(x, dims[i], sizes[i])
    return x


@op.composite(variants="none", namespace="private")
def fft_all(self: Tensor, s: list[int] | None, dim: list[int] | None, mode: int, forward: bool) -> Tensor:
    dims = fft_dims(self, s, dim)
    if len(dims) == 0:
        return fft_complex(self).clone()
    x = fft_resize_all(fft_complex(self), dims, fft_sizes(self, s, dims))
    return torch.fft_c2c(x, dims, mode, forward)


@op.composite(variants="none", namespace="private")
def fft_all_half(self: Tensor, s: list[int] | None, dim: list[int] | None, mode: int) -> Tensor:
    if self.is_complex():
        raise RuntimeError("rfftn only supports floating-point input: expects a real input tensor, but got " + f"{self.dtype}")
    dims = fft_dims(self, s, dim)
    if len(dims) == 0:
        raise RuntimeError("rfftn must transform at least one axis")
    x = fft_resize_all(fft_float(self), dims, fft_sizes(self, s, dims))
    return torch.fft_r2c(x, dims, mode, True)


@op.composite(variants="none", namespace="private")
def fft_all_real(self: Tensor, s: list[int] | None, dim: list[int] | None, mode: int) -> Tensor:
    dims = fft_dims(self, s, dim)
    if len(dims) == 0:
        raise RuntimeError("irfftn must transform at least one axis")
    sizes = fft_sizes(self, s, dims)
    last = len(dims) - 1
    n = 2 * (self.size(dims[last]) - 1)
    if s is not None:
        if s[last] != -1:
            n = s[last]
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    sizes[last] = n // 2 + 1
    x = fft_resize_all(fft_complex(self), dims, sizes)
    return torch.fft_c2r(x, dims, mode, n)


# --- one dimension ------------------------------------------------------------------------------------------------------------------
@op.composite(namespace="fft", variants="function out")
def fft_fft(self: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The discrete Fourier transform."""
    d = wrap_dim(dim, self.dim())
    size = fft_points(self, n, d)
    if self.is_complex():
        return torch.fft_c2c(fft_resize(self, d, size), [d], fft_mode(norm, True), True)
    return torch.fft_r2c(fft_resize(fft_float(self), d, size), [d], fft_mode(norm, True), False)


@op.composite(namespace="fft", variants="function out")
def fft_ifft(self: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of fft."""
    d = wrap_dim(dim, self.dim())
    size = fft_points(self, n, d)
    if self.is_complex():
        return torch.fft_c2c(fft_resize(self, d, size), [d], fft_mode(norm, False), False)
    return torch.fft_r2c(fft_resize(fft_float(self), d, size), [d], fft_mode(norm, False), False).conj()


@op.composite(namespace="fft", variants="function out")
def fft_rfft(self: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first half of the transform of real numbers."""
    if self.is_complex():
        raise RuntimeError("rfft expects a real input tensor, but got " + f"{self.dtype}")
    d = wrap_dim(dim, self.dim())
    size = fft_points(self, n, d)
    return torch.fft_r2c(fft_resize(fft_float(self), d, size), [d], fft_mode(norm, True), True)


@op.composite(namespace="fft", variants="function out")
def fft_irfft(self: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of rfft."""
    d = wrap_dim(dim, self.dim())
    size = fft_last_points(self, n, d)
    return torch.fft_c2r(fft_resize(fft_complex(self), d, size // 2 + 1), [d], fft_mode(norm, False), size)


@op.composite(namespace="fft", variants="function out")
def fft_hfft(self: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform of a Hermitian signal given by its half."""
    d = wrap_dim(dim, self.dim())
    size = fft_last_points(self, n, d)
    return torch.fft_c2r(fft_resize(fft_complex(self), d, size // 2 + 1).conj(), [d], fft_mode(norm, True), size)


@op.composite(namespace="fft", variants="function out")
def fft_ihfft(self: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of hfft."""
    if self.is_complex():
        raise RuntimeError("ihfft expects a real input tensor, but got " + f"{self.dtype}")
    d = wrap_dim(dim, self.dim())
    size = fft_points(self, n, d)
    return torch.fft_r2c(fft_resize(fft_float(self), d, size), [d], fft_mode(norm, False), True).conj()


# --- several dimensions --------------------------------------------------------------------------------------------------------------
@op.composite(namespace="fft", variants="function out")
def fft_fftn(self: Tensor, s: int[1] | None = None, dim: int[1] | None = None, norm: str | None = None) -> Tensor:
    """The transform along several dimensions."""
    return fft_all(self, s, dim, fft_mode(norm, True), True)


@op.composite(namespace="fft", variants="function out")
def fft_ifftn(self: Tensor, s: int[1] | None = None, dim: int[1] | None = None, norm: str | None = None) -> Tensor:
    """The inverse of fftn."""
    return fft_all(self, s, dim, fft_mode(norm, False), False)


@op.composite(namespace="fft", variants="function out")
def fft_rfftn(self: Tensor, s: int[1] | None = None, dim: int[1] | None = None, norm: str | None = None) -> Tensor:
    """The first half of the transform of real numbers along several dimensions."""
    return fft_all_half(self, s, dim, fft_mode(norm, True))


@op.composite(namespace="fft", variants="function out")
def fft_irfftn(self: Tensor, s: int[1] | None = None, dim: int[1] | None = None, norm: str | None = None) -> Tensor:
    """The inverse of rfftn."""
    return fft_all_real(self, s, dim, fft_mode(norm, False))


@op.composite(namespace="fft", variants="function out")
def fft_hfftn(self: Tensor, s: int[1] | None = None, dim: int[1] | None = None, norm: str | None = None) -> Tensor:
    """The transform of a Hermitian signal along several dimensions."""
    dims = fft_dims(self, s, dim)
    if len(dims) == 0:
        raise RuntimeError("hfftn must transform at least one axis")
    x = fft_complex(self)
    last = len(dims) - 1
    if last > 0:
        others = dims[:last]
        sizes = fft_sizes(self, s, dims)
        x = torch.fft_c2c(fft_resize_all(x, others, sizes[:last]), others, fft_mode(norm, True), True)
    n = 2 * (self.size(dims[last]) - 1)
    if s is not None:
        if s[last] != -1:
            n = s[last]
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return torch.fft_c2r(fft_resize(x, dims[last], n // 2 + 1).conj(), [dims[last]], fft_mode(norm, True), n)


@op.composite(namespace="fft", variants="function out")
def fft_ihfftn(self: Tensor, s: int[1] | None = None, dim: int[1] | None = None, norm: str | None = None) -> Tensor:
    """The inverse of hfftn."""
    if self.is_complex():
        raise RuntimeError("ihfftn expects a real input tensor, but got " + f"{self.dtype}")
    dims = fft_dims(self, s, dim)
    if len(dims) == 0:
        raise RuntimeError("ihfftn must transform at least one axis")
    x = fft_resize_all(fft_float(self), dims, fft_sizes(self, s, dims))
    last = len(dims) - 1
    out = torch.fft_r2c(x, [dims[last]], fft_mode(norm, False), True).conj()
    if last == 0:
        return out
    return torch.fft_c2c(out, dims[:last], fft_mode(norm, False), False)


@op.composite(namespace="fft", variants="function out")
def fft_fft2(self: Tensor, s: int[1] | None = None, dim: int[1] = [-2, -1], norm: str | None = None) -> Tensor:
    """The transform along two dimensions."""
    return torch.fft_fftn(self, s, dim, norm)


@op.composite(namespace="fft", variants="function out")
def fft_ifft2(self: Tensor, s: int[1] | None = None, dim: int[1] = [-2, -1], norm: str | None = None) -> Tensor:
    """The inverse of fft2."""
    return torch.fft_ifftn(self, s, dim, norm)


@op.composite(namespace="fft", variants="function out")
def fft_rfft2(self: Tensor, s: int[1] | None = None, dim: int[1] = [-2, -1], norm: str | None = None) -> Tensor:
    """The first half of the transform of real numbers along two dimensions."""
    return torch.fft_rfftn(self, s, dim, norm)


@op.composite(namespace="fft", variants="function out")
def fft_irfft2(self: Tensor, s: int[1] | None = None, dim: int[1] = [-2, -1], norm: str | None = None) -> Tensor:
    """The inverse of rfft2."""
    return torch.fft_irfftn(self, s, dim, norm)


@op.composite(namespace="fft", variants="function out")
def fft_hfft2(self: Tensor, s: int[1] | None = None, dim: int[1] = [-2, -1], norm: str | None = None) -> Tensor:
    """The transform of a Hermitian signal along two dimensions."""
    return torch.fft_hfftn(self, s, dim, norm)


@op.composite(namespace="fft", variants="function out")
def fft_ihfft2(self: Tensor, s: int[1] | None = None, dim: int[1] = [-2, -1], norm: str | None = None) -> Tensor:
    """The inverse of hfft2."""
    return torch.fft_ihfftn(self, s, dim, norm)


# --- frequencies, shifts --------------------------------------------------------------------------------------------------------------
@op.composite(namespace="fft", factory=True, variants="function out", differentiable=False)
def fft_fftfreq(n: int, d: float = 1.0) -> Tensor:
    """The frequencies of the points of fft."""
    out = torch.arange(0, n, 1, dtype=dtype)
    half = (n + 1) // 2
    out.slice(0, half, n, 1).copy_(torch.arange(-(n // 2), 0, 1, dtype=dtype))
    return (out * (1.0 / (float(n) * d))) if not is_integral(out.dtype) else out.to(default_dtype()) * (1.0 / (float(n) * d))


@op.composite(namespace="fft", factory=True, variants="function out", differentiable=False)
def fft_rfftfreq(n: int, d: float = 1.0) -> Tensor:
    """The frequencies of the points of rfft."""
    out = torch.arange(0, n // 2 + 1, 1, dtype=dtype)
    return (out * (1.0 / (float(n) * d))) if not is_integral(out.dtype) else out.to(default_dtype()) * (1.0 / (float(n) * d))


@op.composite(namespace="fft", variants="function")
def fft_fftshift(self: Tensor, dim: int[1] | None = None) -> Tensor:
    """The zero frequency moved to the middle."""
    dims = all_dims(self.dim())
    if dim is not None:
        dims = wrap_dims(dim, self.dim())
    return self.roll([self.size(d) // 2 for d in dims], dims)


@op.composite(namespace="fft", variants="function")
def fft_ifftshift(self: Tensor, dim: int[1] | None = None) -> Tensor:
    """The inverse of fftshift."""
    dims = all_dims(self.dim())
    if dim is not None:
        dims = wrap_dims(dim, self.dim())
    return self.roll([(self.size(d) + 1) // 2 for d in dims], dims)


# --- windows of a signal -----------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private")
def stft_frames(self: Tensor, n_fft: int, hop_length: int, win_length: int, window: Tensor | None, normalized: bool,
                onesided: bool) -> Tensor:
    """The transforms of windows of a signal of shape (batch, time), as (batch, frequency, frame)."""
    n = self.size(1)
    frames = 1 + (n - n_fft) // hop_length
    x = self.as_strided([self.size(0), frames, n_fft], [self.stride(0), hop_length * self.stride(1), self.stride(1)])
    if window is not None:
        w = window
        if win_length < n_fft:
            left = (n_fft - win_length) // 2
            w = torch.constant_pad_nd(window, [left, n_fft - win_length - left], 0)
        x = x * w
    elif win_length < n_fft:
        left = (n_fft - win_length) // 2
        w = torch.constant_pad_nd(torch.ones([win_length], dtype=to_real(self.dtype)), [left, n_fft - win_length - left], 0)
        x = x * w
    mode = 1 if normalized else 0
    if x.is_complex():
        return torch.fft_c2c(x, [2], mode, True).transpose(1, 2)
    return torch.fft_r2c(x, [2], mode, onesided).transpose(1, 2)

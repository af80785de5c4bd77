"""Margins that repeat the input, and images at other sizes."""


# --- padding ----------------------------------------------------------------------------------------------------------------
@op.composite(namespace="nn", variants="function")
def pad(self: Tensor, pad: list[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Pads the last dimensions; `pad` gives (before, after) pairs from the last dimension on."""
    if len(pad) % 2 != 0:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * self.dim():
        raise RuntimeError("Padding length too large")
    if mode == "constant":
        return torch.constant_pad_nd(self, pad, 0.0 if value is None else value)
    if value is not None:
        if value != 0.0:
            raise RuntimeError(f"Padding mode \"{mode}\" doesn't take in value argument")
    dims = len(pad) // 2
    if dims > 3 or dims == 0 or (self.dim() != dims + 1 and self.dim() != dims + 2):
        raise NotImplementedError("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now")
    if mode == "reflect":
        if dims == 1:
            return torch.reflection_pad1d(self, pad)
        if dims == 2:
            return torch.reflection_pad2d(self, pad)
        return torch.reflection_pad3d(self, pad)
    if mode == "replicate":
        if dims == 1:
            return torch.replication_pad1d(self, pad)
        if dims == 2:
            return torch.replication_pad2d(self, pad)
        return torch.replication_pad3d(self, pad)
    if mode == "circular":
        return torch.circular_pad(self, pad)
    raise NotImplementedError(f"Unrecognised padding mode {mode}")


@op.primitive(namespace="private", variants="none")
def pad_by_index_backward(grad_output: Tensor, input_sizes: list[int], padding: list[int], mode: int) -> Tensor: ...

@pad_by_index_backward.backward("ReflectionPad2DBackwardBackward0")
def _(grad, padding, mode):
    d_grad_output = torch.pad_by_index(grad, padding, mode)


@op.primitive(namespace="private", variants="none")
def pad_by_index(self: Tensor, padding: list[int], mode: int) -> Tensor: ...

@pad_by_index.backward("ReflectionPad2DBackward0")
def _(grad, self, padding, mode):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, mode)


@op.primitive(namespace="private", variants="none")
def circular_pad(self: Tensor, padding: list[int]) -> Tensor:
    return cpu.pad_by_index(self, padding, 2)

@circular_pad.backward("CopySlices")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 2)


@op.primitive(namespace="nn", variants="function out")
def reflection_pad1d(self: Tensor, padding: int[2]) -> Tensor:
    """A margin that mirrors the input at its border."""
    return cpu.pad_by_index(self, padding, 0)

@reflection_pad1d.backward("ReflectionPad1DBackward0")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 0)


@op.primitive(namespace="nn", variants="function out")
def reflection_pad2d(self: Tensor, padding: int[4]) -> Tensor:
    """A margin that mirrors the input at its border."""
    return cpu.pad_by_index(self, padding, 0)

@reflection_pad2d.backward("ReflectionPad2DBackward0")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 0)


@op.primitive(namespace="nn", variants="function out")
def reflection_pad3d(self: Tensor, padding: int[6]) -> Tensor:
    """A margin that mirrors the input at its border."""
    return cpu.pad_by_index(self, padding, 0)

@reflection_pad3d.backward("ReflectionPad3DBackward0")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 0)


@op.primitive(namespace="nn", variants="function out")
def replication_pad1d(self: Tensor, padding: int[2]) -> Tensor:
    """A margin that repeats the border."""
    return cpu.pad_by_index(self, padding, 1)

@replication_pad1d.backward("ReplicationPad1DBackward0")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 1)


@op.primitive(namespace="nn", variants="function out")
def replication_pad2d(self: Tensor, padding: int[4]) -> Tensor:
    """A margin that repeats the border."""
    return cpu.pad_by_index(self, padding, 1)

@replication_pad2d.backward("ReplicationPad2DBackward0")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 1)


@op.primitive(namespace="nn", variants="function out")
def replication_pad3d(self: Tensor, padding: int[6]) -> Tensor:
    """A margin that repeats the border."""
    return cpu.pad_by_index(self, padding, 1)

@replication_pad3d.backward("ReplicationPad3DBackward0")
def _(grad, self, padding):
    d_self = torch.pad_by_index_backward(grad, self.shape, padding, 1)


# --- resampling -------------------------------------------------------------------------------------------------------------
@op.primitive(namespace="private", variants="none")
def upsample_backward(grad_output: Tensor, input_sizes: list[int], scales: list[float], align_corners: bool, mode: int) -> Tensor: ...

@upsample_backward.backward("UpsampleBackwardBackward0")
def _(grad, grad_output, scales, align_corners, mode):
    d_grad_output = torch.upsample(grad, grad_output.shape[2:], scales, align_corners, mode)


@op.primitive(namespace="private", variants="none")
def upsample(self: Tensor, output_size: list[int], scales: list[float], align_corners: bool, mode: int) -> Tensor: ...

@upsample.backward("UpsampleBackward0")
def _(grad, self, scales, align_corners, mode):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, mode)


@op.composite(namespace="private", variants="none")
def upsampled_size(self: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> list[int]:
    if output_size is not None:
        if scale_factors is not None:
            raise RuntimeError("Must specify exactly one of output_size and scale_factors")
        return output_size
    if scale_factors is None:
        raise RuntimeError("Must specify exactly one of output_size and scale_factors")
    size = [0] * (self.dim() - 2)
    for i in range(len(size)):
        size[i] = int(float(self.size(i + 2)) * scale_factors[i])
    return size


@op.composite(namespace="private", variants="none")
def upsample_nearest1d_sized(self: Tensor, output_size: list[int], scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, False, 0)

@upsample_nearest1d_sized.backward("UpsampleNearest1DBackward1")
def _(grad, self, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, False, 0)


@op.composite(namespace="nn", variants="function")
def upsample_nearest1d(input: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> Tensor:
    """The nearest element."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_nearest1d_sized(input, size, [0.0])
    return torch.upsample_nearest1d_sized(input, size, scale_factors)


@op.composite(namespace="private", variants="none")
def _upsample_nearest_exact1d_sized(self: Tensor, output_size: list[int], scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, False, 3)

@_upsample_nearest_exact1d_sized.backward("UpsampleNearestExact1DBackward1")
def _(grad, self, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, False, 3)


@op.composite(namespace="nn", variants="function")
def _upsample_nearest_exact1d(input: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> Tensor:
    """The nearest element, by the middle of pixels."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch._upsample_nearest_exact1d_sized(input, size, [0.0])
    return torch._upsample_nearest_exact1d_sized(input, size, scale_factors)


@op.composite(namespace="private", variants="none")
def upsample_nearest2d_sized(self: Tensor, output_size: list[int], scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, False, 0)

@upsample_nearest2d_sized.backward("UpsampleNearest2DBackward1")
def _(grad, self, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, False, 0)


@op.composite(namespace="nn", variants="function")
def upsample_nearest2d(input: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> Tensor:
    """The nearest element."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_nearest2d_sized(input, size, [0.0])
    return torch.upsample_nearest2d_sized(input, size, scale_factors)


@op.composite(namespace="private", variants="none")
def _upsample_nearest_exact2d_sized(self: Tensor, output_size: list[int], scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, False, 3)

@_upsample_nearest_exact2d_sized.backward("UpsampleNearestExact2DBackward1")
def _(grad, self, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, False, 3)


@op.composite(namespace="nn", variants="function")
def _upsample_nearest_exact2d(input: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> Tensor:
    """The nearest element, by the middle of pixels."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch._upsample_nearest_exact2d_sized(input, size, [0.0])
    return torch._upsample_nearest_exact2d_sized(input, size, scale_factors)


@op.composite(namespace="private", variants="none")
def upsample_nearest3d_sized(self: Tensor, output_size: list[int], scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, False, 0)

@upsample_nearest3d_sized.backward("UpsampleNearest3DBackward1")
def _(grad, self, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, False, 0)


@op.composite(namespace="nn", variants="function")
def upsample_nearest3d(input: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> Tensor:
    """The nearest element."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_nearest3d_sized(input, size, [0.0])
    return torch.upsample_nearest3d_sized(input, size, scale_factors)


@op.composite(namespace="private", variants="none")
def _upsample_nearest_exact3d_sized(self: Tensor, output_size: list[int], scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, False, 3)

@_upsample_nearest_exact3d_sized.backward("UpsampleNearestExact3DBackward1")
def _(grad, self, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, False, 3)


@op.composite(namespace="nn", variants="function")
def _upsample_nearest_exact3d(input: Tensor, output_size: list[int] | None, scale_factors: list[float] | None) -> Tensor:
    """The nearest element, by the middle of pixels."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch._upsample_nearest_exact3d_sized(input, size, [0.0])
    return torch._upsample_nearest_exact3d_sized(input, size, scale_factors)


@op.composite(namespace="private", variants="none")
def upsample_linear1d_sized(self: Tensor, output_size: list[int], align_corners: bool, scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, align_corners, 1)

@upsample_linear1d_sized.backward("UpsampleLinear1DBackward1")
def _(grad, self, align_corners, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, 1)


@op.composite(namespace="nn", variants="function")
def upsample_linear1d(input: Tensor, output_size: list[int] | None, align_corners: bool, scale_factors: list[float] | None) -> Tensor:
    """Lines between the elements."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_linear1d_sized(input, size, align_corners, [0.0])
    return torch.upsample_linear1d_sized(input, size, align_corners, scale_factors)


@op.composite(namespace="private", variants="none")
def upsample_bilinear2d_sized(self: Tensor, output_size: list[int], align_corners: bool, scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, align_corners, 1)

@upsample_bilinear2d_sized.backward("UpsampleBilinear2DBackward1")
def _(grad, self, align_corners, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, 1)


@op.composite(namespace="nn", variants="function")
def upsample_bilinear2d(input: Tensor, output_size: list[int] | None, align_corners: bool, scale_factors: list[float] | None) -> Tensor:
    """Lines between the elements."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_bilinear2d_sized(input, size, align_corners, [0.0])
    return torch.upsample_bilinear2d_sized(input, size, align_corners, scale_factors)


@op.composite(namespace="private", variants="none")
def upsample_trilinear3d_sized(self: Tensor, output_size: list[int], align_corners: bool, scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, align_corners, 1)

@upsample_trilinear3d_sized.backward("UpsampleTrilinear3DBackward1")
def _(grad, self, align_corners, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, 1)


@op.composite(namespace="nn", variants="function")
def upsample_trilinear3d(input: Tensor, output_size: list[int] | None, align_corners: bool, scale_factors: list[float] | None) -> Tensor:
    """Lines between the elements."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_trilinear3d_sized(input, size, align_corners, [0.0])
    return torch.upsample_trilinear3d_sized(input, size, align_corners, scale_factors)


@op.composite(namespace="private", variants="none")
def upsample_bicubic2d_sized(self: Tensor, output_size: list[int], align_corners: bool, scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, align_corners, 2)

@upsample_bicubic2d_sized.backward("UpsampleBicubic2DBackward1")
def _(grad, self, align_corners, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, 2)


@op.composite(namespace="nn", variants="function")
def upsample_bicubic2d(input: Tensor, output_size: list[int] | None, align_corners: bool, scale_factors: list[float] | None) -> Tensor:
    """Cubic curves between the elements."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch.upsample_bicubic2d_sized(input, size, align_corners, [0.0])
    return torch.upsample_bicubic2d_sized(input, size, align_corners, scale_factors)


@op.composite(namespace="private", variants="none")
def _upsample_bilinear2d_aa_sized(self: Tensor, output_size: list[int], align_corners: bool, scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, align_corners, 4)

@_upsample_bilinear2d_aa_sized.backward("UpsampleBilinear2DAaBackward1")
def _(grad, self, align_corners, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, 4)


@op.composite(namespace="nn", variants="function")
def _upsample_bilinear2d_aa(input: Tensor, output_size: list[int] | None, align_corners: bool, scale_factors: list[float] | None) -> Tensor:
    """Lines between the elements, smoothed when shrinking."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch._upsample_bilinear2d_aa_sized(input, size, align_corners, [0.0])
    return torch._upsample_bilinear2d_aa_sized(input, size, align_corners, scale_factors)


@op.composite(namespace="private", variants="none")
def _upsample_bicubic2d_aa_sized(self: Tensor, output_size: list[int], align_corners: bool, scales: list[float]) -> Tensor:
    return torch.upsample(self, output_size, scales, align_corners, 5)

@_upsample_bicubic2d_aa_sized.backward("UpsampleBicubic2DAaBackward1")
def _(grad, self, align_corners, scales):
    d_self = torch.upsample_backward(grad, self.shape, scales, align_corners, 5)


@op.composite(namespace="nn", variants="function")
def _upsample_bicubic2d_aa(input: Tensor, output_size: list[int] | None, align_corners: bool, scale_factors: list[float] | None) -> Tensor:
    """Cubic curves between the elements, smoothed when shrinking."""
    size = torch.upsampled_size(input, output_size, scale_factors)
    if scale_factors is None:
        return torch._upsample_bicubic2d_aa_sized(input, size, align_corners, [0.0])
    return torch._upsample_bicubic2d_aa_sized(input, size, align_corners, scale_factors)


# --- grids ------------------------------------------------------------------------------------------------------------------
@op.primitive(namespace="private", variants="none", results="grad_input grad_grid")
def grid_sampler_backward(grad_output: Tensor, input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int,
                          align_corners: bool) -> tuple[Tensor, Tensor]: ...


@op.primitive(variants="function", kernel="grid_sampler")
def grid_sampler_2d(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    """Images at given places."""
    ...

@grid_sampler_2d.backward("GridSampler2DBackward0")
def _(grad, input, grid, interpolation_mode, padding_mode, align_corners):
    both = torch.grid_sampler_backward(grad, input, grid, interpolation_mode, padding_mode, align_corners)
    d_input = both[0]
    d_grid = both[1]


@op.primitive(variants="function", kernel="grid_sampler")
def grid_sampler_3d(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    """Volumes at given places."""
    ...

@grid_sampler_3d.backward("GridSampler3DBackward0")
def _(grad, input, grid, interpolation_mode, padding_mode, align_corners):
    both = torch.grid_sampler_backward(grad, input, grid, interpolation_mode, padding_mode, align_corners)
    d_input = both[0]
    d_grid = both[1]


@op.composite(variants="function")
def grid_sampler(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    """Images or volumes at given places."""
    if input.dim() == 5:
        return torch.grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners)
    return torch.grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners)


@op.composite(namespace="private", variants="none")
def grid_line(like: Tensor, n: int, align_corners: bool) -> Tensor:
    """The coordinates of n pixels."""
    if n <= 1:
        return torch.zeros([n], dtype=like.dtype)
    line = torch.linspace(-1, 1, n, dtype=like.dtype)
    return line if align_corners else line * (float(n - 1) / float(n))


@op.composite(namespace="private", variants="none")
def affine_base(like: Tensor, size: list[int], align_corners: bool) -> Tensor:
    """Homogeneous coordinates of all pixels: (1, pixels, dimensions + 1)."""
    if len(size) == 4:
        h = size[2]
        w = size[3]
        plane = [h, w]
        x = torch.grid_line(like, w, align_corners).expand(plane)
        y = torch.grid_line(like, h, align_corners).unsqueeze(1).expand(plane)
        return torch.stack([x, y, torch.ones(plane, dtype=like.dtype)], 2).reshape([1, h * w, 3])
    cube = [size[2], size[3], size[4]]
    x = torch.grid_line(like, size[4], align_corners).expand(cube)
    y = torch.grid_line(like, size[3], align_corners).unsqueeze(1).expand(cube)
    z = torch.grid_line(like, size[2], align_corners).unsqueeze(1).unsqueeze(1).expand(cube)
    return torch.stack([x, y, z, torch.ones(cube, dtype=like.dtype)], 3).reshape([1, size[2] * size[3] * size[4], 4])


@op.composite(variants="function")
def affine_grid_generator(theta: Tensor, size: list[int], align_corners: bool) -> Tensor:
    """For each pixel the place that an affine map takes it to."""
    if len(size) != 4 and len(size) != 5:
        raise RuntimeError("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.")
    grid = torch.matmul(torch.affine_base(theta, size, align_corners), theta.transpose(1, 2))
    if len(size) == 4:
        return grid.reshape([size[0], size[2], size[3], 2])
    return grid.reshape([size[0], size[2], size[3], size[4], 3])

@affine_grid_generator.backward("AffineGridGeneratorBackward0")
def _(grad, theta, size, align_corners):
    base = torch.affine_base(grad, size, align_corners)
    d_theta = torch.matmul(base.transpose(1, 2), grad.reshape([theta.size(0), -1, len(size) - 2])).transpose(1, 2)

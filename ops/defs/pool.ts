"""Pooling. The operators of two and three dimensions share kernels; those of one dimension are those of two."""


@op.composite(variants="none", namespace="private")
def gather_planes(self: Tensor, indices: Tensor, dims: int) -> Tensor:
    """Of each plane (the last `dims` dimensions) the elements that `indices` name."""
    return self.flatten(-dims, -1).gather(-1, indices.flatten(-dims, -1)).reshape(indices.shape)


# --- maximum ----------------------------------------------------------------------------------------------------------------
@op.primitive(variants="none", namespace="private")
def max_pool_backward(grad_output: Tensor, indices: Tensor, input_sizes: list[int], dims: int) -> Tensor: ...

@max_pool_backward.backward("MaxPool2DWithIndicesBackwardBackward0")
def _(grad, indices, dims):
    d_grad_output = torch.gather_planes(grad, indices, dims)


@op.primitive(namespace="nn", variants="function out", results="output indices", plain_tuple=True)
def max_pool2d_with_indices(self: Tensor, kernel_size: int[2], stride: int[2] = [], padding: int[2] = 0, dilation: int[2] = 1,
                            ceil_mode: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements of windows, and where in their plane they are."""
    return cpu.max_pool_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode, 2)

@max_pool2d_with_indices.backward("MaxPool2DWithIndicesBackward0")
def _(grad_output, self, indices):
    d_self = torch.max_pool_backward(grad_output, indices, self.shape, 2)


@op.primitive(namespace="nn", variants="function out", results="output indices", plain_tuple=True)
def max_pool3d_with_indices(self: Tensor, kernel_size: int[3], stride: int[3] = [], padding: int[3] = 0, dilation: int[3] = 1,
                            ceil_mode: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements of windows, and where in their volume they are."""
    return cpu.max_pool_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode, 3)

@max_pool3d_with_indices.backward("MaxPool3DWithIndicesBackward0")
def _(grad_output, self, indices):
    d_self = torch.max_pool_backward(grad_output, indices, self.shape, 3)


@op.composite(variants="function")
def max_pool2d(self: Tensor, kernel_size: int[2], stride: int[2] = [], padding: int[2] = 0, dilation: int[2] = 1,
               ceil_mode: bool = False) -> Tensor:
    """The largest elements of windows."""
    return torch.max_pool2d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode)[0]


@op.composite(variants="function")
def max_pool3d(self: Tensor, kernel_size: int[3], stride: int[3] = [], padding: int[3] = 0, dilation: int[3] = 1,
               ceil_mode: bool = False) -> Tensor:
    """The largest elements of windows."""
    return torch.max_pool3d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode)[0]


@op.composite(variants="function", results="output indices", plain_tuple=True)
def max_pool1d_with_indices(self: Tensor, kernel_size: int[1], stride: int[1] = [], padding: int[1] = 0, dilation: int[1] = 1,
                            ceil_mode: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements of windows, and where they are."""
    if self.dim() != 2 and self.dim() != 3:
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {self.dim()}-dimensional tensor for argument #1 'self' (while checking arguments for max_pool1d)")
    step = kernel_size if len(stride) == 0 else stride
    both = torch.max_pool2d_with_indices(self.unsqueeze(-2), [1, kernel_size[0]], [1, step[0]], [0, padding[0]], [1, dilation[0]], ceil_mode)
    return both[0].squeeze(-2), both[1].squeeze(-2)


@op.composite(variants="function")
def max_pool1d(self: Tensor, kernel_size: int[1], stride: int[1] = [], padding: int[1] = 0, dilation: int[1] = 1,
               ceil_mode: bool = False) -> Tensor:
    """The largest elements of windows."""
    if self.requires_grad and grad_enabled():
        return torch.max_pool1d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode)[0]
    if len(kernel_size) != 1:
        raise RuntimeError("max_pool1d() kernel_size must be an int, list of ints or tuple of ints of size 1")
    if len(stride) > 1:
        raise RuntimeError("max_pool1d() stride must be None, an int, list of ints, or tuple of ints of size 1")
    if len(padding) != 1:
        raise RuntimeError("max_pool1d() padding must be an int, list of ints, or tuple of ints of size 1")
    if len(dilation) != 1:
        raise RuntimeError("max_pool1d() dilation must be an int, list of ints, or tuple of ints of size 1")
    if self.dim() != 2 and self.dim() != 3:
        raise RuntimeError(f"max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:{self.shape}")
    if self.size(-1) == 0 or self.size(-2) == 0:
        raise RuntimeError(f"Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:{self.shape}")
    k = kernel_size[0]
    step = k if len(stride) == 0 else stride[0]
    if k <= 0:
        raise RuntimeError(f"max_pool1d() kernel_size must be greater than zero, but got {k}")
    if step <= 0:
        raise RuntimeError(f"max_pool1d() stride must be greater than zero, but got {step}")
    if padding[0] < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding[0]}")
    if padding[0] > k // 2:
        raise RuntimeError(f"max_pool1d() padding should be at most half of kernel size, but got padding={padding[0]} and kernel_size={k}")
    if dilation[0] <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {dilation[0]}")
    room = self.size(-1) + 2 * padding[0] - dilation[0] * (k - 1) - 1
    n = (room + (step - 1 if ceil_mode else 0)) // step + 1
    if ceil_mode and (n - 1) * step >= self.size(-1) + padding[0]:
        n -= 1
    if n < 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {n}")
    if n == 0 or self.numel() == 0:
        return self.new_empty(self.shape[0:self.dim() - 1] + [n])
    if not is_floating(self.dtype):
        raise RuntimeError("\"max_pool1d_impl\" not implemented for '" + f"{self.dtype}'")
    return torch.max_pool2d_with_indices(self.unsqueeze(-2), [1, k], [1, step], [0, padding[0]], [1, dilation[0]], ceil_mode)[0].squeeze(-2)


# --- mean -------------------------------------------------------------------------------------------------------------------
@op.primitive(variants="none", namespace="private")
def avg_pool_backward(grad_output: Tensor, input_sizes: list[int], kernel_size: list[int], stride: list[int], padding: list[int],
                      ceil_mode: bool, count_include_pad: bool, divisor_override: int | None, dims: int) -> Tensor: ...

@avg_pool_backward.backward("AvgPool2DBackwardBackward0")
def _(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims):
    d_grad_output = torch.avg_pool3d(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override) if dims == 3 else torch.avg_pool2d(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@op.primitive(namespace="nn", variants="function out")
def avg_pool2d(self: Tensor, kernel_size: int[2], stride: int[2] = [], padding: int[2] = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The means of windows."""
    return cpu.avg_pool(self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 2)

@avg_pool2d.backward("AvgPool2DBackward0")
def _(grad, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    d_self = torch.avg_pool_backward(grad, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 2)


@op.primitive(namespace="nn", variants="function out")
def avg_pool3d(self: Tensor, kernel_size: int[3], stride: int[3] = [], padding: int[3] = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The means of windows."""
    return cpu.avg_pool(self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 3)

@avg_pool3d.backward("AvgPool3DBackward0")
def _(grad, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    d_self = torch.avg_pool_backward(grad, self.shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 3)


@op.composite(variants="function")
def avg_pool1d(self: Tensor, kernel_size: int[1], stride: int[1] = [], padding: int[1] = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:
    """The means of windows."""
    if self.dim() != 2 and self.dim() != 3:
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {self.dim()}-dimensional tensor for argument #1 'self' (while checking arguments for avg_pool1d)")
    step = kernel_size if len(stride) == 0 else stride
    return torch.avg_pool2d(self.unsqueeze(-2), [1, kernel_size[0]], [1, step[0]], [0, padding[0]], ceil_mode, count_include_pad, None).squeeze(-2)


# --- adaptive ---------------------------------------------------------------------------------------------------------------
@op.primitive(variants="none", namespace="private")
def adaptive_avg_pool_backward(grad_output: Tensor, input_sizes: list[int], dims: int) -> Tensor: ...

@adaptive_avg_pool_backward.backward("AdaptiveAvgPool2DBackwardBackward0")
def _(grad, grad_output, dims):
    d_grad_output = torch.adaptive_avg_pool3d_windows(grad, grad_output.shape[grad_output.dim() - 3:]) if dims == 3 else torch.adaptive_avg_pool2d_windows(grad, grad_output.shape[grad_output.dim() - 2:])


@op.primitive(variants="none", namespace="private")
def adaptive_avg_pool2d_windows(self: Tensor, output_size: list[int]) -> Tensor:
    return cpu.adaptive_avg_pool(self, output_size, 2)

@adaptive_avg_pool2d_windows.backward("AdaptiveAvgPool2DBackward0")
def _(grad, self):
    d_self = torch.adaptive_avg_pool_backward(grad, self.shape, 2)


@op.primitive(variants="none", namespace="private")
def adaptive_avg_pool3d_windows(self: Tensor, output_size: list[int]) -> Tensor:
    return cpu.adaptive_avg_pool(self, output_size, 3)

@adaptive_avg_pool3d_windows.backward("AdaptiveAvgPool3DBackward0")
def _(grad, self):
    d_self = torch.adaptive_avg_pool_backward(grad, self.shape, 3)


@op.composite(namespace="nn", variants="function out")
def adaptive_avg_pool2d(self: Tensor, output_size: int[2]) -> Tensor:
    """The means of windows that cover the input, as many as wanted."""
    if len(output_size) != 1 and len(output_size) != 2:
        raise RuntimeError("adaptive_avg_pool2d: output_size must be 2")
    size = expand_list(output_size, 2)
    if size[0] < 0 or size[1] < 0:
        raise RuntimeError("adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received {" + f"{size[0]}, {size[1]}" + "}")
    if size[0] == 1 and size[1] == 1 and self.dim() >= 2 and is_floating(self.dtype):
        return self.mean([-1, -2], True)
    return torch.adaptive_avg_pool2d_windows(self, size)


@op.composite(namespace="nn", variants="function out")
def adaptive_avg_pool3d(self: Tensor, output_size: int[3]) -> Tensor:
    """The means of windows that cover the input, as many as wanted."""
    if len(output_size) != 1 and len(output_size) != 3:
        raise RuntimeError("adaptive_avg_pool3d: output_size must be 3")
    size = expand_list(output_size, 3)
    if size[0] < 0 or size[1] < 0 or size[2] < 0:
        raise RuntimeError("adaptive_avg_pool3d: elements of output_size must be greater than or equal to 0 but received {" + f"{size[0]}, {size[1]},{size[2]}" + "}")
    if size[0] == 1 and size[1] == 1 and size[2] == 1 and self.dim() >= 3 and is_floating(self.dtype):
        return self.mean([-1, -2, -3], True)
    return torch.adaptive_avg_pool3d_windows(self, size)


@op.composite(variants="function")
def adaptive_avg_pool1d(self: Tensor, output_size: int[1]) -> Tensor:
    """The means of windows that cover the input, as many as wanted."""
    if self.dim() != 2 and self.dim() != 3:
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {self.dim()}-dimensional tensor for argument #1 'self' (while checking arguments for adaptive_avg_pool1d)")
    if len(output_size) != 1:
        raise RuntimeError("adaptive_avg_pool1d: output_size must be 1")
    return torch.adaptive_avg_pool2d(self.unsqueeze(-2), [1, output_size[0]]).squeeze(-2)


@op.primitive(namespace="nn", variants="function out", results="output indices", plain_tuple=True)
def adaptive_max_pool2d(self: Tensor, output_size: int[2]) -> tuple[Tensor, Tensor]:
    """The largest elements of windows that cover the input, and where they are."""
    return cpu.adaptive_max_pool(self, output_size, 2)

@adaptive_max_pool2d.backward("AdaptiveMaxPool2DBackward0")
def _(grad_output, self, indices):
    d_self = torch.max_pool_backward(grad_output, indices, self.shape, 2)


@op.primitive(namespace="nn", variants="function out", results="output indices", plain_tuple=True)
def adaptive_max_pool3d(self: Tensor, output_size: int[3]) -> tuple[Tensor, Tensor]:
    """The largest elements of windows that cover the input, and where they are."""
    return cpu.adaptive_max_pool(self, output_size, 3)

@adaptive_max_pool3d.backward("AdaptiveMaxPool3DBackward0")
def _(grad_output, self, indices):
    d_self = torch.max_pool_backward(grad_output, indices, self.shape, 3)


@op.composite(variants="function", results="output indices", plain_tuple=True)
def adaptive_max_pool1d(self: Tensor, output_size: int[1]) -> tuple[Tensor, Tensor]:
    """The largest elements of windows that cover the input, and where they are."""
    if self.dim() != 2 and self.dim() != 3:
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {self.dim()}-dimensional tensor for argument #1 'self' (while checking arguments for adaptive_max_pool1d)")
    if len(output_size) != 1:
        raise RuntimeError("adaptive_max_pool1d: output_size must be 1")
    both = torch.adaptive_max_pool2d(self.unsqueeze(-2), [1, output_size[0]])
    return both[0].squeeze(-2), both[1].squeeze(-2)


# --- fractional, and back ---------------------------------------------------------------------------------------------------
@op.primitive(namespace="nn", variants="function out", results="output indices", plain_tuple=True)
def fractional_max_pool2d(self: Tensor, kernel_size: int[2], output_size: int[2], random_samples: Tensor) -> tuple[Tensor, Tensor]:
    """The largest elements of windows at random places."""
    return cpu.fractional_max_pool(self, kernel_size, output_size, random_samples, 2)

@fractional_max_pool2d.backward("FractionalMaxPool2DBackward0")
def _(grad_output, self, indices):
    d_self = torch.max_pool_backward(grad_output, indices, self.shape, 2)


@op.primitive(namespace="nn", variants="function out", results="output indices", plain_tuple=True)
def fractional_max_pool3d(self: Tensor, kernel_size: int[3], output_size: int[3], random_samples: Tensor) -> tuple[Tensor, Tensor]:
    """The largest elements of windows at random places."""
    return cpu.fractional_max_pool(self, kernel_size, output_size, random_samples, 3)

@fractional_max_pool3d.backward("FractionalMaxPool3DBackward0")
def _(grad_output, self, indices):
    d_self = torch.max_pool_backward(grad_output, indices, self.shape, 3)


@op.primitive(namespace="nn", variants="function out")
def max_unpool2d(self: Tensor, indices: Tensor, output_size: list[int]) -> Tensor:
    """Elements put back where max_pool2d found them, zeros elsewhere."""
    return cpu.max_unpool(self, indices, output_size, 2)

@max_unpool2d.backward("MaxUnpool2DBackward0")
def _(grad, indices):
    d_self = torch.gather_planes(grad, indices, 2)


@op.primitive(namespace="nn", variants="function out")
def max_unpool3d(self: Tensor, indices: Tensor, output_size: list[int], stride: list[int], padding: list[int]) -> Tensor:
    """Elements put back where max_pool3d found them, zeros elsewhere."""
    return cpu.max_unpool(self, indices, output_size, 3)

@max_unpool3d.backward("MaxUnpool3DBackward0")
def _(grad, indices):
    d_self = torch.gather_planes(grad, indices, 3)

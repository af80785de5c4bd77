"""Convolutions: three linear operators whose gradients are each other, and the functions with defaults on top."""


@op.primitive(variants="function")
def convolution(input: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int], dilation: list[int],
                transposed: bool, output_padding: list[int], groups: int) -> Tensor:
    """The convolution under all the others: any number of dimensions, plain or transposed."""
    ...

@convolution.backward
def _(grad, input, weight, stride, padding, dilation, transposed, output_padding, groups):
    d_input = torch.convolution_backward_input(grad, input.shape, weight.conj(), stride, padding, dilation, transposed, output_padding, groups)
    d_weight = torch.convolution_backward_weight(grad, input.conj(), weight.shape, stride, padding, dilation, transposed, output_padding, groups)
    d_bias = grad.sum(all_dims_but_one(grad.dim()), False)


@op.primitive(variants="none", namespace="private")
def convolution_backward_input(grad_output: Tensor, input_sizes: list[int], weight: Tensor, stride: list[int], padding: list[int],
                               dilation: list[int], transposed: bool, output_padding: list[int], groups: int) -> Tensor: ...

@convolution_backward_input.backward("ConvolutionBackwardBackward0")
def _(grad, grad_output, weight, stride, padding, dilation, transposed, output_padding, groups):
    d_grad_output = torch.convolution(grad, weight.conj(), None, stride, padding, dilation, transposed, output_padding, groups)
    d_weight = torch.convolution_backward_weight(grad_output.conj(), grad, weight.shape, stride, padding, dilation, transposed, output_padding, groups)


@op.primitive(variants="none", namespace="private")
def convolution_backward_weight(grad_output: Tensor, input: Tensor, weight_sizes: list[int], stride: list[int], padding: list[int],
                                dilation: list[int], transposed: bool, output_padding: list[int], groups: int) -> Tensor: ...

@convolution_backward_weight.backward("ConvolutionBackwardBackward0")
def _(grad, grad_output, input, stride, padding, dilation, transposed, output_padding, groups):
    d_grad_output = torch.convolution(input.conj(), grad, None, stride, padding, dilation, transposed, output_padding, groups)
    d_input = torch.convolution_backward_input(grad_output.conj(), input.shape, grad, stride, padding, dilation, transposed, output_padding, groups)


@op.composite(variants="none", namespace="private")
def conv_nd(input: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int], dilation: list[int], groups: int,
            dims: int) -> Tensor:
    if input.dim() != dims + 1 and input.dim() != dims + 2:
        raise RuntimeError(f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv{dims}d, but got input of size: {input.shape}")
    if input.dim() == dims + 1:
        return torch.convolution(input.unsqueeze(0), weight, bias, stride, padding, dilation, False, [0], groups).squeeze(0)
    return torch.convolution(input, weight, bias, stride, padding, dilation, False, [0], groups)


@op.composite(variants="none", namespace="private")
def conv_padded(input: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: str, dilation: list[int], groups: int,
                dims: int) -> Tensor:
    if padding == "valid":
        return torch.conv_nd(input, weight, bias, stride, [0], dilation, groups, dims)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if input.dim() != dims + 1 and input.dim() != dims + 2:
        raise RuntimeError(f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv{dims}d, but got input of size: {input.shape}")
    if weight.dim() != dims + 2:
        raise RuntimeError(f"expected weight to be {dims + 2}-dimensional, but got weight of size {weight.shape}")
    for s in stride:
        if s != 1:
            raise RuntimeError("padding='same' is not supported for strided convolutions")
    step = expand_list(dilation, dims)
    before = [0] * dims
    extra = [0] * (2 * dims)
    uneven = False
    for i in range(dims):
        total = step[i] * (weight.size(i + 2) - 1)
        before[i] = total // 2
        if total % 2 != 0:
            uneven = True
            extra[2 * (dims - 1 - i) + 1] = 1
    if uneven:
        return torch.conv_nd(torch.constant_pad_nd(input, extra, 0), weight, bias, stride, before, dilation, groups, dims)
    return torch.conv_nd(input, weight, bias, stride, before, dilation, groups, dims)


@op.composite(variants="function", overload="")
def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[1] = 1, padding: int[1] = 0, dilation: int[1] = 1,
           groups: int = 1) -> Tensor:
    """A convolution over one dimension."""
    return torch.conv_nd(input, weight, bias, stride, padding, dilation, groups, 1)


@op.composite(variants="function", overload="padding")
def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[1] = 1, padding: str = "valid", dilation: int[1] = 1,
           groups: int = 1) -> Tensor:
    """A convolution over one dimension."""
    return torch.conv_padded(input, weight, bias, stride, padding, dilation, groups, 1)


@op.composite(variants="function", overload="")
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[2] = 1, padding: int[2] = 0, dilation: int[2] = 1,
           groups: int = 1) -> Tensor:
    """A convolution over two dimensions."""
    return torch.conv_nd(input, weight, bias, stride, padding, dilation, groups, 2)


@op.composite(variants="function", overload="padding")
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[2] = 1, padding: str = "valid", dilation: int[2] = 1,
           groups: int = 1) -> Tensor:
    """A convolution over two dimensions."""
    return torch.conv_padded(input, weight, bias, stride, padding, dilation, groups, 2)


@op.composite(variants="function", overload="")
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[3] = 1, padding: int[3] = 0, dilation: int[3] = 1,
           groups: int = 1) -> Tensor:
    """A convolution over three dimensions."""
    return torch.conv_nd(input, weight, bias, stride, padding, dilation, groups, 3)


@op.composite(variants="function", overload="padding")
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[3] = 1, padding: str = "valid", dilation: int[3] = 1,
           groups: int = 1) -> Tensor:
    """A convolution over three dimensions."""
    return torch.conv_padded(input, weight, bias, stride, padding, dilation, groups, 3)


@op.composite(variants="none", namespace="private")
def conv_transpose_nd(input: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int], output_padding: list[int],
                      groups: int, dilation: list[int], dims: int) -> Tensor:
    if input.dim() != dims + 1 and input.dim() != dims + 2:
        raise RuntimeError(f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv_transpose{dims}d, but got input of size: {input.shape}")
    if input.dim() == dims + 1:
        return torch.convolution(input.unsqueeze(0), weight, bias, stride, padding, dilation, True, output_padding, groups).squeeze(0)
    return torch.convolution(input, weight, bias, stride, padding, dilation, True, output_padding, groups)


@op.composite(variants="function", overload="")
def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[1] = 1, padding: int[1] = 0,
                     output_padding: int[1] = 0, groups: int = 1, dilation: int[1] = 1) -> Tensor:
    """The gradient of conv1d as an operator."""
    return torch.conv_transpose_nd(input, weight, bias, stride, padding, output_padding, groups, dilation, 1)


@op.composite(variants="function", overload="input")
def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[2] = 1, padding: int[2] = 0,
                     output_padding: int[2] = 0, groups: int = 1, dilation: int[2] = 1) -> Tensor:
    """The gradient of conv2d as an operator."""
    return torch.conv_transpose_nd(input, weight, bias, stride, padding, output_padding, groups, dilation, 2)


@op.composite(variants="function", overload="input")
def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int[3] = 1, padding: int[3] = 0,
                     output_padding: int[3] = 0, groups: int = 1, dilation: int[3] = 1) -> Tensor:
    """The gradient of conv3d as an operator."""
    return torch.conv_transpose_nd(input, weight, bias, stride, padding, output_padding, groups, dilation, 3)


@op.composite(variants="function")
def conv_tbc(self: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """A convolution over time: input (T, N, C), weight (k, C, O)."""
    return torch.convolution(self.permute([1, 2, 0]), weight.permute([2, 1, 0]), bias, [1], [pad], [1], False, [0], 1).permute([2, 0, 1])


@op.primitive(namespace="nn", variants="function out")
def im2col(self: Tensor, kernel_size: int[2], dilation: int[2], padding: int[2], stride: int[2]) -> Tensor:
    """Sliding windows of images as columns."""
    ...

@im2col.backward("Im2ColBackward0")
def _(grad, self, kernel_size, dilation, padding, stride):
    d_self = torch.col2im(grad, self.shape[self.dim() - 2:], kernel_size, dilation, padding, stride)


@op.primitive(namespace="nn", variants="function out")
def col2im(self: Tensor, output_size: int[2], kernel_size: int[2], dilation: int[2], padding: int[2], stride: int[2]) -> Tensor:
    """Columns added up to the images that they are windows of."""
    ...

@col2im.backward("Col2ImBackward0")
def _(grad, kernel_size, dilation, padding, stride):
    d_self = torch.im2col(grad, kernel_size, dilation, padding, stride)


@op.composite(variants="function", overload="")
def _convolution(input: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int], dilation: list[int],
                 transposed: bool, output_padding: list[int], groups: int, benchmark: bool, deterministic: bool, cudnn_enabled: bool,
                 allow_tf32: bool) -> Tensor:
    """What PyTorch records of any convolution when it traces."""
    return torch.convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)


@op.composite(variants="function", overload="deprecated")
def _convolution(input: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int], dilation: list[int],
                 transposed: bool, output_padding: list[int], groups: int, benchmark: bool, deterministic: bool,
                 cudnn_enabled: bool) -> Tensor:
    """The same as older traces have it."""
    return torch.convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)

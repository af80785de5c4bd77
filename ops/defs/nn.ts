"""Activations, normalisation, dropout and losses."""


# --- activations ---------------------------------------------------------------------------------------------------------
@op.pointwise(dtypes="int float", variants="function method inplace")
def relu(self: Tensor) -> Tensor:
    """The element where it is positive, else 0."""
    return max(self, 0)

@relu.backward
def _(grad, result):
    d_self = torch.threshold_backward(grad, result, 0)


@op.pointwise(namespace="private", variants="function", overload="", dtypes="int float")
def threshold_backward(grad_output: Tensor, self: Tensor, threshold: Scalar) -> Tensor:
    return 0 if self <= threshold else grad_output

@threshold_backward.backward
def _(grad, self, threshold):
    d_grad_output = torch.threshold_backward(grad, self, threshold)
    d_self = grad.zeros_like()


@op.pointwise(variants="function inplace out", overload="", dtypes="int float")
def threshold(self: Tensor, threshold: Scalar, value: Scalar) -> Tensor:
    """The element where it is above the threshold, else ``value``."""
    return value if self <= threshold else self

@threshold.backward
def _(grad, self, threshold):
    d_self = torch.threshold_backward(grad, self, threshold)


@op.composite(namespace="nn", variants="function inplace")
def relu6(self: Tensor) -> Tensor:
    """Moved into [0, 6]."""
    return torch.hardtanh(self, 0, 6)


@op.pointwise(namespace="nn", variants="function inplace out", overload="", dtypes="int float")
def hardtanh(self: Tensor, min_val: Scalar = -1, max_val: Scalar = 1) -> Tensor:
    """Moved into [min_val, max_val]."""
    low = min_val if self < min_val else self
    return max_val if low > max_val else low

@hardtanh.backward
def _(grad, self, min_val, max_val):
    d_self = torch.hardtanh_backward(grad, self, min_val, max_val)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="int float")
def hardtanh_backward(grad_output: Tensor, self: Tensor, min_val: Scalar, max_val: Scalar) -> Tensor:
    return 0 if self <= min_val or self >= max_val else grad_output

@hardtanh_backward.backward
def _(grad, self, min_val, max_val):
    d_grad_output = torch.hardtanh_backward(grad, self, min_val, max_val)
    d_self = grad.zeros_like()


@op.pointwise(namespace="nn", variants="function inplace out", overload="", dtypes="float", kernel="leaky_relu_cpu")
def leaky_relu(self: Tensor, negative_slope: Scalar = 0.01) -> Tensor:
    """The element where it is positive, else it times the slope."""
    return self if self > 0 else self * negative_slope

@leaky_relu.backward
def _(grad, self, negative_slope):
    d_self = torch.leaky_relu_backward(grad, self, negative_slope)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def leaky_relu_backward(grad_output: Tensor, self: Tensor, negative_slope: Scalar) -> Tensor:
    return grad_output if self > 0 else grad_output * negative_slope

@leaky_relu_backward.backward
def _(grad, self, negative_slope):
    d_grad_output = torch.leaky_relu_backward(grad, self, negative_slope)
    d_self = grad.zeros_like()


@op.pointwise(namespace="nn", variants="function inplace out", overload="", dtypes="float", kernel="elu_cpu")
def elu(self: Tensor, alpha: Scalar = 1, scale: Scalar = 1, input_scale: Scalar = 1) -> Tensor:
    """The element where it is positive, else ``alpha * (exp(x) - 1)``."""
    return scale * self if self > 0 else scale * alpha * expm1(self * input_scale)

@elu.backward
def _(grad, self, alpha, scale, input_scale):
    d_self = torch.elu_backward(grad, self, alpha, scale, input_scale)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def elu_backward(grad_output: Tensor, self: Tensor, alpha: Scalar, scale: Scalar, input_scale: Scalar) -> Tensor:
    return grad_output * scale if self > 0 else grad_output * input_scale * scale * alpha * exp(self * input_scale)

@elu_backward.backward
def _(grad, grad_output, self, alpha, scale, input_scale):
    d_grad_output = torch.elu_backward(grad, self, alpha, scale, input_scale)
    d_self = torch.where(self > 0, 0, grad * grad_output * (self * input_scale).exp() * (float(input_scale) * float(input_scale) * float(scale) * float(alpha)))


@op.composite(variants="function inplace")
def selu(self: Tensor) -> Tensor:
    """Self-normalising ELU."""
    return torch.elu(self, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1)


@op.composite(variants="function inplace")
def celu(self: Tensor, alpha: Scalar = 1.0) -> Tensor:
    """Continuously differentiable ELU."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return torch.elu(self, alpha, 1, 1.0 / float(alpha))


@op.pointwise(namespace="private", variants="none", dtypes="float", kernel="GeluKernelImpl")
def gelu_exact(self: Tensor) -> Tensor:
    return self * 0.5 * (1 + erf(self * 0.7071067811865476))


@op.pointwise(namespace="private", variants="none", dtypes="float")
def gelu_tanh(self: Tensor) -> Tensor:
    return 0.5 * self * (1 + tanh(0.7978845608028654 * (self + 0.044715 * self * self * self)))


@op.composite(namespace="nn", variants="function out")
def gelu(self: Tensor, *, approximate: str = "none") -> Tensor:
    """``x`` times the normal distribution's share below ``x``."""
    if approximate == "none":
        return torch.gelu_exact(self)
    if approximate == "tanh":
        return torch.gelu_tanh(self)
    raise RuntimeError("approximate argument must be either none or tanh.")

@gelu.backward
def _(grad, self, approximate):
    d_self = torch.gelu_backward(grad, self) if approximate == "none" else torch.gelu_tanh_backward(grad, self)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def gelu_backward(grad_output: Tensor, self: Tensor) -> Tensor:
    cdf = 0.5 * (1 + erf(self * 0.7071067811865476))
    pdf = exp(-0.5 * self * self) * 0.3989422804014327
    return grad_output * (cdf + self * pdf)

@gelu_backward.backward
def _(grad, grad_output, self):
    d_grad_output = torch.gelu_backward(grad, self)
    d_self = grad * grad_output * (2 - self * self) * (self * self * -0.5).exp() * 0.3989422804014327


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def gelu_tanh_backward(grad_output: Tensor, self: Tensor) -> Tensor:
    inner = 0.7978845608028654 * (self + 0.044715 * self * self * self)
    t = tanh(inner)
    slope = 0.7978845608028654 * (1 + 0.134145 * self * self)
    return grad_output * (0.5 * (1 + t) + 0.5 * self * (1 - t * t) * slope)


@op.pointwise(namespace="nn", variants="function inplace out", dtypes="float complex", kernel="silu_cpu")
def silu(self: Tensor) -> Tensor:
    """``x * sigmoid(x)``."""
    return self / (1 + exp(-self))

@silu.backward
def _(grad, self):
    d_self = torch.silu_backward(grad, self)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def silu_backward(grad_output: Tensor, self: Tensor) -> Tensor:
    s = sigmoid(self)
    return grad_output * s * (1 + self * (1 - s))

@silu_backward.backward
def _(grad, grad_output, self):
    d_grad_output = torch.silu_backward(grad, self)
    s = self.sigmoid()
    slope = s * (1 - s)
    d_self = grad * grad_output * (2 * slope + self * slope * (1 - 2 * s))


@op.pointwise(namespace="nn", variants="function inplace out", dtypes="float", kernel="mish_cpu")
def mish(self: Tensor) -> Tensor:
    """``x * tanh(softplus(x))``."""
    return self * tanh(log1p(exp(self)))

@mish.backward
def _(grad, self):
    d_self = torch.mish_backward(grad, self)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def mish_backward(grad_output: Tensor, self: Tensor) -> Tensor:
    t = tanh(log1p(exp(self)))
    return grad_output * (t + self * sigmoid(self) * (1 - t * t))


@op.pointwise(namespace="nn", variants="function out", overload="", dtypes="float", kernel="softplus_cpu")
def softplus(self: Tensor, beta: Scalar = 1, threshold: Scalar = 20) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``; the element itself above the threshold."""
    return self if self * beta > threshold else log1p(exp(self * beta)) / beta

@softplus.backward
def _(grad, self, beta, threshold):
    d_self = torch.softplus_backward(grad, self, beta, threshold)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def softplus_backward(grad_output: Tensor, self: Tensor, beta: Scalar, threshold: Scalar) -> Tensor:
    z = exp(self * beta)
    return grad_output if self * beta > threshold else grad_output * z / (z + 1)

@softplus_backward.backward
def _(grad, grad_output, self, beta, threshold):
    d_grad_output = torch.softplus_backward(grad, self, beta, threshold)
    s = (self * beta).sigmoid()
    d_self = torch.where(self * beta > threshold, 0, grad * grad_output * s * (1 - s) * beta)


@op.pointwise(namespace="nn", variants="function out", dtypes="float", kernel="log_sigmoid_cpu")
def log_sigmoid(self: Tensor) -> Tensor:
    """``log(sigmoid(x))`` without overflow."""
    return min(self, 0) - log1p(exp(-abs(self)))

@log_sigmoid.backward("LogSigmoidBackward0")
def _(grad, self):
    d_self = grad * (-self).sigmoid()


@op.pointwise(namespace="nn", variants="function inplace out", dtypes="float", kernel="hardsigmoid_cpu")
def hardsigmoid(self: Tensor) -> Tensor:
    """``relu6(x + 3) / 6``."""
    return min(max(self + 3, 0), 6) / 6

@hardsigmoid.backward
def _(grad, self):
    d_self = torch.where((self <= -3).logical_or(self >= 3), 0, grad / 6)


@op.pointwise(namespace="nn", variants="function inplace out", dtypes="float", kernel="hardswish_cpu")
def hardswish(self: Tensor) -> Tensor:
    """``x * relu6(x + 3) / 6``."""
    return self * min(max(self + 3, 0), 6) / 6

@hardswish.backward
def _(grad, self):
    d_self = torch.hardswish_backward(grad, self)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def hardswish_backward(grad_output: Tensor, self: Tensor) -> Tensor:
    return 0 if self < -3 else (grad_output * (self / 3 + 0.5) if self <= 3 else grad_output)


@op.pointwise(variants="function out", overload="", dtypes="float", kernel="hardshrink_cpu")
def hardshrink(self: Tensor, lambd: Scalar = 0.5) -> Tensor:
    """0 in [-lambd, lambd], else the element."""
    return 0 if self >= -lambd and self <= lambd else self

@hardshrink.backward
def _(grad, self, lambd):
    d_self = torch.shrink_backward(grad, self, lambd)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def shrink_backward(grad_output: Tensor, self: Tensor, lambd: Scalar) -> Tensor:
    return 0 if self >= -lambd and self <= lambd else grad_output

@shrink_backward.backward
def _(grad, self, lambd):
    d_grad_output = torch.shrink_backward(grad, self, lambd)
    d_self = grad.zeros_like()


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float", kernel="softshrink_cpu")
def softshrink_body(self: Tensor, lambd: Scalar) -> Tensor:
    return self - lambd if self > lambd else (self + lambd if self < -lambd else 0)


@op.composite(namespace="nn", variants="function out", overload="")
def softshrink(self: Tensor, lambd: Scalar = 0.5) -> Tensor:
    """Moved towards 0 by lambd."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return torch.softshrink_body(self, lambd)

@softshrink.backward
def _(grad, self, lambd):
    d_self = torch.shrink_backward(grad, self, lambd)


@op.composite(variants="function")
def prelu(self: Tensor, weight: Tensor) -> Tensor:
    """The element where it is positive, else it times a learned slope."""
    w = weight
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got ndim = {weight.dim()}")
    if weight.numel() != 1:
        if self.dim() == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = 1 if self.dim() < 2 else self.size(1)
        if channels != weight.numel():
            raise RuntimeError(f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and channel size = {channels}.")
    return torch.prelu_body(self, prelu_weight(w, self.dim()))

@prelu.backward
def _(grad, self, weight):
    slope = prelu_weight(weight, self.dim())
    d_self = torch.where(self > 0, grad, grad * slope)
    d_weight = sum_to_sizes(torch.where(self > 0, torch.zeros_like(grad), grad * self), slope.shape).reshape(weight.shape)


@op.composite(variants="none", namespace="private")
def prelu_weight(weight: Tensor, ndim: int) -> Tensor:
    if weight.numel() == 1:
        return weight.reshape([1] * ndim)
    shape = [1] * ndim
    shape[1 if ndim > 1 else 0] = weight.numel()
    return weight.reshape(shape)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def prelu_body(self: Tensor, weight: Tensor) -> Tensor:
    return self if self > 0 else self * weight


@op.composite(variants="function inplace", random=True)
def rrelu(self: Tensor, lower: Scalar = 0.125, upper: Scalar = 0.3333333333333333, training: bool = False, generator: Generator | None = None) -> Tensor:
    """Leaky ReLU whose slope is random while training."""
    if float(lower) > float(upper):
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return torch.leaky_relu(self, (float(lower) + float(upper)) / 2.0)
    return torch.rrelu_with_noise(self, torch.rrelu_slopes(self, float(lower), float(upper), generator))


@op.primitive(namespace="private", variants="none", random=True, differentiable=False)
def rrelu_slopes(self: Tensor, lower: float, upper: float, generator: Generator | None) -> Tensor: ...


@op.composite(namespace="private", variants="none")
def rrelu_with_noise(self: Tensor, noise: Tensor) -> Tensor:
    return self * noise

@rrelu_with_noise.backward("RreluWithNoiseBackward0")
def _(grad, noise):
    d_self = grad * noise


@op.composite(namespace="nn", variants="function out")
def glu(self: Tensor, dim: int = -1) -> Tensor:
    """The first half of a dimension times the sigmoid of the second half."""
    if self.dim() == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    d = wrap_dim(dim, self.dim())
    n = self.size(d)
    if n % 2 != 0:
        raise RuntimeError(f"Halving dimension must be even, but dimension {d} is size {n}")
    return self.narrow(d, 0, n // 2) * self.narrow(d, n // 2, n // 2).sigmoid()

@glu.backward
def _(grad, self, dim):
    half = self.size(dim) // 2
    first = self.narrow(dim, 0, half)
    s = self.narrow(dim, half, half).sigmoid()
    d_self = torch.cat([grad * s, grad * first * s * (1 - s)], dim)


# --- softmax ---------------------------------------------------------------------------------------------------------------
@op.composite(overload="int", variants="function method out")
def softmax(self: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
    """``exp(x)``, scaled to a sum of 1 along a dimension."""
    return torch.softmax_body(self if dtype is None else self.to(dtype), dim)


@op.primitive(variants="none", namespace="private")
def softmax_body(self: Tensor, dim: int) -> Tensor:
    return cpu.softmax(self, dim)

@softmax_body.backward("SoftmaxBackward0")
def _(grad, self, dim, result):
    d_self = torch.softmax_backward_data(grad, result, dim, self.dtype)


@op.primitive(variants="function", namespace="private")
def softmax_backward_data(grad_output: Tensor, output: Tensor, dim: int, input_dtype: Dtype) -> Tensor: ...

@softmax_backward_data.backward
def _(grad, grad_output, output, dim, input_dtype):
    d_grad_output = torch.softmax_backward_data(grad, output, dim, input_dtype)
    d_output = grad * grad_output - (output * grad_output).sum([dim], True) * grad - grad_output * (grad * output).sum([dim], True)


@op.composite(overload="int", variants="function method out")
def log_softmax(self: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
    """The logarithm of softmax."""
    return torch.log_softmax_body(self if dtype is None else self.to(dtype), dim)


@op.primitive(variants="none", namespace="private")
def log_softmax_body(self: Tensor, dim: int) -> Tensor:
    return cpu.log_softmax(self, dim)

@log_softmax_body.backward("LogSoftmaxBackward0")
def _(grad, self, dim, result):
    d_self = torch.log_softmax_backward_data(grad, result, dim, self.dtype)


@op.primitive(variants="function", namespace="private")
def log_softmax_backward_data(grad_output: Tensor, output: Tensor, dim: int, input_dtype: Dtype) -> Tensor: ...

@log_softmax_backward_data.backward
def _(grad, grad_output, output, dim):
    p = output.exp()
    d_grad_output = grad - (grad * p).sum([dim], True)
    d_output = -(grad_output.sum([dim], True) * grad * p)


# --- dropout ----------------------------------------------------------------------------------------------------------------
@op.composite(variants="function inplace", random=True)
def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Elements set to 0 with probability p, the others scaled up."""
    if p < 0.0 or p > 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0.0 or not train or input.numel() == 0:
        return input
    if p == 1.0:
        return input * torch.zeros([], dtype=input.dtype)
    noise = torch.empty_like(input).bernoulli_(1.0 - p).div_(1.0 - p)
    return input * noise


@op.composite(variants="function inplace", random=True)
def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Whole channels set to 0."""
    if p < 0.0 or p > 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0.0 or not train or input.numel() == 0:
        return input
    if p == 1.0:
        return input * torch.zeros([], dtype=input.dtype)
    return input * torch.empty(feature_shape(input.shape), dtype=input.dtype, device=input.device).bernoulli_(1.0 - p).div_(1.0 - p)


@op.composite(variants="none", namespace="private")
def feature_shape(shape: list[int]) -> list[int]:
    if len(shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    size = [1] * len(shape)
    size[0] = shape[0]
    size[1] = shape[1]
    return size


@op.composite(variants="function inplace", random=True)
def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout that keeps mean and variance of SELU's results."""
    if p < 0.0 or p > 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0.0 or not train or input.numel() == 0:
        return input
    if p == 1.0:
        return input * torch.zeros([], dtype=input.dtype)
    return alpha_dropout_with(input, torch.empty_like(input).bernoulli_(1.0 - p), p)


@op.composite(variants="function inplace", random=True)
def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """alpha_dropout of whole channels."""
    if p < 0.0 or p > 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0.0 or not train or input.numel() == 0:
        return input
    if p == 1.0:
        return input * torch.zeros([], dtype=input.dtype)
    return alpha_dropout_with(input, torch.empty(feature_shape(input.shape), dtype=input.dtype, device=input.device).bernoulli_(1.0 - p), p)


@op.composite(variants="none", namespace="private")
def alpha_dropout_with(input: Tensor, mask: Tensor, p: float) -> Tensor:
    alpha = 1.7580993408473766
    a = 1.0 / math.sqrt((alpha * alpha * p + 1.0) * (1.0 - p))
    b = (mask - 1.0) * (alpha * a) + alpha * a * p
    return input * (mask * a) + b


# --- normalisation ------------------------------------------------------------------------------------------------------------
@op.composite(variants="function")
def layer_norm(input: Tensor, normalized_shape: list[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05,
               cudnn_enable: bool = True) -> Tensor:
    """Normalises over the last dimensions."""
    return torch.native_layer_norm(input, normalized_shape, weight, bias, eps)[0]


@op.primitive(variants="function", results="output mean rstd", plain_tuple=True, kernel="layer_norm_forward")
def native_layer_norm(input: Tensor, normalized_shape: list[int], weight: Tensor | None, bias: Tensor | None, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """layer_norm with mean and 1 / standard deviation."""
    ...

@native_layer_norm.backward("NativeLayerNormBackward0")
def _(grad_output, input, normalized_shape, weight, eps, mean, rstd):
    if grad_enabled():
        n = len(normalized_shape)
        dims = [input.dim() - n + i for i in range(n)]
        lead = [i for i in range(input.dim() - n)]
        # The statistics depend on the input, and a second derivative goes through them.
        center = input - input.mean(dims, True)
        inv = ((center * center).mean(dims, True) + eps).rsqrt()
        x_hat = center * inv
        g = grad_output if weight is None else grad_output * weight
        d_input = inv * (g - g.mean(dims, True) - x_hat * (g * x_hat).mean(dims, True))
        if weight is not None:
            d_weight = (grad_output * x_hat).sum(lead, False) if len(lead) > 0 else grad_output * x_hat
        d_bias = grad_output.sum(lead, False) if len(lead) > 0 else grad_output
    else:
        all = torch.layer_norm_backward(grad_output, input, normalized_shape, mean, rstd, weight)
        d_input = all[0]
        d_weight = all[1]
        d_bias = all[2]


@op.primitive(variants="none", namespace="private", results="grad_input grad_weight grad_bias")
def layer_norm_backward(grad_output: Tensor, input: Tensor, normalized_shape: list[int], mean: Tensor, rstd: Tensor,
                        weight: Tensor | None) -> tuple[Tensor, Tensor, Tensor]: ...


@op.composite(variants="function")
def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05,
               cudnn_enabled: bool = True) -> Tensor:
    """Normalises over groups of channels."""
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    n = input.size(0)
    c = input.size(1)
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if c % num_groups != 0:
        raise RuntimeError(f"Expected number of channels in input to be divisible by num_groups, but got input of shape {input.shape} and num_groups={num_groups}")
    if weight is not None:
        if weight.dim() != 1 or weight.numel() != c:
            raise RuntimeError(f"Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape {weight.shape} and input of shape {input.shape}")
    if bias is not None:
        if bias.dim() != 1 or bias.numel() != c:
            raise RuntimeError(f"Expected bias to be a vector of size equal to the number of channels in input, but got bias of shape {weight.shape} and input of shape {input.shape}")
    return torch.native_group_norm(input, weight, bias, n, c, input.numel() // max(n * c, 1), num_groups, eps)[0]


@op.primitive(variants="function", results="output mean rstd", plain_tuple=True, kernel="group_norm_forward")
def native_group_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int, group: int,
                      eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """group_norm with mean and 1 / standard deviation."""
    ...

@native_group_norm.backward("NativeGroupNormBackward0")
def _(grad_output, input, weight, mean, rstd, N, C, HxW, group, eps):
    shape = [N, group, C // group, HxW]
    x = input.reshape(shape)
    # The statistics depend on the input, and a second derivative goes through them.
    center = x - (x.mean([2, 3], True) if grad_enabled() else mean.reshape([N, group, 1, 1]))
    inv = ((center * center).mean([2, 3], True) + eps).rsqrt() if grad_enabled() else rstd.reshape([N, group, 1, 1])
    x_hat = center * inv
    grad4 = grad_output.reshape(shape)
    g = grad4 if weight is None else grad4 * weight.reshape([1, group, C // group, 1])
    d_input = (inv * (g - g.mean([2, 3], True) - x_hat * (g * x_hat).mean([2, 3], True))).reshape(input.shape)
    if weight is not None:
        d_weight = (grad4 * x_hat).sum([0, 3], False).reshape([C])
    d_bias = grad4.sum([0, 3], False).reshape([C])


@op.composite(variants="function")
def batch_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
               training: bool, momentum: float, eps: float, cudnn_enabled: bool) -> Tensor:
    """Normalises each channel over the batch."""
    return torch.native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


@op.primitive(variants="function", results="output save_mean save_invstd", plain_tuple=True, kernel="batch_norm_forward")
def native_batch_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
                      training: bool, momentum: float, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """batch_norm with mean and 1 / standard deviation of the batch."""
    ...

@native_batch_norm.backward("NativeBatchNormBackward0")
def _(grad_output, input, weight, running_mean, running_var, training, eps, save_mean, save_invstd):
    use_batch = training or running_mean is None or running_var is None
    if grad_enabled():
        shape = [1] * input.dim()
        shape[1] = input.size(1)
        dims = all_dims_but_one(input.dim())
        # The statistics depend on the input, and a second derivative goes through them.
        mean = input.mean(dims, True) if use_batch else running_mean.reshape(shape)
        variance = ((input - mean) * (input - mean)).mean(dims, True) if use_batch else running_var.reshape(shape)
        invstd = (variance + eps).rsqrt()
        x_hat = (input - mean) * invstd
        g = grad_output if weight is None else grad_output * weight.reshape(shape)
        d_input = invstd * (g - g.mean(dims, True) - x_hat * (g * x_hat).mean(dims, True)) if use_batch else g * invstd
        if weight is not None:
            d_weight = (grad_output * x_hat).sum(dims, False)
        d_bias = grad_output.sum(dims, False)
    else:
        all = torch.batch_norm_backward(grad_output, input, weight, running_mean, running_var, save_mean, save_invstd, use_batch, eps)
        d_input = all[0]
        d_weight = all[1]
        d_bias = all[2]


@op.primitive(variants="none", namespace="private", results="grad_input grad_weight grad_bias")
def batch_norm_backward(grad_output: Tensor, input: Tensor, weight: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
                        save_mean: Tensor, save_invstd: Tensor, use_batch: bool, eps: float) -> tuple[Tensor, Tensor, Tensor]: ...


@op.composite(variants="function")
def instance_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
                  use_input_stats: bool, momentum: float, eps: float, cudnn_enabled: bool) -> Tensor:
    """Normalises each channel of each sample."""
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    n = input.size(0)
    c = input.size(1)
    shape = input.shape[0:input.dim()]
    shape[0] = 1
    shape[1] = n * c
    w = torch.repeat_or_none(weight, n)
    b = torch.repeat_or_none(bias, n)
    means = torch.repeat_or_none(running_mean, n)
    variances = torch.repeat_or_none(running_var, n)
    out = torch.native_batch_norm(input.contiguous().view(shape), w, b, means, variances, use_input_stats, momentum, eps)[0]
    if running_mean is not None and use_input_stats:
        running_mean.detach().copy_(means.view([n, c]).mean([0], False))
    if running_var is not None and use_input_stats:
        running_var.detach().copy_(variances.view([n, c]).mean([0], False))
    return out.view(input.shape)


@op.composite(variants="none", namespace="private")
def repeat_or_none(self: Tensor | None, n: int) -> Tensor | None:
    if self is None:
        return None
    return self.repeat([n])


# --- losses -------------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private")
def reduced(self: Tensor, reduction: int) -> Tensor:
    if reduction == 1:
        return self.mean()
    if reduction == 2:
        return self.sum()
    return self


@op.composite(variants="none", namespace="private")
def loss_scale(grad: Tensor, shape: list[int], reduction: int) -> Tensor:
    """The gradient of each element of a loss that was reduced."""
    if reduction == 1:
        n = 1
        for s in shape:
            n *= s
        return grad / n
    return grad


@op.composite(namespace="nn", variants="function out")
def mse_loss(self: Tensor, target: Tensor, reduction: int = 1) -> Tensor:
    """The squared error."""
    d = self - target
    return reduced(d * d, reduction)

@mse_loss.backward
def _(grad, self, target, reduction):
    scale = loss_scale(grad, broadcast_sizes(self.shape, target.shape), reduction)
    d_self = (self - target) * 2 * scale
    d_target = (target - self) * 2 * scale


@op.composite(namespace="nn", variants="function out")
def l1_loss(self: Tensor, target: Tensor, reduction: int = 1) -> Tensor:
    """The absolute error."""
    return reduced((self - target).abs(), reduction)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def smooth_l1_body(self: Tensor, target: Tensor, beta: float) -> Tensor:
    z = abs(self - target)
    return 0.5 * z * z / beta if z < beta else z - 0.5 * beta


@op.composite(namespace="nn", variants="function out")
def smooth_l1_loss(self: Tensor, target: Tensor, reduction: int = 1, beta: float = 1.0) -> Tensor:
    """Squared error near 0, absolute error beyond beta."""
    if beta < 0.0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0.0:
        return torch.l1_loss(self, target, reduction)
    return reduced(torch.smooth_l1_body(self, target, beta), reduction)

@smooth_l1_loss.backward
def _(grad, self, target, reduction, beta):
    d = self - target
    slope = d.sign() if beta == 0.0 else (d / beta).clamp(-1, 1)
    whole = slope * loss_scale(grad, d.shape, reduction)
    d_self = whole
    d_target = -whole


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def huber_body(self: Tensor, target: Tensor, delta: float) -> Tensor:
    z = abs(self - target)
    return 0.5 * z * z if z < delta else delta * (z - 0.5 * delta)


@op.composite(namespace="nn", variants="function out")
def huber_loss(self: Tensor, target: Tensor, reduction: int = 1, delta: float = 1.0) -> Tensor:
    """Squared error near 0, scaled absolute error beyond delta."""
    if delta <= 0.0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return reduced(torch.huber_body(self, target, delta), reduction)

@huber_loss.backward
def _(grad, self, target, reduction, delta):
    d = self - target
    whole = d.clamp(-delta, delta) * loss_scale(grad, d.shape, reduction)
    d_self = whole
    d_target = -whole


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def soft_margin_body(self: Tensor, target: Tensor) -> Tensor:
    return log1p(exp(-target * self))


@op.composite(namespace="nn", variants="function out")
def soft_margin_loss(self: Tensor, target: Tensor, reduction: int = 1) -> Tensor:
    """``log(1 + exp(-y x))``."""
    return reduced(torch.soft_margin_body(self, target), reduction)

@soft_margin_loss.backward
def _(grad, self, target, reduction):
    z = (-target * self).exp()
    d_self = -target * z / (1 + z) * loss_scale(grad, self.shape, reduction)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="float")
def bce_body(self: Tensor, target: Tensor) -> Tensor:
    return (target - 1) * max(log1p(-self), -100) - target * max(log(self), -100)


@op.composite(namespace="nn", variants="function out")
def binary_cross_entropy(self: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = 1) -> Tensor:
    """The cross entropy of probabilities."""
    if target.dtype != self.dtype:
        raise RuntimeError(f"Found dtype {dtype_text(target.dtype)} but expected {dtype_text(self.dtype)}")
    if self.numel() > 0:
        if not bool(((self >= 0).logical_and(self <= 1)).all().item()):
            raise RuntimeError("all elements of input should be between 0 and 1")
    loss = torch.bce_body(self, target)
    if weight is not None:
        loss = loss * weight
    return reduced(loss, reduction)

@binary_cross_entropy.backward
def _(grad, self, target, weight, reduction):
    scale = loss_scale(grad, self.shape, reduction) if weight is None else loss_scale(grad, self.shape, reduction) * weight
    d_self = scale * (self - target) / ((1 - self) * self).clamp_min(1e-12)
    d_target = scale * ((-self).log1p() - self.log())


@op.composite(variants="function")
def binary_cross_entropy_with_logits(self: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None,
                                     reduction: int = 1) -> Tensor:
    """The cross entropy of sigmoid(x), without overflow."""
    if self.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({self.shape})")
    low = (-self).clamp_min(0)
    tail = ((-low).exp() + (-self - low).exp()).log() + low
    loss = (1 - target) * self + (tail if pos_weight is None else ((pos_weight - 1) * target + 1) * tail)
    if weight is not None:
        loss = loss * weight
    return reduced(loss, reduction)

@binary_cross_entropy_with_logits.backward
def _(grad, self, target, weight, pos_weight, reduction):
    s = self.sigmoid()
    scale = loss_scale(grad, self.shape, reduction) if weight is None else loss_scale(grad, self.shape, reduction) * weight
    d_self = scale * (s - target) if pos_weight is None else scale * ((pos_weight * target + 1 - target) * s - pos_weight * target)
    d_target = scale * -self if pos_weight is None else scale * (((1 - s).log() - pos_weight * s.log()))


@op.primitive(variants="none", namespace="private", results="output total_weight")
def nll_loss_forward(self: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore_index: int) -> tuple[Tensor, Tensor]: ...

@nll_loss_forward.backward("NllLossBackward0")
def _(grad_output, self, target, weight, reduction, ignore_index, total_weight):
    d_self = torch.nll_loss_backward(grad_output, self, target, weight, reduction, ignore_index, total_weight)


@op.primitive(variants="none", namespace="private", results="output total_weight", kernel="nll_loss_forward")
def nll_loss2d_forward(self: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore_index: int) -> tuple[Tensor, Tensor]: ...

@nll_loss2d_forward.backward("NllLoss2DBackward0")
def _(grad_output, self, target, weight, reduction, ignore_index, total_weight):
    d_self = torch.nll_loss_backward(grad_output, self, target, weight, reduction, ignore_index, total_weight)


@op.primitive(variants="none", namespace="private")
def nll_loss_backward(grad_output: Tensor, self: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore_index: int,
                      total_weight: Tensor) -> Tensor: ...

@nll_loss_backward.backward
def _(grad, target, weight, reduction, ignore_index):
    d_grad_output = torch.nll_loss_forward(grad, target, weight, reduction, ignore_index)[0]


@op.composite(namespace="nn", variants="function")
def nll_loss(self: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = 1, ignore_index: int = -100) -> Tensor:
    """The negative log likelihood of the target classes."""
    if self.dim() > 2:
        return torch.nll_loss2d_forward(self, target, weight, reduction, ignore_index)[0]
    return torch.nll_loss_forward(self, target, weight, reduction, ignore_index)[0]


@op.composite(namespace="nn", variants="function")
def nll_loss_nd(self: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = 1, ignore_index: int = -100) -> Tensor:
    """The negative log likelihood of the target classes."""
    if self.dim() < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {self.dim()})")
    if self.dim() != 1:
        rows = 0 if target.dim() == 0 else target.size(0)
        if self.size(0) != rows:
            raise ValueError(f"Expected input batch_size ({self.size(0)}) to match target batch_size ({rows}).")
    if self.dim() == 3 or self.dim() > 4:
        if target.shape[1:] != self.shape[2:]:
            raise RuntimeError(f"Expected target size {self.shape[0:1] + self.shape[2:]}, got {target.shape}")
    return torch.nll_loss(self, target, weight, reduction, ignore_index)


@op.composite(namespace="nn", variants="function")
def cross_entropy_loss(self: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = 1, ignore_index: int = -100,
                       label_smoothing: float = 0.0) -> Tensor:
    """The cross entropy of softmax(x) and classes, or class probabilities."""
    d = 0 if self.dim() == 1 else 1
    if self.shape == target.shape and not is_integral(target.dtype):
        goal = target
        if label_smoothing > 0.0:
            goal = target * (1.0 - label_smoothing) + label_smoothing / float(self.size(d))
        part = self.log_softmax(d) * goal
        if weight is not None:
            shape = [1] * self.dim()
            shape[d] = weight.numel()
            part = part * weight.reshape(shape)
        if reduction == 0:
            return -part.sum([d], False)
        if reduction == 2:
            return -part.sum()
        return -part.sum() / (self.numel() // self.size(d))
    if label_smoothing == 0.0:
        return torch.nll_loss_nd(self.log_softmax(d), target, weight, reduction, ignore_index)
    logp = self.log_softmax(d)
    nll = torch.nll_loss_nd(logp, target, weight, reduction, ignore_index)
    part = -logp
    if weight is not None:
        shape = [1] * self.dim()
        shape[d] = weight.numel()
        part = part * weight.reshape(shape)
    smooth = part.sum([d], False)
    ignored = target == ignore_index
    smooth = smooth.masked_fill(ignored, 0)
    loss = smooth
    if reduction == 2:
        loss = smooth.sum()
    elif reduction == 1:
        if weight is not None:
            picked = weight.gather(0, target.masked_fill(ignored, 0).reshape([-1])).reshape(target.shape)
            loss = smooth.sum() / picked.masked_fill(ignored, 0).sum()
        else:
            loss = smooth.sum() / ignored.logical_not().sum()
    share = label_smoothing / float(self.size(d))
    return nll * (1.0 - label_smoothing) + loss * share


@op.composite(variants="function")
def kl_div(self: Tensor, target: Tensor, reduction: int = 1, *, log_target: bool = False) -> Tensor:
    """The Kullback-Leibler divergence; ``self`` are logarithms."""
    if log_target:
        return reduced(target.exp() * (target - self), reduction)
    return reduced(torch.xlogy(target, target) - target * self, reduction)

@kl_div.backward
def _(grad, self, target, reduction, log_target):
    scale = loss_scale(grad, broadcast_sizes(self.shape, target.shape), reduction)
    d_self = -target.exp() * scale if log_target else -target * scale
    d_target = scale * target.exp() * (target - self + 1) if log_target else (scale * (target.log() + 1 - self)).masked_fill(target == 0, 0)


@op.composite(variants="function")
def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """The negative log likelihood of Poisson distributed targets."""
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        extra = target * target.log() - target + (target * (2.0 * math.pi)).log() * 0.5
        loss = loss + extra.masked_fill(target <= 1, 0)
    return reduced(loss, reduction)


@op.composite(variants="function")
def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1) -> Tensor:
    """``max(0, -y (a - b) + margin)``."""
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


@op.composite(variants="function")
def hinge_embedding_loss(self: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 1) -> Tensor:
    """The distance where the target is 1, what is missing to the margin where it is -1."""
    zero = torch.zeros_like(self)
    far = torch.where(target != 1, (margin - self).clamp_min(0), zero)
    near = torch.where(target != -1, self, zero)
    return reduced(far + near, reduction)


@op.composite(variants="function")
def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1) -> Tensor:
    """1 - cosine where the target is 1, cosine above the margin where it is -1."""
    d = target.dim()
    if d != input1.dim() - 1:
        raise RuntimeError(f"{target.dim()}D target tensor expects {d + 1}D input tensors, but found inputs with sizes {input1.shape} and {input2.shape}.")
    product = (input1 * input2).sum([d], False)
    size1 = (input1 * input1).sum([d], False) + 1e-12
    size2 = (input2 * input2).sum([d], False) + 1e-12
    cos = product / (size1 * size2).sqrt()
    zero = torch.zeros_like(cos)
    near = torch.where(target == 1, 1 - cos, zero)
    far = torch.where(target == -1, (cos - margin).clamp_min(0), zero)
    return reduced(near + far, reduction)


@op.composite(variants="function")
def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, eps: float = 1e-06,
                        swap: bool = False, reduction: int = 1) -> Tensor:
    """``max(0, d(a, p) - d(a, n) + margin)``."""
    near = torch.pairwise_distance(anchor, positive, p, eps, False)
    far = torch.pairwise_distance(anchor, negative, p, eps, False)
    if swap:
        far = torch.minimum(far, torch.pairwise_distance(positive, negative, p, eps, False))
    return reduced((near - far + margin).clamp_min(0), reduction)


@op.composite(variants="function")
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> Tensor:
    """The p-norm of the difference, along the last dimension."""
    return torch.norm_along(x1 - x2 + eps, p, [-1], keepdim, None)


@op.composite(variants="function")
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """The cosine of the angle, along a dimension."""
    size = broadcast_sizes(x1.shape, x2.shape)
    a = x1.expand(size)
    b = x2.expand(size)
    n1 = torch.norm_along(a, 2.0, [dim], True, None).clamp_min(eps)
    n2 = torch.norm_along(b, 2.0, [dim], True, None).clamp_min(eps)
    return ((a / n1) * (b / n2)).sum([dim], False)


@op.composite(namespace="nn", variants="function out")
def multi_margin_loss(self: Tensor, target: Tensor, p: Scalar = 1, margin: Scalar = 1, weight: Tensor | None = None, reduction: int = 1) -> Tensor:
    """The multi-class hinge loss."""
    x = self.reshape([1, -1]) if self.dim() < 2 else self
    y = target.reshape([-1])
    rows = y.unsqueeze(1)
    z = (float(margin) - x.gather(1, rows) + x).clamp_min(0)
    if p == 2:
        z = z * z
    if weight is not None:
        z = z * weight.index_select(0, y).unsqueeze(1)
    loss = z.scatter(1, rows, 0).sum([1], False) / x.size(1)
    if reduction == 0:
        return loss.reshape(target.shape)
    return reduced(loss, reduction)


@op.composite(namespace="nn", variants="function out")
def multilabel_margin_loss(self: Tensor, target: Tensor, reduction: int = 1) -> Tensor:
    """The multi-class multi-label hinge loss."""
    x = self.reshape([1, -1]) if self.dim() < 2 else self
    y = target.reshape([1, -1]) if target.dim() < 2 else target
    # Labels count up to the first -1.
    valid = (y < 0).to(torch.int64).cumsum(1) == 0
    rows = y.masked_fill(valid.logical_not(), 0)
    is_target = torch.zeros(x.shape, dtype=torch.int64).scatter_add(1, rows, valid.to(torch.int64)) > 0
    goal = x.gather(1, rows)
    z = (1 - goal.unsqueeze(2) + x.unsqueeze(1)).clamp_min(0)
    keep = valid.unsqueeze(2).logical_and(is_target.logical_not().unsqueeze(1))
    loss = torch.where(keep, z, 0).sum([1, 2], False) / x.size(1)
    if reduction == 0:
        return loss.reshape(self.shape[0:max(self.dim() - 1, 0)])
    return reduced(loss, reduction)


# --- shapes of images ------------------------------------------------------------------------------------------------------------
@op.composite(variants="function")
def pixel_shuffle(self: Tensor, upscale_factor: int) -> Tensor:
    """Channels as finer rows and columns."""
    if self.dim() < 3:
        raise RuntimeError(f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {self.dim()} dimension(s)")
    r = upscale_factor
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    lead = self.shape[0:self.dim() - 3]
    c = self.size(-3)
    if c % (r * r) != 0:
        raise RuntimeError(f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)={c} is not divisible by {r * r}")
    h = self.size(-2)
    w = self.size(-1)
    n = len(lead)
    x = self.reshape(lead + [c // (r * r), r, r, h, w])
    order = [i for i in range(n)] + [n, n + 3, n + 1, n + 4, n + 2]
    return x.permute(order).reshape(lead + [c // (r * r), h * r, w * r])


@op.composite(variants="function")
def pixel_unshuffle(self: Tensor, downscale_factor: int) -> Tensor:
    """Fine rows and columns as channels."""
    if self.dim() < 3:
        raise RuntimeError(f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {self.dim()} dimension(s)")
    r = downscale_factor
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    lead = self.shape[0:self.dim() - 3]
    c = self.size(-3)
    h = self.size(-2)
    w = self.size(-1)
    if h % r != 0:
        raise RuntimeError(f"pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)={h} is not divisible by {r}")
    if w % r != 0:
        raise RuntimeError(f"pixel_unshuffle expects width to be divisible by downscale_factor, but input.size(-1)={w} is not divisible by {r}")
    n = len(lead)
    x = self.reshape(lead + [c, h // r, r, w // r, r])
    order = [i for i in range(n)] + [n, n + 2, n + 4, n + 1, n + 3]
    return x.permute(order).reshape(lead + [c * r * r, h // r, w // r])


@op.composite(variants="function")
def channel_shuffle(self: Tensor, groups: int) -> Tensor:
    """Channels of several groups, interleaved."""
    if self.dim() <= 2:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {self.shape}")
    c = self.size(1)
    if groups <= 0 or c % groups != 0:
        raise RuntimeError("Number of channels must be divisible by groups. Got " + f"{c} channels and {groups} groups.")
    x = self.reshape([self.size(0), groups, c // groups, -1])
    return x.transpose(1, 2).reshape(self.shape)

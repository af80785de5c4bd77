"""torch.nn.functional: layers, activations and losses as functions.

Operators live in `torch` and `torch._C._nn`; what is here adds option handling (reduction names, inplace, training) and the
functions that are compositions.
"""
import math
import torch
from torch.nn.modules.utils import _list_with_default, _pair, _single, _triple

_nn = torch._C._nn
# Operators that are functions here under their own names.
for _name in ("adaptive_avg_pool1d", "avg_pool1d", "bilinear", "celu_", "channel_shuffle", "conv1d", "conv2d", "conv3d",
              "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_similarity", "hardshrink",
              "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu", "relu_", "rrelu_", "selu_", "threshold_",
              "avg_pool2d", "avg_pool3d", "elu_", "gelu", "hardtanh_", "leaky_relu_", "linear", "log_sigmoid", "one_hot",
              "softplus", "softshrink"):
    for _space in (_nn, torch._C._functions):
        if hasattr(_space, _name):
            globals()[_name] = getattr(_space, _name)
            break
if "log_sigmoid" in globals():
    logsigmoid = log_sigmoid
GRID_SAMPLE_INTERPOLATION_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_SAMPLE_PADDING_MODES = {"zeros": 0, "border": 1, "reflection": 2}


# --- activations -------------------------------------------------------------------------------------------------------
def relu(input, inplace=False):
    return torch.relu_(input) if inplace else torch.relu(input)


def selu(input, inplace=False):
    return torch.selu_(input) if inplace else torch.selu(input)


def relu6(input, inplace=False):
    return _nn.relu6_(input) if inplace else _nn.relu6(input)


def silu(input, inplace=False):
    return _nn.silu_(input) if inplace else _nn.silu(input)


def mish(input, inplace=False):
    return _nn.mish_(input) if inplace else _nn.mish(input)


def hardswish(input, inplace=False):
    return _nn.hardswish_(input) if inplace else _nn.hardswish(input)


def hardsigmoid(input, inplace=False):
    return _nn.hardsigmoid_(input) if inplace else _nn.hardsigmoid(input)


def threshold(input, threshold, value, inplace=False):
    return torch.threshold_(input, threshold, value) if inplace else torch.threshold(input, threshold, value)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    return torch._C._nn.hardtanh_(input, min_val, max_val) if inplace else torch._C._nn.hardtanh(input, min_val, max_val)


def elu(input, alpha=1.0, inplace=False):
    return torch._C._nn.elu_(input, alpha) if inplace else torch._C._nn.elu(input, alpha)


def celu(input, alpha=1.0, inplace=False):
    return torch.celu_(input, alpha) if inplace else torch.celu(input, alpha)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    fn = torch._C._nn.leaky_relu_ if inplace else torch._C._nn.leaky_relu
    return fn(input, negative_slope)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    return (torch.rrelu_ if inplace else torch.rrelu)(input, lower, upper, training)


def glu(input, dim=-1):
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return torch._C._nn.glu(input, dim)


def tanh(input):
    return input.tanh()


def sigmoid(input):
    return input.sigmoid()


def tanhshrink(input):
    return input - input.tanh()


def softsign(input):
    return input / (input.abs() + 1)


def _softmax_dim(name, ndim, stacklevel):
    """The dimension that old programs mean when they give none."""
    import warnings
    warnings.warn("Implicit dimension choice for {} has been deprecated. Change the call to include dim=X as an argument.".format(
        name), stacklevel=stacklevel)
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    if dim is None:
        dim = _softmax_dim("softmax", input.dim(), _stacklevel)
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    if dim is None:
        dim = _softmax_dim("softmin", input.dim(), _stacklevel)
    return (-input).softmax(dim) if dtype is None else (-input).softmax(dim, dtype=dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    if dim is None:
        dim = _softmax_dim("log_softmax", input.dim(), _stacklevel)
    return input.log_softmax(dim) if dtype is None else input.log_softmax(dim, dtype=dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """Samples of the Gumbel-softmax distribution (Jang et al., 2016)."""
    if eps != 1e-10:
        import warnings
        warnings.warn("`eps` parameter is deprecated and has no effect.")
    gumbels = -torch.empty_like(logits, memory_format=torch.legacy_contiguous_format).exponential_().log()
    soft = ((logits + gumbels) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one = torch.zeros_like(logits, memory_format=torch.legacy_contiguous_format).scatter_(dim, index, 1.0)
    return one - soft.detach() + soft


# --- dropout -----------------------------------------------------------------------------------------------------------
def _check_probability(p):
    if p < 0.0 or p > 1.0:
        raise ValueError("dropout probability has to be between 0 and 1, but got {}".format(p))


def dropout(input, p=0.5, training=True, inplace=False):
    _check_probability(p)
    return torch.dropout_(input, p, training) if inplace else torch.dropout(input, p, training)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    _check_probability(p)
    return torch.alpha_dropout_(input, p, training) if inplace else torch.alpha_dropout(input, p, training)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    _check_probability(p)
    return torch.feature_alpha_dropout_(input, p, training) if inplace else torch.feature_alpha_dropout(input, p, training)


def _feature_dropout(dims):
    """Dropout of whole channels of inputs with `dims` spatial dimensions; the batch dimension may be missing."""
    name = "dropout{}d".format(dims)

    def apply(input, p=0.5, training=True, inplace=False):
        _check_probability(p)
        if input.dim() not in (dims + 1, dims + 2):
            import warnings
            warnings.warn("{}: Received a {}-D input to {}, which is deprecated and will result in an error in a future release."
                          .format(name, input.dim(), name))
        batched = input.dim() != dims + 1 or dims == 2
        x = input if batched else (input.unsqueeze_(0) if inplace else input.unsqueeze(0))
        result = (torch.feature_dropout_ if inplace else torch.feature_dropout)(x, p, training)
        return result if batched else (result.squeeze_(0) if inplace else result.squeeze(0))

    apply.__name__ = name
    return apply


dropout1d, dropout2d, dropout3d = _feature_dropout(1), _feature_dropout(2), _feature_dropout(3)


# --- embedding ---------------------------------------------------------------------------------------------------------
def _row_index(padding_idx, rows):
    if padding_idx is None:
        return -1
    if padding_idx > 0:
        assert padding_idx < rows, "Padding_idx must be within num_embeddings"
    elif padding_idx < 0:
        assert padding_idx >= -rows, "Padding_idx must be within num_embeddings"
        return rows + padding_idx
    return padding_idx


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of `weight` named by `input`; with max_norm, rows that are used are first scaled down in place."""
    padding_idx = _row_index(padding_idx, weight.size(0))
    if max_norm is not None:
        input = input.contiguous()
        with torch.no_grad():
            torch.embedding_renorm_(weight, input, max_norm, norm_type)
    return torch.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


# --- normalisation -----------------------------------------------------------------------------------------------------
def _check_batch_size(size):
    count = size[0]
    for n in size[2:]:
        count *= n
    if count == 1:
        raise ValueError("Expected more than 1 value per channel when training, got input size {}".format(size))


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if training:
        _check_batch_size(input.size())
    return torch.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps,
                            torch.backends.cudnn.enabled)


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1,
                  eps=1e-5):
    if use_input_stats:
        spatial = 1
        for n in input.size()[2:]:
            spatial *= n
        if spatial == 1:
            raise ValueError("Expected more than 1 spatial element when training, got input size {}".format(input.size()))
    return torch.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps,
                               torch.backends.cudnn.enabled)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    return torch.layer_norm(input, normalized_shape, weight, bias, eps, torch.backends.cudnn.enabled)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    size = list(input.size())
    _check_batch_size([size[0] * size[1] // num_groups, num_groups] + size[2:])
    return torch.group_norm(input, num_groups, weight, bias, eps, torch.backends.cudnn.enabled)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    dim = input.dim()
    if dim < 3:
        raise ValueError("Expected 3D or higher dimensionality                          input (got {} dimensions)".format(dim))
    if input.numel() == 0:
        return input
    square = input.mul(input).unsqueeze(1)
    if dim == 3:
        square = pad(square, (0, 0, size // 2, (size - 1) // 2))
        square = avg_pool2d(square, (size, 1), stride=1).squeeze(1)
    else:
        sizes = input.size()
        square = square.view(sizes[0], 1, sizes[1], sizes[2], -1)
        square = pad(square, (0, 0, 0, 0, size // 2, (size - 1) // 2))
        square = avg_pool3d(square, (size, 1, 1), stride=1).squeeze(1)
        square = square.view(sizes)
    return input / square.mul(alpha).add(k).pow(beta)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    length = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / length if out is None else torch.div(input, length, out=out)


# --- losses ------------------------------------------------------------------------------------------------------------
def _legacy_reduction(size_average, reduce):
    """What the old options size_average and reduce say as a reduction name; warns."""
    import warnings
    average = True if size_average is None else size_average
    use = True if reduce is None else reduce
    name = "mean" if average and use else "sum" if use else "none"
    warnings.warn("size_average and reduce args will be deprecated, please use reduction='{}' instead.".format(name))
    return name


def _reduction(reduction, size_average=None, reduce=None):
    """The number by which operators know a reduction."""
    if size_average is not None or reduce is not None:
        reduction = _legacy_reduction(size_average, reduce)
    if reduction == "elementwise_mean":
        import warnings
        warnings.warn("reduction='elementwise_mean' is deprecated, please use reduction='mean' instead.")
        reduction = "mean"
    if reduction == "none":
        return 0
    elif reduction == "mean":
        return 1
    elif reduction == "sum":
        return 2
    else:
        raise ValueError("{} is not a valid value for reduction".format(reduction))


def _reduced(loss, reduction):
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def _warn_broadcast(input, target):
    if target.size() != input.size():
        import warnings
        warnings.warn("Using a target size ({}) that is different to the input size ({}). This will likely lead to incorrect "
                      "results due to broadcasting. Please ensure they have the same size.".format(target.size(), input.size()),
                      stacklevel=3)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    return torch._C._nn.nll_loss_nd(input, target, weight, _reduction(reduction, size_average, reduce), ignore_index)


def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
                  label_smoothing=0.0):
    return torch._C._nn.cross_entropy_loss(input, target, weight, _reduction(reduction, size_average, reduce), ignore_index,
                                           label_smoothing)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    _warn_broadcast(input, target)
    number = _reduction(reduction, size_average, reduce)
    input, target = torch.broadcast_tensors(input, target)
    return torch._C._nn.mse_loss(input, target, number)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    _warn_broadcast(input, target)
    number = _reduction(reduction, size_average, reduce)
    input, target = torch.broadcast_tensors(input, target)
    return torch._C._nn.l1_loss(input, target, number)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    _warn_broadcast(input, target)
    number = _reduction(reduction, size_average, reduce)
    input, target = torch.broadcast_tensors(input, target)
    return torch._C._nn.smooth_l1_loss(input, target, number, beta)


def huber_loss(input, target, reduction="mean", delta=1.0):
    _warn_broadcast(input, target)
    input, target = torch.broadcast_tensors(input, target)
    return torch._C._nn.huber_loss(input, target, _reduction(reduction), delta)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    if size_average is not None or reduce is not None:
        reduction = _legacy_reduction(size_average, reduce)
    if reduction == "mean":
        import warnings
        warnings.warn("reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
                      "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
                      "same as 'batchmean' in the next major release.")
    number = _reduction("sum" if reduction == "batchmean" else reduction)
    loss = torch.kl_div(input, target, number, log_target=log_target)
    return loss / input.size(0) if reduction == "batchmean" and input.dim() != 0 else loss


def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _legacy_reduction(size_average, reduce)
    return torch.poisson_nll_loss(input, target, log_input, full, eps, _reduction(reduction))


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = torch.unsqueeze(var, -1)
        elif not (input.size()[:-1] == var.size()[:-1] and var.size(-1) == 1):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    if torch.any(var < 0):
        raise ValueError("var has negative entry/entries")
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (torch.log(var) + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduced(loss, reduction)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    number = _reduction(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError("Using a target size ({}) that is different to the input size ({}) is deprecated. Please ensure they "
                         "have the same size.".format(target.size(), input.size()))
    if weight is not None:
        weight = weight.expand(torch._C._infer_size(weight.size(), target.size()))
    return torch._C._nn.binary_cross_entropy(input, target, weight, number)


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None, reduction="mean",
                                     pos_weight=None):
    number = _reduction(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError("Target size ({}) must be the same as input size ({})".format(target.size(), input.size()))
    return torch.binary_cross_entropy_with_logits(input, target, weight, pos_weight, number)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    return torch.hinge_embedding_loss(input, target, margin, _reduction(reduction, size_average, reduce))


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    return torch._C._nn.multilabel_margin_loss(input, target, _reduction(reduction, size_average, reduce))


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    return torch._C._nn.soft_margin_loss(input, target, _reduction(reduction, size_average, reduce))


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _legacy_reduction(size_average, reduce)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(dim=input.dim() - 1) / input.size(input.dim() - 1)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    return _reduced(loss, reduction)


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    return torch.cosine_embedding_loss(input1, input2, target, margin, _reduction(reduction, size_average, reduce))


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    number = _reduction(reduction, size_average, reduce)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError("margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: {}, "
                           "input2: {}, target: {} ".format(input1.size(), input2.size(), target.size()))
    return torch.margin_ranking_loss(input1, input2, target, margin, number)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    number = _reduction(reduction, size_average, reduce)
    if p != 1 and p != 2:
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return torch._C._nn.multi_margin_loss(input, target, p, margin, weight, number)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None,
                        reduction="mean"):
    return torch.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap,
                                     _reduction(reduction, size_average, reduce))


def triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False,
                                      reduction="mean"):
    distance = pairwise_distance if distance_function is None else distance_function
    to_positive = distance(anchor, positive)
    to_negative = distance(anchor, negative)
    if swap:
        to_negative = torch.min(to_negative, distance(positive, negative))
    return _reduced(torch.clamp(margin + to_positive - to_negative, min=0.0), reduction)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    return torch.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _reduction(reduction), zero_infinity)


# --- pooling -----------------------------------------------------------------------------------------------------------
def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return torch.max_pool1d_with_indices(input, kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _nn.max_pool2d_with_indices(input, kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _nn.max_pool3d_with_indices(input, kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    stride = kernel_size if stride is None else stride
    if return_indices:
        return torch.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return torch.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    stride = kernel_size if stride is None else stride
    if return_indices:
        return _nn.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return torch.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    stride = kernel_size if stride is None else stride
    if return_indices:
        return _nn.max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return torch.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    return torch.adaptive_max_pool1d(input, output_size)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    return _nn.adaptive_max_pool2d(input, _list_with_default(output_size, input.size()))


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    return _nn.adaptive_max_pool3d(input, _list_with_default(output_size, input.size()))


def adaptive_max_pool1d(input, output_size, return_indices=False):
    both = adaptive_max_pool1d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool2d(input, output_size, return_indices=False):
    both = adaptive_max_pool2d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool3d(input, output_size, return_indices=False):
    both = adaptive_max_pool3d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_avg_pool2d(input, output_size):
    return _nn.adaptive_avg_pool2d(input, _list_with_default(output_size, input.size()))


def adaptive_avg_pool3d(input, output_size):
    return _nn.adaptive_avg_pool3d(input, _list_with_default(output_size, input.size()))


def _fractional_max_pool(dims, ntuple, operator):
    name = "fractional_max_pool{}d".format(dims)

    def with_indices(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        if output_size is None and output_ratio is None:
            raise ValueError(name + " requires specifying either an output_size or an output_ratio")
        if output_size is None:
            ratio = ntuple(output_ratio)
            output_size = [int(input.size(d - dims) * ratio[d]) for d in range(dims)]
        if _random_samples is None:
            batch = 1 if input.dim() == dims + 1 else input.size(0)
            _random_samples = torch.rand(batch, input.size(-dims - 1), dims, dtype=input.dtype, device=input.device)
        return operator(input, kernel_size, output_size, _random_samples)

    def pool(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        both = with_indices(input, kernel_size, output_size, output_ratio, return_indices, _random_samples)
        return both if return_indices else both[0]

    with_indices.__name__ = name + "_with_indices"
    pool.__name__ = name
    return with_indices, pool


fractional_max_pool2d_with_indices, fractional_max_pool2d = _fractional_max_pool(2, _pair, _nn.fractional_max_pool2d)
fractional_max_pool3d_with_indices, fractional_max_pool3d = _fractional_max_pool(3, _triple, _nn.fractional_max_pool3d)


def _unpool_output_size(input, kernel_size, stride, padding, output_size):
    size = input.size()
    default = [(size[-len(kernel_size) + d] - 1) * stride[d] + kernel_size[d] - 2 * padding[d] for d in range(len(kernel_size))]
    if output_size is None:
        return default
    if len(output_size) == len(kernel_size) + 2:
        output_size = output_size[2:]
    if len(output_size) != len(kernel_size):
        raise ValueError("output_size should be a sequence containing {} or {} elements, but it has a length of '{}'".format(
            len(kernel_size), len(kernel_size) + 2, len(output_size)))
    for d in range(len(kernel_size)):
        low, high = default[d] - stride[d], default[d] + stride[d]
        if not low < output_size[d] < high:
            raise ValueError("invalid output_size \"{}\" (dim {} must be between {} and {})".format(output_size, d, low, high))
    return list(output_size)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    kernel_size, padding = _single(kernel_size), _single(padding)
    stride = kernel_size if stride is None else _single(stride)
    size = _unpool_output_size(input, kernel_size, stride, padding, output_size)
    return _nn.max_unpool2d(input.unsqueeze(-1), indices.unsqueeze(-1), size + [1]).squeeze(-1)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    kernel_size, padding = _pair(kernel_size), _pair(padding)
    stride = kernel_size if stride is None else _pair(stride)
    return _nn.max_unpool2d(input, indices, _unpool_output_size(input, kernel_size, stride, padding, output_size))


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    kernel_size, padding = _triple(kernel_size), _triple(padding)
    stride = kernel_size if stride is None else _triple(stride)
    size = _unpool_output_size(input, kernel_size, stride, padding, output_size)
    return _nn.max_unpool3d(input, indices, size, stride, padding)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    if stride is not None:
        out = avg_pool1d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    else:
        out = avg_pool1d(input.pow(norm_type), kernel_size, padding=0, ceil_mode=ceil_mode)
    return (torch.sign(out) * relu(torch.abs(out))).mul(kernel_size).pow(1.0 / norm_type)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    height, width = _pair(kernel_size)
    if stride is not None:
        out = avg_pool2d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    else:
        out = avg_pool2d(input.pow(norm_type), kernel_size, padding=0, ceil_mode=ceil_mode)
    return (torch.sign(out) * relu(torch.abs(out))).mul(height * width).pow(1.0 / norm_type)


# --- windows as columns ------------------------------------------------------------------------------------------------
def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    return _nn.im2col(input, _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    return _nn.col2im(input, _pair(output_size), _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))


# --- padding -----------------------------------------------------------------------------------------------------------
def pad(input, pad, mode="constant", value=None):
    """Pads the last dimensions; `pad` gives (before, after) pairs from the last dimension on."""
    return torch._C._nn.pad(input, pad, mode, value)


# --- resampling --------------------------------------------------------------------------------------------------------
def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None,
                antialias=False):
    """The input at another size."""
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                             "trilinear")
    elif align_corners is None:
        align_corners = False
    dims = input.dim() - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    scales = None
    if size is not None:
        if isinstance(size, (list, tuple)):
            if len(size) != dims:
                raise ValueError("Input and output must have the same number of spatial dimensions, but got input with spatial "
                                 "dimensions of {} and output size of {}. Please provide input tensor in (N, C, d1, d2, ...,dK) "
                                 "format and output size in (o1, o2, ...,oK) format.".format(list(input.shape[2:]), size))
            size = list(size)
        else:
            size = [size for _ in range(dims)]
    elif scale_factor is not None:
        if isinstance(scale_factor, (list, tuple)):
            if len(scale_factor) != dims:
                raise ValueError("Input and scale_factor must have the same number of spatial dimensions, but got input with "
                                 "spatial dimensions of {} and scale_factor of shape {}. Please provide input tensor in (N, C, d1, "
                                 "d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format.".format(
                                     list(input.shape[2:]), scale_factor))
            scales = [float(s) for s in scale_factor]
        else:
            scales = [float(scale_factor) for _ in range(dims)]
    else:
        raise ValueError("either size or scale_factor should be defined")
    if recompute_scale_factor is not None and recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if mode == "area" and size is None:
        recompute_scale_factor = True
    if recompute_scale_factor is not None and recompute_scale_factor:
        size = [int(math.floor(float(input.size(i + 2)) * scales[i])) for i in range(dims)]
        scales = None
    if antialias and not (mode in ("bilinear", "bicubic") and input.ndim == 4):
        raise ValueError("Anti-alias option is only supported for bilinear and bicubic modes")
    rank = input.dim()
    if rank in (3, 4, 5):
        if mode == "nearest":
            if rank == 3:
                return _nn.upsample_nearest1d(input, size, scales)
            if rank == 4:
                return _nn.upsample_nearest2d(input, size, scales)
            return _nn.upsample_nearest3d(input, size, scales)
        if mode == "nearest-exact":
            if rank == 3:
                return _nn._upsample_nearest_exact1d(input, size, scales)
            if rank == 4:
                return _nn._upsample_nearest_exact2d(input, size, scales)
            return _nn._upsample_nearest_exact3d(input, size, scales)
        if mode == "area":
            return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[dims - 1](input, size)
        if mode == "linear" and rank == 3:
            return _nn.upsample_linear1d(input, size, align_corners, scales)
        if mode == "bilinear" and rank == 4:
            fn = _nn._upsample_bilinear2d_aa if antialias else _nn.upsample_bilinear2d
            return fn(input, size, align_corners, scales)
        if mode == "bicubic" and rank == 4:
            fn = _nn._upsample_bicubic2d_aa if antialias else _nn.upsample_bicubic2d
            return fn(input, size, align_corners, scales)
        if mode == "trilinear" and rank == 5:
            return _nn.upsample_trilinear3d(input, size, align_corners, scales)
        needs = {"linear": 3, "bilinear": 4, "trilinear": 5}
        if mode in needs:
            raise NotImplementedError("Got {}D input, but {} mode needs {}D input".format(rank, mode, needs[mode]))
    raise NotImplementedError("Input Error: Only 3D, 4D and 5D input Tensors supported (got {}D) for the modes: nearest | linear | "
                              "bilinear | bicubic | trilinear | area | nearest-exact (got {})".format(rank, mode))


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    import warnings
    warnings.warn("nn.functional.upsample is deprecated. Use nn.functional.interpolate instead.")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    import warnings
    warnings.warn("nn.functional.upsample_nearest is deprecated. Use nn.functional.interpolate instead.")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    import warnings
    warnings.warn("nn.functional.upsample_bilinear is deprecated. Use nn.functional.interpolate instead.")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Images or volumes at the places that `grid` gives in [-1, 1]."""
    modes, paddings = GRID_SAMPLE_INTERPOLATION_MODES, GRID_SAMPLE_PADDING_MODES
    if mode not in modes:
        raise ValueError("nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{}'".format(
            mode))
    if padding_mode not in paddings:
        raise ValueError("nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
                         "'{}'".format(padding_mode))
    if align_corners is None:
        import warnings
        warnings.warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
                      "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.")
        align_corners = False
    return torch.grid_sampler(input, grid, modes[mode], paddings[padding_mode], align_corners)


def affine_grid(theta, size, align_corners=None):
    """For each pixel of images of that size the place that an affine map takes it to."""
    if align_corners is None:
        import warnings
        warnings.warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
                      "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.")
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError("Expected theta to have floating point type, but got {}".format(theta.dtype))
    if len(size) not in (4, 5):
        raise NotImplementedError("affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got "
                                  "size {}.".format(size))
    rows = len(size) - 2
    if theta.dim() != 3 or theta.shape[-2] != rows or theta.shape[-1] != rows + 1:
        raise ValueError("Expected a batch of {}D affine matrices of shape Nx{}x{} for size {}. Got {}.".format(
            rows, rows, rows + 1, size, theta.shape))
    if min(size) <= 0:
        raise ValueError("Expected non-zero, positive output size. Got {}".format(size))
    return torch.affine_grid_generator(theta, size, align_corners)


# --- bags of embeddings ------------------------------------------------------------------------------------------------
def embedding_bag(input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean", sparse=False,
                  per_sample_weights=None, include_last_offset=False, padding_idx=None):
    """Sums, means or maxima of rows of `weight`, one for each bag of indices."""
    if weight.dtype == torch.long and input.is_floating_point():
        import warnings
        warnings.warn("Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
                      "deprecated, and should now be `embedding_bag(input, weight, ...)`.")
        weight, input = input, weight
    if per_sample_weights is not None and input.size() != per_sample_weights.size():
        raise ValueError("embedding_bag: If per_sample_weights ({}) is not None, then it must have the same shape as the input "
                         "({})".format(per_sample_weights.shape, input.shape))
    if not weight.dim() == 2:
        raise ValueError("weight has to be a 2D Tensor, but got Tensor of dimension {}".format(weight.dim()))
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                             "sequences. However, found offsets of type {}".format("<class 'torch.Tensor'>"))
        offsets = torch.arange(0, input.numel(), input.size(1), dtype=input.dtype, device=input.device)
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif input.dim() == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.dim() != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    else:
        raise ValueError("input has to be 1D or 2D Tensor, but got Tensor of dimension {}".format(input.dim()))
    if mode == "sum":
        number = 0
    elif mode == "mean":
        number = 1
    elif mode == "max":
        number = 2
    else:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max":
        if scale_grad_by_freq:
            raise ValueError("max mode does not support scaling the gradient by the frequency")
        if sparse:
            raise ValueError("max mode does not support sparse weights")
    if max_norm is not None:
        with torch.no_grad():
            torch.embedding_renorm_(weight, input, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError("embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for "
                                  "mode='sum' (got mode='{}'). Please open a feature request on GitHub.".format(mode))
    if padding_idx is not None:
        padding_idx = _row_index(padding_idx, weight.size(0))
    return torch.embedding_bag(weight, input, offsets, scale_grad_by_freq, number, sparse, per_sample_weights,
                               include_last_offset, padding_idx)[0]


# --- attention ---------------------------------------------------------------------------------------------------------
def _scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, need_attn_weights=False, is_causal=False):
    """softmax(q k / sqrt(E)) v, and the attention weights."""
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
        attn_mask = torch.ones(query.size(-2), key.size(-2), dtype=torch.bool, device=query.device).tril()
    weights = torch.matmul(query / math.sqrt(query.size(-1)), key.transpose(-2, -1))
    if attn_mask is not None:
        if attn_mask.dtype == torch.bool:
            attn_mask = torch.zeros_like(attn_mask, dtype=query.dtype).masked_fill_(attn_mask.logical_not(), float("-inf"))
        weights = weights + attn_mask
    weights = softmax(weights, dim=-1)
    if dropout_p > 0.0:
        weights = dropout(weights, p=dropout_p)
    output = torch.matmul(weights, value)
    return output, weights if need_attn_weights else None


def _check_attention_shapes(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Whether the input is batched."""
    if query.dim() not in (2, 3):
        raise AssertionError("query should be unbatched 2D or batched 3D tensor but received {}-D query tensor".format(query.dim()))
    n = query.dim()
    kind = "batched (3-D)" if n == 3 else "unbatched (2-D)"
    assert key.dim() == n and value.dim() == n, (
        "For {} `query`, expected `key` and `value` to be {}-D but found {}-D and {}-D tensors respectively".format(
            kind, n, key.dim(), value.dim()))
    if key_padding_mask is not None:
        assert key_padding_mask.dim() == n - 1, (
            "For {} `query`, expected `key_padding_mask` to be `None` or {}-D but found {}-D tensor instead".format(
                kind, n - 1, key_padding_mask.dim()))
    if attn_mask is not None:
        assert attn_mask.dim() in (2, 3), (
            "For {} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {}-D tensor instead".format(
                kind, attn_mask.dim()))
        if n == 2 and attn_mask.dim() == 3:
            expected = (num_heads, query.shape[0], key.shape[0])
            assert attn_mask.shape == expected, "Expected `attn_mask` shape to be {} but got {}".format(expected, attn_mask.shape)
    return n == 3


def _in_projection_packed(q, k, v, w, b=None):
    """Three projections whose weights are one matrix; inputs that are the same tensor share a product."""
    size = q.size(-1)
    if k is v:
        if q is k:
            x, y, z = linear(q, w, b).chunk(3, dim=-1)
            return x, y, z
        w_q, w_kv = w.split([size, size * 2])
        if b is None:
            x = linear(q, w_q)
            y, z = linear(k, w_kv).chunk(2, dim=-1)
        else:
            b_q, b_kv = b.split([size, size * 2])
            x = linear(q, w_q, b_q)
            y, z = linear(k, w_kv, b_kv).chunk(2, dim=-1)
        return x, y, z
    w_q, w_k, w_v = w.chunk(3)
    if b is None:
        return linear(q, w_q), linear(k, w_k), linear(v, w_v)
    b_q, b_k, b_v = b.chunk(3)
    return linear(q, w_q, b_q), linear(k, w_k, b_k), linear(v, w_v, b_v)


def _in_projection(q, k, v, w_q, w_k, w_v, b=None):
    size = q.size(-1)
    for w, wanted, name in ((w_q, (size, size), "query"), (w_k, (size, k.size(-1)), "key"), (w_v, (size, v.size(-1)), "value")):
        assert w.shape == wanted, "expecting {} weights shape of {}, but got {}".format(name, wanted, w.shape)
    if b is None:
        return linear(q, w_q), linear(k, w_k), linear(v, w_v)
    b_q, b_k, b_v = b.chunk(3)
    for part, name in ((b_q, "query"), (b_k, "key"), (b_v, "value")):
        assert part.shape == (size,), "expecting {} bias shape of {}, but got {}".format(name, (size,), part.shape)
    return linear(q, w_q, b_q), linear(k, w_k, b_k), linear(v, w_v, b_v)


def _attention_mask(attn_mask, length, source, rows):
    """A given mask with the dimension of heads."""
    if attn_mask is None:
        return None
    if attn_mask.dtype == torch.uint8:
        import warnings
        warnings.warn("Byte tensor for attn_mask in nn.MultiheadAttention is deprecated. Use bool tensor instead.")
        attn_mask = attn_mask.to(torch.bool)
    else:
        assert attn_mask.is_floating_point() or attn_mask.dtype == torch.bool, (
            "Only float, byte, and bool types are supported for attn_mask, not {}".format(attn_mask.dtype))
    if attn_mask.dim() == 2:
        if attn_mask.shape != (length, source):
            raise RuntimeError("The shape of the 2D attn_mask is {}, but should be {}.".format(attn_mask.shape, (length, source)))
        return attn_mask.unsqueeze(0)
    if attn_mask.shape != (rows, length, source):
        raise RuntimeError("The shape of the 3D attn_mask is {}, but should be {}.".format(attn_mask.shape, (rows, length, source)))
    return attn_mask


def _one_more(mask):
    """A mask for one more key, which is not hidden."""
    if mask is None:
        return None
    return pad(mask, (0, 1))


def _merged_mask(attn_mask, key_padding_mask, batch, num_heads, source):
    """One mask of both."""
    if key_padding_mask is None:
        return attn_mask
    assert key_padding_mask.shape == (batch, source), "expecting key_padding_mask shape of {}, but got {}".format(
        (batch, source), key_padding_mask.shape)
    hidden = key_padding_mask.view(batch, 1, 1, source).expand(-1, num_heads, -1, -1).reshape(batch * num_heads, 1, source)
    if attn_mask is None:
        return hidden
    if attn_mask.dtype == torch.bool:
        return attn_mask.logical_or(hidden)
    return attn_mask.masked_fill(hidden, float("-inf"))


def _heads_first(x, rows, head):
    return x.contiguous().view(x.shape[0], rows, head).transpose(0, 1)


def _static_heads(x, name, rows, head):
    assert x.size(0) == rows, "expecting {}.size(0) of {}, but got {}".format(name, rows, x.size(0))
    assert x.size(2) == head, "expecting {}.size(2) of {}, but got {}".format(name, head, x.size(2))
    return x


def multi_head_attention_forward(query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v,
                                 add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None,
                                 need_weights=True, attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None,
                                 k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None,
                                 average_attn_weights=True) -> "Tuple[Tensor, Optional[Tensor]]":
    """nn.MultiheadAttention as a function: sequences first, (L, N, E) or (L, E)."""
    batched = _check_attention_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same_kv, same_qk = key is value, query is key
        query = query.unsqueeze(1)
        key = query if same_qk else key.unsqueeze(1)
        value = key if same_kv else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    source = key.shape[0]
    if key_padding_mask is not None and key_padding_mask.dtype != torch.bool and not torch.is_floating_point(key_padding_mask):
        raise AssertionError("only bool and floating types of key_padding_mask are supported")
    assert size == embed_dim_to_check, "was expecting embedding dimension of {}, but got {}".format(embed_dim_to_check, size)
    head = size // num_heads
    rows = batch * num_heads
    assert head * num_heads == size, "embed_dim {} not divisible by num_heads {}".format(size, num_heads)
    if use_separate_proj_weight:
        assert key.shape[:2] == value.shape[:2], "key's sequence and batch dims {} do not match value's {}".format(
            key.shape[:2], value.shape[:2])
        assert q_proj_weight is not None, "use_separate_proj_weight is True but q_proj_weight is None"
        assert k_proj_weight is not None, "use_separate_proj_weight is True but k_proj_weight is None"
        assert v_proj_weight is not None, "use_separate_proj_weight is True but v_proj_weight is None"
        q, k, v = _in_projection(query, key, value, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias)
    else:
        assert key.shape == value.shape, "key shape {} does not match value shape {}".format(key.shape, value.shape)
        assert in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None"
        q, k, v = _in_projection_packed(query, key, value, in_proj_weight, in_proj_bias)
    attn_mask = _attention_mask(attn_mask, length, source, rows)
    if bias_k is not None and bias_v is not None:
        assert static_k is None, "bias cannot be added to static key."
        assert static_v is None, "bias cannot be added to static value."
        k = torch.cat([k, bias_k.repeat(1, batch, 1)])
        v = torch.cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask = _one_more(attn_mask)
        key_padding_mask = _one_more(key_padding_mask)
    else:
        assert bias_k is None
        assert bias_v is None
    q = _heads_first(q, rows, head)
    if static_k is None:
        k = _heads_first(k, rows, head)
    else:
        k = _static_heads(static_k, "static_k", rows, head)
    if static_v is None:
        v = _heads_first(v, rows, head)
    else:
        v = _static_heads(static_v, "static_v", rows, head)
    if add_zero_attn:
        k = torch.cat([k, torch.zeros((rows, 1, head), dtype=k.dtype, device=k.device)], dim=1)
        v = torch.cat([v, torch.zeros((rows, 1, head), dtype=v.dtype, device=v.device)], dim=1)
        attn_mask = _one_more(attn_mask)
        key_padding_mask = _one_more(key_padding_mask)
    source = k.size(1)
    mask = _merged_mask(attn_mask, key_padding_mask, batch, num_heads, source)
    q = q / math.sqrt(head)
    if mask is not None:
        if mask.dtype == torch.bool:
            mask = torch.zeros_like(mask, dtype=q.dtype).masked_fill_(mask, float("-inf"))
        weights = torch.baddbmm(mask, q, k.transpose(-2, -1))
    else:
        weights = torch.bmm(q, k.transpose(-2, -1))
    weights = softmax(weights, dim=-1)
    if training and dropout_p > 0.0:
        weights = dropout(weights, p=dropout_p)
    output = torch.bmm(weights, v).transpose(0, 1).contiguous().view(length * batch, size)
    output = linear(output, out_proj_weight, out_proj_bias)
    output = output.view(length, batch, output.size(1))
    if not batched:
        output = output.squeeze(1)
    if not need_weights:
        return output, None
    weights = weights.view(batch, num_heads, length, source)
    if average_attn_weights:
        weights = weights.sum(dim=1) / num_heads
    if not batched:
        weights = weights.squeeze(0)
    return output, weights

"""Losses over sequences, bags of embeddings, distances."""


# --- connectionist temporal classification -----------------------------------------------------------------------------------
@op.primitive(namespace="private", variants="none", results="neg_log_likelihood log_alpha")
def ctc_loss_forward(log_probs: Tensor, targets: Tensor, input_lengths: list[int], target_lengths: list[int], blank: int,
                     zero_infinity: bool) -> tuple[Tensor, Tensor]:
    return cpu.ctc_loss_forward(log_probs, targets, input_lengths, target_lengths, blank)

@ctc_loss_forward.backward("CtcLossBackward0")
def _(grad_neg_log_likelihood, log_probs, targets, input_lengths, target_lengths, blank, zero_infinity, neg_log_likelihood, log_alpha):
    d_log_probs = torch.ctc_loss_backward(grad_neg_log_likelihood, log_probs, targets, input_lengths, target_lengths, neg_log_likelihood, log_alpha, blank, zero_infinity)


@op.primitive(namespace="private", variants="none")
def ctc_loss_backward(grad: Tensor, log_probs: Tensor, targets: Tensor, input_lengths: list[int], target_lengths: list[int],
                      neg_log_likelihood: Tensor, log_alpha: Tensor, blank: int, zero_infinity: bool) -> Tensor: ...


@op.composite(variants="function", overload="IntList")
def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: list[int], target_lengths: list[int], blank: int = 0, reduction: int = 1,
             zero_infinity: bool = False) -> Tensor:
    """The loss of sequences whose alignment to their labels is not known."""
    batched = log_probs.dim() == 3
    p = log_probs if batched else log_probs.unsqueeze(1)
    loss = torch.ctc_loss_forward(p, targets, input_lengths, target_lengths, blank, zero_infinity)[0]
    if zero_infinity:
        loss = torch.where(loss == math.inf, torch.zeros([], dtype=loss.dtype), loss)
    if reduction == 1:
        lengths = torch.tensor_of_ints(loss, target_lengths)
        return (loss / lengths.clamp_min(1)).mean()
    if reduction == 2:
        return loss.sum()
    return loss if batched else loss.squeeze(0)


@op.primitive(namespace="private", variants="none", differentiable=False)
def tensor_of_ints(like: Tensor, values: list[int]) -> Tensor:
    return cpu.tensor_of_ints(like, values)


@op.composite(variants="function", overload="Tensor")
def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, blank: int = 0, reduction: int = 1,
             zero_infinity: bool = False) -> Tensor:
    """The loss of sequences whose alignment to their labels is not known."""
    if is_floating(input_lengths.dtype) or is_floating(target_lengths.dtype):
        raise RuntimeError("input_lengths must be integral")
    return torch.ctc_loss(log_probs, targets, ints_of(input_lengths), ints_of(target_lengths), blank, reduction, zero_infinity)


# --- bags of embeddings ------------------------------------------------------------------------------------------------------
@op.composite(variants="function", results="output offset2bag bag_size maximum_indices", plain_tuple=True)
def embedding_bag(weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool = False, mode: int = 0, sparse: bool = False,
                  per_sample_weights: Tensor | None = None, include_last_offset: bool = False, padding_idx: int | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums (0), means (1) or maxima (2) of rows of a table, one for each bag of indices."""
    padding = -1
    if padding_idx is not None:
        padding = padding_idx
    return torch.embedding_bag_rows(weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding)


@op.primitive(namespace="private", variants="none", results="output offset2bag bag_size maximum_indices", plain_tuple=True)
def embedding_bag_rows(weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool, mode: int, sparse: bool,
                       per_sample_weights: Tensor | None, include_last_offset: bool, padding_idx: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return cpu.embedding_bag_forward(weight, indices, offsets, mode, per_sample_weights, include_last_offset, padding_idx)

@embedding_bag_rows.backward("EmbeddingBagBackward0")
def _(grad_output, weight, indices, scale_grad_by_freq, mode, sparse, per_sample_weights, padding_idx, offset2bag, bag_size, maximum_indices):
    if sparse:
        rows = grad_output.index_select(0, offset2bag)
        if mode == 1:
            rows = rows / bag_size.index_select(0, offset2bag).unsqueeze(1)
        if per_sample_weights is not None:
            rows = rows * per_sample_weights.unsqueeze(1)
        d_weight = torch.embedding_sparse_backward(rows, indices, weight.size(0), padding_idx, scale_grad_by_freq)
    else:
        d_weight = torch.embedding_bag_backward(grad_output, indices, offset2bag, bag_size, maximum_indices, weight.size(0), scale_grad_by_freq, mode, per_sample_weights, padding_idx)
    if per_sample_weights is not None:
        d_per_sample_weights = torch.embedding_bag_weights_backward(grad_output, weight, indices, offset2bag, padding_idx)


@op.primitive(namespace="private", variants="none")
def embedding_bag_backward(grad: Tensor, indices: Tensor, offset2bag: Tensor, bag_size: Tensor, maximum_indices: Tensor, num_weights: int,
                           scale_grad_by_freq: bool, mode: int, per_sample_weights: Tensor | None, padding_idx: int) -> Tensor: ...


@op.primitive(namespace="private", variants="none")
def embedding_bag_weights_backward(grad: Tensor, weight: Tensor, indices: Tensor, offset2bag: Tensor, padding_idx: int) -> Tensor: ...


# --- distances -----------------------------------------------------------------------------------------------------------------
@op.composite(variants="function")
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0,
          compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm distances between the rows of two batches of matrices."""
    if not is_floating(x1.dtype):
        raise RuntimeError(f"cdist only supports floating-point dtypes, X1 got: {x1.dtype}")
    if not is_floating(x2.dtype):
        raise RuntimeError(f"cdist only supports floating-point dtypes, X2 got: {x2.dtype}")
    if x1.dim() < 2:
        raise RuntimeError("X1 must have at least two dimensions.")
    if x2.dim() < 2:
        raise RuntimeError("X2 must have at least two dimensions.")
    if x1.size(-1) != x2.size(-1):
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.size(-1)} X2: {x2.size(-1)}")
    if p < 0.0:
        raise RuntimeError("cdist only supports non-negative p values")
    mode = 0
    if compute_mode == "use_mm_for_euclid_dist":
        mode = 1
    elif compute_mode == "donot_use_mm_for_euclid_dist":
        mode = 2
    elif compute_mode != "use_mm_for_euclid_dist_if_necessary":
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    lead = broadcast_sizes(x1.shape[0:x1.dim() - 2], x2.shape[0:x2.dim() - 2])
    rows1 = x1.size(-2)
    rows2 = x2.size(-2)
    columns = x1.size(-1)
    # Large matrices are done with a matrix product, which is faster and less exact.
    if p == 2.0 and columns > 0 and (mode == 1 or (mode == 0 and (rows1 > 25 or rows2 > 25))):
        return torch.euclidean_distance(x1.expand(lead + [rows1, columns]), x2.expand(lead + [rows2, columns]))
    a = x1.expand(lead + [rows1, columns]).reshape([-1 if len(lead) > 0 and columns * rows1 > 0 else product_of(lead), rows1, columns])
    b = x2.expand(lead + [rows2, columns]).reshape([a.size(0), rows2, columns])
    return torch.cdist_forward(a, b, p).reshape(lead + [rows1, rows2])


@op.composite(namespace="private", variants="none")
def euclidean_distance(x1: Tensor, x2: Tensor) -> Tensor:
    square1 = x1.pow(2).sum([-1], True)
    square2 = x2.pow(2).sum([-1], True)
    left = torch.cat([x1 * -2, square1, torch.ones_like(square1)], -1)
    right = torch.cat([x2, torch.ones_like(square2), square2], -1)
    return torch.matmul(left, right.transpose(-2, -1)).clamp_min(0).sqrt()

@euclidean_distance.backward("EuclideanDistBackward0")
def _(grad, x1, x2, result):
    ratio = grad / result
    ratio = ratio.masked_fill(result == 0, 0)
    d_x1 = x1 * ratio.sum([-1], True) - torch.matmul(ratio, x2)
    d_x2 = x2 * ratio.sum([-2], False).unsqueeze(-1) - torch.matmul(ratio.transpose(-2, -1), x1)


@op.primitive(namespace="private", variants="none")
def cdist_forward(x1: Tensor, x2: Tensor, p: float) -> Tensor: ...

@cdist_forward.backward("CdistBackward0")
def _(grad, x1, x2, p, result):
    d_x1 = torch.cdist_backward(grad, x1, x2, p, result)
    d_x2 = torch.cdist_backward(grad.transpose(1, 2).contiguous(), x2, x1, p, result.transpose(1, 2).contiguous())


@op.primitive(namespace="private", variants="none")
def cdist_backward(grad: Tensor, x1: Tensor, x2: Tensor, p: float, cdist: Tensor) -> Tensor: ...


@op.primitive(variants="function", kernel="pdist_forward")
def pdist(self: Tensor, p: float = 2) -> Tensor:
    """The p-norm distances between each two rows of a matrix."""
    ...

@pdist.backward("PdistBackward0")
def _(grad, self, p, result):
    d_self = torch.pdist_backward(grad, self, p, result)


@op.primitive(namespace="private", variants="none")
def pdist_backward(grad: Tensor, self: Tensor, p: float, pdist: Tensor) -> Tensor: ...

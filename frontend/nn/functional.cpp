// torch::nn::functional over the operators.
#include "torch/nn/functional.h"

#include <cmath>
#include <limits>

#include "frontend/convert.h"
#include "ops/operators.h"
#include "torch/autograd.h"

namespace torch {
namespace nn {
namespace functional {

namespace {

template <class... T>
int64_t number_of(const enumtype::Choice<T...>& reduction) {
  const std::string name = enumtype::get_enum_name(reduction);
  return name == "kNone" ? 0 : name == "kMean" ? 1 : 2;
}
template <class... T>
Tensor reduced(Tensor loss, const enumtype::Choice<T...>& reduction) {
  const int64_t r = number_of(reduction);
  return r == 0 ? loss : r == 1 ? loss.mean() : loss.sum();
}
c10::optional<Tensor> maybe(const Tensor& t) { return t.defined() ? c10::optional<Tensor>(t) : c10::nullopt; }

template <size_t D>
IntArrayRef list(const ExpandingArray<D>& a) {
  return IntArrayRef(*a);
}
void check_probability(double p) {
  TORCH_CHECK(p >= 0. && p <= 1., "dropout probability has to be between 0 and 1, but got ", p);
}
/// Broadcasts, saying so when the sizes differ.
void warn_sizes(const Tensor& input, const Tensor& target) {
  if (input.sizes() != target.sizes())
    TORCH_WARN("Using a target size (", target.sizes(), ") that is different to the input size (", input.sizes(),
               "). This will likely lead to incorrect results due to broadcasting. ",
               "Please ensure they have the same size.");
}

}  // namespace

// --- activations -----------------------------------------------------------------------------------------------------

Tensor elu(Tensor input, const ELUFuncOptions& o) {
  return o.inplace() ? at::elu_(input, o.alpha()) : at::elu(input, o.alpha());
}
Tensor selu(Tensor input, const SELUFuncOptions& o) { return o.inplace() ? at::selu_(input) : at::selu(input); }
Tensor hardshrink(const Tensor& input, const HardshrinkFuncOptions& o) { return at::hardshrink(input, o.lambda()); }
Tensor hardtanh(Tensor input, const HardtanhFuncOptions& o) {
  return o.inplace() ? at::hardtanh_(input, o.min_val(), o.max_val()) : at::hardtanh(input, o.min_val(), o.max_val());
}
Tensor leaky_relu(Tensor input, const LeakyReLUFuncOptions& o) {
  return o.inplace() ? at::leaky_relu_(input, o.negative_slope()) : at::leaky_relu(input, o.negative_slope());
}
Tensor logsigmoid(const Tensor& input) { return at::log_sigmoid(input); }
Tensor gumbel_softmax(const Tensor& logits, const GumbelSoftmaxFuncOptions& o) {
  Tensor gumbels = -at::empty_like(logits).exponential_().log();
  gumbels = (logits + gumbels) / o.tau();
  Tensor soft = gumbels.softmax(o.dim());
  if (!o.hard()) return soft;
  Tensor index = std::get<1>(soft.max(o.dim(), true));
  Tensor hard = at::zeros_like(logits).scatter_(o.dim(), index, 1.0);
  return hard - soft.detach() + soft;
}
Tensor softmax(const Tensor& input, const SoftmaxFuncOptions& o) { return input.softmax(o.dim(), o.dtype()); }
Tensor softmin(const Tensor& input, const SoftminFuncOptions& o) { return (-input).softmax(o.dim(), o.dtype()); }
Tensor log_softmax(const Tensor& input, const LogSoftmaxFuncOptions& o) {
  return input.log_softmax(o.dim(), o.dtype());
}
Tensor glu(const Tensor& input, const GLUFuncOptions& o) {
  TORCH_CHECK(input.dim() != 0, "glu does not suppport scalars because halving size must be even");
  return at::glu(input, o.dim());
}
Tensor gelu(const Tensor& input, const GELUFuncOptions& o) { return at::gelu(input, o.approximate()); }
Tensor silu(const Tensor& input) { return at::silu(input); }
Tensor mish(const Tensor& input) { return at::mish(input); }
Tensor relu(Tensor input, const ReLUFuncOptions& o) { return o.inplace() ? at::relu_(input) : at::relu(input); }
Tensor relu6(Tensor input, const ReLU6FuncOptions& o) {
  return o.inplace() ? at::hardtanh_(input, 0, 6) : at::hardtanh(input, 0, 6);
}
Tensor rrelu(Tensor input, const RReLUFuncOptions& o) {
  return o.inplace() ? at::rrelu_(input, o.lower(), o.upper(), o.training())
                     : at::rrelu(input, o.lower(), o.upper(), o.training());
}
Tensor celu(Tensor input, const CELUFuncOptions& o) {
  return o.inplace() ? at::celu_(input, o.alpha()) : at::celu(input, o.alpha());
}
Tensor softplus(const Tensor& input, const SoftplusFuncOptions& o) {
  return at::softplus(input, o.beta(), o.threshold());
}
Tensor softshrink(const Tensor& input, const SoftshrinkFuncOptions& o) { return at::softshrink(input, o.lambda()); }
Tensor softsign(const Tensor& input) { return input / (input.abs() + 1); }
Tensor tanhshrink(const Tensor& input) { return input - input.tanh(); }
Tensor threshold(Tensor input, const ThresholdFuncOptions& o) {
  return o.inplace() ? at::threshold_(input, o.threshold(), o.value()) : at::threshold(input, o.threshold(), o.value());
}
Tensor prelu(const Tensor& input, const Tensor& weight) { return at::prelu(input, weight); }

// --- linear, distances, vision
// -----------------------------------------------------------------------------------------

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  return at::linear(input, weight, maybe(bias));
}
Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight, const Tensor& bias) {
  return at::bilinear(input1, input2, weight, maybe(bias));
}
Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, const CosineSimilarityFuncOptions& o) {
  return at::cosine_similarity(x1, x2, o.dim(), o.eps());
}
Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, const PairwiseDistanceFuncOptions& o) {
  return at::pairwise_distance(x1, x2, o.p(), o.eps(), o.keepdim());
}
Tensor affine_grid(const Tensor& theta, const IntArrayRef& size, bool align_corners) {
  return at::affine_grid_generator(theta, size, align_corners);
}
Tensor grid_sample(const Tensor& input, const Tensor& grid, const GridSampleFuncOptions& o) {
  const int64_t mode = c10::holds_alternative<enumtype::kBilinear>(o.mode()) ? 0 : 1;
  const int64_t padding = static_cast<int64_t>(o.padding_mode().index());
  if (!o.align_corners())
    TORCH_WARN("Default grid_sample and affine_grid behavior has changed ",
               "to align_corners=False since 1.3.0. Please specify ",
               "align_corners=True if the old behavior is desired. ",
               "See the documentation of grid_sample for details.");
  return at::grid_sampler(input, grid, mode, padding, o.align_corners().value_or(false));
}

Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& o) {
  const std::string mode = enumtype::get_enum_name(o.mode());
  const size_t dims = static_cast<size_t>(input.dim() - 2);
  TORCH_CHECK(o.size() || o.scale_factor(), "either size or scale_factor should be defined");
  TORCH_CHECK(!(o.size() && o.scale_factor()), "only one of size or scale_factor should be defined");
  const bool nearest = mode == "kNearest" || mode == "kArea" || mode == "kNearestExact";
  TORCH_CHECK(
      !(nearest && o.align_corners()),
      "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear");
  if (o.scale_factor())
    TORCH_CHECK(o.scale_factor()->size() == dims, "scale_factor shape must match input shape. Input is ", dims,
                "D, scale_factor size is ", c10::ArrayRef<double>(*o.scale_factor()));
  // Sizes are given to the kernels; factors only where they count for the coordinates.
  std::vector<int64_t> sizes;
  c10::OptionalIntArrayRef size = c10::nullopt;
  c10::optional<c10::ArrayRef<double>> factors = c10::nullopt;
  if (o.size()) {
    sizes = *o.size();
    TORCH_CHECK(sizes.size() == dims,
                "Input and output must have the same number of spatial dimensions, but got input "
                "with spatial dimensions of ",
                input.sizes().slice(2), " and output size of ", c10::IntArrayRef(sizes));
    size = c10::IntArrayRef(sizes);
  } else if (o.recompute_scale_factor().value_or(false) || mode == "kArea") {
    for (size_t i = 0; i < dims; i++)
      sizes.push_back(static_cast<int64_t>(
          std::floor(static_cast<double>(input.size(static_cast<int64_t>(i) + 2)) * (*o.scale_factor())[i])));
    size = c10::IntArrayRef(sizes);
  } else {
    factors = c10::ArrayRef<double>(*o.scale_factor());
  }
  const bool align = o.align_corners().value_or(false);
  const int64_t d = input.dim();
  namespace op = tsvm::ops::op;
  using tsvm::frontend::give;
  using tsvm::frontend::in;
  return tsvm::frontend::run([&]() -> Tensor {
    const auto& x = in(input);
    const auto s = in(size);
    const auto f = in(factors);
    if (mode == "kArea")
      return d == 3   ? at::adaptive_avg_pool1d(input, *size)
             : d == 4 ? at::adaptive_avg_pool2d(input, *size)
                      : at::adaptive_avg_pool3d(input, *size);
    if (mode == "kNearest")
      return give(d == 3   ? op::upsample_nearest1d(x, s, f)
                  : d == 4 ? op::upsample_nearest2d(x, s, f)
                           : op::upsample_nearest3d(x, s, f));
    if (mode == "kNearestExact")
      return give(d == 3   ? op::_upsample_nearest_exact1d(x, s, f)
                  : d == 4 ? op::_upsample_nearest_exact2d(x, s, f)
                           : op::_upsample_nearest_exact3d(x, s, f));
    if (mode == "kLinear" && d == 3) return give(op::upsample_linear1d(x, s, align, f));
    if (mode == "kBilinear" && d == 4)
      return give(o.antialias() ? op::_upsample_bilinear2d_aa(x, s, align, f)
                                : op::upsample_bilinear2d(x, s, align, f));
    if (mode == "kBicubic" && d == 4)
      return give(o.antialias() ? op::_upsample_bicubic2d_aa(x, s, align, f) : op::upsample_bicubic2d(x, s, align, f));
    if (mode == "kTrilinear" && d == 5) return give(op::upsample_trilinear3d(x, s, align, f));
    TORCH_CHECK(false, "Input Error: Only 3D, 4D and 5D input Tensors supported (got ", d,
                "D) for the modes: nearest | ", "linear | bilinear | bicubic | trilinear (got ", mode, ")");
  });
}

Tensor pixel_shuffle(const Tensor& input, const PixelShuffleFuncOptions& o) {
  return at::pixel_shuffle(input, o.upscale_factor());
}
Tensor pixel_unshuffle(const Tensor& input, const PixelUnshuffleFuncOptions& o) {
  return at::pixel_unshuffle(input, o.downscale_factor());
}
Tensor fold(const Tensor& input, const FoldFuncOptions& o) {
  return at::col2im(input, list(o.output_size()), list(o.kernel_size()), list(o.dilation()), list(o.padding()),
                    list(o.stride()));
}
Tensor unfold(const Tensor& input, const UnfoldFuncOptions& o) {
  return at::im2col(input, list(o.kernel_size()), list(o.dilation()), list(o.padding()), list(o.stride()));
}
Tensor pad(const Tensor& input, const PadFuncOptions& o) {
  const std::string mode = enumtype::get_enum_name(o.mode());
  return at::pad(input, o.pad(),
                 mode == "kConstant"    ? "constant"
                 : mode == "kReflect"   ? "reflect"
                 : mode == "kReplicate" ? "replicate"
                                        : "circular",
                 mode == "kConstant" ? c10::optional<double>(o.value()) : c10::nullopt);
}

// --- dropout, embedding
// ------------------------------------------------------------------------------------------------

Tensor dropout(Tensor input, const DropoutFuncOptions& o) {
  check_probability(o.p());
  return o.inplace() ? at::dropout_(input, o.p(), o.training()) : at::dropout(input, o.p(), o.training());
}
Tensor dropout2d(Tensor input, const Dropout2dFuncOptions& o) {
  check_probability(o.p());
  return o.inplace() ? at::feature_dropout_(input, o.p(), o.training())
                     : at::feature_dropout(input, o.p(), o.training());
}
Tensor dropout3d(Tensor input, const Dropout3dFuncOptions& o) { return dropout2d(std::move(input), o); }
Tensor alpha_dropout(Tensor input, const AlphaDropoutFuncOptions& o) {
  check_probability(o.p());
  return o.inplace() ? at::alpha_dropout_(input, o.p(), o.training()) : at::alpha_dropout(input, o.p(), o.training());
}
Tensor feature_alpha_dropout(Tensor input, const FeatureAlphaDropoutFuncOptions& o) {
  check_probability(o.p());
  return o.inplace() ? at::feature_alpha_dropout_(input, o.p(), o.training())
                     : at::feature_alpha_dropout(input, o.p(), o.training());
}
Tensor one_hot(const Tensor& tensor, int64_t num_classes) { return at::one_hot(tensor, num_classes); }

namespace {
/// Padding's row as the operators want it: -1 for none.
int64_t padding_row(c10::optional<int64_t> padding_idx, int64_t rows) {
  if (!padding_idx) return -1;
  if (*padding_idx > 0)
    TORCH_CHECK(*padding_idx < rows, "Padding_idx must be within num_embeddings");
  else
    TORCH_CHECK(*padding_idx >= -rows, "Padding_idx must be within num_embedding");
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}
void renormalise(const Tensor& input, const Tensor& weight, c10::optional<double> max_norm, double norm_type) {
  if (!max_norm) return;
  c10::AutoGradMode off(false);
  Tensor w = weight;
  tsvm::frontend::run([&] {
    tsvm::ops::op::embedding_renorm_(tsvm::frontend::in(w), tsvm::frontend::in(input.contiguous()), *max_norm,
                                     norm_type);
  });
}
}  // namespace

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingFuncOptions& o) {
  const int64_t row = padding_row(o.padding_idx(), weight.size(0));
  renormalise(input, weight, o.max_norm(), o.norm_type());
  return at::embedding(weight, input, row, o.scale_grad_by_freq(), o.sparse());
}

Tensor embedding_bag(const Tensor& input, const Tensor& weight, const EmbeddingBagFuncOptions& o) {
  Tensor indices = input, offsets = o.offsets(), factors = o.per_sample_weights();
  TORCH_CHECK(!factors.defined() || input.sizes() == factors.sizes(), "embedding_bag: If per_sample_weights (",
              factors.defined() ? factors.sizes() : IntArrayRef(),
              ") is not null, then it must have the same shape as the input (", input.sizes(), ")");
  if (input.dim() == 2) {
    TORCH_CHECK(!offsets.defined(),
                "If input is 2D, then offsets has to be null, as input is treated is a mini-batch of fixed length "
                "sequences. However, found offsets of type Tensor");
    offsets = at::arange(0, input.numel(), input.size(1), at::TensorOptions(kLong));
    indices = input.reshape({-1});
    if (factors.defined()) factors = factors.reshape({-1});
  } else {
    TORCH_CHECK(input.dim() == 1, "input has to be 1D or 2D Tensor, but got Tensor of dimension ", input.dim());
    TORCH_CHECK(offsets.defined(), "offsets has to be a 1D Tensor but got null");
    TORCH_CHECK(offsets.dim() == 1, "offsets has to be a 1D Tensor");
  }
  renormalise(indices, weight, o.max_norm(), o.norm_type());
  const std::string mode = enumtype::get_enum_name(o.mode());
  TORCH_CHECK(!factors.defined() || mode == "kSum",
              "embedding_bag: per_sample_weights was not null. per_sample_weights is only supported for mode='kSum' "
              "(got mode='",
              mode.substr(1), "').Please open a feature request on GitHub.");
  const int64_t number = mode == "kSum" ? 0 : mode == "kMean" ? 1 : 2;
  c10::optional<int64_t> padding;
  if (o.padding_idx()) padding = padding_row(o.padding_idx(), weight.size(0));
  return std::get<0>(at::embedding_bag(weight, indices, offsets, o.scale_grad_by_freq(), number, o.sparse(),
                                       maybe(factors), o.include_last_offset(), padding));
}

// --- normalisation ---------------------------------------------------------------------------------------------------

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormFuncOptions& o) {
  TORCH_CHECK(input.dim() >= 2, "Expected at least 2 input dimensions, but got ", input.dim());
  if (o.training()) {
    int64_t values = input.size(0);
    for (int64_t d = 2; d < input.dim(); d++) values *= input.size(d);
    TORCH_CHECK(values != 1, "Expected more than 1 value per channel when training, got input size ", input.sizes());
  }
  return at::batch_norm(input, maybe(o.weight()), maybe(o.bias()), maybe(running_mean), maybe(running_var),
                        o.training(), o.momentum().value_or(0.0), o.eps(), true);
}
Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& o) {
  return at::instance_norm(input, maybe(o.weight()), maybe(o.bias()), maybe(o.running_mean()), maybe(o.running_var()),
                           o.use_input_stats(), o.momentum(), o.eps(), true);
}
Tensor layer_norm(const Tensor& input, const LayerNormFuncOptions& o) {
  return at::layer_norm(input, o.normalized_shape(), maybe(o.weight()), maybe(o.bias()), o.eps());
}
Tensor local_response_norm(const Tensor& input, const LocalResponseNormFuncOptions& o) {
  const int64_t dim = input.dim(), size = o.size();
  TORCH_CHECK(dim >= 3, "Expected 3D or higher dimensionality input (got ", dim, " dimensions)");
  Tensor div = input.mul(input).unsqueeze(1);
  if (dim == 3) {
    div = pad(div, PadFuncOptions({0, 0, size / 2, (size - 1) / 2}));
    div = at::avg_pool2d(div, {size, 1}, 1).squeeze(1);
  } else {
    const auto sizes = input.sizes().vec();
    div = div.view({sizes[0], 1, sizes[1], sizes[2], -1});
    div = pad(div, PadFuncOptions({0, 0, 0, 0, size / 2, (size - 1) / 2}));
    div = at::avg_pool3d(div, {size, 1, 1}, 1).squeeze(1);
    div = div.view(sizes);
  }
  div = div.mul(o.alpha()).add(o.k()).pow(o.beta());
  return input / div;
}
Tensor group_norm(const Tensor& input, const GroupNormFuncOptions& o) {
  return at::group_norm(input, o.num_groups(), maybe(o.weight()), maybe(o.bias()), o.eps());
}
Tensor normalize(const Tensor& input, NormalizeFuncOptions o) {
  const Tensor denominator = input.norm(Scalar(o.p()), o.dim(), true).clamp_min(o.eps()).expand_as(input);
  if (!o.out()) return input / denominator;
  return at::div_out(*o.out(), input, denominator);
}

// --- convolution -----------------------------------------------------------------------------------------------------

#define TORCH_CONV(D)                                                                                               \
  Tensor conv##D##d(const Tensor& input, const Tensor& weight, const Conv##D##dFuncOptions& o) {                    \
    if (const auto* sizes = std::get_if<ExpandingArray<D>>(&o.padding().base()))                                    \
      return at::conv##D##d(input, weight, maybe(o.bias()), list(o.stride()), list(*sizes), list(o.dilation()),     \
                            o.groups());                                                                            \
    const char* mode = c10::holds_alternative<enumtype::kValid>(o.padding().base()) ? "valid" : "same";             \
    return at::conv##D##d(input, weight, maybe(o.bias()), list(o.stride()), c10::string_view(mode),                 \
                          list(o.dilation()), o.groups());                                                          \
  }                                                                                                                 \
  Tensor conv_transpose##D##d(const Tensor& input, const Tensor& weight, const ConvTranspose##D##dFuncOptions& o) { \
    return at::conv_transpose##D##d(input, weight, maybe(o.bias()), list(o.stride()), list(o.padding()),            \
                                    list(o.output_padding()), o.groups(), list(o.dilation()));                      \
  }
TORCH_CONV(1)
TORCH_CONV(2)
TORCH_CONV(3)
#undef TORCH_CONV

// --- pooling ---------------------------------------------------------------------------------------------------------

Tensor avg_pool1d(const Tensor& input, const AvgPool1dFuncOptions& o) {
  return at::avg_pool1d(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), o.ceil_mode(),
                        o.count_include_pad());
}
Tensor avg_pool2d(const Tensor& input, const AvgPool2dFuncOptions& o) {
  return at::avg_pool2d(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), o.ceil_mode(),
                        o.count_include_pad(), o.divisor_override());
}
Tensor avg_pool3d(const Tensor& input, const AvgPool3dFuncOptions& o) {
  return at::avg_pool3d(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), o.ceil_mode(),
                        o.count_include_pad(), o.divisor_override());
}
#define TORCH_MAX_POOL(D)                                                                                            \
  Tensor max_pool##D##d(const Tensor& input, const MaxPool##D##dFuncOptions& o) {                                    \
    return at::max_pool##D##d(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), list(o.dilation()), \
                              o.ceil_mode());                                                                        \
  }                                                                                                                  \
  std::tuple<Tensor, Tensor> max_pool##D##d_with_indices(const Tensor& input, const MaxPool##D##dFuncOptions& o) {   \
    return at::max_pool##D##d_with_indices(input, list(o.kernel_size()), list(o.stride()), list(o.padding()),        \
                                           list(o.dilation()), o.ceil_mode());                                       \
  }
TORCH_MAX_POOL(1)
TORCH_MAX_POOL(2)
TORCH_MAX_POOL(3)
#undef TORCH_MAX_POOL

namespace {
/// Missing output sizes are the input's.
template <size_t D>
std::vector<int64_t> output_sizes(const Tensor& input, const ExpandingArrayWithOptionalElem<D>& sizes) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < D; i++)
    out.push_back((*sizes)[i] ? *(*sizes)[i] : input.size(input.dim() - static_cast<int64_t>(D - i)));
  return out;
}
template <size_t D>
std::vector<int64_t> output_sizes(const Tensor&, const ExpandingArray<D>& sizes) {
  return list(sizes).vec();
}
}  // namespace
#define TORCH_ADAPTIVE(D)                                                                                      \
  Tensor adaptive_avg_pool##D##d(const Tensor& input, const AdaptiveAvgPool##D##dFuncOptions& o) {             \
    return at::adaptive_avg_pool##D##d(input, output_sizes(input, o.output_size()));                           \
  }                                                                                                            \
  std::tuple<Tensor, Tensor> adaptive_max_pool##D##d_with_indices(const Tensor& input,                         \
                                                                  const AdaptiveMaxPool##D##dFuncOptions& o) { \
    return at::adaptive_max_pool##D##d(input, output_sizes(input, o.output_size()));                           \
  }                                                                                                            \
  Tensor adaptive_max_pool##D##d(const Tensor& input, const AdaptiveMaxPool##D##dFuncOptions& o) {             \
    return std::get<0>(adaptive_max_pool##D##d_with_indices(input, o));                                        \
  }
TORCH_ADAPTIVE(1)
TORCH_ADAPTIVE(2)
TORCH_ADAPTIVE(3)
#undef TORCH_ADAPTIVE

namespace {
std::vector<int64_t> unpooled_size(const Tensor& input, IntArrayRef kernel, IntArrayRef stride, IntArrayRef padding,
                                   const c10::optional<std::vector<int64_t>>& wanted) {
  const size_t dims = kernel.size();
  std::vector<int64_t> size;
  for (size_t d = 0; d < dims; d++)
    size.push_back((input.size(input.dim() - static_cast<int64_t>(dims - d)) - 1) * stride[d] + kernel[d] -
                   2 * padding[d]);
  if (!wanted) return size;
  std::vector<int64_t> out = *wanted;
  if (out.size() == dims + 2) out.erase(out.begin(), out.begin() + 2);
  TORCH_CHECK(out.size() == dims, "output_size should be a sequence containing ", dims, " or ", dims + 2,
              " elements, but it has a length of '", wanted->size(), "'");
  for (size_t d = 0; d < dims; d++)
    TORCH_CHECK(size[d] - stride[d] < out[d] && out[d] < size[d] + stride[d], "invalid output_size ", IntArrayRef(out),
                " (dim ", d, " must be between ", size[d] - stride[d], " and ", size[d] + stride[d], ")");
  return out;
}
}  // namespace
Tensor max_unpool1d(const Tensor& input, const Tensor& indices, const MaxUnpool1dFuncOptions& o) {
  auto size = unpooled_size(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), o.output_size());
  size.push_back(1);
  return at::max_unpool2d(input.unsqueeze(-1), indices.unsqueeze(-1), size).squeeze(-1);
}
Tensor max_unpool2d(const Tensor& input, const Tensor& indices, const MaxUnpool2dFuncOptions& o) {
  return at::max_unpool2d(
      input, indices,
      unpooled_size(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), o.output_size()));
}
Tensor max_unpool3d(const Tensor& input, const Tensor& indices, const MaxUnpool3dFuncOptions& o) {
  return at::max_unpool3d(
      input, indices, unpooled_size(input, list(o.kernel_size()), list(o.stride()), list(o.padding()), o.output_size()),
      list(o.stride()), list(o.padding()));
}
Tensor lp_pool1d(const Tensor& input, const LPPool1dFuncOptions& o) {
  Tensor out = at::avg_pool1d(input.pow(o.norm_type()), list(o.kernel_size()), list(o.stride()), 0, o.ceil_mode());
  return (out.sign() * at::relu(out.abs())).mul((*o.kernel_size())[0]).pow(1. / o.norm_type());
}
Tensor lp_pool2d(const Tensor& input, const LPPool2dFuncOptions& o) {
  Tensor out = at::avg_pool2d(input.pow(o.norm_type()), list(o.kernel_size()), list(o.stride()), 0, o.ceil_mode());
  return (out.sign() * at::relu(out.abs())).mul((*o.kernel_size())[0] * (*o.kernel_size())[1]).pow(1. / o.norm_type());
}

namespace {
template <size_t D>
std::tuple<Tensor, Tensor> fractional(const Tensor& input, const FractionalMaxPoolOptions<D>& o) {
  TORCH_CHECK(o.output_size() || o.output_ratio(), "fractional_max_pool", D,
              "d requires specifying either an output_size or an output_ratio");
  std::vector<int64_t> size;
  for (size_t d = 0; d < D; d++)
    size.push_back(o.output_size() ? (**o.output_size())[d]
                                   : static_cast<int64_t>(std::floor(
                                         static_cast<double>(input.size(input.dim() - static_cast<int64_t>(D - d))) *
                                         (**o.output_ratio())[d])));
  Tensor samples = o._random_samples();
  if (!samples.defined()) {
    const bool batched = input.dim() == static_cast<int64_t>(D) + 2;
    samples = at::rand({batched ? input.size(0) : 1, input.size(batched ? 1 : 0), static_cast<int64_t>(D)},
                       at::TensorOptions(input.scalar_type()));
  }
  if constexpr (D == 2)
    return at::fractional_max_pool2d(input, list(o.kernel_size()), size, samples);
  else
    return at::fractional_max_pool3d(input, list(o.kernel_size()), size, samples);
}
}  // namespace
std::tuple<Tensor, Tensor> fractional_max_pool2d_with_indices(const Tensor& input,
                                                              const FractionalMaxPool2dFuncOptions& o) {
  return fractional(input, o);
}
std::tuple<Tensor, Tensor> fractional_max_pool3d_with_indices(const Tensor& input,
                                                              const FractionalMaxPool3dFuncOptions& o) {
  return fractional(input, o);
}
Tensor fractional_max_pool2d(const Tensor& input, const FractionalMaxPool2dFuncOptions& o) {
  return std::get<0>(fractional(input, o));
}
Tensor fractional_max_pool3d(const Tensor& input, const FractionalMaxPool3dFuncOptions& o) {
  return std::get<0>(fractional(input, o));
}

// --- losses ----------------------------------------------------------------------------------------------------------

Tensor l1_loss(const Tensor& input, const Tensor& target, const L1LossFuncOptions& o) {
  warn_sizes(input, target);
  return at::l1_loss(input, target, number_of(o.reduction()));
}
Tensor kl_div(const Tensor& input, const Tensor& target, const KLDivFuncOptions& o) {
  const std::string reduction = enumtype::get_enum_name(o.reduction());
  if (reduction == "kBatchMean") {
    Tensor loss = at::kl_div(input, target, 2, o.log_target());
    return input.dim() ? loss / input.size(0) : loss;
  }
  if (reduction == "kMean")
    TORCH_WARN("reduction: 'mean' divides the total loss by both the batch size and the support size.",
               "'batchmean' divides only by the batch size, and aligns with the KL div math definition.",
               "'mean' will be changed to behave the same as 'batchmean' in the next major release.");
  return at::kl_div(input, target, number_of(o.reduction()), o.log_target());
}
Tensor mse_loss(const Tensor& input, const Tensor& target, const MSELossFuncOptions& o) {
  warn_sizes(input, target);
  return at::mse_loss(input, target, number_of(o.reduction()));
}
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const BinaryCrossEntropyFuncOptions& o) {
  TORCH_CHECK(target.sizes() == input.sizes(), "Using a target size (", target.sizes(),
              ") that is different to the input size (", input.sizes(), ") is deprecated. ",
              "Please ensure they have the same size.");
  Tensor weight = o.weight();
  if (weight.defined()) weight = weight.expand(at::IntArrayRef(target.sizes()));
  return at::binary_cross_entropy(input, target, maybe(weight), number_of(o.reduction()));
}
Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, const HingeEmbeddingLossFuncOptions& o) {
  return at::hinge_embedding_loss(input, target, o.margin(), number_of(o.reduction()));
}
Tensor multi_margin_loss(const Tensor& input, const Tensor& target, const MultiMarginLossFuncOptions& o) {
  TORCH_CHECK(o.p() == 1 || o.p() == 2, "only p == 1 and p == 2 supported");
  return at::multi_margin_loss(input, target, o.p(), o.margin(), maybe(o.weight()), number_of(o.reduction()));
}
Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             const CosineEmbeddingLossFuncOptions& o) {
  return at::cosine_embedding_loss(input1, input2, target, o.margin(), number_of(o.reduction()));
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossFuncOptions& o) {
  return smooth_l1_loss(input, target, o, o.beta());
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossFuncOptions& o, double beta) {
  warn_sizes(input, target);
  return at::smooth_l1_loss(input, target, number_of(o.reduction()), beta);
}
Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberLossFuncOptions& o) {
  warn_sizes(input, target);
  return at::huber_loss(input, target, number_of(o.reduction()), o.delta());
}
Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target, const MultilabelMarginLossFuncOptions& o) {
  return at::multilabel_margin_loss(input, target, number_of(o.reduction()));
}
Tensor soft_margin_loss(const Tensor& input, const Tensor& target, const SoftMarginLossFuncOptions& o) {
  return at::soft_margin_loss(input, target, number_of(o.reduction()));
}
Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                   const MultilabelSoftMarginLossFuncOptions& o) {
  Tensor loss = -(target * at::log_sigmoid(input) + (1 - target) * at::log_sigmoid(-input));
  if (o.weight().defined()) loss = loss * o.weight();
  const int64_t dim = input.dim() - 1;
  loss = loss.sum(dim) / input.size(dim);
  return reduced(loss, o.reduction());
}
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginLossFuncOptions& o) {
  return at::triplet_margin_loss(anchor, positive, negative, o.margin(), o.p(), o.eps(), o.swap(),
                                 number_of(o.reduction()));
}
Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         const TripletMarginWithDistanceLossFuncOptions& o) {
  auto distance = [&](const Tensor& a, const Tensor& b) {
    return o.distance_function() ? (*o.distance_function())(a, b)
                                 : functional::pairwise_distance(a, b, PairwiseDistanceFuncOptions());
  };
  Tensor near = distance(anchor, positive), far = distance(anchor, negative);
  if (o.swap()) far = at::minimum(far, distance(positive, negative));
  return reduced((near - far + o.margin()).clamp_min(0), o.reduction());
}

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CTCLossFuncOptions& o) {
  return at::ctc_loss(log_probs, targets, input_lengths, target_lengths, o.blank(), number_of(o.reduction()),
                      o.zero_infinity());
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, const PoissonNLLLossFuncOptions& o) {
  return at::poisson_nll_loss(input, target, o.log_input(), o.full(), o.eps(), number_of(o.reduction()));
}
Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           const MarginRankingLossFuncOptions& o) {
  TORCH_CHECK(input1.dim() == input2.dim() && input1.dim() == target.dim(),
              "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ",
              input1.sizes(), ", input2: ", input2.sizes(), ", target: ", target.sizes());
  return at::margin_ranking_loss(input1, input2, target, o.margin(), number_of(o.reduction()));
}
Tensor nll_loss(const Tensor& input, const Tensor& target, const NLLLossFuncOptions& o) {
  TORCH_CHECK(input.dim() >= 1, "Expected 1 or more dimensions (got ", input.dim(), ")");
  if (input.dim() != 1)
    TORCH_CHECK(input.sizes()[0] == target.sizes()[0], "Expected input batch_size (", input.sizes()[0],
                ") to match target batch_size (", target.sizes()[0], ").");
  return at::nll_loss_nd(input, target, maybe(o.weight()), number_of(o.reduction()), o.ignore_index());
}
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyFuncOptions& o) {
  return at::cross_entropy_loss(input, target, maybe(o.weight()), number_of(o.reduction()), o.ignore_index(),
                                o.label_smoothing());
}
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsFuncOptions& o) {
  TORCH_CHECK(target.sizes() == input.sizes(), "Target size (", target.sizes(), ") must be the same as input size (",
              input.sizes(), ")");
  return at::binary_cross_entropy_with_logits(input, target, maybe(o.weight()), maybe(o.pos_weight()),
                                              number_of(o.reduction()));
}

}  // namespace functional
}  // namespace nn
}  // namespace torch

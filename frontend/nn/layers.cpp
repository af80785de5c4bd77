// The layers but the recurrent ones and transformers: parameters, text, and functional:: with the layer's options.
#include <cmath>

#include "torch/nn/modules.h"

namespace torch {
namespace nn {

namespace F = torch::nn::functional;

namespace {

std::ostream& words(std::ostream& stream) { return stream << std::boolalpha; }

/// "[3, 3]", also of one number.
template <size_t D>
std::string brackets(const ExpandingArray<D>& a) {
  return c10::str(IntArrayRef(*a));
}
/// "3" of one number.
template <class A>
std::string plain(const A& a) {
  return c10::str(a);
}

}  // namespace

// --- linear ----------------------------------------------------------------------------------------------------------

void IdentityImpl::reset() {}
void IdentityImpl::pretty_print(std::ostream& s) const { s << "torch::nn::Identity()"; }
Tensor IdentityImpl::forward(const Tensor& input) { return input; }

LinearImpl::LinearImpl(const LinearOptions& o) : options(o) { LinearImpl::reset(); }
void LinearImpl::reset() {
  weight = register_parameter("weight", torch::empty({options.out_features(), options.in_features()}));
  if (options.bias())
    bias = register_parameter("bias", torch::empty(options.out_features()));
  else
    bias = register_parameter("bias", {}, /*requires_grad=*/false);
  reset_parameters();
}
void LinearImpl::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5));
  if (bias.defined()) {
    const auto [in, out] = init::_calculate_fan_in_and_fan_out(weight);
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    init::uniform_(bias, -bound, bound);
    (void)out;
  }
}
void LinearImpl::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::Linear(in_features=" << options.in_features() << ", out_features=" << options.out_features()
           << ", bias=" << options.bias() << ")";
}
Tensor LinearImpl::forward(const Tensor& input) { return F::linear(input, weight, bias); }

BilinearImpl::BilinearImpl(const BilinearOptions& o) : options(o) { BilinearImpl::reset(); }
void BilinearImpl::reset() {
  weight = register_parameter("weight",
                              torch::empty({options.out_features(), options.in1_features(), options.in2_features()}));
  if (options.bias())
    bias = register_parameter("bias", torch::empty(options.out_features()));
  else
    bias = register_parameter("bias", Tensor(), /*requires_grad=*/false);
  reset_parameters();
}
void BilinearImpl::reset_parameters() {
  const double bound = 1.0 / std::sqrt(static_cast<double>(weight.size(1)));
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}
void BilinearImpl::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::Bilinear(in1_features=" << options.in1_features()
           << ", in2_features=" << options.in2_features() << ", out_features=" << options.out_features()
           << ", bias=" << options.bias() << ")";
}
Tensor BilinearImpl::forward(const Tensor& input1, const Tensor& input2) {
  return F::bilinear(input1, input2, weight, bias);
}

void FlattenImpl::reset() {}
void FlattenImpl::pretty_print(std::ostream& s) const {
  s << "torch::nn::Flatten(start_dim=" << options.start_dim() << ", end_dim=" << options.end_dim() << ")";
}
Tensor FlattenImpl::forward(const Tensor& input) { return input.flatten(options.start_dim(), options.end_dim()); }

void UnflattenImpl::reset() {}
void UnflattenImpl::pretty_print(std::ostream& s) const {
  s << "torch::nn::Unflatten(dim=" << options.dim() << ", unflattened_size={";
  for (size_t i = 0; i < options.sizes().size(); i++) s << (i ? ", " : "") << options.sizes()[i];
  s << "})";
}
Tensor UnflattenImpl::forward(const Tensor& input) { return input.unflatten(options.dim(), options.sizes()); }

// --- activations -----------------------------------------------------------------------------------------------------

#define TORCH_LAYER(Name, call, ...)                                          \
  void Name##Impl::reset() {}                                                 \
  void Name##Impl::pretty_print(std::ostream& s) const {                      \
    words(s) << "torch::nn::" #Name << "(" __VA_OPT__(<<) __VA_ARGS__ << ")"; \
  }                                                                           \
  Tensor Name##Impl::forward(const Tensor& input) { return call; }
#define TORCH_INPLACE (options.inplace() ? ", inplace=true" : "")
#define TORCH_ONLY_INPLACE (options.inplace() ? "inplace=true" : "")

TORCH_LAYER(ELU, F::elu(input, options), "alpha=" << options.alpha() << TORCH_INPLACE)
TORCH_LAYER(SELU, F::selu(input, options), TORCH_ONLY_INPLACE)
TORCH_LAYER(Hardshrink, F::hardshrink(input, options), options.lambda())
HardtanhImpl::HardtanhImpl(const HardtanhOptions& o) : options(o) {
  TORCH_CHECK(options.max_val() > options.min_val(), "max_val must be greater than min_val");
}
TORCH_LAYER(Hardtanh, F::hardtanh(input, options),
            "min_val=" << options.min_val() << ", max_val=" << options.max_val() << TORCH_INPLACE)
TORCH_LAYER(LeakyReLU, F::leaky_relu(input, options), "negative_slope=" << options.negative_slope() << TORCH_INPLACE)
TORCH_LAYER(LogSigmoid, F::logsigmoid(input))
TORCH_LAYER(Softmax, F::softmax(input, options.dim()), "dim=" << options.dim())
TORCH_LAYER(Softmin, F::softmin(input, options.dim()), "dim=" << options.dim())
TORCH_LAYER(LogSoftmax, F::log_softmax(input, options.dim()), "dim=" << options.dim())
void Softmax2dImpl::reset() {}
void Softmax2dImpl::pretty_print(std::ostream& s) const { s << "torch::nn::Softmax2d()"; }
Tensor Softmax2dImpl::forward(const Tensor& input) {
  TORCH_CHECK(input.dim() == 4 || input.dim() == 3, "Softmax2d requires a 3D or 4D tensor as input");
  return F::softmax(input, -3);
}
PReLUImpl::PReLUImpl(const PReLUOptions& o) : options(o) { PReLUImpl::reset(); }
void PReLUImpl::reset() {
  weight = register_parameter("weight", torch::full(options.num_parameters(), options.init()));
}
void PReLUImpl::pretty_print(std::ostream& s) const {
  s << "torch::nn::PReLU(num_parameters=" << options.num_parameters() << ")";
}
Tensor PReLUImpl::forward(const Tensor& input) { return F::prelu(input, weight); }
TORCH_LAYER(ReLU, F::relu(input, options), TORCH_ONLY_INPLACE)
TORCH_LAYER(ReLU6, F::relu6(input, options), TORCH_ONLY_INPLACE)
TORCH_LAYER(RReLU,
            F::rrelu(input, F::RReLUFuncOptions()
                                .lower(options.lower())
                                .upper(options.upper())
                                .training(is_training())
                                .inplace(options.inplace())),
            "lower=" << options.lower() << ", upper=" << options.upper() << TORCH_INPLACE)
TORCH_LAYER(CELU, F::celu(input, options), "alpha=" << options.alpha() << TORCH_INPLACE)
TORCH_LAYER(GLU, F::glu(input, options), "dim=" << options.dim())
TORCH_LAYER(GELU, F::gelu(input, options))
TORCH_LAYER(SiLU, F::silu(input))
TORCH_LAYER(Mish, F::mish(input))
TORCH_LAYER(Sigmoid, input.sigmoid())
TORCH_LAYER(Softplus, F::softplus(input, options), "beta=" << options.beta() << ", threshold=" << options.threshold())
TORCH_LAYER(Softshrink, F::softshrink(input, options), options.lambda())
TORCH_LAYER(Softsign, F::softsign(input))
TORCH_LAYER(Tanh, input.tanh())
TORCH_LAYER(Tanhshrink, F::tanhshrink(input))
TORCH_LAYER(Threshold, F::threshold(input, options),
            "threshold=" << options.threshold() << ", value=" << options.value() << TORCH_INPLACE)

// --- convolution -----------------------------------------------------------------------------------------------------

template <size_t D, class Derived>
ConvNdImpl<D, Derived>::ConvNdImpl(detail::ConvNdOptions<D> o) : options(std::move(o)) {
  ConvNdImpl::reset();
}

template <size_t D, class Derived>
void ConvNdImpl<D, Derived>::reset() {
  TORCH_CHECK(options.in_channels() > 0 && options.groups() > 0 && options.out_channels() > 0,
              "in_channels, groups and out_channels must be a positive integer.");
  TORCH_CHECK(options.in_channels() % options.groups() == 0, "in_channels must be divisible by groups");
  TORCH_CHECK(options.out_channels() % options.groups() == 0, "out_channels must be divisible by groups");
  // Padding on both sides, last dimension first, for the modes that pad by hand.
  _reversed_padding_repeated_twice.assign(2 * D, 0);
  if (c10::holds_alternative<enumtype::kSame>(options.padding().base())) {
    for (size_t i = 0; i < D; i++)
      TORCH_CHECK((*options.stride())[i] == 1, "padding='same' is not supported for strided convolutions");
    for (size_t i = 0; i < D; i++) {
      const int64_t total = (*options.dilation())[i] * ((*options.kernel_size())[i] - 1);
      _reversed_padding_repeated_twice[2 * (D - 1 - i)] = total / 2;
      _reversed_padding_repeated_twice[2 * (D - 1 - i) + 1] = total - total / 2;
    }
  } else if (const auto* sizes = std::get_if<ExpandingArray<D>>(&options.padding().base())) {
    for (size_t i = 0; i < D; i++)
      _reversed_padding_repeated_twice[2 * (D - 1 - i)] = _reversed_padding_repeated_twice[2 * (D - 1 - i) + 1] =
          (**sizes)[i];
  }
  std::vector<int64_t> sizes;
  if (options.transposed())
    sizes = {options.in_channels(), options.out_channels() / options.groups()};
  else
    sizes = {options.out_channels(), options.in_channels() / options.groups()};
  sizes.insert(sizes.end(), options.kernel_size()->begin(), options.kernel_size()->end());
  weight = this->register_parameter("weight", torch::empty(sizes));
  if (options.bias())
    bias = this->register_parameter("bias", torch::empty({options.out_channels()}));
  else
    this->register_parameter("bias", Tensor(), /*requires_grad=*/false);
  reset_parameters();
}

template <size_t D, class Derived>
void ConvNdImpl<D, Derived>::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5));
  if (bias.defined()) {
    const int64_t in = std::get<0>(init::_calculate_fan_in_and_fan_out(weight));
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    init::uniform_(bias, -bound, bound);
  }
}

namespace {
template <size_t D, class Options>
void print_conv(std::ostream& s, const char* kind, const Options& o) {
  words(s) << "torch::nn::" << kind << D << "d(" << o.in_channels() << ", " << o.out_channels()
           << ", kernel_size=" << plain(o.kernel_size()) << ", stride=" << plain(o.stride());
  if (c10::holds_alternative<enumtype::kValid>(o.padding().base())) {
    s << ", padding='valid'";
  } else if (c10::holds_alternative<enumtype::kSame>(o.padding().base())) {
    s << ", padding='same'";
  } else {
    const auto& padding = std::get<ExpandingArray<D>>(o.padding().base());
    if (*padding != *ExpandingArray<D>(0)) s << ", padding=" << plain(padding);
  }
  if (*o.dilation() != *ExpandingArray<D>(1)) s << ", dilation=" << plain(o.dilation());
  if (*o.output_padding() != *ExpandingArray<D>(0)) s << ", output_padding=" << plain(o.output_padding());
  if (o.groups() != 1) s << ", groups=" << o.groups();
  if (!o.bias()) s << ", bias=" << false;
  if (!c10::holds_alternative<enumtype::kZeros>(o.padding_mode()))
    s << ", padding_mode=" << enumtype::get_enum_name(o.padding_mode());
  s << ")";
}
F::PadFuncOptions::mode_t pad_mode(const detail::conv_padding_mode_t& mode) {
  if (c10::holds_alternative<enumtype::kReflect>(mode)) return torch::kReflect;
  if (c10::holds_alternative<enumtype::kReplicate>(mode)) return torch::kReplicate;
  if (c10::holds_alternative<enumtype::kCircular>(mode)) return torch::kCircular;
  return torch::kConstant;
}
}  // namespace

template <size_t D, class Derived>
void ConvNdImpl<D, Derived>::pretty_print(std::ostream& s) const {
  print_conv<D>(s, "Conv", options);
}
template <size_t D, class Derived>
void ConvTransposeNdImpl<D, Derived>::pretty_print(std::ostream& s) const {
  print_conv<D>(s, "ConvTranspose", this->options);
}

template <size_t D, class Derived>
std::vector<int64_t> ConvTransposeNdImpl<D, Derived>::_output_padding(const Tensor& input,
                                                                      const c10::optional<IntArrayRef>& output_size) {
  const auto& o = this->options;
  if (!output_size) return std::vector<int64_t>(o.output_padding()->begin(), o.output_padding()->end());
  IntArrayRef wanted = *output_size;
  if (wanted.size() == D + 2) wanted = wanted.slice(2);
  TORCH_CHECK(wanted.size() == D, "output_size must have ", D, " or ", D + 2, " elements (got ", wanted.size(), ")");
  std::vector<int64_t> out;
  const auto& padding = std::get<ExpandingArray<D>>(o.padding().base());
  for (size_t d = 0; d < D; d++) {
    const int64_t low =
        (input.size(static_cast<int64_t>(d) + 2) - 1) * (*o.stride())[d] - 2 * (*padding)[d] + (*o.kernel_size())[d];
    const int64_t high = low + (*o.stride())[d] - 1;
    TORCH_CHECK(wanted[d] >= low && wanted[d] <= high, "requested an output size of ", wanted,
                ", but valid sizes range from ", low, " to ", high, " in dimension ", d);
    out.push_back(wanted[d] - low);
  }
  return out;
}

#define TORCH_CONV(D)                                                                                              \
  Conv##D##dImpl::Conv##D##dImpl(Conv##D##dOptions o)                                                              \
      : ConvNdImpl(detail::ConvNdOptions<D>(o.in_channels(), o.out_channels(), o.kernel_size())                    \
                       .stride(o.stride())                                                                         \
                       .padding(o.padding())                                                                       \
                       .dilation(o.dilation())                                                                     \
                       .groups(o.groups())                                                                         \
                       .bias(o.bias())                                                                             \
                       .padding_mode(o.padding_mode())) {}                                                         \
  Tensor Conv##D##dImpl::forward(const Tensor& input) {                                                            \
    auto call = F::Conv##D##dFuncOptions()                                                                         \
                    .bias(bias)                                                                                    \
                    .stride(options.stride())                                                                      \
                    .dilation(options.dilation())                                                                  \
                    .groups(options.groups());                                                                     \
    if (c10::holds_alternative<enumtype::kZeros>(options.padding_mode()))                                          \
      return F::conv##D##d(input, weight, call.padding(options.padding()));                                        \
    const Tensor padded =                                                                                          \
        F::pad(input, F::PadFuncOptions(_reversed_padding_repeated_twice).mode(pad_mode(options.padding_mode()))); \
    return F::conv##D##d(padded, weight, call);                                                                    \
  }                                                                                                                \
  ConvTranspose##D##dImpl::ConvTranspose##D##dImpl(ConvTranspose##D##dOptions o)                                   \
      : ConvTransposeNdImpl(detail::ConvNdOptions<D>(o.in_channels(), o.out_channels(), o.kernel_size())           \
                                .stride(o.stride())                                                                \
                                .padding(detail::conv_padding_t<D>(IntArrayRef(o.padding())))                      \
                                .dilation(o.dilation())                                                            \
                                .transposed(true)                                                                  \
                                .output_padding(o.output_padding())                                                \
                                .groups(o.groups())                                                                \
                                .bias(o.bias())                                                                    \
                                .padding_mode(o.padding_mode())) {}                                                \
  Tensor ConvTranspose##D##dImpl::forward(const Tensor& input, const c10::optional<IntArrayRef>& output_size) {    \
    TORCH_CHECK(c10::holds_alternative<enumtype::kZeros>(options.padding_mode()),                                  \
                "Only `zeros` padding mode is supported for ConvTranspose" #D "d");                                \
    return F::conv_transpose##D##d(input, weight,                                                                  \
                                   F::ConvTranspose##D##dFuncOptions()                                             \
                                       .bias(bias)                                                                 \
                                       .stride(options.stride())                                                   \
                                       .padding(std::get<ExpandingArray<D>>(options.padding().base()))             \
                                       .output_padding(_output_padding(input, output_size))                        \
                                       .groups(options.groups())                                                   \
                                       .dilation(options.dilation()));                                             \
  }                                                                                                                \
  template class ConvNdImpl<D, Conv##D##dImpl>;                                                                    \
  template class ConvNdImpl<D, ConvTranspose##D##dImpl>;                                                           \
  template class ConvTransposeNdImpl<D, ConvTranspose##D##dImpl>;
TORCH_CONV(1)
TORCH_CONV(2)
TORCH_CONV(3)
#undef TORCH_CONV

// --- pooling ---------------------------------------------------------------------------------------------------------

#define TORCH_POOLS(D)                                                                                                 \
  TORCH_LAYER(AvgPool##D##d, F::avg_pool##D##d(input, options),                                                        \
              "kernel_size=" << plain(options.kernel_size()) << ", stride=" << plain(options.stride())                 \
                             << ", padding=" << plain(options.padding()))                                              \
  TORCH_LAYER(MaxPool##D##d, F::max_pool##D##d(input, options),                                                        \
              "kernel_size=" << plain(options.kernel_size()) << ", stride=" << plain(options.stride())                 \
                             << ", padding=" << plain(options.padding()) << ", dilation=" << plain(options.dilation()) \
                             << ", ceil_mode=" << options.ceil_mode())                                                 \
  std::tuple<Tensor, Tensor> MaxPool##D##dImpl::forward_with_indices(const Tensor& input) {                            \
    return F::max_pool##D##d_with_indices(input, options);                                                             \
  }                                                                                                                    \
  TORCH_LAYER(AdaptiveAvgPool##D##d, F::adaptive_avg_pool##D##d(input, options),                                       \
              "output_size=" << plain(options.output_size()))                                                          \
  TORCH_LAYER(AdaptiveMaxPool##D##d, F::adaptive_max_pool##D##d(input, options),                                       \
              "output_size=" << plain(options.output_size()))                                                          \
  std::tuple<Tensor, Tensor> AdaptiveMaxPool##D##dImpl::forward_with_indices(const Tensor& input) {                    \
    return F::adaptive_max_pool##D##d_with_indices(input, options);                                                    \
  }                                                                                                                    \
  void MaxUnpool##D##dImpl::reset() {}                                                                                 \
  void MaxUnpool##D##dImpl::pretty_print(std::ostream& s) const {                                                      \
    s << "torch::nn::MaxUnpool" #D "d(kernel_size=" << plain(options.kernel_size())                                    \
      << ", stride=" << plain(options.stride()) << ", padding=" << plain(options.padding()) << ")";                    \
  }                                                                                                                    \
  Tensor MaxUnpool##D##dImpl::forward(const Tensor& input, const Tensor& indices,                                      \
                                      const c10::optional<std::vector<int64_t>>& output_size) {                        \
    return F::max_unpool##D##d(input, indices,                                                                         \
                               F::MaxUnpool##D##dFuncOptions(options.kernel_size())                                    \
                                   .stride(options.stride())                                                           \
                                   .padding(options.padding())                                                         \
                                   .output_size(output_size));                                                         \
  }
TORCH_POOLS(1)
TORCH_POOLS(2)
TORCH_POOLS(3)
#undef TORCH_POOLS
#define TORCH_LP(D)                                                                                   \
  TORCH_LAYER(LPPool##D##d, F::lp_pool##D##d(input, options),                                         \
              "norm_type=" << options.norm_type() << ", kernel_size=" << plain(options.kernel_size()) \
                           << ", stride=" << plain(options.stride()) << ", ceil_mode=" << options.ceil_mode())
TORCH_LP(1)
TORCH_LP(2)
#undef TORCH_LP
#define TORCH_FRACTIONAL(D)                                                                                \
  void FractionalMaxPool##D##dImpl::reset() {                                                              \
    options._random_samples() = register_buffer("_random_samples", options._random_samples());             \
    TORCH_CHECK(options.output_size() || options.output_ratio(),                                           \
                "FractionalMaxPool" #D "d requires specifying either an output size, or a pooling ratio"); \
  }                                                                                                        \
  void FractionalMaxPool##D##dImpl::pretty_print(std::ostream& s) const {                                  \
    s << "torch::nn::FractionalMaxPool" #D "d()";                                                          \
  }                                                                                                        \
  Tensor FractionalMaxPool##D##dImpl::forward(const Tensor& input) {                                       \
    return F::fractional_max_pool##D##d(input, options);                                                   \
  }                                                                                                        \
  std::tuple<Tensor, Tensor> FractionalMaxPool##D##dImpl::forward_with_indices(const Tensor& input) {      \
    return F::fractional_max_pool##D##d_with_indices(input, options);                                      \
  }
TORCH_FRACTIONAL(2)
TORCH_FRACTIONAL(3)
#undef TORCH_FRACTIONAL

// --- normalisation ---------------------------------------------------------------------------------------------------

template <size_t D, class Derived, class Options>
void NormImplBase<D, Derived, Options>::reset() {
  if (options.affine()) {
    weight = this->register_parameter("weight", torch::empty({options.num_features()}));
    bias = this->register_parameter("bias", torch::empty({options.num_features()}));
  } else {
    weight = this->register_parameter("weight", Tensor(), /*requires_grad=*/false);
    bias = this->register_parameter("bias", Tensor(), /*requires_grad=*/false);
  }
  if (options.track_running_stats()) {
    running_mean = this->register_buffer("running_mean", torch::zeros({options.num_features()}));
    running_var = this->register_buffer("running_var", torch::ones({options.num_features()}));
    num_batches_tracked = this->register_buffer("num_batches_tracked", torch::tensor(0, torch::dtype(torch::kLong)));
  } else {
    running_mean = this->register_buffer("running_mean", Tensor());
    running_var = this->register_buffer("running_var", Tensor());
    num_batches_tracked = this->register_buffer("num_batches_tracked", Tensor());
  }
  reset_parameters();
}
template <size_t D, class Derived, class Options>
void NormImplBase<D, Derived, Options>::reset_running_stats() {
  if (!options.track_running_stats()) return;
  running_mean.zero_();
  running_var.fill_(1);
  num_batches_tracked.zero_();
}
template <size_t D, class Derived, class Options>
void NormImplBase<D, Derived, Options>::reset_parameters() {
  reset_running_stats();
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

template <size_t D, class Derived>
Tensor BatchNormImplBase<D, Derived>::forward(const Tensor& input) {
  this->_check_input_dim(input);
  double factor = this->options.momentum() ? *this->options.momentum() : 0.0;
  if (this->is_training() && this->options.track_running_stats() && this->num_batches_tracked.defined()) {
    this->num_batches_tracked += 1;
    if (!this->options.momentum()) factor = 1.0 / this->num_batches_tracked.template item<double>();
  }
  return F::batch_norm(input, this->running_mean, this->running_var,
                       F::BatchNormFuncOptions()
                           .weight(this->weight)
                           .bias(this->bias)
                           .training(this->is_training() || !this->options.track_running_stats())
                           .momentum(factor)
                           .eps(this->options.eps()));
}
template <size_t D, class Derived>
void BatchNormImplBase<D, Derived>::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::BatchNorm" << D << "d(" << this->options.num_features() << ", eps=" << this->options.eps()
           << ", momentum=";
  if (this->options.momentum())
    s << *this->options.momentum();
  else
    s << "None";
  s << ", affine=" << this->options.affine() << ", track_running_stats=" << this->options.track_running_stats() << ")";
}
template <size_t D, class Derived>
Tensor InstanceNormImpl<D, Derived>::forward(const Tensor& input) {
  this->_check_input_dim(input);
  const bool single = input.dim() == static_cast<int64_t>(D) + 1;
  const Tensor x = single ? input.unsqueeze(0) : input;
  Tensor out = F::instance_norm(x, F::InstanceNormFuncOptions()
                                       .running_mean(this->running_mean)
                                       .running_var(this->running_var)
                                       .weight(this->weight)
                                       .bias(this->bias)
                                       .use_input_stats(this->is_training() || !this->options.track_running_stats())
                                       .momentum(this->options.momentum())
                                       .eps(this->options.eps()));
  return single ? out.squeeze(0) : out;
}
template <size_t D, class Derived>
void InstanceNormImpl<D, Derived>::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::InstanceNorm" << D << "d(" << this->options.num_features() << ", eps=" << this->options.eps()
           << ", momentum=" << this->options.momentum() << ", affine=" << this->options.affine()
           << ", track_running_stats=" << this->options.track_running_stats() << ")";
}
#define TORCH_NORMS(D, low, high, words)                                                                               \
  void BatchNorm##D##dImpl::_check_input_dim(const Tensor& input) {                                                    \
    TORCH_CHECK(input.dim() == low || input.dim() == high, "expected " words " input (got ", input.dim(), "D input)"); \
  }                                                                                                                    \
  void InstanceNorm##D##dImpl::_check_input_dim(const Tensor& input) {                                                 \
    TORCH_CHECK(input.dim() == D + 1 || input.dim() == D + 2, "expected ", D + 1, "D or ", D + 2, "D input (got ",     \
                input.dim(), "D input)");                                                                              \
  }                                                                                                                    \
  template class NormImplBase<D, BatchNorm##D##dImpl, BatchNormOptions>;                                               \
  template class NormImplBase<D, InstanceNorm##D##dImpl, InstanceNormOptions>;                                         \
  template class BatchNormImplBase<D, BatchNorm##D##dImpl>;                                                            \
  template class InstanceNormImpl<D, InstanceNorm##D##dImpl>;
TORCH_NORMS(1, 2, 3, "2D or 3D")
TORCH_NORMS(2, 4, 4, "4D")
TORCH_NORMS(3, 5, 5, "5D")
#undef TORCH_NORMS

LayerNormImpl::LayerNormImpl(LayerNormOptions o) : options(std::move(o)) { LayerNormImpl::reset(); }
void LayerNormImpl::reset() {
  if (options.elementwise_affine()) {
    weight = register_parameter("weight", torch::empty(options.normalized_shape()));
    bias = register_parameter("bias", torch::empty(options.normalized_shape()));
  } else {
    weight = register_parameter("weight", Tensor(), /*requires_grad=*/false);
    bias = register_parameter("bias", Tensor(), /*requires_grad=*/false);
  }
  reset_parameters();
}
void LayerNormImpl::reset_parameters() {
  if (!options.elementwise_affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}
void LayerNormImpl::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::LayerNorm(" << IntArrayRef(options.normalized_shape()) << ", eps=" << options.eps()
           << ", elementwise_affine=" << options.elementwise_affine() << ")";
}
Tensor LayerNormImpl::forward(const Tensor& input) {
  return F::layer_norm(
      input, F::LayerNormFuncOptions(options.normalized_shape()).weight(weight).bias(bias).eps(options.eps()));
}

GroupNormImpl::GroupNormImpl(const GroupNormOptions& o) : options(o) { GroupNormImpl::reset(); }
void GroupNormImpl::reset() {
  if (options.affine()) {
    weight = register_parameter("weight", torch::empty(options.num_channels()));
    bias = register_parameter("bias", torch::empty(options.num_channels()));
  } else {
    weight = register_parameter("weight", Tensor(), /*requires_grad=*/false);
    bias = register_parameter("bias", Tensor(), /*requires_grad=*/false);
  }
  reset_parameters();
}
void GroupNormImpl::reset_parameters() {
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}
void GroupNormImpl::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::GroupNorm(" << options.num_groups() << ", " << options.num_channels()
           << ", eps=" << options.eps() << ", affine=" << options.affine() << ")";
}
Tensor GroupNormImpl::forward(const Tensor& input) {
  return F::group_norm(input,
                       F::GroupNormFuncOptions(options.num_groups()).weight(weight).bias(bias).eps(options.eps()));
}
TORCH_LAYER(LocalResponseNorm, F::local_response_norm(input, options),
            options.size() << ", alpha=" << options.alpha() << ", beta=" << options.beta() << ", k=" << options.k())
TORCH_LAYER(CrossMapLRN2d,
            F::local_response_norm(input, F::LocalResponseNormFuncOptions(options.size())
                                              .alpha(options.alpha())
                                              .beta(options.beta())
                                              .k(static_cast<double>(options.k()))),
            options.size() << ", alpha=" << options.alpha() << ", beta=" << options.beta() << ", k=" << options.k())

// --- dropout ---------------------------------------------------------------------------------------------------------

#define TORCH_DROPOUT(Name, function, Options)                                                                     \
  void Name##Impl::reset() {                                                                                       \
    TORCH_CHECK(options.p() >= 0. && options.p() <= 1., "dropout probability has to be between 0 and 1, but got ", \
                options.p());                                                                                      \
  }                                                                                                                \
  void Name##Impl::pretty_print(std::ostream& s) const {                                                           \
    words(s) << "torch::nn::" #Name "(p=" << options.p() << ", inplace=" << options.inplace() << ")";              \
  }                                                                                                                \
  Tensor Name##Impl::forward(Tensor input) {                                                                       \
    return F::function(std::move(input),                                                                           \
                       F::Options().p(options.p()).training(is_training()).inplace(options.inplace()));            \
  }
TORCH_DROPOUT(Dropout, dropout, DropoutFuncOptions)
TORCH_DROPOUT(Dropout2d, dropout2d, DropoutFuncOptions)
TORCH_DROPOUT(Dropout3d, dropout3d, DropoutFuncOptions)
TORCH_DROPOUT(AlphaDropout, alpha_dropout, AlphaDropoutFuncOptions)
TORCH_DROPOUT(FeatureAlphaDropout, feature_alpha_dropout, AlphaDropoutFuncOptions)
#undef TORCH_DROPOUT

// --- embedding -------------------------------------------------------------------------------------------------------

namespace {
void check_padding(c10::optional<int64_t>& padding, int64_t rows) {
  if (!padding) return;
  if (*padding > 0) {
    TORCH_CHECK(*padding < rows, "Padding_idx must be within num_embeddings");
  } else if (*padding < 0) {
    TORCH_CHECK(*padding >= -rows, "Padding_idx must be within num_embedding");
    padding = *padding + rows;
  }
}
}  // namespace

EmbeddingImpl::EmbeddingImpl(EmbeddingOptions o) : options(std::move(o)) { EmbeddingImpl::reset(); }
void EmbeddingImpl::reset() {
  check_padding(options.padding_idx(), options.num_embeddings());
  if (!options._weight().defined()) {
    weight = register_parameter("weight", torch::empty({options.num_embeddings(), options.embedding_dim()}));
    reset_parameters();
  } else {
    TORCH_CHECK(options._weight().sizes() == IntArrayRef({options.num_embeddings(), options.embedding_dim()}),
                "Shape of _weight does not match num_embeddings and embedding_dim");
    weight = register_parameter("weight", options._weight());
  }
}
void EmbeddingImpl::reset_parameters() {
  init::normal_(weight);
  if (options.padding_idx()) {
    NoGradGuard guard;
    weight[*options.padding_idx()].fill_(0);
  }
}
void EmbeddingImpl::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::Embedding(num_embeddings=" << options.num_embeddings()
           << ", embedding_dim=" << options.embedding_dim();
  if (options.padding_idx()) s << ", padding_idx=" << *options.padding_idx();
  if (options.max_norm()) s << ", max_norm=" << *options.max_norm();
  if (options.norm_type() != 2) s << ", norm_type=" << options.norm_type();
  if (options.scale_grad_by_freq()) s << ", scale_grad_by_freq=" << options.scale_grad_by_freq();
  if (options.sparse()) s << ", sparse=" << options.sparse();
  s << ")";
}
Tensor EmbeddingImpl::forward(const Tensor& input) {
  return F::embedding(input, weight,
                      F::EmbeddingFuncOptions()
                          .padding_idx(options.padding_idx())
                          .max_norm(options.max_norm())
                          .norm_type(options.norm_type())
                          .scale_grad_by_freq(options.scale_grad_by_freq())
                          .sparse(options.sparse()));
}
Embedding Embedding::from_pretrained(const Tensor& embeddings, const EmbeddingFromPretrainedOptions& o) {
  TORCH_CHECK(embeddings.dim() == 2, "Embeddings parameter is expected to be 2-dimensional");
  Embedding e(EmbeddingOptions(embeddings.size(0), embeddings.size(1))
                  ._weight(embeddings)
                  .padding_idx(o.padding_idx())
                  .max_norm(o.max_norm())
                  .norm_type(o.norm_type())
                  .scale_grad_by_freq(o.scale_grad_by_freq())
                  .sparse(o.sparse()));
  e->weight.set_requires_grad(!o.freeze());
  return e;
}

EmbeddingBagImpl::EmbeddingBagImpl(EmbeddingBagOptions o) : options(std::move(o)) { EmbeddingBagImpl::reset(); }
void EmbeddingBagImpl::reset() {
  check_padding(options.padding_idx(), options.num_embeddings());
  if (!options._weight().defined()) {
    weight = register_parameter("weight", torch::empty({options.num_embeddings(), options.embedding_dim()}));
    reset_parameters();
  } else {
    TORCH_CHECK(options._weight().sizes() == IntArrayRef({options.num_embeddings(), options.embedding_dim()}),
                "Shape of _weight does not match num_embeddings and embedding_dim");
    weight = register_parameter("weight", options._weight());
  }
}
void EmbeddingBagImpl::reset_parameters() {
  if (options.padding_idx()) {
    NoGradGuard guard;
    weight[*options.padding_idx()].fill_(0);
  }
  init::normal_(weight);
}
void EmbeddingBagImpl::pretty_print(std::ostream& s) const {
  words(s) << "torch::nn::EmbeddingBag(num_embeddings=" << options.num_embeddings()
           << ", embedding_dim=" << options.embedding_dim();
  if (options.max_norm()) s << ", max_norm=" << *options.max_norm();
  if (options.norm_type() != 2) s << ", norm_type=" << options.norm_type();
  if (options.scale_grad_by_freq()) s << ", scale_grad_by_freq=" << options.scale_grad_by_freq();
  if (options.sparse()) s << ", sparse=" << options.sparse();
  if (!c10::holds_alternative<enumtype::kMean>(options.mode()))
    s << ", mode=" << enumtype::get_enum_name(options.mode());
  if (options.include_last_offset()) s << ", include_last_offset=" << options.include_last_offset();
  if (options.padding_idx()) s << ", padding_idx=" << *options.padding_idx();
  s << ")";
}
Tensor EmbeddingBagImpl::forward(const Tensor& input, const Tensor& offsets, const Tensor& per_sample_weights) {
  return F::embedding_bag(input, weight,
                          F::EmbeddingBagFuncOptions()
                              .offsets(offsets)
                              .max_norm(options.max_norm())
                              .norm_type(options.norm_type())
                              .scale_grad_by_freq(options.scale_grad_by_freq())
                              .mode(options.mode())
                              .sparse(options.sparse())
                              .per_sample_weights(per_sample_weights)
                              .include_last_offset(options.include_last_offset())
                              .padding_idx(options.padding_idx()));
}
EmbeddingBag EmbeddingBag::from_pretrained(const Tensor& embeddings, const EmbeddingBagFromPretrainedOptions& o) {
  TORCH_CHECK(embeddings.dim() == 2, "Embeddings parameter is expected to be 2-dimensional");
  EmbeddingBag e(EmbeddingBagOptions(embeddings.size(0), embeddings.size(1))
                     ._weight(embeddings)
                     .max_norm(o.max_norm())
                     .norm_type(o.norm_type())
                     .scale_grad_by_freq(o.scale_grad_by_freq())
                     .mode(o.mode())
                     .sparse(o.sparse())
                     .padding_idx(o.padding_idx()));
  e->weight.set_requires_grad(!o.freeze());
  return e;
}

// --- folding, padding, vision
// --------------------------------------------------------------------------------------------

TORCH_LAYER(Fold, F::fold(input, options),
            "output_size=" << plain(options.output_size()) << ", kernel_size=" << plain(options.kernel_size())
                           << ", dilation=" << plain(options.dilation()) << ", padding=" << plain(options.padding())
                           << ", stride=" << plain(options.stride()))
TORCH_LAYER(Unfold, F::unfold(input, options),
            "kernel_size=" << plain(options.kernel_size()) << ", dilation=" << plain(options.dilation())
                           << ", padding=" << plain(options.padding()) << ", stride=" << plain(options.stride()))
namespace {
template <size_t N>
F::PadFuncOptions pads(const ExpandingArray<N>& padding) {
  return F::PadFuncOptions(std::vector<int64_t>(padding->begin(), padding->end()));
}
}  // namespace
#define TORCH_PADS(D)                                                                               \
  TORCH_LAYER(ReflectionPad##D##d, F::pad(input, pads(options.padding()).mode(torch::kReflect)),    \
              "padding=" << plain(options.padding()))                                               \
  TORCH_LAYER(ReplicationPad##D##d, F::pad(input, pads(options.padding()).mode(torch::kReplicate)), \
              "padding=" << plain(options.padding()))                                               \
  TORCH_LAYER(ConstantPad##D##d, F::pad(input, pads(options.padding()).value(options.value())),     \
              "padding=" << plain(options.padding()) << ", value=" << options.value())
TORCH_PADS(1)
TORCH_PADS(2)
TORCH_PADS(3)
#undef TORCH_PADS
TORCH_LAYER(ZeroPad2d, F::pad(input, pads(options.padding())), "padding=" << plain(options.padding()))
TORCH_LAYER(PixelShuffle, F::pixel_shuffle(input, options), "upscale_factor=" << options.upscale_factor())
TORCH_LAYER(PixelUnshuffle, F::pixel_unshuffle(input, options), "downscale_factor=" << options.downscale_factor())
void UpsampleImpl::reset() {}
void UpsampleImpl::pretty_print(std::ostream& s) const {
  s << "torch::nn::Upsample(";
  if (options.scale_factor())
    s << "scale_factor=" << c10::ArrayRef<double>(*options.scale_factor());
  else if (options.size())
    s << "size=" << IntArrayRef(*options.size());
  s << ", mode=" << enumtype::get_enum_name(options.mode()) << ")";
}
Tensor UpsampleImpl::forward(const Tensor& input) {
  return F::interpolate(input, F::InterpolateFuncOptions()
                                   .size(options.size())
                                   .scale_factor(options.scale_factor())
                                   .mode(F::InterpolateFuncOptions::mode_t(options.mode()))
                                   .align_corners(options.align_corners()));
}

// --- distances, losses -----------------------------------------------------------------------------------------------

#define TORCH_PAIR(Name, function, ...)                                       \
  void Name##Impl::reset() {}                                                 \
  void Name##Impl::pretty_print(std::ostream& s) const {                      \
    words(s) << "torch::nn::" #Name << "(" __VA_OPT__(<<) __VA_ARGS__ << ")"; \
  }                                                                           \
  Tensor Name##Impl::forward(const Tensor& input, const Tensor& target) { return F::function(input, target, options); }
TORCH_PAIR(CosineSimilarity, cosine_similarity, "dim=" << options.dim() << ", eps=" << options.eps())
TORCH_PAIR(PairwiseDistance, pairwise_distance,
           "p=" << options.p() << ", eps=" << options.eps() << ", keepdim=" << options.keepdim())
TORCH_PAIR(L1Loss, l1_loss)
TORCH_PAIR(KLDivLoss, kl_div)
TORCH_PAIR(MSELoss, mse_loss)
TORCH_PAIR(HingeEmbeddingLoss, hinge_embedding_loss, "margin=" << options.margin())
TORCH_PAIR(SmoothL1Loss, smooth_l1_loss)
TORCH_PAIR(HuberLoss, huber_loss)
TORCH_PAIR(MultiLabelMarginLoss, multilabel_margin_loss)
TORCH_PAIR(SoftMarginLoss, soft_margin_loss)
TORCH_PAIR(PoissonNLLLoss, poisson_nll_loss)
#define TORCH_WEIGHTED(Name, function, text)                                                            \
  void Name##Impl::reset() { weight = register_buffer("weight", options.weight()); }                    \
  void Name##Impl::pretty_print(std::ostream& s) const { s << "torch::nn::" #Name "(" << text << ")"; } \
  Tensor Name##Impl::forward(const Tensor& input, const Tensor& target) {                               \
    auto call = options;                                                                                \
    return F::function(input, target, call.weight(weight));                                             \
  }
TORCH_WEIGHTED(BCELoss, binary_cross_entropy, "")
TORCH_WEIGHTED(MultiMarginLoss, multi_margin_loss,
               "p=" << options.p() << ", margin=" << options.margin() << ", weight=" << options.weight()
                    << ", reduction=" << enumtype::get_enum_name(options.reduction()))
TORCH_WEIGHTED(MultiLabelSoftMarginLoss, multilabel_soft_margin_loss, "")
TORCH_WEIGHTED(NLLLoss, nll_loss, "")
TORCH_WEIGHTED(CrossEntropyLoss, cross_entropy, "")
void BCEWithLogitsLossImpl::reset() {
  weight = register_buffer("weight", options.weight());
  pos_weight = register_buffer("pos_weight", options.pos_weight());
}
void BCEWithLogitsLossImpl::pretty_print(std::ostream& s) const { s << "torch::nn::BCEWithLogitsLoss()"; }
Tensor BCEWithLogitsLossImpl::forward(const Tensor& input, const Tensor& target) {
  auto call = options;
  return F::binary_cross_entropy_with_logits(input, target, call.weight(weight).pos_weight(pos_weight));
}
#define TORCH_TRIPLE(Name, function, text)                                                                     \
  void Name##Impl::reset() {}                                                                                  \
  void Name##Impl::pretty_print(std::ostream& s) const { words(s) << "torch::nn::" #Name "(" << text << ")"; } \
  Tensor Name##Impl::forward(const Tensor& a, const Tensor& b, const Tensor& c) {                              \
    return F::function(a, b, c, options);                                                                      \
  }
TORCH_TRIPLE(CosineEmbeddingLoss, cosine_embedding_loss, "margin=" << options.margin())
TORCH_TRIPLE(TripletMarginLoss, triplet_margin_loss,
             "margin=" << options.margin() << ", p=" << options.p() << ", eps=" << options.eps()
                       << ", swap=" << options.swap())
TORCH_TRIPLE(TripletMarginWithDistanceLoss, triplet_margin_with_distance_loss,
             "margin=" << options.margin() << ", swap=" << options.swap())
TORCH_TRIPLE(MarginRankingLoss, margin_ranking_loss, "margin=" << options.margin())
void CTCLossImpl::reset() {}
void CTCLossImpl::pretty_print(std::ostream& s) const { s << "torch::nn::CTCLoss()"; }
Tensor CTCLossImpl::forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                            const Tensor& target_lengths) {
  return F::ctc_loss(log_probs, targets, input_lengths, target_lengths, options);
}

}  // namespace nn
}  // namespace torch

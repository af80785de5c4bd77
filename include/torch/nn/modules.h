// The layers of torch::nn.
#pragma once

#include "torch/nn/functional.h"
#include "torch/nn/init.h"
#include "torch/nn/modules/container.h"
#include "torch/nn/module.h"

namespace torch {
namespace nn {

#define TORCH_FORWARD_1 Tensor forward(const Tensor& input)

// --- linear ----------------------------------------------------------------------------------------------------------

class IdentityImpl : public Cloneable<IdentityImpl> {
 public:
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
};
TORCH_LIBRARY_MODULE(Identity);

class LinearImpl : public Cloneable<LinearImpl> {
 public:
  LinearImpl(int64_t in_features, int64_t out_features) : LinearImpl(LinearOptions(in_features, out_features)) {}
  explicit LinearImpl(const LinearOptions& options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  LinearOptions options;
  Tensor weight, bias;
};
TORCH_LIBRARY_MODULE(Linear);

class BilinearImpl : public Cloneable<BilinearImpl> {
 public:
  BilinearImpl(int64_t in1_features, int64_t in2_features, int64_t out_features)
      : BilinearImpl(BilinearOptions(in1_features, in2_features, out_features)) {}
  explicit BilinearImpl(const BilinearOptions& options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input1, const Tensor& input2);
  BilinearOptions options;
  Tensor weight, bias;
};
TORCH_LIBRARY_MODULE(Bilinear);

// Layers that have options and no parameters: class, options. Their forward is `functional::` with the same options.
#define TORCH_PLAIN_MODULE(Name, Options)                          \
  class Name##Impl : public Cloneable<Name##Impl> {                \
   public:                                                         \
    explicit Name##Impl(const Options& options_ = {}) : options(options_) {} \
    void reset() override;                                         \
    void pretty_print(std::ostream& stream) const override;        \
    TORCH_FORWARD_1;                                               \
    Options options;                                               \
  };                                                               \
  TORCH_LIBRARY_MODULE(Name)
#define TORCH_REQUIRED_MODULE(Name, Options)                       \
  class Name##Impl : public Cloneable<Name##Impl> {                \
   public:                                                         \
    template <class First, class... Rest>                          \
    explicit Name##Impl(First&& first, Rest&&... rest)             \
        : options(std::forward<First>(first), std::forward<Rest>(rest)...) {} \
    explicit Name##Impl(const Options& options_) : options(options_) {} \
    Name##Impl(const Name##Impl&) = default;                       \
    Name##Impl& operator=(const Name##Impl&) = default;            \
    Name##Impl(Name##Impl& o) : Name##Impl(const_cast<const Name##Impl&>(o)) {} \
    void reset() override;                                         \
    void pretty_print(std::ostream& stream) const override;        \
    TORCH_FORWARD_1;                                               \
    Options options;                                               \
  };                                                               \
  TORCH_LIBRARY_MODULE(Name)
#define TORCH_EMPTY_MODULE(Name)                            \
  class Name##Impl : public Cloneable<Name##Impl> {         \
   public:                                                  \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    TORCH_FORWARD_1;                                        \
  };                                                        \
  TORCH_LIBRARY_MODULE(Name)

TORCH_PLAIN_MODULE(Flatten, FlattenOptions);
class UnflattenImpl : public Cloneable<UnflattenImpl> {
 public:
  UnflattenImpl(int64_t dim, std::vector<int64_t> sizes) : options(dim, std::move(sizes)) {}
  explicit UnflattenImpl(UnflattenOptions options_) : options(std::move(options_)) {}
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  UnflattenOptions options;
};
TORCH_LIBRARY_MODULE(Unflatten);

// --- activations -----------------------------------------------------------------------------------------------------

TORCH_PLAIN_MODULE(ELU, ELUOptions);
TORCH_PLAIN_MODULE(SELU, SELUOptions);
TORCH_PLAIN_MODULE(Hardshrink, HardshrinkOptions);
class HardtanhImpl : public Cloneable<HardtanhImpl> {
 public:
  explicit HardtanhImpl(const HardtanhOptions& options_ = {});
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  HardtanhOptions options;
};
TORCH_LIBRARY_MODULE(Hardtanh);
TORCH_PLAIN_MODULE(LeakyReLU, LeakyReLUOptions);
TORCH_EMPTY_MODULE(LogSigmoid);
TORCH_REQUIRED_MODULE(Softmax, SoftmaxOptions);
TORCH_REQUIRED_MODULE(Softmin, SoftminOptions);
TORCH_REQUIRED_MODULE(LogSoftmax, LogSoftmaxOptions);
TORCH_EMPTY_MODULE(Softmax2d);
class PReLUImpl : public Cloneable<PReLUImpl> {
 public:
  explicit PReLUImpl(const PReLUOptions& options_ = {});
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  PReLUOptions options;
  Tensor weight;
};
TORCH_LIBRARY_MODULE(PReLU);
TORCH_PLAIN_MODULE(ReLU, ReLUOptions);
TORCH_PLAIN_MODULE(ReLU6, ReLU6Options);
TORCH_PLAIN_MODULE(RReLU, RReLUOptions);
TORCH_PLAIN_MODULE(CELU, CELUOptions);
TORCH_PLAIN_MODULE(GLU, GLUOptions);
TORCH_PLAIN_MODULE(GELU, GELUOptions);
TORCH_EMPTY_MODULE(SiLU);
TORCH_EMPTY_MODULE(Mish);
TORCH_EMPTY_MODULE(Sigmoid);
TORCH_PLAIN_MODULE(Softplus, SoftplusOptions);
TORCH_PLAIN_MODULE(Softshrink, SoftshrinkOptions);
TORCH_EMPTY_MODULE(Softsign);
TORCH_EMPTY_MODULE(Tanh);
TORCH_EMPTY_MODULE(Tanhshrink);
TORCH_REQUIRED_MODULE(Threshold, ThresholdOptions);

class MultiheadAttentionImpl : public Cloneable<MultiheadAttentionImpl> {
 public:
  MultiheadAttentionImpl(int64_t embed_dim, int64_t num_heads)
      : MultiheadAttentionImpl(MultiheadAttentionOptions(embed_dim, num_heads)) {}
  explicit MultiheadAttentionImpl(const MultiheadAttentionOptions& options_);
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                     const Tensor& key_padding_mask = {}, bool need_weights = true,
                                     const Tensor& attn_mask = {}, bool average_attn_weights = true);
  void reset() override;
  void _reset_parameters();
  MultiheadAttentionOptions options;
  bool _qkv_same_embed_dim = true;
  Tensor in_proj_weight, in_proj_bias;
  Linear out_proj = nullptr;
  Tensor bias_k, bias_v;
  int64_t head_dim = 0;
  Tensor q_proj_weight, k_proj_weight, v_proj_weight;
};
TORCH_LIBRARY_MODULE(MultiheadAttention);

// --- convolution -----------------------------------------------------------------------------------------------------

template <size_t D, class Derived>
class ConvNdImpl : public Cloneable<Derived> {
 public:
  explicit ConvNdImpl(detail::ConvNdOptions<D> options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  detail::ConvNdOptions<D> options;
  Tensor weight, bias;

 protected:
  std::vector<int64_t> _reversed_padding_repeated_twice;
};
template <size_t D, class Derived>
class ConvTransposeNdImpl : public ConvNdImpl<D, Derived> {
 public:
  using ConvNdImpl<D, Derived>::ConvNdImpl;
  void pretty_print(std::ostream& stream) const override;

 protected:
  std::vector<int64_t> _output_padding(const Tensor& input, const c10::optional<IntArrayRef>& output_size);
};
#define TORCH_CONV(D)                                                                                   \
  class Conv##D##dImpl : public ConvNdImpl<D, Conv##D##dImpl> {                                         \
   public:                                                                                              \
    Conv##D##dImpl(int64_t in, int64_t out, ExpandingArray<D> kernel_size)                              \
        : Conv##D##dImpl(Conv##D##dOptions(in, out, kernel_size)) {}                                    \
    explicit Conv##D##dImpl(Conv##D##dOptions options_);                                                \
    TORCH_FORWARD_1;                                                                                    \
  };                                                                                                    \
  TORCH_LIBRARY_MODULE(Conv##D##d);                                                                             \
  class ConvTranspose##D##dImpl : public ConvTransposeNdImpl<D, ConvTranspose##D##dImpl> {              \
   public:                                                                                              \
    ConvTranspose##D##dImpl(int64_t in, int64_t out, ExpandingArray<D> kernel_size)                     \
        : ConvTranspose##D##dImpl(ConvTranspose##D##dOptions(in, out, kernel_size)) {}                  \
    explicit ConvTranspose##D##dImpl(ConvTranspose##D##dOptions options_);                              \
    Tensor forward(const Tensor& input, const c10::optional<IntArrayRef>& output_size = c10::nullopt);  \
  };                                                                                                    \
  TORCH_LIBRARY_MODULE(ConvTranspose##D##d);                                                            \
  extern template class ConvNdImpl<D, Conv##D##dImpl>;                                                  \
  extern template class ConvNdImpl<D, ConvTranspose##D##dImpl>;                                         \
  extern template class ConvTransposeNdImpl<D, ConvTranspose##D##dImpl>
TORCH_CONV(1);
TORCH_CONV(2);
TORCH_CONV(3);
#undef TORCH_CONV

// --- pooling ---------------------------------------------------------------------------------------------------------

// Layers made from one ExpandingArray (or from options).
#define TORCH_SIZED_MODULE(Name, Size, Options)                            \
  class Name##Impl : public Cloneable<Name##Impl> {                        \
   public:                                                                 \
    Name##Impl(Size size) : Name##Impl(Options(size)) {}                   \
    explicit Name##Impl(const Options& options_) : options(options_) {}    \
    void reset() override;                                                 \
    void pretty_print(std::ostream& stream) const override;                \
    TORCH_FORWARD_1;                                                       \
    Options options;                                                       \
  };                                                                       \
  TORCH_LIBRARY_MODULE(Name)
#define TORCH_MAX_POOL(Name, Size, Options)                                \
  class Name##Impl : public Cloneable<Name##Impl> {                        \
   public:                                                                 \
    Name##Impl(Size size) : Name##Impl(Options(size)) {}                   \
    explicit Name##Impl(const Options& options_) : options(options_) {}    \
    void reset() override;                                                 \
    void pretty_print(std::ostream& stream) const override;                \
    TORCH_FORWARD_1;                                                       \
    std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);  \
    Options options;                                                       \
  };                                                                       \
  TORCH_LIBRARY_MODULE(Name)
#define TORCH_POOLS(D)                                                                 \
  TORCH_SIZED_MODULE(AvgPool##D##d, ExpandingArray<D>, AvgPool##D##dOptions);          \
  TORCH_MAX_POOL(MaxPool##D##d, ExpandingArray<D>, MaxPool##D##dOptions);              \
  class MaxUnpool##D##dImpl : public Cloneable<MaxUnpool##D##dImpl> {                  \
   public:                                                                             \
    MaxUnpool##D##dImpl(ExpandingArray<D> size) : MaxUnpool##D##dImpl(MaxUnpool##D##dOptions(size)) {} \
    explicit MaxUnpool##D##dImpl(const MaxUnpool##D##dOptions& options_) : options(options_) {}        \
    void reset() override;                                                             \
    void pretty_print(std::ostream& stream) const override;                            \
    Tensor forward(const Tensor& input, const Tensor& indices,                         \
                   const c10::optional<std::vector<int64_t>>& output_size = c10::nullopt); \
    MaxUnpool##D##dOptions options;                                                    \
  };                                                                                   \
  TORCH_LIBRARY_MODULE(MaxUnpool##D##d)
TORCH_POOLS(1);
TORCH_POOLS(2);
TORCH_POOLS(3);
#undef TORCH_POOLS
TORCH_SIZED_MODULE(AdaptiveAvgPool1d, ExpandingArray<1>, AdaptiveAvgPool1dOptions);
TORCH_SIZED_MODULE(AdaptiveAvgPool2d, ExpandingArrayWithOptionalElem<2>, AdaptiveAvgPool2dOptions);
TORCH_SIZED_MODULE(AdaptiveAvgPool3d, ExpandingArrayWithOptionalElem<3>, AdaptiveAvgPool3dOptions);
TORCH_MAX_POOL(AdaptiveMaxPool1d, ExpandingArray<1>, AdaptiveMaxPool1dOptions);
TORCH_MAX_POOL(AdaptiveMaxPool2d, ExpandingArrayWithOptionalElem<2>, AdaptiveMaxPool2dOptions);
TORCH_MAX_POOL(AdaptiveMaxPool3d, ExpandingArrayWithOptionalElem<3>, AdaptiveMaxPool3dOptions);
TORCH_MAX_POOL(FractionalMaxPool2d, ExpandingArray<2>, FractionalMaxPool2dOptions);
TORCH_MAX_POOL(FractionalMaxPool3d, ExpandingArray<3>, FractionalMaxPool3dOptions);
TORCH_REQUIRED_MODULE(LPPool1d, LPPool1dOptions);
TORCH_REQUIRED_MODULE(LPPool2d, LPPool2dOptions);

// --- normalisation ---------------------------------------------------------------------------------------------------

/// Shared by batch and instance normalisation: parameters and running statistics.
template <size_t D, class Derived, class Options>
class NormImplBase : public Cloneable<Derived> {
 public:
  explicit NormImplBase(const Options& options_) : options(options_) { NormImplBase::reset(); }
  void reset() override;
  void reset_running_stats();
  void reset_parameters();
  Options options;
  Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 protected:
  virtual void _check_input_dim(const Tensor& input) = 0;
};
template <size_t D, class Derived>
class BatchNormImplBase : public NormImplBase<D, Derived, BatchNormOptions> {
 public:
  using NormImplBase<D, Derived, BatchNormOptions>::NormImplBase;
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
template <size_t D, class Derived>
class InstanceNormImpl : public NormImplBase<D, Derived, InstanceNormOptions> {
 public:
  using NormImplBase<D, Derived, InstanceNormOptions>::NormImplBase;
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
#define TORCH_NORMS(D)                                                         \
  class BatchNorm##D##dImpl : public BatchNormImplBase<D, BatchNorm##D##dImpl> { \
   public:                                                                     \
    BatchNorm##D##dImpl(int64_t n) : BatchNorm##D##dImpl(BatchNormOptions(n)) {} \
    explicit BatchNorm##D##dImpl(const BatchNormOptions& o) : BatchNormImplBase<D, BatchNorm##D##dImpl>(o) {} \
                                                                               \
   protected:                                                                  \
    void _check_input_dim(const Tensor& input) override;                       \
  };                                                                           \
  TORCH_LIBRARY_MODULE(BatchNorm##D##d);                                               \
  class InstanceNorm##D##dImpl : public InstanceNormImpl<D, InstanceNorm##D##dImpl> { \
   public:                                                                     \
    InstanceNorm##D##dImpl(int64_t n) : InstanceNorm##D##dImpl(InstanceNormOptions(n)) {} \
    explicit InstanceNorm##D##dImpl(const InstanceNormOptions& o) : InstanceNormImpl<D, InstanceNorm##D##dImpl>(o) {} \
                                                                               \
   protected:                                                                  \
    void _check_input_dim(const Tensor& input) override;                       \
  };                                                                           \
  TORCH_LIBRARY_MODULE(InstanceNorm##D##d);                                    \
  extern template class NormImplBase<D, BatchNorm##D##dImpl, BatchNormOptions>; \
  extern template class NormImplBase<D, InstanceNorm##D##dImpl, InstanceNormOptions>; \
  extern template class BatchNormImplBase<D, BatchNorm##D##dImpl>;             \
  extern template class InstanceNormImpl<D, InstanceNorm##D##dImpl>
TORCH_NORMS(1);
TORCH_NORMS(2);
TORCH_NORMS(3);
#undef TORCH_NORMS

class LayerNormImpl : public Cloneable<LayerNormImpl> {
 public:
  LayerNormImpl(std::vector<int64_t> normalized_shape) : LayerNormImpl(LayerNormOptions(std::move(normalized_shape))) {}
  explicit LayerNormImpl(LayerNormOptions options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  LayerNormOptions options;
  Tensor weight, bias;
};
TORCH_LIBRARY_MODULE(LayerNorm);
class GroupNormImpl : public Cloneable<GroupNormImpl> {
 public:
  GroupNormImpl(int64_t num_groups, int64_t num_channels) : GroupNormImpl(GroupNormOptions(num_groups, num_channels)) {}
  explicit GroupNormImpl(const GroupNormOptions& options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  GroupNormOptions options;
  Tensor weight, bias;
};
TORCH_LIBRARY_MODULE(GroupNorm);
TORCH_REQUIRED_MODULE(LocalResponseNorm, LocalResponseNormOptions);
TORCH_REQUIRED_MODULE(CrossMapLRN2d, CrossMapLRN2dOptions);

// --- dropout ---------------------------------------------------------------------------------------------------------

#define TORCH_DROPOUT(Name)                                                           \
  class Name##Impl : public Cloneable<Name##Impl> {                                   \
   public:                                                                            \
    explicit Name##Impl(double p) : Name##Impl(DropoutOptions().p(p)) {}              \
    explicit Name##Impl(const DropoutOptions& options_ = {}) : options(options_) { Name##Impl::reset(); } \
    void reset() override;                                                            \
    void pretty_print(std::ostream& stream) const override;                           \
    Tensor forward(Tensor input);                                                     \
    DropoutOptions options;                                                           \
  };                                                                                  \
  TORCH_LIBRARY_MODULE(Name)
TORCH_DROPOUT(Dropout);
TORCH_DROPOUT(Dropout2d);
TORCH_DROPOUT(Dropout3d);
TORCH_DROPOUT(AlphaDropout);
TORCH_DROPOUT(FeatureAlphaDropout);
#undef TORCH_DROPOUT

// --- embedding, padding, vision ... ----------------------------------------------------------------------------------------

class EmbeddingImpl : public Cloneable<EmbeddingImpl> {
 public:
  EmbeddingImpl(int64_t num_embeddings, int64_t embedding_dim)
      : EmbeddingImpl(EmbeddingOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingImpl(EmbeddingOptions options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  EmbeddingOptions options;
  Tensor weight;
};
class Embedding : public ModuleHolder<EmbeddingImpl> {
 public:
  using ModuleHolder<EmbeddingImpl>::ModuleHolder;
  using Impl = EmbeddingImpl;
  static Embedding from_pretrained(const Tensor& embeddings, const EmbeddingFromPretrainedOptions& options = {});
};
TORCH_LIBRARY_INSTANCE class Cloneable<EmbeddingImpl>;
class EmbeddingBagImpl : public Cloneable<EmbeddingBagImpl> {
 public:
  EmbeddingBagImpl(int64_t num_embeddings, int64_t embedding_dim)
      : EmbeddingBagImpl(EmbeddingBagOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingBagImpl(EmbeddingBagOptions options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input, const Tensor& offsets = {}, const Tensor& per_sample_weights = {});
  EmbeddingBagOptions options;
  Tensor weight;
};
class EmbeddingBag : public ModuleHolder<EmbeddingBagImpl> {
 public:
  using ModuleHolder<EmbeddingBagImpl>::ModuleHolder;
  using Impl = EmbeddingBagImpl;
  static EmbeddingBag from_pretrained(const Tensor& embeddings, const EmbeddingBagFromPretrainedOptions& options = {});
};
TORCH_LIBRARY_INSTANCE class Cloneable<EmbeddingBagImpl>;

class FoldImpl : public Cloneable<FoldImpl> {
 public:
  FoldImpl(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
      : FoldImpl(FoldOptions(output_size, kernel_size)) {}
  explicit FoldImpl(const FoldOptions& options_) : options(options_) {}
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  TORCH_FORWARD_1;
  FoldOptions options;
};
TORCH_LIBRARY_MODULE(Fold);
TORCH_SIZED_MODULE(Unfold, ExpandingArray<2>, UnfoldOptions);
#define TORCH_PADS(D)                                                                             \
  TORCH_SIZED_MODULE(ReflectionPad##D##d, ExpandingArray<D * 2>, ReflectionPad##D##dOptions);     \
  TORCH_SIZED_MODULE(ReplicationPad##D##d, ExpandingArray<D * 2>, ReplicationPad##D##dOptions);   \
  class ConstantPad##D##dImpl : public Cloneable<ConstantPad##D##dImpl> {                         \
   public:                                                                                        \
    ConstantPad##D##dImpl(ExpandingArray<D * 2> padding, double value)                            \
        : ConstantPad##D##dImpl(ConstantPad##D##dOptions(padding, value)) {}                      \
    explicit ConstantPad##D##dImpl(const ConstantPad##D##dOptions& options_) : options(options_) {} \
    void reset() override;                                                                        \
    void pretty_print(std::ostream& stream) const override;                                       \
    TORCH_FORWARD_1;                                                                              \
    ConstantPad##D##dOptions options;                                                             \
  };                                                                                              \
  TORCH_LIBRARY_MODULE(ConstantPad##D##d)
TORCH_PADS(1);
TORCH_PADS(2);
TORCH_PADS(3);
#undef TORCH_PADS
TORCH_SIZED_MODULE(ZeroPad2d, ExpandingArray<4>, ZeroPad2dOptions);
TORCH_REQUIRED_MODULE(PixelShuffle, PixelShuffleOptions);
TORCH_REQUIRED_MODULE(PixelUnshuffle, PixelUnshuffleOptions);
TORCH_PLAIN_MODULE(Upsample, UpsampleOptions);

// --- distances, losses -----------------------------------------------------------------------------------------------

#define TORCH_PAIR_MODULE(Name, Options)                                       \
  class Name##Impl : public Cloneable<Name##Impl> {                            \
   public:                                                                     \
    explicit Name##Impl(const Options& options_ = {}) : options(options_) {}   \
    void reset() override;                                                     \
    void pretty_print(std::ostream& stream) const override;                    \
    Tensor forward(const Tensor& input, const Tensor& target);                 \
    Options options;                                                           \
  };                                                                           \
  TORCH_LIBRARY_MODULE(Name)
#define TORCH_WEIGHTED_MODULE(Name, Options, ...)                              \
  class Name##Impl : public Cloneable<Name##Impl> {                            \
   public:                                                                     \
    explicit Name##Impl(const Options& options_ = {}) : options(options_) { Name##Impl::reset(); } \
    void reset() override;                                                     \
    void pretty_print(std::ostream& stream) const override;                    \
    Tensor forward(const Tensor& input, const Tensor& target);                 \
    Options options;                                                           \
    Tensor __VA_ARGS__;                                                        \
  };                                                                           \
  TORCH_LIBRARY_MODULE(Name)
#define TORCH_TRIPLE_MODULE(Name, Options)                                     \
  class Name##Impl : public Cloneable<Name##Impl> {                            \
   public:                                                                     \
    explicit Name##Impl(Options options_ = {}) : options(std::move(options_)) {} \
    void reset() override;                                                     \
    void pretty_print(std::ostream& stream) const override;                    \
    Tensor forward(const Tensor& a, const Tensor& b, const Tensor& c);         \
    Options options;                                                           \
  };                                                                           \
  TORCH_LIBRARY_MODULE(Name)
TORCH_PAIR_MODULE(CosineSimilarity, CosineSimilarityOptions);
TORCH_PAIR_MODULE(PairwiseDistance, PairwiseDistanceOptions);
TORCH_PAIR_MODULE(L1Loss, L1LossOptions);
TORCH_PAIR_MODULE(KLDivLoss, KLDivLossOptions);
TORCH_PAIR_MODULE(MSELoss, MSELossOptions);
TORCH_WEIGHTED_MODULE(BCELoss, BCELossOptions, weight);
TORCH_PAIR_MODULE(HingeEmbeddingLoss, HingeEmbeddingLossOptions);
TORCH_WEIGHTED_MODULE(MultiMarginLoss, MultiMarginLossOptions, weight);
TORCH_TRIPLE_MODULE(CosineEmbeddingLoss, CosineEmbeddingLossOptions);
TORCH_PAIR_MODULE(SmoothL1Loss, SmoothL1LossOptions);
TORCH_PAIR_MODULE(HuberLoss, HuberLossOptions);
TORCH_PAIR_MODULE(MultiLabelMarginLoss, MultiLabelMarginLossOptions);
TORCH_PAIR_MODULE(SoftMarginLoss, SoftMarginLossOptions);
TORCH_WEIGHTED_MODULE(MultiLabelSoftMarginLoss, MultiLabelSoftMarginLossOptions, weight);
TORCH_TRIPLE_MODULE(TripletMarginLoss, TripletMarginLossOptions);
TORCH_TRIPLE_MODULE(TripletMarginWithDistanceLoss, TripletMarginWithDistanceLossOptions);
class CTCLossImpl : public Cloneable<CTCLossImpl> {
 public:
  explicit CTCLossImpl(const CTCLossOptions& options_ = {}) : options(options_) {}
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths);
  CTCLossOptions options;
};
TORCH_LIBRARY_MODULE(CTCLoss);
TORCH_PAIR_MODULE(PoissonNLLLoss, PoissonNLLLossOptions);
TORCH_TRIPLE_MODULE(MarginRankingLoss, MarginRankingLossOptions);
TORCH_WEIGHTED_MODULE(NLLLoss, NLLLossOptions, weight);
TORCH_WEIGHTED_MODULE(CrossEntropyLoss, CrossEntropyLossOptions, weight);
TORCH_WEIGHTED_MODULE(BCEWithLogitsLoss, BCEWithLogitsLossOptions, weight, pos_weight);

// --- recurrent layers --------------------------------------------------------------------------------------------------

namespace detail {
/// Weights of a stack of recurrent layers, and running them over time.
template <class Derived>
class RNNImplBase : public Cloneable<Derived> {
 public:
  explicit RNNImplBase(const RNNOptionsBase& options_) : options_base(options_) { RNNImplBase::reset(); }
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  void flatten_parameters() {}
  std::vector<Tensor> all_weights() const;
  RNNOptionsBase options_base;

 protected:
  std::tuple<Tensor, std::vector<Tensor>> run(const Tensor& input, std::vector<Tensor> state) const;
  std::vector<std::string> weight_names_;
};
template <class Derived>
class RNNCellImplBase : public Cloneable<Derived> {
 public:
  explicit RNNCellImplBase(const RNNCellOptionsBase& options_) : options_base(options_) { RNNCellImplBase::reset(); }
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  RNNCellOptionsBase options_base;
  Tensor weight_ih, weight_hh, bias_ih, bias_hh;

 protected:
  virtual std::string nonlinearity_str() const { return {}; }
  void check_input(const Tensor& input) const;
  void check_hidden(const Tensor& input, const Tensor& hx, const std::string& label) const;
};
}  // namespace detail

class RNNImpl : public detail::RNNImplBase<RNNImpl> {
 public:
  RNNImpl(int64_t input_size, int64_t hidden_size) : RNNImpl(RNNOptions(input_size, hidden_size)) {}
  explicit RNNImpl(const RNNOptions& options_);
  std::tuple<Tensor, Tensor> forward(const Tensor& input, Tensor hx = {});
  RNNOptions options;
};
TORCH_LIBRARY_MODULE(RNN);
extern template class detail::RNNImplBase<RNNImpl>;
class LSTMImpl : public detail::RNNImplBase<LSTMImpl> {
 public:
  LSTMImpl(int64_t input_size, int64_t hidden_size) : LSTMImpl(LSTMOptions(input_size, hidden_size)) {}
  explicit LSTMImpl(const LSTMOptions& options_);
  std::tuple<Tensor, std::tuple<Tensor, Tensor>> forward(const Tensor& input,
                                                         c10::optional<std::tuple<Tensor, Tensor>> hx = {});
  LSTMOptions options;
};
TORCH_LIBRARY_MODULE(LSTM);
extern template class detail::RNNImplBase<LSTMImpl>;
class GRUImpl : public detail::RNNImplBase<GRUImpl> {
 public:
  GRUImpl(int64_t input_size, int64_t hidden_size) : GRUImpl(GRUOptions(input_size, hidden_size)) {}
  explicit GRUImpl(const GRUOptions& options_);
  std::tuple<Tensor, Tensor> forward(const Tensor& input, Tensor hx = {});
  GRUOptions options;
};
TORCH_LIBRARY_MODULE(GRU);
extern template class detail::RNNImplBase<GRUImpl>;
class RNNCellImpl : public detail::RNNCellImplBase<RNNCellImpl> {
 public:
  RNNCellImpl(int64_t input_size, int64_t hidden_size) : RNNCellImpl(RNNCellOptions(input_size, hidden_size)) {}
  explicit RNNCellImpl(const RNNCellOptions& options_);
  Tensor forward(const Tensor& input, Tensor hx = {});
  RNNCellOptions options;

 protected:
  std::string nonlinearity_str() const override;
};
TORCH_LIBRARY_MODULE(RNNCell);
extern template class detail::RNNCellImplBase<RNNCellImpl>;
class LSTMCellImpl : public detail::RNNCellImplBase<LSTMCellImpl> {
 public:
  LSTMCellImpl(int64_t input_size, int64_t hidden_size) : LSTMCellImpl(LSTMCellOptions(input_size, hidden_size)) {}
  explicit LSTMCellImpl(const LSTMCellOptions& options_);
  std::tuple<Tensor, Tensor> forward(const Tensor& input, c10::optional<std::tuple<Tensor, Tensor>> hx = {});
  LSTMCellOptions options;
};
TORCH_LIBRARY_MODULE(LSTMCell);
extern template class detail::RNNCellImplBase<LSTMCellImpl>;
class GRUCellImpl : public detail::RNNCellImplBase<GRUCellImpl> {
 public:
  GRUCellImpl(int64_t input_size, int64_t hidden_size) : GRUCellImpl(GRUCellOptions(input_size, hidden_size)) {}
  explicit GRUCellImpl(const GRUCellOptions& options_);
  Tensor forward(const Tensor& input, Tensor hx = {});
  GRUCellOptions options;
};
TORCH_LIBRARY_MODULE(GRUCell);
extern template class detail::RNNCellImplBase<GRUCellImpl>;

// --- transformers ------------------------------------------------------------------------------------------------------

class TransformerEncoderLayerImpl : public Cloneable<TransformerEncoderLayerImpl> {
 public:
  TransformerEncoderLayerImpl(int64_t d_model, int64_t nhead)
      : TransformerEncoderLayerImpl(TransformerEncoderLayerOptions(d_model, nhead)) {}
  explicit TransformerEncoderLayerImpl(TransformerEncoderLayerOptions options_);
  Tensor forward(const Tensor& src, const Tensor& src_mask = {}, const Tensor& src_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerEncoderLayerOptions options;
  MultiheadAttention self_attn = nullptr;
  Linear linear1 = nullptr;
  Dropout dropout = nullptr;
  Linear linear2 = nullptr;
  LayerNorm norm1 = nullptr, norm2 = nullptr;
  Dropout dropout1 = nullptr, dropout2 = nullptr;
};
TORCH_LIBRARY_MODULE(TransformerEncoderLayer);
class TransformerDecoderLayerImpl : public Cloneable<TransformerDecoderLayerImpl> {
 public:
  TransformerDecoderLayerImpl(int64_t d_model, int64_t nhead)
      : TransformerDecoderLayerImpl(TransformerDecoderLayerOptions(d_model, nhead)) {}
  explicit TransformerDecoderLayerImpl(TransformerDecoderLayerOptions options_);
  Tensor forward(Tensor tgt, const Tensor& memory, const Tensor& tgt_mask = {}, const Tensor& memory_mask = {},
                 const Tensor& tgt_key_padding_mask = {}, const Tensor& memory_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerDecoderLayerOptions options;
  MultiheadAttention self_attn{nullptr};
  Dropout dropout1{nullptr};
  LayerNorm norm1{nullptr};
  MultiheadAttention multihead_attn{nullptr};
  Dropout dropout2{nullptr};
  LayerNorm norm2{nullptr};
  Linear linear1{nullptr};
  Dropout dropout{nullptr};
  Linear linear2{nullptr};
  Dropout dropout3{nullptr};
  LayerNorm norm3{nullptr};
};
TORCH_LIBRARY_MODULE(TransformerDecoderLayer);

struct TransformerEncoderOptions {
  TransformerEncoderOptions(TransformerEncoderLayer encoder_layer, int64_t num_layers)
      : encoder_layer_(std::move(encoder_layer)), num_layers_(num_layers) {}
  TransformerEncoderOptions(const TransformerEncoderLayerOptions& layer, int64_t num_layers)
      : TransformerEncoderOptions(TransformerEncoderLayer(layer), num_layers) {}
  TORCH_ARG(TransformerEncoderLayer, encoder_layer) = nullptr;
  TORCH_ARG(int64_t, num_layers);
  TORCH_ARG(AnyModule, norm);
};
struct TransformerDecoderOptions {
  TransformerDecoderOptions(TransformerDecoderLayer decoder_layer, int64_t num_layers)
      : decoder_layer_(std::move(decoder_layer)), num_layers_(num_layers) {}
  TransformerDecoderOptions(const TransformerDecoderLayerOptions& layer, int64_t num_layers)
      : TransformerDecoderOptions(TransformerDecoderLayer(layer), num_layers) {}
  TORCH_ARG(TransformerDecoderLayer, decoder_layer) = nullptr;
  TORCH_ARG(int64_t, num_layers);
  TORCH_ARG(AnyModule, norm);
};
class TransformerEncoderImpl : public Cloneable<TransformerEncoderImpl> {
 public:
  TransformerEncoderImpl(TransformerEncoderLayer encoder_layer, int64_t num_layers)
      : TransformerEncoderImpl(TransformerEncoderOptions(std::move(encoder_layer), num_layers)) {}
  explicit TransformerEncoderImpl(TransformerEncoderOptions options_);
  Tensor forward(const Tensor& src, const Tensor& src_mask = {}, const Tensor& src_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerEncoderOptions options;
  ModuleList layers = nullptr;
  AnyModule norm;
};
TORCH_LIBRARY_MODULE(TransformerEncoder);
class TransformerDecoderImpl : public Cloneable<TransformerDecoderImpl> {
 public:
  TransformerDecoderImpl(TransformerDecoderLayer decoder_layer, int64_t num_layers)
      : TransformerDecoderImpl(TransformerDecoderOptions(std::move(decoder_layer), num_layers)) {}
  explicit TransformerDecoderImpl(TransformerDecoderOptions options_);
  Tensor forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask = {}, const Tensor& memory_mask = {},
                 const Tensor& tgt_key_padding_mask = {}, const Tensor& memory_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerDecoderOptions options;
  ModuleList layers{nullptr};
  AnyModule norm;
};
TORCH_LIBRARY_MODULE(TransformerDecoder);

struct TransformerOptions {
  TransformerOptions() = default;
  TransformerOptions(int64_t d_model, int64_t nhead) : d_model_(d_model), nhead_(nhead) {}
  TransformerOptions(int64_t d_model, int64_t nhead, int64_t num_encoder_layers, int64_t num_decoder_layers)
      : d_model_(d_model), nhead_(nhead), num_encoder_layers_(num_encoder_layers),
        num_decoder_layers_(num_decoder_layers) {}
  TORCH_ARG(int64_t, d_model) = 512;
  TORCH_ARG(int64_t, nhead) = 8;
  TORCH_ARG(int64_t, num_encoder_layers) = 6;
  TORCH_ARG(int64_t, num_decoder_layers) = 6;
  TORCH_ARG(int64_t, dim_feedforward) = 2048;
  TORCH_ARG(double, dropout) = 0.1;
  TORCH_ARG(activation_t, activation) = torch::kReLU;
  TORCH_ARG(AnyModule, custom_encoder);
  TORCH_ARG(AnyModule, custom_decoder);
};
class TransformerImpl : public Cloneable<TransformerImpl> {
 public:
  explicit TransformerImpl(TransformerOptions options_);
  Tensor forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask = {}, const Tensor& tgt_mask = {},
                 const Tensor& memory_mask = {}, const Tensor& src_key_padding_mask = {},
                 const Tensor& tgt_key_padding_mask = {}, const Tensor& memory_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  /// Minus infinity above the diagonal.
  static Tensor generate_square_subsequent_mask(int64_t size);
  TransformerOptions options;
  AnyModule encoder, decoder;
};
TORCH_LIBRARY_MODULE(Transformer);

#undef TORCH_FORWARD_1
#undef TORCH_PLAIN_MODULE
#undef TORCH_REQUIRED_MODULE
#undef TORCH_EMPTY_MODULE
#undef TORCH_SIZED_MODULE
#undef TORCH_MAX_POOL
#undef TORCH_PAIR_MODULE
#undef TORCH_WEIGHTED_MODULE
#undef TORCH_TRIPLE_MODULE

}  // namespace nn
}  // namespace torch

// The primitive operators of neural networks on the CPU: convolution, pooling, padding, resampling, normalisation and
// the losses that need loops of their own. The conventions are those of ops/cpu/kernels.h.
//
// Windows of 1, 2 or 3 dimensions are all done as 3-dimensional ones, with leading dimensions of size 1.
#pragma once

#include "ops/cpu/kernels.h"

namespace tsvm::ops::cpu {

// --- convolution (conv.cpp) ---

/// Input (N, C, d...), weight (O, C / groups, k...), or for `transposed` (C, O / groups, k...). Lists have one entry
/// for each of the last dimensions, or one for all.
Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride, IntSpan padding,
                   IntSpan dilation, bool transposed, IntSpan output_padding, int64_t groups);
/// The gradient of the input, for a gradient of the result.
Tensor convolution_backward_input(const Tensor& grad_output, IntSpan input_sizes, const Tensor& weight, IntSpan stride,
                                  IntSpan padding, IntSpan dilation, bool transposed, IntSpan output_padding,
                                  int64_t groups);
/// The gradient of the weight.
Tensor convolution_backward_weight(const Tensor& grad_output, const Tensor& input, IntSpan weight_sizes, IntSpan stride,
                                   IntSpan padding, IntSpan dilation, bool transposed, IntSpan output_padding,
                                   int64_t groups);
/// Windows of images (N, C, H, W) as columns (N, C * kh * kw, number of windows), and back (overlaps add up).
Tensor im2col(const Tensor& self, IntSpan kernel_size, IntSpan dilation, IntSpan padding, IntSpan stride);
Tensor col2im(const Tensor& self, IntSpan output_size, IntSpan kernel_size, IntSpan dilation, IntSpan padding,
              IntSpan stride);

// --- pooling (pool.cpp). `dims`: how many of the last dimensions are pooled. ---

std::tuple<Tensor, Tensor> max_pool_with_indices(const Tensor& self, IntSpan kernel_size, IntSpan stride,
                                                 IntSpan padding, IntSpan dilation, bool ceil_mode, int64_t dims);
/// The gradient at the elements that `indices` name in each plane.
Tensor max_pool_backward(const Tensor& grad_output, const Tensor& indices, IntSpan input_sizes, int64_t dims);
Tensor avg_pool(const Tensor& self, IntSpan kernel_size, IntSpan stride, IntSpan padding, bool ceil_mode,
                bool count_include_pad, optional<int64_t> divisor_override, int64_t dims);
Tensor avg_pool_backward(const Tensor& grad_output, IntSpan input_sizes, IntSpan kernel_size, IntSpan stride,
                         IntSpan padding, bool ceil_mode, bool count_include_pad, optional<int64_t> divisor_override,
                         int64_t dims);
Tensor adaptive_avg_pool(const Tensor& self, IntSpan output_size, int64_t dims);
Tensor adaptive_avg_pool_backward(const Tensor& grad_output, IntSpan input_sizes, int64_t dims);
std::tuple<Tensor, Tensor> adaptive_max_pool(const Tensor& self, IntSpan output_size, int64_t dims);
std::tuple<Tensor, Tensor> fractional_max_pool(const Tensor& self, IntSpan kernel_size, IntSpan output_size,
                                               const Tensor& random_samples, int64_t dims);
Tensor max_unpool(const Tensor& self, const Tensor& indices, IntSpan output_size, int64_t dims);

// --- padding and resampling (resample.cpp) ---

/// mode: 0 reflect, 1 replicate, 2 circular. `padding` as F.pad: pairs from the last dimension on.
Tensor pad_by_index(const Tensor& self, IntSpan padding, int64_t mode);
Tensor pad_by_index_backward(const Tensor& grad_output, IntSpan input_sizes, IntSpan padding, int64_t mode);
/// mode: 0 nearest, 1 linear, 2 cubic, 3 nearest-exact. `scales`: 0 where none was given.
Tensor upsample(const Tensor& self, IntSpan output_size, std::span<const double> scales, bool align_corners,
                int64_t mode);
Tensor upsample_backward(const Tensor& grad_output, IntSpan input_sizes, std::span<const double> scales,
                         bool align_corners, int64_t mode);
/// interpolation_mode: 0 bilinear, 1 nearest, 2 bicubic; padding_mode: 0 zeros, 1 border, 2 reflection.
Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t interpolation_mode, int64_t padding_mode,
                    bool align_corners);
std::tuple<Tensor, Tensor> grid_sampler_backward(const Tensor& grad_output, const Tensor& input, const Tensor& grid,
                                                 int64_t interpolation_mode, int64_t padding_mode, bool align_corners);

// --- normalisation (norm.cpp): result, mean, 1 / standard deviation ---

/// Updates the running statistics in training.
std::tuple<Tensor, Tensor, Tensor> batch_norm_forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                                      const Tensor& running_mean, const Tensor& running_var,
                                                      bool training, double momentum, double eps);
/// Gradients of input, weight and bias. `use_batch`: the statistics were those of the batch.
std::tuple<Tensor, Tensor, Tensor> batch_norm_backward(const Tensor& grad_output, const Tensor& input,
                                                       const Tensor& weight, const Tensor& running_mean,
                                                       const Tensor& running_var, const Tensor& save_mean,
                                                       const Tensor& save_invstd, bool use_batch, double eps);
std::tuple<Tensor, Tensor, Tensor> layer_norm_forward(const Tensor& input, IntSpan normalized_shape,
                                                      const Tensor& weight, const Tensor& bias, double eps);
std::tuple<Tensor, Tensor, Tensor> layer_norm_backward(const Tensor& grad_output, const Tensor& input,
                                                       IntSpan normalized_shape, const Tensor& mean, const Tensor& rstd,
                                                       const Tensor& weight);
/// The input as (n, c, hw).
std::tuple<Tensor, Tensor, Tensor> group_norm_forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                                      int64_t n, int64_t c, int64_t hw, int64_t groups, double eps);

// --- losses (ctc.cpp): the negative log likelihood and the forward table ---

std::tuple<Tensor, Tensor> ctc_loss_forward(const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths,
                                            IntSpan target_lengths, int64_t blank);
/// The numbers as a vector of the other tensor's dtype.
Tensor tensor_of_ints(const Tensor& like, IntSpan values);
Tensor ctc_loss_backward(const Tensor& grad, const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths,
                         IntSpan target_lengths, const Tensor& neg_log_likelihood, const Tensor& log_alpha,
                         int64_t blank, bool zero_infinity);

// --- bags of embeddings (bags.cpp). mode: 0 sum, 1 mean, 2 max. ---

/// Result, the bag of each index, sizes of the bags, and for max the row that each element came from.
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag_forward(const Tensor& weight, const Tensor& indices,
                                                                 const Tensor& offsets, int64_t mode,
                                                                 const Tensor& per_sample_weights,
                                                                 bool include_last_offset, int64_t padding_idx);
Tensor embedding_bag_backward(const Tensor& grad, const Tensor& indices, const Tensor& offset2bag,
                              const Tensor& bag_size, const Tensor& maximum_indices, int64_t num_weights,
                              bool scale_grad_by_freq, int64_t mode, const Tensor& per_sample_weights,
                              int64_t padding_idx);
Tensor embedding_bag_weights_backward(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                                      const Tensor& offset2bag, int64_t padding_idx);

// --- distances (distance.cpp) ---

/// (B, P, M) and (B, R, M): (B, P, R).
Tensor cdist_forward(const Tensor& x1, const Tensor& x2, double p);
/// The gradient of x1.
Tensor cdist_backward(const Tensor& grad, const Tensor& x1, const Tensor& x2, double p, const Tensor& cdist);
Tensor pdist_forward(const Tensor& self, double p);
Tensor pdist_backward(const Tensor& grad, const Tensor& self, double p, const Tensor& pdist);

// --- recurrent layers (rnn.cpp). mode: 0 LSTM, 1 GRU, 2 RNN with tanh, 3 RNN with ReLU. ---

/// `input`: the product with the input's weights, for all steps. Output, last state and cell, and what backward needs.
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor> rnn_sequence(const Tensor& input, const Tensor& h0,
                                                                        const Tensor& c0, const Tensor& w_hh,
                                                                        const Tensor& b_hh, const Tensor& w_hr,
                                                                        IntSpan batch_sizes, int64_t mode,
                                                                        bool reverse);
/// Gradients of the input, of the recurrent product, of h0, c0 and w_hr.
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> rnn_sequence_backward(
    const Tensor& grad_output, const Tensor& grad_h, const Tensor& grad_c, const Tensor& gates, const Tensor& kept,
    const Tensor& before, const Tensor& w_hh, const Tensor& w_hr, IntSpan batch_sizes, int64_t mode, bool reverse);

/// Random slopes in [lower, upper) where the element is not positive, else 1 (nn_random.cpp).
Tensor rrelu_slopes(const Tensor& self, double lower, double upper, const Gen& generator);

}  // namespace tsvm::ops::cpu

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

}  // namespace tsvm::ops::cpu

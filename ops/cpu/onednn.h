// oneDNN, opened when the first large convolution needs it (loading it takes milliseconds). Without the library, and
// for what it lacks, convolutions run in our own loops (ops/cpu/conv.cpp).
#pragma once

#include <cstdint>

namespace tsvm::ops::cpu {

/// A plain convolution over 2 or 3 dimensions, the last `dims` entries of each array being used.
struct ConvGeometry {
  int64_t dims;
  int64_t batch, in_channels, out_channels, groups;
  int64_t input[3], output[3], kernel[3], stride[3], padding[3], dilation[3];
  bool channels_last;  // layout of the two images: N, d..., C

  int64_t in_size() const { return input[0] * input[1] * input[2]; }
  int64_t out_size() const { return output[0] * output[1] * output[2]; }
  int64_t kernel_size() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t multiply_adds() const { return batch * out_channels * out_size() * (in_channels / groups) * kernel_size(); }
};

enum class ConvPart : uint8_t { Forward, BackwardInput, BackwardWeight };

/// Runs one of the three products of a convolution of floats; false when the library cannot. Images are dense in NCHW
/// or NHWC order, weights dense in OIHW order. Forward: x, w, bias (may be null) -> y. BackwardInput: y, w -> x.
/// BackwardWeight: x, y -> w.
bool onednn_convolution(ConvPart part, const ConvGeometry& g, float* x, float* w, const float* bias, float* y);

}  // namespace tsvm::ops::cpu

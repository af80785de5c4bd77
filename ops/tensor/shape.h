// Arithmetic on sizes and strides: what views, broadcasting and output layouts are made of. No tensor memory is
// touched, so all of it serves the meta device too. Messages are PyTorch's.
#pragma once

#include <cstdint>
#include <optional>

#include "ops/tensor/dims.h"

namespace tsvm::ops {

[[noreturn]] void fail_dim(int64_t d, int64_t ndim);
[[noreturn]] void fail_dim_of_scalar(int64_t d);

/// A dimension counted from 0. A 0-dim tensor is treated as 1-dim unless `wrap_scalar` is off.
inline int64_t wrap_dim(int64_t d, int64_t ndim, bool wrap_scalar = true) {
  if (__builtin_expect(ndim <= 0, 0)) {
    if (!wrap_scalar) fail_dim_of_scalar(d);
    ndim = 1;
  }
  if (__builtin_expect(d < -ndim || d >= ndim, 0)) fail_dim(d, ndim);
  return d < 0 ? d + ndim : d;
}

/// Product of the sizes (1 for none).
inline int64_t numel_of(IntSpan sizes) {
  int64_t n = 1;
  for (int64_t s : sizes) n *= s;
  return n;
}

/// Strides of a contiguous tensor.
DimVector contiguous_strides(IntSpan sizes);
/// Strides of channels-last memory for 4 or 5 sizes.
DimVector channels_last_strides(IntSpan sizes);
bool is_contiguous(IntSpan sizes, IntSpan strides);
bool is_channels_last_contiguous(IntSpan sizes, IntSpan strides);
/// PyTorch's judgement whether strides of a 4- or 5-dim tensor mean channels-last (also when not contiguous).
bool is_channels_last_strides(IntSpan sizes, IntSpan strides);
bool is_non_overlapping_and_dense(IntSpan sizes, IntSpan strides);
/// Elements a storage needs for offset 0.
int64_t storage_extent(IntSpan sizes, IntSpan strides);

/// The shape two shapes broadcast to.
DimVector broadcast_sizes(IntSpan a, IntSpan b);
bool is_expandable_to(IntSpan shape, IntSpan desired);
/// Strides of a tensor seen as `sizes` (expanded dimensions get stride 0); -1 in `sizes` keeps a size, and is replaced.
DimVector expand_strides(IntSpan from_sizes, IntSpan from_strides, DimVector& sizes);

/// Replaces the one -1 of `shape` (view, reshape). Throws when the number of elements cannot match.
DimVector infer_size(IntSpan shape, int64_t numel);
/// Strides of the same memory seen as `sizes`, when there are any without a copy.
std::optional<DimVector> view_strides(IntSpan old_sizes, IntSpan old_strides, IntSpan sizes);

/// Strides of an elementwise output as TensorIterator chooses them: dimensions ordered as the operands' memory is.
/// `strides` are those of each operand, already broadcast to `sizes`, in elements.
DimVector output_strides(IntSpan sizes, std::span<const IntSpan> operand_strides);

/// Strides with which empty_like/clone preserve a tensor's layout (dense: its own; otherwise as output_strides).
DimVector preserved_strides(IntSpan sizes, IntSpan strides);

}  // namespace tsvm::ops

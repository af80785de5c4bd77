// Whether tensors share elements. Writing through shared elements has no defined order, so in-place operators refuse.
#pragma once

#include "ops/tensor/tensor.h"

namespace tsvm::ops {

enum class Overlap { No, Full, Partial, Unknown };

/// How two tensors lie in memory relative to each other (Full: the same elements in the same order).
Overlap overlap(const Tensor& a, const Tensor& b);
/// Some elements of the tensor are surely the same memory (expanded).
bool has_internal_overlap(const Tensor& t);

/// PyTorch's errors for writing into an expanded tensor ...
void check_no_internal_overlap(const Tensor& written);
/// ... and for reading an input that partly overlaps what is written.
void check_no_partial_overlap(const Tensor& written, const Tensor& read);
/// No overlap at all (operators that cannot work in place).
void check_no_overlap(const Tensor& written, const Tensor& read);

}  // namespace tsvm::ops

// Scalar programs that autograd can go through again: gradients of gradients of fused groups.
#pragma once

#include <memory>
#include <span>

#include "ops/scalar/pointwise.h"

namespace tsvm::ops::fusion {

/// Runs a program on tensors (broadcast together; result k gets dtype results[k]), and records it, in grad mode, as one
/// node whose backward is the program's derivative. `keep` owns the program's data.
void run_recorded(std::shared_ptr<const void> keep, const scalar::Program& program, std::span<const Tensor> inputs,
                  const DType* results, Tensor* outputs);

}  // namespace tsvm::ops::fusion

// Scalar programs as CUDA source: the third reader.
//
// The text is that of the lowered program, so a kernel does the operations of math.h in their order and rounds as the
// CPU does; compile it without contraction (nvrtc.h does). Only functions of the C library may differ in the last
// place.
#pragma once

#include <string>
#include <string_view>

#include "ops/scalar/program.h"

namespace tsvm::ops::cuda {

/// How a kernel finds the elements of an operand.
enum class Layout : uint8_t {
  Dense,    // element i at i
  Uniform,  // one element for all
  Strided,  // by the sizes and strides that the kernel is given
};
struct KernelOperand {
  DType stored;
  DType seen;  // the dtype that promotion converts to first (inputs); the result's own dtype (outputs)
  Layout layout;
};

/// Dimensions of strided operands that a kernel can be given.
inline constexpr int kMaxKernelDims = 12;

/// The source of
///   extern "C" __global__ void NAME(long long n, OUT* o0 ..., const IN* i0 ..., PARAM p0 ..., int* fault
///                                   [, struct tsvm_strides strides])
/// Complex and 16-bit elements are passed as tsvm_c64, tsvm_c128 and unsigned short; a param is passed in its compute
/// type (bool as unsigned char). *fault becomes 1 where an integer is divided by zero. tsvm_strides (only if an operand
/// is strided) holds `int ndim`, `long long sizes[12]` and `long long strides[operands][12]`, innermost dimension
/// first, in elements.
std::string emit_kernel(const scalar::Program& p, const KernelOperand* operands, std::string_view name);

}  // namespace tsvm::ops::cuda

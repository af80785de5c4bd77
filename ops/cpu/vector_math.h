// Elementary functions over arrays, for kernels that are no scalar programs: the same definitions, through the block
// interpreter's loops.
#pragma once

#include <cstdint>

namespace tsvm::ops::cpu {

/// x[i] = exp(x[i]); x is 64-byte aligned or not.
void vector_exp(float* x, int64_t n);
void vector_exp(double* x, int64_t n);
void vector_log(float* x, int64_t n);
void vector_log(double* x, int64_t n);

}  // namespace tsvm::ops::cpu

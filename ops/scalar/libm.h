// Functions that are called once for each element: the C library's, and the few that it lacks.
#pragma once

#include "ops/scalar/program.h"

namespace tsvm::ops::scalar {

/// out[i] = fn(a[i], b[i]) for n elements, computed in double; b is null for functions of one argument.
void call_libm(LibmFn fn, int n, float* out, const float* a, const float* b) noexcept;
void call_libm(LibmFn fn, int n, double* out, const double* a, const double* b) noexcept;

/// The source of a function that the CUDA library lacks; null for the others.
const char* device_source(LibmFn fn);

}  // namespace tsvm::ops::scalar

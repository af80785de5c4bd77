// LAPACK and BLAS routines of OpenBLAS by their Fortran names, found when they are first called.
//
// lapack<T>("potrf", &uplo, &n, a, &lda, &info) calls spotrf_, dpotrf_, cpotrf_ or zpotrf_ as T says. All arguments are
// pointers, as Fortran has them. Three string lengths are passed behind them, as compiled Fortran expects for the
// single-character options; routines with fewer options do not look at them.
#pragma once

#include <complex>
#include <cstddef>
#include <string>

#include "ops/cpu/element.h"

namespace tsvm::ops::cpu {

/// The address of a routine; throws NotImplementedError where OpenBLAS or the routine is missing.
void* lapack_symbol(const char* routine);

template <class T>
inline constexpr char kLapackPrefix = 's';
template <>
inline constexpr char kLapackPrefix<double> = 'd';
template <>
inline constexpr char kLapackPrefix<std::complex<float>> = 'c';
template <>
inline constexpr char kLapackPrefix<std::complex<double>> = 'z';

template <class... A>
inline void call_fortran(void* routine, A*... args) {
  reinterpret_cast<void (*)(A * ..., size_t, size_t, size_t)>(routine)(args..., 1, 1, 1);
}

template <class T, class... A>
inline void lapack(const char* name, A*... args) {
  call_fortran(lapack_symbol((std::string(1, kLapackPrefix<T>) + name + "_").c_str()), args...);
}

}  // namespace tsvm::ops::cpu

// Arithmetic on single elements that kernels share.
#pragma once

#include <complex>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ops/cpu/parallel.h"
#include "ops/tensor/dtype.h"

namespace tsvm::ops::cpu {

/// The type of a complex type's parts; other types are their own.
template <class T>
struct RealPart {
  using type = T;
};
template <class T>
struct RealPart<std::complex<T>> {
  using type = T;
};
template <class T>
using real_part = typename RealPart<T>::type;

template <class T>
TSVM_INLINE inline bool is_nan(T v) {
  if constexpr (std::is_integral_v<T>)
    return false;
  else
    return v != v;
}

/// memcpy of possibly much. The C library's string instruction is ten times slower where the target lies a little
/// behind the source within a page; pieces below its threshold are not copied by it.
inline void copy_bytes(void* to, const void* from, size_t n) {
  constexpr size_t kPage = 4096, kPiece = 2048;
  const size_t behind = (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from)) % kPage;
  if (behind == 0 || behind >= 64) {
    std::memcpy(to, from, n);
    return;
  }
  for (size_t i = 0; i < n; i += kPiece)
    std::memcpy(static_cast<char*>(to) + i, static_cast<const char*>(from) + i, n - i < kPiece ? n - i : kPiece);
}

/// Complex products by the plain formula (std::complex would go to great lengths for infinities).
template <class T>
TSVM_INLINE inline T product(T a, T b) {
  if constexpr (is_complex_type<T>)
    return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
  else
    return a * b;
}

/// into += v and into *= v with the dtype's own meaning: bools are or/and, integers wrap, 16-bit floats round once.
template <class T>
TSVM_INLINE inline void add_to(T& into, T v) {
  if constexpr (std::is_same_v<T, bool>)
    into = into || v;
  else if constexpr (is_reduced_type<T>)
    into = T(static_cast<float>(into) + static_cast<float>(v));
  else if constexpr (std::is_integral_v<T>)
    into = static_cast<T>(static_cast<uint64_t>(into) + static_cast<uint64_t>(v));
  else
    into += v;
}

template <class T>
TSVM_INLINE inline void multiply_by(T& into, T v) {
  if constexpr (std::is_same_v<T, bool>)
    into = into && v;
  else if constexpr (is_reduced_type<T>)
    into = T(static_cast<float>(into) * static_cast<float>(v));
  else if constexpr (std::is_integral_v<T>)
    into = static_cast<T>(static_cast<uint64_t>(into) * static_cast<uint64_t>(v));
  else
    into = product(into, v);
}

}  // namespace tsvm::ops::cpu

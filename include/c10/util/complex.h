// Complex numbers as elements of tensors: two numbers, laid out as std::complex.
#pragma once

#include <cmath>
#include <complex>
#include <ostream>
#include <type_traits>

#include "c10/macros/Macros.h"

namespace c10 {

template <class T>
struct alignas(sizeof(T) * 2) complex {
  using value_type = T;
  T real_ = T(0), imag_ = T(0);

  constexpr complex() = default;
  constexpr complex(const T& re, const T& im = T()) : real_(re), imag_(im) {}
  template <class U>
  explicit constexpr complex(const complex<U>& o) : real_(static_cast<T>(o.real())), imag_(static_cast<T>(o.imag())) {}
  template <class U>
  constexpr complex(const std::complex<U>& o) : real_(static_cast<T>(o.real())), imag_(static_cast<T>(o.imag())) {}
  template <class U>
  explicit constexpr operator std::complex<U>() const {
    return std::complex<U>(static_cast<U>(real_), static_cast<U>(imag_));
  }
  explicit constexpr operator bool() const { return real_ != T(0) || imag_ != T(0); }
  constexpr T real() const { return real_; }
  constexpr T imag() const { return imag_; }
  constexpr void real(T v) { real_ = v; }
  constexpr void imag(T v) { imag_ = v; }
  constexpr complex operator+() const { return *this; }
  constexpr complex operator-() const { return {-real_, -imag_}; }
  constexpr complex& operator+=(const complex& o) {
    real_ += o.real_;
    imag_ += o.imag_;
    return *this;
  }
  constexpr complex& operator-=(const complex& o) {
    real_ -= o.real_;
    imag_ -= o.imag_;
    return *this;
  }
  constexpr complex& operator*=(const complex& o) {
    const T re = real_ * o.real_ - imag_ * o.imag_;
    imag_ = real_ * o.imag_ + imag_ * o.real_;
    real_ = re;
    return *this;
  }
  complex& operator/=(const complex& o) {
    const std::complex<T> q = std::complex<T>(real_, imag_) / std::complex<T>(o.real_, o.imag_);
    real_ = q.real();
    imag_ = q.imag();
    return *this;
  }
  friend constexpr complex operator+(complex a, const complex& b) { return a += b; }
  friend constexpr complex operator-(complex a, const complex& b) { return a -= b; }
  friend constexpr complex operator*(complex a, const complex& b) { return a *= b; }
  friend complex operator/(complex a, const complex& b) { return a /= b; }
  friend constexpr bool operator==(const complex& a, const complex& b) {
    return a.real_ == b.real_ && a.imag_ == b.imag_;
  }
  friend constexpr bool operator!=(const complex& a, const complex& b) { return !(a == b); }
  friend std::ostream& operator<<(std::ostream& out, const complex& v) {
    return out << std::complex<T>(v.real_, v.imag_);
  }
};

inline namespace complex_literals {
constexpr complex<float> operator"" _if(long double v) { return {0.0f, static_cast<float>(v)}; }
constexpr complex<double> operator"" _id(long double v) { return {0.0, static_cast<double>(v)}; }
}  // namespace complex_literals

}  // namespace c10

namespace std {
template <class T>
constexpr T real(const c10::complex<T>& z) {
  return z.real();
}
template <class T>
constexpr T imag(const c10::complex<T>& z) {
  return z.imag();
}
template <class T>
T abs(const c10::complex<T>& z) {
  return std::abs(static_cast<std::complex<T>>(z));
}
template <class T>
T arg(const c10::complex<T>& z) {
  return std::arg(static_cast<std::complex<T>>(z));
}
template <class T>
constexpr c10::complex<T> conj(const c10::complex<T>& z) {
  return {z.real(), -z.imag()};
}
}  // namespace std

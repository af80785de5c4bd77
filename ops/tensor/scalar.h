// A Python number as an operator argument.
#pragma once

#include <complex>
#include <cstdint>

#include "ops/tensor/dtype.h"

namespace tsvm::ops {

/// A bool, an int, a float or a complex. Keeps which of them it was: that decides promotion.
class Scalar {
 public:
  Scalar() : Scalar(int64_t{0}) {}
  Scalar(bool v) : category_(DTypeCategory::Bool), int_(v) {}
  Scalar(int v) : Scalar(static_cast<int64_t>(v)) {}
  Scalar(int64_t v) : category_(DTypeCategory::Integral), int_(v) {}
  Scalar(float v) : Scalar(static_cast<double>(v)) {}
  Scalar(double v) : category_(DTypeCategory::Floating), double_(v) {}
  Scalar(std::complex<double> v) : category_(DTypeCategory::Complex), double_(v.real()), imag_(v.imag()) {}
  Scalar(std::complex<float> v) : Scalar(std::complex<double>(v)) {}
  template <class T>
  Scalar(const T*) = delete;

  /// The number that an element of any type is.
  template <class T>
  static Scalar of(T v) {
    if constexpr (is_reduced_type<T>)
      return Scalar(static_cast<float>(v));
    else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      return Scalar(static_cast<int64_t>(v));
    else
      return Scalar(v);
  }

  DTypeCategory category() const { return category_; }
  bool is_bool() const { return category_ == DTypeCategory::Bool; }
  /// An int (a bool is none here).
  bool is_int() const { return category_ == DTypeCategory::Integral; }
  bool is_float() const { return category_ == DTypeCategory::Floating; }
  bool is_complex() const { return category_ == DTypeCategory::Complex; }
  /// The type that a tensor made of this number has by default (int64, the default dtype ...).
  DType dtype() const;

  /// The value as T, converted as elements are (range is not checked).
  template <class T>
  T to() const {
    if (is_float()) return convert<T>(double_);
    if (is_complex()) return convert<T>(std::complex<double>(double_, imag_));
    return convert<T>(int_);
  }
  int64_t to_int() const { return to<int64_t>(); }
  double to_double() const { return to<double>(); }
  bool to_bool() const { return to<bool>(); }
  std::complex<double> to_complex() const { return to<std::complex<double>>(); }
  Scalar operator-() const;
  bool equals(double v) const { return is_complex() ? imag_ == 0 && double_ == v : to<double>() == v; }

 private:
  DTypeCategory category_;
  union {
    int64_t int_;
    double double_;
  };
  double imag_ = 0;
};

}  // namespace tsvm::ops

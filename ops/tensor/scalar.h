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
  /// The value as T; throws PyTorch's error when T cannot hold it (an imaginary part, an integer out of range, NaN as
  /// an integer, a float beyond T's largest). Fractions are dropped, negative numbers wrap into uint8.
  template <class T>
  T checked_to() const {
    if (!fits<T>()) fail_overflow(dtype_of<T>);
    return to<T>();
  }
  int64_t to_int() const { return to<int64_t>(); }
  double to_double() const { return to<double>(); }
  bool to_bool() const { return to<bool>(); }
  std::complex<double> to_complex() const { return to<std::complex<double>>(); }
  Scalar operator-() const;
  bool equals(double v) const { return is_complex() ? imag_ == 0 && double_ == v : to<double>() == v; }

 private:
  template <class T>
  bool fits() const {
    if constexpr (is_complex_type<T>) {
      return true;
    } else {
      if (is_complex() && imag_ != 0) return false;
      if constexpr (std::is_same_v<T, bool>) {
        return true;
      } else if constexpr (is_floating_type<T>) {
        constexpr double kMax = std::is_same_v<T, Half>       ? 65504.0
                                : std::is_same_v<T, BFloat16> ? 0x1.fep127
                                : std::is_same_v<T, float>    ? 0x1.fffffep127
                                                              : std::numeric_limits<double>::max();
        if (is_float() || is_complex()) return !(double_ > kMax || double_ < -kMax) || double_ - double_ != 0;
        return true;
      } else {
        using Limits = std::numeric_limits<T>;
        const double low = Limits::is_signed ? static_cast<double>(Limits::min()) : -static_cast<double>(Limits::max());
        if (is_float() || is_complex())
          return double_ >= low && (sizeof(T) == 8 ? double_ < 0x1p63 : double_ <= static_cast<double>(Limits::max()));
        if (sizeof(T) == 8) return true;
        return int_ >= static_cast<int64_t>(low) && int_ <= static_cast<int64_t>(Limits::max());
      }
    }
  }
  [[noreturn]] static void fail_overflow(DType t);

  DTypeCategory category_;
  union {
    int64_t int_;
    double double_;
  };
  double imag_ = 0;
};

}  // namespace tsvm::ops

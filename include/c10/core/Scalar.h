// A number of any element type: bool, integer, float or complex.
#pragma once

#include "c10/core/ScalarType.h"

namespace c10 {

class Scalar {
 public:
  Scalar() : Scalar(int64_t(0)) {}
  template <class T, std::enable_if_t<std::is_integral<T>::value && !std::is_same<T, bool>::value, bool> = true>
  Scalar(T v) : kind_(Kind::Int) {
    v_.i = static_cast<int64_t>(v);
  }
  template <class T, std::enable_if_t<std::is_same<T, bool>::value, bool>* = nullptr>
  Scalar(T v) : kind_(Kind::Bool) {
    v_.i = v;
  }
  Scalar(double v) : kind_(Kind::Double) { v_.z[0] = v; }
  Scalar(float v) : Scalar(static_cast<double>(v)) {}
  Scalar(Half v) : Scalar(static_cast<double>(static_cast<float>(v))) {}
  Scalar(BFloat16 v) : Scalar(static_cast<double>(static_cast<float>(v))) {}
  template <class T>
  Scalar(complex<T> v) : kind_(Kind::Complex) {
    v_.z[0] = static_cast<double>(v.real());
    v_.z[1] = static_cast<double>(v.imag());
  }
  template <class T>
  Scalar(std::complex<T> v) : Scalar(complex<T>(v)) {}

  bool isFloatingPoint() const { return kind_ == Kind::Double; }
  bool isComplex() const { return kind_ == Kind::Complex; }
  bool isBoolean() const { return kind_ == Kind::Bool; }
  bool isIntegral(bool includeBool = false) const { return kind_ == Kind::Int || (includeBool && isBoolean()); }
  ScalarType type() const {
    return kind_ == Kind::Double    ? ScalarType::Double
           : kind_ == Kind::Int     ? ScalarType::Long
           : kind_ == Kind::Complex ? ScalarType::ComplexDouble
                                    : ScalarType::Bool;
  }
  /// The value as T; an error when T cannot hold it.
  template <class T>
  T to() const;
  uint8_t toByte() const;
  int8_t toChar() const;
  int16_t toShort() const;
  int toInt() const;
  int64_t toLong() const;
  Half toHalf() const;
  BFloat16 toBFloat16() const;
  float toFloat() const;
  double toDouble() const;
  bool toBool() const;
  complex<float> toComplexFloat() const;
  complex<double> toComplexDouble() const;
  Scalar operator-() const;
  Scalar conj() const;
  Scalar log() const;
  template <class T>
  bool equal(T other) const {
    if (kind_ == Kind::Complex) return v_.z[1] == 0 && v_.z[0] == static_cast<double>(other);
    return kind_ == Kind::Double ? v_.z[0] == static_cast<double>(other) : v_.i == static_cast<int64_t>(other);
  }

  // What the library reads.
  enum class Kind : int8_t { Bool, Int, Double, Complex };
  Kind kind() const { return kind_; }
  int64_t raw_int() const { return v_.i; }
  double raw_real() const { return v_.z[0]; }
  double raw_imag() const { return v_.z[1]; }

 private:
  Kind kind_;
  union {
    int64_t i;
    double z[2];
  } v_ = {};
};

#define C10_TYPE(name, cpp, number) \
  template <>                       \
  cpp Scalar::to<cpp>() const;
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
template <>
inline long long Scalar::to<long long>() const {
  return to<int64_t>();
}
template <>
inline std::complex<double> Scalar::to<std::complex<double>>() const {
  return static_cast<std::complex<double>>(to<complex<double>>());
}

inline uint8_t Scalar::toByte() const { return to<uint8_t>(); }
inline int8_t Scalar::toChar() const { return to<int8_t>(); }
inline int16_t Scalar::toShort() const { return to<int16_t>(); }
inline int Scalar::toInt() const { return to<int>(); }
inline int64_t Scalar::toLong() const { return to<int64_t>(); }
inline Half Scalar::toHalf() const { return to<Half>(); }
inline BFloat16 Scalar::toBFloat16() const { return to<BFloat16>(); }
inline float Scalar::toFloat() const { return to<float>(); }
inline double Scalar::toDouble() const { return to<double>(); }
inline bool Scalar::toBool() const { return to<bool>(); }
inline complex<float> Scalar::toComplexFloat() const { return to<complex<float>>(); }
inline complex<double> Scalar::toComplexDouble() const { return to<complex<double>>(); }

/// As a stream prints the number.
std::ostream& operator<<(std::ostream& out, const Scalar& v);

}  // namespace c10

namespace at {
using c10::Scalar;
using c10::ScalarType;
}  // namespace at

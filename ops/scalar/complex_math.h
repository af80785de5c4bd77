// The one definition of each operation on complex numbers, over the same back ends as math.h.
#pragma once

#include "ops/scalar/math.h"

namespace tsvm::ops::scalar::math {

template <class F>
struct Cx {
  F re, im;
  using Scalar = typename F::Scalar;
  using Mask = typename F::Mask;
};

TSVM_MATH Cx<F> operator+(Cx<F> a, Cx<F> b) { return {a.re + b.re, a.im + b.im}; }
TSVM_MATH Cx<F> operator-(Cx<F> a, Cx<F> b) { return {a.re - b.re, a.im - b.im}; }
TSVM_MATH Cx<F> operator-(Cx<F> a) { return {-a.re, -a.im}; }
TSVM_MATH Cx<F> operator*(Cx<F> a, Cx<F> b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
/// Smith's method: divides by the larger part first, so that no square overflows.
TSVM_MATH Cx<F> operator/(Cx<F> a, Cx<F> b) {
  const auto by_real = abs(b.re) >= abs(b.im);
  const F large = select(by_real, b.re, b.im), small = select(by_real, b.im, b.re);
  const F zero = splat(b.re, typename F::Scalar(0));
  const F ratio = select(large == zero, zero, small / large);
  const F scale = number(b.re, 1) / (large + small * ratio);
  const F first = select(by_real, a.re, a.im), second = select(by_real, a.im, a.re);
  const F re = (first + second * ratio) * scale;
  const F im = select(by_real, second - first * ratio, first * ratio - second) * scale;
  return {re, im};
}
TSVM_MATH auto operator==(Cx<F> a, Cx<F> b) { return (a.re == b.re) & (a.im == b.im); }
TSVM_MATH auto operator!=(Cx<F> a, Cx<F> b) { return (a.re != b.re) | (a.im != b.im); }
TSVM_MATH Cx<F> select(typename F::Mask m, Cx<F> a, Cx<F> b) { return {select(m, a.re, b.re), select(m, a.im, b.im)}; }

TSVM_MATH Cx<F> times_i(Cx<F> z) { return {-z.im, z.re}; }
TSVM_MATH Cx<F> over_i(Cx<F> z) { return {z.im, -z.re}; }
TSVM_MATH Cx<F> real_number(F x) { return {x, splat(x, typename F::Scalar(0))}; }

TSVM_MATH Cx<F> op_Conj(Cx<F> z) { return {z.re, -z.im}; }
TSVM_MATH F op_Modulus(Cx<F> z) { return op_Hypot(z.re, z.im); }
TSVM_MATH F op_Angle(Cx<F> z) { return op_Atan2(z.im, z.re); }
TSVM_MATH Cx<F> op_Sign(Cx<F> z) {
  const F r = op_Modulus(z), zero = splat(r, typename F::Scalar(0));
  return {select(r == zero, zero, z.re / r), select(r == zero, zero, z.im / r)};
}
TSVM_MATH auto op_IsNan(Cx<F> z) { return op_IsNan(z.re) | op_IsNan(z.im); }
TSVM_MATH auto op_IsInf(Cx<F> z) { return op_IsInf(z.re) | op_IsInf(z.im); }
TSVM_MATH auto op_IsFinite(Cx<F> z) { return op_IsFinite(z.re) & op_IsFinite(z.im); }

TSVM_MATH Cx<F> op_Reciprocal(Cx<F> z) { return real_number(number(z.re, 1)) / z; }
TSVM_MATH Cx<F> op_Exp(Cx<F> z) {
  const F zero = splat(z.re, typename F::Scalar(0));
  const F r = op_Exp(z.re);
  return {r * op_Cos(z.im), select(z.im == zero, z.im, r * op_Sin(z.im))};
}
TSVM_MATH Cx<F> op_Log(Cx<F> z) { return {op_Log(op_Modulus(z)), op_Angle(z)}; }
TSVM_MATH Cx<F> op_Log2(Cx<F> z) {
  const F f = number(z.re, 1.4426950408889634074);
  const Cx<F> w = op_Log(z);
  return {w.re * f, w.im * f};
}
TSVM_MATH Cx<F> op_Log10(Cx<F> z) {
  const F f = number(z.re, 0.43429448190325182765);
  const Cx<F> w = op_Log(z);
  return {w.re * f, w.im * f};
}
TSVM_MATH Cx<F> op_Sqrt(Cx<F> z) {
  const F zero = splat(z.re, typename F::Scalar(0)), half = number(z.re, 0.5);
  const F t = sqrt((abs(z.re) + op_Modulus(z)) * half);
  const F other = abs(z.im) * half / t;
  const auto right = z.re >= zero;
  const Cx<F> w = {select(right, t, other), copysign_bits(select(right, other, t), z.im)};
  const auto origin = (z.re == zero) & (z.im == zero);
  return {select(origin, zero, w.re), select(origin, z.im, w.im)};
}
TSVM_MATH Cx<F> op_Rsqrt(Cx<F> z) { return op_Reciprocal(op_Sqrt(z)); }
TSVM_MATH Cx<F> op_Sinh(Cx<F> z) { return {op_Sinh(z.re) * op_Cos(z.im), op_Cosh(z.re) * op_Sin(z.im)}; }
TSVM_MATH Cx<F> op_Cosh(Cx<F> z) { return {op_Cosh(z.re) * op_Cos(z.im), op_Sinh(z.re) * op_Sin(z.im)}; }
TSVM_MATH Cx<F> op_Tanh(Cx<F> z) {
  const F two = number(z.re, 2), far = number(z.re, 12.0f, 25.0);
  const F x = clamp(z.re, -far, far);
  const F below = op_Cosh(x * two) + op_Cos(z.im * two);
  const auto at_end = abs(z.re) > far;
  const F zero = splat(z.re, typename F::Scalar(0));
  return {select(at_end, copysign_bits(number(z.re, 1), z.re), op_Sinh(x * two) / below),
          select(at_end, copysign_bits(zero, z.im), op_Sin(z.im * two) / below)};
}
TSVM_MATH Cx<F> op_Sin(Cx<F> z) { return over_i(op_Sinh(times_i(z))); }
TSVM_MATH Cx<F> op_Cos(Cx<F> z) { return op_Cosh(times_i(z)); }
TSVM_MATH Cx<F> op_Tan(Cx<F> z) { return over_i(op_Tanh(times_i(z))); }
TSVM_MATH Cx<F> op_Asinh(Cx<F> z) {
  // On the side where z + sqrt(z^2 + 1) does not cancel; the function is odd.
  const auto left = z.re < splat(z.re, typename F::Scalar(0));
  const Cx<F> w = select(left, -z, z);
  const Cx<F> one = real_number(number(z.re, 1));
  const Cx<F> y = op_Log(w + op_Sqrt(w * w + one));
  return select(left, -y, y);
}
TSVM_MATH Cx<F> op_Asin(Cx<F> z) { return over_i(op_Asinh(times_i(z))); }
TSVM_MATH Cx<F> op_Acos(Cx<F> z) {
  const Cx<F> s = op_Asin(z);
  return {number(z.re, 1.57079632679489661923) - s.re, -s.im};
}
TSVM_MATH Cx<F> op_Acosh(Cx<F> z) {
  const Cx<F> one = real_number(number(z.re, 1));
  return op_Log(z + op_Sqrt(z + one) * op_Sqrt(z - one));
}
TSVM_MATH Cx<F> op_Atanh(Cx<F> z) {
  const Cx<F> one = real_number(number(z.re, 1));
  const F half = number(z.re, 0.5);
  const Cx<F> y = op_Log(one + z) - op_Log(one - z);
  return {y.re * half, y.im * half};
}
TSVM_MATH Cx<F> op_Atan(Cx<F> z) { return over_i(op_Atanh(times_i(z))); }
TSVM_MATH Cx<F> op_Sigmoid(Cx<F> z) {
  const Cx<F> one = real_number(number(z.re, 1));
  return one / (one + op_Exp(-z));
}
TSVM_MATH Cx<F> op_Pow(Cx<F> x, Cx<F> y) {
  const F zero = splat(x.re, typename F::Scalar(0)), one = number(x.re, 1);
  const Cx<F> p = op_Exp(y * op_Log(x));
  const auto origin = (x.re == zero) & (x.im == zero);
  const auto to_zero = (y.re == zero) & (y.im == zero);
  return select(to_zero, real_number(one), select(origin, real_number(zero), p));
}

}  // namespace tsvm::ops::scalar::math

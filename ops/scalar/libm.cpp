#include "ops/scalar/libm.h"

#include <cmath>
#include <limits>

namespace tsvm::ops::scalar {

namespace {

/// The inverse of erf: a series' first guess (Winitzki's formula), then Newton-Halley steps on erf itself, which double
/// the digits.
double erfinv(double y) {
  if (!(std::fabs(y) < 1))
    return std::fabs(y) == 1 ? std::copysign(HUGE_VAL, y) : std::numeric_limits<double>::quiet_NaN();
  if (std::fabs(y) < 0x1p-27) return y * 0.88622692545275801365;
  const double a = 0.147;
  const double log_term = std::log1p(-y * y);
  const double half = 2 / (M_PI * a) + log_term / 2;
  double x = std::copysign(std::sqrt(std::sqrt(half * half - log_term / a) - half), y);
  const double slope = 1.12837916709551257390;  // 2 / sqrt(pi)
  for (int step = 0; step < 3; step++) {
    // Near +-1 the complement keeps the digits that erf has lost.
    const double error = std::fabs(y) < 0.5 ? std::erf(x) - y
                         : y > 0            ? (1 - y) - std::erfc(x)
                                            : std::erfc(-x) - (1 + y);
    const double newton = error / (slope * std::exp(-x * x));
    x -= newton / (1 + x * newton);
  }
  return x;
}

/// lgamma() of the C library writes the global signgam; lgamma_r does not.
double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

/// The logarithmic derivative of gamma: reflection for negative numbers, recurrence up to 10, then the asymptotic
/// series.
double digamma(double x) {
  if (x == 0) return std::copysign(HUGE_VAL, -x);
  double result = 0;
  if (x < 0) {
    if (x == std::trunc(x)) return std::numeric_limits<double>::quiet_NaN();
    double whole;
    const double fraction = std::modf(x, &whole);
    result = -M_PI / std::tan(M_PI * fraction);
    x = 1 - x;
  }
  while (x < 10) {
    result -= 1 / x;
    x += 1;
  }
  if (std::isinf(x)) return x;
  const double z = 1 / (x * x);
  // Bernoulli numbers B(2k) / 2k.
  const double series =
      z * (1.0 / 12 - z * (1.0 / 120 -
                           z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z * (1.0 / 12)))))));
  return result + std::log(x) - 0.5 / x - series;
}

double next_float(double x, double y) { return std::nextafterf(static_cast<float>(x), static_cast<float>(y)); }

#define TSVM_ONE_1(fn) static_cast<double (*)(double)>(fn)
#define TSVM_ONE_2(fn) nullptr
#define TSVM_TWO_1(fn) nullptr
#define TSVM_TWO_2(fn) static_cast<double (*)(double, double)>(fn)
constexpr LibmInfo kLibm[] = {
#define LIBM(name, arguments, fn, cuda) {#name, arguments, TSVM_ONE_##arguments(fn), TSVM_TWO_##arguments(fn), cuda},
#include "ops/scalar/libm.def"
#undef LIBM
};

template <class T>
void call(LibmFn fn, int n, T* out, const T* a, const T* b) noexcept {
  const LibmInfo& row = info(fn);
  if (b == nullptr)
    for (int i = 0; i < n; i++) out[i] = static_cast<T>(row.one(static_cast<double>(a[i])));
  else
    for (int i = 0; i < n; i++) out[i] = static_cast<T>(row.two(static_cast<double>(a[i]), static_cast<double>(b[i])));
}

}  // namespace

const LibmInfo& info(LibmFn fn) { return kLibm[static_cast<int>(fn)]; }

void call_libm(LibmFn fn, int n, float* out, const float* a, const float* b) noexcept { call(fn, n, out, a, b); }
void call_libm(LibmFn fn, int n, double* out, const double* a, const double* b) noexcept { call(fn, n, out, a, b); }

}  // namespace tsvm::ops::scalar

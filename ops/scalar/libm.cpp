#include "ops/scalar/libm.h"

#include <cmath>
#include <limits>

namespace tsvm::ops::scalar {

namespace {

/// Defines functions, and `text` with their source for the device.
#define TSVM_WITH_TEXT(text, ...) \
  __VA_ARGS__                     \
  constexpr char text[] = #__VA_ARGS__;

// The inverse of erf: a first guess by Winitzki's formula, then Halley steps on erf itself, each of which triples the
// digits. Near +-1 the complement keeps the digits that erf has lost.
TSVM_WITH_TEXT(
    kErfinvText, double tsvm_erfinv(double y) {
      const double huge = 1e300 * 1e300;
      const double magnitude = fabs(y);
      if (!(magnitude < 1)) return magnitude == 1 ? copysign(huge, y) : huge - huge;
      if (magnitude < 0x1p-27) return y * 0.88622692545275801365;
      const double pi = 3.14159265358979323846;
      const double a = 0.147;
      const double log_term = log1p(-y * y);
      const double half = 2 / (pi * a) + log_term / 2;
      double x = copysign(sqrt(sqrt(half * half - log_term / a) - half), y);
      const double slope = 1.12837916709551257390;
      for (int step = 0; step < 3; step++) {
        const double error = magnitude < 0.5 ? erf(x) - y : y > 0 ? (1 - y) - erfc(x) : erfc(-x) - (1 + y);
        const double newton = error / (slope * exp(-x * x));
        x -= newton / (1 + x * newton);
      }
      return x;
    })

/// lgamma() of the C library writes the global signgam; lgamma_r does not.
double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

// The logarithmic derivative of gamma: reflection for negative numbers, recurrence up to 10, then the asymptotic
// series, whose coefficients are Bernoulli numbers B(2k) / 2k.
TSVM_WITH_TEXT(
    kDigammaText, double tsvm_digamma(double x) {
      const double pi = 3.14159265358979323846;
      const double huge = 1e300 * 1e300;
      if (x == 0) return copysign(huge, -x);
      double result = 0;
      if (x < 0) {
        if (x == trunc(x)) return (x - x) / (x - x);
        result = -pi / tan(pi * (x - trunc(x)));
        x = 1 - x;
      }
      while (x < 10) {
        result -= 1 / x;
        x += 1;
      }
      if (x == huge) return x;
      const double z = 1 / (x * x);
      const double tail = 1.0 / 132 - z * (691.0 / 32760 - z * (1.0 / 12));
      const double series = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * tail))));
      return result + log(x) - 0.5 / x - series;
    })

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

const char* device_source(LibmFn fn) {
  return fn == LibmFn::Digamma ? kDigammaText : fn == LibmFn::Erfinv ? kErfinvText : nullptr;
}

const LibmInfo& info(LibmFn fn) { return kLibm[static_cast<int>(fn)]; }

void call_libm(LibmFn fn, int n, float* out, const float* a, const float* b) noexcept { call(fn, n, out, a, b); }
void call_libm(LibmFn fn, int n, double* out, const double* a, const double* b) noexcept { call(fn, n, out, a, b); }

}  // namespace tsvm::ops::scalar

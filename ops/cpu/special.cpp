// Special functions that are loops, series or recurrences, and so no scalar programs. Each is a function of doubles,
// applied element by element; float32 and the 16-bit types are computed in double and rounded once.
#include <cmath>
#include <cstring>

#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"
#include "ops/cpu/special.h"

namespace tsvm::ops::cpu {
namespace special {

namespace {
constexpr double kEps = 2.220446049250313e-16;
constexpr double kInf = HUGE_VAL;
const double kNan = std::nan("");
constexpr double kEuler = 0.5772156649015329;

bool is_whole(double x) { return std::floor(x) == x; }
}  // namespace

double digamma(double x) {
  if (x == 0) return std::copysign(kInf, -x);
  if (x < 0) {
    if (is_whole(x)) return kNan;
    double whole;
    const double frac = std::modf(x, &whole);
    return digamma(1 - x) - M_PI / std::tan(M_PI * frac);
  }
  double sum = 0;
  while (x < 10) {
    sum -= 1 / x;
    x += 1;
  }
  const double z = 1 / (x * x);
  double tail = 0;
  if (x < 1e17)
    tail =
        z *
        (1.0 / 12 -
         z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z * (1.0 / 12)))))));
  return sum + std::log(x) - 0.5 / x - tail;
}

namespace {

/// In the precision of the elements: what is near a pole is as far from it as the rounded argument says.
template <class T>
T trigamma_of(T x) {
  T sign = 1, result = 0;
  if (x < 0.5) {
    sign = -1;
    const T pi = static_cast<T>(M_PI), s = std::sin(pi * x);
    result -= pi * pi / (s * s);
    x = 1 - x;
  }
  for (int i = 0; i < 6; i++) {
    result += 1 / (x * x);
    x += 1;
  }
  const T z = 1 / (x * x);
  result += (1 + 1 / (2 * x) + z * (T(1) / 6 - z * (T(1) / 30 - z * (T(1) / 42)))) / x;
  return sign * result;
}

}  // namespace

double trigamma(double x) { return trigamma_of(x); }

/// Hurwitz's zeta function: a partial sum and the Euler-Maclaurin tail.
double zeta(double x, double q) {
  if (x == 1) return kInf;
  if (x < 1) return kNan;
  if (q <= 0) {
    if (is_whole(q)) return kInf;
    if (!is_whole(x)) return kNan;
  }
  double s = std::pow(q, -x), a = q, b = 0;
  for (int i = 0; i < 9 || a <= 9; i++) {
    a += 1;
    b = std::pow(a, -x);
    s += b;
    if (std::fabs(b / s) < kEps) return s;
  }
  // b is a^-x. Terms of Bernoulli's numbers over the factorials.
  static constexpr double kDivisors[] = {12.0,
                                         -720.0,
                                         30240.0,
                                         -1209600.0,
                                         47900160.0,
                                         -1307674368000.0 / 691,
                                         74724249600.0,
                                         -10670622842880000.0 / 3617,
                                         5109094217170944000.0 / 43867,
                                         -802857662698291200000.0 / 174611,
                                         14101100039391805440000.0 / 77683,
                                         -1693824136731743669452800000.0 / 236364091};
  s += b * a / (x - 1) - 0.5 * b;
  double factor = 1, k = 0;
  for (double d : kDivisors) {
    factor *= x + k;
    b /= a;
    const double t = factor * b / d;
    s += t;
    if (std::fabs(t / s) < kEps) return s;
    k += 1;
    factor *= x + k;
    b /= a;
    k += 1;
  }
  return s;
}

double polygamma(int64_t n, double x) {
  if (n == 0) return digamma(x);
  if (n == 1) return trigamma(x);
  return (n % 2 == 0 ? -1.0 : 1.0) * std::exp(std::lgamma(static_cast<double>(n) + 1)) *
         zeta(static_cast<double>(n) + 1, x);
}

namespace {

/// x^a e^-x / gamma(a)
double gamma_factor(double a, double x) { return std::exp(a * std::log(x) - x - std::lgamma(a)); }

double gamma_series(double a, double x) {
  double r = a, c = 1, sum = 1;
  for (int i = 0; i < 5000; i++) {
    r += 1;
    c *= x / r;
    sum += c;
    if (c <= kEps * sum) break;
  }
  return sum * gamma_factor(a, x) / a;
}

/// The upper function by Lentz's continued fraction.
double gamma_fraction(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, h = d;
  for (int i = 1; i < 5000; i++) {
    const double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (std::fabs(d) < kTiny) d = kTiny;
    c = b + an / c;
    if (std::fabs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double change = d * c;
    h *= change;
    if (std::fabs(change - 1) < kEps) break;
  }
  return gamma_factor(a, x) * h;
}

}  // namespace

double igamma(double a, double x) {
  if (x < 0 || a < 0) return kNan;
  if (a == 0) return x > 0 ? 1 : kNan;
  if (x == 0) return 0;
  if (std::isinf(a)) return std::isinf(x) ? kNan : 0;
  if (std::isinf(x)) return 1;
  if (std::isnan(a) || std::isnan(x)) return kNan;
  return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double igammac(double a, double x) {
  if (x < 0 || a < 0) return kNan;
  if (a == 0) return x > 0 ? 0 : kNan;
  if (x == 0) return 1;
  if (std::isinf(a)) return std::isinf(x) ? kNan : 1;
  if (std::isinf(x)) return 0;
  if (std::isnan(a) || std::isnan(x)) return kNan;
  return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

namespace {

/// e^-x I_nu(x) for large x.
double bessel_i_tail(double nu, double x) {
  const double mu = 4 * nu * nu;
  double sum = 1, term = 1;
  for (int k = 1; k < 60; k++) {
    const double odd = 2.0 * k - 1;
    const double next = -term * (mu - odd * odd) / (k * 8 * x);
    if (std::fabs(next) > std::fabs(term)) break;
    term = next;
    sum += term;
    if (std::fabs(term) < kEps * std::fabs(sum)) break;
  }
  return sum / std::sqrt(2 * M_PI * x);
}

double bessel_i(int nu, double x, bool scaled) {
  const double a = std::fabs(x), sign = nu == 1 && x < 0 ? -1 : 1;
  if (std::isnan(x)) return x;
  if (a > 30) return sign * bessel_i_tail(nu, a) * (scaled ? 1 : std::exp(a));
  const double q = a * a / 4;
  double term = nu == 0 ? 1 : a / 2, sum = term;
  for (int k = 1; k < 500; k++) {
    term *= q / (k * (k + nu));
    sum += term;
    if (term < kEps * sum) break;
  }
  return sign * sum * (scaled ? std::exp(-a) : 1);
}

double bessel_k(int nu, double x, bool scaled) {
  if (std::isnan(x)) return x;
  if (x == 0) return kInf;
  if (x < 0) return kNan;
  if (x < 600) return std::cyl_bessel_k(nu, x) * (scaled ? std::exp(x) : 1);
  const double mu = 4.0 * nu * nu;
  double sum = 1, term = 1;
  for (int k = 1; k < 30; k++) {
    const double odd = 2.0 * k - 1;
    term *= (mu - odd * odd) / (k * 8 * x);
    sum += term;
    if (std::fabs(term) < kEps) break;
  }
  return sum * std::sqrt(M_PI / (2 * x)) * (scaled ? 1 : std::exp(-x));
}

}  // namespace

double i0(double x) { return bessel_i(0, x, false); }
double i0e(double x) { return bessel_i(0, x, true); }
double i1(double x) { return bessel_i(1, x, false); }
double i1e(double x) { return bessel_i(1, x, true); }

double erfcx(double x) {
  if (std::isnan(x)) return x;
  if (x < 0) return x < -26.7 ? kInf : 2 * std::exp(x * x) - erfcx(-x);
  if (x < 10) {
    // The rounding error of x * x, times e^(x * x), matters.
    const double square = x * x, rest = std::fma(x, x, -square);
    return std::exp(square) * (1 + rest) * std::erfc(x);
  }
  const double z = 1 / (2 * x * x);
  double term = 1, sum = 1;
  for (int k = 1; k < 30; k++) {
    const double next = -term * (2 * k - 1) * z;
    if (std::fabs(next) < kEps || std::fabs(next) > std::fabs(term)) break;
    term = next;
    sum += term;
  }
  return sum / (x * std::sqrt(M_PI));
}

double log_ndtr(double x) {
  const double t = x * M_SQRT1_2;
  return x < -1 ? std::log(erfcx(-t) / 2) - t * t : std::log1p(-std::erfc(t) / 2);
}

/// The quantile of the normal distribution: a rational guess, then Halley's steps on the error function.
double ndtri(double p) {
  if (std::isnan(p) || p < 0 || p > 1) return kNan;
  if (p == 0) return -kInf;
  if (p == 1) return kInf;
  if (p > 0.5) {
    if (p > 0.97575) return -ndtri(1 - p);
  }
  static constexpr double kA[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                  1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  static constexpr double kB[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                                  6.680131188771972e+01, -1.328068155288572e+01};
  static constexpr double kC[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                  -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  static constexpr double kD[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                  3.754408661907416e+00};
  double x;
  if (p < 0.02425) {
    const double q = std::sqrt(-2 * std::log(p));
    x = (((((kC[0] * q + kC[1]) * q + kC[2]) * q + kC[3]) * q + kC[4]) * q + kC[5]) /
        ((((kD[0] * q + kD[1]) * q + kD[2]) * q + kD[3]) * q + 1);
  } else {
    const double q = p - 0.5, r = q * q;
    x = (((((kA[0] * r + kA[1]) * r + kA[2]) * r + kA[3]) * r + kA[4]) * r + kA[5]) * q /
        (((((kB[0] * r + kB[1]) * r + kB[2]) * r + kB[3]) * r + kB[4]) * r + 1);
  }
  for (int i = 0; i < 3; i++) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    if (density == 0) break;
    const double e = (0.5 * std::erfc(-x * M_SQRT1_2) - p) / density;
    x -= e / (1 + x * e / 2);
  }
  return x;
}

namespace {

double spherical_j0(double x) {
  if (std::isinf(x)) return 0;
  if (std::fabs(x) < 0.5) {
    const double z = x * x;
    return 1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110 * (1 - z / 156)))));
  }
  return std::sin(x) / x;
}

double airy_ai(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return kNan;
  if (x > 103.892) return 0;
  if (std::fabs(x) < 1) {
    // The power series.
    const double c1 = 0.355028053887817239, c2 = 0.258819403792806798, z = x * x * x;
    double f = 1, g = x, tf = 1, tg = x;
    for (int k = 1; k < 40; k++) {
      tf *= z / ((3.0 * k - 1) * (3.0 * k));
      tg *= z / ((3.0 * k) * (3.0 * k + 1));
      f += tf;
      g += tg;
    }
    return c1 * f - c2 * g;
  }
  const double a = std::fabs(x), zeta_of = 2.0 / 3 * a * std::sqrt(a);
  if (x > 0) return std::sqrt(x / 3) / M_PI * std::cyl_bessel_k(1.0 / 3, zeta_of);
  return std::sqrt(a) / 2 * (std::cyl_bessel_j(1.0 / 3, zeta_of) - std::cyl_neumann(1.0 / 3, zeta_of) / std::sqrt(3.0));
}

double bessel_y(int nu, double x) {
  if (x == 0) return -kInf;
  if (x < 0 || std::isinf(x)) return kNan;
  return nu == 0 ? ::y0(x) : ::y1(x);
}

/// p_{k+1} = step(k, p_k, p_{k-1}) from p_0 = 1 and p_1.
template <class F>
double recurrence(double n, double first, F&& step) {
  const int64_t degree = static_cast<int64_t>(n);
  if (degree < 0) return 0;
  if (degree == 0) return 1;
  double before = 1, now = first;
  for (int64_t k = 1; k < degree; k++) {
    const double next = step(static_cast<double>(k), now, before);
    before = now;
    now = next;
    if (std::isnan(now)) break;
  }
  return now;
}

double chebyshev(double x, double n, double first) {
  return recurrence(n, first, [x](double, double now, double before) { return 2 * x * now - before; });
}

double chebyshev_t(double x, double n) {
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 || static_cast<int64_t>(n) % 2 == 0 ? 1 : -1;
  if (n > 6 && std::fabs(x) < 1) return std::cos(std::trunc(n) * std::acos(x));
  return chebyshev(x, n, x);
}
double chebyshev_u(double x, double n) {
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 || static_cast<int64_t>(n) % 2 == 0 ? std::trunc(n) + 1 : -(std::trunc(n) + 1);
  if (n > 8 && std::fabs(x) < 1) {
    const double s = std::sin(std::acos(x));
    if (s != 0) return std::sin((std::trunc(n) + 1) * std::acos(x)) / s;
  }
  return chebyshev(x, n, 2 * x);
}
double chebyshev_v(double x, double n) {
  if (n < 0) return 0;
  const double k = std::trunc(n);
  if (x == 1) return 1;
  if (x == -1) return static_cast<int64_t>(n) % 2 == 0 ? 2 * k + 1 : -(2 * k + 1);
  if (n > 8 && std::fabs(x) < 1 && std::cos(std::acos(x) / 2) != 1)
    return std::cos((k + 0.5) * std::acos(x)) / std::cos(std::acos(x) / 2);
  return chebyshev(x, n, 2 * x - 1);
}
double chebyshev_w(double x, double n) {
  if (n < 0) return 0;
  const double k = std::trunc(n);
  if (x == 1) return 2 * k + 1;
  if (x == -1) return static_cast<int64_t>(n) % 2 == 0 ? 1 : -1;
  if (n > 8 && std::fabs(x) < 1 && std::cos(std::acos(x) / 2) != 1)
    return std::sin((k + 0.5) * std::acos(x)) / std::sin(std::acos(x) / 2);
  return chebyshev(x, n, 2 * x + 1);
}
double hermite_h(double x, double n) {
  return recurrence(n, 2 * x, [x](double k, double now, double before) { return 2 * x * now - 2 * k * before; });
}
double hermite_he(double x, double n) {
  return recurrence(n, x, [x](double k, double now, double before) { return x * now - k * before; });
}
double laguerre_l(double x, double n) {
  if (n < 0) return 0;
  if (std::fabs(x) == 0) return 1;
  return recurrence(
      n, 1 - x, [x](double k, double now, double before) { return ((2 * k + 1 - x) * now - k * before) / (k + 1); });
}
double legendre_p(double x, double n) {
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 || static_cast<int64_t>(n) % 2 == 0 ? 1 : -1;
  return recurrence(
      n, x, [x](double k, double now, double before) { return ((2 * k + 1) * x * now - k * before) / (k + 1); });
}

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

/// The regularised incomplete beta function.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  constexpr double kTiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (std::fabs(d) < kTiny) d = kTiny;
  d = 1 / d;
  double h = d;
  for (int m = 1; m < 2000; m++) {
    const double m2 = 2.0 * m;
    auto one = [&](double f) {
      d = 1 + f * d;
      if (std::fabs(d) < kTiny) d = kTiny;
      c = 1 + f / c;
      if (std::fabs(c) < kTiny) c = kTiny;
      d = 1 / d;
      h *= d * c;
      return d * c;
    };
    one(m * (b - m) * x / ((a + m2 - 1) * (a + m2)));
    if (std::fabs(one(-(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1))) - 1) < kEps) break;
  }
  return std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b)) * h / a;
}

/// The derivative of f at p, by central differences extrapolated once.
template <class F>
double slope(double p, const F& f) {
  const double h = 1e-3 * std::min(1.0, p);
  const double coarse = (f(p + h) - f(p - h)) / (2 * h), fine = (f(p + h / 2) - f(p - h / 2)) / h;
  return (4 * fine - coarse) / 3;
}

}  // namespace

/// How a Gamma(alpha) sample moves with alpha: minus the slope of its distribution function by the density.
double standard_gamma_grad(double alpha, double x) {
  if (x <= 0) return 0;
  if (x < 0.8) {
    double numerator = 1, denominator = alpha, first = 1 / alpha, second = 1 / (alpha * alpha);
    for (int i = 1; i <= 20; i++) {
      numerator *= -x / i;
      denominator += 1;
      first += numerator / denominator;
      second += numerator / (denominator * denominator);
    }
    return -((std::log(x) - digamma(alpha)) * first - second) * x * std::exp(x);
  }
  const double density = std::exp((alpha - 1) * std::log(x) - x - std::lgamma(alpha));
  if (density == 0) return 0;
  const bool upper = x > alpha + 1;
  const double s = slope(alpha, [&](double a) { return upper ? -gamma_fraction(a, x) : igamma(a, x); });
  return -s / density;
}

/// The same for one component of a Dirichlet sample.
double dirichlet_grad(double x, double alpha, double total) {
  const double beta = total - alpha;
  const double density = std::exp((alpha - 1) * std::log(x) + (beta - 1) * std::log1p(-x) - log_beta(alpha, beta));
  if (!(density > 0)) return 0;
  const double s = slope(alpha, [&](double a) { return incomplete_beta(a, beta, x); });
  // Of the normalised vector, with the total moving along.
  return -s / density / (1 - x);
}

}  // namespace special

namespace {

using One = double (*)(double);
using Two = double (*)(double, double);

double shifted_t(double x, double n) { return special::chebyshev_t(2 * x - 1, n); }
double shifted_u(double x, double n) { return special::chebyshev_u(2 * x - 1, n); }
double shifted_v(double x, double n) { return special::chebyshev_v(2 * x - 1, n); }
double shifted_w(double x, double n) { return special::chebyshev_w(2 * x - 1, n); }
double k0(double x) { return special::bessel_k(0, x, false); }
double k1(double x) { return special::bessel_k(1, x, false); }
double k0e(double x) { return special::bessel_k(0, x, true); }
double k1e(double x) { return special::bessel_k(1, x, true); }
double y0_of(double x) { return special::bessel_y(0, x); }
double y1_of(double x) { return special::bessel_y(1, x); }
double j0_of(double x) { return std::isinf(x) ? std::nan("") : ::j0(x); }
double j1_of(double x) { return std::isinf(x) ? std::nan("") : ::j1(x); }

struct NamedOne {
  const char* name;
  One f;
};
constexpr NamedOne kOnes[] = {{"special_i0e", special::i0e},
                              {"i0", special::i0},
                              {"special_i1", special::i1},
                              {"special_i1e", special::i1e},
                              {"special_ndtri", special::ndtri},
                              {"special_log_ndtr", special::log_ndtr},
                              {"special_erfcx", special::erfcx},
                              {"special_airy_ai", special::airy_ai},
                              {"special_bessel_j0", j0_of},
                              {"special_bessel_j1", j1_of},
                              {"special_bessel_y0", y0_of},
                              {"special_bessel_y1", y1_of},
                              {"special_modified_bessel_i0", special::i0},
                              {"special_modified_bessel_i1", special::i1},
                              {"special_modified_bessel_k0", k0},
                              {"special_modified_bessel_k1", k1},
                              {"special_scaled_modified_bessel_k0", k0e},
                              {"special_scaled_modified_bessel_k1", k1e},
                              {"special_spherical_bessel_j0", special::spherical_j0}};
struct NamedTwo {
  const char* name;
  Two f;
};
constexpr NamedTwo kTwos[] = {{"special_zeta", special::zeta},
                              {"igamma", special::igamma},
                              {"igammac", special::igammac},
                              {"special_chebyshev_polynomial_t", special::chebyshev_t},
                              {"special_chebyshev_polynomial_u", special::chebyshev_u},
                              {"special_chebyshev_polynomial_v", special::chebyshev_v},
                              {"special_chebyshev_polynomial_w", special::chebyshev_w},
                              {"special_hermite_polynomial_h", special::hermite_h},
                              {"special_hermite_polynomial_he", special::hermite_he},
                              {"special_laguerre_polynomial_l", special::laguerre_l},
                              {"special_legendre_polynomial_p", special::legendre_p},
                              {"special_shifted_chebyshev_polynomial_t", shifted_t},
                              {"special_shifted_chebyshev_polynomial_u", shifted_u},
                              {"special_shifted_chebyshev_polynomial_v", shifted_v},
                              {"special_shifted_chebyshev_polynomial_w", shifted_w},
                              {"standard_gamma_grad", special::standard_gamma_grad}};

template <class F>
Tensor map_one(const Tensor& self, std::string_view name, const F& f) {
  const DType type = is_integral_or_bool(self.dtype()) ? default_dtype() : self.dtype();
  if (is_complex(type)) fail_dtype(std::string(name).c_str(), type);
  Tensor x = self.dtype() == type ? self : to_copy(self, type), out = empty_like(x);
  if (out.is_meta()) return out;
  LoopNest<2> nest(out.sizes());
  nest.add(out);
  nest.add(x);
  nest.finish();
  TSVM_DISPATCH_FLOATING(type, "special", {
    nest.run(
        [&](char** data, const int64_t* strides, int64_t n) {
          for (int64_t i = 0; i < n; i++) {
            const scalar_t v = *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]);
            *reinterpret_cast<scalar_t*>(data[0] + i * strides[0]) = convert<scalar_t>(f(convert<double>(v)));
          }
        },
        1024);
  });
  return out;
}

template <class F>
Tensor map_two(const Tensor& a0, const Tensor& b0, std::string_view name, const F& f) {
  DType type = result_type(a0, b0);
  if (is_integral_or_bool(type)) type = default_dtype();
  if (is_complex(type)) fail_dtype(std::string(name).c_str(), type);
  const Tensor a = a0.dtype() == type ? a0 : to_copy(a0, type), b = b0.dtype() == type ? b0 : to_copy(b0, type);
  Tensor out = ops::empty(broadcast_sizes(a.sizes(), b.sizes()), type, a0.device());
  if (out.is_meta()) return out;
  LoopNest<3> nest(out.sizes());
  nest.add(out);
  nest.add(a);
  nest.add(b);
  nest.finish();
  TSVM_DISPATCH_FLOATING(type, "special", {
    nest.run(
        [&](char** data, const int64_t* strides, int64_t n) {
          for (int64_t i = 0; i < n; i++) {
            const scalar_t x = *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]),
                           y = *reinterpret_cast<const scalar_t*>(data[2] + i * strides[2]);
            *reinterpret_cast<scalar_t*>(data[0] + i * strides[0]) =
                convert<scalar_t>(f(convert<double>(x), convert<double>(y)));
          }
        },
        1024);
  });
  return out;
}

}  // namespace

Tensor special_one(const Tensor& self, std::string_view name) {
  for (const NamedOne& one : kOnes)
    if (name == one.name) return map_one(self, name, one.f);
  fail(ErrorKind::RuntimeError, "unknown special function ", name);
}

Tensor special_two(const Tensor& self, const Tensor& other, std::string_view name) {
  for (const NamedTwo& two : kTwos)
    if (name == two.name) {
      // Degrees of polynomials are rounded towards zero.
      if (name.find("polynomial") != std::string_view::npos)
        return map_two(self, other, name, [&](double x, double n) { return two.f(x, std::trunc(n)); });
      return map_two(self, other, name, two.f);
    }
  fail(ErrorKind::RuntimeError, "unknown special function ", name);
}

Tensor polygamma(int64_t n, const Tensor& self) {
  OPS_CHECK(n >= 0, RuntimeError, "polygamma(n, x) does not support negative n.");
  if (n == 1 && self.dtype() != DType::Float64)
    return map_one(self, "polygamma",
                   [](double x) { return static_cast<double>(special::trigamma_of(static_cast<float>(x))); });
  return map_one(self, "polygamma", [n](double x) { return special::polygamma(n, x); });
}

Tensor dirichlet_grad(const Tensor& x, const Tensor& alpha, const Tensor& total) {
  const DimVector sizes = broadcast_sizes(broadcast_sizes(x.sizes(), alpha.sizes()), total.sizes());
  if (x.is_meta()) return ops::empty(sizes, x.dtype(), x.device());
  const Tensor a = contiguous(to_copy(expand(x, sizes), DType::Float64)),
               b = contiguous(to_copy(expand(alpha, sizes), DType::Float64)),
               c = contiguous(to_copy(expand(total, sizes), DType::Float64));
  Tensor out = ops::empty(sizes, DType::Float64);
  for (int64_t i = 0; i < out.numel(); i++)
    out.data_ptr<double>()[i] =
        special::dirichlet_grad(a.data_ptr<double>()[i], b.data_ptr<double>()[i], c.data_ptr<double>()[i]);
  return to_copy(out, x.dtype());
}

namespace {

template <class F>
Tensor map_ints(const Tensor& a0, const Tensor& b0, const char* name, const F& f) {
  const DType type = result_type(a0, b0);
  const Tensor a = a0.dtype() == type ? a0 : to_copy(a0, type), b = b0.dtype() == type ? b0 : to_copy(b0, type);
  Tensor out = ops::empty(broadcast_sizes(a.sizes(), b.sizes()), type, a0.device());
  if (out.is_meta()) return out;
  LoopNest<3> nest(out.sizes());
  nest.add(out);
  nest.add(a);
  nest.add(b);
  nest.finish();
  TSVM_DISPATCH(type, name, TSVM_CASES_INTEGRAL({
                  nest.run([&](char** data, const int64_t* strides, int64_t n) {
                    for (int64_t i = 0; i < n; i++) {
                      const scalar_t x = *reinterpret_cast<const scalar_t*>(data[1] + i * strides[1]),
                                     y = *reinterpret_cast<const scalar_t*>(data[2] + i * strides[2]);
                      *reinterpret_cast<scalar_t*>(data[0] + i * strides[0]) = static_cast<scalar_t>(f(x, y));
                    }
                  });
                }));
  return out;
}

int64_t gcd_of(int64_t a, int64_t b) {
  a = a < 0 ? -a : a;
  b = b < 0 ? -b : b;
  while (a != 0) {
    const int64_t c = a;
    a = b % a;
    b = c;
  }
  return b;
}

}  // namespace

Tensor gcd(const Tensor& self, const Tensor& other) {
  return map_ints(self, other, "gcd_cpu", [](int64_t a, int64_t b) { return gcd_of(a, b); });
}

Tensor lcm(const Tensor& self, const Tensor& other) {
  return map_ints(self, other, "lcm_cpu", [](int64_t a, int64_t b) {
    const int64_t g = gcd_of(a, b);
    const int64_t v = g == 0 ? 0 : a / g * b;
    return v < 0 ? -v : v;
  });
}

std::tuple<Tensor, Tensor> frexp(const Tensor& self) {
  OPS_CHECK(is_floating(self.dtype()), RuntimeError, "torch.frexp() only supports floating-point dtypes");
  Tensor mantissa = empty_like(self), exponent = empty_like(self, DType::Int32);
  if (self.is_meta()) return {mantissa, exponent};
  LoopNest<3> nest(self.sizes());
  nest.add(mantissa);
  nest.add(exponent);
  nest.add(self);
  nest.finish();
  TSVM_DISPATCH_FLOATING(self.dtype(), "frexp", {
    nest.run([&](char** data, const int64_t* strides, int64_t n) {
      for (int64_t i = 0; i < n; i++) {
        int e = 0;
        const double v = std::frexp(convert<double>(*reinterpret_cast<const scalar_t*>(data[2] + i * strides[2])), &e);
        *reinterpret_cast<scalar_t*>(data[0] + i * strides[0]) = convert<scalar_t>(v);
        *reinterpret_cast<int*>(data[1] + i * strides[1]) = e;
      }
    });
  });
  return {mantissa, exponent};
}

// --- samples ---

namespace {

double sample_gamma(double alpha, Generator& g) {
  double scale = 1;
  if (alpha < 1) {
    if (alpha == 0) return 0;
    scale *= std::pow(1 - g.uniform_double(), 1 / alpha);
    alpha += 1;
  }
  const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x, y;
    do {
      x = g.normal();
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y, u = 1 - g.uniform_double(), xx = x * x;
    if (u < 1 - 0.0331 * xx * xx) return scale * d * v;
    if (std::log(u) < 0.5 * xx + d * (1 - v + std::log(v))) return scale * d * v;
  }
}

double sample_poisson(double lambda, Generator& g) {
  OPS_CHECK(lambda >= 0, RuntimeError, "invalid Poisson rate, expected rate to be non-negative");
  if (lambda >= 10) {
    const double root = std::sqrt(lambda), log_lambda = std::log(lambda), b = 0.931 + 2.53 * root,
                 a = -0.059 + 0.02483 * b, inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const double u = g.uniform_double() - 0.5, v = g.uniform_double(), us = 0.5 - std::fabs(u);
      const int64_t k = static_cast<int64_t>(std::floor((2 * a / us + b) * u + lambda + 0.43));
      if (us >= 0.07 && v <= vr) return static_cast<double>(k);
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const double kd = static_cast<double>(k);
      if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
          -lambda + kd * log_lambda - std::lgamma(kd + 1))
        return kd;
    }
  }
  if (lambda == 0) return 0;
  const double limit = std::exp(-lambda);
  double product = 1;
  for (int64_t k = 0;; k++) {
    product *= g.uniform_double();
    if (product <= limit) return static_cast<double>(k);
  }
}

double stirling_tail(double k) {
  static constexpr double kTail[] = {0.0810614667953272,  0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
                                     0.0166446911898211,  0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
                                     0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return kTail[static_cast<size_t>(k)];
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

double binomial_by_rejection(double count, double prob, Generator& g) {
  const double deviation = std::sqrt(count * prob * (1 - prob)), b = 1.15 + 2.53 * deviation,
               a = -0.0873 + 0.0248 * b + 0.01 * prob, c = count * prob + 0.5, vr = 0.92 - 4.2 / b,
               r = prob / (1 - prob), alpha = (2.83 + 5.1 / b) * deviation, m = std::floor((count + 1) * prob);
  for (;;) {
    const double u = g.uniform_double() - 0.5;
    double v = g.uniform_double();
    const double us = 0.5 - std::fabs(u), k = std::floor((2 * a / us + b) * u + c);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= vr) return k;
    v = std::log(v * alpha / (a / (us * us) + b));
    const double bound = (m + 0.5) * std::log((m + 1) / (r * (count - m + 1))) +
                         (count + 1) * std::log((count - m + 1) / (count - k + 1)) +
                         (k + 0.5) * std::log(r * (count - k + 1) / (k + 1)) + stirling_tail(m) +
                         stirling_tail(count - m) - stirling_tail(k) - stirling_tail(count - k);
    if (v <= bound) return k;
  }
}

double binomial_by_inversion(double count, double prob, Generator& g) {
  const double log_rest = std::log1p(-prob);
  double sum = 0;
  for (double n = 0;; n++) {
    sum += std::ceil(std::log(g.uniform_double()) / log_rest);
    if (sum > count) return n;
  }
}

double sample_binomial(double count, double prob, Generator& g) {
  OPS_CHECK(!(count < 0), RuntimeError, "binomial: count must be non-negative");
  if (count <= 0 || prob <= 0) return 0;
  if (prob >= 1) return count;
  if (std::isnan(prob)) return prob;
  const double p = prob <= 0.5 ? prob : 1 - prob;
  const double k = count * p >= 10 ? binomial_by_rejection(count, p, g) : binomial_by_inversion(count, p, g);
  return prob <= 0.5 ? k : count - k;
}

/// out[i] = draw(self[i]) in row-major order of self.
template <class F>
Tensor draw_each(const Tensor& self, const char* name, const F& draw) {
  if (self.is_meta()) return ops::empty(self.sizes(), self.dtype(), self.device());
  Tensor in = contiguous(self), out = ops::empty(self.sizes(), self.dtype());
  TSVM_DISPATCH_FLOATING(self.dtype(), name, {
    for (int64_t i = 0; i < in.numel(); i++)
      out.data_ptr<scalar_t>()[i] = convert<scalar_t>(draw(convert<double>(in.data_ptr<scalar_t>()[i])));
  });
  return out;
}

Generator chosen(const Gen& generator) { return generator ? *generator : default_generator(); }

}  // namespace

Tensor poisson(const Tensor& self, const Gen& generator) {
  Generator g = chosen(generator);
  return draw_each(self, "poisson_cpu", [&](double lambda) { return sample_poisson(lambda, g); });
}

Tensor standard_gamma(const Tensor& self, const Gen& generator) {
  Generator g = chosen(generator);
  const double least = self.dtype() == DType::Float64 ? 2.2250738585072014e-308 : 1.17549435e-38;
  return draw_each(self, "gamma", [&](double alpha) { return std::max(least, sample_gamma(alpha, g)); });
}

Tensor binomial(const Tensor& count, const Tensor& prob, const Gen& generator) {
  Generator g = chosen(generator);
  const DimVector sizes = broadcast_sizes(count.sizes(), prob.sizes());
  if (count.is_meta()) return ops::empty(sizes, count.dtype(), count.device());
  const Tensor n = contiguous(expand(count, sizes)), p = contiguous(expand(prob, sizes));
  OPS_CHECK(n.dtype() == p.dtype(), RuntimeError, "Found dtype ", info(p.dtype()).cpp_name, " but expected ",
            info(n.dtype()).cpp_name);
  Tensor out = ops::empty(sizes, count.dtype());
  TSVM_DISPATCH_FLOATING(count.dtype(), "binomial_cpu", {
    for (int64_t i = 0; i < out.numel(); i++)
      out.data_ptr<scalar_t>()[i] = convert<scalar_t>(
          sample_binomial(convert<double>(n.data_ptr<scalar_t>()[i]), convert<double>(p.data_ptr<scalar_t>()[i]), g));
  });
  return out;
}

}  // namespace tsvm::ops::cpu

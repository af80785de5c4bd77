// `math`: CPython's functions with its results, errors and integer exactness.
//
// Functions of one float go through one table: domain errors are recognised by a nan (or infinity) that the argument
// does not explain, as CPython does.
#include <cfenv>
#include <cfloat>
#include <cmath>
#include <vector>

#include "stdlib/native/modules.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;
using ir::ArithOp;
using ir::CompareOp;

Value domain_error(VM& vm) { return raise(vm, vm.types.ValueError, "math domain error"); }
Value range_error(VM& vm) { return raise(vm, vm.types.OverflowError, "math range error"); }

/// fn(x); an infinite result of a finite argument is an overflow, or a domain error where `pole` says so.
template <class Fn>
Value real(VM& vm, Value v, bool pole, Fn fn) {
  double x;
  if (!arg_double(vm, v, x)) return Value::error();
  double r = fn(x);
  if (std::isnan(r) && !std::isnan(x)) return domain_error(vm);
  if (std::isinf(r) && std::isfinite(x)) return pole ? domain_error(vm) : range_error(vm);
  return Value::number(r);
}

#define REAL(name, pole, expression)                                                                               \
  {                                                                                                                \
    name "(x, /)",                                                                                                 \
        [](VM& vm, const Value* a) { return real(vm, a[0], pole, [](double x) -> double { return expression; }); } \
  }

/// ceil, floor, trunc: ints of any size; other types through their special method.
Value to_whole(VM& vm, Value v, const char* method, double (*fn)(double)) {
  if (!v.is_float()) {
    Ref special(lookup_special(vm, v, vm.name(method)));
    if (special.is_error()) return Value::error();
    if (!special->is_unbound()) return call(vm, *special, std::span<const Value>());
    if (std::string_view(method) == "__trunc__")
      return raise(vm, vm.types.TypeError, "type %s doesn't define __trunc__ method", type_of(vm, v)->name->data);
  }
  double x;
  return arg_double(vm, v, x) ? make_int_from_double(vm, fn(x)) : Value::error();
}

/// log of an int too large for a double: halves it with shifts and adds the exponent back.
bool log_of(VM& vm, Value v, double (*fn)(double), double per_bit, double& out) {
  if (is_integer(v)) {
    Ref zero(Value::integer(0));
    Ref positive(compare(vm, CompareOp::Gt, v, *zero));
    if (positive.is_error()) return false;
    if (truth(vm, *positive) != 1) return fail(vm, vm.types.ValueError, "math domain error");
    double x;
    if (to_double(vm, v, x)) {
      out = fn(x);
      return true;
    }
    if (!clear_pending_if(vm, vm.types.OverflowError)) return false;
    Ref bits(call_method(vm, v, "bit_length"));
    if (bits.is_error()) return false;
    int64_t shift = bits->i - 64;
    Ref top(binary(vm, ArithOp::RShift, v, Value::integer(shift)));
    if (top.is_error() || !to_double(vm, *top, x)) return false;
    out = fn(x) + static_cast<double>(shift) * per_bit;
    return true;
  }
  double x;
  if (!arg_double(vm, v, x)) return false;
  if (x <= 0) return fail(vm, vm.types.ValueError, "math domain error");
  out = fn(x);
  return true;
}

Value math_log(VM& vm, const Value* a) {
  double x, base;
  if (!log_of(vm, a[0], std::log, M_LN2, x)) return Value::error();
  if (a[1].is_unbound()) return Value::number(x);
  if (!log_of(vm, a[1], std::log, M_LN2, base)) return Value::error();
  if (base == 0) return raise(vm, vm.types.ZeroDivisionError, "float division by zero");
  return Value::number(x / base);
}

Value math_pow(VM& vm, const Value* a) {
  double x, y;
  if (!arg_double(vm, a[0], x) || !arg_double(vm, a[1], y)) return Value::error();
  double r = std::pow(x, y);
  if (std::isnan(r) && !std::isnan(x) && !std::isnan(y)) return domain_error(vm);
  if (std::isinf(r) && std::isfinite(x) && std::isfinite(y)) return x == 0 ? domain_error(vm) : range_error(vm);
  return Value::number(r);
}

Value math_fmod(VM& vm, const Value* a) {
  double x, y;
  if (!arg_double(vm, a[0], x) || !arg_double(vm, a[1], y)) return Value::error();
  if (std::isinf(y) && std::isfinite(x)) return Value::number(x);
  double r = std::fmod(x, y);
  return std::isnan(r) && !std::isnan(x) && !std::isnan(y) ? domain_error(vm) : Value::number(r);
}

Value math_ldexp(VM& vm, const Value* a) {
  double x;
  int64_t e;
  if (!arg_double(vm, a[0], x)) return Value::error();
  if (!is_integer(a[1])) return raise(vm, vm.types.TypeError, "Expected an int as second argument to ldexp.");
  if (!arg_int_clamped(vm, a[1], e)) return Value::error();
  double r = std::ldexp(x, static_cast<int>(std::max<int64_t>(std::min<int64_t>(e, 100000), -100000)));
  return std::isinf(r) && std::isfinite(x) ? range_error(vm) : Value::number(r);
}

Value math_modf(VM& vm, const Value* a) {
  double x, whole;
  if (!arg_double(vm, a[0], x)) return Value::error();
  double part = std::modf(x, &whole);
  return make_tuple(vm, {Value::number(std::isinf(x) ? std::copysign(0.0, x) : part), Value::number(whole)});
}

Value math_frexp(VM& vm, const Value* a) {
  double x;
  int e = 0;
  if (!arg_double(vm, a[0], x)) return Value::error();
  double m = std::isfinite(x) ? std::frexp(x, &e) : x;
  return make_tuple(vm, {Value::number(m), Value::integer(e)});
}

/// Shewchuk's exact sum: non-overlapping partial sums; the last rounding is half-even.
Value math_fsum(VM& vm, const Value* a) {
  std::vector<double> partials;
  double special = 0, infinities = 0;
  bool any_special = false, overflow = false;
  bool ok = for_each(vm, a[0], [&](Value item) {
    double x;
    if (!arg_double(vm, item, x)) return false;
    double original = x;
    size_t kept = 0;
    for (double y : partials) {
      if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
      double high = x + y;
      double low = y - (high - x);
      if (low != 0) partials[kept++] = low;
      x = high;
    }
    partials.resize(kept);
    if (x != 0) {
      if (!std::isfinite(x)) {
        if (std::isfinite(original)) {
          overflow = true;
          return fail(vm, vm.types.OverflowError, "intermediate overflow in fsum");
        }
        if (std::isinf(original)) infinities += original;
        special += original;
        any_special = true;
        partials.clear();
      } else {
        partials.push_back(x);
      }
    }
    return true;
  });
  if (!ok || overflow) return Value::error();
  if (any_special) {
    if (std::isnan(infinities)) return raise(vm, vm.types.ValueError, "-inf + inf in fsum");
    return Value::number(special);
  }
  double high = 0, low = 0;
  size_t n = partials.size();
  while (n > 0) {
    double x = high, y = partials[--n];
    high = x + y;
    low = y - (high - x);
    if (low != 0) break;
  }
  if (n > 0 && ((low < 0 && partials[n - 1] < 0) || (low > 0 && partials[n - 1] > 0))) {
    double twice = low * 2, x = high + twice;
    if (twice == x - high) high = x;
  }
  return Value::number(high);
}

Value binary_or_error(VM& vm, ArithOp op, const Ref& a, const Ref& b) { return binary(vm, op, *a, *b); }

Value gcd_of(VM& vm, Value a, Value b) {
  Ref x(to_index(vm, a)), y(to_index(vm, b));
  if (x.is_error() || y.is_error()) return Value::error();
  while (truth(vm, *y)) {
    if (x->is_int() && y->is_int() && x->i != INT64_MIN && y->i != INT64_MIN) {
      uint64_t p = static_cast<uint64_t>(std::llabs(x->i)), q = static_cast<uint64_t>(std::llabs(y->i));
      while (q) std::swap(p %= q, q);
      return make_uint(vm, p);
    }
    Ref r(binary_or_error(vm, ArithOp::Mod, x, y));
    if (r.is_error()) return Value::error();
    x = y;
    y = r;
  }
  return call_method(vm, *x, "__abs__");
}

Value math_gcd(VM& vm, const Value* a) {
  Ref g(Value::integer(0));
  for (Value v : as<Tuple>(a[0])->span()) {
    g = Ref(gcd_of(vm, *g, v));
    if (g.is_error()) return Value::error();
  }
  return g.take();
}

Value math_lcm(VM& vm, const Value* a) {
  Ref l(Value::integer(1));
  for (Value v : as<Tuple>(a[0])->span()) {
    Ref g(gcd_of(vm, *l, v));
    if (g.is_error()) return Value::error();
    if (truth(vm, *g) == 0 || truth(vm, v) == 0) return Value::integer(0);
    Ref q(binary(vm, ArithOp::FloorDiv, *l, *g));
    if (q.is_error()) return Value::error();
    Ref p(binary(vm, ArithOp::Mul, *q, v));
    if (p.is_error()) return Value::error();
    l = Ref(call_method(vm, *p, "__abs__"));
    if (l.is_error()) return Value::error();
  }
  return l.take();
}

/// The product of from, from + 1, ..., to by halves, so that the factors stay of like size.
Value range_product(VM& vm, int64_t from, int64_t to) {
  if (from > to) return Value::integer(1);
  if (to - from < 8) {
    Ref p(Value::integer(from));
    for (int64_t i = from + 1; i <= to; i++) p = Ref(binary(vm, ArithOp::Mul, *p, Value::integer(i)));
    return p.take();
  }
  int64_t middle = from + (to - from) / 2;
  Ref low(range_product(vm, from, middle)), high(range_product(vm, middle + 1, to));
  return binary(vm, ArithOp::Mul, *low, *high);
}

Value math_factorial(VM& vm, const Value* a) {
  if (a[0].is_float()) return raise(vm, vm.types.TypeError, "'float' object cannot be interpreted as an integer");
  int64_t n;
  Ref i(to_index(vm, a[0]));
  if (i.is_error()) return Value::error();
  if (!i->is_int())
    return raise(vm, vm.types.OverflowError, "factorial() argument should not exceed 9223372036854775807");
  n = i->i;
  if (n < 0) return raise(vm, vm.types.ValueError, "factorial() not defined for negative values");
  return range_product(vm, 2, n);
}

bool count_args(VM& vm, const Value* a, int64_t& n, int64_t& k) {
  if (!arg_int(vm, a[0], n)) return false;
  if (n < 0) return fail(vm, vm.types.ValueError, "n must be a non-negative integer");
  k = n;
  if (!a[1].is_none()) {
    if (!arg_int(vm, a[1], k)) return false;
    if (k < 0) return fail(vm, vm.types.ValueError, "k must be a non-negative integer");
  }
  return true;
}

Value math_perm(VM& vm, const Value* a) {
  int64_t n, k;
  if (!count_args(vm, a, n, k)) return Value::error();
  return k > n ? Value::integer(0) : range_product(vm, n - k + 1, n);
}

Value math_comb(VM& vm, const Value* a) {
  int64_t n, k;
  if (!count_args(vm, a, n, k)) return Value::error();
  if (k > n) return Value::integer(0);
  k = std::min(k, n - k);
  Ref top(range_product(vm, n - k + 1, n)), bottom(range_product(vm, 1, k));
  return binary(vm, ArithOp::FloorDiv, *top, *bottom);
}

Value math_isqrt(VM& vm, const Value* a) {
  Ref n(to_index(vm, a[0]));
  if (n.is_error()) return Value::error();
  Ref negative(compare(vm, CompareOp::Lt, *n, Value::integer(0)));
  if (truth(vm, *negative)) return raise(vm, vm.types.ValueError, "isqrt() argument must be nonnegative");
  if (n->is_int() || n->is_bool()) {
    int64_t r = static_cast<int64_t>(std::sqrt(static_cast<double>(n->i)));
    while (r > 0 && (r > 3037000499 || r * r > n->i)) r--;
    while (r < 3037000499 && (r + 1) * (r + 1) <= n->i) r++;
    return Value::integer(r);
  }
  // Newton's iteration from above.
  Ref bits(call_method(vm, *n, "bit_length"));
  if (bits.is_error()) return Value::error();
  Ref x(binary(vm, ArithOp::LShift, Value::integer(1), Value::integer((bits->i + 1) / 2)));
  for (;;) {
    Ref q(binary(vm, ArithOp::FloorDiv, *n, *x));
    if (q.is_error()) return Value::error();
    Ref sum(binary(vm, ArithOp::Add, *x, *q));
    Ref next(binary(vm, ArithOp::RShift, *sum, Value::integer(1)));
    Ref smaller(compare(vm, CompareOp::Lt, *next, *x));
    if (smaller.is_error()) return Value::error();
    if (truth(vm, *smaller) == 0) return x.take();
    x = next;
  }
}

Value math_prod(VM& vm, const Value* a) {
  Ref p = Ref::copy(a[1]);
  bool ok = for_each(vm, a[0], [&](Value item) {
    p = Ref(binary(vm, ArithOp::Mul, *p, item));
    return !p.is_error();
  });
  return ok ? p.take() : Value::error();
}

/// sqrt of the sum of squares, scaled by the largest so that nothing overflows.
double norm_of(const std::vector<double>& v) {
  double largest = 0;
  bool nan = false;
  for (double x : v) {
    if (std::isinf(x)) return INFINITY;
    nan |= std::isnan(x);
    largest = std::max(largest, std::fabs(x));
  }
  if (nan) return NAN;
  if (largest == 0) return 0;
  long double sum = 0;
  for (double x : v) {
    long double y = static_cast<long double>(x) / largest;
    sum += y * y;
  }
  return static_cast<double>(largest * sqrtl(sum));
}

bool doubles_of(VM& vm, Value sequence, std::vector<double>& out) {
  return for_each(vm, sequence, [&](Value item) {
    double x;
    if (!arg_double(vm, item, x)) return false;
    out.push_back(x);
    return true;
  });
}

Value math_hypot(VM& vm, const Value* a) {
  std::vector<double> v;
  return doubles_of(vm, a[0], v) ? Value::number(norm_of(v)) : Value::error();
}

Value math_dist(VM& vm, const Value* a) {
  std::vector<double> p, q;
  if (!doubles_of(vm, a[0], p) || !doubles_of(vm, a[1], q)) return Value::error();
  if (p.size() != q.size())
    return raise(vm, vm.types.ValueError, "both points must have the same number of dimensions");
  for (size_t i = 0; i < p.size(); i++) p[i] -= q[i];
  return Value::number(norm_of(p));
}

Value math_isclose(VM& vm, const Value* a) {
  double x, y, rel, abs;
  if (!arg_double(vm, a[0], x) || !arg_double(vm, a[1], y) || !arg_double(vm, a[2], rel) || !arg_double(vm, a[3], abs))
    return Value::error();
  if (rel < 0 || abs < 0) return raise(vm, vm.types.ValueError, "tolerances must be non-negative");
  if (x == y) return Value::boolean(true);
  if (std::isinf(x) || std::isinf(y)) return Value::boolean(false);
  double d = std::fabs(y - x);
  return Value::boolean(d <= std::fabs(rel * y) || d <= std::fabs(rel * x) || d <= abs);
}

template <class Fn>
Value two(VM& vm, const Value* a, Fn fn) {
  double x, y;
  if (!arg_double(vm, a[0], x) || !arg_double(vm, a[1], y)) return Value::error();
  return fn(x, y);
}

template <class Fn>
Value test(VM& vm, const Value* a, Fn fn) {
  double x;
  return arg_double(vm, a[0], x) ? Value::boolean(fn(x)) : Value::error();
}

Value math_gamma(VM& vm, const Value* a) {
  double x;
  if (!arg_double(vm, a[0], x)) return Value::error();
  if (x == std::floor(x) && x <= 0) return domain_error(vm);
  if (x == std::floor(x) && x <= 23) {  // exact for the small factorials
    double r = 1;
    for (double i = 2; i < x; i++) r *= i;
    return Value::number(r);
  }
  double r = std::tgamma(x);
  return std::isinf(r) && std::isfinite(x) ? range_error(vm) : Value::number(r);
}

Value math_lgamma(VM& vm, const Value* a) {
  double x;
  if (!arg_double(vm, a[0], x)) return Value::error();
  if (x == std::floor(x) && x <= 0 && std::isfinite(x)) return domain_error(vm);
  double r = std::lgamma(x);
  return std::isinf(r) && std::isfinite(x) ? range_error(vm) : Value::number(r);
}

const NativeDef kFunctions[] = {
    REAL("sqrt", false, std::sqrt(x)),
    REAL("exp", false, std::exp(x)),
    REAL("exp2", false, std::exp2(x)),
    REAL("expm1", false, std::expm1(x)),
    REAL("sin", false, std::sin(x)),
    REAL("cos", false, std::cos(x)),
    REAL("tan", false, std::tan(x)),
    REAL("asin", false, std::asin(x)),
    REAL("acos", false, std::acos(x)),
    REAL("atan", false, std::atan(x)),
    REAL("sinh", false, std::sinh(x)),
    REAL("cosh", false, std::cosh(x)),
    REAL("tanh", false, std::tanh(x)),
    REAL("asinh", false, std::asinh(x)),
    REAL("acosh", false, std::acosh(x)),
    REAL("atanh", true, std::atanh(x)),
    REAL("log1p", true, std::log1p(x)),
    REAL("fabs", false, std::fabs(x)),
    REAL("erf", false, std::erf(x)),
    REAL("erfc", false, std::erfc(x)),
    REAL("cbrt", false, std::cbrt(x)),
    REAL("degrees", false, x*(180.0 / M_PI)),
    REAL("radians", false, x*(M_PI / 180.0)),
    {"gamma(x, /)", math_gamma},
    {"lgamma(x, /)", math_lgamma},
    {"ceil(x, /)", [](VM& vm, const Value* a) { return to_whole(vm, a[0], "__ceil__", std::ceil); }},
    {"floor(x, /)", [](VM& vm, const Value* a) { return to_whole(vm, a[0], "__floor__", std::floor); }},
    {"trunc(x, /)", [](VM& vm, const Value* a) { return to_whole(vm, a[0], "__trunc__", std::trunc); }},
    {"log(x, base=..., /)", math_log},
    {"log2(x, /)",
     [](VM& vm, const Value* a) {
       double r;
       return log_of(vm, a[0], std::log2, 1.0, r) ? Value::number(r) : Value::error();
     }},
    {"log10(x, /)",
     [](VM& vm, const Value* a) {
       double r;
       return log_of(vm, a[0], std::log10, 0.30102999566398119521, r) ? Value::number(r) : Value::error();
     }},
    {"pow(x, y, /)", math_pow},
    {"fmod(x, y, /)", math_fmod},
    {"remainder(x, y, /)",
     [](VM& vm, const Value* a) {
       return two(vm, a, [&](double x, double y) {
         double r = std::remainder(x, y);
         return std::isnan(r) && !std::isnan(x) && !std::isnan(y) ? domain_error(vm) : Value::number(r);
       });
     }},
    {"atan2(y, x, /)",
     [](VM& vm, const Value* a) {
       return two(vm, a, [](double y, double x) { return Value::number(std::atan2(y, x)); });
     }},
    {"copysign(x, y, /)",
     [](VM& vm, const Value* a) {
       return two(vm, a, [](double x, double y) { return Value::number(std::copysign(x, y)); });
     }},
    {"nextafter(x, y, /)",
     [](VM& vm, const Value* a) {
       return two(vm, a, [](double x, double y) { return Value::number(std::nextafter(x, y)); });
     }},
    {"ulp(x, /)",
     [](VM& vm, const Value* a) {
       double x;
       if (!arg_double(vm, a[0], x)) return Value::error();
       x = std::fabs(x);
       if (!std::isfinite(x)) return Value::number(x);
       double up = std::nextafter(x, INFINITY);
       return Value::number(std::isinf(up) ? x - std::nextafter(x, 0) : up - x);
     }},
    {"ldexp(x, i, /)", math_ldexp},
    {"modf(x, /)", math_modf},
    {"frexp(x, /)", math_frexp},
    {"fsum(seq, /)", math_fsum},
    {"gcd(*integers)", math_gcd},
    {"lcm(*integers)", math_lcm},
    {"factorial(n, /)", math_factorial},
    {"perm(n, k=None, /)", math_perm},
    {"comb(n, k, /)", math_comb},
    {"isqrt(n, /)", math_isqrt},
    {"prod(iterable, /, *, start=1)", math_prod},
    {"hypot(*coordinates)", math_hypot},
    {"dist(p, q, /)", math_dist},
    {"isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)", math_isclose},
    {"isnan(x, /)", [](VM& vm, const Value* a) { return test(vm, a, [](double x) { return std::isnan(x); }); }},
    {"isinf(x, /)", [](VM& vm, const Value* a) { return test(vm, a, [](double x) { return std::isinf(x); }); }},
    {"isfinite(x, /)", [](VM& vm, const Value* a) { return test(vm, a, [](double x) { return std::isfinite(x); }); }},
};

}  // namespace

Value make_math(VM& vm) {
  ModuleBuilder m(vm, "math");
  m.functions(kFunctions)
      .constant("pi", Value::number(M_PI))
      .constant("e", Value::number(M_E))
      .constant("tau", Value::number(2 * M_PI))
      .constant("inf", Value::number(INFINITY))
      .constant("nan", Value::number(NAN));
  return m.take();
}

}  // namespace tsvm::stdlib

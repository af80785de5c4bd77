#include "ir/passes/fold.h"

#include <cmath>
#include <limits>

namespace tsvm::ir {

namespace {

using Kind = Constant::Kind;
constexpr size_t kLongestText = 4096;
constexpr int64_t kExactInDouble = int64_t{1} << 53;

bool exact_in_double(int64_t v) { return v >= -kExactInDouble && v <= kExactInDouble; }
bool is_integer(const Constant& c) { return c.kind == Kind::Int || c.kind == Kind::Bool; }
bool is_real(const Constant& c) { return is_integer(c) || c.kind == Kind::Float; }
double as_double(const Constant& c) { return c.kind == Kind::Float ? c.float_value : static_cast<double>(c.int_value); }

// Power by squaring; every intermediate value divides the result, so none overflows unless the result does (but for the
// last square, which is not needed).
bool power(int64_t base, int64_t exponent, int64_t& out) {
  if (exponent < 0) return false;
  int64_t result = 1;
  while (exponent != 0) {
    if (exponent & 1)
      if (__builtin_mul_overflow(result, base, &result)) return false;
    exponent >>= 1;
    if (exponent != 0 && __builtin_mul_overflow(base, base, &base)) return false;
  }
  out = result;
  return true;
}

uint64_t power_wrapping(uint64_t base, int64_t exponent) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

// Division towards minus infinity, of what does not overflow.
int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}
int64_t floor_mod(int64_t a, int64_t b) {
  int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// CPython's remainder: the sign of the divisor, and a zero with that sign.
double float_mod(double a, double b) {
  double r = std::fmod(a, b);
  if (r == 0) return std::copysign(0.0, b);
  return (b < 0) != (r < 0) ? r + b : r;
}
// The quotient from the exact remainder; it is within rounding of an integer, the nearest one is meant.
double float_floor_div(double a, double b) {
  double r = std::fmod(a, b);
  double q = (a - r) / b;
  if (r != 0 && (b < 0) != (r < 0)) q -= 1.0;
  if (q == 0) return std::copysign(0.0, a / b);
  double whole = std::floor(q);
  return q - whole > 0.5 ? whole + 1.0 : whole;
}

// Exact, although not every int has a double: -1, 0, 1; 2 when b is not a number.
int compare_int_double(int64_t a, double b) {
  if (std::isnan(b)) return 2;
  if (b >= 9223372036854775808.0) return -1;
  if (b < -9223372036854775808.0) return 1;
  double whole = std::floor(b);
  int64_t i = static_cast<int64_t>(whole);
  if (a != i) return a < i ? -1 : 1;
  return whole == b ? 0 : -1;
}

template <class T>
bool ordered(CompareOp op, const T& a, const T& b) {
  switch (op) {
    case CompareOp::Lt: return a < b;
    case CompareOp::Le: return a <= b;
    case CompareOp::Eq: return a == b;
    case CompareOp::Ne: return a != b;
    case CompareOp::Gt: return a > b;
    case CompareOp::Ge: return a >= b;
    default: return false;
  }
}

bool repeat_text(const Constant& text, int64_t times, Constant& out) {
  if (times < 0) times = 0;
  if (!text.text.empty() && static_cast<uint64_t>(times) > kLongestText / text.text.size()) return false;
  out = Constant{};
  out.kind = text.kind;
  if (!text.text.empty())
    for (int64_t i = 0; i < times; i++) out.text += text.text;
  return true;
}

bool is_singleton(const Constant& c) {
  return c.kind == Kind::None || c.kind == Kind::Bool || c.kind == Kind::Ellipsis;
}

}  // namespace

Constant int_constant(int64_t value) {
  Constant c;
  c.kind = Kind::Int;
  c.int_value = value;
  return c;
}
Constant float_constant(double value) {
  Constant c;
  c.kind = Kind::Float;
  c.float_value = value;
  return c;
}
Constant bool_constant(bool value) {
  Constant c;
  c.kind = Kind::Bool;
  c.int_value = value;
  return c;
}
Constant str_constant(std::string text) {
  Constant c;
  c.kind = Kind::Str;
  c.text = std::move(text);
  return c;
}

bool fold_i64(ArithOp op, int64_t a, int64_t b, int64_t& out) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  switch (op) {
    case ArithOp::Add: return !__builtin_add_overflow(a, b, &out);
    case ArithOp::Sub: return !__builtin_sub_overflow(a, b, &out);
    case ArithOp::Mul: return !__builtin_mul_overflow(a, b, &out);
    case ArithOp::FloorDiv:
      if (b == 0 || (a == kMin && b == -1)) return false;
      out = floor_div(a, b);
      return true;
    case ArithOp::Mod:
      if (b == 0) return false;
      out = b == -1 ? 0 : floor_mod(a, b);
      return true;
    case ArithOp::Pow: return power(a, b, out);
    case ArithOp::LShift:
      if (b < 0) return false;
      if (a == 0) {
        out = 0;
        return true;
      }
      if (b > 62) return false;
      out = static_cast<int64_t>(static_cast<uint64_t>(a) << b);
      return out >> b == a;
    case ArithOp::RShift:
      if (b < 0) return false;
      out = a >> (b > 63 ? 63 : b);
      return true;
    case ArithOp::And: out = a & b; return true;
    case ArithOp::Or: out = a | b; return true;
    case ArithOp::Xor: out = a ^ b; return true;
    case ArithOp::TrueDiv:
    case ArithOp::MatMul:
    case ArithOp::Count: return false;
  }
  return false;
}

bool fold_i64_wrapping(ArithOp op, int64_t a, int64_t b, int64_t& out) {
  uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
  switch (op) {
    case ArithOp::Add: out = static_cast<int64_t>(x + y); return true;
    case ArithOp::Sub: out = static_cast<int64_t>(x - y); return true;
    case ArithOp::Mul: out = static_cast<int64_t>(x * y); return true;
    case ArithOp::Pow:
      if (b < 0) return false;
      out = static_cast<int64_t>(power_wrapping(x, b));
      return true;
    case ArithOp::LShift:
      if (b < 0 || b > 63) return false;
      out = static_cast<int64_t>(x << b);
      return true;
    default: return fold_i64(op, a, b, out);
  }
}

bool fold_f64(ArithOp op, double a, double b, double& out) {
  switch (op) {
    case ArithOp::Add: out = a + b; return true;
    case ArithOp::Sub: out = a - b; return true;
    case ArithOp::Mul: out = a * b; return true;
    case ArithOp::TrueDiv:
      if (b == 0) return false;
      out = a / b;
      return true;
    case ArithOp::FloorDiv:
      if (b == 0) return false;
      out = float_floor_div(a, b);
      return true;
    case ArithOp::Mod:
      if (b == 0) return false;
      out = float_mod(a, b);
      return true;
    case ArithOp::Pow:
      // The plain cases only; those of zeros, infinities and negative bases have rules of their own.
      if (!(a > 0) || !std::isfinite(a) || !std::isfinite(b)) return false;
      out = std::pow(a, b);
      return std::isfinite(out);
    default: return false;
  }
}

bool compare_i64(CompareOp op, int64_t a, int64_t b) { return ordered(op, a, b); }
bool compare_f64(CompareOp op, double a, double b) { return ordered(op, a, b); }

bool fold_binary(ArithOp op, const Constant& a, const Constant& b, Constant& out) {
  if (is_integer(a) && is_integer(b)) {
    if (op == ArithOp::TrueDiv) {
      // Rounded once, as CPython does, when both are exact as doubles.
      if (!exact_in_double(a.int_value) || !exact_in_double(b.int_value) || b.int_value == 0) return false;
      out = float_constant(static_cast<double>(a.int_value) / static_cast<double>(b.int_value));
      return true;
    }
    int64_t value;
    if (!fold_i64(op, a.int_value, b.int_value, value)) return false;
    bool logic = op == ArithOp::And || op == ArithOp::Or || op == ArithOp::Xor;
    out = logic && a.kind == Kind::Bool && b.kind == Kind::Bool ? bool_constant(value != 0) : int_constant(value);
    return true;
  }
  if (is_real(a) && is_real(b)) {
    double value;
    if (!fold_f64(op, as_double(a), as_double(b), value)) return false;
    out = float_constant(value);
    return true;
  }
  bool text_a = a.kind == Kind::Str || a.kind == Kind::Bytes, text_b = b.kind == Kind::Str || b.kind == Kind::Bytes;
  if (op == ArithOp::Add && text_a && a.kind == b.kind && a.text.size() + b.text.size() <= kLongestText) {
    out = a;
    out.text += b.text;
    return true;
  }
  if (op == ArithOp::Mul && text_a && is_integer(b)) return repeat_text(a, b.int_value, out);
  if (op == ArithOp::Mul && text_b && is_integer(a)) return repeat_text(b, a.int_value, out);
  return false;
}

bool fold_unary(UnaryOp op, const Constant& a, Constant& out) {
  if (op == UnaryOp::Not) {
    out = bool_constant(!constant_truth(a));
    return true;
  }
  if (a.kind == Kind::Float && op != UnaryOp::Invert) {
    out = float_constant(op == UnaryOp::Neg ? -a.float_value : a.float_value);
    return true;
  }
  if (!is_integer(a)) return false;
  switch (op) {
    case UnaryOp::Neg:
      if (a.int_value == std::numeric_limits<int64_t>::min()) return false;
      out = int_constant(-a.int_value);
      return true;
    case UnaryOp::Pos: out = int_constant(a.int_value); return true;
    case UnaryOp::Invert: out = int_constant(~a.int_value); return true;
    case UnaryOp::Not:
    case UnaryOp::Count: return false;
  }
  return false;
}

bool fold_compare(CompareOp op, const Constant& a, const Constant& b, bool& out) {
  switch (op) {
    case CompareOp::Is:
    case CompareOp::IsNot:
      if (!is_singleton(a) && !is_singleton(b)) return false;
      out = (a == b) == (op == CompareOp::Is);
      return true;
    case CompareOp::In:
    case CompareOp::NotIn:
      if (a.kind != Kind::Str || b.kind != Kind::Str) return false;
      out = (b.text.find(a.text) != std::string::npos) == (op == CompareOp::In);
      return true;
    default: break;
  }
  if (is_integer(a) && is_integer(b)) {
    out = ordered(op, a.int_value, b.int_value);
    return true;
  }
  if (is_real(a) && is_real(b)) {
    if (a.kind == Kind::Float && b.kind == Kind::Float) {
      out = ordered(op, a.float_value, b.float_value);
      return true;
    }
    int order = a.kind == Kind::Float ? compare_int_double(b.int_value, a.float_value)
                                      : compare_int_double(a.int_value, b.float_value);
    if (order == 2)
      out = op == CompareOp::Ne;
    else
      out = ordered(op, a.kind == Kind::Float ? -order : order, 0);
    return true;
  }
  // UTF-8 keeps the order of code points.
  if (a.kind == b.kind && (a.kind == Kind::Str || a.kind == Kind::Bytes)) {
    out = ordered(op, a.text, b.text);
    return true;
  }
  if ((op == CompareOp::Eq || op == CompareOp::Ne) && (a.kind == Kind::None || b.kind == Kind::None)) {
    out = (a.kind == b.kind) == (op == CompareOp::Eq);
    return true;
  }
  return false;
}

bool constant_truth(const Constant& a) {
  switch (a.kind) {
    case Kind::None: return false;
    case Kind::Bool:
    case Kind::Int: return a.int_value != 0;
    case Kind::BigInt:
    case Kind::Ellipsis: return true;
    case Kind::Float:
    case Kind::Imaginary: return a.float_value != 0;
    case Kind::Str:
    case Kind::Bytes: return !a.text.empty();
    case Kind::Tuple:
    case Kind::FrozenSet: return !a.items.empty();
  }
  return false;
}

}  // namespace tsvm::ir

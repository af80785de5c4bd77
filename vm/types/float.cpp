// float: IEEE doubles as immediate values; instances of subclasses are boxed.
#include <cmath>
#include <cstdlib>

#include "base/repr.h"
#include "vm/native.h"
#include "vm/numbers.h"
#include "vm/text.h"
#include "vm/types/bigint.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;
using ir::UnaryOp;
using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

uint64_t hash_double(double d) {
  if (!std::isfinite(d)) {
    if (std::isinf(d)) return d > 0 ? 314159 : static_cast<uint64_t>(-314159);
    return 0x7ff80;  // nan: CPython hashes its address
  }
  int e;
  double m = std::frexp(d, &e);
  bool negative = m < 0;
  if (negative) m = -m;
  // 28 bits at a time, modulo 2^61 - 1.
  uint64_t x = 0;
  while (m != 0) {
    x = ((x << 28) & kHashModulus) | x >> (61 - 28);
    m *= 268435456.0;
    e -= 28;
    auto y = static_cast<uint64_t>(m);
    m -= static_cast<double>(y);
    x += y;
    if (x >= kHashModulus) x -= kHashModulus;
  }
  e = e >= 0 ? e % 61 : 61 - 1 - ((-1 - e) % 61);
  x = ((x << e) & kHashModulus) | x >> (61 - e);
  if (negative) x = 0 - x;
  return x == UINT64_MAX ? UINT64_MAX - 1 : x;
}

void float_divmod(double a, double b, double& quotient, double& rest) {
  rest = std::fmod(a, b);
  double div = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) {
      rest += b;
      div -= 1.0;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  if (div != 0) {
    quotient = std::floor(div);
    if (div - quotient > 0.5) quotient += 1.0;
  } else {
    quotient = std::copysign(0.0, a / b);
  }
}

Value float_pow(VM& vm, double a, double b) {
  if (b == 0) return Value::number(1.0);
  if (std::isnan(a)) return Value::number(a);
  if (std::isnan(b)) return Value::number(a == 1.0 ? 1.0 : b);
  if (std::isinf(b)) {
    double m = std::fabs(a);
    if (m == 1.0) return Value::number(1.0);
    if ((b > 0) == (m > 1.0)) return Value::number(std::fabs(b));
    return Value::number(0.0);
  }
  if (std::isinf(a)) {
    bool odd = std::fmod(std::fabs(b), 2.0) == 1.0;
    if (b > 0) return Value::number(odd ? a : std::fabs(a));
    return Value::number(odd ? std::copysign(0.0, a) : 0.0);
  }
  if (a == 0) {
    if (b < 0) return raise(vm, vm.types.ZeroDivisionError, "0.0 cannot be raised to a negative power");
    bool odd = std::fmod(std::fabs(b), 2.0) == 1.0;
    return Value::number(odd ? a : 0.0);
  }
  if (a < 0 && b != std::floor(b)) {
    double length = std::pow(-a, b), angle = M_PI * b;
    if (std::isinf(length)) return raise(vm, vm.types.OverflowError, "complex exponentiation");
    return make_complex(vm, length * std::cos(angle), length * std::sin(angle));
  }
  double r = std::pow(a, b);
  if (std::isinf(r)) {
    Ref text(make_ascii(vm, "Numerical result out of range"));
    Value both[] = {Value::integer(ERANGE), *text};
    Ref e(make_exception(vm, vm.types.OverflowError, both));
    return raise_value(vm, *e);
  }
  return Value::number(r);
}

Value float_arith(VM& vm, ArithOp op, double a, double b) {
  switch (op) {
    case ArithOp::Add: return Value::number(a + b);
    case ArithOp::Sub: return Value::number(a - b);
    case ArithOp::Mul: return Value::number(a * b);
    case ArithOp::TrueDiv:
      if (b == 0) return raise(vm, vm.types.ZeroDivisionError, "float division by zero");
      return Value::number(a / b);
    case ArithOp::FloorDiv: {
      if (b == 0) return raise(vm, vm.types.ZeroDivisionError, "float floor division by zero");
      double q, r;
      float_divmod(a, b, q, r);
      return Value::number(q);
    }
    case ArithOp::Mod: {
      if (b == 0) return raise(vm, vm.types.ZeroDivisionError, "float modulo");
      double q, r;
      float_divmod(a, b, q, r);
      return Value::number(r);
    }
    case ArithOp::Pow: return float_pow(vm, a, b);
    default: {
      static const char* const kSymbols[] = {"", "", "", "", "", "", "", "@", "<<", ">>", "&", "|", "^"};
      return raise(vm, vm.types.TypeError, "unsupported operand type(s) for %s: 'float' and 'float'",
                   kSymbols[static_cast<size_t>(op)]);
    }
  }
}

bool float_compare(CompareOp op, double a, double b) {
  switch (op) {
    case CompareOp::Lt: return a < b;
    case CompareOp::Le: return a <= b;
    case CompareOp::Eq: return a == b;
    case CompareOp::Ne: return a != b;
    case CompareOp::Gt: return a > b;
    default: return a >= b;
  }
}

bool double_ratio(VM& vm, double d, Value& numerator, Value& denominator) {
  if (std::isinf(d)) return fail(vm, vm.types.OverflowError, "cannot convert Infinity to integer ratio");
  if (std::isnan(d)) return fail(vm, vm.types.ValueError, "cannot convert NaN to integer ratio");
  int e;
  double m = std::frexp(d, &e);
  for (int i = 0; i < 300 && m != std::floor(m); i++) {
    m *= 2.0;
    e--;
  }
  Mpz n, den;
  mpz_set_d(n, m);
  mpz_set_ui(den, 1);
  if (e > 0)
    mpz_mul_2exp(n, n, static_cast<mp_bitcnt_t>(e));
  else
    mpz_mul_2exp(den, den, static_cast<mp_bitcnt_t>(-e));
  numerator = make_int(vm, n);
  denominator = make_int(vm, den);
  return true;
}

Value round_double(VM& vm, double d, Value digits) {
  if (digits.is_none()) return make_int_from_double(vm, std::nearbyint(d));
  int64_t n;
  if (!arg_int_clamped(vm, digits, n)) return Value::error();
  if (!std::isfinite(d) || n > 323) return Value::number(d);
  if (n < -308) return Value::number(std::copysign(0.0, d));
  char buffer[800];
  if (n >= 0) {
    std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(n), d);
  } else {
    int e = d == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::fabs(d))));
    std::snprintf(buffer, sizeof buffer, "%.17e", d);
    e = std::atoi(std::strchr(buffer, 'e') + 1);
    int64_t keep = e + 1 + n;
    if (keep < 0) return Value::number(std::copysign(0.0, d));
    if (keep == 0) {
      // Up when above half of 10^-n; at half exactly the even one is 0.
      double half = 5 * std::pow(10.0, static_cast<double>(-n - 1));
      return Value::number(std::copysign(std::fabs(d) > half ? std::pow(10.0, static_cast<double>(-n)) : 0.0, d));
    }
    std::snprintf(buffer, sizeof buffer, "%.*e", static_cast<int>(keep - 1), d);
  }
  double r = std::strtod(buffer, nullptr);
  if (std::isinf(r)) return raise(vm, vm.types.OverflowError, "rounded value too large to represent");
  return Value::number(r);
}

namespace {

double of(Value v) { return unbox(v).d; }

/// An int or float operand as a double: 1 yes, 0 another type, -1 exception.
int operand(VM& vm, Value v, double& out) {
  Value plain = unbox(v);
  if (plain.is_float()) {
    out = plain.d;
    return 1;
  }
  if (plain.is_int() || plain.is_bool() || is_kind(plain, Kind::BigInt)) return int_to_double(vm, plain, out) ? 1 : -1;
  return 0;
}

Value repr_slot(VM& vm, Value self) { return make_ascii(vm, float_repr(of(self))); }

bool hash_slot(VM&, Value self, uint64_t& out) {
  out = hash_double(of(self));
  return true;
}

Value compare_slot(VM&, CompareOp op, Value self, Value other) {
  double a = of(self);
  Value b = unbox(other);
  if (b.is_float()) return Value::boolean(float_compare(op, a, b.d));
  if (!is_integer(b)) return Value::not_implemented();
  if (std::isnan(a)) return Value::boolean(op == CompareOp::Ne);
  return Value::boolean(order_holds(op, -compare_int_double(b, a)));
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  if (op > ArithOp::Pow) return Value::not_implemented();
  double b;
  int r = operand(vm, other, b);
  if (r <= 0) return r < 0 ? Value::error() : Value::not_implemented();
  double a = of(self);
  if (reflected) std::swap(a, b);
  return float_arith(vm, op, a, b);
}

Value power_slot(VM& vm, Value, Value, Value) {
  return raise(vm, vm.types.TypeError, "pow() 3rd argument not allowed unless all arguments are integers");
}

Value divmod_slot(VM& vm, Value self, Value other, bool reflected) {
  double b;
  int r = operand(vm, other, b);
  if (r <= 0) return r < 0 ? Value::error() : Value::not_implemented();
  double a = of(self);
  if (reflected) std::swap(a, b);
  if (b == 0) return raise(vm, vm.types.ZeroDivisionError, "float divmod()");
  double q, rest;
  float_divmod(a, b, q, rest);
  return make_tuple(vm, {Value::number(q), Value::number(rest)});
}

Value unary_slot(VM&, UnaryOp op, Value self) {
  if (op == UnaryOp::Invert) return Value::not_implemented();
  return Value::number(op == UnaryOp::Neg ? -of(self) : of(self));
}

Value create(VM& vm, Type* type, Args args, Keywords keywords) {
  if (type == vm.types.float_ && !no_keywords(vm, "float", keywords)) return Value::error();
  if (!arg_count(vm, "float", args.size() - keywords.size(), 0, 1)) return Value::error();
  double d = 0;
  if (args.size() > keywords.size()) {
    Value x = args[0];
    if (is_str(x) || is_bytes_like(x)) {
      if (!parse_float(is_str(x) ? text_of(x) : bytes_of(x), d)) {
        std::string text;
        if (!repr_to(vm, x, text)) return Value::error();
        return raise(vm, vm.types.ValueError, "could not convert string to float: %s", text.c_str());
      }
    } else {
      Type* t = type_of(vm, x);
      if (!unbox(x).is_float() && !t->slots.to_float && !t->slots.index)
        return raise(vm, vm.types.TypeError, "float() argument must be a string or a real number, not '%s'",
                     t->name->data);
      if (x.is_object() && (x.o->flags & kBoxed) && t->slots.to_float && t->slots.to_float != vm.types.float_->slots.to_float &&
          t->slots.to_float != vm.types.int_->slots.to_float) {  // a derived class with a __float__
        Ref r(t->slots.to_float(vm, x));
        if (r.is_error()) return Value::error();
        x = unbox(*r);
        if (!to_double(vm, x, d)) return Value::error();
      } else if (!to_double(vm, x, d)) {
        return Value::error();
      }
    }
  }
  if (type == vm.types.float_) return Value::number(d);
  auto* b = allocate_object<Boxed>(vm, type, Kind::Instance, type->instance_size);
  b->flags |= kBoxed;
  b->shape = root_shape(vm, type);
  b->payload = Value::number(d);
  vm.heap.track(b);
  return Value::object(b);
}

// --- methods ------------------------------------------------------------------------------------------------------

Value as_integer_ratio(VM& vm, const Value* a) {
  Value n, d;
  if (!double_ratio(vm, of(a[0]), n, d)) return Value::error();
  Ref rn(n), rd(d);
  return make_tuple(vm, {n, d});
}

Value hex(VM& vm, const Value* a) {
  double d = of(a[0]);
  if (!std::isfinite(d)) return repr_slot(vm, a[0]);
  if (d == 0) return make_ascii(vm, std::signbit(d) ? "-0x0.0p+0" : "0x0.0p+0");
  int e;
  double m = std::frexp(std::fabs(d), &e);
  int shift = 1 - std::max(-1021 - e, 0);
  m = std::ldexp(m, shift);
  e -= shift;
  std::string out = d < 0 ? "-0x" : "0x";
  out.push_back(static_cast<char>('0' + static_cast<int>(m)));
  m -= std::floor(m);
  out.push_back('.');
  for (int i = 0; i < 13; i++) {
    m *= 16;
    out.push_back("0123456789abcdef"[static_cast<int>(m)]);
    m -= std::floor(m);
  }
  char exponent[16];
  std::snprintf(exponent, sizeof exponent, "p%+d", e);
  return make_ascii(vm, out + exponent);
}

Value fromhex(VM& vm, const Value* a) {
  if (!is_str(a[1])) return raise(vm, vm.types.TypeError, "bad argument type for built-in operation");
  std::string text(text_of(a[1]));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  size_t start = 0;
  while (start < text.size() && std::isspace(static_cast<unsigned char>(text[start]))) start++;
  text.erase(0, start);
  std::string body = text;
  size_t sign = !body.empty() && (body[0] == '-' || body[0] == '+');
  std::string_view rest = std::string_view(body).substr(sign);
  bool has_prefix = rest.size() > 1 && rest[0] == '0' && (rest[1] | 32) == 'x';
  bool word = !rest.empty() && std::isalpha(static_cast<unsigned char>(rest[0])) &&
              ((rest[0] | 32) == 'i' || (rest[0] | 32) == 'n');
  if (!has_prefix && !word) body.insert(sign, "0x");
  char* end = nullptr;
  double d = std::strtod(body.c_str(), &end);
  if (text.empty() || *end != 0 || end == body.c_str())
    return raise(vm, vm.types.ValueError, "invalid hexadecimal floating-point string");
  if (std::isinf(d) && !word)
    return raise(vm, vm.types.OverflowError, "hexadecimal value too large to represent as a float");
  if (a[0].same(Value::object(vm.types.float_))) return Value::number(d);
  return call(vm, a[0], {Value::number(d)});
}

Value round_method(VM& vm, const Value* a) { return round_double(vm, of(a[0]), a[1]); }
Value itself(VM&, const Value* a) { return Value::number(of(a[0])); }

const NativeDef kMethods[] = {
    {"as_integer_ratio(self, /)", as_integer_ratio},
    {"conjugate(self, /)", itself},
    {"hex(self, /)", hex},
    {"is_integer(self, /)",
     [](VM&, const Value* a) {
       double d = of(a[0]);
       return Value::boolean(std::isfinite(d) && d == std::floor(d));
     }},
    {"__ceil__(self, /)", [](VM& vm, const Value* a) { return make_int_from_double(vm, std::ceil(of(a[0]))); }},
    {"__floor__(self, /)", [](VM& vm, const Value* a) { return make_int_from_double(vm, std::floor(of(a[0]))); }},
    {"__trunc__(self, /)", [](VM& vm, const Value* a) { return make_int_from_double(vm, of(a[0])); }},
    {"__round__(self, ndigits=None, /)", round_method},
    {"__getnewargs__(self, /)", [](VM& vm, const Value* a) { return make_tuple(vm, {Value::number(of(a[0]))}); }},
};
const NativeDef kClassMethods[] = {{"fromhex(cls, string, /)", fromhex}};
const GetSetDef kFields[] = {
    {"real", [](VM&, Value self) { return Value::number(of(self)); }},
    {"imag", [](VM&, Value) { return Value::number(0.0); }},
};

}  // namespace

void init_float(VM& vm) {
  Type* t = vm.types.float_;
  t->slots.repr = repr_slot;
  t->slots.hash = hash_slot;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.truth = [](VM&, Value self) -> int { return of(self) != 0; };
  t->slots.binary = binary_slot;
  for (ArithOp op :
       {ArithOp::Add, ArithOp::Sub, ArithOp::Mul, ArithOp::TrueDiv, ArithOp::FloorDiv, ArithOp::Mod, ArithOp::Pow})
    t->arith_ops |= op_bit(op);
  t->slots.power = power_slot;
  t->slots.divmod = divmod_slot;
  t->slots.unary = unary_slot;
  t->unary_ops = op_bit(UnaryOp::Neg) | op_bit(UnaryOp::Pos);
  t->slots.absolute = [](VM&, Value self) { return Value::number(std::fabs(of(self))); };
  t->slots.to_int = [](VM& v, Value self) { return make_int_from_double(v, of(self)); };
  t->slots.to_float = [](VM&, Value self) { return Value::number(of(self)); };
  t->slots.format = [](VM& v, Value self, Value spec) {
    if (as<Str>(spec)->size == 0) return str(v, self);
    return format_float(v, of(self), text_of(spec));
  };
  t->slots.create = create;
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods, .getset = kFields});
}

}  // namespace tsvm::vm

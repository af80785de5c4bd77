// Ints beyond 64 bits: conversions, arithmetic slow paths, text.
#include "vm/types/bigint.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/unicode.h"
#include "base/utf8.h"
#include "vm/native.h"
#include "vm/numbers.h"
#include "vm/tables.h"
#include "vm/text.h"
#include "vm/types/str.h"

namespace tsvm::vm {

using ir::ArithOp;

MpzView::MpzView(Value v) {
  v = plain_int(v);
  if (v.is_int()) {
    small_ = v.i < 0 ? 0 - static_cast<uint64_t>(v.i) : static_cast<uint64_t>(v.i);
    mpz_roinit_n(z_, &small_, v.i < 0 ? -1 : v.i > 0);
  } else {
    auto* b = as<BigInt>(v);
    mpz_roinit_n(z_, reinterpret_cast<const mp_limb_t*>(b->limbs), b->size);
  }
}

Value make_int(VM& vm, mpz_srcptr z) {
  int32_t n = z->_mp_size;
  uint32_t count = static_cast<uint32_t>(std::abs(n));
  if (count == 0) return Value::integer(0);
  const mp_limb_t* limbs = mpz_limbs_read(z);
  if (count == 1) {
    uint64_t a = limbs[0];
    if (n > 0 && a <= INT64_MAX) return Value::integer(static_cast<int64_t>(a));
    if (n < 0 && a <= uint64_t{1} << 63) return Value::integer(static_cast<int64_t>(0 - a));
  }
  size_t size = offsetof(BigInt, limbs) + count * sizeof(uint64_t);
  auto* b = static_cast<BigInt*>(vm.heap.allocate(size));
  new (static_cast<Object*>(b)) Object();
  b->kind = Kind::BigInt;
  b->type = vm.types.int_;
  b->refs = 1;
  b->flags = 0;
  b->size = n;
  std::memcpy(b->limbs, limbs, count * sizeof(uint64_t));
  vm.heap.count_object(1);
  return Value::object(b);
}

Value make_uint(VM& vm, uint64_t v) {
  if (v <= INT64_MAX) return Value::integer(static_cast<int64_t>(v));
  mp_limb_t limb = v;
  mpz_t z;
  return make_int(vm, mpz_roinit_n(z, &limb, 1));
}

Value make_int_from_digits(VM& vm, std::string_view digits, int base) {
  Mpz z;
  std::string text(digits);
  if (!text.empty() && text[0] == '+') text.erase(0, 1);
  mpz_set_str(z, text.c_str(), base);
  return make_int(vm, z);
}

Value make_int_from_double(VM& vm, double d) {
  if (std::isnan(d)) return raise(vm, vm.types.ValueError, "cannot convert float NaN to integer");
  if (std::isinf(d)) return raise(vm, vm.types.OverflowError, "cannot convert float infinity to integer");
  if (std::fabs(d) < 9.2e18) return Value::integer(static_cast<int64_t>(d));
  Mpz z;
  mpz_set_d(z, d);
  return make_int(vm, z);
}

int int_sign(Value v) {
  v = plain_int(v);
  if (v.is_int()) return v.i < 0 ? -1 : v.i > 0;
  return as<BigInt>(v)->size < 0 ? -1 : 1;
}

bool is_integer(Value v) {
  v = unbox(v);
  return v.is_int() || v.is_bool() || is_kind(v, Kind::BigInt);
}

double mpz_to_double(mpz_srcptr z) {
  size_t bits = mpz_sizeinbase(z, 2);
  if (bits <= 63) return static_cast<double>(mpz_get_si(z));
  if (bits > 1024) return mpz_sgn(z) < 0 ? -HUGE_VAL : HUGE_VAL;
  // The top 64 bits with a sticky last one round as the whole would.
  Mpz top;
  size_t drop = bits - 64;
  mpz_tdiv_q_2exp(top, z, drop);
  uint64_t m = mpz_get_ui(top);
  mpz_t a;
  mpz_roinit_n(a, mpz_limbs_read(z), static_cast<mp_size_t>(mpz_size(z)));
  if (mpz_scan1(a, 0) < drop) m |= 1;
  // The conversion of a 64-bit number rounds half to even.
  double d = std::ldexp(static_cast<double>(m), static_cast<int>(drop));
  return mpz_sgn(z) < 0 ? -d : d;
}

bool int_to_double(VM& vm, Value integer, double& out) {
  Value v = plain_int(integer);
  if (v.is_int()) {
    out = static_cast<double>(v.i);
    return true;
  }
  out = mpz_to_double(MpzView(v));
  if (std::isinf(out)) return fail(vm, vm.types.OverflowError, "int too large to convert to float");
  return true;
}

bool divide_ints(VM& vm, Value a, Value b, double& out) {
  a = plain_int(a);
  b = plain_int(b);
  constexpr int64_t kExact = int64_t{1} << 53;
  if (a.is_int() && b.is_int() && std::llabs(a.i) <= kExact && std::llabs(b.i) <= kExact) {
    out = static_cast<double>(a.i) / static_cast<double>(b.i);
    return true;
  }
  MpzView za(a), zb(b);
  if (mpz_sgn(static_cast<mpz_srcptr>(za)) == 0) {
    out = int_sign(b) < 0 ? -0.0 : 0.0;
    return true;
  }
  // A quotient of 64 to 66 bits with a sticky bit, then one rounding; subnormal results keep fewer bits.
  long shift = static_cast<long>(mpz_sizeinbase(zb, 2)) - static_cast<long>(mpz_sizeinbase(za, 2)) + 65;
  if (shift < -1100 - 65 + 65 && -shift > 1200)
    return fail(vm, vm.types.OverflowError, "integer division result too large for a float");
  if (shift > 2300) {
    out = (mpz_sgn(static_cast<mpz_srcptr>(za)) < 0) != (mpz_sgn(static_cast<mpz_srcptr>(zb)) < 0) ? -0.0 : 0.0;
    return true;
  }
  Mpz n, d, q, r;
  mpz_abs(n, za);
  mpz_abs(d, zb);
  if (shift > 0)
    mpz_mul_2exp(n, n, static_cast<mp_bitcnt_t>(shift));
  else
    mpz_mul_2exp(d, d, static_cast<mp_bitcnt_t>(-shift));
  mpz_tdiv_qr(q, r, n, d);
  bool sticky = mpz_sgn(static_cast<mpz_srcptr>(r)) != 0;
  // Bits below what a double can hold at this magnitude.
  long bits = static_cast<long>(mpz_sizeinbase(q, 2));
  long exponent = bits - shift;  // value in [2^(exponent-1), 2^exponent)
  long keep = exponent > -1021 ? 53 : 53 - (-1021 - exponent);
  long drop = bits - (keep < 0 ? 0 : keep);
  Mpz half, low;
  mpz_fdiv_r_2exp(low, q, static_cast<mp_bitcnt_t>(drop));
  mpz_fdiv_q_2exp(q, q, static_cast<mp_bitcnt_t>(drop));
  mpz_set_ui(half, 1);
  mpz_mul_2exp(half, half, static_cast<mp_bitcnt_t>(drop - 1));
  int c = mpz_cmp(low, half);
  if (c > 0 || (c == 0 && (sticky || mpz_odd_p(static_cast<mpz_srcptr>(q))))) mpz_add_ui(q, q, 1);
  out = std::ldexp(static_cast<double>(mpz_get_ui(q)), static_cast<int>(drop - shift));
  if (std::isinf(out)) return fail(vm, vm.types.OverflowError, "integer division result too large for a float");
  if ((mpz_sgn(static_cast<mpz_srcptr>(za)) < 0) != (mpz_sgn(static_cast<mpz_srcptr>(zb)) < 0)) out = -out;
  return true;
}

// --- arithmetic ---------------------------------------------------------------------------------------------------

Value int_arith_slow(VM& vm, ArithOp op, Value a, Value b) {
  MpzView x(a), y(b);
  Mpz r;
  switch (op) {
    case ArithOp::Add: mpz_add(r, x, y); break;
    case ArithOp::Sub: mpz_sub(r, x, y); break;
    case ArithOp::Mul: mpz_mul(r, x, y); break;
    case ArithOp::TrueDiv: {
      if (int_sign(b) == 0) return raise(vm, vm.types.ZeroDivisionError, "division by zero");
      double d;
      return divide_ints(vm, a, b, d) ? Value::number(d) : Value::error();
    }
    case ArithOp::FloorDiv:
      if (int_sign(b) == 0) return raise(vm, vm.types.ZeroDivisionError, "integer division or modulo by zero");
      mpz_fdiv_q(r, x, y);
      break;
    case ArithOp::Mod:
      if (int_sign(b) == 0) return raise(vm, vm.types.ZeroDivisionError, "integer modulo by zero");
      mpz_fdiv_r(r, x, y);
      break;
    case ArithOp::Pow: {
      if (int_sign(b) < 0) {
        double base, exponent;
        if (!int_to_double(vm, a, base) || !int_to_double(vm, b, exponent)) return Value::error();
        return float_pow(vm, base, exponent);
      }
      Value e = plain_int(b), base = plain_int(a);
      if (base.is_int() && base.i >= -1 && base.i <= 1) {
        bool odd = mpz_odd_p(static_cast<mpz_srcptr>(y));
        bool zero = e.is_int() && e.i == 0;
        return Value::integer(zero ? 1 : base.i == -1 && !odd ? 1 : base.i);
      }
      if (!e.is_int() || static_cast<double>(e.i) * static_cast<double>(mpz_sizeinbase(x, 2)) > 1e10)
        return raise(vm, vm.types.MemoryError, "%s", "");
      mpz_pow_ui(r, x, static_cast<unsigned long>(e.i));
      break;
    }
    case ArithOp::LShift: {
      if (int_sign(b) < 0) return raise(vm, vm.types.ValueError, "negative shift count");
      if (int_sign(a) == 0) return Value::integer(0);
      Value n = plain_int(b);
      if (!n.is_int()) return raise(vm, vm.types.OverflowError, "too many digits in integer");
      if (n.i > 10'000'000'000) return raise(vm, vm.types.MemoryError, "%s", "");
      mpz_mul_2exp(r, x, static_cast<mp_bitcnt_t>(n.i));
      break;
    }
    case ArithOp::RShift: {
      if (int_sign(b) < 0) return raise(vm, vm.types.ValueError, "negative shift count");
      Value n = plain_int(b);
      if (!n.is_int()) return Value::integer(int_sign(a) < 0 ? -1 : 0);
      mpz_fdiv_q_2exp(r, x, static_cast<mp_bitcnt_t>(n.i));
      break;
    }
    case ArithOp::And: mpz_and(r, x, y); break;
    case ArithOp::Or: mpz_ior(r, x, y); break;
    case ArithOp::Xor: mpz_xor(r, x, y); break;
    default: return Value::not_implemented();
  }
  return make_int(vm, r);
}

int compare_ints(Value a, Value b) {
  a = plain_int(a);
  b = plain_int(b);
  if (a.is_int() && b.is_int()) return a.i < b.i ? -1 : a.i > b.i;
  int c = mpz_cmp(MpzView(a), MpzView(b));
  return c < 0 ? -1 : c > 0;
}

int compare_int_double(Value integer, double d) {
  Value v = plain_int(integer);
  if (std::isinf(d)) return d > 0 ? -1 : 1;
  if (v.is_int() && std::llabs(v.i) < (int64_t{1} << 53)) {
    double x = static_cast<double>(v.i);
    return x < d ? -1 : x > d;
  }
  int c = mpz_cmp_d(MpzView(v), d);
  return c < 0 ? -1 : c > 0;
}

// --- text ---------------------------------------------------------------------------------------------------------

std::string int_to_text(Value integer, int base) {
  Value v = plain_int(integer);
  if (v.is_int() && base == 10) return std::to_string(v.i);
  char* text = mpz_get_str(nullptr, base, MpzView(v));
  std::string out(text);
  std::free(text);
  return out;
}

Value int_to_str(VM& vm, Value integer) {
  Value v = plain_int(integer);
  if (v.is_int()) {
    char buffer[24];
    auto n = std::to_chars(buffer, buffer + sizeof buffer, v.i).ptr - buffer;
    return make_ascii(vm, {buffer, static_cast<size_t>(n)});
  }
  int64_t limit = vm.tables->int_max_str_digits;
  // (The first is at most one too large, and takes no time for huge numbers.)
  bool over = limit > 0 && static_cast<int64_t>(mpz_sizeinbase(MpzView(v), 10)) > limit + 1;
  std::string text = over ? std::string() : int_to_text(v, 10);
  if (over || (limit > 0 && static_cast<int64_t>(text.size()) - (text[0] == '-') > limit))
    return raise(vm, vm.types.ValueError,
                 "Exceeds the limit (%lld digits) for integer string conversion; use sys.set_int_max_str_digits() to "
                 "increase the limit",
                 static_cast<long long>(limit));
  return make_ascii(vm, text);
}

Value parse_int(VM& vm, std::string_view text, int base, Value shown) {
  auto malformed = [&] {
    std::string r;
    if (!repr_to(vm, shown, r)) return Value::error();
    if (r.size() > 200) r.resize(200);
    return raise(vm, vm.types.ValueError, "invalid literal for int() with base %d: %s", base, r.c_str());
  };
  // Digits of all scripts and spaces count, so they become ASCII first.
  std::string ascii;
  for (size_t i = 0; i < text.size();) {
    char32_t c = utf8::decode(text, &i);
    if (c < 128)
      ascii.push_back(static_cast<char>(c));
    else if (int d = unicode::decimal_value(c); d >= 0)
      ascii.push_back(static_cast<char>('0' + d));
    else if (unicode::is(c, unicode::kSpace))
      ascii.push_back(' ');
    else
      return malformed();
  }
  std::string_view s = ascii;
  auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); };
  while (!s.empty() && space(s.front())) s.remove_prefix(1);
  while (!s.empty() && space(s.back())) s.remove_suffix(1);
  bool negative = false;
  if (!s.empty() && (s[0] == '+' || s[0] == '-')) {
    negative = s[0] == '-';
    s.remove_prefix(1);
  }
  int real = base;
  auto prefix = [&](char lower, int b) {
    if (s.size() >= 2 && s[0] == '0' && (s[1] | 32) == lower && (base == b || base == 0)) {
      s.remove_prefix(2);
      if (!s.empty() && s[0] == '_') s.remove_prefix(1);
      real = b;
      return true;
    }
    return false;
  };
  bool prefixed = prefix('x', 16) || prefix('o', 8) || prefix('b', 2);
  if (base == 0 && !prefixed) {
    real = 10;
    // "0" and "00" are ints, "01" is not.
    if (s.size() > 1 && s[0] == '0')
      for (char c : s)
        if (c != '0' && c != '_') return malformed();
  }
  if (s.empty() || s.front() == '_' || s.back() == '_') return malformed();
  std::string digits;
  char last = 0;
  for (char c : s) {
    if (c == '_') {
      if (last == '_') return malformed();
      last = c;
      continue;
    }
    int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10 : 99;
    if (d >= real) return malformed();
    digits.push_back(c);
    last = c;
  }
  int64_t limit = vm.tables->int_max_str_digits;
  if ((real & (real - 1)) != 0 && limit > 0 && static_cast<int64_t>(digits.size()) > limit)
    return raise(vm, vm.types.ValueError,
                 "Exceeds the limit (%lld digits) for integer string conversion: value has %zu digits; use "
                 "sys.set_int_max_str_digits() to increase the limit",
                 static_cast<long long>(limit), digits.size());
  if (negative) digits.insert(0, 1, '-');
  return make_int_from_digits(vm, digits, real);
}

// --- conversions of any value -------------------------------------------------------------------------------------

Value to_index(VM& vm, Value v) {
  if (v.is_int()) return v;
  if (v.is_bool()) return Value::integer(v.i);
  Value plain = unbox(v);
  if (plain.is_int() || is_kind(plain, Kind::BigInt)) return new_ref(plain);
  Type* t = type_of(vm, v);
  if (!t->slots.index)
    return raise(vm, vm.types.TypeError, "'%s' object cannot be interpreted as an integer", t->name->data);
  Ref r(t->slots.index(vm, v));
  if (r.is_error()) return Value::error();
  return new_ref(plain_int(*r));
}

bool to_int64(VM& vm, Value v, int64_t& out, const char* what) {
  Ref i(to_index(vm, v));
  if (i.is_error()) return false;
  if (i->is_int()) {
    out = i->i;
    return true;
  }
  bool custom = std::string_view(what) != "an integer is required";
  return fail(vm, vm.types.OverflowError, "%s", custom ? what : "Python int too large to convert to C long");
}

bool to_double(VM& vm, Value v, double& out) {
  if (v.is_float()) {
    out = v.d;
    return true;
  }
  Value plain = unbox(v);
  if (plain.is_float()) {
    out = plain.d;
    return true;
  }
  Type* t = type_of(vm, v);
  if (t->slots.to_float) {
    Ref r(t->slots.to_float(vm, v));
    if (r.is_error()) return false;
    out = unbox(*r).d;
    return true;
  }
  if (t->slots.index) {
    Ref r(t->slots.index(vm, v));
    return !r.is_error() && int_to_double(vm, *r, out);
  }
  return fail(vm, vm.types.TypeError, "must be real number, not %s", t->name->data);
}

}  // namespace tsvm::vm

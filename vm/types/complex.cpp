// complex: two doubles. Division and powers by CPython's formulas.
#include <cmath>
#include <string>

#include "base/repr.h"
#include "vm/native.h"
#include "vm/text.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

Value make_complex(VM& vm, double re, double im) {
  auto* c = allocate_object<Complex>(vm, vm.types.complex, Kind::Complex);
  c->re = re;
  c->im = im;
  return Value::object(c);
}

namespace {

struct Parts {
  double re, im;
};

/// 1: a number, 0: none, -1: exception (an int too large).
int parts_of(VM& vm, Value v, Parts& out) {
  if (is_kind(v, Kind::Complex)) {
    out = {as<Complex>(v)->re, as<Complex>(v)->im};
    return 1;
  }
  Value plain = unbox(v);
  if (plain.is_float()) {
    out = {plain.d, 0};
    return 1;
  }
  if (is_integer(v)) {
    out.im = 0;
    return to_double(vm, v, out.re) ? 1 : -1;
  }
  return 0;
}

std::string part_text(double d, bool sign) {
  std::string s;
  s += float_repr(d);
  if (s.size() > 2 && s.compare(s.size() - 2, 2, ".0") == 0) s.resize(s.size() - 2);
  if (sign && s[0] != '-') s.insert(0, "+");
  return s;
}

Value repr_slot(VM& vm, Value self) {
  auto* c = as<Complex>(self);
  if (c->re == 0 && !std::signbit(c->re)) return make_ascii(vm, part_text(c->im, false) + "j");
  return make_ascii(vm, "(" + part_text(c->re, false) + part_text(c->im, true) + "j)");
}

bool hash_slot(VM& vm, Value self, uint64_t& out) {
  uint64_t re, im;
  if (!hash(vm, Value::number(as<Complex>(self)->re), re) || !hash(vm, Value::number(as<Complex>(self)->im), im))
    return false;
  out = re + 1000003u * im;
  if (out == UINT64_MAX) out = UINT64_MAX - 1;
  return true;
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if (op != CompareOp::Eq && op != CompareOp::Ne) return Value::not_implemented();
  auto* a = as<Complex>(self);
  bool same;
  if (is_kind(other, Kind::Complex)) {
    same = a->re == as<Complex>(other)->re && a->im == as<Complex>(other)->im;
  } else if (is_integer(other) || unbox(other).is_float()) {
    if (a->im == 0) return compare(vm, op, Value::number(a->re), other);
    same = false;
  } else {
    return Value::not_implemented();
  }
  return Value::boolean(same == (op == CompareOp::Eq));
}

bool quotient(Parts a, Parts b, Parts& out) {
  // Scaled by the larger part of b (Smith's method).
  if (b.re == 0 && b.im == 0) return false;
  if (std::fabs(b.re) >= std::fabs(b.im)) {
    double ratio = b.im / b.re, d = b.re + b.im * ratio;
    out = {(a.re + a.im * ratio) / d, (a.im - a.re * ratio) / d};
  } else if (std::fabs(b.im) >= std::fabs(b.re)) {
    double ratio = b.re / b.im, d = b.re * ratio + b.im;
    out = {(a.re * ratio + a.im) / d, (a.im * ratio - a.re) / d};
  } else {
    out = {NAN, NAN};
  }
  return true;
}

Parts product(Parts a, Parts b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

Value finite_power(VM& vm, Parts r) {
  if (std::isinf(r.re) || std::isinf(r.im)) return raise(vm, vm.types.OverflowError, "complex exponentiation");
  return make_complex(vm, r.re, r.im);
}

Value power_of(VM& vm, Parts a, Parts b) {
  if (b.re == 0 && b.im == 0) return make_complex(vm, 1, 0);
  if (a.re == 0 && a.im == 0) {
    if (b.im != 0 || b.re < 0) return raise(vm, vm.types.ZeroDivisionError, "0.0 to a negative or complex power");
    return make_complex(vm, 0, 0);
  }
  if (b.im == 0 && b.re == std::floor(b.re) && std::fabs(b.re) <= 100) {  // small whole exponents by squaring
    auto n = static_cast<int64_t>(std::fabs(b.re));
    Parts r{1, 0}, p = a;
    for (; n; n >>= 1, p = product(p, p))
      if (n & 1) r = product(r, p);
    if (b.re < 0 && !quotient({1, 0}, r, r)) return raise(vm, vm.types.ZeroDivisionError, "complex division by zero");
    return finite_power(vm, r);
  }
  double length = std::hypot(a.re, a.im), angle = std::atan2(a.im, a.re);
  double r = std::pow(length, b.re), phase = angle * b.re;
  if (b.im != 0) {
    r /= std::exp(angle * b.im);
    phase += b.im * std::log(length);
  }
  return finite_power(vm, {r * std::cos(phase), r * std::sin(phase)});
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  Parts a, b;
  int got = parts_of(vm, other, b);
  if (got < 0) return Value::error();
  if (!got) return Value::not_implemented();
  parts_of(vm, self, a);
  if (reflected) std::swap(a, b);
  switch (op) {
    case ArithOp::Add: return make_complex(vm, a.re + b.re, a.im + b.im);
    case ArithOp::Sub: return make_complex(vm, a.re - b.re, a.im - b.im);
    case ArithOp::Mul: {
      Parts p = product(a, b);
      return make_complex(vm, p.re, p.im);
    }
    case ArithOp::TrueDiv: {
      Parts q;
      if (!quotient(a, b, q)) return raise(vm, vm.types.ZeroDivisionError, "complex division by zero");
      return make_complex(vm, q.re, q.im);
    }
    case ArithOp::Pow: return power_of(vm, a, b);
    default: return Value::not_implemented();
  }
}

Value unary_slot(VM& vm, ir::UnaryOp op, Value self) {
  auto* c = as<Complex>(self);
  if (op == ir::UnaryOp::Neg) return make_complex(vm, -c->re, -c->im);
  if (op == ir::UnaryOp::Pos) return make_complex(vm, c->re, c->im);
  return Value::not_implemented();
}

/// complex("1+2j"), with optional parentheses and spaces around.
bool parse_complex(std::string_view text, Parts& out) {
  auto space = [](char c) { return c == ' '; };
  std::string plain;
  if (!plain_number(text, plain)) return false;
  std::string_view s = plain;
  auto strip = [&] {
    while (!s.empty() && space(s.front())) s.remove_prefix(1);
    while (!s.empty() && space(s.back())) s.remove_suffix(1);
  };
  strip();
  if (s.size() > 1 && s.front() == '(' && s.back() == ')') {
    s = s.substr(1, s.size() - 2);
    strip();
  }
  auto is_j = [](char c) { return c == 'j' || c == 'J'; };
  if (s.empty()) return false;
  double first;
  size_t n = parse_float_prefix(s, first);
  if (n == 0) {  // j, +j, -j
    if (s.size() == 1 && is_j(s[0])) return out = {0, 1}, true;
    if (s.size() == 2 && (s[0] == '+' || s[0] == '-') && is_j(s[1])) return out = {0, s[0] == '-' ? -1.0 : 1.0}, true;
    return false;
  }
  s.remove_prefix(n);
  if (s.empty()) return out = {first, 0}, true;
  if (s.size() == 1 && is_j(s[0])) return out = {0, first}, true;
  if (s[0] != '+' && s[0] != '-') return false;
  double second = s[0] == '-' ? -1 : 1;
  n = parse_float_prefix(s, second);
  if (n == 0) n = 1;
  s.remove_prefix(n);
  if (s.size() != 1 || !is_j(s[0])) return false;
  out = {first, second};
  return true;
}

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"complex(real=0, imag=...)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kDef, args, keywords, a, keep)) return Value::error();
  Parts p;
  if (is_str(a[0])) {
    if (!a[1].is_unbound())
      return raise(vm, vm.types.TypeError, "complex() can't take second arg if first is a string");
    if (!parse_complex(text_of(a[0]), p)) return raise(vm, vm.types.ValueError, "complex() arg is a malformed string");
  } else {
    auto number = [&](Value v, const char* what, Parts& out) {
      int got = parts_of(vm, v, out);
      if (got < 0) return false;
      if (got) return true;
      Ref special(lookup_special(vm, v, vm.name("__complex__")));
      if (special.is_error()) return false;
      if (!special->is_unbound()) {
        Ref c(call(vm, *special, std::span<const Value>()));
        if (c.is_error()) return false;
        if (!is_kind(*c, Kind::Complex))
          return fail(vm, vm.types.TypeError, "__complex__ returned non-complex (type %s)", type_name(vm, *c));
        return parts_of(vm, *c, out) == 1;
      }
      out.im = 0;
      if (to_double(vm, v, out.re)) return true;
      if (!clear_pending_if(vm, vm.types.TypeError)) return false;
      return fail(vm, vm.types.TypeError, "complex() %s argument must be a %snumber, not '%s'", what,
                  what[0] == 'f' ? "string or a " : "", type_name(vm, v));
    };
    if (!number(a[0], "first", p)) return Value::error();
    if (is_str(a[1])) return raise(vm, vm.types.TypeError, "complex() second arg can't be a string");
    if (!a[1].is_unbound()) {
      Parts im;
      if (!number(a[1], "second", im)) return Value::error();
      p = {p.re - im.im, is_kind(a[0], Kind::Complex) ? p.im + im.re : im.re};
    }
  }
  auto* c = allocate_object<Complex>(vm, type, Kind::Complex, type->instance_size);
  c->re = p.re;
  c->im = p.im;
  finish_instance(vm, c);
  return Value::object(c);
}

const NativeDef kMethods[] = {
    {"conjugate(self, /)",
     [](VM& vm, const Value* a) { return make_complex(vm, as<Complex>(a[0])->re, -as<Complex>(a[0])->im); }},
    {"__complex__(self, /)",
     [](VM& vm, const Value* a) { return make_complex(vm, as<Complex>(a[0])->re, as<Complex>(a[0])->im); }},
    {"__getnewargs__(self, /)",
     [](VM& vm, const Value* a) {
       return make_tuple(vm, {Value::number(as<Complex>(a[0])->re), Value::number(as<Complex>(a[0])->im)});
     }},
};
const GetSetDef kAttributes[] = {
    {"real", [](VM&, Value self) { return Value::number(as<Complex>(self)->re); }},
    {"imag", [](VM&, Value self) { return Value::number(as<Complex>(self)->im); }},
};

}  // namespace

void init_complex(VM& vm) {
  Type* t = vm.types.complex;
  t->instance_size = sizeof(Complex);
  t->slots.repr = repr_slot;
  t->slots.hash = hash_slot;
  t->slots.compare = compare_slot;
  t->slots.truth = [](VM&, Value self) { return as<Complex>(self)->re != 0 || as<Complex>(self)->im != 0 ? 1 : 0; };
  t->slots.binary = binary_slot;
  t->arith_ops = op_bit(ArithOp::Add) | op_bit(ArithOp::Sub) | op_bit(ArithOp::Mul) | op_bit(ArithOp::TrueDiv) |
                 op_bit(ArithOp::Pow);
  t->slots.unary = unary_slot;
  t->unary_ops = op_bit(ir::UnaryOp::Neg) | op_bit(ir::UnaryOp::Pos);
  t->slots.absolute = [](VM&, Value self) {
    return Value::number(std::hypot(as<Complex>(self)->re, as<Complex>(self)->im));
  };
  t->slots.format = [](VM& v, Value self, Value spec) {
    return format_complex(v, as<Complex>(self)->re, as<Complex>(self)->im, text_of(spec));
  };
  t->slots.create = create;
  finish_type(vm, t, {.methods = kMethods, .getset = kAttributes});
}

}  // namespace tsvm::vm

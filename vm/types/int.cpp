// int and bool.
//
// Ints that fit 64 bits are immediate values (Tag::Int), larger ones BigInts, instances of subclasses boxed; slots take
// any of them. bool derives from int and shares its slots where its results are ints.
#include <bit>
#include <cmath>
#include <cstdlib>

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

Value int_to_str(VM& vm, Value integer);

Value int_arith(VM& vm, ArithOp op, int64_t a, int64_t b) {
  int64_t r;
  switch (op) {
    case ArithOp::Add:
      if (!__builtin_add_overflow(a, b, &r)) return Value::integer(r);
      break;
    case ArithOp::Sub:
      if (!__builtin_sub_overflow(a, b, &r)) return Value::integer(r);
      break;
    case ArithOp::Mul:
      if (!__builtin_mul_overflow(a, b, &r)) return Value::integer(r);
      break;
    case ArithOp::FloorDiv:
      if (b == 0 || (b == -1 && a == INT64_MIN)) break;
      r = a / b;
      if (a % b != 0 && (a < 0) != (b < 0)) r--;
      return Value::integer(r);
    case ArithOp::Mod:
      if (b == 0) break;
      if (b == -1) return Value::integer(0);
      r = a % b;
      if (r != 0 && (r < 0) != (b < 0)) r += b;
      return Value::integer(r);
    case ArithOp::And: return Value::integer(a & b);
    case ArithOp::Or: return Value::integer(a | b);
    case ArithOp::Xor: return Value::integer(a ^ b);
    case ArithOp::RShift:
      if (b < 0) break;
      return Value::integer(b > 63 ? (a < 0 ? -1 : 0) : a >> b);
    case ArithOp::LShift:
      if (b < 0 || b > 62) break;
      r = static_cast<int64_t>(static_cast<uint64_t>(a) << b);
      if (r >> b == a) return Value::integer(r);
      break;
    case ArithOp::Pow: {
      if (b < 0) break;
      int64_t base = a, result = 1;
      uint64_t e = static_cast<uint64_t>(b);
      bool overflow = false;
      while (e) {
        if (e & 1) overflow |= __builtin_mul_overflow(result, base, &result);
        e >>= 1;
        if (e) overflow |= __builtin_mul_overflow(base, base, &base);
        if (overflow) break;
      }
      if (!overflow) return Value::integer(result);
      break;
    }
    case ArithOp::MatMul: return raise(vm, vm.types.TypeError, "unsupported operand type(s) for @: 'int' and 'int'");
    default: break;
  }
  return int_arith_slow(vm, op, Value::integer(a), Value::integer(b));
}

namespace {

/// A new instance of a subclass of int with that value.
Value box_int(VM& vm, Type* type, Value plain) {
  auto* b = allocate_object<Boxed>(vm, type, Kind::Instance, type->instance_size);
  b->flags |= kBoxed;
  b->shape = root_shape(vm, type);
  b->payload = new_ref(plain);
  vm.heap.track(b);
  return Value::object(b);
}

Value repr_slot(VM& vm, Value self) { return int_to_str(vm, self); }

bool hash_slot(VM&, Value self, uint64_t& out) {
  Value v = plain_int(self);
  if (v.is_int()) {
    out = hash_int(v.i);
    return true;
  }
  mpz_t a;
  MpzView z(v);
  mpz_roinit_n(a, mpz_limbs_read(static_cast<mpz_srcptr>(z)), static_cast<mp_size_t>(mpz_size(z)));
  uint64_t h = mpz_fdiv_ui(a, kHashModulus);
  if (int_sign(v) < 0) h = 0 - h;
  out = h == UINT64_MAX ? UINT64_MAX - 1 : h;
  return true;
}

Value compare_slot(VM&, CompareOp op, Value self, Value other) {
  if (!is_integer(other)) return Value::not_implemented();
  return Value::boolean(order_holds(op, compare_ints(self, other)));
}

int truth_slot(VM&, Value self) { return int_sign(self) != 0; }

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  if (!is_integer(other)) return Value::not_implemented();
  Value a = plain_int(reflected ? other : self), b = plain_int(reflected ? self : other);
  if (op == ArithOp::MatMul) return Value::not_implemented();
  return a.is_int() && b.is_int() ? int_arith(vm, op, a.i, b.i) : int_arith_slow(vm, op, a, b);
}

Value power_slot(VM& vm, Value base, Value exponent, Value modulus) {
  if (!is_integer(base) || !is_integer(exponent) || !is_integer(modulus)) {
    if (!is_integer(exponent) || modulus.is_float())
      return raise(vm, vm.types.TypeError, "pow() 3rd argument not allowed unless all arguments are integers");
    return Value::not_implemented();
  }
  if (int_sign(modulus) == 0) return raise(vm, vm.types.ValueError, "pow() 3rd argument cannot be 0");
  MpzView b(base), e(exponent), m(modulus);
  Mpz r, positive;
  mpz_abs(positive, m);
  if (int_sign(exponent) < 0) {
    Mpz inverse, by;
    if (mpz_cmp_ui(static_cast<mpz_srcptr>(positive), 1) == 0) return Value::integer(0);
    if (!mpz_invert(inverse, b, positive))
      return raise(vm, vm.types.ValueError, "base is not invertible for the given modulus");
    mpz_neg(by, e);
    mpz_powm(r, inverse, by, positive);
  } else {
    mpz_powm(r, b, e, positive);
  }
  // The result has the sign of the modulus.
  if (int_sign(modulus) < 0 && mpz_sgn(static_cast<mpz_srcptr>(r)) != 0) mpz_add(r, r, m);
  return make_int(vm, r);
}

Value divmod_slot(VM& vm, Value self, Value other, bool reflected) {
  if (!is_integer(other)) return Value::not_implemented();
  Value a = plain_int(reflected ? other : self), b = plain_int(reflected ? self : other);
  Ref q(binary(vm, ArithOp::FloorDiv, a, b));
  if (q.is_error()) return Value::error();
  Ref r(binary(vm, ArithOp::Mod, a, b));
  return make_tuple(vm, {*q, *r});
}

Value unary_slot(VM& vm, UnaryOp op, Value self) {
  Value v = plain_int(self);
  if (v.is_int() && (op != UnaryOp::Neg || v.i != INT64_MIN))
    return Value::integer(op == UnaryOp::Neg ? -v.i : op == UnaryOp::Pos ? v.i : ~v.i);
  if (op == UnaryOp::Pos) return new_ref(v);
  MpzView z(v);
  Mpz r;
  if (op == UnaryOp::Neg)
    mpz_neg(r, z);
  else
    mpz_com(r, z);
  return make_int(vm, r);
}

Value absolute_slot(VM& vm, Value self) {
  return int_sign(self) < 0 ? unary_slot(vm, UnaryOp::Neg, self) : new_ref(plain_int(self));
}

Value index_slot(VM&, Value self) { return new_ref(plain_int(self)); }

Value to_float_slot(VM& vm, Value self) {
  double d;
  return int_to_double(vm, self, d) ? Value::number(d) : Value::error();
}

Value format_slot(VM& vm, Value self, Value spec) {
  if (as<Str>(spec)->size == 0) return str(vm, self);
  return format_int(vm, plain_int(self), text_of(spec), type_name(vm, self));
}

// --- construction -------------------------------------------------------------------------------------------------

/// int(x) without a base: owned plain int.
Value int_of(VM& vm, Value x) {
  Value plain = unbox(x);
  bool own = x.is_object() && (x.o->flags & kBoxed) && x.o->type->slots.to_int != vm.types.int_->slots.to_int;
  if (own) {  // a derived class with an __int__
    Ref r(x.o->type->slots.to_int(vm, x));
    return r.is_error() ? Value::error() : new_ref(plain_int(*r));
  }
  if (plain.is_int() || (is_kind(plain, Kind::BigInt) && x.o->type == vm.types.int_)) return new_ref(plain);
  if (plain.is_bool()) return Value::integer(plain.i);
  if (is_str(x)) return parse_int(vm, text_of(x), 10, x);
  if (is_bytes_like(x)) return parse_int(vm, bytes_of(x), 10, x);
  Type* t = type_of(vm, x);
  if (t->slots.to_int) {
    Ref r(t->slots.to_int(vm, x));
    return r.is_error() ? Value::error() : new_ref(plain_int(*r));
  }
  if (t->slots.index) {
    Ref r(t->slots.index(vm, x));
    return r.is_error() ? Value::error() : new_ref(plain_int(*r));
  }
  Ref r(call_special(vm, x, vm.names.trunc, {}));
  if (r.is_error()) return Value::error();
  if (!r->is_unbound()) {
    if (is_integer(*r)) return new_ref(plain_int(*r));
    return raise(vm, vm.types.TypeError, "__trunc__ returned non-Integral (type %s)", type_name(vm, *r));
  }
  return raise(vm, vm.types.TypeError,
               "int() argument must be a string, a bytes-like object or a real number, not '%s'", t->name->data);
}

Value create(VM& vm, Type* type, Args args, Keywords keywords) {
  Ref plain;
  if (args.size() == 1 && keywords.empty()) {
    plain = Ref(int_of(vm, args[0]));
  } else if (args.empty()) {
    plain = Ref(Value::integer(0));
  } else {
    static const NativeDef def{"int(x=..., /, base=...)", nullptr};
    std::vector<Value> a;
    std::vector<Ref> keep;
    if (!bind_args(vm, def, args, keywords, a, keep)) return Value::error();
    if (a[1].is_unbound()) {
      plain = Ref(int_of(vm, a[0]));
    } else if (a[0].is_unbound()) {
      return raise(vm, vm.types.TypeError, "int() missing string argument");
    } else {
      int64_t base;
      if (!arg_int_clamped(vm, a[1], base)) return Value::error();
      if ((base != 0 && base < 2) || base > 36)
        return raise(vm, vm.types.ValueError, "int() base must be >= 2 and <= 36, or 0");
      if (!is_str(a[0]) && !is_bytes_like(a[0]))
        return raise(vm, vm.types.TypeError, "int() can't convert non-string with explicit base");
      plain = Ref(parse_int(vm, is_str(a[0]) ? text_of(a[0]) : bytes_of(a[0]), static_cast<int>(base), a[0]));
    }
  }
  if (plain.is_error() || type == vm.types.int_) return plain.take();
  return box_int(vm, type, *plain);
}

Value create_bool(VM& vm, Type*, Args args, Keywords keywords) {
  if (!no_keywords(vm, "bool", keywords) || !arg_count(vm, "bool", args.size(), 0, 1)) return Value::error();
  if (args.empty()) return Value::boolean(false);
  int t = truth(vm, args[0]);
  return t < 0 ? Value::error() : Value::boolean(t);
}

Value binary_bool(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  if (other.is_bool() && self.is_bool()) {
    if (op == ArithOp::And) return Value::boolean(self.i & other.i);
    if (op == ArithOp::Or) return Value::boolean(self.i | other.i);
    if (op == ArithOp::Xor) return Value::boolean(self.i ^ other.i);
  }
  return binary_slot(vm, op, self, other, reflected);
}

// --- methods ------------------------------------------------------------------------------------------------------

Value as_integer_ratio(VM& vm, const Value* a) { return make_tuple(vm, {plain_int(a[0]), Value::integer(1)}); }

Value bit_length(VM&, const Value* a) {
  Value v = plain_int(a[0]);
  if (v.is_int()) {
    uint64_t m = v.i < 0 ? 0 - static_cast<uint64_t>(v.i) : static_cast<uint64_t>(v.i);
    return Value::integer(static_cast<int64_t>(std::bit_width(m)));
  }
  return Value::integer(static_cast<int64_t>(mpz_sizeinbase(MpzView(v), 2)));
}

Value bit_count(VM&, const Value* a) {
  MpzView z(a[0]);
  Mpz positive;
  mpz_abs(positive, z);
  return Value::integer(static_cast<int64_t>(mpz_popcount(positive)));
}

Value itself(VM&, const Value* a) { return new_ref(plain_int(a[0])); }
Value get_itself(VM&, Value self) { return new_ref(plain_int(self)); }

Value round_method(VM& vm, const Value* a) {
  Value v = plain_int(a[0]);
  if (a[1].is_none()) return new_ref(v);
  Ref n(to_index(vm, a[1]));
  if (n.is_error()) return Value::error();
  if (int_sign(*n) >= 0) return new_ref(v);
  if (!n->is_int() || n->i < -100000) return Value::integer(0);
  // Half to even at 10^-n.
  Mpz unit, q, r, twice;
  mpz_ui_pow_ui(unit, 10, static_cast<unsigned long>(-n->i));
  MpzView z(v);
  mpz_fdiv_qr(q, r, z, unit);
  mpz_mul_2exp(twice, r, 1);
  int c = mpz_cmp(twice, unit);
  if (c > 0 || (c == 0 && mpz_odd_p(static_cast<mpz_srcptr>(q)))) mpz_add_ui(q, q, 1);
  mpz_mul(q, q, unit);
  return make_int(vm, q);
}

bool byte_order(VM& vm, Value v, bool& little) {
  if (!is_str(v))
    return fail(vm, vm.types.TypeError, "to_bytes() argument 'byteorder' must be str, not %s", type_name(vm, v));
  little = text_of(v) == "little";
  return little || text_of(v) == "big" || fail(vm, vm.types.ValueError, "byteorder must be either 'little' or 'big'");
}

Value to_bytes(VM& vm, const Value* a) {
  int64_t length;
  bool little, is_signed;
  if (!arg_int(vm, a[1], length) || !byte_order(vm, a[2], little) || !arg_bool(vm, a[3], is_signed))
    return Value::error();
  if (length < 0) return raise(vm, vm.types.ValueError, "length argument must be non-negative");
  bool negative = int_sign(a[0]) < 0;
  if (negative && !is_signed) return raise(vm, vm.types.OverflowError, "can't convert negative int to unsigned");
  MpzView z(a[0]);
  Mpz value;
  mpz_set(value, z);
  auto n = static_cast<size_t>(length);
  Mpz limit;
  mpz_setbit(limit, n * 8 - (is_signed && n ? 1 : 0));
  bool fits = negative ? mpz_cmpabs(value, limit) <= 0 : mpz_cmp(value, limit) < 0;
  if (n == 0) fits = int_sign(a[0]) == 0;
  if (!fits) return raise(vm, vm.types.OverflowError, "int too big to convert");
  if (negative) {
    Mpz whole;
    mpz_setbit(whole, n * 8);
    mpz_add(value, value, whole);
  }
  std::string out(n, '\0');
  size_t count = (mpz_sizeinbase(value, 2) + 7) / 8;
  std::string raw(count, '\0');
  size_t written = 0;
  mpz_export(raw.data(), &written, -1, 1, 0, 0, value);
  for (size_t i = 0; i < written && i < n; i++) out[little ? i : n - 1 - i] = raw[i];
  return make_bytes(vm, out);
}

Value from_bytes(VM& vm, const Value* a) {
  bool little, is_signed;
  if (!byte_order(vm, a[2], little) || !arg_bool(vm, a[3], is_signed)) return Value::error();
  std::string data;
  if (is_bytes_like(a[1])) {
    data = bytes_of(a[1]);
  } else {
    bool ok = for_each(vm, a[1], [&](Value v) {
      int64_t b;
      if (!arg_int(vm, v, b)) return false;
      if (b < 0 || b > 255) return fail(vm, vm.types.ValueError, "bytes must be in range(0, 256)");
      data.push_back(static_cast<char>(b));
      return true;
    });
    if (!ok) return Value::error();
  }
  Mpz z;
  mpz_import(z, data.size(), little ? -1 : 1, 1, 0, 0, data.data());
  if (is_signed && !data.empty()) {
    auto top = static_cast<unsigned char>(little ? data.back() : data.front());
    if (top & 0x80) {
      Mpz whole;
      mpz_setbit(whole, data.size() * 8);
      mpz_sub(z, z, whole);
    }
  }
  Ref plain(make_int(vm, z));
  if (a[0].same(Value::object(vm.types.int_))) return plain.take();
  return call(vm, a[0], {*plain});
}

Value getnewargs(VM& vm, const Value* a) { return make_tuple(vm, {plain_int(a[0])}); }

const NativeDef kMethods[] = {
    {"as_integer_ratio(self, /)", as_integer_ratio},
    {"bit_count(self, /)", bit_count},
    {"bit_length(self, /)", bit_length},
    {"conjugate(self, /)", itself},
    {"to_bytes(self, /, length=1, byteorder='big', *, signed=False)", to_bytes},
    {"__ceil__(self, /)", itself},
    {"__floor__(self, /)", itself},
    {"__trunc__(self, /)", itself},
    {"__round__(self, ndigits=None, /)", round_method},
    {"__getnewargs__(self, /)", getnewargs},
};
const NativeDef kClassMethods[] = {{"from_bytes(cls, /, bytes, byteorder='big', *, signed=False)", from_bytes}};
const GetSetDef kFields[] = {
    {"real", get_itself},
    {"imag", [](VM&, Value) { return Value::integer(0); }},
    {"numerator", get_itself},
    {"denominator", [](VM&, Value) { return Value::integer(1); }},
};

}  // namespace

void init_int(VM& vm) {
  Type* t = vm.types.int_;
  t->instance_size = sizeof(BigInt);
  t->slots.size_of = [](const Object* o) {
    return offsetof(BigInt, limbs) +
           static_cast<size_t>(std::abs(static_cast<const BigInt*>(o)->size)) * sizeof(uint64_t);
  };
  t->slots.repr = repr_slot;
  t->slots.hash = hash_slot;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.truth = truth_slot;
  t->slots.binary = binary_slot;
  for (ArithOp op : {ArithOp::Add, ArithOp::Sub, ArithOp::Mul, ArithOp::TrueDiv, ArithOp::FloorDiv, ArithOp::Mod,
                     ArithOp::Pow, ArithOp::LShift, ArithOp::RShift, ArithOp::And, ArithOp::Or, ArithOp::Xor})
    t->arith_ops |= op_bit(op);
  t->slots.power = power_slot;
  t->slots.divmod = divmod_slot;
  t->slots.unary = unary_slot;
  t->unary_ops = op_bit(UnaryOp::Neg) | op_bit(UnaryOp::Pos) | op_bit(UnaryOp::Invert);
  t->slots.absolute = absolute_slot;
  t->slots.index = index_slot;
  t->slots.to_int = index_slot;
  t->slots.to_float = to_float_slot;
  t->slots.format = format_slot;
  t->slots.create = create;
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods, .getset = kFields});

  Type* b = vm.types.bool_;
  b->instance_size = sizeof(BigInt);
  b->is_final = true;
  b->slots.repr = [](VM& v, Value self) { return make_ascii(v, self.is_true() ? "True" : "False"); };
  b->slots.binary = binary_bool;
  b->arith_ops = op_bit(ArithOp::And) | op_bit(ArithOp::Or) | op_bit(ArithOp::Xor);
  b->slots.create = create_bool;
  finish_type(vm, b);
  b->arith_ops = t->arith_ops;
}

}  // namespace tsvm::vm

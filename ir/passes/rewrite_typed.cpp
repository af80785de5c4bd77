// Rules for raw scalars, boxes, casts and guards.
//
// Identities on floats hold for every operand, with signed zeros, infinities and NaN (whose payload has no meaning in
// the language). Those on ints hold with wrapping and with an exit on overflow alike, unless they say otherwise.
#include <bit>
#include <cmath>

#include "ir/effects.h"
#include "ir/passes/fold.h"
#include "ir/passes/rewrite.h"

namespace tsvm::ir {

namespace {

Rewrite done(ValueId v) { return {true, v}; }
const Constant* constant(Builder& b, ValueId v) { return constant_of(b.function(), v); }
TypeId type_of(Builder& b, ValueId v) { return b.function().type_of(v); }
const Inst* def(Builder& b, ValueId v) { return b.function().def(v); }
ValueId operand(Builder& b, const Inst& inst, size_t k) { return b.function().operands(inst)[k]; }

ValueId i64(Builder& b, ArithOp op, ValueId x, ValueId y) { return b.emit(Opcode::ArithI64, {x, y}, op); }

// --- arithmetic on ints ---

Rewrite fold_i64_rule(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  const Constant* y = constant(b, c.operands[1]);
  int64_t out;
  if (x == nullptr || y == nullptr) return {};
  auto op = static_cast<ArithOp>(c.imm);
  bool ok =
      c.exit ? fold_i64(op, x->int_value, y->int_value, out) : fold_i64_wrapping(op, x->int_value, y->int_value, out);
  return ok ? done(b.const_i64(out)) : Rewrite{};
}

Rewrite constant_to_the_right(Builder& b, const Candidate& c) {
  if (!is_commutative(c.op, c.imm) || constant(b, c.operands[0]) == nullptr || constant(b, c.operands[1]) != nullptr)
    return {};
  return done(b.emit(c.op, {c.operands[1], c.operands[0]}, c.imm, c.type));
}

Rewrite i64_with_constant(Builder& b, const Candidate& c) {
  const Constant* y = constant(b, c.operands[1]);
  if (y == nullptr) return {};
  ValueId x = c.operands[0];
  int64_t n = y->int_value;
  switch (static_cast<ArithOp>(c.imm)) {
    case ArithOp::Add:     // x + 0 = x
    case ArithOp::Sub:     // x - 0 = x
    case ArithOp::Or:      // x | 0 = x
    case ArithOp::Xor:     // x ^ 0 = x
    case ArithOp::LShift:  // x << 0 = x
    case ArithOp::RShift:  // x >> 0 = x
      return n == 0 ? done(x) : Rewrite{};
    case ArithOp::Mul:
      if (n == 1) return done(x);                           // x * 1 = x
      if (n == 0) return done(c.operands[1]);               // x * 0 = 0
      if (n == 2) return done(i64(b, ArithOp::Add, x, x));  // x * 2 = x + x
      return {};
    case ArithOp::And:
      if (n == 0) return done(c.operands[1]);  // x & 0 = 0
      if (n == -1) return done(x);             // x & -1 = x
      return {};
    case ArithOp::FloorDiv: {
      if (n == 1) return done(x);  // x // 1 = x
      // x // 2^k = x >> k: both round towards minus infinity
      if (n > 1 && std::has_single_bit(static_cast<uint64_t>(n)))
        return done(i64(b, ArithOp::RShift, x, b.const_i64(std::countr_zero(static_cast<uint64_t>(n)))));
      return {};
    }
    case ArithOp::Mod:
      if (n == 1 || n == -1) return done(b.const_i64(0));  // x % 1 = 0
      // x % 2^k = x & (2^k - 1): the sign is the divisor's
      if (n > 1 && std::has_single_bit(static_cast<uint64_t>(n)))
        return done(i64(b, ArithOp::And, x, b.const_i64(n - 1)));
      return {};
    case ArithOp::Pow:
      if (n == 1) return done(x);                           // x ** 1 = x
      if (n == 0) return done(b.const_i64(1));              // x ** 0 = 1
      if (n == 2) return done(i64(b, ArithOp::Mul, x, x));  // x ** 2 = x * x
      return {};
    default: return {};
  }
}

Rewrite i64_with_itself(Builder& b, const Candidate& c) {
  if (c.operands[0] != c.operands[1]) return {};
  switch (static_cast<ArithOp>(c.imm)) {
    case ArithOp::Sub:                               // x - x = 0
    case ArithOp::Xor: return done(b.const_i64(0));  // x ^ x = 0
    case ArithOp::And:                               // x & x = x
    case ArithOp::Or: return done(c.operands[0]);    // x | x = x
    default: return {};
  }
}

// (x op k1) op k2 = x op (k1 op k2), where it cannot leave in between: wrapping sums and products, logic.
Rewrite i64_gather_constants(Builder& b, const Candidate& c) {
  auto op = static_cast<ArithOp>(c.imm);
  const Constant* k2 = constant(b, c.operands[1]);
  const Inst* inner = def(b, c.operands[0]);
  if (k2 == nullptr || inner == nullptr || inner->op != Opcode::ArithI64 || inner->imm != c.imm ||
      !is_commutative(c.op, c.imm))
    return {};
  bool logic = op == ArithOp::And || op == ArithOp::Or || op == ArithOp::Xor;
  if (!logic && (c.exit || inner->exit)) return {};
  const Constant* k1 = constant(b, operand(b, *inner, 1));
  int64_t k;
  if (k1 == nullptr || !fold_i64_wrapping(op, k1->int_value, k2->int_value, k)) return {};
  ValueId x = operand(b, *inner, 0);
  return done(i64(b, op, x, b.const_i64(k)));
}

// x + (-k) = x - k reads better and is what a range check looks for; the lowest int has no opposite.
Rewrite i64_sub_of_negative(Builder& b, const Candidate& c) {
  if (static_cast<ArithOp>(c.imm) != ArithOp::Sub) return {};
  const Constant* y = constant(b, c.operands[1]);
  if (y == nullptr || y->int_value >= 0 || y->int_value == INT64_MIN) return {};
  return done(i64(b, ArithOp::Add, c.operands[0], b.const_i64(-y->int_value)));
}

Rewrite fold_unary_i64(Builder& b, const Candidate& c) {
  auto op = static_cast<UnaryOp>(c.imm);
  if (op == UnaryOp::Pos) return done(c.operands[0]);  // +x = x
  if (const Constant* x = constant(b, c.operands[0])) {
    Constant out;
    if (fold_unary(op, *x, out)) return done(b.const_i64(out.int_value));
    return {};
  }
  const Inst* inner = def(b, c.operands[0]);  // ~~x = x; --x = x: the inner one has left where there is none
  if (inner != nullptr && inner->op == Opcode::UnaryI64 && inner->imm == c.imm) return done(operand(b, *inner, 0));
  return {};
}

// --- arithmetic on floats ---

Rewrite fold_f64_rule(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  const Constant* y = constant(b, c.operands[1]);
  double out;
  if (x == nullptr || y == nullptr || !fold_f64(static_cast<ArithOp>(c.imm), x->float_value, y->float_value, out))
    return {};
  return done(b.const_f64(out));
}

Rewrite f64_with_constant(Builder& b, const Candidate& c) {
  const Constant* y = constant(b, c.operands[1]);
  if (y == nullptr) return {};
  ValueId x = c.operands[0];
  double k = y->float_value;
  switch (static_cast<ArithOp>(c.imm)) {
    case ArithOp::Add: return k == 0 && std::signbit(k) ? done(x) : Rewrite{};   // x + -0.0 = x (not x + 0.0)
    case ArithOp::Sub: return k == 0 && !std::signbit(k) ? done(x) : Rewrite{};  // x - 0.0 = x
    case ArithOp::Mul:
      if (k == 1) return done(x);                                               // x * 1.0 = x
      if (k == 2) return done(b.emit(Opcode::ArithF64, {x, x}, ArithOp::Add));  // x * 2.0 = x + x
      if (k == -1) return done(b.emit(Opcode::UnaryF64, {x}, UnaryOp::Neg));    // x * -1.0 = -x
      return {};
    case ArithOp::TrueDiv: {
      if (k == 1) return done(x);  // x / 1.0 = x
      // x / 2^k = x * 2^-k: both only move the exponent, rounding alike where they must
      int exponent;
      if (std::isnormal(k) && std::abs(std::frexp(k, &exponent)) == 0.5 && std::isnormal(1 / k))
        return done(b.emit(Opcode::ArithF64, {x, b.const_f64(1 / k)}, ArithOp::Mul));
      return {};
    }
    case ArithOp::Pow:
      if (k == 1) return done(x);               // x ** 1.0 = x
      if (k == 0) return done(b.const_f64(1));  // x ** 0.0 = 1.0, of NaN too
      return {};
    default: return {};
  }
}

Rewrite fold_unary_f64(Builder& b, const Candidate& c) {
  auto op = static_cast<UnaryOp>(c.imm);
  if (op == UnaryOp::Pos) return done(c.operands[0]);
  if (const Constant* x = constant(b, c.operands[0])) return done(b.const_f64(-x->float_value));
  const Inst* inner = def(b, c.operands[0]);
  if (inner != nullptr && inner->op == Opcode::UnaryF64 && inner->imm == c.imm) return done(operand(b, *inner, 0));
  return {};
}

// --- comparisons and bools ---

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::Lt: return CompareOp::Gt;
    case CompareOp::Le: return CompareOp::Ge;
    case CompareOp::Gt: return CompareOp::Lt;
    case CompareOp::Ge: return CompareOp::Le;
    default: return op;
  }
}
CompareOp opposite(CompareOp op) {
  switch (op) {
    case CompareOp::Lt: return CompareOp::Ge;
    case CompareOp::Le: return CompareOp::Gt;
    case CompareOp::Gt: return CompareOp::Le;
    case CompareOp::Ge: return CompareOp::Lt;
    case CompareOp::Eq: return CompareOp::Ne;
    case CompareOp::Ne: return CompareOp::Eq;
    default: return op;
  }
}

Rewrite fold_compare_i64(Builder& b, const Candidate& c) {
  auto op = static_cast<CompareOp>(c.imm);
  const Constant* x = constant(b, c.operands[0]);
  const Constant* y = constant(b, c.operands[1]);
  if (x != nullptr && y != nullptr) return done(b.const_bool(compare_i64(op, x->int_value, y->int_value)));
  if (c.operands[0] == c.operands[1])
    return done(b.const_bool(op == CompareOp::Eq || op == CompareOp::Le || op == CompareOp::Ge));
  if (x != nullptr) return done(b.emit(c.op, {c.operands[1], c.operands[0]}, mirrored(op)));
  return {};
}

// int(b) == 0, int(b) != 0 and the same with 1.
Rewrite compare_bool_as_int(Builder& b, const Candidate& c) {
  auto op = static_cast<CompareOp>(c.imm);
  const Constant* y = constant(b, c.operands[1]);
  const Inst* inner = def(b, c.operands[0]);
  if (y == nullptr || inner == nullptr || inner->op != Opcode::BoolToI64) return {};
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || (y->int_value != 0 && y->int_value != 1)) return {};
  ValueId flag = operand(b, *inner, 0);
  bool same = (op == CompareOp::Eq) == (y->int_value == 1);
  return done(same ? flag : b.emit(Opcode::NotBool, {flag}));
}

Rewrite fold_compare_f64(Builder& b, const Candidate& c) {
  auto op = static_cast<CompareOp>(c.imm);
  const Constant* x = constant(b, c.operands[0]);
  const Constant* y = constant(b, c.operands[1]);
  if (x != nullptr && y != nullptr) return done(b.const_bool(compare_f64(op, x->float_value, y->float_value)));
  if (x != nullptr) return done(b.emit(c.op, {c.operands[1], c.operands[0]}, mirrored(op)));
  return {};
}

Rewrite fold_not(Builder& b, const Candidate& c) {
  if (const Constant* x = constant(b, c.operands[0])) return done(b.const_bool(x->int_value == 0));
  const Inst* inner = def(b, c.operands[0]);
  if (inner == nullptr) return {};
  if (inner->op == Opcode::NotBool) return done(operand(b, *inner, 0));
  if (inner->op == Opcode::CompareI64) {
    ValueId x = operand(b, *inner, 0), y = operand(b, *inner, 1);
    return done(b.emit(Opcode::CompareI64, {x, y}, opposite(static_cast<CompareOp>(inner->imm))));
  }
  // Of floats only equality has an opposite: every order is false for NaN.
  if (inner->op == Opcode::CompareF64) {
    auto op = static_cast<CompareOp>(inner->imm);
    if (op != CompareOp::Eq && op != CompareOp::Ne) return {};
    ValueId x = operand(b, *inner, 0), y = operand(b, *inner, 1);
    return done(b.emit(Opcode::CompareF64, {x, y}, opposite(op)));
  }
  return {};
}

Rewrite fold_select(Builder& b, const Candidate& c) {
  if (const Constant* x = constant(b, c.operands[0])) {
    ValueId chosen = c.operands[x->int_value ? 1 : 2];
    if (type_of(b, chosen) == c.type) return done(chosen);
    return done(b.emit(Opcode::Cast, {chosen}, c.type.index));
  }
  if (c.operands[1] == c.operands[2] && type_of(b, c.operands[1]) == c.type) return done(c.operands[1]);
  if (c.type != types::Bool) return {};
  const Constant* x = constant(b, c.operands[1]);
  const Constant* y = constant(b, c.operands[2]);
  if (x == nullptr || y == nullptr || x->int_value == y->int_value) return {};
  return done(x->int_value ? c.operands[0] : b.emit(Opcode::NotBool, {c.operands[0]}));
}

// --- conversions ---

Rewrite fold_conversion(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  if (x == nullptr) return {};
  if (c.op == Opcode::I64ToF64) return done(b.const_f64(static_cast<double>(x->int_value)));
  if (c.op == Opcode::BoolToI64) return done(b.const_i64(x->int_value));
  double d = x->float_value;
  if (!(d > -9223372036854775808.0 && d < 9223372036854775808.0)) return {};
  return done(b.const_i64(static_cast<int64_t>(d)));
}

// --- boxes, casts, guards ---

Rewrite fold_box(Builder& b, const Candidate& c) {
  const Inst* inner = def(b, c.operands[0]);
  if (inner == nullptr) return {};
  if (inner->op == Opcode::Const) return done(b.emit(Opcode::Const, {}, inner->imm, c.type));
  if (inner->op == Opcode::Unbox) return done(operand(b, *inner, 0));
  return {};
}

// The value under casts that only say more of it.
ValueId under_casts(Builder& b, ValueId v) {
  for (const Inst* d = def(b, v); d != nullptr && d->op == Opcode::Cast; d = def(b, v)) v = operand(b, *d, 0);
  return v;
}

bool constant_has_type(const Constant& x, TypeId t) {
  return (x.kind == Constant::Kind::Int && t == types::I64) || (x.kind == Constant::Kind::Float && t == types::F64) ||
         (x.kind == Constant::Kind::Bool && t == types::Bool);
}

// Unbox, and the guard that does the same with a test first.
Rewrite fold_unbox(Builder& b, const Candidate& c) {
  TypeId wanted(c.imm);
  if (!TypeTable::is_raw(wanted)) return {};
  ValueId v = under_casts(b, c.operands[0]);
  const Inst* inner = def(b, v);
  if (inner == nullptr) return {};
  if (inner->op == Opcode::Box && type_of(b, operand(b, *inner, 0)) == wanted) return done(operand(b, *inner, 0));
  if (inner->op == Opcode::Const && constant_has_type(*constant(b, v), wanted))
    return done(b.emit(Opcode::Const, {}, inner->imm, wanted));
  return {};
}

Rewrite fold_cast(Builder& b, const Candidate& c) {
  TypeId wanted(c.imm);
  if (type_of(b, c.operands[0]) == wanted) return done(c.operands[0]);
  ValueId v = under_casts(b, c.operands[0]);
  if (v == c.operands[0]) return {};
  return done(b.emit(Opcode::Cast, {v}, c.imm));
}

// A value of the type already; how a list keeps its elements may have changed since.
Rewrite type_known(Builder& b, const Candidate& c) {
  const TypeTable* types = b.function().module->types;
  TypeId wanted(c.imm);
  if (type_of(b, c.operands[0]) != wanted) return {};
  if (c.op == Opcode::GuardType && types != nullptr && types->kind(wanted) == TypeKind::List) return {};
  return done(c.operands[0]);
}

// The same guard has just been passed by this very value.
Rewrite guarded_object(Builder& b, const Candidate& c) {
  const Inst* inner = def(b, c.operands[0]);
  if (inner != nullptr && inner->op == Opcode::GuardIs && inner->imm == c.imm) return done(c.operands[0]);
  return {};
}

Rewrite fold_guard_true(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  return x != nullptr && x->int_value ? Rewrite{true, ValueId()} : Rewrite{};
}

Rewrite fold_guard_index(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  const Constant* n = constant(b, c.operands[1]);
  if (x != nullptr && n != nullptr && 0 <= x->int_value && x->int_value < n->int_value) return done(c.operands[0]);
  const Inst* inner = def(b, c.operands[0]);
  if (inner != nullptr && inner->op == Opcode::GuardIndex && operand(b, *inner, 1) == c.operands[1])
    return done(c.operands[0]);
  return {};
}

constexpr Rule kRules[] = {
    {Opcode::ArithI64, fold_i64_rule, "constant op constant"},
    {Opcode::ArithI64, constant_to_the_right, "k op x = x op k"},
    {Opcode::ArithI64, i64_with_constant, "x op k"},
    {Opcode::ArithI64, i64_with_itself, "x op x"},
    {Opcode::ArithI64, i64_gather_constants, "(x op k1) op k2"},
    {Opcode::ArithI64, i64_sub_of_negative, "x - -k = x + k"},
    {Opcode::UnaryI64, fold_unary_i64, "op constant; twice the same"},
    {Opcode::ArithF64, fold_f64_rule, "constant op constant"},
    {Opcode::ArithF64, constant_to_the_right, "k op x = x op k"},
    {Opcode::ArithF64, f64_with_constant, "x op k"},
    {Opcode::UnaryF64, fold_unary_f64, "op constant; twice the same"},
    {Opcode::CompareI64, fold_compare_i64, "constants; x <=> x; constant to the right"},
    {Opcode::CompareI64, compare_bool_as_int, "int(b) == 0"},
    {Opcode::CompareF64, fold_compare_f64, "constants; constant to the right"},
    {Opcode::NotBool, fold_not, "not constant; not not; not of a comparison"},
    {Opcode::Select, fold_select, "constant condition; equal sides; a bool by itself"},
    {Opcode::I64ToF64, fold_conversion, "of a constant"},
    {Opcode::F64ToI64, fold_conversion, "of a constant"},
    {Opcode::BoolToI64, fold_conversion, "of a constant"},
    {Opcode::Box, fold_box, "box of a constant; box of unbox"},
    {Opcode::Unbox, fold_unbox, "unbox of a constant; unbox of box"},
    {Opcode::GuardType, fold_unbox, "guard of what was boxed"},
    {Opcode::Cast, fold_cast, "cast to the same; cast of cast"},
    {Opcode::GuardType, type_known, "the type is known"},
    {Opcode::CheckType, fold_unbox, "check of what was boxed"},
    {Opcode::CheckType, type_known, "the type is known"},
    {Opcode::GuardIs, guarded_object, "the same guard twice"},
    {Opcode::GuardTrue, fold_guard_true, "of true"},
    {Opcode::GuardIndex, fold_guard_index, "constants; the same guard twice"},
};

}  // namespace

std::span<const Rule> typed_rules() { return kRules; }

}  // namespace tsvm::ir

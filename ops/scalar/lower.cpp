// Expands a program into primitives: math.h and complex_math.h instantiated with symbols that append instructions.
//
// A Sym stands for a value of the program being built; its operators are the primitives. Real values are one value of
// the new program, complex values a pair of them.
#include <bit>

#include "base/check.h"
#include "ops/scalar/complex_math.h"
#include "ops/scalar/math.h"
#include "ops/scalar/program.h"

namespace tsvm::ops::scalar {

namespace {

struct SymMask {
  Builder* b;
  uint16_t id;
};

template <class T>
constexpr CType kTypeOf = std::is_same_v<T, float>     ? CType::F32
                          : std::is_same_v<T, double>  ? CType::F64
                          : std::is_same_v<T, int32_t> ? CType::I32
                                                       : CType::I64;
template <class T>
using int_of = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

template <class T>
struct Sym {
  using Scalar = T;
  using Int = Sym<int_of<T>>;
  using Mask = SymMask;
  Builder* b = nullptr;
  uint16_t id = kNoValue;
};

#define SYM_BINARY(symbol, name)                 \
  template <class T>                             \
  Sym<T> operator symbol(Sym<T> a, Sym<T> b) {   \
    return {a.b, a.b->op(Op::name, a.id, b.id)}; \
  }
SYM_BINARY(+, Add)
SYM_BINARY(-, Sub)
SYM_BINARY(*, Mul)
SYM_BINARY(/, Div)
SYM_BINARY(&, And)
SYM_BINARY(|, Or)
SYM_BINARY(^, Xor)
#undef SYM_BINARY
#define SYM_COMPARE(symbol, name)                \
  template <class T>                             \
  SymMask operator symbol(Sym<T> a, Sym<T> b) {  \
    return {a.b, a.b->op(Op::name, a.id, b.id)}; \
  }
SYM_COMPARE(==, Eq)
SYM_COMPARE(!=, Ne)
SYM_COMPARE(<, Lt)
SYM_COMPARE(<=, Le)
SYM_COMPARE(>, Gt)
SYM_COMPARE(>=, Ge)
#undef SYM_COMPARE
SymMask operator&(SymMask a, SymMask b) { return {a.b, a.b->op(Op::And, a.id, b.id)}; }
SymMask operator|(SymMask a, SymMask b) { return {a.b, a.b->op(Op::Or, a.id, b.id)}; }
SymMask operator^(SymMask a, SymMask b) { return {a.b, a.b->op(Op::Xor, a.id, b.id)}; }
SymMask operator~(SymMask a) { return {a.b, a.b->op(Op::Not, a.id)}; }

#define SYM_UNARY(function, name)          \
  template <class T>                       \
  Sym<T> function(Sym<T> a) {              \
    return {a.b, a.b->op(Op::name, a.id)}; \
  }
SYM_UNARY(operator-, Neg)
SYM_UNARY(abs, Abs)
SYM_UNARY(sqrt, Sqrt)
SYM_UNARY(round_even, RoundEven)
SYM_UNARY(floor, Floor)
SYM_UNARY(ceil, Ceil)
SYM_UNARY(trunc, Trunc)
#undef SYM_UNARY

template <class T>
Sym<T> fma(Sym<T> a, Sym<T> b, Sym<T> c) {
  return {a.b, a.b->op(Op::Fma, a.id, b.id, c.id)};
}
template <class T>
Sym<T> splat(Sym<T> like, T value) {
  return {like.b, like.b->constant_bits(kTypeOf<T>, std::bit_cast<std::make_unsigned_t<int_of<T>>>(value))};
}
template <class T>
Sym<T> select(SymMask m, Sym<T> a, Sym<T> b) {
  if (a.id == b.id) return a;
  return {m.b, m.b->op(Op::Select, m.id, a.id, b.id)};
}
template <class T>
Sym<int_of<T>> bits(Sym<T> a) {
  if constexpr (std::is_integral_v<T>)
    return a;
  else
    return {a.b, a.b->bits(a.id, kTypeOf<int_of<T>>)};
}
template <class T>
Sym<T> from_bits(Sym<T>, Sym<int_of<T>> a) {
  return {a.b, a.b->bits(a.id, kTypeOf<T>)};
}
template <int Count, class T>
Sym<T> shl(Sym<T> a) {
  return {a.b, a.b->op(Op::Shl, a.id, a.b->constant(kTypeOf<T>, int64_t{Count}))};
}
template <int Count, class T>
Sym<T> shr_logical(Sym<T> a) {
  return {a.b, a.b->op(Op::ShrU, a.id, a.b->constant(kTypeOf<T>, int64_t{Count}))};
}
Sym<double> widen(Sym<float> a) { return {a.b, a.b->convert(a.id, CType::F64)}; }
Sym<float> shorten(Sym<double> a) { return {a.b, a.b->convert(a.id, CType::F32)}; }
template <LibmFn Fn, class T>
Sym<T> libm1(Sym<T> a) {
  return {a.b, a.b->libm(Fn, a.id)};
}
template <LibmFn Fn, class T>
Sym<T> libm2(Sym<T> a, Sym<T> b) {
  return {a.b, a.b->libm(Fn, a.id, b.id)};
}
template <LibmFn Fn, class T>
Sym<T> libm_where(SymMask guard, Sym<T> a, Sym<T> otherwise) {
  return {a.b, a.b->libm(Fn, a.id, kNoValue, guard.id, otherwise.id)};
}

/// A value of the old program in the new one.
struct Lowered {
  uint16_t re = kNoValue, im = kNoValue;
};

template <class T>
Lowered result(Sym<T> v) {
  return {v.id, kNoValue};
}
Lowered result(SymMask v) { return {v.id, kNoValue}; }
template <class T>
Lowered result(math::Cx<Sym<T>> v) {
  return {v.re.id, v.im.id};
}

template <CType T>
auto symbol(Builder& b, Lowered v) {
  if constexpr (T == CType::I32)
    return Sym<int32_t>{&b, v.re};
  else if constexpr (T == CType::I64)
    return Sym<int64_t>{&b, v.re};
  else if constexpr (T == CType::F32)
    return Sym<float>{&b, v.re};
  else if constexpr (T == CType::F64)
    return Sym<double>{&b, v.re};
  else if constexpr (T == CType::C64)
    return math::Cx<Sym<float>>{{&b, v.re}, {&b, v.im}};
  else
    return math::Cx<Sym<double>>{{&b, v.re}, {&b, v.im}};
}

constexpr bool stays_on_ints(Op op) {
  return op == Op::FloorDiv || op == Op::Remainder || op == Op::Fmod || op == Op::Pow;
}

/// The expansion of macro `op` on operands of type T, by its definition.
template <CType T>
Lowered expand(Builder& b, Op op, Lowered x, Lowered y) {
  switch (op) {
#define EXPAND_Macro_1(name, types)                                                 \
  case Op::name:                                                                    \
    if constexpr (takes(types, T)) return result(math::op_##name(symbol<T>(b, x))); \
    break;
#define EXPAND_Macro_2(name, types)                                           \
  case Op::name:                                                              \
    if constexpr (takes(types, T) && !(is_int(T) && stays_on_ints(Op::name))) \
      return result(math::op_##name(symbol<T>(b, x), symbol<T>(b, y)));       \
    break;
#define EXPAND_Leaf_0(name, types)
#define EXPAND_Prim_0(name, types)
#define EXPAND_Prim_1(name, types)
#define EXPAND_Prim_2(name, types)
#define EXPAND_Prim_3(name, types)
#define SCALAR_OP(name, operands, kind, types, result) EXPAND_##kind##_##operands(name, types)
#include "ops/scalar/opcodes.def"
#undef SCALAR_OP
    default: break;
  }
  TSVM_UNREACHABLE("a macro on a type that it does not take");
}

/// Primitives on complex numbers.
template <CType T>
Lowered complex_prim(Builder& b, Op op, Lowered x, Lowered y) {
  const auto u = symbol<T>(b, x), v = symbol<T>(b, y);
  switch (op) {
    case Op::Add: return result(u + v);
    case Op::Sub: return result(u - v);
    case Op::Mul: return result(u * v);
    case Op::Div: return result(u / v);
    case Op::Neg: return result(-u);
    case Op::Eq: return result(u == v);
    case Op::Ne: return result(u != v);
    case Op::Sqrt: return result(math::op_Sqrt(u));
    default: TSVM_UNREACHABLE("a primitive that complex numbers do not have");
  }
}

Lowered bool_op(Builder& b, Op op, uint16_t x, uint16_t y) {
  auto make = [&](Op o, uint16_t p, uint16_t q = kNoValue) { return Lowered{b.op(o, p, q), kNoValue}; };
  auto inverse = [&](uint16_t v) { return b.op(Op::Not, v); };
  switch (op) {
    case Op::Eq: return {inverse(b.op(Op::Xor, x, y)), kNoValue};
    case Op::Ne: return make(Op::Xor, x, y);
    case Op::Lt: return make(Op::And, inverse(x), y);
    case Op::Le: return make(Op::Or, inverse(x), y);
    case Op::Gt: return make(Op::And, x, inverse(y));
    case Op::Ge: return make(Op::Or, x, inverse(y));
    case Op::Min: return make(Op::And, x, y);
    case Op::Max: return make(Op::Or, x, y);
    case Op::Sign: return {x, kNoValue};
    case Op::Not: return make(Op::Not, x);
    default: return make(op, x, y);
  }
}

class Lowering {
 public:
  explicit Lowering(const Program& p) : p_(p), values_(p.size) {}

  OwnedProgram run() {
    std::vector<uint16_t> leaves;
    for (int i = 0; i < p_.inputs; i++) leaves.push_back(b_.input(p_.input_type(i)));
    for (int i = 0; i < p_.params; i++) leaves.push_back(b_.param(p_.param_type(i)));
    for (size_t i = 0; i < leaves.size(); i++) {
      const CType t = p_.code[i].type;
      values_[i] = is_complex(t) ? Lowered{b_.op(Op::Real, leaves[i]), b_.op(Op::Imag, leaves[i])} : Lowered{leaves[i]};
    }
    for (int i = static_cast<int>(leaves.size()); i < p_.size; i++) values_[i] = instruction(p_.code[i]);
    std::vector<uint16_t> outputs;
    for (int k = 0; k < p_.output_count; k++) {
      const Lowered v = values_[p_.outputs[k]];
      outputs.push_back(v.im == kNoValue ? v.re : b_.make_complex(v.re, v.im));
    }
    return b_.finish(outputs);
  }

 private:
  Lowered at(uint16_t v) const { return v == kNoValue ? Lowered{} : values_[v]; }

  Lowered convert(CType from, CType to, Lowered v) {
    if (from == to) return v;
    if (is_complex(to)) {
      const uint16_t re = convert(real_of(from), real_of(to), {v.re}).re;
      const uint16_t im =
          is_complex(from) ? convert(real_of(from), real_of(to), {v.im}).re : b_.constant(real_of(to), 0.0);
      return {re, im};
    }
    if (to == CType::Bool) {
      const uint16_t zero = b_.constant(real_of(from), 0.0);
      const uint16_t re = b_.op(Op::Ne, v.re, zero);
      return {is_complex(from) ? b_.op(Op::Or, re, b_.op(Op::Ne, v.im, zero)) : re};
    }
    if (from == CType::Bool) return {b_.op(Op::Select, v.re, b_.constant(to, 1.0), b_.constant(to, 0.0))};
    return {b_.convert(v.re, to)};
  }

  Lowered instruction(const Inst& inst) {
    const Lowered a = at(inst.a), b = at(inst.b), c = at(inst.c);
    switch (inst.op) {
      case Op::Const: {
        const uint64_t* words = p_.constants + inst.a;
        if (!is_complex(inst.type)) return {b_.constant_bits(inst.type, words[0])};
        return {b_.constant_bits(real_of(inst.type), words[0]), b_.constant_bits(real_of(inst.type), words[1])};
      }
      case Op::Convert: return convert(p_.code[inst.a].type, inst.type, a);
      case Op::Bits: return {b_.bits(a.re, inst.type)};
      case Op::Narrow: return {b_.narrow(a.re, static_cast<DType>(inst.imm))};
      case Op::Real: return {a.re};
      case Op::Imag: return {a.im};
      case Op::MakeComplex: return {a.re, b.re};
      case Op::Libm: return {b_.libm(static_cast<LibmFn>(inst.imm), a.re, b.re, c.re, at(inst.d).re)};
      case Op::Select:
        if (b.re == c.re && b.im == c.im) return b;
        if (inst.type == CType::Bool)
          return {b_.op(Op::Or, b_.op(Op::And, a.re, b.re), b_.op(Op::And, b_.op(Op::Not, a.re), c.re))};
        return {b_.op(Op::Select, a.re, b.re, c.re), b.im == kNoValue ? kNoValue : b_.op(Op::Select, a.re, b.im, c.im)};
      default: break;
    }
    const CType t = p_.code[inst.a].type;
    if (t == CType::Bool) return bool_op(b_, inst.op, a.re, b.re);
    if (info(inst.op).kind == OpKind::Macro && !(is_int(t) && stays_on_ints(inst.op))) {
      switch (t) {
        case CType::I32: return expand<CType::I32>(b_, inst.op, a, b);
        case CType::I64: return expand<CType::I64>(b_, inst.op, a, b);
        case CType::F32: return expand<CType::F32>(b_, inst.op, a, b);
        case CType::F64: return expand<CType::F64>(b_, inst.op, a, b);
        case CType::C64: return expand<CType::C64>(b_, inst.op, a, b);
        default: return expand<CType::C128>(b_, inst.op, a, b);
      }
    }
    if (t == CType::C64) return complex_prim<CType::C64>(b_, inst.op, a, b);
    if (t == CType::C128) return complex_prim<CType::C128>(b_, inst.op, a, b);
    return {b_.op(inst.op, a.re, b.re, c.re)};
  }

  const Program& p_;
  Builder b_;
  std::vector<Lowered> values_;
};

}  // namespace

OwnedProgram lower(const Program& p) { return Lowering(p).run(); }

}  // namespace tsvm::ops::scalar

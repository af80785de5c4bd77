// Random scalar programs and the plainest way to run one: shared by the tests of all its readers.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "ops/scalar/block.h"
#include "ops/scalar/libm.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::scalar {

/// A random program on operands of these dtypes.
inline OwnedProgram random_program(std::mt19937& random, std::span<const DType> inputs, int length, int outputs,
                                   bool integer_division = true) {
  Builder b;
  std::vector<uint16_t> values;
  for (DType t : inputs) values.push_back(b.input(compute_type(t)));
  const CType param_types[] = {CType::F32, CType::I64, CType::F64, CType::C64, CType::Bool};
  const int params = static_cast<int>(random() % 3);
  for (int k = 0; k < params; k++) values.push_back(b.param(param_types[random() % 5]));
  auto pick = [&] {
    return values[values.size() < 6 || random() % 3 ? values.size() - 1 - random() % std::min<size_t>(values.size(), 6)
                                                    : random() % values.size()];
  };
  const CType all[] = {CType::Bool, CType::I64, CType::F32, CType::F64, CType::C64, CType::C128};
  auto of_type = [&](CType t) -> uint16_t {
    for (int tries = 0; tries < 8; tries++) {
      const uint16_t v = pick();
      if (b.type(v) == t) return v;
    }
    if (random() % 4 == 0) {
      const double constants[] = {0.0, 1.0, -1.0, 2.0, 0.5, 3.25, -7.0};
      return b.constant(t, std::complex<double>(constants[random() % 7], is_complex(t) ? constants[random() % 7] : 0));
    }
    return b.convert(pick(), t);
  };
  for (int n = 0; n < length; n++) {
    const uint16_t x = pick();
    const CType t = b.type(x);
    const Op op = static_cast<Op>(random() % kOpCount);
    const OpInfo& row = info(op);
    // The sign of a NaN that was computed is anybody's guess, so nothing here may look at it.
    if (op <= Op::Const || op == Op::Bits || op == Op::SignBit || op == Op::Copysign) continue;
    if (op == Op::Convert) {
      values.push_back(b.convert(x, all[random() % 6]));
    } else if (op == Op::Narrow) {
      const DType narrow[] = {DType::Float16, DType::BFloat16, DType::Int8, DType::UInt8, DType::Int16, DType::Int32};
      const DType to = narrow[random() % 6];
      if (compute_type(to) == t) values.push_back(b.narrow(x, to));
    } else if (op == Op::MakeComplex) {
      if (is_float(t)) values.push_back(b.make_complex(x, of_type(t)));
    } else if (op == Op::Libm) {
      if (!is_float(t)) continue;
      const LibmFn fn = random() % 2 ? LibmFn::Sin : LibmFn::Hypot;
      const bool guarded = random() % 2;
      values.push_back(b.libm(fn, x, info(fn).arguments == 2 ? of_type(t) : kNoValue,
                              guarded ? of_type(CType::Bool) : kNoValue, guarded ? of_type(t) : kNoValue));
    } else if (op == Op::Select) {
      values.push_back(b.op(op, of_type(CType::Bool), x, of_type(t)));
    } else if (accepts(op, t)) {
      const bool divides = is_int(t) && (op == Op::DivTrunc || op == Op::RemTrunc || op == Op::FloorDiv ||
                                         op == Op::Remainder || op == Op::Fmod || op == Op::Pow);
      if (divides && !integer_division) continue;
      uint16_t y = row.operands > 1 ? of_type(t) : kNoValue;
      // No zero divisors here: the error has a test of its own.
      if (divides && op != Op::Pow) y = b.op(Op::Or, y, b.constant(t, int64_t{1}));
      values.push_back(b.op(op, x, y, row.operands > 2 ? of_type(t) : kNoValue));
    }
  }
  std::vector<uint16_t> outs;
  for (int k = 0; k < outputs; k++) {
    uint16_t v = pick();
    if (b.inst(v).op <= Op::Const && is_complex(b.type(v))) v = b.op(Op::Add, v, v);
    outs.push_back(v);
  }
  return b.finish(outs);
}

/// f.operator()<T>() with the element type.
template <class F>
void with_type(DType t, const F& f) {
  TSVM_DISPATCH_ALL(t, "test", f.template operator()<scalar_t>());
}

/// Fills a tensor with numbers of all kinds.
inline void fill_random(const Tensor& t, std::mt19937& random) {
  std::normal_distribution<double> normal(0, 3);
  const double special[] = {0.0,   -0.0, 1.0,   -1.0,     HUGE_VAL, -HUGE_VAL, NAN,
                            1e-42, 1e30, -1e10, 0x1p-149, 65504,    100000};
  auto one = [&] { return random() % 8 == 0 ? special[random() % 13] : normal(random); };
  with_type(t.dtype(), [&]<class scalar_t>() {
    const int64_t n = static_cast<int64_t>(t.storage()->nbytes() / sizeof(scalar_t));
    scalar_t* p = static_cast<scalar_t*>(t.storage()->data());
    for (int64_t i = 0; i < n; i++) {
      if constexpr (std::is_same_v<scalar_t, bool>)
        p[i] = random() % 2 != 0;
      else if constexpr (std::is_integral_v<scalar_t>)
        p[i] = static_cast<scalar_t>(random() % 3 == 0 ? random() * 0x100000001ull * random() : random() % 20 - 10);
      else if constexpr (is_complex_type<scalar_t>)
        p[i] = convert<scalar_t>(std::complex<double>(one(), one()));
      else
        p[i] = convert<scalar_t>(one());
    }
  });
}

/// Whether two tensors hold the same bits, all NaNs being equal. Says where they differ.
inline ::testing::AssertionResult same_bits(const Tensor& a, const Tensor& b) {
  ::testing::AssertionResult result = ::testing::AssertionSuccess();
  with_type(a.dtype(), [&]<class scalar_t>() {
    const int64_t n = static_cast<int64_t>(a.storage()->nbytes() / sizeof(scalar_t));
    const scalar_t *p = static_cast<scalar_t*>(a.storage()->data()), *q = static_cast<scalar_t*>(b.storage()->data());
    for (int64_t i = 0; i < n && result; i++) {
      bool same = std::memcmp(p + i, q + i, sizeof(scalar_t)) == 0;
      auto both_nan = [](auto x, auto y) { return x != x && y != y; };
      if constexpr (is_complex_type<scalar_t>) {
        auto part = [&](auto x, auto y) { return std::memcmp(&x, &y, sizeof x) == 0 || both_nan(x, y); };
        same = part(p[i].real(), q[i].real()) && part(p[i].imag(), q[i].imag());
      } else if constexpr (is_reduced_type<scalar_t>) {
        same = same || both_nan(static_cast<float>(p[i]), static_cast<float>(q[i]));
      } else {
        same = same || both_nan(p[i], q[i]);
      }
      if (!same) {
        const auto x = convert<std::complex<double>>(p[i]), y = convert<std::complex<double>>(q[i]);
        result = ::testing::AssertionFailure()
                 << std::hexfloat << "element " << i << " of type " << name(a.dtype()) << ": " << x << " and " << y;
      }
    }
  });
  return result;
}

/// Runs a lowered program for one element, in the plainest way. Values are raw bits.
struct PlainValue {
  uint64_t re = 0, im = 0;
};
inline std::vector<PlainValue> run_plainly(const Program& p, const std::vector<PlainValue>& leaves) {
  std::vector<PlainValue> v(p.size);
  auto f32 = [&](uint16_t i) { return std::bit_cast<float>(static_cast<uint32_t>(v[i].re)); };
  auto f64 = [&](uint16_t i) { return std::bit_cast<double>(v[i].re); };
  auto i32 = [&](uint16_t i) { return static_cast<int32_t>(v[i].re); };
  auto i64 = [&](uint16_t i) { return static_cast<int64_t>(v[i].re); };
  for (int n = 0; n < p.size; n++) {
    const Inst& i = p.code[n];
    const CType t = i.op <= Op::Const ? i.type : p.code[i.op == Op::Select ? i.b : i.a].type;
    auto put = [&](auto x) {
      using X = decltype(x);
      if constexpr (sizeof(X) == 1)
        v[n].re = static_cast<uint8_t>(x);
      else if constexpr (sizeof(X) == 4)
        v[n].re = std::bit_cast<uint32_t>(x);
      else
        v[n].re = std::bit_cast<uint64_t>(x);
    };
    auto binary = [&](auto a, auto b, auto c) {
      using X = decltype(a);
      using U = std::conditional_t<sizeof(X) == 4, uint32_t, uint64_t>;
      const bool in_range = std::is_integral_v<X> && b >= 0 && b < static_cast<X>(sizeof(X) * 8);
      switch (i.op) {
        case Op::Eq: return put(a == b);
        case Op::Ne: return put(a != b);
        case Op::Lt: return put(a < b);
        case Op::Le: return put(a <= b);
        case Op::Gt: return put(a > b);
        case Op::Ge: return put(a >= b);
        default: break;
      }
      if constexpr (std::is_integral_v<X>) {
        switch (i.op) {
          case Op::Add: return put(static_cast<X>(static_cast<U>(a) + static_cast<U>(b)));
          case Op::Sub: return put(static_cast<X>(static_cast<U>(a) - static_cast<U>(b)));
          case Op::Mul: return put(static_cast<X>(static_cast<U>(a) * static_cast<U>(b)));
          case Op::Neg: return put(static_cast<X>(-static_cast<U>(a)));
          case Op::Abs: return put(static_cast<X>(a < 0 ? -static_cast<U>(a) : static_cast<U>(a)));
          case Op::And: return put(static_cast<X>(a & b));
          case Op::Or: return put(static_cast<X>(a | b));
          case Op::Xor: return put(static_cast<X>(a ^ b));
          case Op::Not: return put(static_cast<X>(~a));
          case Op::Shl: return put(in_range ? static_cast<X>(static_cast<U>(a) << b) : X(0));
          case Op::ShrU: return put(in_range ? static_cast<X>(static_cast<U>(a) >> b) : X(0));
          case Op::Shr: return put(in_range ? static_cast<X>(a >> b) : static_cast<X>(a < 0 ? -1 : 0));
          default: break;
        }
      } else {
        switch (i.op) {
          case Op::Add: return put(a + b);
          case Op::Sub: return put(a - b);
          case Op::Mul: return put(a * b);
          case Op::Div: return put(a / b);
          case Op::Neg: return put(-a);
          case Op::Abs: return put(std::fabs(a));
          case Op::Fma: return put(std::fma(a, b, c));
          case Op::Sqrt: return put(std::sqrt(a));
          case Op::RoundEven: return put(std::nearbyint(a));
          case Op::Floor: return put(std::floor(a));
          case Op::Ceil: return put(std::ceil(a));
          case Op::Trunc: return put(std::trunc(a));
          default: break;
        }
      }
      ADD_FAILURE() << "the plain evaluator lacks " << info(i.op).name;
    };
    auto convert_from = [&](auto x) {
      switch (i.type) {
        case CType::I32: return put(convert<int32_t>(x));
        case CType::I64: return put(convert<int64_t>(x));
        case CType::F32: return put(convert<float>(x));
        default: return put(convert<double>(x));
      }
    };
    auto narrow_to = [&](auto x) {
      TSVM_DISPATCH_ALL(static_cast<DType>(i.imm), "narrow", put(convert<decltype(x)>(convert<scalar_t>(x))));
    };
    switch (i.op) {
      case Op::Input:
      case Op::Param: v[n] = leaves[static_cast<size_t>(n)]; continue;
      case Op::Const: v[n].re = p.constants[i.a]; continue;
      case Op::Real: v[n].re = v[i.a].re; continue;
      case Op::Imag: v[n].re = v[i.a].im; continue;
      case Op::MakeComplex: v[n] = {v[i.a].re, v[i.b].re}; continue;
      case Op::Bits: v[n] = v[i.a]; continue;
      case Op::Select: v[n] = v[i.a].re ? v[i.b] : v[i.c]; continue;
      case Op::Libm:
        if (i.c != kNoValue && v[i.c].re == 0) {
          v[n] = v[i.d];
        } else if (t == CType::F32) {
          float r, a = f32(i.a), b = i.b != kNoValue ? f32(i.b) : 0;
          call_libm(static_cast<LibmFn>(i.imm), 1, &r, &a, i.b != kNoValue ? &b : nullptr);
          put(r);
        } else {
          double r, a = f64(i.a), b = i.b != kNoValue ? f64(i.b) : 0;
          call_libm(static_cast<LibmFn>(i.imm), 1, &r, &a, i.b != kNoValue ? &b : nullptr);
          put(r);
        }
        continue;
      case Op::Convert:
        switch (t) {
          case CType::I32: convert_from(i32(i.a)); break;
          case CType::I64: convert_from(i64(i.a)); break;
          case CType::F32: convert_from(f32(i.a)); break;
          default: convert_from(f64(i.a)); break;
        }
        continue;
      case Op::Narrow:
        if (t == CType::F32)
          narrow_to(f32(i.a));
        else
          narrow_to(i64(i.a));
        continue;
      default: break;
    }
    const uint16_t b = i.b == kNoValue ? i.a : i.b, c = i.c == kNoValue ? i.a : i.c;
    switch (t) {
      case CType::Bool:
        put(static_cast<uint8_t>(i.op == Op::And   ? v[i.a].re & v[b].re
                                 : i.op == Op::Or  ? v[i.a].re | v[b].re
                                 : i.op == Op::Xor ? v[i.a].re ^ v[b].re
                                                   : !v[i.a].re));
        break;
      case CType::I32: binary(i32(i.a), i32(b), i32(c)); break;
      case CType::I64: binary(i64(i.a), i64(b), i64(c)); break;
      case CType::F32: binary(f32(i.a), f32(b), f32(c)); break;
      default: binary(f64(i.a), f64(b), f64(c)); break;
    }
  }
  std::vector<PlainValue> out;
  for (int k = 0; k < p.output_count; k++) out.push_back(v[p.outputs[k]]);
  return out;
}

}  // namespace tsvm::ops::scalar

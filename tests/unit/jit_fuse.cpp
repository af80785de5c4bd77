// Native kernels against the block interpreter of every instruction set and against plain evaluation, bit by bit.
#include "jit/fuse/fuse.h"

#include <gtest/gtest.h>

#include "ops/cpu/kernels.h"
#include "ops/scalar/kernels.h"
#include "ops/scalar/pointwise.h"
#include "ops/tensor/shape.h"
#include "tests/unit/scalar_programs.h"

namespace tsvm::jit::fuse {
namespace {

using namespace ops;
using namespace ops::scalar;

struct Native {
  Native() { install(Mode::Force); }
  ~Native() { uninstall(); }
};

/// Runs a program over tensors as they lie, results being dense.
std::vector<Tensor> run_over(const Program& p, const std::vector<Tensor>& inputs, const ParamValue* params,
                             IntSpan sizes, std::span<const DType> results, const KernelTable* interpreter) {
  std::vector<Tensor> out;
  Loop loop(sizes);
  std::vector<OperandType> types;
  for (int k = 0; k < p.output_count; k++) {
    out.push_back(empty(sizes, results[static_cast<size_t>(k)]));
    loop.add(out.back());
    types.push_back({out.back().dtype(), out.back().dtype()});
  }
  for (const Tensor& t : inputs) {
    loop.add(t);
    types.push_back({t.dtype(), t.dtype()});
  }
  loop.finish();
  const Run r{&p, &loop, types.data(), params, false};
  if (interpreter != nullptr)
    run_interpreted(r, *interpreter);
  else
    run(r);
  return out;
}

PlainValue plain_element(const Tensor& t, int64_t offset) {
  PlainValue v;
  with_type(t.dtype(), [&]<class scalar_t>() {
    const scalar_t x = t.data_ptr<scalar_t>()[offset];
    switch (compute_type(t.dtype())) {
      case CType::Bool: v.re = convert<bool>(x); break;
      case CType::I64: v.re = static_cast<uint64_t>(convert<int64_t>(x)); break;
      case CType::F32: v.re = std::bit_cast<uint32_t>(convert<float>(x)); break;
      case CType::F64: v.re = std::bit_cast<uint64_t>(convert<double>(x)); break;
      case CType::C64: {
        const auto z = convert<std::complex<float>>(x);
        v = {std::bit_cast<uint32_t>(z.real()), std::bit_cast<uint32_t>(z.imag())};
        break;
      }
      default: {
        const auto z = convert<std::complex<double>>(x);
        v = {std::bit_cast<uint64_t>(z.real()), std::bit_cast<uint64_t>(z.imag())};
      }
    }
  });
  return v;
}

/// Writes a plain result as the tensor stores it.
void put_element(const Tensor& t, int64_t offset, CType type, PlainValue v) {
  with_type(t.dtype(), [&]<class scalar_t>() {
    scalar_t& x = t.data_ptr<scalar_t>()[offset];
    switch (type) {
      case CType::Bool: x = convert<scalar_t>(v.re != 0); break;
      case CType::I64: x = convert<scalar_t>(static_cast<int64_t>(v.re)); break;
      case CType::F32: x = convert<scalar_t>(std::bit_cast<float>(static_cast<uint32_t>(v.re))); break;
      case CType::F64: x = convert<scalar_t>(std::bit_cast<double>(v.re)); break;
      case CType::C64:
        x = convert<scalar_t>(std::complex<float>(std::bit_cast<float>(static_cast<uint32_t>(v.re)),
                                                  std::bit_cast<float>(static_cast<uint32_t>(v.im))));
        break;
      default: x = convert<scalar_t>(std::complex<double>(std::bit_cast<double>(v.re), std::bit_cast<double>(v.im)));
    }
  });
}

constexpr DType kDTypesTried[] = {DType::Float32, DType::Float64, DType::Int64,   DType::Int32,     DType::Int16,
                                  DType::Int8,    DType::UInt8,   DType::Bool,    DType::Float16,   DType::BFloat16,
                                  DType::Float32, DType::Float32, DType::Float64, DType::Complex64, DType::Complex128};

DType natural(CType t, std::mt19937& random) {
  switch (t) {
    case CType::Bool: return DType::Bool;
    case CType::I64: {
      const DType ints[] = {DType::Int64, DType::Int32, DType::Int16, DType::Int8, DType::UInt8};
      return ints[random() % 5];
    }
    case CType::F32: {
      const DType floats[] = {DType::Float32, DType::Float32, DType::Float16, DType::BFloat16};
      return floats[random() % 4];
    }
    case CType::F64: return DType::Float64;
    case CType::C64: return DType::Complex64;
    default: return DType::Complex128;
  }
}

/// A tensor of some layout that broadcasts to sizes.
Tensor random_operand(IntSpan sizes, DType t, std::mt19937& random) {
  DimVector own(sizes);
  DimVector order(sizes.size());
  for (size_t d = 0; d < sizes.size(); d++) order[d] = static_cast<int64_t>(d);
  if (random() % 4 == 0) std::shuffle(order.begin(), order.end(), random);
  for (size_t d = 0; d < sizes.size(); d++)
    if (random() % 5 == 0) own[d] = 1;
  if (random() % 8 == 0) std::fill(own.begin(), own.end(), 1);
  DimVector strides(sizes.size());
  int64_t step = random() % 6 == 0 ? 2 : 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    const size_t at = static_cast<size_t>(order[d]);
    strides[at] = step;
    step *= own[at];
  }
  const Tensor r = empty_strided(own, strides, t);
  fill_random(r, random);
  return r;
}

TEST(FuseFuzz, NativeInterpretedAndPlainAgree) {
  const Native native;
  // TSVM_FUZZ_ROUNDS and TSVM_FUZZ_SEED make a longer search.
  const char *rounds_text = std::getenv("TSVM_FUZZ_ROUNDS"), *seed_text = std::getenv("TSVM_FUZZ_SEED");
  const int rounds = rounds_text != nullptr ? std::atoi(rounds_text) : 400;
  std::mt19937 random(seed_text != nullptr ? static_cast<unsigned>(std::atoi(seed_text)) : 20240607);
  int compared = 0;
  const Stats before = stats();
  for (int round = 0; round < rounds; round++) {
    std::vector<DType> dtypes;
    const int n_inputs = 1 + static_cast<int>(random() % 4);
    const bool one_type = random() % 3 == 0;
    for (int k = 0; k < n_inputs; k++)
      dtypes.push_back(one_type && k > 0 ? dtypes[0] : kDTypesTried[random() % std::size(kDTypesTried)]);
    const int n_outputs = 1 + static_cast<int>(random() % 3);
    const OwnedProgram owned =
        random_program(random, dtypes, 4 + static_cast<int>(random() % 40), n_outputs, round % 4 == 0);
    const Program p = owned.view();
    ASSERT_EQ(verify(p), "") << to_string(p);
    const OwnedProgram lowered = lower(p);
    ASSERT_EQ(verify(lowered.view()), "") << to_string(lowered.view());

    const DimVector shapes[] = {{1}, {7}, {8}, {1000}, {3, 5}, {4, 9, 3}, {5, 300}, {2, 3, 64}, {1029}, {0}};
    const DimVector& sizes = shapes[random() % 10];
    std::vector<Tensor> inputs;
    for (DType t : dtypes) inputs.push_back(random_operand(sizes, t, random));
    std::vector<DType> results;
    for (int k = 0; k < n_outputs; k++)
      results.push_back(random() % 4 ? natural(p.output_type(k), random)
                                     : kDTypesTried[random() % std::size(kDTypesTried)]);
    std::vector<ParamValue> params;
    for (int k = 0; k < p.params; k++)
      params.push_back(
          param_value(p.param_type(k), Scalar(std::complex<double>(1.5 + k, is_complex(p.param_type(k)) ? -0.5 : 0))));

    const std::vector<Tensor> expected = run_over(p, inputs, params.data(), sizes, results, &kernels());
    for (const KernelTable* table : runnable_kernels()) {
      const std::vector<Tensor> other = run_over(p, inputs, params.data(), sizes, results, table);
      const std::vector<Tensor> low = run_over(lowered.view(), inputs, params.data(), sizes, results, table);
      for (int k = 0; k < n_outputs; k++) {
        ASSERT_TRUE(same_bits(expected[static_cast<size_t>(k)], other[static_cast<size_t>(k)])) << table->name << "\n"
                                                                                                << to_string(p);
        ASSERT_TRUE(same_bits(expected[static_cast<size_t>(k)], low[static_cast<size_t>(k)]))
            << table->name << ", lowered, round " << round << " sizes " << to_string(sizes) << "\n"
            << to_string(p) << to_string(lowered.view());
      }
    }
    const std::vector<Tensor> got = run_over(p, inputs, params.data(), sizes, results, nullptr);
    for (int k = 0; k < n_outputs; k++)
      ASSERT_TRUE(same_bits(expected[static_cast<size_t>(k)], got[static_cast<size_t>(k)]))
          << "round " << round << " output " << k << "\n"
          << to_string(p) << to_string(lowered.view());
    // Element by element, where no integer division is left in the lowered program.
    bool plain = true;
    for (const Inst& i : lowered.view().instructions())
      plain = plain && (info(i.op).kind != OpKind::Macro) && i.op != Op::DivTrunc && i.op != Op::RemTrunc;
    if (plain && numel_of(sizes) > 0 && numel_of(sizes) < 400) {
      std::vector<Tensor> by_element;
      for (DType t : results) by_element.push_back(empty(sizes, t));
      std::vector<Tensor> dense;
      for (const Tensor& t : inputs) {
        DimVector wanted(sizes);
        const DimVector strides = expand_strides(t.sizes(), t.strides(), wanted);
        dense.push_back(make_view(t, sizes, strides, 0));
      }
      for (int64_t i = 0; i < numel_of(sizes); i++) {
        std::vector<PlainValue> leaves;
        for (const Tensor& t : dense) {
          int64_t rest = i, offset = 0;
          for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) offset += rest % sizes[d] * t.strides()[d];
          leaves.push_back(plain_element(t, offset));
        }
        for (const ParamValue& v : params) leaves.push_back({v.words[0], v.words[1]});
        const std::vector<PlainValue> r = run_plainly(lowered.view(), leaves);
        for (size_t k = 0; k < r.size(); k++) put_element(by_element[k], i, p.output_type(static_cast<int>(k)), r[k]);
      }
      for (size_t k = 0; k < results.size(); k++)
        ASSERT_TRUE(same_bits(by_element[k], expected[k])) << "plain, round " << round << " output " << k << "\n"
                                                           << to_string(p) << to_string(lowered.view());
      compared++;
    }
  }
  const Stats after = stats();
  EXPECT_GT(after.kernels - before.kernels, 200);
  EXPECT_GT(compared, 100);
  RecordProperty("kernels", after.kernels - before.kernels);
  RecordProperty("refused", after.refused - before.refused);
}

TEST(Fuse, EveryOperationAgrees) {
  const Native native;
  std::mt19937 random(5);
  for (int o = 0; o < kOpCount; o++) {
    const Op op = static_cast<Op>(o);
    if (info(op).kind == OpKind::Leaf || info(op).result == OpResult::Own || op == Op::Libm || op == Op::Narrow)
      continue;
    for (const DType t :
         {DType::Bool, DType::Int64, DType::Float32, DType::Float64, DType::Complex64, DType::Complex128}) {
      const CType type = compute_type(t);
      if (!accepts(op, type) || (is_int(type) && (op == Op::DivTrunc || op == Op::RemTrunc || op == Op::FloorDiv ||
                                                  op == Op::Remainder || op == Op::Fmod || op == Op::Pow)))
        continue;
      Builder b;
      const int n = info(op).operands;
      std::vector<uint16_t> in;
      std::vector<Tensor> inputs;
      for (int k = 0; k < n; k++) {
        in.push_back(b.input(op == Op::Select && k == 0 ? CType::Bool : type));
        inputs.push_back(empty({4003}, op == Op::Select && k == 0 ? DType::Bool : t));
        fill_random(inputs.back(), random);
      }
      const uint16_t r = b.op(op, in[0], n > 1 ? in[1] : kNoValue, n > 2 ? in[2] : kNoValue);
      // A second operation, as single ones are left to the interpreter.
      const CType result = b.type(r);
      const uint16_t back = result == CType::Bool ? b.op(Op::Not, r) : b.op(Op::Neg, r);
      const OwnedProgram owned = b.finish({r, back});
      const Program p = owned.view();
      std::mt19937 fixed(1);
      const DType stored = result == CType::F32   ? DType::Float32
                           : result == CType::I64 ? DType::Int64
                                                  : natural(result, fixed);
      const DType results[] = {stored, stored};
      const int kernels_before = stats().kernels;
      const std::vector<Tensor> expected = run_over(p, inputs, nullptr, {4003}, results, &kernels());
      const std::vector<Tensor> got = run_over(p, inputs, nullptr, {4003}, results, nullptr);
      EXPECT_EQ(stats().kernels, kernels_before + 1) << info(op).name << " " << name(t);
      for (int k = 0; k < 2; k++)
        EXPECT_TRUE(same_bits(expected[static_cast<size_t>(k)], got[static_cast<size_t>(k)]))
            << info(op).name << " " << name(t);
    }
  }
}

TEST(Fuse, RefusalsHaveReasons) {
  Builder b;
  const uint16_t x = b.input(CType::I64), y = b.input(CType::I64);
  const OwnedProgram owned = b.finish({b.op(Op::Add, b.op(Op::FloorDiv, x, y), y)});
  const NativeOperand operands[] = {
      {DType::Int64, Access::Dense}, {DType::Int64, Access::Dense}, {DType::Int64, Access::Dense}};
  std::string why;
  EXPECT_EQ(compile(owned.view(), operands, &why), nullptr);
  EXPECT_EQ(why, "integer division");
}

TEST(Fuse, CompilesQuickly) {
  Builder b;
  const uint16_t x = b.input(CType::F32);
  uint16_t v = x;
  for (int k = 0; k < 4; k++) v = b.op(Op::Mul, b.op(Op::Tanh, v), b.op(Op::Sigmoid, v));
  const OwnedProgram owned = b.finish({v});
  const NativeOperand operands[] = {{DType::Float32, Access::Dense}, {DType::Float32, Access::Dense}};
  const double before = stats().seconds;
  std::string text;
  ASSERT_NE(compile(owned.view(), operands, nullptr, &text), nullptr);
  RecordProperty("microseconds", static_cast<int>((stats().seconds - before) * 1e6));
  EXPECT_NE(text.find("vfmadd"), std::string::npos);
}

}  // namespace
}  // namespace tsvm::jit::fuse

// Every derivative rule against central differences, and whole programs likewise.
#include <gtest/gtest.h>

#include "ops/scalar/kernels.h"
#include "tests/unit/scalar_programs.h"

namespace tsvm::ops::scalar {
namespace {

using C = std::complex<double>;

/// The outputs of a program for one element; all types are f64 or c128.
std::vector<C> evaluate(const Program& p, const std::vector<C>& x) {
  Loop loop(IntSpan{});
  std::vector<Tensor> tensors;
  std::vector<OperandType> types;
  auto dtype = [](CType t) {
    return t == CType::F64 ? DType::Float64 : t == CType::Bool ? DType::Bool : DType::Complex128;
  };
  for (int k = 0; k < p.output_count; k++) tensors.push_back(empty({}, dtype(p.output_type(k))));
  for (int k = 0; k < p.inputs; k++) {
    tensors.push_back(empty({}, dtype(p.input_type(k))));
    if (p.input_type(k) == CType::F64)
      *tensors.back().data_ptr<double>() = x[static_cast<size_t>(k)].real();
    else
      *tensors.back().data_ptr<C>() = x[static_cast<size_t>(k)];
  }
  for (const Tensor& t : tensors) {
    loop.add(t);
    types.push_back({t.dtype(), t.dtype()});
  }
  loop.finish();
  run_interpreted(Run{&p, &loop, types.data(), nullptr, false}, kernels());
  std::vector<C> out;
  for (int k = 0; k < p.output_count; k++)
    out.push_back(p.output_type(k) == CType::F64    ? C(*tensors[static_cast<size_t>(k)].data_ptr<double>())
                  : p.output_type(k) == CType::Bool ? C(*tensors[static_cast<size_t>(k)].data_ptr<bool>())
                                                    : *tensors[static_cast<size_t>(k)].data_ptr<C>());
  return out;
}

/// Compares differentiate() with differences of the real number sum(conj(seed) * output).
void check(const Program& p, const std::vector<C>& x, const std::string& what) {
  std::vector<uint16_t> wanted;
  for (int k = 0; k < p.inputs; k++) wanted.push_back(static_cast<uint16_t>(k));
  std::string why;
  const OwnedProgram owned = differentiate(p, wanted, &why);
  ASSERT_EQ(why, "") << what;
  ASSERT_EQ(verify(owned.view()), "") << what << "\n" << to_string(owned.view());
  const std::vector<C> y = evaluate(p, x);
  std::vector<C> seeds, all = x;
  for (size_t k = 0; k < y.size(); k++)
    seeds.push_back(C(0.7 + 0.2 * static_cast<double>(k), is_complex(p.output_type(static_cast<int>(k))) ? -0.4 : 0));
  all.insert(all.end(), y.begin(), y.end());
  all.insert(all.end(), seeds.begin(), seeds.end());
  const std::vector<C> gradient = evaluate(owned.view(), all);
  auto loss = [&](const std::vector<C>& at) {
    const std::vector<C> r = evaluate(p, at);
    double sum = 0;
    for (size_t k = 0; k < r.size(); k++) sum += (std::conj(seeds[k]) * r[k]).real();
    return sum;
  };
  for (size_t k = 0; k < x.size(); k++)
    for (int part = 0; part < (is_complex(p.input_type(static_cast<int>(k))) ? 2 : 1); part++) {
      const C step = part == 0 ? C(1e-6, 0) : C(0, 1e-6);
      std::vector<C> up = x, down = x;
      up[k] += step;
      down[k] -= step;
      const double numeric = (loss(up) - loss(down)) / 2e-6;
      const double got = part == 0 ? gradient[k].real() : gradient[k].imag();
      EXPECT_NEAR(got, numeric, 2e-6 * (1 + std::fabs(numeric))) << what << " input " << k << " part " << part << "\n"
                                                                 << to_string(owned.view());
    }
}

TEST(ScalarGradients, EveryRule) {
  int checked = 0;
  std::vector<std::string> without;
  for (int o = 0; o < kOpCount; o++) {
    const Op op = static_cast<Op>(o);
    const OpInfo& row = info(op);
    if (row.kind == OpKind::Leaf || row.result == OpResult::Bool || row.result == OpResult::Own || op == Op::Libm ||
        op == Op::Narrow || op == Op::Select)
      continue;
    for (const CType t : {CType::F64, CType::C128}) {
      if (!accepts(op, t)) continue;
      Builder b;
      std::vector<uint16_t> in;
      for (int k = 0; k < row.operands; k++) in.push_back(b.input(t));
      const OwnedProgram owned =
          b.finish({b.op(op, in[0], row.operands > 1 ? in[1] : kNoValue, row.operands > 2 ? in[2] : kNoValue)});
      const uint16_t wanted[] = {0};
      std::string why;
      differentiate(owned.view(), wanted, &why);
      if (!why.empty()) {
        without.push_back(why + (is_complex(t) ? " of complex" : ""));
        continue;
      }
      // Within the domain of all of them but acosh.
      const double shift = op == Op::Acosh ? 1.3 : 0;
      std::vector<std::vector<C>> points = {{C(0.37 + shift, 0.21), C(1.63, -0.5), C(-0.8, 0.3)},
                                            {C(0.71 + shift, -0.35), C(0.29, 0.6), C(2.4, 1.1)}};
      for (std::vector<C>& x : points) {
        x.resize(static_cast<size_t>(row.operands));
        if (!is_complex(t))
          for (C& v : x) v = v.real();
        check(owned.view(), x, std::string(row.name) + (is_complex(t) ? " of complex" : ""));
        checked++;
      }
    }
  }
  EXPECT_GT(checked, 100);
  EXPECT_EQ(without, (std::vector<std::string>{"Sign of complex", "Digamma", "Nextafter", "Angle of complex"}));
}

TEST(ScalarGradients, ParametersBoolsAndSeveralOutputs) {
  // where(x > y, tanh(x * y), y / x) and its square, through a complex number.
  Builder b;
  const uint16_t x = b.input(CType::F64), y = b.input(CType::F64), z = b.input(CType::C128);
  const uint16_t v = b.op(Op::Select, b.op(Op::Gt, x, y), b.op(Op::Tanh, b.op(Op::Mul, x, y)), b.op(Op::Div, y, x));
  const uint16_t w = b.op(Op::Mul, b.convert(v, CType::C128), b.op(Op::Exp, z));
  const OwnedProgram owned = b.finish({v, w, b.op(Op::Modulus, w)});
  check(owned.view(), {C(0.9), C(0.4), C(0.3, -0.7)}, "x > y");
  check(owned.view(), {C(0.2), C(0.4), C(0.3, -0.7)}, "x < y");
}

TEST(ScalarGradients, UseResultsInsteadOfComputingThemAgain) {
  Builder b;
  const uint16_t x = b.input(CType::F32);
  const OwnedProgram owned = b.finish({b.op(Op::Tanh, x)});
  const uint16_t wanted[] = {0};
  const OwnedProgram back = differentiate(owned.view(), wanted, nullptr);
  EXPECT_EQ(to_string(back.view()),
            "%0 = input.f32 0\n%1 = input.f32 1\n%2 = input.f32 2\n%3 = mul.f32 %1, %1\n%4 = const.f32 1\n"
            "%5 = sub.f32 %4, %3\n%6 = mul.f32 %2, %5\nreturn %6\n");
}

}  // namespace
}  // namespace tsvm::ops::scalar

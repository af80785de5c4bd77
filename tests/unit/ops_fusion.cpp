// Fused groups against their operators one by one: results bit for bit, gradients, gradients of gradients, exceptions.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "ops/autograd/engine.h"
#include "ops/autograd/variable.h"
#include "ops/fusion/group.h"
#include "ops/op_info.h"
#include "ops/operators.h"

namespace tsvm::ops::fusion {
namespace {

using A = StepArg;
constexpr auto kIn = StepArg::Kind::Input, kStep = StepArg::Kind::Step, kConst = StepArg::Kind::Constant;

OpId find(std::string_view name, std::string_view overload = "") {
  for (int i = 0; i < kOpIdCount; i++)
    if (kOps[i].name == name && kOps[i].overload == overload && kOps[i].variant == OpVariant::Plain)
      return static_cast<OpId>(i);
  ADD_FAILURE() << "no operator " << name << "." << overload;
  return OpId{};
}

Tensor random_tensor(std::mt19937& r, IntSpan sizes, DType t = DType::Float32, double low = 0.05, double high = 0.95) {
  Tensor x = empty(sizes, DType::Float64);
  std::uniform_real_distribution<double> d(low, high);
  for (int64_t i = 0; i < x.numel(); i++) x.data_ptr<double>()[i] = d(r);
  return t == DType::Float64 ? x : op::to(x, t);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes() || a.strides() != b.strides()) return false;
  const Tensor x = op::contiguous(a), y = op::contiguous(b);
  return std::memcmp(x.data(), y.data(), x.nbytes()) == 0;
}
double distance(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes() || a.dtype() != b.dtype()) return 1e30;
  if (a.numel() == 0) return 0;
  const Tensor x = op::to(op::detach(a), DType::Float64), y = op::to(op::detach(b), DType::Float64);
  double worst = 0;
  const Tensor u = op::contiguous(x), v = op::contiguous(y);
  for (int64_t i = 0; i < u.numel(); i++) {
    const double p = u.data_ptr<double>()[i], q = v.data_ptr<double>()[i];
    if (std::isnan(p) != std::isnan(q)) return 1e30;
    if (!std::isnan(p) && p != q) worst = std::max(worst, std::fabs(p - q) / (1 + std::fabs(q)));
  }
  return worst;
}

std::vector<Argument> arguments(const std::vector<OpValue>& values) {
  std::vector<Argument> out;
  for (const OpValue& v : values) {
    Argument a;
    if (v.kind == OpValue::Kind::Tensor)
      a.tensor = &v.tensor;
    else
      a.number = v.number;
    out.push_back(a);
  }
  return out;
}

/// tanh(a + b + c) as in a recurrent cell.
std::shared_ptr<Group> cell() {
  return std::make_shared<Group>(std::vector<Step>{{find("add", "Tensor"), {{kIn, 0}, {kIn, 1}, {kConst, 0}}},
                                                   {find("add", "Tensor"), {{kStep, 0}, {kIn, 2}, {kConst, 0}}},
                                                   {find("tanh"), {{kStep, 1}}}},
                                 std::vector<OpValue>{OpValue()}, std::vector<Group::Input>(3, Group::Input::Tensor),
                                 std::vector<uint32_t>{2});
}

TEST(Fusion, CellIsOneNode) {
  std::mt19937 r(1);
  const auto group = cell();
  for (const bool leaf_bias : {false, true}) {
    Tensor a = random_tensor(r, IntSpan({4, 6})), b = random_tensor(r, IntSpan({4, 6})),
           c = random_tensor(r, IntSpan({6}));
    autograd::set_requires_grad(a, true);
    autograd::set_requires_grad(c, leaf_bias);
    std::vector<OpValue> in{OpValue(a), OpValue(b), OpValue(c)};
    Tensor out;
    ASSERT_TRUE(group->run(arguments(in).data(), &out));
    const Tensor slow = group->run_steps(in)[0];
    EXPECT_TRUE(same_bits(out, slow));
    EXPECT_STREQ(autograd::grad_fn(out)->name(), "TanhBackward0");
    EXPECT_TRUE(autograd::grad_fn(out)->edges()[0].node->is_accumulator());  // one node
    std::vector<Tensor> wanted{a};
    if (leaf_bias) wanted.push_back(c);
    const Tensor seed = random_tensor(r, IntSpan({4, 6}));
    const auto g = autograd::grad({&out, 1}, wanted, {&seed, 1}, {.keep_graph = true});
    const auto h = autograd::grad({&slow, 1}, wanted, {&seed, 1}, {.keep_graph = true});
    for (size_t i = 0; i < g.size(); i++) EXPECT_TRUE(same_bits(g[i], h[i])) << i;
    // Twice.
    const auto g1 = autograd::grad({&out, 1}, wanted, {&seed, 1}, {.keep_graph = true, .create_graph = true});
    const auto h1 = autograd::grad({&slow, 1}, wanted, {&seed, 1}, {.keep_graph = true, .create_graph = true});
    const Tensor s1 = op::sum(op::mul(g1.back(), g1.back())), s2 = op::sum(op::mul(h1.back(), h1.back()));
    const auto g2 = autograd::grad({&s1, 1}, wanted, {}, {}), h2 = autograd::grad({&s2, 1}, wanted, {}, {});
    for (size_t i = 0; i < g2.size(); i++) EXPECT_LT(distance(g2[i], h2[i]), 1e-5) << i;
  }
}

TEST(Fusion, LeavesToOperatorsWhatItCannot) {
  std::mt19937 r(2);
  const auto group = cell();
  auto run = [&](const Tensor& a, const Tensor& b, const Tensor& c) {
    std::vector<OpValue> in{OpValue(a), OpValue(b), OpValue(c)};
    Tensor out;
    return group->run(arguments(in).data(), &out);
  };
  const Tensor a = random_tensor(r, IntSpan({4, 6}));
  EXPECT_TRUE(run(a, a, a));
  EXPECT_FALSE(run(a, random_tensor(r, IntSpan({5})), a));                          // do not broadcast
  EXPECT_FALSE(run(a, op::transpose(random_tensor(r, IntSpan({6, 4})), 0, 1), a));  // the result's strides
  EXPECT_FALSE(run(a, empty(IntSpan({4, 6}), DType::Float32, Device(DeviceType::Meta)), a));
  const Tensor t = op::transpose(random_tensor(r, IntSpan({6, 4})), 0, 1);
  EXPECT_TRUE(run(t, t, t));
  EXPECT_TRUE(run(a, random_tensor(r, IntSpan({1, 6})), random_tensor(r, IntSpan({4, 1}))));
}

TEST(Fusion, VariantsDoNotDependOnSizes) {
  std::mt19937 r(3);
  const auto group = cell();
  const int64_t before = Group::variants_made();
  for (int64_t n : {1, 2, 17, 1000, 5000}) {
    const Tensor a = random_tensor(r, IntSpan({3, n})), c = random_tensor(r, IntSpan({n}));
    std::vector<OpValue> in{OpValue(a), OpValue(a), OpValue(c)};
    Tensor out;
    ASSERT_TRUE(group->run(arguments(in).data(), &out));
    EXPECT_TRUE(same_bits(out, group->run_steps(in)[0]));
  }
  EXPECT_EQ(Group::variants_made() - before, 1);
}

TEST(Fusion, PromotesAsTheOperators) {
  std::mt19937 r(4);
  // (a * b + s) / 3, where(a > b, it, b): several outputs, a number given at run time
  const auto group = std::make_shared<Group>(
      std::vector<Step>{{find("mul", "Tensor"), {{kIn, 0}, {kIn, 1}}},
                        {find("add", "Scalar"), {{kStep, 0}, {kIn, 2}, {kConst, 0}}},
                        {find("div", "Scalar"), {{kStep, 1}, {kConst, 1}}},
                        {find("gt", "Tensor"), {{kIn, 0}, {kIn, 1}}},
                        {find("where", "self"), {{kStep, 3}, {kStep, 2}, {kIn, 1}}}},
      std::vector<OpValue>{OpValue(), OpValue(Scalar(int64_t{3}))},
      std::vector<Group::Input>{Group::Input::Tensor, Group::Input::Tensor, Group::Input::Number},
      std::vector<uint32_t>{1, 4});
  const DType all[] = {DType::Float64, DType::Float32, DType::Float16, DType::BFloat16, DType::Int64,
                       DType::Int32,   DType::Int8,    DType::UInt8,   DType::Bool};
  int fused = 0;
  for (const DType t : all)
    for (const DType u : all)
      for (const int zero : {0, 1, 2})
        for (const Scalar& s : {Scalar(int64_t{2}), Scalar(0.75), Scalar(true)}) {
          const Tensor a = random_tensor(r, zero == 1 ? IntSpan() : IntSpan({3, 5}), t, 0, 9);
          const Tensor b = random_tensor(r, zero == 2 ? IntSpan() : IntSpan({3, 5}), u, 0, 9);
          const std::vector<OpValue> in{OpValue(a), OpValue(b), OpValue(s)};
          Tensor out[2];
          std::vector<Tensor> slow;
          try {
            slow = group->run_steps(in);
          } catch (const Error&) {
            EXPECT_FALSE(group->run(arguments(in).data(), out));
            continue;
          }
          ASSERT_TRUE(group->run(arguments(in).data(), out)) << name(t) << name(u) << zero;
          fused++;
          for (int k = 0; k < 2; k++)
            EXPECT_TRUE(same_bits(out[k], slow[static_cast<size_t>(k)]))
                << name(t) << " " << name(u) << " " << zero << " " << k << " " << name(out[k].dtype()) << " "
                << name(slow[static_cast<size_t>(k)].dtype());
        }
  EXPECT_GT(fused, 500);
}

/// op(x ...) * x for each elementwise operator.
TEST(Fusion, EveryElementwiseOperator) {
  std::mt19937 r(5);
  int operators = 0, fit = 0, with_gradients = 0;
  std::string without;
  for (int i = 0; i < kOpIdCount; i++) {
    const OpRow& row = kOps[i];
    if (kOpCalls[i] == nullptr) continue;
    operators++;
    Step step{static_cast<OpId>(i), {}};
    std::vector<OpValue> constants{OpValue()};
    std::vector<Group::Input> inputs;
    bool usable = true;
    for (const OpArg& arg : row.args) {
      if (arg.kind == ArgKind::Tensor) {
        step.args.push_back({kIn, static_cast<uint32_t>(inputs.size())});
        inputs.push_back(Group::Input::Tensor);
      } else if (arg.default_value.kind != DefaultValue::Kind::Missing && row.name != std::string_view("clamp")) {
        step.args.push_back({kConst, 0});
      } else {
        step.args.push_back({kConst, static_cast<uint32_t>(constants.size())});
        if (arg.kind == ArgKind::Str)
          constants.push_back(OpValue(std::string("trunc")));
        else
          constants.push_back(OpValue(arg.kind == ArgKind::Int ? Scalar(int64_t{1}) : Scalar(0.5)));
      }
    }
    if (!usable) continue;
    const Step times{find("mul", "Tensor"), {{kStep, 0}, {kIn, static_cast<uint32_t>(inputs.size() - 1)}}};
    for (const DType t : {DType::Float32, DType::Float64, DType::Int64, DType::Bool, DType::Complex64}) {
      const auto group =
          std::make_shared<Group>(std::vector<Step>{step, times}, constants, inputs, std::vector<uint32_t>{1});
      for (const bool grad : {false, true}) {
        if (grad && t != DType::Float32) continue;
        std::vector<OpValue> in;
        std::vector<Tensor> leaves;
        for (size_t k = 0; k < inputs.size(); k++) {
          const bool condition = row.args[k].kind == ArgKind::Tensor && row.name == std::string_view("where") && k == 0;
          Tensor x = random_tensor(r, IntSpan({3, 7}), condition ? DType::Bool : t, is_integral_or_bool(t) ? 0 : 0.05,
                                   is_integral_or_bool(t) ? 4 : 0.95);
          if (grad && !condition) {
            autograd::set_requires_grad(x, true);
            leaves.push_back(x);
          }
          in.push_back(OpValue(std::move(x)));
        }
        std::vector<Tensor> slow;
        Tensor out;
        try {
          slow = group->run_steps(in);
        } catch (const Error&) {
          try {
            EXPECT_FALSE(group->run(arguments(in).data(), &out)) << row.schema << " of " << name(t);
          } catch (const Error& e) {
            EXPECT_EQ(e.message(), "ZeroDivisionError");
          }
          continue;
        }
        if (!group->run(arguments(in).data(), &out)) {
          if (grad)
            without += std::string(row.schema) + ": " + group->view(std::vector(inputs.size(), t), true).why + "\n";
          if (!grad && t == DType::Float32)
            ADD_FAILURE() << row.schema << ": " << group->view(std::vector(inputs.size(), t), false).why;
          continue;
        }
        fit++;
        EXPECT_TRUE(same_bits(out, slow[0])) << row.schema << " of " << name(t);
        if (!grad || !slow[0].requires_grad()) continue;
        ASSERT_TRUE(out.requires_grad()) << row.schema;
        const Tensor seed = random_tensor(r, IntSpan({3, 7}), out.dtype());
        std::vector<Tensor> g, h;
        try {
          h = autograd::grad({slow.data(), 1}, leaves, {&seed, 1}, {.allow_unused = true});
        } catch (const Error&) {
          EXPECT_ANY_THROW(autograd::grad({&out, 1}, leaves, {&seed, 1}, {.allow_unused = true}));
          continue;
        }
        g = autograd::grad({&out, 1}, leaves, {&seed, 1}, {.allow_unused = true});
        with_gradients++;
        for (size_t k = 0; k < g.size(); k++) {
          ASSERT_EQ(g[k].defined(), h[k].defined()) << row.schema << " input " << k;
          if (g[k].defined()) {
            EXPECT_LT(distance(g[k], h[k]), 1e-6) << row.schema << " input " << k;
          }
        }
      }
    }
  }
  EXPECT_GT(operators, 150);
  EXPECT_GT(with_gradients, 80);
  std::printf("%d operators, %d dtypes of them fused, %d with gradients\n%s", operators, fit, with_gradients,
              without.c_str());
}

}  // namespace
}  // namespace tsvm::ops::fusion

// What the declarations of elementwise operators promise: gradients are those of the function, and meta tensors give
// what tensors with elements give.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "ops/autograd/engine.h"
#include "ops/autograd/variable.h"
#include "ops/op_call.h"
#include "ops/op_info.h"
#include "ops/operators.h"

namespace tsvm::ops {
namespace {

/// Arguments for an operator: tensors of a shape, defaults where there are some, else a number.
std::vector<OpValue> arguments(const OpRow& row, const std::vector<Tensor>& tensors) {
  std::vector<OpValue> out;
  size_t next = 0;
  for (const OpArg& a : row.args) {
    if (a.kind == ArgKind::Tensor)
      out.push_back(OpValue(tensors[next++]));
    else if (a.default_value.kind != DefaultValue::Kind::Missing && std::string_view(row.name) != "clamp")
      out.push_back(OpValue());
    else if (a.kind == ArgKind::Str)
      out.push_back(OpValue(std::string("floor")));
    else
      out.push_back(OpValue(a.kind == ArgKind::Int ? Scalar(int64_t{1}) : Scalar(0.6)));
  }
  return out;
}
size_t tensors_of(const OpRow& row) {
  size_t n = 0;
  for (const OpArg& a : row.args) n += a.kind == ArgKind::Tensor;
  return n;
}

TEST(Declared, GradientsAreThoseOfTheFunction) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> d(0.15, 0.85);
  int checked = 0;
  for (int o = 0; o < kOpIdCount; o++) {
    const OpRow& row = kOps[o];
    if (kOpCalls[o] == nullptr) continue;
    std::vector<Tensor> x;
    for (size_t k = 0; k < tensors_of(row); k++) {
      Tensor t = empty(IntSpan({5}), DType::Float64);
      for (int i = 0; i < 5; i++) t.data_ptr<double>()[i] = d(random) + (std::string_view(row.name) == "acosh" ? 1 : 0);
      if (std::string_view(row.name) == "where" && k == 0)
        t = op::gt(t, Scalar(0.5));
      else
        autograd::set_requires_grad(t, true);
      x.push_back(t);
    }
    Tensor y;
    try {
      y = kOpCalls[o](arguments(row, x).data());
    } catch (const Error&) {
      continue;
    }
    if (!y.requires_grad() || is_complex(y.dtype())) continue;
    std::vector<Tensor> leaves;
    for (const Tensor& t : x)
      if (t.requires_grad()) leaves.push_back(t);
    std::vector<Tensor> g;
    const Tensor sum = op::sum(y);
    try {
      g = autograd::grad({&sum, 1}, leaves, {}, {.allow_unused = true});
    } catch (const Error& e) {
      EXPECT_NE(e.message().find("is not implemented"), std::string::npos) << row.schema << ": " << e.message();
      continue;
    }
    checked++;
    for (Tensor& t : g)
      if (t.defined()) t = op::contiguous(t);
    autograd::GradMode off(false);
    for (size_t k = 0; k < leaves.size(); k++)
      for (int i = 0; i < 5; i++) {
        double& v = leaves[k].data_ptr<double>()[i];
        const double before = v, step = 1e-6;
        if (!g[k].defined()) continue;  // not differentiable in this argument
        // Some operators give the tensor itself, so each value is read before the next call.
        auto value = [&](double at) {
          v = at;
          return kOpCalls[o](arguments(row, x).data()).data_ptr<double>()[i];
        };
        const double up = value(before + step), down = value(before - step);
        v = before;
        const double numeric = (up - down) / (2 * step);
        const double got = g[k].data_ptr<double>()[i];
        EXPECT_NEAR(got, numeric, 1e-6 + 1e-5 * std::fabs(numeric))
            << row.schema << " tensor " << k << " at " << before;
      }
  }
  EXPECT_GT(checked, 90);
  std::printf("%d operators\n", checked);
}

TEST(Declared, MetaTensorsGiveShapeAndDType) {
  int checked = 0;
  const std::vector<std::vector<DimVector>> shapes = {{IntSpan({2, 3}), IntSpan({2, 3}), IntSpan({2, 3})},
                                                      {IntSpan({2, 3}), IntSpan({3}), IntSpan({2, 1})},
                                                      {IntSpan({4}), IntSpan(), IntSpan({4})}};
  for (int o = 0; o < kOpIdCount; o++) {
    const OpRow& row = kOps[o];
    if (kOpCalls[o] == nullptr) continue;
    for (const auto& shape : shapes)
      for (const DType t : {DType::Float32, DType::Int32, DType::Bool, DType::Complex64})
        for (const DType u : {DType::Float64, DType::Int64}) {
          std::vector<Tensor> real, meta;
          for (size_t k = 0; k < tensors_of(row); k++) {
            const DType dtype = std::string_view(row.name) == "where" && k == 0 ? DType::Bool : k == 0 ? t : u;
            real.push_back(op::ones(shape[k % 3], dtype));
            meta.push_back(empty(shape[k % 3], dtype, Device(DeviceType::Meta)));
          }
          Tensor want, got;
          try {
            want = kOpCalls[o](arguments(row, real).data());
          } catch (const Error&) {
            EXPECT_ANY_THROW(kOpCalls[o](arguments(row, meta).data())) << row.schema << " of " << name(t);
            continue;
          }
          ASSERT_NO_THROW(got = kOpCalls[o](arguments(row, meta).data())) << row.schema << " of " << name(t);
          EXPECT_TRUE(got.is_meta()) << row.schema;
          EXPECT_EQ(got.dtype(), want.dtype()) << row.schema << " of " << name(t) << ", " << name(u);
          EXPECT_TRUE(got.sizes() == want.sizes() && got.strides() == want.strides()) << row.schema;
          checked++;
        }
  }
  EXPECT_GT(checked, 1500);
}

}  // namespace
}  // namespace tsvm::ops

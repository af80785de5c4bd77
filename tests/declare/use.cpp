// The operator of entry.ts seen from C++: its function, its gradient, its place in a fused group, its CUDA text.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "ops/autograd/engine.h"
#include "ops/autograd/variable.h"
#include "ops/cuda/emit.h"
#include "ops/fusion/group.h"
#include "ops/op_info.h"
#include "ops/operators.h"

using namespace tsvm::ops;
using fusion::Group;
using fusion::StepArg;

namespace {

void check(bool ok, const char* what) {
  std::printf("%s: %s\n", what, ok ? "ok" : "WRONG");
}
OpId find(std::string_view name, std::string_view overload) {
  for (int i = 0; i < kOpIdCount; i++)
    if (kOps[i].name == name && kOps[i].overload == overload && kOps[i].variant == OpVariant::Plain)
      return static_cast<OpId>(i);
  std::printf("%s is missing\n", name.data());
  std::exit(1);
}
Tensor numbers(double a, double b) {
  Tensor t = empty(IntSpan({2}), DType::Float32);
  t.data_ptr<float>()[0] = static_cast<float>(a);
  t.data_ptr<float>()[1] = static_cast<float>(b);
  return t;
}

}  // namespace

int main() {
  const Tensor a = numbers(0.5, 1), b = numbers(2, 3);
  const Tensor c = op::sine_times(a, b);
  check(std::fabs(c.data_ptr<float>()[1] - 3 * std::sin(1.0)) < 1e-5, "function");

  // exp(sine_times(a, b)) as one kernel, forward and backward
  const auto group = std::make_shared<Group>(
      std::vector<fusion::Step>{{find("sine_times", "Tensor"),
                                 {{StepArg::Kind::Input, 0}, {StepArg::Kind::Input, 1}, {StepArg::Kind::Constant, 0}}},
                                {find("exp", ""), {{StepArg::Kind::Step, 0}}}},
      std::vector<OpValue>{OpValue()}, std::vector<Group::Input>(2, Group::Input::Tensor), std::vector<uint32_t>{1});
  autograd::set_requires_grad(a, true);
  Tensor fused;
  const fusion::Argument args[] = {{&a, {}}, {&b, {}}};
  check(group->run(args, &fused), "fusion");
  const Tensor plain = op::exp(op::sine_times(a, b));
  check(std::memcmp(fused.data(), plain.data(), 8) == 0, "fused result");
  const Tensor seed = numbers(1, 1);
  const Tensor g = autograd::grad({&fused, 1}, {&a, 1}, {&seed, 1}, {})[0];
  const Tensor h = autograd::grad({&plain, 1}, {&a, 1}, {&seed, 1}, {})[0];
  check(std::memcmp(g.data(), h.data(), 8) == 0, "fused gradient");

  const scalar::Program& p = *info(find("sine_times", "Tensor")).spec->programs[static_cast<int>(scalar::CType::F32)];
  std::vector<cuda::KernelOperand> operands(3, {DType::Float32, DType::Float32, cuda::Layout::Dense});
  const std::string text = cuda::emit_kernel(p, operands.data(), "sine_times");
  check(text.find("__global__ void sine_times(") != std::string::npos, "CUDA text");
}

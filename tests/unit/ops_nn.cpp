// Kernels of neural networks against what defines them: convolutions in float (oneDNN where it is worth it) against the
// loops in double, recurrent layers against their steps one by one, normalisation against its formula.
#include <gtest/gtest.h>

#include "ops/autograd/engine.h"
#include "ops/cpu/nn_kernels.h"
#include "ops/autograd/variable.h"
#include "ops/operators.h"

using namespace tsvm::ops;
namespace cpu = tsvm::ops::cpu;

namespace {

Tensor numbers(IntSpan size, int seed) {
  Generator g(static_cast<uint64_t>(seed));
  return cpu::randn(size, DType::Float32, {}, g);
}
Tensor wide(const Tensor& t) { return t.defined() ? cpu::to_copy(t, DType::Float64) : Tensor(); }

void expect_near(const Tensor& a, const Tensor& b, double tolerance, const char* what) {
  ASSERT_TRUE(a.sizes() == b.sizes()) << what;
  const Tensor d = op::abs(op::sub(wide(cpu::contiguous(a)), wide(cpu::contiguous(b)), Scalar(1)));
  if (a.numel() == 0) return;
  EXPECT_LT(item(op::max(d)).to_double(), tolerance) << what;
}

struct Conv {
  DimVector x, w, stride, padding, dilation, output_padding;
  int64_t groups;
  bool transposed, channels_last;
};

}  // namespace

TEST(Nn, Convolutions) {
  const Conv cases[] = {
      {{2, 3, 20, 17}, {8, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1}, {0}, 1, false, false},
      {{2, 4, 19, 22}, {6, 2, 3, 2}, {2, 3}, {1, 0}, {2, 1}, {0}, 2, false, false},
      {{1, 16, 12, 12}, {16, 1, 3, 3}, {1}, {1}, {1}, {0}, 16, false, false},
      {{2, 8, 14, 14}, {12, 8, 3, 3}, {2}, {1}, {1}, {0}, 1, false, true},
      {{2, 3, 50}, {6, 3, 5}, {2}, {3}, {1}, {0}, 1, false, false},
      {{1, 3, 8, 9, 10}, {4, 3, 2, 3, 3}, {1, 2, 1}, {1}, {1}, {0}, 1, false, false},
      {{2, 6, 11, 12}, {6, 4, 3, 3}, {2, 1}, {1}, {1}, {1, 0}, 1, true, false},
      {{2, 6, 11, 12}, {6, 2, 4, 3}, {1}, {0}, {3}, {2}, 2, true, false},
      {{0, 3, 8, 8}, {2, 3, 3, 3}, {1}, {0}, {1}, {0}, 1, false, false},
  };
  for (const Conv& c : cases) {
    Tensor x = numbers(c.x, 1);
    if (c.channels_last) x = cpu::contiguous(x, MemoryFormat::ChannelsLast);
    const Tensor w = numbers(c.w, 2);
    const int64_t channels = c.transposed ? c.w[1] * c.groups : c.w[0];
    const Tensor b = numbers({channels}, 3);
    auto forward = [&](const Tensor& x, const Tensor& w, const Tensor& b) {
      return cpu::convolution(x, w, b, c.stride, c.padding, c.dilation, c.transposed, c.output_padding, c.groups);
    };
    const Tensor y = forward(x, w, b);
    expect_near(y, forward(wide(cpu::contiguous(x)), wide(w), wide(b)), 2e-4, "forward");
    const Tensor g = numbers(y.sizes(), 4);
    expect_near(cpu::convolution_backward_input(g, x.sizes(), w, c.stride, c.padding, c.dilation, c.transposed,
                                                c.output_padding, c.groups),
                cpu::convolution_backward_input(wide(g), x.sizes(), wide(w), c.stride, c.padding, c.dilation,
                                                c.transposed, c.output_padding, c.groups),
                2e-4, "input");
    expect_near(cpu::convolution_backward_weight(g, x, w.sizes(), c.stride, c.padding, c.dilation, c.transposed,
                                                 c.output_padding, c.groups),
                cpu::convolution_backward_weight(wide(g), wide(cpu::contiguous(x)), w.sizes(), c.stride, c.padding,
                                                 c.dilation, c.transposed, c.output_padding, c.groups),
                2e-3, "weight");
  }
}

TEST(Nn, RecurrentLayersAreTheirSteps) {
  for (int64_t mode = 0; mode < 4; mode++)
    for (int kind = 0; kind < 3; kind++) {
      const bool reverse = kind != 0, projected = mode == 0 && kind == 2;
      const DimVector batch_sizes = kind == 1 ? DimVector{3, 3, 2, 1} : DimVector{3, 3, 3};
      int64_t total = 0;
      for (int64_t n : batch_sizes) total += n;
      const int64_t hidden = 5, gates = (mode == 0 ? 4 : mode == 1 ? 3 : 1) * hidden, width = projected ? 2 : hidden;
      auto leaf = [](const Tensor& t) {
        Tensor d = wide(t);
        autograd::set_requires_grad(d, true);
        return d;
      };
      const Tensor input = leaf(numbers({total, gates}, 1)), h0 = leaf(numbers({3, width}, 2)),
                   c0 = mode == 0 ? leaf(numbers({3, hidden}, 3)) : Tensor(), w = leaf(numbers({gates, width}, 4)),
                   b = leaf(numbers({gates}, 5)), w_hr = projected ? leaf(numbers({width, hidden}, 6)) : Tensor();
      const auto fast = op::rnn_sequence(input, h0, c0, w, b, w_hr, batch_sizes, mode, reverse);
      const auto slow = op::rnn_steps(input, h0, c0, w, b, w_hr, batch_sizes, mode, reverse);
      expect_near(std::get<0>(fast), std::get<0>(slow), 1e-10, "output");
      expect_near(std::get<1>(fast), std::get<1>(slow), 1e-10, "state");
      std::vector<Tensor> inputs{input, h0, w, b};
      if (c0.defined()) inputs.push_back(c0);
      if (w_hr.defined()) inputs.push_back(w_hr);
      const Tensor g = wide(numbers(std::get<0>(fast).sizes(), 7)), gh = wide(numbers({3, width}, 8));
      autograd::BackwardOptions once;
      autograd::BackwardOptions again;
      again.create_graph = again.keep_graph = true;
      auto gradients = [&](const auto& result, const autograd::BackwardOptions& options) {
        return autograd::grad(std::vector<Tensor>{std::get<0>(result), std::get<1>(result)}, inputs,
                              std::vector<Tensor>{g, gh}, options);
      };
      const auto wanted = gradients(slow, once);
      const auto twice = gradients(fast, again);
      const auto direct = gradients(fast, once);
      for (size_t i = 0; i < wanted.size(); i++) {
        expect_near(direct[i], wanted[i], 1e-9, "gradient");
        expect_near(twice[i], wanted[i], 1e-9, "gradient with a graph");
      }
    }
}

TEST(Nn, Normalisation) {
  const Tensor x = numbers({3, 4, 5, 6}, 1), w = numbers({4}, 2), b = numbers({4}, 3);
  const auto [y, mean, invstd] = cpu::batch_norm_forward(x, w, b, Tensor(), Tensor(), true, 0.1, 1e-5);
  const Tensor last = cpu::contiguous(x, MemoryFormat::ChannelsLast);
  const auto [z, mean2, invstd2] = cpu::batch_norm_forward(last, w, b, Tensor(), Tensor(), true, 0.1, 1e-5);
  expect_near(z, y, 1e-5, "layouts");
  expect_near(invstd2, invstd, 1e-5, "layouts");
  const Tensor g = numbers(x.sizes(), 4);
  const auto [dx, dw, db] = cpu::batch_norm_backward(g, x, w, Tensor(), Tensor(), mean, invstd, true, 1e-5);
  const auto [dx2, dw2, db2] = cpu::batch_norm_backward(g, last, w, Tensor(), Tensor(), mean, invstd, true, 1e-5);
  expect_near(dx2, dx, 1e-5, "layouts");
  expect_near(dw2, dw, 1e-4, "layouts");
  // The gradient is orthogonal to constants and to the normalised input.
  EXPECT_NEAR(item(op::sum(cpu::select(dx, 1, 0))).to_double(), 0, 1e-3);
}

// The operators and autograd alone: a product, its sum, and the gradient.
#include <cstdio>

#include "ops/autograd/engine.h"
#include "ops/autograd/variable.h"
#include "ops/operators.h"
#include "ops/tensor/print.h"

int main() {
  using namespace tsvm::ops;
  Tensor x = op::ones(IntSpan{2, 3});
  autograd::set_requires_grad(x, true);
  const Tensor loss = op::sum(op::mul(op::mul(x, x), Scalar(3)));
  const Tensor none;
  autograd::backward(TensorSpan(&loss, 1), TensorSpan(&none, 1), {});
  const std::string text = to_string(autograd::grad(x));
  std::puts(text.c_str());
  return text == "tensor([[6., 6., 6.],\n        [6., 6., 6.]])" && item(loss).to_double() == 18 ? 0 : 1;
}

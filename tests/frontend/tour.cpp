// A little of everything that programs of the C++ front end do, compiled with all warnings.
#include <torch/torch.h>

#include <iostream>
#include <sstream>

struct NetImpl : torch::nn::Module {
  NetImpl() {
    body = register_module("body", torch::nn::Sequential(torch::nn::Linear(2, 3), torch::nn::Tanh()));
    head = register_module("head", torch::nn::Linear(torch::nn::LinearOptions(3, 1).bias(false)));
  }
  torch::Tensor forward(const torch::Tensor& x) { return head(body->forward(x)); }
  torch::nn::Sequential body{nullptr};
  torch::nn::Linear head{nullptr};
};
TORCH_MODULE(Net);

struct Double : torch::autograd::Function<Double> {
  static torch::Tensor forward(torch::autograd::AutogradContext* ctx, const torch::Tensor& x, double factor) {
    ctx->saved_data["factor"] = factor;
    return x * factor;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               torch::autograd::tensor_list grads) {
    return {grads[0] * ctx->saved_data["factor"].toDouble(), torch::Tensor()};
  }
};

int main() {
  using namespace torch::indexing;
  auto a = torch::arange(6, torch::kFloat).view({2, 3});
  std::cout << a << "\n" << a.index({Slice(), 1}) << "\n" << a.sizes() << " " << a.dtype() << "\n";
  a[0][1] = 10;
  a.index_put_({1, Slice(1, None)}, -1);
  std::cout << a << "\n" << torch::einsum("ij,kj->ik", {a, a}) << "\n";

  auto x = torch::ones({2}, torch::requires_grad());
  auto y = Double::apply(x, 3.0);
  (y * y).sum().backward();
  std::cout << x.grad() << "\n" << y.grad_fn()->name() << "\n";

  Net net;
  std::cout << *net << "\n";
  {
    torch::NoGradGuard guard;
    for (auto& p : net->parameters()) p.fill_(0.5);
  }
  torch::optim::Adam optimizer(net->parameters(), torch::optim::AdamOptions(0.1));
  const auto input = torch::tensor({{1.0, 0.0}, {0.0, 1.0}});
  for (int i = 0; i < 3; i++) {
    optimizer.zero_grad();
    auto loss = torch::nn::functional::mse_loss(net(input), torch::zeros({2, 1}));
    loss.backward();
    optimizer.step();
    std::cout << (loss.item<float>() > 0) << " ";
  }
  std::stringstream stream;
  torch::save(net, stream);
  Net copy;
  torch::load(copy, stream);
  std::cout << torch::equal(copy(input), net(input)) << "\n";
  auto cloned = std::dynamic_pointer_cast<torch::nn::LinearImpl>(net->head->clone());
  std::cout << torch::equal(cloned->weight, net->head->weight) << cloned->weight.is_same(net->head->weight) << "\n";
  try {
    torch::ones({2, 3}).mm(torch::ones({2, 3}));
  } catch (const c10::Error& e) {
    std::cout << e.what_without_backtrace() << "\n";
  }
  std::cout << std::vector<int64_t>{1, 2, 3} << " " << c10::IValue(std::vector<double>{1, 2.5}) << "\n";
  torch::manual_seed(0);
  std::cout << torch::rand({2}) << "\n";
}

// torch::nn::init.
#include "torch/nn/init.h"

#include <cmath>

#include "torch/autograd.h"

namespace torch {
namespace nn {
namespace init {

namespace {
double fan_of(const Tensor& tensor, FanModeType mode) {
  const auto [in, out] = _calculate_fan_in_and_fan_out(tensor);
  return static_cast<double>(c10::holds_alternative<enumtype::kFanIn>(mode) ? in : out);
}
}  // namespace

double calculate_gain(NonlinearityType nonlinearity, double param) {
  if (c10::holds_alternative<enumtype::kTanh>(nonlinearity)) return 5.0 / 3.0;
  if (c10::holds_alternative<enumtype::kReLU>(nonlinearity)) return std::sqrt(2.0);
  if (c10::holds_alternative<enumtype::kLeakyReLU>(nonlinearity)) return std::sqrt(2.0 / (1 + param * param));
  return 1.0;
}

Tensor constant_(Tensor tensor, Scalar value) {
  NoGradGuard guard;
  return tensor.fill_(value);
}
Tensor ones_(Tensor tensor) {
  NoGradGuard guard;
  return tensor.fill_(1);
}
Tensor zeros_(Tensor tensor) {
  NoGradGuard guard;
  return tensor.zero_();
}
Tensor normal_(Tensor tensor, double mean, double std) {
  NoGradGuard guard;
  return tensor.normal_(mean, std);
}
Tensor uniform_(Tensor tensor, double low, double high) {
  NoGradGuard guard;
  return tensor.uniform_(low, high);
}
Tensor eye_(Tensor matrix) {
  NoGradGuard guard;
  TORCH_CHECK(matrix.ndimension() == 2, "Only tensors with 2 dimensions are supported");
  matrix.copy_(torch::eye(matrix.size(0), matrix.size(1), matrix.options()));
  return matrix;
}
Tensor dirac_(Tensor tensor) {
  NoGradGuard guard;
  TORCH_CHECK(tensor.ndimension() >= 3 && tensor.ndimension() <= 5,
              "Only tensors with 3, 4, or 5 dimensions are supported");
  tensor.zero_();
  const int64_t n = std::min(tensor.size(0), tensor.size(1));
  for (int64_t i = 0; i < n; i++) {
    Tensor t = tensor[i][i];
    while (t.dim() > 0) t = t[t.size(0) / 2];
    t.fill_(1);
  }
  return tensor;
}
Tensor orthogonal_(Tensor tensor, double gain) {
  NoGradGuard guard;
  TORCH_CHECK(tensor.ndimension() >= 2, "Only tensors with 2 or more dimensions are supported");
  const int64_t rows = tensor.size(0), columns = tensor.numel() / rows;
  Tensor flat = torch::randn({rows, columns});
  if (rows < columns) flat = flat.t();
  // Gram-Schmidt in the order of the columns gives the factor whose R has a positive diagonal.
  Tensor q = flat.to(kDouble).contiguous();
  for (int64_t j = 0; j < q.size(1); j++) {
    Tensor column = q.select(1, j);
    for (int pass = 0; pass < 2; pass++)
      if (j > 0) {
        Tensor before = q.narrow(1, 0, j);
        column.sub_(before.mv(before.t().mv(column)));
      }
    column.div_(column.norm());
  }
  if (rows < columns) q = q.t();
  tensor.view_as(q).copy_(q);
  tensor.mul_(gain);
  return tensor;
}
Tensor sparse_(Tensor tensor, double sparsity, double std) {
  NoGradGuard guard;
  TORCH_CHECK(tensor.ndimension() == 2, "Only tensors with 2 dimensions are supported");
  const int64_t rows = tensor.size(0), columns = tensor.size(1);
  const int64_t zeros = static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(rows)));
  tensor.normal_(0, std);
  for (int64_t c = 0; c < columns; c++) {
    const Tensor order = torch::randperm(rows, kLong);
    tensor.select(1, c).index_fill_(0, order.narrow(0, 0, zeros), 0);
  }
  return tensor;
}
Tensor kaiming_uniform_(Tensor tensor, double a, FanModeType mode, NonlinearityType nonlinearity) {
  NoGradGuard guard;
  const double std = calculate_gain(nonlinearity, a) / std::sqrt(fan_of(tensor, mode));
  const double bound = std::sqrt(3.0) * std;
  return tensor.uniform_(-bound, bound);
}
Tensor kaiming_normal_(Tensor tensor, double a, FanModeType mode, NonlinearityType nonlinearity) {
  NoGradGuard guard;
  return tensor.normal_(0, calculate_gain(nonlinearity, a) / std::sqrt(fan_of(tensor, mode)));
}
Tensor xavier_normal_(Tensor tensor, double gain) {
  NoGradGuard guard;
  const auto [in, out] = _calculate_fan_in_and_fan_out(tensor);
  return tensor.normal_(0, gain * std::sqrt(2.0 / static_cast<double>(in + out)));
}
Tensor xavier_uniform_(Tensor tensor, double gain) {
  NoGradGuard guard;
  const auto [in, out] = _calculate_fan_in_and_fan_out(tensor);
  const double std = gain * std::sqrt(2.0 / static_cast<double>(in + out));
  const double bound = std::sqrt(3.0) * std;
  return tensor.uniform_(-bound, bound);
}
std::tuple<int64_t, int64_t> _calculate_fan_in_and_fan_out(const Tensor& tensor) {
  TORCH_CHECK(tensor.dim() >= 2, "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
  int64_t in = tensor.size(1), out = tensor.size(0);
  if (tensor.dim() > 2) {
    const int64_t field = tensor[0][0].numel();
    in *= field;
    out *= field;
  }
  return {in, out};
}

}  // namespace init
}  // namespace nn
}  // namespace torch

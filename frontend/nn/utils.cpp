#include "torch/nn/utils.h"

#include <cmath>
#include <limits>

#include "torch/autograd.h"

namespace torch {
namespace nn {
namespace utils {

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  std::vector<Tensor> with_grad;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) with_grad.push_back(p);
  if (with_grad.empty()) return 0.0;
  NoGradGuard guard;
  std::vector<Tensor> norms;
  const bool largest = norm_type == std::numeric_limits<double>::infinity();
  for (const Tensor& p : with_grad)
    norms.push_back(largest ? p.grad().data().abs().max() : p.grad().data().norm(norm_type));
  const Tensor all = norms.size() == 1 ? norms[0] : torch::stack(norms);
  const Tensor total = norms.size() == 1 ? all : largest ? all.max() : all.norm(norm_type);
  const double value = total.item().toDouble();
  TORCH_CHECK(
      !error_if_nonfinite || std::isfinite(value), "The total norm of order ", norm_type,
      " for gradients from `parameters` is non-finite, so it cannot be clipped. To disable this error and scale "
      "the gradients with the non-finite norm anyway, set `error_if_nonfinite=false`");
  const double factor = std::min(max_norm / (value + 1e-6), 1.0);
  for (const Tensor& p : with_grad) p.mutable_grad().data().mul_(factor);
  return value;
}
double clip_grad_norm_(Tensor parameter, double max_norm, double norm_type, bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector<Tensor>{std::move(parameter)}, max_norm, norm_type, error_if_nonfinite);
}
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  for (const Tensor& p : parameters)
    if (p.grad().defined()) p.mutable_grad().data().clamp_(-clip_value, clip_value);
}
void clip_grad_value_(Tensor parameter, double clip_value) {
  clip_grad_value_(std::vector<Tensor>{std::move(parameter)}, clip_value);
}
Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> flat;
  for (const Tensor& p : parameters) flat.push_back(p.view(-1));
  return torch::cat(flat);
}
void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters) {
  int64_t at = 0;
  for (const Tensor& p : parameters) {
    const int64_t n = p.numel();
    p.set_data(vec.slice(0, at, at + n).view_as(p).data());
    at += n;
  }
}

namespace rnn {
Tensor pad_sequence(ArrayRef<Tensor> sequences, bool batch_first, double padding_value) {
  TORCH_CHECK(!sequences.empty(), "received an empty list of sequences");
  int64_t longest = 0;
  for (const Tensor& s : sequences) longest = std::max(longest, s.size(0));
  const int64_t count = static_cast<int64_t>(sequences.size());
  std::vector<int64_t> sizes =
      batch_first ? std::vector<int64_t>{count, longest} : std::vector<int64_t>{longest, count};
  for (const int64_t n : sequences[0].sizes().slice(1)) sizes.push_back(n);
  Tensor out = torch::full(sizes, padding_value, sequences[0].options());
  for (int64_t i = 0; i < count; i++) {
    const Tensor& s = sequences[static_cast<size_t>(i)];
    out.select(batch_first ? 0 : 1, i).narrow(0, 0, s.size(0)).copy_(s);
  }
  return out;
}
}  // namespace rnn

}  // namespace utils
}  // namespace nn
}  // namespace torch

// Bags of embeddings: sums, means or maxima of rows of a table, one for each bag of indices.
#include <vector>

#include "ops/cpu/nn_kernels.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

enum Mode : int64_t { kSum, kMean, kMax };

void check_indices(const Tensor& t, const char* name) {
  OPS_CHECK(t.dtype() == DType::Int64 || t.dtype() == DType::Int32, RuntimeError, "Expected tensor for argument #1 '",
            name, "' to have one of the following scalar types: Long, Int; but got ", info(t.dtype()).cpp_name,
            " instead (while checking arguments for embedding_bag)");
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag_forward(const Tensor& weight, const Tensor& indices,
                                                                 const Tensor& offsets, int64_t mode,
                                                                 const Tensor& per_sample_weights,
                                                                 bool include_last_offset, int64_t padding_idx) {
  if (is_reduced_floating(weight.dtype())) {
    auto [out, bags, sizes, places] =
        embedding_bag_forward(to_copy(weight, DType::Float32), indices, offsets, mode,
                              per_sample_weights.defined() ? to_copy(per_sample_weights, DType::Float32) : Tensor(),
                              include_last_offset, padding_idx);
    return {to_copy(out, weight.dtype()), bags, sizes, places};
  }
  check_indices(indices, "indices");
  check_indices(offsets, "offsets");
  OPS_CHECK(weight.dim() == 2, RuntimeError, "weight has to be a 2D Tensor, but got Tensor of dimension ",
            weight.dim());
  const Tensor index = contiguous(to(indices, DType::Int64)), starts = contiguous(to(offsets, DType::Int64));
  const Tensor table = contiguous(weight);
  const int64_t rows = weight.sizes()[0], width = weight.sizes()[1], count = index.numel();
  const int64_t* at = index.data_ptr<int64_t>();
  const int64_t* start = starts.data_ptr<int64_t>();
  OPS_CHECK(!include_last_offset || starts.numel() >= 1, RuntimeError,
            "include_last_offset: number of offset should be at least 1");
  const int64_t bags = starts.numel() - (include_last_offset ? 1 : 0);
  if (starts.numel() > 0) {
    OPS_CHECK(
        start[0] == 0, RuntimeError,
        "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
        "got ",
        start[0]);
    OPS_CHECK(start[starts.numel() - 1] <= count, RuntimeError, "offsets[-1] can not be greater than input's length (",
              count, ") but got offsets[-1] of ", start[starts.numel() - 1]);
  }
  for (int64_t i = 0; i < count; i++)
    OPS_CHECK(at[i] >= 0 && at[i] < rows, RuntimeError,
              "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be ", at[i]);
  OPS_CHECK(!per_sample_weights.defined() || per_sample_weights.dtype() == weight.dtype(), RuntimeError,
            "expected scalar type ", info(weight.dtype()).cpp_name, " but found ",
            info(per_sample_weights.defined() ? per_sample_weights.dtype() : weight.dtype()).cpp_name);
  const Tensor scales = per_sample_weights.defined() ? contiguous(per_sample_weights) : Tensor();
  Tensor out = ops::empty({bags, width}, weight.dtype());
  zero_(out);
  Tensor bag_of = ops::empty({count}, DType::Int64), sizes = ops::empty({bags}, DType::Int64);
  Tensor places = ops::empty({mode == kMax ? bags : 0, width}, DType::Int64);
  zero_(places);
  TSVM_DISPATCH(weight.dtype(), "embedding_bag", TSVM_CASES_FLOAT({
                  for (int64_t b = 0; b < bags; b++) {
                    const int64_t first = start[b], last = b + 1 < starts.numel() ? start[b + 1] : count;
                    scalar_t* to = out.data_ptr<scalar_t>() + b * width;
                    int64_t used = 0;
                    for (int64_t i = first; i < last; i++) {
                      bag_of.data_ptr<int64_t>()[i] = b;
                      if (at[i] == padding_idx) continue;
                      const scalar_t* row = table.data_ptr<scalar_t>() + at[i] * width;
                      if (mode == kMax) {
                        for (int64_t k = 0; k < width; k++)
                          if (used == 0 || row[k] > to[k]) {
                            to[k] = row[k];
                            places.data_ptr<int64_t>()[b * width + k] = at[i];
                          }
                      } else {
                        for (int64_t k = 0; k < width; k++)
                          to[k] += scales.defined() ? row[k] * scales.data_ptr<scalar_t>()[i] : row[k];
                      }
                      used++;
                    }
                    sizes.data_ptr<int64_t>()[b] = used;
                    if (mode == kMean && used > 0)
                      for (int64_t k = 0; k < width; k++) to[k] /= static_cast<scalar_t>(used);
                  }
                }));
  return {out, bag_of, sizes, places};
}

Tensor embedding_bag_backward(const Tensor& grad, const Tensor& indices, const Tensor& offset2bag,
                              const Tensor& bag_size, const Tensor& maximum_indices, int64_t num_weights,
                              bool scale_grad_by_freq, int64_t mode, const Tensor& per_sample_weights,
                              int64_t padding_idx) {
  const int64_t width = grad.sizes()[1];
  Tensor out = ops::empty({num_weights, width}, grad.dtype());
  zero_(out);
  const Tensor g = contiguous(grad), index = contiguous(to(indices, DType::Int64));
  const Tensor scales = per_sample_weights.defined() ? contiguous(per_sample_weights) : Tensor();
  const int64_t* at = index.data_ptr<int64_t>();
  std::vector<int64_t> uses(scale_grad_by_freq ? static_cast<size_t>(num_weights) : 0);
  if (scale_grad_by_freq)
    for (int64_t i = 0; i < index.numel(); i++) uses[static_cast<size_t>(at[i])]++;
  TSVM_DISPATCH(grad.dtype(), "embedding_bag_backward", TSVM_CASES_FLOAT({
                  const scalar_t* from = g.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  if (mode == kMax) {
                    const int64_t* place = maximum_indices.data_ptr<int64_t>();
                    for (int64_t b = 0; b < bag_size.numel(); b++)
                      if (bag_size.data_ptr<int64_t>()[b] > 0)
                        for (int64_t k = 0; k < width; k++) to[place[b * width + k] * width + k] += from[b * width + k];
                  } else {
                    for (int64_t i = 0; i < index.numel(); i++) {
                      if (at[i] == padding_idx) continue;
                      const int64_t b = offset2bag.data_ptr<int64_t>()[i];
                      scalar_t factor = 1;
                      if (mode == kMean) factor /= static_cast<scalar_t>(bag_size.data_ptr<int64_t>()[b]);
                      if (scale_grad_by_freq) factor /= static_cast<scalar_t>(uses[static_cast<size_t>(at[i])]);
                      if (scales.defined()) factor *= scales.data_ptr<scalar_t>()[i];
                      for (int64_t k = 0; k < width; k++) to[at[i] * width + k] += from[b * width + k] * factor;
                    }
                  }
                }));
  return out;
}

Tensor embedding_bag_weights_backward(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                                      const Tensor& offset2bag, int64_t padding_idx) {
  const int64_t width = grad.sizes()[1];
  Tensor out = ops::empty(indices.sizes(), grad.dtype());
  const Tensor g = contiguous(grad), table = contiguous(weight), index = contiguous(to(indices, DType::Int64));
  TSVM_DISPATCH(grad.dtype(), "embedding_bag_per_sample_weights_backward", TSVM_CASES_FLOAT({
                  for (int64_t i = 0; i < index.numel(); i++) {
                    const int64_t row = index.data_ptr<int64_t>()[i], b = offset2bag.data_ptr<int64_t>()[i];
                    scalar_t sum = 0;
                    if (row != padding_idx)
                      for (int64_t k = 0; k < width; k++)
                        sum += g.data_ptr<scalar_t>()[b * width + k] * table.data_ptr<scalar_t>()[row * width + k];
                    out.data_ptr<scalar_t>()[i] = sum;
                  }
                }));
  return out;
}

}  // namespace tsvm::ops::cpu

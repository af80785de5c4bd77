#include "ops/autograd/view_nodes.h"

#include <algorithm>
#include <vector>

#include "ops/autograd/engine.h"
#include "ops/autograd/saved.h"
#include "ops/autograd/variable.h"
#include "ops/operators.h"
#include "ops/tensor/error.h"
#include "ops/tensor/shape.h"

namespace tsvm::ops::autograd {

namespace {
/// The positions (in elements from the start) that the geometry visits, as an int64 tensor of its sizes.
Tensor positions(IntSpan sizes, IntSpan strides, int64_t extent, int64_t offset) {
  return op::as_strided(op::arange(Scalar(int64_t{0}), Scalar(extent), Scalar(int64_t{1}), DType::Int64), sizes,
                        strides, offset);
}
}  // namespace

Tensor as_strided_backward(const Tensor& grad, IntSpan base_sizes, IntSpan base_strides, int64_t base_offset,
                           IntSpan sizes, IntSpan strides, int64_t offset) {
  // Everything happens in one flat piece of memory that holds both geometries.
  const int64_t start = std::min(base_offset, offset);
  const int64_t extent = std::max(base_offset - start + storage_extent(base_sizes, base_strides),
                                  offset - start + storage_extent(sizes, strides));
  const Tensor where = positions(sizes, strides, extent, offset - start);
  Tensor flat = op::new_zeros(grad, IntSpan{extent});
  flat = op::index_add(flat, 0, op::reshape(where, IntSpan{-1}), op::reshape(grad, IntSpan{-1}));
  if (!ops::is_non_overlapping_and_dense(base_sizes, base_strides)) {
    // The base itself may visit memory several times: each visitor gets an equal share.
    const Tensor from = op::reshape(positions(base_sizes, base_strides, extent, base_offset - start), IntSpan{-1});
    Tensor count = op::new_zeros(grad, IntSpan{extent});
    count = op::index_add(count, 0, from, op::new_ones(grad, IntSpan{from.numel()}));
    flat = op::div(flat, op::clamp_min(count, Scalar(int64_t{1})));
    return op::reshape(op::index_select(flat, 0, from), base_sizes);
  }
  return op::as_strided(flat, base_sizes, base_strides, base_offset - start);
}

AsStridedBackward0::AsStridedBackward0(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset)
    : base_sizes_(base.sizes()),
      base_strides_(base.strides()),
      sizes_(sizes),
      strides_(strides),
      base_offset_(base.storage_offset()),
      offset_(offset) {
  edges()[0] = gradient_edge(base);
}

void AsStridedBackward0::apply(const Gradients& g) {
  if (!g.in[0].defined() || !g.wants(0)) return;
  g.out[0] = as_strided_backward(g.in[0], base_sizes_, base_strides_, base_offset_, sizes_, strides_, offset_);
}

CopySlices::CopySlices(const Tensor& base, const Tensor& view, NodeRef written)
    : VariadicNode(written->edge_count(), 1),
      base_sizes_(base.sizes()),
      base_strides_(base.strides()),
      sizes_(view.sizes()),
      strides_(view.strides()),
      base_offset_(base.storage_offset()),
      offset_(view.storage_offset()),
      written_(std::move(written)) {
  edges()[0] = gradient_edge(base);
  // Edge 0 of the written node (the view's old value) is replaced by the base; it must still be asked for, so it keeps
  // an edge that nobody follows.
  for (uint32_t i = 1; i < written_->edge_count(); i++) edges()[i] = written_->edges()[i];
  for (Edge& e : written_->edges()) e = Edge();
  result_meta(0).set(base);
}

void CopySlices::apply(const Gradients& g) {
  if (!g.in[0].defined()) return;
  if (released_) fail_released();
  // A copy of the gradient in the base's geometry, so that the view's geometry means the same part of it.
  Tensor whole = op::empty_strided(base_sizes_, base_strides_, g.in[0].dtype(), std::nullopt, g.in[0].device());
  op::copy_(whole, g.in[0]);
  Tensor part = op::as_strided(whole, sizes_, strides_, offset_ - base_offset_);
  const Tensor arriving[1] = {op::clone(part, MemoryFormat::Contiguous)};
  std::vector<Tensor> results(written_->edge_count());
  std::vector<uint8_t> wanted(g.wanted, g.wanted + results.size());
  written_->apply({arriving, results, wanted.data()});
  if (g.wants(0)) {
    if (results[0].defined())
      op::copy_(part, results[0]);
    else
      op::zero_(part);
    g.out[0] = whole;
  }
  for (size_t i = 1; i < results.size(); i++) g.out[i] = results[i];
}

void FailingNode::apply(const Gradients&) { fail(ErrorKind::RuntimeError, message_); }

}  // namespace tsvm::ops::autograd

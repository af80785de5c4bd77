// Sparse gradients: what stands in a tape for a tensor that has elements in few places only.
//
// A sparse tensor of the language is an object of the language (stdlib/torch/sparse.ts). Inside the engine a gradient
// has to be a Tensor, so there it is this: a tensor of the whole's sizes and dtype, of layout SparseCoo, without
// memory, whose parts are two ordinary tensors. Only tables of embeddings make them, and only accumulators, hooks and
// whoever asked for the gradient see them: no kernel ever gets one.
#pragma once

#include "ops/tensor/tensor.h"

namespace tsvm::ops {

struct SparseParts {
  Tensor indices;  // sparse dimensions x elements, int64
  Tensor values;   // elements x the other dimensions
  bool coalesced = false;
};

inline bool is_sparse(const Tensor& t) { return t.layout() == Layout::SparseCoo; }
Tensor make_sparse(SparseParts parts, IntSpan sizes);
/// The parts of a sparse tensor; they may be replaced.
SparseParts& sparse_parts(const Tensor& t);

/// Whether whoever runs the backward of this thread can do with sparse gradients: otherwise they are made dense.
class SparseGradients {
 public:
  explicit SparseGradients(bool on) : before_(wanted()) { wanted() = on; }
  ~SparseGradients() { wanted() = before_; }
  SparseGradients(const SparseGradients&) = delete;
  SparseGradients& operator=(const SparseGradients&) = delete;
  static bool& wanted();

 private:
  bool before_;
};

}  // namespace tsvm::ops

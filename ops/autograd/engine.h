// Running the graph backwards.
#pragma once

#include <vector>

#include "ops/autograd/node.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::autograd {

struct BackwardOptions {
  bool keep_graph = false;
  bool create_graph = false;
  bool allow_unused = false;  // grad(): undefined results instead of an error
  bool sparse = false;        // gradients of tables of embeddings may be sparse (ops/tensor/sparse.h)
};

/// tensor.backward(): adds the gradients of `roots`, weighted with `grads` (undefined: ones, for one-element roots
/// only), to the leaves' `.grad`. With `inputs`, only to those.
void backward(TensorSpan roots, TensorSpan grads, const BackwardOptions& options, TensorSpan inputs = {});
/// torch.autograd.grad(): the gradients of `inputs`; nothing is added to any leaf.
std::vector<Tensor> grad(TensorSpan roots, TensorSpan inputs, TensorSpan grads, const BackwardOptions& options);

/// The gradient as `node`'s result `number` wants it: summed down to its sizes, in its dtype. `from` and `index` name
/// the sender for errors.
Tensor fit_gradient(const Tensor& grad, const Node& node, uint32_t number, const Node& from, size_t index);

/// The sum of two gradients of which one at least is sparse: dense if the other is.
Tensor add_sparse(const Tensor& a, const Tensor& b);

/// True while a backward runs on this thread.
bool in_backward();

}  // namespace tsvm::ops::autograd

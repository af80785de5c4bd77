#include "ops/tensor/sparse.h"

namespace tsvm::ops {

Tensor make_sparse(SparseParts parts, IntSpan sizes) {
  Tensor t = empty({0}, parts.values.dtype(), parts.values.device());
  const DimVector strides(sizes.size(), 0);
  t->set_geometry(sizes, strides, 0);
  t->set_layout(Layout::SparseCoo);
  t->set_user(new SparseParts(std::move(parts)),
              [](void* user, TensorImpl*) noexcept { delete static_cast<SparseParts*>(user); });
  return t;
}

bool& SparseGradients::wanted() {
  thread_local constinit bool on = false;
  return on;
}

SparseParts& sparse_parts(const Tensor& t) { return *static_cast<SparseParts*>(t->user()); }

}  // namespace tsvm::ops

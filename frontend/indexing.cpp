// torch::indexing: views first, one index after the other; tensors and bools are collected and applied at the end by
// one `index` or `index_put_`.
#include "ATen/TensorIndexing.h"

#include "ATen/Functions.h"
#include "frontend/convert.h"
#include "ops/operators.h"

namespace at {
namespace indexing {

const EllipsisIndexType Ellipsis{};

namespace {
constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
}  // namespace

Slice::Slice(c10::optional<int64_t> start, c10::optional<int64_t> stop, c10::optional<int64_t> step) {
  step_ = step.value_or(1);
  TORCH_CHECK_VALUE(step_ != 0, "slice step cannot be zero");
  start_ = start ? *start : step_ < 0 ? kHighest : 0;
  stop_ = stop ? *stop : step_ < 0 ? kLowest : kHighest;
}

std::ostream& operator<<(std::ostream& out, const Slice& slice) {
  return out << slice.start() << ":" << slice.stop() << ":" << slice.step();
}

std::ostream& operator<<(std::ostream& out, const TensorIndex& index) {
  switch (index.type()) {
    case TensorIndexType::None: return out << "None";
    case TensorIndexType::Ellipsis: return out << "...";
    case TensorIndexType::Integer: return out << index.integer();
    case TensorIndexType::Boolean: return out << std::boolalpha << index.boolean();
    case TensorIndexType::Slice: return out << index.slice();
    case TensorIndexType::Tensor: return out << index.tensor();
  }
  return out;
}
std::ostream& operator<<(std::ostream& out, const std::vector<TensorIndex>& indices) {
  out << "(";
  for (size_t i = 0; i < indices.size(); i++) out << (i ? ", " : "") << indices[i];
  return out << ")";
}

}  // namespace indexing

using namespace tsvm;
using namespace tsvm::frontend;
using indexing::TensorIndex;
using indexing::TensorIndexType;

namespace {

struct Indexed {
  ops::Tensor view;
  std::vector<ops::Tensor> gathers;  // by dimension of the view; undefined: all of it
  bool gathering = false;
};

bool is_mask(const Tensor& t) { return t.scalar_type() == ScalarType::Bool || t.scalar_type() == ScalarType::Byte; }

Indexed apply(const Tensor& self, ArrayRef<TensorIndex> indices) {
  int64_t taken = 0;
  for (const TensorIndex& i : indices) {
    if (i.is_integer() || i.is_slice()) taken++;
    if (i.is_tensor()) taken += is_mask(i.tensor()) ? i.tensor().dim() : 1;
  }
  TORCH_CHECK_INDEX(taken <= self.dim(), "too many indices for tensor of dimension ", self.dim());
  Indexed r{in(self), {}, false};
  int64_t dim = 0;
  auto gather = [&](ops::Tensor t) {
    r.gathers.resize(static_cast<size_t>(dim));
    r.gathers.push_back(std::move(t));
    r.gathering = true;
    dim++;
  };
  for (const TensorIndex& i : indices) {
    switch (i.type()) {
      case TensorIndexType::None: r.view = ops::op::unsqueeze(r.view, dim++); break;
      case TensorIndexType::Ellipsis: dim += self.dim() - taken; break;
      case TensorIndexType::Integer: {
        const int64_t size = r.view.size(dim);
        TORCH_CHECK_INDEX(r.view.dim() > 0,
                          "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ "
                          "to convert a 0-dim tensor to a number");
        TORCH_CHECK_INDEX(i.integer() >= -size && i.integer() < size, "index ", i.integer(),
                          " is out of bounds for dimension ", dim, " with size ", size);
        r.view = ops::op::select(r.view, dim, i.integer());
        break;
      }
      case TensorIndexType::Slice:
        TORCH_CHECK_VALUE(i.slice().step() > 0, "step must be greater than zero");
        r.view = ops::op::slice(r.view, dim, i.slice().start(), i.slice().stop(), i.slice().step());
        dim++;
        break;
      case TensorIndexType::Boolean:
        r.view = ops::op::unsqueeze(r.view, dim);
        gather(i.boolean() ? raw(at::zeros({1}, ScalarType::Long)) : raw(at::empty({0}, ScalarType::Long)));
        break;
      case TensorIndexType::Tensor: {
        const Tensor& t = i.tensor();
        if (t.dim() == 0 && c10::isIntegralType(t.scalar_type(), true)) {
          if (t.scalar_type() != ScalarType::Bool && t.scalar_type() != ScalarType::Byte) {
            r.view = ops::op::select(r.view, dim, t.item<int64_t>());
          } else {
            r.view = ops::op::unsqueeze(r.view, dim);
            gather(t.is_nonzero() ? raw(at::zeros({1}, ScalarType::Long)) : raw(at::empty({0}, ScalarType::Long)));
          }
          break;
        }
        const int64_t dims = is_mask(t) ? t.dim() : 1;
        gather(raw(t));
        for (int64_t k = 1; k < dims; k++) dim++;
        break;
      }
    }
  }
  return r;
}

}  // namespace

Tensor Tensor::index(ArrayRef<TensorIndex> indices) const {
  TORCH_CHECK_INDEX(!indices.empty(), "Passing an empty index list to Tensor::index() is not valid syntax");
  return run([&] {
    Indexed r = apply(*this, indices);
    if (r.gathering) return give(ops::op::index(r.view, r.gathers));
    if (r.view.is_same(raw(*this))) return give(ops::op::alias(r.view));
    return give(std::move(r.view));
  });
}
Tensor Tensor::index(std::initializer_list<TensorIndex> indices) const { return index(ArrayRef<TensorIndex>(indices)); }

Tensor& Tensor::index_put_(ArrayRef<TensorIndex> indices, const Tensor& v, bool accumulate) {
  TORCH_CHECK_INDEX(!indices.empty(), "Passing an empty index list to Tensor::index_put_() is not valid syntax");
  run([&] {
    Indexed r = apply(*this, indices);
    ops::Tensor value = in(v);
    if (r.gathering) {
      if (value.dtype() != r.view.dtype() && value.dim() == 0) value = ops::op::to(value, r.view.dtype());
      ops::op::index_put_(r.view, r.gathers, value, accumulate);
      return;
    }
    // Leading dimensions of size 1 that the view does not have are left out.
    ops::Tensor target = r.view;
    while (value.dim() > target.dim() && value.size(0) == 1) value = ops::op::select(value, 0, 0);
    if (accumulate)
      ops::op::add_(target, value);
    else
      ops::op::copy_(target, value);
  });
  return *this;
}
Tensor& Tensor::index_put_(ArrayRef<TensorIndex> indices, const Scalar& v) {
  TORCH_CHECK_INDEX(!indices.empty(), "Passing an empty index list to Tensor::index_put_() is not valid syntax");
  run([&] {
    Indexed r = apply(*this, indices);
    if (!r.gathering) {
      ops::op::fill_(r.view, in(v));
      return;
    }
    const ops::Tensor value = ops::scalar_tensor(in(v), r.view.dtype());
    ops::op::index_put_(r.view, r.gathers, value, false);
  });
  return *this;
}
Tensor& Tensor::index_put_(std::initializer_list<TensorIndex> indices, const Tensor& v, bool accumulate) {
  return index_put_(ArrayRef<TensorIndex>(indices), v, accumulate);
}
Tensor& Tensor::index_put_(std::initializer_list<TensorIndex> indices, const Scalar& v) {
  return index_put_(ArrayRef<TensorIndex>(indices), v);
}

}  // namespace at

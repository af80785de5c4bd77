// torch::tensor.
#include "torch/types.h"

#include <cmath>

#include "frontend/convert.h"
#include "torch/autograd.h"

namespace torch {
namespace detail {

TensorDataContainer::TensorDataContainer(std::initializer_list<TensorDataContainer> list) : items_(list) {
  sizes_ = {static_cast<int64_t>(list.size())};
  if (!items_.empty()) {
    const TensorDataContainer& first = items_[0];
    type_ = first.type_;
    for (const TensorDataContainer& item : items_) {
      TORCH_CHECK(item.sizes_ == first.sizes_, "Expected all sub-lists to have sizes: ", c10::IntArrayRef(first.sizes_),
                  " (e.g. ...), but got sub-list ... with sizes: ", c10::IntArrayRef(item.sizes_));
      TORCH_CHECK(item.type_ == type_, "Expected all elements of the tensor to have the same scalar type: ", type_,
                  ", but got element of scalar type: ", item.type_);
    }
    sizes_.insert(sizes_.end(), first.sizes_.begin(), first.sizes_.end());
  }
}

TensorDataContainer::TensorDataContainer(const std::vector<bool>& list)
    : kind_(Kind::Tensor), sizes_{static_cast<int64_t>(list.size())}, type_(c10::kBool) {
  tensor_ = at::empty(sizes_, c10::kBool);
  bool* p = tensor_.data_ptr<bool>();
  for (size_t i = 0; i < list.size(); i++) p[i] = list[i];
}

void TensorDataContainer::fill(const void* data) {
  tensor_ = at::empty(sizes_, type_);
  if (tensor_.numel()) std::memcpy(tensor_.data_ptr(), data, tensor_.nbytes());
}

void TensorDataContainer::write(at::Tensor& into) const {
  switch (kind_) {
    case Kind::Scalar: into.fill_(scalar_); break;
    case Kind::Tensor: into.copy_(tensor_); break;
    case Kind::List:
      for (size_t i = 0; i < items_.size(); i++) {
        at::Tensor part = into[static_cast<int64_t>(i)];
        items_[i].write(part);
      }
      break;
  }
}

at::Tensor TensorDataContainer::to_tensor(c10::TensorOptions options) const {
  c10::AutoGradMode off(false);
  at::Tensor t = at::empty(sizes_, options.requires_grad(c10::nullopt).device(c10::optional<c10::Device>(c10::kCPU)));
  write(t);
  return t.to(options.device());
}

}  // namespace detail

at::Tensor tensor(detail::TensorDataContainer data, const at::TensorOptions& options) {
  c10::ScalarType type = data.scalar_type();
  if (options.has_dtype())
    type = *options.scalar_type_opt();
  else if (type == c10::kInt || type == c10::kLong)
    type = c10::kLong;
  else if (type == c10::kFloat || type == c10::kDouble || type == c10::ScalarType::Undefined)
    type = c10::get_default_dtype_as_scalartype();
  at::Tensor t = data.to_tensor(options.dtype(c10::optional<c10::ScalarType>(type)));
  return tsvm::frontend::with_options(std::move(t), options);
}

}  // namespace torch

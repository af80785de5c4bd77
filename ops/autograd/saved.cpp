#include "ops/autograd/saved.h"

#include "ops/autograd/variable.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::autograd {

void fail_released() {
  fail(ErrorKind::RuntimeError,
       "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
       "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
       "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
       "saved tensors after calling backward.");
}

thread_local constinit SavingHooks* saving_hooks = nullptr;

void SavedTensor::save_specially(const Tensor& t) {
  if (is_inference(t) && !inference_mode())
    fail(ErrorKind::RuntimeError,
         "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor "
         "and use it in autograd.");
  state_ = State::Input;
  if (!t.defined()) return;
  if (!saving_hooks) {
    tensor_ = t;
    version_ = t.version();
    return;
  }
  if (is_leaf(t)) {
    if (t.requires_grad()) tensor_ = t;
  } else {
    maker_ = NodeRef::retain(grad_fn(t));
    number_ = static_cast<uint16_t>(result_number(t));
  }
  const GradMode off(false);
  packed_ = saving_hooks->pack(t);
}

void SavedTensor::save_result(const Tensor& t, uint32_t number) {
  if (__builtin_expect(saving_hooks != nullptr, 0) && t.defined()) {
    state_ = State::Result;
    number_ = static_cast<uint16_t>(number);
    const GradMode off(false);
    packed_ = saving_hooks->pack(t);
    return;
  }
  tensor_ = t.defined() ? ops::detach(t) : Tensor();
  state_ = State::Result;
  number_ = static_cast<uint16_t>(number);
  if (t.defined()) version_ = t.version();
}

Tensor SavedTensor::unpack(Node* owner) const {
  if (__builtin_expect(state_ == State::Released, 0)) fail_released();
  if (__builtin_expect(packed_ != nullptr, 0)) return unpack_specially(owner);
  if (!tensor_.defined()) return {};
  if (__builtin_expect(tensor_.version() != version_, 0)) {
    Node* made_by = state_ == State::Result ? owner : grad_fn(tensor_);
    const uint32_t number = state_ == State::Result ? number_ : result_number(tensor_);
    std::string maker;
    if (made_by) maker = concat(", which is output ", number, " of ", std::string_view(made_by->name()), ",");
    fail(ErrorKind::RuntimeError,
         "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.",
         tensor_.device().is_cuda() ? "cuda." : "", info(tensor_.dtype()).cpp_name, "Tensor ", tensor_.sizes(), "]",
         maker, " is at version ", tensor_.version(), "; expected version ", version_,
         " instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
         "torch.autograd.set_detect_anomaly(True).");
  }
  if (state_ == State::Input || !grad_mode()) return tensor_;
  return with_history(tensor_, owner, number_);
}

Tensor SavedTensor::unpack_specially(Node* owner) const {
  const Tensor value = [&] {
    const GradMode off(false);
    return packed_->unpack();
  }();
  if (!grad_mode()) return value;
  if (tensor_.defined()) return tensor_;
  Node* maker = state_ == State::Result ? owner : maker_.get();
  return maker ? with_history(value, maker, number_) : value;
}

Tensor SavedTensor::with_history(const Tensor& value, Node* maker, uint32_t number) const {
  if (!is_floating_or_complex(value.dtype())) return value;
  Tensor t = ops::detach(value);
  AutogradMeta& m = meta(t);
  m.grad_fn = NodeRef::retain(maker);
  m.result = number;
  t->set_flag(TensorImpl::kRequiresGrad, true);
  t->set_flag(TensorImpl::kNonLeaf, true);
  return t;
}

std::vector<Tensor> SavedTensors::unpack(Node* owner) const {
  if (released_) fail_released();
  std::vector<Tensor> out;
  out.reserve(list_.size());
  for (const SavedTensor& s : list_) out.push_back(s.unpack(owner));
  return out;
}

}  // namespace tsvm::ops::autograd

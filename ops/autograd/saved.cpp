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

void SavedTensor::save_result(const Tensor& t, uint32_t number) {
  tensor_ = t.defined() ? ops::detach(t) : Tensor();
  state_ = State::Result;
  number_ = static_cast<uint16_t>(number);
  if (t.defined()) version_ = t.version();
}

Tensor SavedTensor::unpack(Node* owner) const {
  if (__builtin_expect(state_ == State::Released, 0)) fail_released();
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
  if (state_ == State::Input || !grad_mode() || !is_floating_or_complex(tensor_.dtype())) return tensor_;
  Tensor t = ops::detach(tensor_);
  AutogradMeta& m = meta(t);
  m.grad_fn = NodeRef::retain(owner);
  m.result = number_;
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

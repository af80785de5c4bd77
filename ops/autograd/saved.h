// Tensors that nodes keep for their backward.
#pragma once

#include <vector>

#include "ops/autograd/node.h"

namespace tsvm::ops::autograd {

/// One saved tensor with the version it had. An operator's own result is kept as a bare handle without history, because
/// the result owns the node.
class SavedTensor {
 public:
  /// An input of the operator. Undefined tensors may be saved too.
  void save(const Tensor& t) {
    tensor_ = t;
    state_ = State::Input;
    if (t.defined()) version_ = t.version();
  }
  /// Result `number` of the operator.
  void save_result(const Tensor& t, uint32_t number = 0);
  /// The tensor; its history is there if it was an input or grad mode is on. `owner` is the node that saved it.
  Tensor unpack(Node* owner) const;
  void release() {
    if (state_ == State::Nothing) return;
    tensor_ = Tensor();
    state_ = State::Released;
  }

 private:
  enum class State : uint8_t { Nothing, Input, Result, Released };
  Tensor tensor_;
  uint32_t version_ = 0;
  uint16_t number_ = 0;
  State state_ = State::Nothing;
};

/// A saved list.
class SavedTensors {
 public:
  void save(TensorSpan list) {
    list_.resize(list.size());
    for (size_t i = 0; i < list.size(); i++) list_[i].save(list[i]);
    released_ = false;
  }
  std::vector<Tensor> unpack(Node* owner) const;
  void release() {
    list_.clear();
    released_ = true;
  }

 private:
  std::vector<SavedTensor> list_;
  bool released_ = false;
};

[[noreturn]] void fail_released();

}  // namespace tsvm::ops::autograd

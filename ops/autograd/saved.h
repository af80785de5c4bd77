// Tensors that nodes keep for their backward.
#pragma once

#include <memory>
#include <vector>

#include "ops/autograd/node.h"
#include "ops/tensor/inference.h"

namespace tsvm::ops::autograd {

/// What a program keeps in place of a saved tensor (torch.autograd.graph.saved_tensors_hooks).
class PackedTensor {
 public:
  virtual ~PackedTensor() = default;
  virtual Tensor unpack() = 0;
};

/// Asked for each tensor that is saved while it is the thread's `saving_hooks`.
class SavingHooks {
 public:
  virtual ~SavingHooks() = default;
  virtual std::unique_ptr<PackedTensor> pack(const Tensor& t) = 0;
};
extern thread_local constinit SavingHooks* saving_hooks;

/// One saved tensor with the version it had. An operator's own result is kept as a bare handle without history, because
/// the result owns the node.
class SavedTensor {
 public:
  /// An input of the operator. Undefined tensors may be saved too.
  void save(const Tensor& t) {
    if (__builtin_expect(saving_hooks != nullptr || is_inference(t), 0)) return save_specially(t);
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
    packed_ = nullptr;
    maker_ = NodeRef();
    state_ = State::Released;
  }

 private:
  enum class State : uint8_t { Nothing, Input, Result, Released };
  void save_specially(const Tensor& t);
  Tensor unpack_specially(Node* owner) const;
  Tensor with_history(const Tensor& value, Node* maker, uint32_t number) const;

  Tensor tensor_;                         // of a packed one: the leaf it was, if it was one that requires grad
  std::unique_ptr<PackedTensor> packed_;  // in place of the tensor
  NodeRef maker_;                         // of a packed input: the node that made it
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

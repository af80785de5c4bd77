// A tensor's part in autograd: its gradient, the node that made it, what it is a view of.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ops/autograd/mode.h"
#include "ops/autograd/node.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::autograd {

/// How a view came about: decides what an in-place write to it means.
enum class ViewCreation : uint8_t { Normal, NoGrad, MultiOutput, MultiOutputNoGrad, Inference, Custom };

struct ViewRecord {
  Tensor base;  // no view itself
  ViewCreation creation = ViewCreation::Normal;
  static void* operator new(size_t size) { return allocate(size); }
  static void operator delete(void* p, size_t size) { deallocate(p, size); }
};

class AccumulateGrad;

/// What hangs on TensorImpl::autograd().
struct AutogradMeta final : AutogradMetaBase {
  explicit AutogradMeta(TensorImpl* self) : owner(self) {}
  ~AutogradMeta() override;

  TensorImpl* owner;
  Tensor grad;
  NodeRef grad_fn;  // none: a leaf. Of a view: may be outdated, ask grad_fn(tensor)
  uint32_t result = 0;
  uint32_t version_at_fn = 0;  // of a view: the version that grad_fn belongs to
  std::unique_ptr<AccumulateGrad> accumulator;
  std::unique_ptr<ViewRecord> view;
  struct Extras {
    std::vector<std::pair<uint64_t, HookRef>> hooks;  // of a leaf
    NodeRef retained_by;                              // the node whose `retained` list names this tensor
  };
  std::unique_ptr<Extras> extras;

  static void* operator new(size_t size) { return allocate(size); }
  static void operator delete(void* p, size_t size) { deallocate(p, size); }
};

/// Adds gradients to a leaf's `.grad`. Part of the leaf's AutogradMeta.
class AccumulateGrad final : public Node {
 public:
  explicit AccumulateGrad(TensorImpl* leaf);
  const char* name() const override { return "AccumulateGrad"; }
  void apply(const Gradients& g) override;
  TensorImpl* leaf() const override { return leaf_; }
  const ResultMeta* meta(uint32_t) const override { return nullptr; }  // the leaf itself

 private:
  TensorImpl* leaf_;
};

inline AutogradMeta* meta_or_null(const Tensor& t) { return static_cast<AutogradMeta*>(t->autograd()); }
AutogradMeta& meta(const Tensor& t);

/// A tensor argument calls for a node.
inline bool needs_grad(const Tensor& t) { return t.defined() && t.requires_grad(); }
inline bool needs_grad(TensorSpan list) {
  for (const Tensor& t : list)
    if (needs_grad(t)) return true;
  return false;
}
template <class... Args>
inline bool must_record(const Args&... args) {
  return (needs_grad(args) || ...) && grad_mode();
}

inline bool is_leaf(const Tensor& t) { return !t->has(TensorImpl::kNonLeaf); }
/// The node that made `t`, brought up to date if `t` is a view of something that was written to; null for leaves.
Node* grad_fn(const Tensor& t);
/// Which result of grad_fn it is (leaves: 0).
uint32_t result_number(const Tensor& t);
/// Where the gradient of `t` goes: empty if it needs none.
Edge gradient_edge(const Tensor& t);

/// Whether `t`, a leaf, takes part from now on. `refusal` is the message for dtypes that cannot.
void set_requires_grad(const Tensor& t, bool on,
                       const char* refusal = "Only Tensors of floating point and complex dtype can require gradients");
/// `.grad`: undefined if none.
const Tensor& grad(const Tensor& t);
/// Sets `.grad` (undefined: None), with PyTorch's checks.
void set_grad(const Tensor& t, const Tensor& grad);
void retain_grad(const Tensor& t);
bool retains_grad(const Tensor& t);
/// Calls `hook` when the gradient of `t` is computed; the id takes it off again.
uint64_t add_hook(const Tensor& t, HookRef hook);
void remove_hook(const Tensor& t, uint64_t id);

/// `result` is result `number` of `node`: sets its history. Does nothing for dtypes that have no gradient.
void set_history(const Tensor& result, const NodeRef& node, uint32_t number = 0);

/// Before an in-place write to `t` in grad mode: refuses leaves that require grad and views that cannot be written.
/// `recorded`: the write will make a node.
void check_inplace(const Tensor& t, bool recorded);
/// After an in-place write: `node`, whose edge 0 stands for the old value, becomes the history of `t`.
void rebase_history(const Tensor& t, const NodeRef& node);
/// Before writing to an out= argument that requires grad.
[[noreturn]] void fail_out_requires_grad(const char* op);

/// `view` is a view of `of`: records the base.
void set_view(const Tensor& view, const Tensor& of, ViewCreation creation);
/// Whether `t` is a view as autograd sees it, and of what (undefined: of nothing).
bool is_view(const Tensor& t);
Tensor view_base(const Tensor& t);

/// The same memory without history and with a version counter of its own: `.data`.
Tensor data_of(const Tensor& t);
/// `detach_()`: forgets the history.
void detach_in_place(const Tensor& t);

}  // namespace tsvm::ops::autograd

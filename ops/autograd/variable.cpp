#include "ops/autograd/variable.h"

#include <algorithm>

#include "ops/autograd/engine.h"
#include "ops/autograd/view_nodes.h"
#include "ops/operators.h"
#include "ops/tensor/error.h"
#include "ops/tensor/inference.h"
#include "ops/tensor/sparse.h"

namespace tsvm::ops::autograd {

namespace {
thread_local constinit uint64_t next_hook = 1;

void forget_retained(Node* node, TensorImpl* tensor) {
  if (Node::Extras* e = node->extras_or_null())
    std::erase_if(e->retained, [&](const Node::Retained& r) { return r.tensor == tensor; });
}

AutogradMeta::Extras& extras(const Tensor& t) {
  AutogradMeta& m = meta(t);
  if (!m.extras) m.extras = std::make_unique<AutogradMeta::Extras>();
  return *m.extras;
}

bool differentiable(const Tensor& t) { return is_floating_or_complex(t.dtype()); }
}  // namespace

AutogradMeta::~AutogradMeta() {
  if (extras && extras->retained_by) forget_retained(extras->retained_by.get(), owner);
}

AutogradMeta& meta(const Tensor& t) {
  if (!t->autograd()) t->set_autograd(new AutogradMeta(t.get()));
  return static_cast<AutogradMeta&>(*t->autograd());
}

AccumulateGrad::AccumulateGrad(TensorImpl* leaf) : Node(kAccumulatorSequence, 1), leaf_(leaf) {}

void AccumulateGrad::apply(const Gradients& g) {
  Tensor incoming = g.in[0];
  if (!incoming.defined()) return;
  const Tensor leaf = Tensor::retain(leaf_);
  AutogradMeta& m = autograd::meta(leaf);
  if (m.extras) {
    const auto hooks = m.extras->hooks;  // a hook may take itself off
    for (const auto& [id, hook] : hooks) {
      Tensor replaced = hook->call(incoming);
      if (replaced.defined()) incoming = std::move(replaced);
    }
  }
  if (__builtin_expect(is_sparse(incoming) || (m.grad.defined() && is_sparse(m.grad)), 0)) {
    m.grad = m.grad.defined() ? add_sparse(m.grad, incoming) : make_sparse(sparse_parts(incoming), incoming.sizes());
  } else if (!m.grad.defined()) {
    // g.in holds one reference and `incoming` another.
    const bool mine =
        incoming->use_count() <= 2 && incoming.storage()->unique() && !incoming.storage()->has(StorageImpl::kForeign);
    const bool same_layout = incoming.sizes() == leaf.sizes() && (incoming.strides() == leaf.strides() ||
                                                                  (leaf.is_contiguous() && incoming.is_contiguous()));
    if (!grad_mode() && mine && same_layout) {
      m.grad = ops::detach(incoming);
    } else {
      m.grad = op::clone(incoming, leaf.is_non_overlapping_and_dense() && !incoming.is_contiguous()
                                       ? std::optional(MemoryFormat::Preserve)
                                       : std::optional(MemoryFormat::Contiguous));
    }
  } else if (!grad_mode()) {
    op::add_(m.grad, incoming);
  } else {
    m.grad = op::add(m.grad, incoming);
  }
}

Node* grad_fn(const Tensor& t) {
  AutogradMeta* m = meta_or_null(t);
  if (!m) return nullptr;
  if (__builtin_expect(m->view != nullptr, 0)) {
    const Tensor& base = m->view->base;
    if (t.version() != m->version_at_fn && base.requires_grad() && grad_fn(base)) {
      m->grad_fn = NodeRef::steal(new AsStridedBackward0(base, t.sizes(), t.strides(), t.storage_offset()));
      m->result = 0;
      m->grad_fn->result_meta(0).set(t);
      m->version_at_fn = t.version();
      t->set_flag(TensorImpl::kRequiresGrad, true);
      t->set_flag(TensorImpl::kNonLeaf, true);
    }
  }
  return m->grad_fn.get();
}

uint32_t result_number(const Tensor& t) {
  AutogradMeta* m = meta_or_null(t);
  return m && m->grad_fn ? m->result : 0;
}

Edge gradient_edge(const Tensor& t) {
  if (!t.defined()) return {};
  if (Node* fn = grad_fn(t)) return {NodeRef::retain(fn), meta_or_null(t)->result};
  if (!t.requires_grad()) return {};
  AutogradMeta& m = meta(t);
  if (!m.accumulator) m.accumulator = std::make_unique<AccumulateGrad>(t.get());
  return {NodeRef::retain(m.accumulator.get()), 0};
}

void set_requires_grad(const Tensor& t, bool on, const char* refusal) {
  if (!is_leaf(t) && !on)
    fail(ErrorKind::RuntimeError,
         "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
         "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
  if (on && !differentiable(t)) fail(ErrorKind::RuntimeError, refusal);
  if (on && is_inference(t) && !inference_mode())
    fail(ErrorKind::RuntimeError,
         "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  if (on == t.requires_grad()) return;
  if (on) meta(t);
  t->set_flag(TensorImpl::kRequiresGrad, on);
}

const Tensor& grad(const Tensor& t) {
  static const Tensor none;
  AutogradMeta* m = meta_or_null(t);
  return m ? m->grad : none;
}

void set_grad(const Tensor& t, const Tensor& grad) {
  if (!grad.defined()) {
    if (AutogradMeta* m = meta_or_null(t)) m->grad = Tensor();
    return;
  }
  OPS_CHECK(!grad.is_same(t), RuntimeError, "can't assign Variable as its own grad");
  OPS_CHECK(grad.dtype() == t.dtype(), RuntimeError, "assigned grad has data of a different type");
  OPS_CHECK(grad.device().type == t.device().type, RuntimeError,
            "assigned grad has data located on a different device");
  OPS_CHECK(grad.sizes() == t.sizes(), RuntimeError, "assigned grad has data of a different size");
  meta(t).grad = grad;
}

void retain_grad(const Tensor& t) {
  OPS_CHECK(t.requires_grad(), RuntimeError, "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf(t) || retains_grad(t)) return;
  Node* fn = grad_fn(t);
  fn->extras().retained.push_back({meta(t).result, t.get()});
  extras(t).retained_by = NodeRef::retain(fn);
}

bool retains_grad(const Tensor& t) {
  AutogradMeta* m = meta_or_null(t);
  return m && m->extras && m->extras->retained_by;
}

uint64_t add_hook(const Tensor& t, HookRef hook) {
  OPS_CHECK(t.requires_grad(), RuntimeError, "cannot register a hook on a tensor that doesn't require gradient");
  const uint64_t id = next_hook++;
  if (Node* fn = grad_fn(t))
    fn->extras().pre_hooks.push_back({meta(t).result, id, std::move(hook)});
  else
    extras(t).hooks.emplace_back(id, std::move(hook));
  return id;
}

void remove_hook(const Tensor& t, uint64_t id) {
  AutogradMeta* m = meta_or_null(t);
  if (!m) return;
  if (m->extras) std::erase_if(m->extras->hooks, [&](const auto& h) { return h.first == id; });
  if (m->grad_fn)
    if (Node::Extras* e = m->grad_fn->extras_or_null())
      std::erase_if(e->pre_hooks, [&](const Node::PreHook& h) { return h.id == id; });
}

void set_history(const Tensor& result, const NodeRef& node, uint32_t number) {
  if (!result.defined() || !differentiable(result)) return;
  node->result_meta(number).set(result);
  AutogradMeta& m = meta(result);
  m.grad_fn = node;
  m.result = number;
  if (m.view) m.version_at_fn = result.version();
  result->set_flag(TensorImpl::kRequiresGrad, true);
  result->set_flag(TensorImpl::kNonLeaf, true);
}

namespace {
[[noreturn]] void fail_view_write(ViewCreation creation, const Tensor& t) {
  const Node* fn = grad_fn(t);
  const std::string output =
      fn ? concat("Output ", result_number(t), " of ", std::string_view(fn->name()), " is a view")
         : std::string("A view was created in no_grad mode");
  std::string message = output;
  switch (creation) {
    case ViewCreation::Inference:
      message = concat(fn ? output : std::string("A view was created in inference mode"),
                       " and is being modified inplace. Base or view requires gradient; use normal mode for it.");
      break;
    case ViewCreation::NoGrad:
      message += fn ? " and its base or another view of its base has been modified inplace" : "";
      message +=
          fn ? ". This view was created in no_grad mode." : " and is being modified inplace with grad mode enabled.";
      message +=
          " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by "
          "moving "
          "both the view and the inplace either both inside the no_grad block (if you don't want the inplace to be "
          "tracked) or both outside (if you want the inplace to be tracked).";
      break;
    case ViewCreation::Custom:
      message +=
          " and is being modified inplace. This view was created inside a custom Function (or because an input was "
          "returned as-is) and the autograd logic to handle view+inplace would override the custom backward associated "
          "with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by "
          "cloning the output of the custom Function.";
      break;
    default:
      message +=
          " and is being modified inplace. This view is the output of a function that returns multiple views. Such "
          "functions do not allow the output views to be modified inplace. You should replace the inplace operation by "
          "an out-of-place one.";
      break;
  }
  fail(ErrorKind::RuntimeError, message);
}
}  // namespace

void check_inplace(const Tensor& t, bool recorded) {
  if (is_inference(t) && !inference_mode())
    fail(ErrorKind::RuntimeError,
         "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
         "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.");
  if (!grad_mode()) return;
  AutogradMeta* m = meta_or_null(t);
  if (m && m->view && (recorded || t.requires_grad() || m->view->base.requires_grad())) {
    if (m->view->creation != ViewCreation::Normal) fail_view_write(m->view->creation, t);
    const Tensor& base = m->view->base;
    if (base.requires_grad() && is_leaf(base))
      fail(ErrorKind::RuntimeError,
           "a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
  if (t.requires_grad() && is_leaf(t))
    fail(ErrorKind::RuntimeError,
         m && m->view ? "a view of a leaf Variable that requires grad is being used in an in-place operation."
                      : "a leaf Variable that requires grad is being used in an in-place operation.");
}

void rebase_history(const Tensor& t, const NodeRef& node) {
  if (!differentiable(t)) return;
  AutogradMeta& m = meta(t);
  if (!m.view) {
    set_history(t, node, 0);
    return;
  }
  const Tensor base = m.view->base;
  node->result_meta(0).set(t);
  NodeRef copy = NodeRef::steal(new CopySlices(base, t, node));
  set_history(base, copy, 0);
  m.version_at_fn = t.version() - 1;  // outdated: the next grad_fn() makes the view's own node
  grad_fn(t);
}

void fail_out_requires_grad(const char* op) {
  fail(
      ErrorKind::RuntimeError, op,
      "(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires "
      "grad.");
}

void set_view(const Tensor& view, const Tensor& of, ViewCreation creation) {
  if (!differentiable(view)) return;
  AutogradMeta* from = meta_or_null(of);
  AutogradMeta& m = meta(view);
  auto record = std::make_unique<ViewRecord>();
  if (from && from->view) {
    record->base = from->view->base;
    // A view of a view that cannot be written cannot be written either.
    if (creation == ViewCreation::Normal) creation = from->view->creation;
  } else {
    record->base = of;
  }
  if (creation == ViewCreation::Normal && !grad_mode())
    creation = ViewCreation::NoGrad;
  else if (creation == ViewCreation::MultiOutput && !grad_mode())
    creation = ViewCreation::MultiOutputNoGrad;
  record->creation = creation;
  m.view = std::move(record);
  m.version_at_fn = view.version();
}

bool is_view(const Tensor& t) {
  AutogradMeta* m = meta_or_null(t);
  return m && m->view;
}

Tensor view_base(const Tensor& t) {
  AutogradMeta* m = meta_or_null(t);
  return m && m->view ? m->view->base : Tensor();
}

Tensor data_of(const Tensor& t) {
  Tensor d = ops::detach(t);
  d->detach_version(0);
  return d;
}

void detach_in_place(const Tensor& t) {
  AutogradMeta* m = meta_or_null(t);
  if (!m) return;
  if (m->view)
    fail(
        ErrorKind::RuntimeError,
        "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
        "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() "
        "cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
        "torch/optim/optimizer.py as a solution.");
  m->grad_fn = NodeRef();
  m->result = 0;
  t->set_flag(TensorImpl::kRequiresGrad, false);
  t->set_flag(TensorImpl::kNonLeaf, false);
}

}  // namespace tsvm::ops::autograd

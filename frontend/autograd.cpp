// torch::autograd over the library's tape.
#include "torch/autograd.h"

#include <cstdlib>

#include "frontend/convert.h"
#include "ops/autograd/engine.h"
#include "ops/autograd/mode.h"
#include "ops/autograd/saved.h"
#include "ops/autograd/variable.h"
#include "ops/operators.h"

namespace c10 {
namespace ag = tsvm::ops::autograd;

bool GradMode::is_enabled() { return ag::grad_mode(); }
void GradMode::set_enabled(bool on) { ag::set_grad_mode(on); }
InferenceMode::InferenceMode(bool on) : inference_(ag::inference_mode()), grad_(ag::grad_mode()) {
  ag::set_inference_mode(on);
  tsvm::ops::making_inference_storages = on;
  ag::set_grad_mode(!on);
}
InferenceMode::~InferenceMode() {
  ag::set_inference_mode(inference_);
  tsvm::ops::making_inference_storages = inference_;
  ag::set_grad_mode(grad_);
}
bool InferenceMode::is_enabled() { return ag::inference_mode(); }

}  // namespace c10

namespace torch {
namespace autograd {

using namespace tsvm;
using namespace tsvm::frontend;
namespace ag = tsvm::ops::autograd;

// --- nodes -----------------------------------------------------------------------------------------------------------

struct Node::Impl {
  ag::NodeRef node;
};

namespace {
std::shared_ptr<Node> make_node(ag::Node* node) {
  if (!node) return nullptr;
  return std::make_shared<Node>(std::make_shared<Node::Impl>(Node::Impl{ag::NodeRef::retain(node)}));
}
}  // namespace

std::string Node::name() const { return impl_->node->cpp_name(); }
uint64_t Node::sequence_nr() const { return impl_->node->sequence(); }
uint32_t Node::num_inputs() const { return impl_->node->result_count(); }
uint32_t Node::num_outputs() const { return impl_->node->edge_count(); }
edge_list Node::next_edges() const {
  edge_list out;
  for (const ag::Edge& e : impl_->node->edges()) out.push_back({make_node(e.node.get()), e.result});
  return out;
}

// --- backward and grad
// -------------------------------------------------------------------------------------------------

void backward(const variable_list& tensors, const variable_list& grad_tensors, c10::optional<bool> retain_graph,
              bool create_graph, const variable_list& inputs) {
  variable_list grads = grad_tensors;
  if (grads.empty()) grads.resize(tensors.size());
  TORCH_CHECK(grads.size() == tensors.size(), "got ", tensors.size(), " tensors and ", grads.size(), " gradients");
  run([&] {
    ag::BackwardOptions options;
    options.create_graph = create_graph;
    options.keep_graph = retain_graph.value_or(create_graph);
    ag::backward(in(at::TensorList(tensors)), raw(at::TensorList(grads)), options, in(at::TensorList(inputs)));
  });
}

variable_list grad(const variable_list& outputs, const variable_list& inputs, const variable_list& grad_outputs,
                   c10::optional<bool> retain_graph, bool create_graph, bool allow_unused) {
  variable_list grads = grad_outputs;
  if (grads.empty()) grads.resize(outputs.size());
  TORCH_CHECK(grads.size() == outputs.size(), "got ", outputs.size(), " tensors and ", grads.size(), " gradients");
  return run([&] {
    ag::BackwardOptions options;
    options.create_graph = create_graph;
    options.keep_graph = retain_graph.value_or(create_graph);
    options.allow_unused = allow_unused;
    return give(ag::grad(in(at::TensorList(outputs)), in(at::TensorList(inputs)), raw(at::TensorList(grads)), options));
  });
}

// --- functions with a backward of their own
// ------------------------------------------------------------------------------

namespace {

class FunctionNode final : public ag::VariadicNode {
 public:
  FunctionNode(std::string name, std::vector<int> edge_of, uint32_t edges)
      : VariadicNode(edges, 0), name_(std::move(name)), edge_of_(std::move(edge_of)) {}
  /// The context is needed before the number of results is known.
  void set_results(uint32_t count) {
    results_.reset(new ag::ResultMeta[count]);
    set_metas(results_.get(), count);
  }
  const char* name() const override { return name_.c_str(); }
  void apply(const ag::Gradients& g) override {
    variable_list grads;
    for (size_t i = 0; i < g.in.size(); i++) {
      at::Tensor t = give(g.in[i]);
      const ag::ResultMeta& meta = result_meta(static_cast<uint32_t>(i));
      if (!t.defined() && context.materialize_ && meta.defined())
        t = give(ops::op::zeros(meta.sizes(), meta.dtype(), std::nullopt, meta.device()));
      grads.push_back(std::move(t));
    }
    variable_list out = backward(&context, std::move(grads));
    // More gradients than inputs may be given, if they are undefined.
    while (out.size() > edge_of_.size() && !out.back().defined()) out.pop_back();
    TORCH_CHECK(out.size() == edge_of_.size(), "function ", name_,
                " returned an incorrect number of gradients (expected ", edge_of_.size(), ", got ", out.size(), ")");
    for (size_t i = 0; i < out.size(); i++) {
      if (edge_of_[i] < 0) {
        TORCH_CHECK(!out[i].defined(), "function ", name_,
                    " returned a gradient different that is defined at position ", i + 1,
                    ", but the corresponding forward input was not a Variable");
        continue;
      }
      g.out[static_cast<size_t>(edge_of_[i])] = raw(out[i]);
    }
  }
  void release_saved() override {
    for (ag::SavedTensor& s : saved) s.release();
  }

  AutogradContext context;
  std::vector<ag::SavedTensor> saved;
  variable_list (*backward)(AutogradContext*, variable_list) = nullptr;

 private:
  std::string name_;
  std::vector<int> edge_of_;  // by argument; -1: no tensor
  std::unique_ptr<ag::ResultMeta[]> results_;
};

}  // namespace

variable_list AutogradContext::get_saved_variables() const {
  auto* node = static_cast<FunctionNode*>(node_);
  if (!node) return to_save_;
  return run([&] {
    variable_list out;
    for (const ag::SavedTensor& s : node->saved) out.push_back(give(s.unpack(node)));
    return out;
  });
}
void AutogradContext::mark_dirty(const variable_list& inputs) {
  dirty_.clear();
  for (const Variable& v : inputs) dirty_.insert(v.unsafeGetTensorImpl());
}
void AutogradContext::mark_non_differentiable(const variable_list& outputs) {
  fixed_.clear();
  for (const Variable& v : outputs) fixed_.insert(v.unsafeGetTensorImpl());
}

namespace detail {

struct FunctionCall::State {
  variable_list inputs;
  bool records = false;
  std::string name;
  std::vector<int> edge_of;
  uint32_t edges = 0;
  variable_list (*backward)(AutogradContext*, variable_list) = nullptr;
  FunctionNode* node = nullptr;
  ag::NodeRef ref;
};

FunctionCall::FunctionCall(const std::type_info& function, variable_list inputs, std::vector<bool> is_variable,
                           variable_list (*backward)(AutogradContext*, variable_list))
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.name = "torch::autograd::CppNode<" + tsvm::frontend::type_text(function) + ">";
  s.inputs = std::move(inputs);
  s.backward = backward;
  for (const bool v : is_variable) s.edge_of.push_back(v ? static_cast<int>(s.edges++) : -1);
  for (const Variable& v : s.inputs) s.records |= v.defined() && v.requires_grad();
  s.records &= ag::grad_mode();
  s.node = new FunctionNode(s.name, s.edge_of, s.edges);
  s.ref = ag::NodeRef::steal(s.node);
  s.node->backward = backward;
  if (s.records)
    for (size_t i = 0; i < s.inputs.size(); i++)
      if (s.inputs[i].defined()) s.node->edges()[i] = ag::gradient_edge(raw(s.inputs[i]));
}
FunctionCall::~FunctionCall() = default;

AutogradContext* FunctionCall::context() { return &state_->node->context; }

variable_list FunctionCall::finish(variable_list outputs) {
  State& s = *state_;
  AutogradContext& context = s.node->context;
  s.node->set_results(static_cast<uint32_t>(outputs.size()));
  return run([&] {
    auto is_input = [&](const Variable& v) {
      for (const Variable& i : s.inputs)
        if (i.is_same(v)) return true;
      return false;
    };
    variable_list results;
    for (uint32_t i = 0; i < outputs.size(); i++) {
      if (!outputs[i].defined()) {
        results.emplace_back();
        continue;
      }
      ops::Tensor t = raw(outputs[i]);
      const bool dirty = context.dirty_.count(t.get()) != 0;
      if (!s.records) {
        if (dirty) t.bump_version();
      } else if (context.fixed_.count(t.get())) {
        if (is_input(outputs[i]) && !dirty) t = ops::detach(t);
      } else if (dirty) {
        ag::check_inplace(t, true);
        t.bump_version();
        ag::rebase_history(t, s.ref);
        s.node->result_meta(i).set(t);
      } else {
        if (is_input(outputs[i]) || t.requires_grad()) t = ops::detach(t);
        ag::set_history(t, s.ref, i);
      }
      results.push_back(give(std::move(t)));
    }
    if (s.records) {
      s.node->saved.resize(context.to_save_.size());
      for (size_t k = 0; k < context.to_save_.size(); k++) {
        const Variable& v = context.to_save_[k];
        bool is_output = false;
        for (uint32_t i = 0; v.defined() && i < outputs.size() && !is_output; i++) {
          if (outputs[i].is_same(v) && !is_input(v)) {
            s.node->saved[k].save_result(raw(results[i]), i);
            is_output = true;
          }
        }
        if (!is_output) s.node->saved[k].save(raw(v));
      }
      context.node_ = s.node;
      context.to_save_.clear();
    }
    return results;
  });
}

}  // namespace detail

// --- anomalies -------------------------------------------------------------------------------------------------------

DetectAnomalyGuard::DetectAnomalyGuard(bool) : before_(ag::anomaly_mode()) { ag::set_anomaly_mode(true); }
DetectAnomalyGuard::~DetectAnomalyGuard() { ag::set_anomaly_mode(before_); }
bool AnomalyMode::is_enabled() { return ag::anomaly_mode(); }
void AnomalyMode::set_enabled(bool on, bool) { ag::set_anomaly_mode(on); }

}  // namespace autograd
}  // namespace torch

namespace at {
std::shared_ptr<torch::autograd::Node> Tensor::grad_fn() const {
  return torch::autograd::make_node(tsvm::ops::autograd::grad_fn(tsvm::frontend::in(*this)));
}
}  // namespace at

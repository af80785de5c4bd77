// torch::autograd: gradients, modes, and functions with a backward of one's own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"
#include "torch/types.h"

namespace c10 {

/// Whether operators on tensors that require grad are recorded: a setting of the thread.
struct GradMode {
  static bool is_enabled();
  static void set_enabled(bool on);
};
struct AutoGradMode {
  explicit AutoGradMode(bool on) : before_(GradMode::is_enabled()) { GradMode::set_enabled(on); }
  ~AutoGradMode() { GradMode::set_enabled(before_); }
  AutoGradMode(const AutoGradMode&) = delete;
  AutoGradMode& operator=(const AutoGradMode&) = delete;

 private:
  bool before_;
};
struct NoGradGuard : AutoGradMode {
  NoGradGuard() : AutoGradMode(false) {}
};
/// Tensors made meanwhile never take part in autograd.
struct InferenceMode {
  explicit InferenceMode(bool on = true);
  ~InferenceMode();
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;
  static bool is_enabled();

 private:
  bool inference_, grad_;
};

}  // namespace c10

namespace at {
using c10::AutoGradMode;
using c10::GradMode;
using c10::InferenceMode;
using c10::NoGradGuard;
struct AutoNonVariableTypeMode : c10::NoGradGuard {
  explicit AutoNonVariableTypeMode(bool = true) {}
};
struct AutoDispatchBelowAutograd : c10::NoGradGuard {};
}  // namespace at

namespace torch {

using at::AutoGradMode;
using at::GradMode;
using at::InferenceMode;
using at::NoGradGuard;

namespace autograd {

using Variable = at::Tensor;
using variable_list = std::vector<Variable>;
using tensor_list = std::vector<at::Tensor>;

struct Node;
/// Where a gradient goes: a node and which of its results.
struct Edge {
  std::shared_ptr<Node> function;
  uint32_t input_nr = 0;
  bool is_valid() const { return function != nullptr; }
};
using edge_list = std::vector<Edge>;

/// A node of the graph as programs see it.
struct Node {
  struct Impl;
  explicit Node(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  /// "MulBackward0".
  std::string name() const;
  uint64_t sequence_nr() const;
  uint32_t num_inputs() const;
  uint32_t num_outputs() const;
  edge_list next_edges() const;
  Edge next_edge(size_t i) const { return next_edges().at(i); }

 private:
  std::shared_ptr<Impl> impl_;
};

/// Adds the gradients of `tensors` to their leaves' grad.
void backward(const variable_list& tensors, const variable_list& grad_tensors = {},
              c10::optional<bool> retain_graph = c10::nullopt, bool create_graph = false,
              const variable_list& inputs = {});
/// The gradients of `outputs` to `inputs`; undefined where there is none (with allow_unused).
variable_list grad(const variable_list& outputs, const variable_list& inputs, const variable_list& grad_outputs = {},
                   c10::optional<bool> retain_graph = c10::nullopt, bool create_graph = false,
                   bool allow_unused = false);

/// What a Function's forward keeps for its backward.
struct AutogradContext {
  AutogradContext() = default;
  AutogradContext(const AutogradContext&) = delete;
  AutogradContext& operator=(const AutogradContext&) = delete;

  std::unordered_map<std::string, c10::IValue> saved_data;
  void save_for_backward(variable_list to_save) { to_save_ = std::move(to_save); }
  variable_list get_saved_variables() const;
  void mark_dirty(const variable_list& inputs);
  void mark_non_differentiable(const variable_list& outputs);
  /// Undefined gradients are given to backward as zeros (the default).
  void set_materialize_grads(bool on) { materialize_ = on; }
  const std::unordered_set<c10::TensorImpl*>& get_dirty() const { return dirty_; }
  const std::unordered_set<c10::TensorImpl*>& get_non_differentiable() const { return fixed_; }

  // For the library.
  variable_list to_save_;
  std::unordered_set<c10::TensorImpl*> dirty_, fixed_;
  bool materialize_ = true;
  void* node_ = nullptr;
};

namespace detail {

/// A call of a custom function while its forward runs, and its node afterwards.
class FunctionCall {
 public:
  FunctionCall(const std::type_info& function, variable_list inputs, std::vector<bool> is_variable,
               variable_list (*backward)(AutogradContext*, variable_list));
  ~FunctionCall();
  AutogradContext* context();
  /// Gives the outputs their history.
  variable_list finish(variable_list outputs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline void collect(const at::Tensor& t, variable_list& inputs, std::vector<bool>& is_variable) {
  inputs.push_back(t);
  is_variable.push_back(true);
}
inline void collect(const c10::optional<at::Tensor>& t, variable_list& inputs, std::vector<bool>& is_variable) {
  if (t) inputs.push_back(*t);
  is_variable.push_back(t.has_value());
}
template <class T>
void collect(const T&, variable_list&, std::vector<bool>& is_variable) {
  is_variable.push_back(false);
}
inline variable_list to_list(at::Tensor t) { return {std::move(t)}; }
inline variable_list to_list(variable_list list) { return list; }
template <class R>
R from_list(variable_list list) {
  if constexpr (std::is_same<R, at::Tensor>::value)
    return std::move(list[0]);
  else
    return list;
}

}  // namespace detail

/// Derive from Function<YourClass> and write static forward(AutogradContext*, ...) and
/// backward(AutogradContext*, variable_list); apply() calls and records.
template <class T>
struct Function {
  template <class X = T, class... Args>
  static auto apply(Args&&... args) -> decltype(X::forward(nullptr, std::forward<Args>(args)...)) {
    using Result = decltype(X::forward(nullptr, std::forward<Args>(args)...));
    variable_list inputs;
    std::vector<bool> is_variable;
    (detail::collect(args, inputs, is_variable), ...);
    detail::FunctionCall call(typeid(T), std::move(inputs), std::move(is_variable), &X::backward);
    variable_list outputs;
    {
      at::AutoGradMode off(false);
      outputs = detail::to_list(X::forward(call.context(), std::forward<Args>(args)...));
    }
    return detail::from_list<std::decay_t<Result>>(call.finish(std::move(outputs)));
  }
};

/// Backward refuses NaN while this lives.
struct DetectAnomalyGuard {
  DetectAnomalyGuard(bool check_nan = true);
  ~DetectAnomalyGuard();

 private:
  bool before_;
};
struct AnomalyMode {
  static bool is_enabled();
  static void set_enabled(bool on, bool check_nan = true);
};

}  // namespace autograd

namespace autograd {
using at::AutoGradMode;
using at::GradMode;
using at::NoGradGuard;
}  // namespace autograd

}  // namespace torch

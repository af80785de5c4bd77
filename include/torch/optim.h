// torch::optim.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "torch/arg.h"
#include "torch/nn/module.h"

namespace torch {
namespace serialize {
class OutputArchive;
class InputArchive;
}  // namespace serialize

namespace optim {

/// What an optimizer remembers of one parameter.
class OptimizerParamState {
 public:
  virtual ~OptimizerParamState() = default;
  virtual std::unique_ptr<OptimizerParamState> clone() const = 0;
  virtual void serialize(torch::serialize::InputArchive& archive) = 0;
  virtual void serialize(torch::serialize::OutputArchive& archive) const = 0;
};
class OptimizerOptions {
 public:
  virtual ~OptimizerOptions() = default;
  virtual std::unique_ptr<OptimizerOptions> clone() const = 0;
  virtual void serialize(torch::serialize::InputArchive& archive) = 0;
  virtual void serialize(torch::serialize::OutputArchive& archive) const = 0;
  virtual double get_lr() const = 0;
  virtual void set_lr(double lr) = 0;
};

class OptimizerParamGroup {
 public:
  OptimizerParamGroup(const OptimizerParamGroup& o)
      : params_(o.params_), options_(o.options_ ? o.options_->clone() : nullptr) {}
  OptimizerParamGroup& operator=(const OptimizerParamGroup& o) {
    params_ = o.params_;
    options_ = o.options_ ? o.options_->clone() : nullptr;
    return *this;
  }
  OptimizerParamGroup(std::vector<Tensor> params) : params_(std::move(params)) {}
  OptimizerParamGroup(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> options)
      : params_(std::move(params)), options_(std::move(options)) {}
  bool has_options() const { return options_ != nullptr; }
  OptimizerOptions& options() { return *options_; }
  const OptimizerOptions& options() const { return *options_; }
  void set_options(std::unique_ptr<OptimizerOptions> options) { options_ = std::move(options); }
  std::vector<Tensor>& params() { return params_; }
  const std::vector<Tensor>& params() const { return params_; }

 private:
  std::vector<Tensor> params_;
  std::unique_ptr<OptimizerOptions> options_;
};

class Optimizer {
 public:
  using LossClosure = std::function<Tensor()>;
  Optimizer(const Optimizer&) = delete;
  Optimizer(Optimizer&&) = default;
  Optimizer(std::vector<OptimizerParamGroup> groups, std::unique_ptr<OptimizerOptions> defaults);
  Optimizer(std::vector<Tensor> parameters, std::unique_ptr<OptimizerOptions> defaults)
      : Optimizer(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(parameters))}, std::move(defaults)) {}
  virtual ~Optimizer();

  void add_param_group(const OptimizerParamGroup& group);
  virtual Tensor step(LossClosure closure = nullptr) = 0;
  void add_parameters(const std::vector<Tensor>& parameters);
  void zero_grad(bool set_to_none = false);
  const std::vector<Tensor>& parameters() const noexcept;
  std::vector<Tensor>& parameters() noexcept;
  size_t size() const noexcept;
  OptimizerOptions& defaults() noexcept { return *defaults_; }
  const OptimizerOptions& defaults() const noexcept { return *defaults_; }
  std::vector<OptimizerParamGroup>& param_groups() noexcept { return param_groups_; }
  const std::vector<OptimizerParamGroup>& param_groups() const noexcept { return param_groups_; }
  using State = std::unordered_map<c10::TensorImpl*, std::unique_ptr<OptimizerParamState>>;
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }
  virtual void save(serialize::OutputArchive& archive) const = 0;
  virtual void load(serialize::InputArchive& archive) = 0;

 protected:
  std::vector<OptimizerParamGroup> param_groups_;
  State state_;
  std::unique_ptr<OptimizerOptions> defaults_;
};

serialize::OutputArchive& operator<<(serialize::OutputArchive& archive, const Optimizer& optimizer);
serialize::InputArchive& operator>>(serialize::InputArchive& archive, Optimizer& optimizer);

namespace detail {
inline std::unique_ptr<OptimizerOptions> make_clone(OptimizerOptions* copy) {
  return std::unique_ptr<OptimizerOptions>(copy);
}
inline std::unique_ptr<OptimizerParamState> make_clone(OptimizerParamState* copy) {
  return std::unique_ptr<OptimizerParamState>(copy);
}
}  // namespace detail
// The optimizers' options: clone, the learning rate's access and equality are alike.
#define TORCH_OPTIM_OPTIONS(Name)                                                                          \
 public:                                                                                                   \
  std::unique_ptr<OptimizerOptions> clone() const override { return detail::make_clone(new Name(*this)); } \
  void serialize(torch::serialize::InputArchive& archive) override;                                        \
  void serialize(torch::serialize::OutputArchive& archive) const override;                                 \
  double get_lr() const override { return lr(); }                                                          \
  void set_lr(double value) override { lr(value); }                                                        \
  friend bool operator==(const Name& a, const Name& b)
#define TORCH_OPTIM_STATE(Name)                                                                               \
 public:                                                                                                      \
  std::unique_ptr<OptimizerParamState> clone() const override { return detail::make_clone(new Name(*this)); } \
  void serialize(torch::serialize::InputArchive& archive) override;                                           \
  void serialize(torch::serialize::OutputArchive& archive) const override;                                    \
  friend bool operator==(const Name& a, const Name& b)
#define TORCH_OPTIM_CLASS(Name)                                                          \
  class Name : public Optimizer {                                                        \
   public:                                                                               \
    explicit Name(std::vector<OptimizerParamGroup> groups, Name##Options defaults = {}); \
    explicit Name(std::vector<Tensor> params, Name##Options defaults = {})               \
        : Name({OptimizerParamGroup(std::move(params))}, std::move(defaults)) {}         \
    Tensor step(LossClosure closure = nullptr) override;                                 \
    void save(serialize::OutputArchive& archive) const override;                         \
    void load(serialize::InputArchive& archive) override;                                \
  }

struct SGDOptions : public OptimizerOptions {
  SGDOptions(double lr) : lr_(lr) {}
  TORCH_ARG(double, lr);
  TORCH_ARG(double, momentum) = 0;
  TORCH_ARG(double, dampening) = 0;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(bool, nesterov) = false;
  TORCH_OPTIM_OPTIONS(SGDOptions);
};
struct SGDParamState : public OptimizerParamState {
  TORCH_ARG(Tensor, momentum_buffer);
  TORCH_OPTIM_STATE(SGDParamState);
};
class SGD : public Optimizer {
 public:
  explicit SGD(std::vector<OptimizerParamGroup> groups, SGDOptions defaults);
  explicit SGD(std::vector<Tensor> params, SGDOptions defaults)
      : SGD({OptimizerParamGroup(std::move(params))}, defaults) {}
  Tensor step(LossClosure closure = nullptr) override;
  void save(serialize::OutputArchive& archive) const override;
  void load(serialize::InputArchive& archive) override;
};

using Betas = std::tuple<double, double>;
struct AdamOptions : public OptimizerOptions {
  AdamOptions(double lr = 1e-3) : lr_(lr) {}
  using betas_t = std::tuple<double, double>;
  TORCH_ARG(double, lr) = 1e-3;
  TORCH_ARG(betas_t, betas) = std::make_tuple(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(bool, amsgrad) = false;
  TORCH_OPTIM_OPTIONS(AdamOptions);
};
struct AdamParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(Tensor, exp_avg);
  TORCH_ARG(Tensor, exp_avg_sq);
  TORCH_ARG(Tensor, max_exp_avg_sq) = {};
  TORCH_OPTIM_STATE(AdamParamState);
};
TORCH_OPTIM_CLASS(Adam);

struct AdamWOptions : public OptimizerOptions {
  AdamWOptions(double lr = 1e-3) : lr_(lr) {}
  using betas_t = std::tuple<double, double>;
  TORCH_ARG(double, lr) = 1e-3;
  TORCH_ARG(betas_t, betas) = std::make_tuple(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 1e-2;
  TORCH_ARG(bool, amsgrad) = false;
  TORCH_OPTIM_OPTIONS(AdamWOptions);
};
struct AdamWParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(Tensor, exp_avg);
  TORCH_ARG(Tensor, exp_avg_sq);
  TORCH_ARG(Tensor, max_exp_avg_sq) = {};
  TORCH_OPTIM_STATE(AdamWParamState);
};
TORCH_OPTIM_CLASS(AdamW);

struct AdagradOptions : public OptimizerOptions {
  AdagradOptions(double lr = 1e-2) : lr_(lr) {}
  TORCH_ARG(double, lr) = 1e-2;
  TORCH_ARG(double, lr_decay) = 0;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(double, initial_accumulator_value) = 0;
  TORCH_ARG(double, eps) = 1e-10;
  TORCH_OPTIM_OPTIONS(AdagradOptions);
};
struct AdagradParamState : public OptimizerParamState {
  TORCH_ARG(Tensor, sum);
  TORCH_ARG(int64_t, step) = 0;
  TORCH_OPTIM_STATE(AdagradParamState);
};
TORCH_OPTIM_CLASS(Adagrad);

struct RMSpropOptions : public OptimizerOptions {
  RMSpropOptions(double lr = 1e-2) : lr_(lr) {}
  TORCH_ARG(double, lr) = 1e-2;
  TORCH_ARG(double, alpha) = 0.99;
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(double, momentum) = 0;
  TORCH_ARG(bool, centered) = false;
  TORCH_OPTIM_OPTIONS(RMSpropOptions);
};
struct RMSpropParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(Tensor, square_avg);
  TORCH_ARG(Tensor, momentum_buffer) = {};
  TORCH_ARG(Tensor, grad_avg) = {};
  TORCH_OPTIM_STATE(RMSpropParamState);
};
TORCH_OPTIM_CLASS(RMSprop);

struct LBFGSOptions : public OptimizerOptions {
  LBFGSOptions(double lr = 1) : lr_(lr) {}
  TORCH_ARG(double, lr) = 1;
  TORCH_ARG(int64_t, max_iter) = 20;
  TORCH_ARG(c10::optional<int64_t>, max_eval) = c10::nullopt;
  TORCH_ARG(double, tolerance_grad) = 1e-7;
  TORCH_ARG(double, tolerance_change) = 1e-9;
  TORCH_ARG(int64_t, history_size) = 100;
  TORCH_ARG(c10::optional<std::string>, line_search_fn) = c10::nullopt;
  TORCH_OPTIM_OPTIONS(LBFGSOptions);
};
struct LBFGSParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, func_evals) = 0;
  TORCH_ARG(int64_t, n_iter) = 0;
  TORCH_ARG(double, t) = 0;
  TORCH_ARG(double, prev_loss) = 0;
  TORCH_ARG(Tensor, d) = {};
  TORCH_ARG(Tensor, H_diag) = {};
  TORCH_ARG(Tensor, prev_flat_grad) = {};
  TORCH_ARG(std::deque<Tensor>, old_dirs);
  TORCH_ARG(std::deque<Tensor>, old_stps);
  TORCH_ARG(std::deque<Tensor>, ro);
  TORCH_ARG(c10::optional<std::vector<Tensor>>, al) = c10::nullopt;
  TORCH_OPTIM_STATE(LBFGSParamState);
};
class LBFGS : public Optimizer {
 public:
  explicit LBFGS(std::vector<OptimizerParamGroup> groups, LBFGSOptions defaults = {});
  explicit LBFGS(std::vector<Tensor> params, LBFGSOptions defaults = {})
      : LBFGS({OptimizerParamGroup(std::move(params))}, std::move(defaults)) {}
  Tensor step(LossClosure closure) override;
  void save(serialize::OutputArchive& archive) const override;
  void load(serialize::InputArchive& archive) override;

 private:
  Tensor gather_flat_grad() const;
  void add_grad(double step_size, const Tensor& update);
  std::vector<Tensor> clone_params() const;
  void set_params(const std::vector<Tensor>& values);
  std::tuple<double, Tensor> directional_evaluate(const LossClosure& closure, const std::vector<Tensor>& x, double t,
                                                  const Tensor& d);
  std::tuple<double, Tensor, double, int64_t> strong_wolfe(const LossClosure& closure, const std::vector<Tensor>& x,
                                                           double t, const Tensor& d, double f, const Tensor& g,
                                                           const Tensor& gtd);
};

#undef TORCH_OPTIM_OPTIONS
#undef TORCH_OPTIM_STATE
#undef TORCH_OPTIM_CLASS

/// Changes the learning rates of an optimizer's groups at each step().
class LRScheduler {
 public:
  explicit LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {}
  virtual ~LRScheduler() = default;
  void step();

 protected:
  virtual std::vector<double> get_lrs() = 0;
  std::vector<double> get_current_lrs() const;
  unsigned step_count_ = 0;

 private:
  void set_optimizer_lrs(const std::vector<double>& lrs);
  Optimizer& optimizer_;
};
class StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, const unsigned step_size, const double gamma = 0.1)
      : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {}

 private:
  std::vector<double> get_lrs() override;
  const unsigned step_size_;
  const double gamma_;
};

}  // namespace optim
}  // namespace torch

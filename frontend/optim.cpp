// torch::optim. The formulas are those of Python's optimizers; parameters are written with grad mode off.
#include "torch/optim.h"

#include <cmath>

#include "torch/serialize.h"

namespace torch {
namespace optim {

// --- the base --------------------------------------------------------------------------------------------------------

Optimizer::Optimizer(std::vector<OptimizerParamGroup> groups, std::unique_ptr<OptimizerOptions> defaults)
    : defaults_(std::move(defaults)) {
  for (const OptimizerParamGroup& g : groups) add_param_group(g);
}
Optimizer::~Optimizer() = default;

void Optimizer::add_param_group(const OptimizerParamGroup& group) {
  for (const Tensor& p : group.params()) TORCH_CHECK(p.is_leaf(), "can't optimize a non-leaf Tensor");
  OptimizerParamGroup copy(group.params());
  copy.set_options(group.has_options() ? group.options().clone() : defaults_->clone());
  for (const Tensor& p : copy.params())
    for (const OptimizerParamGroup& other : param_groups_)
      for (const Tensor& q : other.params())
        TORCH_CHECK(!p.is_same(q), "some parameters appear in more than one parameter group");
  param_groups_.push_back(std::move(copy));
}
void Optimizer::add_parameters(const std::vector<Tensor>& parameters) {
  TORCH_WARN("Optimizer::add_parameters() will be removed in PyTorch 1.6");
  auto& own = param_groups_[0].params();
  own.insert(own.end(), parameters.begin(), parameters.end());
}
void Optimizer::zero_grad(bool set_to_none) {
  for (OptimizerParamGroup& group : param_groups_) {
    for (Tensor& p : group.params()) {
      if (!p.mutable_grad().defined()) continue;
      if (set_to_none) {
        p.mutable_grad().reset();
      } else {
        p.mutable_grad().detach_();
        p.mutable_grad().zero_();
      }
    }
  }
}
const std::vector<Tensor>& Optimizer::parameters() const noexcept { return param_groups_.at(0).params(); }
std::vector<Tensor>& Optimizer::parameters() noexcept { return param_groups_.at(0).params(); }
size_t Optimizer::size() const noexcept {
  size_t n = 0;
  for (const OptimizerParamGroup& g : param_groups_) n += g.params().size();
  return n;
}

namespace {

Tensor closure_loss(const Optimizer::LossClosure& closure) {
  if (!closure) return {};
  AutoGradMode on(true);
  return closure();
}

/// The state of a parameter, made by `make` when it is first seen.
template <class S, class Make>
S& state_of(Optimizer::State& states, const Tensor& p, Make make) {
  auto& slot = states[p.unsafeGetTensorImpl()];
  if (!slot) slot = make();
  return static_cast<S&>(*slot);
}

}  // namespace

// --- SGD -------------------------------------------------------------------------------------------------------------

SGD::SGD(std::vector<OptimizerParamGroup> groups, SGDOptions defaults)
    : Optimizer(std::move(groups), std::make_unique<SGDOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.momentum() >= 0, "Invalid momentum value: ", defaults.momentum());
  TORCH_CHECK(defaults.weight_decay() >= 0, "Invalid weight_decay value: ", defaults.weight_decay());
  TORCH_CHECK(!defaults.nesterov() || (defaults.momentum() > 0 && defaults.dampening() == 0),
              "Nesterov momentum requires a momentum and zero dampening");
}

Tensor SGD::step(LossClosure closure) {
  NoGradGuard no_grad;
  const Tensor loss = closure_loss(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<SGDOptions&>(group.options());
    for (Tensor& p : group.params()) {
      if (!p.grad().defined()) continue;
      Tensor d = p.grad().data();
      if (o.weight_decay() != 0) d = d.add(p.data(), o.weight_decay());
      if (o.momentum() != 0) {
        auto& s = state_of<SGDParamState>(state_, p, [] { return std::make_unique<SGDParamState>(); });
        if (!s.momentum_buffer().defined())
          s.momentum_buffer(d.clone().detach());
        else
          s.momentum_buffer().mul_(o.momentum()).add_(d, 1 - o.dampening());
        d = o.nesterov() ? d.add(s.momentum_buffer(), o.momentum()) : s.momentum_buffer();
      }
      p.add_(d, -1 * o.lr());
    }
  }
  return loss;
}

// --- Adam, AdamW
// -------------------------------------------------------------------------------------------------------

namespace {

template <class O>
void check_adam(const O& o) {
  TORCH_CHECK(o.lr() >= 0, "Invalid learning rate: ", o.lr());
  TORCH_CHECK(o.eps() >= 0, "Invalid epsilon value: ", o.eps());
  const auto [b1, b2] = o.betas();
  TORCH_CHECK(0 <= b1 && b1 < 1.0, "Invalid beta parameter at index 0: ", b1);
  TORCH_CHECK(0 <= b2 && b2 < 1.0, "Invalid beta parameter at index 1: ", b2);
  TORCH_CHECK(o.weight_decay() >= 0, "Invalid weight_decay value: ", o.weight_decay());
}

template <class O, class S>
void adam_step(std::vector<OptimizerParamGroup>& groups, Optimizer::State& states, bool decoupled, const char* name) {
  for (OptimizerParamGroup& group : groups) {
    const auto& o = static_cast<O&>(group.options());
    const auto [beta1, beta2] = o.betas();
    for (Tensor& p : group.params()) {
      if (!p.grad().defined()) continue;
      Tensor grad = p.grad();
      TORCH_CHECK(!grad.is_sparse(), name, " does not support sparse gradients");
      S& s = state_of<S>(states, p, [&] {
        auto fresh = std::make_unique<S>();
        fresh->step(0);
        fresh->exp_avg(torch::zeros_like(p));
        fresh->exp_avg_sq(torch::zeros_like(p));
        if (o.amsgrad()) fresh->max_exp_avg_sq(torch::zeros_like(p));
        return fresh;
      });
      s.step(s.step() + 1);
      if (o.weight_decay() != 0) {
        if (decoupled)
          p.mul_(1 - o.lr() * o.weight_decay());
        else
          grad = grad.add(p, o.weight_decay());
      }
      const double correction1 = 1 - std::pow(beta1, s.step()), correction2 = 1 - std::pow(beta2, s.step());
      s.exp_avg().mul_(beta1).add_(grad, 1 - beta1);
      s.exp_avg_sq().mul_(beta2).addcmul_(grad, grad, 1 - beta2);
      Tensor denominator;
      if (o.amsgrad()) {
        torch::maximum_out(s.max_exp_avg_sq(), s.exp_avg_sq(), s.max_exp_avg_sq());
        denominator = (s.max_exp_avg_sq().sqrt() / std::sqrt(correction2)).add_(o.eps());
      } else {
        denominator = (s.exp_avg_sq().sqrt() / std::sqrt(correction2)).add_(o.eps());
      }
      p.addcdiv_(s.exp_avg(), denominator, -o.lr() / correction1);
    }
  }
}

}  // namespace

Adam::Adam(std::vector<OptimizerParamGroup> groups, AdamOptions defaults)
    : Optimizer(std::move(groups), std::make_unique<AdamOptions>(defaults)) {
  check_adam(defaults);
}
Tensor Adam::step(LossClosure closure) {
  NoGradGuard no_grad;
  const Tensor loss = closure_loss(closure);
  adam_step<AdamOptions, AdamParamState>(param_groups_, state_, false, "Adam");
  return loss;
}
AdamW::AdamW(std::vector<OptimizerParamGroup> groups, AdamWOptions defaults)
    : Optimizer(std::move(groups), std::make_unique<AdamWOptions>(defaults)) {
  check_adam(defaults);
}
Tensor AdamW::step(LossClosure closure) {
  NoGradGuard no_grad;
  const Tensor loss = closure_loss(closure);
  adam_step<AdamWOptions, AdamWParamState>(param_groups_, state_, true, "AdamW");
  return loss;
}

// --- Adagrad ---------------------------------------------------------------------------------------------------------

Adagrad::Adagrad(std::vector<OptimizerParamGroup> groups, AdagradOptions defaults)
    : Optimizer(std::move(groups), std::make_unique<AdagradOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.lr_decay() >= 0, "Invalid lr_decay value: ", defaults.lr_decay());
  TORCH_CHECK(defaults.weight_decay() >= 0, "Invalid weight_decay value: ", defaults.weight_decay());
  TORCH_CHECK(defaults.initial_accumulator_value() >= 0,
              "Invalid initial_accumulator_value value: ", defaults.initial_accumulator_value());
  TORCH_CHECK(defaults.eps() >= 0, "Invalid epsilon value: ", defaults.eps());
  for (const OptimizerParamGroup& group : param_groups_) {
    for (const Tensor& p : group.params()) {
      auto s = std::make_unique<AdagradParamState>();
      s->step(0);
      s->sum(torch::full_like(p.data(), defaults.initial_accumulator_value()));
      state_[p.unsafeGetTensorImpl()] = std::move(s);
    }
  }
}
Tensor Adagrad::step(LossClosure closure) {
  NoGradGuard no_grad;
  const Tensor loss = closure_loss(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<AdagradOptions&>(group.options());
    for (Tensor& p : group.params()) {
      if (!p.grad().defined()) continue;
      Tensor grad = p.grad();
      auto& s = state_of<AdagradParamState>(state_, p, [&] {
        auto fresh = std::make_unique<AdagradParamState>();
        fresh->sum(torch::full_like(p.data(), o.initial_accumulator_value()));
        return fresh;
      });
      s.step(s.step() + 1);
      if (o.weight_decay() != 0) grad = grad.add(p, o.weight_decay());
      const double rate = o.lr() / (1 + static_cast<double>(s.step() - 1) * o.lr_decay());
      s.sum().addcmul_(grad, grad, 1.0);
      p.addcdiv_(grad, s.sum().sqrt().add_(o.eps()), -rate);
    }
  }
  return loss;
}

// --- RMSprop ---------------------------------------------------------------------------------------------------------

RMSprop::RMSprop(std::vector<OptimizerParamGroup> groups, RMSpropOptions defaults)
    : Optimizer(std::move(groups), std::make_unique<RMSpropOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.eps() >= 0, "Invalid epsilon value: ", defaults.eps());
  TORCH_CHECK(defaults.momentum() >= 0, "Invalid momentum value: ", defaults.momentum());
  TORCH_CHECK(defaults.weight_decay() >= 0, "Invalid weight_decay value: ", defaults.weight_decay());
  TORCH_CHECK(defaults.alpha() >= 0, "Invalid alpha value: ", defaults.alpha());
}
Tensor RMSprop::step(LossClosure closure) {
  NoGradGuard no_grad;
  const Tensor loss = closure_loss(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<RMSpropOptions&>(group.options());
    for (Tensor& p : group.params()) {
      if (!p.grad().defined()) continue;
      Tensor grad = p.grad();
      auto& s = state_of<RMSpropParamState>(state_, p, [&] {
        auto fresh = std::make_unique<RMSpropParamState>();
        fresh->square_avg(torch::zeros_like(p));
        if (o.momentum() > 0) fresh->momentum_buffer(torch::zeros_like(p));
        if (o.centered()) fresh->grad_avg(torch::zeros_like(p));
        return fresh;
      });
      s.step(s.step() + 1);
      if (o.weight_decay() != 0) grad = grad.add(p, o.weight_decay());
      s.square_avg().mul_(o.alpha()).addcmul_(grad, grad, 1 - o.alpha());
      Tensor average;
      if (o.centered()) {
        s.grad_avg().mul_(o.alpha()).add_(grad, 1 - o.alpha());
        average = s.square_avg().addcmul(s.grad_avg(), s.grad_avg(), -1).sqrt_().add_(o.eps());
      } else {
        average = s.square_avg().sqrt().add_(o.eps());
      }
      if (o.momentum() > 0) {
        s.momentum_buffer().mul_(o.momentum()).addcdiv_(grad, average);
        p.add_(s.momentum_buffer(), -o.lr());
      } else {
        p.addcdiv_(grad, average, -o.lr());
      }
    }
  }
  return loss;
}

// --- L-BFGS ----------------------------------------------------------------------------------------------------------

LBFGS::LBFGS(std::vector<OptimizerParamGroup> groups, LBFGSOptions defaults)
    : Optimizer(std::move(groups), std::make_unique<LBFGSOptions>(defaults)) {
  TORCH_CHECK(param_groups_.size() == 1, "LBFGS doesn't support per-parameter options (parameter groups)");
  auto& o = static_cast<LBFGSOptions&>(param_groups_[0].options());
  if (!o.max_eval()) o.max_eval(o.max_iter() * 5 / 4);
  static_cast<LBFGSOptions&>(*defaults_).max_eval(*o.max_eval());
}

Tensor LBFGS::gather_flat_grad() const {
  std::vector<Tensor> views;
  for (const Tensor& p : param_groups_[0].params())
    views.push_back(p.grad().defined() ? p.grad().reshape(-1) : torch::zeros({p.numel()}, p.options()));
  return torch::cat(views, 0);
}
void LBFGS::add_grad(double step_size, const Tensor& update) {
  int64_t at = 0;
  for (Tensor& p : param_groups_[0].params()) {
    const int64_t n = p.numel();
    p.add_(update.slice(0, at, at + n).view_as(p), step_size);
    at += n;
  }
}
std::vector<Tensor> LBFGS::clone_params() const {
  std::vector<Tensor> out;
  for (const Tensor& p : param_groups_[0].params()) out.push_back(p.clone());
  return out;
}
void LBFGS::set_params(const std::vector<Tensor>& values) {
  auto& params = param_groups_[0].params();
  for (size_t i = 0; i < params.size(); i++) params[i].copy_(values[i]);
}
std::tuple<double, Tensor> LBFGS::directional_evaluate(const LossClosure& closure, const std::vector<Tensor>& x,
                                                       double t, const Tensor& d) {
  add_grad(t, d);
  double loss;
  {
    AutoGradMode on(true);
    loss = closure().item<double>();
  }
  Tensor grad = gather_flat_grad();
  set_params(x);
  return {loss, grad};
}

namespace {
/// The minimum of the cubic through two points with their slopes, kept within bounds.
double cubic_interpolate(double x1, double f1, double g1, double x2, double f2, double g2,
                         c10::optional<std::pair<double, double>> bounds = c10::nullopt) {
  const double low = bounds ? bounds->first : std::min(x1, x2), high = bounds ? bounds->second : std::max(x1, x2);
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2);
  const double square = d1 * d1 - g1 * g2;
  if (square < 0) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double best = x1 <= x2 ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                               : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return std::min(std::max(best, low), high);
}
}  // namespace

std::tuple<double, Tensor, double, int64_t> LBFGS::strong_wolfe(const LossClosure& closure,
                                                                const std::vector<Tensor>& x, double t, const Tensor& d,
                                                                double f, const Tensor& g, const Tensor& gtd_tensor) {
  const double c1 = 1e-4, c2 = 0.9, tolerance = 1e-9;
  const int64_t most = 25;
  const double gtd = gtd_tensor.item<double>(), d_norm = d.abs().max().item<double>();
  auto [f_new, g_new] = directional_evaluate(closure, x, t, d);
  int64_t evaluations = 1;
  double gtd_new = g_new.dot(d).item<double>();
  // Bracket a step that satisfies the conditions.
  double t_prev = 0, f_prev = f, gtd_prev = gtd;
  Tensor g_prev = g.clone();
  bool done = false;
  int64_t iteration = 0;
  std::vector<double> bracket, bracket_f, bracket_gtd;
  std::vector<Tensor> bracket_g;
  while (iteration < most) {
    if (f_new > f + c1 * t * gtd || (iteration > 1 && f_new >= f_prev) || gtd_new >= 0) {
      bracket = {t_prev, t};
      bracket_f = {f_prev, f_new};
      bracket_g = {g_prev, g_new.clone()};
      bracket_gtd = {gtd_prev, gtd_new};
      if (!(f_new > f + c1 * t * gtd || (iteration > 1 && f_new >= f_prev)) && std::fabs(gtd_new) <= -c2 * gtd) {
        bracket = {t};
        bracket_f = {f_new};
        bracket_g = {g_new};
        done = true;
      }
      break;
    }
    if (std::fabs(gtd_new) <= -c2 * gtd) {
      bracket = {t};
      bracket_f = {f_new};
      bracket_g = {g_new};
      done = true;
      break;
    }
    const double low = t + 0.01 * (t - t_prev), high = t * 10, before = t;
    t = cubic_interpolate(t_prev, f_prev, gtd_prev, t, f_new, gtd_new, std::make_pair(low, high));
    t_prev = before;
    f_prev = f_new;
    g_prev = g_new.clone();
    gtd_prev = gtd_new;
    std::tie(f_new, g_new) = directional_evaluate(closure, x, t, d);
    evaluations++;
    gtd_new = g_new.dot(d).item<double>();
    iteration++;
  }
  if (iteration == most) {
    bracket = {0, t};
    bracket_f = {f, f_new};
    bracket_g = {g, g_new};
    bracket_gtd = {gtd, gtd_new};
  }
  // Narrow the bracket.
  bool little = false;
  size_t low = 0, high = 1;
  if (bracket.size() == 2 && bracket_f[0] > bracket_f[1]) std::swap(low, high);
  while (!done && iteration < most) {
    if (std::fabs(bracket[1] - bracket[0]) * d_norm < tolerance) break;
    t = cubic_interpolate(bracket[0], bracket_f[0], bracket_gtd[0], bracket[1], bracket_f[1], bracket_gtd[1]);
    const double top = std::max(bracket[0], bracket[1]), bottom = std::min(bracket[0], bracket[1]);
    const double margin = 0.1 * (top - bottom);
    if (std::min(top - t, t - bottom) < margin) {
      if (little || t >= top || t <= bottom) {
        t = std::fabs(t - top) < std::fabs(t - bottom) ? top - margin : bottom + margin;
        little = false;
      } else {
        little = true;
      }
    } else {
      little = false;
    }
    std::tie(f_new, g_new) = directional_evaluate(closure, x, t, d);
    evaluations++;
    gtd_new = g_new.dot(d).item<double>();
    iteration++;
    if (f_new > f + c1 * t * gtd || f_new >= bracket_f[low]) {
      bracket[high] = t;
      bracket_f[high] = f_new;
      bracket_g[high] = g_new.clone();
      bracket_gtd[high] = gtd_new;
      low = bracket_f[0] <= bracket_f[1] ? 0 : 1;
      high = 1 - low;
    } else {
      if (std::fabs(gtd_new) <= -c2 * gtd) {
        done = true;
      } else if (gtd_new * (bracket[high] - bracket[low]) >= 0) {
        bracket[high] = bracket[low];
        bracket_f[high] = bracket_f[low];
        bracket_g[high] = bracket_g[low];
        bracket_gtd[high] = bracket_gtd[low];
      }
      bracket[low] = t;
      bracket_f[low] = f_new;
      bracket_g[low] = g_new.clone();
      bracket_gtd[low] = gtd_new;
    }
  }
  if (bracket.size() == 1) low = 0;
  return {bracket_f[low], bracket_g[low], bracket[low], evaluations};
}

Tensor LBFGS::step(LossClosure closure) {
  NoGradGuard no_grad;
  TORCH_CHECK(closure != nullptr, "LBFGS requires a closure function");
  auto& params = param_groups_[0].params();
  const auto& o = static_cast<LBFGSOptions&>(param_groups_[0].options());
  auto& s = state_of<LBFGSParamState>(state_, params[0], [] { return std::make_unique<LBFGSParamState>(); });
  const Tensor first_loss = closure_loss(closure);
  double loss = first_loss.item<double>();
  int64_t evaluations = 1;
  s.func_evals(s.func_evals() + 1);
  Tensor flat = gather_flat_grad();
  bool optimal = flat.abs().max().item<double>() <= o.tolerance_grad();
  if (optimal) return first_loss;
  Tensor d = s.d(), h_diag = s.H_diag(), previous_flat = s.prev_flat_grad();
  double t = s.t(), previous_loss = s.prev_loss();
  int64_t n_iter = 0;
  while (n_iter < o.max_iter()) {
    n_iter++;
    s.n_iter(s.n_iter() + 1);
    if (s.n_iter() == 1) {
      d = flat.neg();
      h_diag = torch::tensor(1);
    } else {
      const Tensor y = flat.sub(previous_flat), step = d.mul(t), ys = y.dot(step);
      if (ys.item<double>() > 1e-10) {
        if (static_cast<int64_t>(s.old_dirs().size()) == o.history_size()) {
          s.old_dirs().pop_front();
          s.old_stps().pop_front();
          s.ro().pop_front();
        }
        s.old_dirs().push_back(y);
        s.old_stps().push_back(step);
        s.ro().push_back(1. / ys);
        h_diag = ys / y.dot(y);
      }
      const size_t n = s.old_dirs().size();
      std::vector<Tensor> al(n);
      Tensor q = flat.neg();
      for (size_t i = n; i-- > 0;) {
        al[i] = s.old_stps()[i].dot(q) * s.ro()[i];
        q.add_(s.old_dirs()[i], -al[i].item());
      }
      d = torch::mul(q, h_diag);
      for (size_t i = 0; i < n; i++) {
        const Tensor be = s.old_dirs()[i].dot(d) * s.ro()[i];
        d.add_(s.old_stps()[i], (al[i] - be).item());
      }
      s.al(al);
    }
    previous_flat = flat.clone();
    previous_loss = loss;
    t = s.n_iter() == 1 ? std::min(1., 1. / flat.abs().sum().item<double>()) * o.lr() : o.lr();
    const Tensor gtd = flat.dot(d);
    if (gtd.item<double>() > -o.tolerance_change()) break;
    int64_t more = 0;
    if (o.line_search_fn()) {
      TORCH_CHECK(*o.line_search_fn() == "strong_wolfe", "only 'strong_wolfe' is supported");
      const std::vector<Tensor> x = clone_params();
      std::tie(loss, flat, t, more) = strong_wolfe(closure, x, t, d, loss, flat, gtd);
      add_grad(t, d);
      optimal = flat.abs().max().item<double>() <= o.tolerance_grad();
    } else {
      add_grad(t, d);
      if (n_iter != o.max_iter()) {
        loss = closure_loss(closure).item<double>();
        flat = gather_flat_grad();
        optimal = flat.abs().max().item<double>() <= o.tolerance_grad();
        more = 1;
      }
    }
    evaluations += more;
    s.func_evals(s.func_evals() + more);
    if (n_iter == o.max_iter() || evaluations >= *o.max_eval() || optimal) break;
    if (d.mul(t).abs().max().item<double>() <= o.tolerance_change()) break;
    if (std::fabs(loss - previous_loss) < o.tolerance_change()) break;
  }
  s.d(d);
  s.t(t);
  s.H_diag(h_diag);
  s.prev_flat_grad(previous_flat);
  s.prev_loss(previous_loss);
  return first_loss;
}

// --- schedulers ------------------------------------------------------------------------------------------------------

void LRScheduler::step() {
  set_optimizer_lrs(get_lrs());
  step_count_++;
}
std::vector<double> LRScheduler::get_current_lrs() const {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : optimizer_.param_groups()) out.push_back(g.options().get_lr());
  return out;
}
void LRScheduler::set_optimizer_lrs(const std::vector<double>& lrs) {
  TORCH_CHECK(lrs.size() == optimizer_.param_groups().size(),
              "Number of learning rates not equal to the number of param groups\n");
  for (size_t i = 0; i < lrs.size(); i++) optimizer_.param_groups()[i].options().set_lr(lrs[i]);
}
std::vector<double> StepLR::get_lrs() {
  std::vector<double> lrs = get_current_lrs();
  if (step_count_ == 0 || step_count_ % step_size_ != 0) return lrs;
  for (double& lr : lrs) lr *= gamma_;
  return lrs;
}

// --- saving and comparing
// ------------------------------------------------------------------------------------------------

namespace {

using serialize::InputArchive;
using serialize::OutputArchive;

void put(OutputArchive& a, const char* name, const Tensor& v) { a.write(name, v, /*is_buffer=*/true); }
void put(OutputArchive& a, const char* name, const IValue& v) { a.write(name, v); }
void get(InputArchive& a, const char* name, Tensor& v) {
  if (!a.try_read(name, v, /*is_buffer=*/true)) v = Tensor();
}
template <class T>
void get(InputArchive& a, const char* name, T& v) {
  IValue value;
  a.read(name, value);
  v = value.to<T>();
}
bool same(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || (a.sizes() == b.sizes() && torch::equal(a, b)));
}
template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}
void put(OutputArchive& a, const char* name, const std::deque<Tensor>& v) {
  put(a, name, IValue(std::vector<Tensor>(v.begin(), v.end())));
}
void get(InputArchive& a, const char* name, std::deque<Tensor>& v) {
  IValue value;
  a.read(name, value);
  const auto list = value.toTensorVector();
  v.assign(list.begin(), list.end());
}
template <class T>
void put_value(OutputArchive& a, const char* name, const T& v) {
  if constexpr (std::is_same_v<T, Tensor>) {
    if (v.defined()) put(a, name, v);
  } else if constexpr (std::is_same_v<T, std::deque<Tensor>>) {
    put(a, name, v);
  } else {
    put(a, name, IValue(v));
  }
}
bool same(const std::deque<Tensor>& a, const std::deque<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++)
    if (!same(a[i], b[i])) return false;
  return true;
}

#define TORCH_PUT(name) put_value(archive, #name, name());
#define TORCH_GET(name) get(archive, #name, name());
#define TORCH_SAME(name) &&same(a.name(), b.name())
#define TORCH_FIELDS(Class, FIELDS)                                                           \
  void Class::serialize(torch::serialize::OutputArchive& archive) const { FIELDS(TORCH_PUT) } \
  void Class::serialize(torch::serialize::InputArchive& archive) { FIELDS(TORCH_GET) }        \
  bool operator==(const Class& a, const Class& b) { return true FIELDS(TORCH_SAME); }

}  // namespace

#define SGD_OPTIONS(_) _(lr) _(momentum) _(dampening) _(weight_decay) _(nesterov)
TORCH_FIELDS(SGDOptions, SGD_OPTIONS)
#define SGD_STATE(_) _(momentum_buffer)
TORCH_FIELDS(SGDParamState, SGD_STATE)
#define ADAM_OPTIONS(_) _(lr) _(betas) _(eps) _(weight_decay) _(amsgrad)
TORCH_FIELDS(AdamOptions, ADAM_OPTIONS)
TORCH_FIELDS(AdamWOptions, ADAM_OPTIONS)
#define ADAM_STATE(_) _(step) _(exp_avg) _(exp_avg_sq) _(max_exp_avg_sq)
TORCH_FIELDS(AdamParamState, ADAM_STATE)
TORCH_FIELDS(AdamWParamState, ADAM_STATE)
#define ADAGRAD_OPTIONS(_) _(lr) _(lr_decay) _(weight_decay) _(initial_accumulator_value) _(eps)
TORCH_FIELDS(AdagradOptions, ADAGRAD_OPTIONS)
#define ADAGRAD_STATE(_) _(step) _(sum)
TORCH_FIELDS(AdagradParamState, ADAGRAD_STATE)
#define RMSPROP_OPTIONS(_) _(lr) _(alpha) _(eps) _(weight_decay) _(momentum) _(centered)
TORCH_FIELDS(RMSpropOptions, RMSPROP_OPTIONS)
#define RMSPROP_STATE(_) _(step) _(square_avg) _(momentum_buffer) _(grad_avg)
TORCH_FIELDS(RMSpropParamState, RMSPROP_STATE)
#define LBFGS_OPTIONS(_) \
  _(lr) _(max_iter) _(max_eval) _(tolerance_grad) _(tolerance_change) _(history_size) _(line_search_fn)
TORCH_FIELDS(LBFGSOptions, LBFGS_OPTIONS)
#define LBFGS_STATE(_) \
  _(func_evals) _(n_iter) _(t) _(prev_loss) _(d) _(H_diag) _(prev_flat_grad) _(old_dirs) _(old_stps) _(ro)
TORCH_FIELDS(LBFGSParamState, LBFGS_STATE)

// An archive names parameters by their number, over all groups.
namespace {

template <class O, class S>
void save_optimizer(const Optimizer& optimizer, OutputArchive& archive) {
  archive.write("pytorch_version", IValue("1.5.0"));
  std::unordered_map<c10::TensorImpl*, int64_t> numbers;
  OutputArchive groups;
  groups.write("param_groups/size", IValue(static_cast<int64_t>(optimizer.param_groups().size())));
  for (size_t g = 0; g < optimizer.param_groups().size(); g++) {
    const OptimizerParamGroup& group = optimizer.param_groups()[g];
    OutputArchive one, options;
    std::vector<int64_t> params;
    for (const Tensor& p : group.params()) {
      const int64_t number = static_cast<int64_t>(numbers.size());
      params.push_back(numbers.emplace(p.unsafeGetTensorImpl(), number).first->second);
    }
    one.write("params", IValue(params));
    group.options().serialize(options);
    one.write("options", options);
    groups.write("param_groups/" + std::to_string(g), one);
  }
  archive.write("param_groups", groups);
  OutputArchive states;
  for (const auto& entry : optimizer.state()) {
    auto number = numbers.find(entry.first);
    if (number == numbers.end()) continue;
    OutputArchive one;
    entry.second->serialize(one);
    states.write(std::to_string(number->second), one);
  }
  archive.write("state", states);
}

template <class O, class S>
void load_optimizer(Optimizer& optimizer, InputArchive& archive) {
  IValue version;
  TORCH_CHECK(archive.try_read("pytorch_version", version), "the archive does not hold an optimizer");
  InputArchive groups, states;
  archive.read("param_groups", groups);
  archive.read("state", states);
  IValue count;
  groups.read("param_groups/size", count);
  TORCH_CHECK(count.toInt() == static_cast<int64_t>(optimizer.param_groups().size()),
              "loaded state dict has a different number of parameter groups");
  std::unordered_map<int64_t, Tensor> params;
  for (size_t g = 0; g < optimizer.param_groups().size(); g++) {
    OptimizerParamGroup& group = optimizer.param_groups()[g];
    InputArchive one, options;
    groups.read("param_groups/" + std::to_string(g), one);
    IValue numbers;
    one.read("params", numbers);
    const auto list = numbers.toIntVector();
    TORCH_CHECK(
        list.size() == group.params().size(),
        "loaded state dict contains a parameter group that has a different size than the optimizer's parameter group");
    for (size_t i = 0; i < list.size(); i++) params[list[i]] = group.params()[i];
    one.read("options", options);
    group.options().serialize(options);
  }
  optimizer.state().clear();
  for (const std::string& key : states.keys()) {
    auto p = params.find(std::stoll(key));
    if (p == params.end()) continue;
    InputArchive one;
    states.read(key, one);
    auto s = std::make_unique<S>();
    s->serialize(one);
    optimizer.state()[p->second.unsafeGetTensorImpl()] = std::move(s);
  }
}

}  // namespace

#define TORCH_SAVE(Name)                                                                                             \
  void Name::save(OutputArchive& archive) const { save_optimizer<Name##Options, Name##ParamState>(*this, archive); } \
  void Name::load(InputArchive& archive) { load_optimizer<Name##Options, Name##ParamState>(*this, archive); }
TORCH_SAVE(SGD)
TORCH_SAVE(Adam)
TORCH_SAVE(AdamW)
TORCH_SAVE(Adagrad)
TORCH_SAVE(RMSprop)
TORCH_SAVE(LBFGS)
#undef TORCH_SAVE

serialize::OutputArchive& operator<<(serialize::OutputArchive& archive, const Optimizer& optimizer) {
  optimizer.save(archive);
  return archive;
}
serialize::InputArchive& operator>>(serialize::InputArchive& archive, Optimizer& optimizer) {
  optimizer.load(archive);
  return archive;
}

}  // namespace optim
}  // namespace torch

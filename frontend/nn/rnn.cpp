// Recurrent layers: a stack of layers and directions over time, made of operators.
#include <cmath>

#include "torch/nn/modules.h"

namespace torch {
namespace nn {

namespace F = torch::nn::functional;

namespace {

std::string mode_name(const detail::RNNOptionsBase& o) { return enumtype::get_enum_name(o.mode()); }
int64_t gates_of(const detail::RNNOptionsBase& o) {
  const std::string mode = mode_name(o);
  return mode == "kLSTM" ? 4 : mode == "kGRU" ? 3 : 1;
}

/// One step's new hidden state from the gates' sums: of the input `xi` and of the state `hi` (with their biases).
struct Step {
  enum class Kind { Lstm, Gru, Tanh, Relu } kind;
  explicit Step(const std::string& mode)
      : kind(mode == "kLSTM"       ? Kind::Lstm
             : mode == "kGRU"      ? Kind::Gru
             : mode == "kRNN_RELU" ? Kind::Relu
                                   : Kind::Tanh) {}
  Tensor operator()(const Tensor& xi, const Tensor& hi, const Tensor& h, Tensor& c) const {
    switch (kind) {
      case Kind::Lstm: {
        const auto g = (xi + hi).chunk(4, -1);
        c = g[1].sigmoid() * c + g[0].sigmoid() * g[2].tanh();
        return g[3].sigmoid() * c.tanh();
      }
      case Kind::Gru: {
        const auto x = xi.chunk(3, -1), y = hi.chunk(3, -1);
        const Tensor reset = (x[0] + y[0]).sigmoid(), update = (x[1] + y[1]).sigmoid();
        const Tensor fresh = (x[2] + reset * y[2]).tanh();
        return (h - fresh) * update + fresh;
      }
      case Kind::Tanh: return (xi + hi).tanh();
      case Kind::Relu: return (xi + hi).relu();
    }
    return {};
  }
};

Tensor linear_of(const Tensor& x, const Tensor& w, const Tensor& b) { return F::linear(x, w, b); }

}  // namespace

namespace detail {

template <class Derived>
void RNNImplBase<Derived>::reset() {
  const RNNOptionsBase& o = options_base;
  const int64_t directions = o.bidirectional() ? 2 : 1, gates = gates_of(o) * o.hidden_size();
  TORCH_CHECK(0 <= o.dropout() && o.dropout() <= 1,
              "dropout should be a number in range [0, 1] representing the probability of an element being zeroed");
  if (o.dropout() > 0 && o.num_layers() == 1)
    TORCH_WARN("dropout option adds dropout after all but last ", "recurrent layer, so non-zero dropout expects ",
               "num_layers greater than 1, but got dropout=", o.dropout(), " and ", "num_layers=", o.num_layers());
  TORCH_CHECK(o.hidden_size() > 0, "hidden_size must be positive");
  TORCH_CHECK(o.proj_size() < o.hidden_size() || o.proj_size() == 0, "proj_size has to be smaller than hidden_size");
  weight_names_.clear();
  for (int64_t layer = 0; layer < o.num_layers(); layer++) {
    for (int64_t direction = 0; direction < directions; direction++) {
      const int64_t state = o.proj_size() > 0 ? o.proj_size() : o.hidden_size();
      const int64_t inputs = layer == 0 ? o.input_size() : state * directions;
      const std::string suffix = "_l" + std::to_string(layer) + (direction ? "_reverse" : "");
      auto add = [&](const std::string& name, std::vector<int64_t> sizes) {
        this->register_parameter(name + suffix, torch::empty(sizes));
        weight_names_.push_back(name + suffix);
      };
      add("weight_ih", {gates, inputs});
      add("weight_hh", {gates, state});
      if (o.bias()) {
        add("bias_ih", {gates});
        add("bias_hh", {gates});
      }
      if (o.proj_size() > 0) add("weight_hr", {o.proj_size(), o.hidden_size()});
    }
  }
  reset_parameters();
}

template <class Derived>
void RNNImplBase<Derived>::reset_parameters() {
  const double bound = 1.0 / std::sqrt(static_cast<double>(options_base.hidden_size()));
  for (auto& w : this->parameters()) init::uniform_(w, -bound, bound);
}

template <class Derived>
std::vector<Tensor> RNNImplBase<Derived>::all_weights() const {
  std::vector<Tensor> out;
  const auto all = this->named_parameters(/*recurse=*/false);
  for (const std::string& name : weight_names_) out.push_back(all[name]);
  return out;
}

template <class Derived>
void RNNImplBase<Derived>::pretty_print(std::ostream& stream) const {
  const std::string text = this->name();
  const std::string name = text.substr(0, text.size() - 4);  // without "Impl"
  stream << std::boolalpha << name << "(input_size=" << options_base.input_size()
         << ", hidden_size=" << options_base.hidden_size() << ", num_layers=" << options_base.num_layers()
         << ", bias=" << options_base.bias() << ", batch_first=" << options_base.batch_first()
         << ", dropout=" << options_base.dropout() << ", bidirectional=" << options_base.bidirectional();
  if (options_base.proj_size() > 0) stream << ", proj_size=" << options_base.proj_size();
  stream << ")";
}

template <class Derived>
std::tuple<Tensor, std::vector<Tensor>> RNNImplBase<Derived>::run(const Tensor& input_in,
                                                                  std::vector<Tensor> state) const {
  const RNNOptionsBase& o = options_base;
  TORCH_CHECK(input_in.dim() == 2 || input_in.dim() == 3, "input must have 2 or 3 dimensions, got ", input_in.dim());
  const bool batched = input_in.dim() == 3;
  Tensor x = batched ? input_in : input_in.unsqueeze(o.batch_first() ? 0 : 1);
  if (o.batch_first()) x = x.transpose(0, 1);
  TORCH_CHECK(x.size(-1) == o.input_size(), "input.size(-1) must be equal to input_size. Expected ", o.input_size(),
              ", got ", x.size(-1));
  const Step step(mode_name(o));
  const bool lstm = step.kind == Step::Kind::Lstm;
  const int64_t directions = o.bidirectional() ? 2 : 1, batch = x.size(1);
  const int64_t hidden = o.proj_size() > 0 ? o.proj_size() : o.hidden_size();
  if (state.empty()) {
    state.push_back(torch::zeros({o.num_layers() * directions, batch, hidden}, x.options()));
    if (lstm) state.push_back(torch::zeros({o.num_layers() * directions, batch, o.hidden_size()}, x.options()));
  } else {
    for (size_t i = 0; i < state.size(); i++) {
      if (!batched && state[i].dim() == 2) state[i] = state[i].unsqueeze(1);
      const std::vector<int64_t> want{o.num_layers() * directions, batch, i ? o.hidden_size() : hidden};
      TORCH_CHECK(state[i].sizes() == IntArrayRef(want), "Expected hidden", lstm ? (i ? "[1]" : "[0]") : "", " size ",
                  IntArrayRef(want), ", got ", state[i].sizes());
    }
  }
  const std::vector<Tensor> weights = all_weights();
  const size_t per = weights.size() / static_cast<size_t>(o.num_layers() * directions);
  std::vector<Tensor> last_h, last_c;
  for (int64_t layer = 0; layer < o.num_layers(); layer++) {
    std::vector<Tensor> outputs;
    for (int64_t direction = 0; direction < directions; direction++) {
      const int64_t index = layer * directions + direction;
      const Tensor* w = &weights[static_cast<size_t>(index) * per];
      const Tensor bias_ih = o.bias() ? w[2] : Tensor(), bias_hh = o.bias() ? w[3] : Tensor();
      const Tensor projection = o.proj_size() > 0 ? w[per - 1] : Tensor();
      Tensor h = state[0][index], c = lstm ? state[1][index] : Tensor();
      const std::vector<Tensor> inputs = linear_of(x, w[0], bias_ih).unbind(0);
      std::vector<Tensor> steps(inputs.size());
      for (size_t k = 0; k < inputs.size(); k++) {
        const size_t t = direction ? inputs.size() - 1 - k : k;
        h = step(inputs[t], linear_of(h, w[1], bias_hh), h, c);
        if (projection.defined()) h = linear_of(h, projection, {});
        steps[t] = h;
      }
      outputs.push_back(torch::stack(steps));
      last_h.push_back(h);
      if (lstm) last_c.push_back(c);
    }
    x = outputs.size() == 1 ? outputs[0] : torch::cat(outputs, -1);
    if (o.dropout() > 0 && this->is_training() && layer + 1 < o.num_layers()) x = torch::dropout(x, o.dropout(), true);
  }
  if (o.batch_first()) x = x.transpose(0, 1);
  std::vector<Tensor> final{torch::stack(last_h)};
  if (lstm) final.push_back(torch::stack(last_c));
  if (!batched) {
    x = x.squeeze(o.batch_first() ? 0 : 1);
    for (Tensor& t : final) t = t.squeeze(1);
  }
  return {x, final};
}

template class RNNImplBase<RNNImpl>;
template class RNNImplBase<LSTMImpl>;
template class RNNImplBase<GRUImpl>;

template <class Derived>
void RNNCellImplBase<Derived>::reset() {
  const RNNCellOptionsBase& o = options_base;
  const int64_t gates = o.num_chunks() * o.hidden_size();
  weight_ih = this->register_parameter("weight_ih", torch::empty({gates, o.input_size()}));
  weight_hh = this->register_parameter("weight_hh", torch::empty({gates, o.hidden_size()}));
  if (o.bias()) {
    bias_ih = this->register_parameter("bias_ih", torch::empty({gates}));
    bias_hh = this->register_parameter("bias_hh", torch::empty({gates}));
  } else {
    bias_ih = this->register_parameter("bias_ih", Tensor(), /*requires_grad=*/false);
    bias_hh = this->register_parameter("bias_hh", Tensor(), /*requires_grad=*/false);
  }
  reset_parameters();
}
template <class Derived>
void RNNCellImplBase<Derived>::reset_parameters() {
  const double bound = 1.0 / std::sqrt(static_cast<double>(options_base.hidden_size()));
  for (auto& w : this->parameters()) init::uniform_(w, -bound, bound);
}
template <class Derived>
void RNNCellImplBase<Derived>::pretty_print(std::ostream& stream) const {
  const std::string text = this->name();
  stream << std::boolalpha << text.substr(0, text.size() - 4) << "(" << options_base.input_size() << ", "
         << options_base.hidden_size();
  if (!options_base.bias()) stream << ", bias=" << options_base.bias();
  const std::string nonlinearity = nonlinearity_str();
  if (!nonlinearity.empty() && nonlinearity != "kTanh") stream << ", nonlinearity=" << nonlinearity;
  stream << ")";
}
template <class Derived>
void RNNCellImplBase<Derived>::check_input(const Tensor& input) const {
  TORCH_CHECK(input.size(-1) == options_base.input_size(), "input has inconsistent input_size: got ", input.size(-1),
              " expected ", options_base.input_size());
}
template <class Derived>
void RNNCellImplBase<Derived>::check_hidden(const Tensor& input, const Tensor& hx, const std::string& label) const {
  TORCH_CHECK(input.size(0) == hx.size(0) || hx.dim() == 1, "Input batch size ", input.size(0), " doesn't match hidden",
              label, " batch size ", hx.size(0));
  TORCH_CHECK(hx.size(-1) == options_base.hidden_size(), "hidden", label, " has inconsistent hidden_size: got ",
              hx.size(-1), ", expected ", options_base.hidden_size());
}
template class RNNCellImplBase<RNNCellImpl>;
template class RNNCellImplBase<LSTMCellImpl>;
template class RNNCellImplBase<GRUCellImpl>;

}  // namespace detail

namespace {
detail::RNNOptionsBase::rnn_options_base_mode_t rnn_mode(const RNNOptions& o) {
  if (c10::holds_alternative<enumtype::kReLU>(o.nonlinearity())) return torch::kRNN_RELU;
  return torch::kRNN_TANH;
}
std::vector<Tensor> list_of(Tensor hx) {
  return hx.defined() ? std::vector<Tensor>{std::move(hx)} : std::vector<Tensor>();
}
}  // namespace

RNNImpl::RNNImpl(const RNNOptions& o)
    : RNNImplBase(detail::RNNOptionsBase(rnn_mode(o), o.input_size(), o.hidden_size(), o.num_layers(), o.bias(),
                                         o.batch_first(), o.dropout(), o.bidirectional())),
      options(o) {}
std::tuple<Tensor, Tensor> RNNImpl::forward(const Tensor& input, Tensor hx) {
  auto [out, state] = run(input, list_of(std::move(hx)));
  return {out, state[0]};
}
LSTMImpl::LSTMImpl(const LSTMOptions& o)
    : RNNImplBase(detail::RNNOptionsBase(torch::kLSTM, o.input_size(), o.hidden_size(), o.num_layers(), o.bias(),
                                         o.batch_first(), o.dropout(), o.bidirectional(), o.proj_size())),
      options(o) {}
std::tuple<Tensor, std::tuple<Tensor, Tensor>> LSTMImpl::forward(const Tensor& input,
                                                                 c10::optional<std::tuple<Tensor, Tensor>> hx) {
  std::vector<Tensor> given;
  if (hx) given = {std::get<0>(*hx), std::get<1>(*hx)};
  auto [out, state] = run(input, std::move(given));
  return {out, std::make_tuple(state[0], state[1])};
}
GRUImpl::GRUImpl(const GRUOptions& o)
    : RNNImplBase(detail::RNNOptionsBase(torch::kGRU, o.input_size(), o.hidden_size(), o.num_layers(), o.bias(),
                                         o.batch_first(), o.dropout(), o.bidirectional())),
      options(o) {}
std::tuple<Tensor, Tensor> GRUImpl::forward(const Tensor& input, Tensor hx) {
  auto [out, state] = run(input, list_of(std::move(hx)));
  return {out, state[0]};
}

RNNCellImpl::RNNCellImpl(const RNNCellOptions& o)
    : RNNCellImplBase(detail::RNNCellOptionsBase(o.input_size(), o.hidden_size(), o.bias(), 1)), options(o) {}
std::string RNNCellImpl::nonlinearity_str() const { return enumtype::get_enum_name(options.nonlinearity()); }
Tensor RNNCellImpl::forward(const Tensor& input, Tensor hx) {
  check_input(input);
  if (!hx.defined()) hx = torch::zeros({input.size(0), options.hidden_size()}, input.options());
  check_hidden(input, hx, "");
  const Step step(c10::holds_alternative<enumtype::kReLU>(options.nonlinearity()) ? "kRNN_RELU" : "kRNN_TANH");
  Tensor none;
  return step(linear_of(input, weight_ih, bias_ih), linear_of(hx, weight_hh, bias_hh), hx, none);
}
LSTMCellImpl::LSTMCellImpl(const LSTMCellOptions& o)
    : RNNCellImplBase(detail::RNNCellOptionsBase(o.input_size(), o.hidden_size(), o.bias(), 4)), options(o) {}
std::tuple<Tensor, Tensor> LSTMCellImpl::forward(const Tensor& input, c10::optional<std::tuple<Tensor, Tensor>> hx) {
  check_input(input);
  Tensor h, c;
  if (hx) {
    std::tie(h, c) = *hx;
  } else {
    h = torch::zeros({input.size(0), options.hidden_size()}, input.options());
    c = h;
  }
  check_hidden(input, h, "[0]");
  check_hidden(input, c, "[1]");
  h = Step("kLSTM")(linear_of(input, weight_ih, bias_ih), linear_of(h, weight_hh, bias_hh), h, c);
  return {h, c};
}
GRUCellImpl::GRUCellImpl(const GRUCellOptions& o)
    : RNNCellImplBase(detail::RNNCellOptionsBase(o.input_size(), o.hidden_size(), o.bias(), 3)), options(o) {}
Tensor GRUCellImpl::forward(const Tensor& input, Tensor hx) {
  check_input(input);
  if (!hx.defined()) hx = torch::zeros({input.size(0), options.hidden_size()}, input.options());
  check_hidden(input, hx, "");
  Tensor none;
  return Step("kGRU")(linear_of(input, weight_ih, bias_ih), linear_of(hx, weight_hh, bias_hh), hx, none);
}

}  // namespace nn
}  // namespace torch

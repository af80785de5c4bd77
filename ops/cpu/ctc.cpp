// The connectionist temporal classification loss (Graves et al., 2006), in logarithms.
//
// A target of S labels is seen as 2S + 1 states, blanks between and around the labels. alpha[t][s] is the log
// probability of all paths that are in state s after step t; beta the same from the end. The gradient of a log
// probability is minus the share of the paths that use it, plus its own probability.
#include <cmath>
#include <limits>
#include <vector>

#include "ops/cpu/nn_kernels.h"
#include "ops/cpu/parallel.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

template <class T>
constexpr T kNever = -std::numeric_limits<T>::infinity();

template <class T>
T log_add(T a, T b) {
  const T top = a > b ? a : b;
  if (top == kNever<T>) return top;
  return top + std::log(std::exp(a - top) + std::exp(b - top));
}

/// Where each sample's labels are: a row of a matrix, or part of all labels one after another.
struct Targets {
  std::vector<int64_t> labels, offset;
  int64_t at(int64_t sample, int64_t i) const {
    return labels[static_cast<size_t>(offset[static_cast<size_t>(sample)] + i)];
  }
  /// The label of a state.
  int64_t state(int64_t sample, int64_t s, int64_t blank) const { return s % 2 == 0 ? blank : at(sample, s / 2); }
};

Targets read_targets(const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths, IntSpan target_lengths,
                     int64_t blank) {
  const int64_t steps = log_probs.sizes()[0], batch = log_probs.sizes()[1], classes = log_probs.sizes()[2];
  OPS_CHECK(targets.dtype() == DType::Int64 || targets.dtype() == DType::Int32, RuntimeError,
            "Expected tensor for argument #2 'targets' to have one of the following scalar types: Long, Int; but got ",
            info(targets.dtype()).cpp_name, " instead (while checking arguments for ctc_loss_cpu)");
  OPS_CHECK(blank >= 0 && blank < classes, RuntimeError, "blank must be in label range");
  OPS_CHECK(static_cast<int64_t>(input_lengths.size()) == batch, RuntimeError,
            "input_lengths must be of size batch_size");
  OPS_CHECK(static_cast<int64_t>(target_lengths.size()) == batch, RuntimeError,
            "target_lengths must be of size batch_size");
  Targets t;
  const Tensor labels = contiguous(to(targets, DType::Int64));
  t.labels.assign(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + labels.numel());
  int64_t position = 0, longest = 0;
  for (int64_t n : target_lengths) {
    OPS_CHECK(n >= 0, RuntimeError, "Expected target_lengths to have value at least ", 0, ", but got value ", n,
              " (while checking arguments for ctc_loss_cpu)");
    longest = std::max(longest, n);
  }
  if (targets.dim() == 1) {
    for (int64_t n : target_lengths) {
      t.offset.push_back(position);
      position += n;
    }
    OPS_CHECK(position == targets.numel(), RuntimeError, "Expected tensor to have size ", position,
              " at dimension 0, but got size ", targets.numel(),
              " for argument #2 'targets' (while checking arguments for ctc_loss_cpu)");
  } else {
    OPS_CHECK(targets.dim() == 2 && targets.sizes()[0] == batch, RuntimeError, "Expected tensor to have size ", batch,
              " at dimension 0, but got size ", targets.dim() ? targets.sizes()[0] : 0,
              " for argument #2 'targets' (while checking arguments for ctc_loss_cpu)");
    OPS_CHECK(targets.sizes()[1] >= longest, RuntimeError, "Expected tensor to have size at least ", longest,
              " at dimension 1, but got size ", targets.sizes()[1],
              " for argument #2 'targets' (while checking arguments for ctc_loss_cpu)");
    for (int64_t i = 0; i < batch; i++) t.offset.push_back(i * targets.sizes()[1]);
  }
  for (int64_t n : input_lengths)
    OPS_CHECK(n >= 0 && n <= steps, RuntimeError, "Expected input_lengths to have value at most ", steps,
              ", but got value ", n, " (while checking arguments for ctc_loss_cpu)");
  return t;
}

}  // namespace

Tensor tensor_of_ints(const Tensor& like, IntSpan values) {
  return from_data(values.data(), DType::Int64, {static_cast<int64_t>(values.size())}, like.dtype());
}

std::tuple<Tensor, Tensor> ctc_loss_forward(const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths,
                                            IntSpan target_lengths, int64_t blank) {
  const Targets t = read_targets(log_probs, targets, input_lengths, target_lengths, blank);
  const int64_t steps = log_probs.sizes()[0], batch = log_probs.sizes()[1], classes = log_probs.sizes()[2];
  int64_t longest = 0;
  for (int64_t n : target_lengths) longest = std::max(longest, n);
  const int64_t states = 2 * longest + 1;
  Tensor loss = ops::empty({batch}, log_probs.dtype()), alpha = ops::empty({batch, steps, states}, log_probs.dtype());
  const Tensor p = contiguous(log_probs);
  TSVM_DISPATCH(log_probs.dtype(), "ctc_loss_cpu", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  std::fill_n(alpha.data_ptr<T>(), alpha.numel(), kNever<T>);
                  parallel_for(batch, 1, [&](int64_t begin, int64_t end) {
                    for (int64_t b = begin; b < end; b++) {
                      const int64_t n = target_lengths[static_cast<size_t>(b)], count = 2 * n + 1,
                                    length = input_lengths[static_cast<size_t>(b)];
                      T* a = alpha.data_ptr<T>() + b * steps * states;
                      auto prob = [&](int64_t step, int64_t label) {
                        return p.data_ptr<T>()[(step * batch + b) * classes + label];
                      };
                      if (length > 0) {
                        a[0] = prob(0, blank);
                        if (n > 0) a[1] = prob(0, t.at(b, 0));
                      }
                      for (int64_t step = 1; step < length; step++)
                        for (int64_t s = 0; s < count; s++) {
                          const T* before = a + (step - 1) * states;
                          const int64_t label = t.state(b, s, blank);
                          T sum = before[s];
                          if (s > 0) sum = log_add(sum, before[s - 1]);
                          if (s > 1 && label != t.state(b, s - 2, blank)) sum = log_add(sum, before[s - 2]);
                          a[step * states + s] = sum + prob(step, label);
                        }
                      T total;
                      if (length == 0) {
                        total = n == 0 ? T(0) : kNever<T>;
                      } else {
                        const T* last = a + (length - 1) * states;
                        total = n > 0 ? log_add(last[count - 1], last[count - 2]) : last[0];
                      }
                      loss.data_ptr<T>()[b] = -total;
                    }
                  });
                }));
  return {loss, alpha};
}

Tensor ctc_loss_backward(const Tensor& grad, const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths,
                         IntSpan target_lengths, const Tensor& neg_log_likelihood, const Tensor& log_alpha,
                         int64_t blank, bool zero_infinity) {
  const Targets t = read_targets(log_probs, targets, input_lengths, target_lengths, blank);
  const int64_t steps = log_probs.sizes()[0], batch = log_probs.sizes()[1], classes = log_probs.sizes()[2];
  const int64_t states = log_alpha.sizes()[2];
  Tensor out = ops::empty(log_probs.sizes(), log_probs.dtype());
  zero_(out);
  const Tensor p = contiguous(log_probs), alphas = contiguous(log_alpha), g = contiguous(grad);
  TSVM_DISPATCH(log_probs.dtype(), "ctc_loss_backward_cpu", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  parallel_for(batch, 1, [&](int64_t begin, int64_t end) {
                    std::vector<T> beta(static_cast<size_t>(states)), next(static_cast<size_t>(states)),
                        share(static_cast<size_t>(classes));
                    for (int64_t b = begin; b < end; b++) {
                      const int64_t n = target_lengths[static_cast<size_t>(b)], count = 2 * n + 1,
                                    length = input_lengths[static_cast<size_t>(b)];
                      const T nll = neg_log_likelihood.data_ptr<T>()[b * neg_log_likelihood.strides()[0]];
                      if (zero_infinity && nll == std::numeric_limits<T>::infinity()) continue;
                      const T weight = g.data_ptr<T>()[b];
                      const T* a = alphas.data_ptr<T>() + b * steps * states;
                      for (int64_t step = length - 1; step >= 0; step--) {
                        const T* row = p.data_ptr<T>() + (step * batch + b) * classes;
                        for (int64_t s = 0; s < count; s++) {
                          const int64_t label = t.state(b, s, blank);
                          T sum;
                          if (step == length - 1) {
                            sum = s >= count - 2 ? T(0) : kNever<T>;
                          } else {
                            sum = next[static_cast<size_t>(s)];
                            if (s + 1 < count) sum = log_add(sum, next[static_cast<size_t>(s + 1)]);
                            if (s + 2 < count && label != t.state(b, s + 2, blank))
                              sum = log_add(sum, next[static_cast<size_t>(s + 2)]);
                          }
                          beta[static_cast<size_t>(s)] = sum + row[label];
                        }
                        std::fill(share.begin(), share.end(), kNever<T>);
                        for (int64_t s = 0; s < count; s++) {
                          T& v = share[static_cast<size_t>(t.state(b, s, blank))];
                          v = log_add(v, a[step * states + s] + beta[static_cast<size_t>(s)]);
                        }
                        T* to = out.data_ptr<T>() + (step * batch + b) * classes;
                        for (int64_t c = 0; c < classes; c++)
                          to[c] = (std::exp(row[c]) - std::exp(share[static_cast<size_t>(c)] + nll - row[c])) * weight;
                        std::swap(beta, next);
                      }
                    }
                  });
                }));
  return out;
}

}  // namespace tsvm::ops::cpu

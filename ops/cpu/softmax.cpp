// Softmax and log-softmax with their backward halves, and the negative log-likelihood loss.
//
// A line (the elements along the dimension) is done in three passes: its maximum, exp(x - maximum) in blocks through
// the vector loops, their sum. Lines that are not contiguous are done in blocks of neighbours. 16-bit types compute in
// float.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"
#include "ops/cpu/vector_math.h"

namespace tsvm::ops::cpu {
namespace {

/// A contiguous tensor as outer x n x inner around a dimension.
struct Lines {
  int64_t outer = 1, n = 1, inner = 1;
  Lines(const Tensor& t, int64_t dim) {
    for (int64_t d = 0; d < t.dim(); d++) (d < dim ? outer : d == dim ? n : inner) *= t.sizes()[d];
  }
};

constexpr int64_t kBlock = 1024;
constexpr int64_t kNeighbours = 64;

template <class T>
inline constexpr int kLanes = 128 / static_cast<int>(sizeof(T));

template <class T>
TSVM_INLINE inline T line_max(const T* x, int64_t n) {
  constexpr int kL = kLanes<T>;
  T lanes[kL];
  for (int l = 0; l < kL; l++) lanes[l] = -std::numeric_limits<T>::infinity();
  auto greater = [](T v, T best) TSVM_INLINE { return v > best || v != v ? v : best; };
  int64_t i = 0;
  for (; i + kL <= n; i += kL)
    for (int l = 0; l < kL; l++) lanes[l] = greater(x[i + l], lanes[l]);
  T best = lanes[0];
  for (int l = 1; l < kL; l++) best = greater(lanes[l], best);
  for (; i < n; i++) best = greater(x[i], best);
  return best;
}

/// Sum of f(i) in lanes.
template <class T, class F>
TSVM_INLINE inline T line_sum(int64_t n, const F& f) {
  constexpr int kL = kLanes<T>;
  T lanes[kL] = {};
  int64_t i = 0;
  for (; i + kL <= n; i += kL)
    for (int l = 0; l < kL; l++) lanes[l] += f(i + l);
  T sum = 0;
  for (; i < n; i++) sum += f(i);
  for (int width = kL / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++) lanes[l] += lanes[l + width];
  return sum + lanes[0];
}

template <class T>
void softmax_line(const T* x, T* y, int64_t n, bool log) {
  T top;
  vectorized([](const T* x, int64_t n, T* top) TSVM_INLINE { *top = line_max(x, n); }, x, n, &top);
  if (!log) {
    T sum;
    vectorized(
        [](const T* x, T* y, int64_t n, T top) TSVM_INLINE {
          for (int64_t i = 0; i < n; i++) y[i] = x[i] - top;
        },
        x, y, n, top);
    vector_exp(y, n);
    vectorized([](const T* y, int64_t n, T* sum)
                   TSVM_INLINE { *sum = line_sum<T>(n, [y](int64_t i) TSVM_INLINE { return y[i]; }); },
               static_cast<const T*>(y), n, &sum);
    vectorized(
        [](T* y, int64_t n, T sum) TSVM_INLINE {
          for (int64_t i = 0; i < n; i++) y[i] /= sum;
        },
        y, n, sum);
    return;
  }
  alignas(64) T block[kBlock];
  T sum = 0;
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t m = std::min(kBlock, n - first);
    vectorized(
        [](const T* x, T* y, int64_t n, T top) TSVM_INLINE {
          for (int64_t i = 0; i < n; i++) y[i] = x[i] - top;
        },
        x + first, static_cast<T*>(block), m, top);
    vector_exp(block, m);
    T part;
    vectorized([](const T* y, int64_t n, T* sum)
                   TSVM_INLINE { *sum = line_sum<T>(n, [y](int64_t i) TSVM_INLINE { return y[i]; }); },
               static_cast<const T*>(block), m, &part);
    sum += part;
  }
  vectorized(
      [](const T* x, T* y, int64_t n, T top, T log_sum) TSVM_INLINE {
        for (int64_t i = 0; i < n; i++) y[i] = x[i] - top - log_sum;
      },
      x, y, n, top, static_cast<T>(std::log(sum)));
}

/// `m` neighbouring lines, whose elements are `inner` apart.
template <class T>
void softmax_neighbours(const T* x, T* y, int64_t n, int64_t inner, int64_t m, bool log) {
  T top[kNeighbours], sum[kNeighbours], block[kNeighbours];
  std::copy(x, x + m, top);
  std::fill(sum, sum + m, T(0));
  for (int64_t i = 1; i < n; i++)
    for (int64_t c = 0; c < m; c++) {
      const T v = x[i * inner + c];
      top[c] = v > top[c] || v != v ? v : top[c];
    }
  for (int64_t i = 0; i < n; i++) {
    for (int64_t c = 0; c < m; c++) block[c] = x[i * inner + c] - top[c];
    vector_exp(block, m);
    for (int64_t c = 0; c < m; c++) sum[c] += block[c];
    if (!log) std::copy(block, block + m, y + i * inner);
  }
  if (log)
    for (int64_t c = 0; c < m; c++) sum[c] = std::log(sum[c]);
  for (int64_t i = 0; i < n; i++) {
    if (log)
      for (int64_t c = 0; c < m; c++) y[i * inner + c] = x[i * inner + c] - top[c] - sum[c];
    else
      for (int64_t c = 0; c < m; c++) y[i * inner + c] /= sum[c];
  }
}

/// f(first element, neighbours) for groups of lines, on threads.
template <class F>
void for_each_group(const Lines& s, const F& f) {
  if (s.outer * s.n * s.inner == 0) return;
  const int64_t groups = (s.inner + kNeighbours - 1) / kNeighbours;
  const int64_t width = std::min(kNeighbours, s.inner);
  parallel_for(s.outer * groups, std::max<int64_t>(1, kGrain / 4 / (s.n * width)), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t column = unit % groups * kNeighbours;
      f(unit / groups * s.n * s.inner + column, std::min(kNeighbours, s.inner - column));
    }
  });
}

Tensor softmax_of(const Tensor& self, int64_t dim, optional<DType> dtype, bool log) {
  const DType type = dtype.value_or(self.dtype());
  dim = wrap_dim(dim, self.dim());
  if (!is_floating(type) || type == DType::Float16)
    fail_dtype(log ? "log_softmax_lastdim_kernel_impl" : "softmax_lastdim_kernel_impl", type);
  if (type == DType::BFloat16) {
    // Rounded once, at the end.
    return to_copy(softmax_of(to_copy(self, DType::Float32), dim, {}, log), type);
  }
  const Tensor input = contiguous(to(self, type));
  Tensor out = ops::empty(self.sizes(), type, self.device());
  if (out.is_meta()) return out;
  const Lines s(input, dim);
  TSVM_DISPATCH(type, "softmax", TSVM_CASES_FLOAT({
                  const scalar_t* x = input.data_ptr<scalar_t>();
                  scalar_t* y = out.data_ptr<scalar_t>();
                  for_each_group(s, [&](int64_t at, int64_t m) {
                    if (s.inner == 1)
                      softmax_line(x + at, y + at, s.n, log);
                    else
                      softmax_neighbours(x + at, y + at, s.n, s.inner, m, log);
                  });
                }));
  return out;
}

Tensor softmax_backward_of(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype, bool log) {
  OPS_CHECK(grad_output.sizes() == output.sizes(), RuntimeError, "softmax backward: grad and output sizes differ");
  dim = wrap_dim(dim, output.dim());
  const DType type = grad_output.dtype();
  if (is_reduced_floating(type))
    return to_copy(softmax_backward_of(to_copy(grad_output, DType::Float32), to_copy(output, DType::Float32), dim,
                                       DType::Float32, log),
                   input_dtype);
  const Tensor grad = contiguous(grad_output), result = contiguous(output);
  Tensor out = ops::empty(output.sizes(), type, output.device());
  if (out.is_meta()) return to(out, input_dtype);
  const Lines s(result, dim);
  TSVM_DISPATCH(type, "softmax_backward", TSVM_CASES_FLOAT({
                  const scalar_t* g = grad.data_ptr<scalar_t>();
                  const scalar_t* r = result.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  for_each_group(s, [&](int64_t at, int64_t m) {
                    scalar_t sum[kNeighbours] = {};
                    if (s.inner == 1) {
                      const scalar_t* gl = g + at;
                      const scalar_t* rl = r + at;
                      sum[0] = log ? line_sum<scalar_t>(s.n, [gl](int64_t i) { return gl[i]; })
                                   : line_sum<scalar_t>(s.n, [gl, rl](int64_t i) { return gl[i] * rl[i]; });
                    } else {
                      for (int64_t i = 0; i < s.n; i++)
                        for (int64_t c = 0; c < m; c++) {
                          const int64_t k = at + i * s.inner + c;
                          sum[c] += log ? g[k] : g[k] * r[k];
                        }
                    }
                    if (log && s.inner == 1) {
                      std::copy(r + at, r + at + s.n, to + at);
                      vector_exp(to + at, s.n);
                      for (int64_t i = 0; i < s.n; i++) to[at + i] = g[at + i] - to[at + i] * sum[0];
                      return;
                    }
                    for (int64_t i = 0; i < s.n; i++) {
                      const int64_t first = at + i * s.inner;
                      if (log) {
                        std::copy(r + first, r + first + m, to + first);
                        vector_exp(to + first, m);
                        for (int64_t c = 0; c < m; c++) to[first + c] = g[first + c] - to[first + c] * sum[c];
                      } else {
                        for (int64_t c = 0; c < m; c++) to[first + c] = (g[first + c] - sum[c]) * r[first + c];
                      }
                    }
                  });
                }));
  return to(out, input_dtype);
}

}  // namespace

Tensor softmax(const Tensor& self, int64_t dim, optional<DType> dtype) { return softmax_of(self, dim, dtype, false); }
Tensor log_softmax(const Tensor& self, int64_t dim, optional<DType> dtype) {
  return softmax_of(self, dim, dtype, true);
}
Tensor softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype) {
  return softmax_backward_of(grad_output, output, dim, input_dtype, false);
}
Tensor log_softmax_backward_data(const Tensor& grad_output, const Tensor& output, int64_t dim, DType input_dtype) {
  return softmax_backward_of(grad_output, output, dim, input_dtype, true);
}

// --- negative log-likelihood ---

namespace {

enum Reduction : int64_t { kNone = 0, kMean = 1, kSum = 2 };

/// Input as (batch, classes, inner), whatever its dimensions.
struct LossShape {
  int64_t batch = 1, classes = 1, inner = 1;
  LossShape(const Tensor& self, const Tensor& target, const Tensor& weight) {
    const int64_t n = self.dim();
    OPS_CHECK(n >= 1, RuntimeError, "input tensor should be 1D or 2D");
    if (n <= 2) {
      OPS_CHECK(target.dim() <= 1, RuntimeError, "0D or 1D target tensor expected, multi-target not supported");
      OPS_CHECK((n == 1 && target.dim() == 0) || (n == 2 && target.dim() == 1 && self.sizes()[0] == target.sizes()[0]),
                RuntimeError, "size mismatch (got input: ", self.sizes(), ", target: ", target.sizes(), ")");
    } else {
      bool fits = target.dim() == n - 1 && target.sizes()[0] == self.sizes()[0];
      for (int64_t d = 2; fits && d < n; d++) fits = target.sizes()[d - 1] == self.sizes()[d];
      OPS_CHECK(fits, RuntimeError, "size mismatch (got input: ", self.sizes(), " , target: ", target.sizes());
    }
    OPS_CHECK(target.dtype() == DType::Int64 || target.dtype() == DType::UInt8, RuntimeError,
              "expected scalar type Long but found ", info(target.dtype()).cpp_name);
    classes = self.sizes()[n == 1 ? 0 : 1];
    if (n > 1) batch = self.sizes()[0];
    for (int64_t d = 2; d < n; d++) inner *= self.sizes()[d];
    OPS_CHECK(!weight.defined() || (weight.dim() == 1 && weight.numel() == classes), RuntimeError,
              "weight tensor should be defined either for all ", classes,
              " classes or no classes but got weight tensor of shape: ", weight.defined() ? weight.sizes() : IntSpan());
  }
};

int ceil_log2(int64_t n) { return n <= 1 ? 0 : 64 - __builtin_clzll(static_cast<uint64_t>(n - 1)); }

/// A running sum in eight levels, as PyTorch adds up losses.
template <class T>
class CascadeSum {
 public:
  explicit CascadeSum(int64_t n) : power_(std::max(4, ceil_log2(n) / kLevels)), mask_((int64_t{1} << power_) - 1) {}
  void add(T v) { sums_[0] += v; }
  /// After element i.
  void carry(int64_t i) {
    for (int j = 0; j + 1 < kLevels; j++) {
      if (i & (mask_ << (j * power_))) break;
      sums_[j + 1] += sums_[j];
      sums_[j] = 0;
    }
  }
  T total() const {
    T sum = 0;
    for (T s : sums_) sum += s;
    return sum;
  }

 private:
  static constexpr int kLevels = 8;
  int power_;
  int64_t mask_;
  T sums_[kLevels] = {};
};

int64_t checked_target(int64_t t, int64_t classes) {
  OPS_CHECK(t >= 0 && t < classes, IndexError, "Target ", t, " is out of bounds.");
  return t;
}

}  // namespace

std::tuple<Tensor, Tensor> nll_loss_forward(const Tensor& self, const Tensor& target, const Tensor& weight,
                                            int64_t reduction, int64_t ignore_index) {
  const LossShape s(self, target, weight);
  const bool each = reduction == kNone && self.dim() > 1;
  Tensor out = ops::empty(each ? target.sizes() : IntSpan(), self.dtype(), self.device());
  Tensor total = ops::empty({}, self.dtype(), self.device());
  if (is_complex(self.dtype()) || !is_floating(self.dtype()) || self.dtype() == DType::Float16)
    fail_dtype("nll_loss_out_frame", self.dtype());
  if (out.is_meta()) return {out, total};
  const Tensor x = contiguous(self), places = contiguous(to(target, DType::Int64));
  const Tensor w = weight.defined() ? contiguous(to(weight, self.dtype())) : Tensor();
  const int64_t* at = places.data_ptr<int64_t>();
  const int64_t n = s.batch * s.inner;
  TSVM_DISPATCH_FLOATING(self.dtype(), "nll_loss_out_frame", {
    using Acc = std::conditional_t<is_reduced_type<scalar_t>, float, scalar_t>;
    const scalar_t* data = x.data_ptr<scalar_t>();
    const scalar_t* weights = w.defined() ? w.data_ptr<scalar_t>() : nullptr;
    auto value = [&](int64_t i, int64_t t) {
      return static_cast<Acc>(data[(i / s.inner * s.classes + t) * s.inner + i % s.inner]);
    };
    if (each) {
      for (int64_t i = 0; i < n; i++) {
        Acc loss = 0;
        if (at[i] != ignore_index) {
          const int64_t t = checked_target(at[i], s.classes);
          loss = -value(i, t) * (weights ? static_cast<Acc>(weights[t]) : Acc(1));
        }
        out.data_ptr<scalar_t>()[i] = convert<scalar_t>(loss);
      }
      *total.data_ptr<scalar_t>() = convert<scalar_t>(0.0);
    } else {
      CascadeSum<Acc> loss(n), weight_sum(n);
      int64_t ignored = 0;
      for (int64_t i = 0; i < n; i++) {
        if (at[i] == ignore_index) {
          ignored++;
          continue;
        }
        const int64_t t = checked_target(at[i], s.classes);
        if (weights) {
          const Acc v = static_cast<Acc>(weights[t]);
          loss.add(-(value(i, t) * v));
          weight_sum.add(v);
        } else {
          loss.add(-value(i, t));
        }
        loss.carry(i);
        weight_sum.carry(i);
      }
      const Acc total_weight = weights ? weight_sum.total() : static_cast<Acc>(n - ignored);
      Acc result = loss.total();
      if (reduction == kMean) result /= total_weight;
      *out.data_ptr<scalar_t>() = convert<scalar_t>(result);
      *total.data_ptr<scalar_t>() = convert<scalar_t>(total_weight);
    }
  });
  return {out, total};
}

Tensor nll_loss_backward(const Tensor& grad_output, const Tensor& self, const Tensor& target, const Tensor& weight,
                         int64_t reduction, int64_t ignore_index, const Tensor& total_weight) {
  const LossShape s(self, target, weight);
  Tensor out = zeros(self.sizes(), self.dtype(), self.device());
  if (out.is_meta()) return out;
  const Tensor places = contiguous(to(target, DType::Int64)), grad = contiguous(grad_output);
  const Tensor w = weight.defined() ? contiguous(to(weight, self.dtype())) : Tensor();
  const int64_t* at = places.data_ptr<int64_t>();
  const bool each = reduction == kNone && self.dim() > 1;
  TSVM_DISPATCH_FLOATING(self.dtype(), "nll_loss_backward_out_frame", {
    using Acc = std::conditional_t<is_reduced_type<scalar_t>, float, scalar_t>;
    const scalar_t* g = grad.data_ptr<scalar_t>();
    const scalar_t* weights = w.defined() ? w.data_ptr<scalar_t>() : nullptr;
    const Acc total = static_cast<Acc>(*total_weight.data_ptr<scalar_t>());
    for (int64_t i = 0; i < s.batch * s.inner; i++) {
      if (at[i] == ignore_index) continue;
      const int64_t t = checked_target(at[i], s.classes);
      Acc v = -(weights ? static_cast<Acc>(weights[t]) : Acc(1)) * static_cast<Acc>(g[each ? i : 0]);
      if (reduction == kMean) v /= total;
      out.data_ptr<scalar_t>()[(i / s.inner * s.classes + t) * s.inner + i % s.inner] = convert<scalar_t>(v);
    }
  });
  return out;
}

}  // namespace tsvm::ops::cpu

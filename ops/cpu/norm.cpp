// Batch, layer and group normalisation with their backward halves.
//
// Batch normalisation sees its input as planes (N, C, L), or, when channels come last in memory, as rows of C columns.
// Layer and group normalisation see rows that are normalised one by one. Sums are taken in blocks: a block in float
// lanes, the blocks in double. Chunks depend on sizes only, so results do not depend on the number of threads.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/cpu/nn_kernels.h"
#include "ops/cpu/parallel.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

constexpr int64_t kBlock = 2048;

/// Two sums over i in [0, n): f(i, a, b) adds to a and b.
template <class T, class F>
TSVM_INLINE inline void block_sums(int64_t n, double* a, double* b, const F& f) {
  constexpr int kL = 64 / static_cast<int>(sizeof(T));
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t end = std::min(n, first + kBlock);
    T la[kL] = {}, lb[kL] = {};
    int64_t i = first;
    for (; i + kL <= end; i += kL)
      for (int l = 0; l < kL; l++) f(i + l, la[l], lb[l]);
    double sa = 0, sb = 0;
    for (int l = 0; l < kL; l++) sa += la[l], sb += lb[l];
    T ra = 0, rb = 0;
    for (; i < end; i++) f(i, ra, rb);
    *a += sa + ra;
    *b += sb + rb;
  }
}

/// Sum of x, or of (x - mean)^2.
template <class T>
void line_sum(const T* x, int64_t n, double* sum) {
  vectorized(
      [](const T* x, int64_t n, double* sum) TSVM_INLINE {
        double unused = 0;
        block_sums<T>(n, sum, &unused, [x](int64_t i, T& a, T&) TSVM_INLINE { a += x[i]; });
      },
      x, n, sum);
}
template <class T>
void line_square(const T* x, int64_t n, T mean, double* sum) {
  vectorized(
      [](const T* x, int64_t n, T mean, double* sum) TSVM_INLINE {
        double unused = 0;
        block_sums<T>(n, sum, &unused, [x, mean](int64_t i, T& a, T&) TSVM_INLINE {
          const T d = x[i] - mean;
          a += d * d;
        });
      },
      x, n, mean, sum);
}
/// Sums of g and of g * (x - mean).
template <class T>
void line_products(const T* g, const T* x, int64_t n, T mean, double* sum, double* product) {
  vectorized(
      [](const T* g, const T* x, int64_t n, T mean, double* sum, double* product) TSVM_INLINE {
        block_sums<T>(n, sum, product, [g, x, mean](int64_t i, T& a, T& b) TSVM_INLINE {
          a += g[i];
          b += g[i] * (x[i] - mean);
        });
      },
      g, x, n, mean, sum, product);
}
/// y = x * scale + shift.
template <class T>
void line_scale(const T* x, T* y, int64_t n, T scale, T shift) {
  vectorized(
      [](const T* x, T* y, int64_t n, T scale, T shift) TSVM_INLINE {
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale + shift;
      },
      x, y, n, scale, shift);
}
/// y = g * a + x * b + c.
template <class T>
void line_mix(const T* g, const T* x, T* y, int64_t n, T a, T b, T c) {
  vectorized(
      [](const T* g, const T* x, T* y, int64_t n, T a, T b, T c) TSVM_INLINE {
        for (int64_t i = 0; i < n; i++) y[i] = g[i] * a + (x[i] * b + c);
      },
      g, x, y, n, a, b, c);
}

int64_t grain_for(int64_t work) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)); }

struct Channels {
  int64_t n, c, l;
  bool last;  // channels are innermost in memory: rows() rows of c
  int64_t count() const { return n * l; }
};

Channels channels_of(const Tensor& t) {
  Channels s{t.sizes()[0], t.sizes()[1], 1, false};
  for (int64_t d = 2; d < t.dim(); d++) s.l *= t.sizes()[static_cast<size_t>(d)];
  const bool format =
      (t.dim() == 4 || t.dim() == 5) && !t.is_contiguous() && is_channels_last_contiguous(t.sizes(), t.strides());
  s.last = s.l == 1 || format;
  return s;
}
Tensor dense(const Tensor& t) {
  if ((t.dim() == 4 || t.dim() == 5) && is_channels_last_contiguous(t.sizes(), t.strides())) return t;
  return contiguous(t);
}
Tensor empty_as(const Tensor& t) { return ops::empty_strided(t.sizes(), t.strides(), t.dtype(), t.device()); }

/// For rows of c columns: add(row, sums) for chunks of rows, each with 2 * c doubles of its own, added up in order.
template <class F>
std::vector<double> column_sums(int64_t rows, int64_t c, const F& add) {
  const int64_t grain = grain_for(c), chunks = (rows + grain - 1) / std::max<int64_t>(grain, 1);
  const size_t width = static_cast<size_t>(2 * c);
  std::vector<double> all(width * static_cast<size_t>(std::max<int64_t>(chunks, 1)));
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    double* sums = all.data() + static_cast<size_t>(begin / grain) * width;
    for (int64_t r = begin; r < end; r++) add(r, sums);
  });
  for (int64_t k = 1; k < chunks; k++)
    for (size_t i = 0; i < width; i++) all[i] += all[static_cast<size_t>(k) * width + i];
  all.resize(width);
  return all;
}

/// Mean and mean squared deviation of each channel.
template <class T>
void channel_moments(const Channels& s, const T* x, T* mean, double* variance) {
  const double n = static_cast<double>(s.count());
  if (!s.last) {
    parallel_for(s.c, grain_for(s.count()), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; c++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < s.n; i++) line_sum(x + (i * s.c + c) * s.l, s.l, &sum);
        mean[c] = static_cast<T>(sum / n);
        for (int64_t i = 0; i < s.n; i++) line_square(x + (i * s.c + c) * s.l, s.l, mean[c], &square);
        variance[c] = square / n;
      }
    });
    return;
  }
  const std::vector<double> sums = column_sums(s.count(), s.c, [&](int64_t r, double* to) {
    for (int64_t c = 0; c < s.c; c++) to[c] += static_cast<double>(x[r * s.c + c]);
  });
  for (int64_t c = 0; c < s.c; c++) mean[c] = static_cast<T>(sums[static_cast<size_t>(c)] / n);
  const std::vector<double> squares = column_sums(s.count(), s.c, [&](int64_t r, double* to) {
    for (int64_t c = 0; c < s.c; c++) {
      const double d = static_cast<double>(x[r * s.c + c] - mean[c]);
      to[c] += d * d;
    }
  });
  for (int64_t c = 0; c < s.c; c++) variance[c] = squares[static_cast<size_t>(c)] / n;
}

template <class T>
void scale_channels(const Channels& s, const T* x, T* y, const T* scale, const T* shift) {
  if (!s.last) {
    parallel_for(s.n * s.c, grain_for(s.l), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) line_scale(x + p * s.l, y + p * s.l, s.l, scale[p % s.c], shift[p % s.c]);
    });
    return;
  }
  parallel_for(s.count(), grain_for(s.c), [&](int64_t begin, int64_t end) {
    vectorized(
        [](const T* x, T* y, int64_t rows, int64_t c, const T* scale, const T* shift) TSVM_INLINE {
          for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < c; i++) y[r * c + i] = x[r * c + i] * scale[i] + shift[i];
        },
        x + begin * s.c, y + begin * s.c, end - begin, s.c, scale, shift);
  });
}

template <class T>
const T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data_ptr<T>() : nullptr;
}

void check_channel_vector(const Tensor& t, int64_t c, const char* name) {
  OPS_CHECK(!t.defined() || t.numel() == c, RuntimeError, name, " should contain ", c, " elements not ", t.numel());
}

Tensor as_float(const Tensor& t) { return t.defined() ? to_copy(t, DType::Float32) : Tensor(); }

}  // namespace

std::tuple<Tensor, Tensor, Tensor> batch_norm_forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                                      const Tensor& running_mean, const Tensor& running_var,
                                                      bool training, double momentum, double eps) {
  if (input.dim() == 1 && input.numel() == 0) {
    const Tensor none = ops::empty({0}, input.dtype(), input.device());
    return {clone(input), none, none};
  }
  OPS_CHECK(input.dim() >= 2, RuntimeError, "expected 2D or more input (got ", input.dim(), "D input)");
  const int64_t channels = input.sizes()[1];
  const bool use_batch = training || !running_mean.defined() || !running_var.defined();
  OPS_CHECK(training || (running_mean.defined() && running_var.defined()), RuntimeError,
            "running_mean and running_var must be defined in evaluation mode");
  check_channel_vector(running_mean, channels, "running_mean");
  check_channel_vector(running_var, channels, "running_var");
  check_channel_vector(weight, channels, "weight");
  check_channel_vector(bias, channels, "bias");
  const DType type = input.dtype();
  if (type == DType::BFloat16) {
    Tensor mean = as_float(running_mean), var = as_float(running_var);
    auto [out, save_mean, save_invstd] =
        batch_norm_forward(as_float(input), as_float(weight), as_float(bias), mean, var, training, momentum, eps);
    if (running_mean.defined()) copy_(running_mean, mean);
    if (running_var.defined()) copy_(running_var, var);
    return {to_copy(out, type), to_copy(save_mean, type), to_copy(save_invstd, type)};
  }
  if (type != DType::Float32 && type != DType::Float64) fail_dtype("batch_norm", type);
  for (const Tensor* t : {&weight, &bias, &running_mean, &running_var})
    OPS_CHECK(!t->defined() || t->dtype() == type, RuntimeError, "expected scalar type ", info(type).cpp_name,
              " but found ", info(t->defined() ? t->dtype() : type).cpp_name);
  const Tensor x = dense(input);
  Tensor out = empty_as(x);
  const int64_t kept = use_batch ? channels : 0;
  Tensor save_mean = ops::empty({kept}, type, input.device()), save_invstd = ops::empty({kept}, type, input.device());
  if (out.is_meta()) return {out, save_mean, save_invstd};
  if (input.numel() == 0) {
    zero_(save_mean);
    zero_(save_invstd);
    return {out, save_mean, save_invstd};
  }
  const Channels s = channels_of(x);
  const Tensor w = weight.defined() ? contiguous(weight) : Tensor(), b = bias.defined() ? contiguous(bias) : Tensor();
  TSVM_DISPATCH(type, "batch_norm", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  const size_t n = static_cast<size_t>(channels);
                  std::vector<T> scale(n), shift(n), mean(n);
                  std::vector<double> variance(n);
                  if (use_batch) {
                    channel_moments(s, x.data_ptr<T>(), mean.data(), variance.data());
                    const double count = static_cast<double>(s.count());
                    // Running statistics are updated under any strides.
                    auto update = [&](const Tensor& running, auto value) {
                      if (!running.defined()) return;
                      T* to = running.data_ptr<T>();
                      const int64_t step = running.strides()[0];
                      for (size_t c = 0; c < n; c++) {
                        T& v = to[static_cast<int64_t>(c) * step];
                        v = static_cast<T>(momentum * value(c) + (1 - momentum) * static_cast<double>(v));
                      }
                    };
                    update(running_mean, [&](size_t c) { return static_cast<double>(mean[c]); });
                    update(running_var, [&](size_t c) { return variance[c] * (count / (count - 1)); });
                  } else {
                    for (size_t c = 0; c < n; c++) {
                      mean[c] = running_mean.data_ptr<T>()[static_cast<int64_t>(c) * running_mean.strides()[0]];
                      variance[c] = static_cast<double>(
                          running_var.data_ptr<T>()[static_cast<int64_t>(c) * running_var.strides()[0]]);
                    }
                  }
                  for (size_t c = 0; c < n; c++) {
                    const T invstd = static_cast<T>(1 / std::sqrt(variance[c] + eps));
                    if (use_batch) {
                      save_mean.data_ptr<T>()[c] = mean[c];
                      save_invstd.data_ptr<T>()[c] = invstd;
                    }
                    scale[c] = invstd * (w.defined() ? w.data_ptr<T>()[c] : T(1));
                    shift[c] = (b.defined() ? b.data_ptr<T>()[c] : T(0)) - mean[c] * scale[c];
                  }
                  scale_channels(s, x.data_ptr<T>(), out.data_ptr<T>(), scale.data(), shift.data());
                }));
  return {out, save_mean, save_invstd};
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_backward(const Tensor& grad_output, const Tensor& input,
                                                       const Tensor& weight, const Tensor& running_mean,
                                                       const Tensor& running_var, const Tensor& save_mean,
                                                       const Tensor& save_invstd, bool use_batch, double eps) {
  const DType type = input.dtype();
  if (type == DType::BFloat16) {
    auto [dx, dw, db] =
        batch_norm_backward(as_float(grad_output), as_float(input), as_float(weight), as_float(running_mean),
                            as_float(running_var), as_float(save_mean), as_float(save_invstd), use_batch, eps);
    return {to_copy(dx, type), to_copy(dw, type), to_copy(db, type)};
  }
  if (input.dim() < 2) {
    const Tensor none = ops::empty({0}, type, input.device());
    return {clone(input), none, none};
  }
  const Tensor x = dense(input);
  const Channels s = channels_of(x);
  Tensor g = grad_output;
  if (IntSpan(g.strides()) != IntSpan(x.strides())) {
    g = empty_as(x);
    if (!g.is_meta()) copy_(g, grad_output);
  }
  Tensor dx = empty_as(x), dw = ops::empty({s.c}, type, input.device()), db = ops::empty({s.c}, type, input.device());
  if (dx.is_meta()) return {dx, dw, db};
  if (x.numel() == 0) {
    zero_(dw);
    zero_(db);
    return {dx, dw, db};
  }
  const Tensor w = weight.defined() ? contiguous(weight) : Tensor();
  const Tensor center = contiguous(use_batch ? save_mean : running_mean);
  const Tensor spread = contiguous(use_batch ? save_invstd : running_var);
  TSVM_DISPATCH(
      type, "batch_norm_backward", TSVM_CASES_FLOAT({
        using T = scalar_t;
        const size_t n = static_cast<size_t>(s.c);
        const T* px = x.data_ptr<T>();
        const T* pg = g.data_ptr<T>();
        T* to = dx.data_ptr<T>();
        const T* mean = center.data_ptr<T>();
        std::vector<T> invstd(n), a(n), b(n), c(n);
        for (size_t i = 0; i < n; i++)
          invstd[i] = use_batch ? spread.data_ptr<T>()[i]
                                : static_cast<T>(1 / std::sqrt(static_cast<double>(spread.data_ptr<T>()[i]) + eps));
        // dx = g * a + x * b + c
        auto coefficients = [&](size_t i, double sum, double product) {
          db.data_ptr<T>()[i] = static_cast<T>(sum);
          dw.data_ptr<T>()[i] = static_cast<T>(product * static_cast<double>(invstd[i]));
          const double count = static_cast<double>(s.count()), inv = static_cast<double>(invstd[i]);
          const double scale = inv * (w.defined() ? static_cast<double>(w.data_ptr<T>()[i]) : 1.0);
          const double slope = use_batch ? -scale * product * inv * inv / count : 0.0;
          a[i] = static_cast<T>(scale);
          b[i] = static_cast<T>(slope);
          c[i] = static_cast<T>(use_batch ? -scale * sum / count - slope * static_cast<double>(mean[i]) : 0.0);
        };
        if (!s.last) {
          parallel_for(s.c, grain_for(s.count()), [&](int64_t begin, int64_t end) {
            for (int64_t ch = begin; ch < end; ch++) {
              double sum = 0, product = 0;
              for (int64_t i = 0; i < s.n; i++) {
                const int64_t at = (i * s.c + ch) * s.l;
                line_products(pg + at, px + at, s.l, mean[ch], &sum, &product);
              }
              const size_t k = static_cast<size_t>(ch);
              coefficients(k, sum, product);
              for (int64_t i = 0; i < s.n; i++) {
                const int64_t at = (i * s.c + ch) * s.l;
                line_mix(pg + at, px + at, to + at, s.l, a[k], b[k], c[k]);
              }
            }
          });
        } else {
          const std::vector<double> sums = column_sums(s.count(), s.c, [&](int64_t r, double* into) {
            for (int64_t ch = 0; ch < s.c; ch++) {
              const double gv = static_cast<double>(pg[r * s.c + ch]);
              into[ch] += gv;
              into[s.c + ch] += gv * static_cast<double>(px[r * s.c + ch] - mean[ch]);
            }
          });
          for (size_t i = 0; i < n; i++) coefficients(i, sums[i], sums[n + i]);
          parallel_for(s.count(), grain_for(s.c), [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++)
              for (int64_t ch = 0; ch < s.c; ch++) {
                const size_t k = static_cast<size_t>(ch);
                const int64_t at = r * s.c + ch;
                to[at] = pg[at] * a[k] + (px[at] * b[k] + c[k]);
              }
          });
        }
      }));
  return {dx, dw, db};
}

// --- rows
// -----------------------------------------------------------------------------------------------------------------

namespace {

struct Rows {
  int64_t rows, n;
};

template <class T>
void row_moments(const T* x, int64_t n, double eps, T* mean, T* rstd) {
  double sum = 0, square = 0;
  line_sum(x, n, &sum);
  *mean = static_cast<T>(sum / static_cast<double>(n));
  line_square(x, n, *mean, &square);
  *rstd = static_cast<T>(1 / std::sqrt(std::max(square, 0.0) / static_cast<double>(n) + eps));
}

template <class T>
void affine_row(const T* x, T* y, int64_t n, T mean, T rstd, const T* w, const T* b) {
  vectorized(
      [](const T* x, T* y, int64_t n, T mean, T rstd, const T* w, const T* b) TSVM_INLINE {
        if (w && b)
          for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * w[i] + b[i];
        else if (w)
          for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * w[i];
        else if (b)
          for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd + b[i];
        else
          for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd;
      },
      x, y, n, mean, rstd, w, b);
}

/// Sums of g * w and of g * w * (x - mean).
template <class T>
void weighted_products(const T* g, const T* x, const T* w, int64_t n, T mean, double* sum, double* product) {
  if (!w) return line_products(g, x, n, mean, sum, product);
  vectorized(
      [](const T* g, const T* x, const T* w, int64_t n, T mean, double* sum, double* product) TSVM_INLINE {
        block_sums<T>(n, sum, product, [g, x, w, mean](int64_t i, T& a, T& b) TSVM_INLINE {
          const T v = g[i] * w[i];
          a += v;
          b += v * (x[i] - mean);
        });
      },
      g, x, w, n, mean, sum, product);
}

Rows check_layer(const Tensor& input, IntSpan normalized_shape, const Tensor& weight, const Tensor& bias) {
  const size_t n = normalized_shape.size(), rank = static_cast<size_t>(input.dim());
  OPS_CHECK(n >= 1, RuntimeError,
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = ",
            normalized_shape);
  OPS_CHECK(!weight.defined() || weight.sizes() == normalized_shape, RuntimeError,
            "Expected weight to be of same shape as normalized_shape, but got weight of shape ",
            weight.defined() ? weight.sizes() : IntSpan(), " and normalized_shape = ", normalized_shape);
  OPS_CHECK(!bias.defined() || bias.sizes() == normalized_shape, RuntimeError,
            "Expected bias to be of same shape as normalized_shape, but got bias of shape ",
            bias.defined() ? bias.sizes() : IntSpan(), " and normalized_shape = ", normalized_shape);
  if (rank < n || IntSpan(input.sizes().last(n)) != normalized_shape) {
    std::string wanted = "[*";
    for (int64_t v : normalized_shape) wanted += ", " + std::to_string(v);
    fail(ErrorKind::RuntimeError, "Given normalized_shape=", normalized_shape, ", expected input with shape ", wanted,
         "], but got input of size", input.sizes());
  }
  return {numel_of(input.sizes().first(rank - n)), numel_of(normalized_shape)};
}

/// The leading sizes, then ones.
DimVector moment_sizes(IntSpan sizes, size_t normalized) {
  DimVector out(sizes);
  for (size_t i = sizes.size() - normalized; i < sizes.size(); i++) out[i] = 1;
  return out;
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> layer_norm_forward(const Tensor& input, IntSpan normalized_shape,
                                                      const Tensor& weight, const Tensor& bias, double eps) {
  const Rows s = check_layer(input, normalized_shape, weight, bias);
  const DType type = input.dtype();
  if (type == DType::BFloat16) {
    auto [out, mean, rstd] =
        layer_norm_forward(as_float(input), normalized_shape, as_float(weight), as_float(bias), eps);
    return {to_copy(out, type), to_copy(mean, type), to_copy(rstd, type)};
  }
  if (type != DType::Float32 && type != DType::Float64) fail_dtype("LayerNormKernelImpl", type);
  const DimVector moments = moment_sizes(input.sizes(), normalized_shape.size());
  const Tensor x = contiguous(input), w = weight.defined() ? contiguous(weight) : Tensor(),
               b = bias.defined() ? contiguous(bias) : Tensor();
  Tensor out = ops::empty(input.sizes(), type, input.device()), mean = ops::empty(moments, type, input.device()),
         rstd = ops::empty(moments, type, input.device());
  if (out.is_meta() || out.numel() == 0) return {out, mean, rstd};
  TSVM_DISPATCH(type, "LayerNormKernelImpl", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  const T* px = x.data_ptr<T>();
                  T* to = out.data_ptr<T>();
                  T *m = mean.data_ptr<T>(), *r = rstd.data_ptr<T>();
                  const T *pw = data_or_null<T>(w), *pb = data_or_null<T>(b);
                  parallel_for(s.rows, grain_for(s.n), [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; i++) {
                      row_moments(px + i * s.n, s.n, eps, m + i, r + i);
                      affine_row(px + i * s.n, to + i * s.n, s.n, m[i], r[i], pw, pb);
                    }
                  });
                }));
  return {out, mean, rstd};
}

std::tuple<Tensor, Tensor, Tensor> layer_norm_backward(const Tensor& grad_output, const Tensor& input,
                                                       IntSpan normalized_shape, const Tensor& mean, const Tensor& rstd,
                                                       const Tensor& weight) {
  const DType type = input.dtype();
  if (type == DType::BFloat16) {
    auto [dx, dw, db] = layer_norm_backward(as_float(grad_output), as_float(input), normalized_shape, as_float(mean),
                                            as_float(rstd), as_float(weight));
    return {to_copy(dx, type), to_copy(dw, type), to_copy(db, type)};
  }
  const Rows s = check_layer(input, normalized_shape, weight, Tensor());
  const Tensor x = contiguous(input), g = contiguous(grad_output), w = weight.defined() ? contiguous(weight) : Tensor();
  const Tensor m = contiguous(mean), r = contiguous(rstd);
  Tensor dx = ops::empty(input.sizes(), type, input.device()), dw = ops::empty(normalized_shape, type, input.device()),
         db = ops::empty(normalized_shape, type, input.device());
  if (dx.is_meta()) return {dx, dw, db};
  if (s.rows == 0 || s.n == 0) {
    zero_(dw);
    zero_(db);
    return {dx, dw, db};
  }
  TSVM_DISPATCH(type, "LayerNormBackwardKernelImpl", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  const T *px = x.data_ptr<T>(), *pg = g.data_ptr<T>(), *pm = m.data_ptr<T>(), *pr = r.data_ptr<T>();
                  const T* pw = data_or_null<T>(w);
                  T* to = dx.data_ptr<T>();
                  // Chunks of rows add to vectors of their own, in T; the chunks are added up in double.
                  const int64_t grain = grain_for(s.n), chunks = (s.rows + grain - 1) / grain;
                  std::vector<T> parts(static_cast<size_t>(2 * s.n * chunks));
                  parallel_for(s.rows, grain, [&](int64_t begin, int64_t end) {
                    T* sum_gx = parts.data() + begin / grain * 2 * s.n;
                    T* sum_g = sum_gx + s.n;
                    for (int64_t i = begin; i < end; i++) {
                      const T *gi = pg + i * s.n, *xi = px + i * s.n;
                      double sum = 0, product = 0;
                      weighted_products(gi, xi, pw, s.n, pm[i], &sum, &product);
                      const double inv = static_cast<double>(pr[i]), count = static_cast<double>(s.n);
                      const double slope = -product * inv * inv * inv / count;
                      const T a = pr[i], b = static_cast<T>(slope),
                              c = static_cast<T>(-sum * inv / count - slope * static_cast<double>(pm[i]));
                      vectorized(
                          [](const T* g, const T* x, const T* w, T* to, T* sum_gx, T* sum_g, int64_t n, T mean, T a,
                             T b, T c) TSVM_INLINE {
                            if (w)
                              for (int64_t k = 0; k < n; k++) {
                                to[k] = g[k] * w[k] * a + (x[k] * b + c);
                                sum_gx[k] += g[k] * ((x[k] - mean) * a);
                                sum_g[k] += g[k];
                              }
                            else
                              for (int64_t k = 0; k < n; k++) {
                                to[k] = g[k] * a + (x[k] * b + c);
                                sum_gx[k] += g[k] * ((x[k] - mean) * a);
                                sum_g[k] += g[k];
                              }
                          },
                          gi, xi, pw, to + i * s.n, sum_gx, sum_g, s.n, pm[i], a, b, c);
                    }
                  });
                  for (int64_t k = 0; k < s.n; k++) {
                    double gx = 0, sum = 0;
                    for (int64_t chunk = 0; chunk < chunks; chunk++) {
                      gx += static_cast<double>(parts[static_cast<size_t>(chunk * 2 * s.n + k)]);
                      sum += static_cast<double>(parts[static_cast<size_t>(chunk * 2 * s.n + s.n + k)]);
                    }
                    dw.data_ptr<T>()[k] = static_cast<T>(gx);
                    db.data_ptr<T>()[k] = static_cast<T>(sum);
                  }
                }));
  return {dx, dw, db};
}

std::tuple<Tensor, Tensor, Tensor> group_norm_forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                                      int64_t n, int64_t c, int64_t hw, int64_t groups, double eps) {
  OPS_CHECK(groups > 0 && c % groups == 0, RuntimeError,
            "Expected number of channels in input to be divisible by num_groups, ", "but got ", c,
            " channels and num_groups=", groups);
  OPS_CHECK(n * c * hw == input.numel() && (!weight.defined() || weight.numel() == c) &&
                (!bias.defined() || bias.numel() == c),
            RuntimeError, "native_group_norm: N, C and HxW do not match the tensors");
  const DType type = input.dtype();
  if (type == DType::BFloat16) {
    auto [out, mean, rstd] =
        group_norm_forward(as_float(input), as_float(weight), as_float(bias), n, c, hw, groups, eps);
    return {to_copy(out, type), to_copy(mean, type), to_copy(rstd, type)};
  }
  if (type != DType::Float32 && type != DType::Float64) fail_dtype("GroupNormKernelImpl", type);
  const Tensor x = contiguous(input), w = weight.defined() ? contiguous(weight) : Tensor(),
               b = bias.defined() ? contiguous(bias) : Tensor();
  Tensor out = ops::empty(input.sizes(), type, input.device()), mean = ops::empty({n, groups}, type, input.device()),
         rstd = ops::empty({n, groups}, type, input.device());
  if (out.is_meta() || out.numel() == 0) return {out, mean, rstd};
  const int64_t per_group = c / groups, row = per_group * hw;
  TSVM_DISPATCH(type, "GroupNormKernelImpl", TSVM_CASES_FLOAT({
                  using T = scalar_t;
                  const T* px = x.data_ptr<T>();
                  T* to = out.data_ptr<T>();
                  T *m = mean.data_ptr<T>(), *r = rstd.data_ptr<T>();
                  const T *pw = data_or_null<T>(w), *pb = data_or_null<T>(b);
                  parallel_for(n * groups, grain_for(row), [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; i++) {
                      row_moments(px + i * row, row, eps, m + i, r + i);
                      for (int64_t k = 0; k < per_group; k++) {
                        const int64_t channel = i % groups * per_group + k, at = i * row + k * hw;
                        const T scale = r[i] * (pw ? pw[channel] : T(1));
                        line_scale(px + at, to + at, hw, scale, (pb ? pb[channel] : T(0)) - m[i] * scale);
                      }
                    }
                  });
                }));
  return {out, mean, rstd};
}

}  // namespace tsvm::ops::cpu

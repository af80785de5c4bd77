// Extremes with the index where they stand, and scans along a dimension.
//
// Of equal extremes the first counts; the first NaN beats everything.
#include <cmath>
#include <limits>

#include "ops/cpu/element.h"
#include "ops/cpu/reduce.h"

namespace tsvm::ops::cpu {
namespace {

/// Whether b takes the place of a, which stands before it.
template <bool kLargest, class T>
TSVM_INLINE inline bool beats(T b, T a) {
  return (kLargest ? b > a : b < a) || (is_nan(b) && !is_nan(a));
}

/// What elements are compared as.
template <class T>
using Compared = std::conditional_t<is_reduced_type<T>, float, std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>>;

template <class T, bool kLargest>
TSVM_INLINE inline Compared<T> row_extreme(const T* x, int64_t n) {
  using V = Compared<T>;
  constexpr int kLanes = 128 / static_cast<int>(sizeof(V));
  V lanes[kLanes];
  for (int l = 0; l < kLanes; l++) lanes[l] = static_cast<V>(x[0]);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; l++) {
      const V v = static_cast<V>(x[i + l]);
      lanes[l] = (kLargest ? v > lanes[l] : v < lanes[l]) || is_nan(v) ? v : lanes[l];
    }
  }
  V best = lanes[0];
  for (int l = 1; l < kLanes; l++) best = beats<kLargest>(lanes[l], best) ? lanes[l] : best;
  for (; i < n; i++) {
    const V v = static_cast<V>(x[i]);
    best = beats<kLargest>(v, best) ? v : best;
  }
  return best;
}

/// The index of the extreme among n elements.
template <class T, bool kLargest>
int64_t find_extreme(const char* at, int64_t n, int64_t stride) {
  using V = Compared<T>;
  auto value = [&](int64_t i) { return static_cast<V>(*reinterpret_cast<const T*>(at + i * stride)); };
  if (stride == sizeof(T) && n >= 32) {
    V best;
    vectorized([](const T* x, int64_t n, V* best) TSVM_INLINE { *best = row_extreme<T, kLargest>(x, n); },
               reinterpret_cast<const T*>(at), n, &best);
    int64_t i = 0;
    if (is_nan(best))
      while (!is_nan(value(i))) i++;
    else
      while (!(value(i) == best)) i++;
    return i;
  }
  V best = value(0);
  int64_t index = 0;
  for (int64_t i = 1; i < n && !is_nan(best); i++) {
    if (beats<kLargest>(value(i), best)) {
      best = value(i);
      index = i;
    }
  }
  return index;
}

/// n neighbouring outputs, each over `count` places `stride` bytes apart.
template <class T, bool kLargest>
TSVM_INLINE inline void column_extremes(const char* at, int64_t n, int64_t count, int64_t stride, Compared<T>* best,
                                        int32_t* index) {
  using V = Compared<T>;
  const T* x = reinterpret_cast<const T*>(at);
  for (int64_t c = 0; c < n; c++) {
    best[c] = static_cast<V>(x[c]);
    index[c] = 0;
  }
  for (int64_t r = 1; r < count; r++) {
    x = reinterpret_cast<const T*>(at + r * stride);
    const int32_t row = static_cast<int32_t>(r);
    for (int64_t c = 0; c < n; c++) {
      const V v = static_cast<V>(x[c]);
      const bool better = beats<kLargest>(v, best[c]);
      best[c] = better ? v : best[c];
      index[c] = better ? row : index[c];
    }
  }
}

/// Values (if asked for) and indices of extremes along the one reduced dimension.
template <class T, bool kLargest>
void extremes_along(const ReducePlan& p, T* values, int64_t* indices) {
  if (p.outputs == 0) return;
  const int64_t stride = p.reduced > 0 ? p.reduced_stride[0] : 0;
  constexpr int64_t kColumns = 128;
  const bool columns = p.kept > 0 && p.kept_stride[0] == sizeof(T) && p.kept_size[0] >= 4 && p.reduced > 0 &&
                       stride != sizeof(T) && p.count < std::numeric_limits<int32_t>::max();
  const int64_t block = columns ? kColumns : 1, line = p.kept > 0 ? p.kept_size[0] : 1;
  const int64_t blocks = (line + block - 1) / block;
  const int64_t grain = std::max<int64_t>(1, kGrain / (p.count * std::min(block, line)));
  parallel_for(p.outputs / line * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t first = unit % blocks * block;
      const auto [at, number] = p.place(unit / blocks * line + first);
      if (!columns) {
        const int64_t i = find_extreme<T, kLargest>(at, p.count, stride);
        indices[number] = i;
        if (values) values[number] = *reinterpret_cast<const T*>(at + i * stride);
        continue;
      }
      const int64_t n = std::min(block, line - first);
      Compared<T> best[kColumns];
      int32_t index[kColumns];
      vectorized([](const char* at, int64_t n, int64_t count, int64_t stride, Compared<T>* best, int32_t* index)
                     TSVM_INLINE { column_extremes<T, kLargest>(at, n, count, stride, best, index); },
                 at, n, p.count, stride, static_cast<Compared<T>*>(best), static_cast<int32_t*>(index));
      for (int64_t c = 0; c < n; c++) {
        indices[number + c * p.kept_step[0]] = index[c];
        if (values) values[number + c * p.kept_step[0]] = convert<T>(best[c]);
      }
    }
  });
}

template <bool kLargest>
std::tuple<Tensor, Tensor> extreme_dim(const Tensor& self, int64_t dim, bool keepdim) {
  const char* what = kLargest ? "max" : "min";
  dim = wrap_dim(dim, self.dim());
  const DimMask mask(dim, self.dim(), false);
  OPS_CHECK(self.dim() == 0 || self.sizes()[dim] > 0, IndexError, what, "(): Expected reduction dim ", dim,
            " to have non-zero size.");
  OPS_CHECK(!is_complex(self.dtype()), RuntimeError, what, "(): does not support complex input");
  Tensor values = reduction_result(self, mask, keepdim, self.dtype());
  Tensor indices = reduction_result(self, mask, keepdim, DType::Int64);
  if (values.is_meta()) return {values, indices};
  const ReducePlan plan(self, mask);
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), kLargest ? "max_cpu" : "min_cpu", {
    extremes_along<scalar_t, kLargest>(plan, values.data_ptr<scalar_t>(), indices.data_ptr<int64_t>());
  });
  return {values, indices};
}

template <bool kLargest>
Tensor arg_extreme(const Tensor& self, optional<int64_t> dim, bool keepdim) {
  const char* what = kLargest ? "argmax" : "argmin";
  if (dim) {
    const int64_t d = wrap_dim(*dim, self.dim());
    OPS_CHECK(self.dim() == 0 || self.sizes()[d] > 0, IndexError, what, "(): Expected reduction dim ", d,
              " to have non-zero size.");
  } else {
    OPS_CHECK(self.numel() > 0, IndexError, what, "(): Expected reduction dim to be specified for input.numel() == 0.");
  }
  if (is_complex(self.dtype()) || self.dtype() == DType::Bool)
    fail_dtype(kLargest ? "argmax_cpu" : "argmin_cpu", self.dtype());
  const Tensor input = dim ? self : reshape(self, {-1});
  const DimMask mask(dim ? wrap_dim(*dim, self.dim()) : 0, input.dim(), false);
  Tensor out = dim ? reduction_result(self, mask, keepdim, DType::Int64)
                   : ops::empty(keepdim ? DimVector(static_cast<size_t>(self.dim()), 1) : DimVector(), DType::Int64,
                                self.device());
  if (out.is_meta()) return out;
  const ReducePlan plan(input, mask);
  TSVM_DISPATCH_REAL(self.dtype(), kLargest ? "argmax_cpu" : "argmin_cpu", {
    extremes_along<scalar_t, kLargest>(plan, static_cast<scalar_t*>(nullptr), out.data_ptr<int64_t>());
  });
  return out;
}

// --- scans ---

/// A contiguous tensor as outer x length x inner around a dimension.
struct ScanShape {
  int64_t outer = 1, length = 1, inner = 1;
  ScanShape(const Tensor& t, int64_t dim) {
    for (int64_t d = 0; d < t.dim(); d++) (d < dim ? outer : d == dim ? length : inner) *= t.sizes()[d];
  }
};

/// out[i] = step(out[i - 1], in[i]) along the dimension, with the running state in Acc.
template <class T, class Acc, class F>
void scan(const T* in, T* out, const ScanShape& s, Acc first, const F& step) {
  if (s.outer * s.length * s.inner == 0) return;
  constexpr int64_t kColumns = 64;
  const int64_t blocks = (s.inner + kColumns - 1) / kColumns;
  const int64_t width = std::min(kColumns, s.inner);
  parallel_for(s.outer * blocks, std::max<int64_t>(1, kGrain / (s.length * width)), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t column = unit % blocks * kColumns, n = std::min(kColumns, s.inner - column);
      const int64_t start = unit / blocks * s.length * s.inner + column;
      if (n == 1) {
        Acc acc = first;
        for (int64_t i = 0; i < s.length; i++) {
          acc = step(acc, in[start + i * s.inner]);
          out[start + i * s.inner] = convert<T>(acc);
        }
        continue;
      }
      Acc acc[kColumns];
      for (int64_t c = 0; c < n; c++) acc[c] = first;
      for (int64_t i = 0; i < s.length; i++) {
        const T* x = in + start + i * s.inner;
        T* y = out + start + i * s.inner;
        for (int64_t c = 0; c < n; c++) {
          acc[c] = step(acc[c], x[c]);
          y[c] = convert<T>(acc[c]);
        }
      }
    }
  });
}

/// Floats are added up in double, integers wrap.
template <class T>
using ScanAcc = std::conditional_t<std::is_integral_v<T>, uint64_t,
                                   std::conditional_t<is_complex_type<T>, std::complex<double>, double>>;

template <class T>
ScanAcc<T> scan_value(T v) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<uint64_t>(static_cast<int64_t>(v));
  else
    return convert<ScanAcc<T>>(v);
}

DType scan_dtype(const Tensor& self, optional<DType> dtype) {
  return dtype ? *dtype : is_integral_or_bool(self.dtype()) ? DType::Int64 : self.dtype();
}

template <bool kLargest>
std::tuple<Tensor, Tensor> scan_extreme(const Tensor& self, int64_t dim) {
  dim = wrap_dim(dim, self.dim());
  const Tensor input = contiguous(self);
  Tensor values = ops::empty(self.sizes(), self.dtype(), self.device());
  Tensor indices = ops::empty(self.sizes(), DType::Int64, self.device());
  if (values.is_meta()) return {values, indices};
  const ScanShape s(input, dim);
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), kLargest ? "cummax_cpu" : "cummin_cpu", {
    const scalar_t* x = input.data_ptr<scalar_t>();
    scalar_t* v = values.data_ptr<scalar_t>();
    int64_t* at = indices.data_ptr<int64_t>();
    for (int64_t o = 0; o < s.outer && s.length > 0; o++) {
      for (int64_t c = 0; c < s.inner; c++) {
        const int64_t start = o * s.length * s.inner + c;
        scalar_t best = x[start];
        int64_t index = 0;
        for (int64_t i = 0; i < s.length; i++) {
          const scalar_t w = x[start + i * s.inner];
          // The latest of equal values.
          if (is_nan(w) || (!is_nan(best) && (kLargest ? w >= best : w <= best))) {
            best = w;
            index = i;
          }
          v[start + i * s.inner] = best;
          at[start + i * s.inner] = index;
        }
      }
    }
  });
  return {values, indices};
}

}  // namespace

std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim<true>(self, dim, keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim<false>(self, dim, keepdim);
}
Tensor argmax(const Tensor& self, optional<int64_t> dim, bool keepdim) { return arg_extreme<true>(self, dim, keepdim); }
Tensor argmin(const Tensor& self, optional<int64_t> dim, bool keepdim) {
  return arg_extreme<false>(self, dim, keepdim);
}

Tensor cumsum(const Tensor& self, int64_t dim, optional<DType> dtype) {
  dim = wrap_dim(dim, self.dim());
  const DType type = scan_dtype(self, dtype);
  if (is_bool(type) || type == DType::Float16) fail_dtype("cumsum_out_cpu", type);
  const Tensor input = contiguous(to(self, type));
  Tensor out = ops::empty(self.sizes(), type, self.device());
  if (out.is_meta()) return out;
  TSVM_DISPATCH_ALL(type, "cumsum_out_cpu", {
    scan(input.data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), ScanShape(input, dim), ScanAcc<scalar_t>(),
         [](ScanAcc<scalar_t> a, scalar_t v) { return a + scan_value(v); });
  });
  return out;
}

Tensor cumprod(const Tensor& self, int64_t dim, optional<DType> dtype) {
  dim = wrap_dim(dim, self.dim());
  const DType type = scan_dtype(self, dtype);
  if (is_bool(type) || type == DType::Float16) fail_dtype("cumprod_out_cpu", type);
  const Tensor input = contiguous(to(self, type));
  Tensor out = ops::empty(self.sizes(), type, self.device());
  if (out.is_meta()) return out;
  TSVM_DISPATCH_ALL(type, "cumprod_out_cpu", {
    using Acc = ScanAcc<scalar_t>;
    scan(input.data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), ScanShape(input, dim), Acc(1), [](Acc a, scalar_t v) {
      const Acc b = scan_value(v);
      return product(a, b);
    });
  });
  return out;
}

std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim) { return scan_extreme<true>(self, dim); }
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim) { return scan_extreme<false>(self, dim); }

Tensor logcumsumexp(const Tensor& self, int64_t dim) {
  dim = wrap_dim(dim, self.dim());
  const Tensor input = contiguous(self);
  Tensor out = ops::empty(self.sizes(), self.dtype(), self.device());
  TSVM_DISPATCH_FLOATING(self.dtype(), "logcumsumexp_out_cpu", {
    if (out.is_meta()) return out;
    scan(input.data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), ScanShape(input, dim), -HUGE_VAL,
         [](double a, scalar_t w) {
           const double v = static_cast<double>(w);
           const double low = v < a || v != v ? v : a, high = v < a || v != v ? a : v;
           // Equal infinities: their difference is no number.
           if (low == high && std::isinf(low)) return low;
           return low != low || high != high ? NAN : std::log1p(std::exp(low - high)) + high;
         });
  });
  return out;
}

}  // namespace tsvm::ops::cpu

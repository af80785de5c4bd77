// Reductions other than sums: products, extremes, logic, norms, variances, logsumexp.
#include "ops/cpu/reduce.h"

#include <cmath>
#include <limits>

#include "ops/cpu/element.h"
#include "ops/cpu/vector_math.h"

namespace tsvm::ops::cpu {

DimMask::DimMask(IntSpan dims, int64_t ndim, bool empty_means_all) : flags_(static_cast<size_t>(ndim)) {
  if (dims.empty() && empty_means_all) {
    for (auto& f : flags_) f = 1;
    return;
  }
  for (int64_t d : dims) {
    const int64_t i = wrap_dim(d, ndim);
    if (ndim == 0) continue;
    OPS_CHECK(!flags_[static_cast<size_t>(i)], RuntimeError, "dim ", i, " appears multiple times in the list of dims");
    flags_[static_cast<size_t>(i)] = 1;
  }
}

DimVector DimMask::shape(IntSpan sizes, bool keepdim) const {
  DimVector out;
  for (size_t d = 0; d < sizes.size(); d++) {
    if (!flags_[d])
      out.push_back(sizes[d]);
    else if (keepdim)
      out.push_back(1);
  }
  return out;
}

int64_t DimMask::count(IntSpan sizes) const {
  int64_t n = 1;
  for (size_t d = 0; d < sizes.size(); d++)
    if (flags_[d]) n *= sizes[d];
  return n;
}

ReducePlan::ReducePlan(const Tensor& self, const DimMask& mask) : in(static_cast<const char*>(self.data())) {
  const int64_t ndim = self.dim();
  OPS_CHECK(ndim <= kMaxLoopDims, RuntimeError, "tensors with more than ", kMaxLoopDims,
            " dimensions are not supported");
  const int64_t item = static_cast<int64_t>(self.itemsize());
  int64_t step = 1;
  for (int64_t d = ndim; d-- > 0;) {
    const int64_t size = self.sizes()[d], stride = self.strides()[d] * item;
    (mask[d] ? count : outputs) *= size;
    if (mask[d] && size != 1) {
      // Insert by stride, smallest first; equal strides keep their order.
      int at = reduced++;
      for (; at > 0 && reduced_stride[at - 1] > stride && stride != 0; at--) {
        reduced_size[at] = reduced_size[at - 1];
        reduced_stride[at] = reduced_stride[at - 1];
      }
      reduced_size[at] = size;
      reduced_stride[at] = stride;
    } else if (!mask[d]) {
      if (size != 1) {
        int at = kept++;
        for (; at > 0 && kept_stride[at - 1] > stride && stride != 0; at--) {
          kept_size[at] = kept_size[at - 1];
          kept_stride[at] = kept_stride[at - 1];
          kept_step[at] = kept_step[at - 1];
        }
        kept_size[at] = size;
        kept_stride[at] = stride;
        kept_step[at] = step;
      }
      step *= size;
    }
  }
  auto join_reduced = [&] {
    int last = 0;
    for (int d = 1; d < reduced; d++) {
      if (reduced_stride[d] == reduced_size[last] * reduced_stride[last]) {
        reduced_size[last] *= reduced_size[d];
      } else {
        last++;
        reduced_size[last] = reduced_size[d];
        reduced_stride[last] = reduced_stride[d];
      }
    }
    if (reduced > 0) reduced = last + 1;
  };
  auto join_kept = [&] {
    int last = 0;
    for (int d = 1; d < kept; d++) {
      if (kept_stride[d] == kept_size[last] * kept_stride[last] && kept_step[d] == kept_size[last] * kept_step[last]) {
        kept_size[last] *= kept_size[d];
      } else {
        last++;
        kept_size[last] = kept_size[d];
        kept_stride[last] = kept_stride[d];
        kept_step[last] = kept_step[d];
      }
    }
    if (kept > 0) kept = last + 1;
  };
  join_reduced();
  join_kept();
}

Tensor reduction_result(const Tensor& self, const DimMask& mask, bool keepdim, DType dtype) {
  return ops::empty(mask.shape(self.sizes(), keepdim), dtype, self.device());
}

namespace {

/// What products are multiplied up in.
template <class T>
using ProductAcc =
    std::conditional_t<std::is_integral_v<T>, uint64_t, std::conditional_t<is_reduced_type<T>, float, T>>;

template <class T>
struct Prod {
  using In = T;
  using Acc = ProductAcc<T>;
  using Out = std::conditional_t<std::is_integral_v<T>, int64_t, T>;
  static TSVM_INLINE Acc start(int64_t) { return Acc(1); }
  static TSVM_INLINE void merge(Acc& a, Acc b) { a = product(a, b); }
  static TSVM_INLINE void step(Acc& a, T v) {
    if constexpr (std::is_integral_v<T>)
      a *= static_cast<uint64_t>(static_cast<int64_t>(v));
    else
      merge(a, static_cast<Acc>(v));
  }
  static Out finish(Acc a, int64_t) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<int64_t>(a);
    else
      return convert<T>(a);
  }
};

/// The largest (or smallest) value; NaN if there is one.
template <class T, bool kLargest>
struct Extreme {
  using In = T;
  using Acc = std::conditional_t<is_reduced_type<T>, float, std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>>;
  using Out = T;
  static TSVM_INLINE Acc start(int64_t) {
    using L = std::numeric_limits<Acc>;
    if constexpr (std::is_floating_point_v<Acc>) return kLargest ? -L::infinity() : L::infinity();
    return kLargest ? L::lowest() : L::max();
  }
  static TSVM_INLINE void merge(Acc& a, Acc b) {
    const bool better = kLargest ? b > a : b < a;
    a = better || is_nan(b) ? b : a;
  }
  static TSVM_INLINE void step(Acc& a, T v) { merge(a, static_cast<Acc>(v)); }
  static T finish(Acc a, int64_t) { return convert<T>(a); }
};

template <class T>
inline bool is_nonzero(T v) {
  return convert<bool>(v);
}

template <class T, bool kAll, class R>
struct Logic {
  using In = T;
  using Acc = uint8_t;
  using Out = R;
  static TSVM_INLINE Acc start(int64_t) { return kAll; }
  static TSVM_INLINE void merge(Acc& a, Acc b) { a = kAll ? a & b : a | b; }
  static TSVM_INLINE void step(Acc& a, T v) { merge(a, is_nonzero(v)); }
  static R finish(Acc a, int64_t) { return static_cast<R>(a); }
};

template <class T>
struct CountNonzero {
  using In = T;
  using Acc = int64_t;
  using Out = int64_t;
  static TSVM_INLINE Acc start(int64_t) { return 0; }
  static TSVM_INLINE void merge(Acc& a, Acc b) { a += b; }
  static TSVM_INLINE void step(Acc& a, T v) { a += is_nonzero(v); }
  static int64_t finish(Acc a, int64_t) { return a; }
};

template <class T>
struct RealOf {
  using type = T;
};
template <class R>
struct RealOf<std::complex<R>> {
  using type = R;
};

template <class T>
inline double magnitude(T v) {
  if constexpr (is_complex_type<T>)
    return std::hypot(static_cast<double>(v.real()), static_cast<double>(v.imag()));
  else
    return std::fabs(static_cast<double>(v));
}

/// Norms are added up in double.
enum class NormKind { Zero, One, Two, Inf, NegInf, General };

template <class T, NormKind kKind>
struct Norm {
  using In = T;
  using Acc = double;
  using Out = typename RealOf<T>::type;
  double p = 0;
  static TSVM_INLINE Acc start(int64_t) { return kKind == NormKind::NegInf ? HUGE_VAL : 0.0; }
  static TSVM_INLINE void merge(Acc& a, Acc b) {
    if constexpr (kKind == NormKind::Inf)
      a = b > a || b != b ? b : a;
    else if constexpr (kKind == NormKind::NegInf)
      a = b < a || b != b ? b : a;
    else
      a += b;
  }
  TSVM_INLINE void step(Acc& a, T v) const {
    if constexpr (kKind == NormKind::Zero) {
      a += is_nonzero(v);
    } else if constexpr (kKind == NormKind::Two) {
      if constexpr (is_complex_type<T>) {
        const double x = v.real(), y = v.imag();
        a += x * x + y * y;
      } else {
        const double x = static_cast<double>(v);
        a += x * x;
      }
    } else if constexpr (kKind == NormKind::General) {
      a += std::pow(magnitude(v), p);
    } else {
      merge(a, magnitude(v));
    }
  }
  Out finish(Acc a, int64_t) const {
    if constexpr (kKind == NormKind::Two) a = std::sqrt(a);
    if constexpr (kKind == NormKind::General) a = std::pow(a, 1 / p);
    return convert<Out>(a);
  }
};

/// Mean in double: the first pass of a variance.
template <class T>
struct DoubleMean {
  using In = T;
  using Acc = double;
  using Out = double;
  static TSVM_INLINE Acc start(int64_t) { return 0; }
  static TSVM_INLINE void merge(Acc& a, Acc b) { a += b; }
  static TSVM_INLINE void step(Acc& a, T v) { a += static_cast<double>(v); }
  static double finish(Acc a, int64_t n) { return a / static_cast<double>(n); }
};

/// Sum of squared distances from the means: the second pass.
template <class T>
struct Spread {
  struct Acc {
    double mean, sum;
  };
  using In = T;
  using Out = double;
  const double* means;
  TSVM_INLINE Acc start(int64_t output) const { return {means[output], 0}; }
  static TSVM_INLINE void merge(Acc& a, Acc b) { a.sum += b.sum; }
  static TSVM_INLINE void step(Acc& a, T v) {
    const double d = static_cast<double>(v) - a.mean;
    a.sum += d * d;
  }
  static double finish(Acc a, int64_t) { return a.sum; }
};

void check_nonempty(const Tensor& self, const DimMask& mask, const char* what, bool dims_given) {
  if (self.numel() > 0) return;
  OPS_CHECK(
      dims_given, RuntimeError, what,
      "(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' "
      "argument.");
  for (int64_t d = 0; d < self.dim(); d++)
    OPS_CHECK(!mask[d] || self.sizes()[d] != 0, IndexError, what, "(): Expected reduction dim ", d,
              " to have non-zero size.");
}

template <bool kLargest>
Tensor extreme(const Tensor& self, IntSpan dim, bool keepdim, const char* what, const char* kernel) {
  const DimMask mask(dim, self.dim());
  check_nonempty(self, mask, what, !dim.empty());
  Tensor out = reduction_result(self, mask, keepdim, self.dtype());
  if (is_complex(self.dtype())) fail_dtype(kernel, self.dtype());
  if (out.is_meta()) return out;
  const ReducePlan plan(self, mask);
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), kernel,
                          { run_reduction(Extreme<scalar_t, kLargest>(), plan, out.data_ptr<scalar_t>()); });
  return out;
}

template <bool kAll>
Tensor logic(const Tensor& self, const DimMask& mask, bool keepdim) {
  const bool bytes = self.dtype() == DType::UInt8;
  Tensor out = reduction_result(self, mask, keepdim, bytes ? DType::UInt8 : DType::Bool);
  if (out.is_meta()) return out;
  const ReducePlan plan(self, mask);
  TSVM_DISPATCH_ALL(self.dtype(), kAll ? "all" : "any", {
    if (bytes)
      run_reduction(Logic<scalar_t, kAll, uint8_t>(), plan, out.data_ptr<uint8_t>());
    else
      run_reduction(Logic<scalar_t, kAll, bool>(), plan, out.data_ptr<bool>());
  });
  return out;
}

}  // namespace

Tensor prod(const Tensor& self, optional<DType> dtype) {
  Tensor flat = contiguous(self);
  return prod(view(flat, {-1}), 0, false, dtype);
}

Tensor prod(const Tensor& self, int64_t dim, bool keepdim, optional<DType> dtype) {
  const DimMask mask(dim, self.dim(), false);
  const DType type = dtype ? *dtype : is_integral_or_bool(self.dtype()) ? DType::Int64 : self.dtype();
  if (type == DType::Float16) fail_dtype("prod_cpu", type);
  const bool integers = is_integral(type) && is_integral_or_bool(self.dtype());
  const Tensor input = integers || type == self.dtype() ? self : to_copy(self, type);
  Tensor out = reduction_result(self, mask, keepdim, integers || type == DType::Bool ? DType::Int64 : type);
  if (!out.is_meta()) {
    const ReducePlan plan(input, mask);
    TSVM_DISPATCH_ALL(input.dtype(), "prod_cpu",
                      { run_reduction(Prod<scalar_t>(), plan, out.data_ptr<typename Prod<scalar_t>::Out>()); });
  }
  return out.dtype() == type ? out : to_copy(out, type);
}

Tensor amax(const Tensor& self, IntSpan dim, bool keepdim) {
  return extreme<true>(self, dim, keepdim, "amax", "max_values_cpu");
}
Tensor amin(const Tensor& self, IntSpan dim, bool keepdim) {
  return extreme<false>(self, dim, keepdim, "amin", "min_values_cpu");
}
Tensor max(const Tensor& self) { return extreme<true>(self, {}, false, "max", "max_all"); }
Tensor min(const Tensor& self) { return extreme<false>(self, {}, false, "min", "min_all"); }

std::tuple<Tensor, Tensor> aminmax(const Tensor& self, optional<int64_t> dim, bool keepdim) {
  const IntSpan dims = dim ? IntSpan(*dim) : IntSpan();
  if (dim && self.dim() == 0 && keepdim) {
    wrap_dim(*dim, 0);
    return {clone(unsqueeze(self, 0)), clone(unsqueeze(self, 0))};
  }
  return {extreme<false>(self, dims, keepdim, "aminmax", "aminmax"),
          extreme<true>(self, dims, keepdim, "aminmax", "aminmax")};
}

Tensor any(const Tensor& self) { return logic<false>(self, DimMask({}, self.dim()), false); }
Tensor all(const Tensor& self) { return logic<true>(self, DimMask({}, self.dim()), false); }
Tensor any(const Tensor& self, int64_t dim, bool keepdim) {
  return logic<false>(self, DimMask(dim, self.dim(), false), keepdim);
}
Tensor all(const Tensor& self, int64_t dim, bool keepdim) {
  return logic<true>(self, DimMask(dim, self.dim(), false), keepdim);
}

Tensor count_nonzero(const Tensor& self, IntSpan dim) {
  const DimMask mask(dim, self.dim());
  Tensor out = reduction_result(self, mask, false, DType::Int64);
  if (out.is_meta()) return out;
  const ReducePlan plan(self, mask);
  TSVM_DISPATCH_ALL(self.dtype(), "count_nonzero_cpu",
                    run_reduction(CountNonzero<scalar_t>(), plan, out.data_ptr<int64_t>()));
  return out;
}

Tensor vector_norm(const Tensor& self, double ord, optional<IntSpan> dim, bool keepdim, optional<DType> dtype) {
  const Tensor input = dtype && *dtype != self.dtype() ? to_copy(self, *dtype) : self;
  const DimMask mask(dim.value_or(IntSpan()), input.dim());
  if (input.numel() == 0 && (ord < 0 || std::isinf(ord))) {
    for (int64_t d = 0; d < input.dim(); d++)
      OPS_CHECK(!mask[d] || input.sizes()[d] != 0, RuntimeError, "linalg.vector_norm cannot compute the ",
                std::isinf(ord) ? concat(ord) : concat(ord), " norm on ",
                dim && !dim->empty() ? "the dimension " + std::to_string(d) +
                                           " because this dimension is empty and the "
                                           "operation does not have an identity"
                                     : std::string("an empty tensor because the operation does not have an identity"));
  }
  Tensor out = reduction_result(input, mask, keepdim, to_real(input.dtype()));
  TSVM_DISPATCH_FLOATING_COMPLEX(input.dtype(), "linalg_vector_norm_cpu", {
    if (out.is_meta()) return out;
    const ReducePlan plan(input, mask);
    auto* to = out.data_ptr<typename RealOf<scalar_t>::type>();
    if (ord == 0)
      run_reduction(Norm<scalar_t, NormKind::Zero>(), plan, to);
    else if (ord == 1)
      run_reduction(Norm<scalar_t, NormKind::One>(), plan, to);
    else if (ord == 2)
      run_reduction(Norm<scalar_t, NormKind::Two>(), plan, to);
    else if (ord == HUGE_VAL)
      run_reduction(Norm<scalar_t, NormKind::Inf>(), plan, to);
    else if (ord == -HUGE_VAL)
      run_reduction(Norm<scalar_t, NormKind::NegInf>(), plan, to);
    else
      run_reduction(Norm<scalar_t, NormKind::General>{ord}, plan, to);
  });
  return out;
}

namespace {

/// Variance (or its root) and mean in double, as results of type `type`.
std::tuple<Tensor, Tensor> spread(const Tensor& self, optional<IntSpan> dim, int64_t correction, bool keepdim,
                                  bool root, bool want_mean) {
  OPS_CHECK(is_floating_or_complex(self.dtype()), RuntimeError,
            "std and var only support floating point and complex "
            "dtypes");
  const DimMask mask(dim.value_or(IntSpan()), self.dim());
  Tensor out = reduction_result(self, mask, keepdim, to_real(self.dtype()));
  Tensor mean_out = want_mean ? reduction_result(self, mask, keepdim, self.dtype()) : Tensor();
  if (out.is_meta()) return {out, mean_out};
  if (is_complex(self.dtype())) {
    // Parts vary on their own.
    const Tensor parts = view_as_real(self);
    auto [re, re_mean] = spread(select(parts, -1, 0), dim, correction, keepdim, false, want_mean);
    auto [im, im_mean] = spread(select(parts, -1, 1), dim, correction, keepdim, false, want_mean);
    TSVM_DISPATCH(out.dtype(), "var", TSVM_CASES_FLOAT({
                    for (int64_t i = 0; i < out.numel(); i++) {
                      const scalar_t v = re.data_ptr<scalar_t>()[i] + im.data_ptr<scalar_t>()[i];
                      out.data_ptr<scalar_t>()[i] = root ? std::sqrt(v) : v;
                      if (want_mean)
                        mean_out.data_ptr<std::complex<scalar_t>>()[i] = {re_mean.data_ptr<scalar_t>()[i],
                                                                          im_mean.data_ptr<scalar_t>()[i]};
                    }
                  }));
    return {out, mean_out};
  }
  const ReducePlan plan(self, mask);
  std::vector<double> means(static_cast<size_t>(plan.outputs)), sums(static_cast<size_t>(plan.outputs));
  const double divisor = std::max(0.0, static_cast<double>(plan.count) - static_cast<double>(correction));
  TSVM_DISPATCH_FLOATING(self.dtype(), root ? "std_cpu" : "var_cpu", {
    run_reduction(DoubleMean<scalar_t>(), plan, means.data());
    run_reduction(Spread<scalar_t>{means.data()}, plan, sums.data());
    for (int64_t i = 0; i < plan.outputs; i++) {
      const double variance = plan.count == 0 ? NAN : sums[static_cast<size_t>(i)] / divisor;
      out.data_ptr<scalar_t>()[i] = convert<scalar_t>(root ? std::sqrt(variance) : variance);
      if (want_mean) mean_out.data_ptr<scalar_t>()[i] = convert<scalar_t>(means[static_cast<size_t>(i)]);
    }
  });
  return {out, mean_out};
}

}  // namespace

Tensor var(const Tensor& self, optional<IntSpan> dim, optional<int64_t> correction, bool keepdim) {
  return std::get<0>(spread(self, dim, correction.value_or(1), keepdim, false, false));
}
Tensor std(const Tensor& self, optional<IntSpan> dim, optional<int64_t> correction, bool keepdim) {
  return std::get<0>(spread(self, dim, correction.value_or(1), keepdim, true, false));
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, optional<IntSpan> dim, optional<int64_t> correction,
                                    bool keepdim) {
  return spread(self, dim, correction.value_or(1), keepdim, false, true);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, optional<IntSpan> dim, optional<int64_t> correction,
                                    bool keepdim) {
  return spread(self, dim, correction.value_or(1), keepdim, true, true);
}

Tensor logsumexp(const Tensor& self, IntSpan dim, bool keepdim) {
  const Tensor input = is_integral_or_bool(self.dtype()) ? to_copy(self, default_dtype()) : self;
  const DimMask mask(dim, input.dim());
  Tensor out = reduction_result(input, mask, keepdim, input.dtype());
  if (out.is_meta() || out.numel() == 0) return out;
  TSVM_DISPATCH_FLOATING(input.dtype(), "logsumexp", {
    scalar_t* to = out.data_ptr<scalar_t>();
    if (input.numel() == 0) {
      for (int64_t i = 0; i < out.numel(); i++) to[i] = convert<scalar_t>(-HUGE_VAL);
    } else {
      using Acc = std::conditional_t<is_reduced_type<scalar_t>, float, scalar_t>;
      const ReducePlan plan(input, mask);
      run_reduction(Extreme<scalar_t, true>(), plan, to);
      // Each group once more: exp(x - max) in blocks, added up. An infinite maximum is not subtracted.
      parallel_for(plan.outputs, std::max<int64_t>(1, kGrain / plan.count), [&](int64_t begin, int64_t end) {
        constexpr int64_t kBlock = 1024;
        alignas(64) Acc block[kBlock];
        for (int64_t unit = begin; unit < end; unit++) {
          int64_t rest = unit, number = 0;
          const char* at = plan.in;
          for (int d = 0; d < plan.kept; d++) {
            const int64_t i = rest % plan.kept_size[d];
            rest /= plan.kept_size[d];
            at += i * plan.kept_stride[d];
            number += i * plan.kept_step[d];
          }
          const Acc top = static_cast<Acc>(to[number]);
          const Acc shift = std::isinf(top) ? Acc(0) : top;
          const int64_t n = plan.reduced > 0 ? plan.reduced_size[0] : 1;
          const int64_t stride = plan.reduced > 0 ? plan.reduced_stride[0] : 0;
          Acc sum = 0;
          for_each_place(plan, at, 1, [&](const char* row) {
            for (int64_t first = 0; first < n; first += kBlock) {
              const int64_t m = std::min(kBlock, n - first);
              for (int64_t i = 0; i < m; i++)
                block[i] = static_cast<Acc>(*reinterpret_cast<const scalar_t*>(row + (first + i) * stride)) - shift;
              vector_exp(block, m);
              for (int64_t i = 0; i < m; i++) sum += block[i];
            }
          });
          to[number] = convert<scalar_t>(std::log(sum) + shift);
        }
      });
    }
  });
  return out;
}

}  // namespace tsvm::ops::cpu

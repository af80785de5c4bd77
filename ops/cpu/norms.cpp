// Reductions with rounding other than sums: norms, variances, logsumexp.
#include <cmath>
#include <vector>

#include "ops/cpu/element.h"
#include "ops/cpu/reduce.h"
#include "ops/cpu/vector_math.h"

namespace tsvm::ops::cpu {
namespace {

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
  using Out = real_part<T>;
  static constexpr int kLanes = kKind == NormKind::General || is_complex_type<T> ? 1 : 32;
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

}  // namespace

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
    auto* to = out.data_ptr<real_part<scalar_t>>();
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
          const auto [at, number] = plan.place(unit);
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

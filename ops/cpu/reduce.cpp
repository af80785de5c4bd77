// The plan of a reduction, and reductions to an exact result: products, extremes, logic, counts.
#include "ops/cpu/reduce.h"

#include <vector>

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

namespace {
constexpr int64_t kColumns = 128;
/// A single output is cut into chunks of this many elements, once it has more than four of them.
constexpr int64_t kSplit = 1 << 18;

/// One group into the state `acc`.
void reduce_group(const Reducer& r, const ReducePlan& p, const char* at, int64_t number, void* acc) {
  r.start(r.op, acc, 1, number, 0);
  if (p.reduced == 0) return r.strided(r.op, at, 0, 1, acc);
  const int64_t n = p.reduced_size[0], stride = p.reduced_stride[0];
  for_each_place(p, at, 1, [&](const char* row) {
    if (stride == r.in_size)
      r.row(r.op, row, n, acc, number);
    else
      r.strided(r.op, row, stride, n, acc);
  });
}
}  // namespace

void run_reduction(const Reducer& r, const ReducePlan& p, void* out) {
  struct alignas(16) Acc {
    char bytes[detail::kMaxAcc];
  };
  if (p.outputs == 0) return;
  if (p.count == 0) {
    Acc acc;
    for (int64_t i = 0; i < p.outputs; i++) {
      r.start(r.op, &acc, 1, i, 0);
      r.finish(r.op, &acc, 1, 0, out, i, 0);
    }
    return;
  }
  if (p.outputs == 1 && p.reduced == 1 && p.reduced_stride[0] == r.in_size && p.count > 4 * kSplit) {
    const int64_t chunks = (p.count + kSplit - 1) / kSplit;
    std::vector<Acc> parts(static_cast<size_t>(chunks));
    parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        ReducePlan part(p);
        part.in += i * kSplit * r.in_size;
        part.reduced_size[0] = std::min(kSplit, p.count - i * kSplit);
        reduce_group(r, part, part.in, 0, &parts[static_cast<size_t>(i)]);
      }
    });
    for (int64_t i = 1; i < chunks; i++) r.merge(r.op, &parts[0], &parts[static_cast<size_t>(i)]);
    return r.finish(r.op, &parts[0], 1, p.count, out, 0, 0);
  }
  const bool rows = p.reduced > 0 && p.reduced_stride[0] == r.in_size &&
                    (p.kept == 0 || p.kept_stride[0] != r.in_size || p.reduced_size[0] >= p.kept_size[0]);
  const bool columns = !rows && p.kept > 0 && p.kept_stride[0] == r.in_size && p.kept_size[0] >= 4;
  const int64_t block = columns ? kColumns : 1;
  const int64_t line = p.kept > 0 ? p.kept_size[0] : 1;
  const int64_t blocks_per_line = (line + block - 1) / block;
  const int64_t units = p.outputs / line * blocks_per_line;
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, p.count * std::min(block, line)));
  parallel_for(units, grain, [&](int64_t begin, int64_t end) {
    Acc accs[kColumns];
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t first = unit % blocks_per_line * block;
      const auto [at, number] = p.place(unit / blocks_per_line * line + first);
      if (!columns) {
        reduce_group(r, p, at, number, accs);
        r.finish(r.op, accs, 1, p.count, out, number, 0);
        continue;
      }
      const int64_t n = std::min(block, line - first), step = p.kept_step[0];
      r.start(r.op, accs, n, number, step);
      const int64_t deep = p.reduced > 0 ? p.reduced_size[0] : 1, stride = p.reduced > 0 ? p.reduced_stride[0] : 0;
      for_each_place(p, at, 1, [&](const char* x) { r.columns(r.op, x, n, deep, stride, accs); });
      r.finish(r.op, accs, n, p.count, out, number, step);
    }
  });
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

/// Booleans are bytes of 0 and 1, as the results for uint8 are.
template <class T, bool kAll>
struct Logic {
  using In = T;
  using Acc = uint8_t;
  using Out = uint8_t;
  static TSVM_INLINE Acc start(int64_t) { return kAll; }
  static TSVM_INLINE void merge(Acc& a, Acc b) { a = kAll ? a & b : a | b; }
  static TSVM_INLINE void step(Acc& a, T v) { merge(a, is_nonzero(v)); }
  static uint8_t finish(Acc a, int64_t) { return a; }
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
  Tensor out = reduction_result(self, mask, keepdim, self.dtype() == DType::UInt8 ? DType::UInt8 : DType::Bool);
  if (out.is_meta()) return out;
  const ReducePlan plan(self, mask);
  TSVM_DISPATCH_ALL(self.dtype(), kAll ? "all" : "any",
                    { run_reduction(Logic<scalar_t, kAll>(), plan, static_cast<uint8_t*>(out.data())); });
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

}  // namespace tsvm::ops::cpu

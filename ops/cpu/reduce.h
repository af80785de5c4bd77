// What reductions share: which dimensions go, and the loops over what stays.
//
// A ReducePlan separates the (joined, ordered) dimensions of the input into reduced and kept ones. run_reduction()
// walks the kept ones and has an Op reduce each group in one of three ways:
//   rows:    the innermost reduced dimension is contiguous: a row is reduced in lanes, which the compiler vectorises;
//   columns: the innermost kept dimension is contiguous: a block of neighbouring outputs is reduced at once;
//   strided: neither, one element after another.
// Which way is taken, and the order of all additions, depends on sizes and strides only. Outputs are shared among
// threads; a single output of very many elements is cut into fixed chunks.
//
// An Op has: Acc; In, Out; Acc start(int64_t output) (the state before the first element); step(Acc&, In); merge(Acc&,
// Acc) (joins states of two parts of a group); Out finish(Acc, int64_t count). Its loops are compiled for AVX2 too, so
// step should be inline. `static constexpr int kLanes = 1` says that its steps have no vector form.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "ops/cpu/element.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"

namespace tsvm::ops::cpu {

/// Dimensions to reduce as flags; none given means all. Throws for repeated and wrong ones.
class DimMask {
 public:
  DimMask(IntSpan dims, int64_t ndim, bool empty_means_all = true);
  bool operator[](int64_t d) const { return flags_[static_cast<size_t>(d)] != 0; }
  int64_t ndim() const { return static_cast<int64_t>(flags_.size()); }
  /// The sizes after reduction.
  DimVector shape(IntSpan sizes, bool keepdim) const;
  /// How many elements go into one output.
  int64_t count(IntSpan sizes) const;

 private:
  DimVector flags_;
};

/// Dimension 0 is the innermost of each kind. Strides in bytes; outputs are numbered by the (contiguous) result.
struct ReducePlan {
  const char* in;
  int reduced = 0, kept = 0;
  int64_t outputs = 1, count = 1;  // elements of the result, elements of one group
  int64_t reduced_size[kMaxLoopDims], reduced_stride[kMaxLoopDims];
  int64_t kept_size[kMaxLoopDims], kept_stride[kMaxLoopDims];
  int64_t kept_step[kMaxLoopDims];  // what the output's number grows by

  ReducePlan(const Tensor& self, const DimMask& mask);

  /// Where the group of the n-th kept place begins (innermost dimension first), and the number of its output.
  struct Place {
    const char* at;
    int64_t number;
  };
  Place place(int64_t n) const {
    Place out{in, 0};
    for (int d = 0; d < kept; d++) {
      const int64_t i = n % kept_size[d];
      n /= kept_size[d];
      out.at += i * kept_stride[d];
      out.number += i * kept_step[d];
    }
    return out;
  }
};

/// Walks the reduced dimensions from `first` outwards: f(pointer) for each place.
template <class F>
TSVM_INLINE inline void for_each_place(const ReducePlan& p, const char* at, int first, const F& f) {
  if (p.reduced <= first) return f(at);
  int64_t index[kMaxLoopDims];
  for (int d = first; d < p.reduced; d++) index[d] = 0;
  while (true) {
    f(at);
    int d = first;
    for (; d < p.reduced; d++) {
      at += p.reduced_stride[d];
      if (++index[d] < p.reduced_size[d]) break;
      at -= p.reduced_size[d] * p.reduced_stride[d];
      index[d] = 0;
    }
    if (d == p.reduced) return;
  }
}

namespace detail {

/// Lanes of a row: enough for several vectors in flight.
template <class Acc>
inline constexpr int kLanes = sizeof(Acc) >= 64   ? 1
                              : sizeof(Acc) >= 16 ? 8
                                                  : 256 / static_cast<int>(sizeof(Acc));
inline constexpr int64_t kColumns = 128;
/// A single output is cut into chunks of this many elements, once it has more than four of them.
inline constexpr int64_t kSplit = 1 << 18;

template <class Op>
constexpr int lanes_of() {
  if constexpr (requires { Op::kLanes; })
    return Op::kLanes;
  else
    return kLanes<typename Op::Acc>;
}

template <class Op>
TSVM_INLINE inline void reduce_row(const Op& op, const typename Op::In* x, int64_t n, typename Op::Acc& acc,
                                   int64_t output) {
  constexpr int kL = lanes_of<Op>();
  int64_t i = 0;
  if (kL > 1 && n >= kL) {
    typename Op::Acc lanes[kL];
    for (int l = 0; l < kL; l++) lanes[l] = op.start(output);
    for (; i + kL <= n; i += kL)
      for (int l = 0; l < kL; l++) op.step(lanes[l], x[i + l]);
    for (int width = kL / 2; width > 0; width /= 2)
      for (int l = 0; l < width; l++) op.merge(lanes[l], lanes[l + width]);
    op.merge(acc, lanes[0]);
  }
  for (; i < n; i++) op.step(acc, x[i]);
}

template <class Op>
typename Op::Acc reduce_group(const Op& op, const ReducePlan& p, const char* at, int64_t output) {
  using In = typename Op::In;
  typename Op::Acc acc = op.start(output);
  if (p.reduced == 0) {
    op.step(acc, *reinterpret_cast<const In*>(at));
    return acc;
  }
  const int64_t n = p.reduced_size[0], stride = p.reduced_stride[0];
  for_each_place(p, at, 1, [&](const char* row) {
    if (stride == sizeof(In)) {
      vectorized([](const Op* o, const In* x, int64_t n, typename Op::Acc* a, int64_t output)
                     TSVM_INLINE { reduce_row(*o, x, n, *a, output); },
                 &op, reinterpret_cast<const In*>(row), n, &acc, output);
    } else {
      for (int64_t i = 0; i < n; i++) op.step(acc, *reinterpret_cast<const In*>(row + i * stride));
    }
  });
  return acc;
}

/// n neighbouring outputs at once.
template <class Op>
TSVM_INLINE inline void reduce_columns(const Op& op, const ReducePlan& p, const char* at, int64_t n,
                                       typename Op::Acc* accs) {
  using In = typename Op::In;
  for_each_place(p, at, 0, [&](const char* row) TSVM_INLINE {
    const In* x = reinterpret_cast<const In*>(row);
    for (int64_t c = 0; c < n; c++) op.step(accs[c], x[c]);
  });
}

}  // namespace detail

/// Reduces into `out`, the data of a contiguous result.
template <class Op>
void run_reduction(const Op& op, const ReducePlan& p, typename Op::Out* out) {
  using In = typename Op::In;
  using Acc = typename Op::Acc;
  if (p.outputs == 0) return;
  if (p.count == 0) {
    for (int64_t i = 0; i < p.outputs; i++) out[i] = op.finish(op.start(i), 0);
    return;
  }
  if (p.outputs == 1 && p.reduced == 1 && p.reduced_stride[0] == sizeof(In) && p.count > 4 * detail::kSplit) {
    const int64_t chunks = (p.count + detail::kSplit - 1) / detail::kSplit;
    std::vector<Acc> parts(static_cast<size_t>(chunks));
    parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        ReducePlan part(p);
        part.in += i * detail::kSplit * static_cast<int64_t>(sizeof(In));
        part.reduced_size[0] = std::min(detail::kSplit, p.count - i * detail::kSplit);
        parts[static_cast<size_t>(i)] = detail::reduce_group(op, part, part.in, 0);
      }
    });
    Acc acc = parts[0];
    for (int64_t i = 1; i < chunks; i++) op.merge(acc, parts[static_cast<size_t>(i)]);
    out[0] = op.finish(acc, p.count);
    return;
  }
  const bool rows = p.reduced > 0 && p.reduced_stride[0] == sizeof(In) &&
                    (p.kept == 0 || p.kept_stride[0] != sizeof(In) || p.reduced_size[0] >= p.kept_size[0]);
  const bool columns = !rows && p.kept > 0 && p.kept_stride[0] == sizeof(In) && p.kept_size[0] >= 4;
  const int64_t block = columns ? detail::kColumns : 1;
  const int64_t line = p.kept > 0 ? p.kept_size[0] : 1;
  const int64_t blocks_per_line = (line + block - 1) / block;
  const int64_t units = p.outputs / line * blocks_per_line;
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, p.count * std::min(block, line)));
  parallel_for(units, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t first = unit % blocks_per_line * block;
      const auto [at, number] = p.place(unit / blocks_per_line * line + first);
      if (!columns) {
        out[number] = op.finish(detail::reduce_group(op, p, at, number), p.count);
        continue;
      }
      const int64_t n = std::min(block, line - first);
      Acc accs[detail::kColumns];
      for (int64_t c = 0; c < n; c++) accs[c] = op.start(number + c * p.kept_step[0]);
      vectorized([](const Op* o, const ReducePlan* p, const char* at, int64_t n, Acc* a)
                     TSVM_INLINE { detail::reduce_columns(*o, *p, at, n, a); },
                 &op, &p, at, n, static_cast<Acc*>(accs));
      for (int64_t c = 0; c < n; c++) out[number + c * p.kept_step[0]] = op.finish(accs[c], p.count);
    }
  });
}

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

/// A contiguous result for the reduction of `self`.
Tensor reduction_result(const Tensor& self, const DimMask& mask, bool keepdim, DType dtype);

}  // namespace tsvm::ops::cpu

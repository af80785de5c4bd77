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
// The walk is one function; what is made for each Op is its loops. An Op has: Acc; In, Out; Acc start(int64_t output)
// (the state before the first element); step(Acc&, In); merge(Acc&, Acc) (joins states of two parts of a group);
// Out finish(Acc, int64_t count). Its loops are compiled for AVX2 too, so step should be inline.
// `static constexpr int kLanes = 1` says that its steps have no vector form.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

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

/// An Op without its types: the loops that the walk over the groups calls. `accs` are states, `number` is an output's.
struct Reducer {
  const void* op;
  int64_t in_size;
  /// The states of n outputs (number, number + step, ...) before their first element.
  void (*start)(const void* op, void* accs, int64_t n, int64_t number, int64_t step);
  void (*row)(const void* op, const char* x, int64_t n, void* acc, int64_t number);
  void (*strided)(const void* op, const char* x, int64_t stride, int64_t n, void* acc);
  /// `rows` rows, each an element of n neighbouring outputs.
  void (*columns)(const void* op, const char* x, int64_t n, int64_t rows, int64_t stride, void* accs);
  void (*merge)(const void* op, void* acc, const void* from);
  void (*finish)(const void* op, const void* accs, int64_t n, int64_t count, void* out, int64_t number, int64_t step);
};

/// Reduces into `out`, the data of a contiguous result.
void run_reduction(const Reducer& r, const ReducePlan& plan, void* out);

namespace detail {

/// Lanes of a row: enough for several vectors in flight.
template <class Op>
constexpr int lanes_of() {
  if constexpr (requires { Op::kLanes; })
    return Op::kLanes;
  else
    return sizeof(typename Op::Acc) >= 16 ? 8 : 256 / static_cast<int>(sizeof(typename Op::Acc));
}
inline constexpr int64_t kMaxAcc = 16;  // bytes of a state

template <class Op>
TSVM_INLINE inline void reduce_row(const Op& op, const typename Op::In* x, int64_t n, typename Op::Acc& acc,
                                   int64_t output) {
  constexpr int kL = lanes_of<Op>(), kFew = kL < 8 ? kL : 8;  // few: for short rows, and for what many leave
  int64_t i = 0;
  if (kL > 1 && n >= kFew) {
    typename Op::Acc lanes[kL];
    const int used = n >= kL ? kL : kFew;
    for (int l = 0; l < used; l++) lanes[l] = op.start(output);
    for (; i + kL <= n; i += kL)
      for (int l = 0; l < kL; l++) op.step(lanes[l], x[i + l]);
    for (; i + kFew <= n; i += kFew)
      for (int l = 0; l < kFew; l++) op.step(lanes[l], x[i + l]);
    for (int width = used / 2; width > 0; width /= 2)
      for (int l = 0; l < width; l++) op.merge(lanes[l], lanes[l + width]);
    op.merge(acc, lanes[0]);
  }
  for (; i < n; i++) op.step(acc, x[i]);
}

}  // namespace detail

template <class Op>
void run_reduction(const Op& op, const ReducePlan& plan, typename Op::Out* out) {
  using In = typename Op::In;
  using Acc = typename Op::Acc;
  using Out = typename Op::Out;
  static_assert(sizeof(Acc) <= detail::kMaxAcc && std::is_trivially_copyable_v<Acc>);
  Reducer r{&op, sizeof(In), {}, {}, {}, {}, {}, {}};
  r.start = [](const void* o, void* accs, int64_t n, int64_t number, int64_t step) {
    for (int64_t i = 0; i < n; i++) static_cast<Acc*>(accs)[i] = static_cast<const Op*>(o)->start(number + i * step);
  };
  r.row = [](const void* o, const char* x, int64_t n, void* acc, int64_t number) {
    vectorized([](const Op* o, const In* x, int64_t n, Acc* a, int64_t number)
                   TSVM_INLINE { detail::reduce_row(*o, x, n, *a, number); },
               static_cast<const Op*>(o), reinterpret_cast<const In*>(x), n, static_cast<Acc*>(acc), number);
  };
  r.strided = [](const void* o, const char* x, int64_t stride, int64_t n, void* acc) {
    Acc a = *static_cast<Acc*>(acc);
    for (int64_t i = 0; i < n; i++) static_cast<const Op*>(o)->step(a, *reinterpret_cast<const In*>(x + i * stride));
    *static_cast<Acc*>(acc) = a;
  };
  r.columns = [](const void* o, const char* x, int64_t n, int64_t rows, int64_t stride, void* accs) {
    vectorized(
        [](const Op* o, const char* x, int64_t n, int64_t rows, int64_t stride, Acc* a) TSVM_INLINE {
          for (int64_t r = 0; r < rows; r++, x += stride)
            for (int64_t c = 0; c < n; c++) o->step(a[c], reinterpret_cast<const In*>(x)[c]);
        },
        static_cast<const Op*>(o), x, n, rows, stride, static_cast<Acc*>(accs));
  };
  r.merge = [](const void* o, void* acc, const void* from) {
    static_cast<const Op*>(o)->merge(*static_cast<Acc*>(acc), *static_cast<const Acc*>(from));
  };
  r.finish = [](const void* o, const void* accs, int64_t n, int64_t count, void* to, int64_t number, int64_t step) {
    for (int64_t i = 0; i < n; i++)
      static_cast<Out*>(to)[number + i * step] =
          static_cast<const Op*>(o)->finish(static_cast<const Acc*>(accs)[i], count);
  };
  run_reduction(r, plan, static_cast<void*>(out));
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

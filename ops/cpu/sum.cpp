// Sums and means.
//
// Floating-point sums are cascades, as PyTorch's are: a line is added up in four interleaved rows of vectors, each
// through four levels of partial sums, so that the error grows with the logarithm of the length. The shape of the
// cascade (and so the last digit) is PyTorch's for its 32-byte vectors.
#include <cstring>

#include "ops/cpu/reduce.h"

namespace tsvm::ops::cpu {
namespace {

template <class T, int kBytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));
};

/// What a kind of element is added up in: Acc for one, Vec for kWidth of them.
template <class T>
struct Adder {
  using Acc = std::conditional_t<is_reduced_type<T>, float, T>;
  static constexpr int kWidth = 32 / static_cast<int>(sizeof(Acc));
  using Vec = typename VectorOf<Acc, 32>::type;
  static TSVM_INLINE void add(Acc& sum, const char* p) { sum += static_cast<Acc>(*reinterpret_cast<const T*>(p)); }
  static TSVM_INLINE void add(Vec& sum, const char* p) {
    if constexpr (is_reduced_type<T>) {
      Vec v{};
      for (int i = 0; i < kWidth; i++) v[i] = reinterpret_cast<const T*>(p)[i];
      sum += v;
    } else {
      sum += *reinterpret_cast<const Vec*>(p);
    }
  }
  static void unpack(const Vec& v, Acc* lanes) { std::memcpy(lanes, &v, sizeof v); }
};

/// Complex numbers are added as pairs of reals.
template <class R>
struct Adder<std::complex<R>> {
  using Acc = typename VectorOf<R, 2 * sizeof(R)>::type;
  static constexpr int kWidth = 16 / static_cast<int>(sizeof(R));
  using Vec = typename VectorOf<R, 32>::type;
  static TSVM_INLINE void add(Acc& sum, const char* p) { sum += *reinterpret_cast<const Acc*>(p); }
  static TSVM_INLINE void add(Vec& sum, const char* p) { sum += *reinterpret_cast<const Vec*>(p); }
  static void unpack(const Vec& v, Acc* lanes) { std::memcpy(static_cast<void*>(lanes), &v, sizeof v); }
};

int ceil_log2(int64_t n) { return n <= 1 ? 0 : 64 - __builtin_clzll(static_cast<uint64_t>(n - 1)); }

/// kRows sums of `size` places each, `row_stride` bytes from place to place and `column_stride` from row to row.
/// Unrolled, as else the sums would live in memory.
template <class A, class V, int kRows>
TSVM_INLINE inline void sum_rows(const char* in, int64_t row_stride, int64_t column_stride, int64_t size, V* out) {
  constexpr int kLevels = 4;
  const int power = std::max(4, ceil_log2(size) / kLevels);
  const int64_t step = int64_t{1} << power, mask = step - 1;
  V acc[kLevels][kRows] = {};
  int64_t i = 0;
  while (i + step <= size) {
    V low[kRows] = {};
#pragma GCC unroll 4
    for (int k = 0; k < kRows; k++) low[k] = acc[0][k];
    for (int64_t j = 0; j < step; j++, i++) {
      const char* row = in + i * row_stride;
#pragma GCC unroll 4
      for (int k = 0; k < kRows; k++) A::add(low[k], row + k * column_stride);
    }
#pragma GCC unroll 4
    for (int k = 0; k < kRows; k++) acc[0][k] = low[k];
    for (int j = 1; j < kLevels; j++) {
      for (int k = 0; k < kRows; k++) {
        acc[j][k] += acc[j - 1][k];
        acc[j - 1][k] = V{};
      }
      if (i & (mask << (j * power))) break;
    }
  }
  V last[kRows];
#pragma GCC unroll 4
  for (int k = 0; k < kRows; k++) last[k] = acc[0][k];
  for (; i < size; i++) {
    const char* row = in + i * row_stride;
#pragma GCC unroll 4
    for (int k = 0; k < kRows; k++) A::add(last[k], row + k * column_stride);
  }
#pragma GCC unroll 4
  for (int k = 0; k < kRows; k++) {
    for (int j = 1; j < kLevels; j++) last[k] += acc[j][k];
    out[k] = last[k];
  }
}

/// One line of `size` places, in four interleaved rows.
template <class A, class V>
TSVM_INLINE inline void sum_line(const char* in, int64_t stride, int64_t size, V& out) {
  constexpr int kRows = 4;
  const int64_t quarter = size / kRows;
  V sums[kRows];
  sum_rows<A, V, kRows>(in, stride * kRows, stride, quarter, sums);
  for (int64_t i = quarter * kRows; i < size; i++) A::add(sums[0], in + i * stride);
  for (int k = 1; k < kRows; k++) sums[0] += sums[k];
  out = sums[0];
}

/// The innermost two dimensions of a sum: size0 places are added up for each of size1 outputs. Sums are added to acc.
template <class T>
struct Block {
  const char* in;
  int64_t stride0, stride1, size0, size1;
  int64_t line;  // the outputs of which size1 are a part: decides the way
};

template <class T>
TSVM_INLINE inline void sum_block(const Block<T>& b, typename Adder<T>::Acc* acc, int64_t acc_step) {
  using A = Adder<T>;
  using Acc = typename A::Acc;
  using Vec = typename A::Vec;
  constexpr int kWidth = A::kWidth;
  constexpr int64_t kItem = sizeof(T);
  auto one = [&](int64_t j) TSVM_INLINE {
    Acc sum;
    sum_line<A>(b.in + j * b.stride1, b.stride0, b.size0, sum);
    acc[j * acc_step] += sum;
  };
  if (b.stride0 == kItem && b.size0 >= kWidth) {
    const int64_t vectors = b.size0 / kWidth;
    for (int64_t j = 0; j < b.size1; j++) {
      const char* row = b.in + j * b.stride1;
      Vec v;
      sum_line<A>(row, kWidth * kItem, vectors, v);
      Acc sum{};
      for (int64_t k = vectors * kWidth; k < b.size0; k++) A::add(sum, row + k * kItem);
      Acc lanes[kWidth];
      A::unpack(v, lanes);
      for (int k = 0; k < kWidth; k++) sum += lanes[k];
      acc[j * acc_step] += sum;
    }
  } else if (b.stride1 == kItem && b.line >= kWidth) {
    constexpr int kRows = 4;
    int64_t j = 0;
    auto spread = [&](const Vec& v) TSVM_INLINE {
      Acc lanes[kWidth];
      A::unpack(v, lanes);
      for (int k = 0; k < kWidth; k++) acc[(j + k) * acc_step] += lanes[k];
    };
    for (; j + kRows * kWidth <= b.size1;) {
      Vec sums[kRows];
      sum_rows<A, Vec, kRows>(b.in + j * kItem, b.stride0, kWidth * kItem, b.size0, sums);
      for (int r = 0; r < kRows; r++, j += kWidth) spread(sums[r]);
    }
    for (; j + kWidth <= b.size1; j += kWidth) {
      Vec v;
      sum_line<A>(b.in + j * kItem, b.stride0, b.size0, v);
      spread(v);
    }
    for (; j < b.size1; j++) one(j);
  } else if (b.stride0 < b.stride1) {
    for (int64_t j = 0; j < b.size1; j++) one(j);
  } else {
    constexpr int kRows = 4;
    int64_t j = 0;
    for (; j + kRows <= b.size1; j += kRows) {
      Acc sums[kRows];
      sum_rows<A, Acc, kRows>(b.in + j * b.stride1, b.stride0, b.stride1, b.size0, sums);
      for (int r = 0; r < kRows; r++) acc[(j + r) * acc_step] += sums[r];
    }
    for (; j < b.size1; j++) one(j);
  }
}

template <class T>
void sum_block_here(const Block<T>& b, typename Adder<T>::Acc* acc, int64_t acc_step) {
  using Acc = typename Adder<T>::Acc;
  vectorized([](Block<T> block, Acc* acc, int64_t step) TSVM_INLINE { sum_block<T>(block, acc, step); }, b, acc,
             acc_step);
}

/// Sums of floating-point and complex numbers, into accumulators numbered like the outputs.
template <class T>
void float_sums(const ReducePlan& p, typename Adder<T>::Acc* acc) {
  for (int64_t i = 0; i < p.outputs; i++) acc[i] = typename Adder<T>::Acc{};
  if (p.count == 0 || p.outputs == 0) return;
  if (p.reduced == 0) {
    // Nothing to add up: a copy.
    ReducePlan one(p);
    one.reduced = 1;
    one.reduced_size[0] = 1;
    one.reduced_stride[0] = 0;
    return float_sums<T>(one, acc);
  }
  if (p.reduced >= 2) {
    // The second reduced dimension is the block's other one; what is left outside is looped over.
    const int64_t grain = std::max<int64_t>(1, kGrain / p.count);
    parallel_for(p.outputs, grain, [&](int64_t begin, int64_t end) {
      for (int64_t output = begin; output < end; output++) {
        const ReducePlan::Place place = p.place(output);
        for_each_place(p, place.at, 2, [&](const char* q) {
          sum_block_here<T>(
              {q, p.reduced_stride[0], p.reduced_stride[1], p.reduced_size[0], p.reduced_size[1], p.reduced_size[1]},
              acc + place.number, 0);
        });
      }
    });
    return;
  }
  const int64_t line = p.kept > 0 ? p.kept_size[0] : 1, stride1 = p.kept > 0 ? p.kept_stride[0] : 0;
  const int64_t step = p.kept > 0 ? p.kept_step[0] : 0;
  // Cut between whole groups of four vectors, so that each output is added up the same way as in one piece.
  constexpr int64_t kGroup = 4 * Adder<T>::kWidth;
  const int64_t piece = std::max<int64_t>(1, kGrain / p.count / kGroup) * kGroup;
  const int64_t pieces = (line + piece - 1) / piece;
  const int64_t units = p.outputs / line * pieces;
  const int64_t grain = std::max<int64_t>(1, kGrain / (p.count * std::min(piece, line)));
  parallel_for(units, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t first = unit % pieces * piece;
      const auto [at, number] = p.place(unit / pieces * line + first);
      const int64_t n = std::min(piece, line - first);
      sum_block_here<T>({at, p.reduced_stride[0], stride1, p.reduced_size[0], n, line}, acc + number, step);
    }
  });
}

/// One output of very many elements: fixed chunks, joined in order.
template <class T>
bool long_sum(const ReducePlan& p, typename Adder<T>::Acc* acc) {
  constexpr int64_t kChunk = 1 << 20;
  if (p.outputs != 1 || p.reduced != 1 || p.count <= kChunk) return false;
  const int64_t chunks = (p.count + kChunk - 1) / kChunk;
  using Acc = typename Adder<T>::Acc;
  struct Part {
    Acc sum;
  };
  std::vector<Part> parts(static_cast<size_t>(chunks));
  parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      parts[static_cast<size_t>(i)].sum = Acc{};
      sum_block_here<T>({p.in + i * kChunk * p.reduced_stride[0], p.reduced_stride[0], 0,
                         std::min(kChunk, p.count - i * kChunk), 1, 1},
                        &parts[static_cast<size_t>(i)].sum, 0);
    }
  });
  *acc = Acc{};
  for (const Part& part : parts) *acc += part.sum;
  return true;
}

template <class T>
struct IntSum {
  using In = T;
  using Acc = uint64_t;
  using Out = int64_t;
  static Acc start(int64_t) { return 0; }
  static void step(Acc& a, T v) { a += static_cast<uint64_t>(static_cast<int64_t>(v)); }
  static void merge(Acc& a, Acc b) { a += b; }
  static int64_t finish(Acc a, int64_t) { return static_cast<int64_t>(a); }
};

template <class T>
void sum_typed(const ReducePlan& plan, const Tensor& out) {
  if constexpr (std::is_integral_v<T>) {
    run_reduction(IntSum<T>(), plan, out.data_ptr<int64_t>());
  } else if constexpr (is_reduced_type<T>) {
    std::vector<float> acc(static_cast<size_t>(plan.outputs));
    if (!long_sum<T>(plan, acc.data())) float_sums<T>(plan, acc.data());
    for (int64_t i = 0; i < plan.outputs; i++) out.data_ptr<T>()[i] = T(acc[static_cast<size_t>(i)]);
  } else {
    auto* acc = reinterpret_cast<typename Adder<T>::Acc*>(out.data_ptr<T>());
    if (!long_sum<T>(plan, acc)) float_sums<T>(plan, acc);
  }
}

/// Sums into `out` (float, complex: the input's own type; integers: int64).
void sum_into(const Tensor& out, const Tensor& self, const DimMask& mask) {
  if (out.is_meta()) return;
  const ReducePlan plan(self, mask);
  TSVM_DISPATCH_ALL(self.dtype(), "sum", sum_typed<scalar_t>(plan, out));
}

template <class T>
T divided(T v, int64_t count) {
  if constexpr (is_complex_type<T>)
    return v / static_cast<typename T::value_type>(count);
  else if constexpr (is_reduced_type<T>)
    return T(static_cast<float>(v) / static_cast<float>(count));
  else
    return v / static_cast<T>(count);
}

}  // namespace

Tensor sum(const Tensor& self, optional<IntSpan> dim, bool keepdim, optional<DType> dtype) {
  const DimMask mask(dim.value_or(IntSpan()), self.dim());
  const DType type = dtype ? *dtype : is_integral_or_bool(self.dtype()) ? DType::Int64 : self.dtype();
  // Integers are added as int64, whatever smaller type is asked for: the low bits are the same.
  const bool integers = is_integral_or_bool(type) && is_integral_or_bool(self.dtype()) && type != DType::Bool;
  Tensor input = self;
  if (!integers && type != self.dtype()) input = to_copy(self, type);
  if (type == DType::Bool) {
    Tensor out = reduction_result(self, mask, keepdim, DType::Int64);
    sum_into(out, input, mask);
    return to_copy(out, DType::Bool);
  }
  Tensor out = reduction_result(self, mask, keepdim, integers ? DType::Int64 : type);
  sum_into(out, input, mask);
  return out.dtype() == type ? out : to_copy(out, type);
}

Tensor sum(const Tensor& self, optional<DType> dtype) { return sum(self, optional<IntSpan>(), false, dtype); }

Tensor mean(const Tensor& self, optional<IntSpan> dim, bool keepdim, optional<DType> dtype) {
  const DType type = dtype.value_or(self.dtype());
  if (!is_floating_or_complex(type)) {
    if (dtype)
      fail(ErrorKind::RuntimeError,
           "mean(): could not infer output dtype. Optional dtype must be either a floating "
           "point or complex dtype. Got: ",
           info(type).cpp_name);
    fail(ErrorKind::RuntimeError,
         "mean(): could not infer output dtype. Input dtype must be either a floating point or "
         "complex dtype. Got: ",
         info(type).cpp_name);
  }
  const DimMask mask(dim.value_or(IntSpan()), self.dim());
  const Tensor input = type == self.dtype() ? self : to_copy(self, type);
  Tensor out = reduction_result(self, mask, keepdim, type);
  sum_into(out, input, mask);
  if (out.is_meta()) return out;
  const int64_t count = mask.count(self.sizes());
  TSVM_DISPATCH_FLOATING_COMPLEX(type, "mean", {
    scalar_t* data = out.data_ptr<scalar_t>();
    for (int64_t i = 0; i < out.numel(); i++) data[i] = divided(data[i], count);
  });
  return out;
}

Tensor mean(const Tensor& self, optional<DType> dtype) { return mean(self, optional<IntSpan>(), false, dtype); }

}  // namespace tsvm::ops::cpu

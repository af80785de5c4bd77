// The loops of kernels.h for one instruction set. Included by kernels_<set>.cpp, which defines TSVM_ARCH and
// TSVM_VECTOR_BYTES; everything lies in a namespace of its own (see vec.h).
#include <immintrin.h>

#include <cstring>
#include <tuple>
#include <utility>

#include "ops/scalar/complex_math.h"
#include "ops/scalar/kernels.h"
#include "ops/scalar/libm.h"
#include "ops/scalar/math.h"

namespace tsvm::ops::scalar::TSVM_ARCH {

#include "ops/scalar/vec.h"

#define TSVM_KERNEL [[gnu::always_inline]] inline
#define TSVM_KERNEL_LAMBDA __attribute__((always_inline))

// --- loading and storing vectors of each compute type

template <CType T>
struct Elem;
template <>
struct Elem<CType::Bool> {
  using type = uint8_t;
};
template <>
struct Elem<CType::I32> {
  using type = int32_t;
};
template <>
struct Elem<CType::I64> {
  using type = int64_t;
};
template <>
struct Elem<CType::F32> {
  using type = float;
};
template <>
struct Elem<CType::F64> {
  using type = double;
};
template <>
struct Elem<CType::C64> {
  using type = float;
};
template <>
struct Elem<CType::C128> {
  using type = double;
};
template <CType T>
using elem = typename Elem<T>::type;
template <CType T, int N>
using vec_of = std::conditional_t<is_complex(T), math::Cx<Vec<elem<T>, N>>, Vec<elem<T>, N>>;

/// Lanes of a loop whose widest real element has this many bytes.
template <int Bytes>
inline constexpr int kLanes = TSVM_VECTOR_BYTES / Bytes;

template <class T, int N>
TSVM_KERNEL Vec<T, N> load(const char* p) {
  Vec<T, N> r;
  __builtin_memcpy(&r, p, sizeof r);
  return r;
}
template <class T, int N>
TSVM_KERNEL void store(char* p, Vec<T, N> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

#ifdef __AVX2__
template <int N>
TSVM_KERNEL auto lanes_below(int64_t n) {
  if constexpr (N == 8)
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  else
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
#endif

/// The first n < N lanes; the others are zero.
template <class T, int N>
TSVM_KERNEL Vec<T, N> load_some(const char* p, int64_t n) {
  Vec<T, N> r;
#ifdef __AVX512F__
  if constexpr (sizeof(T) == 4 && N == 16) {
    r.v = reinterpret_cast<typename Vec<T, N>::Raw>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << n) - 1), p));
    return r;
  } else if constexpr (sizeof(T) == 8 && N == 8) {
    r.v = reinterpret_cast<typename Vec<T, N>::Raw>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << n) - 1), p));
    return r;
  }
#endif
#ifdef __AVX2__
  if constexpr (sizeof(T) == 4 && N == 8) {
    r.v = reinterpret_cast<typename Vec<T, N>::Raw>(
        _mm256_maskload_epi32(reinterpret_cast<const int*>(p), lanes_below<8>(n)));
    return r;
  } else if constexpr (sizeof(T) == 8 && N == 4) {
    r.v = reinterpret_cast<typename Vec<T, N>::Raw>(
        _mm256_maskload_epi64(reinterpret_cast<const long long*>(p), lanes_below<4>(n)));
    return r;
  }
#endif
  r.v = typename Vec<T, N>::Raw{};
  __builtin_memcpy(&r, p, static_cast<size_t>(n) * sizeof(T));
  return r;
}
template <class T, int N>
TSVM_KERNEL void store_some(char* p, Vec<T, N> v, int64_t n) {
#ifdef __AVX512F__
  if constexpr (sizeof(T) == 4 && N == 16) {
    _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1u << n) - 1), reinterpret_cast<__m512i>(v.v));
    return;
  } else if constexpr (sizeof(T) == 8 && N == 8) {
    _mm512_mask_storeu_epi64(p, static_cast<__mmask8>((1u << n) - 1), reinterpret_cast<__m512i>(v.v));
    return;
  }
#endif
#ifdef __AVX2__
  if constexpr (sizeof(T) == 4 && N == 8) {
    _mm256_maskstore_epi32(reinterpret_cast<int*>(p), lanes_below<8>(n), reinterpret_cast<__m256i>(v.v));
    return;
  } else if constexpr (sizeof(T) == 8 && N == 4) {
    _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), lanes_below<4>(n), reinterpret_cast<__m256i>(v.v));
    return;
  }
#endif
  __builtin_memcpy(p, &v, static_cast<size_t>(n) * sizeof(T));
}

/// One operand walking through its block.
template <CType T, int N>
struct Reader {
  const char* p;
  int64_t plane, step;
  TSVM_KERNEL Reader(const BlockArgs& k, int i)
      : p(k.in[i]), plane(k.plane[i]), step(k.step[i] * N * static_cast<int64_t>(sizeof(elem<T>))) {}
  TSVM_KERNEL vec_of<T, N> next() {
    const char* at = p;
    p += step;
    if constexpr (is_complex(T))
      return {load<elem<T>, N>(at), load<elem<T>, N>(at + plane)};
    else
      return load<elem<T>, N>(at);
  }
  TSVM_KERNEL vec_of<T, N> last(int64_t n) {
    if (step == 0) return next();
    if constexpr (is_complex(T))
      return {load_some<elem<T>, N>(p, n), load_some<elem<T>, N>(p + plane, n)};
    else
      return load_some<elem<T>, N>(p, n);
  }
};

template <class T, int N>
TSVM_KERNEL void put(const BlockArgs& k, int64_t i, Vec<T, N> v) {
  store(k.out + i * static_cast<int64_t>(sizeof(T)), v);
}
template <class F>
TSVM_KERNEL void put(const BlockArgs& k, int64_t i, math::Cx<F> v) {
  put(k, i, v.re);
  store(k.out + k.out_plane + i * static_cast<int64_t>(sizeof(typename F::Scalar)), v.im);
}
template <int W, int N>
TSVM_KERNEL void put(const BlockArgs& k, int64_t i, Mask<W, N> m) {
  put(k, i, Vec<uint8_t, N>{__builtin_convertvector(m.v, typename Vec<uint8_t, N>::Raw) & 1});
}
template <class T, int N>
TSVM_KERNEL void put_some(const BlockArgs& k, int64_t i, Vec<T, N> v, int64_t n) {
  store_some(k.out + i * static_cast<int64_t>(sizeof(T)), v, n);
}
template <class F>
TSVM_KERNEL void put_some(const BlockArgs& k, int64_t i, math::Cx<F> v, int64_t n) {
  put_some(k, i, v.re, n);
  store_some(k.out + k.out_plane + i * static_cast<int64_t>(sizeof(typename F::Scalar)), v.im, n);
}
template <int W, int N>
TSVM_KERNEL void put_some(const BlockArgs& k, int64_t i, Mask<W, N> m, int64_t n) {
  put_some(k, i, Vec<uint8_t, N>{__builtin_convertvector(m.v, typename Vec<uint8_t, N>::Raw) & 1}, n);
}

template <int N, CType... T, class Fn, size_t... I>
TSVM_KERNEL void loop(const BlockArgs& k, Fn fn, std::index_sequence<I...>) {
  std::tuple<Reader<T, N>...> in{Reader<T, N>(k, I)...};
  int64_t i = 0;
  for (; i + N <= k.n; i += N) put(k, i, fn(std::get<I>(in).next()...));
  if (i < k.n) put_some(k, i, fn(std::get<I>(in).last(k.n - i)...), k.n - i);
}
template <int N, CType... T, class Fn>
TSVM_KERNEL void loop(const BlockArgs& k, Fn fn) {
  loop<N, T...>(k, fn, std::make_index_sequence<sizeof...(T)>());
}

// --- the operations, as functions of vectors

#define TSVM_DO(name, arguments, expression)      \
  struct Do_##name {                              \
    template <class V>                            \
    TSVM_KERNEL auto operator() arguments const { \
      return expression;                          \
    }                                             \
  };
TSVM_DO(Add, (V a, V b), a + b)
TSVM_DO(Sub, (V a, V b), a - b)
TSVM_DO(Mul, (V a, V b), a* b)
TSVM_DO(Div, (V a, V b), a / b)
TSVM_DO(Neg, (V a), -a)
TSVM_DO(Fma, (V a, V b, V c), fma(a, b, c))
TSVM_DO(Abs, (V a), abs(a))
TSVM_DO(RoundEven, (V a), round_even(a))
TSVM_DO(Floor, (V a), floor(a))
TSVM_DO(Ceil, (V a), ceil(a))
TSVM_DO(Trunc, (V a), trunc(a))
TSVM_DO(Eq, (V a, V b), a == b)
TSVM_DO(Ne, (V a, V b), a != b)
TSVM_DO(Lt, (V a, V b), a < b)
TSVM_DO(Le, (V a, V b), a <= b)
TSVM_DO(Gt, (V a, V b), a > b)
TSVM_DO(Ge, (V a, V b), a >= b)
TSVM_DO(And, (V a, V b), a& b)
TSVM_DO(Or, (V a, V b), a | b)
TSVM_DO(Xor, (V a, V b), a ^ b)
TSVM_DO(Shl, (V a, V b), shift_left(a, b))
TSVM_DO(ShrU, (V a, V b), shift_right_logical(a, b))
TSVM_DO(Shr, (V a, V b), shift_right(a, b))
TSVM_DO(Real, (V a), a.re)
TSVM_DO(Imag, (V a), a.im)
TSVM_DO(MakeComplex, (V a, V b), (math::Cx<V>{a, b}))
struct Do_Sqrt {
  template <class T, int N>
  TSVM_KERNEL Vec<T, N> operator()(Vec<T, N> a) const {
    return sqrt(a);
  }
  template <class F>
  TSVM_KERNEL math::Cx<F> operator()(math::Cx<F> a) const {
    return math::op_Sqrt(a);
  }
};
struct Do_Not {
  template <class T, int N>
  TSVM_KERNEL Vec<T, N> operator()(Vec<T, N> a) const {
    return std::is_same_v<T, uint8_t> ? a ^ splat(a, T(1)) : ~a;
  }
};
// These have loops of their own below.
struct Do_DivTrunc {};
struct Do_RemTrunc {};
struct Do_Select {};
struct Do_Convert {};
struct Do_Bits {};
struct Do_Narrow {};
struct Do_Libm {};

#define TSVM_DO_Macro_1(name) TSVM_DO(name, (V a), math::op_##name(a))
#define TSVM_DO_Macro_2(name) TSVM_DO(name, (V a, V b), math::op_##name(a, b))
#define TSVM_DO_Leaf_0(name)
#define TSVM_DO_Prim_0(name)
#define TSVM_DO_Prim_1(name)
#define TSVM_DO_Prim_2(name)
#define TSVM_DO_Prim_3(name)
#define SCALAR_OP(name, operands, kind, types, result) TSVM_DO_##kind##_##operands(name)
#include "ops/scalar/opcodes.def"
#undef SCALAR_OP
#undef TSVM_DO

/// Functions of floats that math.h computes in double.
constexpr bool computes_wide(Op op) { return op == Op::Tan || op == Op::Pow; }

template <Op O, class Do, int Operands, CType T>
void run(const BlockArgs& k) {
  constexpr int N = kLanes < sizeof(elem<T>) == 4 && computes_wide(O) ? 8 : static_cast<int>(sizeof(elem<T>)) > ;
  if constexpr (Operands == 1)
    loop<N, T>(k, Do{});
  else if constexpr (Operands == 2)
    loop<N, T, T>(k, Do{});
  else
    loop<N, T, T, T>(k, Do{});
}

// --- integer division and powers, element by element

template <class T>
struct Divide {
  using U = std::make_unsigned_t<T>;
  static T quotient(T a, T b) { return b == -1 ? static_cast<T>(-static_cast<U>(a)) : a / b; }
  static T rest(T a, T b) { return b == -1 ? 0 : a % b; }
  static bool uneven(T a, T b) { return rest(a, b) != 0 && (a < 0) != (b < 0); }
  static T power(T base, T exponent) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
    U r = 1;
    for (U b = static_cast<U>(base); exponent != 0; exponent >>= 1, b *= b)
      if (exponent & 1) r *= b;
    return static_cast<T>(r);
  }
};
template <class T>
[[gnu::flatten]] T int_op(Op op, T a, T b) {
  using D = Divide<T>;
  switch (op) {
    case Op::DivTrunc: return D::quotient(a, b);
    case Op::FloorDiv: return static_cast<T>(D::quotient(a, b) - D::uneven(a, b));
    case Op::Remainder: return static_cast<T>(D::rest(a, b) + (D::uneven(a, b) ? b : 0));
    case Op::Pow: return D::power(a, b);
    default: return D::rest(a, b);
  }
}
constexpr bool is_int_special(Op op) {
  return op == Op::DivTrunc || op == Op::RemTrunc || op == Op::FloorDiv || op == Op::Remainder || op == Op::Fmod ||
         op == Op::Pow;
}
/// A zero divisor sets the fault and gives 0; the lowest number divided by -1 wraps.
template <Op O, class T>
void run_int(const BlockArgs& k) {
  for (int64_t i = 0; i < k.n; i++) {
    T a, b, r = 0;
    __builtin_memcpy(&a, k.in[0] + i * k.step[0] * static_cast<int64_t>(sizeof(T)), sizeof a);
    __builtin_memcpy(&b, k.in[1] + i * k.step[1] * static_cast<int64_t>(sizeof(T)), sizeof b);
    if (O != Op::Pow && b == 0)
      *k.fault = 1;
    else
      r = int_op<T>(O, a, b);
    __builtin_memcpy(k.out + i * static_cast<int64_t>(sizeof(T)), &r, sizeof r);
  }
}

// --- selection, conversions, calls

template <CType T>
void run_select(const BlockArgs& k) {
  constexpr int N = kLanes<sizeof(elem<T>)>;
  using I = int_of<elem<T>>;
  loop<N, CType::Bool, T, T>(k, [](Vec<uint8_t, N> c, vec_of<T, N> a, vec_of<T, N> b) TSVM_KERNEL_LAMBDA {
    const Vec<I, N> wide = cast<I>(Vec<int8_t, N>{reinterpret_cast<typename Vec<int8_t, N>::Raw>(c.v)});
    return select(wide != splat(wide, I(0)), a, b);
  });
}

/// Bits: the block already holds them.
template <CType T>
void run_copy(const BlockArgs& k) {
  loop<kLanes<sizeof(elem<T>)>, T>(k, [](vec_of<T, kLanes<sizeof(elem<T>)>> a) TSVM_KERNEL_LAMBDA { return a; });
}

template <CType From, CType To>
void run_convert(const BlockArgs& k) {
  using E = elem<To>;
  constexpr int N = kLanes<(sizeof(elem<From>) > sizeof(E) ? sizeof(elem<From>) : sizeof(E))>;
  loop<N, From>(k, [](vec_of<From, N> a) TSVM_KERNEL_LAMBDA {
    if constexpr (To == CType::Bool && is_complex(From)) {
      const auto zero = splat(a.re, elem<From>(0));
      return (a.re != zero) | (a.im != zero);
    } else if constexpr (To == CType::Bool) {
      return a != splat(a, elem<From>(0));
    } else if constexpr (is_complex(From) && is_complex(To)) {
      return math::Cx<Vec<E, N>>{cast<E>(a.re), cast<E>(a.im)};
    } else if constexpr (is_complex(From)) {
      return cast<E>(a.re);
    } else if constexpr (is_complex(To)) {
      return math::real_number(cast<E>(a));
    } else {
      return cast<E>(a);
    }
  });
}

template <DType T>
[[gnu::flatten]] void run_narrow(const BlockArgs& k) {
  using Stored = ctype_of<T>;
  using E = elem<compute_type(T)>;
  for (int64_t i = 0; i < k.n; i++) {
    E a;
    __builtin_memcpy(&a, k.in[0] + i * k.step[0] * static_cast<int64_t>(sizeof(E)), sizeof a);
    const E r = static_cast<E>(static_cast<Stored>(a));
    __builtin_memcpy(k.out + i * static_cast<int64_t>(sizeof(E)), &r, sizeof r);
  }
}

template <class T>
void run_libm(const BlockArgs& k) {
  const LibmFn fn = static_cast<LibmFn>(k.imm);
  constexpr int64_t kSize = sizeof(T);
  auto at = [&](int i, int64_t n) { return reinterpret_cast<const T*>(k.in[i] + n * k.step[i] * kSize); };
  for (int64_t i = 0; i < k.n; i++) {
    T r;
    if (k.in[2] != nullptr && k.in[2][i * k.step[2]] == 0)
      r = *at(3, i);
    else
      call_libm(fn, 1, &r, at(0, i), k.in[1] != nullptr ? at(1, i) : nullptr);
    __builtin_memcpy(k.out + i * kSize, &r, sizeof r);
  }
}

// --- between tensors and block buffers

template <DType From, CType To>
[[gnu::flatten]] void run_load(const char* from, int64_t stride, char* to, int64_t to_plane, int64_t n) {
  using S = ctype_of<From>;
  using E = elem<To>;
  auto one = [&](int64_t i, int64_t by) TSVM_KERNEL_LAMBDA {
    S v;
    __builtin_memcpy(&v, from + i * by, sizeof v);
    if constexpr (is_complex(To)) {
      const std::complex<E> z = ops::convert<std::complex<E>>(v);
      reinterpret_cast<E*>(to)[i] = z.real();
      reinterpret_cast<E*>(to + to_plane)[i] = z.imag();
    } else if constexpr (To == CType::Bool) {
      reinterpret_cast<E*>(to)[i] = ops::convert<bool>(v);
    } else {
      reinterpret_cast<E*>(to)[i] = ops::convert<E>(v);
    }
  };
  if (stride == static_cast<int64_t>(sizeof(S)))
    for (int64_t i = 0; i < n; i++) one(i, sizeof(S));
  else
    for (int64_t i = 0; i < n; i++) one(i, stride);
}

template <CType From, DType To>
[[gnu::flatten]] void run_store(const char* from, int64_t from_plane, int64_t from_step, char* to, int64_t stride,
                                int64_t n) {
  using S = ctype_of<To>;
  using E = elem<From>;
  auto one = [&](int64_t i, int64_t step, int64_t by) TSVM_KERNEL_LAMBDA {
    S v;
    if constexpr (is_complex(From))
      v = ops::convert<S>(std::complex<E>(reinterpret_cast<const E*>(from)[i * step],
                                          reinterpret_cast<const E*>(from + from_plane)[i * step]));
    else if constexpr (From == CType::Bool)
      v = ops::convert<S>(static_cast<bool>(reinterpret_cast<const E*>(from)[i * step]));
    else
      v = ops::convert<S>(reinterpret_cast<const E*>(from)[i * step]);
    __builtin_memcpy(to + i * by, &v, sizeof v);
  };
  if (stride == static_cast<int64_t>(sizeof(S)) && from_step == 1)
    for (int64_t i = 0; i < n; i++) one(i, 1, sizeof(S));
  else
    for (int64_t i = 0; i < n; i++) one(i, from_step, stride);
}

// --- the table

template <Op O, class Do, int Operands, CType T, bool Takes>
constexpr KernelFn pick() {
  if constexpr (!Takes || O == Op::Convert || O == Op::Narrow)
    return nullptr;
  else if constexpr (is_int(T) && is_int_special(O))
    return run_int<O, elem<T>>;
  else if constexpr (O == Op::Select)
    return run_select<T>;
  else if constexpr (O == Op::Bits)
    return run_copy<T>;
  else if constexpr (O == Op::Libm)
    return run_libm<elem<T>>;
  else
    return run<O, Do, Operands, T>;
}

struct Do_Leaf {};
constexpr KernelTable make_table() {
  KernelTable t{};
  t.name = TSVM_STRING(TSVM_ARCH);
#define TSVM_PICK(name, operands, types, T)                       \
  t.ops[static_cast<int>(Op::name)][static_cast<int>(CType::T)] = \
      pick<Op::name, Do_##name, operands, CType::T, takes(types, CType::T)>();
#define TSVM_FILL_Leaf(name, operands, types)
#define TSVM_FILL_Prim(name, operands, types) \
  TSVM_PICK(name, operands, types, Bool)      \
  TSVM_PICK(name, operands, types, I32)       \
  TSVM_PICK(name, operands, types, I64)       \
  TSVM_PICK(name, operands, types, F32)       \
  TSVM_PICK(name, operands, types, F64) TSVM_PICK(name, operands, types, C64) TSVM_PICK(name, operands, types, C128)
#define TSVM_FILL_Macro(name, operands, types) TSVM_FILL_Prim(name, operands, types)
#define SCALAR_OP(name, operands, kind, types, result) TSVM_FILL_##kind(name, operands, types)
#include "ops/scalar/opcodes.def"
#undef SCALAR_OP

  [&]<int... From>(std::integer_sequence<int, From...>) {
    (
        [&]<int F, int... To>(std::integer_sequence<int, F>, std::integer_sequence<int, To...>) {
          ((t.convert[F][To] = run_convert<CType(F), CType(To)>), ...);
        }(std::integer_sequence<int, From>(), std::make_integer_sequence<int, kCTypeCount>()),
        ...);
  }
  (std::make_integer_sequence<int, kCTypeCount>());
  [&]<int... From>(std::integer_sequence<int, From...>) {
    (
        [&]<int F, int... To>(std::integer_sequence<int, F>, std::integer_sequence<int, To...>) {
          ((t.load[F][To] = run_load<DType(F), CType(To)>), ...);
          ((t.store[To][F] = run_store<CType(To), DType(F)>), ...);
          if constexpr (!stored_as(DType(F), compute_type(DType(F)))) t.narrow[F] = run_narrow<DType(F)>;
        }(std::integer_sequence<int, From>(), std::make_integer_sequence<int, kCTypeCount>()),
        ...);
  }
  (std::make_integer_sequence<int, kDTypeCount>());
  return t;
}

constinit const KernelTable kTable = make_table();

}  // namespace tsvm::ops::scalar::TSVM_ARCH

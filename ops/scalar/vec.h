// Vectors of the block interpreter: the back end of math.h that computes.
//
// Included once by each kernels_*.cpp, inside the namespace of its instruction set: the same template compiled with
// different flags must never be one symbol. Everything is always_inline for the same reason.
//
// A Vec<T, N> is gcc's vector of N elements. fma() is one instruction where there is one; on processors without it the
// C library's exact fma is called for each element (slow, and the same result).

#define TSVM_VEC            \
  template <class T, int N> \
  [[gnu::always_inline]] inline

template <int Width>
struct IntOf;
template <>
struct IntOf<1> {
  using type = int8_t;
};
template <>
struct IntOf<4> {
  using type = int32_t;
};
template <>
struct IntOf<8> {
  using type = int64_t;
};
template <class T>
using int_of = typename IntOf<sizeof(T)>::type;
template <class T>
using unsigned_of = std::make_unsigned_t<int_of<T>>;

/// Lanes of -1 and 0, `Width` bytes each.
template <int Width, int N>
struct Mask {
  typedef typename IntOf<Width>::type Raw __attribute__((vector_size(Width * N)));
  Raw v;
};

template <class T, int N>
struct Vec {
  typedef T Raw __attribute__((vector_size(sizeof(T) * N)));
  using Scalar = T;
  using Int = Vec<int_of<T>, N>;
  using Mask = ::tsvm::ops::scalar::TSVM_ARCH::Mask<sizeof(T), N>;
  static constexpr int kLanes = N;
  Raw v;
};

#define TSVM_VEC_BINARY(symbol) \
  TSVM_VEC Vec<T, N> operator symbol(Vec<T, N> a, Vec<T, N> b) { return {a.v symbol b.v}; }
TSVM_VEC_BINARY(+)
TSVM_VEC_BINARY(-)
TSVM_VEC_BINARY(*)
TSVM_VEC_BINARY(/)
TSVM_VEC_BINARY(&)
TSVM_VEC_BINARY(|)
TSVM_VEC_BINARY(^)
#undef TSVM_VEC_BINARY
TSVM_VEC Vec<T, N> operator-(Vec<T, N> a) { return {-a.v}; }
TSVM_VEC Vec<T, N> operator~(Vec<T, N> a) { return {~a.v}; }
#define TSVM_VEC_COMPARE(symbol) \
  TSVM_VEC typename Vec<T, N>::Mask operator symbol(Vec<T, N> a, Vec<T, N> b) { return {a.v symbol b.v}; }
TSVM_VEC_COMPARE(==)
TSVM_VEC_COMPARE(!=)
TSVM_VEC_COMPARE(<)
TSVM_VEC_COMPARE(<=)
TSVM_VEC_COMPARE(>)
TSVM_VEC_COMPARE(>=)
#undef TSVM_VEC_COMPARE

#define TSVM_MASK         \
  template <int W, int N> \
  [[gnu::always_inline]] inline
TSVM_MASK Mask<W, N> operator&(Mask<W, N> a, Mask<W, N> b) { return {a.v & b.v}; }
TSVM_MASK Mask<W, N> operator|(Mask<W, N> a, Mask<W, N> b) { return {a.v | b.v}; }
TSVM_MASK Mask<W, N> operator^(Mask<W, N> a, Mask<W, N> b) { return {a.v ^ b.v}; }
TSVM_MASK Mask<W, N> operator~(Mask<W, N> a) { return {~a.v}; }
TSVM_MASK bool any(Mask<W, N> m) {
  if constexpr (W * N == 16) {
    return _mm_movemask_epi8(reinterpret_cast<__m128i>(m.v)) != 0;
#ifdef __AVX2__
  } else if constexpr (W * N == 32) {
    return _mm256_movemask_epi8(reinterpret_cast<__m256i>(m.v)) != 0;
#endif
#ifdef __AVX512F__
  } else if constexpr (W * N == 64) {
    return _mm512_test_epi32_mask(reinterpret_cast<__m512i>(m.v), reinterpret_cast<__m512i>(m.v)) != 0;
#endif
  } else {
    bool r = false;
    for (int i = 0; i < N; i++) r |= m.v[i] != 0;
    return r;
  }
}

TSVM_VEC Vec<T, N> splat(Vec<T, N>, T value) { return {value - typename Vec<T, N>::Raw{}}; }
TSVM_VEC Vec<T, N> select(Mask<sizeof(T), N> m, Vec<T, N> a, Vec<T, N> b) { return {m.v ? a.v : b.v}; }
TSVM_VEC typename Vec<T, N>::Int bits(Vec<T, N> a) { return {reinterpret_cast<typename Vec<T, N>::Int::Raw>(a.v)}; }
TSVM_VEC Vec<T, N> from_bits(Vec<T, N>, typename Vec<T, N>::Int a) {
  return {reinterpret_cast<typename Vec<T, N>::Raw>(a.v)};
}
template <int Count, class T, int N>
[[gnu::always_inline]] inline Vec<T, N> shl(Vec<T, N> a) {
  typedef unsigned_of<T> U __attribute__((vector_size(sizeof(T) * N)));
  return {reinterpret_cast<typename Vec<T, N>::Raw>(reinterpret_cast<U>(a.v) << Count)};
}
template <int Count, class T, int N>
[[gnu::always_inline]] inline Vec<T, N> shr_logical(Vec<T, N> a) {
  typedef unsigned_of<T> U __attribute__((vector_size(sizeof(T) * N)));
  return {reinterpret_cast<typename Vec<T, N>::Raw>(reinterpret_cast<U>(a.v) >> Count)};
}
/// Amounts below 0 or past the width shift everything out.
TSVM_VEC Vec<T, N> shift_left(Vec<T, N> a, Vec<T, N> b) {
  typedef unsigned_of<T> U __attribute__((vector_size(sizeof(T) * N)));
  const Vec<T, N> zero = splat(a, T(0));
  const auto within = (b >= zero) & (b < splat(a, T(sizeof(T) * 8)));
  const U by = reinterpret_cast<U>(select(within, b, zero).v);
  return select(within, Vec<T, N>{reinterpret_cast<typename Vec<T, N>::Raw>(reinterpret_cast<U>(a.v) << by)}, zero);
}
TSVM_VEC Vec<T, N> shift_right_logical(Vec<T, N> a, Vec<T, N> b) {
  typedef unsigned_of<T> U __attribute__((vector_size(sizeof(T) * N)));
  const Vec<T, N> zero = splat(a, T(0));
  const auto within = (b >= zero) & (b < splat(a, T(sizeof(T) * 8)));
  const U by = reinterpret_cast<U>(select(within, b, zero).v);
  return select(within, Vec<T, N>{reinterpret_cast<typename Vec<T, N>::Raw>(reinterpret_cast<U>(a.v) >> by)}, zero);
}
TSVM_VEC Vec<T, N> shift_right(Vec<T, N> a, Vec<T, N> b) {
  const Vec<T, N> last = splat(a, T(sizeof(T) * 8 - 1));
  const Vec<T, N> by = select((b >= splat(a, T(0))) & (b <= last), b, last);
  return {a.v >> by.v};
}
template <class To, class T, int N>
[[gnu::always_inline]] inline Vec<To, N> cast(Vec<T, N> a) {
  return {__builtin_convertvector(a.v, typename Vec<To, N>::Raw)};
}
template <int N>
[[gnu::always_inline]] inline Vec<double, N> widen(Vec<float, N> a) {
  return cast<double>(a);
}
template <int N>
[[gnu::always_inline]] inline Vec<float, N> shorten(Vec<double, N> a) {
  return cast<float>(a);
}

TSVM_VEC Vec<T, N> fma(Vec<T, N> a, Vec<T, N> b, Vec<T, N> c) {
#define TSVM_FMA(type, bytes, raw, fn) \
  if constexpr (std::is_same_v<T, type> && sizeof(T) * N == bytes) return {fn((raw)a.v, (raw)b.v, (raw)c.v)};
#ifdef __FMA__
  TSVM_FMA(float, 16, __m128, _mm_fmadd_ps)
  TSVM_FMA(double, 16, __m128d, _mm_fmadd_pd)
  TSVM_FMA(float, 32, __m256, _mm256_fmadd_ps)
  TSVM_FMA(double, 32, __m256d, _mm256_fmadd_pd)
#endif
#ifdef __AVX512F__
  TSVM_FMA(float, 64, __m512, _mm512_fmadd_ps)
  TSVM_FMA(double, 64, __m512d, _mm512_fmadd_pd)
#endif
#undef TSVM_FMA
  Vec<T, N> r;
  for (int i = 0; i < N; i++)
    r.v[i] = sizeof(T) == 4 ? __builtin_fmaf(a.v[i], b.v[i], c.v[i]) : __builtin_fma(a.v[i], b.v[i], c.v[i]);
  return r;
}
TSVM_VEC Vec<T, N> sqrt(Vec<T, N> a) {
#define TSVM_SQRT(type, bytes, raw, fn) \
  if constexpr (std::is_same_v<T, type> && sizeof(T) * N == bytes) return {fn((raw)a.v)};
  TSVM_SQRT(float, 16, __m128, _mm_sqrt_ps)
  TSVM_SQRT(double, 16, __m128d, _mm_sqrt_pd)
#ifdef __AVX__
  TSVM_SQRT(float, 32, __m256, _mm256_sqrt_ps)
  TSVM_SQRT(double, 32, __m256d, _mm256_sqrt_pd)
#endif
#ifdef __AVX512F__
  TSVM_SQRT(float, 64, __m512, _mm512_sqrt_ps)
  TSVM_SQRT(double, 64, __m512d, _mm512_sqrt_pd)
#endif
#undef TSVM_SQRT
  Vec<T, N> r;
  for (int i = 0; i < N; i++) r.v[i] = sizeof(T) == 4 ? __builtin_sqrtf(a.v[i]) : __builtin_sqrt(a.v[i]);
  return r;
}
/// Mode: the immediate of the round instructions (0 even, 1 down, 2 up, 3 towards zero).
template <int Mode, class T, int N>
[[gnu::always_inline]] inline Vec<T, N> round_to(Vec<T, N> a) {
#define TSVM_ROUND(type, bytes, raw, fn) \
  if constexpr (std::is_same_v<T, type> && sizeof(T) * N == bytes) return {fn((raw)a.v, Mode | 8)};
#ifdef __AVX__
  TSVM_ROUND(float, 16, __m128, _mm_round_ps)
  TSVM_ROUND(double, 16, __m128d, _mm_round_pd)
  TSVM_ROUND(float, 32, __m256, _mm256_round_ps)
  TSVM_ROUND(double, 32, __m256d, _mm256_round_pd)
#endif
#ifdef __AVX512F__
  TSVM_ROUND(float, 64, __m512, _mm512_roundscale_ps)
  TSVM_ROUND(double, 64, __m512d, _mm512_roundscale_pd)
#endif
#undef TSVM_ROUND
  Vec<T, N> r;
  for (int i = 0; i < N; i++) {
    const double x = a.v[i];
    r.v[i] = static_cast<T>(Mode == 0   ? __builtin_nearbyint(x)
                            : Mode == 1 ? __builtin_floor(x)
                            : Mode == 2 ? __builtin_ceil(x)
                                        : __builtin_trunc(x));
  }
  return r;
}
TSVM_VEC Vec<T, N> round_even(Vec<T, N> a) { return round_to<0>(a); }
TSVM_VEC Vec<T, N> floor(Vec<T, N> a) { return round_to<1>(a); }
TSVM_VEC Vec<T, N> ceil(Vec<T, N> a) { return round_to<2>(a); }
TSVM_VEC Vec<T, N> trunc(Vec<T, N> a) { return round_to<3>(a); }
TSVM_VEC Vec<T, N> abs(Vec<T, N> a) {
  if constexpr (std::is_floating_point_v<T>)
    return from_bits(a, bits(a) & splat(bits(a), std::numeric_limits<int_of<T>>::max()));
  else
    return {a.v < 0 ? -a.v : a.v};
}

// Calls for each element, compiled once for all instruction sets (libm.cpp).
template <LibmFn Fn, class T, int N>
[[gnu::always_inline]] inline Vec<T, N> libm1(Vec<T, N> a) {
  Vec<T, N> r;
  call_libm(Fn, N, reinterpret_cast<T*>(&r), reinterpret_cast<const T*>(&a), static_cast<const T*>(nullptr));
  return r;
}
template <LibmFn Fn, class T, int N>
[[gnu::always_inline]] inline Vec<T, N> libm2(Vec<T, N> a, Vec<T, N> b) {
  Vec<T, N> r;
  call_libm(Fn, N, reinterpret_cast<T*>(&r), reinterpret_cast<const T*>(&a), reinterpret_cast<const T*>(&b));
  return r;
}
template <LibmFn Fn, class T, int N>
[[gnu::always_inline]] inline Vec<T, N> libm_where(Mask<sizeof(T), N> guard, Vec<T, N> a, Vec<T, N> otherwise) {
  if (__builtin_expect(!any(guard), 1)) return otherwise;
  return select(guard, libm1<Fn>(a), otherwise);
}

#undef TSVM_VEC
#undef TSVM_MASK

// Random fills with PyTorch's numbers.
//
// Elements are drawn one after another in the order of memory, by one thread: the sequence of generator words is the
// contract. Normal samples have two algorithms. Fewer than 16 elements (or strided ones) take them one by one from the
// generator's Box-Muller with its cached partner, in double. 16 and more contiguous elements are first filled with
// uniform numbers, and then turned into normal ones in blocks of 16: eight radii from the first half, eight angles from
// the second. For float32 the logarithm, sine and cosine of that step are single-precision polynomials (Cephes), with
// exactly the fused multiply-adds written here.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"
#include "ops/tensor/overlap.h"

namespace tsvm::ops::cpu {
namespace {

Generator pick(const Gen& generator) { return generator ? *generator : default_generator(); }

/// self[i] = draw() in memory order.
template <class T, class F>
void fill_serial(const Tensor& self, const F& draw) {
  LoopNest<1> nest(self.sizes());
  nest.add(self);
  nest.finish();
  nest.run_serial([&](char** data, const int64_t* strides, int64_t n) {
    for (int64_t i = 0; i < n; i++) *reinterpret_cast<T*>(data[0] + i * strides[0]) = convert<T>(draw());
  });
}

/// Uniform in [from, to) as PyTorch makes it for an element type: as many bits as its mantissa has.
template <class T>
T uniform(Generator& g, T from, T to) {
  if constexpr (std::is_same_v<T, double>) {
    const double x = g.uniform_double();
    return from == 0 ? x * to : std::fma(x, to - from, from);
  } else if constexpr (std::is_same_v<T, float>) {
    const float x = g.uniform_float();
    return from == 0 ? x * to : std::fma(x, to - from, from);
  } else {
    constexpr uint32_t kBits = std::is_same_v<T, Half> ? 11 : 8;
    const float x = static_cast<float>(g.random32() & ((1u << kBits) - 1)) * (1.0f / (1u << kBits));
    return T(x * static_cast<float>(T(static_cast<float>(to) - static_cast<float>(from))) + static_cast<float>(from));
  }
}

TSVM_INLINE inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

/// Natural logarithm in single precision.
TSVM_INLINE inline float block_log(float x) {
  x = std::max(x, 0x1p-126f);
  const int32_t bits = std::bit_cast<int32_t>(x);
  float e = static_cast<float>((bits >> 23) - 127) + 1.0f;
  x = std::bit_cast<float>((bits & ~0x7f800000) | 0x3f000000);
  const bool low = x < 0.707106781186547524f;
  const float again = low ? x : 0.0f;
  x = x - 1.0f + again;
  e = e - (low ? 1.0f : 0.0f);
  const float z = x * x;
  float y = 7.0376836292e-2f;
  y = fused(y, x, -1.1514610310e-1f);
  y = fused(y, x, 1.1676998740e-1f);
  y = fused(y, x, -1.2420140846e-1f);
  y = fused(y, x, 1.4249322787e-1f);
  y = fused(y, x, -1.6668057665e-1f);
  y = fused(y, x, 2.0000714765e-1f);
  y = fused(y, x, -2.4999993993e-1f);
  y = fused(y, x, 3.3333331174e-1f);
  y = y * x;
  y = fused(y, z, e * -2.12194440e-4f);
  y = fused(-z, 0.5f, y);
  return fused(e, 0.693359375f, x + y);
}

/// Sine and cosine of a non-negative angle in single precision.
TSVM_INLINE inline void block_sincos(float x, float& sine, float& cosine) {
  int32_t octant = static_cast<int32_t>(x * 1.27323954473516f);
  octant = (octant + 1) & ~1;
  const float y = static_cast<float>(octant);
  x = fused(y, -0.78515625f, x);
  x = fused(y, -2.4187564849853515625e-4f, x);
  x = fused(y, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = 2.443315711809948e-5f;
  c = fused(c, z, -1.388731625493765e-3f);
  c = fused(c, z, 4.166664568298827e-2f);
  c = c * z;
  c = fused(c, z, -(z * 0.5f)) + 1.0f;
  float s = -1.9515295891e-4f;
  s = fused(s, z, 8.3321608736e-3f);
  s = fused(s, z, -1.6666654611e-1f);
  s = fused(s * z, x, x);
  const bool swap = (octant & 2) != 0;
  const float a = swap ? c : s, b = swap ? s : c;
  sine = octant & 4 ? -a : a;
  cosine = (octant - 2) & 4 ? b : -b;
}

TSVM_INLINE inline void normal_blocks(float* data, int64_t blocks, float mean, float std) {
  for (int64_t k = 0; k < blocks; k++, data += 16) {
    for (int j = 0; j < 8; j++) {
      const float radius = std::sqrt(-2.0f * block_log(1.0f - data[j]));
      float sine, cosine;
      block_sincos(static_cast<float>(2.0 * M_PI) * data[j + 8], sine, cosine);
      data[j] = fused(radius * cosine, std, mean);
      data[j + 8] = fused(radius * sine, std, mean);
    }
  }
}

[[gnu::target("avx2,fma"), gnu::noinline]] void normal_blocks_fma(float* data, int64_t blocks, float mean, float std) {
  normal_blocks(data, blocks, mean, std);
}

void make_normal(float* data, int64_t blocks, float mean, float std) {
  if (has_avx2_fma()) return normal_blocks_fma(data, blocks, mean, std);
  normal_blocks(data, blocks, mean, std);
}

void make_normal(double* data, int64_t blocks, double mean, double std) {
  for (int64_t k = 0; k < blocks; k++, data += 16) {
    for (int j = 0; j < 8; j++) {
      const double radius = std::sqrt(-2.0 * std::log(1.0 - data[j]));
      const double theta = 2.0 * M_PI * data[j + 8];
      data[j] = std::fma(radius * std::cos(theta), std, mean);
      data[j + 8] = std::fma(radius * std::sin(theta), std, mean);
    }
  }
}

/// bfloat16 rounds after every step, half only where it is stored.
template <class T>
void make_normal(T* data, int64_t blocks, T mean, T std) {
  auto step = [](float v) { return std::is_same_v<T, Half> ? v : static_cast<float>(T(v)); };
  for (int64_t k = 0; k < blocks; k++, data += 16) {
    for (int j = 0; j < 8; j++) {
      const float u1 = T(1.0f - data[j]);
      const float radius = T(std::sqrt(step(-2.0f * step(std::log(u1)))));
      const float theta = T(static_cast<float>(2.0 * M_PI * static_cast<double>(data[j + 8])));
      const float a = step(step(radius * step(std::cos(theta))) * std);
      const float b = step(step(radius * step(std::sin(theta))) * std);
      data[j] = T(a + mean);
      data[j + 8] = T(b + mean);
    }
  }
}

template <class T>
void normal_fill(T* data, int64_t n, T mean, T std, Generator& g) {
  for (int64_t i = 0; i < n; i++) data[i] = uniform<T>(g, T(0.0f), T(1.0f));
  make_normal(data, n / 16, mean, std);
  if (n % 16) {
    // The last 16 are drawn afresh, overlapping the block before.
    T* last = data + n - 16;
    for (int i = 0; i < 16; i++) last[i] = uniform<T>(g, T(0.0f), T(1.0f));
    make_normal(last, 1, mean, std);
  }
}

/// How error messages name an element type.
const char* cpp_word(DType t) {
  switch (t) {
    case DType::UInt8: return "unsigned char";
    case DType::Int8: return "signed char";
    case DType::Int16: return "short";
    case DType::Int32: return "int";
    case DType::Int64: return "long";
    case DType::Bool: return "bool";
    default: return info(t).name;
  }
}

template <class T>
constexpr uint64_t mantissa_bits() {
  if constexpr (std::is_same_v<T, Half>) return 11;
  if constexpr (std::is_same_v<T, BFloat16>) return 8;
  if constexpr (std::is_same_v<T, float>) return 24;
  return 53;
}

/// Integers base + [0, range), 0 standing for 2^64.
template <class T>
void fill_integers(const Tensor& self, uint64_t range, int64_t base, Generator& g) {
  auto at = [base](uint64_t offset) { return static_cast<int64_t>(offset + static_cast<uint64_t>(base)); };
  if (range == 0)
    fill_serial<T>(self, [&] { return at(g.random64()); });
  else if (range >= uint64_t{1} << 32)
    fill_serial<T>(self, [&] { return at(g.random64() % range); });
  else
    fill_serial<T>(self, [&] { return at(g.random32() % range); });
}

void random_range(const Tensor& self, int64_t from, uint64_t range, const Gen& generator) {
  if (self.is_meta()) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), "random_from_to", fill_integers<scalar_t>(self, range, from, g));
}

void check_random_bounds(DType dtype, int64_t from, int64_t last) {
  auto check = [&](int64_t v, const char* what, int64_t low, int64_t high) {
    OPS_CHECK(v >= low && v <= high, RuntimeError, what, " is out of bounds for ", cpp_word(dtype));
  };
  TSVM_DISPATCH_REAL_BOOL(dtype, "random_from_to", {
    int64_t low, high;
    if constexpr (is_floating_type<scalar_t>) {
      // Beyond the mantissa PyTorch only warns.
      const bool half = std::is_same_v<scalar_t, Half>;
      low = half ? -65504 : std::numeric_limits<int64_t>::min();
      high = half ? 65504 : std::numeric_limits<int64_t>::max();
    } else {
      low = static_cast<int64_t>(std::numeric_limits<scalar_t>::min());
      high = static_cast<int64_t>(std::numeric_limits<scalar_t>::max());
    }
    check(from, "from", low, high);
    check(last, "to - 1", low, high);
  });
}

}  // namespace

void uniform_(const Tensor& self, double from, double to, const Gen& generator) {
  if (is_complex(self.dtype())) return uniform_(view_as_real(self), from, to, generator);
  TSVM_DISPATCH_FLOATING(self.dtype(), "check_uniform_bounds", {
    constexpr double kMax = std::is_same_v<scalar_t, double>  ? std::numeric_limits<double>::max()
                            : std::is_same_v<scalar_t, float> ? std::numeric_limits<float>::max()
                            : std::is_same_v<scalar_t, Half>  ? 65504.0
                                                              : 0x1.fep127;
    const char* type = info(self.dtype()).cpp_name;
    OPS_CHECK(from >= -kMax && from <= kMax, RuntimeError, "from is out of bounds for ", type);
    OPS_CHECK(to >= -kMax && to <= kMax, RuntimeError, "to is out of bounds for ", type);
    OPS_CHECK(from <= to, RuntimeError, "uniform_ expects to return a [from, to) range, but found from=", from,
              " > to=", to);
    OPS_CHECK(to - from <= kMax, RuntimeError, "uniform_ expects to-from <= std::numeric_limits<", type,
              ">::max(), but found to=", to, " and from=", from, " which result in to-from to exceed the limit");
    if (self.is_meta()) return;
    Generator g = pick(generator);
    const scalar_t low = convert<scalar_t>(from), high = convert<scalar_t>(to);
    fill_serial<scalar_t>(self, [&] { return uniform<scalar_t>(g, low, high); });
  });
}

void normal_(const Tensor& self, double mean, double std, const Gen& generator) {
  OPS_CHECK(std >= 0, RuntimeError, "normal expects std >= 0.0, but found std ", std);
  if (is_complex(self.dtype())) return normal_(view_as_real(self), mean, std / std::sqrt(2.0), generator);
  if (self.is_meta() || self.numel() == 0) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_FLOATING(self.dtype(), "normal_kernel_cpu", {
    if (self.numel() >= 16 && self.is_contiguous())
      normal_fill(self.data_ptr<scalar_t>(), self.numel(), convert<scalar_t>(mean), convert<scalar_t>(std), g);
    else
      fill_serial<scalar_t>(self, [&] { return std::fma(g.normal(), std, mean); });
  });
}

void random_(const Tensor& self, const Gen& generator) {
  if (self.is_meta()) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), "random_kernel_cpu", {
    if constexpr (std::is_same_v<scalar_t, bool>) {
      fill_serial<scalar_t>(self, [&] { return (g.random32() & 1) != 0; });
    } else if constexpr (std::is_same_v<scalar_t, int64_t>) {
      fill_integers<scalar_t>(self, uint64_t{1} << 63, 0, g);
    } else if constexpr (std::is_same_v<scalar_t, double>) {
      fill_serial<scalar_t>(self, [&] { return static_cast<int64_t>(g.random64() % ((uint64_t{1} << 53) + 1)); });
    } else {
      constexpr uint64_t kRange = is_floating_type<scalar_t>
                                      ? (uint64_t{1} << mantissa_bits<scalar_t>()) + 1
                                      : static_cast<uint64_t>(std::numeric_limits<scalar_t>::max()) + 1;
      fill_serial<scalar_t>(self, [&] { return static_cast<int64_t>(g.random32() % kRange); });
    }
  });
}

void random_(const Tensor& self, int64_t to, const Gen& generator) {
  random_(self, 0, optional<int64_t>(to), generator);
}

void random_(const Tensor& self, int64_t from, optional<int64_t> to, const Gen& generator) {
  if (to) {
    OPS_CHECK(from < *to, RuntimeError, "random_ expects 'from' to be less than 'to', but got from=", from,
              " >= to=", *to);
    check_random_bounds(self.dtype(), from, *to - 1);
    return random_range(self, from, static_cast<uint64_t>(*to) - static_cast<uint64_t>(from), generator);
  }
  check_random_bounds(self.dtype(), from, from);
  // Up to the largest number that the type holds exactly.
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), "random_from_to", {
    uint64_t last;
    if constexpr (is_floating_type<scalar_t>)
      last = uint64_t{1} << mantissa_bits<scalar_t>();
    else
      last = static_cast<uint64_t>(std::numeric_limits<scalar_t>::max());
    random_range(self, from, last - static_cast<uint64_t>(from) + 1, generator);
  });
}

void bernoulli_(const Tensor& self, double p, const Gen& generator) {
  OPS_CHECK(p >= 0 && p <= 1, RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=", p);
  if (self.is_meta()) return;
  check_no_internal_overlap(self);
  Generator g = pick(generator);
  TSVM_DISPATCH(self.dtype(), "bernoulli_scalar_cpu_",
                TSVM_CASES_INTEGRAL(fill_serial<scalar_t>(self, [&] { return g.uniform_double() < p; }))
                    TSVM_CASES_FLOAT(fill_serial<scalar_t>(self, [&] { return g.uniform_double() < p; }))
                        TSVM_CASE(BFloat16, fill_serial<scalar_t>(self, [&] { return g.uniform_double() < p; }))
                            TSVM_CASE(Bool, fill_serial<scalar_t>(self, [&] { return g.uniform_double() < p; })));
}

namespace {

template <class T, class P>
void bernoulli_each(const LoopNest<2>& nest, Generator& g) {
  nest.run_serial([&](char** data, const int64_t* strides, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
      const P p = *reinterpret_cast<const P*>(data[1] + i * strides[1]);
      OPS_CHECK(
          p >= 0 && p <= 1, RuntimeError,
          "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If "
          "so, please report an enhancement request to PyTorch.)");
      bool one;
      if constexpr (std::is_same_v<P, double>)
        one = g.uniform_double() < p;
      else if constexpr (std::is_same_v<P, float>)
        one = g.uniform_float() < p;
      else
        one = uniform<P>(g, P(0.0f), P(1.0f)) < p;
      *reinterpret_cast<T*>(data[0] + i * strides[0]) = convert<T>(one);
    }
  });
}

}  // namespace

void bernoulli_(const Tensor& self, const Tensor& p, const Gen& generator) {
  OPS_CHECK(is_floating(p.dtype()) || p.dtype() == self.dtype(), RuntimeError,
            "expected probabilities tensor to have "
            "floating type, got ",
            info(p.dtype()).cpp_name);
  OPS_CHECK(is_expandable_to(p.sizes(), self.sizes()), RuntimeError, "The size of tensor p ", p.sizes(),
            " must be broadcastable to ", self.sizes());
  check_no_internal_overlap(self);
  if (self.is_meta()) return;
  Generator g = pick(generator);
  LoopNest<2> nest(self.sizes());
  nest.add(self);
  nest.add(p);
  nest.finish();
  TSVM_DISPATCH_REAL_BOOL(self.dtype(), "bernoulli_tensor_cpu_self_", {
    using self_t = scalar_t;
    TSVM_DISPATCH(p.dtype(), "bernoulli_tensor_cpu_p_",
                  TSVM_CASES_FLOAT(bernoulli_each<self_t, scalar_t>(nest, g))
                      TSVM_CASE(BFloat16, bernoulli_each<self_t, scalar_t>(nest, g)));
  });
}

Tensor bernoulli(const Tensor& self, const Gen& generator) {
  Tensor out = empty_like(self, {}, {}, MemoryFormat::Contiguous);
  bernoulli_(out, self, generator);
  return out;
}

void exponential_(const Tensor& self, double lambd, const Gen& generator) {
  OPS_CHECK(lambd >= 0, RuntimeError, "exponential_ expects lambda >= 0.0, but found lambda=", lambd);
  if (self.is_meta()) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_FLOATING(self.dtype(), "exponential_cpu", fill_serial<scalar_t>(self, [&] {
                           return -1.0 / lambd * std::log(1.0 - g.uniform_double());
                         }));
}

void geometric_(const Tensor& self, double p, const Gen& generator) {
  OPS_CHECK(p > 0 && p < 1, RuntimeError, "geometric_ expects p to be in (0, 1), but got p=", p);
  if (self.is_meta()) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_REAL(self.dtype(), "geometric_cpu", fill_serial<scalar_t>(self, [&] {
                       return std::ceil(std::log(g.uniform_double()) / std::log1p(-p));
                     }));
}

void cauchy_(const Tensor& self, double median, double sigma, const Gen& generator) {
  if (self.is_meta()) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_FLOATING(self.dtype(), "cauchy_cpu", fill_serial<scalar_t>(self, [&] {
                           return median + sigma * std::tan(M_PI * (g.uniform_double() - 0.5));
                         }));
}

void log_normal_(const Tensor& self, double mean, double std, const Gen& generator) {
  OPS_CHECK(std > 0, RuntimeError, "log_normal_ expects std > 0.0, but found std=", std);
  if (self.is_meta()) return;
  Generator g = pick(generator);
  TSVM_DISPATCH_FLOATING(self.dtype(), "log_normal_cpu",
                         fill_serial<scalar_t>(self, [&] { return std::exp(g.normal() * std + mean); }));
}

Tensor rand(IntSpan size, optional<DType> dtype, optional<Device> device, const Gen& generator) {
  Tensor out = empty(size, dtype, device);
  uniform_(out, 0, 1, generator);
  return out;
}

Tensor randn(IntSpan size, optional<DType> dtype, optional<Device> device, const Gen& generator) {
  Tensor out = empty(size, dtype, device);
  normal_(out, 0, 1, generator);
  return out;
}

Tensor randint(int64_t low, int64_t high, IntSpan size, optional<DType> dtype, optional<Device> device,
               const Gen& generator) {
  Tensor out = empty(size, dtype.value_or(DType::Int64), device);
  random_(out, low, high, generator);
  return out;
}

Tensor rand_like(const Tensor& self, optional<DType> dtype, optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, dtype, {}, memory_format);
  uniform_(out, 0, 1);
  return out;
}

Tensor randn_like(const Tensor& self, optional<DType> dtype, optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, dtype, {}, memory_format);
  normal_(out, 0, 1);
  return out;
}

Tensor randint_like(const Tensor& self, int64_t low, int64_t high, optional<DType> dtype,
                    optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, dtype, {}, memory_format);
  random_(out, low, high);
  return out;
}

Tensor randperm(int64_t n, optional<DType> dtype, optional<Device> device, const Gen& generator) {
  OPS_CHECK(n >= 0, RuntimeError, "Trying to create tensor with negative dimension ", n, ": [", n, "]");
  Tensor out = empty({n}, dtype.value_or(DType::Int64), device);
  TSVM_DISPATCH_REAL(out.dtype(), "randperm", {
    if (n > 0) Scalar(n - 1).checked_to<scalar_t>();
    if (out.is_meta()) return out;
    Generator g = pick(generator);
    scalar_t* data = out.data_ptr<scalar_t>();
    for (int64_t i = 0; i < n; i++) data[i] = convert<scalar_t>(i);
    for (int64_t i = 0; i < n - 1; i++) {
      const int64_t z = g.random32() % (n - i);
      std::swap(data[i], data[i + z]);
    }
  });
  return out;
}

namespace {

template <class T>
void sample_with_replacement(const Tensor& p, int64_t samples, int64_t* out, Generator& g) {
  const int64_t categories = p.size(-1), rows = p.numel() / categories;
  // The 16-bit types add up in float.
  using Acc = std::conditional_t<std::is_same_v<T, double>, double, float>;
  std::vector<Acc> sums(static_cast<size_t>(categories));
  const T* row = p.data_ptr<T>();
  for (int64_t r = 0; r < rows; r++, row += categories, out += samples) {
    Acc sum = 0;
    for (int64_t j = 0; j < categories; j++) {
      const Acc v = convert<Acc>(row[j]);
      OPS_CHECK(v >= 0, RuntimeError, "invalid multinomial distribution (encountering probability entry < 0)");
      OPS_CHECK(std::isfinite(v), RuntimeError,
                "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
      sum += v;
      sums[static_cast<size_t>(j)] = sum;
    }
    OPS_CHECK(sum > 0, RuntimeError, "invalid multinomial distribution (sum of probabilities <= 0)");
    if (sum > 1 || sum < Acc(0.99999))
      for (Acc& s : sums) s /= sum;
    sums.back() = 1;
    for (int64_t k = 0; k < samples; k++) {
      const double u = g.uniform_double();
      out[k] = std::lower_bound(sums.begin(), sums.end(), u, [](Acc a, double b) { return a < b; }) - sums.begin();
    }
  }
}

template <class T>
void sample_without_replacement(const Tensor& p, int64_t samples, int64_t* out, const Gen& generator) {
  const int64_t categories = p.size(-1), rows = p.numel() / categories;
  const T* probabilities = p.data_ptr<T>();
  for (int64_t r = 0; r < rows; r++) {
    T sum = T(0.0f);
    for (int64_t j = 0; j < categories; j++) {
      const T v = probabilities[r * categories + j];
      OPS_CHECK(v >= 0 && v - v == 0, RuntimeError, "probability tensor contains either `inf`, `nan` or element < 0");
      sum = T(sum + v);
    }
    OPS_CHECK(sum != 0, RuntimeError, "invalid multinomial distribution (sum of probabilities <= 0)");
  }
  // The category with the largest p / Exp(1) is a sample; the next largest ones are samples of what is left.
  Tensor q = empty_like(p);
  exponential_(q, 1, generator);
  T* weights = q.data_ptr<T>();
  std::vector<int64_t> order(static_cast<size_t>(categories));
  for (int64_t r = 0; r < rows; r++, out += samples, weights += categories, probabilities += categories) {
    for (int64_t j = 0; j < categories; j++) weights[j] = T(probabilities[j] / weights[j]);
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + samples, order.end(), [&](int64_t a, int64_t b) {
      return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
    });
    std::copy(order.begin(), order.begin() + samples, out);
  }
}

}  // namespace

Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement, const Gen& generator) {
  OPS_CHECK(self.dim() == 1 || self.dim() == 2, RuntimeError, "prob_dist must be 1 or 2 dim");
  OPS_CHECK(is_floating(self.dtype()), RuntimeError,
            "multinomial only supports floating-point dtypes for input, got: ", info(self.dtype()).cpp_name);
  OPS_CHECK(num_samples > 0, RuntimeError, "cannot sample n_sample <= 0 samples");
  OPS_CHECK(replacement || num_samples <= self.size(-1), RuntimeError,
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  const DimVector sizes = self.dim() == 1 ? DimVector{num_samples} : DimVector{self.size(0), num_samples};
  Tensor out = ops::empty(sizes, DType::Int64, self.device());
  if (out.is_meta() || self.numel() == 0) return out;
  const Tensor p = contiguous(self);
  Generator g = pick(generator);
  TSVM_DISPATCH_FLOATING(self.dtype(), "multinomial", {
    if (replacement)
      sample_with_replacement<scalar_t>(p, num_samples, out.data_ptr<int64_t>(), g);
    else
      sample_without_replacement<scalar_t>(p, num_samples, out.data_ptr<int64_t>(), generator);
  });
  return out;
}

}  // namespace tsvm::ops::cpu

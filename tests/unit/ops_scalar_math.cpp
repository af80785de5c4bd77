// The definitions of math.h against the C library's long double functions, over the whole range of arguments and at the
// special values, and the instruction sets against each other, bit by bit.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "ops/scalar/kernels.h"
#include "ops/scalar/libm.h"

namespace tsvm::ops::scalar {
namespace {

template <class T>
constexpr CType ctype = sizeof(T) == 4 ? CType::F32 : CType::F64;
template <class T>
using bits_of = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <class T>
std::vector<T> run_op(const KernelTable& table, Op op, const std::vector<T>& a, const std::vector<T>* b = nullptr) {
  std::vector<T> out(a.size());
  BlockArgs k{};
  k.in[0] = reinterpret_cast<const char*>(a.data());
  k.step[0] = 1;
  if (b) {
    k.in[1] = reinterpret_cast<const char*>(b->data());
    k.step[1] = 1;
  }
  k.out = reinterpret_cast<char*>(out.data());
  k.n = static_cast<int64_t>(a.size());
  table.ops[static_cast<int>(op)][static_cast<int>(ctype<T>)](k);
  return out;
}

/// Arguments: every exponent, the usual range more densely, and the neighbourhood of special points.
template <class T>
std::vector<T> arguments() {
  std::mt19937_64 random(7);
  std::vector<T> v;
  for (T x : {T(0),
              T(-0.0),
              std::numeric_limits<T>::infinity(),
              -std::numeric_limits<T>::infinity(),
              std::numeric_limits<T>::quiet_NaN(),
              std::numeric_limits<T>::min(),
              std::numeric_limits<T>::max(),
              std::numeric_limits<T>::denorm_min(),
              -std::numeric_limits<T>::denorm_min(),
              T(1),
              T(-1),
              T(0.5),
              T(2),
              T(10),
              T(1000),
              T(M_PI),
              T(M_PI / 2),
              T(M_PI / 4),
              T(1e5),
              T(1e10),
              T(1e22)})
    v.push_back(x);
  for (int i = 0; i < 60000; i++) {
    const auto word = static_cast<bits_of<T>>(random());
    v.push_back(std::bit_cast<T>(word));
  }
  std::uniform_real_distribution<double> wide(-120, 120), near(-1.5, 1.5), turn(-400, 400), log_scale(-30, 10);
  for (int i = 0; i < 40000; i++) {
    v.push_back(static_cast<T>(wide(random)));
    v.push_back(static_cast<T>(near(random)));
    v.push_back(static_cast<T>(turn(random)));
    v.push_back(static_cast<T>(std::copysign(std::exp2(log_scale(random)), near(random))));
    v.push_back(static_cast<T>(1 + std::copysign(std::exp2(log_scale(random) - 10), near(random))));
  }
  if (sizeof(T) == 8)
    for (int i = 0; i < 20000; i++) v.push_back(static_cast<T>(wide(random) * 6.5));
  return v;
}

/// The distance from the exact value in units of the last place of T there.
template <class T>
long double ulps(T got, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (std::isnan(exact)) return std::isnan(got) ? 0 : 1e30L;
  if (std::isinf(rounded) || std::isinf(got)) {
    if (got == rounded) return 0;
    // The last number before infinity may round either way.
    return std::fabs(exact) > static_cast<long double>(std::numeric_limits<T>::max()) * (1 - 0x1p-20L) &&
                   !std::isnan(got) && std::fabs(got) >= std::numeric_limits<T>::max() * T(1 - 0x1p-20)
               ? 1
               : 1e30L;
  }
  if (exact == 0 && got == 0) return std::signbit(exact) == std::signbit(got) ? 0 : 1e30L;
  int e;
  std::frexp(std::fabs(exact), &e);
  e = std::max(e, std::numeric_limits<T>::min_exponent);
  const long double ulp = std::ldexp(1.0L, e - std::numeric_limits<T>::digits);
  return std::fabs(static_cast<long double>(got) - exact) / ulp;
}

struct Function {
  Op op;
  long double (*exact)(long double);
  double limit_f32, limit_f64;
};

long double exact_sigmoid(long double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
long double exact_erfc(long double x) { return erfcl(x); }

const Function kFunctions[] = {
    {Op::Exp, expl, 1.1, 1.1},     {Op::Exp2, exp2l, 1.2, 1.2},      {Op::Expm1, expm1l, 1.6, 1.8},
    {Op::Log, logl, 1.1, 1.1},     {Op::Log2, log2l, 1.3, 1.3},      {Op::Log10, log10l, 1.5, 1.5},
    {Op::Log1p, log1pl, 1.7, 1.7}, {Op::Sin, sinl, 1.5, 1.5},        {Op::Cos, cosl, 1.6, 1.6},
    {Op::Tan, tanl, 0.6, 1.1},     {Op::Tanh, tanhl, 1.4, 2.5},      {Op::Sigmoid, exact_sigmoid, 2.2, 2.2},
    {Op::Erf, erfl, 2.1, 1.1},     {Op::Erfc, exact_erfc, 0.6, 3.5}, {Op::Asin, asinl, 0.6, 1.1},
    {Op::Acos, acosl, 0.6, 1.1},   {Op::Atan, atanl, 0.6, 1.1},      {Op::Sinh, sinhl, 0.6, 2.1},
    {Op::Cosh, coshl, 0.6, 2.1},   {Op::Asinh, asinhl, 0.6, 2.1},    {Op::Acosh, acoshl, 0.6, 2.1},
    {Op::Atanh, atanhl, 0.6, 2.1}, {Op::Sqrt, sqrtl, 0.51, 0.51},
};

template <class T>
void check_accuracy() {
  const std::vector<T> x = arguments<T>();
  for (const Function& f : kFunctions) {
    const std::vector<T> y = run_op(kernels(), f.op, x);
    long double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); i++) {
      const long double u = ulps(y[i], f.exact(x[i]));
      if (u > worst) worst = u, at = i;
    }
    const double limit = sizeof(T) == 4 ? f.limit_f32 : f.limit_f64;
    EXPECT_LE(worst, limit) << info(f.op).name << " of " << x[at] << " (" << std::hexfloat << x[at] << ") gives "
                            << y[at] << ", exact " << f.exact(x[at]);
    if (std::getenv("TSVM_SHOW_ULPS"))
      std::printf("%-8s f%zu %.3Lf at %a\n", info(f.op).name, sizeof(T) * 8, worst, static_cast<double>(x[at]));
  }
}

TEST(ScalarMath, AccuracyF32) { check_accuracy<float>(); }
TEST(ScalarMath, AccuracyF64) { check_accuracy<double>(); }

TEST(ScalarMath, PowF32) {
  std::mt19937_64 random(3);
  std::vector<float> x, y;
  const float special[] = {0.f, -0.f, 1.f,   -1.f,   2.f,       -2.f,       0.5f, -0.5f,
                           3.f, -3.f, 1e30f, -1e30f, HUGE_VALF, -HUGE_VALF, NAN};
  for (float a : special)
    for (float b : special) x.push_back(a), y.push_back(b);
  std::uniform_real_distribution<float> base(0, 20), power(-30, 30);
  for (int i = 0; i < 100000; i++) {
    x.push_back(base(random));
    y.push_back(power(random));
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
    y.push_back(static_cast<float>(static_cast<int>(random() % 21) - 10));
  }
  const std::vector<float> got = run_op(kernels(), Op::Pow, x, &y);
  for (size_t i = 0; i < x.size(); i++)
    ASSERT_LE(ulps(got[i], powl(x[i], y[i])), 0.7L) << x[i] << " ** " << y[i] << " gives " << got[i];
}

TEST(ScalarMath, InverseErrorFunction) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> unit(-1, 1);
  for (int i = 0; i < 10000; i++) {
    const double y = unit(random);
    double x;
    call_libm(LibmFn::Erfinv, 1, &x, &y, nullptr);
    EXPECT_NEAR(static_cast<double>(erfl(x)), y, 4e-16) << y;
  }
  for (double y : {1 - 0x1p-53, -1 + 0x1p-53, 1e-300, 0x1p-30}) {
    double x;
    call_libm(LibmFn::Erfinv, 1, &x, &y, nullptr);
    EXPECT_NEAR(static_cast<double>(erfl(x)) / y, 1, 4e-16) << y;
  }
}

TEST(ScalarMath, Digamma) {
  const double arguments[] = {1, 0.5, 10, -0.5, 1e-3, 100, 2.5};
  const double results[] = {-0.57721566490153286061, -1.9635100260214234794, 2.2517525890667211076,
                            0.036489973978576520559, -1000.5755719318103005, 4.6001618527380874002,
                            0.70315664064524318723};
  for (int i = 0; i < 7; i++) {
    double r;
    call_libm(LibmFn::Digamma, 1, &r, &arguments[i], nullptr);
    EXPECT_NEAR(r, results[i], 1e-14 * std::fabs(results[i]) + 1e-15);
  }
}

template <class T>
void check_instruction_sets() {
  const std::vector<T> x = arguments<T>();
  std::vector<T> y = x;
  std::shuffle(y.begin(), y.end(), std::mt19937(1));
  for (int o = 0; o < kOpCount; o++) {
    const Op op = static_cast<Op>(o);
    if (op == Op::Libm || info(op).result != OpResult::Same || info(op).operands == 3 || info(op).operands == 0)
      continue;
    if (!accepts(op, ctype<T>) || runnable_kernels()[0]->ops[o][static_cast<int>(ctype<T>)] == nullptr) continue;
    const std::vector<T> first = run_op(*runnable_kernels()[0], op, x, &y);
    for (const KernelTable* table : runnable_kernels()) {
      const std::vector<T> other = run_op(*table, op, x, &y);
      for (size_t i = 0; i < x.size(); i++) {
        const bool same = std::bit_cast<bits_of<T>>(first[i]) == std::bit_cast<bits_of<T>>(other[i]) ||
                          (std::isnan(first[i]) && std::isnan(other[i]));
        ASSERT_TRUE(same) << info(op).name << " of " << x[i] << ", " << y[i] << ": " << first[i] << " by baseline, "
                          << other[i] << " by " << table->name;
      }
    }
  }
}
TEST(ScalarMath, InstructionSetsAgreeF32) { check_instruction_sets<float>(); }
TEST(ScalarMath, InstructionSetsAgreeF64) { check_instruction_sets<double>(); }

}  // namespace
}  // namespace tsvm::ops::scalar

// Matrix products against plain loops in double, for shapes on both sides of each limit, layouts and dtypes.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/cpu/kernels.h"

using namespace tsvm::ops;
namespace cpu = tsvm::ops::cpu;

namespace {

using C = std::complex<double>;

C at(const Tensor& t, std::initializer_list<int64_t> index) {
  Tensor e = t;
  for (int64_t i : index) e = cpu::select(e, 0, i);
  return item(e).to_complex();
}

Tensor numbers(IntSpan size, DType dtype, int seed) {
  Generator g(static_cast<uint64_t>(seed));
  if (is_integral(dtype)) return cpu::randint(dtype == DType::UInt8 ? 0 : -3, 4, size, dtype, {}, g);
  return cpu::randn(size, dtype, {}, g);
}

/// The same values with another layout: 0 as is, 1 transposed memory, 2 strided in both dimensions.
Tensor layout(const Tensor& t, int kind) {
  if (kind == 1) return cpu::transpose(cpu::contiguous(cpu::transpose(t, -1, -2)), -1, -2);
  if (kind == 2) {
    DimVector sizes(t.sizes());
    for (auto& s : sizes) s *= 2;
    Tensor big = cpu::zeros(sizes, t.dtype());
    for (int64_t d = 0; d < t.dim(); d++) big = cpu::slice(big, d, {}, {}, 2);
    cpu::copy_(big, t);
    return big;
  }
  return t;
}

double tolerance(DType t) {
  if (t == DType::BFloat16) return 0.2;
  return t == DType::Float32 || t == DType::Complex64 ? 2e-4 : 1e-9;
}

}  // namespace

TEST(Blas, Addmm) {
  struct Case {
    int64_t m, k, n;
  };
  for (DType dtype : {DType::Float32, DType::Float64, DType::Int64, DType::Int32, DType::Int8, DType::UInt8,
                      DType::BFloat16, DType::Complex64, DType::Complex128}) {
    for (Case c : {Case{1, 1, 1},
                   {2, 3, 4},
                   {1, 7, 5},
                   {5, 7, 1},
                   {7, 17, 19},
                   {6, 5, 16},
                   {13, 40, 33},
                   {3, 0, 2},
                   {90, 80, 85}}) {
      for (int kind = 0; kind < 9; kind++) {
        if (c.m > 50 && (kind % 4 != 0 || is_integral(dtype) || dtype == DType::BFloat16)) continue;
        const Tensor a = layout(numbers({c.m, c.k}, dtype, 1), kind % 3),
                     b = layout(numbers({c.k, c.n}, dtype, 2), kind / 3);
        const Tensor bias = numbers({c.n}, dtype, 3);
        const Scalar beta(2), alpha(3);
        const Tensor got = cpu::addmm(bias, a, b, beta, alpha), plain = cpu::mm(a, b);
        for (int64_t i = 0; i<c.m; i += c.m> 50 ? 17 : 1) {
          for (int64_t j = 0; j<c.n; j += c.n> 50 ? 13 : 1) {
            C sum = 0;
            for (int64_t p = 0; p < c.k; p++) sum += at(a, {i, p}) * at(b, {p, j});
            C want = 2.0 * at(bias, {j}) + 3.0 * sum;
            if (is_integral(dtype)) {
              want = item(scalar_tensor(Scalar(static_cast<int64_t>(want.real())), dtype)).to_complex();
              sum = item(scalar_tensor(Scalar(static_cast<int64_t>(sum.real())), dtype)).to_complex();
            }
            const double scale = tolerance(dtype) * (1 + std::abs(want) + std::sqrt(double(c.k)));
            ASSERT_LE(std::abs(at(got, {i, j}) - want), scale) << name(dtype) << " " << c.m << " " << c.k << " " << c.n;
            ASSERT_LE(std::abs(at(plain, {i, j}) - sum), scale)
                << name(dtype) << " " << c.m << " " << c.k << " " << c.n;
          }
        }
      }
    }
  }
}

TEST(Blas, MatmulShapes) {
  auto shape = [](IntSpan a, IntSpan b) { return DimVector(cpu::matmul(cpu::ones(a), cpu::ones(b)).sizes()); };
  EXPECT_EQ(shape({3}, {3}), (IntSpan{}));
  EXPECT_EQ(shape({2, 3}, {3}), (IntSpan{2}));
  EXPECT_EQ(shape({3}, {3, 4}), (IntSpan{4}));
  EXPECT_EQ(shape({5, 2, 3}, {3}), (IntSpan{5, 2}));
  EXPECT_EQ(shape({3}, {5, 3, 2}), (IntSpan{5, 2}));
  EXPECT_EQ(shape({5, 2, 3}, {3, 4}), (IntSpan{5, 2, 4}));
  EXPECT_EQ(shape({2, 3}, {5, 3, 4}), (IntSpan{5, 2, 4}));
  EXPECT_EQ(shape({7, 1, 2, 3}, {5, 3, 4}), (IntSpan{7, 5, 2, 4}));
  const Tensor a = numbers({2, 1, 3, 4}, DType::Float64, 1), b = numbers({3, 4, 2}, DType::Float64, 2);
  const Tensor c = cpu::matmul(a, b);
  for (int64_t i = 0; i < 2; i++)
    for (int64_t j = 0; j < 3; j++)
      for (int64_t r = 0; r < 3; r++)
        for (int64_t q = 0; q < 2; q++) {
          C sum = 0;
          for (int64_t p = 0; p < 4; p++) sum += at(a, {i, 0, r, p}) * at(b, {j, p, q});
          EXPECT_LE(std::abs(at(c, {i, j, r, q}) - sum), 1e-12);
        }
  const Tensor d = cpu::matmul(cpu::select(cpu::select(a, 0, 0), 0, 0), b);
  EXPECT_LE(std::abs(at(d, {1, 2, 1}) - at(c, {0, 1, 2, 1})), 1e-12);
}

TEST(Blas, VectorsAndBatches) {
  const Tensor m = numbers({5, 9}, DType::Float64, 1), v = numbers({9}, DType::Float64, 2);
  const Tensor y = cpu::mv(m, v), yt = cpu::mv(layout(m, 1), v), y2 = cpu::mv(layout(m, 2), v);
  const Tensor w = cpu::addmv(y, m, v, Scalar(2), Scalar(-1));
  for (int64_t i = 0; i < 5; i++) {
    const double want = item(cpu::dot(cpu::select(m, 0, i), v)).to_double();
    for (const Tensor& t : {y, yt, y2, w}) EXPECT_NEAR(at(t, {i}).real(), want, 1e-12);
  }
  const Tensor a = numbers({4, 3, 5}, DType::Float32, 3), b = numbers({4, 5, 2}, DType::Float32, 4);
  const Tensor all = cpu::addbmm(cpu::zeros({3, 2}), a, b), base = cpu::baddbmm(cpu::ones({2}), a, b);
  const Tensor each = cpu::bmm(a, b);
  C sum = 0;
  for (int64_t i = 0; i < 4; i++) {
    sum += at(each, {i, 2, 1});
    EXPECT_NEAR(at(base, {i, 2, 1}).real(), at(each, {i, 2, 1}).real() + 1, 1e-5);
  }
  EXPECT_NEAR(at(all, {2, 1}).real(), sum.real(), 1e-5);
  Tensor z = empty({2}, DType::Complex128);
  z.data_ptr<C>()[0] = C(1, 2);
  z.data_ptr<C>()[1] = C(3, -1);
  EXPECT_EQ(item(cpu::dot(z, z)).to_complex(), C(1, 2) * C(1, 2) + C(3, -1) * C(3, -1));
  EXPECT_EQ(item(cpu::vdot(z, z)).to_complex(), C(15, 0));
  // beta 0 ignores even NaN.
  EXPECT_EQ(at(cpu::addmm(cpu::full({1, 1}, Scalar(NAN)), cpu::ones({1, 1}), cpu::ones({1, 1}), Scalar(0)), {0, 0}),
            1.0);
}

TEST(Blas, Errors) {
  auto error = [](auto f) -> std::string {
    try {
      f();
    } catch (const Error& e) {
      return e.message();
    }
    return "";
  };
  const Tensor a = cpu::ones({2, 3});
  EXPECT_EQ(error([&] { cpu::mm(a, cpu::ones({4, 5})); }), "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)");
  EXPECT_EQ(error([&] {
              cpu::mm(a, cpu::ones({3, 2}, DType::Float64));
            }),
            "expected scalar type Float but found Double");
  EXPECT_EQ(error([&] {
              cpu::mm(cpu::ones({2, 2}, DType::Bool), cpu::ones({2, 2}, DType::Bool));
            }),
            "\"addmm_impl_cpu_\" not implemented for 'Bool'");
  EXPECT_EQ(error([&] {
              cpu::bmm(cpu::ones({2, 3, 4}), cpu::ones({2, 5, 4}));
            }),
            "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 5].");
}

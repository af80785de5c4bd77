// Matrix products.
//
// gemm() computes C = beta * C + alpha * A B for any strides of A and B and a row-major C. Small products, and element
// types that OpenBLAS does not have, run in our own loop: B is packed into panels as wide as two vectors (zero-padded),
// and six rows of A at a time are multiplied with a panel in registers. Larger float and complex products go to
// OpenBLAS. Which way is taken depends on sizes only. Sums run over k in order, whatever the number of threads.
#include <cstring>
#include <limits>

#include "ops/cpu/element.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"
#include "ops/cpu/openblas.h"
#include "ops/tensor/overlap.h"

namespace tsvm::ops::cpu {
namespace {

/// Multiply-adds up to which loading and calling OpenBLAS does not pay.
constexpr int64_t kOwnLimit = 512 * 1024;

// Multiply-adds of a chunk: some 10 us. Waking threads for less costs more than it saves, and then they spin.
constexpr int64_t kMultiplyGrain = 16 * kGrain;
constexpr int64_t kBlasGrain = 64 * kGrain;

template <class T>
struct Matrix {
  const T* data;
  int64_t row_stride, column_stride;
};

/// What sums of T are kept in: integers wrap, so unsigned words of at least their size.
template <class T>
using Sum = std::conditional_t<
    std::is_same_v<T, double> || is_complex_type<T>, T,
    std::conditional_t<is_floating_type<T>, float, std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>>;

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(32), aligned(alignof(T)), may_alias));
};

template <class S>
inline constexpr int kPanel = is_complex_type<S> ? 4 : 64 / static_cast<int>(sizeof(S));
constexpr int kRows = 6;

/// sums[r][c] = sum over k of A[r][k] * panel[k][c], for R rows.
template <class T, class S, int R>
TSVM_INLINE inline void multiply_panel(const T* a, int64_t row_stride, int64_t column_stride, const S* panel, int64_t k,
                                       S* sums) {
  constexpr int kWidth = kPanel<S>;
  if constexpr (is_complex_type<S>) {
    for (int i = 0; i < R * kWidth; i++) sums[i] = S();
    for (int64_t p = 0; p < k; p++, panel += kWidth)
      for (int r = 0; r < R; r++) {
        const S v = a[r * row_stride + p * column_stride];
        for (int c = 0; c < kWidth; c++) sums[r * kWidth + c] += product(v, panel[c]);
      }
  } else {
    using V = typename VectorOf<S>::type;
    V left[R] = {}, right[R] = {};
    for (int64_t p = 0; p < k; p++, panel += kWidth) {
      const V b0 = *reinterpret_cast<const V*>(panel), b1 = *reinterpret_cast<const V*>(panel + kWidth / 2);
#pragma GCC unroll 6
      for (int r = 0; r < R; r++) {
        const S v = static_cast<S>(a[r * row_stride + p * column_stride]);
        left[r] += v * b0;
        right[r] += v * b1;
      }
    }
    for (int r = 0; r < R; r++) {
      *reinterpret_cast<V*>(sums + r * kWidth) = left[r];
      *reinterpret_cast<V*>(sums + r * kWidth + kWidth / 2) = right[r];
    }
  }
}

template <class T>
struct Product {
  int64_t m, n, k;
  Matrix<T> a, b;
  T* c;
  int64_t c_stride;
  Sum<T> alpha, beta;  // beta 0: C is not read
};

/// Rows [begin, end) of the product; B comes packed.
template <class T>
TSVM_INLINE inline void multiply_rows(const Product<T>& p, const Sum<T>* packed, int64_t begin, int64_t end) {
  using S = Sum<T>;
  constexpr int kWidth = kPanel<S>;
  alignas(64) S sums[kRows * kWidth];
  for (int64_t i = begin; i < end; i += kRows) {
    const int64_t rows = std::min<int64_t>(kRows, end - i);
    const T* a = p.a.data + i * p.a.row_stride;
    for (int64_t j = 0; j < p.n; j += kWidth) {
      const S* panel = packed + j * p.k;
      switch (rows) {
        case 6: multiply_panel<T, S, 6>(a, p.a.row_stride, p.a.column_stride, panel, p.k, sums); break;
        case 5: multiply_panel<T, S, 5>(a, p.a.row_stride, p.a.column_stride, panel, p.k, sums); break;
        case 4: multiply_panel<T, S, 4>(a, p.a.row_stride, p.a.column_stride, panel, p.k, sums); break;
        case 3: multiply_panel<T, S, 3>(a, p.a.row_stride, p.a.column_stride, panel, p.k, sums); break;
        case 2: multiply_panel<T, S, 2>(a, p.a.row_stride, p.a.column_stride, panel, p.k, sums); break;
        default: multiply_panel<T, S, 1>(a, p.a.row_stride, p.a.column_stride, panel, p.k, sums);
      }
      const int64_t columns = std::min<int64_t>(kWidth, p.n - j);
      for (int64_t r = 0; r < rows; r++) {
        T* c = p.c + (i + r) * p.c_stride + j;
        const S* s = sums + r * kWidth;
        if (p.beta == S(0)) {
          for (int64_t q = 0; q < columns; q++) c[q] = static_cast<T>(product(p.alpha, s[q]));
        } else {
          for (int64_t q = 0; q < columns; q++)
            c[q] = static_cast<T>(product(p.beta, static_cast<S>(c[q])) + product(p.alpha, s[q]));
        }
      }
    }
  }
}

template <class T>
void pack(const Product<T>& p, Sum<T>* packed) {
  using S = Sum<T>;
  constexpr int kWidth = kPanel<S>;
  for (int64_t j = 0; j < p.n; j += kWidth) {
    const int64_t columns = std::min<int64_t>(kWidth, p.n - j);
    S* panel = packed + j * p.k;
    if (columns < kWidth) std::fill(panel, panel + p.k * kWidth, S(0));
    const T* b = p.b.data + j * p.b.column_stride;
    if (p.b.column_stride == 1) {
      for (int64_t q = 0; q < p.k; q++)
        for (int64_t c = 0; c < columns; c++) panel[q * kWidth + c] = static_cast<S>(b[q * p.b.row_stride + c]);
    } else {
      for (int64_t c = 0; c < columns; c++)
        for (int64_t q = 0; q < p.k; q++)
          panel[q * kWidth + c] = static_cast<S>(b[q * p.b.row_stride + c * p.b.column_stride]);
    }
  }
}

template <class T>
[[gnu::target("avx2,fma"), gnu::noinline]] void multiply_rows_fma(const Product<T>& p, const Sum<T>* packed,
                                                                  int64_t begin, int64_t end) {
  multiply_rows(p, packed, begin, end);
}
template <class T>
[[gnu::noinline]] void multiply_rows_base(const Product<T>& p, const Sum<T>* packed, int64_t begin, int64_t end) {
  multiply_rows(p, packed, begin, end);
}

/// Memory for packed panels.
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(std::max<size_t>(bytes, 1)), data_(allocate(bytes_)) {}
  ~Buffer() { deallocate(data_, bytes_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void* data() const { return data_; }

 private:
  size_t bytes_;
  void* data_;
};

template <class T>
void multiply_own(const Product<T>& p) {
  using S = Sum<T>;
  constexpr int64_t kWidth = kPanel<S>;
  const int64_t padded = (p.n + kWidth - 1) / kWidth * kWidth;
  Buffer buffer(static_cast<size_t>(padded * p.k) * sizeof(S));
  S* packed = static_cast<S*>(buffer.data());
  pack(p, packed);
  // Chunks are whole groups of rows.
  const int64_t work_per_row = std::max<int64_t>(1, p.n * p.k);
  const int64_t groups = std::max<int64_t>(1, kMultiplyGrain / (work_per_row * kRows));
  parallel_for(p.m, groups * kRows, [&](int64_t begin, int64_t end) {
    if (has_avx2_fma())
      multiply_rows_fma(p, packed, begin, end);
    else
      multiply_rows_base(p, packed, begin, end);
  });
}

/// Whether cblas can read the matrix as it lies, with its leading dimension.
template <class T>
bool blas_layout(const Matrix<T>& x, int64_t rows, int64_t columns, int& trans, int& ld) {
  const int64_t limit = std::numeric_limits<int>::max();
  if (x.column_stride == 1 && x.row_stride >= std::max<int64_t>(1, columns) && x.row_stride <= limit) {
    trans = kNoTranspose;
    ld = static_cast<int>(x.row_stride);
    return true;
  }
  if (x.row_stride == 1 && x.column_stride >= std::max<int64_t>(1, rows) && x.column_stride <= limit) {
    trans = kTranspose;
    ld = static_cast<int>(x.column_stride);
    return true;
  }
  return false;
}

template <class T>
bool multiply_blas(const Product<T>& p) {
  if constexpr (std::is_floating_point_v<T> || is_complex_type<T>) {
    const int64_t limit = std::numeric_limits<int>::max();
    if (p.m > limit || p.n > limit || p.k > limit || p.c_stride > limit) return false;
    int trans_a, trans_b, lda, ldb;
    if (!blas_layout(p.a, p.m, p.k, trans_a, lda) || !blas_layout(p.b, p.k, p.n, trans_b, ldb)) return false;
    const OpenBlas* blas = open_blas();
    if (!blas) return false;
    // Each thread takes a band of rows or of columns, whichever there are more of.
    const bool rows = p.m > p.n;
    const int64_t work = p.m * p.n * p.k, most = (rows ? p.m : p.n) / 16 + 1;
    const int64_t parts = work < 2 * kBlasGrain ? 1 : std::min<int64_t>(most, std::max(4, num_threads()));
    const int64_t band = ((rows ? p.m : p.n) + parts - 1) / parts;
    parallel_for(rows ? p.m : p.n, band, [&](int64_t begin, int64_t end) {
      const int m = static_cast<int>(rows ? end - begin : p.m), n = static_cast<int>(rows ? p.n : end - begin);
      const int k = static_cast<int>(p.k), ldc = static_cast<int>(p.c_stride);
      const T* a = p.a.data + (rows ? begin * p.a.row_stride : 0);
      const T* b = p.b.data + (rows ? 0 : begin * p.b.column_stride);
      T* c = p.c + (rows ? begin * p.c_stride : begin);
      if constexpr (std::is_same_v<T, float>)
        blas->sgemm(kRowMajor, trans_a, trans_b, m, n, k, p.alpha, a, lda, b, ldb, p.beta, c, ldc);
      else if constexpr (std::is_same_v<T, double>)
        blas->dgemm(kRowMajor, trans_a, trans_b, m, n, k, p.alpha, a, lda, b, ldb, p.beta, c, ldc);
      else if constexpr (std::is_same_v<T, std::complex<float>>)
        blas->cgemm(kRowMajor, trans_a, trans_b, m, n, k, &p.alpha, a, lda, b, ldb, &p.beta, c, ldc);
      else
        blas->zgemm(kRowMajor, trans_a, trans_b, m, n, k, &p.alpha, a, lda, b, ldb, &p.beta, c, ldc);
    });
    return true;
  } else {
    return false;
  }
}

/// Sum of x[i] * y[i] in eight lanes.
template <class T>
TSVM_INLINE inline Sum<T> dot_lanes(const T* x, const T* y, int64_t n) {
  using S = Sum<T>;
  constexpr int kLanes = is_complex_type<S> ? 2 : 32;
  S lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; l++) lanes[l] += product(static_cast<S>(x[i + l]), static_cast<S>(y[i + l]));
  S sum = S(0);
  for (; i < n; i++) sum += product(static_cast<S>(x[i]), static_cast<S>(y[i]));
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++) lanes[l] += lanes[l + width];
  return sum + lanes[0];
}

template <class T>
Sum<T> dot_line(const T* x, int64_t x_stride, const T* y, int64_t y_stride, int64_t n) {
  using S = Sum<T>;
  S sum = S(0);
  if (x_stride == 1 && y_stride == 1) {
    vectorized([](const T* x, const T* y, int64_t n, S* sum) TSVM_INLINE { *sum = dot_lanes(x, y, n); }, x, y, n, &sum);
  } else {
    for (int64_t i = 0; i < n; i++) sum += product(static_cast<S>(x[i * x_stride]), static_cast<S>(y[i * y_stride]));
  }
  return sum;
}

/// y = beta * y + alpha * A x, y with a stride. A's rows are walked along memory either way.
template <class T>
void multiply_vector(int64_t m, int64_t k, const Matrix<T>& a, const T* x, int64_t x_stride, T* y, int64_t y_stride,
                     Sum<T> alpha, Sum<T> beta) {
  using S = Sum<T>;
  auto store = [&](int64_t i, S sum) {
    T& out = y[i * y_stride];
    out = static_cast<T>(beta == S(0) ? product(alpha, sum) : product(beta, static_cast<S>(out)) + product(alpha, sum));
  };
  if (a.row_stride == 1 && m > 1 && a.column_stride != 1) {
    constexpr int64_t kBlock = 256;
    parallel_for(m, std::max<int64_t>(kBlock, kGrain / std::max<int64_t>(k, 1) / kBlock * kBlock),
                 [&](int64_t begin, int64_t end) {
                   S sums[kBlock];
                   for (int64_t i = begin; i < end; i += kBlock) {
                     const int64_t n = std::min(kBlock, end - i);
                     std::fill(sums, sums + n, S(0));
                     vectorized(
                         [](S* __restrict sums, const T* __restrict a, int64_t a_stride, const T* __restrict x,
                            int64_t x_stride, int64_t k, int64_t n) TSVM_INLINE {
                           for (int64_t p = 0; p < k; p++) {
                             const S v = static_cast<S>(x[p * x_stride]);
                             for (int64_t r = 0; r < n; r++) sums[r] += product(v, static_cast<S>(a[p * a_stride + r]));
                           }
                         },
                         sums, a.data + i, a.column_stride, x, x_stride, k, n);
                     for (int64_t r = 0; r < n; r++) store(i + r, sums[r]);
                   }
                 });
    return;
  }
  parallel_for(m, std::max<int64_t>(1, kGrain / std::max<int64_t>(k, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      store(i, dot_line(a.data + i * a.row_stride, a.column_stride, x, x_stride, k));
  });
}

template <class T>
void gemm(const Product<T>& p) {
  if (p.m == 0 || p.n == 0) return;
  if (p.n == 1) return multiply_vector(p.m, p.k, p.a, p.b.data, p.b.row_stride, p.c, p.c_stride, p.alpha, p.beta);
  if (p.m == 1)
    return multiply_vector(p.n, p.k, Matrix<T>{p.b.data, p.b.column_stride, p.b.row_stride}, p.a.data,
                           p.a.column_stride, p.c, 1, p.alpha, p.beta);
  if (p.m * p.n * std::max<int64_t>(p.k, 1) > kOwnLimit && p.k > 1 && multiply_blas(p)) return;
  multiply_own(p);
}

/// The number as a factor of sums.
template <class S>
S factor(const Scalar& v) {
  if constexpr (std::is_integral_v<S>)
    return static_cast<S>(v.to_int());
  else
    return v.to<S>();
}

/// Runs f<scalar_t>() for the types that products have.
#define DISPATCH_PRODUCT(DTYPE, WHAT, ...)                                                                     \
  TSVM_DISPATCH(DTYPE, WHAT,                                                                                   \
                TSVM_CASES_INTEGRAL(__VA_ARGS__) TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_COMPLEX(__VA_ARGS__) \
                    TSVM_CASE(BFloat16, __VA_ARGS__))

/// A tensor whose last two dimensions can be read as a matrix by BLAS; a copy where they cannot.
Tensor readable(const Tensor& t) {
  const int64_t n = t.dim();
  const int64_t rs = t.strides()[n - 2], cs = t.strides()[n - 1], rows = t.sizes()[n - 2], columns = t.sizes()[n - 1];
  const bool by_rows = cs == 1 && rs >= std::max<int64_t>(1, columns);
  const bool by_columns = rs == 1 && cs >= std::max<int64_t>(1, rows);
  return by_rows || by_columns || t.numel() <= 4096 ? t : contiguous(t);
}

/// out = beta * out + alpha * a b, for 2-dim tensors; out is contiguous.
void multiply_into(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha,
                   const char* what) {
  if (out.is_meta() || out.numel() == 0) return;
  const Tensor ra = readable(a), rb = readable(b);
  DISPATCH_PRODUCT(out.dtype(), what, {
    using S = Sum<scalar_t>;
    gemm(Product<scalar_t>{ra.sizes()[0],
                           rb.sizes()[1],
                           ra.sizes()[1],
                           {ra.data_ptr<scalar_t>(), ra.strides()[0], ra.strides()[1]},
                           {rb.data_ptr<scalar_t>(), rb.strides()[0], rb.strides()[1]},
                           out.data_ptr<scalar_t>(),
                           out.sizes()[1],
                           factor<S>(alpha),
                           factor<S>(beta)});
  });
}

void check_product_dtype(DType t, const char* what) {
  if (t == DType::Bool || t == DType::Float16) fail_dtype(what, t);
}

void check_same(DType a, DType b) {
  OPS_CHECK(a == b, RuntimeError, "expected scalar type ", info(a).cpp_name, " but found ", info(b).cpp_name);
}

void check_mm(const Tensor& a, const Tensor& b, const char* first, const char* second) {
  OPS_CHECK(a.dim() == 2, RuntimeError, first, " must be a matrix");
  OPS_CHECK(b.dim() == 2, RuntimeError, second, " must be a matrix");
  OPS_CHECK(a.sizes()[1] == b.sizes()[0], RuntimeError, "mat1 and mat2 shapes cannot be multiplied (", a.sizes()[0],
            "x", a.sizes()[1], " and ", b.sizes()[0], "x", b.sizes()[1], ")");
}

const Scalar kOne(int64_t{1}), kZero(int64_t{0});

}  // namespace

Tensor mm(const Tensor& self, const Tensor& mat2) {
  check_mm(self, mat2, "self", "mat2");
  check_same(self.dtype(), mat2.dtype());
  check_product_dtype(self.dtype(), "addmm_impl_cpu_");
  Tensor out = ops::empty({self.sizes()[0], mat2.sizes()[1]}, self.dtype(), self.device());
  multiply_into(out, self, mat2, kZero, kOne, "addmm_impl_cpu_");
  return out;
}

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta, const Scalar& alpha) {
  check_mm(mat1, mat2, "mat1", "mat2");
  const DimVector sizes{mat1.sizes()[0], mat2.sizes()[1]};
  const Tensor bias = expand(self, sizes);
  OPS_CHECK(self.dtype() == mat2.dtype(), RuntimeError, "self and mat2 must have the same dtype");
  OPS_CHECK(mat1.dtype() == mat2.dtype(), RuntimeError, "mat1 and mat2 must have the same dtype");
  check_product_dtype(self.dtype(), "addmm_impl_cpu_");
  Tensor out = ops::empty(sizes, self.dtype(), self.device());
  if (out.is_meta()) return out;
  // beta 0 ignores what is in self, infinities and NaNs too.
  if (!beta.equals(0)) copy_(out, bias);
  multiply_into(out, mat1, mat2, beta, alpha, "addmm_impl_cpu_");
  return out;
}

Tensor mv(const Tensor& self, const Tensor& vec) {
  OPS_CHECK(self.dim() == 2 && vec.dim() == 1, RuntimeError, "vector + matrix @ vector expected, got 1, ", self.dim(),
            ", ", vec.dim());
  OPS_CHECK(self.sizes()[1] == vec.sizes()[0], RuntimeError, "size mismatch, got ", self.sizes()[0], ", ",
            self.sizes()[0], "x", self.sizes()[1], ",", vec.sizes()[0]);
  check_same(self.dtype(), vec.dtype());
  check_product_dtype(self.dtype(), "addmv_impl_cpu");
  Tensor out = ops::empty({self.sizes()[0]}, self.dtype(), self.device());
  if (out.is_meta()) return out;
  DISPATCH_PRODUCT(out.dtype(), "addmv_impl_cpu", {
    multiply_vector(self.sizes()[0], self.sizes()[1],
                    Matrix<scalar_t>{self.data_ptr<scalar_t>(), self.strides()[0], self.strides()[1]},
                    vec.data_ptr<scalar_t>(), vec.strides()[0], out.data_ptr<scalar_t>(), 1, Sum<scalar_t>(1),
                    Sum<scalar_t>(0));
  });
  return out;
}

Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta, const Scalar& alpha) {
  OPS_CHECK(mat.dim() == 2 && vec.dim() == 1 && self.dim() <= 1, RuntimeError,
            "vector + matrix @ vector expected, got ", self.dim(), ", ", mat.dim(), ", ", vec.dim());
  OPS_CHECK(mat.sizes()[1] == vec.sizes()[0] && (self.numel() == mat.sizes()[0] || self.numel() == 1), RuntimeError,
            "size mismatch, got ", self.numel(), ", ", mat.sizes()[0], "x", mat.sizes()[1], ",", vec.sizes()[0]);
  check_same(mat.dtype(), vec.dtype());
  check_same(mat.dtype(), self.dtype());
  check_product_dtype(mat.dtype(), "addmv_impl_cpu");
  Tensor out = ops::empty({mat.sizes()[0]}, mat.dtype(), mat.device());
  if (out.is_meta()) return out;
  if (!beta.equals(0)) copy_(out, self);
  DISPATCH_PRODUCT(out.dtype(), "addmv_impl_cpu", {
    using S = Sum<scalar_t>;
    multiply_vector(
        mat.sizes()[0], mat.sizes()[1], Matrix<scalar_t>{mat.data_ptr<scalar_t>(), mat.strides()[0], mat.strides()[1]},
        vec.data_ptr<scalar_t>(), vec.strides()[0], out.data_ptr<scalar_t>(), 1, factor<S>(alpha), factor<S>(beta));
  });
  return out;
}

namespace {

void check_dot(const Tensor& a, const Tensor& b) {
  OPS_CHECK(a.dim() == 1 && b.dim() == 1, RuntimeError, "1D tensors expected, but got ", a.dim(), "D and ", b.dim(),
            "D tensors");
  OPS_CHECK(a.dtype() == b.dtype(), RuntimeError, "dot : expected both vectors to have same dtype, but found ",
            info(a.dtype()).cpp_name, " and ", info(b.dtype()).cpp_name);
  OPS_CHECK(a.numel() == b.numel(), RuntimeError, "inconsistent tensor size, expected tensor ", a.sizes(), " and src ",
            b.sizes(), " to have the same number of elements, but got ", a.numel(), " and ", b.numel(),
            " elements respectively");
}

template <class T>
T dot_value(const Tensor& a, const Tensor& b, bool conjugate) {
  const T* x = a.data_ptr<T>();
  const T* y = b.data_ptr<T>();
  if constexpr (is_complex_type<T>) {
    T sum{};
    for (int64_t i = 0; i < a.numel(); i++) {
      const T v = x[i * a.strides()[0]];
      sum += product(conjugate ? std::conj(v) : v, y[i * b.strides()[0]]);
    }
    return sum;
  } else {
    return static_cast<T>(dot_line(x, a.strides()[0], y, b.strides()[0], a.numel()));
  }
}

Tensor dot_of(const Tensor& a, const Tensor& b, bool conjugate, const char* what) {
  check_dot(a, b);
  check_product_dtype(a.dtype(), what);
  Tensor out = ops::empty({}, a.dtype(), a.device());
  if (out.is_meta()) return out;
  DISPATCH_PRODUCT(a.dtype(), what, *out.data_ptr<scalar_t>() = dot_value<scalar_t>(a, b, conjugate));
  return out;
}

}  // namespace

Tensor dot(const Tensor& self, const Tensor& tensor) { return dot_of(self, tensor, false, "dot"); }
Tensor vdot(const Tensor& self, const Tensor& other) { return dot_of(self, other, true, "vdot"); }

namespace {

/// out[i] = beta * out[i] + alpha * a[i] b[i].
void multiply_batches(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha,
                      const char* what) {
  if (out.is_meta() || out.numel() == 0) return;
  const Tensor ra = readable(a), rb = readable(b);
  const int64_t m = a.sizes()[1], k = a.sizes()[2], n = b.sizes()[2], batches = a.sizes()[0];
  DISPATCH_PRODUCT(out.dtype(), what, {
    using S = Sum<scalar_t>;
    const S alpha_s = factor<S>(alpha), beta_s = factor<S>(beta);
    const int64_t work = m * n * std::max<int64_t>(k, 1);
    auto batch = [&](int64_t i) {
      gemm(Product<scalar_t>{m,
                             n,
                             k,
                             {ra.data_ptr<scalar_t>() + i * ra.strides()[0], ra.strides()[1], ra.strides()[2]},
                             {rb.data_ptr<scalar_t>() + i * rb.strides()[0], rb.strides()[1], rb.strides()[2]},
                             out.data_ptr<scalar_t>() + i * m * n,
                             n,
                             alpha_s,
                             beta_s});
    };
    // Small products share threads by batch; large ones use all threads each.
    if (work < 2 * kBlasGrain) {
      parallel_for(batches, std::max<int64_t>(1, kMultiplyGrain / work), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) batch(i);
      });
    } else {
      for (int64_t i = 0; i < batches; i++) batch(i);
    }
  });
}

void check_bmm(const Tensor& a, const Tensor& b, const char* what) {
  OPS_CHECK(a.dim() == 3, RuntimeError, "batch1 must be a 3D tensor");
  OPS_CHECK(b.dim() == 3, RuntimeError, "batch2 must be a 3D tensor");
  OPS_CHECK(b.sizes()[0] == a.sizes()[0] && b.sizes()[1] == a.sizes()[2], RuntimeError,
            "Expected size for first two dimensions of batch2 tensor to be: [", a.sizes()[0], ", ", a.sizes()[2],
            "] but got: [", b.sizes()[0], ", ", b.sizes()[1], "].");
  check_same(a.dtype(), b.dtype());
  check_product_dtype(a.dtype(), what);
}

}  // namespace

Tensor bmm(const Tensor& self, const Tensor& mat2) {
  check_bmm(self, mat2, "bmm");
  Tensor out = ops::empty({self.sizes()[0], self.sizes()[1], mat2.sizes()[2]}, self.dtype(), self.device());
  multiply_batches(out, self, mat2, kZero, kOne, "bmm");
  return out;
}

Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha) {
  check_bmm(batch1, batch2, "baddbmm");
  const DimVector sizes{batch1.sizes()[0], batch1.sizes()[1], batch2.sizes()[2]};
  const Tensor bias = expand(self, sizes);
  check_same(batch1.dtype(), self.dtype());
  Tensor out = ops::empty(sizes, self.dtype(), self.device());
  if (out.is_meta()) return out;
  if (!beta.equals(0)) copy_(out, bias);
  multiply_batches(out, batch1, batch2, beta, alpha, "baddbmm");
  return out;
}

Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta, const Scalar& alpha) {
  check_bmm(batch1, batch2, "addbmm");
  const DimVector sizes{batch1.sizes()[1], batch2.sizes()[2]};
  const Tensor bias = expand(self, sizes);
  check_same(batch1.dtype(), self.dtype());
  Tensor out = ops::empty(sizes, self.dtype(), self.device());
  if (out.is_meta()) return out;
  if (!beta.equals(0)) copy_(out, bias);
  // Without batches this still scales self.
  const int64_t batches = batch1.sizes()[0];
  if (batches == 0)
    multiply_into(out, zeros({sizes[0], 0}, self.dtype()), zeros({0, sizes[1]}, self.dtype()), beta, alpha, "addbmm");
  for (int64_t i = 0; i < batches; i++)
    multiply_into(out, select(batch1, 0, i), select(batch2, 0, i), i == 0 ? beta : kOne, alpha, "addbmm");
  return out;
}

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int64_t n = self.dim(), m = other.dim();
  OPS_CHECK(n > 0 && m > 0, RuntimeError, "both arguments to matmul need to be at least 1D, but they are ", n, "D and ",
            m, "D");
  if (n == 1 && m == 1) return dot(self, other);
  if (n == 2 && m == 1) return mv(self, other);
  if (n == 1 && m == 2) return squeeze(mm(unsqueeze(self, 0), other), 0);
  if (n == 2 && m == 2) return mm(self, other);
  if (n >= 3 && m <= 2) {
    // The leading dimensions are rows of one product.
    DimVector sizes(self.sizes());
    sizes.pop_back();
    const Tensor rows = reshape(self, {numel_of(sizes), self.sizes()[n - 1]});
    if (m == 1) return view(mv(rows, other), sizes);
    sizes.push_back(other.sizes()[1]);
    return view(mm(rows, other), sizes);
  }
  if (n <= 2 && m >= 3) {
    const Tensor other_t = transpose(other, -1, -2);
    if (n == 1) return matmul(other_t, self);
    return contiguous(transpose(matmul(other_t, t(self)), -1, -2));
  }
  const DimVector batch =
      broadcast_sizes(self.sizes().first(static_cast<size_t>(n - 2)), other.sizes().first(static_cast<size_t>(m - 2)));
  const int64_t rows = self.sizes()[n - 2], inner = self.sizes()[n - 1], columns = other.sizes()[m - 1];
  DimVector left(batch), right(batch), out(batch);
  left.push_back(rows);
  left.push_back(inner);
  right.push_back(other.sizes()[m - 2]);
  right.push_back(columns);
  out.push_back(rows);
  out.push_back(columns);
  const int64_t batches = numel_of(batch);
  const Tensor a = reshape(expand(self, left), {batches, rows, inner});
  const Tensor b = reshape(expand(other, right), {batches, other.sizes()[m - 2], columns});
  return view(bmm(a, b), out);
}

}  // namespace tsvm::ops::cpu

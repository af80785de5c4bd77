// Decompositions and solvers of dense matrices, by LAPACK.
//
// LAPACK works on columns and overwrites its input, so each kernel starts from a copy whose matrices lie in column
// order (dimensions before the last two are batches, one matrix after another), and its results have that layout, as
// PyTorch's have. `info` results carry LAPACK's numbers; check_linalg_errors turns them into PyTorch's messages. Small
// matrices are the usual case: the batch loop runs on this thread, and OpenBLAS uses its own for large ones.
#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/cpu/lapack.h"
#include "ops/cpu/openblas.h"

namespace tsvm::ops::cpu {

void* lapack_symbol(const char* routine) {
  void* handle = open_blas_handle();
  void* symbol = handle != nullptr ? dlsym(handle, routine) : nullptr;
  OPS_CHECK(
      symbol != nullptr, NotImplementedError, "linear algebra needs LAPACK: ",
      handle != nullptr ? "the installed OpenBLAS has no routine " : "OpenBLAS is not installed; missing routine ",
      routine);
  return symbol;
}

namespace {

#define DISPATCH_LAPACK(DTYPE, WHAT, ...) \
  TSVM_DISPATCH(DTYPE, WHAT, TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_COMPLEX(__VA_ARGS__))

DimVector column_strides(IntSpan sizes) {
  DimVector strides(sizes.size());
  int64_t step = 1;
  const size_t n = sizes.size();
  strides[n - 2] = 1;
  strides[n - 1] = std::max<int64_t>(sizes[n - 2], 1);
  step = std::max<int64_t>(sizes[n - 2], 1) * std::max<int64_t>(sizes[n - 1], 1);
  for (size_t d = n - 2; d-- > 0;) {
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  }
  return strides;
}

Tensor columns(IntSpan sizes, DType dtype) { return empty_strided(sizes, column_strides(sizes), dtype); }

/// A copy in column order.
Tensor column_copy(const Tensor& t) {
  Tensor out = columns(t.sizes(), t.dtype());
  copy_(out, t);
  return out;
}

/// The sizes of the batch, with these last.
DimVector batch_sizes(const Tensor& t, std::initializer_list<int64_t> last) {
  DimVector sizes(t.sizes().first(t.sizes().size() - 2));
  for (int64_t n : last) sizes.push_back(n);
  return sizes;
}

int64_t batch_count(const Tensor& t) {
  int64_t n = 1;
  for (size_t d = 0; d + 2 < t.sizes().size(); d++) n *= t.sizes()[d];
  return n;
}
int rows_of(const Tensor& t) { return static_cast<int>(t.size(-2)); }
int columns_of(const Tensor& t) { return static_cast<int>(t.size(-1)); }
int leading(int n) { return std::max(n, 1); }

Tensor info_tensor(const Tensor& t) { return zeros(batch_sizes(t, {}), DType::Int32); }

/// Zeros in the triangle that does not belong to the result.
template <class T>
void clear_triangle(T* a, int rows, int n, bool upper_kept) {
  for (int j = 0; j < n; j++)
    for (int i = 0; i < rows; i++)
      if (upper_kept ? i > j : i < j) a[static_cast<int64_t>(j) * rows + i] = T(0);
}

template <class T>
T conj_of(T v) {
  if constexpr (is_complex_type<T>)
    return std::conj(v);
  else
    return v;
}

template <class T>
const char* adjoint() {
  return is_complex_type<T> ? "C" : "T";
}

template <class T>
class Work {
 public:
  explicit Work(int64_t n) : data_(static_cast<size_t>(std::max<int64_t>(n, 1))) {}
  T* get() { return data_.data(); }

 private:
  std::vector<T> data_;
};

template <class T>
int work_size(const T& answer) {
  if constexpr (is_complex_type<T>)
    return std::max(1, static_cast<int>(answer.real()));
  else
    return std::max(1, static_cast<int>(answer));
}

constexpr int kQuery = -1;

}  // namespace

void check_linalg_errors(const Tensor& info, std::string_view name, bool is_matrix) {
  const Tensor flat = contiguous(info);
  const int* values = flat.data_ptr<int>();
  for (int64_t b = 0; b < flat.numel(); b++) {
    const int i = values[b];
    if (i == 0) continue;
    const std::string where = is_matrix ? std::string(name) + ": " : concat(name, ": (Batch element ", b, "): ");
    auto ends = [&](std::string_view s) { return name.find(s) != std::string_view::npos; };
    if (i < 0) {
      if (ends("svd"))
        fail(ErrorKind::LinAlgError, where,
             "The algorithm failed to converge because the input matrix contained non-finite values.");
      fail(ErrorKind::RuntimeError, where, "Argument ", -i,
           " has illegal value. Most certainly there is a bug in the implementation calling the backend library.");
    }
    if (ends("inv"))
      fail(ErrorKind::LinAlgError, where, "The diagonal element ", i,
           " is zero, the inversion could not be completed because the input matrix is singular.");
    if (ends("solve")) fail(ErrorKind::LinAlgError, where, "The solver failed because the input matrix is singular.");
    if (ends("cholesky"))
      fail(ErrorKind::LinAlgError, where,
           "The factorization could not be completed because the input is not positive-definite (the leading minor of "
           "order ",
           i, " is not positive-definite).");
    if (ends("svd"))
      fail(ErrorKind::LinAlgError, where,
           "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
           "singular values (error code: ",
           i, ").");
    if (ends("eig") || ends("syevd"))
      fail(ErrorKind::LinAlgError, where,
           "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
           "eigenvalues (error code: ",
           i, ").");
    if (ends("lstsq"))
      fail(ErrorKind::LinAlgError, where,
           "The least squares solution could not be computed because the input matrix does not have full rank (error "
           "code: ",
           i, ").");
    if (ends("lu_factor"))
      fail(ErrorKind::RuntimeError, where, "U[", i, ",", i,
           "] is zero and using it on lu_solve would result in a division by zero. If you still want to perform the "
           "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)");
    fail(ErrorKind::RuntimeError, where, "Unknown error code: ", i, ".");
  }
}

std::tuple<Tensor, Tensor> cholesky_factor(const Tensor& self, bool upper) {
  Tensor out = column_copy(self), info = info_tensor(self);
  const int n = rows_of(self), ld = leading(n);
  DISPATCH_LAPACK(self.dtype(), "cholesky", {
    scalar_t* a = out.data_ptr<scalar_t>();
    for (int64_t b = 0; b < batch_count(self) && n > 0; b++, a += int64_t{n} * n) {
      lapack<scalar_t>("potrf", upper ? "U" : "L", &n, a, &ld, info.data_ptr<int>() + b);
      clear_triangle(a, n, n, upper);
    }
  });
  return {out, info};
}

Tensor cholesky_inverse_kernel(const Tensor& self, bool upper) {
  Tensor out = column_copy(self), info = info_tensor(self);
  const int n = rows_of(self), ld = leading(n);
  DISPATCH_LAPACK(self.dtype(), "cholesky_inverse", {
    scalar_t* a = out.data_ptr<scalar_t>();
    for (int64_t b = 0; b < batch_count(self) && n > 0; b++, a += int64_t{n} * n) {
      lapack<scalar_t>("potri", upper ? "U" : "L", &n, a, &ld, info.data_ptr<int>() + b);
      for (int j = 0; j < n; j++)
        for (int i = 0; i < j; i++) {
          if (upper)
            a[int64_t{i} * n + j] = conj_of(a[int64_t{j} * n + i]);
          else
            a[int64_t{j} * n + i] = conj_of(a[int64_t{i} * n + j]);
        }
    }
  });
  check_linalg_errors(info, "cholesky_inverse", self.dim() == 2);
  return out;
}

Tensor cholesky_solve_kernel(const Tensor& self, const Tensor& factor, bool upper) {
  Tensor out = column_copy(self), f = column_copy(factor), info = info_tensor(self);
  const int n = rows_of(self), k = columns_of(self), ld = leading(n);
  DISPATCH_LAPACK(self.dtype(), "cholesky_solve", {
    scalar_t *x = out.data_ptr<scalar_t>(), *a = f.data_ptr<scalar_t>();
    for (int64_t b = 0; b < batch_count(self) && n > 0; b++, x += int64_t{n} * k, a += int64_t{n} * n)
      lapack<scalar_t>("potrs", upper ? "U" : "L", &n, &k, a, &ld, x, &ld, info.data_ptr<int>() + b);
  });
  return out;
}

std::tuple<Tensor, Tensor, Tensor> lu_factor(const Tensor& self, bool pivot) {
  OPS_CHECK(pivot, RuntimeError, "linalg.lu_factor: LU without pivoting is not implemented on the CPU");
  Tensor out = column_copy(self), info = info_tensor(self);
  const int m = rows_of(self), n = columns_of(self), ld = leading(m), k = std::min(m, n);
  Tensor pivots = ops::empty(batch_sizes(self, {k}), DType::Int32);
  DISPATCH_LAPACK(self.dtype(), "lu_factor", {
    scalar_t* a = out.data_ptr<scalar_t>();
    for (int64_t b = 0; b < batch_count(self) && k > 0; b++, a += int64_t{m} * n)
      lapack<scalar_t>("getrf", &m, &n, a, &ld, pivots.data_ptr<int>() + b * k, info.data_ptr<int>() + b);
  });
  return {out, pivots, info};
}

Tensor lu_solve_kernel(const Tensor& lu, const Tensor& pivots, const Tensor& rhs, bool adjoint_of) {
  Tensor x = column_copy(rhs), f = column_copy(lu), p = contiguous(pivots);
  const int n = rows_of(lu), k = columns_of(rhs), ld = leading(n);
  DISPATCH_LAPACK(rhs.dtype(), "lu_solve", {
    scalar_t *b = x.data_ptr<scalar_t>(), *a = f.data_ptr<scalar_t>();
    for (int64_t i = 0; i < batch_count(rhs) && n > 0; i++, b += int64_t{n} * k, a += int64_t{n} * n) {
      int info = 0;
      lapack<scalar_t>("getrs", adjoint_of ? adjoint<scalar_t>() : "N", &n, &k, a, &ld, p.data_ptr<int>() + i * n, b,
                       &ld, &info);
    }
  });
  return x;
}

Tensor permutation_of_pivots(const Tensor& pivots, int64_t size) {
  const Tensor p = contiguous(pivots);
  const int64_t k = p.size(-1),
                batches = k == 0 ? numel_of(IntSpan(p.sizes().first(p.sizes().size() - 1))) : p.numel() / k;
  DimVector sizes(p.sizes());
  sizes.back() = size;
  Tensor out = ops::empty(sizes, DType::Int64);
  const int* in = p.data_ptr<int>();
  int64_t* to = out.data_ptr<int64_t>();
  for (int64_t b = 0; b < batches; b++, to += size) {
    for (int64_t i = 0; i < size; i++) to[i] = i;
    for (int64_t i = 0; i < k; i++) {
      const int64_t j = in[b * k + i] - 1;
      OPS_CHECK(j >= 0 && j < size, RuntimeError,
                "pivots passed to lu_unpack must be between 1 and the size of the matrix");
      std::swap(to[i], to[j]);
    }
  }
  return out;
}

Tensor triangular_solve_kernel(const Tensor& a0, const Tensor& b0, bool upper, bool left, bool unitriangular) {
  Tensor x = column_copy(b0), f = column_copy(a0);
  const int m = rows_of(b0), n = columns_of(b0), na = rows_of(a0), lda = leading(na), ldb = leading(m);
  DISPATCH_LAPACK(b0.dtype(), "triangular_solve", {
    scalar_t *b = x.data_ptr<scalar_t>(), *a = f.data_ptr<scalar_t>();
    const scalar_t one(1);
    for (int64_t i = 0; i < batch_count(b0) && m > 0 && n > 0; i++, b += int64_t{m} * n, a += int64_t{na} * na)
      lapack<scalar_t>("trsm", left ? "L" : "R", upper ? "U" : "L", "N", unitriangular ? "U" : "N", &m, &n, &one, a,
                       &lda, b, &ldb);
  });
  return x;
}

std::tuple<Tensor, Tensor> qr_factor(const Tensor& self) {
  Tensor out = column_copy(self);
  const int m = rows_of(self), n = columns_of(self), ld = leading(m), k = std::min(m, n);
  Tensor tau = zeros(batch_sizes(self, {k}), self.dtype());
  DISPATCH_LAPACK(self.dtype(), "geqrf", {
    scalar_t* a = out.data_ptr<scalar_t>();
    scalar_t size{};
    int info = 0;
    if (k > 0) lapack<scalar_t>("geqrf", &m, &n, a, &ld, tau.data_ptr<scalar_t>(), &size, &kQuery, &info);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    for (int64_t b = 0; b < batch_count(self) && k > 0; b++, a += int64_t{m} * n)
      lapack<scalar_t>("geqrf", &m, &n, a, &ld, tau.data_ptr<scalar_t>() + b * k, work.get(), &lwork, &info);
  });
  return {out, tau};
}

Tensor householder_kernel(const Tensor& self, const Tensor& tau0) {
  Tensor out = column_copy(self), tau = contiguous(tau0);
  const int m = rows_of(self), n = columns_of(self), ld = leading(m), k = static_cast<int>(tau.size(-1));
  DISPATCH_LAPACK(self.dtype(), "orgqr", {
    const char* name = is_complex_type<scalar_t> ? "ungqr" : "orgqr";
    scalar_t* a = out.data_ptr<scalar_t>();
    scalar_t size{};
    int info = 0;
    if (n > 0 && m > 0) lapack<scalar_t>(name, &m, &n, &k, a, &ld, tau.data_ptr<scalar_t>(), &size, &kQuery, &info);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    for (int64_t b = 0; b < batch_count(self) && n > 0 && m > 0; b++, a += int64_t{m} * n)
      lapack<scalar_t>(name, &m, &n, &k, a, &ld, tau.data_ptr<scalar_t>() + b * k, work.get(), &lwork, &info);
  });
  return out;
}

Tensor ormqr_kernel(const Tensor& self, const Tensor& tau0, const Tensor& other, bool left, bool transpose) {
  Tensor f = column_copy(self), tau = contiguous(tau0), out = column_copy(other);
  const int m = rows_of(other), n = columns_of(other), k = static_cast<int>(tau.size(-1));
  const int lda = leading(left ? m : n), ldc = leading(m), rows = rows_of(self), cols = columns_of(self);
  DISPATCH_LAPACK(self.dtype(), "ormqr", {
    const char* name = is_complex_type<scalar_t> ? "unmqr" : "ormqr";
    const char* trans = transpose ? adjoint<scalar_t>() : "N";
    scalar_t *a = f.data_ptr<scalar_t>(), *c = out.data_ptr<scalar_t>();
    scalar_t size{};
    int info = 0;
    const bool any = m > 0 && n > 0 && k > 0;
    if (any)
      lapack<scalar_t>(name, left ? "L" : "R", trans, &m, &n, &k, a, &lda, tau.data_ptr<scalar_t>(), c, &ldc, &size,
                       &kQuery, &info);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    for (int64_t b = 0; b < batch_count(other) && any; b++, a += int64_t{rows} * cols, c += int64_t{m} * n)
      lapack<scalar_t>(name, left ? "L" : "R", trans, &m, &n, &k, a, &lda, tau.data_ptr<scalar_t>() + b * k, c, &ldc,
                       work.get(), &lwork, &info);
  });
  return out;
}

std::tuple<Tensor, Tensor, Tensor> eigh_kernel(const Tensor& self, bool upper, bool vectors) {
  Tensor v = column_copy(self), info = info_tensor(self);
  const int n = rows_of(self), ld = leading(n);
  Tensor w = ops::empty(batch_sizes(self, {n}), to_real(self.dtype()));
  DISPATCH_LAPACK(self.dtype(), "linalg_eigh", {
    using R = real_part<scalar_t>;
    scalar_t* a = v.data_ptr<scalar_t>();
    R* values = w.data_ptr<R>();
    const char *job = vectors ? "V" : "N", *uplo = upper ? "U" : "L";
    scalar_t size{};
    R real_size{};
    int int_size = 0, failed = 0;
    auto run = [&](scalar_t* m, R* out, scalar_t* work, const int* lwork, R* rwork, const int* lrwork, int* iwork,
                   const int* liwork, int* status) {
      if constexpr (is_complex_type<scalar_t>)
        lapack<scalar_t>("heevd", job, uplo, &n, m, &ld, out, work, lwork, rwork, lrwork, iwork, liwork, status);
      else
        lapack<scalar_t>("syevd", job, uplo, &n, m, &ld, out, work, lwork, iwork, liwork, status);
    };
    if (n > 0) run(a, values, &size, &kQuery, &real_size, &kQuery, &int_size, &kQuery, &failed);
    const int lwork = work_size(size), lrwork = work_size(real_size), liwork = std::max(1, int_size);
    Work<scalar_t> work(lwork);
    Work<R> rwork(lrwork);
    Work<int> iwork(liwork);
    for (int64_t b = 0; b < batch_count(self) && n > 0; b++, a += int64_t{n} * n)
      run(a, values + b * n, work.get(), &lwork, rwork.get(), &lrwork, iwork.get(), &liwork, info.data_ptr<int>() + b);
  });
  return {w, v, info};
}

namespace {

/// What geev gives as complex values and vectors. Of a real matrix, a pair of conjugate values has its vector as real
/// and imaginary part, one column each.
template <class T, class R>
void spread_eigenvectors(const T* right, const R* re, const R* im, int n, bool vectors, std::complex<R>* values,
                         std::complex<R>* to) {
  using C = std::complex<R>;
  if constexpr (is_complex_type<T>) {
    if (vectors) std::copy(right, right + int64_t{n} * n, to);
  } else {
    for (int i = 0; i < n; i++) values[i] = C(re[i], im[i]);
    for (int j = 0; vectors && j < n; j++) {
      const T* column = right + int64_t{j} * n;
      if (im[j] == 0 || j + 1 == n) {
        for (int i = 0; i < n; i++) to[int64_t{j} * n + i] = C(column[i], 0);
      } else {
        for (int i = 0; i < n; i++) {
          to[int64_t{j} * n + i] = C(column[i], column[n + i]);
          to[(int64_t{j} + 1) * n + i] = C(column[i], -column[n + i]);
        }
        j++;
      }
    }
  }
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> eig_kernel(const Tensor& self, bool vectors) {
  const Tensor a0 = column_copy(self);
  Tensor info = info_tensor(self);
  const int n = rows_of(self), ld = leading(n);
  const DType complex = to_complex(to_real(self.dtype()));
  Tensor w = ops::empty(batch_sizes(self, {n}), complex);
  Tensor v = columns(batch_sizes(self, {vectors ? n : 0, vectors ? n : 0}), complex);
  const char* job = vectors ? "V" : "N";
  const int ldv = vectors ? ld : 1, one = 1;
  DISPATCH_LAPACK(self.dtype(), "linalg_eig", {
    using R = real_part<scalar_t>;
    using C = std::complex<R>;
    scalar_t* a = a0.data_ptr<scalar_t>();
    scalar_t size{};
    int failed = 0;
    Work<R> re(n), im(n), rwork(2 * n);
    Work<scalar_t> right(vectors ? int64_t{n} * n : 1);
    auto run = [&](scalar_t* m, C* values, scalar_t* work, const int* lwork, int* status) {
      if constexpr (is_complex_type<scalar_t>)
        lapack<scalar_t>("geev", "N", job, &n, m, &ld, values, static_cast<scalar_t*>(nullptr), &one, right.get(), &ldv,
                         work, lwork, rwork.get(), status);
      else
        lapack<scalar_t>("geev", "N", job, &n, m, &ld, re.get(), im.get(), static_cast<scalar_t*>(nullptr), &one,
                         right.get(), &ldv, work, lwork, status);
    };
    C* values = w.data_ptr<C>();
    C* to = v.data_ptr<C>();
    if (n > 0) run(a, values, &size, &kQuery, &failed);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    for (int64_t b = 0; b < batch_count(self) && n > 0; b++, a += int64_t{n} * n, values += n) {
      run(a, values, work.get(), &lwork, info.data_ptr<int>() + b);
      spread_eigenvectors(right.get(), re.get(), im.get(), n, vectors, values, to);
      if (vectors) to += int64_t{n} * n;
    }
  });
  return {w, v, info};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> svd_kernel(const Tensor& self, bool full, bool vectors) {
  const Tensor a0 = column_copy(self);
  Tensor info = info_tensor(self);
  const int m = rows_of(self), n = columns_of(self), k = std::min(m, n), lda = leading(m);
  Tensor s = ops::empty(batch_sizes(self, {k}), to_real(self.dtype()));
  const int u_columns = full ? m : k, v_rows = full ? n : k, ldu = leading(m), ldv = leading(v_rows);
  Tensor u = columns(vectors ? batch_sizes(self, {m, u_columns}) : DimVector{0, 0}, self.dtype());
  Tensor v = columns(vectors ? batch_sizes(self, {v_rows, n}) : DimVector{0, 0}, self.dtype());
  if (k == 0 && vectors) {
    // Nothing to decompose: identities.
    auto identity = [&](Tensor& t, int64_t size) {
      if (size > 0) copy_(t, expand(eye(t.size(-2), t.size(-1), self.dtype()), t.sizes()));
    };
    identity(u, u_columns);
    identity(v, v_rows);
  }
  const char* job = !vectors ? "N" : full ? "A" : "S";
  DISPATCH_LAPACK(self.dtype(), "linalg_svd", {
    using R = real_part<scalar_t>;
    scalar_t *a = a0.data_ptr<scalar_t>(), *left = u.data_ptr<scalar_t>(), *right = v.data_ptr<scalar_t>();
    R* values = s.data_ptr<R>();
    const int64_t mx = std::max(m, n);
    Work<R> rwork(int64_t{k} * std::max<int64_t>(5 * k + 7, 2 * mx + 2 * k + 1) + 7 * mx);
    Work<int> iwork(8 * int64_t{k});
    scalar_t size{};
    int failed = 0;
    auto run = [&](scalar_t* x, R* out, scalar_t* ul, scalar_t* vr, scalar_t* work, const int* lwork, int* status) {
      if constexpr (is_complex_type<scalar_t>)
        lapack<scalar_t>("gesdd", job, &m, &n, x, &lda, out, ul, &ldu, vr, &ldv, work, lwork, rwork.get(), iwork.get(),
                         status);
      else
        lapack<scalar_t>("gesdd", job, &m, &n, x, &lda, out, ul, &ldu, vr, &ldv, work, lwork, iwork.get(), status);
    };
    if (k > 0) run(a, values, left, right, &size, &kQuery, &failed);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    for (int64_t b = 0; b < batch_count(self) && k > 0; b++) {
      run(a + b * m * n, values + b * k, vectors ? left + b * int64_t{m} * u_columns : left,
          vectors ? right + b * int64_t{v_rows} * n : right, work.get(), &lwork, info.data_ptr<int>() + b);
    }
  });
  return {u, s, v, info};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> lstsq_kernel(const Tensor& self, const Tensor& rhs, double rcond,
                                                        std::string_view driver) {
  const Tensor a0 = column_copy(self);
  Tensor info = info_tensor(self);
  const int m = rows_of(self), n = columns_of(self), k = columns_of(rhs), lda = leading(m), mx = std::max(m, n),
            ldb = leading(mx), mn = std::min(m, n);
  DimVector sizes(rhs.sizes());
  sizes[sizes.size() - 2] = mx;
  Tensor x = columns(sizes, rhs.dtype());
  fill_(x, Scalar(0));
  if (m > 0) copy_(narrow(x, -2, 0, m), rhs);
  Tensor rank = zeros(batch_sizes(self, {}), DType::Int64);
  Tensor singular = zeros(batch_sizes(self, {mn}), to_real(self.dtype()));
  const bool gels = driver == "gels", gelsy = driver == "gelsy", gelsd = driver == "gelsd";
  DISPATCH_LAPACK(self.dtype(), "linalg_lstsq", {
    using R = real_part<scalar_t>;
    scalar_t *a = a0.data_ptr<scalar_t>(), *b = x.data_ptr<scalar_t>();
    const R cut = static_cast<R>(rcond);
    scalar_t size{};
    R real_size{};
    int int_size = 0, found = 0, status = 0;
    Work<int> jpvt(n);
    auto run = [&](scalar_t* p, scalar_t* q, R* s, scalar_t* work, const int* lwork, R* rwork, int* iwork) {
      if (gels) {
        lapack<scalar_t>("gels", "N", &m, &n, &k, p, &lda, q, &ldb, work, lwork, &status);
      } else if (gelsy) {
        if constexpr (is_complex_type<scalar_t>)
          lapack<scalar_t>("gelsy", &m, &n, &k, p, &lda, q, &ldb, jpvt.get(), &cut, &found, work, lwork, rwork,
                           &status);
        else
          lapack<scalar_t>("gelsy", &m, &n, &k, p, &lda, q, &ldb, jpvt.get(), &cut, &found, work, lwork, &status);
      } else if (gelsd) {
        if constexpr (is_complex_type<scalar_t>)
          lapack<scalar_t>("gelsd", &m, &n, &k, p, &lda, q, &ldb, s, &cut, &found, work, lwork, rwork, iwork, &status);
        else
          lapack<scalar_t>("gelsd", &m, &n, &k, p, &lda, q, &ldb, s, &cut, &found, work, lwork, iwork, &status);
      } else {
        if constexpr (is_complex_type<scalar_t>)
          lapack<scalar_t>("gelss", &m, &n, &k, p, &lda, q, &ldb, s, &cut, &found, work, lwork, rwork, &status);
        else
          lapack<scalar_t>("gelss", &m, &n, &k, p, &lda, q, &ldb, s, &cut, &found, work, lwork, &status);
      }
    };
    const bool any = m > 0 && n > 0 && k > 0;
    if (any) run(a, b, singular.data_ptr<R>(), &size, &kQuery, &real_size, &int_size);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    Work<R> rwork(std::max<int64_t>({work_size(real_size), 5 * int64_t{mn}, 2 * int64_t{n}}));
    Work<int> iwork(std::max(int_size, 1));
    for (int64_t i = 0; i < batch_count(self) && any; i++, a += int64_t{m} * n, b += int64_t{mx} * k) {
      std::fill(jpvt.get(), jpvt.get() + n, 0);
      run(a, b, singular.data_ptr<R>() + i * mn, work.get(), &lwork, rwork.get(), iwork.get());
      rank.data_ptr<int64_t>()[i] = found;
      info.data_ptr<int>()[i] = status;
    }
  });
  check_linalg_errors(info, "torch.linalg.lstsq", self.dim() == 2);
  return {x, rank, singular, info};
}

std::tuple<Tensor, Tensor, Tensor> ldl_factor(const Tensor& self, bool hermitian) {
  Tensor out = column_copy(self), info = info_tensor(self);
  const int n = rows_of(self), ld = leading(n);
  Tensor pivots = zeros(batch_sizes(self, {n}), DType::Int32);
  DISPATCH_LAPACK(self.dtype(), "ldl_factor", {
    const char* name = is_complex_type<scalar_t> && hermitian ? "hetrf" : "sytrf";
    scalar_t* a = out.data_ptr<scalar_t>();
    scalar_t size{};
    int failed = 0;
    if (n > 0) lapack<scalar_t>(name, "L", &n, a, &ld, pivots.data_ptr<int>(), &size, &kQuery, &failed);
    const int lwork = work_size(size);
    Work<scalar_t> work(lwork);
    for (int64_t b = 0; b < batch_count(self) && n > 0; b++, a += int64_t{n} * n) {
      lapack<scalar_t>(name, "L", &n, a, &ld, pivots.data_ptr<int>() + b * n, work.get(), &lwork,
                       info.data_ptr<int>() + b);
      clear_triangle(a, n, n, false);
    }
  });
  return {out, pivots, info};
}

Tensor ldl_solve_kernel(const Tensor& ld0, const Tensor& pivots0, const Tensor& rhs, bool hermitian) {
  Tensor x = column_copy(rhs), f = column_copy(ld0), p = contiguous(pivots0);
  const int n = rows_of(ld0), k = columns_of(rhs), ld = leading(n);
  DISPATCH_LAPACK(rhs.dtype(), "ldl_solve", {
    const char* name = is_complex_type<scalar_t> && hermitian ? "hetrs" : "sytrs";
    scalar_t *b = x.data_ptr<scalar_t>(), *a = f.data_ptr<scalar_t>();
    for (int64_t i = 0; i < batch_count(rhs) && n > 0; i++, b += int64_t{n} * k, a += int64_t{n} * n) {
      int info = 0;
      lapack<scalar_t>(name, "L", &n, &k, a, &ld, p.data_ptr<int>() + i * n, b, &ld, &info);
    }
  });
  return x;
}

}  // namespace tsvm::ops::cpu

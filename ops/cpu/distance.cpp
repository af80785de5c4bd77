// p-norm distances between the rows of matrices.
#include <cmath>
#include <limits>

#include "ops/cpu/nn_kernels.h"
#include "ops/cpu/parallel.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

template <class T>
T row_distance(const T* a, const T* b, int64_t n, double p) {
  T sum = 0;
  if (p == 0) {
    for (int64_t i = 0; i < n; i++) sum += a[i] != b[i] ? T(1) : T(0);
    return sum;
  }
  if (p == 1) {
    for (int64_t i = 0; i < n; i++) sum += std::abs(a[i] - b[i]);
    return sum;
  }
  if (p == 2) {
    for (int64_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum);
  }
  if (std::isinf(p)) {
    for (int64_t i = 0; i < n; i++) {
      const T d = std::abs(a[i] - b[i]);
      if (d > sum || d != d) sum = d;
    }
    return sum;
  }
  for (int64_t i = 0; i < n; i++) sum += std::pow(std::abs(a[i] - b[i]), static_cast<T>(p));
  return std::pow(sum, static_cast<T>(1 / p));
}

/// Adds the gradient of a distance to `to`, for the first row; its negative is that for the second.
template <class T>
void add_gradient(const T* a, const T* b, int64_t n, double p, T distance, T grad, T* to, T sign) {
  if (p == 0 || grad == 0) return;
  for (int64_t i = 0; i < n; i++) {
    const T d = a[i] - b[i], one = d > 0 ? T(1) : d < 0 ? T(-1) : T(0);
    T slope;
    if (p == 1)
      slope = one;
    else if (distance == 0)
      slope = 0;
    else if (p == 2)
      slope = d / distance;
    else if (std::isinf(p))
      slope = std::abs(d) == distance ? one : T(0);
    else
      slope = d == 0 ? T(0) : one * static_cast<T>(std::pow(std::abs(d) / distance, static_cast<T>(p - 1)));
    to[i] += sign * slope * grad;
  }
}

}  // namespace

Tensor cdist_forward(const Tensor& x1, const Tensor& x2, double p) {
  // (B, P, M) and (B, R, M).
  const int64_t batch = x1.sizes()[0], rows1 = x1.sizes()[1], rows2 = x2.sizes()[1], n = x1.sizes()[2];
  Tensor out = ops::empty({batch, rows1, rows2}, x1.dtype(), x1.device());
  if (out.is_meta()) return out;
  const Tensor a = contiguous(x1), b = contiguous(x2);
  TSVM_DISPATCH(x1.dtype(), "cdist", TSVM_CASES_FLOAT({
                  parallel_for(batch * rows1, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, rows2 * n)),
                               [&](int64_t begin, int64_t end) {
                                 for (int64_t i = begin; i < end; i++)
                                   for (int64_t j = 0; j < rows2; j++)
                                     out.data_ptr<scalar_t>()[i * rows2 + j] =
                                         row_distance(a.data_ptr<scalar_t>() + i * n,
                                                      b.data_ptr<scalar_t>() + (i / rows1 * rows2 + j) * n, n, p);
                               });
                }));
  return out;
}

Tensor cdist_backward(const Tensor& grad, const Tensor& x1, const Tensor& x2, double p, const Tensor& cdist) {
  const int64_t rows1 = x1.sizes()[1], rows2 = x2.sizes()[1], n = x1.sizes()[2];
  Tensor out = ops::empty(x1.sizes(), x1.dtype(), x1.device());
  if (out.is_meta()) return out;
  zero_(out);
  const Tensor a = contiguous(x1), b = contiguous(x2), g = contiguous(grad), distances = contiguous(cdist);
  TSVM_DISPATCH(x1.dtype(), "cdist_backward", TSVM_CASES_FLOAT({
                  for (int64_t i = 0; i < x1.sizes()[0] * rows1; i++)
                    for (int64_t j = 0; j < rows2; j++)
                      add_gradient(a.data_ptr<scalar_t>() + i * n, b.data_ptr<scalar_t>() + (i / rows1 * rows2 + j) * n,
                                   n, p, distances.data_ptr<scalar_t>()[i * rows2 + j],
                                   g.data_ptr<scalar_t>()[i * rows2 + j], out.data_ptr<scalar_t>() + i * n,
                                   scalar_t(1));
                }));
  return out;
}

Tensor pdist_forward(const Tensor& self, double p) {
  OPS_CHECK(self.dim() == 2, RuntimeError, "pdist only supports 2D tensors, got: ", self.dim(), "D");
  OPS_CHECK(is_floating(self.dtype()), RuntimeError, "pdist only supports floating-point dtypes");
  OPS_CHECK(p >= 0, RuntimeError, "pdist only supports non-negative p values");
  const int64_t rows = self.sizes()[0], n = self.sizes()[1];
  Tensor out = ops::empty({rows > 1 ? rows * (rows - 1) / 2 : 0}, self.dtype(), self.device());
  if (out.is_meta()) return out;
  const Tensor x = contiguous(self);
  TSVM_DISPATCH(self.dtype(), "pdist", TSVM_CASES_FLOAT({
                  scalar_t* to = out.data_ptr<scalar_t>();
                  for (int64_t i = 0; i < rows; i++)
                    for (int64_t j = i + 1; j < rows; j++)
                      *to++ = row_distance(x.data_ptr<scalar_t>() + i * n, x.data_ptr<scalar_t>() + j * n, n, p);
                }));
  return out;
}

Tensor pdist_backward(const Tensor& grad, const Tensor& self, double p, const Tensor& pdist) {
  const int64_t rows = self.sizes()[0], n = self.sizes()[1];
  Tensor out = ops::empty(self.sizes(), self.dtype(), self.device());
  if (out.is_meta()) return out;
  zero_(out);
  const Tensor x = contiguous(self), g = contiguous(grad), distances = contiguous(pdist);
  TSVM_DISPATCH(self.dtype(), "pdist_backward", TSVM_CASES_FLOAT({
                  int64_t k = 0;
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  for (int64_t i = 0; i < rows; i++)
                    for (int64_t j = i + 1; j < rows; j++, k++) {
                      const scalar_t d = distances.data_ptr<scalar_t>()[k], v = g.data_ptr<scalar_t>()[k];
                      add_gradient(from + i * n, from + j * n, n, p, d, v, to + i * n, scalar_t(1));
                      add_gradient(from + i * n, from + j * n, n, p, d, v, to + j * n, scalar_t(-1));
                    }
                }));
  return out;
}

}  // namespace tsvm::ops::cpu

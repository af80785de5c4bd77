// Discrete Fourier transforms.
//
// A transform of n points is a sequence of passes, one for each factor of n (4, 2, 3, 5, then other primes), that read
// one buffer and write another, so that the result comes out in order without a permutation (Stockham's scheme).
// Lengths with a large prime factor are convolutions with a chirp instead (Bluestein), done by transforms of a power of
// two. Several dimensions are transformed one after another: a line is gathered, transformed and put back. Lines run in
// parallel.
#include <cmath>
#include <memory>
#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/cpu/parallel.h"

namespace tsvm::ops::cpu {
namespace {

constexpr int64_t kLargestFactor = 61;

template <class T>
class Plan {
 public:
  using C = std::complex<T>;

  explicit Plan(int64_t n) : n_(n) {
    int64_t rest = n;
    for (int64_t f : {int64_t{4}, int64_t{2}, int64_t{3}, int64_t{5}})
      while (rest % f == 0 && rest > 1) {
        factors_.push_back(static_cast<int>(f));
        rest /= f;
      }
    for (int64_t f = 7; f <= kLargestFactor && rest > 1; f += 2)
      while (rest % f == 0) {
        factors_.push_back(static_cast<int>(f));
        rest /= f;
      }
    if (rest == 1) {
      roots_.resize(static_cast<size_t>(n));
      for (int64_t k = 0; k < n; k++) roots_[static_cast<size_t>(k)] = root(k, n);
      return;
    }
    make_chirp();
  }

  int64_t size() const { return n_; }
  /// Complex numbers of scratch memory that run() needs.
  int64_t scratch() const { return inner_ ? 2 * inner_->size() + inner_->scratch() : n_; }

  /// The forward transform of x, in place.
  void run(C* x, C* scratch) const {
    if (inner_) return run_chirp(x, scratch);
    C *from = x, *to = scratch;
    int64_t n = n_, s = 1;
    for (int r : factors_) {
      pass(r, n, s, from, to);
      std::swap(from, to);
      n /= r;
      s *= r;
    }
    if (from != x) std::copy(from, from + n_, x);
  }

 private:
  static C root(int64_t k, int64_t n) {
    const double angle = -2 * M_PI * static_cast<double>(k) / static_cast<double>(n);
    return C(static_cast<T>(std::cos(angle)), static_cast<T>(std::sin(angle)));
  }
  static C times(C a, C b) {
    return C(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
  }
  static C times_minus_i(C a) { return C(a.imag(), -a.real()); }

  void pass(int r, int64_t n, int64_t s, const C* x, C* y) const {
    const int64_t m = n / r;
    for (int64_t p = 0; p < m; p++) {
      const C* in = x + s * p;
      C* out = y + s * r * p;
      switch (r) {
        case 2: {
          const C w = roots_[static_cast<size_t>(p * s)];
          for (int64_t q = 0; q < s; q++) {
            const C a = in[q], b = in[q + s * m];
            out[q] = a + b;
            out[q + s] = times(a - b, w);
          }
          break;
        }
        case 4: {
          const C w1 = roots_[static_cast<size_t>(p * s)], w2 = roots_[static_cast<size_t>(2 * p * s)],
                  w3 = roots_[static_cast<size_t>(3 * p * s)];
          for (int64_t q = 0; q < s; q++) {
            const C a = in[q], b = in[q + s * m], c = in[q + 2 * s * m], d = in[q + 3 * s * m];
            const C ac = a + c, amc = a - c, bd = b + d, bmd = times_minus_i(b - d);
            out[q] = ac + bd;
            out[q + s] = times(amc + bmd, w1);
            out[q + 2 * s] = times(ac - bd, w2);
            out[q + 3 * s] = times(amc - bmd, w3);
          }
          break;
        }
        default: {
          C inputs[kLargestFactor];
          for (int64_t q = 0; q < s; q++) {
            for (int a = 0; a < r; a++) inputs[a] = in[q + s * m * a];
            for (int b = 0; b < r; b++) {
              C sum = inputs[0];
              for (int a = 1; a < r; a++)
                sum += times(inputs[a], roots_[static_cast<size_t>(int64_t{a} * b % r * (n_ / r))]);
              out[q + s * b] = times(sum, roots_[static_cast<size_t>(p * b * s % n_)]);
            }
          }
        }
      }
    }
  }

  void make_chirp() {
    int64_t size = 1;
    while (size < 2 * n_ - 1) size *= 2;
    inner_ = std::make_unique<Plan>(size);
    chirp_.resize(static_cast<size_t>(n_));
    for (int64_t k = 0; k < n_; k++) chirp_[static_cast<size_t>(k)] = root(k * k % (2 * n_), 2 * n_);
    kernel_.assign(static_cast<size_t>(size), C());
    for (int64_t k = 0; k < n_; k++) {
      const C v = std::conj(chirp_[static_cast<size_t>(k)]);
      kernel_[static_cast<size_t>(k)] = v;
      if (k > 0) kernel_[static_cast<size_t>(size - k)] = v;
    }
    std::vector<C> scratch(static_cast<size_t>(inner_->scratch()));
    inner_->run(kernel_.data(), scratch.data());
  }

  void run_chirp(C* x, C* scratch) const {
    const int64_t size = inner_->size();
    C *a = scratch, *rest = scratch + size;
    for (int64_t k = 0; k < n_; k++) a[k] = times(x[k], chirp_[static_cast<size_t>(k)]);
    std::fill(a + n_, a + size, C());
    inner_->run(a, rest);
    // The backward transform as the conjugate of the forward one of the conjugate.
    for (int64_t k = 0; k < size; k++) a[k] = std::conj(times(a[k], kernel_[static_cast<size_t>(k)]));
    inner_->run(a, rest);
    const T scale = T(1) / static_cast<T>(size);
    for (int64_t k = 0; k < n_; k++) x[k] = times(std::conj(a[k]) * scale, chirp_[static_cast<size_t>(k)]);
  }

  int64_t n_;
  std::vector<int> factors_;
  std::vector<C> roots_, chirp_, kernel_;
  std::unique_ptr<Plan> inner_;
};

/// One dimension of a contiguous complex tensor, in place.
template <class T>
void transform(const Tensor& t, int64_t dim, bool forward) {
  using C = std::complex<T>;
  const int64_t n = t.sizes()[static_cast<size_t>(dim)], stride = t.strides()[static_cast<size_t>(dim)];
  if (t.numel() == 0 || n == 1) return;
  const Plan<T> plan(n);
  const int64_t lines = t.numel() / n;
  C* data = t.data_ptr<C>();
  const int64_t grain = std::max<int64_t>(1, 8192 / n);
  parallel_for(lines, grain, [&](int64_t begin, int64_t end) {
    std::vector<C> buffer(static_cast<size_t>(n + plan.scratch()));
    C *line = buffer.data(), *scratch = line + n;
    for (int64_t i = begin; i < end; i++) {
      C* at = data + i / stride * stride * n + i % stride;
      if (forward)
        for (int64_t k = 0; k < n; k++) line[k] = at[k * stride];
      else
        for (int64_t k = 0; k < n; k++) line[k] = std::conj(at[k * stride]);
      plan.run(line, scratch);
      if (forward)
        for (int64_t k = 0; k < n; k++) at[k * stride] = line[k];
      else
        for (int64_t k = 0; k < n; k++) at[k * stride] = std::conj(line[k]);
    }
  });
}

void transform_dims(const Tensor& t, IntSpan dims, bool forward) {
  for (size_t i = dims.size(); i-- > 0;) {
    if (t.dtype() == DType::Complex64)
      transform<float>(t, dims[i], forward);
    else
      transform<double>(t, dims[i], forward);
  }
}

/// Divides by the root of the count of points (1) or by the count (2).
void normalise(const Tensor& t, double points, int64_t mode) {
  if (mode == 0 || t.numel() == 0) return;
  const double scale = mode == 1 ? 1 / std::sqrt(points) : 1 / points;
  auto all = [&](auto* x, int64_t n) {
    using X = std::remove_reference_t<decltype(*x)>;
    for (int64_t i = 0; i < n; i++) x[i] *= static_cast<X>(scale);
  };
  switch (t.dtype()) {
    case DType::Complex64: return all(t.data_ptr<float>(), 2 * t.numel());
    case DType::Complex128: return all(t.data_ptr<double>(), 2 * t.numel());
    case DType::Float32: return all(t.data_ptr<float>(), t.numel());
    default: return all(t.data_ptr<double>(), t.numel());
  }
}

double points_of(IntSpan sizes, IntSpan dims) {
  double n = 1;
  for (int64_t d : dims) n *= static_cast<double>(sizes[static_cast<size_t>(d)]);
  return n;
}

void check_type(const Tensor& t) {
  OPS_CHECK(t.dtype() == DType::Float32 || t.dtype() == DType::Float64 || t.dtype() == DType::Complex64 ||
                t.dtype() == DType::Complex128,
            RuntimeError, "Unsupported dtype ", info(t.dtype()).cpp_name);
}

}  // namespace

Tensor fft_c2c(const Tensor& self, IntSpan dim, int64_t normalization, bool forward) {
  check_type(self);
  Tensor out = clone(self, MemoryFormat::Contiguous);
  transform_dims(out, dim, forward);
  normalise(out, points_of(out.sizes(), dim), normalization);
  return out;
}

Tensor fft_r2c(const Tensor& self, IntSpan dim, int64_t normalization, bool onesided) {
  check_type(self);
  Tensor out = ops::empty(self.sizes(), to_complex(self.dtype()));
  copy_(out, self);
  transform_dims(out, dim, true);
  normalise(out, points_of(out.sizes(), dim), normalization);
  if (!onesided) return out;
  const int64_t last = dim[dim.size() - 1];
  return clone(narrow(out, last, 0, out.size(last) / 2 + 1), MemoryFormat::Contiguous);
}

Tensor fft_c2r(const Tensor& self, IntSpan dim, int64_t normalization, int64_t last_dim_size) {
  check_type(self);
  const int64_t last = dim[dim.size() - 1];
  DimVector sizes(self.sizes());
  sizes[static_cast<size_t>(last)] = last_dim_size;
  Tensor half = clone(self, MemoryFormat::Contiguous);
  if (dim.size() > 1) transform_dims(half, dim.first(dim.size() - 1), false);
  // The other half of the last dimension is the conjugate of what is given, backwards.
  Tensor whole = ops::empty(sizes, self.dtype());
  const int64_t given = std::min(half.size(last), last_dim_size / 2 + 1);
  if (whole.numel() > 0) {
    copy_(narrow(whole, last, 0, given), narrow(half, last, 0, given));
    const int64_t rest = last_dim_size - given;
    if (rest > 0) {
      const int64_t wanted[] = {last};
      Tensor mirrored = flip(narrow(half, last, 1, rest), IntSpan(wanted, 1));
      copy_(narrow(whole, last, given, rest), mirrored);
      auto conjugate = [&](auto* x, const Tensor& part) {
        using C = std::remove_reference_t<decltype(*x)>;
        Tensor view = clone(part, MemoryFormat::Contiguous);
        C* data = view.template data_ptr<C>();
        for (int64_t i = 0; i < view.numel(); i++) data[i] = std::conj(data[i]);
        copy_(part, view);
      };
      const Tensor part = narrow(whole, last, given, rest);
      if (self.dtype() == DType::Complex64)
        conjugate(static_cast<std::complex<float>*>(nullptr), part);
      else
        conjugate(static_cast<std::complex<double>*>(nullptr), part);
    }
    // The imaginary part of what must be real does not count.
    auto drop = [&](auto* x, int64_t at) {
      using C = std::remove_reference_t<decltype(*x)>;
      Tensor part = narrow(whole, last, at, 1), view = clone(part, MemoryFormat::Contiguous);
      C* data = view.template data_ptr<C>();
      for (int64_t i = 0; i < view.numel(); i++) data[i] = C(data[i].real(), 0);
      copy_(part, view);
    };
    for (int64_t at : {int64_t{0}, last_dim_size % 2 == 0 ? last_dim_size / 2 : int64_t{0}}) {
      if (self.dtype() == DType::Complex64)
        drop(static_cast<std::complex<float>*>(nullptr), at);
      else
        drop(static_cast<std::complex<double>*>(nullptr), at);
    }
    transform_dims(whole, IntSpan(&last, 1), false);
  }
  Tensor out = clone(select(view_as_real(whole), -1, 0), MemoryFormat::Contiguous);
  normalise(out, points_of(sizes, dim), normalization);
  return out;
}

}  // namespace tsvm::ops::cpu

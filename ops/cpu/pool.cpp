// Pooling over windows of the last 1 to 3 dimensions: maximum, mean, their adaptive and fractional kinds, and the way
// back.
//
// A tensor is seen as planes (everything before the pooled dimensions). Fixed windows are done a row of results at a
// time: for each place in the window, a strip of the input row is combined with the whole row of results, which the
// compiler turns into vectors. Planes are shared among threads. bfloat16 is done in float.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/cpu/element.h"
#include "ops/cpu/nn_kernels.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

struct Windows {
  int64_t dims;
  int64_t planes = 1;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, pad[3] = {},
          dilation[3] = {1, 1, 1};
  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_size() const { return out[0] * out[1] * out[2]; }
  int64_t kernel_size() const { return kernel[0] * kernel[1] * kernel[2]; }
};

int64_t entry(IntSpan list, int64_t i) { return list.size() == 1 ? list[0] : list[static_cast<size_t>(i)]; }

const char* word(int64_t dims) { return dims == 2 ? "two" : "three"; }

void check_list(IntSpan list, int64_t dims, const std::string& what, const char* name, bool optional, bool to_be) {
  OPS_CHECK(list.size() == 1 || static_cast<int64_t>(list.size()) == dims || (optional && list.empty()), RuntimeError,
            what, ": ", name, " must ",
            to_be      ? "be either be "
            : optional ? "either be omitted, "
                       : "either be ",
            "a single int, or a tuple of ", word(dims), " ints");
}

/// "(4x8x8)".
std::string product(int64_t planes, const int64_t* v, int64_t dims) {
  std::string s = "(" + std::to_string(planes);
  for (int64_t d = 3 - dims; d < 3; d++) s += "x" + std::to_string(v[d]);
  return s + ")";
}

void check_image(const Tensor& self, int64_t dims) {
  const int64_t rank = self.dim();
  OPS_CHECK(rank == dims + 1 || rank == dims + 2, RuntimeError, "non-empty ", dims + 1, "D or ", dims + 2,
            "D (batch mode) tensor expected for input");
  for (int64_t d = rank == dims + 1 ? 0 : 1; d < rank; d++)
    OPS_CHECK(self.sizes()[static_cast<size_t>(d)] != 0, RuntimeError, "Expected ", dims + 1, "D or ", dims + 2,
              "D (batch mode) tensor with optional 0 dim batch size for input, but got:", self.sizes());
}

/// Planes and sizes of the pooled dimensions.
Windows planes_of(IntSpan sizes, int64_t dims) {
  Windows w;
  w.dims = dims;
  const int64_t lead = static_cast<int64_t>(sizes.size()) - dims;
  for (int64_t d = 0; d < lead; d++) w.planes *= sizes[static_cast<size_t>(d)];
  for (int64_t d = 0; d < dims; d++) w.in[3 - dims + d] = sizes[static_cast<size_t>(lead + d)];
  return w;
}

Windows fixed_windows(IntSpan sizes, IntSpan kernel, IntSpan stride, IntSpan pad, IntSpan dilation, bool ceil_mode,
                      int64_t dims) {
  Windows w = planes_of(sizes, dims);
  for (int64_t d = 0; d < dims; d++) {
    const int64_t i = 3 - dims + d;
    w.kernel[i] = entry(kernel, d);
    w.stride[i] = stride.empty() ? w.kernel[i] : entry(stride, d);
    w.pad[i] = entry(pad, d);
    w.dilation[i] = entry(dilation, d);
  }
  for (int64_t i = 3 - dims; i < 3; i++) {
    OPS_CHECK(w.stride[i] != 0, RuntimeError, "stride should not be zero");
    OPS_CHECK(w.pad[i] >= 0, RuntimeError, "pad must be non-negative, but got pad: ", w.pad[i]);
    OPS_CHECK(w.pad[i] <= w.kernel[i] / 2, RuntimeError,
              "pad should be at most half of kernel size, but got pad=", w.pad[i], " and kernel_size=", w.kernel[i]);
    const int64_t room = w.in[i] + 2 * w.pad[i] - w.dilation[i] * (w.kernel[i] - 1) - 1;
    const int64_t top = room + (ceil_mode ? w.stride[i] - 1 : 0);
    int64_t n = (top >= 0 ? top / w.stride[i] : -((-top + w.stride[i] - 1) / w.stride[i])) + 1;
    if (ceil_mode && (n - 1) * w.stride[i] >= w.in[i] + w.pad[i]) n--;
    w.out[i] = n;
  }
  auto named = [&](const int64_t* v, const char* prefix) {
    std::string s;
    for (int64_t i = 3 - dims; i < 3; i++) s += concat(i > 3 - dims ? " " : "", prefix, "THW"[i], ": ", v[i]);
    return s;
  };
  auto positive = [](const int64_t* v) { return v[0] > 0 && v[1] > 0 && v[2] > 0; };
  OPS_CHECK(positive(w.kernel), RuntimeError, "kernel size should be greater than zero, but got ",
            named(w.kernel, "k"));
  OPS_CHECK(positive(w.stride), RuntimeError, "stride should be greater than zero, but got ", named(w.stride, "d"));
  OPS_CHECK(positive(w.dilation), RuntimeError, "dilation should be greater than zero, but got ",
            named(w.dilation, "dilation"));
  return w;
}

void check_output(const Windows& w, IntSpan sizes) {
  const int64_t channels = sizes[sizes.size() - static_cast<size_t>(w.dims) - 1];
  OPS_CHECK(w.out[0] > 0 && w.out[1] > 0 && w.out[2] > 0, RuntimeError,
            "Given input size: ", product(channels, w.in, w.dims),
            ". Calculated output size: ", product(channels, w.out, w.dims), ". Output size is too small");
}

/// The leading sizes, then `last` (the last `dims` of it).
DimVector with_last(IntSpan sizes, const int64_t* last, int64_t dims) {
  DimVector out(sizes.first(sizes.size() - static_cast<size_t>(dims)));
  for (int64_t i = 3 - dims; i < 3; i++) out.push_back(last[i]);
  return out;
}

/// The layout that results take over from the input.
Tensor laid_out_as(const Tensor& out, const Tensor& self) {
  if (self.dim() == 4 && !self.is_contiguous() && is_channels_last_strides(self.sizes(), self.strides()))
    return contiguous(out, MemoryFormat::ChannelsLast);
  if (self.dim() == 5 && !self.is_contiguous() && is_channels_last_strides(self.sizes(), self.strides()))
    return contiguous(out, MemoryFormat::ChannelsLast3d);
  return out;
}

int64_t grain_for(int64_t work) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)); }

/// Results [from, to) of dimension i whose window has place k inside the input.
struct Range {
  int64_t from, to;
};
TSVM_INLINE inline Range inside(const Windows& w, int i, int64_t k) {
  const int64_t shift = k * w.dilation[i] - w.pad[i], step = w.stride[i];
  const int64_t from = shift >= 0 ? 0 : (-shift + step - 1) / step;
  const int64_t last = w.in[i] - 1 - shift;
  const int64_t to = last < 0 ? 0 : std::min(w.out[i], last / step + 1);
  return {std::min(from, to), to};
}

template <class T, class I>
TSVM_INLINE inline void max_strip(const T* x, int64_t step, int64_t n, I first, T* best, I* at) {
  auto strip = [&](int64_t s) TSVM_INLINE {
    for (int64_t i = 0; i < n; i++) {
      const T v = x[i * s], b = best[i];
      const bool take = (v > b) | (v != v);
      best[i] = take ? v : b;
      at[i] = take ? static_cast<I>(first + static_cast<I>(i * s)) : at[i];
    }
  };
  if (step == 1)
    strip(1);
  else if (step == 2)
    strip(2);
  else
    strip(step);
}

/// One plane. `at` has room for a row.
template <class T, class I>
TSVM_INLINE inline void max_plane(const Windows& w, const T* x, T* y, int64_t* places, I* at) {
  const int64_t n = w.out[2];
  for (int64_t od = 0; od < w.out[0]; od++)
    for (int64_t oh = 0; oh < w.out[1]; oh++, y += n, places += n) {
      auto first_inside = [](int64_t start, int64_t dilation) {
        return start >= 0 ? start : start + (-start + dilation - 1) / dilation * dilation;
      };
      const int64_t d0 = od * w.stride[0] - w.pad[0], h0 = oh * w.stride[1] - w.pad[1];
      const int64_t corner = (first_inside(d0, w.dilation[0]) * w.in[1] + first_inside(h0, w.dilation[1])) * w.in[2];
      for (int64_t i = 0; i < n; i++) {
        y[i] = -std::numeric_limits<T>::infinity();
        at[i] = static_cast<I>(corner + first_inside(i * w.stride[2] - w.pad[2], w.dilation[2]));
      }
      for (int64_t kd = 0; kd < w.kernel[0]; kd++) {
        const int64_t id = d0 + kd * w.dilation[0];
        if (id < 0 || id >= w.in[0]) continue;
        for (int64_t kh = 0; kh < w.kernel[1]; kh++) {
          const int64_t ih = h0 + kh * w.dilation[1];
          if (ih < 0 || ih >= w.in[1]) continue;
          const int64_t row = (id * w.in[1] + ih) * w.in[2];
          for (int64_t kw = 0; kw < w.kernel[2]; kw++) {
            const Range r = inside(w, 2, kw);
            const int64_t from = row + r.from * w.stride[2] + kw * w.dilation[2] - w.pad[2];
            max_strip(x + from, w.stride[2], r.to - r.from, static_cast<I>(from), y + r.from, at + r.from);
          }
        }
      }
      for (int64_t i = 0; i < n; i++) places[i] = at[i];
    }
}

template <class T, class I>
void max_planes(const Windows& w, const T* x, T* y, int64_t* places) {
  const int64_t in = w.in_size(), out = w.out_size();
  parallel_for(w.planes, grain_for(out * w.kernel_size()), [&](int64_t begin, int64_t end) {
    std::vector<I> at(static_cast<size_t>(w.out[2]));
    for (int64_t p = begin; p < end; p++)
      vectorized([](const Windows* w, const T* x, T* y, int64_t* places, I* at)
                     TSVM_INLINE { max_plane<T, I>(*w, x, y, places, at); },
                 &w, x + p * in, y + p * out, places + p * out, at.data());
  });
}

std::string pool_name(const char* kind, int64_t dims) { return concat(kind, dims, "d"); }

/// f with bfloat16 tensors done in float.
Tensor widened(const Tensor& t) { return to_copy(t, DType::Float32); }

}  // namespace

std::tuple<Tensor, Tensor> max_pool_with_indices(const Tensor& self, IntSpan kernel_size, IntSpan stride,
                                                 IntSpan padding, IntSpan dilation, bool ceil_mode, int64_t dims) {
  const std::string what = pool_name("max_pool", dims);
  check_list(kernel_size, dims, what, "kernel_size", false, false);
  check_list(stride, dims, what, "stride", true, false);
  check_list(padding, dims, what, "padding", false, true);
  check_list(dilation, dims, what, "dilation", false, false);
  OPS_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, RuntimeError, "non-empty ", dims + 1, "D or ", dims + 2,
            "D (batch mode) tensor expected for input");
  const Windows w = fixed_windows(self.sizes(), kernel_size, stride, padding, dilation, ceil_mode, dims);
  check_image(self, dims);
  check_output(w, self.sizes());
  if (self.dtype() == DType::BFloat16) {
    auto [values, places] =
        max_pool_with_indices(widened(self), kernel_size, stride, padding, dilation, ceil_mode, dims);
    return {to_copy(values, DType::BFloat16), places};
  }
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64) fail_dtype(what.c_str(), self.dtype());
  const DimVector sizes = with_last(self.sizes(), w.out, dims);
  Tensor out = ops::empty(sizes, self.dtype(), self.device()), places = ops::empty(sizes, DType::Int64, self.device());
  if (out.is_meta() || out.numel() == 0) return {out, places};
  const Tensor x = contiguous(self);
  TSVM_DISPATCH(self.dtype(), "max_pool", TSVM_CASES_FLOAT({
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  if (sizeof(scalar_t) == 4 && w.in_size() < std::numeric_limits<int32_t>::max() / 2)
                    max_planes<scalar_t, int32_t>(w, from, to, places.data_ptr<int64_t>());
                  else
                    max_planes<scalar_t, int64_t>(w, from, to, places.data_ptr<int64_t>());
                }));
  return {laid_out_as(out, self), laid_out_as(places, self)};
}

Tensor max_pool_backward(const Tensor& grad_output, const Tensor& indices, IntSpan input_sizes, int64_t dims) {
  Tensor out = ops::empty(input_sizes, grad_output.dtype(), grad_output.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Windows w = planes_of(input_sizes, dims);
  const Tensor g = contiguous(grad_output), at = contiguous(indices);
  const int64_t in = w.in_size(), n = w.planes ? g.numel() / w.planes : 0;
  TSVM_DISPATCH_FLOATING(out.dtype(), "max_pool_backward", {
    const scalar_t* from = g.data_ptr<scalar_t>();
    scalar_t* to = out.data_ptr<scalar_t>();
    const int64_t* place = at.data_ptr<int64_t>();
    parallel_for(w.planes, grain_for(in + n), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) {
        scalar_t* plane = to + p * in;
        std::fill(plane, plane + in, scalar_t(0));
        for (int64_t i = p * n; i < (p + 1) * n; i++) {
          const int64_t k = place[i];
          OPS_CHECK(k >= 0 && k < in, RuntimeError, "Found an invalid max index: ", k);
          add_to(plane[k], from[i]);
        }
      }
    });
  });
  return out;
}

namespace {

/// How many elements each result of dimension i averages over: with the margin or without.
std::vector<int64_t> counts(const Windows& w, int i, bool with_margin) {
  std::vector<int64_t> out(static_cast<size_t>(w.out[i]));
  for (int64_t o = 0; o < w.out[i]; o++) {
    const int64_t start = o * w.stride[i] - w.pad[i];
    const int64_t end = std::min(start + w.kernel[i], w.in[i] + w.pad[i]);
    out[static_cast<size_t>(o)] = with_margin ? end - start : std::min(end, w.in[i]) - std::max<int64_t>(start, 0);
  }
  return out;
}

/// f(plane, od, oh): the row of results; with the number each result is divided by in `row`.
struct Divisors {
  std::vector<int64_t> d, h, w;
  int64_t fixed;
  Divisors(const Windows& s, bool with_margin, optional<int64_t> override)
      : d(counts(s, 0, with_margin)),
        h(counts(s, 1, with_margin)),
        w(counts(s, 2, with_margin)),
        fixed(override.value_or(0)) {}
  int64_t at(int64_t od, int64_t oh, int64_t ow) const {
    if (fixed) return fixed;
    return d[static_cast<size_t>(od)] * h[static_cast<size_t>(oh)] * w[static_cast<size_t>(ow)];
  }
};

template <class T>
TSVM_INLINE inline void add_strip(const T* x, int64_t step, int64_t n, T* sum) {
  if (step == 1)
    for (int64_t i = 0; i < n; i++) sum[i] += x[i];
  else if (step == 2)
    for (int64_t i = 0; i < n; i++) sum[i] += x[i * 2];
  else
    for (int64_t i = 0; i < n; i++) sum[i] += x[i * step];
}

template <class T>
void average_planes(const Windows& w, const Divisors& divisors, const T* x, T* y) {
  parallel_for(w.planes, grain_for(w.out_size() * w.kernel_size()), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      T* to = y + p * w.out_size();
      for (int64_t od = 0; od < w.out[0]; od++)
        for (int64_t oh = 0; oh < w.out[1]; oh++, to += w.out[2]) {
          std::fill(to, to + w.out[2], T(0));
          for (int64_t kd = 0; kd < w.kernel[0]; kd++) {
            const int64_t id = od * w.stride[0] - w.pad[0] + kd;
            if (id < 0 || id >= w.in[0]) continue;
            for (int64_t kh = 0; kh < w.kernel[1]; kh++) {
              const int64_t ih = oh * w.stride[1] - w.pad[1] + kh;
              if (ih < 0 || ih >= w.in[1]) continue;
              const T* row = x + p * w.in_size() + (id * w.in[1] + ih) * w.in[2];
              for (int64_t kw = 0; kw < w.kernel[2]; kw++) {
                const Range r = inside(w, 2, kw);
                vectorized([](const T* x, int64_t step, int64_t n, T* sum) TSVM_INLINE { add_strip(x, step, n, sum); },
                           row + r.from * w.stride[2] + kw - w.pad[2], w.stride[2], r.to - r.from, to + r.from);
              }
            }
          }
          for (int64_t i = 0; i < w.out[2]; i++) {
            const int64_t n = divisors.at(od, oh, i);
            to[i] = n == 0 ? T(0) : static_cast<T>(to[i] / static_cast<T>(n));
          }
        }
    }
  });
}

template <class T>
void average_backward(const Windows& w, const Divisors& divisors, const T* g, T* x) {
  parallel_for(w.planes, grain_for(w.out_size() * w.kernel_size()), [&](int64_t begin, int64_t end) {
    std::vector<T> share(static_cast<size_t>(w.out[2]));
    for (int64_t p = begin; p < end; p++) {
      T* plane = x + p * w.in_size();
      std::fill(plane, plane + w.in_size(), T(0));
      const T* from = g + p * w.out_size();
      for (int64_t od = 0; od < w.out[0]; od++)
        for (int64_t oh = 0; oh < w.out[1]; oh++, from += w.out[2]) {
          for (int64_t i = 0; i < w.out[2]; i++) {
            const int64_t n = divisors.at(od, oh, i);
            share[static_cast<size_t>(i)] = n == 0 ? T(0) : static_cast<T>(from[i] / static_cast<T>(n));
          }
          for (int64_t kd = 0; kd < w.kernel[0]; kd++) {
            const int64_t id = od * w.stride[0] - w.pad[0] + kd;
            if (id < 0 || id >= w.in[0]) continue;
            for (int64_t kh = 0; kh < w.kernel[1]; kh++) {
              const int64_t ih = oh * w.stride[1] - w.pad[1] + kh;
              if (ih < 0 || ih >= w.in[1]) continue;
              T* row = plane + (id * w.in[1] + ih) * w.in[2];
              for (int64_t kw = 0; kw < w.kernel[2]; kw++) {
                const Range r = inside(w, 2, kw);
                T* to = row + kw - w.pad[2];
                for (int64_t i = r.from; i < r.to; i++) to[i * w.stride[2]] += share[static_cast<size_t>(i)];
              }
            }
          }
        }
    }
  });
}

void check_average(IntSpan kernel_size, IntSpan stride, IntSpan padding, optional<int64_t> divisor_override,
                   int64_t dims) {
  const std::string what = pool_name("avg_pool", dims);
  check_list(kernel_size, dims, what, "kernel_size", false, false);
  check_list(stride, dims, what, "stride", true, false);
  check_list(padding, dims, what, "padding", false, false);
  OPS_CHECK(!divisor_override || *divisor_override != 0, RuntimeError, "divisor must be not zero");
}

}  // namespace

Tensor avg_pool(const Tensor& self, IntSpan kernel_size, IntSpan stride, IntSpan padding, bool ceil_mode,
                bool count_include_pad, optional<int64_t> divisor_override, int64_t dims) {
  check_average(kernel_size, stride, padding, divisor_override, dims);
  if (dims == 2)
    (void)self.size(-3);  // PyTorch's error for too few dimensions
  else
    check_image(self, dims);
  const Windows w = fixed_windows(self.sizes(), kernel_size, stride, padding, {1}, ceil_mode, dims);
  check_image(self, dims);
  OPS_CHECK(dims != 3 || ceil_mode ||
                (w.in[0] >= w.kernel[0] - 2 * w.pad[0] && w.in[1] >= w.kernel[1] - 2 * w.pad[1] &&
                 w.in[2] >= w.kernel[2] - 2 * w.pad[2]),
            RuntimeError, "input image (T: ", w.in[0], " H: ", w.in[1], " W: ", w.in[2],
            ") smaller than kernel size (kT: ", w.kernel[0], " kH: ", w.kernel[1], " kW: ", w.kernel[2], ")");
  check_output(w, self.sizes());
  if (self.dtype() == DType::BFloat16)
    return to_copy(
        avg_pool(widened(self), kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims),
        DType::BFloat16);
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64 && self.dtype() != DType::Int64)
    fail_dtype(dims == 2 ? "avg_pool2d" : "avg_pool3d_out_frame", self.dtype());
  Tensor out = ops::empty(with_last(self.sizes(), w.out, dims), self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor x = contiguous(self);
  const Divisors divisors(w, count_include_pad, divisor_override);
  TSVM_DISPATCH(self.dtype(), "avg_pool",
                TSVM_CASES_FLOAT(average_planes(w, divisors, x.data_ptr<scalar_t>(), out.data_ptr<scalar_t>()))
                    TSVM_CASE(Int64, average_planes(w, divisors, x.data_ptr<scalar_t>(), out.data_ptr<scalar_t>())));
  return laid_out_as(out, self);
}

Tensor avg_pool_backward(const Tensor& grad_output, IntSpan input_sizes, IntSpan kernel_size, IntSpan stride,
                         IntSpan padding, bool ceil_mode, bool count_include_pad, optional<int64_t> divisor_override,
                         int64_t dims) {
  const Windows w = fixed_windows(input_sizes, kernel_size, stride, padding, {1}, ceil_mode, dims);
  if (grad_output.dtype() == DType::BFloat16)
    return to_copy(avg_pool_backward(widened(grad_output), input_sizes, kernel_size, stride, padding, ceil_mode,
                                     count_include_pad, divisor_override, dims),
                   DType::BFloat16);
  Tensor out = ops::empty(input_sizes, grad_output.dtype(), grad_output.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor g = contiguous(grad_output);
  const Divisors divisors(w, count_include_pad, divisor_override);
  TSVM_DISPATCH(out.dtype(), "avg_pool_backward",
                TSVM_CASES_FLOAT(average_backward(w, divisors, g.data_ptr<scalar_t>(), out.data_ptr<scalar_t>())));
  return out;
}

namespace {

int64_t adaptive_start(int64_t o, int64_t out, int64_t in) { return o * in / out; }
int64_t adaptive_end(int64_t o, int64_t out, int64_t in) { return ((o + 1) * in + out - 1) / out; }

/// f(plane, result, first and last of each dimension) for every result of an adaptive pool.
template <class F>
void adaptive_windows(const Windows& w, const F& f) {
  parallel_for(w.planes, grain_for(w.in_size() + w.out_size()), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      int64_t result = p * w.out_size();
      int64_t from[3], to[3];
      for (int64_t od = 0; od < w.out[0]; od++) {
        from[0] = adaptive_start(od, w.out[0], w.in[0]), to[0] = adaptive_end(od, w.out[0], w.in[0]);
        for (int64_t oh = 0; oh < w.out[1]; oh++) {
          from[1] = adaptive_start(oh, w.out[1], w.in[1]), to[1] = adaptive_end(oh, w.out[1], w.in[1]);
          for (int64_t ow = 0; ow < w.out[2]; ow++, result++) {
            from[2] = adaptive_start(ow, w.out[2], w.in[2]), to[2] = adaptive_end(ow, w.out[2], w.in[2]);
            f(p, result, from, to);
          }
        }
      }
    }
  });
}

Windows adaptive(IntSpan sizes, IntSpan output_size, int64_t dims) {
  Windows w = planes_of(sizes, dims);
  for (int64_t d = 0; d < dims; d++) w.out[3 - dims + d] = entry(output_size, d);
  return w;
}

}  // namespace

Tensor adaptive_avg_pool(const Tensor& self, IntSpan output_size, int64_t dims) {
  const std::string what = pool_name("adaptive_avg_pool", dims);
  OPS_CHECK(output_size.size() == 1 || static_cast<int64_t>(output_size.size()) == dims, RuntimeError, what,
            ": output_size must be ", dims);
  OPS_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, RuntimeError, what, "(): Expected ", dims + 1, "D or ",
            dims + 2, "D tensor, but got ", self.sizes());
  for (int64_t d = self.dim() - dims; d < self.dim(); d++)
    OPS_CHECK(self.sizes()[static_cast<size_t>(d)] > 0, RuntimeError, what,
              "(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ", self.sizes(),
              " with dimension ", d, " being empty");
  const Windows w = adaptive(self.sizes(), output_size, dims);
  if (self.dtype() == DType::BFloat16)
    return to_copy(adaptive_avg_pool(widened(self), output_size, dims), DType::BFloat16);
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64) fail_dtype(what.c_str(), self.dtype());
  Tensor out = ops::empty(with_last(self.sizes(), w.out, dims), self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor x = contiguous(self);
  TSVM_DISPATCH(self.dtype(), "adaptive_avg_pool", TSVM_CASES_FLOAT({
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  adaptive_windows(w, [&](int64_t p, int64_t result, const int64_t* a, const int64_t* b) {
                    scalar_t sum = 0;
                    for (int64_t d = a[0]; d < b[0]; d++)
                      for (int64_t h = a[1]; h < b[1]; h++) {
                        const scalar_t* row = from + p * w.in_size() + (d * w.in[1] + h) * w.in[2];
                        for (int64_t i = a[2]; i < b[2]; i++) sum += row[i];
                      }
                    to[result] = sum / static_cast<scalar_t>(b[0] - a[0]) / static_cast<scalar_t>(b[1] - a[1]) /
                                 static_cast<scalar_t>(b[2] - a[2]);
                  });
                }));
  return laid_out_as(out, self);
}

Tensor adaptive_avg_pool_backward(const Tensor& grad_output, IntSpan input_sizes, int64_t dims) {
  if (grad_output.dtype() == DType::BFloat16)
    return to_copy(adaptive_avg_pool_backward(widened(grad_output), input_sizes, dims), DType::BFloat16);
  const Windows w = adaptive(input_sizes, grad_output.sizes().last(static_cast<size_t>(dims)), dims);
  Tensor out = ops::empty(input_sizes, grad_output.dtype(), grad_output.device());
  if (out.is_meta()) return out;
  zero_(out);
  const Tensor g = contiguous(grad_output);
  TSVM_DISPATCH(out.dtype(), "adaptive_avg_pool_backward", TSVM_CASES_FLOAT({
                  const scalar_t* from = g.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  adaptive_windows(w, [&](int64_t p, int64_t result, const int64_t* a, const int64_t* b) {
                    const scalar_t share = from[result] / static_cast<scalar_t>(b[0] - a[0]) /
                                           static_cast<scalar_t>(b[1] - a[1]) / static_cast<scalar_t>(b[2] - a[2]);
                    for (int64_t d = a[0]; d < b[0]; d++)
                      for (int64_t h = a[1]; h < b[1]; h++) {
                        scalar_t* row = to + p * w.in_size() + (d * w.in[1] + h) * w.in[2];
                        for (int64_t i = a[2]; i < b[2]; i++) row[i] += share;
                      }
                  });
                }));
  return out;
}

std::tuple<Tensor, Tensor> adaptive_max_pool(const Tensor& self, IntSpan output_size, int64_t dims) {
  const std::string what = pool_name("adaptive_max_pool", dims);
  OPS_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, RuntimeError, what, "(): Expected ", dims + 1, "D or ",
            dims + 2, "D tensor, but got: ", self.sizes());
  for (int64_t d = self.dim() - dims; d < self.dim(); d++)
    OPS_CHECK(self.sizes()[static_cast<size_t>(d)] > 0, RuntimeError, what,
              "(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ", self.sizes(),
              " with dimension ", d, " being empty");
  OPS_CHECK(output_size.size() == 1 || static_cast<int64_t>(output_size.size()) == dims, RuntimeError, what,
            "(): internal error: output_size.size() must be ", dims);
  const Windows w = adaptive(self.sizes(), output_size, dims);
  if (self.dtype() == DType::BFloat16) {
    auto [values, at] = adaptive_max_pool(widened(self), output_size, dims);
    return {to_copy(values, DType::BFloat16), at};
  }
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64) fail_dtype(what.c_str(), self.dtype());
  const DimVector sizes = with_last(self.sizes(), w.out, dims);
  Tensor out = ops::empty(sizes, self.dtype(), self.device()), places = ops::empty(sizes, DType::Int64, self.device());
  if (out.is_meta() || out.numel() == 0) return {out, places};
  const Tensor x = contiguous(self);
  TSVM_DISPATCH(self.dtype(), "adaptive_max_pool", TSVM_CASES_FLOAT({
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  int64_t* at = places.data_ptr<int64_t>();
                  adaptive_windows(w, [&](int64_t p, int64_t result, const int64_t* a, const int64_t* b) {
                    const scalar_t* plane = from + p * w.in_size();
                    int64_t best = (a[0] * w.in[1] + a[1]) * w.in[2] + a[2];
                    scalar_t top = -std::numeric_limits<scalar_t>::infinity();
                    for (int64_t d = a[0]; d < b[0]; d++)
                      for (int64_t h = a[1]; h < b[1]; h++)
                        for (int64_t i = a[2]; i < b[2]; i++) {
                          const int64_t k = (d * w.in[1] + h) * w.in[2] + i;
                          if (plane[k] > top || plane[k] != plane[k]) top = plane[k], best = k;
                        }
                    to[result] = top;
                    at[result] = best;
                  });
                }));
  return {laid_out_as(out, self), laid_out_as(places, self)};
}

namespace {

/// Where the windows of a fractional pool begin.
template <class T>
std::vector<int64_t> fractional_starts(T sample, int64_t in, int64_t out, int64_t pool) {
  std::vector<int64_t> starts(static_cast<size_t>(out));
  if (out > 1) {
    const T alpha = static_cast<T>(in - pool) / static_cast<T>(out - 1);
    for (int64_t i = 0; i < out - 1; i++)
      starts[static_cast<size_t>(i)] =
          static_cast<int64_t>((static_cast<T>(i) + sample) * alpha) - static_cast<int64_t>(sample * alpha);
  }
  if (out > 0) starts[static_cast<size_t>(out - 1)] = in - pool;
  return starts;
}

}  // namespace

std::tuple<Tensor, Tensor> fractional_max_pool(const Tensor& self, IntSpan kernel_size, IntSpan output_size,
                                               const Tensor& random_samples, int64_t dims) {
  const std::string what = pool_name("fractional_max_pool", dims);
  OPS_CHECK(kernel_size.size() == 1 || static_cast<int64_t>(kernel_size.size()) == dims, RuntimeError, what,
            ": kernel_size must either be a single int or tuple of ", word(dims), " Ints");
  OPS_CHECK(output_size.size() == 1 || static_cast<int64_t>(output_size.size()) == dims, RuntimeError, what,
            ": output_size must either be a single int or tuple of ", word(dims), " Ints");
  OPS_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, RuntimeError, what, "(): Expected ", dims + 1, "D or ",
            dims + 2, "D tensor, but got: ", self.sizes());
  Windows w = adaptive(self.sizes(), output_size, dims);
  static const char* const kNames[] = {"time", "height", "width"};
  for (int64_t i = 3 - dims; i < 3; i++) {
    w.kernel[i] = entry(kernel_size, i - (3 - dims));
    OPS_CHECK(w.out[i] + w.kernel[i] - 1 <= w.in[i], RuntimeError, what, "(): pool ", kNames[i], " ", w.kernel[i],
              " too large relative to input ", kNames[i], " ", w.in[i]);
  }
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64)
    fail_dtype(concat(what, "_out_frame").c_str(), self.dtype());
  const DimVector sizes = with_last(self.sizes(), w.out, dims);
  Tensor out = ops::empty(sizes, self.dtype(), self.device()), places = ops::empty(sizes, DType::Int64, self.device());
  if (out.is_meta() || out.numel() == 0) return {out, places};
  OPS_CHECK(random_samples.numel() == w.planes * dims, RuntimeError,
            "Expect _random_samples to have a number for each channel and dimension");
  const Tensor x = contiguous(self), samples = contiguous(to(random_samples, self.dtype()));
  TSVM_DISPATCH(self.dtype(), "fractional_max_pool", TSVM_CASES_FLOAT({
                  parallel_for(w.planes, grain_for(w.in_size()), [&](int64_t begin, int64_t end) {
                    for (int64_t p = begin; p < end; p++) {
                      // In two dimensions the samples come width first.
                      std::vector<int64_t> starts[3] = {{0}, {0}, {0}};
                      for (int64_t i = 3 - dims; i < 3; i++) {
                        const int64_t which = dims == 2 ? 2 - i : i;
                        starts[i] = fractional_starts(samples.data_ptr<scalar_t>()[p * dims + which], w.in[i], w.out[i],
                                                      w.kernel[i]);
                      }
                      const scalar_t* plane = x.data_ptr<scalar_t>() + p * w.in_size();
                      int64_t result = p * w.out_size();
                      for (int64_t od : starts[0])
                        for (int64_t oh : starts[1])
                          for (int64_t ow : starts[2]) {
                            int64_t best = (od * w.in[1] + oh) * w.in[2] + ow;
                            scalar_t top = -std::numeric_limits<scalar_t>::infinity();
                            for (int64_t d = od; d < od + w.kernel[0]; d++)
                              for (int64_t h = oh; h < oh + w.kernel[1]; h++)
                                for (int64_t i = ow; i < ow + w.kernel[2]; i++) {
                                  const int64_t k = (d * w.in[1] + h) * w.in[2] + i;
                                  if (plane[k] > top || plane[k] != plane[k]) top = plane[k], best = k;
                                }
                            out.data_ptr<scalar_t>()[result] = top;
                            places.data_ptr<int64_t>()[result++] = best;
                          }
                    }
                  });
                }));
  return {out, places};
}

Tensor max_unpool(const Tensor& self, const Tensor& indices, IntSpan output_size, int64_t dims) {
  OPS_CHECK(indices.dtype() == DType::Int64, RuntimeError,
            "elements in indices should be type int64 but got: ", info(indices.dtype()).cpp_name);
  OPS_CHECK(static_cast<int64_t>(output_size.size()) == dims, RuntimeError, "There should be exactly ", word(dims),
            " elements ", dims == 2 ? "(height, width)" : "(depth, height, width)", " in output_size, but got ",
            output_size.size(), " elements.");
  OPS_CHECK(self.dim() == dims + 1 || self.dim() == dims + 2, RuntimeError, "Input to max_unpooling", dims,
            "d should be a ", dims + 1, "d or ", dims + 2, "d Tensor, but got a tensor with ", self.dim(),
            " dimensions.");
  OPS_CHECK(self.sizes() == indices.sizes(), RuntimeError,
            "Expected shape of indices to be same as that of the input tensor (", self.sizes(),
            ") but got indices tensor with shape: ", indices.sizes());
  for (int64_t d = self.dim() == dims + 1 ? 0 : 1; d < self.dim(); d++)
    OPS_CHECK(self.sizes()[static_cast<size_t>(d)] > 0, RuntimeError, "max_unpooling", dims,
              "d_forward_out_cpu_template(): Expected input to have non-zero size for non-batch dimensions, but got ",
              self.sizes(), " with dimension ", d, " being empty.");
  Windows w = planes_of(self.sizes(), dims);
  for (int64_t d = 0; d < dims; d++) w.out[3 - dims + d] = output_size[static_cast<size_t>(d)];
  Tensor out = ops::empty(with_last(self.sizes(), w.out, dims), self.dtype(), self.device());
  if (out.is_meta()) return out;
  zero_(out);
  const Tensor x = contiguous(self), at = contiguous(indices);
  const int64_t n = w.in_size(), volume = w.out_size();
  TSVM_DISPATCH(self.dtype(), "max_unpool", TSVM_CASES_FLOAT({
                  for (int64_t p = 0; p < w.planes; p++)
                    for (int64_t i = p * n; i < (p + 1) * n; i++) {
                      const int64_t k = at.data_ptr<int64_t>()[i];
                      if (k < 0 || k >= volume) {
                        if (dims == 2)
                          fail(ErrorKind::RuntimeError, "Found an invalid max index: ", k,
                               " (output volumes are of size ", w.out[1], "x", w.out[2]);
                        fail(ErrorKind::RuntimeError, "found an invalid max index ", k, " (output volumes are of size ",
                             w.out[0], "x", w.out[1], "x", w.out[2]);
                      }
                      out.data_ptr<scalar_t>()[p * volume + k] = x.data_ptr<scalar_t>()[i];
                    }
                }));
  return out;
}

}  // namespace tsvm::ops::cpu

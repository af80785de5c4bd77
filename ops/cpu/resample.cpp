// Margins that repeat the input, and images at other sizes.
//
// Padding: each padded dimension has a table of the input's index for every index of the result. Resampling: each
// dimension has, for every index of the result, a few taps (index and weight); the result is the product over the
// dimensions, done a row at a time: rows are combined first, then elements along the row. The backward halves run the
// same tables the other way.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/cpu/element.h"
#include "ops/cpu/nn_kernels.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {
namespace {

/// The last `dims` dimensions as three (missing ones of size 1), the others as planes.
struct Volume {
  int64_t planes = 1;
  int64_t size[3] = {1, 1, 1};
  Volume(IntSpan sizes, int64_t dims) {
    const int64_t lead = static_cast<int64_t>(sizes.size()) - dims;
    for (int64_t d = 0; d < lead; d++) planes *= sizes[static_cast<size_t>(d)];
    for (int64_t d = 0; d < dims; d++) size[3 - dims + d] = sizes[static_cast<size_t>(lead + d)];
  }
  int64_t numel() const { return size[0] * size[1] * size[2]; }
};

int64_t grain_for(int64_t work) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)); }

using Places = std::vector<int64_t>;

enum PadMode : int64_t { kReflect, kReplicate, kCircular };

Places pad_places(int64_t n, int64_t before, int64_t after, int64_t mode) {
  Places out(static_cast<size_t>(n + before + after));
  // What a negative margin cuts off takes no part in wrapping.
  const int64_t first = std::max<int64_t>(-before, 0), kept = n - first - std::max<int64_t>(-after, 0);
  for (size_t j = 0; j < out.size(); j++) {
    int64_t i = static_cast<int64_t>(j) - before;
    if (mode == kReflect) {
      if (i < 0) i = -i;
      if (i >= n) i = 2 * (n - 1) - i;
    } else if (mode == kReplicate) {
      i = std::clamp<int64_t>(i, 0, n - 1);
    } else {
      i = (i - first) % kept;
      i = first + (i < 0 ? i + kept : i);
    }
    out[j] = i;
  }
  return out;
}

struct PadTables {
  int64_t dims;
  Volume in;
  Places places[3];
  DimVector out_sizes;

  PadTables(IntSpan sizes, IntSpan padding, int64_t mode)
      : dims(static_cast<int64_t>(padding.size()) / 2), in(sizes, dims), out_sizes(sizes) {
    const int64_t rank = static_cast<int64_t>(sizes.size());
    for (int64_t k = 0; k < 3; k++) places[k] = {0};
    for (int64_t d = 0; d < dims; d++) {
      const size_t pair = static_cast<size_t>(2 * (dims - 1 - d)), at = static_cast<size_t>(rank - dims + d);
      const int64_t n = sizes[at], before = padding[pair], after = padding[pair + 1];
      if (mode == kReflect)
        OPS_CHECK(before < n && after < n, RuntimeError, "Argument #", 4 + 2 * (dims - 1 - d),
                  ": Padding size should be less than the corresponding input dimension, but got: padding (", before,
                  ", ", after, ") at dimension ", at, " of input ", sizes);
      if (mode == kCircular) {
        OPS_CHECK(before <= n && after <= n, RuntimeError, "Padding value causes wrapping around more than once.");
      }
      OPS_CHECK(n + before + after >= (mode == kCircular ? 0 : 1), RuntimeError, "input (W: ", n,
                ") is too small. Calculated output W: ", n + before + after);
      places[3 - dims + d] = pad_places(n, before, after, mode);
      out_sizes[at] = n + before + after;
    }
  }
  int64_t out(int i) const { return static_cast<int64_t>(places[i].size()); }
};

void check_pad_input(const Tensor& self, int64_t dims, int64_t mode) {
  if (mode == kCircular) return;
  bool ok = self.dim() == dims + 1 || self.dim() == dims + 2;
  for (int64_t d = self.dim() == dims + 1 ? 0 : 1; ok && d < self.dim(); d++)
    ok = self.sizes()[static_cast<size_t>(d)] != 0;
  OPS_CHECK(ok, RuntimeError, "Expected ", dims + 1, "D or ", dims + 2,
            "D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ",
            self.sizes());
}

}  // namespace

Tensor pad_by_index(const Tensor& self, IntSpan padding, int64_t mode) {
  check_pad_input(self, static_cast<int64_t>(padding.size()) / 2, mode);
  const PadTables t(self.sizes(), padding, mode);
  if (mode != kCircular && (self.dtype() == DType::Bool || self.dtype() == DType::Float16))
    fail_dtype(concat(mode == kReflect ? "reflection_pad" : "replication_pad", padding.size() / 2, "d").c_str(),
               self.dtype());
  Tensor out = ops::empty(t.out_sizes, self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor x = contiguous(self);
  const int64_t row = t.out(2), rows = t.out(0) * t.out(1);
  TSVM_DISPATCH_SIZE(self.dtype(), parallel_for(t.in.planes, grain_for(rows * row), [&](int64_t begin, int64_t end) {
                       for (int64_t p = begin; p < end; p++) {
                         const scalar_t* from = x.data_ptr<scalar_t>() + p * t.in.numel();
                         scalar_t* to = out.data_ptr<scalar_t>() + p * rows * row;
                         for (int64_t d : t.places[0])
                           for (int64_t h : t.places[1]) {
                             const scalar_t* line = from + (d * t.in.size[1] + h) * t.in.size[2];
                             for (int64_t i = 0; i < row; i++) to[i] = line[t.places[2][static_cast<size_t>(i)]];
                             to += row;
                           }
                       }
                     }));
  return out;
}

Tensor pad_by_index_backward(const Tensor& grad_output, IntSpan input_sizes, IntSpan padding, int64_t mode) {
  const PadTables t(input_sizes, padding, mode);
  Tensor out = ops::empty(input_sizes, grad_output.dtype(), grad_output.device());
  if (out.is_meta()) return out;
  zero_(out);
  const Tensor g = contiguous(grad_output);
  const int64_t row = t.out(2), rows = t.out(0) * t.out(1);
  TSVM_DISPATCH_FLOATING_COMPLEX(out.dtype(), "pad_backward",
                                 parallel_for(t.in.planes, grain_for(rows * row), [&](int64_t begin, int64_t end) {
                                   for (int64_t p = begin; p < end; p++) {
                                     const scalar_t* from = g.data_ptr<scalar_t>() + p * rows * row;
                                     scalar_t* to = out.data_ptr<scalar_t>() + p * t.in.numel();
                                     for (int64_t d : t.places[0])
                                       for (int64_t h : t.places[1]) {
                                         scalar_t* line = to + (d * t.in.size[1] + h) * t.in.size[2];
                                         for (int64_t i = 0; i < row; i++)
                                           add_to(line[t.places[2][static_cast<size_t>(i)]], from[i]);
                                         from += row;
                                       }
                                   }
                                 }));
  return out;
}

// --- resampling
// --------------------------------------------------------------------------------------------------------

namespace {

enum ResampleMode : int64_t { kNearest, kLinear, kCubic, kNearestExact, kSmoothLinear, kSmoothCubic };

/// The smooth ("antialias") modes: filters as wide as the step between results, when images shrink.
template <class T>
T smooth_filter(T x, int64_t mode) {
  x = std::abs(x);
  if (mode == kSmoothLinear) return x < 1 ? 1 - x : T(0);
  constexpr T kA = T(-0.5);
  if (x < 1) return ((kA + 2) * x - (kA + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * kA : T(0);
}

/// For each index of the result: `count` taps.
template <class T>
struct Taps {
  int count;
  Places index;
  std::vector<T> weight;
};

template <class T>
Taps<T> make_taps(int64_t in, int64_t out, double scale_factor, bool align_corners, int64_t mode) {
  Taps<T> taps;
  const bool smooth = mode == kSmoothLinear || mode == kSmoothCubic;
  taps.count = mode == kLinear ? 2 : mode == kCubic ? 4 : 1;
  // float images compute their places in float, as PyTorch does.
  T scale;
  const bool corners = align_corners && mode != kNearest && mode != kNearestExact;
  if (corners)
    scale = out > 1 ? static_cast<T>(in - 1) / static_cast<T>(out - 1) : T(0);
  else
    scale = scale_factor > 0 ? static_cast<T>(1.0 / scale_factor) : static_cast<T>(in) / static_cast<T>(out);
  const T half_width = T(mode == kSmoothLinear ? 1 : 2) * std::max(scale, T(1));
  if (smooth) taps.count = static_cast<int>(std::ceil(half_width)) * 2 + 1;
  const size_t n = static_cast<size_t>(out) * static_cast<size_t>(taps.count);
  taps.index.resize(n);
  taps.weight.resize(n);
  for (int64_t o = 0; o < out; o++) {
    const size_t at = static_cast<size_t>(o) * static_cast<size_t>(taps.count);
    if (mode == kNearest || mode == kNearestExact) {
      const T place = mode == kNearest ? static_cast<T>(o) * scale : (static_cast<T>(o) + T(0.5)) * scale;
      taps.index[at] = std::min(static_cast<int64_t>(std::floor(place)), in - 1);
      taps.weight[at] = 1;
      continue;
    }
    if (smooth) {
      const T center = scale * (static_cast<T>(o) + T(0.5));
      const int64_t first = std::max<int64_t>(static_cast<int64_t>(center - half_width + T(0.5)), 0);
      const int64_t count = std::min(static_cast<int64_t>(center + half_width + T(0.5)), in) - first;
      T total = 0;
      for (int64_t k = 0; k < count; k++) {
        const T w = smooth_filter((static_cast<T>(k + first) - center + T(0.5)) / std::max(scale, T(1)), mode);
        taps.index[at + static_cast<size_t>(k)] = first + k;
        taps.weight[at + static_cast<size_t>(k)] = w;
        total += w;
      }
      for (int64_t k = 0; k < count && total != 0; k++) taps.weight[at + static_cast<size_t>(k)] /= total;
      continue;
    }
    T place = corners ? scale * static_cast<T>(o) : scale * (static_cast<T>(o) + T(0.5)) - T(0.5);
    if (mode == kLinear) {
      if (in == out && (corners || scale_factor <= 0 || scale == T(1))) {
        taps.index[at] = taps.index[at + 1] = o;
        taps.weight[at] = 1;
        taps.weight[at + 1] = 0;
        continue;
      }
      place = std::max(place, T(0));
      const int64_t first = std::min(static_cast<int64_t>(place), in - 1);
      const T share = std::clamp(place - static_cast<T>(first), T(0), T(1));
      taps.index[at] = first;
      taps.index[at + 1] = first + (first < in - 1 ? 1 : 0);
      taps.weight[at] = T(1) - share;
      taps.weight[at + 1] = share;
      continue;
    }
    const T floor = std::floor(place);
    const int64_t first = std::min(static_cast<int64_t>(floor), in - 1);
    const T t = std::clamp(place - static_cast<T>(first), T(0), T(1));
    constexpr T kA = T(-0.75);
    auto near = [](T x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
    auto far = [](T x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
    const T weights[4] = {far(t + 1), near(t), near(1 - t), far(2 - t)};
    for (int k = 0; k < 4; k++) {
      taps.index[at + static_cast<size_t>(k)] = std::clamp<int64_t>(first - 1 + k, 0, in - 1);
      taps.weight[at + static_cast<size_t>(k)] = weights[k];
    }
  }
  return taps;
}

template <class T>
struct Resampling {
  Volume in, out;
  Taps<T> taps[3];

  Resampling(IntSpan in_sizes, IntSpan out_sizes, std::span<const double> scales, bool align_corners, int64_t mode)
      : in(in_sizes, static_cast<int64_t>(in_sizes.size()) - 2),
        out(out_sizes, static_cast<int64_t>(in_sizes.size()) - 2) {
    const int64_t dims = static_cast<int64_t>(in_sizes.size()) - 2;
    for (int64_t i = 0; i < 3; i++) {
      const int64_t d = i - (3 - dims);
      // Missing dimensions have one tap.
      taps[i] = make_taps<T>(in.size[i], out.size[i],
                             d >= 0 && static_cast<size_t>(d) < scales.size() ? scales[static_cast<size_t>(d)] : 0.0,
                             align_corners, d >= 0 ? mode : int64_t{kNearest});
    }
  }

  /// f(row of the input, weight) for the rows under one row of the result.
  template <class F>
  TSVM_INLINE inline void rows(int64_t od, int64_t oh, const F& f) const {
    for (int a = 0; a < taps[0].count; a++)
      for (int b = 0; b < taps[1].count; b++) {
        const size_t i = static_cast<size_t>(od * taps[0].count + a), j = static_cast<size_t>(oh * taps[1].count + b);
        const T w = taps[0].weight[i] * taps[1].weight[j];
        if (w != 0) f(taps[0].index[i] * in.size[1] + taps[1].index[j], w);
      }
  }
};

template <class T>
TSVM_INLINE inline void row_taps(const T* row, const int64_t* index, const T* weight, int count, T* to, int64_t n) {
  if (count == 1)
    for (int64_t i = 0; i < n; i++) to[i] = row[index[i]];
  else if (count == 2)
    for (int64_t i = 0; i < n; i++)
      to[i] = weight[2 * i] * row[index[2 * i]] + weight[2 * i + 1] * row[index[2 * i + 1]];
  else
    for (int64_t i = 0; i < n; i++) {
      T sum = 0;
      for (int64_t k = i * count; k < (i + 1) * count; k++) sum += weight[k] * row[index[k]];
      to[i] = sum;
    }
}

template <class T>
void resample(const Resampling<T>& r, const T* x, T* y) {
  parallel_for(r.in.planes, grain_for(r.out.numel() * 4), [&](int64_t begin, int64_t end) {
    std::vector<T> buffer(static_cast<size_t>(r.in.size[2]));
    for (int64_t p = begin; p < end; p++) {
      const T* plane = x + p * r.in.numel();
      T* to = y + p * r.out.numel();
      for (int64_t od = 0; od < r.out.size[0]; od++)
        for (int64_t oh = 0; oh < r.out.size[1]; oh++, to += r.out.size[2]) {
          const T* row = nullptr;
          int seen = 0;
          r.rows(od, oh, [&](int64_t which, T w) {
            const T* line = plane + which * r.in.size[2];
            if (seen++ == 0 && w == 1) {
              row = line;
              return;
            }
            if (seen == 1) std::fill(buffer.begin(), buffer.end(), T(0));
            if (row) std::copy(row, row + r.in.size[2], buffer.data());
            row = nullptr;
            vectorized(
                [](const T* line, T* to, int64_t n, T w) TSVM_INLINE {
                  for (int64_t i = 0; i < n; i++) to[i] += w * line[i];
                },
                line, buffer.data(), r.in.size[2], w);
          });
          row_taps(row ? row : buffer.data(), r.taps[2].index.data(), r.taps[2].weight.data(), r.taps[2].count, to,
                   r.out.size[2]);
        }
    }
  });
}

template <class T>
void resample_backward(const Resampling<T>& r, const T* g, T* x) {
  parallel_for(r.in.planes, grain_for(r.out.numel() * 4), [&](int64_t begin, int64_t end) {
    std::vector<T> buffer(static_cast<size_t>(r.in.size[2]));
    const int count = r.taps[2].count;
    for (int64_t p = begin; p < end; p++) {
      T* plane = x + p * r.in.numel();
      std::fill(plane, plane + r.in.numel(), T(0));
      const T* from = g + p * r.out.numel();
      for (int64_t od = 0; od < r.out.size[0]; od++)
        for (int64_t oh = 0; oh < r.out.size[1]; oh++, from += r.out.size[2]) {
          std::fill(buffer.begin(), buffer.end(), T(0));
          for (int64_t i = 0; i < r.out.size[2]; i++)
            for (int k = 0; k < count; k++) {
              const size_t at = static_cast<size_t>(i * count + k);
              buffer[static_cast<size_t>(r.taps[2].index[at])] += r.taps[2].weight[at] * from[i];
            }
          r.rows(od, oh, [&](int64_t which, T w) {
            T* line = plane + which * r.in.size[2];
            for (int64_t i = 0; i < r.in.size[2]; i++) line[i] += w * buffer[static_cast<size_t>(i)];
          });
        }
    }
  });
}

}  // namespace

Tensor upsample(const Tensor& self, IntSpan output_size, std::span<const double> scales, bool align_corners,
                int64_t mode) {
  const int64_t dims = static_cast<int64_t>(output_size.size());
  OPS_CHECK(self.dim() == dims + 2, RuntimeError, "It is expected input_size equals to ", dims + 2, ", but got size ",
            self.dim());
  DimVector sizes(self.sizes().first(2));
  bool positive = true;
  for (int64_t d = 0; d < dims; d++) {
    sizes.push_back(output_size[static_cast<size_t>(d)]);
    positive = positive && sizes.back() > 0 && self.sizes()[static_cast<size_t>(d + 2)] > 0;
  }
  auto named = [&](IntSpan v) {
    std::string s = "(";
    for (int64_t d = 0; d < dims; d++) s += concat(d ? ", " : "", "DHW"[3 - dims + d], ": ", v[static_cast<size_t>(d)]);
    return s + ")";
  };
  OPS_CHECK(positive, RuntimeError, "Input and output sizes should be greater than 0, but got input ",
            named(self.sizes().subspan(2)), " output ", named(output_size));
  OPS_CHECK(self.numel() > 0 || self.sizes()[0] == 0, RuntimeError, "Non-empty ", dims + 2,
            "D data tensor expected but got a tensor with sizes ", self.sizes());
  if (self.dtype() == DType::BFloat16 ||
      (self.dtype() == DType::UInt8 && (mode == kNearest || mode == kNearestExact))) {
    const DType type = self.dtype();
    return to_copy(upsample(to_copy(self, DType::Float32), output_size, scales, align_corners, mode), type);
  }
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64)
    fail_dtype(mode == kNearest || mode == kNearestExact  ? "compute_indices_weights_nearest"
               : mode == kLinear || mode == kSmoothLinear ? "compute_indices_weights_linear"
                                                          : "compute_indices_weights_cubic",
               self.dtype());
  Tensor out = ops::empty(sizes, self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor x = contiguous(self);
  TSVM_DISPATCH(self.dtype(), "upsample",
                TSVM_CASES_FLOAT(resample(Resampling<scalar_t>(x.sizes(), sizes, scales, align_corners, mode),
                                          x.data_ptr<scalar_t>(), out.data_ptr<scalar_t>())));
  if (self.dim() == 4 && !self.is_contiguous() && is_channels_last_strides(self.sizes(), self.strides()))
    return contiguous(out, MemoryFormat::ChannelsLast);
  return out;
}

Tensor upsample_backward(const Tensor& grad_output, IntSpan input_sizes, std::span<const double> scales,
                         bool align_corners, int64_t mode) {
  if (grad_output.dtype() == DType::BFloat16)
    return to_copy(upsample_backward(to_copy(grad_output, DType::Float32), input_sizes, scales, align_corners, mode),
                   DType::BFloat16);
  Tensor out = ops::empty(input_sizes, grad_output.dtype(), grad_output.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor g = contiguous(grad_output);
  TSVM_DISPATCH(
      out.dtype(), "upsample_backward",
      TSVM_CASES_FLOAT(resample_backward(Resampling<scalar_t>(input_sizes, g.sizes(), scales, align_corners, mode),
                                         g.data_ptr<scalar_t>(), out.data_ptr<scalar_t>())));
  return out;
}

// --- sampling at given places
// --------------------------------------------------------------------------------------------

namespace {

enum GridMode : int64_t { kGridLinear, kGridNearest, kGridCubic };
enum GridPadding : int64_t { kZeros, kBorder, kReflection };

/// A coordinate in [-1, 1] as a place in [0, size), moved inside as the padding says; `slope` is its derivative.
template <class T>
struct Source {
  T place, slope;
};

template <class T>
Source<T> unnormalise(T x, int64_t size, bool align_corners) {
  const T n = static_cast<T>(size);
  if (align_corners) return {(x + 1) / 2 * (n - 1), (n - 1) / 2};
  return {((x + 1) * n - 1) / 2, n / 2};
}

template <class T>
Source<T> clip(Source<T> s, int64_t size) {
  if (s.place <= 0) return {T(0), T(0)};
  const T last = static_cast<T>(size - 1);
  if (s.place >= last) return {last, T(0)};
  // NaN ends at 0.
  return s.place == s.place ? s : Source<T>{T(0), T(0)};
}

template <class T>
Source<T> reflect(Source<T> s, int64_t twice_low, int64_t twice_high) {
  if (twice_low == twice_high) return {T(0), T(0)};
  const T low = static_cast<T>(twice_low) / 2, span = static_cast<T>(twice_high - twice_low) / 2;
  T v = s.place - low, slope = s.slope;
  if (v < 0) v = -v, slope = -slope;
  const T extra = std::fmod(v, span);
  const int64_t flips = static_cast<int64_t>(std::floor(v / span));
  if (flips % 2 == 0) return {extra + low, slope};
  return {span - extra + low, -slope};
}

template <class T>
Source<T> inside(Source<T> s, int64_t size, int64_t padding, bool align_corners) {
  if (padding == kBorder) return clip(s, size);
  if (padding == kReflection)
    return clip(align_corners ? reflect(s, 0, 2 * (size - 1)) : reflect(s, -1, 2 * size - 1), size);
  return s;
}

template <class T>
int64_t floor_of(T v) {
  // Out of range of int64 (or NaN): somewhere outside every image.
  const T f = std::floor(v);
  return f > T(-1e15) && f < T(1e15) ? static_cast<int64_t>(f) : int64_t{-1000000000};
}

/// Taps along one dimension at one place: indices (-1: outside) with weights and their derivatives.
template <class T>
struct GridTaps {
  int count;
  int64_t index[4];
  T weight[4], slope[4];
};

/// `volume`: of three dimensions, where halves are rounded away from zero (else to even), as PyTorch has it.
template <class T>
GridTaps<T> grid_taps(T x, int64_t size, int64_t mode, int64_t padding, bool align_corners, bool volume) {
  GridTaps<T> t;
  Source<T> s = unnormalise(x, size, align_corners);
  if (mode != kGridCubic) s = inside(s, size, padding, align_corners);
  auto within = [size](int64_t i) { return i >= 0 && i < size ? i : int64_t{-1}; };
  if (mode == kGridNearest) {
    t.count = 1;
    t.index[0] = within(floor_of(volume ? std::round(s.place) : std::nearbyint(s.place)));
    t.weight[0] = 1;
    t.slope[0] = 0;
    return t;
  }
  const int64_t first = floor_of(s.place);
  const T share = s.place - static_cast<T>(first);
  if (mode == kGridLinear) {
    t.count = 2;
    t.index[0] = within(first);
    t.index[1] = within(first + 1);
    t.weight[0] = 1 - share;
    t.weight[1] = share;
    t.slope[0] = -s.slope;
    t.slope[1] = s.slope;
    return t;
  }
  t.count = 4;
  constexpr T kA = T(-0.75);
  auto near = [](T v) { return ((kA + 2) * v - (kA + 3)) * v * v + 1; };
  auto far = [](T v) { return ((kA * v - 5 * kA) * v + 8 * kA) * v - 4 * kA; };
  auto near_slope = [](T v) { return (3 * (kA + 2) * v - 2 * (kA + 3)) * v; };
  auto far_slope = [](T v) { return (3 * kA * v - 10 * kA) * v + 8 * kA; };
  t.weight[0] = far(share + 1), t.weight[1] = near(share), t.weight[2] = near(1 - share), t.weight[3] = far(2 - share);
  t.slope[0] = far_slope(share + 1) * s.slope, t.slope[1] = near_slope(share) * s.slope;
  t.slope[2] = -near_slope(1 - share) * s.slope, t.slope[3] = -far_slope(2 - share) * s.slope;
  for (int k = 0; k < 4; k++) {
    const Source<T> moved = inside(Source<T>{static_cast<T>(first - 1 + k), T(1)}, size, padding, align_corners);
    t.index[k] = within(static_cast<int64_t>(moved.place));
  }
  return t;
}

struct GridShape {
  int64_t dims, batch, channels, places;
  int64_t size[3] = {1, 1, 1};
  int64_t in_size() const { return size[0] * size[1] * size[2]; }
};

const char* c_name(DType t) { return t == DType::Float32 ? "float" : t == DType::Float64 ? "double" : info(t).name; }

GridShape check_grid(const Tensor& input, const Tensor& grid, int64_t mode) {
  OPS_CHECK(input.dtype() == grid.dtype(), RuntimeError,
            "grid_sampler(): expected input and grid to have same dtype, but input has ", c_name(input.dtype()),
            " and grid has ", c_name(grid.dtype()));
  OPS_CHECK(
      (input.dim() == 4 || input.dim() == 5) && input.dim() == grid.dim(), RuntimeError,
      "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes ",
      input.sizes(), " and grid with sizes ", grid.sizes());
  const int64_t dims = input.dim() - 2;
  OPS_CHECK(input.sizes()[0] == grid.sizes()[0], RuntimeError,
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes ", input.sizes(),
            " and grid with sizes ", grid.sizes());
  OPS_CHECK(grid.size(-1) == dims, RuntimeError, "grid_sampler(): expected grid to have size ", dims,
            " in last dimension, but got grid with sizes ", grid.sizes());
  OPS_CHECK(dims == 2 || mode != kGridCubic, RuntimeError,
            "grid_sampler(): bicubic interpolation only supports 4D input");
  GridShape s{dims, input.sizes()[0], input.sizes()[1], 1};
  for (int64_t d = 0; d < dims; d++) {
    s.size[3 - dims + d] = input.sizes()[static_cast<size_t>(d + 2)];
    OPS_CHECK(s.size[3 - dims + d] > 0, RuntimeError,
              "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes ",
              input.sizes(), " with dimension ", d + 2, " being empty");
    s.places *= grid.sizes()[static_cast<size_t>(d + 1)];
  }
  return s;
}

/// The taps of one place, dimension by dimension as in Volume; coordinates come last dimension first.
template <class T>
void place_taps(const GridShape& s, const T* coordinates, int64_t mode, int64_t padding, bool align_corners,
                GridTaps<T>* taps) {
  for (int64_t i = 0; i < 3; i++) {
    if (i < 3 - s.dims) {
      taps[i].count = 1;
      taps[i].index[0] = 0;
      taps[i].weight[0] = 1;
      taps[i].slope[0] = 0;
    } else {
      taps[i] = grid_taps(coordinates[2 - i], s.size[i], mode, padding, align_corners, s.dims == 3);
    }
  }
}

/// f(index in the plane, a, b, c) for all taps inside the image.
template <class T, class F>
void each_tap(const GridShape& s, const GridTaps<T>* t, const F& f) {
  for (int a = 0; a < t[0].count; a++)
    for (int b = 0; b < t[1].count; b++)
      for (int c = 0; c < t[2].count; c++)
        if (t[0].index[a] >= 0 && t[1].index[b] >= 0 && t[2].index[c] >= 0)
          f((t[0].index[a] * s.size[1] + t[1].index[b]) * s.size[2] + t[2].index[c], a, b, c);
}

}  // namespace

Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t interpolation_mode, int64_t padding_mode,
                    bool align_corners) {
  const GridShape s = check_grid(input, grid, interpolation_mode);
  if (input.dtype() != DType::Float32 && input.dtype() != DType::Float64) fail_dtype("grid_sampler", input.dtype());
  DimVector sizes{s.batch, s.channels};
  for (int64_t d = 0; d < s.dims; d++) sizes.push_back(grid.sizes()[static_cast<size_t>(d + 1)]);
  Tensor out = ops::empty(sizes, input.dtype(), input.device());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor x = contiguous(input), at = contiguous(grid);
  TSVM_DISPATCH(input.dtype(), "grid_sampler", TSVM_CASES_FLOAT({
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  const scalar_t* places = at.data_ptr<scalar_t>();
                  scalar_t* to = out.data_ptr<scalar_t>();
                  parallel_for(s.batch * s.places, grain_for(s.channels * 8), [&](int64_t begin, int64_t end) {
                    GridTaps<scalar_t> taps[3];
                    for (int64_t i = begin; i < end; i++) {
                      const int64_t n = i / s.places, place = i % s.places;
                      place_taps(s, places + i * s.dims, interpolation_mode, padding_mode, align_corners, taps);
                      for (int64_t c = 0; c < s.channels; c++) {
                        const scalar_t* plane = from + (n * s.channels + c) * s.in_size();
                        scalar_t sum = 0;
                        each_tap(s, taps, [&](int64_t k, int a, int b, int e) {
                          sum += plane[k] * (taps[0].weight[a] * taps[1].weight[b] * taps[2].weight[e]);
                        });
                        to[(n * s.channels + c) * s.places + place] = sum;
                      }
                    }
                  });
                }));
  return out;
}

std::tuple<Tensor, Tensor> grid_sampler_backward(const Tensor& grad_output, const Tensor& input, const Tensor& grid,
                                                 int64_t interpolation_mode, int64_t padding_mode, bool align_corners) {
  const GridShape s = check_grid(input, grid, interpolation_mode);
  Tensor d_input = ops::empty(input.sizes(), input.dtype(), input.device());
  Tensor d_grid = ops::empty(grid.sizes(), grid.dtype(), grid.device());
  if (d_input.is_meta()) return {d_input, d_grid};
  zero_(d_input);
  const Tensor x = contiguous(input), at = contiguous(grid), g = contiguous(grad_output);
  TSVM_DISPATCH(input.dtype(), "grid_sampler_backward", TSVM_CASES_FLOAT({
                  const scalar_t* from = x.data_ptr<scalar_t>();
                  const scalar_t* grads = g.data_ptr<scalar_t>();
                  scalar_t* to = d_input.data_ptr<scalar_t>();
                  // Samples write to images of their own.
                  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
                    GridTaps<scalar_t> taps[3];
                    for (int64_t i = begin * s.places; i < end * s.places; i++) {
                      const int64_t n = i / s.places, place = i % s.places;
                      place_taps(s, at.data_ptr<scalar_t>() + i * s.dims, interpolation_mode, padding_mode,
                                 align_corners, taps);
                      scalar_t slopes[3] = {};
                      for (int64_t c = 0; c < s.channels; c++) {
                        const int64_t offset = (n * s.channels + c) * s.in_size();
                        const scalar_t grad = grads[(n * s.channels + c) * s.places + place];
                        each_tap(s, taps, [&](int64_t k, int a, int b, int e) {
                          const scalar_t wa = taps[0].weight[a], wb = taps[1].weight[b], we = taps[2].weight[e];
                          to[offset + k] += grad * (wa * wb * we);
                          const scalar_t v = from[offset + k] * grad;
                          slopes[0] += v * taps[0].slope[a] * wb * we;
                          slopes[1] += v * wa * taps[1].slope[b] * we;
                          slopes[2] += v * wa * wb * taps[2].slope[e];
                        });
                      }
                      for (int64_t d = 0; d < s.dims; d++) d_grid.data_ptr<scalar_t>()[i * s.dims + d] = slopes[2 - d];
                    }
                  });
                }));
  return {d_input, d_grid};
}

}  // namespace tsvm::ops::cpu

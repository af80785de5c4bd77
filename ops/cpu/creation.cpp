// New tensors with given contents.
#include <cmath>
#include <cstring>

#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"

namespace tsvm::ops::cpu {

Tensor empty(IntSpan size, optional<DType> dtype, optional<Device> device, optional<MemoryFormat> memory_format) {
  Tensor out = ops::empty(size, dtype ? *dtype : default_dtype(), device.value_or(Device()));
  const MemoryFormat format = memory_format.value_or(MemoryFormat::Contiguous);
  OPS_CHECK(format != MemoryFormat::Preserve, RuntimeError,
            "preserve memory format is unsupported by the empty operator");
  if (format != MemoryFormat::Contiguous) {
    OPS_CHECK(size.size() == (format == MemoryFormat::ChannelsLast ? 4u : 5u), RuntimeError, "required rank ",
              format == MemoryFormat::ChannelsLast ? 4 : 5, " tensor to use ", name(format), " format");
    out->set_geometry(size, channels_last_strides(size), 0);
  }
  return out;
}

Tensor empty_strided(IntSpan size, IntSpan stride, optional<DType> dtype, optional<Device> device) {
  return ops::empty_strided(size, stride, dtype ? *dtype : default_dtype(), device.value_or(Device()));
}

Tensor zeros(IntSpan size, optional<DType> dtype, optional<Device> device) {
  Tensor out = empty(size, dtype, device);
  zero_(out);
  return out;
}

Tensor full(IntSpan size, const Scalar& fill_value, optional<DType> dtype, optional<Device> device) {
  Tensor out = empty(size, dtype ? *dtype : fill_value.dtype(), device);
  fill_(out, fill_value);
  return out;
}

Tensor ones(IntSpan size, optional<DType> dtype, optional<Device> device) {
  return full(size, Scalar(int64_t{1}), dtype ? *dtype : default_dtype(), device);
}

Tensor empty_like(const Tensor& self, optional<DType> dtype, optional<Device> device,
                  optional<MemoryFormat> memory_format) {
  const DType type = dtype.value_or(self.dtype());
  const Device where = device.value_or(self.device());
  const MemoryFormat format = memory_format.value_or(MemoryFormat::Preserve);
  if (format != MemoryFormat::Preserve) return empty(self.sizes(), type, where, format);
  if (self.is_contiguous()) return ops::empty(self.sizes(), type, where);
  Tensor out = ops::empty(self.sizes(), type, where);
  out->set_geometry(self.sizes(), preserved_strides(self.sizes(), self.strides()), 0);
  return out;
}

Tensor zeros_like(const Tensor& self, optional<DType> dtype, optional<Device> device,
                  optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, dtype, device, memory_format);
  zero_(out);
  return out;
}

Tensor ones_like(const Tensor& self, optional<DType> dtype, optional<Device> device,
                 optional<MemoryFormat> memory_format) {
  return full_like(self, Scalar(int64_t{1}), dtype, device, memory_format);
}

Tensor full_like(const Tensor& self, const Scalar& fill_value, optional<DType> dtype, optional<Device> device,
                 optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, dtype, device, memory_format);
  fill_(out, fill_value);
  return out;
}

namespace {

DType dtype_of_numbers(std::initializer_list<const Scalar*> numbers, optional<DType> dtype) {
  if (dtype) return *dtype;
  for (const Scalar* s : numbers)
    if (s->is_float() || s->is_complex()) return default_dtype();
  return DType::Int64;
}

/// PyTorch computes float ranges eight (double: four) at a time: the first of each group from the formula in the wide
/// type, rounded, the others by adding multiples of the step to it. kGroup 1: all from the formula.
template <class T>
inline constexpr int kGroup = std::is_same_v<T, float>    ? 8
                              : std::is_same_v<T, double> ? 4
                                                          : 1;

template <class T, class Acc, class F>
void fill_range(T* out, int64_t n, Acc step, const F& at) {
  int64_t i = 0;
  if constexpr (kGroup < T >> 1) {
    // Only whole pairs of groups; the rest is scalar.
    for (; i + 2 * kGroup<T> <= n; i += 2 * kGroup<T>) {
      for (int half = 0; half < 2; half++) {
        const int64_t first = i + half * kGroup<T>;
        const T base = static_cast<T>(at(first));
        for (int k = 0; k < kGroup<T>; k++) out[first + k] = static_cast<T>(base + k * step);
      }
    }
  }
  for (; i < n; i++) out[i] = convert<T>(at(i));
}

}  // namespace

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step, optional<DType> dtype,
              optional<Device> device) {
  const DType type = dtype_of_numbers({&start, &end, &step}, dtype);
  OPS_CHECK(!step.equals(0), RuntimeError, "step must be nonzero");
  const double first = start.to_double(), last = end.to_double();
  OPS_CHECK(std::isfinite(first) && std::isfinite(last), RuntimeError, "unsupported range: ", first, " -> ", last);
  const bool integers = is_integral_or_bool(type);
  // Integer tensors truncate the bounds first.
  const double lo = integers ? static_cast<double>(start.to_int()) : first;
  const double hi = integers ? static_cast<double>(end.to_int()) : last;
  const double by = integers ? static_cast<double>(step.to_int()) : step.to_double();
  OPS_CHECK(by != 0 && (by > 0 ? hi >= lo : hi <= lo), RuntimeError,
            "upper bound and larger bound inconsistent with step sign");
  // int64 is counted as PyTorch does, in doubles of the given bounds.
  const double count =
      std::ceil((type == DType::Int64 ? hi - lo : last - first) / (type == DType::Int64 ? by : step.to_double()));
  OPS_CHECK(count >= 0 && count < 9.2e18, RuntimeError, "invalid size, possible overflow?");
  const int64_t n = static_cast<int64_t>(count);
  Tensor out = ops::empty({n}, type, device.value_or(Device()));
  if (out.is_meta()) return out;
  TSVM_DISPATCH(
      type, "arange", TSVM_CASES_INTEGRAL({
        const uint64_t from = static_cast<uint64_t>(start.to_int());
        const uint64_t by_int = static_cast<uint64_t>(step.to_int());
        scalar_t* data = out.data_ptr<scalar_t>();
        for (int64_t i = 0; i < n; i++) data[i] = static_cast<scalar_t>(from + by_int * static_cast<uint64_t>(i));
      }) TSVM_CASES_FLOAT({
        fill_range(out.data_ptr<scalar_t>(), n, by, [&](int64_t i) { return lo + by * static_cast<double>(i); });
      }) TSVM_CASES_REDUCED({
        const float lo32 = static_cast<float>(lo), by32 = static_cast<float>(by);
        fill_range(out.data_ptr<scalar_t>(), n, by32, [&](int64_t i) { return lo32 + by32 * static_cast<float>(i); });
      }));
  return out;
}

Tensor range(const Scalar& start, const Scalar& end, const Scalar& step, optional<DType> dtype,
             optional<Device> device) {
  const DType type = dtype ? *dtype : default_dtype();
  const double lo = start.to_double(), hi = end.to_double(), by = step.to_double();
  OPS_CHECK(by != 0, RuntimeError, "step must be nonzero");
  OPS_CHECK(std::isfinite(lo) && std::isfinite(hi), RuntimeError, "unsupported range: ", lo, " -> ", hi);
  OPS_CHECK(by > 0 ? hi >= lo : hi <= lo, RuntimeError, "upper bound and larger bound inconsistent with step sign");
  const int64_t n = static_cast<int64_t>((hi - lo) / by + 1);
  Tensor out = ops::empty({n}, type, device.value_or(Device()));
  if (out.is_meta()) return out;
  TSVM_DISPATCH_REAL(type, "range", {
    scalar_t* data = out.data_ptr<scalar_t>();
    for (int64_t i = 0; i < n; i++) data[i] = convert<scalar_t>(lo + static_cast<double>(i) * by);
  });
  return out;
}

Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, optional<DType> dtype, optional<Device> device) {
  OPS_CHECK(steps >= 0, RuntimeError, "number of steps must be non-negative");
  DType type = dtype ? *dtype : default_dtype();
  if (!dtype && (start.is_complex() || end.is_complex())) type = to_complex(type);
  Tensor out = ops::empty({steps}, type, device.value_or(Device()));
  if (out.is_meta() || steps == 0) return out;
  if (steps == 1) {
    fill_(out, start);
    return out;
  }
  const int64_t half = steps / 2;
  TSVM_DISPATCH(
      type, "linspace", TSVM_CASES_FLOAT({
        const scalar_t lo = start.to<scalar_t>(), hi = end.to<scalar_t>();
        const scalar_t by = (hi - lo) / static_cast<scalar_t>(steps - 1);
        fill_range(out.data_ptr<scalar_t>(), steps, by, [&](int64_t i) {
          return i < half ? lo + by * static_cast<scalar_t>(i) : hi - by * static_cast<scalar_t>(steps - i - 1);
        });
      }) TSVM_CASES_REDUCED({
        const scalar_t lo = start.to<scalar_t>(), hi = end.to<scalar_t>();
        const scalar_t by((static_cast<float>(hi) - static_cast<float>(lo)) / static_cast<float>(steps - 1));
        scalar_t* data = out.data_ptr<scalar_t>();
        for (int64_t i = 0; i < steps; i++) {
          const float offset = scalar_t(by * static_cast<float>(i < half ? i : steps - i - 1));
          data[i] = scalar_t(i < half ? lo + offset : hi - offset);
        }
      }) TSVM_CASES_COMPLEX({
        const scalar_t lo = start.to<scalar_t>(), hi = end.to<scalar_t>();
        using R = scalar_t::value_type;
        const scalar_t by = (hi - lo) / static_cast<R>(steps - 1);
        scalar_t* data = out.data_ptr<scalar_t>();
        for (int64_t i = 0; i < steps; i++)
          data[i] = i < half ? lo + by * static_cast<R>(i) : hi - by * static_cast<R>(steps - i - 1);
      }) TSVM_CASES_INTEGRAL({
        const scalar_t lo = start.to<scalar_t>(), hi = end.to<scalar_t>();
        // The step is a float, whatever the integers.
        const float by = (static_cast<float>(hi) - static_cast<float>(lo)) / static_cast<float>(steps - 1);
        scalar_t* data = out.data_ptr<scalar_t>();
        auto value = [&](int64_t i) {
          return convert<scalar_t>(i < half ? static_cast<float>(lo) + by * static_cast<float>(i)
                                            : static_cast<float>(hi) - by * static_cast<float>(steps - i - 1));
        };
        // PyTorch's vectors of integers start at a rounded number each, and go on from there.
        constexpr int64_t kLanes = sizeof(scalar_t) == 1 ? 1 : 32 / static_cast<int64_t>(sizeof(scalar_t));
        int64_t i = 0;
        for (; i + kLanes <= steps; i += kLanes) {
          const float base = static_cast<float>(value(i));
          for (int64_t k = 0; k < kLanes; k++) data[i + k] = convert<scalar_t>(base + by * static_cast<float>(k));
        }
        for (; i < steps; i++) data[i] = value(i);
      }));
  return out;
}

Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, optional<DType> dtype,
                optional<Device> device) {
  OPS_CHECK(steps >= 0, RuntimeError, "number of steps must be non-negative");
  DType type = dtype ? *dtype : default_dtype();
  if (!dtype && (start.is_complex() || end.is_complex())) type = to_complex(type);
  Tensor out = ops::empty({steps}, type, device.value_or(Device()));
  if (out.is_meta()) return out;
  const int64_t half = steps / 2;
  if (is_complex(type)) {
    const auto lo = start.to_complex(), hi = end.to_complex();
    const auto by = steps > 1 ? (hi - lo) / static_cast<double>(steps - 1) : std::complex<double>();
    TSVM_DISPATCH(type, "logspace", TSVM_CASES_COMPLEX({
                    for (int64_t i = 0; i < steps; i++) {
                      const auto x = i < half || steps == 1 ? lo + by * static_cast<double>(i)
                                                            : hi - by * static_cast<double>(steps - i - 1);
                      out.data_ptr<scalar_t>()[i] = scalar_t(std::pow(std::complex<double>(base), x));
                    }
                  }));
    return out;
  }
  TSVM_DISPATCH_REAL(type, "logspace", {
    // Reduced and integer types compute in float and double.
    using Real = std::conditional_t<std::is_same_v<scalar_t, double> || std::is_integral_v<scalar_t>, double, float>;
    const Real lo = convert<Real>(start.to<scalar_t>()), hi = convert<Real>(end.to<scalar_t>());
    const Real by = steps > 1 ? (hi - lo) / static_cast<Real>(steps - 1) : Real(0);
    for (int64_t i = 0; i < steps; i++) {
      const Real x =
          i < half || steps == 1 ? lo + by * static_cast<Real>(i) : hi - by * static_cast<Real>(steps - i - 1);
      out.data_ptr<scalar_t>()[i] = convert<scalar_t>(std::pow(static_cast<Real>(base), x));
    }
  });
  return out;
}

Tensor eye(int64_t n, int64_t m, optional<DType> dtype, optional<Device> device) {
  OPS_CHECK(n >= 0, RuntimeError, "n must be greater or equal to 0, got ", n);
  OPS_CHECK(m >= 0, RuntimeError, "m must be greater or equal to 0, got ", m);
  Tensor out = zeros({n, m}, dtype, device);
  if (!out.is_meta()) fill_(diagonal(out), Scalar(int64_t{1}));
  return out;
}

Tensor from_data(const void* data, DType from, IntSpan size, DType dtype) {
  Tensor out = ops::empty(size, dtype);
  cast_function(dtype, from)(static_cast<char*>(out.data()), static_cast<int64_t>(item_size(dtype)),
                             static_cast<const char*>(data), static_cast<int64_t>(item_size(from)), out.numel());
  return out;
}

namespace {

/// Keeps elements whose column - row is at most (lower) or at least (upper) `diagonal`; the others become 0.
Tensor triangle(const Tensor& self, int64_t diagonal, bool lower) {
  (void)wrap_dim(-2, self.dim());
  Tensor out = clone(self, MemoryFormat::Contiguous);
  if (out.is_meta() || out.numel() == 0) return out;
  const int64_t rows = out.size(-2), columns = out.size(-1), row_bytes = columns * static_cast<int64_t>(out.itemsize());
  const int64_t item = static_cast<int64_t>(out.itemsize());
  char* data = static_cast<char*>(out.data());
  const int64_t all_rows = out.numel() / columns;
  for (int64_t r = 0; r < all_rows; r++, data += row_bytes) {
    const int64_t row = r % rows;
    // Columns [begin, end) are cleared.
    int64_t begin = lower ? row + diagonal + 1 : 0;
    int64_t end = lower ? columns : row + diagonal;
    begin = std::clamp<int64_t>(begin, 0, columns);
    end = std::clamp<int64_t>(end, 0, columns);
    if (begin < end) std::memset(data + begin * item, 0, static_cast<size_t>((end - begin) * item));
  }
  return out;
}

Tensor triangle_indices(int64_t rows, int64_t columns, int64_t offset, optional<DType> dtype, bool lower) {
  OPS_CHECK(rows >= 0, RuntimeError, "row must be non-negative, got", rows);
  OPS_CHECK(columns >= 0, RuntimeError, "col must be non-negative, got", columns);
  int64_t n = 0;
  auto bounds = [&](int64_t r) {
    const int64_t edge = std::clamp<int64_t>(lower ? r + offset + 1 : r + offset, 0, columns);
    return lower ? std::pair<int64_t, int64_t>(0, edge) : std::pair<int64_t, int64_t>(edge, columns);
  };
  for (int64_t r = 0; r < rows; r++) n += bounds(r).second - bounds(r).first;
  Tensor out = ops::empty({2, n}, DType::Int64);
  int64_t* row_out = out.data_ptr<int64_t>();
  int64_t* column_out = row_out + n;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = bounds(r).first; c < bounds(r).second; c++) {
      *row_out++ = r;
      *column_out++ = c;
    }
  }
  return to(out, dtype);
}

}  // namespace

Tensor tril(const Tensor& self, int64_t diagonal) { return triangle(self, diagonal, true); }
Tensor triu(const Tensor& self, int64_t diagonal) { return triangle(self, diagonal, false); }
Tensor tril_indices(int64_t row, int64_t col, int64_t offset, optional<DType> dtype) {
  return triangle_indices(row, col, offset, dtype, true);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, optional<DType> dtype) {
  return triangle_indices(row, col, offset, dtype, false);
}

}  // namespace tsvm::ops::cpu

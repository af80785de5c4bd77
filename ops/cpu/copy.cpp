// Copies between tensors of any dtype, layout and (broadcastable) shape.
#include <array>
#include <cstring>

#include "ops/cpu/element.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"
#include "ops/tensor/overlap.h"

namespace tsvm::ops::cpu {
namespace {

template <class To, class From>
void cast_line(char* dst, int64_t dst_stride, const char* src, int64_t src_stride, int64_t n) {
  if (n == 0) return;  // there may be no memory then
  if (dst_stride == sizeof(To) && src_stride == sizeof(From)) {
    if (std::is_same_v<To, From>) {
      copy_bytes(dst, src, static_cast<size_t>(n) * sizeof(To));
    } else {
      vectorized(
          [](To* __restrict to, const From* __restrict from, int64_t n) TSVM_INLINE {
            for (int64_t i = 0; i < n; i++) to[i] = convert<To, From>(from[i]);
          },
          reinterpret_cast<To*>(dst), reinterpret_cast<const From*>(src), n);
    }
  } else {
    for (int64_t i = 0; i < n; i++)
      *reinterpret_cast<To*>(dst + i * dst_stride) =
          convert<To, From>(*reinterpret_cast<const From*>(src + i * src_stride));
  }
}

template <class T>
void move_line(char* dst, int64_t dst_stride, const char* src, int64_t src_stride, int64_t n) {
  if (dst_stride == sizeof(T) && src_stride == sizeof(T)) {
    copy_bytes(dst, src, static_cast<size_t>(n) * sizeof(T));
  } else {
    for (int64_t i = 0; i < n; i++) std::memcpy(dst + i * dst_stride, src + i * src_stride, sizeof(T));
  }
}

using CastRow = std::array<CastFunction, kDTypeCount>;

template <class To>
constexpr CastRow cast_row() {
  return {
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) cast_line<To, ctype>,
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE
  };
}

constexpr std::array<CastRow, kDTypeCount> kCasts = {
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) cast_row<ctype>(),
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE
};

CastFunction move_function(size_t item) {
  switch (item) {
    case 1: return move_line<uint8_t>;
    case 2: return move_line<uint16_t>;
    case 4: return move_line<uint32_t>;
    case 8: return move_line<uint64_t>;
    default: return move_line<unsigned __int128>;
  }
}

// A transposed copy walks one side across memory. Small tiles keep both sides in the cache.
constexpr int64_t kTile = 32;

/// The dimension along which the source is contiguous while dimension 0 is so for the destination; 0 if there is none.
int transposed_dim(const LoopNest<2>& nest, int64_t item) {
  if (nest.ndim() < 2 || nest.stride(0, 0) != item || nest.stride(0, 1) == item || nest.stride(0, 1) == 0) return 0;
  if (nest.size(0) < kTile / 4) return 0;
  for (int d = 1; d < nest.ndim(); d++)
    if (nest.stride(d, 1) == item && nest.size(d) >= kTile / 4) return d;
  return 0;
}

/// Transposes a block of 8 x 8 elements of 4 bytes. Rows of `from` are columns of `to`; strides are in bytes.
TSVM_INLINE inline void transpose_block(char* to, int64_t to_stride, const char* from, int64_t from_stride) {
  using V = uint32_t __attribute__((vector_size(32), aligned(4)));
  V a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = *reinterpret_cast<const V*>(from + i * from_stride);
  // Pairs, then quadruples, then halves.
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shuffle(a[i], a[i + 1], V{0, 8, 2, 10, 4, 12, 6, 14});
    b[i + 1] = __builtin_shuffle(a[i], a[i + 1], V{1, 9, 3, 11, 5, 13, 7, 15});
  }
  for (int i = 0; i < 8; i += 4)
    for (int k = 0; k < 2; k++) {
      a[i + k] = __builtin_shuffle(b[i + k], b[i + k + 2], V{0, 1, 8, 9, 4, 5, 12, 13});
      a[i + k + 2] = __builtin_shuffle(b[i + k], b[i + k + 2], V{2, 3, 10, 11, 6, 7, 14, 15});
    }
  for (int i = 0; i < 4; i++) {
    b[i] = __builtin_shuffle(a[i], a[i + 4], V{0, 1, 2, 3, 8, 9, 10, 11});
    b[i + 4] = __builtin_shuffle(a[i], a[i + 4], V{4, 5, 6, 7, 12, 13, 14, 15});
  }
  for (int i = 0; i < 8; i++) *reinterpret_cast<V*>(to + i * to_stride) = b[i];
}

/// n_rows x n_columns, both multiples of 8.
void transpose_tile(char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t n_rows,
                    int64_t n_columns) {
  vectorized(
      [](char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t n_rows, int64_t n_columns)
          TSVM_INLINE {
            for (int64_t r = 0; r < n_rows; r += 8)
              for (int64_t c = 0; c < n_columns; c += 8)
                transpose_block(to + r * to_stride + c * 4, to_stride, from + c * from_stride + r * 4, from_stride);
          },
      to, to_stride, from, from_stride, n_rows, n_columns);
}

template <class T>
void copy_tiles(const LoopNest<2>& nest, int across) {
  const int64_t rows = nest.size(across), columns = nest.size(0);
  const int64_t bands = (rows + kTile - 1) / kTile;
  const int64_t outer = nest.numel() / (rows * columns);
  const int64_t band_elements = kTile * columns;
  const int64_t bands_per_chunk = std::max<int64_t>(1, kGrain / band_elements);
  parallel_for(outer * bands, bands_per_chunk, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t row0 = unit % bands * kTile;
      int64_t rest = unit / bands;
      char* dst = nest.data(0) + row0 * nest.stride(across, 0);
      const char* src = nest.data(1) + row0 * nest.stride(across, 1);
      for (int d = 1; d < nest.ndim(); d++) {
        if (d == across) continue;
        const int64_t i = rest % nest.size(d);
        rest /= nest.size(d);
        dst += i * nest.stride(d, 0);
        src += i * nest.stride(d, 1);
      }
      const int64_t n_rows = std::min(kTile, rows - row0);
      for (int64_t column0 = 0; column0 < columns; column0 += kTile) {
        const int64_t n_columns = std::min(kTile, columns - column0);
        if (sizeof(T) == 4 && n_rows % 8 == 0 && n_columns % 8 == 0) {
          transpose_tile(dst + column0 * 4, nest.stride(across, 0), src + column0 * nest.stride(0, 1),
                         nest.stride(0, 1), n_rows, n_columns);
          continue;
        }
        for (int64_t r = 0; r < n_rows; r++) {
          T* to = reinterpret_cast<T*>(dst + r * nest.stride(across, 0)) + column0;
          const char* from = src + r * nest.stride(across, 1) + column0 * nest.stride(0, 1);
          for (int64_t c = 0; c < n_columns; c++) to[c] = *reinterpret_cast<const T*>(from + c * nest.stride(0, 1));
        }
      }
    }
  });
}

/// Both on the CPU, src broadcastable to self.
void copy_elements(const Tensor& self, const Tensor& src) {
  const bool same = self.dtype() == src.dtype();
  const int64_t to_item = static_cast<int64_t>(self.itemsize()), from_item = static_cast<int64_t>(src.itemsize());
  CastFunction cast = same ? move_function(self.itemsize()) : cast_function(self.dtype(), src.dtype());
  if (self.is_contiguous() && src.is_contiguous() && self.numel() == src.numel()) {
    char* dst = static_cast<char*>(self.data());
    const char* from = static_cast<const char*>(src.data());
    parallel_for(self.numel(), kGrain * 4, [&](int64_t begin, int64_t end) {
      cast(dst + begin * to_item, to_item, from + begin * from_item, from_item, end - begin);
    });
    return;
  }
  LoopNest<2> nest(self.sizes());
  nest.add(self);
  nest.add(src);
  nest.finish();
  if (nest.numel() == 0) return;
  if (same && nest.numel() >= 512) {
    if (const int across = transposed_dim(nest, to_item)) {
      TSVM_DISPATCH_SIZE(self.dtype(), copy_tiles<scalar_t>(nest, across));
      return;
    }
  }
  nest.run([&](char** data, const int64_t* strides, int64_t n) { cast(data[0], strides[0], data[1], strides[1], n); });
}

}  // namespace

CastFunction cast_function(DType to, DType from) { return kCasts[static_cast<int>(to)][static_cast<int>(from)]; }

void copy_(const Tensor& self, const Tensor& src, bool) {
  if (self.is_same(src)) return;
  if (self.sizes() != src.sizes() && !is_expandable_to(src.sizes(), self.sizes())) {
    // Says which sizes clash; if the destination would have to grow, that is the error.
    DimVector sizes(self.sizes());
    broadcast_sizes(self.sizes(), src.sizes());
    expand_strides(src.sizes(), src.strides(), sizes);
  }
  check_no_internal_overlap(self);
  if (self.is_meta()) return;
  OPS_CHECK(!src.is_meta(), NotImplementedError, "Cannot copy out of meta tensor; no data!");
  OPS_CHECK(self.is_cpu() && src.is_cpu(), NotImplementedError, "copy_ between ", to_string(src.device()), " and ",
            to_string(self.device()), " is not implemented");
  if (self.numel() == 0) return;
  const Overlap shared = overlap(self, src);
  if (shared == Overlap::Full && self.dtype() == src.dtype()) return;
  if (shared == Overlap::No || self.storage() != src.storage()) return copy_elements(self, src);
  check_no_partial_overlap(self, src);
  // Views of one storage that may cross: through a copy, so that the order of elements does not matter.
  copy_elements(self, clone(src, MemoryFormat::Contiguous));
}

void fill_(const Tensor& self, const Scalar& value) {
  TSVM_DISPATCH_ALL(self.dtype(), "fill_", {
    const scalar_t v = value.checked_to<scalar_t>();
    if (self.is_meta() || self.numel() == 0) return;
    if (self.is_contiguous()) {
      scalar_t* data = self.data_ptr<scalar_t>();
      parallel_for(self.numel(), kGrain * 4,
                   [&](int64_t begin, int64_t end) { std::fill(data + begin, data + end, v); });
    } else {
      LoopNest<1> nest(self.sizes());
      nest.add(self);
      nest.finish();
      nest.run([&](char** data, const int64_t* strides, int64_t n) {
        for (int64_t i = 0; i < n; i++) *reinterpret_cast<scalar_t*>(data[0] + i * strides[0]) = v;
      });
    }
  });
}

void zero_(const Tensor& self) {
  if (self.is_meta() || self.numel() == 0) return;
  if (!self.is_contiguous()) return fill_(self, Scalar(int64_t{0}));
  char* data = static_cast<char*>(self.data());
  parallel_for(static_cast<int64_t>(self.nbytes()), kGrain * 16,
               [&](int64_t begin, int64_t end) { std::memset(data + begin, 0, static_cast<size_t>(end - begin)); });
}

Tensor clone(const Tensor& self, optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, {}, {}, memory_format);
  if (!out.is_meta() && out.numel() > 0) copy_elements(out, self);
  return out;
}

Tensor contiguous(const Tensor& self, MemoryFormat memory_format) {
  OPS_CHECK(memory_format != MemoryFormat::Preserve, RuntimeError,
            "preserve memory format is unsupported by the contiguous operator");
  if (self.is_contiguous(memory_format)) return self;
  return clone(self, memory_format);
}

Tensor to_copy(const Tensor& self, DType dtype, optional<MemoryFormat> memory_format) {
  Tensor out = empty_like(self, dtype, {}, memory_format);
  if (!out.is_meta() && out.numel() > 0) copy_elements(out, self);
  return out;
}

Tensor to(const Tensor& self, optional<DType> dtype, optional<Device> device, bool copy,
          optional<MemoryFormat> memory_format) {
  const DType want = dtype.value_or(self.dtype());
  Device where = device.value_or(self.device());
  if (where.type == self.device().type && where.index < 0) where = self.device();
  const bool right_layout =
      !memory_format || *memory_format == MemoryFormat::Preserve || self.is_contiguous(*memory_format);
  if (want == self.dtype() && where == self.device() && !copy && right_layout) return self;
  if (where == self.device()) return to_copy(self, want, memory_format);
  Tensor out = empty_like(self, want, where, memory_format);
  if (!where.is_meta()) copy_(out, self);
  return out;
}

}  // namespace tsvm::ops::cpu

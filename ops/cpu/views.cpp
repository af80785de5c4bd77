// Views: new sizes, strides and offset over the same storage.
#include "ops/cpu/kernels.h"

namespace tsvm::ops::cpu {
namespace {

/// A copy of the geometry, to be changed.
struct Geometry {
  DimVector sizes, strides;
  int64_t offset;
  explicit Geometry(const Tensor& t) : sizes(t.sizes()), strides(t.strides()), offset(t.storage_offset()) {}
  Tensor over(const Tensor& base) const { return make_view(base, sizes, strides, offset); }
};

/// Throws unless the geometry stays within a storage of `bytes`.
void check_bounds(IntSpan sizes, IntSpan strides, int64_t offset, size_t item, size_t bytes) {
  const int64_t extent = storage_extent(sizes, strides);
  if (extent == 0) return;
  int64_t needed;
  const bool overflow = __builtin_add_overflow(extent, offset, &needed) ||
                        __builtin_mul_overflow(needed, static_cast<int64_t>(item), &needed);
  OPS_CHECK(!overflow && needed <= static_cast<int64_t>(bytes), RuntimeError, "setStorage: sizes ", sizes, ", strides ",
            strides, ", storage offset ", offset, ", and itemsize ", item, " requiring a storage size of ",
            (extent + offset) * static_cast<int64_t>(item), " are out of bounds for storage of size ", bytes);
}

void check_as_strided(IntSpan size, IntSpan stride, int64_t offset) {
  OPS_CHECK(size.size() == stride.size(), RuntimeError, "mismatch in length of strides and shape");
  for (int64_t s : stride)
    OPS_CHECK(s >= 0, RuntimeError,
              "as_strided: Negative strides are not supported at the moment, got strides: ", stride);
  for (int64_t s : size)
    OPS_CHECK(s >= 0, RuntimeError, "Trying to create tensor with negative dimension ", s, ": ", size);
  OPS_CHECK(offset >= 0, RuntimeError, "Tensor: invalid storage offset ", offset);
}

}  // namespace

Tensor view(const Tensor& self, IntSpan size) {
  const DimVector sizes = infer_size(size, self.numel());
  const auto strides = view_strides(self.sizes(), self.strides(), sizes);
  OPS_CHECK(strides, RuntimeError,
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead.");
  return make_view(self, sizes, *strides, self.storage_offset());
}

Tensor reshape(const Tensor& self, IntSpan shape) {
  const DimVector sizes = infer_size(shape, self.numel());
  if (const auto strides = view_strides(self.sizes(), self.strides(), sizes))
    return make_view(self, sizes, *strides, self.storage_offset());
  Tensor copy = clone(self, MemoryFormat::Contiguous);
  copy->set_contiguous(sizes);
  return copy;
}

Tensor view_dtype(const Tensor& self, DType dtype) {
  const int64_t from = static_cast<int64_t>(self.itemsize()), to = static_cast<int64_t>(item_size(dtype));
  Geometry g(self);
  if (from != to) {
    OPS_CHECK(self.dim() > 0, RuntimeError, "self.dim() cannot be 0 to view ", info(self.dtype()).cpp_name, " as ",
              info(dtype).cpp_name, " (different element sizes)");
    OPS_CHECK(g.strides.back() == 1, RuntimeError, "self.stride(-1) must be 1 to view ", info(self.dtype()).cpp_name,
              " as ", info(dtype).cpp_name, " (different element sizes), but got ", g.strides.back());
    if (from > to) {
      const int64_t ratio = from / to;
      g.sizes.back() *= ratio;
      for (size_t d = 0; d + 1 < g.strides.size(); d++) g.strides[d] *= ratio;
      g.offset *= ratio;
    } else {
      const int64_t ratio = to / from;
      OPS_CHECK(g.sizes.back() % ratio == 0, RuntimeError, "self.size(-1) must be divisible by ", ratio, " to view ",
                info(self.dtype()).cpp_name, " as ", info(dtype).cpp_name, " (different element sizes), but got ",
                g.sizes.back());
      OPS_CHECK(g.offset % ratio == 0, RuntimeError, "self.storage_offset() must be divisible by ", ratio, " to view ",
                info(self.dtype()).cpp_name, " as ", info(dtype).cpp_name, " (different element sizes), but got ",
                g.offset);
      g.sizes.back() /= ratio;
      for (size_t d = 0; d + 1 < g.strides.size(); d++) {
        OPS_CHECK(g.strides[d] % ratio == 0, RuntimeError, "self.stride(", d, ") must be divisible by ", ratio,
                  " to view ", info(self.dtype()).cpp_name, " as ", info(dtype).cpp_name,
                  " (different element sizes), but got ", g.strides[d]);
        g.strides[d] /= ratio;
      }
      g.offset /= ratio;
    }
  }
  Tensor out = Tensor::steal(TensorImpl::create(self.share_storage(), dtype, self.device()));
  out->set_geometry(g.sizes, g.strides, g.offset);
  out->share_version(*self.get());
  return out;
}

Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  dim0 = wrap_dim(dim0, self.dim());
  dim1 = wrap_dim(dim1, self.dim());
  Geometry g(self);
  if (self.dim() > 0) {
    std::swap(g.sizes[dim0], g.sizes[dim1]);
    std::swap(g.strides[dim0], g.strides[dim1]);
  }
  return g.over(self);
}

Tensor permute(const Tensor& self, IntSpan dims) {
  const int64_t n = self.dim();
  OPS_CHECK(static_cast<int64_t>(dims.size()) == n, RuntimeError,
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            "ordering of dimensions i.e. input.dim() = ",
            n, " is not equal to len(dims) = ", dims.size());
  DimVector sizes(n), strides(n), seen(n);
  for (int64_t i = 0; i < n; i++) {
    const int64_t d = wrap_dim(dims[i], n);
    OPS_CHECK(!seen[d], RuntimeError, "permute(): duplicate dims are not allowed.");
    seen[d] = 1;
    sizes[i] = self.sizes()[d];
    strides[i] = self.strides()[d];
  }
  return make_view(self, sizes, strides, self.storage_offset());
}

Tensor t(const Tensor& self) {
  OPS_CHECK(self.dim() <= 2, RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is ", self.dim(), "D");
  return transpose(self, 0, self.dim() < 2 ? 0 : 1);
}

Tensor squeeze(const Tensor& self) {
  DimVector sizes, strides;
  for (int64_t d = 0; d < self.dim(); d++) {
    if (self.sizes()[d] == 1) continue;
    sizes.push_back(self.sizes()[d]);
    strides.push_back(self.strides()[d]);
  }
  return make_view(self, sizes, strides, self.storage_offset());
}

Tensor squeeze(const Tensor& self, int64_t dim) {
  dim = wrap_dim(dim, self.dim());
  Geometry g(self);
  if (self.dim() > 0 && g.sizes[dim] == 1) {
    g.sizes.erase(dim);
    g.strides.erase(dim);
  }
  return g.over(self);
}

Tensor unsqueeze(const Tensor& self, int64_t dim) {
  dim = wrap_dim(dim, self.dim() + 1);
  Geometry g(self);
  g.strides.insert(dim, dim < self.dim() ? g.sizes[dim] * g.strides[dim] : 1);
  g.sizes.insert(dim, 1);
  return g.over(self);
}

Tensor expand(const Tensor& self, IntSpan size, bool) {
  OPS_CHECK(static_cast<int64_t>(size.size()) >= self.dim(), RuntimeError, "expand(torch.", info(self.dtype()).cpp_name,
            "Tensor{", self.sizes(), "}, size=", size, "): the number of sizes provided (", size.size(),
            ") must be greater or equal to the number of dimensions in the tensor (", self.dim(), ")");
  DimVector sizes(size);
  const DimVector strides = expand_strides(self.sizes(), self.strides(), sizes);
  return make_view(self, sizes, strides, self.storage_offset());
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  OPS_CHECK(self.dim() > 0, RuntimeError, "narrow() cannot be applied to a 0-dim tensor.");
  const int64_t size = self.size(dim);
  if (start != size) start = wrap_dim(start, size);
  OPS_CHECK(length >= 0 && start <= size - length, RuntimeError, "start (", start, ") + length (", length,
            ") exceeds dimension size (", size, ").");
  return slice(self, dim, start, start + length, 1);
}

Tensor select(const Tensor& self, int64_t dim, int64_t index) {
  OPS_CHECK(self.dim() > 0, IndexError, "select() cannot be applied to a 0-dim tensor.");
  dim = wrap_dim(dim, self.dim());
  const int64_t size = self.sizes()[dim];
  OPS_CHECK(index >= -size && index < size, IndexError, "select(): index ", index, " out of range for tensor of size ",
            self.sizes(), " at dimension ", dim);
  if (index < 0) index += size;
  Geometry g(self);
  g.offset += index * g.strides[dim];
  g.sizes.erase(dim);
  g.strides.erase(dim);
  return g.over(self);
}

Tensor slice(const Tensor& self, int64_t dim, optional<int64_t> start, optional<int64_t> end, int64_t step) {
  OPS_CHECK(self.dim() > 0, RuntimeError, "slice() cannot be applied to a 0-dim tensor.");
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(step > 0, RuntimeError, "slice step must be positive");
  const int64_t size = self.sizes()[dim];
  auto clamp = [size](int64_t i) {
    if (i < 0) i += size;
    return i < 0 ? 0 : i > size ? size : i;
  };
  const int64_t first = clamp(start.value_or(0));
  const int64_t last = std::max(first, end ? clamp(*end) : size);
  Geometry g(self);
  g.offset += first * g.strides[dim];
  const int64_t length = last - first;
  g.sizes[dim] = length == 0 ? 0 : (length - 1) / step + 1;
  if (__builtin_mul_overflow(g.strides[dim], step, &g.strides[dim])) g.strides[dim] = 1;  // at most one element is left
  return g.over(self);
}

Tensor as_strided(const Tensor& self, IntSpan size, IntSpan stride, optional<int64_t> storage_offset) {
  const int64_t offset = storage_offset.value_or(self.storage_offset());
  check_as_strided(size, stride, offset);
  check_bounds(size, stride, offset, self.itemsize(), self.storage()->nbytes());
  return make_view(self, size, stride, offset);
}

void as_strided_(const Tensor& self, IntSpan size, IntSpan stride, optional<int64_t> storage_offset) {
  const int64_t offset = storage_offset.value_or(self.storage_offset());
  check_as_strided(size, stride, offset);
  check_bounds(size, stride, offset, self.itemsize(), self.storage()->nbytes());
  self->set_geometry(size, stride, offset);
}

Tensor diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t a = wrap_dim(dim1, self.dim()), b = wrap_dim(dim2, self.dim());
  OPS_CHECK(a != b, RuntimeError, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  Geometry g(self);
  const int64_t rows = g.sizes[a], columns = g.sizes[b];
  const int64_t n =
      std::max<int64_t>(offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns), 0);
  if (n > 0) g.offset += offset >= 0 ? offset * g.strides[b] : -offset * g.strides[a];
  const int64_t stride = g.strides[a] + g.strides[b];
  g.sizes.erase(std::max(a, b));
  g.strides.erase(std::max(a, b));
  g.sizes.erase(std::min(a, b));
  g.strides.erase(std::min(a, b));
  g.sizes.push_back(n);
  g.strides.push_back(stride);
  return g.over(self);
}

Tensor unfold(const Tensor& self, int64_t dimension, int64_t size, int64_t step) {
  const int64_t dim = wrap_dim(dimension, self.dim());
  const int64_t extent = self.dim() == 0 ? 1 : self.sizes()[dim];
  OPS_CHECK(size >= 0, RuntimeError, "size is ", size, " but must be >= 0");
  OPS_CHECK(size <= extent, RuntimeError, "maximum size for tensor at dimension ", dim, " is ", extent, " but size is ",
            size);
  OPS_CHECK(step > 0, RuntimeError, "step is ", step, " but must be > 0");
  Geometry g(self);
  g.sizes.push_back(size);
  if (self.dim() == 0) {
    g.strides.push_back(1);
  } else {
    g.strides.push_back(g.strides[dim]);
    g.sizes[dim] = (extent - size) / step + 1;
    g.strides[dim] *= step;
  }
  return g.over(self);
}

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  start_dim = wrap_dim(start_dim, self.dim());
  end_dim = wrap_dim(end_dim, self.dim());
  OPS_CHECK(start_dim <= end_dim, RuntimeError, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.dim() == 0) return reshape(self, {1});
  if (start_dim == end_dim) return self;
  DimVector shape;
  int64_t joined = 1;
  for (int64_t d = 0; d < self.dim(); d++) {
    if (d < start_dim || d > end_dim)
      shape.push_back(self.sizes()[d]);
    else
      joined *= self.sizes()[d];
    if (d == end_dim) shape.push_back(joined);
  }
  return reshape(self, shape);
}

Tensor unflatten(const Tensor& self, int64_t dim, IntSpan sizes) {
  dim = wrap_dim(dim, self.dim());
  OPS_CHECK(!sizes.empty(), RuntimeError, "unflatten: sizes must be non-empty");
  const int64_t size = self.size(dim);
  int64_t product = 1;
  bool inferred = false;
  for (int64_t s : sizes) {
    if (s == -1)
      inferred = true;
    else
      product *= s;
  }
  OPS_CHECK(inferred ? product != 0 && size % product == 0 : product == size, RuntimeError,
            "unflatten: Provided sizes ", sizes, " don't multiply up to the size of dim ", dim, " (", size,
            ") in the input tensor");
  DimVector shape;
  for (int64_t d = 0; d < self.dim(); d++) {
    if (d != dim)
      shape.push_back(self.sizes()[d]);
    else
      for (int64_t s : sizes) shape.push_back(s == -1 ? size / product : s);
  }
  return view(self, shape);
}

Tensor movedim(const Tensor& self, IntSpan source, IntSpan destination) {
  OPS_CHECK(source.size() == destination.size(), RuntimeError, "movedim: Invalid source or destination dims: source (",
            source,
            " dims) should contain the same number of "
            "dims as destination (",
            destination, " dims)");
  const int64_t n = self.dim();
  DimVector order(n, -1), used(n);
  for (size_t i = 0; i < source.size(); i++) {
    const int64_t from = wrap_dim(source[i], n), to = wrap_dim(destination[i], n);
    OPS_CHECK(n == 0 || !used[from], RuntimeError, "movedim: repeated dim in `source` (", source, ")");
    OPS_CHECK(n == 0 || order[to] < 0, RuntimeError, "movedim: repeated dim in `destination` (", destination, ")");
    if (n == 0) continue;
    used[from] = 1;
    order[to] = from;
  }
  int64_t next = 0;
  for (int64_t d = 0; d < n; d++) {
    if (order[d] >= 0) continue;
    while (used[next]) next++;
    order[d] = next++;
  }
  return permute(self, order);
}

std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim) {
  OPS_CHECK(self.dim() > 0, RuntimeError, "split expects at least a 1-dimensional tensor");
  OPS_CHECK(split_size >= 0, RuntimeError, "split expects split_size be non-negative, but got split_size=", split_size);
  const int64_t size = self.size(dim);
  OPS_CHECK(split_size > 0 || size == 0, RuntimeError,
            "split_size can only be 0 if dimension size is 0, but got dimension size of ", size);
  const int64_t parts = split_size == 0 ? 1 : std::max<int64_t>((size + split_size - 1) / split_size, 1);
  std::vector<Tensor> out;
  out.reserve(static_cast<size_t>(parts));
  for (int64_t i = 0; i < parts; i++)
    out.push_back(slice(self, dim, i * split_size, std::min(size, (i + 1) * split_size), 1));
  return out;
}

std::vector<Tensor> split_with_sizes(const Tensor& self, IntSpan split_sizes, int64_t dim) {
  OPS_CHECK(self.dim() > 0, RuntimeError, "split expects at least a 1-dimensional tensor");
  const int64_t size = self.size(dim);
  std::vector<Tensor> out;
  int64_t start = 0;
  for (int64_t length : split_sizes) {
    OPS_CHECK(length >= 0, RuntimeError,
              "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=", split_sizes);
    out.push_back(slice(self, dim, start, start + length, 1));
    start += length;
  }
  OPS_CHECK(start == size, RuntimeError, "split_with_sizes expects split_sizes to sum exactly to ", size,
            " (input tensor's size at dimension ", dim, "), but got split_sizes=", split_sizes);
  return out;
}

std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  OPS_CHECK(self.dim() > 0, RuntimeError, "chunk expects at least a 1-dimensional tensor");
  OPS_CHECK(chunks > 0, RuntimeError, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int64_t size = self.size(dim);
  const int64_t split_size = (size + chunks - 1) / chunks;
  // A dimension of size 0 still gives that many chunks.
  if (split_size == 0 && size == 0) return split_with_sizes(self, DimVector(static_cast<size_t>(chunks)), dim);
  return split(self, split_size, dim);
}

std::vector<Tensor> unbind(const Tensor& self, int64_t dim) {
  OPS_CHECK(self.dim() > 0, IndexError, "Dimension specified as ", dim, " but tensor has no dimensions");
  dim = wrap_dim(dim, self.dim());
  std::vector<Tensor> out;
  const int64_t n = self.sizes()[dim];
  out.reserve(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i++) out.push_back(select(self, dim, i));
  return out;
}

Tensor view_as_real(const Tensor& self) {
  OPS_CHECK(is_complex(self.dtype()), RuntimeError, "view_as_real is only supported for complex tensors");
  Geometry g(self);
  for (int64_t& s : g.strides) s *= 2;
  g.sizes.push_back(2);
  g.strides.push_back(1);
  Tensor out = Tensor::steal(TensorImpl::create(self.share_storage(), to_real(self.dtype()), self.device()));
  out->set_geometry(g.sizes, g.strides, g.offset * 2);
  out->share_version(*self.get());
  return out;
}

Tensor view_as_complex(const Tensor& self) {
  OPS_CHECK(self.dtype() == DType::Float32 || self.dtype() == DType::Float64, RuntimeError,
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: ",
            info(self.dtype()).cpp_name);
  OPS_CHECK(self.dim() > 0, RuntimeError, "Input tensor must have one or more dimensions");
  OPS_CHECK(self.size(-1) == 2, RuntimeError, "Tensor must have a last dimension of size 2");
  Geometry g(self);
  OPS_CHECK(g.strides.back() == 1, RuntimeError, "Tensor must have a last dimension with stride 1");
  g.sizes.pop_back();
  g.strides.pop_back();
  for (int64_t& s : g.strides) {
    OPS_CHECK(s % 2 == 0, RuntimeError, "Tensor must have a stride divisible by 2 for all but last dimension");
    s /= 2;
  }
  OPS_CHECK(g.offset % 2 == 0, RuntimeError, "Tensor must have a storage_offset divisible by 2");
  Tensor out = Tensor::steal(TensorImpl::create(self.share_storage(), to_complex(self.dtype()), self.device()));
  out->set_geometry(g.sizes, g.strides, g.offset / 2);
  out->share_version(*self.get());
  return out;
}

void resize_(const Tensor& self, IntSpan size, optional<MemoryFormat> memory_format) {
  for (int64_t s : size)
    OPS_CHECK(s >= 0, RuntimeError, "Trying to create tensor with negative dimension ", s, ": ", size);
  const MemoryFormat format = memory_format.value_or(MemoryFormat::Contiguous);
  OPS_CHECK(format != MemoryFormat::Preserve, RuntimeError, "Unsupported memory format", name(format));
  const bool same = self.sizes() == size;
  if (same && format == MemoryFormat::Contiguous) return;
  const DimVector sizes(size);
  const DimVector strides =
      format == MemoryFormat::Contiguous ? contiguous_strides(sizes) : channels_last_strides(sizes);
  const int64_t extent = storage_extent(sizes, strides);
  const size_t bytes = extent == 0 ? 0 : static_cast<size_t>(extent + self.storage_offset()) * self.itemsize();
  if (bytes > self.storage()->nbytes()) self.storage()->resize_bytes(bytes);
  self->set_geometry(sizes, strides, self.storage_offset());
}

void set_(const Tensor& self, const Tensor& source) {
  OPS_CHECK(self.dtype() == source.dtype(), RuntimeError, "Could not set tensor of type ", info(source.dtype()).name,
            " to a tensor of type ", info(self.dtype()).name);
  const Geometry g(source);
  self->set_storage(source.share_storage(), source.dtype());
  self->set_geometry(g.sizes, g.strides, g.offset);
}

void set_(const Tensor& self, Storage source, int64_t storage_offset, IntSpan size, IntSpan stride) {
  const DimVector sizes(size);
  const DimVector strides = stride.empty() && !size.empty() ? contiguous_strides(sizes) : DimVector(stride);
  check_as_strided(sizes, strides, storage_offset);
  const int64_t extent = storage_extent(sizes, strides);
  const size_t bytes = extent == 0 ? 0 : static_cast<size_t>(extent + storage_offset) * self.itemsize();
  if (bytes > source->nbytes()) {
    OPS_CHECK(source->has(StorageImpl::kResizable), RuntimeError, "Trying to resize storage that is not resizable");
    source->resize_bytes(bytes);
  }
  self->set_storage(std::move(source), self.dtype());
  self->set_geometry(sizes, strides, storage_offset);
}

}  // namespace tsvm::ops::cpu

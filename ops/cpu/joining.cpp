// Joining tensors, and rearrangements that copy.
#include <cstring>

#include "ops/cpu/element.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/loops.h"

namespace tsvm::ops::cpu {
namespace {

/// Copies `part` into the contiguous `out` (sizes already fit) at place `start` of dimension `dim`.
void place(const Tensor& out, const Tensor& part, int64_t dim, int64_t start) {
  if (part.numel() == 0) return;
  if (!part.is_contiguous() || part.dtype() != out.dtype() || !out.is_contiguous())
    return copy_(narrow(out, dim, start, part.sizes()[dim]), part);
  int64_t outer = 1, inner = static_cast<int64_t>(out.itemsize());
  for (int64_t d = 0; d < out.dim(); d++) {
    if (d < dim) outer *= out.sizes()[d];
    if (d > dim) inner *= out.sizes()[d];
  }
  const int64_t from_step = part.sizes()[dim] * inner, to_step = out.sizes()[dim] * inner;
  const char* from = static_cast<const char*>(part.data());
  char* to = static_cast<char*>(out.data()) + start * inner;
  parallel_for(outer, std::max<int64_t>(1, 8 * kGrain / from_step), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      copy_bytes(to + i * to_step, from + i * from_step, static_cast<size_t>(from_step));
  });
}

/// 1-dim tensors without elements join anything, as PyTorch has it for old programs' sake.
bool is_skipped(const Tensor& t) { return t.dim() == 1 && t.sizes()[0] == 0; }

bool is_channels_last(const Tensor& t) {
  return (t.dim() == 4 || t.dim() == 5) && !t.is_contiguous() && is_channels_last_contiguous(t.sizes(), t.strides());
}

}  // namespace

Tensor cat(TensorSpan tensors, int64_t dim) {
  OPS_CHECK(!tensors.empty(), RuntimeError, "torch.cat(): expected a non-empty list of Tensors");
  const Tensor* model = nullptr;
  ResultType type;
  bool same_type = true, channels_last = true;
  for (size_t i = 0; i < tensors.size(); i++) {
    const Tensor& t = tensors[i];
    OPS_CHECK(t.dim() > 0, RuntimeError, "zero-dimensional tensor (at position ", i, ") cannot be concatenated");
    add_operand(type, t);
    same_type &= t.dtype() == tensors[0].dtype();
    if (is_skipped(t)) continue;
    if (!model) model = &t;
    channels_last &= is_channels_last(t);
  }
  const DType dtype = same_type ? tensors[0].dtype() : type.get();
  const Device device = tensors[0].device();
  if (!model) {
    wrap_dim(dim, 1);
    return ops::empty({0}, dtype, device);
  }
  dim = wrap_dim(dim, model->dim());
  DimVector sizes(model->sizes());
  sizes[static_cast<size_t>(dim)] = 0;
  for (size_t i = 0; i < tensors.size(); i++) {
    const Tensor& t = tensors[i];
    if (is_skipped(t)) continue;
    OPS_CHECK(t.dim() == model->dim(), RuntimeError, "Tensors must have same number of dimensions: got ", model->dim(),
              " and ", t.dim());
    for (int64_t d = 0; d < t.dim(); d++)
      OPS_CHECK(d == dim || t.sizes()[d] == model->sizes()[d], RuntimeError,
                "Sizes of tensors must match except in dimension ", dim, ". Expected size ", model->sizes()[d],
                " but got size ", t.sizes()[d], " for tensor number ", i, " in the list.");
    sizes[static_cast<size_t>(dim)] += t.sizes()[dim];
  }
  Tensor out = ops::empty(sizes, dtype, device);
  if (channels_last) out->set_geometry(sizes, channels_last_strides(sizes), 0);
  if (out.is_meta()) return out;
  int64_t start = 0;
  for (const Tensor& t : tensors) {
    if (is_skipped(t)) continue;
    place(out, t, dim, start);
    start += t.sizes()[dim];
  }
  return out;
}

Tensor stack(TensorSpan tensors, int64_t dim) {
  OPS_CHECK(!tensors.empty(), RuntimeError, "stack expects a non-empty TensorList");
  const Tensor& model = tensors[0];
  dim = wrap_dim(dim, model.dim() + 1);
  ResultType type;
  bool same_type = true;
  for (size_t i = 0; i < tensors.size(); i++) {
    OPS_CHECK(tensors[i].sizes() == model.sizes(), RuntimeError, "stack expects each tensor to be equal size, but got ",
              model.sizes(), " at entry 0 and ", tensors[i].sizes(), " at entry ", i);
    add_operand(type, tensors[i]);
    same_type &= tensors[i].dtype() == model.dtype();
  }
  DimVector sizes(model.sizes());
  sizes.insert(static_cast<size_t>(dim), static_cast<int64_t>(tensors.size()));
  Tensor out = ops::empty(sizes, same_type ? model.dtype() : type.get(), model.device());
  if (out.is_meta() || out.numel() == 0) return out;
  for (size_t i = 0; i < tensors.size(); i++) place(out, unsqueeze(tensors[i], dim), dim, static_cast<int64_t>(i));
  return out;
}

Tensor repeat(const Tensor& self, IntSpan repeats) {
  OPS_CHECK(static_cast<int64_t>(repeats.size()) >= self.dim(), RuntimeError,
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  const int64_t extra = static_cast<int64_t>(repeats.size()) - self.dim();
  DimVector padded(static_cast<size_t>(extra), 1), sizes;
  for (int64_t s : self.sizes()) padded.push_back(s);
  for (size_t d = 0; d < repeats.size(); d++) sizes.push_back(padded[d] * repeats[d]);
  Tensor out = ops::empty(sizes, self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  // The result seen as (repeat, size) pairs; the source has stride 0 along each repeat.
  const Tensor source = view(contiguous(self), padded);
  DimVector pairs, strides;
  for (size_t d = 0; d < repeats.size(); d++) {
    pairs.push_back(repeats[d]);
    pairs.push_back(padded[d]);
    strides.push_back(0);
    strides.push_back(source.strides()[d]);
  }
  copy_(view(out, pairs), make_view(source, pairs, strides, source.storage_offset()));
  return out;
}

Tensor repeat_interleave(const Tensor& self, const Tensor& repeats, optional<int64_t> dim) {
  OPS_CHECK(!self.is_meta(), NotImplementedError,
            "repeat_interleave on meta tensors: the result's size depends on the elements");
  const Tensor input = dim ? self : reshape(self, {-1});
  const int64_t d = wrap_dim(dim.value_or(0), input.dim());
  const int64_t n = input.dim() == 0 ? 1 : input.sizes()[d];
  OPS_CHECK(repeats.dtype() == DType::Int64 || repeats.dtype() == DType::Int32, RuntimeError,
            "repeats has to be Long or Int tensor");
  OPS_CHECK(repeats.dim() == 0 || (repeats.dim() == 1 && (repeats.numel() == 1 || repeats.numel() == n)), RuntimeError,
            repeats.dim() > 1 ? "repeats must be 0-dim or 1-dim tensor"
                              : "repeats must have the same size as input along dim");
  const Tensor counts = contiguous(to(repeats, DType::Int64));
  std::vector<int64_t> places;
  for (int64_t i = 0; i < n; i++) {
    const int64_t count = counts.data_ptr<int64_t>()[counts.numel() == 1 ? 0 : i];
    OPS_CHECK(count >= 0, RuntimeError, "repeats can not be negative");
    places.insert(places.end(), static_cast<size_t>(count), i);
  }
  const Tensor source = input.dim() == 0 ? unsqueeze(input, 0) : input;
  return index_select(source, d,
                      from_data(places.data(), DType::Int64, {static_cast<int64_t>(places.size())}, DType::Int64));
}

Tensor repeat_interleave(const Tensor& self, int64_t repeats, optional<int64_t> dim) {
  OPS_CHECK(repeats >= 0, RuntimeError, "Repeats must be non-negative");
  return repeat_interleave(self, scalar_tensor(Scalar(repeats), DType::Int64), dim);
}

Tensor flip(const Tensor& self, IntSpan dims) {
  DimVector flags(static_cast<size_t>(self.dim()));
  for (int64_t given : dims) {
    const int64_t d = wrap_dim(given, self.dim());
    if (self.dim() == 0) continue;
    OPS_CHECK(!flags[static_cast<size_t>(d)], RuntimeError, "dim ", d, " appears multiple times in the list of dims");
    flags[static_cast<size_t>(d)] = 1;
  }
  Tensor out = empty_like(self);
  if (out.is_meta() || out.numel() == 0) return out;
  DimVector strides(self.strides());
  int64_t offset = 0;
  for (size_t d = 0; d < flags.size(); d++) {
    if (!flags[d]) continue;
    offset += (self.sizes()[d] - 1) * strides[d];
    strides[d] = -strides[d];
  }
  LoopNest<2> nest(self.sizes());
  nest.add(out);
  nest.add(static_cast<char*>(self.data()) + offset * static_cast<int64_t>(self.itemsize()), self.sizes(), strides,
           self.itemsize());
  nest.finish();
  TSVM_DISPATCH_SIZE(self.dtype(), {
    nest.run([](char** data, const int64_t* s, int64_t n) {
      for (int64_t i = 0; i < n; i++) std::memcpy(data[0] + i * s[0], data[1] + i * s[1], sizeof(scalar_t));
    });
  });
  return out;
}

Tensor roll(const Tensor& self, IntSpan shifts, IntSpan dims) {
  OPS_CHECK(!shifts.empty(), RuntimeError, "`shifts` required");
  if (dims.empty() && shifts.size() == 1) return view(roll(reshape(self, {-1}), shifts, {0}), self.sizes());
  OPS_CHECK(shifts.size() == dims.size(), RuntimeError, "shifts and dimensions must align. shifts: ", shifts.size(),
            ", dims:", dims.size());
  if (self.is_meta() || self.numel() == 0) return clone(self, MemoryFormat::Contiguous);
  Tensor out = self;
  for (size_t k = 0; k < dims.size(); k++) {
    const int64_t d = wrap_dim(dims[k], self.dim());
    if (self.dim() == 0) continue;
    const int64_t n = self.sizes()[d], start = ((n - shifts[k]) % n + n) % n;
    if (start == 0) continue;
    const Tensor parts[] = {narrow(out, d, start, n - start), narrow(out, d, 0, start)};
    out = cat(parts, d);
  }
  return out.storage() == self.storage() ? clone(self, MemoryFormat::Contiguous) : out;
}

}  // namespace tsvm::ops::cpu

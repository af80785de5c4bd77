#include "ops/tensor/tensor.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "ops/tensor/scalar.h"
#include "ops/tensor/shape.h"

namespace tsvm::ops {

TensorImpl* TensorImpl::create(Storage storage, DType dtype, Device device, int64_t offset) {
  TensorImpl* t = new (allocate(sizeof(TensorImpl))) TensorImpl();
  t->refs_.store(1, std::memory_order_relaxed);
  t->flags_ = kContiguous;
  t->dtype_ = dtype;
  t->layout_ = Layout::Strided;
  t->device_ = device;
  t->ndim_ = 0;
  t->capacity_ = kInlineDims;
  t->storage_ = storage.leak();
  t->offset_ = offset;
  t->numel_ = 1;
  t->dims_ = t->inline_dims_;
  t->autograd_ = nullptr;
  t->own_version_ = nullptr;
  t->user_ = nullptr;
  t->user_deleter_ = nullptr;
  return t;
}

namespace {
void release_counter(VersionCounter* c) {
  if (c && c->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete c;
}
}  // namespace

void TensorImpl::destroy() noexcept {
  // Handles made while the host and autograd clean up must not destroy the tensor a second time.
  if (__builtin_expect(user_deleter_ != nullptr || autograd_ != nullptr, 0)) {
    refs_.store(1u << 30, std::memory_order_relaxed);
    if (user_deleter_) user_deleter_(user_, this);
    delete autograd_;
    TSVM_CHECK(refs_.load(std::memory_order_relaxed) == 1u << 30, "a dying tensor got a new owner");
  }
  if (own_version_) release_counter(own_version_);
  if (dims_ != inline_dims_) delete[] dims_;
  storage_->release();
  deallocate(this, sizeof(TensorImpl));
}

void TensorImpl::set_autograd(AutogradMetaBase* meta) {
  AutogradMetaBase* old = std::exchange(autograd_, meta);
  delete old;
}

int64_t* TensorImpl::room_for(int ndim) {
  OPS_CHECK(ndim <= 255, RuntimeError, "tensors with more than 255 dimensions are not supported");
  if (ndim <= capacity_) return dims_;
  int64_t* fresh = new int64_t[2 * static_cast<size_t>(ndim)];
  if (dims_ != inline_dims_) delete[] dims_;
  capacity_ = static_cast<uint8_t>(ndim);
  return fresh;
}

void TensorImpl::set_geometry(IntSpan sizes, IntSpan strides, int64_t offset) {
  const int n = static_cast<int>(sizes.size());
  if (__builtin_expect(n > capacity_, 0)) {
    const DimVector s(sizes), t(strides);  // they may point into the block being replaced
    dims_ = room_for(n);
    std::copy(s.begin(), s.end(), dims_);
    std::copy(t.begin(), t.end(), dims_ + n);
  } else if (sizes.data() >= dims_ && sizes.data() < dims_ + 2 * capacity_) {
    const DimVector s(sizes), t(strides);
    std::copy(s.begin(), s.end(), dims_);
    std::copy(t.begin(), t.end(), dims_ + n);
  } else {
    for (int i = 0; i < n; i++) dims_[i] = sizes[i];
    for (int i = 0; i < n; i++) dims_[n + i] = strides[i];
  }
  ndim_ = static_cast<uint8_t>(n);
  offset_ = offset;
  refresh();
}

void TensorImpl::refresh() {
  const int n = ndim_;
  const int64_t* size = dims_;
  const int64_t* stride = dims_ + n;
  int64_t numel = 1;
  bool contiguous = true;
  for (int i = n; i-- > 0;) {
    if (size[i] != 1) {
      contiguous &= stride[i] == numel;
      numel *= size[i];
    }
  }
  numel_ = numel;
  set_flag(kContiguous, contiguous || numel == 0);
}

void TensorImpl::set_contiguous(IntSpan sizes) {
  const int n = static_cast<int>(sizes.size());
  if (__builtin_expect(n > capacity_, 0)) {
    const DimVector s(sizes);
    dims_ = room_for(n);
    std::copy(s.begin(), s.end(), dims_);
  } else {
    for (int i = 0; i < n; i++) dims_[i] = sizes[i];
  }
  ndim_ = static_cast<uint8_t>(n);
  int64_t numel = 1, step = 1;
  for (int i = n; i-- > 0;) {
    dims_[n + i] = step;
    step *= dims_[i] > 1 ? dims_[i] : 1;
    numel *= dims_[i];
  }
  numel_ = numel;
  flags_ |= kContiguous;
}

void TensorImpl::set_storage(Storage storage, DType dtype) {
  if (!own_version_) detach_version(version());
  storage_->release();
  device_ = storage->device();
  storage_ = storage.leak();
  dtype_ = dtype;
}

void TensorImpl::detach_version(uint32_t start) {
  release_counter(own_version_);
  own_version_ = new VersionCounter();
  own_version_->value.store(start, std::memory_order_relaxed);
}

void TensorImpl::share_version(const TensorImpl& base) {
  if (base.own_version_) base.own_version_->refs.fetch_add(1, std::memory_order_relaxed);
  release_counter(own_version_);
  own_version_ = base.own_version_;
}

int64_t Tensor::size(int64_t d) const { return impl_->sizes_data()[wrap_dim(d, dim())]; }
int64_t Tensor::stride(int64_t d) const { return impl_->strides_data()[wrap_dim(d, dim())]; }

bool Tensor::is_contiguous(MemoryFormat format) const {
  switch (format) {
    case MemoryFormat::Contiguous:
    case MemoryFormat::Preserve: return is_contiguous();
    case MemoryFormat::ChannelsLast: return dim() == 4 && is_channels_last_contiguous(sizes(), strides());
    case MemoryFormat::ChannelsLast3d: return dim() == 5 && is_channels_last_contiguous(sizes(), strides());
  }
  return false;
}

bool Tensor::is_non_overlapping_and_dense() const {
  return is_contiguous() || ops::is_non_overlapping_and_dense(sizes(), strides());
}

namespace {

/// Bytes of a contiguous tensor; checks signs and overflow.
size_t checked_nbytes(IntSpan sizes, DType dtype) {
  int64_t n = static_cast<int64_t>(item_size(dtype));
  bool overflow = false, zero = false;
  for (int64_t s : sizes) {
    OPS_CHECK(s >= 0, RuntimeError, "Trying to create tensor with negative dimension ", s, ": ", sizes);
    zero |= s == 0;
    overflow |= __builtin_mul_overflow(n, s, &n);
  }
  OPS_CHECK(!overflow || zero, RuntimeError, "Storage size calculation overflowed with sizes=", sizes);
  return zero ? 0 : static_cast<size_t>(n);
}

}  // namespace

Tensor empty(IntSpan sizes, DType dtype, Device device) {
  const size_t bytes = checked_nbytes(sizes, dtype);
  TensorImpl* t = TensorImpl::create(Storage::allocate(bytes, device), dtype, device);
  Tensor result = Tensor::steal(t);
  t->set_contiguous(sizes);
  return result;
}

Tensor empty_strided(IntSpan sizes, IntSpan strides, DType dtype, Device device) {
  OPS_CHECK(sizes.size() == strides.size(), RuntimeError, "mismatch in length of strides and shape");
  checked_nbytes(sizes, dtype);
  for (int64_t s : strides) OPS_CHECK(s >= 0, RuntimeError, "negative strides are not supported: ", strides);
  const int64_t extent = storage_extent(sizes, strides);
  TensorImpl* t =
      TensorImpl::create(Storage::allocate(static_cast<size_t>(extent) * item_size(dtype), device), dtype, device);
  Tensor result = Tensor::steal(t);
  t->set_geometry(sizes, strides, 0);
  return result;
}

Tensor scalar_tensor(const Scalar& value, DType dtype) {
  Tensor t = empty({}, dtype);
  TSVM_DISPATCH_ALL(dtype, "scalar_tensor", *t.data_ptr<scalar_t>() = value.to<scalar_t>());
  return t;
}

Tensor wrapped_number(const Scalar& value) {
  // As PyTorch does: floats are kept in double, so that no digits are lost before the operator converts them.
  const DType dtype = value.is_float() ? DType::Float64 : value.is_complex() ? DType::Complex128 : value.dtype();
  Tensor t = scalar_tensor(value, dtype);
  t->set_flag(TensorImpl::kWrappedNumber, true);
  return t;
}

void add_operand(ResultType& type, const Tensor& t) {
  if (t.is_wrapped_number())
    type.add_number(category(t.dtype()));
  else if (t.dim() > 0)
    type.add_dim(t.dtype());
  else
    type.add_zero_dim(t.dtype());
}

DType result_type(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype() && !a.is_wrapped_number() && !b.is_wrapped_number()) return a.dtype();
  ResultType type;
  add_operand(type, a);
  add_operand(type, b);
  return type.get();
}

DType result_type(const Tensor& a, const Scalar& b) {
  ResultType type;
  add_operand(type, a);
  type.add_number(b.category());
  return type.get();
}

Tensor make_view(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset) {
  TensorImpl* t = TensorImpl::create(base.share_storage(), base.dtype(), base.device());
  Tensor result = Tensor::steal(t);
  t->set_geometry(sizes, strides, offset);
  t->share_version(*base.get());
  return result;
}

Tensor from_blob(void* data, IntSpan sizes, DType dtype, StorageImpl::Deleter deleter, void* context) {
  const size_t bytes = checked_nbytes(sizes, dtype);
  TensorImpl* t = TensorImpl::create(Storage::foreign(data, bytes, deleter, context), dtype, Device());
  t->set_contiguous(sizes);
  return Tensor::steal(t);
}

Tensor detach(const Tensor& self) { return make_view(self, self.sizes(), self.strides(), self.storage_offset()); }

Scalar item(const Tensor& self) {
  OPS_CHECK(self.numel() == 1, ValueError, "only one element tensors can be converted to Python scalars");
  OPS_CHECK(!self.is_meta(), NotImplementedError, "Cannot copy out of meta tensor; no data!");
  Scalar value;
  TSVM_DISPATCH_ALL(self.dtype(), "item", value = Scalar::of(*self.data_ptr<scalar_t>()));
  return value;
}

}  // namespace tsvm::ops

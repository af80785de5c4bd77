// Tensors: a TensorImpl describes elements in a storage; a Tensor is an 8-byte counted handle of one.
//
// Sizes and strides are inline up to kInlineDims dimensions, so making a small tensor takes two blocks from free lists
// and nothing else. What must stay true:
//   - numel_ and the contiguity flag are those of the sizes and strides (set_geometry keeps them);
//   - offset and strides stay within the storage (checked by whoever makes a view);
//   - views share storage and version counter with their base. detach() shares both; a tensor that shares memory but
//     not the counter (`.data`) has a counter of its own, which its views share.
// The autograd part and the host language's attributes hang off two opaque pointers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ops/tensor/device.h"
#include "ops/tensor/dims.h"
#include "ops/tensor/dtype.h"
#include "ops/tensor/scalar.h"
#include "ops/tensor/storage.h"

namespace tsvm::ops {

/// Base of what autograd attaches to a tensor (gradient, grad_fn, hooks, view base ...); ops/autograd derives from it.
struct AutogradMetaBase {
  virtual ~AutogradMetaBase() = default;
};

/// A version counter of its own, for tensors that do not share their storage's.
struct VersionCounter {
  std::atomic<uint32_t> refs{1};
  std::atomic<uint32_t> value{0};
};

class TensorImpl {
 public:
  static constexpr int kInlineDims = 5;

  enum Flags : uint16_t {
    kContiguous = 1,
    kRequiresGrad = 2,
    kParameter = 4,      // made by nn.Parameter
    kWrappedNumber = 8,  // a Python number made into a 0-dim tensor: counts last in promotion
    kNonLeaf = 16,       // autograd knows what made it
  };

  /// A tensor without geometry: 0 dimensions, one element at `offset`. Takes over the storage.
  static TensorImpl* create(Storage storage, DType dtype, Device device, int64_t offset = 0);

  int64_t dim() const { return ndim_; }
  IntSpan sizes() const { return IntSpan(dims_, ndim_); }
  IntSpan strides() const { return IntSpan(dims_ + ndim_, ndim_); }
  const int64_t* sizes_data() const { return dims_; }
  const int64_t* strides_data() const { return dims_ + ndim_; }
  int64_t numel() const { return numel_; }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  Layout layout() const { return layout_; }
  void set_layout(Layout layout) { layout_ = layout; }
  StorageImpl* storage() const { return storage_; }
  int64_t storage_offset() const { return offset_; }
  bool has(Flags f) const { return flags_ & f; }
  void set_flag(Flags f, bool on) { flags_ = static_cast<uint16_t>(on ? flags_ | f : flags_ & ~f); }
  void* data() const {
    return static_cast<char*>(storage_->data()) + offset_ * static_cast<int64_t>(item_size(dtype_));
  }

  /// Sets sizes, strides and offset, and what follows from them. Does not look at the storage's size.
  void set_geometry(IntSpan sizes, IntSpan strides, int64_t offset);
  /// The same with the strides of a contiguous tensor.
  void set_contiguous(IntSpan sizes);
  void set_offset(int64_t offset) { offset_ = offset; }
  /// Puts another storage (and element type) under the tensor: set_(), `.data =`. The version counter stays the
  /// tensor's own.
  void set_storage(Storage storage, DType dtype);

  uint32_t version() const {
    return own_version_ ? own_version_->value.load(std::memory_order_relaxed) : storage_->version();
  }
  void bump_version() {
    if (__builtin_expect(own_version_ != nullptr, 0))
      own_version_->value.store(own_version_->value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      storage_->bump_version();
  }
  /// From now on this tensor counts its writes alone (views made later share it).
  void detach_version(uint32_t start = 0);
  /// Counts writes together with `base`.
  void share_version(const TensorImpl& base);

  AutogradMetaBase* autograd() const { return autograd_; }
  /// Takes over `meta`, destroying what was there.
  void set_autograd(AutogradMetaBase* meta);

  /// What the host attached (Python attributes, a weak-reference list ...); the deleter runs when the tensor dies.
  void* user() const { return user_; }
  using UserDeleter = void (*)(void* user, TensorImpl* dying) noexcept;
  void set_user(void* user, UserDeleter deleter) {
    user_ = user;
    user_deleter_ = deleter;
  }

  uint32_t use_count() const { return refs_.load(std::memory_order_relaxed); }
  bool unique() const { return refs_.load(std::memory_order_acquire) == 1; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.load(std::memory_order_acquire) == 1 || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  TensorImpl(const TensorImpl&) = delete;
  TensorImpl& operator=(const TensorImpl&) = delete;

 private:
  TensorImpl() = default;
  ~TensorImpl() = default;
  void destroy() noexcept;
  int64_t* room_for(int ndim);
  void refresh();

  std::atomic<uint32_t> refs_;  // first word: native code counts on it
  uint16_t flags_;
  DType dtype_;
  Layout layout_;
  Device device_;
  uint8_t ndim_;
  uint8_t capacity_;  // dimensions that dims_ has room for
  StorageImpl* storage_;
  int64_t offset_;  // in elements
  int64_t numel_;
  int64_t* dims_;  // sizes, then strides
  AutogradMetaBase* autograd_;
  VersionCounter* own_version_;
  void* user_;
  UserDeleter user_deleter_;
  int64_t inline_dims_[2 * kInlineDims];
};

/// A counted handle; undefined when empty (PyTorch's None for optional tensors).
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor& o) : impl_(o.impl_) {
    if (impl_) impl_->retain();
  }
  Tensor(Tensor&& o) noexcept : impl_(std::exchange(o.impl_, nullptr)) {}
  Tensor& operator=(const Tensor& o) {
    if (o.impl_) o.impl_->retain();
    if (impl_) impl_->release();
    impl_ = o.impl_;
    return *this;
  }
  Tensor& operator=(Tensor&& o) noexcept {
    TensorImpl* old = std::exchange(impl_, std::exchange(o.impl_, nullptr));
    if (old) old->release();
    return *this;
  }
  ~Tensor() {
    if (impl_) impl_->release();
  }
  /// Takes over one reference.
  static Tensor steal(TensorImpl* impl) {
    Tensor t;
    t.impl_ = impl;
    return t;
  }
  /// Adds a reference.
  static Tensor retain(TensorImpl* impl) {
    if (impl) impl->retain();
    return steal(impl);
  }
  TensorImpl* get() const { return impl_; }
  TensorImpl* operator->() const { return impl_; }
  /// Gives up the reference without counting down.
  TensorImpl* leak() { return std::exchange(impl_, nullptr); }

  bool defined() const { return impl_ != nullptr; }
  explicit operator bool() const { return impl_ != nullptr; }
  bool is_same(const Tensor& o) const { return impl_ == o.impl_; }

  int64_t dim() const { return impl_->dim(); }
  IntSpan sizes() const { return impl_->sizes(); }
  IntSpan strides() const { return impl_->strides(); }
  /// Size of a dimension; negative ones count from the end. Throws PyTorch's IndexError.
  int64_t size(int64_t d) const;
  int64_t stride(int64_t d) const;
  int64_t numel() const { return impl_->numel(); }
  DType dtype() const { return impl_->dtype(); }
  Device device() const { return impl_->device(); }
  Layout layout() const { return impl_->layout(); }
  size_t itemsize() const { return item_size(impl_->dtype()); }
  size_t nbytes() const { return itemsize() * static_cast<size_t>(numel()); }
  StorageImpl* storage() const { return impl_->storage(); }
  Storage share_storage() const {
    impl_->storage()->retain();
    return Storage::steal(impl_->storage());
  }
  int64_t storage_offset() const { return impl_->storage_offset(); }
  bool requires_grad() const { return impl_->has(TensorImpl::kRequiresGrad); }
  bool is_wrapped_number() const { return impl_->has(TensorImpl::kWrappedNumber); }
  bool is_contiguous() const { return impl_->has(TensorImpl::kContiguous); }
  bool is_contiguous(MemoryFormat format) const;
  /// The elements fill one block of memory in some order of dimensions, each once.
  bool is_non_overlapping_and_dense() const;
  bool is_cpu() const { return device().is_cpu(); }
  bool is_meta() const { return device().is_meta(); }

  void* data() const { return impl_->data(); }
  template <class T>
  T* data_ptr() const {
    return static_cast<T*>(impl_->data());
  }
  uint32_t version() const { return impl_->version(); }
  void bump_version() const { impl_->bump_version(); }

 private:
  TensorImpl* impl_ = nullptr;
};

using TensorSpan = std::span<const Tensor>;

/// New contiguous memory, not initialised. Throws for negative sizes and sizes beyond int64.
Tensor empty(IntSpan sizes, DType dtype, Device device = {});
/// New memory with these strides (large enough for them).
Tensor empty_strided(IntSpan sizes, IntSpan strides, DType dtype, Device device = {});
/// A 0-dim tensor on the CPU.
Tensor scalar_tensor(const Scalar& value, DType dtype);
/// A 0-dim tensor marked as a wrapped Python number, of the number's default type.
Tensor wrapped_number(const Scalar& value);
/// Another tensor over the same storage, sharing the version counter: the base of all views.
Tensor make_view(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset);
/// A tensor over memory of someone else. The deleter may be null.
Tensor from_blob(void* data, IntSpan sizes, DType dtype, StorageImpl::Deleter deleter = nullptr,
                 void* context = nullptr);
/// The same elements in a tensor that autograd knows nothing of; shares the version counter.
Tensor detach(const Tensor& self);

/// Counts a tensor among the operands of a result type: with dimensions, 0-dim, or as the number it wraps.
void add_operand(ResultType& type, const Tensor& t);
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(const Tensor& a, const Scalar& b);

/// The value of a one-element tensor on the CPU.
Scalar item(const Tensor& self);

}  // namespace tsvm::ops

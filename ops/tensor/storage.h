// The memory behind tensors: counted, shared by views.
//
// Small storages of our own are one block: this header and the bytes after it. Other memory (a mapped file, a host's
// buffer, a device) comes with a deleter. The version is the count of in-place writes that autograd compares; it lives
// here because all views of one storage share it (a tensor that must not share it, like the result of `.data`, brings
// its own: see tensor.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ops/tensor/allocator.h"
#include "ops/tensor/device.h"

namespace tsvm::ops {

class StorageImpl {
 public:
  /// Frees `data`, which was given with `context`.
  using Deleter = void (*)(void* data, void* context, size_t bytes) noexcept;

  enum Flags : uint8_t {
    kInline = 1,     // the bytes follow this header
    kForeign = 2,    // not our allocator's memory: never written to reuse it for a result
    kReadOnly = 4,   // a mapping that must not be written; operators that write copy first
    kResizable = 8,  // resize_bytes() may replace the block
    kShared = 16,    // a mapping that the copies of this process made by fork() see too
  };

  void* data() const { return data_; }
  size_t nbytes() const { return nbytes_; }
  Device device() const { return device_; }
  bool has(Flags f) const { return flags_ & f; }
  void set_flag(Flags f, bool on) { flags_ = static_cast<uint8_t>(on ? flags_ | f : flags_ & ~f); }
  uint32_t use_count() const { return refs_.load(std::memory_order_relaxed); }
  bool unique() const { return refs_.load(std::memory_order_acquire) == 1; }
  uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.store(version() + 1, std::memory_order_relaxed); }
  /// Makes room for at least `bytes`, keeping the contents. Only with kResizable.
  void resize_bytes(size_t bytes);
  /// Moves the contents to memory that later copies of this process share; its size is fixed then.
  void share();

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    // The only owner needs no atomic subtraction.
    if (refs_.load(std::memory_order_acquire) == 1 || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  /// A new storage of our own with one reference. Device meta: no memory.
  static StorageImpl* create(size_t bytes, Device device);
  /// A new storage over memory that `deleter` (may be null) frees.
  static StorageImpl* create_foreign(void* data, size_t bytes, Device device, Deleter deleter, void* context);

 private:
  StorageImpl() = default;
  void destroy() noexcept;
  void free_block() noexcept;
  void replace_block(void* fresh, size_t bytes) noexcept;

  std::atomic<uint32_t> refs_;
  std::atomic<uint32_t> version_;
  void* data_;
  size_t nbytes_;
  size_t block_bytes_;  // of our own separate data block
  Deleter deleter_;
  void* context_;
  Device device_;
  uint8_t flags_;
};
static_assert(sizeof(StorageImpl) <= kAlignment);

/// A counted handle of a StorageImpl.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage& o) : impl_(o.impl_) {
    if (impl_) impl_->retain();
  }
  Storage(Storage&& o) noexcept : impl_(std::exchange(o.impl_, nullptr)) {}
  Storage& operator=(Storage o) noexcept {
    std::swap(impl_, o.impl_);
    return *this;
  }
  ~Storage() {
    if (impl_) impl_->release();
  }
  /// Takes over one reference.
  static Storage steal(StorageImpl* impl) {
    Storage s;
    s.impl_ = impl;
    return s;
  }
  static Storage allocate(size_t bytes, Device device = {}) { return steal(StorageImpl::create(bytes, device)); }
  static Storage foreign(void* data, size_t bytes, StorageImpl::Deleter deleter, void* context, Device device = {}) {
    return steal(StorageImpl::create_foreign(data, bytes, device, deleter, context));
  }

  explicit operator bool() const { return impl_ != nullptr; }
  StorageImpl* operator->() const { return impl_; }
  StorageImpl* get() const { return impl_; }
  StorageImpl* leak() { return std::exchange(impl_, nullptr); }

 private:
  StorageImpl* impl_ = nullptr;
};

}  // namespace tsvm::ops

#include "ops/tensor/storage.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "ops/tensor/error.h"
#include "ops/tensor/inference.h"

namespace tsvm::ops {

thread_local constinit bool making_inference_storages = false;

namespace {

// Past this many bytes the data gets a block of its own, so that header and data do not spoil a size class.
constexpr size_t kInlineBytes = kSmallLimit - kAlignment;

char* inline_data(StorageImpl* s) { return reinterpret_cast<char*>(s) + kAlignment; }

}  // namespace

StorageImpl* StorageImpl::create(size_t bytes, Device device) {
  const bool has_memory = device.is_cpu() && bytes > 0;
  const bool in_line = has_memory && bytes <= kInlineBytes;
  OPS_CHECK(!device.is_cuda(), AssertionError, "Torch not compiled with CUDA enabled");
  void* block = ops::allocate(kAlignment + (in_line ? bytes : 0));
  StorageImpl* s = new (block) StorageImpl();
  s->refs_.store(1, std::memory_order_relaxed);
  s->version_.store(0, std::memory_order_relaxed);
  s->nbytes_ = bytes;
  s->deleter_ = nullptr;
  s->context_ = nullptr;
  s->device_ = device;
  s->flags_ =
      static_cast<uint8_t>(kResizable | (in_line ? kInline : 0) | (making_inference_storages ? kInferenceStorage : 0));
  s->block_bytes_ = in_line ? bytes : 0;
  s->data_ = in_line ? inline_data(s) : nullptr;
  if (has_memory && !in_line) {
    try {
      s->data_ = ops::allocate(bytes);
    } catch (...) {
      ops::deallocate(block, kAlignment);
      throw;
    }
    s->block_bytes_ = bytes;
  }
  return s;
}

StorageImpl* StorageImpl::create_foreign(void* data, size_t bytes, Device device, Deleter deleter, void* context) {
  StorageImpl* s = new (ops::allocate(kAlignment)) StorageImpl();
  s->refs_.store(1, std::memory_order_relaxed);
  s->version_.store(0, std::memory_order_relaxed);
  s->data_ = data;
  s->nbytes_ = bytes;
  s->block_bytes_ = 0;
  s->deleter_ = deleter;
  s->context_ = context;
  s->device_ = device;
  s->flags_ = kForeign;
  return s;
}

void StorageImpl::destroy() noexcept {
  if (flags_ & kForeign) {
    if (deleter_) deleter_(data_, context_, nbytes_);
    ops::deallocate(this, kAlignment);
    return;
  }
  // context_ holds the size of inline bytes that a resize left unused behind the header.
  size_t header = kAlignment;
  if (flags_ & kInline)
    header += block_bytes_;
  else {
    header += reinterpret_cast<size_t>(context_);
    free_block();
  }
  ops::deallocate(this, header);
}

void StorageImpl::free_block() noexcept {
  if (flags_ & kShared)
    munmap(data_, block_bytes_);
  else if (block_bytes_)
    ops::deallocate(data_, block_bytes_);
}

void StorageImpl::resize_bytes(size_t bytes) {
  OPS_CHECK(flags_ & kResizable, RuntimeError, "Trying to resize storage that is not resizable");
  if (!device_.is_cpu() || bytes <= (flags_ & kForeign ? nbytes_ : block_bytes_)) {
    nbytes_ = bytes;
    return;
  }
  replace_block(ops::allocate(bytes), bytes);
  nbytes_ = bytes;
}

void StorageImpl::share() {
  if (!device_.is_cpu() || has(kShared)) return;
  const size_t bytes = nbytes_ ? nbytes_ : 1;
  void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  OPS_CHECK(mapping != MAP_FAILED, RuntimeError, "unable to map ", bytes, " bytes of shared memory");
  replace_block(mapping, bytes);
  flags_ = static_cast<uint8_t>((flags_ | kShared) & ~kResizable);
}

// Goes on with another block of so many bytes, as much as nbytes_ at least.
void StorageImpl::replace_block(void* fresh, size_t bytes) noexcept {
  if (nbytes_ && data_) std::memcpy(fresh, data_, nbytes_ < bytes ? nbytes_ : bytes);
  if (flags_ & kForeign) {  // from now on our own memory
    if (deleter_) deleter_(data_, context_, nbytes_);
    context_ = nullptr;
    flags_ = static_cast<uint8_t>(flags_ & ~kForeign);
  } else if (flags_ & kInline) {
    context_ = reinterpret_cast<void*>(block_bytes_);
    flags_ = static_cast<uint8_t>(flags_ & ~kInline);
  } else {
    free_block();
  }
  data_ = fresh;
  block_bytes_ = bytes;
}

}  // namespace tsvm::ops

#include "ops/tensor/allocator.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <mutex>

#include "ops/tensor/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define TSVM_PLAIN_ALLOCATOR 1  // so that the sanitizer sees every block's life
#else
#define TSVM_PLAIN_ALLOCATOR 0
#endif

namespace tsvm::ops {
namespace {

constexpr size_t kSlabBytes = 64 * 1024;
constexpr size_t kSmallClasses = kSmallLimit / kAlignment;  // class i holds blocks of (i + 1) * 64 bytes
constexpr uint32_t kThreadListLimit = 256;                  // past it half of a list goes to the shared lists

struct FreeBlock {
  FreeBlock* next;
};

struct FreeList {
  FreeBlock* head;
  uint32_t count;
};

/// Lists that threads spill into and refill from.
struct SharedLists {
  std::mutex mutex;
  FreeList lists[kSmallClasses];
};

// Never destroyed: tensors in other static objects may be freed later than any destructor here would run.
SharedLists& shared_lists() {
  static SharedLists* lists = new SharedLists();
  return *lists;
}

/// Trivial, so that access to it needs no guard; returned to the shared lists by ThreadExit below.
struct ThreadCache {
  FreeList lists[kSmallClasses];
  bool armed;
  bool closed;  // the thread is ending: blocks go straight to the shared lists
};
constinit thread_local ThreadCache t_cache{};

void give_to_shared(FreeList& list, size_t cls, uint32_t keep) {
  FreeBlock* first = list.head;
  FreeBlock** cut = &list.head;
  for (uint32_t i = 0; i < keep; i++) cut = &(*cut)->next;
  FreeBlock* rest = *cut;
  if (!rest) return;
  *cut = nullptr;
  if (keep == 0) first = nullptr;
  list.head = first;
  const uint32_t moved = list.count - keep;
  list.count = keep;
  FreeBlock* last = rest;
  while (last->next) last = last->next;
  SharedLists& shared = shared_lists();
  std::lock_guard<std::mutex> lock(shared.mutex);
  last->next = shared.lists[cls].head;
  shared.lists[cls].head = rest;
  shared.lists[cls].count += moved;
}

struct ThreadExit {
  bool touched = false;
  ~ThreadExit() {
    t_cache.closed = true;
    for (size_t cls = 0; cls < kSmallClasses; cls++) give_to_shared(t_cache.lists[cls], cls, 0);
  }
};
thread_local ThreadExit t_exit;

[[noreturn]] void out_of_memory(size_t bytes) {
  fail(ErrorKind::RuntimeError,
       "[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: you "
       "tried to allocate ",
       bytes, " bytes. Error code 12 (Cannot allocate memory)");
}

__attribute__((noinline)) void* refill_small(size_t cls) {
  if (!t_cache.armed) {
    t_exit.touched = true;  // creates it, so that its destructor runs at thread exit
    t_cache.armed = true;
  }
  FreeList& list = t_cache.lists[cls];
  SharedLists& shared = shared_lists();
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    FreeList& from = shared.lists[cls];
    for (int i = 0; i < 64 && from.head; i++) {
      FreeBlock* block = from.head;
      from.head = block->next;
      from.count--;
      block->next = list.head;
      list.head = block;
      list.count++;
    }
  }
  if (!list.head) {
    const size_t size = (cls + 1) * kAlignment;
    // A first slab of a class is small, so that a short program touches few pages.
    const size_t slab_bytes = size <= 512 ? kSlabBytes / 4 : kSlabBytes;
    char* slab = static_cast<char*>(std::aligned_alloc(kAlignment, slab_bytes));
    if (!slab) out_of_memory(slab_bytes);
    const size_t n = slab_bytes / size;
    for (size_t i = n; i-- > 0;) {
      FreeBlock* block = reinterpret_cast<FreeBlock*>(slab + i * size);
      block->next = list.head;
      list.head = block;
    }
    list.count += static_cast<uint32_t>(n);
  }
  FreeBlock* block = list.head;
  list.head = block->next;
  list.count--;
  return block;
}

__attribute__((noinline)) void spill_small(FreeList& list, size_t cls) {
  if (t_cache.closed) return give_to_shared(list, cls, 0);
  if (!t_cache.armed) {
    t_exit.touched = true;
    t_cache.armed = true;
  }
  if (list.count > kThreadListLimit) give_to_shared(list, cls, kThreadListLimit / 2);
}

// Large classes: eight a power of two, so at most an eighth is wasted.
constexpr int kLargeClasses = 8 * 48;

size_t large_class(size_t bytes, size_t& rounded) {
  const int log = static_cast<int>(std::bit_width(bytes - 1)) - 1;  // bytes in (2^log, 2^(log+1)]
  const size_t step = size_t{1} << (log - 3);
  rounded = (bytes + step - 1) & ~(step - 1);
  return static_cast<size_t>(log) * 8 + (rounded >> (log - 3)) - 8;
}

constexpr size_t kHugePage = 2u << 20;
constexpr size_t kCacheLimit = 512u << 20;  // bytes kept for reuse

struct LargeCache {
  std::mutex mutex;
  FreeBlock* lists[kLargeClasses];
  size_t cached = 0;
  size_t in_use = 0;
};

LargeCache& large_cache() {
  static LargeCache* cache = new LargeCache();
  return *cache;
}

void* allocate_large(size_t bytes) {
  if (bytes > (size_t{1} << 46)) out_of_memory(bytes);
  size_t rounded;
  const size_t cls = large_class(bytes, rounded);
  LargeCache& cache = large_cache();
  {
    std::lock_guard<std::mutex> lock(cache.mutex);
    cache.in_use += rounded;
    if (FreeBlock* block = cache.lists[cls]) {
      cache.lists[cls] = block->next;
      cache.cached -= rounded;
      return block;
    }
  }
  const bool huge = rounded >= 2 * kHugePage;
  const size_t align = huge ? kHugePage : kAlignment;
  void* block = std::aligned_alloc(align, (rounded + align - 1) & ~(align - 1));
  if (!block) {
    release_cached_memory();
    block = std::aligned_alloc(align, (rounded + align - 1) & ~(align - 1));
  }
  if (!block) {
    std::lock_guard<std::mutex> lock(cache.mutex);
    cache.in_use -= rounded;
    out_of_memory(bytes);
  }
  if (huge) madvise(block, rounded & ~(kHugePage - 1), MADV_HUGEPAGE);
  return block;
}

void deallocate_large(void* block, size_t bytes) noexcept {
  size_t rounded;
  const size_t cls = large_class(bytes, rounded);
  LargeCache& cache = large_cache();
  {
    std::lock_guard<std::mutex> lock(cache.mutex);
    cache.in_use -= rounded;
    // Keep what is likely to be asked for again; a block beyond half of the limit is not worth its memory.
    if (rounded <= kCacheLimit / 2 && cache.cached + rounded <= kCacheLimit) {
      FreeBlock* b = static_cast<FreeBlock*>(block);
      b->next = cache.lists[cls];
      cache.lists[cls] = b;
      cache.cached += rounded;
      return;
    }
  }
  std::free(block);
}

}  // namespace

void* allocate(size_t bytes) {
  if (TSVM_PLAIN_ALLOCATOR) {
    if (bytes > (size_t{1} << 46)) out_of_memory(bytes);
    void* block = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) & ~(kAlignment - 1));
    if (!block) out_of_memory(bytes);
    return block;
  }
  if (bytes > kSmallLimit) return allocate_large(bytes);
  const size_t cls = (bytes - 1) / kAlignment;
  FreeList& list = t_cache.lists[cls];
  FreeBlock* block = list.head;
  if (__builtin_expect(block == nullptr, 0)) return refill_small(cls);
  list.head = block->next;
  list.count--;
  return block;
}

void deallocate(void* block, size_t bytes) noexcept {
  if (TSVM_PLAIN_ALLOCATOR) return std::free(block);
  if (bytes > kSmallLimit) return deallocate_large(block, bytes);
  const size_t cls = (bytes - 1) / kAlignment;
  FreeList& list = t_cache.lists[cls];
  FreeBlock* b = static_cast<FreeBlock*>(block);
  b->next = list.head;
  list.head = b;
  if (__builtin_expect(++list.count > kThreadListLimit || !t_cache.armed || t_cache.closed, 0)) spill_small(list, cls);
}

void release_cached_memory() {
  LargeCache& cache = large_cache();
  std::lock_guard<std::mutex> lock(cache.mutex);
  for (FreeBlock*& head : cache.lists) {
    while (FreeBlock* block = head) {
      head = block->next;
      std::free(block);
    }
  }
  cache.cached = 0;
}

AllocatorStats allocator_stats() {
  LargeCache& cache = large_cache();
  std::lock_guard<std::mutex> lock(cache.mutex);
  return {cache.in_use, cache.cached};
}

}  // namespace tsvm::ops

// The CPU allocator for tensors: sizes are rounded up to classes, and freed blocks are kept for the next one of the
// class.
//
// Small blocks (up to kSmallLimit) come from slabs through free lists of the running thread, with no lock and no atomic
// instruction; a block freed by another thread joins that thread's lists. Large blocks go through one shared cache
// under a lock, because fresh pages from the kernel cost more than the work done on them. The caller gives the size
// again when freeing, so blocks have no headers. Blocks are 64-byte aligned.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tsvm::ops {

inline constexpr size_t kAlignment = 64;
inline constexpr size_t kSmallLimit = 4096;

/// A block of at least `bytes` bytes, not zeroed; throws ops::Error when there is no memory. bytes > 0.
void* allocate(size_t bytes);
/// Gives back a block that allocate(bytes) returned.
void deallocate(void* block, size_t bytes) noexcept;
/// Returns cached large blocks to the system.
void release_cached_memory();

/// Bytes now handed out in large blocks, and bytes kept in the large-block cache.
struct AllocatorStats {
  size_t large_in_use;
  size_t large_cached;
};
AllocatorStats allocator_stats();

}  // namespace tsvm::ops

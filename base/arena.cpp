#include "base/arena.h"

namespace tsvm {

void* Arena::allocate_slow(size_t size) {
  // An object too large to share a block gets its own, and the current block stays in use.
  if (size > block_size_ / 2) {
    blocks_.emplace_back(new std::byte[size]);
    reserved_ += size;
    return blocks_.back().get();
  }
  blocks_.emplace_back(new std::byte[block_size_]);
  reserved_ += block_size_;
  std::byte* block = blocks_.back().get();
  next_ = block + size;
  end_ = block + block_size_;
  if (block_size_ < kLargestBlock) block_size_ *= 2;
  return block;
}

}  // namespace tsvm

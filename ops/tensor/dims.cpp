#include "ops/tensor/dims.h"

#include "ops/tensor/error.h"

namespace tsvm::ops {

void DimVector::grow(size_t n) {
  size_t capacity = capacity_ * 2;
  if (capacity < n) capacity = n;
  int64_t* fresh = new int64_t[capacity];
  std::memcpy(fresh, data_, size_ * sizeof(int64_t));
  release();
  data_ = fresh;
  capacity_ = static_cast<uint32_t>(capacity);
}

std::string to_string(IntSpan list) { return concat(list); }

}  // namespace tsvm::ops

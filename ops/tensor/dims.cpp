#include "ops/tensor/dims.h"

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

std::string to_string(IntSpan list) {
  std::string out = "[";
  for (size_t i = 0; i < list.size(); i++) {
    if (i) out += ", ";
    out += std::to_string(list[i]);
  }
  out += ']';
  return out;
}

}  // namespace tsvm::ops

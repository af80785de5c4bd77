// Operators that look at a tensor's metadata only, or make another handle of it.
#pragma once

#include "ops/tensor/tensor.h"

namespace tsvm::ops::cpu {

inline bool is_contiguous_as(const Tensor& self, MemoryFormat format) { return self.is_contiguous(format); }
/// Whether the tensor is on that device (a device without number stands for its first one).
inline bool same_device(const Tensor& self, Device device) {
  return self.device().type == device.type &&
         (device.index <= 0 || self.device().index <= 0 || self.device() == device);
}
inline Device cpu_device() { return Device(); }
inline Tensor detach(const Tensor& self) { return ops::detach(self); }
/// A copy on another device.
Tensor to_device(const Tensor& self, Device device, DType dtype);

}  // namespace tsvm::ops::cpu

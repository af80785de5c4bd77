#include "ops/cpu/metadata.h"

#include "ops/cpu/kernels.h"
#include "ops/tensor/error.h"

namespace tsvm::ops::cpu {

Tensor to_device(const Tensor& self, Device device, DType dtype) {
  if (device.is_meta())
    return ops::empty_strided(self.sizes(), preserved_strides(self.sizes(), self.strides()), dtype, device);
  OPS_CHECK(!self.is_meta(), NotImplementedError, "Cannot copy out of meta tensor; no data!");
  OPS_CHECK(!device.is_cuda(), AssertionError, "Torch not compiled with CUDA enabled");
  OPS_CHECK(device.is_cpu(), NotImplementedError, "tensors on device ", to_string(device));
  return to_copy(self, dtype);
}

}  // namespace tsvm::ops::cpu

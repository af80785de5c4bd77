#include "torch/cuda.h"

namespace torch {
namespace cuda {

size_t device_count() { return 0; }
bool is_available() { return false; }
bool cudnn_is_available() { return false; }
void manual_seed(uint64_t) {}
void manual_seed_all(uint64_t) {}
void synchronize(int64_t) { TORCH_CHECK(false, "No CUDA GPUs are available"); }

}  // namespace cuda
}  // namespace torch

// Tensors of torch.inference_mode(): autograd may not keep them, and they may not be written outside of that mode. The
// mark is on the storage, because views of such tensors are of the same kind, and views of others made in the mode are
// not.
#pragma once

#include "ops/tensor/tensor.h"

namespace tsvm::ops {

inline constexpr auto kInferenceStorage = static_cast<StorageImpl::Flags>(32);

/// Whether storages that this thread makes get the mark.
extern thread_local constinit bool making_inference_storages;

inline bool is_inference(const Tensor& t) { return t.defined() && t->storage()->has(kInferenceStorage); }

}  // namespace tsvm::ops

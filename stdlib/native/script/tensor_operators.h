// The operators on tensors as Torch Script's checker finds them.
#pragma once

#include <memory>

#include "ir/script/schema.h"

namespace tsvm::stdlib::script_host {

std::unique_ptr<script::TensorOps> make_tensor_operators();

}  // namespace tsvm::stdlib::script_host

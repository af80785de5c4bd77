// c10::IValue with everything that converts to it and from it.
#pragma once

#include "ATen/core/Dict.h"
#include "ATen/core/List.h"
#include "ATen/core/ivalue_base.h"

namespace at {
using c10::IValue;
}
namespace torch {
using c10::IValue;
namespace jit {
using c10::IValue;
}
}  // namespace torch

#pragma once

#include "torch/autograd.h"
#include "torch/nn/utils.h"
#include "torch/types.h"

namespace torch {
using at::get_num_interop_threads;
using at::get_num_threads;
using at::set_num_interop_threads;
using at::set_num_threads;
}  // namespace torch

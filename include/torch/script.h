// What programs that load and run Torch Script include.
#pragma once

#include "torch/autograd.h"
#include "torch/jit.h"
#include "torch/types.h"

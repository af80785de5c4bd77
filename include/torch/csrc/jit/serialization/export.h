// A name that programs know: all of torch::jit is in torch/jit.h.
#include "torch/jit.h"

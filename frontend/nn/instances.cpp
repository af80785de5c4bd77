// What the library's modules need of Cloneable and the like: made here once, not in every program.
#define TORCH_LIBRARY_INSTANCE template
#include "torch/nn.h"

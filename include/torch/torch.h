// The C++ front end: tensors, autograd, modules, optimizers, data.
#pragma once

#include "torch/all.h"

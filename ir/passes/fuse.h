// Chains of elementwise tensor operators become one call of a kernel.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

/// Needs Module::ops. Later passes see call_kernel and its alternative (the operators one by one).
bool run_fuse(Function& f);

}  // namespace tsvm::ir

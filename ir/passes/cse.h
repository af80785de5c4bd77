// Common subexpressions: an instruction that does nothing new is replaced by an earlier one like it.
//
// Pure instructions merge wherever one dominates the other. Those that read memory merge when no way between the two
// writes what they read. Guards merge too: what has been passed once need not be tested again, as long as what it
// tested cannot have changed. Needs nothing, keeps the graph.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_cse(Function& f);

}  // namespace tsvm::ir

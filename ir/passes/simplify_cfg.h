// Simplifies the graph: blocks that cannot be reached go, branches whose way is known become jumps, a block merges with
// its only successor when that has no other predecessor, jumps to jumps go straight, a branch on a constant that a
// predecessor passes goes straight, parameters that are always given the same value go.
//
// Handlers: a block without anything that can raise loses its handler (unless an interrupt could be raised at its back
// edge); blocks merge only when they have the same handler.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_simplify_cfg(Function& f);

}  // namespace tsvm::ir

// A checked graph in the form that PyTorch shows and saves: every value is defined once, variables are gone, and
// return, break and continue have become conditions.
//
// How it works: the graph is rebuilt block by block with a table of what each variable holds. Where branches meet, the
// variables that differ become outputs of the If; loops carry what their bodies assign. Exits are variables too: one
// says that the rest of the block is not to run, one that the loop stops, one that the function has returned, one holds
// what it returns. What follows an `if` of which one branch always exits goes into the other branch; elsewhere it is
// guarded by the exit variable. What nothing uses is taken out in the end.
#pragma once

#include <memory>

#include "ir/script/program.h"

namespace tsvm::script {

/// The function's graph in that form; its block's one result is what the function returns.
std::unique_ptr<Graph> to_ssa(Program& p, const Function& f);
/// Takes out nodes and outputs that nothing uses.
void remove_dead(Graph& g);

}  // namespace tsvm::script

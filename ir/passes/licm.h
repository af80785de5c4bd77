// Loop-invariant code: moves instructions that do the same in every round of a loop in front of it.
//
// Moved are pure instructions; loads, when nothing in the loop writes the class of memory that they read (a call of
// unknown code writes all of them); and, when the loop has a resume point in front of it and the block runs in every
// round, guards and other instructions that may leave: they leave with the state of the resume point, so that the
// generic code starts the loop. A load takes the result of the guard that makes it safe, so it never overtakes it.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_licm(Function& f);

}  // namespace tsvm::ir

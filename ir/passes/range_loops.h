// `for i in range(...)` becomes a loop over a raw int.
//
// Looked for is a for_iter over the result of a guard_range that is outside of the loop and used by nothing else (the
// speculation has put it there). The next item becomes a block parameter; the iterator object stays as it was when the
// loop was entered, and exit states name a range_iter, which brings it up to date. Needs guards with exit states,
// leaves no for_iter in such loops.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_range_loops(Function& f);

}  // namespace tsvm::ir

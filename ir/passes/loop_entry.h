// A function that starts at a loop header: for code that is entered in the middle of a running loop.
//
// The new entry takes what is needed at the header, in a given order, and jumps there. Values that were made above the
// header and that the function can still come round to make again (in an outer loop) then have two definitions; they
// become block parameters where the two meet. What can no longer be reached is removed.
#pragma once

#include <vector>

#include "ir/function.h"

namespace tsvm::ir {

/// What is needed at the start of a block, in order of ids: its parameters that are used, and values from above.
std::vector<ValueId> needed_at(const Function& f, BlockId header);

/// Changes `f` so that it starts at `header` with the values `arriving` (at least needed_at, each once) as parameters
/// of the same types; Function::params becomes as many unnamed ones. False, and `f` unchanged, when it cannot be: an
/// exception handler would need a value that has two definitions.
bool enter_at_loop(Function& f, BlockId header, std::span<const ValueId> arriving);

}  // namespace tsvm::ir

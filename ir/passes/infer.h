// Type inference for specialised code: generic operations whose operands have known types become typed ones.
//
// Types are found by an optimistic iteration over the graph (all unknown at first), starting from what is known by
// itself: constants, boxed scalars, guards, raw parameters. A block parameter whose arguments all have one raw type
// becomes raw. Then
//   binary add of two ints        -> i64 add, which leaves on overflow
//   binary truediv of two ints    -> both to float (exactly, or it leaves), f64 truediv, which leaves when dividing by
//   0 compare lt of two numbers     -> compare_i64 or compare_f64 truth of a number             -> a comparison, or the
//   bool itself
// and so on; an operation that could leave is only made typed when it has an exit state. Results are boxed again where
// a tagged value is still needed; exit states take the raw value (exits box).
//
// Tagged values of plain code are `any`; that one is an int is not written into its type, it shows by what makes it.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_infer(Function& f);

/// Removes, once nothing moves any more, what only keeps values alive: resume points, and exit states of instructions
/// that never leave.
bool run_drop_exits(Function& f);

}  // namespace tsvm::ir

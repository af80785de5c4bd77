// `for i in range(...)` and `for x in a_list` become loops over a raw int.
//
// Looked for is a for_iter whose iterator is made outside of the loop (make_range_iter, make_list_iter), or has been
// guarded there (guard_range), and is used by nothing else. The next item (of a list: its index) becomes a block
// parameter. Exit states name an iterator that has come as far: a new one, or what arrived, brought up to date
// (range_iter). A list is looked at anew in each round, it may grow, shrink or change its kind of elements. Needs
// guards with exit states, leaves no for_iter in such loops.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_range_loops(Function& f);

}  // namespace tsvm::ir

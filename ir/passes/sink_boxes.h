// Boxes are made where they are needed: a box whose block does not use it is made again in each block that does.
//
// A box is two moves, so that making it twice is cheaper than keeping it in registers through a loop that only works on
// the raw value. Boxes already in the block of their use stay; exit states take raw values and never ask for a box.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_sink_boxes(Function& f);

}  // namespace tsvm::ir

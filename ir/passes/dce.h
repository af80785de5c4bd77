// Dead code: removes instructions whose results nobody needs and that do nothing else, and block parameters likewise.
//
// Works from what is needed (stores, raising and guarding instructions, control flow) backwards, so that values which
// only keep each other alive around a loop go too. A parameter is needed when some needed instruction uses it; the
// function's own parameters stay. The graph is not changed.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_dce(Function& f);

}  // namespace tsvm::ir

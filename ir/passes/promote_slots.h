// Frame slots back to SSA values, where no handler can see them.
//
// A slot that is live at the start of some handler block has to stay: an exception may leave from anywhere in the
// region, and the handler must find the latest value. All others behave like variables: each load is replaced by the
// value that reaches it, with block parameters where several meet. Slots that stay are renumbered.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool run_promote_slots(Function& f);

}  // namespace tsvm::ir

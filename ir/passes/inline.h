// Puts the code of a function in the place of a call to it.
//
// The values of the body get new numbers, its parameters are the arguments, its returns jump to the rest of the
// caller's block. Blocks without a handler of their own get the handler of the call. The body's frame slots are added
// to the caller's and made unset on entry.
//
// Exit states: what leaves inside the body must build the caller's frame as well. The call's own exit state (that of
// its start) says which registers that frame has; each exit state of the body gets those frames in front. A frame
// around another one waits in its call instruction for the result. Inst::frame and ExitFrame::function name the entry
// of Function::inlined that is made for the body.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

/// Whether the code of `body` means the same inside `f`: not when it is a generator or class body, has a closure, names
/// globals of another module, or needs exit states that the call cannot give.
bool can_inline(const Function& f, const Inst& call, const Function& body);

/// Replaces `call`, which is in `block`, by the body with these arguments (one per parameter, of fitting types).
/// `object` is the function object for Function::inlined, kNone when there is none; `generic` is what exits go on in.
void inline_call(Function& f, BlockId block, InstId call, const Function& body, std::span<const ValueId> args,
                 uint32_t object, const Function* generic);

/// The pass: direct calls whose callee's body is known and small.
bool run_inline(Function& f);

}  // namespace tsvm::ir

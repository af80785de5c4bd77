// Local rewrites: rows of a table, tried on every instruction as the Builder makes it and by the pass `rewrite` on
// those that are there already.
#pragma once

#include <span>

#include "ir/function.h"

namespace tsvm::ir {

/// An instruction about to be made.
struct Candidate {
  Opcode op;
  std::span<const ValueId> operands;
  uint32_t imm;
  TypeId type;
  ExitId exit;
};

/// `done`: the candidate is not needed, `value` stands for its result (none when it has none).
struct Rewrite {
  bool done = false;
  ValueId value;
};

/// Tries the rules on a candidate; new instructions go where the builder stands.
Rewrite rewrite(Builder& b, const Candidate& c);

}  // namespace tsvm::ir

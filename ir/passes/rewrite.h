// Local rewrites: rows of tables, tried on every instruction as the Builder makes it and by the pass `rewrite` on those
// that are there already.
//
// A rule looks at one instruction that is about to be made (a Candidate) and at the instructions that make its
// operands. Rules that must stay true:
//  - The result is the same value to the bit, in every case in which the candidate gives one. No x * 0.0, no x + 0.0.
//  - A candidate that raises, leaves or runs code stays, unless the operands show that it does not.
//  - What a rule makes comes nearer to a normal form (fewer or simpler instructions, constants on the right), so that
//    trying again ends.
//  - New instructions go through the Builder, which tries the rules on them in turn and gives them the candidate's
//  place,
//    range and exit state.
// Rules are kept by the opcode that they look for, in rewrite_generic.cpp and rewrite_typed.cpp; each has a case in
// tests/ir/rewrite*.ir.
#pragma once

#include <span>

#include "ir/function.h"

namespace tsvm::ir {

/// An instruction about to be made.
struct Candidate {
  Opcode op;
  std::span<const ValueId> operands;
  uint32_t imm;
  TypeId type;  // of the result, where the opcode leaves it open
  ExitId exit;
};

/// `done`: the candidate is not needed, `value` stands for its result (none when it has none).
struct Rewrite {
  bool done = false;
  ValueId value;
};

struct Rule {
  Opcode op;
  Rewrite (*apply)(Builder& b, const Candidate& c);
  const char* what;  // the rule in words, for people
};

std::span<const Rule> generic_rules();  // the language's operations on constants
std::span<const Rule> typed_rules();    // raw scalars, boxes, guards

/// Tries the rules on a candidate; new instructions go where the builder stands.
Rewrite rewrite(Builder& b, const Candidate& c);

/// The pass: tries the rules on all instructions.
bool run_rewrite(Function& f);

}  // namespace tsvm::ir

// Checks that a function keeps the rules of the IR. What is verified:
//
//  1. Ids are in range; each instruction is in one block; each value is made once, by what its table entry says.
//  2. A block that is part of the function ends in a terminator and has no other; the entry is such a block, it has no
//     predecessors, and its parameters are the function's. Removed (empty) blocks are not named by others.
//  3. Operands: their number and kinds are what the opcode's row says; raw and tagged values never mix.
//  4. Results: there is one where the row says so, of the row's type; a Type immediate is the result's type.
//  5. Immediates are in range and fit: names, constants of a fitting type, slots, closure cells, call shapes with the
//     number of arguments they say, functions with the number of cells they need, operators with their number of
//     arguments, objects of the right kind whose signature fits, operators on raw values that have a meaning there.
//  6. Terminators have the number of successors of their row, and pass one argument per parameter of each, of its type.
//     A parameter of the type `any` takes every tagged value.
//  7. Definitions dominate uses, where handler edges leave from the start of a block (ir/analysis/dominators.h). The
//     result of for_iter is made at its first successor, which has no other predecessor.
//  8. A handler block has no parameters, starts with `catch`, is reached by handler edges only; `catch` is nowhere
//  else.
//  9. Exit states: only instructions with the trait Exits or World carry one, those with the trait Guards always do;
//  each has at
//     least one frame; the first frame is of function 0, frames name entries of `inlined`; each register is given once;
//     the values are available at the instruction. Inst::frame names an entry of `inlined`, too. Values
//     of opcodes with the trait Virtual are used by exit states only.
// 10. What is returned is of the function's result type; only generators do `yield`.
#pragma once

#include <string>

#include "ir/function.h"

namespace tsvm::ir {

/// Empty when the function is well formed; otherwise what is wrong, one line each, with the instruction's text.
std::string verify(const Function& f);
/// The same for every function of a module.
std::string verify(const Module& m);

}  // namespace tsvm::ir

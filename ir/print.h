// The text form of the IR, for people and for tests; ir/read.h reads it back to the same function.
//
//   module "fib.ts" {
//   func @fib(n: any) -> any {
//   ^0(%0: any):
//       %1: any = const 2
//       %2: any = compare lt %0, %1
//       %3: bool = truth %2
//       branch %3 -> ^1, ^2
//   ^1:
//       return %0
//   ^2 handler ^3:
//       %4: any = load_global "fib"
//       %5: any = call %4(%0, key=%1)
//       %6: int = guard_type int %5 exit !0
//       ...
//     !0 = fn 0 pc 12 {r0: %0, r3: %5}
//   }
//   }
//
// An instruction is `result: type = opcode immediate operands -> successors exit in frame`. Values, blocks and exits
// keep their numbers (compact() of ir/uses.h makes them dense). A function is referred to by its label: its name, made
// unique in the module by `$number`. Comments start with `#`.
#pragma once

#include <string>

#include "ir/function.h"

namespace tsvm::ir {

struct PrintOptions {
  bool lines = false;  // the source line of each instruction as a comment, where it changes
};

std::string print(const Module& module, const PrintOptions& options = {});
std::string print(const Function& function, const PrintOptions& options = {});
/// One instruction, as it stands in its block.
std::string print(const Function& function, InstId inst);
/// A literal as `const` shows it.
std::string print_constant(const Module& module, ConstId id);
/// A type in the IR's own notation, which the reader takes; `table` may be null for types without parameters.
std::string print_type(const TypeTable* table, TypeId id);

}  // namespace tsvm::ir

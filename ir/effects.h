// What an instruction may do, beyond its opcode's row: the declaration of the operator or function that it names, the
// sort of arithmetic, and constant operands are taken into account.
//
// Memory is told apart by class (kSlots ... kOtherMemory of ir/function.h), never by address: a store to any list
// element may change any list element. Code that may run anything reads and writes all classes. A finaliser that runs
// because a store or an end of scope drops the last reference is not counted as an effect of that instruction.
#pragma once

#include <cstdint>

#include "ir/function.h"

namespace tsvm::ir {

struct Effects {
  uint32_t reads = 0;   // classes of memory
  uint32_t writes = 0;  // classes of memory
  bool raises = false;  // an exception may come of it, at once or in the generic code after an exit
  bool exits = false;   // may leave compiled code
  bool world = false;   // may run any code
  bool guards = false;  // something relies on its having been passed
  bool fresh = false;   // the result is another object each time

  /// Equal operands give equal results, whenever and however often it is done, and it always succeeds.
  bool pure() const { return reads == 0 && writes == 0 && !raises && !exits && !world && !fresh; }
  /// May be dropped when its result is not used.
  bool removable() const { return writes == 0 && !raises && !world && !guards; }
  /// Of two equal ones without a write to `reads` between them the second does nothing new.
  bool mergeable() const { return writes == 0 && !world && !fresh; }
};

Effects effects(const Function& f, const Inst& inst);

/// The constant that makes a value; null when it is no constant.
const Constant* constant_of(const Function& f, ValueId v);

}  // namespace tsvm::ir

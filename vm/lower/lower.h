// From the IR to bytecode: instruction selection with fusion of common pairs, liveness, register allocation, emission.
//
// Lowering is deterministic: doing it again gives the same words and, when asked, the map from bytecode back to SSA
// values, which the compiler of native code needs to build exit states. Nothing of that map is kept otherwise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/function.h"
#include "vm/code.h"

namespace tsvm::vm {

/// Where SSA values live in the bytecode of a function.
struct LowerMap {
  static constexpr uint16_t kRaw = 0x8000;      // set in a register id: raw bank
  static constexpr uint16_t kNowhere = 0xffff;  // never in a register of its own

  struct Point {
    uint32_t pc;
    ir::InstId inst;                  // the instruction that this bytecode starts (for fused ones: the last of them)
    uint32_t live_begin, live_count;  // in `live`: values that this and later instructions need
    // In `cleared`: tagged registers that must be Unbound when bytecode goes on here with the live values alone. (They
    // hold the object of a method that was loaded for a later call; without it, the callee is taken as it is.)
    uint32_t cleared_begin, cleared_count;
  };
  std::vector<Point> points;        // in order of pc
  std::vector<uint32_t> block_pc;   // by block; 0xffffffff: not reached
  std::vector<uint16_t> registers;  // by value
  std::vector<ir::ValueId> live;
  std::vector<uint16_t> cleared;
};

struct LowerResult {
  std::unique_ptr<Code> code;  // null: `limit` says what is too large
  std::string limit;
};

/// `unit_index`: which function of the module it is.
LowerResult lower(const ir::Function& f, uint32_t unit_index, LowerMap* map = nullptr);

}  // namespace tsvm::vm

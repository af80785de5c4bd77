// What lowering works on between the IR and words: instructions of the bytecode whose register fields still name
// values.
//
// Values are the IR's, by index, followed by temporaries. A value may be an alias: of another value (`same`), or of a
// frame slot that is not stored to while the value is used (`slot`).
#pragma once

#include <cstdint>
#include <vector>

#include "ir/function.h"
#include "vm/code.h"
#include "vm/lower/lower.h"

namespace tsvm::vm::lowering {

constexpr uint32_t kNone = 0xffffffffu;

struct MInst {
  Bc op = Bc::Unreachable;
  ir::InstId inst;
  SourceRange range;
  uint32_t f[3] = {0, 0, 0};    // values where the row says register, else numbers
  uint32_t low = 0, high = 0;   // extension word
  std::vector<uint32_t> list;   // values
  uint8_t last = 0;             // bit per field: last use
  std::vector<bool> list_last;  // the same for the list; empty: none
  uint8_t dead = 0;             // bit per field: a result that nobody uses
};

enum class Ending : uint8_t { None, Jump, Branch, ForIter };

struct MEdge {
  uint32_t target = kNone;  // index into blocks
  std::vector<uint32_t> args;
};

struct MBlock {
  ir::BlockId source;
  std::vector<uint32_t> params;
  std::vector<MInst> insts;
  Ending ending = Ending::None;
  MInst last;  // Branch: a jump whose c says on which truth value edges[0] is taken; ForIter
  MEdge edges[2];
  uint32_t handler = kNone;
  uint32_t predecessors = 0;  // edges that are not exceptions
  bool is_handler = false;
  int edge_count() const { return ending == Ending::None ? 0 : ending == Ending::Jump ? 1 : 2; }
};

struct MFunction {
  const ir::Function* f;
  Code* code;
  std::vector<MBlock> blocks;         // in layout order; the first is the entry
  std::vector<uint32_t> block_index;  // by IR block
  std::vector<uint8_t> raw;           // by value: lives in the raw bank
  std::vector<uint32_t> same;         // by value: kNone, or the value it stands for
  std::vector<uint32_t> slot;         // by value: kNone, or the register of the slot it stands for
  std::vector<uint32_t> fixed;        // by value: kNone, or the register it must have (arriving parameters)

  uint32_t temporary(bool is_raw) {
    raw.push_back(is_raw);
    same.push_back(kNone);
    slot.push_back(kNone);
    fixed.push_back(kNone);
    return static_cast<uint32_t>(raw.size() - 1);
  }
  uint32_t resolve(uint32_t v) const {
    while (same[v] != kNone) v = same[v];
    return v;
  }
};

/// A return raises nothing: what is alive for the block's handler only ends in front of it.
inline bool is_return(const MFunction& m, const MInst& i) { return i.inst && (*m.f)[i.inst].op == ir::Opcode::Return; }

/// Calls fn(value, is_use, field) for each register field; field 3 + i is the i-th of the list. Results come last.
template <class Fn>
void each_register(MInst& m, Fn&& fn) {
  const BytecodeInfo& row = info(m.op);
  for (int i = 0; i < 3; i++) {
    char c = row.fields[i];
    if (c == 'r' || c == 'q' || (c == 'R' && m.f[i] != kNone)) fn(m.f[i], true, i);
  }
  if (row.list == 'l' || row.list == 'p')
    for (size_t i = 0; i < m.list.size(); i++) fn(m.list[i], true, static_cast<int>(3 + i));
  for (int i = 0; i < 3; i++) {
    char c = row.fields[i];
    if (c == 'w' || c == 's') fn(m.f[i], false, i);
  }
  if (row.list == 'd')
    for (size_t i = 0; i < m.list.size(); i++)
      if (m.list[i] != kNone) fn(m.list[i], false, static_cast<int>(3 + i));
}

/// IR to MFunction: order of blocks, choice of instructions. Fills the tables of the Code (names, constants ...).
void select(MFunction& m);

struct Allocation {
  std::vector<uint16_t> reg;                             // by value
  std::vector<uint8_t> used;                             // by value: it has a use
  std::vector<std::vector<uint64_t>> live_in, live_out;  // by block: bits over `cross`
  std::vector<uint32_t> cross;                           // values that are live across blocks
  std::vector<uint32_t> cross_index;                     // by value: kNone or the position in `cross`
  uint32_t num_registers = 0, num_raws = 0;
  bool live_into(uint32_t block, uint32_t v) const {
    uint32_t c = cross_index[v];
    return c != kNone && (live_in[block][c >> 6] >> (c & 63) & 1);
  }
};
/// Liveness and registers; sets last-use marks.
Allocation allocate(MFunction& m);

/// Words, tables of handlers and ranges. False: too large, `limit` says what.
bool emit(MFunction& m, const Allocation& a, LowerMap* map, std::string& limit);

}  // namespace tsvm::vm::lowering

// Natural loops: the blocks from which a back edge's source can be reached without going through its target.
//
// Loops that share a header are one loop. Handlers of blocks in a loop belong to it only when they lead back into it.
#pragma once

#include <vector>

#include "ir/analysis/dominators.h"

namespace tsvm::ir {

struct Loop {
  BlockId header;
  uint32_t parent = 0xffffffffu;  // the loop around it, kNone when it is outermost
  uint32_t depth = 1;
  std::vector<BlockId> blocks;   // header first, then in reverse post-order; with those of inner loops
  std::vector<BlockId> latches;  // sources of the back edges
};

class Loops {
 public:
  static constexpr uint32_t kNone = 0xffffffffu;
  Loops(const Function& f, const Cfg& cfg, const Dominators& doms);

  /// Outer loops before the inner ones that they contain.
  const std::vector<Loop>& all() const { return loops_; }
  /// The innermost loop of a block, kNone when there is none.
  uint32_t innermost(BlockId b) const { return innermost_[b.index]; }
  /// How many loops a block is in.
  uint32_t depth(BlockId b) const { return innermost(b) == kNone ? 0 : loops_[innermost(b)].depth; }
  bool contains(uint32_t loop, BlockId b) const {
    for (uint32_t l = innermost(b); l != kNone; l = loops_[l].parent)
      if (l == loop) return true;
    return false;
  }

 private:
  std::vector<Loop> loops_;
  std::vector<uint32_t> innermost_;
};

/// The block that runs just before the loop is entered and does nothing but jump into it; makes one when it must, and
/// then the analyses given here are stale (`made`). None when the header is entered by an exception or is the entry.
struct Preheader {
  BlockId block;
  bool made = false;
};
Preheader preheader(Function& f, const Cfg& cfg, const Loops& loops, uint32_t loop);

}  // namespace tsvm::ir

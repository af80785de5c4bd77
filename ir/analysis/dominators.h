// The dominator tree, with the rule for handlers.
//
// An exception may leave a block before its first instruction is done, so a handler edge leaves from the *start* of the
// block. To say that exactly each block counts as two nodes, start and body: start -> body, start -> handler, body ->
// successors. Parameters are made at the start, results in the body (the result of for_iter at the start of its first
// successor, which has no other predecessor).
#pragma once

#include <vector>

#include "ir/analysis/cfg.h"

namespace tsvm::ir {

class Dominators {
 public:
  Dominators(const Function& f, const Cfg& cfg);

  /// Every way to the start of `b` goes through the start of `a`. Unreachable blocks dominate nothing.
  bool dominates(BlockId a, BlockId b) const { return covers(start(a), start(b)); }
  /// Every way to the start of `b` goes through all instructions of `a`.
  bool body_dominates(BlockId a, BlockId b) const { return covers(start(a) + 1, start(b)); }
  /// A value is available at the start of a block.
  bool available(const Function& f, ValueId v, BlockId at) const;
  /// The closest block other than `b` whose start dominates its start; none for the entry and unreachable blocks.
  BlockId immediate(BlockId b) const;
  /// Blocks immediately below: those that only the body of `b` dominates, or only its start (handlers and beyond).
  const std::vector<BlockId>& below_start(BlockId b) const { return children_[start(b)]; }
  const std::vector<BlockId>& below_body(BlockId b) const { return children_[start(b) + 1]; }

 private:
  static constexpr uint32_t kNone = 0xffffffffu;
  uint32_t start(BlockId b) const { return cfg_.reachable(b) ? 2 * cfg_.position(b) : kNone - 1; }
  bool covers(uint32_t a, uint32_t b) const {
    return a < in_.size() && b < in_.size() && in_[a] <= in_[b] && out_[b] <= out_[a];
  }

  const Cfg& cfg_;
  std::vector<uint32_t> parent_;                // of nodes: 2 * position (+ 1: body)
  std::vector<std::vector<BlockId>> children_;  // of nodes: blocks whose start hangs there
  std::vector<uint32_t> in_, out_;              // numbering of the tree
  std::vector<BlockId> def_block_;              // block of each instruction that has a result
};

}  // namespace tsvm::ir

// The shape of a function's graph: predecessors and an order of its blocks.
//
// Handler edges (Block::handler) are edges of the graph like any other, but are listed apart: they leave from the start
// of a block and carry no arguments. An analysis is a snapshot: whoever changes blocks or edges makes a new one.
#pragma once

#include <span>
#include <vector>

#include "ir/function.h"

namespace tsvm::ir {

struct PredEdge {
  BlockId from;
  uint32_t edge;  // in Function::edges
};

class Cfg {
 public:
  explicit Cfg(const Function& f);

  /// Edges of terminators that lead to a block, from reachable blocks only.
  std::span<const PredEdge> preds(BlockId b) const {
    return {preds_.data() + pred_begin_[b.index], pred_begin_[b.index + 1] - pred_begin_[b.index]};
  }
  /// Reachable blocks whose handler this is.
  std::span<const BlockId> throwers(BlockId b) const {
    return {throwers_.data() + thrower_begin_[b.index], thrower_begin_[b.index + 1] - thrower_begin_[b.index]};
  }
  /// Reachable blocks, in reverse post-order: a block comes after all blocks that dominate it.
  std::span<const BlockId> order() const { return order_; }
  bool reachable(BlockId b) const { return position_[b.index] != kUnreachable; }
  /// Where a reachable block is in order().
  uint32_t position(BlockId b) const { return position_[b.index]; }

 private:
  static constexpr uint32_t kUnreachable = 0xffffffffu;
  std::vector<BlockId> order_;
  std::vector<uint32_t> position_;
  std::vector<PredEdge> preds_;
  std::vector<uint32_t> pred_begin_;
  std::vector<BlockId> throwers_;
  std::vector<uint32_t> thrower_begin_;
};

}  // namespace tsvm::ir

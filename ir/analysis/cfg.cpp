#include "ir/analysis/cfg.h"

#include <algorithm>

namespace tsvm::ir {

Cfg::Cfg(const Function& f) : position_(f.blocks.size(), kUnreachable) {
  // Depth first with an explicit stack; successors from the last to the first and the handler before them, so that in
  // the reversed order a branch's first side comes next and handlers come late.
  struct Visit {
    BlockId block;
    uint32_t next;  // 0: the handler; k: the k-th successor from the end
  };
  std::vector<bool> seen(f.blocks.size());
  std::vector<Visit> stack;
  auto enter = [&](BlockId b) {
    if (seen[b.index]) return;
    seen[b.index] = true;
    stack.push_back({b, 0});
  };
  enter(f.entry);
  while (!stack.empty()) {
    Visit& v = stack.back();
    BlockId b = v.block;
    std::span<const Edge> out = f.successors(f.terminator(b));
    uint32_t step = v.next++;
    if (step == 0) {
      if (f[b].handler) enter(f[b].handler);
    } else if (step <= out.size()) {
      enter(out[out.size() - step].target);
    } else {
      order_.push_back(b);
      stack.pop_back();
    }
  }
  std::reverse(order_.begin(), order_.end());
  for (uint32_t i = 0; i < order_.size(); i++) position_[order_[i].index] = i;

  pred_begin_.assign(f.blocks.size() + 1, 0);
  thrower_begin_.assign(f.blocks.size() + 1, 0);
  for (BlockId b : order_) {
    for (const Edge& e : f.successors(f.terminator(b))) pred_begin_[e.target.index + 1]++;
    if (f[b].handler) thrower_begin_[f[b].handler.index + 1]++;
  }
  for (size_t i = 1; i < pred_begin_.size(); i++) {
    pred_begin_[i] += pred_begin_[i - 1];
    thrower_begin_[i] += thrower_begin_[i - 1];
  }
  preds_.resize(pred_begin_.back());
  throwers_.resize(thrower_begin_.back());
  std::vector<uint32_t> pred_next(pred_begin_.begin(), pred_begin_.end() - 1);
  std::vector<uint32_t> thrower_next(thrower_begin_.begin(), thrower_begin_.end() - 1);
  for (BlockId b : order_) {
    const Inst& t = f.terminator(b);
    for (uint32_t i = 0; i < t.edge_count; i++) {
      uint32_t edge = t.edges_begin + i;
      preds_[pred_next[f.edges[edge].target.index]++] = {b, edge};
    }
    if (f[b].handler) throwers_[thrower_next[f[b].handler.index]++] = b;
  }
}

}  // namespace tsvm::ir

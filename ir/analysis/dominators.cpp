#include "ir/analysis/dominators.h"

namespace tsvm::ir {

Dominators::Dominators(const Function& f, const Cfg& cfg) : cfg_(cfg) {
  std::span<const BlockId> order = cfg.order();
  uint32_t count = static_cast<uint32_t>(2 * order.size());
  // Cooper, Harvey and Kennedy's iteration; node numbers are positions in reverse post-order.
  parent_.assign(count, kNone);
  parent_[0] = 0;
  auto meet = [&](uint32_t a, uint32_t b) {
    while (a != b) {
      while (a > b) a = parent_[a];
      while (b > a) b = parent_[b];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < order.size(); i++) {
      if (i != 0) {
        uint32_t best = kNone;
        auto join = [&](uint32_t pred) {
          if (parent_[pred] == kNone) return;
          best = best == kNone ? pred : meet(best, pred);
        };
        for (const PredEdge& p : cfg.preds(order[i])) join(2 * cfg.position(p.from) + 1);
        for (BlockId t : cfg.throwers(order[i])) join(2 * cfg.position(t));
        if (parent_[2 * i] != best) {
          parent_[2 * i] = best;
          changed = true;
        }
      }
      parent_[2 * i + 1] = 2 * i;
    }
  }

  children_.resize(count);
  for (uint32_t i = 1; i < order.size(); i++) children_[parent_[2 * i]].push_back(order[i]);
  // Number the tree so that "is an ancestor" is two comparisons.
  in_.assign(count, 0);
  out_.assign(count, 0);
  uint32_t clock = 0;
  struct Visit {
    uint32_t node;
    uint32_t next;
  };
  std::vector<Visit> stack;
  auto enter = [&](uint32_t node) {
    in_[node] = clock++;
    stack.push_back({node, 0});
  };
  enter(0);
  while (!stack.empty()) {
    Visit& v = stack.back();
    bool is_start = v.node % 2 == 0;
    uint32_t step = v.next++;
    uint32_t own = is_start ? 1 : 0;  // a start has its body as first child
    if (is_start && step == 0) {
      enter(v.node + 1);
    } else if (step - own < children_[v.node].size()) {
      enter(2 * cfg.position(children_[v.node][step - own]));
    } else {
      out_[v.node] = clock++;
      stack.pop_back();
    }
  }

  def_block_.assign(f.insts.size(), BlockId());
  for (BlockId b : order)
    for (InstId i : f[b].insts) def_block_[i.index] = b;
}

bool Dominators::available(const Function& f, ValueId v, BlockId at) const {
  const Value& value = f[v];
  if (!value.def) return value.block && dominates(value.block, at);
  const Inst& def = f[value.def];
  BlockId block = def_block_[value.def.index];
  if (!block) return false;
  if (def.op == Opcode::ForIter) return dominates(f.successors(def)[0].target, at);
  return body_dominates(block, at);
}

BlockId Dominators::immediate(BlockId b) const {
  if (!cfg_.reachable(b) || cfg_.position(b) == 0) return BlockId();
  return cfg_.order()[parent_[2 * cfg_.position(b)] / 2];
}

}  // namespace tsvm::ir

#include "ir/analysis/loops.h"

#include <algorithm>

namespace tsvm::ir {

Loops::Loops(const Function& f, const Cfg& cfg, const Dominators& doms) : innermost_(f.blocks.size(), kNone) {
  // Headers in reverse post-order: outer ones first.
  for (BlockId h : cfg.order()) {
    Loop loop;
    loop.header = h;
    for (const PredEdge& p : cfg.preds(h))
      if (doms.dominates(h, p.from) &&
          std::find(loop.latches.begin(), loop.latches.end(), p.from) == loop.latches.end())
        loop.latches.push_back(p.from);
    if (loop.latches.empty()) continue;
    std::vector<bool> inside(f.blocks.size());
    inside[h.index] = true;
    std::vector<BlockId> work = loop.latches;
    while (!work.empty()) {
      BlockId b = work.back();
      work.pop_back();
      if (inside[b.index]) continue;
      inside[b.index] = true;
      for (const PredEdge& p : cfg.preds(b)) work.push_back(p.from);
      for (BlockId t : cfg.throwers(b)) work.push_back(t);
    }
    for (BlockId b : cfg.order())
      if (inside[b.index]) loop.blocks.push_back(b);
    uint32_t id = static_cast<uint32_t>(loops_.size());
    loop.parent = innermost_[h.index];
    loop.depth = loop.parent == kNone ? 1 : loops_[loop.parent].depth + 1;
    for (BlockId b : loop.blocks) innermost_[b.index] = id;
    loops_.push_back(std::move(loop));
  }
}

Preheader preheader(Function& f, const Cfg& cfg, const Loops& loops, uint32_t loop) {
  BlockId header = loops.all()[loop].header;
  if (header == f.entry || !cfg.throwers(header).empty()) return {};
  std::vector<PredEdge> entries;
  for (const PredEdge& p : cfg.preds(header))
    if (!loops.contains(loop, p.from)) entries.push_back(p);
  if (entries.size() == 1 && f.terminator(entries[0].from).op == Opcode::Jump &&
      f[entries[0].from].handler == f[header].handler)
    return {entries[0].from, false};
  // The result of a for_iter on the way in stays where it is made: that block has no other predecessor anyway.
  for (const PredEdge& p : entries)
    if (f.terminator(p.from).op == Opcode::ForIter && f.terminator(p.from).edges_begin == p.edge) return {};
  Builder b(f);
  b.handler = f[header].handler;
  BlockId block = b.make_block();
  std::vector<ValueId> args;
  for (ValueId p : std::vector<ValueId>(f[header].params)) args.push_back(b.add_param(block, f.type_of(p)));
  b.position_at_end(block);
  b.range = f.terminator(entries[0].from).range;
  b.jump(header, args);
  for (const PredEdge& p : entries) f.edges[p.edge].target = block;
  return {block, true};
}

}  // namespace tsvm::ir

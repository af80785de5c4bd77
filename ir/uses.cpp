#include "ir/uses.h"

#include "base/check.h"

namespace tsvm::ir {

std::vector<uint32_t> count_uses(const Function& f) {
  std::vector<uint32_t> uses(f.values.size());
  for (const Block& b : f.blocks)
    for (InstId i : b.insts) for_each_use(f, f[i], [&](ValueId v) { uses[v.index]++; });
  return uses;
}

void Replacements::add(ValueId from, ValueId to) {
  from = find(from);
  to = find(to);
  if (from == to) return;
  if (from.index >= to_.size()) to_.resize(f_.values.size());
  to_[from.index] = to;
  count_++;
}

ValueId Replacements::find(ValueId v) const {
  ValueId root = v;
  while (root.index < to_.size() && to_[root.index]) root = to_[root.index];
  while (v != root) {  // shorten the way for the next time
    ValueId next = to_[v.index];
    to_[v.index] = root;
    v = next;
  }
  return root;
}

void Replacements::apply(Inst& inst) {
  if (count_ == 0) return;
  for (ValueId& v : f_.operands(inst)) v = find(v);
  for (Edge& e : f_.successors(inst))
    for (ValueId& v : f_.args(e)) v = find(v);
}

void Replacements::apply_everywhere() {
  if (count_ == 0) return;
  for (Block& b : f_.blocks)
    for (InstId i : b.insts) apply(f_[i]);
  for (ExitState& e : f_.exits)
    for (ExitFrame& frame : e.frames)
      for (auto& [reg, v] : frame.registers) v = find(v);
}

void erase(Function& f, const std::vector<bool>& marked) {
  for (Block& b : f.blocks) {
    size_t kept = 0;
    for (InstId i : b.insts)
      if (!(i.index < marked.size() && marked[i.index])) b.insts[kept++] = i;
    b.insts.resize(kept);
  }
}

void compact(Function& f) {
  std::vector<uint32_t> block_ids(f.blocks.size(), ValueId::kNoneIndex);
  std::vector<uint32_t> value_ids(f.values.size(), ValueId::kNoneIndex);
  std::vector<uint32_t> exit_ids(f.exits.size(), ValueId::kNoneIndex);
  std::vector<BlockId> order;
  order.push_back(f.entry);
  for (uint32_t b = 0; b < f.blocks.size(); b++)
    if (BlockId(b) != f.entry && f.is_live(BlockId(b))) order.push_back(BlockId(b));
  for (uint32_t i = 0; i < order.size(); i++) block_ids[order[i].index] = i;

  std::vector<Value> values;
  auto define = [&](ValueId v, InstId def, BlockId block) {
    value_ids[v.index] = static_cast<uint32_t>(values.size());
    values.push_back(Value{f[v].type, def, block});
  };
  uint32_t inst_count = 0;
  for (BlockId b : order) {
    for (ValueId p : f[b].params) define(p, InstId(), BlockId(block_ids[b.index]));
    for (InstId i : f[b].insts) {
      if (f[i].result) define(f[i].result, InstId(inst_count), BlockId());
      inst_count++;
    }
  }
  auto value = [&](ValueId v) {
    TSVM_CHECK(value_ids[v.index] != ValueId::kNoneIndex, "a value is used and not defined");
    return ValueId(value_ids[v.index]);
  };

  std::vector<Inst> insts;
  std::vector<Block> blocks;
  std::vector<Edge> edges;
  std::vector<ValueId> pool;
  std::vector<ExitState> exits;
  insts.reserve(inst_count);
  blocks.reserve(order.size());
  for (BlockId b : order) {
    Block block;
    block.handler = f[b].handler ? BlockId(block_ids[f[b].handler.index]) : BlockId();
    for (ValueId p : f[b].params) block.params.push_back(value(p));
    for (InstId id : f[b].insts) {
      Inst inst = f[id];
      if (inst.result) inst.result = value(inst.result);
      uint32_t begin = static_cast<uint32_t>(pool.size());
      for (ValueId v : f.operands(inst)) pool.push_back(value(v));
      inst.operands_begin = begin;
      begin = static_cast<uint32_t>(edges.size());
      for (const Edge& e : f.successors(inst)) {
        Edge copy{BlockId(block_ids[e.target.index]), static_cast<uint32_t>(pool.size()), e.args_count};
        for (ValueId v : f.args(e)) pool.push_back(value(v));
        edges.push_back(copy);
      }
      inst.edges_begin = begin;
      if (inst.exit) {
        uint32_t& id_of_exit = exit_ids[inst.exit.index];
        if (id_of_exit == ValueId::kNoneIndex) {
          id_of_exit = static_cast<uint32_t>(exits.size());
          exits.push_back(f.exits[inst.exit.index]);
          for (ExitFrame& frame : exits.back().frames)
            for (auto& [reg, v] : frame.registers) v = value(v);
        }
        inst.exit = ExitId(id_of_exit);
      }
      block.insts.push_back(InstId(static_cast<uint32_t>(insts.size())));
      insts.push_back(inst);
    }
    blocks.push_back(std::move(block));
  }
  f.entry = BlockId(0);
  f.values = std::move(values);
  f.insts = std::move(insts);
  f.blocks = std::move(blocks);
  f.edges = std::move(edges);
  f.pool = std::move(pool);
  f.exits = std::move(exits);
}

}  // namespace tsvm::ir

#include "ir/passes/dce.h"

#include <vector>

#include "ir/effects.h"
#include "ir/uses.h"

namespace tsvm::ir {

bool run_dce(Function& f) {
  std::vector<bool> needed(f.insts.size());
  std::vector<bool> seen(f.values.size());
  std::vector<ValueId> work;
  std::vector<uint32_t> place(f.values.size());  // of parameters: their position in the block
  std::vector<std::vector<uint32_t>> edges_to(f.blocks.size());

  auto need_value = [&](ValueId v) {
    if (seen[v.index]) return;
    seen[v.index] = true;
    work.push_back(v);
  };
  auto need_inst = [&](InstId id) {
    if (needed[id.index]) return;
    needed[id.index] = true;
    const Inst& inst = f[id];
    for (ValueId v : f.operands(inst)) need_value(v);
    if (inst.exit)
      for (const ExitFrame& frame : f.exits[inst.exit.index].frames)
        for (const auto& [reg, v] : frame.registers) need_value(v);
  };

  for (uint32_t n = 0; n < f.blocks.size(); n++) {
    const Block& block = f.blocks[n];
    for (uint32_t k = 0; k < block.params.size(); k++) place[block.params[k].index] = k;
    for (InstId id : block.insts) {
      const Inst& inst = f[id];
      if (info(inst.op).has(kTerminator) || !effects(f, inst).removable()) need_inst(id);
      for (uint32_t e = 0; e < inst.edge_count; e++)
        edges_to[f.edges[inst.edges_begin + e].target.index].push_back(inst.edges_begin + e);
    }
  }
  for (ValueId p : f[f.entry].params) need_value(p);
  while (!work.empty()) {
    ValueId v = work.back();
    work.pop_back();
    if (f[v].def) {
      need_inst(f[v].def);
    } else {
      for (uint32_t e : edges_to[f[v].block.index]) need_value(f.args(f.edges[e])[place[v.index]]);
    }
  }

  bool changed = false;
  for (uint32_t n = 0; n < f.blocks.size(); n++) {
    Block& block = f.blocks[n];
    size_t kept = 0;
    for (InstId id : block.insts)
      if (needed[id.index]) block.insts[kept++] = id;
    changed |= kept != block.insts.size();
    block.insts.resize(kept);

    bool all = true;
    for (ValueId p : block.params) all &= seen[p.index];
    if (all) continue;
    changed = true;
    for (uint32_t e : edges_to[n]) {
      Edge& edge = f.edges[e];
      uint32_t args = 0;
      for (uint32_t k = 0; k < edge.args_count; k++)
        if (seen[block.params[k].index]) f.pool[edge.args_begin + args++] = f.pool[edge.args_begin + k];
      edge.args_count = args;
    }
    std::erase_if(block.params, [&](ValueId p) { return !seen[p.index]; });
  }
  return changed;
}

}  // namespace tsvm::ir

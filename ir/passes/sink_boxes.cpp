#include "ir/passes/sink_boxes.h"

#include "ir/analysis/cfg.h"
#include "ir/uses.h"

namespace tsvm::ir {

bool run_sink_boxes(Function& f) {
  Cfg cfg(f);
  std::vector<BlockId> home(f.insts.size());
  std::vector<bool> used_at_home(f.values.size()), used(f.values.size());
  for (BlockId b : cfg.order())
    for (InstId i : f[b].insts) home[i.index] = b;
  auto is_box = [&](ValueId v) {
    const Inst* def = f.def(v);
    return def != nullptr && def->op == Opcode::Box && home[f[v].def.index];
  };
  for (BlockId b : cfg.order())
    for (InstId i : f[b].insts)
      for_each_use(f, f[i], [&](ValueId v) {
        if (!is_box(v)) return;
        used[v.index] = true;
        if (home[f[v].def.index] == b) used_at_home[v.index] = true;
      });

  bool changed = false;
  uint32_t values = static_cast<uint32_t>(f.values.size());
  std::vector<bool> dead(f.insts.size());
  std::vector<std::pair<ValueId, ValueId>> here;  // boxes made again in the block at hand
  for (BlockId b : cfg.order()) {
    here.clear();
    for (uint32_t k = 0; k < f[b].insts.size(); k++) {
      InstId id = f[b].insts[k];
      auto replaced = [&](ValueId v) {
        if (v.index >= values || !is_box(v) || used_at_home[v.index] || home[f[v].def.index] == b) return v;
        for (auto [from, to] : here)
          if (from == v) return to;
        const Inst box = *f.def(v);
        dead[f[v].def.index] = true;
        changed = true;
        Builder build(f);
        build.position_at(b, k);
        build.range = box.range;
        build.frame = box.frame;
        build.rewrites = false;
        ValueId again = build.emit(Opcode::Box, {f.operands(box)[0]}, 0, f.type_of(v));
        k++;
        here.emplace_back(v, again);
        return again;
      };
      for (uint32_t n = 0; n < f[id].operands_count; n++) {
        ValueId v = replaced(f.operands(f[id])[n]);
        f.operands(f[id])[n] = v;
      }
      for (uint32_t e = 0; e < f[id].edge_count; e++)
        for (uint32_t n = 0; n < f.successors(f[id])[e].args_count; n++) {
          ValueId v = replaced(f.args(f.successors(f[id])[e])[n]);
          f.args(f.successors(f[id])[e])[n] = v;
        }
    }
  }
  // Exit states may still name the old ones (when infer has not run): only those that are not used at all go.
  std::vector<uint32_t> uses = count_uses(f);
  for (uint32_t i = 0; i < dead.size(); i++)
    if (dead[i] && uses[f.insts[i].result.index] != 0) dead[i] = false;
  erase(f, dead);
  return changed;
}

}  // namespace tsvm::ir

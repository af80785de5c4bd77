#include "ir/analysis/liveness.h"

#include "ir/uses.h"

namespace tsvm::ir {

void Liveness::step(const Function& f, const Inst& inst, ValueSet& live) {
  if (inst.result) live.remove(inst.result);
  for_each_use(f, inst, [&](ValueId v) { live.add(v); });
}

Liveness::Liveness(const Function& f, const Cfg& cfg)
    : in_(f.blocks.size(), ValueSet(f.values.size())), out_(f.blocks.size(), ValueSet(f.values.size())) {
  std::span<const BlockId> order = cfg.order();
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = order.size(); i-- > 0;) {
      BlockId b = order[i];
      ValueSet live(f.values.size());
      const Inst& last = f.terminator(b);
      for (const Edge& e : f.successors(last)) {
        ValueSet next = in_[e.target.index];
        for (ValueId p : f[e.target].params) next.remove(p);
        live.merge(next);
      }
      if (last.op == Opcode::ForIter) live.remove(last.result);
      if (f[b].handler) live.merge(in_[f[b].handler.index]);
      out_[b.index] = live;
      for (size_t k = f[b].insts.size(); k-- > 0;) step(f, f[f[b].insts[k]], live);
      // Needed by the handler is needed from the start on.
      if (f[b].handler) live.merge(in_[f[b].handler.index]);
      if (in_[b.index].merge(live)) changed = true;
    }
  }
}

}  // namespace tsvm::ir

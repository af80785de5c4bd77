#include "ir/passes/rewrite.h"

#include <vector>

#include "ir/analysis/cfg.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

/// The rows of each opcode, in order.
const std::vector<const Rule*>& rules_of(Opcode op) {
  static const std::vector<std::vector<const Rule*>> table = [] {
    std::vector<std::vector<const Rule*>> t(static_cast<size_t>(Opcode::Count));
    for (std::span<const Rule> rules : {generic_rules(), typed_rules()})
      for (const Rule& r : rules) t[static_cast<size_t>(r.op)].push_back(&r);
    return t;
  }();
  return table[static_cast<size_t>(op)];
}

}  // namespace

Rewrite rewrite(Builder& b, const Candidate& c) {
  for (const Rule* rule : rules_of(c.op)) {
    Rewrite r = rule->apply(b, c);
    if (r.done) return r;
  }
  return {};
}

bool run_rewrite(Function& f) {
  Cfg cfg(f);
  Replacements replaced(f);
  std::vector<bool> dead(f.insts.size());
  bool changed = false;
  std::vector<ValueId> operands;
  for (BlockId block : cfg.order()) {
    for (uint32_t k = 0; k < f[block].insts.size(); k++) {
      InstId id = f[block].insts[k];
      replaced.apply(f[id]);
      const Inst inst = f[id];
      if (info(inst.op).has(kTerminator) || rules_of(inst.op).empty()) continue;
      Builder b(f);
      b.position_at(block, k);
      b.range = inst.range;
      b.exit = inst.exit;
      b.frame = inst.frame;
      operands.assign(f.operands(inst).begin(), f.operands(inst).end());
      TypeId type = inst.result ? f.type_of(inst.result) : types::Any;
      Rewrite r = rewrite(b, Candidate{inst.op, operands, inst.imm, type, inst.exit});
      k = b.index();  // past what was put in front
      if (!r.done) continue;
      changed = true;
      dead[id.index] = true;
      if (inst.result) replaced.add(inst.result, r.value);
    }
  }
  if (!changed) return false;
  replaced.apply_everywhere();
  erase(f, dead);
  return true;
}

}  // namespace tsvm::ir

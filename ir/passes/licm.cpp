#include "ir/passes/licm.h"

#include "ir/analysis/loops.h"
#include "ir/effects.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

/// The state in which a guard at the end of `block` may leave: that of a resume point with nothing behind it that
/// writes.
ExitId resume_state(const Function& f, BlockId block) {
  const std::vector<InstId>& insts = f[block].insts;
  for (size_t k = insts.size() - 1; k-- > 0;) {
    const Inst& inst = f[insts[k]];
    if (inst.op == Opcode::ResumePoint) return inst.exit;
    Effects e = effects(f, inst);
    if (e.writes != 0 || e.world) break;
  }
  return ExitId();
}

class Licm {
 public:
  explicit Licm(Function& f) : f_(f) {}

  bool run() {
    bool changed = false;
    // A preheader that had to be made changes the graph: look again.
    while (round(changed)) {
    }
    return changed;
  }

 private:
  /// Whether another round is needed.
  bool round(bool& changed) {
    Cfg cfg(f_);
    Dominators doms(f_, cfg);
    Loops loops(f_, cfg, doms);
    std::vector<BlockId> home(f_.insts.size());
    for (BlockId b : cfg.order())
      for (InstId i : f_[b].insts) home[i.index] = b;
    // Inner loops first, so that what leaves one may go on to leave the next.
    for (size_t l = loops.all().size(); l-- > 0;) {
      const Loop& loop = loops.all()[l];
      std::vector<InstId> moved = candidates(loop, static_cast<uint32_t>(l), loops, doms, home, ExitId());
      Preheader pre;
      if (!moved.empty()) {
        pre = preheader(f_, cfg, loops, static_cast<uint32_t>(l));
        if (pre.made) {
          changed = true;
          return true;
        }
      } else {
        // Guards only move to where there is a resume point already.
        pre = existing_preheader(cfg, loops, static_cast<uint32_t>(l));
      }
      if (!pre.block) continue;
      ExitId resume = resume_state(f_, pre.block);
      if (resume) moved = candidates(loop, static_cast<uint32_t>(l), loops, doms, home, resume);
      if (moved.empty()) continue;
      changed = true;
      move(moved, pre.block, resume, home);
    }
    return false;
  }

  Preheader existing_preheader(const Cfg& cfg, const Loops& loops, uint32_t l) const {
    BlockId header = loops.all()[l].header;
    Preheader found;
    for (const PredEdge& p : cfg.preds(header)) {
      if (loops.contains(l, p.from)) continue;
      if (found.block || f_.terminator(p.from).op != Opcode::Jump) return {};
      found.block = p.from;
    }
    return found;
  }

  std::vector<InstId> candidates(const Loop& loop, uint32_t l, const Loops& loops, const Dominators& doms,
                                 const std::vector<BlockId>& home, ExitId resume) const {
    uint32_t written = 0;
    for (BlockId b : loop.blocks)
      for (InstId i : f_[b].insts) written |= effects(f_, f_[i]).writes;
    std::vector<bool> moving(f_.insts.size());
    auto outside = [&](ValueId v) {
      const Value& value = f_[v];
      if (!value.def) return !loops.contains(l, value.block);
      return moving[value.def.index] || !loops.contains(l, home[value.def.index]);
    };
    std::vector<InstId> out;
    for (BlockId b : loop.blocks) {
      bool every_round = true;
      for (BlockId latch : loop.latches) every_round &= b == latch || doms.body_dominates(b, latch);
      for (InstId id : f_[b].insts) {
        const Inst& inst = f_[id];
        if (info(inst.op).has(kTerminator) || inst.op == Opcode::ResumePoint) continue;
        Effects e = effects(f_, inst);
        if (e.world || e.fresh || e.writes != 0 || (e.reads & written) != 0) continue;
        if ((e.raises || e.exits || e.guards) && !(resume && inst.exit && every_round)) continue;
        if (inst.operands_count == 0 && e.pure()) continue;  // costs nothing where it is
        bool invariant = true;
        for (ValueId v : f_.operands(inst)) invariant &= outside(v) || constant_of(f_, v) != nullptr;
        if (!invariant) continue;
        // A constant inside the loop goes along with what uses it.
        for (ValueId v : f_.operands(inst)) {
          if (outside(v)) continue;
          moving[f_[v].def.index] = true;
          out.push_back(f_[v].def);
        }
        moving[id.index] = true;
        out.push_back(id);
      }
    }
    return out;
  }

  void move(const std::vector<InstId>& moved, BlockId to, ExitId resume, std::vector<BlockId>& home) {
    for (InstId id : moved) {
      std::erase(f_[home[id.index]].insts, id);
      // Without a resume point only what never leaves is moved: its exit state says nothing.
      if (f_[id].exit) f_[id].exit = resume;
      std::vector<InstId>& into = f_[to].insts;
      into.insert(into.end() - 1, id);
      home[id.index] = to;
    }
  }

  Function& f_;
};

}  // namespace

bool run_licm(Function& f) { return Licm(f).run(); }

}  // namespace tsvm::ir

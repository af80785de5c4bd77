#include "ir/passes/simplify_cfg.h"

#include <algorithm>
#include <optional>

#include "ir/analysis/cfg.h"
#include "ir/effects.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

class SimplifyCfg {
 public:
  explicit SimplifyCfg(Function& f) : f_(f) {}

  bool run() {
    bool changed = false;
    // Each step shrinks the graph or straightens an edge, so this ends.
    while (step()) changed = true;
    return changed;
  }

 private:
  bool step() {
    Cfg cfg(f_);
    bool changed = remove_unreachable(cfg);
    changed |= fold_branches(cfg);
    if (changed) return true;  // predecessors are stale
    changed |= drop_handlers(cfg);
    if (changed) return true;
    if (remove_params(cfg)) return true;
    if (thread_branches(cfg)) return true;
    if (forward_jumps(cfg)) return true;
    return merge_blocks(cfg);
  }

  bool remove_unreachable(const Cfg& cfg) {
    bool changed = false;
    for (uint32_t b = 0; b < f_.blocks.size(); b++) {
      if (cfg.reachable(BlockId(b)) || !f_.is_live(BlockId(b))) continue;
      f_.blocks[b] = Block{};
      changed = true;
    }
    return changed;
  }

  void to_jump(InstId branch, uint32_t keep) {
    Inst& inst = f_[branch];
    inst.op = Opcode::Jump;
    inst.operands_count = 0;
    inst.edges_begin += keep;
    inst.edge_count = 1;
  }

  bool fold_branches(const Cfg& cfg) {
    bool changed = false;
    for (BlockId b : cfg.order()) {
      InstId id = f_[b].insts.back();
      if (f_[id].op != Opcode::Branch) continue;
      ValueId condition = f_.operands(f_[id])[0];
      if (const Constant* c = constant_of(f_, condition)) {
        to_jump(id, c->int_value ? 0 : 1);
        changed = true;
        continue;
      }
      const Inst* def = f_.def(condition);
      if (def != nullptr && def->op == Opcode::NotBool) {
        f_.operands(f_[id])[0] = f_.operands(*def)[0];
        std::swap(f_.edges[f_[id].edges_begin], f_.edges[f_[id].edges_begin + 1]);
        changed = true;
      }
      const Edge& x = f_.successors(f_[id])[0];
      const Edge& y = f_.successors(f_[id])[1];
      if (x.target != y.target) continue;
      std::span<const ValueId> xs = f_.args(x), ys = f_.args(y);
      if (!std::equal(xs.begin(), xs.end(), ys.begin(), ys.end())) continue;
      to_jump(id, 0);
      changed = true;
    }
    return changed;
  }

  bool drop_handlers(const Cfg& cfg) {
    bool changed = false;
    for (BlockId b : cfg.order()) {
      if (!f_[b].handler) continue;
      bool raises = false;
      for (InstId i : f_[b].insts) {
        const Inst& inst = f_[i];
        raises |= effects(f_, inst).raises || inst.op == Opcode::Raise || inst.op == Opcode::Reraise;
      }
      // An interrupt is raised at a back edge.
      for (const Edge& e : f_.successors(f_.terminator(b))) raises |= cfg.position(e.target) <= cfg.position(b);
      if (raises) continue;
      f_[b].handler = BlockId();
      changed = true;
    }
    return changed;
  }

  void remove_param(BlockId b, uint32_t k, const Cfg& cfg) {
    f_[b].params.erase(f_[b].params.begin() + k);
    for (const PredEdge& p : cfg.preds(b)) {
      Edge& e = f_.edges[p.edge];
      std::span<ValueId> args = f_.args(e);
      std::copy(args.begin() + k + 1, args.end(), args.begin() + k);
      e.args_count--;
    }
  }

  /// A parameter that always gets one value (or itself, around a loop) is that value.
  bool remove_params(const Cfg& cfg) {
    Replacements replaced(f_);
    for (BlockId b : cfg.order()) {
      if (b == f_.entry) continue;
      for (uint32_t k = 0; k < f_[b].params.size();) {
        ValueId param = f_[b].params[k];
        ValueId only;
        bool same = true;
        for (const PredEdge& p : cfg.preds(b)) {
          ValueId arg = replaced.find(f_.args(f_.edges[p.edge])[k]);
          if (arg == param || arg == only) continue;
          same &= !only;
          only = arg;
        }
        if (!same || !only) {
          k++;
          continue;
        }
        replaced.add(param, only);
        remove_param(b, k, cfg);
      }
    }
    if (replaced.empty()) return false;
    replaced.apply_everywhere();
    return true;
  }

  /// The edge carries the result of a for_iter to its first successor: it must stay.
  bool is_item_edge(const PredEdge& p) const {
    const Inst& t = f_.terminator(p.from);
    return t.op == Opcode::ForIter && t.edges_begin == p.edge;
  }

  /// Every use of the parameters of `b` is in its own terminator.
  bool params_stay_inside(BlockId b) {
    if (uses_.empty()) uses_ = count_uses(f_);
    std::vector<uint32_t> inside(f_[b].params.size());
    const Inst& t = f_.terminator(b);
    for_each_use(f_, t, [&](ValueId v) {
      for (size_t k = 0; k < inside.size(); k++)
        if (f_[b].params[k] == v) inside[k]++;
    });
    for (size_t k = 0; k < inside.size(); k++)
      if (inside[k] != uses_[f_[b].params[k].index]) return false;
    return true;
  }

  /// Sends an edge that leads to `b` on to where `b` would go by `way`, with the arguments that would arrive there.
  void redirect(uint32_t edge, BlockId b, const Edge& way) {
    std::vector<ValueId> args;
    for (ValueId v : f_.args(way)) {
      for (size_t k = 0; k < f_[b].params.size(); k++)
        if (f_[b].params[k] == v) {
          v = f_.args(f_.edges[edge])[k];
          break;
        }
      args.push_back(v);
    }
    Edge& e = f_.edges[edge];
    e.target = way.target;
    e.args_begin = static_cast<uint32_t>(f_.pool.size());
    e.args_count = static_cast<uint32_t>(args.size());
    f_.pool.insert(f_.pool.end(), args.begin(), args.end());
  }

  /// An interrupt at a back edge is raised where the edge is: moving the edge must not change who handles it.
  bool may_move_edge(const Cfg& cfg, BlockId from, BlockId through, BlockId to) const {
    return cfg.position(to) > cfg.position(through) || f_[from].handler == f_[through].handler;
  }

  // Redirecting an edge makes stale what is known of the blocks at its ends: they wait for the next step.
  bool is_fresh(const Cfg& cfg, BlockId b) const {
    bool fresh = !touched_[b.index];
    for (const PredEdge& p : cfg.preds(b)) fresh &= !touched_[p.from.index];
    for (const Edge& e : f_.successors(f_.terminator(b))) fresh &= !touched_[e.target.index];
    return fresh;
  }
  void touch(BlockId a, BlockId b, BlockId c) { touched_[a.index] = touched_[b.index] = touched_[c.index] = true; }

  /// A predecessor that passes the constant on which a block does nothing but branch.
  bool thread_branches(const Cfg& cfg) {
    uses_.clear();
    touched_.assign(f_.blocks.size(), false);
    bool changed = false;
    for (BlockId b : cfg.order()) {
      if (b == f_.entry || f_[b].insts.size() != 1 || !is_fresh(cfg, b)) continue;
      const Inst& t = f_.terminator(b);
      if (t.op != Opcode::Branch) continue;
      ValueId condition = f_.operands(t)[0];
      size_t k = 0;
      while (k < f_[b].params.size() && f_[b].params[k] != condition) k++;
      if (k == f_[b].params.size() || !params_stay_inside(b)) continue;
      uint32_t edges_begin = t.edges_begin;
      for (const PredEdge& p : cfg.preds(b)) {
        const Constant* c = constant_of(f_, f_.args(f_.edges[p.edge])[k]);
        if (c == nullptr || is_item_edge(p)) continue;
        Edge way = f_.edges[edges_begin + (c->int_value ? 0 : 1)];
        if (way.target == b || !may_move_edge(cfg, p.from, b, way.target)) continue;
        redirect(p.edge, b, way);
        touch(p.from, b, way.target);
        changed = true;
      }
    }
    return changed;
  }

  /// Blocks that do nothing but jump.
  bool forward_jumps(const Cfg& cfg) {
    uses_.clear();
    touched_.assign(f_.blocks.size(), false);
    bool changed = false;
    for (BlockId b : cfg.order()) {
      if (b == f_.entry || f_[b].insts.size() != 1 || f_.terminator(b).op != Opcode::Jump) continue;
      Edge way = f_.successors(f_.terminator(b))[0];
      if (way.target == b || cfg.preds(b).empty() || !is_fresh(cfg, b) || !params_stay_inside(b)) continue;
      bool movable = true;
      for (const PredEdge& p : cfg.preds(b)) movable &= !is_item_edge(p) && may_move_edge(cfg, p.from, b, way.target);
      if (!movable) continue;
      for (const PredEdge& p : cfg.preds(b)) {
        redirect(p.edge, b, way);
        touch(p.from, b, way.target);
      }
      changed = true;
    }
    return changed;
  }

  bool merge_blocks(const Cfg& cfg) {
    Replacements replaced(f_);
    bool changed = false;
    for (BlockId b : cfg.order()) {
      if (!f_.is_live(b)) continue;
      for (;;) {
        InstId last = f_[b].insts.back();
        if (f_[last].op != Opcode::Jump) break;
        const Edge e = f_.successors(f_[last])[0];
        BlockId next = e.target;
        if (next == b || next == f_.entry || cfg.preds(next).size() != 1 || f_[next].handler != f_[b].handler) break;
        for (size_t k = 0; k < f_[next].params.size(); k++) replaced.add(f_[next].params[k], f_.args(e)[k]);
        f_[b].insts.pop_back();
        f_[b].insts.insert(f_[b].insts.end(), f_[next].insts.begin(), f_[next].insts.end());
        f_[next] = Block{};
        changed = true;
      }
    }
    replaced.apply_everywhere();
    return changed;
  }

  Function& f_;
  std::vector<uint32_t> uses_;
  std::vector<bool> touched_;
};

}  // namespace

bool run_simplify_cfg(Function& f) { return SimplifyCfg(f).run(); }

}  // namespace tsvm::ir

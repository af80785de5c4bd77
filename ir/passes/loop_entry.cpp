#include "ir/passes/loop_entry.h"

#include <algorithm>
#include <unordered_map>

#include "ir/analysis/dominators.h"
#include "ir/analysis/liveness.h"
#include "ir/passes/simplify_cfg.h"
#include "ir/uses.h"

namespace tsvm::ir {

std::vector<ValueId> needed_at(const Function& f, BlockId header) {
  Cfg cfg(f);
  std::vector<ValueId> out;
  Liveness(f, cfg).in(header).for_each([&](ValueId v) { out.push_back(v); });
  return out;
}

namespace {

class LoopEntry {
 public:
  explicit LoopEntry(Function& f) : f_(f) {}

  bool run(BlockId header, std::span<const ValueId> arriving) {
    make_entry(header, arriving);
    for (ValueId v : above_)
      if (!repair(v)) return false;
    run_simplify_cfg(f_);
    return true;
  }

 private:
  void make_entry(BlockId header, std::span<const ValueId> arriving) {
    Builder b(f_);
    BlockId entry = b.make_block();
    std::unordered_map<uint32_t, ValueId> arrived;
    std::vector<Param> params;
    NameId unnamed = f_.module->intern("");
    for (ValueId v : arriving) {
      arrived[v.index] = b.add_param(entry, f_.type_of(v));
      params.push_back(Param{unnamed, ParamKind::PositionalOnly, false, f_.type_of(v)});
      const std::vector<ValueId>& own = f_[header].params;
      if (std::find(own.begin(), own.end(), v) == own.end()) above_.push_back(v);
    }
    b.position_at_end(entry);
    std::vector<ValueId> args;
    for (ValueId p : std::vector<ValueId>(f_[header].params)) {
      auto it = arrived.find(p.index);
      // A parameter that nobody needs gets any value of its type.
      args.push_back(it != arrived.end() ? it->second : any_value(b, f_.type_of(p)));
    }
    b.jump(header, args);
    f_.entry = entry;
    f_.params = std::move(params);
    f_.is_class_body = false;
    arrived_ = std::move(arrived);
  }

  ValueId any_value(Builder& b, TypeId t) {
    if (t == types::Bool) return b.const_bool(false);
    if (t == types::I64) return b.const_i64(0);
    if (t == types::F64) return b.const_f64(0);
    ValueId none = b.none();
    return t == types::Any ? none : b.emit(Opcode::Cast, {none}, t.index);
  }

  /// `v` is defined where it was and arrives at the new entry.
  bool repair(ValueId v) {
    Cfg cfg(f_);
    Dominators doms(f_, cfg);
    Liveness live(f_, cfg);
    ValueId arrived = arrived_[v.index];
    BlockId home = home_of(cfg, v);
    // A parameter wherever ways meet and the value is needed: what turns out to be needless goes afterwards.
    std::unordered_map<uint32_t, ValueId> joined;
    for (BlockId b : cfg.order()) {
      if (b == home || cfg.preds(b).size() < 2 || !live.in(b).contains(v)) continue;
      Builder build(f_);
      joined[b.index] = build.add_param(b, f_.type_of(v));
    }
    // What stands for it at the start and the end of each block, dominators first.
    std::vector<ValueId> at_start(f_.blocks.size()), at_end(f_.blocks.size());
    for (BlockId b : cfg.order()) {
      ValueId now;
      if (auto it = joined.find(b.index); it != joined.end()) {
        now = it->second;
      } else if (b == f_.entry) {
        now = arrived;
      } else if (!cfg.throwers(b).empty()) {
        for (BlockId t : cfg.throwers(b)) {
          if (now && at_start[t.index] != now && live.in(b).contains(v)) return false;
          now = at_start[t.index];
        }
      } else if (!cfg.preds(b).empty()) {
        const PredEdge& p = cfg.preds(b)[0];
        now = at_end[p.from.index];
        if (is_item(v) && f_.edges[p.edge].target == item_block(v)) now = v;
      }
      at_start[b.index] = now;
      bool defined_here = b == home && !f_[v].def;
      if (defined_here) now = at_start[b.index] = v;
      for (InstId i : f_[b].insts) {
        rename(f_[i], v, now);
        if (f_[i].result == v && f_[i].op != Opcode::ForIter) now = v;
      }
      at_end[b.index] = now;
    }
    for (auto& [b, param] : joined)
      for (const PredEdge& p : cfg.preds(BlockId(b))) {
        ValueId arg = at_end[p.from.index];
        if (!arg) return false;
        append_arg(p.edge, arg);
      }
    return true;
  }

  bool is_item(ValueId v) const { return f_.def(v) != nullptr && f_.def(v)->op == Opcode::ForIter; }
  BlockId item_block(ValueId v) const { return f_.successors(*f_.def(v))[0].target; }

  BlockId home_of(const Cfg& cfg, ValueId v) const {
    if (!f_[v].def) return f_[v].block;
    if (is_item(v)) return item_block(v);
    for (BlockId b : cfg.order())
      for (InstId i : f_[b].insts)
        if (i == f_[v].def) return b;
    return BlockId();
  }

  void rename(Inst& inst, ValueId from, ValueId to) {
    if (from == to) return;
    for (ValueId& v : f_.operands(inst))
      if (v == from) v = to;
    for (Edge& e : f_.successors(inst))
      for (ValueId& v : f_.args(e))
        if (v == from) v = to;
    if (!inst.exit) return;
    bool found = false;
    ExitState state = f_.exits[inst.exit.index];
    for (ExitFrame& frame : state.frames)
      for (auto& [reg, v] : frame.registers)
        if (v == from) {
          v = to;
          found = true;
        }
    if (!found) return;
    inst.exit = ExitId(static_cast<uint32_t>(f_.exits.size()));
    f_.exits.push_back(std::move(state));
  }

  void append_arg(uint32_t edge, ValueId v) {
    Edge& e = f_.edges[edge];
    std::vector<ValueId> args(f_.args(e).begin(), f_.args(e).end());
    args.push_back(v);
    e.args_begin = static_cast<uint32_t>(f_.pool.size());
    e.args_count = static_cast<uint32_t>(args.size());
    f_.pool.insert(f_.pool.end(), args.begin(), args.end());
  }

  Function& f_;
  std::vector<ValueId> above_;
  std::unordered_map<uint32_t, ValueId> arrived_;
};

}  // namespace

bool enter_at_loop(Function& f, BlockId header, std::span<const ValueId> arriving) {
  Function copy = f;
  if (!LoopEntry(copy).run(header, arriving)) return false;
  f = std::move(copy);
  return true;
}

}  // namespace tsvm::ir

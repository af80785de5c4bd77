#include "ir/passes/range_loops.h"

#include <algorithm>

#include "ir/analysis/liveness.h"
#include "ir/analysis/loops.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

class RangeLoops {
 public:
  explicit RangeLoops(Function& f) : f_(f) {}

  bool run() {
    bool changed = false;
    while (step()) changed = true;
    return changed;
  }

 private:
  bool step() {
    Cfg cfg(f_);
    Dominators doms(f_, cfg);
    Loops loops(f_, cfg, doms);
    for (uint32_t l = 0; l < loops.all().size(); l++)
      if (convert(cfg, doms, loops, l)) return true;
    return false;
  }

  bool convert(const Cfg& cfg, const Dominators& doms, const Loops& loops, uint32_t l) {
    const Loop& loop = loops.all()[l];
    BlockId header = loop.header;
    InstId iter_id = f_[header].insts.back();
    const Inst iter = f_[iter_id];
    if (iter.op != Opcode::ForIter) return false;
    ValueId range = f_.operands(iter)[0];
    const Inst* guard = f_.def(range);
    if (guard == nullptr || guard->op != Opcode::GuardRange) return false;
    InstId guard_id = f_[range].def;
    ValueId object = f_.operands(*guard)[0];
    BlockId guard_block = home_of(cfg, guard_id);
    BlockId body = f_.successors(iter)[0].target;
    if (!guard_block || loops.contains(l, guard_block) || loops.contains(l, f_.successors(iter)[1].target))
      return false;
    for (BlockId latch : loop.latches)
      if (!doms.dominates(body, latch)) return false;
    // The iterator is this loop's alone.
    for (const Block& b : f_.blocks)
      for (InstId i : b.insts) {
        if (i == iter_id) continue;
        const Inst& inst = f_[i];
        auto uses = [&](ValueId v) {
          return v == range || (v == object && i != guard_id && loops.contains(l, home_of(cfg, i)));
        };
        for (ValueId v : f_.operands(inst))
          if (uses(v)) return false;
        for (const Edge& e : f_.successors(inst))
          for (ValueId v : f_.args(e))
            if (uses(v)) return false;
      }

    if (outlives_loop(cfg, doms, header, guard_id, range, object)) return false;

    auto step = static_cast<int32_t>(guard->imm);
    Builder b(f_);
    b.rewrites = false;
    // Where the loop is entered.
    const std::vector<InstId>& insts = f_[guard_block].insts;
    auto at = static_cast<uint32_t>(std::find(insts.begin(), insts.end(), guard_id) - insts.begin());
    b.position_at(guard_block, at + 1);
    b.range = iter.range;
    b.frame = iter.frame;
    ValueId first = b.emit(Opcode::RangeField, {range}, 0);
    ValueId stop = b.emit(Opcode::RangeField, {range}, 1);
    // The header: is there a next item?
    ValueId next = b.add_param(header, types::I64);
    b.position_at(header, 0);
    ValueId at_header = b.emit(Opcode::RangeIter, {range, next});
    b.position_at(header, static_cast<uint32_t>(f_[header].insts.size() - 1));
    ValueId more = b.emit(Opcode::CompareI64, {next, stop}, step > 0 ? CompareOp::Lt : CompareOp::Gt);
    // The body: it is the item, and the iterator goes on. It cannot overflow, by the guard.
    b.position_at(body, 0);
    ValueId after = b.emit(Opcode::ArithI64, {next, b.const_i64(step)}, ArithOp::Add);
    ValueId in_body = b.emit(Opcode::RangeIter, {range, after});
    make_box(body, b.index(), iter.result, next, iter);
    // for_iter -> branch
    Inst& branch = f_[iter_id];
    branch.op = Opcode::Branch;
    branch.result = ValueId();
    branch.exit = ExitId();
    branch.operands_begin = static_cast<uint32_t>(f_.pool.size());
    f_.pool.push_back(more);
    for (const PredEdge& p : cfg.preds(header)) append_arg(p.edge, loops.contains(l, p.from) ? after : first);
    update_exits(cfg, doms, header, body, range, object, at_header, in_body);
    return true;
  }

  /// Whether the iterator object is looked at once the loop is left: it stands still while the loop runs on raw ints.
  /// Exit states below the header do not count, they name it as far as it has come.
  bool outlives_loop(const Cfg& cfg, const Dominators& doms, BlockId header, InstId guard, ValueId range,
                     ValueId object) {
    Liveness live(f_, cfg);
    auto is_it = [&](ValueId v) { return v == range || v == object; };
    for (BlockId b : cfg.order()) {
      if (!doms.dominates(header, b)) continue;
      for (InstId i : f_[b].insts) {
        const Inst& inst = f_[i];
        if (i != guard && inst.op != Opcode::ForIter)
          for (ValueId v : f_.operands(inst))
            if (is_it(v)) return true;
        for (const Edge& e : f_.successors(inst)) {
          for (ValueId v : f_.args(e))
            if (is_it(v)) return true;
          const ValueSet& in = live.in(e.target);
          if (!doms.dominates(header, e.target) && (in.contains(range) || in.contains(object))) return true;
        }
      }
    }
    return false;
  }

  BlockId home_of(const Cfg& cfg, InstId id) {
    if (home_.size() != f_.insts.size()) {
      home_.assign(f_.insts.size(), BlockId());
      for (BlockId b : cfg.order())
        for (InstId i : f_[b].insts) home_[i.index] = b;
    }
    return home_[id.index];
  }

  /// The item's old value is the box of the raw one.
  void make_box(BlockId body, uint32_t index, ValueId item, ValueId next, const Inst& iter) {
    Inst box{};
    box.op = Opcode::Box;
    box.result = item;
    box.range = iter.range;
    box.frame = iter.frame;
    box.operands_begin = static_cast<uint32_t>(f_.pool.size());
    box.operands_count = 1;
    f_.pool.push_back(next);
    InstId id(static_cast<uint32_t>(f_.insts.size()));
    f_.insts.push_back(box);
    f_[item].def = id;
    f_[body].insts.insert(f_[body].insts.begin() + index, id);
  }

  void append_arg(uint32_t edge, ValueId v) {
    Edge& e = f_.edges[edge];
    std::vector<ValueId> args(f_.args(e).begin(), f_.args(e).end());
    args.push_back(v);
    e.args_begin = static_cast<uint32_t>(f_.pool.size());
    e.args_count = static_cast<uint32_t>(args.size());
    f_.pool.insert(f_.pool.end(), args.begin(), args.end());
  }

  /// Exit states of the loop name the iterator as far as it has come there.
  void update_exits(const Cfg& cfg, const Dominators& doms, BlockId header, BlockId body, ValueId range, ValueId object,
                    ValueId at_header, ValueId in_body) {
    for (BlockId b : cfg.order()) {
      if (!doms.dominates(header, b)) continue;
      ValueId now = doms.dominates(body, b) ? in_body : at_header;
      for (InstId i : f_[b].insts) {
        if (!f_[i].exit) continue;
        ExitState state = f_.exits[f_[i].exit.index];
        bool found = false;
        for (ExitFrame& frame : state.frames)
          for (auto& [reg, v] : frame.registers)
            if (v == range || v == object) {
              v = now;
              found = true;
            }
        if (!found) continue;
        f_[i].exit = ExitId(static_cast<uint32_t>(f_.exits.size()));
        f_.exits.push_back(std::move(state));
      }
    }
  }

  Function& f_;
  std::vector<BlockId> home_;
};

}  // namespace

bool run_range_loops(Function& f) { return RangeLoops(f).run(); }

}  // namespace tsvm::ir

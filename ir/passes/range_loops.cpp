#include "ir/passes/range_loops.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

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
    const Inst* made = f_.def(range);
    if (made == nullptr) return false;
    const Inst guard = *made;
    bool is_list = guard.op == Opcode::MakeListIter, is_new = is_list || guard.op == Opcode::MakeRangeIter;
    if (guard.op != Opcode::GuardRange && !is_new) return false;
    InstId guard_id = f_[range].def;
    ValueId object = is_new ? range : f_.operands(guard)[0];
    TypeId list_type;
    if (is_list) {
      const Inst* proof = f_.def(f_.operands(guard)[0]);
      if (proof == nullptr || proof->op != Opcode::GuardType || !iter.exit) return false;
      list_type = TypeId(proof->imm);
    }
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

    std::vector<ValueId> in(f_.operands(guard).begin(), f_.operands(guard).end());
    Builder b(f_);
    b.rewrites = false;
    // Where the loop is entered.
    const std::vector<InstId>& insts = f_[guard_block].insts;
    auto at = static_cast<uint32_t>(std::find(insts.begin(), insts.end(), guard_id) - insts.begin());
    b.position_at(guard_block, at + 1);
    b.range = iter.range;
    b.frame = iter.frame;
    const bool ascending = is_list || static_cast<int32_t>(guard.imm) > 0;
    ValueId first, stop, step;  // step: none if it is a constant of the loop
    if (is_list)
      first = in[1];
    else if (is_new)
      first = in[0], stop = in[1], step = in[2];
    else
      first = b.emit(Opcode::RangeField, {range}, 0), stop = b.emit(Opcode::RangeField, {range}, 1);
    // The iterator once it has come to that item.
    auto iterator_at = [&](ValueId item) {
      if (is_list) return b.emit(Opcode::MakeListIter, {in[0], item});
      return is_new ? b.emit(Opcode::MakeRangeIter, {item, stop, step}, guard.imm)
                    : b.emit(Opcode::RangeIter, {range, item});
    };
    // The header: is there a next item?
    ValueId next = b.add_param(header, types::I64);
    b.position_at(header, 0);
    ValueId at_header = iterator_at(next);
    b.position_at(header, static_cast<uint32_t>(f_[header].insts.size() - 1));
    if (is_list) stop = b.emit(Opcode::ListLength, {in[0]});
    ValueId more = b.emit(Opcode::CompareI64, {next, stop}, ascending ? CompareOp::Lt : CompareOp::Gt);
    // The body: it is the item, and the iterator goes on. It cannot overflow, by the guard.
    b.position_at(body, 0);
    if (!step) step = b.const_i64(is_list ? 1 : static_cast<int32_t>(guard.imm));
    ValueId after = b.emit(Opcode::ArithI64, {next, step}, ArithOp::Add);
    ValueId in_body = iterator_at(after);
    uint32_t item_at = b.index();
    if (!is_list) make_item(Opcode::Box, body, item_at, iter.result, {next}, 0, iter);
    // for_iter -> branch
    Inst& branch = f_[iter_id];
    branch.op = Opcode::Branch;
    branch.result = ValueId();
    branch.exit = ExitId();
    branch.operands_begin = static_cast<uint32_t>(f_.pool.size());
    f_.pool.push_back(more);
    for (const PredEdge& p : cfg.preds(header)) append_arg(p.edge, loops.contains(l, p.from) ? after : first);
    update_exits(cfg, doms, header, body, range, object, at_header, in_body);
    if (is_list) load_item(body, item_at, iter, list_type, in[0], next, range, at_header);
    return true;
  }

  /// The list may keep its elements in another way by now: that is looked at in each round, in the state before it.
  void load_item(BlockId body, uint32_t index, const Inst& iter, TypeId list_type, ValueId list, ValueId next,
                 ValueId range, ValueId at_header) {
    ExitState state = f_.exits[iter.exit.index];
    for (ExitFrame& frame : state.frames)
      for (auto& [reg, v] : frame.registers)
        if (v == range) v = at_header;
    f_.exits.push_back(std::move(state));
    Builder b(f_);
    b.rewrites = false;
    b.position_at(body, index);
    b.range = iter.range;
    b.frame = iter.frame;
    b.exit = ExitId(static_cast<uint32_t>(f_.exits.size() - 1));
    list = b.emit(Opcode::GuardType, {list}, list_type.index);
    b.exit = ExitId();
    TypeId element = (*f_.module->types)[list_type].args[0];
    if (TypeTable::is_raw(element)) {
      ValueId item = b.emit(Opcode::ListLoad, {list, next}, element.index);
      make_item(Opcode::Box, body, b.index(), iter.result, {item}, 0, iter);
    } else {
      make_item(Opcode::ListLoad, body, b.index(), iter.result, {list, next}, element.index, iter);
    }
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

  /// The instruction that gives the item its old name.
  void make_item(Opcode op, BlockId body, uint32_t index, ValueId item, std::initializer_list<ValueId> in, uint32_t imm,
                 const Inst& iter) {
    Inst i{};
    i.op = op;
    i.imm = imm;
    i.result = item;
    i.range = iter.range;
    i.frame = iter.frame;
    i.operands_begin = static_cast<uint32_t>(f_.pool.size());
    i.operands_count = static_cast<uint32_t>(in.size());
    f_.pool.insert(f_.pool.end(), in.begin(), in.end());
    InstId id(static_cast<uint32_t>(f_.insts.size()));
    f_.insts.push_back(i);
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

#include "ir/passes/promote_slots.h"

#include "ir/analysis/cfg.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

class Promoter {
 public:
  explicit Promoter(Function& f) : f_(f), cfg_(f), replaced_(f), slots_(f.num_slots), words_((f.num_slots + 63) / 64) {}

  bool run() {
    find_pinned();
    if (promoted_count_ == 0) return false;
    at_end_.resize(f_.blocks.size() * slots_);
    at_start_.resize(f_.blocks.size() * slots_);
    replace_loads();
    remove_trivial();
    complete_edges();
    drop_slots();
    replaced_.apply_everywhere();
    return true;
  }

 private:
  using Bits = std::vector<uint64_t>;
  static bool has(const Bits& bits, uint32_t s) { return (bits[s >> 6] >> (s & 63)) & 1; }
  static void set(Bits& bits, uint32_t s) { bits[s >> 6] |= uint64_t{1} << (s & 63); }

  void find_pinned() {
    size_t n = f_.blocks.size();
    std::vector<Bits> in(n, Bits(words_)), stored(n, Bits(words_));
    for (BlockId b : cfg_.order())
      for (InstId id : f_[b].insts) {
        const Inst& i = f_[id];
        if (i.op == Opcode::LoadSlot && !has(stored[b.index], i.imm)) set(in[b.index], i.imm);
        if (i.op == Opcode::StoreSlot) set(stored[b.index], i.imm);
      }
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t k = cfg_.order().size(); k-- > 0;) {
        BlockId b = cfg_.order()[k];
        for (uint32_t w = 0; w < words_; w++) {
          uint64_t out = 0;
          for (const Edge& e : f_.successors(f_.terminator(b))) out |= in[e.target.index][w];
          uint64_t bits = in[b.index][w] | (out & ~stored[b.index][w]);
          if (f_[b].handler) bits |= in[f_[b].handler.index][w];
          if (bits != in[b.index][w]) changed = true;
          in[b.index][w] = bits;
        }
      }
    }
    Bits pinned(words_);
    for (BlockId b : cfg_.order())
      if (f_[b].handler)
        for (uint32_t w = 0; w < words_; w++) pinned[w] |= in[f_[b].handler.index][w];
    promoted_.resize(slots_);
    for (uint32_t s = 0; s < slots_; s++) {
      promoted_[s] = !has(pinned, s);
      promoted_count_ += promoted_[s];
    }
  }

  bool is_promoted(const Inst& i) const {
    return (i.op == Opcode::LoadSlot || i.op == Opcode::StoreSlot) && promoted_[i.imm];
  }
  ValueId& at_end(BlockId b, uint32_t s) { return at_end_[b.index * slots_ + s]; }
  ValueId& at_start(BlockId b, uint32_t s) { return at_start_[b.index * slots_ + s]; }

  void replace_loads() {
    struct Load {
      BlockId block;
      uint32_t slot;
      ValueId result;
    };
    std::vector<Load> exposed;
    for (uint32_t b = 0; b < f_.blocks.size(); b++)
      for (InstId id : f_.blocks[b].insts) {
        const Inst& i = f_[id];
        if (!is_promoted(i)) continue;
        ValueId& now = at_end(BlockId(b), i.imm);
        if (i.op == Opcode::StoreSlot)
          now = f_.operands(i)[0];
        else if (now)
          replaced_.add(i.result, now);
        else
          exposed.push_back({BlockId(b), i.imm, i.result});
      }
    for (const Load& l : exposed) {
      replaced_.add(l.result, value_at_start(l.block, l.slot));
      while (!waiting_.empty()) {
        uint32_t p = waiting_.back();
        waiting_.pop_back();
        std::vector<ValueId> operands;
        for (const PredEdge& e : cfg_.preds(params_[p].block))
          operands.push_back(value_at_end(e.from, params_[p].slot));
        params_[p].operands = std::move(operands);
      }
    }
  }

  ValueId value_at_end(BlockId b, uint32_t s) { return at_end(b, s) ? at_end(b, s) : value_at_start(b, s); }

  ValueId value_at_start(BlockId b, uint32_t s) {
    ValueId v;
    BlockId at = b;
    for (;;) {
      v = at_start(at, s);
      if (v) break;
      if (!cfg_.reachable(at) || cfg_.preds(at).empty()) {
        v = unbound();
        break;
      }
      if (cfg_.preds(at).size() > 1) {
        v = Builder(f_).add_param(at, types::Any);
        waiting_.push_back(static_cast<uint32_t>(params_.size()));
        params_.push_back({v, at, s, {}});
        at_start(at, s) = v;
        break;
      }
      at = cfg_.preds(at)[0].from;
      if (at_end(at, s)) {
        v = at_end(at, s);
        break;
      }
    }
    at_start(b, s) = v;
    return v;
  }

  ValueId unbound() {
    if (!unbound_) {
      Builder at_start(f_);
      at_start.range = f_.range;
      at_start.position_at(f_.entry, 0);
      unbound_ = at_start.emit(Opcode::Unbound, {});
    }
    return unbound_;
  }

  void remove_trivial() {
    for (bool changed = true; changed;) {
      changed = false;
      for (Parameter& p : params_) {
        if (p.operands.empty()) continue;
        ValueId only;
        bool trivial = true;
        for (ValueId o : p.operands) {
          o = replaced_.find(o);
          if (o == p.value || o == only) continue;
          if (only) trivial = false;
          only = o;
        }
        if (!trivial || !only) continue;
        replaced_.add(p.value, only);
        p.operands.clear();
        changed = true;
      }
    }
    for (Parameter& p : params_)
      if (p.operands.empty()) std::erase(f_[p.block].params, p.value);
  }

  void complete_edges() {
    for (const Parameter& p : params_) {
      if (p.operands.empty()) continue;
      std::span<const PredEdge> preds = cfg_.preds(p.block);
      for (size_t k = 0; k < preds.size(); k++) {
        Edge& e = f_.edges[preds[k].edge];
        auto begin = static_cast<uint32_t>(f_.pool.size());
        for (uint32_t i = 0; i < e.args_count; i++) f_.pool.push_back(f_.pool[e.args_begin + i]);
        f_.pool.push_back(p.operands[k]);
        e.args_begin = begin;
        e.args_count++;
      }
    }
  }

  void drop_slots() {
    std::vector<bool> dead(f_.insts.size());
    std::vector<uint32_t> to(slots_);
    std::vector<NameId> names;
    for (uint32_t s = 0; s < slots_; s++) {
      if (promoted_[s]) continue;
      to[s] = static_cast<uint32_t>(names.size());
      names.push_back(s < f_.slot_names.size() ? f_.slot_names[s] : NameId());
    }
    for (const Block& b : f_.blocks)
      for (InstId id : b.insts) {
        Inst& i = f_[id];
        if (i.op != Opcode::LoadSlot && i.op != Opcode::StoreSlot) continue;
        if (promoted_[i.imm])
          dead[id.index] = true;
        else
          i.imm = to[i.imm];
      }
    f_.num_slots = static_cast<uint32_t>(names.size());
    f_.slot_names = std::move(names);
    erase(f_, dead);
  }

  struct Parameter {
    ValueId value;
    BlockId block;
    uint32_t slot;
    std::vector<ValueId> operands;  // one per predecessor; empty once it was replaced
  };

  Function& f_;
  Cfg cfg_;
  Replacements replaced_;
  uint32_t slots_;
  uint32_t words_;
  std::vector<bool> promoted_;
  uint32_t promoted_count_ = 0;
  std::vector<ValueId> at_end_, at_start_;  // by block and slot
  std::vector<Parameter> params_;
  std::vector<uint32_t> waiting_;
  ValueId unbound_;
};

}  // namespace

bool run_promote_slots(Function& f) { return f.num_slots != 0 && Promoter(f).run(); }

}  // namespace tsvm::ir

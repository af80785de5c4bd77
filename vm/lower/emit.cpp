// Words from machine instructions whose values have registers.
//
// The code of an edge (drops of what dies there, then moves of block arguments) goes to the end of the block it leaves
// when that is its only edge, to the start of its target when that has no other predecessor, else into a stub. Jumps
// backwards are `loop` instructions, which may raise (interrupts): they are protected by the handler of their target.
#include <algorithm>

#include "base/check.h"
#include "vm/lower/machine.h"

namespace tsvm::vm::lowering {

namespace {

class Emitter {
 public:
  Emitter(MFunction& m, const Allocation& a, LowerMap* map) : m_(m), a_(a), code_(*m.code), map_(map) {}

  bool run(std::string& limit) {
    if (a_.num_registers >= kMaxRegisters || a_.num_raws >= kMaxRegisters) {
      limit = "too many values are alive at once in one function";
      return false;
    }
    code_.num_registers = a_.num_registers;
    code_.num_raws = a_.num_raws;
    block_pc_.assign(m_.blocks.size(), kNone);
    entry_edge_.assign(m_.blocks.size(), {kNone, 0});
    for (uint32_t i = 0; i < m_.blocks.size(); i++)
      for (int e = 0; e < m_.blocks[i].edge_count(); e++) {
        const MBlock& target = m_.blocks[m_.blocks[i].edges[e].target];
        if (m_.blocks[i].edge_count() == 2 && target.predecessors == 1 && !target.is_handler)
          entry_edge_[m_.blocks[i].edges[e].target] = {i, e};
      }
    if (map_) map_->block_pc.assign(m_.f->blocks.size(), kNone);
    for (uint32_t i = 0; i < m_.blocks.size(); i++) block(i);
    // Stubs may be appended while others are emitted, never more than one an edge.
    for (size_t i = 0; i < stubs_.size(); i++) {
      Stub s = stubs_[i];
      stubs_[i].pc = pc();
      set_handler(m_.blocks[s.block].handler);
      edge_code(s.block, s.edge);
      jump_to(s.block, m_.blocks[s.block].edges[s.edge].target);
    }
    set_handler(kNone);
    for (const Fixup& f : fixups_) {
      uint32_t target = f.stub == kNone ? block_pc_[f.block] : stubs_[f.stub].pc;
      ExtensionWord x;
      std::memcpy(&x, &code_.words[f.at + 1], 8);
      x.low = static_cast<int32_t>(target) - static_cast<int32_t>(f.at);
      std::memcpy(&code_.words[f.at + 1], &x, 8);
    }
    if (map_) {
      map_->registers.assign(m_.f->values.size(), LowerMap::kNowhere);
      for (uint32_t v = 0; v < m_.f->values.size(); v++) {
        uint32_t r = m_.resolve(v);
        if (m_.slot[r] != kNone)
          map_->registers[v] = static_cast<uint16_t>(m_.slot[r]);
        else if (a_.reg[r] != 0xffff)
          map_->registers[v] = static_cast<uint16_t>(a_.reg[r] | (m_.raw[r] ? LowerMap::kRaw : 0));
      }
    }
    if (too_large_) limit = "the function is too large";
    return !too_large_;
  }

 private:
  struct Fixup {
    uint32_t at, block, stub;
  };
  struct Stub {
    uint32_t block;
    int edge;
    uint32_t pc;
  };
  struct Move {
    uint16_t to, from;
    bool take;
  };

  uint32_t pc() const { return static_cast<uint32_t>(code_.words.size()); }

  void word(Instr w) {
    uint64_t bits;
    std::memcpy(&bits, &w, 8);
    code_.words.push_back(bits);
  }
  void extension(int32_t low, uint32_t high) {
    ExtensionWord x{low, high};
    uint64_t bits;
    std::memcpy(&bits, &x, 8);
    code_.words.push_back(bits);
  }

  void set_handler(uint32_t h) {
    if (h == handler_) return;
    if (handler_ != kNone && handler_begin_ < pc()) close_handler();
    handler_ = h;
    handler_begin_ = pc();
  }
  void close_handler() {
    Handler h{handler_begin_, pc(), handler_, 0, 0};
    auto [begin, count] = keep(handler_);
    h.keep_begin = begin;
    h.keep_count = count;
    handler_targets_.push_back(static_cast<uint32_t>(code_.handlers.size()));
    code_.handlers.push_back(h);
  }
  std::pair<uint32_t, uint32_t> keep(uint32_t block) {
    if (keeps_.size() < m_.blocks.size()) keeps_.assign(m_.blocks.size(), {kNone, 0});
    auto& k = keeps_[block];
    if (k.first == kNone) {
      k.first = static_cast<uint32_t>(code_.keep.size());
      for (uint32_t c = 0; c < a_.cross.size(); c++) {
        uint32_t v = a_.cross[c];
        if ((a_.live_in[block][c >> 6] >> (c & 63) & 1) && !m_.raw[v]) code_.keep.push_back(a_.reg[v]);
      }
      k.second = static_cast<uint32_t>(code_.keep.size()) - k.first;
      std::sort(code_.keep.begin() + k.first, code_.keep.end());
    }
    return k;
  }

  void range(const MInst& i) {
    SourceRange r = i.range;
    uint32_t frame = i.inst ? (*m_.f)[i.inst].frame : 0;
    if (!code_.ranges.empty()) {
      RangeEntry& last = code_.ranges.back();
      if (last.range.begin == r.begin && last.range.end == r.end && last.frame == frame) return;
      if (last.pc == pc()) {
        last.range = r;
        last.frame = frame;
        return;
      }
    }
    code_.ranges.push_back({pc(), r, frame});
  }

  uint16_t small(uint32_t n) {
    if (n > 0xffff) too_large_ = true;
    return static_cast<uint16_t>(n);
  }
  uint16_t reg(uint32_t v) const {
    uint32_t r = m_.slot[v] != kNone ? m_.slot[v] : a_.reg[v];
    TSVM_CHECK(r != 0xffff, "a value without register");
    return static_cast<uint16_t>(r);
  }

  void inst(const MInst& i) {
    if (i.op == Bc::Drop) {  // together with those behind it
      if (i.last & 1) pending_drops_.push_back(reg(i.f[0]));
      return;
    }
    const bool drops_two = i.op == Bc::Return || i.op == Bc::ReturnNone;
    uint16_t dropped[2] = {kNoRegister, kNoRegister};
    if (drops_two) {
      size_t n = std::min<size_t>(2, pending_drops_.size()), rest = pending_drops_.size() - n;
      for (size_t k = 0; k < n; k++) dropped[k] = static_cast<uint16_t>(pending_drops_[rest + k] | kLastUse);
      pending_drops_.resize(rest);
    }
    flush_drops();
    const BytecodeInfo& row = info(i.op);
    range(i);
    if (i.op == Bc::CheckBound && (i.last & 2) && reg(i.f[0]) == reg(i.f[1])) {
      word({static_cast<uint16_t>(Bc::CheckBoundIn), reg(i.f[1]), small(i.f[2]), 0});
    } else {
      uint16_t f[3] = {0, 0, 0};
      for (int k = 0; k < 3; k++) {
        switch (row.fields[k]) {
          case 'w':
          case 's':
          case 'q': f[k] = reg(i.f[k]); break;
          case 'R':
            if (i.f[k] == kNone) {
              f[k] = kNoRegister;
              break;
            }
            [[fallthrough]];
          case 'r': f[k] = static_cast<uint16_t>(reg(i.f[k]) | (i.last >> k & 1 ? kLastUse : 0)); break;
          case 'K':
          case 'Q':
          case 'I':
          case 'N':
            f[k] = static_cast<uint16_t>(i.f[k]);
            f[k + 1] = static_cast<uint16_t>(i.f[k] >> 16);
            k++;
            break;
          case 'i': f[k] = static_cast<uint16_t>(i.f[k]); break;
          case '.': break;
          default: f[k] = small(i.f[k]);
        }
      }
      if (drops_two) std::copy_n(dropped, 2, f + 1);
      word({static_cast<uint16_t>(i.op), f[0], f[1], f[2]});
      if (row.has_extension()) extension(static_cast<int32_t>(i.low), i.high);
      if (row.list) {
        for (size_t k = 0; k < i.list.size(); k += 4) {
          uint16_t ids[4] = {0, 0, 0, 0};
          for (size_t j = k; j < std::min(k + 4, i.list.size()); j++) {
            uint32_t v = i.list[j];
            ids[j - k] = v == kNone
                             ? kNoRegister
                             : static_cast<uint16_t>(
                                   reg(v) | (row.list == 'l' && !i.list_last.empty() && i.list_last[j] ? kLastUse : 0));
          }
          word({ids[0], ids[1], ids[2], ids[3]});
        }
      }
    }
    if (i.dead) {
      for (int k = 0; k < 3; k++)
        if ((i.dead >> k & 1) && row.fields[k] == 'w') pending_drops_.push_back(reg(i.f[k]));
      flush_drops();
    }
  }

  void flush_drops() {
    std::vector<uint16_t>& d = pending_drops_;
    for (size_t i = 0; i < d.size();) {
      size_t n = std::min<size_t>(3, d.size() - i);
      uint16_t r[3] = {0, 0, 0};
      for (size_t k = 0; k < n; k++) r[k] = static_cast<uint16_t>(d[i + k] | kLastUse);
      word({static_cast<uint16_t>(n == 1 ? Bc::Drop : n == 2 ? Bc::Drop2 : Bc::Drop3), r[0], r[1], r[2]});
      i += n;
    }
    d.clear();
  }

  // --- edges ---

  struct EdgeCode {
    std::vector<uint16_t> drops;
    std::vector<Move> moves, raw_moves;
    bool empty() const { return drops.empty() && moves.empty() && raw_moves.empty(); }
  };

  EdgeCode plan_edge(uint32_t from, int e) const {
    const MBlock& b = m_.blocks[from];
    const MEdge& edge = b.edges[e];
    const MBlock& target = m_.blocks[edge.target];
    EdgeCode c;
    auto alive = [&](uint32_t v) { return a_.live_into(edge.target, v); };
    uint32_t made = b.ending == Ending::ForIter ? b.last.f[0] : kNone;
    // Moves; of a value that goes to several parameters the last move takes it over, unless one of them has its
    // register.
    std::vector<uint32_t> moved, kept;
    for (size_t k = 0; k < edge.args.size(); k++)
      if (a_.used[target.params[k]] && reg(target.params[k]) == reg(edge.args[k])) kept.push_back(edge.args[k]);
    auto has = [](const std::vector<uint32_t>& list, uint32_t v) {
      return std::find(list.begin(), list.end(), v) != list.end();
    };
    for (size_t k = edge.args.size(); k-- > 0;) {
      uint32_t v = edge.args[k], p = target.params[k];
      if (!a_.used[p]) continue;
      bool take = !alive(v) && !has(moved, v) && !has(kept, v);
      moved.push_back(v);
      uint16_t to = reg(p), src = reg(v);
      if (to == src) continue;
      (m_.raw[v] ? c.raw_moves : c.moves).push_back({to, src, take});
    }
    std::reverse(c.moves.begin(), c.moves.end());
    auto dies = [&](uint32_t v) {
      if (m_.raw[v] || m_.slot[v] != kNone || alive(v)) return;
      if (v == made && e == 1) return;
      if (has(moved, v)) return;
      uint16_t r = reg(v);
      if (std::find(c.drops.begin(), c.drops.end(), r) == c.drops.end()) c.drops.push_back(r);
    };
    for (uint32_t w = 0; w < a_.live_out[from].size(); w++)
      for (uint64_t bits = a_.live_out[from][w]; bits; bits &= bits - 1)
        dies(a_.cross[w * 64 + static_cast<uint32_t>(__builtin_ctzll(bits))]);
    for (int k = 0; k < b.edge_count(); k++)
      for (uint32_t v : b.edges[k].args) dies(v);
    if (b.ending == Ending::ForIter) dies(b.last.f[1]);
    if (made != kNone && e == 0 && (b.last.dead & 1)) c.drops.push_back(reg(made));
    return c;
  }

  void edge_code(uint32_t from, int e) {
    EdgeCode c = plan_edge(from, e);
    pending_drops_ = std::move(c.drops);
    flush_drops();
    moves(c.moves, false);
    moves(c.raw_moves, true);
  }

  // Moves that happen at once, one after the other; cycles by swaps.
  void moves(std::vector<Move> list, bool raw) {
    auto emit_move = [&](const Move& m) {
      if (raw)
        word({static_cast<uint16_t>(Bc::MoveRaw), m.to, m.from, 0});
      else
        word({static_cast<uint16_t>(Bc::Move), m.to, static_cast<uint16_t>(m.from | (m.take ? kLastUse : 0)), 0});
    };
    while (!list.empty()) {
      bool progress = false;
      for (size_t i = 0; i < list.size(); i++) {
        bool blocked = false;
        for (size_t k = 0; k < list.size(); k++) {
          if (k == i) continue;
          // Its target is still to be read, or the same source is to be copied before it is taken.
          if (list[k].from == list[i].to || (list[i].take && list[k].from == list[i].from)) blocked = true;
        }
        if (blocked) continue;
        emit_move(list[i]);
        list.erase(list.begin() + static_cast<ptrdiff_t>(i));
        progress = true;
        break;
      }
      if (progress) continue;
      // Only cycles are left: after the swap the value of the first is in place.
      Move m = list[0];
      word({static_cast<uint16_t>(raw ? Bc::SwapRaw : Bc::Swap), m.to, m.from, 0});
      list.erase(list.begin());
      for (Move& o : list) {
        if (o.from == m.to)
          o.from = m.from;
        else if (o.from == m.from)
          o.from = m.to;
      }
      std::erase_if(list, [](const Move& o) { return o.to == o.from; });
    }
  }

  bool at_target(uint32_t from, int e) const {
    auto [block, edge] = entry_edge_[m_.blocks[from].edges[e].target];
    return block == from && edge == e;
  }

  void jump_to(uint32_t from, uint32_t target) {
    if (block_pc_[target] != kNone) {
      set_handler(m_.blocks[target].handler);
      MInst place;
      place.inst = m_.f->blocks[m_.blocks[from].source.index].insts.back();
      place.range = (*m_.f)[place.inst].range;
      range(place);
      fixups_.push_back({pc(), target, kNone});
      word({static_cast<uint16_t>(Bc::Loop), 0, 0, 0});
      extension(0, code_.num_caches++);
    } else {
      fixups_.push_back({pc(), target, kNone});
      word({static_cast<uint16_t>(Bc::Jump), 0, 0, 0});
      extension(0, 0);
    }
  }

  // --- blocks ---

  void block(uint32_t index) {
    MBlock& b = m_.blocks[index];
    set_handler(b.handler);
    block_pc_[index] = pc();
    if (map_) map_->block_pc[b.source.index] = pc();
    if (index == 0) {
      for (uint32_t p : b.params)
        if (!a_.used[p] && !m_.raw[p]) pending_drops_.push_back(reg(p));
      flush_drops();
    }
    if (auto [from, e] = entry_edge_[index]; from != kNone) edge_code(from, e);
    begin_points(index);
    for (const MInst& i : b.insts) {
      point(i);
      if (b.handler != kNone && is_return(m_, i)) drop_for_return(b.handler, i);
      inst(i);
    }
    flush_drops();
    switch (b.ending) {
      case Ending::None: break;
      case Ending::Jump:
        edge_code(index, 0);
        if (b.edges[0].target != index + 1) jump_to(index, b.edges[0].target);
        break;
      case Ending::Branch: branch(index); break;
      case Ending::ForIter: for_iter(index); break;
    }
  }

  // What was alive for the handler only. Nothing raises from here on.
  void drop_for_return(uint32_t handler, const MInst& i) {
    set_handler(kNone);
    const bool has_operand = info(i.op).fields[0] == 'r';
    for (uint32_t c = 0; c < a_.cross.size(); c++) {
      const uint32_t v = a_.cross[c];
      if (!(a_.live_in[handler][c >> 6] >> (c & 63) & 1) || m_.raw[v] || m_.slot[v] != kNone) continue;
      if (!has_operand || v != i.f[0]) pending_drops_.push_back(reg(v));
    }
    flush_drops();
  }

  // Nothing is to be done between the jump and the target.
  bool direct(uint32_t index, int e) const {
    return m_.blocks[index].edges[e].target > index && (at_target(index, e) || plan_edge(index, e).empty());
  }
  // A jump to edge e's target, or to a stub for it.
  void conditional(uint32_t index, MInst i, int e) {
    point(i);
    uint32_t at = 0;
    if (direct(index, e)) {
      fixups_.push_back({0, m_.blocks[index].edges[e].target, kNone});
    } else {
      fixups_.push_back({0, 0, static_cast<uint32_t>(stubs_.size())});
      stubs_.push_back({index, e, 0});
    }
    range(i);
    at = pc();
    fixups_.back().at = at;
    inst(i);
  }
  void rest(uint32_t index, int e) {
    uint32_t target = m_.blocks[index].edges[e].target;
    if (!at_target(index, e)) edge_code(index, e);
    if (target != index + 1) jump_to(index, target);
  }

  void branch(uint32_t index) {
    MBlock& b = m_.blocks[index];
    MInst inverted = b.last;
    inverted.f[2] ^= 1;
    bool first = direct(index, 0), second = direct(index, 1);
    // Which edge is left by falling through.
    int through;
    if (first && b.edges[0].target == index + 1)
      through = 0;
    else if (second && b.edges[1].target == index + 1)
      through = 1;
    else
      through = !first ? 0 : 1;
    conditional(index, through == 0 ? inverted : b.last, 1 - through);
    rest(index, through);
  }

  void for_iter(uint32_t index) {
    MInst i = m_.blocks[index].last;
    i.dead = 0;  // dropped on the edge
    conditional(index, i, 1);
    rest(index, 0);
  }

  // --- the map ---

  void begin_points(uint32_t index) {
    if (!map_) return;
    live_.clear();
    for (uint32_t c = 0; c < a_.cross.size(); c++)
      if (a_.live_in[index][c >> 6] >> (c & 63) & 1) live_.push_back(a_.cross[c]);
    for (uint32_t p : m_.blocks[index].params)
      if (a_.used[p]) live_.push_back(p);
  }
  void point(const MInst& i) {
    if (!map_) return;
    LowerMap::Point p{
        pc(), i.inst, static_cast<uint32_t>(map_->live.size()), 0, static_cast<uint32_t>(map_->cleared.size()), 0};
    for (uint32_t v : live_) {
      if (v < m_.f->values.size())
        map_->live.push_back(ir::ValueId(v));
      else if (!m_.raw[v])
        map_->cleared.push_back(a_.reg[v]);
    }
    p.live_count = static_cast<uint32_t>(map_->live.size()) - p.live_begin;
    p.cleared_count = static_cast<uint32_t>(map_->cleared.size()) - p.cleared_begin;
    if (i.inst) map_->points.push_back(p);
    each_register(const_cast<MInst&>(i), [&](uint32_t& v, bool use, int field) {
      bool last = field < 3 ? i.last >> field & 1 : !i.list_last.empty() && i.list_last[field - 3];
      if (use && last) std::erase(live_, v);
      if (!use && a_.used[v]) live_.push_back(v);
    });
  }

  MFunction& m_;
  const Allocation& a_;
  Code& code_;
  LowerMap* map_;
  std::vector<uint32_t> block_pc_;
  std::vector<std::pair<uint32_t, int>> entry_edge_;
  std::vector<Fixup> fixups_;
  std::vector<Stub> stubs_;
  std::vector<uint32_t> handler_targets_;  // handlers whose target is still a block
  std::vector<std::pair<uint32_t, uint32_t>> keeps_;
  std::vector<uint16_t> pending_drops_;
  std::vector<uint32_t> live_;
  uint32_t handler_ = kNone, handler_begin_ = 0;
  bool too_large_ = false;

 public:
  void resolve_handlers() {
    for (uint32_t h : handler_targets_) code_.handlers[h].target = block_pc_[code_.handlers[h].target];
  }
};

}  // namespace

bool emit(MFunction& m, const Allocation& a, LowerMap* map, std::string& limit) {
  Emitter e(m, a, map);
  if (!e.run(limit)) return false;
  e.resolve_handlers();
  return true;
}

}  // namespace tsvm::vm::lowering

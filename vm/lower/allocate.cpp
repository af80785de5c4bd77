// Liveness and register allocation.
//
// Values that leave their block (`cross`) take part in a data-flow problem over bit sets; the others are followed
// within their block only. A handler's live-in values are live throughout the blocks it protects.
//
// Registers are given out block by block in layout order (a depth-first order, in which dominators come first): at each
// point the registers of live values are taken, a result gets a free one. SSA makes that enough. Values connected
// through block arguments form classes that prefer one register, so that most arguments need no move; parameters of one
// block are never in the same class.
//
// What must hold for the interpreter: a register that holds no live value owns nothing. So the last use of a value is
// marked, results without a use are dropped at once, and values that die on an edge are dropped there (emit.cpp).
#include <algorithm>

#include "base/check.h"
#include "vm/lower/machine.h"

namespace tsvm::vm::lowering {

namespace {

using Bits = std::vector<uint64_t>;
void set(Bits& b, uint32_t i) { b[i >> 6] |= uint64_t{1} << (i & 63); }
template <class Fn>
void each(const Bits& b, Fn&& fn) {
  for (uint32_t w = 0; w < b.size(); w++)
    for (uint64_t bits = b[w]; bits; bits &= bits - 1) fn(w * 64 + static_cast<uint32_t>(__builtin_ctzll(bits)));
}

class Allocator {
 public:
  explicit Allocator(MFunction& m) : m_(m), n_(static_cast<uint32_t>(m.raw.size())) {}

  Allocation run() {
    resolve();
    find_cross();
    flow();
    mark_last_uses();
    classes();
    colour();
    return std::move(a_);
  }

 private:
  bool tracked(uint32_t v) const { return m_.slot[v] == kNone; }

  void resolve() {
    for (MBlock& b : m_.blocks) {
      auto fix = [&](MInst& i) { each_register(i, [&](uint32_t& v, bool, int) { v = m_.resolve(v); }); };
      for (MInst& i : b.insts) fix(i);
      if (b.ending == Ending::Branch || b.ending == Ending::ForIter) fix(b.last);
      for (int e = 0; e < b.edge_count(); e++)
        for (uint32_t& v : b.edges[e].args) v = m_.resolve(v);
    }
  }

  template <class Fn>
  void each_use(MBlock& b, Fn&& fn) {
    auto visit = [&](MInst& i) {
      each_register(i, [&](uint32_t& v, bool use, int) {
        if (use && tracked(v)) fn(v);
      });
    };
    for (MInst& i : b.insts) visit(i);
    if (b.ending == Ending::Branch || b.ending == Ending::ForIter) visit(b.last);
    for (int e = 0; e < b.edge_count(); e++)
      for (uint32_t v : b.edges[e].args) fn(v);
  }
  template <class Fn>
  void each_def(MBlock& b, Fn&& fn) {
    auto visit = [&](MInst& i) {
      each_register(i, [&](uint32_t& v, bool use, int) {
        if (!use) fn(v);
      });
    };
    for (uint32_t p : b.params) fn(p);
    for (MInst& i : b.insts) visit(i);
    if (b.ending == Ending::ForIter) visit(b.last);
  }

  void find_cross() {
    a_.cross_index.assign(n_, kNone);
    a_.used.assign(n_, 0);
    std::vector<uint32_t> home(n_, kNone);
    for (uint32_t i = 0; i < m_.blocks.size(); i++) {
      each_def(m_.blocks[i], [&](uint32_t v) { home[v] = i; });
      if (m_.blocks[i].ending == Ending::ForIter) home[m_.blocks[i].last.f[0]] = kNone;  // made on the edge
    }
    for (uint32_t i = 0; i < m_.blocks.size(); i++)
      each_use(m_.blocks[i], [&](uint32_t v) {
        a_.used[v] = 1;
        if (home[v] != i && a_.cross_index[v] == kNone) {
          a_.cross_index[v] = static_cast<uint32_t>(a_.cross.size());
          a_.cross.push_back(v);
        }
      });
  }

  void flow() {
    size_t words = (a_.cross.size() + 63) / 64;
    size_t n = m_.blocks.size();
    a_.live_in.assign(n, Bits(words));
    a_.live_out.assign(n, Bits(words));
    std::vector<Bits> uses(n, Bits(words)), defs(n, Bits(words));
    for (size_t i = 0; i < n; i++) {
      each_use(m_.blocks[i], [&](uint32_t v) {
        if (uint32_t c = a_.cross_index[v]; c != kNone) set(uses[i], c);
      });
      each_def(m_.blocks[i], [&](uint32_t v) {
        if (uint32_t c = a_.cross_index[v]; c != kNone) set(defs[i], c);
      });
      // SSA: a value that is made here is not used here before.
      for (size_t w = 0; w < words; w++) uses[i][w] &= ~defs[i][w];
    }
    bool changed = words > 0;
    while (changed) {
      changed = false;
      for (size_t i = n; i-- > 0;) {
        MBlock& b = m_.blocks[i];
        Bits& out = a_.live_out[i];
        auto join = [&](uint32_t target) {
          const Bits& in = a_.live_in[target];
          for (size_t w = 0; w < words; w++) out[w] |= in[w];
        };
        for (int e = 0; e < b.edge_count(); e++) join(b.edges[e].target);
        if (b.handler != kNone) join(b.handler);
        Bits& in = a_.live_in[i];
        for (size_t w = 0; w < words; w++) {
          uint64_t bits = uses[i][w] | (out[w] & ~defs[i][w]);
          if (bits != in[w]) {
            in[w] = bits;
            changed = true;
          }
        }
      }
    }
  }

  void mark_last_uses() {
    std::vector<uint8_t> live(n_);
    std::vector<uint32_t> touched;
    for (uint32_t index = 0; index < m_.blocks.size(); index++) {
      MBlock& b = m_.blocks[index];
      auto set_live = [&](uint32_t v) {
        if (!live[v]) {
          live[v] = 1;
          touched.push_back(v);
        }
      };
      // What a block that returns has alive at its end is for its handler: not for the return itself.
      const bool returns = !b.insts.empty() && is_return(m_, b.insts.back());
      auto set_end = [&] { each(a_.live_out[index], [&](uint32_t c) { set_live(a_.cross[c]); }); };
      if (!returns) set_end();
      for (int e = 0; e < b.edge_count(); e++)
        for (uint32_t v : b.edges[e].args) set_live(v);
      if (b.ending == Ending::ForIter) set_live(b.last.f[1]);  // the iterator is dropped on the edges
      auto visit = [&](MInst& i) {
        each_register(i, [&](uint32_t& v, bool use, int field) {
          if (!use && !a_.used[v] && field < 3) i.dead |= 1 << field;
        });
        // Operands from the last to the first, so that of a value used twice the last one is marked.
        auto mark = [&](uint32_t v, int field) {
          if (!tracked(v) || live[v]) return;
          set_live(v);
          if (field < 3) {
            i.last |= 1 << field;
          } else {
            if (i.list_last.empty()) i.list_last.assign(i.list.size(), false);
            i.list_last[field - 3] = true;
          }
        };
        const BytecodeInfo& row = info(i.op);
        if (row.list == 'l' || row.list == 'p')
          for (size_t k = i.list.size(); k-- > 0;) mark(i.list[k], static_cast<int>(3 + k));
        for (int k = 3; k-- > 0;) {
          char c = row.fields[k];
          if (c == 'r' || c == 'q' || (c == 'R' && i.f[k] != kNone)) mark(i.f[k], k);
        }
      };
      if (b.ending == Ending::Branch || b.ending == Ending::ForIter) visit(b.last);
      for (size_t k = b.insts.size(); k-- > 0;) {
        visit(b.insts[k]);
        if (returns && k + 1 == b.insts.size()) set_end();
      }
      for (uint32_t v : touched) live[v] = 0;
      touched.clear();
    }
  }

  // --- classes of values that want the same register ---

  uint32_t find(uint32_t v) {
    while (class_[v] != v) v = class_[v] = class_[class_[v]];
    return v;
  }

  void classes() {
    class_.resize(n_);
    for (uint32_t v = 0; v < n_; v++) class_[v] = v;
    std::vector<std::vector<uint32_t>> homes(n_);  // blocks of which the class has a parameter, sorted
    for (uint32_t i = 0; i < m_.blocks.size(); i++)
      for (uint32_t p : m_.blocks[i].params) homes[p].push_back(i);
    wanted_.assign(n_, kNone);
    for (uint32_t v = 0; v < n_; v++)
      if (m_.fixed[v] != kNone) wanted_[v] = m_.fixed[v];
    for (MBlock& b : m_.blocks) {
      for (int e = 0; e < b.edge_count(); e++) {
        MEdge& edge = b.edges[e];
        const std::vector<uint32_t>& params = m_.blocks[edge.target].params;
        for (size_t k = 0; k < params.size(); k++) {
          uint32_t x = find(edge.args[k]), y = find(params[k]);
          if (x == y || (wanted_[x] != kNone && wanted_[y] != kNone)) continue;
          std::vector<uint32_t> both;
          std::set_intersection(homes[x].begin(), homes[x].end(), homes[y].begin(), homes[y].end(),
                                std::back_inserter(both));
          if (!both.empty()) continue;
          std::vector<uint32_t> merged;
          std::merge(homes[x].begin(), homes[x].end(), homes[y].begin(), homes[y].end(), std::back_inserter(merged));
          class_[x] = y;
          homes[y] = std::move(merged);
          if (wanted_[y] == kNone) wanted_[y] = wanted_[x];
        }
      }
    }
    in_class_.assign(n_, 0);
    for (uint32_t v = 0; v < n_; v++)
      if (find(v) != v) in_class_[v] = in_class_[find(v)] = 1;
  }

  // --- registers ---

  struct Bank {
    std::vector<uint8_t> taken;
    std::vector<uint8_t> preferred;  // some class wants it: others take it last
    uint32_t first = 0;              // the first that is given out freely
    uint32_t count = 0;
    void resize(uint32_t n) {
      if (n > count) count = n;
      if (taken.size() < count) taken.resize(count);
      if (preferred.size() < count) preferred.resize(count);
    }
  };

  void give(uint32_t v) {
    Bank& bank = banks_[m_.raw[v]];
    uint32_t root = find(v);
    uint32_t reg = wanted_[root];
    if (m_.fixed[v] != kNone) {
      reg = m_.fixed[v];
    } else if (!in_class_[v] || reg == kNone || is_slot(v, reg) || bank.taken[reg]) {
      reg = kNone;
      for (uint32_t r = 0; r < bank.count && reg == kNone; r++)
        if (!bank.taken[r] && !bank.preferred[r] && !is_slot(v, r)) reg = r;
      if (reg == kNone) {
        reg = bank.count;
        bank.resize(reg + 1);
      }
      if (in_class_[v] && wanted_[root] == kNone) {
        wanted_[root] = reg;
        bank.preferred[reg] = 1;
      }
    }
    bank.resize(reg + 1);
    TSVM_CHECK(!bank.taken[reg], "register given twice");
    bank.taken[reg] = 1;
    a_.reg[v] = static_cast<uint16_t>(std::min<uint32_t>(reg, 0xfffe));
  }
  void take_back(uint32_t v) { banks_[m_.raw[v]].taken[a_.reg[v]] = 0; }
  bool is_slot(uint32_t v, uint32_t reg) const {
    return !m_.raw[v] && reg >= m_.code->num_params && reg < m_.code->num_params + m_.code->num_slots;
  }

  void colour() {
    a_.reg.assign(n_, 0xffff);
    banks_[0].resize(m_.code->num_params + m_.code->num_slots);
    for (uint32_t v = 0; v < n_; v++)
      if (m_.fixed[v] != kNone && in_class_[v]) banks_[0].preferred[m_.fixed[v]] = 1;
    for (uint32_t index = 0; index < m_.blocks.size(); index++) {
      MBlock& b = m_.blocks[index];
      for (Bank& bank : banks_) std::fill(bank.taken.begin(), bank.taken.end(), 0);
      each(a_.live_in[index], [&](uint32_t c) {
        uint32_t v = a_.cross[c];
        TSVM_CHECK(a_.reg[v] != 0xffff, "a live value has no register");
        banks_[m_.raw[v]].taken[a_.reg[v]] = 1;
      });
      // Parameters: those that must have or want a register first.
      for (uint32_t p : b.params)
        if (m_.fixed[p] != kNone) {
          give(p);
          if (!a_.used[p]) take_back(p);
        }
      for (uint32_t p : b.params)
        if (m_.fixed[p] == kNone && a_.used[p] && in_class_[p] && wanted_[find(p)] != kNone) give(p);
      for (uint32_t p : b.params)
        if (a_.reg[p] == 0xffff && a_.used[p]) give(p);
      for (MInst& i : b.insts) visit(i);
      if (b.ending == Ending::Branch) visit(b.last);
      if (b.ending == Ending::ForIter) visit(b.last);
    }
    a_.num_registers = banks_[0].count;
    a_.num_raws = banks_[1].count;
  }

  void visit(MInst& i) {
    each_register(i, [&](uint32_t& v, bool use, int field) {
      if (!use) return;
      bool last = field < 3 ? i.last >> field & 1 : !i.list_last.empty() && i.list_last[field - 3];
      if (last) take_back(v);
    });
    uint32_t dead[3];
    int count = 0;
    each_register(i, [&](uint32_t& v, bool use, int field) {
      if (use) return;
      give(v);
      if (field < 3 && (i.dead >> field & 1)) dead[count++] = v;
    });
    for (int k = 0; k < count; k++) take_back(dead[k]);
  }

  MFunction& m_;
  uint32_t n_;
  Allocation a_;
  std::vector<uint32_t> class_, wanted_;
  std::vector<uint8_t> in_class_;
  Bank banks_[2];
};

}  // namespace

Allocation allocate(MFunction& m) { return Allocator(m).run(); }

}  // namespace tsvm::vm::lowering

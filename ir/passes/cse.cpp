// Mechanism: a walk over the dominator tree with a scoped table. Each class of memory has a version, and the key of an
// instruction that reads has the versions of what it reads. A write gives its classes new versions. A block starts with
// the versions at the end of the block that dominates it, with new ones for what is written on the ways in between.
#include "ir/passes/cse.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "ir/analysis/dominators.h"
#include "ir/effects.h"
#include "ir/intern_index.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

constexpr int kClasses = 11;
constexpr int kFirstClass = 16;  // bit of the first class in Trait
static_assert(kSlots == 1u << kFirstClass && kOtherMemory == 1u << (kFirstClass + kClasses - 1));
constexpr size_t kLongestSearch = 200;  // blocks on the ways between; beyond that everything counts as written

using Versions = std::array<uint32_t, kClasses>;

struct Key {
  Opcode op;
  bool exits;
  uint32_t imm;
  TypeId type;
  std::vector<uint32_t> parts;  // operands, then the versions of what is read
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  size_t operator()(const Key& k) const {
    uint64_t h = hash_mix(static_cast<uint64_t>(k.op) * 2 + k.exits, k.imm);
    h = hash_mix(h, k.type.index);
    for (uint32_t p : k.parts) h = hash_mix(h, p);
    return h;
  }
};

class Cse {
 public:
  explicit Cse(Function& f)
      : f_(f), cfg_(f), doms_(f, cfg_), replaced_(f), dead_(f.insts.size()), written_(f.blocks.size()) {
    for (BlockId b : cfg_.order())
      for (InstId i : f[b].insts) written_[b.index] |= effects(f, f[i]).writes;
  }

  bool run() {
    struct Visit {
      BlockId block;
      bool entered = false;
      bool body_done = false;
      size_t child = 0;
      size_t undo_start = 0;  // length of the log before the block
      Versions at_start, at_end;
    };
    std::vector<Visit> stack;
    Versions none{};
    stack.push_back(Visit{f_.entry, false, false, 0, 0, none, none});
    while (!stack.empty()) {
      size_t top = stack.size() - 1;
      BlockId b = stack[top].block;
      if (!stack[top].entered) {
        stack[top].entered = true;
        stack[top].undo_start = log_.size();
        stack[top].at_end = block(b, stack[top].at_start);
      }
      // First the blocks that see what the body makes, then those that only see what was there at its start.
      if (!stack[top].body_done) {
        const std::vector<BlockId>& below = doms_.below_body(b);
        if (stack[top].child < below.size()) {
          BlockId next = below[stack[top].child++];
          Versions start = versions_at(next, b, stack[top].at_end);
          stack.push_back(Visit{next, false, false, 0, 0, start, start});
          continue;
        }
        undo(stack[top].undo_start);
        stack[top].body_done = true;
        stack[top].child = 0;
      }
      const std::vector<BlockId>& below = doms_.below_start(b);
      if (stack[top].child < below.size()) {
        BlockId next = below[stack[top].child++];
        Versions start;
        for (uint32_t& v : start) v = ++last_version_;
        stack.push_back(Visit{next, false, false, 0, 0, start, start});
        continue;
      }
      stack.pop_back();
    }
    if (!changed_) return false;
    replaced_.apply_everywhere();
    erase(f_, dead_);
    return true;
  }

 private:
  /// Versions at the start of `b`, whose immediate dominator is `dom`, which ends with `versions`.
  Versions versions_at(BlockId b, BlockId dom, Versions versions) {
    uint32_t written = 0;
    std::vector<BlockId> work;
    std::vector<BlockId> seen;
    auto visit = [&](BlockId x) {
      if (x == dom || std::find(seen.begin(), seen.end(), x) != seen.end()) return;
      seen.push_back(x);
      work.push_back(x);
    };
    auto visit_preds = [&](BlockId x) {
      for (const PredEdge& p : cfg_.preds(x)) visit(p.from);
      for (BlockId t : cfg_.throwers(x)) visit(t);
    };
    visit_preds(b);
    while (!work.empty() && written != kAllMemory) {
      BlockId x = work.back();
      work.pop_back();
      written |= seen.size() > kLongestSearch ? uint32_t{kAllMemory} : written_[x.index];
      visit_preds(x);
    }
    for (int c = 0; c < kClasses; c++)
      if (written & (1u << (kFirstClass + c))) versions[c] = ++last_version_;
    return versions;
  }

  Versions block(BlockId b, Versions versions) {
    for (InstId id : f_[b].insts) {
      Inst& inst = f_[id];
      replaced_.apply(inst);
      if (info(inst.op).has(kTerminator)) break;
      Effects e = effects(f_, inst);
      if (e.mergeable() && inst.op != Opcode::ResumePoint) merge(id, inst, e, versions);
      for (int c = 0; c < kClasses; c++)
        if (e.writes & (1u << (kFirstClass + c))) versions[c] = ++last_version_;
    }
    return versions;
  }

  void merge(InstId id, const Inst& inst, const Effects& e, const Versions& versions) {
    Key key{inst.op, static_cast<bool>(inst.exit), inst.imm, inst.result ? f_.type_of(inst.result) : TypeId(), {}};
    for (ValueId v : f_.operands(inst)) key.parts.push_back(v.index);
    if (is_commutative(inst.op, inst.imm) && key.parts[0] > key.parts[1]) std::swap(key.parts[0], key.parts[1]);
    for (int c = 0; c < kClasses; c++)
      if (e.reads & (1u << (kFirstClass + c))) key.parts.push_back(versions[c]);
    auto [it, added] = table_.try_emplace(std::move(key), inst.result);
    if (added) {
      log_.push_back(&it->first);
      return;
    }
    if (inst.result) replaced_.add(inst.result, it->second);
    dead_[id.index] = true;
    changed_ = true;
  }

  void undo(size_t length) {
    while (log_.size() > length) {
      table_.erase(table_.find(*log_.back()));
      log_.pop_back();
    }
  }

  using Table = std::unordered_map<Key, ValueId, KeyHash>;
  Function& f_;
  Cfg cfg_;
  Dominators doms_;
  Replacements replaced_;
  std::vector<bool> dead_;
  std::vector<uint32_t> written_;  // classes written by each block
  Table table_;
  std::vector<const Key*> log_;  // what was added, in order
  uint32_t last_version_ = 0;
  bool changed_ = false;
};

}  // namespace

bool run_cse(Function& f) { return Cse(f).run(); }

}  // namespace tsvm::ir

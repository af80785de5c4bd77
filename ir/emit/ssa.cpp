#include "ir/emit/ssa.h"

#include "base/check.h"
#include "ir/uses.h"

namespace tsvm::ir {

BlockId SsaBuilder::make_block() {
  BlockId b = builder.make_block();
  info_.resize(f_.blocks.size());
  return b;
}

void SsaBuilder::begin(BlockId block) {
  BlockInfo& info = info_[block.index];
  TSVM_CHECK(!info.entered, "a block is entered twice");
  info.entered = true;
  order_.push_back(block);
  builder.position_at_end(block);
  live_ = true;
}

void SsaBuilder::enter_first(BlockId block) {
  f_.entry = block;
  info_[block.index].sealed = true;
  begin(block);
}

void SsaBuilder::enter(BlockId block) {
  if (!reached(block)) {
    live_ = false;
    return;
  }
  begin(block);
  BlockInfo& info = info_[block.index];
  info.sealed = true;
  bound_ = std::move(info.bound);
}

void SsaBuilder::enter_loop(BlockId header) {
  TSVM_CHECK(reached(header), "a loop that nothing leads to");
  begin(header);
  bound_ = std::move(info_[header.index].bound);
  bound_.subtract(deleted);
}

void SsaBuilder::seal(BlockId block) {
  BlockInfo& info = info_[block.index];
  info.sealed = true;
  waiting_.insert(waiting_.end(), info.open.begin(), info.open.end());
  info.open.clear();
  complete_phis();
}

void SsaBuilder::open_region(BlockId handler) {
  BlockInfo& info = info_[handler.index];
  info.preds.push_back(block());
  info.sealed = true;
  info.bound = bound_;
  info.bound.subtract(deleted);
}

void SsaBuilder::enter_handler(BlockId handler) {
  begin(handler);
  bound_ = std::move(info_[handler.index].bound);
}

void SsaBuilder::add_pred(BlockId target) {
  BlockInfo& info = info_[target.index];
  TSVM_CHECK(!info.sealed, "an edge to a block whose edges were all known");
  if (!info.entered) {
    if (info.preds.empty())
      info.bound = bound_;
    else
      info.bound.intersect(bound_);
  }
  info.preds.push_back(block());
}

void SsaBuilder::jump(BlockId target, std::span<const ValueId> args) {
  add_pred(target);
  builder.jump(target, args);
  live_ = false;
}

void SsaBuilder::branch(ValueId condition, BlockId then, BlockId otherwise, std::span<const ValueId> then_args,
                        std::span<const ValueId> else_args) {
  add_pred(then);
  add_pred(otherwise);
  builder.branch(condition, then, otherwise, then_args, else_args);
  live_ = false;
}

ValueId SsaBuilder::for_iter(ValueId iterator, BlockId body, BlockId end) {
  add_pred(body);
  add_pred(end);
  ValueId item = builder.for_iter(iterator, body, end);
  live_ = false;
  return item;
}

void SsaBuilder::terminate(Opcode op, std::initializer_list<ValueId> operands) {
  builder.emit(op, operands);
  live_ = false;
}

// --- variables ---

namespace {
// Stands in the table for the marker, which is only made when it is wanted.
constexpr ValueId kUnboundLater{0xfffffffeu};

uint64_t key_of(BlockId block, VariableId variable) { return uint64_t{block.index} << 32 | variable.index; }
size_t hash_of(uint64_t key) {
  key *= 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(key ^ (key >> 32));
}
}  // namespace

void SsaBuilder::define(BlockId block, VariableId variable, ValueId value) {
  if ((definition_count_ + 1) * 2 > definitions_.size()) {
    std::vector<Definition> old(definitions_.empty() ? 64 : definitions_.size() * 2);
    old.swap(definitions_);
    size_t mask = definitions_.size() - 1;
    for (const Definition& d : old) {
      if (d.key == kNoKey) continue;
      size_t i = hash_of(d.key) & mask;
      while (definitions_[i].key != kNoKey) i = (i + 1) & mask;
      definitions_[i] = d;
    }
  }
  uint64_t key = key_of(block, variable);
  size_t mask = definitions_.size() - 1;
  size_t i = hash_of(key) & mask;
  while (definitions_[i].key != kNoKey && definitions_[i].key != key) i = (i + 1) & mask;
  if (definitions_[i].key == kNoKey) definition_count_++;
  definitions_[i] = {key, value};
}

ValueId SsaBuilder::defined(BlockId block, VariableId variable) const {
  if (definitions_.empty()) return ValueId();
  uint64_t key = key_of(block, variable);
  size_t mask = definitions_.size() - 1;
  size_t i = hash_of(key) & mask;
  while (definitions_[i].key != kNoKey && definitions_[i].key != key) i = (i + 1) & mask;
  return definitions_[i].key == key ? resolve(definitions_[i].value) : ValueId();
}

void SsaBuilder::write(VariableId variable, ValueId value) {
  define(block(), variable, value);
  bound_.add(variable);
}

void SsaBuilder::write_unbound(VariableId variable) {
  define(block(), variable, kUnboundLater);
  bound_.remove(variable);
}

ValueId SsaBuilder::read(VariableId variable) {
  ValueId v = value_at_end(block(), variable);
  complete_phis();
  return resolve(v);
}

ValueId SsaBuilder::unbound() {
  if (!unbound_) {
    Builder at_start(f_);
    at_start.range = f_.range;
    at_start.position_at(f_.entry, 0);
    unbound_ = at_start.emit(Opcode::Unbound, {});
  }
  return unbound_;
}

// Goes up while there is one way only. New phis are filled later, from a list, so that depth needs no stack.
ValueId SsaBuilder::value_at_end(BlockId block, VariableId variable) {
  BlockId at = block;
  ValueId value;
  for (;;) {
    value = defined(at, variable);
    if (value == kUnboundLater) value = unbound();
    if (value) break;
    BlockInfo& info = info_[at.index];
    if (!info.sealed) {
      uint32_t phi = make_phi(at, variable);
      info.open.push_back(phi);
      value = phis_[phi].value;
      break;
    }
    if (info.preds.empty()) {
      value = unbound();
      break;
    }
    if (info.preds.size() > 1) {
      uint32_t phi = make_phi(at, variable);
      waiting_.push_back(phi);
      value = phis_[phi].value;
      break;
    }
    at = info.preds[0];
  }
  if (at != block) define(block, variable, value);
  return value;
}

uint32_t SsaBuilder::make_phi(BlockId block, VariableId variable) {
  auto id = static_cast<uint32_t>(phis_.size());
  ValueId value = builder.add_param(block, variable_types_[variable.index]);
  phis_.push_back(Phi{value, variable, block});
  info_[block.index].phis.push_back(id);
  define(block, variable, value);
  return id;
}

void SsaBuilder::complete_phis() {
  if (waiting_.empty()) return;
  for (size_t i = 0; i < waiting_.size(); i++) fill(waiting_[i]);
  for (size_t i = waiting_.size(); i-- > 0;) remove_if_trivial(waiting_[i]);
  waiting_.clear();
}

void SsaBuilder::fill(uint32_t phi) {
  BlockId block = phis_[phi].block;
  VariableId variable = phis_[phi].variable;
  SmallVector<ValueId, 4> operands;
  for (size_t i = 0; i < info_[block.index].preds.size(); i++)
    operands.push_back(value_at_end(info_[block.index].preds[i], variable));
  phis_[phi].operands_begin = static_cast<uint32_t>(phi_operands_.size());
  phis_[phi].operands_count = static_cast<uint32_t>(operands.size());
  phi_operands_.insert(phi_operands_.end(), operands.begin(), operands.end());
}

ValueId SsaBuilder::resolve(ValueId v) const {
  if (v.index >= replaced_.size() || !replaced_[v.index]) return v;
  ValueId root = v;
  while (root.index < replaced_.size() && replaced_[root.index]) root = replaced_[root.index];
  while (v != root) {
    ValueId next = replaced_[v.index];
    replaced_[v.index] = root;
    v = next;
  }
  return root;
}

bool SsaBuilder::remove_if_trivial(uint32_t phi) {
  const Phi& p = phis_[phi];
  if (resolve(p.value) != p.value) return false;
  ValueId only;
  for (uint32_t i = 0; i < p.operands_count; i++) {
    ValueId v = resolve(phi_operands_[p.operands_begin + i]);
    if (v == p.value || v == only) continue;
    if (only) return false;
    only = v;
  }
  if (!only) only = unbound();
  if (replaced_.size() < f_.values.size()) replaced_.resize(f_.values.size());
  replaced_[p.value.index] = only;
  return true;
}

// --- the end ---

// A phi that was looked at before one of its operands was removed may have become trivial; others are used by phis
// only.
void SsaBuilder::remove_remaining() {
  std::vector<uint32_t> phi_of(f_.values.size(), ~0u);
  std::vector<uint32_t> left;
  for (uint32_t i = 0; i < phis_.size(); i++) {
    if (resolve(phis_[i].value) != phis_[i].value) continue;
    phi_of[phis_[i].value.index] = i;
    left.push_back(i);
  }
  if (left.empty()) return;
  // users of each phi, as linked lists
  std::vector<uint32_t> first(phis_.size(), ~0u);
  std::vector<std::pair<uint32_t, uint32_t>> links;  // user, next
  for (uint32_t i : left)
    for (uint32_t k = 0; k < phis_[i].operands_count; k++) {
      ValueId v = resolve(phi_operands_[phis_[i].operands_begin + k]);
      if (v.index >= phi_of.size() || phi_of[v.index] == ~0u) continue;
      links.push_back({i, first[phi_of[v.index]]});
      first[phi_of[v.index]] = static_cast<uint32_t>(links.size() - 1);
    }
  std::vector<uint32_t> work = left;
  while (!work.empty()) {
    uint32_t i = work.back();
    work.pop_back();
    if (!remove_if_trivial(i)) continue;
    // What used it now uses what it stands for: both are to be told when that goes, too.
    ValueId to = resolve(phis_[i].value);
    uint32_t heir = to.index < phi_of.size() ? phi_of[to.index] : ~0u;
    for (uint32_t l = first[i]; l != ~0u;) {
      uint32_t next = links[l].second;
      work.push_back(links[l].first);
      if (heir != ~0u) {
        links[l].second = first[heir];
        first[heir] = l;
      }
      l = next;
    }
    first[i] = ~0u;
  }

  std::vector<bool> used(f_.values.size());
  std::vector<uint32_t> marked;
  auto mark = [&](ValueId v) {
    v = resolve(v);
    if (v.index >= phi_of.size() || phi_of[v.index] == ~0u || used[v.index]) return;
    used[v.index] = true;
    marked.push_back(phi_of[v.index]);
  };
  for (BlockId b : order_)
    for (InstId i : f_[b].insts) for_each_use(f_, f_[i], mark);
  while (!marked.empty()) {
    const Phi p = phis_[marked.back()];
    marked.pop_back();
    for (uint32_t k = 0; k < p.operands_count; k++) mark(phi_operands_[p.operands_begin + k]);
  }
  for (uint32_t i : left)
    if (resolve(phis_[i].value) == phis_[i].value && !used[phis_[i].value.index]) phis_[i].variable = VariableId();
}

void SsaBuilder::complete_edges() {
  for (ValueId& v : f_.pool) v = resolve(v);
  std::vector<uint32_t> own(f_.blocks.size());  // how many parameters the emitter feeds itself
  for (BlockId b : order_) {
    BlockInfo& info = info_[b.index];
    std::vector<ValueId>& params = f_[b].params;
    own[b.index] = static_cast<uint32_t>(params.size() - info.phis.size());
    params.resize(own[b.index]);
    size_t kept = 0;
    for (uint32_t i : info.phis) {
      const Phi& p = phis_[i];
      if (!p.variable || resolve(p.value) != p.value) continue;
      params.push_back(p.value);
      info.phis[kept++] = i;
    }
    info.phis.resize(kept);
  }
  for (BlockId b : order_) {
    const Inst inst = f_.terminator(b);
    for (uint32_t k = 0; k < inst.edge_count; k++) {
      Edge& e = f_.edges[inst.edges_begin + k];
      const std::vector<uint32_t>& phis = info_[e.target.index].phis;
      if (phis.empty()) continue;
      auto begin = static_cast<uint32_t>(f_.pool.size());
      for (uint32_t i = 0; i < e.args_count; i++) f_.pool.push_back(f_.pool[e.args_begin + i]);
      for (uint32_t i : phis) {
        ValueId v = value_at_end(b, phis_[i].variable);
        TSVM_CHECK(waiting_.empty(), "a value that no parameter asked for before");
        f_.pool.push_back(resolve(v));
      }
      e.args_begin = begin;
      e.args_count += static_cast<uint32_t>(phis.size());
    }
  }
}

void SsaBuilder::order_blocks() {
  std::vector<BlockId> to(f_.blocks.size());
  std::vector<Block> blocks;
  blocks.reserve(order_.size());
  for (BlockId b : order_) {
    to[b.index] = BlockId(static_cast<uint32_t>(blocks.size()));
    blocks.push_back(std::move(f_[b]));
  }
  f_.blocks = std::move(blocks);
  f_.entry = to[f_.entry.index];
  for (Edge& e : f_.edges) e.target = to[e.target.index];
  for (uint32_t i = 0; i < f_.blocks.size(); i++) {
    Block& b = f_.blocks[i];
    if (b.handler) b.handler = to[b.handler.index];
    for (ValueId p : b.params) f_[p].block = BlockId(i);
  }
}

void SsaBuilder::finish() {
  remove_remaining();
  complete_edges();
  order_blocks();
  compact(f_);
}

}  // namespace tsvm::ir

// Who owns which reference, and the ways out of native code (codegen.h has the rules).
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ir/effects.h"
#include "ir/uses.h"
#include "jit/scalar/generator.h"

namespace tsvm::jit {

void Codegen::find_roots() {
  for (BlockId b : order_) {
    for (ValueId p : f_[b].params)
      if (tagged(p)) root_[p.index] = p;
    for (InstId id : f_[b].insts) set_root(f_[id]);
  }
  // Loads that need no reference of their own: tried for all, taken back until nothing changes.
  std::set<uint32_t> candidates;
  for (BlockId b : order_)
    for (InstId id : f_[b].insts)
      if (is_load(f_[id]) && f_[id].result && tagged(f_[id].result)) candidates.insert(f_[id].result.index);
  for (uint32_t v : candidates) borrowed_.insert(v);
  for (bool changed = true; changed;) {
    changed = false;
    for (BlockId b : order_) changed |= check_borrows(b);
  }
  for (ValueId& r : root_)
    if (r && borrowed_.contains(r.index)) r = ValueId();
}

void Codegen::set_root(const Inst& i) {
  if (!i.result || !tagged(i.result)) return;
  switch (i.op) {
    case Opcode::Box:
    case Opcode::Const:
    case Opcode::Unbound:
    case Opcode::LoadClosure:
    case Opcode::LoadGlobals:
    case Opcode::GuardIs: return;  // constants of the code, kept by it
    default: break;
  }
  if (i.op == Opcode::MakeListIter && is_virtual(i)) {
    // The list has to be there when the iterator is made.
    root_[i.result.index] = root_[f_.operands(i)[0].index];
    return;
  }
  if (is_virtual(i)) return;
  if (is_alias(i)) {
    ValueId of = f_.operands(i)[0];
    if (tagged(of)) root_[i.result.index] = root_[of.index];
    return;
  }
  root_[i.result.index] = i.result;
}

// Gives up borrowed loads of a block that something might invalidate before their last use.
bool Codegen::check_borrows(BlockId b) {
  const std::vector<InstId>& insts = f_[b].insts;
  std::map<uint32_t, size_t> made, last;
  for (size_t k = 0; k < insts.size(); k++) {
    const Inst& i = f_[insts[k]];
    if (i.result && borrowed_.contains(i.result.index)) made[i.result.index] = k;
    ir::for_each_use(f_, i, [&](ValueId v) {
      if (root_[v.index]) last[root_[v.index].index] = k;
    });
  }
  if (made.empty()) return false;
  // Where something may be freed or written.
  std::vector<uint8_t> breaks(insts.size());
  live_.walk_backwards(f_, b, [&](uint32_t k, const ir::ValueSet& after) {
    const Inst& i = f_[insts[k]];
    ir::Effects e = ir::effects(f_, i);
    if (e.world || (e.writes & ir::kAllMemory)) breaks[k] = 1;
    std::set<uint32_t> alive;
    after.for_each([&](ValueId v) {
      if (root_[v.index]) alive.insert(root_[v.index].index);
    });
    auto dies = [&](ValueId v) {
      ValueId r = root_[v.index];
      if (r && !borrowed_.contains(r.index) && !alive.contains(r.index)) breaks[k] = 1;
    };
    for (ValueId v : f_.operands(i)) dies(v);
    if (i.exit) ir::for_each_use(f_, i, dies);
  });
  bool changed = false;
  for (auto [v, k] : made) {
    bool ok = !live_.out(b).contains(ValueId(v));
    // Aliases that outlive the block, or arguments of edges, need a reference.
    live_.out(b).for_each([&](ValueId w) { ok &= !(root_[w.index] && root_[w.index].index == v); });
    for (const ir::Edge& e : f_.successors(f_.terminator(b)))
      for (ValueId w : f_.args(e)) ok &= !(root_[w.index] && root_[w.index].index == v);
    auto it = last.find(v);
    size_t end = it == last.end() ? k : it->second;
    for (size_t n = k; n < end && ok; n++) ok = !breaks[n];
    // An instruction that runs other code must not lose its operand meanwhile.
    if (ok && end < insts.size() && end > k && ir::effects(f_, f_[insts[end]]).world) ok = false;
    if (!ok) {
      borrowed_.erase(v);
      changed = true;
    }
  }
  return changed;
}

std::set<uint32_t> Codegen::roots_of(const ir::ValueSet& set) const {
  std::set<uint32_t> out;
  set.for_each([&](ValueId v) {
    if (root_[v.index]) out.insert(root_[v.index].index);
  });
  return out;
}

void Codegen::retain(ValueId v) {
  Tag t;
  if (tag_is_known(v, t)) {
    if (t == Tag::Object)
      cc().inc(at(bits(v), offsetof(vm::Object, refs), 4));
    else if (t == Tag::Tensor)
      call_void(reinterpret_cast<void*>(rt_retain_tensor), {bits(v)});
    return;
  }
  if (is_scalar_here(root_[v.index])) return;
  const Place p = place(v);
  Label done = cc().newLabel(), tensor = cc().newLabel();
  cc().cmp(p.tag.r32(), imm(static_cast<uint32_t>(Tag::Tensor)));
  cc().jb(done);
  cc().je(tensor);
  cc().inc(at(p.bits, offsetof(vm::Object, refs), 4));
  cc().bind(done);
  later_.push_back([this, p, done, tensor] {
    cc().bind(tensor);
    call_void(reinterpret_cast<void*>(rt_retain_tensor), {p.bits});
    cc().jmp(done);
  });
}

void Codegen::release(ValueId v) {
  Tag t;
  const Place p = place(v);
  bool known = tag_is_known(v, t);
  if (known && t < Tag::Tensor) return;
  if (is_scalar_here(root_[v.index])) return;
  Label done = cc().newLabel(), tensor = cc().newLabel(), dead = cc().newLabel();
  if (!known) {
    cc().cmp(p.tag.r32(), imm(static_cast<uint32_t>(Tag::Tensor)));
    cc().jb(done);
    cc().je(tensor);
  } else if (t == Tag::Tensor) {
    call_void(reinterpret_cast<void*>(rt_release_tensor), {p.bits});
    return;
  }
  cc().dec(at(p.bits, offsetof(vm::Object, refs), 4));
  cc().jz(dead);
  cc().bind(done);
  later_.push_back([this, p, done, tensor, dead, known] {
    if (!known) {
      cc().bind(tensor);
      call_void(reinterpret_cast<void*>(rt_release_tensor), {p.bits});
      cc().jmp(done);
    }
    cc().bind(dead);
    call_void(reinterpret_cast<void*>(rt_destroy), {p.bits});
    cc().jmp(done);
  });
}

bool Codegen::is_scalar_here(ValueId root) const {
  if (!root) return false;
  auto it = scalar_in_.find(root.index);
  if (it == scalar_in_.end()) return false;
  for (auto [b, position] : it->second)
    if (b == block_ ? position < position_ : doms_.body_dominates(b, block_)) return true;
  return false;
}

void Codegen::call_void(void* fn, std::initializer_list<Gp> args) {
  FuncSignatureBuilder s(CallConvId::kHost);
  s.setRetT<void>();
  for (size_t k = 0; k < args.size(); k++) s.addArgT<uint64_t>();
  InvokeNode* node;
  cc().invoke(&node, imm(reinterpret_cast<uint64_t>(fn)), s);
  uint32_t k = 0;
  for (const Gp& a : args) node->setArg(k++, a);
}

Label Codegen::way_out(const Inst& i, NativeStatus status, bool counts) {
  if (!i.exit) {
    refuse(std::string(info(i.op).text) + " without an exit state");
    return cc().newLabel();
  }
  counts &= status == NativeStatus::Resume;
  for (const Stub& s : stubs_)
    if (s.exit == i.exit && s.status == status && s.held == held_ && s.block == block_ && s.position == position_ &&
        s.counts == counts)
      return s.label;
  stubs_.push_back({cc().newLabel(), i.exit, status, held_, block_, position_, counts});
  return stubs_.back().label;
}

void Codegen::emit_stub(const Stub& s) {
  block_ = s.block;
  held_ = s.held;
  position_ = s.position;
  cc().bind(s.label);
  std::set<uint32_t> given;
  std::map<uint32_t, std::pair<Gp, uint16_t>> made;  // virtual objects: where they have been put
  Gp frame_at = frame_, regs = regs_;
  const std::vector<ir::ExitFrame>& frames = f_.exits[s.exit.index].frames;
  for (size_t n = 0; n < frames.size(); n++) {
    const ir::ExitFrame& frame = frames[n];
    const vm::CodeState& state = state_of(frame.function);
    auto tag_at = [&](uint16_t r) { return at(regs, 16 * size_t{r}); };
    auto bits_at = [&](uint16_t r) { return at(regs, 16 * size_t{r} + 8); };
    auto unbind = [&](uint16_t r) { cc().mov(tag_at(r), imm(static_cast<uint32_t>(Tag::Unbound))); };
    if (n > 0) {
      Gp outer = frame_at;
      frame_at = gp();
      regs = gp();
      InvokeNode* node;
      cc().invoke(&node, imm(reinterpret_cast<uint64_t>(rt_push_inlined)),
                  FuncSignatureT<uint64_t, uint64_t, uint64_t, uint64_t>());
      node->setArg(0, vm_);
      node->setArg(1, outer);
      node->setArg(2, imm(reinterpret_cast<uint64_t>(inlined_function(frame.function))));
      node->setRet(0, frame_at);
      cc().mov(regs, at(frame_at, offsetof(vm::Frame, regs)));
    } else {
      std::set<uint16_t> written;
      for (const auto& [reg, v] : frame.registers) written.insert(reg);
      for (uint16_t r : in_.registers)
        if (!(r & vm::LowerMap::kRaw) && !is_slot(*state.code, r) && !written.contains(r)) unbind(r);
    }
    if (const auto* cleared = states_of(frame.function).cleared_at(frame.bytecode_pc))
      for (uint16_t r : *cleared) unbind(r);
    for (auto [reg, v] : frame.registers) {
      if (reg & vm::LowerMap::kRaw) {
        Gp raws = gp();
        cc().mov(raws, at(frame_at, offsetof(vm::Frame, raws)));
        store_raw(v, at(raws, 8 * size_t{static_cast<uint16_t>(reg & ~vm::LowerMap::kRaw)}));
        continue;
      }
      if (is_slot(*state.code, reg)) continue;
      ValueId root = root_[v.index];
      if (root && !s.held.contains(root.index)) {
        unbind(reg);
        continue;
      }
      const Inst* def = f_.def(v);
      if (def && is_virtual(*def)) {
        Gp object = gp();
        auto [first, is_new] = made.emplace(v.index, std::pair(regs, reg));
        if (is_new) {
          make_virtual(*def);
          cc().mov(object, window_bits(0));
        } else {
          cc().mov(object, at(first->second.first, 16 * size_t{first->second.second} + 8));
          cc().inc(at(object, offsetof(vm::Object, refs), 4));
        }
        cc().mov(tag_at(reg), imm(static_cast<uint32_t>(Tag::Object)));
        cc().mov(bits_at(reg), object);
        continue;
      }
      if (place(v).kind == Place::Virtual) {
        call_void(reinterpret_cast<void*>(rt_range_at), {bits(f_.operands(*def)[0]), ints(f_.operands(*def)[1])});
        v = f_.operands(*def)[0];
      }
      if (place(v).kind == Place::Nowhere) return refuse("an exit state names a value without a place");
      store(v, tag_at(reg), bits_at(reg));
      if (root && given.insert(root.index).second) continue;
      retain(v);
    }
    cc().mov(at(frame_at, offsetof(vm::Frame, pc)), address(state.code->words.data() + frame.bytecode_pc));
  }
  for (uint32_t r : s.held)
    if (!given.contains(r)) release(ValueId(r));
  if (s.counts) {
    Gp count = address(&out_.exits);
    cc().inc(Mem(count, 0, 4));
  }
  finish(s.status);
}

const vm::Function* Codegen::inlined_function(uint32_t frame) const {
  return static_cast<const vm::Function*>(f_.objects[f_.inlined[frame].object].pointer);
}
const vm::CodeState& Codegen::state_of(uint32_t frame) const {
  // Comprehensions are frames of the function that they are part of.
  while (frame != 0 && f_.inlined[frame].object == kNone) frame = f_.inlined[frame].parent;
  return frame == 0 ? *in_.state : *inlined_function(frame)->code;
}
const BytecodeStates& Codegen::states_of(uint32_t frame) const {
  if (frame == 0) return in_.states;
  for (const auto& [generic, states] : in_.inlined_states)
    if (generic == f_.inlined[frame].function) return *states;
  TSVM_UNREACHABLE("an inlined function without states");
}

void Codegen::check_room(const Label& full) {
  size_t depth = 0, registers = 0, raws = 0;
  for (const ir::ExitState& e : f_.exits) {
    size_t r = 0, w = 0;
    for (size_t n = 1; n < e.frames.size(); n++) {
      r += state_of(e.frames[n].function).code->num_registers;
      w += state_of(e.frames[n].function).code->num_raws;
    }
    depth = std::max(depth, e.frames.size() - 1);
    registers = std::max(registers, r);
    raws = std::max(raws, w);
  }
  if (depth == 0) return;
  auto need = [&](size_t top, size_t end, size_t bytes) {
    Gp wanted = gp();
    cc().mov(wanted, at(vm_, top));
    cc().add(wanted, imm(bytes));
    cc().cmp(wanted, at(vm_, end));
    cc().ja(full);
  };
  need(offsetof(vm::VM, frame_top), offsetof(vm::VM, frame_end), depth * sizeof(vm::Frame));
  need(offsetof(vm::VM, register_top), offsetof(vm::VM, register_end), registers * sizeof(vm::Value));
  need(offsetof(vm::VM, raw_top), offsetof(vm::VM, raw_end), raws * sizeof(uint64_t));
  Gp level = cc().newUInt32();
  cc().mov(level, at(vm_, offsetof(vm::VM, depth), 4));
  cc().add(level, imm(depth));
  cc().cmp(level, at(vm_, offsetof(vm::VM, recursion_limit), 4));
  cc().jg(full);
}

Support Codegen::maker_of(Opcode op) const {
  return op == Opcode::MakeRange ? rt_make_range : op == Opcode::MakeRangeIter ? rt_make_range_iter : rt_make_list_iter;
}

void Codegen::make_virtual(const Inst& i) {
  auto in = f_.operands(i);
  for (size_t k = 0; k < in.size(); k++) store(in[k], window_tag(k), window_bits(k));
  call_support(maker_of(i.op), i.imm, 0);
}

bool Codegen::take(ValueId v) {
  ValueId r = root_[v.index];
  if (!r || after_[index_].contains(r.index) || !held_.contains(r.index) || taken_.contains(r.index)) return false;
  taken_.insert(r.index);
  return true;
}

void Codegen::replace_value(ValueId v, const Gp& base, size_t offset) {
  give(v);
  Gp old_tag = gp(), old_bits = gp();
  cc().mov(old_tag, at(base, offset));
  cc().mov(old_bits, at(base, offset + 8));
  store(v, at(base, offset), at(base, offset + 8));
  release_raw(old_tag, old_bits);
}

void Codegen::release_raw(const Gp& tag, const Gp& value) {
  Label done = cc().newLabel(), counted = cc().newLabel();
  cc().cmp(tag.r32(), imm(static_cast<uint32_t>(Tag::Tensor)));
  cc().jae(counted);
  cc().bind(done);
  later_.push_back([this, tag, value, done, counted] {
    cc().bind(counted);
    call_void(reinterpret_cast<void*>(rt_release), {tag, value});
    cc().jmp(done);
  });
}

std::set<uint32_t> Codegen::survivors(BlockId target) const {
  std::set<uint32_t> out = roots_of(live_.in(target));
  for (ValueId p : f_[target].params) out.erase(p.index);
  return out;
}

}  // namespace tsvm::jit

#include "jit/scalar/codegen.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "ir/uses.h"
#include "jit/code_memory.h"
#include "jit/scalar/generator.h"

namespace tsvm::jit {

namespace {

class Refuse : public ErrorHandler {
 public:
  std::string message;
  void handleError(Error, const char* text, BaseEmitter*) override {
    if (message.empty()) message = text;
  }
};

}  // namespace

void Codegen::run() {
  StringLogger logger;
  CodeHolder holder;
  holder.init(Environment::host());
  Refuse errors;
  holder.setErrorHandler(&errors);
  if (in_.want_text) holder.setLogger(&logger);
  x86::Compiler compiler(&holder);
  cc_ = &compiler;
  find_order();
  find_tests();
  find_virtuals();
  find_roots();
  if (!out_.reason.empty()) return;
  function();
  if (!out_.reason.empty()) return;
  if (compiler.finalize() != kErrorOk || !errors.message.empty()) {
    out_.reason = "assembler: " + errors.message;
    return;
  }
  void* entry = install_code(holder);
  if (!entry) {
    out_.reason = "no executable memory";
    return;
  }
  out_.entry = reinterpret_cast<vm::NativeEntry>(entry);
  out_.size = holder.codeSize();
  if (in_.want_text) out_.text = logger.data();
}

// Blocks that are reached without an exception, in reverse post-order.
void Codegen::find_order() {
  std::vector<bool> reached(f_.blocks.size());
  std::vector<BlockId> stack{f_.entry};
  reached[f_.entry.index] = true;
  while (!stack.empty()) {
    BlockId b = stack.back();
    stack.pop_back();
    for (const ir::Edge& e : f_.successors(f_.terminator(b)))
      if (!reached[e.target.index]) {
        reached[e.target.index] = true;
        stack.push_back(e.target);
      }
  }
  for (BlockId b : cfg_.order())
    if (reached[b.index]) order_.push_back(b);
}

// Comparisons whose only users are branches (or negations for branches) get no register.
void Codegen::find_tests() {
  other_use_.assign(f_.values.size(), false);
  for (BlockId b : order_)
    for (InstId id : f_[b].insts) {
      const Inst& i = f_[id];
      bool tests = i.op == Opcode::Branch || i.op == Opcode::GuardTrue || i.op == Opcode::NotBool;
      size_t n = 0;
      ir::for_each_use(f_, i, [&](ValueId v) {
        if (!(tests && n == 0)) other_use_[v.index] = true;
        n++;
      });
    }
  // A negation that needs a register needs its operand as one.
  for (size_t k = order_.size(); k-- > 0;)
    for (size_t n = f_[order_[k]].insts.size(); n-- > 0;) {
      const Inst& i = f_[f_[order_[k]].insts[n]];
      if (i.op == Opcode::NotBool && other_use_[i.result.index]) other_use_[f_.operands(i)[0].index] = true;
    }
}

Gp Codegen::ints(ValueId v) {
  const Place& p = place(v);
  if (p.kind == Place::Int) return p.bits;
  Gp r = gp();
  if (p.kind == Place::Fixed) {
    if (p.imm == 0)
      cc().xor_(r.r32(), r.r32());
    else
      cc().mov(r, imm(p.imm));
  } else if (p.kind == Place::Test) {
    materialise(v, r);
  } else {
    TSVM_UNREACHABLE("no place for an int");
  }
  return r;
}

Xmm Codegen::doubles(ValueId v) {
  const Place& p = place(v);
  if (p.kind == Place::Double) return p.x;
  Xmm x = cc().newXmmSd();
  load_double(x, p.imm);
  return x;
}

void Codegen::load_double(const Xmm& x, uint64_t bits) {
  if (bits == 0) {
    cc().xorps(x, x);
    return;
  }
  double d;
  std::memcpy(&d, &bits, 8);
  cc().movsd(x, cc().newDoubleConst(ConstPoolScope::kLocal, d));
}

void Codegen::store(ValueId v, const Mem& tag_at, const Mem& bits_at) {
  const Place& p = place(v);
  auto put_tag = [&](Tag t) { cc().mov(tag_at, imm(static_cast<uint32_t>(t))); };
  TypeId t = f_.type_of(v);
  if (p.kind == Place::Boxed) {
    store(p.of, tag_at, bits_at);
    return;
  }
  if (TypeTable::is_raw(t)) {
    put_tag(t == types::F64 ? Tag::Float : t == types::I64 ? Tag::Int : Tag::Bool);
    store_raw(v, bits_at);
    return;
  }
  if (p.kind == Place::Fixed) {
    put_tag(p.known);
    store_imm(p.imm, bits_at);
    return;
  }
  if (p.tag_known)
    put_tag(p.known);
  else
    cc().mov(tag_at, p.tag);
  cc().mov(bits_at, p.bits);
}

void Codegen::store_raw(ValueId v, const Mem& to) {
  const Place& p = place(v);
  if (p.kind == Place::Double)
    cc().movsd(to, p.x);
  else if (p.kind == Place::Fixed)
    store_imm(p.imm, to);
  else
    cc().mov(to, ints(v));
}

void Codegen::store_imm(uint64_t value, const Mem& to) {
  auto i = static_cast<int64_t>(value);
  if (i == static_cast<int32_t>(i)) {
    cc().mov(to, imm(i));
  } else {
    Gp r = gp();
    cc().mov(r, imm(value));
    cc().mov(to, r);
  }
}

Gp Codegen::bits(ValueId v) {
  const Place& p = place(v);
  if (p.kind == Place::Boxed) return raw_bits(p.of);
  if (p.kind == Place::Fixed) {
    Gp r = gp();
    cc().mov(r, imm(p.imm));
    return r;
  }
  return p.bits;
}

Gp Codegen::raw_bits(ValueId v) {
  const Place& p = place(v);
  if (p.kind != Place::Double) return p.kind == Place::Fixed ? fixed_bits(p.imm) : ints(v);
  Gp r = gp();
  // From a copy that has just been made: in the place of a register that was spilled AsmJit would put its memory, and
  // movq from memory is another instruction.
  Xmm here = cc().newXmmSd();
  cc().movapd(here, p.x);
  cc().movq(r, here);
  return r;
}

bool Codegen::tag_is_known(ValueId v, Tag& tag) const {
  const Place& p = place(v);
  if (p.kind == Place::Boxed || TypeTable::is_raw(f_.type_of(v))) {
    TypeId t = f_.type_of(p.kind == Place::Boxed ? p.of : v);
    tag = t == types::F64 ? Tag::Float : t == types::I64 ? Tag::Int : Tag::Bool;
    return true;
  }
  tag = p.known;
  return p.kind == Place::Fixed || p.tag_known;
}

void Codegen::find_virtuals() {
  virtual_.assign(f_.values.size(), true);
  for (BlockId b : order_)
    for (InstId id : f_[b].insts) {
      for (ValueId v : f_.operands(f_[id])) virtual_[v.index] = false;
      for (const ir::Edge& e : f_.successors(f_[id]))
        for (ValueId v : f_.args(e)) virtual_[v.index] = false;
    }
}

void Codegen::function() {
  FuncNode* fn = cc().addFunc(FuncSignatureT<uint32_t, void*, void*>());
  vm_ = gp();
  frame_ = gp();
  regs_ = gp();
  fn->setArg(0, vm_);
  fn->setArg(1, frame_);
  Label full = cc().newLabel();
  if (!in_.is_loop()) {
    // Frame::self is where the result goes; a constructor's frame needs it.
    cc().test(at(frame_, offsetof(vm::Frame, flags), 1), imm(vm::kConstructFrame));
    cc().jnz(full);
    cc().cmp(at(vm_, offsetof(vm::VM, interrupted), 1), imm(0));
    cc().jnz(full);
  }
  check_room(full);
  later_.push_back([this, full] {
    cc().bind(full);
    set_pc(in_.is_loop() ? static_cast<uint32_t>(in_.header_pc) : 0);
    finish(NativeStatus::Resume);
  });
  cc().mov(regs_, at(frame_, offsetof(vm::Frame, regs)));
  size_t widest = 4;
  for (BlockId b : order_)
    for (InstId i : f_[b].insts) widest = std::max<size_t>(widest, f_[i].operands_count + 1);
  window_ = cc().newStack(static_cast<uint32_t>(16 * widest), 16);
  for (BlockId b : order_) labels_[b.index] = cc().newLabel();
  for (BlockId b : order_)
    if (b != f_.entry)
      for (ValueId p : f_[b].params) places_[p.index] = new_place(f_.type_of(p));
  for (size_t k = 0; k < order_.size(); k++) {
    block(order_[k], k + 1 < order_.size() ? order_[k + 1] : BlockId());
    if (!out_.reason.empty()) break;
  }
  for (uint32_t l = 0; l < loops_.all().size() && out_.reason.empty(); l++)
    if (std::find(order_.begin(), order_.end(), loops_.all()[l].header) != order_.end() && !polled_.contains(l))
      refuse("a loop without a place where it can be left");
  for (size_t k = 0; k < stubs_.size() && out_.reason.empty(); k++) emit_stub(Stub(stubs_[k]));
  // Code that seldom runs may ask for more of it.
  for (size_t k = 0; k < later_.size() && out_.reason.empty(); k++) {
    std::function<void()> rest = later_[k];
    rest();
  }
  cc().endFunc();
}

Place Codegen::new_place(TypeId t) {
  Place p;
  if (t == types::F64) {
    p.kind = Place::Double;
    p.x = cc().newXmmSd();
  } else if (TypeTable::is_raw(t)) {
    p.kind = Place::Int;
    p.bits = gp();
  } else {
    p.kind = Place::Tagged;
    p.tag = gp();
    p.bits = gp();
  }
  return p;
}

void Codegen::arrive() {
  Gp raws;
  for (size_t k = 0; k < f_[f_.entry].params.size(); k++) {
    ValueId v = f_[f_.entry].params[k];
    uint16_t r = in_.registers[k];
    Place p = new_place(f_.type_of(v));
    if (r & vm::LowerMap::kRaw) {
      if (!raws.isValid()) {
        raws = gp();
        cc().mov(raws, at(frame_, offsetof(vm::Frame, raws)));
      }
      Mem from = at(raws, 8 * size_t{static_cast<uint16_t>(r & ~vm::LowerMap::kRaw)});
      if (p.kind == Place::Double)
        cc().movsd(p.x, from);
      else
        cc().mov(p.bits, from);
    } else if (p.kind == Place::Tagged) {
      cc().mov(p.tag, reg_tag(r));
      cc().mov(p.bits, reg_bits(r));
    } else {
      refuse("a raw value arrives in a tagged register");
    }
    places_[v.index] = p;
  }
}

void Codegen::block(BlockId b, BlockId next) {
  block_ = b;
  next_ = next;
  cc().bind(labels_[b.index]);
  held_ = roots_of(live_.in(b));
  if (b == f_.entry) {
    arrive();
    for (ValueId p : f_[b].params)
      if (root_[p.index] && !held_.contains(p.index)) release(p);
  }
  const std::vector<InstId>& insts = f_[b].insts;
  after_.assign(insts.size(), {});
  live_.walk_backwards(f_, b, [&](uint32_t k, const ir::ValueSet& after) { after_[k] = roots_of(after); });
  for (index_ = 0; index_ < insts.size() && out_.reason.empty(); index_++) {
    const Inst& i = f_[insts[index_]];
    position_ = 2 * index_;
    if (i.exit) poll(i);
    if (ir::info(i.op).has(ir::kTerminator)) {
      terminator(i);
      return;
    }
    taken_.clear();
    instruction(i);
    position_++;
    if (i.result && root_[i.result.index] == i.result) {
      if (after_[index_].contains(i.result.index))
        held_.insert(i.result.index);
      else
        release(i.result);
    }
    for (auto it = held_.begin(); it != held_.end();) {
      uint32_t r = *it;
      if (after_[index_].contains(r)) {
        ++it;
        continue;
      }
      it = held_.erase(it);
      if (!taken_.contains(r)) release(ValueId(r));
    }
  }
}

void Codegen::poll(const Inst& i) {
  for (uint32_t l = loops_.innermost(block_); l != ir::Loops::kNone; l = loops_.all()[l].parent) {
    if (polled_.contains(l)) return;
    bool always = true;
    for (BlockId latch : loops_.all()[l].latches) always &= doms_.dominates(block_, latch);
    if (!always) continue;
    polled_.insert(l);
    cc().cmp(at(vm_, offsetof(vm::VM, interrupted), 1), imm(0));
    cc().jne(way_out(i, NativeStatus::Resume, false));
    return;
  }
}

void Codegen::copy_tagged(const Place& to, ValueId v) {
  Tag t;
  if (tag_is_known(v, t))
    cc().mov(to.tag, imm(static_cast<uint32_t>(t)));
  else
    cc().mov(to.tag, place(v).tag);
  const Place& p = place(v);
  if (TypeTable::is_raw(f_.type_of(v)) || p.kind == Place::Boxed)
    cc().mov(to.bits, raw_bits(p.kind == Place::Boxed ? p.of : v));
  else
    cc().mov(to.bits, bits(v));
}

bool Codegen::needs_code(const ir::Edge& e) const {
  const ir::Block& target = f_[e.target];
  for (ValueId p : target.params)
    if (live_.in(e.target).contains(p)) return true;
  std::set<uint32_t> wanted = survivors(e.target);
  for (uint32_t r : held_)
    if (!wanted.contains(r)) return true;
  return false;
}

void Codegen::edge(const ir::Edge& e, bool may_fall_through) {
  const std::vector<ValueId>& params = f_[e.target].params;
  auto args = f_.args(e);
  std::set<uint32_t> wanted = survivors(e.target), given;
  struct Move {
    ValueId param, arg;
  };
  std::vector<Move> moves;
  for (size_t k = 0; k < params.size(); k++) {
    if (!live_.in(e.target).contains(params[k])) continue;
    moves.push_back({params[k], args[k]});
    if (!tagged(params[k])) continue;
    ValueId root = root_[args[k].index];
    if (root && !wanted.contains(root.index) && held_.contains(root.index) && given.insert(root.index).second) continue;
    retain(args[k]);
  }
  // What dies here, before its registers are written (a parameter of the target may be among them).
  for (uint32_t r : held_)
    if (!given.contains(r) && !wanted.contains(r)) release(ValueId(r));
  // All sources are read before anything is written, where that matters.
  bool direct = moves.size() == 1 || !on_back_edge(e.target);
  std::vector<Place> from;
  if (!direct)
    for (const Move& m : moves) from.push_back(copy_of(m.arg));
  for (size_t k = 0; k < moves.size(); k++) {
    const Place& to = places_[moves[k].param.index];
    ValueId v = moves[k].arg;
    if (v == moves[k].param) continue;
    if (direct) {
      if (to.kind == Place::Tagged)
        copy_tagged(to, v);
      else if (to.kind == Place::Double)
        move_double(to.x, v);
      else
        move_int(to.bits, v);
    } else {
      if (to.kind == Place::Tagged) cc().mov(to.tag, from[k].tag);
      if (to.kind == Place::Double)
        cc().movapd(to.x, from[k].x);
      else
        cc().mov(to.bits, from[k].bits);
    }
  }
  if (!may_fall_through || e.target != next_) cc().jmp(labels_[e.target.index]);
}

void Codegen::move_double(const Xmm& to, ValueId v) {
  if (place(v).kind == Place::Fixed)
    load_double(to, place(v).imm);
  else
    cc().movapd(to, doubles(v));
}

void Codegen::move_int(const Gp& to, ValueId v) {
  if (place(v).kind == Place::Fixed)
    cc().mov(to, imm(place(v).imm));
  else
    cc().mov(to, ints(v));
}

Place Codegen::copy_of(ValueId v) {
  TypeId t = f_.type_of(v);
  Place p = new_place(t);
  if (p.kind == Place::Tagged)
    copy_tagged(p, v);
  else if (p.kind == Place::Double)
    move_double(p.x, v);
  else
    move_int(p.bits, v);
  return p;
}

void Codegen::terminator(const Inst& i) {
  auto in = f_.operands(i);
  auto edges = f_.successors(i);
  switch (i.op) {
    case Opcode::Jump: return edge(edges[0], true);
    case Opcode::Branch: {
      bool first = needs_code(edges[0]), second = needs_code(edges[1]);
      if (!second) {
        jump_if(in[0], false, labels_[edges[1].target.index]);
        return edge(edges[0], true);
      }
      if (!first) {
        jump_if(in[0], true, labels_[edges[0].target.index]);
        return edge(edges[1], true);
      }
      Label other = cc().newLabel();
      jump_if(in[0], false, other);
      std::set<uint32_t> held = held_;
      edge(edges[0], false);
      held_ = held;
      cc().bind(other);
      return edge(edges[1], true);
    }
    case Opcode::ForIter: return for_iter(i);
    case Opcode::Return: return give_back(in[0]);
    case Opcode::Raise:
    case Opcode::Reraise:
    case Opcode::Leave: cc().jmp(way_out(i, NativeStatus::Resume, false)); return;
    case Opcode::Unreachable: cc().ud2(); return;
    default: refuse(std::string("terminator ") + info(i.op).text);
  }
}

void Codegen::give_back(ValueId v) {
  ValueId root = root_[v.index];
  bool takes = root && held_.contains(root.index);
  if (tagged(v) && !takes) retain(v);
  store(v, at(frame_, offsetof(vm::Frame, self)), at(frame_, offsetof(vm::Frame, self) + 8));
  for (uint32_t r : held_)
    if (!takes || r != root.index) release(ValueId(r));
  // What arrived is not in its registers any more, which the next frame will find there.
  for (size_t k = 0; k < in_.registers.size(); k++) {
    uint16_t r = in_.registers[k];
    ValueId p = f_[f_.entry].params[k];
    if (tagged(p) && !is_slot(*in_.state->code, r) && !is_scalar_here(p))
      cc().mov(reg_tag(r), imm(static_cast<uint32_t>(Tag::Unbound)));
  }
  note_result(v);
  finish(NativeStatus::Returned);
}

void Codegen::note_result(ValueId v) {
  if (in_.is_loop()) return;  // the interpreter does it when it returns
  Tag t;
  if (tag_is_known(v, t)) {
    in_.state->returned |= static_cast<uint16_t>(1u << static_cast<uint32_t>(t));
    return;
  }
  Gp seen = cc().newUInt32(), tag = cc().newUInt32();
  Gp to = address(&in_.state->returned);
  cc().movzx(seen, Mem(to, 0, 2));
  cc().mov(tag, place(v).tag.r32());
  cc().bts(seen, tag);
  cc().mov(Mem(to, 0, 2), seen.r16());
}

void generate(const CodegenInput& in, NativeCode& out) { Codegen(in, out).run(); }

}  // namespace tsvm::jit

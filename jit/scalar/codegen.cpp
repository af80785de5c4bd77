#include "jit/scalar/codegen.h"

#include <asmjit/x86.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/check.h"
#include "ir/analysis/dominators.h"
#include "ir/analysis/liveness.h"
#include "ir/analysis/loops.h"
#include "ir/effects.h"
#include "ir/uses.h"
#include "jit/scalar/support.h"
#include "vm/iterators.h"
#include "vm/jit_callbacks.h"
#include "vm/lower/lower.h"

namespace tsvm::jit {

namespace {

using namespace asmjit;
using ir::ArithOp;
using ir::BlockId;
using ir::CompareOp;
using ir::ExitId;
using ir::Inst;
using ir::InstId;
using ir::Opcode;
using ir::TypeId;
using ir::TypeTable;
using ir::UnaryOp;
using ir::ValueId;
using vm::NativeStatus;
using vm::Tag;
using x86::Gp;
using x86::Mem;
using x86::Xmm;

namespace types = ir::types;

constexpr uint32_t kNone = 0xffffffffu;

class Refuse : public ErrorHandler {
 public:
  std::string message;
  void handleError(Error, const char* text, BaseEmitter*) override {
    if (message.empty()) message = text;
  }
};

/// Where a value is.
struct Place {
  enum Kind : uint8_t {
    Nowhere,
    Int,      // raw bool or int in `bits`
    Double,   // raw float in `x`
    Tagged,   // tag (unless known) and bits
    Boxed,    // box of `of`
    Fixed,    // constant: `imm`, with the known tag when it is tagged
    Test,     // comparison that is made where it is used
    Virtual,  // range_iter
  } kind = Nowhere;
  bool tag_known = false;
  Tag known = Tag::Object;
  Gp tag, bits;
  Xmm x;
  uint64_t imm = 0;
  ValueId of;
};

class Codegen {
 public:
  Codegen(const CodegenInput& in, NativeCode& out)
      : in_(in),
        f_(in.f),
        out_(out),
        cfg_(in.f),
        doms_(in.f, cfg_),
        live_(in.f, cfg_),
        loops_(in.f, cfg_, doms_),
        places_(in.f.values.size()),
        root_(in.f.values.size()) {}

  void run(JitRuntime& runtime) {
    StringLogger logger;
    CodeHolder holder;
    holder.init(runtime.environment());
    Refuse errors;
    holder.setErrorHandler(&errors);
    if (in_.want_text) holder.setLogger(&logger);
    x86::Compiler compiler(&holder);
    cc_ = &compiler;
    find_order();
    find_tests();
    find_roots();
    if (!out_.reason.empty()) return;
    function();
    if (!out_.reason.empty()) return;
    if (compiler.finalize() != kErrorOk || !errors.message.empty()) {
      out_.reason = "assembler: " + errors.message;
      return;
    }
    void* entry = nullptr;
    if (runtime.add(&entry, &holder) != kErrorOk) {
      out_.reason = "no executable memory";
      return;
    }
    out_.entry = reinterpret_cast<vm::NativeEntry>(entry);
    out_.size = holder.codeSize();
    if (in_.want_text) out_.text = logger.data();
  }

 private:
  // --- preparation ---

  void refuse(const std::string& reason) {
    if (out_.reason.empty()) out_.reason = reason;
  }

  // Blocks that are reached without an exception, in reverse post-order.
  void find_order() {
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

  static bool is_test(Opcode op) {
    return op == Opcode::CompareI64 || op == Opcode::CompareF64 || op == Opcode::NotBool;
  }

  // Comparisons whose only users are branches (or negations for branches) get no register.
  void find_tests() {
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

  bool tagged(ValueId v) const { return !TypeTable::is_raw(f_.type_of(v)); }
  const ir::ObjectRef& object(const Inst& i) const { return f_.objects[i.imm]; }

  static bool is_alias(const Inst& i) {
    return i.op == Opcode::GuardShape || i.op == Opcode::GuardType || i.op == Opcode::GuardRange ||
           i.op == Opcode::Cast || i.op == Opcode::CheckBound || i.op == Opcode::RangeIter;
  }
  static bool is_load(const Inst& i) {
    return i.op == Opcode::FieldLoad || i.op == Opcode::ListLoad || i.op == Opcode::GlobalLoad ||
           i.op == Opcode::LoadSlot;
  }

  void find_roots() {
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

  void set_root(const Inst& i) {
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
    if (is_alias(i)) {
      ValueId of = f_.operands(i)[0];
      if (tagged(of)) root_[i.result.index] = root_[of.index];
      return;
    }
    root_[i.result.index] = i.result;
  }

  // Gives up borrowed loads of a block that something might invalidate before their last use.
  bool check_borrows(BlockId b) {
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

  std::set<uint32_t> roots_of(const ir::ValueSet& set) const {
    std::set<uint32_t> out;
    set.for_each([&](ValueId v) {
      if (root_[v.index]) out.insert(root_[v.index].index);
    });
    return out;
  }

  // --- small things ---

  x86::Compiler& cc() { return *cc_; }
  static Mem at(const Gp& base, size_t offset, uint32_t size = 8) {
    return Mem(base, static_cast<int32_t>(offset), size);
  }
  Mem reg_tag(uint16_t r) { return at(regs_, 16 * size_t{r}); }
  Mem reg_bits(uint16_t r) { return at(regs_, 16 * size_t{r} + 8); }

  Gp gp() { return cc().newUInt64(); }
  Gp address(const void* p) {
    Gp r = gp();
    cc().mov(r, imm(reinterpret_cast<uint64_t>(p)));
    return r;
  }

  const ir::Constant* constant(ValueId v) const { return ir::constant_of(f_, v); }

  const Place& place(ValueId v) const { return places_[v.index]; }

  /// A raw bool or int in a register.
  Gp ints(ValueId v) {
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
  std::optional<int32_t> small(ValueId v) const {
    const Place& p = place(v);
    if (p.kind != Place::Fixed) return std::nullopt;
    auto i = static_cast<int64_t>(p.imm);
    if (i != static_cast<int32_t>(i)) return std::nullopt;
    return static_cast<int32_t>(i);
  }
  Xmm doubles(ValueId v) {
    const Place& p = place(v);
    if (p.kind == Place::Double) return p.x;
    Xmm x = cc().newXmmSd();
    load_double(x, p.imm);
    return x;
  }
  void load_double(const Xmm& x, uint64_t bits) {
    if (bits == 0) {
      cc().xorps(x, x);
      return;
    }
    double d;
    std::memcpy(&d, &bits, 8);
    cc().movsd(x, cc().newDoubleConst(ConstPoolScope::kLocal, d));
  }

  /// Tag and payload of any value as it is stored in memory.
  void store(ValueId v, const Mem& tag_at, const Mem& bits_at) {
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
  void store_raw(ValueId v, const Mem& to) {
    const Place& p = place(v);
    if (p.kind == Place::Double)
      cc().movsd(to, p.x);
    else if (p.kind == Place::Fixed)
      store_imm(p.imm, to);
    else
      cc().mov(to, ints(v));
  }
  void store_imm(uint64_t value, const Mem& to) {
    auto i = static_cast<int64_t>(value);
    if (i == static_cast<int32_t>(i)) {
      cc().mov(to, imm(i));
    } else {
      Gp r = gp();
      cc().mov(r, imm(value));
      cc().mov(to, r);
    }
  }

  /// The payload of a tagged value in a general register.
  Gp bits(ValueId v) {
    const Place& p = place(v);
    if (p.kind == Place::Boxed) return raw_bits(p.of);
    if (p.kind == Place::Fixed) {
      Gp r = gp();
      cc().mov(r, imm(p.imm));
      return r;
    }
    return p.bits;
  }
  Gp raw_bits(ValueId v) {
    const Place& p = place(v);
    if (p.kind != Place::Double) return p.kind == Place::Fixed ? fixed_bits(p.imm) : ints(v);
    Gp r = gp();
    cc().movq(r, p.x);
    return r;
  }
  Gp fixed_bits(uint64_t value) {
    Gp r = gp();
    cc().mov(r, imm(value));
    return r;
  }

  bool tag_is_known(ValueId v, Tag& tag) const {
    const Place& p = place(v);
    if (p.kind == Place::Boxed || TypeTable::is_raw(f_.type_of(v))) {
      TypeId t = f_.type_of(p.kind == Place::Boxed ? p.of : v);
      tag = t == types::F64 ? Tag::Float : t == types::I64 ? Tag::Int : Tag::Bool;
      return true;
    }
    tag = p.known;
    return p.kind == Place::Fixed || p.tag_known;
  }

  // --- references ---

  void retain(ValueId v) {
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

  void release(ValueId v) {
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

  /// A guard that every way to here has passed says that the value is a scalar, which owns nothing.
  bool is_scalar_here(ValueId root) const {
    if (!root) return false;
    auto it = scalar_in_.find(root.index);
    if (it == scalar_in_.end()) return false;
    for (auto [b, position] : it->second)
      if (b == block_ ? position < position_ : doms_.body_dominates(b, block_)) return true;
    return false;
  }

  void call_void(void* fn, std::initializer_list<Gp> args) {
    FuncSignatureBuilder s(CallConvId::kHost);
    s.setRetT<void>();
    for (size_t k = 0; k < args.size(); k++) s.addArgT<uint64_t>();
    InvokeNode* node;
    cc().invoke(&node, imm(reinterpret_cast<uint64_t>(fn)), s);
    uint32_t k = 0;
    for (const Gp& a : args) node->setArg(k++, a);
  }

  // --- ways out ---

  struct Stub {
    Label label;
    ExitId exit;
    NativeStatus status;
    std::set<uint32_t> held;
    BlockId block;
    uint32_t position;
    bool counts;  // a guard failed
  };

  /// Where to jump to leave with the instruction's exit state.
  Label way_out(const Inst& i, NativeStatus status = NativeStatus::Resume) {
    if (!i.exit) {
      refuse(std::string(info(i.op).text) + " without an exit state");
      return cc().newLabel();
    }
    if (f_.exits[i.exit.index].frames.size() != 1) refuse("exit from an inlined function");
    for (const Stub& s : stubs_)
      if (s.exit == i.exit && s.status == status && s.held == held_ && s.block == block_ && s.position == position_)
        return s.label;
    stubs_.push_back({cc().newLabel(), i.exit, status, held_, block_, position_,
                      status == NativeStatus::Resume && i.op != Opcode::Leave});
    return stubs_.back().label;
  }

  void emit_stub(const Stub& s) {
    block_ = s.block;
    held_ = s.held;
    position_ = s.position;
    cc().bind(s.label);
    const ir::ExitFrame& frame = f_.exits[s.exit.index].frames[0];
    std::set<uint16_t> written;
    for (const auto& [reg, v] : frame.registers) written.insert(reg);
    for (uint16_t r : in_.registers)
      if (!(r & vm::LowerMap::kRaw) && !is_slot(r) && !written.contains(r)) unbind(r);
    if (const auto* cleared = in_.states.cleared_at(frame.bytecode_pc))
      for (uint16_t r : *cleared) unbind(r);
    std::set<uint32_t> given;
    for (auto [reg, v] : frame.registers) {
      if (reg & vm::LowerMap::kRaw) {
        Gp raws = gp();
        cc().mov(raws, at(frame_, offsetof(vm::Frame, raws)));
        store_raw(v, at(raws, 8 * size_t{static_cast<uint16_t>(reg & ~vm::LowerMap::kRaw)}));
        continue;
      }
      if (is_slot(reg)) continue;
      ValueId root = root_[v.index];
      if (root && !s.held.contains(root.index)) {
        unbind(reg);
        continue;
      }
      if (place(v).kind == Place::Virtual) {
        const Inst& iter = *f_.def(v);
        call_void(reinterpret_cast<void*>(rt_range_at), {bits(f_.operands(iter)[0]), ints(f_.operands(iter)[1])});
        v = f_.operands(iter)[0];
      }
      if (place(v).kind == Place::Nowhere) {
        refuse("an exit state names a value without a place");
        return;
      }
      store(v, reg_tag(reg), reg_bits(reg));
      if (root && given.insert(root.index).second) continue;
      retain(v);
    }
    for (uint32_t r : s.held)
      if (!given.contains(r)) release(ValueId(r));
    if (s.counts) {
      Gp count = address(&out_.exits);
      cc().inc(Mem(count, 0, 4));
    }
    set_pc(frame.bytecode_pc);
    finish(s.status);
  }
  bool is_slot(uint16_t r) const {
    const vm::Code& code = *in_.state->code;
    return !(r & vm::LowerMap::kRaw) && r >= code.num_params && r < code.num_params + code.num_slots;
  }
  void unbind(uint16_t r) { cc().mov(reg_tag(r), imm(static_cast<uint32_t>(Tag::Unbound))); }
  void set_pc(uint32_t pc) {
    cc().mov(at(frame_, offsetof(vm::Frame, pc)), address(in_.state->code->words.data() + pc));
  }
  void finish(NativeStatus status) {
    Gp r = cc().newUInt32();
    cc().mov(r, imm(static_cast<uint32_t>(status)));
    cc().ret(r);
  }

  // --- the function ---

  void function() {
    FuncNode* fn = cc().addFunc(FuncSignatureT<uint32_t, void*, void*>());
    vm_ = gp();
    frame_ = gp();
    regs_ = gp();
    fn->setArg(0, vm_);
    fn->setArg(1, frame_);
    if (!in_.is_loop) {
      // Frame::self is where the result goes; a constructor's frame needs it.
      Label plain = cc().newLabel();
      cc().test(at(frame_, offsetof(vm::Frame, flags), 1), imm(vm::kConstructFrame));
      Label back = cc().newLabel();
      cc().jnz(back);
      cc().cmp(at(vm_, offsetof(vm::VM, interrupted), 1), imm(0));
      cc().jz(plain);
      cc().bind(back);
      finish(NativeStatus::Resume);
      cc().bind(plain);
    }
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

  Place new_place(TypeId t) {
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

  Mem window_tag(size_t k) {
    Mem m = window_.cloneAdjusted(static_cast<int64_t>(16 * k));
    m.setSize(8);
    return m;
  }
  Mem window_bits(size_t k) {
    Mem m = window_.cloneAdjusted(static_cast<int64_t>(16 * k + 8));
    m.setSize(8);
    return m;
  }

  void arrive() {
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

  void block(BlockId b, BlockId next) {
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

  /// An interrupt that waits is seen once in each round of a loop, at a place where code can be left.
  void poll(const Inst& i) {
    for (uint32_t l = loops_.innermost(block_); l != ir::Loops::kNone; l = loops_.all()[l].parent) {
      if (polled_.contains(l)) return;
      bool always = true;
      for (BlockId latch : loops_.all()[l].latches) always &= doms_.dominates(block_, latch);
      if (!always) continue;
      polled_.insert(l);
      cc().cmp(at(vm_, offsetof(vm::VM, interrupted), 1), imm(0));
      cc().jne(way_out(i));
      return;
    }
  }

  /// The reference of a value goes to who takes it over, when this instruction is its last use.
  bool take(ValueId v) {
    ValueId r = root_[v.index];
    if (!r || after_[index_].contains(r.index) || !held_.contains(r.index) || taken_.contains(r.index)) return false;
    taken_.insert(r.index);
    return true;
  }
  void give(ValueId v) {
    if (!take(v)) retain(v);
  }

  // --- tests ---

  bool is_lazy(const Inst& i) const { return is_test(i.op) && !other_use_[i.result.index]; }

  /// Sets flags for a comparison of ints; the condition is for "a op b".
  static x86::CondCode signed_condition(CompareOp op) {
    switch (op) {
      case CompareOp::Lt: return x86::CondCode::kSignedLT;
      case CompareOp::Le: return x86::CondCode::kSignedLE;
      case CompareOp::Gt: return x86::CondCode::kSignedGT;
      case CompareOp::Ge: return x86::CondCode::kSignedGE;
      case CompareOp::Ne: return x86::CondCode::kNotEqual;
      default: return x86::CondCode::kEqual;
    }
  }

  void compare_ints(ValueId a, ValueId b) {
    Gp x = ints(a);
    if (auto k = small(b))
      cc().cmp(x, imm(*k));
    else
      cc().cmp(x, ints(b));
  }

  void jump_if(ValueId v, bool sense, const Label& target) {
    const Place& p = place(v);
    if (p.kind == Place::Fixed) {
      if ((p.imm != 0) == sense) cc().jmp(target);
      return;
    }
    if (p.kind != Place::Test) {
      cc().test(p.bits.r32(), p.bits.r32());
      sense ? cc().jnz(target) : cc().jz(target);
      return;
    }
    const Inst& i = *f_.def(v);
    auto in = f_.operands(i);
    if (i.op == Opcode::NotBool) return jump_if(in[0], !sense, target);
    auto op = static_cast<CompareOp>(i.imm);
    if (i.op == Opcode::CompareI64) {
      compare_ints(in[0], in[1]);
      x86::CondCode c = signed_condition(op);
      cc().j(sense ? c : x86::negateCond(c), target);
      return;
    }
    bool swap = op == CompareOp::Lt || op == CompareOp::Le;
    Xmm x = doubles(in[swap ? 1 : 0]), y = doubles(in[swap ? 0 : 1]);
    cc().ucomisd(x, y);
    switch (op) {
      case CompareOp::Lt:
      case CompareOp::Gt: sense ? cc().ja(target) : cc().jbe(target); break;
      case CompareOp::Le:
      case CompareOp::Ge: sense ? cc().jae(target) : cc().jb(target); break;
      default: {
        // Not a number is different from everything: parity.
        bool equal = (op == CompareOp::Eq) == sense;
        if (equal) {
          Label no = cc().newLabel();
          cc().jp(no);
          cc().je(target);
          cc().bind(no);
        } else {
          cc().jp(target);
          cc().jne(target);
        }
      }
    }
  }

  void materialise(ValueId v, const Gp& out) {
    Label yes = cc().newLabel();
    Gp r = gp();
    cc().mov(r, imm(1));
    jump_if(v, true, yes);
    cc().xor_(r.r32(), r.r32());
    cc().bind(yes);
    cc().mov(out, r);
  }

  // --- instructions ---

  void set_int(ValueId v, const Gp& r) {
    Place& p = places_[v.index];
    p = Place();
    p.kind = Place::Int;
    p.bits = r;
  }
  void set_double(ValueId v, const Xmm& x) {
    Place& p = places_[v.index];
    p = Place();
    p.kind = Place::Double;
    p.x = x;
  }

  void instruction(const Inst& i) {
    auto in = f_.operands(i);
    switch (i.op) {
      case Opcode::Const: return make_constant(i);
      case Opcode::Unbound: return fixed(i.result, Tag::Unbound, 0);
      case Opcode::CheckBound: {
        places_[i.result.index] = place(in[0]);
        Tag t;
        if (tag_is_known(in[0], t)) {
          if (t == Tag::Unbound) cc().jmp(way_out(i));
          return;
        }
        cc().cmp(place(in[0]).tag.r32(), imm(static_cast<uint32_t>(Tag::Unbound)));
        cc().je(way_out(i));
        return;
      }
      case Opcode::LoadSlot: {
        uint32_t r = in_.state->code->num_params + i.imm;
        load_value(i.result, regs_, 16 * size_t{r});
        return;
      }
      case Opcode::StoreSlot: {
        uint32_t r = in_.state->code->num_params + i.imm;
        replace_value(in[0], regs_, 16 * size_t{r});
        return;
      }
      case Opcode::LoadClosure: {
        Gp function = gp();
        cc().mov(function, at(frame_, offsetof(vm::Frame, function)));
        Place p = new_place(types::Any);
        p.tag_known = true;
        cc().mov(p.bits, at(function, offsetof(vm::Function, closure) + 16 * size_t{i.imm} + 8));
        places_[i.result.index] = p;
        return;
      }
      case Opcode::LoadCell: {
        load_value(i.result, bits(in[0]), offsetof(vm::Cell, value), false);
        cc().cmp(place(i.result).tag.r32(), imm(static_cast<uint32_t>(Tag::Unbound)));
        cc().je(way_out(i));
        retain(i.result);
        return;
      }
      case Opcode::StoreCell: return replace_value(in[1], bits(in[0]), offsetof(vm::Cell, value));
      case Opcode::MakeCell: return support(i, rt_make_cell);
      case Opcode::LoadGlobal: return support(i, rt_load_global, name(i.imm));
      case Opcode::StoreGlobal: return support(i, rt_store_global, name(i.imm));

      case Opcode::Binary: return support(i, rt_binary, i.imm);
      case Opcode::Inplace: return support(i, rt_inplace, i.imm);
      case Opcode::Unary: return support(i, rt_unary, i.imm);
      case Opcode::Compare: return generic_compare(i);
      case Opcode::Truth: return support(i, rt_truth);
      case Opcode::LoadAttr: return support(i, rt_load_attr, name(i.imm));
      case Opcode::StoreAttr: return support(i, rt_store_attr, name(i.imm));
      case Opcode::LoadItem: return support(i, rt_load_item);
      case Opcode::StoreItem: return support(i, rt_store_item);
      case Opcode::DeleteItem: return support(i, rt_delete_item);
      case Opcode::Call: return call(i);
      case Opcode::CallMethod: return call_method(i);
      case Opcode::GetIter: return support(i, rt_get_iter);
      case Opcode::UnpackExact: return support(i, rt_unpack, i.imm);
      case Opcode::TupleItem: {
        load_value(i.result, bits(in[0]), offsetof(vm::Tuple, items) + 16 * size_t{i.imm});
        return;
      }
      case Opcode::MakeTuple: return support(i, rt_make_tuple, in.size());
      case Opcode::MakeList: return support(i, rt_make_list, in.size());
      case Opcode::MakeSlice: return support(i, rt_make_slice);
      case Opcode::ListAppend: return support(i, rt_list_append);
      case Opcode::FormatValue: return support(i, rt_format_value, i.imm, in.size() > 1);
      case Opcode::BuildString: return support(i, rt_build_string, in.size());

      case Opcode::ArithI64: return arith_i64(i);
      case Opcode::ArithF64: return arith_f64(i);
      case Opcode::UnaryI64: return unary_i64(i);
      case Opcode::UnaryF64: return unary_f64(i);
      case Opcode::CompareI64:
      case Opcode::CompareF64:
      case Opcode::NotBool: {
        Place p;
        p.kind = Place::Test;
        places_[i.result.index] = p;
        if (is_lazy(i)) return;
        Gp r = gp();
        materialise(i.result, r);
        return set_int(i.result, r);
      }
      case Opcode::I64ToF64: {
        Xmm x = cc().newXmmSd();
        cc().xorps(x, x);
        cc().cvtsi2sd(x, ints(in[0]));
        return set_double(i.result, x);
      }
      case Opcode::BoolToI64: places_[i.result.index] = place(in[0]); return;
      case Opcode::Box: {
        Place p;
        p.kind = Place::Boxed;
        p.of = in[0];
        places_[i.result.index] = p;
        return;
      }
      case Opcode::Unbox: return unbox(i.result, in[0]);
      case Opcode::Cast: places_[i.result.index] = place(in[0]); return;
      case Opcode::Select: return select(i);

      case Opcode::GuardType: return guard_type(i);
      case Opcode::GuardShape: return guard_shape(i);
      case Opcode::GuardIs: return guard_is(i);
      case Opcode::GuardTrue: return jump_if(in[0], false, way_out(i));
      case Opcode::GuardIndex: {
        Gp index = ints(in[0]);
        cc().cmp(index, ints(in[1]));
        cc().jae(way_out(i));
        return set_int(i.result, index);
      }
      case Opcode::ResumePoint: return;
      case Opcode::GuardRange: return guard_range(i);
      case Opcode::RangeField: {
        Gp iterator = bits(in[0]), r = gp();
        if (i.imm == 0) {
          cc().mov(r, at(iterator, offsetof(vm::RangeIterator, current)));
        } else {
          cc().mov(r, at(iterator, offsetof(vm::RangeIterator, remaining)));
          cc().imul(r, at(iterator, offsetof(vm::RangeIterator, step)));
          cc().add(r, at(iterator, offsetof(vm::RangeIterator, current)));
        }
        return set_int(i.result, r);
      }
      case Opcode::RangeIter: {
        Place p;
        p.kind = Place::Virtual;
        places_[i.result.index] = p;
        return;
      }
      case Opcode::FieldLoad: {
        Gp fields = gp();
        cc().mov(fields, at(bits(in[0]), fields_offset()));
        return load_value(i.result, fields, 16 * size_t{i.imm});
      }
      case Opcode::FieldStore: {
        Gp fields = gp();
        cc().mov(fields, at(bits(in[0]), fields_offset()));
        return replace_value(in[1], fields, 16 * size_t{i.imm});
      }
      case Opcode::GlobalLoad: return global_load(i);
      case Opcode::ListLength: {
        Gp r = gp();
        cc().mov(r, at(bits(in[0]), offsetof(vm::List, size)));
        return set_int(i.result, r);
      }
      case Opcode::ListLoad: return list_load(i);
      case Opcode::ListStore: return list_store(i);
      case Opcode::CallNative: return call_native(i);
      case Opcode::CallCompiled: return call_compiled(i);
      default:
        // What native code does not do is done by the interpreter, which comes back at the next round.
        if (in_.is_loop && loops_.innermost(block_) != ir::Loops::kNone)
          return refuse(std::string("instruction ") + info(i.op).text);
        cc().jmp(way_out(i));
        define_anything(i);
        return;
    }
  }

  // After an instruction that always leaves: nothing of this runs, but registers are named by it.
  void define_anything(const Inst& i) {
    if (!i.result) return;
    Place p = new_place(f_.type_of(i.result));
    if (p.kind == Place::Double) cc().xorps(p.x, p.x);
    if (p.bits.isValid()) cc().xor_(p.bits.r32(), p.bits.r32());
    if (p.tag.isValid()) cc().xor_(p.tag.r32(), p.tag.r32());
    places_[i.result.index] = p;
  }

  static size_t fields_offset() {
    const auto* i = reinterpret_cast<const vm::Instance*>(4096);
    return reinterpret_cast<size_t>(&i->fields) - 4096;
  }
  static size_t shape_offset() {
    const auto* i = reinterpret_cast<const vm::Instance*>(4096);
    return reinterpret_cast<size_t>(&i->shape) - 4096;
  }

  void fixed(ValueId v, Tag tag, uint64_t value) {
    Place p;
    p.kind = Place::Fixed;
    p.known = tag;
    p.imm = value;
    places_[v.index] = p;
  }

  void make_constant(const Inst& i) {
    const ir::Constant& c = f_.module->constants[i.imm];
    using Kind = ir::Constant::Kind;
    switch (c.kind) {
      case Kind::None: return fixed(i.result, Tag::None, 0);
      case Kind::Ellipsis: return fixed(i.result, Tag::Ellipsis, 0);
      case Kind::Bool: return fixed(i.result, Tag::Bool, static_cast<uint64_t>(c.int_value));
      case Kind::Int: return fixed(i.result, Tag::Int, static_cast<uint64_t>(c.int_value));
      case Kind::Float: {
        uint64_t value;
        std::memcpy(&value, &c.float_value, 8);
        return fixed(i.result, Tag::Float, value);
      }
      default: break;
    }
    // Those of the bytecode, so that they are the same objects.
    const std::vector<ir::Constant>& table = in_.state->code->constants;
    for (size_t k = 0; k < table.size(); k++)
      if (same_constant(c, table[k])) {
        vm::Value v = in_.state->constants[k];
        return fixed(i.result, v.tag, v.bits);
      }
    refuse("a constant that the bytecode does not have");
  }
  bool same_constant(const ir::Constant& ours, const ir::Constant& theirs) const {
    if (ours.kind != theirs.kind || ours.items.size() != theirs.items.size()) return false;
    for (size_t k = 0; k < ours.items.size(); k++)
      if (!same_constant(f_.module->constants[ours.items[k].index], in_.state->code->constants[theirs.items[k].index]))
        return false;
    ir::Constant a = ours, b = theirs;
    a.items.clear();
    b.items.clear();
    return a == b;
  }

  uint64_t name(uint32_t id) { return reinterpret_cast<uint64_t>(in_.vm.name(f_.module->text(ir::NameId(id)))); }

  /// A tagged value from memory; it owns a reference if it is to.
  void load_value(ValueId v, const Gp& base, size_t offset, bool count = true) {
    Place p = new_place(types::Any);
    cc().mov(p.tag, at(base, offset));
    cc().mov(p.bits, at(base, offset + 8));
    places_[v.index] = p;
    if (count && root_[v.index]) retain(v);
  }

  /// Stores a value over another.
  void replace_value(ValueId v, const Gp& base, size_t offset) {
    give(v);
    Gp old_tag = gp(), old_bits = gp();
    cc().mov(old_tag, at(base, offset));
    cc().mov(old_bits, at(base, offset + 8));
    store(v, at(base, offset), at(base, offset + 8));
    release_raw(old_tag, old_bits);
  }

  void release_raw(const Gp& tag, const Gp& value) {
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

  // --- calls of support functions ---

  Gp call_support(Support fn, uint64_t a, uint64_t b) {
    Gp w = gp(), status = cc().newUInt32();
    cc().lea(w, window_);
    InvokeNode* node;
    cc().invoke(&node, imm(reinterpret_cast<uint64_t>(fn)),
                FuncSignatureT<uint32_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t>());
    node->setArg(0, vm_);
    node->setArg(1, frame_);
    node->setArg(2, w);
    node->setArg(3, imm(a));
    node->setArg(4, imm(b));
    node->setRet(0, status);
    return status;
  }

  void check(const Inst& i, const Gp& status) {
    cc().cmp(status, imm(kDone));
    Label failed = cc().newLabel(), raised = way_out(i, NativeStatus::Raised), leave = way_out(i);
    cc().jne(failed);
    later_.push_back([this, status, failed, raised, leave] {
      cc().bind(failed);
      cc().test(status, status);
      cc().jz(raised);
      cc().jmp(leave);
    });
  }

  void save_pc(const Inst& i) {
    if (i.exit) set_pc(f_.exits[i.exit.index].frames[0].bytecode_pc);
  }

  void support(const Inst& i, Support fn, uint64_t a = 0, uint64_t b = 0) {
    auto in = f_.operands(i);
    for (size_t k = 0; k < in.size(); k++) store(in[k], window_tag(k), window_bits(k));
    save_pc(i);
    Gp status = call_support(fn, a, b);
    if (i.exit || ir::info(i.op).has(ir::kWorld | ir::kRaises)) check(i, status);
    if (i.result) take_result(i.result);
  }

  void take_result(ValueId v) {
    Place p = new_place(f_.type_of(v));
    if (p.kind == Place::Tagged) cc().mov(p.tag, window_tag(0));
    if (p.kind == Place::Double)
      cc().movsd(p.x, window_bits(0));
    else
      cc().mov(p.bits, window_bits(0));
    places_[v.index] = p;
  }

  void generic_compare(const Inst& i) {
    auto in = f_.operands(i);
    auto op = static_cast<CompareOp>(i.imm);
    if (op != CompareOp::Is && op != CompareOp::IsNot) return support(i, rt_compare, i.imm);
    // Identity runs no code: the result is a bool in registers.
    for (size_t k = 0; k < 2; k++) store(in[k], window_tag(k), window_bits(k));
    Gp r = gp(), t = cc().newUInt32();
    Label no = cc().newLabel(), end = cc().newLabel();
    Mem tag0 = window_tag(0), tag1 = window_tag(1);
    tag0.setSize(4);
    tag1.setSize(4);
    cc().mov(t, tag0);
    cc().cmp(t, tag1);
    cc().mov(r, window_bits(0));
    cc().jne(no);
    cc().cmp(r, window_bits(1));
    cc().jne(no);
    cc().mov(r, imm(op == CompareOp::Is));
    cc().jmp(end);
    cc().bind(no);
    cc().mov(r, imm(op != CompareOp::Is));
    cc().bind(end);
    Place p;
    p.kind = Place::Tagged;
    p.tag_known = true;
    p.known = Tag::Bool;
    p.bits = r;
    places_[i.result.index] = p;
  }

  void call(const Inst& i) {
    const ir::CallShape& shape = f_.module->call_shapes[i.imm];
    if (!shape.starred.empty() || !shape.keywords.empty()) return generic_exit(i, "call with keywords");
    support(i, rt_call, f_.operands(i).size() - 1);
  }
  void call_method(const Inst& i) {
    const ir::CallShape& shape = f_.module->call_shapes[i.imm];
    if (!shape.starred.empty() || !shape.keywords.empty()) return generic_exit(i, "method call with keywords");
    support(i, rt_call_method, f_.operands(i).size() - 1, name(shape.method.index));
  }
  void generic_exit(const Inst& i, const char* what) {
    if (in_.is_loop && loops_.innermost(block_) != ir::Loops::kNone) return refuse(what);
    cc().jmp(way_out(i));
    define_anything(i);
  }

  void call_compiled(const Inst& i) {
    auto in = f_.operands(i);
    auto* function = static_cast<const vm::Function*>(object(i).pointer);
    const vm::CodeState* state = function->code;
    const vm::Code& code = *state->code;
    for (ValueId v : in)
      if (!take(v)) retain(v);
    save_pc(i);
    for (uint32_t r : taken_) held_.erase(r);
    Place result = new_place(f_.type_of(i.result));
    Label slow = cc().newLabel(), done = cc().newLabel();
    auto field = [&](const Gp& base, size_t offset, uint32_t size = 8) { return at(base, offset, size); };
    // A frame, as push_frame makes it. Its function needs no reference: this code keeps it alive.
    Gp callee = gp(), registers = gp(), raws = gp(), end = gp(), depth = cc().newUInt32(), entry = gp();
    if (code.num_slots == 0) {
      cc().mov(callee, field(vm_, offsetof(vm::VM, frame_top)));
      cc().cmp(callee, field(vm_, offsetof(vm::VM, frame_end)));
      cc().jae(slow);
      cc().mov(registers, field(vm_, offsetof(vm::VM, register_top)));
      cc().lea(end, at(registers, 16 * size_t{code.num_registers}));
      cc().cmp(end, field(vm_, offsetof(vm::VM, register_end)));
      cc().ja(slow);
      cc().mov(depth, field(vm_, offsetof(vm::VM, depth), 4));
      cc().cmp(depth, field(vm_, offsetof(vm::VM, recursion_limit), 4));
      cc().jge(slow);
      cc().cmp(x86::rsp, field(vm_, offsetof(vm::VM, stack_limit)));
      cc().jb(slow);
      Gp state_at = address(state);
      cc().cmp(field(address(function), offsetof(vm::Function, code)), state_at);
      cc().jne(slow);
      cc().mov(entry, field(state_at, offsetof(vm::CodeState, native_entry)));
      cc().test(entry, entry);
      cc().jz(slow);
      cc().mov(raws, field(vm_, offsetof(vm::VM, raw_top)));
      if (code.num_raws) {
        Gp raws_end = gp();
        cc().lea(raws_end, at(raws, 8 * size_t{code.num_raws}));
        cc().cmp(raws_end, field(vm_, offsetof(vm::VM, raw_end)));
        cc().ja(slow);
        cc().mov(field(vm_, offsetof(vm::VM, raw_top)), raws_end);
      }
      cc().mov(field(vm_, offsetof(vm::VM, register_top)), end);
      cc().inc(depth);
      cc().mov(field(vm_, offsetof(vm::VM, depth), 4), depth);
      cc().lea(end, at(callee, sizeof(vm::Frame)));
      cc().mov(field(vm_, offsetof(vm::VM, frame_top)), end);
      cc().mov(field(callee, offsetof(vm::Frame, previous)), frame_);
      cc().mov(field(callee, offsetof(vm::Frame, pc)), address(code.words.data()));
      cc().mov(field(callee, offsetof(vm::Frame, state)), state_at);
      cc().mov(field(callee, offsetof(vm::Frame, function)), address(function));
      cc().mov(field(callee, offsetof(vm::Frame, globals)), address(vm::as<vm::Module>(function->module)->dict));
      cc().mov(field(callee, offsetof(vm::Frame, regs)), registers);
      cc().mov(field(callee, offsetof(vm::Frame, raws)), raws);
      cc().mov(field(callee, offsetof(vm::Frame, self)), imm(static_cast<uint32_t>(Tag::Unbound)));
      cc().mov(field(callee, offsetof(vm::Frame, flags), 1), imm(vm::kEntryFrame));
      for (size_t k = 0; k < in.size(); k++) store(in[k], at(registers, 16 * k), at(registers, 16 * k + 8));
      cc().mov(field(vm_, offsetof(vm::VM, frame)), callee);
      Gp status = cc().newUInt32();
      InvokeNode* node;
      cc().invoke(&node, entry, FuncSignatureT<uint32_t, uint64_t, uint64_t>());
      node->setArg(0, vm_);
      node->setArg(1, callee);
      node->setRet(0, status);
      Label left = cc().newLabel();
      cc().cmp(status, imm(static_cast<uint32_t>(NativeStatus::Returned)));
      cc().jne(left);
      cc().mov(result.tag, field(callee, offsetof(vm::Frame, self)));
      cc().mov(result.bits, field(callee, offsetof(vm::Frame, self) + 8));
      cc().mov(field(callee, offsetof(vm::Frame, self)), imm(static_cast<uint32_t>(Tag::Unbound)));
      cc().mov(field(vm_, offsetof(vm::VM, frame_top)), callee);
      cc().mov(field(vm_, offsetof(vm::VM, register_top)), registers);
      if (code.num_raws) cc().mov(field(vm_, offsetof(vm::VM, raw_top)), raws);
      cc().dec(field(vm_, offsetof(vm::VM, depth), 4));
      cc().mov(field(vm_, offsetof(vm::VM, frame)), frame_);
      cc().bind(done);
      Label raised = way_out(i, NativeStatus::Raised);
      auto finish_call = [this, result, done, raised](const Gp& outcome) {
        cc().cmp(outcome, imm(kDone));
        cc().jne(raised);
        cc().mov(result.tag, window_tag(0));
        cc().mov(result.bits, window_bits(0));
        cc().jmp(done);
      };
      std::vector<ValueId> args(in.begin(), in.end());
      later_.push_back([this, left, callee, finish_call] {
        cc().bind(left);
        Gp w = gp(), outcome = cc().newUInt32();
        cc().lea(w, window_);
        InvokeNode* run;
        cc().invoke(&run, imm(reinterpret_cast<uint64_t>(rt_run_frame)),
                    FuncSignatureT<uint32_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t>());
        run->setArg(0, vm_);
        run->setArg(1, frame_);
        run->setArg(2, w);
        run->setArg(3, callee);
        run->setArg(4, imm(0));
        run->setRet(0, outcome);
        finish_call(outcome);
      });
      later_.push_back([this, slow, args, function, finish_call] {
        cc().bind(slow);
        for (size_t k = 0; k < args.size(); k++) store(args[k], window_tag(k), window_bits(k));
        finish_call(call_support(rt_call_compiled, args.size(), reinterpret_cast<uint64_t>(function)));
      });
      places_[i.result.index] = result;
      return;
    }
    for (size_t k = 0; k < in.size(); k++) store(in[k], window_tag(k), window_bits(k));
    check(i, call_support(rt_call_compiled, in.size(), reinterpret_cast<uint64_t>(function)));
    take_result(i.result);
  }

  void call_native(const Inst& i) {
    const ir::ObjectRef& fn = object(i);
    auto in = f_.operands(i);
    Xmm x = cc().newXmmSd();
    if (fn.name == "sqrt") {
      cc().sqrtsd(x, doubles(in[0]));
    } else {
      FuncSignatureBuilder s(CallConvId::kHost);
      s.setRetT<double>();
      for (size_t k = 0; k < in.size(); k++) s.addArgT<double>();
      InvokeNode* node;
      std::vector<Xmm> args;
      for (ValueId v : in) args.push_back(doubles(v));
      cc().invoke(&node, imm(reinterpret_cast<uint64_t>(fn.code)), s);
      for (uint32_t k = 0; k < args.size(); k++) node->setArg(k, args[k]);
      node->setRet(0, x);
    }
    // A result that is not finite is for the generic code to judge.
    Xmm rest = cc().newXmmSd();
    cc().movapd(rest, x);
    cc().subsd(rest, x);
    cc().ucomisd(rest, rest);
    cc().jp(way_out(i));
    set_double(i.result, x);
  }

  // --- guards ---

  void check_tag(const Inst& i, ValueId v, Tag wanted) {
    Tag t;
    if (tag_is_known(v, t)) {
      if (t != wanted) cc().jmp(way_out(i));
      return;
    }
    cc().cmp(place(v).tag.r32(), imm(static_cast<uint32_t>(wanted)));
    cc().jne(way_out(i));
  }

  void unbox(ValueId result, ValueId v) {
    const Place p = place(v);
    if (p.kind == Place::Boxed) {
      places_[result.index] = place(p.of);
      return;
    }
    if (p.kind == Place::Fixed) {
      places_[result.index] = p;
      return;
    }
    if (f_.type_of(result) == types::F64) {
      Xmm x = cc().newXmmSd();
      cc().movq(x, p.bits);
      return set_double(result, x);
    }
    set_int(result, p.bits);
  }

  void guard_type(const Inst& i) {
    ValueId v = f_.operands(i)[0];
    TypeId t{i.imm};
    if (TypeTable::is_raw(t)) {
      Tag wanted = t == types::F64 ? Tag::Float : t == types::I64 ? Tag::Int : Tag::Bool;
      Tag known;
      if (tag_is_known(v, known) && known != wanted) {
        cc().jmp(way_out(i));
        return define_anything(i);
      }
      check_tag(i, v, wanted);
      if (ValueId r = root_[v.index]) scalar_in_[r.index].emplace_back(block_, position_);
      return unbox(i.result, v);
    }
    Place p = place(v);
    if (t == types::None) {
      check_tag(i, v, Tag::None);
    } else if (t == types::Tensor) {
      check_tag(i, v, Tag::Tensor);
    } else if (f_.module->types->kind(t) == ir::TypeKind::List) {
      if (p.kind == Place::Boxed || p.kind == Place::Fixed) {
        cc().jmp(way_out(i));
        return define_anything(i);
      }
      check_tag(i, v, Tag::Object);
      cc().cmp(at(p.bits, offsetof(vm::Object, type)), address(in_.vm.types.list));
      cc().jne(way_out(i));
      TypeId element = (*f_.module->types)[t].args[0];
      vm::ElementKind kind = element == types::I64    ? vm::ElementKind::Int
                             : element == types::F64  ? vm::ElementKind::Float
                             : element == types::Bool ? vm::ElementKind::Bool
                                                      : vm::ElementKind::Any;
      cc().cmp(at(p.bits, offsetof(vm::List, element), 1), imm(static_cast<uint32_t>(kind)));
      cc().jne(way_out(i));
      p.tag_known = true;
      p.known = Tag::Object;
    } else {
      return refuse("guard for the type " + f_.module->types->to_string(t));
    }
    places_[i.result.index] = p;
  }

  void guard_shape(const Inst& i) {
    ValueId v = f_.operands(i)[0];
    Place p = place(v);
    const auto& s = *static_cast<const ShapeRef*>(object(i).pointer);
    if (p.kind == Place::Boxed || p.kind == Place::Fixed) {
      cc().jmp(way_out(i));
      return define_anything(i);
    }
    check_tag(i, v, Tag::Object);
    cc().cmp(at(p.bits, offsetof(vm::Object, kind), 1), imm(static_cast<uint32_t>(vm::Kind::Instance)));
    cc().jne(way_out(i));
    cc().cmp(at(p.bits, shape_offset()), address(s.shape));
    cc().jne(way_out(i));
    cc().cmp(at(address(s.type), offsetof(vm::Type, version), 4), imm(s.version));
    cc().jne(way_out(i));
    p.tag_known = true;
    p.known = Tag::Object;
    places_[i.result.index] = p;
  }

  void guard_is(const Inst& i) {
    ValueId v = f_.operands(i)[0];
    check_tag(i, v, Tag::Object);
    auto pointer = reinterpret_cast<uint64_t>(object(i).pointer);
    const Place p = place(v);
    if (p.kind == Place::Fixed) {
      if (p.imm != pointer) cc().jmp(way_out(i));
    } else if (p.kind == Place::Tagged) {
      cc().cmp(p.bits, address(object(i).pointer));
      cc().jne(way_out(i));
    }
    fixed(i.result, Tag::Object, pointer);
  }

  void guard_range(const Inst& i) {
    ValueId v = f_.operands(i)[0];
    Place p = place(v);
    if (p.kind != Place::Tagged) {
      cc().jmp(way_out(i));
      return define_anything(i);
    }
    auto step = static_cast<int32_t>(i.imm);
    check_tag(i, v, Tag::Object);
    cc().cmp(at(p.bits, offsetof(vm::Object, type)), address(in_.vm.types.range_iterator));
    cc().jne(way_out(i));
    cc().cmp(at(p.bits, offsetof(vm::Object, refs), 4), imm(1));
    cc().jne(way_out(i));
    cc().cmp(at(p.bits, offsetof(vm::RangeIterator, step)), imm(step));
    cc().jne(way_out(i));
    Gp stop = gp();
    cc().mov(stop, at(p.bits, offsetof(vm::RangeIterator, remaining)));
    cc().imul(stop, stop, imm(step));
    cc().jo(way_out(i));
    cc().add(stop, at(p.bits, offsetof(vm::RangeIterator, current)));
    cc().jo(way_out(i));
    cc().add(stop, imm(step));
    cc().jo(way_out(i));
    p.tag_known = true;
    p.known = Tag::Object;
    places_[i.result.index] = p;
  }

  void global_load(const Inst& i) {
    const auto& g = *static_cast<const GlobalCell*>(object(i).pointer);
    auto check_version = [&](vm::Dict* d, uint64_t version) {
      Gp dict = address(d);
      if (version <= INT32_MAX) {
        cc().cmp(at(dict, offsetof(vm::Dict, keys_version)), imm(version));
      } else {
        Gp r = gp();
        cc().mov(r, imm(version));
        cc().cmp(at(dict, offsetof(vm::Dict, keys_version)), r);
      }
      cc().jne(way_out(i));
      return dict;
    };
    if (g.hidden_by) check_version(g.hidden_by, g.hidden_version);
    Gp dict = check_version(g.dict, g.keys_version), entries = gp();
    cc().mov(entries, at(dict, offsetof(vm::Dict, entries)));
    load_value(i.result, entries, sizeof(vm::DictEntry) * g.index + offsetof(vm::DictEntry, value));
  }

  // --- lists ---

  Mem element(const Gp& data, ValueId index, uint32_t shift, uint32_t offset = 0) {
    if (auto k = small(index); k && *k < (1 << 24))
      return at(data, (static_cast<size_t>(*k) << shift) + offset, 1u << std::min(shift, 3u));
    if (shift == 4) {
      Gp scaled = gp();
      cc().mov(scaled, ints(index));
      cc().shl(scaled, imm(4));
      return Mem(data, scaled, 0, static_cast<int32_t>(offset), 8);
    }
    return Mem(data, ints(index), shift, static_cast<int32_t>(offset), 1u << shift);
  }

  void list_load(const Inst& i) {
    auto in = f_.operands(i);
    Gp data = gp();
    cc().mov(data, at(bits(in[0]), offsetof(vm::List, data)));
    TypeId t{i.imm};
    if (t == types::F64) {
      Xmm x = cc().newXmmSd();
      cc().movsd(x, element(data, in[1], 3));
      return set_double(i.result, x);
    }
    Gp r = gp();
    if (t == types::I64) {
      cc().mov(r, element(data, in[1], 3));
      return set_int(i.result, r);
    }
    if (t == types::Bool) {
      cc().movzx(r.r32(), element(data, in[1], 0));
      return set_int(i.result, r);
    }
    cc().lea(r, element(data, in[1], 4));
    load_value(i.result, r, 0);
  }

  void list_store(const Inst& i) {
    auto in = f_.operands(i);
    Gp data = gp();
    cc().mov(data, at(bits(in[0]), offsetof(vm::List, data)));
    TypeId t{i.imm};
    if (t == types::F64) {
      cc().movsd(element(data, in[1], 3), doubles(in[2]));
    } else if (t == types::I64) {
      cc().mov(element(data, in[1], 3), ints(in[2]));
    } else if (t == types::Bool) {
      if (place(in[2]).kind == Place::Fixed)
        cc().mov(element(data, in[1], 0), imm(place(in[2]).imm));
      else
        cc().mov(element(data, in[1], 0), ints(in[2]).r8());
    } else {
      Gp r = gp();
      cc().lea(r, element(data, in[1], 4));
      replace_value(in[2], r, 0);
    }
  }

  // --- arithmetic ---

  void arith_i64(const Inst& i) {
    auto in = f_.operands(i);
    auto op = static_cast<ArithOp>(i.imm);
    bool leaves = static_cast<bool>(i.exit);
    Gp r = gp();
    switch (op) {
      case ArithOp::Add:
      case ArithOp::Sub:
      case ArithOp::Mul:
      case ArithOp::And:
      case ArithOp::Or:
      case ArithOp::Xor: {
        ValueId a = in[0], b = in[1];
        cc().mov(r, ints(a));
        InstId id = op == ArithOp::Add   ? InstId(x86::Inst::kIdAdd)
                    : op == ArithOp::Sub ? InstId(x86::Inst::kIdSub)
                    : op == ArithOp::And ? InstId(x86::Inst::kIdAnd)
                    : op == ArithOp::Or  ? InstId(x86::Inst::kIdOr)
                                         : InstId(x86::Inst::kIdXor);
        if (op == ArithOp::Mul) {
          if (auto k = small(b))
            cc().imul(r, r, imm(*k));
          else
            cc().imul(r, ints(b));
        } else if (auto k = small(b)) {
          cc().emit(id.index, r, imm(*k));
        } else {
          cc().emit(id.index, r, ints(b));
        }
        if (leaves && op <= ArithOp::Mul) cc().jo(way_out(i));
        break;
      }
      case ArithOp::FloorDiv:
      case ArithOp::Mod: divide(i, r); break;
      case ArithOp::Pow: {
        cc().mov(window_bits(0), ints(in[0]));
        cc().mov(window_bits(1), ints(in[1]));
        Gp status = call_support(rt_pow_i64, 0, 0);
        cc().cmp(status, imm(kDone));
        cc().jne(way_out(i));
        cc().mov(r, window_bits(0));
        break;
      }
      case ArithOp::LShift:
      case ArithOp::RShift: {
        Gp count = ints(in[1]), back = gp();
        cc().mov(r, ints(in[0]));
        if (op == ArithOp::LShift) {
          cc().cmp(count, imm(63));
          cc().ja(way_out(i));
          cc().shl(r, count.r8());
          cc().mov(back, r);
          cc().sar(back, count.r8());
          cc().cmp(back, ints(in[0]));
          cc().jne(way_out(i));
        } else {
          cc().test(count, count);
          cc().js(way_out(i));
          Gp most = gp(), by = gp();
          cc().mov(most, imm(63));
          cc().mov(by, count);
          cc().cmp(by, most);
          cc().cmova(by, most);
          cc().sar(r, by.r8());
        }
        break;
      }
      case ArithOp::TrueDiv:
      case ArithOp::MatMul:
      case ArithOp::Count: return refuse("an operator of ints");
    }
    set_int(i.result, r);
  }

  // Floor division and its rest: the sign follows the divisor.
  void divide(const Inst& i, const Gp& out) {
    auto in = f_.operands(i);
    bool quotient = static_cast<ArithOp>(i.imm) == ArithOp::FloorDiv;
    auto k = small(in[1]);
    if (k && *k > 0 && (*k & (*k - 1)) == 0) {
      cc().mov(out, ints(in[0]));
      if (quotient)
        cc().sar(out, imm(__builtin_ctz(static_cast<uint32_t>(*k))));
      else
        cc().and_(out, imm(*k - 1));
      return;
    }
    Gp a = gp(), b = ints(in[1]), high = gp();
    cc().mov(a, ints(in[0]));
    if (!k || *k == 0) {
      cc().test(b, b);
      cc().jz(way_out(i));
    }
    if (!k || *k == -1) {
      // The one quotient that does not fit.
      cc().cmp(b, imm(-1));
      cc().je(way_out(i));
    }
    Label exact = cc().newLabel();
    Gp sign = gp();
    cc().cqo(high, a);
    cc().idiv(high, a, b);
    cc().test(high, high);
    if (quotient) {
      cc().mov(out, a);
      cc().jz(exact);
      cc().mov(sign, high);
      cc().xor_(sign, b);
      cc().jns(exact);
      cc().sub(out, imm(1));
    } else {
      cc().mov(out, high);
      cc().jz(exact);
      cc().mov(sign, high);
      cc().xor_(sign, b);
      cc().jns(exact);
      cc().add(out, b);
    }
    cc().bind(exact);
  }

  void arith_f64(const Inst& i) {
    auto in = f_.operands(i);
    auto op = static_cast<ArithOp>(i.imm);
    Xmm x = cc().newXmmSd();
    if (op == ArithOp::TrueDiv || op == ArithOp::FloorDiv || op == ArithOp::Mod) {
      const Place& divisor = place(in[1]);
      if (divisor.kind != Place::Fixed || (divisor.imm << 1) == 0) {
        Xmm zero = cc().newXmmSd();
        cc().xorps(zero, zero);
        Label fine = cc().newLabel();
        cc().ucomisd(doubles(in[1]), zero);
        cc().jp(fine);
        cc().je(way_out(i));
        cc().bind(fine);
      }
    }
    switch (op) {
      case ArithOp::Add:
      case ArithOp::Sub:
      case ArithOp::Mul:
      case ArithOp::TrueDiv: {
        Xmm a = doubles(in[0]), b = doubles(in[1]);
        cc().movapd(x, a);
        if (op == ArithOp::Add) cc().addsd(x, b);
        if (op == ArithOp::Sub) cc().subsd(x, b);
        if (op == ArithOp::Mul) cc().mulsd(x, b);
        if (op == ArithOp::TrueDiv) cc().divsd(x, b);
        break;
      }
      case ArithOp::FloorDiv:
      case ArithOp::Mod: {
        InvokeNode* node;
        Xmm a = doubles(in[0]), b = doubles(in[1]);
        void* fn = op == ArithOp::Mod ? reinterpret_cast<void*>(rt_mod_f64) : reinterpret_cast<void*>(rt_floordiv_f64);
        cc().invoke(&node, imm(reinterpret_cast<uint64_t>(fn)), FuncSignatureT<double, double, double>());
        node->setArg(0, a);
        node->setArg(1, b);
        node->setRet(0, x);
        break;
      }
      case ArithOp::Pow: {
        store_raw(in[0], window_bits(0));
        store_raw(in[1], window_bits(1));
        Gp status = call_support(rt_pow_f64, 0, 0);
        cc().cmp(status, imm(kDone));
        cc().jne(way_out(i));
        cc().movsd(x, window_bits(0));
        break;
      }
      default: return refuse("an operator of floats");
    }
    set_double(i.result, x);
  }

  void unary_i64(const Inst& i) {
    auto op = static_cast<UnaryOp>(i.imm);
    Gp r = gp();
    cc().mov(r, ints(f_.operands(i)[0]));
    if (op == UnaryOp::Neg) {
      cc().neg(r);
      if (i.exit) cc().jo(way_out(i));
    } else if (op == UnaryOp::Invert) {
      cc().not_(r);
    } else if (op != UnaryOp::Pos) {
      return refuse("an operator of ints");
    }
    set_int(i.result, r);
  }

  void unary_f64(const Inst& i) {
    Xmm x = cc().newXmmSd();
    ValueId v = f_.operands(i)[0];
    if (static_cast<UnaryOp>(i.imm) == UnaryOp::Neg) {
      load_double(x, uint64_t{1} << 63);
      cc().xorps(x, doubles(v));
    } else if (static_cast<UnaryOp>(i.imm) == UnaryOp::Pos) {
      cc().movapd(x, doubles(v));
    } else {
      return refuse("an operator of floats");
    }
    set_double(i.result, x);
  }

  void select(const Inst& i) {
    auto in = f_.operands(i);
    Place p = new_place(f_.type_of(i.result));
    Label other = cc().newLabel(), end = cc().newLabel();
    auto copy = [&](ValueId v) {
      if (p.kind == Place::Tagged) {
        if (root_[i.result.index]) retain(v);
        copy_tagged(p, v);
      } else if (p.kind == Place::Double) {
        cc().movapd(p.x, doubles(v));
      } else {
        cc().mov(p.bits, ints(v));
      }
    };
    jump_if(in[0], false, other);
    copy(in[1]);
    cc().jmp(end);
    cc().bind(other);
    copy(in[2]);
    cc().bind(end);
    places_[i.result.index] = p;
  }

  void copy_tagged(const Place& to, ValueId v) {
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

  // --- edges and terminators ---

  bool needs_code(const ir::Edge& e) const {
    const ir::Block& target = f_[e.target];
    for (ValueId p : target.params)
      if (live_.in(e.target).contains(p)) return true;
    std::set<uint32_t> wanted = survivors(e.target);
    for (uint32_t r : held_)
      if (!wanted.contains(r)) return true;
    return false;
  }

  /// Roots that are needed behind an edge as they are, that is without the parameters made there.
  std::set<uint32_t> survivors(BlockId target) const {
    std::set<uint32_t> out = roots_of(live_.in(target));
    for (ValueId p : f_[target].params) out.erase(p.index);
    return out;
  }

  /// References first, then moves that happen at once, then what dies here is released.
  void edge(const ir::Edge& e, bool may_fall_through) {
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
      if (root && !wanted.contains(root.index) && held_.contains(root.index) && given.insert(root.index).second)
        continue;
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
  // Only then can an argument be a parameter of the target.
  bool on_back_edge(BlockId target) const { return doms_.dominates(target, block_); }

  void move_double(const Xmm& to, ValueId v) {
    if (place(v).kind == Place::Fixed)
      load_double(to, place(v).imm);
    else
      cc().movapd(to, doubles(v));
  }
  void move_int(const Gp& to, ValueId v) {
    if (place(v).kind == Place::Fixed)
      cc().mov(to, imm(place(v).imm));
    else
      cc().mov(to, ints(v));
  }
  Place copy_of(ValueId v) {
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

  void terminator(const Inst& i) {
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
      case Opcode::Leave: cc().jmp(way_out(i)); return;
      case Opcode::Unreachable: cc().ud2(); return;
      default: refuse(std::string("terminator ") + info(i.op).text);
    }
  }

  void for_iter(const Inst& i) {
    auto in = f_.operands(i);
    auto edges = f_.successors(i);
    Place item = new_place(f_.type_of(i.result));
    Label more = cc().newLabel(), slow = cc().newLabel(), end = cc().newLabel();
    const Place iterator = place(in[0]);
    bool may_be_range = iterator.kind == Place::Tagged && item.kind == Place::Tagged;
    if (may_be_range) {
      if (!iterator.tag_known) {
        cc().cmp(iterator.tag.r32(), imm(static_cast<uint32_t>(Tag::Object)));
        cc().jne(slow);
      }
      Gp remaining = gp(), next = gp();
      Label other = cc().newLabel();
      cc().cmp(at(iterator.bits, offsetof(vm::Object, type)), address(in_.vm.types.range_iterator));
      cc().jne(other);
      cc().mov(remaining, at(iterator.bits, offsetof(vm::RangeIterator, remaining)));
      cc().test(remaining, remaining);
      cc().jle(end);
      cc().dec(remaining);
      cc().mov(at(iterator.bits, offsetof(vm::RangeIterator, remaining)), remaining);
      cc().mov(item.bits, at(iterator.bits, offsetof(vm::RangeIterator, current)));
      cc().mov(next, at(iterator.bits, offsetof(vm::RangeIterator, step)));
      cc().add(next, item.bits);
      cc().mov(at(iterator.bits, offsetof(vm::RangeIterator, current)), next);
      cc().mov(item.tag, imm(static_cast<uint32_t>(Tag::Int)));
      cc().jmp(more);
      cc().bind(other);
      next_of_list(iterator, item, more, slow);
    }
    cc().bind(slow);
    store(in[0], window_tag(0), window_bits(0));
    save_pc(i);
    Gp status = call_support(rt_for_iter, 0, 0);
    if (item.kind == Place::Tagged) cc().mov(item.tag, window_tag(0));
    if (item.kind == Place::Double)
      cc().movsd(item.x, window_bits(0));
    else
      cc().mov(item.bits, window_bits(0));
    places_[i.result.index] = item;
    cc().cmp(status, imm(kDone));
    cc().je(more);
    cc().cmp(status, imm(kRaised));
    cc().je(way_out(i, NativeStatus::Raised));
    cc().bind(end);
    std::set<uint32_t> held = held_;
    edge(edges[1], false);
    held_ = held;
    cc().bind(more);
    if (root_[i.result.index]) held_.insert(i.result.index);
    edge(edges[0], true);
  }

  /// The next item of a list iterator whose list holds scalars.
  void next_of_list(const Place& iterator, const Place& item, const Label& more, const Label& slow) {
    Gp list = gp(), index = gp(), data = gp(), kind = cc().newUInt32();
    cc().cmp(at(iterator.bits, offsetof(vm::Object, type)), address(in_.vm.types.list_iterator));
    cc().jne(slow);
    cc().cmp(at(iterator.bits, offsetof(vm::ListIterator, list), 4), imm(static_cast<uint32_t>(Tag::Object)));
    cc().jne(slow);
    cc().mov(list, at(iterator.bits, offsetof(vm::ListIterator, list) + 8));
    cc().movzx(kind, at(list, offsetof(vm::List, element), 1));
    cc().mov(index, at(iterator.bits, offsetof(vm::ListIterator, i)));
    cc().cmp(index, at(list, offsetof(vm::List, size)));
    cc().jae(slow);
    cc().mov(data, at(list, offsetof(vm::List, data)));
    Label bools = cc().newLabel(), words = cc().newLabel(), step = cc().newLabel();
    cc().cmp(kind, imm(static_cast<uint32_t>(vm::ElementKind::Bool)));
    cc().je(bools);
    cc().mov(item.tag, imm(static_cast<uint32_t>(Tag::Int)));
    cc().cmp(kind, imm(static_cast<uint32_t>(vm::ElementKind::Int)));
    cc().je(words);
    cc().mov(item.tag, imm(static_cast<uint32_t>(Tag::Float)));
    cc().cmp(kind, imm(static_cast<uint32_t>(vm::ElementKind::Float)));
    cc().jne(slow);
    cc().bind(words);
    cc().mov(item.bits, Mem(data, index, 3, 0, 8));
    cc().jmp(step);
    cc().bind(bools);
    cc().movzx(item.bits.r32(), Mem(data, index, 0, 0, 1));
    cc().mov(item.tag, imm(static_cast<uint32_t>(Tag::Bool)));
    cc().bind(step);
    cc().inc(index);
    cc().mov(at(iterator.bits, offsetof(vm::ListIterator, i)), index);
    cc().jmp(more);
  }

  void give_back(ValueId v) {
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
      if (tagged(p) && !is_slot(r) && !is_scalar_here(p)) unbind(r);
    }
    note_result(v);
    finish(NativeStatus::Returned);
  }

  /// Type feedback: what the function has returned.
  void note_result(ValueId v) {
    if (in_.is_loop) return;  // the interpreter does it when it returns
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

  const CodegenInput& in_;
  const ir::Function& f_;
  NativeCode& out_;
  ir::Cfg cfg_;
  ir::Dominators doms_;
  ir::Liveness live_;
  ir::Loops loops_;
  x86::Compiler* cc_ = nullptr;
  std::vector<BlockId> order_;
  std::vector<Place> places_;
  std::vector<ValueId> root_;  // by value: the one that owns the reference; none: borrowed or no reference
  std::set<uint32_t> borrowed_;
  std::vector<bool> other_use_;
  std::map<uint32_t, Label> labels_;
  std::map<uint32_t, std::vector<std::pair<BlockId, uint32_t>>> scalar_in_;  // guards: block and position
  std::vector<Stub> stubs_;
  std::vector<std::function<void()>> later_;
  std::vector<std::set<uint32_t>> after_;  // by instruction of the block: roots that are needed behind it
  std::set<uint32_t> held_, taken_, polled_;
  BlockId block_, next_;
  uint32_t index_ = 0;     // of the instruction in its block
  uint32_t position_ = 0;  // twice that; one more once it has been done
  Gp vm_, frame_, regs_;
  Mem window_;
};

}  // namespace

void generate(const CodegenInput& in, void* runtime, NativeCode& out) {
  Codegen(in, out).run(*static_cast<JitRuntime*>(runtime));
}

}  // namespace tsvm::jit

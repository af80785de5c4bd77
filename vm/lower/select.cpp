// Instruction selection: which bytecode stands for which instructions of the IR.
//
// Two sweeps. The first decides what is fused: it marks instructions that another one swallows (`gone`) and counts away
// the constants that become immediates. The second makes the machine instructions. Fusion never moves an instruction
// over another one that is emitted: what is swallowed stands immediately before what swallows it (constants apart).
#include <unordered_map>

#include "base/check.h"
#include "ops/fusion/group.h"
#include "vm/lower/machine.h"

namespace tsvm::vm::lowering {

namespace {

using ir::ArithOp;
using ir::BlockId;
using ir::CompareOp;
using ir::Function;
using ir::Inst;
using ir::InstId;
using ir::Opcode;
using ir::UnaryOp;
using ir::ValueId;

Bc offset(Bc first, uint32_t n) { return static_cast<Bc>(static_cast<uint32_t>(first) + n); }
template <class E>
Bc offset(Bc first, E n) {
  return offset(first, static_cast<uint32_t>(n));
}

class Selector {
 public:
  explicit Selector(MFunction& m)
      : m_(m), f_(*m.f), module_(*m.f->module), code_(*m.code), uses_(f_.values.size()), gone_(f_.insts.size()) {}

  void run() {
    order();
    count_uses();
    for (BlockId b : order_) plan(b);
    for (BlockId b : order_) make(b);
    for (MBlock& b : m_.blocks)
      for (int e = 0; e < b.edge_count(); e++) m_.blocks[b.edges[e].target].predecessors++;
  }

 private:
  // Depth-first order, first successors placed right behind their block, so loops stay together.
  void order() {
    struct Item {
      BlockId block;
      int next;
    };
    std::vector<uint8_t> seen(f_.blocks.size());
    std::vector<BlockId> post;
    std::vector<Item> stack;
    auto push = [&](BlockId b) {
      if (seen[b.index]) return;
      seen[b.index] = 1;
      stack.push_back({b, 0});
    };
    push(f_.entry);
    while (!stack.empty()) {
      Item& top = stack.back();
      auto edges = f_.successors(f_.terminator(top.block));
      int n = static_cast<int>(edges.size());
      BlockId block = top.block;
      int step = top.next++;
      // The handler first (so that it is placed last), then successors from the last to the first.
      if (step == 0) {
        if (f_[block].handler) push(f_[block].handler);
      } else if (step <= n) {
        push(edges[n - step].target);
      } else {
        post.push_back(block);
        stack.pop_back();
      }
    }
    order_.assign(post.rbegin(), post.rend());
    m_.block_index.assign(f_.blocks.size(), kNone);
    m_.blocks.resize(order_.size());
    for (uint32_t i = 0; i < order_.size(); i++) m_.block_index[order_[i].index] = i;
  }

  void count_uses() {
    for (BlockId b : order_) {
      for (InstId id : f_[b].insts)
        for (ValueId v : f_.operands(f_[id])) uses_[v.index]++;
      for (const ir::Edge& e : f_.successors(f_.terminator(b)))
        for (ValueId v : f_.args(e)) uses_[v.index]++;
    }
  }

  const ir::Constant* constant(ValueId v) const {
    const Inst* d = f_.def(v);
    return d && d->op == Opcode::Const ? &module_.constants[d->imm] : nullptr;
  }
  bool small_int(ValueId v) const {
    const ir::Constant* c = constant(v);
    return c && c->kind == ir::Constant::Kind::Int && c->int_value >= INT16_MIN && c->int_value <= INT16_MAX &&
           !ir::TypeTable::is_raw(f_.type_of(v));
  }
  bool is_none(ValueId v) const {
    const ir::Constant* c = constant(v);
    return c && c->kind == ir::Constant::Kind::None;
  }
  static bool has_int_form(const Inst& i) {
    auto op = static_cast<ArithOp>(i.imm);
    if (i.op == Opcode::Binary)
      return op == ArithOp::Add || op == ArithOp::Sub || op == ArithOp::Mul || op == ArithOp::FloorDiv ||
             op == ArithOp::Mod;
    return i.op == Opcode::Inplace && (op == ArithOp::Add || op == ArithOp::Sub || op == ArithOp::Mul);
  }

  // The instruction before position i that is emitted (constants do not count), -1: none.
  int before(const std::vector<InstId>& insts, int i) const {
    for (i--; i >= 0; i--)
      if (!gone_[insts[i].index] && f_[insts[i]].op != Opcode::Const) return i;
    return -1;
  }

  // What a branch tests: the root instruction that becomes a fused jump.
  struct Test {
    enum Kind : uint8_t { Raw, Truth, Compare, CompareInt, None, I64, F64, Match } kind = Raw;
    const Inst* inst = nullptr;
    bool sense = true;
  };

  void plan(BlockId b) {
    const std::vector<InstId>& insts = f_[b].insts;
    for (size_t i = 0; i < insts.size(); i++) {
      const Inst& inst = f_[insts[i]];
      if (has_int_form(inst)) {
        if (ValueId k = f_.operands(inst)[1]; small_int(k)) uses_[k.index]--;
      } else if (inst.op == Opcode::LoadItem) {
        if (ValueId k = f_.operands(inst)[1]; small_int(k)) uses_[k.index]--;
      } else if (inst.op == Opcode::UnpackExact) {
        plan_unpack(insts, i);
      } else if (inst.op == Opcode::LoadCell) {
        const Inst* cell = f_.def(f_.operands(inst)[0]);
        if (cell && cell->op == Opcode::LoadClosure && uses_[cell->result.index] == 1) {
          gone_[f_[f_.operands(inst)[0]].def.index] = 1;
          closure_cell_[insts[i].index] = cell->imm + 1;
        }
      } else if (inst.op == Opcode::LoadSlot || inst.op == Opcode::CheckBound) {
        plan_alias(b, i);
      } else if (inst.op == Opcode::Call) {
        plan_call(b, inst);
      } else if (inst.op == Opcode::Branch) {
        plan_branch(b, insts);
      } else if (inst.op == Opcode::Return) {
        if (ValueId v = f_.operands(inst)[0]; is_none(v)) uses_[v.index]--;
      }
    }
  }

  // A call of an attribute that is loaded for it alone: no bound method is made.
  void plan_call(BlockId b, const Inst& call) {
    const Inst* load = f_.def(f_.operands(call)[0]);
    if (!load || load->op != Opcode::LoadAttr || uses_[load->result.index] != 1) return;
    if (!module_.call_shapes[call.imm].starred.empty()) return;
    InstId id = f_[load->result].def;
    for (InstId other : f_[b].insts)
      if (other == id) {
        loaded_self_[load->result.index] = kNone;
        return;
      }
  }

  void plan_branch(BlockId b, const std::vector<InstId>& insts) {
    Test t;
    int at = static_cast<int>(insts.size()) - 1;
    ValueId v = f_.operands(f_[insts[at]])[0];
    for (;;) {
      int p = before(insts, at);
      const Inst* d = f_.def(v);
      if (p < 0 || d != &f_[insts[p]] || uses_[v.index] != 1) break;
      if (d->op == Opcode::NotBool && t.kind == Test::Raw) {
        t.sense = !t.sense;
      } else if (d->op == Opcode::Truth && t.kind == Test::Raw) {
        t.kind = Test::Truth;
      } else if (d->op == Opcode::Unary && static_cast<UnaryOp>(d->imm) == UnaryOp::Not && t.kind == Test::Truth) {
        t.sense = !t.sense;
      } else if (d->op == Opcode::Compare && t.kind == Test::Truth) {
        auto op = static_cast<CompareOp>(d->imm);
        ValueId right = f_.operands(*d)[1];
        t.kind = Test::Compare;
        if ((op == CompareOp::Is || op == CompareOp::IsNot) && is_none(right)) {
          t.kind = Test::None;
          if (op == CompareOp::IsNot) t.sense = !t.sense;
          uses_[right.index]--;
        } else if (op <= CompareOp::Ge && small_int(right)) {
          t.kind = Test::CompareInt;
          uses_[right.index]--;
        }
        t.inst = d;
        gone_[insts[p].index] = 1;
        break;
      } else if ((d->op == Opcode::CompareI64 || d->op == Opcode::CompareF64) && t.kind == Test::Raw) {
        t.kind = d->op == Opcode::CompareI64 ? Test::I64 : Test::F64;
        t.inst = d;
        gone_[insts[p].index] = 1;
        break;
      } else if (d->op == Opcode::MatchException && t.kind == Test::Raw) {
        t.kind = Test::Match;
        t.inst = d;
        gone_[insts[p].index] = 1;
        break;
      } else {
        break;
      }
      gone_[insts[p].index] = 1;
      at = p;
      v = f_.operands(*d)[0];
    }
    test_value_[b.index] = v;
    tests_[b.index] = t;
  }

  // unpack whose items are all taken right behind it: one instruction with a list of results.
  void plan_unpack(const std::vector<InstId>& insts, size_t at) {
    const Inst& unpack = f_[insts[at]];
    uint32_t n = unpack.imm;
    if (n > 60000) return;
    std::vector<uint32_t> results(n, kNone);
    uint32_t taken = 0;
    size_t i = at + 1;
    for (; i < insts.size(); i++) {
      const Inst& item = f_[insts[i]];
      if (item.op != Opcode::TupleItem || f_.operands(item)[0] != unpack.result || results[item.imm] != kNone) break;
      results[item.imm] = item.result.index;
      taken++;
    }
    if (taken != uses_[unpack.result.index]) return;
    for (size_t k = at + 1; k < i; k++) gone_[insts[k].index] = 1;
    for (uint32_t& r : results)
      if (r != kNone && uses_[r] == 0) r = kNone;
    unpacks_[insts[at].index] = std::move(results);
  }

  // A value loaded from a slot needs no register of its own if all its uses come in this block before the slot is
  // stored to.
  void plan_alias(BlockId b, size_t at) {
    const std::vector<InstId>& insts = f_[b].insts;
    const Inst& load = f_[insts[at]];
    uint32_t reg;
    if (load.op == Opcode::LoadSlot) {
      reg = code_.num_params + load.imm;
    } else {
      reg = m_.slot[f_.operands(load)[0].index];
      if (reg == kNone) return;
    }
    uint32_t found = 0;
    for (size_t i = at + 1; i < insts.size(); i++) {
      const Inst& inst = f_[insts[i]];
      for (ValueId v : f_.operands(inst)) found += v == load.result;
      if (inst.op == Opcode::StoreSlot && code_.num_params + inst.imm == reg) break;
      // A generator's slots can be read while it is suspended, but only written by itself: yields do not matter.
    }
    if (found == uses_[load.result.index]) m_.slot[load.result.index] = reg;
  }

  // --- second sweep ---

  uint32_t name(ir::NameId id) {
    auto [it, added] = names_.try_emplace(id.index, static_cast<uint32_t>(code_.names.size()));
    if (added) code_.names.push_back(module_.text(id));
    return it->second;
  }
  uint32_t name(uint32_t imm) { return name(ir::NameId(imm)); }

  uint32_t constant_index(uint32_t id) {
    auto it = constants_.find(id);
    if (it != constants_.end()) return it->second;
    ir::Constant c = module_.constants[id];
    for (ir::ConstId& item : c.items) item = ir::ConstId(constant_index(item.index));
    auto index = static_cast<uint32_t>(code_.constants.size());
    code_.constants.push_back(std::move(c));
    constants_.emplace(id, index);
    return index;
  }

  uint32_t shape(uint32_t id) {
    auto [it, added] = shapes_.try_emplace(id, static_cast<uint32_t>(code_.shapes.size()));
    if (added) {
      const ir::CallShape& s = module_.call_shapes[id];
      CodeShape c;
      c.positional = s.positional;
      for (ir::NameId k : s.keywords) c.keywords.push_back(name(k));
      c.starred = s.starred;
      if (s.method) c.method = name(s.method);
      code_.shapes.push_back(std::move(c));
    }
    return it->second;
  }

  uint32_t direct(uint32_t object) {
    code_.direct.push_back(f_.objects[object].pointer);
    return static_cast<uint32_t>(code_.direct.size() - 1);
  }

  uint32_t kernel(uint32_t index) {
    using namespace ops::fusion;
    const ir::Kernel& k = module_.kernels[index];
    std::vector<Step> steps;
    std::vector<ops::OpValue> constants{ops::OpValue()};
    for (const ir::KernelStep& s : k.steps) {
      Step step{static_cast<ops::OpId>(s.op), {}};
      for (const ir::KernelArg& a : s.args) {
        switch (a.kind) {
          case ir::KernelArg::Kind::Input: step.args.push_back({StepArg::Kind::Input, a.index}); break;
          case ir::KernelArg::Kind::Step: step.args.push_back({StepArg::Kind::Step, a.index}); break;
          case ir::KernelArg::Kind::Default: step.args.push_back({StepArg::Kind::Constant, 0}); break;
          case ir::KernelArg::Kind::Constant:
            step.args.push_back({StepArg::Kind::Constant, static_cast<uint32_t>(constants.size())});
            constants.push_back(op_value(module_.constants[a.index]));
            break;
        }
      }
      steps.push_back(std::move(step));
    }
    std::vector<Group::Input> inputs;
    for (ir::TypeId t : k.inputs)
      inputs.push_back(t == ir::types::Tensor ? Group::Input::Tensor : Group::Input::Number);
    code_.kernels.push_back(std::make_shared<Group>(std::move(steps), std::move(constants), std::move(inputs),
                                                    k.outputs,
                                                    f_.qualified_name + ".k" + std::to_string(code_.kernels.size())));
    return static_cast<uint32_t>(code_.kernels.size() - 1);
  }
  static ops::OpValue op_value(const ir::Constant& c) {
    switch (c.kind) {
      case ir::Constant::Kind::Bool: return ops::OpValue(ops::Scalar(c.int_value != 0));
      case ir::Constant::Kind::Int: return ops::OpValue(ops::Scalar(c.int_value));
      case ir::Constant::Kind::Float: return ops::OpValue(ops::Scalar(c.float_value));
      case ir::Constant::Kind::Str: return ops::OpValue(c.text);
      default: TSVM_UNREACHABLE("no constant of a kernel");
    }
  }

  MInst& add(Bc op, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0, uint32_t low = 0, uint32_t high = 0) {
    std::vector<MInst>& list = m_.blocks[block_].insts;
    list.push_back(make_inst(op, a, b, c, low, high));
    return list.back();
  }
  MInst make_inst(Bc op, uint32_t a, uint32_t b, uint32_t c, uint32_t low = 0, uint32_t high = 0) {
    MInst i;
    i.op = op;
    i.inst = id_;
    i.range = range_;
    i.f[0] = a;
    i.f[1] = b;
    i.f[2] = c;
    i.low = low;
    i.high = high;
    return i;
  }
  uint32_t value(ValueId v) const { return m_.resolve(v.index); }
  bool raw(ValueId v) const { return m_.raw[v.index]; }
  uint32_t cache() { return code_.num_caches++; }

  // A tagged value: raw ones are boxed into a temporary.
  uint32_t boxed(ValueId v) {
    if (!raw(v)) return value(v);
    uint32_t t = m_.temporary(false);
    ir::TypeId type = f_.type_of(v);
    add(type == ir::types::I64 ? Bc::BoxI64 : type == ir::types::F64 ? Bc::BoxF64 : Bc::BoxBool, t, value(v));
    return t;
  }

  void list_from(MInst& m, std::span<const ValueId> values) {
    for (ValueId v : values) m.list.push_back(value(v));
  }

  // An instruction whose result the IR wants raw while the bytecode gives it tagged.
  void unboxing(const Inst& i, MInst made) {
    if (i.result && raw(i.result)) {
      uint32_t t = m_.temporary(false);
      made.f[0] = t;
      m_.blocks[block_].insts.push_back(std::move(made));
      add(Bc::Unbox, value(i.result), t);
    } else {
      if (!i.result) made.f[0] = m_.temporary(false);
      m_.blocks[block_].insts.push_back(std::move(made));
    }
  }

  void make(BlockId b) {
    block_ = m_.block_index[b.index];
    MBlock& block = m_.blocks[block_];
    block.source = b;
    if (f_[b].handler) {
      block.handler = m_.block_index[f_[b].handler.index];
      m_.blocks[block.handler].is_handler = true;
    }
    if (b == f_.entry) {
      uint32_t reg = 0;
      for (ValueId p : f_[b].params) {
        uint32_t arriving = p.index;
        if (raw(p)) {
          arriving = m_.temporary(false);
          id_ = InstId();
          add(Bc::Unbox, p.index, arriving);
        }
        m_.fixed[arriving] = reg++;
        block.params.push_back(arriving);
      }
    } else {
      for (ValueId p : f_[b].params) block.params.push_back(p.index);
    }
    for (InstId id : f_[b].insts) {
      if (gone_[id.index]) continue;
      id_ = id;
      range_ = f_[id].range;
      make(f_[id]);
    }
  }

  void edges(const Inst& i, Ending ending) {
    MBlock& block = m_.blocks[block_];
    block.ending = ending;
    int n = 0;
    for (const ir::Edge& e : f_.successors(i)) {
      MEdge& edge = block.edges[n++];
      edge.target = m_.block_index[e.target.index];
      for (ValueId v : f_.args(e)) edge.args.push_back(value(v));
    }
  }

  void make(const Inst& i) {
    auto operands = f_.operands(i);
    auto in = [&](size_t k) { return value(operands[k]); };
    uint32_t out = i.result ? i.result.index : kNone;
    switch (i.op) {
      case Opcode::Const: {
        if (uses_[out] == 0) break;
        const ir::Constant& c = module_.constants[i.imm];
        if (raw(i.result)) {
          uint64_t bits = static_cast<uint64_t>(c.int_value);
          if (f_.type_of(i.result) == ir::types::F64) {
            double d = c.kind == ir::Constant::Kind::Float ? c.float_value : static_cast<double>(c.int_value);
            std::memcpy(&bits, &d, 8);
          } else if (c.int_value == static_cast<int32_t>(c.int_value)) {
            add(Bc::LoadRawInt, out, static_cast<uint32_t>(c.int_value));
            break;
          }
          add(Bc::LoadRaw, out, static_cast<uint32_t>(code_.raw_constants.size()));
          code_.raw_constants.push_back(bits);
        } else if (c.kind == ir::Constant::Kind::Int && c.int_value == static_cast<int32_t>(c.int_value)) {
          add(Bc::LoadInt, out, static_cast<uint32_t>(c.int_value));
        } else {
          add(Bc::LoadConst, out, constant_index(i.imm));
        }
        break;
      }
      case Opcode::Unbound: add(Bc::LoadUnbound, out); break;
      case Opcode::CheckBound: {
        uint32_t slot = m_.slot[operands[0].index];
        if (slot != kNone && m_.slot[out] == slot)
          add(Bc::CheckBoundIn, in(0), name(i.imm));
        else
          add(Bc::CheckBound, out, in(0), name(i.imm));
        break;
      }
      case Opcode::LoadSlot:
        if (m_.slot[out] == kNone) {
          uint32_t t = m_.temporary(false);
          m_.slot[t] = code_.num_params + i.imm;
          add(Bc::Move, out, t);
        }
        break;
      case Opcode::KeepAlive:
        for (size_t k = 0; k < operands.size(); k++) add(Bc::Drop, in(k));
        break;
      case Opcode::StoreSlot: add(Bc::StoreSlot, code_.num_params + i.imm, in(0)); break;
      case Opcode::MakeCell: add(Bc::MakeCell, out, in(0)); break;
      case Opcode::LoadClosure: add(Bc::LoadClosure, out, i.imm); break;
      case Opcode::LoadCell:
        if (auto it = closure_cell_.find(id_.index); it != closure_cell_.end())
          add(Bc::LoadClosureCell, out, it->second - 1, name(i.imm));
        else
          add(Bc::LoadCell, out, in(0), name(i.imm));
        break;
      case Opcode::StoreCell: add(Bc::StoreCell, in(0), in(1)); break;
      case Opcode::LoadGlobal: add(Bc::LoadGlobal, out, name(i.imm), 0, cache()); break;
      case Opcode::StoreGlobal: add(Bc::StoreGlobal, in(0), name(i.imm), 0, cache()); break;
      case Opcode::DeleteGlobal: add(Bc::DeleteGlobal, 0, name(i.imm)); break;
      case Opcode::LoadName: add(Bc::LoadName, out, in(0), name(i.imm)); break;
      case Opcode::LoadNameCell: add(Bc::LoadNameCell, out, in(0), in(1), name(i.imm)); break;
      case Opcode::StoreName: add(Bc::StoreName, in(0), in(1), name(i.imm)); break;
      case Opcode::DeleteName: add(Bc::DeleteName, in(0), name(i.imm)); break;
      case Opcode::LoadGlobals: add(Bc::LoadGlobals, out); break;

      case Opcode::Binary:
      case Opcode::Inplace: {
        bool inplace = i.op == Opcode::Inplace;
        auto op = static_cast<ArithOp>(i.imm);
        if (has_int_form(i) && small_int(operands[1])) {
          auto k = static_cast<uint32_t>(constant(operands[1])->int_value);
          Bc form = Bc::AddInt;
          switch (op) {
            case ArithOp::Add: form = inplace ? Bc::InplaceAddInt : Bc::AddInt; break;
            case ArithOp::Sub: form = inplace ? Bc::InplaceSubInt : Bc::SubInt; break;
            case ArithOp::Mul: form = inplace ? Bc::InplaceMulInt : Bc::MulInt; break;
            case ArithOp::FloorDiv: form = Bc::FloorDivInt; break;
            default: form = Bc::ModInt; break;
          }
          add(form, out, in(0), k);
        } else {
          add(offset(inplace ? Bc::InplaceAdd : Bc::Add, op), out, in(0), in(1));
        }
        break;
      }
      case Opcode::Unary: add(offset(Bc::Neg, i.imm), out, in(0)); break;
      case Opcode::Compare: add(offset(Bc::Lt, i.imm), out, in(0), in(1)); break;
      case Opcode::Truth: add(Bc::Truth, out, in(0)); break;
      case Opcode::LoadAttr:
        if (auto it = loaded_self_.find(out); it != loaded_self_.end()) {
          it->second = m_.temporary(false);
          MInst& c = add(Bc::LoadMethod, name(i.imm), in(0), 2, cache());
          c.list = {out, it->second};
        } else {
          add(Bc::LoadAttr, out, in(0), name(i.imm), cache());
        }
        break;
      case Opcode::StoreAttr: add(Bc::StoreAttr, in(0), in(1), name(i.imm), cache()); break;
      case Opcode::DeleteAttr: add(Bc::DeleteAttr, in(0), name(i.imm)); break;
      case Opcode::LoadItem:
        if (small_int(operands[1]))
          add(Bc::LoadItemInt, out, in(0), static_cast<uint32_t>(constant(operands[1])->int_value), cache());
        else
          add(Bc::LoadItem, out, in(0), in(1), cache());
        break;
      case Opcode::StoreItem: add(Bc::StoreItem, in(0), in(1), in(2), cache()); break;
      case Opcode::DeleteItem: add(Bc::DeleteItem, in(0), in(1)); break;
      case Opcode::LoadSpecial: add(Bc::LoadSpecial, out, in(0), name(i.imm)); break;
      case Opcode::LoadSuper: add(Bc::LoadSuper, out, in(0), in(1)); break;
      case Opcode::Call:
      case Opcode::CallMethod: {
        const ir::CallShape& s = module_.call_shapes[i.imm];
        bool method = i.op == Opcode::CallMethod;
        bool plain = s.starred.empty() && s.keywords.empty();
        if (auto it = loaded_self_.find(operands[0].index); !method && it != loaded_self_.end()) {
          MInst& c = add(plain ? Bc::CallLoaded : Bc::CallLoadedShape, out, in(0),
                         static_cast<uint32_t>(operands.size()), cache(), plain ? 0 : shape(i.imm));
          c.list.push_back(it->second);
          list_from(c, operands.subspan(1));
          break;
        }
        Bc op = method ? plain ? Bc::CallMethod : Bc::CallMethodShape : plain ? Bc::Call : Bc::CallShape;
        uint32_t extra = !plain ? shape(i.imm) : method ? name(s.method) : 0;
        MInst& c = add(op, out, in(0), static_cast<uint32_t>(operands.size() - 1), cache(), extra);
        list_from(c, operands.subspan(1));
        break;
      }
      case Opcode::GetIter: add(Bc::GetIter, out, in(0)); break;
      case Opcode::UnpackExact:
        if (auto it = unpacks_.find(id_.index); it != unpacks_.end()) {
          MInst& u = add(Bc::UnpackTo, 0, in(0), i.imm);
          u.list = it->second;
        } else {
          add(Bc::Unpack, out, in(0), i.imm);
        }
        break;
      case Opcode::UnpackStar: add(Bc::UnpackStar, out, in(0), 0, i.imm / 65536, i.imm % 65536); break;
      case Opcode::TupleItem: add(Bc::TupleItem, out, in(0), i.imm); break;
      case Opcode::MakeTuple: make_list(Bc::MakeTuple, out, operands); break;
      case Opcode::MakeList: make_list(Bc::MakeList, out, operands); break;
      case Opcode::MakeSet: make_list(Bc::MakeSet, out, operands); break;
      case Opcode::MakeDict: make_list(Bc::MakeDict, out, operands); break;
      case Opcode::MakeSlice: make_list(Bc::MakeSlice, out, operands); break;
      case Opcode::BuildString: make_list(Bc::BuildString, out, operands); break;
      case Opcode::ListAppend: add(Bc::ListAppend, in(0), in(1)); break;
      case Opcode::ListExtend: add(Bc::ListExtend, in(0), in(1)); break;
      case Opcode::ListToTuple: add(Bc::ListToTuple, out, in(0)); break;
      case Opcode::SetAdd: add(Bc::SetAdd, in(0), in(1)); break;
      case Opcode::SetUpdate: add(Bc::SetUpdate, in(0), in(1)); break;
      case Opcode::DictSet: add(Bc::DictSet, in(0), in(1), in(2)); break;
      case Opcode::DictUpdate: add(Bc::DictUpdate, in(0), in(1)); break;
      case Opcode::FormatValue: add(Bc::FormatValue, out, in(0), operands.size() > 1 ? in(1) : kNone, i.imm); break;
      case Opcode::MakeFunction: {
        auto child = static_cast<uint32_t>(code_.children.size());
        code_.children.push_back(i.imm);
        MInst& c = add(Bc::MakeFunction, out, child, static_cast<uint32_t>(operands.size()));
        list_from(c, operands);
        break;
      }
      case Opcode::BuildClass: {
        MInst& c = add(Bc::BuildClass, out, 0, static_cast<uint32_t>(operands.size()), 0, shape(i.imm));
        list_from(c, operands);
        break;
      }
      case Opcode::ImportName: add(Bc::ImportName, out, in(0), in(1), name(i.imm)); break;
      case Opcode::ImportFrom: add(Bc::ImportFrom, out, in(0), name(i.imm)); break;
      case Opcode::ImportStar: add(Bc::ImportStar, in(0)); break;

      case Opcode::Yield: add(Bc::Yield, out, in(0)); break;
      case Opcode::YieldFrom: add(Bc::YieldFrom, out, in(0)); break;
      case Opcode::Catch: add(Bc::Catch, out); break;
      case Opcode::PushHandled: add(Bc::PushHandled, out, in(0)); break;
      case Opcode::PopHandled: add(Bc::PopHandled, in(0)); break;
      case Opcode::MatchException: add(Bc::MatchException, out, in(0), in(1)); break;
      case Opcode::CurrentException: add(Bc::CurrentException, out); break;

      case Opcode::ArithI64: add(offset(Bc::AddI64, i.imm), out, in(0), in(1)); break;
      case Opcode::ArithF64:
        TSVM_CHECK(static_cast<ArithOp>(i.imm) <= ArithOp::Pow, "no such operation on floats");
        add(offset(Bc::AddF64, i.imm), out, in(0), in(1));
        break;
      case Opcode::UnaryI64:
        switch (static_cast<UnaryOp>(i.imm)) {
          case UnaryOp::Neg: add(Bc::NegI64, out, in(0)); break;
          case UnaryOp::Invert: add(Bc::InvertI64, out, in(0)); break;
          case UnaryOp::Pos: add(Bc::MoveRaw, out, in(0)); break;
          default: TSVM_UNREACHABLE("not on a raw int");
        }
        break;
      case Opcode::UnaryF64:
        switch (static_cast<UnaryOp>(i.imm)) {
          case UnaryOp::Neg: add(Bc::NegF64, out, in(0)); break;
          case UnaryOp::Pos: add(Bc::MoveRaw, out, in(0)); break;
          default: TSVM_UNREACHABLE("not on a raw float");
        }
        break;
      case Opcode::CompareI64: add(offset(Bc::LtI64, i.imm), out, in(0), in(1)); break;
      case Opcode::CompareF64: add(offset(Bc::LtF64, i.imm), out, in(0), in(1)); break;
      case Opcode::NotBool: add(Bc::NotBool, out, in(0)); break;
      case Opcode::I64ToF64: add(Bc::I64ToF64, out, in(0)); break;
      case Opcode::F64ToI64: add(Bc::F64ToI64, out, in(0)); break;
      case Opcode::BoolToI64: m_.same[out] = in(0); break;  // a raw bool is 0 or 1
      case Opcode::Box: {
        ir::TypeId type = f_.type_of(operands[0]);
        if (!raw(operands[0]))
          m_.same[out] = in(0);
        else
          add(type == ir::types::I64 ? Bc::BoxI64 : type == ir::types::F64 ? Bc::BoxF64 : Bc::BoxBool, out, in(0));
        break;
      }
      case Opcode::Unbox: add(Bc::Unbox, out, in(0)); break;
      case Opcode::Cast: m_.same[out] = in(0); break;
      case Opcode::CheckType: {
        uint32_t from = boxed(operands[0]);
        unboxing(i, make_inst(Bc::CheckType, out, from, 0, i.imm));
        break;
      }
      case Opcode::Select: {
        MInst& c = add(raw(i.result) ? Bc::SelectRaw : Bc::Select, out, in(0), 2);
        list_from(c, operands.subspan(1));
      } break;
      case Opcode::CallOp:
      case Opcode::CallDirect: {
        std::vector<uint32_t> list;
        for (ValueId v : operands) list.push_back(boxed(v));
        MInst c = make_inst(i.op == Opcode::CallOp ? Bc::CallOp : Bc::CallDirect, out, 0,
                            static_cast<uint32_t>(list.size()), i.op == Opcode::CallOp ? i.imm : direct(i.imm));
        c.list = std::move(list);
        unboxing(i, std::move(c));
        break;
      }
      case Opcode::CallKernel: {
        std::vector<uint32_t> list;
        for (ValueId v : operands) list.push_back(boxed(v));
        MInst& c = add(Bc::CallKernel, out, 0, static_cast<uint32_t>(list.size()), kernel(i.imm));
        c.list = std::move(list);
        break;
      }
      case Opcode::GuardType:
      case Opcode::GuardShape:
      case Opcode::GuardIs:
      case Opcode::GuardTrue:
      case Opcode::GuardIndex:
      case Opcode::ResumePoint:
      case Opcode::GuardRange:
      case Opcode::RangeField:
      case Opcode::RangeIter:
      case Opcode::MakeRange:
      case Opcode::MakeRangeIter:
      case Opcode::MakeListIter:
      case Opcode::FieldLoad:
      case Opcode::FieldStore:
      case Opcode::GlobalLoad:
      case Opcode::ListLength:
      case Opcode::ListLoad:
      case Opcode::ListStore:
      case Opcode::CallNative:
      case Opcode::CallCompiled:
      case Opcode::Leave: TSVM_UNREACHABLE("speculative instructions never reach bytecode");

      case Opcode::Jump: edges(i, Ending::Jump); break;
      case Opcode::Branch: make_branch(i); break;
      case Opcode::ForIter:
        edges(i, Ending::ForIter);
        m_.blocks[block_].last = make_inst(Bc::ForIter, out, in(0), 0, 0, cache());
        break;
      case Opcode::Return:
        if (raw(operands[0])) {
          ir::TypeId type = f_.type_of(operands[0]);
          add(type == ir::types::I64 ? Bc::ReturnI64 : type == ir::types::F64 ? Bc::ReturnF64 : Bc::ReturnBool, in(0));
        } else if (is_none(operands[0])) {
          add(Bc::ReturnNone, kNone, kNone, kNone);
        } else {
          add(Bc::Return, in(0), kNone, kNone);
        }
        break;
      case Opcode::Raise: add(Bc::Raise, in(0), operands.size() > 1 ? in(1) : kNone); break;
      case Opcode::Reraise: add(Bc::Reraise, in(0)); break;
      case Opcode::Unreachable: add(Bc::Unreachable); break;
      case Opcode::Count: TSVM_UNREACHABLE("opcode");
    }
  }

  void make_list(Bc op, uint32_t out, std::span<const ValueId> operands) {
    MInst& c = add(op, out, 0, static_cast<uint32_t>(operands.size()));
    list_from(c, operands);
  }

  void make_branch(const Inst& i) {
    edges(i, Ending::Branch);
    MBlock& block = m_.blocks[block_];
    Test t = tests_[block.source.index];
    uint32_t v = value(test_value_[block.source.index]);
    if (t.inst) range_ = t.inst->range;
    auto in = [&](size_t k) { return value(f_.operands(*t.inst)[k]); };
    switch (t.kind) {
      case Test::Raw: block.last = make_inst(Bc::JumpRaw, v, 0, t.sense); break;
      case Test::Truth: block.last = make_inst(Bc::JumpTruth, v, 0, t.sense); break;
      case Test::Compare: block.last = make_inst(offset(Bc::JumpLt, t.inst->imm), in(0), in(1), t.sense); break;
      case Test::CompareInt:
        block.last = make_inst(offset(Bc::JumpLtInt, t.inst->imm), in(0),
                               static_cast<uint32_t>(constant(f_.operands(*t.inst)[1])->int_value), t.sense);
        break;
      case Test::None: block.last = make_inst(Bc::JumpNone, in(0), 0, t.sense); break;
      case Test::I64: block.last = make_inst(offset(Bc::JumpLtI64, t.inst->imm), in(0), in(1), t.sense); break;
      case Test::F64: block.last = make_inst(offset(Bc::JumpLtF64, t.inst->imm), in(0), in(1), t.sense); break;
      case Test::Match: block.last = make_inst(Bc::JumpMatch, in(0), in(1), t.sense); break;
    }
  }

  MFunction& m_;
  const Function& f_;
  const ir::Module& module_;
  Code& code_;
  std::vector<BlockId> order_;
  std::vector<uint32_t> uses_;  // by value
  std::vector<uint8_t> gone_;   // by instruction
  std::unordered_map<uint32_t, std::vector<uint32_t>> unpacks_;
  std::unordered_map<uint32_t, uint32_t> closure_cell_;
  std::unordered_map<uint32_t, uint32_t> loaded_self_;  // by value of load_attr: the temporary for the object
  std::unordered_map<uint32_t, Test> tests_;            // by block
  std::unordered_map<uint32_t, ValueId> test_value_;
  std::unordered_map<uint32_t, uint32_t> names_, constants_, shapes_;
  uint32_t block_ = 0;
  InstId id_;
  SourceRange range_;
};

}  // namespace

void select(MFunction& m) { Selector(m).run(); }

}  // namespace tsvm::vm::lowering

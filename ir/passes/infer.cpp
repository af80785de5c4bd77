#include "ir/passes/infer.h"

#include <algorithm>
#include <utility>

#include "ir/analysis/cfg.h"
#include "ir/analysis/dominators.h"
#include "ir/analysis/loops.h"
#include "ir/effects.h"
#include "ir/passes/fold.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

bool is_int(TypeId t) { return t == types::I64 || t == types::Bool; }
bool is_number(TypeId t) { return is_int(t) || t == types::F64; }

class Infer {
 public:
  explicit Infer(Function& f) : f_(f), cfg_(f), facts_(f.values.size()) {}

  bool run() {
    find_facts();
    for (BlockId b : cfg_.order()) lower_block(b);
    unbox_params();
    exits_take_raw_values();
    return changed_;
  }

 private:
  // --- what is known: none (nothing yet), a type (a raw one also of tagged values), or Any ---

  static TypeId join(TypeId a, TypeId b) {
    if (!a) return b;
    if (!b || a == b) return a;
    return types::Any;
  }
  TypeId fact(ValueId v) const { return facts_[v.index]; }

  void find_facts() {
    for (ValueId p : f_[f_.entry].params) facts_[p.index] = f_.type_of(p);
    for (bool changed = true; changed;) {
      changed = false;
      auto set = [&](ValueId v, TypeId t) {
        TypeId joined = join(facts_[v.index], t);
        if (joined == facts_[v.index]) return;
        facts_[v.index] = joined;
        changed = true;
      };
      for (BlockId b : cfg_.order()) {
        for (size_t k = 0; k < f_[b].params.size(); k++) {
          ValueId p = f_[b].params[k];
          if (f_.type_of(p) != types::Any) {
            set(p, f_.type_of(p));
            continue;
          }
          for (const PredEdge& e : cfg_.preds(b)) set(p, fact(f_.args(f_.edges[e.edge])[k]));
        }
        for (InstId i : f_[b].insts)
          if (f_[i].result) set(f_[i].result, result_fact(f_[i]));
      }
    }
  }

  TypeId result_fact(const Inst& i) const {
    TypeId declared = f_.type_of(i.result);
    if (declared != types::Any) return declared;
    std::span<const ValueId> in = f_.operands(i);
    switch (i.op) {
      case Opcode::Const: return constant_fact(f_.module->constants[i.imm]);
      case Opcode::Box:
      case Opcode::CheckBound:
      case Opcode::Cast: return fact(in[0]);
      case Opcode::Select: return join(fact(in[1]), fact(in[2]));
      case Opcode::Binary:
      case Opcode::Inplace: return arith_fact(i, fact(in[0]), fact(in[1]));
      case Opcode::Unary: return unary_fact(i, fact(in[0]));
      case Opcode::Compare: return compare_fact(i, fact(in[0]), fact(in[1]));
      case Opcode::Call: return native_fact(i);
      default: return types::Any;
    }
  }

  static TypeId constant_fact(const Constant& c) {
    switch (c.kind) {
      case Constant::Kind::Bool: return types::Bool;
      case Constant::Kind::Int: return types::I64;
      case Constant::Kind::Float: return types::F64;
      case Constant::Kind::None: return types::None;
      case Constant::Kind::Str: return types::Str;
      default: return types::Any;
    }
  }

  // The type that the typed form of an operation gives; Any when there is none.

  TypeId arith_fact(const Inst& i, TypeId a, TypeId b) const {
    if (!a || !b) return TypeId();
    if (!is_number(a) || !is_number(b)) return types::Any;
    auto op = static_cast<ArithOp>(i.imm);
    bool floats = a == types::F64 || b == types::F64;
    switch (op) {
      case ArithOp::Add:
      case ArithOp::Sub:
      case ArithOp::Mul:
        if (floats) return types::F64;
        return i.exit ? types::I64 : types::Any;
      case ArithOp::TrueDiv: return i.exit ? types::F64 : types::Any;
      case ArithOp::FloorDiv:
      case ArithOp::Mod:
      case ArithOp::Pow:
        if (!i.exit) return types::Any;
        return floats ? types::F64 : types::I64;
      case ArithOp::LShift:
      case ArithOp::RShift: return floats || !i.exit ? types::Any : types::I64;
      case ArithOp::And:
      case ArithOp::Or:
      case ArithOp::Xor:
        if (floats) return types::Any;
        return a == types::Bool && b == types::Bool ? types::Bool : types::I64;
      case ArithOp::MatMul:
      case ArithOp::Count: return types::Any;
    }
    return types::Any;
  }

  TypeId unary_fact(const Inst& i, TypeId a) const {
    if (!a) return TypeId();
    switch (static_cast<UnaryOp>(i.imm)) {
      case UnaryOp::Not: return is_number(a) || a == types::None ? types::Bool : types::Any;
      case UnaryOp::Neg:
        if (a == types::F64) return a;
        return is_int(a) && i.exit ? types::I64 : types::Any;
      case UnaryOp::Pos:
        if (a == types::F64) return a;
        return is_int(a) ? types::I64 : types::Any;
      case UnaryOp::Invert: return is_int(a) ? types::I64 : types::Any;
      case UnaryOp::Count: return types::Any;
    }
    return types::Any;
  }

  TypeId compare_fact(const Inst& i, TypeId a, TypeId b) const {
    auto op = static_cast<CompareOp>(i.imm);
    if (op == CompareOp::Is || op == CompareOp::IsNot) return types::Bool;
    if (!a || !b) return TypeId();
    if (op > CompareOp::Ge || !is_number(a) || !is_number(b)) return types::Any;
    // An int is compared as a float only when it is one exactly.
    if ((a == types::F64) != (b == types::F64) && !i.exit) return types::Any;
    return types::Bool;
  }

  // --- calls of C functions with typed signatures (the callee is guarded) ---

  bool is_native_call(const Inst& i) const {
    const Inst* callee = f_.def(f_.operands(i)[0]);
    return i.exit && callee != nullptr && callee->op == Opcode::GuardIs &&
           f_.objects[callee->imm].kind == ObjectRef::Kind::Native && f_.module->call_shapes[i.imm].starred.empty() &&
           f_.module->call_shapes[i.imm].keywords.empty();
  }

  /// The signature that the arguments fit: exactly, or with ints as floats. kNone when there is none.
  uint32_t native_for(const Inst& i) const {
    const ObjectRef& callee = f_.objects[f_.def(f_.operands(i)[0])->imm];
    std::span<const ValueId> args = f_.operands(i).subspan(1);
    for (bool converting : {false, true})
      for (uint32_t o = 0; o < f_.objects.size(); o++) {
        const ObjectRef& n = f_.objects[o];
        if (n.kind != callee.kind || n.pointer != callee.pointer || n.name != callee.name || !n.has_signature ||
            n.params.size() != args.size())
          continue;
        bool fits = true;
        for (size_t k = 0; k < args.size(); k++) {
          TypeId t = known(args[k]);
          fits &= t == n.params[k] || n.params[k] == types::Any ||
                  (converting && n.converts && n.params[k] == types::F64 && t && is_int(t));
        }
        if (fits) return o;
      }
    return 0xffffffffu;
  }

  TypeId native_fact(const Inst& i) const {
    if (!is_native_call(i)) return types::Any;
    for (ValueId v : f_.operands(i).subspan(1))
      if (!known(v)) return TypeId();
    uint32_t o = native_for(i);
    return o == 0xffffffffu ? types::Any : f_.objects[o].result;
  }

  ValueId lower_native(Builder& b, const Inst& i, std::span<const ValueId> args) {
    if (!is_native_call(i)) return ValueId();
    uint32_t o = native_for(i);
    if (o == 0xffffffffu) return ValueId();
    std::vector<ValueId> in;
    for (size_t k = 0; k < args.size(); k++) {
      TypeId wanted = f_.objects[o].params[k];
      if (wanted == types::F64)
        in.push_back(as_f64(b, args[k]));
      else
        in.push_back(TypeTable::is_raw(wanted) ? raw(b, args[k]) : b.box(args[k]));
    }
    return b.emit(Opcode::CallNative, in, o, f_.objects[o].result);
  }

  // --- typed forms ---

  void lower_block(BlockId b) {
    for (uint32_t k = 0; k < f_[b].insts.size(); k++) {
      InstId id = f_[b].insts[k];
      Builder build(f_);
      build.position_at(b, k);
      build.range = f_[id].range;
      build.exit = f_[id].exit;
      build.frame = f_[id].frame;
      ValueId raw = lower(build, f_[id]);
      if (raw) {
        changed_ = true;
        replace(id, raw);
      }
      k = build.index();
    }
  }

  /// The instruction becomes the box of the raw result (or is the raw result's other name, when it was raw).
  void replace(InstId id, ValueId raw) {
    Inst& inst = f_[id];
    ValueId result = inst.result;
    bool boxes = TypeTable::is_raw(f_.type_of(raw)) && !TypeTable::is_raw(f_.type_of(result));
    inst.op = boxes ? Opcode::Box : Opcode::Cast;
    inst.imm = boxes ? 0 : f_.type_of(result).index;
    inst.exit = ExitId();
    inst.operands_begin = static_cast<uint32_t>(f_.pool.size());
    inst.operands_count = 1;
    f_.pool.push_back(raw);
  }

  // New values only ever have the type that they are declared with.
  TypeId known(ValueId v) const { return v.index < facts_.size() ? facts_[v.index] : f_.type_of(v); }

  ValueId raw(Builder& b, ValueId v) {
    if (TypeTable::is_raw(f_.type_of(v))) return v;
    return b.emit(Opcode::Unbox, {v}, known(v).index);
  }
  ValueId as_i64(Builder& b, ValueId v) {
    ValueId r = raw(b, v);
    return f_.type_of(r) == types::Bool ? b.emit(Opcode::BoolToI64, {r}) : r;
  }
  ValueId as_f64(Builder& b, ValueId v) {
    return known(v) == types::F64 ? raw(b, v) : b.emit(Opcode::I64ToF64, {as_i64(b, v)});
  }
  /// Leaves unless the int is the same number as a float.
  ValueId as_f64_exactly(Builder& b, ValueId v) {
    constexpr int64_t kLimit = int64_t{1} << 53;
    if (known(v) == types::I64) {
      ValueId i = as_i64(b, v);
      b.emit(Opcode::GuardTrue, {b.emit(Opcode::CompareI64, {i, b.const_i64(kLimit)}, CompareOp::Le)});
      b.emit(Opcode::GuardTrue, {b.emit(Opcode::CompareI64, {i, b.const_i64(-kLimit)}, CompareOp::Ge)});
    }
    return as_f64(b, v);
  }

  /// The raw value that takes the place of the result; none when the instruction stays.
  ValueId lower(Builder& b, const Inst& inst) {
    const Inst i = inst;
    std::vector<ValueId> in(f_.operands(i).begin(), f_.operands(i).end());
    switch (i.op) {
      case Opcode::Binary:
      case Opcode::Inplace: {
        TypeId t = arith_fact(i, known(in[0]), known(in[1]));
        return TypeTable::is_raw(t) && t ? lower_arith(b, static_cast<ArithOp>(i.imm), t, in[0], in[1]) : ValueId();
      }
      case Opcode::Unary: return lower_unary(b, i, in[0]);
      case Opcode::Compare: return lower_compare(b, i, in[0], in[1]);
      case Opcode::Truth: return lower_truth(b, in[0]);
      case Opcode::Call: return lower_native(b, i, std::span(in).subspan(1));
      case Opcode::CheckBound: {
        TypeId t = known(in[0]);
        return t && TypeTable::is_raw(t) ? raw(b, in[0]) : ValueId();
      }
      default: return ValueId();
    }
  }

  ValueId lower_arith(Builder& b, ArithOp op, TypeId t, ValueId x, ValueId y) {
    if (t == types::Bool) {
      // and, or, xor of bools are bools
      ValueId p = raw(b, x), q = raw(b, y);
      if (op == ArithOp::And) return b.emit(Opcode::Select, {p, q, b.const_bool(false)}, 0, types::Bool);
      if (op == ArithOp::Or) return b.emit(Opcode::Select, {p, b.const_bool(true), q}, 0, types::Bool);
      return b.emit(Opcode::Select, {p, b.emit(Opcode::NotBool, {q}), q}, 0, types::Bool);
    }
    if (t == types::I64) return b.emit(Opcode::ArithI64, {as_i64(b, x), as_i64(b, y)}, op);
    bool divides_ints = op == ArithOp::TrueDiv && known(x) != types::F64 && known(y) != types::F64;
    ValueId p = divides_ints ? as_f64_exactly(b, x) : as_f64(b, x);
    ValueId q = divides_ints ? as_f64_exactly(b, y) : as_f64(b, y);
    return b.emit(Opcode::ArithF64, {p, q}, op);
  }

  ValueId lower_unary(Builder& b, const Inst& i, ValueId x) {
    auto op = static_cast<UnaryOp>(i.imm);
    TypeId t = unary_fact(i, known(x));
    if (!t || !TypeTable::is_raw(t)) return ValueId();
    if (op == UnaryOp::Not) {
      ValueId truth = lower_truth(b, x);
      return truth ? b.emit(Opcode::NotBool, {truth}) : ValueId();
    }
    if (t == types::F64) return b.emit(Opcode::UnaryF64, {raw(b, x)}, op);
    return b.emit(Opcode::UnaryI64, {as_i64(b, x)}, op);
  }

  ValueId lower_compare(Builder& b, const Inst& i, ValueId x, ValueId y) {
    auto op = static_cast<CompareOp>(i.imm);
    if (op == CompareOp::Is || op == CompareOp::IsNot) return lower_identity(b, op, x, y);
    TypeId t = compare_fact(i, known(x), known(y));
    if (!t || !TypeTable::is_raw(t)) return ValueId();
    bool fx = known(x) == types::F64, fy = known(y) == types::F64;
    if (!fx && !fy) return b.emit(Opcode::CompareI64, {as_i64(b, x), as_i64(b, y)}, op);
    ValueId p = fx ? raw(b, x) : as_f64_exactly(b, x);
    ValueId q = fy ? raw(b, y) : as_f64_exactly(b, y);
    return b.emit(Opcode::CompareF64, {p, q}, op);
  }

  /// Identity with None, of values that are never it or always.
  ValueId lower_identity(Builder& b, CompareOp op, ValueId x, ValueId y) {
    TypeId p = known(x), q = known(y);
    if (p != types::None && q != types::None) return ValueId();
    if (!p || !q || p == types::Any || q == types::Any) return ValueId();
    auto never_none = [&](TypeId t) { return is_number(t) || t == types::Str || t == types::Tensor; };
    if (p == q) return b.const_bool(op == CompareOp::Is);
    if (never_none(p) || never_none(q)) return b.const_bool(op == CompareOp::IsNot);
    return ValueId();
  }

  ValueId lower_truth(Builder& b, ValueId x) {
    TypeId t = known(x);
    if (t == types::None) return b.const_bool(false);
    if (t == types::Bool) return raw(b, x);
    if (t == types::I64) return b.emit(Opcode::CompareI64, {raw(b, x), b.const_i64(0)}, CompareOp::Ne);
    if (t == types::F64) return b.emit(Opcode::CompareF64, {raw(b, x), b.const_f64(0)}, CompareOp::Ne);
    return ValueId();
  }

  // --- block parameters ---

  /// A parameter of one raw type becomes raw; its old value is the box, made at the start of the block.
  void unbox_params() {
    for (BlockId b : cfg_.order()) {
      if (b == f_.entry) continue;
      uint32_t boxes = 0;
      for (size_t k = 0; k < f_[b].params.size(); k++) {
        ValueId p = f_[b].params[k];
        TypeId t = fact(p);
        if (!t || !TypeTable::is_raw(t) || f_.type_of(p) == t) continue;
        changed_ = true;
        ValueId fresh(static_cast<uint32_t>(f_.values.size()));
        f_.values.push_back(Value{t, InstId(), b});
        f_[b].params[k] = fresh;
        Inst box{};
        box.op = Opcode::Box;
        box.result = p;
        box.operands_begin = static_cast<uint32_t>(f_.pool.size());
        box.operands_count = 1;
        f_.pool.push_back(fresh);
        InstId id(static_cast<uint32_t>(f_.insts.size()));
        f_.insts.push_back(box);
        f_[p].def = id;
        f_[p].block = BlockId();
        f_[b].insts.insert(f_[b].insts.begin() + boxes++, id);
        for (const PredEdge& e : cfg_.preds(b)) {
          BlockId from = e.from;
          Builder build(f_);
          build.position_at(from, static_cast<uint32_t>(f_[from].insts.size() - 1));
          build.range = f_.terminator(from).range;
          build.frame = f_.terminator(from).frame;
          ValueId arg = f_.args(f_.edges[e.edge])[k];
          if (f_.type_of(arg) == t) continue;
          ValueId value = build.emit(Opcode::Unbox, {arg}, t.index);
          f_.args(f_.edges[e.edge])[k] = value;
        }
      }
    }
  }

  void exits_take_raw_values() {
    for (ExitState& e : f_.exits)
      for (ExitFrame& frame : e.frames)
        for (auto& [reg, v] : frame.registers) {
          const Inst* def = f_.def(v);
          if (def == nullptr || def->op != Opcode::Box) continue;
          v = f_.operands(*def)[0];
          changed_ = true;
        }
  }

  Function& f_;
  Cfg cfg_;
  std::vector<TypeId> facts_;  // of the values that were there at first
  bool changed_ = false;
};

}  // namespace

bool run_infer(Function& f) { return Infer(f).run(); }

bool run_drop_exits(Function& f) {
  bool changed = false;
  Cfg cfg(f);
  Dominators doms(f, cfg);
  Loops loops(f, cfg, doms);
  std::vector<bool> is_header(f.blocks.size());
  for (const Loop& l : loops.all()) is_header[l.header.index] = true;
  for (uint32_t n = 0; n < f.blocks.size(); n++) {
    Block& b = f.blocks[n];
    // One in each loop stays: there it can be interrupted.
    bool wanted = is_header[n];
    changed |= std::erase_if(b.insts, [&](InstId i) {
                 return f[i].op == Opcode::ResumePoint && !std::exchange(wanted, false);
               }) != 0;
    for (InstId i : b.insts) {
      if (!f[i].exit) continue;
      Effects e = effects(f, f[i]);
      if (e.exits || e.raises || e.world || e.guards) continue;
      f[i].exit = ExitId();
      changed = true;
    }
  }
  return changed;
}

}  // namespace tsvm::ir

#include "ir/verify.h"

#include <algorithm>
#include <cstring>

#include "ir/analysis/dominators.h"
#include "ir/op_table.h"
#include "ir/print.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

constexpr size_t kMostErrors = 20;

class Verifier {
 public:
  explicit Verifier(const Function& f) : f_(f), m_(f.module), made_(f.values.size()) {}

  std::string run() {
    if (!structure()) return std::move(errors_);
    for (uint32_t b = 0; b < f_.blocks.size(); b++) {
      if (!f_.is_live(BlockId(b))) continue;
      for (InstId i : f_[BlockId(b)].insts) instruction(BlockId(b), i);
    }
    if (!errors_.empty()) return std::move(errors_);
    flow();
    return std::move(errors_);
  }

 private:
  void error(std::string message) {
    if (count_++ >= kMostErrors) return;
    errors_ += "@" + f_.name + ": " + std::move(message) + "\n";
  }
  void error(InstId i, std::string message) { error(std::move(message) + ": " + print(f_, i)); }
  static std::string block_text(BlockId b) { return "^" + std::to_string(b.index); }
  static std::string value_text(ValueId v) { return "%" + std::to_string(v.index); }
  std::string type_text(TypeId t) const { return print_type(m_ ? m_->types : nullptr, t); }
  bool known_type(TypeId t) const {
    if (!t) return false;
    if (t.index <= static_cast<uint32_t>(TypeKind::Function)) return true;
    return m_ != nullptr && m_->types != nullptr && t.index < m_->types->size();
  }

  // --- 1, 2: everything that later steps index with ---
  bool structure() {
    if (m_ == nullptr) {
      error("the function has no module");
      return false;
    }
    if (!known_type(f_.result_type)) error("the result type is not in the table");
    for (const Param& p : f_.params)
      if (p.name.index >= m_->names.size() || !known_type(p.type))
        error("a parameter's name or type is not in the table");
    for (const std::vector<NameId>* list : {&f_.slot_names, &f_.free_names, &f_.local_names})
      for (NameId n : *list)
        if (n.index >= m_->names.size()) error("a name is not in the table");
    if (f_.slot_names.size() > f_.num_slots) error("there are more slot names than slots");
    auto live = [&](BlockId b) { return b.index < f_.blocks.size() && f_.is_live(b); };
    if (!live(f_.entry)) {
      error("there is no entry block");
      return false;
    }
    std::vector<bool> placed(f_.insts.size());
    for (uint32_t n = 0; n < f_.blocks.size(); n++) {
      BlockId b(n);
      if (!f_.is_live(b)) continue;
      for (ValueId p : f_[b].params) make(p, InstId(), b);
      if (f_[b].handler && !live(f_[b].handler)) error(block_text(b) + ": its handler is not a block");
      for (size_t k = 0; k < f_[b].insts.size(); k++) {
        InstId i = f_[b].insts[k];
        if (i.index >= f_.insts.size()) {
          error(block_text(b) + ": instruction out of range");
          continue;
        }
        if (placed[i.index]) error(block_text(b) + ": an instruction is in two places");
        placed[i.index] = true;
        const Inst& inst = f_[i];
        if (inst.op >= Opcode::Count) {
          error(block_text(b) + ": no such opcode");
          continue;
        }
        if (uint64_t{inst.operands_begin} + inst.operands_count > f_.pool.size() ||
            uint64_t{inst.edges_begin} + inst.edge_count > f_.edges.size()) {
          error(block_text(b) + ": operands or edges out of range");
          continue;
        }
        bool last = k + 1 == f_[b].insts.size();
        if (info(inst.op).has(kTerminator) != last)
          error(block_text(b) + (last ? ": does not end in a terminator" : ": goes on after a terminator"));
        if (inst.result) make(inst.result, i, BlockId());
        for (ValueId v : f_.operands(inst))
          if (v.index >= f_.values.size()) error(block_text(b) + ": operand out of range");
        for (const Edge& e : f_.successors(inst)) {
          if (!live(e.target)) error(block_text(b) + ": a successor is not a block");
          if (uint64_t{e.args_begin} + e.args_count > f_.pool.size()) {
            error(block_text(b) + ": arguments out of range");
            continue;
          }
          for (ValueId v : f_.args(e))
            if (v.index >= f_.values.size()) error(block_text(b) + ": argument out of range");
        }
        if (inst.exit) {
          if (inst.exit.index >= f_.exits.size()) {
            error(block_text(b) + ": exit state out of range");
            continue;
          }
          for (const ExitFrame& frame : f_.exits[inst.exit.index].frames)
            for (const auto& [reg, v] : frame.registers)
              if (v.index >= f_.values.size()) error(block_text(b) + ": value of an exit state out of range");
        }
      }
    }
    return errors_.empty();
  }

  void make(ValueId v, InstId def, BlockId block) {
    if (v.index >= f_.values.size()) return error("value out of range");
    if (made_[v.index]) error(value_text(v) + " is made twice");
    made_[v.index] = true;
    const Value& value = f_[v];
    if (value.def != def || (block && value.block != block))
      error(value_text(v) + ": the table says that it is made elsewhere");
    if (!known_type(value.type)) error(value_text(v) + ": its type is not in the table");
  }

  // --- 3 to 6, 9, 10: one instruction ---
  void instruction(BlockId b, InstId id) {
    const Inst& i = f_[id];
    const OpcodeInfo& row = info(i.op);
    operands(id, i, row);
    result(id, i, row);
    immediate(id, i, row);
    typed(id, i);
    for (const Edge& e : f_.successors(i)) edge(id, e);
    for (ValueId v : f_.operands(i)) not_virtual(id, v);
    for (const Edge& e : f_.successors(i))
      for (ValueId v : f_.args(e)) not_virtual(id, v);
    if (i.op == Opcode::Catch && f_[b].insts.front() != id) error(id, "not first in its block");
    exit_state(id, i, row);
    if (i.frame != 0 && i.frame >= f_.inlined.size()) error(id, "is in a function that is not inlined");
  }

  TypeId type(ValueId v) const { return f_.type_of(v); }
  TypeId operand_type(const Inst& i, size_t k) const { return type(f_.operands(i)[k]); }

  void operands(InstId id, const Inst& i, const OpcodeInfo& row) {
    std::span<const ValueId> list = f_.operands(i);
    size_t k = 0;
    size_t successors = 0;
    for (const char* c = row.operands; *c != 0; c++) {
      if (*c == '^') {
        successors++;
        continue;
      }
      if (c[1] == '*') {
        while (k < list.size()) operand(id, list[k++], *c);
        c++;
      } else if (c[1] == '?') {
        if (k < list.size()) operand(id, list[k++], *c);
        c++;
      } else if (k < list.size()) {
        operand(id, list[k++], *c);
      } else {
        return error(id, "too few operands");
      }
    }
    if (k != list.size()) error(id, "too many operands");
    if (successors != i.edge_count) error(id, "wrong number of successors");
  }

  void operand(InstId id, ValueId v, char kind) {
    TypeId t = type(v);
    bool fits = true;
    switch (kind) {
      case 'v': fits = !TypeTable::is_raw(t); break;
      case 'b': fits = t == types::Bool; break;
      case 'i': fits = t == types::I64; break;
      case 'd': fits = t == types::F64; break;
      case 't': fits = t == types::Tensor; break;
      case 'x': break;
    }
    if (!fits) error(id, value_text(v) + " is of the type " + type_text(t) + ", which does not fit");
  }

  void result(InstId id, const Inst& i, const OpcodeInfo& row) {
    bool has = row.result[0] != '-';
    if (has != static_cast<bool>(i.result)) return error(id, has ? "has no result" : "must have no result");
    if (!has) return;
    TypeId t = type(i.result);
    TypeId fixed = result_type(i.op, i.imm, t);
    if (t != fixed) error(id, "the result must be of the type " + type_text(fixed));
  }

  void in_range(InstId id, size_t imm, size_t size, const char* what) {
    if (imm >= size) error(id, std::string("no such ") + what);
  }

  void immediate(InstId id, const Inst& i, const OpcodeInfo& row) {
    switch (row.immediate) {
      case Immediate::None:
        if (i.imm != 0) error(id, "has an immediate that means nothing");
        break;
      case Immediate::Const:
        if (i.imm >= m_->constants.size()) return error(id, "no such constant");
        if (i.result) constant(id, m_->constants[i.imm], type(i.result));
        break;
      case Immediate::Name: in_range(id, i.imm, m_->names.size(), "name"); break;
      case Immediate::Slot: in_range(id, i.imm, f_.num_slots, "slot"); break;
      case Immediate::Index:
        if (i.op == Opcode::LoadClosure) in_range(id, i.imm, f_.free_names.size(), "cell");
        break;
      case Immediate::Call: call_shape(id, i, row); break;
      case Immediate::Func:
        if (i.imm >= m_->functions.size()) return error(id, "no such function");
        if (i.operands_count >= 3 && i.operands_count - 3 != m_->functions[i.imm]->free_names.size())
          error(id, "needs as many cells as the function has free names");
        break;
      case Immediate::Op:
        if (m_->ops == nullptr) break;
        if (i.imm >= m_->ops->size()) return error(id, "no such operator");
        if (m_->ops->row(OpId(i.imm)).params.size() != i.operands_count) error(id, "wrong number of arguments");
        break;
      case Immediate::Kernel: kernel(id, i); break;
      case Immediate::Type:
        if (!known_type(TypeId(i.imm))) error(id, "no such type");
        break;
      case Immediate::Arith: in_range(id, i.imm, static_cast<size_t>(ArithOp::Count), "operator"); break;
      case Immediate::Unary: in_range(id, i.imm, static_cast<size_t>(UnaryOp::Count), "operator"); break;
      case Immediate::Compare: in_range(id, i.imm, static_cast<size_t>(CompareOp::Count), "operator"); break;
      case Immediate::Object: object(id, i); break;
    }
  }

  void kernel(InstId id, const Inst& i) {
    if (i.imm >= m_->kernels.size()) return error(id, "no such kernel");
    const Kernel& k = m_->kernels[i.imm];
    if (k.inputs.size() != i.operands_count) return error(id, "wrong number of operands");
    for (size_t n = 0; n < k.inputs.size(); n++)  // tagged ones are looked at when it runs
      if (const TypeId t = type(f_.operands(i)[n]); t != k.inputs[n] && t != types::Any)
        error(id, "an operand of another type than the kernel has");
    for (size_t s = 0; s < k.steps.size(); s++) {
      if (m_->ops != nullptr && (k.steps[s].op >= m_->ops->size() ||
                                 m_->ops->row(OpId(k.steps[s].op)).params.size() != k.steps[s].args.size()))
        error(id, "a step of the kernel that is no operator, or has too few arguments");
      for (const KernelArg& a : k.steps[s].args)
        if (a.index >= (a.kind == KernelArg::Kind::Input      ? k.inputs.size()
                        : a.kind == KernelArg::Kind::Step     ? s
                        : a.kind == KernelArg::Kind::Constant ? m_->constants.size()
                                                              : 1))
          error(id, "a step of the kernel with an argument that is not there");
    }
    if (k.outputs.empty()) error(id, "a kernel without results");
    for (uint32_t o : k.outputs)
      if (o >= k.steps.size()) error(id, "a kernel with a result that is not there");
  }

  void constant(InstId id, const Constant& c, TypeId t) {
    bool fits = true;
    if (t == types::Bool) fits = c.kind == Constant::Kind::Bool;
    if (t == types::I64) fits = c.kind == Constant::Kind::Int;
    if (t == types::F64) fits = c.kind == Constant::Kind::Float;
    if (t == types::None) fits = c.kind == Constant::Kind::None;
    if (t == types::Str) fits = c.kind == Constant::Kind::Str;
    if (!fits) error(id, "the constant is not of that type");
    for (ConstId item : c.items) in_range(id, item.index, m_->constants.size(), "constant");
  }

  void call_shape(InstId id, const Inst& i, const OpcodeInfo& row) {
    if (i.imm >= m_->call_shapes.size()) return error(id, "no such call shape");
    const CallShape& s = m_->call_shapes[i.imm];
    size_t fixed = std::strlen(row.operands) - 2;
    if (i.operands_count < fixed || i.operands_count - fixed != s.argument_count())
      return error(id, "the call shape has another number of arguments");
    for (NameId k : s.keywords) in_range(id, k.index, m_->names.size(), "name");
    if (!s.starred.empty()) {
      if (s.starred.find_first_not_of("p*kd") != std::string::npos ||
          s.keywords.size() != static_cast<size_t>(std::count(s.starred.begin(), s.starred.end(), 'k')) ||
          s.positional != 0)
        error(id, "the call shape contradicts itself");
    }
    if ((i.op == Opcode::CallMethod) != static_cast<bool>(s.method))
      error(id, "a method's name belongs to call_method");
    if (s.method) in_range(id, s.method.index, m_->names.size(), "name");
  }

  void object(InstId id, const Inst& i) {
    if (i.imm >= f_.objects.size()) return error(id, "no such object");
    const ObjectRef& o = f_.objects[i.imm];
    using K = ObjectRef::Kind;
    bool fits = true;
    if (i.op == Opcode::GuardShape) fits = o.kind == K::Shape;
    if (i.op == Opcode::GuardIs) fits = o.kind == K::Value || o.kind == K::Function || o.kind == K::Native;
    if (i.op == Opcode::GlobalLoad) fits = o.kind == K::Global;
    if (i.op == Opcode::CallNative) fits = o.kind == K::Native;
    if (i.op == Opcode::CallDirect || i.op == Opcode::CallCompiled) fits = o.kind == K::Function;
    if (!fits) error(id, "the object is of another kind");
    bool is_call = i.op == Opcode::CallDirect || i.op == Opcode::CallCompiled || i.op == Opcode::CallNative;
    if (!is_call || !fits) return;
    if (!o.has_signature && i.op == Opcode::CallDirect) return;
    if (!o.has_signature) return error(id, "the function called has no signature");
    if (o.params.size() != i.operands_count) return error(id, "wrong number of arguments");
    for (size_t k = 0; k < o.params.size(); k++)
      if (!passes(operand_type(i, k), o.params[k])) error(id, "an argument does not fit the signature");
    if (i.result && type(i.result) != o.result) error(id, "the result does not fit the signature");
  }

  /// A value of one type may be used where another is declared.
  static bool passes(TypeId from, TypeId to) { return from == to || (to == types::Any && !TypeTable::is_raw(from)); }

  // What the rows cannot say about typed instructions.
  void typed(InstId id, const Inst& i) {
    auto arith = static_cast<ArithOp>(i.imm);
    auto unary = static_cast<UnaryOp>(i.imm);
    auto same_sort = [&](TypeId a, TypeId b) { return TypeTable::is_raw(a) || TypeTable::is_raw(b) ? a == b : true; };
    if (i.operands_count == 0) return;
    TypeId first = operand_type(i, 0);
    if (i.op == Opcode::ArithI64 && (arith == ArithOp::TrueDiv || arith == ArithOp::MatMul))
      error(id, "has no meaning on ints");
    if (i.op == Opcode::ArithF64 && (arith == ArithOp::MatMul || (arith >= ArithOp::LShift && arith <= ArithOp::Xor)))
      error(id, "has no meaning on floats");
    if ((i.op == Opcode::UnaryI64 && unary == UnaryOp::Not) ||
        (i.op == Opcode::UnaryF64 && (unary == UnaryOp::Not || unary == UnaryOp::Invert)))
      error(id, "has no meaning on numbers");
    if ((i.op == Opcode::CompareI64 || i.op == Opcode::CompareF64) && i.imm > static_cast<uint32_t>(CompareOp::Ge))
      error(id, "has no meaning on numbers");
    if (i.op == Opcode::Box && !TypeTable::is_raw(first)) error(id, "boxes what is tagged");
    if (i.op == Opcode::Unbox && !TypeTable::is_raw(TypeId(i.imm))) error(id, "the result must be raw");
    if (i.op == Opcode::Cast && !same_sort(first, TypeId(i.imm))) error(id, "raw and tagged do not mix");
    if (i.op == Opcode::Select && i.operands_count == 3 && i.result) {
      TypeId a = operand_type(i, 1), b = operand_type(i, 2), r = type(i.result);
      if (!passes(a, r) || !passes(b, r)) error(id, "both sides must be of the result's type");
    }
    if (i.op == Opcode::ListStore && i.operands_count == 3 && !same_sort(operand_type(i, 2), TypeId(i.imm)))
      error(id, "the value must be of the element's type");
    if (i.op == Opcode::Return && !f_.is_generator && !passes(first, f_.result_type))
      error(id, "the function's result is of the type " + type_text(f_.result_type));
    if ((i.op == Opcode::Yield || i.op == Opcode::YieldFrom) && !f_.is_generator) error(id, "not in a generator");
  }

  void edge(InstId id, const Edge& e) {
    const Block& target = f_[e.target];
    if (target.params.size() != e.args_count) return error(id, "wrong number of arguments for " + block_text(e.target));
    for (size_t k = 0; k < target.params.size(); k++)
      if (!passes(type(f_.args(e)[k]), type(target.params[k])))
        error(id, value_text(f_.args(e)[k]) + " does not fit the parameter of " + block_text(e.target));
  }

  void not_virtual(InstId id, ValueId v) {
    const Inst* def = f_.def(v);
    if (def != nullptr && info(def->op).has(kVirtual)) error(id, value_text(v) + " is for exit states only");
  }

  void exit_state(InstId id, const Inst& i, const OpcodeInfo& row) {
    if (!i.exit) {
      if (row.has(kGuards)) error(id, "needs an exit state");
      return;
    }
    if (!row.has(kExits | kWorld | kRaises)) return error(id, "cannot have an exit state");
    const ExitState& state = f_.exits[i.exit.index];
    if (state.frames.empty()) return error(id, "its exit state has no frame");
    for (size_t k = 0; k < state.frames.size(); k++) {
      const ExitFrame& frame = state.frames[k];
      if (k == 0 ? frame.function != 0 : (frame.function == 0 || frame.function >= f_.inlined.size()))
        error(id, "a frame of its exit state names no function");
      std::vector<uint16_t> registers;
      for (const auto& [reg, v] : frame.registers) registers.push_back(reg);
      std::sort(registers.begin(), registers.end());
      if (std::adjacent_find(registers.begin(), registers.end()) != registers.end())
        error(id, "its exit state gives a register twice");
    }
  }

  // --- 2, 7, 8: what needs the graph ---
  void flow() {
    Cfg cfg(f_);
    Dominators doms(f_, cfg);
    if (!cfg.preds(f_.entry).empty() || !cfg.throwers(f_.entry).empty()) error("the entry block has predecessors");
    const std::vector<ValueId>& params = f_[f_.entry].params;
    if (f_.is_class_body ? params.size() != 1 : params.size() != f_.params.size()) {
      error("the entry block's parameters are not the function's");
    } else if (!f_.is_class_body) {
      for (size_t k = 0; k < params.size(); k++)
        if (type(params[k]) != f_.params[k].type) error("the entry block's parameters are not the function's");
    }
    std::vector<uint32_t> place(f_.insts.size());
    std::vector<BlockId> block_of(f_.insts.size());
    for (BlockId b : cfg.order())
      for (uint32_t k = 0; k < f_[b].insts.size(); k++) {
        place[f_[b].insts[k].index] = k;
        block_of[f_[b].insts[k].index] = b;
      }
    for (BlockId b : cfg.order()) {
      bool catches = f_[f_[b].insts.front()].op == Opcode::Catch;
      bool is_handler = !cfg.throwers(b).empty();
      if (is_handler) {
        if (!catches) error(block_text(b) + ": a handler block starts with catch");
        if (!f_[b].params.empty()) error(block_text(b) + ": a handler block has no parameters");
      }
      if (catches && !cfg.preds(b).empty()) error(block_text(b) + ": a handler block is only reached by exceptions");
      const Inst& last = f_.terminator(b);
      if (last.op == Opcode::ForIter && cfg.preds(f_.successors(last)[0].target).size() != 1)
        error(f_[b].insts.back(), "its first successor has another predecessor");
      for (uint32_t k = 0; k < f_[b].insts.size(); k++) {
        InstId id = f_[b].insts[k];
        for_each_use(f_, f_[id], [&](ValueId v) {
          InstId def = f_[v].def;
          bool ok;
          if (!made_[v.index])
            ok = false;
          else if (def && block_of[def.index] == b)
            ok = place[def.index] < k;
          else
            ok = doms.available(f_, v, b);
          if (!ok) error(id, value_text(v) + " is not available here");
        });
      }
    }
  }

  const Function& f_;
  const Module* m_;
  std::vector<bool> made_;
  std::string errors_;
  size_t count_ = 0;
};

}  // namespace

std::string verify(const Function& f) { return Verifier(f).run(); }

std::string verify(const Module& m) {
  std::string out;
  for (const auto& f : m.functions) out += verify(*f);
  return out;
}

}  // namespace tsvm::ir

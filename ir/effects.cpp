#include "ir/effects.h"

#include "ir/op_table.h"

namespace tsvm::ir {

namespace {

// Whether ArithI64 may raise, or leave where the generic operation raises or gives no int.
void i64_effects(const Function& f, const Inst& inst, Effects& e) {
  auto op = static_cast<ArithOp>(inst.imm);
  const Constant* right = constant_of(f, f.operands(inst)[1]);
  bool overflows = false;
  e.raises = false;
  switch (op) {
    case ArithOp::Add:
    case ArithOp::Sub:
    case ArithOp::Mul: overflows = true; break;
    case ArithOp::FloorDiv:
    case ArithOp::Mod:
      e.raises = right == nullptr || right->int_value == 0;
      overflows = op == ArithOp::FloorDiv && (right == nullptr || right->int_value == -1);
      break;
    case ArithOp::Pow:
      e.raises = right == nullptr || right->int_value < 0;
      overflows = true;
      break;
    case ArithOp::LShift:
    case ArithOp::RShift:
      e.raises = right == nullptr || right->int_value < 0;
      overflows = op == ArithOp::LShift;
      break;
    case ArithOp::And:
    case ArithOp::Or:
    case ArithOp::Xor: break;
    case ArithOp::TrueDiv:
    case ArithOp::MatMul:
    case ArithOp::Count: e.raises = true; break;
  }
  e.exits = inst.exit && (e.raises || overflows);
}

void f64_effects(const Function& f, const Inst& inst, Effects& e) {
  const Constant* right = constant_of(f, f.operands(inst)[1]);
  switch (static_cast<ArithOp>(inst.imm)) {
    case ArithOp::Add:
    case ArithOp::Sub:
    case ArithOp::Mul: e.raises = false; break;
    case ArithOp::TrueDiv:
    case ArithOp::FloorDiv:
    case ArithOp::Mod: e.raises = right == nullptr || right->float_value == 0; break;
    default: e.raises = true; break;
  }
  e.exits = inst.exit && e.raises;
}

void op_effects(const Function& f, const Inst& inst, Effects& e) {
  const OpTable* ops = f.module != nullptr ? f.module->ops : nullptr;
  if (ops == nullptr || inst.imm >= ops->size()) return;
  const OpRow& row = ops->row(OpId(inst.imm));
  if (row.is_world) return;
  e.world = false;
  e.raises = row.may_raise;
  e.reads = kTensors | kItems | kLengths | kLayouts;  // arguments may be lists
  e.writes = row.writes() ? uint32_t{kTensors} : 0;
  if (row.is_random) {
    e.reads |= kRandom;
    e.writes |= kRandom;
  }
  // Results are tensors that may be written later, so that even equal ones are not the same.
  e.fresh = true;
}

}  // namespace

const Constant* constant_of(const Function& f, ValueId v) {
  const Inst* def = f.def(v);
  return def != nullptr && def->op == Opcode::Const ? &f.module->constants[def->imm] : nullptr;
}

Effects effects(const Function& f, const Inst& inst) {
  uint32_t traits = info(inst.op).traits;
  Effects e;
  uint32_t classes = traits & kAllMemory;
  if (classes == 0) classes = kAllMemory;
  e.reads = traits & kReads ? classes : 0;
  e.writes = traits & kWrites ? classes : 0;
  e.raises = (traits & (kRaises | kWorld)) != 0;
  e.exits = (traits & kExits) != 0 && inst.exit;
  e.world = (traits & kWorld) != 0;
  e.guards = (traits & kGuards) != 0;
  e.fresh = (traits & kFresh) != 0;
  if (e.world) e.reads = e.writes = kAllMemory;

  switch (inst.op) {
    case Opcode::ArithI64: i64_effects(f, inst, e); break;
    case Opcode::ArithF64: f64_effects(f, inst, e); break;
    case Opcode::UnaryI64: e.exits = inst.exit && inst.imm == static_cast<uint32_t>(UnaryOp::Neg); break;
    case Opcode::Compare:
      // Identity asks no object anything.
      if (inst.imm == static_cast<uint32_t>(CompareOp::Is) || inst.imm == static_cast<uint32_t>(CompareOp::IsNot))
        e = {};
      break;
    case Opcode::GuardType:
      // How a list keeps its elements can change; what sort of thing a value is cannot.
      if (f.module->types != nullptr && f.module->types->kind(TypeId(inst.imm)) == TypeKind::List) e.reads = kLayouts;
      break;
    case Opcode::CallOp: op_effects(f, inst, e); break;
    case Opcode::CallKernel:
      e = {};
      e.raises = true;  // no memory, an integer division by zero
      e.reads = kTensors;
      e.fresh = true;
      break;
    case Opcode::CallNative:
      if (inst.imm < f.objects.size() && f.objects[inst.imm].is_pure) e = {};  // its exit state is never needed
      break;
    default: break;
  }
  return e;
}

}  // namespace tsvm::ir

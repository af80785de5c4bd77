// Fusion: the call_op's of a block that are elementwise and use one another's results become one call_kernel.
//
// A group runs where its last operator stood. The call gives None when the kernel cannot do it (which operands it takes
// is known only then); the operators themselves stay, in a block of their own, for that:
//
//       %k = call_kernel k0 %a, %b
//       branch (%k is None) -> ^slow, ^fast
//   ^fast:  jump ^rest(%k)           ^slow:  %s = call_op ...; %t = call_op ...; jump ^rest(%t)
//   ^rest(%r): ...
//
// So results and exceptions, with their places, are those of the operators. What must hold for that:
//   - an operator is moved down, to the last of its group; nothing that writes to tensors may stand between;
//   - nor may anything that raises, if the operator may raise because of its operands' shapes (it has several tensors);
//   - results that are used outside of the group are results of the kernel.
#include "ir/passes/fuse.h"

#include <algorithm>

#include "base/check.h"
#include "ir/effects.h"
#include "ir/op_table.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

// What a kernel takes (ops/fusion/group.h), and what is worth writing twice.
constexpr size_t kMaxInputs = 12, kMaxOutputs = 4, kMaxSteps = 48;

struct Group {
  std::vector<InstId> members;  // in order of the block
  std::vector<ValueId> inputs;
  std::vector<TypeId> input_types;
  bool shapes = false;  // a member may raise because of shapes
  bool open = true;
};

class Fuser {
 public:
  explicit Fuser(Function& f) : f_(f), ops_(*f.module->ops), uses_(count_uses(f)), group_of_(f.insts.size(), kNone) {}

  bool run() {
    const uint32_t blocks = static_cast<uint32_t>(f_.blocks.size());
    bool changed = false;
    for (uint32_t b = 0; b < blocks; b++)
      if (f_.is_live(BlockId(b))) changed |= block(BlockId(b));
    return changed;
  }

 private:
  static constexpr uint32_t kNone = ~0u;

  // --- members

  const Inst* through(ValueId& v) const {
    for (const Inst* d = f_.def(v);; d = f_.def(v)) {
      if (d == nullptr || (d->op != Opcode::Box && d->op != Opcode::Cast)) return d;
      v = f_.operands(*d)[0];
    }
  }
  /// What an operand of a call is to its group; `value` is what it really is.
  enum class Operand : uint8_t { Tensor, Number, Constant, Default, Other };
  Operand classify(const OpRow& row, size_t i, ValueId& value) const {
    const Inst* d = through(value);
    if (d != nullptr && d->op == Opcode::Unbound) return Operand::Default;
    if (d != nullptr && d->op == Opcode::Const) {
      switch (f_.module->constants[d->imm].kind) {
        case Constant::Kind::None: return Operand::Default;
        case Constant::Kind::Bool:
        case Constant::Kind::Int:
        case Constant::Kind::Float:
        case Constant::Kind::Str: return Operand::Constant;
        default: return Operand::Other;
      }
    }
    // What the operator takes there; the kernel looks again when it is called.
    const TypeId t = f_.type_of(value), wanted = row.params[i].type;
    if (wanted == types::Tensor) return t == types::Tensor || t == types::Any ? Operand::Tensor : Operand::Other;
    const bool number = t == types::I64 || t == types::F64 || t == types::Bool || t == types::Number || t == types::Any;
    return number && row.kind == OpKind::Pointwise && row.params[i].is_operand ? Operand::Number : Operand::Other;
  }
  bool is_member(const Inst& inst) const {
    if (inst.op != Opcode::CallOp || !inst.result || inst.exit) return false;
    const OpRow& row = ops_.row(OpId(inst.imm));
    if (!row.is_elementwise || row.params.size() != inst.operands_count || row.results.size() != 1 ||
        row.results[0] != types::Tensor)
      return false;
    bool tensor = false;
    for (size_t i = 0; i < inst.operands_count; i++) {
      ValueId v = f_.operands(inst)[i];
      const Operand o = classify(row, i, v);
      if (o == Operand::Other) return false;
      tensor |= o == Operand::Tensor;
    }
    return tensor;
  }

  // --- groups

  uint32_t group_of(ValueId v) const {
    const InstId d = f_[v].def;
    if (!d || d.index >= group_of_.size()) return kNone;
    uint32_t g = group_of_[d.index];
    return g != kNone && groups_[g].open ? g : kNone;
  }
  void close(uint32_t g) { groups_[g].open = false; }
  template <class Test>
  void close_if(Test&& test) {
    for (Group& g : groups_)
      if (g.open && test(g)) g.open = false;
  }

  void add(InstId id) {
    const Inst& inst = f_[id];
    const OpRow& row = ops_.row(OpId(inst.imm));
    std::vector<uint32_t> from;
    size_t tensors = 0;
    for (size_t i = 0; i < inst.operands_count; i++) {
      ValueId v = f_.operands(inst)[i];
      if (classify(row, i, v) != Operand::Tensor) continue;
      tensors++;
      if (uint32_t g = group_of(v); g != kNone && std::find(from.begin(), from.end(), g) == from.end())
        from.push_back(g);
    }
    // All of them and this one, if a kernel may be that large; else this one alone.
    Group whole;
    for (uint32_t g : from) {
      whole.members.insert(whole.members.end(), groups_[g].members.begin(), groups_[g].members.end());
      whole.shapes |= groups_[g].shapes;
    }
    whole.members.push_back(id);
    std::sort(whole.members.begin(), whole.members.end(),
              [&](InstId a, InstId b) { return position_[a.index] < position_[b.index]; });
    whole.shapes |= tensors > 1;
    find_inputs(whole);
    if (whole.members.size() > kMaxSteps || whole.inputs.size() > kMaxInputs) {
      for (uint32_t g : from) close(g);
      whole = Group();
      whole.members = {id};
      whole.shapes = tensors > 1;
      find_inputs(whole);
      from.clear();
    }
    for (uint32_t g : from) {
      groups_[g].members.clear();
      groups_[g].open = false;
    }
    for (InstId m : whole.members) group_of_[m.index] = static_cast<uint32_t>(groups_.size());
    groups_.push_back(std::move(whole));
  }
  void find_inputs(Group& g) const {
    for (InstId m : g.members) {
      const Inst& inst = f_[m];
      for (size_t i = 0; i < inst.operands_count; i++) {
        ValueId v = f_.operands(inst)[i];
        const Operand o = classify(ops_.row(OpId(inst.imm)), i, v);
        if (o != Operand::Tensor && o != Operand::Number) continue;
        const InstId d = f_[v].def;
        const bool inside = d && std::find(g.members.begin(), g.members.end(), d) != g.members.end();
        if (inside || std::find(g.inputs.begin(), g.inputs.end(), v) != g.inputs.end()) continue;
        g.inputs.push_back(v);
        g.input_types.push_back(o == Operand::Tensor          ? types::Tensor
                                : f_.type_of(v) == types::Any ? types::Number
                                                              : f_.type_of(v));
      }
    }
  }
  /// Members whose results are used elsewhere.
  std::vector<uint32_t> outputs_of(const Group& g) const {
    std::vector<uint32_t> inside(g.members.size());
    for (InstId m : g.members)
      for (ValueId v : f_.operands(f_[m]))
        for (size_t k = 0; k < g.members.size(); k++)
          if (f_[g.members[k]].result == v) inside[k]++;
    std::vector<uint32_t> out;
    for (uint32_t k = 0; k < g.members.size(); k++)
      if (uses_[f_[g.members[k]].result.index] > inside[k]) out.push_back(k);
    return out;
  }

  bool block(BlockId b) {
    groups_.clear();
    const std::vector<InstId> insts = f_[b].insts;
    position_.assign(f_.insts.size(), 0);
    for (uint32_t i = 0; i < insts.size(); i++) position_[insts[i].index] = i;
    for (InstId id : insts) {
      const Inst& inst = f_[id];
      if (is_member(inst)) {
        add(id);
        continue;
      }
      // Boxes and casts of members' results belong to nobody: the member must be there.
      for_each_use(f_, inst, [&](ValueId v) {
        if (uint32_t g = group_of(v); g != kNone) close(g);
      });
      const Effects e = effects(f_, inst);
      if (e.world || (e.writes & kTensors) != 0)
        close_if([](const Group&) { return true; });
      else if (e.raises)
        close_if([](const Group& g) { return g.shapes; });
    }
    struct Planned {
      const Group* group;
      std::vector<uint32_t> outputs;
    };
    std::vector<Planned> planned;
    for (const Group& g : groups_) {
      if (g.members.size() < 2) continue;
      std::vector<uint32_t> outputs = outputs_of(g);
      if (!outputs.empty() && outputs.size() <= kMaxOutputs) planned.push_back({&g, std::move(outputs)});
    }
    if (planned.empty()) return false;
    std::sort(planned.begin(), planned.end(), [&](const Planned& x, const Planned& y) {
      return position_[x.group->members.back().index] < position_[y.group->members.back().index];
    });
    std::vector<bool> moved(f_.insts.size());
    for (const Planned& p : planned)
      for (InstId m : p.group->members) moved[m.index] = true;

    Builder build(f_);
    build.rewrites = false;
    build.handler = f_[b].handler;
    BlockId at = b;
    f_[b].insts.clear();
    size_t next = 0;
    for (InstId id : insts) {
      if (!moved[id.index]) {
        f_[at].insts.push_back(id);
        continue;
      }
      if (next < planned.size() && planned[next].group->members.back() == id) {
        at = emit(build, at, *planned[next].group, planned[next].outputs);
        next++;
      }
    }
    return true;
  }

  Kernel kernel_of(const Group& g, const std::vector<uint32_t>& outputs) const {
    Kernel k;
    k.inputs = g.input_types;
    for (InstId m : g.members) {
      const Inst& inst = f_[m];
      KernelStep step{inst.imm, {}};
      for (size_t i = 0; i < inst.operands_count; i++) {
        ValueId v = f_.operands(inst)[i];
        switch (classify(ops_.row(OpId(inst.imm)), i, v)) {
          case Operand::Default: step.args.push_back({KernelArg::Kind::Default, 0}); break;
          case Operand::Constant: step.args.push_back({KernelArg::Kind::Constant, f_.def(v)->imm}); break;
          default: {
            const auto producer =
                std::find_if(g.members.begin(), g.members.end(), [&](InstId other) { return f_[other].result == v; });
            if (producer != g.members.end())
              step.args.push_back({KernelArg::Kind::Step, static_cast<uint32_t>(producer - g.members.begin())});
            else
              step.args.push_back(
                  {KernelArg::Kind::Input,
                   static_cast<uint32_t>(std::find(g.inputs.begin(), g.inputs.end(), v) - g.inputs.begin())});
          }
        }
      }
      k.steps.push_back(std::move(step));
    }
    k.outputs = outputs;
    return k;
  }

  /// The call at the end of block `at`; gives the block where the code goes on.
  BlockId emit(Builder& build, BlockId at, const Group& g, const std::vector<uint32_t>& outputs) {
    const uint32_t kernel = f_.module->intern(kernel_of(g, outputs));
    build.range = f_[g.members.back()].range;
    build.frame = f_[g.members.back()].frame;
    const BlockId slow = build.make_block(), fast = build.make_block(), rest = build.make_block();
    build.position_at_end(at);
    const ValueId result = build.emit(Opcode::CallKernel, g.inputs, kernel);
    const ValueId refused = build.emit(Opcode::Compare, {result, build.none()}, CompareOp::Is);
    build.branch(build.emit(Opcode::Truth, {refused}), slow, fast);

    build.position_at_end(fast);
    std::vector<ValueId> values;
    for (size_t k = 0; k < outputs.size(); k++) {
      const ValueId one =
          outputs.size() == 1 ? result : build.emit(Opcode::TupleItem, {result}, static_cast<uint32_t>(k));
      const TypeId t = f_.type_of(f_[g.members[outputs[k]]].result);
      values.push_back(t == types::Any ? one : build.emit(Opcode::Cast, {one}, t.index));
    }
    build.jump(rest, values);

    build.position_at_end(slow);
    std::vector<std::pair<ValueId, ValueId>> copies;  // a member's result, and that of its copy
    for (InstId m : g.members) {
      std::vector<ValueId> operands;
      for (ValueId v : f_.operands(f_[m])) {
        for (const auto& [from, to] : copies)
          if (from == v) v = to;
        operands.push_back(v);
      }
      build.range = f_[m].range;
      build.frame = f_[m].frame;
      const ValueId member = f_[m].result;
      const uint32_t op = f_[m].imm;
      copies.emplace_back(member, build.emit(Opcode::CallOp, operands, op, f_.type_of(member)));
    }
    values.clear();
    for (uint32_t k : outputs) values.push_back(copies[k].second);
    build.jump(rest, values);

    // Whoever used the members' results uses the parameters of the rest.
    for (uint32_t k : outputs) {
      const ValueId v = f_[g.members[k]].result;
      f_[v] = Value{f_.type_of(v), InstId(), rest};
      f_[rest].params.push_back(v);
    }
    return rest;
  }

  Function& f_;
  const OpTable& ops_;
  std::vector<uint32_t> uses_;
  std::vector<uint32_t> group_of_;  // by instruction
  std::vector<Group> groups_;
  std::vector<uint32_t> position_;  // by instruction, in the running block
};

}  // namespace

bool run_fuse(Function& f) {
  if (f.module == nullptr || f.module->ops == nullptr) return false;
  return Fuser(f).run();
}

}  // namespace tsvm::ir

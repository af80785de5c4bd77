// The way from bytecode to native code: the IR once more, specialised by feedback, entered where it is wanted, through
// the passes, and to machine code.
//
// Code of a loop holds that loop only: what comes behind it, and the loops around it, are ways out. What arrives is
// what bytecode keeps in registers at the header; scalars get guards there, with the header's own state.
#include "jit/scalar/compile.h"

#include <algorithm>

#include "ir/analysis/dominators.h"
#include "ir/analysis/loops.h"
#include "ir/passes/loop_entry.h"
#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "jit/scalar/codegen.h"
#include "jit/scalar/feedback.h"

namespace tsvm::jit {

namespace {

using ir::BlockId;
using ir::Builder;
using ir::ExitId;
using ir::Function;
using ir::Inst;
using ir::InstId;
using ir::Opcode;
using ir::TypeId;
using ir::ValueId;

namespace types = ir::types;

/// Replaces a value in the first `insts` instructions and the first `exits` exit states.
void replace(Function& f, ValueId from, ValueId to, size_t insts, size_t exits) {
  for (size_t k = 0; k < insts; k++) {
    for (ValueId& v : f.operands(f.insts[k]))
      if (v == from) v = to;
    for (ir::Edge& e : f.successors(f.insts[k]))
      for (ValueId& v : f.args(e))
        if (v == from) v = to;
  }
  for (size_t k = 0; k < exits; k++)
    for (ir::ExitFrame& frame : f.exits[k].frames)
      for (auto& [reg, v] : frame.registers)
        if (v == from) v = to;
}

/// Block parameters that are always the same value give way to it; dead ones go later.
void drop_needless_params(Function& f) {
  for (bool changed = true; changed;) {
    changed = false;
    ir::Cfg cfg(f);
    for (BlockId b : cfg.order()) {
      if (b == f.entry) continue;
      for (size_t k = 0; k < f[b].params.size(); k++) {
        ValueId p = f[b].params[k], only;
        bool one = true;
        for (const ir::PredEdge& e : cfg.preds(b)) {
          ValueId arg = f.args(f.edges[e.edge])[k];
          if (arg == p) continue;
          if (only && only != arg) one = false;
          only = arg;
        }
        if (!one || !only) continue;
        // Its own arguments stay: a use by itself must not become a use by others.
        bool used = false;
        Function& g = f;
        auto note = [&](ValueId v) { used |= v == p; };
        for (BlockId c : cfg.order())
          for (InstId i : g[c].insts) {
            for (ValueId v : g.operands(g[i])) note(v);
            for (const ir::Edge& e : g.successors(g[i])) {
              for (size_t n = 0; n < e.args_count; n++)
                if (!(e.target == b && n == k)) note(g.args(e)[n]);
            }
            if (g[i].exit)
              for (const ir::ExitFrame& frame : g.exits[g[i].exit.index].frames)
                for (const auto& [reg, v] : frame.registers) note(v);
          }
        if (!used) continue;
        replace(f, p, only, f.insts.size(), f.exits.size());
        changed = true;
      }
    }
  }
}

class Compiler {
 public:
  explicit Compiler(const CompileRequest& r) : r_(r), state_(r.frame->state), out_(std::make_unique<NativeCode>()) {}

  std::unique_ptr<NativeCode> run() {
    if (!prepare()) return std::move(out_);
    BytecodeStates states(map_, *state_->code);
    Function f = *generic_;
    Feedback feedback(r_.vm, r_.frame, *generic_, states, *out_);
    feedback.at_entry = r_.header_pc < 0;
    std::vector<uint16_t> registers;
    if (r_.header_pc < 0) {
      ir::specialise(f, feedback, states);
      for (size_t k = 0; k < f[f.entry].params.size(); k++) registers.push_back(static_cast<uint16_t>(k));
    } else {
      BlockId header = header_block();
      if (!header) return refuse("no block at the loop's header");
      feedback.wanted = loop_blocks(header);
      if (feedback.wanted.empty()) return refuse("not a loop of its own");
      ir::specialise(f, feedback, states);
      if (!enter(f, header, states, feedback, registers)) return std::move(out_);
    }
    ir::PassOptions options;
    ir::run_passes(f, ir::PassLevel::Native, options);
    if (f[f.entry].params.size() != registers.size()) return refuse("parameters were lost");
    CodegenInput in{r_.vm, state_, f, registers, r_.header_pc >= 0, r_.want_text};
    generate(in, r_.runtime, *out_);
    if (r_.want_text) out_->text = ir::print(f) + out_->text;
    return std::move(out_);
  }

 private:
  std::unique_ptr<NativeCode> refuse(const std::string& reason) {
    out_->reason = reason;
    return std::move(out_);
  }

  bool prepare() {
    vm::CodeUnit& unit = *state_->unit;
    uint32_t index = state_->code->index;
    generic_ = unit.ir(index);
    if (!generic_) {
      out_->reason = "there is no IR";
      return false;
    }
    if (!unit.module()->types) unit.module()->types = &r_.vm.extension<TypesOfJit>().table;
    vm::LowerResult again = vm::lower(*generic_, index, &map_);
    if (!again.code || again.code->words != state_->code->words) {
      out_->reason = "lowering gave other bytecode";
      return false;
    }
    return true;
  }

  struct TypesOfJit : vm::Extension {
    ir::TypeTable table;
  };

  BlockId header_block() const {
    for (uint32_t b = 0; b < map_.block_pc.size(); b++)
      if (map_.block_pc[b] == static_cast<uint32_t>(r_.header_pc)) return BlockId(b);
    return BlockId();
  }

  /// The loop's blocks, and those above it.
  std::vector<bool> loop_blocks(BlockId header) const {
    ir::Cfg cfg(*generic_);
    ir::Dominators doms(*generic_, cfg);
    ir::Loops loops(*generic_, cfg, doms);
    std::vector<bool> out;
    for (const ir::Loop& l : loops.all()) {
      if (l.header != header) continue;
      out.assign(generic_->blocks.size(), false);
      for (BlockId b : l.blocks) out[b.index] = true;
      for (BlockId b : cfg.order())
        if (cfg.position(b) < cfg.position(header)) out[b.index] = true;
    }
    return out;
  }

  /// Makes `f` start at the header.
  bool enter(Function& f, BlockId header, const BytecodeStates& states, const Feedback& feedback,
             std::vector<uint16_t>& registers) {
    const ir::ResumeState* at = states.at(static_cast<uint32_t>(r_.header_pc));
    if (!at) {
      refuse("no state at the loop's header");
      return false;
    }
    // Specialisation may have given values from above other names: exit states know them.
    const ir::ExitFrame* renamed = nullptr;
    for (const ir::ExitState& e : f.exits)
      if (e.frames[0].bytecode_pc == at->pc) {
        renamed = &e.frames[0];
        break;
      }
    std::vector<ValueId> arriving;
    for (auto [reg, v] : at->registers) {
      bool is_param = std::find(f[header].params.begin(), f[header].params.end(), v) != f[header].params.end();
      if (!is_param && renamed)
        for (auto [other, name] : renamed->registers)
          if (other == reg) v = name;
      if (std::find(arriving.begin(), arriving.end(), v) != arriving.end()) continue;
      arriving.push_back(v);
      registers.push_back(reg);
    }
    // A range is guarded where the loop is entered, which is here now.
    std::optional<int32_t> step;
    Inst& last = f.terminator(header);
    if (last.op == Opcode::ForIter) {
      const Inst* def = f.def(f.operands(last)[0]);
      if (def && def->op == Opcode::GuardRange) {
        step = static_cast<int32_t>(def->imm);
        f.operands(last)[0] = f.operands(*def)[0];
      } else if (def || !f.def(f.operands(last)[0])) {
        step = feedback.range_step(f[header].insts.back());
      }
    }
    for (ValueId v : ir::needed_at(f, header))
      if (std::find(arriving.begin(), arriving.end(), v) == arriving.end()) {
        refuse("a value is needed that bytecode does not keep");
        return false;
      }
    if (!ir::enter_at_loop(f, header, arriving)) {
      refuse("the loop's values are needed by a handler");
      return false;
    }
    drop_needless_params(f);
    guard_arrivals(f, registers, at->pc, step);
    return true;
  }

  void guard_arrivals(Function& f, const std::vector<uint16_t>& registers, uint32_t pc, std::optional<int32_t> step) {
    std::vector<ValueId> params = f[f.entry].params;
    size_t insts = f.insts.size(), exits = f.exits.size();
    ir::ExitFrame frame;
    frame.bytecode_pc = pc;
    for (size_t k = 0; k < params.size(); k++) frame.registers.emplace_back(registers[k], params[k]);
    f.exits.push_back(ir::ExitState{{frame}});
    Builder b(f);
    b.rewrites = false;
    b.exit = ExitId(static_cast<uint32_t>(f.exits.size() - 1));
    b.position_at(f.entry, 0);
    for (size_t k = 0; k < params.size(); k++) {
      if (f.type_of(params[k]) != types::Any || (registers[k] & vm::LowerMap::kRaw)) continue;
      TypeId t = raw_type(r_.frame->regs[registers[k]].tag);
      if (t == types::Any) continue;
      ValueId box = b.box(b.emit(Opcode::GuardType, {params[k]}, t.index));
      replace(f, params[k], box, insts, exits);
      frame.registers[k].second = box;
    }
    f.exits.push_back(ir::ExitState{{frame}});
    b.exit = ExitId(static_cast<uint32_t>(f.exits.size() - 1));
    b.position_at(f.entry, static_cast<uint32_t>(f[f.entry].insts.size() - 1));
    b.emit(Opcode::ResumePoint, {});
    if (!step) return;
    BlockId header = f.successors(f.terminator(f.entry))[0].target;
    if (f.terminator(header).op != Opcode::ForIter) return;
    ValueId iterator = f.operands(f.terminator(header))[0];
    if (std::find(params.begin(), params.end(), iterator) == params.end()) return;
    ValueId range = b.emit(Opcode::GuardRange, {iterator}, static_cast<uint32_t>(*step));
    f.operands(f.terminator(header))[0] = range;
  }

  const CompileRequest& r_;
  vm::CodeState* state_;
  std::unique_ptr<NativeCode> out_;
  const Function* generic_ = nullptr;
  vm::LowerMap map_;
};

}  // namespace

std::unique_ptr<NativeCode> compile(const CompileRequest& request) { return Compiler(request).run(); }

std::map<uint32_t, uint32_t> outermost_loops(const vm::CodeState& state) {
  std::map<uint32_t, uint32_t> out;
  const Function* f = state.unit->ir(state.code->index);
  if (!f) return out;
  vm::LowerMap map;
  if (!vm::lower(*f, state.code->index, &map).code) return out;
  ir::Cfg cfg(*f);
  ir::Dominators doms(*f, cfg);
  ir::Loops loops(*f, cfg, doms);
  for (const ir::Loop& l : loops.all()) {
    const ir::Loop* top = &l;
    while (top->parent != ir::Loops::kNone) top = &loops.all()[top->parent];
    out[map.block_pc[l.header.index]] = map.block_pc[top->header.index];
  }
  return out;
}

}  // namespace tsvm::jit

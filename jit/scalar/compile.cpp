// The way from bytecode to native code: the IR once more, specialised by feedback, entered where it is wanted, through
// the passes, and to machine code.
//
// Code of a loop holds that loop only: what comes behind it, and the loops around it, are ways out. What arrives is
// what bytecode keeps in registers at the header; scalars get guards there, with the header's own state.
#include "jit/scalar/compile.h"

#include <algorithm>
#include <optional>

#include "ir/analysis/dominators.h"
#include "ir/analysis/loops.h"
#include "ir/passes/inline.h"
#include "ir/passes/loop_entry.h"
#include "ir/passes/pipeline.h"
#include "ir/print.h"
#include "jit/scalar/codegen.h"
#include "jit/scalar/feedback.h"
#include "vm/runtime.h"

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

class Compiler {
 public:
  explicit Compiler(const CompileRequest& r) : r_(r), state_(r.frame->state), out_(std::make_unique<NativeCode>()) {}

  std::unique_ptr<NativeCode> run() {
    if (!prepare()) return std::move(out_);
    BytecodeStates states(*generic_, map_, *state_->code);
    Function f = *generic_;
    Feedback feedback(r_.vm, state_, r_.frame->globals, *generic_, states, *out_);
    if (r_.header_pc < 0) feedback.arguments = r_.frame->regs;
    std::vector<uint16_t> registers;
    if (r_.header_pc < 0) {
      ir::specialise(f, feedback, states);
      for (size_t k = 0; k < f[f.entry].params.size(); k++) registers.push_back(static_cast<uint16_t>(k));
    } else {
      BlockId header = header_block();
      if (!header) return refuse("no block at the loop's header");
      feedback.wanted = loop_blocks(header);
      if (feedback.wanted.empty()) return refuse("not a loop of its own");
      ir::LoopStart start{header, {}};
      if (!find_arriving(states, start, registers)) return refuse("a value is needed that bytecode does not keep");
      if (!ir::specialise(f, feedback, states, &start)) return refuse("a handler needs the loop's values");
    }
    inline_calls(f, states);
    ir::PassOptions options;
    ir::run_passes(f, ir::PassLevel::Native, options);
    if (f[f.entry].params.size() != registers.size()) return refuse("parameters were lost");
    CodegenInput in{r_.vm, state_, f, states, {}, registers, r_.header_pc, r_.want_text};
    for (const auto& [fn, body] : bodies_)
      if (body) in.inlined_states.emplace_back(body->generic, &*body->states);
    generate(in, *out_);
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
    (void)unit.module()->type_table();
    vm::LowerResult again = vm::lower(*generic_, index, &map_);
    if (!again.code || again.code->words != state_->code->words) {
      out_->reason = "lowering gave other bytecode";
      return false;
    }
    return true;
  }

  BlockId header_block() const {
    for (uint32_t b = 0; b < map_.block_pc.size(); b++)
      if (map_.block_pc[b] == static_cast<uint32_t>(r_.header_pc)) return BlockId(b);
    return BlockId();
  }

  /// The loop's blocks; empty when it is none.
  std::vector<bool> loop_blocks(BlockId header) const {
    ir::Cfg cfg(*generic_);
    ir::Dominators doms(*generic_, cfg);
    ir::Loops loops(*generic_, cfg, doms);
    std::vector<bool> out;
    for (const ir::Loop& l : loops.all()) {
      if (l.header != header) continue;
      out.assign(generic_->blocks.size(), false);
      for (BlockId b : l.blocks) out[b.index] = true;
    }
    return out;
  }

  /// What bytecode keeps in registers at the header, with the types of the values there now.
  bool find_arriving(const BytecodeStates& states, ir::LoopStart& start, std::vector<uint16_t>& registers) {
    const ir::ResumeState* at = states.at(static_cast<uint32_t>(r_.header_pc));
    if (!at || states.cleared_at(at->pc)) return false;
    for (auto [reg, v] : at->registers) {
      bool raw = reg & vm::LowerMap::kRaw;
      start.arriving.emplace_back(v, raw ? TypeId(types::Any) : raw_type(r_.frame->regs[reg].tag));
      registers.push_back(reg);
    }
    for (ValueId v : ir::needed_at(*generic_, start.header)) {
      auto is_v = [&](const auto& a) { return a.first == v; };
      if (std::none_of(start.arriving.begin(), start.arriving.end(), is_v)) return false;
    }
    return true;
  }

  // --- inlining ---

  /// A function whose code can stand in the place of a call to it.
  struct Body {
    const Function* generic = nullptr;
    Function code;
    std::optional<BytecodeStates> states;
  };

  /// Calls of small known functions. The ways out of a body have the frame of its caller as it is while the call runs:
  /// what the call took over is not there any more.
  void inline_calls(Function& f, const BytecodeStates& states) {
    struct Site {
      BlockId block;
      InstId call;
    };
    std::vector<Site> sites;
    for (uint32_t b = 0; b < f.blocks.size(); b++)
      for (InstId i : f.blocks[b].insts)
        if (f[i].op == Opcode::CallCompiled && f[i].exit) sites.push_back({BlockId(b), i});
    // From the last to the first, so that the block of an earlier site is still where it was.
    std::reverse(sites.begin(), sites.end());
    size_t budget = kLargestInlined;
    for (const Site& site : sites) {
      uint32_t object = f[site.call].imm;
      Body* body = body_of(static_cast<const vm::Function*>(f.objects[object].pointer));
      if (!body || size_of(body->code) > budget) continue;
      ir::ExitState calling = f.exits[f[site.call].exit.index];
      if (calling.frames.size() != 1) continue;
      std::vector<uint16_t> taken = states.taken_at(calling.frames[0].bytecode_pc);
      std::erase_if(calling.frames[0].registers,
                    [&](const auto& r) { return std::find(taken.begin(), taken.end(), r.first) != taken.end(); });
      f.exits.push_back(std::move(calling));
      f[site.call].exit = ExitId(static_cast<uint32_t>(f.exits.size() - 1));
      const Inst call = f[site.call];
      if (!ir::can_inline(f, call, body->code)) continue;
      std::vector<ValueId> args(f.operands(call).begin(), f.operands(call).end());
      ir::inline_call(f, site.block, site.call, body->code, args, object, body->generic);
      budget -= size_of(body->code);
    }
  }

  static size_t size_of(const Function& f) {
    size_t n = 0;
    for (const ir::Block& b : f.blocks) n += b.insts.size();
    return n;
  }

  /// Null: it cannot be inlined.
  Body* body_of(const vm::Function* fn) {
    auto [at, is_new] = bodies_.try_emplace(fn);
    if (!is_new) return at->second.get();
    vm::CodeState* state = fn->code;
    const vm::Code& code = *state->code;
    // Of the module whose lock is held; no second one is taken.
    if (state->unit != state_->unit) return nullptr;
    const Function* generic = fn->closure_size ? nullptr : state->unit->ir(code.index);
    if (!generic || !code.is_simple || code.is_generator || code.num_slots || size_of(*generic) > kSmallBody)
      return nullptr;
    vm::LowerMap map;
    vm::LowerResult again = vm::lower(*generic, code.index, &map);
    if (!again.code || again.code->words != code.words) return nullptr;
    auto body = std::make_unique<Body>();
    body->generic = generic;
    body->code = *generic;
    body->states.emplace(*generic, map, code);
    Feedback feedback(r_.vm, state, vm::as<vm::Module>(fn->module)->dict, *generic, *body->states, *out_);
    ir::specialise(body->code, feedback, *body->states);
    // There is no frame for it while it runs, so nothing that it calls may look for one: it calls nothing, or itself,
    // or a C function.
    for (const ir::Block& b : body->code.blocks) {
      if (b.handler && !b.insts.empty()) return nullptr;
      for (InstId i : b.insts) {
        const Inst& inst = body->code[i];
        if (inst.op == Opcode::CallMethod || inst.op == Opcode::LoadSuper || inst.op == Opcode::ImportName ||
            inst.op == Opcode::MakeFunction || inst.op == Opcode::BuildClass)
          return nullptr;
        if (inst.op == Opcode::CallCompiled && body->code.objects[inst.imm].pointer != fn) return nullptr;
        if (inst.op == Opcode::Call) {
          const Inst* callee = body->code.def(body->code.operands(inst)[0]);
          if (!callee || callee->op != Opcode::GuardIs ||
              body->code.objects[callee->imm].kind != ir::ObjectRef::Kind::Native)
            return nullptr;
        }
      }
    }
    at->second = std::move(body);
    return at->second.get();
  }

  static constexpr size_t kSmallBody = 60;        // instructions of generic code
  static constexpr size_t kLargestInlined = 400;  // in all

  const CompileRequest& r_;
  vm::CodeState* state_;
  std::unique_ptr<NativeCode> out_;
  const Function* generic_ = nullptr;
  vm::LowerMap map_;
  std::map<const vm::Function*, std::unique_ptr<Body>> bodies_;
};

}  // namespace

std::unique_ptr<NativeCode> compile(const CompileRequest& request) {
  auto lock = request.frame->state->unit->lock_module();
  return Compiler(request).run();
}

std::map<uint32_t, uint32_t> outermost_loops(const vm::CodeState& state) {
  std::map<uint32_t, uint32_t> out;
  auto lock = state.unit->lock_module();
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

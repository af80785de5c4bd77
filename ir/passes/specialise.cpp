// Works block by block on the instructions that were there at first; what is put in has higher ids and is not looked
// at.
#include "ir/passes/specialise.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "ir/analysis/dominators.h"
#include "ir/analysis/loops.h"
#include "ir/effects.h"
#include "ir/passes/loop_entry.h"
#include "ir/uses.h"

namespace tsvm::ir {

namespace {

class Specialiser {
 public:
  Specialiser(Function& f, const Sites& sites) : f_(f), sites_(sites), replaced_(f) {}

  bool run(const ResumeMap& resume, const LoopStart* start) {
    TSVM_CHECK(f_.module != nullptr && f_.module->types != nullptr, "specialised code needs the type table");
    generic_count_ = static_cast<uint32_t>(f_.insts.size());
    uint32_t block_count = static_cast<uint32_t>(f_.blocks.size());
    attach_states(resume);
    if (start != nullptr) {
      std::vector<ValueId> arriving;
      for (const auto& [v, t] : start->arriving) arriving.push_back(v);
      if (!enter_at_loop(f_, start->header, arriving)) return false;
    }
    dead_.assign(f_.insts.size(), false);
    resume_points();
    {
      Cfg cfg(f_);
      std::vector<BlockId> order(cfg.order().begin(), cfg.order().end());
      for (BlockId b : order)
        if (b != f_.entry && b.index < block_count && sites_.never_reached(b)) make_way_out(b);
      for (BlockId b : order) block(b);
    }
    guard_params(start);
    erase(f_, dead_);
    replaced_.apply_everywhere();
    drop_unused_states();
    return true;
  }

 private:
  // --- exit states ---

  ExitId add_exit(const ResumeState& s) {
    ExitFrame frame;
    frame.bytecode_pc = s.pc;
    frame.registers = s.registers;
    f_.exits.push_back(ExitState{{std::move(frame)}});
    return ExitId(static_cast<uint32_t>(f_.exits.size() - 1));
  }

  /// Each instruction with bytecode of its own carries the state of its start while we work, so that the names in it
  /// follow when values are renamed.
  void attach_states(const ResumeMap& resume) {
    for (const Block& b : f_.blocks)
      for (InstId i : b.insts)
        if (const ResumeState* s = resume.before(i)) f_[i].exit = add_exit(*s);
  }
  bool has_state(InstId i) const { return i.index < generic_count_ && f_[i].exit; }

  /// In the end only those keep it that may leave, or may become what leaves.
  void drop_unused_states() {
    for (const Block& b : f_.blocks)
      for (InstId i : b.insts)
        if (!info(f_[i].op).has(kWorld | kExits | kRaises)) f_[i].exit = ExitId();
  }

  /// The state before the first instruction from `index` on that has bytecode of its own; an instruction without is
  /// done by a later one. What is made in between has no register then.
  std::optional<ResumeState> state_from(BlockId b, size_t index) const {
    const std::vector<InstId>& insts = f_[b].insts;
    for (size_t k = index; k < insts.size(); k++) {
      if (!has_state(insts[k])) continue;
      const ExitFrame& frame = f_.exits[f_[insts[k]].exit.index].frames[0];
      ResumeState s{frame.bytecode_pc, frame.registers};
      for (size_t n = index; n < k; n++)
        if (insts[n].index < generic_count_ && f_[insts[n]].result)
          std::erase_if(s.registers, [&](const auto& r) { return r.second == f_[insts[n]].result; });
      return s;
    }
    return std::nullopt;
  }

  ExitId exit_before(BlockId b, size_t index) {
    if (index < f_[b].insts.size() && has_state(f_[b].insts[index])) return f_[f_[b].insts[index]].exit;
    std::optional<ResumeState> s = state_from(b, index);
    return s ? add_exit(*s) : ExitId();
  }

  // --- loops ---

  /// Resume points in front of each loop and at the start of each round: generic code goes on at the header, whose
  /// parameters have arrived.
  void resume_points() {
    std::vector<BlockId> done;
    for (;;) {
      Cfg cfg(f_);
      Dominators doms(f_, cfg);
      Loops loops(f_, cfg, doms);
      uint32_t l = 0;
      auto is_done = [&](BlockId h) { return std::find(done.begin(), done.end(), h) != done.end(); };
      while (l < loops.all().size() && is_done(loops.all()[l].header)) l++;
      if (l == loops.all().size()) return;
      BlockId header = loops.all()[l].header;
      done.push_back(header);
      std::optional<ResumeState> s = state_from(header, 0);
      if (!s) continue;
      // Each round has a place where it can be interrupted.
      Builder at_header(f_);
      at_header.position_at(header, 0);
      at_header.range = f_[f_[header].insts.front()].range;
      at_header.exit = add_exit(*s);
      at_header.emit(Opcode::ResumePoint, {});
      Preheader pre = preheader(f_, cfg, loops, l);
      if (!pre.block) continue;
      // The way in may be a block that was made just now: its one edge has the arguments.
      std::span<const ValueId> args = f_.args(f_.successors(f_.terminator(pre.block))[0]);
      ResumeState at_entry = *s;
      for (auto& [reg, v] : at_entry.registers)
        for (size_t k = 0; k < f_[header].params.size(); k++)
          if (f_[header].params[k] == v) v = args[k];
      Builder b(f_);
      b.position_at(pre.block, static_cast<uint32_t>(f_[pre.block].insts.size() - 1));
      b.range = f_.terminator(pre.block).range;
      b.exit = add_exit(at_entry);
      b.emit(Opcode::ResumePoint, {});
    }
  }

  // --- instructions ---

  void block(BlockId b) {
    for (uint32_t k = 0; k < f_[b].insts.size(); k++) {
      InstId id = f_[b].insts[k];
      if (id.index >= generic_count_) continue;
      const OpcodeInfo& row = info(f_[id].op);
      ExitId exit = row.has(kWorld | kExits | kRaises) ? exit_before(b, k) : ExitId();
      if (!exit) continue;
      f_[id].exit = exit;
      Builder build(f_);
      build.position_at(b, k);
      build.range = f_[id].range;
      build.exit = exit;
      build.rewrites = false;
      called_ = false;
      ValueId value = instruction(build, id);
      k = build.index();
      ValueId result = f_[id].result;
      if (value) {
        dead_[id.index] = true;
        if (!result) continue;
        if (called_)
          k = guard_behind(b, k, result, value, sites_.result(id));
        else {
          value = guard(build, value, sites_.result(id));
          k = build.index();
          replaced_.add(result, value);
        }
        continue;
      }
      if (dead_[id.index] || !result) continue;
      if (row.has(kTerminator))
        guard_item(id);
      else
        k = guard_behind(b, k, result, ValueId(), sites_.result(id));
    }
  }

  /// A guard with the builder's exit state, and the box of what it gives when that is raw.
  ValueId guard(Builder& b, ValueId v, TypeId t) {
    if (t == types::Any || TypeTable::is_raw(f_.type_of(v)) || f_.type_of(v) == t) return v;
    return b.box(b.emit(Opcode::GuardType, {v}, t.index));
  }

  /// A guard of what has been done already, put at `index` of the block: it leaves to what comes next. `result` is the
  /// name under which everything else, exit states too, knows the value: it becomes what the guard gives, and the
  /// guard's own state names `made` (none: a new name for what the instruction gives).
  bool place_guard(BlockId b, uint32_t& index, ValueId result, ValueId made, TypeId t,
                   std::optional<ResumeState> s = std::nullopt) {
    if (t == types::Any || f_.type_of(result) != types::Any) return false;
    if (!s) s = state_from(b, index);
    if (!s) return false;
    if (!made) {
      made = ValueId(static_cast<uint32_t>(f_.values.size()));
      const Value old = f_[result];
      f_.values.push_back(old);
      if (old.def)
        f_[old.def].result = made;
      else
        std::replace(f_[old.block].params.begin(), f_[old.block].params.end(), result, made);
    }
    ResumeState state = *s;
    for (auto& [reg, v] : state.registers)
      if (v == result) v = made;
    Builder build(f_);
    build.position_at(b, index);
    build.exit = add_exit(state);
    build.rewrites = false;
    ValueId last = build.box(build.emit(Opcode::GuardType, {made}, t.index));
    // The last of the two gets the old name.
    InstId def = f_[last].def;
    f_[def].result = result;
    f_[result] = Value{f_[last].type, def, BlockId()};
    index = build.index();
    return true;
  }

  uint32_t guard_behind(BlockId b, uint32_t k, ValueId result, ValueId made, TypeId t) {
    uint32_t index = k + 1;
    if (place_guard(b, index, result, made, t)) return index - 1;
    if (made) replaced_.add(result, made);
    return k;
  }

  void guard_item(InstId id) {
    if (f_[id].op != Opcode::ForIter) return;
    const Inst* iterator = f_.def(replaced_.find(f_.operands(f_[id])[0]));
    if (iterator != nullptr && iterator->op == Opcode::MakeRangeIter) return;
    if (auto step = sites_.range_step(id)) {
      guard_range(id, *step);
      return;
    }
    uint32_t index = 0;
    place_guard(f_.successors(f_[id])[0].target, index, f_[id].result, ValueId(), sites_.result(id));
  }

  /// The value that takes the place of the result; none when the instruction stays, or is marked dead (stores).
  ValueId instruction(Builder& b, InstId id) {
    const Inst i = f_[id];
    std::vector<ValueId> in;
    for (ValueId v : f_.operands(i)) in.push_back(replaced_.find(v));
    switch (i.op) {
      case Opcode::LoadAttr:
        if (auto a = sites_.attribute(id))
          return b.emit(Opcode::FieldLoad, {guard_shape(b, in[0], a->shape)}, a->field);
        if (auto m = sites_.module_value(id)) {
          b.emit(Opcode::GuardIs, {in[0]}, object(m->module));
          return load_global(b, m->global);
        }
        return ValueId();
      case Opcode::StoreAttr:
        if (auto a = sites_.attribute(id)) {
          b.emit(Opcode::FieldStore, {guard_shape(b, in[0], a->shape), in[1]}, a->field);
          dead_[id.index] = true;
        }
        return ValueId();
      case Opcode::LoadGlobal:
        if (auto g = sites_.global(id)) return load_global(b, *g);
        return ValueId();
      case Opcode::LoadItem:
        if (auto item = sites_.item(id)) return load_item(b, *item, in[0], in[1]);
        return ValueId();
      case Opcode::StoreItem:
        if (auto item = sites_.item(id)) {
          store_item(b, *item, in[0], in[1], in[2]);
          dead_[id.index] = true;
        }
        return ValueId();
      case Opcode::GetIter: return get_iter(b, id, in[0]);
      case Opcode::Call:
        if (auto range = sites_.range_call(id))
          if (ValueId v = make_range(b, *range, in)) return v;
        if (auto length = sites_.length(id)) {
          b.emit(Opcode::GuardIs, {in[0]}, object(length->callee));
          ValueId list = b.emit(Opcode::GuardType, {in[1]}, list_type(length->element));
          return b.box(b.emit(Opcode::ListLength, {list}));
        }
        if (auto callee = sites_.callee(id)) return call(b, id, *callee, std::span(in).subspan(1), in[0]);
        return ValueId();
      case Opcode::CallMethod:
        if (auto m = sites_.module_value(id)) return call_in_module(b, id, *m, in);
        if (auto callee = sites_.callee(id); callee && callee->shape) {
          in[0] = guard_shape(b, in[0], *callee->shape);
          return call(b, id, *callee, in, ValueId());
        }
        return ValueId();
      default: return ValueId();
    }
  }

  uint32_t object(const ObjectRef& o) {
    for (uint32_t k = 0; k < f_.objects.size(); k++) {
      const ObjectRef& x = f_.objects[k];
      if (x.kind == o.kind && x.pointer == o.pointer && x.code == o.code && x.name == o.name && x.body == o.body &&
          x.params == o.params)
        return k;
    }
    f_.objects.push_back(o);
    return static_cast<uint32_t>(f_.objects.size() - 1);
  }

  ValueId guard_shape(Builder& b, ValueId v, const ObjectRef& shape) {
    return b.emit(Opcode::GuardShape, {v}, object(shape));
  }

  ValueId load_global(Builder& b, const Sites::Global& g) {
    ValueId v = b.emit(Opcode::GlobalLoad, {}, object(g.cell));
    return g.value ? b.emit(Opcode::GuardIs, {v}, object(*g.value)) : v;
  }

  uint32_t list_type(TypeId element) { return f_.module->types->list(element).index; }

  ValueId index_in(Builder& b, const Sites::Item& item, ValueId list, ValueId index) {
    ValueId i = b.emit(Opcode::GuardType, {index}, types::I64.index);
    ValueId length = b.emit(Opcode::ListLength, {list});
    if (item.negative_index) {
      ExitId exit = b.exit;
      b.exit = ExitId();  // the sum of a negative and a length does not overflow
      ValueId from_end = b.emit(Opcode::ArithI64, {i, length}, ArithOp::Add);
      b.exit = exit;
      ValueId negative = b.emit(Opcode::CompareI64, {i, b.const_i64(0)}, CompareOp::Lt);
      i = b.emit(Opcode::Select, {negative, from_end, i}, 0, types::I64);
    }
    return b.emit(Opcode::GuardIndex, {i, length});
  }

  ValueId load_item(Builder& b, const Sites::Item& item, ValueId list, ValueId index) {
    ValueId l = b.emit(Opcode::GuardType, {list}, list_type(item.element));
    ValueId i = index_in(b, item, l, index);
    return b.box(b.emit(Opcode::ListLoad, {l, i}, item.element.index));
  }

  void store_item(Builder& b, const Sites::Item& item, ValueId list, ValueId index, ValueId value) {
    ValueId l = b.emit(Opcode::GuardType, {list}, list_type(item.element));
    if (TypeTable::is_raw(item.element)) value = b.emit(Opcode::GuardType, {value}, item.element.index);
    ValueId i = index_in(b, item, l, index);
    b.emit(Opcode::ListStore, {l, i, value}, item.element.index);
  }

  /// A call of a known function. `callee` is the value called, none for methods (the shape says which it is).
  ValueId call(Builder& b, InstId id, const Sites::Callee& known, std::span<const ValueId> args, ValueId callee) {
    const ObjectRef& fn = known.functions.front();
    if (!fn.has_signature || fn.params.size() != args.size()) return ValueId();
    uint32_t first = object(fn);
    if (callee) callee = b.emit(Opcode::GuardIs, {callee}, first);
    if (fn.kind == ObjectRef::Kind::Native) {
      // Which signature fits is known once the arguments have types: infer makes the call (ir/passes/infer.h).
      for (const ObjectRef& other : known.functions) object(other);
      if (callee) f_.operands(f_[id])[0] = callee;
      return ValueId();
    }
    std::vector<ValueId> in;
    for (size_t k = 0; k < args.size(); k++) {
      ValueId v = args[k];
      if (fn.params[k] != types::Any) v = b.emit(Opcode::GuardType, {v}, fn.params[k].index);
      in.push_back(v);
    }
    called_ = true;
    return b.emit(Opcode::CallCompiled, in, first);
  }

  /// `module.f(...)` is a call of what the module's variable holds.
  ValueId call_in_module(Builder& b, InstId id, const Sites::ModuleValue& m, std::vector<ValueId> in) {
    CallShape shape = f_.module->call_shapes[f_[id].imm];
    shape.method = NameId();
    b.emit(Opcode::GuardIs, {in[0]}, object(m.module));
    in[0] = load_global(b, m.global);
    Inst& i = f_[id];
    i.op = Opcode::Call;
    i.imm = f_.module->intern(shape);
    i.operands_begin = static_cast<uint32_t>(f_.pool.size());
    f_.pool.insert(f_.pool.end(), in.begin(), in.end());
    if (auto callee = sites_.callee(id)) return call(b, id, *callee, std::span(in).subspan(1), in[0]);
    return ValueId();
  }

  // --- ranges, parameters, ways out ---

  ValueId make_range(Builder& b, const Sites::RangeCall& call, std::span<const ValueId> in) {
    int64_t step = call.ascending ? 1 : -1;
    bool is_constant = true;
    if (in.size() == 4) {
      const Constant* c = constant_of(f_, in[3]);
      is_constant = c != nullptr && c->kind == Constant::Kind::Int;
      if (is_constant) step = c->int_value;
      if (step == 0) return ValueId();
    } else {
      step = 1;
    }
    b.emit(Opcode::GuardIs, {in[0]}, object(call.range));
    ValueId start = in.size() == 2 ? b.const_i64(0) : b.emit(Opcode::GuardType, {in[1]}, types::I64.index);
    ValueId stop = b.emit(Opcode::GuardType, {in[in.size() == 2 ? 1 : 2]}, types::I64.index);
    ValueId by = is_constant ? b.const_i64(step) : b.emit(Opcode::GuardType, {in[3]}, types::I64.index);
    if (!is_constant)
      b.emit(Opcode::GuardTrue,
             {b.emit(Opcode::CompareI64, {by, b.const_i64(0)}, step > 0 ? CompareOp::Gt : CompareOp::Lt)});
    return b.emit(Opcode::MakeRange, {start, stop, by}, static_cast<uint32_t>(step > 0 ? 1 : -1));
  }

  ValueId get_iter(Builder& b, InstId id, ValueId of) {
    const Inst* def = f_.def(of);
    if (def != nullptr && def->op == Opcode::MakeRange) {
      const bool ascending = static_cast<int32_t>(def->imm) > 0;
      const uint32_t sign = def->imm;
      ValueId start = f_.operands(*def)[0], stop = f_.operands(*def)[1], step = f_.operands(*def)[2];
      // What comes behind the last item has to be an i64: it may be beyond `stop` by less than a step.
      const Constant* by = constant_of(f_, step);
      if (by == nullptr || by->int_value != (ascending ? 1 : -1)) {
        ValueId limit = b.const_i64(ascending ? INT64_MAX : INT64_MIN);
        ValueId last = b.emit(Opcode::ArithI64, {limit, step}, ArithOp::Sub);
        b.emit(Opcode::GuardTrue,
               {b.emit(Opcode::CompareI64, {stop, last}, ascending ? CompareOp::Le : CompareOp::Ge)});
      }
      return b.emit(Opcode::MakeRangeIter, {start, stop, step}, sign);
    }
    if (auto element = sites_.iterated_list(id)) {
      ValueId list = b.emit(Opcode::GuardType, {of}, list_type(*element));
      return b.emit(Opcode::MakeListIter, {list, b.const_i64(0)});
    }
    return ValueId();
  }

  void guard_range(InstId id, int32_t step) {
    // In front of the loop whose header ends in the for_iter, with the state of its resume point.
    Cfg cfg(f_);
    Dominators doms(f_, cfg);
    Loops loops(f_, cfg, doms);
    for (const Loop& loop : loops.all()) {
      if (f_[loop.header].insts.back() != id) continue;
      for (const PredEdge& p : cfg.preds(loop.header)) {
        if (doms.dominates(loop.header, p.from)) continue;
        const std::vector<InstId>& insts = f_[p.from].insts;
        if (insts.size() < 2) return;
        const Inst& last = f_[insts[insts.size() - 2]];
        if (last.op != Opcode::ResumePoint) return;
        Builder b(f_);
        b.position_at(p.from, static_cast<uint32_t>(insts.size() - 1));
        b.range = f_[id].range;
        b.exit = last.exit;
        b.rewrites = false;
        ValueId iterator = f_.operands(f_[id])[0];
        if (!doms.available(f_, iterator, p.from) && !defined_in(p.from, iterator)) return;
        ValueId range = b.emit(Opcode::GuardRange, {iterator}, static_cast<uint32_t>(step));
        f_.operands(f_[id])[0] = range;
        return;
      }
    }
  }
  bool defined_in(BlockId b, ValueId v) const {
    if (!f_[v].def) return f_[v].block == b;
    return std::find(f_[b].insts.begin(), f_[b].insts.end(), f_[v].def) != f_[b].insts.end();
  }

  /// Guards of what the function is given, in front of everything else.
  void guard_params(const LoopStart* start) {
    std::optional<ResumeState> state;
    if (start != nullptr) {
      // Generic code goes on at the header, as from the resume point.
      for (InstId i : f_[f_.entry].insts)
        if (f_[i].op == Opcode::ResumePoint) {
          const ExitFrame& frame = f_.exits[f_[i].exit.index].frames[0];
          state = ResumeState{frame.bytecode_pc, frame.registers};
        }
      if (!state) return;
      // Constants of the entry stand for what nobody needs.
      std::erase_if(state->registers, [&](const auto& r) { return f_[r.second].def; });
    }
    std::vector<ValueId> params = f_[f_.entry].params;
    auto type = [&](size_t k) {
      return start != nullptr ? start->arriving[k].second : sites_.param(static_cast<uint32_t>(k));
    };
    // From the last to the first, each in front of the others.
    for (size_t k = params.size(); k-- > 0;) {
      uint32_t index = 0;
      place_guard(f_.entry, index, params[k], ValueId(), type(k), state);
    }
    // In their exit states each parameter is what arrived.
    for (InstId i : f_[f_.entry].insts) {
      if (f_[i].op == Opcode::Box) continue;
      if (f_[i].op != Opcode::GuardType || i.index < generic_count_) break;
      for (ExitFrame& frame : f_.exits[f_[i].exit.index].frames)
        for (auto& [reg, v] : frame.registers)
          for (size_t k = 0; k < params.size(); k++)
            if (params[k] == v) v = f_[f_.entry].params[k];
    }
  }

  /// A block that was never reached leaves at once.
  void make_way_out(BlockId b) {
    if (!state_from(b, 0) || f_[f_[b].insts.front()].op == Opcode::Catch) return;
    ExitId exit = exit_before(b, 0);
    f_[b].insts.clear();
    Builder build(f_);
    build.position_at_end(b);
    build.exit = exit;
    build.emit(Opcode::Leave, {});
  }

  Function& f_;
  const Sites& sites_;
  Replacements replaced_;
  std::vector<bool> dead_;      // by instruction of the generic function
  uint32_t generic_count_ = 0;  // instructions with lower ids are the generic function's
  bool called_ = false;         // what `instruction` made is a call: it cannot be run again
};

}  // namespace

bool specialise(Function& f, const Sites& sites, const ResumeMap& resume, const LoopStart* start) {
  return Specialiser(f, sites).run(resume, start);
}

}  // namespace tsvm::ir

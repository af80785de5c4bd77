#include "ir/passes/inline.h"

#include <algorithm>

#include "base/check.h"

namespace tsvm::ir {

namespace {

constexpr size_t kSmallBody = 40;          // instructions of a function that the pass inlines
constexpr size_t kLargestFunction = 4000;  // beyond that nothing more is put in

bool fits(TypeId from, TypeId to) { return from == to || (to == types::Any && !TypeTable::is_raw(from)); }

size_t size_of(const Function& f) {
  size_t n = 0;
  for (const Block& b : f.blocks) n += b.insts.size();
  return n;
}

class Inliner {
 public:
  Inliner(Function& f, BlockId block, InstId call, const Function& body, std::span<const ValueId> args)
      : f_(f), body_(body), block_(block), call_id_(call), call_(f[call]), args_(args.begin(), args.end()) {}

  void run(uint32_t object, const Function* generic) {
    make_frames(object, generic);
    object_base_ = static_cast<uint32_t>(f_.objects.size());
    f_.objects.insert(f_.objects.end(), body_.objects.begin(), body_.objects.end());
    slot_base_ = f_.num_slots;
    if (body_.num_slots != 0) {
      f_.slot_names.resize(f_.num_slots, f_.module->intern(""));
      for (NameId n : body_.slot_names) f_.slot_names.push_back(name(n));
      f_.num_slots += body_.num_slots;
    }
    BlockId rest = split();
    copy_values_and_blocks();
    for (uint32_t b = 0; b < body_.blocks.size(); b++) copy_block(BlockId(b), rest);
    enter();
  }

 private:
  NameId name(NameId n) const { return body_.module == f_.module ? n : f_.module->intern(body_.module->text(n)); }
  ConstId constant(ConstId id) const {
    if (body_.module == f_.module) return id;
    Constant c = body_.module->constants[id.index];
    for (ConstId& item : c.items) item = constant(item);
    return f_.module->intern(c);
  }
  uint32_t shape(uint32_t id) const {
    if (body_.module == f_.module) return id;
    CallShape s = body_.module->call_shapes[id];
    for (NameId& k : s.keywords) k = name(k);
    if (s.method) s.method = name(s.method);
    return f_.module->intern(s);
  }

  void make_frames(uint32_t object, const Function* generic) {
    if (f_.inlined.empty()) f_.inlined.push_back(InlinedFunction{f_.name, &f_, 0, 0xffffffffu, {}});
    frame_base_ = static_cast<uint32_t>(f_.inlined.size());
    f_.inlined.push_back(InlinedFunction{body_.name, generic, call_.frame, object, call_.range});
    for (uint32_t k = 1; k < body_.inlined.size(); k++) {
      InlinedFunction n = body_.inlined[k];
      n.parent += frame_base_;
      if (n.object != 0xffffffffu) n.object += static_cast<uint32_t>(f_.objects.size());
      f_.inlined.push_back(std::move(n));
    }
  }

  /// Moves what follows the call to a block of its own, whose parameter is the call's result.
  BlockId split() {
    BlockId rest(static_cast<uint32_t>(f_.blocks.size()));
    f_.blocks.emplace_back();
    std::vector<InstId>& insts = f_[block_].insts;
    auto at = std::find(insts.begin(), insts.end(), call_id_);
    TSVM_CHECK(at != insts.end(), "the call is in another block");
    f_[rest].handler = f_[block_].handler;
    f_[rest].insts.assign(at + 1, insts.end());
    insts.erase(at, insts.end());
    if (call_.result) {
      f_[rest].params.push_back(call_.result);
      f_[call_.result].def = InstId();
      f_[call_.result].block = rest;
    }
    return rest;
  }

  void copy_values_and_blocks() {
    value_base_ = static_cast<uint32_t>(f_.values.size());
    inst_base_ = static_cast<uint32_t>(f_.insts.size());
    block_base_ = static_cast<uint32_t>(f_.blocks.size());
    for (Value v : body_.values) {
      if (v.def) v.def = InstId(v.def.index + inst_base_);
      if (v.block) v.block = BlockId(v.block.index + block_base_);
      f_.values.push_back(v);
    }
    f_.blocks.resize(f_.blocks.size() + body_.blocks.size());
    f_.insts.insert(f_.insts.end(), body_.insts.begin(), body_.insts.end());
    exits_.assign(body_.exits.size(), ExitId());
  }

  ValueId value(ValueId v) const {
    const std::vector<ValueId>& params = body_[body_.entry].params;
    if (!body_[v].def && body_[v].block == body_.entry)
      for (size_t k = 0; k < params.size(); k++)
        if (params[k] == v) return args_[k];
    return ValueId(v.index + value_base_);
  }

  ExitId exit(ExitId id) {
    if (!id || !call_.exit) return ExitId();
    ExitId& made = exits_[id.index];
    if (made) return made;
    ExitState state = f_.exits[call_.exit.index];
    for (ExitFrame frame : body_.exits[id.index].frames) {
      frame.function += frame_base_;
      for (auto& [reg, v] : frame.registers) v = value(v);
      state.frames.push_back(std::move(frame));
    }
    made = ExitId(static_cast<uint32_t>(f_.exits.size()));
    f_.exits.push_back(std::move(state));
    return made;
  }

  void copy_block(BlockId from, BlockId rest) {
    const Block& source = body_[from];
    BlockId to(from.index + block_base_);
    if (source.insts.empty()) return;
    if (from != body_.entry)
      for (ValueId p : source.params) f_[to].params.push_back(value(p));
    f_[to].handler = source.handler ? BlockId(source.handler.index + block_base_) : f_[block_].handler;
    for (InstId i : source.insts) {
      InstId id(i.index + inst_base_);
      copy_inst(body_[i], id, rest);
      f_[to].insts.push_back(id);
    }
  }

  void copy_inst(const Inst& source, InstId id, BlockId rest) {
    Inst inst = source;
    if (inst.result) inst.result = ValueId(inst.result.index + value_base_);
    inst.frame = static_cast<uint16_t>(inst.frame + frame_base_);
    inst.exit = exit(inst.exit);
    switch (info(inst.op).immediate) {
      case Immediate::Const: inst.imm = constant(ConstId(inst.imm)).index; break;
      case Immediate::Name: inst.imm = name(NameId(inst.imm)).index; break;
      case Immediate::Slot: inst.imm += slot_base_; break;
      case Immediate::Call: inst.imm = shape(inst.imm); break;
      case Immediate::Object: inst.imm += object_base_; break;
      case Immediate::None:
      case Immediate::Index:
      case Immediate::Func:
      case Immediate::Op:
      case Immediate::Kernel:
      case Immediate::Type:
      case Immediate::Arith:
      case Immediate::Unary:
      case Immediate::Compare: break;
    }
    inst.operands_begin = static_cast<uint32_t>(f_.pool.size());
    for (ValueId v : body_.operands(source)) f_.pool.push_back(value(v));
    inst.edges_begin = static_cast<uint32_t>(f_.edges.size());
    if (inst.op == Opcode::Return) {
      // The result is passed on as an argument.
      inst.op = Opcode::Jump;
      Edge e{rest, inst.operands_begin, call_.result ? 1u : 0u};
      inst.operands_count = 0;
      inst.edge_count = 1;
      f_.edges.push_back(e);
    } else {
      for (const Edge& e : body_.successors(source)) {
        Edge copy{BlockId(e.target.index + block_base_), static_cast<uint32_t>(f_.pool.size()), e.args_count};
        for (ValueId v : body_.args(e)) f_.pool.push_back(value(v));
        f_.edges.push_back(copy);
      }
    }
    f_[id] = inst;
  }

  void enter() {
    Builder b(f_);
    b.position_at_end(block_);
    b.range = call_.range;
    b.frame = call_.frame;
    if (body_.num_slots != 0) {
      ValueId unset = b.emit(Opcode::Unbound, {});
      for (uint32_t k = 0; k < body_.num_slots; k++) b.emit(Opcode::StoreSlot, {unset}, slot_base_ + k);
    }
    b.jump(BlockId(body_.entry.index + block_base_));
  }

  Function& f_;
  const Function& body_;
  BlockId block_;
  InstId call_id_;
  const Inst call_;
  std::vector<ValueId> args_;
  uint32_t value_base_ = 0, inst_base_ = 0, block_base_ = 0, frame_base_ = 0, slot_base_ = 0, object_base_ = 0;
  std::vector<ExitId> exits_;
};

}  // namespace

bool can_inline(const Function& f, const Inst& call, const Function& body) {
  if (body.is_generator || body.is_class_body || body.is_module_body || !body.free_names.empty()) return false;
  if (&body == &f || !body.entry || f.inlined.size() + body.inlined.size() > 1000) return false;
  bool same_module = body.module == f.module;
  if (!same_module && body.module->types != f.module->types) return false;
  // An exit has no place for the frame slots of a frame that is not there yet.
  if (call.exit && body.num_slots != 0) return false;
  for (const Block& b : body.blocks)
    for (InstId i : b.insts) {
      const Inst& inst = body[i];
      if (inst.exit && !call.exit) return false;
      const OpcodeInfo& row = info(inst.op);
      if (!same_module && (row.immediate == Immediate::Func || row.immediate == Immediate::Kernel)) return false;
      // Instructions that find globals by name look into the module of the running function.
      if (!same_module && row.has(kGlobals) && row.immediate == Immediate::Name) return false;
      if (!same_module && inst.op == Opcode::LoadGlobals) return false;
      if (inst.op == Opcode::LoadSuper || inst.op == Opcode::ImportStar) return false;
      if (inst.op == Opcode::Return && call.result &&
          !fits(body.type_of(body.operands(inst)[0]), f.type_of(call.result)))
        return false;
    }
  return true;
}

void inline_call(Function& f, BlockId block, InstId call, const Function& body, std::span<const ValueId> args,
                 uint32_t object, const Function* generic) {
  TSVM_CHECK(args.size() == body[body.entry].params.size(), "one argument per parameter");
  Inliner(f, block, call, body, args).run(object, generic);
}

bool run_inline(Function& f) {
  struct Site {
    BlockId block;
    InstId call;
  };
  std::vector<Site> sites;
  for (uint32_t b = 0; b < f.blocks.size(); b++)
    for (InstId i : f.blocks[b].insts)
      if (f[i].op == Opcode::CallDirect && f[i].imm < f.objects.size() && f.objects[f[i].imm].body != nullptr)
        sites.push_back({BlockId(b), i});
  bool changed = false;
  size_t size = size_of(f);
  // From the last to the first, so that the block of an earlier site is still where it was.
  std::reverse(sites.begin(), sites.end());
  for (const Site& site : sites) {
    const Inst call = f[site.call];
    const Function& body = *f.objects[call.imm].body;
    size_t body_size = size_of(body);
    if (body_size > kSmallBody || size + body_size > kLargestFunction || !can_inline(f, call, body)) continue;
    std::vector<ValueId> args(f.operands(call).begin(), f.operands(call).end());
    const std::vector<ValueId>& params = body[body.entry].params;
    bool all_fit = args.size() == params.size();
    for (size_t k = 0; all_fit && k < args.size(); k++) all_fit = fits(f.type_of(args[k]), body.type_of(params[k]));
    if (!all_fit) continue;
    inline_call(f, site.block, site.call, body, args, call.imm, &body);
    size += body_size;
    changed = true;
  }
  return changed;
}

}  // namespace tsvm::ir

// Calls of support functions, of functions of the language and of C functions; iteration.
#include "jit/scalar/generator.h"
#include "vm/iterators.h"

namespace tsvm::jit {

Gp Codegen::call_support(Support fn, uint64_t a, uint64_t b) {
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

void Codegen::count_inlined(uint32_t frame, int sign) {
  int levels = 0;
  for (; frame != 0; frame = f_.inlined[frame].parent) levels++;
  if (levels) cc().add(at(vm_, offsetof(vm::VM, depth), 4), imm(sign * levels));
}

void Codegen::check(const Inst& i, const Gp& status) {
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

void Codegen::support(const Inst& i, Support fn, uint64_t a, uint64_t b) {
  auto in = f_.operands(i);
  for (size_t k = 0; k < in.size(); k++) store(in[k], window_tag(k), window_bits(k));
  save_pc(i);
  const bool runs_code = ir::info(i.op).has(ir::kWorld);
  if (runs_code) count_inlined(i.frame, 1);
  Gp status = call_support(fn, a, b);
  if (runs_code) count_inlined(i.frame, -1);
  if (i.exit || ir::info(i.op).has(ir::kWorld | ir::kRaises)) check(i, status);
  if (i.result) take_result(i.result);
}

void Codegen::take_result(ValueId v) {
  Place p = new_place(f_.type_of(v));
  if (p.kind == Place::Tagged) cc().mov(p.tag, window_tag(0));
  if (p.kind == Place::Double)
    cc().movsd(p.x, window_bits(0));
  else
    cc().mov(p.bits, window_bits(0));
  places_[v.index] = p;
}

void Codegen::call(const Inst& i) {
  const ir::CallShape& shape = f_.module->call_shapes[i.imm];
  if (!shape.starred.empty() || !shape.keywords.empty()) return generic_exit(i, "call with keywords");
  support(i, rt_call, f_.operands(i).size() - 1);
}

void Codegen::call_method(const Inst& i) {
  const ir::CallShape& shape = f_.module->call_shapes[i.imm];
  if (!shape.starred.empty() || !shape.keywords.empty()) return generic_exit(i, "method call with keywords");
  support(i, rt_call_method, f_.operands(i).size() - 1, name(shape.method.index));
}

void Codegen::generic_exit(const Inst& i, const char* what) {
  if (in_.is_loop() && loops_.innermost(block_) != ir::Loops::kNone) return refuse(what);
  cc().jmp(way_out(i));
  define_anything(i);
}

void Codegen::call_compiled(const Inst& i) {
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
  count_inlined(i.frame, 1);
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
    count_inlined(i.frame, -1);
    cc().mov(field(vm_, offsetof(vm::VM, frame)), frame_);
    cc().bind(done);
    Label raised = way_out(i, NativeStatus::Raised);
    auto finish_call = [this, result, done, raised, frame = i.frame](const Gp& outcome) {
      count_inlined(frame, -1);
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
  Gp status = call_support(rt_call_compiled, in.size(), reinterpret_cast<uint64_t>(function));
  count_inlined(i.frame, -1);
  check(i, status);
  take_result(i.result);
}

void Codegen::call_native(const Inst& i) {
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

void Codegen::for_iter(const Inst& i) {
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

void Codegen::next_of_list(const Place& iterator, const Place& item, const Label& more, const Label& slow) {
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

}  // namespace tsvm::jit

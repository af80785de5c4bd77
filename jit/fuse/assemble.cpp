// Register allocation and assembly of vector code.
//
// The code is straight, so allocation is one walk over it: a value that must leave a register is the one whose next use
// is furthest away, which is the best there is for straight code. Values never change, so each is written to its frame
// slot at most once. Constants, splats and spilled values are read where they are if the instruction can.
//
// Frame (rsp is 64-byte aligned): call areas, then the save area of calls, then slots of 32 bytes.
//   rbx  operands' addresses (data)     r12  element     r13  n     rax, rcx, rdx, rsi, rdi, r8  scratch
#include "jit/fuse/assemble.h"

#include <asmjit/x86.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "jit/code_memory.h"
#include "ops/scalar/libm.h"

namespace tsvm::jit::fuse {

namespace x86 = asmjit::x86;
namespace I = x86::Inst;

namespace {

constexpr int kRegisters = 16;
constexpr int kFar = 1 << 30;

// Frame offsets.
constexpr int kArgA = 0, kArgB = 64, kResult = 128, kSave = 192, kSlots = 192 + 32 * kRegisters;

template <class T>
void call_lanes(int fn, int mask, T* out, const T* a, const T* b) noexcept {
  for (int i = 0; i < 8; i++)
    if (mask >> i & 1)
      ops::scalar::call_libm(static_cast<ops::scalar::LibmFn>(fn), 1, out + i, a + i, b ? b + i : nullptr);
}

class Errors : public asmjit::ErrorHandler {
 public:
  void handleError(asmjit::Error, const char* message, asmjit::BaseEmitter*) override {
    if (first_.empty()) first_ = message;
  }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

/// Whether the instruction needs all its sources in registers.
bool only_registers(uint32_t inst) {
  switch (inst) {
    case I::kIdVpslld:
    case I::kIdVpsllq:
    case I::kIdVpsrld:
    case I::kIdVpsrlq:
    case I::kIdVpsrad:
    case I::kIdVextractf128:
    case I::kIdVcvtps2ph: return true;
    default: return false;
  }
}

struct Cold {  // a call made out of line
  asmjit::Label entry, back;
  const Call* call;
  int result[2];
  uint32_t saved;  // registers that live on
};

class Assembler {
 public:
  Assembler(const VectorCode& code, asmjit::CodeHolder& holder) : code_(code), a_(&holder) {
    location_.assign(static_cast<size_t>(code.registers), -1);
    slot_.assign(static_cast<size_t>(code.registers), -1);
    slots_ = code.frame_slots;
  }

  void run() {
    pool_ = a_.newLabel();
    frame_size_ = a_.newLabel();
    a_.push(x86::rbp);
    a_.mov(x86::rbp, x86::rsp);
    a_.push(x86::rbx);
    a_.push(x86::r12);
    a_.push(x86::r13);
    a_.push(x86::r14);
    a_.sub(x86::rsp, x86::qword_ptr(frame_size_));
    a_.and_(x86::rsp, -64);
    a_.mov(x86::rbx, x86::rdi);
    a_.mov(x86::r13, x86::rsi);
    a_.xor_(x86::r12d, x86::r12d);
    section(code_.once);
    const asmjit::Label top = a_.newLabel(), end = a_.newLabel();
    a_.test(x86::r13, x86::r13);
    a_.jle(end);
    a_.align(asmjit::AlignMode::kCode, 32);
    a_.bind(top);
    section(code_.loop);
    a_.add(x86::r12, 8);
    a_.cmp(x86::r12, x86::r13);
    a_.jl(top);
    a_.bind(end);
    a_.vzeroupper();
    a_.lea(x86::rsp, x86::ptr(x86::rbp, -32));
    a_.pop(x86::r14);
    a_.pop(x86::r13);
    a_.pop(x86::r12);
    a_.pop(x86::rbx);
    a_.pop(x86::rbp);
    a_.ret();
    for (const Cold& c : cold_) out_of_line(c);
    a_.align(asmjit::AlignMode::kData, 32);
    a_.bind(pool_);
    if (!code_.pool.empty()) a_.embed(code_.pool.data(), code_.pool.size() * 8);
    a_.bind(frame_size_);
    a_.embedUInt64(static_cast<uint64_t>(kSlots + 32 * slots_ + 64));
  }

 private:
  // --- where things are

  x86::Mem frame(int offset, int bytes = 32) { return x86::ptr(x86::rsp, offset, static_cast<uint32_t>(bytes)); }
  static x86::Vec view(int r, int bytes) {
    if (bytes == 32) return x86::ymm(static_cast<uint32_t>(r));
    return x86::xmm(static_cast<uint32_t>(r));
  }

  /// The memory of a reference; for operands loads their address into rax.
  x86::Mem memory(const Ref& r) {
    const uint32_t bytes = r.bytes;
    switch (r.kind) {
      case Ref::Frame: return x86::ptr(x86::rsp, kSlots + 32 * r.at, bytes);
      case Ref::Pool: return x86::ptr(pool_, 32 * r.at, bytes);
      case Ref::Splat:
        a_.mov(x86::rax, x86::qword_ptr(x86::rbx, 8 * r.operand));
        return x86::ptr(x86::rax, r.at, bytes);
      case Ref::Tensor: {
        a_.mov(x86::rax, x86::qword_ptr(x86::rbx, 8 * r.operand));
        const uint8_t size = code_.operand_size[static_cast<size_t>(r.operand)];
        if (size == 16) {
          a_.lea(x86::rcx, x86::ptr(x86::r12, x86::r12));
          return x86::ptr(x86::rax, x86::rcx, 3, r.at, bytes);
        }
        const uint32_t shift = size == 8 ? 3 : size == 4 ? 2 : size == 2 ? 1 : 0;
        return x86::ptr(x86::rax, x86::r12, shift, r.at, bytes);
      }
      default: TSVM_UNREACHABLE("a reference that is no memory");
    }
  }

  // --- registers

  int next_use(int v) {
    const std::vector<int>& uses = uses_[static_cast<size_t>(v)];
    const auto it = std::upper_bound(uses.begin(), uses.end(), now_);
    return it == uses.end() ? kFar : *it;
  }

  /// A free register, making one free if need be. Registers of `pinned_` stay.
  int take() {
    for (int r = 0; r < kRegisters; r++)
      if (holds_[r] == -1 && !(pinned_ >> r & 1)) return r;
    int best = -1, furthest = -1;
    for (int r = 0; r < kRegisters; r++) {
      if (pinned_ >> r & 1) continue;
      const int next = next_use(holds_[r]);
      if (next > furthest) furthest = next, best = r;
    }
    TSVM_CHECK(best >= 0, "an instruction that needs more registers than there are");
    const int v = holds_[best];
    if (furthest < kFar && slot_[static_cast<size_t>(v)] < 0) {
      slot_[static_cast<size_t>(v)] = slots_++;
      a_.vmovups(frame(kSlots + 32 * slot_[static_cast<size_t>(v)]), x86::ymm(static_cast<uint32_t>(best)));
    }
    location_[static_cast<size_t>(v)] = -1;
    holds_[best] = -1;
    return best;
  }
  void assign(int r, const Ref& dst) {
    holds_[r] = dst.at;
    location_[static_cast<size_t>(dst.at)] = r;
  }
  bool in_register(const Ref& r) const { return r.kind == Ref::Reg && location_[static_cast<size_t>(r.at)] >= 0; }

  /// The reference in a register, loaded if need be; pins it.
  int to_register(const Ref& r) {
    if (in_register(r)) {
      const int at = location_[static_cast<size_t>(r.at)];
      pinned_ |= 1u << at;
      return at;
    }
    const int at = take();
    pinned_ |= 1u << at;
    if (r.kind == Ref::Reg) {
      a_.vmovups(x86::ymm(static_cast<uint32_t>(at)), frame(kSlots + 32 * slot_[static_cast<size_t>(r.at)]));
      assign(at, r);
    } else {
      Ref whole = r;
      if (r.bytes == 32 || r.bytes == 16)
        a_.emit(I::kIdVmovups, view(at, r.bytes), memory(whole));
      else
        a_.emit(I::kIdVmovq, x86::xmm(static_cast<uint32_t>(at)), memory(whole));
      temporaries_ |= 1u << at;
    }
    return at;
  }
  /// The reference as an operand: a register, or memory where it lies in memory.
  asmjit::Operand to_operand(const Ref& r) {
    if (in_register(r)) return view(to_register(r), r.bytes == 32 ? 32 : 16);
    if (r.kind == Ref::Reg) return frame(kSlots + 32 * slot_[static_cast<size_t>(r.at)], r.bytes);
    return memory(r);
  }
  void pin_if_in_register(const Ref& r) {
    if (in_register(r)) pinned_ |= 1u << location_[static_cast<size_t>(r.at)];
  }

  /// Frees the registers of values whose last use this was.
  void release(const Ref& r) {
    if (r.kind != Ref::Reg) return;
    const int at = location_[static_cast<size_t>(r.at)];
    if (at >= 0 && next_use(r.at) == kFar) {
      holds_[at] = -1;
      location_[static_cast<size_t>(r.at)] = -1;
    }
  }
  bool dies(const Ref& r) { return in_register(r) && next_use(r.at) == kFar; }
  void end_instruction() {
    pinned_ = 0;
    temporaries_ = 0;
  }
  /// A register for the result: after the sources were released, theirs may be taken.
  int result(const Ref& dst, bool over_sources = true) {
    if (over_sources) pinned_ = 0;
    const int r = take();
    assign(r, dst);
    return r;
  }

  // --- sections

  void count(const Ref& r) {
    if (r.kind == Ref::Reg) uses_[static_cast<size_t>(r.at)].push_back(now_);
  }

  void section(const std::vector<VInst>& list) {
    uses_.assign(static_cast<size_t>(code_.registers), {});
    now_ = 0;
    for (const VInst& v : list) {
      for (const Ref& r : v.src) count(r);
      if (v.call >= 0) {
        const Call& c = code_.calls[static_cast<size_t>(v.call)];
        for (const auto* refs : {&c.a, &c.b, &c.guard, &c.otherwise})
          for (const Ref& r : *refs) count(r);
      }
      now_++;
    }
    std::fill(std::begin(holds_), std::end(holds_), -1);
    now_ = 0;
    for (const VInst& v : list) {
      emit(v);
      end_instruction();
      now_++;
    }
  }

  void emit(const VInst& v) {
    switch (v.form) {
      case Form::Plain: return plain(v);
      case Form::Fma: return fma(v);
      case Form::Store: {
        const int r = to_register(v.src[0]);
        const int bytes = v.inst == I::kIdVmovq ? 16 : v.dst.bytes;
        a_.emit(v.inst, memory(v.dst), view(r, bytes));
        release(v.src[0]);
        return;
      }
      case Form::Libm: return libm(v);
      case Form::ToI64: return to_i64(code_.calls[static_cast<size_t>(v.call)]);
      case Form::ToF32: return to_f32(code_.calls[static_cast<size_t>(v.call)]);
    }
  }

  void plain(const VInst& v) {
    Ref src[3] = {v.src[0], v.src[1], v.src[2]};
    int n = 0;
    while (n < 3 && src[n].kind != Ref::None) n++;
    if (v.commutes && n == 2 && !in_register(src[0]) && in_register(src[1])) std::swap(src[0], src[1]);
    // The source that may stay in memory: the last, but for the blend, whose last is the mask.
    const int flexible = only_registers(v.inst) ? -1 : v.inst == I::kIdVblendvps ? 1 : n - 1;
    for (int k = 0; k < n; k++) pin_if_in_register(src[k]);
    asmjit::Operand ops[4];
    for (int k = 0; k < n; k++)
      if (k != flexible) ops[k] = view(to_register(src[k]), src[k].bytes == 32 ? 32 : 16);
    if (flexible >= 0) ops[flexible] = to_operand(src[flexible]);  // last: it may use rax
    for (int k = 0; k < n; k++) release(src[k]);
    const x86::Vec dst = view(result(v.dst), v.dst.bytes);
    if (v.has_imm)
      n == 1 ? a_.emit(v.inst, dst, ops[0], asmjit::imm(v.imm))
             : a_.emit(v.inst, dst, ops[0], ops[1], asmjit::imm(v.imm));
    else if (n == 1)
      a_.emit(v.inst, dst, ops[0]);
    else if (n == 2)
      a_.emit(v.inst, dst, ops[0], ops[1]);
    else
      a_.emit(v.inst, dst, ops[0], ops[1], ops[2]);
  }

  /// dst = a * b + c. The instruction overwrites one of its operands: one that dies here, or else a copy.
  void fma(const VInst& v) {
    Ref a = v.src[0], b = v.src[1];
    const Ref c = v.src[2];
    const bool doubles = v.inst == I::kIdVfmadd213pd;
    const uint32_t product_first = doubles ? I::kIdVfmadd213pd : I::kIdVfmadd213ps;  // x = x * y + z
    const uint32_t sum_first = doubles ? I::kIdVfmadd231pd : I::kIdVfmadd231ps;      // x = y * z + x
    for (const Ref& r : v.src) pin_if_in_register(r);
    auto finish = [&](int over) {
      for (const Ref& r : v.src) release(r);
      assign(over, v.dst);
    };
    auto same = [](const Ref& x, const Ref& y) { return x.kind == y.kind && x.at == y.at && x.operand == y.operand; };
    if (!in_register(a) && in_register(b)) std::swap(a, b);
    if (dies(c) && !same(c, a) && !same(c, b)) {
      const int over = to_register(c);
      const int first = to_register(a);
      const asmjit::Operand second = to_operand(b);
      a_.emit(sum_first, view(over, 32), view(first, 32), second);
      return finish(over);
    }
    if (dies(b) && !same(b, a) && !same(b, c) && !(dies(a) && !same(a, c))) std::swap(a, b);
    if (dies(a) && !same(a, b) && !same(a, c)) {
      const int over = to_register(a);
      const int second = to_register(b);
      const asmjit::Operand third = to_operand(c);
      a_.emit(product_first, view(over, 32), view(second, 32), third);
      return finish(over);
    }
    const int over = take();
    pinned_ |= 1u << over;
    const x86::Vec dst = view(over, 32);
    if (!in_register(c)) {
      // c comes from memory anyway.
      const int first = to_register(a);
      a_.emit(I::kIdVmovups, dst, to_operand(c));
      a_.emit(sum_first, dst, view(first, 32), to_operand(b));
    } else {
      const int third = to_register(c);
      const int second = to_register(b);
      a_.emit(I::kIdVmovups, dst, to_operand(a));
      a_.emit(product_first, dst, view(second, 32), view(third, 32));
    }
    finish(over);
  }

  // --- element by element

  /// Puts vectors into a call area.
  void spill_to(int offset, const std::vector<Ref>& refs) {
    for (size_t k = 0; k < refs.size(); k++) {
      const int r = to_register(refs[k]);
      a_.vmovups(frame(offset + 32 * static_cast<int>(k)), x86::ymm(static_cast<uint32_t>(r)));
    }
  }

  void to_i64(const Call& c) {
    spill_to(kArgA, c.a);
    for (int i = 0; i < 8; i++) {
      if (c.doubles)
        a_.cvttsd2si(x86::rax, frame(kArgA + 8 * i, 8));
      else
        a_.cvttss2si(x86::rax, frame(kArgA + 4 * i, 4));
      a_.mov(frame(kSlots + 32 * c.result[static_cast<size_t>(i / 4)].at + 8 * (i % 4), 8), x86::rax);
    }
    for (const Ref& r : c.a) release(r);
  }
  void to_f32(const Call& c) {
    spill_to(kArgA, c.a);
    for (const Ref& r : c.a) release(r);
    pinned_ = 0;
    const x86::Vec t = view(take(), 16);
    for (int i = 0; i < 8; i++) {
      a_.emit(I::kIdVxorps, t, t, t);
      a_.emit(I::kIdVcvtsi2ss, t, t, frame(kArgA + 8 * i, 8));
      a_.emit(I::kIdVmovss, frame(kSlots + 32 * c.result[0].at + 4 * i, 4), t);
    }
  }

  void libm(const VInst& v) {
    const Call& c = code_.calls[static_cast<size_t>(v.call)];
    const size_t n = c.a.size();
    Cold out{};
    out.call = &c;
    spill_arguments(c);
    // The result begins as what unguarded elements keep.
    x86::Gp mask = x86::eax;
    if (!c.guard.empty()) {
      for (size_t k = 0; k < n; k++) {
        const int g = to_register(c.guard[k]);
        const x86::Gp to = k == 0 ? x86::eax : x86::ecx;
        a_.emit(c.doubles ? I::kIdVmovmskpd : I::kIdVmovmskps, to, x86::ymm(static_cast<uint32_t>(g)));
      }
      if (n == 2) {
        a_.shl(x86::ecx, 4);
        a_.or_(mask, x86::ecx);
      }
      a_.mov(x86::r14d, mask);  // fetching the other operands may use rax
    }
    int from[2] = {-1, -1};
    for (size_t k = 0; k < n && !c.guard.empty(); k++) from[k] = to_register(c.otherwise[k]);
    for (const auto* refs : {&c.a, &c.b, &c.guard})
      for (const Ref& r : *refs) release(r);
    for (size_t k = 0; k < n; k++) {
      if (from[k] >= 0 && (dies(c.otherwise[k]) || (temporaries_ >> from[k] & 1)) && (k == 0 || from[1] != from[0])) {
        release(c.otherwise[k]);
        out.result[k] = from[k];
      } else {
        out.result[k] = take();
        pinned_ |= 1u << out.result[k];
        if (from[k] >= 0)
          a_.vmovups(x86::ymm(static_cast<uint32_t>(out.result[k])), x86::ymm(static_cast<uint32_t>(from[k])));
      }
    }
    for (const Ref& r : c.otherwise) release(r);
    for (size_t k = 0; k < n; k++) assign(out.result[k], c.result[k]);
    for (int r = 0; r < kRegisters; r++)
      if (holds_[r] >= 0 && r != out.result[0] && (n == 1 || r != out.result[1])) out.saved |= 1u << r;
    out.entry = a_.newLabel();
    out.back = a_.newLabel();
    if (c.guard.empty()) {
      a_.mov(x86::r14d, 0xff);
      a_.jmp(out.entry);
    } else {
      a_.test(x86::r14d, x86::r14d);
      a_.jnz(out.entry);
    }
    a_.bind(out.back);
    cold_.push_back(out);
  }
  /// The arguments are stored before the test, not in the cold part: there their registers may be taken already.
  void spill_arguments(const Call& c) {
    spill_to(kArgA, c.a);
    spill_to(kArgB, c.b);
  }

  void out_of_line(const Cold& c) {
    const size_t n = c.call->a.size();
    a_.bind(c.entry);
    for (size_t k = 0; k < n && !c.call->guard.empty(); k++)
      a_.vmovups(frame(kResult + 32 * static_cast<int>(k)), x86::ymm(static_cast<uint32_t>(c.result[k])));
    for (int r = 0; r < kRegisters; r++)
      if (c.saved >> r & 1) a_.vmovups(frame(kSave + 32 * r), x86::ymm(static_cast<uint32_t>(r)));
    a_.vzeroupper();
    a_.mov(x86::edi, static_cast<int>(c.call->fn));
    a_.mov(x86::esi, x86::r14d);
    a_.lea(x86::rdx, frame(kResult));
    a_.lea(x86::rcx, frame(kArgA));
    if (c.call->b.empty())
      a_.xor_(x86::r8d, x86::r8d);
    else
      a_.lea(x86::r8, frame(kArgB));
    a_.mov(x86::rax, c.call->doubles ? reinterpret_cast<uint64_t>(&call_lanes<double>)
                                     : reinterpret_cast<uint64_t>(&call_lanes<float>));
    a_.call(x86::rax);
    for (int r = 0; r < kRegisters; r++)
      if (c.saved >> r & 1) a_.vmovups(x86::ymm(static_cast<uint32_t>(r)), frame(kSave + 32 * r));
    for (size_t k = 0; k < n; k++)
      a_.vmovups(x86::ymm(static_cast<uint32_t>(c.result[k])), frame(kResult + 32 * static_cast<int>(k)));
    a_.jmp(c.back);
  }

  const VectorCode& code_;
  x86::Assembler a_;
  asmjit::Label pool_, frame_size_;
  std::vector<int> location_, slot_;
  std::vector<std::vector<int>> uses_;
  std::vector<Cold> cold_;
  int holds_[kRegisters];
  uint32_t pinned_ = 0, temporaries_ = 0;
  int slots_ = 0;
  int now_ = 0;
};

}  // namespace

bool processor_can_run() {
  const asmjit::CpuFeatures::X86& f = asmjit::CpuInfo::host().features().x86();
  return f.hasAVX2() && f.hasFMA() && f.hasF16C();
}

Machine assemble(const VectorCode& code, std::string& why, std::string* text) {
  Machine m;
  Errors errors;
  asmjit::StringLogger logger;
  asmjit::CodeHolder holder;
  holder.init(asmjit::Environment::host());
  holder.setErrorHandler(&errors);
  if (text != nullptr) holder.setLogger(&logger);
  Assembler(code, holder).run();
  if (text != nullptr) text->assign(logger.data(), logger.dataSize());
  if (!errors.first().empty()) {
    why = errors.first();
    return m;
  }
  auto entry = reinterpret_cast<ops::scalar::NativeFn>(install_code(holder));
  if (!entry) {
    why = "no memory for code";
    return m;
  }
  m.entry = entry;
  m.bytes = holder.codeSize();
  return m;
}

}  // namespace tsvm::jit::fuse

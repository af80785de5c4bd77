// The generator of machine code as its parts see it (codegen.h says what it does). The parts:
//   codegen.cpp       the function, its blocks and edges, where values are
//   references.cpp    who owns a reference; ways out
//   instructions.cpp  one instruction each
//   arithmetic.cpp    numbers and tests
//   calls.cpp         calls, iteration
#pragma once

#include <asmjit/x86.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ir/analysis/dominators.h"
#include "ir/analysis/liveness.h"
#include "ir/analysis/loops.h"
#include "jit/scalar/codegen.h"
#include "jit/scalar/support.h"
#include "vm/jit_callbacks.h"
#include "vm/lower/lower.h"

namespace tsvm::jit {

using namespace asmjit;
using ir::ArithOp;
using ir::BlockId;
using ir::CompareOp;
using ir::ExitId;
using ir::Inst;
using ir::InstId;
using ir::Opcode;
using ir::TypeId;
using ir::TypeTable;
using ir::UnaryOp;
using ir::ValueId;
using vm::NativeStatus;
using vm::Tag;
using x86::Gp;
using x86::Mem;
using x86::Xmm;
namespace types = ir::types;

constexpr uint32_t kNone = 0xffffffffu;

/// Where a value is.
struct Place {
  enum Kind : uint8_t {
    Nowhere,
    Int,      // raw bool or int in `bits`
    Double,   // raw float in `x`
    Tagged,   // tag (unless known) and bits
    Boxed,    // box of `of`
    Fixed,    // constant: `imm`, with the known tag when it is tagged
    Test,     // comparison that is made where it is used
    Virtual,  // only ways out need it
  } kind = Nowhere;
  bool tag_known = false;
  Tag known = Tag::Object;
  Gp tag, bits;
  Xmm x;
  uint64_t imm = 0;
  ValueId of;
};

class Codegen {
 public:
  Codegen(const CodegenInput& in, NativeCode& out)
      : in_(in),
        f_(in.f),
        out_(out),
        cfg_(in.f),
        doms_(in.f, cfg_),
        live_(in.f, cfg_),
        loops_(in.f, cfg_, doms_),
        places_(in.f.values.size()),
        root_(in.f.values.size()) {}

  void run();

 private:
  // --- preparation ---

  void refuse(const std::string& reason) {
    if (out_.reason.empty()) out_.reason = reason;
  }

  void find_order();
  static bool is_test(Opcode op) {
    return op == Opcode::CompareI64 || op == Opcode::CompareF64 || op == Opcode::NotBool;
  }

  void find_tests();
  void find_virtuals();
  bool tagged(ValueId v) const { return !TypeTable::is_raw(f_.type_of(v)); }
  const ir::ObjectRef& object(const Inst& i) const { return f_.objects[i.imm]; }

  static bool is_alias(const Inst& i) {
    return i.op == Opcode::GuardShape || i.op == Opcode::GuardType || i.op == Opcode::GuardRange ||
           i.op == Opcode::Cast || i.op == Opcode::CheckBound || i.op == Opcode::RangeIter;
  }
  /// An object that only exit states name: it is made on the way out. (Of range_iter: brought up to date.)
  static bool may_be_virtual(Opcode op) {
    return op == Opcode::MakeRange || op == Opcode::MakeRangeIter || op == Opcode::MakeListIter;
  }
  bool is_virtual(const Inst& i) const { return may_be_virtual(i.op) && virtual_[i.result.index]; }
  static bool is_load(const Inst& i) {
    return i.op == Opcode::FieldLoad || i.op == Opcode::ListLoad || i.op == Opcode::GlobalLoad ||
           i.op == Opcode::LoadSlot;
  }

  void find_roots();
  void set_root(const Inst& i);
  bool check_borrows(BlockId b);
  std::set<uint32_t> roots_of(const ir::ValueSet& set) const;

  // --- small things ---

  x86::Compiler& cc() { return *cc_; }
  static Mem at(const Gp& base, size_t offset, uint32_t size = 8) {
    return Mem(base, static_cast<int32_t>(offset), size);
  }
  Mem reg_tag(uint16_t r) { return at(regs_, 16 * size_t{r}); }
  Mem reg_bits(uint16_t r) { return at(regs_, 16 * size_t{r} + 8); }

  Gp gp() { return cc().newUInt64(); }
  Gp address(const void* p) {
    Gp r = gp();
    cc().mov(r, imm(reinterpret_cast<uint64_t>(p)));
    return r;
  }

  const Place& place(ValueId v) const { return places_[v.index]; }

  /// A raw bool or int in a register.
  Gp ints(ValueId v);
  std::optional<int32_t> small(ValueId v) const {
    const Place& p = place(v);
    if (p.kind != Place::Fixed) return std::nullopt;
    auto i = static_cast<int64_t>(p.imm);
    if (i != static_cast<int32_t>(i)) return std::nullopt;
    return static_cast<int32_t>(i);
  }
  Xmm doubles(ValueId v);
  void load_double(const Xmm& x, uint64_t bits);

  /// Tag and payload of any value as it is stored in memory.
  void store(ValueId v, const Mem& tag_at, const Mem& bits_at);
  void store_raw(ValueId v, const Mem& to);
  void store_imm(uint64_t value, const Mem& to);

  /// The payload of a tagged value in a general register.
  Gp bits(ValueId v);
  Gp raw_bits(ValueId v);
  Gp fixed_bits(uint64_t value) {
    Gp r = gp();
    cc().mov(r, imm(value));
    return r;
  }

  bool tag_is_known(ValueId v, Tag& tag) const;

  // --- references ---

  void retain(ValueId v);
  void release(ValueId v);

  /// A guard that every way to here has passed says that the value is a scalar, which owns nothing.
  bool is_scalar_here(ValueId root) const;
  void call_void(void* fn, std::initializer_list<Gp> args);

  // --- ways out ---

  struct Stub {
    Label label;
    ExitId exit;
    NativeStatus status;
    std::set<uint32_t> held;
    BlockId block;
    uint32_t position;
    bool counts;
  };

  /// Where to jump to leave with the instruction's exit state.
  /// `counts`: it is a guard that fails, so that other code might do better.
  Label way_out(const Inst& i, NativeStatus status = NativeStatus::Resume, bool counts = true);
  void emit_stub(const Stub& s);
  /// Makes an object that only exit states name; it is in the window then.
  void make_virtual(const Inst& i);
  Support maker_of(Opcode op) const;
  static bool is_slot(const vm::Code& code, uint16_t r) {
    return !(r & vm::LowerMap::kRaw) && r >= code.num_params && r < code.num_params + code.num_slots;
  }
  /// What a frame of an exit state, or of an instruction, belongs to: 0 is the function itself.
  const vm::Function* inlined_function(uint32_t frame) const;
  const vm::CodeState& state_of(uint32_t frame) const;
  const BytecodeStates& states_of(uint32_t frame) const;
  /// Jumps there unless there is room for the frames of inlined functions.
  void check_room(const Label& full);
  void set_pc(uint32_t pc) {
    cc().mov(at(frame_, offsetof(vm::Frame, pc)), address(in_.state->code->words.data() + pc));
  }
  void finish(NativeStatus status) {
    Gp r = cc().newUInt32();
    cc().mov(r, imm(static_cast<uint32_t>(status)));
    cc().ret(r);
  }

  // --- the function ---

  void function();
  Place new_place(TypeId t);
  Mem window_tag(size_t k) {
    Mem m = window_.cloneAdjusted(static_cast<int64_t>(16 * k));
    m.setSize(8);
    return m;
  }
  Mem window_bits(size_t k) {
    Mem m = window_.cloneAdjusted(static_cast<int64_t>(16 * k + 8));
    m.setSize(8);
    return m;
  }

  void arrive();
  void block(BlockId b, BlockId next);

  /// An interrupt that waits is seen once in each round of a loop, at a place where code can be left.
  void poll(const Inst& i);

  /// The reference of a value goes to who takes it over, when this instruction is its last use.
  bool take(ValueId v);
  void give(ValueId v) {
    if (!take(v)) retain(v);
  }

  // --- tests ---

  bool is_lazy(const Inst& i) const { return is_test(i.op) && !other_use_[i.result.index]; }

  /// Sets flags for a comparison of ints; the condition is for "a op b".
  static x86::CondCode signed_condition(CompareOp op);
  void compare_ints(ValueId a, ValueId b);
  void jump_if(ValueId v, bool sense, const Label& target);
  void materialise(ValueId v, const Gp& out);

  // --- instructions ---

  void set_int(ValueId v, const Gp& r) {
    Place& p = places_[v.index];
    p = Place();
    p.kind = Place::Int;
    p.bits = r;
  }
  void set_double(ValueId v, const Xmm& x) {
    Place& p = places_[v.index];
    p = Place();
    p.kind = Place::Double;
    p.x = x;
  }

  void instruction(const Inst& i);
  void define_anything(const Inst& i);
  static size_t fields_offset() {
    const auto* i = reinterpret_cast<const vm::Instance*>(4096);
    return reinterpret_cast<size_t>(&i->fields) - 4096;
  }
  static size_t shape_offset() {
    const auto* i = reinterpret_cast<const vm::Instance*>(4096);
    return reinterpret_cast<size_t>(&i->shape) - 4096;
  }

  void fixed(ValueId v, Tag tag, uint64_t value) {
    Place p;
    p.kind = Place::Fixed;
    p.known = tag;
    p.imm = value;
    places_[v.index] = p;
  }

  void make_constant(const Inst& i);
  bool same_constant(const ir::Constant& ours, const ir::Constant& theirs, const vm::CodeState& state) const;
  uint64_t name(uint32_t id) { return reinterpret_cast<uint64_t>(in_.vm.name(f_.module->text(ir::NameId(id)))); }

  /// A tagged value from memory; it owns a reference if it is to.
  void load_value(ValueId v, const Gp& base, size_t offset, bool count = true);

  /// Stores a value over another.
  void replace_value(ValueId v, const Gp& base, size_t offset);
  void release_raw(const Gp& tag, const Gp& value);

  // --- calls of support functions ---

  Gp call_support(Support fn, uint64_t a, uint64_t b);
  /// Calls out of an inlined body count the levels that have no frame, once before (1) and once behind them (-1).
  void count_inlined(uint32_t frame, int sign);
  void check(const Inst& i, const Gp& status);
  void save_pc(const Inst& i) {
    if (i.exit) set_pc(f_.exits[i.exit.index].frames[0].bytecode_pc);
  }

  void support(const Inst& i, Support fn, uint64_t a = 0, uint64_t b = 0);
  void take_result(ValueId v);
  void generic_compare(const Inst& i);
  void call(const Inst& i);
  void call_method(const Inst& i);
  void generic_exit(const Inst& i, const char* what);
  void call_compiled(const Inst& i);
  void call_native(const Inst& i);

  // --- guards ---

  void check_tag(const Inst& i, ValueId v, Tag wanted);
  void unbox(ValueId result, ValueId v);
  void guard_type(const Inst& i);
  void guard_shape(const Inst& i);
  void guard_is(const Inst& i);
  void guard_range(const Inst& i);
  void global_load(const Inst& i);

  // --- lists ---

  Mem element(const Gp& data, ValueId index, uint32_t shift, uint32_t offset = 0);
  void list_load(const Inst& i);
  void list_store(const Inst& i);

  // --- arithmetic ---

  void arith_i64(const Inst& i);
  void divide(const Inst& i, const Gp& out);
  void arith_f64(const Inst& i);
  void unary_i64(const Inst& i);
  void unary_f64(const Inst& i);
  void select(const Inst& i);
  void copy_tagged(const Place& to, ValueId v);

  // --- edges and terminators ---

  bool needs_code(const ir::Edge& e) const;

  /// Roots that are needed behind an edge as they are, that is without the parameters made there.
  std::set<uint32_t> survivors(BlockId target) const;

  /// References first, then moves that happen at once, then what dies here is released.
  void edge(const ir::Edge& e, bool may_fall_through);
  // Only then can an argument be a parameter of the target.
  bool on_back_edge(BlockId target) const { return doms_.dominates(target, block_); }

  void move_double(const Xmm& to, ValueId v);
  void move_int(const Gp& to, ValueId v);
  Place copy_of(ValueId v);
  void terminator(const Inst& i);
  void for_iter(const Inst& i);

  /// The next item of a list iterator whose list holds scalars.
  void next_of_list(const Place& iterator, const Place& item, const Label& more, const Label& slow);
  void give_back(ValueId v);

  /// Type feedback: what the function has returned.
  void note_result(ValueId v);

  const CodegenInput& in_;
  const ir::Function& f_;
  NativeCode& out_;
  ir::Cfg cfg_;
  ir::Dominators doms_;
  ir::Liveness live_;
  ir::Loops loops_;
  x86::Compiler* cc_ = nullptr;
  std::vector<BlockId> order_;
  std::vector<Place> places_;
  std::vector<ValueId> root_;  // by value: the one that owns the reference; none: borrowed or no reference
  std::set<uint32_t> borrowed_;
  std::vector<bool> other_use_, virtual_;
  std::map<uint32_t, Label> labels_;
  std::map<uint32_t, std::vector<std::pair<BlockId, uint32_t>>> scalar_in_;  // guards: block and position
  std::vector<Stub> stubs_;
  std::vector<std::function<void()>> later_;
  std::vector<std::set<uint32_t>> after_;  // by instruction of the block: roots that are needed behind it
  std::set<uint32_t> held_, taken_, polled_;
  BlockId block_, next_;
  uint32_t index_ = 0;     // of the instruction in its block
  uint32_t position_ = 0;  // twice that; one more once it has been done
  Gp vm_, frame_, regs_;
  Mem window_;
};

}  // namespace tsvm::jit

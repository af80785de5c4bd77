// What the interpreter has recorded, as answers to the questions of ir/passes/specialise.h.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "ir/passes/specialise.h"
#include "jit/scalar/native_code.h"
#include "vm/frame.h"
#include "vm/lower/lower.h"

namespace tsvm::jit {

/// The states of bytecode in terms of SSA values, from the map that lowering gives. Frame slots are left out: compiled
/// code keeps them where they are.
class BytecodeStates : public ir::ResumeMap {
 public:
  BytecodeStates(const ir::Function& f, const vm::LowerMap& map, const vm::Code& code);
  const ir::ResumeState* before(ir::InstId inst) const override;
  /// The state at a place of the bytecode; null when none was recorded.
  const ir::ResumeState* at(uint32_t pc) const;
  /// Registers that have to be unbound at a place. Between load_method and its call bytecode has an attribute in two
  /// registers, the second of which is the object when no bound method was made; compiled code always makes one. Null:
  /// there are none.
  const std::vector<uint16_t>* cleared_at(uint32_t pc) const;
  /// Registers that an instruction takes over (they are last uses): while a call runs they are unbound.
  std::vector<uint16_t> taken_at(uint32_t pc) const;
  /// Where the bytecode of an instruction starts, -1: it has none.
  int64_t pc_of(ir::InstId inst) const;

 private:
  const vm::Code& code_;
  std::unordered_map<uint32_t, ir::ResumeState> by_inst_;
  std::unordered_map<uint32_t, uint32_t> inst_at_;
  std::unordered_map<uint32_t, std::vector<uint16_t>> cleared_;
};

/// A C function of doubles that stands behind a native function of the language.
struct Math {
  const char* module;
  const char* name;
  const void* code;
  uint32_t arity;
  bool converts = true;  // ints are taken for floats
};

class Feedback : public ir::Sites {
 public:
  /// `f`: the generic function; `globals`: its module's.
  Feedback(vm::VM& vm, vm::CodeState* state, vm::Dict* globals, const ir::Function& f, const BytecodeStates& states,
           NativeCode& out);

  /// The blocks outside of these are left out: compiled code leaves when it gets there. Empty: all are wanted.
  std::vector<bool> wanted;
  const vm::Value* arguments = nullptr;  // of the call at hand, when there is one

  ir::TypeId param(uint32_t i) const override;
  ir::TypeId result(ir::InstId) const override;
  bool never_reached(ir::BlockId) const override;
  std::optional<Attribute> attribute(ir::InstId) const override;
  std::optional<Global> global(ir::InstId) const override;
  std::optional<ModuleValue> module_value(ir::InstId) const override;
  std::optional<Item> item(ir::InstId) const override;
  std::optional<Callee> callee(ir::InstId) const override;
  std::optional<int32_t> range_step(ir::InstId) const override;
  std::optional<RangeCall> range_call(ir::InstId) const override;
  std::optional<ir::TypeId> iterated_list(ir::InstId) const override;

 private:
  const vm::Instr* instr(ir::InstId i) const;
  const vm::Cache* cache(ir::InstId i) const;
  /// What the for_iter over that iterator remembers; null when there is none.
  const vm::Cache* loop_over(ir::ValueId iterator) const;
  std::optional<Global> global_at(vm::Dict* dict, uint32_t index, vm::Dict* hidden_by) const;
  /// The variable of a module that load_attr or call_method names.
  struct ModuleEntry {
    vm::Value module;
    vm::Dict* dict = nullptr;
    uint32_t index = 0;
    vm::Value value() const { return dict->entries[index].value; }
  };
  std::optional<ModuleEntry> module_entry(ir::InstId i) const;
  /// The value that an operand always is, when feedback knows it.
  vm::Value known_value(ir::ValueId v) const;
  std::vector<ir::ObjectRef> function_refs(vm::Value v) const;
  ir::ObjectRef value_ref(vm::Value v) const;
  bool shape_is_current(const vm::Cache& c) const;
  ir::ObjectRef shape_ref(const vm::Cache& c) const;
  void keep(vm::Value v) const;

  vm::VM& vm_;
  vm::CodeState* state_;
  vm::Dict* globals_;
  const ir::Function& f_;
  const BytecodeStates& states_;
  NativeCode& out_;
};

/// The raw type of a value with that tag; Any for others.
ir::TypeId raw_type(vm::Tag tag);

}  // namespace tsvm::jit

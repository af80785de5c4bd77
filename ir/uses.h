// Walking, counting and replacing the uses of values.
//
// A value is used as an operand, as an argument of an edge, and by exit states. Exit states are a table of their own,
// shared by instructions, so replacing goes over tables and never needs to find users.
#pragma once

#include <vector>

#include "ir/function.h"

namespace tsvm::ir {

/// Calls fn(ValueId) for each operand and edge argument of an instruction, then for what its exit state needs.
template <class Fn>
void for_each_use(const Function& f, const Inst& inst, Fn&& fn) {
  for (ValueId v : f.operands(inst)) fn(v);
  for (const Edge& e : f.successors(inst))
    for (ValueId v : f.args(e)) fn(v);
  if (inst.exit)
    for (const ExitFrame& frame : f.exits[inst.exit.index].frames)
      for (const auto& [reg, v] : frame.registers) fn(v);
}

/// How often each value is used by the instructions of live blocks.
std::vector<uint32_t> count_uses(const Function& f);

/// Replacements that are collected first and then made everywhere at once.
class Replacements {
 public:
  explicit Replacements(Function& f) : f_(f), to_(f.values.size()) {}

  bool empty() const { return count_ == 0; }
  uint32_t count() const { return count_; }
  /// From now on `from` stands for `to` (which may itself be replaced, before or later).
  void add(ValueId from, ValueId to);
  /// What stands for a value now.
  ValueId find(ValueId v) const;
  /// Rewrites the operands and arguments of one instruction (not its exit state).
  void apply(Inst& inst);
  /// Rewrites everything: operands, arguments, exit states.
  void apply_everywhere();

 private:
  Function& f_;
  mutable std::vector<ValueId> to_;
  uint32_t count_ = 0;
};

/// Removes the marked instructions (by id) from their blocks.
void erase(Function& f, const std::vector<bool>& marked);

/// Renumbers values, instructions, blocks and exits in the order in which they are printed and drops what is no longer
/// used. Entry becomes block 0. All ids change.
void compact(Function& f);

/// A deep copy within the same module. Feedback and the like keyed by id stay valid for it.
inline Function copy_of(const Function& f) { return f; }

}  // namespace tsvm::ir

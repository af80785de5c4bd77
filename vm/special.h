// Special methods and slots: each slot of a native type shows up as a method (`int.__add__`), and each special method
// of a class written in the language fills a slot. See vm/special.cpp.
#pragma once

#include "vm/make.h"
#include "vm/runtime.h"

namespace tsvm::vm {

struct Special;

/// A method that stands for a slot of a native type.
struct SlotWrapper : GcObject {
  Type* owner;  // borrowed: native types live as long as the VM
  const Special* special;
  Str* name;
};

/// Adds a wrapper to the type's dict for every slot that it defines itself.
void add_slot_wrappers(VM& vm, Type* type);
/// Sets the slots of a class of the language from the special methods that its mro has.
void update_slots(VM& vm, Type* type);
/// The name is one that update_slots reads.
bool is_special_name(Str* name);
Value call_wrapper(VM& vm, SlotWrapper* w, Value self, std::span<const Value> args, std::span<Str* const> keywords);

/// `derived`, a subclass of `base`, answers the reflected operation in its own way.
bool overrides_reflected(VM& vm, Type* derived, Type* base, ir::ArithOp op);

/// The static method __new__ of a native type.
Value make_new_function(VM& vm, Type* owner);
/// Whose __new__ it is; null for other values.
Type* owner_of_new(VM& vm, Value function);
/// Calls it: the first argument is the class.
Value call_new(VM& vm, Type* owner, std::span<const Value> args, std::span<Str* const> keywords);

}  // namespace tsvm::vm

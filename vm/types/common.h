// What the files of vm/types/ share.
#pragma once

#include "base/check.h"
#include "vm/make.h"
#include "vm/runtime.h"

namespace tsvm::vm {

/// Gives a new object of a type with attributes an empty set of them. Fixed-size objects only.
inline void finish_instance(VM& vm, Object* o) {
  Type* t = o->type;
  if (!t->attributes_offset) return;
  auto* a = new (reinterpret_cast<char*>(o) + t->attributes_offset) Attributes();
  a->shape = root_shape(vm, t);
  if (!t->is_gc) vm.heap.track_extra(o);
}

/// Slots::hash of types that have none: TypeError.
bool unhashable(VM& vm, Value self, uint64_t& out);
/// __class_getitem__ of generic types: list[int].
Value class_getitem(VM& vm, const Value* a);
/// object.__getattribute__'s answer through slots.get_attr conventions.
Value object_repr(VM& vm, Value self);
/// Calls a special method of the type with self first; Unbound when there is none.
Value call_special(VM& vm, Value self, Str* name, std::span<const Value> args);
inline Value call_special(VM& vm, Value self, Str* name, std::initializer_list<Value> args) {
  return call_special(vm, self, name, std::span<const Value>(args.begin(), args.size()));
}
/// type.__instancecheck__.
int default_is_instance(VM& vm, Value object, Value cls);
void clear_method_cache(VM& vm);
/// A field of vm/exceptions.def.
void set_exception_field(VM& vm, Value exception, std::string_view name, Value value);
inline const char* type_name(VM& vm, Value v) { return type_of(vm, v)->name->data; }

/// repr of a sequence of values between brackets, used by list and tuple.
template <class Get>
bool append_items(VM& vm, std::string& out, Get&& get) {
  for (uint64_t i = 0;; i++) {
    Ref item(get(i));
    if (item->is_unbound()) return true;
    if (i) out += ", ";
    if (!repr_to(vm, *item, out)) return false;
  }
}

/// < <= > >= of ints already compared: -1, 0, 1.
inline bool order_holds(ir::CompareOp op, int c) {
  switch (op) {
    case ir::CompareOp::Lt: return c < 0;
    case ir::CompareOp::Le: return c <= 0;
    case ir::CompareOp::Eq: return c == 0;
    case ir::CompareOp::Ne: return c != 0;
    case ir::CompareOp::Gt: return c > 0;
    default: return c >= 0;
  }
}

}  // namespace tsvm::vm

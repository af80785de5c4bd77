// Weak references: objects that know another one without keeping it alive.
//
// An object with weak references has the flag kWeakly and an entry in the VM's table; when it dies, its references are
// emptied, then their callbacks run.
#pragma once

#include "vm/vm.h"

namespace tsvm::vm {

struct WeakReference : GcObject {
  Object* target;  // borrowed; null: gone
  Value callback;  // None when absent
  uint64_t hash = 0;
};

/// A weak reference to the object (the existing one when there is no callback); TypeError for kinds that have none.
Value make_weak_reference(VM& vm, Type* type, Value target, Value callback);
/// All weak references to the object, borrowed.
std::vector<WeakReference*> weak_references_to(VM& vm, Object* o);
void clear_weak_references(VM& vm, Object* target);

}  // namespace tsvm::vm

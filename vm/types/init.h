// What each file in vm/types/ does when a VM is made: fill the slots and methods of its types. Called in this order,
// bases first; the Type objects of vm/types.def exist by then.
#pragma once

#include "vm/vm.h"

namespace tsvm::vm {

#define TSVM_TYPE_FILES(X)                                                                                          \
  X(object)                                                                                                         \
  X(type)                                                                                                           \
  X(str) X(bytes) X(int) X(float) X(complex) X(list) X(tuple) X(dict) X(dict_views) X(set) X(range) X(function)     \
      X(descriptors) X(iterators) X(module) X(exception) X(singletons) X(generic_alias) X(weak) X(file) X(builtins) \
          X(memory_view)

#define X(name) void init_##name(VM& vm);
TSVM_TYPE_FILES(X)
#undef X

}  // namespace tsvm::vm

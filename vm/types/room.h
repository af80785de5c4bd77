// Sizes that no memory can hold are refused before anything is tried.
#pragma once

#include <unistd.h>

#include "vm/runtime.h"

namespace tsvm::vm {

/// Whether `count` things of `each` bytes may fit: no more than the machine's memory. Else MemoryError is pending.
inline bool room_for(VM& vm, uint64_t count, uint64_t each = 1) {
  static const uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return count <= memory / (each ? each : 1) || fail(vm, vm.types.MemoryError, "%s", "");
}

}  // namespace tsvm::vm

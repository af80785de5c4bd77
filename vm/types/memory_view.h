// What other types ask of memoryview (memory_view.cpp).
#pragma once

#include <string_view>

#include "vm/vm.h"

namespace tsvm::vm {

/// A view of all of a bytes or bytearray object.
Value make_memory_view(VM& vm, Value owner);
bool is_memory_view(Value v);
/// A view of contiguous bytes that are still there.
bool is_plain_memory(Value v);
std::string_view plain_memory(Value v);

}  // namespace tsvm::vm

// Iterators of built-in containers that the interpreter and compiled code step without a call.
#pragma once

#include "vm/object.h"

namespace tsvm::vm {

/// range_iterator: over ints that all fit 64 bits.
struct RangeIterator : GcObject {
  int64_t current, step, remaining;
};

/// list_iterator and list_reverse_iterator.
struct ListIterator : GcObject {
  Value list;  // Unbound: exhausted
  int64_t i;
};

struct TupleIterator : GcObject {
  Value tuple;  // Unbound: exhausted
  uint32_t i;
};

}  // namespace tsvm::vm

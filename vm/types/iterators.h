// Iterators that other files make or use.
#pragma once

#include "vm/vm.h"

namespace tsvm::vm {

/// iter(callable, sentinel).
Value make_callable_iterator(VM& vm, Value callable, Value sentinel);
/// Over anything with __getitem__: 0, 1, ... until IndexError.
Value make_sequence_iterator(VM& vm, Value sequence);
/// StopIteration as next() raises it for an exhausted iterator: a generator's return value is its argument.
Value raise_stop_iteration(VM& vm, Value iterator);

}  // namespace tsvm::vm

// What the two halves of `_pickle` share: the exceptions, and the types that the module shows.
#pragma once

#include "vm/native.h"

namespace tsvm::stdlib::pickle {

struct PickleTypes : vm::Extension {
  vm::Type* reader = nullptr;
  vm::Type* writer = nullptr;
  vm::Value error, pickling_error, unpickling_error;  // classes
  void clear(vm::VM& vm) override;
};

/// Makes the exceptions at the first call.
PickleTypes& pickle_types(vm::VM& vm);
vm::Type* make_reader_type(vm::VM& vm);
vm::Type* make_writer_type(vm::VM& vm);

/// raise() of a PicklingError or UnpicklingError.
[[gnu::format(printf, 2, 3)]] vm::Value pickling_error(vm::VM& vm, const char* format, ...);
[[gnu::format(printf, 2, 3)]] vm::Value unpickling_error(vm::VM& vm, const char* format, ...);

}  // namespace tsvm::stdlib::pickle

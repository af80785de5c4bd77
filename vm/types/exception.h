// Exceptions: what other files of the VM use.
#pragma once

#include "vm/types/common.h"

namespace tsvm::vm {

/// Fields that a built-in class sets from its arguments.
bool set_fields(VM& vm, Value self, std::span<const Value> args);
/// Unbound when the class has no such field or it was not set.
Value exception_field_borrow(VM& vm, Value exception, std::string_view name);
/// The class that stands for an errno.
Type* os_error_type(VM& vm, int64_t number);

}  // namespace tsvm::vm

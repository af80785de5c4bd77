// Whether a value fits a static type: the boundary between plain and typed code.
#pragma once

#include "ir/type.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// Containers are looked into. `table` may be null for types without parameters. Runs no user code.
bool value_fits(VM& vm, const ir::TypeTable* table, ir::TypeId type, Value v);
/// A value's type as messages of typed code name it.
std::string type_name_of(VM& vm, Value v);

}  // namespace tsvm::vm

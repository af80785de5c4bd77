// Builtins that CPython's start-up module adds.
#pragma once

#include "vm/vm.h"

namespace tsvm::stdlib {

/// exit and quit.
void add_exit_functions(vm::VM& vm);

}  // namespace tsvm::stdlib

// What the program puts into each VM: native modules and the embedded standard library.
#pragma once

#include "vm/vm.h"

namespace tsvm::repl {

void install_library(vm::VM& vm);

}  // namespace tsvm::repl

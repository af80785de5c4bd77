// The prompt: statements are read from a terminal, run at once, and show their values.
#pragma once

#include "vm/vm.h"

namespace tsvm::repl {

/// Reads and runs until the end of the input or an exit; gives the exit status. The program's names live in the module
/// __main__, which a file may have filled before.
int run_interactive(vm::VM& vm, bool banner);

}  // namespace tsvm::repl

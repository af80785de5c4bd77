#include "repl/library.h"

#include "stdlib/native/modules.h"

namespace tsvm::repl {

void install_library(vm::VM& vm) { stdlib::add_native_modules(vm); }

}  // namespace tsvm::repl

// The standard library as a VM gets it: native modules, and the language files, which are part of the program as one image.
#pragma once

#include "vm/vm.h"

namespace tsvm::stdlib {

void install_library(vm::VM& vm);

}  // namespace tsvm::stdlib

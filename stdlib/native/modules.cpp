#include "stdlib/native/modules.h"

namespace tsvm::stdlib {

void add_native_modules(vm::VM& vm) {
#define MODULE(name, make) vm.add_native_module(name, make);
  TSVM_NATIVE_MODULES(MODULE)
#undef MODULE
}

}  // namespace tsvm::stdlib

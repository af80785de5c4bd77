#include "stdlib/library.h"

#include <cstddef>
#include <span>

#include "stdlib/native/modules.h"
#include "stdlib/native/site.h"
#include "vm/modules.h"

// The image that tsvm_image made, as it is.
asm(".section .rodata\n"
    ".balign 16\n"
    ".global tsvm_library_begin\n"
    ".global tsvm_library_end\n"
    "tsvm_library_begin:\n"
    ".incbin \"" TSVM_LIBRARY_IMAGE "\"\n"
    "tsvm_library_end:\n"
    ".text\n");
extern "C" const std::byte tsvm_library_begin[], tsvm_library_end[];

namespace tsvm::stdlib {

void install_library(vm::VM& vm) {
  static const vm::EmbeddedModules modules(
      std::span<const std::byte>(tsvm_library_begin, static_cast<size_t>(tsvm_library_end - tsvm_library_begin)));
  add_native_modules(vm);
  add_exit_functions(vm);
  vm::set_embedded_modules(vm, &modules);
}

}  // namespace tsvm::stdlib

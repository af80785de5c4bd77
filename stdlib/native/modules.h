// The native modules of the standard library, and where they are put into a VM.
//
// A native module holds only what the language cannot do itself, under a name with an underscore where a language file
// of the public name wraps it (_collections behind collections).
#pragma once

#include "vm/vm.h"

namespace tsvm::stdlib {

// MODULE("import name", function that makes it)
#define TSVM_NATIVE_MODULES(MODULE)        \
  MODULE("_archive", make_archive)         \
  MODULE("_binascii", make_binascii)       \
  MODULE("_collections", make_collections) \
  MODULE("_hash", make_hash)               \
  MODULE("_io", make_io)                   \
  MODULE("_json", make_json)               \
  MODULE("_net", make_net)                 \
  MODULE("_nn", make_nn_module)            \
  MODULE("_os", make_os)                   \
  MODULE("_pickle", make_pickle)           \
  MODULE("_process", make_process)         \
  MODULE("_random", make_random)           \
  MODULE("_re", make_re)                   \
  MODULE("_signal", make_signal)           \
  MODULE("_thread", make_thread)           \
  MODULE("_script", make_script)           \
  MODULE("_struct", make_struct)           \
  MODULE("_time", make_time)               \
  MODULE("_torch_c", make_torch_c)         \
  MODULE("_traceback", make_traceback)     \
  MODULE("_weakref", make_weakref)         \
  MODULE("_zlib", make_zlib)               \
  MODULE("gc", make_gc)                    \
  MODULE("math", make_math)                \
  MODULE("sys", make_sys)                  \
  MODULE("unicodedata", make_unicodedata)

#define MODULE(name, make) vm::Value make(vm::VM& vm);
TSVM_NATIVE_MODULES(MODULE)
#undef MODULE

/// Lets a VM import all of them; nothing is made before its import.
void add_native_modules(vm::VM& vm);

}  // namespace tsvm::stdlib

// The compiler of native code for functions and loops, plugged into a VM.
#pragma once

#include <string>

#include "vm/vm.h"

namespace tsvm::jit {

struct ScalarOptions {
  /// The assembly of functions of this (plain or qualified) name is kept, see assembly().
  std::string keep_text_of;
};

/// Sets VM::jit as Options::jit_mode says; nothing when that is Off. With TSVM_JIT_STATS in the environment, what was
/// compiled and what was not, and why, is printed when the VM closes.
void install_scalar(vm::VM& vm, const ScalarOptions& options = {});

/// The kept assembly of all functions of that name.
std::string assembly(vm::VM& vm);

}  // namespace tsvm::jit

// The compiler of native code for functions and loops, plugged into a VM.
#pragma once

#include <string>

#include "vm/vm.h"

namespace tsvm::jit {

struct ScalarOptions {
  /// The IR and the assembly of functions of this (plain or qualified) name are written to the standard output, as they
  /// are compiled.
  std::string dump;
  /// Names of native functions for perf, in the file that it looks for: /tmp/perf-PID.map.
  bool perf_map = false;
};

/// Sets VM::jit as Options::jit_mode says; nothing when that is Off. With TSVM_JIT_STATS in the environment, what was
/// compiled and what was not, and why, is printed as it happens. With TSVM_JIT_THRESHOLDS ("calls,rounds") code is
/// compiled after as many.
void install_scalar(vm::VM& vm, const ScalarOptions& options = {});

}  // namespace tsvm::jit

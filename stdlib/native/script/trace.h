// Tracing: see trace.cpp.
#pragma once

#include "stdlib/native/script/host.h"

namespace tsvm::stdlib::script_host {

/// While it lives, operators are not recorded: a scripted function runs, which is recorded as one call.
struct TracePause {
  explicit TracePause(vm::VM& vm);
  ~TracePause();
  vm::VM& vm;
  bool active;
};
/// A scripted function was called while something is traced.
void trace_call(vm::VM& vm, script::Function& f, std::span<const vm::Value> args, vm::Value result);

extern const std::span<const vm::NativeDef> kTraceFunctions;

}  // namespace tsvm::stdlib::script_host

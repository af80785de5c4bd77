// Native code of a function, or of a loop that is running.
#pragma once

#include <map>
#include <memory>

#include "jit/scalar/native_code.h"
#include "vm/frame.h"

namespace tsvm::jit {

struct CompileRequest {
  vm::VM& vm;
  vm::Frame* frame;   // of the function; its arguments have just been bound, or it stands at the loop's back edge
  int64_t header_pc;  // of the loop; -1: the whole function
  bool want_text;
};

/// Never null; without an entry there is a reason.
std::unique_ptr<NativeCode> compile(const CompileRequest& request);

/// The outermost loop around each loop, both by the pc of their headers.
std::map<uint32_t, uint32_t> outermost_loops(const vm::CodeState& state);

}  // namespace tsvm::jit

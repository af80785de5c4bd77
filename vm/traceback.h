// Tracebacks and the text of uncaught exceptions.
#pragma once

#include <string>
#include <string_view>

#include "vm/frame.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// What CPython writes for an uncaught exception: the chain of causes and contexts, tracebacks with source lines,
/// notes. Ends with a line break. Runs user code (__str__); what that raises is dropped.
std::string format_exception(VM& vm, Value exception);
/// The entries of a traceback object (None: nothing), without the header.
std::string format_traceback(VM& vm, Value traceback);
/// The last lines alone: "ValueError: text", and notes.
std::string format_exception_only(VM& vm, Value exception);

/// Where an entry of a traceback stands.
struct TracebackPlace {
  std::string_view file;
  uint32_t line = 0;
  std::string_view function;
  std::string text;   // the source line without indentation; empty when it is not known
  std::string marks;  // the line below it; empty: none
};
TracebackPlace place_of(const Traceback& entry);
/// The place of instruction `pc` as seen in one of the frames that its code stands for.
SourceRange range_in_frame(const Code& code, uint32_t pc, uint32_t frame);

}  // namespace tsvm::vm

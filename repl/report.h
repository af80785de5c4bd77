// What the program does with an uncaught exception, and the end of a run.
#pragma once

#include <string_view>

#include "vm/vm.h"

namespace tsvm::repl {

struct Reported {
  int status = 1;
  bool exits = false;        // it was SystemExit
  bool interrupted = false;  // it was KeyboardInterrupt
};

/// Takes the pending exception and writes its traceback, or lets sys.excepthook do it; of SystemExit only the status.
Reported report_pending(vm::VM& vm);
/// Writes to the program's stderr.
void write_error(vm::VM& vm, std::string_view text);
/// Writes out what is buffered. False: it could not be written, and that was said.
bool flush_streams(vm::VM& vm);
/// Calls what the program registered with atexit. Gives the exit status, which sys.exit in one of them changes.
int run_exit_functions(vm::VM& vm, int status);

}  // namespace tsvm::repl

// Running a program from the command line, with CPython's exit statuses.
#pragma once

#include <string>
#include <vector>

#include "jit/scalar/install.h"
#include "vm/vm.h"

namespace tsvm::repl {

struct RunOptions {
  enum class Source { File, Text, Input, Terminal } source = Source::File;
  bool interactive = false;       // the prompt comes behind the program
  std::string program;            // the file's name, or the text
  bool is_module = false;         // `program` is a module's name: -m
  std::vector<std::string> args;  // sys.argv behind the program
  vm::Options vm;
  jit::ScalarOptions scalar;
};

/// The exit status: 0, 1 after an uncaught exception, 2 when the file cannot be read, what sys.exit says, 120 when the
/// output cannot be written. After an uncaught KeyboardInterrupt the process ends by SIGINT.
int run_program(RunOptions& options);

}  // namespace tsvm::repl

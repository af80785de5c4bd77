// tsvm check: the errors of files, without running them.
#pragma once

#include <string>
#include <vector>

namespace tsvm::repl {

/// `check [--json] file ...` ("-": the standard input). The exit status: 0 no errors, 1 errors, 2 a file cannot be read
/// or the options are wrong.
int check_command(const std::vector<std::string>& args);

}  // namespace tsvm::repl

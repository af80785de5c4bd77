// `tsvm dump`: what a stage of the compiler makes of a file.
#pragma once

#include <string>
#include <vector>

namespace tsvm::repl {

/// args: stage, file and options. The exit status: 0, 1 when the file has errors, 2 when the command is wrong.
int dump_command(const std::vector<std::string>& args);

}  // namespace tsvm::repl

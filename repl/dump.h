// `tsvm dump`: what a stage of the compiler makes of a file.
#pragma once

#include <string>
#include <vector>

namespace tsvm::repl {

/// args: stage, file and options. The exit status: 0, 1 when the file has errors, 2 when the command is wrong.
int dump_command(const std::vector<std::string>& args);

/// What of the fused kernels is shown.
struct KernelDump {
  std::string function;  // empty: of all functions
  enum class Form { Program, Assembly, Cuda } form = Form::Program;
};
/// Runs the program, without its output, and shows the kernels that it makes.
int dump_kernels(const std::string& path, KernelDump dump);

}  // namespace tsvm::repl

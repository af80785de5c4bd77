#include "repl/run.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "jit/fuse/fuse.h"
#include "jit/scalar/install.h"
#include "repl/interactive.h"
#include "repl/report.h"
#include "stdlib/library.h"
#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"

namespace tsvm::repl {

namespace {

using vm::Ref;
using vm::Value;
using vm::VM;

VM* running = nullptr;  // for the signal handler

extern "C" void on_interrupt(int) {
  if (running) running->interrupt();
}

std::string absolute(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  char buffer[4096];
  return ::getcwd(buffer, sizeof buffer) ? std::string(buffer) + "/" + path : path;
}

/// The file of the module that -m names, found from the current folder, and the package it is part of. Empty: there is
/// none, and why has been said.
std::string module_file(const std::string& name, std::string& package) {
  std::string base = name;
  std::replace(base.begin(), base.end(), '.', '/');
  base = absolute(base);
  package = name.substr(0, name.rfind('.') == std::string::npos ? 0 : name.rfind('.'));
  auto is_file = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  };
  for (const char* suffix : {".ts", ".py"}) {
    if (is_file(base + "/__main__" + suffix)) {
      package = name;
      return base + "/__main__" + suffix;
    }
    if (is_file(base + suffix) && !is_file(base + "/__init__" + suffix)) return base + suffix;
  }
  if (is_file(base + "/__init__.ts") || is_file(base + "/__init__.py"))
    std::fprintf(stderr, "tsvm: No module named %s.__main__; '%s' is a package and cannot be directly executed\n",
                 name.c_str(), name.c_str());
  else
    std::fprintf(stderr, "tsvm: No module named %s\n", name.c_str());
  return {};
}

int report(VM& vm, bool& interrupted) {
  Reported r = report_pending(vm);
  interrupted = r.interrupted;
  return r.status;
}

int run(VM& vm, RunOptions& options, const std::string& package, bool& interrupted) {
  using Source = RunOptions::Source;
  std::string text, name, file;
  switch (options.source) {
    case Source::File: {
      name = file = absolute(options.program);
      int error = 0;
      if (!vm::read_file(options.program, text, error)) {
        std::fprintf(stderr, "tsvm: can't open file '%s': [Errno %d] %s\n", file.c_str(), error, std::strerror(error));
        return 2;
      }
      break;
    }
    case Source::Text:
      text = options.program + "\n";
      name = "<string>";
      break;
    case Source::Terminal: break;
    case Source::Input: {
      name = "<stdin>";
      char buffer[1 << 16];
      for (ssize_t n; (n = ::read(0, buffer, sizeof buffer)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return 2;
        text.append(buffer, static_cast<size_t>(n));
      }
      break;
    }
  }
  if (options.source == Source::Terminal) {
    int status = run_exit_functions(vm, run_interactive(vm, true));
    return flush_streams(vm) || status ? status : 120;
  }
  std::shared_ptr<vm::CodeUnit> unit = vm::compile_source(vm, std::move(text), name, "__main__");
  int status = 0;
  if (!unit) {
    status = report(vm, interrupted);
  } else {
    Ref result(vm::run_main(vm, std::move(unit), file, options.is_module ? &package : nullptr));
    if (result.is_error()) status = report(vm, interrupted);
  }
  if (options.interactive) {
    interrupted = false;
    status = run_interactive(vm, false);
  }
  status = run_exit_functions(vm, status);
  if (!flush_streams(vm) && status == 0) status = 120;
  return status;
}

}  // namespace

int run_program(RunOptions& options) {
  using Source = RunOptions::Source;
  std::string first, folder, package;
  if (options.is_module) {
    options.program = module_file(options.program, package);
    if (options.program.empty()) return 1;
  }
  switch (options.source) {
    case Source::File: {
      first = options.program;
      std::string path = absolute(options.program);
      folder = options.is_module ? absolute(".") : path.substr(0, path.rfind('/'));
      if (folder.ends_with("/.")) folder.resize(folder.size() - 2);
      break;
    }
    case Source::Text: first = "-c"; break;
    case Source::Input: first = "-"; break;
    case Source::Terminal: break;
  }
  options.vm.argv.push_back(first);
  for (std::string& a : options.args) options.vm.argv.push_back(a);
  options.vm.module_path.push_back(folder);

  bool interrupted = false;
  int status;
  {
    VM vm(options.vm);
    vm::install_interpreter(vm);
    stdlib::install_library(vm);
    jit::install_scalar(vm, options.scalar);
    if (options.vm.jit_mode != vm::JitMode::Off)
      jit::fuse::install(options.vm.jit_mode == vm::JitMode::Force ? jit::fuse::Mode::Force : jit::fuse::Mode::On);
    running = &vm;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    ::sigaction(SIGINT, &action, nullptr);
    status = run(vm, options, package, interrupted);
    running = nullptr;
  }
  if (interrupted) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return status;
}

}  // namespace tsvm::repl

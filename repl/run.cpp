#include "repl/run.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "jit/fuse/fuse.h"
#include "jit/scalar/install.h"
#include "stdlib/library.h"
#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"
#include "vm/traceback.h"
#include "vm/types/file.h"

namespace tsvm::repl {

namespace {

using vm::Ref;
using vm::Value;
using vm::VM;

VM* running = nullptr;  // for the signal handler

extern "C" void on_interrupt(int) {
  if (running) running->interrupt();
}

void write_error(VM& vm, std::string_view text) {
  Ref stream(vm::standard_stream(vm, 2));
  if (!stream.is_error() && !stream->is_none() && vm::write_text(vm, *stream, text)) return;
  vm::clear_pending(vm);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// What sys.exit was called with, as an exit status; a text is printed.
int exit_status(VM& vm, Value exception) {
  Ref code(vm::get_attr_or_unbound(vm, exception, vm.name("code")));
  if (code.is_error()) vm::clear_pending(vm);
  if (code->is_none() || code->is_unbound() || code->is_error()) return 0;
  if (code->is_int() || code->is_bool()) return static_cast<int>(code->i & 0xff);
  std::string text;
  if (!vm::str_to(vm, *code, text)) vm::clear_pending(vm);
  write_error(vm, text + "\n");
  return 1;
}

// Writes out what is buffered. False: it could not be written, and that was said.
bool flush(VM& vm) {
  Value pending = vm.pending;
  vm.pending = Value();
  bool ok = vm::flush_standard_streams(vm);
  if (!ok) {
    Ref e(vm::take_pending(vm));
    write_error(vm, "Exception ignored in: <_io.TextIOWrapper name='<stdout>' mode='w' encoding='utf-8'>\n" +
                        vm::format_exception_only(vm, *e));
  }
  vm.pending = pending;
  return ok;
}

std::string absolute(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  char buffer[4096];
  return ::getcwd(buffer, sizeof buffer) ? std::string(buffer) + "/" + path : path;
}

int report(VM& vm, bool& interrupted) {
  Ref exception(vm::take_pending(vm));
  if (vm::is_instance(vm, *exception, Value::object(vm.types.SystemExit)) == 1) return exit_status(vm, *exception);
  interrupted = vm::is_instance(vm, *exception, Value::object(vm.types.KeyboardInterrupt)) == 1;
  flush(vm);
  // sys.excepthook may have been replaced by the program.
  Value sys = vm::dict_get_borrow(vm.modules, vm.names.sys);
  if (vm::is_kind(sys, vm::Kind::Module)) {
    Ref hook = Ref::copy(vm::dict_get_borrow(vm::as<vm::Module>(sys)->dict, vm.name("excepthook")));
    if (vm::is_kind(*hook, vm::Kind::Function)) {
      Value tb = vm::as<vm::Exception>(*exception)->traceback;
      Ref done(vm::call(vm, *hook, {Value::object(vm::type_of(vm, *exception)), *exception, tb}));
      if (!done.is_error()) return 1;
      Ref second(vm::take_pending(vm));
      write_error(vm, "Error in sys.excepthook:\n" + vm::format_exception(vm, *second) + "\nOriginal exception was:\n");
    }
  }
  write_error(vm, vm::format_exception(vm, *exception));
  return 1;
}

int run(VM& vm, RunOptions& options, bool& interrupted) {
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
  std::shared_ptr<vm::CodeUnit> unit = vm::compile_source(vm, std::move(text), name, "__main__");
  int status = 0;
  if (!unit) {
    status = report(vm, interrupted);
  } else {
    Ref result(vm::run_main(vm, std::move(unit), file));
    if (result.is_error()) status = report(vm, interrupted);
  }
  if (!flush(vm) && status == 0) status = 120;
  return status;
}

}  // namespace

int run_program(RunOptions& options) {
  using Source = RunOptions::Source;
  std::string first, folder;
  switch (options.source) {
    case Source::File: {
      first = options.program;
      std::string path = absolute(options.program);
      folder = path.substr(0, path.rfind('/'));
      break;
    }
    case Source::Text: first = "-c"; break;
    case Source::Input: first = "-"; break;
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
    status = run(vm, options, interrupted);
    running = nullptr;
  }
  if (interrupted) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return status;
}

}  // namespace tsvm::repl

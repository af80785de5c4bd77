#include "repl/interactive.h"

#include <memory>
#include <string>

#include "base/arena.h"
#include "parser/parser.h"
#include "repl/line_reader.h"
#include "repl/report.h"
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

// sys.ps1 or sys.ps2, whatever they are.
std::string prompt(VM& vm, const char* name, const char* fallback) {
  Value sys = vm::dict_get_borrow(vm.modules, vm.names.sys);
  Value v =
      vm::is_kind(sys, vm::Kind::Module) ? vm::dict_get_borrow(vm::as<vm::Module>(sys)->dict, vm.name(name)) : Value();
  std::string text;
  if (v.is_unbound()) return fallback;
  if (!vm::str_to(vm, v, text)) {
    vm::clear_pending(vm);
    return {};
  }
  return text;
}

bool needs_more(const std::string& text) {
  SourceFile source("<stdin>", text);
  Arena arena;
  return parse_interactive(source, arena).incomplete;
}

// Runs one input. False: the program exits, with `status`.
bool run_input(VM& vm, std::string text, int& status) {
  std::shared_ptr<vm::CodeUnit> unit =
      vm::compile_source(vm, std::move(text), "<stdin>", "__main__", vm::CompileMode::Single);
  bool ok = unit != nullptr;
  if (ok) {
    Ref module = Ref::copy(vm::dict_get_borrow(vm.modules, vm.names.main));
    Ref result(vm::run_unit(vm, std::move(unit), *module));
    ok = !result.is_error();
  }
  flush_streams(vm);
  if (ok) return true;
  Reported r = report_pending(vm);
  flush_streams(vm);
  status = r.status;
  return !r.exits;
}

}  // namespace

int run_interactive(VM& vm, bool banner) {
  if (vm::dict_get_borrow(vm.modules, vm.names.main).is_unbound()) {
    Ref done(vm::run_main(vm, vm::compile_source(vm, "", "<stdin>", "__main__"), ""));
    if (done.is_error()) return report_pending(vm).status;
  }
  Ref sys(vm.callbacks.import_module(vm, "sys"));  // it has the prompts and the hook that shows values
  if (sys.is_error()) return report_pending(vm).status;
  if (banner)
    write_error(vm, "tsvm " TSVM_VERSION
                    " (Python 3.11's language, PyTorch's library)\n"
                    "exit() or Ctrl-D leaves; Ctrl-C stops what runs.\n");
  LineReader reader(vm);
  std::string input;
  for (;;) {
    std::string line;
    LineResult got = reader.read(input.empty() ? prompt(vm, "ps1", ">>> ") : prompt(vm, "ps2", "... "), line);
    if (got == LineResult::Failed) {
      Reported r = report_pending(vm);
      return r.status;
    }
    if (got == LineResult::Interrupted) {
      write_error(vm, "\nKeyboardInterrupt\n");
      input.clear();
      continue;
    }
    if (got == LineResult::End) {
      if (input.empty()) {
        write_error(vm, "\n");
        return 0;
      }
      line.clear();  // ends the block
      input += "\n";
    }
    bool first = input.empty();
    if (first && line.find_first_not_of(" \t\f\r") == std::string::npos) continue;
    input += line + "\n";
    if (got == LineResult::Line && needs_more(input)) continue;
    int status = 0;
    if (!run_input(vm, std::move(input), status)) return status;
    input.clear();
  }
}

}  // namespace tsvm::repl

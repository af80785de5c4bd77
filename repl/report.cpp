#include "repl/report.h"

#include <cstdio>
#include <string>

#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/runtime.h"
#include "vm/traceback.h"
#include "vm/types/file.h"

namespace tsvm::repl {

namespace {

using vm::Ref;
using vm::Value;
using vm::VM;

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

}  // namespace

void write_error(VM& vm, std::string_view text) {
  Ref stream(vm::standard_stream(vm, 2));
  if (!stream.is_error() && !stream->is_none() && vm::write_text(vm, *stream, text)) return;
  vm::clear_pending(vm);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool flush_streams(VM& vm) {
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

Reported report_pending(VM& vm) {
  Reported result;
  Ref exception(vm::take_pending(vm));
  if (vm::is_instance(vm, *exception, Value::object(vm.types.SystemExit)) == 1) {
    result.exits = true;
    result.status = exit_status(vm, *exception);
    return result;
  }
  result.interrupted = vm::is_instance(vm, *exception, Value::object(vm.types.KeyboardInterrupt)) == 1;
  flush_streams(vm);
  // sys.excepthook may have been replaced by the program.
  Value sys = vm::dict_get_borrow(vm.modules, vm.names.sys);
  if (vm::is_kind(sys, vm::Kind::Module)) {
    vm::Dict* names = vm::as<vm::Module>(sys)->dict;
    Value tb = vm::as<vm::Exception>(*exception)->traceback;
    Value type = Value::object(vm::type_of(vm, *exception));
    vm::dict_set(vm, names, "last_type", type);
    vm::dict_set(vm, names, "last_value", *exception);
    vm::dict_set(vm, names, "last_traceback", tb);
    Ref hook = Ref::copy(vm::dict_get_borrow(names, vm.name("excepthook")));
    if (vm::is_kind(*hook, vm::Kind::Function) || vm::is_kind(*hook, vm::Kind::BoundMethod)) {
      Ref done(vm::call(vm, *hook, {type, *exception, tb}));
      if (!done.is_error()) return result;
      Ref second(vm::take_pending(vm));
      write_error(vm, "Error in sys.excepthook:\n" + vm::format_exception(vm, *second) + "\nOriginal exception was:\n");
    }
  }
  write_error(vm, vm::format_exception(vm, *exception));
  return result;
}

int run_exit_functions(VM& vm, int status) {
  // First the threads that are no daemons come to their end.
  for (auto [name, function] : {std::pair("threading", "_shutdown"), std::pair("atexit", "_run_exitfuncs")}) {
    Value found = vm::dict_get_borrow(vm.modules, vm.name(name));
    if (!vm::is_kind(found, vm::Kind::Module)) continue;
    Ref module = Ref::copy(found);
    Ref done(vm::call_method(vm, *module, function));
    if (done.is_error()) {
      Reported r = report_pending(vm);
      if (r.exits) status = r.status;
    }
  }
  return status;
}

}  // namespace tsvm::repl

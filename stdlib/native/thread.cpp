// `_thread`: threads that take turns (vm/threads.h). The locks are built on wait() in threading.
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/threads.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

const NativeDef kFunctions[] = {
    {"start(function, daemon, /)", [](VM& vm, const Value* a) { return start_thread(vm, a[0], a[1].is_true()); },
     "Starts a thread that calls the function; gives its number."},
    {"get_ident()", [](VM& vm, const Value*) { return Value::integer(current_thread(vm)); }},
    {"wait(deadline, /)",
     [](VM& vm, const Value* a) {
       double deadline = kNoDeadline;
       if (!a[0].is_none() && !arg_double(vm, a[0], deadline)) return Value::error();
       return switch_thread(vm, true, deadline) ? Value::none() : Value::error();
     },
     "Lets others run: the caller looks then whether what it waits for has come. The deadline is by time.monotonic()."},
    {"goes_on()",
     [](VM& vm, const Value*) {
       thread_goes_on(vm);
       return Value::none();
     },
     "The caller waits no more."},
    {"finish()", [](VM& vm, const Value*) { return finish_threads(vm) ? Value::none() : Value::error(); },
     "Waits for the threads that are no daemons."},
};

}  // namespace

Value make_thread(VM& vm) {
  ModuleBuilder m(vm, "_thread");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib

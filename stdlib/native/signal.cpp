// `_signal`: handlers that are functions of the program. A signal only leaves a mark; the handler is called where the
// VM polls for interrupts. Signals go to the VM that set a handler last: a process has one set of handlers.
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "stdlib/native/modules.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

std::atomic<VM*> receiver{nullptr};
std::atomic<uint64_t> arrived{0};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<VM*>::is_always_lock_free);

struct SignalExtension : Extension {
  Value handlers[65];  // Unbound: never set
  void clear(VM& vm) override {
    VM* self = &vm;
    receiver.compare_exchange_strong(self, nullptr);
    for (Value& h : handlers) {
      release(h);
      h = Value();
    }
  }
};

extern "C" void on_signal(int number) {
  arrived.fetch_or(uint64_t{1} << (number - 1));
  if (VM* vm = receiver.load()) vm->interrupted.store(true);
}

bool run_handlers(VM& vm) {
  if (receiver.load() != &vm) return true;
  uint64_t signals = arrived.exchange(0);
  for (int number = 1; signals; number++, signals >>= 1) {
    if (!(signals & 1)) continue;
    Ref handler = Ref::copy(vm.extension<SignalExtension>().handlers[number]);
    if (!handler->is_object()) continue;
    Ref result(call(vm, *handler, {Value::integer(number), Value::none()}));
    if (result.is_error()) return false;
  }
  return true;
}

// set(number, handler): handler 0 default, 1 ignore, else a function. Gives the one before, None if it was never set.
Value set_handler(VM& vm, const Value* a) {
  int64_t number;
  if (!arg_int(vm, a[0], number)) return Value::error();
  if (number < 1 || number > 64) return raise(vm, vm.types.ValueError, "signal number out of range");
  struct sigaction action {};
  Value handler = a[1];
  if (handler.is_int()) {
    action.sa_handler = handler.i == 1 ? SIG_IGN : SIG_DFL;
  } else {
    action.sa_handler = on_signal;
    receiver.store(&vm);
    vm.callbacks.run_signal_handlers = run_handlers;
  }
  if (sigaction(static_cast<int>(number), &action, nullptr) < 0) return raise_os_error(vm, errno);
  Value& slot = vm.extension<SignalExtension>().handlers[number];
  Value before = slot;
  slot = new_ref(handler);
  return before.is_unbound() ? Value::none() : before;
}

const NativeDef kFunctions[] = {
    {"set(number, handler, /)", set_handler},
    {"alarm(seconds, /)",
     [](VM& vm, const Value* a) {
       int64_t seconds;
       return arg_int(vm, a[0], seconds) ? Value::integer(alarm(static_cast<unsigned>(seconds))) : Value::error();
     }},
    {"setitimer(which, seconds, interval, /)",
     [](VM& vm, const Value* a) {
       int64_t which;
       double seconds, interval;
       if (!arg_int(vm, a[0], which) || !arg_double(vm, a[1], seconds) || !arg_double(vm, a[2], interval))
         return Value::error();
       auto make = [](double d) {
         timeval t;
         t.tv_sec = static_cast<time_t>(d);
         t.tv_usec = static_cast<suseconds_t>((d - static_cast<double>(t.tv_sec)) * 1e6);
         return t;
       };
       itimerval timer{make(interval), make(seconds)}, old;
       if (setitimer(static_cast<__itimer_which_t>(which), &timer, &old) < 0) return raise_os_error(vm, errno);
       auto value = [](timeval t) {
         return Value::number(static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6);
       };
       return make_tuple(vm, {value(old.it_value), value(old.it_interval)});
     }},
    {"pause()",
     [](VM& vm, const Value*) {
       while (!vm.interrupted) pause();
       return handle_interrupt(vm) ? Value::none() : Value::error();
     }},
    {"strsignal(number, /)",
     [](VM& vm, const Value* a) {
       int64_t number;
       if (!arg_int(vm, a[0], number)) return Value::error();
       if (number < 1 || number > 64) return raise(vm, vm.types.ValueError, "signal number out of range");
       return make_str(vm, strsignal(static_cast<int>(number)));
     }},
};

}  // namespace

Value make_signal(VM& vm) {
  ModuleBuilder m(vm, "_signal");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib

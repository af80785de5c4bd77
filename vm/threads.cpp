#include "vm/threads.h"

#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cxxabi.h>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "ops/autograd/mode.h"
#include "ops/autograd/saved.h"
#include "vm/frame.h"
#include "vm/runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace tsvm::vm {
namespace {

constexpr size_t kFrameBytes = size_t{128} << 20;
constexpr size_t kRegisterBytes = size_t{1} << 30;
constexpr size_t kRawBytes = size_t{256} << 20;
constexpr size_t kStackBytes = size_t{8} << 20;  // of C++

/// Address space: pages come when they are used.
void* reserve(size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// What the C++ runtime knows of a thread's exceptions (the layout is the ABI's).
struct CaughtExceptions {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

/// What belongs to a thread of the fields of the VM and of the machine's thread.
struct ThreadState {
  Value pending, handled = Value::none();
  Frame *frame = nullptr, *frame_top = nullptr, *frame_end = nullptr;
  Value *register_top = nullptr, *register_end = nullptr;
  uint64_t *raw_top = nullptr, *raw_end = nullptr;
  int32_t depth = 0;
  char* stack_limit = nullptr;
  ops::autograd::ThreadModes modes;
  ops::autograd::SavingHooks* saving_hooks = nullptr;
  bool making_inference_storages = false;
  CaughtExceptions exceptions;

  void exchange(VM& vm) {
    std::swap(pending, vm.pending);
    std::swap(handled, vm.handled);
    std::swap(frame, vm.frame);
    std::swap(frame_top, vm.frame_top);
    std::swap(frame_end, vm.frame_end);
    std::swap(register_top, vm.register_top);
    std::swap(register_end, vm.register_end);
    std::swap(raw_top, vm.raw_top);
    std::swap(raw_end, vm.raw_end);
    std::swap(depth, vm.depth);
    std::swap(stack_limit, vm.stack_limit);
    std::swap(modes, ops::autograd::modes);
    std::swap(saving_hooks, ops::autograd::saving_hooks);
    std::swap(making_inference_storages, ops::making_inference_storages);
    auto* here = reinterpret_cast<CaughtExceptions*>(abi::__cxa_get_globals());
    std::swap(exceptions.caught, here->caught);
    std::swap(exceptions.uncaught, here->uncaught);
  }
};

struct LanguageThread {
  int64_t number = 1;
  bool daemon = false, finished = false;
  double deadline = 0;  // while it waits
  bool waiting = false;
  Value function;     // until it begins
  ThreadState state;  // while it does not run
  ucontext_t context;
  void *stack = nullptr, *stacks = nullptr;  // null: the main thread's are not ours
  void* fake_stack = nullptr;                // AddressSanitizer's

  ~LanguageThread() {
    if (stack) ::munmap(stack, kStackBytes);
    if (stacks) free_stacks(stacks);
  }
};

/// Says at every interval that it is time for a switch, while there are threads to switch to.
class Ticker {
 public:
  explicit Ticker(VM& vm, const double& interval) : vm_(vm), interval_(interval), thread_([this] { run(); }) {}
  ~Ticker() {
    set(false, true);
    thread_.join();
  }
  void on(bool on) { set(on, false); }
  /// After a fork, when the thread is not there: never joined.
  void abandon() { thread_.detach(); }
  std::atomic<bool> due{false};

 private:
  void set(bool on, bool ends) {
    std::lock_guard lock(mutex_);
    on_ = on;
    ends_ = ends;
    changed_.notify_one();
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      if (!on_) {
        changed_.wait(lock);
        continue;
      }
      changed_.wait_for(lock, std::chrono::duration<double>(interval_));
      if (!on_) continue;
      due.store(true, std::memory_order_relaxed);
      vm_.interrupted.store(true, std::memory_order_release);
    }
  }
  VM& vm_;
  const double& interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool on_ = false, ends_ = false;
  std::thread thread_;
};

struct Threads : Extension {
  std::vector<std::unique_ptr<LanguageThread>> list;  // in order of their start; the first is the main one
  size_t current = 0;
  int64_t last_number = 1;
  size_t vain = 0;  // how many have looked in vain for what they wait for, since anything happened
  double interval = 0.005;
  std::unique_ptr<Ticker> ticker;
  std::unique_ptr<LanguageThread> ended;  // it is freed by the thread after it: it still runs on its stack
  bool missed = false;                    // another thread than the main one saw an interrupt

  Threads() { list.push_back(std::make_unique<LanguageThread>()); }
  LanguageThread& running() { return *list[current]; }
};

Threads& threads_of(VM& vm) { return vm.extension<Threads>(); }

/// Changes stacks: `from` (kept unless it ends) to `to`.
void change(VM& vm, LanguageThread& from, LanguageThread& to, bool from_ends) {
  from.state.exchange(vm);  // puts the VM's state away
  to.state.exchange(vm);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(from_ends ? nullptr : &from.fake_stack, to.stack, to.stack ? kStackBytes : 0);
#endif
  if (from_ends)
    setcontext(&to.context);
  else
    swapcontext(&from.context, &to.context);
}

/// The first thing on the stack that was changed to.
void arrive(VM& vm) {
  Threads& t = threads_of(vm);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(t.running().fake_stack, nullptr, nullptr);
#endif
  t.ended.reset();
}

void run_thread(unsigned low, unsigned high) {
  VM& vm = *reinterpret_cast<VM*>(static_cast<uintptr_t>(low) | static_cast<uintptr_t>(high) << 32);
  arrive(vm);
  Threads& t = threads_of(vm);
  {
    LanguageThread& me = t.running();
    const Ref function(me.function);
    me.function = Value();
    const Ref result(call(vm, *function, std::span<const Value>()));
    if (result.is_error()) clear_pending(vm);
  }
  const size_t at = t.current;
  t.ended = std::move(t.list[at]);
  t.list.erase(t.list.begin() + static_cast<ptrdiff_t>(at));
  t.current = at < t.list.size() ? at : 0;
  t.vain = 0;
  if (t.list.size() == 1) t.ticker->on(false);
  change(vm, *t.ended, t.running(), true);
}

/// Sleeps until the first deadline of a waiting thread. False: there is none.
bool sleep_until_first(VM& vm, Threads& t) {
  double first = kNoDeadline;
  for (auto& thread : t.list) first = std::min(first, thread->deadline);
  if (first == kNoDeadline) return false;
  const double seconds = std::min(first - now(), 1e6);
  if (seconds <= 0) return true;
  timespec left{static_cast<time_t>(seconds), static_cast<long>((seconds - std::floor(seconds)) * 1e9)};
  if (!vm.interrupt_requested) nanosleep(&left, nullptr);  // a signal ends it
  return true;
}

}  // namespace

void* reserve_stacks(VM& vm) {
  void* memory = reserve(kFrameBytes + kRegisterBytes + kRawBytes);
  if (!memory) return nullptr;
  auto* at = static_cast<char*>(memory);
  vm.frame_top = reinterpret_cast<Frame*>(at);
  vm.frame_end = vm.frame_top + kFrameBytes / sizeof(Frame);
  at += kFrameBytes;
  vm.register_top = reinterpret_cast<Value*>(at);
  vm.register_end = vm.register_top + kRegisterBytes / sizeof(Value);
  at += kRegisterBytes;
  vm.raw_top = reinterpret_cast<uint64_t*>(at);
  vm.raw_end = vm.raw_top + kRawBytes / sizeof(uint64_t);
  return memory;
}

void free_stacks(void* memory) { ::munmap(memory, kFrameBytes + kRegisterBytes + kRawBytes); }

Value start_thread(VM& vm, Value function, bool daemon) {
  Threads& t = threads_of(vm);
  auto fresh = std::make_unique<LanguageThread>();
  fresh->daemon = daemon;
  fresh->stack = reserve(kStackBytes);
  {
    // The new thread's stacks are made in its state, by way of the VM's fields.
    fresh->state.exchange(vm);
    fresh->stacks = reserve_stacks(vm);
    fresh->state.exchange(vm);
  }
  if (!fresh->stack || !fresh->stacks || t.list.size() > 10000)
    return raise(vm, vm.types.RuntimeError, "can't start new thread");
  ::mprotect(fresh->stack, 4096, PROT_NONE);
  fresh->state.stack_limit = static_cast<char*>(fresh->stack) + (512u << 10);
  fresh->function = new_ref(function);
  const int64_t number = fresh->number = ++t.last_number;
  getcontext(&fresh->context);
  fresh->context.uc_stack.ss_sp = fresh->stack;
  fresh->context.uc_stack.ss_size = kStackBytes;
  fresh->context.uc_link = nullptr;
  const auto address = reinterpret_cast<uintptr_t>(&vm);
  makecontext(&fresh->context, reinterpret_cast<void (*)()>(run_thread), 2, static_cast<unsigned>(address),
              static_cast<unsigned>(address >> 32));
  if (!t.ticker) t.ticker = std::make_unique<Ticker>(vm, t.interval);
  t.ticker->on(true);
  t.vain = 0;
  LanguageThread& me = t.running();
  me.waiting = false;
  me.deadline = 0;
  t.list.push_back(std::move(fresh));
  t.current = t.list.size() - 1;
  change(vm, me, t.running(), false);
  arrive(vm);
  return Value::integer(number);
}

int64_t current_thread(VM& vm) { return threads_of(vm).running().number; }
bool has_threads(VM& vm) { return threads_of(vm).list.size() > 1; }
bool in_main_thread(VM& vm) {
  Threads& t = threads_of(vm);
  if (t.current != 0) t.missed = true;
  return t.current == 0;
}
double switch_interval(VM& vm) { return threads_of(vm).interval; }
void set_switch_interval(VM& vm, double seconds) { threads_of(vm).interval = seconds; }
void thread_goes_on(VM& vm) { threads_of(vm).vain = 0; }

bool switch_thread(VM& vm, bool waiting, double deadline) {
  Threads& t = threads_of(vm);
  LanguageThread& me = t.running();
  me.waiting = waiting;
  me.deadline = waiting ? deadline : 0;
  t.vain = waiting ? t.vain + 1 : 0;
  if (t.vain > t.list.size() && t.current == 0) {
    if (!sleep_until_first(vm, t)) {
      t.vain = 0;
      (void)raise(vm, vm.types.RuntimeError, "deadlock: all threads wait for each other");
      return false;
    }
    t.vain = 0;
  }
  if (t.list.size() > 1) {
    t.current = t.current + 1 < t.list.size() ? t.current + 1 : 0;
    change(vm, me, t.running(), false);
    arrive(vm);
  }
  if (t.current != 0) return true;
  const bool missed = std::exchange(t.missed, false);
  return !(missed || vm.interrupted) || handle_interrupt(vm);
}

bool sleep_thread(VM& vm, double seconds) {
  const double end = now() + seconds;
  do {
    if (!switch_thread(vm, true, end)) return false;
  } while (now() < end);
  thread_goes_on(vm);
  return true;
}

bool take_turns(VM& vm) {
  Threads& t = threads_of(vm);
  if (t.list.size() == 1 || !t.ticker->due.exchange(false, std::memory_order_relaxed)) return true;
  return switch_thread(vm, false);
}

bool finish_threads(VM& vm) {
  Threads& t = threads_of(vm);
  auto unfinished = [&] {
    for (size_t i = 1; i < t.list.size(); i++)
      if (!t.list[i]->daemon) return true;
    return false;
  };
  while (unfinished())
    if (!switch_thread(vm, true)) return false;
  return true;
}

void forget_other_threads(VM& vm) {
  Threads& t = threads_of(vm);
  if (t.ticker) {
    t.ticker->abandon();
    (void)t.ticker.release();
  }
  if (t.list.size() == 1) return;
  std::unique_ptr<LanguageThread> me = std::move(t.list[t.current]);
  for (auto& other : t.list) (void)other.release();  // what they hold is held for ever
  t.list.clear();
  t.list.push_back(std::move(me));
  t.current = 0;
  t.vain = 0;
}

}  // namespace tsvm::vm

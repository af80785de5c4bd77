// The virtual machine: one heap, its built-in types, names, modules, and what is pending.
//
// Everything that a running program can reach hangs on a VM; there is no global mutable state. A VM is used by one
// thread at a time. The parts that run code (interpreter, front end, import system) install themselves in `callbacks`.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vm/heap.h"
#include "vm/object.h"

namespace tsvm::vm {

struct Frame;
struct JitCallbacks;
struct OpDispatch;

enum class JitMode : uint8_t { Off, On, Force };

/// What the host chooses when it makes a VM.
struct Options {
  JitMode jit_mode = JitMode::On;
  bool fuse = true;                      // tensor operators are fused
  bool passes = true;                    // optimisations of the IR
  std::vector<std::string> argv;         // sys.argv
  std::vector<std::string> module_path;  // sys.path
  std::string executable;                // sys.executable
  bool check_leaks = false;              // closing the VM aborts when an object is left alive
  int stdin_fd = 0, stdout_fd = 1, stderr_fd = 2;
  /// Gets what goes to the standard output (1) and error (2) instead of the descriptors.
  void (*write)(void* user, int stream, const char* text, size_t size) = nullptr;
  void* write_user = nullptr;
};

/// The built-in types by name.
struct Types {
#define TYPE(field, name, kind, base) Type* field = nullptr;
#include "vm/types.def"
#define EXCEPTION(name, base, fields) Type* name = nullptr;
#include "vm/exceptions.def"
  Type* tensor = nullptr;     // of Tag::Tensor; made by the torch library
  Type* parameter = nullptr;  // of tensors that are nn.Parameters
  Type* dtype = nullptr;      // of Tag::DType
};

/// Interned strings that the VM itself uses.
struct Names {
#define NAME(field, text) Str* field = nullptr;
#include "vm/names.def"
};

/// How other parts plug in. Null: not there; what needs it raises NotImplementedError.
struct Callbacks {
  /// Calls a function of the language. Arguments: positional ones first, then one per keyword.
  Value (*call_function)(VM& vm, Function* f, std::span<const Value> args, std::span<Str* const> keywords) = nullptr;
  /// The reference that a Function (or a code object) holds on its code.
  void (*retain_code)(CodeState* code) = nullptr;
  void (*release_code)(VM& vm, CodeState* code) = nullptr;
  /// Attributes of functions that the object model does not know (__code__, ...): Unbound when there is no such.
  Value (*function_attr)(VM& vm, Function* f, Str* name) = nullptr;
  /// import_module("a.b") gives the module a.b itself (from vm.modules when loaded).
  Value (*import_module)(VM& vm, std::string_view name) = nullptr;
  /// The import statement's function: as `__import__`.
  Value (*import)(VM& vm, Value name, Value globals, Value locals, Value fromlist, int64_t level) = nullptr;
  /// compile(): a code object. mode is "exec", "eval" or "single".
  Value (*compile)(VM& vm, std::string_view source, std::string_view filename, std::string_view mode) = nullptr;
  /// Runs a code object: the value of an "eval" one, else None.
  Value (*run_code)(VM& vm, Value code, Value globals, Value locals) = nullptr;
  /// The running function's namespaces, owned: globals is its module's dict, locals a new dict (or the module's).
  Value (*current_globals)(VM& vm) = nullptr;
  Value (*current_locals)(VM& vm) = nullptr;
  /// super() without arguments: the running method's class and first argument, borrowed. False: not in a method.
  bool (*current_method)(VM& vm, Type*& type, Value& self) = nullptr;
  /// Finds attributes of values that are no VM objects (tensors, dtypes); null: they have none.
  Value (*tensor_attr)(VM& vm, Value tensor, Str* name) = nullptr;
  /// Asked at safe points after `interrupted` was set, besides interrupts and collections; false: an exception is
  /// pending.
  bool (*at_safe_point)(VM& vm) = nullptr;
  /// Calls the program's handlers of the signals that came; false: one raised. Null: it has none.
  bool (*run_signal_handlers)(VM& vm) = nullptr;
  /// Called at close, before the heap is emptied.
  void (*close)(VM& vm) = nullptr;
};

/// State that a native library keeps in a VM; deleted at close, before the heap goes.
struct Extension {
  virtual ~Extension() = default;
  /// References it holds, for the collector.
  virtual void clear(VM&) {}
};

/// Makes a module when it is first imported; gives the module, owned.
using NativeModuleFn = Value (*)(VM& vm);

class VM {
 public:
  explicit VM(Options options = {});
  ~VM();
  VM(const VM&) = delete;
  VM& operator=(const VM&) = delete;

  Options options;
  Heap heap;
  Types types;
  Names names;
  Callbacks callbacks;

  /// The exception on its way; Unbound: none. Owned. Set through raise and friends of vm/runtime.h.
  Value pending;
  /// Set by a call_method that fails because it does not find its method, for the entry of the traceback.
  bool method_lookup_failed = false;
  /// The exception being handled (`except` block running), None when there is none. Owned.
  Value handled = Value::none();

  Dict* builtins = nullptr;  // the builtins module's namespace
  Dict* modules = nullptr;   // sys.modules
  Value builtins_module;

  /// Asks the running program to stop with KeyboardInterrupt; from a signal handler or another thread.
  void interrupt();
  /// Something waits to be done at a safe point (an interrupt, a collection): polled at back edges and calls, then
  /// handle_interrupt does it.
  std::atomic<bool> interrupted{false};
  std::atomic<bool> interrupt_requested{false};

  /// The running function's frame; null outside of the language.
  Frame* frame = nullptr;
  /// Stacks of frames, tagged registers and raw registers: reserved memory that never moves.
  Frame *frame_top = nullptr, *frame_end = nullptr;
  Value *register_top = nullptr, *register_end = nullptr;
  uint64_t *raw_top = nullptr, *raw_end = nullptr;

  /// The compiler of native code, if there is one (vm/jit_callbacks.h).
  const JitCallbacks* jit = nullptr;
  /// The tensor operators, if they are there (vm/op_dispatch.h).
  const OpDispatch* op_dispatch = nullptr;

  /// Nesting of calls of functions of the language, kept by the interpreter; the limit is sys.setrecursionlimit's.
  int32_t depth = 0;
  int32_t recursion_limit = 1000;
  /// There are hooks of all modules: no call of one goes straight to its method.
  bool module_hooks = false;
  /// Called by a host when another thread than before goes on with the VM: measures the C++ stack from here.
  void use_this_thread();
  /// C++ stack: whoever recurses natively checks that it has not gone below. See StackGuard in vm/runtime.h.
  char* stack_limit = nullptr;

  /// The interned string of that text: owned by the caller.
  Str* intern(std::string_view text);
  /// The interned equivalent of a string: owned by the caller.
  Str* intern(Str* s);
  /// A Str that lives as long as the VM: for names that C++ code keeps.
  Str* name(std::string_view text);

  /// A module that C++ code makes on import; `name` outlives the VM.
  void add_native_module(const char* name, NativeModuleFn make);
  NativeModuleFn find_native_module(std::string_view name) const;

  /// An extension of the given class, made at the first call.
  template <class T>
  T& extension() {
    static const char key = 0;
    Extension*& slot = extension_slot(&key);
    if (!slot) slot = new T();
    return static_cast<T&>(*slot);
  }

  uint32_t next_type_version() { return ++type_version_; }
  uint64_t next_keys_version() { return ++keys_version_; }

  /// Lookups of (type version, name) that succeeded or failed lately; entries are borrowed and die with the version.
  struct MethodCacheEntry {
    uint32_t version = 0;
    Str* name = nullptr;
    Value value;
  };
  static constexpr size_t kMethodCacheSize = 4096;
  std::unique_ptr<MethodCacheEntry[]> method_cache;

  struct Tables;  // interned strings, weak references, native modules: vm/vm.cpp
  std::unique_ptr<Tables> tables;

 private:
  Extension*& extension_slot(const void* key);
  uint32_t type_version_ = 0;
  uint64_t keys_version_ = 0;
};

}  // namespace tsvm::vm

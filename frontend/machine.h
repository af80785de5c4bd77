// The virtual machine behind torch::jit, and values on their way in and out.
//
// There is one for the process, made at first use and never closed: handles may outlive main. Whoever touches it holds
// a MachineLock, so that threads take turns; locks nest (scripted code may call operators of the program's). Gradient
// mode, default dtype and random numbers are the thread's own, as for operators. What scripts print goes to std::cout.
#pragma once

#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "stdlib/native/script/host.h"
#include "vm/vm.h"

namespace c10::ivalue {
/// What an Object is a handle of.
struct Object::Handle {
  tsvm::vm::Ref value;
};
}  // namespace c10::ivalue

namespace tsvm::frontend {

namespace script = tsvm::script;

class MachineLock {
 public:
  MachineLock();
  ~MachineLock();
  MachineLock(const MachineLock&) = delete;
  MachineLock& operator=(const MachineLock&) = delete;

  vm::VM& vm;
  stdlib::script_host::ScriptState& state;
};

/// What torch::jit::Function is a handle of: kept as long as the machine.
struct FunctionHandle {
  script::Function* function;
  std::string name;
};
const FunctionHandle* handle_of(MachineLock& m, script::Function* f);

/// Throws what is pending: JITException, c10::Error and its kinds, or std::runtime_error.
[[noreturn]] void throw_pending(vm::VM& vm);
/// The same for what a compilation left: ErrorReport.
[[noreturn]] void throw_report(vm::VM& vm);
/// An owned result, or the exception.
inline vm::Ref checked(vm::VM& vm, vm::Value owned) {
  if (owned.is_error()) throw_pending(vm);
  return vm::Ref(owned);
}
/// A function of the library's module torch.jit._embedding.
vm::Ref call_library(MachineLock& m, const char* name, std::vector<vm::Value> args);

c10::TypePtr type_of(MachineLock& m, script::TypeId t);
/// Throws when there is no such type.
script::TypeId type_of(MachineLock& m, const c10::TypePtr& t);
/// A value of scripted code as that type; Unbound: it is none.
vm::Ref to_value(MachineLock& m, const c10::IValue& v, script::TypeId type);
/// As a value that nothing is known about.
vm::Ref to_value(MachineLock& m, const c10::IValue& v);
c10::IValue from_value(MachineLock& m, vm::Value v, script::TypeId type);
c10::intrusive_ptr<c10::ivalue::Object> object_of(vm::Value v);

/// The description of an object's class; null: it has none.
script::ClassInfo* class_of(MachineLock& m, vm::Value object);
vm::Value value_of(const c10::ivalue::Object& o);

/// Calls a function with arguments that are checked against its schema; self is the first of them.
c10::IValue call(const FunctionHandle& f, std::vector<c10::IValue> args,
                 const std::vector<std::pair<std::string, c10::IValue>>& keywords);

}  // namespace tsvm::frontend

// Plugging the interpreter into a VM: stacks, callbacks, types.

#include "base/check.h"
#include "vm/compile.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/modules.h"
#include "vm/runtime.h"
#include "vm/threads.h"

namespace tsvm::vm {

namespace {

// Address space for the stacks; memory comes as it is touched.
struct Stacks : Extension {
  void* memory = nullptr;
  ~Stacks() override {
    if (memory) free_stacks(memory);
  }
};

Value function_attr(VM& vm, Function* f, Str* name) {
  if (name->view() == "__code__") {
    retain_code(f->code);
    return make_code_object(vm, f->code);
  }
  return Value::unbound();
}

Value compile_callback(VM& vm, std::string_view source, std::string_view file, std::string_view mode) {
  CompileMode m = mode == "eval" ? CompileMode::Eval : mode == "single" ? CompileMode::Single : CompileMode::Exec;
  std::shared_ptr<CodeUnit> unit = compile_source(vm, std::string(source), std::string(file), "<module>", m, true);
  if (!unit) return Value::error();
  CodeState* state = make_code_state(vm, std::move(unit), 0);
  return state ? make_code_object(vm, state) : Value::error();
}

// A module object around a namespace, whose own it is when it has one.
Value module_around(VM& vm, Value globals) {
  if (vm.frame && globals.same(Value::object(vm.frame->globals))) return new_ref(vm.frame->function->module);
  Value name = dict_get_borrow(as<Dict>(globals), vm.names.dunder_name);
  Value module = make_module(vm, is_str(name) ? text_of(name) : "<namespace>");
  auto* m = as<Module>(module);
  Value own = Value::object(m->dict);
  m->dict = as<Dict>(new_ref(globals));
  release(own);
  return module;
}

Value run_code(VM& vm, Value code, Value globals, Value locals) {
  CodeState* state = code_of(vm, code);
  if (!state) return raise(vm, vm.types.TypeError, "exec() arg 1 must be a string, bytes or code object");
  if (!is_kind(globals, Kind::Dict)) return raise(vm, vm.types.TypeError, "globals must be a dict");
  if (dict_get_borrow(as<Dict>(globals), vm.names.builtins_module).is_unbound())
    dict_set(vm, as<Dict>(globals), vm.names.builtins_module, vm.builtins_module);
  Ref module(module_around(vm, globals));
  Ref f(make_function(vm, state, *module));
  Value ns = locals.is_unbound() || locals.is_none() ? globals : locals;
  std::span<const Value> args(&ns, state->code->num_params);
  return call_function(vm, as<Function>(*f), args, {});
}

Value current_globals(VM& vm) {
  if (!vm.frame) return make_dict(vm);
  return new_ref(Value::object(vm.frame->globals));
}

Value current_locals(VM& vm) {
  if (!vm.frame) return make_dict(vm);
  Frame* f = vm.frame;
  const Code& code = *f->state->code;
  if (code.is_module_body) return current_globals(vm);
  if (code.is_class_body) return new_ref(f->regs[0]);
  return raise(vm, vm.types.NotImplementedError, "locals() inside of a function");
}

}  // namespace

void install_interpreter(VM& vm) {
  void* memory = reserve_stacks(vm);
  TSVM_CHECK(memory, "no address space for the stacks");
  vm.extension<Stacks>().memory = memory;

  vm.callbacks.call_function = call_function;
  vm.callbacks.retain_code = retain_code;
  vm.callbacks.release_code = release_code;
  vm.callbacks.function_attr = function_attr;
  vm.callbacks.compile = compile_callback;
  vm.callbacks.run_code = run_code;
  vm.callbacks.current_globals = current_globals;
  vm.callbacks.current_locals = current_locals;
  install_generators(vm);
  install_tracebacks(vm);
  install_modules(vm);
}

}  // namespace tsvm::vm

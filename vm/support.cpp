// What the runtime needs beside types and operators: guards, reports, interrupts, module building.
#include <cstdio>

#include "base/repr.h"
#include "ops/tensor/tensor.h"
#include "vm/frame.h"
#include "vm/native.h"
#include "vm/tables.h"
#include "vm/threads.h"
#include "vm/types/common.h"
#include "vm/types/iterators.h"
#include "vm/types/str.h"

namespace tsvm::vm {

void retain_tensor(ops::TensorImpl* t) { t->retain(); }
void release_tensor(ops::TensorImpl* t) { t->release(); }

ReprGuard::ReprGuard(VM& vm, Value v) : vm_(vm), entered_(true) {
  for (Object* o : vm.tables->printing)
    if (o == v.o) entered_ = false;
  if (entered_) vm.tables->printing.push_back(v.o);
}

ReprGuard::~ReprGuard() {
  if (entered_) vm_.tables->printing.pop_back();
}

Value ascii(VM& vm, Value v) {
  Ref r(repr(vm, v));
  if (r.is_error() || as<Str>(*r)->ascii) return r.take();
  // What repr left readable is escaped: the quotes stay those of repr.
  std::string out;
  std::string_view text = text_of(*r);
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      out.push_back(text[i++]);
      continue;
    }
    size_t end = i;
    while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) end++;
    std::string part = str_repr(text.substr(i, end - i), true);
    out.append(part, 1, part.size() - 2);
    i = end;
  }
  return make_ascii(vm, out);
}

void VM::interrupt() {
  interrupt_requested.store(true, std::memory_order_relaxed);
  interrupted.store(true, std::memory_order_release);
}

bool handle_interrupt(VM& vm) {
  vm.interrupted.store(false, std::memory_order_relaxed);
  const bool main = in_main_thread(vm);
  if (main && vm.interrupt_requested.exchange(false, std::memory_order_relaxed)) {
    (void)raise(vm, vm.types.KeyboardInterrupt, "%s", "");
    return false;
  }
  if (vm.callbacks.at_safe_point && !vm.callbacks.at_safe_point(vm)) return false;
  vm.heap.collect_if_due();
  if (main && vm.callbacks.run_signal_handlers && !vm.callbacks.run_signal_handlers(vm)) return false;
  return take_turns(vm);
}

void report_unraisable(VM& vm, const char* where, Value object) {
  Ref e(take_pending(vm));
  std::string text = "Exception ignored in: ";
  if (!repr_to(vm, object, text)) {
    clear_pending(vm);
    text += "<object repr() failed>";
  }
  text += std::string(" (") + where + ")\n";
  if (e->is_object()) {
    text += std::string(e->o->type->name->view());
    std::string message;
    if (!str_to(vm, *e, message)) clear_pending(vm);
    if (!message.empty()) text += ": " + message;
    text += "\n";
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

Value raise_stop_iteration(VM& vm, Value iterator) {
  Ref result(Value::none());
  if (is_kind(iterator, Kind::Generator)) {
    auto* g = as<Generator>(iterator);
    result = Ref(g->result);
    g->result = Value::none();
  }
  Value v = *result;
  Ref e(make_exception(vm, vm.types.StopIteration,
                       v.is_none() ? std::span<const Value>() : std::span<const Value>(&v, 1)));
  return raise_value(vm, *e);
}

// --- modules ------------------------------------------------------------------------------------------------------

ModuleBuilder::ModuleBuilder(VM& vm, std::string_view name, std::string_view doc)
    : vm_(vm), module_(make_module(vm, name, doc)) {}

ModuleBuilder& ModuleBuilder::functions(std::span<const NativeDef> defs) {
  Value name = Value::object(module()->name);
  for (const NativeDef& d : defs) {
    Ref f(make_native_function(vm_, &d, name));
    dict_set(vm_, module()->dict, as<NativeFunction>(*f)->name, *f);
  }
  return *this;
}

ModuleBuilder& ModuleBuilder::constant(std::string_view name, Value owned) {
  Ref v(owned);
  dict_set(vm_, module()->dict, name, owned);
  return *this;
}

ModuleBuilder& ModuleBuilder::type(Type* type) {
  dict_set(vm_, module()->dict, type->qualified_name, Value::object(type));
  return *this;
}

}  // namespace tsvm::vm

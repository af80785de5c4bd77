// Modules: a name and a namespace. Attributes are the namespace's entries; a module-level __getattr__ is asked last.
#include <string>

#include "vm/native.h"
#include "vm/types/common.h"
#include "vm/types/init.h"

namespace tsvm::vm {

Value make_module(VM& vm, std::string_view name, std::string_view doc) {
  auto* m = allocate_object<Module>(vm, vm.types.module, Kind::Module);
  m->name = vm.intern(name);
  m->dict = as<Dict>(make_dict(vm));
  vm.heap.track(m);
  dict_set(vm, m->dict, vm.names.dunder_name, Value::object(m->name));
  Ref text(doc.empty() ? Value::none() : make_str(vm, doc));
  dict_set(vm, m->dict, vm.names.doc, *text);
  dict_set(vm, m->dict, vm.names.package, Value::none());
  dict_set(vm, m->dict, vm.names.loader, Value::none());
  dict_set(vm, m->dict, vm.names.spec, Value::none());
  return Value::object(m);
}

namespace {

void dealloc(VM&, Object* o) {
  auto* m = static_cast<Module*>(o);
  release(Value::object(m->name));
  release(Value::object(m->dict));
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  visit(Value::object(static_cast<Module*>(o)->dict), context);
}

void clear(VM& vm, Object* o) { dict_clear(vm, static_cast<Module*>(o)->dict); }

Value get_attr_slot(VM& vm, Value self, Str* name) {
  Dict* dict = as<Module>(self)->dict;
  Value found = dict_get_borrow(dict, name);
  if (!found.is_unbound()) return new_ref(found);
  if (name == vm.names.dict_) return new_ref(Value::object(dict));
  Ref inherited(default_get_attr(vm, self, name));
  if (inherited.is_error() || !inherited->is_unbound()) return inherited.take();
  Ref fallback = Ref::copy(dict_get_borrow(dict, vm.name("__getattr__")));
  if (!fallback->is_unbound()) {
    Ref value(call(vm, *fallback, {Value::object(name)}));
    if (value.is_error() && clear_pending_if(vm, vm.types.AttributeError)) return Value::unbound();
    return value.take();
  }
  return Value::unbound();
}

bool set_attr_slot(VM& vm, Value self, Str* name, Value value) {
  Dict* dict = as<Module>(self)->dict;
  if (!value.is_unbound()) {
    dict_set(vm, dict, name, value);
    return true;
  }
  if (dict_delete(vm, dict, name)) return true;
  (void)raise_attribute_error(vm, self, name);
  return false;
}

/// The module's name as its namespace has it now.
std::string name_of(Value self, VM& vm) {
  Value name = dict_get_borrow(as<Module>(self)->dict, vm.names.dunder_name);
  return std::string(is_str(name) ? text_of(name) : as<Module>(self)->name->view());
}

Value repr_slot(VM& vm, Value self) {
  Value file = dict_get_borrow(as<Module>(self)->dict, vm.names.dunder_file);
  std::string out = "<module '" + name_of(self, vm) + "'";
  Value known = dict_get_borrow(vm.modules, vm.name(name_of(self, vm)));
  if (is_str(file))
    out += " from '" + std::string(text_of(file)) + "'>";
  else
    out += known.same(self) ? " (built-in)>" : ">";
  return make_str(vm, out);
}

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"module(name, doc=None)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  std::string_view name;
  if (!bind_args(vm, kDef, args, keywords, a, keep) || !arg_str(vm, a[0], "module() argument 'name'", name))
    return Value::error();
  if (type != vm.types.module) return raise(vm, vm.types.NotImplementedError, "classes derived from module");
  return make_module(vm, name, is_str(a[1]) ? text_of(a[1]) : std::string_view());
}

const NativeDef kMethods[] = {
    {"__dir__(self, /)",
     [](VM& vm, const Value* a) { return make_list_from(vm, Value::object(as<Module>(a[0])->dict)); }},
};

}  // namespace

void init_module(VM& vm) {
  Type* t = vm.types.module;
  t->instance_size = sizeof(Module);
  t->is_gc = true;
  t->has_dict = true;  // in a way of its own: Module::dict
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.clear = clear;
  t->slots.repr = repr_slot;
  t->slots.get_attr = get_attr_slot;
  t->slots.set_attr = set_attr_slot;
  t->slots.create = create;
  finish_type(vm, t, {.methods = kMethods});
}

}  // namespace tsvm::vm

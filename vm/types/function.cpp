// Functions and methods: of the language, of C++, bound ones, and wrappers of slots.
#include "vm/native_call.h"
#include "vm/special.h"
#include "vm/types/type.h"

namespace tsvm::vm {

using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

namespace {

std::string_view signature_name(const NativeDef* def) {
  std::string_view s = def->signature;
  return s.substr(0, s.find('('));
}

NativeFunction* native_of(Value v) { return as<NativeFunction>(v); }
Function* function_of(Value v) { return as<Function>(v); }

}  // namespace

Value make_native_function(VM& vm, const NativeDef* def, Value module) {
  auto* f = allocate_object<NativeFunction>(vm, vm.types.builtin_function, Kind::NativeFunction);
  f->def = def;
  f->name = vm.intern(signature_name(def));
  f->module = new_ref(module);
  f->self = Value();
  vm.heap.track(f);
  return Value::object(f);
}

Value make_native_closure(VM& vm, const NativeDef* def, Value self) {
  Value f = make_native_function(vm, def);
  native_of(f)->self = new_ref(self);
  return f;
}

Value make_bound_method(VM& vm, Value function, Value self) {
  Type* t = is_kind(function, Kind::NativeFunction)                                   ? vm.types.builtin_method
            : function.is_object() && function.o->type == vm.types.wrapper_descriptor ? vm.types.method_wrapper
                                                                                      : vm.types.bound_method;
  auto* m = allocate_object<BoundMethod>(vm, t, Kind::BoundMethod);
  m->function = new_ref(function);
  m->self = new_ref(self);
  vm.heap.track(m);
  return Value::object(m);
}

// --- __new__ of native types --------------------------------------------------------------------------------------

static Value never_called(VM&, const Value*) { return Value::none(); }
static const NativeDef kNew{"__new__(*args, **kwargs)", never_called,
                            "Create and return a new object.  See help(type) for accurate signature."};

Value make_new_function(VM& vm, Type* owner) {
  Value f = make_native_function(vm, &kNew);
  native_of(f)->owner = owner;
  return f;
}

Type* owner_of_new(VM&, Value function) {
  if (!is_kind(function, Kind::NativeFunction) || native_of(function)->def != &kNew) return nullptr;
  return native_of(function)->owner;
}

Value call_new(VM& vm, Type* owner, Args args, Keywords keywords) {
  if (args.size() == keywords.size())
    return raise(vm, vm.types.TypeError, "%s.__new__(): not enough arguments", owner->name->data);
  if (!is_kind(args[0], Kind::Type))
    return raise(vm, vm.types.TypeError, "%s.__new__(X): X is not a type object (%s)", owner->name->data,
                 type_name(vm, args[0]));
  auto* t = as<Type>(args[0]);
  if (!is_subtype(t, owner))
    return raise(vm, vm.types.TypeError, "%s.__new__(%s): %s is not a subtype of %s", owner->name->data, t->name->data,
                 t->name->data, owner->name->data);
  if (owner->solid_base != t->solid_base && owner->solid_base->slots.create != t->solid_base->slots.create)
    return raise(vm, vm.types.TypeError, "%s.__new__(%s) is not safe, use %s.__new__()", owner->name->data,
                 t->name->data, t->solid_base->name->data);
  return owner->slots.create(vm, t, args.subspan(1), keywords);
}

// --- functions of the language ------------------------------------------------------------------------------------

namespace {

void dealloc_function(VM& vm, Object* o) {
  auto* f = static_cast<Function*>(o);
  if (f->code && vm.callbacks.release_code) vm.callbacks.release_code(vm, f->code);
  release(Value::object(f->name));
  release(Value::object(f->qualified_name));
  release(f->module);
  release(f->defaults);
  release(f->keyword_defaults);
  release(f->annotations);
  release(f->doc);
  release(f->dict);
  for (uint32_t i = 0; i < f->closure_size; i++) release(f->closure[i]);
}

size_t size_of_function(const Object* o) {
  return std::max(sizeof(Function),
                  offsetof(Function, closure) + static_cast<const Function*>(o)->closure_size * sizeof(Value));
}

void traverse_function(Object* o, void (*visit)(Value, void*), void* context) {
  auto* f = static_cast<Function*>(o);
  for (Value v : {f->module, f->defaults, f->keyword_defaults, f->annotations, f->doc, f->dict}) visit(v, context);
  for (uint32_t i = 0; i < f->closure_size; i++) visit(f->closure[i], context);
}

void clear_function(VM&, Object* o) {
  auto* f = static_cast<Function*>(o);
  for (Value* v : {&f->defaults, &f->keyword_defaults, &f->annotations, &f->dict}) {
    Ref drop(*v);
    *v = Value::none();
  }
  for (uint32_t i = 0; i < f->closure_size; i++) {
    Ref drop(f->closure[i]);
    f->closure[i] = Value();
  }
}

Value repr_function(VM& vm, Value self) {
  return make_str_format(vm, "<function %s at %p>", function_of(self)->qualified_name->data,
                         static_cast<void*>(self.o));
}

Value function_dict(VM& vm, Function* f) {
  if (f->dict.is_none()) f->dict = make_dict(vm);
  return f->dict;
}

Value get_attr_function(VM& vm, Value self, Str* name) {
  auto* f = function_of(self);
  Type* t = self.o->type;
  Value attr = lookup_in_type_borrow(t, name);
  if (attr.is_object() && attr.o->type->slots.descr_set) return bind_descriptor(vm, attr, self, t);
  if (!f->dict.is_none()) {
    Value v = dict_get_borrow(as<Dict>(f->dict), name);
    if (!v.is_unbound()) return new_ref(v);
  }
  if (!attr.is_unbound()) return bind_descriptor(vm, attr, self, t);
  return vm.callbacks.function_attr ? vm.callbacks.function_attr(vm, f, name) : Value::unbound();
}

bool set_attr_function(VM& vm, Value self, Str* name, Value value) {
  auto* f = function_of(self);
  Value attr = lookup_in_type_borrow(self.o->type, name);
  if (attr.is_object() && attr.o->type->slots.descr_set) return attr.o->type->slots.descr_set(vm, attr, self, value);
  auto* d = as<Dict>(function_dict(vm, f));
  if (!value.is_unbound()) {
    dict_set(vm, d, name, value);
    return true;
  }
  if (dict_delete(vm, d, name)) return true;
  return fail(vm, vm.types.AttributeError, "'function' object has no attribute '%s'", name->data);
}

Value get_of_function(VM& vm, Value self, Value instance, Type*) {
  return instance.is_unbound() ? new_ref(self) : make_bound_method(vm, self, instance);
}

Value fn_name(VM&, Value self) { return new_ref(Value::object(function_of(self)->name)); }
Value fn_qualname(VM&, Value self) { return new_ref(Value::object(function_of(self)->qualified_name)); }
template <Str* Function::*kField>
bool fn_set_str(VM& vm, Value self, Value v) {
  if (!is_str(v))
    return fail(vm, vm.types.TypeError, "%s must be set to a string object",
                kField == &Function::name ? "__name__" : "__qualname__");
  auto* f = function_of(self);
  release(Value::object(f->*kField));
  f->*kField = vm.intern(as<Str>(v));
  return true;
}
template <Value Function::*kField>
Value fn_get(VM&, Value self) {
  return new_ref(function_of(self)->*kField);
}
template <Value Function::*kField>
bool fn_set(VM&, Value self, Value v) {
  Ref old(function_of(self)->*kField);
  function_of(self)->*kField = v.is_unbound() ? Value::none() : new_ref(v);
  return true;
}
bool fn_set_defaults(VM& vm, Value self, Value v) {
  if (!v.is_unbound() && !v.is_none() && !is_kind(v, Kind::Tuple))
    return fail(vm, vm.types.TypeError, "__defaults__ must be set to a tuple object");
  return fn_set<&Function::defaults>(vm, self, v);
}
Value fn_annotations(VM& vm, Value self) {
  auto* f = function_of(self);
  if (f->annotations.is_none()) f->annotations = make_dict(vm);
  return new_ref(f->annotations);
}
Value fn_module(VM& vm, Value self) {
  auto* f = function_of(self);
  if (!f->dict.is_none()) {
    Value own = dict_get_borrow(as<Dict>(f->dict), vm.names.module);
    if (!own.is_unbound()) return new_ref(own);
  }
  if (!is_kind(f->module, Kind::Module)) return Value::none();
  Value n = dict_get_borrow(as<Module>(f->module)->dict, vm.names.dunder_name);
  return n.is_unbound() ? Value::none() : new_ref(n);
}
bool fn_set_module(VM& vm, Value self, Value v) {
  dict_set(vm, as<Dict>(function_dict(vm, function_of(self))), vm.names.module, v.is_unbound() ? Value::none() : v);
  return true;
}
Value fn_globals(VM&, Value self) {
  auto* f = function_of(self);
  return is_kind(f->module, Kind::Module) ? new_ref(Value::object(as<Module>(f->module)->dict)) : Value::none();
}
Value fn_closure(VM& vm, Value self) {
  auto* f = function_of(self);
  return f->closure_size ? make_tuple(vm, std::span<const Value>(f->closure, f->closure_size)) : Value::none();
}
Value fn_dict(VM& vm, Value self) { return new_ref(function_dict(vm, function_of(self))); }
bool fn_set_dict(VM& vm, Value self, Value v) {
  if (!is_kind(v, Kind::Dict)) return fail(vm, vm.types.TypeError, "__dict__ must be set to a dictionary");
  return fn_set<&Function::dict>(vm, self, v);
}

const GetSetDef kFunctionFields[] = {
    {"__name__", fn_name, fn_set_str<&Function::name>},
    {"__qualname__", fn_qualname, fn_set_str<&Function::qualified_name>},
    {"__doc__", fn_get<&Function::doc>, fn_set<&Function::doc>},
    {"__defaults__", fn_get<&Function::defaults>, fn_set_defaults},
    {"__kwdefaults__", fn_get<&Function::keyword_defaults>, fn_set<&Function::keyword_defaults>},
    {"__annotations__", fn_annotations, fn_set<&Function::annotations>},
    {"__module__", fn_module, fn_set_module},
    {"__globals__", fn_globals},
    {"__closure__", fn_closure},
    {"__dict__", fn_dict, fn_set_dict},
};

Value call_slot(VM& vm, Value self, Args args, Keywords keywords) { return call(vm, self, args, keywords); }

// --- C++ functions ------------------------------------------------------------------------------------------------

void dealloc_native(VM&, Object* o) {
  auto* f = static_cast<NativeFunction*>(o);
  delete_signature(f->signature);
  release(Value::object(f->name));
  release(f->module);
  release(f->self);
}

void traverse_native(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<NativeFunction*>(o)->self, context);
}

Value repr_native(VM& vm, Value self) {
  auto* f = native_of(self);
  if (f->type == vm.types.builtin_function) {
    if (f->owner)
      return make_str_format(vm, "<built-in method %s of type object at %p>", f->name->data,
                             static_cast<void*>(f->owner));
    return make_str_format(vm, "<built-in function %s>", f->name->data);
  }
  return make_str_format(vm, "<method '%s' of '%s' objects>", f->name->data, f->owner->name->data);
}

std::string native_qualname(NativeFunction* f) {
  return f->owner ? std::string(f->owner->name->view()) + "." + std::string(f->name->view())
                  : std::string(f->name->view());
}

Value native_name(VM&, Value self) { return new_ref(Value::object(native_of(self)->name)); }
Value native_qualified(VM& vm, Value self) { return make_str(vm, native_qualname(native_of(self))); }
Value native_doc(VM& vm, Value self) {
  const char* doc = native_of(self)->def->doc;
  return *doc ? make_str(vm, doc) : Value::none();
}
Value native_module(VM&, Value self) { return new_ref(native_of(self)->module); }
Value native_self(VM&, Value self) {
  auto* f = native_of(self);
  return f->self.is_unbound() ? Value::none() : new_ref(f->self);
}
Value native_text_signature(VM& vm, Value self) {
  std::string_view s = native_of(self)->def->signature;
  return make_str(vm, s.substr(s.find('(')));
}
Value native_class(VM&, Value self) {
  auto* f = native_of(self);
  return f->owner ? new_ref(Value::object(f->owner)) : Value::none();
}

const GetSetDef kNativeFields[] = {
    {"__name__", native_name},     {"__qualname__", native_qualified}, {"__doc__", native_doc},
    {"__module__", native_module}, {"__self__", native_self},          {"__text_signature__", native_text_signature},
};
const GetSetDef kMethodFields[] = {
    {"__name__", native_name},
    {"__qualname__", native_qualified},
    {"__doc__", native_doc},
    {"__objclass__", native_class},
    {"__text_signature__", native_text_signature},
};

Value get_of_method(VM& vm, Value self, Value instance, Type*) {
  return instance.is_unbound() ? new_ref(self) : make_bound_method(vm, self, instance);
}
Value get_of_class_method(VM& vm, Value self, Value instance, Type* owner) {
  return make_bound_method(vm, self, Value::object(owner ? owner : type_of(vm, instance)));
}

// --- wrappers of slots --------------------------------------------------------------------------------------------

SlotWrapper* wrapper_of(Value v) { return as<SlotWrapper>(v); }

Value call_wrapper_slot(VM& vm, Value self, Args args, Keywords keywords) {
  auto* w = wrapper_of(self);
  if (args.size() == keywords.size())
    return raise(vm, vm.types.TypeError, "descriptor '%s' of '%s' object needs an argument", w->name->data,
                 w->owner->name->data);
  Type* t = type_of(vm, args[0]);
  if (!is_subtype(t, w->owner))
    return raise(vm, vm.types.TypeError, "descriptor '%s' requires a '%s' object but received a '%s'", w->name->data,
                 w->owner->name->data, t->name->data);
  return call_wrapper(vm, w, args[0], args.subspan(1), keywords);
}

Value wrapper_name(VM&, Value self) { return new_ref(Value::object(wrapper_of(self)->name)); }
Value wrapper_qualname(VM& vm, Value self) {
  return make_str(
      vm, std::string(wrapper_of(self)->owner->name->view()) + "." + std::string(wrapper_of(self)->name->view()));
}
Value wrapper_class(VM&, Value self) { return new_ref(Value::object(wrapper_of(self)->owner)); }
Value no_doc(VM&, Value) { return Value::none(); }
const GetSetDef kWrapperFields[] = {{"__name__", wrapper_name},
                                    {"__qualname__", wrapper_qualname},
                                    {"__objclass__", wrapper_class},
                                    {"__doc__", no_doc}};

// --- bound methods ------------------------------------------------------------------------------------------------

BoundMethod* method_of(Value v) { return as<BoundMethod>(v); }

/// A method is pickled as an attribute of what it is bound to.
const NativeDef kMethodMethods[] = {
    {"__reduce__(self, /)",
     [](VM& vm, const Value* a) {
       Ref name(get_attr(vm, a[0], vm.name("__name__")));
       if (name.is_error()) return Value::error();
       Ref args(make_tuple(vm, {method_of(a[0])->self, *name}));
       return make_tuple(vm, {dict_get_borrow(vm.builtins, vm.name("getattr")), *args});
     }},
};

Value repr_method(VM& vm, Value self) {
  auto* m = method_of(self);
  if (m->type == vm.types.builtin_method) {
    auto* f = native_of(m->function);
    if (f->type == vm.types.classmethod_descriptor)
      return make_str_format(vm, "<built-in method %s of type object at %p>", f->name->data,
                             reinterpret_cast<void*>(m->self.bits));
    return make_str_format(vm, "<built-in method %s of %s object at %p>", f->name->data, type_name(vm, m->self),
                           reinterpret_cast<void*>(m->self.bits));
  }
  if (m->type == vm.types.method_wrapper)
    return make_str_format(vm, "<method-wrapper '%s' of %s object at %p>", wrapper_of(m->function)->name->data,
                           type_name(vm, m->self), reinterpret_cast<void*>(m->self.bits));
  Ref name(get_attr_or_unbound(vm, m->function, vm.names.qualname));
  if (name.is_error()) return Value::error();
  std::string out = "<bound method ";
  out += is_str(*name) ? std::string(text_of(*name)) : "?";
  out += " of ";
  if (!repr_to(vm, m->self, out)) return Value::error();
  return make_str(vm, out + ">");
}

Value get_attr_method(VM& vm, Value self, Str* name) {
  Type* t = self.o->type;
  Value own = lookup_in_type_borrow(t, name);
  if (!own.is_unbound()) return bind_descriptor(vm, own, self, t);
  return get_attr_or_unbound(vm, method_of(self)->function, name);
}

Value compare_method(VM&, ir::CompareOp op, Value self, Value other) {
  if ((op != ir::CompareOp::Eq && op != ir::CompareOp::Ne) || !is_kind(other, Kind::BoundMethod))
    return Value::not_implemented();
  auto *a = method_of(self), *b = method_of(other);
  bool same = a->function.same(b->function) && a->self.same(b->self);
  return Value::boolean(same == (op == ir::CompareOp::Eq));
}

bool hash_method(VM&, Value self, uint64_t& out) {
  auto* m = method_of(self);
  out = (m->function.bits >> 4) * 31 ^ (m->self.bits >> 4);
  return true;
}

Value method_function(VM&, Value self) { return new_ref(method_of(self)->function); }
Value method_self(VM&, Value self) { return new_ref(method_of(self)->self); }
template <Str* Names::*kName>
Value method_forward(VM& vm, Value self) {
  return get_attr(vm, method_of(self)->function, vm.names.*kName);
}
const GetSetDef kMethodOnlyFields[] = {
    {"__func__", method_function},
    {"__self__", method_self},
    {"__name__", method_forward<&Names::dunder_name>},
    {"__qualname__", method_forward<&Names::qualname>},
    {"__doc__", method_forward<&Names::doc>},
    {"__module__", method_forward<&Names::module>},
};
const GetSetDef kBuiltinMethodFields[] = {
    {"__self__", method_self},
    {"__name__", method_forward<&Names::dunder_name>},
    {"__qualname__", method_forward<&Names::qualname>},
    {"__doc__", method_forward<&Names::doc>},
};

Value create_method(VM& vm, Type*, Args args, Keywords keywords) {
  if (!no_keywords(vm, "method", keywords) || !arg_count(vm, "method", args.size(), 2, 2)) return Value::error();
  if (!is_callable(vm, args[0])) return raise(vm, vm.types.TypeError, "first argument must be callable");
  if (args[1].is_none()) return raise(vm, vm.types.TypeError, "self must not be None");
  auto* m = allocate_object<BoundMethod>(vm, vm.types.bound_method, Kind::BoundMethod);
  m->function = new_ref(args[0]);
  m->self = new_ref(args[1]);
  vm.heap.track(m);
  return Value::object(m);
}

}  // namespace

void init_function(VM& vm) {
  Type* f = vm.types.function;
  f->instance_size = sizeof(Function);
  f->is_gc = f->is_final = true;
  f->slots.dealloc = dealloc_function;
  f->slots.size_of = size_of_function;
  f->slots.traverse = traverse_function;
  f->slots.clear = clear_function;
  f->slots.repr = repr_function;
  f->slots.call = call_slot;
  f->slots.get_attr = get_attr_function;
  f->slots.set_attr = set_attr_function;
  f->slots.descr_get = get_of_function;
  finish_type(vm, f, {.getset = kFunctionFields});

  for (Type* t : {vm.types.builtin_function, vm.types.method_descriptor, vm.types.classmethod_descriptor}) {
    t->instance_size = sizeof(NativeFunction);
    t->is_gc = t->is_final = true;
    t->slots.dealloc = dealloc_native;
    t->slots.traverse = traverse_native;
    t->slots.repr = repr_native;
    t->slots.call = call_slot;
    if (t == vm.types.method_descriptor) t->slots.descr_get = get_of_method;
    if (t == vm.types.classmethod_descriptor) t->slots.descr_get = get_of_class_method;
    finish_type(vm, t,
                {.getset = t == vm.types.builtin_function ? std::span<const GetSetDef>(kNativeFields)
                                                          : std::span<const GetSetDef>(kMethodFields)});
  }

  Type* w = vm.types.wrapper_descriptor;
  w->instance_size = sizeof(SlotWrapper);
  w->is_final = true;
  w->slots.repr = [](VM& v, Value self) {
    return make_str_format(v, "<slot wrapper '%s' of '%s' objects>", wrapper_of(self)->name->data,
                           wrapper_of(self)->owner->name->data);
  };
  w->slots.call = call_wrapper_slot;
  w->slots.descr_get = get_of_method;
  finish_type(vm, w, {.getset = kWrapperFields});

  for (Type* t : {vm.types.bound_method, vm.types.builtin_method, vm.types.method_wrapper}) {
    t->instance_size = sizeof(BoundMethod);
    t->is_gc = t->is_final = true;
    t->slots.dealloc = [](VM&, Object* o) {
      release(static_cast<BoundMethod*>(o)->function);
      release(static_cast<BoundMethod*>(o)->self);
    };
    t->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
      visit(static_cast<BoundMethod*>(o)->function, context);
      visit(static_cast<BoundMethod*>(o)->self, context);
    };
    t->slots.repr = repr_method;
    t->slots.call = call_slot;
    t->slots.compare = compare_method;
    t->slots.hash = hash_method;
    if (t == vm.types.bound_method) {
      t->slots.get_attr = get_attr_method;
      t->slots.create = create_method;
      finish_type(vm, t, {.methods = kMethodMethods, .getset = kMethodOnlyFields});
    } else {
      finish_type(vm, t, {.methods = kMethodMethods, .getset = kBuiltinMethodFields});
    }
  }
}

}  // namespace tsvm::vm

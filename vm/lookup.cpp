// Attributes: lookups in types with their cache, the default protocol, instances, special methods, isinstance.
#include "ops/tensor/tensor.h"
#include "vm/native.h"
#include "vm/runtime.h"
#include "vm/shape.h"
#include "vm/tensor_user.h"
#include "vm/types/common.h"

namespace tsvm::vm {

Attributes* attributes_of(Object* o) {
  if (o->kind == Kind::Instance) return static_cast<Attributes*>(static_cast<Instance*>(o));
  uint32_t offset = o->type->attributes_offset;
  if (offset == 0) return nullptr;
  if (offset != Type::kAttributesAtEnd) return reinterpret_cast<Attributes*>(reinterpret_cast<char*>(o) + offset);
  return reinterpret_cast<Attributes*>(reinterpret_cast<char*>(o) + o->type->slots.size_of(o) - sizeof(Attributes));
}

Type* type_of_scalar(VM& vm, Value v) {
  switch (v.tag) {
    case Tag::Object: return v.o->type;
    case Tag::Int: return vm.types.int_;
    case Tag::Float: return vm.types.float_;
    case Tag::Bool: return vm.types.bool_;
    case Tag::None: return vm.types.none_type;
    case Tag::Ellipsis: return vm.types.ellipsis_type;
    case Tag::NotImplemented: return vm.types.not_implemented_type;
    case Tag::Tensor:
      if (const auto* user = static_cast<const TensorUser*>(v.t->user()); user && user->type) return user->type;
      if (vm.types.parameter && v.t->has(ops::TensorImpl::kParameter)) return vm.types.parameter;
      return vm.types.tensor ? vm.types.tensor : vm.types.object;
    case Tag::DType: return vm.types.dtype ? vm.types.dtype : vm.types.object;
    case Tag::Error:
    case Tag::Unbound: break;
  }
  TSVM_UNREACHABLE("the type of no value was asked for");
}

Value lookup_in_type_borrow(Type* type, Str* name) {
  VM& vm = *type->vm;
  size_t i = (type->version * 31u ^ static_cast<uint32_t>(reinterpret_cast<uintptr_t>(name) >> 4)) &
             (VM::kMethodCacheSize - 1);
  VM::MethodCacheEntry& e = vm.method_cache[i];
  if (e.version == type->version && e.name == name) return e.value;
  Value found;
  for (Type* t : type->mro) {
    if (!t->dict) continue;
    int64_t at = dict_find(t->dict, name);
    if (at >= 0) {
      found = t->dict->entries[at].value;
      break;
    }
  }
  if (e.name != name) {
    if (e.name) release(Value::object(e.name));
    name->refs++;
    e.name = name;
  }
  e.version = type->version;
  e.value = found;
  return found;
}

void clear_method_cache(VM& vm) {
  for (size_t i = 0; i < VM::kMethodCacheSize; i++) {
    VM::MethodCacheEntry& e = vm.method_cache[i];
    if (e.name) release(Value::object(e.name));
    e = {};
  }
}

bool is_subtype(const Type* type, const Type* base) {
  if (type == base) return true;
  for (const Type* t : type->mro)
    if (t == base) return true;
  return false;
}

Value bind_descriptor(VM& vm, Value attr, Value instance, Type* owner) {
  if (!attr.is_object()) return attr;
  auto get = attr.o->type->slots.descr_get;
  return get ? get(vm, attr, instance, owner) : new_ref(attr);
}

// --- the default protocol -----------------------------------------------------------------------------------------

Value default_get_attr(VM& vm, Value object, Str* name) {
  Type* t = type_of(vm, object);
  Value attr = lookup_in_type_borrow(t, name);
  Type* at = attr.is_object() ? attr.o->type : nullptr;
  if (at && at->slots.descr_set && at->slots.descr_get) {
    Ref hold = Ref::copy(attr);
    return at->slots.descr_get(vm, attr, object, t);
  }
  if (object.is_object()) {
    if (Attributes* a = attributes_of(object.o)) {
      Value v = attribute_find_borrow(a, name);
      if (!v.is_unbound()) return new_ref(v);
    }
  }
  if (attr.is_unbound()) return attr;
  if (at && at->slots.descr_get) {
    Ref hold = Ref::copy(attr);
    return at->slots.descr_get(vm, attr, object, t);
  }
  return new_ref(attr);
}

bool default_set_attr(VM& vm, Value object, Str* name, Value value) {
  Type* t = type_of(vm, object);
  Value attr = lookup_in_type_borrow(t, name);
  if (attr.is_object() && attr.o->type->slots.descr_set) {
    Ref hold = Ref::copy(attr);
    return attr.o->type->slots.descr_set(vm, attr, object, value);
  }
  Attributes* a = object.is_object() && t->has_dict ? attributes_of(object.o) : nullptr;
  if (!a) {
    if (!attr.is_unbound())
      return fail(vm, vm.types.AttributeError, "'%s' object attribute '%s' is read-only", t->name->data, name->data);
    (void)raise_attribute_error(vm, object, name);
    return false;
  }
  if (value.is_unbound()) {
    if (attribute_delete(vm, a, name)) return true;
    (void)raise_attribute_error(vm, object, name);
    return false;
  }
  attribute_set(vm, a, name, value);
  return true;
}

static Value raw_get_attr(VM& vm, Value object, Str* name) {
  auto get = type_of(vm, object)->slots.get_attr;
  return get ? get(vm, object, name) : default_get_attr(vm, object, name);
}

Value get_attr_or_unbound(VM& vm, Value object, Str* name) {
  Value v = raw_get_attr(vm, object, name);
  if (v.is_error() && clear_pending_if(vm, vm.types.AttributeError)) return Value::unbound();
  return v;
}

Value get_attr(VM& vm, Value object, Str* name) {
  Value v = raw_get_attr(vm, object, name);
  return v.is_unbound() ? raise_attribute_error(vm, object, name) : v;
}

bool set_attr(VM& vm, Value object, Str* name, Value value) {
  auto set = type_of(vm, object)->slots.set_attr;
  return set ? set(vm, object, name, value) : default_set_attr(vm, object, name, value);
}

Value raise_attribute_error(VM& vm, Value object, Str* name) {
  Ref message;
  if (is_kind(object, Kind::Type)) {
    message =
        Ref(make_str_format(vm, "type object '%s' has no attribute '%s'", as<Type>(object)->name->data, name->data));
  } else if (is_kind(object, Kind::Module)) {
    message = Ref(make_str_format(vm, "module '%s' has no attribute '%s'", as<Module>(object)->name->data, name->data));
  } else {
    message =
        Ref(make_str_format(vm, "'%s' object has no attribute '%s'", type_of(vm, object)->name->data, name->data));
  }
  Value args[] = {*message};
  Ref e(make_exception(vm, vm.types.AttributeError, args));
  set_exception_field(vm, *e, "name", Value::object(name));
  set_exception_field(vm, *e, "obj", object);
  return raise_value(vm, *e);
}

Value instance_dict(VM& vm, Value object) {
  Attributes* a = object.is_object() ? attributes_of(object.o) : nullptr;
  if (!a || !object.o->type->has_dict)
    return raise(vm, vm.types.AttributeError, "'%s' object has no attribute '__dict__'", type_name(vm, object));
  return new_ref(Value::object(attributes_to_dict(vm, a)));
}

Value load_method(VM& vm, Value object, Str* name, bool& bound) {
  bound = true;
  Type* t = type_of(vm, object);
  if (t->slots.get_attr) return get_attr(vm, object, name);
  Value attr = lookup_in_type_borrow(t, name);
  if (is_kind(attr, Kind::Function) ||
      (is_kind(attr, Kind::NativeFunction) && attr.o->type == vm.types.method_descriptor)) {
    if (object.is_object()) {
      if (Attributes* a = attributes_of(object.o)) {
        Value v = attribute_find_borrow(a, name);
        if (!v.is_unbound()) return new_ref(v);
      }
    }
    bound = false;
    return new_ref(attr);
  }
  return get_attr(vm, object, name);
}

// --- special methods ----------------------------------------------------------------------------------------------

Value lookup_special_borrow(VM& vm, Value object, Str* name) {
  return lookup_in_type_borrow(type_of(vm, object), name);
}

Value lookup_special(VM& vm, Value object, Str* name) {
  Type* t = type_of(vm, object);
  Value attr = lookup_in_type_borrow(t, name);
  if (attr.is_unbound()) return attr;
  Ref hold = Ref::copy(attr);
  return bind_descriptor(vm, attr, object, t);
}

Value call_special(VM& vm, Value self, Str* name, std::span<const Value> args) {
  Type* t = type_of(vm, self);
  Value attr = lookup_in_type_borrow(t, name);
  if (attr.is_unbound()) return attr;
  Ref hold = Ref::copy(attr);
  if ((is_kind(attr, Kind::Function) ||
       (is_kind(attr, Kind::NativeFunction) && attr.o->type == vm.types.method_descriptor)) &&
      args.size() < 6) {
    Value with[7];
    with[0] = self;
    for (size_t i = 0; i < args.size(); i++) with[i + 1] = args[i];
    return call(vm, attr, std::span<const Value>(with, args.size() + 1));
  }
  Ref method(bind_descriptor(vm, attr, self, t));
  return method.is_error() ? Value::error() : call(vm, *method, args);
}

// --- isinstance, issubclass ---------------------------------------------------------------------------------------

namespace {

/// Whether the metaclass of `type` has its own check (abc.ABCMeta, typing).
bool has_check(VM& vm, Value type, Str* name) {
  Value m = lookup_special_borrow(vm, type, name);
  return !m.is_unbound() && !m.same(lookup_in_type_borrow(vm.types.type, name));
}

int checked(VM& vm, Value type, Str* name, Value subject) {
  Value args[] = {subject};
  Ref r(call_special(vm, type, name, args));
  return r.is_error() ? -1 : truth(vm, *r);
}

}  // namespace

int is_instance(VM& vm, Value object, Value cls) {
  if (is_kind(cls, Kind::Type)) {
    if (type_of(vm, object) == as<Type>(cls)) return 1;
    if (cls.o->type != vm.types.type && has_check(vm, cls, vm.names.instancecheck))
      return checked(vm, cls, vm.names.instancecheck, object);
    return default_is_instance(vm, object, cls);
  }
  if (is_kind(cls, Kind::Tuple)) {
    StackGuard guard(vm, " in __instancecheck__");
    if (guard.failed()) return -1;
    for (Value c : as<Tuple>(cls)->span()) {
      int r = is_instance(vm, object, c);
      if (r != 0) return r;
    }
    return 0;
  }
  if (has_check(vm, cls, vm.names.instancecheck)) return checked(vm, cls, vm.names.instancecheck, object);
  fail(vm, vm.types.TypeError, "isinstance() arg 2 must be a type, a tuple of types, or a union");
  return -1;
}

int default_is_instance(VM& vm, Value object, Value cls) {
  if (is_subtype(type_of(vm, object), as<Type>(cls))) return 1;
  if (!object.is_object() || object.o->kind != Kind::Instance) return 0;
  // An object may claim another class (mocks, proxies).
  Value claim = lookup_special_borrow(vm, object, vm.names.class_);
  if (claim.same(lookup_in_type_borrow(vm.types.object, vm.names.class_)) && !type_of(vm, object)->slots.get_attr)
    return 0;
  Ref c(get_attr_or_unbound(vm, object, vm.names.class_));
  if (c.is_error()) return -1;
  return is_kind(*c, Kind::Type) && is_subtype(as<Type>(*c), as<Type>(cls));
}

int is_subclass(VM& vm, Value type, Value cls) {
  if (is_kind(cls, Kind::Tuple)) {
    StackGuard guard(vm, " in __subclasscheck__");
    if (guard.failed()) return -1;
    for (Value c : as<Tuple>(cls)->span()) {
      int r = is_subclass(vm, type, c);
      if (r != 0) return r;
    }
    return 0;
  }
  if (has_check(vm, cls, vm.names.subclasscheck)) return checked(vm, cls, vm.names.subclasscheck, type);
  if (!is_kind(type, Kind::Type)) {
    fail(vm, vm.types.TypeError, "issubclass() arg 1 must be a class");
    return -1;
  }
  if (!is_kind(cls, Kind::Type)) {
    fail(vm, vm.types.TypeError, "issubclass() arg 2 must be a class, a tuple of classes, or a union");
    return -1;
  }
  return is_subtype(as<Type>(type), as<Type>(cls));
}

}  // namespace tsvm::vm

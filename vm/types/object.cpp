// object: what every class inherits.
#include <algorithm>

#include "vm/native.h"
#include "vm/shape.h"
#include "vm/special.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using ir::CompareOp;

std::string full_type_name(Type* t) {
  std::string out;
  if (is_str(t->module) && text_of(t->module) != "builtins") out = std::string(text_of(t->module)) + ".";
  return out + std::string(t->qualified_name->view());
}

Value object_repr(VM& vm, Value self) {
  return make_str_format(vm, "<%s object at %p>", full_type_name(type_of(vm, self)).c_str(),
                         reinterpret_cast<void*>(self.bits));
}

Value make_instance(VM& vm, Type* type) {
  if (type->instance_kind == Kind::Instance) {
    auto* o = allocate_object<Instance>(vm, type, Kind::Instance, type->instance_size);
    o->shape = root_shape(vm, type);
    vm.heap.track(o);
    return Value::object(o);
  }
  return raise(vm, vm.types.TypeError, "object.__new__(%s) is not safe, use %s.__new__()", type->name->data,
               type->solid_base->name->data);
}

namespace {

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const>) {
  if (!args.empty()) {
    if (type->slots.create != vm.types.object->slots.create)
      return raise(vm, vm.types.TypeError, "object.__new__() takes exactly one argument (the type to instantiate)");
    if (type->slots.init == vm.types.object->slots.init)
      return raise(vm, vm.types.TypeError, "%s() takes no arguments", type->name->data);
  }
  if (type->is_abstract) {
    Ref names(new_ref(dict_get_borrow(type->dict, vm.names.abstract_methods)));
    Ref sorted(make_list_from(vm, *names));
    if (sorted.is_error()) return Value::error();
    std::vector<std::string> all;
    for (Ref& n : list_snapshot(as<List>(*sorted)))
      if (is_str(*n)) all.emplace_back(text_of(*n));
    std::sort(all.begin(), all.end());
    std::string text;
    for (size_t i = 0; i < all.size(); i++) text += (i ? ", " : "") + all[i];
    return raise(vm, vm.types.TypeError, "Can't instantiate abstract class %s with abstract method%s %s",
                 type->name->data, all.size() == 1 ? "" : "s", text.c_str());
  }
  return make_instance(vm, type);
}

bool init(VM& vm, Value self, std::span<const Value> args, std::span<Str* const>) {
  if (args.empty()) return true;
  Type* t = type_of(vm, self);
  if (t->slots.init != vm.types.object->slots.init)
    return fail(vm, vm.types.TypeError, "object.__init__() takes exactly one argument (the instance to initialize)");
  if (t->slots.create == vm.types.object->slots.create)
    return fail(vm, vm.types.TypeError, "%s.__init__() takes exactly one argument (the instance to initialize)",
                t->name->data);
  return true;
}

Value str_slot(VM& vm, Value self) { return repr(vm, self); }

Value format_slot(VM& vm, Value self, Value spec) {
  if (as<Str>(spec)->size != 0)
    return raise(vm, vm.types.TypeError, "unsupported format string passed to %s.__format__", type_name(vm, self));
  return str(vm, self);
}

bool hash_slot(VM&, Value self, uint64_t& out) {
  out = self.bits >> 4 | self.bits << 60;
  return true;
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if (op == CompareOp::Eq) return self.same(other) ? Value::boolean(true) : Value::not_implemented();
  if (op == CompareOp::Ne) {
    // What __eq__ says, turned round.
    auto f = type_of(vm, self)->slots.compare;
    Ref r(f(vm, CompareOp::Eq, self, other));
    if (r.is_error() || r->tag == Tag::NotImplemented) return r.take();
    int t = truth(vm, *r);
    return t < 0 ? Value::error() : Value::boolean(!t);
  }
  return Value::not_implemented();
}

Value get_class(VM& vm, Value self) { return new_ref(Value::object(type_of(vm, self))); }

bool set_class(VM& vm, Value self, Value value) {
  if (value.is_unbound()) return fail(vm, vm.types.TypeError, "can't delete __class__ attribute");
  if (!is_kind(value, Kind::Type))
    return fail(vm, vm.types.TypeError, "__class__ must be set to a class, not '%s' object", type_name(vm, value));
  auto* to = as<Type>(value);
  Type* from = type_of(vm, self);
  if (!from->is_heap || !to->is_heap)
    return fail(vm, vm.types.TypeError,
                "__class__ assignment only supported for mutable types or ModuleType subclasses");
  if (from->solid_base != to->solid_base || from->has_dict != to->has_dict || from->instance_size != to->instance_size)
    return fail(vm, vm.types.TypeError, "__class__ assignment: '%s' object layout differs from '%s'", to->name->data,
                from->name->data);
  if (from == to) return true;
  Attributes* a = attributes_of(self.o);
  if (a && a->shape) {
    // The same fields, in a shape of the new class.
    std::vector<ShapeField> fields = shape_fields(a->shape);
    Shape* s = root_shape(vm, to);
    bool plain = a->shape->dictionary < 0;
    if (plain) {
      for (ShapeField f : fields) s = shape_add(vm, s, f.name, f.kind);
      a->shape = s;
    } else {
      for (ShapeField f : fields) s = shape_add(vm, s, f.name, f.kind == SlotKind::Plain ? SlotKind::Member : f.kind);
      a->shape = s;
    }
  }
  to->refs++;
  self.o->type = to;
  release(Value::object(from));
  return true;
}

/// The names that dir() shows: of the object, its class and its bases.
Value dir(VM& vm, const Value* a) {
  Ref names(make_dict(vm));
  auto* d = as<Dict>(*names);
  auto add_all = [&](Dict* from) {
    uint32_t position = 0;
    while (DictEntry* e = dict_next(from, position))
      if (is_str(e->key)) dict_set(vm, d, as<Str>(e->key), Value::none());
  };
  Ref own(get_attr_or_unbound(vm, a[0], vm.names.dict_));
  if (own.is_error()) return Value::error();
  if (is_kind(*own, Kind::Dict)) add_all(as<Dict>(*own));
  for (Type* t : type_of(vm, a[0])->mro) add_all(t->dict);
  return make_list_from(vm, *names);
}

Value init_subclass(VM&, const Value*) { return Value::none(); }
Value subclass_hook(VM&, const Value*) { return Value::not_implemented(); }

Value sizeof_method(VM& vm, const Value* a) {
  if (!a[0].is_object()) return Value::integer(a[0].is_float() ? 24 : 28);
  Type* t = type_of(vm, a[0]);
  return Value::integer(static_cast<int64_t>(t->slots.size_of ? t->slots.size_of(a[0].o) : t->instance_size));
}

Value reduce_ex(VM& vm, const Value* a) {
  // Through copyreg, which is written in the language.
  if (!vm.callbacks.import_module)
    return raise(vm, vm.types.NotImplementedError, "object.__reduce_ex__ needs the copyreg module");
  Ref copyreg(vm.callbacks.import_module(vm, "copyreg"));
  if (copyreg.is_error()) return Value::error();
  return call_method(vm, *copyreg, "__reduce_ex__", std::span(a, 2));
}

Value reduce(VM& vm, const Value* a) {
  Value args[] = {a[0], Value::integer(2)};
  return reduce_ex(vm, args);
}

Value getstate(VM& vm, const Value* a) {
  Attributes* attributes = a[0].is_object() ? attributes_of(a[0].o) : nullptr;
  if (!attributes || !attributes->shape || attributes->shape->count == 0) return Value::none();
  Ref state(make_dict(vm)), members(make_dict(vm));
  if (attributes->shape->dictionary >= 0) {
    state = Ref(dict_copy(vm, as<Dict>(attributes->fields[attributes->shape->dictionary])));
  }
  std::vector<ShapeField> fields = shape_fields(attributes->shape);
  for (size_t i = 0; i < fields.size(); i++) {
    if (attributes->fields[i].is_unbound() || fields[i].kind == SlotKind::Dictionary) continue;
    dict_set(vm, as<Dict>(fields[i].kind == SlotKind::Member ? *members : *state), fields[i].name,
             attributes->fields[i]);
  }
  if (as<Dict>(*members)->size == 0) return as<Dict>(*state)->size ? state.take() : Value::none();
  if (as<Dict>(*state)->size == 0) state = Ref(Value::none());
  return make_tuple(vm, {*state, *members});
}

const NativeDef kMethods[] = {
    {"__dir__(self, /)", dir},           {"__sizeof__(self, /)", sizeof_method},
    {"__reduce__(self, /)", reduce},     {"__reduce_ex__(self, protocol, /)", reduce_ex},
    {"__getstate__(self, /)", getstate},
};
const NativeDef kClassMethods[] = {{"__init_subclass__(cls, /)", init_subclass},
                                   {"__subclasshook__(cls, subclass, /)", subclass_hook}};
const GetSetDef kGetSet[] = {{"__class__", get_class, set_class}};

}  // namespace

void init_object(VM& vm) {
  Type* t = vm.types.object;
  t->instance_size = sizeof(Instance);
  t->slots.repr = object_repr;
  t->slots.str = str_slot;
  t->slots.format = format_slot;
  t->slots.hash = hash_slot;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.create = create;
  t->slots.init = init;
  t->is_gc = true;
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods, .getset = kGetSet});
}

}  // namespace tsvm::vm

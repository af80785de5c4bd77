// property, staticmethod, classmethod, super, cells, and the descriptors of native fields and of __slots__.
#include "vm/shape.h"
#include "vm/types/type.h"

namespace tsvm::vm {

using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

namespace {

struct GetSet : GcObject {
  Type* owner;  // borrowed: native types and classes outlive what is in their dicts
  const GetSetDef* def;
};

struct Member : GcObject {
  Value owner;  // owned: the class may go before a descriptor taken from it
  Str* name;
};

bool check_instance(VM& vm, Value instance, Type* owner, const char* name) {
  if (is_subtype(type_of(vm, instance), owner)) return true;
  return fail(vm, vm.types.TypeError, "descriptor '%s' for '%s' objects doesn't apply to a '%s' object", name,
              owner->name->data, type_name(vm, instance));
}

// --- getset -------------------------------------------------------------------------------------------------------

Value getset_get(VM& vm, Value self, Value instance, Type*) {
  auto* g = as<GetSet>(self);
  if (instance.is_unbound()) return new_ref(self);
  if (!check_instance(vm, instance, g->owner, g->def->name)) return Value::error();
  return g->def->get(vm, instance);
}

bool getset_set(VM& vm, Value self, Value instance, Value value) {
  auto* g = as<GetSet>(self);
  if (!check_instance(vm, instance, g->owner, g->def->name)) return false;
  if (!g->def->set)
    return fail(vm, vm.types.AttributeError, "attribute '%s' of '%s' objects is not writable", g->def->name,
                g->owner->name->data);
  return g->def->set(vm, instance, value);
}

Value getset_name(VM& vm, Value self) { return make_str(vm, as<GetSet>(self)->def->name); }
Value getset_class(VM&, Value self) { return new_ref(Value::object(as<GetSet>(self)->owner)); }
Value getset_doc(VM& vm, Value self) {
  const char* doc = as<GetSet>(self)->def->doc;
  return *doc ? make_str(vm, doc) : Value::none();
}
Value getset_qualname(VM& vm, Value self) {
  return make_str_format(vm, "%s.%s", as<GetSet>(self)->owner->name->data, as<GetSet>(self)->def->name);
}
const GetSetDef kGetSetFields[] = {{"__name__", getset_name},
                                   {"__objclass__", getset_class},
                                   {"__doc__", getset_doc},
                                   {"__qualname__", getset_qualname}};

// --- members of __slots__ -----------------------------------------------------------------------------------------

Type* member_owner(Value self) { return as<Type>(as<Member>(self)->owner); }

Value member_get(VM& vm, Value self, Value instance, Type*) {
  auto* m = as<Member>(self);
  if (instance.is_unbound()) return new_ref(self);
  if (!check_instance(vm, instance, member_owner(self), m->name->data)) return Value::error();
  Attributes* a = attributes_of(instance.o);
  int32_t i = a && a->shape ? shape_find(a->shape, m->name) : -1;
  if (i < 0 || a->fields[i].is_unbound()) return raise_attribute_error(vm, instance, m->name);
  return new_ref(a->fields[i]);
}

bool member_set(VM& vm, Value self, Value instance, Value value) {
  auto* m = as<Member>(self);
  if (!check_instance(vm, instance, member_owner(self), m->name->data)) return false;
  Attributes* a = attributes_of(instance.o);
  if (value.is_unbound()) {
    if (attribute_delete(vm, a, m->name)) return true;
    return fail(vm, vm.types.AttributeError, "%s", m->name->data);
  }
  attribute_set(vm, a, m->name, value, SlotKind::Member);
  return true;
}

Value member_name(VM&, Value self) { return new_ref(Value::object(as<Member>(self)->name)); }
Value member_class(VM&, Value self) { return new_ref(as<Member>(self)->owner); }
Value member_doc(VM&, Value) { return Value::none(); }
const GetSetDef kMemberFields[] = {{"__name__", member_name}, {"__objclass__", member_class}, {"__doc__", member_doc}};

// --- property -----------------------------------------------------------------------------------------------------

Property* property_of(Value v) { return as<Property>(v); }

Value property_create(VM& vm, Type* type, Args, Keywords) {
  auto* p = allocate_object<Property>(vm, type, Kind::Property, type->instance_size);
  p->getter = p->setter = p->deleter = p->doc = Value::none();
  finish_instance(vm, p);
  vm.heap.track(p);
  return Value::object(p);
}

bool property_init(VM& vm, Value self, Args args, Keywords keywords) {
  static const NativeDef def{"property(fget=None, fset=None, fdel=None, doc=None)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, def, args, keywords, a, keep)) return false;
  auto* p = property_of(self);
  Value* fields[] = {&p->getter, &p->setter, &p->deleter, &p->doc};
  for (int i = 0; i < 4; i++) {
    Ref old(*fields[i]);
    *fields[i] = new_ref(a[static_cast<size_t>(i)]);
  }
  if (p->doc.is_none() && !p->getter.is_none()) {
    Ref doc(get_attr_or_unbound(vm, p->getter, vm.names.doc));
    if (doc.is_error()) return false;
    if (!doc->is_unbound()) p->doc = doc.take();
  }
  return true;
}

std::string property_text(VM& vm, Value self, Value instance) {
  // "property 'x' of 'A' object"
  std::string name;
  for (Type* t : type_of(vm, instance)->mro) {
    uint32_t position = 0;
    while (DictEntry* e = dict_next(t->dict, position))
      if (name.empty() && e->value.same(self) && is_str(e->key)) name = std::string(text_of(e->key));
  }
  std::string of = "of '" + std::string(type_of(vm, instance)->qualified_name->view()) + "' object";
  return name.empty() ? "property " + of : "property '" + name + "' " + of;
}

Value property_get(VM& vm, Value self, Value instance, Type*) {
  if (instance.is_unbound()) return new_ref(self);
  auto* p = property_of(self);
  if (p->getter.is_none())
    return raise(vm, vm.types.AttributeError, "%s has no getter", property_text(vm, self, instance).c_str());
  Ref f = Ref::copy(p->getter);
  return call(vm, *f, {instance});
}

bool property_set(VM& vm, Value self, Value instance, Value value) {
  auto* p = property_of(self);
  bool remove = value.is_unbound();
  Ref f = Ref::copy(remove ? p->deleter : p->setter);
  if (f->is_none())
    return fail(vm, vm.types.AttributeError, "%s has no %s", property_text(vm, self, instance).c_str(),
                remove ? "deleter" : "setter");
  Ref r(remove ? call(vm, *f, {instance}) : call(vm, *f, {instance, value}));
  return !r.is_error();
}

Value property_copy(VM& vm, Value self, Value Property::*field, Value value) {
  auto* p = property_of(self);
  Value a[] = {p->getter, p->setter, p->deleter, p->doc};
  if (field == &Property::getter) a[0] = value, a[3] = Value::none();
  if (field == &Property::setter) a[1] = value;
  if (field == &Property::deleter) a[2] = value;
  return call(vm, Value::object(self.o->type), a);
}

const NativeDef kPropertyMethods[] = {
    {"getter(self, fget, /)", [](VM& vm, const Value* a) { return property_copy(vm, a[0], &Property::getter, a[1]); }},
    {"setter(self, fset, /)", [](VM& vm, const Value* a) { return property_copy(vm, a[0], &Property::setter, a[1]); }},
    {"deleter(self, fdel, /)",
     [](VM& vm, const Value* a) { return property_copy(vm, a[0], &Property::deleter, a[1]); }},
};
template <Value Property::*kField>
Value property_field(VM&, Value self) {
  return new_ref(property_of(self)->*kField);
}
bool property_set_doc(VM&, Value self, Value v) {
  Ref old(property_of(self)->doc);
  property_of(self)->doc = v.is_unbound() ? Value::none() : new_ref(v);
  return true;
}
Value property_abstract(VM& vm, Value self) {
  auto* p = property_of(self);
  Ref name(Value::object(vm.intern("__isabstractmethod__")));
  for (Value f : {p->getter, p->setter, p->deleter}) {
    if (f.is_none()) continue;
    Ref v(get_attr_or_unbound(vm, f, as<Str>(*name)));
    if (v.is_error()) return Value::error();
    int t = v->is_unbound() ? 0 : truth(vm, *v);
    if (t != 0) return t < 0 ? Value::error() : Value::boolean(true);
  }
  return Value::boolean(false);
}
const GetSetDef kPropertyFields[] = {
    {"fget", property_field<&Property::getter>},  {"fset", property_field<&Property::setter>},
    {"fdel", property_field<&Property::deleter>}, {"__doc__", property_field<&Property::doc>, property_set_doc},
    {"__isabstractmethod__", property_abstract},
};

// --- staticmethod, classmethod ------------------------------------------------------------------------------------

Value wrapped(Value v) {
  return is_kind(v, Kind::StaticMethod) ? as<StaticMethod>(v)->function : as<ClassMethod>(v)->function;
}

template <class T, Kind kKind>
Value method_create(VM& vm, Type* type, Args, Keywords) {
  auto* m = allocate_object<T>(vm, type, kKind, type->instance_size);
  m->function = Value::none();
  finish_instance(vm, m);
  vm.heap.track(m);
  return Value::object(m);
}

template <class T>
bool method_init(VM& vm, Value self, Args args, Keywords keywords) {
  const char* name = is_kind(self, Kind::StaticMethod) ? "staticmethod" : "classmethod";
  if (!no_keywords(vm, name, keywords) || !arg_count(vm, name, args.size(), 1, 1)) return false;
  Ref old(as<T>(self)->function);
  as<T>(self)->function = new_ref(args[0]);
  return true;
}

Value static_get(VM&, Value self, Value, Type*) { return new_ref(as<StaticMethod>(self)->function); }

Value class_get(VM& vm, Value self, Value instance, Type* owner) {
  Value f = as<ClassMethod>(self)->function;
  Type* t = owner ? owner : type_of(vm, instance);
  // Something that binds itself (a property) is asked; a function is bound to the class.
  if (f.is_object() && f.o->type->slots.descr_get && !is_kind(f, Kind::Function)) {
    Ref hold = Ref::copy(f);
    return f.o->type->slots.descr_get(vm, f, Value::object(t), t->type);
  }
  return make_bound_method(vm, f, Value::object(t));
}

Value method_get_attr(VM& vm, Value self, Str* name) {
  Value r = default_get_attr(vm, self, name);
  if (!r.is_unbound()) return r;
  // __name__, __doc__, ... are the wrapped function's.
  if (name->view().starts_with("__")) return get_attr_or_unbound(vm, wrapped(self), name);
  return r;
}

Value wrapped_function(VM&, Value self) { return new_ref(wrapped(self)); }
Value wrapped_abstract(VM& vm, Value self) {
  Ref name(Value::object(vm.intern("__isabstractmethod__")));
  Ref v(get_attr_or_unbound(vm, wrapped(self), as<Str>(*name)));
  if (v.is_error()) return Value::error();
  int t = v->is_unbound() ? 0 : truth(vm, *v);
  return t < 0 ? Value::error() : Value::boolean(t);
}
Value wrapped_doc(VM& vm, Value self) { return get_attr(vm, wrapped(self), vm.names.doc); }
const GetSetDef kWrappedFields[] = {{"__func__", wrapped_function},
                                    {"__wrapped__", wrapped_function},
                                    {"__doc__", wrapped_doc},
                                    {"__isabstractmethod__", wrapped_abstract}};

template <class T>
void dealloc_one(VM&, Object* o) {
  release(static_cast<T*>(o)->function);
}
template <class T>
void traverse_one(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<T*>(o)->function, context);
}

// --- super --------------------------------------------------------------------------------------------------------

Super* super_of(Value v) { return as<Super>(v); }

Value super_create(VM& vm, Type* type, Args, Keywords) {
  auto* s = allocate_object<Super>(vm, type, Kind::Super, type->instance_size);
  s->start = nullptr;
  s->object = Value();
  s->object_type = nullptr;
  finish_instance(vm, s);
  vm.heap.track(s);
  return Value::object(s);
}

/// In whose mro to look: of an instance its class, of a class itself. Null: TypeError is pending.
Type* super_check(VM& vm, Type* type, Value object) {
  if (is_kind(object, Kind::Type) && is_subtype(as<Type>(object), type)) return as<Type>(object);
  Type* t = type_of(vm, object);
  if (is_subtype(t, type)) return t;
  fail(vm, vm.types.TypeError, "super(type, obj): obj must be an instance or subtype of type");
  return nullptr;
}

bool super_init(VM& vm, Value self, Args args, Keywords keywords) {
  if (!no_keywords(vm, "super", keywords) || !arg_count(vm, "super", args.size(), 0, 2)) return false;
  auto* s = super_of(self);
  Type* type = nullptr;
  Value object;
  if (args.empty() && s->start) return true;  // super(C).__init__(): a common slip, which does nothing
  if (args.empty()) {
    if (!vm.callbacks.current_method || !vm.callbacks.current_method(vm, type, object))
      return vm.pending.is_unbound() ? fail(vm, vm.types.RuntimeError, "super(): no arguments") : false;
  } else {
    if (!is_kind(args[0], Kind::Type))
      return fail(vm, vm.types.TypeError, "super() argument 1 must be a type, not %s", type_name(vm, args[0]));
    type = as<Type>(args[0]);
    if (args.size() > 1 && !args[1].is_none()) object = args[1];
  }
  Type* object_type = nullptr;
  if (!object.is_unbound()) {
    object_type = super_check(vm, type, object);
    if (!object_type) return false;
  }
  s->start = type;
  type->refs++;
  s->object = new_ref(object);
  s->object_type = object_type;
  if (object_type) object_type->refs++;
  return true;
}

Value super_get_attr(VM& vm, Value self, Str* name) {
  auto* s = super_of(self);
  if (s->object_type && name != vm.names.class_) {
    Value v = super_lookup(vm, s->start, s->object, s->object_type, name);
    if (!v.is_unbound()) return v;
  }
  return default_get_attr(vm, self, name);
}

Value super_repr(VM& vm, Value self) {
  auto* s = super_of(self);
  const char* of = s->start ? s->start->name->data : "NULL";
  if (s->object_type) return make_str_format(vm, "<super: <class '%s'>, <%s object>>", of, s->object_type->name->data);
  return make_str_format(vm, "<super: <class '%s'>, NULL>", of);
}

Value super_descr_get(VM& vm, Value self, Value instance, Type*) {
  auto* s = super_of(self);
  if (instance.is_unbound() || !s->object.is_unbound()) return new_ref(self);
  Type* t = super_check(vm, s->start, instance);
  return t ? make_super(vm, s->start, instance, t) : Value::error();
}

Value super_this_class(VM&, Value self) {
  auto* s = super_of(self);
  return s->start ? new_ref(Value::object(s->start)) : Value::none();
}
Value super_self(VM&, Value self) {
  auto* s = super_of(self);
  return s->object.is_unbound() ? Value::none() : new_ref(s->object);
}
Value super_self_class(VM&, Value self) {
  auto* s = super_of(self);
  return s->object_type ? new_ref(Value::object(s->object_type)) : Value::none();
}
const GetSetDef kSuperFields[] = {
    {"__thisclass__", super_this_class}, {"__self__", super_self}, {"__self_class__", super_self_class}};

// --- cell ---------------------------------------------------------------------------------------------------------

Value cell_get(VM& vm, Value self) {
  Value v = as<Cell>(self)->value;
  return v.is_unbound() ? raise(vm, vm.types.ValueError, "Cell is empty") : new_ref(v);
}
bool cell_set(VM&, Value self, Value v) {
  Ref old(as<Cell>(self)->value);
  as<Cell>(self)->value = new_ref(v);
  return true;
}
const GetSetDef kCellFields[] = {{"cell_contents", cell_get, cell_set}};

Value cell_create(VM& vm, Type*, Args args, Keywords keywords) {
  if (!no_keywords(vm, "cell", keywords) || !arg_count(vm, "cell", args.size(), 0, 1)) return Value::error();
  return make_cell(vm, args.empty() ? Value() : args[0]);
}

}  // namespace

Value super_lookup(VM& vm, Type* type, Value object, Type* object_type, Str* name) {
  auto& mro = object_type->mro;
  size_t i = 0;
  while (i < mro.size() && mro[i] != type) i++;
  for (i++; i < mro.size(); i++) {
    Value attr = dict_get_borrow(mro[i]->dict, name);
    if (attr.is_unbound()) continue;
    Ref hold = Ref::copy(attr);
    if (!attr.is_object() || !attr.o->type->slots.descr_get) return hold.take();
    bool of_class = object.same(Value::object(object_type));
    return attr.o->type->slots.descr_get(vm, attr, of_class ? Value() : object, object_type);
  }
  return Value::unbound();
}

Value make_static_method(VM& vm, Value function) {
  auto* m = allocate_object<StaticMethod>(vm, vm.types.staticmethod, Kind::StaticMethod);
  m->function = new_ref(function);
  finish_instance(vm, m);
  vm.heap.track(m);
  return Value::object(m);
}

Value make_class_method(VM& vm, Value function) {
  auto* m = allocate_object<ClassMethod>(vm, vm.types.classmethod, Kind::ClassMethod);
  m->function = new_ref(function);
  finish_instance(vm, m);
  vm.heap.track(m);
  return Value::object(m);
}

Value make_getset(VM& vm, Type* owner, const GetSetDef* def) {
  auto* g = allocate_object<GetSet>(vm, vm.types.getset_descriptor, Kind::Native);
  g->owner = owner;
  g->def = def;
  return Value::object(g);
}

Value make_member_descriptor(VM& vm, Type* owner, Str* name) {
  auto* m = allocate_object<Member>(vm, vm.types.member_descriptor, Kind::Native);
  m->owner = new_ref(Value::object(owner));
  name->refs++;
  m->name = name;
  vm.heap.track(m);
  return Value::object(m);
}

Value make_super(VM& vm, Type* type, Value object, Type* object_type) {
  Value v = super_create(vm, vm.types.super, {}, {});
  auto* s = super_of(v);
  s->start = type;
  type->refs++;
  s->object = new_ref(object);
  s->object_type = object_type;
  object_type->refs++;
  return v;
}

Value make_cell(VM& vm, Value content) {
  auto* c = allocate_object<Cell>(vm, vm.types.cell, Kind::Cell);
  c->value = new_ref(content);
  vm.heap.track(c);
  return Value::object(c);
}

void init_descriptors(VM& vm) {
  Type* g = vm.types.getset_descriptor;
  g->instance_size = sizeof(GetSet);
  g->is_final = true;
  g->slots.descr_get = getset_get;
  g->slots.descr_set = getset_set;
  g->slots.repr = [](VM& v, Value self) {
    return make_str_format(v, "<attribute '%s' of '%s' objects>", as<GetSet>(self)->def->name,
                           as<GetSet>(self)->owner->name->data);
  };
  finish_type(vm, g, {.getset = kGetSetFields});

  Type* m = vm.types.member_descriptor;
  m->instance_size = sizeof(Member);
  m->is_final = m->is_gc = true;
  m->slots.dealloc = [](VM&, Object* o) {
    release(static_cast<Member*>(o)->owner);
    release(Value::object(static_cast<Member*>(o)->name));
  };
  m->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    visit(static_cast<Member*>(o)->owner, context);
  };
  m->slots.descr_get = member_get;
  m->slots.descr_set = member_set;
  m->slots.repr = [](VM& v, Value self) {
    return make_str_format(v, "<member '%s' of '%s' objects>", as<Member>(self)->name->data,
                           member_owner(self)->name->data);
  };
  finish_type(vm, m, {.getset = kMemberFields});

  Type* p = vm.types.property;
  p->instance_size = sizeof(Property);
  p->is_gc = true;
  p->slots.dealloc = [](VM&, Object* o) {
    auto* x = static_cast<Property*>(o);
    for (Value v : {x->getter, x->setter, x->deleter, x->doc}) release(v);
  };
  p->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    auto* x = static_cast<Property*>(o);
    for (Value v : {x->getter, x->setter, x->deleter, x->doc}) visit(v, context);
  };
  p->slots.descr_get = property_get;
  p->slots.descr_set = property_set;
  p->slots.create = property_create;
  p->slots.init = property_init;
  finish_type(vm, p, {.methods = kPropertyMethods, .getset = kPropertyFields});

  Type* s = vm.types.staticmethod;
  Type* c = vm.types.classmethod;
  s->instance_size = sizeof(StaticMethod);
  c->instance_size = sizeof(ClassMethod);
  s->is_gc = c->is_gc = true;
  s->slots.dealloc = dealloc_one<StaticMethod>;
  c->slots.dealloc = dealloc_one<ClassMethod>;
  s->slots.traverse = traverse_one<StaticMethod>;
  c->slots.traverse = traverse_one<ClassMethod>;
  s->slots.descr_get = static_get;
  c->slots.descr_get = class_get;
  s->slots.create = method_create<StaticMethod, Kind::StaticMethod>;
  c->slots.create = method_create<ClassMethod, Kind::ClassMethod>;
  s->slots.init = method_init<StaticMethod>;
  c->slots.init = method_init<ClassMethod>;
  s->slots.call = [](VM& v, Value self, Args args, Keywords keywords) {
    Ref f = Ref::copy(as<StaticMethod>(self)->function);
    return call(v, *f, args, keywords);
  };
  for (Type* t : {s, c}) {
    t->slots.get_attr = method_get_attr;
    t->slots.repr = [](VM& v, Value self) {
      std::string out = is_kind(self, Kind::StaticMethod) ? "<staticmethod(" : "<classmethod(";
      if (!repr_to(v, wrapped(self), out)) return Value::error();
      return make_str(v, out + ")>");
    };
    finish_type(vm, t, {.getset = kWrappedFields});
  }

  Type* su = vm.types.super;
  su->instance_size = sizeof(Super);
  su->is_gc = true;
  su->slots.dealloc = [](VM&, Object* o) {
    auto* x = static_cast<Super*>(o);
    release(x->object);
    if (x->start) release(Value::object(x->start));
    if (x->object_type) release(Value::object(x->object_type));
  };
  su->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    auto* x = static_cast<Super*>(o);
    visit(x->object, context);
    if (x->start) visit(Value::object(x->start), context);
    if (x->object_type) visit(Value::object(x->object_type), context);
  };
  su->slots.get_attr = super_get_attr;
  su->slots.repr = super_repr;
  su->slots.descr_get = super_descr_get;
  su->slots.create = super_create;
  su->slots.init = super_init;
  finish_type(vm, su, {.getset = kSuperFields});

  Type* ce = vm.types.cell;
  ce->instance_size = sizeof(Cell);
  ce->is_gc = ce->is_final = true;
  ce->slots.dealloc = [](VM&, Object* o) { release(static_cast<Cell*>(o)->value); };
  ce->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    visit(static_cast<Cell*>(o)->value, context);
  };
  ce->slots.clear = [](VM&, Object* o) {
    Ref drop(static_cast<Cell*>(o)->value);
    static_cast<Cell*>(o)->value = Value();
  };
  ce->slots.create = cell_create;
  ce->slots.repr = [](VM& v, Value self) {
    Value content = as<Cell>(self)->value;
    if (content.is_unbound()) return make_str_format(v, "<cell at %p: empty>", static_cast<void*>(self.o));
    return make_str_format(v, "<cell at %p: %s object at %p>", static_cast<void*>(self.o), type_name(v, content),
                           reinterpret_cast<void*>(content.bits));
  };
  finish_type(vm, ce, {.getset = kCellFields});
}

}  // namespace tsvm::vm

// type: making classes, their attributes, and calling them.
//
// A class of the language gets the layout of its most derived built-in base (solid_base), with an Attributes block
// behind it unless the base's instances have one already. Its slots come from its special methods (vm/special.cpp).
// Changing an attribute gives the class and all that derive from it new versions, so that caches see it.
#include "vm/types/type.h"

#include <algorithm>

#include "vm/frame.h"
#include "vm/native.h"
#include "vm/shape.h"
#include "vm/special.h"
#include "vm/tables.h"
#include "vm/weak.h"

namespace tsvm::vm {

using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

void type_modified(VM& vm, Type* type) {
  type->version = vm.next_type_version();
  for (Type* s : type->subclasses) type_modified(vm, s);
}

static void update_slots_below(VM& vm, Type* type) {
  if (type->is_heap) update_slots(vm, type);
  for (Type* s : type->subclasses) update_slots_below(vm, s);
}

// --- finishing native types ---------------------------------------------------------------------------------------

namespace {

void inherit_slots(Type* t) {
  if (t->mro.size() < 2) return;
  const Type* b = t->mro[1];
  Slots& s = t->slots;
  const Slots& p = b->slots;
  bool own_compare = s.compare != nullptr;
  bool layout = t->instance_kind == b->instance_kind || b->instance_kind != Kind::Instance;
#define INHERIT(field) \
  if (!s.field) s.field = p.field;
  if (layout) {
    INHERIT(dealloc)
    INHERIT(size_of)
    INHERIT(traverse)
    INHERIT(clear)
  }
  INHERIT(repr)
  INHERIT(str)
  INHERIT(format)
  if (!own_compare) {
    INHERIT(hash)
    INHERIT(compare)
    if (s.compare == p.compare) t->compares_order = b->compares_order;
  } else if (!s.hash) {
    s.hash = unhashable;
  }
  INHERIT(truth)
  INHERIT(length)
  INHERIT(get_item)
  INHERIT(set_item)
  INHERIT(contains)
  INHERIT(iter)
  INHERIT(next)
  INHERIT(call)
  INHERIT(get_attr)
  INHERIT(set_attr)
  INHERIT(descr_get)
  INHERIT(descr_set)
  if (!s.binary) {
    s.binary = p.binary;
    t->arith_ops = b->arith_ops;
  }
  if (!s.inplace) {
    s.inplace = p.inplace;
    t->inplace_ops = b->inplace_ops;
  }
  INHERIT(power)
  INHERIT(divmod)
  if (!s.unary) {
    s.unary = p.unary;
    t->unary_ops = b->unary_ops;
  }
  INHERIT(absolute)
  INHERIT(index)
  INHERIT(to_int)
  INHERIT(to_float)
  if (b->mro.size() > 1) INHERIT(create)
  if (s.create) INHERIT(init)
#undef INHERIT
}

Value make_method(VM& vm, Type* type, const NativeDef* def, Type* owner) {
  Value f = make_native_function(vm, def);
  auto* n = as<NativeFunction>(f);
  n->type = type;
  n->owner = owner;
  return f;
}

}  // namespace

void finish_type(VM& vm, Type* t, const TypeSpec& spec) {
  bool creates = t->slots.create != nullptr;
  inherit_slots(t);
  // A type with an __init__ of its own but nothing to set up takes any arguments; object's would refuse them.
  add_slot_wrappers(vm, t);
  auto add = [&](Value f) {
    Ref hold(f);
    dict_set(vm, t->dict, as<NativeFunction>(f)->name, f);
  };
  for (const NativeDef& d : spec.methods) add(make_method(vm, vm.types.method_descriptor, &d, t));
  for (const NativeDef& d : spec.class_methods) add(make_method(vm, vm.types.classmethod_descriptor, &d, t));
  for (const NativeDef& d : spec.static_methods) {
    Value f = make_method(vm, vm.types.builtin_function, &d, t);
    Ref hold(f);
    Ref s(make_static_method(vm, f));
    dict_set(vm, t->dict, as<NativeFunction>(f)->name, *s);
  }
  for (const GetSetDef& d : spec.getset) {
    Ref g(make_getset(vm, t, &d));
    dict_set(vm, t->dict, d.name, *g);
  }
  if (creates) {
    Ref f(make_new_function(vm, t));
    dict_set(vm, t->dict, vm.names.new_, *f);
  }
  if (spec.doc) {
    Ref doc(make_str(vm, spec.doc));
    dict_set(vm, t->dict, vm.names.doc, *doc);
  } else if (dict_find(t->dict, vm.names.doc) < 0) {
    dict_set(vm, t->dict, vm.names.doc, Value::none());
  }
  type_modified(vm, t);
}

// --- method resolution order --------------------------------------------------------------------------------------

namespace {

/// C3: merges the bases' orders. False: TypeError is pending.
bool compute_mro(VM& vm, Type* t) {
  std::vector<std::vector<Type*>> lists;
  std::vector<Type*> bases;
  for (Value b : t->bases->span()) {
    bases.push_back(as<Type>(b));
    lists.push_back(as<Type>(b)->mro);
  }
  lists.push_back(bases);
  std::vector<size_t> at(lists.size(), 0);
  std::vector<Type*> out{t};
  for (;;) {
    bool all_done = true;
    Type* next = nullptr;
    for (size_t i = 0; i < lists.size() && !next; i++) {
      if (at[i] >= lists[i].size()) continue;
      all_done = false;
      Type* candidate = lists[i][at[i]];
      bool in_tail = false;
      for (size_t k = 0; k < lists.size() && !in_tail; k++)
        for (size_t j = at[k] + 1; j < lists[k].size(); j++)
          if (lists[k][j] == candidate) {
            in_tail = true;
            break;
          }
      if (!in_tail) next = candidate;
    }
    if (all_done) break;
    if (!next) {
      std::string names;
      std::vector<Type*> heads;
      for (size_t i = 0; i < lists.size(); i++)
        if (at[i] < lists[i].size() && std::find(heads.begin(), heads.end(), lists[i][at[i]]) == heads.end()) {
          heads.push_back(lists[i][at[i]]);
          names += (names.empty() ? "" : ", ") + std::string(lists[i][at[i]]->name->view());
        }
      return fail(vm, vm.types.TypeError, "Cannot create a consistent method resolution\norder (MRO) for bases %s",
                  names.c_str());
    }
    out.push_back(next);
    for (size_t i = 0; i < lists.size(); i++)
      if (at[i] < lists[i].size() && lists[i][at[i]] == next) at[i]++;
  }
  t->mro = std::move(out);
  return true;
}

void set_up_layout(VM& vm, Type* t, Type* base, bool has_dict, bool has_members) {
  Type* solid = base->solid_base;
  t->solid_base = solid;
  t->instance_kind = base->instance_kind;
  t->is_gc = base->is_gc;
  t->slots.dealloc = base->slots.dealloc;
  t->slots.size_of = base->slots.size_of;
  t->slots.traverse = base->slots.traverse;
  t->slots.clear = base->slots.clear;
  t->has_dict = has_dict || base->has_dict;
  t->instance_size = base->instance_size;
  t->attributes_offset = base->attributes_offset;
  t->is_exception = base->is_exception;
  t->is_tensor_module = base->is_tensor_module;
  if (t->instance_kind == Kind::Instance) return;  // has its block at a fixed place
  bool wants = (has_dict && !base->has_dict) || has_members;
  if (solid == vm.types.int_ || solid == vm.types.float_ || solid == vm.types.bool_) {
    t->instance_kind = Kind::Instance;
    t->instance_size = sizeof(Boxed);
    t->attributes_offset = 0;
    t->is_gc = true;
    t->slots.size_of = nullptr;
    t->slots.dealloc = dealloc_boxed;
    t->slots.traverse = traverse_boxed;
    t->slots.clear = nullptr;
    return;
  }
  if (!wants || t->attributes_offset || t->instance_kind == Kind::Type) return;
  if (base->slots.size_of) {
    t->attributes_offset = Type::kAttributesAtEnd;
  } else {
    t->attributes_offset = (base->instance_size + 7) / 8 * 8;
    t->instance_size = t->attributes_offset + static_cast<uint32_t>(sizeof(Attributes));
  }
}

/// Functions of library modules that are native in CPython become no methods where a class has them as attributes:
/// such modules say so by the name __builtin_functions__.
void keep_unbound(VM& vm, Dict* names) {
  Dict* here = vm.frame ? vm.frame->globals : nullptr;
  uint32_t position = 0;
  while (DictEntry* e = dict_next(names, position)) {
    if (!is_kind(e->value, Kind::Function) || !is_kind(as<Function>(e->value)->module, Kind::Module)) continue;
    Dict* home = as<Module>(as<Function>(e->value)->module)->dict;
    if (home == here || dict_find(home, vm.intern("__builtin_functions__")) < 0) continue;
    Ref old(e->value);
    e->value = make_static_method(vm, *old);
  }
}

/// The base whose layout wins; null: TypeError is pending.
Type* best_base(VM& vm, Tuple* bases) {
  Type* best = nullptr;
  for (Value b : bases->span()) {
    auto* t = as<Type>(b);
    if (t->is_final) {
      (void)raise(vm, vm.types.TypeError, "type '%s' is not an acceptable base type", t->name->data);
      return nullptr;
    }
    if (!best) {
      best = t;
      continue;
    }
    Type *a = best->solid_base, *c = t->solid_base;
    if (a == c || is_subtype(a, c)) continue;
    if (is_subtype(c, a)) {
      best = t;
      continue;
    }
    (void)raise(vm, vm.types.TypeError, "multiple bases have instance lay-out conflict");
    return nullptr;
  }
  return best;
}

std::string mangle(std::string_view cls, std::string_view name) {
  if (!name.starts_with("__") || name.ends_with("__")) return std::string(name);
  while (!cls.empty() && cls[0] == '_') cls.remove_prefix(1);
  return cls.empty() ? std::string(name) : "_" + std::string(cls) + std::string(name);
}

/// Reads __slots__: names of members; `has_dict` when it lists __dict__. False: an exception is pending.
bool read_slots(VM& vm, Type* t, Value slots, std::vector<Ref>& names, bool& has_dict, bool& weak) {
  Ref list;
  if (is_str(slots)) {
    Value one[] = {slots};
    list = Ref(make_list(vm, one));
  } else {
    list = Ref(make_list_from(vm, slots));
    if (list.is_error()) return false;
  }
  for (Ref& n : list_snapshot(as<List>(*list))) {
    if (!is_str(*n))
      return fail(vm, vm.types.TypeError, "__slots__ items must be strings, not '%s'", type_name(vm, *n));
    if (text_of(*n) == "__dict__") {
      has_dict = true;
      continue;
    }
    if (text_of(*n) == "__weakref__") {
      weak = true;
      continue;
    }
    Ref mangled(Value::object(vm.intern(mangle(t->name->view(), text_of(*n)))));
    if (dict_find(t->dict, as<Str>(*mangled)) >= 0)
      return fail(vm, vm.types.ValueError, "'%s' in __slots__ conflicts with class variable", as<Str>(*n)->data);
    names.push_back(std::move(mangled));
  }
  return true;
}

bool call_set_names(VM& vm, Type* t) {
  std::vector<std::pair<Ref, Ref>> items;
  uint32_t position = 0;
  while (DictEntry* e = dict_next(t->dict, position))
    if (e->value.is_object() && !lookup_special_borrow(vm, e->value, vm.names.set_name).is_unbound())
      items.emplace_back(Ref::copy(e->key), Ref::copy(e->value));
  for (auto& [key, value] : items) {
    Ref r(call_special(vm, *value, vm.names.set_name, {Value::object(t), *key}));
    if (!r.is_error()) continue;
    Ref cause(take_pending(vm));
    Ref e(make_exception(vm, vm.types.RuntimeError,
                         "Error calling __set_name__ on '" + std::string(type_name(vm, *value)) + "' instance '" +
                             std::string(is_str(*key) ? text_of(*key) : "") + "' in '" + std::string(t->name->view()) +
                             "'"));
    (void)raise_value(vm, *e, *cause);
    return false;
  }
  return true;
}

}  // namespace

Type* metaclass_of(VM& vm, Type* given, Tuple* bases) {
  Type* winner = given;
  for (Value b : bases->span()) {
    Type* m = type_of(vm, b);
    if (is_subtype(winner, m)) continue;
    if (is_subtype(m, winner)) {
      winner = m;
      continue;
    }
    (void)raise(
        vm, vm.types.TypeError,
        "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses "
        "of all its bases");
    return nullptr;
  }
  return winner;
}

/// The oldest weak reference to the object, or None.
static Value instance_weak_get(VM& vm, Value self) {
  std::vector<WeakReference*> all = weak_references_to(vm, self.o);
  return all.empty() ? Value::none() : new_ref(Value::object(all[0]));
}
static const GetSetDef kInstanceWeak = {"__weakref__", instance_weak_get, nullptr};

static Value type_new(VM& vm, Type* metatype, Value name, Value bases_value, Value ns, Args keyword_values,
                      Keywords keywords) {
  if (!is_str(name))
    return raise(vm, vm.types.TypeError, "type.__new__() argument 1 must be str, not %s", type_name(vm, name));
  if (!is_kind(bases_value, Kind::Tuple))
    return raise(vm, vm.types.TypeError, "type.__new__() argument 2 must be tuple, not %s", type_name(vm, bases_value));
  if (!is_kind(ns, Kind::Dict))
    return raise(vm, vm.types.TypeError, "type.__new__() argument 3 must be dict, not %s", type_name(vm, ns));
  Ref bases = Ref::copy(bases_value);
  for (Value b : as<Tuple>(*bases)->span())
    if (!is_kind(b, Kind::Type)) {
      if (!lookup_special_borrow(vm, b, vm.names.mro_entries).is_unbound())
        return raise(vm, vm.types.TypeError, "type() doesn't support MRO entry resolution; use types.new_class()");
      return raise(vm, vm.types.TypeError, "bases must be types");
    }
  if (as<Tuple>(*bases)->size == 0) bases = Ref(make_tuple(vm, {Value::object(vm.types.object)}));
  Type* winner = metaclass_of(vm, metatype, as<Tuple>(*bases));
  if (!winner) return Value::error();
  if (winner != metatype) {
    if (winner->slots.create != vm.types.type->slots.create) {
      std::vector<Value> args{name, *bases, ns};
      args.insert(args.end(), keyword_values.begin(), keyword_values.end());
      return winner->slots.create(vm, winner, args, keywords);
    }
    metatype = winner;
  }
  for (size_t i = 0; i < as<Tuple>(*bases)->size; i++)
    for (size_t k = 0; k < i; k++)
      if (as<Tuple>(*bases)->items[i].same(as<Tuple>(*bases)->items[k]))
        return raise(vm, vm.types.TypeError, "duplicate base class %s",
                     as<Type>(as<Tuple>(*bases)->items[i])->name->data);
  Type* base = best_base(vm, as<Tuple>(*bases));
  if (!base) return Value::error();

  auto* t = new (vm.heap.allocate(metatype->instance_size)) Type();
  t->kind = Kind::Type;
  t->refs = 1;
  t->flags = 0;
  t->type = metatype;
  if (metatype->is_heap) metatype->refs++;
  vm.heap.count_object(1);
  t->vm = &vm;
  t->instance_kind = Kind::Instance;
  t->is_heap = true;
  t->bases = nullptr;
  t->dict = nullptr;
  t->name = vm.intern(as<Str>(name));
  t->qualified_name = vm.intern(as<Str>(name));
  t->module = Value::none();
  Ref result(Value::object(t));
  t->bases = as<Tuple>(new_ref(*bases));
  Value dict_value = dict_copy(vm, as<Dict>(ns));
  if (dict_value.is_error()) return Value::error();
  t->dict = as<Dict>(dict_value);
  vm.heap.track(t);
  if (!compute_mro(vm, t)) return Value::error();

  // Names of the namespace that say something about the class.
  Value qualname = dict_get_borrow(t->dict, vm.names.qualname);
  if (!qualname.is_unbound()) {
    if (!is_str(qualname))
      return raise(vm, vm.types.TypeError, "type __qualname__ must be a str, not %s", type_name(vm, qualname));
    release(Value::object(t->qualified_name));
    t->qualified_name = vm.intern(as<Str>(qualname));
    dict_delete(vm, t->dict, vm.names.qualname);
  }
  if (Value shown = dict_get_borrow(t->dict, vm.name("__message_name__")); is_str(shown)) {
    release(Value::object(t->name));
    t->name = vm.intern(as<Str>(shown));
  }
  Value module = dict_get_borrow(t->dict, vm.names.module);
  if (module.is_unbound() && vm.callbacks.current_globals) {
    Ref globals(vm.callbacks.current_globals(vm));
    if (is_kind(*globals, Kind::Dict)) {
      Value n = dict_get_borrow(as<Dict>(*globals), vm.names.dunder_name);
      if (!n.is_unbound()) dict_set(vm, t->dict, vm.names.module, n);
    } else {
      clear_pending(vm);
    }
    module = dict_get_borrow(t->dict, vm.names.module);
  }
  if (is_str(module)) t->module = new_ref(module);
  if (dict_find(t->dict, vm.names.doc) < 0) dict_set(vm, t->dict, vm.names.doc, Value::none());
  Value cell = dict_get_borrow(t->dict, vm.names.classcell);
  if (is_kind(cell, Kind::Cell)) {
    Ref old(as<Cell>(cell)->value);
    as<Cell>(cell)->value = new_ref(Value::object(t));
    dict_delete(vm, t->dict, vm.names.classcell);
  }
  keep_unbound(vm, t->dict);
  // Functions that are methods of the class itself by their names.
  if (Value f = dict_get_borrow(t->dict, vm.names.new_); is_kind(f, Kind::Function)) {
    Ref s(make_static_method(vm, f));
    dict_set(vm, t->dict, vm.names.new_, *s);
  }
  for (Str* n : {vm.names.init_subclass, vm.names.class_getitem})
    if (Value f = dict_get_borrow(t->dict, n); is_kind(f, Kind::Function)) {
      Ref c(make_class_method(vm, f));
      dict_set(vm, t->dict, n, *c);
    }
  if (dict_find(t->dict, vm.names.eq) >= 0 && dict_find(t->dict, vm.names.hash) < 0)
    dict_set(vm, t->dict, vm.names.hash, Value::none());

  Value slots = dict_get_borrow(t->dict, vm.names.slots);
  bool has_dict = slots.is_unbound();
  for (Value b : t->bases->span()) has_dict |= as<Type>(b)->has_dict;
  std::vector<Ref> members;
  bool weak_slot = false;
  if (!slots.is_unbound() && !read_slots(vm, t, slots, members, has_dict, weak_slot)) return Value::error();
  set_up_layout(vm, t, base, has_dict, !members.empty());
  for (Value b : t->bases->span()) {
    t->is_tensor_module |= as<Type>(b)->is_tensor_module;
    t->is_exception |= as<Type>(b)->is_exception;
  }
  for (Ref& m : members) {
    Ref d(make_member_descriptor(vm, t, as<Str>(*m)));
    dict_set(vm, t->dict, as<Str>(*m), *d);
  }
  if (t->has_dict && !base->has_dict && t->instance_kind != Kind::Type) {
    Ref d(make_getset(vm, t, &kInstanceDict));
    dict_set(vm, t->dict, vm.names.dict_, *d);
  }
  bool weak_base = false;
  for (Value b : t->bases->span()) weak_base |= !lookup_in_type_borrow(as<Type>(b), vm.names.weakref).is_unbound();
  if (!weak_base && (slots.is_unbound() || weak_slot) && t->instance_kind == Kind::Instance) {
    Ref d(make_getset(vm, t, &kInstanceWeak));
    dict_set(vm, t->dict, vm.names.weakref, *d);
  }
  for (Value b : t->bases->span()) as<Type>(b)->subclasses.push_back(t);
  t->version = vm.next_type_version();
  update_slots(vm, t);
  if (!call_set_names(vm, t)) return Value::error();

  // super(cls, cls).__init_subclass__(**keywords)
  Ref super(make_super(vm, t, Value::object(t), t));
  Ref hook(get_attr(vm, *super, vm.names.init_subclass));
  if (hook.is_error()) return Value::error();
  Ref done(call(vm, *hook, keyword_values, keywords));
  if (done.is_error()) return Value::error();
  return result.take();
}

Value make_class(VM& vm, Type* metatype, Value name, Value bases, Value dict, Args keyword_values, Keywords keywords) {
  std::vector<Value> args{name, bases, dict};
  args.insert(args.end(), keyword_values.begin(), keyword_values.end());
  return call(vm, Value::object(metatype), args, keywords);
}

// --- calling ------------------------------------------------------------------------------------------------------

namespace {

Value type_call(VM& vm, Value self, Args args, Keywords keywords) {
  auto* t = as<Type>(self);
  if (t == vm.types.type) {
    if (args.size() == 1 && keywords.empty()) return new_ref(Value::object(type_of(vm, args[0])));
    if (args.size() - keywords.size() != 3) return raise(vm, vm.types.TypeError, "type() takes 1 or 3 arguments");
  }
  if (!t->slots.create) return raise(vm, vm.types.TypeError, "cannot create '%s' instances", t->name->data);
  Ref o(t->slots.create(vm, t, args, keywords));
  if (o.is_error()) return Value::error();
  Type* made = type_of(vm, *o);
  if (made != t && !is_subtype(made, t)) return o.take();
  if (made->slots.init && !made->slots.init(vm, *o, args, keywords)) return Value::error();
  return o.take();
}

Value type_create(VM& vm, Type* metatype, Args args, Keywords keywords) {
  size_t n = args.size() - keywords.size();
  if (n != 3) return raise(vm, vm.types.TypeError, "type.__new__() takes exactly 3 arguments (%zu given)", n);
  return type_new(vm, metatype, args[0], args[1], args[2], args.subspan(3), keywords);
}

bool type_init(VM& vm, Value, Args args, Keywords keywords) {
  size_t n = args.size() - keywords.size();
  if (n != 1 && n != 3) return fail(vm, vm.types.TypeError, "type.__init__() takes 1 or 3 arguments");
  return true;
}

// --- attributes ---------------------------------------------------------------------------------------------------

Value get_attr_slot(VM& vm, Value self, Str* name) {
  auto* t = as<Type>(self);
  Type* meta = t->type;
  Value from_meta = lookup_in_type_borrow(meta, name);
  Ref hold = Ref::copy(from_meta);
  Type* mt = from_meta.is_object() ? from_meta.o->type : nullptr;
  if (mt && mt->slots.descr_get && mt->slots.descr_set) return mt->slots.descr_get(vm, from_meta, self, meta);
  Value own = lookup_in_type_borrow(t, name);
  if (!own.is_unbound()) {
    Ref keep = Ref::copy(own);
    return bind_descriptor(vm, own.is_object() ? own : new_ref(own), Value(), t);
  }
  if (from_meta.is_unbound()) return from_meta;
  return mt && mt->slots.descr_get ? mt->slots.descr_get(vm, from_meta, self, meta) : new_ref(from_meta);
}

bool set_attr_slot(VM& vm, Value self, Str* name, Value value) {
  auto* t = as<Type>(self);
  if (!t->is_heap)
    return fail(vm, vm.types.TypeError, "cannot set '%s' attribute of immutable type '%s'", name->data, t->name->data);
  Value from_meta = lookup_in_type_borrow(t->type, name);
  if (from_meta.is_object() && from_meta.o->type->slots.descr_set) {
    Ref hold = Ref::copy(from_meta);
    return from_meta.o->type->slots.descr_set(vm, from_meta, self, value);
  }
  if (value.is_unbound()) {
    if (!dict_delete(vm, t->dict, name)) {
      (void)raise_attribute_error(vm, self, name);
      return false;
    }
  } else {
    dict_set(vm, t->dict, name, value);
  }
  type_modified(vm, t);
  if (is_special_name(name)) update_slots_below(vm, t);
  return true;
}

Type* self_of(Value v) { return as<Type>(v); }

// Some classes of the library are called by their modules' names too in messages ("'datetime.date' object ..."): then
// `name` is that, which only messages show.
Value get_name(VM&, Value self) {
  Type* t = self_of(self);
  std::string_view full = t->name->view(), last = t->qualified_name->view();
  bool with_module =
      full.size() > last.size() + 1 && full.ends_with(last) && full[full.size() - last.size() - 1] == '.';
  return new_ref(Value::object(with_module ? t->qualified_name : t->name));
}
bool set_name(VM& vm, Value self, Value v) {
  auto* t = self_of(self);
  if (!t->is_heap)
    return fail(vm, vm.types.TypeError, "cannot set '__name__' attribute of immutable type '%s'", t->name->data);
  if (!is_str(v))
    return fail(vm, vm.types.TypeError, "can only assign string to %s.__name__, not '%s'", t->name->data,
                v.is_unbound() ? "NULL" : type_name(vm, v));
  release(Value::object(t->name));
  t->name = vm.intern(as<Str>(v));
  return true;
}
Value get_qualname(VM&, Value self) { return new_ref(Value::object(self_of(self)->qualified_name)); }
bool set_qualname(VM& vm, Value self, Value v) {
  auto* t = self_of(self);
  if (!t->is_heap)
    return fail(vm, vm.types.TypeError, "cannot set '__qualname__' attribute of immutable type '%s'", t->name->data);
  if (!is_str(v))
    return fail(vm, vm.types.TypeError, "can only assign string to %s.__qualname__, not '%s'", t->name->data,
                v.is_unbound() ? "NULL" : type_name(vm, v));
  release(Value::object(t->qualified_name));
  t->qualified_name = vm.intern(as<Str>(v));
  return true;
}
Value get_module(VM& vm, Value self) {
  auto* t = self_of(self);
  Value own = dict_get_borrow(t->dict, vm.names.module);
  if (!own.is_unbound() && t->is_heap) return new_ref(own);
  return new_ref(t->module);
}
bool set_module(VM& vm, Value self, Value v) {
  auto* t = self_of(self);
  if (!t->is_heap)
    return fail(vm, vm.types.TypeError, "cannot set '__module__' attribute of immutable type '%s'", t->name->data);
  if (v.is_unbound())
    return fail(vm, vm.types.TypeError, "cannot delete '__module__' attribute of type '%s'", t->name->data);
  dict_set(vm, t->dict, vm.names.module, v);
  Ref old(t->module);
  t->module = is_str(v) ? new_ref(v) : Value::none();
  type_modified(vm, t);
  return true;
}
Value get_bases(VM&, Value self) { return new_ref(Value::object(self_of(self)->bases)); }
Value get_base(VM& vm, Value self) {
  auto* t = self_of(self);
  if (t->bases->size == 0) return Value::none();
  for (Value b : t->bases->span())
    if (as<Type>(b)->solid_base == t->solid_base) return new_ref(b);
  return new_ref(t->mro.size() > 1 ? t->bases->items[0] : Value::object(vm.types.object));
}
Value get_mro(VM& vm, Value self) {
  std::vector<Value> items;
  for (Type* t : self_of(self)->mro) items.push_back(Value::object(t));
  return vm::make_tuple(vm, std::span<const Value>(items));
}
Value get_dict(VM& vm, Value self) { return make_proxy(vm, Value::object(self_of(self)->dict)); }
Value get_doc(VM& vm, Value self) {
  auto* t = self_of(self);
  Value d = dict_get_borrow(t->dict, vm.names.doc);
  if (d.is_unbound()) return Value::none();
  return bind_descriptor(vm, d.is_object() ? d : new_ref(d), Value(), t);
}
bool set_doc(VM& vm, Value self, Value v) {
  auto* t = self_of(self);
  if (!t->is_heap)
    return fail(vm, vm.types.TypeError, "cannot set '__doc__' attribute of immutable type '%s'", t->name->data);
  dict_set(vm, t->dict, vm.names.doc, v.is_unbound() ? Value::none() : v);
  type_modified(vm, t);
  return true;
}
Value get_annotations(VM& vm, Value self) {
  auto* t = self_of(self);
  if (!t->is_heap)
    return raise(vm, vm.types.AttributeError, "type object '%s' has no attribute '__annotations__'", t->name->data);
  Value d = dict_get_borrow(t->dict, vm.names.annotations);
  if (!d.is_unbound()) return new_ref(d);
  Ref fresh(make_dict(vm));
  dict_set(vm, t->dict, vm.names.annotations, *fresh);
  type_modified(vm, t);
  return fresh.take();
}
bool set_annotations(VM& vm, Value self, Value v) {
  auto* t = self_of(self);
  if (!t->is_heap)
    return fail(vm, vm.types.TypeError, "cannot set '__annotations__' attribute of immutable type '%s'", t->name->data);
  if (v.is_unbound()) {
    if (!dict_delete(vm, t->dict, vm.names.annotations)) return fail(vm, vm.types.AttributeError, "__annotations__");
  } else {
    dict_set(vm, t->dict, vm.names.annotations, v);
  }
  type_modified(vm, t);
  return true;
}
Value get_abstract(VM& vm, Value self) {
  Value v = dict_get_borrow(self_of(self)->dict, vm.names.abstract_methods);
  if (v.is_unbound()) return raise(vm, vm.types.AttributeError, "__abstractmethods__");
  return new_ref(v);
}
bool set_abstract(VM& vm, Value self, Value v) {
  auto* t = self_of(self);
  if (v.is_unbound()) {
    dict_delete(vm, t->dict, vm.names.abstract_methods);
    t->is_abstract = false;
    return true;
  }
  int some = truth(vm, v);
  if (some < 0) return false;
  dict_set(vm, t->dict, vm.names.abstract_methods, v);
  t->is_abstract = some;
  type_modified(vm, t);
  return true;
}

const GetSetDef kGetSet[] = {
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__module__", get_module, set_module},
    {"__bases__", get_bases, nullptr},
    {"__base__", get_base, nullptr},
    {"__mro__", get_mro, nullptr},
    {"__dict__", get_dict, nullptr},
    {"__doc__", get_doc, set_doc},
    {"__annotations__", get_annotations, set_annotations},
    {"__abstractmethods__", get_abstract, set_abstract},
};

Value subclasses(VM& vm, const Value* a) {
  Value list = make_list(vm);
  for (Type* t : self_of(a[0])->subclasses) list_append(vm, as<List>(list), Value::object(t));
  return list;
}
Value mro_method(VM& vm, const Value* a) {
  Ref t(get_mro(vm, a[0]));
  return make_list_from(vm, *t);
}
Value instance_check(VM& vm, const Value* a) { return Value::boolean(default_is_instance(vm, a[1], a[0])); }
Value subclass_check(VM& vm, const Value* a) {
  if (!is_kind(a[1], Kind::Type)) return raise(vm, vm.types.TypeError, "issubclass() arg 1 must be a class");
  return Value::boolean(is_subtype(self_of(a[1]), self_of(a[0])));
}
Value dir(VM& vm, const Value* a) {
  Ref names(make_dict(vm));
  for (Type* t : self_of(a[0])->mro) {
    uint32_t position = 0;
    while (DictEntry* e = dict_next(t->dict, position))
      if (is_str(e->key)) dict_set(vm, as<Dict>(*names), as<Str>(e->key), Value::none());
  }
  return make_list_from(vm, *names);
}
Value prepare(VM& vm, const Value*) { return make_dict(vm); }

const NativeDef kMethods[] = {
    {"__subclasses__(self, /)", subclasses},
    {"mro(self, /)", mro_method},
    {"__instancecheck__(self, instance, /)", instance_check},
    {"__subclasscheck__(self, subclass, /)", subclass_check},
    {"__dir__(self, /)", dir},
};
const NativeDef kClassMethods[] = {{"__prepare__(cls, /, *args, **kwargs)", prepare}};

Value repr_slot(VM& vm, Value self) {
  return make_str_format(vm, "<class '%s'>", full_type_name(self_of(self)).c_str());
}

Value binary_slot(VM& vm, ir::ArithOp op, Value self, Value other, bool reflected) {
  if (op != ir::ArithOp::Or) return Value::not_implemented();
  return make_union(vm, reflected ? other : self, reflected ? self : other);
}

void dealloc(VM& vm, Object* o) {
  auto* t = static_cast<Type*>(o);
  if (t->bases) {
    for (Value b : t->bases->span()) {
      auto& subs = as<Type>(b)->subclasses;
      subs.erase(std::remove(subs.begin(), subs.end(), t), subs.end());
    }
    release(Value::object(t->bases));
  }
  if (t->dict) release(Value::object(t->dict));
  release(Value::object(t->name));
  release(Value::object(t->qualified_name));
  release(t->module);
  delete_shapes(t);
  (void)vm;
  t->~Type();
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* t = static_cast<Type*>(o);
  if (t->dict) visit(Value::object(t->dict), context);
  if (t->bases) visit(Value::object(t->bases), context);
}

void clear(VM& vm, Object* o) {
  auto* t = static_cast<Type*>(o);
  if (t->is_heap && t->dict) {
    type_modified(vm, t);
    dict_clear(vm, t->dict);
  }
}

Value instance_dict_get(VM& vm, Value self) { return instance_dict(vm, self); }
bool instance_dict_set(VM& vm, Value self, Value v) {
  if (!is_kind(v, Kind::Dict))
    return fail(vm, vm.types.TypeError, "__dict__ must be set to a dictionary, not a '%s'",
                v.is_unbound() ? "NULL" : type_name(vm, v));
  Attributes* a = attributes_of(self.o);
  attributes_to_dict(vm, a);
  Ref old(a->fields[a->shape->dictionary]);
  a->fields[a->shape->dictionary] = new_ref(v);
  return true;
}

}  // namespace

void dealloc_boxed(VM&, Object* o) { release(static_cast<Boxed*>(o)->payload); }
void traverse_boxed(Object*, void (*)(Value, void*), void*) {}

const GetSetDef kInstanceDict = {"__dict__", instance_dict_get, instance_dict_set};

void init_type(VM& vm) {
  Type* t = vm.types.type;
  t->instance_size = sizeof(Type);
  t->is_gc = true;
  t->has_dict = true;  // in a way of its own: Type::dict
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.clear = clear;
  t->slots.repr = repr_slot;
  t->slots.call = type_call;
  t->slots.create = type_create;
  t->slots.init = type_init;
  t->slots.get_attr = get_attr_slot;
  t->slots.set_attr = set_attr_slot;
  t->slots.binary = binary_slot;
  t->arith_ops = op_bit(ir::ArithOp::Or);
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods, .getset = kGetSet});
}

}  // namespace tsvm::vm

// keys(), values(), items() of dicts, their iterators, and the read-only mappingproxy.
#include "vm/native.h"
#include "vm/types/dict.h"
#include "vm/types/type.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

namespace {

struct View : GcObject {
  Value dict;
};

enum class What : uint8_t { Keys, Values, Items };

struct DictIterator : GcObject {
  Value dict;  // Unbound: exhausted
  uint32_t position;
  uint32_t size;
  What what;
  bool backwards;
};

Dict* dict_of(Value view) { return as<Dict>(as<View>(view)->dict); }

What what_of(VM& vm, Type* t) {
  if (t == vm.types.dict_keys || t == vm.types.dict_key_iterator || t == vm.types.dict_reverse_key_iterator)
    return What::Keys;
  if (t == vm.types.dict_values || t == vm.types.dict_value_iterator || t == vm.types.dict_reverse_value_iterator)
    return What::Values;
  return What::Items;
}

Value item_of(VM& vm, What what, DictEntry* e) {
  switch (what) {
    case What::Keys: return new_ref(e->key);
    case What::Values: return new_ref(e->value);
    case What::Items: return make_tuple(vm, {e->key, e->value});
  }
  return Value::error();
}

Value iterator_next(VM& vm, Value self) {
  auto* it = as<DictIterator>(self);
  if (it->dict.is_unbound()) return Value::unbound();
  auto* d = as<Dict>(it->dict);
  if (d->size != it->size) {
    it->size = UINT32_MAX;  // stays wrong
    return raise(vm, vm.types.RuntimeError, "dictionary changed size during iteration");
  }
  if (it->backwards) {
    while (it->position > 0) {
      uint32_t i = --it->position;
      if (i < d->used && !d->entries[i].key.is_unbound()) return item_of(vm, it->what, &d->entries[i]);
    }
  } else if (DictEntry* e = dict_next(d, it->position)) {
    return item_of(vm, it->what, e);
  }
  Ref drop(it->dict);
  it->dict = Value();
  return Value::unbound();
}

Value iterator_hint(VM&, const Value* a) {
  auto* it = as<DictIterator>(a[0]);
  if (it->dict.is_unbound()) return Value::integer(0);
  auto* d = as<Dict>(it->dict);
  if (d->size != it->size) return Value::integer(0);
  int64_t n = 0;
  if (it->backwards) {
    for (uint32_t i = 0; i < it->position && i < d->used; i++) n += !d->entries[i].key.is_unbound();
  } else {
    for (uint32_t p = it->position; dict_next(d, p);) n++;
  }
  return Value::integer(n);
}

const NativeDef kIteratorMethods[] = {{"__length_hint__(self, /)", iterator_hint}};

template <class T>
void dealloc_view(VM&, Object* o) {
  release(static_cast<T*>(o)->dict);
}
template <class T>
void traverse_view(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<T*>(o)->dict, context);
}

// --- views --------------------------------------------------------------------------------------------------------

Value view_iter(VM& vm, Value self) {
  Type* t = self.o->type;
  Type* it = t == vm.types.dict_keys     ? vm.types.dict_key_iterator
             : t == vm.types.dict_values ? vm.types.dict_value_iterator
                                         : vm.types.dict_item_iterator;
  return make_dict_iterator(vm, it, dict_of(self));
}

Value view_reversed(VM& vm, const Value* a) {
  Type* t = a[0].o->type;
  Type* it = t == vm.types.dict_keys     ? vm.types.dict_reverse_key_iterator
             : t == vm.types.dict_values ? vm.types.dict_reverse_value_iterator
                                         : vm.types.dict_reverse_item_iterator;
  return make_dict_iterator(vm, it, dict_of(a[0]));
}

Value view_repr(VM& vm, Value self) {
  std::string out;
  // CPython's OrderedDict has views of its own kind, odict_keys and so on; ours say only what they are called.
  Value prefix = lookup_in_type_borrow(as<View>(self)->dict.o->type, vm.name("_view_prefix"));
  if (is_str(prefix)) out = text_of(prefix);
  out += self.o->type->name->view();
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_ascii(vm, "...");
  Ref list(make_list_from(vm, self));
  if (list.is_error()) return Value::error();
  out += "(";
  if (!repr_to(vm, *list, out)) return Value::error();
  out += ")";
  return make_str(vm, out);
}

int keys_contains(VM& vm, Value self, Value item) {
  int64_t i = dict_lookup(vm, dict_of(self), item);
  return i == -2 ? -1 : i >= 0;
}

int items_contains(VM& vm, Value self, Value item) {
  if (!is_kind(item, Kind::Tuple) || as<Tuple>(item)->size != 2) return 0;
  Value v = dict_get_borrow(vm, dict_of(self), as<Tuple>(item)->items[0]);
  if (v.is_error()) return -1;
  if (v.is_unbound()) return 0;
  Ref hold = Ref::copy(v);
  bool same;
  if (!equal(vm, *hold, as<Tuple>(item)->items[1], same)) return -1;
  return same;
}

bool is_set_like(VM& vm, Value v) {
  return is_kind(v, Kind::Set) || is_kind(v, Kind::FrozenSet) ||
         (is_kind(v, Kind::View) && (v.o->type == vm.types.dict_keys || v.o->type == vm.types.dict_items));
}

/// Every item of a is in b.
int all_in(VM& vm, Value a, Value b) {
  int result = 1;
  bool ok = for_each(vm, a, [&](Value x) {
    int r = contains(vm, b, x);
    if (r < 0) return false;
    if (r == 0) result = 0;
    return r == 1;
  });
  return ok ? 1 : result == 0 ? 0 : -1;
}

Value view_compare(VM& vm, CompareOp op, Value self, Value other) {
  if (!is_set_like(vm, other)) return Value::not_implemented();
  int64_t n = dict_of(self)->size, m = length(vm, other);
  if (m < 0) return Value::error();
  int r = 0;
  switch (op) {
    case CompareOp::Eq:
    case CompareOp::Ne:
      r = n == m ? all_in(vm, self, other) : 0;
      if (r >= 0 && op == CompareOp::Ne) r = !r;
      break;
    case CompareOp::Lt: r = n < m ? all_in(vm, self, other) : 0; break;
    case CompareOp::Le: r = n <= m ? all_in(vm, self, other) : 0; break;
    case CompareOp::Gt: r = n > m ? all_in(vm, other, self) : 0; break;
    default: r = n >= m ? all_in(vm, other, self) : 0;
  }
  return r < 0 ? Value::error() : Value::boolean(r);
}

Value view_binary(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  Value left = reflected ? other : self, right = reflected ? self : other;
  Ref a(make_set_from(vm, left, false));
  if (a.is_error()) return Value::error();
  const char* method = op == ArithOp::And   ? "intersection_update"
                       : op == ArithOp::Or  ? "update"
                       : op == ArithOp::Xor ? "symmetric_difference_update"
                       : op == ArithOp::Sub ? "difference_update"
                                            : nullptr;
  if (!method) return Value::not_implemented();
  Value args[] = {right};
  Ref done(call_method(vm, *a, method, args));
  return done.is_error() ? Value::error() : a.take();
}

Value isdisjoint(VM& vm, const Value* a) {
  bool found = false;
  bool ok = for_each(vm, a[1], [&](Value x) {
    int r = contains(vm, a[0], x);
    found = r == 1;
    return r == 0;
  });
  return ok || found ? Value::boolean(!found) : Value::error();
}

const NativeDef kSetViewMethods[] = {{"isdisjoint(self, other, /)", isdisjoint},
                                     {"__reversed__(self, /)", view_reversed}};
const GetSetDef kViewAttributes[] = {
    {"mapping", [](VM& vm, Value self) { return make_proxy(vm, as<View>(self)->dict); }}};
const NativeDef kViewMethods[] = {{"__reversed__(self, /)", view_reversed}};

// --- mappingproxy -------------------------------------------------------------------------------------------------

Value forward(VM& vm, const Value* a, const char* name, std::span<const Value> args) {
  return call_method(vm, as<View>(a[0])->dict, name, args);
}

const NativeDef kProxyMethods[] = {
    {"get(self, key, default=None, /)",
     [](VM& vm, const Value* a) { return forward(vm, a, "get", std::span(a + 1, 2)); }},
    {"keys(self, /)", [](VM& vm, const Value* a) { return forward(vm, a, "keys", {}); }},
    {"values(self, /)", [](VM& vm, const Value* a) { return forward(vm, a, "values", {}); }},
    {"items(self, /)", [](VM& vm, const Value* a) { return forward(vm, a, "items", {}); }},
    {"copy(self, /)", [](VM& vm, const Value* a) { return forward(vm, a, "copy", {}); }},
    {"__reversed__(self, /)", [](VM& vm, const Value* a) { return forward(vm, a, "__reversed__", {}); }},
};

Value proxy_create(VM& vm, Type*, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "mappingproxy", keywords) || !arg_count(vm, "mappingproxy", args.size(), 1, 1))
    return Value::error();
  if (type_of(vm, args[0])->slots.get_item == nullptr || is_kind(args[0], Kind::List) || is_kind(args[0], Kind::Tuple))
    return raise(vm, vm.types.TypeError, "mappingproxy() argument must be a mapping, not %s", type_name(vm, args[0]));
  return make_dict_view(vm, vm.types.mapping_proxy, args[0]);
}

}  // namespace

Value make_dict_view(VM& vm, Type* type, Value dict) {
  auto* v = allocate_object<View>(vm, type, Kind::View);
  v->dict = new_ref(dict);
  vm.heap.track(v);
  return Value::object(v);
}

Value make_proxy(VM& vm, Value mapping) { return make_dict_view(vm, vm.types.mapping_proxy, mapping); }

Value make_dict_iterator(VM& vm, Type* type, Dict* d) {
  auto* it = allocate_object<DictIterator>(vm, type, Kind::Iterator);
  it->dict = new_ref(Value::object(d));
  it->size = d->size;
  it->what = what_of(vm, type);
  it->backwards = type == vm.types.dict_reverse_key_iterator || type == vm.types.dict_reverse_value_iterator ||
                  type == vm.types.dict_reverse_item_iterator;
  it->position = it->backwards ? d->used : 0;
  vm.heap.track(it);
  return Value::object(it);
}

void init_dict_views(VM& vm) {
  for (Type* t : {vm.types.dict_keys, vm.types.dict_values, vm.types.dict_items}) {
    t->instance_size = sizeof(View);
    t->is_gc = t->is_final = true;
    t->slots.dealloc = dealloc_view<View>;
    t->slots.traverse = traverse_view<View>;
    t->slots.repr = view_repr;
    t->slots.length = [](VM&, Value self) -> int64_t { return dict_of(self)->size; };
    t->slots.iter = view_iter;
    if (t != vm.types.dict_values) {
      t->slots.hash = unhashable;
      t->slots.compare = view_compare;
      t->compares_order = true;
      t->slots.contains = t == vm.types.dict_keys ? keys_contains : items_contains;
      t->slots.binary = view_binary;
      t->arith_ops = op_bit(ArithOp::And) | op_bit(ArithOp::Or) | op_bit(ArithOp::Xor) | op_bit(ArithOp::Sub);
      finish_type(vm, t, {.methods = kSetViewMethods, .getset = kViewAttributes});
    } else {
      finish_type(vm, t, {.methods = kViewMethods, .getset = kViewAttributes});
    }
  }
  for (Type* t : {vm.types.dict_key_iterator, vm.types.dict_value_iterator, vm.types.dict_item_iterator,
                  vm.types.dict_reverse_key_iterator, vm.types.dict_reverse_value_iterator,
                  vm.types.dict_reverse_item_iterator}) {
    t->instance_size = sizeof(DictIterator);
    t->is_gc = t->is_final = true;
    t->slots.dealloc = dealloc_view<DictIterator>;
    t->slots.traverse = traverse_view<DictIterator>;
    t->slots.next = iterator_next;
    finish_type(vm, t, {.methods = kIteratorMethods});
  }
  Type* p = vm.types.mapping_proxy;
  p->instance_size = sizeof(View);
  p->is_gc = p->is_final = true;
  p->slots.dealloc = dealloc_view<View>;
  p->slots.traverse = traverse_view<View>;
  p->slots.repr = [](VM& vm, Value self) {
    std::string out = "mappingproxy(";
    if (!repr_to(vm, as<View>(self)->dict, out)) return Value::error();
    return make_str(vm, out + ")");
  };
  p->slots.str = [](VM& vm, Value self) { return str(vm, as<View>(self)->dict); };
  p->slots.length = [](VM& vm, Value self) { return length(vm, as<View>(self)->dict); };
  p->slots.get_item = [](VM& vm, Value self, Value key) { return get_item(vm, as<View>(self)->dict, key); };
  p->slots.contains = [](VM& vm, Value self, Value item) { return contains(vm, as<View>(self)->dict, item); };
  p->slots.iter = [](VM& vm, Value self) { return get_iter(vm, as<View>(self)->dict); };
  p->slots.compare = [](VM& vm, CompareOp op, Value self, Value other) {
    return compare(
        vm, op, as<View>(self)->dict,
        is_kind(other, Kind::View) && other.o->type == vm.types.mapping_proxy ? as<View>(other)->dict : other);
  };
  p->slots.create = proxy_create;
  finish_type(vm, p, {.methods = kProxyMethods});
}

}  // namespace tsvm::vm

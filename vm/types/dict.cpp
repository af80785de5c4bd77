// dict: a table of positions over an array of entries in order of insertion.
//
// Deleting leaves a hole in `entries` (an Unbound key) and a mark in `indices`; both go when the dict is next resized.
// Comparing keys may run code that changes the dict: lookups then start again. Str keys compare without running code.
#include <algorithm>

#include "vm/native.h"
#include "vm/types/dict.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

namespace {

constexpr int32_t kEmpty = -1, kDeleted = -2;

size_t block_size(uint32_t capacity, uint32_t mask) {
  return capacity * sizeof(DictEntry) + (static_cast<size_t>(mask) + 1) * sizeof(int32_t);
}

struct Probe {
  uint32_t i;
  uint64_t perturb;
  uint32_t mask;
  Probe(uint64_t hash, uint32_t m) : i(static_cast<uint32_t>(hash) & m), perturb(hash), mask(m) {}
  void next() {
    perturb >>= 5;
    i = static_cast<uint32_t>(i * 5 + perturb + 1) & mask;
  }
};

void place_index(Dict* d, uint64_t hash, int32_t entry) {
  Probe p(hash, d->mask);
  while (d->indices[p.i] >= 0) p.next();
  d->indices[p.i] = entry;
}

void resize(VM& vm, Dict* d, uint32_t wanted) {
  uint32_t table = 8;
  while (static_cast<uint64_t>(table) * 2 / 3 < wanted) table *= 2;
  uint32_t capacity = static_cast<uint32_t>(static_cast<uint64_t>(table) * 2 / 3);
  DictEntry* old = d->entries;
  uint32_t old_used = d->used;
  size_t old_size = old ? block_size(d->capacity, d->mask) : 0;
  auto* entries = static_cast<DictEntry*>(vm.heap.allocate(block_size(capacity, table - 1)));
  d->indices = reinterpret_cast<int32_t*>(entries + capacity);
  d->mask = table - 1;
  d->capacity = capacity;
  d->entries = entries;
  std::fill_n(d->indices, table, kEmpty);
  uint32_t n = 0;
  for (uint32_t i = 0; i < old_used; i++) {
    if (old[i].key.is_unbound()) continue;
    new (&entries[n]) DictEntry(old[i]);
    place_index(d, old[i].hash, static_cast<int32_t>(n));
    n++;
  }
  d->used = n;
  if (old) vm.heap.free(old, old_size);
}

/// Position in `entries`, -1 absent, -2 exception. `slot` (if given): where in `indices`.
int64_t lookup(VM& vm, Dict* d, Value key, uint64_t hash, uint32_t* slot = nullptr) {
again:
  if (d->size == 0) return -1;
  bool str = is_str(key);
  for (Probe p(hash, d->mask);; p.next()) {
    int32_t i = d->indices[p.i];
    if (i == kEmpty) return -1;
    if (i == kDeleted) continue;
    DictEntry& e = d->entries[i];
    if (e.key.same(key)) {
      if (slot) *slot = p.i;
      return i;
    }
    if (e.hash != hash) continue;
    if (str && is_str(e.key) && as<Str>(key)->type == vm.types.str) {
      if (!str_equal(as<Str>(key), as<Str>(e.key))) continue;
      if (slot) *slot = p.i;
      return i;
    }
    uint64_t version = d->keys_version;
    DictEntry* entries = d->entries;
    Ref hold = Ref::copy(e.key);
    bool same;
    if (!equal(vm, *hold, key, same)) return -2;
    if (d->keys_version != version || d->entries != entries) goto again;
    if (same) {
      if (slot) *slot = p.i;
      return i;
    }
  }
}

void insert_new(VM& vm, Dict* d, Value key, uint64_t hash, Value value) {
  if (d->used == d->capacity) resize(vm, d, d->size * 2 + 1 < 5 ? 5 : d->size * 2 + 1);
  int32_t i = static_cast<int32_t>(d->used++);
  new (&d->entries[i]) DictEntry{hash, new_ref(key), new_ref(value)};
  place_index(d, hash, i);
  d->size++;
  d->keys_version = vm.next_keys_version();
}

void remove_at(VM& vm, Dict* d, int64_t i, uint32_t slot) {
  DictEntry& e = d->entries[i];
  Value key = e.key, value = e.value;
  d->indices[slot] = kDeleted;
  e.key = Value();
  e.value = Value();
  d->size--;
  if (d->size == 0) {
    d->used = 0;
    std::fill_n(d->indices, d->mask + 1, kEmpty);
  }
  d->keys_version = vm.next_keys_version();
  release(key);
  release(value);
}

void set_hashed(VM& vm, Dict* d, int64_t i, Value key, uint64_t hash, Value value) {
  if (i < 0) return insert_new(vm, d, key, hash, value);
  Value old = d->entries[i].value;
  d->entries[i].value = new_ref(value);
  release(old);
}

}  // namespace

Value make_dict_of_type(VM& vm, Type* type) {
  auto* d = allocate_object<Dict>(vm, type, Kind::Dict, type->instance_size);
  d->keys_version = vm.next_keys_version();
  finish_instance(vm, d);
  vm.heap.track(d);
  return Value::object(d);
}

Value make_dict(VM& vm) {
  auto* d = allocate_object<Dict>(vm, vm.types.dict, Kind::Dict);
  d->keys_version = vm.next_keys_version();
  vm.heap.track(d);
  return Value::object(d);
}

int64_t dict_lookup(VM& vm, Dict* d, Value key) {
  uint64_t h;
  if (!hash(vm, key, h)) return -2;
  return lookup(vm, d, key, h);
}

Value dict_get_borrow(VM& vm, Dict* d, Value key) {
  int64_t i = dict_lookup(vm, d, key);
  if (i == -2) return Value::error();
  return i < 0 ? Value::unbound() : d->entries[i].value;
}

int64_t dict_find(Dict* d, Str* name) {
  if (d->size == 0) return -1;
  uint64_t hash = hash_str(name);
  for (Probe p(hash, d->mask);; p.next()) {
    int32_t i = d->indices[p.i];
    if (i == kEmpty) return -1;
    if (i == kDeleted) continue;
    DictEntry& e = d->entries[i];
    if (e.key.is_object() && e.key.o == name) return i;
    if (e.hash == hash && is_str(e.key) && str_equal(as<Str>(e.key), name)) return i;
  }
}

Value dict_get_borrow(Dict* d, Str* name) {
  int64_t i = dict_find(d, name);
  return i < 0 ? Value::unbound() : d->entries[i].value;
}

bool dict_set(VM& vm, Dict* d, Value key, Value value) {
  uint64_t h;
  if (!hash(vm, key, h)) return false;
  int64_t i = lookup(vm, d, key, h);
  if (i == -2) return false;
  set_hashed(vm, d, i, key, h, value);
  return true;
}

void dict_set(VM& vm, Dict* d, Str* name, Value value) {
  set_hashed(vm, d, dict_find(d, name), Value::object(name), hash_str(name), value);
}

void dict_set(VM& vm, Dict* d, std::string_view name, Value value) {
  Ref key(Value::object(vm.intern(name)));
  dict_set(vm, d, as<Str>(*key), value);
}

int dict_delete(VM& vm, Dict* d, Value key) {
  uint64_t h;
  uint32_t slot;
  if (!hash(vm, key, h)) return -1;
  int64_t i = lookup(vm, d, key, h, &slot);
  if (i == -2) return -1;
  if (i < 0) return 0;
  remove_at(vm, d, i, slot);
  return 1;
}

bool dict_delete(VM& vm, Dict* d, Str* name) {
  int r = dict_delete(vm, d, Value::object(name));
  return r == 1;
}

void dict_clear(VM& vm, Dict* d) {
  DictEntry* entries = d->entries;
  uint32_t used = d->used, capacity = d->capacity, mask = d->mask;
  d->entries = nullptr;
  d->indices = nullptr;
  d->size = d->used = d->capacity = d->mask = 0;
  d->keys_version = vm.next_keys_version();
  for (uint32_t i = 0; i < used; i++) {
    release(entries[i].key);
    release(entries[i].value);
  }
  if (entries) vm.heap.free(entries, block_size(capacity, mask));
}

static bool merge_dict(VM& vm, Dict* to, Dict* from) {
  if (to == from) return true;
  if (to->size == 0 && from->size > 5) resize(vm, to, from->size);
  uint32_t position = 0;
  uint32_t size = from->size;
  while (DictEntry* e = dict_next(from, position)) {
    Ref key = Ref::copy(e->key), value = Ref::copy(e->value);
    uint64_t h = e->hash;
    int64_t i = lookup(vm, to, *key, h);
    if (i == -2) return false;
    set_hashed(vm, to, i, *key, h, *value);
    if (from->size != size) return fail(vm, vm.types.RuntimeError, "dict mutated during update");
  }
  return true;
}

bool dict_update(VM& vm, Dict* d, Value other) {
  if (is_kind(other, Kind::Dict) &&
      (other.o->type == vm.types.dict ||
       lookup_in_type_borrow(other.o->type, vm.names.iter).same(lookup_in_type_borrow(vm.types.dict, vm.names.iter))))
    return merge_dict(vm, d, as<Dict>(other));
  Ref keys_method(get_attr_or_unbound(vm, other, vm.names.keys));
  if (keys_method.is_error()) return false;
  if (!keys_method->is_unbound()) {
    Ref keys(call(vm, *keys_method, std::span<const Value>()));
    if (keys.is_error()) return false;
    return for_each(vm, *keys, [&](Value k) {
      Ref v(get_item(vm, other, k));
      return !v.is_error() && dict_set(vm, d, k, *v);
    });
  }
  size_t n = 0;
  return for_each(vm, other, [&](Value pair) {
    Ref items(make_list_from_sequence(vm, pair));
    if (items.is_error()) {
      if (clear_pending_if(vm, vm.types.TypeError))
        return fail(vm, vm.types.TypeError, "cannot convert dictionary update sequence element #%zu to a sequence", n);
      return false;
    }
    auto* l = as<List>(*items);
    if (l->size != 2)
      return fail(vm, vm.types.ValueError, "dictionary update sequence element #%zu has length %llu; 2 is required", n,
                  static_cast<unsigned long long>(l->size));
    Ref k(list_get(l, 0)), v(list_get(l, 1));
    n++;
    return dict_set(vm, d, *k, *v);
  });
}

Value dict_copy(VM& vm, Dict* d) {
  Ref r(make_dict(vm));
  if (!merge_dict(vm, as<Dict>(*r), d)) return Value::error();
  return r.take();
}

// --- slots --------------------------------------------------------------------------------------------------------

namespace {

void dealloc(VM& vm, Object* o) {
  auto* d = static_cast<Dict*>(o);
  if (d->entries) dict_clear(vm, d);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* d = static_cast<Dict*>(o);
  for (uint32_t i = 0; i < d->used; i++) {
    visit(d->entries[i].key, context);
    visit(d->entries[i].value, context);
  }
}

void clear_slot(VM& vm, Object* o) { dict_clear(vm, static_cast<Dict*>(o)); }

Value repr_slot(VM& vm, Value self) {
  auto* d = as<Dict>(self);
  if (d->size == 0) return make_ascii(vm, "{}");
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_ascii(vm, "{...}");
  std::string out = "{";
  bool first = true;
  uint32_t position = 0;
  while (DictEntry* e = dict_next(d, position)) {
    Ref key = Ref::copy(e->key), value = Ref::copy(e->value);
    if (!first) out += ", ";
    first = false;
    if (!repr_to(vm, *key, out)) return Value::error();
    out += ": ";
    if (!repr_to(vm, *value, out)) return Value::error();
  }
  out += "}";
  return make_str(vm, out);
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_kind(other, Kind::Dict)) return Value::not_implemented();
  auto* a = as<Dict>(self);
  auto* b = as<Dict>(other);
  bool same = a->size == b->size;
  uint32_t position = 0;
  while (same) {
    DictEntry* e = dict_next(a, position);
    if (!e) break;
    Ref key = Ref::copy(e->key), value = Ref::copy(e->value);
    int64_t i = lookup(vm, b, *key, e->hash);
    if (i == -2) return Value::error();
    if (i < 0) {
      same = false;
      break;
    }
    Ref theirs = Ref::copy(b->entries[i].value);
    if (!equal(vm, *value, *theirs, same)) return Value::error();
  }
  return Value::boolean(same == (op == CompareOp::Eq));
}

int64_t length_slot(VM&, Value self) { return as<Dict>(self)->size; }

Value get_item_slot(VM& vm, Value self, Value key) {
  Value v = dict_get_borrow(vm, as<Dict>(self), key);
  if (v.is_error()) return v;
  if (!v.is_unbound()) return new_ref(v);
  if (self.o->type != vm.types.dict) {
    Ref missing(lookup_special(vm, self, vm.names.missing));
    if (missing.is_error()) return Value::error();
    if (!missing->is_unbound()) return call(vm, *missing, {key});
  }
  return raise_key_error(vm, key);
}

bool set_item_slot(VM& vm, Value self, Value key, Value value) {
  auto* d = as<Dict>(self);
  if (!value.is_unbound()) return dict_set(vm, d, key, value);
  int r = dict_delete(vm, d, key);
  if (r == 0) (void)raise_key_error(vm, key);
  return r == 1;
}

int contains_slot(VM& vm, Value self, Value item) {
  int64_t i = dict_lookup(vm, as<Dict>(self), item);
  return i == -2 ? -1 : i >= 0;
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  if (op != ArithOp::Or || reflected || !is_kind(other, Kind::Dict)) return Value::not_implemented();
  Ref r(dict_copy(vm, as<Dict>(self)));
  if (r.is_error() || !dict_update(vm, as<Dict>(*r), other)) return Value::error();
  return r.take();
}

Value inplace_slot(VM& vm, ArithOp op, Value self, Value other) {
  if (op != ArithOp::Or) return Value::not_implemented();
  if (!dict_update(vm, as<Dict>(self), other)) return Value::error();
  return new_ref(self);
}

Value create(VM& vm, Type* type, std::span<const Value>, std::span<Str* const>) { return make_dict_of_type(vm, type); }

bool update_from_args(VM& vm, const char* name, Value self, std::span<const Value> args,
                      std::span<Str* const> keywords) {
  size_t positional = args.size() - keywords.size();
  if (positional > 1) return fail(vm, vm.types.TypeError, "%s expected at most 1 argument, got %zu", name, positional);
  auto* d = as<Dict>(self);
  if (positional == 1 && !dict_update(vm, d, args[0])) return false;
  for (size_t i = 0; i < keywords.size(); i++) dict_set(vm, d, keywords[i], args[positional + i]);
  return true;
}

bool init(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  return update_from_args(vm, "dict", self, args, keywords);
}

// --- methods ------------------------------------------------------------------------------------------------------

Value get(VM& vm, const Value* a) {
  Value v = dict_get_borrow(vm, as<Dict>(a[0]), a[1]);
  if (v.is_error()) return v;
  return new_ref(v.is_unbound() ? a[2] : v);
}

Value setdefault(VM& vm, const Value* a) {
  auto* d = as<Dict>(a[0]);
  uint64_t h;
  if (!hash(vm, a[1], h)) return Value::error();
  int64_t i = lookup(vm, d, a[1], h);
  if (i == -2) return Value::error();
  if (i >= 0) return new_ref(d->entries[i].value);
  insert_new(vm, d, a[1], h, a[2]);
  return new_ref(a[2]);
}

Value pop(VM& vm, const Value* a) {
  auto* d = as<Dict>(a[0]);
  uint64_t h;
  uint32_t slot = 0;
  if (!hash(vm, a[1], h)) return Value::error();
  int64_t i = lookup(vm, d, a[1], h, &slot);
  if (i == -2) return Value::error();
  if (i < 0) return a[2].is_unbound() ? raise_key_error(vm, a[1]) : new_ref(a[2]);
  Value v = new_ref(d->entries[i].value);
  remove_at(vm, d, i, slot);
  return v;
}

Value popitem(VM& vm, const Value* a) {
  auto* d = as<Dict>(a[0]);
  if (d->size == 0) {
    Ref text(make_ascii(vm, "popitem(): dictionary is empty"));
    return raise_key_error(vm, *text);
  }
  int64_t i = d->used - 1;
  while (d->entries[i].key.is_unbound()) i--;
  DictEntry& e = d->entries[i];
  Ref pair(make_tuple(vm, {e.key, e.value}));
  Probe p(e.hash, d->mask);
  while (d->indices[p.i] != i) p.next();
  d->used = static_cast<uint32_t>(i) + 1;
  remove_at(vm, d, i, p.i);
  if (d->used > 0) d->used = static_cast<uint32_t>(i);
  return pair.take();
}

Value clear(VM& vm, const Value* a) {
  dict_clear(vm, as<Dict>(a[0]));
  return Value::none();
}

Value copy(VM& vm, const Value* a) { return dict_copy(vm, as<Dict>(a[0])); }

Value update(VM& vm, const Value* a) {
  auto* given = as<Tuple>(a[1]);
  if (given->size > 1) return raise(vm, vm.types.TypeError, "update expected at most 1 argument, got %u", given->size);
  auto* d = as<Dict>(a[0]);
  if (given->size == 1 && !dict_update(vm, d, given->items[0])) return Value::error();
  if (as<Dict>(a[2])->size && !dict_update(vm, d, a[2])) return Value::error();
  return Value::none();
}

Value fromkeys(VM& vm, const Value* a) {
  Ref d(call(vm, a[0], std::span<const Value>()));
  if (d.is_error()) return Value::error();
  bool plain = is_kind(*d, Kind::Dict) && d->o->type == vm.types.dict;
  bool ok = for_each(vm, a[1],
                     [&](Value k) { return plain ? dict_set(vm, as<Dict>(*d), k, a[2]) : set_item(vm, *d, k, a[2]); });
  return ok ? d.take() : Value::error();
}

const NativeDef kMethods[] = {
    {"clear(self, /)", clear},
    {"copy(self, /)", copy},
    {"get(self, key, default=None, /)", get},
    {"items(self, /)", [](VM& vm, const Value* a) { return make_dict_view(vm, vm.types.dict_items, a[0]); }},
    {"keys(self, /)", [](VM& vm, const Value* a) { return make_dict_view(vm, vm.types.dict_keys, a[0]); }},
    {"pop(self, key, default=..., /)", pop},
    {"popitem(self, /)", popitem},
    {"setdefault(self, key, default=None, /)", setdefault},
    {"update(self, /, *args, **kwargs)", update},
    {"values(self, /)", [](VM& vm, const Value* a) { return make_dict_view(vm, vm.types.dict_values, a[0]); }},
    {"__reversed__(self, /)",
     [](VM& vm, const Value* a) { return make_dict_iterator(vm, vm.types.dict_reverse_key_iterator, as<Dict>(a[0])); }},
};

const NativeDef kClassMethods[] = {{"fromkeys(cls, iterable, value=None, /)", fromkeys},
                                   {"__class_getitem__(cls, item, /)", class_getitem}};

}  // namespace

void init_dict(VM& vm) {
  Type* t = vm.types.dict;
  t->instance_size = sizeof(Dict);
  t->is_gc = true;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.clear = clear_slot;
  t->slots.repr = repr_slot;
  t->slots.hash = unhashable;
  t->slots.compare = compare_slot;
  t->slots.length = length_slot;
  t->slots.get_item = get_item_slot;
  t->slots.set_item = set_item_slot;
  t->slots.contains = contains_slot;
  t->slots.iter = [](VM& vm, Value self) { return make_dict_iterator(vm, vm.types.dict_key_iterator, as<Dict>(self)); };
  t->slots.binary = binary_slot;
  t->slots.inplace = inplace_slot;
  t->arith_ops = t->inplace_ops = op_bit(ArithOp::Or);
  t->slots.create = create;
  t->slots.init = init;
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods});
}

}  // namespace tsvm::vm

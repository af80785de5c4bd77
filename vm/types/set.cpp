// set and frozenset: one open-addressing table.
//
// Probing, table sizes and growth are CPython's (up to kLinear neighbours, then a jump by the perturbed hash), so that
// sets of small ints are walked in the order that CPython prints.
#include <algorithm>

#include "vm/native.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

namespace {

constexpr uint32_t kLinear = 9;

bool is_set(Value v) { return is_kind(v, Kind::Set) || is_kind(v, Kind::FrozenSet); }
Set* self_of(Value v) { return as<Set>(v); }

size_t table_bytes(uint32_t mask) { return (static_cast<size_t>(mask) + 1) * sizeof(SetEntry); }

bool is_free(const SetEntry& e) { return e.key.is_unbound(); }
bool is_live(const SetEntry& e) { return !e.key.is_unbound() && !e.key.is_error(); }

/// Puts a key that is known to be absent into a table without deleted entries.
void insert_clean(SetEntry* table, uint32_t mask, Value key, uint64_t hash) {
  uint64_t perturb = hash;
  uint64_t i = hash & mask;
  for (;;) {
    SetEntry* e = &table[i];
    uint32_t probes = i + kLinear <= mask ? kLinear : 0;
    for (uint32_t k = 0; k <= probes; k++, e++) {
      if (is_free(*e)) {
        e->key = key;
        e->hash = hash;
        return;
      }
    }
    perturb >>= 5;
    i = (i * 5 + 1 + perturb) & mask;
  }
}

void resize(VM& vm, Set* s, uint64_t wanted) {
  uint32_t size = 8;
  while (size <= wanted) size *= 2;
  auto* table = static_cast<SetEntry*>(vm.heap.allocate(table_bytes(size - 1)));
  for (uint32_t i = 0; i < size; i++) new (&table[i]) SetEntry{Value(), 0};
  if (s->table) {
    for (uint32_t i = 0; i <= s->mask; i++)
      if (is_live(s->table[i])) insert_clean(table, size - 1, s->table[i].key, s->table[i].hash);
    vm.heap.free(s->table, table_bytes(s->mask));
  }
  s->table = table;
  s->mask = size - 1;
  s->fill = s->size;
}

/// The entry of an equal key, or the free place where it would go (with `found` false). Null: exception.
SetEntry* lookup(VM& vm, Set* s, Value key, uint64_t hash, bool& found) {
again:
  if (!s->table) resize(vm, s, 0);  // a comparison has emptied the set
  found = false;
  uint64_t perturb = hash;
  uint64_t i = hash & s->mask;
  for (;;) {
    uint32_t probes = i + kLinear <= s->mask ? kLinear : 0;
    for (uint32_t k = 0; k <= probes; k++) {
      SetEntry* e = &s->table[i + k];
      if (is_free(*e)) return e;
      if (e->hash != hash || !is_live(*e)) continue;
      if (e->key.same(key)) {
        found = true;
        return e;
      }
      if (is_str(key) && is_str(e->key)) {
        if (!str_equal(as<Str>(key), as<Str>(e->key))) continue;
        found = true;
        return e;
      }
      Ref hold = Ref::copy(e->key);
      SetEntry* table = s->table;
      uint32_t mask = s->mask;
      bool same;
      if (!equal(vm, *hold, key, same)) return nullptr;
      if (s->table != table || s->mask != mask || !e->key.same(*hold)) goto again;
      if (same) {
        found = true;
        return e;
      }
    }
    perturb >>= 5;
    i = (i * 5 + 1 + perturb) & s->mask;
  }
}

bool add_hashed(VM& vm, Set* s, Value key, uint64_t hash) {
  if (!s->table) resize(vm, s, 0);
  bool found;
  SetEntry* e = lookup(vm, s, key, hash, found);
  if (!e) return false;
  if (found) return true;
  new (e) SetEntry{new_ref(key), hash};
  s->size++;
  s->fill++;
  if (static_cast<uint64_t>(s->fill) * 5 >= static_cast<uint64_t>(s->mask) * 3)
    resize(vm, s, s->size > 50000 ? static_cast<uint64_t>(s->size) * 2 : static_cast<uint64_t>(s->size) * 4);
  return true;
}

void set_clear(VM& vm, Set* s) {
  SetEntry* table = s->table;
  uint32_t mask = s->mask;
  s->table = nullptr;
  s->size = s->fill = s->mask = 0;
  if (!table) return;
  for (uint32_t i = 0; i <= mask; i++)
    if (is_live(table[i])) release(table[i].key);
  vm.heap.free(table, table_bytes(mask));
}

Value make_set_of_type(VM& vm, Type* type, bool frozen) {
  auto* s = allocate_object<Set>(vm, type, frozen ? Kind::FrozenSet : Kind::Set,
                                 std::max<size_t>(type->instance_size, sizeof(Set)));
  finish_instance(vm, s);
  vm.heap.track(s);
  return Value::object(s);
}

/// 1 removed, 0 absent, -1 exception.
int discard_hashed(VM& vm, Set* s, Value key, uint64_t hash) {
  if (!s->table) return 0;
  bool found;
  SetEntry* e = lookup(vm, s, key, hash, found);
  if (!e) return -1;
  if (!found) return 0;
  Ref drop(e->key);
  e->key = Value::error();
  e->hash = 0;
  s->size--;
  return 1;
}

int contains_hashed(VM& vm, Set* s, Value key, uint64_t hash) {
  if (!s->table) return 0;
  bool found;
  return lookup(vm, s, key, hash, found) ? found : -1;
}

/// The hash of a key to look for: a set is looked for as a frozenset.
bool key_hash(VM& vm, Value key, uint64_t& out, Ref& as_frozen) {
  if (is_kind(key, Kind::Set) && key.o->type->slots.hash == unhashable) {
    as_frozen = Ref(make_set_from(vm, key, true));
    return !as_frozen.is_error() && hash(vm, *as_frozen, out);
  }
  as_frozen = Ref::copy(key);
  return hash(vm, key, out);
}

}  // namespace

Value make_set(VM& vm) { return make_set_of_type(vm, vm.types.set, false); }
Value make_frozenset(VM& vm) { return make_set_of_type(vm, vm.types.frozenset, true); }

bool set_add(VM& vm, Set* s, Value item) {
  uint64_t h;
  return hash(vm, item, h) && add_hashed(vm, s, item, h);
}

bool set_update(VM& vm, Set* s, Value iterable) {
  if (is_set(iterable)) {
    auto* from = self_of(iterable);
    if (from == s || from->size == 0) return true;
    if (!s->table) resize(vm, s, 0);
    // As CPython: one growth for all, and a straight copy into an empty set.
    if (static_cast<uint64_t>(s->fill + from->size) * 5 >= static_cast<uint64_t>(s->mask) * 3)
      resize(vm, s, static_cast<uint64_t>(s->size + from->size) * 2);
    if (s->fill == 0 && s->mask == from->mask && from->fill == from->size) {
      for (uint32_t i = 0; i <= from->mask; i++)
        if (is_live(from->table[i])) s->table[i] = SetEntry{new_ref(from->table[i].key), from->table[i].hash};
      s->size = s->fill = from->size;
      return true;
    }
    uint32_t position = 0;
    while (SetEntry* e = set_next(from, position)) {
      Ref key = Ref::copy(e->key);
      if (!add_hashed(vm, s, *key, e->hash)) return false;
    }
    return true;
  }
  if (is_kind(iterable, Kind::Dict) && iterable.o->type == vm.types.dict) {
    auto* d = as<Dict>(iterable);
    uint32_t position = 0;
    while (DictEntry* e = dict_next(d, position)) {
      Ref key = Ref::copy(e->key);
      if (!add_hashed(vm, s, *key, e->hash)) return false;
    }
    return true;
  }
  return for_each(vm, iterable, [&](Value v) { return set_add(vm, s, v); });
}

Value make_set_from(VM& vm, Value iterable, bool frozen) {
  if (frozen && is_kind(iterable, Kind::FrozenSet) && iterable.o->type == vm.types.frozenset) return new_ref(iterable);
  Ref s(frozen ? make_frozenset(vm) : make_set(vm));
  if (!set_update(vm, self_of(*s), iterable)) return Value::error();
  return s.take();
}

int set_contains(VM& vm, Set* s, Value item) {
  uint64_t h;
  Ref key;
  if (!key_hash(vm, item, h, key)) return -1;
  return contains_hashed(vm, s, *key, h);
}

int set_discard(VM& vm, Set* s, Value item) {
  uint64_t h;
  Ref key;
  if (!key_hash(vm, item, h, key)) return -1;
  return discard_hashed(vm, s, *key, h);
}

// --- slots --------------------------------------------------------------------------------------------------------

namespace {

void dealloc(VM& vm, Object* o) { set_clear(vm, static_cast<Set*>(o)); }

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* s = static_cast<Set*>(o);
  if (!s->table) return;
  for (uint32_t i = 0; i <= s->mask; i++)
    if (is_live(s->table[i])) visit(s->table[i].key, context);
}

Value repr_slot(VM& vm, Value self) {
  auto* s = self_of(self);
  std::string name(self.o->type->name->view());
  if (s->size == 0) return make_str(vm, name + "()");
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, name + "(...)");
  Ref items(make_list_from(vm, self));
  if (items.is_error()) return Value::error();
  auto* l = as<List>(*items);
  bool plain = self.o->type == vm.types.set;
  std::string out = plain ? "{" : name + "({";
  if (!append_items(vm, out, [&](uint64_t i) { return i < l->size ? list_get(l, i) : Value::unbound(); }))
    return Value::error();
  return make_str(vm, out + (plain ? "}" : "})"));
}

bool hash_slot(VM&, Value self, uint64_t& out) {
  auto* s = self_of(self);
  if (s->hash == 0) {
    // Order must not matter: each hash is spread, then all are xor-ed.
    uint64_t h = 0;
    uint32_t position = 0;
    while (SetEntry* e = set_next(s, position)) h ^= ((e->hash ^ 89869747UL) ^ (e->hash << 16)) * 3644798167UL;
    h ^= (static_cast<uint64_t>(s->size) + 1) * 1927868237UL;
    h ^= (h >> 11) ^ (h >> 25);
    h = h * 69069U + 907133923UL;
    if (h == UINT64_MAX || h == 0) h = 590923713UL;
    s->hash = h;
  }
  out = s->hash;
  return true;
}

/// Every item of a is in b: 1, 0, -1.
int is_subset(VM& vm, Set* a, Set* b) {
  if (a->size > b->size) return 0;
  uint32_t position = 0;
  while (SetEntry* e = set_next(a, position)) {
    Ref key = Ref::copy(e->key);
    int r = contains_hashed(vm, b, *key, e->hash);
    if (r != 1) return r;
  }
  return 1;
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if (!is_set(other)) return Value::not_implemented();
  auto *a = self_of(self), *b = self_of(other);
  int r = 0;
  switch (op) {
    case CompareOp::Eq:
    case CompareOp::Ne:
      r = a->size == b->size ? is_subset(vm, a, b) : 0;
      if (r >= 0 && op == CompareOp::Ne) r = !r;
      break;
    case CompareOp::Le: r = is_subset(vm, a, b); break;
    case CompareOp::Lt: r = a->size < b->size ? is_subset(vm, a, b) : 0; break;
    case CompareOp::Ge: r = is_subset(vm, b, a); break;
    default: r = b->size < a->size ? is_subset(vm, b, a) : 0;
  }
  return r < 0 ? Value::error() : Value::boolean(r);
}

int64_t length_slot(VM&, Value self) { return self_of(self)->size; }
int contains_slot(VM& vm, Value self, Value item) { return set_contains(vm, self_of(self), item); }

// --- algebra ------------------------------------------------------------------------------------------------------

/// A new set like `like` (set or frozenset) with its items.
Value copy_of(VM& vm, Value like) {
  Ref r(is_kind(like, Kind::FrozenSet) ? make_frozenset(vm) : make_set(vm));
  if (!set_update(vm, self_of(*r), like)) return Value::error();
  return r.take();
}

Value intersect(VM& vm, Value a, Value other) {
  Ref r(is_kind(a, Kind::FrozenSet) ? make_frozenset(vm) : make_set(vm));
  auto* out = self_of(*r);
  if (is_set(other)) {
    auto *x = self_of(a), *y = self_of(other);
    if (y->size > x->size) std::swap(x, y);  // walk the smaller one
    uint32_t position = 0;
    while (SetEntry* e = set_next(y, position)) {
      Ref key = Ref::copy(e->key);
      uint64_t h = e->hash;
      int found = contains_hashed(vm, x, *key, h);
      if (found < 0 || (found && !add_hashed(vm, out, *key, h))) return Value::error();
    }
    return r.take();
  }
  bool ok = for_each(vm, other, [&](Value v) {
    uint64_t h;
    if (!hash(vm, v, h)) return false;
    int found = contains_hashed(vm, self_of(a), v, h);
    return found >= 0 && (!found || add_hashed(vm, out, v, h));
  });
  return ok ? r.take() : Value::error();
}

bool subtract(VM& vm, Set* s, Value other) {
  if (is_set(other) && self_of(other) == s) {
    set_clear(vm, s);
    return true;
  }
  if (is_set(other)) {
    uint32_t position = 0;
    while (SetEntry* e = set_next(self_of(other), position)) {
      Ref key = Ref::copy(e->key);
      if (discard_hashed(vm, s, *key, e->hash) < 0) return false;
    }
  } else if (!for_each(vm, other, [&](Value v) {
               uint64_t h;
               return hash(vm, v, h) && discard_hashed(vm, s, v, h) >= 0;
             })) {
    return false;
  }
  if (s->fill - s->size > s->mask / 4) resize(vm, s, s->size > 50000 ? s->size * 2ULL : s->size * 4ULL);
  return true;
}

Value difference(VM& vm, Value a, Value other) {
  // A new set of what stays: the order of CPython's.
  if (is_set(other) || (is_kind(other, Kind::Dict) && other.o->type == vm.types.dict)) {
    int64_t n = is_set(other) ? self_of(other)->size : as<Dict>(other)->size;
    if (self_of(a)->size / 4 <= n) {
      Ref r(is_kind(a, Kind::FrozenSet) ? make_frozenset(vm) : make_set(vm));
      uint32_t position = 0;
      while (SetEntry* e = set_next(self_of(a), position)) {
        Ref key = Ref::copy(e->key);
        uint64_t h = e->hash;
        int found = is_set(other) ? contains_hashed(vm, self_of(other), *key, h) : contains(vm, other, *key);
        if (found < 0 || (!found && !add_hashed(vm, self_of(*r), *key, h))) return Value::error();
      }
      return r.take();
    }
  }
  Ref r(copy_of(vm, a));
  if (r.is_error() || !subtract(vm, self_of(*r), other)) return Value::error();
  return r.take();
}

bool symmetric_update(VM& vm, Set* s, Value other) {
  Ref o(is_set(other) ? new_ref(other) : make_set_from(vm, other, false));
  if (o.is_error()) return false;
  if (self_of(*o) == s) {
    set_clear(vm, s);
    return true;
  }
  uint32_t position = 0;
  while (SetEntry* e = set_next(self_of(*o), position)) {
    Ref key = Ref::copy(e->key);
    uint64_t h = e->hash;
    int r = discard_hashed(vm, s, *key, h);
    if (r < 0 || (r == 0 && !add_hashed(vm, s, *key, h))) return false;
  }
  return true;
}

void swap_content(Set* a, Set* b) {
  std::swap(a->table, b->table);
  std::swap(a->size, b->size);
  std::swap(a->fill, b->fill);
  std::swap(a->mask, b->mask);
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  if (reflected || !is_set(other)) return Value::not_implemented();
  Ref r;
  switch (op) {
    case ArithOp::And: return intersect(vm, self, other);
    case ArithOp::Sub: return difference(vm, self, other);
    case ArithOp::Or:
      r = Ref(copy_of(vm, self));
      if (r.is_error() || !set_update(vm, self_of(*r), other)) return Value::error();
      return r.take();
    case ArithOp::Xor:
      r = Ref(copy_of(vm, other));
      if (r.is_error() || !symmetric_update(vm, self_of(*r), self)) return Value::error();
      if (is_kind(self, Kind::Set) != is_kind(*r, Kind::Set)) {
        Ref t(is_kind(self, Kind::Set) ? make_set(vm) : make_frozenset(vm));
        swap_content(self_of(*t), self_of(*r));
        return t.take();
      }
      return r.take();
    default: return Value::not_implemented();
  }
}

bool keep_only(VM& vm, Set* s, Value other) {
  Ref r(intersect(vm, Value::object(s), other));
  if (r.is_error()) return false;
  swap_content(s, self_of(*r));
  return true;
}

Value inplace_slot(VM& vm, ArithOp op, Value self, Value other) {
  if (!is_set(other)) return Value::not_implemented();
  auto* s = self_of(self);
  bool ok;
  switch (op) {
    case ArithOp::And: ok = keep_only(vm, s, other); break;
    case ArithOp::Sub: ok = subtract(vm, s, other); break;
    case ArithOp::Or: ok = set_update(vm, s, other); break;
    case ArithOp::Xor: ok = symmetric_update(vm, s, other); break;
    default: return Value::not_implemented();
  }
  return ok ? new_ref(self) : Value::error();
}

Value create_set(VM& vm, Type* type, std::span<const Value>, std::span<Str* const>) {
  return make_set_of_type(vm, type, false);
}

bool init_set_object(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "set", keywords) || !arg_count(vm, "set", args.size(), 0, 1)) return false;
  set_clear(vm, self_of(self));
  return args.empty() || set_update(vm, self_of(self), args[0]);
}

Value create_frozenset(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (type == vm.types.frozenset && !no_keywords(vm, "frozenset", keywords)) return Value::error();
  if (!arg_count(vm, "frozenset", args.size() - keywords.size(), 0, 1)) return Value::error();
  bool given = args.size() > keywords.size();
  if (given && type == vm.types.frozenset && is_kind(args[0], Kind::FrozenSet) && args[0].o->type == type)
    return new_ref(args[0]);
  Ref s(make_set_of_type(vm, type, true));
  if (given && !set_update(vm, self_of(*s), args[0])) return Value::error();
  return s.take();
}

// --- methods ------------------------------------------------------------------------------------------------------

std::span<Value> others(const Value* a) { return as<Tuple>(a[1])->span(); }

Value done(bool ok) { return ok ? Value::none() : Value::error(); }

Value add(VM& vm, const Value* a) { return done(set_add(vm, self_of(a[0]), a[1])); }
Value discard(VM& vm, const Value* a) { return done(set_discard(vm, self_of(a[0]), a[1]) >= 0); }
Value clear(VM& vm, const Value* a) {
  set_clear(vm, self_of(a[0]));
  return Value::none();
}
Value copy(VM& vm, const Value* a) {
  if (is_kind(a[0], Kind::FrozenSet) && a[0].o->type == vm.types.frozenset) return new_ref(a[0]);
  return copy_of(vm, a[0]);
}

Value remove(VM& vm, const Value* a) {
  int r = set_discard(vm, self_of(a[0]), a[1]);
  if (r == 0) return raise_key_error(vm, a[1]);
  return done(r > 0);
}

Value pop(VM& vm, const Value* a) {
  auto* s = self_of(a[0]);
  uint32_t position = 0;
  SetEntry* e = set_next(s, position);
  if (!e) {
    Ref text(make_ascii(vm, "pop from an empty set"));
    return raise_key_error(vm, *text);
  }
  Value v = e->key;
  e->key = Value::error();
  e->hash = 0;
  s->size--;
  return v;
}

Value union_method(VM& vm, const Value* a) {
  Ref r(copy_of(vm, a[0]));
  if (r.is_error()) return Value::error();
  for (Value o : others(a))
    if (!set_update(vm, self_of(*r), o)) return Value::error();
  return r.take();
}

Value update(VM& vm, const Value* a) {
  for (Value o : others(a))
    if (!set_update(vm, self_of(a[0]), o)) return Value::error();
  return Value::none();
}

Value intersection(VM& vm, const Value* a) {
  if (others(a).empty()) return copy_of(vm, a[0]);
  Ref r = Ref::copy(a[0]);
  for (Value o : others(a)) {
    r = Ref(intersect(vm, *r, o));
    if (r.is_error()) return Value::error();
  }
  return r.take();
}

Value intersection_update(VM& vm, const Value* a) {
  Ref r(intersection(vm, a));
  if (r.is_error()) return Value::error();
  swap_content(self_of(a[0]), self_of(*r));
  return Value::none();
}

Value difference_method(VM& vm, const Value* a) {
  if (others(a).empty()) return copy_of(vm, a[0]);
  Ref r = Ref::copy(a[0]);
  for (Value o : others(a)) {
    r = Ref(difference(vm, *r, o));
    if (r.is_error()) return Value::error();
  }
  return r.take();
}

Value difference_update(VM& vm, const Value* a) {
  for (Value o : others(a))
    if (!subtract(vm, self_of(a[0]), o)) return Value::error();
  return Value::none();
}

Value symmetric_difference(VM& vm, const Value* a) {
  Ref r(is_kind(a[0], Kind::FrozenSet) ? make_frozenset(vm) : make_set(vm));
  if (!set_update(vm, self_of(*r), a[1]) || !symmetric_update(vm, self_of(*r), a[0])) return Value::error();
  return r.take();
}

Value symmetric_difference_update(VM& vm, const Value* a) { return done(symmetric_update(vm, self_of(a[0]), a[1])); }

Value as_set(VM& vm, Value v) { return is_set(v) ? new_ref(v) : make_set_from(vm, v, false); }

Value issubset(VM& vm, const Value* a) {
  Ref o(as_set(vm, a[1]));
  if (o.is_error()) return Value::error();
  return compare_slot(vm, CompareOp::Le, a[0], *o);
}

Value issuperset(VM& vm, const Value* a) {
  if (is_set(a[1])) return compare_slot(vm, CompareOp::Ge, a[0], a[1]);
  bool all = true;
  bool ok = for_each(vm, a[1], [&](Value v) {
    int r = set_contains(vm, self_of(a[0]), v);
    if (r == 0) all = false;
    return r == 1;
  });
  return ok || !all ? Value::boolean(all) : Value::error();
}

Value isdisjoint(VM& vm, const Value* a) {
  bool hit = false;
  bool ok = for_each(vm, a[1], [&](Value v) {
    int r = set_contains(vm, self_of(a[0]), v);
    if (r == 1) hit = true;
    return r == 0;
  });
  return ok || hit ? Value::boolean(!hit) : Value::error();
}

#define SHARED_METHODS                                                                              \
  {"copy(self, /)", copy}, {"difference(self, /, *others)", difference_method},                     \
      {"intersection(self, /, *others)", intersection}, {"isdisjoint(self, other, /)", isdisjoint}, \
      {"issubset(self, other, /)", issubset}, {"issuperset(self, other, /)", issuperset},           \
      {"symmetric_difference(self, other, /)", symmetric_difference}, {                             \
    "union(self, /, *others)", union_method                                                         \
  }

const NativeDef kSetMethods[] = {
    SHARED_METHODS,
    {"add(self, object, /)", add},
    {"clear(self, /)", clear},
    {"difference_update(self, /, *others)", difference_update},
    {"discard(self, object, /)", discard},
    {"intersection_update(self, /, *others)", intersection_update},
    {"pop(self, /)", pop},
    {"remove(self, object, /)", remove},
    {"symmetric_difference_update(self, other, /)", symmetric_difference_update},
    {"update(self, /, *others)", update},
};
const NativeDef kFrozenMethods[] = {SHARED_METHODS};
const NativeDef kClassMethods[] = {{"__class_getitem__(cls, item, /)", class_getitem}};

// --- iterator -----------------------------------------------------------------------------------------------------

struct SetIterator : GcObject {
  Value set;
  uint32_t position;
  uint32_t size;
};

Value iterator_next(VM& vm, Value self) {
  auto* it = as<SetIterator>(self);
  if (it->set.is_unbound()) return Value::unbound();
  auto* s = self_of(it->set);
  if (s->size != it->size) {
    it->size = UINT32_MAX;
    return raise(vm, vm.types.RuntimeError, "Set changed size during iteration");
  }
  if (SetEntry* e = set_next(s, it->position)) return new_ref(e->key);
  Ref drop(it->set);
  it->set = Value();
  return Value::unbound();
}

Value iterator_hint(VM&, const Value* a) {
  auto* it = as<SetIterator>(a[0]);
  int64_t n = 0;
  if (!it->set.is_unbound())
    for (uint32_t p = it->position; set_next(self_of(it->set), p);) n++;
  return Value::integer(n);
}

const NativeDef kIteratorMethods[] = {{"__length_hint__(self, /)", iterator_hint}};

}  // namespace

void init_set(VM& vm) {
  for (Type* t : {vm.types.set, vm.types.frozenset}) {
    bool frozen = t == vm.types.frozenset;
    t->instance_size = sizeof(Set);
    t->is_gc = true;
    t->slots.dealloc = dealloc;
    t->slots.traverse = traverse;
    t->slots.clear = [](VM& v, Object* o) { set_clear(v, static_cast<Set*>(o)); };
    t->slots.repr = repr_slot;
    t->slots.hash = frozen ? hash_slot : unhashable;
    t->slots.compare = compare_slot;
    t->compares_order = true;
    t->slots.length = length_slot;
    t->slots.contains = contains_slot;
    t->slots.iter = [](VM& v, Value self) {
      auto* it = allocate_object<SetIterator>(v, v.types.set_iterator, Kind::Iterator);
      it->set = new_ref(self);
      it->position = 0;
      it->size = self_of(self)->size;
      v.heap.track(it);
      return Value::object(it);
    };
    t->slots.binary = binary_slot;
    t->arith_ops = op_bit(ArithOp::And) | op_bit(ArithOp::Or) | op_bit(ArithOp::Xor) | op_bit(ArithOp::Sub);
    if (frozen) {
      t->slots.create = create_frozenset;
      finish_type(vm, t, {.methods = kFrozenMethods, .class_methods = kClassMethods});
    } else {
      t->slots.inplace = inplace_slot;
      t->inplace_ops = t->arith_ops;
      t->slots.create = create_set;
      t->slots.init = init_set_object;
      finish_type(vm, t, {.methods = kSetMethods, .class_methods = kClassMethods});
    }
  }
  Type* it = vm.types.set_iterator;
  it->instance_size = sizeof(SetIterator);
  it->is_gc = it->is_final = true;
  it->slots.dealloc = [](VM&, Object* o) { release(static_cast<SetIterator*>(o)->set); };
  it->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    visit(static_cast<SetIterator*>(o)->set, context);
  };
  it->slots.next = iterator_next;
  finish_type(vm, it, {.methods = kIteratorMethods});
}

}  // namespace tsvm::vm

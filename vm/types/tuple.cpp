// tuple: items follow the header. The empty tuple is one object.
#include <algorithm>

#include "vm/iterators.h"
#include "vm/native.h"
#include "vm/tables.h"
#include "vm/types/list.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

static size_t plain_size(size_t n) { return offsetof(Tuple, items) + n * sizeof(Value); }

static Tuple* allocate_tuple(VM& vm, Type* type, size_t n) {
  TSVM_CHECK(n < UINT32_MAX / 2, "a tuple of more than 2^31 items");
  size_t size = plain_size(n);
  bool attributes = type->attributes_offset == Type::kAttributesAtEnd;
  size_t total = std::max(attributes ? size + sizeof(Attributes) : size, sizeof(Tuple));
  auto* t = static_cast<Tuple*>(vm.heap.allocate(total));
  new (static_cast<GcObject*>(t)) GcObject();
  t->kind = Kind::Tuple;
  t->type = type;
  t->refs = 1;
  t->flags = 0;
  t->hash = 0;
  if (type->is_heap) type->refs++;
  t->size = static_cast<uint32_t>(n);
  for (size_t i = 0; i < n; i++) new (&t->items[i]) Value();
  vm.heap.count_object(1);
  if (attributes) {
    auto* a = new (reinterpret_cast<char*>(t) + size) Attributes();
    a->shape = root_shape(vm, type);
  }
  vm.heap.track(t);
  return t;
}

Tuple* new_tuple(VM& vm, size_t size) { return allocate_tuple(vm, vm.types.tuple, size); }

Value make_tuple(VM& vm, std::span<const Value> items) {
  if (items.empty()) {
    if (!vm.tables->empty_tuple) vm.tables->empty_tuple = new_tuple(vm, 0);
    return new_ref(Value::object(vm.tables->empty_tuple));
  }
  Tuple* t = new_tuple(vm, items.size());
  for (size_t i = 0; i < items.size(); i++) t->items[i] = new_ref(items[i]);
  return Value::object(t);
}

Value make_tuple(VM& vm, std::initializer_list<Value> items) {
  return make_tuple(vm, std::span<const Value>(items.begin(), items.size()));
}

static Value tuple_from_list(VM& vm, List* l) {
  if (l->size == 0) return make_tuple(vm, std::span<const Value>());
  Tuple* t = new_tuple(vm, l->size);
  for (uint64_t i = 0; i < l->size; i++) t->items[i] = list_get(l, i);
  return Value::object(t);
}

Value make_tuple_from(VM& vm, Value iterable) {
  if (is_kind(iterable, Kind::Tuple) && iterable.o->type == vm.types.tuple) return new_ref(iterable);
  Ref l(make_list_from_sequence(vm, iterable));
  if (l.is_error()) return Value::error();
  return tuple_from_list(vm, as<List>(*l));
}

namespace {

Tuple* self_of(Value v) { return as<Tuple>(v); }

size_t size_of(const Object* o) {
  size_t n = plain_size(static_cast<const Tuple*>(o)->size);
  if (o->type->attributes_offset == Type::kAttributesAtEnd) n += sizeof(Attributes);
  return std::max(n, sizeof(Tuple));
}

void dealloc(VM&, Object* o) {
  auto* t = static_cast<Tuple*>(o);
  for (uint32_t i = t->size; i-- > 0;) release(t->items[i]);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  for (Value v : static_cast<Tuple*>(o)->span()) visit(v, context);
}

Value get_owned(Tuple* t, uint64_t i) { return i < t->size ? new_ref(t->items[i]) : Value::unbound(); }

Value repr_slot(VM& vm, Value self) {
  auto* t = self_of(self);
  if (t->size == 0) return make_ascii(vm, "()");
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_ascii(vm, "(...)");
  std::string out = "(";
  if (!append_items(vm, out, [&](uint64_t i) { return get_owned(t, i); })) return Value::error();
  out += t->size == 1 ? ",)" : ")";
  return make_str(vm, out);
}

bool hash_slot(VM& vm, Value self, uint64_t& out) {
  // xxHash's mixing of the items' hashes, as CPython does it.
  constexpr uint64_t k1 = 11400714785074694791ULL, k2 = 14029467366897019727ULL, k5 = 2870177450012600261ULL;
  auto* t = self_of(self);
  StackGuard guard(vm, " while calling a Python object");
  if (guard.failed()) return false;
  uint64_t acc = k5;
  for (uint32_t i = 0; i < t->size; i++) {
    uint64_t lane;
    if (!hash(vm, t->items[i], lane)) return false;
    acc += lane * k2;
    acc = (acc << 31) | (acc >> 33);
    acc *= k1;
  }
  acc += t->size ^ (k5 ^ 3527539ULL);
  out = acc == UINT64_MAX ? 1546275796 : acc;
  return true;
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if (!is_kind(other, Kind::Tuple)) return Value::not_implemented();
  auto *a = self_of(self), *b = self_of(other);
  // Unlike lists, tuples of different lengths are compared item by item for == too, which only matters to spies.
  return compare_sequences(
      vm, op, a->size, b->size, [&](uint64_t i) { return get_owned(a, i); },
      [&](uint64_t i) { return get_owned(b, i); });
}

int64_t length_slot(VM&, Value self) { return self_of(self)->size; }

Value get_item_slot(VM& vm, Value self, Value key) {
  auto* t = self_of(self);
  if (is_kind(key, Kind::Slice)) {
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), t->size, start, stop, step, count)) return Value::error();
    if (count == t->size && step == 1 && t->type == vm.types.tuple) return new_ref(self);
    if (count <= 0) return make_tuple(vm, std::span<const Value>());
    Tuple* r = new_tuple(vm, static_cast<size_t>(count));
    for (int64_t i = 0; i < count; i++) r->items[i] = new_ref(t->items[start + i * step]);
    return Value::object(r);
  }
  int64_t i;
  if (key.is_int()) {
    i = key.i;
  } else {
    Ref index(to_index(vm, key));
    if (index.is_error()) {
      if (pending_is(vm, vm.types.TypeError) && lookup_special_borrow(vm, key, vm.names.index).is_unbound()) {
        clear_pending(vm);
        return raise(vm, vm.types.TypeError, "tuple indices must be integers or slices, not %s", type_name(vm, key));
      }
      return Value::error();
    }
    if (!index->is_int())
      return raise(vm, vm.types.IndexError, "cannot fit '%s' into an index-sized integer", type_name(vm, key));
    i = index->i;
  }
  if (i < 0) i += t->size;
  if (i < 0 || i >= t->size) return raise(vm, vm.types.IndexError, "tuple index out of range");
  return new_ref(t->items[i]);
}

int contains_slot(VM& vm, Value self, Value item) {
  for (Value v : self_of(self)->span()) {
    bool same;
    if (!equal(vm, v, item, same)) return -1;
    if (same) return 1;
  }
  return 0;
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  auto* a = self_of(self);
  if (op == ArithOp::Add && !reflected && is_kind(other, Kind::Tuple)) {
    auto* b = self_of(other);
    if (a->size == 0 && b->type == vm.types.tuple) return new_ref(other);
    if (b->size == 0 && a->type == vm.types.tuple) return new_ref(self);
    Tuple* r = new_tuple(vm, static_cast<size_t>(a->size) + b->size);
    for (uint32_t i = 0; i < a->size; i++) r->items[i] = new_ref(a->items[i]);
    for (uint32_t i = 0; i < b->size; i++) r->items[a->size + i] = new_ref(b->items[i]);
    return Value::object(r);
  }
  if (op == ArithOp::Mul) {
    if (!is_integer(other) && lookup_special_borrow(vm, other, vm.names.index).is_unbound())
      return Value::not_implemented();
    int64_t n;
    if (!to_int64(vm, other, n, "cannot fit 'int' into an index-sized integer")) return Value::error();
    if (n <= 0 || a->size == 0) return make_tuple(vm, std::span<const Value>());
    if (n == 1 && a->type == vm.types.tuple) return new_ref(self);
    if (n > INT32_MAX / a->size) return raise(vm, vm.types.MemoryError, "%s", "");
    Tuple* r = new_tuple(vm, a->size * static_cast<size_t>(n));
    for (size_t i = 0; i < r->size; i++) r->items[i] = new_ref(a->items[i % a->size]);
    return Value::object(r);
  }
  return Value::not_implemented();
}

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "tuple", keywords) || !arg_count(vm, "tuple", args.size(), 0, 1)) return Value::error();
  Ref t(args.empty() ? make_tuple(vm, std::span<const Value>()) : make_tuple_from(vm, args[0]));
  if (t.is_error() || type == vm.types.tuple) return t.take();
  auto* from = self_of(*t);
  Tuple* r = allocate_tuple(vm, type, from->size);
  for (uint32_t i = 0; i < from->size; i++) r->items[i] = new_ref(from->items[i]);
  return Value::object(r);
}

Value index(VM& vm, const Value* a) {
  auto* t = self_of(a[0]);
  int64_t from, to;
  if (!arg_int_clamped(vm, a[2], from) || !arg_int_clamped(vm, a[3], to)) return Value::error();
  if (from < 0) from = std::max<int64_t>(from + t->size, 0);
  if (to < 0) to += t->size;
  to = std::min<int64_t>(to, t->size);
  for (int64_t i = from; i < to; i++) {
    bool same;
    if (!equal(vm, t->items[i], a[1], same)) return Value::error();
    if (same) return Value::integer(i);
  }
  return raise(vm, vm.types.ValueError, "tuple.index(x): x not in tuple");
}

Value count(VM& vm, const Value* a) {
  int64_t n = 0;
  for (Value v : self_of(a[0])->span()) {
    bool same;
    if (!equal(vm, v, a[1], same)) return Value::error();
    n += same;
  }
  return Value::integer(n);
}

Value getnewargs(VM& vm, const Value* a) {
  Ref t(vm::make_tuple(vm, std::span<const Value>(self_of(a[0])->span())));
  return make_tuple(vm, {*t});
}

Value iterator_next(VM&, Value self) {
  auto* it = as<TupleIterator>(self);
  if (it->tuple.is_unbound()) return Value::unbound();
  auto* t = self_of(it->tuple);
  if (it->i < t->size) return new_ref(t->items[it->i++]);
  Ref drop(it->tuple);
  it->tuple = Value();
  return Value::unbound();
}

Value iterator_hint(VM&, const Value* a) {
  auto* it = as<TupleIterator>(a[0]);
  return Value::integer(it->tuple.is_unbound() ? 0 : self_of(it->tuple)->size - it->i);
}

const NativeDef kIteratorMethods[] = {{"__length_hint__(self, /)", iterator_hint}};
const NativeDef kMethods[] = {
    {"count(self, value, /)", count},
    {"index(self, value, start=0, stop=9223372036854775807, /)", index},
    {"__getnewargs__(self, /)", getnewargs},
};
const NativeDef kClassMethods[] = {{"__class_getitem__(cls, item, /)", class_getitem}};

}  // namespace

void init_tuple(VM& vm) {
  Type* t = vm.types.tuple;
  t->instance_size = sizeof(Tuple);
  t->is_gc = true;
  t->slots.size_of = size_of;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  // No `clear`: what a cycle consists of besides tuples breaks it, and others (classes) rely on their tuples.
  t->slots.repr = repr_slot;
  t->slots.hash = hash_slot;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.length = length_slot;
  t->slots.get_item = get_item_slot;
  t->slots.contains = contains_slot;
  t->slots.iter = [](VM& v, Value self) {
    auto* it = allocate_object<TupleIterator>(v, v.types.tuple_iterator, Kind::Iterator);
    it->tuple = new_ref(self);
    it->i = 0;
    v.heap.track(it);
    return Value::object(it);
  };
  t->slots.binary = binary_slot;
  t->arith_ops = op_bit(ArithOp::Add) | op_bit(ArithOp::Mul);
  t->slots.create = create;
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods});

  Type* it = vm.types.tuple_iterator;
  it->instance_size = sizeof(TupleIterator);
  it->is_gc = it->is_final = true;
  it->slots.dealloc = [](VM&, Object* o) { release(static_cast<TupleIterator*>(o)->tuple); };
  it->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    visit(static_cast<TupleIterator*>(o)->tuple, context);
  };
  it->slots.next = iterator_next;
  finish_type(vm, it, {.methods = kIteratorMethods});
}

}  // namespace tsvm::vm

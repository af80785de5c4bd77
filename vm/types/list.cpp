// list: elements of one scalar kind are stored unboxed, mixed ones as values.
//
// A list starts Empty; the first element decides its kind, and the first element of another kind turns it into Any, for
// good (until it is cleared). Code that runs user code between two accesses reads size and data again.
#include "vm/types/list.h"
#include "vm/types/room.h"

#include <algorithm>

#include "vm/iterators.h"
#include "vm/native.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

namespace {

ElementKind kind_for(Value v) {
  switch (v.tag) {
    case Tag::Int: return ElementKind::Int;
    case Tag::Float: return ElementKind::Float;
    case Tag::Bool: return ElementKind::Bool;
    default: return ElementKind::Any;
  }
}

void set_capacity(VM& vm, List* l, uint64_t capacity) {
  size_t unit = element_size(l->element);
  void* data = capacity ? vm.heap.allocate(capacity * unit) : nullptr;
  if (l->data) {
    if (data) std::memcpy(data, l->data, std::min(l->size, capacity) * unit);
    vm.heap.free(l->data, l->capacity * unit);
  }
  l->data = data;
  l->capacity = capacity;
}

void grow(VM& vm, List* l, uint64_t wanted) {
  if (wanted <= l->capacity) return;
  uint64_t capacity = l->capacity + l->capacity / 2 + 4;
  set_capacity(vm, l, std::max(capacity, wanted));
}

/// After this an element of v's kind can be stored.
void make_room_for_kind(VM& vm, List* l, Value v) {
  ElementKind k = kind_for(v);
  if (l->element == k) return;
  if (l->element == ElementKind::Empty) {
    uint64_t capacity = l->capacity;
    l->capacity = 0;
    l->element = k;
    if (capacity) set_capacity(vm, l, capacity);
    return;
  }
  list_generalise(vm, l);
}

/// Stores an element into an uninitialised place. The kind must fit.
void put(List* l, uint64_t i, Value v) {
  switch (l->element) {
    case ElementKind::Int: l->ints[i] = v.i; break;
    case ElementKind::Float: l->floats[i] = v.d; break;
    case ElementKind::Bool: l->bools[i] = v.i != 0; break;
    default: new (&l->values[i]) Value(new_ref(v));
  }
}

}  // namespace

size_t element_size(ElementKind kind) {
  switch (kind) {
    case ElementKind::Any: return sizeof(Value);
    case ElementKind::Int:
    case ElementKind::Float: return 8;
    case ElementKind::Bool: return 1;
    case ElementKind::Empty: return 0;
  }
  return 0;
}

Value make_list_of_type(VM& vm, Type* type) {
  auto* l = allocate_object<List>(vm, type, Kind::List, type->instance_size);
  finish_instance(vm, l);
  vm.heap.track(l);
  return Value::object(l);
}

Value make_list(VM& vm, std::span<const Value> items) {
  auto* l = allocate_object<List>(vm, vm.types.list, Kind::List);
  vm.heap.track(l);
  if (!items.empty()) {
    ElementKind k = kind_for(items[0]);
    for (Value v : items)
      if (kind_for(v) != k) k = ElementKind::Any;
    l->element = k;
    set_capacity(vm, l, items.size());
    for (uint64_t i = 0; i < items.size(); i++) put(l, i, items[i]);
    l->size = items.size();
  }
  return Value::object(l);
}

Value make_list_from(VM& vm, Value iterable) {
  Ref l(make_list(vm));
  if (!list_extend(vm, as<List>(*l), iterable)) return Value::error();
  return l.take();
}

Value make_list_from_sequence(VM& vm, Value v) {
  if (is_kind(v, Kind::List) && v.o->type == vm.types.list) return new_ref(v);
  return make_list_from(vm, v);
}

void list_reserve(VM& vm, List* l, uint64_t capacity) {
  if (l->element == ElementKind::Empty)
    l->capacity = std::max(l->capacity, capacity);  // a wish: no memory until the kind is known
  else
    grow(vm, l, capacity);
}

void list_append(VM& vm, List* l, Value item) {
  make_room_for_kind(vm, l, item);
  grow(vm, l, l->size + 1);
  put(l, l->size, item);
  l->size++;
}

Value list_get(List* l, uint64_t i) {
  switch (l->element) {
    case ElementKind::Int: return Value::integer(l->ints[i]);
    case ElementKind::Float: return Value::number(l->floats[i]);
    case ElementKind::Bool: return Value::boolean(l->bools[i]);
    default: return new_ref(l->values[i]);
  }
}

void list_set(VM& vm, List* l, uint64_t i, Value item) {
  make_room_for_kind(vm, l, item);
  if (l->element != ElementKind::Any) return put(l, i, item);
  Value old = l->values[i];
  l->values[i] = new_ref(item);
  release(old);
}

void list_generalise(VM& vm, List* l) {
  if (l->element == ElementKind::Any) return;
  List old = *l;
  size_t unit = element_size(old.element);
  l->element = ElementKind::Any;
  l->data = nullptr;
  l->capacity = 0;
  if (old.capacity) set_capacity(vm, l, old.capacity);
  for (uint64_t i = 0; i < old.size; i++) new (&l->values[i]) Value(list_get(&old, i));
  if (old.data) vm.heap.free(old.data, old.capacity * unit);
}

void list_clear(VM& vm, List* l) {
  void* data = l->data;
  uint64_t size = l->size, capacity = l->capacity;
  ElementKind k = l->element;
  l->data = nullptr;
  l->size = l->capacity = 0;
  l->element = ElementKind::Empty;
  if (!data) return;
  if (k == ElementKind::Any)
    for (uint64_t i = size; i-- > 0;) release(static_cast<Value*>(data)[i]);
  vm.heap.free(data, capacity * element_size(k));
}

static void append_list(VM& vm, List* l, List* from) {
  uint64_t n = from->size;
  if (n == 0) return;
  if (l->element == ElementKind::Empty) {
    l->element = from->element;
    uint64_t wish = l->capacity;
    l->capacity = 0;
    set_capacity(vm, l, std::max(wish, n));
  } else if (l->element != from->element) {
    list_generalise(vm, l);
  }
  grow(vm, l, l->size + n);
  if (l->element == from->element && l->element != ElementKind::Any) {
    size_t unit = element_size(l->element);
    std::memcpy(static_cast<char*>(l->data) + l->size * unit, from->data, n * unit);
  } else {
    for (uint64_t i = 0; i < n; i++) new (&l->values[l->size + i]) Value(list_get(from, i));
  }
  l->size += n;
}

bool list_extend(VM& vm, List* l, Value iterable) {
  if (is_kind(iterable, Kind::List) && iterable.o->type == vm.types.list) {
    append_list(vm, l, as<List>(iterable));
    return true;
  }
  if (is_kind(iterable, Kind::Tuple) && iterable.o->type == vm.types.tuple) {
    auto* t = as<Tuple>(iterable);
    list_reserve(vm, l, l->size + t->size);
    for (uint32_t i = 0; i < t->size; i++) list_append(vm, l, t->items[i]);
    return true;
  }
  Ref it(get_iter(vm, iterable));
  if (it.is_error()) return false;
  int64_t hint = length_hint(vm, iterable, 0);
  if (hint > 0 && !room_for(vm, static_cast<uint64_t>(hint), sizeof(int64_t))) return false;
  if (hint < 0) return false;
  if (hint > 0 && hint < (1 << 24)) list_reserve(vm, l, l->size + static_cast<uint64_t>(hint));
  NextFn next = type_of(vm, *it)->slots.next;
  for (;;) {
    Ref item(next(vm, *it));
    if (item.is_error()) return false;
    if (item->is_unbound()) return true;
    list_append(vm, l, *item);
  }
}

std::vector<Ref> list_snapshot(List* l) {
  std::vector<Ref> out;
  out.reserve(l->size);
  for (uint64_t i = 0; i < l->size; i++) out.emplace_back(list_get(l, i));
  return out;
}

/// Removes [from, to) and opens a gap of n places there; removed values are owned by `removed`.
static void open_gap(VM& vm, List* l, uint64_t from, uint64_t to, uint64_t n, std::vector<Value>& removed) {
  size_t unit = element_size(l->element);
  if (l->element == ElementKind::Any)
    for (uint64_t i = from; i < to; i++) removed.push_back(l->values[i]);
  uint64_t size = l->size - (to - from) + n;
  uint64_t tail = l->size - to;
  grow(vm, l, size);
  auto* bytes = static_cast<char*>(l->data);
  if (tail) std::memmove(bytes + (from + n) * unit, bytes + to * unit, tail * unit);
  l->size = size;
}

bool list_splice(VM& vm, List* l, int64_t from, int64_t to, Value with) {
  Ref items(make_list_from(vm, with));  // a copy, so that a list may be put into itself
  if (items.is_error()) return false;
  auto* n = as<List>(*items);
  from = std::min<int64_t>(from, static_cast<int64_t>(l->size));
  to = std::clamp<int64_t>(to, from, static_cast<int64_t>(l->size));
  if (n->size > 0) {
    if (l->element == ElementKind::Empty)
      l->element = n->element, l->capacity = 0;
    else if (l->element != n->element)
      list_generalise(vm, l);
  }
  std::vector<Value> removed;
  open_gap(vm, l, static_cast<uint64_t>(from), static_cast<uint64_t>(to), n->size, removed);
  for (uint64_t i = 0; i < n->size; i++) {
    Ref v(list_get(n, i));
    put(l, static_cast<uint64_t>(from) + i, *v);
  }
  for (Value v : removed) release(v);
  return true;
}

// --- slots --------------------------------------------------------------------------------------------------------

namespace {

List* self_of(Value v) { return as<List>(v); }

void dealloc(VM& vm, Object* o) { list_clear(vm, static_cast<List*>(o)); }

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* l = static_cast<List*>(o);
  if (l->element == ElementKind::Any)
    for (uint64_t i = 0; i < l->size; i++) visit(l->values[i], context);
}

Value get_owned(List* l, uint64_t i) { return i < l->size ? list_get(l, i) : Value::unbound(); }

Value repr_slot(VM& vm, Value self) {
  auto* l = self_of(self);
  if (l->size == 0) return make_ascii(vm, "[]");
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_ascii(vm, "[...]");
  std::string out = "[";
  if (!append_items(vm, out, [&](uint64_t i) { return get_owned(l, i); })) return Value::error();
  return make_str(vm, out + "]");
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if (!is_kind(other, Kind::List)) return Value::not_implemented();
  auto *a = self_of(self), *b = self_of(other);
  return compare_sequences(
      vm, op, a->size, b->size, [&](uint64_t i) { return get_owned(a, i); },
      [&](uint64_t i) { return get_owned(b, i); });
}

int64_t length_slot(VM&, Value self) { return static_cast<int64_t>(self_of(self)->size); }

bool index_of(VM& vm, Value key, int64_t& i) {
  if (key.is_int()) {
    i = key.i;
    return true;
  }
  Ref index(to_index(vm, key));
  if (index.is_error()) {
    if (pending_is(vm, vm.types.TypeError) && lookup_special_borrow(vm, key, vm.names.index).is_unbound()) {
      clear_pending(vm);
      return fail(vm, vm.types.TypeError, "list indices must be integers or slices, not %s", type_name(vm, key));
    }
    return false;
  }
  if (!index->is_int())
    return fail(vm, vm.types.IndexError, "cannot fit '%s' into an index-sized integer", type_name(vm, key));
  i = index->i;
  return true;
}

Value get_item_slot(VM& vm, Value self, Value key) {
  auto* l = self_of(self);
  if (is_kind(key, Kind::Slice)) {
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), static_cast<int64_t>(l->size), start, stop, step, count))
      return Value::error();
    Value out = make_list(vm);
    auto* r = as<List>(out);
    if (count <= 0) return out;
    r->element = l->element;
    set_capacity(vm, r, static_cast<uint64_t>(count));
    if (step == 1 && l->element != ElementKind::Any) {
      size_t unit = element_size(l->element);
      std::memcpy(r->data, static_cast<char*>(l->data) + static_cast<uint64_t>(start) * unit,
                  static_cast<uint64_t>(count) * unit);
    } else {
      for (int64_t i = 0; i < count; i++) {
        Ref v(list_get(l, static_cast<uint64_t>(start + i * step)));
        put(r, static_cast<uint64_t>(i), *v);
      }
    }
    r->size = static_cast<uint64_t>(count);
    return out;
  }
  int64_t i;
  if (!index_of(vm, key, i)) return Value::error();
  if (i < 0) i += static_cast<int64_t>(l->size);
  if (i < 0 || i >= static_cast<int64_t>(l->size)) return raise(vm, vm.types.IndexError, "list index out of range");
  return list_get(l, static_cast<uint64_t>(i));
}

bool delete_slice(List* l, int64_t start, int64_t step, int64_t count) {
  if (count <= 0) return true;
  if (step < 0) {
    start += step * (count - 1);
    step = -step;
  }
  size_t unit = element_size(l->element);
  std::vector<Value> removed;
  auto* bytes = static_cast<char*>(l->data);
  uint64_t to = static_cast<uint64_t>(start);
  int64_t k = 0;
  for (uint64_t i = to; i < l->size; i++) {
    if (k < count && i == static_cast<uint64_t>(start + k * step)) {
      if (l->element == ElementKind::Any) removed.push_back(l->values[i]);
      k++;
      continue;
    }
    std::memcpy(bytes + to * unit, bytes + i * unit, unit);
    to++;
  }
  l->size = to;
  for (Value v : removed) release(v);
  return true;
}

bool set_item_slot(VM& vm, Value self, Value key, Value value) {
  auto* l = self_of(self);
  if (is_kind(key, Kind::Slice)) {
    Ref items;
    if (!value.is_unbound()) {
      Ref it(get_iter(vm, value));
      if (it.is_error()) {
        if (clear_pending_if(vm, vm.types.TypeError))
          return fail(vm, vm.types.TypeError,
                      as<Slice>(key)->step.is_none() ? "can only assign an iterable"
                                                     : "must assign iterable to extended slice");
        return false;
      }
      items = Ref(make_list_from(vm, is_kind(value, Kind::List) ? value : *it));
      if (items.is_error()) return false;
    }
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), static_cast<int64_t>(l->size), start, stop, step, count)) return false;
    if (value.is_unbound()) return delete_slice(l, start, step, count);
    if (step == 1) return list_splice(vm, l, start, std::max(start, stop), *items);
    auto* n = as<List>(*items);
    if (static_cast<int64_t>(n->size) != count)
      return fail(vm, vm.types.ValueError, "attempt to assign sequence of size %llu to extended slice of size %lld",
                  static_cast<unsigned long long>(n->size), static_cast<long long>(count));
    for (int64_t i = 0; i < count; i++) {
      Ref v(list_get(n, static_cast<uint64_t>(i)));
      list_set(vm, l, static_cast<uint64_t>(start + i * step), *v);
    }
    return true;
  }
  int64_t i;
  if (!index_of(vm, key, i)) return false;
  if (i < 0) i += static_cast<int64_t>(l->size);
  if (i < 0 || i >= static_cast<int64_t>(l->size))
    return fail(vm, vm.types.IndexError, "list assignment index out of range");
  if (value.is_unbound()) return delete_slice(l, i, 1, 1);
  list_set(vm, l, static_cast<uint64_t>(i), value);
  return true;
}

/// Position of an equal item in [from, to): -1 none, -2 exception.
int64_t find_item(VM& vm, List* l, Value item, int64_t from, int64_t to) {
  if (l->element == ElementKind::Int && item.is_int()) {
    for (int64_t i = from; i < to && i < static_cast<int64_t>(l->size); i++)
      if (l->ints[i] == item.i) return i;
    return -1;
  }
  for (int64_t i = from; i < to && i < static_cast<int64_t>(l->size); i++) {
    Ref v(list_get(l, static_cast<uint64_t>(i)));
    bool same;
    if (!equal(vm, *v, item, same)) return -2;
    if (same) return i;
  }
  return -1;
}

int contains_slot(VM& vm, Value self, Value item) {
  int64_t i = find_item(vm, self_of(self), item, 0, INT64_MAX);
  return i == -2 ? -1 : i >= 0;
}

bool repeat_count(VM& vm, Value v, int64_t& n, bool& ok) {
  ok = is_integer(v) || !lookup_special_borrow(vm, v, vm.names.index).is_unbound();
  return !ok || to_int64(vm, v, n, "cannot fit 'int' into an index-sized integer");
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  auto* l = self_of(self);
  if (op == ArithOp::Add && !reflected && is_kind(other, Kind::List)) {
    Value out = make_list(vm);
    auto* r = as<List>(out);
    list_reserve(vm, r, l->size + self_of(other)->size);
    append_list(vm, r, l);
    append_list(vm, r, self_of(other));
    return out;
  }
  if (op == ArithOp::Mul) {
    int64_t n = 0;
    bool ok;
    if (!repeat_count(vm, other, n, ok)) return Value::error();
    if (!ok) return Value::not_implemented();
    Value out = make_list(vm);
    auto* r = as<List>(out);
    if (n <= 0 || l->size == 0) return out;
    if (!room_for(vm, static_cast<uint64_t>(n), l->size * element_size(l->element))) {
      release(out);
      return Value::error();
    }
    r->element = l->element;
    set_capacity(vm, r, l->size * static_cast<uint64_t>(n));
    if (l->element != ElementKind::Any) {
      // What is there already is copied behind itself, twice as much each time.
      size_t unit = l->size * element_size(l->element), total = unit * static_cast<size_t>(n);
      auto* to = static_cast<char*>(r->data);
      std::memcpy(to, l->data, unit);
      for (size_t done = unit; done < total; done *= 2) std::memcpy(to + done, to, std::min(done, total - done));
      r->size = l->size * static_cast<uint64_t>(n);
    } else {
      for (int64_t i = 0; i < n; i++) append_list(vm, r, l);
    }
    return out;
  }
  return Value::not_implemented();
}

Value inplace_slot(VM& vm, ArithOp op, Value self, Value other) {
  auto* l = self_of(self);
  if (op == ArithOp::Add) {
    if (!list_extend(vm, l, other)) return Value::error();
    return new_ref(self);
  }
  if (op == ArithOp::Mul) {
    int64_t n = 0;
    bool ok;
    if (!repeat_count(vm, other, n, ok)) return Value::error();
    if (!ok) return Value::not_implemented();
    if (n <= 0) {
      list_clear(vm, l);
    } else {
      List part = *l;
      uint64_t size = l->size;
      if (!room_for(vm, static_cast<uint64_t>(n), size * element_size(l->element))) return Value::error();
      if (size) grow(vm, l, size * static_cast<uint64_t>(n));
      for (int64_t i = 1; i < n; i++) {
        part.data = l->data;
        part.size = size;
        append_list(vm, l, &part);
      }
    }
    return new_ref(self);
  }
  return Value::not_implemented();
}

Value create(VM& vm, Type* type, std::span<const Value>, std::span<Str* const>) { return make_list_of_type(vm, type); }

bool init(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "list", keywords) || !arg_count(vm, "list", args.size(), 0, 1)) return false;
  list_clear(vm, self_of(self));
  return args.empty() || list_extend(vm, self_of(self), args[0]);
}

// --- methods ------------------------------------------------------------------------------------------------------

Value append(VM& vm, const Value* a) {
  list_append(vm, self_of(a[0]), a[1]);
  return Value::none();
}

Value extend(VM& vm, const Value* a) { return list_extend(vm, self_of(a[0]), a[1]) ? Value::none() : Value::error(); }

Value insert(VM& vm, const Value* a) {
  int64_t i;
  if (!arg_int(vm, a[1], i)) return Value::error();
  auto* l = self_of(a[0]);
  int64_t n = static_cast<int64_t>(l->size);
  if (i < 0) i = std::max<int64_t>(i + n, 0);
  i = std::min(i, n);
  make_room_for_kind(vm, l, a[2]);
  std::vector<Value> removed;
  open_gap(vm, l, static_cast<uint64_t>(i), static_cast<uint64_t>(i), 1, removed);
  put(l, static_cast<uint64_t>(i), a[2]);
  return Value::none();
}

Value pop(VM& vm, const Value* a) {
  auto* l = self_of(a[0]);
  int64_t i;
  if (!arg_int(vm, a[1], i)) return Value::error();
  if (l->size == 0) return raise(vm, vm.types.IndexError, "pop from empty list");
  if (i < 0) i += static_cast<int64_t>(l->size);
  if (i < 0 || i >= static_cast<int64_t>(l->size)) return raise(vm, vm.types.IndexError, "pop index out of range");
  Value v = list_get(l, static_cast<uint64_t>(i));
  if (i + 1 == static_cast<int64_t>(l->size)) {
    l->size--;
    if (l->element == ElementKind::Any) release(l->values[l->size]);
  } else {
    delete_slice(l, i, 1, 1);
  }
  return v;
}

Value remove(VM& vm, const Value* a) {
  auto* l = self_of(a[0]);
  int64_t i = find_item(vm, l, a[1], 0, INT64_MAX);
  if (i == -2) return Value::error();
  if (i < 0 || i >= static_cast<int64_t>(l->size))
    return raise(vm, vm.types.ValueError, "list.remove(x): x not in list");
  delete_slice(l, i, 1, 1);
  return Value::none();
}

bool bounds(VM& vm, Value start, Value stop, int64_t size, int64_t& from, int64_t& to) {
  if (!arg_int_clamped(vm, start, from) || !arg_int_clamped(vm, stop, to)) return false;
  if (from < 0) from = std::max<int64_t>(from + size, 0);
  if (to < 0) to = std::max<int64_t>(to + size, 0);
  return true;
}

Value index(VM& vm, const Value* a) {
  auto* l = self_of(a[0]);
  int64_t from, to;
  if (!bounds(vm, a[2], a[3], static_cast<int64_t>(l->size), from, to)) return Value::error();
  int64_t i = find_item(vm, l, a[1], from, to);
  if (i == -2) return Value::error();
  if (i < 0) {
    std::string text;
    if (!repr_to(vm, a[1], text)) return Value::error();
    return raise(vm, vm.types.ValueError, "%s is not in list", text.c_str());
  }
  return Value::integer(i);
}

Value count(VM& vm, const Value* a) {
  auto* l = self_of(a[0]);
  int64_t n = 0;
  for (int64_t i = 0;; i++) {
    i = find_item(vm, l, a[1], i, INT64_MAX);
    if (i == -2) return Value::error();
    if (i < 0) return Value::integer(n);
    n++;
  }
}

Value reverse(VM&, const Value* a) {
  auto* l = self_of(a[0]);
  switch (l->element) {
    case ElementKind::Any: std::reverse(l->values, l->values + l->size); break;
    case ElementKind::Int: std::reverse(l->ints, l->ints + l->size); break;
    case ElementKind::Float: std::reverse(l->floats, l->floats + l->size); break;
    case ElementKind::Bool: std::reverse(l->bools, l->bools + l->size); break;
    case ElementKind::Empty: break;
  }
  return Value::none();
}

Value clear(VM& vm, const Value* a) {
  list_clear(vm, self_of(a[0]));
  return Value::none();
}

Value copy(VM& vm, const Value* a) {
  Value out = make_list(vm);
  append_list(vm, as<List>(out), self_of(a[0]));
  return out;
}

Value sort(VM& vm, const Value* a) {
  int reverse = truth(vm, a[2]);
  if (reverse < 0 || !list_sort(vm, a[0], a[1], reverse)) return Value::error();
  return Value::none();
}

// --- iterators ----------------------------------------------------------------------------------------------------

Value make_iterator(VM& vm, Type* type, Value list, int64_t i) {
  auto* it = allocate_object<ListIterator>(vm, type, Kind::Iterator);
  it->list = new_ref(list);
  it->i = i;
  vm.heap.track(it);
  return Value::object(it);
}

Value finish_iterator(ListIterator* it) {
  Ref drop(it->list);
  it->list = Value();
  return Value::unbound();
}

Value iterator_next(VM&, Value self) {
  auto* it = as<ListIterator>(self);
  if (it->list.is_unbound()) return Value::unbound();
  auto* l = self_of(it->list);
  if (it->i >= static_cast<int64_t>(l->size)) return finish_iterator(it);
  return list_get(l, static_cast<uint64_t>(it->i++));
}

Value reverse_next(VM&, Value self) {
  auto* it = as<ListIterator>(self);
  if (it->list.is_unbound()) return Value::unbound();
  auto* l = self_of(it->list);
  if (it->i < 0 || it->i >= static_cast<int64_t>(l->size)) return finish_iterator(it);
  return list_get(l, static_cast<uint64_t>(it->i--));
}

Value iterator_hint(VM&, const Value* a) {
  auto* it = as<ListIterator>(a[0]);
  if (it->list.is_unbound()) return Value::integer(0);
  return Value::integer(std::max<int64_t>(static_cast<int64_t>(self_of(it->list)->size) - it->i, 0));
}

Value reverse_hint(VM&, const Value* a) {
  auto* it = as<ListIterator>(a[0]);
  return Value::integer(it->list.is_unbound() ? 0 : it->i + 1);
}

const NativeDef kIteratorMethods[] = {{"__length_hint__(self, /)", iterator_hint}};
const NativeDef kReverseMethods[] = {{"__length_hint__(self, /)", reverse_hint}};

const NativeDef kMethods[] = {
    {"append(self, object, /)", append},
    {"clear(self, /)", clear},
    {"copy(self, /)", copy},
    {"count(self, value, /)", count},
    {"extend(self, iterable, /)", extend},
    {"index(self, value, start=0, stop=9223372036854775807, /)", index},
    {"insert(self, index, object, /)", insert},
    {"pop(self, index=-1, /)", pop},
    {"remove(self, value, /)", remove},
    {"reverse(self, /)", reverse},
    {"sort(self, /, *, key=None, reverse=False)", sort},
    {"__reversed__(self, /)",
     [](VM& vm, const Value* a) {
       return make_iterator(vm, vm.types.list_reverse_iterator, a[0], static_cast<int64_t>(self_of(a[0])->size) - 1);
     }},
};

const NativeDef kClassMethods[] = {{"__class_getitem__(cls, item, /)", class_getitem}};

}  // namespace

Value make_list_iterator(VM& vm, Value list, int64_t next) {
  return make_iterator(vm, vm.types.list_iterator, list, next);
}

void init_list(VM& vm) {
  Type* t = vm.types.list;
  t->instance_size = sizeof(List);
  t->is_gc = true;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.clear = [](VM& v, Object* o) { list_clear(v, static_cast<List*>(o)); };
  t->slots.repr = repr_slot;
  t->slots.hash = unhashable;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.length = length_slot;
  t->slots.get_item = get_item_slot;
  t->slots.set_item = set_item_slot;
  t->slots.contains = contains_slot;
  t->slots.iter = [](VM& v, Value self) { return make_iterator(v, v.types.list_iterator, self, 0); };
  t->slots.binary = binary_slot;
  t->slots.inplace = inplace_slot;
  t->arith_ops = t->inplace_ops = op_bit(ArithOp::Add) | op_bit(ArithOp::Mul);
  t->slots.create = create;
  t->slots.init = init;
  finish_type(vm, t, {.methods = kMethods, .class_methods = kClassMethods});

  for (Type* it : {vm.types.list_iterator, vm.types.list_reverse_iterator}) {
    it->instance_size = sizeof(ListIterator);
    it->is_gc = it->is_final = true;
    it->slots.dealloc = [](VM&, Object* o) { release(static_cast<ListIterator*>(o)->list); };
    it->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
      visit(static_cast<ListIterator*>(o)->list, context);
    };
    bool forward = it == vm.types.list_iterator;
    it->slots.next = forward ? iterator_next : reverse_next;
    finish_type(vm, it, {.methods = forward ? std::span(kIteratorMethods) : std::span(kReverseMethods)});
  }
}

}  // namespace tsvm::vm

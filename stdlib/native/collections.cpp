// `_collections`: deque, and the field descriptors of named tuples.
//
// A deque is a ring of values: item i is at (head + i) modulo the capacity, which is a power of two. Iterators remember
// the number of changes and complain when the deque has changed under them.
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/types/common.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

struct Deque : GcObject {
  Value* ring = nullptr;
  uint64_t head = 0;
  uint64_t size = 0;
  uint64_t capacity = 0;    // a power of two, or 0
  int64_t max_length = -1;  // -1: none
  uint64_t changes = 0;

  Value& at(uint64_t i) { return ring[(head + i) & (capacity - 1)]; }
};

struct DequeIterator : GcObject {
  Value deque;
  uint64_t index;
  uint64_t changes;
  bool backwards;
};

struct CollectionsExtension : Extension {
  Type* deque = nullptr;
  Type* iterator = nullptr;
};

Deque* deque(Value v) { return static_cast<Deque*>(v.o); }
CollectionsExtension& types_of(VM& vm) { return vm.extension<CollectionsExtension>(); }
bool is_deque(VM& vm, Value v) { return v.is_object() && is_subtype(v.o->type, types_of(vm).deque); }

void grow(VM& vm, Deque* d) {
  uint64_t capacity = d->capacity ? d->capacity * 2 : 8;
  auto* ring = static_cast<Value*>(vm.heap.allocate(capacity * sizeof(Value)));
  for (uint64_t i = 0; i < d->size; i++) ring[i] = d->at(i);
  if (d->ring) vm.heap.free(d->ring, d->capacity * sizeof(Value));
  d->ring = ring;
  d->capacity = capacity;
  d->head = 0;
}

Value take_first(Deque* d) {
  Value v = d->at(0);
  d->head = (d->head + 1) & (d->capacity - 1);
  d->size--;
  d->changes++;
  return v;
}

Value take_last(Deque* d) {
  Value v = d->at(d->size - 1);
  d->size--;
  d->changes++;
  return v;
}

void push_last(VM& vm, Deque* d, Value v) {
  if (d->max_length == 0) return;
  if (d->size == d->capacity) grow(vm, d);
  d->at(d->size++) = new_ref(v);
  d->changes++;
  if (d->max_length >= 0 && d->size > static_cast<uint64_t>(d->max_length)) release(take_first(d));
}

void push_first(VM& vm, Deque* d, Value v) {
  if (d->max_length == 0) return;
  if (d->size == d->capacity) grow(vm, d);
  d->head = (d->head - 1) & (d->capacity - 1);
  d->size++;
  d->at(0) = new_ref(v);
  d->changes++;
  if (d->max_length >= 0 && d->size > static_cast<uint64_t>(d->max_length)) release(take_last(d));
}

void clear_items(Deque* d) {
  while (d->size) release(take_last(d));
}

void rotate(Deque* d, int64_t n) {
  if (d->size < 2) return;
  int64_t size = static_cast<int64_t>(d->size);
  n %= size;
  if (n < 0) n += size;
  for (; n > 0; n--) {  // the last item becomes the first
    Value v = d->at(d->size - 1);
    d->head = (d->head - 1) & (d->capacity - 1);
    d->at(0) = v;
  }
  d->changes++;
}

/// The items at one moment: what follows may run user code.
std::vector<Ref> snapshot(Deque* d) {
  std::vector<Ref> items;
  items.reserve(d->size);
  for (uint64_t i = 0; i < d->size; i++) items.push_back(Ref::copy(d->at(i)));
  return items;
}

bool extend(VM& vm, Deque* d, Value iterable, bool left) {
  auto push = [&](Value item) {
    left ? push_first(vm, d, item) : push_last(vm, d, item);
    return true;
  };
  if (iterable.is_object() && iterable.o == d) {
    for (Ref& item : snapshot(d)) push(*item);
    return true;
  }
  return for_each(vm, iterable, push);
}

Deque* new_deque(VM& vm, Type* type, int64_t max_length) {
  auto* d = allocate_object<Deque>(vm, type, Kind::Native, type->instance_size);
  d->max_length = max_length;
  finish_instance(vm, d);
  vm.heap.track(d);
  return d;
}

Value deque_create(VM& vm, Type* type, std::span<const Value>, std::span<Str* const>) {
  return Value::object(new_deque(vm, type, -1));
}

const NativeDef kInit = {"deque(iterable=..., maxlen=None)", nullptr};

bool deque_init(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kInit, args, keywords, a, keep)) return false;
  Deque* d = deque(self);
  clear_items(d);
  d->max_length = -1;
  if (!a[1].is_none()) {
    int64_t n = 0;
    if (!arg_int(vm, a[1], n)) return false;
    if (n < 0) {
      (void)raise(vm, vm.types.ValueError, "maxlen must be non-negative");
      return false;
    }
    d->max_length = n;
  }
  return a[0].is_unbound() || extend(vm, d, a[0], false);
}

void deque_clear(VM&, Object* o) { clear_items(static_cast<Deque*>(o)); }

void deque_dealloc(VM& vm, Object* o) {
  auto* d = static_cast<Deque*>(o);
  clear_items(d);
  if (d->ring) vm.heap.free(d->ring, d->capacity * sizeof(Value));
}

void deque_traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* d = static_cast<Deque*>(o);
  for (uint64_t i = 0; i < d->size; i++) visit(d->at(i), context);
}

Value deque_repr(VM& vm, Value self) {
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, "[...]");
  std::string text(self.o->type->qualified_name->view().substr(self.o->type->qualified_name->view().rfind('.') + 1));
  text += "([";
  bool first = true;
  for (Ref& item : snapshot(deque(self))) {
    if (!first) text += ", ";
    first = false;
    if (!repr_to(vm, *item, text)) return Value::error();
  }
  text += "]";
  if (deque(self)->max_length >= 0) text += ", maxlen=" + std::to_string(deque(self)->max_length);
  return make_str(vm, text + ")");
}

bool item_index(VM& vm, Deque* d, Value key, uint64_t& out) {
  int64_t i = 0;
  if (is_kind(key, Kind::Slice))
    return fail(vm, vm.types.TypeError, "sequence index must be integer, not '%s'", type_name(vm, key));
  if (!arg_int(vm, key, i)) return false;
  if (i < 0) i += static_cast<int64_t>(d->size);
  if (i < 0 || i >= static_cast<int64_t>(d->size)) {
    (void)raise(vm, vm.types.IndexError, "deque index out of range");
    return false;
  }
  out = static_cast<uint64_t>(i);
  return true;
}

Value deque_get_item(VM& vm, Value self, Value key) {
  uint64_t i;
  return item_index(vm, deque(self), key, i) ? new_ref(deque(self)->at(i)) : Value::error();
}

void remove_at(Deque* d, uint64_t i) {
  Value old = d->at(i);
  for (; i + 1 < d->size; i++) d->at(i) = d->at(i + 1);
  d->size--;
  d->changes++;
  release(old);
}

bool deque_set_item(VM& vm, Value self, Value key, Value value) {
  uint64_t i;
  if (!item_index(vm, deque(self), key, i)) return false;
  if (value.is_unbound()) {
    remove_at(deque(self), i);
  } else {
    Value old = deque(self)->at(i);
    deque(self)->at(i) = new_ref(value);
    release(old);
  }
  return true;
}

/// The index of the first equal item in [start, stop); -1 none, -2 exception.
int64_t find(VM& vm, Deque* d, Value item, int64_t start, int64_t stop) {
  for (int64_t i = start; i < stop && i < static_cast<int64_t>(d->size); i++) {
    uint64_t changes = d->changes;
    Ref here = Ref::copy(d->at(static_cast<uint64_t>(i)));
    bool same = false;
    if (!equal(vm, *here, item, same)) return -2;
    if (changes != d->changes) {
      (void)raise(vm, vm.types.RuntimeError, "deque mutated during iteration");
      return -2;
    }
    if (same) return i;
  }
  return -1;
}

int deque_contains(VM& vm, Value self, Value item) {
  int64_t i = find(vm, deque(self), item, 0, INT64_MAX);
  return i == -2 ? -1 : i >= 0;
}

int64_t deque_length(VM&, Value self) { return static_cast<int64_t>(deque(self)->size); }
int deque_truth(VM&, Value self) { return deque(self)->size != 0; }

Value make_iterator(VM& vm, Value self, bool backwards) {
  auto* it = allocate_object<DequeIterator>(vm, types_of(vm).iterator, Kind::Iterator);
  it->deque = new_ref(self);
  it->index = 0;
  it->changes = deque(self)->changes;
  it->backwards = backwards;
  vm.heap.track(it);
  return Value::object(it);
}

Value deque_iter(VM& vm, Value self) { return make_iterator(vm, self, false); }

Value iterator_next(VM& vm, Value self) {
  auto* it = static_cast<DequeIterator*>(self.o);
  Deque* d = deque(it->deque);
  if (it->changes != d->changes) {
    it->index = d->size;
    return raise(vm, vm.types.RuntimeError, "deque mutated during iteration");
  }
  if (it->index >= d->size) return Value::unbound();
  uint64_t i = it->index++;
  return new_ref(d->at(it->backwards ? d->size - 1 - i : i));
}

Value iterator_iter(VM&, Value self) { return new_ref(self); }

void iterator_dealloc(VM&, Object* o) {
  auto* it = static_cast<DequeIterator*>(o);
  release(it->deque);
}

void iterator_traverse(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<DequeIterator*>(o)->deque, context);
}

Value deque_compare(VM& vm, ir::CompareOp op, Value self, Value other) {
  if (!is_deque(vm, other)) return Value::not_implemented();
  Ref a(make_list(vm)), b(make_list(vm));
  for (Ref& item : snapshot(deque(self))) list_append(vm, as<List>(*a), *item);
  for (Ref& item : snapshot(deque(other))) list_append(vm, as<List>(*b), *item);
  return compare(vm, op, *a, *b);
}

Value copy_of(VM& vm, Value self) {
  Deque* d = new_deque(vm, self.o->type, deque(self)->max_length);
  for (Ref& item : snapshot(deque(self))) push_last(vm, d, *item);
  return Value::object(d);
}

Value deque_binary(VM& vm, ir::ArithOp op, Value self, Value other, bool reflected) {
  if (op == ir::ArithOp::Add) {
    if (reflected || !is_deque(vm, other))
      return raise(vm, vm.types.TypeError, "can only concatenate deque (not \"%s\") to deque",
                   type_of(vm, other)->name->data);
    Ref result(copy_of(vm, self));
    return extend(vm, deque(*result), other, false) ? result.take() : Value::error();
  }
  int64_t n = 0;
  if (!is_integer(other)) return Value::not_implemented();
  if (!arg_int(vm, other, n)) return Value::error();
  Deque* d = new_deque(vm, self.o->type, deque(self)->max_length);
  Ref result(Value::object(d));
  std::vector<Ref> items = snapshot(deque(self));
  for (; n > 0 && !items.empty(); n--)
    for (Ref& item : items) push_last(vm, d, *item);
  return result.take();
}

Value deque_inplace(VM& vm, ir::ArithOp op, Value self, Value other) {
  if (op == ir::ArithOp::Add) return extend(vm, deque(self), other, false) ? new_ref(self) : Value::error();
  Ref product(deque_binary(vm, op, self, other, false));
  if (product.is_error() || product->tag == Tag::NotImplemented) return product.take();
  clear_items(deque(self));
  return extend(vm, deque(self), *product, false) ? new_ref(self) : Value::error();
}

Value empty_error(VM& vm) { return raise(vm, vm.types.IndexError, "pop from an empty deque"); }

/// A bound of index(): negative counts from the end.
bool bound(VM& vm, Deque* d, Value v, int64_t fallback, int64_t& out) {
  out = fallback;
  if (v.is_unbound()) return true;
  if (!arg_int_clamped(vm, v, out)) return false;
  if (out < 0) out = std::max<int64_t>(out + static_cast<int64_t>(d->size), 0);
  return true;
}

const NativeDef kDequeMethods[] = {
    {"append(self, item, /)",
     [](VM& vm, const Value* a) {
       push_last(vm, deque(a[0]), a[1]);
       return Value::none();
     }},
    {"appendleft(self, item, /)",
     [](VM& vm, const Value* a) {
       push_first(vm, deque(a[0]), a[1]);
       return Value::none();
     }},
    {"pop(self, /)",
     [](VM& vm, const Value* a) { return deque(a[0])->size ? take_last(deque(a[0])) : empty_error(vm); }},
    {"popleft(self, /)",
     [](VM& vm, const Value* a) { return deque(a[0])->size ? take_first(deque(a[0])) : empty_error(vm); }},
    {"extend(self, iterable, /)",
     [](VM& vm, const Value* a) { return extend(vm, deque(a[0]), a[1], false) ? Value::none() : Value::error(); }},
    {"extendleft(self, iterable, /)",
     [](VM& vm, const Value* a) { return extend(vm, deque(a[0]), a[1], true) ? Value::none() : Value::error(); }},
    {"rotate(self, n=1, /)",
     [](VM& vm, const Value* a) {
       int64_t n = 0;
       if (!arg_int(vm, a[1], n)) return Value::error();
       rotate(deque(a[0]), n);
       return Value::none();
     }},
    {"clear(self, /)",
     [](VM&, const Value* a) {
       clear_items(deque(a[0]));
       return Value::none();
     }},
    {"copy(self, /)", [](VM& vm, const Value* a) { return copy_of(vm, a[0]); }},
    {"__copy__(self, /)", [](VM& vm, const Value* a) { return copy_of(vm, a[0]); }},
    {"count(self, item, /)",
     [](VM& vm, const Value* a) {
       int64_t n = 0;
       for (int64_t i = -1; (i = find(vm, deque(a[0]), a[1], i + 1, INT64_MAX)) >= 0 || i == -2; n++)
         if (i == -2) return Value::error();
       return Value::integer(n);
     }},
    {"index(self, item, start=..., stop=..., /)",
     [](VM& vm, const Value* a) {
       int64_t start, stop;
       if (!bound(vm, deque(a[0]), a[2], 0, start) || !bound(vm, deque(a[0]), a[3], INT64_MAX, stop))
         return Value::error();
       int64_t i = find(vm, deque(a[0]), a[1], start, stop);
       if (i == -2) return Value::error();
       if (i >= 0) return Value::integer(i);
       std::string text;
       if (!repr_to(vm, a[1], text)) return Value::error();
       return raise(vm, vm.types.ValueError, "%s is not in deque", text.c_str());
     }},
    {"remove(self, item, /)",
     [](VM& vm, const Value* a) {
       int64_t i = find(vm, deque(a[0]), a[1], 0, INT64_MAX);
       if (i == -2) return Value::error();
       if (i < 0) {
         std::string text;
         if (!repr_to(vm, a[1], text)) return Value::error();
         return raise(vm, vm.types.ValueError, "%s is not in deque", text.c_str());
       }
       remove_at(deque(a[0]), static_cast<uint64_t>(i));
       return Value::none();
     }},
    {"insert(self, index, item, /)",
     [](VM& vm, const Value* a) {
       Deque* d = deque(a[0]);
       int64_t i = 0;
       if (!arg_int_clamped(vm, a[1], i)) return Value::error();
       if (d->max_length >= 0 && d->size >= static_cast<uint64_t>(d->max_length))
         return raise(vm, vm.types.IndexError, "deque already at its maximum size");
       int64_t size = static_cast<int64_t>(d->size);
       if (i < 0) i = std::max<int64_t>(i + size, 0);
       push_last(vm, d, a[2]);
       for (int64_t k = size; k > std::min(i, size); k--)
         std::swap(d->at(static_cast<uint64_t>(k)), d->at(static_cast<uint64_t>(k - 1)));
       return Value::none();
     }},
    {"reverse(self, /)",
     [](VM&, const Value* a) {
       Deque* d = deque(a[0]);
       for (uint64_t i = 0, j = d->size; i + 1 < j; i++) std::swap(d->at(i), d->at(--j));
       d->changes++;
       return Value::none();
     }},
    {"__reversed__(self, /)", [](VM& vm, const Value* a) { return make_iterator(vm, a[0], true); }},
    {"__reduce__(self, /)",
     [](VM& vm, const Value* a) {
       Ref state(call_method(vm, a[0], "__getstate__")), items(get_iter(vm, a[0]));
       if (state.is_error() || items.is_error()) return Value::error();
       int64_t n = deque(a[0])->max_length;
       Ref none(make_tuple(vm, std::span<const Value>()));
       Ref args(n < 0 ? new_ref(*none) : make_tuple(vm, {*none, Value::integer(n)}));
       return make_tuple(vm, {Value::object(a[0].o->type), *args, *state, *items});
     }},
};

const GetSetDef kDequeAttributes[] = {
    {"maxlen",
     [](VM&, Value self) {
       return deque(self)->max_length < 0 ? Value::none() : Value::integer(deque(self)->max_length);
     }},
};

// --- named tuples
// -----------------------------------------------------------------------------------------------------

const NativeDef kFieldGet = {
    "field(index, self, /)", [](VM& vm, const Value* a) {
      if (!is_kind(a[1], Kind::Tuple) || as<Tuple>(a[1])->size <= static_cast<uint64_t>(a[0].i))
        return raise(vm, vm.types.IndexError, "tuple index out of range");
      return new_ref(as<Tuple>(a[1])->items[a[0].i]);
    }};

const NativeDef kFieldSet = {"field(index, self, value, /)", [](VM& vm, const Value*) {
                               return raise(vm, vm.types.AttributeError, "can't set attribute");
                             }};

const NativeDef kFunctions[] = {
    {"tuple_field(index, /)",
     [](VM& vm, const Value* a) {
       Ref get(make_native_closure(vm, &kFieldGet, a[0]));
       Ref set(make_native_closure(vm, &kFieldSet, a[0]));
       Ref doc(make_str(vm, "Alias for field number " + std::to_string(a[0].i)));
       return call(vm, Value::object(vm.types.property), {*get, *set, Value::none(), *doc});
     },
     "A property that gives an item of a tuple."},
};

}  // namespace

Value make_collections(VM& vm) {
  CollectionsExtension& types = types_of(vm);
  if (!types.deque) {
    Type* t = new_type(vm, "collections.deque", "collections", vm.types.object, Kind::Native, sizeof(Deque));
    t->is_gc = true;
    t->slots.create = deque_create;
    t->slots.init = deque_init;
    t->slots.dealloc = deque_dealloc;
    t->slots.traverse = deque_traverse;
    t->slots.clear = deque_clear;
    t->slots.repr = deque_repr;
    t->slots.get_item = deque_get_item;
    t->slots.set_item = deque_set_item;
    t->slots.contains = deque_contains;
    t->slots.length = deque_length;
    t->slots.truth = deque_truth;
    t->slots.iter = deque_iter;
    t->slots.compare = deque_compare;
    t->compares_order = true;
    t->slots.binary = deque_binary;
    t->arith_ops = op_bit(ir::ArithOp::Add) | op_bit(ir::ArithOp::Mul);
    t->slots.inplace = deque_inplace;
    t->inplace_ops = t->arith_ops;
    finish_type(vm, t, {.methods = kDequeMethods, .getset = kDequeAttributes});
    types.deque = t;
    Type* it = new_type(vm, "_deque_iterator", "_collections", vm.types.object, Kind::Iterator, sizeof(DequeIterator));
    it->is_gc = true;
    it->is_final = true;
    it->slots.dealloc = iterator_dealloc;
    it->slots.traverse = iterator_traverse;
    it->slots.iter = iterator_iter;
    it->slots.next = iterator_next;
    finish_type(vm, it);
    types.iterator = it;
  }
  ModuleBuilder m(vm, "_collections");
  m.functions(kFunctions).type(types.deque);
  return m.take();
}

}  // namespace tsvm::stdlib

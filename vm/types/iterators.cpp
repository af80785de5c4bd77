// Iterators that the builtins make: enumerate, zip, map, filter, reversed, iter(callable, sentinel), and the one over
// anything with __getitem__.
#include <vector>

#include "vm/types/iterators.h"

#include "vm/frame.h"
#include "vm/native.h"
#include "vm/types/common.h"
#include "vm/types/init.h"

namespace tsvm::vm {
namespace {

/// One layout serves them all; what the fields mean is said at each `next`.
struct Adapter : GcObject {
  Value source;    // iterator, sequence, callable; tuple of iterators
  Value function;  // map, filter, sentinel
  Value index;     // enumerate: the next number
  int64_t position = 0;
  bool strict = false;
};

Adapter* adapter(Value v) { return as<Adapter>(v); }

Adapter* make(VM& vm, Type* type, Value owned_source, Value function = Value::none()) {
  auto* a = allocate_object<Adapter>(vm, type, Kind::Iterator, type->instance_size);
  a->source = owned_source;
  a->function = new_ref(function);
  a->index = Value::integer(0);
  vm.heap.track(a);
  return a;
}

void dealloc(VM&, Object* o) {
  auto* a = static_cast<Adapter*>(o);
  release(a->source);
  release(a->function);
  release(a->index);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  auto* a = static_cast<Adapter*>(o);
  visit(a->source, context);
  visit(a->function, context);
  visit(a->index, context);
}

/// Forgets its source: it is exhausted for good.
Value exhausted(Adapter* a) {
  Ref drop(a->source);
  a->source = Value();
  return Value::unbound();
}

// --- enumerate -------------------------------------------------------------------------------------------------------

Value enumerate_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  Ref item(iter_next(vm, a->source));
  if (item.is_error() || item->is_unbound()) return item.take();
  Ref index(a->index);
  a->index = index->is_int() && index->i < INT64_MAX ? Value::integer(index->i + 1)
                                                     : binary(vm, ir::ArithOp::Add, *index, Value::integer(1));
  return make_tuple(vm, {*index, *item});
}

Value enumerate_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"enumerate(iterable, start=0)", nullptr};
  std::vector<Value> v;
  std::vector<Ref> keep;
  if (!bind_args(vm, kDef, args, keywords, v, keep)) return Value::error();
  Ref start(to_index(vm, v[1]));
  if (start.is_error()) return Value::error();
  Ref it(get_iter(vm, v[0]));
  if (it.is_error()) return Value::error();
  Adapter* a = make(vm, type, it.take());
  a->index = start.take();
  return Value::object(a);
}

// --- zip, map --------------------------------------------------------------------------------------------------------

/// A tuple of iterators over the arguments.
Value iterators_of(VM& vm, std::span<const Value> args) {
  std::vector<Ref> its;
  std::vector<Value> values;
  for (Value v : args) {
    its.emplace_back(get_iter(vm, v));
    if (its.back().is_error()) return Value::error();
    values.push_back(*its.back());
  }
  return make_tuple(vm, values);
}

Value zip_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  size_t positional = args.size() - keywords.size();
  bool strict = false;
  for (size_t i = 0; i < keywords.size(); i++) {
    if (keywords[i]->view() != "strict")
      return raise(vm, vm.types.TypeError, "zip() got an unexpected keyword argument '%s'", keywords[i]->data);
    int t = truth(vm, args[positional + i]);
    if (t < 0) return Value::error();
    strict = t;
  }
  for (size_t i = 0; i < positional; i++) {
    if (!type_of(vm, args[i])->slots.iter) {
      Ref it(get_iter(vm, args[i]));
      if (it.is_error() && pending_is(vm, vm.types.TypeError)) {
        clear_pending(vm);
        return raise(vm, vm.types.TypeError, "'%s' object is not iterable", type_name(vm, args[i]));
      }
    }
  }
  Ref its(iterators_of(vm, args.first(positional)));
  if (its.is_error()) return Value::error();
  Adapter* a = make(vm, type, its.take());
  a->strict = strict;
  return Value::object(a);
}

Value zip_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  if (a->source.is_unbound()) return Value::unbound();
  Ref its = Ref::copy(a->source);
  auto* sources = as<Tuple>(*its);
  if (sources->size == 0) return Value::unbound();
  std::vector<Ref> items(sources->size);
  for (uint32_t i = 0; i < sources->size; i++) {
    items[i] = Ref(iter_next(vm, sources->items[i]));
    if (items[i].is_error()) return Value::error();
    if (!items[i]->is_unbound()) continue;
    if (!a->strict) return exhausted(a);
    auto plural = [](uint32_t n) { return n == 1 ? " " : "s 1-"; };
    if (i > 0) {
      (void)exhausted(a);
      return raise(vm, vm.types.ValueError, "zip() argument %u is shorter than argument%s%u", i + 1, plural(i), i);
    }
    for (uint32_t j = 1; j < sources->size; j++) {
      Ref other(iter_next(vm, sources->items[j]));
      if (other.is_error()) return Value::error();
      if (!other->is_unbound()) {
        (void)exhausted(a);
        return raise(vm, vm.types.ValueError, "zip() argument %u is longer than argument%s%u", j + 1, plural(j), j);
      }
    }
    return exhausted(a);
  }
  std::vector<Value> values;
  for (Ref& item : items) values.push_back(*item);
  return make_tuple(vm, values);
}

Value map_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "map", keywords)) return Value::error();
  if (args.size() < 2) return raise(vm, vm.types.TypeError, "map() must have at least two arguments.");
  Ref its(iterators_of(vm, args.subspan(1)));
  return its.is_error() ? Value::error() : Value::object(make(vm, type, its.take(), args[0]));
}

Value map_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  Ref its = Ref::copy(a->source);
  auto* sources = as<Tuple>(*its);
  Ref items[8];
  Value values[8];
  std::vector<Ref> more_items;
  std::vector<Value> more_values;
  uint32_t n = sources->size;
  for (uint32_t i = 0; i < n; i++) {
    Ref item(iter_next(vm, sources->items[i]));
    if (item.is_error() || item->is_unbound()) return item.take();
    if (n <= 8) {
      items[i] = std::move(item);
      values[i] = *items[i];
    } else {
      more_values.push_back(*item);
      more_items.push_back(std::move(item));
    }
  }
  Ref function = Ref::copy(a->function);
  return call(vm, *function, n <= 8 ? std::span<const Value>(values, n) : std::span<const Value>(more_values));
}

// --- filter ----------------------------------------------------------------------------------------------------------

Value filter_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "filter", keywords) || !arg_count(vm, "filter", args.size(), 2, 2)) return Value::error();
  Ref it(get_iter(vm, args[1]));
  return it.is_error() ? Value::error() : Value::object(make(vm, type, it.take(), args[0]));
}

Value filter_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  Ref source = Ref::copy(a->source), function = Ref::copy(a->function);
  for (;;) {
    Ref item(iter_next(vm, *source));
    if (item.is_error() || item->is_unbound()) return item.take();
    int keep;
    if (function->is_none() || function->same(Value::object(vm.types.bool_))) {
      keep = truth(vm, *item);
    } else {
      Ref verdict(call(vm, *function, {*item}));
      if (verdict.is_error()) return Value::error();
      keep = truth(vm, *verdict);
    }
    if (keep < 0) return Value::error();
    if (keep) return item.take();
  }
}

// --- reversed, sequences ---------------------------------------------------------------------------------------------

Value reversed_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "reversed", keywords) || !arg_count(vm, "reversed", args.size(), 1, 1)) return Value::error();
  Ref method(lookup_special(vm, args[0], vm.name("__reversed__")));
  if (method.is_error()) return Value::error();
  if (method->is_none() ||
      (method->is_unbound() && (!type_of(vm, args[0])->slots.get_item || !type_of(vm, args[0])->slots.length)))
    return raise(vm, vm.types.TypeError, "'%s' object is not reversible", type_name(vm, args[0]));
  if (!method->is_unbound()) return call(vm, *method, std::span<const Value>());
  int64_t n = length(vm, args[0]);
  if (n < 0) return Value::error();
  Adapter* a = make(vm, type, new_ref(args[0]));
  a->position = n - 1;
  return Value::object(a);
}

Value reversed_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  if (a->source.is_unbound()) return Value::unbound();
  if (a->position < 0) return exhausted(a);
  Ref source = Ref::copy(a->source);
  Ref item(get_item(vm, *source, Value::integer(a->position--)));
  if (item.is_error() && (clear_pending_if(vm, vm.types.IndexError) || clear_pending_if(vm, vm.types.StopIteration)))
    return exhausted(a);
  return item.take();
}

Value sequence_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  if (a->source.is_unbound()) return Value::unbound();
  Ref source = Ref::copy(a->source);
  Ref item(get_item(vm, *source, Value::integer(a->position)));
  if (item.is_error() && (clear_pending_if(vm, vm.types.IndexError) || clear_pending_if(vm, vm.types.StopIteration)))
    return exhausted(a);
  a->position++;
  return item.take();
}

Value callable_next(VM& vm, Value self) {
  Adapter* a = adapter(self);
  if (a->source.is_unbound()) return Value::unbound();
  Ref source = Ref::copy(a->source);
  Ref item(call(vm, *source, std::span<const Value>()));
  if (item.is_error()) {
    if (clear_pending_if(vm, vm.types.StopIteration)) return exhausted(a);
    return Value::error();
  }
  bool same;
  if (!equal(vm, *item, a->function, same)) return Value::error();
  return same ? exhausted(a) : item.take();
}

Value hint_of_source(VM& vm, const Value* args) {
  Adapter* a = adapter(args[0]);
  if (a->source.is_unbound()) return Value::integer(0);
  int64_t n = length_hint(vm, a->source, 0);
  return n < 0 ? Value::error() : Value::integer(n);
}

Value hint_of_reversed(VM&, const Value* args) {
  Adapter* a = adapter(args[0]);
  return Value::integer(a->source.is_unbound() ? 0 : a->position + 1);
}

const NativeDef kHint[] = {{"__length_hint__(self, /)", hint_of_source}};
const NativeDef kReversedHint[] = {{"__length_hint__(self, /)", hint_of_reversed}};

}  // namespace

Value make_callable_iterator(VM& vm, Value callable, Value sentinel) {
  return Value::object(make(vm, vm.types.callable_iterator, new_ref(callable), sentinel));
}

Value make_sequence_iterator(VM& vm, Value sequence) {
  return Value::object(make(vm, vm.types.sequence_iterator, new_ref(sequence)));
}

Value raise_stop_iteration(VM& vm, Value iterator) {
  Ref result;
  if (is_kind(iterator, Kind::Generator)) {
    result = Ref(as<Generator>(iterator)->result);
    as<Generator>(iterator)->result = Value::none();
  }
  Value args[] = {*result};
  Ref e(make_exception(
      vm, vm.types.StopIteration,
      result->is_none() || result->is_unbound() ? std::span<const Value>() : std::span<const Value>(args)));
  return raise_value(vm, *e);
}

void init_iterators(VM& vm) {
  struct Row {
    Type* type;
    NextFn next;
    Value (*create)(VM&, Type*, std::span<const Value>, std::span<Str* const>);
    std::span<const NativeDef> methods;
  };
  const Row rows[] = {
      {vm.types.enumerate, enumerate_next, enumerate_create, {}},
      {vm.types.zip, zip_next, zip_create, {}},
      {vm.types.map, map_next, map_create, {}},
      {vm.types.filter, filter_next, filter_create, {}},
      {vm.types.reversed, reversed_next, reversed_create, kReversedHint},
      {vm.types.sequence_iterator, sequence_next, nullptr, kHint},
      {vm.types.callable_iterator, callable_next, nullptr, {}},
  };
  for (const Row& row : rows) {
    Type* t = row.type;
    t->instance_size = sizeof(Adapter);
    t->is_gc = true;
    t->slots.dealloc = dealloc;
    t->slots.traverse = traverse;
    t->slots.iter = [](VM&, Value self) { return new_ref(self); };
    t->slots.next = row.next;
    if (row.create) t->slots.create = row.create;
    t->is_final = !row.create;
    finish_type(vm, t, {.methods = row.methods});
  }
}

}  // namespace tsvm::vm

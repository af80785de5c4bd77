// enumerate, zip, map, filter, reversed, and the iterators of iter(f, sentinel) and of sequences with __getitem__ only.
#include "vm/types/iterators.h"
#include "vm/native.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

namespace {

/// Up to three values: what each type keeps in them is said at its `create`.
struct Three : GcObject {
  Value a, b, c;
  bool done;
};

/// A function (or Unbound) and several iterators.
struct Many : GcObject {
  Value function;
  Value iterators;  // tuple
  bool strict;
};

Value step(VM& vm, Value iterator) {
  NextFn next = type_of(vm, iterator)->slots.next;
  return next(vm, iterator);
}

template <class T>
T* make(VM& vm, Type* type) {
  auto* o = allocate_object<T>(vm, type, Kind::Iterator, std::max<size_t>(type->instance_size, sizeof(T)));
  finish_instance(vm, o);
  vm.heap.track(o);
  return o;
}

void dealloc_three(VM&, Object* o) {
  auto* t = static_cast<Three*>(o);
  release(t->a);
  release(t->b);
  release(t->c);
}
void traverse_three(Object* o, void (*visit)(Value, void*), void* context) {
  auto* t = static_cast<Three*>(o);
  visit(t->a, context);
  visit(t->b, context);
  visit(t->c, context);
}
void dealloc_many(VM&, Object* o) {
  release(static_cast<Many*>(o)->function);
  release(static_cast<Many*>(o)->iterators);
}
void traverse_many(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<Many*>(o)->function, context);
  visit(static_cast<Many*>(o)->iterators, context);
}

// --- enumerate: a iterator, b next index --------------------------------------------------------------------------

Value enumerate_create(VM& vm, Type* type, Args args, Keywords keywords) {
  size_t given = args.size() - keywords.size();
  if (args.size() > 2)
    return raise(vm, vm.types.TypeError, "enumerate() takes at most 2 arguments (%zu given)", args.size());
  Value iterable, start = Value::integer(0);
  if (given > 0) iterable = args[0];
  if (given > 1) start = args[1];
  for (size_t i = 0; i < keywords.size(); i++) {
    if (keywords[i]->view() == "iterable" && given == 0)
      iterable = args[given + i];
    else if (keywords[i]->view() == "start" && given < 2)
      start = args[given + i];
    else
      return raise(vm, vm.types.TypeError, "'%s' is an invalid keyword argument for enumerate()", keywords[i]->data);
  }
  if (iterable.is_unbound()) return raise(vm, vm.types.TypeError, "enumerate() missing required argument 'iterable'");
  Ref first(to_index(vm, start));
  if (first.is_error()) return Value::error();
  Ref it(get_iter(vm, iterable));
  if (it.is_error()) return Value::error();
  auto* e = make<Three>(vm, type);
  e->a = it.take();
  e->b = first.take();
  return Value::object(e);
}

Value enumerate_next(VM& vm, Value self) {
  auto* e = as<Three>(self);
  Ref item(step(vm, e->a));
  if (item->is_unbound() || item.is_error()) return item.take();
  Ref index(e->b);
  e->b = Value();
  e->b = binary(vm, ir::ArithOp::Add, *index, Value::integer(1));
  return make_tuple(vm, {*index, *item});
}

// --- zip ----------------------------------------------------------------------------------------------------------

Value iterators_of(VM& vm, Args iterables, const char* function, bool numbered) {
  Tuple* t = new_tuple(vm, iterables.size());
  Ref hold(Value::object(t));
  for (size_t i = 0; i < iterables.size(); i++) {
    Value it = get_iter(vm, iterables[i]);
    if (it.is_error()) {
      if (numbered && clear_pending_if(vm, vm.types.TypeError))
        return raise(vm, vm.types.TypeError, "%s argument #%zu must support iteration", function, i + 1);
      return it;
    }
    t->items[i] = it;
  }
  return hold.take();
}

Value zip_create(VM& vm, Type* type, Args args, Keywords keywords) {
  size_t given = args.size() - keywords.size();
  bool strict = false;
  for (size_t i = 0; i < keywords.size(); i++) {
    if (keywords[i]->view() != "strict")
      return raise(vm, vm.types.TypeError, "'%s' is an invalid keyword argument for zip()", keywords[i]->data);
    if (!arg_bool(vm, args[given + i], strict)) return Value::error();
  }
  Ref its(iterators_of(vm, args.subspan(0, given), "zip", false));
  if (its.is_error()) return Value::error();
  auto* z = make<Many>(vm, type);
  z->function = Value();
  z->iterators = its.take();
  z->strict = strict;
  return Value::object(z);
}

Value zip_next(VM& vm, Value self) {
  auto* z = as<Many>(self);
  auto* its = as<Tuple>(z->iterators);
  uint32_t n = its->size;
  if (n == 0) return Value::unbound();
  Tuple* out = new_tuple(vm, n);
  Ref hold(Value::object(out));
  for (uint32_t i = 0; i < n; i++) {
    Value v = step(vm, its->items[i]);
    if (v.is_error()) return v;
    if (!v.is_unbound()) {
      out->items[i] = v;
      continue;
    }
    if (!z->strict) return v;
    if (i > 0)
      return raise(vm, vm.types.ValueError, "zip() argument %u is shorter than argument%s%u", i + 1,
                   i == 1 ? " " : "s 1-", i);
    for (uint32_t k = 1; k < n; k++) {
      Ref more(step(vm, its->items[k]));
      if (more.is_error()) return Value::error();
      if (!more->is_unbound())
        return raise(vm, vm.types.ValueError, "zip() argument %u is longer than argument%s%u", k + 1,
                     k == 1 ? " " : "s 1-", k);
    }
    return v;
  }
  return hold.take();
}

// --- map, filter --------------------------------------------------------------------------------------------------

Value map_create(VM& vm, Type* type, Args args, Keywords keywords) {
  if (type == vm.types.map && !no_keywords(vm, "map", keywords)) return Value::error();
  if (args.size() < 2) return raise(vm, vm.types.TypeError, "map() must have at least two arguments.");
  Ref its(iterators_of(vm, args.subspan(1), "map", false));
  if (its.is_error()) return Value::error();
  auto* m = make<Many>(vm, type);
  m->function = new_ref(args[0]);
  m->iterators = its.take();
  m->strict = false;
  return Value::object(m);
}

Value map_next(VM& vm, Value self) {
  auto* m = as<Many>(self);
  auto* its = as<Tuple>(m->iterators);
  if (its->size == 1) {
    Ref item(step(vm, its->items[0]));
    if (item->is_unbound() || item.is_error()) return item.take();
    return call(vm, m->function, {*item});
  }
  std::vector<Ref> items;
  std::vector<Value> plain;
  for (uint32_t i = 0; i < its->size; i++) {
    items.emplace_back(step(vm, its->items[i]));
    if (items.back()->is_unbound() || items.back().is_error()) return items.back().take();
    plain.push_back(*items.back());
  }
  return call(vm, m->function, plain);
}

Value filter_create(VM& vm, Type* type, Args args, Keywords keywords) {
  if (type == vm.types.filter && !no_keywords(vm, "filter", keywords)) return Value::error();
  if (!arg_count(vm, "filter", args.size(), 2, 2)) return Value::error();
  Ref it(get_iter(vm, args[1]));
  if (it.is_error()) return Value::error();
  auto* f = make<Three>(vm, type);
  f->a = it.take();
  f->b = new_ref(args[0]);
  return Value::object(f);
}

Value filter_next(VM& vm, Value self) {
  auto* f = as<Three>(self);
  bool plain = f->b.is_none() || f->b.same(Value::object(vm.types.bool_));
  for (;;) {
    Ref item(step(vm, f->a));
    if (item->is_unbound() || item.is_error()) return item.take();
    int keep;
    if (plain) {
      keep = truth(vm, *item);
    } else {
      Ref r(call(vm, f->b, {*item}));
      if (r.is_error()) return Value::error();
      keep = truth(vm, *r);
    }
    if (keep < 0) return Value::error();
    if (keep) return item.take();
  }
}

// --- reversed: a sequence, b next index ---------------------------------------------------------------------------

Value reversed_create(VM& vm, Type* type, Args args, Keywords keywords) {
  if (!no_keywords(vm, "reversed", keywords) || !arg_count(vm, "reversed", args.size(), 1, 1)) return Value::error();
  Value own = lookup_special_borrow(vm, args[0], vm.names.reversed);
  if (own.is_none()) return raise(vm, vm.types.TypeError, "'%s' object is not reversible", type_name(vm, args[0]));
  if (!own.is_unbound()) return call_special(vm, args[0], vm.names.reversed, {});
  Type* t = type_of(vm, args[0]);
  bool sequence =
      t->slots.get_item && t->slots.length && !is_kind(args[0], Kind::Dict) && !(is_kind(args[0], Kind::View));
  if (!sequence) return raise(vm, vm.types.TypeError, "'%s' object is not reversible", t->name->data);
  int64_t n = length(vm, args[0]);
  if (n < 0) return Value::error();
  auto* r = make<Three>(vm, type);
  r->a = new_ref(args[0]);
  r->b = Value::integer(n - 1);
  return Value::object(r);
}

Value finish(Three* t) {
  Ref drop(t->a);
  t->a = Value();
  return Value::unbound();
}

Value reversed_next(VM& vm, Value self) {
  auto* r = as<Three>(self);
  if (r->a.is_unbound() || r->b.i < 0) return Value::unbound();
  Value item = get_item(vm, r->a, r->b);
  r->b.i--;
  if (item.is_error() && (clear_pending_if(vm, vm.types.IndexError) || clear_pending_if(vm, vm.types.StopIteration)))
    return finish(r);
  if (r->b.i < 0 && !item.is_error()) (void)finish(r);
  return item;
}

Value reversed_hint(VM&, const Value* a) {
  auto* r = as<Three>(a[0]);
  return Value::integer(r->a.is_unbound() ? 0 : r->b.i + 1);
}

// --- iter(callable, sentinel): a callable, b sentinel --------------------------------------------------------------

Value callable_next(VM& vm, Value self) {
  auto* c = as<Three>(self);
  if (c->a.is_unbound()) return Value::unbound();
  Ref f = Ref::copy(c->a), sentinel = Ref::copy(c->b);
  Ref item(call(vm, *f, Args()));
  if (item.is_error()) {
    if (!clear_pending_if(vm, vm.types.StopIteration)) return Value::error();
    return finish(c);
  }
  bool same;
  if (!equal(vm, *item, *sentinel, same)) return Value::error();
  if (!same) return item.take();
  return c->a.is_unbound() ? Value::unbound() : finish(c);
}

// --- sequences with __getitem__ only: a sequence, b next index -----------------------------------------------------

Value sequence_next(VM& vm, Value self) {
  auto* s = as<Three>(self);
  if (s->a.is_unbound()) return Value::unbound();
  Ref sequence = Ref::copy(s->a);
  Value item = get_item(vm, *sequence, s->b);
  if (!item.is_error()) {
    s->b.i++;
    return item;
  }
  if (clear_pending_if(vm, vm.types.IndexError) || clear_pending_if(vm, vm.types.StopIteration)) return finish(s);
  return item;
}

const NativeDef kReversedMethods[] = {{"__length_hint__(self, /)", reversed_hint}};

}  // namespace

Value make_callable_iterator(VM& vm, Value function, Value sentinel) {
  auto* c = make<Three>(vm, vm.types.callable_iterator);
  c->a = new_ref(function);
  c->b = new_ref(sentinel);
  return Value::object(c);
}

Value make_sequence_iterator(VM& vm, Value sequence) {
  auto* s = make<Three>(vm, vm.types.sequence_iterator);
  s->a = new_ref(sequence);
  s->b = Value::integer(0);
  return Value::object(s);
}

void init_iterators(VM& vm) {
  auto three = [&](Type* t, NextFn next, decltype(Slots::create) create, std::span<const NativeDef> methods = {}) {
    t->instance_size = sizeof(Three);
    t->is_gc = true;
    t->slots.dealloc = dealloc_three;
    t->slots.traverse = traverse_three;
    t->slots.next = next;
    t->slots.create = create;
    finish_type(vm, t, {.methods = methods});
  };
  three(vm.types.enumerate, enumerate_next, enumerate_create);
  three(vm.types.filter, filter_next, filter_create);
  three(vm.types.reversed, reversed_next, reversed_create, kReversedMethods);
  three(vm.types.callable_iterator, callable_next, nullptr);
  three(vm.types.sequence_iterator, sequence_next, nullptr);
  vm.types.callable_iterator->is_final = vm.types.sequence_iterator->is_final = true;
  for (Type* t : {vm.types.zip, vm.types.map}) {
    t->instance_size = sizeof(Many);
    t->is_gc = true;
    t->slots.dealloc = dealloc_many;
    t->slots.traverse = traverse_many;
    t->slots.next = t == vm.types.zip ? zip_next : map_next;
    t->slots.create = t == vm.types.zip ? zip_create : map_create;
    finish_type(vm, t);
  }
}

}  // namespace tsvm::vm

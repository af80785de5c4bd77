// range and slice.
//
// A range of int64 numbers iterates without objects; bounds beyond 64 bits use the language's own arithmetic.
#include <algorithm>

#include "vm/iterators.h"
#include "vm/native.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

namespace {

/// Number of items of an int64 range, as a Value (it may need 65 bits).
Value count_of(VM& vm, int64_t start, int64_t stop, int64_t step) {
  uint64_t span, by;
  if (step > 0) {
    if (start >= stop) return Value::integer(0);
    span = static_cast<uint64_t>(stop) - static_cast<uint64_t>(start) - 1;
    by = static_cast<uint64_t>(step);
  } else {
    if (start <= stop) return Value::integer(0);
    span = static_cast<uint64_t>(start) - static_cast<uint64_t>(stop) - 1;
    by = 0 - static_cast<uint64_t>(step);
  }
  uint64_t n = span / by;
  if (n < INT64_MAX) return Value::integer(static_cast<int64_t>(n + 1));
  Ref big(make_uint(vm, n));
  return binary(vm, ArithOp::Add, *big, Value::integer(1));
}

Value make(VM& vm, Value start, Value stop, Value step, Value length) {
  auto* r = allocate_object<Range>(vm, vm.types.range, Kind::Range);
  r->start = new_ref(start);
  r->stop = new_ref(stop);
  r->step = new_ref(step);
  r->length = new_ref(length);
  vm.heap.track(r);
  return Value::object(r);
}

/// Any ints; step not zero.
Value make_general(VM& vm, Value start, Value stop, Value step) {
  if (start.is_int() && stop.is_int() && step.is_int()) {
    Ref n(count_of(vm, start.i, stop.i, step.i));
    return make(vm, start, stop, step, *n);
  }
  Ref positive(compare(vm, CompareOp::Gt, step, Value::integer(0)));
  Value lo = positive->is_true() ? start : stop, hi = positive->is_true() ? stop : start;
  Ref by(positive->is_true() ? new_ref(step) : unary(vm, ir::UnaryOp::Neg, step));
  Ref span(binary(vm, ArithOp::Sub, hi, lo));
  Ref none(compare(vm, CompareOp::Le, *span, Value::integer(0)));
  if (none->is_true()) return make(vm, start, stop, step, Value::integer(0));
  Ref last(binary(vm, ArithOp::Sub, *span, Value::integer(1)));
  Ref steps(binary(vm, ArithOp::FloorDiv, *last, *by));
  Ref n(binary(vm, ArithOp::Add, *steps, Value::integer(1)));
  return make(vm, start, stop, step, *n);
}

Range* self_of(Value v) { return as<Range>(v); }

bool small(Range* r) { return r->start.is_int() && r->stop.is_int() && r->step.is_int() && r->length.is_int(); }

void dealloc(VM&, Object* o) {
  auto* r = static_cast<Range*>(o);
  release(r->start);
  release(r->stop);
  release(r->step);
  release(r->length);
}

Value repr_slot(VM& vm, Value self) {
  auto* r = self_of(self);
  std::string out = "range(";
  if (!repr_to(vm, r->start, out)) return Value::error();
  out += ", ";
  if (!repr_to(vm, r->stop, out)) return Value::error();
  if (!r->step.same(Value::integer(1))) {
    out += ", ";
    if (!repr_to(vm, r->step, out)) return Value::error();
  }
  return make_str(vm, out + ")");
}

/// The i-th item, i an int in range.
Value item(VM& vm, Range* r, Value i) {
  Ref offset(binary(vm, ArithOp::Mul, i, r->step));
  return binary(vm, ArithOp::Add, r->start, *offset);
}

Value get_item_slot(VM& vm, Value self, Value key) {
  auto* r = self_of(self);
  if (is_kind(key, Kind::Slice)) {
    if (!r->length.is_int()) return raise(vm, vm.types.OverflowError, "range too long to be sliced");
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), r->length.i, start, stop, step, count)) return Value::error();
    Ref by(binary(vm, ArithOp::Mul, r->step, Value::integer(step)));
    Ref from(item(vm, r, Value::integer(start))), to(item(vm, r, Value::integer(stop)));
    return make_general(vm, *from, *to, *by);
  }
  Ref i(to_index(vm, key));
  if (i.is_error()) {
    if (!clear_pending_if(vm, vm.types.TypeError)) return Value::error();
    return raise(vm, vm.types.TypeError, "range indices must be integers or slices, not %s", type_name(vm, key));
  }
  if (small(r) && i->is_int()) {
    int64_t n = i->i < 0 ? i->i + r->length.i : i->i;
    if (n < 0 || n >= r->length.i) return raise(vm, vm.types.IndexError, "range object index out of range");
    return Value::integer(r->start.i + n * r->step.i);
  }
  Ref negative(compare(vm, CompareOp::Lt, *i, Value::integer(0)));
  if (negative->is_true()) i = Ref(binary(vm, ArithOp::Add, *i, r->length));
  Ref below(compare(vm, CompareOp::Lt, *i, Value::integer(0))), above(compare(vm, CompareOp::Ge, *i, r->length));
  if (below->is_true() || above->is_true()) return raise(vm, vm.types.IndexError, "range object index out of range");
  return item(vm, r, *i);
}

/// Position of an int in the range: Unbound when it is not in it.
Value find_int(VM& vm, Range* r, Value x) {
  if (small(r) && x.is_int()) {
    __int128 d = static_cast<__int128>(x.i) - r->start.i;
    if (d % r->step.i != 0) return Value::unbound();
    __int128 n = d / r->step.i;
    if (n < 0 || n >= r->length.i) return Value::unbound();
    return Value::integer(static_cast<int64_t>(n));
  }
  Ref d(binary(vm, ArithOp::Sub, x, r->start));
  Ref rest(binary(vm, ArithOp::Mod, *d, r->step));
  if (!rest->same(Value::integer(0))) return Value::unbound();
  Ref n(binary(vm, ArithOp::FloorDiv, *d, r->step));
  Ref below(compare(vm, CompareOp::Lt, *n, Value::integer(0))), above(compare(vm, CompareOp::Ge, *n, r->length));
  return below->is_true() || above->is_true() ? Value::unbound() : n.take();
}

bool exact_int(Value v) { return v.is_int() || is_kind(v, Kind::BigInt); }

Value as_plain_int(Value v) { return v.is_bool() ? Value::integer(v.i) : v; }

/// As iterating and comparing: for values that are no ints.
int64_t search(VM& vm, Value self, Value x) {
  int64_t i = 0, at = -1;
  bool ok = for_each(vm, self, [&](Value v) {
    bool same;
    if (!equal(vm, v, x, same)) return false;
    if (same) {
      at = i;
      return false;
    }
    i++;
    return true;
  });
  return ok || at >= 0 ? at : -2;
}

int contains_slot(VM& vm, Value self, Value x) {
  x = as_plain_int(x);
  if (exact_int(x)) {
    Ref i(find_int(vm, self_of(self), x));
    return !i->is_unbound();
  }
  int64_t at = search(vm, self, x);
  return at == -2 ? -1 : at >= 0;
}

Value index(VM& vm, const Value* a) {
  Value x = as_plain_int(a[1]);
  if (exact_int(x)) {
    Ref i(find_int(vm, self_of(a[0]), x));
    if (!i->is_unbound()) return i.take();
    std::string text;
    if (!repr_to(vm, a[1], text)) return Value::error();
    return raise(vm, vm.types.ValueError, "%s is not in range", text.c_str());
  }
  int64_t at = search(vm, a[0], x);
  if (at == -2) return Value::error();
  if (at < 0) return raise(vm, vm.types.ValueError, "sequence.index(x): x not in sequence");
  return Value::integer(at);
}

Value count(VM& vm, const Value* a) {
  if (exact_int(as_plain_int(a[1]))) {
    int r = contains_slot(vm, a[0], a[1]);
    return r < 0 ? Value::error() : Value::integer(r);
  }
  int64_t n = 0;
  bool ok = for_each(vm, a[0], [&](Value v) {
    bool same;
    if (!equal(vm, v, a[1], same)) return false;
    n += same;
    return true;
  });
  return ok ? Value::integer(n) : Value::error();
}

/// What two equal ranges agree on: length, and start and step as far as they matter.
Value key_of(VM& vm, Range* r) {
  Ref one(compare(vm, CompareOp::Eq, r->length, Value::integer(1)));
  Ref none(compare(vm, CompareOp::Eq, r->length, Value::integer(0)));
  return make_tuple(vm, {r->length, none->is_true() ? Value::none() : r->start,
                         none->is_true() || one->is_true() ? Value::none() : r->step});
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_kind(other, Kind::Range)) return Value::not_implemented();
  Ref a(key_of(vm, self_of(self))), b(key_of(vm, self_of(other)));
  return compare(vm, op, *a, *b);
}

// --- iterators ----------------------------------------------------------------------------------------------------

struct LongRangeIterator : GcObject {
  Value next, step, left;
};

Value make_iterator(VM& vm, int64_t start, int64_t step, int64_t n) {
  auto* it = allocate_object<RangeIterator>(vm, vm.types.range_iterator, Kind::Iterator);
  it->current = start;
  it->step = step;
  it->remaining = n;
  return Value::object(it);
}

int64_t items_left(int64_t next, int64_t stop, int64_t step) {
  auto from = static_cast<__int128>(next), to = static_cast<__int128>(stop);
  __int128 n = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -static_cast<__int128>(step);
  return static_cast<int64_t>(std::clamp<__int128>(n, 0, INT64_MAX));
}

Value make_long_iterator(VM& vm, Value start, Value step, Value n) {
  auto* it = allocate_object<LongRangeIterator>(vm, vm.types.long_range_iterator, Kind::Iterator);
  it->next = new_ref(start);
  it->step = new_ref(step);
  it->left = new_ref(n);
  return Value::object(it);
}

Value iter_slot(VM& vm, Value self) {
  auto* r = self_of(self);
  if (small(r)) return make_iterator(vm, r->start.i, r->step.i, r->length.i);
  return make_long_iterator(vm, r->start, r->step, r->length);
}

Value reversed(VM& vm, const Value* a) {
  auto* r = self_of(a[0]);
  Ref last_index(binary(vm, ArithOp::Sub, r->length, Value::integer(1)));
  Ref last(item(vm, r, *last_index)), step(unary(vm, ir::UnaryOp::Neg, r->step));
  if (small(r) && last->is_int() && step->is_int()) return make_iterator(vm, last->i, step->i, r->length.i);
  return make_long_iterator(vm, *last, *step, r->length);
}

Value iterator_next(VM&, Value self) {
  auto* it = as<RangeIterator>(self);
  if (it->remaining == 0) return Value::unbound();
  it->remaining--;
  int64_t v = it->current;
  it->current = static_cast<int64_t>(static_cast<uint64_t>(v) + static_cast<uint64_t>(it->step));
  return Value::integer(v);
}

Value long_next(VM& vm, Value self) {
  auto* it = as<LongRangeIterator>(self);
  if (it->left.same(Value::integer(0))) return Value::unbound();
  Ref left(it->left);
  it->left = binary(vm, ArithOp::Sub, *left, Value::integer(1));
  Value v = it->next;
  it->next = binary(vm, ArithOp::Add, v, it->step);
  return v;
}

Value iterator_hint(VM&, const Value* a) { return Value::integer(as<RangeIterator>(a[0])->remaining); }

const NativeDef kIteratorMethods[] = {{"__length_hint__(self, /)", iterator_hint}};

Value create(VM& vm, Type*, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "range", keywords) || !arg_count(vm, "range", args.size(), 1, 3)) return Value::error();
  Ref bounds[3] = {Ref(Value::integer(0)), Ref(), Ref(Value::integer(1))};
  if (args.size() == 1) {
    bounds[1] = Ref(to_index(vm, args[0]));
  } else {
    for (size_t i = 0; i < args.size(); i++) {
      bounds[i] = Ref(to_index(vm, args[i]));
      if (bounds[i].is_error()) return Value::error();
    }
  }
  if (bounds[1].is_error()) return Value::error();
  if (bounds[2]->same(Value::integer(0))) return raise(vm, vm.types.ValueError, "range() arg 3 must not be zero");
  return make_general(vm, *bounds[0], *bounds[1], *bounds[2]);
}

const NativeDef kMethods[] = {
    {"count(self, value, /)", count}, {"index(self, value, /)", index}, {"__reversed__(self, /)", reversed}};

template <Value Range::*kField>
Value range_field(VM&, Value self) {
  return new_ref(self_of(self)->*kField);
}
const GetSetDef kFields[] = {
    {"start", range_field<&Range::start>}, {"stop", range_field<&Range::stop>}, {"step", range_field<&Range::step>}};

// --- slice --------------------------------------------------------------------------------------------------------

template <Value Slice::*kField>
Value slice_field(VM&, Value self) {
  return new_ref(as<Slice>(self)->*kField);
}
const GetSetDef kSliceFields[] = {
    {"start", slice_field<&Slice::start>}, {"stop", slice_field<&Slice::stop>}, {"step", slice_field<&Slice::step>}};

Value slice_indices(VM& vm, const Value* a) {
  int64_t length, start, stop, step, count;
  if (!arg_int(vm, a[1], length)) return Value::error();
  if (length < 0) return raise(vm, vm.types.ValueError, "length should not be negative");
  if (!slice_bounds(vm, as<Slice>(a[0]), length, start, stop, step, count)) return Value::error();
  return make_tuple(vm, {Value::integer(start), Value::integer(stop), Value::integer(step)});
}
const NativeDef kSliceMethods[] = {{"indices(self, length, /)", slice_indices}};

Value slice_create(VM& vm, Type*, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "slice", keywords) || !arg_count(vm, "slice", args.size(), 1, 3)) return Value::error();
  if (args.size() == 1) return make_slice(vm, Value::none(), args[0], Value::none());
  return make_slice(vm, args[0], args[1], args.size() > 2 ? args[2] : Value::none());
}

}  // namespace

Value make_range(VM& vm, int64_t start, int64_t stop, int64_t step) {
  Ref n(count_of(vm, start, stop, step));
  return make(vm, Value::integer(start), Value::integer(stop), Value::integer(step), *n);
}

Value make_slice(VM& vm, Value start, Value stop, Value step) {
  auto* s = allocate_object<Slice>(vm, vm.types.slice, Kind::Slice);
  s->start = new_ref(start);
  s->stop = new_ref(stop);
  s->step = new_ref(step);
  vm.heap.track(s);
  return Value::object(s);
}

bool slice_bounds(VM& vm, Slice* s, int64_t length, int64_t& start, int64_t& stop, int64_t& step, int64_t& count) {
  auto index = [&](Value v, int64_t& out) {
    if (v.is_int()) {
      out = v.i;
      return true;
    }
    if (arg_int_clamped(vm, v, out)) return true;
    if (pending_is(vm, vm.types.TypeError) && lookup_special_borrow(vm, v, vm.names.index).is_unbound()) {
      clear_pending(vm);
      fail(vm, vm.types.TypeError, "slice indices must be integers or None or have an __index__ method");
    }
    return false;
  };
  step = 1;
  Ref hold = Ref::copy(Value::object(s));
  if (!s->step.is_none()) {
    if (!index(s->step, step)) return false;
    if (step == 0) return fail(vm, vm.types.ValueError, "slice step cannot be zero");
    step = std::max(step, -INT64_MAX);
  }
  start = step < 0 ? length - 1 : 0;
  stop = step < 0 ? -1 : length;
  auto bound = [&](Value v, int64_t& out) {
    if (v.is_none()) return true;
    if (!index(v, out)) return false;
    if (out < 0) out = std::max<int64_t>(out + length, step < 0 ? -1 : 0);
    out = std::min(out, step < 0 ? length - 1 : length);
    return true;
  };
  if (!bound(s->start, start) || !bound(s->stop, stop)) return false;
  count = 0;
  if (step > 0 && start < stop) count = (stop - start - 1) / step + 1;
  if (step < 0 && start > stop) count = (start - stop - 1) / -step + 1;
  return true;
}

Value make_range_iterator(VM& vm, int64_t next, int64_t stop, int64_t step) {
  return make_iterator(vm, next, step, items_left(next, stop, step));
}

void init_range(VM& vm) {
  Type* t = vm.types.range;
  t->instance_size = sizeof(Range);
  t->is_final = true;
  t->is_gc = true;
  t->slots.dealloc = dealloc;
  t->slots.repr = repr_slot;
  t->slots.hash = [](VM& v, Value self, uint64_t& out) {
    Ref key(key_of(v, self_of(self)));
    return hash(v, *key, out);
  };
  t->slots.compare = compare_slot;
  t->slots.truth = [](VM&, Value self) -> int { return !self_of(self)->length.same(Value::integer(0)); };
  t->slots.length = [](VM& v, Value self) -> int64_t {
    int64_t n;
    return to_int64(v, self_of(self)->length, n, "Python int too large to convert to C ssize_t") ? n : -1;
  };
  t->slots.get_item = get_item_slot;
  t->slots.contains = contains_slot;
  t->slots.iter = iter_slot;
  t->slots.create = create;
  finish_type(vm, t, {.methods = kMethods, .getset = kFields});

  Type* it = vm.types.range_iterator;
  it->instance_size = sizeof(RangeIterator);
  it->is_final = true;
  it->slots.next = iterator_next;
  finish_type(vm, it, {.methods = kIteratorMethods});

  Type* lit = vm.types.long_range_iterator;
  lit->instance_size = sizeof(LongRangeIterator);
  lit->is_final = true;
  lit->slots.dealloc = [](VM&, Object* o) {
    auto* i = static_cast<LongRangeIterator*>(o);
    release(i->next);
    release(i->step);
    release(i->left);
  };
  lit->slots.next = long_next;
  finish_type(vm, lit);

  Type* s = vm.types.slice;
  s->instance_size = sizeof(Slice);
  s->is_final = s->is_gc = true;
  s->slots.dealloc = [](VM&, Object* o) {
    auto* x = static_cast<Slice*>(o);
    release(x->start);
    release(x->stop);
    release(x->step);
  };
  s->slots.traverse = [](Object* o, void (*visit)(Value, void*), void* context) {
    auto* x = static_cast<Slice*>(o);
    visit(x->start, context);
    visit(x->stop, context);
    visit(x->step, context);
  };
  s->slots.repr = [](VM& v, Value self) {
    auto* x = as<Slice>(self);
    std::string out = "slice(";
    if (!repr_to(v, x->start, out)) return Value::error();
    out += ", ";
    if (!repr_to(v, x->stop, out)) return Value::error();
    out += ", ";
    if (!repr_to(v, x->step, out)) return Value::error();
    return make_str(v, out + ")");
  };
  s->slots.hash = unhashable;
  s->slots.compare = [](VM& v, CompareOp op, Value self, Value other) {
    if (!is_kind(other, Kind::Slice)) return Value::not_implemented();
    auto *a = as<Slice>(self), *b = as<Slice>(other);
    Ref x(make_tuple(v, {a->start, a->stop, a->step})), y(make_tuple(v, {b->start, b->stop, b->step}));
    return compare(v, op, *x, *y);
  };
  s->compares_order = true;
  s->slots.create = slice_create;
  finish_type(vm, s, {.methods = kSliceMethods, .getset = kSliceFields});
}

}  // namespace tsvm::vm

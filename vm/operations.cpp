// Operators, names, items and containers as instructions (see vm/operations.h).
#include "vm/operations.h"

#include <charconv>
#include <cmath>

#include "base/check.h"
#include "ops/fusion/group.h"
#include "ops/tensor/error.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/op_dispatch.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

Value in(Frame* f, uint16_t id) { return f->regs[id & kRegisterMask]; }
const Value& in_place(Frame* f, uint16_t id) { return f->regs[id & kRegisterMask]; }

const ExtensionWord& extension(const Instr* pc) { return *reinterpret_cast<const ExtensionWord*>(pc + 1); }
const uint16_t* list_ids(const Instr* pc) { return reinterpret_cast<const uint16_t*>(pc + 1); }

uint32_t wide(const Instr* pc) { return static_cast<uint32_t>(pc->b) | static_cast<uint32_t>(pc->c) << 16; }

// Stores a result after releasing the operands b and c.
bool result2(Frame* f, const Instr* pc, Value v) {
  if (v.is_error()) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->c);
  f->regs[pc->a] = v;
  return true;
}
bool result1(Frame* f, const Instr* pc, Value v) {
  if (v.is_error()) return false;
  drop_operand(f->regs, pc->b);
  f->regs[pc->a] = v;
  return true;
}

// float with int, either way: what the loop leaves out.
bool mixed(Value x, Value y, double& a, double& b) {
  constexpr int64_t kExact = int64_t{1} << 53;
  if (x.is_float() && y.is_int()) {
    if (y.i > kExact || y.i < -kExact) return false;
    a = x.d;
    b = static_cast<double>(y.i);
    return true;
  }
  if (x.is_int() && y.is_float()) {
    if (x.i > kExact || x.i < -kExact) return false;
    a = static_cast<double>(x.i);
    b = y.d;
    return true;
  }
  return false;
}

bool quick_arith(ir::ArithOp op, Value x, Value y, Value& out) {
  double a, b;
  if (!mixed(x, y, a, b)) {
    constexpr int64_t kExact = int64_t{1} << 53;
    if (op != ir::ArithOp::TrueDiv || !x.is_int() || !y.is_int()) return false;
    if (x.i > kExact || x.i < -kExact || y.i > kExact || y.i < -kExact) return false;
    a = static_cast<double>(x.i);
    b = static_cast<double>(y.i);
  }
  switch (op) {
    case ir::ArithOp::Add: out = Value::number(a + b); return true;
    case ir::ArithOp::Sub: out = Value::number(a - b); return true;
    case ir::ArithOp::Mul: out = Value::number(a * b); return true;
    case ir::ArithOp::TrueDiv:
      if (b == 0) return false;
      out = Value::number(a / b);
      return true;
    default: return false;
  }
}

}  // namespace

bool poll(VM& vm) { return handle_interrupt(vm); }

// --- operators ---

bool op_binary(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op) {
  Value x = in(f, pc->b), y = in(f, pc->c), out;
  if (quick_arith(op, x, y, out)) {
    f->regs[pc->a] = out;
    return true;
  }
  return result2(f, pc, binary(vm, op, x, y));
}

bool op_binary_int(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op) {
  return result1(f, pc, binary(vm, op, in(f, pc->b), Value::integer(static_cast<int16_t>(pc->c))));
}

bool op_inplace(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op) {
  Value x = in(f, pc->b), y = in(f, pc->c), out;
  if (quick_arith(op, x, y, out)) {
    f->regs[pc->a] = out;
    return true;
  }
  return result2(f, pc, inplace(vm, op, x, y));
}

bool op_inplace_int(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op) {
  Value x = in(f, pc->b), y = Value::integer(static_cast<int16_t>(pc->c)), out;
  if (quick_arith(op, x, y, out)) {
    f->regs[pc->a] = out;
    return true;
  }
  return result1(f, pc, inplace(vm, op, x, y));
}

bool op_unary(VM& vm, Frame* f, const Instr* pc, ir::UnaryOp op) { return result1(f, pc, unary(vm, op, in(f, pc->b))); }

bool op_compare(VM& vm, Frame* f, const Instr* pc, ir::CompareOp op) {
  return result2(f, pc, compare(vm, op, in(f, pc->b), in(f, pc->c)));
}

namespace {

int truth_of_result(VM& vm, Value v) {
  if (v.is_error()) return -1;
  if (v.is_bool()) return static_cast<int>(v.i);
  int t = truth(vm, v);
  release(v);
  return t;
}

}  // namespace

int op_compare_truth(VM& vm, Frame* f, const Instr* pc, ir::CompareOp op) {
  int t = truth_of_result(vm, compare(vm, op, in(f, pc->a), in(f, pc->b)));
  if (t < 0) return t;
  drop_operand(f->regs, pc->a);
  drop_operand(f->regs, pc->b);
  return t;
}

int op_compare_int_truth(VM& vm, Frame* f, const Instr* pc, ir::CompareOp op) {
  int t = truth_of_result(vm, compare(vm, op, in(f, pc->a), Value::integer(static_cast<int16_t>(pc->b))));
  if (t < 0) return t;
  drop_operand(f->regs, pc->a);
  return t;
}

int op_truth(VM& vm, Frame* f, uint16_t id) {
  int t = truth(vm, in(f, id));
  if (t >= 0) drop_operand(f->regs, id);
  return t;
}

// --- names ---

bool op_unbound_local(VM& vm, Frame* f, uint32_t name) {
  (void)raise(vm, vm.types.UnboundLocalError,
              "cannot access local variable '%s' where it is not associated with a value", f->state->names[name]->data);
  return false;
}

bool op_load_cell(VM& vm, Frame* f, const Instr*, Value cell, uint32_t name) {
  for (uint32_t i = 0; i < f->function->closure_size; i++)
    if (f->function->closure[i].same(cell)) {
      (void)raise(vm, vm.types.NameError,
                  "cannot access free variable '%s' where it is not associated with a value in enclosing scope",
                  f->state->names[name]->data);
      return false;
    }
  return op_unbound_local(vm, f, name);
}

namespace {

bool name_error(VM& vm, Str* name) {
  (void)raise(vm, vm.types.NameError, "name '%s' is not defined", name->data);
  auto* e = as<Exception>(vm.pending);
  if (is_kind(vm.pending, Kind::Exception) && e->extra_count > 0 && e->extra[0].is_unbound())
    e->extra[0] = new_ref(Value::object(name));
  return false;
}

Value find_global_borrow(VM& vm, Frame* f, Str* name) {
  Value v = dict_get_borrow(f->globals, name);
  return v.is_unbound() ? dict_get_borrow(vm.builtins, name) : v;
}

Cache& cache_of(Frame* f, const Instr* pc) { return f->state->caches[static_cast<uint32_t>(extension(pc).low)]; }

}  // namespace

bool op_load_global(VM& vm, Frame* f, const Instr* pc) {
  Str* name = f->state->names[wide(pc)];
  Cache& c = cache_of(f, pc);
  Dict* d = f->globals;
  int64_t i = dict_find(d, name);
  c.key = d->keys_version;
  if (i >= 0) {
    c.kind = Cache::Global;
  } else {
    d = vm.builtins;
    i = dict_find(d, name);
    if (i < 0) {
      c.kind = Cache::Empty;
      return name_error(vm, name);
    }
    c.kind = Cache::Builtin;
    c.key2 = d->keys_version;
  }
  c.index = static_cast<uint32_t>(i);
  f->regs[pc->a] = new_ref(d->entries[i].value);
  return true;
}

bool op_store_global(VM& vm, Frame* f, const Instr* pc) {
  Str* name = f->state->names[wide(pc)];
  dict_set(vm, f->globals, name, in(f, pc->a));
  drop_operand(f->regs, pc->a);
  Cache& c = cache_of(f, pc);
  int64_t i = dict_find(f->globals, name);
  if (i >= 0) {
    c.kind = Cache::Global;
    c.key = f->globals->keys_version;
    c.index = static_cast<uint32_t>(i);
  }
  return true;
}

bool op_delete_global(VM& vm, Frame* f, const Instr* pc) {
  Str* name = f->state->names[wide(pc)];
  return dict_delete(vm, f->globals, name) || name_error(vm, name);
}

bool op_load_name(VM& vm, Frame* f, const Instr* pc) {
  Str* name = f->state->names[pc->c];
  Value ns = in(f, pc->b);
  Value v;
  if (is_kind(ns, Kind::Dict)) {
    v = new_ref(dict_get_borrow(as<Dict>(ns), name));
  } else {
    v = get_item(vm, ns, Value::object(name));
    if (v.is_error()) {
      if (!clear_pending_if(vm, vm.types.KeyError)) return false;
      v = Value();
    }
  }
  if (v.is_unbound()) v = new_ref(find_global_borrow(vm, f, name));
  if (v.is_unbound()) return name_error(vm, name);
  return result1(f, pc, v);
}

bool op_load_name_cell(VM& vm, Frame* f, const Instr* pc) {
  Str* name = f->state->names[static_cast<uint32_t>(extension(pc).low)];
  Value ns = in(f, pc->b), cell = in(f, pc->c);
  Value v = is_kind(ns, Kind::Dict) ? dict_get_borrow(as<Dict>(ns), name) : Value();
  if (v.is_unbound()) v = as<Cell>(cell)->value;
  if (v.is_unbound()) {
    (void)raise(vm, vm.types.NameError,
                "cannot access free variable '%s' where it is not associated with a value in enclosing scope",
                name->data);
    return false;
  }
  return result2(f, pc, new_ref(v));
}

bool op_store_name(VM& vm, Frame* f, const Instr* pc) {
  Value ns = in(f, pc->a);
  Str* name = f->state->names[pc->c];
  if (is_kind(ns, Kind::Dict) && ns.o->type == vm.types.dict)
    dict_set(vm, as<Dict>(ns), name, in(f, pc->b));
  else if (!set_item(vm, ns, Value::object(name), in(f, pc->b)))
    return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_delete_name(VM& vm, Frame* f, const Instr* pc) {
  Value ns = in(f, pc->a);
  Str* name = f->state->names[pc->b];
  bool found =
      is_kind(ns, Kind::Dict) ? dict_delete(vm, as<Dict>(ns), name) : set_item(vm, ns, Value::object(name), Value());
  if (!found) {
    if (!vm.pending.is_unbound() && !clear_pending_if(vm, vm.types.KeyError)) return false;
    return name_error(vm, name);
  }
  drop_operand(f->regs, pc->a);
  return true;
}

// --- items ---

namespace {

Value load_item(VM& vm, Value object, Value key) {
  if (object.tag == Tag::Object && object.o->type == vm.types.dict) {
    Value v = dict_get_borrow(vm, as<Dict>(object), key);
    if (v.is_error()) return v;
    return v.is_unbound() ? raise_key_error(vm, key) : new_ref(v);
  }
  return get_item(vm, object, key);
}

}  // namespace

bool op_load_item(VM& vm, Frame* f, const Instr* pc) {
  Value v = load_item(vm, in(f, pc->b), in(f, pc->c));
  cache_of(f, pc).seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(v.tag));
  return result2(f, pc, v);
}

bool op_load_item_int(VM& vm, Frame* f, const Instr* pc) {
  Value v = load_item(vm, in(f, pc->b), Value::integer(static_cast<int16_t>(pc->c)));
  cache_of(f, pc).seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(v.tag));
  return result1(f, pc, v);
}

bool op_store_item(VM& vm, Frame* f, const Instr* pc) {
  Value object = in(f, pc->a), key = in(f, pc->b), value = in(f, pc->c);
  bool ok = object.tag == Tag::Object && object.o->type == vm.types.dict ? dict_set(vm, as<Dict>(object), key, value)
                                                                         : set_item(vm, object, key, value);
  if (!ok) return false;
  drop_operand(f->regs, pc->c);
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_delete_item(VM& vm, Frame* f, const Instr* pc) {
  if (!set_item(vm, in(f, pc->a), in(f, pc->b), Value())) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

// --- iteration and containers ---

bool op_get_iter(VM& vm, Frame* f, const Instr* pc) { return result1(f, pc, get_iter(vm, in(f, pc->b))); }

namespace {

// The items of an iterable, owned; exactly n, or at least n with `rest`.
bool unpack(VM& vm, Value v, uint32_t n, bool at_least, std::vector<Ref>& items) {
  Type* type = type_of(vm, v);
  if (!type->slots.iter && !is_kind(v, Kind::Tuple) && !is_kind(v, Kind::List) &&
      lookup_in_type_borrow(type, vm.names.iter).is_unbound() &&
      lookup_in_type_borrow(type, vm.names.getitem).is_unbound() && v.tag != Tag::Tensor)
    return fail(vm, vm.types.TypeError, "cannot unpack non-iterable %s object", type->name->data);
  Ref it(get_iter(vm, v));
  if (it.is_error()) return false;
  for (;;) {
    Ref item(iter_next(vm, *it));
    if (item.is_error()) return false;
    if (item->is_unbound()) break;
    if (!at_least && items.size() == n)
      return fail(vm, vm.types.ValueError, "too many values to unpack (expected %u)", n);
    items.push_back(std::move(item));
  }
  if (items.size() < n)
    return fail(vm, vm.types.ValueError, "not enough values to unpack (expected %s%u, got %zu)",
                at_least ? "at least " : "", n, items.size());
  return true;
}

Value tuple_of(VM& vm, std::vector<Ref>& items) {
  Tuple* t = new_tuple(vm, items.size());
  for (size_t i = 0; i < items.size(); i++) t->items[i] = items[i].take();
  return Value::object(t);
}

}  // namespace

bool op_unpack(VM& vm, Frame* f, const Instr* pc) {
  Value v = in(f, pc->b);
  if (is_kind(v, Kind::Tuple) && v.o->type == vm.types.tuple && as<Tuple>(v)->size == pc->c)
    return result1(f, pc, new_ref(v));
  std::vector<Ref> items;
  if (!unpack(vm, v, pc->c, false, items)) return false;
  return result1(f, pc, tuple_of(vm, items));
}

bool op_unpack_to(VM& vm, Frame* f, const Instr* pc) {
  uint32_t n = pc->c;
  Value v = in(f, pc->b);
  const uint16_t* ids = list_ids(pc);
  auto store = [&](auto&& get) {
    // All items are taken before the source is released, which is before results are written: a result may be in the
    // source's register.
    Value small[16];
    std::vector<Value> large;
    Value* items = small;
    if (n > 16) {
      large.resize(n);
      items = large.data();
    }
    for (uint32_t i = 0; i < n; i++) items[i] = ids[i] == kNoRegister ? Value() : get(i);
    drop_operand(f->regs, pc->b);
    for (uint32_t i = 0; i < n; i++)
      if (ids[i] != kNoRegister) f->regs[ids[i]] = items[i];
    return true;
  };
  if (is_kind(v, Kind::Tuple) && v.o->type == vm.types.tuple && as<Tuple>(v)->size == n)
    return store([&](uint32_t i) { return new_ref(as<Tuple>(v)->items[i]); });
  if (is_kind(v, Kind::List) && v.o->type == vm.types.list && as<List>(v)->size == n)
    return store([&](uint32_t i) { return list_get(as<List>(v), i); });
  std::vector<Ref> items;
  if (!unpack(vm, v, n, false, items)) return false;
  return store([&](uint32_t i) { return items[i].take(); });
}

bool op_unpack_star(VM& vm, Frame* f, const Instr* pc) {
  auto before = static_cast<uint32_t>(extension(pc).low);
  uint32_t after = extension(pc).high;
  std::vector<Ref> items;
  if (!unpack(vm, in(f, pc->b), before + after, true, items)) return false;
  std::vector<Value> middle;
  for (size_t i = before; i < items.size() - after; i++) middle.push_back(*items[i]);
  Tuple* t = new_tuple(vm, before + 1 + after);
  for (uint32_t i = 0; i < before; i++) t->items[i] = items[i].take();
  t->items[before] = make_list(vm, middle);
  for (uint32_t i = 0; i < after; i++) t->items[before + 1 + i] = items[items.size() - after + i].take();
  return result1(f, pc, Value::object(t));
}

bool op_make_tuple(VM& vm, Frame* f, const Instr* pc) {
  const uint16_t* ids = list_ids(pc);
  Tuple* t = new_tuple(vm, pc->c);
  for (uint32_t i = 0; i < pc->c; i++) t->items[i] = take_operand(f->regs, ids[i]);
  f->regs[pc->a] = Value::object(t);
  return true;
}

bool op_make_list(VM& vm, Frame* f, const Instr* pc) {
  const uint16_t* ids = list_ids(pc);
  Value list = make_list(vm);
  if (pc->c) list_reserve(vm, as<List>(list), pc->c);
  for (uint32_t i = 0; i < pc->c; i++) list_append(vm, as<List>(list), in(f, ids[i]));
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = list;
  return true;
}

bool op_make_set(VM& vm, Frame* f, const Instr* pc) {
  const uint16_t* ids = list_ids(pc);
  Ref set(make_set(vm));
  for (uint32_t i = 0; i < pc->c; i++)
    if (!set_add(vm, as<Set>(*set), in(f, ids[i]))) return false;
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = set.take();
  return true;
}

bool op_make_dict(VM& vm, Frame* f, const Instr* pc) {
  const uint16_t* ids = list_ids(pc);
  Ref dict(make_dict(vm));
  for (uint32_t i = 0; i + 1 < pc->c; i += 2)
    if (!dict_set(vm, as<Dict>(*dict), in(f, ids[i]), in(f, ids[i + 1]))) return false;
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = dict.take();
  return true;
}

bool op_make_slice(VM& vm, Frame* f, const Instr* pc) {
  const uint16_t* ids = list_ids(pc);
  Value v = make_slice(vm, in(f, ids[0]), in(f, ids[1]), in(f, ids[2]));
  for (uint32_t i = 0; i < 3; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = v;
  return true;
}

bool op_list_append(VM& vm, Frame* f, const Instr* pc) {
  list_append(vm, as<List>(in(f, pc->a)), in(f, pc->b));
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_list_extend(VM& vm, Frame* f, const Instr* pc) {
  Value v = in(f, pc->b);
  Type* type = type_of(vm, v);
  if (!type->slots.iter && lookup_in_type_borrow(type, vm.names.iter).is_unbound() &&
      lookup_in_type_borrow(type, vm.names.getitem).is_unbound() && v.tag != Tag::Tensor)
    return fail(vm, vm.types.TypeError, "Value after * must be an iterable, not %s", type->name->data);
  if (!list_extend(vm, as<List>(in(f, pc->a)), v)) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_list_to_tuple(VM& vm, Frame* f, const Instr* pc) { return result1(f, pc, make_tuple_from(vm, in(f, pc->b))); }

bool op_set_add(VM& vm, Frame* f, const Instr* pc) {
  if (!set_add(vm, as<Set>(in(f, pc->a)), in(f, pc->b))) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_set_update(VM& vm, Frame* f, const Instr* pc) {
  if (!set_update(vm, as<Set>(in(f, pc->a)), in(f, pc->b))) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_dict_set(VM& vm, Frame* f, const Instr* pc) {
  if (!dict_set(vm, as<Dict>(in(f, pc->a)), in(f, pc->b), in(f, pc->c))) return false;
  drop_operand(f->regs, pc->c);
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_dict_update(VM& vm, Frame* f, const Instr* pc) {
  Value v = in(f, pc->b);
  if (!is_kind(v, Kind::Dict)) {
    Ref keys(get_attr_or_unbound(vm, v, vm.names.keys));
    if (keys.is_error()) return false;
    if (keys->is_unbound())
      return fail(vm, vm.types.TypeError, "'%s' object is not a mapping", type_of(vm, v)->name->data);
  }
  if (!dict_update(vm, as<Dict>(in(f, pc->a)), v)) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_format_value(VM& vm, Frame* f, const Instr* pc) {
  if (Value v = in(f, pc->b); v.is_int() && pc->c == kNoRegister) {
    char text[24];
    char* end = std::to_chars(text, text + sizeof text, v.i).ptr;
    f->regs[pc->a] = make_ascii(vm, {text, static_cast<size_t>(end - text)});
    return true;
  }
  Ref v = Ref::copy(in(f, pc->b));
  switch (extension(pc).low) {
    case 's': v = Ref(str(vm, *v)); break;
    case 'r': v = Ref(repr(vm, *v)); break;
    case 'a': v = Ref(ascii(vm, *v)); break;
    default: break;
  }
  if (v.is_error()) return false;
  Value out;
  if (pc->c == kNoRegister)
    out = is_str(*v) && v->o->type == vm.types.str ? new_ref(*v) : format(vm, *v, std::string_view());
  else
    out = format(vm, *v, in(f, pc->c));
  if (out.is_error()) return false;
  drop_operand(f->regs, pc->b);
  if (pc->c != kNoRegister) drop_operand(f->regs, pc->c);
  f->regs[pc->a] = out;
  return true;
}

bool op_build_string(VM& vm, Frame* f, const Instr* pc) {
  const uint16_t* ids = list_ids(pc);
  size_t size = 0;
  for (uint32_t i = 0; i < pc->c; i++) size += as<Str>(in(f, ids[i]))->size;
  Str* s = new_str(vm, size);
  char* out = s->data;
  for (uint32_t i = 0; i < pc->c; i++) {
    auto* part = as<Str>(in(f, ids[i]));
    std::memcpy(out, part->data, part->size);
    out += part->size;
  }
  finish_str(s);
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = Value::object(s);
  return true;
}

// --- exceptions ---

int op_match_exception(VM& vm, Frame*, Value exception, Value type) {
  bool matches;
  return exception_matches(vm, exception, type, matches) ? matches : -1;
}

bool op_raise(VM& vm, Frame* f, const Instr* pc) {
  Value cause = pc->b == kNoRegister ? Value() : in(f, pc->b);
  (void)raise_value(vm, in(f, pc->a), cause);
  return false;
}

// --- typed operations ---

namespace {

double raw_double(Frame* f, uint16_t id) {
  double d;
  std::memcpy(&d, &f->raws[id], 8);
  return d;
}

}  // namespace

bool op_arith_i64(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op) {
  auto x = static_cast<int64_t>(f->raws[pc->b]), y = static_cast<int64_t>(f->raws[pc->c]);
  uint64_t& out = f->raws[pc->a];
  switch (op) {
    case ir::ArithOp::FloorDiv:
    case ir::ArithOp::Mod: {
      if (y == 0) return fail(vm, vm.types.ZeroDivisionError, "integer division or modulo by zero");
      if (y == -1) {
        out = op == ir::ArithOp::Mod ? 0 : -static_cast<uint64_t>(x);
        return true;
      }
      int64_t q = x / y, r = x % y;
      if (r != 0 && (r ^ y) < 0) {
        q--;
        r += y;
      }
      out = static_cast<uint64_t>(op == ir::ArithOp::Mod ? r : q);
      return true;
    }
    case ir::ArithOp::Pow: {
      if (y < 0) return fail(vm, vm.types.ValueError, "negative power of an int has no int result");
      uint64_t base = static_cast<uint64_t>(x), result = 1;
      for (; y; y >>= 1, base *= base)
        if (y & 1) result *= base;
      out = result;
      return true;
    }
    case ir::ArithOp::LShift:
    case ir::ArithOp::RShift:
      if (y < 0) return fail(vm, vm.types.ValueError, "negative shift count");
      if (op == ir::ArithOp::LShift)
        out = y >= 64 ? 0 : static_cast<uint64_t>(x) << y;
      else
        out = static_cast<uint64_t>(x >> (y >= 64 ? 63 : y));
      return true;
    default: TSVM_UNREACHABLE("operation on raw ints");
  }
}

bool op_arith_f64(VM& vm, Frame* f, const Instr* pc, ir::ArithOp op) {
  // The language's own rules for floats.
  Value v = binary(vm, op, Value::number(raw_double(f, pc->b)), Value::number(raw_double(f, pc->c)));
  if (v.is_error()) return false;
  if (!v.is_float()) {
    release(v);
    return fail(vm, vm.types.ValueError, "the result is not a float");
  }
  f->raws[pc->a] = v.bits;
  return true;
}

bool op_f64_to_i64(VM& vm, Frame* f, const Instr* pc) {
  Ref v(make_int_from_double(vm, raw_double(f, pc->b)));
  int64_t out;
  if (v.is_error() || !to_int64(vm, *v, out)) return false;
  f->raws[pc->a] = static_cast<uint64_t>(out);
  return true;
}

bool op_call_op(VM& vm, Frame* f, const Instr* pc) {
  const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
  Value small[16];
  std::vector<Value> large;
  Value* args = small;
  if (pc->c > 16) {
    large.resize(pc->c);
    args = large.data();
  }
  for (uint32_t i = 0; i < pc->c; i++) args[i] = in(f, ids[i]);
  auto id = static_cast<uint32_t>(extension(pc).low);
  if (!vm.op_dispatch || id >= vm.op_dispatch->size || !vm.op_dispatch->thunks[id])
    return fail(vm, vm.types.NotImplementedError, "a tensor operator that is not part of this program");
  Value v = vm.op_dispatch->thunks[id](vm, args);
  if (v.is_error()) return false;
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = v;
  return true;
}

bool op_call_kernel(VM& vm, Frame* f, const Instr* pc) {
  const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
  ops::fusion::Group& group = *f->state->code->kernels[static_cast<uint32_t>(extension(pc).low)];
  ops::fusion::Argument args[ops::fusion::kMaxInputs];
  bool fits = vm.options.fuse && vm.op_dispatch != nullptr;
  for (uint32_t i = 0; i < pc->c; i++) {
    const Value& v = in_place(f, ids[i]);
    if (v.is_tensor())
      args[i].tensor = &reinterpret_cast<const ops::Tensor&>(v.t);
    else if (v.is_bool())
      args[i].number = ops::Scalar(v.is_true());
    else if (v.is_int())
      args[i].number = ops::Scalar(v.i);
    else if (v.is_float())
      args[i].number = ops::Scalar(v.d);
    else
      fits = false;
  }
  ops::Tensor results[ops::fusion::kMaxOutputs];
  try {
    fits = fits && group.run(args, results);
  } catch (const ops::Error& e) {
    (void)vm.op_dispatch->raise(vm, e);
    return false;
  }
  Value v = Value::none();
  if (fits && group.output_count() == 1) {
    v = Value::tensor(results[0].leak());
  } else if (fits) {
    Value items[ops::fusion::kMaxOutputs];
    const size_t n = group.output_count();
    for (size_t k = 0; k < n; k++) items[k] = Value::tensor(results[k].leak());
    v = make_tuple(vm, std::span<const Value>(items, n));
    for (size_t k = 0; k < n; k++) release(items[k]);
    if (v.is_error()) return false;
  }
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = v;
  return true;
}

}  // namespace tsvm::vm

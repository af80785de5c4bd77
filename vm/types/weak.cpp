// weakref.ref (see vm/weak.h).
#include <algorithm>

#include "vm/weak.h"

#include "vm/native.h"
#include "vm/tables.h"
#include "vm/types/common.h"
#include "vm/types/init.h"

namespace tsvm::vm {
namespace {

WeakReference* weak(Value v) { return as<WeakReference>(v); }

bool can_be_referenced(VM& vm, const Object* o) {
  switch (o->kind) {
    case Kind::Instance:
      // A class with __slots__ says there whether its instances can be referenced.
      return !o->type->is_heap || o->type->has_dict || !lookup_in_type_borrow(o->type, vm.names.weakref).is_unbound();
    case Kind::Function:
    case Kind::Type:
    case Kind::Module:
    case Kind::Set:
    case Kind::FrozenSet:
    case Kind::Generator:
    case Kind::BoundMethod:
    case Kind::Exception:
    case Kind::Native: return true;
    default: return o->type->is_heap;
  }
}

void dealloc(VM& vm, Object* o) {
  auto* w = static_cast<WeakReference*>(o);
  if (w->target) {
    auto it = vm.tables->weak.find(w->target);
    if (it != vm.tables->weak.end()) {
      std::erase(it->second, w);
      if (it->second.empty()) {
        w->target->flags &= static_cast<uint16_t>(~kWeakly);
        vm.tables->weak.erase(it);
      }
    }
  }
  release(w->callback);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<WeakReference*>(o)->callback, context);
}

Value target_of(Value self) { return weak(self)->target ? new_ref(Value::object(weak(self)->target)) : Value::none(); }

Value repr_slot(VM& vm, Value self) {
  if (!weak(self)->target) return make_str_format(vm, "<weakref at %p; dead>", static_cast<void*>(self.o));
  return make_str_format(vm, "<weakref at %p; to '%s' at %p>", static_cast<void*>(self.o),
                         weak(self)->target->type->name->data, static_cast<void*>(weak(self)->target));
}

Value compare_slot(VM& vm, ir::CompareOp op, Value self, Value other) {
  if ((op != ir::CompareOp::Eq && op != ir::CompareOp::Ne) || !is_subtype(type_of(vm, other), vm.types.weak_reference))
    return Value::not_implemented();
  bool same = self.same(other);
  if (weak(self)->target && weak(other)->target) {
    Ref a(target_of(self)), b(target_of(other));
    if (!equal(vm, *a, *b, same)) return Value::error();
  }
  return Value::boolean(same == (op == ir::CompareOp::Eq));
}

bool hash_slot(VM& vm, Value self, uint64_t& out) {
  WeakReference* w = weak(self);
  if (!w->hash) {
    if (!w->target) return fail(vm, vm.types.TypeError, "weak object has gone away");
    Ref target(target_of(self));
    if (!hash(vm, *target, w->hash)) return false;
  }
  out = w->hash;
  return true;
}

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "ref", keywords) || !arg_count(vm, "ref", args.size(), 1, 2)) return Value::error();
  return make_weak_reference(vm, type, args[0], args.size() > 1 ? args[1] : Value::none());
}

}  // namespace

Value make_weak_reference(VM& vm, Type* type, Value target, Value callback) {
  if (!target.is_object() || !can_be_referenced(vm, target.o))
    return raise(vm, vm.types.TypeError, "cannot create weak reference to '%s' object", type_name(vm, target));
  std::vector<WeakReference*>& known = vm.tables->weak[target.o];
  if (callback.is_none())
    for (WeakReference* w : known)
      if (w->callback.is_none() && w->type == type) return new_ref(Value::object(w));
  auto* w = allocate_object<WeakReference>(vm, type, Kind::Native, type->instance_size);
  w->target = target.o;
  w->callback = new_ref(callback);
  finish_instance(vm, w);
  vm.heap.track(w);
  vm.tables->weak[target.o].push_back(w);
  target.o->flags |= kWeakly;
  return Value::object(w);
}

std::vector<WeakReference*> weak_references_to(VM& vm, Object* o) {
  auto it = vm.tables->weak.find(o);
  return it == vm.tables->weak.end() ? std::vector<WeakReference*>() : it->second;
}

void clear_weak_references(VM& vm, Object* target) {
  auto it = vm.tables->weak.find(target);
  if (it == vm.tables->weak.end()) return;
  std::vector<Ref> dead;
  for (WeakReference* w : it->second) {
    w->target = nullptr;
    dead.push_back(Ref::copy(Value::object(w)));
  }
  vm.tables->weak.erase(it);
  target->flags &= static_cast<uint16_t>(~kWeakly);
  for (Ref& w : dead) {
    Ref callback = Ref::copy(weak(*w)->callback);
    if (callback->is_none()) continue;
    Ref saved(take_pending(vm));
    Ref done(call(vm, *callback, {*w}));
    if (done.is_error()) report_unraisable(vm, "weakref callback", *callback);
    vm.pending = saved.take();
  }
}

void init_weak(VM& vm) {
  Type* t = vm.types.weak_reference;
  t->instance_kind = Kind::Native;
  t->instance_size = sizeof(WeakReference);
  t->is_gc = true;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.repr = repr_slot;
  t->slots.compare = compare_slot;
  t->slots.hash = hash_slot;
  t->slots.call = [](VM& v, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
    if (!no_keywords(v, "weakref", keywords) || !arg_count(v, "weakref", args.size(), 0, 0)) return Value::error();
    return target_of(self);
  };
  t->slots.create = create;
  finish_type(vm, t);
}

}  // namespace tsvm::vm

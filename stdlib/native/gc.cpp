// `gc`: the cycle collector; `_weakref`: weak references.
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/weak.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

const NativeDef kFunctions[] = {
    {"collect(generation=2)",
     [](VM& vm, const Value* a) {
       int64_t generation;
       if (!arg_int(vm, a[0], generation)) return Value::error();
       if (generation < 0 || generation > 2) return raise(vm, vm.types.ValueError, "invalid generation");
       return Value::integer(static_cast<int64_t>(vm.heap.collect_all()));
     },
     "Frees what only cycles keep alive; gives the number of objects."},
    {"enable()",
     [](VM& vm, const Value*) {
       vm.heap.enabled = true;
       return Value::none();
     }},
    {"disable()",
     [](VM& vm, const Value*) {
       vm.heap.enabled = false;
       return Value::none();
     }},
    {"isenabled()", [](VM& vm, const Value*) { return Value::boolean(vm.heap.enabled); }},
    {"is_tracked(object, /)",
     [](VM&, const Value* a) { return Value::boolean(a[0].is_object() && (a[0].o->flags & kTracked)); }},
    {"get_objects(generation=None)",
     [](VM& vm, const Value*) {
       std::vector<Ref> found;
       vm.heap.each([&](GcObject* o) {
         if (o->refs > 0 && !(o->flags & kDying)) found.push_back(Ref::copy(Value::object(o)));
       });
       Ref list(make_list(vm));
       for (Ref& item : found) list_append(vm, as<List>(*list), *item);
       return list.take();
     }},
    {"get_count()",
     [](VM& vm, const Value*) {
       return make_tuple(
           vm, {Value::integer(static_cast<int64_t>(vm.heap.tracked())), Value::integer(0), Value::integer(0)});
     }},
    {"get_threshold()",
     [](VM& vm, const Value*) {
       return make_tuple(
           vm, {Value::integer(static_cast<int64_t>(Heap::kYoungThreshold)), Value::integer(10), Value::integer(10)});
     }},
    {"set_threshold(threshold0, threshold1=10, threshold2=10, /)",
     [](VM& vm, const Value* a) {
       int64_t n;
       if (!arg_int(vm, a[0], n)) return Value::error();
       vm.heap.enabled = n != 0;
       return Value::none();
     }},
    {"freeze()", [](VM&, const Value*) { return Value::none(); }},
    {"unfreeze()", [](VM&, const Value*) { return Value::none(); }},
    {"get_freeze_count()", [](VM&, const Value*) { return Value::integer(0); }},
};

const NativeDef kWeakFunctions[] = {
    {"references(object, /)",
     [](VM& vm, const Value* a) {
       Ref list(make_list(vm));
       if (a[0].is_object())
         for (WeakReference* r : weak_references_to(vm, a[0].o)) list_append(vm, as<List>(*list), Value::object(r));
       return list.take();
     }},
};

}  // namespace

Value make_gc(VM& vm) {
  ModuleBuilder m(vm, "gc");
  m.functions(kFunctions).constant("garbage", make_list(vm)).constant("callbacks", make_list(vm));
  return m.take();
}

Value make_weakref(VM& vm) {
  ModuleBuilder m(vm, "_weakref");
  m.functions(kWeakFunctions).constant("ref", new_ref(Value::object(vm.types.weak_reference)));
  return m.take();
}

}  // namespace tsvm::stdlib

// Calling values.
#include "vm/native.h"
#include "vm/native_call.h"
#include "vm/special.h"
#include "vm/types/common.h"

namespace tsvm::vm {

using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

StackGuard::StackGuard(VM& vm, const char* where) {
  char here;
  failed_ = &here < vm.stack_limit;
  if (failed_) fail(vm, vm.types.RecursionError, "maximum recursion depth exceeded%s", where);
}

Value call(VM& vm, Value callee, Args args, Keywords keywords) {
  StackGuard guard(vm, " while calling a Python object");
  if (guard.failed()) return Value::error();
  if (callee.is_object()) {
    Object* o = callee.o;
    switch (o->kind) {
      case Kind::Function: {
        if (!vm.callbacks.call_function)
          return raise(vm, vm.types.NotImplementedError, "this VM has no interpreter to call functions with");
        Ref hold = Ref::copy(callee);
        return vm.callbacks.call_function(vm, static_cast<Function*>(o), args, keywords);
      }
      case Kind::NativeFunction: {
        Ref hold = Ref::copy(callee);
        if (Type* owner = owner_of_new(vm, callee)) return call_new(vm, owner, args, keywords);
        return call_native(vm, static_cast<NativeFunction*>(o), args, keywords);
      }
      case Kind::BoundMethod: {
        auto* m = static_cast<BoundMethod*>(o);
        Ref hold = Ref::copy(callee);
        if (args.size() < 8) {
          Value with[9];
          with[0] = m->self;
          for (size_t i = 0; i < args.size(); i++) with[i + 1] = args[i];
          return call(vm, m->function, Args(with, args.size() + 1), keywords);
        }
        std::vector<Value> with{m->self};
        with.insert(with.end(), args.begin(), args.end());
        return call(vm, m->function, with, keywords);
      }
      default: break;
    }
  }
  Type* t = type_of(vm, callee);
  if (!t->slots.call) return raise(vm, vm.types.TypeError, "'%s' object is not callable", t->name->data);
  Ref hold = Ref::copy(callee);
  return t->slots.call(vm, callee, args, keywords);
}

Value call_method(VM& vm, Value object, Str* name, Args args, Keywords keywords) {
  bool bound;
  Ref callee(load_method(vm, object, name, bound));
  if (callee.is_error()) return Value::error();
  if (bound) return call(vm, *callee, args, keywords);
  if (args.size() < 8) {
    Value with[9];
    with[0] = object;
    for (size_t i = 0; i < args.size(); i++) with[i + 1] = args[i];
    return call(vm, *callee, Args(with, args.size() + 1), keywords);
  }
  std::vector<Value> with{object};
  with.insert(with.end(), args.begin(), args.end());
  return call(vm, *callee, with, keywords);
}

Value call_method(VM& vm, Value object, std::string_view name, Args args) {
  Ref n(Value::object(vm.intern(name)));
  return call_method(vm, object, as<Str>(*n), args);
}

Value call_with(VM& vm, Value callee, Value args, Value kwargs) {
  std::vector<Ref> values;
  std::vector<Str*> names;
  std::vector<Ref> interned;
  if (is_kind(args, Kind::Tuple)) {
    for (Value v : as<Tuple>(args)->span()) values.push_back(Ref::copy(v));
  } else if (!for_each(vm, args, [&](Value v) {
               values.push_back(Ref::copy(v));
               return true;
             })) {
    return Value::error();
  }
  if (!kwargs.is_none()) {
    uint32_t position = 0;
    while (DictEntry* e = dict_next(as<Dict>(kwargs), position)) {
      if (!is_str(e->key)) return raise(vm, vm.types.TypeError, "keywords must be strings");
      interned.emplace_back(Value::object(vm.intern(as<Str>(e->key))));
      names.push_back(as<Str>(*interned.back()));
      values.push_back(Ref::copy(e->value));
    }
  }
  std::vector<Value> plain;
  for (Ref& r : values) plain.push_back(*r);
  return call(vm, callee, plain, names);
}

bool is_callable(VM& vm, Value v) {
  if (v.is_object() &&
      (v.o->kind == Kind::Function || v.o->kind == Kind::NativeFunction || v.o->kind == Kind::BoundMethod))
    return true;
  return type_of(vm, v)->slots.call != nullptr;
}

}  // namespace tsvm::vm

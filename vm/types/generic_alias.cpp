// list[int] and int | None: hints made from classes. They are never looked at when a program runs, but they print,
// compare and can be called (list[int]()) as CPython's do; a union works with isinstance.
#include <string>
#include <vector>

#include "vm/native.h"
#include "vm/types/common.h"
#include "vm/types/init.h"
#include "vm/types/type.h"

namespace tsvm::vm {
namespace {

/// A generic alias, or a union (whose origin is None).
struct Alias : GcObject {
  Value origin;
  Value args;  // tuple
};

Alias* alias(Value v) { return as<Alias>(v); }
bool is_alias(VM& vm, Value v) { return v.is_object() && v.o->type == vm.types.generic_alias; }
bool is_union(VM& vm, Value v) { return v.is_object() && v.o->type == vm.types.union_type; }

Value make(VM& vm, Type* type, Value origin, Value args) {
  auto* a = allocate_object<Alias>(vm, type, Kind::Native);
  a->origin = new_ref(origin);
  a->args = is_kind(args, Kind::Tuple) ? new_ref(args) : make_tuple(vm, {args});
  vm.heap.track(a);
  return Value::object(a);
}

void dealloc(VM&, Object* o) {
  release(static_cast<Alias*>(o)->origin);
  release(static_cast<Alias*>(o)->args);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<Alias*>(o)->origin, context);
  visit(static_cast<Alias*>(o)->args, context);
}

bool append_type(VM& vm, Value v, std::string& out) {
  if (v.tag == Tag::Ellipsis) {
    out += "...";
    return true;
  }
  if (v.is_none() || (v.is_object() && v.o == vm.types.none_type)) {
    out += "None";
    return true;
  }
  if (is_kind(v, Kind::Type)) {
    auto* t = as<Type>(v);
    if (is_str(t->module) && text_of(t->module) != "builtins") out.append(text_of(t->module)).append(".");
    out += t->qualified_name->view();
    return true;
  }
  if (is_kind(v, Kind::List)) {
    out += "[";
    bool first = true;
    for (Ref& item : list_snapshot(as<List>(v))) {
      if (!first) out += ", ";
      first = false;
      if (!append_type(vm, *item, out)) return false;
    }
    out += "]";
    return true;
  }
  return repr_to(vm, v, out);
}

Value repr_slot(VM& vm, Value self) {
  std::string out;
  bool as_union = is_union(vm, self);
  if (!as_union) {
    if (!append_type(vm, alias(self)->origin, out)) return Value::error();
    out += "[";
  }
  bool first = true;
  auto* args = as<Tuple>(alias(self)->args);
  if (!as_union && args->size == 0) out += "()";
  for (Value v : args->span()) {
    if (!first) out += as_union ? " | " : ", ";
    first = false;
    if (!append_type(vm, v, out)) return Value::error();
  }
  if (!as_union) out += "]";
  return make_str(vm, out);
}

Value compare_slot(VM& vm, ir::CompareOp op, Value self, Value other) {
  if ((op != ir::CompareOp::Eq && op != ir::CompareOp::Ne) || type_of(vm, other) != type_of(vm, self))
    return Value::not_implemented();
  bool same = false;
  if (is_union(vm, self)) {
    Ref a(make_set_from(vm, alias(self)->args, false)), b(make_set_from(vm, alias(other)->args, false));
    if (a.is_error() || b.is_error() || !equal(vm, *a, *b, same)) return Value::error();
  } else {
    bool origins = false;
    if (!equal(vm, alias(self)->origin, alias(other)->origin, origins) ||
        !equal(vm, alias(self)->args, alias(other)->args, same))
      return Value::error();
    same = same && origins;
  }
  return Value::boolean(same == (op == ir::CompareOp::Eq));
}

bool hash_slot(VM& vm, Value self, uint64_t& out) {
  if (is_union(vm, self)) {
    Ref set(make_set_from(vm, alias(self)->args, true));
    return !set.is_error() && hash(vm, *set, out);
  }
  uint64_t a, b;
  if (!hash(vm, alias(self)->origin, a) || !hash(vm, alias(self)->args, b)) return false;
  out = a ^ b;
  return true;
}

/// What an alias does not know itself is asked of its origin.
Value get_attr_slot(VM& vm, Value self, Str* name) {
  std::string_view n = name->view();
  if (n == "__origin__" && !is_union(vm, self)) return new_ref(alias(self)->origin);
  if (n == "__args__") return new_ref(alias(self)->args);
  if (n == "__parameters__") return make_tuple(vm, std::span<const Value>());
  if (is_union(vm, self) || n == "__class__" || n == "__mro_entries__" || n == "__reduce__" || n == "__reduce_ex__" ||
      n == "__copy__" || n == "__deepcopy__")
    return default_get_attr(vm, self, name);
  return get_attr_or_unbound(vm, alias(self)->origin, name);
}

Value call_slot(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  if (is_union(vm, self)) return raise(vm, vm.types.TypeError, "'types.UnionType' object is not callable");
  Ref origin = Ref::copy(alias(self)->origin);
  return call(vm, *origin, args, keywords);
}

const NativeDef kMethods[] = {
    {"__mro_entries__(self, bases, /)", [](VM& vm, const Value* a) { return make_tuple(vm, {alias(a[0])->origin}); }},
    {"__instancecheck__(self, instance, /)",
     [](VM& vm, const Value*) {
       return raise(vm, vm.types.TypeError, "isinstance() argument 2 cannot be a parameterized generic");
     }},
    {"__subclasscheck__(self, cls, /)",
     [](VM& vm, const Value*) {
       return raise(vm, vm.types.TypeError, "issubclass() argument 2 cannot be a parameterized generic");
     }},
};

const NativeDef kUnionMethods[] = {
    {"__instancecheck__(self, instance, /)",
     [](VM& vm, const Value* a) {
       int r = is_instance(vm, a[1], alias(a[0])->args);
       return r < 0 ? Value::error() : Value::boolean(r);
     }},
    {"__subclasscheck__(self, cls, /)",
     [](VM& vm, const Value* a) {
       int r = is_subclass(vm, a[1], alias(a[0])->args);
       return r < 0 ? Value::error() : Value::boolean(r);
     }},
};

bool unionable(VM& vm, Value v) { return v.is_none() || is_kind(v, Kind::Type) || is_alias(vm, v) || is_union(vm, v); }

Value binary_slot(VM& vm, ir::ArithOp, Value self, Value other, bool reflected) {
  return reflected ? make_union(vm, other, self) : make_union(vm, self, other);
}

}  // namespace

Value class_getitem(VM& vm, const Value* a) { return make(vm, vm.types.generic_alias, a[0], a[1]); }

Value make_union(VM& vm, Value left, Value right) {
  if (!unionable(vm, left) || !unionable(vm, right)) return Value::not_implemented();
  std::vector<Value> members;
  auto add = [&](Value v) {
    if (v.is_none()) v = Value::object(vm.types.none_type);
    for (Value known : members) {
      bool same = false;
      if (!equal(vm, known, v, same)) return false;
      if (same) return true;
    }
    members.push_back(v);
    return true;
  };
  for (Value v : {left, right}) {
    if (is_union(vm, v)) {
      for (Value member : as<Tuple>(alias(v)->args)->span())
        if (!add(member)) return Value::error();
    } else if (!add(v)) {
      return Value::error();
    }
  }
  if (members.size() == 1) return new_ref(members[0]);
  Ref args(make_tuple(vm, std::span<const Value>(members)));
  return make(vm, vm.types.union_type, Value::none(), *args);
}

void init_generic_alias(VM& vm) {
  Type* u = vm.types.union_type;
  release(u->module);
  u->module = Value::object(vm.intern("types"));
  release(Value::object(u->name));
  u->name = vm.intern("types.UnionType");
  for (Type* t : {vm.types.generic_alias, vm.types.union_type}) {
    t->instance_size = sizeof(Alias);
    t->is_gc = t->is_final = true;
    t->slots.dealloc = dealloc;
    t->slots.traverse = traverse;
    t->slots.repr = repr_slot;
    t->slots.compare = compare_slot;
    t->slots.hash = hash_slot;
    t->slots.get_attr = get_attr_slot;
    t->slots.call = call_slot;
    t->slots.binary = binary_slot;
    t->arith_ops = op_bit(ir::ArithOp::Or);
  }
  finish_type(vm, vm.types.generic_alias, {.methods = kMethods});
  finish_type(vm, vm.types.union_type, {.methods = kUnionMethods});
}

}  // namespace tsvm::vm

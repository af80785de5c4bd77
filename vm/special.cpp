// Special methods and slots.
//
// One table row per special method says which slot it stands for (its group), whether a native type defines that slot
// itself (then the type's dict gets a wrapper of it), and how a wrapper's call is made into a call of the slot.
// For a class of the language each group of rows is looked up in the mro: when everything found are wrappers of native
// types, the native slot is taken over as it is; as soon as one is a method of the language, the slot becomes a
// function of this file that looks the method up and calls it.
#include "vm/special.h"

#include "vm/native.h"
#include "vm/numbers.h"
#include "vm/types/common.h"
#include "vm/types/iterators.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;
using ir::UnaryOp;
using Args = std::span<const Value>;
using Keywords = std::span<Str* const>;

namespace {

enum class Group : uint8_t {
  Repr,
  Str,
  Format,
  Hash,
  Compare,
  Truth,
  Length,
  GetItem,
  SetItem,
  Contains,
  Iter,
  Next,
  Call,
  GetAttr,
  SetAttr,
  DescrGet,
  DescrSet,
  Binary,
  Inplace,
  Power,
  Divmod,
  Unary,
  Absolute,
  Index,
  ToInt,
  ToFloat,
  Init,
  New,
  Finalize,
  Count
};

}  // namespace

struct Special {
  Str* Names::*name;
  Group group;
  uint8_t op;        // ArithOp, CompareOp or UnaryOp
  uint8_t min, max;  // arguments after self; 255: any, with keywords
  bool (*defined)(const Type* t);
  const void* (*slot)(const Type* t);  // to tell an own slot from an inherited one
  Value (*invoke)(VM& vm, Type* owner, Value self, const Value* args, size_t n);
  Value (*invoke_any)(VM& vm, Type* owner, Value self, Args args, Keywords keywords);
};

namespace {

Value none_if(bool ok) { return ok ? Value::none() : Value::error(); }
Value bool_if(int r) { return r < 0 ? Value::error() : Value::boolean(r); }

/// Sequences have no __radd__, strings no __rmod__ worth showing.
bool reflects(const Type* t, ArithOp op) {
  bool sequence = t->slots.get_item && t->slots.length && t->instance_kind != Kind::Native;
  return !sequence || op == ArithOp::Mul;
}

#define SLOT(field)                                                \
  [](const Type* t) -> bool { return t->slots.field != nullptr; }, \
      [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.field); }
#define INVOKE                                                                            \
  [](VM & vm, [[maybe_unused]] Type * owner, Value self, [[maybe_unused]] const Value* a, \
     [[maybe_unused]] size_t n) -> Value

#define ARITH(Op, plain, reflected, in)                                                                           \
  {&Names::plain, Group::Binary, uint8_t(ArithOp::Op), 1, uint8_t(ArithOp::Op == ArithOp::Pow ? 2 : 1),           \
   [](const Type* t) { return t->slots.binary && (t->arith_ops & op_bit(ArithOp::Op)); },                         \
   [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.binary); },                   \
   INVOKE{if (n == 2 && !a[1].is_none()){if (owner->slots.power) return owner->slots.power(vm, self, a[0], a[1]); \
  return Value::not_implemented();                                                                                \
  }                                                                                                               \
  return owner->slots.binary(vm, ArithOp::Op, self, a[0], false);                                                 \
  }                                                                                                               \
  , nullptr                                                                                                       \
  }                                                                                                               \
  , {&Names::reflected, Group::Binary, uint8_t(ArithOp::Op), 1, 1,                                                \
     [](const Type* t) {                                                                                          \
       return t->slots.binary && (t->arith_ops & op_bit(ArithOp::Op)) && reflects(t, ArithOp::Op);                \
     },                                                                                                           \
     [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.binary); },                 \
     INVOKE{return owner->slots.binary(vm, ArithOp::Op, self, a[0], true);                                        \
  }                                                                                                               \
  , nullptr                                                                                                       \
  }                                                                                                               \
  , {                                                                                                             \
    &Names::in, Group::Inplace, uint8_t(ArithOp::Op), 1, 1,                                                       \
        [](const Type* t) { return t->slots.inplace && (t->inplace_ops & op_bit(ArithOp::Op)); },                 \
        [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.inplace); }, INVOKE {    \
      return owner->slots.inplace(vm, ArithOp::Op, self, a[0]);                                                   \
    }                                                                                                             \
    , nullptr                                                                                                     \
  }

#define COMPARE(Op, field)                                                                                     \
  {                                                                                                            \
    &Names::field, Group::Compare, uint8_t(CompareOp::Op), 1, 1,                                               \
        [](const Type* t) {                                                                                    \
          return t->slots.compare &&                                                                           \
                 (CompareOp::Op == CompareOp::Eq || CompareOp::Op == CompareOp::Ne || t->compares_order);      \
        },                                                                                                     \
        [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.compare); }, INVOKE { \
      return owner->slots.compare(vm, CompareOp::Op, self, a[0]);                                              \
    }                                                                                                          \
    , nullptr                                                                                                  \
  }

#define UNARY(Op, field)                                                                                     \
  {                                                                                                          \
    &Names::field, Group::Unary, uint8_t(UnaryOp::Op), 0, 0,                                                 \
        [](const Type* t) { return t->slots.unary && (t->unary_ops & op_bit(UnaryOp::Op)); },                \
        [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.unary); }, INVOKE { \
      return owner->slots.unary(vm, UnaryOp::Op, self);                                                      \
    }                                                                                                        \
    , nullptr                                                                                                \
  }

Str* name_argument(VM& vm, Value v) {
  if (is_str(v)) return vm.intern(as<Str>(v));
  fail(vm, vm.types.TypeError, "attribute name must be string, not '%s'", type_name(vm, v));
  return nullptr;
}

// clang-format off
const Special kSpecials[] = {
    {&Names::repr, Group::Repr, 0, 0, 0, SLOT(repr), INVOKE { return owner->slots.repr(vm, self); }, nullptr},
    {&Names::str_, Group::Str, 0, 0, 0, SLOT(str), INVOKE { return owner->slots.str(vm, self); }, nullptr},
    {&Names::format, Group::Format, 0, 1, 1, SLOT(format), INVOKE {
       if (!is_str(a[0])) return raise(vm, vm.types.TypeError, "__format__() argument must be str, not %s", type_name(vm, a[0]));
       return owner->slots.format(vm, self, a[0]); }, nullptr},
    {&Names::hash, Group::Hash, 0, 0, 0, SLOT(hash), INVOKE {
       uint64_t h;
       return owner->slots.hash(vm, self, h) ? Value::integer(static_cast<int64_t>(h)) : Value::error(); }, nullptr},
    COMPARE(Lt, lt), COMPARE(Le, le), COMPARE(Eq, eq), COMPARE(Ne, ne), COMPARE(Gt, gt), COMPARE(Ge, ge),
    {&Names::bool_, Group::Truth, 0, 0, 0, SLOT(truth), INVOKE { return bool_if(owner->slots.truth(vm, self)); }, nullptr},
    {&Names::len, Group::Length, 0, 0, 0, SLOT(length), INVOKE {
       int64_t r = owner->slots.length(vm, self);
       return r < 0 ? Value::error() : Value::integer(r); }, nullptr},
    {&Names::getitem, Group::GetItem, 0, 1, 1, SLOT(get_item), INVOKE { return owner->slots.get_item(vm, self, a[0]); }, nullptr},
    {&Names::setitem, Group::SetItem, 0, 2, 2, SLOT(set_item), INVOKE { return none_if(owner->slots.set_item(vm, self, a[0], a[1])); }, nullptr},
    {&Names::delitem, Group::SetItem, 0, 1, 1, SLOT(set_item), INVOKE { return none_if(owner->slots.set_item(vm, self, a[0], Value())); }, nullptr},
    {&Names::contains, Group::Contains, 0, 1, 1, SLOT(contains), INVOKE { return bool_if(owner->slots.contains(vm, self, a[0])); }, nullptr},
    {&Names::iter, Group::Iter, 0, 0, 0,
     [](const Type* t) { return t->slots.iter || t->slots.next; },
     [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.iter ? reinterpret_cast<void*>(t->slots.iter) : reinterpret_cast<void*>(t->slots.next)); },
     INVOKE { return owner->slots.iter ? owner->slots.iter(vm, self) : new_ref(self); }, nullptr},
    {&Names::next, Group::Next, 0, 0, 0, SLOT(next), INVOKE {
       Value r = owner->slots.next(vm, self);
       return r.is_unbound() ? raise_stop_iteration(vm, self) : r; }, nullptr},
    {&Names::call, Group::Call, 0, 0, 255, SLOT(call), nullptr,
     [](VM& vm, Type* owner, Value self, Args args, Keywords keywords) { return owner->slots.call(vm, self, args, keywords); }},
    {&Names::getattribute, Group::GetAttr, 0, 1, 1,
     [](const Type* t) { return t->slots.get_attr || t->mro.size() == 1; },
     [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.get_attr); },
     INVOKE {
       Ref name;
       Str* s = name_argument(vm, a[0]);
       if (!s) return Value::error();
       name = Ref(Value::object(s));
       Value r = owner->slots.get_attr ? owner->slots.get_attr(vm, self, s) : default_get_attr(vm, self, s);
       return r.is_unbound() ? raise_attribute_error(vm, self, s) : r; }, nullptr},
    {&Names::getattr, Group::GetAttr, 1, 1, 1, [](const Type*) { return false; }, [](const Type*) -> const void* { return nullptr; }, nullptr, nullptr},
    {&Names::setattr, Group::SetAttr, 0, 2, 2,
     [](const Type* t) { return t->slots.set_attr || t->mro.size() == 1; },
     [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.set_attr); },
     INVOKE {
       Str* s = name_argument(vm, a[0]);
       if (!s) return Value::error();
       Ref name(Value::object(s));
       return none_if(owner->slots.set_attr ? owner->slots.set_attr(vm, self, s, a[1]) : default_set_attr(vm, self, s, a[1])); }, nullptr},
    {&Names::delattr, Group::SetAttr, 1, 1, 1,
     [](const Type* t) { return t->slots.set_attr || t->mro.size() == 1; },
     [](const Type* t) -> const void* { return reinterpret_cast<const void*>(t->slots.set_attr); },
     INVOKE {
       Str* s = name_argument(vm, a[0]);
       if (!s) return Value::error();
       Ref name(Value::object(s));
       return none_if(owner->slots.set_attr ? owner->slots.set_attr(vm, self, s, Value()) : default_set_attr(vm, self, s, Value())); }, nullptr},
    {&Names::get, Group::DescrGet, 0, 1, 2, SLOT(descr_get), INVOKE {
       bool of_class = a[0].is_none();
       if (of_class && (n < 2 || a[1].is_none())) return raise(vm, vm.types.TypeError, "__get__(None, None) is invalid");
       Type* t = n > 1 && is_kind(a[1], Kind::Type) ? as<Type>(a[1]) : type_of(vm, a[0]);
       return owner->slots.descr_get(vm, self, of_class ? Value() : a[0], t); }, nullptr},
    {&Names::set, Group::DescrSet, 0, 2, 2, SLOT(descr_set), INVOKE { return none_if(owner->slots.descr_set(vm, self, a[0], a[1])); }, nullptr},
    {&Names::delete_, Group::DescrSet, 1, 1, 1, SLOT(descr_set), INVOKE { return none_if(owner->slots.descr_set(vm, self, a[0], Value())); }, nullptr},
    ARITH(Add, add, radd, iadd), ARITH(Sub, sub, rsub, isub), ARITH(Mul, mul, rmul, imul),
    ARITH(TrueDiv, truediv, rtruediv, itruediv), ARITH(FloorDiv, floordiv, rfloordiv, ifloordiv),
    ARITH(Mod, mod, rmod, imod), ARITH(Pow, pow, rpow, ipow), ARITH(MatMul, matmul, rmatmul, imatmul),
    ARITH(LShift, lshift, rlshift, ilshift), ARITH(RShift, rshift, rrshift, irshift), ARITH(And, and_, rand, iand),
    ARITH(Or, or_, ror, ior), ARITH(Xor, xor_, rxor, ixor),
    {&Names::divmod, Group::Divmod, 0, 1, 1, SLOT(divmod), INVOKE { return owner->slots.divmod(vm, self, a[0], false); }, nullptr},
    {&Names::rdivmod, Group::Divmod, 1, 1, 1, SLOT(divmod), INVOKE { return owner->slots.divmod(vm, self, a[0], true); }, nullptr},
    UNARY(Neg, neg), UNARY(Pos, pos), UNARY(Invert, invert),
    {&Names::abs, Group::Absolute, 0, 0, 0, SLOT(absolute), INVOKE { return owner->slots.absolute(vm, self); }, nullptr},
    {&Names::index, Group::Index, 0, 0, 0, SLOT(index), INVOKE { return owner->slots.index(vm, self); }, nullptr},
    {&Names::int_, Group::ToInt, 0, 0, 0, SLOT(to_int), INVOKE { return owner->slots.to_int(vm, self); }, nullptr},
    {&Names::float_, Group::ToFloat, 0, 0, 0, SLOT(to_float), INVOKE { return owner->slots.to_float(vm, self); }, nullptr},
    {&Names::init, Group::Init, 0, 0, 255, SLOT(init), nullptr,
     [](VM& vm, Type* owner, Value self, Args args, Keywords keywords) { return none_if(owner->slots.init(vm, self, args, keywords)); }},
    {&Names::new_, Group::New, 0, 0, 255, [](const Type*) { return false; }, [](const Type*) -> const void* { return nullptr; }, nullptr, nullptr},
    {&Names::del, Group::Finalize, 0, 0, 0, [](const Type*) { return false; }, [](const Type*) -> const void* { return nullptr; }, nullptr, nullptr},
};
// clang-format on

Str* name_of(VM& vm, const Special& s) { return vm.names.*s.name; }

/// The row of an operation: for slots that serve several.
const Special& row(Group group, uint8_t op, int nth = 0) {
  for (const Special& s : kSpecials)
    if (s.group == group && s.op == op && nth-- == 0) return s;
  TSVM_UNREACHABLE("no such special method");
}

struct ArithNames {
  Str* Names::*plain[static_cast<size_t>(ArithOp::Count)];
  Str* Names::*reflected[static_cast<size_t>(ArithOp::Count)];
  Str* Names::*inplace[static_cast<size_t>(ArithOp::Count)];
  ArithNames() {
    for (uint8_t i = 0; i < static_cast<uint8_t>(ArithOp::Count); i++) {
      plain[i] = row(Group::Binary, i, 0).name;
      reflected[i] = row(Group::Binary, i, 1).name;
      inplace[i] = row(Group::Inplace, i).name;
    }
  }
};
const ArithNames& arith_names() {
  static const ArithNames names;
  return names;
}

// --- slots of classes of the language -----------------------------------------------------------------------------

Value user_repr(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.repr, {}));
  if (r.is_error() || is_str(*r)) return r.take();
  return raise(vm, vm.types.TypeError, "__repr__ returned non-string (type %s)", type_name(vm, *r));
}

Value user_str(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.str_, {}));
  if (r.is_error() || is_str(*r)) return r.take();
  return raise(vm, vm.types.TypeError, "__str__ returned non-string (type %s)", type_name(vm, *r));
}

Value user_format(VM& vm, Value self, Value spec) {
  Ref r(call_special(vm, self, vm.names.format, {spec}));
  if (r.is_error() || is_str(*r)) return r.take();
  return raise(vm, vm.types.TypeError, "__format__ must return a str, not %s", type_name(vm, *r));
}

bool user_hash(VM& vm, Value self, uint64_t& out) {
  if (lookup_special_borrow(vm, self, vm.names.hash).is_none()) return unhashable(vm, self, out);
  Ref r(call_special(vm, self, vm.names.hash, {}));
  if (r.is_error()) return false;
  Value v = unbox(*r);
  if (v.is_int() || v.is_bool()) {
    out = v.i == -1 ? UINT64_MAX - 1 : static_cast<uint64_t>(v.i);
    return true;
  }
  if (is_kind(v, Kind::BigInt)) return hash(vm, v, out);
  return fail(vm, vm.types.TypeError, "__hash__ method should return an integer");
}

Value user_compare(VM& vm, CompareOp op, Value self, Value other) {
  Str* Names::*name = row(Group::Compare, static_cast<uint8_t>(op)).name;
  Value r = call_special(vm, self, vm.names.*name, {other});
  return r.is_unbound() ? Value::not_implemented() : r;
}

int user_truth(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.bool_, {}));
  if (r.is_error()) return -1;
  if (r->is_bool()) return r->is_true();
  fail(vm, vm.types.TypeError, "__bool__ should return bool, returned %s", type_name(vm, *r));
  return -1;
}

int64_t user_length(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.len, {}));
  if (r.is_error()) return -1;
  Ref i(to_index(vm, *r));
  if (i.is_error()) return -1;
  if (!i->is_int()) {
    fail(vm, vm.types.OverflowError, "cannot fit 'int' into an index-sized integer");
    return -1;
  }
  if (i->i < 0) fail(vm, vm.types.ValueError, "__len__() should return >= 0");
  return i->i < 0 ? -1 : i->i;
}

Value user_get_item(VM& vm, Value self, Value key) { return call_special(vm, self, vm.names.getitem, {key}); }

bool user_set_item(VM& vm, Value self, Value key, Value value) {
  bool remove = value.is_unbound();
  Ref r(remove ? call_special(vm, self, vm.names.delitem, {key})
               : call_special(vm, self, vm.names.setitem, {key, value}));
  if (r->is_unbound())
    return fail(vm, vm.types.TypeError, "'%s' object does not support item %s", type_name(vm, self),
                remove ? "deletion" : "assignment");
  return !r.is_error();
}

int user_contains(VM& vm, Value self, Value item) {
  if (lookup_special_borrow(vm, self, vm.names.contains).is_none()) {
    fail(vm, vm.types.TypeError, "'%s' object is not a container", type_name(vm, self));
    return -1;
  }
  Ref r(call_special(vm, self, vm.names.contains, {item}));
  return r.is_error() ? -1 : truth(vm, *r);
}

Value user_iter(VM& vm, Value self) {
  if (lookup_special_borrow(vm, self, vm.names.iter).is_none())
    return raise(vm, vm.types.TypeError, "'%s' object is not iterable", type_name(vm, self));
  return call_special(vm, self, vm.names.iter, {});
}

Value user_next(VM& vm, Value self) {
  Value r = call_special(vm, self, vm.names.next, {});
  if (r.is_error() && clear_pending_if(vm, vm.types.StopIteration)) return Value::unbound();
  return r;
}

/// Calls a found method with self first and keywords.
Value call_found(VM& vm, Value method, Value first, Type* owner, Args args, Keywords keywords) {
  Ref hold = Ref::copy(method);
  if (!is_kind(method, Kind::Function)) {
    Ref bound(bind_descriptor(vm, method, first, owner));
    return bound.is_error() ? Value::error() : call(vm, *bound, args, keywords);
  }
  if (args.size() < 8) {
    Value with[9];
    with[0] = first;
    for (size_t i = 0; i < args.size(); i++) with[i + 1] = args[i];
    return call(vm, method, Args(with, args.size() + 1), keywords);
  }
  std::vector<Value> with{first};
  with.insert(with.end(), args.begin(), args.end());
  return call(vm, method, with, keywords);
}

Value user_call(VM& vm, Value self, Args args, Keywords keywords) {
  Type* t = type_of(vm, self);
  return call_found(vm, lookup_in_type_borrow(t, vm.names.call), self, t, args, keywords);
}

SlotWrapper* as_wrapper(VM& vm, Value v) {
  return v.is_object() && v.o->type == vm.types.wrapper_descriptor ? as<SlotWrapper>(v) : nullptr;
}

Value user_get_attr(VM& vm, Value self, Str* name) {
  Type* t = type_of(vm, self);
  Value found = lookup_in_type_borrow(t, vm.names.getattribute);
  Value r;
  if (SlotWrapper* w = as_wrapper(vm, found))
    r = w->owner->slots.get_attr ? w->owner->slots.get_attr(vm, self, name) : default_get_attr(vm, self, name);
  else
    r = call_special(vm, self, vm.names.getattribute, {Value::object(name)});
  if (!r.is_error() && !r.is_unbound()) return r;
  if (lookup_in_type_borrow(t, vm.names.getattr).is_unbound()) return r;
  if (r.is_error() && !clear_pending_if(vm, vm.types.AttributeError)) return r;
  return call_special(vm, self, vm.names.getattr, {Value::object(name)});
}

bool user_set_attr(VM& vm, Value self, Str* name, Value value) {
  Type* t = type_of(vm, self);
  bool remove = value.is_unbound();
  Value found = lookup_in_type_borrow(t, remove ? vm.names.delattr : vm.names.setattr);
  if (SlotWrapper* w = as_wrapper(vm, found))
    return w->owner->slots.set_attr ? w->owner->slots.set_attr(vm, self, name, value)
                                    : default_set_attr(vm, self, name, value);
  Ref r(remove ? call_special(vm, self, vm.names.delattr, {Value::object(name)})
               : call_special(vm, self, vm.names.setattr, {Value::object(name), value}));
  return !r.is_error();
}

Value user_descr_get(VM& vm, Value self, Value instance, Type* owner) {
  Value r =
      call_special(vm, self, vm.names.get,
                   {instance.is_unbound() ? Value::none() : instance, owner ? Value::object(owner) : Value::none()});
  return r.is_unbound() ? new_ref(self) : r;
}

bool user_descr_set(VM& vm, Value self, Value instance, Value value) {
  bool remove = value.is_unbound();
  Ref r(remove ? call_special(vm, self, vm.names.delete_, {instance})
               : call_special(vm, self, vm.names.set, {instance, value}));
  if (r->is_unbound()) return fail(vm, vm.types.AttributeError, "%s", remove ? "__delete__" : "__set__");
  return !r.is_error();
}

Value user_binary(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  const ArithNames& n = arith_names();
  auto i = static_cast<size_t>(op);
  Value r = call_special(vm, self, vm.names.*(reflected ? n.reflected[i] : n.plain[i]), {other});
  return r.is_unbound() ? Value::not_implemented() : r;
}

Value user_inplace(VM& vm, ArithOp op, Value self, Value other) {
  Value r = call_special(vm, self, vm.names.*arith_names().inplace[static_cast<size_t>(op)], {other});
  return r.is_unbound() ? Value::not_implemented() : r;
}

Value user_power(VM& vm, Value self, Value exponent, Value modulus) {
  Value r = call_special(vm, self, vm.names.pow, {exponent, modulus});
  return r.is_unbound() ? Value::not_implemented() : r;
}

Value user_divmod(VM& vm, Value self, Value other, bool reflected) {
  Value r = call_special(vm, self, reflected ? vm.names.rdivmod : vm.names.divmod, {other});
  return r.is_unbound() ? Value::not_implemented() : r;
}

Value user_unary(VM& vm, UnaryOp op, Value self) {
  Str* name = op == UnaryOp::Neg ? vm.names.neg : op == UnaryOp::Pos ? vm.names.pos : vm.names.invert;
  Value r = call_special(vm, self, name, {});
  return r.is_unbound() ? Value::not_implemented() : r;
}

Value user_absolute(VM& vm, Value self) { return call_special(vm, self, vm.names.abs, {}); }

Value user_index(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.index, {}));
  if (r.is_error()) return Value::error();
  if (is_integer(*r)) return r.take();
  return raise(vm, vm.types.TypeError, "__index__ returned non-int (type %s)", type_name(vm, *r));
}

Value user_to_int(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.int_, {}));
  if (r.is_error()) return Value::error();
  if (is_integer(*r)) return r.take();
  return raise(vm, vm.types.TypeError, "__int__ returned non-int (type %s)", type_name(vm, *r));
}

Value user_to_float(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.float_, {}));
  if (r.is_error()) return Value::error();
  if (unbox(*r).is_float()) return r.take();
  return raise(vm, vm.types.TypeError, "%s.__float__ returned non-float (type %s)", type_name(vm, self),
               type_name(vm, *r));
}

bool user_init(VM& vm, Value self, Args args, Keywords keywords) {
  Type* t = type_of(vm, self);
  Ref r(call_found(vm, lookup_in_type_borrow(t, vm.names.init), self, t, args, keywords));
  if (r.is_error() || r->is_none()) return !r.is_error();
  return fail(vm, vm.types.TypeError, "__init__() should return None, not '%s'", type_name(vm, *r));
}

Value user_create(VM& vm, Type* type, Args args, Keywords keywords) {
  Ref f(bind_descriptor(vm, lookup_in_type_borrow(type, vm.names.new_), Value(), type));
  if (f.is_error()) return Value::error();
  std::vector<Value> with{Value::object(type)};
  with.insert(with.end(), args.begin(), args.end());
  return call(vm, *f, with, keywords);
}

void user_finalize(VM& vm, Value self) {
  Ref r(call_special(vm, self, vm.names.del, {}));
  if (r.is_error()) report_unraisable(vm, "__del__", self);
}

/// What was found for the rows of a group.
struct Found {
  bool any = false, user = false, is_none = false;
  Type* owner = nullptr;  // of the first wrapper
  uint32_t ops = 0;
};

Found look_up(VM& vm, Type* type, Group group) {
  Found f;
  for (const Special& s : kSpecials) {
    if (s.group != group) continue;
    Value v = lookup_in_type_borrow(type, name_of(vm, s));
    if (v.is_unbound()) continue;
    f.any = true;
    f.ops |= 1u << s.op;
    f.is_none |= v.is_none();
    SlotWrapper* w = as_wrapper(vm, v);
    if (w && w->special == &s && (!f.owner || f.owner == w->owner || group == Group::Compare))
      f.owner = f.owner && f.owner->mro.size() > w->owner->mro.size() ? f.owner : w->owner;
    else
      f.user = true;
  }
  if (group == Group::Compare && f.owner && !f.user) {
    // All six must be served by one type, else each is looked up.
    for (const Special& s : kSpecials) {
      if (s.group != group) continue;
      SlotWrapper* w = as_wrapper(vm, lookup_in_type_borrow(type, name_of(vm, s)));
      if (w && w->owner->slots.compare != f.owner->slots.compare && w->owner != vm.types.object) f.user = true;
    }
  }
  return f;
}

}  // namespace

void update_slots(VM& vm, Type* t) {
  Slots& s = t->slots;
#define SIMPLE(Group_, field, user_fn)                                                  \
  {                                                                                     \
    Found f = look_up(vm, t, Group::Group_);                                            \
    s.field = !f.any ? nullptr : (f.user || !f.owner) ? user_fn : f.owner->slots.field; \
  }
  SIMPLE(Repr, repr, user_repr)
  SIMPLE(Str, str, user_str)
  SIMPLE(Format, format, user_format) {
    Found f = look_up(vm, t, Group::Hash);
    s.hash = f.is_none ? unhashable : f.user || !f.owner ? user_hash : f.owner->slots.hash;
  }
  SIMPLE(Compare, compare, user_compare)
  t->compares_order = true;
  SIMPLE(Truth, truth, user_truth)
  SIMPLE(Length, length, user_length)
  SIMPLE(GetItem, get_item, user_get_item)
  SIMPLE(SetItem, set_item, user_set_item)
  SIMPLE(Contains, contains, user_contains)
  SIMPLE(Iter, iter, user_iter)
  SIMPLE(Next, next, user_next)
  SIMPLE(Call, call, user_call) {
    Found f = look_up(vm, t, Group::GetAttr);
    bool plain = !f.user && f.owner;
    s.get_attr = plain ? f.owner->slots.get_attr : user_get_attr;
    t->overrides_getattribute = !as_wrapper(vm, lookup_in_type_borrow(t, vm.names.getattribute));
  }
  {
    Found f = look_up(vm, t, Group::SetAttr);
    bool plain = !f.user && f.owner;
    s.set_attr = plain ? f.owner->slots.set_attr : user_set_attr;
    t->overrides_setattr = s.set_attr == user_set_attr;
  }
  SIMPLE(DescrGet, descr_get, user_descr_get)
  SIMPLE(DescrSet, descr_set, user_descr_set) {
    Found f = look_up(vm, t, Group::Binary);
    s.binary = !f.any ? nullptr : (f.user || !f.owner) ? user_binary : f.owner->slots.binary;
    t->arith_ops = f.ops;
    Value pow = lookup_in_type_borrow(t, vm.names.pow);
    SlotWrapper* w = as_wrapper(vm, pow);
    s.power = pow.is_unbound() ? nullptr : w ? w->owner->slots.power : user_power;
  }
  {
    Found f = look_up(vm, t, Group::Inplace);
    s.inplace = !f.any ? nullptr : (f.user || !f.owner) ? user_inplace : f.owner->slots.inplace;
    t->inplace_ops = f.ops;
  }
  SIMPLE(Divmod, divmod, user_divmod) {
    Found f = look_up(vm, t, Group::Unary);
    s.unary = !f.any ? nullptr : (f.user || !f.owner) ? user_unary : f.owner->slots.unary;
    t->unary_ops = f.ops;
  }
  SIMPLE(Absolute, absolute, user_absolute)
  SIMPLE(Index, index, user_index)
  SIMPLE(ToInt, to_int, user_to_int)
  SIMPLE(ToFloat, to_float, user_to_float)
  SIMPLE(Init, init, user_init) {
    Value v = lookup_in_type_borrow(t, vm.names.new_);
    Type* owner = owner_of_new(vm, v);
    s.create = owner ? owner->slots.create : user_create;
  }
  s.finalize = lookup_in_type_borrow(t, vm.names.del).is_unbound() ? nullptr : user_finalize;
#undef SIMPLE
  if (!t->is_tensor_module) return;
  // What the root of all modules defines in the language stands for what its slots do.
  Type* root = t;
  for (Type* b : t->mro)
    if (b->is_tensor_module) root = b;
  auto inherits = [&](Str* name) { return lookup_in_type_borrow(t, name).same(dict_get_borrow(root->dict, name)); };
  t->called_method = nullptr;
  if (root == t) return;
  if (inherits(vm.names.call)) {
    s.call = root->slots.call;
    t->called_method = root->called_method;
  }
  if (inherits(vm.names.setattr)) {
    s.set_attr = root->slots.set_attr;
    t->overrides_setattr = s.set_attr == user_set_attr;
  }
}

bool is_special_name(Str* name) {
  if (name->size < 5 || name->data[0] != '_' || name->data[1] != '_') return false;
  std::string_view v = name->view();
  return v.ends_with("__");
}

void add_slot_wrappers(VM& vm, Type* type) {
  Type* base = type->mro.size() > 1 ? type->mro[1] : nullptr;
  for (const Special& s : kSpecials) {
    if (!s.defined(type)) continue;
    if (base && s.defined(base) && s.slot(base) == s.slot(type)) continue;
    if (s.group == Group::Hash && type->slots.hash == unhashable) {
      dict_set(vm, type->dict, name_of(vm, s), Value::none());
      continue;
    }
    auto* w = allocate_object<SlotWrapper>(vm, vm.types.wrapper_descriptor, Kind::Native);
    w->owner = type;
    w->special = &s;
    w->name = name_of(vm, s);
    Ref hold(Value::object(w));
    dict_set(vm, type->dict, w->name, *hold);
  }
}

Value call_wrapper(VM& vm, SlotWrapper* w, Value self, Args args, Keywords keywords) {
  const Special& s = *w->special;
  if (w->owner != vm.types.object && w->owner != vm.types.type && s.group != Group::GetAttr) self = unbox(self);
  if (s.max == 255) return s.invoke_any(vm, w->owner, self, args, keywords);
  if (!keywords.empty()) return raise(vm, vm.types.TypeError, "wrapper %s() takes no keyword arguments", w->name->data);
  if (args.size() < s.min || args.size() > s.max) {
    if (s.min == s.max)
      return raise(vm, vm.types.TypeError, "expected %u argument%s, got %zu", s.min, s.min == 1 ? "" : "s",
                   args.size());
    return raise(vm, vm.types.TypeError, "expected at %s %u argument%s, got %zu",
                 args.size() < s.min ? "least" : "most", args.size() < s.min ? s.min : s.max,
                 (args.size() < s.min ? s.min : s.max) == 1 ? "" : "s", args.size());
  }
  return s.invoke(vm, w->owner, self, args.data(), args.size());
}

bool overrides_reflected(VM& vm, Type* derived, Type* base, ArithOp op) {
  if (!derived->is_heap && !base->is_heap) return derived->slots.binary != base->slots.binary;
  Str* name = vm.names.*arith_names().reflected[static_cast<size_t>(op)];
  Value d = lookup_in_type_borrow(derived, name), b = lookup_in_type_borrow(base, name);
  return !d.is_unbound() && !d.same(b);
}

}  // namespace tsvm::vm

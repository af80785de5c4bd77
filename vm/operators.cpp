// Operators on any values: CPython's dispatch between the operands' types.
//
// binary(a, b): when b's type derives from a's and answers the reflected operation in its own way, b is asked first;
// then a, then b. Compare does the same with the mirrored comparison. Ints and floats are served before any of that.
#include <cmath>

#include "vm/native.h"
#include "vm/numbers.h"
#include "vm/runtime.h"
#include "vm/special.h"
#include "vm/types/common.h"
#include "vm/types/iterators.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;
using ir::UnaryOp;

namespace {

constexpr const char* kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()", "@", "<<", ">>", "&", "|", "^"};
constexpr const char* kInplaceSymbols[] = {
    "+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "<<=", ">>=", "&=", "|=", "^="};
constexpr const char* kCompareSymbols[] = {"<", "<=", "==", "!=", ">", ">="};

bool is_sequence(Value v) {
  return is_kind(v, Kind::List) || is_kind(v, Kind::Tuple) || is_kind(v, Kind::Str) || is_kind(v, Kind::Bytes) ||
         is_kind(v, Kind::ByteArray);
}

Value unsupported(VM& vm, ArithOp op, Value a, Value b, bool inplace) {
  Type* e = vm.types.TypeError;
  if (op == ArithOp::Add && is_sequence(a)) {
    if (is_kind(a, Kind::Bytes) || is_kind(a, Kind::ByteArray))
      return raise(vm, e, "can't concat %s to %s", type_name(vm, b), type_name(vm, a));
    const char* base = is_kind(a, Kind::List) ? "list" : is_kind(a, Kind::Tuple) ? "tuple" : "str";
    return raise(vm, e, "can only concatenate %s (not \"%s\") to %s", base, type_name(vm, b), base);
  }
  if (op == ArithOp::Mul && (is_sequence(a) || is_sequence(b)))
    return raise(vm, e, "can't multiply sequence by non-int of type '%s'", type_name(vm, is_sequence(a) ? b : a));
  auto i = static_cast<size_t>(op);
  const char* symbol = inplace ? kInplaceSymbols[i] : kSymbols[i];
  return raise(vm, e, "unsupported operand type(s) for %s: '%s' and '%s'", symbol, type_name(vm, a), type_name(vm, b));
}

/// The three steps; NotImplemented when nobody answers.
Value dispatch(VM& vm, ArithOp op, Value a, Value b) {
  Type *ta = type_of(vm, a), *tb = type_of(vm, b);
  auto fa = ta->slots.binary, fb = tb->slots.binary;
  bool asked = false;
  if (ta != tb && fb && is_subtype(tb, ta) && overrides_reflected(vm, tb, ta, op)) {
    Value r = fb(vm, op, b, a, true);
    if (r.tag != Tag::NotImplemented) return r;
    asked = true;
  }
  if (fa) {
    Value r = fa(vm, op, a, b, false);
    if (r.tag != Tag::NotImplemented) return r;
  }
  if (fb && ta != tb && !asked) return fb(vm, op, b, a, true);
  // A sequence times a number finds the sequence on the right.
  if (fb && ta == tb && op == ArithOp::Mul && is_sequence(b)) return fb(vm, op, b, a, true);
  return Value::not_implemented();
}

}  // namespace

Value binary(VM& vm, ArithOp op, Value a, Value b) {
  if (a.tag == Tag::Int && b.tag == Tag::Int) return int_arith(vm, op, a.i, b.i);
  if (a.tag == Tag::Float && b.tag == Tag::Float) return float_arith(vm, op, a.d, b.d);
  Value r = dispatch(vm, op, a, b);
  return r.tag == Tag::NotImplemented ? unsupported(vm, op, a, b, false) : r;
}

Value inplace(VM& vm, ArithOp op, Value a, Value b) {
  if (a.tag == Tag::Int && b.tag == Tag::Int) return int_arith(vm, op, a.i, b.i);
  if (a.tag == Tag::Float && b.tag == Tag::Float) return float_arith(vm, op, a.d, b.d);
  if (auto f = type_of(vm, a)->slots.inplace) {
    Value r = f(vm, op, a, b);
    if (r.tag != Tag::NotImplemented) return r;
  }
  Value r = dispatch(vm, op, a, b);
  return r.tag == Tag::NotImplemented ? unsupported(vm, op, a, b, true) : r;
}

Value power(VM& vm, Value base, Value exponent, Value modulus) {
  if (modulus.is_none()) return binary(vm, ArithOp::Pow, base, exponent);
  if (auto f = type_of(vm, base)->slots.power) {
    Value r = f(vm, base, exponent, modulus);
    if (r.tag != Tag::NotImplemented) return r;
  }
  return raise(vm, vm.types.TypeError, "unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'",
               type_name(vm, base), type_name(vm, exponent), type_name(vm, modulus));
}

Value divmod(VM& vm, Value a, Value b) {
  Type *ta = type_of(vm, a), *tb = type_of(vm, b);
  if (auto f = ta->slots.divmod) {
    Value r = f(vm, a, b, false);
    if (r.tag != Tag::NotImplemented) return r;
  }
  if (auto f = tb->slots.divmod; f && ta != tb) {
    Value r = f(vm, b, a, true);
    if (r.tag != Tag::NotImplemented) return r;
  }
  return raise(vm, vm.types.TypeError, "unsupported operand type(s) for divmod(): '%s' and '%s'", type_name(vm, a),
               type_name(vm, b));
}

Value unary(VM& vm, UnaryOp op, Value a) {
  if (op == UnaryOp::Not) {
    int t = truth(vm, a);
    return t < 0 ? Value::error() : Value::boolean(!t);
  }
  if (a.tag == Tag::Float && op != UnaryOp::Invert) return Value::number(op == UnaryOp::Neg ? -a.d : a.d);
  if (a.tag == Tag::Int && (op != UnaryOp::Neg || a.i != INT64_MIN))
    return Value::integer(op == UnaryOp::Neg ? -a.i : op == UnaryOp::Pos ? a.i : ~a.i);
  if (auto f = type_of(vm, a)->slots.unary) {
    Value r = f(vm, op, a);
    if (r.tag != Tag::NotImplemented) return r;
  }
  const char* symbol = op == UnaryOp::Neg ? "-" : op == UnaryOp::Pos ? "+" : "~";
  return raise(vm, vm.types.TypeError, "bad operand type for unary %s: '%s'", symbol, type_name(vm, a));
}

// --- comparing ----------------------------------------------------------------------------------------------------

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::Lt: return CompareOp::Gt;
    case CompareOp::Le: return CompareOp::Ge;
    case CompareOp::Gt: return CompareOp::Lt;
    case CompareOp::Ge: return CompareOp::Le;
    default: return op;
  }
}

Value compare(VM& vm, CompareOp op, Value a, Value b) {
  switch (op) {
    case CompareOp::Is: return Value::boolean(a.same(b));
    case CompareOp::IsNot: return Value::boolean(!a.same(b));
    case CompareOp::In:
    case CompareOp::NotIn: {
      int r = contains(vm, b, a);
      return r < 0 ? Value::error() : Value::boolean(r == (op == CompareOp::In));
    }
    default: break;
  }
  if (a.tag == Tag::Int && b.tag == Tag::Int) return Value::boolean(order_holds(op, a.i < b.i ? -1 : a.i > b.i));
  if (a.tag == Tag::Float && b.tag == Tag::Float) return Value::boolean(float_compare(op, a.d, b.d));
  StackGuard guard(vm, " in comparison");
  if (guard.failed()) return Value::error();
  Type *ta = type_of(vm, a), *tb = type_of(vm, b);
  auto fa = ta->slots.compare, fb = tb->slots.compare;
  bool asked = false;
  if (ta != tb && fb && is_subtype(tb, ta)) {
    Value r = fb(vm, mirrored(op), b, a);
    if (r.tag != Tag::NotImplemented) return r;
    asked = true;
  }
  if (fa) {
    Value r = fa(vm, op, a, b);
    if (r.tag != Tag::NotImplemented) return r;
  }
  if (fb && !asked) {
    Value r = fb(vm, mirrored(op), b, a);
    if (r.tag != Tag::NotImplemented) return r;
  }
  if (op == CompareOp::Eq) return Value::boolean(a.same(b));
  if (op == CompareOp::Ne) return Value::boolean(!a.same(b));
  return raise(vm, vm.types.TypeError, "'%s' not supported between instances of '%s' and '%s'",
               kCompareSymbols[static_cast<size_t>(op)], type_name(vm, a), type_name(vm, b));
}

bool equal(VM& vm, Value a, Value b, bool& out) {
  if (a.same(b)) {
    out = true;
    return true;
  }
  if (a.tag == b.tag) {
    if (a.tag == Tag::Int || a.tag == Tag::Bool || a.tag == Tag::None) {
      out = false;
      return true;
    }
    if (a.tag == Tag::Float) {
      out = a.d == b.d;
      return true;
    }
    if (a.tag == Tag::Object && a.o->type == vm.types.str && b.o->type == vm.types.str) {
      out = str_equal(as<Str>(a), as<Str>(b));
      return true;
    }
  }
  Ref r(compare(vm, CompareOp::Eq, a, b));
  if (r.is_error()) return false;
  int t = truth(vm, *r);
  out = t == 1;
  return t >= 0;
}

int truth(VM& vm, Value v) {
  switch (v.tag) {
    case Tag::Bool:
    case Tag::Int: return v.i != 0;
    case Tag::Float: return v.d != 0;
    case Tag::None: return 0;
    case Tag::Ellipsis:
    case Tag::DType: return 1;
    case Tag::NotImplemented: return 1;
    default: break;
  }
  Type* t = type_of(vm, v);
  if (t->slots.truth) return t->slots.truth(vm, v);
  if (t->slots.length) {
    int64_t n = t->slots.length(vm, v);
    return n < 0 ? -1 : n != 0;
  }
  return 1;
}

bool hash(VM& vm, Value v, uint64_t& out) {
  switch (v.tag) {
    case Tag::Int: out = hash_int(v.i); return true;
    case Tag::Bool: out = static_cast<uint64_t>(v.i); return true;
    case Tag::Float: out = hash_double(v.d); return true;
    case Tag::None: out = 0x5d3a1f; return true;
    case Tag::Ellipsis: out = 0x5d3a2f; return true;
    case Tag::NotImplemented: out = 0x5d3a3f; return true;
    case Tag::DType: out = v.bits + 0x77; return true;
    case Tag::Object:
      if (v.o->type == vm.types.str) {
        out = hash_str(as<Str>(v));
        return true;
      }
      break;
    default: break;
  }
  Type* t = type_of(vm, v);
  if (!t->slots.hash) return unhashable(vm, v, out);
  return t->slots.hash(vm, v, out);
}

bool unhashable(VM& vm, Value self, uint64_t&) {
  return fail(vm, vm.types.TypeError, "unhashable type: '%s'", type_name(vm, self));
}

// --- containers ---------------------------------------------------------------------------------------------------

int64_t length(VM& vm, Value v) {
  Type* t = type_of(vm, v);
  if (t->slots.length) return t->slots.length(vm, v);
  fail(vm, vm.types.TypeError, "object of type '%s' has no len()", t->name->data);
  return -1;
}

Value get_item(VM& vm, Value object, Value key) {
  Type* t = type_of(vm, object);
  if (t->slots.get_item) return t->slots.get_item(vm, object, key);
  if (is_kind(object, Kind::Type)) {
    Ref m(get_attr_or_unbound(vm, object, vm.names.class_getitem));
    if (m.is_error()) return Value::error();
    if (!m->is_unbound()) return call(vm, *m, {key});
    if (object.same(Value::object(vm.types.type)))
      return class_getitem(vm, std::initializer_list<Value>{object, key}.begin());
    return raise(vm, vm.types.TypeError, "type '%s' is not subscriptable", as<Type>(object)->name->data);
  }
  return raise(vm, vm.types.TypeError, "'%s' object is not subscriptable", t->name->data);
}

bool set_item(VM& vm, Value object, Value key, Value value) {
  Type* t = type_of(vm, object);
  if (t->slots.set_item) return t->slots.set_item(vm, object, key, value);
  if (value.is_unbound()) {
    bool sequence = is_sequence(object) || is_kind(object, Kind::Range);
    return fail(vm, vm.types.TypeError,
                sequence ? "'%s' object doesn't support item deletion" : "'%s' object does not support item deletion",
                t->name->data);
  }
  return fail(vm, vm.types.TypeError, "'%s' object does not support item assignment", t->name->data);
}

int contains(VM& vm, Value container, Value item) {
  Type* t = type_of(vm, container);
  if (t->slots.contains) return t->slots.contains(vm, container, item);
  if (!t->slots.iter && !t->slots.get_item) {
    fail(vm, vm.types.TypeError, "argument of type '%s' is not iterable", t->name->data);
    return -1;
  }
  bool found = false;
  bool ok = for_each(vm, container, [&](Value v) {
    bool same;
    if (!equal(vm, v, item, same)) return false;
    found = same;
    return !same;
  });
  return found ? 1 : ok ? 0 : -1;
}

// --- iteration ----------------------------------------------------------------------------------------------------

Value get_iter(VM& vm, Value v) {
  Type* t = type_of(vm, v);
  if (t->slots.iter) {
    Ref it(t->slots.iter(vm, v));
    if (it.is_error()) return Value::error();
    if (!type_of(vm, *it)->slots.next)
      return raise(vm, vm.types.TypeError, "iter() returned non-iterator of type '%s'", type_name(vm, *it));
    return it.take();
  }
  if (t->slots.next && !t->is_heap) return new_ref(v);
  if (t->slots.get_item && !is_kind(v, Kind::Dict) && !is_kind(v, Kind::View)) return make_sequence_iterator(vm, v);
  if (t == vm.types.type && !lookup_in_type_borrow(as<Type>(v), vm.names.iter).is_unbound())
    return raise(vm, vm.types.TypeError, "'%s' object is not iterable", t->name->data);
  return raise(vm, vm.types.TypeError, "'%s' object is not iterable", t->name->data);
}

Value iter_next(VM& vm, Value iterator) {
  NextFn next = type_of(vm, iterator)->slots.next;
  if (!next) return raise(vm, vm.types.TypeError, "'%s' object is not an iterator", type_name(vm, iterator));
  return next(vm, iterator);
}

int64_t length_hint(VM& vm, Value v, int64_t fallback) {
  Type* t = type_of(vm, v);
  if (t->slots.length) {
    int64_t n = t->slots.length(vm, v);
    if (n >= 0 || !clear_pending_if(vm, vm.types.TypeError)) return n;
  }
  Ref hint(call_special(vm, v, vm.names.length_hint, std::span<const Value>()));
  if (hint.is_error()) return clear_pending_if(vm, vm.types.TypeError) ? fallback : -1;
  if (!hint->is_int()) return fallback;
  if (hint->i < 0) {
    fail(vm, vm.types.ValueError, "__length_hint__() should return >= 0");
    return -1;
  }
  return hint->i;
}

// --- text ---------------------------------------------------------------------------------------------------------

Value repr(VM& vm, Value v) {
  StackGuard guard(vm, " while getting the repr of an object");
  if (guard.failed()) return Value::error();
  return type_of(vm, v)->slots.repr(vm, v);
}

Value str(VM& vm, Value v) {
  if (is_str(v) && v.o->type == vm.types.str) return new_ref(v);
  StackGuard guard(vm, " while getting the str of an object");
  if (guard.failed()) return Value::error();
  return type_of(vm, v)->slots.str(vm, v);
}

bool repr_to(VM& vm, Value v, std::string& out) {
  Ref s(repr(vm, v));
  if (s.is_error()) return false;
  out += text_of(*s);
  return true;
}

bool str_to(VM& vm, Value v, std::string& out) {
  Ref s(str(vm, v));
  if (s.is_error()) return false;
  out += text_of(*s);
  return true;
}

Value format(VM& vm, Value v, Value spec) {
  if (!is_str(spec))
    return raise(vm, vm.types.TypeError, "format() argument 2 must be str, not %s", type_name(vm, spec));
  if (as<Str>(spec)->size == 0 && is_str(v) && v.o->type == vm.types.str) return new_ref(v);
  return type_of(vm, v)->slots.format(vm, v, spec);
}

Value format(VM& vm, Value v, std::string_view spec) {
  Ref s(make_str(vm, spec));
  return format(vm, v, *s);
}

}  // namespace tsvm::vm

// The language's operations on values: what bytecode, compiled code and native functions call.
//
// Every function follows CPython's semantics and messages. Parameters are borrowed, results owned; an Error result,
// `false` (for bool results) or -1 (for int results) means that an exception is pending. All may run user code unless
// their comment says otherwise. They are noexcept in effect: nothing here throws C++ exceptions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "vm/object.h"
#include "vm/vm.h"

namespace tsvm::vm {

// --- operators
// ---------------------------------------------------------------------------------------------------------
Value binary(VM& vm, ir::ArithOp op, Value a, Value b);
Value inplace(VM& vm, ir::ArithOp op, Value a, Value b);
Value unary(VM& vm, ir::UnaryOp op, Value a);
Value compare(VM& vm, ir::CompareOp op, Value a, Value b);  // includes is, in
int truth(VM& vm, Value v);
bool equal(VM& vm, Value a, Value b, bool& out);  // identity first, then ==, as containers do
bool hash(VM& vm, Value v, uint64_t& out);
int64_t length(VM& vm, Value v);
Value get_item(VM& vm, Value object, Value key);
bool set_item(VM& vm, Value object, Value key, Value value);  // value unbound: delete
int contains(VM& vm, Value container, Value item);

// --- attributes
// --------------------------------------------------------------------------------------------------------
Type* type_of_scalar(VM& vm, Value v);
/// Borrowed; runs no code.
inline Type* type_of(VM& vm, Value v) { return v.is_object() ? v.o->type : type_of_scalar(vm, v); }
Value get_attr(VM& vm, Value object, Str* name);
/// Unbound (and nothing pending) instead of AttributeError.
Value get_attr_or_unbound(VM& vm, Value object, Str* name);
bool set_attr(VM& vm, Value object, Str* name, Value value);  // value unbound: delete
/// The lookup that object.__getattribute__ does; Unbound (nothing pending) when there is no such attribute.
Value default_get_attr(VM& vm, Value object, Str* name);
bool default_set_attr(VM& vm, Value object, Str* name, Value value);
/// For calls `object.name(...)`: gives the callee (owned); `bound` false: it takes the object as its first argument, so
/// no bound method is made. Error: AttributeError.
Value load_method(VM& vm, Value object, Str* name, bool& bound);
Value raise_attribute_error(VM& vm, Value object, Str* name);
/// Looks a name up in the type and its bases; borrowed, Unbound when absent; runs no code.
Value lookup_in_type_borrow(Type* type, Str* name);
/// A special method of the type bound to the object; Unbound when absent.
Value lookup_special(VM& vm, Value object, Str* name);
/// The same, not bound and borrowed.
Value lookup_special_borrow(VM& vm, Value object, Str* name);
/// What an attribute found in a type gives for an instance (descriptor protocol); `attr` is borrowed.
Value bind_descriptor(VM& vm, Value attr, Value instance, Type* owner);
bool is_subtype(const Type* type, const Type* base);
/// What super(type, object).name gives, looked up behind `type` in object_type's mro; Unbound when absent.
Value super_lookup(VM& vm, Type* type, Value object, Type* object_type, Str* name);
/// The field of an object's own attribute, or -1: for inline caches keyed by shape.
int32_t shape_find(Shape* shape, Str* name);
/// The shape after adding a name to `shape` (or null when objects of that type go on with a dict): for inline caches.
Shape* shape_add(VM& vm, Shape* shape, Str* name, SlotKind kind = SlotKind::Plain);
Shape* root_shape(VM& vm, Type* type);
/// The object's `__dict__` as an object: its attributes move to it. Owned.
Value instance_dict(VM& vm, Value object);
int is_instance(VM& vm, Value object, Value class_or_tuple);  // -1: exception
int is_subclass(VM& vm, Value type, Value class_or_tuple);

// --- calls and iteration
// -------------------------------------------------------------------------------------------------
/// Positional arguments first, then one per keyword.
Value call(VM& vm, Value callee, std::span<const Value> args, std::span<Str* const> keywords = {});
Value call_method(VM& vm, Value object, std::string_view name, std::span<const Value> args = {});
Value call_method(VM& vm, Value object, Str* name, std::span<const Value> args = {},
                  std::span<Str* const> keywords = {});
inline Value call(VM& vm, Value callee, std::initializer_list<Value> args) {
  return call(vm, callee, std::span<const Value>(args.begin(), args.size()));
}
/// args from a tuple or list, keywords from a dict (or None): f(*args, **kwargs).
Value call_with(VM& vm, Value callee, Value args, Value kwargs);
bool is_callable(VM& vm, Value v);
Value get_iter(VM& vm, Value v);
Value iter_next(VM& vm, Value iterator);  // Unbound: exhausted
/// len() or __length_hint__ as a hint, `fallback` when there is none; -1: exception.
int64_t length_hint(VM& vm, Value v, int64_t fallback);
/// Calls fn(item) until it returns false (which means an exception is pending).
template <class Fn>
bool for_each(VM& vm, Value iterable, Fn&& fn) {
  Ref it(get_iter(vm, iterable));
  if (it.is_error()) return false;
  for (;;) {
    Ref item(iter_next(vm, *it));
    if (item.is_error()) return false;
    if (item->is_unbound()) return true;
    if (!fn(*item)) return false;
  }
}

// --- text
// --------------------------------------------------------------------------------------------------------------
Value repr(VM& vm, Value v);  // Str
Value str(VM& vm, Value v);   // Str
Value format(VM& vm, Value v, std::string_view spec);
Value ascii(VM& vm, Value v);
Value format(VM& vm, Value v, Value spec);
/// printf-style `text % args`; `bytes` gives bytes.
Value format_percent(VM& vm, Value text, Value args);
bool repr_to(VM& vm, Value v, std::string& out);
bool str_to(VM& vm, Value v, std::string& out);

// --- exceptions
// ----------------------------------------------------------------------------------------------------------
/// Makes an exception of a built-in class pending and returns Error: `return raise(vm, vm.types.ValueError, "...")`.
[[gnu::format(printf, 3, 4)]] Value raise(VM& vm, Type* type, const char* format, ...);
/// The same where a bool is returned: false.
[[gnu::format(printf, 3, 4)]] bool fail(VM& vm, Type* type, const char* format, ...);
/// Makes an exception object (or a class, which is called) pending.
Value raise_value(VM& vm, Value exception, Value cause = Value::unbound());
Value raise_key_error(VM& vm, Value key);
bool exception_matches(VM& vm, Value exception, Value type_or_tuple, bool& out);
/// Takes the pending exception: owned.
Value take_pending(VM& vm);
void clear_pending(VM& vm);
/// The pending exception is an instance of that built-in class.
bool pending_is(VM& vm, Type* type);
/// If it is: drops it and gives true.
bool clear_pending_if(VM& vm, Type* type);
/// OSError (or the subclass for the number) with errno's text; `filename` empty: none.
Value raise_os_error(VM& vm, int error, std::string_view filename = {});
/// Reports a pending exception that cannot be raised (in __del__ ...) on stderr, and clears it.
void report_unraisable(VM& vm, const char* where, Value object);
/// vm.interrupted was set: collects garbage if that is due; makes KeyboardInterrupt pending if that was asked for, and
/// gives false then.
bool handle_interrupt(VM& vm);

/// Guards a native recursion: `StackGuard guard(vm); if (guard.failed()) return Value::error();`.
class StackGuard {
 public:
  /// `where` goes behind "maximum recursion depth exceeded": " in comparison".
  explicit StackGuard(VM& vm, const char* where = "");
  bool failed() const { return failed_; }

 private:
  bool failed_;
};

/// Guards recursive repr of containers: `entered` is false when the object is being printed already.
class ReprGuard {
 public:
  ReprGuard(VM& vm, Value v);
  ~ReprGuard();
  bool entered() const { return entered_; }

 private:
  VM& vm_;
  bool entered_;
};

// --- numbers
// -----------------------------------------------------------------------------------------------------------
/// An int of any size as int64: OverflowError / TypeError when it is not one.
bool to_int64(VM& vm, Value v, int64_t& out, const char* what = "an integer is required");
bool to_double(VM& vm, Value v, double& out);
/// __index__ as an Int or BigInt, owned; TypeError "'X' object cannot be interpreted as an integer".
Value to_index(VM& vm, Value v);
Value power(VM& vm, Value base, Value exponent, Value modulus);  // modulus None: **
Value divmod(VM& vm, Value a, Value b);
/// Operands whose result does not fit 64 bits; a slow path of compiled code too.
Value int_arith_slow(VM& vm, ir::ArithOp op, Value a, Value b);

}  // namespace tsvm::vm

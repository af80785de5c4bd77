// Making and using the built-in objects from C++: strings, numbers, containers, functions, types.
//
// Functions named make_* give a new object, owned. They fail only by running out of memory, which ends the process, so
// their results need no check unless the comment says so. Functions here run no user code unless their comment says so
// (dict and set operations may: keys have __hash__ and __eq__; with Str keys they never do).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "vm/vm.h"

namespace tsvm::vm {

/// Memory for an object of a fixed-size type with its header filled in, counted; the caller sets the rest and tracks
/// it.
template <class T>
T* allocate_object(VM& vm, Type* type, Kind kind, size_t size = sizeof(T)) {
  T* o = new (vm.heap.allocate(size)) T();
  Object* header = o;  // T may have members of the same names
  header->kind = kind;
  header->type = type;
  header->refs = 1;
  header->flags = 0;
  if (type->is_heap) type->refs++;
  vm.heap.count_object(1);
  return o;
}

// --- ranges and iterators ---------------------------------------------------------------------------------------
/// step is not 0.
Value make_range(VM& vm, int64_t start, int64_t stop, int64_t step);
/// A range_iterator that will give next, next + step, ... up to stop.
Value make_range_iterator(VM& vm, int64_t next, int64_t stop, int64_t step);
Value make_list_iterator(VM& vm, Value list, int64_t next);

// --- strings ------------------------------------------------------------------------------------------------------
/// `text` must be UTF-8 (surrogates allowed).
Value make_str(VM& vm, std::string_view text);
Value make_ascii(VM& vm, std::string_view text);
/// A string of `size` bytes to be filled in by the caller, who then calls finish_str.
Str* new_str(VM& vm, size_t size);
void finish_str(Str* s);
[[gnu::format(printf, 2, 3)]] Value make_str_format(VM& vm, const char* format, ...);
Value make_char(VM& vm, char32_t c);
Value make_bytes(VM& vm, std::string_view bytes);
/// bytes of that size, to be filled in by the caller.
Value new_bytes(VM& vm, size_t size);
Value make_bytearray(VM& vm, std::string_view bytes);
inline bool is_str(Value v) { return is_kind(v, Kind::Str); }
inline std::string_view text_of(Value str) { return as<Str>(str)->view(); }
uint64_t hash_str(Str* s);
inline bool str_equal(const Str* a, const Str* b) {
  return a == b || (a->size == b->size && std::memcmp(a->data, b->data, a->size) == 0);
}
/// bytes or bytearray.
bool is_bytes_like(Value v);
std::string_view bytes_of(Value v);

// --- numbers ------------------------------------------------------------------------------------------------------
/// An int from decimal digits (optional sign); they must be well-formed.
Value make_int_from_digits(VM& vm, std::string_view digits, int base = 10);
Value make_uint(VM& vm, uint64_t v);
/// int(d): truncated; OverflowError / ValueError for inf and nan.
Value make_int_from_double(VM& vm, double d);
Value make_complex(VM& vm, double re, double im);
/// Int, Bool or BigInt (or a boxed one).
bool is_integer(Value v);

// --- containers ---------------------------------------------------------------------------------------------------
/// Items are borrowed (retained).
Value make_tuple(VM& vm, std::span<const Value> items);
Value make_tuple(VM& vm, std::initializer_list<Value> items);
/// A tuple of Unbound items to be filled in at once by the caller (owned values).
Tuple* new_tuple(VM& vm, size_t size);
/// From any iterable; may run user code; Error on failure.
Value make_tuple_from(VM& vm, Value iterable);

Value make_list(VM& vm, std::span<const Value> items = {});
Value make_list_from(VM& vm, Value iterable);  // may run user code
/// A list is given as it is (owned), anything else is listed: for code that only reads the items.
Value make_list_from_sequence(VM& vm, Value iterable);
void list_reserve(VM& vm, List* list, uint64_t capacity);
void list_append(VM& vm, List* list, Value item);
/// Owned; the index must be in range.
Value list_get(List* list, uint64_t i);
void list_set(VM& vm, List* list, uint64_t i, Value item);
/// Makes room for any kind of element.
void list_generalise(VM& vm, List* list);
bool list_extend(VM& vm, List* list, Value iterable);  // may run user code
void list_clear(VM& vm, List* list);
/// The items as values, owned by the vector's Refs.
std::vector<Ref> list_snapshot(List* list);

Value make_dict(VM& vm);
/// Borrowed; Unbound when absent, Error when hashing or comparing raised.
Value dict_get_borrow(VM& vm, Dict* d, Value key);
/// Borrowed; the name must be a Str; never fails.
Value dict_get_borrow(Dict* d, Str* name);
/// The position in `entries`, -1 when absent.
int64_t dict_find(Dict* d, Str* name);
bool dict_set(VM& vm, Dict* d, Value key, Value value);
void dict_set(VM& vm, Dict* d, Str* name, Value value);
void dict_set(VM& vm, Dict* d, std::string_view name, Value value);
/// 1 removed, 0 absent, -1 exception.
int dict_delete(VM& vm, Dict* d, Value key);
bool dict_delete(VM& vm, Dict* d, Str* name);
void dict_clear(VM& vm, Dict* d);
/// As dict.update: mapping or iterable of pairs.
bool dict_update(VM& vm, Dict* d, Value other);
Value dict_copy(VM& vm, Dict* d);
/// The next live entry from `position` on, or null; `position` moves behind it.
inline DictEntry* dict_next(Dict* d, uint32_t& position) {
  while (position < d->used) {
    DictEntry* e = &d->entries[position++];
    if (!e->key.is_unbound()) return e;
  }
  return nullptr;
}

Value make_set(VM& vm);
Value make_frozenset(VM& vm);
Value make_set_from(VM& vm, Value iterable, bool frozen);
bool set_add(VM& vm, Set* s, Value item);
bool set_update(VM& vm, Set* s, Value iterable);
int set_contains(VM& vm, Set* s, Value item);
int set_discard(VM& vm, Set* s, Value item);
inline SetEntry* set_next(Set* s, uint32_t& position) {
  while (s->table && position <= s->mask) {
    SetEntry* e = &s->table[position++];
    if (!e->key.is_unbound() && !e->key.is_error()) return e;
  }
  return nullptr;
}

Value make_slice(VM& vm, Value start, Value stop, Value step);
Value make_range(VM& vm, int64_t start, int64_t stop, int64_t step);
/// start, stop, step and the number of items for a sequence of that length; may run user code (__index__).
bool slice_bounds(VM& vm, Slice* s, int64_t length, int64_t& start, int64_t& stop, int64_t& step, int64_t& count);
Value make_cell(VM& vm, Value content);

// --- functions and classes ----------------------------------------------------------------------------------------
/// `def` must outlive the VM.
Value make_native_function(VM& vm, const NativeDef* def, Value module = Value::none());
/// The same with a first argument of its own.
Value make_native_closure(VM& vm, const NativeDef* def, Value self);
Value make_bound_method(VM& vm, Value function, Value self);
Value make_module(VM& vm, std::string_view name, std::string_view doc = {});
/// A new object of a class without calling __init__ (object.__new__).
Value make_instance(VM& vm, Type* type);
/// As the class statement: computes the metaclass's part but __prepare__. namespace is copied. Runs user code
/// (__set_name__, __init_subclass__); Error on failure.
Value make_class(VM& vm, Type* metatype, Value name, Value bases, Value dict,
                 std::span<const Value> keyword_values = {}, std::span<Str* const> keywords = {});
/// The most derived metaclass of the bases; null: TypeError is pending.
Type* metaclass_of(VM& vm, Type* given, Tuple* bases);
Value make_exception(VM& vm, Type* type, std::string_view message);
Value make_exception(VM& vm, Type* type, std::span<const Value> args);

}  // namespace tsvm::vm

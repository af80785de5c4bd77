// Heap objects: their common header, types, shapes and the layout of the core kinds.
//
// Every object starts with Object: a count, a kind (for fast switches) and its type. Containers are GcObjects, linked
// in the heap's list so that the cycle collector can find them. A type's behaviour is its table of slots, as in
// CPython: native types fill slots with C++ functions, classes written in the language get slots that call their
// special methods.
//
// Subclasses of built-in types keep the built-in's layout and kind, and add an Attributes block behind it
// (`attributes_of`), so code that switches on the kind serves them too; exactness is a comparison of `type`. The one
// exception are subclasses of int and float, whose values are no objects: they are Instances with a payload
// (kBoxed, struct Boxed), which `unbox` takes out.
//
// Rules:
//  - Counts are not atomic: an object belongs to one VM. Destruction of a long chain is a loop: `destroy` queues what
//    is released once the nesting is deep.
//  - A slot that may run user code must assume that any object can change under it: hold references, re-read sizes.
//  - Names of attributes (`Str* name`) are interned wherever they are passed: they are compared by address.
//  - Compiled code reads these fields by offset: Object::kind, Object::type, Instance::shape, Instance::fields,
//  List::*,
//    Dict::keys_version, Dict::entries, Cell::value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/function.h"
#include "vm/value.h"

namespace tsvm::vm {

class VM;
struct Type;
struct Shape;
struct Str;
struct Dict;
struct CodeState;
struct Signature;
struct NativeDef;

enum class Kind : uint8_t {
  Str,
  Bytes,
  ByteArray,
  BigInt,
  Complex,
  Tuple,
  List,
  Dict,
  Set,
  FrozenSet,
  Range,
  Slice,
  Cell,
  Function,
  NativeFunction,
  BoundMethod,
  Generator,
  Iterator,
  Module,
  Type,
  Instance,
  Exception,
  Property,
  StaticMethod,
  ClassMethod,
  Super,
  View,
  File,
  Operator,
  Native,  // other types made in C++: told apart by their type
};

/// Object::flags.
enum ObjectFlag : uint16_t {
  kTracked = 1 << 0,    // a GcObject that is linked in the heap's list
  kExtra = 1 << 1,      // no GcObject, but its Attributes block is known to the collector
  kBoxed = 1 << 2,      // an instance of a subclass of int or float: struct Boxed
  kFinalized = 1 << 3,  // __del__ has run
  kWeakly = 1 << 4,     // has weak references, listed in the VM
  kDying = 1 << 5,      // being destroyed
  kHasHooks = 1 << 6,   // an nn.Module with hooks: calls do not go straight to forward
};

struct Object {
  uint32_t refs = 1;
  Kind kind;
  uint8_t gc_color = 0;
  uint16_t flags = 0;
  Type* type;
};

struct GcObject : Object {
  GcObject* gc_next = nullptr;
  GcObject* gc_prev = nullptr;
};

/// UTF-8 text. `ascii`: every character is one byte, so indexing is O(1). Interned strings are unique by address.
/// Lone surrogates are allowed, in three bytes.
struct Str : Object {
  uint64_t hash = 0;    // 0: not computed
  uint32_t size = 0;    // bytes
  uint32_t length = 0;  // characters
  bool ascii = true;
  bool interned = false;
  char data[1];  // NUL-terminated
  std::string_view view() const { return {data, size}; }
};

/// Immutable bytes.
struct Bytes : Object {
  uint64_t hash = 0;
  uint64_t size = 0;
  uint8_t data[1];  // NUL-terminated
  std::string_view view() const { return {reinterpret_cast<const char*>(data), size}; }
};

struct ByteArray : Object {
  uint64_t size = 0;
  uint64_t capacity = 0;
  uint8_t* data = nullptr;
  std::string_view view() const { return {reinterpret_cast<const char*>(data), size}; }
};

/// An int that does not fit 64 bits (smaller ones never are BigInts).
struct BigInt : Object {
  int32_t size;  // limbs; negative for negative numbers (as in mpz_t)
  uint64_t limbs[1];
};

struct Complex : Object {
  double re, im;
};

struct Tuple : GcObject {
  uint64_t hash = 0;
  uint32_t size;
  Value items[1];
  std::span<Value> span() { return {items, size}; }
};

/// How a list stores its elements. Scalars are unboxed; a store of another kind turns the list into Any.
enum class ElementKind : uint8_t { Any, Int, Float, Bool, Empty };

struct List : GcObject {
  ElementKind element = ElementKind::Empty;
  uint64_t size = 0;
  uint64_t capacity = 0;
  union {
    void* data = nullptr;
    Value* values;
    int64_t* ints;
    double* floats;
    uint8_t* bools;
  };
};

/// Insertion-ordered: `entries` in order (deleted ones have an Unbound key), found through a table of indices.
struct DictEntry {
  uint64_t hash;
  Value key;
  Value value;
};
struct Dict : GcObject {
  uint32_t size = 0;      // live entries
  uint32_t used = 0;      // entries in use, deleted ones too
  uint32_t capacity = 0;  // of `entries`
  uint32_t mask = 0;      // of the index table
  /// Unique in the VM; changes whenever a key comes or goes or entries move, never when a value is replaced. So
  /// (keys_version, position) finds a value again with one comparison.
  uint64_t keys_version = 0;
  DictEntry* entries = nullptr;
  int32_t* indices = nullptr;  // by hash: position in entries, -1 empty, -2 deleted; in the same allocation
};

struct SetEntry {
  Value key;  // Unbound: empty; Error: was deleted
  uint64_t hash;
};
/// set and frozenset. The table is walked in CPython's order, so sets of small ints print alike.
struct Set : GcObject {
  uint32_t size = 0;
  uint32_t fill = 0;  // used and deleted
  uint32_t mask = 0;
  SetEntry* table = nullptr;
  uint64_t hash = 0;  // frozenset: 0 not computed
};

struct Range : GcObject {
  Value start, stop, step, length;  // ints
};

struct Slice : GcObject {
  Value start, stop, step;
};

struct Cell : GcObject {
  Value value;
};

/// Where an instance keeps an attribute. `slot_kind` tells nn.Module's parameters, buffers and submodules from plain
/// ones; Member: of __slots__; Dictionary: the hidden slot of an instance whose plain attributes moved to a dict.
enum class SlotKind : uint8_t { Plain, Parameter, Buffer, Submodule, Member, Dictionary };

/// A hidden class: the names an instance has, in order of creation. Shapes of one type form a tree; adding a name goes
/// to a child. Deleting a name rebuilds from the root without it.
struct Shape {
  Type* type;
  Shape* parent;
  Str* name;  // what this step adds; null at the root
  SlotKind slot_kind;
  uint32_t count;  // fields in an instance of this shape
  /// The field that holds the dict of an instance whose `__dict__` was taken as an object (or that has too many
  /// attributes for a shape); -1: attributes are fields. Nothing plain is added to such a shape.
  int32_t dictionary = -1;
  struct Table;
  Table* table;  // name -> index and transitions, made on demand
};

/// An object's own attributes.
struct Attributes {
  Shape* shape = nullptr;
  Value* fields = nullptr;  // `capacity` of them, the first shape->count in use; Unbound: deleted
  uint32_t capacity = 0;
  uint32_t gc_refs = 0;  // for the collector, in objects that are no GcObjects
};

struct Instance : GcObject, Attributes {};

/// An instance of a subclass of int or float (flag kBoxed).
struct Boxed : Instance {
  Value payload;  // Int, Float or a BigInt
};

/// An iterator's or generator's next item: a value, Unbound when exhausted, Error.
using NextFn = Value (*)(VM& vm, Value self);

struct Slots {
  /// Releases children and memory at the side; the object's own block is freed by `destroy`.
  void (*dealloc)(VM& vm, Object* self) = nullptr;
  size_t (*size_of)(const Object* self) = nullptr;  // bytes of a variable-size object; null: Type::instance_size
  void (*traverse)(Object* self, void (*visit)(Value child, void* context), void* context) = nullptr;
  void (*clear)(VM& vm, Object* self) = nullptr;  // breaks cycles: drops children
  Value (*repr)(VM& vm, Value self) = nullptr;
  Value (*str)(VM& vm, Value self) = nullptr;
  Value (*format)(VM& vm, Value self, Value spec) = nullptr;
  bool (*hash)(VM& vm, Value self, uint64_t& out) = nullptr;                      // false: an exception is pending
  Value (*compare)(VM& vm, ir::CompareOp op, Value self, Value other) = nullptr;  // Lt..Ge; may give NotImplemented
  int (*truth)(VM& vm, Value self) = nullptr;                                     // -1: exception
  int64_t (*length)(VM& vm, Value self) = nullptr;                                // -1: exception
  Value (*get_item)(VM& vm, Value self, Value key) = nullptr;
  bool (*set_item)(VM& vm, Value self, Value key, Value value) = nullptr;  // value unbound: delete
  int (*contains)(VM& vm, Value self, Value item) = nullptr;               // -1: exception
  Value (*iter)(VM& vm, Value self) = nullptr;
  NextFn next = nullptr;
  Value (*call)(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) = nullptr;
  /// null: the default lookup. Unbound: there is no such attribute (get_attr makes the AttributeError of it).
  Value (*get_attr)(VM& vm, Value self, Str* name) = nullptr;
  bool (*set_attr)(VM& vm, Value self, Str* name, Value value) = nullptr;  // value unbound: delete; null: the default
  Value (*descr_get)(VM& vm, Value self, Value instance, Type* owner) = nullptr;  // instance Unbound: of the class
  bool (*descr_set)(VM& vm, Value self, Value instance, Value value) = nullptr;   // value unbound: delete
  /// Binary operators get themselves first, whatever side they stood on; `reflected` says that self was the right one.
  Value (*binary)(VM& vm, ir::ArithOp op, Value self, Value other, bool reflected) = nullptr;
  Value (*inplace)(VM& vm, ir::ArithOp op, Value self, Value other) = nullptr;  // null: as binary
  Value (*power)(VM& vm, Value self, Value exponent, Value modulus) = nullptr;  // pow() of three arguments
  Value (*divmod)(VM& vm, Value self, Value other, bool reflected) = nullptr;
  Value (*unary)(VM& vm, ir::UnaryOp op, Value self) = nullptr;  // Neg, Pos, Invert; may give NotImplemented
  Value (*absolute)(VM& vm, Value self) = nullptr;
  Value (*index)(VM& vm, Value self) = nullptr;  // __index__
  Value (*to_int)(VM& vm, Value self) = nullptr;
  Value (*to_float)(VM& vm, Value self) = nullptr;
  /// __new__: arguments as the class was called.
  Value (*create)(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) = nullptr;
  /// __init__; null: nothing to do.
  bool (*init)(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) = nullptr;
  void (*finalize)(VM& vm, Value self) = nullptr;  // __del__; may revive the object
};

/// A class. `dict` holds its own attributes; `mro` starts with itself. `version` changes whenever an attribute of it or
/// of a base changes, so inline caches compare one number. Versions are unique among all types of a VM.
struct Type : GcObject {
  VM* vm;
  Str* name;
  Str* qualified_name;
  Value module;  // __module__ (Str) or None
  Kind instance_kind;
  Tuple* bases;
  std::vector<Type*> mro;
  Dict* dict;
  Slots slots;
  Shape* root_shape = nullptr;
  uint32_t version = 0;
  uint32_t instance_size = 0;
  static constexpr uint32_t kAttributesAtEnd = UINT32_MAX;
  uint32_t attributes_offset = 0;  // of the Attributes block in fixed-size instances; 0: none, or see attributes_of
  uint32_t arith_ops = 0;          // bit per ArithOp that slots.binary serves
  uint32_t inplace_ops = 0;        // bit per ArithOp that slots.inplace serves
  uint32_t unary_ops = 0;          // bit per UnaryOp
  bool compares_order = false;     // slots.compare serves < <= > >= too
  bool has_dict = false;           // instances take any attribute
  bool is_exception = false;
  bool is_heap = false;           // made by a class statement or type(): may be changed, is counted by its instances
  bool is_final = false;          // cannot be subclassed
  bool is_abstract = false;       // has __abstractmethods__: no instances
  bool is_gc = false;             // instances are GcObjects
  Str* called_method = nullptr;  // instances without hooks are called by this method (nn.Module: forward)
  bool is_tensor_module = false;  // nn.Module or derived: attribute stores sort parameters, buffers, submodules
  bool overrides_getattribute = false;  // attribute loads cannot be cached
  bool overrides_setattr = false;       // attribute stores cannot be cached
  Type* solid_base = nullptr;           // the built-in type whose layout instances have
  std::vector<Type*> subclasses;        // borrowed
};

struct Function : GcObject {
  CodeState* code;
  Str* name;
  Str* qualified_name;
  Value module;            // the module object whose globals it sees
  Value defaults;          // tuple or None
  Value keyword_defaults;  // dict or None
  Value annotations;       // dict or None
  Value doc;
  Value dict;  // its own attributes, None until one is set
  uint32_t closure_size;
  Value closure[1];  // cells
};

/// A function made in C++. Arguments arrive bound to `signature`: one Value per parameter, Unbound where an optional
/// one whose default is written `...` is missing, *args as a tuple, **kwargs as a dict. All are borrowed.
using NativeFn = Value (*)(VM& vm, const Value* args);
struct NativeDef {
  const char* signature;  // "split(self, /, sep=None, maxsplit=-1)", in Python's own notation
  NativeFn fn;
  const char* doc = "";
};

struct NativeFunction : GcObject {
  const NativeDef* def;
  Signature* signature = nullptr;  // parsed at the first call
  Str* name;
  Type* owner = nullptr;  // methods: the class; calls check that self is one of its instances
  Value module;           // functions of modules: the module's name
  Value self;             // given as the first argument when bound (functions that know their object); else Unbound
};

struct BoundMethod : GcObject {
  Value function;
  Value self;
};

struct Module : GcObject {
  Str* name;
  Dict* dict;  // its globals
};

struct Property : GcObject {
  Value getter, setter, deleter, doc;  // None when absent
};

struct StaticMethod : GcObject {
  Value function;
};

struct ClassMethod : GcObject {
  Value function;
};

struct Super : GcObject {
  Type* start;        // lookups go on behind this one
  Value object;       // Unbound: super is unbound
  Type* object_type;  // in whose mro
};

/// Exceptions of all classes. Fields that only some built-in classes have (OSError.errno ...) are `extra`, declared in
/// vm/exceptions.def.
struct Exception : GcObject {
  Value args;       // tuple
  Value cause;      // None when absent
  Value context;    // None when absent
  Value traceback;  // None or a traceback object
  bool suppress_context = false;
  uint8_t extra_count = 0;
  Value extra[1];  // Unbound: not set
};

template <class T>
inline T* as(Value v) {
  return static_cast<T*>(v.o);
}
inline bool is_kind(Value v, Kind k) { return v.tag == Tag::Object && v.o->kind == k; }

/// An instance of a subclass of int or float as the plain number; other values as they are. Borrowed.
inline Value unbox(Value v) {
  return v.tag == Tag::Object && (v.o->flags & kBoxed) ? static_cast<Boxed*>(v.o)->payload : v;
}

/// The object's own attributes; null when it cannot have any.
Attributes* attributes_of(Object* o);

/// Frees an object whose count came to zero.
void destroy(Object* o);
void retain_tensor(ops::TensorImpl* t);
void release_tensor(ops::TensorImpl* t);

inline void retain(Value v) {
  if (v.tag == Tag::Object)
    v.o->refs++;
  else if (v.tag == Tag::Tensor)
    retain_tensor(v.t);
}
inline void release(Value v) {
  if (v.tag == Tag::Object) {
    if (--v.o->refs == 0) destroy(v.o);
  } else if (v.tag == Tag::Tensor) {
    release_tensor(v.t);
  }
}

}  // namespace tsvm::vm

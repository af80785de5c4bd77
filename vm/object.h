// Heap objects: their common header, types, shapes and the layout of the core kinds.
//
// Every object starts with Object: a count, a kind (for fast switches) and its type. Containers are GcObjects, linked
// in the heap's list so that the cycle collector can find them. A type's behaviour is its table of slots, as in
// CPython: native types fill slots with C++ functions, classes written in the language get slots that call their
// special methods.
//
// Rules:
//  - Counts are not atomic: an object belongs to one VM. Destruction of a long chain is a loop: dealloc functions hand
//  what
//    they release to Heap::release_later once the nesting is deep.
//  - A slot that may run user code must assume that any object can change under it: hold references, re-read sizes.
//  - Compiled code reads these fields by offset: Object::kind, Object::type, Instance::shape, Instance::fields,
//  List::*.
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

enum class Kind : uint8_t {
  Str,
  Bytes,
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
  Native,  // Native: other types made in C++
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
struct Str : Object {
  uint64_t hash = 0;    // 0: not computed
  uint32_t size = 0;    // bytes
  uint32_t length = 0;  // characters
  bool ascii = true;
  bool interned = false;
  char data[1];  // NUL-terminated
  std::string_view view() const { return {data, size}; }
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

struct Cell : GcObject {
  Value value;
};

/// Where an instance keeps an attribute. `slot_kind` tells nn.Module's parameters, buffers and submodules from plain
/// ones.
enum class SlotKind : uint8_t { Plain, Parameter, Buffer, Submodule };

/// A hidden class: the names an instance has, in order of creation. Shapes of one type form a tree; adding a name goes
/// to a child. Deleting a name rebuilds from the root without it.
struct Shape {
  Type* type;
  Shape* parent;
  Str* name;  // what this step adds; null at the root
  SlotKind slot_kind;
  uint32_t count;  // fields in an instance of this shape
  struct Table;
  Table* table;  // name -> index and transitions, made on demand
};

struct Instance : GcObject {
  Shape* shape;
  Value* fields = nullptr;  // `capacity` of them, the first shape->count in use
  uint32_t capacity = 0;
};

/// An iterator's or generator's next item: a value, Unbound when exhausted, Error.
using NextFn = Value (*)(VM& vm, Value self);

struct Slots {
  void (*dealloc)(VM& vm, Object* self) = nullptr;
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
  Value (*get_attr)(VM& vm, Value self, Str* name) = nullptr;              // null: the default lookup
  bool (*set_attr)(VM& vm, Value self, Str* name, Value value) = nullptr;  // value unbound: delete; null: the default
  Value (*descr_get)(VM& vm, Value self, Value instance, Type* owner) = nullptr;
  bool (*descr_set)(VM& vm, Value self, Value instance, Value value) = nullptr;  // value unbound: delete
  /// Binary operators get the operands in their source order; `reflected` says that self is the right one.
  Value (*binary)(VM& vm, ir::ArithOp op, Value self, Value other, bool reflected) = nullptr;
  Value (*inplace)(VM& vm, ir::ArithOp op, Value self, Value other) = nullptr;  // null: as binary
  Value (*unary)(VM& vm, ir::UnaryOp op, Value self) = nullptr;
  Value (*index)(VM& vm, Value self) = nullptr;  // __index__
  Value (*to_int)(VM& vm, Value self) = nullptr;
  Value (*to_float)(VM& vm, Value self) = nullptr;
  Value (*make)(VM& vm, Type* type, std::span<const Value> args,
                std::span<Str* const> keywords) = nullptr;  // __new__ + __init__
};

/// A class. `dict` holds its own attributes; `mro` starts with itself. `version` changes whenever an attribute of it or
/// of a base changes, so inline caches compare one number.
struct Type : GcObject {
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
  bool is_exception = false;
  bool is_heap = false;           // written in the language
  bool is_final = false;          // cannot be subclassed
  bool is_tensor_module = false;  // nn.Module or derived: attribute stores sort parameters, buffers, submodules
  std::vector<Type*> subclasses;  // borrowed
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
/// one without a written default is missing, *args as a tuple, **kwargs as a dict.
using NativeFn = Value (*)(VM& vm, const Value* args);
struct NativeDef {
  const char* signature;  // "split(self, /, sep=None, maxsplit=-1)", in Python's own notation
  NativeFn fn;
  const char* doc = "";
};

struct BoundMethod : GcObject {
  Value function;
  Value self;
};

template <class T>
inline T* as(Value v) {
  return static_cast<T*>(v.o);
}
inline bool is_kind(Value v, Kind k) { return v.tag == Tag::Object && v.o->kind == k; }

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

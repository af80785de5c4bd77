// Static types: what is known about a value when code is compiled.
//
// Types are interned in a TypeTable, so that equal types have equal ids. Plain code is `any` until it is specialised;
// Torch Script gives every value a type. `bool`, `i64` and `f64` are *raw*: their values live in the scalar bank. All
// other types are tagged values of which something is known.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace tsvm::ir {

struct TypeTag;
using TypeId = Id<TypeTag>;

// TYPE(Enum, "text"): kinds without parameters have a fixed id, their position in this list.
#define TSVM_IR_SIMPLE_TYPES(TYPE)                                            \
  TYPE(Any, "any")   /* any tagged value (the type of all plain code) */      \
  TYPE(Bool, "bool") /* raw */                                                \
  TYPE(I64, "int")   /* raw */                                                \
  TYPE(F64, "float") /* raw */                                                \
  TYPE(None, "None")                                                          \
  TYPE(BigInt, "bigint") /* an int in plain code that need not fit 64 bits */ \
  TYPE(Complex, "complex")                                                    \
  TYPE(Str, "str")                                                            \
  TYPE(Tensor, "Tensor")                                                      \
  TYPE(Device, "Device")                                                      \
  TYPE(DType, "dtype")                                                        \
  TYPE(Layout, "Layout")                                                      \
  TYPE(Generator, "Generator")                                                \
  TYPE(Number, "Scalar") /* int, float or complex: Torch Script's Scalar */   \
  TYPE(Range, "range")                                                        \
  TYPE(ScriptAny, "Any") /* Torch Script's Any */                             \
  TYPE(AnyList, "list")  /* parameters unknown: isinstance(x, list) */        \
  TYPE(AnyTuple, "tuple")                                                     \
  TYPE(AnyDict, "dict")                                                       \
  TYPE(Function, "function")

enum class TypeKind : uint8_t {
#define TYPE(name, text) name,
  TSVM_IR_SIMPLE_TYPES(TYPE)
#undef TYPE
  // with parameters
  List,        // element
  Dict,        // key, value
  Set,         // element
  Tuple,       // elements
  NamedTuple,  // name; fields are `names`
  Optional,    // element
  Union,       // alternatives
  Future,      // element
  Class,  // name (qualified): a script class, an nn.Module, an enum, an interface; described elsewhere by that name
};

namespace types {
#define TYPE(name, text) inline constexpr TypeId name{static_cast<uint32_t>(TypeKind::name)};
TSVM_IR_SIMPLE_TYPES(TYPE)
#undef TYPE
}  // namespace types

struct Type {
  TypeKind kind;
  std::vector<TypeId> args;
  std::string name;                // Class, NamedTuple
  std::vector<std::string> names;  // NamedTuple's fields
};

/// Interned types of one VM (or of one tool run). Ids are stable.
class TypeTable {
 public:
  TypeTable();

  const Type& operator[](TypeId id) const { return types_[id.index]; }
  TypeKind kind(TypeId id) const { return types_[id.index].kind; }
  uint32_t size() const { return static_cast<uint32_t>(types_.size()); }
  TypeId list(TypeId element) { return make(TypeKind::List, {element}); }
  TypeId dict(TypeId key, TypeId value) { return make(TypeKind::Dict, {key, value}); }
  TypeId set(TypeId element) { return make(TypeKind::Set, {element}); }
  TypeId tuple(std::span<const TypeId> elements) { return make(TypeKind::Tuple, elements); }
  TypeId optional(TypeId element);
  TypeId future(TypeId element) { return make(TypeKind::Future, {element}); }
  TypeId union_of(std::span<const TypeId> alternatives);
  TypeId class_named(std::string_view qualified_name);
  TypeId named_tuple(std::string_view name, std::span<const std::string> fields, std::span<const TypeId> types);

  static bool is_raw(TypeId id) { return id == types::Bool || id == types::I64 || id == types::F64; }
  /// As Torch Script prints it: List[int], Optional[Tensor], Tuple[int, str] ...
  std::string to_string(TypeId id) const;

 private:
  TypeId make(TypeKind kind, std::initializer_list<TypeId> args) {
    return make(kind, std::span(args.begin(), args.size()));
  }
  TypeId make(TypeKind kind, std::span<const TypeId> args, std::string_view name = {},
              std::span<const std::string> names = {});

  std::vector<Type> types_;
  std::unordered_map<std::string, TypeId> interned_;
};

}  // namespace tsvm::ir

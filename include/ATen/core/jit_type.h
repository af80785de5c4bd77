// Types of Torch Script, as programs see them: a kind, a name, the types inside.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "c10/util/Optional.h"

namespace c10 {

/// A name with dots: "__torch__.Net".
struct QualifiedName {
  QualifiedName() = default;
  QualifiedName(const std::string& name) : name_(name) {}
  QualifiedName(const char* name) : name_(name) {}
  QualifiedName(const QualifiedName& prefix, const std::string& name)
      : name_(prefix.name_.empty() ? name : prefix.name_ + "." + name) {}
  const std::string& qualifiedName() const { return name_; }
  std::string prefix() const { return name_.find('.') == std::string::npos ? "" : name_.substr(0, name_.rfind('.')); }
  std::string name() const { return name_.find('.') == std::string::npos ? name_ : name_.substr(name_.rfind('.') + 1); }
  friend bool operator==(const QualifiedName& a, const QualifiedName& b) { return a.name_ == b.name_; }
  friend bool operator!=(const QualifiedName& a, const QualifiedName& b) { return a.name_ != b.name_; }

 private:
  std::string name_;
};

enum class TypeKind : uint8_t {
  AnyType,
  TensorType,
  TupleType,
  ListType,
  DictType,
  NumberType,
  FloatType,
  ComplexType,
  FutureType,
  IntType,
  NoneType,
  StringType,
  GeneratorType,
  BoolType,
  OptionalType,
  UnionType,
  DeviceObjType,
  ClassType,
  CapsuleType,
};
const char* typeKindToString(TypeKind kind);

struct Type;
using TypePtr = std::shared_ptr<const Type>;

struct Type : std::enable_shared_from_this<Type> {
  Type(TypeKind kind, std::vector<TypePtr> contained, std::string name)
      : kind_(kind), contained_(std::move(contained)), name_(std::move(name)) {}
  TypeKind kind() const { return kind_; }
  /// As graphs have it: int[], Tensor?, Dict(str, int).
  std::string str() const;
  /// As annotations have it: List[int].
  std::string annotation_str() const;
  std::string repr_str() const { return annotation_str(); }
  std::vector<TypePtr> containedTypes() const { return contained_; }
  size_t containedTypeSize() const { return contained_.size(); }
  TypePtr containedType(size_t i) const { return contained_.at(i); }
  const std::vector<TypePtr>& elements() const { return contained_; }
  TypePtr getElementType() const { return contained_.at(0); }
  TypePtr getKeyType() const { return contained_.at(0); }
  TypePtr getValueType() const { return contained_.at(1); }
  /// Of classes and named tuples.
  optional<QualifiedName> name() const {
    if (name_.empty()) return nullopt;
    return QualifiedName(name_);
  }
  bool is_module() const { return is_module_; }
  bool isSubtypeOf(const Type& other) const;
  bool isSubtypeOf(const TypePtr& other) const { return isSubtypeOf(*other); }
  friend bool operator==(const Type& a, const Type& b);
  friend bool operator!=(const Type& a, const Type& b) { return !(a == b); }

  static TypePtr make(TypeKind kind, std::vector<TypePtr> contained = {}, std::string name = {},
                      bool is_module = false);
  /// The type that an annotation names: "Dict[str, List[int]]".
  static TypePtr parse(const std::string& annotation);

 private:
  TypeKind kind_;
  std::vector<TypePtr> contained_;
  std::string name_;
  bool is_module_ = false;
};
std::ostream& operator<<(std::ostream& out, const Type& t);

// The classes that programs name; all make a Type.
#define TSVM_SIMPLE_TYPE(Name)                                  \
  struct Name {                                                 \
    static TypePtr get() { return Type::make(TypeKind::Name); } \
  };
TSVM_SIMPLE_TYPE(AnyType)
TSVM_SIMPLE_TYPE(TensorType)
TSVM_SIMPLE_TYPE(NumberType)
TSVM_SIMPLE_TYPE(FloatType)
TSVM_SIMPLE_TYPE(ComplexType)
TSVM_SIMPLE_TYPE(IntType)
TSVM_SIMPLE_TYPE(NoneType)
TSVM_SIMPLE_TYPE(StringType)
TSVM_SIMPLE_TYPE(GeneratorType)
TSVM_SIMPLE_TYPE(BoolType)
TSVM_SIMPLE_TYPE(DeviceObjType)
#undef TSVM_SIMPLE_TYPE
struct ListType {
  static TypePtr create(TypePtr element) { return Type::make(TypeKind::ListType, {std::move(element)}); }
  static TypePtr ofTensors() { return create(TensorType::get()); }
  static TypePtr ofInts() { return create(IntType::get()); }
  static TypePtr ofFloats() { return create(FloatType::get()); }
  static TypePtr ofBools() { return create(BoolType::get()); }
  static TypePtr ofStrings() { return create(StringType::get()); }
};
struct DictType {
  static TypePtr create(TypePtr key, TypePtr value) {
    return Type::make(TypeKind::DictType, {std::move(key), std::move(value)});
  }
};
struct OptionalType {
  static TypePtr create(TypePtr element) { return Type::make(TypeKind::OptionalType, {std::move(element)}); }
};
struct TupleType {
  static TypePtr create(std::vector<TypePtr> elements) { return Type::make(TypeKind::TupleType, std::move(elements)); }
};
struct FutureType {
  static TypePtr create(TypePtr element) { return Type::make(TypeKind::FutureType, {std::move(element)}); }
};

}  // namespace c10

namespace torch {
namespace jit {
using c10::AnyType;
using c10::BoolType;
using c10::DictType;
using c10::FloatType;
using c10::IntType;
using c10::ListType;
using c10::NoneType;
using c10::OptionalType;
using c10::StringType;
using c10::TensorType;
using c10::TupleType;
using c10::TypeKind;
using c10::TypePtr;
}  // namespace jit
}  // namespace torch

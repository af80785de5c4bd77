// Element types: ScalarType (an enumeration with PyTorch's numbers) and TypeMeta (the same as a C++ type's
// description).
#pragma once

#include <ostream>
#include <type_traits>

#include "c10/util/Exception.h"
#include "c10/util/Half.h"
#include "c10/util/Optional.h"
#include "c10/util/complex.h"
#include "c10/util/string_view.h"

// name, C++ type, number
#define C10_FORALL_SCALAR_TYPES(_)             \
  _(Byte, uint8_t, 0)                          \
  _(Char, int8_t, 1)                           \
  _(Short, int16_t, 2)                         \
  _(Int, int, 3)                               \
  _(Long, int64_t, 4)                          \
  _(Half, ::c10::Half, 5)                      \
  _(Float, float, 6)                           \
  _(Double, double, 7)                         \
  _(ComplexFloat, ::c10::complex<float>, 9)    \
  _(ComplexDouble, ::c10::complex<double>, 10) \
  _(Bool, bool, 11)                            \
  _(BFloat16, ::c10::BFloat16, 15)

namespace c10 {

enum class ScalarType : int8_t {
#define C10_TYPE(name, type, number) name = number,
  C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
      ComplexHalf = 8,
  QInt8 = 12,
  QUInt8 = 13,
  QInt32 = 14,
  Undefined = 18,
};
constexpr uint16_t NumScalarTypes = 19;

#define C10_TYPE(name, type, number) constexpr ScalarType k##name = ScalarType::name;
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
constexpr ScalarType kComplexHalf = ScalarType::ComplexHalf;

template <class T>
struct CppTypeToScalarType;
#define C10_TYPE(name, type, number) \
  template <>                        \
  struct CppTypeToScalarType<type> : std::integral_constant<ScalarType, ScalarType::name> {};
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
template <>
struct CppTypeToScalarType<long long> : std::integral_constant<ScalarType, ScalarType::Long> {};

namespace impl {
template <ScalarType T>
struct ScalarTypeToCPPType;
#define C10_TYPE(name, cpp, number)              \
  template <>                                    \
  struct ScalarTypeToCPPType<ScalarType::name> { \
    using type = cpp;                            \
  };
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
template <ScalarType T>
using ScalarTypeToCPPTypeT = typename ScalarTypeToCPPType<T>::type;
}  // namespace impl

/// "Float".
const char* toString(ScalarType t);
inline std::ostream& operator<<(std::ostream& out, ScalarType t) { return out << toString(t); }
/// Bytes.
size_t elementSize(ScalarType t);
constexpr bool isFloatingType(ScalarType t) {
  return t == ScalarType::Double || t == ScalarType::Float || t == ScalarType::Half || t == ScalarType::BFloat16;
}
constexpr bool isReducedFloatingType(ScalarType t) { return t == ScalarType::Half || t == ScalarType::BFloat16; }
constexpr bool isComplexType(ScalarType t) {
  return t == ScalarType::ComplexHalf || t == ScalarType::ComplexFloat || t == ScalarType::ComplexDouble;
}
constexpr bool isIntegralType(ScalarType t, bool includeBool) {
  return (t >= ScalarType::Byte && t <= ScalarType::Long) || (includeBool && t == ScalarType::Bool);
}
constexpr bool isQIntType(ScalarType t) { return t >= ScalarType::QInt8 && t <= ScalarType::QInt32; }
constexpr bool isSignedType(ScalarType t) { return t != ScalarType::Byte && t != ScalarType::Bool; }
ScalarType toComplexType(ScalarType t);
ScalarType toRealValueType(ScalarType t);
ScalarType promoteTypes(ScalarType a, ScalarType b);
bool canCast(ScalarType from, ScalarType to);

}  // namespace c10

namespace caffe2 {

/// A C++ element type as a value: what tensor.dtype() gives.
class TypeMeta {
 public:
  TypeMeta() = default;
  template <class T>
  static TypeMeta Make() {
    return fromScalarType(c10::CppTypeToScalarType<T>::value);
  }
  static TypeMeta fromScalarType(c10::ScalarType t) {
    TypeMeta m;
    m.type_ = t;
    return m;
  }
  c10::ScalarType toScalarType() const { return type_; }
  bool isScalarType() const { return type_ != c10::ScalarType::Undefined; }
  bool isScalarType(c10::ScalarType t) const { return type_ == t; }
  size_t itemsize() const { return c10::elementSize(type_); }
  /// "float", "long int": the type's name in C++.
  c10::string_view name() const;
  template <class T>
  bool Match() const {
    return type_ == c10::CppTypeToScalarType<T>::value;
  }
  friend bool operator==(TypeMeta a, TypeMeta b) { return a.type_ == b.type_; }
  friend bool operator!=(TypeMeta a, TypeMeta b) { return a.type_ != b.type_; }

 private:
  c10::ScalarType type_ = c10::ScalarType::Undefined;
};
std::ostream& operator<<(std::ostream& out, TypeMeta t);
inline bool operator==(TypeMeta a, c10::ScalarType b) { return a.toScalarType() == b; }
inline bool operator==(c10::ScalarType a, TypeMeta b) { return a == b.toScalarType(); }
inline bool operator!=(TypeMeta a, c10::ScalarType b) { return a.toScalarType() != b; }
inline bool operator!=(c10::ScalarType a, TypeMeta b) { return a != b.toScalarType(); }

}  // namespace caffe2

namespace c10 {
using caffe2::TypeMeta;
inline TypeMeta scalarTypeToTypeMeta(ScalarType t) { return TypeMeta::fromScalarType(t); }
inline ScalarType typeMetaToScalarType(TypeMeta t) { return t.toScalarType(); }
inline optional<ScalarType> optTypeMetaToScalarType(optional<TypeMeta> t) {
  if (!t) return nullopt;
  return t->toScalarType();
}
void set_default_dtype(TypeMeta t);
TypeMeta get_default_dtype();
ScalarType get_default_dtype_as_scalartype();
}  // namespace c10

namespace at {
// The constants as at:: and torch:: name them.
using c10::kBFloat16;
using c10::kBool;
using c10::kByte;
using c10::kChar;
using c10::kComplexDouble;
using c10::kComplexFloat;
using c10::kDouble;
using c10::kFloat;
using c10::kHalf;
using c10::kInt;
using c10::kLong;
using c10::kShort;
}  // namespace at
namespace torch {
using Dtype = c10::ScalarType;
constexpr auto kUInt8 = c10::kByte;
constexpr auto kInt8 = c10::kChar;
constexpr auto kInt16 = c10::kShort;
constexpr auto kInt32 = c10::kInt;
constexpr auto kInt64 = c10::kLong;
constexpr auto kFloat16 = c10::kHalf;
constexpr auto kFloat32 = c10::kFloat;
constexpr auto kFloat64 = c10::kDouble;
constexpr auto kComplex64 = c10::kComplexFloat;
constexpr auto kComplex128 = c10::kComplexDouble;
constexpr auto kU8 = c10::kByte;
constexpr auto kI8 = c10::kChar;
constexpr auto kI16 = c10::kShort;
constexpr auto kI32 = c10::kInt;
constexpr auto kI64 = c10::kLong;
constexpr auto kF16 = c10::kHalf;
constexpr auto kF32 = c10::kFloat;
constexpr auto kF64 = c10::kDouble;
}  // namespace torch

// Element types: names, sizes, categories, promotion as PyTorch does it.
//
// dtype.def declares them; everything here follows from it. A function that runs one template per type uses
// TSVM_DISPATCH_* below, so that a new row reaches all of them.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "ops/tensor/error.h"
#include "ops/tensor/half.h"

namespace tsvm::ops {

enum class DType : uint8_t {
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) name,
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE
};

#define TSVM_DTYPE(...) +1
inline constexpr int kDTypeCount = 0
#include "ops/tensor/dtype.def"
    ;
#undef TSVM_DTYPE

enum class DTypeCategory : uint8_t { Bool, Integral, Floating, Complex };

/// What dtype.def says of one element type.
struct DTypeInfo {
  const char* name;      // "float32"
  const char* cpp_name;  // "Float", as in CPUFloatType
  uint8_t size;          // bytes
  uint8_t torch_number;  // in archives and in schemas' dtype arguments
  DTypeCategory category;
};

inline constexpr DTypeInfo kDTypes[] = {
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) \
  {python, cpp, sizeof(ctype), number, DTypeCategory::category},
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE
};

inline constexpr const DTypeInfo& info(DType t) { return kDTypes[static_cast<int>(t)]; }
inline constexpr const char* name(DType t) { return info(t).name; }
inline constexpr size_t item_size(DType t) { return info(t).size; }
inline constexpr DTypeCategory category(DType t) { return info(t).category; }
inline constexpr bool is_bool(DType t) { return t == DType::Bool; }
/// int8 to int64 and uint8; bool is no integer here.
inline constexpr bool is_integral(DType t) { return category(t) == DTypeCategory::Integral; }
inline constexpr bool is_integral_or_bool(DType t) { return category(t) <= DTypeCategory::Integral; }
inline constexpr bool is_floating(DType t) { return category(t) == DTypeCategory::Floating; }
inline constexpr bool is_complex(DType t) { return category(t) == DTypeCategory::Complex; }
inline constexpr bool is_floating_or_complex(DType t) { return category(t) >= DTypeCategory::Floating; }
inline constexpr bool is_reduced_floating(DType t) { return t == DType::Float16 || t == DType::BFloat16; }
/// uint8 and bool have no negative numbers.
inline constexpr bool is_signed(DType t) { return t != DType::UInt8 && t != DType::Bool; }

/// The element type with PyTorch's number in archives, if we have it.
std::optional<DType> dtype_from_torch_number(int64_t number);
/// "float32" or one of PyTorch's other names ("float", "long", "half" ...).
std::optional<DType> dtype_from_name(std::string_view name);

/// The real type of a complex type's parts; other types unchanged.
DType to_real(DType t);
/// The complex type whose parts are `t`.
DType to_complex(DType t);

/// PyTorch's promote_types: the smallest type that both go into.
DType promote_types(DType a, DType b);
/// PyTorch's can_cast: whether an in-place result of type `from` may be stored as `to` (the category never falls).
bool can_cast(DType from, DType to);

/// The type of new float tensors and of Python floats beside integer tensors. Belongs to the thread that runs.
DType default_dtype();
void set_default_dtype(DType t);

/// Collects operands and gives PyTorch's result_type: tensors with dimensions decide; 0-dim tensors and then Python
/// numbers count only where they are of a higher category (bool < integers < floats < complex).
class ResultType {
 public:
  void add_dim(DType t) { add(dim_, t); }
  void add_zero_dim(DType t) { add(zero_, t); }
  /// A Python number: float and complex count as the default dtype and its complex type.
  void add_number(DTypeCategory category);
  DType get() const;

 private:
  using Maybe = std::optional<DType>;
  static void add(Maybe& into, DType t) { into = into ? promote_types(*into, t) : t; }
  static Maybe combine(Maybe higher, Maybe lower);
  Maybe dim_, zero_, number_;
};

template <DType T>
struct DTypeToC;
template <class T>
struct CToDType;
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) \
  template <>                                                  \
  struct DTypeToC<DType::name> {                               \
    using type = ctype;                                        \
  };                                                           \
  template <>                                                  \
  struct CToDType<ctype> {                                     \
    static constexpr DType value = DType::name;                \
  };
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE

/// The C++ type of elements of type T, and the reverse.
template <DType T>
using ctype_of = typename DTypeToC<T>::type;
template <class T>
inline constexpr DType dtype_of = CToDType<T>::value;

template <class T>
inline constexpr bool is_complex_type = false;
template <class T>
inline constexpr bool is_complex_type<std::complex<T>> = true;
template <class T>
inline constexpr bool is_reduced_type = false;
template <>
inline constexpr bool is_reduced_type<Half> = true;
template <>
inline constexpr bool is_reduced_type<BFloat16> = true;
template <class T>
inline constexpr bool is_floating_type = std::is_floating_point_v<T> || is_reduced_type<T>;

/// Converts an element as a tensor copy does: complex to real drops the imaginary part, to bool tests against zero,
/// float to an integer truncates.
template <class To, class From>
inline To convert(From v) {
  if constexpr (std::is_same_v<To, From>) {
    return v;
  } else if constexpr (is_complex_type<To>) {
    using R = typename To::value_type;
    if constexpr (is_complex_type<From>)
      return To(static_cast<R>(v.real()), static_cast<R>(v.imag()));
    else
      return To(static_cast<R>(v), R(0));
  } else if constexpr (is_complex_type<From>) {
    if constexpr (std::is_same_v<To, bool>)
      return v.real() != 0 || v.imag() != 0;
    else
      return convert<To>(v.real());
  } else if constexpr (std::is_same_v<To, bool>) {
    if constexpr (is_reduced_type<From>)
      return static_cast<float>(v) != 0;
    else
      return v != 0;
  } else if constexpr (is_reduced_type<To>) {
    return To(static_cast<float>(v));
  } else if constexpr (is_reduced_type<From>) {
    return convert<To>(static_cast<float>(v));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // What does not fit becomes the smallest int32 or int64, as the processor's own conversion gives.
    if constexpr (sizeof(To) <= 4 && !std::is_same_v<To, uint8_t>) {
      const bool fits = v >= From(-2147483648.0) && v < From(2147483648.0);
      return static_cast<To>(fits ? static_cast<int32_t>(v) : std::numeric_limits<int32_t>::min());
    } else {
      const bool fits = v >= From(-9223372036854775808.0) && v < From(9223372036854775808.0);
      return static_cast<To>(fits ? static_cast<int64_t>(v) : std::numeric_limits<int64_t>::min());
    }
  } else {
    return static_cast<To>(v);
  }
}

[[noreturn]] void fail_dtype(const char* what, DType t);

}  // namespace tsvm::ops

// Runs the body with `scalar_t` as the C++ type of `dtype`. WHAT names the kernel in the error for other types:
// "\"WHAT\" not implemented for 'Half'", PyTorch's words.
#define TSVM_CASE(NAME, ...)                                          \
  case ::tsvm::ops::DType::NAME: {                                    \
    using scalar_t = ::tsvm::ops::ctype_of<::tsvm::ops::DType::NAME>; \
    __VA_ARGS__;                                                      \
    break;                                                            \
  }
#define TSVM_CASES_INTEGRAL(...) \
  TSVM_CASE(UInt8, __VA_ARGS__)  \
  TSVM_CASE(Int8, __VA_ARGS__)   \
  TSVM_CASE(Int16, __VA_ARGS__)  \
  TSVM_CASE(Int32, __VA_ARGS__)  \
  TSVM_CASE(Int64, __VA_ARGS__)
#define TSVM_CASES_FLOAT(...)     \
  TSVM_CASE(Float32, __VA_ARGS__) \
  TSVM_CASE(Float64, __VA_ARGS__)
#define TSVM_CASES_REDUCED(...)   \
  TSVM_CASE(Float16, __VA_ARGS__) \
  TSVM_CASE(BFloat16, __VA_ARGS__)
#define TSVM_CASES_COMPLEX(...)     \
  TSVM_CASE(Complex64, __VA_ARGS__) \
  TSVM_CASE(Complex128, __VA_ARGS__)
#define TSVM_DISPATCH(DTYPE, WHAT, CASES)                                                          \
  do {                                                                                             \
    const ::tsvm::ops::DType dispatched_dtype = (DTYPE);                                           \
    switch (dispatched_dtype) { CASES default : ::tsvm::ops::fail_dtype(WHAT, dispatched_dtype); } \
  } while (0)
#define TSVM_DISPATCH_ALL(DTYPE, WHAT, ...)                                                                    \
  TSVM_DISPATCH(DTYPE, WHAT,                                                                                   \
                TSVM_CASES_INTEGRAL(__VA_ARGS__) TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_REDUCED(__VA_ARGS__) \
                    TSVM_CASES_COMPLEX(__VA_ARGS__) TSVM_CASE(Bool, __VA_ARGS__))
#define TSVM_DISPATCH_FLOATING(DTYPE, WHAT, ...) \
  TSVM_DISPATCH(DTYPE, WHAT, TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_REDUCED(__VA_ARGS__))
#define TSVM_DISPATCH_FLOATING_COMPLEX(DTYPE, WHAT, ...) \
  TSVM_DISPATCH(DTYPE, WHAT,                             \
                TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_REDUCED(__VA_ARGS__) TSVM_CASES_COMPLEX(__VA_ARGS__))
#define TSVM_DISPATCH_REAL(DTYPE, WHAT, ...) \
  TSVM_DISPATCH(DTYPE, WHAT,                 \
                TSVM_CASES_INTEGRAL(__VA_ARGS__) TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_REDUCED(__VA_ARGS__))
#define TSVM_DISPATCH_REAL_BOOL(DTYPE, WHAT, ...)                                                              \
  TSVM_DISPATCH(DTYPE, WHAT,                                                                                   \
                TSVM_CASES_INTEGRAL(__VA_ARGS__) TSVM_CASES_FLOAT(__VA_ARGS__) TSVM_CASES_REDUCED(__VA_ARGS__) \
                    TSVM_CASE(Bool, __VA_ARGS__))
// By size only: for kernels that move elements and never look at them. `scalar_t` is an unsigned type of that size.
#define TSVM_DISPATCH_SIZE(DTYPE, ...)       \
  do {                                       \
    switch (::tsvm::ops::item_size(DTYPE)) { \
      case 1: {                              \
        using scalar_t = uint8_t;            \
        __VA_ARGS__;                         \
        break;                               \
      }                                      \
      case 2: {                              \
        using scalar_t = uint16_t;           \
        __VA_ARGS__;                         \
        break;                               \
      }                                      \
      case 4: {                              \
        using scalar_t = uint32_t;           \
        __VA_ARGS__;                         \
        break;                               \
      }                                      \
      case 8: {                              \
        using scalar_t = uint64_t;           \
        __VA_ARGS__;                         \
        break;                               \
      }                                      \
      default: {                             \
        using scalar_t = unsigned __int128;  \
        __VA_ARGS__;                         \
        break;                               \
      }                                      \
    }                                        \
  } while (0)

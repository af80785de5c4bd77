#include "ops/tensor/dtype.h"

namespace tsvm::ops {

std::optional<DType> dtype_from_torch_number(int64_t number) {
  for (int i = 0; i < kDTypeCount; i++)
    if (kDTypes[i].torch_number == number) return static_cast<DType>(i);
  return std::nullopt;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (int i = 0; i < kDTypeCount; i++)
    if (name == kDTypes[i].name) return static_cast<DType>(i);
  static constexpr struct {
    std::string_view name;
    DType type;
  } kOthers[] = {{"float", DType::Float32},    {"double", DType::Float64},    {"half", DType::Float16},
                 {"long", DType::Int64},       {"int", DType::Int32},         {"short", DType::Int16},
                 {"cfloat", DType::Complex64}, {"cdouble", DType::Complex128}};
  for (const auto& other : kOthers)
    if (name == other.name) return other.type;
  return std::nullopt;
}

DType to_real(DType t) {
  if (t == DType::Complex64) return DType::Float32;
  if (t == DType::Complex128) return DType::Float64;
  return t;
}

DType to_complex(DType t) {
  switch (t) {
    case DType::Float32:
    case DType::BFloat16:
    case DType::Complex64: return DType::Complex64;
    case DType::Float64:
    case DType::Complex128: return DType::Complex128;
    case DType::Float16: fail(ErrorKind::NotImplementedError, "complex32 (ComplexHalf) is not supported");
    default: fail(ErrorKind::RuntimeError, "Unknown Complex ScalarType for ", info(t).cpp_name);
  }
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (category(a) > category(b)) std::swap(a, b);
  if (category(a) == category(b)) {
    switch (category(a)) {
      case DTypeCategory::Integral:
        // uint8 beside int8 needs int16; otherwise the wider one (uint8 fits into int16 and up).
        if (item_size(a) == item_size(b)) return DType::Int16;
        return item_size(a) > item_size(b) ? a : b;
      case DTypeCategory::Floating:
        if (item_size(a) == item_size(b)) return DType::Float32;  // half and bfloat16
        return item_size(a) > item_size(b) ? a : b;
      case DTypeCategory::Complex: return DType::Complex128;
      case DTypeCategory::Bool: return a;
    }
  }
  if (is_complex(b) && a == DType::Float64) return DType::Complex128;
  return b;
}

bool can_cast(DType from, DType to) {
  if (is_complex(from) && !is_complex(to)) return false;
  if (is_floating(from) && is_integral_or_bool(to)) return false;
  return is_bool(from) || !is_bool(to);
}

namespace {
constinit thread_local DType g_default_dtype = DType::Float32;
}

DType default_dtype() { return g_default_dtype; }
void set_default_dtype(DType t) {
  OPS_CHECK(is_floating(t), TypeError, "only floating-point types are supported as the default type");
  g_default_dtype = t;
}

void ResultType::add_number(DTypeCategory c) {
  switch (c) {
    case DTypeCategory::Bool: return add(number_, DType::Bool);
    case DTypeCategory::Integral: return add(number_, DType::Int64);
    case DTypeCategory::Floating: return add(number_, default_dtype());
    case DTypeCategory::Complex: return add(number_, to_complex(default_dtype()));
  }
}

ResultType::Maybe ResultType::combine(Maybe higher, Maybe lower) {
  if (!higher) return lower;
  if (!lower || is_complex(*higher)) return higher;
  if (is_floating(*higher)) return is_complex(*lower) ? Maybe(to_complex(*higher)) : higher;
  if (is_bool(*higher) || is_floating_or_complex(*lower)) return promote_types(*higher, *lower);
  return higher;
}

DType ResultType::get() const {
  Maybe result = combine(dim_, combine(zero_, number_));
  return result ? *result : default_dtype();
}

void fail_dtype(const char* what, DType t) {
  fail(ErrorKind::RuntimeError, "\"", what, "\" not implemented for '", info(t).cpp_name, "'");
}

}  // namespace tsvm::ops

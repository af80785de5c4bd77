// torch:: tensors: factories from C++ values, constants, device queries.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "c10/util/Logging.h"

namespace torch {

using namespace at;
using at::Device;
using at::DeviceType;
using at::IntArrayRef;
using at::kCPU;
using at::kCUDA;
using at::kSparse;
using at::kStrided;
using at::TensorOptions;
using c10::dtype;
using c10::get_default_dtype;
using c10::nullopt;
using c10::optional;
using c10::set_default_dtype;

namespace detail {

/// The nested braces that torch::tensor takes.
struct TensorDataContainer {
  TensorDataContainer() = default;
  template <class T, std::enable_if_t<std::is_arithmetic<T>::value, bool> = true>
  TensorDataContainer(T v) : kind_(Kind::Scalar), type_(c10::CppTypeToScalarType<Element<T>>::value), scalar_(v) {}
  TensorDataContainer(c10::Half v) : kind_(Kind::Scalar), type_(c10::kHalf), scalar_(v) {}
  TensorDataContainer(c10::BFloat16 v) : kind_(Kind::Scalar), type_(c10::kBFloat16), scalar_(v) {}
  template <class T>
  TensorDataContainer(c10::complex<T> v)
      : kind_(Kind::Scalar), type_(c10::CppTypeToScalarType<c10::complex<T>>::value), scalar_(v) {}
  TensorDataContainer(std::initializer_list<TensorDataContainer> list);
  template <class T, std::enable_if_t<std::is_arithmetic<T>::value && !std::is_same<T, bool>::value, bool> = true>
  TensorDataContainer(c10::ArrayRef<T> list) : kind_(Kind::Tensor), type_(c10::CppTypeToScalarType<T>::value) {
    sizes_ = {static_cast<int64_t>(list.size())};
    fill(list.data());
  }
  template <class T, std::enable_if_t<std::is_arithmetic<T>::value && !std::is_same<T, bool>::value, bool> = true>
  TensorDataContainer(const std::vector<T>& list) : TensorDataContainer(c10::ArrayRef<T>(list)) {}
  TensorDataContainer(const std::vector<bool>& list);
  template <class T>
  TensorDataContainer(const std::vector<c10::complex<T>>& list)
      : kind_(Kind::Tensor), type_(c10::CppTypeToScalarType<c10::complex<T>>::value) {
    sizes_ = {static_cast<int64_t>(list.size())};
    fill(list.data());
  }

  bool is_scalar() const { return kind_ == Kind::Scalar; }
  const std::vector<int64_t>& sizes() const { return sizes_; }
  c10::ScalarType scalar_type() const { return type_; }
  at::Tensor to_tensor(c10::TensorOptions options) const;

 private:
  enum class Kind { Scalar, List, Tensor };
  template <class T>
  using Element = std::conditional_t<
      std::is_same<T, bool>::value || std::is_floating_point<T>::value,
      std::conditional_t<std::is_same<T, long double>::value, double, T>,
      std::conditional_t<
          sizeof(T) == 8, int64_t,
          std::conditional_t<sizeof(T) == 4, int,
                             std::conditional_t<sizeof(T) == 2, int16_t,
                                                std::conditional_t<std::is_signed<T>::value, int8_t, uint8_t>>>>>;
  void fill(const void* data);
  void write(at::Tensor& into) const;

  Kind kind_ = Kind::List;
  std::vector<int64_t> sizes_;
  c10::ScalarType type_ = c10::ScalarType::Undefined;
  c10::Scalar scalar_;
  std::vector<TensorDataContainer> items_;
  at::Tensor tensor_;
};

}  // namespace detail

/// A tensor of the values in (nested) braces or a vector. Integers become int64, floats the default dtype.
at::Tensor tensor(detail::TensorDataContainer data, const at::TensorOptions& options = {});

using at::from_blob;
using at::manual_seed;

/// Element types by name, as in Python.
using at::requires_grad;

inline at::Tensor scalar_to_tensor(const at::Scalar& v) { return at::scalar_to_tensor(v); }

}  // namespace torch

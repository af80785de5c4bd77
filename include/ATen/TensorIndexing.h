// torch::indexing: what stands in brackets in Python.
#pragma once

#include "ATen/core/Tensor.h"

namespace at {
namespace indexing {

struct EllipsisIndexType final {};
extern const EllipsisIndexType Ellipsis;
inline constexpr c10::nullopt_t None = c10::nullopt;
enum class TensorIndexType { None, Ellipsis, Integer, Boolean, Slice, Tensor };

/// start:stop:step; nothing stands for the ends.
struct Slice final {
  Slice(c10::optional<int64_t> start = c10::nullopt, c10::optional<int64_t> stop = c10::nullopt,
        c10::optional<int64_t> step = c10::nullopt);
  int64_t start() const { return start_; }
  int64_t stop() const { return stop_; }
  int64_t step() const { return step_; }

 private:
  int64_t start_, stop_, step_;
};
std::ostream& operator<<(std::ostream& out, const Slice& slice);

struct TensorIndex final {
  TensorIndex(c10::nullopt_t) : type_(TensorIndexType::None) {}
  TensorIndex(EllipsisIndexType) : type_(TensorIndexType::Ellipsis) {}
  /// "..." only.
  TensorIndex(const char* text) : type_(TensorIndexType::Ellipsis) {
    TORCH_CHECK_VALUE(std::string(text) == "...", "Expected \"...\" to represent an ellipsis index, but got \"", text,
                      "\"");
  }
  template <class T, std::enable_if_t<std::is_integral<T>::value && !std::is_same<T, bool>::value, bool> = true>
  TensorIndex(T i) : type_(TensorIndexType::Integer), integer_(static_cast<int64_t>(i)) {}
  template <class T, std::enable_if_t<std::is_same<T, bool>::value, bool>* = nullptr>
  TensorIndex(T b) : type_(TensorIndexType::Boolean), integer_(b) {}
  TensorIndex(Slice slice) : type_(TensorIndexType::Slice), slice_(slice) {}
  TensorIndex(Tensor t) : type_(TensorIndexType::Tensor), tensor_(std::move(t)) {}

  TensorIndexType type() const { return type_; }
  bool is_none() const { return type_ == TensorIndexType::None; }
  bool is_ellipsis() const { return type_ == TensorIndexType::Ellipsis; }
  bool is_integer() const { return type_ == TensorIndexType::Integer; }
  bool is_boolean() const { return type_ == TensorIndexType::Boolean; }
  bool is_slice() const { return type_ == TensorIndexType::Slice; }
  bool is_tensor() const { return type_ == TensorIndexType::Tensor; }
  int64_t integer() const { return integer_; }
  bool boolean() const { return integer_ != 0; }
  const Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  TensorIndexType type_;
  int64_t integer_ = 0;
  Slice slice_;
  Tensor tensor_;
};
std::ostream& operator<<(std::ostream& out, const TensorIndex& index);
std::ostream& operator<<(std::ostream& out, const std::vector<TensorIndex>& indices);

}  // namespace indexing
}  // namespace at

namespace torch {
namespace indexing {
using namespace at::indexing;
}
}  // namespace torch

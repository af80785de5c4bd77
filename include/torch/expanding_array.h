// torch::ExpandingArray<D>: D numbers, from one (repeated) or from a list of D.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <ostream>
#include <vector>

#include "c10/util/ArrayRef.h"

namespace torch {

template <size_t D, class T = int64_t>
class ExpandingArray {
 public:
  ExpandingArray(std::initializer_list<T> list) : ExpandingArray(c10::ArrayRef<T>(list)) {}
  ExpandingArray(std::vector<T> list) : ExpandingArray(c10::ArrayRef<T>(list)) {}
  ExpandingArray(c10::ArrayRef<T> list) {
    TORCH_CHECK(list.size() == D, "Expected ", D, " values, but instead got ", list.size());
    std::copy(list.begin(), list.end(), values_.begin());
  }
  ExpandingArray(T one) { values_.fill(one); }
  ExpandingArray(const std::array<T, D>& values) : values_(values) {}

  std::array<T, D>& operator*() { return values_; }
  const std::array<T, D>& operator*() const { return values_; }
  std::array<T, D>* operator->() { return &values_; }
  const std::array<T, D>* operator->() const { return &values_; }
  operator c10::ArrayRef<T>() const { return values_; }
  size_t size() const noexcept { return D; }

 protected:
  std::array<T, D> values_;
};

template <size_t D, class T>
std::ostream& operator<<(std::ostream& out, const ExpandingArray<D, T>& a) {
  if (a.size() == 1) return out << (*a)[0];
  return out << static_cast<c10::ArrayRef<T>>(a);
}

/// The same with values that may be missing.
template <size_t D, class T = int64_t>
class ExpandingArrayWithOptionalElem : public ExpandingArray<D, c10::optional<T>> {
  using Base = ExpandingArray<D, c10::optional<T>>;

 public:
  using Base::Base;
  ExpandingArrayWithOptionalElem(std::initializer_list<T> list)
      : ExpandingArrayWithOptionalElem(c10::ArrayRef<T>(list)) {}
  ExpandingArrayWithOptionalElem(std::initializer_list<c10::optional<T>> list) : Base(list) {}
  ExpandingArrayWithOptionalElem(std::vector<T> list) : ExpandingArrayWithOptionalElem(c10::ArrayRef<T>(list)) {}
  ExpandingArrayWithOptionalElem(c10::ArrayRef<T> list) : Base(c10::optional<T>()) {
    TORCH_CHECK(list.size() == D, "Expected ", D, " values, but instead got ", list.size());
    std::copy(list.begin(), list.end(), this->values_.begin());
  }
  ExpandingArrayWithOptionalElem(T one) : Base(c10::optional<T>(one)) {}
  ExpandingArrayWithOptionalElem(c10::nullopt_t) : Base(c10::optional<T>()) {}
};

template <size_t D, class T>
std::ostream& operator<<(std::ostream& out, const ExpandingArrayWithOptionalElem<D, T>& a) {
  auto one = [&](const c10::optional<T>& v) {
    if (v)
      out << *v;
    else
      out << "None";
  };
  if (a.size() == 1) {
    one((*a)[0]);
    return out;
  }
  out << "[";
  for (size_t i = 0; i < D; i++) {
    if (i) out << ", ";
    one((*a)[i]);
  }
  return out << "]";
}

}  // namespace torch

// A borrowed array: a pointer and a length. Never keep one longer than what it was made of.
#pragma once

#include <array>
#include <initializer_list>
#include <iterator>
#include <ostream>
#include <type_traits>
#include <vector>

#include "c10/util/Exception.h"
#include "c10/util/Optional.h"

namespace c10 {

template <class T>
class ArrayRef final {
 public:
  using value_type = T;
  using iterator = const T*;
  using const_iterator = const T*;
  using size_type = size_t;
  using reverse_iterator = std::reverse_iterator<iterator>;

  constexpr ArrayRef() = default;
  /// One element.
  constexpr ArrayRef(const T& one) : data_(&one), size_(1) {}
  constexpr ArrayRef(const T* data, size_t size) : data_(data), size_(size) {}
  constexpr ArrayRef(const T* begin, const T* end) : data_(begin), size_(static_cast<size_t>(end - begin)) {}
  template <class A>
  ArrayRef(const std::vector<T, A>& v) : data_(v.data()), size_(v.size()) {
    static_assert(!std::is_same<T, bool>::value, "std::vector<bool> is no array");
  }
  template <size_t N>
  constexpr ArrayRef(const std::array<T, N>& a) : data_(a.data()), size_(N) {}
  template <size_t N>
  constexpr ArrayRef(const T (&a)[N]) : data_(a), size_(N) {}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winit-list-lifetime"
#endif
  constexpr ArrayRef(const std::initializer_list<T>& list)
      : data_(list.begin() == list.end() ? nullptr : list.begin()), size_(list.size()) {}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

  constexpr iterator begin() const { return data_; }
  constexpr iterator end() const { return data_ + size_; }
  constexpr const_iterator cbegin() const { return data_; }
  constexpr const_iterator cend() const { return data_ + size_; }
  constexpr reverse_iterator rbegin() const { return reverse_iterator(end()); }
  constexpr reverse_iterator rend() const { return reverse_iterator(begin()); }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const T* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  const T& front() const {
    TORCH_CHECK(!empty(), "ArrayRef: attempted to access front() of empty list");
    return data_[0];
  }
  const T& back() const {
    TORCH_CHECK(!empty(), "ArrayRef: attempted to access back() of empty list");
    return data_[size_ - 1];
  }
  bool equals(ArrayRef other) const {
    if (size_ != other.size_) return false;
    for (size_t i = 0; i < size_; i++)
      if (!(data_[i] == other.data_[i])) return false;
    return true;
  }
  ArrayRef slice(size_t first, size_t count) const {
    TORCH_CHECK(first + count <= size_, "ArrayRef: invalid slice, N = ", first, "; M = ", count, "; size = ", size_);
    return ArrayRef(data_ + first, count);
  }
  ArrayRef slice(size_t first) const { return slice(first, size_ - first); }
  constexpr const T& operator[](size_t i) const { return data_[i]; }
  const T& at(size_t i) const {
    TORCH_CHECK(i < size_, "ArrayRef: invalid index Index = ", i, "; Length = ", size_);
    return data_[i];
  }
  std::vector<T> vec() const { return std::vector<T>(begin(), end()); }

 private:
  const T* data_ = nullptr;
  size_t size_ = 0;
};

template <class T>
std::ostream& operator<<(std::ostream& out, ArrayRef<T> list) {
  out << "[";
  for (size_t i = 0; i < list.size(); i++) {
    if (i) out << ", ";
    out << list[i];
  }
  return out << "]";
}

template <class T>
ArrayRef<T> makeArrayRef(const std::vector<T>& v) {
  return v;
}
template <class T>
ArrayRef<T> makeArrayRef(const T* data, size_t size) {
  return ArrayRef<T>(data, size);
}

template <class T>
bool operator==(ArrayRef<T> a, ArrayRef<T> b) {
  return a.equals(b);
}
template <class T>
bool operator!=(ArrayRef<T> a, ArrayRef<T> b) {
  return !a.equals(b);
}
template <class T>
bool operator==(const std::vector<T>& a, ArrayRef<T> b) {
  return ArrayRef<T>(a).equals(b);
}
template <class T>
bool operator!=(const std::vector<T>& a, ArrayRef<T> b) {
  return !ArrayRef<T>(a).equals(b);
}
template <class T>
bool operator==(ArrayRef<T> a, const std::vector<T>& b) {
  return a.equals(b);
}
template <class T>
bool operator!=(ArrayRef<T> a, const std::vector<T>& b) {
  return !a.equals(b);
}

using IntArrayRef = ArrayRef<int64_t>;

/// An IntArrayRef or nothing; one number or a braced list may stand for it.
class OptionalIntArrayRef {
 public:
  constexpr OptionalIntArrayRef() = default;
  constexpr OptionalIntArrayRef(nullopt_t) {}
  constexpr OptionalIntArrayRef(IntArrayRef list) : list_(list), there_(true) {}
  constexpr OptionalIntArrayRef(const int64_t& one) : list_(one), there_(true) {}
  constexpr OptionalIntArrayRef(const std::initializer_list<int64_t>& list) : list_(list), there_(true) {}
  OptionalIntArrayRef(const std::vector<int64_t>& list) : list_(list), there_(true) {}
  template <size_t N>
  constexpr OptionalIntArrayRef(const std::array<int64_t, N>& list) : list_(list), there_(true) {}
  OptionalIntArrayRef(optional<IntArrayRef> list) : list_(list ? *list : IntArrayRef()), there_(list.has_value()) {}
  constexpr bool has_value() const { return there_; }
  constexpr explicit operator bool() const { return there_; }
  constexpr const IntArrayRef& value() const { return list_; }
  constexpr const IntArrayRef& operator*() const { return list_; }
  constexpr const IntArrayRef* operator->() const { return &list_; }

 private:
  IntArrayRef list_;
  bool there_ = false;
};

}  // namespace c10

// c10::List: a typed view of a list of Torch Script. Copies share the items.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <vector>

#include "ATen/core/ivalue_base.h"

namespace c10 {
namespace impl {

/// What list[i] and iterators give: converts to the item, and takes a new one.
template <class T>
class ListElementReference final {
 public:
  explicit ListElementReference(IValue* at) : at_(at) {}
  operator T() const { return at_->to<T>(); }
  ListElementReference& operator=(T v) {
    *at_ = IValue(std::move(v));
    return *this;
  }
  ListElementReference& operator=(const ListElementReference& o) {
    *at_ = *o.at_;
    return *this;
  }
  ListElementReference(const ListElementReference&) = default;
  const IValue& get() const { return *at_; }
  friend bool operator==(const ListElementReference& a, const T& b) { return static_cast<T>(a) == b; }
  friend bool operator==(const T& a, const ListElementReference& b) { return a == static_cast<T>(b); }
  friend void swap(ListElementReference&& a, ListElementReference&& b) { a.at_->swap(*b.at_); }

 private:
  IValue* at_;
};
template <>
inline ListElementReference<IValue>::operator IValue() const {
  return *at_;
}

template <class T>
class ListIterator final {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using pointer = T*;
  using reference = ListElementReference<T>;
  ListIterator() : at_(nullptr) {}
  explicit ListIterator(IValue* at) : at_(at) {}
  reference operator*() const { return reference(at_); }
  reference operator[](difference_type n) const { return reference(at_ + n); }
  ListIterator& operator++() { return at_++, *this; }
  ListIterator operator++(int) { return ListIterator(at_++); }
  ListIterator& operator--() { return at_--, *this; }
  ListIterator operator--(int) { return ListIterator(at_--); }
  ListIterator& operator+=(difference_type n) { return at_ += n, *this; }
  ListIterator& operator-=(difference_type n) { return at_ -= n, *this; }
  ListIterator operator+(difference_type n) const { return ListIterator(at_ + n); }
  ListIterator operator-(difference_type n) const { return ListIterator(at_ - n); }
  friend difference_type operator-(ListIterator a, ListIterator b) { return a.at_ - b.at_; }
  friend bool operator==(ListIterator a, ListIterator b) { return a.at_ == b.at_; }
  friend bool operator!=(ListIterator a, ListIterator b) { return a.at_ != b.at_; }
  friend bool operator<(ListIterator a, ListIterator b) { return a.at_ < b.at_; }
  IValue* raw() const { return at_; }

 private:
  IValue* at_;
};

}  // namespace impl

template <class T>
class List final {
 public:
  using value_type = T;
  using size_type = size_t;
  using iterator = impl::ListIterator<T>;
  using const_iterator = iterator;
  List() : List(getTypePtr<T>()) {}
  /// A list of values has a type of its own.
  explicit List(TypePtr element) : impl_(make_intrusive<detail::ListImpl>(std::move(element))) {}
  List(std::initializer_list<T> items) : List(ArrayRef<T>(items)) {}
  explicit List(ArrayRef<T> items) : List() {
    reserve(items.size());
    for (const T& v : items) push_back(v);
  }
  explicit List(std::vector<T> items) : List() {
    reserve(items.size());
    for (size_t i = 0; i < items.size(); i++) push_back(static_cast<T>(std::move(items[i])));
  }
  explicit List(intrusive_ptr<detail::ListImpl> impl) : impl_(std::move(impl)) {}

  List copy() const {
    List out(impl_->element_type);
    out.impl_->items = impl_->items;
    return out;
  }
  T get(size_t i) const { return impl_->items.at(i).template to<T>(); }
  T extract(size_t i) const {
    T v = get(i);
    impl_->items[i] = IValue();
    return v;
  }
  impl::ListElementReference<T> operator[](size_t i) const {
    return impl::ListElementReference<T>(&impl_->items.at(i));
  }
  void set(size_t i, T v) const { impl_->items.at(i) = IValue(std::move(v)); }
  iterator begin() const { return iterator(impl_->items.data()); }
  iterator end() const { return iterator(impl_->items.data() + impl_->items.size()); }
  bool empty() const { return impl_->items.empty(); }
  size_t size() const { return impl_->items.size(); }
  void reserve(size_t n) const { impl_->items.reserve(n); }
  void clear() const { impl_->items.clear(); }
  iterator insert(iterator at, T v) const {
    const std::ptrdiff_t i = at.raw() - impl_->items.data();
    impl_->items.insert(impl_->items.begin() + i, IValue(std::move(v)));
    return begin() + i;
  }
  void push_back(T v) const { impl_->items.push_back(IValue(std::move(v))); }
  template <class... Args>
  void emplace_back(Args&&... args) const {
    push_back(T(std::forward<Args>(args)...));
  }
  void append(List other) const {
    for (size_t i = 0, n = other.size(); i < n; i++) impl_->items.push_back(other.impl_->items[i]);
  }
  iterator erase(iterator at) const { return erase(at, at + 1); }
  iterator erase(iterator from, iterator to) const {
    const std::ptrdiff_t i = from.raw() - impl_->items.data();
    impl_->items.erase(impl_->items.begin() + i, impl_->items.begin() + i + (to - from));
    return begin() + i;
  }
  void pop_back() const { impl_->items.pop_back(); }
  void resize(size_t n) const { resize(n, T()); }
  void resize(size_t n, const T& v) const { impl_->items.resize(n, IValue(v)); }
  std::vector<T> vec() const {
    std::vector<T> out;
    for (const IValue& v : impl_->items) out.push_back(v.to<T>());
    return out;
  }
  bool is(const List& other) const { return impl_ == other.impl_; }
  size_t use_count() const { return impl_.use_count(); }
  TypePtr elementType() const { return impl_->element_type; }
  const intrusive_ptr<detail::ListImpl>& impl() const { return impl_; }
  friend bool operator==(const List& a, const List& b) { return IValue(a) == IValue(b); }
  friend bool operator!=(const List& a, const List& b) { return !(a == b); }

 private:
  intrusive_ptr<detail::ListImpl> impl_;
};

template <class T>
IValue::IValue(c10::List<T> list) noexcept : IValue(list.impl()) {}
template <class T>
IValue::IValue(std::vector<T> list) : IValue(c10::List<T>(std::move(list))) {}

namespace detail {
template <class T>
struct FromIValue<c10::List<T>> {
  static c10::List<T> from(const IValue& v) {
    (void)v.list_impl();
    return c10::List<T>(v.to<intrusive_ptr<ListImpl>>());
  }
};
template <>
struct FromIValue<intrusive_ptr<ListImpl>> {
  static intrusive_ptr<ListImpl> from(const IValue& v) {
    return intrusive_ptr<ListImpl>::reclaim_copy(const_cast<ListImpl*>(&v.list_impl()));
  }
};
}  // namespace detail

}  // namespace c10

namespace torch {
template <class T>
using List = c10::List<T>;
}  // namespace torch

// c10::List and c10::Dict: shared containers, as the language's lists and dicts are. Copies share the items.
#pragma once

#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "c10/util/ArrayRef.h"

namespace c10 {

template <class T>
class List {
 public:
  using value_type = T;
  using iterator = typename std::vector<T>::iterator;
  using size_type = size_t;
  List() : items_(std::make_shared<std::vector<T>>()) {}
  List(std::initializer_list<T> items) : items_(std::make_shared<std::vector<T>>(items)) {}
  explicit List(ArrayRef<T> items) : items_(std::make_shared<std::vector<T>>(items.begin(), items.end())) {}
  explicit List(std::vector<T> items) : items_(std::make_shared<std::vector<T>>(std::move(items))) {}

  List copy() const { return List(*items_); }
  T get(size_t i) const { return items_->at(i); }
  T extract(size_t i) const { return std::move(items_->at(i)); }
  decltype(auto) operator[](size_t i) const { return items_->at(i); }
  void set(size_t i, T v) const { items_->at(i) = std::move(v); }
  iterator begin() const { return items_->begin(); }
  iterator end() const { return items_->end(); }
  bool empty() const { return items_->empty(); }
  size_t size() const { return items_->size(); }
  void reserve(size_t n) const { items_->reserve(n); }
  void clear() const { items_->clear(); }
  iterator insert(iterator at, T v) const { return items_->insert(at, std::move(v)); }
  void push_back(T v) const { items_->push_back(std::move(v)); }
  template <class... Args>
  void emplace_back(Args&&... args) const {
    items_->push_back(T(std::forward<Args>(args)...));
  }
  void append(List other) const { items_->insert(items_->end(), other.begin(), other.end()); }
  iterator erase(iterator at) const { return items_->erase(at); }
  void pop_back() const { items_->pop_back(); }
  void resize(size_t n) const { items_->resize(n); }
  void resize(size_t n, const T& v) const { items_->resize(n, v); }
  const std::vector<T>& vec() const { return *items_; }
  bool is(const List& other) const { return items_ == other.items_; }
  friend bool operator==(const List& a, const List& b) { return *a.items_ == *b.items_; }
  friend bool operator!=(const List& a, const List& b) { return !(a == b); }

 private:
  std::shared_ptr<std::vector<T>> items_;
};

}  // namespace c10

namespace torch {
template <class T>
using List = c10::List<T>;
}  // namespace torch

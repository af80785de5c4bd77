#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "c10/util/Exception.h"

namespace c10 {

/// In the order in which keys came. Copies share the entries.
template <class K, class V>
class Dict {
 public:
  class Entry {
   public:
    Entry(K k, V v) : entry_(std::move(k), std::move(v)) {}
    const K& key() const { return entry_.first; }
    const V& value() const { return entry_.second; }
    V& value() { return entry_.second; }
    void setValue(V v) { entry_.second = std::move(v); }

   private:
    std::pair<K, V> entry_;
  };
  using iterator = typename std::vector<Entry>::iterator;
  Dict() : entries_(std::make_shared<std::vector<Entry>>()) {}

  iterator begin() const { return entries_->begin(); }
  iterator end() const { return entries_->end(); }
  bool empty() const { return entries_->empty(); }
  size_t size() const { return entries_->size(); }
  void clear() const { entries_->clear(); }
  iterator find(const K& k) const {
    iterator it = begin();
    while (it != end() && !(it->key() == k)) ++it;
    return it;
  }
  bool contains(const K& k) const { return find(k) != end(); }
  const V& at(const K& k) const {
    iterator it = find(k);
    TORCH_CHECK_INDEX(it != end(), "Argument passed to at() was not in the map");
    return it->value();
  }
  std::pair<iterator, bool> insert(K k, V v) const {
    iterator it = find(k);
    if (it != end()) return {it, false};
    entries_->emplace_back(std::move(k), std::move(v));
    return {entries_->end() - 1, true};
  }
  std::pair<iterator, bool> insert_or_assign(K k, V v) const {
    iterator it = find(k);
    if (it == end()) return insert(std::move(k), std::move(v));
    it->setValue(std::move(v));
    return {it, false};
  }
  size_t erase(const K& k) const {
    iterator it = find(k);
    if (it == end()) return 0;
    entries_->erase(it);
    return 1;
  }
  Dict copy() const {
    Dict d;
    *d.entries_ = *entries_;
    return d;
  }
  bool is(const Dict& other) const { return entries_ == other.entries_; }

 private:
  std::shared_ptr<std::vector<Entry>> entries_;
};

}  // namespace c10

namespace torch {
template <class K, class V>
using Dict = c10::Dict<K, V>;
}  // namespace torch

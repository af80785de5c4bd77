// c10::Dict: a typed view of a dict of Torch Script, in the order in which keys came. Copies share the entries.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

#include "ATen/core/ivalue_base.h"

namespace c10 {
namespace impl {

/// What iterators give.
template <class K, class V>
class DictEntryRef final {
 public:
  DictEntryRef(detail::DictImpl* d, size_t at) : d_(d), at_(at) {}
  K key() const { return d_->entries[at_].key.template to<K>(); }
  V value() const { return d_->entries[at_].value.template to<V>(); }
  template <class T>
  void setValue(T&& v) const {
    d_->entries[at_].value = IValue(V(std::forward<T>(v)));
  }

 private:
  detail::DictImpl* d_;
  size_t at_;
};

template <class K, class V>
class DictIterator final {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = DictEntryRef<K, V>;
  using difference_type = std::ptrdiff_t;
  using pointer = const value_type*;
  using reference = const value_type&;
  DictIterator(detail::DictImpl* d, size_t at) : d_(d), at_(at), entry_(d, at) {}
  reference operator*() const { return entry_; }
  pointer operator->() const { return &entry_; }
  DictIterator& operator++() { return *this = DictIterator(d_, d_->next(at_ + 1)); }
  DictIterator operator++(int) {
    DictIterator before = *this;
    ++*this;
    return before;
  }
  size_t position() const { return at_; }
  friend bool operator==(const DictIterator& a, const DictIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const DictIterator& a, const DictIterator& b) { return a.at_ != b.at_; }

 private:
  detail::DictImpl* d_;
  size_t at_;
  value_type entry_;
};

}  // namespace impl

template <class K, class V>
class Dict final {
 public:
  using key_type = K;
  using mapped_type = V;
  using size_type = size_t;
  using iterator = impl::DictIterator<K, V>;
  Dict() : Dict(getTypePtr<K>(), getTypePtr<V>()) {}
  /// A dict of values has types of its own.
  Dict(TypePtr key, TypePtr value) : impl_(make_intrusive<detail::DictImpl>(std::move(key), std::move(value))) {}
  explicit Dict(intrusive_ptr<detail::DictImpl> impl) : impl_(std::move(impl)) {}

  iterator begin() const { return iterator(impl_.get(), impl_->next(0)); }
  iterator end() const { return iterator(impl_.get(), impl_->entries.size()); }
  bool empty() const { return impl_->size == 0; }
  size_t size() const { return impl_->size; }
  void clear() const { impl_->clear(); }
  void reserve(size_t n) const { impl_->entries.reserve(n); }
  iterator find(const K& k) const {
    const size_t at = impl_->find(IValue(k));
    return at == detail::DictImpl::kNone ? end() : iterator(impl_.get(), at);
  }
  bool contains(const K& k) const { return impl_->find(IValue(k)) != detail::DictImpl::kNone; }
  V at(const K& k) const {
    const size_t at = impl_->find(IValue(k));
    TORCH_CHECK_INDEX(at != detail::DictImpl::kNone, "Argument passed to at() was not in the map.");
    return impl_->entries[at].value.template to<V>();
  }
  template <class Key, class Value>
  std::pair<iterator, bool> insert(Key&& k, Value&& v) const {
    return put(K(std::forward<Key>(k)), V(std::forward<Value>(v)), false);
  }
  template <class Key, class Value>
  std::pair<iterator, bool> insert_or_assign(Key&& k, Value&& v) const {
    return put(K(std::forward<Key>(k)), V(std::forward<Value>(v)), true);
  }
  void erase(iterator at) const { impl_->erase(at.position()); }
  size_t erase(const K& k) const {
    const size_t at = impl_->find(IValue(k));
    if (at == detail::DictImpl::kNone) return 0;
    impl_->erase(at);
    return 1;
  }
  Dict copy() const {
    Dict out(impl_->key_type, impl_->value_type);
    for (const auto& e : *this) out.insert(e.key(), e.value());
    return out;
  }
  bool is(const Dict& other) const { return impl_ == other.impl_; }
  TypePtr keyType() const { return impl_->key_type; }
  TypePtr valueType() const { return impl_->value_type; }
  const intrusive_ptr<detail::DictImpl>& impl() const { return impl_; }
  friend bool operator==(const Dict& a, const Dict& b) { return IValue(a) == IValue(b); }
  friend bool operator!=(const Dict& a, const Dict& b) { return !(a == b); }

 private:
  std::pair<iterator, bool> put(K k, V v, bool replace) const {
    auto [at, is_new] = impl_->insert(IValue(std::move(k)), IValue(std::move(v)), replace);
    return {iterator(impl_.get(), at), is_new};
  }
  intrusive_ptr<detail::DictImpl> impl_;
};

template <class K, class V>
IValue::IValue(c10::Dict<K, V> dict) noexcept : IValue(dict.impl()) {}
template <class M, class K, class V>
IValue::IValue(const M& map) : IValue() {
  c10::Dict<K, V> dict;
  for (const auto& e : map) dict.insert(e.first, e.second);
  *this = IValue(std::move(dict));
}

namespace detail {
template <>
struct FromIValue<intrusive_ptr<DictImpl>> {
  static intrusive_ptr<DictImpl> from(const IValue& v) {
    return intrusive_ptr<DictImpl>::reclaim_copy(const_cast<DictImpl*>(&v.dict_impl()));
  }
};
template <class K, class V>
struct FromIValue<c10::Dict<K, V>> {
  static c10::Dict<K, V> from(const IValue& v) { return c10::Dict<K, V>(v.to<intrusive_ptr<DictImpl>>()); }
};
}  // namespace detail

}  // namespace c10

namespace torch {
template <class K, class V>
using Dict = c10::Dict<K, V>;
}  // namespace torch

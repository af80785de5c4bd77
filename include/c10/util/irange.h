// for (auto i : c10::irange(n))
#pragma once

#include <iterator>
#include <type_traits>

#include "c10/macros/Macros.h"

namespace c10 {

template <class I>
class integer_range {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = I;
    using difference_type = std::ptrdiff_t;
    using pointer = const I*;
    using reference = I;
    explicit iterator(I v) : value_(v) {}
    I operator*() const { return value_; }
    iterator& operator++() {
      ++value_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++value_;
      return before;
    }
    bool operator==(const iterator& o) const { return value_ == o.value_; }
    bool operator!=(const iterator& o) const { return value_ != o.value_; }

   private:
    I value_;
  };
  integer_range(I begin, I end) : begin_(begin), end_(end < begin ? begin : end) {}
  iterator begin() const { return iterator(begin_); }
  iterator end() const { return iterator(end_); }

 private:
  I begin_, end_;
};

template <class A, class B, std::enable_if_t<std::is_integral<A>::value && std::is_integral<B>::value, bool> = true>
integer_range<B> irange(A begin, B end) {
  return {static_cast<B>(begin), end};
}
template <class I, std::enable_if_t<std::is_integral<I>::value, bool> = true>
integer_range<I> irange(I end) {
  return {I(), end};
}

}  // namespace c10

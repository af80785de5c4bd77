// Lists of sizes, strides and dimensions on operator paths: a borrowed span and a small vector that rarely allocates.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace tsvm::ops {

/// A borrowed list of int64; also takes braces: f(t, {2, 3}). Never keep one.
class IntSpan : public std::span<const int64_t> {
 public:
  using Base = std::span<const int64_t>;
  constexpr IntSpan() = default;
  constexpr IntSpan(const int64_t* data, size_t n) : Base(data, n) {}
  constexpr IntSpan(std::initializer_list<int64_t> list) : Base(list.begin(), list.size()) {}
  constexpr IntSpan(Base s) : Base(s) {}
  IntSpan(const std::vector<int64_t>& v) : Base(v) {}
  /// One number where a list is asked for (PyTorch's int[1]).
  constexpr IntSpan(const int64_t& one) : Base(&one, 1) {}
  friend bool operator==(IntSpan a, IntSpan b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(int64_t)) == 0);
  }
};

/// A growable list of int64 that allocates only past kInline entries.
class DimVector {
 public:
  static constexpr size_t kInline = 8;

  DimVector() = default;
  explicit DimVector(size_t n, int64_t value = 0) { resize(n, value); }
  DimVector(std::initializer_list<int64_t> list) : DimVector(IntSpan(list)) {}
  DimVector(IntSpan s) {
    resize_uninitialized(s.size());
    if (!s.empty()) std::memcpy(data_, s.data(), s.size() * sizeof(int64_t));
  }
  DimVector(const DimVector& o) : DimVector(IntSpan(o)) {}
  DimVector(DimVector&& o) noexcept { take(o); }
  DimVector& operator=(const DimVector& o) {
    if (this != &o) assign(o);
    return *this;
  }
  DimVector& operator=(DimVector&& o) noexcept {
    if (this != &o) {
      release();
      take(o);
    }
    return *this;
  }
  ~DimVector() { release(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return data_; }
  const int64_t* data() const { return data_; }
  int64_t& operator[](size_t i) { return data_[i]; }
  int64_t operator[](size_t i) const { return data_[i]; }
  int64_t& back() { return data_[size_ - 1]; }
  int64_t back() const { return data_[size_ - 1]; }
  int64_t* begin() { return data_; }
  int64_t* end() { return data_ + size_; }
  const int64_t* begin() const { return data_; }
  const int64_t* end() const { return data_ + size_; }
  operator IntSpan() const { return IntSpan(data_, size_); }

  void assign(IntSpan s) {
    resize_uninitialized(s.size());
    if (!s.empty()) std::memmove(data_, s.data(), s.size() * sizeof(int64_t));
  }
  void resize(size_t n, int64_t value = 0) {
    const size_t old = size_;
    resize_uninitialized(n);
    for (size_t i = old; i < n; i++) data_[i] = value;
  }
  void push_back(int64_t v) {
    resize_uninitialized(size_ + 1);
    data_[size_ - 1] = v;
  }
  void pop_back() { size_--; }
  void clear() { size_ = 0; }
  void insert(size_t at, int64_t v) {
    push_back(v);
    for (size_t i = size_ - 1; i > at; i--) data_[i] = data_[i - 1];
    data_[at] = v;
  }
  void erase(size_t at) {
    for (size_t i = at; i + 1 < size_; i++) data_[i] = data_[i + 1];
    size_--;
  }
  friend bool operator==(const DimVector& a, IntSpan b) { return IntSpan(a) == b; }

 private:
  void resize_uninitialized(size_t n) {
    if (n > capacity_) grow(n);
    size_ = static_cast<uint32_t>(n);
  }
  void grow(size_t n);
  void release() {
    if (data_ != inline_) delete[] data_;
  }
  void take(DimVector& o) {
    size_ = o.size_;
    if (o.data_ == o.inline_) {
      data_ = inline_;
      capacity_ = kInline;
      std::memcpy(inline_, o.inline_, sizeof(int64_t) * o.size_);
    } else {
      data_ = o.data_;
      capacity_ = o.capacity_;
      o.data_ = o.inline_;
      o.capacity_ = kInline;
    }
    o.size_ = 0;
  }

  int64_t* data_ = inline_;
  uint32_t size_ = 0;
  uint32_t capacity_ = kInline;
  int64_t inline_[kInline];
};

/// "[2, 3]".
std::string to_string(IntSpan list);

}  // namespace tsvm::ops

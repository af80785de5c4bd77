// Counted pointers to objects that hold their own count: values that programs and the library share.
//
// An object dies in two steps, as with LibTorch: when the last strong pointer goes, release_resources() drops what it
// holds; its memory stays while weak pointers look at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "c10/macros/Macros.h"

namespace c10 {

namespace detail {
struct Counts;
}

class intrusive_ptr_target {
 public:
  // A copy is another object: it has counts of its own.
  intrusive_ptr_target() noexcept = default;
  intrusive_ptr_target(const intrusive_ptr_target&) noexcept {}
  intrusive_ptr_target& operator=(const intrusive_ptr_target&) noexcept { return *this; }

 protected:
  virtual ~intrusive_ptr_target() = default;

 private:
  friend struct detail::Counts;
  virtual void release_resources() {}
  size_t strong_ = 0, weak_ = 1;  // weak_: one for all strong pointers together
};

namespace detail {
struct Counts {
  static void retain(const intrusive_ptr_target* t) noexcept {
    if (t) __atomic_fetch_add(&mutable_of(t)->strong_, 1, __ATOMIC_RELAXED);
  }
  static void release(const intrusive_ptr_target* t) noexcept {
    if (!t || __atomic_fetch_sub(&mutable_of(t)->strong_, 1, __ATOMIC_ACQ_REL) != 1) return;
    if (__atomic_load_n(&t->weak_, __ATOMIC_ACQUIRE) != 1) mutable_of(t)->release_resources();
    release_weak(t);
  }
  static void retain_weak(const intrusive_ptr_target* t) noexcept {
    if (t) __atomic_fetch_add(&mutable_of(t)->weak_, 1, __ATOMIC_RELAXED);
  }
  static void release_weak(const intrusive_ptr_target* t) noexcept {
    if (t && __atomic_fetch_sub(&mutable_of(t)->weak_, 1, __ATOMIC_ACQ_REL) == 1) delete t;
  }
  /// One more strong reference, unless the last one is gone.
  static bool lock(const intrusive_ptr_target* t) noexcept {
    if (!t) return false;
    size_t n = __atomic_load_n(&t->strong_, __ATOMIC_RELAXED);
    while (n &&
           !__atomic_compare_exchange_n(&mutable_of(t)->strong_, &n, n + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
    return n != 0;
  }
  static size_t strong(const intrusive_ptr_target* t) noexcept {
    return t ? __atomic_load_n(&t->strong_, __ATOMIC_ACQUIRE) : 0;
  }
  static size_t weak(const intrusive_ptr_target* t) noexcept {
    return t ? __atomic_load_n(&t->weak_, __ATOMIC_ACQUIRE) : 0;
  }

 private:
  static intrusive_ptr_target* mutable_of(const intrusive_ptr_target* t) noexcept {
    return const_cast<intrusive_ptr_target*>(t);
  }
};
}  // namespace detail

template <class T>
class intrusive_ptr final {
  using Counts = detail::Counts;
  struct Adopt {};
  intrusive_ptr(T* p, Adopt) noexcept : p_(p) {}

 public:
  using element_type = T;
  intrusive_ptr() noexcept : p_(nullptr) {}
  intrusive_ptr(std::nullptr_t) noexcept : p_(nullptr) {}
  intrusive_ptr(const intrusive_ptr& o) noexcept : p_(o.p_) { Counts::retain(p_); }
  intrusive_ptr(intrusive_ptr&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  template <class From, class = decltype(static_cast<T*>(static_cast<From*>(nullptr)))>
  intrusive_ptr(intrusive_ptr<From> o) noexcept : p_(o.release()) {}
  ~intrusive_ptr() { Counts::release(p_); }
  intrusive_ptr& operator=(intrusive_ptr o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }

  T* get() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  T* operator->() const noexcept { return p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }
  bool defined() const noexcept { return p_ != nullptr; }
  void reset() noexcept { *this = intrusive_ptr(); }
  void swap(intrusive_ptr& o) noexcept { std::swap(p_, o.p_); }
  size_t use_count() const noexcept { return Counts::strong(p_); }
  size_t weak_use_count() const noexcept { return Counts::weak(p_); }
  bool unique() const noexcept { return use_count() == 1; }
  /// Gives the reference away; reclaim takes it back.
  T* release() noexcept { return std::exchange(p_, nullptr); }
  static intrusive_ptr reclaim(T* owned) noexcept { return intrusive_ptr(owned, Adopt()); }
  static intrusive_ptr reclaim_copy(T* borrowed) noexcept {
    Counts::retain(borrowed);
    return intrusive_ptr(borrowed, Adopt());
  }
  static intrusive_ptr unsafe_steal_from_new(T* fresh) noexcept { return reclaim_copy(fresh); }
  template <class... Args>
  static intrusive_ptr make(Args&&... args) {
    return reclaim_copy(new T(std::forward<Args>(args)...));
  }

  friend bool operator==(const intrusive_ptr& a, const intrusive_ptr& b) noexcept { return a.p_ == b.p_; }
  friend bool operator!=(const intrusive_ptr& a, const intrusive_ptr& b) noexcept { return a.p_ != b.p_; }
  friend bool operator<(const intrusive_ptr& a, const intrusive_ptr& b) noexcept { return a.p_ < b.p_; }

 private:
  T* p_;
};

template <class T, class... Args>
intrusive_ptr<T> make_intrusive(Args&&... args) {
  return intrusive_ptr<T>::make(std::forward<Args>(args)...);
}
template <class To, class From>
intrusive_ptr<To> static_intrusive_pointer_cast(intrusive_ptr<From> p) {
  return intrusive_ptr<To>::reclaim(static_cast<To*>(p.release()));
}
template <class To, class From>
intrusive_ptr<To> dynamic_intrusive_pointer_cast(const intrusive_ptr<From>& p) {
  return intrusive_ptr<To>::reclaim_copy(dynamic_cast<To*>(p.get()));
}

template <class T>
class weak_intrusive_ptr final {
  using Counts = detail::Counts;

 public:
  weak_intrusive_ptr() noexcept : p_(nullptr) {}
  explicit weak_intrusive_ptr(const intrusive_ptr<T>& p) noexcept : p_(p.get()) { Counts::retain_weak(p_); }
  weak_intrusive_ptr(const weak_intrusive_ptr& o) noexcept : p_(o.p_) { Counts::retain_weak(p_); }
  weak_intrusive_ptr(weak_intrusive_ptr&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  ~weak_intrusive_ptr() { Counts::release_weak(p_); }
  weak_intrusive_ptr& operator=(weak_intrusive_ptr o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  /// Null when the object is gone.
  intrusive_ptr<T> lock() const noexcept {
    return Counts::lock(p_) ? intrusive_ptr<T>::reclaim(p_) : intrusive_ptr<T>();
  }
  bool expired() const noexcept { return Counts::strong(p_) == 0; }
  size_t use_count() const noexcept { return Counts::strong(p_); }
  void reset() noexcept { *this = weak_intrusive_ptr(); }

 private:
  T* p_;
};

}  // namespace c10

namespace torch {
/// The base of classes whose objects programs hand around as values.
class CustomClassHolder : public c10::intrusive_ptr_target {};
}  // namespace torch

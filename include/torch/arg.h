// TORCH_ARG(type, name): an option with a getter and a setter of the same name. Setters are templates so that only
// those that a program calls are made.
#pragma once

#include <utility>

#define TORCH_ARG(T, name)                                        \
 public:                                                          \
  template <class = void>                                         \
  inline auto name(const T& new_##name)->decltype(*this) {        \
    this->name##_ = new_##name;                                   \
    return *this;                                                 \
  }                                                               \
  template <class = void>                                         \
  inline auto name(T&& new_##name)->decltype(*this) {             \
    this->name##_ = std::move(new_##name);                        \
    return *this;                                                 \
  }                                                               \
  inline const T& name() const noexcept { return this->name##_; } \
  inline T& name() noexcept { return this->name##_; }             \
                                                                  \
 private:                                                         \
  T name##_

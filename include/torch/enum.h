// Choices as types: torch::kMean, torch::kReLU ... Options hold them in variants.
#pragma once

#include <ostream>
#include <string>
#include <type_traits>

#include "c10/util/Exception.h"
#include "c10/util/variant.h"

#define TORCH_FORALL_ENUMS(_)                                                                                       \
  _(Linear)                                                                                                         \
  _(Conv1D) _(Conv2D) _(Conv3D) _(ConvTranspose1D) _(ConvTranspose2D) _(ConvTranspose3D) _(Sigmoid) _(Tanh) _(ReLU) \
      _(GELU) _(SiLU) _(Mish) _(LeakyReLU) _(FanIn) _(FanOut) _(Constant) _(Reflect) _(Replicate) _(Circular)       \
          _(Nearest) _(Bilinear) _(Bicubic) _(Trilinear) _(Area) _(NearestExact) _(Sum) _(Mean) _(Max) _(None)      \
              _(BatchMean) _(Zeros) _(Border) _(Reflection) _(RNN_TANH) _(RNN_RELU) _(LSTM) _(GRU) _(Valid) _(Same)

namespace torch {
namespace enumtype {
#define TORCH_ENUM(name)                           \
  struct k##name {                                 \
    static constexpr const char* text = "k" #name; \
  };
TORCH_FORALL_ENUMS(TORCH_ENUM)
#undef TORCH_ENUM

/// One of several choices: what a variant of them is, without a variant's weight. c10::holds_alternative and
/// c10::get_if know it.
template <class... T>
class Choice {
 public:
  /// The first.
  constexpr Choice() = default;
  template <class C, class = std::enable_if_t<(std::is_same_v<C, T> || ...)>>
  constexpr Choice(C) : index_(index_of<C>()) {}
  /// The same choice of other ones; it must be among these.
  template <class... U>
  explicit Choice(const Choice<U...>& other) {
    (void)((other.template is<U>() && (index_ = index_of<U>(), true)) || ...);
    TORCH_CHECK(index_ < sizeof...(T), other.name(), " is not possible here");
  }
  constexpr size_t index() const { return index_; }
  template <class C>
  constexpr bool is() const {
    return index_ == index_of<C>();
  }
  const char* name() const {
    static constexpr const char* kNames[] = {T::text...};
    return kNames[index_];
  }
  friend constexpr bool operator==(Choice a, Choice b) { return a.index_ == b.index_; }
  friend constexpr bool operator!=(Choice a, Choice b) { return a.index_ != b.index_; }

 private:
  template <class C>
  static constexpr unsigned char index_of() {
    unsigned char i = 0;
    (void)((std::is_same_v<C, T> || (i++, false)) || ...);
    return i;
  }
  unsigned char index_ = 0;
};

/// "kMean" of a choice.
template <class... T>
std::string get_enum_name(const Choice<T...>& v) {
  return v.name();
}
/// The same of a variant that holds other things too.
template <class... T>
std::string get_enum_name(const std::variant<T...>& v) {
  return std::visit(
      [](const auto& one) -> std::string {
        if constexpr (std::is_empty_v<std::decay_t<decltype(one)>>)
          return one.text;
        else
          return "?";
      },
      v);
}
}  // namespace enumtype

#define TORCH_ENUM(name) constexpr enumtype::k##name k##name{};
TORCH_FORALL_ENUMS(TORCH_ENUM)
#undef TORCH_ENUM

namespace nn {
using reduction_t = enumtype::Choice<enumtype::kNone, enumtype::kMean, enumtype::kSum>;
}
}  // namespace torch

namespace c10 {
template <class C, class... T>
constexpr bool holds_alternative(const torch::enumtype::Choice<T...>& v) {
  return v.template is<C>();
}
template <class C, class... T>
const C* get_if(const torch::enumtype::Choice<T...>* v) {
  static constexpr C one{};
  return v && v->template is<C>() ? &one : nullptr;
}
}  // namespace c10

// Choices as types: torch::kMean, torch::kReLU ... Options hold them in variants.
#pragma once

#include <ostream>
#include <string>

#include "c10/util/Exception.h"
#include "c10/util/variant.h"

#define TORCH_FORALL_ENUMS(_)                                                                                     \
  _(Linear) _(Conv1D) _(Conv2D) _(Conv3D) _(ConvTranspose1D) _(ConvTranspose2D) _(ConvTranspose3D) _(Sigmoid)     \
  _(Tanh) _(ReLU) _(GELU) _(SiLU) _(Mish) _(LeakyReLU) _(FanIn) _(FanOut) _(Constant) _(Reflect) _(Replicate)     \
  _(Circular) _(Nearest) _(Bilinear) _(Bicubic) _(Trilinear) _(Area) _(NearestExact) _(Sum) _(Mean) _(Max) _(None) \
  _(BatchMean) _(Zeros) _(Border) _(Reflection) _(RNN_TANH) _(RNN_RELU) _(LSTM) _(GRU) _(Valid) _(Same)

namespace torch {
namespace enumtype {
#define TORCH_ENUM(name) \
  struct k##name {};
TORCH_FORALL_ENUMS(TORCH_ENUM)
#undef TORCH_ENUM

namespace detail {
struct Name {
#define TORCH_ENUM(name) \
  std::string operator()(const k##name&) const { return "k" #name; }
  TORCH_FORALL_ENUMS(TORCH_ENUM)
#undef TORCH_ENUM
  template <class T>
  std::string operator()(const T&) const {
    return "?";
  }
};
}  // namespace detail

/// "kMean" of a variant of choices.
template <class... T>
std::string get_enum_name(const std::variant<T...>& v) {
  return std::visit(detail::Name(), v);
}
}  // namespace enumtype

#define TORCH_ENUM(name) constexpr enumtype::k##name k##name{};
TORCH_FORALL_ENUMS(TORCH_ENUM)
#undef TORCH_ENUM

namespace nn {
using reduction_t = std::variant<enumtype::kNone, enumtype::kMean, enumtype::kSum>;
}
}  // namespace torch

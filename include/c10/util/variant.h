#pragma once

#include <variant>

#include "c10/macros/Macros.h"

namespace c10 {
using std::get_if;
using std::holds_alternative;
using std::monostate;
using std::variant;
using std::visit;
template <class T, class... Types>
constexpr decltype(auto) get(std::variant<Types...>& v) {
  return std::get<T>(v);
}
template <class T, class... Types>
constexpr decltype(auto) get(const std::variant<Types...>& v) {
  return std::get<T>(v);
}
}  // namespace c10

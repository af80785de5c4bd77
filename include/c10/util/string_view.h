#pragma once

#include <string_view>

#include "c10/macros/Macros.h"

namespace c10 {
using std::string_view;
template <class C>
using basic_string_view = std::basic_string_view<C>;
}  // namespace c10

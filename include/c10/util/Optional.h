// c10::optional is std::optional.
#pragma once

#include <optional>

#include "c10/macros/Macros.h"

namespace c10 {
using std::bad_optional_access;
using std::in_place;
using std::in_place_t;
using std::make_optional;
using std::nullopt;
using std::nullopt_t;
using std::optional;
}  // namespace c10

#pragma once

#include <iostream>

#include "c10/macros/Macros.h"

namespace c10 {
enum class Layout : int8_t { Strided, Sparse, SparseCsr, Mkldnn };
constexpr Layout kStrided = Layout::Strided;
constexpr Layout kSparse = Layout::Sparse;
std::ostream& operator<<(std::ostream& out, Layout layout);
}  // namespace c10

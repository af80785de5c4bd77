#pragma once

#include <ostream>

#include "c10/macros/Macros.h"

namespace c10 {
enum class MemoryFormat : int8_t { Contiguous, Preserve, ChannelsLast, ChannelsLast3d };
std::ostream& operator<<(std::ostream& out, MemoryFormat format);
}  // namespace c10

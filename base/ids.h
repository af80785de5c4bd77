// New-typed 32-bit ids into flat tables.
//
// A table owned by one object is addressed by its own id type, so that a block id cannot be used where an instruction
// id is meant. kNone is the absent id; ids are dense and start at 0.
#pragma once

#include <cstdint>

namespace tsvm {

template <class Tag>
struct Id {
  static constexpr uint32_t kNoneIndex = 0xffffffffu;
  uint32_t index = kNoneIndex;

  constexpr Id() = default;
  constexpr explicit Id(uint32_t i) : index(i) {}
  constexpr explicit operator bool() const { return index != kNoneIndex; }
  friend constexpr bool operator==(Id a, Id b) { return a.index == b.index; }
  friend constexpr bool operator!=(Id a, Id b) { return a.index != b.index; }
  friend constexpr bool operator<(Id a, Id b) { return a.index < b.index; }
};

}  // namespace tsvm

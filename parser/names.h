// Interned identifiers of one tree.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace tsvm {

/// Maps each text to one view with a stable address, so that names are compared by pointer.
class NameTable {
 public:
  NameTable() : slots_(kFirstSize) {}

  /// The one view for `text`, which must outlive the table.
  std::string_view intern(std::string_view text) {
    std::string_view& slot = find(text);
    if (slot.data() == nullptr) return add(text);
    return slot;
  }
  /// The same for a text that may vanish: it is copied when it is new.
  std::string_view intern_copy(std::string_view text, Arena& arena) {
    std::string_view& slot = find(text);
    if (slot.data() == nullptr) return add(arena.copy_string(text));
    return slot;
  }
  /// The view that `text` was interned to; empty when it never was.
  std::string_view lookup(std::string_view text) const { return const_cast<NameTable*>(this)->find(text); }

 private:
  static constexpr size_t kFirstSize = 256;

  static size_t hash(std::string_view text) {
    uint64_t h = text.size() * 0x9e3779b97f4a7c15ull;
    const char* p = text.data();
    size_t n = text.size();
    for (; n >= 8; p += 8, n -= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      h = (h ^ word) * 0xff51afd7ed558ccdull;
      h ^= h >> 32;
    }
    uint64_t word = 0;
    std::memcpy(&word, p, n);
    h = (h ^ word) * 0xff51afd7ed558ccdull;
    return static_cast<size_t>(h ^ (h >> 32));
  }

  std::string_view& find(std::string_view text) {
    size_t mask = slots_.size() - 1;
    size_t i = hash(text) & mask;
    while (slots_[i].data() != nullptr && slots_[i] != text) i = (i + 1) & mask;
    return slots_[i];
  }

  std::string_view add(std::string_view text) {
    if ((count_ + 1) * 2 > slots_.size()) {
      std::vector<std::string_view> old(slots_.size() * 2);
      old.swap(slots_);
      for (std::string_view s : old)
        if (s.data() != nullptr) find(s) = s;
    }
    count_++;
    return find(text) = text;
  }

  std::vector<std::string_view> slots_;  // a power of two, at most half full
  size_t count_ = 0;
};

}  // namespace tsvm

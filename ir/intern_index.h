// A hash index over a table that somebody else owns: from contents to the 32-bit id of an equal entry.
//
// Open addressing over ids; hashes are kept beside them, so that the table is looked at only where they agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tsvm::ir {

class InternIndex {
 public:
  static constexpr uint32_t kNone = 0xffffffffu;

  /// The id of the entry with this hash for which `equal(id)` holds, kNone when there is none.
  template <class Equal>
  uint32_t find(uint64_t hash, Equal&& equal) const {
    if (slots_.empty()) return kNone;
    size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      const Slot& s = slots_[i];
      if (s.id == kNone) return kNone;
      if (s.hash == hash && equal(s.id)) return s.id;
    }
  }

  /// Adds an entry that is not there yet.
  void add(uint64_t hash, uint32_t id) {
    if ((count_ + 1) * 4 > slots_.size() * 3) grow();
    place(hash, id);
    count_++;
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t id = kNone;
  };

  void place(uint64_t hash, uint32_t id) {
    size_t mask = slots_.size() - 1;
    size_t i = hash & mask;
    while (slots_[i].id != kNone) i = (i + 1) & mask;
    slots_[i] = {hash, id};
  }
  void grow() {
    std::vector<Slot> old = std::move(slots_);
    slots_ = std::vector<Slot>(old.empty() ? 16 : old.size() * 2);
    for (const Slot& s : old)
      if (s.id != kNone) place(s.hash, s.id);
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

/// Mixes one more word into a hash.
inline uint64_t hash_mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * 0x9e3779b97f4a7c15u;
  return h ^ (h >> 29);
}

}  // namespace tsvm::ir

// Which values are needed at the start and at the end of each block.
//
// What a handler needs is needed through the whole of every block that it protects: an exception may leave at any
// instruction. The result of for_iter is made on the edge to its first successor: it is live into that block and not
// out of the block that ends in the for_iter.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/analysis/cfg.h"

namespace tsvm::ir {

/// A set of values of one function.
class ValueSet {
 public:
  explicit ValueSet(size_t values = 0) : words_((values + 63) / 64) {}
  bool contains(ValueId v) const { return (words_[v.index >> 6] >> (v.index & 63)) & 1; }
  void add(ValueId v) { words_[v.index >> 6] |= uint64_t{1} << (v.index & 63); }
  void remove(ValueId v) { words_[v.index >> 6] &= ~(uint64_t{1} << (v.index & 63)); }
  /// Adds another set; says whether this one grew.
  bool merge(const ValueSet& other) {
    uint64_t grown = 0;
    for (size_t i = 0; i < words_.size(); i++) {
      uint64_t bits = words_[i] | other.words_[i];
      grown |= bits ^ words_[i];
      words_[i] = bits;
    }
    return grown != 0;
  }
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (size_t i = 0; i < words_.size(); i++)
      for (uint64_t bits = words_[i]; bits != 0; bits &= bits - 1)
        fn(ValueId(static_cast<uint32_t>(i * 64 + static_cast<size_t>(__builtin_ctzll(bits)))));
  }
  bool operator==(const ValueSet&) const = default;

 private:
  std::vector<uint64_t> words_;
};

class Liveness {
 public:
  Liveness(const Function& f, const Cfg& cfg);

  /// At the start of the block, after its parameters are made (which are in the set when they are used).
  const ValueSet& in(BlockId b) const { return in_[b.index]; }
  /// After the last instruction, on the ways to any successor; without the arguments that its edges pass.
  const ValueSet& out(BlockId b) const { return out_[b.index]; }

  /// Walks a block backwards and calls fn(index, live) for each instruction, where `live` is what is needed *after* it
  /// (for the terminator: by the successors), including what the block's handler needs.
  template <class Fn>
  void walk_backwards(const Function& f, BlockId b, Fn&& fn) const {
    ValueSet live = out(b);
    const Block& block = f[b];
    for (size_t i = block.insts.size(); i-- > 0;) {
      const Inst& inst = f[block.insts[i]];
      fn(static_cast<uint32_t>(i), static_cast<const ValueSet&>(live));
      step(f, inst, live);
    }
  }

  /// From after an instruction to before it.
  static void step(const Function& f, const Inst& inst, ValueSet& live);

 private:
  std::vector<ValueSet> in_, out_;
};

}  // namespace tsvm::ir

// The vector loops of the block interpreter: one for each operation and type, compiled for each instruction set.
#pragma once

#include <cstring>

#include "ops/scalar/program.h"

namespace tsvm::ops::scalar {

/// Bytes that a uniform operand is repeated over: one vector of the widest instruction set.
inline constexpr int kSplatBytes = 64;

/// Operands of one loop over n elements.
struct BlockArgs {
  char* out;
  const char* in[4];
  int64_t step[4];   // 1, or 0 for an operand that is one value repeated over kSplatBytes
  int64_t plane[4];  // bytes from the real to the imaginary parts, for complex operands
  int64_t out_plane;
  int64_t n;
  int imm;
  int* fault;  // set to 1 by an integer division by zero
};
using KernelFn = void (*)(const BlockArgs&);

/// Elements of a tensor to a block buffer: `stride` is in bytes.
using LoadFn = void (*)(const char* from, int64_t stride, char* to, int64_t to_plane, int64_t n);
/// And back.
using StoreFn = void (*)(const char* from, int64_t from_plane, int64_t from_step, char* to, int64_t stride, int64_t n);

/// Repeats one element of `bytes` (1, 4 or 8) over kSplatBytes at `to`.
inline void splat_word(char* to, uint64_t word, int bytes) {
  if (bytes == 4)
    word = (word & 0xffffffffu) * 0x100000001ull;
  else if (bytes == 1)
    word = (word & 0xffu) * 0x0101010101010101ull;
  for (int i = 0; i < kSplatBytes; i += 8) std::memcpy(to + i, &word, 8);
}

struct KernelTable {
  const char* name;
  KernelFn ops[kOpCount][kCTypeCount];  // by the type of the operands (of the values, for Select); null: not defined
  KernelFn convert[kCTypeCount][kCTypeCount];  // from, to
  KernelFn narrow[kDTypeCount];
  LoadFn load[kDTypeCount][kCTypeCount];
  StoreFn store[kCTypeCount][kDTypeCount];
};

namespace baseline {
extern const KernelTable kTable;
}
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}

/// The best table this processor can run. TSVM_CPU=baseline|avx2 in the environment lowers it.
const KernelTable& kernels();
/// All tables that this processor can run, for tests.
std::span<const KernelTable* const> runnable_kernels();

}  // namespace tsvm::ops::scalar

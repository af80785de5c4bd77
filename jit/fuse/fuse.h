// Native kernels for scalar programs: installs itself as the compiler that ops/scalar/block.h calls.
//
// A kernel is compiled for a program and for how its operands lie (dtype; dense, or one value for all), never for
// sizes. It is compiled when the program has computed enough elements for the compilation to pay; until then, and where
// there is no kernel, the block interpreter runs. The kernels of a process are shared and stay; there are at most
// kMaxKernels.
#pragma once

#include <string>

#include "ops/scalar/block.h"

namespace tsvm::jit::fuse {

inline constexpr int kMaxKernels = 4096;

enum class Mode : uint8_t {
  On,     // compile what is worth it
  Force,  // compile at the first call
};

/// Makes scalar programs run as native code from now on. Does nothing on processors without AVX2, FMA and F16C.
void install(Mode mode);
/// Takes it away again; compiled kernels are kept for the next install().
void uninstall();

struct Stats {
  int kernels = 0;  // compiled
  int refused = 0;  // programs that cannot be compiled
  size_t code_bytes = 0;
  double seconds = 0;  // spent compiling
};
Stats stats();

/// Compiles one kernel at once. Null where that is impossible, with the reason in *why; the listing in *text if given.
ops::scalar::NativeFn compile(const ops::scalar::Program& p, const ops::scalar::NativeOperand* operands,
                              std::string* why = nullptr, std::string* text = nullptr);

}  // namespace tsvm::jit::fuse

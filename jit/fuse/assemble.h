// Vector code to machine code.
#pragma once

#include <string>

#include "jit/fuse/vector_code.h"

namespace tsvm::jit::fuse {

struct Machine {
  ops::scalar::NativeFn entry = nullptr;
  size_t bytes = 0;
};

/// Allocates registers and assembles into the runtime's memory. On failure entry is null and `why` says why. `text`,
/// if given, receives the listing.
Machine assemble(const VectorCode& code, std::string& why, std::string* text = nullptr);

/// Whether this processor runs what assemble() makes.
bool processor_can_run();

}  // namespace tsvm::jit::fuse

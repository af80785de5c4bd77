// Memory for machine code. Every piece has pages of its own, which are written once and executable from then on:
// nothing is writable and executable at a time, and one thread can install code while another one runs some. The pages
// are private: the copy of the process that fork() makes has its own.
#pragma once

#include <asmjit/core.h>

namespace tsvm::jit {

/// Where the assembled code now is; null when there is no memory for it.
void* install_code(asmjit::CodeHolder& code);
/// Frees what install_code gave.
void remove_code(void* entry);

}  // namespace tsvm::jit

// AsmJit's three debugging functions, for the shared library only.
//
// Debian's libasmjit.a is built for programs (PIE), and the one object of it that cannot go into a shared library is
// the one with these functions (it reads `stderr` directly). The linker takes ours and leaves that object where it is.
#include <asmjit/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

ASMJIT_BEGIN_NAMESPACE

namespace DebugUtils {

const char* errorAsString(Error error) noexcept {
  switch (error) {
    case kErrorOk: return "Ok";
    case kErrorOutOfMemory: return "OutOfMemory";
    case kErrorTooLarge: return "TooLarge";
    case kErrorInvalidState: return "InvalidState";
    default: return "an AsmJit error";
  }
}

void debugOutput(const char* text) noexcept {
  while (::write(2, text, std::strlen(text)) < 0 && errno == EINTR) {
  }
}

void assertionFailed(const char* file, int line, const char* text) noexcept {
  (void)file, (void)line;
  debugOutput(text);
  debugOutput("\n");
  std::abort();
}

}  // namespace DebugUtils

ASMJIT_END_NAMESPACE

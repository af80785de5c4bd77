// Internal errors: a broken promise of the program itself, never the user's fault.
#pragma once

namespace tsvm {

/// Prints the place and the message, asks for a report, and aborts.
[[noreturn]] void internal_error(const char* file, int line, const char* condition, const char* message);

}  // namespace tsvm

#define TSVM_CHECK(condition, message)                                                                      \
  do {                                                                                                      \
    if (__builtin_expect(!(condition), 0)) ::tsvm::internal_error(__FILE__, __LINE__, #condition, message); \
  } while (0)

#define TSVM_UNREACHABLE(message) ::tsvm::internal_error(__FILE__, __LINE__, "unreachable", message)

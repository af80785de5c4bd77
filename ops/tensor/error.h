// The one exception that operators throw. The virtual machine turns it into the Python exception of the same kind.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "ops/tensor/dims.h"  // concat() takes lists of sizes

namespace tsvm::ops {

/// Which Python exception the user sees.
enum class ErrorKind : uint8_t {
  RuntimeError,
  IndexError,
  TypeError,
  ValueError,
  NotImplementedError,
  AttributeError,
  AssertionError,
  ZeroDivisionError,
  OverflowError,
  MemoryError,
  OSError,
  LinAlgError,  // torch._C._LinAlgError, a RuntimeError
};

/// The Python name of a kind.
const char* name(ErrorKind kind);

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
};

namespace detail {
inline void append(std::string& out, std::string_view s) { out.append(s); }
inline void append(std::string& out, const char* s) { out.append(s); }
inline void append(std::string& out, const std::string& s) { out.append(s); }
inline void append(std::string& out, char c) { out.push_back(c); }
inline void append(std::string& out, bool b) { out.append(b ? "True" : "False"); }
inline void append(std::string& out, int v) { out.append(std::to_string(v)); }
inline void append(std::string& out, unsigned v) { out.append(std::to_string(v)); }
inline void append(std::string& out, long v) { out.append(std::to_string(v)); }
inline void append(std::string& out, unsigned long v) { out.append(std::to_string(v)); }
/// As C++ streams print it (%g).
void append(std::string& out, double v);
}  // namespace detail

/// The parts one after another. Lists of sizes print as "[2, 3]" (an overload in dims.h).
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

[[noreturn]] void throw_error(ErrorKind kind, std::string message);

template <class... Parts>
[[noreturn]] __attribute__((noinline, cold)) void fail(ErrorKind kind, const Parts&... parts) {
  throw_error(kind, concat(parts...));
}

}  // namespace tsvm::ops

/// Throws ops::Error of the given kind unless `condition` holds. The message's parts are evaluated only then.
#define OPS_CHECK(condition, kind, ...)                                                                  \
  do {                                                                                                   \
    if (__builtin_expect(!(condition), 0)) ::tsvm::ops::fail(::tsvm::ops::ErrorKind::kind, __VA_ARGS__); \
  } while (0)

// The one exception that operators throw. The virtual machine turns it into the Python exception of the same kind.
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "ops/tensor/dims.h"

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

/// A piece of a message, by reference: text, a number, or a list of sizes.
class Part {
 public:
  Part(std::string_view text) : kind_(Kind::Text), size_(text.size()), text_(text.data()) {}
  Part(const char* text) : Part(std::string_view(text)) {}
  Part(const std::string& text) : Part(std::string_view(text)) {}
  Part(char c) : kind_(Kind::Char), integer_(c) {}
  Part(bool b) : Part(b ? "True" : "False") {}
  Part(int v) : Part(static_cast<int64_t>(v)) {}
  Part(unsigned v) : Part(static_cast<int64_t>(v)) {}
  Part(int64_t v) : kind_(Kind::Int), integer_(v) {}
  Part(uint64_t v) : kind_(Kind::Unsigned), integer_(static_cast<int64_t>(v)) {}
  /// As C++ streams print it (%g).
  Part(double v) : kind_(Kind::Real), real_(v) {}
  /// "[2, 3]".
  Part(IntSpan list) : kind_(Kind::List), size_(list.size()), list_(list.data()) {}
  Part(const DimVector& list) : Part(IntSpan(list)) {}

  void append_to(std::string& out) const;

 private:
  enum class Kind : uint8_t { Text, Char, Int, Unsigned, Real, List };
  Kind kind_;
  size_t size_ = 0;
  union {
    const char* text_;
    int64_t integer_;
    double real_;
    const int64_t* list_;
  };
};

std::string join(std::span<const Part> parts);
[[noreturn]] void fail_with(ErrorKind kind, std::span<const Part> parts);
[[noreturn]] void throw_error(ErrorKind kind, std::string message);

/// The parts one after another.
template <class... Parts>
std::string concat(const Parts&... parts) {
  const Part list[] = {Part(parts)...};
  return join(list);
}

namespace detail {
// Few types of arguments, so that few versions of fail_parts() are made.
inline const char* plain(const char* text) { return text; }
inline int64_t plain(int v) { return v; }
inline int64_t plain(int64_t v) { return v; }
template <class T>
inline Part plain(const T& part) {
  return Part(part);
}

template <class... Parts>
[[noreturn]] __attribute__((noinline, cold)) void fail_parts(ErrorKind kind, Parts... parts) {
  const Part list[] = {Part(parts)...};
  fail_with(kind, list);
}
}  // namespace detail

template <class... Parts>
[[noreturn]] inline void fail(ErrorKind kind, const Parts&... parts) {
  detail::fail_parts(kind, detail::plain(parts)...);
}

}  // namespace tsvm::ops

/// Throws ops::Error of the given kind unless `condition` holds. The message's parts are evaluated only then.
#define OPS_CHECK(condition, kind, ...)                                                                  \
  do {                                                                                                   \
    if (__builtin_expect(!(condition), 0)) ::tsvm::ops::fail(::tsvm::ops::ErrorKind::kind, __VA_ARGS__); \
  } while (0)

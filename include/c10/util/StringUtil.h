// c10::str: its arguments as a stream prints them, one after another.
#pragma once

#include <sstream>
#include <string>

#include "c10/macros/Macros.h"

namespace c10 {

/// A place in a source file.
struct SourceLocation {
  const char* function;
  const char* file;
  uint32_t line;
};
inline std::ostream& operator<<(std::ostream& out, const SourceLocation& at) {
  return out << at.function << " at " << at.file << ":" << at.line;
}

namespace detail {
template <class... Args>
std::string str_of(const Args&... args) {
  std::ostringstream out;
  ((out << args), ...);
  return out.str();
}
}  // namespace detail

inline std::string str() { return {}; }
inline std::string str(const std::string& s) { return s; }
inline std::string str(const char* s) { return s; }
template <class... Args>
std::string str(const Args&... args) {
  return detail::str_of(args...);
}

/// The items with a delimiter between them.
template <class Container>
std::string Join(const std::string& delimiter, const Container& items) {
  std::ostringstream out;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out << delimiter;
    first = false;
    out << item;
  }
  return out.str();
}

}  // namespace c10

namespace torch {
using c10::str;
}  // namespace torch

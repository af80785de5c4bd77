#include "ops/tensor/error.h"

#include <cstdio>

namespace tsvm::ops {

const char* name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::RuntimeError: return "RuntimeError";
    case ErrorKind::IndexError: return "IndexError";
    case ErrorKind::TypeError: return "TypeError";
    case ErrorKind::ValueError: return "ValueError";
    case ErrorKind::NotImplementedError: return "NotImplementedError";
    case ErrorKind::AttributeError: return "AttributeError";
    case ErrorKind::AssertionError: return "AssertionError";
    case ErrorKind::ZeroDivisionError: return "ZeroDivisionError";
    case ErrorKind::OverflowError: return "OverflowError";
    case ErrorKind::MemoryError: return "MemoryError";
    case ErrorKind::OSError: return "OSError";
    case ErrorKind::LinAlgError: return "LinAlgError";
  }
  return "RuntimeError";
}

void throw_error(ErrorKind kind, std::string message) { throw Error(kind, std::move(message)); }

namespace detail {
void append(std::string& out, double v) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%g", v);
  out.append(buffer);
}
}  // namespace detail

}  // namespace tsvm::ops

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

void Part::append_to(std::string& out) const {
  char buffer[40];
  switch (kind_) {
    case Kind::Text: out.append(text_, size_); return;
    case Kind::Char: out.push_back(static_cast<char>(integer_)); return;
    case Kind::Int: out.append(std::to_string(integer_)); return;
    case Kind::Unsigned: out.append(std::to_string(static_cast<uint64_t>(integer_))); return;
    case Kind::Real: out.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, "%g", real_))); return;
    case Kind::List:
      out.push_back('[');
      for (size_t i = 0; i < size_; i++) {
        if (i) out.append(", ");
        out.append(std::to_string(list_[i]));
      }
      out.push_back(']');
      return;
  }
}

std::string join(std::span<const Part> parts) {
  std::string out;
  for (const Part& part : parts) part.append_to(out);
  return out;
}

void fail_with(ErrorKind kind, std::span<const Part> parts) { throw_error(kind, join(parts)); }

}  // namespace tsvm::ops

// The values of number and string tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tsvm {

struct NumberLiteral {
  enum class Kind : uint8_t { kInt, kBigInt, kFloat, kImaginary };
  Kind kind = Kind::kInt;
  int64_t int_value = 0;
  double float_value = 0;
  std::string digits;  // kBigInt: without underscores; 0x, 0o or 0b in front when not decimal
};

/// The value of a Number token (which the lexer has checked).
NumberLiteral decode_number(std::string_view token);

/// Where the parts of a String token lie.
struct StringLiteral {
  bool raw = false;
  bool bytes = false;
  bool format = false;
  bool unicode_prefix = false;  // u"..."
  bool triple = false;
  uint32_t body_begin = 0;  // offsets in the token
  uint32_t body_end = 0;
};
StringLiteral split_string(std::string_view token);

struct EscapeError {
  uint32_t begin = 0;  // offsets in the body
  uint32_t end = 0;
  std::string message;
};

/// Appends `body` (the inside of a literal that is not raw) to `*out` with its escapes replaced. False on a malformed
/// escape, described in `*error`.
bool decode_escapes(std::string_view body, bool bytes, std::string* out, EscapeError* error);

}  // namespace tsvm

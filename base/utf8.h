// UTF-8: decoding, validation and counting.
//
// Strings of the language are UTF-8 and may hold lone surrogates, which are encoded like any other code point (three
// bytes); `validate` refuses those, because source files and foreign bytes may not hold them, while `decode` and
// `append` pass them through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tsvm::utf8 {

constexpr char32_t kInvalid = 0xffffffff;

/// The first byte that is not part of well-formed UTF-8, and why, in the words of CPython's decoder.
struct Error {
  size_t position;
  size_t end;          // one past the last byte to blame
  const char* reason;  // "invalid start byte", "invalid continuation byte", "unexpected end of data"; null: no error
};

/// The code point at `*position` (which must be inside `text`), moving past it. Malformed input gives kInvalid and
/// moves one byte on.
char32_t decode(std::string_view text, size_t* position);

/// Appends a code point up to 0x10ffff.
void append(std::string& out, char32_t code_point);

/// Whether all bytes are below 0x80.
bool is_ascii(std::string_view text);

/// Number of code points in well-formed text (in other text: of bytes that are no continuation bytes).
size_t count(std::string_view text);

/// Checks for strict UTF-8 (no surrogates, no overlong forms).
Error validate(std::string_view text);

}  // namespace tsvm::utf8

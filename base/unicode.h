// Properties and case mappings of characters, as Python's grammar and its str methods define them.
#pragma once

#include <cstdint>
#include <string>

namespace tsvm::unicode {

enum Flag : uint16_t {
  kAlpha = 1,
  kDecimal = 2,
  kDigit = 4,
  kNumeric = 8,
  kPrintable = 16,
  kLower = 32,
  kUpper = 64,
  kTitle = 128,  // title case letters and upper ones
  kSpace = 256,
  kIdentifierStart = 512,
  kIdentifier = 1024,
  kCased = 2048,
  kNotNormal = 4096,  // changed by NFKC normalisation, or takes part in it
};

uint16_t flags(char32_t c);
inline bool is(char32_t c, uint16_t mask) { return (flags(c) & mask) != 0; }

enum class Case : uint8_t { Lower, Upper, Title, Fold };
/// Appends the mapping of c (up to three characters) as UTF-8.
void append_case(std::string& out, char32_t c, Case to);

/// The value of a decimal digit of any script, -1 for others.
int decimal_value(char32_t c);

}  // namespace tsvm::unicode

// The character database: names, categories, decompositions, normal forms.
//
// The data (make_unicode_data.py) lies compressed in the program and is read when it is first asked for; what the
// grammar and the str methods need all the time is in base/unicode.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tsvm::unicode {

struct Properties {
  std::string category, bidirectional, width;
  int combining = 0;
  bool mirrored = false;
};
const Properties& properties(char32_t c);

/// The mapping as the database writes it: "<compat> 0031 2044 0034"; empty for characters that have none.
std::string_view decomposition(char32_t c);

struct Number {
  double value;
  int digit, decimal;  // -1: it is none
};
/// Null for characters that stand for no number.
const Number* number(char32_t c);

/// Empty for characters without a name.
std::string name(char32_t c);
/// The character of a name or an alias, whatever its case.
bool find_name(std::string_view name, char32_t& out);

enum class Form : uint8_t { NFC, NFD, NFKC, NFKD };
/// The normal form of UTF-8 text.
std::string normalize(std::string_view text, Form form);

}  // namespace tsvm::unicode

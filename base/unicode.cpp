#include "base/unicode.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace tsvm::unicode {

namespace {

struct CodePointRange {
  uint32_t first;
  uint32_t last;
};

#include "base/unicode_tables.inc"

template <size_t N>
bool contains(const CodePointRange (&table)[N], char32_t c) {
  const CodePointRange* range = std::lower_bound(std::begin(table), std::end(table), c,
                                                 [](const CodePointRange& r, char32_t x) { return r.last < x; });
  return range != std::end(table) && range->first <= c;
}

bool is_ascii_letter(char32_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

}  // namespace

bool is_identifier_start(char32_t c) {
  if (c < 0x80) return is_ascii_letter(c) || c == '_';
  return contains(kIdentifierStart, c);
}

bool is_identifier_continue(char32_t c) {
  if (c < 0x80) return is_ascii_letter(c) || c == '_' || (c >= '0' && c <= '9');
  return contains(kIdentifierContinue, c);
}

bool needs_normalization(char32_t c) { return c >= 0x80 && contains(kNotNormalized, c); }

bool is_printable(char32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7f;
  return !contains(kNotPrintable, c);
}

}  // namespace tsvm::unicode

#include "base/utf8.h"

#include <cstring>

namespace tsvm::utf8 {

namespace {

bool is_continuation(unsigned char c) { return (c & 0xc0) == 0x80; }

// Length of the run of ASCII bytes from `i` on, eight at a time.
size_t skip_ascii(std::string_view text, size_t i) {
  while (i + 8 <= text.size()) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080ull) break;
    i += 8;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) i++;
  return i;
}

}  // namespace

char32_t decode(std::string_view text, size_t* position) {
  size_t i = *position;
  auto byte = [&](size_t k) -> unsigned char { return static_cast<unsigned char>(text[k]); };
  unsigned char first = byte(i);
  *position = i + 1;
  if (first < 0x80) return first;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || i + length > text.size()) return kInvalid;
  char32_t value = first & (0xff >> (length + 1));
  for (size_t k = 1; k < length; k++) {
    if (!is_continuation(byte(i + k))) return kInvalid;
    value = (value << 6) | (byte(i + k) & 0x3f);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10ffff) return kInvalid;
  *position = i + length;
  return value;
}

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

bool is_ascii(std::string_view text) { return skip_ascii(text, 0) == text.size(); }

size_t count(std::string_view text) {
  size_t n = 0;
  for (unsigned char c : text) n += !is_continuation(c);
  return n;
}

Error validate(std::string_view text) {
  size_t i = 0;
  auto byte = [&](size_t k) -> unsigned char { return static_cast<unsigned char>(text[k]); };
  while ((i = skip_ascii(text, i)) < text.size()) {
    unsigned char first = byte(i);
    if (first < 0xc2 || first > 0xf4) return {i, i + 1, "invalid start byte"};
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    // The second byte carries the rules against overlong forms, surrogates and values past 0x10ffff.
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (size_t k = 1; k < length; k++) {
      if (i + k >= text.size()) return {i, text.size(), "unexpected end of data"};
      unsigned char c = byte(i + k);
      if (c < low || c > high) return {i, i + k, "invalid continuation byte"};
      low = 0x80;
      high = 0xbf;
    }
    i += length;
  }
  return {0, 0, nullptr};
}

}  // namespace tsvm::utf8

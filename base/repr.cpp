#include "base/repr.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/unicode.h"
#include "base/utf8.h"

namespace tsvm {

namespace {

// Python prefers single quotes, and takes double ones where that saves escapes.
char choose_quote(std::string_view text) {
  return text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
}

// The escape of an ASCII character, or false.
bool append_simple_escape(std::string& out, char c, char quote) {
  switch (c) {
    case '\n': out += "\\n"; return true;
    case '\r': out += "\\r"; return true;
    case '\t': out += "\\t"; return true;
    case '\\': out += "\\\\"; return true;
    default: break;
  }
  if (c != quote) return false;
  out += '\\';
  out += c;
  return true;
}

void append_hex(std::string& out, char kind, int width, unsigned value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "\\%c%0*x", kind, width, value);
  out += buffer;
}

}  // namespace

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // The digits and exponent of the shortest form, laid out by Python's rule: an exponent below -4 or from 16 on.
  char buffer[32];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  std::string out;
  if (text[0] == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  size_t e = text.find('e');
  int exponent = 0;
  const char* exponent_text = text.data() + e + 1 + (text[e + 1] == '+');
  std::from_chars(exponent_text, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 1) digits += text.substr(2, e - 2);
  int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (count > 1) out += "." + digits.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    std::string power = std::to_string(std::abs(exponent));
    if (power.size() < 2) out += '0';
    return out + power;
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  return out + digits.substr(0, static_cast<size_t>(exponent) + 1) + "." +
         digits.substr(static_cast<size_t>(exponent) + 1);
}

std::string str_repr(std::string_view text, bool ascii_only) {
  char quote = choose_quote(text);
  std::string out(1, quote);
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    char32_t c = utf8::decode(text, &i);
    if (c < 0x80 && append_simple_escape(out, static_cast<char>(c), quote)) continue;
    bool surrogate = c >= 0xd800 && c <= 0xdfff;
    if (c == utf8::kInvalid)
      append_hex(out, 'x', 2, static_cast<unsigned char>(text[begin]));
    else if (!surrogate && (!ascii_only || c < 0x80) && unicode::is(c, unicode::kPrintable))
      out += text.substr(begin, i - begin);
    else if (c < 0x100)
      append_hex(out, 'x', 2, c);
    else if (c < 0x10000)
      append_hex(out, 'u', 4, c);
    else
      append_hex(out, 'U', 8, c);
  }
  return out + quote;
}

std::string bytes_repr(std::string_view bytes) {
  char quote = choose_quote(bytes);
  std::string out = "b";
  out += quote;
  for (char c : bytes) {
    if (append_simple_escape(out, c, quote)) continue;
    if (c >= 0x20 && c < 0x7f)
      out += c;
    else
      append_hex(out, 'x', 2, static_cast<unsigned char>(c));
  }
  return out + quote;
}

}  // namespace tsvm

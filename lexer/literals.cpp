#include "lexer/literals.h"

#include <charconv>
#include <cstdlib>

#include "base/unicode_database.h"
#include "base/utf8.h"

namespace tsvm {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

double parse_double(const std::string& digits) {
  double value = 0;
  std::from_chars_result r = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  // Past the range from_chars stores nothing; strtod gives infinity or the nearest tiny number.
  if (r.ec == std::errc::result_out_of_range) value = std::strtod(digits.c_str(), nullptr);
  return value;
}

// Positions in CPython's messages count in a text where each character past ASCII stands as a ten-letter escape.
size_t reported_position(std::string_view body, size_t at) {
  size_t n = 0;
  for (size_t i = 0; i < at;) {
    if (static_cast<unsigned char>(body[i]) < 0x80) {
      i++;
      n++;
    } else {
      utf8::decode(body, &i);
      n += 10;
    }
  }
  return n;
}

}  // namespace

NumberLiteral decode_number(std::string_view token) {
  NumberLiteral out;
  std::string text;
  text.reserve(token.size());
  for (char c : token)
    if (c != '_') text += c;
  char kind = text.size() > 1 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : '\0';
  int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
  if (base == 10) {
    char last = static_cast<char>(text.back() | 0x20);
    if (last == 'j') {
      text.pop_back();
      out.kind = NumberLiteral::Kind::kImaginary;
      out.float_value = parse_double(text);
      return out;
    }
    if (text.find_first_of(".eE") != std::string::npos) {
      out.kind = NumberLiteral::Kind::kFloat;
      out.float_value = parse_double(text);
      return out;
    }
  }
  const char* first = text.data() + (base == 10 ? 0 : 2);
  std::from_chars_result r = std::from_chars(first, text.data() + text.size(), out.int_value, base);
  if (r.ec == std::errc::result_out_of_range) {
    out.kind = NumberLiteral::Kind::kBigInt;
    if (base != 10) text[1] = kind;
    out.digits = std::move(text);
  }
  return out;
}

StringLiteral split_string(std::string_view token) {
  StringLiteral out;
  size_t i = 0;
  for (; token[i] != '"' && token[i] != '\''; i++) {
    switch (token[i] | 0x20) {
      case 'r': out.raw = true; break;
      case 'b': out.bytes = true; break;
      case 'f': out.format = true; break;
      case 'u': out.unicode_prefix = true; break;
      default: break;
    }
  }
  out.triple = token.size() >= i + 6 && token[i + 1] == token[i] && token[i + 2] == token[i];
  uint32_t quotes = out.triple ? 3 : 1;
  out.body_begin = static_cast<uint32_t>(i) + quotes;
  out.body_end = static_cast<uint32_t>(token.size()) - quotes;
  return out;
}

bool decode_escapes(std::string_view body, bool bytes, std::string* out, EscapeError* error) {
  size_t i = 0;
  auto fail = [&](size_t begin, size_t end, std::string message) {
    error->begin = static_cast<uint32_t>(begin);
    error->end = static_cast<uint32_t>(end);
    error->message = std::move(message);
    return false;
  };
  auto fail_unicode = [&](size_t begin, size_t end, const char* reason) {
    return fail(begin, end,
                "(unicode error) 'unicodeescape' codec can't decode bytes in position " +
                    std::to_string(reported_position(body, begin)) + "-" +
                    std::to_string(reported_position(body, begin) + (end - begin) - 1) + ": " + reason);
  };
  while (i < body.size()) {
    size_t slash = body.find('\\', i);
    if (slash == std::string_view::npos) slash = body.size();
    out->append(body, i, slash - i);
    i = slash;
    if (i == body.size()) break;
    if (i + 1 == body.size()) {  // only in pieces of f-strings, before a brace: it stands for itself
      *out += '\\';
      break;
    }
    char c = body[i + 1];
    i += 2;
    switch (c) {
      case '\n': break;
      case '\\':
      case '\'':
      case '"': *out += c; break;
      case 'a': *out += '\a'; break;
      case 'b': *out += '\b'; break;
      case 'f': *out += '\f'; break;
      case 'n': *out += '\n'; break;
      case 'r': *out += '\r'; break;
      case 't': *out += '\t'; break;
      case 'v': *out += '\v'; break;
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7': {
        unsigned value = static_cast<unsigned>(c - '0');
        for (int k = 0; k < 2 && i < body.size() && body[i] >= '0' && body[i] <= '7'; k++)
          value = value * 8 + static_cast<unsigned>(body[i++] - '0');
        if (bytes)
          *out += static_cast<char>(value & 0xff);
        else
          utf8::append(*out, value);
        break;
      }
      case 'x':
      case 'u':
      case 'U': {
        if (bytes && c != 'x') {
          *out += '\\';
          *out += c;
          break;
        }
        size_t wanted = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        char32_t value = 0;
        size_t n = 0;
        while (n < wanted && i < body.size() && hex_value(body[i]) >= 0) {
          value = value * 16 + static_cast<char32_t>(hex_value(body[i++]));
          n++;
        }
        if (n < wanted) {
          if (bytes) return fail(slash, i, "(value error) invalid \\x escape at position " + std::to_string(slash));
          return fail_unicode(slash, i,
                              c == 'x'   ? "truncated \\xXX escape"
                              : c == 'u' ? "truncated \\uXXXX escape"
                                         : "truncated \\UXXXXXXXX escape");
        }
        if (value > 0x10ffff) return fail_unicode(slash, i, "illegal Unicode character");
        if (bytes)
          *out += static_cast<char>(value);
        else
          utf8::append(*out, value);
        break;
      }
      case 'N': {
        if (bytes) {
          *out += "\\N";
          break;
        }
        size_t close = i < body.size() && body[i] == '{' ? body.find('}', i) : std::string_view::npos;
        if (close == std::string_view::npos || close == i + 1) {
          return fail_unicode(slash, close == i + 1 ? close + 1 : i, "malformed \\N character escape");
        }
        char32_t named = 0;
        if (!unicode::find_name(body.substr(i + 1, close - i - 1), named))
          return fail_unicode(slash, close + 1, "unknown Unicode character name");
        utf8::append(*out, named);
        i = close + 1;
        break;
      }
      default:
        *out += '\\';
        *out += c;
        break;
    }
  }
  return true;
}

}  // namespace tsvm

// The format mini-language: format(value, "[[fill]align][sign][z][#][0][width][,_][.precision][type]"), and floats as
// text.
//
// Numbers are made in three steps: digits (std::to_chars, which is exact for any precision), grouping of the integer
// part, and padding; zero padding is grouping-aware ("{:06,}" fills with grouped zeros), as in CPython.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/repr.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "vm/make.h"
#include "vm/text.h"
#include "vm/types/room.h"

namespace tsvm::vm {
namespace {

struct Spec {
  std::string fill = " ";
  char align = 0;  // < > = ^
  char sign = '-';
  bool alternate = false;
  bool zero = false;
  bool no_negative_zero = false;
  int64_t width = -1;
  char grouping = 0;  // , or _
  int64_t precision = -1;
  char type = 0;
};

size_t char_bytes(std::string_view s) {
  unsigned char c = static_cast<unsigned char>(s[0]);
  size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  return std::min(n, s.size());
}

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

/// False with ValueError pending. `type_name` is the formatted value's type, for messages.
bool parse_spec(VM& vm, std::string_view text, const char* type_name, Spec& out) {
  std::string_view s = text;
  bool fill_given = false;
  if (!s.empty()) {
    size_t n = char_bytes(s);
    if (s.size() > n && is_align(s[n])) {
      out.fill = std::string(s.substr(0, n));
      fill_given = true;
      out.align = s[n];
      s.remove_prefix(n + 1);
    } else if (is_align(s[0])) {
      out.align = s[0];
      s.remove_prefix(1);
    }
  }
  auto take = [&](char c) {
    if (s.empty() || s[0] != c) return false;
    s.remove_prefix(1);
    return true;
  };
  if (!s.empty() && (s[0] == '+' || s[0] == '-' || s[0] == ' ')) {
    out.sign = s[0];
    s.remove_prefix(1);
  }
  out.no_negative_zero = take('z');
  out.alternate = take('#');
  // A zero before the width fills with zeros, unless a fill character was given: then it belongs to the width.
  if (!s.empty() && s[0] == '0' && !fill_given) {
    out.fill = "0";
    if (out.align == 0 && std::strcmp(type_name, "str") != 0) out.align = '=';
    s.remove_prefix(1);
  }
  out.zero = out.fill == "0" && out.align == '=';
  auto number = [&](int64_t& n) {
    bool any = false;
    n = 0;
    while (!s.empty() && s[0] >= '0' && s[0] <= '9') {
      any = true;
      n = n * 10 + (s[0] - '0');
      if (n > INT32_MAX) {
        (void)raise(vm, vm.types.ValueError, "Too many decimal digits in format string");
        return -1;
      }
      s.remove_prefix(1);
    }
    return any ? 1 : 0;
  };
  int got = number(out.width);
  if (got < 0) return false;
  if (!got) out.width = -1;
  if (take(',')) out.grouping = ',';
  if (!s.empty() && s[0] == '_') {
    if (out.grouping) {
      (void)raise(vm, vm.types.ValueError, "Cannot specify both ',' and '_'.");
      return false;
    }
    out.grouping = '_';
    s.remove_prefix(1);
  }
  if (!s.empty() && s[0] == ',') {
    (void)raise(vm, vm.types.ValueError,
                out.grouping == '_' ? "Cannot specify both ',' and '_'." : "Cannot specify ',' with ','.");
    return false;
  }
  if (take('.')) {
    got = number(out.precision);
    if (got < 0) return false;
    if (!got) {
      (void)raise(vm, vm.types.ValueError, "Format specifier missing precision");
      return false;
    }
  }
  if (out.precision > INT32_MAX) {
    (void)raise(vm, vm.types.ValueError, "precision too big");
    return false;
  }
  if (out.width > 0 && !room_for(vm, static_cast<uint64_t>(out.width), out.fill.size())) return false;
  if (s.size() > 1 && char_bytes(s) < s.size()) {
    (void)raise(vm, vm.types.ValueError, "Invalid format specifier '%.*s' for object of type '%s'",
                static_cast<int>(text.size()), text.data(), type_name);
    return false;
  }
  if (!s.empty()) out.type = s[0];
  if (out.grouping && out.type && !std::strchr(out.grouping == ',' ? "deEfFgG%" : "bdeEfFgGoxX%", out.type)) {
    if (out.type == 'n' || out.type == 'c' || out.type == 's' ||
        (out.grouping == ',' && std::strchr("boxX", out.type))) {
      (void)raise(vm, vm.types.ValueError, "Cannot specify '%c' with '%c'.", out.grouping, out.type);
      return false;
    }
  }
  return true;
}

Value unknown_code(VM& vm, const Spec& spec, const char* type_name) {
  return raise(vm, vm.types.ValueError, "Unknown format code '%c' for object of type '%s'", spec.type, type_name);
}

/// Puts the text into its width; `prefix` (sign, 0x) stays left of the fill for '='.
std::string pad(const Spec& spec, const std::string& prefix, const std::string& body, char default_align) {
  int64_t length = static_cast<int64_t>(utf8::count(prefix) + utf8::count(body));
  int64_t missing = spec.width - length;
  if (missing <= 0) return prefix + body;
  auto fill = [&](int64_t n) {
    std::string f;
    for (int64_t i = 0; i < n; i++) f += spec.fill;
    return f;
  };
  switch (spec.align ? spec.align : default_align) {
    case '<': return prefix + body + fill(missing);
    case '^': return fill(missing / 2) + prefix + body + fill(missing - missing / 2);
    case '=': return prefix + fill(missing) + body;
    default: return fill(missing) + prefix + body;
  }
}

/// Groups the digits of an integer part; with zero padding, zeros are added until prefix + digits + rest fill the
/// width.
std::string group(const Spec& spec, std::string digits, size_t prefix_length, size_t rest_length) {
  size_t step = spec.type == 'b' || spec.type == 'o' || spec.type == 'x' || spec.type == 'X' ? 4 : 3;
  if (!spec.grouping) return digits;
  auto grouped_length = [&](size_t n) { return n + (n ? (n - 1) / step : 0); };
  if (spec.zero && spec.width > 0) {
    size_t want = static_cast<size_t>(spec.width) > prefix_length + rest_length
                      ? static_cast<size_t>(spec.width) - prefix_length - rest_length
                      : 0;
    while (grouped_length(digits.size()) < want) digits.insert(digits.begin(), '0');
  }
  std::string out;
  for (size_t i = 0; i < digits.size(); i++) {
    if (i && (digits.size() - i) % step == 0) out += spec.grouping;
    out += digits[i];
  }
  return out;
}

std::string sign_text(const Spec& spec, bool negative) {
  if (negative) return "-";
  return spec.sign == '-' ? "" : std::string(1, spec.sign);
}

/// |d| (finite or not) as the spec's type says; without sign.
std::string magnitude(const Spec& spec, double d) {
  std::string out;
  d = std::fabs(d);
  char type = spec.type;
  if (type == '%') {
    append_float_digits(out, d * 100, 'f', spec.precision < 0 ? 6 : static_cast<int>(spec.precision), spec.alternate);
    if (!std::isnan(d))
      out += '%';
    else
      out += '%';
    return out;
  }
  if (type == 0) {
    if (spec.precision < 0) {
      out += float_repr(d);
      return out;
    }
    append_float_digits(out, d, 'r', static_cast<int>(spec.precision), spec.alternate);
    return out;
  }
  if (type == 'n') type = 'g';
  append_float_digits(out, d, type, spec.precision < 0 ? 6 : static_cast<int>(spec.precision), spec.alternate);
  return out;
}

/// Splits "1234.5e+06" at the end of its integer digits, groups those, and pads the whole.
std::string finish_number(const Spec& spec, const std::string& prefix, const std::string& text) {
  size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') end++;
  std::string rest = text.substr(end);
  std::string body = end ? group(spec, text.substr(0, end), prefix.size(), rest.size()) + rest : text;
  return pad(spec, prefix, body, '>');
}

std::string float_text(const Spec& spec, double d) {
  bool negative = std::signbit(d) && !std::isnan(d);
  std::string text = magnitude(spec, d);
  if (spec.no_negative_zero && negative && text.find_first_not_of("0.e+-%") == std::string::npos) negative = false;
  return finish_number(spec, sign_text(spec, negative), text);
}

}  // namespace

Value format_str(VM& vm, std::string_view text, std::string_view spec_text) {
  if (spec_text.empty()) return make_str(vm, text);
  Spec spec;
  if (!parse_spec(vm, spec_text, "str", spec)) return Value::error();
  if (spec.type && spec.type != 's') return unknown_code(vm, spec, "str");
  if (spec.sign != '-')
    return raise(vm, vm.types.ValueError,
                 spec.sign == ' ' ? "Space not allowed in string format specifier"
                                  : "Sign not allowed in string format specifier");
  if (spec.no_negative_zero)
    return raise(vm, vm.types.ValueError, "Negative zero coercion (z) not allowed in string format specifier");
  if (spec.alternate)
    return raise(vm, vm.types.ValueError, "Alternate form (#) not allowed in string format specifier");
  if (spec.grouping) return raise(vm, vm.types.ValueError, "Cannot specify '%c' with 's'.", spec.grouping);
  if (spec.align == '=') return raise(vm, vm.types.ValueError, "'=' alignment not allowed in string format specifier");
  if (spec.precision >= 0) {
    size_t bytes = 0;
    for (int64_t i = 0; i < spec.precision && bytes < text.size(); i++) bytes += char_bytes(text.substr(bytes));
    text = text.substr(0, bytes);
  }
  return make_str(vm, pad(spec, "", std::string(text), '<'));
}

Value format_int(VM& vm, Value integer, std::string_view spec_text, const char* type_name) {
  Spec spec;
  if (spec_text.empty()) return make_str(vm, int_to_text(integer, 10));
  if (!parse_spec(vm, spec_text, type_name, spec)) return Value::error();
  if (spec.no_negative_zero && (!spec.type || std::strchr("dnboxXc", spec.type)))
    return raise(vm, vm.types.ValueError, "Negative zero coercion (z) not allowed in integer format specifier");
  switch (spec.type) {
    case 0:
    case 'd':
    case 'n':
    case 'b':
    case 'o':
    case 'x':
    case 'X': {
      if (spec.precision >= 0)
        return raise(vm, vm.types.ValueError, "Precision not allowed in integer format specifier");
      int base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : spec.type == 'x' || spec.type == 'X' ? 16 : 10;
      std::string digits = int_to_text(integer, base);
      bool negative = digits[0] == '-';
      if (negative) digits.erase(0, 1);
      if (spec.type == 'X')
        for (char& c : digits) c = static_cast<char>(std::toupper(c));
      std::string prefix = sign_text(spec, negative);
      if (spec.alternate && base != 10) prefix += std::string("0") + spec.type;
      return make_str(vm, pad(spec, prefix, group(spec, digits, prefix.size(), 0), '>'));
    }
    case 'c': {
      if (spec.precision >= 0)
        return raise(vm, vm.types.ValueError, "Precision not allowed in integer format specifier");
      if (spec.sign != '-') return raise(vm, vm.types.ValueError, "Sign not allowed with integer format specifier 'c'");
      if (spec.alternate)
        return raise(vm, vm.types.ValueError, "Alternate form (#) not allowed with integer format specifier 'c'");
      int64_t code = 0;
      if (!to_int64(vm, integer, code)) return Value::error();
      if (code < 0 || code > 0x10ffff) return raise(vm, vm.types.OverflowError, "%%c arg not in range(0x110000)");
      Ref text(make_char(vm, static_cast<char32_t>(code)));
      return make_str(vm, pad(spec, "", std::string(text_of(*text)), '<'));
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case '%': {
      double d = 0;
      if (!to_double(vm, integer, d)) return Value::error();
      return make_str(vm, float_text(spec, d));
    }
    default: return unknown_code(vm, spec, type_name);
  }
}

Value format_float(VM& vm, double d, std::string_view spec_text) {
  Spec spec;
  if (!parse_spec(vm, spec_text, "float", spec)) return Value::error();
  if (spec.type && !std::strchr("eEfFgGn%", spec.type)) return unknown_code(vm, spec, "float");
  if (spec.type == 'n' && spec.grouping)
    return raise(vm, vm.types.ValueError, "Cannot specify '%c' with 'n'.", spec.grouping);
  return make_str(vm, float_text(spec, d));
}

Value format_complex(VM& vm, double re, double im, std::string_view spec_text) {
  Spec spec;
  if (!parse_spec(vm, spec_text, "complex", spec)) return Value::error();
  if (spec.type && !std::strchr("eEfFgGn", spec.type)) return unknown_code(vm, spec, "complex");
  if (spec.zero) return raise(vm, vm.types.ValueError, "Zero padding is not allowed in complex format specifier");
  if (spec.align == '=')
    return raise(vm, vm.types.ValueError, "'=' alignment flag is not allowed in complex format specifier");
  Spec part = spec;
  part.width = -1;
  bool plain = spec.type == 0;
  // Parts without a type are as in repr: whole numbers have no ".0".
  auto part_text = [&](const Spec& s, double d) {
    std::string text = float_text(s, d);
    if (plain && text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
  };
  Spec signed_part = part;
  bool skip_real = plain && re == 0 && !std::signbit(re);
  if (!skip_real) signed_part.sign = '+';
  std::string imaginary = part_text(signed_part, im) + "j";
  std::string text = skip_real ? imaginary : part_text(part, re) + imaginary;
  if (plain && !skip_real) text = "(" + text + ")";
  return make_str(vm, pad(spec, "", text, '>'));
}

// --- floats as text -------------------------------------------------------------------------------------------------

void append_float_digits(std::string& out, double d, char type, int precision, bool alternate) {
  bool upper = type == 'E' || type == 'F' || type == 'G';
  if (std::isnan(d) || std::isinf(d)) {
    std::string text = std::isnan(d) ? "nan" : d < 0 ? "-inf" : "inf";
    if (upper)
      for (char& c : text) c = static_cast<char>(std::toupper(c));
    out += text;
    return;
  }
  // 'r': str() with a precision, as "{:.3}".format does: %g, but a number without exponent keeps ".0".
  bool as_repr = type == 'r';
  char lower = as_repr ? 'g' : static_cast<char>(std::tolower(type));
  std::string text(static_cast<size_t>(precision) + 340, '\0');
  if (lower != 'g') {
    auto format = lower == 'e' ? std::chars_format::scientific : std::chars_format::fixed;
    auto end = std::to_chars(text.data(), text.data() + text.size(), d, format, precision).ptr;
    text.resize(static_cast<size_t>(end - text.data()));
    if (alternate && precision == 0) {
      size_t e = text.find('e');
      text.insert(e == std::string::npos ? text.size() : e, ".");
    }
  } else {
    if (precision == 0) precision = 1;
    auto end =
        std::to_chars(text.data(), text.data() + text.size(), d, std::chars_format::scientific, precision - 1).ptr;
    text.resize(static_cast<size_t>(end - text.data()));
    size_t e = text.find('e');
    int exponent = std::atoi(text.c_str() + e + 1);
    if (exponent >= -4 && exponent < (as_repr ? std::max(precision, 1) : precision)) {
      text.assign(static_cast<size_t>(precision) + 340, '\0');
      int decimals = std::max(precision - 1 - exponent, 0);
      end = std::to_chars(text.data(), text.data() + text.size(), d, std::chars_format::fixed, decimals).ptr;
      text.resize(static_cast<size_t>(end - text.data()));
      e = std::string::npos;
    }
    std::string tail = e == std::string::npos ? "" : text.substr(e);
    std::string head = e == std::string::npos ? text : text.substr(0, e);
    if (!alternate && head.find('.') != std::string::npos) {
      while (head.back() == '0') head.pop_back();
      if (head.back() == '.') head.pop_back();
    }
    if (alternate && head.find('.') == std::string::npos) head += '.';
    if (as_repr && tail.empty() && head.find('.') == std::string::npos) {
      // One digit must be left for ".0": 1e+02 for "{:.3}" of 100.0 keeps 1e+02.
      if (exponent == precision - 1) {
        text.assign(static_cast<size_t>(precision) + 340, '\0');
        end =
            std::to_chars(text.data(), text.data() + text.size(), d, std::chars_format::scientific, precision - 1).ptr;
        text.resize(static_cast<size_t>(end - text.data()));
        e = text.find('e');
        head = text.substr(0, e);
        tail = text.substr(e);
        if (head.find('.') != std::string::npos) {
          while (head.back() == '0') head.pop_back();
          if (head.back() == '.') head.pop_back();
        }
      } else {
        head += ".0";
      }
    }
    text = head + tail;
  }
  if (upper)
    for (char& c : text) c = static_cast<char>(std::toupper(c));
  out += text;
}

size_t parse_float_prefix(std::string_view s, double& out) {
  size_t i = 0;
  bool negative = false;
  if (i < s.size() && (s[i] == '+' || s[i] == '-')) negative = s[i++] == '-';
  auto word = [&](const char* w) {
    size_t n = std::strlen(w);
    if (s.size() - i < n) return false;
    for (size_t k = 0; k < n; k++)
      if (std::tolower(static_cast<unsigned char>(s[i + k])) != w[k]) return false;
    i += n;
    return true;
  };
  if (i < s.size() && (s[i] == 'i' || s[i] == 'I' || s[i] == 'n' || s[i] == 'N')) {
    if (word("infinity") || word("inf"))
      out = INFINITY;
    else if (word("nan"))
      out = NAN;
    else
      return 0;
    if (negative) out = -out;
    return i;
  }
  std::string_view rest = s.substr(i);
  if (rest.empty() ||
      !((rest[0] >= '0' && rest[0] <= '9') || (rest[0] == '.' && rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9')))
    return 0;
  double d = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), d, std::chars_format::general);
  if (end == rest.data()) return 0;
  if (error == std::errc::result_out_of_range) d = std::strtod(std::string(rest.data(), end).c_str(), nullptr);
  out = negative ? -d : d;
  return i + static_cast<size_t>(end - rest.data());
}

bool plain_number(std::string_view text, std::string& out) {
  out.clear();
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (size_t i = 0; i < text.size();) {
    char32_t c = utf8::decode(text, &i);
    if (int d = unicode::decimal_value(c); d >= 0) {
      out += static_cast<char>('0' + d);
    } else if (c == '_') {  // only between digits
      if (out.empty() || !is_digit(out.back())) return false;
      size_t next = i;
      if (i >= text.size() || unicode::decimal_value(utf8::decode(text, &next)) < 0) return false;
    } else if (unicode::is(c, unicode::kSpace)) {
      out += ' ';
    } else if (c < 128) {
      out += static_cast<char>(c);
    } else {
      return false;
    }
  }
  size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) return false;
  out.erase(out.find_last_not_of(' ') + 1);
  out.erase(0, first);
  return true;
}

bool parse_float(std::string_view text, double& out) {
  std::string plain;
  return plain_number(text, plain) && parse_float_prefix(plain, out) == plain.size();
}

}  // namespace tsvm::vm

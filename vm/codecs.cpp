// Codecs: UTF-8, ASCII, Latin-1 and UTF-16/32, with the error handlers strict, ignore, replace, backslashreplace,
// surrogateescape, surrogatepass and xmlcharrefreplace.
#include <string>

#include "vm/native.h"
#include "vm/text.h"

namespace tsvm::vm {
namespace {

enum class Codec { Utf8, Utf8Sig, Ascii, Latin1, Utf16, Utf16Le, Utf16Be, Utf32, Utf32Le, Utf32Be, Unknown };

Codec codec_of(std::string_view name) {
  std::string n;
  for (char c : name) n += c == '_' || c == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (n == "utf-8" || n == "utf8" || n == "u8" || n == "cp65001") return Codec::Utf8;
  if (n == "utf-8-sig" || n == "utf8-sig") return Codec::Utf8Sig;
  if (n == "ascii" || n == "us-ascii" || n == "646") return Codec::Ascii;
  if (n == "latin-1" || n == "latin1" || n == "iso-8859-1" || n == "iso8859-1" || n == "l1" || n == "8859")
    return Codec::Latin1;
  if (n == "utf-16" || n == "utf16") return Codec::Utf16;
  if (n == "utf-16-le" || n == "utf-16le") return Codec::Utf16Le;
  if (n == "utf-16-be" || n == "utf-16be") return Codec::Utf16Be;
  if (n == "utf-32" || n == "utf32") return Codec::Utf32;
  if (n == "utf-32-le" || n == "utf-32le") return Codec::Utf32Le;
  if (n == "utf-32-be" || n == "utf-32be") return Codec::Utf32Be;
  return Codec::Unknown;
}

const char* canonical(Codec c) {
  switch (c) {
    case Codec::Utf8:
    case Codec::Utf8Sig: return "utf-8";
    case Codec::Ascii: return "ascii";
    case Codec::Latin1: return "latin-1";
    case Codec::Utf16: return "utf-16";
    case Codec::Utf16Le: return "utf-16-le";
    case Codec::Utf16Be: return "utf-16-be";
    case Codec::Utf32: return "utf-32";
    case Codec::Utf32Le: return "utf-32-le";
    case Codec::Utf32Be: return "utf-32-be";
    case Codec::Unknown: break;
  }
  return "?";
}

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

/// The character at `i` of well-formed UTF-8 (lone surrogates allowed), and how many bytes it takes.
uint32_t char_at(std::string_view s, size_t i, size_t& n) {
  auto b = [&](size_t k) { return static_cast<uint32_t>(static_cast<unsigned char>(s[i + k])); };
  uint32_t c = b(0);
  if (c < 0x80) return n = 1, c;
  if (c < 0xe0) return n = 2, (c & 0x1f) << 6 | (b(1) & 0x3f);
  if (c < 0xf0) return n = 3, (c & 0x0f) << 12 | (b(1) & 0x3f) << 6 | (b(2) & 0x3f);
  return n = 4, (c & 0x07) << 18 | (b(1) & 0x3f) << 12 | (b(2) & 0x3f) << 6 | (b(3) & 0x3f);
}

bool unknown_handler(VM& vm, std::string_view errors) {
  return fail(vm, vm.types.LookupError, "unknown error handler name '%.*s'", static_cast<int>(errors.size()),
              errors.data());
}

bool unknown_codec(VM& vm, std::string_view encoding) {
  return fail(vm, vm.types.LookupError, "unknown encoding: %.*s", static_cast<int>(encoding.size()), encoding.data());
}

bool raise_unicode(VM& vm, Type* type, const char* codec, Value object, size_t start, size_t end, const char* reason) {
  Ref name(make_ascii(vm, codec)), why(make_ascii(vm, reason));
  Value args[] = {*name, object, Value::integer(static_cast<int64_t>(start)), Value::integer(static_cast<int64_t>(end)),
                  *why};
  Ref e(call(vm, Value::object(type), args));
  if (!e.is_error()) (void)raise_value(vm, *e);
  return false;
}

/// What stands for the undecodable bytes [start, end).
bool bad_bytes(VM& vm, std::string_view bytes, const char* codec, std::string_view errors, size_t start, size_t end,
               const char* reason, std::string& out) {
  if (errors == "ignore") return true;
  if (errors == "replace") {
    append_utf8(out, 0xfffd);
    return true;
  }
  if (errors == "backslashreplace") {
    char text[8];
    for (size_t i = start; i < end; i++) {
      std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned char>(bytes[i]));
      out += text;
    }
    return true;
  }
  if (errors == "surrogateescape") {
    for (size_t i = start; i < end; i++) append_utf8(out, 0xdc00u + static_cast<unsigned char>(bytes[i]));
    return true;
  }
  if (errors != "strict") return unknown_handler(vm, errors);
  Ref object(make_bytes(vm, bytes));
  return raise_unicode(vm, vm.types.UnicodeDecodeError, codec, *object, start, end, reason);
}

bool decode_utf8(VM& vm, std::string_view s, std::string_view errors, std::string& out) {
  size_t i = 0;
  while (i < s.size()) {
    unsigned char c = static_cast<unsigned char>(s[i]);
    if (c < 0x80) {
      size_t j = i;
      while (j < s.size() && static_cast<unsigned char>(s[j]) < 0x80) j++;
      out.append(s.substr(i, j - i));
      i = j;
      continue;
    }
    size_t need = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    const char* reason = "invalid start byte";
    size_t good = 0;
    if (need) {
      reason = "invalid continuation byte";
      for (; good < need; good++) {
        if (i + 1 + good >= s.size()) {
          reason = "unexpected end of data";
          break;
        }
        unsigned char d = static_cast<unsigned char>(s[i + 1 + good]);
        bool ok = (d & 0xc0) == 0x80;
        if (good == 0)
          ok = ok && !(c == 0xe0 && d < 0xa0) && !(c == 0xed && d >= 0xa0 && errors != "surrogatepass") &&
               !(c == 0xf0 && d < 0x90) && !(c == 0xf4 && d >= 0x90);
        if (!ok) break;
      }
      if (good == need) {
        out.append(s.substr(i, need + 1));
        i += need + 1;
        continue;
      }
    }
    if (!bad_bytes(vm, s, "utf-8", errors, i, i + 1 + good, reason, out)) return false;
    i += 1 + good;
  }
  return true;
}

/// UTF-16 and UTF-32 in units of `width` bytes.
bool decode_wide(VM& vm, std::string_view s, Codec codec, std::string_view errors, std::string& out) {
  size_t width = codec == Codec::Utf16 || codec == Codec::Utf16Le || codec == Codec::Utf16Be ? 2 : 4;
  bool big = codec == Codec::Utf16Be || codec == Codec::Utf32Be;
  auto unit = [&](size_t i) {
    uint32_t u = 0;
    for (size_t k = 0; k < width; k++)
      u |= static_cast<uint32_t>(static_cast<unsigned char>(s[i + k])) << 8 * (big ? width - 1 - k : k);
    return u;
  };
  size_t i = 0;
  if ((codec == Codec::Utf16 || codec == Codec::Utf32) && s.size() >= width) {
    if (unit(0) == 0xfeff) {
      i = width;
    } else {
      big = true;
      if (unit(0) == 0xfeff)
        i = width;
      else
        big = false;
    }
  }
  while (i < s.size()) {
    if (s.size() - i < width) {
      if (!bad_bytes(vm, s, canonical(codec), errors, i, s.size(), "truncated data", out)) return false;
      break;
    }
    uint32_t c = unit(i);
    if (width == 2 && c >= 0xd800 && c < 0xdc00 && s.size() - i >= 4) {
      uint32_t low = unit(i + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        append_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
        i += 4;
        continue;
      }
    }
    if ((c >= 0xd800 && c < 0xe000 && errors != "surrogatepass") || c > 0x10ffff) {
      if (!bad_bytes(vm, s, canonical(codec), errors, i, i + width,
                     width == 2 ? "illegal UTF-16 surrogate" : "code point not in range(0x110000)", out))
        return false;
    } else {
      append_utf8(out, c);
    }
    i += width;
  }
  return true;
}

}  // namespace

Value decode_bytes(VM& vm, std::string_view bytes, std::string_view encoding, std::string_view errors) {
  Codec codec = codec_of(encoding);
  std::string out;
  switch (codec) {
    case Codec::Utf8Sig:
      if (bytes.substr(0, 3) == "\xef\xbb\xbf") bytes.remove_prefix(3);
      [[fallthrough]];
    case Codec::Utf8:
      if (!decode_utf8(vm, bytes, errors, out)) return Value::error();
      break;
    case Codec::Ascii:
      for (size_t i = 0; i < bytes.size(); i++) {
        if (static_cast<unsigned char>(bytes[i]) < 0x80)
          out += bytes[i];
        else if (!bad_bytes(vm, bytes, "ascii", errors, i, i + 1, "ordinal not in range(128)", out))
          return Value::error();
      }
      break;
    case Codec::Latin1:
      for (char c : bytes) append_utf8(out, static_cast<unsigned char>(c));
      break;
    case Codec::Utf16:
    case Codec::Utf16Le:
    case Codec::Utf16Be:
    case Codec::Utf32:
    case Codec::Utf32Le:
    case Codec::Utf32Be:
      if (!decode_wide(vm, bytes, codec, errors, out)) return Value::error();
      break;
    case Codec::Unknown: return unknown_codec(vm, encoding), Value::error();
  }
  return make_str(vm, out);
}

bool encode_text(VM& vm, std::string_view text, std::string_view encoding, std::string_view errors, std::string& out) {
  Codec codec = codec_of(encoding);
  if (codec == Codec::Unknown) return unknown_codec(vm, encoding);
  uint32_t limit = codec == Codec::Ascii ? 0x80 : codec == Codec::Latin1 ? 0x100 : 0x110000;
  bool wide16 = codec == Codec::Utf16 || codec == Codec::Utf16Le || codec == Codec::Utf16Be;
  bool wide32 = codec == Codec::Utf32 || codec == Codec::Utf32Le || codec == Codec::Utf32Be;
  bool big = codec == Codec::Utf16Be || codec == Codec::Utf32Be;
  auto put = [&](uint32_t u, size_t width) {
    for (size_t k = 0; k < width; k++) out += static_cast<char>(u >> 8 * (big ? width - 1 - k : k));
  };
  auto put_char = [&](uint32_t c) {
    if (wide32) {
      put(c, 4);
    } else if (wide16) {
      if (c < 0x10000) {
        put(c, 2);
      } else {
        put(0xd800 + ((c - 0x10000) >> 10), 2);
        put(0xdc00 + ((c - 0x10000) & 0x3ff), 2);
      }
    } else if (codec == Codec::Utf8 || codec == Codec::Utf8Sig) {
      append_utf8(out, c);
    } else {
      out += static_cast<char>(c);
    }
  };
  if (codec == Codec::Utf8Sig) out += "\xef\xbb\xbf";
  if (codec == Codec::Utf16) put(0xfeff, 2);
  if (codec == Codec::Utf32) put(0xfeff, 4);
  size_t i = 0, index = 0;
  while (i < text.size()) {
    size_t n;
    uint32_t c = char_at(text, i, n);
    bool surrogate = c >= 0xd800 && c < 0xe000;
    if (c < limit && (!surrogate || (limit == 0x110000 && errors == "surrogatepass"))) {
      put_char(c);
    } else if (errors == "ignore") {
    } else if (errors == "replace") {
      put_char('?');
    } else if (errors == "surrogateescape" && c >= 0xdc80 && c < 0xdd00) {
      out += static_cast<char>(c - 0xdc00);
    } else if (errors == "backslashreplace" || errors == "xmlcharrefreplace") {
      char escape[16];
      if (errors[0] == 'x')
        std::snprintf(escape, sizeof escape, "&#%u;", c);
      else
        std::snprintf(escape, sizeof escape, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
      for (const char* p = escape; *p; p++) put_char(static_cast<unsigned char>(*p));
    } else if (errors == "strict" || errors == "surrogateescape") {
      size_t end = index + 1, j = i + n;
      while (j < text.size()) {  // the whole run of such characters
        size_t m;
        uint32_t d = char_at(text, j, m);
        if (d < limit && !(d >= 0xd800 && d < 0xe000)) break;
        j += m;
        end++;
      }
      Ref object(make_str(vm, text));
      const char* reason = surrogate && limit == 0x110000 ? "surrogates not allowed"
                           : limit == 0x80                ? "ordinal not in range(128)"
                                                          : "ordinal not in range(256)";
      return raise_unicode(vm, vm.types.UnicodeEncodeError, canonical(codec), *object, index, end, reason);
    } else {
      return unknown_handler(vm, errors);
    }
    i += n;
    index++;
  }
  return true;
}

}  // namespace tsvm::vm

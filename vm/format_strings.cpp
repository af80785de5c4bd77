// str.format and the % operator of strings and bytes.
#include <cmath>
#include <string>

#include "base/utf8.h"
#include "vm/native.h"
#include "vm/text.h"
#include "vm/types/room.h"
#include "vm/types/str.h"

namespace tsvm::vm {
namespace {

// --- str.format -----------------------------------------------------------------------------------------------------

/// State of one call: fields are filled from `args` and `mapping`; automatic numbers count up.
struct Formatter {
  VM& vm;
  std::span<const Value> args;
  Value mapping;
  int64_t next_auto = 0;  // -1: fields are numbered by hand
  bool any_auto = false;

  /// The value that a field's name says: "0", "name", "a.b[c]" or "".
  Value field(std::string_view name) {
    size_t end = name.find_first_of(".[");
    std::string_view first = name.substr(0, end);
    Ref value;
    bool numeric = !first.empty() && first.find_first_not_of("0123456789") == std::string_view::npos;
    if (first.empty() || numeric) {
      int64_t index;
      if (first.empty()) {
        if (next_auto < 0)
          return raise(vm, vm.types.ValueError,
                       "cannot switch from manual field specification to automatic field numbering");
        any_auto = true;
        index = next_auto++;
      } else {
        if (any_auto)
          return raise(vm, vm.types.ValueError,
                       "cannot switch from automatic field numbering to manual field specification");
        next_auto = -1;
        if (first.size() > 18) return raise(vm, vm.types.ValueError, "Too many decimal digits in format string");
        index = std::stoll(std::string(first));
      }
      if (static_cast<uint64_t>(index) >= args.size()) {
        if (args.data() == nullptr && !mapping.is_unbound())
          return raise(vm, vm.types.ValueError, "Format string contains positional fields");
        return raise(vm, vm.types.IndexError, "Replacement index %lld out of range for positional args tuple",
                     static_cast<long long>(index));
      }
      value = Ref::copy(args[static_cast<size_t>(index)]);
    } else {
      Ref key(make_str(vm, first));
      if (mapping.is_unbound()) return raise_key_error(vm, *key);
      value = Ref(get_item(vm, mapping, *key));
      if (value.is_error()) return Value::error();
    }
    if (end == std::string_view::npos) return value.take();
    std::string_view rest = name.substr(end);
    while (!rest.empty()) {
      if (rest[0] == '.') {
        size_t stop = rest.find_first_of(".[", 1);
        std::string_view attr = rest.substr(1, stop == std::string_view::npos ? stop : stop - 1);
        if (attr.empty()) return raise(vm, vm.types.ValueError, "Empty attribute in format string");
        Ref key(Value::object(vm.intern(attr)));
        value = Ref(get_attr(vm, *value, as<Str>(*key)));
        rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop);
      } else if (rest[0] == '[') {
        size_t stop = rest.find(']');
        if (stop == std::string_view::npos) return raise(vm, vm.types.ValueError, "Missing ']' in format string");
        std::string_view item = rest.substr(1, stop - 1);
        if (item.empty()) return raise(vm, vm.types.ValueError, "Empty attribute in format string");
        bool index = item.find_first_not_of("0123456789") == std::string_view::npos && item.size() < 19;
        Ref key(index ? Value::integer(std::stoll(std::string(item))) : make_str(vm, item));
        value = Ref(get_item(vm, *value, *key));
        rest = rest.substr(stop + 1);
      } else {
        return raise(vm, vm.types.ValueError, "Only '.' or '[' may follow ']' in format field specifier");
      }
      if (value.is_error()) return Value::error();
    }
    return value.take();
  }

  bool run(std::string_view text, std::string& out, int depth) {
    if (depth < 0) return fail(vm, vm.types.ValueError, "Max string recursion exceeded");
    size_t i = 0;
    while (i < text.size()) {
      char c = text[i];
      if (c == '}') {
        if (i + 1 < text.size() && text[i + 1] == '}') {
          out += '}';
          i += 2;
          continue;
        }
        return fail(vm, vm.types.ValueError, "Single '}' encountered in format string");
      }
      if (c != '{') {
        size_t stop = text.find_first_of("{}", i);
        out.append(text.substr(i, stop == std::string_view::npos ? stop : stop - i));
        i = stop == std::string_view::npos ? text.size() : stop;
        continue;
      }
      if (i + 1 < text.size() && text[i + 1] == '{') {
        out += '{';
        i += 2;
        continue;
      }
      if (i + 1 >= text.size()) return fail(vm, vm.types.ValueError, "Single '{' encountered in format string");
      // The field up to its closing brace; nested fields may be in its specification, brackets hide braces in its name.
      size_t j = i + 1;
      int nesting = 1;
      bool bracket = false;
      for (; j < text.size(); j++) {
        if (bracket) {
          bracket = text[j] != ']';
        } else if (text[j] == '[' && nesting == 1) {
          bracket = true;
        } else if (text[j] == '{') {
          nesting++;
        } else if (text[j] == '}' && --nesting == 0) {
          break;
        }
      }
      if (nesting) return fail(vm, vm.types.ValueError, "expected '}' before end of string");
      if (!replace(text.substr(i + 1, j - i - 1), out, depth)) return false;
      i = j + 1;
    }
    return true;
  }

  bool replace(std::string_view content, std::string& out, int depth) {
    size_t stop = 0;
    bool bracket = false;
    while (stop < content.size() && (bracket || (content[stop] != ':' && content[stop] != '!'))) {
      if (content[stop] == '[') bracket = true;
      if (content[stop] == ']') bracket = false;
      if (content[stop] == '{') return fail(vm, vm.types.ValueError, "unexpected '{' in field name");
      stop++;
    }
    std::string_view name = content.substr(0, stop);
    std::string_view rest = content.substr(stop);
    char conversion = 0;
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2) return fail(vm, vm.types.ValueError, "end of string while looking for conversion specifier");
      conversion = rest[1];
      rest.remove_prefix(2);
      if (!rest.empty() && rest[0] != ':')
        return fail(vm, vm.types.ValueError, "expected ':' after conversion specifier");
    }
    if (!rest.empty()) rest.remove_prefix(1);
    Ref value(field(name));
    if (value.is_error()) return false;
    if (conversion) {
      if (conversion == 'r')
        value = Ref(repr(vm, *value));
      else if (conversion == 's')
        value = Ref(str(vm, *value));
      else if (conversion == 'a')
        value = Ref(ascii(vm, *value));
      else
        return fail(vm, vm.types.ValueError, "Unknown conversion specifier %c", conversion);
      if (value.is_error()) return false;
    }
    std::string spec;
    if (rest.find_first_of("{}") == std::string_view::npos)
      spec = std::string(rest);
    else if (!run(rest, spec, depth - 1))
      return false;
    Ref formatted(format(vm, *value, std::string_view(spec)));
    if (formatted.is_error()) return false;
    out.append(text_of(*formatted));
    return true;
  }
};

// --- % --------------------------------------------------------------------------------------------------------------

struct Percent {
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  int64_t width = -1, precision = -1;
  char type = 0;
  char written = 0;  // what stands in the text, where `type` is another letter for the same
};

size_t length_of(std::string_view s, bool bytes) { return bytes ? s.size() : utf8::count(s); }

void append_padded(std::string& out, const Percent& p, const std::string& prefix, const std::string& body, bool numeric,
                   bool bytes) {
  int64_t missing = p.width - static_cast<int64_t>(length_of(prefix, bytes) + length_of(body, bytes));
  size_t n = missing > 0 ? static_cast<size_t>(missing) : 0;
  if (p.left)
    out.append(prefix).append(body).append(n, ' ');
  else if (p.zero && numeric)
    out.append(prefix).append(n, '0').append(body);
  else
    out.append(n, ' ').append(prefix).append(body);
}

std::string sign_of(const Percent& p, bool negative) { return negative ? "-" : p.plus ? "+" : p.space ? " " : ""; }

bool append_int(VM& vm, std::string& out, Percent p, Value value, bool bytes) {
  Ref integer;
  if (is_integer(value)) {
    integer = Ref::copy(value);
  } else {
    Value plain = unbox(value);
    if (plain.is_float() && p.type == 'd') {
      integer = Ref(make_int_from_double(vm, plain.d));
    } else if (!lookup_special_borrow(vm, value, vm.names.index).is_unbound()) {
      integer = Ref(to_index(vm, value));
    } else if (p.type == 'd' && !lookup_special_borrow(vm, value, vm.names.int_).is_unbound()) {
      Ref cls(Value(new_ref(Value::object(vm.types.int_))));
      integer = Ref(call(vm, *cls, {value}));
    } else {
      return fail(vm, vm.types.TypeError,
                  p.type == 'd' ? "%%%c format: a real number is required, not %s"
                                : "%%%c format: an integer is required, not %s",
                  p.written ? p.written : p.type, type_of(vm, value)->name->data);
    }
    if (integer.is_error()) return false;
  }
  int base = p.type == 'o' ? 8 : p.type == 'x' || p.type == 'X' ? 16 : 10;
  std::string digits = int_to_text(unbox(*integer), base);
  bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  if (p.type == 'X')
    for (char& c : digits) c = static_cast<char>(std::toupper(c));
  if (p.precision > static_cast<int64_t>(digits.size()))
    digits.insert(0, static_cast<size_t>(p.precision) - digits.size(), '0');
  std::string prefix = sign_of(p, negative);
  if (p.alternate && base != 10) prefix += std::string("0") + p.type;
  append_padded(out, p, prefix, digits, true, bytes);
  return true;
}

bool append_float(VM& vm, std::string& out, const Percent& p, Value value, bool bytes) {
  double d = 0;
  if (!to_double(vm, value, d)) {
    if (pending_is(vm, vm.types.TypeError)) {
      clear_pending(vm);
      return fail(vm, vm.types.TypeError, "must be real number, not %s", type_of(vm, value)->name->data);
    }
    return false;
  }
  std::string body;
  append_float_digits(body, std::fabs(d), p.type, p.precision < 0 ? 6 : static_cast<int>(p.precision), p.alternate);
  append_padded(out, p, sign_of(p, std::signbit(d) && !std::isnan(d)), body, std::isfinite(d) || true, bytes);
  return true;
}

bool append_text(VM& vm, std::string& out, const Percent& p, Value value, bool bytes) {
  std::string body;
  if (bytes && (p.type == 's' || p.type == 'b')) {
    if (!is_bytes_like(value))
      return fail(vm, vm.types.TypeError,
                  "%%b requires a bytes-like object, or an object that implements __bytes__, not '%s'",
                  type_of(vm, value)->name->data);
    body = std::string(bytes_of(value));
  } else if (p.type == 's') {
    if (!str_to(vm, value, body)) return false;
  } else if (p.type == 'r' && !bytes) {
    if (!repr_to(vm, value, body)) return false;
  } else {
    Ref text(ascii(vm, value));
    if (text.is_error()) return false;
    body = std::string(text_of(*text));
  }
  if (p.precision >= 0) {
    size_t end = 0;
    for (int64_t i = 0; i < p.precision && end < body.size(); i++) {
      end++;
      while (!bytes && end < body.size() && (static_cast<unsigned char>(body[end]) & 0xc0) == 0x80) end++;
    }
    body.resize(end);
  }
  append_padded(out, p, "", body, false, bytes);
  return true;
}

bool append_char(VM& vm, std::string& out, const Percent& p, Value value, bool bytes) {
  std::string body;
  if (is_integer(value)) {
    int64_t code = 0;
    if (!to_int64(vm, value, code)) return false;
    if (bytes) {
      if (code < 0 || code > 255) return fail(vm, vm.types.OverflowError, "%%c arg not in range(256)");
      body = std::string(1, static_cast<char>(code));
    } else {
      if (code < 0 || code > 0x10ffff) return fail(vm, vm.types.OverflowError, "%%c arg not in range(0x110000)");
      Ref text(make_char(vm, static_cast<char32_t>(code)));
      body = std::string(text_of(*text));
    }
  } else if (!bytes && is_str(value) && as<Str>(value)->length == 1) {
    body = std::string(text_of(value));
  } else if (bytes && is_bytes_like(value) && bytes_of(value).size() == 1) {
    body = std::string(bytes_of(value));
  } else {
    return fail(vm, vm.types.TypeError,
                bytes ? "%%c requires an integer in range(256) or a single byte" : "%%c requires int or char");
  }
  append_padded(out, p, "", body, false, bytes);
  return true;
}

}  // namespace

Value str_format_method(VM& vm, std::string_view text, std::span<const Value> args, Value mapping) {
  Formatter f{vm, args, mapping};
  std::string out;
  return f.run(text, out, 2) ? make_str(vm, out) : Value::error();
}

Value format_percent(VM& vm, Value text, Value args) {
  bool bytes = !is_str(text);
  std::string_view s = bytes ? bytes_of(text) : text_of(text);
  Ref keep = Ref::copy(text);
  bool is_tuple = is_kind(args, Kind::Tuple);
  // A mapping may stand for all arguments; strings, tuples and lists do not count as one.
  bool is_mapping = !is_tuple && !is_str(args) && !is_bytes_like(args) && args.is_object() &&
                    !lookup_special_borrow(vm, args, vm.name("__getitem__")).is_unbound();
  size_t next = 0;
  size_t count = is_tuple ? as<Tuple>(args)->size : 1;
  bool used_mapping = false;
  std::string out;
  auto take = [&](Value& v) {
    if (next >= count) return fail(vm, vm.types.TypeError, "not enough arguments for format string");
    v = is_tuple ? as<Tuple>(args)->items[next] : args;
    next++;
    return true;
  };
  size_t i = 0;
  while (i < s.size()) {
    size_t stop = s.find('%', i);
    out.append(s.substr(i, stop == std::string_view::npos ? stop : stop - i));
    if (stop == std::string_view::npos) break;
    i = stop + 1;
    Percent p;
    Ref from_mapping;
    bool by_name = false;
    if (i < s.size() && s[i] == '(') {
      if (!is_mapping) return raise(vm, vm.types.TypeError, "format requires a mapping");
      size_t j = i + 1;
      int nesting = 1;
      for (; j < s.size() && nesting; j++) nesting += s[j] == '(' ? 1 : s[j] == ')' ? -1 : 0;
      if (nesting) return raise(vm, vm.types.ValueError, "incomplete format key");
      std::string_view name = s.substr(i + 1, j - i - 2);
      Ref key(bytes ? make_bytes(vm, name) : make_str(vm, name));
      from_mapping = Ref(get_item(vm, args, *key));
      if (from_mapping.is_error()) return Value::error();
      by_name = used_mapping = true;
      i = j;
    }
    for (; i < s.size(); i++) {
      if (s[i] == '-')
        p.left = true;
      else if (s[i] == '+')
        p.plus = true;
      else if (s[i] == ' ')
        p.space = true;
      else if (s[i] == '#')
        p.alternate = true;
      else if (s[i] == '0')
        p.zero = true;
      else
        break;
    }
    auto number = [&](int64_t& n, bool precision) {
      if (i < s.size() && s[i] == '*') {
        Value v;
        if (!take(v)) return false;
        if (!is_integer(v)) return fail(vm, vm.types.TypeError, "* wants int");
        if (!to_int64(vm, v, n)) return false;
        if (precision && (n > INT32_MAX || n < INT32_MIN))
          return fail(vm, vm.types.OverflowError, "Python int too large to convert to C int");
        i++;
        return n < 0 || room_for(vm, static_cast<uint64_t>(n));
      }
      if (i < s.size() && s[i] >= '0' && s[i] <= '9') n = 0;
      for (; i < s.size() && s[i] >= '0' && s[i] <= '9'; i++) {
        n = n * 10 + (s[i] - '0');
        if (n > (precision ? INT32_MAX : INT64_MAX / 16))
          return fail(vm, vm.types.ValueError, precision ? "precision too big" : "width too big");
      }
      return n < 0 || room_for(vm, static_cast<uint64_t>(n));
    };
    if (!number(p.width, false)) return Value::error();
    if (p.width < -1) {
      p.left = true;
      p.width = -p.width;
    }
    if (i < s.size() && s[i] == '.') {
      i++;
      p.precision = 0;
      if (!number(p.precision, true)) return Value::error();
      p.precision = std::max<int64_t>(p.precision, 0);
    }
    while (i < s.size() && (s[i] == 'l' || s[i] == 'h' || s[i] == 'L')) i++;
    if (i >= s.size()) return raise(vm, vm.types.ValueError, "incomplete format");
    p.type = s[i++];
    if (p.type == '%' && s[i - 2] == '%') {
      out += '%';
      continue;
    }
    Value value;
    if (by_name)
      value = *from_mapping;
    else if (!take(value))
      return Value::error();
    bool ok;
    switch (p.type) {
      case 'i':
      case 'u':
        p.written = p.type;
        p.type = 'd';
        [[fallthrough]];
      case 'd':
      case 'o':
      case 'x':
      case 'X': ok = append_int(vm, out, p, value, bytes); break;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': ok = append_float(vm, out, p, value, bytes); break;
      case 'c': ok = append_char(vm, out, p, value, bytes); break;
      case '%':
        out += '%';
        ok = true;
        break;
      case 'b':
        if (!bytes) goto unsupported;
        [[fallthrough]];
      case 's':
      case 'r':
      case 'a': ok = append_text(vm, out, p, value, bytes); break;
      default:
      unsupported:
        return raise(vm, vm.types.ValueError, "unsupported format character '%c' (0x%x) at index %zu", p.type,
                     static_cast<unsigned char>(p.type), i - 1);
    }
    if (!ok) return Value::error();
  }
  if (!used_mapping && !is_mapping && next < count)
    return raise(vm, vm.types.TypeError,
                 bytes ? "not all arguments converted during bytes formatting"
                       : "not all arguments converted during string formatting");
  return bytes ? make_bytes(vm, out) : make_str(vm, out);
}

}  // namespace tsvm::vm

// The methods of str. Searching works on bytes; results are turned into positions of characters.
#include <algorithm>

#include "base/unicode.h"
#include "base/utf8.h"
#include "vm/native.h"
#include "vm/types/room.h"
#include "vm/types/str.h"

namespace tsvm::vm {

namespace {

using std::string_view;

Str* self_of(const Value* a) { return as<Str>(a[0]); }

string_view slice_bytes(Str* s, int64_t from, int64_t to) {
  size_t b = str_offset(s, static_cast<size_t>(from)), e = str_offset(s, static_cast<size_t>(to));
  return {s->data + b, e - b};
}

bool need_str(VM& vm, Value v, const char* what) {
  if (is_str(v)) return true;
  fail(vm, vm.types.TypeError, "%s, not %s", what, type_of(vm, v)->name->data);
  return false;
}

template <class Fn>
bool all_chars(Str* s, Fn&& fn) {
  if (s->size == 0) return false;
  string_view t = s->view();
  for (size_t i = 0; i < t.size();)
    if (!fn(utf8::decode(t, &i))) return false;
  return true;
}

// --- case ---------------------------------------------------------------------------------------------------------

using unicode::Case;

/// Lower case of a sigma at the end of a word differs.
void append_lower(std::string& out, string_view t, size_t at, size_t next, char32_t c) {
  if (c == 0x3a3) {
    auto cased = [](char32_t x) { return unicode::is(x, unicode::kCased); };
    bool before = false, after = false;
    for (size_t i = at; i > 0;) {
      do i--;
      while (i > 0 && (static_cast<uint8_t>(t[i]) & 0xc0) == 0x80);
      size_t p = i;
      char32_t x = utf8::decode(t, &p);
      if (x == '\'' || x == 0x2019 || x == 0xad) continue;
      before = cased(x);
      break;
    }
    for (size_t i = next; i < t.size();) {
      char32_t x = utf8::decode(t, &i);
      if (x == '\'' || x == 0x2019 || x == 0xad) continue;
      after = cased(x);
      break;
    }
    utf8::append(out, before && !after ? 0x3c2 : 0x3c3);
    return;
  }
  unicode::append_case(out, c, Case::Lower);
}

Value map_case(VM& vm, Str* s, Case to) {
  if (s->ascii) {
    Str* r = new_str(vm, s->size);
    bool up = to == Case::Upper || to == Case::Title;
    for (uint32_t i = 0; i < s->size; i++) {
      char c = s->data[i];
      if (up ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z')) c ^= 32;
      r->data[i] = c;
    }
    r->length = r->size;
    return Value::object(r);
  }
  std::string out;
  string_view t = s->view();
  for (size_t i = 0; i < t.size();) {
    size_t at = i;
    char32_t c = utf8::decode(t, &i);
    if (to == Case::Lower)
      append_lower(out, t, at, i, c);
    else
      unicode::append_case(out, c, to);
  }
  return make_str(vm, out);
}

Value upper(VM& vm, const Value* a) { return map_case(vm, self_of(a), Case::Upper); }
Value lower(VM& vm, const Value* a) { return map_case(vm, self_of(a), Case::Lower); }
Value casefold(VM& vm, const Value* a) { return map_case(vm, self_of(a), Case::Fold); }

Value swapcase(VM& vm, const Value* a) {
  std::string out;
  string_view t = self_of(a)->view();
  for (size_t i = 0; i < t.size();) {
    size_t at = i;
    char32_t c = utf8::decode(t, &i);
    if (unicode::is(c, unicode::kUpper))
      append_lower(out, t, at, i, c);
    else if (unicode::is(c, unicode::kLower))
      unicode::append_case(out, c, Case::Upper);
    else
      utf8::append(out, c);
  }
  return make_str(vm, out);
}

Value capitalize(VM& vm, const Value* a) {
  std::string out;
  string_view t = self_of(a)->view();
  bool first = true;
  for (size_t i = 0; i < t.size();) {
    size_t at = i;
    char32_t c = utf8::decode(t, &i);
    if (first)
      unicode::append_case(out, c, Case::Title);
    else
      append_lower(out, t, at, i, c);
    first = false;
  }
  return make_str(vm, out);
}

Value title(VM& vm, const Value* a) {
  std::string out;
  string_view t = self_of(a)->view();
  bool inside = false;
  for (size_t i = 0; i < t.size();) {
    size_t at = i;
    char32_t c = utf8::decode(t, &i);
    if (inside)
      append_lower(out, t, at, i, c);
    else
      unicode::append_case(out, c, Case::Title);
    inside = unicode::is(c, unicode::kCased);
  }
  return make_str(vm, out);
}

// --- predicates ---------------------------------------------------------------------------------------------------

template <uint16_t kMask>
Value every(VM&, const Value* a) {
  return Value::boolean(all_chars(self_of(a), [](char32_t c) { return unicode::is(c, kMask); }));
}

Value isprintable(VM&, const Value* a) {
  return Value::boolean(self_of(a)->size == 0 ||
                        all_chars(self_of(a), [](char32_t c) { return unicode::is(c, unicode::kPrintable); }));
}

Value isidentifier(VM&, const Value* a) {
  bool first = true;
  return Value::boolean(all_chars(self_of(a), [&](char32_t c) {
    bool ok = unicode::is(c, first ? unicode::kIdentifierStart : unicode::kIdentifier);
    first = false;
    return ok;
  }));
}

template <uint16_t kWanted, uint16_t kOther>
Value one_case(VM&, const Value* a) {
  bool any = false;
  bool ok = all_chars(self_of(a), [&](char32_t c) {
    uint16_t f = unicode::flags(c);
    // Title case letters such as U+01C5 are neither.
    if ((f & kOther) || ((f & unicode::kTitle) && !(f & unicode::kUpper))) return false;
    any |= (f & kWanted) != 0;
    return true;
  });
  return Value::boolean(ok && any);
}

Value istitle(VM&, const Value* a) {
  bool any = false, inside = false;
  bool ok = all_chars(self_of(a), [&](char32_t c) {
    uint16_t f = unicode::flags(c);
    if (f & (unicode::kUpper | unicode::kTitle)) {
      if (inside) return false;
      inside = any = true;
    } else if (f & unicode::kLower) {
      if (!inside) return false;
      any = true;
    } else {
      inside = false;
    }
    return true;
  });
  return Value::boolean(ok && any);
}

Value isascii(VM&, const Value* a) { return Value::boolean(self_of(a)->ascii); }

// --- searching ----------------------------------------------------------------------------------------------------

/// Position of the character, -1 not found, -2 exception.
int64_t find_in(VM& vm, const Value* a, bool last) {
  if (!need_str(vm, a[1], "must be str")) return -2;
  auto* s = self_of(a);
  int64_t from, to;
  if (!str_range(vm, a[2], a[3], s->length, from, to)) return -2;
  if (from > to) return -1;
  string_view in = slice_bytes(s, from, to), what = text_of(a[1]);
  size_t at = last ? in.rfind(what) : in.find(what);
  if (at == string_view::npos) return -1;
  return s->ascii ? from + static_cast<int64_t>(at) : from + static_cast<int64_t>(utf8::count(in.substr(0, at)));
}

template <bool kLast, bool kMust>
Value find(VM& vm, const Value* a) {
  int64_t i = find_in(vm, a, kLast);
  if (i == -2) return Value::error();
  if (kMust && i < 0) return raise(vm, vm.types.ValueError, "substring not found");
  return Value::integer(i);
}

int64_t count_in(string_view in, string_view what) {
  int64_t n = 0;
  for (size_t at = in.find(what); at != string_view::npos; at = in.find(what, at + what.size())) n++;
  return n;
}

Value count(VM& vm, const Value* a) {
  if (!need_str(vm, a[1], "must be str")) return Value::error();
  auto* s = self_of(a);
  int64_t from, to;
  if (!str_range(vm, a[2], a[3], s->length, from, to)) return Value::error();
  if (from > to) return Value::integer(0);
  if (as<Str>(a[1])->size == 0) return Value::integer(to - from + 1);
  return Value::integer(count_in(slice_bytes(s, from, to), text_of(a[1])));
}

template <bool kEnd>
Value starts(VM& vm, const Value* a) {
  auto* s = self_of(a);
  int64_t from, to;
  if (!str_range(vm, a[2], a[3], s->length, from, to)) return Value::error();
  auto test = [&](Value v) {
    if (from > to) return false;
    string_view in = slice_bytes(s, from, to), what = text_of(v);
    return kEnd ? in.ends_with(what) : in.starts_with(what);
  };
  const char* name = kEnd ? "endswith" : "startswith";
  if (is_str(a[1])) return Value::boolean(test(a[1]));
  if (is_kind(a[1], Kind::Tuple)) {
    for (Value v : as<Tuple>(a[1])->span()) {
      if (!is_str(v))
        return raise(vm, vm.types.TypeError, "tuple for %s must only contain str, not %s", name,
                     type_of(vm, v)->name->data);
      if (test(v)) return Value::boolean(true);
    }
    return Value::boolean(false);
  }
  return raise(vm, vm.types.TypeError, "%s first arg must be str or a tuple of str, not %s", name,
               type_of(vm, a[1])->name->data);
}

Value replace(VM& vm, const Value* a) {
  auto* s = self_of(a);
  for (int i = 1; i <= 2; i++)
    if (!is_str(a[i]))
      return raise(vm, vm.types.TypeError, "replace() argument %d must be str, not %s", i,
                   type_of(vm, a[i])->name->data);
  int64_t limit;
  if (!arg_int_clamped(vm, a[3], limit)) return Value::error();
  if (limit < 0) limit = INT64_MAX;
  string_view t = s->view(), from = text_of(a[1]), to = text_of(a[2]);
  if (limit == 0) return str_exact(vm, a[0]);
  std::string out;
  if (from.empty()) {
    size_t i = 0;
    while (limit-- > 0) {
      out += to;
      if (i >= t.size()) break;
      size_t n = i;
      utf8::decode(t, &n);
      out.append(t, i, n - i);
      i = n;
      if (i >= t.size() && limit > 0) {
        out += to;
        break;
      }
    }
    out.append(t, i);
    return make_str(vm, out);
  }
  size_t at = t.find(from), done = 0;
  if (at == string_view::npos) return str_exact(vm, a[0]);
  while (at != string_view::npos && limit-- > 0) {
    out.append(t, done, at - done);
    out += to;
    done = at + from.size();
    at = t.find(from, done);
  }
  out.append(t, done);
  return make_str(vm, out);
}

Value removeprefix(VM& vm, const Value* a) {
  if (!need_str(vm, a[1], "removeprefix() argument must be str")) return Value::error();
  string_view t = text_of(a[0]), p = text_of(a[1]);
  return !p.empty() && t.starts_with(p) ? make_str(vm, t.substr(p.size())) : str_exact(vm, a[0]);
}

Value removesuffix(VM& vm, const Value* a) {
  if (!need_str(vm, a[1], "removesuffix() argument must be str")) return Value::error();
  string_view t = text_of(a[0]), p = text_of(a[1]);
  return !p.empty() && t.ends_with(p) ? make_str(vm, t.substr(0, t.size() - p.size())) : str_exact(vm, a[0]);
}

// --- stripping and padding ----------------------------------------------------------------------------------------

template <bool kLeft, bool kRight>
Value strip(VM& vm, const Value* a) {
  auto* s = self_of(a);
  string_view t = s->view();
  std::u32string set;
  bool spaces = a[1].is_none();
  if (!spaces) {
    if (!is_str(a[1]))
      return raise(vm, vm.types.TypeError, "%s arg must be None or str",
                   kLeft && kRight ? "strip" : (kLeft ? "lstrip" : "rstrip"));
    string_view chars = text_of(a[1]);
    for (size_t i = 0; i < chars.size();) set.push_back(utf8::decode(chars, &i));
  }
  auto drop = [&](char32_t c) {
    return spaces ? unicode::is(c, unicode::kSpace) : set.find(c) != std::u32string::npos;
  };
  size_t from = 0, to = t.size();
  if (kLeft) {
    while (from < to) {
      size_t next = from;
      if (!drop(utf8::decode(t, &next))) break;
      from = next;
    }
  }
  if (kRight) {
    while (to > from) {
      size_t before = to;
      do before--;
      while (before > from && (static_cast<uint8_t>(t[before]) & 0xc0) == 0x80);
      size_t next = before;
      if (!drop(utf8::decode(t, &next))) break;
      to = before;
    }
  }
  if (from == 0 && to == t.size()) return str_exact(vm, a[0]);
  return make_str(vm, t.substr(from, to - from));
}

Value pad(VM& vm, const Value* a, int64_t left, int64_t right) {
  string_view fill = a[2].is_unbound() ? " " : text_of(a[2]);
  std::string out;
  for (int64_t i = 0; i < left; i++) out += fill;
  out += text_of(a[0]);
  for (int64_t i = 0; i < right; i++) out += fill;
  return make_str(vm, out);
}

template <int kWhere>  // -1 ljust, 0 center, 1 rjust
Value justify(VM& vm, const Value* a) {
  int64_t width;
  if (!arg_int(vm, a[1], width)) return Value::error();
  if (!a[2].is_unbound()) {
    if (!is_str(a[2]))
      return raise(vm, vm.types.TypeError, "The fill character must be a unicode character, not %s",
                   type_of(vm, a[2])->name->data);
    if (as<Str>(a[2])->length != 1)
      return raise(vm, vm.types.TypeError, "The fill character must be exactly one character long");
  }
  int64_t length = self_of(a)->length;
  if (width <= length) return str_exact(vm, a[0]);
  if (!room_for(vm, static_cast<uint64_t>(width), 4)) return Value::error();
  int64_t n = width - length;
  if (kWhere < 0) return pad(vm, a, 0, n);
  if (kWhere > 0) return pad(vm, a, n, 0);
  int64_t left = n / 2 + (n & width & 1);
  return pad(vm, a, left, n - left);
}

Value zfill(VM& vm, const Value* a) {
  int64_t width;
  if (!arg_int(vm, a[1], width)) return Value::error();
  auto* s = self_of(a);
  if (width <= s->length) return str_exact(vm, a[0]);
  if (!room_for(vm, static_cast<uint64_t>(width))) return Value::error();
  std::string out;
  string_view t = s->view();
  size_t sign = !t.empty() && (t[0] == '+' || t[0] == '-') ? 1 : 0;
  out.append(t, 0, sign);
  out.append(static_cast<size_t>(width - s->length), '0');
  out.append(t, sign);
  return make_str(vm, out);
}

Value expandtabs(VM& vm, const Value* a) {
  int64_t size;
  if (!arg_int(vm, a[1], size)) return Value::error();
  if (size > INT32_MAX) return raise(vm, vm.types.OverflowError, "Python int too large to convert to C int");
  std::string out;
  int64_t column = 0;
  string_view t = text_of(a[0]);
  for (size_t i = 0; i < t.size();) {
    char32_t c = utf8::decode(t, &i);
    if (c == '\t') {
      if (size > 0) {
        int64_t n = size - column % size;
        if (!room_for(vm, static_cast<uint64_t>(n) + out.size())) return Value::error();
        out.append(static_cast<size_t>(n), ' ');
        column += n;
      }
    } else {
      utf8::append(out, c);
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return make_str(vm, out);
}

// --- splitting and joining ----------------------------------------------------------------------------------------

/// The pieces of `whole` as a list.
struct Parts {
  VM& vm;
  bool ascii;
  Ref list;
  Parts(VM& v, Value whole) : vm(v), ascii(as<Str>(whole)->ascii), list(make_list(v)) {}
  void add(string_view text) {
    Ref s(ascii ? make_ascii(vm, text) : make_str(vm, text));
    list_append(vm, as<List>(*list), *s);
  }
};

bool is_space_at(string_view t, size_t i, size_t& next) {
  const auto c = static_cast<unsigned char>(t[i]);
  next = i + 1;
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
  next = i;
  return unicode::is(utf8::decode(t, &next), unicode::kSpace);
}

bool separator(VM& vm, Value sep, string_view& out) {
  if (sep.is_none()) return true;
  if (!need_str(vm, sep, "must be str or None")) return false;
  out = text_of(sep);
  if (out.empty()) {
    fail(vm, vm.types.ValueError, "empty separator");
    return false;
  }
  return true;
}

Value split(VM& vm, const Value* a) {
  string_view t = text_of(a[0]), sep;
  int64_t limit;
  if (!separator(vm, a[1], sep) || !arg_int_clamped(vm, a[2], limit)) return Value::error();
  if (limit < 0) limit = INT64_MAX;
  Parts parts(vm, a[0]);
  if (!a[1].is_none()) {
    size_t done = 0;
    for (size_t at; limit > 0 && (at = t.find(sep, done)) != string_view::npos; limit--) {
      parts.add(t.substr(done, at - done));
      done = at + sep.size();
    }
    parts.add(t.substr(done));
    return parts.list.take();
  }
  size_t i = 0;
  for (;;) {
    size_t next;
    while (i < t.size() && is_space_at(t, i, next)) i = next;
    if (i >= t.size()) break;
    if (limit-- <= 0) {
      parts.add(t.substr(i));
      break;
    }
    size_t start = i;
    while (i < t.size() && !is_space_at(t, i, next)) i = next;
    parts.add(t.substr(start, i - start));
  }
  return parts.list.take();
}

Value rsplit(VM& vm, const Value* a) {
  string_view t = text_of(a[0]), sep;
  int64_t limit;
  if (!separator(vm, a[1], sep) || !arg_int_clamped(vm, a[2], limit)) return Value::error();
  if (limit < 0) return split(vm, a);
  std::vector<string_view> out;
  size_t end = t.size();
  if (!a[1].is_none()) {
    for (size_t at; limit > 0 && end >= sep.size() && (at = t.rfind(sep, end - sep.size())) != string_view::npos;
         limit--) {
      out.push_back(t.substr(at + sep.size(), end - at - sep.size()));
      end = at;
    }
    out.push_back(t.substr(0, end));
  } else {
    auto space_before = [&](size_t p, size_t& before) {
      before = p;
      do before--;
      while (before > 0 && (static_cast<uint8_t>(t[before]) & 0xc0) == 0x80);
      size_t next;
      return is_space_at(t, before, next);
    };
    size_t before;
    for (;;) {
      while (end > 0 && space_before(end, before)) end = before;
      if (end == 0) break;
      if (limit-- <= 0) {
        out.push_back(t.substr(0, end));
        break;
      }
      size_t stop = end;
      while (end > 0 && !space_before(end, before)) end = before;
      out.push_back(t.substr(end, stop - end));
    }
  }
  Parts parts(vm, a[0]);
  for (auto it = out.rbegin(); it != out.rend(); ++it) parts.add(*it);
  return parts.list.take();
}

Value splitlines(VM& vm, const Value* a) {
  bool keep;
  if (!arg_bool(vm, a[1], keep)) return Value::error();
  string_view t = text_of(a[0]);
  Parts parts(vm, a[0]);
  for (size_t i = 0, start = 0; i < t.size();) {
    size_t at = i;
    char32_t c = utf8::decode(t, &i);
    bool eol = (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (eol) {
      if (c == '\r' && i < t.size() && t[i] == '\n') i++;
      parts.add(t.substr(start, (keep ? i : at) - start));
      start = i;
    } else if (i >= t.size()) {
      parts.add(t.substr(start));
    }
  }
  return parts.list.take();
}

template <bool kLast>
Value partition(VM& vm, const Value* a) {
  if (!need_str(vm, a[1], "must be str")) return Value::error();
  string_view t = text_of(a[0]), sep = text_of(a[1]);
  if (sep.empty()) return raise(vm, vm.types.ValueError, "empty separator");
  size_t at = kLast ? t.rfind(sep) : t.find(sep);
  Ref empty = Ref::copy(Value::object(vm.names.empty));
  if (at == string_view::npos) {
    Ref whole(str_exact(vm, a[0]));
    return kLast ? make_tuple(vm, {*empty, *empty, *whole}) : make_tuple(vm, {*whole, *empty, *empty});
  }
  Ref before(make_str(vm, t.substr(0, at))), middle(str_exact(vm, a[1])),
      after(make_str(vm, t.substr(at + sep.size())));
  return make_tuple(vm, {*before, *middle, *after});
}

Value join(VM& vm, const Value* a) {
  Ref items(is_kind(a[1], Kind::Tuple) ? new_ref(a[1]) : make_list_from_sequence(vm, a[1]));
  if (items.is_error()) {
    if (pending_is(vm, vm.types.TypeError) && lookup_special_borrow(vm, a[1], vm.names.iter).is_unbound() &&
        lookup_special_borrow(vm, a[1], vm.names.getitem).is_unbound()) {
      clear_pending(vm);
      return raise(vm, vm.types.TypeError, "can only join an iterable");
    }
    return Value::error();
  }
  bool tuple = is_kind(*items, Kind::Tuple);
  size_t n = tuple ? as<Tuple>(*items)->size : as<List>(*items)->size;
  if (n == 0) return new_ref(Value::object(vm.names.empty));
  if (!tuple && as<List>(*items)->element != ElementKind::Any) {
    Ref first(list_get(as<List>(*items), 0));
    return raise(vm, vm.types.TypeError, "sequence item 0: expected str instance, %s found",
                 type_of(vm, *first)->name->data);
  }
  Value* values = tuple ? as<Tuple>(*items)->items : as<List>(*items)->values;
  auto* sep = self_of(a);
  size_t bytes = sep->size * (n - 1), chars = static_cast<size_t>(sep->length) * (n - 1);
  bool ascii = sep->ascii || n == 1;
  for (size_t i = 0; i < n; i++) {
    if (!is_str(values[i]))
      return raise(vm, vm.types.TypeError, "sequence item %zu: expected str instance, %s found", i,
                   type_of(vm, values[i])->name->data);
    auto* s = as<Str>(values[i]);
    bytes += s->size;
    chars += s->length;
    ascii &= s->ascii;
  }
  if (n == 1) return str_exact(vm, values[0]);
  if (bytes >= UINT32_MAX) return raise(vm, vm.types.OverflowError, "join() result is too long for a Python string");
  Str* r = new_str(vm, bytes);
  char* p = r->data;
  for (size_t i = 0; i < n; i++) {
    if (i) {
      std::memcpy(p, sep->data, sep->size);
      p += sep->size;
    }
    auto* s = as<Str>(values[i]);
    std::memcpy(p, s->data, s->size);
    p += s->size;
  }
  r->length = static_cast<uint32_t>(chars);
  r->ascii = ascii;
  return Value::object(r);
}

// --- the rest -----------------------------------------------------------------------------------------------------

Value encode(VM& vm, const Value* a) {
  string_view encoding, errors;
  if (!arg_str(vm, a[1], "encode() argument 'encoding'", encoding) ||
      !arg_str(vm, a[2], "encode() argument 'errors'", errors))
    return Value::error();
  std::string out;
  if (!encode_text(vm, text_of(a[0]), encoding, errors, out)) return Value::error();
  return make_bytes(vm, out);
}

Value maketrans(VM& vm, const Value* a) {
  Ref table(make_dict(vm));
  auto* d = as<Dict>(*table);
  if (a[1].is_unbound()) {
    if (!is_kind(a[0], Kind::Dict))
      return raise(vm, vm.types.TypeError, "if you give only one argument to maketrans it must be a dict");
    uint32_t position = 0;
    while (DictEntry* e = dict_next(as<Dict>(a[0]), position)) {
      Ref key = Ref::copy(e->key);
      if (is_str(*key)) {
        if (as<Str>(*key)->length != 1)
          return raise(vm, vm.types.ValueError, "string keys in translate table must be of length 1");
        size_t i = 0;
        key = Ref(Value::integer(utf8::decode(text_of(*key), &i)));
      } else if (!is_integer(*key)) {
        return raise(vm, vm.types.TypeError, "keys in translate table must be strings or integers");
      }
      if (!dict_set(vm, d, *key, e->value)) return Value::error();
    }
    return table.take();
  }
  if (!is_str(a[0]))
    return raise(vm, vm.types.TypeError, "first maketrans argument must be a string if there is a second argument");
  if (!need_str(vm, a[1], "maketrans() argument 2 must be str")) return Value::error();
  if (as<Str>(a[0])->length != as<Str>(a[1])->length)
    return raise(vm, vm.types.ValueError, "the first two maketrans arguments must have equal length");
  string_view x = text_of(a[0]), y = text_of(a[1]);
  for (size_t i = 0, j = 0; i < x.size();) {
    Value from = Value::integer(utf8::decode(x, &i)), to = Value::integer(utf8::decode(y, &j));
    if (!dict_set(vm, d, from, to)) return Value::error();
  }
  if (!a[2].is_unbound()) {
    if (!need_str(vm, a[2], "maketrans() argument 3 must be str")) return Value::error();
    string_view z = text_of(a[2]);
    for (size_t i = 0; i < z.size();)
      if (!dict_set(vm, d, Value::integer(utf8::decode(z, &i)), Value::none())) return Value::error();
  }
  return table.take();
}

Value translate(VM& vm, const Value* a) {
  std::string out;
  string_view t = text_of(a[0]);
  for (size_t i = 0; i < t.size();) {
    char32_t c = utf8::decode(t, &i);
    Ref to(get_item(vm, a[1], Value::integer(c)));
    if (to.is_error()) {
      if (!clear_pending_if(vm, vm.types.LookupError)) return Value::error();
      utf8::append(out, c);
    } else if (is_str(*to)) {
      out += text_of(*to);
    } else if (to->is_int()) {
      if (to->i < 0 || to->i > 0x10ffff)
        return raise(vm, vm.types.ValueError, "character mapping must be in range(0x110000)");
      utf8::append(out, static_cast<char32_t>(to->i));
    } else if (!to->is_none()) {
      return raise(vm, vm.types.TypeError, "character mapping must return integer, None or str");
    }
  }
  return make_str(vm, out);
}

Value format_method(VM& vm, const Value* a) {
  return str_format_method(vm, text_of(a[0]), as<Tuple>(a[1])->span(), a[2]);
}

Value format_map(VM& vm, const Value* a) { return str_format_method(vm, text_of(a[0]), {}, a[1]); }

Value getnewargs(VM& vm, const Value* a) {
  Ref s(str_exact(vm, a[0]));
  return make_tuple(vm, {*s});
}

const NativeDef kMethods[] = {
    {"capitalize(self, /)", capitalize},
    {"casefold(self, /)", casefold},
    {"center(self, width, fillchar=..., /)", justify<0>},
    {"count(self, sub, start=None, end=None, /)", count},
    {"encode(self, /, encoding='utf-8', errors='strict')", encode},
    {"endswith(self, suffix, start=None, end=None, /)", starts<true>},
    {"expandtabs(self, /, tabsize=8)", expandtabs},
    {"find(self, sub, start=None, end=None, /)", find<false, false>},
    {"format(self, /, *args, **kwargs)", format_method},
    {"format_map(self, mapping, /)", format_map},
    {"index(self, sub, start=None, end=None, /)", find<false, true>},
    {"isalnum(self, /)", every<unicode::kAlpha | unicode::kDecimal | unicode::kDigit | unicode::kNumeric>},
    {"isalpha(self, /)", every<unicode::kAlpha>},
    {"isascii(self, /)", isascii},
    {"isdecimal(self, /)", every<unicode::kDecimal>},
    {"isdigit(self, /)", every<unicode::kDigit>},
    {"isidentifier(self, /)", isidentifier},
    {"islower(self, /)", one_case<unicode::kLower, unicode::kUpper>},
    {"isnumeric(self, /)", every<unicode::kNumeric>},
    {"isprintable(self, /)", isprintable},
    {"isspace(self, /)", every<unicode::kSpace>},
    {"istitle(self, /)", istitle},
    {"isupper(self, /)", one_case<unicode::kUpper, unicode::kLower>},
    {"join(self, iterable, /)", join},
    {"ljust(self, width, fillchar=..., /)", justify<-1>},
    {"lower(self, /)", lower},
    {"lstrip(self, chars=None, /)", strip<true, false>},
    {"partition(self, sep, /)", partition<false>},
    {"removeprefix(self, prefix, /)", removeprefix},
    {"removesuffix(self, suffix, /)", removesuffix},
    {"replace(self, old, new, count=-1, /)", replace},
    {"rfind(self, sub, start=None, end=None, /)", find<true, false>},
    {"rindex(self, sub, start=None, end=None, /)", find<true, true>},
    {"rjust(self, width, fillchar=..., /)", justify<1>},
    {"rpartition(self, sep, /)", partition<true>},
    {"rsplit(self, /, sep=None, maxsplit=-1)", rsplit},
    {"rstrip(self, chars=None, /)", strip<false, true>},
    {"split(self, /, sep=None, maxsplit=-1)", split},
    {"splitlines(self, /, keepends=False)", splitlines},
    {"startswith(self, prefix, start=None, end=None, /)", starts<false>},
    {"strip(self, chars=None, /)", strip<true, true>},
    {"swapcase(self, /)", swapcase},
    {"title(self, /)", title},
    {"translate(self, table, /)", translate},
    {"upper(self, /)", upper},
    {"zfill(self, width, /)", zfill},
    {"__getnewargs__(self, /)", getnewargs},
};

const NativeDef kStatic[] = {{"maketrans(x, y=..., z=..., /)", maketrans}};

}  // namespace

const std::span<const NativeDef> kStrMethods = kMethods;
const std::span<const NativeDef> kStrStaticMethods = kStatic;

}  // namespace tsvm::vm

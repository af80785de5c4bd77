// bytes and bytearray. Both answer to the same methods; a result is of the type of its receiver.
#include <algorithm>
#include <string>

#include "base/repr.h"
#include "vm/native.h"
#include "vm/tables.h"
#include "vm/text.h"
#include "vm/types/common.h"
#include "vm/types/memory_view.h"
#include "vm/types/room.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

static size_t plain_size(size_t n) { return std::max(offsetof(Bytes, data) + n + 1, sizeof(Bytes)); }

/// Where the attributes of an instance of a derived class begin.
static size_t attributes_at(size_t n) { return (plain_size(n) + 15) / 16 * 16; }

static Bytes* allocate_bytes(VM& vm, Type* type, size_t n) {
  bool at_end = type->attributes_offset == Type::kAttributesAtEnd;
  size_t total = at_end ? attributes_at(n) + sizeof(Attributes) : plain_size(n);
  auto* b = new (vm.heap.allocate(total)) Bytes();
  b->kind = Kind::Bytes;
  b->type = type;
  b->refs = 1;
  b->flags = 0;
  if (type->is_heap) type->refs++;
  b->size = n;
  b->data[n] = 0;
  vm.heap.count_object(1);
  if (at_end) {
    auto* a = new (reinterpret_cast<char*>(b) + attributes_at(n)) Attributes();
    a->shape = root_shape(vm, type);
    vm.heap.track_extra(b);
  }
  return b;
}

// (std::copy between char and uint8_t goes byte by byte.)
static void copy_bytes(uint8_t* to, std::string_view from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

Value make_bytes(VM& vm, std::string_view bytes) {
  Bytes* b = allocate_bytes(vm, vm.types.bytes, bytes.size());
  copy_bytes(b->data, bytes);
  return Value::object(b);
}

Value new_bytes(VM& vm, size_t size) { return Value::object(allocate_bytes(vm, vm.types.bytes, size)); }

Value make_bytearray(VM& vm, std::string_view bytes) {
  auto* b = allocate_object<ByteArray>(vm, vm.types.bytearray, Kind::ByteArray);
  b->size = b->capacity = bytes.size();
  b->data = static_cast<uint8_t*>(vm.heap.allocate(b->capacity + 1));
  copy_bytes(b->data, bytes);
  return Value::object(b);
}

bool is_bytes_like(Value v) { return is_kind(v, Kind::Bytes) || is_kind(v, Kind::ByteArray) || is_plain_memory(v); }

std::string_view bytes_of(Value v) {
  if (is_kind(v, Kind::Bytes)) return as<Bytes>(v)->view();
  return is_kind(v, Kind::ByteArray) ? as<ByteArray>(v)->view() : plain_memory(v);
}

namespace {

size_t bytes_size(const Object* o) {
  size_t n = static_cast<const Bytes*>(o)->size;
  return o->type->attributes_offset == Type::kAttributesAtEnd ? attributes_at(n) + sizeof(Attributes) : plain_size(n);
}

ByteArray* array_of(Value v) { return as<ByteArray>(v); }

void resize(VM& vm, ByteArray* b, size_t n) {
  if (n > b->capacity) {
    size_t capacity = std::max<size_t>(n, b->capacity * 2);
    auto* data = static_cast<uint8_t*>(vm.heap.allocate(capacity + 1));
    if (b->data) {
      std::copy(b->data, b->data + b->size, data);
      vm.heap.free(b->data, b->capacity + 1);
    }
    b->data = data;
    b->capacity = capacity;
  }
  b->size = n;
}

/// A result of the receiver's type.
Value like(VM& vm, Value self, std::string_view bytes) {
  return is_kind(self, Kind::Bytes) ? make_bytes(vm, bytes) : make_bytearray(vm, bytes);
}

Value repr_slot(VM& vm, Value self) {
  std::string out = bytes_repr(bytes_of(self));
  return make_ascii(vm, is_kind(self, Kind::Bytes) ? out : "bytearray(" + out + ")");
}

bool hash_slot(VM&, Value self, uint64_t& out) {
  auto* b = as<Bytes>(self);
  if (!b->hash) b->hash = hash_bytes(b->view());
  out = b->hash;
  return true;
}

Value compare_slot(VM&, CompareOp op, Value self, Value other) {
  if (!is_bytes_like(other)) return Value::not_implemented();
  return Value::boolean(order_holds(op, bytes_of(self).compare(bytes_of(other))));
}

bool byte_of(VM& vm, Value v, const char* what, uint8_t& out) {
  int64_t n;
  if (!arg_int(vm, v, n)) return false;
  if (n < 0 || n > 255) return fail(vm, vm.types.ValueError, "%s", what);
  out = static_cast<uint8_t>(n);
  return true;
}

Value get_item_slot(VM& vm, Value self, Value key) {
  std::string_view s = bytes_of(self);
  if (is_kind(key, Kind::Slice)) {
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), static_cast<int64_t>(s.size()), start, stop, step, count))
      return Value::error();
    std::string part;
    for (int64_t i = 0; i < count; i++) part += s[static_cast<size_t>(start + i * step)];
    return like(vm, self, part);
  }
  int64_t i;
  if (!arg_int(vm, key, i)) {
    if (pending_is(vm, vm.types.TypeError)) {
      clear_pending(vm);
      return raise(vm, vm.types.TypeError, "%s indices must be integers or slices, not %s",
                   is_kind(self, Kind::Bytes) ? "byte" : "bytearray", type_name(vm, key));
    }
    return Value::error();
  }
  if (i < 0) i += static_cast<int64_t>(s.size());
  if (i < 0 || i >= static_cast<int64_t>(s.size()))
    return raise(vm, vm.types.IndexError,
                 is_kind(self, Kind::Bytes) ? "index out of range" : "bytearray index out of range");
  return Value::integer(static_cast<unsigned char>(s[static_cast<size_t>(i)]));
}

/// The bytes of an int iterable or a bytes-like object.
bool collect(VM& vm, Value v, std::string& out) {
  if (is_bytes_like(v)) {
    out = std::string(bytes_of(v));
    return true;
  }
  return for_each(vm, v, [&](Value item) {
    uint8_t b = 0;
    if (!byte_of(vm, item, "bytes must be in range(0, 256)", b)) return false;
    out += static_cast<char>(b);
    return true;
  });
}

bool set_item_slot(VM& vm, Value self, Value key, Value value) {
  ByteArray* b = array_of(self);
  auto size = static_cast<int64_t>(b->size);
  if (is_kind(key, Kind::Slice)) {
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), size, start, stop, step, count)) return false;
    std::string now(b->view()), part;
    if (!value.is_unbound() && !collect(vm, value, part)) return false;
    if (step == 1) {
      now.replace(static_cast<size_t>(start), static_cast<size_t>(std::max<int64_t>(count, 0)), part);
    } else if (value.is_unbound()) {
      for (int64_t i = step > 0 ? count - 1 : 0; step > 0 ? i >= 0 : i<count; i += step> 0 ? -1 : 1)
        now.erase(static_cast<size_t>(start + i * step), 1);
    } else {
      if (static_cast<int64_t>(part.size()) != count)
        return fail(vm, vm.types.ValueError, "attempt to assign bytes of size %zu to extended slice of size %lld",
                    part.size(), static_cast<long long>(count));
      for (int64_t i = 0; i < count; i++) now[static_cast<size_t>(start + i * step)] = part[static_cast<size_t>(i)];
    }
    resize(vm, b, now.size());
    copy_bytes(b->data, now);
    return true;
  }
  int64_t i;
  if (!arg_int(vm, key, i)) return false;
  if (i < 0) i += size;
  if (i < 0 || i >= size) return fail(vm, vm.types.IndexError, "bytearray index out of range");
  if (value.is_unbound()) {
    std::copy(b->data + i + 1, b->data + size, b->data + i);
    b->size--;
    return true;
  }
  return byte_of(vm, value, "byte must be in range(0, 256)", b->data[i]);
}

int contains_slot(VM& vm, Value self, Value item) {
  std::string_view s = bytes_of(self);
  if (is_bytes_like(item)) return s.find(bytes_of(item)) != std::string_view::npos;
  uint8_t b = 0;
  if (!is_integer(item)) {
    (void)raise(vm, vm.types.TypeError, "a bytes-like object is required, not '%s'", type_name(vm, item));
    return -1;
  }
  if (!byte_of(vm, item, "byte must be in range(0, 256)", b)) return -1;
  return s.find(static_cast<char>(b)) != std::string_view::npos;
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  std::string_view s = bytes_of(self);
  if (op == ArithOp::Mod) return reflected ? Value::not_implemented() : format_percent(vm, self, other);
  if (op == ArithOp::Add) {
    if (reflected || !is_bytes_like(other)) return Value::not_implemented();
    return like(vm, self, std::string(s).append(bytes_of(other)));
  }
  if (op == ArithOp::Mul) {
    int64_t n;
    if (!is_integer(other) && lookup_special_borrow(vm, other, vm.names.index).is_unbound())
      return Value::not_implemented();
    if (!to_int64(vm, other, n, "cannot fit 'int' into an index-sized integer")) return Value::error();
    if (n > 0 && !room_for(vm, static_cast<uint64_t>(n), s.size())) return Value::error();
    std::string out;
    for (int64_t i = 0; i < n && !s.empty(); i++) out += s;
    return like(vm, self, out);
  }
  return Value::not_implemented();
}

Value inplace_slot(VM& vm, ArithOp op, Value self, Value other) {
  Ref r(binary_slot(vm, op, self, other, false));
  if (r.is_error() || !is_bytes_like(*r)) return r.take();
  std::string now(bytes_of(*r));
  resize(vm, array_of(self), now.size());
  copy_bytes(array_of(self)->data, now);
  return new_ref(self);
}

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"bytes(source=..., encoding=..., errors=...)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kDef, args, keywords, a, keep)) return Value::error();
  std::string content;
  if (is_str(a[0])) {
    if (a[1].is_unbound()) return raise(vm, vm.types.TypeError, "string argument without an encoding");
    std::string_view encoding, errors = "strict";
    if (!arg_str(vm, a[1], "bytes() argument 'encoding'", encoding)) return Value::error();
    if (!a[2].is_unbound() && !arg_str(vm, a[2], "bytes() argument 'errors'", errors)) return Value::error();
    if (!encode_text(vm, text_of(a[0]), encoding, errors, content)) return Value::error();
  } else if (!a[1].is_unbound()) {
    return raise(vm, vm.types.TypeError, "encoding without a string argument");
  } else if (!a[0].is_unbound()) {
    Ref special(lookup_special(vm, a[0], vm.names.bytes_));
    if (special.is_error()) return Value::error();
    if (!special->is_unbound()) {
      Ref made(call(vm, *special, std::span<const Value>()));
      if (made.is_error()) return Value::error();
      if (!is_kind(*made, Kind::Bytes))
        return raise(vm, vm.types.TypeError, "__bytes__ returned non-bytes (type %s)", type_name(vm, *made));
      content = std::string(bytes_of(*made));
    } else if (is_integer(a[0]) && !is_bytes_like(a[0])) {
      int64_t n;
      if (!to_int64(vm, a[0], n, "cannot fit 'int' into an index-sized integer")) return Value::error();
      if (n < 0) return raise(vm, vm.types.ValueError, "negative count");
      if (!room_for(vm, static_cast<uint64_t>(n))) return Value::error();
      content.assign(static_cast<size_t>(n), '\0');
    } else if (!collect(vm, a[0], content)) {
      if (pending_is(vm, vm.types.TypeError) && !type_of(vm, a[0])->slots.iter) {
        clear_pending(vm);
        return raise(vm, vm.types.TypeError, "cannot convert '%s' object to bytes", type_name(vm, a[0]));
      }
      return Value::error();
    }
  }
  if (is_subtype(type, vm.types.bytearray)) {
    auto* b = allocate_object<ByteArray>(vm, type, Kind::ByteArray, type->instance_size);
    finish_instance(vm, b);
    resize(vm, b, content.size());
    copy_bytes(b->data, content);
    return Value::object(b);
  }
  Bytes* b = allocate_bytes(vm, type, content.size());
  copy_bytes(b->data, content);
  return Value::object(b);
}

// --- methods
// -----------------------------------------------------------------------------------------------------------

bool needle(VM& vm, Value v, std::string& out) {
  if (is_bytes_like(v)) {
    out = std::string(bytes_of(v));
    return true;
  }
  if (is_integer(v)) {
    uint8_t b = 0;
    if (!byte_of(vm, v, "byte must be in range(0, 256)", b)) return false;
    out = std::string(1, static_cast<char>(b));
    return true;
  }
  return fail(vm, vm.types.TypeError, "argument should be integer or bytes-like object, not '%s'", type_name(vm, v));
}

/// The part [start, end) that methods like find look at.
bool part(VM& vm, const Value* a, int64_t& from, int64_t& to) {
  auto size = static_cast<int64_t>(bytes_of(a[0]).size());
  from = 0;
  to = size;
  if (!a[2].is_none() && !arg_int_clamped(vm, a[2], from)) return false;
  if (!a[3].is_none() && !arg_int_clamped(vm, a[3], to)) return false;
  if (from < 0) from = std::max<int64_t>(from + size, 0);
  if (to < 0) to = std::max<int64_t>(to + size, 0);
  to = std::min(to, size);
  return true;
}

Value search(VM& vm, const Value* a, bool from_right, bool must) {
  std::string what;
  int64_t from, to;
  if (!needle(vm, a[1], what) || !part(vm, a, from, to)) return Value::error();
  int64_t at = -1;
  if (from <= to) {
    std::string_view s = bytes_of(a[0]).substr(static_cast<size_t>(from), static_cast<size_t>(to - from));
    size_t i = from_right ? s.rfind(what) : s.find(what);
    if (i != std::string_view::npos) at = from + static_cast<int64_t>(i);
  }
  if (at < 0 && must) return raise(vm, vm.types.ValueError, "subsection not found");
  return Value::integer(at);
}

Value count(VM& vm, const Value* a) {
  std::string what;
  int64_t from, to;
  if (!needle(vm, a[1], what) || !part(vm, a, from, to)) return Value::error();
  if (from > to) return Value::integer(0);
  std::string_view s = bytes_of(a[0]).substr(static_cast<size_t>(from), static_cast<size_t>(to - from));
  if (what.empty()) return Value::integer(static_cast<int64_t>(s.size()) + 1);
  int64_t n = 0;
  for (size_t i = 0; (i = s.find(what, i)) != std::string_view::npos; i += what.size()) n++;
  return Value::integer(n);
}

Value affix(VM& vm, const Value* a, bool start) {
  int64_t from, to;
  if (!part(vm, a, from, to)) return Value::error();
  std::string_view s = from <= to ? bytes_of(a[0]).substr(static_cast<size_t>(from), static_cast<size_t>(to - from))
                                  : std::string_view();
  auto matches = [&](Value v) { return start ? s.starts_with(bytes_of(v)) : s.ends_with(bytes_of(v)); };
  if (is_kind(a[1], Kind::Tuple)) {
    for (Value v : as<Tuple>(a[1])->span())
      if (is_bytes_like(v) && matches(v)) return Value::boolean(true);
    return Value::boolean(false);
  }
  if (!is_bytes_like(a[1]))
    return raise(vm, vm.types.TypeError, "%s first arg must be bytes or a tuple of bytes, not %s",
                 start ? "startswith" : "endswith", type_name(vm, a[1]));
  return Value::boolean(matches(a[1]));
}

Value strip(VM& vm, const Value* a, bool left, bool right) {
  std::string_view s = bytes_of(a[0]), chars = " \t\n\r\v\f";
  if (!a[1].is_none() && !arg_bytes(vm, a[1], chars)) return Value::error();
  while (left && !s.empty() && chars.find(s.front()) != std::string_view::npos) s.remove_prefix(1);
  while (right && !s.empty() && chars.find(s.back()) != std::string_view::npos) s.remove_suffix(1);
  return like(vm, a[0], s);
}

Value split(VM& vm, const Value* a, bool from_right) {
  int64_t most;
  if (!arg_int(vm, a[2], most)) return Value::error();
  std::string_view s = bytes_of(a[0]);
  std::vector<std::string_view> parts;
  auto limit = [&] { return most >= 0 && static_cast<int64_t>(parts.size()) >= most; };
  auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  if (a[1].is_none()) {
    for (;;) {
      if (from_right)
        while (!s.empty() && space(s.back())) s.remove_suffix(1);
      else
        while (!s.empty() && space(s.front())) s.remove_prefix(1);
      if (s.empty()) break;
      if (limit()) {
        if (from_right) {
          while (!s.empty() && space(s.front())) s.remove_prefix(1);
        } else {
          while (!s.empty() && space(s.back())) s.remove_suffix(1);
        }
        parts.push_back(s);
        break;
      }
      size_t n = 0;
      while (n < s.size() && !space(from_right ? s[s.size() - 1 - n] : s[n])) n++;
      parts.push_back(from_right ? s.substr(s.size() - n) : s.substr(0, n));
      from_right ? s.remove_suffix(n) : s.remove_prefix(n);
    }
  } else {
    std::string_view by;
    if (!arg_bytes(vm, a[1], by)) return Value::error();
    if (by.empty()) return raise(vm, vm.types.ValueError, "empty separator");
    while (!limit()) {
      size_t i = from_right ? s.rfind(by) : s.find(by);
      if (i == std::string_view::npos) break;
      parts.push_back(from_right ? s.substr(i + by.size()) : s.substr(0, i));
      s = from_right ? s.substr(0, i) : s.substr(i + by.size());
    }
    parts.push_back(s);
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  Ref list(make_list(vm));
  for (std::string_view p : parts) {
    Ref item(like(vm, a[0], p));
    list_append(vm, as<List>(*list), *item);
  }
  return list.take();
}

Value splitlines(VM& vm, const Value* a) {
  int keep = truth(vm, a[1]);
  if (keep < 0) return Value::error();
  std::string_view s = bytes_of(a[0]);
  Ref list(make_list(vm));
  size_t i = 0;
  while (i < s.size()) {
    size_t j = i;
    while (j < s.size() && s[j] != '\n' && s[j] != '\r') j++;
    size_t end = j;
    if (end < s.size()) end += s[end] == '\r' && end + 1 < s.size() && s[end + 1] == '\n' ? 2 : 1;
    Ref item(like(vm, a[0], s.substr(i, (keep ? end : j) - i)));
    list_append(vm, as<List>(*list), *item);
    i = end;
  }
  return list.take();
}

Value join(VM& vm, const Value* a) {
  std::string out;
  bool first = true;
  int64_t index = 0;
  bool ok = for_each(vm, a[1], [&](Value item) {
    if (!is_bytes_like(item))
      return fail(vm, vm.types.TypeError, "sequence item %lld: expected a bytes-like object, %s found",
                  static_cast<long long>(index), type_name(vm, item));
    if (!first) out += bytes_of(a[0]);
    first = false;
    index++;
    out += bytes_of(item);
    return true;
  });
  return ok ? like(vm, a[0], out) : Value::error();
}

Value replace(VM& vm, const Value* a) {
  std::string_view from, to;
  int64_t most;
  if (!arg_bytes(vm, a[1], from) || !arg_bytes(vm, a[2], to) || !arg_int(vm, a[3], most)) return Value::error();
  std::string_view s = bytes_of(a[0]);
  std::string out;
  size_t i = 0;
  if (from.empty()) {
    for (; i <= s.size(); i++) {
      if (most != 0) {
        out += to;
        most -= most > 0;
      }
      if (i < s.size()) out += s[i];
    }
    return like(vm, a[0], out);
  }
  while (most != 0) {
    size_t j = s.find(from, i);
    if (j == std::string_view::npos) break;
    out.append(s.substr(i, j - i)).append(to);
    i = j + from.size();
    most -= most > 0;
  }
  out.append(s.substr(i));
  return like(vm, a[0], out);
}

Value partition(VM& vm, const Value* a, bool right) {
  std::string_view by;
  if (!arg_bytes(vm, a[1], by)) return Value::error();
  if (by.empty()) return raise(vm, vm.types.ValueError, "empty separator");
  std::string_view s = bytes_of(a[0]);
  size_t i = right ? s.rfind(by) : s.find(by);
  bool found = i != std::string_view::npos;
  Ref head(like(vm, a[0], found ? s.substr(0, i) : right ? std::string_view() : s));
  Ref middle(like(vm, a[0], found ? by : std::string_view()));
  Ref tail(like(vm, a[0], found ? s.substr(i + by.size()) : right ? s : std::string_view()));
  return make_tuple(vm, {*head, *middle, *tail});
}

template <class Fn>
Value each_byte(VM& vm, Value self, Fn fn) {
  std::string out(bytes_of(self));
  for (char& c : out) c = static_cast<char>(fn(static_cast<unsigned char>(c)));
  return like(vm, self, out);
}

template <class Fn>
Value all_bytes(Value self, Fn fn) {
  std::string_view s = bytes_of(self);
  return Value::boolean(!s.empty() &&
                        std::all_of(s.begin(), s.end(), [&](char c) { return fn(static_cast<unsigned char>(c)); }));
}

bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
bool is_alpha(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Value just(VM& vm, const Value* a, char side) {
  int64_t width;
  std::string_view fill;
  if (!arg_int(vm, a[1], width) || !arg_bytes(vm, a[2], fill)) return Value::error();
  std::string s(bytes_of(a[0]));
  if (fill.size() != 1)
    return raise(vm, vm.types.TypeError, "%s() argument 2 must be a byte string of length 1, not %s",
                 side == 'l'   ? "ljust"
                 : side == 'r' ? "rjust"
                               : "center",
                 type_name(vm, a[2]));
  int64_t missing = width - static_cast<int64_t>(s.size());
  if (missing > 0) {
    if (!room_for(vm, static_cast<uint64_t>(width))) return Value::error();
    auto n = static_cast<size_t>(missing);
    if (side == 'l') s.append(n, fill[0]);
    if (side == 'r') s.insert(0, n, fill[0]);
    if (side == 'c') {
      size_t left = n / 2 + (n & static_cast<size_t>(width) & 1);
      s.insert(0, left, fill[0]).append(n - left, fill[0]);
    }
  }
  return like(vm, a[0], s);
}

Value hex(VM& vm, const Value* a) {
  std::string_view by;
  int64_t group = 1;
  if (!a[1].is_unbound()) {
    if (is_str(a[1]))
      by = text_of(a[1]);
    else if (!arg_bytes(vm, a[1], by))
      return Value::error();
  }
  if (!arg_int(vm, a[2], group)) return Value::error();
  std::string_view s = bytes_of(a[0]);
  std::string out;
  size_t step = static_cast<size_t>(group < 0 ? -group : group);
  for (size_t i = 0; i < s.size(); i++) {
    size_t at = group > 0 ? s.size() - i : i;
    if (i && step && !by.empty() && at % step == 0) out += by;
    char text[4];
    std::snprintf(text, sizeof text, "%02x", static_cast<unsigned char>(s[i]));
    out += text;
  }
  return make_ascii(vm, out);
}

Value fromhex(VM& vm, const Value* a) {
  std::string_view s;
  if (!arg_str(vm, a[1], "fromhex() argument", s)) return Value::error();
  std::string out;
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (size_t i = 0; i < s.size();) {
    if (s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r')) {
      i++;
      continue;
    }
    int high = digit(s[i]), low = i + 1 < s.size() ? digit(s[i + 1]) : -1;
    if (high < 0 || low < 0)
      return raise(vm, vm.types.ValueError, "non-hexadecimal number found in fromhex() arg at position %zu",
                   high < 0 ? i : i + 1);
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return is_subtype(as<Type>(a[0]), vm.types.bytearray) ? make_bytearray(vm, out) : make_bytes(vm, out);
}

Value decode(VM& vm, const Value* a) {
  std::string_view encoding, errors;
  if (!arg_str(vm, a[1], "decode() argument 'encoding'", encoding) ||
      !arg_str(vm, a[2], "decode() argument 'errors'", errors))
    return Value::error();
  return decode_bytes(vm, bytes_of(a[0]), encoding, errors);
}

Value translate(VM& vm, const Value* a) {
  std::string_view table, remove;
  if (!a[1].is_none() && !arg_bytes(vm, a[1], table)) return Value::error();
  if (!a[1].is_none() && table.size() != 256)
    return raise(vm, vm.types.ValueError, "translation table must be 256 characters long");
  if (!a[2].is_unbound() && !arg_bytes(vm, a[2], remove)) return Value::error();
  std::string out;
  for (char c : bytes_of(a[0]))
    if (remove.find(c) == std::string_view::npos) out += table.empty() ? c : table[static_cast<unsigned char>(c)];
  return like(vm, a[0], out);
}

unsigned char upper(unsigned char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }
unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }

/// Whether there are letters and all of them are of the one case.
Value one_case(Value self, bool (*wanted)(unsigned char), bool (*other)(unsigned char)) {
  bool any = false;
  for (char c : bytes_of(self)) {
    if (other(static_cast<unsigned char>(c))) return Value::boolean(false);
    any |= wanted(static_cast<unsigned char>(c));
  }
  return Value::boolean(any);
}

Value is_title(VM&, const Value* a) {
  bool any = false, inside = false;
  for (char ch : bytes_of(a[0])) {
    auto c = static_cast<unsigned char>(ch);
    if (is_upper(c) ? inside : is_lower(c) && !inside) return Value::boolean(false);
    inside = is_upper(c) || is_lower(c);
    any |= inside;
  }
  return Value::boolean(any);
}

/// First letters large, the others small: of each word, or of the whole.
Value capitals(VM& vm, Value self, bool each_word) {
  std::string out(bytes_of(self));
  bool inside = false;
  for (size_t i = 0; i < out.size(); i++) {
    auto c = static_cast<unsigned char>(out[i]);
    out[i] = static_cast<char>(inside ? lower(c) : upper(c));
    inside = !each_word || is_upper(c) || is_lower(c);
  }
  return like(vm, self, out);
}

Value zero_fill(VM& vm, const Value* a) {
  int64_t width;
  if (!arg_int(vm, a[1], width)) return Value::error();
  std::string out(bytes_of(a[0]));
  if (width > 0 && !room_for(vm, static_cast<uint64_t>(width))) return Value::error();
  if (width > static_cast<int64_t>(out.size()))
    out.insert(!out.empty() && (out[0] == '+' || out[0] == '-') ? 1 : 0, static_cast<size_t>(width) - out.size(), '0');
  return like(vm, a[0], out);
}

Value expand_tabs(VM& vm, const Value* a) {
  int64_t size;
  if (!arg_int(vm, a[1], size)) return Value::error();
  if (size > INT32_MAX) return raise(vm, vm.types.OverflowError, "Python int too large to convert to C int");
  std::string out;
  int64_t column = 0;
  for (char c : bytes_of(a[0])) {
    if (c == '\t') {
      int64_t n = size > 0 ? size - column % size : 0;
      if (!room_for(vm, static_cast<uint64_t>(n) + out.size())) return Value::error();
      out.append(static_cast<size_t>(n), ' ');
      column += n;
    } else {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return like(vm, a[0], out);
}

Value without_affix(VM& vm, const Value* a, bool start) {
  std::string_view s = bytes_of(a[0]), part;
  if (!arg_bytes(vm, a[1], part)) return Value::error();
  if (start && s.starts_with(part)) s.remove_prefix(part.size());
  if (!start && s.ends_with(part)) s.remove_suffix(part.size());
  return like(vm, a[0], s);
}

#define BYTES_METHODS                                                                                                  \
  {"decode(self, /, encoding='utf-8', errors='strict')", decode}, {"hex(self, sep=..., bytes_per_sep=1)", hex},        \
      {"join(self, iterable, /)", join},                                                                               \
      {"split(self, /, sep=None, maxsplit=-1)", [](VM& vm, const Value* a) { return split(vm, a, false); }},           \
      {"rsplit(self, /, sep=None, maxsplit=-1)", [](VM& vm, const Value* a) { return split(vm, a, true); }},           \
      {"splitlines(self, /, keepends=False)", splitlines},                                                             \
      {"strip(self, chars=None, /)", [](VM& vm, const Value* a) { return strip(vm, a, true, true); }},                 \
      {"lstrip(self, chars=None, /)", [](VM& vm, const Value* a) { return strip(vm, a, true, false); }},               \
      {"rstrip(self, chars=None, /)", [](VM& vm, const Value* a) { return strip(vm, a, false, true); }},               \
      {"find(self, sub, start=None, end=None, /)",                                                                     \
       [](VM& vm, const Value* a) { return search(vm, a, false, false); }},                                            \
      {"rfind(self, sub, start=None, end=None, /)",                                                                    \
       [](VM& vm, const Value* a) { return search(vm, a, true, false); }},                                             \
      {"index(self, sub, start=None, end=None, /)",                                                                    \
       [](VM& vm, const Value* a) { return search(vm, a, false, true); }},                                             \
      {"rindex(self, sub, start=None, end=None, /)",                                                                   \
       [](VM& vm, const Value* a) { return search(vm, a, true, true); }},                                              \
      {"count(self, sub, start=None, end=None, /)", count},                                                            \
      {"startswith(self, prefix, start=None, end=None, /)",                                                            \
       [](VM& vm, const Value* a) { return affix(vm, a, true); }},                                                     \
      {"endswith(self, suffix, start=None, end=None, /)", [](VM& vm, const Value* a) { return affix(vm, a, false); }}, \
      {"replace(self, old, new, count=-1, /)", replace},                                                               \
      {"partition(self, sep, /)", [](VM& vm, const Value* a) { return partition(vm, a, false); }},                     \
      {"rpartition(self, sep, /)", [](VM& vm, const Value* a) { return partition(vm, a, true); }},                     \
      {"upper(self, /)", [](VM& vm, const Value* a) { return each_byte(vm, a[0], upper); }},                           \
      {"lower(self, /)", [](VM& vm, const Value* a) { return each_byte(vm, a[0], lower); }},                           \
      {"swapcase(self, /)",                                                                                            \
       [](VM& vm, const Value* a) {                                                                                    \
         return each_byte(vm, a[0], [](unsigned char c) { return is_alpha(c) ? c ^ 32 : c; });                         \
       }},                                                                                                             \
      {"isdigit(self, /)", [](VM&, const Value* a) { return all_bytes(a[0], is_digit); }},                             \
      {"isalpha(self, /)", [](VM&, const Value* a) { return all_bytes(a[0], is_alpha); }},                             \
      {"isalnum(self, /)",                                                                                             \
       [](VM&, const Value* a) {                                                                                       \
         return all_bytes(a[0], [](unsigned char c) { return is_digit(c) || is_alpha(c); });                           \
       }},                                                                                                             \
      {"isspace(self, /)",                                                                                             \
       [](VM&, const Value* a) {                                                                                       \
         return all_bytes(a[0], [](unsigned char c) { return c == ' ' || (c >= 9 && c <= 13); });                      \
       }},                                                                                                             \
      {"isascii(self, /)",                                                                                             \
       [](VM&, const Value* a) {                                                                                       \
         std::string_view s = bytes_of(a[0]);                                                                          \
         return Value::boolean(                                                                                        \
             std::all_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 128; }));             \
       }},                                                                                                             \
      {"islower(self, /)", [](VM&, const Value* a) { return one_case(a[0], is_lower, is_upper); }},                    \
      {"isupper(self, /)", [](VM&, const Value* a) { return one_case(a[0], is_upper, is_lower); }},                    \
      {"istitle(self, /)", is_title},                                                                                  \
      {"title(self, /)", [](VM& vm, const Value* a) { return capitals(vm, a[0], true); }},                             \
      {"capitalize(self, /)", [](VM& vm, const Value* a) { return capitals(vm, a[0], false); }},                       \
      {"zfill(self, width, /)", zero_fill}, {"expandtabs(self, /, tabsize=8)", expand_tabs},                           \
      {"removeprefix(self, prefix, /)", [](VM& vm, const Value* a) { return without_affix(vm, a, true); }},            \
      {"removesuffix(self, suffix, /)", [](VM& vm, const Value* a) { return without_affix(vm, a, false); }},           \
      {"ljust(self, width, fillchar=b' ', /)", [](VM& vm, const Value* a) { return just(vm, a, 'l'); }},               \
      {"rjust(self, width, fillchar=b' ', /)", [](VM& vm, const Value* a) { return just(vm, a, 'r'); }},               \
      {"center(self, width, fillchar=b' ', /)", [](VM& vm, const Value* a) { return just(vm, a, 'c'); }}, {            \
    "translate(self, table, /, delete=...)", translate                                                                 \
  }

const NativeDef kBytesMethods[] = {
    BYTES_METHODS,
    {"__getnewargs__(self, /)",
     [](VM& vm, const Value* a) {
       Ref b(make_bytes(vm, bytes_of(a[0])));
       return make_tuple(vm, {*b});
     }},
    {"__bytes__(self, /)", [](VM& vm, const Value* a) { return make_bytes(vm, bytes_of(a[0])); }},
};

const NativeDef kByteArrayMethods[] = {
    BYTES_METHODS,
    {"append(self, item, /)",
     [](VM& vm, const Value* a) {
       uint8_t b = 0;
       if (!byte_of(vm, a[1], "byte must be in range(0, 256)", b)) return Value::error();
       ByteArray* self = array_of(a[0]);
       resize(vm, self, self->size + 1);
       self->data[self->size - 1] = b;
       return Value::none();
     }},
    {"extend(self, iterable, /)",
     [](VM& vm, const Value* a) {
       std::string more;
       if (!collect(vm, a[1], more)) return Value::error();
       ByteArray* self = array_of(a[0]);
       size_t old = self->size;
       resize(vm, self, old + more.size());
       copy_bytes(self->data + old, more);
       return Value::none();
     }},
    {"insert(self, index, item, /)",
     [](VM& vm, const Value* a) {
       int64_t i;
       uint8_t b = 0;
       ByteArray* self = array_of(a[0]);
       if (!arg_int_clamped(vm, a[1], i) || !byte_of(vm, a[2], "byte must be in range(0, 256)", b))
         return Value::error();
       auto size = static_cast<int64_t>(self->size);
       if (i < 0) i = std::max<int64_t>(i + size, 0);
       i = std::min(i, size);
       resize(vm, self, self->size + 1);
       std::copy_backward(self->data + i, self->data + size, self->data + size + 1);
       self->data[i] = b;
       return Value::none();
     }},
    {"pop(self, index=-1, /)",
     [](VM& vm, const Value* a) {
       ByteArray* self = array_of(a[0]);
       if (self->size == 0) return raise(vm, vm.types.IndexError, "pop from empty bytearray");
       int64_t i;
       if (!arg_int(vm, a[1], i)) return Value::error();
       if (i < 0) i += static_cast<int64_t>(self->size);
       if (i < 0 || i >= static_cast<int64_t>(self->size))
         return raise(vm, vm.types.IndexError, "pop index out of range");
       uint8_t b = self->data[i];
       std::copy(self->data + i + 1, self->data + self->size, self->data + i);
       self->size--;
       return Value::integer(b);
     }},
    {"remove(self, value, /)",
     [](VM& vm, const Value* a) {
       uint8_t b = 0;
       if (!byte_of(vm, a[1], "byte must be in range(0, 256)", b)) return Value::error();
       ByteArray* self = array_of(a[0]);
       size_t i = self->view().find(static_cast<char>(b));
       if (i == std::string_view::npos) return raise(vm, vm.types.ValueError, "value not found in bytearray");
       std::copy(self->data + i + 1, self->data + self->size, self->data + i);
       self->size--;
       return Value::none();
     }},
    {"clear(self, /)",
     [](VM&, const Value* a) {
       array_of(a[0])->size = 0;
       return Value::none();
     }},
    {"reverse(self, /)",
     [](VM&, const Value* a) {
       std::reverse(array_of(a[0])->data, array_of(a[0])->data + array_of(a[0])->size);
       return Value::none();
     }},
    {"copy(self, /)", [](VM& vm, const Value* a) { return make_bytearray(vm, bytes_of(a[0])); }},
};

const NativeDef kClassMethods[] = {{"fromhex(cls, string, /)", fromhex}};

Value maketrans(VM& vm, const Value* a) {
  std::string_view from, to;
  if (!arg_bytes(vm, a[0], from) || !arg_bytes(vm, a[1], to)) return Value::error();
  if (from.size() != to.size()) return raise(vm, vm.types.ValueError, "maketrans arguments must have same length");
  std::string table(256, '\0');
  for (size_t i = 0; i < 256; i++) table[i] = static_cast<char>(i);
  for (size_t i = 0; i < from.size(); i++) table[static_cast<unsigned char>(from[i])] = to[i];
  return make_bytes(vm, table);
}
const NativeDef kStaticMethods[] = {{"maketrans(frm, to, /)", maketrans}};

struct BytesIterator : Object {
  Value owner;
  uint64_t i;
};

Value make_iterator(VM& vm, Type* type, Value self) {
  auto* it = allocate_object<BytesIterator>(vm, type, Kind::Iterator);
  it->owner = new_ref(self);
  it->i = 0;
  return Value::object(it);
}

Value iterator_next(VM&, Value self) {
  auto* it = as<BytesIterator>(self);
  std::string_view s = bytes_of(it->owner);
  return it->i < s.size() ? Value::integer(static_cast<unsigned char>(s[it->i++])) : Value::unbound();
}

}  // namespace

void init_bytes(VM& vm) {
  for (Type* t : {vm.types.bytes, vm.types.bytearray}) {
    bool mutable_ = t == vm.types.bytearray;
    t->instance_size = mutable_ ? sizeof(ByteArray) : sizeof(Bytes);
    t->slots.repr = repr_slot;
    t->slots.compare = compare_slot;
    t->compares_order = true;
    t->slots.truth = [](VM&, Value self) { return bytes_of(self).empty() ? 0 : 1; };
    t->slots.length = [](VM&, Value self) { return static_cast<int64_t>(bytes_of(self).size()); };
    t->slots.get_item = get_item_slot;
    t->slots.contains = contains_slot;
    t->slots.binary = binary_slot;
    t->arith_ops = op_bit(ArithOp::Add) | op_bit(ArithOp::Mul) | op_bit(ArithOp::Mod);
    t->slots.create = create;
  }
  vm.types.bytes->slots.size_of = bytes_size;
  vm.types.bytes->slots.hash = hash_slot;
  vm.types.bytes->slots.iter = [](VM& v, Value self) { return make_iterator(v, v.types.bytes_iterator, self); };
  finish_type(vm, vm.types.bytes,
              {.methods = kBytesMethods, .static_methods = kStaticMethods, .class_methods = kClassMethods});
  Type* array = vm.types.bytearray;
  array->slots.hash = unhashable;
  array->slots.set_item = set_item_slot;
  array->slots.inplace = inplace_slot;
  array->inplace_ops = op_bit(ArithOp::Add) | op_bit(ArithOp::Mul);
  array->slots.iter = [](VM& v, Value self) { return make_iterator(v, v.types.bytearray_iterator, self); };
  array->slots.dealloc = [](VM& v, Object* o) {
    auto* b = static_cast<ByteArray*>(o);
    if (b->data) v.heap.free(b->data, b->capacity + 1);
  };
  finish_type(vm, array,
              {.methods = kByteArrayMethods, .static_methods = kStaticMethods, .class_methods = kClassMethods});
  for (Type* it : {vm.types.bytes_iterator, vm.types.bytearray_iterator}) {
    it->instance_size = sizeof(BytesIterator);
    it->is_final = true;
    it->slots.dealloc = [](VM&, Object* o) { release(static_cast<BytesIterator*>(o)->owner); };
    it->slots.iter = [](VM&, Value self) { return new_ref(self); };
    it->slots.next = iterator_next;
    finish_type(vm, it);
  }
}

}  // namespace tsvm::vm

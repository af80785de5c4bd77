// str: making, comparing, indexing, printing. Methods are in str_methods.cpp and str_split.cpp.
//
// Text is UTF-8 in the object itself. Positions are characters for the language and bytes here; for ASCII text they are
// the same. Empty and one-character ASCII strings are interned.
#include "vm/types/str.h"

#include <cstdarg>
#include <cstdio>

#include "base/repr.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "vm/native.h"
#include "vm/tables.h"

namespace tsvm::vm {

using ir::ArithOp;
using ir::CompareOp;

static size_t plain_size(size_t bytes) { return std::max(offsetof(Str, data) + bytes + 1, sizeof(Str)); }

Str* new_str(VM& vm, size_t size) {
  TSVM_CHECK(size < UINT32_MAX, "a string of 4 GiB or more");
  Str* s = new (vm.heap.allocate(plain_size(size))) Str();
  s->kind = Kind::Str;
  s->type = vm.types.str;
  s->size = static_cast<uint32_t>(size);
  s->data[size] = 0;
  vm.heap.count_object(1);
  return s;
}

void finish_str(Str* s) {
  s->ascii = utf8::is_ascii(s->view());
  s->length = s->ascii ? s->size : static_cast<uint32_t>(utf8::count(s->view()));
}

Value make_str(VM& vm, std::string_view text) {
  Str* s = new_str(vm, text.size());
  if (!text.empty()) std::memcpy(s->data, text.data(), text.size());
  finish_str(s);
  return Value::object(s);
}

Value make_ascii(VM& vm, std::string_view text) {
  Str* s = new_str(vm, text.size());
  std::memcpy(s->data, text.data(), text.size());
  s->length = s->size;
  return Value::object(s);
}

Value make_str_format(VM& vm, const char* format, ...) {
  va_list list;
  va_start(list, format);
  char buffer[512];
  va_list again;
  va_copy(again, list);
  int n = std::vsnprintf(buffer, sizeof buffer, format, list);
  va_end(list);
  Value v;
  if (n < static_cast<int>(sizeof buffer)) {
    v = make_str(vm, {buffer, static_cast<size_t>(n)});
  } else {
    std::string text(static_cast<size_t>(n) + 1, 0);
    std::vsnprintf(text.data(), text.size(), format, again);
    text.pop_back();
    v = make_str(vm, text);
  }
  va_end(again);
  return v;
}

Value make_char(VM& vm, char32_t c) {
  if (c < 128) {
    char b = static_cast<char>(c);
    Str*& s = vm.tables->chars[c];
    if (!s) s = vm.name({&b, 1});
    return new_ref(Value::object(s));
  }
  std::string text;
  utf8::append(text, c);
  Str* s = new_str(vm, text.size());
  std::memcpy(s->data, text.data(), text.size());
  s->ascii = false;
  s->length = 1;
  return Value::object(s);
}

size_t str_offset(const Str* s, size_t i) {
  if (s->ascii) return i;
  if (i >= s->length) return s->size;
  const char* p = s->data;
  const char* end = s->data + s->size;
  if (i > s->length / 2) {  // from the end
    p = end;
    for (size_t left = s->length - i; left > 0;) {
      --p;
      if ((static_cast<uint8_t>(*p) & 0xc0) != 0x80) left--;
    }
    return static_cast<size_t>(p - s->data);
  }
  while (p < end) {
    if ((static_cast<uint8_t>(*p) & 0xc0) != 0x80) {
      if (i == 0) break;
      i--;
    }
    p++;
  }
  return static_cast<size_t>(p - s->data);
}

Value str_slice(VM& vm, Str* s, int64_t start, int64_t stop) {
  if (start >= stop) return new_ref(Value::object(vm.names.empty));
  if (start == 0 && stop == s->length && s->type == vm.types.str) return new_ref(Value::object(s));
  size_t from = str_offset(s, static_cast<size_t>(start)), to = str_offset(s, static_cast<size_t>(stop));
  if (to - from == 1) return make_char(vm, static_cast<uint8_t>(s->data[from]));
  Str* r = new_str(vm, to - from);
  std::memcpy(r->data, s->data + from, to - from);
  r->length = static_cast<uint32_t>(stop - start);
  r->ascii = r->length == r->size;
  return Value::object(r);
}

Value str_exact(VM& vm, Value s) {
  if (s.o->type == vm.types.str) return new_ref(s);
  return make_str(vm, text_of(s));
}

bool str_range(VM& vm, Value start, Value end, int64_t length, int64_t& from, int64_t& to) {
  from = 0;
  to = length;
  auto one = [&](Value v, int64_t& out) {
    if (v.is_none() || v.is_unbound()) return true;
    if (!arg_int_clamped(vm, v, out)) {
      if (pending_is(vm, vm.types.TypeError)) {
        clear_pending(vm);
        fail(vm, vm.types.TypeError, "slice indices must be integers or None or have an __index__ method");
      }
      return false;
    }
    if (out < 0) out = std::max<int64_t>(out + length, 0);
    return true;
  };
  if (!one(start, from) || !one(end, to)) return false;
  to = std::min(to, length);
  return true;
}

// --- slots --------------------------------------------------------------------------------------------------------

namespace {

size_t size_of(const Object* o) {
  size_t n = plain_size(static_cast<const Str*>(o)->size);
  return o->type->attributes_offset == Type::kAttributesAtEnd ? (n + 15) / 16 * 16 + sizeof(Attributes) : n;
}

void dealloc(VM& vm, Object* o) {
  auto* s = static_cast<Str*>(o);
  if (s->interned) forget_interned(vm, s);
}

Value repr_slot(VM& vm, Value self) { return make_str(vm, str_repr(text_of(self))); }

Value str_slot(VM& vm, Value self) { return str_exact(vm, self); }

bool hash_slot(VM&, Value self, uint64_t& out) {
  out = hash_str(as<Str>(self));
  return true;
}

Value compare_slot(VM&, CompareOp op, Value self, Value other) {
  if (!is_str(other)) return Value::not_implemented();
  auto* a = as<Str>(self);
  auto* b = as<Str>(other);
  // UTF-8 orders like code points.
  if (op == CompareOp::Eq) return Value::boolean(str_equal(a, b));
  if (op == CompareOp::Ne) return Value::boolean(!str_equal(a, b));
  int c = a->view().compare(b->view());
  switch (op) {
    case CompareOp::Lt: return Value::boolean(c < 0);
    case CompareOp::Le: return Value::boolean(c <= 0);
    case CompareOp::Gt: return Value::boolean(c > 0);
    default: return Value::boolean(c >= 0);
  }
}

int64_t length_slot(VM&, Value self) { return as<Str>(self)->length; }

Value get_item_slot(VM& vm, Value self, Value key) {
  auto* s = as<Str>(self);
  if (is_kind(key, Kind::Slice)) {
    int64_t start, stop, step, count;
    if (!slice_bounds(vm, as<Slice>(key), s->length, start, stop, step, count)) return Value::error();
    if (step == 1) return str_slice(vm, s, start, start + count);
    if (count == 0) return new_ref(Value::object(vm.names.empty));
    if (s->ascii) {
      Str* r = new_str(vm, static_cast<size_t>(count));
      for (int64_t i = 0; i < count; i++) r->data[i] = s->data[start + i * step];
      r->length = r->size;
      return Value::object(r);
    }
    std::vector<char32_t> chars;
    chars.reserve(s->length);
    for (size_t i = 0; i < s->size;) chars.push_back(utf8::decode(s->view(), &i));
    std::string out;
    for (int64_t i = 0; i < count; i++) utf8::append(out, chars[static_cast<size_t>(start + i * step)]);
    return make_str(vm, out);
  }
  int64_t i;
  if (key.is_int()) {
    i = key.i;
  } else {
    Ref index(to_index(vm, key));
    if (index.is_error()) {
      if (pending_is(vm, vm.types.TypeError) && !is_kind(key, Kind::Instance)) {
        clear_pending(vm);
        return raise(vm, vm.types.TypeError, "string indices must be integers, not '%s'", type_of(vm, key)->name->data);
      }
      return Value::error();
    }
    if (!index->is_int())
      return raise(vm, vm.types.IndexError, "cannot fit '%s' into an index-sized integer",
                   type_of(vm, key)->name->data);
    i = index->i;
  }
  if (i < 0) i += s->length;
  if (i < 0 || i >= s->length) return raise(vm, vm.types.IndexError, "string index out of range");
  if (s->ascii) return make_char(vm, static_cast<uint8_t>(s->data[i]));
  size_t at = str_offset(s, static_cast<size_t>(i));
  return make_char(vm, utf8::decode(s->view(), &at));
}

int contains_slot(VM& vm, Value self, Value item) {
  if (!is_str(item)) {
    fail(vm, vm.types.TypeError, "'in <string>' requires string as left operand, not %s",
         type_of(vm, item)->name->data);
    return -1;
  }
  return text_of(self).find(text_of(item)) != std::string_view::npos;
}

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  if (op == ArithOp::Add) {
    if (reflected || !is_str(other)) return Value::not_implemented();
    auto* a = as<Str>(self);
    auto* b = as<Str>(other);
    if (b->size == 0 && a->type == vm.types.str) return new_ref(self);
    if (a->size == 0 && b->type == vm.types.str) return new_ref(other);
    if (static_cast<size_t>(a->size) + b->size >= UINT32_MAX)
      return raise(vm, vm.types.OverflowError, "strings are too large to concat");
    Str* r = new_str(vm, static_cast<size_t>(a->size) + b->size);
    std::memcpy(r->data, a->data, a->size);
    std::memcpy(r->data + a->size, b->data, b->size);
    r->length = a->length + b->length;
    r->ascii = a->ascii && b->ascii;
    return Value::object(r);
  }
  if (op == ArithOp::Mul) {
    if (!is_integer(other) && lookup_special_borrow(vm, other, vm.names.index).is_unbound())
      return Value::not_implemented();
    int64_t n;
    if (!to_int64(vm, other, n, "cannot fit 'int' into an index-sized integer")) return Value::error();
    auto* s = as<Str>(self);
    if (n <= 0 || s->size == 0) return new_ref(Value::object(vm.names.empty));
    if (n == 1) return str_exact(vm, self);
    if (n >= static_cast<int64_t>(UINT32_MAX / s->size)) return raise(vm, vm.types.MemoryError, "%s", "");
    Str* r = new_str(vm, s->size * static_cast<size_t>(n));
    if (s->size == 1) {
      std::memset(r->data, s->data[0], static_cast<size_t>(n));
    } else {
      for (int64_t i = 0; i < n; i++) std::memcpy(r->data + static_cast<size_t>(i) * s->size, s->data, s->size);
    }
    r->length = s->length * static_cast<uint32_t>(n);
    r->ascii = s->ascii;
    return Value::object(r);
  }
  if (op == ArithOp::Mod && !reflected) return format_percent(vm, self, other);
  return Value::not_implemented();
}

Value format_slot(VM& vm, Value self, Value spec) {
  if (as<Str>(spec)->size == 0) return str_exact(vm, self);
  return format_str(vm, text_of(self), text_of(spec));
}

// Iterators over characters.
struct StrIterator : GcObject {
  Value str;  // Unbound: exhausted
  uint32_t offset;
};

Value iter_slot(VM& vm, Value self) {
  auto* it = allocate_object<StrIterator>(vm, vm.types.str_iterator, Kind::Iterator);
  it->str = new_ref(self);
  it->offset = 0;
  return Value::object(it);
}

Value iterator_next(VM& vm, Value self) {
  auto* it = as<StrIterator>(self);
  if (it->str.is_unbound()) return Value::unbound();
  auto* s = as<Str>(it->str);
  if (it->offset >= s->size) {
    Ref drop(it->str);
    it->str = Value();
    return Value::unbound();
  }
  if (s->ascii) return make_char(vm, static_cast<uint8_t>(s->data[it->offset++]));
  size_t at = it->offset;
  char32_t c = utf8::decode(s->view(), &at);
  it->offset = static_cast<uint32_t>(at);
  return make_char(vm, c);
}

Value iterator_hint(VM&, const Value* a) {
  auto* it = as<StrIterator>(a[0]);
  if (it->str.is_unbound()) return Value::integer(0);
  return Value::integer(static_cast<int64_t>(utf8::count(as<Str>(it->str)->view().substr(it->offset))));
}

const NativeDef kIteratorMethods[] = {{"__length_hint__(self, /)", iterator_hint}};

Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef def{"str(object=..., encoding=..., errors=...)", nullptr};
  std::vector<Value> bound;
  std::vector<Ref> keep;
  Ref text;
  if (args.size() == 1 && keywords.empty()) {
    text = Ref(str(vm, args[0]));
  } else {
    if (!bind_args(vm, def, args, keywords, bound, keep)) return Value::error();
    if (bound[1].is_unbound() && bound[2].is_unbound()) {
      text = bound[0].is_unbound() ? Ref::copy(Value::object(vm.names.empty)) : Ref(str(vm, bound[0]));
    } else {
      std::string_view encoding = "utf-8", errors = "strict";
      if (!bound[1].is_unbound() && !arg_str(vm, bound[1], "str() argument 'encoding'", encoding))
        return Value::error();
      if (!bound[2].is_unbound() && !arg_str(vm, bound[2], "str() argument 'errors'", errors)) return Value::error();
      if (bound[0].is_unbound()) {
        text = Ref::copy(Value::object(vm.names.empty));
      } else if (is_str(bound[0])) {
        return raise(vm, vm.types.TypeError, "decoding str is not supported");
      } else if (!is_bytes_like(bound[0])) {
        return raise(vm, vm.types.TypeError, "decoding to str: need a bytes-like object, %s found",
                     type_of(vm, bound[0])->name->data);
      } else {
        text = Ref(decode_bytes(vm, bytes_of(bound[0]), encoding, errors));
      }
    }
  }
  if (text.is_error()) return Value::error();
  if (type == vm.types.str) return str_exact(vm, *text);
  auto* from = as<Str>(*text);
  bool at_end = type->attributes_offset == Type::kAttributesAtEnd;
  size_t base = plain_size(from->size);
  size_t size = at_end ? (base + 15) / 16 * 16 + sizeof(Attributes) : base;
  Str* s = new (vm.heap.allocate(size)) Str();
  s->kind = Kind::Str;
  s->type = type;
  if (type->is_heap) type->refs++;
  s->size = from->size;
  s->length = from->length;
  s->ascii = from->ascii;
  std::memcpy(s->data, from->data, from->size + 1);
  vm.heap.count_object(1);
  if (at_end) {
    auto* a = new (reinterpret_cast<char*>(s) + (base + 15) / 16 * 16) Attributes();
    a->shape = root_shape(vm, type);
    vm.heap.track_extra(s);
  }
  return Value::object(s);
}

}  // namespace

void init_str(VM& vm) {
  Type* t = vm.types.str;
  t->instance_size = sizeof(Str);
  t->slots.size_of = size_of;
  t->slots.dealloc = dealloc;
  t->slots.repr = repr_slot;
  t->slots.str = str_slot;
  t->slots.hash = hash_slot;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.length = length_slot;
  t->slots.get_item = get_item_slot;
  t->slots.contains = contains_slot;
  t->slots.binary = binary_slot;
  t->arith_ops = op_bit(ArithOp::Add) | op_bit(ArithOp::Mul) | op_bit(ArithOp::Mod);
  t->slots.format = format_slot;
  t->slots.iter = iter_slot;
  t->slots.create = create;
  finish_type(vm, t, {.methods = kStrMethods, .static_methods = kStrStaticMethods});

  Type* it = vm.types.str_iterator;
  it->instance_size = sizeof(StrIterator);
  it->slots.dealloc = [](VM&, Object* o) { release(static_cast<StrIterator*>(o)->str); };
  it->slots.next = iterator_next;
  finish_type(vm, it, {.methods = kIteratorMethods});
}

}  // namespace tsvm::vm

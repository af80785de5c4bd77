// `_struct`: values as bytes and back, by format texts.
//
// A format is compiled at every call: it is short. Native mode ('@' and no prefix) aligns as the C compiler does; the
// other modes have standard sizes and no padding.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/numbers.h"
#include "vm/text.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

struct Item {
  char code;
  size_t count;  // s and p: the length
  size_t size;
  size_t offset;
};

struct Format {
  bool big = false;
  bool native = true;
  std::vector<Item> items;
  size_t size = 0;
  size_t values = 0;
};

struct StructExtension : Extension {
  Value error;  // the class struct.error; owned
  void clear(VM&) override {
    release(error);
    error = Value();
  }
};

Type* error_type(VM& vm) { return as<Type>(vm.extension<StructExtension>().error); }

#define STRUCT_ERROR(...) fail(vm, error_type(vm), __VA_ARGS__)

size_t size_of(char code, bool native) {
  switch (code) {
    case 'x':
    case 'c':
    case 'b':
    case 'B':
    case '?':
    case 's':
    case 'p': return 1;
    case 'h':
    case 'H':
    case 'e': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'l':
    case 'L': return native ? 8 : 4;
    case 'q':
    case 'Q':
    case 'd': return 8;
    case 'n':
    case 'N':
    case 'P': return native ? 8 : 0;
    default: return 0;
  }
}

bool parse(VM& vm, Value v, Format& out) {
  std::string_view text;
  if (is_kind(v, Kind::Bytes))
    text = bytes_of(v);
  else if (is_str(v))
    text = text_of(v);
  else
    return fail(vm, vm.types.TypeError, "Struct() argument 1 must be a str or bytes object, not %s",
                type_of(vm, v)->name->data);
  size_t at = 0;
  bool align = true;
  if (!text.empty() && std::strchr("@=<>!", text[0])) {
    out.native = align = text[0] == '@';
    out.big = text[0] == '>' || text[0] == '!';
    at = 1;
  }
  while (at < text.size()) {
    char c = text[at++];
    if (c == ' ' || (c >= 9 && c <= 13)) continue;
    size_t count = 1;
    bool has_count = false;
    if (c >= '0' && c <= '9') {
      count = 0;
      has_count = true;
      at--;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        count = count * 10 + static_cast<size_t>(text[at++] - '0');
        if (count > (size_t{1} << 40)) return STRUCT_ERROR("overflow in item count");
      }
      if (at == text.size()) return STRUCT_ERROR("repeat count given without format specifier");
      c = text[at++];
    }
    size_t size = size_of(c, out.native);
    if (!size) return STRUCT_ERROR("bad char in struct format");
    if (align && size > 1) out.size = (out.size + size - 1) / size * size;
    if (c == 's' || c == 'p') {
      out.items.push_back({c, has_count ? count : 1, 1, out.size});
      out.size += has_count ? count : 1;
      out.values++;
    } else if (c == 'x') {
      out.size += count;
    } else {
      for (size_t i = 0; i < count; i++) {
        out.items.push_back({c, 1, size, out.size});
        out.size += size;
      }
      out.values += count;
    }
  }
  return true;
}

void store(uint8_t* to, uint64_t bits, size_t size, bool big) {
  for (size_t i = 0; i < size; i++) to[big ? size - 1 - i : i] = static_cast<uint8_t>(bits >> (8 * i));
}
uint64_t load(const uint8_t* from, size_t size, bool big) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++) bits |= static_cast<uint64_t>(from[big ? size - 1 - i : i]) << (8 * i);
  return bits;
}

uint64_t double_bits(double d) {
  uint64_t bits;
  std::memcpy(&bits, &d, 8);
  return bits;
}
double bits_double(uint64_t bits) {
  double d;
  std::memcpy(&d, &bits, 8);
  return d;
}

/// Half precision, rounded half to even from the double. False: too large.
bool half_bits(double d, uint16_t& out) {
  uint16_t sign = std::signbit(d) ? 0x8000 : 0;
  if (std::isnan(d)) {
    out = sign | 0x7e00;
    return true;
  }
  d = std::fabs(d);
  if (std::isinf(d)) {
    out = sign | 0x7c00;
    return true;
  }
  int exponent;
  double fraction = std::frexp(d, &exponent);  // d = fraction * 2^exponent, fraction in [0.5, 1)
  exponent--;
  if (d == 0 || exponent < -25) {
    out = sign;
    return true;
  }
  int shift = exponent < -14 ? -24 : exponent - 10;  // the unit of the last place
  double units = std::nearbyint(std::ldexp(fraction, exponent + 1 - shift));
  auto n = static_cast<uint32_t>(units);
  if (exponent >= -14) n += static_cast<uint32_t>(exponent + 14) << 10;
  if (n >= 0x7c00) return false;
  out = static_cast<uint16_t>(sign | n);
  return true;
}

double half_value(uint16_t bits) {
  int exponent = (bits >> 10) & 31;
  int fraction = bits & 0x3ff;
  double d = exponent == 31  ? (fraction ? NAN : INFINITY)
             : exponent == 0 ? std::ldexp(fraction, -24)
                             : std::ldexp(fraction + 1024, exponent - 25);
  return bits & 0x8000 ? -d : d;
}

bool pack_int(VM& vm, const Item& item, Value v, uint8_t* to, bool big, bool native) {
  Ref n(to_index(vm, v));
  if (n.is_error()) {
    clear_pending(vm);
    return STRUCT_ERROR("required argument is not an integer");
  }
  Value plain = unbox(*n);
  bool is_signed = std::strchr("bhilqn", item.code) != nullptr;
  unsigned bits = static_cast<unsigned>(item.size * 8);
  uint64_t raw = 0;
  bool fits = true;
  if (plain.is_bool() || plain.is_int()) {
    int64_t i = plain.i;
    raw = static_cast<uint64_t>(i);
    if (is_signed)
      fits = bits == 64 || (i >= -(int64_t{1} << (bits - 1)) && i < (int64_t{1} << (bits - 1)));
    else
      fits = i >= 0 && (bits == 64 || raw < (uint64_t{1} << bits));
  } else {
    auto* b = as<BigInt>(plain);
    fits = !is_signed && bits == 64 && b->size == 1;
    raw = b->limbs[0];
  }
  if (!fits) {
    bool negative = plain.is_int() && plain.i < 0;
    if (native && (bits == 64 || (!is_signed && bits == 32 && negative))) return STRUCT_ERROR("argument out of range");
    if (bits == 64)
      return STRUCT_ERROR(negative && !is_signed ? "can't convert negative int to unsigned"
                                                 : "int too large to convert");
    std::string quoted = {'\'', item.code, '\''};
    const char* name = item.code == 'b'   ? "byte"
                       : item.code == 'B' ? "ubyte"
                       : item.code == 'h' ? "short"
                       : item.code == 'H' ? "ushort"
                                          : quoted.c_str();
    if (is_signed)
      return STRUCT_ERROR("%s format requires %lld <= number <= %lld", name,
                          static_cast<long long>(-(int64_t{1} << (bits - 1))),
                          static_cast<long long>((int64_t{1} << (bits - 1)) - 1));
    return STRUCT_ERROR("%s format requires 0 <= number <= %llu", name,
                        static_cast<unsigned long long>((uint64_t{1} << bits) - 1));
  }
  store(to, raw, item.size, big);
  return true;
}

bool pack_item(VM& vm, const Item& item, Value v, uint8_t* to, bool big, bool native) {
  switch (item.code) {
    case 'c': {
      if (!is_kind(v, Kind::Bytes) || bytes_of(v).size() != 1)
        return STRUCT_ERROR("char format requires a bytes object of length 1");
      *to = static_cast<uint8_t>(bytes_of(v)[0]);
      return true;
    }
    case '?': {
      int t = truth(vm, v);
      if (t < 0) return false;
      *to = static_cast<uint8_t>(t);
      return true;
    }
    case 's':
    case 'p': {
      if (!is_bytes_like(v)) return STRUCT_ERROR("argument for '%c' must be a bytes object", item.code);
      std::string_view data = bytes_of(v);
      if (item.code == 'p') {
        if (item.count == 0) return true;
        size_t n = std::min(data.size(), std::min<size_t>(item.count - 1, 255));
        *to = static_cast<uint8_t>(n);
        std::memcpy(to + 1, data.data(), n);
        return true;
      }
      std::memcpy(to, data.data(), std::min(data.size(), item.count));
      return true;
    }
    case 'e':
    case 'f':
    case 'd': {
      double d;
      if (!arg_double(vm, v, d)) {
        clear_pending(vm);
        return STRUCT_ERROR("required argument is not a float");
      }
      if (item.code == 'd') {
        store(to, double_bits(d), 8, big);
      } else if (item.code == 'f') {
        auto f = static_cast<float>(d);
        if (std::isinf(f) && !std::isinf(d))
          return fail(vm, vm.types.OverflowError, "float too large to pack with f format");
        uint32_t bits;
        std::memcpy(&bits, &f, 4);
        store(to, bits, 4, big);
      } else {
        uint16_t bits;
        if (!half_bits(d, bits)) return fail(vm, vm.types.OverflowError, "float too large to pack with e format");
        store(to, bits, 2, big);
      }
      return true;
    }
    default: return pack_int(vm, item, v, to, big, native);
  }
}

Value unpack_item(VM& vm, const Item& item, const uint8_t* from, bool big) {
  switch (item.code) {
    case 'c': return make_bytes(vm, std::string_view(reinterpret_cast<const char*>(from), 1));
    case '?': return Value::boolean(*from != 0);
    case 's': return make_bytes(vm, std::string_view(reinterpret_cast<const char*>(from), item.count));
    case 'p': {
      size_t n = item.count ? std::min<size_t>(*from, item.count - 1) : 0;
      return make_bytes(vm, std::string_view(reinterpret_cast<const char*>(from) + 1, n));
    }
    case 'e': return Value::number(half_value(static_cast<uint16_t>(load(from, 2, big))));
    case 'f': {
      auto bits = static_cast<uint32_t>(load(from, 4, big));
      float f;
      std::memcpy(&f, &bits, 4);
      return Value::number(f);
    }
    case 'd': return Value::number(bits_double(load(from, 8, big)));
    default: {
      uint64_t raw = load(from, item.size, big);
      if (!std::strchr("bhilqn", item.code)) return make_uint(vm, raw);
      unsigned unused = static_cast<unsigned>(64 - item.size * 8);
      return Value::integer(static_cast<int64_t>(raw << unused) >> unused);
    }
  }
}

bool pack_into(VM& vm, const Format& f, Value values, uint8_t* to, const char* function) {
  auto* t = as<Tuple>(values);
  if (t->size != f.values)
    return STRUCT_ERROR("%s expected %zu items for packing (got %u)", function, f.values, t->size);
  for (size_t i = 0; i < f.items.size(); i++)
    if (!pack_item(vm, f.items[i], t->items[i], to + f.items[i].offset, f.big, f.native)) return false;
  return true;
}

Value unpack_all(VM& vm, const Format& f, const uint8_t* from) {
  Ref result(Value::object(new_tuple(vm, f.items.size())));
  for (size_t i = 0; i < f.items.size(); i++)
    as<Tuple>(*result)->items[i] = unpack_item(vm, f.items[i], from + f.items[i].offset, f.big);
  return result.take();
}

Value pack(VM& vm, const Value* a) {
  Format f;
  if (!parse(vm, a[0], f)) return Value::error();
  std::string out(f.size, '\0');
  if (!pack_into(vm, f, a[1], reinterpret_cast<uint8_t*>(out.data()), "pack")) return Value::error();
  return make_bytes(vm, out);
}

Value pack_into_buffer(VM& vm, const Value* a) {
  Format f;
  int64_t offset;
  if (!parse(vm, a[0], f) || !arg_int(vm, a[2], offset)) return Value::error();
  if (!is_kind(a[1], Kind::ByteArray))
    return raise(vm, vm.types.TypeError, "pack_into() argument must be read-write bytes-like object, not %s",
                 type_of(vm, a[1])->name->data);
  auto* b = as<ByteArray>(a[1]);
  if (offset < 0) offset += static_cast<int64_t>(b->size);
  if (offset < 0 || static_cast<uint64_t>(offset) + f.size > b->size) {
    (void)STRUCT_ERROR(
        "pack_into requires a buffer of at least %llu bytes for packing %zu bytes at offset %lld (actual buffer size "
        "is "
        "%llu)",
        static_cast<unsigned long long>(f.size) + static_cast<unsigned long long>(std::max<int64_t>(offset, 0)), f.size,
        static_cast<long long>(offset), static_cast<unsigned long long>(b->size));
    return Value::error();
  }
  std::string out(f.size, '\0');
  if (!pack_into(vm, f, a[3], reinterpret_cast<uint8_t*>(out.data()), "pack_into")) return Value::error();
  if (static_cast<uint64_t>(offset) + f.size <= b->size) std::memcpy(b->data + offset, out.data(), out.size());
  return Value::none();
}

Value unpack(VM& vm, const Value* a) {
  Format f;
  std::string_view data;
  if (!parse(vm, a[0], f) || !arg_bytes(vm, a[1], data)) return Value::error();
  if (data.size() != f.size) {
    (void)STRUCT_ERROR("unpack requires a buffer of %zu bytes", f.size);
    return Value::error();
  }
  return unpack_all(vm, f, reinterpret_cast<const uint8_t*>(data.data()));
}

Value unpack_from(VM& vm, const Value* a) {
  Format f;
  std::string_view data;
  int64_t offset;
  if (!parse(vm, a[0], f) || !arg_bytes(vm, a[1], data) || !arg_int(vm, a[2], offset)) return Value::error();
  auto size = static_cast<int64_t>(data.size()), needed = static_cast<int64_t>(f.size);
  int64_t at = offset < 0 ? offset + size : offset;
  if (at < 0) {
    (void)STRUCT_ERROR("offset %lld out of range for %lld-byte buffer", static_cast<long long>(offset),
                       static_cast<long long>(size));
    return Value::error();
  }
  if (size - at < needed) {
    (void)STRUCT_ERROR(
        "unpack_from requires a buffer of at least %lld bytes for unpacking %lld bytes at offset %lld (actual buffer "
        "size "
        "is %lld)",
        static_cast<long long>(needed + at), static_cast<long long>(needed), static_cast<long long>(offset),
        static_cast<long long>(size));
    return Value::error();
  }
  return unpack_all(vm, f, reinterpret_cast<const uint8_t*>(data.data()) + at);
}

Value iter_unpack(VM& vm, const Value* a) {
  Format f;
  std::string_view data;
  if (!parse(vm, a[0], f) || !arg_bytes(vm, a[1], data)) return Value::error();
  if (f.size == 0) {
    (void)STRUCT_ERROR("cannot iteratively unpack with a struct of length 0");
    return Value::error();
  }
  if (data.size() % f.size) {
    (void)STRUCT_ERROR("iterative unpacking requires a buffer of a multiple of %zu bytes", f.size);
    return Value::error();
  }
  Ref list(make_list(vm));
  for (size_t at = 0; at < data.size(); at += f.size) {
    Ref item(unpack_all(vm, f, reinterpret_cast<const uint8_t*>(data.data()) + at));
    list_append(vm, as<List>(*list), *item);
  }
  return get_iter(vm, *list);
}

const NativeDef kFunctions[] = {
    {"pack(format, /, *values)", pack},
    {"pack_into(format, buffer, offset, /, *values)", pack_into_buffer},
    {"unpack(format, buffer, /)", unpack},
    {"unpack_from(format, /, buffer, offset=0)", unpack_from},
    {"iter_unpack(format, buffer, /)", iter_unpack},
    {"calcsize(format, /)",
     [](VM& vm, const Value* a) {
       Format f;
       return parse(vm, a[0], f) ? Value::integer(static_cast<int64_t>(f.size)) : Value::error();
     }},
};

}  // namespace

Value make_struct(VM& vm) {
  auto& extension = vm.extension<StructExtension>();
  if (extension.error.is_unbound()) {
    Ref name(make_ascii(vm, "error")), bases(make_tuple(vm, {Value::object(vm.types.Exception)})), dict(make_dict(vm));
    Ref module(make_ascii(vm, "struct"));
    dict_set(vm, as<Dict>(*dict), "__module__", *module);
    extension.error = make_class(vm, vm.types.type, *name, *bases, *dict);
    if (extension.error.is_error()) return Value::error();
  }
  ModuleBuilder m(vm, "_struct");
  m.functions(kFunctions).constant("error", new_ref(extension.error));
  return m.take();
}

}  // namespace tsvm::stdlib

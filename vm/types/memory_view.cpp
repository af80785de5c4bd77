// memoryview: the bytes of a bytes or bytearray object, shared, seen as items of a format in one or more dimensions.
//
// A view holds its owner and an offset, not a pointer: a bytearray may move its bytes. One that has shrunk below what a
// view shows makes the view raise ValueError (CPython refuses to shrink it). A view over contiguous bytes counts as a
// bytes-like object (`is_bytes_like`).
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "vm/native.h"
#include "vm/types/common.h"
#include "vm/types/init.h"
#include "vm/types/memory_view.h"

namespace tsvm::vm {
namespace {

struct MemoryView : GcObject {
  Value owner;  // bytes or bytearray; None: released
  int64_t offset = 0;
  int64_t item_size = 1;
  char format = 'B';
  bool read_only = true;
  std::vector<int64_t> shape, strides;  // strides in bytes
};

struct MemoryViewType : Extension {
  Type* view = nullptr;
};

MemoryView* view_of(Value v) { return static_cast<MemoryView*>(v.o); }
Type* view_type(VM& vm) { return vm.extension<MemoryViewType>().view; }

void dealloc(VM&, Object* o) {
  auto* m = static_cast<MemoryView*>(o);
  release(m->owner);
  std::destroy_at(&m->shape);
  std::destroy_at(&m->strides);
}

void traverse(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<MemoryView*>(o)->owner, context);
}

int64_t item_count(const MemoryView* m) {
  int64_t n = 1;
  for (int64_t s : m->shape) n *= s;
  return n;
}

bool is_contiguous(const MemoryView* m) {
  int64_t expected = m->item_size;
  for (size_t i = m->shape.size(); i-- > 0;) {
    if (m->shape[i] != 1 && m->strides[i] != expected) return false;
    expected *= m->shape[i];
  }
  return true;
}

void set_contiguous(MemoryView* m, std::vector<int64_t> shape) {
  m->shape = std::move(shape);
  m->strides.assign(m->shape.size(), m->item_size);
  for (size_t i = m->shape.size(); i-- > 1;) m->strides[i - 1] = m->strides[i] * m->shape[i];
}

/// The owner's bytes; null with ValueError pending when the view is released or shows more than there is.
char* bytes_at(VM& vm, MemoryView* m) {
  if (m->owner.is_none()) {
    (void)raise(vm, vm.types.ValueError, "operation forbidden on released memoryview object");
    return nullptr;
  }
  std::string_view all = bytes_of(m->owner);
  int64_t low = m->offset, high = m->offset + m->item_size;
  for (size_t i = 0; i < m->shape.size(); i++) (m->strides[i] < 0 ? low : high) += (m->shape[i] - 1) * m->strides[i];
  if (item_count(m) > 0 && (low < 0 || high > static_cast<int64_t>(all.size()))) {
    (void)raise(vm, vm.types.ValueError, "the object of the memoryview has become smaller");
    return nullptr;
  }
  return const_cast<char*>(all.data()) + m->offset;
}

int64_t size_of_format(char format) {
  switch (format) {
    case 'b':
    case 'B':
    case 'c':
    case '?': return 1;
    case 'h':
    case 'H':
    case 'e': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'l':
    case 'L':
    case 'q':
    case 'Q':
    case 'n':
    case 'N':
    case 'd': return 8;
    default: return 0;
  }
}

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

double half_to_double(uint16_t h) {
  int exponent = h >> 10 & 31, fraction = h & 1023;
  double d = exponent == 0    ? std::ldexp(fraction, -24)
             : exponent == 31 ? (fraction ? std::nan("") : HUGE_VAL)
                              : std::ldexp(fraction + 1024, exponent - 25);
  return h >> 15 ? -d : d;
}

Value unpack(VM& vm, char format, const char* p) {
  switch (format) {
    case 'b': return Value::integer(load<int8_t>(p));
    case 'B': return Value::integer(load<uint8_t>(p));
    case 'c': return make_bytes(vm, {p, 1});
    case '?': return Value::boolean(*p != 0);
    case 'h': return Value::integer(load<int16_t>(p));
    case 'H': return Value::integer(load<uint16_t>(p));
    case 'i': return Value::integer(load<int32_t>(p));
    case 'I': return Value::integer(load<uint32_t>(p));
    case 'l':
    case 'q':
    case 'n': return Value::integer(load<int64_t>(p));
    case 'L':
    case 'Q':
    case 'N': return make_uint(vm, load<uint64_t>(p));
    case 'e': return Value::number(half_to_double(load<uint16_t>(p)));
    case 'f': return Value::number(load<float>(p));
    case 'd': return Value::number(load<double>(p));
  }
  TSVM_UNREACHABLE("format");
}

bool pack(VM& vm, char format, Value v, char* p) {
  auto wrong_type = [&] {
    clear_pending(vm);
    return fail(vm, vm.types.TypeError, "memoryview: invalid type for format '%c'", format);
  };
  auto wrong_value = [&] { return fail(vm, vm.types.ValueError, "memoryview: invalid value for format '%c'", format); };
  if (format == 'f' || format == 'd') {
    double d;
    if (!arg_double(vm, v, d)) return wrong_type();
    if (format == 'd') {
      std::memcpy(p, &d, sizeof d);
    } else {
      auto narrow = static_cast<float>(d);
      std::memcpy(p, &narrow, sizeof narrow);
    }
    return true;
  }
  if (format == 'e') return fail(vm, vm.types.NotImplementedError, "memoryview: format e not supported");
  if (format == '?') {
    int r = truth(vm, v);
    if (r < 0) return false;
    *p = static_cast<char>(r);
    return true;
  }
  if (format == 'c') {
    if (!is_kind(v, Kind::Bytes)) return wrong_type();
    if (bytes_of(v).size() != 1) return wrong_value();
    *p = bytes_of(v)[0];
    return true;
  }
  int64_t n;
  if (!arg_int(vm, v, n)) {
    if (!pending_is(vm, vm.types.OverflowError)) return wrong_type();
    clear_pending(vm);
    return wrong_value();
  }
  int64_t size = size_of_format(format);
  bool is_signed = std::strchr("bhilqn", format) != nullptr;
  int64_t bits = size * 8;
  bool fits = is_signed ? bits == 64 || (n >= -(int64_t{1} << (bits - 1)) && n < int64_t{1} << (bits - 1))
                        : n >= 0 && (bits == 64 || n < int64_t{1} << bits);
  if (!fits) return wrong_value();
  std::memcpy(p, &n, static_cast<size_t>(size));  // little-endian machines only, as all of this program
  return true;
}

MemoryView* new_view(VM& vm, Value owner) {
  auto* m = allocate_object<MemoryView>(vm, view_type(vm), Kind::Native);
  m->owner = new_ref(owner);
  vm.heap.track(m);
  return m;
}

MemoryView* same_view(VM& vm, const MemoryView* of) {
  MemoryView* m = new_view(vm, of->owner);
  m->offset = of->offset;
  m->item_size = of->item_size;
  m->format = of->format;
  m->read_only = of->read_only;
  m->shape = of->shape;
  m->strides = of->strides;
  return m;
}

Value create(VM& vm, Type*, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kNew = {"memoryview(object)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kNew, args, keywords, a, keep)) return Value::error();
  if (is_memory_view(a[0]))
    return bytes_at(vm, view_of(a[0])) ? Value::object(same_view(vm, view_of(a[0]))) : Value::error();
  if (!is_bytes_like(a[0]))
    return raise(vm, vm.types.TypeError, "memoryview: a bytes-like object is required, not '%s'", type_name(vm, a[0]));
  return make_memory_view(vm, a[0]);
}

/// Where an item is, by an int or a tuple of them; null: an exception is pending.
char* item_at(VM& vm, MemoryView* m, Value key) {
  char* p = bytes_at(vm, m);
  if (!p) return nullptr;
  std::span<const Value> indices(&key, 1);
  if (is_kind(key, Kind::Tuple)) indices = as<Tuple>(key)->span();
  if (indices.size() != m->shape.size()) {
    if (indices.size() < m->shape.size())
      (void)raise(vm, vm.types.NotImplementedError,
                  is_kind(key, Kind::Tuple) ? "sub-views are not implemented"
                                            : "multi-dimensional sub-views are not "
                                              "implemented");
    else
      (void)raise(vm, vm.types.TypeError, "cannot index %zu-dimension view with %zu-element tuple", m->shape.size(),
                  indices.size());
    return nullptr;
  }
  for (size_t i = 0; i < indices.size(); i++) {
    int64_t at;
    if (!arg_int(vm, indices[i], at)) {
      if (pending_is(vm, vm.types.TypeError)) {
        clear_pending(vm);
        (void)raise(vm, vm.types.TypeError, "memoryview: invalid slice key");
      }
      return nullptr;
    }
    if (at < 0) at += m->shape[i];
    if (at < 0 || at >= m->shape[i]) {
      (void)raise(vm, vm.types.IndexError, "index out of bounds on dimension %zu", i + 1);
      return nullptr;
    }
    p += at * m->strides[i];
  }
  return p;
}

MemoryView* slice_of(VM& vm, MemoryView* m, Value key) {
  int64_t start, stop, step, count;
  if (m->shape.empty()) {
    (void)raise(vm, vm.types.TypeError, "invalid indexing of 0-dim memory");
    return nullptr;
  }
  if (!bytes_at(vm, m) || !slice_bounds(vm, as<Slice>(key), m->shape[0], start, stop, step, count)) return nullptr;
  MemoryView* part = same_view(vm, m);
  part->offset += start * m->strides[0];
  part->shape[0] = count;
  part->strides[0] *= step;
  return part;
}

Value get_item_slot(VM& vm, Value self, Value key) {
  MemoryView* m = view_of(self);
  if (is_kind(key, Kind::Slice)) {
    MemoryView* part = slice_of(vm, m, key);
    return part ? Value::object(part) : Value::error();
  }
  char* p = item_at(vm, m, key);
  return p ? unpack(vm, m->format, p) : Value::error();
}

/// Calls f with the address of each item, in order.
template <class F>
void each_item(const MemoryView* m, char* p, size_t dimension, F&& f) {
  if (dimension == m->shape.size()) return f(p);
  for (int64_t i = 0; i < m->shape[dimension]; i++) each_item(m, p + i * m->strides[dimension], dimension + 1, f);
}

std::string content(MemoryView* m, char* p) {
  std::string out;
  each_item(m, p, 0, [&](char* item) { out.append(item, static_cast<size_t>(m->item_size)); });
  return out;
}

bool set_item_slot(VM& vm, Value self, Value key, Value value) {
  MemoryView* m = view_of(self);
  if (value.is_unbound()) return fail(vm, vm.types.TypeError, "cannot delete memory");
  if (!bytes_at(vm, m)) return false;
  if (m->read_only) return fail(vm, vm.types.TypeError, "cannot modify read-only memory");
  if (!is_kind(key, Kind::Slice)) {
    char* p = item_at(vm, m, key);
    return p && pack(vm, m->format, value, p);
  }
  MemoryView* part = slice_of(vm, m, key);
  if (!part) return false;
  Ref hold(Value::object(part));
  std::string bytes;
  bool same = true;
  if (is_memory_view(value)) {
    MemoryView* from = view_of(value);
    char* p = bytes_at(vm, from);
    if (!p) return false;
    same = from->format == m->format && from->shape == part->shape;
    bytes = content(from, p);
  } else if (is_bytes_like(value)) {
    bytes = std::string(bytes_of(value));
    same = m->format == 'B' && part->shape.size() == 1 && part->shape[0] == static_cast<int64_t>(bytes.size());
  } else {
    return fail(vm, vm.types.TypeError, "a bytes-like object is required, not '%s'", type_name(vm, value));
  }
  if (!same) return fail(vm, vm.types.ValueError, "memoryview assignment: lvalue and rvalue have different structures");
  const char* from = bytes.data();
  each_item(part, bytes_at(vm, part), 0, [&](char* item) {
    std::memcpy(item, from, static_cast<size_t>(m->item_size));
    from += m->item_size;
  });
  return true;
}

Value list_of(VM& vm, const MemoryView* m, char* p, size_t dimension) {
  if (dimension == m->shape.size()) return unpack(vm, m->format, p);
  Ref list(make_list(vm));
  for (int64_t i = 0; i < m->shape[dimension]; i++) {
    Ref item(list_of(vm, m, p + i * m->strides[dimension], dimension + 1));
    list_append(vm, as<List>(*list), *item);
  }
  return list.take();
}

Value to_list(VM& vm, const Value* a) {
  char* p = bytes_at(vm, view_of(a[0]));
  return p ? list_of(vm, view_of(a[0]), p, 0) : Value::error();
}

Value to_bytes(VM& vm, const Value* a) {
  char* p = bytes_at(vm, view_of(a[0]));
  return p ? make_bytes(vm, content(view_of(a[0]), p)) : Value::error();
}

Value to_hex(VM& vm, const Value* a) {
  Ref bytes(to_bytes(vm, a));
  if (bytes.is_error()) return Value::error();
  if (a[1].is_unbound()) return call_method(vm, *bytes, "hex");
  return call_method(vm, *bytes, "hex", std::span(a + 1, 2));
}

Value cast(VM& vm, const Value* a) {
  MemoryView* m = view_of(a[0]);
  if (!bytes_at(vm, m)) return Value::error();
  if (!is_str(a[1]))
    return raise(vm, vm.types.TypeError, "memoryview.cast() argument 'format' must be str, not %s",
                 type_name(vm, a[1]));
  std::string_view text = text_of(a[1]);
  if (text.starts_with('@')) text.remove_prefix(1);
  int64_t size = text.size() == 1 ? size_of_format(text[0]) : 0;
  if (!size || text[0] == 'e')
    return raise(
        vm, vm.types.ValueError,
        "memoryview: destination format must be a native single character format prefixed with an optional '@'");
  if (!is_contiguous(m)) return raise(vm, vm.types.TypeError, "memoryview: casts are restricted to C-contiguous views");
  auto is_byte = [](char c) { return c == 'B' || c == 'b' || c == 'c'; };
  if (!is_byte(m->format) && !is_byte(text[0]))
    return raise(vm, vm.types.TypeError, "memoryview: cannot cast between two non-byte formats");
  int64_t bytes = item_count(m) * m->item_size;
  if (bytes % size) return raise(vm, vm.types.TypeError, "memoryview: length is not a multiple of itemsize");
  std::vector<int64_t> shape{bytes / size};
  if (!a[2].is_none()) {
    if (!is_kind(a[2], Kind::List) && !is_kind(a[2], Kind::Tuple))
      return raise(vm, vm.types.TypeError, "shape must be a list or a tuple");
    if (m->shape.size() != 1) return raise(vm, vm.types.TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
    shape.clear();
    int64_t product = size;
    bool ok = for_each(vm, a[2], [&](Value v) {
      int64_t n;
      if (!arg_int(vm, v, n)) return false;
      if (n <= 0) return fail(vm, vm.types.ValueError, "memoryview.cast(): elements of shape must be integers > 0");
      shape.push_back(n);
      product *= n;
      return true;
    });
    if (!ok) return Value::error();
    if (product != bytes) return raise(vm, vm.types.TypeError, "memoryview: product(shape) * itemsize != buffer size");
  }
  MemoryView* out = same_view(vm, m);
  out->format = text[0];
  out->item_size = size;
  set_contiguous(out, std::move(shape));
  return Value::object(out);
}

Value released(VM&, const Value* a) {
  Value old = view_of(a[0])->owner;
  view_of(a[0])->owner = Value::none();
  release(old);
  return Value::none();
}

Value to_read_only(VM& vm, const Value* a) {
  if (!bytes_at(vm, view_of(a[0]))) return Value::error();
  MemoryView* m = same_view(vm, view_of(a[0]));
  m->read_only = true;
  return Value::object(m);
}

const NativeDef kMethods[] = {
    {"tobytes(self, /, order='C')", to_bytes},
    {"tolist(self, /)", to_list},
    {"hex(self, /, sep=..., bytes_per_sep=1)", to_hex},
    {"cast(self, /, format, shape=None)", cast},
    {"toreadonly(self, /)", to_read_only},
    {"release(self, /)", released},
    {"__enter__(self, /)",
     [](VM& vm, const Value* a) { return bytes_at(vm, view_of(a[0])) ? new_ref(a[0]) : Value::error(); }},
    {"__exit__(self, /, *args)", released},
};

Value ints(VM& vm, const std::vector<int64_t>& numbers) {
  std::vector<Value> values;
  for (int64_t n : numbers) values.push_back(Value::integer(n));
  return make_tuple(vm, std::span<const Value>(values));
}

const GetSetDef kAttributes[] = {
    {"obj", [](VM& vm, Value s) { return bytes_at(vm, view_of(s)) ? new_ref(view_of(s)->owner) : Value::error(); }},
    {"nbytes", [](VM&, Value s) { return Value::integer(item_count(view_of(s)) * view_of(s)->item_size); }},
    {"itemsize", [](VM&, Value s) { return Value::integer(view_of(s)->item_size); }},
    {"format",
     [](VM& vm, Value s) {
       return make_ascii(vm, {&view_of(s)->format, 1});
     }},
    {"ndim", [](VM&, Value s) { return Value::integer(static_cast<int64_t>(view_of(s)->shape.size())); }},
    {"shape", [](VM& vm, Value s) { return ints(vm, view_of(s)->shape); }},
    {"strides", [](VM& vm, Value s) { return ints(vm, view_of(s)->strides); }},
    {"suboffsets", [](VM& vm, Value) { return make_tuple(vm, std::span<const Value>()); }},
    {"readonly", [](VM&, Value s) { return Value::boolean(view_of(s)->read_only); }},
    {"contiguous", [](VM&, Value s) { return Value::boolean(is_contiguous(view_of(s))); }},
    {"c_contiguous", [](VM&, Value s) { return Value::boolean(is_contiguous(view_of(s))); }},
};

Value compare_slot(VM& vm, ir::CompareOp op, Value self, Value other) {
  if ((op != ir::CompareOp::Eq && op != ir::CompareOp::Ne) || (!is_memory_view(other) && !is_bytes_like(other)))
    return Value::not_implemented();
  auto items = [&](Value v) {
    if (!is_memory_view(v)) return call(vm, Value::object(vm.types.list), {v});
    return to_list(vm, &v);
  };
  bool same = self.same(other);
  if (!same && !view_of(self)->owner.is_none() && !(is_memory_view(other) && view_of(other)->owner.is_none())) {
    Ref a(items(self)), b(items(other));
    if (a.is_error() || b.is_error() || !equal(vm, *a, *b, same)) return Value::error();
  }
  return Value::boolean(same == (op == ir::CompareOp::Eq));
}

bool hash_slot(VM& vm, Value self, uint64_t& out) {
  if (!view_of(self)->read_only) return fail(vm, vm.types.ValueError, "cannot hash writable memoryview object");
  Ref bytes(to_bytes(vm, &self));
  return !bytes.is_error() && hash(vm, *bytes, out);
}

}  // namespace

Value make_memory_view(VM& vm, Value owner) {
  MemoryView* m = new_view(vm, owner);
  m->read_only = is_kind(owner, Kind::Bytes);
  set_contiguous(m, {static_cast<int64_t>(bytes_of(owner).size())});
  return Value::object(m);
}

bool is_memory_view(Value v) { return is_kind(v, Kind::Native) && v.o->type->slots.dealloc == dealloc; }

bool is_plain_memory(Value v) {
  if (!is_memory_view(v)) return false;
  const MemoryView* m = view_of(v);
  if (m->owner.is_none() || !is_contiguous(m)) return false;
  auto size = static_cast<int64_t>(bytes_of(m->owner).size());
  return m->offset + item_count(m) * m->item_size <= size;
}

std::string_view plain_memory(Value v) {
  const MemoryView* m = view_of(v);
  return bytes_of(m->owner).substr(static_cast<size_t>(m->offset), static_cast<size_t>(item_count(m) * m->item_size));
}

void init_memory_view(VM& vm) {
  Type* t = new_type(vm, "memoryview", "builtins", vm.types.object, Kind::Native, sizeof(MemoryView));
  t->is_gc = true;
  t->is_final = true;
  t->slots.create = create;
  t->slots.dealloc = dealloc;
  t->slots.traverse = traverse;
  t->slots.repr = [](VM& v, Value self) {
    return make_str_format(v, view_of(self)->owner.is_none() ? "<released memory at %p>" : "<memory at %p>",
                           static_cast<void*>(self.o));
  };
  t->slots.length = [](VM& v, Value self) -> int64_t {
    if (!bytes_at(v, view_of(self))) return -1;
    return view_of(self)->shape.empty() ? 1 : view_of(self)->shape[0];
  };
  t->slots.get_item = get_item_slot;
  t->slots.set_item = set_item_slot;
  t->slots.iter = [](VM& v, Value self) {
    Ref list(to_list(v, &self));
    return list.is_error() ? Value::error() : make_list_iterator(v, *list, 0);
  };
  t->slots.compare = compare_slot;
  t->slots.hash = hash_slot;
  finish_type(vm, t, {.methods = kMethods, .getset = kAttributes});
  vm.extension<MemoryViewType>().view = t;
  dict_set(vm, vm.builtins, "memoryview", Value::object(t));
}

}  // namespace tsvm::vm

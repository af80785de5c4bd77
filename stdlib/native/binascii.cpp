// `_binascii`: base 64 and checksums; `_zlib`: compression, from libz, which is opened on first use.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <type_traits>

#include "stdlib/native/modules.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

/// Bytes, or ASCII text.
bool ascii_or_bytes(VM& vm, Value v, std::string_view& out) {
  if (!is_str(v)) return arg_bytes(vm, v, out);
  if (!as<Str>(v)->ascii) return fail(vm, vm.types.ValueError, "string argument should contain only ASCII characters");
  out = text_of(v);
  return true;
}

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Value to_base64(VM& vm, const Value* a) {
  std::string_view data;
  if (!arg_bytes(vm, a[0], data)) return Value::error();
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4 + 1);
  for (size_t i = 0; i < data.size(); i += 3) {
    size_t n = std::min<size_t>(3, data.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < n ? static_cast<uint8_t>(data[i + k]) : 0);
    for (size_t k = 0; k < 4; k++) out.push_back(k <= n ? kDigits[bits >> (18 - 6 * k) & 63] : '=');
  }
  if (truth(vm, a[1]) == 1) out.push_back('\n');
  return make_bytes(vm, out);
}

// A tuple (message) when the text is malformed.
Value from_base64(VM& vm, const Value* a) {
  std::string_view text;
  if (!ascii_or_bytes(vm, a[0], text)) return Value::error();
  bool strict = truth(vm, a[1]) == 1;
  auto malformed = [&](const char* message) {
    Ref m(make_str(vm, message));
    return make_tuple(vm, {*m});
  };
  std::string out;
  uint32_t bits = 0;
  int have = 0, padding = 0;
  size_t digits = 0;
  bool done = false;
  if (strict && !text.empty() && text[0] == '=') return malformed("Leading padding not allowed");
  for (char c : text) {
    if (c == '=') {
      padding++;
      if (have >= 2 && have + padding >= 4) {
        if (strict && done) return malformed("Excess data after padding");
        done = true;
      } else if (strict && have < 2) {
        return malformed(have == 0 && digits ? "Excess data after padding" : "Discontinuous padding not allowed");
      }
      if (done && !strict) break;
      continue;
    }
    const char* at = c ? std::strchr(kDigits, c) : nullptr;
    if (!at) {
      if (strict) return malformed("Only base64 data is allowed");
      continue;
    }
    if (strict && padding) return malformed(done ? "Excess data after padding" : "Discontinuous padding not allowed");
    padding = 0;
    digits++;
    bits = bits << 6 | static_cast<uint32_t>(at - kDigits);
    if (++have == 4) {
      out.push_back(static_cast<char>(bits >> 16));
      out.push_back(static_cast<char>(bits >> 8));
      out.push_back(static_cast<char>(bits));
      bits = 0;
      have = 0;
    }
  }
  if (have == 1) {
    std::string message = "Invalid base64-encoded string: number of data characters (" + std::to_string(digits) +
                          ") cannot be 1 more than a multiple of 4";
    return malformed(message.c_str());
  }
  if (have && !done) return malformed("Incorrect padding");
  if (have == 2) out.push_back(static_cast<char>(bits >> 4));
  if (have == 3) {
    out.push_back(static_cast<char>(bits >> 10));
    out.push_back(static_cast<char>(bits >> 2));
  }
  return make_bytes(vm, out);
}

Value crc32(VM& vm, const Value* a) {
  static const auto table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t c = i;
      for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  std::string_view data;
  int64_t start;
  if (!arg_bytes(vm, a[0], data) || !arg_int(vm, a[1], start)) return Value::error();
  uint32_t c = ~static_cast<uint32_t>(start);
  for (char b : data) c = table[(c ^ static_cast<uint8_t>(b)) & 255] ^ (c >> 8);
  return Value::integer(static_cast<uint32_t>(~c));
}

Value adler32(VM& vm, const Value* a) {
  std::string_view data;
  int64_t start;
  if (!arg_bytes(vm, a[0], data) || !arg_int(vm, a[1], start)) return Value::error();
  uint32_t low = start & 0xffff, high = (start >> 16) & 0xffff;
  for (char b : data) {
    low = (low + static_cast<uint8_t>(b)) % 65521;
    high = (high + low) % 65521;
  }
  return Value::integer(static_cast<int64_t>(high) << 16 | low);
}

const NativeDef kFunctions[] = {
    {"to_base64(data, newline, /)", to_base64},
    {"from_base64(text, strict, /)", from_base64},
    {"crc32(data, start=0, /)", crc32},
    {"adler32(data, start=1, /)", adler32},
};

/// libz's stream, as its interface documents it.
struct Stream {
  const uint8_t* next_in;
  unsigned avail_in;
  unsigned long total_in;
  uint8_t* next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char* message;
  void* state;
  void* allocate;
  void* release;
  void* opaque;
  int data_type;
  unsigned long adler;
  unsigned long reserved;
};

struct Zlib {
  int (*deflate_init)(Stream*, int level, int method, int bits, int memory, int strategy, const char* version,
                      int size);
  int (*deflate)(Stream*, int flush);
  int (*deflate_end)(Stream*);
  int (*inflate_init)(Stream*, int bits, const char* version, int size);
  int (*inflate)(Stream*, int flush);
  int (*inflate_end)(Stream*);
  bool ok = false;

  Zlib() {
    void* library = dlopen("libz.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library) return;
    auto find = [&](auto& fn, const char* name) {
      fn = reinterpret_cast<std::remove_reference_t<decltype(fn)>>(dlsym(library, name));
      return fn != nullptr;
    };
    ok = find(deflate_init, "deflateInit2_") && find(deflate, "deflate") && find(deflate_end, "deflateEnd") &&
         find(inflate_init, "inflateInit2_") && find(inflate, "inflate") && find(inflate_end, "inflateEnd");
  }
};

constexpr const char* kZlibVersion = "1.2.11";
constexpr int kFinish = 4, kSyncFlush = 2, kStreamEnd = 1, kBufferError = -5, kNeedDictionary = 2;

const Zlib* zlib(VM& vm) {
  static const Zlib library;
  if (library.ok) return &library;
  (void)raise(vm, vm.types.NotImplementedError, "compression needs libz.so.1 (package zlib1g)");
  return nullptr;
}

// deflate(data, level, bits): bytes.
Value deflate(VM& vm, const Value* a) {
  std::string_view data;
  int64_t level, bits;
  if (!arg_bytes(vm, a[0], data) || !arg_int(vm, a[1], level) || !arg_int(vm, a[2], bits)) return Value::error();
  const Zlib* z = zlib(vm);
  if (!z) return Value::error();
  Stream s{};
  if (z->deflate_init(&s, static_cast<int>(level), 8, static_cast<int>(bits), 8, 0, kZlibVersion, sizeof s) != 0)
    return raise(vm, vm.types.ValueError, "Bad compression level");
  std::string out;
  uint8_t buffer[1 << 16];
  s.next_in = reinterpret_cast<const uint8_t*>(data.data());
  size_t left = data.size();
  for (;;) {
    s.avail_in = static_cast<unsigned>(std::min<size_t>(left, 1u << 30));
    left -= s.avail_in;
    int result;
    do {
      s.next_out = buffer;
      s.avail_out = sizeof buffer;
      result = z->deflate(&s, left ? 0 : kFinish);
      out.append(reinterpret_cast<char*>(buffer), sizeof buffer - s.avail_out);
    } while (s.avail_out == 0);
    if (result == kStreamEnd || !left) break;
  }
  z->deflate_end(&s);
  return make_bytes(vm, out);
}

// inflate(data, bits): (bytes, what was read, the end was reached, error code, message).
Value inflate(VM& vm, const Value* a) {
  std::string_view data;
  int64_t bits;
  if (!arg_bytes(vm, a[0], data) || !arg_int(vm, a[1], bits)) return Value::error();
  const Zlib* z = zlib(vm);
  if (!z) return Value::error();
  Stream s{};
  if (z->inflate_init(&s, static_cast<int>(bits), kZlibVersion, sizeof s) != 0)
    return raise(vm, vm.types.ValueError, "Invalid initialization option");
  std::string out;
  uint8_t buffer[1 << 16];
  s.next_in = reinterpret_cast<const uint8_t*>(data.data());
  size_t left = data.size();
  int result = 0;
  while (result == 0) {
    if (s.avail_in == 0) {
      s.avail_in = static_cast<unsigned>(std::min<size_t>(left, 1u << 30));
      left -= s.avail_in;
    }
    s.next_out = buffer;
    s.avail_out = sizeof buffer;
    result = z->inflate(&s, kSyncFlush);
    out.append(reinterpret_cast<char*>(buffer), sizeof buffer - s.avail_out);
    if (s.avail_in == 0 && left == 0 && s.avail_out != 0) break;
  }
  Ref message(make_str(vm, s.message ? s.message : ""));
  int code = result < 0 && result != kBufferError ? result : result == kNeedDictionary ? kNeedDictionary : 0;
  auto used = static_cast<int64_t>(data.size() - left - s.avail_in);
  z->inflate_end(&s);
  Ref bytes(make_bytes(vm, out));
  return make_tuple(
      vm, {*bytes, Value::integer(used), Value::boolean(result == kStreamEnd), Value::integer(code), *message});
}

const NativeDef kZlibFunctions[] = {
    {"deflate(data, level, bits, /)", deflate},
    {"inflate(data, bits, /)", inflate},
};

}  // namespace

Value make_binascii(VM& vm) {
  ModuleBuilder m(vm, "_binascii");
  m.functions(kFunctions);
  return m.take();
}

Value make_zlib(VM& vm) {
  ModuleBuilder m(vm, "_zlib");
  m.functions(kZlibFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib

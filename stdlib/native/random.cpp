// `_random`: the Mersenne Twister behind Python's random (Matsumoto and Nishimura, MT19937), seeded from an array of
// 32-bit words as CPython seeds it, with its 53-bit floats.
#include <sys/random.h>
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "stdlib/native/hash.h"
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/text.h"
#include "vm/types/common.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

constexpr int kWords = 624;
constexpr int kMiddle = 397;

class Twister {
 public:
  void seed(uint32_t s) {
    words_[0] = s;
    for (uint32_t i = 1; i < kWords; i++) words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
    index_ = kWords;
  }

  void seed(const std::vector<uint32_t>& key) {
    seed(19650218u);
    uint32_t i = 1, j = 0;
    auto n = static_cast<uint32_t>(key.size());
    auto step = [&] {
      if (++i >= kWords) {
        words_[0] = words_[kWords - 1];
        i = 1;
      }
    };
    for (uint32_t k = std::max<uint32_t>(kWords, n); k; k--) {
      words_[i] = (words_[i] ^ ((words_[i - 1] ^ (words_[i - 1] >> 30)) * 1664525u)) + key[j] + j;
      step();
      if (++j >= n) j = 0;
    }
    for (uint32_t k = kWords - 1; k; k--) {
      words_[i] = (words_[i] ^ ((words_[i - 1] ^ (words_[i - 1] >> 30)) * 1566083941u)) - i;
      step();
    }
    words_[0] = 0x80000000u;
  }

  uint32_t next() {
    if (index_ >= kWords) refill();
    uint32_t y = words_[index_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

  double real() {
    uint32_t a = next() >> 5, b = next() >> 6;
    return (a * 67108864.0 + b) * (1.0 / 9007199254740992.0);
  }

  uint32_t* words() { return words_; }
  uint32_t& index() { return index_; }

 private:
  void refill() {
    auto mix = [](uint32_t high, uint32_t low) {
      uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
      return (y >> 1) ^ ((y & 1) ? 0x9908b0dfu : 0);
    };
    for (int k = 0; k < kWords; k++)
      words_[k] = words_[(k + kMiddle) % kWords] ^ mix(words_[k], words_[(k + 1) % kWords]);
    index_ = 0;
  }

  uint32_t words_[kWords] = {};
  uint32_t index_ = kWords;
};

struct RandomObject : GcObject, Attributes {
  Twister* twister;
};

struct RandomExtension : Extension {
  Type* type = nullptr;
};

Twister& twister(Value v) { return *static_cast<RandomObject*>(v.o)->twister; }

bool system_bytes(VM& vm, void* out, size_t size) {
  auto* p = static_cast<char*>(out);
  while (size) {
    ssize_t n = getrandom(p, size, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      (void)raise_os_error(vm, errno);
      return false;
    }
    p += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

Value random_seed(VM& vm, const Value* a) {
  std::vector<uint32_t> key;
  if (a[1].is_none()) {
    key.resize(kWords);
    if (!system_bytes(vm, key.data(), key.size() * 4)) return Value::error();
  } else {
    Ref n;
    if (is_integer(a[1])) {
      n = Ref(call_method(vm, a[1], "__abs__"));
    } else {
      uint64_t h;
      if (!hash(vm, a[1], h)) return Value::error();
      n = Ref(make_uint(vm, h));
    }
    if (n.is_error()) return Value::error();
    // The number's 32-bit words, least significant first; 0 is one word.
    std::string hex = int_to_text(unbox(*n), 16);
    for (size_t end = hex.size(); end > 0; end -= std::min<size_t>(end, 8)) {
      size_t begin = end > 8 ? end - 8 : 0;
      key.push_back(static_cast<uint32_t>(std::stoul(hex.substr(begin, end - begin), nullptr, 16)));
    }
  }
  twister(a[0]).seed(key);
  return Value::none();
}

Value random_bits(VM& vm, const Value* a) {
  int64_t k;
  if (!arg_int(vm, a[1], k)) return Value::error();
  if (k < 0) return raise(vm, vm.types.ValueError, "number of bits must be non-negative");
  if (k == 0) return Value::integer(0);
  Twister& t = twister(a[0]);
  if (k <= 32) return Value::integer(static_cast<int64_t>(t.next() >> (32 - k)));
  std::string hex;
  for (; k > 0; k -= 32) {
    uint32_t r = t.next();
    if (k < 32) r >>= 32 - k;
    char text[9];
    std::snprintf(text, sizeof text, "%08x", r);
    hex.insert(0, text);
  }
  return make_int_from_digits(vm, hex, 16);
}

Value random_getstate(VM& vm, const Value* a) {
  Tuple* t = new_tuple(vm, kWords + 1);
  for (int i = 0; i < kWords; i++) t->items[i] = Value::integer(twister(a[0]).words()[i]);
  t->items[kWords] = Value::integer(twister(a[0]).index());
  return Value::object(t);
}

Value random_setstate(VM& vm, const Value* a) {
  if (!is_kind(a[1], Kind::Tuple)) return raise(vm, vm.types.TypeError, "state vector must be a tuple");
  auto* t = as<Tuple>(a[1]);
  if (t->size != kWords + 1) return raise(vm, vm.types.ValueError, "state vector is the wrong size");
  std::vector<uint32_t> words;
  for (int i = 0; i < kWords; i++) {
    int64_t n;
    if (!arg_int(vm, t->items[i], n)) return Value::error();
    words.push_back(static_cast<uint32_t>(n));
  }
  int64_t index;
  if (!arg_int(vm, t->items[kWords], index)) return Value::error();
  if (index < 0 || index > kWords) return raise(vm, vm.types.ValueError, "invalid state");
  std::copy(words.begin(), words.end(), twister(a[0]).words());
  twister(a[0]).index() = static_cast<uint32_t>(index);
  return Value::none();
}

const NativeDef kMethods[] = {
    {"random(self, /)", [](VM&, const Value* a) { return Value::number(twister(a[0]).real()); }, "A float of [0, 1)."},
    {"seed(self, n=None, /)", random_seed},
    {"getrandbits(self, k, /)", random_bits},
    {"getstate(self, /)", random_getstate},
    {"setstate(self, state, /)", random_setstate},
};

Value create(VM& vm, Type* type, std::span<const Value>, std::span<Str* const>) {
  auto* r = allocate_object<RandomObject>(vm, type, Kind::Instance, type->instance_size);
  r->twister = new Twister();
  r->twister->seed(5489u);
  finish_instance(vm, r);
  vm.heap.track(r);
  return Value::object(r);
}

const NativeDef kFunctions[] = {
    {"sha512(data, /)",
     [](VM& vm, const Value* a) {
       std::string_view data;
       std::string out;
       return arg_bytes(vm, a[0], data) && digest(vm, "sha512", data, out) ? make_bytes(vm, out) : Value::error();
     }},
    {"urandom(size, /)",
     [](VM& vm, const Value* a) {
       int64_t n;
       if (!arg_int(vm, a[0], n)) return Value::error();
       if (n < 0) return raise(vm, vm.types.ValueError, "negative argument not allowed");
       std::string out(static_cast<size_t>(n), '\0');
       return system_bytes(vm, out.data(), out.size()) ? make_bytes(vm, out) : Value::error();
     }},
};

}  // namespace

Value make_random(VM& vm) {
  RandomExtension& extension = vm.extension<RandomExtension>();
  if (!extension.type) {
    Type* t = new_type(vm, "Random", "_random", vm.types.object, Kind::Instance, sizeof(RandomObject));
    t->is_gc = true;
    t->has_dict = true;
    t->attributes_offset = offsetof(RandomObject, shape);
    t->slots.create = create;
    t->slots.dealloc = [](VM&, Object* o) { delete static_cast<RandomObject*>(o)->twister; };
    finish_type(vm, t, {.methods = kMethods});
    extension.type = t;
  }
  ModuleBuilder m(vm, "_random");
  m.functions(kFunctions).type(extension.type);
  return m.take();
}

}  // namespace tsvm::stdlib

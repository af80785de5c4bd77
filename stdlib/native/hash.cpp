// `_hash`: message digests, from libcrypto, which is opened on first use.
#include "stdlib/native/hash.h"

#include <dlfcn.h>

#include "stdlib/native/modules.h"
#include "vm/native.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

/// The three functions of libcrypto that a one-shot digest takes.
struct Crypto {
  const void* (*by_name)(const char*) = nullptr;
  int (*digest)(const void* data, size_t size, unsigned char* out, unsigned* out_size, const void* type,
                void* engine) = nullptr;
  bool ok = false;

  Crypto() {
    void* library = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL);
    if (!library) return;
    by_name = reinterpret_cast<decltype(by_name)>(dlsym(library, "EVP_get_digestbyname"));
    digest = reinterpret_cast<decltype(digest)>(dlsym(library, "EVP_Digest"));
    ok = by_name && digest;
  }
};

}  // namespace

bool digest(VM& vm, const std::string& name, std::string_view data, std::string& out) {
  static const Crypto crypto;
  if (!crypto.ok)
    return fail(vm, vm.types.NotImplementedError, "message digests need libcrypto.so.3 (package libssl3)");
  const void* type = crypto.by_name(name.c_str());
  if (!type) return fail(vm, vm.types.ValueError, "unsupported hash type %s", name.c_str());
  unsigned char bytes[64];
  unsigned size = 0;
  if (!crypto.digest(data.data(), data.size(), bytes, &size, type, nullptr))
    return fail(vm, vm.types.RuntimeError, "computing the %s digest failed", name.c_str());
  out.assign(reinterpret_cast<char*>(bytes), size);
  return true;
}

namespace {

const NativeDef kFunctions[] = {
    {"digest(name, data, /)",
     [](VM& vm, const Value* a) {
       std::string_view name, data;
       std::string out;
       if (!arg_str(vm, a[0], "digest() argument 1", name) || !arg_bytes(vm, a[1], data)) return Value::error();
       return digest(vm, std::string(name), data, out) ? make_bytes(vm, out) : Value::error();
     },
     "The digest of bytes by the algorithm of that name."},
};

}  // namespace

Value make_hash(VM& vm) {
  ModuleBuilder m(vm, "_hash");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib

// The VM's private tables.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "vm/native.h"
#include "vm/vm.h"

namespace tsvm::vm {

struct WeakReference;

struct VM::Tables {
  std::vector<Type*> native_types;  // owned, in order of creation
  std::vector<Str*> permanent;      // owned

  /// All interned strings, borrowed: a string leaves the table when it is freed. Open addressing.
  std::vector<Str*> interned = std::vector<Str*>(2048, nullptr);
  size_t interned_used = 0;
  static Str* deleted() { return reinterpret_cast<Str*>(1); }
  Str* find(std::string_view text, uint64_t hash, size_t& place);
  void insert(Str* s, size_t place);

  int64_t int_max_str_digits = 4300;  // sys.set_int_max_str_digits
  Tuple* empty_tuple = nullptr;       // owned
  Str* chars[128] = {};               // one-character strings, borrowed from `permanent`
  std::unordered_map<Object*, std::vector<WeakReference*>> weak;
  std::unordered_map<std::string, NativeModuleFn> native_modules;
  std::unordered_map<const void*, Extension*> extensions;
  std::vector<Object*> printing;  // containers whose repr is running
};

uint64_t hash_bytes(std::string_view text);
void forget_interned(VM& vm, Str* s);
void set_up_type(VM& vm, Type* t, std::string_view name, std::string_view module, Type* base);
/// Frees the shapes of a type that has no instances left.
void delete_shapes(Type* t);

}  // namespace tsvm::vm

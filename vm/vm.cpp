// Making and closing a VM, and its table of interned strings.
#include "vm/vm.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "base/check.h"
#include "vm/make.h"
#include "vm/native.h"
#include "vm/runtime.h"
#include "vm/tables.h"
#include "vm/types/common.h"
#include "vm/types/file.h"
#include "vm/types/init.h"

namespace tsvm::vm {

namespace {

Type* allocate_type(VM& vm, Kind kind) {
  Type* t = new (vm.heap.allocate(sizeof(Type))) Type();
  t->kind = Kind::Type;
  t->refs = 1;
  t->flags = 0;
  t->type = vm.types.type;  // null for `type` itself, set right after
  t->vm = &vm;
  t->name = t->qualified_name = nullptr;
  t->instance_kind = kind;
  t->bases = nullptr;
  t->dict = nullptr;
  vm.heap.count_object(1);
  return t;
}

}  // namespace

// A type with its name, base, mro and dict; slots and methods come later.
void set_up_type(VM& vm, Type* t, std::string_view name, std::string_view module, Type* base) {
  t->name = vm.intern(name);
  t->qualified_name = vm.intern(name.substr(name.rfind('.') + 1));
  t->module = Value::object(vm.intern(module));
  Value bases = t == base ? make_tuple(vm, std::span<const Value>()) : make_tuple(vm, {Value::object(base)});
  t->bases = as<Tuple>(bases);
  t->mro.push_back(t);
  if (t != base) {
    t->mro.insert(t->mro.end(), base->mro.begin(), base->mro.end());
    base->subclasses.push_back(t);
  }
  t->dict = as<Dict>(make_dict(vm));
  t->version = vm.next_type_version();
  t->instance_size = sizeof(Instance);
  t->solid_base = t;
  vm.heap.track(t);
}

Type* new_type(VM& vm, std::string_view name, std::string_view module, Type* base, Kind kind, size_t instance_size) {
  Type* t = allocate_type(vm, kind);
  set_up_type(vm, t, name, module, base);
  t->instance_size = static_cast<uint32_t>(instance_size);
  vm.tables->native_types.push_back(t);
  return t;
}

void VM::use_this_thread() {
  // Leave room on the C++ stack for what runs between two checks. Of a thread that is not the first one the lowest
  // address is known; the first one's stack grows up to the limit.
  char* here = static_cast<char*>(__builtin_frame_address(0));
  size_t room = 8u << 20;
  pthread_attr_t attributes;
  void* lowest = nullptr;
  size_t size = 0;
  if (::gettid() != ::getpid() && pthread_getattr_np(pthread_self(), &attributes) == 0) {
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0)
      room = static_cast<size_t>(here - static_cast<char*>(lowest));
    pthread_attr_destroy(&attributes);
  } else {
    rlimit limit{};
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) room = limit.rlim_cur;
  }
  stack_limit = here - (room > (1u << 20) ? room - (512u << 10) : room / 2);
}

VM::VM(Options opts) : options(std::move(opts)), heap(*this), tables(std::make_unique<Tables>()) {
  heap.enabled = false;
  method_cache = std::make_unique<MethodCacheEntry[]>(kMethodCacheSize);

  use_this_thread();

  types.type = allocate_type(*this, Kind::Type);
  types.type->type = types.type;
#define TYPE(field, name, kind, base) \
  if (!types.field) types.field = allocate_type(*this, Kind::kind);
#include "vm/types.def"
#define EXCEPTION(name, base, fields) types.name = allocate_type(*this, Kind::Exception);
#include "vm/exceptions.def"

  // Strings must be able to be made and freed, and dicts and tuples to be made, before any type is complete.
  types.str->instance_size = sizeof(Str);
  types.dict->instance_size = sizeof(Dict);
  types.tuple->instance_size = sizeof(Tuple);

#define NAME(field, text) names.field = name(text);
#include "vm/names.def"

#define TYPE(field, name, kind, base) set_up_type(*this, types.field, name, "builtins", types.base);
#include "vm/types.def"
#define EXCEPTION(name, base, fields) set_up_type(*this, types.name, #name, "builtins", types.base);
#include "vm/exceptions.def"

  // The one built-in type with two bases.
  Type* group = types.ExceptionGroup;
  release(Value::object(group->bases));
  group->bases =
      as<Tuple>(make_tuple(*this, {Value::object(types.BaseExceptionGroup), Value::object(types.Exception)}));
  group->mro.insert(group->mro.begin() + 2, types.Exception);
  types.Exception->subclasses.push_back(group);

#define TYPE(field, name, kind, base) tables->native_types.push_back(types.field);
#include "vm/types.def"
// Exceptions without fields of their own have their base's layout.
#define EXCEPTION(name, base, fields)                                            \
  if (types.name != types.BaseException && (fields[0] == 0 || fields[0] == '=')) \
    types.name->solid_base = types.base->solid_base;
#include "vm/exceptions.def"
#define EXCEPTION(name, base, fields) tables->native_types.push_back(types.name);
#include "vm/exceptions.def"

  modules = as<Dict>(make_dict(*this));
  builtins_module = make_module(*this, "builtins");
  builtins = as<Module>(builtins_module)->dict;
  dict_set(*this, modules, "builtins", builtins_module);

#define X(name) init_##name(*this);
  TSVM_TYPE_FILES(X)
#undef X
  heap.enabled = true;
}

VM::~VM() {
  if (callbacks.close) callbacks.close(*this);
  clear_pending(*this);
  {
    Ref drop(handled);
    handled = Value::none();
  }
  for (auto& [key, extension] : tables->extensions) extension->clear(*this);

  // Module namespaces first, newest last in: what they hold is freed while the library is still whole. What runs then
  // (__del__, generators) still finds sys and its streams.
  std::vector<Ref> open;
  Value main = dict_get_borrow(modules, names.main);
  if (is_kind(main, Kind::Module)) dict_clear(*this, as<Module>(main)->dict);
  Ref sys = Ref::copy(dict_get_borrow(modules, names.sys));
  uint32_t position = 0;
  while (DictEntry* e = dict_next(modules, position))
    if (!e->value.same(*sys)) open.push_back(Ref::copy(e->value));
  for (Ref& m : open)
    if (is_kind(*m, Kind::Module) && !m->same(builtins_module)) dict_clear(*this, as<Module>(*m)->dict);
  heap.collect_all();
  if (!flush_standard_streams(*this)) clear_pending(*this);
  dict_clear(*this, modules);
  if (is_kind(*sys, Kind::Module)) dict_clear(*this, as<Module>(*sys)->dict);
  sys = Ref();
  open.clear();
  heap.collect_all();
  heap.collect_all();
  heap.enabled = false;

  for (auto& [key, extension] : tables->extensions) delete extension;
  tables->extensions.clear();
  dict_clear(*this, builtins);
  release(builtins_module);
  release(Value::object(modules));
  heap.collect_all();

  clear_method_cache(*this);
  // Types that C++ code made: their dicts hold functions whose types are among them, so all dicts go before all types.
  for (auto it = tables->native_types.rbegin(); it != tables->native_types.rend(); ++it) {
    Type* t = *it;
    dict_clear(*this, t->dict);
    delete_shapes(t);
  }
  heap.collect_all();
  if (options.check_leaks) {
    size_t rest = 0;
    std::unordered_map<std::string, size_t> left;
    heap.each([&](GcObject* o) {
      if (o->kind == Kind::Type && !static_cast<Type*>(o)->is_heap) return;
      bool of_type = false;  // a type's own bases and dict
      for (Type* t : tables->native_types) of_type |= o == t->bases || o == t->dict;
      of_type |= o == tables->empty_tuple;
      if (of_type) return;
      left[std::string(o->type->name->view())]++;
      rest++;
    });
    for (auto& [name, n] : left) std::fprintf(stderr, "left alive at close: %zu x %s\n", n, name.c_str());
    TSVM_CHECK(rest == 0, "closing a VM left objects alive");
  }
  Type* str_type = types.str;
  for (Type* t : tables->native_types) {
    release(Value::object(t->bases));
    t->bases = nullptr;
    release(Value::object(t->dict));
    t->dict = nullptr;
    release(t->module);
    release(Value::object(t->name));
    release(Value::object(t->qualified_name));
  }
  if (tables->empty_tuple) release(Value::object(tables->empty_tuple));
  for (Str* s : tables->permanent) release(Value::object(s));
  if (options.check_leaks) {
    size_t alive = heap.live_objects() - tables->native_types.size();
    if (alive) {
      for (Str* s : tables->interned)
        if (s && s != Tables::deleted()) std::fprintf(stderr, "left alive at close: interned '%s'\n", s->data);
    }
    TSVM_CHECK(alive == 0, "closing a VM left objects alive that are not containers");
  }
  for (Type* t : tables->native_types) {
    if (t == str_type) continue;
    t->~Type();
    heap.free(t, sizeof(Type));
  }
  str_type->~Type();
  heap.free(str_type, sizeof(Type));
}

// --- interned strings ---------------------------------------------------------------------------------------------

uint64_t hash_bytes(std::string_view text) {
  // Eight bytes at a time, folded through a 128-bit product.
  constexpr uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0xd6e8feb86659fd93;
  auto mix = [](uint64_t a, uint64_t b) {
    unsigned __int128 p = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(p) ^ static_cast<uint64_t>(p >> 64);
  };
  const char* p = text.data();
  size_t n = text.size();
  uint64_t h = k0 ^ n;
  while (n >= 8) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    h = mix(h ^ w, k1);
    p += 8;
    n -= 8;
  }
  uint64_t w = 0;
  if (n >= 4) {  // both halves may hold some bytes twice
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + n - 4, 4);
    w = low | static_cast<uint64_t>(high) << 32;
  } else if (n > 0) {
    auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(p[i])); };
    w = byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16;
  }
  h = mix(h ^ w, k0 | 1) ^ k1;
  h ^= h >> 32;
  return h == 0 ? 1 : h;
}

uint64_t hash_str(Str* s) {
  if (s->hash == 0) s->hash = hash_bytes(s->view());
  return s->hash;
}

Str* VM::Tables::find(std::string_view text, uint64_t hash, size_t& place) {
  size_t mask = interned.size() - 1;
  size_t i = hash & mask;
  place = SIZE_MAX;
  for (;; i = (i + 1) & mask) {
    Str* s = interned[i];
    if (!s) {
      if (place == SIZE_MAX) place = i;
      return nullptr;
    }
    if (s == deleted()) {
      if (place == SIZE_MAX) place = i;
    } else if (s->hash == hash && s->view() == text) {
      place = i;
      return s;
    }
  }
}

void VM::Tables::insert(Str* s, size_t place) {
  if (!interned[place]) interned_used++;
  interned[place] = s;
  if (interned_used * 3 < interned.size() * 2) return;
  std::vector<Str*> old(interned.size() * 2, nullptr);
  old.swap(interned);
  interned_used = 0;
  for (Str* o : old) {
    if (!o || o == deleted()) continue;
    size_t i = o->hash & (interned.size() - 1);
    while (interned[i]) i = (i + 1) & (interned.size() - 1);
    interned[i] = o;
    interned_used++;
  }
}

Str* VM::intern(std::string_view text) {
  uint64_t h = hash_bytes(text);
  size_t place;
  if (Str* s = tables->find(text, h, place)) {
    s->refs++;
    return s;
  }
  Str* s = as<Str>(make_str(*this, text));
  s->hash = h;
  s->interned = true;
  tables->insert(s, place);
  return s;
}

Str* VM::intern(Str* s) {
  if (s->interned) {
    s->refs++;
    return s;
  }
  uint64_t h = hash_str(s);
  size_t place;
  if (Str* found = tables->find(s->view(), h, place)) {
    found->refs++;
    return found;
  }
  if (s->type != types.str) return intern(s->view());
  s->interned = true;
  tables->insert(s, place);
  s->refs++;
  return s;
}

void forget_interned(VM& vm, Str* s) {
  size_t place;
  if (vm.tables->find(s->view(), s->hash, place) == s) vm.tables->interned[place] = VM::Tables::deleted();
}

Str* VM::name(std::string_view text) {
  Str* s = intern(text);
  tables->permanent.push_back(s);
  return s;
}

// --- native modules and extensions --------------------------------------------------------------------------------

void VM::add_native_module(const char* name, NativeModuleFn make) { tables->native_modules[name] = make; }

NativeModuleFn VM::find_native_module(std::string_view name) const {
  auto it = tables->native_modules.find(std::string(name));
  return it == tables->native_modules.end() ? nullptr : it->second;
}

Extension*& VM::extension_slot(const void* key) { return tables->extensions[key]; }

}  // namespace tsvm::vm

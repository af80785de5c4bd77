// One struct serves both: an untyped storage is one of bytes. Elements are read and written through a 1-dim tensor over
// the storage; what needs no more than that is in the language (stdlib/torch/storage.ts calls `_tensor`).
#include "stdlib/native/torch/storage.h"

#include <cstring>

#include "ops/operators.h"
#include "ops/tensor/shape.h"
#include "stdlib/native/torch/factory.h"
#include "stdlib/native/torch/operators.h"
#include "vm/types/common.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;
using ops::Tensor;

StorageObject* self_of(Value v) { return static_cast<StorageObject*>(v.o); }

int64_t count(Value v) {
  return static_cast<int64_t>(self_of(v)->storage->nbytes() / ops::item_size(self_of(v)->dtype));
}

/// The whole storage as a tensor.
Tensor elements(Value v) {
  self_of(v)->storage->retain();
  Tensor t = Tensor::steal(ops::TensorImpl::create(ops::Storage::steal(self_of(v)->storage), self_of(v)->dtype,
                                                   self_of(v)->storage->device()));
  t->set_contiguous(ops::DimVector{count(v)});
  return t;
}

Value make_of_type(VM& vm, Type* type, ops::Storage storage, ops::DType dtype) {
  Value v = make_storage(vm, std::move(storage), dtype);
  v.o->type = type;  // native types: not counted
  return v;
}

bool index_of(VM& vm, Value self, Value key, int64_t& out) {
  if (!arg_int(vm, key, out)) return false;
  int64_t n = count(self);
  if (out < 0) out += n;
  if (out < 0 || out >= n)
    return fail(vm, vm.types.IndexError, "index %lld out of range for storage of size %lld",
                static_cast<long long>(out), static_cast<long long>(n));
  return true;
}

Value get_item_slot(VM& vm, Value self, Value key) {
  if (is_kind(key, Kind::Slice)) {
    int64_t start, stop, step, n;
    if (!slice_bounds(vm, as<Slice>(key), count(self), start, stop, step, n)) return Value::error();
    if (step != 1)
      return raise(vm, vm.types.RuntimeError, "Trying to slice with a step of %lld, but only a step of 1 is supported",
                   static_cast<long long>(step));
    return guarded(vm, [&] {
      size_t item = ops::item_size(self_of(self)->dtype);
      ops::Storage s = ops::Storage::allocate(static_cast<size_t>(n) * item);
      if (n)
        std::memcpy(s->data(), static_cast<char*>(self_of(self)->storage->data()) + static_cast<size_t>(start) * item,
                    static_cast<size_t>(n) * item);
      return make_of_type(vm, self.o->type, s, self_of(self)->dtype);
    });
  }
  int64_t i;
  if (!index_of(vm, self, key, i)) return Value::error();
  return guarded(vm, [&] { return box(vm, ops::item(ops::op::select(elements(self), 0, i))); });
}

bool set_item_slot(VM& vm, Value self, Value key, Value value) {
  if (value.is_unbound()) return fail(vm, vm.types.TypeError, "a storage's elements cannot be deleted");
  Ref tensor(box(vm, elements(self)));
  return set_item(vm, *tensor, key, value);
}

const NativeDef kMethods[] = {
    {"data_ptr(self, /)",
     [](VM&, const Value* a) { return Value::integer(reinterpret_cast<int64_t>(self_of(a[0])->storage->data())); }},
    {"nbytes(self, /)",
     [](VM&, const Value* a) { return Value::integer(static_cast<int64_t>(self_of(a[0])->storage->nbytes())); }},
    {"size(self, /)", [](VM&, const Value* a) { return Value::integer(count(a[0])); }},
    {"element_size(self, /)",
     [](VM&, const Value* a) { return Value::integer(static_cast<int64_t>(ops::item_size(self_of(a[0])->dtype))); }},
    {"tolist(self, /)",
     [](VM& vm, const Value* a) {
       Ref t(box(vm, elements(a[0])));
       return tensor_to_list(vm, *t);
     }},
    {"_tensor(self, /)", [](VM& vm, const Value* a) { return box(vm, elements(a[0])); }},
    {"untyped(self, /)",
     [](VM& vm, const Value* a) {
       self_of(a[0])->storage->retain();
       return make_of_type(vm, torch_types(vm).untyped_storage, ops::Storage::steal(self_of(a[0])->storage),
                           ops::DType::UInt8);
     }},
    {"_typed(self, dtype, /)",
     [](VM& vm, const Value* a) {
       if (a[1].tag != Tag::DType) return raise(vm, vm.types.TypeError, "dtype must be a torch.dtype");
       self_of(a[0])->storage->retain();
       return make_of_type(vm, torch_types(vm).storage, ops::Storage::steal(self_of(a[0])->storage),
                           unpack_dtype(a[1]));
     }},
    {"clone(self, /)",
     [](VM& vm, const Value* a) {
       return guarded(vm, [&] {
         ops::StorageImpl* from = self_of(a[0])->storage;
         ops::Storage s = ops::Storage::allocate(from->nbytes(), from->device());
         if (from->data() && s->data()) std::memcpy(s->data(), from->data(), from->nbytes());
         return make_of_type(vm, a[0].o->type, s, self_of(a[0])->dtype);
       });
     }},
    {"resize_(self, size, /)",
     [](VM& vm, const Value* a) {
       int64_t n;
       if (!arg_int(vm, a[1], n)) return Value::error();
       if (n < 0 || n > INT64_MAX / 16)
         return raise(vm, vm.types.RuntimeError, "invalid size of a storage: %lld", static_cast<long long>(n));
       return guarded(vm, [&] {
         self_of(a[0])->storage->resize_bytes(static_cast<size_t>(n) * ops::item_size(self_of(a[0])->dtype));
         return new_ref(a[0]);
       });
     }},
    {"is_shared(self, /)",
     [](VM&, const Value* a) { return Value::boolean(self_of(a[0])->storage->has(ops::StorageImpl::kShared)); }},
    {"share_memory_(self, /)",
     [](VM& vm, const Value* a) {
       return guarded(vm, [&] {
         self_of(a[0])->storage->share();
         return new_ref(a[0]);
       });
     }},
    {"cpu(self, /)", [](VM&, const Value* a) { return new_ref(a[0]); }},
    {"get_device(self, /)", [](VM&, const Value*) { return Value::integer(-1); }},
};

/// Methods of stdlib/torch/storage.ts, which take the storage first.
Value in_language(VM& vm, const char* name, std::span<const Value> args) {
  Ref module(vm.callbacks.import_module(vm, "torch.storage"));
  if (module.is_error()) return Value::error();
  return call_method(vm, *module, name, args);
}

Value repr_slot(VM& vm, Value self) { return in_language(vm, "_repr", {&self, 1}); }

const NativeDef kLanguageMethods[] = {
    {"copy_(self, source, non_blocking=None)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_copy_", {a, 2});
     }},
    {"fill_(self, value)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_fill_", {a, 2});
     }},
    {"type(self, dtype=None, non_blocking=False)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_type", {a, 2});
     }},
    {"_to(self, dtype, /)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_to", {a, 2});
     }},
    {"__reduce__(self, /)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_reduce", {a, 1});
     }},
    {"__deepcopy__(self, memo, /)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_deepcopy", {a, 2});
     }},
    {"__copy__(self, /)", [](VM& vm, const Value* a) { return call_method(vm, a[0], "clone"); }},
    {"pickle_storage_type(self, /)",
     [](VM& vm, const Value* a) {
       return in_language(vm, "_class_name", {a, 1});
     }},
#define TO(name, dtype)                                  \
  {                                                      \
    name "(self, /)", [](VM& vm, const Value* a) {       \
      Value args[] = {a[0], box(vm, ops::DType::dtype)}; \
      return in_language(vm, "_to", args);               \
    }                                                    \
  }
    TO("float", Float32),
    TO("double", Float64),
    TO("half", Float16),
    TO("bfloat16", BFloat16),
    TO("long", Int64),
    TO("int", Int32),
    TO("short", Int16),
    TO("char", Int8),
    TO("byte", UInt8),
    TO("bool", Bool),
    TO("complex_float", Complex64),
    TO("complex_double", Complex128),
#undef TO
};

const GetSetDef kAttributes[] = {
    {"device", [](VM& vm, Value self) { return box(vm, self_of(self)->storage->device()); }},
    {"is_cuda", [](VM&, Value self) { return Value::boolean(self_of(self)->storage->device().is_cuda()); }},
    {"is_sparse", [](VM&, Value) { return Value::boolean(false); }},
    {"_cdata", [](VM&, Value self) { return Value::integer(reinterpret_cast<int64_t>(self_of(self)->storage)); }},
};
const GetSetDef kTypedAttributes[] = {
    {"dtype", [](VM& vm, Value self) { return box(vm, self_of(self)->dtype); }},
    {"_storage", [](VM& vm, Value self) { return call_method(vm, self, "untyped"); }},
};

/// TypedStorage(n | data, wrap_storage=None, dtype=None, device=None), UntypedStorage(n).
Value create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"Storage(data=0, /, *, wrap_storage=None, dtype=None, device=None)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kDef, args, keywords, a, keep)) return Value::error();
  ops::DType dtype = type == torch_types(vm).storage ? ops::default_dtype() : ops::DType::UInt8;
  if (a[2].tag == Tag::DType) dtype = unpack_dtype(a[2]);
  ops::Device device;
  if (!a[3].is_none() && !to_device(vm, a[3], device)) return Value::error();
  if (!a[1].is_none()) {
    Type* given = type_of(vm, a[1]);
    if (given != torch_types(vm).storage && given != torch_types(vm).untyped_storage)
      return raise(vm, vm.types.TypeError, "Argument type of 'wrap_storage' must be UntypedStorage but got %s",
                   given->name->data);
    self_of(a[1])->storage->retain();
    return make_of_type(vm, type, ops::Storage::steal(self_of(a[1])->storage), dtype);
  }
  if (is_integer(a[0])) {
    int64_t n;
    if (!arg_int(vm, a[0], n)) return Value::error();
    if (n < 0 || n > INT64_MAX / 16)
      return raise(vm, vm.types.RuntimeError, "invalid size of a storage: %lld", static_cast<long long>(n));
    return guarded(vm, [&] {
      return make_of_type(vm, type, ops::Storage::allocate(static_cast<size_t>(n) * ops::item_size(dtype), device),
                          dtype);
    });
  }
  Ref t(tensor_from_data(vm, a[0], dtype, device));
  if (t.is_error()) return Value::error();
  return make_of_type(vm, type, unpack_tensor(*t).share_storage(), dtype);
}

Type* make(VM& vm, const char* name) {
  Type* t = new_type(vm, name, "torch.storage", vm.types.object, Kind::Native, sizeof(StorageObject));
  t->is_final = true;
  t->slots.dealloc = [](VM&, Object* o) { static_cast<StorageObject*>(o)->storage->release(); };
  t->slots.length = [](VM&, Value self) { return count(self); };
  t->slots.get_item = get_item_slot;
  t->slots.set_item = set_item_slot;
  t->slots.repr = repr_slot;
  t->slots.create = create;
  return t;
}

std::vector<NativeDef> all_methods() {
  std::vector<NativeDef> all(std::begin(kMethods), std::end(kMethods));
  all.insert(all.end(), std::begin(kLanguageMethods), std::end(kLanguageMethods));
  return all;
}

}  // namespace

void init_storage_types(VM& vm) {
  static const std::vector<NativeDef> methods = all_methods();
  static const std::vector<GetSetDef> typed = [] {
    std::vector<GetSetDef> all(std::begin(kAttributes), std::end(kAttributes));
    all.insert(all.end(), std::begin(kTypedAttributes), std::end(kTypedAttributes));
    return all;
  }();
  TorchTypes& types = torch_types(vm);
  types.storage = make(vm, "TypedStorage");
  finish_type(vm, types.storage, {.methods = methods, .getset = typed});
  types.untyped_storage = make(vm, "UntypedStorage");
  finish_type(vm, types.untyped_storage, {.methods = methods, .getset = kAttributes});
}

Value rebuild_tensor(VM& vm, const Value* a) {
  Type* given = type_of(vm, a[0]);
  if (given != torch_types(vm).storage && given != torch_types(vm).untyped_storage)
    return raise(vm, vm.types.TypeError, "expected a storage, not %s", given->name->data);
  StorageObject* s = self_of(a[0]);
  int64_t offset;
  if (!arg_int(vm, a[1], offset)) return Value::error();
  ops::DimVector sizes, strides;
  auto ints = [&](Value v, ops::DimVector& out) {
    return for_each(vm, v, [&](Value item) {
      int64_t n;
      if (!arg_int(vm, item, n)) return false;
      out.push_back(n);
      return true;
    });
  };
  if (!ints(a[2], sizes) || !ints(a[3], strides)) return Value::error();
  if (sizes.size() != strides.size() || sizes.size() > 64)
    return raise(vm, vm.types.RuntimeError, "mismatch in length of strides and shape");
  // The last element must lie inside, and nothing may overflow on the way there.
  const auto total = static_cast<int64_t>(s->storage->nbytes() / ops::item_size(s->dtype));
  int64_t last = offset;
  bool empty = false, wrong = offset < 0;
  int64_t elements = 1;
  for (size_t i = 0; i < sizes.size(); i++) {
    int64_t reach;
    wrong = wrong || sizes[i] < 0 || strides[i] < 0;
    if (sizes[i] == 0) empty = true;
    if (wrong || sizes[i] == 0) continue;
    wrong = wrong || __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) ||
            __builtin_add_overflow(last, reach, &last) || __builtin_mul_overflow(elements, sizes[i], &elements);
  }
  if (wrong || (!empty && last >= total && s->storage->device().is_cpu()))
    return raise(
        vm, vm.types.RuntimeError,
        "setStorage: sizes, strides and storage offset %lld of a tensor are out of bounds for storage of size %zu",
        static_cast<long long>(offset), s->storage->nbytes());
  return guarded(vm, [&] {
    s->storage->retain();
    Tensor t = Tensor::steal(ops::TensorImpl::create(ops::Storage::steal(s->storage), s->dtype, s->storage->device()));
    t->set_geometry(sizes, strides, offset);
    return box(vm, std::move(t));
  });
}

}  // namespace tsvm::stdlib

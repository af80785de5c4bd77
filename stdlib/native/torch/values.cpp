#include "stdlib/native/torch/values.h"

#include <cstring>
#include <string>

#include "ops/tensor/error.h"
#include "ops/tensor/sparse.h"
#include "stdlib/native/torch/operators.h"
#include "vm/runtime.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;

TorchTypes& torch_types(VM& vm) { return vm.extension<TorchTypes>(); }

void TorchTypes::clear(VM&) {
  for (Value* v : {&parameter, &return_types, &linalg_error, &deepcopy, &reduce, &modes}) {
    Ref drop(*v);
    *v = Value();
  }
}

// --- boxing
// ------------------------------------------------------------------------------------------------------------

Value box(VM& vm, const ops::Scalar& s) {
  if (s.is_bool()) return Value::boolean(s.to_bool());
  if (s.is_int()) return Value::integer(s.to_int());
  if (s.is_float()) return Value::number(s.to_double());
  std::complex<double> c = s.to_complex();
  return make_complex(vm, c.real(), c.imag());
}

Value box(VM& vm, const std::vector<ops::Tensor>& list) {
  if (list.empty()) return make_tuple(vm, std::span<const Value>());
  Tuple* t = new_tuple(vm, list.size());
  for (size_t i = 0; i < list.size(); i++) t->items[i] = box(vm, list[i]);
  return Value::object(t);
}

Value box_tensor_list(VM& vm, const std::vector<ops::Tensor>& list) {
  Ref result(make_list(vm));
  for (const ops::Tensor& t : list) {
    Ref item(box(vm, t));
    list_append(vm, as<List>(*result), *item);
  }
  return result.take();
}

Value box(VM& vm, const std::string& s) { return make_str(vm, s); }

Value box(VM&, ops::DType t) {
  Value v = Value::integer(static_cast<int64_t>(t));
  v.tag = Tag::DType;
  return v;
}

Value box(VM& vm, ops::Device d) {
  auto* o = allocate_object<DeviceObject>(vm, torch_types(vm).device, Kind::Native);
  o->device = d;
  return Value::object(o);
}

Value box_size(VM& vm, ops::IntSpan sizes) {
  Tuple* t = new_tuple(vm, sizes.size());
  t->type = torch_types(vm).size;  // a native type of tuple's own layout
  for (size_t i = 0; i < sizes.size(); i++) t->items[i] = Value::integer(sizes[i]);
  return Value::object(t);
}

Value box_gradient(VM& vm, const ops::Tensor& t) {
  if (!t.defined() || !ops::is_sparse(t)) return box(vm, t);
  auto* o = allocate_object<SparseObject>(vm, torch_types(vm).sparse, Kind::Native);
  o->tensor = ops::Tensor(t).leak();
  Ref handle(Value::object(o)), size(box_size(vm, t.sizes()));
  Ref module(vm.callbacks.import_module(vm, "torch.sparse"));
  if (module.is_error()) return Value::error();
  Value args[] = {*handle, *size};
  return call_method(vm, *module, "_SparseGradient", args);
}

bool unbox_gradient(VM& vm, Value v, ops::Tensor& out) {
  if (v.is_tensor()) {
    out = unpack_tensor(v);
    return true;
  }
  if (!is_kind(v, Kind::Instance) || lookup_in_type_borrow(type_of(vm, v), vm.name("_gradient_parts")).is_unbound())
    return false;
  Ref parts(call_method(vm, v, "_gradient_parts", {}));
  if (parts.is_error()) {
    clear_pending(vm);
    return false;
  }
  if (type_of(vm, *parts) == torch_types(vm).sparse) {
    out = ops::Tensor::retain(static_cast<SparseObject*>(parts->o)->tensor);
    return true;
  }
  const auto* t = as<Tuple>(*parts);
  out = ops::make_sparse({unpack_tensor(t->items[0]), unpack_tensor(t->items[1]), t->items[2].is_true()},
                         unpack_int_list(t->items[3]));
  return true;
}

Value box_int_list(VM& vm, ops::IntSpan values) {
  if (values.empty()) return make_tuple(vm, std::span<const Value>());
  Tuple* t = new_tuple(vm, values.size());
  for (size_t i = 0; i < values.size(); i++) t->items[i] = Value::integer(values[i]);
  return Value::object(t);
}

Value box_results(VM& vm, const char* name, std::span<const char* const> fields, std::span<Value> owned) {
  Tuple* t = new_tuple(vm, owned.size());
  for (size_t i = 0; i < owned.size(); i++) t->items[i] = owned[i];
  Ref tuple(Value::object(t));
  if (fields.empty()) return tuple.take();
  TorchTypes& types = torch_types(vm);
  if (types.return_types.is_unbound()) types.return_types = make_dict(vm);
  Value cls = dict_get_borrow(as<Dict>(types.return_types), vm.name(name));
  if (cls.is_unbound()) {
    // The classes are made in the language, each when it is first needed.
    if (!vm.callbacks.import_module)
      return raise(vm, vm.types.NotImplementedError, "named results without an import system");
    Ref module(vm.callbacks.import_module(vm, "torch.return_types"));
    if (module.is_error()) return Value::error();
    Ref names(make_list(vm)), text(make_str(vm, name));
    for (const char* f : fields) {
      Ref field(make_str(vm, f));
      list_append(vm, as<List>(*names), *field);
    }
    Value args[] = {*text, *names};
    Ref made(call_method(vm, *module, "_make", args));
    if (made.is_error()) return Value::error();
    dict_set(vm, as<Dict>(types.return_types), vm.name(name), *made);
    cls = dict_get_borrow(as<Dict>(types.return_types), vm.name(name));
  }
  return call(vm, cls, {*tuple});
}

// --- small objects
// -------------------------------------------------------------------------------------------------------

Value make_layout(VM& vm, ops::Layout layout) {
  auto* o = allocate_object<LayoutObject>(vm, torch_types(vm).layout, Kind::Native);
  o->layout = layout;
  return Value::object(o);
}

Value make_memory_format(VM& vm, ops::MemoryFormat format) {
  auto* o = allocate_object<MemoryFormatObject>(vm, torch_types(vm).memory_format, Kind::Native);
  o->format = format;
  return Value::object(o);
}

Value make_generator_object(VM& vm, const ops::Generator& generator) {
  auto* o = allocate_object<GeneratorObject>(vm, torch_types(vm).generator, Kind::Native);
  o->generator = new ops::Generator(generator);
  return Value::object(o);
}

Value make_storage(VM& vm, ops::Storage storage, ops::DType dtype) {
  auto* o = allocate_object<StorageObject>(vm, torch_types(vm).storage, Kind::Native);
  o->storage = storage.get();
  o->storage->retain();
  o->dtype = dtype;
  return Value::object(o);
}

// --- unpacking
// -------------------------------------------------------------------------------------------------------------

bool is_number(Value v) {
  if (v.is_int() || v.is_float() || v.is_bool()) return true;
  if (!v.is_object()) return false;
  return v.o->kind == Kind::Complex || v.o->kind == Kind::BigInt || (v.o->flags & kBoxed);
}

ops::Tensor unpack_optional_tensor(Value v) { return v.is_tensor() ? ops::Tensor::retain(v.t) : ops::Tensor(); }

[[noreturn]] static void overflow() { ops::fail(ops::ErrorKind::RuntimeError, "Overflow when unpacking long"); }

ops::Scalar unpack_scalar(Value v) {
  if (v.is_tensor()) return ops::item(unpack_tensor(v));
  v = unbox(v);
  if (v.is_bool()) return ops::Scalar(v.i != 0);
  if (v.is_int()) return ops::Scalar(v.i);
  if (v.is_float()) return ops::Scalar(v.d);
  if (is_kind(v, Kind::Complex)) return ops::Scalar(std::complex<double>(as<Complex>(v)->re, as<Complex>(v)->im));
  overflow();
}

int64_t unpack_int(Value v) {
  if (v.is_tensor()) return ops::item(unpack_tensor(v)).to_int();
  v = unbox(v);
  if (v.is_int() || v.is_bool()) return v.i;
  overflow();
}

double unpack_double(Value v) {
  if (v.is_tensor()) return ops::item(unpack_tensor(v)).to_double();
  v = unbox(v);
  if (v.is_float()) return v.d;
  if (v.is_int() || v.is_bool()) return static_cast<double>(v.i);
  overflow();
}

bool unpack_bool(Value v) { return v.i != 0; }

std::string_view unpack_str(Value v) { return text_of(v); }

ops::Device unpack_device(Value v) {
  if (is_str(v)) return ops::parse_device(text_of(v));
  if (unbox(v).is_int()) return ops::Device(ops::DeviceType::Cuda, static_cast<int8_t>(unbox(v).i));
  return static_cast<DeviceObject*>(v.o)->device;
}

ops::DType unpack_dtype(Value v) {
  if (v.tag == Tag::DType) return static_cast<ops::DType>(v.i);
  for (int i = 0; i < ops::kDTypeCount; i++)
    if (ops::kDTypes[i].torch_number == v.i) return static_cast<ops::DType>(i);
  ops::fail(ops::ErrorKind::RuntimeError, "unknown scalar type ", v.i);
}
// Torch Script has numbers in place of these.
ops::Layout unpack_layout(Value v) {
  return v.is_int() ? static_cast<ops::Layout>(v.i) : static_cast<LayoutObject*>(v.o)->layout;
}
ops::MemoryFormat unpack_memory_format(Value v) {
  if (!v.is_int()) return static_cast<MemoryFormatObject*>(v.o)->format;
  switch (v.i) {
    case 0: return ops::MemoryFormat::Contiguous;
    case 1: return ops::MemoryFormat::Preserve;
    case 2: return ops::MemoryFormat::ChannelsLast;
    default: return ops::MemoryFormat::ChannelsLast3d;
  }
}
const ops::Generator& unpack_generator(Value v) { return *static_cast<GeneratorObject*>(v.o)->generator; }

ops::Storage unpack_storage(Value v) {
  ops::StorageImpl* s = static_cast<StorageObject*>(v.o)->storage;
  s->retain();
  return ops::Storage::steal(s);
}

namespace {

/// fn(item) for each item of a list or tuple.
template <class Fn>
void each(Value sequence, Fn&& fn) {
  if (is_kind(sequence, Kind::List)) {
    auto* l = as<List>(sequence);
    for (uint64_t i = 0; i < l->size; i++) {
      Ref item(list_get(l, i));
      fn(*item);
    }
  } else {
    for (Value item : as<Tuple>(sequence)->span()) fn(item);
  }
}

}  // namespace

ops::DimVector unpack_int_list(Value v, int size) {
  ops::DimVector out;
  if (!is_kind(v, Kind::List) && !is_kind(v, Kind::Tuple)) {
    for (int i = 0; i < std::max(size, 1); i++) out.push_back(unpack_int(v));
    return out;
  }
  if (is_kind(v, Kind::List) && as<List>(v)->element == ElementKind::Int) {
    for (uint64_t i = 0; i < as<List>(v)->size; i++) out.push_back(as<List>(v)->ints[i]);
    return out;
  }
  each(v, [&](Value item) { out.push_back(unpack_int(item)); });
  return out;
}

std::vector<double> unpack_double_list(Value v) {
  std::vector<double> out;
  if (is_number(v))
    out.push_back(unpack_double(v));
  else
    each(v, [&](Value item) { out.push_back(unpack_double(item)); });
  return out;
}

std::vector<bool> unpack_bool_list(Value v) {
  std::vector<bool> out;
  each(v, [&](Value item) { out.push_back(item.i != 0); });
  return out;
}

std::vector<ops::Scalar> unpack_scalar_list(Value v) {
  std::vector<ops::Scalar> out;
  each(v, [&](Value item) { out.push_back(unpack_scalar(item)); });
  return out;
}

std::vector<std::string> unpack_str_list(Value v) {
  std::vector<std::string> out;
  each(v, [&](Value item) { out.emplace_back(text_of(item)); });
  return out;
}

std::vector<ops::Tensor> unpack_tensor_list(Value v) {
  std::vector<ops::Tensor> out;
  each(v, [&](Value item) { out.push_back(unpack_optional_tensor(item)); });
  return out;
}

bool is_device(VM& vm, Value v) { return v.is_object() && v.o->type == torch_types(vm).device; }

bool to_device(VM& vm, Value v, ops::Device& out) {
  if (!is_device(vm, v) && !is_str(v) && !unbox(v).is_int())
    return fail(vm, vm.types.TypeError, "a torch.device is required, not %s", type_of(vm, v)->name->data);
  try {
    out = unpack_device(v);
    return true;
  } catch (const ops::Error& e) {
    (void)raise_error(vm, e);
    return false;
  }
}

// --- types
// -----------------------------------------------------------------------------------------------------------------

namespace {

// torch.Size

Value size_repr(VM& vm, Value self) {
  std::string out = "torch.Size([";
  bool first = true;
  for (Value v : as<Tuple>(self)->span()) {
    if (!first) out += ", ";
    first = false;
    if (!repr_to(vm, v, out)) return Value::error();
  }
  return make_str(vm, out + "])");
}

Value size_create(VM& vm, Type*, std::span<const Value> args, std::span<Str* const> keywords) {
  if (!no_keywords(vm, "Size", keywords) || !arg_count(vm, "Size", args.size(), 0, 1)) return Value::error();
  if (args.empty()) return box_size(vm, {});
  Ref items(make_tuple_from(vm, args[0]));
  if (items.is_error()) return Value::error();
  ops::DimVector sizes;
  for (Value v : as<Tuple>(*items)->span()) {
    int64_t n;
    if (v.is_tensor()) {
      n = unpack_int(v);
    } else if (!is_integer(v)) {
      return raise(vm, vm.types.TypeError, "torch.Size() takes an iterable of 'int' (item %zu is '%s')", sizes.size(),
                   type_of(vm, v)->name->data);
    } else if (!to_int64(vm, v, n)) {
      return Value::error();
    }
    sizes.push_back(n);
  }
  return box_size(vm, sizes);
}

/// A plain tuple's result as a Size again, where the items still are sizes.
Value as_size(VM& vm, Value owned) {
  Ref t(owned);
  if (!is_kind(*t, Kind::Tuple)) return t.take();
  ops::DimVector sizes;
  for (Value v : as<Tuple>(*t)->span()) {
    if (!v.is_int()) return t.take();
    sizes.push_back(v.i);
  }
  return box_size(vm, sizes);
}

Value size_get_item(VM& vm, Value self, Value key) {
  Ref item(vm.types.tuple->slots.get_item(vm, self, key));
  return is_kind(key, Kind::Slice) ? as_size(vm, item.take()) : item.take();
}

Value size_binary(VM& vm, ir::ArithOp op, Value self, Value other, bool reflected) {
  Value r = vm.types.tuple->slots.binary(vm, op, self, other, reflected);
  return as_size(vm, r);
}

const NativeDef kSizeMethods[] = {
    {"numel(self, /)",
     [](VM&, const Value* a) {
       int64_t n = 1;
       for (Value v : as<Tuple>(a[0])->span()) n *= v.i;
       return Value::integer(n);
     }},
};

// torch.device

Value device_create(VM& vm, Type*, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"device(type, index=None)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kDef, args, keywords, a, keep)) return Value::error();
  ops::Device d;
  if (!to_device(vm, a[0], d)) return Value::error();
  if (!a[1].is_none()) {
    int64_t i;
    if (!arg_int(vm, a[1], i)) return Value::error();
    if (d.index >= 0)
      return raise(vm, vm.types.RuntimeError,
                   "type (string) must not include an index because index was passed explicitly: %s",
                   ops::to_string(d).c_str());
    if (i < 0) return raise(vm, vm.types.RuntimeError, "Device index must not be negative");
    d.index = static_cast<int8_t>(i);
  }
  return box(vm, d);
}

ops::Device device_of(Value v) { return static_cast<DeviceObject*>(v.o)->device; }

Value device_repr(VM& vm, Value self) {
  ops::Device d = device_of(self);
  std::string out = std::string("device(type='") + ops::name(d.type) + "'";
  if (d.index >= 0) out += ", index=" + std::to_string(d.index);
  return make_str(vm, out + ")");
}

const GetSetDef kDeviceAttributes[] = {
    {"type", [](VM& vm, Value self) { return make_str(vm, ops::name(device_of(self).type)); }},
    {"index",
     [](VM&, Value self) { return device_of(self).index < 0 ? Value::none() : Value::integer(device_of(self).index); }},
};

const NativeDef kDeviceMethods[] = {
    {"__reduce__(self, /)",
     [](VM& vm, const Value* a) {
       ops::Device d = device_of(a[0]);
       Ref type(make_str(vm, ops::name(d.type)));
       Ref args(d.index < 0 ? make_tuple(vm, {*type}) : make_tuple(vm, {*type, Value::integer(d.index)}));
       return make_tuple(vm, {Value::object(torch_types(vm).device), *args});
     }},
};

ops::SparseParts& parts_of(Value v) {
  return ops::sparse_parts(reinterpret_cast<const ops::Tensor&>(static_cast<SparseObject*>(v.o)->tensor));
}
template <ops::Tensor ops::SparseParts::*Part>
bool set_part(VM& vm, Value self, Value value) {
  if (!value.is_tensor()) return fail(vm, vm.types.TypeError, "a part of a sparse tensor has to be a tensor");
  parts_of(self).*Part = unpack_tensor(value);
  return true;
}

const GetSetDef kSparseAttributes[] = {
    {"indices", [](VM& vm, Value self) { return box(vm, parts_of(self).indices); },
     set_part<&ops::SparseParts::indices>},
    {"values", [](VM& vm, Value self) { return box(vm, parts_of(self).values); }, set_part<&ops::SparseParts::values>},
    {"coalesced", [](VM&, Value self) { return Value::boolean(parts_of(self).coalesced); },
     [](VM&, Value self, Value value) {
       parts_of(self).coalesced = value.is_true();
       return true;
     }},
};

// Equality of objects that are their one field.
template <class T, auto Field>
void compare_by(Type* t) {
  t->slots.compare = [](VM& vm, ir::CompareOp op, Value self, Value other) {
    if ((op != ir::CompareOp::Eq && op != ir::CompareOp::Ne) || type_of(vm, other) != self.o->type)
      return Value::not_implemented();
    bool same = static_cast<T*>(self.o)->*Field == static_cast<T*>(other.o)->*Field;
    return Value::boolean(same == (op == ir::CompareOp::Eq));
  };
  t->slots.hash = [](VM&, Value self, uint64_t& out) {
    uint64_t bits = 0;
    auto field = static_cast<T*>(self.o)->*Field;
    std::memcpy(&bits, &field, sizeof field);
    out = (bits + 1) * 0x9e3779b97f4a7c15ull >> 3;
    return true;
  };
}

// torch.Generator

ops::Generator& generator_of(Value v) { return *static_cast<GeneratorObject*>(v.o)->generator; }

const NativeDef kGeneratorMethods[] = {
    {"manual_seed(self, seed, /)",
     [](VM& vm, const Value* a) {
       int64_t seed;
       if (!arg_int(vm, a[1], seed)) return Value::error();
       generator_of(a[0]).manual_seed(static_cast<uint64_t>(seed));
       return new_ref(a[0]);
     }},
    {"seed(self, /)", [](VM& vm, const Value* a) { return make_uint(vm, generator_of(a[0]).seed()); }},
    {"initial_seed(self, /)", [](VM& vm, const Value* a) { return make_uint(vm, generator_of(a[0]).initial_seed()); }},
    {"get_state(self, /)", [](VM& vm, const Value* a) { return box(vm, generator_of(a[0]).get_state()); }},
    {"set_state(self, state, /)",
     [](VM& vm, const Value* a) {
       if (!a[1].is_tensor())
         return raise(vm, vm.types.TypeError, "expected a torch.ByteTensor, but got %s", type_of(vm, a[1])->name->data);
       try {
         generator_of(a[0]).set_state(unpack_tensor(a[1]));
       } catch (const ops::Error& e) {
         return raise_error(vm, e);
       }
       return new_ref(a[0]);
     }},
};

const GetSetDef kGeneratorAttributes[] = {
    {"device", [](VM& vm, Value) { return box(vm, ops::Device()); }},
};

// dtype: values without an object

const GetSetDef kDTypeAttributes[] = {
    {"is_floating_point",
     [](VM&, Value self) {
       return Value::boolean(ops::info(unpack_dtype(self)).category == ops::DTypeCategory::Floating);
     }},
    {"is_complex",
     [](VM&, Value self) {
       return Value::boolean(ops::info(unpack_dtype(self)).category == ops::DTypeCategory::Complex);
     }},
    {"is_signed",
     [](VM&, Value self) {
       ops::DType t = unpack_dtype(self);
       return Value::boolean(t != ops::DType::UInt8 && t != ops::DType::Bool);
     }},
};
const NativeDef kDTypeMethods[] = {
    {"__reduce__(self, /)", [](VM& vm, const Value* a) { return make_str(vm, ops::name(unpack_dtype(a[0]))); }},
};

}  // namespace

void init_torch_values(VM& vm) {
  TorchTypes& types = torch_types(vm);
  Type* t = types.size = new_type(vm, "Size", "torch", vm.types.tuple, Kind::Tuple, sizeof(Tuple));
  t->is_gc = true;
  t->is_final = true;
  t->slots = vm.types.tuple->slots;
  t->slots.repr = size_repr;
  t->slots.create = size_create;
  t->slots.get_item = size_get_item;
  t->slots.binary = size_binary;
  t->arith_ops = vm.types.tuple->arith_ops;
  t->compares_order = true;
  finish_type(vm, t, {.methods = kSizeMethods});

  t = types.device = new_type(vm, "device", "torch", vm.types.object, Kind::Native, sizeof(DeviceObject));
  t->is_final = true;
  t->slots.create = device_create;
  t->slots.repr = device_repr;
  t->slots.str = [](VM& v, Value self) { return make_str(v, ops::to_string(device_of(self))); };
  compare_by<DeviceObject, &DeviceObject::device>(t);
  finish_type(vm, t, {.methods = kDeviceMethods, .getset = kDeviceAttributes});

  t = types.layout = new_type(vm, "layout", "torch", vm.types.object, Kind::Native, sizeof(LayoutObject));
  t->is_final = true;
  t->slots.repr = [](VM& v, Value self) { return make_str(v, std::string("torch.") + ops::name(unpack_layout(self))); };
  compare_by<LayoutObject, &LayoutObject::layout>(t);
  finish_type(vm, t);

  t = types.memory_format =
      new_type(vm, "memory_format", "torch", vm.types.object, Kind::Native, sizeof(MemoryFormatObject));
  t->is_final = true;
  t->slots.repr = [](VM& v, Value self) {
    return make_str(v, std::string("torch.") + ops::name(unpack_memory_format(self)));
  };
  compare_by<MemoryFormatObject, &MemoryFormatObject::format>(t);
  finish_type(vm, t);

  t = types.sparse = new_type(vm, "SparseParts", "torch._C", vm.types.object, Kind::Native, sizeof(SparseObject));
  t->slots.dealloc = [](VM&, Object* o) { ops::Tensor::steal(static_cast<SparseObject*>(o)->tensor); };
  t->is_final = true;
  finish_type(vm, t, {.getset = kSparseAttributes});
  t = types.generator = new_type(vm, "Generator", "torch._C", vm.types.object, Kind::Native, sizeof(GeneratorObject));
  t->slots.create = [](VM& v, Type*, std::span<const Value>, std::span<Str* const>) {
    return make_generator_object(v, ops::Generator());
  };
  t->slots.dealloc = [](VM&, Object* o) { delete static_cast<GeneratorObject*>(o)->generator; };
  t->is_final = true;
  finish_type(vm, t, {.methods = kGeneratorMethods, .getset = kGeneratorAttributes});

  t = vm.types.dtype = new_type(vm, "dtype", "torch", vm.types.object, Kind::Native, 0);
  t->is_final = true;
  t->slots.repr = [](VM& v, Value self) { return make_str(v, std::string("torch.") + ops::name(unpack_dtype(self))); };
  t->slots.hash = [](VM&, Value self, uint64_t& out) {
    out = static_cast<uint64_t>(self.i + 1) * 0x9e3779b97f4a7c15ull >> 3;
    return true;
  };
  finish_type(vm, t, {.methods = kDTypeMethods, .getset = kDTypeAttributes});

  init_operator_type(vm);
}

}  // namespace tsvm::stdlib

#include "stdlib/native/torch/factory.h"

#include <string>
#include <vector>

#include "ops/operators.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"
#include "vm/native.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ops::DType;
using ops::Tensor;

namespace {

bool is_sequence(Value v) { return is_kind(v, Kind::List) || is_kind(v, Kind::Tuple) || is_kind(v, Kind::Range); }

int64_t size_of(VM& vm, Value v) {
  if (is_kind(v, Kind::List)) return static_cast<int64_t>(as<List>(v)->size);
  if (is_kind(v, Kind::Tuple)) return as<Tuple>(v)->size;
  return length(vm, v);
}

Value item_at(VM& vm, Value v, int64_t i) {  // owned
  if (is_kind(v, Kind::List)) return list_get(as<List>(v), static_cast<uint64_t>(i));
  if (is_kind(v, Kind::Tuple)) return new_ref(as<Tuple>(v)->items[i]);
  return get_item(vm, v, Value::integer(i));
}

/// The sizes as the first items say.
bool shape_of(VM& vm, Value data, ops::DimVector& sizes) {
  Ref at = Ref::copy(data);
  for (;;) {
    if (at->is_tensor()) {
      for (int64_t n : unpack_tensor(*at).sizes()) sizes.push_back(n);
      return true;
    }
    if (is_str(*at) || is_bytes_like(*at)) {
      if (sizes.size() == 0) return true;
      return fail(vm, vm.types.ValueError, "too many dimensions '%s'", type_of(vm, *at)->name->data);
    }
    if (!is_sequence(*at)) return true;
    int64_t n = size_of(vm, *at);
    if (n < 0) return false;
    sizes.push_back(n);
    if (sizes.size() > 128)
      return fail(vm, vm.types.ValueError, "too many dimensions '%s'", type_of(vm, *at)->name->data);
    if (n == 0) return true;
    at = Ref(item_at(vm, *at, 0));
    if (at.is_error()) return false;
  }
}

/// The dtype that all numbers fit.
bool dtype_of(VM& vm, Value v, std::optional<DType>& out) {
  auto add = [&](DType t) { out = out ? ops::promote_types(*out, t) : t; };
  if (v.is_tensor()) {
    add(v.t->dtype());
    return true;
  }
  Value plain = unbox(v);
  if (plain.is_bool()) return add(DType::Bool), true;
  if (plain.is_int() || is_kind(plain, Kind::BigInt)) return add(DType::Int64), true;
  if (plain.is_float()) return add(ops::default_dtype()), true;
  if (is_kind(plain, Kind::Complex))
    return add(ops::default_dtype() == DType::Float64 ? DType::Complex128 : DType::Complex64), true;
  if (is_kind(v, Kind::List)) {
    auto* l = as<List>(v);
    switch (l->element) {
      case ElementKind::Int: return add(DType::Int64), true;
      case ElementKind::Float: return add(ops::default_dtype()), true;
      case ElementKind::Bool: return add(DType::Bool), true;
      case ElementKind::Empty: return true;
      case ElementKind::Any: break;
    }
  }
  if (is_sequence(v)) {
    int64_t n = size_of(vm, v);
    for (int64_t i = 0; i < n; i++) {
      Ref item(item_at(vm, v, i));
      if (item.is_error() || !dtype_of(vm, *item, out)) return false;
      if (out && *out == DType::Complex128) break;
    }
    return n >= 0;
  }
  if (is_str(v) || is_bytes_like(v))
    return fail(vm, vm.types.TypeError, "new(): invalid data type '%s'", type_of(vm, v)->name->data);
  if (v.is_none()) return fail(vm, vm.types.RuntimeError, "Could not infer dtype of NoneType");
  return fail(vm, vm.types.RuntimeError, "Could not infer dtype of %s", type_of(vm, v)->name->data);
}

/// Writes a number as an element of the tensor's dtype.
bool store_number(VM& vm, Value v, DType dtype, void* out) {
  Value plain = unbox(v);
  if (is_kind(plain, Kind::BigInt)) return fail(vm, vm.types.RuntimeError, "Overflow when unpacking long");
  if (!is_number(v) && !v.is_tensor()) {
    if (is_sequence(v)) return fail(vm, vm.types.TypeError, "not a sequence");
    // Anything that converts, as numbers of other libraries do.
    double d;
    bool integral = ops::info(dtype).category == ops::DTypeCategory::Integral;
    if (!lookup_special_borrow(vm, v, vm.names.index).is_unbound() && integral) {
      Ref i(to_index(vm, v));
      return !i.is_error() && store_number(vm, *i, dtype, out);
    }
    if (lookup_special_borrow(vm, v, vm.names.float_).is_unbound())
      return fail(vm, vm.types.TypeError, "must be real number, not %s", type_of(vm, v)->name->data);
    if (!to_double(vm, v, d)) return false;
    return store_number(vm, Value::number(d), dtype, out);
  }
  ops::Scalar s = unpack_scalar(v);
  if (s.is_complex() && ops::info(dtype).category != ops::DTypeCategory::Complex) {
    if (ops::info(dtype).category == ops::DTypeCategory::Floating)
      return fail(vm, vm.types.TypeError, "must be real number, not complex");
    return fail(vm, vm.types.TypeError, "'complex' object cannot be interpreted as an integer");
  }
  TSVM_DISPATCH_ALL(dtype, "tensor", { *static_cast<scalar_t*>(out) = s.checked_to<scalar_t>(); });
  return true;
}

struct Filler {
  VM& vm;
  const ops::DimVector& sizes;
  DType dtype;
  size_t item;

  bool fill(Value v, size_t dim, char*& out) {
    if (v.is_tensor()) {
      const Tensor& t = unpack_tensor(v);
      if (t.dim() != static_cast<int64_t>(sizes.size() - dim))
        return fail_text(vm.types.ValueError, "only one element tensors can be converted to Python scalars");
      for (size_t d = dim; d < sizes.size(); d++)
        if (t.size(static_cast<int64_t>(d - dim)) != sizes[d])
          return tsvm::vm::fail(vm, vm.types.ValueError, "expected sequence of length %lld at dim %zu (got %lld)",
                                static_cast<long long>(sizes[d]), d,
                                static_cast<long long>(t.size(static_cast<int64_t>(d - dim))));
      Tensor plain = ops::op::contiguous(ops::op::to(ops::detach(t), dtype));
      std::memcpy(out, plain.data(), static_cast<size_t>(plain.numel()) * item);
      out += static_cast<size_t>(plain.numel()) * item;
      return true;
    }
    if (dim == sizes.size()) {
      if (!store_number(vm, v, dtype, out)) return false;
      out += item;
      return true;
    }
    if (!is_sequence(v)) return fail_text(vm.types.TypeError, "not a sequence");
    int64_t n = size_of(vm, v);
    if (n < 0) return false;
    if (n != sizes[dim])
      return tsvm::vm::fail(vm, vm.types.ValueError, "expected sequence of length %lld at dim %zu (got %lld)",
                            static_cast<long long>(sizes[dim]), dim, static_cast<long long>(n));
    if (dim + 1 == sizes.size() && is_kind(v, Kind::List)) {  // rows of plain numbers
      auto* l = as<List>(v);
      if (l->element == ElementKind::Float && dtype == DType::Float32) {
        auto* p = reinterpret_cast<float*>(out);
        for (int64_t i = 0; i < n; i++) p[i] = static_cast<float>(l->floats[i]);
        out += static_cast<size_t>(n) * item;
        return true;
      }
      if ((l->element == ElementKind::Float && dtype == DType::Float64) ||
          (l->element == ElementKind::Int && dtype == DType::Int64)) {
        std::memcpy(out, l->data, static_cast<size_t>(n) * 8);
        out += static_cast<size_t>(n) * item;
        return true;
      }
      if (l->element == ElementKind::Int && dtype == DType::Float32) {
        auto* p = reinterpret_cast<float*>(out);
        for (int64_t i = 0; i < n; i++) p[i] = static_cast<float>(l->ints[i]);
        out += static_cast<size_t>(n) * item;
        return true;
      }
    }
    for (int64_t i = 0; i < n; i++) {
      Ref item_value(item_at(vm, v, i));
      if (item_value.is_error() || !fill(*item_value, dim + 1, out)) return false;
    }
    return true;
  }

  bool fail_text(Type* type, const char* text) { return tsvm::vm::fail(vm, type, "%s", text); }
};

Value number_at(VM& vm, const char* p, DType t) {
  switch (t) {
    case DType::Float32: return Value::number(*reinterpret_cast<const float*>(p));
    case DType::Float64: return Value::number(*reinterpret_cast<const double*>(p));
    case DType::Int64: return Value::integer(*reinterpret_cast<const int64_t*>(p));
    case DType::Bool: return Value::boolean(*reinterpret_cast<const bool*>(p));
    default: break;
  }
  ops::Scalar s;
  TSVM_DISPATCH_ALL(t, "tolist", { s = ops::Scalar::of(*reinterpret_cast<const scalar_t*>(p)); });
  return box(vm, s);
}

Value list_at(VM& vm, const Tensor& t, int64_t dim, const char* p) {
  if (dim == t.dim()) return number_at(vm, p, t.dtype());
  auto size = static_cast<uint64_t>(t.size(dim));
  int64_t step = t.stride(dim) * static_cast<int64_t>(t.itemsize());
  Ref list(make_list(vm));
  list_reserve(vm, as<List>(*list), size);
  for (uint64_t i = 0; i < size; i++) {
    Ref item(list_at(vm, t, dim + 1, p + static_cast<int64_t>(i) * step));
    list_append(vm, as<List>(*list), *item);
  }
  return list.take();
}

}  // namespace

Value tensor_from_data(VM& vm, Value data, std::optional<DType> dtype, ops::Device device) {
  try {
    if (data.is_tensor()) {
      Tensor t = ops::detach(unpack_tensor(data));
      return box(vm, ops::op::clone(dtype ? ops::op::to(t, *dtype) : t));
    }
    ops::DimVector sizes;
    if (!shape_of(vm, data, sizes)) return Value::error();
    if (!dtype && !dtype_of(vm, data, dtype)) return Value::error();
    if (!dtype) dtype = ops::default_dtype();
    if (is_str(data)) return raise(vm, vm.types.TypeError, "new(): invalid data type 'str'");
    Tensor t = ops::empty(sizes, *dtype);
    if (t.numel() > 0) {
      char* out = static_cast<char*>(t.data());
      if (!Filler{vm, sizes, *dtype, t.itemsize()}.fill(data, 0, out)) return Value::error();
    }
    if (!device.is_cpu()) t = ops::op::to(t, device, *dtype);
    return box(vm, std::move(t));
  } catch (const ops::Error& e) {
    return raise_error(vm, e);
  }
}

Value tensor_to_list(VM& vm, Value tensor) {
  try {
    Tensor t = unpack_tensor(tensor);
    if (!t.is_cpu()) t = ops::op::to(t, ops::Device());
    return list_at(vm, t, 0, static_cast<const char*>(t.data()));
  } catch (const ops::Error& e) {
    return raise_error(vm, e);
  }
}

Value tensor_item(VM& vm, Value tensor) {
  try {
    const Tensor& t = unpack_tensor(tensor);
    if (t.numel() != 1)
      return raise(vm, vm.types.ValueError, "only one element tensors can be converted to Python scalars");
    if (t.is_cpu()) return number_at(vm, static_cast<const char*>(t.data()), t.dtype());
    return box(vm, ops::item(t));
  } catch (const ops::Error& e) {
    return raise_error(vm, e);
  }
}

}  // namespace tsvm::stdlib

// An index is a tuple of ints, slices, None, Ellipsis, bools and tensors (or lists, which become tensors). All but the
// last two are views and are applied one after the other; tensors and bools are collected, one per dimension that they
// index, and applied at the end by one `index` or `index_put_`.
#include "stdlib/native/torch/indexing.h"

#include <algorithm>
#include <string>
#include <vector>

#include "ops/operators.h"
#include "stdlib/native/torch/factory.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"
#include "vm/native.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ops::ErrorKind;
using ops::Tensor;

namespace {

struct Index {
  Tensor view;                  // after all that are views
  std::vector<Tensor> gathers;  // per dimension of view: a tensor, or undefined
  bool gathering = false;
};

bool is_index_type(ops::DType t) { return t == ops::DType::Int64 || t == ops::DType::Bool || t == ops::DType::UInt8; }

/// An int given by a number or an integer tensor without dimensions.
bool to_int(VM& vm, Value v, int64_t& out) {
  if (v.is_int()) {
    out = v.i;
    return true;
  }
  if (v.is_tensor()) {
    out = unpack_int(v);
    return true;
  }
  return arg_int(vm, v, out);
}

/// One bound of a slice: None gives nothing.
bool bound(VM& vm, Value v, std::optional<int64_t>& out) {
  if (v.is_none()) return true;
  int64_t i = 0;
  if (v.is_tensor())
    i = unpack_int(v);
  else if (!arg_int_clamped(vm, v, i))
    return false;
  out = i;
  return true;
}

/// The dimensions that an index takes away from the tensor.
int64_t dims_taken(Value v) {
  if (v.is_none() || v.tag == Tag::Ellipsis || v.is_bool()) return 0;
  if (v.is_tensor()) {
    ops::DType t = v.t->dtype();
    if (t == ops::DType::Bool || t == ops::DType::UInt8) return v.t->dim();
  }
  return 1;
}

void gather_at(Index& index, int64_t dim, Tensor t) {
  if (index.gathers.size() <= static_cast<size_t>(dim)) index.gathers.resize(static_cast<size_t>(dim) + 1);
  index.gathers[static_cast<size_t>(dim)] = std::move(t);
  index.gathering = true;
}

/// False: an exception is pending. May throw ops::Error.
bool parse(VM& vm, const Tensor& self, Value key, Index& out) {
  Ref keep;
  std::span<const Value> items(&key, 1);
  if (is_kind(key, Kind::Tuple)) {
    items = as<Tuple>(key)->span();
  } else if (is_kind(key, Kind::List)) {
    // A list that holds slices, None, ..., tensors or other sequences is an old way to write a tuple.
    bool as_tuple = false;
    if (as<List>(key)->element == ElementKind::Any && as<List>(key)->size < 32)
      for (uint64_t i = 0; i < as<List>(key)->size; i++) {
        Value v = as<List>(key)->values[i];
        as_tuple |= is_kind(v, Kind::Slice) || v.is_none() || v.tag == Tag::Ellipsis || is_kind(v, Kind::List) ||
                    is_kind(v, Kind::Tuple) || (v.is_tensor() && v.t->dim() > 0);
      }
    if (as_tuple) {
      keep = Ref(make_tuple_from(vm, key));
      items = as<Tuple>(*keep)->span();
    }
  }
  if (self.dim() == 0 && (key.is_int() || (key.is_tensor() && dims_taken(key) == 1)))
    ops::fail(
        ErrorKind::IndexError,
        "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
        "0-dim tensor to a number");
  int64_t taken = 0;
  for (Value v : items) taken += dims_taken(v);
  if (taken > self.dim()) ops::fail(ErrorKind::IndexError, "too many indices for tensor of dimension ", self.dim());
  out.view = self;
  int64_t dim = 0;
  bool seen_ellipsis = false;
  for (size_t position = 0; position < items.size(); position++) {
    const Value v = items[position];
    if (v.is_bool()) {
      out.view = ops::op::unsqueeze(out.view, dim);
      Tensor mask = ops::scalar_tensor(ops::Scalar(v.i != 0), ops::DType::Bool);
      gather_at(out, dim, ops::op::unsqueeze(mask, 0));
      dim++;
    } else if (v.is_int() || (v.is_object() && is_integer(v)) ||
               (v.is_tensor() && v.t->dim() == 0 && ops::info(v.t->dtype()).category == ops::DTypeCategory::Integral &&
                v.t->dtype() != ops::DType::UInt8)) {
      int64_t i;
      if (!to_int(vm, v, i)) return false;
      int64_t size = out.view.size(dim);
      if (i >= size || i < -size)
        ops::fail(ErrorKind::IndexError, "index ", i, " is out of bounds for dimension ", position, " with size ",
                  size);
      out.view = ops::op::select(out.view, dim, i);
    } else if (is_kind(v, Kind::Slice)) {
      auto* s = as<Slice>(v);
      std::optional<int64_t> start, stop, step;
      if (!bound(vm, s->start, start) || !bound(vm, s->stop, stop) || !bound(vm, s->step, step)) return false;
      if (step && *step == 0) ops::fail(ErrorKind::ValueError, "slice step cannot be zero");
      if (step && *step < 0) ops::fail(ErrorKind::ValueError, "step must be greater than zero");
      if (start || stop || (step && *step != 1))
        out.view = ops::op::slice(out.view, dim, start, stop, step.value_or(1));
      dim++;
    } else if (v.tag == Tag::Ellipsis) {
      if (seen_ellipsis) {
        dim++;  // a second one means a full slice
        continue;
      }
      seen_ellipsis = true;
      dim += self.dim() - taken;
    } else if (v.is_none()) {
      out.view = ops::op::unsqueeze(out.view, dim);
      dim++;
    } else if (v.is_tensor()) {
      Tensor t = unpack_tensor(v);
      if (!is_index_type(t.dtype())) {
        if (ops::info(t.dtype()).category != ops::DTypeCategory::Integral)
          ops::fail(ErrorKind::IndexError, "tensors used as indices must be long, byte or bool tensors");
        t = ops::op::to(t, ops::DType::Int64);
      }
      bool mask = t.dtype() != ops::DType::Int64;
      if (mask && t.dim() == 0) {
        out.view = ops::op::unsqueeze(out.view, dim);
        gather_at(out, dim, ops::op::unsqueeze(t, 0));
        dim++;
        continue;
      }
      int64_t dims = mask ? t.dim() : 1;
      gather_at(out, dim, t);
      dim += dims;
    } else if (is_kind(v, Kind::List) || is_kind(v, Kind::Tuple)) {
      Ref t(tensor_from_data(vm, v, std::nullopt, ops::Device()));
      if (t.is_error()) return false;
      Tensor indices = unpack_tensor(*t);
      if (indices.numel() == 0) indices = ops::op::to(indices, ops::DType::Int64);
      if (!is_index_type(indices.dtype()))
        ops::fail(ErrorKind::IndexError, "tensors used as indices must be long, byte or bool tensors");
      gather_at(out, dim, indices);
      dim += indices.dtype() == ops::DType::Bool ? std::max<int64_t>(indices.dim(), 1) : 1;
    } else {
      // Anything with __index__ counts as an int.
      int64_t i;
      if (is_str(v) || is_bytes_like(v))
        ops::fail(ErrorKind::TypeError, "new(): invalid data type '", type_of(vm, v)->name->view(), "'");
      if (lookup_special_borrow(vm, v, vm.names.index).is_unbound())
        ops::fail(
            ErrorKind::IndexError,
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got ",
            type_of(vm, v)->name->view(), ")");
      if (!arg_int(vm, v, i)) return false;
      out.view = ops::op::select(out.view, dim, i);
    }
  }
  return true;
}

/// Masks over several dimensions take as many places in the list of indices: the places behind them are dropped.
std::vector<Tensor> places(const Index& index) {
  std::vector<Tensor> list;
  for (size_t i = 0; i < index.gathers.size(); i++) {
    list.push_back(index.gathers[i]);
    const Tensor& t = index.gathers[i];
    if (t.defined() && t.dtype() != ops::DType::Int64 && t.dim() > 1) i += static_cast<size_t>(t.dim()) - 1;
  }
  return list;
}

}  // namespace

Value tensor_get_item(VM& vm, Value self, Value key) {
  try {
    Index index;
    if (!parse(vm, unpack_tensor(self), key, index)) return Value::error();
    if (index.gathering) return box(vm, ops::op::index(index.view, places(index)));
    // x[...] and x[:] give a new view, not x itself.
    if (index.view.is_same(unpack_tensor(self))) return box(vm, ops::op::alias(index.view));
    return box(vm, std::move(index.view));
  } catch (const ops::Error& e) {
    return raise_error(vm, e);
  }
}

bool tensor_set_item(VM& vm, Value self, Value key, Value value) {
  if (value.is_unbound()) return fail(vm, vm.types.TypeError, "Tensor does not support deleting items");
  try {
    const Tensor& target = unpack_tensor(self);
    Index index;
    if (!parse(vm, target, key, index)) return false;
    Tensor source;
    if (value.is_tensor()) {
      source = unpack_tensor(value);
    } else if (is_number(value)) {
      ops::Scalar number = unpack_scalar(value);
      if (!index.gathering) {
        ops::op::fill_(index.view, number);
        return true;
      }
      source = ops::scalar_tensor(number, target.dtype());
    } else {
      return fail(vm, vm.types.TypeError, "can't assign a %s to a torch.%sTensor", type_of(vm, value)->name->data,
                  std::string(ops::info(target.dtype()).cpp_name).c_str());
    }
    // Leading dimensions of size 1 beyond the target's are dropped, as NumPy does.
    const Tensor& shape_of = index.view;
    if (!index.gathering)
      while (source.dim() > shape_of.dim() && source.size(0) == 1) source = ops::op::squeeze(source, 0);
    if (!index.gathering) {
      if (source.dim() > 0 && !std::ranges::equal(source.sizes(), index.view.sizes()))
        source = ops::op::expand(source, index.view.sizes());
      ops::op::copy_(index.view, source);
      return true;
    }
    if (source.dtype() != index.view.dtype()) source = ops::op::to(source, index.view.dtype());
    ops::op::index_put_(index.view, places(index), source, false);
    return true;
  } catch (const ops::Error& e) {
    (void)raise_error(vm, e);
    return false;
  }
}

}  // namespace tsvm::stdlib

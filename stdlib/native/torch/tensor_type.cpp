// Tensors as objects of the language. A Value of Tag::Tensor has no object: its type is vm.types.tensor, or
// nn.Parameter when the tensor's flag says so. Attributes that programs set on a tensor are kept in a dict that hangs
// on TensorImpl::user().
//
// Operators (methods, + and the like) come from the generator's tables; what is here is what needs the language:
// attributes, conversion to numbers and lists, iteration, autograd's entry points.
#include "stdlib/native/torch/tensor_type.h"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "ops/autograd/engine.h"
#include "ops/autograd/mode.h"
#include "ops/autograd/variable.h"
#include "ops/operators.h"
#include "ops/tensor/inference.h"
#include "stdlib/native/torch/factory.h"
#include "stdlib/native/torch/indexing.h"
#include "stdlib/native/torch/node_objects.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/storage.h"
#include "stdlib/native/torch/torch_function.h"
#include "stdlib/native/torch/values.h"
#include "vm/native.h"
#include "vm/tensor_user.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ir::ArithOp;
using ir::CompareOp;
using ops::DType;
using ops::Tensor;
namespace autograd = ops::autograd;

ops::PrintOptions& print_options() {
  thread_local ops::PrintOptions options;
  return options;
}

namespace {

const Tensor& self_of(const Value& v) { return unpack_tensor(v); }

/// guarded() for slots that say only whether they succeeded.
template <class Fn>
bool guarded_bool(VM& vm, Fn&& fn) {
  try {
    return fn();
  } catch (const ops::Error& e) {
    (void)raise_error(vm, e);
    return false;
  }
}

// --- attributes that programs set
// ----------------------------------------------------------------------------------------

void drop_user(void* user, ops::TensorImpl*) noexcept {
  auto* u = static_cast<TensorUser*>(user);
  if (u->dict) release(Value::object(u->dict));
  if (u->type) release(Value::object(u->type));
  delete u;
}

TensorUser* user_of(VM& vm, const Tensor& t) {
  auto* u = static_cast<TensorUser*>(t->user());
  if (!u) {
    u = new TensorUser{&vm, nullptr};
    t->set_user(u, drop_user);
  }
  return u;
}

Dict* own_dict(VM& vm, const Tensor& t, bool make) {
  auto* u = make ? user_of(vm, t) : static_cast<TensorUser*>(t->user());
  if (make && !u->dict) u->dict = as<Dict>(make_dict(vm));
  return u ? u->dict : nullptr;
}

/// Methods that are written in the language, in torch._methods: found there when they are first asked for, and kept in
/// the class from then on. Operators of PyTorch that are not there yet say so.
Value language_method(VM& vm, Value self, Str* name) {
  if (name->view().starts_with("__") || !vm.callbacks.import_module) return Value::unbound();
  Ref module(vm.callbacks.import_module(vm, "torch._methods"));
  if (module.is_error()) return Value::error();
  Value methods = dict_get_borrow(as<Module>(*module)->dict, vm.name("METHODS"));
  Value found = is_kind(methods, Kind::Dict) ? dict_get_borrow(as<Dict>(methods), name) : Value::unbound();
  if (!found.is_unbound()) {
    dict_set(vm, vm.types.tensor->dict, name, found);
    return make_bound_method(vm, found, self);
  }
  for (const char* missing : kMissingOperators)
    if (missing && name->view() == missing)
      return raise(vm, vm.types.NotImplementedError, "Tensor.%s is a method of PyTorch that tsvm does not have yet",
                   missing);
  return Value::unbound();
}

Value get_attr_slot(VM& vm, Value self, Str* name) {
  if (has_own_torch_function(vm, self)) {
    Value descriptor = lookup_in_type_borrow(vm.types.tensor, name);
    if (descriptor.is_object() && descriptor.o->type == vm.types.getset_descriptor &&
        descriptor.same(lookup_in_type_borrow(type_of(vm, self), name))) {
      return attribute_by_protocol(vm, self, name);
    }
  }
  Ref found(default_get_attr(vm, self, name));
  if (found->is_tensor() && tensor_subclass(self) && !tensor_subclass(*found) && name->view() != "grad" &&
      name->view() != "_base")
    set_tensor_class(vm, *found, tensor_subclass(self));
  if (found.is_error() || !found->is_unbound()) return found.take();
  if (Dict* d = own_dict(vm, self_of(self), false)) {
    if (name == vm.names.dict_) return new_ref(Value::object(d));
    Value v = dict_get_borrow(d, name);
    if (!v.is_unbound()) return new_ref(v);
  }
  if (name == vm.names.dict_) return new_ref(Value::object(own_dict(vm, self_of(self), true)));
  return language_method(vm, self, name);
}

bool set_attr_slot(VM& vm, Value self, Str* name, Value value) {
  if (name->view() == "__class__" && is_kind(value, Kind::Type) &&
      is_subtype(static_cast<Type*>(value.o), vm.types.tensor)) {
    set_tensor_class(vm, self, static_cast<Type*>(value.o));
    return true;
  }
  Value descriptor = lookup_in_type_borrow(type_of(vm, self), name);
  if (descriptor.is_object() && descriptor.o->type->slots.descr_set)
    return descriptor.o->type->slots.descr_set(vm, descriptor, self, value);
  if (value.is_unbound()) {
    Dict* d = own_dict(vm, self_of(self), false);
    if (d && dict_delete(vm, d, name)) return true;
    (void)raise_attribute_error(vm, self, name);
    return false;
  }
  dict_set(vm, own_dict(vm, self_of(self), true), name, value);
  return true;
}

// --- attributes
// -----------------------------------------------------------------------------------------------------------------

bool set_grad(VM& vm, Value self, Value value) {
  return guarded_bool(vm, [&] {
    if (value.is_unbound() || value.is_none()) {
      autograd::set_grad(self_of(self), Tensor());
      return true;
    }
    Tensor grad;
    if (!unbox_gradient(vm, value, grad))
      return fail(vm, vm.types.TypeError, "assigned grad expected to be a Tensor or None but got grad of type%s",
                  type_of(vm, value)->name->data);
    autograd::set_grad(self_of(self), grad);
    return true;
  });
}

bool set_data(VM& vm, Value self, Value value) {
  if (!value.is_tensor())
    return fail(vm, vm.types.TypeError, "Variable data has to be a tensor, but got %s",
                value.is_unbound() ? "nothing" : type_of(vm, value)->name->data);
  return guarded_bool(vm, [&] {
    const Tensor &t = self_of(self), &from = self_of(value);
    t->set_storage(from.share_storage(), from.dtype());
    t->set_geometry(from.sizes(), from.strides(), from.storage_offset());
    return true;
  });
}

/// "torch.FloatTensor"
std::string tensor_type_name(const Tensor& t) {
  return std::string(t.device().is_cuda() ? "torch.cuda." : "torch.") + ops::info(t.dtype()).cpp_name + "Tensor";
}

/// The size of a dimension: while something is traced, a tensor that the trace follows.
Value traced_size(VM& vm, Value self, int64_t dim) {
  if (const TraceHooks* trace = torch_types(vm).trace)
    if (Value v = trace->size(vm, self, dim); !v.is_unbound()) return v;
  return Value::integer(dim < 0 ? self_of(self).numel() : self_of(self).size(dim));
}

Value whole_size(VM& vm, Value self) {
  Value size = box_size(vm, self_of(self).sizes());
  if (torch_types(vm).trace) {
    auto* t = as<Tuple>(size);
    for (uint32_t i = 0; i < t->size; i++) t->items[i] = traced_size(vm, self, i);
  }
  return size;
}

Value numel(VM& vm, const Value* a) {
  if (has_own_torch_function(vm, a[0])) return method_by_protocol(vm, "numel", {a, 1});
  return traced_size(vm, a[0], -1);
}

/// An attribute that is an operator, told to a trace.
template <class Fn>
Value operator_attribute(VM& vm, Value self, const char* op, Fn&& fn) {
  Value result = guarded(vm, std::forward<Fn>(fn));
  if (const TraceHooks* trace = torch_types(vm).trace; trace && !result.is_error())
    trace->attribute(vm, op, self, result);
  return result;
}

Value deprecated_t(VM& vm, Value self) {
  return operator_attribute(vm, self, "aten::numpy_T", [&] {
    const Tensor& t = self_of(self);
    ops::DimVector dims;
    for (int64_t d = t.dim() - 1; d >= 0; d--) dims.push_back(d);
    return box(vm, ops::op::permute(t, dims));
  });
}

/// x.real = value.
template <class Part>
bool set_part(VM& vm, Value value, Part&& part) {
  return guarded_bool(vm, [&] {
    if (value.is_tensor())
      ops::op::copy_(part(), self_of(value));
    else if (is_number(value))
      ops::op::fill_(part(), unpack_scalar(value));
    else
      return fail(vm, vm.types.TypeError, "a part of a complex tensor is set to a tensor or a number");
    return true;
  });
}

const GetSetDef kAttributes[] = {
    {"shape", whole_size},
    {"dtype", [](VM& vm, Value self) { return box(vm, self_of(self).dtype()); }},
    {"device", [](VM& vm, Value self) { return box(vm, self_of(self).device()); }},
    {"layout", [](VM& vm, Value self) { return make_layout(vm, self_of(self).layout()); }},
    {"ndim", [](VM&, Value self) { return Value::integer(self_of(self).dim()); }},
    {"itemsize", [](VM&, Value self) { return Value::integer(static_cast<int64_t>(self_of(self).itemsize())); }},
    {"nbytes", [](VM&, Value self) { return Value::integer(static_cast<int64_t>(self_of(self).nbytes())); }},
    {"requires_grad", [](VM&, Value self) { return Value::boolean(self_of(self).requires_grad()); },
     [](VM& vm, Value self, Value value) {
       if (!value.is_bool()) return fail(vm, vm.types.RuntimeError, "requires_grad must be a bool");
       return guarded_bool(vm, [&] {
         autograd::set_requires_grad(self_of(self), value.is_true(),
                                     "only Tensors of floating point and complex dtype can require gradients");
         return true;
       });
     }},
    {"grad",
     [](VM& vm, Value self) { return guarded(vm, [&] { return box_gradient(vm, autograd::grad(self_of(self))); }); },
     set_grad},
    {"grad_fn",
     [](VM& vm, Value self) { return guarded(vm, [&] { return make_node(vm, autograd::grad_fn(self_of(self))); }); },
     [](VM& vm, Value, Value) {
       return fail(vm, vm.types.AttributeError,
                   "attribute 'grad_fn' of 'torch._C._TensorBase' objects is not writable");
     }},
    {"is_leaf", [](VM&, Value self) { return Value::boolean(autograd::is_leaf(self_of(self))); }},
    {"retains_grad", [](VM&, Value self) { return Value::boolean(autograd::retains_grad(self_of(self))); }},
    {"output_nr", [](VM&, Value self) { return Value::integer(autograd::result_number(self_of(self))); }},
    {"_version",
     [](VM& vm, Value self) {
       if (ops::is_inference(self_of(self)))
         return raise(vm, vm.types.RuntimeError, "Inference tensors do not track version counter.");
       return Value::integer(self_of(self).version());
     }},
    {"_base",
     [](VM& vm, Value self) {
       return autograd::is_view(self_of(self)) ? box(vm, autograd::view_base(self_of(self))) : Value::none();
     }},
    {"data", [](VM& vm, Value self) { return guarded(vm, [&] { return box(vm, autograd::data_of(self_of(self))); }); },
     set_data},
    {"T", deprecated_t},
    {"mT",
     [](VM& vm, Value self) {
       return operator_attribute(vm, self, "aten::mT", [&] {
         const Tensor& t = self_of(self);
         OPS_CHECK(t.dim() != 1, RuntimeError,
                   "tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.");
         return box(vm, t.dim() == 0 ? ops::op::alias(t) : ops::op::transpose(t, -2, -1));
       });
     }},
    {"is_cuda", [](VM&, Value self) { return Value::boolean(self_of(self).device().is_cuda()); }},
    {"is_cpu", [](VM&, Value self) { return Value::boolean(self_of(self).is_cpu()); }},
    {"is_meta", [](VM&, Value self) { return Value::boolean(self_of(self).is_meta()); }},
    {"is_sparse", [](VM&, Value self) { return Value::boolean(self_of(self).layout() == ops::Layout::SparseCoo); }},
    {"is_quantized", [](VM&, Value) { return Value::boolean(false); }},
    {"is_mkldnn", [](VM&, Value) { return Value::boolean(false); }},
    {"is_sparse_csr", [](VM&, Value) { return Value::boolean(false); }},
    {"is_nested", [](VM&, Value) { return Value::boolean(false); }},
    {"is_mps", [](VM&, Value) { return Value::boolean(false); }},
    {"is_xpu", [](VM&, Value) { return Value::boolean(false); }},
    {"is_xla", [](VM&, Value) { return Value::boolean(false); }},
    {"is_ipu", [](VM&, Value) { return Value::boolean(false); }},
    {"is_hpu", [](VM&, Value) { return Value::boolean(false); }},
    {"is_ort", [](VM&, Value) { return Value::boolean(false); }},
    {"is_vulkan", [](VM&, Value) { return Value::boolean(false); }},
    {"name", [](VM&, Value) { return Value::none(); }},
    {"volatile", [](VM&, Value) { return Value::boolean(false); }},
    {"_grad",
     [](VM& vm, Value self) { return guarded(vm, [&] { return box_gradient(vm, autograd::grad(self_of(self))); }); }},
    {"real",
     [](VM& vm, Value self) {
       return operator_attribute(vm, self, "aten::real", [&] { return box(vm, ops::op::real(self_of(self))); });
     },
     [](VM& vm, Value self, Value value) { return set_part(vm, value, [&] { return ops::op::real(self_of(self)); }); }},
    {"imag",
     [](VM& vm, Value self) {
       return operator_attribute(vm, self, "aten::imag", [&] { return box(vm, ops::op::imag(self_of(self))); });
     },
     [](VM& vm, Value self, Value value) { return set_part(vm, value, [&] { return ops::op::imag(self_of(self)); }); }},
    {"H",
     [](VM& vm, Value self) {
       return operator_attribute(vm, self, "aten::matrix_H", [&] {
         const Tensor& t = self_of(self);
         OPS_CHECK(t.dim() == 2 || t.dim() == 0, RuntimeError,
                   "tensor.H is only supported on matrices (2-D tensors). Got ", t.dim(), "-D tensor.",
                   t.dim() > 2 ? " For batches of matrices, consider using tensor.mH" : "");
         return box(vm, t.dim() == 0 ? ops::op::conj(t) : ops::op::adjoint(t));
       });
     }},
    {"mH",
     [](VM& vm, Value self) {
       return operator_attribute(vm, self, "aten::mH", [&] {
         const Tensor& t = self_of(self);
         OPS_CHECK(t.dim() != 1, RuntimeError,
                   "tensor.mH is only supported on matrices or batches of matrices. Got 1-D tensor.");
         return box(vm, t.dim() == 0 ? ops::op::conj(t) : ops::op::adjoint(t));
       });
     }},
    {"names",
     [](VM& vm, Value self) {
       Ref list(make_list(vm));
       for (int64_t i = 0; i < self_of(self).dim(); i++) list_append(vm, as<List>(*list), Value::none());
       return make_tuple_from(vm, *list);
     }},
};

// --- methods
// ----------------------------------------------------------------------------------------------------------------------

Value method_size(VM& vm, const Value* a) {
  if (a[1].is_none()) return whole_size(vm, a[0]);
  int64_t d;
  if (!arg_int(vm, a[1], d)) return Value::error();
  return guarded(vm, [&] {
    (void)self_of(a[0]).size(d);  // in range
    return traced_size(vm, a[0], d < 0 ? d + self_of(a[0]).dim() : d);
  });
}

Value method_stride(VM& vm, const Value* a) {
  if (a[1].is_none()) return box_int_list(vm, self_of(a[0]).strides());
  int64_t d;
  if (!arg_int(vm, a[1], d)) return Value::error();
  return guarded(vm, [&] { return Value::integer(self_of(a[0]).stride(d)); });
}

/// A sequence of tensors (or one, or None) as a list; Nones become undefined tensors.
bool tensors_of(VM& vm, Value v, std::vector<Tensor>& out, const char* what) {
  if (v.is_none()) return true;
  if (v.is_tensor()) {
    out.push_back(self_of(v));
    return true;
  }
  return for_each(vm, v, [&](Value item) {
    if (!item.is_tensor() && !item.is_none())
      return fail(vm, vm.types.TypeError, "%s can be either Tensors or Nones, but got %s", what,
                  type_of(vm, item)->name->data);
    out.push_back(unpack_optional_tensor(item));
    return true;
  });
}

Value method_backward(VM& vm, const Value* a) {
  std::vector<Tensor> roots{self_of(a[0])}, grads, inputs;
  if (!tensors_of(vm, a[1], grads, "gradients") || !tensors_of(vm, a[4], inputs, "inputs")) return Value::error();
  grads.resize(1);
  autograd::BackwardOptions options{.sparse = true};
  options.create_graph = truth(vm, a[3]) == 1;
  options.keep_graph = a[2].is_none() ? options.create_graph : truth(vm, a[2]) == 1;
  if (!a[4].is_none() && inputs.empty())
    return raise(vm, vm.types.RuntimeError, "'inputs' argument to backward cannot be empty.");
  return guarded(vm, [&] {
    autograd::backward(roots, grads, options, inputs);
    return Value::none();
  });
}

Value method_requires_grad_(VM& vm, const Value* a) {
  if (!a[1].is_bool())
    return raise(vm, vm.types.TypeError, "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not %s",
                 type_of(vm, a[1])->name->data);
  return guarded(vm, [&] {
    autograd::set_requires_grad(self_of(a[0]), a[1].is_true(),
                                "only Tensors of floating point dtype can require gradients");
    return new_ref(a[0]);
  });
}

Value method_register_hook(VM& vm, const Value* a) {
  return guarded(vm, [&] {
    auto hook = make_hook(vm, a[1]);
    auto id = autograd::add_hook(self_of(a[0]), hook);
    Ref module(vm.callbacks.import_module ? vm.callbacks.import_module(vm, "torch.utils.hooks") : Value::error());
    if (module.is_error()) return Value::error();
    Value args[] = {a[0], Value::integer(static_cast<int64_t>(id))};
    return call_method(vm, *module, "TensorHookHandle", args);
  });
}

Value method_remove_hook(VM& vm, const Value* a) {
  autograd::remove_hook(self_of(a[0]), static_cast<uint64_t>(a[1].i));
  (void)vm;
  return Value::none();
}

Value method_is_contiguous(VM&, const Value* a) {
  ops::MemoryFormat f = a[1].is_object() ? unpack_memory_format(a[1]) : ops::MemoryFormat::Contiguous;
  return Value::boolean(self_of(a[0]).is_contiguous(f));
}

Value method_untyped_storage(VM& vm, const Value* a) {
  Ref typed(make_storage(vm, self_of(a[0]).share_storage(), self_of(a[0]).dtype()));
  return call_method(vm, *typed, "untyped");
}

Value method_storage(VM& vm, const Value* a) {
  return make_storage(vm, self_of(a[0]).share_storage(), self_of(a[0]).dtype());
}

const NativeDef kMethods[] = {
    {"size(self, dim=None)", method_size},
    {"stride(self, dim=None)", method_stride},
    {"dim(self, /)", [](VM&, const Value* a) { return Value::integer(self_of(a[0]).dim()); }},
    {"ndimension(self, /)", [](VM&, const Value* a) { return Value::integer(self_of(a[0]).dim()); }},
    {"numel(self, /)", numel},
    {"nelement(self, /)", numel},
    {"element_size(self, /)",
     [](VM&, const Value* a) { return Value::integer(static_cast<int64_t>(self_of(a[0]).itemsize())); }},
    {"storage_offset(self, /)", [](VM&, const Value* a) { return Value::integer(self_of(a[0]).storage_offset()); }},
    {"data_ptr(self, /)",
     [](VM&, const Value* a) { return Value::integer(reinterpret_cast<int64_t>(self_of(a[0]).data())); }},
    {"get_device(self, /)",
     [](VM&, const Value* a) {
       return Value::integer(self_of(a[0]).device().is_cuda() ? self_of(a[0]).device().index : -1);
     }},
    {"is_contiguous(self, memory_format=None)", method_is_contiguous},
    {"is_floating_point(self, /)",
     [](VM&, const Value* a) {
       return Value::boolean(ops::info(self_of(a[0]).dtype()).category == ops::DTypeCategory::Floating);
     }},
    {"is_complex(self, /)",
     [](VM&, const Value* a) {
       return Value::boolean(ops::info(self_of(a[0]).dtype()).category == ops::DTypeCategory::Complex);
     }},
    {"is_signed(self, /)",
     [](VM&, const Value* a) {
       return Value::boolean(self_of(a[0]).dtype() != DType::UInt8 && self_of(a[0]).dtype() != DType::Bool);
     }},
    {"is_conj(self, /)", [](VM&, const Value*) { return Value::boolean(false); }},
    {"is_neg(self, /)", [](VM&, const Value*) { return Value::boolean(false); }},
    {"is_pinned(self, /, device=None)", [](VM&, const Value*) { return Value::boolean(false); }},
    {"is_nonzero(self, /)",
     [](VM& vm, const Value* a) {
       const int yes = truth(vm, a[0]);
       return yes < 0 ? Value::error() : Value::boolean(yes == 1);
     }},
    {"is_same_size(self, other, /)",
     [](VM& vm, const Value* a) {
       if (!a[1].is_tensor()) return raise(vm, vm.types.TypeError, "is_same_size(): argument 'other' must be Tensor");
       return Value::boolean(self_of(a[0]).sizes() == self_of(a[1]).sizes());
     }},
    {"is_set_to(self, tensor, /)",
     [](VM& vm, const Value* a) {
       if (!a[1].is_tensor()) return raise(vm, vm.types.TypeError, "is_set_to(): argument 'tensor' must be Tensor");
       const Tensor &t = self_of(a[0]), &u = self_of(a[1]);
       return Value::boolean(t.storage() == u.storage() && t.storage_offset() == u.storage_offset() &&
                             t.sizes() == u.sizes() && t.strides() == u.strides());
     }},
    {"is_inference(self, /)", [](VM&, const Value* a) { return Value::boolean(ops::is_inference(self_of(a[0]))); }},
    {"is_shared(self, /)",
     [](VM&, const Value* a) { return Value::boolean(self_of(a[0]).storage()->has(ops::StorageImpl::kShared)); }},
    {"share_memory_(self, /)",
     [](VM& vm, const Value* a) {
       return guarded(vm, [&] {
         self_of(a[0]).storage()->share();
         return new_ref(a[0]);
       });
     }},
    {"nonzero(self, /, *, as_tuple=False)",
     [](VM& vm, const Value* a) {
       const int as_tuple = truth(vm, a[1]);
       if (as_tuple < 0) return Value::error();
       return guarded(vm, [&] {
         return as_tuple ? box(vm, ops::op::nonzero_numpy(self_of(a[0]))) : box(vm, ops::op::nonzero(self_of(a[0])));
       });
     }},
    {"item(self, /)",
     [](VM& vm, const Value* a) { return leaves_trace(vm, "number") ? tensor_item(vm, a[0]) : Value::error(); }},
    {"tolist(self, /)",
     [](VM& vm, const Value* a) { return leaves_trace(vm, "list") ? tensor_to_list(vm, a[0]) : Value::error(); }},
    {"backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None)", method_backward},
    {"requires_grad_(self, requires_grad=True)", method_requires_grad_},
    {"detach_(self, /)",
     [](VM& vm, const Value* a) {
       return guarded(vm, [&] {
         autograd::detach_in_place(self_of(a[0]));
         return new_ref(a[0]);
       });
     }},
    {"retain_grad(self, /)",
     [](VM& vm, const Value* a) {
       return guarded(vm, [&] {
         autograd::retain_grad(self_of(a[0]));
         return Value::none();
       });
     }},
    {"register_hook(self, hook, /)", method_register_hook},
    {"_remove_hook(self, id, /)", method_remove_hook},
    {"storage(self, /)", method_storage},
    {"_storage(self, /)", method_untyped_storage},
    {"untyped_storage(self, /)", method_untyped_storage},
    {"_type_name(self, /)", [](VM& vm, const Value* a) { return make_str(vm, tensor_type_name(self_of(a[0]))); }},
    {"_is_view(self, /)", [](VM&, const Value* a) { return Value::boolean(autograd::is_view(self_of(a[0]))); }},
    {"numpy(self, /, *, force=False)",
     [](VM& vm, const Value*) {
       return raise(vm, vm.types.NotImplementedError,
                    "there is no NumPy here: use tolist(), or keep the data in tensors");
     }},
    {"__array__(self, dtype=None)",
     [](VM& vm, const Value*) {
       return raise(vm, vm.types.NotImplementedError,
                    "there is no NumPy here: use tolist(), or keep the data in tensors");
     }},
};

// --- slots
// --------------------------------------------------------------------------------------------------------------------------

Value repr_slot(VM& vm, Value self) {
  if (has_own_torch_function(vm, self)) return method_by_protocol(vm, "__repr__", {&self, 1});
  return guarded(vm, [&] {
    const Tensor& t = self_of(self);
    ops::PrintInfo info;
    autograd::Node* node = autograd::grad_fn(t);
    if (node) info.grad_fn = node->name_of(autograd::result_number(t));
    info.requires_grad = t.requires_grad();
    const Type* type = type_of(vm, self);
    if (type != vm.types.tensor && type != vm.types.parameter) info.type_name = type->name->view();
    autograd::GradMode off(false);
    std::string text = ops::to_string(ops::detach(t), info, print_options());
    if (t->has(ops::TensorImpl::kParameter)) {
      info.requires_grad = t.requires_grad();
      text = "Parameter containing:\n" + text;
    }
    return make_str(vm, text);
  });
}

Value format_slot(VM& vm, Value self, Value spec) {
  if (self_of(self).dim() == 0 && !self_of(self).is_meta()) {
    Ref number(tensor_item(vm, self));
    return number.is_error() ? Value::error() : format(vm, *number, spec);
  }
  if (text_of(spec).empty()) return str(vm, self);
  return raise(vm, vm.types.TypeError, "unsupported format string passed to %s.__format__",
               type_of(vm, self)->name->data);
}

bool hash_slot(VM&, Value self, uint64_t& out) {
  out = reinterpret_cast<uint64_t>(self.t) >> 4;
  return true;
}

int truth_slot(VM& vm, Value self) {
  if (!leaves_trace(vm, "boolean")) return -1;
  const Tensor& t = self_of(self);
  if (t.numel() != 1) {
    (void)raise(vm, vm.types.RuntimeError,
                t.numel() == 0 ? "Boolean value of Tensor with no values is ambiguous"
                               : "Boolean value of Tensor with more than one value is ambiguous");
    return -1;
  }
  try {
    return ops::item(t).to_bool();
  } catch (const ops::Error& e) {
    (void)raise_error(vm, e);
    return -1;
  }
}

int contains_slot(VM& vm, Value self, Value item) {
  if (!item.is_tensor() && !is_number(item)) {
    (void)raise(vm, vm.types.RuntimeError,
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a <class '%s'>.",
                type_of(vm, item)->name->data);
    return -1;
  }
  Ref same(compare(vm, CompareOp::Eq, self, item));
  if (same.is_error()) return -1;
  if (!same->is_tensor()) return truth(vm, *same);
  try {
    return ops::item(ops::op::any(self_of(*same))).to_bool();
  } catch (const ops::Error& e) {
    (void)raise_error(vm, e);
    return -1;
  }
}

int64_t length_slot(VM& vm, Value self) {
  if (self_of(self).dim() == 0) {
    (void)raise(vm, vm.types.TypeError, "len() of a 0-d tensor");
    return -1;
  }
  if (!leaves_trace(vm, "len")) return -1;
  return self_of(self).size(0);
}

Value iter_slot(VM& vm, Value self) {
  if (self_of(self).dim() == 0) return raise(vm, vm.types.TypeError, "iteration over a 0-d tensor");
  if (torch_types(vm).trace) {
    // By the method, which is recorded.
    if (!leaves_trace(vm, "iter")) return Value::error();
    Ref parts(call_method(vm, self, "unbind", {}));
    return parts.is_error() ? Value::error() : get_iter(vm, *parts);
  }
  if (tensor_subclass(self)) {
    Ref parts(call_method(vm, self, "unbind", {}));
    return parts.is_error() ? Value::error() : get_iter(vm, *parts);
  }
  return guarded(vm, [&] {
    Ref parts(box(vm, ops::op::unbind(self_of(self), 0)));
    return get_iter(vm, *parts);
  });
}

Value number_of(VM& vm, Value self) {
  if (self_of(self).numel() != 1)
    return raise(vm, vm.types.ValueError, "only one element tensors can be converted to Python scalars");
  return tensor_item(vm, self);
}

Value to_float_slot(VM& vm, Value self) {
  if (!leaves_trace(vm, "float")) return Value::error();
  Ref n(number_of(vm, self));
  if (n.is_error()) return Value::error();
  if (is_kind(*n, Kind::Complex)) {
    if (as<Complex>(*n)->im != 0)
      return raise(vm, vm.types.RuntimeError, "value cannot be converted to type double without overflow");
    return Value::number(as<Complex>(*n)->re);
  }
  double d;
  return to_double(vm, *n, d) ? Value::number(d) : Value::error();
}

Value to_int_slot(VM& vm, Value self) {
  if (!leaves_trace(vm, "integer")) return Value::error();
  Ref n(number_of(vm, self));
  if (n.is_error()) return Value::error();
  if (is_kind(*n, Kind::Complex)) {
    if (as<Complex>(*n)->im != 0)
      return raise(vm, vm.types.RuntimeError, "value cannot be converted to type int64_t without overflow");
    return make_int_from_double(vm, as<Complex>(*n)->re);
  }
  if (n->is_float()) return make_int_from_double(vm, n->d);
  if (n->is_bool()) return Value::integer(n->i);
  return n.take();
}

Value index_slot(VM& vm, Value self) {
  if (ops::info(self_of(self).dtype()).category != ops::DTypeCategory::Integral || self_of(self).numel() != 1)
    return raise(vm, vm.types.TypeError, "only integer tensors of a single element can be converted to an index");
  if (!leaves_trace(vm, "index")) return Value::error();
  return number_of(vm, self);
}

// --- operators through special methods
// ------------------------------------------------------------------------------------------------

const OperatorEntry* find_entry(std::string_view name) {
  for (const OperatorEntry& e : kOperators)
    if (name == e.name && e.is_method) return &e;
  for (const OperatorEntry& e : kOperators)
    if (name == e.name) return &e;
  return nullptr;
}

/// The entries behind + and the like, found once per VM by the names that the declarations give.
struct SpecialTables : Extension {
  std::array<const OperatorEntry*, static_cast<size_t>(ArithOp::Count)> arith{}, reflected{}, inplace{};
  std::array<const OperatorEntry*, 6> comparison{};  // Lt .. Ge
  std::array<const OperatorEntry*, static_cast<size_t>(ir::UnaryOp::Count)> unary{};
  const OperatorEntry* absolute = nullptr;
  const OperatorEntry* reciprocal = find_entry("reciprocal");
};

constexpr const char* kArithNames[] = {"add",    "sub",    "mul",    "truediv", "floordiv", "mod", "pow",
                                       "matmul", "lshift", "rshift", "and",     "or",       "xor"};
constexpr const char* kCompareNames[] = {"lt", "le", "eq", "ne", "gt", "ge"};

void fill_specials(SpecialTables& tables) {
  for (const OperatorSpecial& s : kOperatorSpecials) {
    std::string_view name = s.name;
    const OperatorEntry* entry = find_entry(s.entry);
    TSVM_CHECK(entry && name.starts_with("__") && name.ends_with("__"), "a special method's operator is missing");
    name = name.substr(2, name.size() - 4);
    auto place = [&](auto& array, const auto& names, std::string_view prefix) {
      for (size_t i = 0; i < std::size(names); i++)
        if (name.size() == prefix.size() + std::strlen(names[i]) && name.starts_with(prefix) &&
            name.ends_with(names[i]))
          array[i] = entry;
    };
    place(tables.arith, kArithNames, "");
    place(tables.reflected, kArithNames, "r");
    place(tables.inplace, kArithNames, "i");
    place(tables.comparison, kCompareNames, "");
    if (name == "neg") tables.unary[static_cast<size_t>(ir::UnaryOp::Neg)] = entry;
    if (name == "pos") tables.unary[static_cast<size_t>(ir::UnaryOp::Pos)] = entry;
    if (name == "invert") tables.unary[static_cast<size_t>(ir::UnaryOp::Invert)] = entry;
    if (name == "abs") tables.absolute = entry;
  }
}

/// entry(a, b) where both operands have kinds that operators take: the overload is chosen by b alone.
Value call_two(VM& vm, const OperatorEntry* entry, Value a, Value b) {
  if (__builtin_expect(protocol_in_use(vm), 0)) {
    Value args[] = {a, b};
    return call_operator(vm, *entry, true, args, {});
  }
  for (const OperatorOverload& o : entry->overloads) {
    ArgKind second = o.params.size() > 1 ? o.params[1].kind : ArgKind::Str;
    if (o.params[0].kind == ArgKind::Tensor &&
        (b.is_tensor() ? second == ArgKind::Tensor : second == ArgKind::Scalar)) {
      Value bound[8] = {a, b};
      if (o.params.size() <= 8 && (o.params.size() == 2 || o.params[2].has_default)) {
        return run_overload(vm, *entry, o, bound);
      }
    }
  }
  Value args[] = {a, b};
  return call_operator(vm, *entry, true, args, {});
}

bool is_operand(Value v) { return v.is_tensor() || is_number(v); }

Value binary_slot(VM& vm, ArithOp op, Value self, Value other, bool reflected) {
  SpecialTables& tables = vm.extension<SpecialTables>();
  size_t i = static_cast<size_t>(op);
  if (!is_operand(other)) {
    // Another class's object that has __torch_function__; without it, Python's rules go on.
    const OperatorEntry* entry = tables.arith[i];
    if (reflected || !entry || !takes_part(vm, other)) return Value::not_implemented();
    Value args[] = {self, other};
    return call_operator(vm, *entry, true, args, {});
  }
  if (!reflected) {
    const OperatorEntry* entry = tables.arith[i];
    return entry ? call_two(vm, entry, self, other) : Value::not_implemented();
  }
  if (const OperatorEntry* entry = tables.reflected[i]) return call_two(vm, entry, self, other);
  // A number on the left is wrapped as a tensor, so that it takes no part in promotion.
  const OperatorEntry* entry = tables.arith[i];
  if (!entry) return Value::not_implemented();
  if (op == ArithOp::Add || op == ArithOp::Mul || op == ArithOp::And || op == ArithOp::Or || op == ArithOp::Xor)
    return call_two(vm, entry, self, other);
  if (op == ArithOp::TrueDiv) {
    Ref inverse(call_operator(vm, *tables.reciprocal, true, {&self, 1}, {}));
    return inverse.is_error() ? Value::error()
                              : call_two(vm, tables.arith[static_cast<size_t>(ArithOp::Mul)], *inverse, other);
  }
  return guarded(vm, [&] {
    Ref left(other.is_tensor() ? new_ref(other) : box(vm, ops::wrapped_number(unpack_scalar(other))));
    return call_two(vm, entry, *left, self);
  });
}

Value inplace_slot(VM& vm, ArithOp op, Value self, Value other) {
  if (!is_operand(other)) return Value::not_implemented();
  SpecialTables& tables = vm.extension<SpecialTables>();
  if (const OperatorEntry* entry = tables.inplace[static_cast<size_t>(op)]) return call_two(vm, entry, self, other);
  return binary_slot(vm, op, self, other, false);
}

Value compare_slot(VM& vm, CompareOp op, Value self, Value other) {
  if (!is_operand(other)) return Value::not_implemented();
  const OperatorEntry* entry = vm.extension<SpecialTables>().comparison[static_cast<size_t>(op)];
  return entry ? call_two(vm, entry, self, other) : Value::not_implemented();
}

Value unary_slot(VM& vm, ir::UnaryOp op, Value self) {
  if (op == ir::UnaryOp::Invert && ops::is_floating_or_complex(self_of(self).dtype()))
    return raise(vm, vm.types.TypeError, "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
  const OperatorEntry* entry = vm.extension<SpecialTables>().unary[static_cast<size_t>(op)];
  if (op == ir::UnaryOp::Pos && !entry) return new_ref(self);
  if (!entry) return Value::not_implemented();
  return call_operator(vm, *entry, true, {&self, 1}, {});
}

Value absolute_slot(VM& vm, Value self) {
  const OperatorEntry* entry = vm.extension<SpecialTables>().absolute;
  return call_operator(vm, *entry, true, {&self, 1}, {});
}

// --- making tensors by calling the class
// ---------------------------------------------------------------------------------------------

Value plain_tensor(VM& vm, std::span<const Value> args, std::span<Str* const> keywords) {
  // torch.Tensor(2, 3): uninitialised memory of that size; torch.Tensor(data): float32.
  if (!keywords.empty())
    return raise(vm, vm.types.TypeError, "new() received an unexpected keyword argument '%s'", keywords[0]->data);
  if (args.size() == 1 && args[0].is_tensor())
    return guarded(vm, [&] { return box(vm, ops::op::alias(self_of(args[0]))); });
  if (args.size() == 1 && args[0].is_object() && args[0].o->type == torch_types(vm).size)
    return guarded(vm, [&] { return box(vm, ops::empty(unpack_int_list(args[0]), ops::default_dtype())); });
  if (args.size() == 1 && !is_integer(args[0]))
    return tensor_from_data(vm, args[0], ops::default_dtype(), ops::Device());
  ops::DimVector sizes;
  for (Value v : args) {
    int64_t n;
    if (!arg_int(vm, v, n)) return Value::error();
    sizes.push_back(n);
  }
  if (args.empty()) sizes.push_back(0);
  return guarded(vm, [&] { return box(vm, ops::empty(sizes, ops::default_dtype())); });
}

Value tensor_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  Value made = plain_tensor(vm, args, keywords);
  if (type != vm.types.tensor && made.is_tensor()) set_tensor_class(vm, made, type);
  return made;
}

Value parameter_create(VM& vm, Type* type, std::span<const Value> args, std::span<Str* const> keywords) {
  static const NativeDef kDef = {"Parameter(data=None, requires_grad=True)", nullptr};
  std::vector<Value> a;
  std::vector<Ref> keep;
  if (!bind_args(vm, kDef, args, keywords, a, keep)) return Value::error();
  if (!a[0].is_none() && !a[0].is_tensor())
    return raise(vm, vm.types.TypeError, "Parameter expects a torch.Tensor, got %s", type_of(vm, a[0])->name->data);
  return guarded(vm, [&] {
    Tensor data =
        a[0].is_none() ? ops::empty(ops::DimVector{0}, ops::default_dtype()) : autograd::data_of(self_of(a[0]));
    data->set_flag(ops::TensorImpl::kParameter, true);
    int grad = truth(vm, a[1]);
    if (grad < 0) return Value::error();
    autograd::set_requires_grad(data, grad);
    Value made = box(vm, std::move(data));
    if (type != vm.types.parameter) set_tensor_class(vm, made, type);
    return made;
  });
}

}  // namespace

void set_tensor_class(VM& vm, Value tensor, Type* type) {
  TensorUser* user = user_of(vm, self_of(tensor));
  if (user->type) release(Value::object(user->type));
  const bool plain = type == vm.types.tensor || type == vm.types.parameter;
  user->type = plain ? nullptr : type;
  if (plain) return;
  retain(Value::object(type));
  torch_types(vm).has_subclasses = true;
}

Type* tensor_subclass(Value v) {
  if (!v.is_tensor()) return nullptr;
  const auto* user = static_cast<const TensorUser*>(v.t->user());
  return user ? user->type : nullptr;
}

void init_tensor_type(VM& vm) {
  TorchTypes& types = torch_types(vm);
  fill_specials(vm.extension<SpecialTables>());

  init_node_types(vm);

  init_storage_types(vm);

  Type* t = vm.types.tensor = new_type(vm, "Tensor", "torch", vm.types.object, Kind::Native, 0);
  t->slots.repr = repr_slot;
  t->slots.format = format_slot;
  t->slots.hash = hash_slot;
  t->slots.truth = truth_slot;
  t->slots.length = length_slot;
  t->slots.contains = contains_slot;
  t->slots.get_item = [](VM& v, Value self, Value index) {
    if (has_own_torch_function(v, self)) {
      Value args[] = {self, index};
      return method_by_protocol(v, "__getitem__", args);
    }
    Value result = tensor_get_item(v, self, index);
    if (Type* type = tensor_subclass(self); type && result.is_tensor()) set_tensor_class(v, result, type);
    if (const TraceHooks* trace = torch_types(v).trace; trace && !result.is_error())
      trace->indexed(v, self, index, result, false);
    return result;
  };
  t->slots.set_item = [](VM& v, Value self, Value index, Value value) {
    bool ok = tensor_set_item(v, self, index, value);
    if (const TraceHooks* trace = torch_types(v).trace; trace && ok) trace->indexed(v, self, index, value, true);
    return ok;
  };
  t->slots.iter = iter_slot;
  t->slots.get_attr = get_attr_slot;
  t->slots.set_attr = set_attr_slot;
  t->slots.binary = binary_slot;
  t->slots.inplace = inplace_slot;
  t->slots.unary = unary_slot;
  t->slots.absolute = absolute_slot;
  t->slots.compare = compare_slot;
  t->compares_order = true;
  t->slots.to_float = to_float_slot;
  t->slots.to_int = to_int_slot;
  t->slots.index = index_slot;
  t->slots.create = tensor_create;
  SpecialTables& tables = vm.extension<SpecialTables>();
  for (size_t i = 0; i < tables.arith.size(); i++) {
    if (tables.arith[i] || tables.reflected[i]) t->arith_ops |= 1u << i;
    if (tables.inplace[i]) t->inplace_ops |= 1u << i;
  }
  t->unary_ops = op_bit(ir::UnaryOp::Neg) | op_bit(ir::UnaryOp::Pos) | op_bit(ir::UnaryOp::Invert);
  finish_type(vm, t, {.methods = kMethods, .getset = kAttributes});
  for (const OperatorEntry& e : kOperators) {
    if (!e.is_method || std::strcmp(e.name, "nonzero") == 0) continue;
    Ref method(make_operator(vm, e, true));
    dict_set(vm, t->dict, vm.name(e.name), *method);
  }

  Type* p = new_type(vm, "Parameter", "torch.nn.parameter", t, Kind::Native, 0);
  p->slots = t->slots;
  p->slots.create = parameter_create;
  p->arith_ops = t->arith_ops;
  p->inplace_ops = t->inplace_ops;
  p->unary_ops = t->unary_ops;
  p->compares_order = true;
  finish_type(vm, p);
  types.parameter = new_ref(Value::object(p));
  vm.types.parameter = p;
}

}  // namespace tsvm::stdlib

// `_torch_c`: the native half of torch. The language half (stdlib/torch) takes its names from here.
#include <algorithm>
#include <cstring>
#include <string>

#include "ops/autograd/engine.h"
#include "ops/autograd/mode.h"
#include "ops/autograd/variable.h"
#include "ops/cpu/parallel.h"
#include "ops/operators.h"
#include "ops/tensor/inference.h"
#include "ops/tensor/shape.h"
#include "stdlib/native/modules.h"
#include "stdlib/native/torch/autocast.h"
#include "stdlib/native/torch/factory.h"
#include "stdlib/native/torch/node_objects.h"
#include "stdlib/native/torch/op_table.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/saving_hooks.h"
#include "stdlib/native/torch/storage.h"
#include "stdlib/native/torch/tensor_type.h"
#include "stdlib/native/torch/torch_function.h"
#include "stdlib/native/torch/values.h"
#include "vm/native.h"
#include "vm/types/type.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;
using ops::DType;
using ops::Tensor;
namespace autograd = ops::autograd;

bool optional_dtype(VM& vm, Value v, std::optional<DType>& out) {
  if (v.is_none()) return true;
  if (v.tag != Tag::DType)
    return fail(vm, vm.types.TypeError, "dtype must be a torch.dtype, not %s", type_of(vm, v)->name->data);
  out = unpack_dtype(v);
  return true;
}

Value make_tensor(VM& vm, const Value* a) {
  if (!leaves_trace(vm, "tensor")) return Value::error();
  std::optional<DType> dtype;
  ops::Device device;
  if (!optional_dtype(vm, a[1], dtype)) return Value::error();
  if (!a[2].is_none() && !to_device(vm, a[2], device)) return Value::error();
  int grad = truth(vm, a[3]);
  if (grad < 0) return Value::error();
  if (a[0].is_tensor()) {
    Ref module(vm.callbacks.import_module(vm, "warnings"));
    if (module.is_error()) return Value::error();
    Ref text(make_str(vm,
                      "To copy construct from a tensor, it is recommended to use sourceTensor.clone().detach() or "
                      "sourceTensor.clone().detach().requires_grad_(True), rather than torch.tensor(sourceTensor)."));
    Value args[] = {*text};
    Ref warned(call_method(vm, *module, "warn", args));
    if (warned.is_error()) return Value::error();
  }
  Ref t(tensor_from_data(vm, a[0], dtype, device));
  if (t.is_error() || !grad) return t.take();
  return guarded(vm, [&] {
    autograd::set_requires_grad(unpack_tensor(*t), true);
    return t.take();
  });
}

Value as_tensor(VM& vm, const Value* a) {
  if (!leaves_trace(vm, "tensor")) return Value::error();
  std::optional<DType> dtype;
  ops::Device device;
  if (!optional_dtype(vm, a[1], dtype)) return Value::error();
  if (!a[2].is_none() && !to_device(vm, a[2], device)) return Value::error();
  if (a[0].is_tensor()) {
    const Tensor& t = unpack_tensor(a[0]);
    bool same = (!dtype || *dtype == t.dtype()) && (a[2].is_none() || device == t.device());
    if (same) return new_ref(a[0]);
    return guarded(vm, [&] { return box(vm, ops::op::to(t, a[2].is_none() ? t.device() : device, dtype)); });
  }
  return tensor_from_data(vm, a[0], dtype, device);
}

bool tensors_of(VM& vm, Value v, std::vector<Tensor>& out) {
  if (v.is_none()) return true;
  if (v.is_tensor()) {
    out.push_back(unpack_tensor(v));
    return true;
  }
  return for_each(vm, v, [&](Value item) {
    if (!item.is_tensor() && !item.is_none())
      return fail(vm, vm.types.TypeError, "expected a Tensor, got %s", type_of(vm, item)->name->data);
    out.push_back(unpack_optional_tensor(item));
    return true;
  });
}

Value run_backward(VM& vm, const Value* a) {
  std::vector<Tensor> roots, grads, inputs;
  if (!tensors_of(vm, a[0], roots) || !tensors_of(vm, a[1], grads) || !tensors_of(vm, a[4], inputs))
    return Value::error();
  grads.resize(roots.size());
  autograd::BackwardOptions options{
      .keep_graph = truth(vm, a[2]) == 1, .create_graph = truth(vm, a[3]) == 1, .sparse = true};
  return guarded(vm, [&] {
    autograd::backward(roots, grads, options, inputs);
    return Value::none();
  });
}

Value run_grad(VM& vm, const Value* a) {
  std::vector<Tensor> roots, inputs, grads;
  if (!tensors_of(vm, a[0], roots) || !tensors_of(vm, a[1], inputs) || !tensors_of(vm, a[2], grads))
    return Value::error();
  grads.resize(roots.size());
  autograd::BackwardOptions options{.keep_graph = truth(vm, a[3]) == 1,
                                    .create_graph = truth(vm, a[4]) == 1,
                                    .allow_unused = truth(vm, a[5]) == 1,
                                    .sparse = true};
  return guarded(vm, [&] {
    const std::vector<Tensor> found = autograd::grad(roots, inputs, grads, options);
    Ref list(make_list(vm));
    for (const Tensor& t : found) {
      Ref g(box_gradient(vm, t));
      if (g.is_error()) return Value::error();
      list_append(vm, as<List>(*list), *g);
    }
    return make_tuple_from(vm, *list);
  });
}

Value set_print_options(VM& vm, const Value* a) {
  ops::PrintOptions& o = print_options();
  if (is_str(a[4])) o.set_profile(text_of(a[4]));
  int64_t n;
  if (!a[0].is_none()) {
    if (!arg_int(vm, a[0], n)) return Value::error();
    o.precision = static_cast<int>(n);
  }
  if (!a[1].is_none() && !to_double(vm, a[1], o.threshold)) return Value::error();
  if (!a[2].is_none() && !arg_int(vm, a[2], o.edgeitems)) return Value::error();
  if (!a[3].is_none()) {
    if (!arg_int(vm, a[3], n)) return Value::error();
    o.linewidth = static_cast<int>(n);
  }
  if (a[5].is_bool())
    o.sci_mode = a[5].is_true();
  else
    o.sci_mode = std::nullopt;
  return Value::none();
}

Value infer_size(VM& vm, const Value* a) {
  return guarded(vm, [&] { return box_size(vm, ops::broadcast_sizes(unpack_int_list(a[0]), unpack_int_list(a[1]))); });
}

/// (device, dtype, non_blocking, memory_format) of to(...)'s arguments.
Value parse_to(VM& vm, const Value* a) {
  Ref device = Ref::copy(a[1]), dtype = Ref::copy(a[2]), non_blocking = Ref::copy(a[3]), format = Ref::copy(a[5]);
  auto* args = as<Tuple>(a[0]);
  uint32_t i = 0;
  if (i < args->size) {
    Value first = args->items[i];
    if (first.is_tensor()) {
      device = Ref(box(vm, unpack_tensor(first).device()));
      dtype = Ref(box(vm, unpack_tensor(first).dtype()));
      i++;
    } else if (first.tag == Tag::DType) {
      dtype = Ref::copy(first);
      i++;
    } else {
      if (!first.is_none()) device = Ref::copy(first);
      i++;
      if (i < args->size && (args->items[i].tag == Tag::DType || args->items[i].is_none()))
        dtype = Ref::copy(args->items[i++]);
    }
  }
  if (i < args->size) non_blocking = Ref::copy(args->items[i++]);
  if (!device->is_none()) {
    ops::Device d;
    if (!to_device(vm, *device, d)) return Value::error();
    device = Ref(box(vm, d));
  }
  if (!dtype->is_none() && dtype->tag != Tag::DType)
    return raise(vm, vm.types.TypeError, "to() received an invalid combination of arguments");
  return make_tuple(vm, {*device, *dtype, *non_blocking, *format});
}

/// A tensor of the same geometry on a copy of the storage. Tensors that shared a storage share its copy: `memo` maps
/// the storage's address to it.
Value copy_with_storage(VM& vm, const Value* a) {
  if (!a[0].is_tensor() || !is_kind(a[1], Kind::Dict))
    return raise(vm, vm.types.TypeError, "a tensor and a dict needed");
  const ops::Tensor& from = unpack_tensor(a[0]);
  ops::Storage source = from.share_storage();
  Value address = Value::integer(reinterpret_cast<int64_t>(source.get()));
  Value known = dict_get_borrow(vm, as<Dict>(a[1]), address);
  if (known.is_error()) return Value::error();
  ops::Storage copy;
  if (known.is_unbound()) {
    copy = ops::Storage::allocate(source->nbytes(), from->device());
    if (source->data() && copy->data()) std::memcpy(copy->data(), source->data(), source->nbytes());
    Ref object(make_storage(vm, copy, from->dtype()));
    if (!dict_set(vm, as<Dict>(a[1]), address, *object)) return Value::error();
  } else {
    copy = unpack_storage(known);
  }
  ops::Tensor to = ops::Tensor::steal(ops::TensorImpl::create(std::move(copy), from->dtype(), from->device()));
  to->set_geometry(from->sizes(), from->strides(), from->storage_offset());
  return box(vm, std::move(to));
}

Value nonzero(VM& vm, const Value* a) {
  if (!a[0].is_tensor())
    return raise(vm, vm.types.TypeError, "nonzero(): argument 'input' (position 1) must be Tensor, not %s",
                 type_of(vm, a[0])->name->data);
  const int as_tuple = truth(vm, a[1]);
  if (as_tuple < 0) return Value::error();
  return guarded(vm, [&] {
    if (as_tuple) return box(vm, ops::op::nonzero_numpy(unpack_tensor(a[0])));
    if (a[2].is_tensor()) {
      ops::op::nonzero_out(unpack_tensor(a[2]), unpack_tensor(a[0]));
      return new_ref(a[2]);
    }
    return box(vm, ops::op::nonzero(unpack_tensor(a[0])));
  });
}

Value result_type(VM& vm, const Value* a) {
  ops::ResultType type;
  for (int i = 0; i < 2; i++) {
    if (a[i].is_tensor())
      ops::add_operand(type, unpack_tensor(a[i]));
    else if (is_number(a[i]))
      type.add_number(unpack_scalar(a[i]).category());
    else
      return raise(vm, vm.types.TypeError, "result_type(): argument %d must be Tensor or Number, not %s", i + 1,
                   type_of(vm, a[i])->name->data);
  }
  return box(vm, type.get());
}

/// Switches of PyTorch's own executor of scripts: they change no results, and there is nothing to switch here.
Value executor_switch(VM&, const Value*) { return Value::boolean(true); }

const NativeDef kFunctions[] = {
    {"_jit_set_profiling_executor(on=True, /)", executor_switch},
    {"_jit_set_profiling_mode(on=True, /)", executor_switch},
    {"_jit_override_can_fuse_on_cpu(on=True, /)", executor_switch},
    {"_jit_override_can_fuse_on_gpu(on=True, /)", executor_switch},
    {"_jit_set_texpr_fuser_enabled(on=True, /)", executor_switch},
    {"_jit_set_nvfuser_enabled(on=True, /)", executor_switch},
    {"_jit_set_bailout_depth(n=0, /)", executor_switch},
    {"_jit_set_num_profiled_runs(n=0, /)", executor_switch},
    {"_log_api_usage_once(event, /)", [](VM&, const Value*) { return Value::none(); }},
    {"_get_tracing_state()",
     [](VM& vm, const Value*) { return torch_types(vm).trace ? Value::boolean(true) : Value::none(); }},
    {"tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False)", make_tensor,
     "A tensor made from data, copied."},
    {"as_tensor(data, dtype=None, device=None)", as_tensor},
    {"_run_backward(tensors, grad_tensors, keep_graph, create_graph, inputs, /)", run_backward},
    {"_run_grad(outputs, inputs, grad_outputs, keep_graph, create_graph, allow_unused, /)", run_grad},
    {"_record_function(context, name, inputs, outputs, needs_grad, /)", record_function},
    {"_saved_tensors(context, /)", saved_tensors},
    {"_delayed_error(message, tensors, /)", delayed_error},
    {"is_grad_enabled()", [](VM&, const Value*) { return Value::boolean(autograd::grad_mode()); }},
    {"_set_grad_enabled(mode, /)",
     [](VM& vm, const Value* a) {
       if (!a[0].is_bool())
         return raise(vm, vm.types.TypeError, "enabled must be a bool (got %s)", type_of(vm, a[0])->name->data);
       autograd::set_grad_mode(a[0].is_true());
       return Value::none();
     }},
    {"is_anomaly_enabled()", [](VM&, const Value*) { return Value::boolean(autograd::anomaly_mode()); }},
    {"_set_anomaly_enabled(mode, /)",
     [](VM&, const Value* a) {
       autograd::set_anomaly_mode(a[0].is_true());
       return Value::none();
     }},
    {"is_inference_mode_enabled()", [](VM&, const Value*) { return Value::boolean(autograd::inference_mode()); }},
    {"_set_inference_mode(mode, /)",
     [](VM&, const Value* a) {
       autograd::set_inference_mode(a[0].is_true());
       ops::making_inference_storages = a[0].is_true();
       return Value::none();
     }},
    {"_push_saving_hooks(pack, unpack, /)", push_saving_hooks},
    {"_pop_saving_hooks()", pop_saving_hooks},
    {"_as_subclass(tensor, cls, /)", as_subclass},
    {"_set_tensor_class(tensor, cls, /)",
     [](VM& vm, const Value* a) {
       set_tensor_class(vm, a[0], static_cast<Type*>(a[1].o));
       return new_ref(a[0]);
     }},
    {"_convert_to_class(value, cls, /)", convert_to_class},
    {"_torch_function_off(by, /)", torch_function_off},
    {"_torch_function_modes()", torch_function_modes},
    {"_set_autocast_policies(policies, /)", set_autocast_policies},
    {"_set_autocast(enabled, dtype, /)", set_autocast},
    {"get_num_threads()", [](VM&, const Value*) { return Value::integer(ops::cpu::num_threads()); }},
    {"set_num_threads(n, /)",
     [](VM& vm, const Value* a) {
       if (!a[0].is_int())
         return raise(vm, vm.types.TypeError, "set_num_threads expects an int, but got %s",
                      type_of(vm, a[0])->name->data);
       if (a[0].i <= 0) return raise(vm, vm.types.RuntimeError, "set_num_threads expects a positive integer");
       ops::cpu::set_num_threads(static_cast<int>(std::min<int64_t>(a[0].i, INT32_MAX)));
       return Value::none();
     }},
    {"get_default_dtype()", [](VM& vm, const Value*) { return box(vm, ops::default_dtype()); }},
    {"_set_default_dtype(dtype, /)",
     [](VM& vm, const Value* a) {
       if (a[0].tag != Tag::DType || ops::info(unpack_dtype(a[0])).category != ops::DTypeCategory::Floating)
         return raise(vm, vm.types.TypeError, "only floating-point types are supported as the default type");
       ops::set_default_dtype(unpack_dtype(a[0]));
       return Value::none();
     }},
    {"_set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None)",
     set_print_options},
    {"promote_types(type1, type2)",
     [](VM& vm, const Value* a) {
       if (a[0].tag != Tag::DType || a[1].tag != Tag::DType)
         return raise(vm, vm.types.TypeError, "promote_types(): arguments must be torch.dtype");
       return box(vm, ops::promote_types(unpack_dtype(a[0]), unpack_dtype(a[1])));
     }},
    {"is_tensor(obj, /)", [](VM&, const Value* a) { return Value::boolean(a[0].is_tensor()); }},
    {"_default_generator()", [](VM& vm, const Value*) { return make_generator_object(vm, ops::default_generator()); }},
    {"_infer_size(a, b, /)", infer_size},
    {"_parse_to(*args, device=None, dtype=None, non_blocking=False, copy=False, memory_format=None)", parse_to},
    {"_add_tensor_methods(methods, /)",
     [](VM& vm, const Value* a) {
       if (!is_kind(a[0], Kind::Dict)) return raise(vm, vm.types.TypeError, "methods must be a dict");
       uint32_t position = 0;
       while (DictEntry* e = dict_next(as<Dict>(a[0]), position)) {
         if (!is_kind(e->key, Kind::Str)) return raise(vm, vm.types.TypeError, "names must be strings");
         dict_set(vm, vm.types.tensor->dict, vm.name(as<Str>(e->key)->data), e->value);
       }
       type_modified(vm, vm.types.tensor);
       return Value::none();
     }},
    {"_copy_with_storage(tensor, memo, /)", copy_with_storage},
    {"_rebuild_tensor(storage, offset, size, stride, /)", rebuild_tensor},
    {"_set_linalg_error(type, /)",
     [](VM& vm, const Value* a) {
       torch_types(vm).linalg_error = new_ref(a[0]);
       return Value::none();
     }},
    {"nonzero(input, *, as_tuple=False, out=None)", nonzero},
    {"result_type(tensor1, tensor2)", result_type},
    {"can_cast(from_, to)",
     [](VM& vm, const Value* a) {
       if (a[0].tag != Tag::DType || a[1].tag != Tag::DType)
         return raise(vm, vm.types.TypeError, "can_cast(): arguments must be torch.dtype");
       return Value::boolean(ops::can_cast(unpack_dtype(a[0]), unpack_dtype(a[1])));
     }},
    {"_missing_operators()",
     [](VM& vm, const Value*) {
       Ref names(make_list(vm));
       for (const char* name : kMissingOperators) {
         Ref text(make_str(vm, name));
         list_append(vm, as<List>(*names), *text);
       }
       return make_set_from(vm, *names, true);
     }},
};

Value namespace_module(VM& vm, const char* name, OperatorSpace space) {
  Ref m(make_module(vm, name));
  for (const OperatorEntry& e : kOperators) {
    if (!e.is_function || e.space != space) continue;
    Ref f(make_operator(vm, e, false));
    dict_set(vm, as<Module>(*m)->dict, vm.name(e.name), *f);
  }
  return m.take();
}

}  // namespace

Value make_torch_c(VM& vm) {
  init_torch_values(vm);
  vm.op_dispatch = &kOperatorDispatch;
  init_tensor_type(vm);
  TorchTypes& types = torch_types(vm);
  ModuleBuilder m(vm, "_torch_c");
  m.functions(kFunctions)
      .type(vm.types.tensor)
      .type(types.size)
      .type(types.device)
      .type(types.layout)
      .type(types.memory_format)
      .type(types.generator)
      .type(vm.types.dtype)
      .type(vm.types.parameter)
      .type(types.storage)
      .type(types.untyped_storage);
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) m.constant(python, box(vm, DType::name));
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE
  m.constant("strided", make_layout(vm, ops::Layout::Strided))
      .constant("sparse_coo", make_layout(vm, ops::Layout::SparseCoo));
  m.constant("contiguous_format", make_memory_format(vm, ops::MemoryFormat::Contiguous))
      .constant("preserve_format", make_memory_format(vm, ops::MemoryFormat::Preserve))
      .constant("channels_last", make_memory_format(vm, ops::MemoryFormat::ChannelsLast))
      .constant("channels_last_3d", make_memory_format(vm, ops::MemoryFormat::ChannelsLast3d));
  m.constant("_functions", namespace_module(vm, "torch._C._functions", OperatorSpace::Torch))
      .constant("_nn", namespace_module(vm, "torch._C._nn", OperatorSpace::Nn))
      .constant("_linalg", namespace_module(vm, "torch._C._linalg", OperatorSpace::Linalg))
      .constant("_special", namespace_module(vm, "torch._C._special", OperatorSpace::Special))
      .constant("_fft", namespace_module(vm, "torch._C._fft", OperatorSpace::Fft))
      .constant("_private", namespace_module(vm, "torch._C._private", OperatorSpace::Private));
  return m.take();
}

}  // namespace tsvm::stdlib

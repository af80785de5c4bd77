// torch's small values as objects of the language, and the way between C++ operators' arguments and Values.
//
// unpack_* are for thunks: kinds have been checked by `bind`, so they fail only by throwing ops::Error. A missing
// (Unbound) or None argument is the caller's business.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ops/tensor/device.h"
#include "ops/tensor/generator.h"
#include "ops/tensor/tensor.h"
#include "vm/native.h"

namespace tsvm::stdlib {

struct OperatorOverload;

/// What torch.jit.trace wants to know while something is traced.
struct TraceHooks {
  void (*ran)(vm::VM& vm, const OperatorOverload& o, const vm::Value* args, size_t n, vm::Value result);
  void (*indexed)(vm::VM& vm, vm::Value self, vm::Value index, vm::Value value, bool is_store);
  /// The size of a dimension (-1: the number of elements) as a tensor, owned; Unbound: as a plain number.
  vm::Value (*size)(vm::VM& vm, vm::Value self, int64_t dim);
  /// An attribute that is an operator was read ("aten::numpy_T").
  void (*attribute)(vm::VM& vm, const char* op, vm::Value self, vm::Value result);
  /// A tensor became a value of the language ("a Python boolean"), which no trace can follow: false with an exception.
  bool (*left)(vm::VM& vm, const char* what);
};

/// The types of torch's objects in one VM.
struct TorchTypes : vm::Extension {
  vm::Type* size = nullptr;  // torch.Size: a tuple
  vm::Type* device = nullptr;
  vm::Type* layout = nullptr;
  vm::Type* memory_format = nullptr;
  vm::Type* generator = nullptr;
  vm::Type* sparse = nullptr;  // what a sparse gradient's object holds
  vm::Type* storage = nullptr;
  vm::Type* untyped_storage = nullptr;
  vm::Type* node = nullptr;       // grad_fn
  vm::Type* op = nullptr;         // operators: functions
  vm::Type* op_method = nullptr;  // and methods
  vm::Type* parameter_meta = nullptr;
  vm::Value parameter;  // the class nn.Parameter
  ops::DType default_dtype = ops::DType::Float32;
  vm::Value return_types;             // dict: name of an operator with several named results -> class
  vm::Value linalg_error;             // the class torch._C._LinAlgError
  const TraceHooks* trace = nullptr;  // while something is traced
  bool has_subclasses = false;        // a tensor's class may be one that programs derived
  int torch_function_off = 0;         // __torch_function__ is not asked
  vm::Value modes;                    // a list of the torch.overrides.TorchFunctionModes in force, innermost last
  vm::Value deepcopy, reduce;         // of the language: Tensor.__deepcopy__, Tensor.__reduce_ex__
  void clear(vm::VM& vm) override;
};
TorchTypes& torch_types(vm::VM& vm);
/// A tensor becomes a value of the language: a trace warns. False with an exception pending.
inline bool leaves_trace(vm::VM& vm, const char* what) {
  const TraceHooks* trace = torch_types(vm).trace;
  return !trace || trace->left(vm, what);
}

struct DeviceObject : vm::Object {
  ops::Device device;
};
struct LayoutObject : vm::Object {
  ops::Layout layout;
};
struct MemoryFormatObject : vm::Object {
  ops::MemoryFormat format;
};
struct GeneratorObject : vm::Object {
  ops::Generator* generator;
};
struct SparseObject : vm::Object {
  ops::TensorImpl* tensor;  // of layout SparseCoo
};
struct StorageObject : vm::Object {
  ops::StorageImpl* storage;
  ops::DType dtype;
};

// --- boxing: owned results -----------------------------------------------------------------------------------------
inline vm::Value box(vm::VM&, ops::Tensor t) { return t.defined() ? vm::Value::tensor(t.leak()) : vm::Value::none(); }
inline vm::Value box(vm::VM&, bool b) { return vm::Value::boolean(b); }
inline vm::Value box(vm::VM&, int64_t i) { return vm::Value::integer(i); }
inline vm::Value box(vm::VM&, double d) { return vm::Value::number(d); }
vm::Value box(vm::VM& vm, const ops::Scalar& s);
vm::Value box(vm::VM& vm, const std::vector<ops::Tensor>& list);  // a tuple
vm::Value box(vm::VM& vm, const std::string& s);
vm::Value box(vm::VM& vm, ops::DType t);
vm::Value box(vm::VM& vm, ops::Device d);
/// A gradient: a sparse one is an object of the language (torch.sparse).
vm::Value box_gradient(vm::VM& vm, const ops::Tensor& t);
/// Whether it is a tensor, or such an object, and which; neither: false, nothing is pending.
bool unbox_gradient(vm::VM& vm, vm::Value v, ops::Tensor& out);
vm::Value box_size(vm::VM& vm, ops::IntSpan sizes);
vm::Value box_int_list(vm::VM& vm, ops::IntSpan values);
vm::Value box_tensor_list(vm::VM& vm, const std::vector<ops::Tensor>& list);  // a list
/// A tuple of several results; with names, of the class torch.return_types.NAME.
vm::Value box_results(vm::VM& vm, const char* name, std::span<const char* const> fields, std::span<vm::Value> owned);

vm::Value make_layout(vm::VM& vm, ops::Layout layout);
vm::Value make_memory_format(vm::VM& vm, ops::MemoryFormat format);
vm::Value make_generator_object(vm::VM& vm, const ops::Generator& generator);
vm::Value make_storage(vm::VM& vm, ops::Storage storage, ops::DType dtype);

// --- unpacking -------------------------------------------------------------------------------------------------------
/// Borrowed: valid as long as the Value is.
inline const ops::Tensor& unpack_tensor(const vm::Value& v) { return reinterpret_cast<const ops::Tensor&>(v.t); }
ops::Tensor unpack_optional_tensor(vm::Value v);
ops::Scalar unpack_scalar(vm::Value v);
int64_t unpack_int(vm::Value v);
double unpack_double(vm::Value v);
bool unpack_bool(vm::Value v);
std::string_view unpack_str(vm::Value v);
/// A dtype; or its number, as Torch Script has it.
ops::DType unpack_dtype(vm::Value v);
ops::Device unpack_device(vm::Value v);
ops::Layout unpack_layout(vm::Value v);
ops::MemoryFormat unpack_memory_format(vm::Value v);
const ops::Generator& unpack_generator(vm::Value v);
ops::Storage unpack_storage(vm::Value v);
ops::DimVector unpack_int_list(vm::Value v, int size = 0);
std::vector<double> unpack_double_list(vm::Value v);
std::vector<bool> unpack_bool_list(vm::Value v);
std::vector<ops::Scalar> unpack_scalar_list(vm::Value v);
std::vector<std::string> unpack_str_list(vm::Value v);
std::vector<ops::Tensor> unpack_tensor_list(vm::Value v);  // None inside: an undefined tensor

/// A Python number (int in range, float, bool, complex).
bool is_number(vm::Value v);
bool is_device(vm::VM& vm, vm::Value v);
/// Device from a device object, a string or an index; false: an exception is pending.
bool to_device(vm::VM& vm, vm::Value v, ops::Device& out);

/// Makes the types; called when torch is first imported.
void init_torch_values(vm::VM& vm);

}  // namespace tsvm::stdlib

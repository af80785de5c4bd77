#include "ops/scalar/pointwise.h"

#include <algorithm>
#include <cstring>

#include "ops/cpu/kernels.h"
#include "ops/scalar/block.h"
#include "ops/scalar/kernels.h"
#include "ops/tensor/overlap.h"
#include "ops/tensor/shape.h"

namespace tsvm::ops::scalar {

namespace {

bool takes_part(const PointwiseSpec& spec, int i) { return !(spec.own_dtype >> i & 1); }

DType promote(const PointwiseSpec& spec, DType t) {
  return spec.promote == Promote::Float && is_integral_or_bool(t) ? default_dtype() : t;
}

[[gnu::noinline]] DType slow_common_dtype(const PointwiseSpec& spec, const Operand* inputs) {
  ResultType type;
  for (int i = 0; i < spec.inputs; i++) {
    if (!takes_part(spec, i)) continue;
    if (inputs[i].number != nullptr) {
      type.add_number(inputs[i].number->category());
      continue;
    }
    const TensorImpl& t = *inputs[i].tensor;
    if (t.dim() > 0)
      type.add_dim(t.dtype());
    else if (t.has(TensorImpl::kWrappedNumber))
      type.add_number(category(t.dtype()));
    else
      type.add_zero_dim(t.dtype());
  }
  return type.get();
}

/// An operand as the loop sees it. Numbers are stored in the dtype that they are promoted to.
struct Place {
  const TensorImpl* tensor;
  void* data;
  DType stored;
};

struct NumberCell {
  alignas(16) char bytes[16];
};
DType store_number(const Scalar& s, DType t, NumberCell& cell) {
  TSVM_DISPATCH_ALL(t, "number", {
    const scalar_t v = s.to<scalar_t>();
    std::memcpy(cell.bytes, &v, sizeof v);
  });
  return t;
}
DType number_dtype(const Scalar& s) {
  return s.is_bool() ? DType::Bool : s.is_int() ? DType::Int64 : s.is_complex() ? DType::Complex128 : DType::Float64;
}

/// What the tensors among the operands have in common.
struct Shape {
  const TensorImpl* first = nullptr;
  bool same_sizes = true;
  bool all_contiguous = true;
  DimVector sizes;  // only where not same_sizes
};

Shape common_shape(const Operand* inputs, int n) {
  Shape s;
  for (int i = 0; i < n; i++) {
    const TensorImpl* t = inputs[i].tensor;
    if (t == nullptr) continue;
    s.all_contiguous &= t->has(TensorImpl::kContiguous);
    if (s.first == nullptr)
      s.first = t;
    else
      s.same_sizes &= t->sizes() == s.first->sizes();
  }
  if (!s.same_sizes) {
    s.sizes = DimVector(s.first->sizes());
    for (int i = 0; i < n; i++)
      if (inputs[i].tensor != nullptr) s.sizes = broadcast_sizes(s.sizes, inputs[i].tensor->sizes());
  }
  return s;
}

[[gnu::noinline]] void fail_devices(Device a, Device b) {
  fail(ErrorKind::RuntimeError, "Expected all tensors to be on the same device, but found at least two devices, ",
       to_string(a), " and ", to_string(b), "!");
}

/// The device of the operands; 0-dim tensors of the CPU go with any.
Device common_device(const Operand* inputs, int n, const Tensor* outputs, int n_outputs) {
  Device d;
  auto look = [&](const TensorImpl* t) {
    if (t != nullptr && d.is_cpu() && !t->device().is_cpu()) d = t->device();
  };
  for (int k = 0; k < n_outputs; k++) look(outputs[k].get());
  for (int i = 0; i < n; i++) look(inputs[i].tensor);
  if (d.is_cpu()) return d;
  for (int k = 0; k < n_outputs; k++)
    if (outputs[k].defined() && !(outputs[k].device() == d)) fail_devices(d, outputs[k].device());
  for (int i = 0; i < n; i++)
    if (inputs[i].tensor != nullptr && !(inputs[i].tensor->device() == d) &&
        !(inputs[i].tensor->device().is_cpu() && inputs[i].tensor->dim() == 0))
      fail_devices(d, inputs[i].tensor->device());
  return d;
}

/// A new result for operands of one shape, or of several.
Tensor make_result(const Shape& shape, const Operand* inputs, int n, DType dtype, Device device) {
  if (shape.same_sizes && shape.all_contiguous)
    return empty(shape.first != nullptr ? shape.first->sizes() : IntSpan(), dtype, device);
  const IntSpan sizes = shape.same_sizes ? shape.first->sizes() : IntSpan(shape.sizes);
  const size_t ndim = sizes.size();
  // Contiguous operands agree on the order of dimensions, unless a size of 1 makes it ambiguous.
  if (shape.all_contiguous && std::find(sizes.begin(), sizes.end(), 1) == sizes.end())
    return empty(sizes, dtype, device);
  IntSpan strides[kMaxOperands];
  DimVector flat;
  flat.resize(static_cast<size_t>(n) * ndim);
  size_t count = 0;
  for (int i = 0; i < n; i++) {
    const TensorImpl* t = inputs[i].tensor;
    if (t == nullptr) continue;
    int64_t* to = flat.data() + count * ndim;
    const size_t missing = ndim - static_cast<size_t>(t->dim());
    for (size_t d = 0; d < ndim; d++)
      to[d] = d < missing || t->sizes()[d - missing] != sizes[d] ? 0 : t->strides()[d - missing];
    strides[count++] = IntSpan(to, ndim);
  }
  return empty_strided(sizes, output_strides(sizes, {strides, count}), dtype, device);
}

/// Runs the program over settled places. Outputs are defined and have the right shape.
void execute(const Program& p, const Shape& shape, const Operand* inputs, const Place* places, const DType* seen,
             const ParamValue* params, const DType* computed, Tensor* outputs, bool aliased) {
  OperandType types[kMaxOperands];
  bool flat = shape.same_sizes && shape.all_contiguous;
  for (int k = 0; k < p.output_count; k++) {
    types[k] = {outputs[k].dtype(), computed[k]};
    flat = flat && outputs[k].is_contiguous();
  }
  for (int i = 0; i < p.inputs; i++) types[p.output_count + i] = {places[i].stored, seen[i]};
  const int64_t numel = outputs[0].numel();
  const IntSpan sizes = flat ? IntSpan(numel) : outputs[0].sizes();
  Loop loop(sizes);
  const int64_t one = 1;
  auto add = [&](void* data, const TensorImpl* t, size_t item) {
    if (t == nullptr)
      loop.add(data, IntSpan(), IntSpan(), item);
    else if (flat)
      loop.add(data, sizes, IntSpan(one), item);
    else
      loop.add(data, t->sizes(), t->strides(), item);
  };
  for (int k = 0; k < p.output_count; k++) add(outputs[k].data(), outputs[k].get(), outputs[k].itemsize());
  for (int i = 0; i < p.inputs; i++) add(places[i].data, inputs[i].tensor, item_size(places[i].stored));
  loop.finish();
  run(Run{&p, &loop, types, params, aliased});
}

void check_operand_count(int operands) {
  OPS_CHECK(operands <= kMaxOperands, RuntimeError, "a scalar program with more than ", kMaxOperands, " operands");
}

/// Checks a tensor that a result is written to, and gives it the result's shape where it may be resized.
void prepare_target(Tensor& out, IntSpan sizes, DType common, Target target) {
  OPS_CHECK(can_cast(common, out.dtype()), RuntimeError, "result type ", info(common).cpp_name,
            " can't be cast to the desired output type ", info(out.dtype()).cpp_name);
  if (out.sizes() == sizes) return;
  OPS_CHECK(target == Target::Out, RuntimeError, "output with shape ", out.sizes(),
            " doesn't match the broadcast shape ", sizes);
  cpu::resize_(out, sizes);
}

/// Whether the loop may run with these memories; gives true where an input is exactly what is written.
bool check_memory(const Tensor& out, const Operand* inputs, int n) {
  check_no_internal_overlap(out);
  bool aliased = false;
  for (int i = 0; i < n; i++) {
    const TensorImpl* t = inputs[i].tensor;
    if (t == nullptr || t->storage() != out.storage()) continue;
    const Tensor read = Tensor::retain(const_cast<TensorImpl*>(t));
    check_no_partial_overlap(out, read);
    aliased = true;
  }
  return aliased;
}

bool same_sizes(const TensorImpl& a, const TensorImpl& b) {
  if (a.dim() != b.dim()) return false;
  for (int64_t d = 0; d < a.dim(); d++)
    if (a.sizes_data()[d] != b.sizes_data()[d]) return false;
  return true;
}

constexpr int kQuickValues = 40;
constexpr int64_t kQuickElements = 512;
constexpr int64_t kQuickBytes = 8192;
constexpr int64_t kQuickNative = 64;  // from here on a native kernel pays for being looked up

/// Whether a block of the program fits on the stack.
bool fits_block(const Program& p, int64_t n) {
  if (n > (p.operations == 1 ? cpu::kGrain : kQuickElements)) return false;
  const int64_t padded = (n + 63) & ~int64_t{63};
  return p.operations == 1 || padded * p.slot_width * p.slots <= kQuickBytes;
}

/// The leaf as one value for all elements.
Value splat_leaf(const Program& p, char* splats, int i, uint64_t word) {
  char* to = splats + 2 * kSplatBytes * i;
  splat_word(to, word, width(p.code[i].type));
  return {to, 0, 0};
}

/// Runs a program whose leaves are dense or one value, by a native kernel or as one block on the stack (which must
/// fit). Results are dense. `stored`: the inputs' dtypes. Results are written to from instruction `first_in_place` on.
void run_dense(const Program& p, Value* values, char* splats, const DType* stored, Tensor* outputs, int64_t n,
               int first_in_place) {
  char* out[kMaxOperands];
  for (int k = 0; k < p.output_count; k++) out[k] = static_cast<char*>(outputs[k].data());
  if (p.operations > 1 && n >= kQuickNative && native_compiler() != nullptr) {
    NativeOperand native[kQuickValues + kMaxOperands];
    void* data[kQuickValues + kMaxOperands];
    for (int k = 0; k < p.output_count; k++) {
      native[k] = {outputs[k].dtype(), Access::Dense};
      data[k] = out[k];
    }
    for (int i = 0; i < p.inputs + p.params; i++) {
      const bool dense = values[i].step != 0;
      native[p.output_count + i] = {i < p.inputs ? stored[i] : DType::Float32, dense ? Access::Dense : Access::Uniform};
      data[p.output_count + i] = values[i].p;
    }
    if (NativeFn fn = native_compiler()->find(p, native, n)) {
      call_native(fn, p, native, data, n);
      return;
    }
  }
  alignas(64) char slots[kQuickBytes];
  bool written[kMaxOperands];
  int fault = 0;
  interpret(p, kernels(), values, slots, splats, (n + 63) & ~int64_t{63}, n, out, written, first_in_place, &fault);
  for (int k = 0; k < p.output_count; k++) {
    if (written[k]) continue;
    const Value& v = values[p.outputs[k]];
    kernels().store[static_cast<int>(p.output_type(k))][static_cast<int>(outputs[k].dtype())](
        v.p, 0, v.step, out[k], static_cast<int64_t>(outputs[k].itemsize()), n);
  }
  OPS_CHECK(fault == 0, RuntimeError, "ZeroDivisionError");
}

/// The short way for what small models do all day: dense CPU tensors of one dtype and one shape, and numbers, small
/// enough for a single block on the stack. Returns false, having done nothing, where that is not so.
bool run_quickly(const PointwiseSpec& spec, const Operand* inputs, const Scalar* params, Tensor* outputs,
                 Target target) {
  const TensorImpl* first = inputs[0].tensor;
  if (first == nullptr || spec.own_dtype != 0 || target == Target::Out) return false;
  const DType dtype = first->dtype();
  const CType type = compute_type(dtype);
  const Program* program = spec.programs[static_cast<int>(type)];
  if (program == nullptr || !(spec.dtypes >> static_cast<int>(dtype) & 1) || !stored_as(dtype, type) ||
      is_complex(type) || promote(spec, dtype) != dtype)
    return false;
  const Program& p = *program;
  const int64_t n = first->numel();
  if (n == 0 || p.size > kQuickValues || !fits_block(p, n)) return false;
  if (!first->has(TensorImpl::kContiguous) || !first->device().is_cpu() || first->has(TensorImpl::kWrappedNumber))
    return false;
  for (int i = 0; i < spec.inputs; i++) {
    if (p.input_type(i) != type) return false;
    const TensorImpl* t = inputs[i].tensor;
    if (t == nullptr
            ? inputs[i].number->category() > category(dtype)
            : t != first && (t->dtype() != dtype || !t->has(TensorImpl::kContiguous) || !t->device().is_cpu() ||
                             t->has(TensorImpl::kWrappedNumber) || !same_sizes(*t, *first)))
      return false;
  }
  for (int k = 0; k < spec.results; k++) {
    const DType result = result_dtype(spec.result[k], dtype);
    if (!stored_as(result, p.output_type(k)) || is_complex(p.output_type(k))) return false;
    if (target == Target::InPlace && (outputs[k].get() != first || result != dtype || spec.results > 1)) return false;
  }
  if (target == Target::InPlace)
    for (int i = 1; i < spec.inputs; i++)
      if (inputs[i].tensor != nullptr && inputs[i].tensor != first && inputs[i].tensor->storage() == first->storage())
        return false;

  alignas(64) char splats[2 * kSplatBytes * kQuickValues];
  Value values[kQuickValues];
  auto splat = [&](int i, uint64_t word) { return splat_leaf(p, splats, i, word); };
  for (int i = 0; i < p.size; i++) {
    const Inst& inst = p.code[i];
    if (inst.op > Op::Const) continue;
    if (is_complex(inst.type)) return false;
    if (inst.op == Op::Const)
      values[i] = splat(i, p.constants[inst.a]);
    else if (inst.op == Op::Param)
      values[i] = splat(i, param_value(inst.type, params[inst.a]).words[0]);
    else if (inputs[i].tensor != nullptr)
      values[i] = {static_cast<char*>(inputs[i].tensor->data()), 0, 1};
    else
      values[i] = splat(i, param_value(type, *inputs[i].number).words[0]);
  }
  if (target == Target::Fresh)
    for (int k = 0; k < spec.results; k++) outputs[k] = empty(first->sizes(), result_dtype(spec.result[k], dtype));
  DType stored[kQuickValues];
  for (int i = 0; i < p.inputs; i++) stored[i] = dtype;
  run_dense(p, values, splats, stored, outputs, n, target == Target::InPlace ? after_inputs(p) : 0);
  return true;
}

}  // namespace

namespace {

/// The same for a fused group: dense operands of one shape, not too many elements.
bool run_program_quickly(const Program& p, const Operand* inputs, const ParamValue* params, const DType* results,
                         Tensor* outputs) {
  if (p.inputs == 0 || p.output_count == 0 || p.size > kQuickValues) return false;
  const TensorImpl* first = inputs[0].tensor;
  if (first == nullptr) return false;
  const int64_t n = first->numel();
  if (n == 0 || !fits_block(p, n)) return false;
  DType stored[kQuickValues];
  Value values[kQuickValues];
  for (int i = 0; i < p.inputs; i++) {
    const TensorImpl* t = inputs[i].tensor;
    if (t == nullptr || !t->has(TensorImpl::kContiguous) || !t->device().is_cpu() ||
        !stored_as(t->dtype(), p.input_type(i)) || is_complex(p.input_type(i)) ||
        (t != first && !same_sizes(*t, *first)))
      return false;
    stored[i] = t->dtype();
    values[i] = {static_cast<char*>(t->data()), 0, 1};
  }
  for (int k = 0; k < p.output_count; k++)
    if (!stored_as(results[k], p.output_type(k)) || is_complex(p.output_type(k))) return false;
  alignas(64) char splats[2 * kSplatBytes * kQuickValues];
  for (int i = p.inputs; i < p.size; i++) {
    const Inst& inst = p.code[i];
    if (inst.op > Op::Const) continue;
    if (is_complex(inst.type)) return false;
    values[i] = splat_leaf(p, splats, i, inst.op == Op::Const ? p.constants[inst.a] : params[inst.a].words[0]);
  }
  for (int k = 0; k < p.output_count; k++) outputs[k] = empty(first->sizes(), results[k]);
  run_dense(p, values, splats, stored, outputs, n, 0);
  return true;
}

}  // namespace

thread_local constinit PointwiseObserver* pointwise_observer = nullptr;

DType result_dtype(ResultDType rule, DType common) {
  switch (rule) {
    case ResultDType::Common: return common;
    case ResultDType::Bool: return DType::Bool;
    case ResultDType::Real: return to_real(common);
    case ResultDType::Complex: return to_complex(common);
    case ResultDType::Int64: return DType::Int64;
  }
  return common;
}

DType common_dtype(const PointwiseSpec& spec, const Operand* inputs) {
  // Operands of one dtype, and numbers that it can hold: no need for the full rules.
  const TensorImpl* first = nullptr;
  for (int i = 0; i < spec.inputs; i++) {
    const TensorImpl* t = inputs[i].tensor;
    if (t == nullptr || !takes_part(spec, i)) continue;
    if (first == nullptr)
      first = t;
    else if (t->dtype() != first->dtype())
      return promote(spec, slow_common_dtype(spec, inputs));
  }
  if (first == nullptr || first->has(TensorImpl::kWrappedNumber)) return promote(spec, slow_common_dtype(spec, inputs));
  for (int i = 0; i < spec.inputs; i++)
    if (inputs[i].number != nullptr && takes_part(spec, i) && inputs[i].number->category() > category(first->dtype()))
      return promote(spec, slow_common_dtype(spec, inputs));
  return promote(spec, first->dtype());
}

void pointwise(const PointwiseSpec& spec, const Operand* inputs, const Scalar* params, Tensor* outputs, Target target) {
  if (run_quickly(spec, inputs, params, outputs, target)) return;
  const DType common = common_dtype(spec, inputs);
  const Program* program = spec.programs[static_cast<int>(compute_type(common))];
  if (__builtin_expect(program == nullptr || !(spec.dtypes >> static_cast<int>(common) & 1), 0))
    fail_dtype(spec.name, common);
  const Program& p = *program;
  const Device device = common_device(inputs, spec.inputs, outputs, target == Target::Fresh ? 0 : spec.results);
  const Shape shape = common_shape(inputs, spec.inputs);

  bool aliased = false;
  if (target == Target::Fresh) {
    for (int k = 0; k < spec.results; k++)
      outputs[k] = make_result(shape, inputs, spec.inputs, result_dtype(spec.result[k], common), device);
  } else {
    const IntSpan sizes = shape.first == nullptr ? IntSpan()
                          : shape.same_sizes     ? shape.first->sizes()
                                                 : IntSpan(shape.sizes);
    for (int k = 0; k < spec.results; k++)
      prepare_target(outputs[k], sizes, result_dtype(spec.result[k], common), target);
    if (!device.is_meta())
      for (int k = 0; k < spec.results; k++) aliased |= check_memory(outputs[k], inputs, spec.inputs);
  }
  if (device.is_meta()) {
    if (pointwise_observer != nullptr) pointwise_observer->seen(spec, p, common, inputs, params, outputs);
    return;
  }
  if (outputs[0].numel() == 0) return;
  OPS_CHECK(device.is_cpu(), NotImplementedError, "pointwise operators on device ", to_string(device));

  Place places[kMaxOperands];
  DType seen[kMaxOperands];
  check_operand_count(spec.inputs + spec.results);
  for (int i = 0; i < spec.inputs; i++)
    if (inputs[i].tensor != nullptr)
      places[i] = {inputs[i].tensor, inputs[i].tensor->data(), inputs[i].tensor->dtype()};

  NumberCell cells[kMaxOperands];
  ParamValue values[kMaxOperands];
  DType computed[kMaxResults];
  for (int i = 0; i < spec.inputs; i++) {
    if (inputs[i].number != nullptr) {
      const DType t = takes_part(spec, i) ? common : number_dtype(*inputs[i].number);
      places[i] = {nullptr, cells[i].bytes, store_number(*inputs[i].number, t, cells[i])};
    }
    seen[i] = takes_part(spec, i) ? common : places[i].stored;
  }
  for (int k = 0; k < p.params; k++) values[k] = param_value(p.param_type(k), params[k]);
  for (int k = 0; k < spec.results; k++) computed[k] = result_dtype(spec.result[k], common);
  execute(p, shape, inputs, places, seen, values, computed, outputs, aliased);
}

void run_program(const Program& p, const Operand* inputs, const DType* seen, const ParamValue* params,
                 const DType* results, Tensor* outputs) {
  check_operand_count(p.inputs + p.output_count);
  if (seen == nullptr && run_program_quickly(p, inputs, params, results, outputs)) return;
  const Device device = common_device(inputs, p.inputs, nullptr, 0);
  const Shape shape = common_shape(inputs, p.inputs);
  for (int k = 0; k < p.output_count; k++) outputs[k] = make_result(shape, inputs, p.inputs, results[k], device);
  if (device.is_meta() || p.output_count == 0 || outputs[0].numel() == 0) return;
  OPS_CHECK(device.is_cpu(), NotImplementedError, "fused operators on device ", to_string(device));
  Place places[kMaxOperands];
  DType types[kMaxOperands];
  NumberCell cells[kMaxOperands];
  for (int i = 0; i < p.inputs; i++) {
    if (inputs[i].number != nullptr) {
      const DType t = seen != nullptr ? seen[i] : number_dtype(*inputs[i].number);
      places[i] = {nullptr, cells[i].bytes, store_number(*inputs[i].number, t, cells[i])};
    } else {
      places[i] = {inputs[i].tensor, inputs[i].tensor->data(), inputs[i].tensor->dtype()};
    }
    types[i] = seen != nullptr ? seen[i] : places[i].stored;
  }
  execute(p, shape, inputs, places, types, params, results, outputs, false);
}

}  // namespace tsvm::ops::scalar

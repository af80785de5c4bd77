// The driver of pointwise operators: everything between an operator's arguments and its scalar program.
//
// Promotion, broadcasting, the result's dtype, strides and memory, checks of `out=` and in-place targets with PyTorch's
// messages, and the run over the elements. An operator is constant data (PointwiseSpec); calls take borrowed operands
// and allocate nothing but their results.
#pragma once

#include "ops/scalar/block.h"
#include "ops/scalar/program.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops::scalar {

/// Which dtype an operator computes in.
enum class Promote : uint8_t {
  Common,  // PyTorch's result type of the operands
  Float,   // the same, but integers and bools count as the default float type
};
/// The dtype of a result, from the dtype computed in.
enum class ResultDType : uint8_t {
  Common,
  Bool,
  Real,     // complex: the type of its parts
  Complex,  // floats: the complex type of such parts
  Int64,
};

inline constexpr int kMaxResults = 4;

/// A pointwise operator.
struct PointwiseSpec {
  const char* name;                      // of the kernel, in '"name" not implemented for ...'
  const Program* programs[kCTypeCount];  // by the compute type of the common dtype; null where there is none
  Promote promote = Promote::Common;
  uint8_t inputs = 0, params = 0, results = 1;
  ResultDType result[kMaxResults] = {};
  uint32_t own_dtype = 0;  // bit i: input i takes no part in promotion and is loaded as it is (the condition of where)
  uint32_t dtypes = ~0u;   // bit of each common dtype that is implemented
};

/// An operand: a tensor or a Python number. Borrowed.
struct Operand {
  const TensorImpl* tensor = nullptr;
  const Scalar* number = nullptr;
  Operand() = default;
  Operand(const Tensor& t) : tensor(t.get()) {}
  Operand(const TensorImpl* t) : tensor(t) {}
  Operand(const Scalar& s) : number(&s) {}
};

enum class Target : uint8_t {
  Fresh,    // results are new tensors
  InPlace,  // the first result is written to outputs[0], whose shape must not change
  Out,      // results are written to outputs, which are resized if need be
};

/// Runs the operator. `outputs` has spec.results entries: with Fresh they are set; otherwise they are the tensors to
/// write. Neither autograd nor version counters are touched.
void pointwise(const PointwiseSpec& spec, const Operand* inputs, const Scalar* params, Tensor* outputs,
               Target target = Target::Fresh);

/// The common case: one new result.
inline Tensor pointwise(const PointwiseSpec& spec, const Operand* inputs, const Scalar* params = nullptr) {
  Tensor result;
  pointwise(spec, inputs, params, &result);
  return result;
}
inline Tensor pointwise(const PointwiseSpec& spec, std::initializer_list<Operand> inputs,
                        std::initializer_list<Scalar> params = {}) {
  return pointwise(spec, inputs.begin(), params.begin());
}

/// Sees the pointwise operators that run on meta tensors of its thread: how the fuser learns what an operator, or the
/// gradient of one, is made of.
class PointwiseObserver {
 public:
  virtual void seen(const PointwiseSpec& spec, const Program& program, DType common, const Operand* inputs,
                    const Scalar* params, const Tensor* outputs) = 0;

 protected:
  ~PointwiseObserver() = default;
};
extern thread_local constinit PointwiseObserver* pointwise_observer;

/// The dtype that the operator computes in for these operands.
DType common_dtype(const PointwiseSpec& spec, const Operand* inputs);
/// The dtype of a result, given that.
DType result_dtype(ResultDType rule, DType common);

/// Runs a program whose dtypes were settled before (a fused group): input k is loaded as the program says, result k
/// is a new tensor of dtype results[k] and of the broadcast shape. `seen` gives the dtype that promotion converts each
/// input to (null: none does).
void run_program(const Program& p, const Operand* inputs, const DType* seen, const ParamValue* params,
                 const DType* results, Tensor* outputs);

}  // namespace tsvm::ops::scalar

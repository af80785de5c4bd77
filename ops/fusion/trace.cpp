#include "ops/fusion/trace.h"

#include "ops/op_info.h"

namespace tsvm::ops::fusion {

using scalar::ValueRef;

void Trace::bind(const Tensor& t, ValueRef ref) { known_.push_back({t, ref}); }

void Trace::bind(const Scalar* number, int32_t index) {
  if (static_cast<size_t>(index) >= numbers_.size()) numbers_.resize(static_cast<size_t>(index) + 1);
  bound_.emplace_back(number, index);
}

std::optional<ValueRef> Trace::find(const TensorImpl* t) const {
  // The newest: writing in place gives a tensor another value.
  for (size_t i = known_.size(); i-- > 0;)
    if (known_[i].hold.storage() == t->storage()) {
      if (known_[i].hold.sizes() != t->sizes() || known_[i].hold.dtype() != t->dtype()) return std::nullopt;
      return known_[i].ref;
    }
  return std::nullopt;
}

int32_t Trace::constant(const Scalar& s) {
  numbers_.push_back(std::make_unique<Scalar>(s));
  return static_cast<int32_t>(numbers_.size() - 1);
}

std::vector<const Scalar*> Trace::numbers() const {
  std::vector<const Scalar*> out;
  for (const auto& n : numbers_) out.push_back(n.get());
  return out;
}

DType Trace::dtype_of(ValueRef ref) const {
  return ref.step == ValueRef::kInput ? input_dtypes[static_cast<size_t>(ref.index)]
                                      : records_[static_cast<size_t>(ref.step)].outputs[static_cast<size_t>(ref.index)];
}

void Trace::seen(const scalar::PointwiseSpec& spec, const scalar::Program& program, DType common,
                 const scalar::Operand* inputs, const Scalar* params, const Tensor* outputs) {
  if (!why_.empty()) return;
  Record r;
  r.program = &program;
  for (int i = 0; i < spec.inputs; i++) {
    const bool promoted = !(spec.own_dtype >> i & 1);
    if (const Scalar* s = inputs[i].number) {
      int32_t index = -1;
      for (const auto& [number, at] : bound_)
        if (number == s) index = at;
      r.inputs.push_back({ValueRef::kNumber, index >= 0 ? index : constant(*s)});
      r.seen.push_back(promoted ? common : s->dtype());
      continue;
    }
    const TensorImpl* t = inputs[i].tensor;
    if (const auto ref = find(t)) {
      r.inputs.push_back(*ref);
    } else if (t->device().is_cpu() && t->dim() == 0 && !t->has(TensorImpl::kRequiresGrad)) {
      r.inputs.push_back({ValueRef::kNumber, constant(item(Tensor::retain(const_cast<TensorImpl*>(t))))});
    } else {
      return give_up(std::string("an operand of ") + spec.name + " comes from an operator that is not elementwise");
    }
    r.seen.push_back(promoted ? common : t->dtype());
  }
  for (int k = 0; k < program.params; k++) {
    for (const auto& [number, at] : bound_)
      if (number == params + k) return give_up(std::string("a number given at run time is a param of ") + spec.name);
    r.params.push_back({ValueRef::kNumber, constant(params[k])});
  }
  for (int k = 0; k < spec.results; k++) {
    r.outputs.push_back(scalar::result_dtype(spec.result[k], common));
    // out= and in-place variants may store another dtype.
    if (outputs[k].dtype() != r.outputs.back())
      return give_up(std::string(spec.name) + " writes to a tensor of another dtype");
    bind(outputs[k], {static_cast<int32_t>(records_.size()), k});
  }
  records_.push_back(std::move(r));
}

}  // namespace tsvm::ops::fusion

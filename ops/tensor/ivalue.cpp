#include "ops/tensor/ivalue.h"

#include "base/check.h"
#include "ops/tensor/generator.h"

namespace tsvm::ops {

IValue::IValue(const Scalar& v) : IValue() {
  if (v.is_bool())
    *this = IValue(v.to_bool());
  else if (v.is_int())
    *this = IValue(v.to_int());
  else if (v.is_float())
    *this = IValue(v.to_double());
  else
    *this = IValue(v.to_complex());
}

IValue::IValue(std::vector<ops::Tensor> v) : IValue() {
  Kind kind = Kind::TensorList;
  for (const auto& t : v)
    if (!t.defined()) kind = Kind::OptionalTensorList;
  *this = IValue(kind, new Box<std::vector<ops::Tensor>>(std::move(v)));
}

IValue::IValue(const ops::Generator& v) : IValue(Kind::Generator, new Box<ops::Generator>(v)) {}

Generator IValue::to_generator() const { return unbox<ops::Generator>(Kind::Generator); }

double IValue::to_double() const {
  if (kind_ == Kind::Int) return static_cast<double>(payload_.i);
  check(Kind::Double);
  return payload_.d;
}

Scalar IValue::to_scalar() const {
  switch (kind_) {
    case Kind::Bool: return Scalar(payload_.i != 0);
    case Kind::Int: return Scalar(payload_.i);
    case Kind::Double: return Scalar(payload_.d);
    default: return Scalar(to_complex());
  }
}

void IValue::release() noexcept {
  if (kind_ == Kind::Tensor)
    payload_.tensor->release();
  else if (payload_.box->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete payload_.box;
}

void IValue::fail_kind(Kind wanted) const {
  const std::string message = concat("an operator argument is ", name(kind_), " where ", name(wanted), " is expected");
  TSVM_UNREACHABLE(message.c_str());
}

const char* name(IValue::Kind kind) {
  switch (kind) {
    case IValue::Kind::None: return "None";
    case IValue::Kind::Bool: return "bool";
    case IValue::Kind::Int: return "int";
    case IValue::Kind::Double: return "float";
    case IValue::Kind::Device: return "Device";
    case IValue::Kind::DType: return "dtype";
    case IValue::Kind::Layout: return "Layout";
    case IValue::Kind::MemoryFormat: return "MemoryFormat";
    case IValue::Kind::Tensor: return "Tensor";
    case IValue::Kind::Complex: return "complex";
    case IValue::Kind::String: return "str";
    case IValue::Kind::IntList: return "List[int]";
    case IValue::Kind::DoubleList: return "List[float]";
    case IValue::Kind::BoolList: return "List[bool]";
    case IValue::Kind::TensorList: return "List[Tensor]";
    case IValue::Kind::OptionalTensorList: return "List[Optional[Tensor]]";
    case IValue::Kind::List: return "List";
    case IValue::Kind::Tuple: return "Tuple";
    case IValue::Kind::Generator: return "Generator";
  }
  return "";
}

}  // namespace tsvm::ops

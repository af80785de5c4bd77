// torch::tensor and IValue.
#include "torch/types.h"

#include <cmath>
#include <limits>

#include "ATen/core/ivalue.h"
#include "frontend/convert.h"
#include "torch/autograd.h"

namespace torch {
namespace detail {

TensorDataContainer::TensorDataContainer(std::initializer_list<TensorDataContainer> list) : items_(list) {
  sizes_ = {static_cast<int64_t>(list.size())};
  if (!items_.empty()) {
    const TensorDataContainer& first = items_[0];
    type_ = first.type_;
    for (const TensorDataContainer& item : items_) {
      TORCH_CHECK(item.sizes_ == first.sizes_, "Expected all sub-lists to have sizes: ", c10::IntArrayRef(first.sizes_),
                  " (e.g. ...), but got sub-list ... with sizes: ", c10::IntArrayRef(item.sizes_));
      TORCH_CHECK(item.type_ == type_, "Expected all elements of the tensor to have the same scalar type: ", type_,
                  ", but got element of scalar type: ", item.type_);
    }
    sizes_.insert(sizes_.end(), first.sizes_.begin(), first.sizes_.end());
  }
}

TensorDataContainer::TensorDataContainer(const std::vector<bool>& list)
    : kind_(Kind::Tensor), sizes_{static_cast<int64_t>(list.size())}, type_(c10::kBool) {
  tensor_ = at::empty(sizes_, c10::kBool);
  bool* p = tensor_.data_ptr<bool>();
  for (size_t i = 0; i < list.size(); i++) p[i] = list[i];
}

void TensorDataContainer::fill(const void* data) {
  tensor_ = at::empty(sizes_, type_);
  if (tensor_.numel()) std::memcpy(tensor_.data_ptr(), data, tensor_.nbytes());
}

void TensorDataContainer::write(at::Tensor& into) const {
  switch (kind_) {
    case Kind::Scalar: into.fill_(scalar_); break;
    case Kind::Tensor: into.copy_(tensor_); break;
    case Kind::List:
      for (size_t i = 0; i < items_.size(); i++) {
        at::Tensor part = into[static_cast<int64_t>(i)];
        items_[i].write(part);
      }
      break;
  }
}

at::Tensor TensorDataContainer::to_tensor(c10::TensorOptions options) const {
  c10::AutoGradMode off(false);
  at::Tensor t = at::empty(sizes_, options.requires_grad(c10::nullopt).device(c10::optional<c10::Device>(c10::kCPU)));
  write(t);
  return t.to(options.device());
}

}  // namespace detail

at::Tensor tensor(detail::TensorDataContainer data, const at::TensorOptions& options) {
  c10::ScalarType type = data.scalar_type();
  if (options.has_dtype())
    type = *options.scalar_type_opt();
  else if (type == c10::kInt || type == c10::kLong)
    type = c10::kLong;
  else if (type == c10::kFloat || type == c10::kDouble || type == c10::ScalarType::Undefined)
    type = c10::get_default_dtype_as_scalartype();
  at::Tensor t = data.to_tensor(options.dtype(c10::optional<c10::ScalarType>(type)));
  return tsvm::frontend::with_options(std::move(t), options);
}

}  // namespace torch

namespace c10 {

IValue::IValue(const at::Scalar& s) {
  if (s.isFloatingPoint())
    v_ = s.toDouble();
  else if (s.isComplex())
    v_ = s.toComplexDouble();
  else if (s.isBoolean())
    v_ = s.toBool();
  else
    v_ = s.toLong();
}

at::Scalar IValue::toScalar() const {
  if (isDouble()) return toDouble();
  if (isInt()) return toInt();
  if (isComplexDouble()) return toComplexDouble();
  if (isBool()) return toBool();
  fail_kind("Scalar");
}

std::string IValue::tagKind() const {
  static const char* const kNames[] = {"None",   "Tensor", "Double",      "ComplexDouble", "Int",    "Bool",
                                       "String", "Tuple",  "GenericList", "GenericDict",   "Object", "Device"};
  return kNames[v_.index()];
}

void IValue::fail_kind(const char* wanted) const {
  throw Error(std::string("Expected ") + wanted + " but got " + tagKind(), "");
}

IValue IValue::list_of(std::vector<IValue> items) {
  auto list = std::make_shared<ivalue::List>();
  list->items = std::move(items);
  return IValue(std::move(list));
}
IValue IValue::dict_of(std::vector<std::pair<IValue, IValue>> entries) {
  auto dict = std::make_shared<ivalue::Dict>();
  dict->entries = std::move(entries);
  return IValue(std::move(dict));
}
const std::vector<std::pair<IValue, IValue>>& IValue::dict_entries() const {
  return get<std::shared_ptr<ivalue::Dict>>("GenericDict")->entries;
}
ArrayRef<IValue> IValue::toListRef() const { return get<std::shared_ptr<ivalue::List>>("GenericList")->items; }
List<IValue> IValue::toList() const { return List<IValue>(toListRef()); }
Dict<IValue, IValue> IValue::toGenericDict() const {
  Dict<IValue, IValue> out;
  for (const auto& e : dict_entries()) out.insert(e.first, e.second);
  return out;
}

namespace {
template <class F>
bool all_items(const IValue& v, F f) {
  if (!v.isList()) return false;
  for (const IValue& item : v.toListRef())
    if (!f(item)) return false;
  return true;
}
}  // namespace
bool IValue::isIntList() const {
  return all_items(*this, [](const IValue& v) { return v.isInt(); });
}
bool IValue::isDoubleList() const {
  return all_items(*this, [](const IValue& v) { return v.isDouble(); });
}
bool IValue::isBoolList() const {
  return all_items(*this, [](const IValue& v) { return v.isBool(); });
}
bool IValue::isTensorList() const {
  return all_items(*this, [](const IValue& v) { return v.isTensor(); });
}

std::shared_ptr<ivalue::Tuple> ivalue::Tuple::createNamed(std::vector<IValue> items, std::vector<std::string> names,
                                                          std::string type) {
  auto t = create(std::move(items));
  t->names = std::move(names);
  t->type_name = std::move(type);
  return t;
}

bool IValue::is(const IValue& other) const {
  if (isTensor() && other.isTensor()) return toTensor().is_same(other.toTensor());
  if (v_.index() != other.v_.index()) return false;
  if (isString() || !isPtrType()) return *this == other;
  if (isTuple()) return toTuple() == other.toTuple();
  if (isObject()) return toObject() == other.toObject();
  if (isList()) return std::get<std::shared_ptr<ivalue::List>>(v_) == std::get<std::shared_ptr<ivalue::List>>(other.v_);
  return std::get<std::shared_ptr<ivalue::Dict>>(v_) == std::get<std::shared_ptr<ivalue::Dict>>(other.v_);
}

bool operator==(const IValue& a, const IValue& b) {
  if (a.v_.index() != b.v_.index()) return false;
  if (a.isTensor()) {
    const at::Tensor x = a.toTensor(), y = b.toTensor();
    if (x.defined() != y.defined()) return false;
    return !x.defined() || x.is_same(y) || at::equal(x, y);
  }
  if (a.isString()) return a.toStringRef() == b.toStringRef();
  if (a.isTuple()) return a.toTupleRef().elements() == b.toTupleRef().elements();
  if (a.isList()) return a.toListRef().equals(b.toListRef());
  if (a.isGenericDict()) return a.dict_entries() == b.dict_entries();
  if (a.isObject()) return a.toObject() == b.toObject();
  if (a.isNone()) return true;
  if (a.isDouble()) return a.toDouble() == b.toDouble();
  if (a.isInt()) return a.toInt() == b.toInt();
  if (a.isBool()) return a.toBool() == b.toBool();
  if (a.isComplexDouble()) return a.toComplexDouble() == b.toComplexDouble();
  return a.toDevice() == b.toDevice();
}

std::ostream& operator<<(std::ostream& out, const IValue& v) {
  if (v.isNone()) return out << "None";
  if (v.isTensor()) return out << v.toTensor();
  if (v.isDouble()) {
    const double d = v.toDouble();
    if (std::isfinite(d) && d == std::trunc(d) && std::fabs(d) < 1e10) return out << static_cast<int64_t>(d) << ".";
    const auto before = out.precision(std::numeric_limits<double>::max_digits10);
    out << d;
    out.precision(before);
    return out;
  }
  if (v.isInt()) return out << v.toInt();
  if (v.isBool()) return out << (v.toBool() ? "True" : "False");
  if (v.isComplexDouble()) return out << v.toComplexDouble();
  if (v.isString()) return out << '"' << v.toStringRef() << '"';
  if (v.isDevice()) return out << v.toDevice();
  if (v.isTuple()) {
    out << "(";
    const auto& items = v.toTupleRef().elements();
    for (size_t i = 0; i < items.size(); i++) out << (i ? ", " : "") << items[i];
    return out << (items.size() == 1 ? ",)" : ")");
  }
  if (v.isList()) {
    out << "[";
    bool first = true;
    for (const IValue& item : v.toListRef()) {
      if (!first) out << ", ";
      first = false;
      out << item;
    }
    return out << "]";
  }
  if (v.isGenericDict()) {
    out << "{";
    bool first = true;
    for (const auto& e : v.dict_entries()) {
      if (!first) out << ", ";
      first = false;
      out << e.first << ": " << e.second;
    }
    return out << "}";
  }
  return out << "<object>";
}

}  // namespace c10

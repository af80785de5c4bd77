// at::Tensor: what is not an operator. The operators' methods are generated.
#include "ATen/core/Tensor.h"

#include <cstdio>
#include <iostream>

#include "ATen/Functions.h"
#include "frontend/convert.h"
#include "ops/autograd/engine.h"
#include "ops/autograd/variable.h"
#include "ops/operators.h"
#include "ops/tensor/inference.h"
#include "ops/tensor/print.h"

namespace at {

using namespace tsvm;
using namespace tsvm::frontend;
namespace ag = tsvm::ops::autograd;

// --- storage ---------------------------------------------------------------------------------------------------------

namespace {
ops::StorageImpl* storage_impl(const std::shared_ptr<void>& p) { return static_cast<ops::StorageImpl*>(p.get()); }
}  // namespace

void* Storage::data() const { return impl_ ? storage_impl(impl_)->data() : nullptr; }
size_t Storage::nbytes() const { return impl_ ? storage_impl(impl_)->nbytes() : 0; }
size_t Storage::use_count() const { return impl_ ? storage_impl(impl_)->use_count() : 0; }
Device Storage::device() const { return impl_ ? give(storage_impl(impl_)->device()) : Device(c10::kCPU); }

Storage Tensor::storage() const {
  ops::StorageImpl* s = in(*this).storage();
  s->retain();
  return Storage(std::shared_ptr<void>(s, [](void* p) { static_cast<ops::StorageImpl*>(p)->release(); }));
}
bool Tensor::has_storage() const { return defined() && raw(*this).layout() == ops::Layout::Strided; }
bool Tensor::is_alias_of(const Tensor& other) const { return in(*this).storage() == in(other).storage(); }

// --- what it looks like ----------------------------------------------------------------------------------------------

size_t Tensor::use_count() const noexcept { return impl_ ? impl_->use_count() : 0; }
int64_t Tensor::dim() const { return in(*this).dim(); }
int64_t Tensor::numel() const { return in(*this).numel(); }
IntArrayRef Tensor::sizes() const {
  const ops::IntSpan s = in(*this).sizes();
  return {s.data(), s.size()};
}
IntArrayRef Tensor::strides() const {
  const ops::IntSpan s = in(*this).strides();
  return {s.data(), s.size()};
}
int64_t Tensor::size(int64_t d) const {
  return run([&] { return in(*this).size(d); });
}
int64_t Tensor::stride(int64_t d) const {
  return run([&] { return in(*this).stride(d); });
}
size_t Tensor::nbytes() const { return in(*this).nbytes(); }
size_t Tensor::itemsize() const { return in(*this).itemsize(); }
int64_t Tensor::storage_offset() const { return in(*this).storage_offset(); }
bool Tensor::is_contiguous(MemoryFormat format) const {
  return run([&] { return in(*this).is_contiguous(frontend::in(format)); });
}
bool Tensor::is_non_overlapping_and_dense() const { return in(*this).is_non_overlapping_and_dense(); }
MemoryFormat Tensor::suggest_memory_format() const {
  if (dim() == 4 && !is_contiguous() && is_contiguous(MemoryFormat::ChannelsLast)) return MemoryFormat::ChannelsLast;
  if (dim() == 5 && !is_contiguous() && is_contiguous(MemoryFormat::ChannelsLast3d))
    return MemoryFormat::ChannelsLast3d;
  return MemoryFormat::Contiguous;
}
ScalarType Tensor::scalar_type() const { return defined() ? give(raw(*this).dtype()) : ScalarType::Undefined; }
Device Tensor::device() const { return give(in(*this).device()); }
int64_t Tensor::get_device() const { return device().index(); }
Layout Tensor::layout() const { return give(in(*this).layout()); }
TensorOptions Tensor::options() const {
  return TensorOptions().dtype(c10::optional<ScalarType>(scalar_type())).device(device()).layout(layout());
}
bool Tensor::is_inference() const { return defined() && ops::is_inference(in(*this)); }
bool Tensor::is_nonzero() const {
  const int64_t n = numel();
  TORCH_CHECK(n != 0, "Boolean value of Tensor with no values is ambiguous");
  TORCH_CHECK(n < 2, "Boolean value of Tensor with more than one value is ambiguous");
  return run([&] { return ops::item(in(*this)).to_bool(); });
}
std::string Tensor::toString() const { return defined() ? ops::cpp_type_name(raw(*this)) : "UndefinedType"; }
void Tensor::print() const {
  if (defined())
    std::cerr << "[" << toString() << " " << sizes() << "]\n";
  else
    std::cerr << "[UndefinedTensor]\n";
}

std::ostream& print(std::ostream& out, const Tensor& t, int64_t linesize) {
  if (!t.defined()) return out << "[ Tensor (undefined) ]";
  return out << run([&] { return ops::to_cpp_string(raw(t), linesize); });
}
std::ostream& operator<<(std::ostream& out, const Tensor& t) { return print(out, t, 80); }
void print(const Tensor& t, int64_t linesize) { print(std::cout, t, linesize); }
std::ostream& operator<<(std::ostream& out, TensorList list) {
  int i = 0;
  for (const Tensor& t : list) {
    if (i++ > 0) out << ", ";
    out << t;
  }
  return out;
}

// --- elements --------------------------------------------------------------------------------------------------------

void* Tensor::data_ptr() const { return in(*this).data(); }

Scalar Tensor::item() const {
  return run([&] {
    const ops::Tensor& t = in(*this);
    return give(ops::item(t));
  });
}

#define C10_TYPE(name, cpp, number)                                                                             \
  template <>                                                                                                   \
  cpp* Tensor::data_ptr<cpp>() const {                                                                          \
    TORCH_CHECK(scalar_type() == ScalarType::name, "expected scalar type " #name " but found ", scalar_type()); \
    return static_cast<cpp*>(data_ptr());                                                                       \
  }                                                                                                             \
  template <>                                                                                                   \
  cpp Tensor::item<cpp>() const {                                                                               \
    return item().to<cpp>();                                                                                    \
  }
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE

// --- operators -------------------------------------------------------------------------------------------------------

Tensor& Tensor::operator=(const Scalar& v) && {
  fill_(v);
  return *this;
}
Tensor& Tensor::operator=(const Tensor& o) && {
  copy_(o);
  return *this;
}
Tensor Tensor::operator~() const { return bitwise_not(); }
Tensor Tensor::operator-() const { return neg(); }
Tensor& Tensor::operator+=(const Tensor& o) { return add_(o); }
Tensor& Tensor::operator+=(const Scalar& o) { return add_(o); }
Tensor& Tensor::operator-=(const Tensor& o) { return sub_(o); }
Tensor& Tensor::operator-=(const Scalar& o) { return sub_(o); }
Tensor& Tensor::operator*=(const Tensor& o) { return mul_(o); }
Tensor& Tensor::operator*=(const Scalar& o) { return mul_(o); }
Tensor& Tensor::operator/=(const Tensor& o) { return div_(o); }
Tensor& Tensor::operator/=(const Scalar& o) { return div_(o); }
Tensor& Tensor::operator&=(const Tensor& o) { return bitwise_and_(o); }
Tensor& Tensor::operator|=(const Tensor& o) { return bitwise_or_(o); }
Tensor& Tensor::operator^=(const Tensor& o) { return bitwise_xor_(o); }
Tensor Tensor::operator[](int64_t i) const { return select(0, i); }
Tensor Tensor::operator[](const Scalar& i) const {
  TORCH_CHECK_INDEX(i.isIntegral(false), "Can only index tensors with integral scalars");
  return (*this)[i.toLong()];
}
Tensor Tensor::operator[](const Tensor& i) const {
  TORCH_CHECK_INDEX(i.defined(), "Can only index with tensors that are defined");
  TORCH_CHECK_INDEX(i.dim() == 0, "Can only index with tensors that are scalars (zero-dim)");
  return (*this)[i.item()];
}

#define AT_PLAIN(op, call)                                                   \
  Tensor operator op(const Tensor& a, const Tensor& b) { return a.call(b); } \
  Tensor operator op(const Tensor& a, const Scalar& b) { return a.call(b); }
AT_PLAIN(+, add)
AT_PLAIN(-, sub)
AT_PLAIN(*, mul)
AT_PLAIN(/, div)
AT_PLAIN(%, remainder)
AT_PLAIN(&, bitwise_and)
AT_PLAIN(|, bitwise_or)
AT_PLAIN(^, bitwise_xor)
AT_PLAIN(<, lt)
AT_PLAIN(<=, le)
AT_PLAIN(>, gt)
AT_PLAIN(>=, ge)
AT_PLAIN(==, eq)
AT_PLAIN(!=, ne)
#undef AT_PLAIN
Tensor operator+(const Scalar& a, const Tensor& b) { return b.add(a); }
Tensor operator-(const Scalar& a, const Tensor& b) {
  return run([&] { return give(ops::op::rsub(in(b), in(a))); });
}
Tensor operator*(const Scalar& a, const Tensor& b) { return b.mul(a); }
Tensor operator/(const Scalar& a, const Tensor& b) { return b.reciprocal().mul_(a); }
Tensor operator%(const Scalar& a, const Tensor& b) { return at::remainder(a, b); }
Tensor operator&(const Scalar& a, const Tensor& b) { return b.bitwise_and(a); }
Tensor operator|(const Scalar& a, const Tensor& b) { return b.bitwise_or(a); }
Tensor operator^(const Scalar& a, const Tensor& b) { return b.bitwise_xor(a); }
Tensor operator<(const Scalar& a, const Tensor& b) { return b.gt(a); }
Tensor operator<=(const Scalar& a, const Tensor& b) { return b.ge(a); }
Tensor operator>(const Scalar& a, const Tensor& b) { return b.lt(a); }
Tensor operator>=(const Scalar& a, const Tensor& b) { return b.le(a); }
Tensor operator==(const Scalar& a, const Tensor& b) { return b.eq(a); }
Tensor operator!=(const Scalar& a, const Tensor& b) { return b.ne(a); }

// --- conversions -----------------------------------------------------------------------------------------------------

Tensor Tensor::to(TensorOptions options, bool non_blocking, bool copy, c10::optional<MemoryFormat> format) const {
  TORCH_CHECK(!(format && options.has_memory_format()),
              "Cannot set memory_format both in TensorOptions and explicit argument");
  if (!format) format = options.memory_format_opt();
  return run([&] {
    return give(
        ops::op::to(in(*this), device_of(options), dtype_of(options), non_blocking, copy, frontend::in(format)));
  });
}
Tensor Tensor::to(Device device, ScalarType dtype, bool non_blocking, bool copy,
                  c10::optional<MemoryFormat> format) const {
  return to(TensorOptions().device(device).dtype(c10::optional<ScalarType>(dtype)), non_blocking, copy, format);
}
Tensor Tensor::to(ScalarType dtype, bool non_blocking, bool copy, c10::optional<MemoryFormat> format) const {
  return run([&] { return give(ops::op::to(in(*this), in(dtype), non_blocking, copy, frontend::in(format))); });
}
Tensor Tensor::to(const Tensor& other, bool non_blocking, bool copy, c10::optional<MemoryFormat> format) const {
  return run([&] { return give(ops::op::to(in(*this), in(other), non_blocking, copy, frontend::in(format))); });
}
Tensor Tensor::where(const Tensor& condition, const Tensor& other) const { return at::where(condition, *this, other); }
Tensor Tensor::where(const Tensor& condition, const Scalar& other) const { return at::where(condition, *this, other); }

// --- autograd --------------------------------------------------------------------------------------------------------

bool Tensor::requires_grad() const { return in(*this).requires_grad(); }
const Tensor& Tensor::set_requires_grad(bool on) const {
  run([&] {
    ag::set_requires_grad(in(*this), on, "Only Tensors of floating point and complex dtype can require gradients");
  });
  return *this;
}
Tensor& Tensor::requires_grad_(bool on) const {
  set_requires_grad(on);
  return const_cast<Tensor&>(*this);
}
bool Tensor::is_leaf() const { return ag::is_leaf(in(*this)); }
int64_t Tensor::output_nr() const { return ag::result_number(in(*this)); }
int64_t Tensor::_version() const { return in(*this).version(); }

void Tensor::backward(const Tensor& gradient, c10::optional<bool> retain_graph, bool create_graph,
                      c10::optional<TensorList> inputs) const {
  run([&] {
    ag::BackwardOptions options;
    options.create_graph = create_graph;
    options.keep_graph = retain_graph.value_or(create_graph);
    const ops::Tensor grad = raw(gradient);
    ag::backward(ops::TensorSpan(&in(*this), 1), ops::TensorSpan(&grad, 1), options,
                 inputs ? in(*inputs) : ops::TensorSpan());
  });
}
const Tensor& Tensor::grad() const {
  static const Tensor none;
  const ag::AutogradMeta* meta = ag::meta_or_null(in(*this));
  return meta ? reinterpret_cast<const Tensor&>(meta->grad) : none;
}
Tensor& Tensor::mutable_grad() const { return reinterpret_cast<Tensor&>(ag::meta(in(*this)).grad); }
void Tensor::retain_grad() const {
  run([&] { ag::retain_grad(in(*this)); });
}
bool Tensor::retains_grad() const { return ag::retains_grad(in(*this)); }
Tensor& Tensor::detach_() const {
  run([&] { ag::detach_in_place(in(*this)); });
  return const_cast<Tensor&>(*this);
}
Tensor Tensor::data() const {
  return run([&] { return give(ag::data_of(in(*this))); });
}
void Tensor::set_data(const Tensor& other) const {
  run([&] {
    const ops::Tensor& self = in(*this);
    const ops::Tensor& o = in(other);
    self->set_storage(o.share_storage(), o.dtype());
    self->set_geometry(o.sizes(), o.strides(), o.storage_offset());
  });
}
bool Tensor::is_view() const { return ag::is_view(in(*this)); }
Tensor Tensor::_base() const { return give(ag::view_base(in(*this))); }
const std::string& Tensor::name() const {
  static const std::string none;
  return none;
}

namespace {
/// A function of the program as a hook on a gradient.
class FunctionHook final : public ag::Hook {
 public:
  explicit FunctionHook(std::function<Tensor(const Tensor&)> f) : f_(std::move(f)) {}
  ops::Tensor call(const ops::Tensor& grad) override { return raw(f_(give(grad))); }

 private:
  std::function<Tensor(const Tensor&)> f_;
};
}  // namespace

unsigned Tensor::add_hook(std::function<Tensor(const Tensor&)> hook) const {
  return run([&] {
    TORCH_CHECK(requires_grad(), "cannot register a hook on a variable that doesn't require gradient");
    return static_cast<unsigned>(ag::add_hook(in(*this), std::make_shared<FunctionHook>(std::move(hook))));
  });
}
void Tensor::remove_hook(unsigned id) const { ag::remove_hook(in(*this), id); }

}  // namespace at

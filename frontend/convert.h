// Between the C++ front end's public types and the library's own.
//
// at::Tensor and ops::Tensor are both one counted pointer to the same object, so references and lists of one are taken
// as the other. Everything that calls operators goes through run(), which turns ops::Error into the c10 error of its
// kind.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <typeinfo>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"
#include "ops/tensor/device.h"
#include "ops/tensor/dtype.h"
#include "ops/tensor/generator.h"
#include "ops/tensor/scalar.h"
#include "ops/tensor/tensor.h"

namespace tsvm::frontend {

static_assert(sizeof(at::Tensor) == sizeof(ops::Tensor));

[[noreturn]] void throw_public(const ops::Error& e);
[[noreturn]] void fail_undefined();
/// The name of a C++ type as one writes it.
std::string type_text(const std::type_info& type);

/// Runs what calls operators.
template <class F>
decltype(auto) run(F&& f) {
  try {
    return f();
  } catch (const ops::Error& e) {
    throw_public(e);
  }
}

// --- arguments -------------------------------------------------------------------------------------------------------
/// May be undefined.
inline const ops::Tensor& raw(const at::Tensor& t) { return reinterpret_cast<const ops::Tensor&>(t); }
inline const ops::Tensor& in(const at::Tensor& t) {
  if (__builtin_expect(!t.defined(), 0)) fail_undefined();
  return raw(t);
}
inline ops::Tensor in(const c10::optional<at::Tensor>& t) { return t ? raw(*t) : ops::Tensor(); }
/// May hold undefined tensors.
inline ops::TensorSpan raw(at::TensorList list) {
  return {reinterpret_cast<const ops::Tensor*>(list.data()), list.size()};
}
inline ops::TensorSpan in(at::TensorList list) {
  for (const at::Tensor& t : list)
    if (!t.defined()) fail_undefined();
  return raw(list);
}
inline std::optional<ops::TensorSpan> in(const c10::optional<at::TensorList>& list) {
  if (!list) return std::nullopt;
  return in(*list);
}

/// A list whose items may be missing, for the time of a call.
class OptionalTensors {
 public:
  explicit OptionalTensors(const c10::List<c10::optional<at::Tensor>>& list) {
    for (size_t i = 0; i < list.size(); i++) {
      const c10::optional<at::Tensor> t = list.get(i);
      tensors_.push_back(t ? raw(*t) : ops::Tensor());
    }
  }
  operator ops::TensorSpan() const { return tensors_; }

 private:
  std::vector<ops::Tensor> tensors_;
};
inline OptionalTensors in(const c10::List<c10::optional<at::Tensor>>& list) { return OptionalTensors(list); }

inline ops::IntSpan in(c10::IntArrayRef list) { return {list.data(), list.size()}; }
inline std::optional<ops::IntSpan> in(const c10::OptionalIntArrayRef& list) {
  if (!list) return std::nullopt;
  return in(*list);
}
inline std::span<const double> in(c10::ArrayRef<double> list) { return {list.data(), list.size()}; }
inline std::span<const bool> in(c10::ArrayRef<bool> list) { return {list.data(), list.size()}; }
inline std::span<const std::string_view> in(c10::ArrayRef<c10::string_view> list) { return {list.data(), list.size()}; }
template <class T>
auto in(const c10::optional<c10::ArrayRef<T>>& list) -> std::optional<decltype(in(*list))> {
  if (!list) return std::nullopt;
  return in(*list);
}

ops::Scalar in(const c10::Scalar& v);
inline std::optional<ops::Scalar> in(const c10::optional<c10::Scalar>& v) {
  if (!v) return std::nullopt;
  return in(*v);
}
class Scalars {
 public:
  explicit Scalars(c10::ArrayRef<c10::Scalar> list) {
    for (const c10::Scalar& v : list) scalars_.push_back(in(v));
  }
  operator std::span<const ops::Scalar>() const { return scalars_; }

 private:
  std::vector<ops::Scalar> scalars_;
};
inline Scalars in(c10::ArrayRef<c10::Scalar> list) { return Scalars(list); }

inline int64_t in(int64_t v) { return v; }
inline double in(double v) { return v; }
inline bool in(bool v) { return v; }
inline std::optional<int64_t> in(c10::optional<int64_t> v) { return v; }
inline std::optional<double> in(c10::optional<double> v) { return v; }
inline std::optional<bool> in(c10::optional<bool> v) { return v; }
inline std::string_view in(c10::string_view v) { return v; }
inline std::optional<std::string_view> in(c10::optional<c10::string_view> v) { return v; }

ops::DType in(c10::ScalarType t);
ops::Device in(c10::Device d);
ops::Layout in(c10::Layout layout);
inline ops::MemoryFormat in(c10::MemoryFormat format) { return static_cast<ops::MemoryFormat>(format); }
template <class T>
auto in(const c10::optional<T>& v) -> std::optional<decltype(in(*v))> {
  if (!v) return std::nullopt;
  return in(*v);
}
std::optional<ops::Generator> in(const c10::optional<at::Generator>& g);

// The four arguments that stand for a TensorOptions.
inline std::optional<ops::DType> dtype_of(const c10::TensorOptions& o) { return in(o.scalar_type_opt()); }
inline std::optional<ops::Layout> layout_of(const c10::TensorOptions& o) { return in(o.layout_opt()); }
inline std::optional<ops::Device> device_of(const c10::TensorOptions& o) { return in(o.device_opt()); }
inline std::optional<bool> pin_memory_of(const c10::TensorOptions& o) { return o.pinned_memory_opt(); }
// out= variants are made as their result is.
inline std::optional<ops::DType> dtype_of(const at::Tensor& out) { return in(out).dtype(); }
inline std::optional<ops::Layout> layout_of(const at::Tensor& out) { return in(out).layout(); }
inline std::optional<ops::Device> device_of(const at::Tensor& out) { return in(out).device(); }
inline std::optional<bool> pin_memory_of(const at::Tensor&) { return std::nullopt; }

// --- results
// -----------------------------------------------------------------------------------------------------------
inline at::Tensor give(ops::Tensor t) { return at::Tensor::adopt(t.leak()); }
inline std::vector<at::Tensor> give(std::vector<ops::Tensor> list) {
  std::vector<at::Tensor> out;
  out.reserve(list.size());
  for (ops::Tensor& t : list) out.push_back(at::Tensor::adopt(t.leak()));
  return out;
}
inline bool give(bool v) { return v; }
inline int64_t give(int64_t v) { return v; }
inline double give(double v) { return v; }
inline std::string give(std::string v) { return v; }
inline std::vector<double> give(std::vector<double> v) { return v; }
inline std::vector<int64_t> give(const ops::DimVector& v) { return {v.begin(), v.end()}; }
inline std::vector<int64_t> give(std::vector<int64_t> v) { return v; }
c10::Scalar give(const ops::Scalar& v);
c10::ScalarType give(ops::DType t);
c10::Device give(ops::Device d);
c10::Layout give(ops::Layout layout);
template <class... T>
auto give(std::tuple<T...> results) {
  return std::apply([](auto&&... r) { return std::make_tuple(give(std::move(r))...); }, std::move(results));
}

/// What a factory does at last: requires_grad.
at::Tensor with_options(at::Tensor t, const c10::TensorOptions& options);

}  // namespace tsvm::frontend

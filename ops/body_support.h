// What generated bodies and nodes call besides operators: lists, numbers, saving, recording. See ops/gen/body.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "ops/autograd/node.h"
#include "ops/autograd/saved.h"
#include "ops/autograd/variable.h"
#include "ops/autograd/view_nodes.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/metadata.h"
#include "ops/cpu/nn_kernels.h"
#include "ops/operators.h"
#include "ops/scalar/pointwise.h"
#include "ops/tensor/error.h"
#include "ops/tensor/shape.h"

namespace tsvm::ops::body {

// --- what pointwise operators refuse (their `check`)

/// alpha= of add: no float for integers, no complex for reals, a bool for bools only.
void check_addition(const scalar::PointwiseSpec& spec, const scalar::Operand* in, const Scalar& alpha);
/// The same, and no bools.
void check_subtraction(const scalar::PointwiseSpec& spec, const scalar::Operand* in, const Scalar& alpha);
void check_negation(const scalar::PointwiseSpec& spec, const scalar::Operand* in);
/// complex() and polar(): two parts of one floating type.
void check_parts(const scalar::PointwiseSpec& spec, const scalar::Operand* in);
/// where(): a condition of bools.
void check_condition(const scalar::PointwiseSpec& spec, const scalar::Operand* in);

/// pow(): whole numbers have no negative powers.
void check_power(const Tensor& self, const Scalar& exponent);

/// "Float": a dtype as PyTorch's messages name it.
inline std::string dtype_text(DType t) { return info(t).cpp_name; }
[[noreturn]] inline void fail_dtype(std::string_view what, DType t) { ops::fail_dtype(std::string(what).c_str(), t); }

// --- None

inline bool is_none(const Tensor& t) { return !t.defined(); }
template <class T>
inline bool is_none(const std::optional<T>& v) {
  return !v.has_value();
}

/// A dimension that is there, counted from the end if negative.
using ops::wrap_dim;
inline int64_t wrap_dim(const std::optional<int64_t>& dim, int64_t ndim) { return ops::wrap_dim(*dim, ndim); }

// --- numbers

inline int64_t floor_div(int64_t a, int64_t b) {
  if (b == 0) fail(ErrorKind::ZeroDivisionError, "integer division or modulo by zero");
  const int64_t q = a / b;
  return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}
inline int64_t floor_mod(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }
inline double floor_div(double a, double b) { return std::floor(a / b); }

template <class F>
inline Scalar scalar_arith(const Scalar& a, const Scalar& b, const F& f) {
  if (a.is_complex() || b.is_complex()) return Scalar(std::complex<double>(f(a.to_complex(), b.to_complex())));
  if (a.is_float() || b.is_float()) return Scalar(static_cast<double>(f(a.to_double(), b.to_double())));
  return Scalar(static_cast<int64_t>(f(a.to_int(), b.to_int())));
}
inline Scalar scalar_add(const Scalar& a, const Scalar& b) {
  return scalar_arith(a, b, [](auto x, auto y) { return x + y; });
}
inline Scalar scalar_sub(const Scalar& a, const Scalar& b) {
  return scalar_arith(a, b, [](auto x, auto y) { return x - y; });
}
inline Scalar scalar_mul(const Scalar& a, const Scalar& b) {
  return scalar_arith(a, b, [](auto x, auto y) { return x * y; });
}
inline Scalar scalar_div(const Scalar& a, const Scalar& b) {
  if (a.is_complex() || b.is_complex()) return Scalar(a.to_complex() / b.to_complex());
  return Scalar(a.to_double() / b.to_double());
}
inline Scalar conj_scalar(const Scalar& s) { return s.is_complex() ? Scalar(std::conj(s.to_complex())) : s; }
inline bool scalar_is_complex(const Scalar& s) { return s.is_complex(); }
inline Tensor conj_scalar(const Tensor& t) { return t; }

/// The smallest number of a dtype, and its distance from 1 to the next number.
inline double lowest_value(DType t) {
  switch (t) {
    case DType::Float32: return std::numeric_limits<float>::lowest();
    case DType::Float64: return std::numeric_limits<double>::lowest();
    case DType::Float16: return -65504.0;
    case DType::BFloat16: return -3.3895313892515355e38;
    default: return 0;
  }
}
inline double epsilon_of(DType t) {
  switch (t) {
    case DType::Float64:
    case DType::Complex128: return std::numeric_limits<double>::epsilon();
    case DType::Float16: return 0.0009765625;
    case DType::BFloat16: return 0.0078125;
    default: return std::numeric_limits<float>::epsilon();
  }
}

// --- lists

inline size_t list_index(int64_t i, size_t n) {
  const int64_t k = i < 0 ? i + static_cast<int64_t>(n) : i;
  if (k < 0 || k >= static_cast<int64_t>(n)) fail(ErrorKind::IndexError, "list index out of range");
  return static_cast<size_t>(k);
}
inline int64_t list_item(IntSpan list, int64_t i) { return list[list_index(i, list.size())]; }
inline int64_t& list_item(DimVector& list, int64_t i) { return list[list_index(i, list.size())]; }
inline int64_t list_item(const DimVector& list, int64_t i) { return list[list_index(i, list.size())]; }
inline double list_item(std::span<const double> list, int64_t i) { return list[list_index(i, list.size())]; }
inline const Tensor& list_item(TensorSpan list, int64_t i) { return list[list_index(i, list.size())]; }
inline Tensor& list_item(std::vector<Tensor>& list, int64_t i) { return list[list_index(i, list.size())]; }

inline std::pair<size_t, size_t> slice_bounds(int64_t from, int64_t to, size_t size) {
  const int64_t n = static_cast<int64_t>(size);
  from = std::clamp<int64_t>(from < 0 ? from + n : from, 0, n);
  to = std::clamp<int64_t>(to < 0 ? to + n : to, from, n);
  return {static_cast<size_t>(from), static_cast<size_t>(to)};
}
inline DimVector list_slice(IntSpan list, int64_t from, int64_t to) {
  const auto [a, b] = slice_bounds(from, to, list.size());
  return DimVector(IntSpan(list.data() + a, b - a));
}
inline std::vector<Tensor> list_slice(TensorSpan list, int64_t from, int64_t to) {
  const auto [a, b] = slice_bounds(from, to, list.size());
  return std::vector<Tensor>(list.begin() + static_cast<std::ptrdiff_t>(a),
                             list.begin() + static_cast<std::ptrdiff_t>(b));
}
inline DimVector list_join(IntSpan a, IntSpan b) {
  DimVector out(a);
  for (int64_t v : b) out.push_back(v);
  return out;
}
inline std::vector<Tensor> list_join(TensorSpan a, TensorSpan b) {
  std::vector<Tensor> out(a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}
inline DimVector list_repeat(int64_t v, int64_t n) {
  return DimVector(static_cast<size_t>(std::max<int64_t>(n, 0)), v);
}
inline bool contains(IntSpan list, int64_t v) { return std::find(list.begin(), list.end(), v) != list.end(); }
inline DimVector sorted_ints(IntSpan list) {
  DimVector out(list);
  std::sort(out.begin(), out.end());
  return out;
}
/// One value where a list of n is meant: int[n] arguments given as [k].
inline DimVector expand_list(IntSpan list, int64_t n) {
  if (list.size() == 1) return DimVector(static_cast<size_t>(n), list[0]);
  return DimVector(list);
}

// Borrowed arguments as objects that own their value.
inline DimVector own(IntSpan v) { return DimVector(v); }
inline std::optional<DimVector> own(const std::optional<IntSpan>& v) {
  return v ? std::optional<DimVector>(DimVector(*v)) : std::nullopt;
}
inline std::string own(std::string_view v) { return std::string(v); }
inline std::optional<std::string> own(const std::optional<std::string_view>& v) {
  return v ? std::optional<std::string>(std::string(*v)) : std::nullopt;
}
inline std::vector<Tensor> own(TensorSpan v) { return std::vector<Tensor>(v.begin(), v.end()); }
inline std::vector<double> own(std::span<const double> v) { return std::vector<double>(v.begin(), v.end()); }
inline const Scalar& own(const Scalar& v) { return v; }
inline const std::optional<Scalar>& own(const std::optional<Scalar>& v) { return v; }
inline const std::optional<Generator>& own(const std::optional<Generator>& v) { return v; }
inline int64_t own(int64_t v) { return v; }
inline double own(double v) { return v; }
inline bool own(bool v) { return v; }
inline DType own(DType v) { return v; }
template <class T>
inline std::optional<T> own(std::optional<T> v) {
  return v;
}

// --- dimensions

inline DimVector wrap_dims(IntSpan dims, int64_t ndim) {
  DimVector out(dims);
  for (int64_t& d : out) d = ops::wrap_dim(d, ndim);
  return out;
}
inline DimVector wrap_dims(const std::optional<IntSpan>& dims, int64_t ndim) { return wrap_dims(*dims, ndim); }
inline DimVector all_dims(int64_t ndim) {
  DimVector out(static_cast<size_t>(ndim));
  std::iota(out.begin(), out.end(), 0);
  return out;
}
/// Every dimension but that of channels.
inline DimVector all_dims_but_one(int64_t ndim) {
  DimVector out = all_dims(ndim);
  out.erase(1);
  return out;
}
inline int64_t product_of(IntSpan list) { return numel_of(list); }
/// The elements of an integer tensor.
inline DimVector ints_of(const Tensor& t) {
  OPS_CHECK(!t.is_meta(), NotImplementedError, "Cannot copy out of meta tensor; no data!");
  const Tensor flat = cpu::contiguous(cpu::to(t, DType::Int64));
  return DimVector(IntSpan(flat.data_ptr<int64_t>(), static_cast<size_t>(flat.numel())));
}
inline DimVector inverse_permutation(IntSpan dims) {
  DimVector out(dims.size());
  for (size_t i = 0; i < dims.size(); i++)
    out[static_cast<size_t>(ops::wrap_dim(dims[i], static_cast<int64_t>(dims.size())))] = static_cast<int64_t>(i);
  return out;
}
inline bool any_negative(IntSpan v) {
  return std::any_of(v.begin(), v.end(), [](int64_t x) { return x < 0; });
}
inline bool view_is_possible(const Tensor& t, IntSpan sizes) {
  return view_strides(t.sizes(), t.strides(), sizes).has_value();
}

// --- dtypes

inline bool is_bool_type(DType t) { return ops::is_bool(t); }
template <class... Args>
inline DType result_type(const Args&... args) {
  ResultType r;
  auto one = [&](const auto& a) {
    using A = std::decay_t<decltype(a)>;
    if constexpr (std::is_same_v<A, Tensor>) {
      if (!a.defined()) return;
      if (a.is_wrapped_number())
        r.add_number(category(a.dtype()));
      else if (a.dim() > 0)
        r.add_dim(a.dtype());
      else
        r.add_zero_dim(a.dtype());
    } else if constexpr (std::is_same_v<A, std::optional<Scalar>>) {
      if (a) r.add_number(a->category());
    } else {
      r.add_number(Scalar(a).category());
    }
  };
  (one(args), ...);
  return r.get();
}
inline DType result_type(TensorSpan list) {
  ResultType r;
  for (const Tensor& t : list) {
    if (t.is_wrapped_number())
      r.add_number(category(t.dtype()));
    else if (t.dim() > 0)
      r.add_dim(t.dtype());
    else
      r.add_zero_dim(t.dtype());
  }
  return r.get();
}
inline bool is_wrapped(const Tensor& t) { return t.is_wrapped_number(); }

template <class F>
inline void check(bool ok, const F& message) {
  if (__builtin_expect(!ok, 0)) throw_error(ErrorKind::RuntimeError, message());
}

// What functions of matrices check, with PyTorch's words: a float or complex dtype and two dimensions at least
// (check_matrix), any dtype and square (check_matrix_any), both (check_square); that b fits A in A x = b.
void check_matrix(const Tensor& a, std::string_view name);
void check_matrix_any(const Tensor& a, std::string_view name);
void check_square(const Tensor& a, std::string_view name);
void check_solver(const Tensor& b, const Tensor& a, std::string_view name);
inline void check_linalg(const Tensor& info, std::string_view name, bool is_matrix) {
  cpu::check_linalg_errors(info, name, is_matrix);
}

/// 0, 1, 2 for "none", "mean", "sum" (a losses' reduction given by name).
int64_t reduction_mode(std::string_view name);

// --- autograd

inline bool grad_enabled() { return autograd::grad_mode(); }

/// The metadata of a tensor, where a formula needs nothing else of it.
class SavedMeta {
 public:
  void save(const Tensor& t) {
    defined_ = t.defined();
    if (!defined_) return;
    sizes_.assign(t.sizes());
    strides_.assign(t.strides());
    dtype_ = t.dtype();
    device_ = t.device();
    offset_ = t.storage_offset();
  }
  IntSpan sizes() const { return sizes_; }
  IntSpan strides() const { return strides_; }
  int64_t size(int64_t d) const { return sizes_[static_cast<size_t>(ops::wrap_dim(d, dim()))]; }
  int64_t dim() const { return static_cast<int64_t>(sizes_.size()); }
  int64_t numel() const { return numel_of(sizes_); }
  int64_t storage_offset() const { return offset_; }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  bool defined() const { return defined_; }

 private:
  DimVector sizes_, strides_;
  int64_t offset_ = 0;
  DType dtype_ = DType::Float32;
  Device device_;
  bool defined_ = false;
};
inline bool is_none(const SavedMeta& m) { return !m.defined(); }

/// Recording is off for the body of an operator that is one node.
class NoRecording {
 public:
  NoRecording() : mode_(false) {}

 private:
  autograd::GradMode mode_;
};

inline bool any_defined(TensorSpan list) {
  return std::any_of(list.begin(), list.end(), [](const Tensor& t) { return t.defined(); });
}
/// The gradient, or zeros of the result's shape where none arrived.
Tensor defined_gradient(const Tensor& grad, const autograd::ResultMeta& meta);
std::vector<Tensor> defined_gradients(TensorSpan grads, autograd::Node& node);
/// Hands out the gradients of a list argument.
void put_gradients(const autograd::Gradients& g, size_t first, size_t count, TensorSpan values);

/// The gradient with the dimensions that broadcasting added or stretched summed away.
Tensor sum_to_sizes(const Tensor& grad, IntSpan sizes);
/// The gradient of as_strided for a base of that geometry.
inline Tensor as_strided_gradient(const Tensor& grad, IntSpan base_sizes, IntSpan base_strides, int64_t base_offset,
                                  IntSpan sizes, IntSpan strides, int64_t offset) {
  return autograd::as_strided_backward(grad, base_sizes, base_strides, base_offset, sizes, strides, offset);
}

/// Gradients of a recurrent layer that can be differentiated again: through its steps one by one. Undefined where an
/// input needs none. In the order input, h0, w_hh, c0, b_hh, w_hr.
std::vector<Tensor> rnn_gradients(const Tensor& grad_output, const Tensor& grad_h, const Tensor& grad_c,
                                  const Tensor& input, const Tensor& h0, const Tensor& c0, const Tensor& w_hh,
                                  const Tensor& b_hh, const Tensor& w_hr, IntSpan batch_sizes, int64_t mode,
                                  bool reverse);

/// An operator without derivative: its results get a node that says so when a gradient arrives.
void record_missing(const char* op, const char* node, const Tensor* results, size_t count, const Tensor* const* inputs,
                    size_t input_count);
void record_missing_write(const char* op, const char* node, const Tensor& self);
inline void collect(std::vector<const Tensor*>& out, const Tensor& t) { out.push_back(&t); }
inline void collect(std::vector<const Tensor*>& out, TensorSpan list) {
  for (const Tensor& t : list) out.push_back(&t);
}
template <class... Inputs>
inline void record_missing(const char* op, const char* node, const Tensor& result, const Inputs&... inputs) {
  std::vector<const Tensor*> all;
  (collect(all, inputs), ...);
  record_missing(op, node, &result, 1, all.data(), all.size());
}
template <class... Results, class... Inputs>
inline void record_missing(const char* op, const char* node, const std::tuple<Results...>& result,
                           const Inputs&... inputs) {
  std::vector<const Tensor*> all;
  (collect(all, inputs), ...);
  std::vector<Tensor> results;
  std::apply([&](const auto&... r) { (results.push_back(r), ...); }, result);
  record_missing(op, node, results.data(), results.size(), all.data(), all.size());
}
template <class... Inputs>
inline void record_missing(const char* op, const char* node, const std::vector<Tensor>& results,
                           const Inputs&... inputs) {
  std::vector<const Tensor*> all;
  (collect(all, inputs), ...);
  record_missing(op, node, results.data(), results.size(), all.data(), all.size());
}

/// Stores a result computed elsewhere in the target of an in-place operator, with PyTorch's checks.
void store_result(const Tensor& self, const Tensor& value);
/// The same with recording (composites).
const Tensor& write_back(const Tensor& self, const Tensor& value);
/// Stores a result in an out= tensor, resizing it.
void store_out(const Tensor& out, const Tensor& value);

}  // namespace tsvm::ops::body

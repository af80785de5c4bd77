// at::Tensor: a counted handle of a tensor of the library. All methods but the simplest are in the library; those of
// operators are generated from the operators' declarations (ATen/generated/methods.inc).
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/core/Generator.h"
#include "ATen/core/TensorAccessor.h"
#include "c10/core/Scalar.h"
#include "c10/core/TensorOptions.h"
#include "c10/util/ArrayRef.h"
#include "c10/util/intrusive_ptr.h"
#include "c10/util/string_view.h"

namespace tsvm::ops {
class TensorImpl;
}
namespace torch {
namespace autograd {
struct Node;
}
}  // namespace torch

namespace c10 {
template <class T>
class List;
using TensorImpl = tsvm::ops::TensorImpl;
namespace detail {
void retain_tensor(TensorImpl* t) noexcept;
void release_tensor(TensorImpl* t) noexcept;
}  // namespace detail
}  // namespace c10

namespace at {

class Tensor;
namespace indexing {
struct TensorIndex;
}
using c10::ArrayRef;
using c10::Device;
using c10::DeviceType;
using c10::IntArrayRef;
using c10::Layout;
using c10::MemoryFormat;
using c10::OptionalIntArrayRef;
using c10::TensorOptions;
using TensorList = ArrayRef<Tensor>;
using c10::device;
using c10::dtype;
using c10::kCPU;
using c10::kCUDA;
using c10::kMeta;
using c10::kSparse;
using c10::kStrided;
using c10::layout;
using c10::requires_grad;

/// The memory under a tensor.
class Storage {
 public:
  Storage() = default;
  void* data() const;
  template <class T>
  T* data() const {
    return static_cast<T*>(data());
  }
  size_t nbytes() const;
  size_t use_count() const;
  Device device() const;
  bool is_alias_of(const Storage& other) const { return impl_ == other.impl_; }
  explicit operator bool() const { return impl_ != nullptr; }
  /// A pointer with get(), as storage().data_ptr() gives.
  struct DataPtr {
    void* pointer;
    void* get() const { return pointer; }
    explicit operator bool() const { return pointer != nullptr; }
  };
  DataPtr data_ptr() const { return {data()}; }

  explicit Storage(std::shared_ptr<void> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<void> impl_;  // a reference of the library's storage
};

class Tensor {
 public:
  Tensor() noexcept : impl_(nullptr) {}
  Tensor(const Tensor& o) : impl_(o.impl_) {
    if (impl_) c10::detail::retain_tensor(impl_);
  }
  Tensor(Tensor&& o) noexcept : impl_(std::exchange(o.impl_, nullptr)) {}
  ~Tensor() {
    if (impl_) c10::detail::release_tensor(impl_);
  }
  Tensor& operator=(const Tensor& o) & {
    Tensor t(o);
    std::swap(impl_, t.impl_);
    return *this;
  }
  Tensor& operator=(Tensor&& o) & noexcept {
    std::swap(impl_, o.impl_);
    return *this;
  }
  // Assigning to a temporary writes through it: x[0] = 1.
  Tensor& operator=(const Scalar& v) &&;
  Tensor& operator=(const Tensor& o) &&;
  Tensor& operator=(Tensor&& o) && { return std::move(*this) = static_cast<const Tensor&>(o); }
  /// Takes over one reference.
  static Tensor adopt(c10::TensorImpl* impl) {
    Tensor t;
    t.impl_ = impl;
    return t;
  }
  c10::TensorImpl* unsafeGetTensorImpl() const { return impl_; }
  c10::TensorImpl* unsafeReleaseTensorImpl() { return std::exchange(impl_, nullptr); }

  bool defined() const { return impl_ != nullptr; }
  void reset() { *this = Tensor(); }
  bool is_same(const Tensor& o) const noexcept { return impl_ == o.impl_; }
  size_t use_count() const noexcept;

  // What it looks like
  int64_t dim() const;
  int64_t ndimension() const { return dim(); }
  int64_t numel() const;
  IntArrayRef sizes() const;
  IntArrayRef strides() const;
  int64_t size(int64_t dim) const;
  int64_t stride(int64_t dim) const;
  size_t nbytes() const;
  size_t itemsize() const;
  int64_t element_size() const { return static_cast<int64_t>(itemsize()); }
  int64_t storage_offset() const;
  Storage storage() const;
  bool has_storage() const;
  bool is_alias_of(const Tensor& other) const;
  bool is_contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  bool is_non_overlapping_and_dense() const;
  MemoryFormat suggest_memory_format() const;
  ScalarType scalar_type() const;
  caffe2::TypeMeta dtype() const { return caffe2::TypeMeta::fromScalarType(scalar_type()); }
  Device device() const;
  int64_t get_device() const;
  Layout layout() const;
  TensorOptions options() const;
  bool is_cpu() const { return device().is_cpu(); }
  bool is_cuda() const { return device().is_cuda(); }
  bool is_meta() const { return device().is_meta(); }
  bool is_sparse() const { return layout() == c10::kSparse; }
  bool is_quantized() const { return false; }
  bool is_complex() const { return c10::isComplexType(scalar_type()); }
  bool is_floating_point() const { return c10::isFloatingType(scalar_type()); }
  bool is_signed() const { return c10::isSignedType(scalar_type()); }
  bool is_inference() const;
  bool is_nonzero() const;
  bool is_same_size(const Tensor& other) const { return sizes() == other.sizes(); }
  bool is_conj() const { return false; }
  bool is_neg() const { return false; }
  bool is_pinned() const { return false; }
  std::string toString() const;
  void print() const;

  // Elements
  void* data_ptr() const;
  /// Checked: T must be the element type.
  template <class T>
  T* data_ptr() const;
  template <class T>
  const T* const_data_ptr() const {
    return data_ptr<T>();
  }
  template <class T>
  T* mutable_data_ptr() const {
    return data_ptr<T>();
  }
  template <class T>
  T* data() const {
    return data_ptr<T>();
  }
  Scalar item() const;
  template <class T>
  T item() const;
  template <class T, size_t N>
  TensorAccessor<T, N> accessor() const& {
    static_assert(N > 0, "accessor is used for indexing tensor, for scalars use *data_ptr<T>()");
    TORCH_CHECK(dim() == N, "TensorAccessor expected ", N, " dims but tensor has ", dim());
    return TensorAccessor<T, N>(data_ptr<T>(), sizes().data(), strides().data());
  }
  template <class T, size_t N>
  TensorAccessor<T, N> accessor() && = delete;
  template <class T, size_t N, template <class> class PtrTraits = DefaultPtrTraits>
  PackedTensorAccessor32<T, N, PtrTraits> packed_accessor32() const& {
    TORCH_CHECK(dim() == N, "TensorAccessor expected ", N, " dims but tensor has ", dim());
    return {data_ptr<T>(), sizes().data(), strides().data()};
  }
  template <class T, size_t N, template <class> class PtrTraits = DefaultPtrTraits>
  PackedTensorAccessor64<T, N, PtrTraits> packed_accessor64() const& {
    TORCH_CHECK(dim() == N, "TensorAccessor expected ", N, " dims but tensor has ", dim());
    return {data_ptr<T>(), sizes().data(), strides().data()};
  }

  // Operators
  Tensor operator~() const;
  Tensor operator-() const;
  Tensor& operator+=(const Tensor& o);
  Tensor& operator+=(const Scalar& o);
  Tensor& operator-=(const Tensor& o);
  Tensor& operator-=(const Scalar& o);
  Tensor& operator*=(const Tensor& o);
  Tensor& operator*=(const Scalar& o);
  Tensor& operator/=(const Tensor& o);
  Tensor& operator/=(const Scalar& o);
  Tensor& operator&=(const Tensor& o);
  Tensor& operator|=(const Tensor& o);
  Tensor& operator^=(const Tensor& o);
  Tensor operator[](const Scalar& index) const;
  Tensor operator[](const Tensor& index) const;
  Tensor operator[](int64_t index) const;
  Tensor index(ArrayRef<indexing::TensorIndex> indices) const;
  Tensor index(std::initializer_list<indexing::TensorIndex> indices) const;
  Tensor& index_put_(ArrayRef<indexing::TensorIndex> indices, const Tensor& v, bool accumulate = false);
  Tensor& index_put_(ArrayRef<indexing::TensorIndex> indices, const Scalar& v);
  Tensor& index_put_(std::initializer_list<indexing::TensorIndex> indices, const Tensor& v, bool accumulate = false);
  Tensor& index_put_(std::initializer_list<indexing::TensorIndex> indices, const Scalar& v);

  // Conversions
  Tensor to(TensorOptions options = {}, bool non_blocking = false, bool copy = false,
            c10::optional<MemoryFormat> format = c10::nullopt) const;
  Tensor to(Device device, ScalarType dtype, bool non_blocking = false, bool copy = false,
            c10::optional<MemoryFormat> format = c10::nullopt) const;
  Tensor to(ScalarType dtype, bool non_blocking = false, bool copy = false,
            c10::optional<MemoryFormat> format = c10::nullopt) const;
  Tensor to(const Tensor& other, bool non_blocking = false, bool copy = false,
            c10::optional<MemoryFormat> format = c10::nullopt) const;
  Tensor toType(ScalarType dtype) const { return to(dtype); }
  Tensor cpu() const { return to(Device(c10::kCPU)); }
  Tensor cuda() const { return to(Device(c10::kCUDA)); }
  Tensor where(const Tensor& condition, const Tensor& other) const;
  Tensor where(const Tensor& condition, const Scalar& other) const;

  // Autograd
  bool requires_grad() const;
  const Tensor& set_requires_grad(bool on) const;
  Tensor& requires_grad_(bool on = true) const;
  bool is_leaf() const;
  int64_t output_nr() const;
  int64_t _version() const;
  void backward(const Tensor& gradient = {}, c10::optional<bool> retain_graph = c10::nullopt, bool create_graph = false,
                c10::optional<TensorList> inputs = c10::nullopt) const;
  /// Undefined: there is none.
  const Tensor& grad() const;
  Tensor& mutable_grad() const;
  void retain_grad() const;
  bool retains_grad() const;
  /// The node that made it; null for leaves.
  std::shared_ptr<torch::autograd::Node> grad_fn() const;
  Tensor& detach_() const;
  /// The same memory without history.
  Tensor data() const;
  Tensor tensor_data() const { return data(); }
  Tensor variable_data() const { return data(); }
  void set_data(const Tensor& other) const;
  bool is_view() const;
  Tensor _base() const;
  const std::string& name() const;
  /// Called with the gradient when it is computed; a tensor that it gives goes on in its place.
  template <class Hook>
  unsigned register_hook(Hook&& hook) const {
    if constexpr (std::is_void<decltype(hook(std::declval<Tensor>()))>::value)
      return add_hook([h = std::forward<Hook>(hook)](const Tensor& g) mutable {
        h(g);
        return Tensor();
      });
    else
      return add_hook(std::forward<Hook>(hook));
  }
  void remove_hook(unsigned position) const;

#include "ATen/generated/methods.inc"

 private:
  unsigned add_hook(std::function<Tensor(const Tensor&)> hook) const;
  c10::TensorImpl* impl_;
};

#define C10_TYPE(name, cpp, number)   \
  template <>                         \
  cpp* Tensor::data_ptr<cpp>() const; \
  template <>                         \
  cpp Tensor::item<cpp>() const;
C10_FORALL_SCALAR_TYPES(C10_TYPE)
#undef C10_TYPE
template <>
inline long long Tensor::item<long long>() const {
  return item<int64_t>();
}
template <class T>
T Tensor::item() const {
  return item().to<T>();
}

/// As LibTorch prints tensors: the elements in columns, then "[ CPUFloatType{2,3} ]".
std::ostream& operator<<(std::ostream& out, const Tensor& t);
std::ostream& print(std::ostream& out, const Tensor& t, int64_t linesize);
void print(const Tensor& t, int64_t linesize = 80);
/// "CPUFloatType".
inline std::string toString(const Tensor& t) { return t.toString(); }
/// The lists' tensors, each on a line of its own.
std::ostream& operator<<(std::ostream& out, TensorList list);

// Comparisons and arithmetic give tensors.
#define AT_BINARY_OPERATOR(op)                          \
  Tensor operator op(const Tensor& a, const Tensor& b); \
  Tensor operator op(const Tensor& a, const Scalar& b); \
  Tensor operator op(const Scalar& a, const Tensor& b);
AT_BINARY_OPERATOR(+)
AT_BINARY_OPERATOR(-)
AT_BINARY_OPERATOR(*)
AT_BINARY_OPERATOR(/)
AT_BINARY_OPERATOR(%)
AT_BINARY_OPERATOR(&)
AT_BINARY_OPERATOR(|)
AT_BINARY_OPERATOR(^)
AT_BINARY_OPERATOR(<)
AT_BINARY_OPERATOR(<=)
AT_BINARY_OPERATOR(>)
AT_BINARY_OPERATOR(>=)
AT_BINARY_OPERATOR(==)
AT_BINARY_OPERATOR(!=)
#undef AT_BINARY_OPERATOR

}  // namespace at

namespace torch {
using Tensor = at::Tensor;
using at::TensorList;
}  // namespace torch

namespace c10 {
using at::Storage;
}

// One operator argument or result of any kind, in 16 bytes: what autograd saves on its tape and what generic callers
// pass. Knows nothing of any language's values.
#pragma once

#include <atomic>
#include <complex>
#include <string>
#include <utility>
#include <vector>

#include "ops/tensor/device.h"
#include "ops/tensor/dims.h"
#include "ops/tensor/dtype.h"
#include "ops/tensor/scalar.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops {

class Generator;

class IValue {
 public:
  // Kinds from Tensor on hold a counted pointer.
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    Double,
    Device,
    DType,
    Layout,
    MemoryFormat,
    Tensor,  // defined; an undefined tensor is None
    Complex,
    String,
    IntList,
    DoubleList,
    BoolList,
    TensorList,          // of defined tensors
    OptionalTensorList,  // some may be undefined
    List,                // of IValues
    Tuple,
    Generator,
  };

  IValue() : kind_(Kind::None) { payload_.i = 0; }
  IValue(bool v) : kind_(Kind::Bool) { payload_.i = v; }
  IValue(int v) : IValue(static_cast<int64_t>(v)) {}
  IValue(int64_t v) : kind_(Kind::Int) { payload_.i = v; }
  IValue(double v) : kind_(Kind::Double) { payload_.d = v; }
  IValue(std::complex<double> v) : IValue(Kind::Complex, new Box<std::complex<double>>(v)) {}
  IValue(const Scalar& v);
  IValue(ops::Device v) : kind_(Kind::Device) { payload_.i = static_cast<int64_t>(v.type) << 8 | uint8_t(v.index); }
  IValue(ops::DType v) : kind_(Kind::DType) { payload_.i = static_cast<int64_t>(v); }
  IValue(ops::Layout v) : kind_(Kind::Layout) { payload_.i = static_cast<int64_t>(v); }
  IValue(ops::MemoryFormat v) : kind_(Kind::MemoryFormat) { payload_.i = static_cast<int64_t>(v); }
  IValue(ops::Tensor v) : kind_(v.defined() ? Kind::Tensor : Kind::None) { payload_.tensor = v.leak(); }
  IValue(std::string v) : IValue(Kind::String, new Box<std::string>(std::move(v))) {}
  IValue(const char* v) : IValue(std::string(v)) {}
  IValue(IntSpan v) : IValue(Kind::IntList, new Box<std::vector<int64_t>>(std::vector<int64_t>(v.begin(), v.end()))) {}
  IValue(std::vector<int64_t> v) : IValue(Kind::IntList, new Box<std::vector<int64_t>>(std::move(v))) {}
  IValue(std::vector<double> v) : IValue(Kind::DoubleList, new Box<std::vector<double>>(std::move(v))) {}
  IValue(std::vector<bool> v) : IValue(Kind::BoolList, new Box<std::vector<bool>>(std::move(v))) {}
  /// A TensorList, or an OptionalTensorList if one of them is undefined.
  IValue(std::vector<ops::Tensor> v);
  static IValue list(std::vector<IValue> v) { return IValue(Kind::List, new Box<std::vector<IValue>>(std::move(v))); }
  static IValue tuple(std::vector<IValue> v) { return IValue(Kind::Tuple, new Box<std::vector<IValue>>(std::move(v))); }
  /// Shares the generator.
  IValue(const Generator& v);

  IValue(const IValue& o) : kind_(o.kind_), payload_(o.payload_) { retain(); }
  IValue(IValue&& o) noexcept : kind_(std::exchange(o.kind_, Kind::None)), payload_(o.payload_) {}
  IValue& operator=(IValue o) noexcept {
    std::swap(kind_, o.kind_);
    std::swap(payload_, o.payload_);
    return *this;
  }
  ~IValue() {
    if (kind_ >= Kind::Tensor) release();
  }

  Kind kind() const { return kind_; }
  bool is_none() const { return kind_ == Kind::None; }
  bool is_tensor() const { return kind_ == Kind::Tensor; }
  bool is_number() const {
    return kind_ == Kind::Bool || kind_ == Kind::Int || kind_ == Kind::Double || kind_ == Kind::Complex;
  }

  // Each accessor checks the kind (an internal error otherwise).
  bool to_bool() const { return check(Kind::Bool), payload_.i != 0; }
  int64_t to_int() const { return check(Kind::Int), payload_.i; }
  /// A Double, or an Int as one.
  double to_double() const;
  std::complex<double> to_complex() const { return unbox<std::complex<double>>(Kind::Complex); }
  Scalar to_scalar() const;
  ops::Device to_device() const {
    check(Kind::Device);
    return ops::Device(static_cast<DeviceType>(payload_.i >> 8), static_cast<int8_t>(payload_.i & 0xff));
  }
  ops::DType to_dtype() const { return check(Kind::DType), static_cast<ops::DType>(payload_.i); }
  ops::Layout to_layout() const { return check(Kind::Layout), static_cast<ops::Layout>(payload_.i); }
  ops::MemoryFormat to_memory_format() const {
    return check(Kind::MemoryFormat), static_cast<ops::MemoryFormat>(payload_.i);
  }
  /// The tensor; undefined for None.
  ops::Tensor to_tensor() const& { return ops::Tensor::retain(tensor_ptr()); }
  ops::Tensor to_tensor() && {
    TensorImpl* t = tensor_ptr();
    kind_ = Kind::None;
    return ops::Tensor::steal(t);
  }
  /// Borrowed; null for None.
  TensorImpl* tensor_ptr() const {
    if (kind_ == Kind::None) return nullptr;
    check(Kind::Tensor);
    return payload_.tensor;
  }
  const std::string& to_string() const { return unbox<std::string>(Kind::String); }
  IntSpan to_ints() const { return unbox<std::vector<int64_t>>(Kind::IntList); }
  const std::vector<double>& to_doubles() const { return unbox<std::vector<double>>(Kind::DoubleList); }
  const std::vector<bool>& to_bools() const { return unbox<std::vector<bool>>(Kind::BoolList); }
  /// Of a TensorList or OptionalTensorList.
  const std::vector<ops::Tensor>& to_tensors() const {
    return unbox<std::vector<ops::Tensor>>(kind_ == Kind::OptionalTensorList ? kind_ : Kind::TensorList);
  }
  /// Of a List or Tuple.
  const std::vector<IValue>& to_values() const {
    return unbox<std::vector<IValue>>(kind_ == Kind::Tuple ? kind_ : Kind::List);
  }
  Generator to_generator() const;

 private:
  struct BoxBase {
    std::atomic<uint32_t> refs{1};
    virtual ~BoxBase() = default;
  };
  template <class T>
  struct Box : BoxBase {
    explicit Box(T v) : value(std::move(v)) {}
    T value;
  };

  IValue(Kind kind, BoxBase* box) : kind_(kind) { payload_.box = box; }
  void check(Kind kind) const {
    if (__builtin_expect(kind_ != kind, 0)) fail_kind(kind);
  }
  [[noreturn]] void fail_kind(Kind wanted) const;
  template <class T>
  const T& unbox(Kind kind) const {
    check(kind);
    return static_cast<Box<T>*>(payload_.box)->value;
  }
  void retain() const {
    if (kind_ == Kind::Tensor)
      payload_.tensor->retain();
    else if (kind_ > Kind::Tensor)
      payload_.box->refs.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept;

  Kind kind_;
  union {
    int64_t i;
    double d;
    TensorImpl* tensor;
    BoxBase* box;
  } payload_;
};
static_assert(sizeof(IValue) == 16);

/// The name of a kind, for messages.
const char* name(IValue::Kind kind);

}  // namespace tsvm::ops

// How a new tensor is to be: element type, device, layout, whether it requires grad.
#pragma once

#include "c10/core/Device.h"
#include "c10/core/Layout.h"
#include "c10/core/MemoryFormat.h"
#include "c10/core/ScalarType.h"
#include "c10/util/Optional.h"

namespace c10 {

inline ScalarType dtype_or_default(optional<ScalarType> t) { return t ? *t : get_default_dtype_as_scalartype(); }
inline TypeMeta dtype_or_default(optional<TypeMeta> t) { return t ? *t : get_default_dtype(); }
inline Device device_or_default(optional<Device> d) { return d ? *d : Device(kCPU); }

struct TensorOptions {
  TensorOptions() = default;
  TensorOptions(Layout layout) { layout_ = optional<Layout>(layout); }
  TensorOptions(Device device) { device_ = optional<Device>(device); }
  TensorOptions(DeviceType type) : TensorOptions(Device(type)) {}
  TensorOptions(const std::string& device) : TensorOptions(Device(device)) {}
  TensorOptions(const char* device) : TensorOptions(Device(device)) {}
  TensorOptions(ScalarType dtype) { dtype_ = optional<ScalarType>(dtype); }
  TensorOptions(TypeMeta dtype) : TensorOptions(dtype.toScalarType()) {}
  TensorOptions(MemoryFormat format) { memory_format_ = optional<MemoryFormat>(format); }

  [[nodiscard]] TensorOptions device(optional<Device> device) const noexcept {
    TensorOptions r = *this;
    r.device_ = device;
    return r;
  }
  template <class... Args>
  [[nodiscard]] TensorOptions device(Args&&... args) const {
    return device(optional<Device>(std::in_place, std::forward<Args>(args)...));
  }
  [[nodiscard]] TensorOptions device_index(DeviceIndex index) const { return device(Device(kCUDA, index)); }
  [[nodiscard]] TensorOptions dtype(optional<ScalarType> dtype) const noexcept {
    TensorOptions r = *this;
    r.dtype_ = dtype;
    return r;
  }
  [[nodiscard]] TensorOptions dtype(TypeMeta t) const noexcept { return dtype(t.toScalarType()); }
  template <class T>
  TensorOptions& dtype() {
    dtype_ = optional<ScalarType>(CppTypeToScalarType<T>::value);
    return *this;
  }
  [[nodiscard]] TensorOptions layout(optional<Layout> layout) const noexcept {
    TensorOptions r = *this;
    r.layout_ = layout;
    return r;
  }
  [[nodiscard]] TensorOptions requires_grad(optional<bool> on) const noexcept {
    TensorOptions r = *this;
    r.requires_grad_ = on;
    return r;
  }
  [[nodiscard]] TensorOptions pinned_memory(optional<bool> on) const noexcept {
    TensorOptions r = *this;
    r.pinned_memory_ = on;
    return r;
  }
  [[nodiscard]] TensorOptions memory_format(optional<MemoryFormat> format) const noexcept {
    TensorOptions r = *this;
    r.memory_format_ = format;
    return r;
  }

  Device device() const noexcept { return device_or_default(device_); }
  bool has_device() const noexcept { return device_.there; }
  optional<Device> device_opt() const noexcept { return device_; }
  int32_t device_index() const noexcept { return device().index(); }
  TypeMeta dtype() const noexcept { return TypeMeta::fromScalarType(dtype_or_default(dtype_)); }
  bool has_dtype() const noexcept { return dtype_.there; }
  optional<TypeMeta> dtype_opt() const noexcept {
    if (!dtype_) return nullopt;
    return TypeMeta::fromScalarType(*dtype_);
  }
  optional<ScalarType> scalar_type_opt() const noexcept { return dtype_; }
  Layout layout() const noexcept { return layout_.value_or(kStrided); }
  bool has_layout() const noexcept { return layout_.there; }
  optional<Layout> layout_opt() const noexcept { return layout_; }
  bool requires_grad() const noexcept { return requires_grad_.value_or(false); }
  bool has_requires_grad() const noexcept { return requires_grad_.there; }
  optional<bool> requires_grad_opt() const noexcept { return requires_grad_; }
  bool pinned_memory() const noexcept { return pinned_memory_.value_or(false); }
  bool has_pinned_memory() const noexcept { return pinned_memory_.there; }
  optional<bool> pinned_memory_opt() const noexcept { return pinned_memory_; }
  bool has_memory_format() const noexcept { return memory_format_.there; }
  optional<MemoryFormat> memory_format_opt() const noexcept { return memory_format_; }
  bool is_sparse() const { return layout() == kSparse; }
  /// These options with what is set in `o` from there.
  TensorOptions merge_in(TensorOptions o) const noexcept {
    TensorOptions r = *this;
    if (o.dtype_) r.dtype_ = o.dtype_;
    if (o.device_) r.device_ = o.device_;
    if (o.layout_) r.layout_ = o.layout_;
    if (o.requires_grad_) r.requires_grad_ = o.requires_grad_;
    if (o.pinned_memory_) r.pinned_memory_ = o.pinned_memory_;
    if (o.memory_format_) r.memory_format_ = o.memory_format_;
    return r;
  }
  TensorOptions merge_memory_format(optional<MemoryFormat> format) const noexcept {
    return format ? memory_format(format) : *this;
  }

 private:
  /// As optional, but initialised even where it is empty: compilers see no use of what was never set.
  template <class T>
  struct Maybe {
    T value;
    bool there = false;
    Maybe(T initial) : value(initial) {}
    Maybe& operator=(optional<T> v) {
      there = v.has_value();
      if (v) value = *v;
      return *this;
    }
    explicit operator bool() const { return there; }
    const T& operator*() const { return value; }
    T value_or(T other) const { return there ? value : other; }
    operator optional<T>() const { return there ? optional<T>(value) : optional<T>(); }
  };
  Maybe<ScalarType> dtype_{ScalarType::Undefined};
  Maybe<Device> device_{Device(kCPU)};
  Maybe<Layout> layout_{kStrided};
  Maybe<MemoryFormat> memory_format_{MemoryFormat::Contiguous};
  Maybe<bool> requires_grad_{false};
  Maybe<bool> pinned_memory_{false};
};
std::ostream& operator<<(std::ostream& out, const TensorOptions& options);

inline TensorOptions dtype(ScalarType t) { return TensorOptions().dtype(t); }
inline TensorOptions dtype(TypeMeta t) { return TensorOptions().dtype(t); }
template <class T>
TensorOptions dtype() {
  return dtype(CppTypeToScalarType<T>::value);
}
inline TensorOptions layout(Layout l) { return TensorOptions().layout(l); }
inline TensorOptions device(Device d) { return TensorOptions().device(optional<Device>(d)); }
inline TensorOptions device_index(int16_t i) { return TensorOptions().device_index(static_cast<DeviceIndex>(i)); }
inline TensorOptions requires_grad(bool on = true) { return TensorOptions().requires_grad(on); }
inline TensorOptions memory_format(MemoryFormat f) { return TensorOptions().memory_format(f); }

}  // namespace c10

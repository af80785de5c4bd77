// Where a tensor lives.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "c10/util/Exception.h"

namespace c10 {

enum class DeviceType : int8_t { CPU = 0, CUDA = 1, MKLDNN = 2, HIP = 6, XLA = 9, MPS = 13, Meta = 14 };
constexpr DeviceType kCPU = DeviceType::CPU;
constexpr DeviceType kCUDA = DeviceType::CUDA;
constexpr DeviceType kHIP = DeviceType::HIP;
constexpr DeviceType kXLA = DeviceType::XLA;
constexpr DeviceType kMPS = DeviceType::MPS;
constexpr DeviceType kMeta = DeviceType::Meta;

using DeviceIndex = int8_t;

std::string DeviceTypeName(DeviceType t, bool lower_case = false);
std::ostream& operator<<(std::ostream& out, DeviceType t);

struct Device final {
  using Type = DeviceType;
  Device(DeviceType type, DeviceIndex index = -1) : type_(type), index_(index) {}
  /// "cpu", "cuda", "cuda:1".
  Device(const std::string& text);
  Device(const char* text) : Device(std::string(text)) {}

  DeviceType type() const noexcept { return type_; }
  DeviceIndex index() const noexcept { return index_; }
  bool has_index() const noexcept { return index_ != -1; }
  void set_index(DeviceIndex index) { index_ = index; }
  bool is_cpu() const noexcept { return type_ == DeviceType::CPU; }
  bool is_cuda() const noexcept { return type_ == DeviceType::CUDA; }
  bool is_meta() const noexcept { return type_ == DeviceType::Meta; }
  std::string str() const;
  friend bool operator==(const Device& a, const Device& b) noexcept {
    return a.type_ == b.type_ && a.index_ == b.index_;
  }
  friend bool operator!=(const Device& a, const Device& b) noexcept { return !(a == b); }

 private:
  DeviceType type_;
  DeviceIndex index_ = -1;
};
std::ostream& operator<<(std::ostream& out, const Device& d);

}  // namespace c10

namespace std {
template <>
struct hash<c10::Device> {
  size_t operator()(c10::Device d) const noexcept {
    return static_cast<size_t>(static_cast<uint8_t>(d.type())) << 8 | static_cast<uint8_t>(d.index());
  }
};
template <>
struct hash<c10::DeviceType> {
  size_t operator()(c10::DeviceType t) const noexcept { return static_cast<size_t>(t); }
};
}  // namespace std

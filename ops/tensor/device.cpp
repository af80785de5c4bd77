#include "ops/tensor/device.h"

#include <charconv>

#include "ops/tensor/error.h"
#include "ops/tensor/scalar.h"

namespace tsvm::ops {

const char* name(DeviceType type) {
  switch (type) {
    case DeviceType::Cpu: return "cpu";
    case DeviceType::Cuda: return "cuda";
    case DeviceType::Meta: return "meta";
  }
  return "";
}

std::string to_string(Device device) {
  std::string out = name(device.type);
  if (device.index >= 0) {
    out += ':';
    out += std::to_string(device.index);
  }
  return out;
}

Device parse_device(std::string_view text) {
  OPS_CHECK(!text.empty(), RuntimeError, "Device string must not be empty");
  std::string_view kind = text.substr(0, text.find(':'));
  int index = -1;
  if (kind.size() < text.size()) {
    std::string_view digits = text.substr(kind.size() + 1);
    auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    const bool leading_zero = digits.size() > 1 && digits[0] == '0';
    OPS_CHECK(!digits.empty() && status == std::errc() && end == digits.data() + digits.size() && !leading_zero &&
                  index >= 0 && index < 128,
              RuntimeError, "Invalid device string: '", text, "'");
  }
  for (DeviceType type : {DeviceType::Cpu, DeviceType::Cuda, DeviceType::Meta})
    if (kind == name(type)) return Device(type, static_cast<int8_t>(index));
  OPS_CHECK(!kind.empty(), RuntimeError, "Invalid device string: '", text, "'");
  fail(
      ErrorKind::RuntimeError,
      "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, ort, xla, lazy, vulkan, mps, "
      "meta, hpu, privateuseone device type at start of device string: ",
      kind);
}

const char* name(Layout layout) { return layout == Layout::Strided ? "strided" : "sparse_coo"; }

const char* name(MemoryFormat format) {
  switch (format) {
    case MemoryFormat::Contiguous: return "contiguous_format";
    case MemoryFormat::Preserve: return "preserve_format";
    case MemoryFormat::ChannelsLast: return "channels_last";
    case MemoryFormat::ChannelsLast3d: return "channels_last_3d";
  }
  return "";
}

DType Scalar::dtype() const {
  switch (category_) {
    case DTypeCategory::Bool: return DType::Bool;
    case DTypeCategory::Integral: return DType::Int64;
    case DTypeCategory::Floating: return default_dtype();
    case DTypeCategory::Complex: return ops::to_complex(default_dtype());
  }
  return DType::Int64;
}

void Scalar::fail_overflow(DType t) {
  static constexpr const char* kNames[] = {
#define TSVM_DTYPE(name, ctype, python, cpp, number, category) #ctype,
#include "ops/tensor/dtype.def"
#undef TSVM_DTYPE
  };
  std::string_view name = kNames[static_cast<int>(t)];
  if (size_t at = name.rfind("::"); at != name.npos && !ops::is_complex(t)) name.remove_prefix(at + 2);
  fail(ErrorKind::RuntimeError, "value cannot be converted to type ", name, " without overflow");
}

Scalar Scalar::operator-() const {
  if (is_float()) return Scalar(-double_);
  if (is_complex()) return Scalar(std::complex<double>(-double_, -imag_));
  return Scalar(static_cast<int64_t>(0 - static_cast<uint64_t>(int_)));
}

}  // namespace tsvm::ops

// Where a tensor lives, and how its elements are laid out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tsvm::ops {

enum class DeviceType : uint8_t { Cpu, Cuda, Meta };

/// A device and its number; -1 where none was said ("cpu", "cuda" for the current one).
struct Device {
  DeviceType type = DeviceType::Cpu;
  int8_t index = -1;

  constexpr Device() = default;
  constexpr Device(DeviceType t, int8_t i = -1) : type(t), index(i) {}
  constexpr bool is_cpu() const { return type == DeviceType::Cpu; }
  constexpr bool is_cuda() const { return type == DeviceType::Cuda; }
  constexpr bool is_meta() const { return type == DeviceType::Meta; }
  friend constexpr bool operator==(Device a, Device b) { return a.type == b.type && a.index == b.index; }
};

/// "cpu", "cuda", "meta".
const char* name(DeviceType type);
/// "cpu", "cuda:1".
std::string to_string(Device device);
/// Reads "cpu", "cuda:1" ...; throws PyTorch's RuntimeError for other texts.
Device parse_device(std::string_view text);

enum class Layout : uint8_t { Strided, SparseCoo };
enum class MemoryFormat : uint8_t { Contiguous, Preserve, ChannelsLast, ChannelsLast3d };

/// "torch.strided" ..., "torch.contiguous_format" ...
const char* name(Layout layout);
const char* name(MemoryFormat format);

}  // namespace tsvm::ops

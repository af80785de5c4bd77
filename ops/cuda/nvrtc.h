// The CUDA compiler and driver, opened at run time: without them everything builds and runs, and these say why not.
//
// Compiled kernels are kept in $XDG_CACHE_HOME/tsvm/kernels (or ~/.cache/...), one file for each text, architecture and
// compiler version. A file carries the text it was made from, so a collision or a torn file is never taken for a
// kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tsvm::ops::cuda {

/// Whether NVRTC can be opened (TSVM_NVRTC names another library file). If not, `why` says what was tried.
bool nvrtc_available(std::string* why = nullptr);
/// 13000 for CUDA 13.0.
int nvrtc_version();

struct Compiled {
  std::vector<char> image;  // cubin where the compiler can make it for that architecture
  std::string log;
  bool from_cache = false;
  explicit operator bool() const { return !image.empty(); }
};
/// Compiles source for an architecture like "sm_90" (contraction off), or takes it from the cache on disk. On failure
/// the image is empty and `log` has the compiler's messages.
Compiled compile(std::string_view source, std::string_view architecture, bool use_cache = true);

/// Whether the driver can be opened and a device is there. If not, `why` says what is missing.
bool driver_available(std::string* why = nullptr);
int device_count();
/// "sm_90" of a device.
std::string architecture(int device);

}  // namespace tsvm::ops::cuda

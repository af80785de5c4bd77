#include "ops/cuda/nvrtc.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tsvm::ops::cuda {

namespace {

// The functions used, as their documentation declares them. Handles are opaque; 0 is success.
struct Nvrtc {
  int (*version)(int* major, int* minor);
  int (*create)(void** program, const char* source, const char* name, int headers, const char* const*,
                const char* const*);
  int (*destroy)(void** program);
  int (*compile)(void* program, int options, const char* const* list);
  int (*log_size)(void* program, size_t* size);
  int (*log)(void* program, char* text);
  int (*cubin_size)(void* program, size_t* size);
  int (*cubin)(void* program, char* image);
  int (*ptx_size)(void* program, size_t* size);
  int (*ptx)(void* program, char* image);
  int number = 0;
  std::string missing;
};
struct Driver {
  int (*init)(unsigned flags);
  int (*count)(int* count);
  int (*get)(int* device, int ordinal);
  int (*attribute)(int* value, int attribute, int device);
  int devices = 0;
  std::string missing;
};

template <class Fn>
bool find(void* library, const char* name, Fn& fn) {
  fn = reinterpret_cast<Fn>(dlsym(library, name));
  return fn != nullptr;
}

Nvrtc open_nvrtc() {
  Nvrtc n{};
  const char* chosen = std::getenv("TSVM_NVRTC");
  const char* names[] = {chosen,
                         "libnvrtc.so.13",
                         "libnvrtc.so.12",
                         "libnvrtc.so.11.2",
                         "libnvrtc.so",
                         "/usr/local/cuda/lib64/libnvrtc.so",
                         "/usr/local/cuda/lib/libnvrtc.so"};
  void* library = nullptr;
  for (const char* name : names)
    if (library == nullptr && name != nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    n.missing = "the CUDA compiler (libnvrtc.so) cannot be opened";
    return n;
  }
  if (!find(library, "nvrtcVersion", n.version) || !find(library, "nvrtcCreateProgram", n.create) ||
      !find(library, "nvrtcDestroyProgram", n.destroy) || !find(library, "nvrtcCompileProgram", n.compile) ||
      !find(library, "nvrtcGetProgramLogSize", n.log_size) || !find(library, "nvrtcGetProgramLog", n.log) ||
      !find(library, "nvrtcGetPTXSize", n.ptx_size) || !find(library, "nvrtcGetPTX", n.ptx)) {
    n.missing = "libnvrtc.so lacks a function";
    return n;
  }
  if (!find(library, "nvrtcGetCUBINSize", n.cubin_size) || !find(library, "nvrtcGetCUBIN", n.cubin)) n.cubin = nullptr;
  int major = 0, minor = 0;
  if (n.version(&major, &minor) != 0) n.missing = "libnvrtc.so does not say its version";
  n.number = major * 1000 + minor * 10;
  return n;
}
const Nvrtc& nvrtc() {
  static const Nvrtc n = open_nvrtc();
  return n;
}

Driver open_driver() {
  Driver d{};
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    d.missing = "the CUDA driver (libcuda.so.1) cannot be opened";
    return d;
  }
  if (!find(library, "cuInit", d.init) || !find(library, "cuDeviceGetCount", d.count) ||
      !find(library, "cuDeviceGet", d.get) || !find(library, "cuDeviceGetAttribute", d.attribute)) {
    d.missing = "libcuda.so.1 lacks a function";
    return d;
  }
  if (d.init(0) != 0 || d.count(&d.devices) != 0 || d.devices == 0) d.missing = "the CUDA driver finds no device";
  return d;
}
const Driver& driver() {
  static const Driver d = open_driver();
  return d;
}

// --- the cache on disk

uint64_t hash_text(std::string_view text, uint64_t h) {
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return h;
}

std::string cache_folder() {
  const char* base = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string folder = base != nullptr && *base ? base : home != nullptr && *home ? std::string(home) + "/.cache" : "";
  if (folder.empty()) return folder;
  for (const char* part : {"", "/tsvm", "/kernels"}) {
    folder += part;
    ::mkdir(folder.c_str(), 0700);
  }
  return folder;
}

/// A file: magic, length of the key, length of the image, key, image. The key is the source and what it is compiled
/// for.
struct Header {
  char magic[8];
  uint64_t key, image;
};
constexpr char kMagic[8] = {'t', 's', 'v', 'm', 'k', 'r', 'n', '1'};

std::vector<char> read_cached(const std::string& path, const std::string& key) {
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (f == nullptr) return {};
  Header h;
  std::vector<char> image;
  std::string stored(key.size(), '\0');
  if (std::fread(&h, sizeof h, 1, f) == 1 && std::memcmp(h.magic, kMagic, sizeof kMagic) == 0 && h.key == key.size() &&
      h.image < (uint64_t{1} << 30) && std::fread(stored.data(), 1, stored.size(), f) == stored.size() &&
      stored == key) {
    image.resize(h.image);
    char one_more;
    if (std::fread(image.data(), 1, image.size(), f) != image.size() || std::fread(&one_more, 1, 1, f) != 0)
      image.clear();
  }
  std::fclose(f);
  return image;
}

/// Writes a new file and renames it. A cache that cannot be written is no error.
void write_cached(const std::string& path, const std::string& key, const std::vector<char>& image) {
  const std::string fresh = path + "." + std::to_string(getpid());
  std::FILE* f = std::fopen(fresh.c_str(), "wb");
  if (f == nullptr) return;
  Header h;
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.key = key.size();
  h.image = image.size();
  bool ok = std::fwrite(&h, sizeof h, 1, f) == 1 && std::fwrite(key.data(), 1, key.size(), f) == key.size() &&
            std::fwrite(image.data(), 1, image.size(), f) == image.size();
  ok = std::fclose(f) == 0 && ok;
  if (!ok || std::rename(fresh.c_str(), path.c_str()) != 0) std::remove(fresh.c_str());
}

}  // namespace

bool nvrtc_available(std::string* why) {
  if (why != nullptr) *why = nvrtc().missing;
  return nvrtc().missing.empty();
}
int nvrtc_version() { return nvrtc().number; }

bool driver_available(std::string* why) {
  if (why != nullptr) *why = driver().missing;
  return driver().missing.empty();
}
int device_count() { return driver().missing.empty() ? driver().devices : 0; }
std::string architecture(int device) {
  constexpr int kMajor = 75, kMinor = 76;  // the attributes of the compute capability
  int handle = 0, major = 0, minor = 0;
  if (device >= device_count() || driver().get(&handle, device) != 0 ||
      driver().attribute(&major, kMajor, handle) != 0 || driver().attribute(&minor, kMinor, handle) != 0)
    return "";
  return "sm_" + std::to_string(major) + std::to_string(minor);
}

Compiled compile(std::string_view source, std::string_view architecture, bool use_cache) {
  Compiled result;
  if (!nvrtc_available(&result.log)) return result;
  const Nvrtc& n = nvrtc();
  const std::string key = std::string(architecture) + " " + std::to_string(n.number) + "\n" + std::string(source);
  std::string path;
  if (use_cache) {
    const std::string folder = cache_folder();
    char name[48];
    std::snprintf(name, sizeof name, "/%016llx%016llx.cubin",
                  static_cast<unsigned long long>(hash_text(key, 0xcbf29ce484222325ull)),
                  static_cast<unsigned long long>(hash_text(key, 0x9e3779b97f4a7c15ull)));
    if (!folder.empty()) path = folder + name;
    if (!path.empty()) result.image = read_cached(path, key);
    result.from_cache = !result.image.empty();
    if (result.from_cache) return result;
  }
  void* program = nullptr;
  const std::string text(source);
  if (n.create(&program, text.c_str(), "kernel.cu", 0, nullptr, nullptr) != 0) {
    result.log = "the CUDA compiler refuses the source";
    return result;
  }
  const std::string target = std::string("--gpu-architecture=") + std::string(architecture);
  const char* options[] = {target.c_str(), "--fmad=false", "--std=c++17"};
  const int status = n.compile(program, 3, options);
  size_t size = 0;
  if (n.log_size(program, &size) == 0 && size > 1) {
    result.log.resize(size);
    n.log(program, result.log.data());
    result.log.resize(size - 1);
  }
  if (status == 0) {
    const bool cubin = n.cubin != nullptr && n.cubin_size(program, &size) == 0 && size > 0;
    if (!cubin) n.ptx_size(program, &size);
    result.image.resize(size);
    if ((cubin ? n.cubin : n.ptx)(program, result.image.data()) != 0) result.image.clear();
  }
  n.destroy(&program);
  if (!result.image.empty() && !path.empty()) write_cached(path, key, result.image);
  return result;
}

}  // namespace tsvm::ops::cuda

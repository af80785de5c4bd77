// Writes zip archives as PyTorch does: entries stored (or deflated on request), the data of each at a multiple of 64 by
// an extra field of padding, sizes and checksum behind the data, a 64-bit end record always.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tsvm::archive {

/// Where an archive's bytes go, in order.
class Sink {
 public:
  virtual ~Sink() = default;
  /// False: it failed, and the writer stops.
  virtual bool write(const void* data, size_t size) = 0;
};

class ZipWriter {
 public:
  static constexpr uint64_t kAlignment = 64;

  struct Options {
    bool compress = false;
    uint64_t alignment = kAlignment;  // 1: none
    bool descriptor = true;           // sizes behind the data; false: in the local header
    uint16_t time = 0, date = 0;
    uint32_t attributes = 0;
  };

  explicit ZipWriter(Sink& sink) : sink_(sink) {}
  bool add(std::string_view name, const void* data, uint64_t size, const Options& options);
  /// The central directory and the end. `always_64`: a 64-bit end record even where none is needed.
  bool finish(bool always_64, std::string_view comment = {});

 private:
  bool put(std::string_view bytes) { return put(bytes.data(), bytes.size()); }
  bool put(const void* data, size_t size);

  struct Entry {
    std::string name;
    uint64_t offset, compressed_size, size;
    uint32_t crc, attributes;
    uint16_t method, flags, time, date;
  };
  Sink& sink_;
  uint64_t position_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace tsvm::archive

// Reads zip archives from memory.
//
// Nothing that the archive says is believed: every offset and size is checked against the bytes that are there, and an
// inflated entry against what deflate can make of its compressed size, before memory is taken for it. The central
// directory decides; local headers are looked at only for where the data starts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tsvm::archive {

struct ZipEntry {
  std::string name;
  uint64_t data_offset;  // of the (compressed) data
  uint64_t compressed_size;
  uint64_t size;
  uint32_t crc;
  uint16_t method;  // 0 stored, 8 deflated
  uint16_t time, date;
  uint32_t attributes;
};

class ZipReader {
 public:
  /// False: `error` says why. The bytes must outlive the reader.
  bool open(std::span<const uint8_t> bytes, std::string& error);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;
  /// The data of a stored entry, where it is.
  std::span<const uint8_t> stored(const ZipEntry& e) const { return bytes_.subspan(e.data_offset, e.compressed_size); }
  /// Copies or inflates an entry to `out`, which has e.size bytes. False: `error` says why.
  bool read(const ZipEntry& e, uint8_t* out, std::string& error) const;

 private:
  std::span<const uint8_t> bytes_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, size_t> index_;
};

}  // namespace tsvm::archive

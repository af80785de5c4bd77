#include "stdlib/native/archive/zip_reader.h"

#include <zlib.h>

#include <cstring>

namespace tsvm::archive {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                   kLocator64 = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
// Deflate cannot do better than 1032 to 1; other methods are not read at all.
constexpr uint64_t kLargestRatio = 1032;

uint64_t number(const uint8_t* p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v |= static_cast<uint64_t>(p[i]) << (8 * i);
  return v;
}
uint16_t u16(const uint8_t* p) { return static_cast<uint16_t>(number(p, 2)); }
uint32_t u32(const uint8_t* p) { return static_cast<uint32_t>(number(p, 4)); }
uint64_t u64(const uint8_t* p) { return number(p, 8); }

/// begin + size within `limit`, without overflow.
bool inside(uint64_t begin, uint64_t size, uint64_t limit) { return begin <= limit && size <= limit - begin; }

}  // namespace

bool ZipReader::open(std::span<const uint8_t> bytes, std::string& error) {
  bytes_ = bytes;
  const uint8_t* data = bytes.data();
  const uint64_t total = bytes.size();
  auto fail = [&](const char* why) {
    error = why;
    entries_.clear();
    index_.clear();
    return false;
  };
  // The end record is the last thing but for a comment of at most 64 KiB.
  if (total < kEndSize) return fail("not a ZIP archive");
  uint64_t end = total;
  for (uint64_t at = total - kEndSize;; at--) {
    if (u32(data + at) == kEnd && u16(data + at + 20) <= total - at - kEndSize) {
      end = at;
      break;
    }
    if (at == 0 || total - at > kEndSize + 0xffff) return fail("failed finding central directory");
  }
  uint64_t count = u16(data + end + 10), size = u32(data + end + 12), offset = u32(data + end + 16);
  if (u16(data + end + 4) != u16(data + end + 6)) return fail("multi-disk archive");
  if ((count == 0xffff || size == 0xffffffff || offset == 0xffffffff) && end >= kLocatorSize &&
      u32(data + end - kLocatorSize) == kLocator64) {
    uint64_t record = u64(data + end - kLocatorSize + 8);
    if (!inside(record, kEnd64Size, end) || u32(data + record) != kEnd64)
      return fail("invalid header or archive is corrupted");
    count = u64(data + record + 32);
    size = u64(data + record + 40);
    offset = u64(data + record + 48);
  }
  if (!inside(offset, size, end)) return fail("invalid header or archive is corrupted");
  if (count > size / kCentralSize) return fail("invalid header or archive is corrupted");

  entries_.reserve(count);
  uint64_t at = offset, limit = offset + size;
  for (uint64_t i = 0; i < count; i++) {
    if (!inside(at, kCentralSize, limit) || u32(data + at) != kCentral)
      return fail("invalid header or archive is corrupted");
    const uint8_t* h = data + at;
    ZipEntry e;
    uint16_t flags = u16(h + 8);
    e.method = u16(h + 10);
    e.time = u16(h + 12);
    e.date = u16(h + 14);
    e.attributes = u32(h + 38);
    e.crc = u32(h + 16);
    e.compressed_size = u32(h + 20);
    e.size = u32(h + 24);
    uint64_t name_size = u16(h + 28), extra_size = u16(h + 30), comment_size = u16(h + 32);
    uint64_t local = u32(h + 42);
    if (!inside(at + kCentralSize, name_size + extra_size + comment_size, limit))
      return fail("invalid header or archive is corrupted");
    e.name.assign(reinterpret_cast<const char*>(h + kCentralSize), name_size);
    // Sizes that do not fit 32 bits are in an extra field, in this order, each only if its place here says so.
    const uint8_t* extra = h + kCentralSize + name_size;
    for (uint64_t x = 0; x + 4 <= extra_size;) {
      uint64_t id = u16(extra + x), length = u16(extra + x + 2);
      if (x + 4 + length > extra_size) break;
      if (id == 1) {
        const uint8_t* p = extra + x + 4;
        uint64_t left = length;
        for (uint64_t* field : {&e.size, &e.compressed_size, &local})
          if (*field == 0xffffffff) {
            if (left < 8) return fail("invalid header or archive is corrupted");
            *field = u64(p);
            p += 8;
            left -= 8;
          }
      }
      x += 4 + length;
    }
    if (flags & 1) return fail("encrypted archive");
    if (!inside(local, kLocalSize, offset) || u32(data + local) != kLocal)
      return fail("invalid header or archive is corrupted");
    e.data_offset = local + kLocalSize + u16(data + local + 26) + u16(data + local + 28);
    if (!inside(e.data_offset, e.compressed_size, offset)) return fail("invalid header or archive is corrupted");
    if (e.method == 0 && e.size != e.compressed_size) return fail("invalid header or archive is corrupted");
    if (e.method != 0 && e.size / kLargestRatio > e.compressed_size)
      return fail("invalid header or archive is corrupted");
    entries_.push_back(std::move(e));
    at += kCentralSize + name_size + extra_size + comment_size;
  }
  for (size_t i = 0; i < entries_.size(); i++) index_[entries_[i].name] = i;
  return true;
}

const ZipEntry* ZipReader::find(std::string_view name) const {
  auto it = index_.find(name);
  return it == index_.end() ? nullptr : &entries_[it->second];
}

bool ZipReader::read(const ZipEntry& e, uint8_t* out, std::string& error) const {
  std::span<const uint8_t> in = stored(e);
  if (e.method == 0) {
    if (e.size) std::memcpy(out, in.data(), e.size);
    return true;
  }
  if (e.method != 8) {
    error = "unsupported compression method " + std::to_string(e.method);
    return false;
  }
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
    error = "out of memory";
    return false;
  }
  // zlib counts in 32 bits.
  uint64_t in_left = in.size(), out_left = e.size;
  z.next_in = const_cast<uint8_t*>(in.data());
  z.next_out = out;
  int status = Z_OK;
  uint8_t nothing;
  if (!e.size) z.next_out = &nothing;
  while (status == Z_OK) {
    if (!z.avail_in && in_left) {
      z.avail_in = static_cast<uInt>(std::min<uint64_t>(in_left, 1u << 30));
      in_left -= z.avail_in;
    }
    if (!z.avail_out && out_left) {
      z.avail_out = static_cast<uInt>(std::min<uint64_t>(out_left, 1u << 30));
      out_left -= z.avail_out;
    }
    status = inflate(&z, Z_NO_FLUSH);
  }
  bool whole = status == Z_STREAM_END && !out_left && !z.avail_out;
  inflateEnd(&z);
  if (!whole) error = "decompression failed or archive is corrupted";
  return whole;
}

}  // namespace tsvm::archive

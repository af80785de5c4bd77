#include "stdlib/native/archive/zip_writer.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "stdlib/native/archive/crc32.h"

namespace tsvm::archive {
namespace {

constexpr uint64_t kMax32 = 0xffffffff;
constexpr uint16_t kUtf8 = 0x800, kDescriptor = 8;

void number(std::string& out, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) out.push_back(static_cast<char>(v >> (8 * i)));
}

/// Raw deflate; false when zlib cannot.
bool deflated(const void* data, uint64_t size, std::string& out) {
  if (size > std::numeric_limits<uInt>::max()) return false;
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return false;
  out.resize(deflateBound(&z, static_cast<uLong>(size)));
  z.next_in = static_cast<Bytef*>(const_cast<void*>(data));
  z.avail_in = static_cast<uInt>(size);
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  int status = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return status == Z_STREAM_END;
}

}  // namespace

bool ZipWriter::put(const void* data, size_t size) {
  position_ += size;
  return sink_.write(data, size);
}

bool ZipWriter::add(std::string_view name, const void* data, uint64_t size, const Options& options) {
  Entry e{std::string(name),  position_, size, size,         crc32(0, data, size),
          options.attributes, 0,         0,    options.time, options.date};
  std::string packed;
  if (options.compress && deflated(data, size, packed)) {
    e.method = 8;
    e.compressed_size = packed.size();
    data = packed.data();
  }
  const bool large = e.size >= kMax32 || e.compressed_size >= kMax32;
  const bool behind = options.descriptor && size > 0;
  e.flags = static_cast<uint16_t>((options.descriptor ? kUtf8 : 0) | (behind ? kDescriptor : 0));
  for (char c : name)
    if (static_cast<unsigned char>(c) >= 0x80) e.flags |= kUtf8;

  std::string extra;
  if (large) {
    number(extra, 1, 2);
    number(extra, 16, 2);
    number(extra, e.size, 8);
    number(extra, e.compressed_size, 8);
  }
  if (options.alignment > 1) {
    uint64_t start = position_ + 30 + name.size() + extra.size() + 4;
    uint64_t padding = (options.alignment - start % options.alignment) % options.alignment;
    extra += "FB";
    number(extra, padding, 2);
    extra.append(padding, 'Z');
  }
  std::string h("PK\3\4", 4);
  number(h, large ? 45 : options.descriptor ? 0 : 20, 2);
  number(h, e.flags, 2);
  number(h, e.method, 2);
  number(h, e.time, 2);
  number(h, e.date, 2);
  number(h, behind ? 0 : e.crc, 4);
  number(h, large ? kMax32 : behind ? 0 : e.compressed_size, 4);
  number(h, large ? kMax32 : behind ? 0 : e.size, 4);
  number(h, name.size(), 2);
  number(h, extra.size(), 2);
  h += name;
  h += extra;
  if (!put(h) || !put(data, e.compressed_size)) return false;
  if (behind) {
    std::string d("PK\7\10", 4);
    number(d, e.crc, 4);
    number(d, e.compressed_size, large ? 8 : 4);
    number(d, e.size, large ? 8 : 4);
    if (!put(d)) return false;
  }
  entries_.push_back(std::move(e));
  return true;
}

bool ZipWriter::finish(bool always_64, std::string_view comment) {
  const uint64_t start = position_;
  std::string out;
  for (const Entry& e : entries_) {
    std::string extra;
    bool large = e.size >= kMax32 || e.compressed_size >= kMax32;
    if (large || e.offset >= kMax32) {
      std::string fields;
      if (large) {
        number(fields, e.size, 8);
        number(fields, e.compressed_size, 8);
      }
      if (e.offset >= kMax32) number(fields, e.offset, 8);
      number(extra, 1, 2);
      number(extra, fields.size(), 2);
      extra += fields;
    }
    out += std::string("PK\1\2", 4);
    number(out, extra.empty() ? (always_64 ? 0 : 20) : 45, 2);
    number(out, extra.empty() ? (always_64 ? 0 : 20) : 45, 2);
    number(out, e.flags, 2);
    number(out, e.method, 2);
    number(out, e.time, 2);
    number(out, e.date, 2);
    number(out, e.crc, 4);
    number(out, large ? kMax32 : e.compressed_size, 4);
    number(out, large ? kMax32 : e.size, 4);
    number(out, e.name.size(), 2);
    number(out, extra.size(), 2);
    number(out, 0, 2);  // comment
    number(out, 0, 2);  // disk
    number(out, 0, 2);
    number(out, e.attributes, 4);
    number(out, e.offset >= kMax32 ? kMax32 : e.offset, 4);
    out += e.name;
    out += extra;
  }
  const uint64_t size = out.size(), count = entries_.size();
  const bool needed = count >= 0xffff || size >= kMax32 || start >= kMax32;
  if (needed || always_64) {
    out += std::string("PK\6\6", 4);
    number(out, 44, 8);
    number(out, 798, 2);
    number(out, 45, 2);
    number(out, 0, 4);
    number(out, 0, 4);
    number(out, count, 8);
    number(out, count, 8);
    number(out, size, 8);
    number(out, start, 8);
    out += std::string("PK\6\7", 4);
    number(out, 0, 4);
    number(out, start + size, 8);
    number(out, 1, 4);
  }
  out += std::string("PK\5\6", 4);
  number(out, 0, 4);
  number(out, std::min<uint64_t>(count, 0xffff), 2);
  number(out, std::min<uint64_t>(count, 0xffff), 2);
  number(out, std::min(size, kMax32), 4);
  number(out, std::min(start, kMax32), 4);
  number(out, comment.size(), 2);
  out += comment;
  return put(out);
}

}  // namespace tsvm::archive

#include "base/deflate.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"

namespace tsvm {

std::vector<std::byte> deflated(std::string_view text) {
  uLongf size = compressBound(text.size());
  std::vector<std::byte> out(size);
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                               text.size(), Z_BEST_COMPRESSION);
  TSVM_CHECK(status == Z_OK, "zlib does not compress");
  out.resize(size);
  return out;
}

std::string inflated(std::span<const std::byte> bytes) {
  std::string out;
  z_stream stream{};
  TSVM_CHECK(inflateInit(&stream) == Z_OK, "zlib does not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t have = out.size(), more = std::max<size_t>(4 * bytes.size(), 4096);
    out.resize(have + more);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
    stream.avail_out = static_cast<unsigned>(more);
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  TSVM_CHECK(status == Z_STREAM_END, "a damaged text in the program");
  return out;
}

}  // namespace tsvm

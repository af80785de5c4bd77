// Reading little-endian data from bytes that cannot be trusted (archives, pickles, images).
//
// Every size is checked against what is left before it is believed. The first read past the end makes the reader fail
// for good: later reads give zeros and empty views, so that a caller may read a whole record and ask `ok()` once, but
// it must ask before it uses a size to allocate or loop (`fits` does both checks in one).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace tsvm {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tsvm runs on little-endian machines");

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return !failed_; }
  size_t position() const { return position_; }
  size_t remaining() const { return failed_ ? 0 : bytes_.size() - position_; }
  bool at_end() const { return remaining() == 0; }

  /// An integer or floating-point number of T's size.
  template <class T>
  T read() {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    if (take(sizeof(T))) std::memcpy(&value, bytes_.data() + position_ - sizeof(T), sizeof(T));
    return value;
  }
  uint8_t u8() { return read<uint8_t>(); }
  uint16_t u16() { return read<uint16_t>(); }
  uint32_t u32() { return read<uint32_t>(); }
  uint64_t u64() { return read<uint64_t>(); }

  /// The next `size` bytes, a view of the original.
  std::string_view view(uint64_t size) {
    return take(size) ? bytes_.substr(position_ - size, size) : std::string_view();
  }
  /// The bytes up to `end`, which is skipped; fails when it does not come.
  std::string_view view_until(char end) {
    size_t found = failed_ ? std::string_view::npos : bytes_.find(end, position_);
    if (found == std::string_view::npos) {
      failed_ = true;
      return {};
    }
    std::string_view out = bytes_.substr(position_, found - position_);
    position_ = found + 1;
    return out;
  }
  void skip(uint64_t size) { take(size); }
  void seek(uint64_t position) {
    if (position > bytes_.size())
      failed_ = true;
    else
      position_ = static_cast<size_t>(position);
  }
  /// Whether `count` records of at least `size` bytes can follow; fails otherwise.
  bool fits(uint64_t count, uint64_t size) {
    if (failed_ || (size != 0 && count > remaining() / size)) failed_ = true;
    return !failed_;
  }

 private:
  bool take(uint64_t size) {
    if (failed_ || size > bytes_.size() - position_) {
      failed_ = true;
      return false;
    }
    position_ += static_cast<size_t>(size);
    return true;
  }

  std::string_view bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace tsvm

// The bytes of a file: read when it is small, mapped when it is large.
//
// A mapping is private: what is written to it stays in the process. Pages that were not touched yet still come from the
// file, so two things could spoil them, and are taken care of:
//  - the program itself opens the file for writing: whoever truncates a file calls `before_truncation` first, which
//    copies what mappings of that file still need;
//  - another process cuts the file short: touching a lost page would be a SIGBUS. A handler puts a page of zeros there
//    and notes it; `wake` flags are set, and `take_cut_short` tells once, so that the host can raise an error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tsvm {

class MappedFile {
 public:
  /// Files of at least this size are mapped.
  static constexpr size_t kMapFrom = 1 << 20;

  /// Null: `error` is the errno.
  static std::shared_ptr<MappedFile> open(const std::string& path, int& error);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  /// The bytes may be written (and stay valid) as long as this object lives; null: they were read, not mapped.
  uint8_t* writable() { return mapped_ ? data_ : nullptr; }

  /// To be called before a file is truncated or written in place.
  static void before_truncation(const std::string& path);
  /// `flag` is set when a mapping loses pages; unwatch before it dies.
  static void watch(std::atomic<bool>* flag);
  static void unwatch(std::atomic<bool>* flag);
  /// True once after a mapping lost pages.
  static bool take_cut_short();

 private:
  MappedFile() = default;

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;
  int slot_ = -1;
  uint64_t device_ = 0, inode_ = 0;
};

}  // namespace tsvm

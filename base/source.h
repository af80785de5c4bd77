// Source texts and ranges in them.
//
// A range is two byte offsets; which file it belongs to is known from its owner (a tree, a function). Lines and columns
// are computed only when something is printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tsvm {

/// Byte offsets [begin, end) in a SourceFile's text.
struct SourceRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// A line (from 1) and a column (from 0, in bytes), as CPython counts them.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 0;
};

/// A named text with the offsets of its lines. Immutable; shared by everything that was made from it. Line breaks are
/// "\n" only: "\r\n" and "\r" are replaced when the file is made, as Python does.
class SourceFile {
 public:
  SourceFile(std::string name, std::string text);
  /// A text that is kept packed until somebody looks at it. The bytes must outlive the file.
  using Unpack = std::string (*)(std::span<const std::byte> packed);
  SourceFile(std::string name, std::span<const std::byte> packed, Unpack unpack);

  const std::string& name() const { return name_; }
  const std::string& text() const { return lines().text; }
  std::string_view slice(SourceRange r) const { return std::string_view(text()).substr(r.begin, r.end - r.begin); }
  LineColumn locate(uint32_t offset) const;
  uint32_t line_count() const { return static_cast<uint32_t>(lines().starts.size()); }
  /// The text of line `line` (from 1) without its line break; empty past the end.
  std::string_view line(uint32_t line) const;

 private:
  struct Lines {
    std::string text;
    std::vector<uint32_t> starts;
  };
  const Lines& lines() const {
    std::call_once(once_, [this] { read(); });
    return lines_;
  }
  void read() const;

  std::string name_;
  std::span<const std::byte> packed_;
  Unpack unpack_ = nullptr;
  mutable Lines lines_;
  mutable std::once_flag once_;
};

}  // namespace tsvm

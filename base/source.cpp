#include "base/source.h"

#include <algorithm>
#include <cstring>

namespace tsvm {

namespace {

void normalize_line_breaks(std::string& text) {
  size_t in = text.find('\r');
  if (in == std::string::npos) return;
  size_t out = in;
  for (; in < text.size(); in++) {
    if (text[in] == '\r') {
      text[out++] = '\n';
      if (in + 1 < text.size() && text[in + 1] == '\n') in++;
    } else {
      text[out++] = text[in];
    }
  }
  text.resize(out);
}

}  // namespace

SourceFile::SourceFile(std::string name, std::string text) : name_(std::move(name)) {
  lines_.text = std::move(text);
  (void)lines();
}

SourceFile::SourceFile(std::string name, std::span<const std::byte> packed, Unpack unpack)
    : name_(std::move(name)), packed_(packed), unpack_(unpack) {}

void SourceFile::read() const {
  auto& [text, starts] = lines_;
  if (unpack_) text = unpack_(packed_);
  normalize_line_breaks(text);
  starts.push_back(0);
  const char* begin = text.data();
  const char* end = begin + text.size();
  for (const char* p = begin; (p = static_cast<const char*>(std::memchr(p, '\n', end - p))) != nullptr;)
    starts.push_back(static_cast<uint32_t>(++p - begin));
}

LineColumn SourceFile::locate(uint32_t offset) const {
  const auto& starts = lines().starts;
  auto it = std::upper_bound(starts.begin(), starts.end(), offset);
  uint32_t line = static_cast<uint32_t>(it - starts.begin());
  return {line, offset - starts[line - 1]};
}

std::string_view SourceFile::line(uint32_t line) const {
  const auto& [text, starts] = lines();
  if (line == 0 || line > starts.size()) return {};
  uint32_t begin = starts[line - 1];
  uint32_t end = line < starts.size() ? starts[line] : static_cast<uint32_t>(text.size());
  if (end > begin && text[end - 1] == '\n') end--;
  return std::string_view(text).substr(begin, end - begin);
}

}  // namespace tsvm

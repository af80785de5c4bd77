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

SourceFile::SourceFile(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  normalize_line_breaks(text_);
  line_starts_.push_back(0);
  const char* begin = text_.data();
  const char* end = begin + text_.size();
  for (const char* p = begin; (p = static_cast<const char*>(std::memchr(p, '\n', end - p))) != nullptr;)
    line_starts_.push_back(static_cast<uint32_t>(++p - begin));
}

LineColumn SourceFile::locate(uint32_t offset) const {
  auto it = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  uint32_t line = static_cast<uint32_t>(it - line_starts_.begin());
  return {line, offset - line_starts_[line - 1]};
}

std::string_view SourceFile::line(uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  uint32_t begin = line_starts_[line - 1];
  uint32_t end = line < line_starts_.size() ? line_starts_[line] : static_cast<uint32_t>(text_.size());
  if (end > begin && text_[end - 1] == '\n') end--;
  return std::string_view(text_).substr(begin, end - begin);
}

}  // namespace tsvm

// What CPython checks of a source's bytes before it reads a token.
#include <cctype>
#include <cstdio>
#include <limits>
#include <string>

#include "base/utf8.h"
#include "lexer/lexer.h"

namespace tsvm {

namespace {

// The encoding that a comment in one of the first two lines declares ("coding: NAME" or "coding=NAME"), or nothing.
std::string_view declared_encoding(const SourceFile& source) {
  for (uint32_t n = 1; n <= 2 && n <= source.line_count(); n++) {
    std::string_view line = source.line(n);
    if (n == 1 && line.substr(0, 3) == "\xef\xbb\xbf") line.remove_prefix(3);
    size_t first = line.find_first_not_of(" \t\f");
    if (first == std::string_view::npos) continue;
    if (line[first] != '#') return {};
    for (size_t at = first; (at = line.find("coding", at)) != std::string_view::npos;) {
      at += 6;
      if (at >= line.size() || (line[at] != ':' && line[at] != '=')) continue;
      size_t begin = line.find_first_not_of(" \t", at + 1);
      if (begin == std::string_view::npos) continue;
      size_t end = begin;
      while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) || line[end] == '-' ||
                                   line[end] == '_' || line[end] == '.'))
        end++;
      if (end > begin) return line.substr(begin, end - begin);
    }
  }
  return {};
}

bool is_utf8_name(std::string_view name) {
  std::string text;
  for (char c : name) text += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text == "utf-8" || text == "utf8" || text == "u8" || text == "utf-8-sig" || text.rfind("utf-8-", 0) == 0 ||
         text == "ascii" || text == "us-ascii";
}

}  // namespace

std::vector<Diagnostic> check_encoding(const SourceFile& source) {
  const std::string& text = source.text();
  auto error = [](DiagnosticKind kind, SourceRange range, std::string message, bool no_place) {
    Diagnostic d(kind, range, std::move(message));
    d.no_place = no_place;
    d.whole_line = true;
    return std::vector<Diagnostic>{std::move(d)};
  };
  if (text.size() >= std::numeric_limits<uint32_t>::max()) {
    return error(DiagnosticKind::kNotImplementedError, {}, "source files of 4 GiB and more are not supported", true);
  }
  std::string_view encoding = declared_encoding(source);
  if (!encoding.empty() && !is_utf8_name(encoding)) {
    uint32_t begin = static_cast<uint32_t>(encoding.data() - text.data());
    return error(DiagnosticKind::kSyntaxError, {begin, begin + static_cast<uint32_t>(encoding.size())},
                 "encoding problem: " + std::string(encoding), true);
  }
  utf8::Error bad = utf8::validate(text);
  size_t zero = text.find('\0');
  if (bad.reason != nullptr && bad.position < zero) {
    uint32_t at = static_cast<uint32_t>(bad.position);
    char code[8];
    std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(text[at]));
    return error(DiagnosticKind::kSyntaxError, {at, at + 1},
                 std::string("Non-UTF-8 code starting with '") + code + "' in file " + source.name() + " on line " +
                     std::to_string(source.locate(at).line) +
                     ", but no encoding declared; see https://peps.python.org/pep-0263/ for details",
                 true);
  }
  if (zero != std::string::npos) {
    uint32_t at = static_cast<uint32_t>(zero);
    return error(DiagnosticKind::kSyntaxError, {at, at + 1}, "source code cannot contain null bytes", false);
  }
  return {};
}

}  // namespace tsvm

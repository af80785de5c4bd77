#include "base/diagnostic.h"

#include <algorithm>

#include "base/utf8.h"

namespace tsvm {

const char* exception_name(DiagnosticKind kind) {
  static constexpr const char* kNames[] = {
#define TSVM_DIAGNOSTIC_KIND(name) #name,
#include "base/diagnostic_kinds.def"
  };
  return kNames[static_cast<size_t>(kind)];
}

namespace {

// "  File ..., line N", the line without its indentation, and the mark. A range that goes on in the next lines is
// marked up to the end of its first line.
void render_place(std::string& out, const SourceFile& source, SourceRange range, bool marked) {
  // Behind a final line break there is no line: the end of the file is shown as the end of the last line.
  const std::string& text = source.text();
  if (range.begin >= text.size() && !text.empty() && text.back() == '\n')
    range.begin = range.end = static_cast<uint32_t>(text.size() - 1);
  LineColumn at = source.locate(range.begin);
  out += "  File \"" + source.name() + "\", line " + std::to_string(at.line) + "\n";
  std::string_view line = source.line(at.line);
  line = line.substr(0, line.find('\0'));
  size_t indent = std::min(line.find_first_not_of(" \t\f"), line.size());
  std::string_view shown = line.substr(indent);
  out += "    ";
  out += shown;
  out += "\n";
  if (!marked || at.column < indent) return;
  size_t begin = std::min<size_t>(at.column, line.size());
  size_t end = std::min<size_t>(begin + (range.end > range.begin ? range.end - range.begin : 0), line.size());
  size_t before = utf8::count(line.substr(indent, begin - indent));
  size_t width = std::max<size_t>(1, utf8::count(line.substr(begin, end - begin)));
  out.append(4 + before, ' ');
  out.append(width, '^');
  out += "\n";
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const SourceFile& source) {
  std::string out;
  if (!diagnostic.no_place) render_place(out, source, diagnostic.range, !diagnostic.whole_line);
  out += exception_name(diagnostic.kind);
  if (!diagnostic.message.empty()) out += ": " + diagnostic.message;
  out += "\n";
  for (const DiagnosticNote& note : diagnostic.notes) {
    out += "note: " + note.message + "\n";
    render_place(out, source, note.range, true);
  }
  return out;
}

}  // namespace tsvm

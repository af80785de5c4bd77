// Diagnostics: what is wrong with the user's program, as data.
//
// A diagnostic says which exception CPython would raise, where, and in which words; rendering happens in one place.
// Whoever finds an error fills in a range of the source, never a formatted text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/source.h"

namespace tsvm {

enum class DiagnosticKind : uint8_t {
#define TSVM_DIAGNOSTIC_KIND(name) k##name,
#include "base/diagnostic_kinds.def"
};

/// The exception's class name: "SyntaxError", "TabError".
const char* exception_name(DiagnosticKind kind);

struct DiagnosticNote {
  SourceRange range;
  std::string message;
};

struct Diagnostic {
  DiagnosticKind kind = DiagnosticKind::kSyntaxError;
  SourceRange range;
  std::string message;
  std::vector<DiagnosticNote> notes;
  bool whole_line = false;  // the line is shown without a mark below it
  bool no_place = false;    // neither file nor line are shown (CPython has none for bytes it cannot decode)

  Diagnostic() = default;
  Diagnostic(DiagnosticKind k, SourceRange r, std::string text) : kind(k), range(r), message(std::move(text)) {}
};

/// The text that CPython writes for an uncaught error of this kind: file and line, the source line with the range
/// marked, "Kind: message", and the notes. Ends with a line break.
std::string render(const Diagnostic& diagnostic, const SourceFile& source);

}  // namespace tsvm

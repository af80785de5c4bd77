// Source text to syntax tree.
//
// Parsing never fails: there is always a tree, and a list of diagnostics that is empty for a good program. A statement
// that cannot be parsed is left out of the tree and parsing goes on behind it, so that one run reports all errors of a
// file. The first diagnostic is the one that CPython 3.11 would raise for the file.
#pragma once

#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/diagnostic.h"
#include "base/source.h"
#include "parser/ast.h"
#include "parser/names.h"

namespace tsvm {

struct ParseResult {
  ast::Module* module = nullptr;  // never null
  NameTable names;                // all identifiers of the tree
  std::vector<Diagnostic> diagnostics;

  bool ok() const { return diagnostics.empty(); }
};

/// The tree of a whole file. The tree refers to `source`'s text and lives in `arena`: both must outlive it.
/// Only syntax is checked here; analyze_scopes and check_semantics (parser/scope.h) find the rest of what CPython's
/// compiler rejects.
ParseResult parse(const SourceFile& source, Arena& arena);

struct ExpressionResult {
  ast::Expr* expression = nullptr;  // null when there are diagnostics
  std::vector<Diagnostic> diagnostics;
};

/// A single expression, as `eval` and string annotations take it.
ExpressionResult parse_expression(const SourceFile& source, Arena& arena, NameTable& names);

struct InteractiveResult {
  ParseResult parse;
  /// More lines are needed (an open bracket, an open block, a header without its block); diagnostics are empty then.
  bool incomplete = false;
};

/// One input of the interactive prompt: all lines typed so far, each with its line break. A compound statement is
/// complete after an empty line.
InteractiveResult parse_interactive(const SourceFile& source, Arena& arena);

}  // namespace tsvm

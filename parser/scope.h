// Which names of each scope are local, captured, free or global: what CPython's symbol table knows, plus what the
// translation to IR wants to know about names in try blocks.
//
// Scopes are the module, functions, lambdas, classes and comprehensions (which are scopes of their own, as in CPython
// 3.11; their first iterable belongs to the scope around). Class scopes are passed over when an inner function looks a
// name up. `__class__` is a cell of a class when a method mentions it or `super`.
//
// The analysis also finishes the tree: each scope node gets its `scope` index, and private names (`__x` in a class) are
// replaced by their mangled form everywhere, so that later readers need not know about mangling.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/diagnostic.h"
#include "parser/ast.h"
#include "parser/parser.h"

namespace tsvm {

enum class ScopeKind : uint8_t { kModule, kFunction, kLambda, kClass, kComprehension };

enum class Binding : uint8_t {
  kLocal,           // in a module or class: a name of its namespace
  kCell,            // a local that an inner scope captures
  kFree,            // belongs to a function further out (or is the class cell)
  kGlobalExplicit,  // declared global
  kGlobalImplicit,  // bound nowhere around: a global or a builtin
};

struct Symbol {
  ast::Identifier name;
  Binding binding = Binding::kGlobalImplicit;
  bool is_parameter = false;
  bool is_assigned = false;  // bound in any way but as a parameter: assignment, import, def, for, except ...
  bool is_referenced = false;
  bool is_annotated = false;
  bool is_imported = false;
  bool is_deleted = false;
  bool is_nonlocal = false;            // declared nonlocal
  bool is_iteration_variable = false;  // of a comprehension
  /// Bound or deleted where an exception can lead to code of the same function: in the body of a try or with, and with
  /// a finally also in its handlers and else. Such a local must live in a frame slot.
  bool is_stored_in_try = false;
  /// Used in an except or finally block.
  bool is_used_in_handler = false;
};

struct Scope {
  ScopeKind kind = ScopeKind::kModule;
  ast::Node* node = nullptr;
  uint32_t parent = ast::kNoScope;
  /// The `__name__`: as written, not mangled; "<lambda>", "<listcomp>", "<module>" for what has none.
  ast::Identifier name;
  std::vector<uint32_t> children;  // in source order
  /// In order of first appearance; the parameters come first, in CPython's order of local variables (positional,
  /// keyword-only, *args, **kwargs).
  std::vector<Symbol> symbols;
  uint32_t parameter_count = 0;
  std::vector<ast::Identifier> cells;  // names that inner scopes capture here; a class has at most `__class__`
  std::vector<ast::Identifier> frees;  // names that come from outside, also those only passed on to inner scopes
  bool is_generator = false;           // contains yield, or is a generator expression
  bool returns_value = false;
  bool has_import_star = false;
  bool has_try = false;  // contains a try or with statement

  bool is_function() const {
    return kind == ScopeKind::kFunction || kind == ScopeKind::kLambda || kind == ScopeKind::kComprehension;
  }
  /// The symbol of an identifier of this tree; null when the scope does not mention it.
  const Symbol* find(ast::Identifier identifier) const;
  Symbol* find(ast::Identifier identifier) {
    return const_cast<Symbol*>(static_cast<const Scope*>(this)->find(identifier));
  }

  std::vector<uint32_t> index;  // hash table over `symbols` (positions plus 1), once there are many
};

struct ScopeTree {
  std::vector<Scope> scopes;            // the module's is the first; each comes behind its parent
  bool future_annotations = false;      // annotations are not evaluated
  std::vector<Diagnostic> diagnostics;  // what CPython's compiler rejects behind its parser; the first is CPython's
};

/// Analyses a tree that was parsed without errors.
ScopeTree analyze_scopes(ParseResult& parse, Arena& arena);

/// All that CPython would reject in a file without running it: the errors of the parser, or else those of its compiler.
std::vector<Diagnostic> check_syntax(const SourceFile& source);

}  // namespace tsvm

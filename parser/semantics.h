// What CPython's compiler rejects in trees that its grammar and symbol table accept: `return` outside a function, a
// starred expression where nothing can take it, and the like. Part of analyze_scopes.
#pragma once

#include "parser/ast.h"
#include "parser/scope.h"

namespace tsvm {

/// Checks the place and the names of `from __future__` imports; notes `annotations`.
void check_future_imports(const ast::Module* module, ScopeTree* tree);

/// Appends the errors of the rest, in source order.
void check_semantics(const ast::Module* module, ScopeTree* tree);

}  // namespace tsvm

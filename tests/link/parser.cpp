// The parser and what it stands on are enough to read a program.
#include <cstdio>
#include <string>

#include "parser/parser.h"
#include "parser/print.h"
#include "parser/scope.h"

int main() {
  tsvm::SourceFile source("link.ts", "def f(x):\n    return x + 1\n");
  tsvm::Arena arena;
  tsvm::ParseResult result = tsvm::parse(source, arena);
  tsvm::ScopeTree scopes = tsvm::analyze_scopes(result, arena);
  std::puts(tsvm::unparse(result.module).c_str());
  return result.ok() && scopes.scopes.size() == 2 ? 0 : 1;
}

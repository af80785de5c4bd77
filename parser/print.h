// Texts of tokens and trees, for people and tests.
#pragma once

#include <string>

#include "base/source.h"
#include "lexer/lexer.h"
#include "parser/ast.h"

namespace tsvm {

/// One token a line: "line,column-line,column: KIND 'text'".
std::string dump_tokens(const TokenStream& stream, const SourceFile& source);

/// The tree as Python's `ast.dump(tree, indent=1)` prints it (type comments included where there are any).
std::string dump_ast(const ast::Node* node);

/// Source text for a tree, as Python's `ast.unparse` writes it: canonical spacing and quotes, no comments.
std::string unparse(const ast::Node* node);

/// A decimal text for a big integer literal (ConstantValue::text, which may be hexadecimal, octal or binary).
std::string decimal_digits(std::string_view literal);

}  // namespace tsvm

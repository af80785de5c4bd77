// Source text to tokens, by the rules of Python 3.11.
//
// The whole file is turned into an array at once, so that the parser can look ahead freely. Indentation becomes Indent
// and Dedent tokens, and inside brackets it does not count. Each token is a kind and a range of the text; literals are
// decoded later (lexer/literals.h), by whoever needs their value.
//
// An error becomes an Error token and a LexError. In strict mode lexing ends there, as it does in CPython; in
// recovering mode it goes on behind the error, so that later errors are found too. The last token is always EndMarker.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace tsvm {

enum class TokenKind : uint8_t {
#define TOKEN(name) k##name,
#define OPERATOR(name, text) k##name,
#define KEYWORD(name, text) k##name,
#include "lexer/tokens.def"
};

/// The fixed spelling of an operator or keyword; null for other kinds.
const char* token_text(TokenKind kind);
/// The kind's name as `dump tokens` prints it: operators and keywords by spelling, others in capitals ("NEWLINE").
const char* token_name(TokenKind kind);
bool is_keyword(TokenKind kind);
/// The keyword that `text` spells, or kName.
TokenKind keyword_kind(std::string_view text);

struct Token {
  TokenKind kind;
  SourceRange range;
};

/// A comment `# type: text`. `next_token` is the index of the token that follows it.
struct TypeComment {
  SourceRange text;
  uint32_t next_token;
};

struct LexError {
  /// How it competes with an error of the parser that lies before it. CPython's parser, before it reports an error,
  /// reads the remaining tokens: kHard errors found there replace its own; kSoft (indentation) ones do not; kUnclosed
  /// (a bracket that is open at the end of the file) ones do when the bracket's line is above the parser's error.
  enum class Class : uint8_t { kHard, kSoft, kUnclosed };
  Class error_class;
  uint32_t token;  // index of the Error token
  Diagnostic diagnostic;
  bool at_end_of_input = false;  // more input might mend it (a long string that is still open)
};

struct TokenStream {
  std::vector<Token> tokens;
  std::vector<TypeComment> type_comments;
  std::vector<LexError> errors;
};

enum class LexMode : uint8_t { kStrict, kRecover };

/// All tokens of a file. The text must be valid UTF-8 without zero bytes (check_encoding).
TokenStream lex(const SourceFile& source, LexMode mode);

/// The tokens of a part of the text that is read as the inside of brackets (an expression in an f-string): line breaks
/// are white space, and a RightParen stands before the EndMarker. Strict.
TokenStream lex_nested(const SourceFile& source, SourceRange part);

/// The tokens of a part of the text that is read like a file of its own. Strict.
TokenStream lex_part(const SourceFile& source, SourceRange part);

/// What CPython says of bytes that cannot be a source text: not UTF-8, a declared encoding that is not UTF-8, zero
/// bytes, or larger than ranges can address. Empty when the text is fine.
std::vector<Diagnostic> check_encoding(const SourceFile& source);

}  // namespace tsvm

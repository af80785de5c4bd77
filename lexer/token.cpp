#include <array>
#include <string_view>

#include "lexer/lexer.h"

namespace tsvm {

const char* token_text(TokenKind kind) {
  static constexpr const char* kTexts[] = {
#define TOKEN(name) nullptr,
#define OPERATOR(name, text) text,
#define KEYWORD(name, text) text,
#include "lexer/tokens.def"
  };
  return kTexts[static_cast<size_t>(kind)];
}

const char* token_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEndMarker: return "ENDMARKER";
    case TokenKind::kNewline: return "NEWLINE";
    case TokenKind::kIndent: return "INDENT";
    case TokenKind::kDedent: return "DEDENT";
    case TokenKind::kError: return "ERROR";
    case TokenKind::kName: return "NAME";
    case TokenKind::kNumber: return "NUMBER";
    case TokenKind::kString: return "STRING";
    default: return token_text(kind);
  }
}

bool is_keyword(TokenKind kind) { return kind >= TokenKind::kFalse; }

namespace {

// Keywords by a hash of their first two letters and their length, laid out at compile time (open addressing).
struct KeywordTable {
  static constexpr size_t kSize = 128;
  std::array<TokenKind, kSize> kinds{};
  std::array<std::string_view, kSize> texts{};

  static constexpr size_t hash(std::string_view text) {
    return (static_cast<unsigned char>(text[0]) * 5u + static_cast<unsigned char>(text[1]) * 23u + text.size() * 11u) %
           kSize;
  }
  constexpr void add(TokenKind kind, std::string_view text) {
    size_t i = hash(text);
    while (!texts[i].empty()) i = (i + 1) % kSize;
    kinds[i] = kind;
    texts[i] = text;
  }
  constexpr KeywordTable() {
#define KEYWORD(name, text) add(TokenKind::k##name, text);
#include "lexer/tokens.def"
  }
};
constexpr KeywordTable kKeywords;

}  // namespace

TokenKind keyword_kind(std::string_view text) {
  if (text.size() < 2 || text.size() > 8) return TokenKind::kName;
  for (size_t i = KeywordTable::hash(text); !kKeywords.texts[i].empty(); i = (i + 1) % KeywordTable::kSize)
    if (kKeywords.texts[i] == text) return kKeywords.kinds[i];
  return TokenKind::kName;
}

}  // namespace tsvm

#include "lexer/lexer.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/unicode.h"
#include "base/utf8.h"

namespace tsvm {

namespace {

constexpr uint32_t kMaxBrackets = 200;    // open at a time, as CPython
constexpr uint32_t kMaxIndentation = 99;  // open blocks, as CPython
constexpr size_t kMaxErrors = 100;        // after that many a file is not worth reading on
constexpr uint32_t kTabSize = 8;
constexpr size_t kMaxDecimalDigits = 4300;  // CPython's guard against quadratic conversion

enum CharClass : uint8_t { kOther, kNameStart, kDigit, kHigh };

constexpr std::array<uint8_t, 256> make_char_classes() {
  std::array<uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; c++) table[c] = table[c - 32] = kNameStart;
  table['_'] = kNameStart;
  for (int c = '0'; c <= '9'; c++) table[c] = kDigit;
  for (int c = 0x80; c < 0x100; c++) table[c] = kHigh;
  return table;
}
constexpr std::array<uint8_t, 256> kCharClass = make_char_classes();

CharClass char_class(char c) { return static_cast<CharClass>(kCharClass[static_cast<unsigned char>(c)]); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

std::string hex4(char32_t c) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%04X", static_cast<unsigned>(c));
  return buffer;
}

// Keywords that can stand only at the start of a statement: inside brackets they show that the bracket was forgotten.
bool starts_only_statements(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAssert:
    case TokenKind::kBreak:
    case TokenKind::kClass:
    case TokenKind::kContinue:
    case TokenKind::kDef:
    case TokenKind::kDel:
    case TokenKind::kElif:
    case TokenKind::kExcept:
    case TokenKind::kFinally:
    case TokenKind::kGlobal:
    case TokenKind::kImport:
    case TokenKind::kNonlocal:
    case TokenKind::kPass:
    case TokenKind::kRaise:
    case TokenKind::kReturn:
    case TokenKind::kTry:
    case TokenKind::kWhile:
    case TokenKind::kWith: return true;
    default: return false;
  }
}

class Lexer {
 public:
  Lexer(const SourceFile& source, SourceRange part, LexMode mode, bool nested)
      : source_(source),
        base_(source.text().data()),
        p_(base_ + part.begin),
        end_(base_ + part.end),
        mode_(mode),
        nested_(nested) {}

  TokenStream run();

 private:
  enum class Step : uint8_t { kGoOn, kEndOfFile, kStop };

  char peek(size_t k = 0) const { return p_ + k < end_ ? p_[k] : '\0'; }
  bool at_end() const { return p_ >= end_; }
  uint32_t offset(const char* p) const { return static_cast<uint32_t>(p - base_); }
  SourceRange range(const char* begin, const char* end) const { return {offset(begin), offset(end)}; }

  void push(TokenKind kind, const char* begin, const char* end) {
    out_.tokens.push_back({kind, {offset(begin), offset(end)}});
  }
  Step fail(LexError::Class error_class, Diagnostic diagnostic, const char* token_begin, bool fatal = false);
  Step fail_syntax(const char* at, const char* token_begin, std::string message) {
    return fail(LexError::Class::kHard, {DiagnosticKind::kSyntaxError, range(at, at + 1), std::move(message)},
                token_begin);
  }
  Step fail_unclosed();

  Step line_start();
  Step set_indentation(uint32_t column, uint32_t alternative, const char* first);
  Step continuation();
  void comment();
  Step token();
  Step newline(const char* begin);
  Step name();
  Step number();
  Step number_tail(const char* begin, const char* noun);
  bool decimal_digits();
  Step string(const char* begin, const char* quote);
  Step op();
  Step close_bracket(char close, const char* at);
  void finish();
  bool bracket_was_forgotten() const;

  struct Bracket {
    char open;
    const char* at;
  };
  struct Indentation {
    uint32_t column;       // tabs go to the next multiple of 8
    uint32_t alternative;  // tabs count 1: both must agree, or tabs and spaces are mixed ambiguously
  };

  const SourceFile& source_;
  const char* base_;
  const char* p_;
  const char* end_;
  LexMode mode_;
  bool nested_;
  TokenStream out_;
  std::vector<Bracket> brackets_;
  std::vector<Indentation> indents_{{0, 0}};
};

Lexer::Step Lexer::fail(LexError::Class error_class, Diagnostic diagnostic, const char* token_begin, bool fatal) {
  out_.errors.push_back({error_class, static_cast<uint32_t>(out_.tokens.size()), std::move(diagnostic)});
  push(TokenKind::kError, token_begin, p_ > token_begin ? p_ : token_begin);
  return fatal || mode_ == LexMode::kStrict || out_.errors.size() >= kMaxErrors ? Step::kStop : Step::kGoOn;
}

Lexer::Step Lexer::fail_unclosed() {
  Bracket b = brackets_.back();
  brackets_.clear();
  return fail(LexError::Class::kUnclosed,
              {DiagnosticKind::kSyntaxError, range(b.at, b.at + 1), std::string("'") + b.open + "' was never closed"},
              p_);
}

TokenStream Lexer::run() {
  out_.tokens.reserve(static_cast<size_t>(end_ - p_) / 3 + 8);
  if (!nested_ && end_ - p_ >= 3 && std::memcmp(p_, "\xef\xbb\xbf", 3) == 0) p_ += 3;
  Step step = nested_ ? Step::kGoOn : line_start();
  while (step == Step::kGoOn) step = token();
  if (step == Step::kEndOfFile) {
    finish();
  } else {
    push(TokenKind::kEndMarker, p_, p_);
  }
  return std::move(out_);
}

// The end of the file: a missing last line break is supplied, then all blocks are closed.
void Lexer::finish() {
  if (nested_) {
    if (!brackets_.empty()) fail_unclosed();
    push(TokenKind::kRightParen, p_, p_);
    push(TokenKind::kEndMarker, p_, p_);
    return;
  }
  if (!brackets_.empty()) {
    if (fail_unclosed() == Step::kStop) {
      push(TokenKind::kEndMarker, p_, p_);
      return;
    }
  }
  if (!out_.tokens.empty()) {
    TokenKind last = out_.tokens.back().kind;
    if (last != TokenKind::kNewline && last != TokenKind::kDedent) push(TokenKind::kNewline, p_, p_);
  }
  for (size_t i = 1; i < indents_.size(); i++) push(TokenKind::kDedent, p_, p_);
  push(TokenKind::kEndMarker, p_, p_);
}

// A backslash at p_: it must end its line, and the file must go on.
Lexer::Step Lexer::continuation() {
  const char* slash = p_++;
  if (at_end() || (*p_ == '\n' && p_ + 1 >= end_)) {
    p_ = end_;
    if (!brackets_.empty()) return fail_unclosed();
    Diagnostic d{DiagnosticKind::kSyntaxError, range(slash + 1, slash + 1), "unexpected EOF while parsing"};
    Step step = fail(LexError::Class::kSoft, std::move(d), slash, true);
    out_.errors.back().at_end_of_input = true;
    return step;
  }
  if (*p_ != '\n') {
    const char* bad = p_;
    while (!at_end() && *p_ != '\n') p_++;
    Diagnostic d{DiagnosticKind::kSyntaxError, range(bad, bad + 1),
                 "unexpected character after line continuation character"};
    return fail(LexError::Class::kSoft, std::move(d), slash);
  }
  p_++;
  return Step::kGoOn;
}

// Skips a comment (without its line break) and keeps it when it is a type comment.
void Lexer::comment() {
  const char* end = static_cast<const char*>(std::memchr(p_, '\n', end_ - p_));
  if (end == nullptr) end = end_;
  const char* q = p_ + 1;
  auto skip_blanks = [&] {
    while (q < end && (*q == ' ' || *q == '\t')) q++;
  };
  skip_blanks();
  if (end - q >= 5 && std::memcmp(q, "type:", 5) == 0) {
    q += 5;
    skip_blanks();
    const char* last = end;
    while (last > q && (last[-1] == ' ' || last[-1] == '\t')) last--;
    bool ignore = end - q >= 6 && std::memcmp(q, "ignore", 6) == 0 &&
                  (q + 6 == end || (char_class(q[6]) != kNameStart && char_class(q[6]) != kDigit));
    if (!ignore && q < last) {
      out_.type_comments.push_back({range(q, last), static_cast<uint32_t>(out_.tokens.size())});
    }
  }
  p_ = end;
}

// At the first character of a line outside brackets: skips empty lines and turns the indentation of the first other
// line into Indent and Dedent tokens.
Lexer::Step Lexer::line_start() {
  for (;;) {
    uint32_t column = 0;
    uint32_t alternative = 0;
    bool continued = false;
    uint32_t continued_column = 0;
    for (;; p_++) {
      char c = peek();
      if (c == ' ') {
        column++;
        alternative++;
      } else if (c == '\t') {
        column = (column / kTabSize + 1) * kTabSize;
        alternative++;
      } else if (c == '\f') {
        column = alternative = 0;
      } else if (c == '\\') {
        // The first part of a continued line decides.
        if (!continued) continued_column = column;
        continued = continued_column != 0;
        size_t errors = out_.errors.size();
        Step step = continuation();
        if (step != Step::kGoOn) return step;
        if (out_.errors.size() != errors) break;
        p_--;
      } else {
        break;
      }
    }
    if (at_end()) return Step::kEndOfFile;
    if (*p_ == '#') {
      comment();
      if (at_end()) return Step::kEndOfFile;
    }
    if (*p_ == '\n') {
      p_++;
      continue;
    }
    if (continued) column = alternative = continued_column;
    return set_indentation(column, alternative, p_);
  }
}

Lexer::Step Lexer::set_indentation(uint32_t column, uint32_t alternative, const char* first) {
  auto tab_error = [&] {
    Diagnostic d{DiagnosticKind::kTabError, range(first, first), "inconsistent use of tabs and spaces in indentation"};
    d.whole_line = true;
    return fail(LexError::Class::kSoft, std::move(d), first);
  };
  Indentation top = indents_.back();
  if (column == top.column) return alternative == top.alternative ? Step::kGoOn : tab_error();
  if (column > top.column) {
    if (alternative <= top.alternative) return tab_error();
    if (indents_.size() > kMaxIndentation) {
      Diagnostic d{DiagnosticKind::kIndentationError, range(first, first), "too many levels of indentation"};
      d.whole_line = true;
      return fail(LexError::Class::kSoft, std::move(d), first, true);
    }
    indents_.push_back({column, alternative});
    push(TokenKind::kIndent, first, first);
    return Step::kGoOn;
  }
  size_t keep = indents_.size();
  while (keep > 1 && column < indents_[keep - 1].column) keep--;
  if (column != indents_[keep - 1].column) {
    LineColumn at = source_.locate(offset(first));
    const char* line_end = source_.line(at.line).data() + source_.line(at.line).size();
    Diagnostic d{DiagnosticKind::kIndentationError, range(line_end, line_end),
                 "unindent does not match any outer indentation level"};
    // Going on, the line counts as part of the next inner block.
    for (size_t i = keep + 1; i < indents_.size(); i++) push(TokenKind::kDedent, first, first);
    indents_.resize(keep + 1);
    return fail(LexError::Class::kSoft, std::move(d), first);
  }
  for (size_t i = keep; i < indents_.size(); i++) push(TokenKind::kDedent, first, first);
  indents_.resize(keep);
  if (alternative != indents_.back().alternative) return tab_error();
  return Step::kGoOn;
}

Lexer::Step Lexer::newline(const char* begin) {
  if (!brackets_.empty() || nested_) {
    p_++;
    if (mode_ == LexMode::kRecover && !nested_ && bracket_was_forgotten()) {
      Step step = fail_unclosed();
      push(TokenKind::kNewline, p_ - 1, p_);
      return step == Step::kGoOn ? line_start() : step;
    }
    return Step::kGoOn;
  }
  push(TokenKind::kNewline, begin, p_ + 1);
  p_++;
  return line_start();
}

bool Lexer::bracket_was_forgotten() const {
  const char* q = p_;
  while (q < end_ && (*q == ' ' || *q == '\t')) q++;
  const char* begin = q;
  while (q < end_ && char_class(*q) == kNameStart) q++;
  return q < end_ && starts_only_statements(keyword_kind({begin, static_cast<size_t>(q - begin)})) && *q != '=';
}

Lexer::Step Lexer::token() {
  while (p_ < end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\f')) p_++;
  if (at_end()) return Step::kEndOfFile;
  char c = *p_;
  switch (char_class(c)) {
    case kNameStart:
    case kHigh: return name();
    case kDigit: return number();
    default: break;
  }
  switch (c) {
    case '\n': return newline(p_);
    case '#': {
      // Like CPython's, a Newline token takes in the comment before it.
      const char* begin = p_;
      comment();
      return at_end() ? Step::kEndOfFile : newline(begin);
    }
    case '"':
    case '\'': return string(p_, p_);
    case '\\': {
      size_t errors = out_.errors.size();
      Step step = continuation();
      // Behind the error the rest of the line is skipped.
      return out_.errors.size() == errors || step != Step::kGoOn ? step : Step::kGoOn;
    }
    case '.':
      if (is_digit(peek(1))) return number();
      break;
    default: break;
  }
  return op();
}

Lexer::Step Lexer::name() {
  const char* begin = p_;
  uint8_t seen = 0;
  while (p_ < end_ && char_class(*p_) != kOther) seen |= kCharClass[static_cast<unsigned char>(*p_++)] == kHigh;
  size_t length = static_cast<size_t>(p_ - begin);
  if (seen) {
    std::string_view text(begin, length);
    for (size_t i = 0; i < length;) {
      size_t at = i;
      char32_t c = utf8::decode(text, &i);
      bool good = at == 0 ? unicode::is(c, unicode::kIdentifierStart) : unicode::is(c, unicode::kIdentifier);
      if (!good) {
        std::string message =
            unicode::is(c, unicode::kPrintable)
                ? "invalid character '" + std::string(text.substr(at, i - at)) + "' (U+" + hex4(c) + ")"
                : "invalid non-printable character U+" + hex4(c);
        Diagnostic d{DiagnosticKind::kSyntaxError, range(begin + at, begin + i), std::move(message)};
        return fail(LexError::Class::kHard, std::move(d), begin);
      }
    }
    push(TokenKind::kName, begin, p_);
    return Step::kGoOn;
  }
  if (length <= 2 && (peek() == '"' || peek() == '\'')) {
    // Lower case, both letters packed: r u b f br rb fr rf.
    unsigned prefix = static_cast<unsigned char>(begin[0]) | 0x20;
    if (length == 2) prefix = prefix << 8 | (static_cast<unsigned char>(begin[1]) | 0x20);
    switch (prefix) {
      case 'r':
      case 'u':
      case 'b':
      case 'f':
      case 'b' << 8 | 'r':
      case 'r' << 8 | 'b':
      case 'f' << 8 | 'r':
      case 'r' << 8 | 'f': return string(begin, p_);
      default: break;
    }
  }
  push(keyword_kind({begin, length}), begin, p_);
  return Step::kGoOn;
}

// Digits with single underscores between them, from a digit on. False: an underscore without a digit behind it, at
// p_ - 1.
bool Lexer::decimal_digits() {
  for (;;) {
    while (is_digit(peek())) p_++;
    if (peek() != '_') return true;
    p_++;
    if (!is_digit(peek())) return false;
  }
}

// After the last character of a number: a name may not follow directly, except a keyword as in `1if x else y`.
Lexer::Step Lexer::number_tail(const char* begin, const char* noun) {
  auto follows = [&](std::string_view word) {
    return static_cast<size_t>(end_ - p_) >= word.size() && std::memcmp(p_, word.data(), word.size()) == 0;
  };
  CharClass next = at_end() ? kOther : char_class(*p_);
  if (next != kOther && !follows("and") && !follows("else") && !follows("for") && !follows("if") && !follows("in") &&
      !follows("is") && !follows("not") && !follows("or")) {
    const char* at = p_ - 1;
    while (!at_end() && char_class(*p_) != kOther) p_++;
    return fail_syntax(at, begin, std::string("invalid ") + noun + " literal");
  }
  push(TokenKind::kNumber, begin, p_);
  return Step::kGoOn;
}

Lexer::Step Lexer::number() {
  const char* begin = p_;
  auto bad = [&](const char* at, std::string message) {
    while (!at_end() && char_class(*p_) != kOther) p_++;
    return fail_syntax(at, begin, std::move(message));
  };
  bool leading_zero = false;
  const char* zeros_end = nullptr;
  if (*p_ == '0') {
    char kind = static_cast<char>(peek(1) | 0x20);
    if (kind == 'x' || kind == 'o' || kind == 'b') {
      const char* noun = kind == 'x' ? "hexadecimal" : kind == 'o' ? "octal" : "binary";
      auto is_good = [&](char c) { return kind == 'x' ? is_hex_digit(c) : c >= '0' && c <= (kind == 'o' ? '7' : '1'); };
      p_ += 2;
      do {
        if (peek() == '_') p_++;
        if (!is_good(peek())) {
          if (is_digit(peek())) {
            return bad(p_, std::string("invalid digit '") + *p_ + "' in " + noun + " literal");
          }
          return bad(p_ - 1, std::string("invalid ") + noun + " literal");
        }
        while (is_good(peek())) p_++;
      } while (peek() == '_');
      if (is_digit(peek())) return bad(p_, std::string("invalid digit '") + *p_ + "' in " + noun + " literal");
      return number_tail(begin, noun);
    }
    for (;;) {
      if (peek() == '_') {
        p_++;
        if (!is_digit(peek())) return bad(p_ - 1, "invalid decimal literal");
      }
      if (peek() != '0') break;
      p_++;
    }
    zeros_end = p_;
    leading_zero = is_digit(peek());
  }
  if (is_digit(peek()) && !decimal_digits()) return bad(p_ - 1, "invalid decimal literal");
  bool is_integer = true;
  if (peek() == '.') {
    is_integer = false;
    p_++;
    if (is_digit(peek()) && !decimal_digits()) return bad(p_ - 1, "invalid decimal literal");
  }
  if ((peek() | 0x20) == 'e') {
    size_t sign = peek(1) == '+' || peek(1) == '-';
    if (is_digit(peek(1 + sign))) {
      is_integer = false;
      p_ += 1 + sign;
      if (!decimal_digits()) return bad(p_ - 1, "invalid decimal literal");
    } else if (sign) {
      p_ += 2;
      return bad(p_ - 1, "invalid decimal literal");
    }
  }
  if ((peek() | 0x20) == 'j') {
    p_++;
    return number_tail(begin, "imaginary");
  }
  if (is_integer && leading_zero) {
    Diagnostic d{DiagnosticKind::kSyntaxError, range(begin, zeros_end),
                 "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"};
    while (!at_end() && char_class(*p_) != kOther) p_++;
    return fail(LexError::Class::kHard, std::move(d), begin);
  }
  if (is_integer && static_cast<size_t>(p_ - begin) > kMaxDecimalDigits) {
    size_t digits = 0;
    for (const char* q = begin; q < p_; q++) digits += *q != '_';
    if (digits > kMaxDecimalDigits) {
      Diagnostic d{
          DiagnosticKind::kSyntaxError, range(begin, p_),
          "Exceeds the limit (4300 digits) for integer string conversion: value has " + std::to_string(digits) +
              " digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge "
              "integer literals to avoid decimal conversion limits."};
      return fail(LexError::Class::kHard, std::move(d), begin);
    }
  }
  return number_tail(begin, "decimal");
}

Lexer::Step Lexer::string(const char* begin, const char* quote) {
  char q = *quote;
  p_ = quote + 1;
  bool triple = peek() == q && peek(1) == q;
  if (triple) p_ += 2;
  while (!at_end()) {
    char c = *p_;
    if (c == '\\') {
      p_ += p_ + 1 < end_ ? 2 : 1;
      continue;
    }
    if (c == q) {
      if (!triple) {
        p_++;
        push(TokenKind::kString, begin, p_);
        return Step::kGoOn;
      }
      if (peek(1) == q && peek(2) == q) {
        p_ += 3;
        push(TokenKind::kString, begin, p_);
        return Step::kGoOn;
      }
    } else if (c == '\n' && !triple) {
      break;
    }
    p_++;
  }
  // The last line that has text: the position behind a final line break does not count as a line.
  const char* last = at_end() && p_ > begin && p_[-1] == '\n' ? p_ - 1 : p_;
  std::string message = std::string("unterminated ") + (triple ? "triple-quoted " : "") +
                        "string literal (detected at line " + std::to_string(source_.locate(offset(last)).line) + ")";
  bool at_end_of_input = at_end();
  Step step = fail_syntax(begin, begin, std::move(message));
  out_.errors.back().at_end_of_input = at_end_of_input && triple;
  return step;
}

Lexer::Step Lexer::close_bracket(char close, const char* at) {
  if (brackets_.empty()) return fail_syntax(at, at, std::string("unmatched '") + close + "'");
  Bracket open = brackets_.back();
  brackets_.pop_back();
  char wanted = open.open == '(' ? ')' : open.open == '[' ? ']' : '}';
  if (close == wanted) return Step::kGoOn;
  std::string message =
      std::string("closing parenthesis '") + close + "' does not match opening parenthesis '" + open.open + "'";
  uint32_t line = source_.locate(offset(open.at)).line;
  if (line != source_.locate(offset(at)).line) message += " on line " + std::to_string(line);
  return fail_syntax(at, at, std::move(message));
}

Lexer::Step Lexer::op() {
  const char* begin = p_;
  char c = *p_;
  char c1 = peek(1);
  char c2 = peek(2);
  TokenKind kind;
  size_t length = 1;
  // `x`, or `x=`.
  auto one_or_equal = [&](TokenKind one, TokenKind with_equal) {
    kind = c1 == '=' ? with_equal : one;
    length = c1 == '=' ? 2 : 1;
  };
  // `x`, `x=`, `xx` or `xx=`.
  auto doubled = [&](TokenKind one, TokenKind one_equal, TokenKind two, TokenKind two_equal) {
    if (c1 != c) return one_or_equal(one, one_equal);
    kind = c2 == '=' ? two_equal : two;
    length = c2 == '=' ? 3 : 2;
  };
  using K = TokenKind;
  switch (c) {
    case '(':
    case '[':
    case '{':
      if (brackets_.size() >= kMaxBrackets) {
        Diagnostic d{DiagnosticKind::kSyntaxError, range(p_, p_ + 1), "too many nested parentheses"};
        return fail(LexError::Class::kHard, std::move(d), p_, true);
      }
      brackets_.push_back({c, p_});
      kind = c == '(' ? K::kLeftParen : c == '[' ? K::kLeftBracket : K::kLeftBrace;
      break;
    case ')':
    case ']':
    case '}': {
      p_++;
      size_t errors = out_.errors.size();
      Step step = close_bracket(c, begin);
      if (out_.errors.size() != errors) return step;
      kind = c == ')' ? K::kRightParen : c == ']' ? K::kRightBracket : K::kRightBrace;
      push(kind, begin, p_);
      return Step::kGoOn;
    }
    case ':': one_or_equal(K::kColon, K::kColonEqual); break;
    case ',': kind = K::kComma; break;
    case ';': kind = K::kSemicolon; break;
    case '.':
      kind = K::kDot;
      if (c1 == '.' && c2 == '.') {
        kind = K::kEllipsis;
        length = 3;
      }
      break;
    case '=': one_or_equal(K::kEqual, K::kEqualEqual); break;
    case '!': one_or_equal(K::kExclamation, K::kNotEqual); break;
    case '+': one_or_equal(K::kPlus, K::kPlusEqual); break;
    case '-':
      if (c1 == '>') {
        kind = K::kArrow;
        length = 2;
      } else {
        one_or_equal(K::kMinus, K::kMinusEqual);
      }
      break;
    case '*': doubled(K::kStar, K::kStarEqual, K::kDoubleStar, K::kDoubleStarEqual); break;
    case '/': doubled(K::kSlash, K::kSlashEqual, K::kDoubleSlash, K::kDoubleSlashEqual); break;
    case '<':
      if (c1 == '>') {  // an inequality sign of old that the grammar refuses, but one token
        kind = K::kNotEqual;
        length = 2;
      } else {
        doubled(K::kLess, K::kLessEqual, K::kLeftShift, K::kLeftShiftEqual);
      }
      break;
    case '>': doubled(K::kGreater, K::kGreaterEqual, K::kRightShift, K::kRightShiftEqual); break;
    case '@': one_or_equal(K::kAt, K::kAtEqual); break;
    case '%': one_or_equal(K::kPercent, K::kPercentEqual); break;
    case '|': one_or_equal(K::kPipe, K::kPipeEqual); break;
    case '^': one_or_equal(K::kCaret, K::kCaretEqual); break;
    case '&': one_or_equal(K::kAmpersand, K::kAmpersandEqual); break;
    case '~': kind = K::kTilde; break;
    case '$': kind = K::kDollar; break;
    case '?': kind = K::kQuestion; break;
    case '`': kind = K::kBackquote; break;
    default:
      p_++;
      return fail_syntax(begin, begin, "invalid non-printable character U+" + hex4(static_cast<unsigned char>(c)));
  }
  p_ += length;
  push(kind, begin, p_);
  return Step::kGoOn;
}

}  // namespace

TokenStream lex(const SourceFile& source, LexMode mode) {
  return Lexer(source, {0, static_cast<uint32_t>(source.text().size())}, mode, false).run();
}

TokenStream lex_part(const SourceFile& source, SourceRange part) {
  return Lexer(source, part, LexMode::kStrict, false).run();
}

TokenStream lex_nested(const SourceFile& source, SourceRange part) {
  return Lexer(source, part, LexMode::kStrict, true).run();
}

}  // namespace tsvm

// String literals: adjacent ones are joined, and f-strings are taken apart.
//
// As in Python 3.11 an f-string is one token. Its body is scanned for replacement fields by the rules of that version
// (no backslash, no comment and not the string's own quote in an expression), and the text of each expression is lexed
// and parsed in place, as if in brackets, so that ranges are those of the file.
#include "base/small_vector.h"
#include "base/utf8.h"
#include "parser/parser_impl.h"

namespace tsvm {

using namespace ast;

namespace {

constexpr size_t kMaxNestedBrackets = 200;
constexpr int kMaxNestedSpecs = 2;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\v' || c == '\r'; }

}  // namespace

// Collects the parts of one literal (of all adjacent tokens): texts are joined until a field comes between.
class Parser::FormatString {
 public:
  FormatString(Parser& parser, SourceRange range, bool unicode_prefix)
      : parser_(parser), range_(range), unicode_prefix_(unicode_prefix) {}

  /// Appends a piece of source text, decoded. False after a report.
  bool add_text(SourceRange piece, bool raw, bool bytes);
  /// Appends the body of an f-string, or a format spec (level 1 and up), from `*at` to `end` or to the closing brace.
  bool add_format(uint32_t* at, uint32_t end, bool raw, int level);
  Constant* take_constant(ConstantKind kind);
  void flush();
  JoinedStr* take_joined();

 private:
  bool field(uint32_t* at, uint32_t end, bool raw, int level);
  bool fail(uint32_t at, std::string message) {
    uint32_t begin = std::min(at, static_cast<uint32_t>(parser_.source_.text().size()));
    parser_.report({begin, begin + 1}, "f-string" + std::move(message));
    return false;
  }
  char at_text(uint32_t i) const { return parser_.source_.text()[i]; }

  Parser& parser_;
  SourceRange range_;
  bool unicode_prefix_;
  std::string text_;
  std::vector<Expr*> values_;
};

bool Parser::FormatString::add_text(SourceRange piece, bool raw, bool bytes) {
  std::string_view body = parser_.text(piece);
  if (raw) {
    text_ += body;
    return true;
  }
  EscapeError error;
  if (decode_escapes(body, bytes, &text_, &error)) return true;
  SourceRange range{piece.begin + error.begin, piece.begin + error.end};
  parser_.report(range, error.message);
  return false;
}

bool Parser::FormatString::add_format(uint32_t* at, uint32_t end, bool raw, int level) {
  uint32_t i = *at;
  while (i < end) {
    uint32_t piece = i;
    uint32_t piece_end = end;
    bool is_field = false;
    while (i < end) {
      char c = at_text(i++);
      if (c == '\\' && !raw && i < end) {
        c = at_text(i++);
        if (c == 'N' && i < end && at_text(i) == '{') {
          while (i < end && at_text(i) != '}') i++;
          if (i < end) i++;
          continue;
        }
        if (c != '{' && c != '}') continue;
      }
      if (c != '{' && c != '}') continue;
      if (level == 0) {
        if (i < end && at_text(i) == c) {  // doubled: one of them is text
          piece_end = i++;
          break;
        }
        if (c == '}') return fail(i - 1, ": single '}' is not allowed");
      }
      piece_end = --i;
      is_field = c == '{';
      break;
    }
    if (piece_end > piece && !add_text({piece, piece_end}, raw, false)) return false;
    if (is_field) {
      if (!field(&i, end, raw, level)) return false;
    } else if (level > 0) {
      break;  // at the brace that ends the field, or at the end
    }
  }
  *at = i;
  return true;
}

// `{expression [=] [!conversion] [:spec]}` at `*at`.
bool Parser::FormatString::field(uint32_t* at, uint32_t end, bool raw, int level) {
  uint32_t i = *at + 1;
  uint32_t expression_begin = i;
  auto expecting = [&](uint32_t where) { return fail(where, ": expecting '}'"); };
  if (level >= kMaxNestedSpecs) return fail(i - 1, ": expressions nested too deeply");

  SmallVector<char, 16> brackets;
  char quote = 0;
  bool triple = false;
  for (; i < end; i++) {
    char c = at_text(i);
    if (c == '\\') return fail(i, " expression part cannot include a backslash");
    if (quote != 0) {
      if (c != quote) continue;
      if (!triple) {
        quote = 0;
      } else if (i + 2 < end && at_text(i + 1) == c && at_text(i + 2) == c) {
        i += 2;
        quote = 0;
      }
      continue;
    }
    if (c == '\'' || c == '"') {
      triple = i + 2 < end && at_text(i + 1) == c && at_text(i + 2) == c;
      if (triple) i += 2;
      quote = c;
      continue;
    }
    if (c == '[' || c == '{' || c == '(') {
      if (brackets.size() >= kMaxNestedBrackets) return fail(i, ": too many nested parenthesis");
      brackets.push_back(c);
      continue;
    }
    if (c == '#') return fail(i, " expression part cannot include '#'");
    if (brackets.empty() && (c == '!' || c == ':' || c == '}' || c == '=' || c == '<' || c == '>')) {
      if (c != ':' && c != '}' && i + 1 < end && at_text(i + 1) == '=') {
        i++;
        continue;
      }
      if (c == '<' || c == '>') continue;
      break;
    }
    if (c == ']' || c == '}' || c == ')') {
      if (brackets.empty()) return fail(i, std::string(": unmatched '") + c + "'");
      char open = brackets.back();
      brackets.pop_back();
      char wanted = open == '(' ? ')' : open == '[' ? ']' : '}';
      if (c != wanted) {
        return fail(i,
                    std::string(": closing parenthesis '") + c + "' does not match opening parenthesis '" + open + "'");
      }
    }
  }
  if (quote != 0) return fail(end - 1, ": unterminated string");
  if (!brackets.empty()) return fail(end - 1, std::string(": unmatched '") + brackets.back() + "'");
  if (i >= end) return expecting(end);

  uint32_t first = expression_begin;
  while (first < i && is_space(at_text(first))) first++;
  if (first == i) {
    char c = at_text(i);
    if (c == '!' || c == ':' || c == '=') return fail(i, std::string(": expression required before '") + c + "'");
    return fail(i, ": empty expression not allowed");
  }
  FormattedValue* value = parser_.make<FormattedValue>();
  value->conversion = -1;
  value->value = parser_.nested_expression({expression_begin, i});
  if (value->value == nullptr) return false;

  bool self_documenting = at_text(i) == '=';
  if (self_documenting) {
    i++;
    while (i < end && is_space(at_text(i))) i++;
    if (i >= end) return expecting(end);
    text_ += parser_.text({expression_begin, i});
  }
  if (at_text(i) == '!') {
    i++;
    if (i >= end) return expecting(end);
    char c = at_text(i++);
    if (c != 's' && c != 'r' && c != 'a') {
      return fail(i - 1, ": invalid conversion character: expected 's', 'r', or 'a'");
    }
    value->conversion = c;
    if (i >= end) return expecting(end);
  }
  flush();
  if (at_text(i) == ':') {
    i++;
    if (i >= end) return expecting(end);
    FormatString spec(parser_, range_, unicode_prefix_);
    if (!spec.add_format(&i, end, raw, level + 1)) return false;
    value->format_spec = spec.take_joined();
    if (value->format_spec == nullptr) return false;
  }
  if (i >= end || at_text(i) != '}') return expecting(i);
  if (self_documenting && value->format_spec == nullptr && value->conversion == -1) value->conversion = 'r';
  if (parser_.finish_range(value, range_) == nullptr) return false;
  values_.push_back(value);
  *at = i + 1;
  return true;
}

Constant* Parser::FormatString::take_constant(ConstantKind kind) {
  Constant* c = parser_.make<Constant>();
  c->range = range_;
  c->value.kind = kind;
  c->value.text = parser_.arena_.copy_string(text_);
  if (unicode_prefix_) c->kind = "u";
  text_.clear();
  return c;
}

void Parser::FormatString::flush() {
  if (!text_.empty()) values_.push_back(take_constant(ConstantKind::kStr));
}

JoinedStr* Parser::FormatString::take_joined() {
  flush();
  JoinedStr* joined = parser_.make<JoinedStr>();
  joined->values = parser_.arena_.copy_list(values_.data(), values_.size());
  return parser_.finish_range(joined, range_);
}

Expr* Parser::nested_expression(SourceRange part) {
  TokenStream stream = lex_nested(source_, part);
  if (!stream.errors.empty()) {
    return report(stream.errors[0].diagnostic.range, "f-string: " + stream.errors[0].diagnostic.message);
  }
  Depth depth(*this);
  if (depth.too_deep()) return too_deep(part);
  const TokenStream* outer_stream = std::exchange(stream_, &stream);
  const Token* outer_tokens = std::exchange(tokens_, stream.tokens.data());
  uint32_t outer_position = std::exchange(position_, 0);
  uint32_t outer_brackets = std::exchange(brackets_, 1);
  uint32_t outer_nested = nested_in_token_;
  if (nested_in_token_ == 0) nested_in_token_ = outer_position;
  const char* outer_prefix = std::exchange(message_prefix_, "f-string: ");
  const Expr* outer_operand = std::exchange(last_operand_, nullptr);
  uint32_t outer_operand_begin = last_operand_begin_;
  uint32_t outer_operand_end = last_operand_end_;

  // The stream ends like the inside of brackets: with the closing one.
  Expr* e = parenthesized_inside(part.begin);

  last_operand_ = outer_operand;
  last_operand_begin_ = outer_operand_begin;
  last_operand_end_ = outer_operand_end;
  message_prefix_ = outer_prefix;
  nested_in_token_ = outer_nested;
  brackets_ = outer_brackets;
  position_ = outer_position;
  tokens_ = outer_tokens;
  stream_ = outer_stream;
  return e;
}

Expr* Parser::strings() {
  uint32_t first_token = position_;
  while (at(K::kString)) advance();
  if (at(K::kError)) return unexpected();
  uint32_t end_token = position_;
  SourceRange range{tokens_[first_token].range.begin, tokens_[end_token - 1].range.end};
  StringLiteral first = split_string(text(tokens_[first_token].range));

  bool any_format = false;
  for (uint32_t t = first_token; t < end_token; t++) {
    SourceRange token = tokens_[t].range;
    StringLiteral literal = split_string(text(token));
    any_format |= literal.format;
    if (literal.bytes != first.bytes) return report(range, "cannot mix bytes and nonbytes literals");
    if (literal.bytes && !utf8::is_ascii(text(token)))
      return report(token, "bytes can only contain ASCII literal characters");
  }
  ConstantKind kind = first.bytes ? ConstantKind::kBytes : ConstantKind::kStr;
  if (end_token == first_token + 1 && !any_format) {
    SourceRange body{range.begin + first.body_begin, range.begin + first.body_end};
    std::string_view chars = text(body);
    if (first.raw || chars.find('\\') == std::string_view::npos) {
      Constant* c = make<Constant>();
      c->range = range;
      c->value.kind = kind;
      c->value.text = chars;
      if (first.unicode_prefix) c->kind = "u";
      return c;
    }
  }
  FormatString joined(*this, range, first.unicode_prefix);
  for (uint32_t t = first_token; t < end_token; t++) {
    SourceRange token = tokens_[t].range;
    StringLiteral literal = split_string(text(token));
    SourceRange body{token.begin + literal.body_begin, token.begin + literal.body_end};
    bool good = true;
    if (literal.format) {
      uint32_t at = body.begin;
      good = joined.add_format(&at, body.end, literal.raw, 0);
    } else {
      good = joined.add_text(body, literal.raw, literal.bytes);
    }
    if (!good) return nullptr;
  }
  if (any_format) return joined.take_joined();
  return joined.take_constant(kind);
}

}  // namespace tsvm

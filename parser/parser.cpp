// The entries of the parser, the choice of the first diagnostic, and the reports that all parts share.
#include "parser/parser.h"

#include <algorithm>

#include "parser/parser_impl.h"

namespace tsvm {

using namespace ast;

TokenKind Parser::next_kind(uint32_t n) const {
  // The last token is EndMarker; nothing is looked at behind it.
  for (uint32_t i = 0; i < n; i++)
    if (tokens_[position_ + i].kind == K::kEndMarker) return K::kEndMarker;
  return tokens_[position_ + n].kind;
}

std::nullptr_t Parser::report(SourceRange range, std::string message, DiagnosticKind diagnostic_kind) {
  if (failed_) return nullptr;
  failed_ = true;
  failed_generic_ = false;
  // An error of the lexer that was reached is the one to be shown, and it has been reported already.
  if (at(K::kError)) {
    met_lex_error = true;
    if (muted_ == 0 && stop_at_first_) stopped_ = true;
    return nullptr;
  }
  if (muted_ > 0 || stopped_) return nullptr;
  if (diagnostics.empty())
    first_report_token = nested_in_token_ != 0 ? nested_in_token_ : std::max(position_, looked_at_);
  if (message_prefix_[0] != '\0' && message.rfind(message_prefix_, 0) != 0) message = message_prefix_ + message;
  diagnostics.emplace_back(diagnostic_kind, range, std::move(message));
  if (stop_at_first_) stopped_ = true;
  return nullptr;
}

std::nullptr_t Parser::report_token_kind(DiagnosticKind diagnostic_kind, std::string message) {
  size_t before = diagnostics.size();
  report(current().range, std::move(message), diagnostic_kind);
  if (diagnostics.size() != before && (at(K::kIndent) || at(K::kDedent) || at(K::kEndMarker))) {
    Diagnostic& d = diagnostics.back();
    // A block that is missing at the start of a line is marked there; an indentation that is wrong is not.
    d.whole_line = !at(K::kDedent) || current().range.begin >= source_.text().size();
    if (at(K::kDedent)) {
      uint32_t i = position_;
      while (tokens_[i].kind == K::kDedent) i++;
      d.range = tokens_[i].range;
    }
  }
  return nullptr;
}

std::nullptr_t Parser::unsupported(SourceRange range, std::string what) {
  return report(range, what + " is not supported", DiagnosticKind::kNotImplementedError);
}

std::nullptr_t Parser::too_deep(SourceRange range) {
  return report({range.begin, range.begin + 1}, "maximum recursion depth exceeded during compilation",
                DiagnosticKind::kRecursionError);
}

std::nullptr_t Parser::unexpected() {
  if (failed_) return nullptr;
  if (muted_ > 0 || at(K::kError)) return report(current().range, {});
  if (forgotten_comma()) return nullptr;
  if (at(K::kIndent)) return report_token_kind(DiagnosticKind::kIndentationError, "unexpected indent");
  if (at(K::kDedent)) return report_token_kind(DiagnosticKind::kIndentationError, "unexpected unindent");
  report_token("invalid syntax");
  failed_generic_ = failed_ && !at(K::kError);
  return nullptr;
}

// Whether the last trial ran into an error of the lexer, which is then the one to be shown.
bool Parser::lex_error_in_trial() {
  if (!trial_met_lex_error_) return false;
  met_lex_error = failed_ = true;
  if (stop_at_first_ && muted_ == 0) stopped_ = true;
  return true;
}

// Puts a more telling report in the place of the "invalid syntax" that was just made.
void Parser::replace_generic(SourceRange range, std::string message) {
  if (!failed_generic_ || muted_ > 0 || diagnostics.empty()) return;
  failed_generic_ = false;
  diagnostics.pop_back();
  bool stopped = std::exchange(stopped_, false);
  failed_ = false;
  uint32_t token = first_report_token;
  report(range, std::move(message));
  if (diagnostics.size() == 1) first_report_token = token;
  stopped_ = stopped;
}

// The two mistakes that leave a complete expression followed by another one: `print x`, and a comma that was forgotten
// inside brackets.
bool Parser::forgotten_comma() {
  if (failed_ || muted_ > 0 || last_operand_ == nullptr || last_operand_end_ != position_) return false;
  const Expr* operand = last_operand_;
  uint32_t first_token = last_operand_begin_;
  const Token& first = tokens_[first_token];
  std::string_view name = first.kind == K::kName ? text(first.range) : std::string_view();
  bool print = name == "print" || name == "exec";
  if (print && tokens_[first_token + 1].kind != K::kLeftParen) {
    const Expr* argument = lenient_trial(first_token + 1, [&] { return star_expressions(); });
    if (lex_error_in_trial()) return true;
    if (argument != nullptr) {
      std::string call(name);
      report({first.range.begin, argument->range.end},
             "Missing parentheses in call to '" + call + "'. Did you mean " + call + "(...)?");
      return true;
    }
  }
  if (print || !starts_expression()) return false;
  if (!name.empty()) {
    // CPython keeps silent where a string prefix may be meant, or a soft keyword (of which it compares only as many
    // letters as the name has).
    if (tokens_[first_token + 1].kind == K::kString) return false;
    for (std::string_view keyword : {"_", "case", "match"})
      if (keyword.substr(0, name.size()) == name) return false;
  }
  const Expr* second = lenient_trial(position_, [&] { return expression(); });
  if (lex_error_in_trial()) return true;
  if (second == nullptr || brackets_ == 0) return false;
  report({operand->range.begin, second->range.end}, "invalid syntax. Perhaps you forgot a comma?");
  return true;
}

bool Parser::expect(K k) {
  if (accept(k)) return true;
  unexpected();
  return false;
}

// The end of the last token that is not layout: where a compound statement ends.
uint32_t Parser::previous_end_of_block() const {
  uint32_t i = position_ - 1;
  while (i > 0 && (tokens_[i].kind == K::kDedent || tokens_[i].kind == K::kNewline || tokens_[i].kind == K::kSemicolon))
    i--;
  return tokens_[i].range.end;
}

Expr* Parser::parse_whole_expression() {
  Expr* e = star_expressions();
  if (e == nullptr) return nullptr;
  while (accept(K::kNewline)) {
  }
  if (!at(K::kEndMarker)) return unexpected();
  return e;
}

namespace {

// The error that CPython stops at: it reads strictly, and an error of its tokenizer may displace one of its parser.
Diagnostic first_error(const Parser& parser, const TokenStream& tokens, const SourceFile& source) {
  const LexError* lex_error = tokens.errors.empty() ? nullptr : &tokens.errors.front();
  if (parser.diagnostics.empty()) {
    TSVM_CHECK(lex_error != nullptr, "a parse failed without a report");
    return lex_error->diagnostic;
  }
  const Diagnostic& parse_error = parser.diagnostics.front();
  if (lex_error == nullptr) return parse_error;
  if (parse_error.kind == DiagnosticKind::kIndentationError && parse_error.message.rfind("unexpected ", 0) == 0)
    return parse_error;
  switch (lex_error->error_class) {
    case LexError::Class::kHard: return lex_error->diagnostic;
    case LexError::Class::kSoft: return parse_error;
    case LexError::Class::kUnclosed: {
      uint32_t bracket_line = source.locate(lex_error->diagnostic.range.begin).line;
      uint32_t error_line = source.locate(tokens.tokens[parser.first_report_token].range.begin).line;
      return error_line > bracket_line ? lex_error->diagnostic : parse_error;
    }
  }
  return parse_error;
}

// All errors of a file of which the strict reading fails: first CPython's, then what the recovering one found
// elsewhere.
template <class ParseStrict>
std::vector<Diagnostic> collect_errors(const SourceFile& source, const Parser& parser, const TokenStream& tokens,
                                       ParseStrict&& strict) {
  std::vector<Diagnostic> rest = parser.diagnostics;
  for (const LexError& e : tokens.errors) rest.push_back(e.diagnostic);
  std::stable_sort(rest.begin(), rest.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.range.begin < b.range.begin; });
  std::vector<Diagnostic> out{strict()};
  uint32_t first_line = source.locate(out[0].range.begin).line;
  for (Diagnostic& d : rest)
    if (source.locate(d.range.begin).line != first_line) out.push_back(std::move(d));
  return out;
}

}  // namespace

ParseResult parse(const SourceFile& source, Arena& arena) {
  ParseResult result;
  result.diagnostics = check_encoding(source);
  if (!result.diagnostics.empty()) {
    result.module = arena.make<Module>();
    result.module->scope = kNoScope;
    return result;
  }
  TokenStream tokens = lex(source, LexMode::kRecover);
  Parser parser(source, arena, result.names, tokens, false);
  result.module = parser.parse_module();
  if (parser.diagnostics.empty() && tokens.errors.empty()) return result;
  result.diagnostics = collect_errors(source, parser, tokens, [&] {
    TokenStream strict_tokens = lex(source, LexMode::kStrict);
    Parser strict(source, arena, result.names, strict_tokens, true);
    strict.parse_module();
    return first_error(strict, strict_tokens, source);
  });
  return result;
}

ExpressionResult parse_expression(const SourceFile& source, Arena& arena, NameTable& names) {
  ExpressionResult result;
  result.diagnostics = check_encoding(source);
  if (!result.diagnostics.empty()) return result;
  // Leading blanks are no indentation here.
  const std::string& text = source.text();
  uint32_t begin = static_cast<uint32_t>(std::min(text.find_first_not_of(" \t"), text.size()));
  TokenStream tokens = lex_part(source, {begin, static_cast<uint32_t>(text.size())});
  Parser parser(source, arena, names, tokens, true);
  result.expression = parser.parse_whole_expression();
  if (result.expression != nullptr && tokens.errors.empty()) return result;
  result.expression = nullptr;
  result.diagnostics.push_back(first_error(parser, tokens, source));
  return result;
}

InteractiveResult parse_interactive(const SourceFile& source, Arena& arena) {
  InteractiveResult result;
  result.parse.diagnostics = check_encoding(source);
  if (!result.parse.diagnostics.empty()) {
    result.parse.module = arena.make<Module>();
    return result;
  }
  TokenStream tokens = lex(source, LexMode::kStrict);
  Parser parser(source, arena, result.parse.names, tokens, true);
  result.parse.module = parser.parse_module();
  const std::string& text = source.text();
  if (parser.diagnostics.empty() && tokens.errors.empty()) {
    // A block may go on until an empty line ends it.
    bool empty_line = text.size() >= 2 && text.find_last_not_of(" \t\n") < text.size() - 2 &&
                      source.line(source.line_count() - 1).find_first_not_of(" \t\f") == std::string_view::npos;
    bool has_block = false;
    for (const Stmt* s : result.parse.module->body) {
      NodeKind k = s->kind;
      has_block |= k == NodeKind::kFunctionDef || k == NodeKind::kClassDef || k == NodeKind::kFor ||
                   k == NodeKind::kWhile || k == NodeKind::kIf || k == NodeKind::kWith || k == NodeKind::kTry ||
                   k == NodeKind::kTryStar || k == NodeKind::kMatch;
    }
    result.incomplete = has_block && !empty_line;
    return result;
  }
  if (!tokens.errors.empty()) {
    const LexError& e = tokens.errors.front();
    bool reached = parser.diagnostics.empty();
    result.incomplete = reached && (e.error_class == LexError::Class::kUnclosed || e.at_end_of_input);
  } else {
    // The parser stopped at the end of the input: what it missed may still be typed. A lone last line is not
    // unfinished, though, when its own line break was what could not stand there.
    uint32_t at = parser.first_report_token;
    while (tokens.tokens[at].kind == TokenKind::kDedent) at++;
    result.incomplete = tokens.tokens[at].kind == TokenKind::kEndMarker;
  }
  if (!result.incomplete) result.parse.diagnostics = {first_error(parser, tokens, source)};
  return result;
}

}  // namespace tsvm

// The parser's inside: recursive descent for statements, precedence climbing for operators, one token of look-ahead
// nearly everywhere.
//
// A parse function returns null when it fails, and then the failure has been reported (once for each statement: the
// first report wins). In a trial (`Trial`) reports are swallowed, and the caller restores the position.
//
// Errors: CPython parses a bad file a second time with extra rules that know common mistakes. Here those checks stand
// at the places where parsing gets stuck: `unexpected()` reports "invalid syntax" at the current token after it has
// looked for what commonly leads there (a forgotten comma, for one).
//
// Recursion is bounded: brackets by the lexer, everything else by Depth; and no node is made that is higher than
// ast::kMaxTreeHeight.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/unicode_database.h"
#include "base/utf8.h"
#include "lexer/lexer.h"
#include "lexer/literals.h"
#include "parser/ast.h"
#include "parser/names.h"
#include "parser/parser.h"

namespace tsvm {

class Parser {
 public:
  /// With `stop_at_first` the first report ends the parse.
  Parser(const SourceFile& source, Arena& arena, NameTable& names, const TokenStream& stream, bool stop_at_first)
      : source_(source), arena_(arena), names_(names), stream_(&stream), stop_at_first_(stop_at_first) {
    tokens_ = stream.tokens.data();
  }

  ast::Module* parse_module();
  /// One expression up to the end of the input; null after an error.
  ast::Expr* parse_whole_expression();

  std::vector<Diagnostic> diagnostics;
  /// The token at which the parser was when it made its first report.
  uint32_t first_report_token = 0;
  /// Whether a token of the kind Error was met.
  bool met_lex_error = false;

 private:
  using K = TokenKind;
  enum class TargetUse : uint8_t { kAssign, kDelete, kFor };

  // ---- tokens ----
  const Token& current() const { return tokens_[position_]; }
  K kind() const { return tokens_[position_].kind; }
  K next_kind(uint32_t n = 1) const;
  uint32_t begin() const { return current().range.begin; }
  uint32_t previous_end() const { return tokens_[position_ - 1].range.end; }
  uint32_t previous_end_of_block() const;
  bool at(K k) const { return kind() == k; }
  bool accept(K k) {
    if (kind() != k) return false;
    position_++;
    return true;
  }
  void advance() { position_++; }
  std::string_view text(SourceRange r) const { return {source_.text().data() + r.begin, r.end - r.begin}; }
  std::string_view text() const { return text(current().range); }
  bool at_name(std::string_view word) const { return at(K::kName) && text() == word; }
  ast::Identifier take_name() { return name_at(text(tokens_[position_++].range)); }
  /// A name as it is known: in the normal form NFKC.
  ast::Identifier name_at(std::string_view written) {
    return utf8::is_ascii(written) ? names_.intern(written)
                                   : names_.intern_copy(unicode::normalize(written, unicode::Form::NFKC), arena_);
  }

  // ---- errors ----
  std::nullptr_t report(SourceRange range, std::string message, DiagnosticKind kind = DiagnosticKind::kSyntaxError);
  std::nullptr_t report_node(const ast::Node* node, std::string message) {
    return report(node->range, std::move(message));
  }
  std::nullptr_t report_token(std::string message) { return report(current().range, std::move(message)); }
  /// The same for another kind of error; a bad indentation is shown without a mark.
  std::nullptr_t report_token_kind(DiagnosticKind kind, std::string message);
  std::nullptr_t unsupported(SourceRange range, std::string what);
  /// The current token cannot stand here.
  std::nullptr_t unexpected();
  bool forgotten_comma();
  void replace_generic(SourceRange range, std::string message);
  bool lex_error_in_trial();
  void remember_operand(const ast::Expr* e, uint32_t begin, uint32_t end) {
    last_operand_ = e;
    last_operand_begin_ = begin;
    last_operand_end_ = end;
  }
  bool expect(K k);  // "invalid syntax" when it is not there

  /// Runs `fn` without reports, from the current position; afterwards the position is restored.
  template <class Fn>
  auto trial(Fn&& fn) {
    uint32_t saved = position_;
    size_t scratch = scratch_.size();
    bool lex_error = met_lex_error;
    bool failed = failed_;
    bool failed_generic = failed_generic_;
    muted_++;
    auto result = fn();
    muted_--;
    trial_end_ = position_;
    looked_at_ = std::max(looked_at_, nested_in_token_ != 0 ? nested_in_token_ : position_);
    trial_met_lex_error_ = at(K::kError) || (met_lex_error && !lex_error);
    met_lex_error = lex_error;
    failed_ = failed;
    failed_generic_ = failed_generic;
    position_ = saved;
    scratch_.resize(scratch);
    return result;
  }

  /// A trial from token `begin` on in which an expression may end where it would get stuck, as long as what is before
  /// is an expression: how a parser with backtracking sees it.
  template <class Fn>
  auto lenient_trial(uint32_t begin, Fn&& fn) {
    uint32_t here = std::exchange(position_, begin);
    bool failed = std::exchange(failed_, false);
    const ast::Expr* operand = last_operand_;
    uint32_t operand_begin = last_operand_begin_;
    uint32_t operand_end = last_operand_end_;
    lenient_++;
    auto result = trial(std::forward<Fn>(fn));
    lenient_--;
    remember_operand(operand, operand_begin, operand_end);
    failed_ = failed;
    position_ = here;
    return result;
  }
  bool retreat(uint32_t position) {
    if (lenient_ == 0) return false;
    position_ = position;
    failed_ = false;
    return true;
  }

  // ---- nodes ----
  template <class T>
  T* make() {
    return arena_.make<T>();
  }
  /// Completes a node that began at `begin` and ends with the last token: range and height. Null when it is too high.
  template <class T>
  T* finish(T* node, uint32_t begin) {
    return finish_range(node, {begin, previous_end()});
  }
  template <class T>
  T* finish_range(T* node, SourceRange range) {
    node->range = range;
    uint32_t height = 0;
    ast::for_each_child_of(
        node, [&](const ast::Node* child) { height = child->height >= height ? child->height + 1u : height; });
    if (height > ast::kMaxTreeHeight) return too_deep(range);
    node->height = static_cast<uint16_t>(height);
    return node;
  }
  std::nullptr_t too_deep(SourceRange range);

  /// Collects a list on the parser's scratch stack. Of two that are alive at a time only the younger may grow.
  template <class T>
  class Items {
   public:
    explicit Items(Parser& parser) : parser_(parser), mark_(parser.scratch_.size()) {}
    ~Items() { parser_.scratch_.resize(mark_); }
    Items(const Items&) = delete;
    Items& operator=(const Items&) = delete;
    void add(T item) { parser_.scratch_.push_back(const_cast<void*>(static_cast<const void*>(item))); }
    size_t size() const { return parser_.scratch_.size() - mark_; }
    T operator[](size_t i) const { return static_cast<T>(parser_.scratch_[mark_ + i]); }
    T back() const { return static_cast<T>(parser_.scratch_.back()); }
    ast::List<T> take() {
      static_assert(std::is_pointer_v<T>);
      size_t n = size();
      if (n == 0) return {};
      T* out = static_cast<T*>(parser_.arena_.allocate(n * sizeof(T), alignof(T)));
      for (size_t i = 0; i < n; i++) out[i] = static_cast<T>(parser_.scratch_[mark_ + i]);
      return {out, static_cast<uint32_t>(n)};
    }

   private:
    Parser& parser_;
    size_t mark_;
  };

  /// Counts recursion that brackets do not bound.
  class Depth {
   public:
    explicit Depth(Parser& parser) : parser_(parser) { parser_.depth_++; }
    ~Depth() { parser_.depth_--; }
    bool too_deep() const { return parser_.depth_ > ast::kMaxTreeHeight; }

   private:
    Parser& parser_;
  };

  // ---- statements (statements.cpp) ----
  using Body = std::vector<ast::Stmt*>;
  void statements(Body& out);
  bool statement(Body& out);
  bool simple_statements(Body& out);
  ast::Stmt* simple_statement();
  ast::Stmt* compound_statement();
  void recover(Body& out, K first);
  void skip_line();
  bool is_match_statement() const;
  ast::List<ast::Stmt*> take(const Body& body) { return arena_.copy_list(body.data(), body.size()); }

  ast::Stmt* expression_statement();
  ast::Stmt* assignment(ast::Expr* first, uint32_t begin);
  ast::Stmt* annotated_assignment(ast::Expr* target, uint32_t first_token);
  ast::Stmt* augmented_assignment(ast::Expr* target, uint32_t begin);
  ast::Stmt* return_statement();
  ast::Stmt* delete_statement();
  ast::Stmt* raise_statement();
  ast::Stmt* assert_statement();
  ast::Stmt* import_statement();
  ast::Stmt* import_from_statement();
  ast::Stmt* names_statement();
  ast::Identifier dotted_name();
  ast::Alias* import_alias(bool dotted);
  bool colon(bool forced);
  bool block(ast::List<ast::Stmt*>* out, const char* what, uint32_t header);
  ast::Stmt* if_statement();
  bool else_block(ast::List<ast::Stmt*>* out);
  ast::Stmt* while_statement();
  ast::Stmt* for_statement();
  ast::Stmt* with_statement();
  bool with_items(ast::List<ast::WithItem*>* out, bool parenthesized);
  ast::Stmt* try_statement();

  // ---- patterns (patterns.cpp) ----
  ast::Stmt* match_statement();
  ast::Aux* open_pattern();
  ast::Aux* sequence_pattern(const std::vector<ast::Aux*>& items, uint32_t begin);
  ast::Aux* maybe_star_pattern();
  ast::Aux* as_pattern();
  ast::Aux* or_pattern();
  ast::Aux* closed_pattern();
  ast::Aux* mapping_pattern();
  ast::Aux* class_pattern(ast::Expr* cls, uint32_t begin);
  ast::Aux* value_pattern(ast::Expr* value, uint32_t begin);
  ast::Expr* literal_pattern_value();
  ast::Expr* name_or_attribute();

  ast::ExceptHandler* except_handler();
  ast::Stmt* function(ast::List<ast::Expr*> decorators);
  ast::Stmt* class_definition(ast::List<ast::Expr*> decorators);
  ast::Stmt* decorated();
  ast::Text type_comment_at(uint32_t token) const;
  ast::Arguments* parameters(K close, bool is_lambda);
  ast::Arg* parameter(bool is_lambda, bool is_star);

  // ---- expressions (expressions.cpp) ----
  ast::Expr* star_expressions();       // a, *b, c  -> tuple when there is a comma
  ast::Expr* star_expression();        // *a | expression
  ast::Expr* star_named_expression();  // *a | named_expression
  ast::Expr* named_expression();       // x := e | expression
  ast::Expr* expression();             // conditional, lambda
  ast::Expr* operators(int min_precedence);
  ast::Expr* operand(int min_precedence);
  ast::Expr* arithmetic();  // sums and what binds more tightly
  ast::Expr* primary();
  ast::Expr* atom();
  ast::Expr* lambda();
  ast::Expr* yield_expression();
  ast::Expr* rhs();  // what may follow '=': yield or star_expressions
  ast::Expr* comparison(ast::Expr* left, uint32_t begin);
  ast::Expr* parenthesized();
  ast::Expr* parenthesized_inside(uint32_t begin);
  ast::Expr* list_display();
  ast::Expr* list_inside(uint32_t begin);
  ast::Expr* brace_display();
  ast::Expr* brace_inside(uint32_t begin);
  ast::Expr* dict_inside(uint32_t begin, ast::Expr* key);
  ast::Expr* call(ast::Expr* func, uint32_t begin);
  ast::Expr* call_inside(ast::Expr* func, uint32_t begin, uint32_t open);
  ast::Expr* subscript(ast::Expr* value, uint32_t begin);
  ast::Expr* subscript_inside(ast::Expr* value, uint32_t begin);
  ast::Expr* slice();
  bool comprehension_clauses(ast::List<ast::Comprehension*>* out);
  bool at_comprehension() const { return at(K::kFor) || at(K::kAsync); }
  ast::Expr* for_target();
  ast::Expr* number();
  ast::Expr* constant(ast::ConstantKind kind);
  bool assignment_mistake(uint32_t first);
  std::nullptr_t report_unpacking_in_comprehension(const ast::Expr* starred);
  std::nullptr_t report_missing_target_parentheses(SourceRange elements);
  /// Whether an expression can begin with the current token.
  bool starts_expression() const;

  // ---- targets ----
  /// Makes `e` a target. False when it cannot be one.
  bool set_context(ast::Expr* e, ast::ExprContext context);
  /// The part of `e` that cannot be a target; null when there is none.
  const ast::Expr* invalid_target(const ast::Expr* e, TargetUse use) const;
  std::nullptr_t report_target(const ast::Expr* e, TargetUse use);

  // ---- strings (strings.cpp) ----
  ast::Expr* strings();
  class FormatString;
  /// The expression in a part of an f-string's text.
  ast::Expr* nested_expression(SourceRange part);

  const SourceFile& source_;
  Arena& arena_;
  NameTable& names_;
  const TokenStream* stream_;
  const Token* tokens_;
  uint32_t position_ = 0;
  bool stop_at_first_;
  bool failed_ = false;  // a report was made for the statement being parsed
  bool stopped_ = false;
  bool failed_generic_ = false;  // and it is just "invalid syntax"
  int muted_ = 0;
  int lenient_ = 0;
  uint32_t depth_ = 0;
  uint32_t brackets_ = 0;         // open around the current token
  uint32_t trial_end_ = 0;        // the token where the last trial ended
  uint32_t looked_at_ = 0;        // the last token that any trial came to
  uint32_t trial_end_token_ = 0;  // a token that a trial remembers
  bool trial_met_lex_error_ = false;
  std::vector<void*> scratch_;

  // The operators part of the last `expression` that was parsed, for "perhaps you forgot a comma".
  const ast::Expr* last_operand_ = nullptr;
  uint32_t last_operand_begin_ = 0;  // tokens
  uint32_t last_operand_end_ = 0;
  // About the last star_expressions: whether it made a tuple without brackets, and the token where its last element
  // began.
  bool bare_tuple_ = false;
  uint32_t last_element_begin_ = 0;

  // Set while the expressions of an f-string are parsed.
  const char* message_prefix_ = "";
  uint32_t nested_in_token_ = 0;  // the outer token behind the string
};

/// CPython's name for what an expression is: "literal", "function call".
std::string expression_noun(const ast::Expr* e);

}  // namespace tsvm

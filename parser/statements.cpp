// Statements, and how parsing goes on behind a bad one.
#include "base/small_vector.h"
#include "parser/parser_impl.h"

namespace tsvm {

using namespace ast;

Module* Parser::parse_module() {
  Module* module = make<Module>();
  module->scope = kNoScope;
  Body body;
  for (;;) {
    statements(body);
    if (stopped_ || at(K::kEndMarker)) break;
    advance();  // a Dedent without its Indent, after an indentation error
  }
  module->body = take(body);
  module->range = {0, static_cast<uint32_t>(source_.text().size())};
  finish_range(module, module->range);
  return module;
}

void Parser::statements(Body& out) {
  while (!stopped_) {
    failed_ = false;
    switch (kind()) {
      case K::kEndMarker:
      case K::kDedent: return;
      case K::kNewline: advance(); break;
      case K::kIndent:
        unexpected();
        if (stopped_) return;
        advance();
        statements(out);
        accept(K::kDedent);
        break;
      default: {
        K first = kind();
        if (!statement(out) && !stopped_) recover(out, first);
      }
    }
  }
}

// Behind a statement that failed: its line is skipped, a block below it is read for the errors in it, and so are
// clauses that would have belonged to it.
void Parser::recover(Body& out, K first) {
  bool header = false;
  switch (first) {
    case K::kIf:
    case K::kElif:
    case K::kElse:
    case K::kFor:
    case K::kWhile:
    case K::kTry:
    case K::kExcept:
    case K::kFinally:
    case K::kWith:
    case K::kDef:
    case K::kClass:
    case K::kAsync:
    case K::kAt: header = true; break;
    default: break;
  }
  do {
    skip_line();
    header |= position_ >= 2 && tokens_[position_ - 2].kind == K::kColon;
    if (header && accept(K::kIndent)) {
      statements(out);
      accept(K::kDedent);
    }
  } while (!stopped_ && (at(K::kElse) || at(K::kElif) || at(K::kExcept) || at(K::kFinally)));
}

void Parser::skip_line() {
  while (!at(K::kNewline) && !at(K::kEndMarker) && !at(K::kDedent) && !at(K::kIndent)) advance();
  accept(K::kNewline);
}

bool Parser::statement(Body& out) {
  Stmt* s = nullptr;
  switch (kind()) {
    case K::kIf: s = if_statement(); break;
    case K::kDef: s = function({}); break;
    case K::kFor: s = for_statement(); break;
    case K::kWhile: s = while_statement(); break;
    case K::kClass: s = class_definition({}); break;
    case K::kWith: s = with_statement(); break;
    case K::kTry: s = try_statement(); break;
    case K::kAt: s = decorated(); break;
    case K::kAsync:
      if (next_kind() == K::kDef || next_kind() == K::kFor || next_kind() == K::kWith) {
        unsupported(current().range, "'async'");
        return false;
      }
      return simple_statements(out);
    case K::kName:
      if (!at_name("match") || !is_match_statement()) return simple_statements(out);
      s = match_statement();
      break;
    default: return simple_statements(out);
  }
  if (s == nullptr) return false;
  out.push_back(s);
  return true;
}

// `match` is an ordinary name except before a subject, a colon and a block that begins with `case`.
bool Parser::is_match_statement() const {
  uint32_t i = position_ + 1;
  while (tokens_[i].kind != K::kNewline && tokens_[i].kind != K::kEndMarker && tokens_[i].kind != K::kError) i++;
  return i > position_ + 2 && tokens_[i].kind == K::kNewline && tokens_[i - 1].kind == K::kColon &&
         tokens_[i + 1].kind == K::kIndent && tokens_[i + 2].kind == K::kName && text(tokens_[i + 2].range) == "case";
}

bool Parser::simple_statements(Body& out) {
  for (;;) {
    Stmt* s = simple_statement();
    if (s == nullptr) return false;
    out.push_back(s);
    if (accept(K::kNewline)) return true;
    if (!accept(K::kSemicolon)) {
      unexpected();
      return false;
    }
    if (accept(K::kNewline)) return true;
  }
}

Stmt* Parser::simple_statement() {
  uint32_t b = begin();
  switch (kind()) {
    case K::kReturn: return return_statement();
    case K::kImport: return import_statement();
    case K::kFrom: return import_from_statement();
    case K::kRaise: return raise_statement();
    case K::kPass: advance(); return finish(make<Pass>(), b);
    case K::kBreak: advance(); return finish(make<Break>(), b);
    case K::kContinue: advance(); return finish(make<Continue>(), b);
    case K::kDel: return delete_statement();
    case K::kAssert: return assert_statement();
    case K::kGlobal:
    case K::kNonlocal: return names_statement();
    default: return expression_statement();
  }
}

Stmt* Parser::expression_statement() {
  uint32_t first_token = position_;
  uint32_t b = begin();
  Expr* e = rhs();
  if (e == nullptr) return nullptr;
  switch (kind()) {
    case K::kEqual: return assignment(e, b);
    case K::kColon: return annotated_assignment(e, first_token);
    case K::kPlusEqual:
    case K::kMinusEqual:
    case K::kStarEqual:
    case K::kAtEqual:
    case K::kSlashEqual:
    case K::kPercentEqual:
    case K::kDoubleSlashEqual:
    case K::kDoubleStarEqual:
    case K::kLeftShiftEqual:
    case K::kRightShiftEqual:
    case K::kPipeEqual:
    case K::kCaretEqual:
    case K::kAmpersandEqual: return augmented_assignment(e, b);
    case K::kColonEqual: {
      const Expr* last = bare_tuple_ && e->is<Tuple>() ? e->cast<Tuple>()->elts.back() : e;
      if (last->is<Name>()) return unexpected();
      return report_node(last, "cannot use assignment expressions with " + expression_noun(last));
    }
    default: break;
  }
  ExprStmt* s = make<ExprStmt>();
  s->value = e;
  return finish(s, b);
}

Stmt* Parser::assignment(Expr* first, uint32_t b) {
  Items<Expr*> targets(*this);
  Expr* e = first;
  while (at(K::kEqual)) {
    bool is_yield = (e->is<Yield>() || e->is<YieldFrom>()) && tokens_[position_ - 1].range.end == e->range.end;
    if (is_yield) return report_node(e, "assignment to yield expression not possible");
    if (!set_context(e, ExprContext::kStore)) {
      bool trailing_comma = tokens_[position_ - 1].kind == K::kComma;
      if (e == first && !trailing_comma && assignment_mistake(last_element_begin_)) return nullptr;
      return report_target(e, TargetUse::kAssign);
    }
    targets.add(e);
    advance();
    e = rhs();
    if (e == nullptr) return nullptr;
  }
  Assign* s = make<Assign>();
  s->targets = targets.take();
  s->value = e;
  s->type_comment = type_comment_at(position_);
  return finish(s, b);
}

Stmt* Parser::annotated_assignment(Expr* target, uint32_t first_token) {
  bool bare_tuple = bare_tuple_ && target->is<Tuple>();
  bool good = target->is<Name>() || target->is<Attribute>() || target->is<Subscript>();
  uint32_t b = tokens_[first_token].range.begin;
  if (!good) {
    bool annotated = lenient_trial(position_ + 1, [&] { return expression() != nullptr; });
    if (lex_error_in_trial()) return nullptr;
    if (!annotated) return unexpected();
    if (bare_tuple) {
      return report_node(target->cast<Tuple>()->elts[0], "only single target (not tuple) can be annotated");
    }
    if (target->is<Tuple>() || target->is<ListExpr>()) {
      return report_node(target, "only single target (not " + expression_noun(target) + ") can be annotated");
    }
    return report_node(target, "illegal target for annotation");
  }
  advance();
  AnnAssign* s = make<AnnAssign>();
  s->target = target;
  s->simple = target->is<Name>() && tokens_[first_token].kind == K::kName;
  set_context(target, ExprContext::kStore);
  s->annotation = expression();
  if (s->annotation == nullptr) return nullptr;
  if (accept(K::kEqual) && (s->value = rhs()) == nullptr) return nullptr;
  return finish(s, b);
}

Stmt* Parser::augmented_assignment(Expr* target, uint32_t b) {
  static constexpr std::pair<K, Operator> kOperators[] = {{K::kPlusEqual, Operator::kAdd},
                                                          {K::kMinusEqual, Operator::kSub},
                                                          {K::kStarEqual, Operator::kMult},
                                                          {K::kAtEqual, Operator::kMatMult},
                                                          {K::kSlashEqual, Operator::kDiv},
                                                          {K::kPercentEqual, Operator::kMod},
                                                          {K::kDoubleSlashEqual, Operator::kFloorDiv},
                                                          {K::kDoubleStarEqual, Operator::kPow},
                                                          {K::kLeftShiftEqual, Operator::kLShift},
                                                          {K::kRightShiftEqual, Operator::kRShift},
                                                          {K::kPipeEqual, Operator::kBitOr},
                                                          {K::kCaretEqual, Operator::kBitXor},
                                                          {K::kAmpersandEqual, Operator::kBitAnd}};
  AugAssign* s = make<AugAssign>();
  for (auto [k, op] : kOperators)
    if (at(k)) s->op = op;
  bool good = target->is<Name>() || target->is<Attribute>() || target->is<Subscript>();
  if (!good) {
    bool complete = trial([&] {
      advance();
      return rhs() != nullptr;
    });
    if (complete) {
      return report_node(target, "'" + expression_noun(target) + "' is an illegal expression for augmented assignment");
    }
    return unexpected();
  }
  advance();
  set_context(target, ExprContext::kStore);
  s->target = target;
  s->value = rhs();
  if (s->value == nullptr) return nullptr;
  return finish(s, b);
}

Stmt* Parser::return_statement() {
  uint32_t b = begin();
  advance();
  Return* s = make<Return>();
  if (starts_expression() || at(K::kStar)) {
    s->value = star_expressions();
    if (s->value == nullptr) return nullptr;
  }
  return finish(s, b);
}

Stmt* Parser::delete_statement() {
  uint32_t b = begin();
  advance();
  Expr* e = star_expressions();
  if (e == nullptr) return nullptr;
  Delete* s = make<Delete>();
  s->targets = bare_tuple_ ? e->cast<Tuple>()->elts : arena_.copy_list(&e, 1);
  for (Expr* target : s->targets)
    if (!set_context(target, ExprContext::kDel)) return report_target(target, TargetUse::kDelete);
  return finish(s, b);
}

Stmt* Parser::raise_statement() {
  uint32_t b = begin();
  advance();
  Raise* s = make<Raise>();
  if (!at(K::kNewline) && !at(K::kSemicolon)) {
    s->exc = expression();
    if (s->exc == nullptr) return nullptr;
    if (accept(K::kFrom) && (s->cause = expression()) == nullptr) return nullptr;
  }
  return finish(s, b);
}

Stmt* Parser::assert_statement() {
  uint32_t b = begin();
  advance();
  Assert* s = make<Assert>();
  s->test = expression();
  if (s->test == nullptr) return nullptr;
  if (accept(K::kComma) && (s->msg = expression()) == nullptr) return nullptr;
  return finish(s, b);
}

Identifier Parser::dotted_name() {
  if (!at(K::kName)) {
    unexpected();
    return {};
  }
  if (next_kind() != K::kDot) return take_name();
  std::string name(text());
  advance();
  while (accept(K::kDot)) {
    if (!at(K::kName)) {
      unexpected();
      return {};
    }
    name += '.';
    name += text();
    advance();
  }
  return names_.intern_copy(name, arena_);
}

// `name [as other]`.
Alias* Parser::import_alias(bool dotted) {
  uint32_t b = begin();
  Alias* alias = make<Alias>();
  if (dotted) {
    alias->name = dotted_name();
    if (alias->name.empty()) return nullptr;
  } else {
    if (!at(K::kName)) return unexpected();
    alias->name = take_name();
  }
  if (accept(K::kAs)) {
    if (!at(K::kName)) return unexpected();
    alias->asname = take_name();
  }
  return finish(alias, b);
}

Stmt* Parser::import_statement() {
  uint32_t b = begin();
  advance();
  Items<Alias*> names(*this);
  do {
    Alias* alias = import_alias(true);
    if (alias == nullptr) return nullptr;
    names.add(alias);
  } while (accept(K::kComma));
  Import* s = make<Import>();
  s->names = names.take();
  return finish(s, b);
}

Stmt* Parser::import_from_statement() {
  uint32_t b = begin();
  advance();
  ImportFrom* s = make<ImportFrom>();
  for (;; advance()) {
    if (at(K::kDot))
      s->level++;
    else if (at(K::kEllipsis))
      s->level += 3;
    else
      break;
  }
  if (s->level == 0 || !at(K::kImport)) {
    s->module = dotted_name();
    if (s->module.empty()) return nullptr;
  }
  if (!expect(K::kImport)) return nullptr;
  Items<Alias*> names(*this);
  if (at(K::kStar)) {
    Alias* alias = make<Alias>();
    alias->name = names_.intern("*");
    uint32_t star = begin();
    advance();
    names.add(finish(alias, star));
  } else {
    bool bracket = accept(K::kLeftParen);
    for (;;) {
      Alias* alias = import_alias(false);
      if (alias == nullptr) return nullptr;
      names.add(alias);
      if (!accept(K::kComma)) break;
      if (bracket && at(K::kRightParen)) break;
      if (!bracket && at(K::kNewline)) {
        return report_token("trailing comma not allowed without surrounding parentheses");
      }
    }
    if (bracket && !expect(K::kRightParen)) return nullptr;
  }
  s->names = names.take();
  return finish(s, b);
}

// `global` and `nonlocal`.
Stmt* Parser::names_statement() {
  uint32_t b = begin();
  bool global = at(K::kGlobal);
  advance();
  std::vector<Identifier> names;
  do {
    if (!at(K::kName)) return unexpected();
    names.push_back(take_name());
  } while (accept(K::kComma));
  List<Identifier> list = arena_.copy_list(names.data(), names.size());
  if (global) {
    Global* s = make<Global>();
    s->names = list;
    return finish(s, b);
  }
  Nonlocal* s = make<Nonlocal>();
  s->names = list;
  return finish(s, b);
}

// ---- blocks ----

// The colon of a header. Some headers miss it wherever parsing stops (`forced`), others only at the end of the line.
bool Parser::colon(bool forced) {
  if (accept(K::kColon)) return true;
  if (at(K::kError) || (!forced && !at(K::kNewline)))
    unexpected();
  else
    report_token("expected ':'");
  return false;
}

// What follows a header's colon; `what` names the header and `header` is its first token.
bool Parser::block(List<Stmt*>* out, const char* what, uint32_t header) {
  Body body;
  if (accept(K::kNewline)) {
    if (!at(K::kIndent)) {
      uint32_t line = source_.locate(tokens_[header].range.begin).line;
      report_token_kind(DiagnosticKind::kIndentationError,
                        "expected an indented block after " + std::string(what) + " on line " + std::to_string(line));
      return false;
    }
    advance();
    statements(body);
    if (stopped_) return false;
    failed_ = false;
    accept(K::kDedent);
  } else if (!simple_statements(body)) {
    return false;
  }
  *out = take(body);
  return true;
}

Stmt* Parser::if_statement() {
  // An elif is an If in the orelse of the one before: made from the last to the first.
  struct Clause {
    If* node;
    uint32_t begin;
  };
  SmallVector<Clause, 4> clauses;
  List<Stmt*> orelse;
  const char* what = "'if' statement";
  do {
    uint32_t header = position_;
    If* s = make<If>();
    clauses.push_back({s, begin()});
    advance();
    s->test = named_expression();
    if (s->test == nullptr || !colon(false) || !block(&s->body, what, header)) return nullptr;
    what = "'elif' statement";
  } while (at(K::kElif));
  if (!else_block(&orelse)) return nullptr;
  Stmt* next = nullptr;
  uint32_t end = previous_end_of_block();
  for (size_t i = clauses.size(); i-- > 0;) {
    If* s = clauses[i].node;
    s->orelse = next == nullptr ? orelse : arena_.copy_list(&next, 1);
    next = finish_range(s, {clauses[i].begin, end});
    if (next == nullptr) return nullptr;
  }
  return next;
}

// An optional else clause.
bool Parser::else_block(List<Stmt*>* out) {
  if (!at(K::kElse)) return true;
  uint32_t header = position_;
  advance();
  return colon(true) && block(out, "'else' statement", header);
}

Stmt* Parser::while_statement() {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  While* s = make<While>();
  s->test = named_expression();
  if (s->test == nullptr || !colon(false) || !block(&s->body, "'while' statement", header) || !else_block(&s->orelse))
    return nullptr;
  return finish_range(s, {b, previous_end_of_block()});
}

Stmt* Parser::for_statement() {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  For* s = make<For>();
  s->target = for_target();
  if (s->target == nullptr || !expect(K::kIn)) return nullptr;
  s->iter = star_expressions();
  if (s->iter == nullptr || !colon(false)) return nullptr;
  s->type_comment = type_comment_at(position_);
  if (!block(&s->body, "'for' statement", header) || !else_block(&s->orelse)) return nullptr;
  return finish_range(s, {b, previous_end_of_block()});
}

Stmt* Parser::with_statement() {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  With* s = make<With>();
  bool parenthesized = false;
  if (at(K::kLeftParen)) {
    // Brackets around all items, or around the first expression: whichever reads up to the colon, and if neither does
    // the one that gets farther has the better error.
    auto try_items = [&](bool in_brackets) {
      return trial([&] { return with_items(&s->items, in_brackets) && at(K::kColon); });
    };
    parenthesized = try_items(true);
    if (!parenthesized) {
      uint32_t end = trial_end_;
      if (!try_items(false) && end > trial_end_) parenthesized = true;
    }
  }
  if (!with_items(&s->items, parenthesized) || !colon(false)) return nullptr;
  s->type_comment = type_comment_at(position_);
  if (!block(&s->body, "'with' statement", header)) return nullptr;
  return finish_range(s, {b, previous_end_of_block()});
}

bool Parser::with_items(List<WithItem*>* out, bool parenthesized) {
  if (parenthesized) advance();
  brackets_ += parenthesized;
  Items<WithItem*> items(*this);
  bool good = true;
  do {
    if (parenthesized && items.size() > 0 && at(K::kRightParen)) break;
    uint32_t b = begin();
    WithItem* item = make<WithItem>();
    item->context_expr = expression();
    if (item->context_expr != nullptr && accept(K::kAs)) {
      item->optional_vars = at(K::kStar) ? star_expression() : primary();
      if (item->optional_vars != nullptr && !set_context(item->optional_vars, ExprContext::kStore)) {
        if (at(K::kComma) || at(K::kColon) || at(K::kRightParen))
          report_target(item->optional_vars, TargetUse::kAssign);
        else
          unexpected();
        good = false;
      }
      good = good && item->optional_vars != nullptr;
    }
    good = good && item->context_expr != nullptr && finish(item, b) != nullptr;
    if (good) items.add(item);
  } while (good && accept(K::kComma));
  if (good && parenthesized) good = expect(K::kRightParen);
  brackets_ -= parenthesized;
  *out = items.take();
  return good;
}

Stmt* Parser::try_statement() {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  Try* s = make<Try>();
  if (!colon(true) || !block(&s->body, "'try' statement", header)) return nullptr;
  if (!at(K::kExcept) && !at(K::kFinally)) return report_token("expected 'except' or 'finally' block");
  Items<ExceptHandler*> handlers(*this);
  bool star = at(K::kExcept) && tokens_[position_ + 1].kind == K::kStar;
  while (at(K::kExcept)) {
    SourceRange keyword = current().range;
    if ((tokens_[position_ + 1].kind == K::kStar) != star)
      return report(keyword, "cannot have both 'except' and 'except*' on the same 'try'");
    ExceptHandler* handler = except_handler();
    if (handler == nullptr) return nullptr;
    handlers.add(handler);
  }
  s->handlers = handlers.take();
  if (!s->handlers.empty() && !else_block(&s->orelse)) return nullptr;
  if (at(K::kFinally)) {
    header = position_;
    advance();
    if (!colon(true) || !block(&s->finalbody, "'finally' statement", header)) return nullptr;
  }
  if (star) {
    TryStar* t = make<TryStar>();
    t->body = s->body;
    t->handlers = s->handlers;
    t->orelse = s->orelse;
    t->finalbody = s->finalbody;
    return finish_range(t, {b, previous_end_of_block()});
  }
  return finish_range(s, {b, previous_end_of_block()});
}

ExceptHandler* Parser::except_handler() {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  ExceptHandler* handler = make<ExceptHandler>();
  bool star = accept(K::kStar);
  if (star && (at(K::kColon) || at(K::kNewline))) return report_token("expected one or more exception types");
  if (!at(K::kColon) && !at(K::kNewline)) {
    handler->type = expression();
    if (handler->type == nullptr) return nullptr;
    if (at(K::kComma)) {
      bool list = trial([&] {
        while (accept(K::kComma))
          if (!at(K::kColon) && expression() == nullptr) return false;
        trial_end_token_ = position_ - 1;
        if (accept(K::kAs) && !accept(K::kName)) return false;
        return at(K::kColon);
      });
      if (!list) return unexpected();
      return report({handler->type->range.begin, tokens_[trial_end_token_].range.end},
                    "multiple exception types must be parenthesized");
    }
    if (accept(K::kAs)) {
      if (!at(K::kName)) return unexpected();
      handler->name_range = current().range;
      handler->name = take_name();
    }
  }
  if (!colon(false) || !block(&handler->body, star ? "'except*' statement" : "'except' statement", header))
    return nullptr;
  return finish_range(handler, {b, previous_end_of_block()});
}

Stmt* Parser::decorated() {
  Items<Expr*> decorators(*this);
  while (accept(K::kAt)) {
    Expr* e = named_expression();
    if (e == nullptr || !expect(K::kNewline)) return nullptr;
    decorators.add(e);
  }
  switch (kind()) {
    case K::kDef: return function(decorators.take());
    case K::kClass: return class_definition(decorators.take());
    case K::kAsync: return unsupported(current().range, "'async'");
    default: return unexpected();
  }
}

Stmt* Parser::function(List<Expr*> decorators) {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  FunctionDef* s = make<FunctionDef>();
  s->scope = kNoScope;
  s->decorator_list = decorators;
  if (!at(K::kName)) return unexpected();
  s->name_range = current().range;
  s->name = take_name();
  if (!at(K::kLeftParen)) return report_token("expected '('");
  advance();
  brackets_++;
  s->args = parameters(K::kRightParen, false);
  bool closed = s->args != nullptr && expect(K::kRightParen);
  brackets_--;
  if (!closed) return nullptr;
  if (at(K::kArrow)) {
    SourceRange arrow = current().range;
    advance();
    if (!starts_expression() && !at(K::kError)) return report(arrow, "expected ':'");
    uint32_t returns_begin = position_;
    s->returns = expression();
    if (s->returns == nullptr) {
      if (failed_generic_ && lenient_trial(returns_begin, [&] { return expression(); }) != nullptr)
        replace_generic(tokens_[trial_end_].range, "expected ':'");
      return nullptr;
    }
  }
  if (!colon(true)) return nullptr;
  s->type_comment = type_comment_at(position_);
  if (s->type_comment.empty() && at(K::kNewline) && next_kind() == K::kIndent)
    s->type_comment = type_comment_at(position_ + 1);
  if (!block(&s->body, "function definition", header)) return nullptr;
  return finish_range(s, {b, previous_end_of_block()});
}

Stmt* Parser::class_definition(List<Expr*> decorators) {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  ClassDef* s = make<ClassDef>();
  s->scope = kNoScope;
  s->decorator_list = decorators;
  if (!at(K::kName)) return unexpected();
  s->name_range = current().range;
  s->name = take_name();
  if (at(K::kLeftParen)) {
    Expr* arguments = call(nullptr, begin());
    if (arguments == nullptr) return nullptr;
    s->bases = arguments->cast<Call>()->args;
    s->keywords = arguments->cast<Call>()->keywords;
  }
  if (!colon(false) || !block(&s->body, "class definition", header)) return nullptr;
  return finish_range(s, {b, previous_end_of_block()});
}

// The type comment directly in front of a token, if any.
Text Parser::type_comment_at(uint32_t token) const {
  const std::vector<TypeComment>& comments = stream_->type_comments;
  if (comments.empty()) return {};
  auto it = std::lower_bound(comments.begin(), comments.end(), token,
                             [](const TypeComment& c, uint32_t t) { return c.next_token < t; });
  if (it == comments.end() || it->next_token != token) return {};
  return text(it->text);
}

// ---- parameters ----

Arg* Parser::parameter(bool is_lambda, bool is_star) {
  if (!at(K::kName)) return unexpected();
  uint32_t b = begin();
  Arg* arg = make<Arg>();
  arg->arg = take_name();
  if (!is_lambda && accept(K::kColon)) {
    arg->annotation = is_star ? star_expression() : expression();
    if (arg->annotation == nullptr) return nullptr;
  }
  return finish(arg, b);
}

Arguments* Parser::parameters(K close, bool is_lambda) {
  Arguments* out = make<Arguments>();
  uint32_t b = begin();
  SmallVector<Arg*, 8> positional;
  SmallVector<Arg*, 4> keyword_only;
  SmallVector<Expr*, 8> defaults;
  SmallVector<Expr*, 4> keyword_defaults;
  bool slash = false;
  bool star = false;
  Arg* last = nullptr;
  auto at_end_of_parameter = [&] { return at(K::kComma) || at(close); };
  while (!at(close)) {
    last = nullptr;
    if (out->kwarg != nullptr && (at(K::kName) || at(K::kStar) || at(K::kDoubleStar) || at(K::kSlash)))
      return report_token("arguments cannot follow var-keyword argument");
    switch (kind()) {
      case K::kSlash: {
        if (star) return report_token("/ must be ahead of *");
        if (slash) return report_token("/ may appear only once");
        if (positional.empty()) {
          if (next_kind() == K::kComma) return report_token("at least one argument must precede /");
          return unexpected();
        }
        slash = true;
        out->posonlyargs = arena_.copy_list(positional.data(), positional.size());
        positional.clear();
        advance();
        if (at(K::kStar)) return report_token("expected comma between / and *");
        break;
      }
      case K::kStar: {
        if (star) {
          if (next_kind() != K::kName && next_kind() != K::kComma) return unexpected();
          return report_token("* argument may appear only once");
        }
        star = true;
        SourceRange at_star = current().range;
        advance();
        if (at(K::kName)) {
          last = out->vararg = parameter(is_lambda, true);
          if (last == nullptr) return nullptr;
          if (at(K::kEqual)) return report_token("var-positional argument cannot have default value");
          break;
        }
        bool nothing_named = at(close) || (at(K::kComma) && (next_kind() == close || next_kind() == K::kDoubleStar));
        if (nothing_named) {
          return report(is_lambda ? current().range : at_star, "named arguments must follow bare *");
        }
        if (!at(K::kComma)) return unexpected();
        break;
      }
      case K::kDoubleStar: {
        advance();
        last = out->kwarg = parameter(is_lambda, false);
        if (last == nullptr) return nullptr;
        if (at(K::kEqual)) return report_token("var-keyword argument cannot have default value");
        break;
      }
      case K::kLeftParen: {
        uint32_t open = begin();
        bool tuple = !star && trial([&] {
          advance();
          if (!accept(K::kName)) return false;
          while (accept(K::kComma) && at(K::kName)) advance();
          return accept(K::kRightParen);
        });
        if (!tuple) return unexpected();
        return report({open, tokens_[trial_end_ - 1].range.end},
                      is_lambda ? "Lambda expression parameters cannot be parenthesized"
                                : "Function parameters cannot be parenthesized");
      }
      default: {
        last = parameter(is_lambda, false);
        if (last == nullptr) return nullptr;
        Expr* value = nullptr;
        if (at(K::kEqual)) {
          SourceRange equal = current().range;
          advance();
          if (at(K::kComma) || at(K::kRightParen)) return report(equal, "expected default value expression");
          value = expression();
          if (value == nullptr) return nullptr;
        }
        if (star) {
          keyword_only.push_back(last);
          keyword_defaults.push_back(value);
        } else {
          positional.push_back(last);
          if (value != nullptr) {
            defaults.push_back(value);
          } else if (!defaults.empty()) {
            if (!at_end_of_parameter()) return unexpected();
            return report_node(last, "non-default argument follows default argument");
          }
        }
      }
    }
    bool comma = accept(K::kComma);
    if (last != nullptr) last->type_comment = type_comment_at(position_);
    if (!comma) break;
  }
  out->args = arena_.copy_list(positional.data(), positional.size());
  out->kwonlyargs = arena_.copy_list(keyword_only.data(), keyword_only.size());
  out->kw_defaults = arena_.copy_list(keyword_defaults.data(), keyword_defaults.size());
  out->defaults = arena_.copy_list(defaults.data(), defaults.size());
  return finish_range(out, {b, begin()});
}

}  // namespace tsvm

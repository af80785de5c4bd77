// The match statement and its patterns.
#include <string>
#include <vector>

#include "parser/parser_impl.h"

namespace tsvm {

using namespace ast;
using K = TokenKind;

Stmt* Parser::match_statement() {
  uint32_t b = begin();
  uint32_t header = position_;
  advance();
  Match* s = make<Match>();
  uint32_t subject = begin();
  s->subject = star_named_expression();
  if (s->subject == nullptr) return nullptr;
  if (at(K::kComma)) {
    Items<Expr*> items(*this);
    items.add(s->subject);
    while (accept(K::kComma)) {
      if (at(K::kColon)) break;
      Expr* e = star_named_expression();
      if (e == nullptr) return nullptr;
      items.add(e);
    }
    Tuple* tuple = make<Tuple>();
    tuple->elts = items.take();
    s->subject = finish(tuple, subject);
    if (s->subject == nullptr) return nullptr;
  }
  if (!colon(true) || !expect(K::kNewline)) return nullptr;
  if (!at(K::kIndent)) {
    uint32_t line = source_.locate(tokens_[header].range.begin).line;
    return report_token_kind(DiagnosticKind::kIndentationError,
                             "expected an indented block after 'match' statement on line " + std::to_string(line));
  }
  advance();
  std::vector<MatchCase*> cases;
  while (at_name("case")) {
    uint32_t case_begin = begin();
    uint32_t case_header = position_;
    advance();
    MatchCase* c = make<MatchCase>();
    c->pattern = open_pattern();
    if (c->pattern == nullptr) return nullptr;
    if (accept(K::kIf)) {
      c->guard = named_expression();
      if (c->guard == nullptr) return nullptr;
    }
    if (!colon(true) || !block(&c->body, "'case' statement", case_header)) return nullptr;
    c = finish_range(c, {case_begin, previous_end_of_block()});
    if (c == nullptr) return nullptr;
    cases.push_back(c);
  }
  if (!accept(K::kDedent) && !at(K::kEndMarker)) return unexpected();
  s->cases = arena_.copy_list(cases.data(), cases.size());
  return finish_range(s, {b, previous_end_of_block()});
}

// A pattern, or a sequence of patterns without brackets.
Aux* Parser::open_pattern() {
  uint32_t b = begin();
  Aux* first = maybe_star_pattern();
  if (first == nullptr) return nullptr;
  if (!at(K::kComma)) return first->is<MatchStar>() ? unexpected() : first;
  std::vector<Aux*> items{first};
  while (accept(K::kComma)) {
    if (at(K::kColon) || at(K::kIf)) break;
    Aux* p = maybe_star_pattern();
    if (p == nullptr) return nullptr;
    items.push_back(p);
  }
  return sequence_pattern(items, b);
}

Aux* Parser::sequence_pattern(const std::vector<Aux*>& items, uint32_t b) {
  MatchSequence* s = make<MatchSequence>();
  s->patterns = arena_.copy_list(items.data(), items.size());
  return finish(s, b);
}

Aux* Parser::maybe_star_pattern() {
  if (!at(K::kStar)) return as_pattern();
  uint32_t b = begin();
  advance();
  if (!at(K::kName)) return unexpected();
  MatchStar* star = make<MatchStar>();
  if (text() == "_")
    advance();
  else
    star->name = take_name();
  return finish(star, b);
}

Aux* Parser::as_pattern() {
  uint32_t b = begin();
  Aux* p = or_pattern();
  if (p == nullptr || !accept(K::kAs)) return p;
  if (at_name("_")) return report_token("cannot use '_' as a target");
  if (!at(K::kName)) return report_token("invalid pattern target");
  MatchAs* as = make<MatchAs>();
  as->pattern = p;
  as->name = take_name();
  return finish(as, b);
}

Aux* Parser::or_pattern() {
  uint32_t b = begin();
  Aux* first = closed_pattern();
  if (first == nullptr || !at(K::kPipe)) return first;
  std::vector<Aux*> items{first};
  while (accept(K::kPipe)) {
    Aux* p = closed_pattern();
    if (p == nullptr) return nullptr;
    items.push_back(p);
  }
  MatchOr* either = make<MatchOr>();
  either->patterns = arena_.copy_list(items.data(), items.size());
  return finish(either, b);
}

namespace {

bool is_number(const Expr* e) {
  const Constant* c = e->as<Constant>();
  return c != nullptr && (c->value.kind == ConstantKind::kInt || c->value.kind == ConstantKind::kBigInt ||
                          c->value.kind == ConstantKind::kFloat || c->value.kind == ConstantKind::kImaginary);
}
bool is_signed_number(const Expr* e) {
  const UnaryOp* u = e->as<UnaryOp>();
  return is_number(e) || (u != nullptr && u->op == UnaryOperator::kUSub && is_number(u->operand));
}
// -1, 2.5, 1 - 2j
bool is_number_pattern(const Expr* e) {
  if (is_signed_number(e)) return true;
  const BinOp* b = e->as<BinOp>();
  if (b == nullptr || (b->op != Operator::kAdd && b->op != Operator::kSub) || !is_signed_number(b->left)) return false;
  const Constant* imaginary = b->right->as<Constant>();
  return imaginary != nullptr && imaginary->value.kind == ConstantKind::kImaginary;
}

}  // namespace

// The value that a literal pattern, or a key of a mapping pattern, stands for; None, True and False too.
Expr* Parser::literal_pattern_value() {
  switch (kind()) {
    case K::kMinus:
      if (next_kind() != K::kNumber) {
        advance();
        return unexpected();
      }
      [[fallthrough]];
    case K::kNumber: {
      Expr* e = arithmetic();
      if (e == nullptr || is_number_pattern(e)) return e;
      const BinOp* b = e->as<BinOp>();
      if (b != nullptr && (b->op == Operator::kAdd || b->op == Operator::kSub) && is_number(b->right))
        return report_node(b->right, is_signed_number(b->left) ? "imaginary number required in complex literal"
                                                               : "real number required in complex literal");
      return report_node(e, "patterns may only match literals and attribute lookups");
    }
    case K::kString: {
      Expr* e = strings();
      if (e != nullptr && e->is<JoinedStr>())
        return report_node(e, "patterns may only match literals and attribute lookups");
      return e;
    }
    case K::kNone:
    case K::kTrue:
    case K::kFalse: return atom();
    default: return unexpected();
  }
}

// A name, or names with dots between them.
Expr* Parser::name_or_attribute() {
  uint32_t b = begin();
  Name* name = make<Name>();
  name->range = current().range;
  name->id = take_name();
  Expr* e = name;
  while (accept(K::kDot)) {
    if (!at(K::kName)) return unexpected();
    Attribute* a = make<Attribute>();
    a->value = e;
    a->attr_range = current().range;
    a->attr = take_name();
    e = finish(a, b);
    if (e == nullptr) return nullptr;
  }
  return e;
}

Aux* Parser::value_pattern(Expr* value, uint32_t b) {
  if (value == nullptr) return nullptr;
  if (const Constant* c = value->as<Constant>();
      c != nullptr && (c->value.kind == ConstantKind::kNone || c->value.kind == ConstantKind::kTrue ||
                       c->value.kind == ConstantKind::kFalse)) {
    MatchSingleton* single = make<MatchSingleton>();
    single->value = c->value;
    return finish(single, b);
  }
  MatchValue* v = make<MatchValue>();
  v->value = value;
  return finish(v, b);
}

Aux* Parser::closed_pattern() {
  uint32_t b = begin();
  switch (kind()) {
    case K::kName: {
      if (next_kind() != K::kDot && next_kind() != K::kLeftParen) {
        MatchAs* as = make<MatchAs>();
        if (text() == "_")
          advance();
        else
          as->name = take_name();
        return finish(as, b);
      }
      Expr* value = name_or_attribute();
      if (value == nullptr) return nullptr;
      return at(K::kLeftParen) ? class_pattern(value, b) : value_pattern(value, b);
    }
    case K::kLeftParen:
    case K::kLeftBracket: {
      K close = at(K::kLeftParen) ? K::kRightParen : K::kRightBracket;
      advance();
      std::vector<Aux*> items;
      bool comma = false;
      while (!at(close)) {
        Aux* p = maybe_star_pattern();
        if (p == nullptr) return nullptr;
        items.push_back(p);
        comma = accept(K::kComma);
        if (!comma) break;
      }
      if (!expect(close)) return nullptr;
      if (close == K::kRightParen && items.size() == 1 && !comma && !items[0]->is<MatchStar>()) return items[0];
      return sequence_pattern(items, b);
    }
    case K::kLeftBrace: return mapping_pattern();
    default: return value_pattern(literal_pattern_value(), b);
  }
}

Aux* Parser::mapping_pattern() {
  uint32_t b = begin();
  advance();
  MatchMapping* m = make<MatchMapping>();
  std::vector<Expr*> keys;
  std::vector<Aux*> patterns;
  while (!at(K::kRightBrace)) {
    if (accept(K::kDoubleStar)) {
      if (!at(K::kName) || text() == "_") return unexpected();
      m->rest = take_name();
      accept(K::kComma);
      break;
    }
    Expr* key = at(K::kName) ? name_or_attribute() : literal_pattern_value();
    if (key == nullptr) return nullptr;
    if (key->is<Name>() || !expect(K::kColon)) return key->is<Name>() ? unexpected() : nullptr;
    Aux* p = as_pattern();
    if (p == nullptr) return nullptr;
    keys.push_back(key);
    patterns.push_back(p);
    if (!accept(K::kComma)) break;
  }
  if (!expect(K::kRightBrace)) return nullptr;
  m->keys = arena_.copy_list(keys.data(), keys.size());
  m->patterns = arena_.copy_list(patterns.data(), patterns.size());
  return finish(m, b);
}

Aux* Parser::class_pattern(Expr* cls, uint32_t b) {
  advance();
  MatchClass* c = make<MatchClass>();
  c->cls = cls;
  std::vector<Aux*> patterns, keyword_patterns;
  std::vector<Identifier> names;
  while (!at(K::kRightParen)) {
    if (at(K::kName) && next_kind() == K::kEqual) {
      names.push_back(take_name());
      advance();
      Aux* p = as_pattern();
      if (p == nullptr) return nullptr;
      keyword_patterns.push_back(p);
    } else {
      Aux* p = as_pattern();
      if (p == nullptr) return nullptr;
      if (!names.empty()) return report_node(p, "positional patterns follow keyword patterns");
      patterns.push_back(p);
    }
    if (!accept(K::kComma)) break;
  }
  if (!expect(K::kRightParen)) return nullptr;
  c->patterns = arena_.copy_list(patterns.data(), patterns.size());
  c->kwd_attrs = arena_.copy_list(names.data(), names.size());
  c->kwd_patterns = arena_.copy_list(keyword_patterns.data(), keyword_patterns.size());
  return finish(c, b);
}

}  // namespace tsvm

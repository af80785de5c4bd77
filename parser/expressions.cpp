// Expressions: operators by precedence climbing, everything else by descent.
#include <array>

#include "parser/parser_impl.h"

namespace tsvm {

using namespace ast;

namespace {

// Levels of precedence, weakest first. Unary minus and ** lie above kProduct and need no number of their own.
enum Precedence : uint8_t {
  kNoOperator,
  kOr,
  kAnd,
  kNot,
  kComparison,
  kBitOr,
  kBitXor,
  kBitAnd,
  kShift,
  kSum,
  kProduct
};

struct OperatorInfo {
  uint8_t precedence = kNoOperator;
  Operator op = Operator::kAdd;
  CmpOperator cmp = CmpOperator::kEq;
};

constexpr size_t kTokenKinds = static_cast<size_t>(TokenKind::kYield) + 1;

constexpr std::array<OperatorInfo, kTokenKinds> make_operator_table() {
  std::array<OperatorInfo, kTokenKinds> table{};
  using K = TokenKind;
  auto binary = [&](K k, Precedence p, Operator op) { table[static_cast<size_t>(k)] = {p, op, CmpOperator::kEq}; };
  auto compare = [&](K k, CmpOperator op) { table[static_cast<size_t>(k)] = {kComparison, Operator::kAdd, op}; };
  table[static_cast<size_t>(K::kOr)].precedence = kOr;
  table[static_cast<size_t>(K::kAnd)].precedence = kAnd;
  compare(K::kEqualEqual, CmpOperator::kEq);
  compare(K::kNotEqual, CmpOperator::kNotEq);
  compare(K::kLess, CmpOperator::kLt);
  compare(K::kLessEqual, CmpOperator::kLtE);
  compare(K::kGreater, CmpOperator::kGt);
  compare(K::kGreaterEqual, CmpOperator::kGtE);
  compare(K::kIs, CmpOperator::kIs);
  compare(K::kIn, CmpOperator::kIn);
  compare(K::kNot, CmpOperator::kNotIn);
  binary(K::kPipe, kBitOr, Operator::kBitOr);
  binary(K::kCaret, kBitXor, Operator::kBitXor);
  binary(K::kAmpersand, kBitAnd, Operator::kBitAnd);
  binary(K::kLeftShift, kShift, Operator::kLShift);
  binary(K::kRightShift, kShift, Operator::kRShift);
  binary(K::kPlus, kSum, Operator::kAdd);
  binary(K::kMinus, kSum, Operator::kSub);
  binary(K::kStar, kProduct, Operator::kMult);
  binary(K::kSlash, kProduct, Operator::kDiv);
  binary(K::kDoubleSlash, kProduct, Operator::kFloorDiv);
  binary(K::kPercent, kProduct, Operator::kMod);
  binary(K::kAt, kProduct, Operator::kMatMult);
  return table;
}
constexpr std::array<OperatorInfo, kTokenKinds> kOperators = make_operator_table();

}  // namespace

bool Parser::starts_expression() const {
  switch (kind()) {
    case K::kName:
    case K::kNumber:
    case K::kString:
    case K::kLeftParen:
    case K::kLeftBracket:
    case K::kLeftBrace:
    case K::kPlus:
    case K::kMinus:
    case K::kTilde:
    case K::kEllipsis:
    case K::kNot:
    case K::kLambda:
    case K::kNone:
    case K::kTrue:
    case K::kFalse:
    case K::kAwait: return true;
    default: return false;
  }
}

// One or more star_expression with commas: a bare tuple when there is a comma.
Expr* Parser::star_expressions() {
  uint32_t b = begin();
  uint32_t last = position_;
  Expr* first = star_expression();
  bare_tuple_ = false;
  last_element_begin_ = last;
  if (first == nullptr || !at(K::kComma)) return first;
  Items<Expr*> items(*this);
  items.add(first);
  while (accept(K::kComma)) {
    last = position_;
    if (!starts_expression() && !at(K::kStar)) break;
    Expr* e = star_expression();
    if (e == nullptr) return nullptr;
    items.add(e);
  }
  bare_tuple_ = true;
  last_element_begin_ = last;
  Tuple* tuple = make<Tuple>();
  tuple->elts = items.take();
  return finish(tuple, b);
}

Expr* Parser::star_expression() {
  if (!at(K::kStar)) return expression();
  uint32_t b = begin();
  advance();
  Starred* starred = make<Starred>();
  starred->value = operators(kBitOr);
  if (starred->value == nullptr) return nullptr;
  return finish(starred, b);
}

Expr* Parser::star_named_expression() { return at(K::kStar) ? star_expression() : named_expression(); }

Expr* Parser::named_expression() {
  uint32_t first = position_;
  uint32_t b = begin();
  if (at(K::kName) && next_kind() == K::kColonEqual) {
    NamedExpr* named = make<NamedExpr>();
    Name* target = make<Name>();
    target->id = take_name();
    target->ctx = ExprContext::kStore;
    named->target = finish(target, b);
    advance();
    named->value = expression();
    if (named->value == nullptr) return nullptr;
    return finish(named, b);
  }
  Expr* e = expression();
  if (e == nullptr) return nullptr;
  if (at(K::kColonEqual)) {
    return report_node(e, "cannot use assignment expressions with " + expression_noun(e));
  }
  if (at(K::kEqual) && assignment_mistake(first)) return nullptr;
  return e;
}

// `x = value` where only an expression may stand, from token `first` on.
bool Parser::assignment_mistake(uint32_t first) {
  if (failed_ || muted_ > 0) return false;
  const Expr* target = nullptr;
  const Expr* value = nullptr;
  lenient_trial(first, [&] {
    target = operators(kBitOr);
    if (target != nullptr && accept(K::kEqual)) value = operators(kBitOr);
    if (value != nullptr && (at(K::kEqual) || at(K::kColonEqual))) value = nullptr;
    return true;
  });
  if (lex_error_in_trial()) return true;
  uint32_t here = std::exchange(position_, first);
  bool excluded = false;
  if (value != nullptr && !target->is<Name>()) {
    excluded = at(K::kTrue) || at(K::kFalse) || at(K::kNone);
    if (at(K::kLeftParen) || at(K::kLeftBracket)) {
      const Expr* start = trial([&] { return atom(); });
      bool group = tokens_[first].range.begin != start->range.begin;
      excluded = !group && (start->is<ListExpr>() || start->is<Tuple>() || start->is<GeneratorExp>());
    }
  }
  bool bare_name = value != nullptr && target->is<Name>() && tokens_[first].kind == K::kName;
  position_ = here;
  if (value == nullptr || excluded) return false;
  if (bare_name) {
    report({target->range.begin, value->range.end}, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
  } else {
    report_node(target, "cannot assign to " + expression_noun(target) + " here. Maybe you meant '==' instead of '='?");
  }
  return true;
}

Expr* Parser::expression() {
  if (at(K::kLambda)) return lambda();
  uint32_t first = position_;
  uint32_t b = begin();
  Expr* body = operators(kOr);
  if (body == nullptr) return nullptr;
  remember_operand(body, first, position_);
  if (!at(K::kIf)) return body;
  Depth depth(*this);
  if (depth.too_deep()) return too_deep(current().range);
  advance();
  IfExp* e = make<IfExp>();
  e->body = body;
  uint32_t test_begin = position_;
  e->test = operators(kOr);
  if (e->test == nullptr) {
    // A test that is complete before the place where parsing got stuck still wants its `else`.
    if (!failed_generic_) return nullptr;
    const Expr* test = lenient_trial(test_begin, [&] { return operators(kOr); });
    K next = tokens_[trial_end_].kind;
    if (test != nullptr && next != K::kElse && next != K::kColon) {
      replace_generic({body->range.begin, test->range.end}, "expected 'else' after 'if' expression");
    }
    return nullptr;
  }
  if (!at(K::kElse)) {
    if (at(K::kColon)) return unexpected();
    return report({body->range.begin, e->test->range.end}, "expected 'else' after 'if' expression");
  }
  advance();
  e->orelse = expression();
  if (e->orelse == nullptr) return nullptr;
  return finish(e, b);
}

Expr* Parser::operators(int min_precedence) {
  uint32_t b = begin();
  Expr* left = operand(min_precedence);
  while (left != nullptr) {
    const OperatorInfo& info = kOperators[static_cast<size_t>(kind())];
    if (info.precedence < min_precedence || info.precedence == kNoOperator) return left;
    if (info.precedence >= kBitOr) {
      BinOp* e = make<BinOp>();
      e->left = left;
      e->op = info.op;
      uint32_t before = position_;
      advance();
      e->right = operators(info.precedence + 1);
      if (e->right == nullptr) return retreat(before) ? left : nullptr;
      left = finish(e, b);
    } else if (info.precedence == kComparison) {
      if (at(K::kNotEqual) && text() == "<>") return left;
      uint32_t before = position_;
      Expr* e = comparison(left, b);
      if (e == nullptr) return retreat(before) ? left : nullptr;
      left = e;
    } else {
      K op = kind();
      Items<Expr*> values(*this);
      values.add(left);
      uint32_t before = position_;
      while (accept(op)) {
        Expr* e = operators(info.precedence + 1);
        if (e == nullptr) return retreat(before) ? left : nullptr;
        values.add(e);
      }
      BoolOp* e = make<BoolOp>();
      e->op = op == K::kOr ? BoolOperator::kOr : BoolOperator::kAnd;
      e->values = values.take();
      left = finish(e, b);
    }
  }
  return nullptr;
}

Expr* Parser::comparison(Expr* left, uint32_t b) {
  // Where the left side began: the token at offset `b`.
  uint32_t comparison_begin = position_;
  while (comparison_begin > 0 && tokens_[comparison_begin].range.begin > b) comparison_begin--;
  Items<Expr*> comparators(*this);
  std::string ops;  // CmpOperator values; rarely more than one, which needs no allocation
  for (;;) {
    const OperatorInfo& info = kOperators[static_cast<size_t>(kind())];
    if (info.precedence != kComparison || (at(K::kNotEqual) && text() == "<>")) break;
    CmpOperator op = info.cmp;
    K k = kind();
    if (k == K::kNot && next_kind() != K::kIn) {
      // `not` may begin what should be the next element, behind a comma.
      remember_operand(left, comparison_begin, position_);
      if (muted_ == 0 && forgotten_comma()) return nullptr;
      advance();
      return unexpected();
    }
    advance();
    if (k == K::kNot) advance();
    if (k == K::kIs && accept(K::kNot)) op = CmpOperator::kIsNot;
    Expr* e = operators(kBitOr);
    if (e == nullptr) return nullptr;
    ops.push_back(static_cast<char>(op));
    comparators.add(e);
  }
  Compare* e = make<Compare>();
  e->left = left;
  e->ops = arena_.copy_list(reinterpret_cast<const CmpOperator*>(ops.data()), ops.size());
  e->comparators = comparators.take();
  return finish(e, b);
}

// A prefix operator with its operand, or a power.
Expr* Parser::arithmetic() { return operators(kSum); }

Expr* Parser::operand(int min_precedence) {
  uint32_t b = begin();
  UnaryOperator op;
  switch (kind()) {
    case K::kNot:
      if (min_precedence > kNot) return unexpected();
      op = UnaryOperator::kNot;
      break;
    case K::kMinus: op = UnaryOperator::kUSub; break;
    case K::kPlus: op = UnaryOperator::kUAdd; break;
    case K::kTilde: op = UnaryOperator::kInvert; break;
    default: {
      Expr* base = primary();
      if (base == nullptr || !at(K::kDoubleStar)) return base;
      Depth depth(*this);
      if (depth.too_deep()) return too_deep(current().range);
      advance();
      BinOp* power = make<BinOp>();
      power->left = base;
      power->op = Operator::kPow;
      uint32_t before = position_ - 1;
      power->right = operand(kProduct);
      if (power->right == nullptr) return retreat(before) ? base : nullptr;
      return finish(power, b);
    }
  }
  Depth depth(*this);
  if (depth.too_deep()) return too_deep(current().range);
  advance();
  UnaryOp* e = make<UnaryOp>();
  e->op = op;
  e->operand = op == UnaryOperator::kNot ? operators(kNot) : operand(kProduct);
  if (e->operand == nullptr) return nullptr;
  return finish(e, b);
}

Expr* Parser::primary() {
  uint32_t b = begin();
  if (at(K::kAwait)) return unsupported(current().range, "'await'");
  Expr* e = atom();
  while (e != nullptr) {
    uint32_t before = position_;
    Expr* shorter = e;
    switch (kind()) {
      case K::kDot: {
        advance();
        if (!at(K::kName)) {
          unexpected();
          e = nullptr;
          break;
        }
        Attribute* attribute = make<Attribute>();
        attribute->value = e;
        attribute->attr_range = current().range;
        attribute->attr = take_name();
        e = finish(attribute, b);
        break;
      }
      case K::kLeftParen: e = call(e, b); break;
      case K::kLeftBracket: e = subscript(e, b); break;
      default: return e;
    }
    if (e == nullptr) return retreat(before) ? shorter : nullptr;
  }
  return nullptr;
}

Expr* Parser::atom() {
  switch (kind()) {
    case K::kName: {
      Name* name = make<Name>();
      name->range = current().range;
      name->id = take_name();
      return name;
    }
    case K::kNumber: return number();
    case K::kString: return strings();
    case K::kLeftParen: return parenthesized();
    case K::kLeftBracket: return list_display();
    case K::kLeftBrace: return brace_display();
    case K::kNone: return constant(ConstantKind::kNone);
    case K::kTrue: return constant(ConstantKind::kTrue);
    case K::kFalse: return constant(ConstantKind::kFalse);
    case K::kEllipsis: return constant(ConstantKind::kEllipsis);
    default: return unexpected();
  }
}

Expr* Parser::constant(ConstantKind k) {
  Constant* c = make<Constant>();
  c->value.kind = k;
  c->range = current().range;
  advance();
  return c;
}

Expr* Parser::number() {
  Constant* c = make<Constant>();
  c->range = current().range;
  std::string_view digits = text();
  if (digits.size() == 1) {  // the most frequent literals
    c->value.kind = ConstantKind::kInt;
    c->value.int_value = digits[0] - '0';
  } else {
    NumberLiteral literal = decode_number(digits);
    c->value.int_value = literal.int_value;
    c->value.float_value = literal.float_value;
    switch (literal.kind) {
      case NumberLiteral::Kind::kInt: c->value.kind = ConstantKind::kInt; break;
      case NumberLiteral::Kind::kFloat: c->value.kind = ConstantKind::kFloat; break;
      case NumberLiteral::Kind::kImaginary: c->value.kind = ConstantKind::kImaginary; break;
      case NumberLiteral::Kind::kBigInt:
        c->value.kind = ConstantKind::kBigInt;
        c->value.text = arena_.copy_string(literal.digits);
        break;
    }
  }
  advance();
  return c;
}

Expr* Parser::lambda() {
  Depth depth(*this);
  if (depth.too_deep()) return too_deep(current().range);
  uint32_t b = begin();
  advance();
  Lambda* e = make<Lambda>();
  e->scope = kNoScope;
  e->args = parameters(K::kColon, true);
  if (e->args == nullptr || !expect(K::kColon)) return nullptr;
  e->body = expression();
  if (e->body == nullptr) return nullptr;
  return finish(e, b);
}

Expr* Parser::yield_expression() {
  uint32_t b = begin();
  advance();
  if (accept(K::kFrom)) {
    YieldFrom* e = make<YieldFrom>();
    e->value = expression();
    if (e->value == nullptr) return nullptr;
    return finish(e, b);
  }
  Yield* e = make<Yield>();
  if (starts_expression() || at(K::kStar)) {
    e->value = star_expressions();
    if (e->value == nullptr) return nullptr;
  }
  return finish(e, b);
}

Expr* Parser::rhs() { return at(K::kYield) ? yield_expression() : star_expressions(); }

// `for` clauses behind the element of a comprehension.
bool Parser::comprehension_clauses(List<Comprehension*>* out) {
  Items<Comprehension*> clauses(*this);
  while (at_comprehension()) {
    if (at(K::kAsync)) {
      unsupported(current().range, "an asynchronous comprehension");
      return false;
    }
    uint32_t b = begin();
    advance();
    Comprehension* c = make<Comprehension>();
    c->target = for_target();
    if (c->target == nullptr || !expect(K::kIn)) return false;
    c->iter = operators(kOr);
    if (c->iter == nullptr) return false;
    {
      Items<Expr*> ifs(*this);
      while (accept(K::kIf)) {
        Expr* condition = operators(kOr);
        if (condition == nullptr) return false;
        ifs.add(condition);
      }
      c->ifs = ifs.take();
    }
    if (finish(c, b) == nullptr) return false;
    clauses.add(c);
  }
  *out = clauses.take();
  return true;
}

// Targets up to `in`, which is an operator elsewhere.
Expr* Parser::for_target() {
  uint32_t b = begin();
  Items<Expr*> items(*this);
  bool comma = false;
  do {
    if (comma && !starts_expression() && !at(K::kStar)) break;
    uint32_t element = position_;
    Expr* e = at(K::kStar) ? star_expression() : operators(kBitOr);
    if (e == nullptr) return nullptr;
    items.add(e);
    remember_operand(e, element, position_);
  } while (at(K::kComma) && (advance(), comma = true));
  Expr* target = items[0];
  if (comma) {
    Tuple* tuple = make<Tuple>();
    tuple->elts = items.take();
    target = finish(tuple, b);
    if (target == nullptr) return nullptr;
  }
  if (!set_context(target, ExprContext::kStore)) {
    return report_target(target, TargetUse::kFor);
  }
  return target;
}

Expr* Parser::parenthesized() {
  uint32_t b = begin();
  advance();
  brackets_++;
  Expr* e = parenthesized_inside(b);
  brackets_--;
  return e;
}

Expr* Parser::parenthesized_inside(uint32_t b) {
  if (accept(K::kRightParen)) return finish(make<Tuple>(), b);
  if (at(K::kYield)) {
    Expr* e = yield_expression();
    return e != nullptr && expect(K::kRightParen) ? e : nullptr;
  }
  if (at(K::kDoubleStar)) {
    SourceRange stars = current().range;
    bool group = trial([&] { return accept(K::kDoubleStar) && expression() != nullptr && at(K::kRightParen); });
    if (group) return report(stars, "cannot use double starred expression here");
    return unexpected();
  }
  Expr* first = star_named_expression();
  if (first == nullptr) return nullptr;
  if (at_comprehension()) {
    if (first->is<Starred>()) return report_unpacking_in_comprehension(first);
    GeneratorExp* e = make<GeneratorExp>();
    e->scope = kNoScope;
    e->elt = first;
    if (!comprehension_clauses(&e->generators) || !expect(K::kRightParen)) return nullptr;
    return finish(e, b);
  }
  if (at(K::kComma)) {
    Items<Expr*> items(*this);
    items.add(first);
    while (accept(K::kComma)) {
      if (at(K::kRightParen)) break;
      Expr* e = star_named_expression();
      if (e == nullptr) return nullptr;
      items.add(e);
    }
    Tuple* tuple = make<Tuple>();
    tuple->elts = items.take();
    return expect(K::kRightParen) ? finish(tuple, b) : nullptr;
  }
  if (first->is<Starred>()) {
    if (at(K::kRightParen)) return report_node(first, "cannot use starred expression here");
    return unexpected();
  }
  return expect(K::kRightParen) ? first : nullptr;
}

std::nullptr_t Parser::report_unpacking_in_comprehension(const Expr* starred) {
  Comprehension* unused = nullptr;
  bool clauses = trial([&] {
    List<Comprehension*> list;
    return comprehension_clauses(&list) && (unused = list.front()) != nullptr;
  });
  return clauses ? report_node(starred, "iterable unpacking cannot be used in comprehension") : unexpected();
}

// `[a, b for ...]`: what was meant is a tuple.
std::nullptr_t Parser::report_missing_target_parentheses(SourceRange elements) {
  bool clauses = trial([&] {
    List<Comprehension*> list;
    return comprehension_clauses(&list);
  });
  return clauses ? report(elements, "did you forget parentheses around the comprehension target?") : unexpected();
}

Expr* Parser::list_display() {
  uint32_t b = begin();
  advance();
  brackets_++;
  Expr* e = list_inside(b);
  brackets_--;
  return e;
}

Expr* Parser::list_inside(uint32_t b) {
  if (accept(K::kRightBracket)) return finish(make<ListExpr>(), b);
  Items<Expr*> items(*this);
  Expr* first = star_named_expression();
  if (first == nullptr) return nullptr;
  if (at_comprehension()) {
    if (first->is<Starred>()) return report_unpacking_in_comprehension(first);
    ListComp* e = make<ListComp>();
    e->scope = kNoScope;
    e->elt = first;
    if (!comprehension_clauses(&e->generators) || !expect(K::kRightBracket)) return nullptr;
    return finish(e, b);
  }
  items.add(first);
  while (accept(K::kComma)) {
    if (at(K::kRightBracket)) break;
    if (at_comprehension()) return report_missing_target_parentheses({first->range.begin, previous_end()});
    Expr* e = star_named_expression();
    if (e == nullptr) return nullptr;
    items.add(e);
    if (at_comprehension()) return report_missing_target_parentheses({first->range.begin, e->range.end});
  }
  ListExpr* e = make<ListExpr>();
  e->elts = items.take();
  return expect(K::kRightBracket) ? finish(e, b) : nullptr;
}

Expr* Parser::brace_display() {
  uint32_t b = begin();
  advance();
  brackets_++;
  Expr* e = brace_inside(b);
  brackets_--;
  return e;
}

Expr* Parser::brace_inside(uint32_t b) {
  if (accept(K::kRightBrace)) return finish(make<Dict>(), b);
  if (at(K::kDoubleStar)) return dict_inside(b, nullptr);
  bool parenthesized = at(K::kLeftParen);
  Expr* first = star_named_expression();
  if (first == nullptr) return nullptr;
  if (at(K::kColon) && !first->is<Starred>() && (parenthesized || !first->is<NamedExpr>())) return dict_inside(b, first);
  if (at_comprehension()) {
    if (first->is<Starred>()) return report_unpacking_in_comprehension(first);
    SetComp* e = make<SetComp>();
    e->scope = kNoScope;
    e->elt = first;
    if (!comprehension_clauses(&e->generators) || !expect(K::kRightBrace)) return nullptr;
    return finish(e, b);
  }
  Items<Expr*> items(*this);
  items.add(first);
  while (accept(K::kComma)) {
    if (at(K::kRightBrace)) break;
    if (at_comprehension()) return report_missing_target_parentheses({first->range.begin, previous_end()});
    Expr* e = star_named_expression();
    if (e == nullptr) return nullptr;
    items.add(e);
    if (at_comprehension()) return report_missing_target_parentheses({first->range.begin, e->range.end});
  }
  Set* e = make<Set>();
  e->elts = items.take();
  return expect(K::kRightBrace) ? finish(e, b) : nullptr;
}

// The rest of a dict display; `key` has been parsed already, unless it begins with `**`.
Expr* Parser::dict_inside(uint32_t b, Expr* key) {
  Items<Expr*> items(*this);  // key, value, key, value; a null key for `**`
  for (;;) {
    if (key == nullptr && at(K::kDoubleStar)) {
      SourceRange stars = current().range;
      advance();
      Expr* value = operators(kBitOr);
      if (value == nullptr) return nullptr;
      if (at_comprehension() && items.size() == 0) {
        bool clauses = trial([&] {
          List<Comprehension*> list;
          return comprehension_clauses(&list) && at(K::kRightBrace);
        });
        return clauses ? report(stars, "dict unpacking cannot be used in dict comprehension") : unexpected();
      }
      items.add(nullptr);
      items.add(value);
    } else {
      if (key == nullptr && (key = expression()) == nullptr) return nullptr;
      if (!at(K::kColon)) {
        if (forgotten_comma()) return nullptr;
        if (items.size() == 0) return unexpected();
        return report({key->range.end - 1, key->range.end}, "':' expected after dictionary key");
      }
      SourceRange colon = current().range;
      advance();
      if (at(K::kRightBrace) || at(K::kComma)) return report(colon, "expression expected after dictionary key and ':'");
      if (at(K::kStar)) {
        uint32_t star = begin();
        bool starred = trial([&] { return accept(K::kStar) && operators(kBitOr) != nullptr; });
        if (!starred) return unexpected();
        return report({star, tokens_[trial_end_ - 1].range.end},
                      "cannot use a starred expression in a dictionary value");
      }
      Expr* value = expression();
      if (value == nullptr) return nullptr;
      if (at_comprehension() && items.size() == 0) {
        DictComp* e = make<DictComp>();
        e->scope = kNoScope;
        e->key = key;
        e->value = value;
        if (!comprehension_clauses(&e->generators) || !expect(K::kRightBrace)) return nullptr;
        return finish(e, b);
      }
      items.add(key);
      items.add(value);
    }
    key = nullptr;
    if (!accept(K::kComma) || at(K::kRightBrace)) break;
  }
  if (!expect(K::kRightBrace)) return nullptr;
  Dict* e = make<Dict>();
  List<Expr*> flat = items.take();
  uint32_t n = flat.size() / 2;
  Items<Expr*> keys(*this);
  for (uint32_t i = 0; i < n; i++) keys.add(flat[2 * i]);
  for (uint32_t i = 0; i < n; i++) flat[i] = flat[2 * i + 1];
  e->keys = keys.take();
  e->values = {flat.data(), n};
  return finish(e, b);
}

Expr* Parser::call(Expr* func, uint32_t b) {
  uint32_t open = begin();
  advance();
  brackets_++;
  Expr* e = call_inside(func, b, open);
  brackets_--;
  return e;
}

Expr* Parser::call_inside(Expr* func, uint32_t b, uint32_t open) {
  Items<Expr*> args(*this);
  std::vector<Keyword*> keywords;
  bool seen_unpacking = false;
  const char* misplaced = nullptr;  // the message about a positional argument behind keywords
  while (!at(K::kRightParen)) {
    uint32_t arg_begin = begin();
    if (at(K::kStar)) {
      if (seen_unpacking && misplaced == nullptr)
        return report_token("iterable argument unpacking follows keyword argument unpacking");
      advance();
      Starred* starred = make<Starred>();
      starred->value = expression();
      if (starred->value == nullptr || finish(starred, arg_begin) == nullptr) return nullptr;
      if (at_comprehension() && args.size() == 0 && keywords.empty()) return report_unpacking_in_comprehension(starred);
      args.add(starred);
    } else if (at(K::kDoubleStar)) {
      advance();
      Keyword* keyword = make<Keyword>();
      keyword->value = expression();
      if (keyword->value == nullptr || finish(keyword, arg_begin) == nullptr) return nullptr;
      keywords.push_back(keyword);
      seen_unpacking = true;
    } else if (next_kind() == K::kEqual && (at(K::kName) || at(K::kTrue) || at(K::kFalse) || at(K::kNone))) {
      SourceRange name_equal{begin(), tokens_[position_ + 1].range.end};
      if (!at(K::kName)) return report(name_equal, "cannot assign to " + std::string(text()));
      Keyword* keyword = make<Keyword>();
      keyword->arg = take_name();
      advance();
      keyword->value = expression();
      if (keyword->value == nullptr) return nullptr;
      if (at_comprehension()) {
        bool clauses = trial([&] {
          List<Comprehension*> list;
          return comprehension_clauses(&list);
        });
        if (!clauses) return unexpected();
        return report(name_equal, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
      }
      if (finish(keyword, arg_begin) == nullptr) return nullptr;
      keywords.push_back(keyword);
    } else {
      Expr* e = at(K::kName) && next_kind() == K::kColonEqual ? named_expression() : expression();
      if (e == nullptr) return nullptr;
      if (at(K::kEqual)) {
        return report({e->range.begin, current().range.end},
                      "expression cannot contain assignment, perhaps you meant \"==\"?");
      }
      if (at_comprehension() && func == nullptr) return unexpected();  // not among the bases of a class
      if (at_comprehension()) {
        GeneratorExp* generator = make<GeneratorExp>();
        generator->scope = kNoScope;
        generator->elt = e;
        if (!comprehension_clauses(&generator->generators)) return nullptr;
        SourceRange whole{e->range.begin, previous_end()};
        bool alone = args.size() == 0 && keywords.empty();
        if (!at(K::kComma) && !at(K::kRightParen)) return unexpected();
        if (!alone || at(K::kComma)) return report(whole, "Generator expression must be parenthesized");
        // Like CPython's, the generator's range takes in the call's brackets.
        if (finish_range(generator, {open, current().range.end}) == nullptr) return nullptr;
        e = generator;
      }
      if (!keywords.empty() && misplaced == nullptr) {
        misplaced = seen_unpacking ? "positional argument follows keyword argument unpacking"
                                   : "positional argument follows keyword argument";
      }
      args.add(e);
    }
    if (!accept(K::kComma)) break;
  }
  if (misplaced != nullptr && (at(K::kRightParen) || !forgotten_comma())) return report_token(misplaced);
  if (!expect(K::kRightParen)) return nullptr;
  Call* e = make<Call>();
  e->func = func;
  e->args = args.take();
  e->keywords = arena_.copy_list(keywords.data(), keywords.size());
  return finish(e, b);
}

Expr* Parser::subscript(Expr* value, uint32_t b) {
  advance();
  brackets_++;
  Expr* e = subscript_inside(value, b);
  brackets_--;
  return e;
}

Expr* Parser::subscript_inside(Expr* value, uint32_t b) {
  uint32_t first = begin();
  Subscript* e = make<Subscript>();
  e->value = value;
  Expr* item = slice();
  if (item == nullptr) return nullptr;
  if (at(K::kComma) || item->is<Starred>()) {
    Items<Expr*> items(*this);
    items.add(item);
    while (accept(K::kComma)) {
      if (at(K::kRightBracket)) break;
      item = slice();
      if (item == nullptr) return nullptr;
      items.add(item);
    }
    Tuple* tuple = make<Tuple>();
    tuple->elts = items.take();
    item = finish(tuple, first);
    if (item == nullptr) return nullptr;
  }
  e->slice = item;
  return expect(K::kRightBracket) ? finish(e, b) : nullptr;
}

Expr* Parser::slice() {
  uint32_t b = begin();
  Expr* lower = nullptr;
  if (at(K::kStar)) {
    advance();
    Starred* starred = make<Starred>();
    starred->value = operators(kBitOr);
    if (starred->value == nullptr) return nullptr;
    return finish(starred, b);
  }
  if (!at(K::kColon)) {
    lower = named_expression();
    if (lower == nullptr || !at(K::kColon)) return lower;
  }
  advance();
  Slice* e = make<Slice>();
  e->lower = lower;
  auto at_end = [&] { return at(K::kColon) || at(K::kComma) || at(K::kRightBracket); };
  if (!at_end() && (e->upper = expression()) == nullptr) return nullptr;
  if (accept(K::kColon) && !at_end() && (e->step = expression()) == nullptr) return nullptr;
  return finish(e, b);
}

// ---- targets ----

bool Parser::set_context(Expr* e, ExprContext context) {
  switch (e->kind) {
    case NodeKind::kName: e->cast<Name>()->ctx = context; return true;
    case NodeKind::kAttribute: e->cast<Attribute>()->ctx = context; return true;
    case NodeKind::kSubscript: e->cast<Subscript>()->ctx = context; return true;
    case NodeKind::kStarred: {
      Starred* starred = e->cast<Starred>();
      if (context == ExprContext::kDel || starred->value->is<Starred>()) return false;
      starred->ctx = context;
      return set_context(starred->value, context);
    }
    case NodeKind::kListExpr: {
      e->cast<ListExpr>()->ctx = context;
      for (Expr* item : e->cast<ListExpr>()->elts)
        if (!set_context(item, context)) return false;
      return true;
    }
    case NodeKind::kTuple: {
      e->cast<Tuple>()->ctx = context;
      for (Expr* item : e->cast<Tuple>()->elts)
        if (!set_context(item, context)) return false;
      return true;
    }
    default: return false;
  }
}

const Expr* Parser::invalid_target(const Expr* e, TargetUse use) const {
  auto first_of = [&](const List<Expr*>& items) -> const Expr* {
    for (const Expr* item : items)
      if (const Expr* bad = invalid_target(item, use)) return bad;
    return nullptr;
  };
  switch (e->kind) {
    case NodeKind::kName:
    case NodeKind::kAttribute:
    case NodeKind::kSubscript: return nullptr;
    case NodeKind::kListExpr: return first_of(e->cast<ListExpr>()->elts);
    case NodeKind::kTuple: return first_of(e->cast<Tuple>()->elts);
    case NodeKind::kStarred: return use == TargetUse::kDelete ? e : invalid_target(e->cast<Starred>()->value, use);
    case NodeKind::kCompare: {
      // In `for (x in y)` the brackets are at fault.
      const Compare* compare = e->cast<Compare>();
      if (use != TargetUse::kFor) return e;
      return compare->ops[0] == CmpOperator::kIn ? invalid_target(compare->left, use) : nullptr;
    }
    default: return e;
  }
}

std::nullptr_t Parser::report_target(const Expr* e, TargetUse use) {
  const Expr* bad = invalid_target(e, use);
  if (bad == nullptr) return unexpected();
  return report_node(bad, (use == TargetUse::kDelete ? "cannot delete " : "cannot assign to ") + expression_noun(bad));
}

std::string expression_noun(const Expr* e) {
  switch (e->kind) {
    case NodeKind::kAttribute: return "attribute";
    case NodeKind::kSubscript: return "subscript";
    case NodeKind::kStarred: return "starred";
    case NodeKind::kName: return "name";
    case NodeKind::kListExpr: return "list";
    case NodeKind::kTuple: return "tuple";
    case NodeKind::kLambda: return "lambda";
    case NodeKind::kCall: return "function call";
    case NodeKind::kBoolOp:
    case NodeKind::kBinOp:
    case NodeKind::kUnaryOp: return "expression";
    case NodeKind::kGeneratorExp: return "generator expression";
    case NodeKind::kYield:
    case NodeKind::kYieldFrom: return "yield expression";
    case NodeKind::kListComp: return "list comprehension";
    case NodeKind::kSetComp: return "set comprehension";
    case NodeKind::kDictComp: return "dict comprehension";
    case NodeKind::kDict: return "dict literal";
    case NodeKind::kSet: return "set display";
    case NodeKind::kJoinedStr:
    case NodeKind::kFormattedValue: return "f-string expression";
    case NodeKind::kCompare: return "comparison";
    case NodeKind::kIfExp: return "conditional expression";
    case NodeKind::kNamedExpr: return "named expression";
    case NodeKind::kConstant:
      switch (e->cast<Constant>()->value.kind) {
        case ConstantKind::kNone: return "None";
        case ConstantKind::kTrue: return "True";
        case ConstantKind::kFalse: return "False";
        case ConstantKind::kEllipsis: return "ellipsis";
        default: return "literal";
      }
    default: TSVM_UNREACHABLE("not an expression");
  }
}

}  // namespace tsvm

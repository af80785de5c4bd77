// Expressions.
#include <cstring>

#include "ir/emit/emitter.h"
#include "parser/print.h"

namespace tsvm::ir {

namespace {

// What is made from more items than this is filled in pieces, so that no instruction needs that many registers.
constexpr uint32_t kManyItems = 128;
// A longer list of constants is copied from a tuple.
constexpr uint32_t kManyConstants = 8;

CompareOp compare_of(ast::CmpOperator op) {
  switch (op) {
    case ast::CmpOperator::kEq: return CompareOp::Eq;
    case ast::CmpOperator::kNotEq: return CompareOp::Ne;
    case ast::CmpOperator::kLt: return CompareOp::Lt;
    case ast::CmpOperator::kLtE: return CompareOp::Le;
    case ast::CmpOperator::kGt: return CompareOp::Gt;
    case ast::CmpOperator::kGtE: return CompareOp::Ge;
    case ast::CmpOperator::kIs: return CompareOp::Is;
    case ast::CmpOperator::kIsNot: return CompareOp::IsNot;
    case ast::CmpOperator::kIn: return CompareOp::In;
    case ast::CmpOperator::kNotIn: return CompareOp::NotIn;
  }
  TSVM_UNREACHABLE("a comparison that is none");
}

UnaryOp unary_of(ast::UnaryOperator op) {
  switch (op) {
    case ast::UnaryOperator::kInvert: return UnaryOp::Invert;
    case ast::UnaryOperator::kNot: return UnaryOp::Not;
    case ast::UnaryOperator::kUAdd: return UnaryOp::Pos;
    case ast::UnaryOperator::kUSub: return UnaryOp::Neg;
  }
  TSVM_UNREACHABLE("an operator that is none");
}

bool has_star(ast::List<ast::Expr*> items) {
  for (const ast::Expr* e : items)
    if (e->is<ast::Starred>()) return true;
  return false;
}

}  // namespace

ArithOp arith_of(ast::Operator op) {
  switch (op) {
    case ast::Operator::kAdd: return ArithOp::Add;
    case ast::Operator::kSub: return ArithOp::Sub;
    case ast::Operator::kMult: return ArithOp::Mul;
    case ast::Operator::kMatMult: return ArithOp::MatMul;
    case ast::Operator::kDiv: return ArithOp::TrueDiv;
    case ast::Operator::kMod: return ArithOp::Mod;
    case ast::Operator::kFloorDiv: return ArithOp::FloorDiv;
    case ast::Operator::kPow: return ArithOp::Pow;
    case ast::Operator::kLShift: return ArithOp::LShift;
    case ast::Operator::kRShift: return ArithOp::RShift;
    case ast::Operator::kBitOr: return ArithOp::Or;
    case ast::Operator::kBitXor: return ArithOp::Xor;
    case ast::Operator::kBitAnd: return ArithOp::And;
  }
  TSVM_UNREACHABLE("an operator that is none");
}

ValueId FunctionEmitter::value(const ast::Expr* e) {
  using K = ast::NodeKind;
  switch (e->kind) {
    case K::kBoolOp: return bool_value(*e->cast<ast::BoolOp>());
    case K::kNamedExpr: {
      const auto& n = *e->cast<ast::NamedExpr>();
      ValueId v = value(n.value);
      store(n.target, v);
      keep(n.target, n.value);
      return v;
    }
    case K::kBinOp: return binary_value(*e->cast<ast::BinOp>());
    case K::kUnaryOp: {
      const auto& u = *e->cast<ast::UnaryOp>();
      Constant folded;
      if (as_constant(e, folded)) {
        at(e->range);
        return ssa_.builder.constant(folded);
      }
      return emit(e->range, Opcode::Unary, {value(u.operand)}, unary_of(u.op));
    }
    case K::kLambda: {
      const auto& l = *e->cast<ast::Lambda>();
      return function_value({.node = e,
                             .scope = l.scope,
                             .name = "<lambda>",
                             .args = l.args,
                             .body = {},
                             .result = l.body,
                             .range = e->range,
                             .first_offset = e->range.begin});
    }
    case K::kIfExp: return conditional_value(*e->cast<ast::IfExp>());
    case K::kDict: return dict_value(*e->cast<ast::Dict>());
    case K::kSet: return set_value(*e->cast<ast::Set>());
    case K::kListComp: {
      const auto& c = *e->cast<ast::ListComp>();
      return comprehension_value(*e, c.scope, c.generators, "<listcomp>");
    }
    case K::kSetComp: {
      const auto& c = *e->cast<ast::SetComp>();
      return comprehension_value(*e, c.scope, c.generators, "<setcomp>");
    }
    case K::kDictComp: {
      const auto& c = *e->cast<ast::DictComp>();
      return comprehension_value(*e, c.scope, c.generators, "<dictcomp>");
    }
    case K::kGeneratorExp: return generator_value(*e->cast<ast::GeneratorExp>());
    case K::kYield: return yield_value(*e, e->cast<ast::Yield>()->value);
    case K::kYieldFrom: {
      ValueId iterator = emit(e->range, Opcode::GetIter, {value(e->cast<ast::YieldFrom>()->value)});
      return emit(e->range, Opcode::YieldFrom, {iterator});
    }
    case K::kCompare: return compare_value(*e->cast<ast::Compare>());
    case K::kCall: return call_value(*e->cast<ast::Call>());
    case K::kFormattedValue: return formatted_value(*e->cast<ast::FormattedValue>());
    case K::kJoinedStr: return joined_value(*e->cast<ast::JoinedStr>());
    case K::kConstant: at(e->range); return ssa_.builder.constant(to_constant(e->cast<ast::Constant>()->value));
    case K::kAttribute: return attribute_value(*e->cast<ast::Attribute>());
    case K::kSubscript: return subscript_value(*e->cast<ast::Subscript>());
    case K::kName: return load_name(e->cast<ast::Name>()->id, e->range);
    case K::kListExpr: {
      const auto& items = e->cast<ast::ListExpr>()->elts;
      return list_of({items.data(), items.size()}, e->range);
    }
    case K::kTuple: return tuple_value(*e->cast<ast::Tuple>());
    case K::kSlice: return slice_value(e);
    default: TSVM_UNREACHABLE("an expression that has no value");
  }
}

// --- constants ---

Constant FunctionEmitter::to_constant(const ast::ConstantValue& c) {
  Constant out;
  using K = ast::ConstantKind;
  switch (c.kind) {
    case K::kNone: break;
    case K::kTrue:
    case K::kFalse:
      out.kind = Constant::Kind::Bool;
      out.int_value = c.kind == K::kTrue;
      break;
    case K::kEllipsis: out.kind = Constant::Kind::Ellipsis; break;
    case K::kInt:
      out.kind = Constant::Kind::Int;
      out.int_value = c.int_value;
      break;
    case K::kBigInt:
      out.kind = Constant::Kind::BigInt;
      out.text = decimal_digits(c.text);
      break;
    case K::kFloat:
      out.kind = Constant::Kind::Float;
      out.float_value = c.float_value;
      break;
    case K::kImaginary:
      out.kind = Constant::Kind::Imaginary;
      out.float_value = c.float_value;
      break;
    case K::kStr:
      out.kind = Constant::Kind::Str;
      out.text = c.text;
      break;
    case K::kBytes:
      out.kind = Constant::Kind::Bytes;
      out.text = c.text;
      break;
  }
  return out;
}

bool FunctionEmitter::as_constant(const ast::Expr* e, Constant& out) {
  if (const auto* c = e->as<ast::Constant>()) {
    out = to_constant(c->value);
    return true;
  }
  if (const auto* u = e->as<ast::UnaryOp>(); u != nullptr && u->op == ast::UnaryOperator::kUSub) {
    const auto* c = u->operand->as<ast::Constant>();
    if (c == nullptr) return false;
    out = to_constant(c->value);
    switch (c->value.kind) {
      case ast::ConstantKind::kInt: out.int_value = -out.int_value; return true;
      case ast::ConstantKind::kFloat: out.float_value = -out.float_value; return true;
      case ast::ConstantKind::kBigInt:
        if (out.text == "9223372036854775808") {
          out = Constant{};
          out.kind = Constant::Kind::Int;
          out.int_value = INT64_MIN;
        } else {
          out.text.insert(0, 1, '-');
        }
        return true;
      default: return false;
    }
  }
  if (const auto* t = e->as<ast::Tuple>()) {
    out = Constant{};
    out.kind = Constant::Kind::Tuple;
    for (const ast::Expr* item : t->elts) {
      Constant c;
      if (!as_constant(item, c)) return false;
      out.items.push_back(m_.module->intern(c));
    }
    return true;
  }
  return false;
}

std::optional<bool> FunctionEmitter::constant_truth(const ast::Expr* e) {
  if (const auto* n = e->as<ast::Name>(); n != nullptr && n->id == "__debug__") return true;
  const auto* c = e->as<ast::Constant>();
  if (c == nullptr) return std::nullopt;
  using K = ast::ConstantKind;
  switch (c->value.kind) {
    case K::kNone:
    case K::kFalse: return false;
    case K::kTrue:
    case K::kEllipsis:
    case K::kBigInt: return true;
    case K::kInt: return c->value.int_value != 0;
    case K::kFloat:
    case K::kImaginary: return c->value.float_value != 0;
    case K::kStr:
    case K::kBytes: return !c->value.text.empty();
  }
  TSVM_UNREACHABLE("a literal that is none");
}

ValueId FunctionEmitter::text(std::string_view s) {
  Constant c;
  c.kind = Constant::Kind::Str;
  c.text = s;
  return ssa_.builder.constant(c);
}

ValueId FunctionEmitter::integer(int64_t i) {
  Constant c;
  c.kind = Constant::Kind::Int;
  c.int_value = i;
  return ssa_.builder.constant(c);
}

// --- operators ---

// A chain of operators leans to the left and may be long: it is followed with a list, not by recursion.
ValueId FunctionEmitter::binary_value(const ast::BinOp& e) {
  SmallVector<const ast::BinOp*, 8> chain;
  const ast::Expr* first = &e;
  while (const auto* b = first->as<ast::BinOp>()) {
    chain.push_back(b);
    first = b->left;
  }
  ValueId v = value(first);
  for (size_t i = chain.size(); i-- > 0;) {
    ValueId right = value(chain[i]->right);
    v = emit(chain[i]->range, Opcode::Binary, {v, right}, arith_of(chain[i]->op));
  }
  return v;
}

// Each operand's truth is asked for once, also when `and` and `or` are nested.
ValueId FunctionEmitter::bool_value(const ast::BoolOp& e) {
  BlockId end = block();
  ValueId result = ssa_.add_param(end);
  for (size_t i = 0; i + 1 < e.values.size(); i++) {
    BlockId next = block();
    bool_operand(e.values[i], e.op == ast::BoolOperator::kOr, end, next, e.range);
    ssa_.enter(next);
    if (!live()) break;
  }
  if (live()) {
    ValueId last = value(e.values.back());
    at(e.range);
    ssa_.jump(end, last);
  }
  ssa_.enter(end);
  return result;
}

// Jumps to `end` with the value when its truth is `stop_on`, to `next` when not.
void FunctionEmitter::bool_operand(const ast::Expr* e, bool stop_on, BlockId end, BlockId next, SourceRange range) {
  if (const auto* b = e->as<ast::BoolOp>()) {
    bool decided_by = b->op == ast::BoolOperator::kOr;  // the truth of an operand that decides
    for (size_t i = 0; i + 1 < b->values.size(); i++) {
      BlockId go_on = block();
      if (decided_by == stop_on)
        bool_operand(b->values[i], stop_on, end, go_on, range);
      else if (decided_by)
        branch_on(b->values[i], next, go_on, range);
      else
        branch_on(b->values[i], go_on, next, range);
      ssa_.enter(go_on);
      if (!live()) return;
    }
    return bool_operand(b->values.back(), stop_on, end, next, range);
  }
  if (std::optional<bool> known = constant_truth(e)) {
    if (*known == stop_on) {
      ValueId v = value(e);
      ssa_.jump(end, v);
    } else {
      ssa_.jump(next);
    }
    return;
  }
  ValueId v = value(e);
  ValueId test = emit(range, Opcode::Truth, {v});
  if (stop_on)
    ssa_.branch(test, end, next, std::span(&v, 1), {});
  else
    ssa_.branch(test, next, end, {}, std::span(&v, 1));
}

ValueId FunctionEmitter::conditional_value(const ast::IfExp& e) {
  BlockId then = block();
  BlockId otherwise = block();
  BlockId end = block();
  ValueId result = ssa_.add_param(end);
  SourceRange range = e.range;
  branch_on(e.test, then, otherwise, range);
  ssa_.enter(then);
  if (live()) {
    ValueId v = value(e.body);
    ssa_.jump(end, v);
  }
  ssa_.enter(otherwise);
  if (live()) {
    ValueId v = value(e.orelse);
    ssa_.jump(end, v);
  }
  ssa_.enter(end);
  return result;
}

// The right side of a comparison; `x in [1, 2]` needs no list.
ValueId FunctionEmitter::comparator(const ast::Compare& e, size_t i) {
  const ast::Expr* right = e.comparators[i];
  if (e.ops[i] == ast::CmpOperator::kIn || e.ops[i] == ast::CmpOperator::kNotIn) {
    const ast::List<ast::Expr*>* items = nullptr;
    Constant out;
    out.kind = Constant::Kind::Tuple;
    if (const auto* list = right->as<ast::ListExpr>()) items = &list->elts;
    if (const auto* set = right->as<ast::Set>()) {
      items = &set->elts;
      out.kind = Constant::Kind::FrozenSet;
    }
    if (items != nullptr && constant_items(*items, out)) {
      at(right->range);
      return ssa_.builder.constant(out);
    }
  }
  return value(right);
}

bool FunctionEmitter::constant_items(ast::List<ast::Expr*> items, Constant& out) {
  out.items.clear();
  for (const ast::Expr* item : items) {
    Constant c;
    if (!as_constant(item, c)) return false;
    out.items.push_back(m_.module->intern(c));
  }
  return true;
}

ValueId FunctionEmitter::compare_value(const ast::Compare& e) {
  ValueId left = value(e.left);
  if (e.ops.size() == 1) {
    ValueId right = comparator(e, 0);
    return emit(e.range, Opcode::Compare, {left, right}, compare_of(e.ops[0]));
  }
  BlockId end = block();
  ValueId result = ssa_.add_param(end);
  for (size_t i = 0;; i++) {
    ValueId right = comparator(e, i);
    ValueId v = emit(e.range, Opcode::Compare, {left, right}, compare_of(e.ops[i]));
    if (i + 1 == e.ops.size()) {
      ssa_.jump(end, v);
      break;
    }
    ValueId test = emit(e.range, Opcode::Truth, {v});
    BlockId next = block();
    ssa_.branch(test, next, end, {}, std::span(&v, 1));
    ssa_.enter(next);
    left = right;
  }
  ssa_.enter(end);
  return result;
}

void FunctionEmitter::branch_on_comparisons(const ast::Compare& e, BlockId then, BlockId otherwise) {
  ValueId left = value(e.left);
  for (size_t i = 0;; i++) {
    ValueId right = comparator(e, i);
    ValueId v = emit(e.range, Opcode::Compare, {left, right}, compare_of(e.ops[i]));
    ValueId test = emit(e.range, Opcode::Truth, {v});
    if (i + 1 == e.ops.size()) return ssa_.branch(test, then, otherwise);
    BlockId next = block();
    ssa_.branch(test, next, otherwise);
    ssa_.enter(next);
    left = right;
  }
}

void FunctionEmitter::branch_on(const ast::Expr* e, BlockId then, BlockId otherwise, SourceRange& range) {
  while (const auto* u = e->as<ast::UnaryOp>()) {
    if (u->op != ast::UnaryOperator::kNot) break;
    std::swap(then, otherwise);
    e = u->operand;
  }
  if (e->is<ast::Compare>()) range = e->range;
  if (std::optional<bool> known = constant_truth(e)) return ssa_.jump(*known ? then : otherwise);
  if (const auto* b = e->as<ast::BoolOp>()) {
    for (size_t i = 0; i + 1 < b->values.size(); i++) {
      BlockId next = block();
      if (b->op == ast::BoolOperator::kAnd)
        branch_on(b->values[i], next, otherwise, range);
      else
        branch_on(b->values[i], then, next, range);
      ssa_.enter(next);
      if (!live()) return;
    }
    return branch_on(b->values.back(), then, otherwise, range);
  }
  if (const auto* c = e->as<ast::IfExp>()) {
    BlockId first = block();
    BlockId second = block();
    branch_on(c->test, first, second, range);
    ssa_.enter(first);
    if (live()) branch_on(c->body, then, otherwise, range);
    ssa_.enter(second);
    if (live()) branch_on(c->orelse, then, otherwise, range);
    return;
  }
  if (const auto* c = e->as<ast::Compare>(); c != nullptr && c->ops.size() > 1)
    return branch_on_comparisons(*c, then, otherwise);
  ValueId v = value(e);
  ssa_.branch(emit(range, Opcode::Truth, {v}), then, otherwise);
}

// --- attributes and subscripts ---

// When an attribute is on another line than the start of its object, CPython marks the attribute only.
SourceRange FunctionEmitter::attribute_range(const ast::Attribute& e) const {
  SourceRange range = e.range;
  if (m_.line_of(range.begin) != m_.line_of(range.end)) range.begin = e.attr_range.begin;
  return range;
}

SourceRange FunctionEmitter::method_call_range(const ast::Call& e, const ast::Attribute& method) const {
  SourceRange range = e.range;
  if (m_.line_of(range.begin) != m_.line_of(method.range.end)) range.begin = method.attr_range.begin;
  return range;
}

ValueId FunctionEmitter::attribute_value(const ast::Attribute& e) {
  ValueId object = value(e.value);
  return emit(attribute_range(e), Opcode::LoadAttr, {object}, m_.name(e.attr));
}

ValueId FunctionEmitter::subscript_value(const ast::Subscript& e) {
  ValueId object = value(e.value);
  ValueId key = slice_value(e.slice);
  return emit(e.range, Opcode::LoadItem, {object, key});
}

ValueId FunctionEmitter::slice_value(const ast::Expr* e) {
  const auto* s = e->as<ast::Slice>();
  if (s == nullptr) return value(e);
  auto part = [&](const ast::Expr* p) {
    at(e->range);
    return p == nullptr ? none() : value(p);
  };
  ValueId lower = part(s->lower);
  ValueId upper = part(s->upper);
  ValueId step = part(s->step);
  return emit(e->range, Opcode::MakeSlice, {lower, upper, step});
}

// --- calls ---

/// Evaluating it runs no code and shows nothing, whenever it is done.
bool FunctionEmitter::is_simple(const ast::Expr* e) const {
  if (e->is<ast::Constant>() || e->is<ast::Name>()) return true;
  if (const auto* u = e->as<ast::UnaryOp>()) return u->operand->is<ast::Constant>();
  return false;
}

ValueId FunctionEmitter::call(SourceRange range, ValueId callee, std::initializer_list<ValueId> arguments) {
  SmallVector<ValueId, 8> operands;
  operands.push_back(callee);
  for (ValueId v : arguments) operands.push_back(v);
  CallShape shape;
  shape.positional = static_cast<uint32_t>(arguments.size());
  return emit(range, Opcode::Call, std::span<const ValueId>(operands.data(), operands.size()),
              m_.module->intern(shape));
}

ValueId FunctionEmitter::call_value(const ast::Call& e) {
  const auto* method = e.func->as<ast::Attribute>();
  if (method == nullptr) {
    if (const auto* name = e.func->as<ast::Name>(); name != nullptr && name->id == "super" && e.args.empty() &&
                                                    e.keywords.empty() &&
                                                    place_of(name->id).kind == Place::Kind::Global)
      return super_value(e);
    if (ValueId v = introspecting_call(e)) return v;
    std::vector<ValueId> operands{value(e.func)};
    CallShape shape = arguments(e.args, e.keywords, operands);
    return emit(e.range, Opcode::Call, operands, m_.module->intern(shape));
  }
  bool starred = has_star(e.args);
  bool simple = true;
  for (const ast::Expr* a : e.args) simple = simple && is_simple(a);
  for (const ast::Keyword* k : e.keywords) {
    starred = starred || k->arg.empty();
    simple = simple && is_simple(k->value);
  }
  SourceRange range = starred ? e.range : method_call_range(e, *method);
  std::vector<ValueId> operands{value(method->value)};
  if (simple && !starred) {
    CallShape shape = arguments(e.args, e.keywords, operands);
    shape.method = m_.name(method->attr);
    return emit(range, Opcode::CallMethod, operands, m_.module->intern(shape));
  }
  operands[0] = emit(attribute_range(*method), Opcode::LoadAttr, {operands[0]}, m_.name(method->attr));
  CallShape shape = arguments(e.args, e.keywords, operands);
  return emit(range, Opcode::Call, operands, m_.module->intern(shape));
}

CallShape FunctionEmitter::arguments(ast::List<ast::Expr*> args, ast::List<ast::Keyword*> keywords,
                                     std::vector<ValueId>& operands) {
  CallShape shape;
  bool starred = has_star(args);
  for (const ast::Keyword* k : keywords) starred = starred || k->arg.empty();
  if (!starred && args.size() <= kManyItems) {
    for (const ast::Expr* a : args) operands.push_back(value(a));
    shape.positional = args.size();
    for (const ast::Keyword* k : keywords) {
      operands.push_back(value(k->value));
      shape.keywords.push_back(m_.name(k->arg));
    }
    return shape;
  }
  // A starred argument is iterated before what follows it is evaluated: when that shows, the list is made here.
  bool shows = args.size() > kManyItems;
  bool after_star = false;
  for (const ast::Expr* a : args) {
    if (after_star && !is_simple(a->is<ast::Starred>() ? a->cast<ast::Starred>()->value : a)) shows = true;
    after_star = after_star || a->is<ast::Starred>();
  }
  for (const ast::Keyword* k : keywords)
    if (after_star && !is_simple(k->value)) shows = true;
  if (shows) {
    operands.push_back(list_of({args.data(), args.size()}, args[0]->range));
    shape.starred += '*';
  } else {
    for (const ast::Expr* a : args) {
      const auto* star = a->as<ast::Starred>();
      operands.push_back(value(star != nullptr ? star->value : a));
      shape.starred += star != nullptr ? '*' : 'p';
    }
  }
  for (const ast::Keyword* k : keywords) {
    operands.push_back(value(k->value));
    shape.starred += k->arg.empty() ? 'd' : 'k';
    if (!k->arg.empty()) shape.keywords.push_back(m_.name(k->arg));
  }
  return shape;
}

// --- displays ---

ValueId FunctionEmitter::list_of(std::span<ast::Expr* const> items, SourceRange range) {
  ast::List<ast::Expr*> list(const_cast<ast::Expr**>(items.data()), static_cast<uint32_t>(items.size()));
  Constant all;
  all.kind = Constant::Kind::Tuple;
  if (items.size() > kManyConstants && constant_items(list, all)) {
    ValueId result = emit(range, Opcode::MakeList, {});
    ValueId tuple = ssa_.builder.constant(all);
    emit(range, Opcode::ListExtend, {result, tuple});
    return result;
  }
  std::vector<ValueId> first;
  size_t i = 0;
  for (; i < items.size() && i < kManyItems && !items[i]->is<ast::Starred>(); i++) first.push_back(value(items[i]));
  ValueId result = emit(range, Opcode::MakeList, first);
  for (; i < items.size(); i++) {
    if (const auto* star = items[i]->as<ast::Starred>()) {
      ValueId v = value(star->value);
      emit(range, Opcode::ListExtend, {result, v});
    } else {
      ValueId v = value(items[i]);
      emit(range, Opcode::ListAppend, {result, v});
    }
  }
  return result;
}

ValueId FunctionEmitter::tuple_value(const ast::Tuple& e) {
  Constant folded;
  if (as_constant(&e, folded)) {
    at(e.range);
    return ssa_.builder.constant(folded);
  }
  if (has_star(e.elts) || e.elts.size() > kManyItems)
    return emit(e.range, Opcode::ListToTuple, {list_of({e.elts.data(), e.elts.size()}, e.range)});
  std::vector<ValueId> items;
  for (const ast::Expr* item : e.elts) items.push_back(value(item));
  return emit(e.range, Opcode::MakeTuple, items);
}

ValueId FunctionEmitter::set_value(const ast::Set& e) {
  std::vector<ValueId> first;
  size_t i = 0;
  for (; i < e.elts.size() && i < kManyItems && !e.elts[i]->is<ast::Starred>(); i++) first.push_back(value(e.elts[i]));
  ValueId result = emit(e.range, Opcode::MakeSet, first);
  for (; i < e.elts.size(); i++) {
    if (const auto* star = e.elts[i]->as<ast::Starred>()) {
      ValueId v = value(star->value);
      emit(e.range, Opcode::SetUpdate, {result, v});
    } else {
      ValueId v = value(e.elts[i]);
      emit(e.range, Opcode::SetAdd, {result, v});
    }
  }
  return result;
}

// Pairs are evaluated in runs, as CPython does: keys are hashed when a run ends.
ValueId FunctionEmitter::dict_value(const ast::Dict& e) {
  std::vector<ValueId> run;
  ValueId result;
  auto end_run = [&] {
    if (!result) {
      result = emit(e.range, Opcode::MakeDict, run);
    } else {
      for (size_t i = 0; i < run.size(); i += 2) emit(e.range, Opcode::DictSet, {result, run[i], run[i + 1]});
    }
    run.clear();
  };
  for (size_t i = 0; i < e.keys.size(); i++) {
    if (e.keys[i] == nullptr) {
      if (!result || !run.empty()) end_run();
      ValueId v = value(e.values[i]);
      emit(e.range, Opcode::DictUpdate, {result, v});
      continue;
    }
    run.push_back(value(e.keys[i]));
    run.push_back(value(e.values[i]));
    if (run.size() >= kManyItems) end_run();
  }
  if (!result || !run.empty()) end_run();
  return result;
}

ValueId FunctionEmitter::formatted_value(const ast::FormattedValue& e) {
  ValueId v = value(e.value);
  auto conversion = static_cast<uint32_t>(e.conversion < 0 ? 0 : e.conversion);
  if (e.format_spec == nullptr) return emit(e.range, Opcode::FormatValue, {v}, conversion);
  ValueId spec = value(e.format_spec);
  return emit(e.range, Opcode::FormatValue, {v, spec}, conversion);
}

ValueId FunctionEmitter::joined_value(const ast::JoinedStr& e) {
  if (e.values.empty()) {
    at(e.range);
    return text("");
  }
  std::vector<ValueId> parts;
  for (const ast::Expr* part : e.values) {
    parts.push_back(value(part));
    if (parts.size() == kManyItems) parts.assign(1, emit(e.range, Opcode::BuildString, parts));
  }
  return parts.size() == 1 ? parts[0] : emit(e.range, Opcode::BuildString, parts);
}

ValueId FunctionEmitter::yield_value(const ast::Expr& e, const ast::Expr* operand) {
  at(e.range);
  ValueId v = operand == nullptr ? none() : value(operand);
  return emit(e.range, Opcode::Yield, {v});
}

}  // namespace tsvm::ir

// Expressions: conditions with what they prove, operators, displays, comprehensions, subscripts.
#include "base/check.h"
#include "ir/script/compiler.h"
#include "ir/script/scope.h"

namespace tsvm::script {

const char* binary_op_name(ast::Operator o);
const char* binary_magic(ast::Operator o);

Value* Compiler::value(const ast::Expr* e, TypeId hint) { return sugared(e, 1, hint)->as_value(*this, e->range); }

SugaredPtr Compiler::sugared(const ast::Expr* e, size_t binders, TypeId hint) {
  switch (e->kind) {
    case ast::NodeKind::kName: {
      const auto* n = e->cast<ast::Name>();
      return variable(std::string(n->id), e->range);
    }
    case ast::NodeKind::kConstant: return literal(*e->cast<ast::Constant>());
    case ast::NodeKind::kAttribute: {
      const auto* a = e->cast<ast::Attribute>();
      return sugared(a->value)->attr(*this, e->range, std::string(a->attr));
    }
    case ast::NodeKind::kCall: return call_expression(*e->cast<ast::Call>(), binders, hint);
    case ast::NodeKind::kBinOp: return binary(*e->cast<ast::BinOp>());
    case ast::NodeKind::kUnaryOp: return unary(*e->cast<ast::UnaryOp>());
    case ast::NodeKind::kCompare: return compare(*e->cast<ast::Compare>());
    case ast::NodeKind::kBoolOp: {
      Condition c = condition(e);
      return simple(c.value ? c.value : boolean(*c.known, e->range));
    }
    case ast::NodeKind::kIfExp: return conditional(*e->cast<ast::IfExp>(), hint);
    case ast::NodeKind::kTuple: {
      const auto* t = e->cast<ast::Tuple>();
      std::vector<SugaredPtr> items;
      for (size_t i = 0; i < t->elts.size(); i++) {
        TypeId item_hint;
        if (hint && program.types.kind(hint) == TypeKind::Tuple && program.types[hint].args.size() == t->elts.size())
          item_hint = program.element(hint, i);
        if (const auto* star = t->elts[i]->as<ast::Starred>()) {
          for (SugaredPtr& inner : sugared(star->value)->as_tuple(*this, star->range, std::nullopt))
            items.push_back(inner);
          continue;
        }
        items.push_back(sugared(t->elts[i], 1, item_hint));
      }
      return std::make_shared<TupleSugared>(std::move(items));
    }
    case ast::NodeKind::kListExpr: return list_display(*e->cast<ast::ListExpr>(), hint);
    case ast::NodeKind::kDict: return dict_display(*e->cast<ast::Dict>(), hint);
    case ast::NodeKind::kListComp: return list_comprehension(*e->cast<ast::ListComp>(), hint);
    case ast::NodeKind::kDictComp: return dict_comprehension(*e->cast<ast::DictComp>(), hint);
    case ast::NodeKind::kJoinedStr: return formatted(*e->cast<ast::JoinedStr>());
    case ast::NodeKind::kSubscript: {
      const auto* s = e->cast<ast::Subscript>();
      return subscript(sugared(s->value), s->slice, e->range, hint);
    }
    case ast::NodeKind::kGeneratorExp: {
      // all(... for ...) and the like see a list.
      const auto* g = e->cast<ast::GeneratorExp>();
      ast::ListComp as_list;
      as_list.range = g->range;
      as_list.elt = g->elt;
      as_list.generators = g->generators;
      return list_comprehension(as_list, hint);
    }
    default: error(e->range, std::string(ast::node_name(e->kind)) + " aren't supported", ErrorClass::UnsupportedNode);
  }
}

SugaredPtr Compiler::literal(const ast::Constant& e) {
  const ast::ConstantValue& v = e.value;
  auto make = [](Const c, TypeId t) -> SugaredPtr { return std::make_shared<ConstantSugared>(std::move(c), t); };
  switch (v.kind) {
    case ast::ConstantKind::kNone: return make(Const{}, types::None);
    case ast::ConstantKind::kTrue: return make(Const::boolean(true), types::Bool);
    case ast::ConstantKind::kFalse: return make(Const::boolean(false), types::Bool);
    case ast::ConstantKind::kInt: return make(Const::integer(v.int_value), types::I64);
    case ast::ConstantKind::kFloat: return make(Const::number(v.float_value), types::F64);
    case ast::ConstantKind::kImaginary: {
      Const c;
      c.kind = Const::Kind::Complex;
      c.imag = v.float_value;
      return make(c, types::Complex);
    }
    case ast::ConstantKind::kStr: return make(Const::text(v.text), types::Str);
    case ast::ConstantKind::kBigInt: error(e.range, "Number is too big");
    case ast::ConstantKind::kBytes: error(e.range, "bytes aren't supported", ErrorClass::NotSupported);
    case ast::ConstantKind::kEllipsis: error(e.range, "Ellipsis aren't supported here", ErrorClass::NotSupported);
  }
  TSVM_UNREACHABLE("literal");
}

// --- conditions ---

Value* Compiler::to_bool(Value* v, SourceRange r) {
  if (v->type == types::Bool) return v;
  if (v->type == types::Tensor || v->type == types::I64 || v->type == types::F64)
    return call_value("aten::Bool", r, {v});
  if (ClassInfo* c = program.class_of(v->type); c && c->kind == ClassInfo::Kind::Script) {
    if (c->method("__bool__")) return simple(v)->attr(*this, r, "__bool__")->call(*this, r, {}, 1)->as_value(*this, r);
  }
  error(r, "Could not cast value of type " + text(v->type) + " to bool");
}

Value* Compiler::condition_value(const ast::Expr* e) {
  Condition c = condition(e);
  return c.value ? c.value : boolean(*c.known, e->range);
}

Condition Compiler::condition(const ast::Expr* e) {
  Condition out;
  if (const auto* u = e->as<ast::UnaryOp>(); u && u->op == ast::UnaryOperator::kNot) {
    Condition inner = condition(u->operand);
    if (inner.known) {
      out.known = !*inner.known;
    } else {
      out.value = call_value("aten::__not__", e->range, {inner.value});
    }
    out.when_true = std::move(inner.when_false);
    out.when_false = std::move(inner.when_true);
    return out;
  }
  if (const auto* b = e->as<ast::BoolOp>()) {
    out.value = short_circuit(*b, 0, out);
    return out;
  }
  if (const auto* cmp = e->as<ast::Compare>(); cmp && cmp->ops.size() == 1) {
    ast::CmpOperator o = cmp->ops[0];
    auto is_none = [](const ast::Expr* x) {
      const auto* c = x->as<ast::Constant>();
      return c && c->value.kind == ast::ConstantKind::kNone;
    };
    if ((o == ast::CmpOperator::kIs || o == ast::CmpOperator::kIsNot) &&
        (is_none(cmp->left) || is_none(cmp->comparators[0]))) {
      const ast::Expr* tested = is_none(cmp->comparators[0]) ? cmp->left : cmp->comparators[0];
      Value* v = value(tested);
      bool is = o == ast::CmpOperator::kIs;
      TypeId rest = v->type == types::None ? TypeId() : program.without(v->type, {types::None});
      bool can_be_none = v->type == types::ScriptAny || program.is_subtype(types::None, v->type);
      if (v->type == types::None) {
        out.known = is;
        return out;
      }
      if (!can_be_none) {
        out.known = !is;
        return out;
      }
      out.value = call_value(is ? "aten::__is__" : "aten::__isnot__", e->range, {v, none(e->range)});
      if (const auto* name = tested->as<ast::Name>(); name && rest && v->type != types::ScriptAny) {
        Refinement not_none{std::string(name->id), rest}, none_there{std::string(name->id), types::None};
        (is ? out.when_true : out.when_false).push_back(none_there);
        (is ? out.when_false : out.when_true).push_back(not_none);
      }
      return out;
    }
  }
  if (const auto* call = e->as<ast::Call>()) {
    SugaredPtr callee = nullptr;
    if (call->func->is<ast::Name>() || call->func->is<ast::Attribute>()) {
      callee = sugared(call->func);
      if (const auto* s = dynamic_cast<SpecialForm*>(callee.get())) {
        if (s->form == Special::IsInstance) {
          out.value = is_instance(e->range, *call, out);
          return out;
        }
        if (s->form == Special::HasAttr) {
          if (call->args.size() != 2) error(e->range, "hasattr expected exactly 2 arguments");
          const auto* name = call->args[1]->as<ast::Constant>();
          if (!name || name->value.kind != ast::ConstantKind::kStr)
            error(call->args[1]->range, "hasattr's second argument must be a string literal");
          SugaredPtr object = sugared(call->args[0]);
          // The library asks so whether it got one number or several.
          if (function.is_library && name->value.text == "__iter__") {
            TypeId t = object->known() ? TypeId() : object->as_value(*this, e->range)->type;
            out.known = t && t != types::I64 && t != types::F64 && t != types::Bool;
            return out;
          }
          out.known = object->has_attr(*this, e->range, std::string(name->value.text));
          return out;
        }
        if (s->form == Special::IsScripting || s->form == Special::IsTracing) {
          out.known = s->form == Special::IsScripting;
          return out;
        }
      }
    }
  }
  SugaredPtr v = sugared(e);
  if (const Const* c = v->known()) {
    // Literals and module constants decide branches when compiled; so do constants of library functions.
    switch (c->kind) {
      case Const::Kind::Bool: out.known = c->i != 0; return out;
      case Const::Kind::None:
        if (function.is_library) {
          out.known = false;
          return out;
        }
        break;
      case Const::Kind::Int:
        if (function.is_library) {
          out.known = c->i != 0;
          return out;
        }
        break;
      case Const::Kind::Str:
        if (function.is_library) {
          out.known = !c->s.empty();
          return out;
        }
        break;
      default: break;
    }
  }
  out.value = to_bool(v->as_value(*this, e->range), e->range);
  return out;
}

// a and b and c, from the i-th on. What the left operands prove holds while the right ones are checked.
Value* Compiler::short_circuit(const ast::BoolOp& e, size_t from, Condition& out) {
  bool is_and = e.op == ast::BoolOperator::kAnd;
  Condition first = condition(e.values[from]);
  if (from + 1 == e.values.size()) {
    out = first;
    return first.value;
  }
  if (first.known) {
    if (*first.known != is_and) {
      out = first;
      return nullptr;
    }
    refine(is_and ? first.when_true : first.when_false, e.range);
    return short_circuit(e, from + 1, out);
  }
  Condition rest;
  Node* n = node(NodeKind::If, e.range, {first.value});
  n->blocks = {graph.new_block(n), graph.new_block(n)};
  auto run = [&](Block* b, const Refinements& known, bool evaluates) {
    push_scope(b);
    refine(known, e.range);
    Value* v;
    if (evaluates) {
      v = short_circuit(e, from + 1, rest);
      if (!v) v = boolean(*rest.known, e.range);
    } else {
      v = boolean(!is_and, e.range);
    }
    b->results = {v};
    pop_scope();
  };
  run(n->blocks[0], first.when_true, is_and);
  run(n->blocks[1], first.when_false, !is_and);
  Value* result = with_output(n, types::Bool);
  Refinements& both = is_and ? out.when_true : out.when_false;
  const Refinements& left = is_and ? first.when_true : first.when_false;
  const Refinements& right = is_and ? rest.when_true : rest.when_false;
  both = left;
  for (const Refinement& x : right) {
    bool replaced = false;
    for (Refinement& y : both)
      if (y.name == x.name) {
        y = x;
        replaced = true;
      }
    if (!replaced) both.push_back(x);
  }
  // Of the other outcome only what both sides prove is known.
  Refinements& either = is_and ? out.when_false : out.when_true;
  const Refinements& other_left = is_and ? first.when_false : first.when_true;
  const Refinements& other_right = is_and ? rest.when_false : rest.when_true;
  for (const Refinement& x : other_left)
    for (const Refinement& y : other_right)
      if (x.name == y.name)
        if (TypeId t = program.unify(x.type, y.type)) either.push_back({x.name, t});
  return result;
}

std::vector<TypeId> Compiler::isinstance_types(const ast::Expr* e) {
  std::vector<TypeId> out;
  if (const auto* t = e->as<ast::Tuple>()) {
    for (const ast::Expr* x : t->elts)
      for (TypeId type : isinstance_types(x)) out.push_back(type);
    return out;
  }
  if (const auto* n = e->as<ast::Name>()) {
    if (n->id == "list") return {types::AnyList};
    if (n->id == "tuple") return {types::AnyTuple};
    if (n->id == "dict") return {types::AnyDict};
  }
  return {annotation(e)};
}

Value* Compiler::is_instance(SourceRange r, const ast::Call& call, Condition& out) {
  if (call.args.size() != 2) error(r, "isinstance expected exactly 2 arguments");
  SugaredPtr tested = sugared(call.args[0]);
  std::vector<TypeId> wanted = isinstance_types(call.args[1]);
  if (auto* m = dynamic_cast<ModuleSugared*>(tested.get())) {
    bool is = false;
    for (TypeId t : wanted) is |= m->info->type == t;
    out.known = is;
    return nullptr;
  }
  Value* v = tested->as_value(*this, r);
  bool all = true, any = false;
  std::vector<TypeId> yes, no;
  for (TypeId a : program.alternatives(v->type)) {
    bool fits = false, may = a == types::ScriptAny;
    for (TypeId w : wanted) {
      fits |= program.is_subtype(a, w);
      may |= program.is_subtype(w, a);
    }
    all &= fits;
    any |= fits || may;
    if (fits || may) yes.push_back(a);
    if (!fits) no.push_back(a);
  }
  if (all || !any) {
    out.known = all;
    return nullptr;
  }
  Node* n = node(NodeKind::IsInstance, r, {v});
  n->types = wanted;
  if (const auto* name = call.args[0]->as<ast::Name>()) {
    TypeId when_true = v->type == types::ScriptAny ? (wanted.size() == 1 ? wanted[0] : program.types.union_of(wanted))
                                                   : (yes.size() == 1 ? yes[0] : program.types.union_of(yes));
    bool generic = when_true == types::AnyList || when_true == types::AnyTuple || when_true == types::AnyDict;
    if (!generic) out.when_true.push_back({std::string(name->id), when_true});
    if (v->type != types::ScriptAny && !no.empty())
      out.when_false.push_back({std::string(name->id), no.size() == 1 ? no[0] : program.types.union_of(no)});
  }
  return with_output(n, types::Bool);
}

// --- operators ---

SugaredPtr Compiler::binary_values(const std::string& op, const char* magic, SugaredPtr left, SugaredPtr right,
                                   SourceRange r) {
  Value* a = left->as_value(*this, r);
  Value* b = right->as_value(*this, r);
  if (ClassInfo* c = program.class_of(a->type); c && c->kind == ClassInfo::Kind::Script) {
    if (!c->method(magic) && !host.find_method(program, *c, magic))
      error(r, "Class " + c->name + " does not define " + magic);
    return simple(a)->attr(*this, r, magic)->call(*this, r, {{"", r, simple(b)}}, 1);
  }
  return simple(call_value(op, r, {a, b}));
}

SugaredPtr Compiler::binary(const ast::BinOp& e) {
  SugaredPtr left = sugared(e.left), right = sugared(e.right);
  // Literals fold where that cannot fail: -1 in 2 ** -1, 1.0 / 8.
  std::string op = binary_op_name(e.op);
  if (e.op == ast::Operator::kMod) {
    Value* a = left->as_value(*this, e.range);
    left = simple(a);
    if (a->type == types::Str) {
      std::vector<Value*> inputs{a};
      if (auto* t = dynamic_cast<TupleSugared*>(right.get())) {
        inputs.push_back(t->as_value(*this, e.right->range));
      } else {
        inputs.push_back(right->as_value(*this, e.right->range));
      }
      return simple(with_output(node(NodeKind::PercentFormat, e.range, inputs), types::Str));
    }
  }
  if (e.op == ast::Operator::kFloorDiv) {
    Value *a = left->as_value(*this, e.range), *b = right->as_value(*this, e.range);
    left = simple(a);
    right = simple(b);
    if (a->type == types::Tensor || b->type == types::Tensor) op = "aten::floor_divide";
  }
  return binary_values(op, binary_magic(e.op), left, right, e.range);
}

SugaredPtr Compiler::unary(const ast::UnaryOp& e) {
  switch (e.op) {
    case ast::UnaryOperator::kNot: {
      Condition c = condition(&e);
      return simple(c.value ? c.value : boolean(*c.known, e.range));
    }
    case ast::UnaryOperator::kUAdd: error(e.range, "UAdd aren't supported", ErrorClass::UnsupportedNode);
    case ast::UnaryOperator::kUSub: {
      SugaredPtr v = sugared(e.operand);
      if (const Const* c = v->known()) {
        Const n = *c;
        if (c->kind == Const::Kind::Int) {
          n.i = -n.i;
          return std::make_shared<ConstantSugared>(n, types::I64);
        }
        if (c->kind == Const::Kind::Float) {
          n.d = -n.d;
          return std::make_shared<ConstantSugared>(n, types::F64);
        }
      }
      Value* operand = v->as_value(*this, e.range);
      if (ClassInfo* c = program.class_of(operand->type); c && c->kind == ClassInfo::Kind::Script)
        return simple(operand)->attr(*this, e.range, "__neg__")->call(*this, e.range, {}, 1);
      return simple(call_value("aten::neg", e.range, {operand}));
    }
    case ast::UnaryOperator::kInvert: return simple(call_value("aten::bitwise_not", e.range, {value(e.operand)}));
  }
  TSVM_UNREACHABLE("unary operator");
}

Value* Compiler::compare_pair(ast::CmpOperator o, SugaredPtr left, SugaredPtr right, SourceRange r) {
  using Cmp = ast::CmpOperator;
  if (o == Cmp::kIn || o == Cmp::kNotIn) {
    Value* item = left->as_value(*this, r);
    Value* result;
    if (auto* m = dynamic_cast<ModuleSugared*>(right.get())) {
      SugaredPtr contains = m->attr(*this, r, "__contains__");
      result = contains->call(*this, r, {{"", r, simple(item)}}, 1)->as_value(*this, r);
    } else {
      Value* container = right->as_value(*this, r);
      if (ClassInfo* c = program.class_of(container->type); c && c->kind == ClassInfo::Kind::Script)
        result = simple(container)
                     ->attr(*this, r, "__contains__")
                     ->call(*this, r, {{"", r, simple(item)}}, 1)
                     ->as_value(*this, r);
      else
        result = call_value("aten::__contains__", r, {container, item});
    }
    return o == Cmp::kIn ? result : call_value("aten::__not__", r, {result});
  }
  static constexpr struct {
    const char* op;
    const char* magic;
  } kNames[] = {{"aten::eq", "__eq__"},     {"aten::ne", "__ne__"},          {"aten::lt", "__lt__"},
                {"aten::le", "__le__"},     {"aten::gt", "__gt__"},          {"aten::ge", "__ge__"},
                {"aten::__is__", "__is__"}, {"aten::__isnot__", "__isnot__"}};
  const auto& names = kNames[static_cast<int>(o)];
  if (o == Cmp::kIs || o == Cmp::kIsNot)
    return call_value(names.op, r, {left->as_value(*this, r), right->as_value(*this, r)});
  // Literals compare when compiled in library functions, whose options are known.
  if (function.is_library && left->known() && right->known() && (o == Cmp::kEq || o == Cmp::kNotEq) &&
      left->known()->kind == right->known()->kind)
    return boolean((*left->known() == *right->known()) == (o == Cmp::kEq), r);
  return binary_values(names.op, names.magic, left, right, r)->as_value(*this, r);
}

SugaredPtr Compiler::compare(const ast::Compare& e) {
  if (e.ops.size() == 1) {
    ast::CmpOperator o = e.ops[0];
    if (o == ast::CmpOperator::kIs || o == ast::CmpOperator::kIsNot) {
      const auto* a = e.left->as<ast::Constant>();
      const auto* b = e.comparators[0]->as<ast::Constant>();
      if ((a && a->value.kind == ast::ConstantKind::kNone) || (b && b->value.kind == ast::ConstantKind::kNone)) {
        Condition c = condition(&e);
        return simple(c.value ? c.value : boolean(*c.known, e.range));
      }
    }
    SugaredPtr left = sugared(e.left);
    return simple(compare_pair(o, left, sugared(e.comparators[0]), e.range));
  }
  // a < b < c: b is evaluated once, c only when a < b.
  SugaredPtr left = sugared(e.left);
  std::function<Value*(SugaredPtr, size_t)> chain = [&](SugaredPtr a, size_t i) -> Value* {
    SugaredPtr b = simple(value(e.comparators[i]));
    Value* first = compare_pair(e.ops[i], a, b, e.range);
    if (i + 1 == e.ops.size()) return first;
    if (first->type != types::Bool) first = to_bool(first, e.range);
    Node* n = node(NodeKind::If, e.range, {first});
    n->blocks = {graph.new_block(n), graph.new_block(n)};
    push_scope(n->blocks[0]);
    Value* rest = chain(b, i + 1);
    if (rest->type != types::Bool) rest = to_bool(rest, e.range);
    n->blocks[0]->results = {rest};
    pop_scope();
    push_scope(n->blocks[1]);
    n->blocks[1]->results = {boolean(false, e.range)};
    pop_scope();
    return with_output(n, types::Bool);
  };
  return simple(chain(left, 0));
}

SugaredPtr Compiler::conditional(const ast::IfExp& e, TypeId hint) {
  Condition c = condition(e.test);
  if (c.known) {
    refine(*c.known ? c.when_true : c.when_false, e.range);
    return sugared(*c.known ? e.body : e.orelse, 1, hint);
  }
  Node* n = node(NodeKind::If, e.range, {c.value});
  n->blocks = {graph.new_block(n), graph.new_block(n)};
  auto run = [&](Block* b, const Refinements& known, const ast::Expr* x) {
    push_scope(b);
    refine(known, e.range);
    Value* v = value(x, hint);
    b->results = {v};
    pop_scope();
    return v;
  };
  Value* a = run(n->blocks[0], c.when_true, e.body);
  Value* b = run(n->blocks[1], c.when_false, e.orelse);
  TypeId both = program.unify(a->type, b->type);
  if (!both && hint && program.is_subtype(a->type, hint) && program.is_subtype(b->type, hint)) both = hint;
  if (!both)
    error(e.range, "Unsupported operation: type mismatch in if-expression: " + text(a->type) + " and " + text(b->type));
  return simple(with_output(n, both));
}

// --- displays ---

SugaredPtr Compiler::list_display(const ast::ListExpr& e, TypeId hint) {
  TypeId element;
  TypeId wanted = hint;
  if (wanted && program.is_optional(wanted)) wanted = program.element(wanted);
  if (wanted && program.types.kind(wanted) == TypeKind::Union) {
    for (TypeId t : program.types[wanted].args)
      if (program.types.kind(t) == TypeKind::List) wanted = t;
  }
  if (wanted && program.types.kind(wanted) == TypeKind::List) element = program.element(wanted);
  std::vector<Value*> items;
  for (const ast::Expr* x : e.elts) {
    if (const auto* star = x->as<ast::Starred>()) {
      for (const SugaredPtr& v : sugared(star->value)->as_tuple(*this, star->range, std::nullopt))
        items.push_back(v->as_value(*this, star->range));
      continue;
    }
    items.push_back(value(x, element));
  }
  if (items.empty()) return simple(list(element ? element : types::Tensor, {}, e.range));
  TypeId common;
  for (size_t i = 0; i < items.size(); i++) {
    TypeId t = items[i]->type;
    if (!common) {
      common = t;
      continue;
    }
    TypeId both = program.unify(common, t);
    if (!both) {
      if (element) {
        common = element;
        break;
      }
      error(e.range,
            "Lists must contain only a single type\n\nExpected type " + text(common) + " but found type " + text(t));
    }
    common = both;
  }
  if (element) {
    bool all = true;
    for (Value* v : items) all &= program.is_subtype(v->type, element);
    if (all)
      common = element;
    else
      error(e.range, "Type hint for list was List[" + text(element) + "] but list elements have type " + text(common));
  }
  return simple(list(common, std::move(items), e.range));
}

SugaredPtr Compiler::dict_display(const ast::Dict& e, TypeId hint) {
  TypeId key, item;
  TypeId wanted = hint;
  if (wanted && program.is_optional(wanted)) wanted = program.element(wanted);
  if (wanted && program.types.kind(wanted) == TypeKind::Dict) {
    key = program.element(wanted, 0);
    item = program.element(wanted, 1);
  }
  std::vector<Value*> inputs;
  TypeId seen_key, seen_item;
  for (size_t i = 0; i < e.keys.size(); i++) {
    if (!e.keys[i]) error(e.range, "Dict unpacking is not supported");
    Value* k = value(e.keys[i], key);
    Value* v = value(e.values[i], item);
    if (seen_key && seen_key != k->type)
      error(e.range, "Dict keys must contain only a single type. Expected: " + text(seen_key) + " but found " +
                         text(k->type) + " instead");
    seen_key = k->type;
    TypeId both = seen_item ? program.unify(seen_item, v->type) : v->type;
    if (!both && item) both = item;
    if (!both)
      error(e.range, "Dict values must contain only a single type. Expected: " + text(seen_item) + " but found " +
                         text(v->type) + " instead");
    seen_item = both;
    inputs.push_back(k);
    inputs.push_back(v);
  }
  if (!key && !seen_key) {
    key = types::Str;
    item = types::Tensor;
  }
  if (key && seen_key && key != seen_key)
    error(e.range, "Type hint for dict was " + text(program.types.dict(key, item)) + " but dict keys have type " +
                       text(seen_key));
  if (item && seen_item && !program.is_subtype(seen_item, item))
    error(e.range, "Type hint for dict was " + text(program.types.dict(key, item)) + " but dict values have type " +
                       text(seen_item));
  return simple(with_output(node(NodeKind::DictConstruct, e.range, std::move(inputs)),
                            program.types.dict(key ? key : seen_key, item ? item : seen_item)));
}

// The loop of a comprehension: `body` is called where its variables are bound. They are the comprehension's own.
void Compiler::comprehension(const ast::List<ast::Comprehension*>& generators, SourceRange r,
                             const std::function<void()>& body) {
  const ast::Comprehension& g = *generators[0];
  SugaredPtr iterable = sugared(g.iter)->iter(*this, g.iter->range);
  emit_loop(r, iterable, [&](SugaredPtr item) {
    push_scope(block);
    Scope* own = scope_.get();
    std::function<void(const ast::Expr*, SugaredPtr)> bind = [&](const ast::Expr* t, SugaredPtr v) {
      if (const auto* n = t->as<ast::Name>()) {
        std::string name(n->id);
        if (Value* value = v->plain(); value && value->name.empty() && !v->known()) value->name = name;
        own->types.erase(name);
        own->sugared[name] = v;
        own->errors.erase(name);
        return;
      }
      ast::List<ast::Expr*> parts;
      if (const auto* tuple = t->as<ast::Tuple>())
        parts = tuple->elts;
      else if (const auto* l = t->as<ast::ListExpr>())
        parts = l->elts;
      else
        error(t->range, "unexpected target of a comprehension");
      std::vector<SugaredPtr> items = v->as_tuple(*this, t->range, parts.size());
      if (items.size() != parts.size()) error(t->range, "wrong number of values to unpack");
      for (size_t i = 0; i < parts.size(); i++) bind(parts[i], items[i]);
    };
    bind(g.target, item);
    body();
    pop_scope();
  });
}

// Reports mark no part of a comprehension.
SourceRange Compiler::comprehension_range(const ast::List<ast::Comprehension*>& generators, SourceRange r) {
  r.end = r.begin;
  if (generators.size() != 1) error(r, "Only a single generator is currently supported", ErrorClass::NotSupported);
  if (!generators[0]->ifs.empty()) error(r, "Comprehension ifs are not supported yet", ErrorClass::NotSupported);
  return r;
}

SugaredPtr Compiler::list_comprehension(const ast::ListComp& e, TypeId hint) {
  SourceRange r = comprehension_range(e.generators, e.range);
  TypeId element;
  if (hint && program.types.kind(hint) == TypeKind::List) element = program.element(hint);
  Value* result = list(element ? element : types::Tensor, {}, r);
  TypeId found;
  comprehension(e.generators, r, [&] {
    Value* v = value(e.elt, element);
    if (!element) {
      TypeId both = found ? program.unify(found, v->type) : v->type;
      if (!both) error(r, "List comprehension elements have different types: " + text(found) + " and " + text(v->type));
      found = both;
      result->type = program.types.list(found);
    }
    call_value("aten::append", r, {result, v});
  });
  return simple(result);
}

SugaredPtr Compiler::dict_comprehension(const ast::DictComp& e, TypeId hint) {
  SourceRange r = comprehension_range(e.generators, e.range);
  bool typed = hint && program.types.kind(hint) == TypeKind::Dict;
  Value* result =
      with_output(node(NodeKind::DictConstruct, r, {}), typed ? hint : program.types.dict(types::Str, types::Tensor));
  comprehension(e.generators, r, [&] {
    Value* k = value(e.key);
    Value* v = value(e.value);
    if (!typed) result->type = program.types.dict(k->type, v->type);
    typed = true;
    call_value("aten::_set_item", r, {result, k, v});
  });
  return simple(result);
}

SugaredPtr Compiler::formatted(const ast::JoinedStr& e) {
  std::string pattern;
  std::vector<Value*> inputs{nullptr};
  for (const ast::Expr* part : e.values) {
    if (const auto* c = part->as<ast::Constant>()) {
      for (char ch : c->value.text) {
        pattern += ch;
        if (ch == '{' || ch == '}') pattern += ch;
      }
    } else if (const auto* f = part->as<ast::FormattedValue>()) {
      if (f->conversion != -1 && f->conversion != 0)
        error(f->range, "Don't support conversion in JoinedStr", ErrorClass::NotSupported);
      if (f->format_spec) error(f->range, "Don't support formatting in JoinedStr", ErrorClass::NotSupported);
      pattern += "{}";
      inputs.push_back(value(f->value));
    }
  }
  inputs[0] = string(pattern, e.range);
  return simple(with_output(node(NodeKind::Format, e.range, inputs), types::Str));
}

// --- subscripts ---

Value* Compiler::slice(Value* v, const ast::Slice& s, std::optional<int64_t> dim, SourceRange r) {
  auto part = [&](const ast::Expr* e) { return e ? value(e) : none(r); };
  Value *start = part(s.lower), *end = part(s.upper);
  Value* step = s.step ? value(s.step) : integer(1, r);
  if (v->type == types::Tensor) return call_value("aten::slice", r, {v, integer(dim.value_or(0), r), start, end, step});
  return call_value("aten::slice", r, {v, start, end, step});
}

// Views are taken for ints, slices, None and ...; what is left are tensors that pick elements (None: the whole
// dimension).
void Compiler::index_parts(Value*& sliced, const std::vector<const ast::Expr*>& indices, std::vector<Value*>& tensors,
                           SourceRange r) {
  auto is_ellipsis = [](const ast::Expr* e) {
    const auto* c = e->as<ast::Constant>();
    return c && c->value.kind == ast::ConstantKind::kEllipsis;
  };
  auto is_none = [](const ast::Expr* e) {
    const auto* c = e->as<ast::Constant>();
    return c && c->value.kind == ast::ConstantKind::kNone;
  };
  // Values first, in order; a tuple of ints in a variable counts as its items.
  struct Part {
    enum { Int, Slice, None, Ellipsis, Tensor } kind;
    Value* value = nullptr;
    const ast::Slice* slice = nullptr;
  };
  std::vector<Part> parts;
  for (const ast::Expr* e : indices) {
    if (is_ellipsis(e)) {
      parts.push_back({Part::Ellipsis});
    } else if (is_none(e)) {
      parts.push_back({Part::None});
    } else if (const auto* s = e->as<ast::Slice>()) {
      parts.push_back({Part::Slice, nullptr, s});
    } else {
      Value* v = value(e, types::Tensor);
      if (v->type == types::I64) {
        parts.push_back({Part::Int, v});
      } else if (v->type == types::Tensor || program.types.kind(v->type) == TypeKind::Optional) {
        parts.push_back({Part::Tensor, v});
      } else if (v->type == types::None) {
        parts.push_back({Part::None});
      } else if (program.types.kind(v->type) == TypeKind::List || v->type == types::Bool) {
        std::vector<Arg> args = {{"", e->range, simple(v)}};
        parts.push_back({Part::Tensor, call_operator("aten::tensor", e->range, args)->as_value(*this, e->range)});
      } else {
        error(r, "Unsupported operation: indexing tensor with unsupported index type '" + text(v->type) +
                     "'. Only ints, slices, lists and tensors are supported");
      }
    }
  }
  size_t ellipsis = parts.size();
  for (size_t i = 0; i < parts.size(); i++)
    if (parts[i].kind == Part::Ellipsis) {
      if (ellipsis < parts.size()) error(r, "An index can only have a single ellipsis ('...')");
      ellipsis = i;
    }
  // Behind an ellipsis dimensions count from the end.
  size_t behind = 0;
  for (size_t i = ellipsis; i < parts.size(); i++)
    behind += parts[i].kind == Part::Int || parts[i].kind == Part::Slice || parts[i].kind == Part::Tensor;
  int64_t dim = 0;
  bool from_end = false;
  std::vector<std::pair<int64_t, Value*>> picks;
  for (size_t i = 0; i < parts.size(); i++) {
    const Part& p = parts[i];
    switch (p.kind) {
      case Part::Ellipsis: {
        int64_t nones = 0;
        for (size_t j = i + 1; j < parts.size(); j++) nones += parts[j].kind == Part::None;
        dim = -static_cast<int64_t>(behind) - nones;
        // Dimensions that are added or dropped behind it move the count.
        from_end = true;
        if (behind == 0 && nones == 0) dim = 0;
        dim = -static_cast<int64_t>(behind);
        break;
      }
      case Part::None:
        sliced = call_value("aten::unsqueeze", r, {sliced, integer(from_end && dim <= 0 ? dim - 1 : dim, r)});
        if (!from_end) dim++;
        break;
      case Part::Int:
        sliced = call_value("aten::select", r, {sliced, integer(dim, r), p.value});
        if (from_end) dim++;
        break;
      case Part::Slice:
        sliced = slice(sliced, *p.slice, dim, r);
        dim++;
        break;
      case Part::Tensor:
        picks.push_back({dim, p.value});
        dim++;
        break;
    }
  }
  if (picks.empty()) return;
  if (from_end && picks[0].first < 0) {
    // The position of picks behind an ellipsis is only known when the number of dimensions is.
    error(r, "Unsupported operation: tensors as indices behind an ellipsis");
  }
  size_t next = 0;
  for (int64_t d = 0; next < picks.size(); d++) {
    if (picks[next].first == d)
      tensors.push_back(picks[next++].second);
    else
      tensors.push_back(none(r));
  }
}

Value* Compiler::tensor_index(Value* tensor, const std::vector<const ast::Expr*>& indices, SourceRange r) {
  std::vector<Value*> tensors;
  index_parts(tensor, indices, tensors, r);
  if (tensors.empty()) return tensor;
  return call_value("aten::index", r, {tensor, list(program.types.optional(types::Tensor), tensors, r)});
}

SugaredPtr Compiler::subscript(SugaredPtr object, const ast::Expr* index, SourceRange r, TypeId hint) {
  if (auto* m = dynamic_cast<ModuleSugared*>(object.get())) {
    if (index->is<ast::Slice>()) {
      const auto* s = index->cast<ast::Slice>();
      std::vector<SugaredPtr> all = m->as_tuple(*this, r, std::nullopt);
      auto bound = [&](const ast::Expr* e, int64_t otherwise) {
        if (!e) return otherwise;
        auto v = known_int(value(e));
        if (!v) error(r, "Slices of modules need constant bounds");
        return *v < 0 ? *v + static_cast<int64_t>(all.size()) : *v;
      };
      int64_t step = 1;
      if (s->step) step = bound(s->step, 1);
      std::vector<SugaredPtr> out;
      auto n = static_cast<int64_t>(all.size());
      for (int64_t i = std::max<int64_t>(bound(s->lower, 0), 0), e = std::min(bound(s->upper, n), n); step > 0 && i < e;
           i += step)
        out.push_back(all[static_cast<size_t>(i)]);
      return std::make_shared<TupleSugared>(out);
    }
    Value* i = value(index);
    if (hint && m->info->container != ClassInfo::Container::None && !known(i)) return m->get_item_as(*this, r, i, hint);
    return m->get_item(*this, r, i, known_int(i));
  }
  if (dynamic_cast<RangeSugared*>(object.get()) || dynamic_cast<IterableTree*>(object.get())) {
    Value* i = value(index);
    return object->get_item(*this, r, i, known_int(i));
  }
  if (auto* t = dynamic_cast<TupleSugared*>(object.get())) {
    if (!index->is<ast::Slice>()) {
      Value* i = value(index);
      return t->get_item(*this, r, i, known_int(i));
    }
  }
  Value* v = object->as_value(*this, r);
  TypeKind kind = program.types.kind(v->type);
  if (v->type == types::Tensor) {
    std::vector<const ast::Expr*> indices;
    if (const auto* t = index->as<ast::Tuple>())
      indices.assign(t->elts.begin(), t->elts.end());
    else
      indices.push_back(index);
    return simple(tensor_index(v, indices, r));
  }
  if (const auto* s = index->as<ast::Slice>()) {
    if (kind == TypeKind::Tuple || kind == TypeKind::NamedTuple) {
      auto n = static_cast<int64_t>(program.types[v->type].args.size());
      auto bound = [&](const ast::Expr* e, int64_t otherwise) {
        if (!e) return otherwise;
        auto b = known_int(value(e));
        if (!b) error(r, "tuple slice indices must be integer constants");
        return *b;
      };
      int64_t step = bound(s->step, 1);
      int64_t lower = bound(s->lower, step > 0 ? 0 : n - 1), upper = bound(s->upper, step > 0 ? n : -n - 1);
      if (lower < 0) lower += n;
      if (upper < 0) upper += n;
      std::vector<Value*> items;
      for (int64_t i = lower; step > 0 ? i < std::min(upper, n) : i > upper; i += step)
        if (i >= 0 && i < n) items.push_back(tuple_index(v, i, r));
      return simple(tuple(items, r));
    }
    if (kind != TypeKind::List && kind != TypeKind::Str)
      error(r, "Slicing is not supported on '" + text(v->type) + "'");
    return simple(slice(v, *s, std::nullopt, r));
  }
  if (index->is<ast::Tuple>() && kind != TypeKind::Dict && kind != TypeKind::Class)
    error(r, "Only tensors can be indexed with several indices");
  Value* i = value(index);
  return object->get_item(*this, r, i, known_int(i));
}

}  // namespace tsvm::script

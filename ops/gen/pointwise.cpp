// A body is compiled once for each compute type. What it says about types (`is_complex(x)`) and about literals is
// decided here; everything else becomes instructions. An operation that does not take a type makes the operator refuse
// that type.
#include "ops/gen/pointwise.h"

#include <cmath>
#include <map>
#include <optional>
#include <variant>

namespace tsvm::gen {

using namespace ops::scalar;
using ops::scalar::Op;

namespace {

/// The operation does not take this type.
struct Unsupported {
  SourceRange range;
  std::string what;
};

/// A value of the program, or a literal that takes the type of what it meets.
struct Value {
  uint16_t id = kNoValue;
  std::optional<double> number;
  bool is_int = false;   // the literal was written as an int
  bool is_bool = false;  // True, False, and what the types decide
  bool literal() const { return number.has_value(); }
};

std::string snake_case(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); i++) {
    if (std::isupper(name[i]) && i) out += '_';
    out += static_cast<char>(std::tolower(name[i]));
  }
  return out;
}

const std::map<std::string, Op>& functions() {
  static const std::map<std::string, Op> table = [] {
    std::map<std::string, Op> t;
    for (int i = 0; i < kOpCount; i++) {
      const Op op = static_cast<Op>(i);
      if (info(op).kind == OpKind::Leaf || op == Op::Convert || op == Op::Bits || op == Op::Narrow || op == Op::Libm)
        continue;
      t[snake_case(info(op).name)] = op;
    }
    return t;
  }();
  return table;
}

class Compiler {
 public:
  Compiler(const Decl& d, CType common, bool defaults) : d_(d), common_(common) {
    for (const Param& p : d.params)
      if (!is_program_param(p)) set(p.name, b_.input(input_type(p)));
    for (const Param& p : d.params) {
      if (!is_program_param(p)) continue;
      if (defaults && p.has_default())
        names_[p.name] = literal(p.default_value);
      else
        set(p.name, b_.param(param_type(p)));
    }
  }

  OwnedProgram run() {
    std::optional<std::vector<Value>> result;
    for (const ast::Stmt* s : d_.function->body)
      if ((result = statement(s))) break;
    if (!result) error(d_.function->name_range, "the body returns nothing");
    std::vector<uint16_t> outputs;
    for (const Value& v : *result) outputs.push_back(materialize(v, common_));
    return b_.finish(outputs);
  }

 private:
  [[noreturn]] void error(SourceRange range, std::string message) const {
    throw GenError{d_.file, range, std::move(message)};
  }
  void set(const std::string& name, uint16_t id) {
    Value v;
    v.id = id;
    names_[name] = v;
  }
  CType input_type(const Param& p) const {
    if (p.type.base != Base::Element) return common_;
    if (p.type.element == "Bool") return CType::Bool;
    if (p.type.element == "Int") return CType::I64;
    error(p.range, "Element[Bool] or Element[Int]");
  }
  CType param_type(const Param& p) const {
    switch (p.type.base) {
      case Base::Int: return CType::I64;
      case Base::Bool: return CType::Bool;
      case Base::Float:
        return ops::scalar::is_float(common_) ? common_ : is_complex(common_) ? real_of(common_) : CType::F64;
      default: return common_;
    }
  }

  std::optional<std::vector<Value>> statement(const ast::Stmt* s) {
    if (const auto* e = s->as<ast::ExprStmt>(); e && e->value->is<ast::Constant>()) return {};
    if (const auto* r = s->as<ast::Return>()) {
      if (const auto* t = r->value->as<ast::Tuple>()) {
        std::vector<Value> values;
        for (const ast::Expr* e : t->elts) values.push_back(expression(e));
        return values;
      }
      return std::vector<Value>{expression(r->value)};
    }
    if (const auto* a = s->as<ast::Assign>(); a && a->targets.size() == 1 && a->targets[0]->is<ast::Name>()) {
      names_[std::string(a->targets[0]->as<ast::Name>()->id)] = expression(a->value);
      return {};
    }
    if (const auto* i = s->as<ast::If>()) {
      const Value test = expression(i->test);
      if (!test.literal()) error(i->test->range, "`if` is for questions about types; use `a if c else b` for values");
      for (const ast::Stmt* inner : *test.number != 0 ? i->body : i->orelse)
        if (auto r = statement(inner)) return r;
      return {};
    }
    error(s->range, "bodies of pointwise operators have assignments, `return`, and `if` on types");
  }

  Value literal(const ast::Expr* e) {
    Value v;
    if (const auto* c = e->as<ast::Constant>()) {
      switch (c->value.kind) {
        case ast::ConstantKind::kInt: v.number = static_cast<double>(c->value.int_value), v.is_int = true; return v;
        case ast::ConstantKind::kFloat: v.number = c->value.float_value; return v;
        case ast::ConstantKind::kTrue:
        case ast::ConstantKind::kFalse:
          v.number = c->value.kind == ast::ConstantKind::kTrue, v.is_bool = v.is_int = true;
          return v;
        default: break;
      }
    }
    if (const auto* u = e->as<ast::UnaryOp>(); u && u->op == ast::UnaryOperator::kUSub) {
      v = literal(u->operand);
      v.number = -*v.number;
      return v;
    }
    error(e->range, "expected a number");
  }
  static Value truth(bool b) {
    Value v;
    v.number = b;
    v.is_bool = v.is_int = true;
    return v;
  }

  uint16_t materialize(const Value& v, CType type) {
    if (!v.literal()) return v.id;
    if (type == CType::Bool) return b_.constant(type, static_cast<int64_t>(*v.number != 0));
    if (is_int(type)) {
      if (!v.is_int) throw Unsupported{{}, "a fraction"};
      return b_.constant(type, static_cast<int64_t>(*v.number));
    }
    return b_.constant(type, *v.number);
  }
  CType type(const Value& v) const { return b_.type(v.id); }
  static int rank(CType t) { return static_cast<int>(t); }

  uint16_t converted(const Value& v, CType to) {
    if (v.literal()) return materialize(v, to);
    return b_.convert(v.id, to);
  }
  /// The type that both get.
  CType joined(const Value& a, const Value& b) const {
    if (a.literal() && b.literal()) return common_;
    if (a.literal()) return type(b);
    if (b.literal()) return type(a);
    const CType x = type(a), y = type(b);
    if (x == y) return x;
    if (is_complex(x) && y == CType::F64 && x == CType::C64) return CType::C128;
    return rank(x) > rank(y) ? x : y;
  }
  Value apply(SourceRange range, Op op, std::initializer_list<Value> args, bool join = true) {
    const Value* a = args.begin();
    uint16_t ids[3] = {kNoValue, kNoValue, kNoValue};
    size_t n = args.size();
    if (op == Op::Select) {
      const CType t = joined(a[1], a[2]);
      ids[0] = converted(a[0], CType::Bool);
      ids[1] = converted(a[1], t);
      ids[2] = converted(a[2], t);
    } else {
      CType t = n == 1 ? (a[0].literal() ? common_ : type(a[0])) : joined(a[0], a[1]);
      if (n == 3) {
        Value m;
        m.id = converted(a[2], joined(a[2], a[0]));
        t = joined(a[0], m);
      }
      if (join)
        for (size_t i = 0; i < n; i++) ids[i] = converted(a[i], t);
      if (!accepts(op, t)) throw Unsupported{range, concat(info(op).name, " of ", ops::scalar::name(t))};
    }
    Value v;
    v.id = b_.op(op, ids[0], ids[1], ids[2]);
    return v;
  }
  static std::string concat(std::string_view a, std::string_view b, std::string_view c) {
    return std::string(a) + std::string(b) + std::string(c);
  }

  Value expression(const ast::Expr* e) {
    if (const auto* n = e->as<ast::Name>()) {
      auto it = names_.find(std::string(n->id));
      if (it == names_.end()) error(e->range, "unknown name " + std::string(n->id));
      return it->second;
    }
    if (const auto* a = e->as<ast::Attribute>();
        a && a->value->is<ast::Name>() && a->value->as<ast::Name>()->id == "math") {
      Value v;
      if (a->attr == "pi")
        v.number = M_PI;
      else if (a->attr == "inf")
        v.number = HUGE_VAL;
      else if (a->attr == "nan")
        v.number = NAN;
      else
        error(e->range, "unknown constant");
      return v;
    }
    if (const auto* b = e->as<ast::BinOp>()) return binary(b);
    if (const auto* u = e->as<ast::UnaryOp>()) {
      if (u->op == ast::UnaryOperator::kUSub && u->operand->is<ast::Constant>()) return literal(e);
      Value v = expression(u->operand);
      if (v.literal() && u->op == ast::UnaryOperator::kNot) return truth(*v.number == 0);
      if (v.literal() && u->op == ast::UnaryOperator::kUSub) {
        v.number = -*v.number;
        return v;
      }
      switch (u->op) {
        case ast::UnaryOperator::kUSub: return apply(e->range, Op::Neg, {v});
        case ast::UnaryOperator::kNot: return apply(e->range, Op::Not, {boolean(v)});
        case ast::UnaryOperator::kInvert: return apply(e->range, Op::Not, {v});
        case ast::UnaryOperator::kUAdd: return v;
      }
    }
    if (const auto* b = e->as<ast::BoolOp>()) {
      Value v = expression(b->values[0]);
      for (size_t i = 1; i < b->values.size(); i++) {
        const bool is_and = b->op == ast::BoolOperator::kAnd;
        if (v.literal()) {
          if ((*v.number != 0) == is_and) v = expression(b->values[i]);
          continue;
        }
        const Value w = expression(b->values[i]);
        if (w.literal()) {
          if ((*w.number != 0) != is_and) v = w;
          continue;
        }
        v = apply(e->range, is_and ? Op::And : Op::Or, {boolean(v), boolean(w)});
      }
      return v;
    }
    if (const auto* c = e->as<ast::Compare>()) return comparison(c);
    if (const auto* i = e->as<ast::IfExp>()) {
      const Value test = expression(i->test);
      if (test.literal()) return expression(*test.number != 0 ? i->body : i->orelse);
      return apply(e->range, Op::Select, {boolean(test), expression(i->body), expression(i->orelse)});
    }
    if (const auto* c = e->as<ast::Call>()) return call(c);
    return literal(e);
  }

  /// As a condition.
  Value boolean(const Value& v) {
    if (v.literal() || type(v) == CType::Bool) return v;
    Value zero;
    zero.number = 0;
    zero.is_int = true;
    return apply({}, Op::Ne, {v, zero});
  }

  Value binary(const ast::BinOp* e) {
    const Value a = expression(e->left), b = expression(e->right);
    if (a.literal() && b.literal()) {
      Value v;
      v.is_int = a.is_int && b.is_int;
      const double x = *a.number, y = *b.number;
      switch (e->op) {
        case ast::Operator::kAdd: v.number = x + y; return v;
        case ast::Operator::kSub: v.number = x - y; return v;
        case ast::Operator::kMult: v.number = x * y; return v;
        case ast::Operator::kDiv: v.number = x / y, v.is_int = false; return v;
        case ast::Operator::kPow: v.number = std::pow(x, y); return v;
        default: error(e->range, "this operator is not known for two literals");
      }
    }
    auto is = [](const Value& v, double n) { return v.literal() && *v.number == n; };
    switch (e->op) {
      case ast::Operator::kAdd: return apply(e->range, Op::Add, {a, b});
      case ast::Operator::kSub: return apply(e->range, Op::Sub, {a, b});
      case ast::Operator::kMult:
        if (is(a, 1)) return b;
        if (is(b, 1)) return a;
        return apply(e->range, Op::Mul, {a, b});
      case ast::Operator::kDiv: return apply(e->range, Op::Div, {a, b});
      case ast::Operator::kFloorDiv: return apply(e->range, Op::FloorDiv, {a, b});
      case ast::Operator::kMod: return apply(e->range, Op::Remainder, {a, b});
      case ast::Operator::kPow:
        if (is(b, 2)) return apply(e->range, Op::Mul, {a, a});
        return apply(e->range, Op::Pow, {a, b});
      case ast::Operator::kLShift: return apply(e->range, Op::Shl, {a, b});
      case ast::Operator::kRShift: return apply(e->range, Op::Shr, {a, b});
      case ast::Operator::kBitAnd: return apply(e->range, Op::And, {a, b});
      case ast::Operator::kBitOr: return apply(e->range, Op::Or, {a, b});
      case ast::Operator::kBitXor: return apply(e->range, Op::Xor, {a, b});
      default: error(e->range, "unknown operator");
    }
  }

  Value comparison(const ast::Compare* e) {
    Value left = expression(e->left);
    std::optional<Value> all;
    for (size_t i = 0; i < e->ops.size(); i++) {
      const Value right = expression(e->comparators[i]);
      Op op;
      switch (e->ops[i]) {
        case ast::CmpOperator::kEq: op = Op::Eq; break;
        case ast::CmpOperator::kNotEq: op = Op::Ne; break;
        case ast::CmpOperator::kLt: op = Op::Lt; break;
        case ast::CmpOperator::kLtE: op = Op::Le; break;
        case ast::CmpOperator::kGt: op = Op::Gt; break;
        case ast::CmpOperator::kGtE: op = Op::Ge; break;
        default: error(e->range, "unknown comparison");
      }
      if (left.literal() && right.literal()) {
        const double x = *left.number, y = *right.number;
        const bool holds = op == Op::Eq   ? x == y
                           : op == Op::Ne ? x != y
                           : op == Op::Lt ? x < y
                           : op == Op::Le ? x <= y
                           : op == Op::Gt ? x > y
                                          : x >= y;
        if (!holds) return truth(false);
        if (!all) all = truth(true);
      } else {
        const Value one = apply(e->range, op, {left, right});
        all = all && !all->literal() ? apply(e->range, Op::And, {*all, one}) : one;
      }
      left = right;
    }
    return *all;
  }

  Value call(const ast::Call* e) {
    const auto* f = e->func->as<ast::Name>();
    if (!f || !e->keywords.empty()) error(e->range, "call a function by its name, without keywords");
    const std::string name(f->id);
    const size_t n = e->args.size();
    auto want = [&](size_t k) {
      if (n != k) error(e->range, name + " takes another number of arguments");
    };
    auto arg = [&](size_t i) { return expression(e->args[i]); };
    auto about = [&](auto&& test) {
      want(1);
      const Value v = arg(0);
      if (v.literal()) error(e->range, "a question about a literal");
      return truth(test(type(v)));
    };
    if (name == "is_complex") return about([](CType t) { return is_complex(t); });
    if (name == "is_float") return about([](CType t) { return ops::scalar::is_float(t); });
    if (name == "is_int") return about([](CType t) { return is_int(t); });
    if (name == "is_bool") return about([](CType t) { return t == CType::Bool; });
    if (name == "is_double") return about([](CType t) { return t == CType::F64 || t == CType::C128; });
    auto cast = [&](CType to) {
      want(1);
      Value v;
      v.id = converted(arg(0), to);
      return v;
    };
    if (name == "bool") return cast(CType::Bool);
    if (name == "int") return cast(CType::I64);
    if (name == "float")
      return cast(ops::scalar::is_float(common_) ? common_ : is_complex(common_) ? real_of(common_) : CType::F64);
    if (name == "common") return cast(common_);
    if (name == "complex") {
      want(2);
      const Value re = arg(0), im = arg(1);
      const CType t = joined(re, im);
      if (!ops::scalar::is_float(t)) throw Unsupported{e->range, "complex of no floats"};
      Value v;
      v.id = b_.make_complex(converted(re, t), converted(im, t));
      return v;
    }
    if (name == "where") {
      want(3);
      return apply(e->range, Op::Select, {boolean(arg(0)), arg(1), arg(2)});
    }
    auto it = functions().find(name);
    if (it == functions().end()) error(e->range, "unknown function " + name);
    want(info(it->second).operands);
    if (n == 1) return apply(e->range, it->second, {arg(0)});
    if (n == 2) return apply(e->range, it->second, {arg(0), arg(1)});
    return apply(e->range, it->second, {arg(0), arg(1), arg(2)});
  }

  const Decl& d_;
  CType common_;
  Builder b_;
  std::map<std::string, Value> names_;
};

bool wanted(const Decl& d, CType t) {
  if (d.promote == "float" && t <= CType::I64) return false;
  if (d.classes.empty()) return true;
  const char* cls = t == CType::Bool ? "bool" : t == CType::I64 ? "int" : is_complex(t) ? "complex" : "float";
  return (" " + d.classes + " ").find(" " + std::string(cls) + " ") != std::string::npos;
}

}  // namespace

bool is_program_param(const Param& p) {
  return p.type.base != Base::Tensor && p.type.base != Base::Operand && p.type.base != Base::Element &&
         !p.type.promotes;
}

PointwisePrograms compile_pointwise(const Decl& d) {
  PointwisePrograms out;
  for (const Param& p : d.params)
    if (is_program_param(p) && p.has_default() && !p.type.promotes) out.has_plain = true;
  std::optional<Unsupported> why;
  bool any = false;
  for (CType t : {CType::Bool, CType::I64, CType::F32, CType::F64, CType::C64, CType::C128}) {
    if (!wanted(d, t)) continue;
    for (bool plain : {false, true}) {
      if (plain && !out.has_plain) continue;
      auto& slot = (plain ? out.plain : out.general)[static_cast<size_t>(t)];
      try {
        slot = std::make_unique<OwnedProgram>(Compiler(d, t, plain).run());
        any = true;
      } catch (const Unsupported& u) {
        why = u;
      }
    }
  }
  if (!any)
    throw GenError{d.file, why ? why->range : d.function->name_range, "no type fits: " + (why ? why->what : "")};
  return out;
}

}  // namespace tsvm::gen

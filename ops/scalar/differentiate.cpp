// Reverse-mode differentiation of straight-line code: walks the program backwards and adds up, for each value, what the
// values made from it pass on. The rules are rows of derivatives.def.
#include "base/check.h"
#include "ops/scalar/program.h"

namespace tsvm::ops::scalar {

namespace {

/// A value in an expression of a rule. Plain numbers take the type of what they stand beside.
struct E {
  Builder* b;
  uint16_t id;
  CType type() const { return b->type(id); }
};
struct None {};
constexpr None NONE;

E number(E like, double v) { return {like.b, like.b->constant(like.type(), v)}; }
E unary(Op op, E x) { return {x.b, x.b->op(op, x.id)}; }

/// Real beside complex becomes complex.
E binary(Op op, E x, E y) {
  if (is_complex(x.type()) && !is_complex(y.type())) y.id = y.b->convert(y.id, x.type());
  if (is_complex(y.type()) && !is_complex(x.type())) x.id = x.b->convert(x.id, y.type());
  return {x.b, x.b->op(op, x.id, y.id)};
}
#define RULE_OPERATOR(symbol, name)                                                               \
  [[maybe_unused]] E operator symbol(E x, E y) { return binary(Op::name, x, y); }                 \
  [[maybe_unused]] E operator symbol(E x, double y) { return binary(Op::name, x, number(x, y)); } \
  [[maybe_unused]] E operator symbol(double x, E y) { return binary(Op::name, number(y, x), y); }
RULE_OPERATOR(+, Add)
RULE_OPERATOR(-, Sub)
RULE_OPERATOR(*, Mul)
RULE_OPERATOR(/, Div)
RULE_OPERATOR(==, Eq)
RULE_OPERATOR(<, Lt)
RULE_OPERATOR(<=, Le)
RULE_OPERATOR(>, Gt)
RULE_OPERATOR(>=, Ge)
#undef RULE_OPERATOR
E operator-(E x) { return unary(Op::Neg, x); }
E operator&(E x, E y) { return binary(Op::And, x, y); }
E operator|(E x, E y) { return binary(Op::Or, x, y); }
E operator!(E x) { return unary(Op::Not, x); }
E select(E condition, E x, E y) { return {x.b, x.b->op(Op::Select, condition.id, x.id, y.id)}; }
E select(E condition, E x, double y) { return select(condition, x, number(x, y)); }
E conj(E x) { return is_complex(x.type()) ? unary(Op::Conj, x) : x; }
E sign(E x) { return unary(Op::Sign, x); }
E is_nan(E x) { return unary(Op::IsNan, x); }
E trunc(E x) { return unary(Op::Trunc, x); }
E floor(E x) { return unary(Op::Floor, x); }
E exp(E x) { return unary(Op::Exp, x); }
E log(E x) { return unary(Op::Log, x); }
E sin(E x) { return unary(Op::Sin, x); }
E cos(E x) { return unary(Op::Cos, x); }
E sinh(E x) { return unary(Op::Sinh, x); }
E cosh(E x) { return unary(Op::Cosh, x); }
E rsqrt(E x) { return unary(Op::Rsqrt, x); }
E digamma(E x) { return unary(Op::Digamma, x); }
E pow(E x, E y) { return binary(Op::Pow, x, y); }
E real_at_least_zero(E y) { return (is_complex(y.type()) ? unary(Op::Real, y) : y) >= 0.0; }

class Differentiation {
 public:
  Differentiation(const Program& p, std::span<const uint16_t> wanted)
      : p_(p), wanted_(wanted), values_(p.size), gradients_(p.size, kNoValue), needed_(p.size, false) {}

  OwnedProgram run(std::string* why) {
    for (int i = 0; i < p_.inputs; i++) values_[i] = b_.input(p_.input_type(i));
    std::vector<uint16_t> results, seeds;
    for (int k = 0; k < p_.output_count; k++) results.push_back(b_.input(p_.output_type(k)));
    for (int k = 0; k < p_.output_count; k++) seeds.push_back(b_.input(p_.output_type(k)));
    for (int i = 0; i < p_.params; i++) values_[p_.inputs + i] = b_.param(p_.param_type(i));

    // Which values depend on a wanted input: gradients flow through these only.
    for (uint16_t w : wanted_) needed_[w] = true;
    for (int i = 0; i < p_.size; i++)
      if (p_.code[i].op > Op::Const)
        for_each_operand(p_.code[i], [&](uint16_t v) { needed_[i] = needed_[i] || needed_[v]; });

    // The forward values again; results are given, so what only they need is dropped as dead.
    for (int i = p_.inputs + p_.params; i < p_.size; i++) {
      Inst inst = p_.code[i];
      inst.slot = kNoValue;
      if (inst.op == Op::Const) {
        values_[i] =
            b_.constant_bits(inst.type, p_.constants[inst.a], is_complex(inst.type) ? p_.constants[inst.a + 1] : 0);
        continue;
      }
      for (uint16_t* v : {&inst.a, &inst.b, &inst.c, &inst.d})
        if (*v != kNoValue) *v = values_[*v];
      values_[i] = b_.emit(inst);
      for (int k = 0; k < p_.output_count; k++)
        if (p_.outputs[k] == i) values_[i] = results[static_cast<size_t>(k)];
    }
    for (int k = 0; k < p_.output_count; k++)
      if (is_float(p_.output_type(k)) || is_complex(p_.output_type(k)))
        add(p_.outputs[k], {&b_, seeds[static_cast<size_t>(k)]});

    for (int i = p_.size; i-- > p_.inputs + p_.params;) {
      const Inst& inst = p_.code[i];
      if (inst.op == Op::Const || !needed_[i] || gradients_[i] == kNoValue) continue;
      if (!back(inst, {&b_, gradients_[i]}, {&b_, values_[i]})) {
        if (why != nullptr) *why = info(inst.op).name;
        return {};
      }
    }
    std::vector<uint16_t> out;
    for (uint16_t w : wanted_)
      out.push_back(gradients_[w] != kNoValue ? gradients_[w] : b_.constant(p_.input_type(w), 0.0));
    return b_.finish(out);
  }

 private:
  void add(uint16_t v, E g) {
    if (v == kNoValue || !needed_[v]) return;
    const CType t = p_.code[v].type;
    if (!is_float(t) && !is_complex(t)) return;
    // A real operand of a complex operation takes the real part.
    if (g.type() != t) g.id = b_.convert(g.id, t);
    gradients_[v] = gradients_[v] == kNoValue ? g.id : b_.op(Op::Add, gradients_[v], g.id);
  }
  void add(uint16_t, None) {}
  bool needs(uint16_t v) const { return v != kNoValue && needed_[v]; }

  bool back(const Inst& inst, E g, E r) {
    auto value = [&](uint16_t v) { return E{&b_, v == kNoValue ? kNoValue : values_[v]}; };
    [[maybe_unused]] const E x = value(inst.a), y = value(inst.b), z = value(inst.c);
    switch (inst.op) {
      case Op::Convert:
      case Op::Narrow: add(inst.a, g); return true;
      case Op::Select:
        add(inst.b, select(x, g, 0.0));
        add(inst.c, select(x, number(g, 0.0), g));
        return true;
      case Op::Real: add(inst.a, {&b_, b_.make_complex(g.id, number(g, 0.0).id)}); return true;
      case Op::Imag: add(inst.a, {&b_, b_.make_complex(number(g, 0.0).id, g.id)}); return true;
      case Op::MakeComplex:
        add(inst.a, unary(Op::Real, g));
        add(inst.b, unary(Op::Imag, g));
        return true;
#define DERIVATIVE1(name, to_x) \
  case Op::name:                \
    add(inst.a, to_x);          \
    return true;
#define DERIVATIVE2(name, to_x, to_y)     \
  case Op::name:                          \
    if (needs(inst.a)) add(inst.a, to_x); \
    if (needs(inst.b)) add(inst.b, to_y); \
    return true;
#define DERIVATIVE3(name, to_x, to_y, to_z) \
  case Op::name:                            \
    if (needs(inst.a)) add(inst.a, to_x);   \
    if (needs(inst.b)) add(inst.b, to_y);   \
    if (needs(inst.c)) add(inst.c, to_z);   \
    return true;
#define ZERO_DERIVATIVE(name) \
  case Op::name:              \
    return !is_complex(inst.type);
#include "ops/scalar/derivatives.def"
#undef DERIVATIVE1
#undef DERIVATIVE2
#undef DERIVATIVE3
#undef ZERO_DERIVATIVE
      default: return false;
    }
  }

  const Program& p_;
  std::span<const uint16_t> wanted_;
  Builder b_;
  std::vector<uint16_t> values_, gradients_;
  std::vector<bool> needed_;
};

}  // namespace

OwnedProgram differentiate(const Program& p, std::span<const uint16_t> wanted, std::string* why) {
  return Differentiation(p, wanted).run(why);
}

}  // namespace tsvm::ops::scalar

// Rules for the language's own operations: constants are folded as CPython would compute them, and values that were
// just built are looked into.
#include "ir/effects.h"
#include "ir/passes/fold.h"
#include "ir/passes/rewrite.h"

namespace tsvm::ir {

namespace {

Rewrite done(ValueId v) { return {true, v}; }
const Constant* constant(Builder& b, ValueId v) { return constant_of(b.function(), v); }
TypeId type_of(Builder& b, ValueId v) { return b.function().type_of(v); }

Rewrite fold_binary_rule(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  const Constant* y = constant(b, c.operands[1]);
  Constant out;
  if (x == nullptr || y == nullptr || !fold_binary(static_cast<ArithOp>(c.imm), *x, *y, out)) return {};
  return done(b.constant(out));
}

Rewrite fold_unary_rule(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  Constant out;
  if (x == nullptr || !fold_unary(static_cast<UnaryOp>(c.imm), *x, out)) return {};
  return done(b.constant(out));
}

Rewrite fold_compare_rule(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  const Constant* y = constant(b, c.operands[1]);
  bool out;
  if (x == nullptr || y == nullptr || !fold_compare(static_cast<CompareOp>(c.imm), *x, *y, out)) return {};
  return done(b.constant(bool_constant(out)));
}

Rewrite same_identity(Builder& b, const Candidate& c) {
  auto op = static_cast<CompareOp>(c.imm);
  if (op != CompareOp::Is && op != CompareOp::IsNot) return {};
  if (c.operands[0] == c.operands[1]) return done(b.constant(bool_constant(op == CompareOp::Is)));
  // None against what is something else for sure.
  for (int k = 0; k < 2; k++) {
    const Constant* x = constant(b, c.operands[k]);
    TypeId other = type_of(b, c.operands[1 - k]);
    const Inst* def = b.function().def(c.operands[1 - k]);
    bool other_is_none_never = other == types::Str || other == types::Tensor || other == types::BigInt ||
                               (def != nullptr && def->op == Opcode::Box);
    if (x != nullptr && x->kind == Constant::Kind::None && other_is_none_never)
      return done(b.constant(bool_constant(op == CompareOp::IsNot)));
  }
  return {};
}

Rewrite fold_truth(Builder& b, const Candidate& c) {
  const Constant* x = constant(b, c.operands[0]);
  if (x == nullptr) return {};
  return done(b.const_bool(constant_truth(*x)));
}

// truth(box x): the raw value's own test.
Rewrite truth_of_box(Builder& b, const Candidate& c) {
  const Inst* def = b.function().def(c.operands[0]);
  if (def == nullptr || def->op != Opcode::Box) return {};
  ValueId raw = b.function().operands(*def)[0];
  TypeId t = type_of(b, raw);
  if (t == types::Bool) return done(raw);
  if (t == types::I64) return done(b.emit(Opcode::CompareI64, {raw, b.const_i64(0)}, CompareOp::Ne));
  return done(b.emit(Opcode::CompareF64, {raw, b.const_f64(0)}, CompareOp::Ne));
}

// A value that cannot be the marker: what makes it never gives that.
Rewrite bound_already(Builder& b, const Candidate& c) {
  const Function& f = b.function();
  ValueId v = c.operands[0];
  const Inst* def = f.def(v);
  if (def == nullptr) {
    // The function's own parameters are bound by the caller.
    if (f[v].block == f.entry) return done(v);
    return {};
  }
  if (info(def->op).has(kMaybeUnset) || info(def->op).operands[0] == 'x' ||
      info(def->op).immediate == Immediate::Type || def->op == Opcode::Select)
    return {};
  return done(v);
}

Rewrite item_of_tuple(Builder& b, const Candidate& c) {
  const Function& f = b.function();
  const Inst* def = f.def(c.operands[0]);
  if (def == nullptr) return {};
  if (def->op == Opcode::MakeTuple && c.imm < def->operands_count) return done(f.operands(*def)[c.imm]);
  if (const Constant* t = constant(b, c.operands[0]);
      t != nullptr && t->kind == Constant::Kind::Tuple && c.imm < t->items.size())
    return done(b.constant(f.module->constants[t->items[c.imm].index]));
  return {};
}

// Unpacking a tuple of the right length gives that very tuple.
Rewrite unpack_tuple(Builder& b, const Candidate& c) {
  const Function& f = b.function();
  const Inst* def = f.def(c.operands[0]);
  if (def != nullptr && def->op == Opcode::MakeTuple && def->operands_count == c.imm) return done(c.operands[0]);
  const Constant* t = constant(b, c.operands[0]);
  if (t != nullptr && t->kind == Constant::Kind::Tuple && t->items.size() == c.imm) return done(c.operands[0]);
  return {};
}

Rewrite load_item_of_tuple(Builder& b, const Candidate& c) {
  const Function& f = b.function();
  const Constant* key = constant(b, c.operands[1]);
  if (key == nullptr || key->kind != Constant::Kind::Int) return {};
  const Inst* def = f.def(c.operands[0]);
  const Constant* t = constant(b, c.operands[0]);
  int64_t size;
  if (t != nullptr && t->kind == Constant::Kind::Tuple)
    size = static_cast<int64_t>(t->items.size());
  else if (def != nullptr && def->op == Opcode::MakeTuple)
    size = def->operands_count;
  else
    return {};
  int64_t k = key->int_value < 0 ? key->int_value + size : key->int_value;
  if (k < 0 || k >= size) return {};
  return done(b.emit(Opcode::TupleItem, {c.operands[0]}, static_cast<uint32_t>(k)));
}

Rewrite tuple_of_constants(Builder& b, const Candidate& c) {
  Constant out;
  out.kind = Constant::Kind::Tuple;
  for (ValueId v : c.operands) {
    const Inst* def = b.function().def(v);
    if (def == nullptr || def->op != Opcode::Const) return {};
    out.items.push_back(ConstId(def->imm));
  }
  return done(b.constant(out));
}

// Neighbouring constant pieces of a string become one, empty ones go.
Rewrite merge_pieces(Builder& b, const Candidate& c) {
  std::vector<ValueId> pieces;
  std::string text;
  size_t constants = 0;
  auto flush = [&] {
    if (!text.empty()) pieces.push_back(b.constant(str_constant(text)));
    text.clear();
  };
  for (ValueId v : c.operands) {
    const Constant* x = constant(b, v);
    if (x != nullptr && x->kind == Constant::Kind::Str) {
      text += x->text;
      constants++;
    } else {
      if (!text.empty()) flush();
      pieces.push_back(v);
    }
  }
  if (constants == c.operands.size()) return done(b.constant(str_constant(text)));
  size_t kept = pieces.size() + (text.empty() ? 0 : 1);
  if (kept == c.operands.size()) return {};
  flush();
  return done(b.emit(Opcode::BuildString, pieces, c.imm, c.type));
}

// A text without conversion and format is itself.
Rewrite format_text(Builder& b, const Candidate& c) {
  if (c.operands.size() != 1 || (c.imm != 0 && c.imm != 's')) return {};
  const Constant* x = constant(b, c.operands[0]);
  if (x != nullptr && x->kind == Constant::Kind::Str) return done(c.operands[0]);
  return {};
}

constexpr Rule kRules[] = {
    {Opcode::Binary, fold_binary_rule, "constant op constant"},
    {Opcode::Inplace, fold_binary_rule, "constant op= constant (constants are immutable)"},
    {Opcode::Unary, fold_unary_rule, "op constant"},
    {Opcode::Compare, fold_compare_rule, "constant <=> constant"},
    {Opcode::Compare, same_identity, "x is x; None is what never is None"},
    {Opcode::Truth, fold_truth, "truth of a constant"},
    {Opcode::Truth, truth_of_box, "truth of a boxed scalar"},
    {Opcode::CheckBound, bound_already, "a value that has one"},
    {Opcode::TupleItem, item_of_tuple, "item of a tuple just made"},
    {Opcode::UnpackExact, unpack_tuple, "unpacking a tuple just made"},
    {Opcode::LoadItem, load_item_of_tuple, "constant index into a tuple just made"},
    {Opcode::MakeTuple, tuple_of_constants, "a tuple of constants"},
    {Opcode::BuildString, merge_pieces, "constant pieces side by side"},
    {Opcode::FormatValue, format_text, "a text as it is"},
};

}  // namespace

std::span<const Rule> generic_rules() { return kRules; }

}  // namespace tsvm::ir

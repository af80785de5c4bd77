// Elementwise operators by their row, with arguments of one type: how fused groups are traced, and replayed.
#pragma once

#include <cstdint>
#include <string>

#include "ops/op_id.h"
#include "ops/tensor/scalar.h"
#include "ops/tensor/tensor.h"

namespace tsvm::ops {

/// An argument of an operator. Bools, ints and floats are numbers.
struct OpValue {
  enum class Kind : uint8_t { Missing, Tensor, Number, Text } kind = Kind::Missing;  // Missing: the default, or None
  ops::Tensor tensor;
  Scalar number;
  std::string text;

  OpValue() = default;
  OpValue(ops::Tensor t) : kind(Kind::Tensor), tensor(std::move(t)) {}
  OpValue(const Scalar& s) : kind(Kind::Number), number(s) {}
  OpValue(std::string s) : kind(Kind::Text), text(std::move(s)) {}
  bool given() const { return kind != Kind::Missing; }
};

/// Takes one value for each parameter, of the kinds that they have.
using OpCall = Tensor (*)(const OpValue* args);
/// By OpId. Null: the operator is not elementwise (a pointwise one, or made of such alone).
extern const OpCall kOpCalls[];
inline OpCall call_of(OpId op) { return kOpCalls[static_cast<int>(op)]; }

}  // namespace tsvm::ops

// Arithmetic on constants, with CPython's results to the bit.
//
// What would raise, what gives an int beyond 64 bits and what gives a complex number is left alone: `false`, and the
// operation stays in the program. So is what would make a large constant out of a small text.
#pragma once

#include "ir/function.h"

namespace tsvm::ir {

bool fold_binary(ArithOp op, const Constant& a, const Constant& b, Constant& out);
bool fold_unary(UnaryOp op, const Constant& a, Constant& out);
/// Comparisons and identity of constants of built-in types.
bool fold_compare(CompareOp op, const Constant& a, const Constant& b, bool& out);
bool constant_truth(const Constant& a);

/// Ints of 64 bits: `false` when the result is no int of 64 bits or there is none (division by zero, negative shift or
/// exponent, true division).
bool fold_i64(ArithOp op, int64_t a, int64_t b, int64_t& out);
/// The same with overflow wrapping around, as Torch Script's ints do.
bool fold_i64_wrapping(ArithOp op, int64_t a, int64_t b, int64_t& out);
bool fold_f64(ArithOp op, double a, double b, double& out);
bool compare_i64(CompareOp op, int64_t a, int64_t b);
bool compare_f64(CompareOp op, double a, double b);

Constant int_constant(int64_t value);
Constant float_constant(double value);
Constant bool_constant(bool value);
Constant str_constant(std::string text);

}  // namespace tsvm::ir

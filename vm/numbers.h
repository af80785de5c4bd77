// Arithmetic of plain numbers, shared by the operators and the number types.
#pragma once

#include "vm/make.h"
#include "vm/runtime.h"

namespace tsvm::vm {

/// Modulus of the hashes of numbers: 2^61 - 1.
constexpr uint64_t kHashModulus = (uint64_t{1} << 61) - 1;

inline uint64_t hash_int(int64_t i) {
  uint64_t a = i < 0 ? 0 - static_cast<uint64_t>(i) : static_cast<uint64_t>(i);
  a %= kHashModulus;
  uint64_t h = i < 0 ? 0 - a : a;
  return h == UINT64_MAX ? UINT64_MAX - 1 : h;
}
uint64_t hash_double(double d);

/// int64 operands; big results become BigInts; ZeroDivisionError, negative powers become floats.
Value int_arith(VM& vm, ir::ArithOp op, int64_t a, int64_t b);
Value float_arith(VM& vm, ir::ArithOp op, double a, double b);
bool float_compare(ir::CompareOp op, double a, double b);
/// Floor division and modulo as Python defines them; b not zero.
void float_divmod(double a, double b, double& quotient, double& rest);
/// -1, 0, 1 of an int (any size) against a double that is not nan.
int compare_int_double(Value integer, double d);
int compare_ints(Value a, Value b);
/// float(int): false with OverflowError pending when it is too large.
bool int_to_double(VM& vm, Value integer, double& out);
/// float ** float with Python's errors; complex for negative bases with fractional exponents.
Value float_pow(VM& vm, double a, double b);
/// Exact ratio of a double: numerator and denominator as ints.
bool double_ratio(VM& vm, double d, Value& numerator, Value& denominator);
/// round(d, digits) half to even on the decimal text.
Value round_double(VM& vm, double d, Value digits);

}  // namespace tsvm::vm

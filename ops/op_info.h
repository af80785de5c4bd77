// The operators as data: one row for each overload and variant (in-place, out=), in the order of OpId.
//
// The rows are generated from ops/defs/*.ts and lie in read-only memory.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ops/op_id.h"
#include "ops/scalar/pointwise.h"

namespace tsvm::ops {

enum class ArgKind : uint8_t {
  Tensor,
  TensorList,
  Scalar,
  Int,
  IntList,
  Float,
  FloatList,
  Bool,
  BoolList,
  Str,
  StrList,
  DType,
  Device,
  Layout,
  MemoryFormat,
  Generator,
  Storage,
  ScalarList,
};

/// A default of an argument.
struct DefaultValue {
  enum class Kind : uint8_t { Missing, None, Bool, Int, Float, Str, IntList } kind = Kind::Missing;
  int64_t i = 0;  // IntList: the number of items
  double d = 0;
  const char* s = nullptr;
  const int64_t* ints = nullptr;
};

struct OpArg {
  const char* name;
  ArgKind kind;
  bool optional = false;
  bool keyword_only = false;
  bool written = false;           // its memory is changed
  bool element_optional = false;  // Tensor?[]
  bool promotes = false;          // a number in the place of a tensor: counts in type promotion
  uint8_t list_size = 0;          // int[2]: one number may be given
  DefaultValue default_value = {};
};

struct OpResult {
  const char* name;
  ArgKind kind;
};

enum class OpKind : uint8_t { Pointwise, Reduction, Scan, Composite, Primitive };
enum class OpVariant : uint8_t { Plain, InPlace, Out };

struct OpRow {
  const char* name;      // "add"
  const char* overload;  // "Tensor", ""
  const char* schema;    // "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"
  const char* doc;
  OpKind kind;
  OpVariant variant;
  bool random;
  int8_t view_of;  // the argument whose memory the result shares, -1: none
  std::span<const OpArg> args;
  std::span<const OpResult> results;
  const scalar::PointwiseSpec* spec;   // pointwise: all arguments
  const scalar::PointwiseSpec* plain;  // pointwise: where the arguments with defaults have them
  const char* node;                    // what grad_fn prints; null: no node of its own
  const char* cuda;                    // the CUDA kernel; null: generated (pointwise) or none
};

extern const OpRow kOps[];
inline const OpRow& info(OpId op) { return kOps[static_cast<int>(op)]; }

/// A name that the language knows, with the rows that it may mean, in the order in which they are tried.
struct OpName {
  const char* space;  // "torch", "nn", "linalg", "special", "fft", "private"
  const char* name;   // "add", "add_", "absolute"
  bool function;
  bool method;
  std::span<const OpId> rows;
};
extern const OpName kOpNames[];
extern const int kOpNameCount;

/// A special method of tensors: "__add__" and what it calls.
struct OpSpecial {
  const char* operator_name;  // "add"
  OpId tensor;                // with a tensor on the right
  OpId number;                // with a number on the right
  OpId inplace_tensor, inplace_number;
};
extern const OpSpecial kOpSpecials[];
extern const int kOpSpecialCount;

}  // namespace tsvm::ops

// Scalar programs: what one pointwise operator, or a fused group of them, computes for one element.
//
// A program is straight-line SSA code over a few compute types. It has three readers that agree: the block interpreter
// (block.h), the AsmJit emitter (jit/fuse) and the CUDA emitter (ops/cuda). Tensors of half and bfloat16 compute in
// F32, all integer tensors in I64; I32 appears only where floats are taken apart.
//
// A Program is a view of flat constant data, so that the programs of all operators lie in read-only memory and cost
// nothing at start-up. Builder makes new ones (the generator of the operators' tables, the fuser).
//
// Rules that must stay true (verify() checks them):
//   - value i is the result of instruction i; operands are smaller numbers;
//   - the inputs are instructions 0 .. inputs-1 in order, the params follow, in order: so code[i].type is the type in
//     which input i is loaded;
//   - slots: instruction i leaves its result in block buffer code[i].slot; buffers are shared where lifetimes allow it,
//     and an instruction may share the buffer of an operand that dies there only if both are as wide and both or
//     neither complex (leaves and outputs that are leaves have none: kNoValue).
#pragma once

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/tensor/dtype.h"
#include "ops/tensor/scalar.h"

namespace tsvm::ops::scalar {

/// Types in which programs compute.
enum class CType : uint8_t { Bool, I32, I64, F32, F64, C64, C128 };
inline constexpr int kCTypeCount = 7;

inline constexpr bool is_float(CType t) { return t == CType::F32 || t == CType::F64; }
inline constexpr bool is_complex(CType t) { return t >= CType::C64; }
inline constexpr bool is_int(CType t) { return t == CType::I32 || t == CType::I64; }
/// Bytes of one element in a block buffer (bool is one byte, 0 or 1; complex is a pair).
inline constexpr int width(CType t) {
  constexpr uint8_t kWidths[] = {1, 4, 8, 4, 8, 8, 16};
  return kWidths[static_cast<int>(t)];
}
/// The type of a complex type's parts.
inline constexpr CType real_of(CType t) { return t == CType::C64 ? CType::F32 : t == CType::C128 ? CType::F64 : t; }
inline constexpr CType complex_of(CType t) { return t == CType::F32 ? CType::C64 : CType::C128; }
/// "f32" ...
const char* name(CType t);

/// The type in which elements of a tensor are computed with.
constexpr CType compute_type(DType t) {
  switch (t) {
    case DType::Bool: return CType::Bool;
    case DType::Float16:
    case DType::BFloat16:
    case DType::Float32: return CType::F32;
    case DType::Float64: return CType::F64;
    case DType::Complex64: return CType::C64;
    case DType::Complex128: return CType::C128;
    default: return CType::I64;
  }
}
/// Whether elements of the tensor lie in memory exactly as in a block buffer.
constexpr bool stored_as(DType t, CType c) {
  return compute_type(t) == c && static_cast<int>(item_size(t)) == width(c);
}

enum class Op : uint8_t {
#define SCALAR_OP(name, ...) name,
#include "ops/scalar/opcodes.def"
#undef SCALAR_OP
};
#define SCALAR_OP(...) +1
inline constexpr int kOpCount = 0
#include "ops/scalar/opcodes.def"
    ;
#undef SCALAR_OP

enum class OpKind : uint8_t { Leaf, Prim, Macro };
enum class OpResult : uint8_t { Same, Bool, Real, Own };

struct OpInfo {
  const char* name;
  uint8_t operands;
  OpKind kind;
  OpResult result;
  const char* types;
};
const OpInfo& info(Op op);
/// Whether `op` takes operands of type `t`.
bool accepts(Op op, CType t);
/// The same for the letters of a row of opcodes.def.
constexpr bool takes(const char* types, CType t) {
  const char letter = t == CType::Bool ? 'B' : is_int(t) ? 'I' : is_float(t) ? 'F' : 'C';
  for (const char* c = types; *c; c++)
    if (*c == letter || *c == '*') return true;
  return false;
}

/// Functions that Op::Libm calls.
enum class LibmFn : uint8_t {
#define LIBM(name, ...) name,
#include "ops/scalar/libm.def"
#undef LIBM
};
struct LibmInfo {
  const char* name;
  int arguments;
  double (*one)(double);
  double (*two)(double, double);
  const char* cuda;
};
const LibmInfo& info(LibmFn fn);

inline constexpr uint16_t kNoValue = 0xffff;

struct Inst {
  Op op;
  CType type;  // of the result
  uint16_t slot = kNoValue;
  uint16_t a = kNoValue, b = kNoValue, c = kNoValue, d = kNoValue;  // operands; for leaves a is their number
  uint16_t imm = 0;

  friend bool operator==(const Inst&, const Inst&) = default;
};

/// The numbers of the operands of an instruction that are values (leaves have none). Visits fn(uint16_t).
template <class Fn>
inline void for_each_operand(const Inst& i, Fn&& fn) {
  if (i.op <= Op::Const) return;
  if (i.a != kNoValue) fn(i.a);
  if (i.b != kNoValue) fn(i.b);
  if (i.c != kNoValue) fn(i.c);
  if (i.d != kNoValue) fn(i.d);
}

/// A view of a program's constant data.
struct Program {
  const Inst* code = nullptr;
  const uint64_t* constants = nullptr;
  const uint16_t* outputs = nullptr;  // values
  uint16_t size = 0;
  uint16_t inputs = 0;
  uint16_t params = 0;
  uint16_t output_count = 0;
  uint16_t slots = 0;           // block buffers needed
  uint16_t slot_width = 0;      // bytes per element of the widest
  uint16_t operations = 0;      // instructions that are no leaves
  uint16_t constants_size = 0;  // words
  uint64_t hash = 0;            // of all that decides what the program computes

  CType input_type(int i) const { return code[i].type; }
  CType param_type(int i) const { return code[inputs + i].type; }
  CType output_type(int i) const { return code[outputs[i]].type; }
  std::span<const Inst> instructions() const { return {code, size}; }
};

/// A program that owns its data.
class OwnedProgram {
 public:
  OwnedProgram() = default;
  OwnedProgram(std::vector<Inst> code, std::vector<uint64_t> constants, std::vector<uint16_t> outputs, int inputs,
               int params);
  /// Valid as long as this object is neither moved nor destroyed.
  Program view() const;

 private:
  friend class Builder;
  std::vector<Inst> code_;
  std::vector<uint64_t> constants_;
  std::vector<uint16_t> outputs_;
  uint16_t inputs_ = 0, params_ = 0, slots_ = 0, slot_width_ = 0, operations_ = 0;
  uint64_t hash_ = 0;
};

/// Makes a program. Equal instructions are made once; operations on constants are not folded (all readers compute
/// alike, so folding would only duplicate them). finish() drops what no output needs and assigns the buffers.
class Builder {
 public:
  /// Declares an input; all inputs first, then all params, before anything else.
  uint16_t input(CType type);
  uint16_t param(CType type);
  uint16_t constant(CType type, double value);
  uint16_t constant(CType type, int64_t value);
  uint16_t constant(CType type, std::complex<double> value);
  uint16_t constant_bits(CType type, uint64_t bits, uint64_t imag_bits = 0);
  /// An operation; its result type follows from the operands. Checks operand types (TSVM_CHECK).
  uint16_t op(Op op, uint16_t a, uint16_t b = kNoValue, uint16_t c = kNoValue);
  /// To another compute type (no instruction if it has that type).
  uint16_t convert(uint16_t v, CType to);
  uint16_t bits(uint16_t v, CType to);
  uint16_t make_complex(uint16_t re, uint16_t im);
  /// The value after being stored as `dtype` (no instruction if that changes nothing).
  uint16_t narrow(uint16_t v, DType dtype);
  uint16_t libm(LibmFn fn, uint16_t a, uint16_t b = kNoValue, uint16_t guard = kNoValue, uint16_t otherwise = kNoValue);
  /// Appends an instruction as it stands, reusing an equal one.
  uint16_t emit(const Inst& inst);

  CType type(uint16_t v) const { return code_[v].type; }
  const Inst& inst(uint16_t v) const { return code_[v]; }
  /// The bits of a constant.
  uint64_t constant_word(uint16_t v, int word = 0) const { return constants_[code_[v].a + word]; }
  int inputs() const { return inputs_; }

  OwnedProgram finish(std::span<const uint16_t> outputs);
  OwnedProgram finish(std::initializer_list<uint16_t> outputs) {
    return finish(std::span<const uint16_t>(outputs.begin(), outputs.size()));
  }

 private:
  std::vector<Inst> code_;
  std::vector<uint64_t> constants_;
  std::vector<uint32_t> table_;  // open hash of instructions: index + 1
  uint16_t inputs_ = 0, params_ = 0;
};

/// Empty if the program keeps the rules above, else what it breaks.
std::string verify(const Program& p);
/// One instruction a line: "%3 = fma.f32 %0, %1, %2".
std::string to_string(const Program& p);
/// C++ text of the program as constant data: arrays named after `name` and `inline constexpr Program name{...}`.
std::string to_cpp(const Program& p, std::string_view name);
/// Whether two programs are the same instruction by instruction.
bool equal(const Program& a, const Program& b);

// --- making programs out of programs

/// Where a value of a fused group comes from.
struct ValueRef {
  static constexpr int32_t kInput = -1, kNumber = -2;
  int32_t step;   // kInput, kNumber, else an earlier step
  int32_t index;  // of the input or the number, or of that step's output
  friend bool operator==(const ValueRef&, const ValueRef&) = default;
};
/// One operator of a group to be fused.
struct FuseStep {
  const Program* program;
  std::span<const ValueRef> inputs;
  std::span<const DType> outputs;         // the dtypes in which the operator's results would be stored
  std::span<const DType> seen = {};       // the dtypes that promotion converts its inputs to; empty: it converts none
  std::span<const ValueRef> params = {};  // numbers; empty: params of the group, step after step
};
/// A param of a fused program that is a number given at run time.
struct FuseParam {
  int32_t number;
  CType type;
  friend bool operator==(const FuseParam&, const FuseParam&) = default;
};
/// One program that computes what the steps compute one after another, with every intermediate rounded to the dtype it
/// would have been stored in: fusing never changes a result. `numbers` are what kNumber means; those that are null come
/// at run time and become params (`params` says which, before those of steps that have no list of their own).
OwnedProgram fuse(std::span<const DType> inputs, std::span<const FuseStep> steps, std::span<const ValueRef> outputs,
                  std::span<const Scalar* const> numbers = {}, std::vector<FuseParam>* params = nullptr);

/// The gradient of a program: inputs are the program's inputs, then its outputs, then one gradient per output; params
/// are its params; outputs are one gradient for each input of `wanted` (numbers of inputs with float or complex type).
/// Intermediates are computed again rather than stored. Empty (size 0) if an operation on the way has no derivative;
/// `why` names it.
OwnedProgram differentiate(const Program& p, std::span<const uint16_t> wanted, std::string* why);

/// The program in primitives on bool, integers and floats, for the emitters: macros and complex operations are
/// expanded, conversions from and to bool become Select and Ne, comparisons of bools logic. What stays: Real and Imag
/// of complex inputs and params, MakeComplex at the outputs, and integer division and powers.
OwnedProgram lower(const Program& p);

}  // namespace tsvm::ops::scalar

// Scalar programs as AVX2 vector instructions on virtual registers: what lies between a lowered program and bytes.
//
// One turn of the loop computes eight elements. A float or I32 value is one vector, an F64 or I64 value two. A bool is
// a mask: eight lanes of 32 bits, or two vectors of 64-bit lanes where it came from a comparison of those; it changes
// form where it is used with the other width.
//
// Instructions whose operands do not vary form a section of their own that runs once; their results wait in the frame.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/scalar/block.h"

namespace tsvm::jit::fuse {

/// An operand of a vector instruction.
struct Ref {
  enum Kind : uint8_t {
    None,
    Reg,     // virtual register `at`
    Frame,   // 32 bytes in frame slot `at`
    Pool,    // 32 bytes of constant `at`
    Tensor,  // operand `operand` of the kernel, `at` bytes after its current eight elements
    Splat,   // operand `operand` that is one repeated value, `at` bytes on
  };
  Kind kind = None;
  uint8_t bytes = 32;  // how much of memory is accessed; for registers 16 means its lower half
  int16_t operand = 0;
  int32_t at = 0;

  bool is_memory() const { return kind >= Frame; }
  Ref half() const {
    Ref r = *this;
    r.bytes = 16;
    return r;
  }
};

enum class Form : uint8_t {
  Plain,  // dst = inst(src...), with an immediate if has_imm; the last source may be memory
  Fma,    // dst = src0 * src1 + src2; inst is vfmadd213ps or vfmadd213pd
  Store,  // inst dst(memory), src0
  Libm,   // calls[imm]
  ToI64,  // src parts (calls[imm]) element by element to the two frame slots of the call
  ToF32,  // the same from two vectors of I64 to one frame slot
};

struct VInst {
  uint32_t inst = 0;
  Form form = Form::Plain;
  bool has_imm = false;
  bool commutes = false;
  uint8_t imm = 0;
  int32_t call = -1;
  Ref dst;
  Ref src[3];
};

/// Operands of an instruction that works element by element.
struct Call {
  ops::scalar::LibmFn fn = {};
  bool doubles = false;
  std::vector<Ref> a, b;       // one or two vectors
  std::vector<Ref> guard;      // as wide as the values; empty: all elements
  std::vector<Ref> otherwise;  // what unguarded elements keep
  std::vector<Ref> result;     // registers (Libm) or frame slots
};

struct VectorCode {
  std::vector<VInst> once, loop;
  std::vector<Call> calls;
  std::vector<uint64_t> pool;  // four words a constant
  int registers = 0;
  int frame_slots = 0;
  std::vector<uint8_t> operand_size;  // bytes of an element, for operands that move; by operand
};

/// Selects instructions for a lowered program on these operands (outputs, then inputs; params follow as splats). On
/// failure returns false and says why in one or two words.
bool select_instructions(const ops::scalar::Program& lowered, const ops::scalar::NativeOperand* operands,
                         VectorCode& code, std::string& why);

}  // namespace tsvm::jit::fuse

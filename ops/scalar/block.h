// The block interpreter: runs a scalar program over tensors' memory, about a thousand elements at a time, so that
// every value of a block stays in the first-level cache and one dispatch pays for a whole vector loop.
//
// The loop nest says where the operands lie (outputs first, then inputs). An operand whose elements are stored as they
// are computed with, one after another, is read and written where it is; others pass through a buffer of the block,
// converted on the way. A value that depends only on numbers and broadcast operands is computed once for the block.
#pragma once

#include "ops/cpu/loops.h"
#include "ops/scalar/program.h"

namespace tsvm::ops::scalar {

inline constexpr int kMaxOperands = 32;
using Loop = cpu::LoopNest<kMaxOperands>;

/// The bits of a run-time scalar in its compute type (complex: real part, imaginary part).
struct ParamValue {
  uint64_t words[2];
};
ParamValue param_value(CType type, const Scalar& value);

/// What the program has to know of each operand besides its place.
struct OperandType {
  DType stored;  // in memory
  DType seen;    // inputs: the dtype that promotion converts to before computing; outputs: the result's own dtype
};

/// Everything that one run needs.
struct Run {
  const Program* program;
  const Loop* loop;             // finished; operands are the outputs, then the inputs
  const OperandType* operands;  // in the same order
  const ParamValue* params;
  bool aliased;  // an output and an input are the same memory (element by element)
};

/// Where a value of a block lies.
struct Value {
  char* p;
  int64_t plane;  // complex: bytes from the real to the imaginary parts
  int64_t step;   // 1; 0: one value, repeated over kSplatBytes
};
/// One block of n elements, given the values of the leaves. `slots` holds the program's buffers, each of
/// padded * slot_width bytes (padded: a multiple of 64, at least n); `splats` has 2 * kSplatBytes for each instruction,
/// where results that do not vary go (a buffer may be shared by an operand and the result only if both vary). A result
/// whose out[k] is not null is written there (and written[k] set), unless it does not vary or comes before instruction
/// `first_in_place`. Sets *fault where an integer is divided by zero.
struct KernelTable;
void interpret(const Program& p, const KernelTable& kernels, Value* values, char* slots, char* splats, int64_t padded,
               int64_t n, char* const* out, bool* written, int first_in_place, int* fault);

/// The last instruction that reads an input: results written from there on disturb nobody, even over an input.
int after_inputs(const Program& p);

/// Runs the program over the loop, on the thread pool where it is large. Throws ops::Error for an integer division by
/// zero ("ZeroDivisionError").
void run(const Run& r);
/// The same by the block interpreter alone and with the given kernels: what other readers are tested against.
void run_interpreted(const Run& r, const KernelTable& kernels);

// --- native code

/// A kernel compiled for a program and the places of its operands. data: the outputs, the inputs, the params. A dense
/// operand is the address of its first element; a uniform one and a param that of a value of its compute type, repeated
/// over kSplatBytes (complex: real and imaginary part, each so). n is a multiple of kNativeLanes.
using NativeFn = void (*)(void* const* data, int64_t n);
inline constexpr int kNativeLanes = 8;

/// How a native kernel finds an operand.
enum class Access : uint8_t {
  Dense,    // elements of dtype `stored`, one after another
  Uniform,  // one value for all elements
};
struct NativeOperand {
  DType stored;  // its compute type is the program's
  Access access;
  friend bool operator==(const NativeOperand&, const NativeOperand&) = default;
};

/// What a compiler of scalar programs installs (jit/fuse). Called by any thread.
struct NativeCompiler {
  /// The kernel for a program on operands (outputs, then inputs). Null where there is none, or not worth while yet: the
  /// block interpreter runs then. `elements`: how many are about to be computed.
  NativeFn (*find)(const Program& p, const NativeOperand* operands, int64_t elements);
};
/// Null takes it away again. The object must live on.
void install_native_compiler(const NativeCompiler* compiler);
const NativeCompiler* native_compiler();

/// Calls a kernel for any n: what is left over after whole vectors goes through memory of its own.
void call_native(NativeFn fn, const Program& p, const NativeOperand* operands, void* const* data, int64_t n);

}  // namespace tsvm::ops::scalar

// The SSA IR: modules, functions, blocks, instructions.
//
// The folder:
//   opcodes.def               the instructions, one row each: start here
//   type.h, function.h        types; functions and the Builder        op_table.h   what passes may know of operators
//   print.h, read.h           the text form, both ways (print.h shows it)
//   verify.h                  the rules, checked                      effects.h    what an instruction may do
//   uses.h                    walking and replacing uses, compact()
//   analysis/                 graph, dominators (handler rule), liveness, loops: snapshots, made when needed
//   emit/                     the syntax tree to IR
//   passes/                   one pass a file, pipeline.h has their order
//
// The ways of a function: emit -> Generic passes -> bytecode. Torch Script: emit -> Typed passes -> typed bytecode.
// Native code of plain functions: a copy of the generic function -> specialise (passes/specialise.h) -> Native passes.
// To add an instruction: a row in opcodes.def; what does not build then must say how it treats it. If the row cannot
// say what it may do, effects.cpp does; if it folds, a rule in passes/rewrite_*.cpp with a case in tests/ir. To add a
// pass: passes/NAME.cpp with `bool run_NAME(Function&)`, a row in pipeline.cpp, tests/ir/NAME.ir.
//
// A function is a control-flow graph of blocks with *block arguments* (no phis, no nested regions). Values,
// instructions and blocks are 32-bit ids into flat tables owned by the function, so a function can be copied or written
// to a file as it is.
//
// Rules that every pass keeps and the verifier checks:
//  - Each block ends in exactly one terminator; each value is defined once and dominates its uses. The result of
//  `for_iter`
//    may be used only where its first successor dominates.
//  - A terminator passes to each successor one argument per parameter of that block, of the parameter's type.
//  - Exceptions: `Block::handler` names the block where control goes when an instruction of this block raises. The edge
//  counts
//    as leaving from the *start* of the block, so a handler sees only values that dominate the whole block; it takes no
//    arguments. A local that is stored inside the protected region and used outside it is a frame slot, not an SSA
//    value. A handler block starts with `catch`.
//  - Generators: a local that is live across a `yield` is a frame slot or an ordinary value: generator frames live on
//  the heap,
//    and bytecode registers with them.
//  - Operand and result types fit the opcode's row (ir/opcodes.def). Raw values (bool, i64, f64) and tagged values
//  never mix
//    without box / unbox / guard.
//  - The result of `for_iter` is made on the edge to its first successor, so that block has no other predecessor.
//  - Entry block parameters are the function's parameters in the order of `params` (positional-only, positional, *args,
//    keyword-only, **kwargs), already bound by the caller; in a class body the one parameter is the namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/ids.h"
#include "base/source.h"
#include "ir/intern_index.h"
#include "ir/type.h"

namespace tsvm::ir {

class OpTable;
struct ValueTag;
struct InstTag;
struct BlockTag;
struct NameTag;
struct ConstTag;
struct FuncTag;
struct ExitTag;
using ValueId = Id<ValueTag>;
using InstId = Id<InstTag>;
using BlockId = Id<BlockTag>;
using NameId = Id<NameTag>;    // into Module::names
using ConstId = Id<ConstTag>;  // into Module::constants
using FuncId = Id<FuncTag>;    // into Module::functions
using ExitId = Id<ExitTag>;    // into Function::exits

enum class Opcode : uint8_t {
#define OPCODE(name, text, operands, result, immediate, traits) name,
#include "ir/opcodes.def"
  Count
};

enum class ArithOp : uint8_t {
  Add,
  Sub,
  Mul,
  TrueDiv,
  FloorDiv,
  Mod,
  Pow,
  MatMul,
  LShift,
  RShift,
  And,
  Or,
  Xor,
  Count
};
enum class UnaryOp : uint8_t { Neg, Pos, Invert, Not, Count };
enum class CompareOp : uint8_t { Lt, Le, Eq, Ne, Gt, Ge, Is, IsNot, In, NotIn, Count };

enum class Immediate : uint8_t {
  None,
  Const,
  Name,
  Slot,
  Index,
  Call,
  Func,
  Op,
  Kernel,
  Type,
  Arith,
  Unary,
  Compare,
  Object
};

enum Trait : uint32_t {
  kPure = 1 << 0,
  kReads = 1 << 1,
  kRaises = 1 << 2,
  kWrites = 1 << 3,
  kWorld = 1 << 4,
  kExits = 1 << 5,
  kTerminator = 1 << 6,
  kCommutes = 1 << 7,
  kGuards = 1 << 8,
  kFresh = 1 << 9,
  kMaybeUnset = 1 << 10,
  kVirtual = 1 << 11,
  // classes of memory
  kSlots = 1 << 16,
  kCells = 1 << 17,
  kGlobals = 1 << 18,
  kFields = 1 << 19,
  kItems = 1 << 20,
  kLengths = 1 << 21,
  kLayouts = 1 << 22,
  kTensors = 1 << 23,
  kHandled = 1 << 24,
  kRandom = 1 << 25,
  kOtherMemory = 1 << 26,
  kAllMemory = 0x7ffu << 16,
};

/// What opcodes.def says of one opcode.
struct OpcodeInfo {
  const char* text;
  const char* operands;
  const char* result;
  Immediate immediate;
  uint32_t traits;
  bool has(uint32_t trait) const { return (traits & trait) != 0; }
};
const OpcodeInfo& info(Opcode op);
const char* to_text(ArithOp op);    // "add" ...
const char* to_text(UnaryOp op);    // "neg" ...
const char* to_text(CompareOp op);  // "lt" ... "not_in"

/// The two operands may be swapped: a row with the trait Commutes and an operator that does.
bool is_commutative(Opcode op, uint32_t imm);

/// A literal of the source. Ints that do not fit 64 bits keep their decimal text.
struct Constant {
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    BigInt,
    Float,
    Imaginary,
    Str,
    Bytes,
    Ellipsis,
    Tuple,
    FrozenSet
  } kind = Kind::None;
  int64_t int_value = 0;                   // Bool, Int
  double float_value = 0;                  // Float, Imaginary
  std::string text;                        // BigInt, Str (UTF-8), Bytes
  std::vector<ConstId> items;              // Tuple, FrozenSet
  bool operator==(const Constant&) const;  // floats by bits, so that 0.0 and -0.0 differ
};

/// How the arguments of a call are laid out: `positional` first, then one per name in `keywords`. When `starred` is not
/// empty it has one letter per argument in source order instead: 'p' positional, '*' iterable, 'k' keyword (its name is
/// the next of `keywords`), 'd' mapping (**).
struct CallShape {
  uint32_t positional = 0;
  std::vector<NameId> keywords;
  std::string starred;
  NameId method;  // call_method
  uint32_t argument_count() const {
    return starred.empty() ? positional + static_cast<uint32_t>(keywords.size())
                           : static_cast<uint32_t>(starred.size());
  }
  bool operator==(const CallShape&) const = default;
};

enum class ParamKind : uint8_t { PositionalOnly, Positional, VarArgs, KeywordOnly, VarKeywords };
struct Param {
  NameId name;
  ParamKind kind;
  bool has_default;
  TypeId type = types::Any;
};

struct Value {
  TypeId type;
  InstId def;     // none: a block parameter
  BlockId block;  // of which block, when a parameter
};

struct Edge {
  BlockId target;
  uint32_t args_begin = 0, args_count = 0;  // in Function::pool
};

struct Inst {
  Opcode op;
  uint8_t edge_count = 0;                           // terminators: successors, in Function::edges
  uint16_t frame = 0;                               // into Function::inlined: whose code it is (0: the function itself)
  ValueId result;                                   // none: no result
  uint32_t imm = 0;                                 // as the opcode's Immediate says
  uint32_t operands_begin = 0, operands_count = 0;  // in Function::pool
  uint32_t edges_begin = 0;
  ExitId exit;  // speculative instructions
  SourceRange range;
};

struct Block {
  std::vector<ValueId> params;
  std::vector<InstId> insts;  // the last is the terminator
  BlockId handler;            // where exceptions raised in this block go
};

/// How to go on in generic bytecode when compiled code is left: one frame per inlined function, innermost last.
/// In the innermost frame `bytecode_pc` is the instruction that runs next (the one that could not be finished is run
/// again, in full). In the frames around it, it is the call that waits for the result of the frame inside.
struct ExitFrame {
  uint32_t function = 0;  // into Function::inlined (0: the function itself)
  uint32_t bytecode_pc = 0;
  std::vector<std::pair<uint16_t, ValueId>> registers;  // generic register <- value (boxed on the way)
  bool operator==(const ExitFrame&) const = default;
};
struct ExitState {
  std::vector<ExitFrame> frames;
  bool operator==(const ExitState&) const = default;
};

struct Function;
struct Module;

/// Something outside of the IR that an instruction names: what the immediate `Object` indexes. The IR never looks
/// behind `pointer`; the typed signature is what passes and the verifier need to know of it.
struct ObjectRef {
  enum class Kind : uint8_t {
    Value,     // an object of the heap (guard_is)
    Shape,     // a hidden class (guard_shape)
    Global,    // the cell of a global variable (global_load)
    Function,  // a function called directly (call_direct) or through its native entry (call_compiled)
    Native,    // a C function with a typed signature (call_native)
    Count
  } kind = Kind::Value;
  std::string name;                // for people
  const void* pointer = nullptr;   // the object, not part of the text form
  const void* code = nullptr;      // Native: the C function, not part of the text form
  const Function* body = nullptr;  // Function: its IR, when it may be inlined
  bool has_signature = false;      // Function, Native; without one only call_direct takes it, with values of any type
  bool is_pure = false;            // Native: no effect, cannot fail
  bool converts = true;            // Native: takes ints for floats
  std::vector<TypeId> params;
  TypeId result = types::Any;
};

/// A function whose body was copied into this one. Entry 0 of Function::inlined stands for the function itself.
struct InlinedFunction {
  std::string name;
  const Function* function = nullptr;  // the generic code that exits go on in; not part of the text form
  uint32_t parent = 0;                 // whose body the call was in
  uint32_t object = 0xffffffffu;       // the function object called, in Function::objects
  SourceRange call;                    // the place of the call
};

struct Function {
  std::string name;
  std::string qualified_name;
  Module* module = nullptr;
  SourceRange range;
  int first_line = 1;
  std::vector<Param> params;
  TypeId result_type = types::Any;
  bool is_generator = false;
  bool is_class_body = false;
  bool is_module_body = false;
  bool is_typed = false;  // Torch Script: values have static types
  std::string doc;
  bool has_doc = false;
  uint32_t num_slots = 0;
  std::vector<NameId> slot_names;   // names of frame slots, for error messages
  std::vector<NameId> free_names;   // what load_closure's index names
  std::vector<NameId> local_names;  // all locals by name (for tracebacks, the debugger)

  BlockId entry;
  std::vector<Value> values;
  std::vector<Inst> insts;
  std::vector<Block> blocks;
  std::vector<Edge> edges;
  std::vector<ValueId> pool;  // operands and edge arguments
  std::vector<ExitState> exits;
  std::vector<ObjectRef> objects;        // what immediates of the kind Object name
  std::vector<InlinedFunction> inlined;  // empty: nothing was inlined

  std::span<const ValueId> operands(const Inst& i) const { return {pool.data() + i.operands_begin, i.operands_count}; }
  std::span<ValueId> operands(const Inst& i) { return {pool.data() + i.operands_begin, i.operands_count}; }
  std::span<const Edge> successors(const Inst& i) const { return {edges.data() + i.edges_begin, i.edge_count}; }
  std::span<Edge> successors(const Inst& i) { return {edges.data() + i.edges_begin, i.edge_count}; }
  std::span<const ValueId> args(const Edge& e) const { return {pool.data() + e.args_begin, e.args_count}; }
  std::span<ValueId> args(const Edge& e) { return {pool.data() + e.args_begin, e.args_count}; }
  Inst& operator[](InstId id) { return insts[id.index]; }
  const Inst& operator[](InstId id) const { return insts[id.index]; }
  Block& operator[](BlockId id) { return blocks[id.index]; }
  const Block& operator[](BlockId id) const { return blocks[id.index]; }
  Value& operator[](ValueId id) { return values[id.index]; }
  const Value& operator[](ValueId id) const { return values[id.index]; }
  const Inst& terminator(BlockId b) const { return insts[blocks[b.index].insts.back().index]; }
  Inst& terminator(BlockId b) { return insts[blocks[b.index].insts.back().index]; }
  /// The block is part of the function (passes empty a block to remove it).
  bool is_live(BlockId b) const { return !blocks[b.index].insts.empty(); }
  TypeId type_of(ValueId v) const { return values[v.index].type; }
  /// The instruction that makes a value; null for block parameters.
  const Inst* def(ValueId v) const {
    InstId d = values[v.index].def;
    return d ? &insts[d.index] : nullptr;
  }
};

/// A fused group of elementwise operators: what call_kernel runs, on operands as `inputs` says. It gives the results of
/// the steps in `outputs` (several: as a tuple), or None when the operators have to be called one by one.
struct KernelArg {
  enum class Kind : uint8_t { Input, Step, Constant, Default } kind;
  uint32_t index = 0;  // Constant: into Module::constants
  bool operator==(const KernelArg&) const = default;
};
struct KernelStep {
  uint32_t op;  // into Module::ops
  std::vector<KernelArg> args;
  bool operator==(const KernelStep&) const = default;
};
struct Kernel {
  std::vector<TypeId> inputs;  // Tensor; others are numbers
  std::vector<KernelStep> steps;
  std::vector<uint32_t> outputs;
  bool operator==(const Kernel&) const = default;
};

/// Everything made from one source file: functions share names, constants and call shapes. Function 0 is the module's
/// body.
struct Module {
  std::string name;
  std::shared_ptr<const SourceFile> source;
  TypeTable* types = nullptr;  // that of the VM or of the tool; needed once a type with parameters is used
  /// `types`, or a table of the module's own when none was given.
  TypeTable& type_table();
  const OpTable* ops = nullptr;  // the operators that call_op names; needed once there is a call_op
  // Filled through intern() only.
  std::vector<std::string> names;
  std::vector<Constant> constants;
  std::vector<CallShape> call_shapes;
  std::vector<Kernel> kernels;
  std::vector<std::unique_ptr<Function>> functions;

  NameId intern(std::string_view name);
  ConstId intern(const Constant& constant);
  uint32_t intern(const CallShape& shape);
  uint32_t intern(const Kernel& kernel);
  const std::string& text(NameId id) const { return names[id.index]; }
  FuncId add_function();

 private:
  InternIndex name_index_, constant_index_, shape_index_;
  std::unique_ptr<TypeTable> own_types_;
};

/// Inserts instructions at a place of a block. Folding and other local rewrites of ir/passes/rewrite.h are tried as
/// they are made, so the value that comes back may be an older one, or a constant.
class Builder {
 public:
  explicit Builder(Function& f) : f_(f) {}

  Function& function() { return f_; }
  BlockId make_block();
  ValueId add_param(BlockId block, TypeId type);
  void position_at_end(BlockId block) {
    block_ = block;
    index_ = kEnd;
  }
  /// What follows goes in front of the `index`-th instruction of the block.
  void position_at(BlockId block, uint32_t index) {
    block_ = block;
    index_ = index;
  }
  BlockId block() const { return block_; }
  /// Where the next instruction goes, after position_at.
  uint32_t index() const { return index_; }
  /// The handler given to blocks made from now on.
  BlockId handler;
  /// The range given to instructions made from now on.
  SourceRange range;
  /// The exit state given to instructions with the trait Exits (or World, in specialised code) made from now on.
  ExitId exit;
  /// Whose code the instructions made from now on are (Inst::frame).
  uint16_t frame = 0;
  /// Whether local rewrites are tried.
  bool rewrites = true;

  /// The block already ends in a terminator: what follows is unreachable.
  bool terminated() const;
  /// An instruction with a result of `type`; returns the result, none when the opcode has none. `type` is only heeded
  /// where the opcode leaves it open: `any` results may be any tagged type, "op" and untyped "imm" results anything;
  /// raw results, and those named by a Type immediate, are what the opcode says.
  ValueId emit(Opcode op, std::span<const ValueId> operands, uint32_t imm = 0, TypeId type = types::Any);
  ValueId emit(Opcode op, std::initializer_list<ValueId> operands, uint32_t imm = 0, TypeId type = types::Any) {
    return emit(op, std::span(operands.begin(), operands.size()), imm, type);
  }
  template <class E>
  requires std::is_enum_v<E> ValueId emit(Opcode op, std::initializer_list<ValueId> operands, E imm,
                                          TypeId type = types::Any) {
    return emit(op, std::span(operands.begin(), operands.size()), static_cast<uint32_t>(imm), type);
  }
  /// A literal: `type` is Any, or the raw type of a bool, an int or a float.
  ValueId constant(const Constant& value, TypeId type = types::Any);
  ValueId const_bool(bool value);    // raw
  ValueId const_i64(int64_t value);  // raw
  ValueId const_f64(double value);   // raw
  ValueId none() { return constant(Constant{}); }
  /// Raw to tagged; a value that is tagged already is given back.
  ValueId box(ValueId value);

  void jump(BlockId target, std::span<const ValueId> args = {});
  void branch(ValueId condition, BlockId then, BlockId otherwise, std::span<const ValueId> then_args = {},
              std::span<const ValueId> else_args = {});
  /// Gives the next item, defined in `body` only.
  ValueId for_iter(ValueId iterator, BlockId body, BlockId end, std::span<const ValueId> body_args = {},
                   std::span<const ValueId> end_args = {});
  void ret(ValueId value) { emit(Opcode::Return, {value}); }

 private:
  static constexpr uint32_t kEnd = 0xffffffffu;
  friend class Rewriter;

  Inst& append(Opcode op, std::span<const ValueId> operands, uint32_t imm);
  void add_edge(InstId inst, BlockId target, std::span<const ValueId> args);

  Function& f_;
  BlockId block_;
  uint32_t index_ = kEnd;
};

/// The type of the result of an instruction, as Builder::emit gives it; none when there is none.
TypeId result_type(Opcode op, uint32_t imm, TypeId wanted);

}  // namespace tsvm::ir

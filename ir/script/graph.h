// The typed tree of Torch Script code: what the checker makes, and what printers, the archive writer and the emitter
// read.
//
// A Graph is structured: a block is a list of nodes, and `If`, `Loop` and `With` nodes hold blocks. While code is
// checked, local variables are read and written by `Load` and `Store` nodes, and `Return`, `Break` and `Continue` stand
// where the program has them: in this form a graph is emitted to IR (ir/script/emit.h). For printing (`.graph`,
// `.code`, archives) a copy is brought into the form that PyTorch shows, where every value is defined once and exits
// have become flags (ir/script/ssa.h).
//
// Nodes and values live as long as their graph. Ranges are in the source file of the function that owns the graph.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "ir/type.h"

namespace tsvm::script {

using ir::TypeId;
using ir::TypeKind;
namespace types = ir::types;

struct Graph;
struct Node;
struct Block;
struct Function;
struct ClassInfo;
struct Operator;

/// A value that is known when code is compiled. Objects of the host (tensors, enum members, ignored functions ...) are
/// numbers that the host gave out.
struct Const {
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    Float,
    Complex,
    Str,
    Device,
    IntList,
    FloatList,
    Tensor,
    Object
  } kind = Kind::None;
  int64_t i = 0;  // Bool, Int; Tensor, Object: the host's number
  double d = 0;   // Float; Complex: real part
  double imag = 0;
  std::string s;  // Str, Device
  std::vector<int64_t> ints;
  std::vector<double> floats;

  static Const boolean(bool b) {
    Const c;
    c.kind = Kind::Bool;
    c.i = b;
    return c;
  }
  static Const integer(int64_t v) {
    Const c;
    c.kind = Kind::Int;
    c.i = v;
    return c;
  }
  static Const number(double v) {
    Const c;
    c.kind = Kind::Float;
    c.d = v;
    return c;
  }
  static Const text(std::string_view v) {
    Const c;
    c.kind = Kind::Str;
    c.s = v;
    return c;
  }
  static Const object(Kind kind, int64_t number) {
    Const c;
    c.kind = kind;
    c.i = number;
    return c;
  }
  bool operator==(const Const&) const;  // floats by bits
};

struct Value {
  Node* node = nullptr;  // null: a parameter of `block`
  Block* block = nullptr;
  TypeId type;
  uint32_t id = 0;   // unique in the graph
  std::string name;  // what the program calls it; empty: nothing
};

// NODE(Enum, "name in PyTorch's notation"): nodes that are no operators.
#define TSVM_SCRIPT_NODES(NODE)                            \
  NODE(Op, "")                                             \
  NODE(Constant, "prim::Constant")                         \
  NODE(If, "prim::If")                                     \
  NODE(Loop, "prim::Loop")                                 \
  NODE(Load, "prim::Load")                                 \
  NODE(Store, "prim::Store")                               \
  NODE(Return, "prim::ReturnStmt")                         \
  NODE(Break, "prim::BreakStmt")                           \
  NODE(Continue, "prim::ContinueStmt")                     \
  NODE(GetAttr, "prim::GetAttr")                           \
  NODE(SetAttr, "prim::SetAttr")                           \
  NODE(CallFunction, "prim::CallFunction")                 \
  NODE(CallMethod, "prim::CallMethod")                     \
  NODE(CreateObject, "prim::CreateObject")                 \
  NODE(ListConstruct, "prim::ListConstruct")               \
  NODE(TupleConstruct, "prim::TupleConstruct")             \
  NODE(DictConstruct, "prim::DictConstruct")               \
  NODE(TupleIndex, "prim::TupleIndex")                     \
  NODE(TupleUnpack, "prim::TupleUnpack")                   \
  NODE(ListUnpack, "prim::ListUnpack")                     \
  NODE(IsInstance, "prim::isinstance")                     \
  NODE(UncheckedCast, "prim::unchecked_cast")              \
  NODE(Uninitialized, "prim::Uninitialized")               \
  NODE(RaiseException, "prim::RaiseException")             \
  NODE(Print, "prim::Print")                               \
  NODE(Format, "aten::format")                             \
  NODE(PercentFormat, "aten::percentFormat")               \
  NODE(Fork, "prim::fork")                                 \
  NODE(With, "prim::With")                                 \
  NODE(Enter, "prim::Enter")                               \
  NODE(Exit, "prim::Exit")                                 \
  NODE(EnumName, "prim::EnumName")                         \
  NODE(EnumValue, "prim::EnumValue")                       \
  NODE(PythonOp, "^")                                      \
  NODE(ToList, "prim::tolist")                             \
  NODE(ModuleContainerIndex, "prim::ModuleContainerIndex") \
  NODE(FunctionConstant, "prim::Constant")

enum class NodeKind : uint8_t {
#define NODE(name, text) name,
  TSVM_SCRIPT_NODES(NODE)
#undef NODE
};

struct Node {
  NodeKind kind = NodeKind::Op;
  SourceRange range;
  const Operator* op = nullptr;  // Op
  std::vector<Value*> inputs, outputs;
  std::vector<Block*> blocks;
  Block* owner = nullptr;
  std::string name;                   // attribute, variable, method, ignored function
  Const constant;                     // Constant; IsInstance and TupleIndex: number
  TypeId type;                        // CreateObject, UncheckedCast ... of what
  Function* function = nullptr;       // CallFunction, CallMethod when known, Fork; With: __enter__
  Function* leave = nullptr;          // With: __exit__
  std::vector<TypeId> types;          // IsInstance
  std::vector<std::string> keywords;  // PythonOp: names of the last inputs

  Value* output() const { return outputs[0]; }
  /// Takes over what says what another node does: all but its values, blocks and places in a graph.
  void take_meaning(const Node& n);
};

/// A Loop has the inputs (trip count, first condition, carried values ...) and one block with the parameters
/// (iteration, carried values ...) whose results are (condition, carried values ...), as PyTorch's prim::Loop. While
/// variables are loads and stores nothing is carried; a loop over `while` has its condition computed in a block of its
/// own: blocks[0] the condition (one result), blocks[1] the body.
struct Block {
  Graph* graph = nullptr;
  Node* owner = nullptr;  // null: the graph's own block
  std::vector<Value*> params;
  std::vector<Node*> nodes;
  std::vector<Value*> results;
};

struct Graph {
  Graph();
  Block* block;  // params: the function's; results: what it returns, once in the form for printing
  Value* new_value(TypeId type, std::string_view name = {});
  Node* new_node(NodeKind kind, SourceRange range);
  Block* new_block(Node* owner);
  /// A deep copy.
  std::unique_ptr<Graph> copy() const;

 private:
  std::deque<Value> values_;
  std::deque<Node> nodes_;
  std::deque<Block> blocks_;
};

/// "aten::add", "prim::If".
std::string kind_text(const Node& n);

}  // namespace tsvm::script

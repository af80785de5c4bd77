// A checked function to SSA IR.
//
// Bools, ints and floats are raw values; everything else is tagged. A local variable whose loads and stores all have
// one raw type is raw, others are tagged. Operators on tensors are call_op; what the recipes of ir/script/builtins.def
// name as functions of the library are direct calls. Ints wrap, as Torch Script's do.
//
// What the code needs of the host's objects (classes, tensors, functions that are forked) are cells of its closure: the
// host fills them in the order of EmitResult::cells.
#pragma once

#include <memory>
#include <vector>

#include "ir/function.h"
#include "ir/script/program.h"

namespace tsvm::script {

/// An object that emitted code refers to.
struct CellContent {
  enum class Kind : uint8_t { Object, Class, Function } kind = Kind::Object;
  int64_t number = 0;            // Object: the host's number
  TypeId type;                   // Class
  Function* function = nullptr;  // Function
  bool operator==(const CellContent&) const = default;
};

struct EmitResult {
  std::unique_ptr<ir::Module> module;  // its one function is the result
  std::vector<CellContent> cells;
};

class EmitHost {
 public:
  virtual ~EmitHost() = default;
  /// What call_direct names for a compiled function, and for a function of the library by name.
  virtual const void* function_object(Function& f) = 0;
  virtual const void* library_function(std::string_view name) = 0;
  virtual const ir::OpTable* op_table() = 0;
};

EmitResult emit_function(Program& p, Function& f, EmitHost& host);

}  // namespace tsvm::script

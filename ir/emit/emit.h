// Syntax tree to IR, for plain code: Python's own semantics, every value of the type `any`.
//
// How it works. One walk over the tree emits SSA form directly (ir/emit/ssa.h). Each function of the source becomes an
// ir::Function of the module, function 0 is the module's body. What is decided here, and nowhere else:
//  - Where a name lives. Module level: globals. Class bodies: the namespace. Functions: an SSA value; a cell when an
//    inner function captures it; a frame slot when it is stored inside a region with a handler, because the handler and
//    what comes after it must see the latest value (slots that no handler can see become SSA values again at the end:
//    ir/passes/promote_slots.h).
//  - Comprehensions of lists, sets and dicts are emitted in place (instructions carry an Inst::frame, so that
//    tracebacks show the frame that CPython has); generator expressions are functions.
//  - The body of a `finally` is emitted once per way that leaves the region.
//  - `a.f(x)` is call_method only when the arguments are names and constants; otherwise the attribute is loaded first,
//    as CPython does.
//  - `locals()`, `vars()`, `dir()`, `eval(s)` and `exec(s)` in a function need its variables: the call is guarded by
//    whether it is that builtin, and then gets a dict that is made on the spot.
// Evaluation order is CPython's. The range of an instruction is the one that CPython 3.11 would mark in a traceback.
#pragma once

#include <memory>
#include <string>

#include "base/source.h"
#include "ir/function.h"
#include "parser/parser.h"
#include "parser/scope.h"

namespace tsvm::ir {

enum class EmitMode : uint8_t {
  File,
  Interactive,  // expression statements of the top level print their value through sys.displayhook
  Eval          // the value of the module's one expression statement is what its body returns
};

struct EmitOptions {
  EmitMode mode = EmitMode::File;
  /// The top level's names live in a mapping that the body takes as its one parameter (like a class body: load_name and
  /// store_name), not in the module's globals: what `exec` and `eval` run. Function 0 then has `is_class_body`, too.
  bool names_in_namespace = false;
};

/// The module of a good tree: parsed and analysed without diagnostics.
std::unique_ptr<Module> emit_module(const ParseResult& parse, const ScopeTree& scopes,
                                    std::shared_ptr<const SourceFile> source, std::string name,
                                    const EmitOptions& options = {});

}  // namespace tsvm::ir

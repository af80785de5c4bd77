// Typed graphs as text: PyTorch's notation of graphs, and the Python subset of `.code` and of archives.
//
// The code printer writes a graph in the form of ir/script/ssa.h. A value that is used once, where it stands next in
// the order of evaluation, is written in place; others get names: their own, with a number when it is taken, or _0, _1
// ...
#pragma once

#include <string>
#include <vector>

#include "ir/script/program.h"

namespace tsvm::script {

/// "graph(%x : Tensor): ...": `places` adds the comments that say where a node comes from.
std::string print_graph(const Program& p, const Graph& g, const SourceFile* source, Host* host);

/// What printed code refers to.
struct CodeReferences {
  std::vector<Const> constants;      // CONSTANTS.c0, c1 ...
  std::vector<Function*> functions;  // called by name
  std::vector<ClassInfo*> classes;   // named
  std::vector<TypeId> named_tuples;
};

/// "def f(x: Tensor) -> Tensor: ..." with `indent` levels in front.
/// `typed_self`: the object of a method has its type, as archives want it; `.code` leaves it out.
std::string print_function(Program& p, const Function& f, const Graph& ssa, CodeReferences& refs, int indent = 0,
                           bool typed_self = false);
/// "class Net(Module): ..." with its methods.
std::string print_class(Program& p, const ClassInfo& c, CodeReferences& refs);
std::string print_named_tuple(Program& p, TypeId t, CodeReferences& refs);

/// A literal as printed code has it.
std::string float_text(double d);
std::string quoted(std::string_view s);

}  // namespace tsvm::script

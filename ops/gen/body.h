// Bodies of composites and backward formulas, translated to C++ over the typed operator functions.
//
// The subset: assignments, if/for/while, return, raise, calls of operators (as functions or methods, with keywords and
// defaults), arithmetic, comparisons, lists, f-strings. Types are inferred, optional values are opened where a plain
// one is needed, numbers widen to Scalar. Whatever else is used is an error with its place when tsvm is built.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ops/gen/decl.h"

namespace tsvm::gen {

/// The operators that bodies may call, by C++ name.
class Catalog {
 public:
  void add(const Decl* d);
  /// Overloads in order; empty when there is no such operator. In-place names ("add_") are found too.
  std::vector<const Decl*> find(const std::string& name, bool& inplace) const;

 private:
  std::map<std::string, std::vector<const Decl*>> by_name_;
};

/// One entry for each overload: Operand parameters become Tensor and Scalar.
std::vector<Decl> expand_operands(const Decl& d);

/// A variable that a body starts with.
struct Variable {
  std::string cpp;
  Type type;
};

struct BodyOptions {
  std::map<std::string, Variable> variables;
  std::vector<Type> results;                   // of `return`
  std::map<std::string, std::string> targets;  // backward: "d_self" -> number of the edge (C++)
  std::map<std::string, Type> target_types;
  std::string kernel_namespace = "cpu";
};

/// The statements as C++ (indented), with declarations of hoisted variables in front. Throws GenError.
std::string translate_body(const Decl& d, const ast::FunctionDef* f, const Catalog& catalog,
                           const BodyOptions& options);

/// The C++ text of a default value. Throws GenError.
std::string default_to_cpp(const Decl& d, const Param& p);

/// Whether the body computes its result by operators for which `test` holds and by nothing else, whatever the shapes.
bool made_only_of(const ast::FunctionDef* f, const Catalog& catalog, bool (*test)(const Decl& d, const void* context),
                  const void* context);

/// Names that a function's body reads.
std::set<std::string> names_in(const ast::Node* node);
/// Whether each use of `name` is one of its metadata (shape, dtype, device ...).
bool only_metadata(const ast::FunctionDef* f, std::string_view name);
/// For each name: the targets (d_...) that its value flows into.
std::map<std::string, std::set<std::string>> flows(const ast::FunctionDef* f,
                                                   const std::map<std::string, std::string>& targets);

}  // namespace tsvm::gen

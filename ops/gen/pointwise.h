// The bodies of pointwise operators as scalar programs.
#pragma once

#include <array>
#include <memory>

#include "ops/gen/decl.h"
#include "ops/scalar/program.h"

namespace tsvm::gen {

/// The programs of one operator, by the compute type of the operands' common dtype; empty where the operator does not
/// take that type.
struct PointwisePrograms {
  using Set = std::array<std::unique_ptr<ops::scalar::OwnedProgram>, ops::scalar::kCTypeCount>;
  Set general;
  Set plain;  // with the parameters that have defaults at their defaults; empty where there are none such
  bool has_plain = false;
};

/// Whether the parameter is one of the program's run-time scalars (others are its inputs).
bool is_program_param(const Param& p);

/// Compiles the body for each type. Throws GenError if it is wrong for all of them.
PointwisePrograms compile_pointwise(const Decl& d);

}  // namespace tsvm::gen

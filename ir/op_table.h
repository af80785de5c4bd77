// What the IR and its passes may know of operators.
//
// The declarations of operators live elsewhere (ops/defs); the generated table is given to the IR through this view, so
// that no pass ever lists operators by name: a property it wants to know is a field here.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "ir/type.h"

namespace tsvm::ir {

struct OpTag;
using OpId = Id<OpTag>;

/// How an operator is defined, as far as fusion cares.
enum class OpKind : uint8_t { Pointwise, Reduction, Scan, Composite, Primitive };

struct OpParam {
  std::string_view name;
  TypeId type;
  bool has_default = false;
  bool keyword_only = false;
  bool is_written = false;  // the argument's memory is changed
  bool is_operand = false;  // a number in the place of a tensor: every element is computed with it
};

struct OpRow {
  std::string_view name;      // "aten::add"
  std::string_view overload;  // "Tensor", "" for the default one
  OpKind kind = OpKind::Primitive;
  std::span<const OpParam> params;  // kept alive by the table
  std::span<const TypeId> results;
  bool is_random = false;   // draws from a generator: neither merged nor moved
  bool is_world = false;    // anything may happen (runs hooks, prints ...)
  bool may_raise = true;    // checks its arguments
  int view_of = -1;         // the result shares the memory of that argument
  bool is_foldable = true;  // equal inputs give equal outputs
  /// Made of pointwise operators alone: may be a step of a fused group.
  bool is_elementwise = false;

  bool writes() const {
    for (const OpParam& p : params)
      if (p.is_written) return true;
    return false;
  }
};

/// The operators by id, and by name.
class OpTable {
 public:
  virtual ~OpTable() = default;
  virtual uint32_t size() const = 0;
  virtual const OpRow& row(OpId id) const = 0;
  /// The operator "name.overload" (without the dot when the overload is empty); none when there is none.
  virtual OpId find(std::string_view name, std::string_view overload) const = 0;
  /// All overloads of a name, in order of declaration.
  virtual std::vector<OpId> overloads(std::string_view name) const = 0;
};

}  // namespace tsvm::ir

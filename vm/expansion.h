// Arguments of calls with stars: f(a, *b, k=c, **d).
#pragma once

#include <string>
#include <vector>

#include "vm/code.h"
#include "vm/make.h"

namespace tsvm::vm {

/// Positional arguments and keywords as a call takes them, from values laid out as a starred call shape says.
class Expansion {
 public:
  Expansion(VM& vm, Value callee) : vm_(vm), callee_(callee) {}
  std::vector<Value> args;  // positional ones (what is put here before `run` comes first), then one per keyword
  std::vector<Str*> keywords;

  /// False: an exception is pending.
  bool run(const CodeShape& shape, const ShapeState& names, const Value* values);

 private:
  bool star(Value v);
  bool add(Str* name, Value v, std::vector<Value>& values);
  bool double_star(Value v, std::vector<Value>& values);
  std::string callee_text() const;

  VM& vm_;
  Value callee_;
  std::vector<Ref> keep_;
  bool star_is_alone_ = false;
};

}  // namespace tsvm::vm

// Reads the text form of the IR that ir/print.h writes (its head shows the form).
//
// A text is one `module "name" { ... }` or just functions. Any text gives a module or an error with its line, never
// a crash; what is read need not be valid IR (ir/verify.h says). Values, blocks and exits may have names instead of
// numbers: they get the numbers after the last one used.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ir/function.h"

namespace tsvm::ir {

struct ReadResult {
  std::unique_ptr<Module> module;  // null: error
  std::string error;
  uint32_t line = 0;
};

/// `ops` may be null; operators are then written by number (`op12`).
ReadResult read(std::string_view text, TypeTable& types, const OpTable* ops = nullptr);

}  // namespace tsvm::ir

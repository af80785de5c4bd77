// Checks the scripted code of a file without running anything: functions, classes and modules that the file gives to
// torch.jit.script.
//
// Names mean what the file's own tree says: its functions and classes, torch's operators, the language's builtins. What
// only running the program would tell (imports of other modules, computed values, attributes of modules) is unknown,
// and nothing that depends on it is an error.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "ir/script/schema.h"
#include "parser/ast.h"

namespace tsvm::script {

/// What the language's built-in exceptions are called.
using ExceptionNames = std::set<std::string, std::less<>>;

/// The errors in order of their places. The tree must be one of `source`; its ranges become those of reports.
std::vector<Diagnostic> check_scripts(std::shared_ptr<const SourceFile> source, ast::Module& tree,
                                      TensorOps* tensor_ops, const ExceptionNames& exceptions);

}  // namespace tsvm::script

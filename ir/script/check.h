// Checks the scripted code of a file without running anything: functions, classes and modules that the file gives to
// torch.jit.script.
//
// Names mean what the file's own tree says: its functions and classes, torch's operators, the language's builtins. What
// only running the program would tell (imports of other modules, computed values, attributes of modules) is unknown,
// and nothing that depends on it is an error.
#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "ir/script/schema.h"
#include "parser/ast.h"

namespace tsvm::script {

/// The errors in order of their places. The tree must be one of `source`; its ranges become those of reports.
std::vector<Diagnostic> check_scripts(std::shared_ptr<const SourceFile> source, ast::Module& tree,
                                      TensorOps* tensor_ops);

}  // namespace tsvm::script

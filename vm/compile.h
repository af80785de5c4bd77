// From source text to code: the front end as the VM uses it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "vm/code.h"
#include "vm/vm.h"

namespace tsvm::vm {

enum class CompileMode : uint8_t { Exec, Eval, Single };

/// The unit of a source text; `name` is the module's. With `names_in_namespace` the names of its top level live in a
/// mapping that its body takes as its argument. Null: a SyntaxError is pending.
std::shared_ptr<CodeUnit> compile_source(VM& vm, std::string text, std::string file_name, std::string_view name,
                                         CompileMode mode = CompileMode::Exec, bool names_in_namespace = false);
/// The same for a file. Null: SyntaxError, or OSError when it cannot be read.
std::shared_ptr<CodeUnit> compile_file(VM& vm, const std::string& path, std::string_view name);

}  // namespace tsvm::vm

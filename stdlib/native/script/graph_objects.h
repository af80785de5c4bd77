// Graphs for programs: see graph_objects.cpp.
#pragma once

#include "ir/script/program.h"
#include "vm/native.h"

namespace tsvm::stdlib::script_host {

vm::Value graph_structure(vm::VM& vm, script::Function& f);
vm::Value graph_text(vm::VM& vm, script::Function& f);
/// What `.code` prints.
vm::Value code_text(vm::VM& vm, script::Function& f);

}  // namespace tsvm::stdlib::script_host

// The variables of one block while it is checked.
#pragma once

#include "ir/script/compiler.h"

namespace tsvm::script {

struct Compiler::Scope {
  std::shared_ptr<Scope> outer;
  Block* block = nullptr;
  std::map<std::string, TypeId> types;         // variables that hold values
  std::map<std::string, SugaredPtr> sugared;   // names of what is no value
  std::map<std::string, CompileError> errors;  // why a name cannot be used here
  std::set<std::string> deleted;
};

}  // namespace tsvm::script

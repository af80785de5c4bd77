// Freezing: a method of a module as one graph in which the module's attributes are constants.
//
// Calls of methods of known objects are inlined, attributes of known objects become constants, branches on constants
// are taken. Works on graphs in the form of ir/script/ssa.h, which the emitter takes as well.
#pragma once

#include <memory>
#include <optional>

#include "ir/script/program.h"

namespace tsvm::script {

class FreezeHost {
 public:
  virtual ~FreezeHost() = default;
  struct Member {
    std::optional<int64_t> object;  // a submodule, by the host's number
    Const value;                    // otherwise
    TypeId type;
  };
  /// An attribute of an object; false: it stays an attribute.
  virtual bool member(int64_t object, const std::string& name, Member& out) = 0;
};

/// The graph of a method whose first parameter is that object; null when it stores to attributes, which freezing keeps.
std::unique_ptr<Graph> freeze_method(Program& p, const Function& method, int64_t object, FreezeHost& host);

}  // namespace tsvm::script

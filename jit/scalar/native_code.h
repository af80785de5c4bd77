// Native code of one function or loop, and what it relies on.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "vm/code.h"
#include "vm/jit_callbacks.h"

namespace tsvm::jit {

/// A global variable as generic code last found it: an entry of a namespace, as long as no key comes or goes.
struct GlobalCell {
  vm::Dict* dict = nullptr;
  uint64_t keys_version = 0;
  uint32_t index = 0;
  /// A built-in name: the module's own namespace, which must not hide it.
  vm::Dict* hidden_by = nullptr;
  uint64_t hidden_version = 0;
};

/// A hidden class, and the state of the class itself: methods and descriptors are the same as long as it is.
struct ShapeRef {
  vm::Shape* shape = nullptr;
  vm::Type* type = nullptr;
  uint32_t version = 0;
};

struct NativeCode {
  vm::NativeEntry entry = nullptr;
  std::string reason;  // why there is no entry
  // Objects that instructions name: these outlive the code (deques keep their addresses).
  std::deque<GlobalCell> globals;
  std::deque<ShapeRef> shapes;
  std::vector<vm::Value> kept;  // owned
  uint32_t entered = 0;
  uint32_t exits = 0;  // ways out taken, counted by the code itself
  size_t size = 0;
  std::string text;  // the assembly, when it was asked for
};

}  // namespace tsvm::jit

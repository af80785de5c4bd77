// The passes by name, and the order in which they run.
//
// A pass is `bool run(Function&)`: it says whether it changed something, needs only a function that verifies and leaves
// one. After each pass the function is verified in debug and sanitizer builds and in all tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ir/function.h"

namespace tsvm::ir {

struct Pass {
  const char* name;
  bool (*run)(Function&);
  const char* what;  // for people
};

/// All passes; "compact" is among them.
std::span<const Pass> all_passes();
/// Null when there is none of that name.
const Pass* find_pass(std::string_view name);

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
inline constexpr bool kVerifyByDefault = true;
#else
inline constexpr bool kVerifyByDefault = false;
#endif

struct PassOptions {
  bool enabled = true;             // false: --no-passes, functions stay as they are
  bool verify = kVerifyByDefault;  // after each pass; a broken function is an internal error
  std::string_view dump_pass;      // --pass=NAME: the function's text after each run of that pass ("all": of any)
  std::string* dump = nullptr;     // where the dumped text goes
};

/// Which code it is: generic bytecode comes next, typed bytecode, or native code.
enum class PassLevel : uint8_t { Generic, Typed, Native };

bool run_pass(const Pass& pass, Function& f, const PassOptions& options);
/// The passes of a level, in order.
void run_passes(Function& f, PassLevel level, const PassOptions& options);

}  // namespace tsvm::ir

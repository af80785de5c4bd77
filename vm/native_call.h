// Signatures of C++ functions, parsed (see vm/native_call.cpp).
#pragma once

#include <string_view>
#include <vector>

#include "vm/make.h"

namespace tsvm::vm {

struct NativeParam {
  Str* name = nullptr;  // owned
  bool has_default = false;
  Value default_value;  // owned
};

struct Signature {
  std::string_view function;
  std::vector<NativeParam> params;
  uint32_t positional = 0;       // parameters that take positional arguments
  uint32_t positional_only = 0;  // of which so many have no name outside
  uint32_t required = 0;         // positional ones without default
  uint32_t keyword_only = 0;
  int var_args = -1, var_keywords = -1;  // their place
  bool simple = false;                   // positional parameters only
};

Signature* parse_signature(VM& vm, const char* text);
void delete_signature(Signature* s);
Value call_native(VM& vm, NativeFunction* f, std::span<const Value> args, std::span<Str* const> keywords);

}  // namespace tsvm::vm

// Calls of C++ functions whose arguments need no binding.
#pragma once

#include "vm/native_call.h"
#include "vm/vm.h"

namespace tsvm::vm {

constexpr uint32_t kFastNativeArgs = 8;

/// Positional arguments are enough and fit. Methods are only for instances of their class: `self_fits` says that the
/// caller knows it to be one.
[[gnu::always_inline]] inline bool is_fast_native(VM& vm, const NativeFunction* f, uint32_t given, bool self_fits) {
  const Signature* s = f->signature;
  return s && s->simple && f->self.is_unbound() && given >= s->required && given <= s->params.size() &&
         s->params.size() <= kFastNativeArgs && (self_fits || f->type == vm.types.builtin_function);
}

/// Calls it; `args` has room for kFastNativeArgs values, the first `given` are set (borrowed).
[[gnu::always_inline]] inline Value call_fast_native(VM& vm, const NativeFunction* f, Value* args, uint32_t given) {
  const std::vector<NativeParam>& params = f->signature->params;
  for (uint32_t i = given; i < params.size(); i++) args[i] = params[i].default_value;
  return f->def->fn(vm, args);
}

}  // namespace tsvm::vm

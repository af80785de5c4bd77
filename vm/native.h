// How C++ code defines modules and types.
//
//   const NativeDef kFunctions[] = {
//       {"sqrt(x, /)", [](VM& vm, const Value* a) -> Value { ... }, "Square root."},
//   };
//   Value make_math(VM& vm) {
//     ModuleBuilder m(vm, "math");
//     m.functions(kFunctions).constant("pi", Value::number(3.14...));
//     return m.take();
//   }
//   vm.add_native_module("math", make_math);
//
// A function gets its arguments bound to its signature (see NativeDef), borrowed, and gives an owned result. Names in a
// signature may be interned late: it is parsed at the first call. `a.arg(...)` style conversions are the arg_*
// functions.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "vm/make.h"
#include "vm/runtime.h"
#include "vm/vm.h"

namespace tsvm::vm {

/// One attribute that computes its value: `set` null: read-only.
struct GetSetDef {
  const char* name;
  Value (*get)(VM& vm, Value self);
  bool (*set)(VM& vm, Value self, Value value) = nullptr;  // value unbound: delete
  const char* doc = "";
};

/// Everything about a native type but its slots, which are set on the Type before `finish_type`.
struct TypeSpec {
  std::span<const NativeDef> methods = {};
  std::span<const NativeDef> static_methods = {};
  std::span<const NativeDef> class_methods = {};  // first parameter: the class
  std::span<const GetSetDef> getset = {};
  const char* doc = nullptr;
};

/// A type that is not in vm/types.def; owned by the VM (it lives until close). Fill its slots, then finish_type.
Type* new_type(VM& vm, std::string_view name, std::string_view module, Type* base, Kind kind, size_t instance_size);
/// Inherits slots, adds the methods and the special methods that the slots stand for.
void finish_type(VM& vm, Type* type, const TypeSpec& spec = {});
/// Bits of Type::arith_ops and unary_ops.
constexpr uint32_t op_bit(ir::ArithOp op) { return 1u << static_cast<uint32_t>(op); }
constexpr uint32_t op_bit(ir::UnaryOp op) { return 1u << static_cast<uint32_t>(op); }

class ModuleBuilder {
 public:
  ModuleBuilder(VM& vm, std::string_view name, std::string_view doc = {});
  ModuleBuilder& functions(std::span<const NativeDef> defs);
  /// Takes the value over.
  ModuleBuilder& constant(std::string_view name, Value owned);
  ModuleBuilder& type(Type* type);
  Module* module() const { return as<Module>(*module_); }
  Value take() { return module_.take(); }

 private:
  VM& vm_;
  Ref module_;
};

// --- arguments ----------------------------------------------------------------------------------------------------
// Each gives false with a TypeError pending when the value is of another type. `what` names the argument as CPython's
// message does: "strptime() argument 1".
bool arg_str(VM& vm, Value v, const char* what, std::string_view& out);
bool arg_int(VM& vm, Value v, int64_t& out);             // __index__, OverflowError
bool arg_int_clamped(VM& vm, Value v, int64_t& out);     // too large: the nearest int64, as slices and counts do
bool arg_double(VM& vm, Value v, double& out);           // __float__
bool arg_bool(VM& vm, Value v, bool& out);               // truth
bool arg_path(VM& vm, Value v, std::string& out);        // str, bytes or __fspath__
bool arg_bytes(VM& vm, Value v, std::string_view& out);  // bytes-like

/// Binds arguments by hand, for slots (create, init, call) that take them raw: fills `out` (borrowed values, Unbound
/// where missing without default; owned tuples and dicts of * and ** parameters are kept in `keep`).
bool bind_args(VM& vm, const NativeDef& def, std::span<const Value> args, std::span<Str* const> keywords,
               std::vector<Value>& out, std::vector<Ref>& keep);
/// "f() takes no keyword arguments".
bool no_keywords(VM& vm, const char* function, std::span<Str* const> keywords);
/// Between min and max positional arguments: "f expected at most 2 arguments, got 3".
bool arg_count(VM& vm, const char* function, size_t given, size_t min, size_t max);

}  // namespace tsvm::vm

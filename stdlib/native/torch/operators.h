// Operators as programs see them: functions of `torch`, methods of Tensor, and what + and [] do.
//
// The build's generator makes one OperatorEntry per Python name from the declarations in ops/defs (tables of constant
// data). A call goes in two steps: `bind` fits the arguments to an overload (PyTorch's rules and messages), then the
// overload's thunk unpacks them, calls the typed C++ function and boxes the result. Operators on two tensors skip
// `bind`.
//
// A thunk gets one Value per parameter, Unbound where an argument is missing; kinds have been checked. It must not
// throw.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "ir/function.h"
#include "ops/tensor/error.h"
#include "ops/tensor/tensor.h"
#include "vm/native.h"
#include "vm/op_dispatch.h"

namespace tsvm::stdlib {

enum class ArgKind : uint8_t {
  Tensor,
  Scalar,  // a number, or a 0-dim tensor
  Int,
  Float,
  Bool,
  Str,
  DType,
  Device,
  Layout,
  MemoryFormat,
  Generator,
  Storage,
  TensorList,
  OptionalTensorList,
  IntList,
  FloatList,
  BoolList,
  ScalarList,
  StrList,
};

struct OperatorParam {
  const char* name;
  ArgKind kind;
  bool optional = false;  // None is accepted
  bool keyword_only = false;
  bool has_default = false;
  uint8_t list_size = 0;  // int[2]: one int stands for that many
};

struct OperatorOverload {
  const char* schema;  // "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"
  std::span<const OperatorParam> params;
  vm::OpThunk thunk;
};

/// Where a Python name lives.
enum class OperatorSpace : uint8_t { Torch, Nn, Linalg, Special, Fft, Private };

struct OperatorEntry {
  const char* name;
  OperatorSpace space;
  bool is_function;
  bool is_method;
  std::span<const OperatorOverload> overloads;
  const char* doc;
};

/// A special method: __add__ (and its reflected and in-place forms), __eq__, __neg__ ...
struct OperatorSpecial {
  const char* name;  // "__add__"
  const char* entry;
};

// Made by the generator.
extern const std::span<const OperatorEntry> kOperators;
extern const std::span<const OperatorSpecial> kOperatorSpecials;
/// The thunks by OpId, for bytecode.
extern const vm::OpThunk kOperatorThunks[];
/// Names of PyTorch's operators that are not there: using them says so.
extern const std::span<const char* const> kMissingOperators;

/// Runs an overload with arguments that fit it: converts them if autocast says so, and tells a trace.
vm::Value run_overload(vm::VM& vm, const OperatorEntry& entry, const OperatorOverload& o, vm::Value* bound);
/// Calls an operator: positional arguments, then one per keyword. Methods have self in args[0].
vm::Value call_operator(vm::VM& vm, const OperatorEntry& entry, bool is_method, std::span<const vm::Value> args,
                        std::span<vm::Str* const> keywords);

/// What the function object of an operator stands for; null for other values.
const OperatorEntry* operator_entry(vm::VM& vm, vm::Value v);
/// The function object of an entry: what `torch.add` is.
vm::Value make_operator(vm::VM& vm, const OperatorEntry& entry, bool is_method);
void init_operator_type(vm::VM& vm);

/// Turns a C++ error into the pending exception.
vm::Value raise_error(vm::VM& vm, const ops::Error& error);

/// fn(), with C++ errors made pending.
template <class Fn>
vm::Value guarded(vm::VM& vm, Fn&& fn) {
  try {
    return fn();
  } catch (const ops::Error& e) {
    return raise_error(vm, e);
  }
}

}  // namespace tsvm::stdlib

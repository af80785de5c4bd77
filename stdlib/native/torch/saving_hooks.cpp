// The hooks in force form a stack per VM; the thread's `saving_hooks` is its top. What a pack hook gave is owned by the
// SavedTensor, together with the unpack hook that was in force then.
#include "stdlib/native/torch/saving_hooks.h"

#include <memory>
#include <vector>

#include "ops/autograd/saved.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ops::Tensor;
namespace autograd = ops::autograd;

namespace {

/// The exception that the language has pending passes through C++ as this error.
[[noreturn]] void pass_on() { ops::fail(ops::ErrorKind::RuntimeError, "an exception of the language is pending"); }

class LanguagePacked final : public autograd::PackedTensor {
 public:
  LanguagePacked(VM& vm, Ref unpack, Ref kept) : vm_(vm), unpack_(std::move(unpack)), kept_(std::move(kept)) {}
  Tensor unpack() override {
    Ref value(call(vm_, *unpack_, {*kept_}));
    if (value.is_error()) pass_on();
    if (!value->is_tensor())
      ops::fail(ops::ErrorKind::TypeError,
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type ",
                type_of(vm_, *value)->name->view());
    return unpack_tensor(*value);
  }

 private:
  VM& vm_;
  Ref unpack_, kept_;
};

class LanguageHooks final : public autograd::SavingHooks {
 public:
  LanguageHooks(VM& vm, Value pack, Value unpack) : vm_(vm), pack_(Ref::copy(pack)), unpack_(Ref::copy(unpack)) {}
  std::unique_ptr<autograd::PackedTensor> pack(const Tensor& t) override {
    if (is_str(*pack_)) ops::fail(ops::ErrorKind::RuntimeError, text_of(*pack_));
    Ref value(box(vm_, t));
    if (value.is_error()) pass_on();
    Ref kept(call(vm_, *pack_, {*value}));
    if (kept.is_error()) pass_on();
    return std::make_unique<LanguagePacked>(vm_, Ref::copy(*unpack_), std::move(kept));
  }

 private:
  VM& vm_;
  Ref pack_, unpack_;
};

struct HookStack : Extension {
  std::vector<std::unique_ptr<LanguageHooks>> hooks;
};

void use_top(const HookStack& stack) {
  autograd::saving_hooks = stack.hooks.empty() ? nullptr : stack.hooks.back().get();
}

}  // namespace

Value push_saving_hooks(VM& vm, const Value* a) {
  HookStack& stack = vm.extension<HookStack>();
  stack.hooks.push_back(std::make_unique<LanguageHooks>(vm, a[0], a[1]));
  use_top(stack);
  return Value::none();
}

Value pop_saving_hooks(VM& vm, const Value*) {
  HookStack& stack = vm.extension<HookStack>();
  if (!stack.hooks.empty()) stack.hooks.pop_back();
  use_top(stack);
  return Value::none();
}

}  // namespace tsvm::stdlib

// None, Ellipsis and NotImplemented.
#include "vm/native.h"
#include "vm/types/common.h"
#include "vm/types/init.h"

namespace tsvm::vm {
namespace {

template <Value (*make)(), const char* const& text>
void fill(VM& vm, Type* t) {
  t->is_final = true;
  t->slots.repr = [](VM& v, Value) { return make_ascii(v, text); };
  t->slots.hash = [](VM&, Value self, uint64_t& out) {
    out = 0x9e3779b97f4a7c15ull * (static_cast<uint64_t>(self.tag) + 1);
    return true;
  };
  t->slots.create = [](VM& v, Type* type, std::span<const Value> args, std::span<Str* const>) {
    return args.empty() ? make() : raise(v, v.types.TypeError, "%s takes no arguments", type->name->data);
  };
  finish_type(vm, t);
}

const char* const kNone = "None";
const char* const kEllipsis = "Ellipsis";
const char* const kNotImplemented = "NotImplemented";

}  // namespace

void init_singletons(VM& vm) {
  vm.types.none_type->slots.truth = [](VM&, Value) { return 0; };
  fill<Value::none, kNone>(vm, vm.types.none_type);
  fill<Value::ellipsis, kEllipsis>(vm, vm.types.ellipsis_type);
  fill<Value::not_implemented, kNotImplemented>(vm, vm.types.not_implemented_type);
}

}  // namespace tsvm::vm

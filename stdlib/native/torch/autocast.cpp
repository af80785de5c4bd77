// Policies come from torch.amp.autocast_mode, which sets them when autocast is first used. Conversions are ordinary
// operators, so gradients go back through them. Doubles are never touched.
#include "stdlib/native/torch/autocast.h"

#include <unordered_map>

#include "ops/operators.h"
#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ops::DType;
using ops::Tensor;

thread_local constinit bool autocast_enabled = false;

namespace {

enum class Policy : uint8_t { Low, Float32, Widest };

struct Autocast : Extension {
  std::unordered_map<const OperatorEntry*, Policy> policies;
  DType low = DType::BFloat16;
};

bool may_change(const Tensor& t) { return t.defined() && ops::is_floating(t.dtype()) && t.dtype() != DType::Float64; }

/// The tensors of an argument, by f(tensor).
template <class F>
void each_tensor(Value v, const F& f) {
  if (v.is_tensor()) {
    f(unpack_tensor(v));
  } else if (is_kind(v, Kind::List) || is_kind(v, Kind::Tuple)) {
    for (const Tensor& t : unpack_tensor_list(v)) f(t);
  }
}

bool takes_tensors(const OperatorParam& p) { return p.kind == ArgKind::Tensor || p.kind == ArgKind::TensorList; }

}  // namespace

void autocast_arguments(VM& vm, const OperatorEntry& entry, const OperatorOverload& o, Value* bound,
                        std::vector<Ref>& keep) {
  Autocast& state = vm.extension<Autocast>();
  const auto found = state.policies.find(&entry);
  if (found == state.policies.end()) return;
  DType to = found->second == Policy::Float32 ? DType::Float32 : state.low;
  if (found->second == Policy::Widest)
    for (size_t i = 0; i < o.params.size(); i++)
      if (takes_tensors(o.params[i]) && !bound[i].is_unbound())
        each_tensor(bound[i], [&](const Tensor& t) {
          if (may_change(t) && t.dtype() == DType::Float32) to = DType::Float32;
        });
  for (size_t i = 0; i < o.params.size(); i++) {
    if (!takes_tensors(o.params[i]) || bound[i].is_unbound()) continue;
    bool differs = false;
    each_tensor(bound[i], [&](const Tensor& t) { differs |= may_change(t) && t.dtype() != to; });
    if (!differs) continue;
    if (bound[i].is_tensor()) {
      keep.emplace_back(box(vm, ops::op::to(unpack_tensor(bound[i]), to)));
    } else {
      std::vector<Tensor> list = unpack_tensor_list(bound[i]);
      for (Tensor& t : list)
        if (may_change(t) && t.dtype() != to) t = ops::op::to(t, to);
      keep.emplace_back(box(vm, list));
    }
    bound[i] = *keep.back();
  }
}

Value set_autocast_policies(VM& vm, const Value* a) {
  Autocast& state = vm.extension<Autocast>();
  if (!is_kind(a[0], Kind::Dict)) return raise(vm, vm.types.TypeError, "policies must be a dict");
  for (const OperatorEntry& e : kOperators) {
    if (e.space == OperatorSpace::Private) continue;
    const Value policy = dict_get_borrow(as<Dict>(a[0]), vm.name(e.name));
    if (!is_str(policy)) continue;
    const std::string_view name = text_of(policy);
    state.policies[&e] = name == "low" ? Policy::Low : name == "float32" ? Policy::Float32 : Policy::Widest;
  }
  return Value::none();
}

Value set_autocast(VM& vm, const Value* a) {
  if (a[1].tag != Tag::DType) return raise(vm, vm.types.TypeError, "dtype must be a torch.dtype");
  autocast_enabled = a[0].is_true();
  vm.extension<Autocast>().low = unpack_dtype(a[1]);
  return Value::none();
}

}  // namespace tsvm::stdlib

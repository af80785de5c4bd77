// A call asks, in this order: the innermost mode; then the classes of its arguments (also inside lists) that have
// __torch_function__, subclasses first. Subclasses of Tensor that do not override it take the short way: the operator
// runs and its results become instances of the class.
#include "stdlib/native/torch/torch_function.h"

#include <algorithm>
#include <vector>

#include "ops/operators.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/tensor_type.h"
#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;
using ops::Tensor;

namespace {

bool is_sequence(Value v) { return is_kind(v, Kind::List) || is_kind(v, Kind::Tuple); }

/// Counts while __torch_function__ is not asked.
class Off {
 public:
  explicit Off(VM& vm) : types_(torch_types(vm)) { types_.torch_function_off++; }
  ~Off() { types_.torch_function_off--; }
  Off(const Off&) = delete;
  Off& operator=(const Off&) = delete;

 private:
  TorchTypes& types_;
};

Value own_handler(VM& vm, Value v) {
  Str* name = vm.name("__torch_function__");
  if (is_kind(v, Kind::Instance)) return lookup_in_type_borrow(type_of(vm, v), name);
  if (Type* type = tensor_subclass(v)) return lookup_in_type_borrow(type, name);
  return Value::unbound();
}

bool is_default(VM& vm, Value handler) {
  return handler.same(lookup_in_type_borrow(vm.types.tensor, vm.name("__torch_function__")));
}

/// The arguments that take part, one for each class, subclasses before their bases.
std::vector<Value> participants(VM& vm, std::span<const Value> args) {
  std::vector<Value> found;
  auto look = [&](Value v) {
    if (own_handler(vm, v).is_unbound()) return;
    Type* type = type_of(vm, v);
    for (Value other : found)
      if (type_of(vm, other) == type) return;
    auto at =
        std::find_if(found.begin(), found.end(), [&](Value other) { return is_subtype(type, type_of(vm, other)); });
    found.insert(at, v);
  };
  for (Value v : args) {
    look(v);
    if (!is_sequence(v)) continue;
    const size_t n = is_kind(v, Kind::List) ? as<List>(v)->size : as<Tuple>(v)->span().size();
    for (size_t i = 0; i < n; i++) {
      Ref item(is_kind(v, Kind::List) ? list_get(as<List>(v), i) : new_ref(as<Tuple>(v)->span()[i]));
      look(*item);
    }
  }
  return found;
}

Value call_handler(VM& vm, Value of, Value function, Value types, std::span<const Value> args,
                   std::span<Str* const> keywords) {
  const size_t n = args.size() - keywords.size();
  Ref positional(make_tuple(vm, args.first(n)));
  Ref kwargs(make_dict(vm));
  for (size_t i = 0; i < keywords.size(); i++) dict_set(vm, as<Dict>(*kwargs), keywords[i], args[n + i]);
  Value all[] = {function, types, *positional, *kwargs};
  return call_method(vm, of, "__torch_function__", all);
}

Value types_of(VM& vm, std::span<const Value> list) {
  std::vector<Value> types;
  for (Value v : list) types.push_back(Value::object(type_of(vm, v)));
  return make_tuple(vm, std::span<const Value>(types));
}

}  // namespace

bool protocol_in_use(VM& vm) {
  const TorchTypes& types = torch_types(vm);
  return types.torch_function_off == 0 &&
         (types.has_subclasses || (types.modes.is_object() && as<List>(types.modes)->size > 0));
}

bool takes_part(VM& vm, Value v) { return !v.is_tensor() && !own_handler(vm, v).is_unbound(); }

bool has_own_torch_function(VM& vm, Value self) {
  const TorchTypes& types = torch_types(vm);
  if (!types.has_subclasses || types.torch_function_off || !tensor_subclass(self)) return false;
  return !is_default(vm, own_handler(vm, self));
}

Value as_instances(VM& vm, Value result, Type* type) {
  Ref owned(result);
  if (result.is_error() || type == vm.types.tensor) return owned.take();
  if (result.is_tensor()) {
    if (is_subtype(type_of(vm, result), type)) return owned.take();
    return guarded(vm, [&] {
      Value made = box(vm, ops::op::alias(unpack_tensor(result)));
      set_tensor_class(vm, made, type);
      return made;
    });
  }
  if (!is_sequence(result) || result.o->type == torch_types(vm).size) return owned.take();
  std::vector<Ref> items;
  std::vector<Value> values;
  Ref tuple(is_kind(result, Kind::List) ? make_tuple_from(vm, result) : new_ref(result));
  for (Value v : as<Tuple>(*tuple)->span()) {
    items.emplace_back(as_instances(vm, new_ref(v), type));
    if (items.back().is_error()) return Value::error();
    values.push_back(*items.back());
  }
  Ref made(make_tuple(vm, std::span<const Value>(values)));
  if (is_kind(result, Kind::List)) return make_list_from(vm, *made);
  if (type_of(vm, result) == vm.types.tuple) return made.take();
  return call(vm, Value::object(type_of(vm, result)), {*made});  // a named tuple
}

Value by_protocol(VM& vm, Value function, std::span<const Value> args, std::span<Str* const> keywords) {
  TorchTypes& state = torch_types(vm);
  if (state.torch_function_off) return Value::unbound();
  const std::vector<Value> found = participants(vm, args);
  Ref types(types_of(vm, found));
  if (state.modes.is_object() && as<List>(state.modes)->size > 0) {
    // The mode itself runs without it.
    auto* modes = as<List>(state.modes);
    Ref mode(list_get(modes, modes->size - 1));
    Ref popped(call_method(vm, state.modes, "pop", {}));
    Ref result(call_handler(vm, *mode, function, *types, args, keywords));
    list_append(vm, as<List>(state.modes), *mode);
    if (result.is_error() || result->tag != Tag::NotImplemented) return result.take();
  }
  if (found.empty()) return Value::unbound();
  for (Value v : found) {
    const Value handler = own_handler(vm, v);
    Type* type = type_of(vm, v);
    if (is_default(vm, handler)) {
      const bool all = std::ranges::all_of(found, [&](Value o) { return is_subtype(type, type_of(vm, o)); });
      if (!all) continue;
      const Off off(vm);
      return as_instances(vm, call(vm, function, args, keywords), type);
    }
    Ref result(call_handler(vm, v, function, *types, args, keywords));
    if (result.is_error() || result->tag != Tag::NotImplemented) return result.take();
  }
  Ref name(get_attr(vm, function, vm.name("__name__")));
  if (name.is_error()) return Value::error();
  std::vector<Value> classes;
  for (Value v : found) classes.push_back(Value::object(type_of(vm, v)));
  Ref list(make_tuple(vm, std::span<const Value>(classes)));
  Ref as_list(make_list_from(vm, *list));
  Ref text(repr(vm, *as_list));
  if (text.is_error()) return Value::error();
  return raise(vm, vm.types.TypeError,
               "no implementation found for 'torch.%s' on types that implement __torch_function__: %s",
               text_of(*name).data(), text_of(*text).data());
}

Value method_by_protocol(VM& vm, const char* method, std::span<const Value> args) {
  Ref function(get_attr(vm, Value::object(vm.types.tensor), vm.name(method)));
  if (function.is_error()) return Value::error();
  Ref types(types_of(vm, args.first(1)));
  return call_handler(vm, args[0], *function, *types, args, {});
}

Value attribute_by_protocol(VM& vm, Value self, Str* name) {
  Ref module(vm.callbacks.import_module(vm, "torch.overrides"));
  if (module.is_error()) return Value::error();
  const Value text = Value::object(name);
  Ref function(call_method(vm, *module, "_getter", {&text, 1}));
  if (function.is_error()) return Value::error();
  Ref types(types_of(vm, {&self, 1}));
  return call_handler(vm, self, *function, *types, {&self, 1}, {});
}

Value as_subclass(VM& vm, const Value* a) {
  if (!a[0].is_tensor()) return raise(vm, vm.types.TypeError, "as_subclass() needs a Tensor");
  if (!is_kind(a[1], Kind::Type) || !is_subtype(static_cast<Type*>(a[1].o), vm.types.tensor))
    return raise(vm, vm.types.TypeError, "cls must be a type (got %s)", type_of(vm, a[1])->name->data);
  return guarded(vm, [&] {
    Value made = box(vm, ops::op::alias(unpack_tensor(a[0])));
    set_tensor_class(vm, made, static_cast<Type*>(a[1].o));
    return made;
  });
}

Value convert_to_class(VM& vm, const Value* a) { return as_instances(vm, new_ref(a[0]), static_cast<Type*>(a[1].o)); }

Value torch_function_off(VM& vm, const Value* a) {
  torch_types(vm).torch_function_off += static_cast<int>(a[0].i);
  return Value::none();
}

Value torch_function_modes(VM& vm, const Value*) {
  TorchTypes& types = torch_types(vm);
  if (!types.modes.is_object()) types.modes = make_list(vm);
  return new_ref(types.modes);
}

}  // namespace tsvm::stdlib

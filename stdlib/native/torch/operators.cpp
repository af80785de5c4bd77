#include "stdlib/native/torch/operators.h"

#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "stdlib/native/torch/autocast.h"
#include "stdlib/native/torch/torch_function.h"
#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib {

using namespace tsvm::vm;

namespace {

constexpr size_t kMaxParams = 24;

struct OperatorObject : Object {
  const OperatorEntry* entry;
  bool is_method;
};

OperatorObject* object_of(Value v) { return static_cast<OperatorObject*>(v.o); }

bool is_sequence(Value v) { return is_kind(v, Kind::List) || is_kind(v, Kind::Tuple); }

Value item_at(Value sequence, size_t i) {  // owned
  if (is_kind(sequence, Kind::List)) return list_get(as<List>(sequence), i);
  return new_ref(as<Tuple>(sequence)->items[i]);
}

size_t size_of(Value sequence) {
  return is_kind(sequence, Kind::List) ? static_cast<size_t>(as<List>(sequence)->size) : as<Tuple>(sequence)->size;
}

bool is_int(Value v) { return v.is_int() || (v.is_object() && unbox(v).is_int()); }

/// A tensor that can stand for a number: 0 dimensions, and no gradient to be lost.
bool is_zero_dim(Value v) { return v.is_tensor() && v.t->dim() == 0; }

bool all_of(Value sequence, bool (*test)(Value)) {
  for (size_t i = 0, n = size_of(sequence); i < n; i++) {
    Ref item(item_at(sequence, i));
    if (!test(*item)) return false;
  }
  return true;
}

bool accepts(VM& vm, const OperatorParam& p, Value v) {
  if (v.is_none()) return p.optional;
  switch (p.kind) {
    case ArgKind::Tensor: return v.is_tensor();
    case ArgKind::Scalar: return is_number(v) || (is_zero_dim(v) && !v.t->has(ops::TensorImpl::kRequiresGrad));
    case ArgKind::Int:
      return is_int(v) || (is_zero_dim(v) && ops::info(v.t->dtype()).category == ops::DTypeCategory::Integral);
    case ArgKind::Float: return is_int(v) || v.is_bool() || unbox(v).is_float() || is_zero_dim(v);
    case ArgKind::Bool: return v.is_bool();
    case ArgKind::Str: return is_str(v);
    case ArgKind::DType: return v.tag == Tag::DType;
    case ArgKind::Device: return is_device(vm, v) || is_str(v) || is_int(v);
    case ArgKind::Layout: return v.is_object() && v.o->type == torch_types(vm).layout;
    case ArgKind::MemoryFormat: return v.is_object() && v.o->type == torch_types(vm).memory_format;
    case ArgKind::Generator: return v.is_object() && v.o->type == torch_types(vm).generator;
    case ArgKind::Storage:
      return v.is_object() && (v.o->type == torch_types(vm).storage || v.o->type == torch_types(vm).untyped_storage);
    case ArgKind::TensorList: return is_sequence(v) && all_of(v, [](Value x) { return x.is_tensor(); });
    case ArgKind::OptionalTensorList:
      return is_sequence(v) && all_of(v, [](Value x) { return x.is_tensor() || x.is_none(); });
    case ArgKind::IntList:
      if (p.list_size && is_int(v)) return true;
      return is_sequence(v) && all_of(v, [](Value x) {
               return is_int(x) || (is_zero_dim(x) && ops::info(x.t->dtype()).category == ops::DTypeCategory::Integral);
             });
    case ArgKind::FloatList:
      if (p.list_size && is_number(v)) return true;
      return is_sequence(v) && all_of(v, [](Value x) { return is_int(x) || unbox(x).is_float(); });
    case ArgKind::BoolList: return is_sequence(v) && all_of(v, [](Value x) { return x.is_bool(); });
    case ArgKind::ScalarList: return is_sequence(v) && all_of(v, is_number);
    case ArgKind::StrList: return is_sequence(v) && all_of(v, [](Value x) { return is_str(x); });
  }
  return false;
}

/// PyTorch's word for a kind, in messages.
std::string kind_text(const OperatorParam& p) {
  switch (p.kind) {
    case ArgKind::Tensor: return "Tensor";
    case ArgKind::Scalar: return "Number";
    case ArgKind::Int: return "int";
    case ArgKind::Float: return "float";
    case ArgKind::Bool: return "bool";
    case ArgKind::Str: return "str";
    case ArgKind::DType: return "torch.dtype";
    case ArgKind::Device: return "torch.device";
    case ArgKind::Layout: return "torch.layout";
    case ArgKind::MemoryFormat: return "torch.memory_format";
    case ArgKind::Generator: return "torch.Generator";
    case ArgKind::Storage: return "Storage";
    case ArgKind::TensorList:
    case ArgKind::OptionalTensorList: return "tuple of Tensors";
    case ArgKind::IntList: return "tuple of ints";
    case ArgKind::FloatList: return "tuple of floats";
    case ArgKind::BoolList: return "tuple of bools";
    case ArgKind::ScalarList: return "tuple of Scalars";
    case ArgKind::StrList: return "tuple of strs";
  }
  return "?";
}

std::string type_text(VM& vm, Value v) {
  if (v.is_tensor()) return v.t->has(ops::TensorImpl::kParameter) ? "Parameter" : "Tensor";
  std::string name(type_of(vm, v)->qualified_name->view());
  if (is_sequence(v)) {
    size_t n = size_of(v);
    if (n == 0) return name;
    Ref first(item_at(v, 0));
    name += " of ";
    if (is_kind(v, Kind::Tuple)) {
      name += "(";
      for (size_t i = 0; i < n; i++) {
        Ref item(item_at(v, i));
        name += (i ? ", " : "") + type_text(vm, *item);
      }
      if (n == 1) name += ",";
      return name + ")";
    }
    name += "[";
    for (size_t i = 0; i < n; i++) {
      Ref item(item_at(v, i));
      name += (i ? ", " : "") + type_text(vm, *item);
    }
    return name + "]";
  }
  return v.tag == Tag::DType ? "torch.dtype" : name;
}

/// The class alone, with the module that torch's own have in front of their names.
std::string class_text(VM& vm, Value v) {
  if (v.is_tensor()) return type_text(vm, v);
  const TorchTypes& types = torch_types(vm);
  Type* t = type_of(vm, v);
  const bool own = t == types.size || t == types.device || t == types.layout || t == types.memory_format;
  return v.tag == Tag::DType ? "torch.dtype" : (own ? "torch." : "") + std::string(t->qualified_name->view());
}

/// The name by which programs know a parameter: functions call self `input`.
std::string_view python_name(const OperatorParam& p, bool is_method) {
  return !is_method && std::strcmp(p.name, "self") == 0 ? std::string_view("input") : std::string_view(p.name);
}

struct Call {
  VM& vm;
  const OperatorEntry& entry;
  bool is_method;
  std::span<const Value> positional;
  std::span<const Value> keyword_values;
  std::span<Str* const> keywords;
};

/// Fits the arguments to one overload. `why` (when not null) gets the reason of a misfit.
bool fit(const Call& c, const OperatorOverload& o, Value* out, Ref& keep, std::string* why) {
  size_t n = o.params.size();
  TSVM_CHECK(n <= kMaxParams, "an operator with too many parameters");
  size_t can_be_positional = 0;
  while (can_be_positional < n && !o.params[can_be_positional].keyword_only) can_be_positional++;
  std::span<const Value> args = c.positional;
  for (size_t i = 0; i < n; i++) out[i] = Value::unbound();
  size_t self = c.is_method ? 1 : 0;
  // x.view(2, 3): ints in a row stand for a list, where the list is the only positional parameter.
  bool collected = false;
  if (can_be_positional == self + 1 && o.params[self].kind == ArgKind::IntList && args.size() > self &&
      (is_int(args[self]) ||
       (is_zero_dim(args[self]) && ops::info(args[self].t->dtype()).category == ops::DTypeCategory::Integral))) {
    bool ints = true;
    for (size_t i = self; i < args.size(); i++)
      ints &= is_int(args[i]) ||
              (is_zero_dim(args[i]) && ops::info(args[i].t->dtype()).category == ops::DTypeCategory::Integral);
    if (ints && !(o.params[self].list_size && args.size() == self + 1)) {
      keep = Ref(make_tuple(c.vm, args.subspan(self)));
      if (self) out[0] = args[0];
      out[self] = *keep;
      collected = true;
    }
  }
  // torch.broadcast_tensors(a, b): the same for tensors.
  if (!collected && can_be_positional == self + 1 && o.params[self].kind == ArgKind::TensorList && args.size() > self &&
      args[self].is_tensor()) {
    keep = Ref(make_tuple(c.vm, args.subspan(self)));
    if (self) out[0] = args[0];
    out[self] = *keep;
    collected = true;
  }
  if (!collected) {
    if (args.size() > can_be_positional) {
      if (why)
        *why = ops::concat(c.entry.name, "() takes ", can_be_positional - self, " positional argument",
                           can_be_positional - self == 1 ? "" : "s", " but ", args.size() - self,
                           args.size() - self == 1 ? " was" : " were", " given");
      return false;
    }
    for (size_t i = 0; i < args.size(); i++) out[i] = args[i];
  }
  for (size_t k = 0; k < c.keywords.size(); k++) {
    std::string_view name = c.keywords[k]->view();
    size_t i = 0;
    while (i < n && python_name(o.params[i], c.is_method) != name && name != o.params[i].name) i++;
    if (i == n || (c.is_method && i == 0)) {
      // axis and keepdims are NumPy's words, `x` and `other`... the usual aliases.
      const char* alias = name == "axis" ? "dim" : name == "keepdims" ? "keepdim" : name == "x" ? "self" : nullptr;
      for (i = 0; alias && i < n && std::strcmp(o.params[i].name, alias) != 0; i++) {
      }
      if (!alias || i == n) {
        if (why) *why = ops::concat(c.entry.name, "() got an unexpected keyword argument '", name, "'");
        return false;
      }
    }
    if (!out[i].is_unbound()) {
      if (why) *why = ops::concat(c.entry.name, "() got multiple values for argument '", name, "'");
      return false;
    }
    out[i] = c.keyword_values[k];
  }
  std::string missing;
  size_t missing_count = 0;
  for (size_t i = 0; i < n; i++) {
    const OperatorParam& p = o.params[i];
    if (out[i].is_unbound()) {
      if (!p.has_default) {
        missing += (missing_count++ ? ", \"" : "\"") + std::string(python_name(p, c.is_method)) + "\"";
      }
      continue;
    }
    if (out[i].is_none() && p.optional && p.has_default) {
      continue;
    }
    if (!accepts(c.vm, p, out[i])) {
      if (why) {
        std::string position = i < args.size() && !collected ? ops::concat(" (position ", i + 1 - self, ")") : "";
        if (is_sequence(out[i]) && (p.kind == ArgKind::IntList || p.kind == ArgKind::TensorList)) {
          for (size_t j = 0; j < size_of(out[i]); j++) {
            Ref item(item_at(out[i], j));
            bool ok = p.kind == ArgKind::TensorList ? item->is_tensor() : is_int(*item);
            if (!ok) {
              if (p.kind == ArgKind::TensorList)
                *why = ops::concat("expected Tensor as element ", j, " in argument ", i, ", but got ",
                                   type_text(c.vm, *item));
              else
                *why = ops::concat(c.entry.name, "(): argument '", python_name(p, c.is_method), "'", position,
                                   " must be tuple of ints, but found element of type ", type_text(c.vm, *item),
                                   " at pos ", j);
              return false;
            }
          }
        }
        *why = ops::concat(c.entry.name, "(): argument '", python_name(p, c.is_method), "'", position, " must be ",
                           kind_text(p), ", not ", class_text(c.vm, out[i]));
      }
      return false;
    }
  }
  if (missing_count) {
    if (why)
      *why = ops::concat(c.entry.name, "() missing ", missing_count, " required positional argument",
                         missing_count == 1 ? "s" : "s", ": ", missing);
    return false;
  }
  return true;
}

std::string signature_text(const OperatorOverload& o, bool is_method) {
  std::string text = "(";
  bool star = false, first = true;
  for (size_t i = is_method ? 1 : 0; i < o.params.size(); i++) {
    const OperatorParam& p = o.params[i];
    if (!first) text += ", ";
    first = false;
    if (p.keyword_only && !star) {
      text += "*, ";
      star = true;
    }
    text += kind_text(p) + " " + std::string(python_name(p, is_method));
  }
  return text + ")";
}

/// What classes with __torch_function__ make of the call. Unbound: they take no part.
Value other_handler(const Call& c) {
  Ref function(make_operator(c.vm, c.entry, c.is_method));
  std::vector<Value> args(c.positional.begin(), c.positional.end());
  args.insert(args.end(), c.keyword_values.begin(), c.keyword_values.end());
  return by_protocol(c.vm, *function, args, c.keywords);
}

bool takes_out(const OperatorOverload& o) { return !o.params.empty() && std::strcmp(o.params.back().name, "out") == 0; }
/// `a` is `b` without out=: to the user they are one signature.
bool same_but_out(const OperatorOverload& a, const OperatorOverload& b) {
  if (takes_out(a) || !takes_out(b) || a.params.size() + 1 != b.params.size()) return false;
  for (size_t i = 0; i < a.params.size(); i++)
    if (a.params[i].kind != b.params[i].kind || std::strcmp(a.params[i].name, b.params[i].name) != 0) return false;
  return true;
}

Value no_match(const Call& c) {
  if (Value handled = other_handler(c); !handled.is_unbound()) return handled;
  std::vector<const OperatorOverload*> signatures;
  for (const OperatorOverload& o : c.entry.overloads) {
    bool known = false;
    for (const OperatorOverload& other : c.entry.overloads) known |= same_but_out(o, other) && !c.is_method;
    if (!known) signatures.push_back(&o);
  }
  // The one that takes so many arguments says what is wrong with them.
  const OperatorOverload* plausible = nullptr;
  size_t count = 0;
  const size_t given = c.positional.size() + c.keywords.size();
  for (const OperatorOverload* o : signatures) {
    size_t least = 0;
    const bool has_out = takes_out(*o);
    for (const OperatorParam& p : o->params) least += !p.has_default;
    if (has_out) least -= !o->params.back().has_default;
    if (given < least || given > o->params.size()) continue;
    count++;
    plausible = o;
  }
  if (signatures.size() == 1) plausible = signatures[0], count = 1;
  if (count == 1) {
    for (const OperatorOverload& o : c.entry.overloads)
      if (same_but_out(o, *plausible) && (c.keywords.empty() || c.keywords.back()->view() != "out")) plausible = &o;
    Value bound[kMaxParams];
    Ref keep;
    std::string why;
    fit(c, *plausible, bound, keep, &why);
    return raise(c.vm, c.vm.types.TypeError, "%s", why.c_str());
  }
  std::string got;
  size_t self = c.is_method ? 1 : 0;
  for (size_t i = self; i < c.positional.size(); i++) got += (i > self ? ", " : "") + type_text(c.vm, c.positional[i]);
  for (size_t k = 0; k < c.keywords.size(); k++)
    got += (got.empty() ? "" : ", ") + std::string(c.keywords[k]->view()) + "=" + type_text(c.vm, c.keyword_values[k]);
  std::string text = ops::concat(c.entry.name, "() received an invalid combination of arguments - got (", got,
                                 "), but expected one of:");
  for (const OperatorOverload* o : signatures) text += "\n * " + signature_text(*o, c.is_method);
  return raise(c.vm, c.vm.types.TypeError, "%s", (text + "\n").c_str());
}

Value operator_call(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  return call_operator(vm, *object_of(self)->entry, object_of(self)->is_method, args, keywords);
}

Value operator_repr(VM& vm, Value self) {
  auto* o = object_of(self);
  return make_str(vm, o->is_method ? std::string("<method '") + o->entry->name + "' of 'torch._C._TensorBase' objects>"
                                   : std::string("<built-in method ") + o->entry->name + " of type object>");
}

Value operator_get(VM& vm, Value self, Value instance, Type*) {
  if (instance.is_unbound() || !object_of(self)->is_method) return new_ref(self);
  return make_bound_method(vm, self, instance);
}

const GetSetDef kAttributes[] = {
    {"__name__", [](VM& vm, Value self) { return make_str(vm, object_of(self)->entry->name); }},
    {"__qualname__", [](VM& vm, Value self) { return make_str(vm, object_of(self)->entry->name); }},
    {"__doc__", [](VM& vm, Value self) { return make_str(vm, object_of(self)->entry->doc); }},
    {"__module__", [](VM& vm, Value) { return make_str(vm, "torch"); }},
    {"_schemas",
     [](VM& vm, Value self) {
       Ref list(make_list(vm));
       for (const OperatorOverload& o : object_of(self)->entry->overloads) {
         Ref text(make_str(vm, o.schema));
         list_append(vm, as<List>(*list), *text);
       }
       return list.take();
     }},
};

}  // namespace

Value run_overload(VM& vm, const OperatorEntry& entry, const OperatorOverload& o, Value* bound) {
  std::vector<Ref> keep;
  if (__builtin_expect(autocast_enabled, 0)) {
    try {
      autocast_arguments(vm, entry, o, bound, keep);
    } catch (const ops::Error& e) {
      return raise_error(vm, e);
    }
  }
  Value result = o.thunk(vm, bound);
  if (const TraceHooks* trace = torch_types(vm).trace; trace && !result.is_error())
    trace->ran(vm, o, bound, o.params.size(), result);
  return result;
}

Value call_operator(VM& vm, const OperatorEntry& entry, bool is_method, std::span<const Value> args,
                    std::span<Str* const> keywords) {
  size_t n = args.size() - keywords.size();
  Call c{vm, entry, is_method, args.first(n), args.subspan(n), keywords};
  if (__builtin_expect(protocol_in_use(vm), 0))
    if (Value handled = other_handler(c); !handled.is_unbound()) return handled;
  if (is_method && (n == 0 || !args[0].is_tensor())) {
    if (Value handled = other_handler(c); !handled.is_unbound()) return handled;
    return raise(vm, vm.types.TypeError,
                 "descriptor '%s' for 'torch._C._TensorBase' objects doesn't apply to a '%s' object", entry.name,
                 n ? type_of(vm, args[0])->name->data : "nothing");
  }
  Value bound[kMaxParams];
  for (const OperatorOverload& o : entry.overloads) {
    Ref keep;
    if (fit(c, o, bound, keep, nullptr)) {
      return run_overload(vm, entry, o, bound);
    }
    if (!vm.pending.is_unbound()) return Value::error();
  }
  return no_match(c);
}

const OperatorEntry* operator_entry(VM& vm, Value v) {
  TorchTypes& types = torch_types(vm);
  return v.is_object() && (v.o->type == types.op || v.o->type == types.op_method) ? object_of(v)->entry : nullptr;
}

Value make_operator(VM& vm, const OperatorEntry& entry, bool is_method) {
  auto* o =
      allocate_object<OperatorObject>(vm, is_method ? torch_types(vm).op_method : torch_types(vm).op, Kind::Operator);
  o->entry = &entry;
  o->is_method = is_method;
  return Value::object(o);
}

void init_operator_type(VM& vm) {
  TorchTypes& types = torch_types(vm);
  for (Type** slot : {&types.op, &types.op_method}) {
    Type* t = new_type(vm, slot == &types.op ? "builtin_function_or_method" : "method_descriptor", "builtins",
                       vm.types.object, Kind::Operator, sizeof(OperatorObject));
    t->is_final = true;
    t->slots.call = operator_call;
    t->slots.repr = operator_repr;
    t->slots.descr_get = operator_get;
    finish_type(vm, t, {.getset = kAttributes});
    *slot = t;
  }
}

Value raise_error(VM& vm, const ops::Error& error) {
  Type* type = vm.types.RuntimeError;
  switch (error.kind()) {
    case ops::ErrorKind::RuntimeError: break;
    case ops::ErrorKind::IndexError: type = vm.types.IndexError; break;
    case ops::ErrorKind::TypeError: type = vm.types.TypeError; break;
    case ops::ErrorKind::ValueError: type = vm.types.ValueError; break;
    case ops::ErrorKind::NotImplementedError: type = vm.types.NotImplementedError; break;
    case ops::ErrorKind::AttributeError: type = vm.types.AttributeError; break;
    case ops::ErrorKind::AssertionError: type = vm.types.AssertionError; break;
    case ops::ErrorKind::ZeroDivisionError: type = vm.types.ZeroDivisionError; break;
    case ops::ErrorKind::OverflowError: type = vm.types.OverflowError; break;
    case ops::ErrorKind::MemoryError: type = vm.types.MemoryError; break;
    case ops::ErrorKind::OSError: type = vm.types.OSError; break;
    case ops::ErrorKind::LinAlgError:
      if (Value cls = torch_types(vm).linalg_error; cls.is_object()) type = static_cast<Type*>(cls.o);
      break;
  }
  // A hook of the language may have raised: its own exception is the better one.
  if (!vm.pending.is_unbound()) return Value::error();
  return raise(vm, type, "%s", error.message().c_str());
}

}  // namespace tsvm::stdlib

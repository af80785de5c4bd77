#include "stdlib/native/script/host.h"

#include <cstring>

#include "ir/op_table.h"
#include "ops/op_info.h"
#include "stdlib/native/script/archive.h"
#include "stdlib/native/script/tensor_operators.h"
#include "stdlib/native/torch/op_table.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"
#include "vm/modules.h"
#include "vm/types/dict.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;
using script::Arg;
using script::ClassInfo;
using script::Compiler;
using script::Const;
using script::SugaredPtr;
using script::TypeId;
namespace types = ir::types;

std::string qualified_name(std::string_view module, std::string_view name) {
  std::string out = "__torch__.";
  if (!module.empty() && module != "__main__") out.append(module).append(".");
  return out.append(name);
}
std::string qualified_name(Type* t) {
  return qualified_name(is_str(t->module) ? text_of(t->module) : std::string_view(), t->name->view());
}

namespace {

struct StateSlot : Extension {
  std::unique_ptr<ScriptState> state;
  void clear(VM& vm) override {
    if (state) state->clear(vm);
    state.reset();
  }
};

/// A module of the language: its members are what names in it lead to.
struct PythonModule : script::Sugared {
  PythonModule(ScriptState& s, Value m) : state(s), module(Ref::copy(m)) {}
  ScriptState& state;
  Ref module;
  std::string kind(Compiler&) const override { return "python value of type 'module'"; }
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override {
    VM& vm = *state.vm;
    if (field == "_set_grad_enabled")
      return std::make_shared<script::BuiltinFunction>("aten::set_grad_enabled", nullptr);
    Ref v(get_attr(vm, *module, vm.name(field)));
    if (v.is_error()) {
      clear_pending(vm);
      c.error(r, "object has no attribute " + field);
    }
    std::string name(as<Module>(*module)->name->view());
    if (const script::Special* s = script::special_named(name + "." + field))
      return std::make_shared<script::SpecialForm>(*s);
    if (name == "math")
      for (const char* n : {"sqrt",  "exp",   "log",   "log1p", "log10",    "expm1",  "sin",       "cos",
                            "tan",   "asin",  "acos",  "atan",  "sinh",     "cosh",   "tanh",      "asinh",
                            "acosh", "atanh", "atan2", "erf",   "erfc",     "lgamma", "degrees",   "radians",
                            "fabs",  "ceil",  "floor", "fmod",  "copysign", "gcd",    "factorial", "ldexp",
                            "frexp", "modf",  "isnan", "isinf", "isfinite", "pow",    "gamma",     "remainder"})
        if (field == n)
          return std::make_shared<script::BuiltinFunction>(
              field == "remainder" ? "aten::mathremainder" : "aten::" + field, nullptr);
    return state.sugar(c, *v, r, true);
  }
};

/// Something of the language that scripted code can only name.
struct PythonValue : script::Sugared {
  PythonValue(ScriptState& s, Value v) : state(s), value(Ref::copy(v)) {}
  ScriptState& state;
  Ref value;
  std::string kind(Compiler&) const override {
    return "python value of type '" + std::string(type_of(*state.vm, *value)->name->view()) + "'";
  }
  script::Value* as_value(Compiler& c, SourceRange r) override {
    c.error(r, kind(c) +
                   " cannot be used as a value. Perhaps it is a closed over global variable? If so, please consider "
                   "passing it in as an argument or use a local varible instead.");
  }
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override {
    VM& vm = *state.vm;
    Ref v(get_attr(vm, *value, vm.name(field)));
    if (v.is_error()) {
      clear_pending(vm);
      c.error(r, "object has no attribute " + field);
    }
    return state.sugar(c, *v, r, true);
  }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>&, size_t) override {
    c.error(r, "Python builtin " + describe() + " is currently not supported in Torchscript");
  }
  std::string describe() {
    std::string text;
    if (!repr_to(*state.vm, *value, text)) clear_pending(*state.vm);
    return text;
  }
};

}  // namespace

ScriptState& state(VM& vm) {
  StateSlot& slot = vm.extension<StateSlot>();
  if (!slot.state) slot.state = std::make_unique<ScriptState>(vm);
  return *slot.state;
}

ScriptState::ScriptState(VM& v) : vm(&v) {
  tensor_ops = make_tensor_operators();
  program = std::make_unique<script::Program>(types, tensor_ops.get());
}

ScriptState::~ScriptState() = default;

void ScriptState::clear(VM&) {
  objects_.clear();
  host_functions_.clear();
  host_classes_.clear();
  library_.clear();
  units_.clear();
}

int64_t ScriptState::number_of(Value v) {
  uint64_t key = v.bits ^ (static_cast<uint64_t>(v.tag) << 56);
  auto it = object_numbers_.find(key);
  if (it != object_numbers_.end()) return it->second;
  objects_.push_back(Ref::copy(v));
  auto number = static_cast<int64_t>(objects_.size() - 1);
  object_numbers_[key] = number;
  return number;
}

const ir::OpTable* ScriptState::op_table() { return &kOperatorDispatch.table(); }

const void* ScriptState::library_function(std::string_view name) {
  auto it = library_.find(name);
  if (it != library_.end()) return it->second->o;
  Ref found;
  if (name.substr(0, 9) == "builtins.") {
    found = Ref::copy(dict_get_borrow(vm->builtins, vm->name(name.substr(9))));
  } else {
    Ref module(vm->callbacks.import_module(*vm, "torch.jit._ops"));
    if (module.is_error()) throw_pending();
    found = Ref(get_attr(*vm, *module, vm->name(name)));
    if (found.is_error()) throw_pending();
  }
  if (!found->is_object()) return nullptr;
  const void* pointer = found->o;
  library_.emplace(std::string(name), std::move(found));
  return pointer;
}

void throw_pending() {
  script::CompileError e;
  e.pending = true;
  throw e;
}

bool guarded_compile(VM& vm, const std::function<void()>& fn) {
  try {
    fn();
    return true;
  } catch (const script::CompileError& e) {
    if (e.pending) return false;
    const char* name = nullptr;
    Type* type = vm.types.RuntimeError;
    switch (e.kind) {
      case script::ErrorClass::RuntimeError: break;
      case script::ErrorClass::TypeError: type = vm.types.TypeError; break;
      case script::ErrorClass::ValueError: type = vm.types.ValueError; break;
      case script::ErrorClass::NotImplemented: type = vm.types.NotImplementedError; break;
      case script::ErrorClass::NotSupported: name = "NotSupportedError"; break;
      case script::ErrorClass::UnsupportedNode: name = "UnsupportedNodeError"; break;
    }
    if (name) {
      Ref module(vm.callbacks.import_module(vm, "torch.jit.frontend"));
      if (module.is_error()) return false;
      Ref cls(get_attr(vm, *module, vm.name(name)));
      if (cls.is_error()) return false;
      type = as<Type>(*cls);
    }
    Ref text(make_str(vm, e.text));
    Value args[] = {*text};
    Ref exception(make_exception(vm, type, std::span<const Value>(args)));
    (void)raise_value(vm, *exception);
    return false;
  }
}

// --- names ---

Ref ScriptState::lookup(Function* f, const std::string& name) {
  const Code& code = *f->code->code;
  for (size_t i = 0; i < code.free_names.size() && i < f->closure_size; i++)
    if (code.names[code.free_names[i]] == name) {
      Value content = as<Cell>(f->closure[i])->value;
      if (!content.is_unbound()) return Ref::copy(content);
    }
  Str* key = vm->name(name);
  if (is_kind(f->module, Kind::Module)) {
    Value v = dict_get_borrow(as<Module>(f->module)->dict, key);
    if (!v.is_unbound()) return Ref::copy(v);
    // Modules that make some of their names when they are asked for.
    Ref made(get_attr_or_unbound(*vm, f->module, key));
    if (made.is_error()) clear_pending(*vm);
    if (!made.is_error() && !made->is_unbound()) return made;
  }
  return Ref::copy(dict_get_borrow(vm->builtins, key));
}

SugaredPtr ScriptState::resolve(Compiler& c, script::Function& f, const std::string& name, SourceRange range) {
  HostFunction& h = host_of(f);
  if (h.importer) return h.importer->resolve(c, f, name, range);
  if (name.compare(0, 7, "import ") == 0) {
    std::string path = name.substr(7), member;
    if (size_t colon = path.find(':'); colon != std::string::npos) {
      member = path.substr(colon + 1);
      path.resize(colon);
    }
    Ref module(vm->callbacks.import_module(*vm, member.empty() ? path.substr(0, path.find('.')) : path));
    if (module.is_error()) throw_pending();
    if (member.empty()) return sugar(c, *module, range, true);
    Ref v(get_attr(*vm, *module, vm->name(member)));
    if (v.is_error()) throw_pending();
    return sugar(c, *v, range, true);
  }
  if (name.compare(0, 7, "Tensor.") == 0) {
    Ref module(vm->callbacks.import_module(*vm, "torch.jit._ops"));
    if (module.is_error()) throw_pending();
    Ref v(get_attr_or_unbound(*vm, *module, vm->name("tensor_" + name.substr(7))));
    if (v.is_error() || v->is_unbound() || !is_kind(*v, Kind::Function)) {
      if (v.is_error()) clear_pending(*vm);
      return nullptr;
    }
    return std::make_shared<script::FunctionSugared>(declare(as<Function>(*v), nullptr, nullptr));
  }
  if (name.compare(0, 6, "super.") == 0) {
    if (!h.owner) return nullptr;
    Str* key = vm->name(name.substr(6));
    Type* cls = f.owner ? host_of(*f.owner).type : nullptr;
    if (!cls) return nullptr;
    bool behind = false;
    for (Type* t : cls->mro) {
      if (behind) {
        Value v = dict_get_borrow(t->dict, key);
        if (is_kind(v, Kind::Function)) {
          script::Function* base = declare(as<Function>(v), f.owner, t);
          return std::make_shared<script::FunctionSugared>(base);
        }
      }
      behind |= t == h.owner;
    }
    return nullptr;
  }
  if (!is_kind(*h.python, Kind::Function)) return nullptr;
  // A class names itself in its body before it is bound.
  if (h.owner && h.owner->name->view() == name)
    if (ClassInfo* own = known_class(h.owner)) return std::make_shared<script::ClassSugared>(own);
  Ref v = lookup(as<Function>(*h.python), name);
  if (v->is_unbound()) return nullptr;
  return sugar(c, *v, range, f.is_library);
}

SugaredPtr ScriptState::sugar(Compiler& c, Value v, SourceRange range, bool is_constant) {
  if (const OperatorEntry* e = operator_entry(*vm, v)) {
    std::string_view schema = e->overloads.empty() ? std::string_view() : std::string_view(e->overloads[0].schema);
    return std::make_shared<script::BuiltinFunction>(std::string(schema.substr(0, schema.find_first_of(".("))),
                                                     nullptr);
  }
  if (v.tag == Tag::DType)
    return std::make_shared<script::ConstantSugared>(
        Const::integer(ops::info(static_cast<ops::DType>(v.i)).torch_number), types::I64);
  TorchTypes& torch = torch_types(*vm);
  if (v.is_object()) {
    Type* t = v.o->type;
    if (t == torch.layout)
      return std::make_shared<script::ConstantSugared>(Const::integer(static_cast<int64_t>(unpack_layout(v))),
                                                       types::I64);
    if (t == torch.memory_format) {
      static const int kNumbers[] = {0, 1, 2, 3};
      return std::make_shared<script::ConstantSugared>(
          Const::integer(kNumbers[static_cast<int>(unpack_memory_format(v))]), types::I64);
    }
    if (script::Function* fn = function_of(v)) return std::make_shared<script::FunctionSugared>(fn);
    switch (v.o->kind) {
      case Kind::Module: return std::make_shared<PythonModule>(*this, v);
      case Kind::Function: {
        auto* f = as<Function>(v);
        std::string module;
        if (is_kind(f->module, Kind::Module)) module = as<Module>(f->module)->name->view();
        std::string_view qualified = f->qualified_name->view();
        if (module.compare(0, 9, "torch.jit") == 0)
          if (const script::Special* s = script::special_named("torch.jit." + std::string(qualified)))
            return std::make_shared<script::SpecialForm>(*s);
        if (module == "warnings" && qualified == "warn")
          return std::make_shared<script::SpecialForm>(script::Special::Warn);
        Ref modifier(get_attr_or_unbound(*vm, v, vm->name("_torchscript_modifier")));
        if (modifier.is_error()) clear_pending(*vm);
        if (is_str(*modifier)) {
          std::string_view m = text_of(*modifier);
          if (m == "ignore" || m == "unused") return std::make_shared<PythonFunction>(*this, v);
        }
        if (script::Function* known = declared_for(f)) return std::make_shared<script::FunctionSugared>(known);
        if (!is_library(f)) {
          auto several = overloaded_functions_.find(f);
          if (several == overloaded_functions_.end())
            several = overloaded_functions_.emplace(f, declare_overloads(f, nullptr, nullptr)).first;
          if (!several->second.empty()) return std::make_shared<script::OverloadedSugared>(several->second, nullptr);
        }
        if (module == "torch.jit._ops" && qualified.substr(0, 3) == "op_") {
          return std::make_shared<script::BuiltinFunction>("aten::" + std::string(qualified.substr(3)), nullptr);
        }
        if (module == "torch" || module.compare(0, 6, "torch.") == 0) {
          // Names that are operators in Torch Script, whatever they are here.
          std::string op = "aten::" + std::string(qualified);
          if ((module == "torch" || module == "torch.functional" || module == "torch.nn.functional") &&
              !program->operators.find(op).empty() &&
              (qualified == "tensor" || qualified == "as_tensor" || qualified == "manual_seed" ||
               qualified == "einsum" || program->operators.find(op)[0]->tensor_op >= 0) &&
              module != "torch.nn.functional")
            return std::make_shared<script::BuiltinFunction>(op, nullptr);
        }
        if (is_library(f)) return std::make_shared<LibraryFunction>(*this, f);
        return std::make_shared<script::FunctionSugared>(declare(f, nullptr, nullptr));
      }
      case Kind::NativeFunction: {
        std::string name(as<NativeFunction>(v)->name->view());
        static const char* const kNative[] = {"tensor",      "as_tensor",   "is_grad_enabled", "promote_types",
                                              "manual_seed", "result_type", "can_cast",        "is_floating_point",
                                              "is_complex",  "numel"};
        for (const char* n : kNative)
          if (name == n) return std::make_shared<script::BuiltinFunction>("aten::" + name, nullptr);
        if (name == "get_default_dtype") return std::make_shared<PythonValue>(*this, v);
        return std::make_shared<PythonValue>(*this, v);
      }
      case Kind::BoundMethod: {
        // A method of a script module kept somewhere, or of an ordinary object.
        auto* b = as<BoundMethod>(v);
        if (script::Function* fn = function_of(b->function)) {
          script::Value* self =
              c.constant(Const::object(Const::Kind::Object, number_of(b->self)), fn->params[0].type, range);
          return std::make_shared<script::MethodSugared>(script::simple(self), fn);
        }
        break;
      }
      case Kind::Type: {
        auto* cls = as<Type>(v);
        std::string_view name = cls->name->view();
        std::string module = is_str(cls->module) ? std::string(text_of(cls->module)) : "";
        if (const script::Special* s = module == "builtins" ? script::special_named(name) : nullptr)
          return std::make_shared<script::SpecialForm>(*s);
        if (cls == torch.device) return std::make_shared<script::BuiltinFunction>("aten::device", nullptr);
        if (cls == torch.size) return std::make_shared<script::BuiltinFunction>("aten::Size", nullptr);
        if (cls->is_exception)
          return std::make_shared<script::ExceptionSugared>((module.empty() ? "builtins" : module) + "." +
                                                            std::string(name));
        if (module == "torch" &&
            (name == "no_grad" || name == "enable_grad" || name == "set_grad_enabled" || name == "inference_mode")) {
          Ref contexts(vm->callbacks.import_module(*vm, "torch.jit._contexts"));
          if (contexts.is_error()) throw_pending();
          Ref made(get_attr(*vm, *contexts, vm->name(name)));
          if (made.is_error()) throw_pending();
          return std::make_shared<script::ClassSugared>(class_for(as<Type>(*made)));
        }
        if (TypeId t = named_tuple_type(cls)) {
          (void)t;
          return named_tuple_constructor(cls);
        }
        if (TypeId t = enum_type(cls)) return std::make_shared<script::ClassSugared>(program->class_of(t));
        if (cls->is_tensor_module)
          c.error(range, "Class " + std::string(name) + " is an nn.Module: modules cannot be made in scripted code");
        if (cls->is_heap)
          if (ClassInfo* info = class_for(cls)) return std::make_shared<script::ClassSugared>(info);
        break;
      }
      case Kind::Instance: {
        if (ClassInfo* info = type_of_script_module(v)) {
          script::Value* self = c.constant(Const::object(Const::Kind::Object, number_of(v)), info->type, range);
          return std::make_shared<script::ModuleSugared>(self, info);
        }
        if (TypeId t = enum_type(v.o->type))
          return std::make_shared<script::ConstantSugared>(Const::object(Const::Kind::Object, number_of(v)), t);
        break;
      }
      default: break;
    }
    if (TypeId t = enum_type(v.o->type))
      return std::make_shared<script::ConstantSugared>(Const::object(Const::Kind::Object, number_of(v)), t);
    if (is_constant && (is_kind(v, Kind::Tuple) || is_kind(v, Kind::List)) && c.function.is_library) {
      std::vector<SugaredPtr> items;
      Ref list(make_list_from_sequence(*vm, v));
      for (Ref& item : list_snapshot(as<List>(*list))) items.push_back(sugar(c, *item, range, true));
      return std::make_shared<script::TupleSugared>(items);
    }
  }
  if (is_constant) {
    Const k;
    TypeId t;
    if (as_const(v, k, t)) return std::make_shared<script::ConstantSugared>(k, t);
  }
  return std::make_shared<PythonValue>(*this, v);
}

TypeId ScriptState::resolve_type(script::Program&, script::Function& f, const std::string& name) {
  HostFunction& h = host_of(f);
  if (h.importer) return h.importer->find_type(name);
  // A class names itself in its body before it is bound.
  if (f.owner && f.owner->name.substr(f.owner->name.rfind('.') + 1) == name) return f.owner->type;
  if (h.owner && h.owner->name->view() == name)
    if (ClassInfo* info = known_class(h.owner)) return info->type;
  if (!is_kind(*h.python, Kind::Function)) return TypeId();
  if (name.find_first_of("[]() ") != std::string::npos) return TypeId();
  size_t dot = name.find('.');
  Ref v = lookup(as<Function>(*h.python), name.substr(0, dot));
  while (dot != std::string::npos && !v->is_unbound()) {
    size_t next = name.find('.', dot + 1);
    Ref inner(get_attr_or_unbound(*vm, *v,
                                  vm->name(name.substr(dot + 1, next == std::string::npos ? next : next - dot - 1))));
    if (inner.is_error()) {
      clear_pending(*vm);
      return TypeId();
    }
    v = inner;
    dot = next;
  }
  if (v->is_unbound()) return TypeId();
  return type_of_annotation(*v);
}

TypeId ScriptState::type_of_annotation(Value v) {
  if (v.is_none()) return types::None;
  if (v.is_object() && v.o->type == torch_types(*vm).parameter_meta) return types::Tensor;
  if (v.same(Value::object(vm->types.tensor)) || v.same(Value::object(vm->types.parameter))) return types::Tensor;
  if (is_str(v)) return TypeId();
  if (is_kind(v, Kind::Type)) {
    auto* t = as<Type>(v);
    if (t == vm->types.int_) return types::I64;
    if (t == vm->types.float_) return types::F64;
    if (t == vm->types.bool_) return types::Bool;
    if (t == vm->types.str) return types::Str;
    if (t == vm->types.complex) return types::Complex;
    if (t == vm->types.dtype || t == torch_types(*vm).layout || t == torch_types(*vm).memory_format) return types::I64;
    if (t == torch_types(*vm).device) return types::Device;
    if (t == torch_types(*vm).generator) return types::Generator;
    if (t == torch_types(*vm).size) return types.list(types::I64);
    if (TypeId n = named_tuple_type(t)) return n;
    if (TypeId e = enum_type(t)) return e;
    if (!dict_get_borrow(t->dict, vm->name("__torch_script_interface__")).is_unbound()) return class_for(t)->type;
    if (t->is_tensor_module) return TypeId();
    if (t->is_heap && !t->is_exception)
      if (ClassInfo* info = class_for(t)) return info->type;
    return TypeId();
  }
  // typing's objects: asked for their parts as programs would.
  std::string text;
  if (!repr_to(*vm, v, text)) clear_pending(*vm);
  if (text == "typing.Any") return types::ScriptAny;
  Ref origin(get_attr_or_unbound(*vm, v, vm->name("__origin__")));
  Ref args(get_attr_or_unbound(*vm, v, vm->name("__args__")));
  if (origin.is_error() || args.is_error()) clear_pending(*vm);
  if (origin.is_error() || args.is_error() || !is_kind(*args, Kind::Tuple)) return TypeId();
  std::vector<TypeId> parts;
  for (Value a : as<Tuple>(*args)->span()) {
    TypeId t = a.same(Value::object(type_of(*vm, Value::none()))) ? TypeId(types::None) : type_of_annotation(a);
    if (!t) return TypeId();
    parts.push_back(t);
  }
  std::string head;
  if (is_kind(*origin, Kind::Type))
    head = as<Type>(*origin)->name->view();
  else if (!repr_to(*vm, *origin, head))
    clear_pending(*vm);
  if (head == "list" && parts.size() == 1) return types.list(parts[0]);
  if (head == "dict" && parts.size() == 2) return types.dict(parts[0], parts[1]);
  if (head == "tuple") return types.tuple(parts);
  if (head.find("Union") != std::string::npos || head.find("Optional") != std::string::npos)
    return types.union_of(parts);
  if (head.find("Final") != std::string::npos && parts.size() == 1) return parts[0];
  if (head.find("Future") != std::string::npos && parts.size() == 1) return types.future(parts[0]);
  return TypeId();
}

std::string ScriptState::describe_object(const Const& c) {
  Value v = object(c.i);
  std::string text;
  if (!repr_to(*vm, v, text)) clear_pending(*vm);
  return text;
}

}  // namespace tsvm::stdlib::script_host

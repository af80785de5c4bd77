// nn.Modules: the type that describes one to the checker, and its attributes and methods on demand.
//
// Two modules have one type when they are of one class and have the same attributes of the same types, the same
// constants and submodules of the same types.
#include <algorithm>

#include "ir/script/signature.h"
#include "stdlib/native/script/host.h"
#include "stdlib/native/torch/values.h"
#include "vm/shape.h"
#include "vm/types/dict.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;
using ir::TypeKind;
using script::Arg;
using script::ClassInfo;
using script::Compiler;
using script::Const;
using script::SugaredPtr;
using script::TypeId;
namespace types = ir::types;

namespace {

bool has_base(Type* t, const char* name) {
  for (Type* b : t->mro)
    if (b->name->view() == name && is_str(b->module) && text_of(b->module).substr(0, 8) == "torch.nn") return true;
  return false;
}

/// Attributes of the library's own module class, which say nothing about the model.
bool is_private(std::string_view name) {
  static const char* const kNames[] = {"_non_persistent_buffers_set",
                                       "_forward_pre_hooks",
                                       "_forward_hooks",
                                       "_full_backward_hooks",
                                       "_backward_hooks",
                                       "_old_backward_hooks",
                                       "_state_dict_hooks",
                                       "_load_state_dict_pre_hooks",
                                       "_load_state_dict_post_hooks",
                                       "_all_weights",
                                       "_flat_weights",
                                       "_flat_weights_names",
                                       "_is_full_backward_hook"};
  for (const char* n : kNames)
    if (name == n) return true;
  return false;
}

std::string modifier_of(VM& vm, Value f) {
  Ref m(get_attr_or_unbound(vm, f, vm.name("_torchscript_modifier")));
  if (m.is_error()) {
    clear_pending(vm);
    return "";
  }
  return is_str(*m) ? std::string(text_of(*m)) : "";
}

}  // namespace

ClassInfo* ScriptState::type_of_script_module(Value v) const {
  if (!v.is_object()) return nullptr;
  auto it = script_types_.find(v.o->type);
  return it == script_types_.end() ? nullptr : it->second;
}

ClassInfo* ScriptState::module_type(Value module, bool own) {
  if (ClassInfo* known = type_of_script_module(module)) return known;
  Type* cls = module.o->type;
  auto draft = std::make_unique<ClassInfo>();
  draft->kind = ClassInfo::Kind::Module;
  std::string key = std::to_string(reinterpret_cast<uintptr_t>(cls));
  Attributes* a = attributes_of(module.o);
  std::vector<ShapeField> fields = shape_fields(a->shape);
  if (a->shape->dictionary >= 0) {
    // Plain attributes moved to a dictionary.
    uint32_t position = 0;
    while (DictEntry* e = dict_next(as<Dict>(a->fields[a->shape->dictionary]), position))
      if (is_str(e->key)) fields.push_back({as<Str>(e->key), SlotKind::Plain});
  }
  std::vector<Value> values;
  for (const ShapeField& f : fields) values.push_back(attribute_find_borrow(a, f.name));
  // Annotations and __constants__ of the class and its bases.
  std::set<std::string> constants;
  std::map<std::string, TypeId> annotated;
  std::set<std::string> ignored;
  std::vector<std::pair<std::string, TypeId>> held;
  for (auto it = cls->mro.rbegin(); it != cls->mro.rend(); ++it) {
    Type* t = *it;
    if (t == vm->types.object) continue;
    Value list = dict_get_borrow(t->dict, vm->name("__constants__"));
    if (!list.is_unbound()) {
      bool ok = for_each(*vm, list, [&](Value name) {
        if (is_str(name)) constants.insert(std::string(text_of(name)));
        return true;
      });
      if (!ok) clear_pending(*vm);
    }
    Value notes = dict_get_borrow(t->dict, vm->name("__annotations__"));
    if (is_kind(notes, Kind::Dict)) {
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(notes), position)) {
        if (!is_str(e->key)) continue;
        std::string name(text_of(e->key)), text;
        if (!repr_to(*vm, e->value, text)) clear_pending(*vm);
        if (text.find("Final") != std::string::npos) constants.insert(name);
        if (TypeId type = type_of_annotation(e->value)) annotated[name] = type;
      }
    }
    // Properties that script modules hold as values.
    Value computed = dict_get_borrow(t->dict, vm->name("__script_attributes__"));
    if (is_kind(computed, Kind::Dict)) {
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(computed), position))
        if (TypeId type = type_of_annotation(e->value)) held.push_back({std::string(text_of(e->key)), type});
    }
    Value ignored_list = dict_get_borrow(t->dict, vm->name("__jit_ignored_attributes__"));
    if (!ignored_list.is_unbound()) {
      bool ok = for_each(*vm, ignored_list, [&](Value name) {
        if (is_str(name)) ignored.insert(std::string(text_of(name)));
        return true;
      });
      if (!ok) clear_pending(*vm);
    }
  }
  auto add = [&](const std::string& name, TypeId t, bool parameter = false, bool buffer = false) {
    draft->attributes.push_back({name, t, parameter, buffer});
    key += "|" + name + ":" + std::to_string(t.index) + (parameter ? "p" : buffer ? "b" : "");
  };
  auto each = [&](SlotKind kind, auto&& fn) {
    for (size_t i = 0; i < fields.size(); i++)
      if (fields[i].kind == kind && !values[i].is_unbound()) fn(std::string(fields[i].name->view()), values[i]);
  };
  each(SlotKind::Parameter, [&](const std::string& name, Value v) {
    TypeId t = v.is_none() ? TypeId(types::None) : TypeId(types::Tensor);
    if (auto it = annotated.find(name); it != annotated.end() && program->is_subtype(t, it->second)) t = it->second;
    add(name, t, true);
  });
  each(SlotKind::Buffer, [&](const std::string& name, Value v) {
    TypeId t = v.is_none() ? TypeId(types::None) : TypeId(types::Tensor);
    if (auto it = annotated.find(name); it != annotated.end() && program->is_subtype(t, it->second)) t = it->second;
    add(name, t, false, true);
  });
  each(SlotKind::Submodule, [&](const std::string& name, Value v) {
    if (v.is_none()) {
      add(name, types::None);
      return;
    }
    ClassInfo* inner = module_type(v);
    TypeId t = inner->type;
    if (auto it = annotated.find(name); it != annotated.end())
      if (ClassInfo* interface = program->class_of(it->second);
          interface && interface->kind == ClassInfo::Kind::Interface) {
        for (script::Function* wanted : interface->methods)
          if (script::Function* f = inner->method(wanted->name) ? inner->method(wanted->name)
                                                                : find_method(*program, *inner, wanted->name))
            program->compile(*f, *this);
        if (!program->is_subtype(t, it->second)) {
          script::CompileError e;
          e.text = "Could not cast attribute '" + name + "' to type " + interface->name + ": Object of type " +
                   inner->name + " is not compatible with interface " + interface->name;
          throw e;
        }
        t = it->second;
      }
    draft->submodules.push_back(name);
    add(name, t);
  });
  draft->container = has_base(cls, "ModuleList")      ? ClassInfo::Container::List
                     : has_base(cls, "ModuleDict")    ? ClassInfo::Container::Dict
                     : has_base(cls, "Sequential")    ? ClassInfo::Container::Sequential
                     : has_base(cls, "ParameterList") ? ClassInfo::Container::ParameterList
                     : has_base(cls, "ParameterDict") ? ClassInfo::Container::ParameterDict
                                                      : ClassInfo::Container::None;
  // Constants, then the other attributes.
  for (const std::string& name : constants) {
    if (draft->attribute(name)) continue;
    Ref v(get_attr_or_unbound(*vm, module, vm->name(name)));
    if (v.is_error()) throw_pending();
    if (v->is_unbound()) continue;
    ClassInfo::Constant k;
    k.name = name;
    TypeId type;
    if (as_const(*v, k.value, type)) {
      k.type = type;
    } else if (is_kind(*v, Kind::Tuple) || is_kind(*v, Kind::List)) {
      std::vector<TypeId> item_types;
      bool ok = true;
      Ref list(make_list_from_sequence(*vm, *v));
      for (Ref& item : list_snapshot(as<List>(*list))) {
        Const c;
        TypeId t;
        ok &= as_const(*item, c, t);
        k.items.push_back(c);
        item_types.push_back(t);
      }
      if (!ok) continue;
      k.type = is_kind(*v, Kind::List) && !item_types.empty() ? types.list(item_types[0]) : types.tuple(item_types);
    } else {
      continue;
    }
    key += "|" + name + "=" + std::to_string(k.type.index) + ":" + std::to_string(k.value.i) + ":" +
           std::to_string(k.value.d) + ":" + k.value.s;
    for (const Const& c : k.items) key += "," + std::to_string(c.i) + ":" + std::to_string(c.d) + ":" + c.s;
    draft->constants.push_back(std::move(k));
  }
  for (size_t i = 0; i < fields.size(); i++) {
    if (fields[i].kind != SlotKind::Plain || values[i].is_unbound()) continue;
    std::string name(fields[i].name->view());
    if (is_private(name) || draft->constant(name) || draft->attribute(name) || ignored.count(name)) continue;
    Value v = values[i];
    // torch.jit.Attribute(value, type)
    if (v.is_object() && v.o->type->name->view() == "Attribute") {
      Ref value(get_attr(*vm, v, vm->name("value"))), type(get_attr(*vm, v, vm->name("type")));
      if (value.is_error() || type.is_error()) throw_pending();
      TypeId t = type_of_annotation(*type);
      if (!t) {
        script::CompileError e;
        e.text = "Unknown type of the attribute " + name;
        throw e;
      }
      add(name, t);
      continue;
    }
    // nn.Module's own: which type it is, a program cannot say.
    auto note = annotated.find(name);
    if (note != annotated.end()) {
      add(name, note->second);
      continue;
    }
    if (is_kind(v, Kind::Function) || script_host::state(*vm).function_of(v) || is_kind(v, Kind::Operator) ||
        is_kind(v, Kind::NativeFunction) || is_kind(v, Kind::BoundMethod) || is_kind(v, Kind::Type)) {
      key += "|" + name + "@" + std::to_string(v.bits);
      continue;  // found when it is asked for
    }
    std::string why;
    TypeId t = infer_type(v, why);
    if (!t) {
      draft->missing[name] = "(This attribute exists on the Python module, but we failed to convert Python type: '" +
                             std::string(type_of(*vm, v)->name->view()) + "' to a TorchScript type. " + why +
                             (why.empty() || why.back() == '.' ? "" : ".") +
                             " Its type was inferred; try adding a type annotation for the attribute.)";
      key += "|" + name + "!";
      continue;
    }
    add(name, t);
  }
  for (const auto& [name, type] : held) add(name, type);
  // Hooks make types of their own.
  if (module.o->flags & kHasHooks) key += "|hooks" + std::to_string(module.bits);
  if (own) key += "|trace" + std::to_string(module_types_.size());
  auto found = module_types_.find(key);
  if (found != module_types_.end()) return found->second;
  std::string name = program->unique_name(qualified_name(cls));
  ClassInfo* info = program->add_class(ClassInfo::Kind::Module, name);
  TypeId type = info->type;
  std::string own_name = info->name;
  *info = *draft;
  info->name = own_name;
  info->type = type;
  HostClass& h = host_of(*info);
  h.type = cls;
  h.hold = Ref::copy(Value::object(cls));
  h.original = Ref::copy(module);
  module_types_[key] = info;
  return info;
}

script::Function* ScriptState::find_method(script::Program&, ClassInfo& info, const std::string& name) {
  if (info.kind != ClassInfo::Kind::Module) return nullptr;
  HostClass& h = host_of(info);
  if (!h.type) return nullptr;
  if (size_t at = name.rfind("__"); at != std::string::npos && at > 0 && at + 2 < name.size()) {
    find_overloads(*program, info, name.substr(0, at));
    if (script::Function* known = info.method(name)) return known;
  }
  Type* owner = nullptr;
  Value f;
  for (Type* t : h.type->mro) {
    Value v = dict_get_borrow(t->dict, vm->name(name));
    if (v.is_unbound()) continue;
    f = v;
    owner = t;
    break;
  }
  if (!is_kind(f, Kind::Function)) return nullptr;
  if (owner->name->view() == "Module" && is_str(owner->module) && text_of(owner->module) == "torch.nn.modules.module")
    return nullptr;
  if (is_str(owner->module) && text_of(owner->module).substr(0, 9) == "torch.jit") return nullptr;
  std::string m = modifier_of(*vm, f);
  if (m == "ignore" || m == "unused") return nullptr;
  // The library's own are checked anew for each call, unless they say their types.
  if (is_library(as<Function>(f)) && name != "forward" && name.substr(0, 2) != "__" && !is_annotated(as<Function>(f)))
    return nullptr;
  script::Function* fn = declare(as<Function>(f), &info, owner);
  fn->name = name;
  fn->qualified_name = info.name + "." + name;
  info.methods.push_back(fn);
  return fn;
}

std::vector<script::Function*> ScriptState::find_overloads(script::Program&, ClassInfo& info, const std::string& name) {
  if (info.kind != ClassInfo::Kind::Module) return {};
  auto known = info.overloads.find(name);
  if (known != info.overloads.end()) return known->second;
  HostClass& h = host_of(info);
  std::vector<script::Function*> found;
  if (h.type)
    for (Type* t : h.type->mro) {
      Value v = dict_get_borrow(t->dict, vm->name(name));
      if (v.is_unbound()) continue;
      if (is_kind(v, Kind::Function)) found = declare_overloads(as<Function>(v), &info, t);
      break;
    }
  return info.overloads[name] = found;
}

SugaredPtr ScriptState::find_attribute(Compiler& c, ClassInfo& info, const std::string& name, script::Value* self,
                                       SourceRange range) {
  HostClass& h = host_of(info);
  if (info.kind == ClassInfo::Kind::Script) {
    // Properties.
    if (script::Function* getter = info.method("__" + name + "_getter"))
      if (self) return c.call_function(*getter, range, {}, script::simple(self));
    if (h.type) {
      Value v = dict_get_borrow(h.type->dict, vm->name(name));
      if (is_kind(v, Kind::Function) && modifier_of(*vm, v) == "ignore") {
        auto p = std::make_shared<PythonFunction>(*this, v);
        p->self = self;
        return p;
      }
      Const k;
      TypeId t;
      if (!v.is_unbound() && as_const(v, k, t)) return std::make_shared<script::ConstantSugared>(k, t);
    }
    return nullptr;
  }
  if (info.kind != ClassInfo::Kind::Module || h.original->is_unbound()) return nullptr;
  Value from_class = lookup_in_type_borrow(h.type, vm->name(name));
  if (is_kind(from_class, Kind::Function)) {
    std::string m = modifier_of(*vm, from_class);
    if (m == "ignore" || m == "unused") {
      auto p = std::make_shared<PythonFunction>(*this, from_class);
      p->self = self;
      return p;
    }
  }
  if (is_kind(from_class, Kind::Function) && is_library(as<Function>(from_class)) && self)
    return std::make_shared<LibraryMethod>(*this, as<Function>(from_class), self);
  if (is_kind(from_class, Kind::Property)) {
    auto* p = as<Property>(from_class);
    if (!is_kind(p->getter, Kind::Function)) return nullptr;
    Type* owner = h.type;
    for (Type* t : h.type->mro)
      if (dict_get_borrow(t->dict, vm->name(name)).same(from_class)) owner = t;
    if (is_str(owner->module) && text_of(owner->module) == "torch.nn.modules.module") return nullptr;
    script::Function* fn = info.method("__" + name + "_getter");
    if (!fn) {
      fn = declare(as<Function>(p->getter), &info, owner);
      fn->name = "__" + name + "_getter";
      fn->qualified_name = info.name + "." + fn->name;
      info.methods.push_back(fn);
    }
    return c.call_function(*fn, range, {}, script::simple(self));
  }
  if (is_kind(from_class, Kind::StaticMethod)) return sugar(c, as<StaticMethod>(from_class)->function, range, true);
  if (is_kind(from_class, Kind::Function)) return nullptr;
  if (info.missing.count(name)) return nullptr;
  Ref v(get_attr_or_unbound(*vm, *h.original, vm->name(name)));
  if (v.is_error()) throw_pending();
  if (v->is_unbound()) return nullptr;
  if (is_kind(*v, Kind::Dict) || is_kind(*v, Kind::List)) return nullptr;
  Const k;
  TypeId t;
  bool library_class = is_str(h.type->module) && text_of(h.type->module).substr(0, 6) == "torch.";
  if (as_const(*v, k, t) && from_class.is_unbound()) return nullptr;
  if (!from_class.is_unbound() && as_const(*v, k, t) && !library_class && !is_kind(from_class, Kind::Property)) {
    // A constant of the class.
    return nullptr;
  }
  return sugar(c, *v, range, library_class);
}

}  // namespace tsvm::stdlib::script_host

// Classes: script classes, enumerations, named tuples.
#include "ir/script/signature.h"
#include "stdlib/native/script/host.h"
#include "stdlib/native/torch/values.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;
using script::Arg;
using script::ClassInfo;
using script::Compiler;
using script::Const;
using script::SugaredPtr;
using script::TypeId;
namespace types = ir::types;

namespace {

Type* class_of_module(VM& vm, const char* module, const char* name) {
  Value m = dict_get_borrow(vm.modules, vm.name(module));
  if (!is_kind(m, Kind::Module)) return nullptr;
  Value v = dict_get_borrow(as<Module>(m)->dict, vm.name(name));
  return is_kind(v, Kind::Type) ? as<Type>(v) : nullptr;
}

struct FindClass {
  std::string_view name;
  uint32_t inside;  // an offset in its body
  const ast::ClassDef* found = nullptr;
  template <class T>
  void operator()(T* n) {
    visit(n);
  }
  void visit(const ast::Node* n) {
    if (const auto* c = n->as<ast::ClassDef>())
      if (c->name == name && (inside == 0 || (c->range.begin <= inside && c->range.end >= inside))) found = c;
    ast::for_each_child(n, *this);
  }
};

}  // namespace

HostClass& ScriptState::host_of(ClassInfo& c) {
  if (!c.host) {
    host_classes_.emplace_back();
    c.host = &host_classes_.back();
  }
  return *static_cast<HostClass*>(c.host);
}

TypeId ScriptState::enum_type(Type* t) {
  auto known = classes_.find(t);
  if (known != classes_.end()) return known->second->kind == ClassInfo::Kind::Enum ? known->second->type : TypeId();
  Type* base = class_of_module(*vm, "enum", "Enum");
  if (!base || t == base || !is_subtype(t, base)) return TypeId();
  std::string name = program->unique_name(qualified_name(t));
  ClassInfo* info = program->add_class(ClassInfo::Kind::Enum, name);
  HostClass& h = host_of(*info);
  h.type = t;
  h.hold = Ref::copy(Value::object(t));
  classes_[t] = info;
  bool ok = for_each(*vm, Value::object(t), [&](Value member) {
    Ref member_name(get_attr(*vm, member, vm->name("name"))), value(get_attr(*vm, member, vm->name("value")));
    if (member_name.is_error() || value.is_error()) return false;
    ClassInfo::Constant k;
    k.name = text_of(*member_name);
    k.value = Const::object(Const::Kind::Object, number_of(member));
    k.type = info->type;
    Const c;
    TypeId type;
    if (as_const(*value, c, type)) {
      k.items = {c};
      info->enum_value = info->enum_value && info->enum_value != type ? TypeId(types::ScriptAny) : type;
    } else {
      info->enum_value = types::ScriptAny;
    }
    info->constants.push_back(std::move(k));
    return true;
  });
  if (!ok) throw_pending();
  return info->type;
}

TypeId ScriptState::named_tuple_type(Type* t) {
  auto known = tuple_types_.find(t);
  if (known != tuple_types_.end()) return known->second;
  if (!is_subtype(t, vm->types.tuple) || t == vm->types.tuple) return TypeId();
  Ref fields(get_attr_or_unbound(*vm, Value::object(t), vm->name("_fields")));
  if (fields.is_error()) clear_pending(*vm);
  if (!is_kind(*fields, Kind::Tuple)) return TypeId();
  std::vector<std::string> names;
  std::vector<TypeId> item_types;
  Ref annotations(get_attr_or_unbound(*vm, Value::object(t), vm->name("__annotations__")));
  if (annotations.is_error()) clear_pending(*vm);
  for (Value f : as<Tuple>(*fields)->span()) {
    std::string name(text_of(f));
    names.push_back(name);
    TypeId type = types::Tensor;
    if (is_kind(*annotations, Kind::Dict)) {
      Value a = dict_get_borrow(as<Dict>(*annotations), vm->name(name));
      if (!a.is_unbound()) {
        if (is_kind(a, Kind::Type) && as<Type>(a) == t) return TypeId();
        type = type_of_annotation(a);
        if (!type) {
          script::CompileError e;
          e.text = "\nUnknown type annotation of the field " + name + " of " + std::string(t->name->view());
          throw e;
        }
      }
    }
    item_types.push_back(type);
  }
  std::string name = program->unique_name(qualified_name(t));
  program->take_name(name);
  TypeId id = types.named_tuple(name, names, item_types);
  tuple_types_[t] = id;
  return id;
}

SugaredPtr ScriptState::named_tuple_constructor(Type* t) {
  TypeId id = named_tuple_type(t);
  std::vector<script::FunctionParam> fields;
  Ref defaults(get_attr_or_unbound(*vm, Value::object(t), vm->name("_field_defaults")));
  if (defaults.is_error()) clear_pending(*vm);
  for (size_t i = 0; i < types[id].names.size(); i++) {
    script::FunctionParam p;
    p.name = types[id].names[i];
    p.type = types[id].args[i];
    if (is_kind(*defaults, Kind::Dict)) {
      Value d = dict_get_borrow(as<Dict>(*defaults), vm->name(p.name));
      TypeId type;
      if (!d.is_unbound() && as_const(d, p.default_value, type)) p.has_default = true;
    }
    fields.push_back(std::move(p));
  }
  return std::make_shared<script::NamedTupleSugared>(id, std::move(fields));
}

ClassInfo* ScriptState::class_for(Type* t, bool compile) {
  auto known = classes_.find(t);
  if (known != classes_.end()) return known->second;
  if (!t->is_heap) return nullptr;
  auto refuse = [&](const std::string& message, script::ErrorClass kind = script::ErrorClass::RuntimeError) {
    script::CompileError e;
    e.kind = kind;
    e.text = message;
    throw e;
  };
  // Methods that stand in the class itself, in order.
  std::vector<std::pair<std::string, Value>> methods, statics, properties;
  uint32_t inside = 0;
  std::shared_ptr<ParsedUnit> unit;
  uint32_t position = 0;
  while (DictEntry* e = dict_next(t->dict, position)) {
    std::string name(text_of(e->key));
    Value v = e->value;
    if (is_kind(v, Kind::Function)) methods.push_back({name, v});
    if (is_kind(v, Kind::StaticMethod)) statics.push_back({name, as<StaticMethod>(v)->function});
    if (is_kind(v, Kind::Property)) properties.push_back({name, v});
    Value f = is_kind(v, Kind::Function) ? v : is_kind(v, Kind::StaticMethod) ? as<StaticMethod>(v)->function : Value();
    if (is_kind(f, Kind::Function) && !unit) {
      unit = parsed(as<Function>(f)->code);
      inside = as<Function>(f)->code->code->range.begin;
    }
  }
  if (!dict_get_borrow(t->dict, vm->name("__torch_script_interface__")).is_unbound()) {
    ClassInfo* interface = program->add_class(ClassInfo::Kind::Interface, program->unique_name(qualified_name(t)));
    HostClass& ih = host_of(*interface);
    ih.type = t;
    ih.hold = Ref::copy(Value::object(t));
    interface->of_modules = t->is_tensor_module;
    classes_[t] = interface;
    for (auto& [method_name, f] : methods) {
      script::Function* fn = declare(as<Function>(f), interface, t);
      fn->qualified_name = interface->name + "." + method_name;
      if (!fn->result_is_declared) fn->result = types::None;
      fn->state = script::Function::State::Ready;
      interface->methods.push_back(fn);
    }
    return interface;
  }
  if (t->mro.size() > 2)
    refuse("TorchScript classes does not support inheritance yet. Please directly inherit from 'object'.");
  std::string name = program->unique_name(qualified_name(t));
  ClassInfo* info = program->add_class(ClassInfo::Kind::Script, name);
  HostClass& h = host_of(*info);
  h.type = t;
  h.hold = Ref::copy(Value::object(t));
  h.unit = unit;
  if (unit) {
    FindClass find{t->name->view(), inside};
    find.visit(unit->tree.module);
    h.def = find.found;
  }
  classes_[t] = info;
  (void)compile;
  try {
    std::vector<script::Function*> compiled;
    auto add = [&](const std::string& method_name, Value f) {
      auto* python = as<Function>(f);
      Ref modifier(get_attr_or_unbound(*vm, f, vm->name("_torchscript_modifier")));
      if (modifier.is_error()) clear_pending(*vm);
      if (is_str(*modifier) && (text_of(*modifier) == "ignore" || text_of(*modifier) == "unused")) return;
      script::Function* fn = declare(python, info, t);
      fn->name = method_name;
      fn->qualified_name = info->name + "." + method_name;
      info->methods.push_back(fn);
      compiled.push_back(fn);
    };
    for (auto& [method_name, f] : methods) add(method_name, f);
    for (auto& [method_name, f] : statics) {
      if (!is_kind(f, Kind::Function)) continue;
      script::Function* fn = declare(as<Function>(f), nullptr, t);
      fn->name = method_name;
      fn->qualified_name = info->name + "." + method_name;
      h.unit = unit;
      info->methods.push_back(fn);
      compiled.push_back(fn);
    }
    for (auto& [property_name, p] : properties) {
      auto* prop = as<Property>(p);
      if (is_kind(prop->getter, Kind::Function)) add("__" + property_name + "_getter", prop->getter);
      if (is_kind(prop->setter, Kind::Function)) add("__" + property_name + "_setter", prop->setter);
    }
    // The constructor first: it says what attributes there are.
    info->is_open = true;
    if (script::Function* init = info->method("__init__")) {
      if (init->result_is_declared && init->result != types::None) refuse("\n__init__ must return None");
      init->result = types::None;
      init->result_is_declared = true;
      program->compile(*init, *this);
    }
    info->is_open = false;
    for (script::Function* fn : compiled)
      if (fn->state == script::Function::State::Declared) program->compile(*fn, *this);
  } catch (...) {
    classes_.erase(t);
    throw;
  }
  return info;
}

}  // namespace tsvm::stdlib::script_host

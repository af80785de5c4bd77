// nn.Modules: their parameters, submodules, methods and constants, as the type that the host described them with.
#include <algorithm>

#include "ir/script/compiler.h"

namespace tsvm::script {

std::vector<std::pair<std::string, SugaredPtr>> ModuleSugared::children(Compiler& c, SourceRange r) {
  std::vector<std::pair<std::string, SugaredPtr>> out;
  for (const std::string& name : info->submodules) {
    const Attribute* a = info->attribute(name);
    Value* v = c.get_attr(self, name, a->type, r);
    ClassInfo* type = c.program.class_of(a->type);
    if (type && type->kind == ClassInfo::Kind::Module)
      out.push_back({name, std::make_shared<ModuleSugared>(v, type)});
    else
      out.push_back({name, simple(v)});
  }
  return out;
}

namespace {

/// Names and modules in order of a walk through the tree.
void walk(Compiler& c, SourceRange r, const SugaredPtr& m, const std::string& prefix,
          std::vector<std::pair<std::string, SugaredPtr>>& out) {
  out.push_back({prefix, m});
  if (auto* module = dynamic_cast<ModuleSugared*>(m.get()))
    for (auto& [name, child] : module->children(c, r))
      walk(c, r, child, prefix.empty() ? name : prefix + "." + name, out);
}

struct ModuleListing : Sugared {
  std::shared_ptr<ModuleSugared> module;
  std::string what;
  std::string kind(Compiler&) const override { return "method"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>&, size_t) override {
    std::vector<std::pair<std::string, SugaredPtr>> items;
    std::string form = what;
    if (form == "children" || form == "values") {
      items = module->children(c, r);
      form = "values";
    } else if (form == "named_children" || form == "items") {
      items = module->children(c, r);
      form = "items";
    } else if (form == "keys") {
      items = module->children(c, r);
    } else if (form == "modules" || form == "named_modules") {
      walk(c, r, module, "", items);
      form = form == "modules" ? "values" : "items";
    } else {
      bool parameters = form.find("parameters") != std::string::npos;
      std::vector<std::pair<std::string, SugaredPtr>> modules;
      walk(c, r, module, "", modules);
      for (auto& [prefix, m] : modules) {
        auto* inner = dynamic_cast<ModuleSugared*>(m.get());
        if (!inner) continue;
        for (const Attribute& a : inner->info->attributes)
          if ((parameters ? a.is_parameter : a.is_buffer) && a.type == types::Tensor)
            items.push_back(
                {prefix.empty() ? a.name : prefix + "." + a.name, simple(c.get_attr(inner->self, a.name, a.type, r))});
      }
      form = form.compare(0, 6, "named_") == 0 ? "items" : "values";
    }
    std::vector<SugaredPtr> out;
    for (auto& [name, value] : items) {
      SugaredPtr key = std::make_shared<ConstantSugared>(Const::text(name), types::Str);
      if (form == "keys")
        out.push_back(key);
      else if (form == "values")
        out.push_back(value);
      else
        out.push_back(std::make_shared<TupleSugared>(std::vector<SugaredPtr>{key, value}));
    }
    return std::make_shared<TupleSugared>(std::move(out));
  }
};

SugaredPtr constant_value(Compiler& c, SourceRange r, const ClassInfo::Constant& k) {
  TypeKind kind = c.program.types.kind(k.type);
  if (kind == TypeKind::Tuple || kind == TypeKind::List) {
    std::vector<SugaredPtr> items;
    for (size_t i = 0; i < k.items.size(); i++) {
      TypeId t = kind == TypeKind::List ? c.program.element(k.type) : c.program.element(k.type, i);
      items.push_back(std::make_shared<ConstantSugared>(k.items[i], t));
    }
    if (kind == TypeKind::Tuple) return std::make_shared<TupleSugared>(items);
    std::vector<Value*> values;
    for (const SugaredPtr& v : items) values.push_back(v->as_value(c, r));
    return simple(c.list(c.program.element(k.type), values, r));
  }
  return std::make_shared<ConstantSugared>(k.value, k.type);
}

}  // namespace

SugaredPtr ModuleSugared::try_attr(Compiler& c, SourceRange r, const std::string& field) {
  if (const Attribute* a = info->attribute(field)) {
    ClassInfo* type = c.program.class_of(a->type);
    Value* v = c.get_attr(self, field, a->type, r);
    if (type && type->kind == ClassInfo::Kind::Module && c.program.types.kind(a->type) == TypeKind::Class)
      return std::make_shared<ModuleSugared>(v, type);
    return simple(v);
  }
  static const char* const kListings[] = {
      "items",         "keys",       "values",           "children", "named_children", "modules",
      "named_modules", "parameters", "named_parameters", "buffers",  "named_buffers"};
  for (const char* l : kListings) {
    bool dict_only = std::string(l) == "items" || std::string(l) == "keys" || std::string(l) == "values";
    if (field == l && (!dict_only || info->container == ClassInfo::Container::Dict)) {
      auto listing = std::make_shared<ModuleListing>();
      listing->module = std::static_pointer_cast<ModuleSugared>(shared_from_this());
      listing->what = field;
      return listing;
    }
  }
  if (std::vector<Function*> several = c.host.find_overloads(c.program, *info, field); !several.empty())
    return std::make_shared<OverloadedSugared>(std::move(several), simple(self));
  Function* m = info->method(field);
  if (!m) m = c.host.find_method(c.program, *info, field);
  if (m) return std::make_shared<MethodSugared>(simple(self), m);
  if (const ClassInfo::Constant* k = info->constant(field)) return constant_value(c, r, *k);
  return c.host.find_attribute(c, *info, field, self, r);
}

SugaredPtr ModuleSugared::attr(Compiler& c, SourceRange r, const std::string& field) {
  if (SugaredPtr v = try_attr(c, r, field)) return v;
  std::string hint;
  auto it = info->missing.find(field);
  if (it != info->missing.end()) hint = it->second;
  c.error(r, "Module '" + info->name.substr(info->name.rfind('.') + 1) + "' has no attribute '" + field + "' " + hint);
}

bool ModuleSugared::has_attr(Compiler& c, SourceRange r, const std::string& field) {
  if (info->attribute(field) || info->method(field) || info->constant(field)) return true;
  return try_attr(c, r, field) != nullptr;
}

void ModuleSugared::set_attr(Compiler& c, SourceRange r, const std::string& field, Value* v) {
  const Attribute* a = info->attribute(field);
  if (!a) {
    std::string hint;
    auto it = info->missing.find(field);
    if (it != info->missing.end()) hint = "\n" + it->second;
    if (info->constant(field)) c.error(r, "Cannot assign to constant '" + field + "'" + hint);
    c.error(r,
            "Tried to set nonexistent attribute: " + field + ". Did you forget to initialize it in __init__()?" + hint);
  }
  Value* fitting = c.convert(v, a->type, r, false);
  if (!fitting)
    c.error(r, "Wrong type for attribute assignment. Expected " + c.text(a->type) + " but got " + c.text(v->type));
  Node* n = c.node(NodeKind::SetAttr, r, {self, fitting});
  n->name = field;
}

SugaredPtr ModuleSugared::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t binders) {
  if (info->container == ClassInfo::Container::List || info->container == ClassInfo::Container::Dict)
    c.error(r, "Module '" + info->name.substr(info->name.rfind('.') + 1) + "' has no forward method");
  // Hooks before and after belong to the call.
  std::vector<Arg> given = args;
  auto hooked = [&](const std::string& hook, std::vector<Arg> list) { return attr(c, r, hook)->call(c, r, list, 1); };
  auto as_tuple_arg = [&](const std::vector<Arg>& list) {
    std::vector<SugaredPtr> items;
    for (const Arg& a : list) items.push_back(a.value);
    return Arg{"", r, std::make_shared<TupleSugared>(items)};
  };
  for (const std::string& hook : info->pre_hooks) {
    SugaredPtr out = hooked(hook, {as_tuple_arg(given)});
    Value* v = out->as_value(c, r);
    if (v->type == types::None) continue;
    given.clear();
    TypeKind k = c.program.types.kind(v->type);
    if (k == TypeKind::Tuple || k == TypeKind::NamedTuple) {
      for (SugaredPtr& item : simple(v)->as_tuple(c, r, std::nullopt)) given.push_back({"", r, item});
    } else {
      given.push_back({"", r, simple(v)});
    }
  }
  SugaredPtr result = attr(c, r, "forward")->call(c, r, given, binders);
  for (const std::string& hook : info->hooks) {
    SugaredPtr out = hooked(hook, {as_tuple_arg(given), {"", r, result}});
    Value* v = out->as_value(c, r);
    if (v->type != types::None) result = simple(v);
  }
  return result;
}

SugaredPtr ModuleSugared::get_item(Compiler& c, SourceRange r, Value* index, std::optional<int64_t> known) {
  bool is_list = info->container == ClassInfo::Container::List || info->container == ClassInfo::Container::Sequential ||
                 info->container == ClassInfo::Container::ParameterList;
  if (info->container == ClassInfo::Container::ParameterList) {
    std::vector<SugaredPtr> items = as_tuple(c, r, std::nullopt);
    auto n = static_cast<int64_t>(items.size());
    if (known) {
      int64_t i = *known < 0 ? *known + n : *known;
      if (i < 0 || i >= n) c.error(r, "Index " + std::to_string(*known) + " out of range of the list");
      return items[static_cast<size_t>(i)];
    }
    std::vector<Value*> values;
    for (const SugaredPtr& v : items) values.push_back(v->as_value(c, r));
    return simple(c.call_value("aten::__getitem__", r, {c.list(types::Tensor, values, r), index}));
  }
  if (is_list) {
    if (!known)
      c.error(r,
              "Expected integer literal for index. ModuleList/Sequential indexing is only supported with integer "
              "literals. For example, 'i = 4; self.layers[i](x)' will fail because i is not a literal. Enumeration "
              "is supported, e.g. 'for index, v in enumerate(self): out = v(inp)'");
    std::vector<std::pair<std::string, SugaredPtr>> all = children(c, r);
    auto n = static_cast<int64_t>(all.size());
    int64_t i = *known < 0 ? *known + n : *known;
    if (i < 0 || i >= n) c.error(r, "Index " + std::to_string(*known) + " out of range of the list");
    return all[static_cast<size_t>(i)].second;
  }
  if (info->container == ClassInfo::Container::Dict) {
    const Const* k = Compiler::known(index);
    if (!k || k->kind != Const::Kind::Str)
      c.error(r,
              "Unable to extract string literal index. ModuleDict indexing is only supported with string literals. "
              "For example, 'i = \"a\"; self.layers[i](x)' will fail because i is not a literal. Enumeration of "
              "ModuleDict is supported, e.g. 'for k, v in self.items(): out = v(inp)'");
    for (auto& [name, child] : children(c, r))
      if (name == k->s) return child;
    c.error(r, "Key Error, " + k->s);
  }
  if (info->container == ClassInfo::Container::ParameterDict) {
    const Const* k = Compiler::known(index);
    if (!k || k->kind != Const::Kind::Str)
      c.error(r,
              "Unable to extract string literal index. ParameterDict indexing is only supported with string literals.");
    const Attribute* a = info->attribute(k->s);
    if (!a) c.error(r, "Key Error, " + k->s);
    return simple(c.get_attr(self, a->name, a->type, r));
  }
  SugaredPtr method = try_attr(c, r, "__getitem__");
  if (!method)
    c.error(r, "Only ModuleList, Sequential, ModuleDict, ParameterList, and ParameterDict Modules are subscriptable");
  return method->call(c, r, {{"", r, simple(index)}}, 1);
}

SugaredPtr ModuleSugared::get_item_as(Compiler& c, SourceRange r, Value* index, TypeId type) {
  ClassInfo* interface = c.program.class_of(type);
  if (!interface || interface->kind != ClassInfo::Kind::Interface)
    return get_item(c, r, index, Compiler::known_int(index));
  for (const std::string& name : info->submodules) {
    TypeId t = info->attribute(name)->type;
    if (ClassInfo* own = c.program.class_of(t); own && own->kind == ClassInfo::Kind::Module)
      for (Function* wanted : interface->methods) {
        Function* f = own->method(wanted->name);
        if (!f) f = c.host.find_method(c.program, *own, wanted->name);
        if (f) c.program.compile(*f, c.host);
      }
    if (!c.program.is_subtype(t, type)) c.error(r, "Attribute " + name + " is not of annotated type " + c.text(type));
  }
  Node* n = c.node(NodeKind::ModuleContainerIndex, r, {self, index});
  return simple(c.with_output(n, type));
}

std::vector<SugaredPtr> ModuleSugared::as_tuple(Compiler& c, SourceRange r, std::optional<size_t>) {
  std::vector<SugaredPtr> out;
  switch (info->container) {
    case ClassInfo::Container::List:
    case ClassInfo::Container::Sequential:
      for (auto& [name, child] : children(c, r)) out.push_back(child);
      return out;
    case ClassInfo::Container::Dict:
      for (auto& [name, child] : children(c, r))
        out.push_back(std::make_shared<ConstantSugared>(Const::text(name), types::Str));
      return out;
    case ClassInfo::Container::ParameterList:
      for (const Attribute& a : info->attributes)
        if (a.is_parameter) out.push_back(simple(c.get_attr(self, a.name, a.type, r)));
      return out;
    case ClassInfo::Container::ParameterDict:
      for (const Attribute& a : info->attributes)
        if (a.is_parameter) out.push_back(std::make_shared<ConstantSugared>(Const::text(a.name), types::Str));
      return out;
    case ClassInfo::Container::None: break;
  }
  c.error(r, "Only constant Sequential, ModuleList, ModuleDict, or ParameterList can be used as an iterable");
}

SugaredPtr ModuleSugared::iter(Compiler& c, SourceRange r) {
  if (info->container == ClassInfo::Container::None)
    c.error(r, "Only constant Sequential, ModuleList, ModuleDict, or ParameterList can be used as an iterable");
  return shared_from_this();
}

std::optional<std::vector<SugaredPtr>> ModuleSugared::static_items(Compiler& c, SourceRange r) {
  return as_tuple(c, r, std::nullopt);
}

Value* ModuleSugared::len(Compiler& c, SourceRange r) {
  if (info->container == ClassInfo::Container::None) return attr(c, r, "__len__")->call(c, r, {}, 1)->as_value(c, r);
  if (info->container == ClassInfo::Container::ParameterList ||
      info->container == ClassInfo::Container::ParameterDict) {
    int64_t n = 0;
    for (const Attribute& a : info->attributes) n += a.is_parameter;
    return c.integer(n, r);
  }
  return c.integer(static_cast<int64_t>(info->submodules.size()), r);
}

}  // namespace tsvm::script

#include "stdlib/native/script/archive.h"

#include <algorithm>

#include "ir/script/print.h"
#include "ir/script/signature.h"
#include "ir/script/ssa.h"
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

// --- writing ---

namespace {

std::string file_for(const std::string& qualified) {
  size_t dot = qualified.rfind('.');
  std::string path = qualified.substr(0, dot);
  std::replace(path.begin(), path.end(), '.', '/');
  return path + ".py";
}

}  // namespace

namespace {

void refuse_plain_functions(script::Program& p, const script::Function& f, const script::Block& b) {
  for (const script::Node* n : b.nodes) {
    if (n->kind == script::NodeKind::PythonOp) {
      script::CompileError e;
      e.text = "\nCould not export Python function call '" + n->name +
               "'. Remove calls to Python functions before export. Did you forget to add @script or @script_method "
               "annotation? If this is a nn.ModuleList, add it to __constants__:\n";
      if (f.source && n->range.end > n->range.begin)
        e.text += script::marked_source(*f.source, script::source_range(f), n->range);
      throw e;
    }
    for (const script::Block* inner : n->blocks) refuse_plain_functions(p, f, *inner);
  }
}

}  // namespace

ArchiveCode archive_code(ScriptState& s, ClassInfo* module, script::Function* function) {
  ArchiveCode out;
  script::CodeReferences refs;
  script::Program& p = *s.program;
  if (module) refs.classes.push_back(module);
  if (function) refs.functions.push_back(function);
  // What is printed names more things: each is printed once, what others need before them.
  size_t classes = 0, functions = 0, tuples = 0;
  std::vector<std::pair<std::string, std::string>> pieces;
  while (classes < refs.classes.size() || functions < refs.functions.size() || tuples < refs.named_tuples.size()) {
    if (classes < refs.classes.size()) {
      ClassInfo* c = refs.classes[classes++];
      for (script::Function* m : c->methods)
        if (m->state == script::Function::State::Ready) refuse_plain_functions(p, *m, *m->graph->block);
      pieces.push_back({file_for(c->name), script::print_class(p, *c, refs)});
    } else if (functions < refs.functions.size()) {
      script::Function* f = refs.functions[functions++];
      refuse_plain_functions(p, *f, *f->graph->block);
      std::unique_ptr<script::Graph> g = script::to_ssa(p, *f);
      // A method that is called by name (a static one) stands in its class.
      std::string text = script::print_function(p, *f, *g, refs);
      std::string last = f->qualified_name.substr(f->qualified_name.rfind('.') + 1);
      if (last != f->name) {
        size_t at = text.find("def " + f->name + "(");
        if (at != std::string::npos) text.replace(at, 4 + f->name.size(), "def " + last);
      }
      pieces.push_back({file_for(f->qualified_name), text});
    } else {
      TypeId t = refs.named_tuples[tuples++];
      pieces.push_back({file_for(p.types[t].name), script::print_named_tuple(p, t, refs)});
    }
  }
  for (size_t i = 0; i < pieces.size(); i++) out.files[pieces[i].first] += pieces[i].second;
  out.constants = refs.constants;
  return out;
}

// --- reading ---

namespace {

/// Containers of the library are known by name.
ClassInfo::Container container_named(std::string_view name) {
  static constexpr std::pair<std::string_view, ClassInfo::Container> kNames[] = {
      {"ModuleList", ClassInfo::Container::List},
      {"Sequential", ClassInfo::Container::Sequential},
      {"ModuleDict", ClassInfo::Container::Dict},
      {"ParameterList", ClassInfo::Container::ParameterList},
      {"ParameterDict", ClassInfo::Container::ParameterDict}};
  for (const auto& [known, container] : kNames)
    if (name == known) return container;
  return ClassInfo::Container::None;
}

/// `torch.` and `ops.NAME.`: operators.
struct OperatorSpaceName : script::Sugared {
  OperatorSpaceName(Importer& i, std::string p) : importer(i), prefix(std::move(p)) {}
  Importer& importer;
  std::string prefix;  // "aten::", or empty for `ops`
  std::string kind(Compiler&) const override { return "namespace"; }
  SugaredPtr attr(Compiler&, SourceRange, const std::string& field) override {
    if (prefix.empty()) return std::make_shared<OperatorSpaceName>(importer, field + "::");
    std::string name = prefix + field;
    if (name == "prim::RaiseException") return std::make_shared<Raise>();
    if (name == "aten::format") return std::make_shared<Variadic>(script::NodeKind::Format);
    if (name == "aten::percentFormat") return std::make_shared<Variadic>(script::NodeKind::PercentFormat);
    if (SugaredPtr old = importer.old_operator(name)) return old;
    return std::make_shared<script::BuiltinFunction>(name, nullptr);
  }
  struct Raise : script::Sugared {
    std::string kind(Compiler&) const override { return "builtin"; }
    SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) override {
      script::Value* message = args[0].value->as_value(c, r);
      script::Node* n = c.node(script::NodeKind::RaiseException, r, {message});
      if (args.size() > 1)
        if (const Const* k = args[1].value->known()) n->name = k->s;
      return script::simple(c.none(r));
    }
  };
  struct Variadic : script::Sugared {
    explicit Variadic(script::NodeKind k) : node(k) {}
    script::NodeKind node;
    std::string kind(Compiler&) const override { return "builtin"; }
    SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) override {
      std::vector<script::Value*> inputs;
      for (const Arg& a : args) inputs.push_back(a.value->as_value(c, a.range));
      return script::simple(c.with_output(c.node(node, r, inputs), types::Str));
    }
  };
};

/// A dotted name that starts with __torch__.
struct PathName : script::Sugared {
  PathName(Importer& i, std::string n) : importer(i), name(std::move(n)) {}
  Importer& importer;
  std::string name;
  std::string kind(Compiler&) const override { return "namespace"; }
  SugaredPtr attr(Compiler&, SourceRange, const std::string& field) override {
    return importer.path(name + "." + field);
  }
};

struct ConstantsName : script::Sugared {
  explicit ConstantsName(Importer& i) : importer(i) {}
  Importer& importer;
  std::string kind(Compiler&) const override { return "namespace"; }
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override {
    size_t i = static_cast<size_t>(std::strtoul(field.c_str() + 1, nullptr, 10));
    Value v = importer.constant(i);
    if (v.is_unbound()) c.error(r, "there is no constant " + field);
    Const k;
    TypeId t;
    if (importer.state().as_const(v, k, t)) return std::make_shared<script::ConstantSugared>(k, t);
    std::string why;
    t = importer.state().infer_type(v, why);
    if (!t) c.error(r, "a constant of an unknown type");
    return std::make_shared<script::ConstantSugared>(
        Const::object(v.is_tensor() ? Const::Kind::Tensor : Const::Kind::Object, importer.state().number_of(v)), t);
  }
};

/// Class.__new__(Class): an object whose __init__ runs later.
struct NewObject : script::Sugared {
  explicit NewObject(ClassInfo* c) : info(c) {}
  ClassInfo* info;
  std::string kind(Compiler&) const override { return "method"; }
  SugaredPtr call(Compiler& c, SourceRange r, const std::vector<Arg>&, size_t) override {
    script::Node* n = c.node(script::NodeKind::CreateObject, r);
    n->type = info->type;
    return script::simple(c.with_output(n, info->type));
  }
};

struct ArchiveClass : script::ClassSugared {
  using script::ClassSugared::ClassSugared;
  SugaredPtr attr(Compiler& c, SourceRange r, const std::string& field) override {
    if (field == "__new__") return std::make_shared<NewObject>(info);
    return script::ClassSugared::attr(c, r, field);
  }
};

struct Reader : Extension {
  std::vector<std::unique_ptr<Importer>> importers;
  void clear(VM&) override { importers.clear(); }
};

}  // namespace

Importer::Importer(ScriptState& s, Value read, Value constants, int64_t version)
    : state_(s), read_(Ref::copy(read)), constants_(Ref::copy(constants)), version_(version) {}

Value Importer::constant(size_t i) {
  if (is_kind(*constants_, Kind::Tuple) && i < as<Tuple>(*constants_)->size) return as<Tuple>(*constants_)->items[i];
  if (is_kind(*constants_, Kind::List) && i < as<List>(*constants_)->size &&
      as<List>(*constants_)->element == ElementKind::Any)
    return as<List>(*constants_)->values[i];
  return Value::unbound();
}

SugaredPtr Importer::old_operator(const std::string& name) {
  if (version_ >= kNewestOldOperator || name.compare(0, 6, "aten::") != 0) return nullptr;
  VM& vm = *state_.vm;
  Ref module(vm.callbacks.import_module(vm, "torch.jit._old_operators"));
  if (module.is_error()) throw_pending();
  Ref name_text(make_str(vm, name.substr(6)));
  Value args[] = {*name_text, Value::integer(version_)};
  Ref found(call_method(vm, *module, "meaning", args));
  if (found.is_error()) throw_pending();
  if (!is_kind(*found, Kind::Function)) return nullptr;
  return std::make_shared<LibraryFunction>(state_, as<Function>(*found));
}

Importer::File* Importer::file_of(const std::string& name, std::string& last) {
  size_t dot = name.rfind('.');
  if (dot == std::string::npos) return nullptr;
  last = name.substr(dot + 1);
  std::string path = file_for(name);
  auto& slot = files_[path];
  if (slot) return slot->unit ? slot.get() : nullptr;
  slot = std::make_unique<File>();
  VM& vm = *state_.vm;
  Ref file_name(make_str(vm, path));
  Value args[] = {*file_name};
  Ref text(vm::call(vm, *read_, args));
  if (text.is_error()) throw_pending();
  if (!is_str(*text)) return nullptr;
  slot->unit = std::make_shared<ParsedUnit>();
  slot->unit->source = std::make_shared<const SourceFile>("code/" + path, std::string(text_of(*text)));
  slot->unit->tree = parse(*slot->unit->source, slot->unit->arena);
  if (!slot->unit->tree.ok()) {
    script::CompileError e;
    const Diagnostic& d = slot->unit->tree.diagnostics[0];
    e.text = "\n" + d.message + ":\n" + script::marked_source(*slot->unit->source, SourceRange{}, d.range);
    slot->unit = nullptr;
    throw e;
  }
  for (const ast::Stmt* s : slot->unit->tree.module->body) {
    if (const auto* c = s->as<ast::ClassDef>()) slot->names[std::string(c->name)] = s;
    if (const auto* f = s->as<ast::FunctionDef>()) slot->names[std::string(f->name)] = s;
  }
  return slot.get();
}

script::Function* Importer::declare_function(const ast::FunctionDef& def, File& file, ClassInfo* owner,
                                             const std::string& name) {
  script::Program& p = *state_.program;
  script::Function* f = p.add_function();
  f->source = file.unit->source;
  f->keep = file.unit;
  f->def = &def;
  f->name = def.name;
  f->owner = owner;
  f->is_archive = true;
  f->qualified_name = name;
  HostFunction& h = state_.host_of(*f);
  h.importer = this;
  script::declare_signature(p, state_, *f, owner != nullptr);
  if (owner && !f->params.empty()) {
    f->params[0].type = owner->type;
    f->params[0].is_inferred = false;
  }
  // Defaults are literals.
  const ast::Arguments& a = *def.args;
  size_t n = a.args.size() + a.posonlyargs.size();
  h.defaults.assign(f->params.size(), Ref());
  for (size_t i = 0; i < a.defaults.size(); i++) {
    size_t at = n - a.defaults.size() + i;
    const ast::Expr* e = a.defaults[i];
    bool negative = false;
    if (const auto* u = e->as<ast::UnaryOp>(); u && u->op == ast::UnaryOperator::kUSub) {
      negative = true;
      e = u->operand;
    }
    const auto* k = e->as<ast::Constant>();
    script::FunctionParam& param = f->params[at];
    Const c;
    if (k) {
      switch (k->value.kind) {
        case ast::ConstantKind::kTrue: c = Const::boolean(true); break;
        case ast::ConstantKind::kFalse: c = Const::boolean(false); break;
        case ast::ConstantKind::kInt: c = Const::integer(negative ? -k->value.int_value : k->value.int_value); break;
        case ast::ConstantKind::kFloat:
          c = Const::number(negative ? -k->value.float_value : k->value.float_value);
          break;
        case ast::ConstantKind::kStr: c = Const::text(k->value.text); break;
        default: break;
      }
    } else if (const auto* name_expr = e->as<ast::Name>()) {
      c = Const::number(name_expr->id == "nan" ? __builtin_nan("") : negative ? -__builtin_inf() : __builtin_inf());
    } else {
      continue;
    }
    param.has_default = true;
    param.default_value = c;
    VM& vm = *state_.vm;
    switch (c.kind) {
      case Const::Kind::Bool: h.defaults[at] = Ref(Value::boolean(c.i != 0)); break;
      case Const::Kind::Int: h.defaults[at] = Ref(Value::integer(c.i)); break;
      case Const::Kind::Float: h.defaults[at] = Ref(Value::number(c.d)); break;
      case Const::Kind::Str: h.defaults[at] = Ref(make_str(vm, c.s)); break;
      default: h.defaults[at] = Ref(Value::none());
    }
  }
  return f;
}

script::Function* Importer::find_function(const std::string& name) {
  auto it = functions_.find(name);
  if (it != functions_.end()) return it->second;
  std::string last;
  File* file = file_of(name, last);
  if (!file) return nullptr;
  auto found = file->names.find(last);
  if (found == file->names.end() || !found->second->is<ast::FunctionDef>()) return nullptr;
  std::string unique = state_.program->unique_name(name);
  state_.program->take_name(unique);
  script::Function* f = declare_function(*found->second->cast<ast::FunctionDef>(), *file, nullptr, unique);
  functions_[name] = f;
  return f;
}

TypeId Importer::find_type(const std::string& name) {
  auto it = types_.find(name);
  if (it != types_.end()) return it->second;
  std::string last;
  File* file = file_of(name, last);
  if (!file) return TypeId();
  auto found = file->names.find(last);
  if (found == file->names.end() || !found->second->is<ast::ClassDef>()) return TypeId();
  return declare_class(name, *file, *found->second->cast<ast::ClassDef>());
}

TypeId Importer::declare_class(const std::string& name, File& file, const ast::ClassDef& def) {
  VM& vm = *state_.vm;
  script::Program& p = *state_.program;
  std::string base;
  if (!def.bases.empty())
    if (const auto* n = def.bases[0]->as<ast::Name>()) base = n->id;
  // A function of no graph to read annotations with.
  script::Function reader;
  reader.source = file.unit->source;
  reader.is_archive = true;
  HostFunction reader_host;
  reader_host.importer = this;
  reader.host = &reader_host;
  auto read_type = [&](const ast::Expr* e) { return script::parse_annotation(p, state_, reader, e); };
  std::string unique = p.unique_name(name);
  auto literal = [&](const ast::Expr* e) -> Ref {
    // Values of enums and constants: literals and tuples of them.
    std::function<Ref(const ast::Expr*)> read = [&](const ast::Expr* x) -> Ref {
      bool negative = false;
      if (const auto* u = x->as<ast::UnaryOp>(); u && u->op == ast::UnaryOperator::kUSub) {
        negative = true;
        x = u->operand;
      }
      if (const auto* k = x->as<ast::Constant>()) {
        switch (k->value.kind) {
          case ast::ConstantKind::kTrue: return Ref(Value::boolean(true));
          case ast::ConstantKind::kFalse: return Ref(Value::boolean(false));
          case ast::ConstantKind::kInt: return Ref(Value::integer(negative ? -k->value.int_value : k->value.int_value));
          case ast::ConstantKind::kFloat:
            return Ref(Value::number(negative ? -k->value.float_value : k->value.float_value));
          case ast::ConstantKind::kStr: return Ref(make_str(vm, k->value.text));
          default: return Ref(Value::none());
        }
      }
      auto items = [&](ast::List<ast::Expr*> list) {
        std::vector<Ref> refs;
        std::vector<Value> values;
        for (const ast::Expr* item : list) {
          refs.push_back(read(item));
          values.push_back(*refs.back());
        }
        return Ref(make_tuple(vm, std::span<const Value>(values)));
      };
      if (const auto* t = x->as<ast::Tuple>()) return items(t->elts);
      if (const auto* l = x->as<ast::ListExpr>()) {
        Ref t = items(l->elts);
        return Ref(make_list_from(vm, *t));
      }
      if (const auto* n = x->as<ast::Name>()) {
        if (n->id == "inf") return Ref(Value::number(negative ? -__builtin_inf() : __builtin_inf()));
        if (n->id == "nan") return Ref(Value::number(__builtin_nan("")));
      }
      if (const auto* call = x->as<ast::Call>(); call && !call->args.empty()) return read(call->args[0]);
      return Ref(Value::none());
    };
    return read(e);
  };
  std::string short_name = name.substr(name.rfind('.') + 1);
  if (base == "NamedTuple") {
    std::vector<std::string> names;
    std::vector<TypeId> field_types;
    Ref fields(make_list(vm));
    for (const ast::Stmt* s : def.body)
      if (const auto* a = s->as<ast::AnnAssign>())
        if (const auto* n = a->target->as<ast::Name>()) {
          names.push_back(std::string(n->id));
          field_types.push_back(read_type(a->annotation));
          Ref text(make_str(vm, n->id));
          list_append(vm, as<List>(*fields), *text);
        }
    TypeId t = p.types.named_tuple(unique, names, field_types);
    p.take_name(unique);
    types_[name] = t;
    Ref collections(vm.callbacks.import_module(vm, "collections"));
    if (collections.is_error()) throw_pending();
    Ref text(make_str(vm, short_name));
    Value args[] = {*text, *fields};
    Ref cls(call_method(vm, *collections, "namedtuple", args));
    if (cls.is_error()) throw_pending();
    state_.tuple_types_[as<Type>(*cls)] = t;
    state_.number_of(*cls);
    return t;
  }
  if (base == "Enum") {
    Ref module(vm.callbacks.import_module(vm, "enum"));
    if (module.is_error()) throw_pending();
    Ref members(make_list(vm));
    for (const ast::Stmt* s : def.body)
      if (const auto* a = s->as<ast::Assign>())
        if (const auto* n = a->targets[0]->as<ast::Name>()) {
          Ref key(make_str(vm, n->id)), value = literal(a->value);
          Ref pair(make_tuple(vm, {*key, *value}));
          list_append(vm, as<List>(*members), *pair);
        }
    Ref text(make_str(vm, short_name));
    Value args[] = {*text, *members};
    Ref cls(call_method(vm, *module, "Enum", args));
    if (cls.is_error()) throw_pending();
    Ref own_module(make_str(vm, name.substr(0, name.rfind('.')).substr(std::min(name.rfind('.'), size_t{10}))));
    set_attr(vm, *cls, vm.name("__module__"), *own_module);
    TypeId t = state_.enum_type(as<Type>(*cls));
    types_[name] = t;
    return t;
  }
  ClassInfo::Kind kind = base == "Module"                                   ? ClassInfo::Kind::Module
                         : base == "Interface" || base == "ModuleInterface" ? ClassInfo::Kind::Interface
                                                                            : ClassInfo::Kind::Script;
  ClassInfo* info = p.add_class(kind, unique);
  info->of_modules = base == "ModuleInterface";
  if (kind == ClassInfo::Kind::Module) info->container = container_named(short_name);
  types_[name] = info->type;
  HostClass& h = state_.host_of(*info);
  h.unit = file.unit;
  h.def = &def;
  std::set<std::string> parameters, buffers;
  auto strings = [&](const ast::Expr* e, std::set<std::string>* set, std::vector<std::string>* list) {
    if (const auto* l = e->as<ast::ListExpr>())
      for (const ast::Expr* x : l->elts)
        if (const auto* k = x->as<ast::Constant>()) {
          if (set) set->insert(std::string(k->value.text));
          if (list) list->push_back(std::string(k->value.text));
        }
  };
  auto add_attribute = [&](const std::string& attribute, TypeId t) {
    info->attributes.push_back({attribute, t, parameters.count(attribute) != 0, buffers.count(attribute) != 0});
    if (ClassInfo* c = p.class_of(t); c && p.types.kind(t) == TypeKind::Class && kind == ClassInfo::Kind::Module &&
                                      (c->kind == ClassInfo::Kind::Module || c->kind == ClassInfo::Kind::Interface))
      info->submodules.push_back(attribute);
  };
  for (const ast::Stmt* s : def.body) {
    if (const auto* a = s->as<ast::Assign>()) {
      if (const auto* n = a->targets[0]->as<ast::Name>()) {
        if (n->id == "__parameters__") strings(a->value, &parameters, nullptr);
        if (n->id == "__buffers__") strings(a->value, &buffers, nullptr);
        if (n->id == "__forward_pre_hooks__") strings(a->value, nullptr, &info->pre_hooks);
        if (n->id == "__forward_hooks__") strings(a->value, nullptr, &info->hooks);
      } else if (const auto* sub = a->targets[0]->as<ast::Subscript>()) {
        if (const auto* k = sub->slice->as<ast::Constant>())
          add_attribute(std::string(k->value.text), read_type(a->value));
      }
    } else if (const auto* a = s->as<ast::AnnAssign>()) {
      const auto* n = a->target->as<ast::Name>();
      if (!n) continue;
      std::string attribute(n->id);
      TypeId t = read_type(a->annotation);
      if (!a->value) {
        add_attribute(attribute, t);
        continue;
      }
      ClassInfo::Constant c;
      c.name = attribute;
      c.type = t;
      Ref v = literal(a->value);
      TypeId own;
      if (is_kind(*v, Kind::Tuple) || is_kind(*v, Kind::List)) {
        Ref list(make_list_from_sequence(vm, *v));
        for (Ref& item : list_snapshot(as<List>(*list))) {
          Const k;
          state_.as_const(*item, k, own);
          c.items.push_back(k);
        }
      } else {
        state_.as_const(*v, c.value, own);
      }
      info->constants.push_back(std::move(c));
    } else if (const auto* f = s->as<ast::FunctionDef>()) {
      script::Function* fn = declare_function(*f, file, info, unique + "." + std::string(f->name));
      info->methods.push_back(fn);
      if (kind == ClassInfo::Kind::Interface) fn->state = script::Function::State::Ready;
    }
  }
  if (kind == ClassInfo::Kind::Script) {
    // A class of the language for its objects.
    Ref text(make_str(vm, short_name)), bases(make_tuple(vm, std::initializer_list<Value>{})), dict(make_dict(vm));
    Value args[] = {*text, *bases, *dict};
    Ref cls(vm::call(vm, Value::object(vm.types.type), args));
    if (cls.is_error()) throw_pending();
    h.type = as<Type>(*cls);
    h.hold = cls;
    state_.classes_[h.type] = info;
  }
  return info->type;
}

std::vector<ClassInfo*> Importer::classes() const {
  std::vector<ClassInfo*> out;
  for (const auto& [name, type] : types_)
    if (ClassInfo* info = state_.program->class_of(type); info && info->kind == ClassInfo::Kind::Script)
      out.push_back(info);
  return out;
}

SugaredPtr Importer::path(const std::string& name) {
  if (TypeId t = find_type(name)) {
    if (state_.types.kind(t) == TypeKind::NamedTuple) {
      std::vector<script::FunctionParam> fields;
      for (size_t i = 0; i < state_.types[t].names.size(); i++) {
        script::FunctionParam p;
        p.name = state_.types[t].names[i];
        p.type = state_.types[t].args[i];
        fields.push_back(std::move(p));
      }
      return std::make_shared<script::NamedTupleSugared>(t, std::move(fields));
    }
    return std::make_shared<ArchiveClass>(state_.program->class_of(t));
  }
  if (script::Function* f = find_function(name)) return std::make_shared<script::FunctionSugared>(f);
  return std::make_shared<PathName>(*this, name);
}

std::vector<script::Function*> Importer::add_source(std::string text, ClassInfo* owner) {
  auto file = std::make_unique<File>();
  file->unit = std::make_shared<ParsedUnit>();
  file->unit->source = std::make_shared<const SourceFile>("<string>", std::move(text));
  file->unit->tree = parse(*file->unit->source, file->unit->arena);
  if (!file->unit->tree.ok()) {
    script::CompileError e;
    const Diagnostic& d = file->unit->tree.diagnostics[0];
    e.text = "\n" + d.message + ":\n" + script::marked_source(*file->unit->source, SourceRange{}, d.range);
    throw e;
  }
  std::vector<script::Function*> out;
  for (const ast::Stmt* s : file->unit->tree.module->body)
    if (const auto* def = s->as<ast::FunctionDef>()) {
      std::string name(def->name);
      std::string unique = state_.program->unique_name((owner ? owner->name : std::string("__torch__")) + "." + name);
      state_.program->take_name(unique);
      script::Function* f = declare_function(*def, *file, owner, unique);
      if (owner)
        owner->methods.push_back(f);
      else
        own_functions_[name] = f;
      out.push_back(f);
    }
  files_["<string>" + std::to_string(files_.size())] = std::move(file);
  return out;
}

SugaredPtr Importer::resolve(Compiler&, script::Function&, const std::string& name, SourceRange) {
  auto own = own_functions_.find(name);
  if (own != own_functions_.end()) return std::make_shared<script::FunctionSugared>(own->second);
  if (name == "torch") return std::make_shared<OperatorSpaceName>(*this, "aten::");
  if (name == "ops") return std::make_shared<OperatorSpaceName>(*this, "");
  if (name == "__torch__") return std::make_shared<PathName>(*this, "__torch__");
  if (name == "CONSTANTS") return std::make_shared<ConstantsName>(*this);
  if (name == "annotate") return std::make_shared<script::SpecialForm>(script::Special::Annotate);
  if (name == "fork") return std::make_shared<script::SpecialForm>(script::Special::Fork);
  if (name == "inf") return std::make_shared<script::ConstantSugared>(Const::number(__builtin_inf()), types::F64);
  if (name == "nan") return std::make_shared<script::ConstantSugared>(Const::number(__builtin_nan("")), types::F64);
  if (name == "infj" || name == "nanj") {
    Const c;
    c.kind = Const::Kind::Complex;
    c.imag = name == "infj" ? __builtin_inf() : __builtin_nan("");
    return std::make_shared<script::ConstantSugared>(c, types::Complex);
  }
  return nullptr;
}

// --- the functions of `_script` ---

namespace {

Importer* importer_of(VM& vm, Value v) {
  Reader& r = vm.extension<Reader>();
  if (!v.is_int() || v.i < 0 || static_cast<size_t>(v.i) >= r.importers.size()) return nullptr;
  return r.importers[static_cast<size_t>(v.i)].get();
}

ClassInfo* class_info_of(ScriptState& s, Value v) {
  if (ClassInfo* m = s.type_of_script_module(v)) return m;
  if (is_kind(v, Kind::Type)) {
    auto it = s.script_types_.find(as<Type>(v));
    if (it != s.script_types_.end()) return it->second;
    return s.known_class(as<Type>(v));
  }
  return v.is_object() ? s.known_class(v.o->type) : nullptr;
}

const NativeDef kDefs[] = {
    {"archive_code(object, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       ArchiveCode code;
       bool ok = guarded_compile(vm, [&] {
         script::Function* f = s.function_of(a[0]);
         ClassInfo* info = class_info_of(s, a[0]);
         if (!f && !info) {
           script::CompileError e;
           e.kind = script::ErrorClass::TypeError;
           e.text = "a script module or function is required";
           throw e;
         }
         code = archive_code(s, info, f);
       });
       if (!ok) return Value::error();
       Ref files(make_dict(vm)), constants(make_list(vm));
       for (auto& [path, text] : code.files) {
         Ref t(make_str(vm, text));
         dict_set(vm, as<Dict>(*files), path, *t);
       }
       for (const Const& c : code.constants) {
         Ref value(s.value_of(c));
         list_append(vm, as<List>(*constants), *value);
       }
       return make_tuple(vm, {*files, *constants});
     },
     "(files, constants) of all code that a script module or function needs."},
    {"archive_name(object, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       if (ClassInfo* info = class_info_of(s, a[0])) return make_str(vm, info->name);
       if (script::Function* f = s.function_of(a[0])) return make_str(vm, f->qualified_name);
       Type* t = is_kind(a[0], Kind::Type) ? as<Type>(a[0]) : a[0].is_object() ? a[0].o->type : nullptr;
       auto it = s.tuple_types_.find(t);
       if (t && it != s.tuple_types_.end()) return make_str(vm, s.types[it->second].name);
       return Value::none();
     },
     "The qualified name that archives have for a script module's class, a script class, an enum or a named tuple."},
    {"archive_state(object, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       ClassInfo* info = class_info_of(s, a[0]);
       if (!info) return raise(vm, vm.types.TypeError, "a script module or an object of a script class is required");
       Ref out(make_list(vm));
       for (const script::Attribute& x : info->attributes) {
         Ref name(make_str(vm, x.name)), type(make_str(vm, s.program->type_text(x.type)));
         Ref value(get_attr(vm, a[0], vm.name(x.name)));
         if (value.is_error()) return Value::error();
         Ref item(make_tuple(vm, {*name, *value, *type}));
         list_append(vm, as<List>(*out), *item);
       }
       return out.take();
     },
     "(name, value, type text) of each attribute, in order."},
    {"archive_reader(read, constants, version, /)",
     [](VM& vm, const Value* a) {
       Reader& r = vm.extension<Reader>();
       r.importers.push_back(std::make_unique<Importer>(state(vm), a[0], a[1], a[2].is_int() ? a[2].i : 3));
       return Value::integer(static_cast<int64_t>(r.importers.size() - 1));
     }},
    {"archive_class(reader, name, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       Importer* i = importer_of(vm, a[0]);
       if (!i || !is_str(a[1])) return raise(vm, vm.types.TypeError, "a reader and a name are required");
       TypeId t;
       if (!guarded_compile(vm, [&] { t = i->find_type(std::string(text_of(a[1]))); })) return Value::error();
       if (!t) return raise(vm, vm.types.RuntimeError, "Unknown type name '%s'", std::string(text_of(a[1])).c_str());
       const char* kind = "tuple";
       Ref cls;
       if (ClassInfo* info = s.program->class_of(t)) {
         kind = info->kind == ClassInfo::Kind::Module ? "module"
                : info->kind == ClassInfo::Kind::Enum ? "enum"
                                                      : "class";
         if (info->kind == ClassInfo::Kind::Module)
           cls = Ref(Value::integer(t.index));
         else if (s.host_of(*info).type)
           cls = Ref::copy(Value::object(s.host_of(*info).type));
       } else {
         for (auto& [type, id] : s.tuple_types_)
           if (id == t) cls = Ref::copy(Value::object(type));
       }
       if (cls->is_unbound())
         return raise(vm, vm.types.RuntimeError, "'%s' has no objects", std::string(text_of(a[1])).c_str());
       Ref k(make_str(vm, kind));
       return make_tuple(vm, {*k, *cls});
     },
     "(kind, class) of a qualified name; for a module the number of its type."},
    {"compile_source(text, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       Reader& r = vm.extension<Reader>();
       r.importers.push_back(std::make_unique<Importer>(s, Value::none(), Value::none(), 10));
       Importer* i = r.importers.back().get();
       std::vector<script::Function*> functions;
       bool ok = guarded_compile(vm, [&] {
         functions = i->add_source(std::string(text_of(a[0])));
         for (script::Function* f : functions) s.emit(*f);
       });
       if (!ok) return Value::error();
       Ref out(make_dict(vm));
       for (script::Function* f : functions) {
         Ref object(s.script_function_object(*f));
         dict_set(vm, as<Dict>(*out), f->name, *object);
       }
       return out.take();
     },
     "The functions of a text by name: what torch.jit.CompilationUnit holds."},
    {"archive_function(reader, name, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       Importer* i = importer_of(vm, a[0]);
       script::Function* f = nullptr;
       if (!guarded_compile(vm, [&] {
             f = i->find_function(std::string(text_of(a[1])));
             if (f) s.emit(*f);
           }))
         return Value::error();
       return f ? s.script_function_object(*f) : Value::none();
     }},
    {"compile_class(cls, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       ClassInfo* info = class_info_of(s, a[0]);
       if (!info) return raise(vm, vm.types.TypeError, "a script class is required");
       bool ok = guarded_compile(vm, [&] {
         for (script::Function* f : info->methods) s.emit(*f);
       });
       if (!ok) return Value::error();
       // Objects of a class that came from an archive have its methods.
       if (s.host_of(*info).type && info->kind == ClassInfo::Kind::Script)
         for (script::Function* f : info->methods) {
           Ref object(s.script_function_object(*f));
           if (!set_attr(vm, a[0], vm.name(f->name), *object)) return Value::error();
         }
       return Value::none();
     },
     "Compiles all methods of a class that an archive brought."},
    {"compile_archive_classes(reader, /)",
     [](VM& vm, const Value* a) {
       Importer* importer = importer_of(vm, a[0]);
       ScriptState& s = state(vm);
       bool ok = guarded_compile(vm, [&] {
         for (ClassInfo* info : importer->classes())
           for (script::Function* f : info->methods) s.emit(*f);
       });
       if (!ok) return Value::error();
       for (ClassInfo* info : importer->classes()) {
         Value cls = Value::object(s.host_of(*info).type);
         for (script::Function* f : info->methods) {
           Ref object(s.script_function_object(*f));
           if (!set_attr(vm, cls, vm.name(f->name), *object)) return Value::error();
         }
       }
       return Value::none();
     },
     "Gives the classes that an archive brought their methods."},
    {"compile_methods(type, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       ClassInfo* info = s.program->class_of(TypeId(static_cast<uint32_t>(a[0].i)));
       bool ok = guarded_compile(vm, [&] {
         for (size_t i = 0; i < info->methods.size(); i++) s.emit(*info->methods[i]);
       });
       return ok ? Value::none() : Value::error();
     },
     "Compiles all methods of a module type."},
};

}  // namespace

const std::span<const NativeDef> kArchiveFunctions = kDefs;

}  // namespace tsvm::stdlib::script_host

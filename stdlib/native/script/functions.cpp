// Functions: from functions of the language to functions of the program, to code, and calls of it.
#include <algorithm>

#include "ir/script/signature.h"
#include "stdlib/native/script/host.h"
#include "stdlib/native/script/trace.h"
#include "stdlib/native/torch/values.h"
#include "vm/frame.h"
#include "vm/interpreter.h"
#include "vm/traceback.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;
using script::Arg;
using script::ClassInfo;
using script::Compiler;
using script::Const;
using script::SugaredPtr;
using script::TypeId;
namespace types = ir::types;

bool ScriptState::is_library(Function* f) const { return f->code->unit->source().name().compare(0, 7, "<tsvm>/") == 0; }

HostFunction& ScriptState::host_of(script::Function& f) {
  if (!f.host) {
    host_functions_.emplace_back();
    f.host = &host_functions_.back();
  }
  return *static_cast<HostFunction*>(f.host);
}

script::Function* ScriptState::declared_for(Function* f) {
  auto it = functions_.find(f);
  return it == functions_.end() ? nullptr : it->second;
}

std::shared_ptr<ParsedUnit> ScriptState::parsed(CodeState* code) {
  CodeUnit* unit = code->unit.get();
  auto& slot = units_[unit];
  if (slot) return slot;
  slot = std::make_shared<ParsedUnit>();
  slot->source = unit->shared_source();
  slot->tree = parse(*slot->source, slot->arena);
  script::set_script_ranges(*slot->tree.module);
  return slot;
}

namespace {

struct FindDef {
  SourceRange range;
  std::string_view name;
  const ast::FunctionDef* found = nullptr;
  template <class T>
  void operator()(T* n) {
    visit(n);
  }
  void visit(const ast::Node* n) {
    if (const auto* f = n->as<ast::FunctionDef>())
      if (f->name == name && f->range.begin <= range.begin && f->range.end >= range.begin) {
        // The innermost of that name.
        found = f;
      }
    if (n->range.end && (n->range.begin > range.end || n->range.end < range.begin) && !n->is<ast::Module>()) {
      // Decorators stand before the range that some nodes have: only statements can be skipped.
      if (!n->is<ast::FunctionDef>() && !n->is<ast::ClassDef>()) return;
    }
    ast::for_each_child(n, *this);
  }
};

std::string module_name(Function* f) {
  return is_kind(f->module, Kind::Module) ? std::string(as<Module>(f->module)->name->view()) : "";
}

}  // namespace

script::Function* ScriptState::declare(Function* f, ClassInfo* owner, Type* class_type) {
  if (!owner)
    if (script::Function* known = declared_for(f)) return known;
  std::shared_ptr<ParsedUnit> unit = parsed(f->code);
  FindDef find{f->code->code->range, f->code->code->name};
  find.visit(unit->tree.module);
  script::Function* fn = program->add_function();
  HostFunction& h = host_of(*fn);
  h.python = Ref::copy(Value::object(f));
  h.owner = class_type;
  fn->source = unit->source;
  fn->keep = unit;
  fn->def = find.found;
  fn->name = f->name->view();
  fn->owner = owner;
  fn->is_library = is_library(f);
  if (!find.found) {
    script::CompileError e;
    e.kind = script::ErrorClass::RuntimeError;
    e.text = "\nExpected a single top-level function: " + std::string(f->name->view()) + " cannot be compiled";
    throw e;
  }
  if (owner)
    fn->qualified_name = owner->name + "." + fn->name;
  else
    fn->qualified_name = program->unique_name(qualified_name(module_name(f), f->name->view()));
  if (!owner) {
    program->take_name(fn->qualified_name);
    functions_[f] = fn;
  }
  script::check_supported(*program, *fn);
  script::declare_signature(*program, *this, *fn, owner != nullptr);
  if (owner && !fn->params.empty()) {
    fn->params[0].type = owner->type;
    fn->params[0].is_inferred = false;
  }
  declare_defaults(*fn, f);
  return fn;
}

std::vector<script::Function*> ScriptState::declare_overloads(Function* body, ClassInfo* owner, Type* class_type) {
  Ref internal(vm->callbacks.import_module(*vm, "torch._jit_internal"));
  if (internal.is_error()) throw_pending();
  Value args[] = {Value::object(body)};
  Ref signatures(call_method(*vm, *internal, "_signatures_of", args));
  if (signatures.is_error()) throw_pending();
  std::vector<script::Function*> out;
  if (!is_kind(*signatures, Kind::List)) return out;
  std::shared_ptr<ParsedUnit> unit = parsed(body->code);
  FindDef find{body->code->code->range, body->code->code->name};
  find.visit(unit->tree.module);
  for (Ref& s : list_snapshot(as<List>(*signatures))) {
    if (!is_kind(*s, Kind::Function)) continue;
    script::Function* fn = declare(as<Function>(*s), owner, class_type);
    fn->source = unit->source;
    fn->keep = unit;
    fn->def = find.found;
    host_of(*fn).python = Ref::copy(Value::object(body));
    if (owner) {
      fn->name += "__" + std::to_string(out.size());
      fn->qualified_name = owner->name + "." + fn->name;
      owner->methods.push_back(fn);
    }
    out.push_back(fn);
  }
  return out;
}

bool ScriptState::is_annotated(Function* f) {
  std::shared_ptr<ParsedUnit> unit = parsed(f->code);
  FindDef find{f->code->code->range, f->code->code->name};
  find.visit(unit->tree.module);
  if (!find.found || !find.found->returns) return false;
  const ast::Arguments& a = *find.found->args;
  if (a.vararg || a.kwarg) return false;
  for (size_t i = 1; i < a.args.size(); i++)
    if (!a.args[i]->annotation) return false;
  return true;
}

void ScriptState::declare_defaults(script::Function& fn, Function* f) {
  HostFunction& h = host_of(fn);
  h.defaults.assign(fn.params.size(), Ref());
  size_t positional = 0;
  for (const script::FunctionParam& p : fn.params) positional += !p.keyword_only;
  if (is_kind(f->defaults, Kind::Tuple)) {
    auto* t = as<Tuple>(f->defaults);
    for (uint32_t i = 0; i < t->size; i++) {
      size_t at = positional - t->size + i;
      if (at < h.defaults.size()) h.defaults[at] = Ref::copy(t->items[i]);
    }
  }
  if (is_kind(f->keyword_defaults, Kind::Dict))
    for (size_t i = positional; i < fn.params.size(); i++) {
      Value v = dict_get_borrow(as<Dict>(f->keyword_defaults), vm->name(fn.params[i].name));
      if (!v.is_unbound()) h.defaults[i] = Ref::copy(v);
    }
  for (size_t i = 0; i < fn.params.size(); i++) {
    script::FunctionParam& p = fn.params[i];
    Value v = *h.defaults[i];
    if (v.is_unbound()) continue;
    p.has_default = true;
    TypeId type;
    bool known = as_const(v, p.default_value, type);
    if (!known && (is_kind(v, Kind::Tuple) || is_kind(v, Kind::List))) {
      p.default_is_sequence = true;
      Ref list(make_list_from_sequence(*vm, v));
      for (Ref& item : list_snapshot(as<List>(*list))) {
        Const c;
        TypeId t;
        if (!as_const(*item, c, t)) p.has_default = false;
        p.items.push_back(c);
      }
    } else if (!known) {
      p.has_default = false;
      if (!v.is_unbound() && !fn.is_library)
        script::report(
            *program, fn, fn.def->range,
            "Expected a default value of type " + program->type_text(p.type) + " on parameter \"" + p.name + "\".");
      continue;
    }
    // Functions of the library leave types to their defaults.
    if (p.is_inferred && fn.is_library) {
      if (type == types::None)
        p.type = types.optional(types::Tensor);
      else if (known)
        p.type = type;
      p.is_inferred = false;
    } else if (known && !p.is_inferred) {
      bool fits = program->is_subtype(type, p.type) ||
                  (type == types::I64 && (p.type == types::F64 || p.type == types.optional(types::F64)));
      if (!fits && !(type == types::None && program->is_subtype(types::None, p.type)) && !fn.is_library)
        script::report(
            *program, fn, fn.def->range,
            "Expected a default value of type " + program->type_text(p.type) + " on parameter \"" + p.name + "\".");
    } else if (p.is_inferred && known && type != types::None && !fn.is_library) {
      script::report(*program, fn, fn.def->range,
                     "Expected a default value of type Tensor (inferred) on parameter \"" + p.name + "\".Because \"" +
                         p.name + "\" was not annotated with an explicit type it is assumed to be type 'Tensor'.");
    }
  }
}

void ScriptState::emit(script::Function& f) {
  HostFunction& h = host_of(f);
  if (!h.code->is_unbound()) return;
  program->compile(f, *this);
  script::EmitResult r = script::emit_function(*program, f, *this);
  auto unit = std::make_shared<CodeUnit>(std::move(r.module), vm->options.passes);
  CodeState* code = make_code_state(*vm, unit, 0);
  if (!code) throw_pending();
  std::vector<Ref> cells;
  std::vector<Value> values;
  for (const script::CellContent& c : r.cells) {
    Ref content;
    switch (c.kind) {
      case script::CellContent::Kind::Object: content = Ref::copy(object(c.number)); break;
      case script::CellContent::Kind::Class:
        if (ClassInfo* info = program->class_of(c.type); info && host_of(*info).type)
          content = Ref::copy(Value::object(host_of(*info).type));
        else
          for (auto& [t, id] : tuple_types_)
            if (id == c.type) content = Ref::copy(Value::object(t));
        break;
      case script::CellContent::Kind::Function: {
        function_object(*c.function);
        content = host_of(*c.function).code;
        break;
      }
    }
    cells.push_back(Ref(make_cell(*vm, *content)));
    values.push_back(*cells.back());
  }
  Ref module = is_kind(*h.python, Kind::Function) ? Ref::copy(as<Function>(*h.python)->module)
                                                  : Ref(vm->callbacks.import_module(*vm, "torch.jit._ops"));
  h.code = Ref(make_function(*vm, code, *module, values));
  release_code(*vm, code);
}

const void* ScriptState::function_object(script::Function& f) {
  emit(f);
  return host_of(f).code->o;
}

Value ScriptState::script_function_object(script::Function& f) {
  HostFunction& h = host_of(f);
  if (h.object->is_unbound()) {
    auto* o = allocate_object<FunctionObject>(*vm, function_type, Kind::Native);
    o->function = &f;
    h.object = Ref(Value::object(o));
  }
  return new_ref(*h.object);
}

// --- calls ---

namespace {

/// A class of torch.jit.
Type* jit_error(VM& vm) {
  Ref module(vm.callbacks.import_module(vm, "torch.jit.frontend"));
  if (module.is_error()) return nullptr;
  Ref cls(get_attr(vm, *module, vm.name("Error")));
  return cls.is_error() ? nullptr : as<Type>(*cls);
}

/// What went wrong in scripted code, as Torch Script's interpreter reports it.
Value raise_script_error(VM& vm) {
  Ref e(take_pending(vm));
  if (!is_kind(*e, Kind::Exception)) return raise_value(vm, *e);
  if (is_subtype(type_of(vm, *e), vm.types.KeyboardInterrupt)) return raise_value(vm, *e);
  // Already reported by scripted code further inside (a plain function in between).
  std::string trace;
  bool any = false;
  Value tb = as<Exception>(*e)->traceback;
  while (tb.is_object()) {
    auto* entry = static_cast<Traceback*>(tb.o);
    const Code& code = *entry->state->code;
    if (code.is_typed) {
      SourceRange range = code.range_at(entry->pc);
      const SourceFile& source = code.unit->source();
      if (code.unit->source().text().empty()) {
        trace += "  File \"<string>\", in " + code.name + "\n";
      } else {
        SourceRange whole = code.range;
        for (const auto& f : state(vm).program->functions)
          if (f->def && f->source.get() == &source && f->def->range.begin == whole.begin) {
            whole = script::source_range(*f);
            break;
          }
        trace += script::marked_source(source, whole, range, code.name);
      }
      any = true;
    }
    tb = entry->next;
  }
  Type* type = type_of(vm, *e);
  Ref text(str(vm, *e));
  if (text.is_error()) return Value::error();
  std::string message(text_of(*text));
  if (type == vm.types.KeyError && is_kind(as<Exception>(*e)->args, Kind::Tuple)) {
    // The message of a missing key.
    message = "KeyError: " + message;
  }
  if (type == vm.types.ZeroDivisionError) message = "division by 0";
  Type* jit = jit_error(vm);
  if (!jit) return Value::error();
  bool is_jit = is_subtype(type, jit);
  Ref class_name(get_attr_or_unbound(vm, *e, vm.name("_script_class")));
  if (class_name.is_error()) clear_pending(vm);
  std::string head = is_jit && is_str(*class_name) ? std::string(text_of(*class_name)) : "RuntimeError";
  if (head.empty()) head = "RuntimeError";
  if (type == vm.types.NotImplementedError) head = "NotImplementedError";
  if (!any) return raise_value(vm, *e);
  std::string full =
      "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most "
      "recent call last):\n" +
      trace + head + ": " + message + "\n";
  Type* raised = is_jit                                 ? jit
                 : type == vm.types.NotImplementedError ? vm.types.NotImplementedError
                                                        : vm.types.RuntimeError;
  Ref out_text(make_str(vm, full));
  Value args[] = {*out_text};
  Ref out(make_exception(vm, raised, std::span<const Value>(args)));
  if (is_jit) {
    // For those who want to know what was raised, not how it is reported.
    Ref original(make_str(vm, message));
    if ((is_str(*class_name) && !set_attr(vm, *out, vm.name("_script_class"), *class_name)) ||
        !set_attr(vm, *out, vm.name("_script_message"), *original))
      return Value::error();
  }
  return raise_value(vm, *out);
}

}  // namespace

Value ScriptState::call(script::Function& f, std::span<const Value> args, std::span<Str* const> keywords) {
  HostFunction& h = host_of(f);
  if (h.code->is_unbound() && !guarded_compile(*vm, [&] { emit(f); })) return Value::error();
  size_t positional = args.size() - keywords.size();
  size_t n = f.params.size();
  auto schema = [&] {
    std::unique_ptr<script::Graph> none = std::make_unique<script::Graph>();
    return Compiler(*program, *this, f).schema_text(f);
  };
  size_t can_be_positional = 0;
  for (const script::FunctionParam& p : f.params) can_be_positional += !p.keyword_only;
  if (positional > can_be_positional)
    return raise(*vm, vm->types.RuntimeError,
                 "%s() expected at most %zu argument(s) but received %zu argument(s). Declaration: %s", f.name.c_str(),
                 n, positional, schema().c_str());
  std::vector<Ref> values(n);
  std::vector<bool> given(keywords.size(), false);
  for (size_t i = 0; i < n; i++) {
    const script::FunctionParam& p = f.params[i];
    Value v;
    if (i < positional && !p.keyword_only) {
      v = args[i];
    } else {
      for (size_t k = 0; k < keywords.size(); k++)
        if (keywords[k]->view() == p.name) {
          v = args[positional + k];
          given[k] = true;
        }
      if (v.is_unbound() && i < h.defaults.size()) v = *h.defaults[i];
      if (v.is_unbound())
        return raise(*vm, vm->types.RuntimeError, "%s() is missing value for argument '%s'. Declaration: %s",
                     f.name.c_str(), p.name.c_str(), schema().c_str());
    }
    std::string why;
    values[i] = Ref(to_script(v, p.type, why));
    if (values[i].is_error()) return Value::error();
    if (values[i]->is_unbound()) {
      std::string found(type_of(*vm, v)->name->view());
      std::string shown;
      if (!repr_to(*vm, v, shown)) return Value::error();
      std::string position = i < positional ? "\nPosition: " + std::to_string(i) : "";
      return raise(*vm, vm->types.RuntimeError,
                   "%s() Expected a value of type '%s%s' for argument '%s' but instead found type '%s'.%s%s\nValue: %s"
                   "\nDeclaration: %s%s",
                   f.name.c_str(), program->type_text(p.type).c_str(), p.is_inferred ? " (inferred)" : "",
                   p.name.c_str(), found.c_str(),
                   p.is_inferred ? ("\nInferred '" + p.name +
                                    "' to be of type 'Tensor' because it was not annotated with an explicit type.")
                                       .c_str()
                                 : "",
                   position.c_str(), shown.c_str(), schema().c_str(),
                   why.empty() ? "" : ("\nCast error details: " + why).c_str());
    }
  }
  for (size_t k = 0; k < keywords.size(); k++)
    if (!given[k]) {
      bool known = false;
      for (const script::FunctionParam& p : f.params) known |= p.name == keywords[k]->view();
      return raise(*vm, vm->types.RuntimeError,
                   known ? "%s() got multiple values for argument '%s'. Declaration: %s"
                         : "Unknown keyword argument '%2$s' for operator '%1$s'. Schema: %3$s",
                   f.name.c_str(), keywords[k]->data, schema().c_str());
    }
  std::vector<Value> raw;
  for (Ref& v : values) raw.push_back(*v);
  Ref result(run(f, raw));
  if (result.is_error()) return Value::error();
  trace_call(*vm, f, raw, *result);
  return from_script(*result, f.result);
}

Value ScriptState::run(script::Function& f, std::span<const Value> args) {
  HostFunction& h = host_of(f);
  if (h.code->is_unbound() && !guarded_compile(*vm, [&] { emit(f); })) return Value::error();
  TracePause pause(*vm);
  Value result = vm::call(*vm, *h.code, args);
  return result.is_error() ? raise_script_error(*vm) : result;
}

// --- functions of the library, and plain ones ---

SugaredPtr LibraryFunction::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  std::shared_ptr<ParsedUnit> unit = state.parsed(function->code);
  FindDef find{function->code->code->range, function->code->code->name};
  find.visit(unit->tree.module);
  if (!find.found) c.error(r, std::string(function->name->view()) + " cannot be compiled");
  const ast::Arguments& a = *find.found->args;
  if (a.kwarg)
    c.error(r, "Function " + std::string(function->name->view()) +
                   " takes any keywords, which Torch Script does not support");
  std::vector<const ast::Arg*> params;
  for (const ast::Arg* x : a.posonlyargs) params.push_back(x);
  for (const ast::Arg* x : a.args) params.push_back(x);
  size_t positional = params.size();
  for (const ast::Arg* x : a.kwonlyargs) params.push_back(x);

  // A function of the program for these types and constants.
  script::Function draft;
  draft.name = function->name->view();
  draft.source = unit->source;
  draft.def = find.found;
  draft.is_library = true;
  HostFunction& dh = state.host_of(draft);
  dh.python = Ref::copy(Value::object(function));
  std::string key = std::to_string(reinterpret_cast<uintptr_t>(function));
  std::vector<script::Value*> inputs;
  std::map<std::string, SugaredPtr> fixed;
  std::vector<script::FunctionParam> dynamic;
  size_t next = 0;
  std::vector<bool> used(args.size(), false);
  VM& vm = *state.vm;
  auto default_of = [&](size_t i) -> Ref {
    if (i >= positional)
      return is_kind(function->keyword_defaults, Kind::Dict)
                 ? Ref::copy(dict_get_borrow(as<Dict>(function->keyword_defaults), vm.name(params[i]->arg)))
                 : Ref();
    if (!is_kind(function->defaults, Kind::Tuple)) return Ref();
    auto* t = as<Tuple>(function->defaults);
    return i + t->size >= positional ? Ref::copy(t->items[i + t->size - positional]) : Ref();
  };
  for (size_t i = 0; i < params.size(); i++) {
    const ast::Arg* p = params[i];
    std::string name(p->arg);
    SugaredPtr v;
    SourceRange where = r;
    if (i < positional && next < args.size() && args[next].name.empty()) {
      used[next] = true;
      where = args[next].range;
      v = args[next++].value;
    } else {
      for (size_t k = 0; k < args.size(); k++)
        if (args[k].name == name) {
          v = args[k].value;
          used[k] = true;
          where = args[k].range;
        }
    }
    if (!v) {
      Ref d = default_of(i);
      if (d->is_unbound()) c.error(r, "Argument " + name + " not provided to " + draft.name + "()");
      v = state.sugar(c, *d, r, true);
    }
    if (auto* t = dynamic_cast<script::TupleSugared*>(v.get())) {
      bool all_known = !t->values.empty();
      for (const SugaredPtr& x : t->values) all_known &= x->known() != nullptr;
      if (!all_known) v = script::simple(v->as_value(c, where));
    }
    const Const* known = v->known();
    if (known || (!v->plain() && !dynamic_cast<script::ModuleSugared*>(v.get()))) {
      key += "|";
      if (known) {
        key += std::to_string(static_cast<int>(known->kind)) + ":" + std::to_string(known->i) + ":" +
               std::to_string(known->d) + ":" + known->s;
      } else if (auto* t = dynamic_cast<script::TupleSugared*>(v.get())) {
        for (const SugaredPtr& x : t->values)
          key += "," + std::to_string(x->known()->i) + ":" + std::to_string(x->known()->d) + x->known()->s;
      } else {
        key += std::to_string(reinterpret_cast<uintptr_t>(v.get()));
      }
      if (known && v->plain()) {
        v = std::make_shared<script::ConstantSugared>(*known, v->plain()->type);
      }
      fixed[name] = v;
      continue;
    }
    script::Value* value = v->as_value(c, where);
    script::FunctionParam fp;
    fp.name = name;
    fp.type = value->type;
    key += "|" + std::to_string(value->type.index);
    inputs.push_back(value);
    dynamic.push_back(std::move(fp));
  }
  if (a.vararg) {
    std::vector<SugaredPtr> rest;
    while (next < args.size() && args[next].name.empty()) {
      used[next] = true;
      rest.push_back(args[next++].value);
    }
    script::Value* value = script::TupleSugared(rest).as_value(c, r);
    script::FunctionParam fp;
    fp.name = a.vararg->arg;
    fp.type = value->type;
    key += "|*" + std::to_string(value->type.index);
    inputs.push_back(value);
    dynamic.push_back(std::move(fp));
  }
  for (size_t k = 0; k < args.size(); k++)
    if (!used[k])
      c.error(r, args[k].name.empty()
                     ? "Expected at most " + std::to_string(positional) + " arguments for " + draft.name + "()"
                     : "Unknown keyword argument '" + args[k].name + "' for " + draft.name + "()");
  script::Function*& slot = state.specialised_[key];
  if (!slot) {
    script::Function* fn = c.program.add_function();
    fn->name = draft.name;
    std::string module = module_name(function);
    fn->qualified_name = c.program.unique_name("__torch__." + module + "." + draft.name);
    c.program.take_name(fn->qualified_name);
    fn->source = draft.source;
    fn->def = draft.def;
    fn->keep = unit;
    fn->is_library = true;
    fn->params = dynamic;
    fn->fixed = fixed;
    HostFunction& h = state.host_of(*fn);
    h.python = Ref::copy(Value::object(function));
    if (fn->def->returns) {
      fn->result = script::parse_annotation(c.program, state, *fn, fn->def->returns);
      fn->result_is_declared = true;
    }
    slot = fn;
  }
  std::vector<Arg> direct;
  for (script::Value* v : inputs) direct.push_back({"", r, script::simple(v)});
  return c.call_function(*slot, r, direct, nullptr);
}

SugaredPtr PythonFunction::call(Compiler& c, SourceRange r, const std::vector<Arg>& args, size_t) {
  VM& vm = *state.vm;
  script::Node* n = nullptr;
  std::vector<script::Value*> inputs;
  std::vector<std::string> keywords;
  std::string name = "python_function";
  TypeId result = types::Tensor;
  Value callee = *function;
  Ref modifier(get_attr_or_unbound(vm, callee, vm.name("_torchscript_modifier")));
  if (modifier.is_error()) clear_pending(vm);
  if (is_str(*modifier) && text_of(*modifier) == "unused") {
    // Calling it is an error when it happens, not before.
    Ref qualified(get_attr_or_unbound(vm, callee, vm.name("__name__")));
    script::Node* raise = c.node(script::NodeKind::RaiseException, r, {});
    raise->inputs.push_back(nullptr);
    c.block->nodes.pop_back();
    script::Value* message = c.string("This Python function is annotated to be ignored and cannot be run", r);
    script::Function f;
    Function* python = is_kind(callee, Kind::Function) ? as<Function>(callee) : nullptr;
    if (python) {
      std::shared_ptr<ParsedUnit> unit = state.parsed(python->code);
      FindDef find{python->code->code->range, python->code->code->name};
      find.visit(unit->tree.module);
      f.source = unit->source;
      f.def = find.found;
      state.host_of(f).python = Ref::copy(callee);
      if (find.found && find.found->returns)
        result = script::parse_annotation(c.program, state, f, find.found->returns);
    }
    script::Value* none = c.none(r);
    (void)none;
    script::Node* check = c.node(script::NodeKind::If, r, {c.boolean(true, r)});
    check->blocks = {c.graph.new_block(check), c.graph.new_block(check)};
    script::Block* outer = c.block;
    c.block = check->blocks[0];
    c.node(script::NodeKind::RaiseException, r, {message})->name = "builtins.Exception";
    c.block = outer;
    script::Node* u = c.node(script::NodeKind::Uninitialized, r);
    u->type = result;
    return script::simple(c.with_output(u, result));
  }
  if (Function* python = is_kind(callee, Kind::Function) ? as<Function>(callee) : nullptr) {
    name = python->name->view();
    std::shared_ptr<ParsedUnit> unit = state.parsed(python->code);
    FindDef find{python->code->code->range, python->code->code->name};
    find.visit(unit->tree.module);
    if (find.found) {
      script::Function f;
      f.name = name;
      f.source = unit->source;
      f.def = find.found;
      state.host_of(f).python = Ref::copy(callee);
      bool varargs = find.found->args->vararg || find.found->args->kwarg;
      if (!varargs) {
        script::declare_signature(c.program, state, f, self != nullptr);
        if (self && !f.params.empty()) f.params[0].type = self->type;
        state.declare_defaults(f, python);
        if (f.result_is_declared) result = f.result;
        // What it gets fits its annotations; missing arguments are its own business.
        size_t at = self ? 1 : 0;
        if (self) inputs.push_back(self);
        for (const Arg& a : args) {
          script::Value* v = a.value->as_value(c, a.range);
          const script::FunctionParam* p = nullptr;
          if (a.name.empty()) {
            if (at >= f.params.size())
              c.error(r, "Expected at most " + std::to_string(f.params.size()) + " arguments but found " +
                             std::to_string(args.size()) + " positional arguments.");
            p = &f.params[at++];
          } else {
            for (const script::FunctionParam& q : f.params)
              if (q.name == a.name) p = &q;
            if (!p) c.error(r, "Unknown keyword argument '" + a.name + "'.");
            keywords.push_back(a.name);
          }
          script::Value* fitting = c.convert(v, p->type, a.range, true);
          if (!fitting)
            c.error(r, "Expected a value of type '" + c.text(p->type) + "' for argument '" + p->name +
                           "' but instead found type '" + c.text(v->type) + "'.");
          inputs.push_back(fitting);
        }
        n = c.node(script::NodeKind::PythonOp, r, inputs);
      }
    }
  }
  if (!n) {
    if (self) inputs.push_back(self);
    for (const Arg& a : args) {
      inputs.push_back(a.value->as_value(c, a.range));
      if (!a.name.empty()) keywords.push_back(a.name);
    }
    n = c.node(script::NodeKind::PythonOp, r, inputs);
  }
  n->name = name;
  n->keywords = keywords;
  n->constant = Const::object(Const::Kind::Object, state.number_of(callee));
  return script::simple(c.with_output(n, result));
}

}  // namespace tsvm::stdlib::script_host

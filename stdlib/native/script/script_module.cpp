// `_script`: what torch.jit (stdlib/torch/jit) needs from the VM.
#include "ir/script/freeze.h"
#include "ops/tensor/print.h"
#include "stdlib/native/modules.h"
#include "stdlib/native/script/archive.h"
#include "stdlib/native/script/graph_objects.h"
#include "stdlib/native/script/host.h"
#include "stdlib/native/script/trace.h"
#include "stdlib/native/torch/operators.h"
#include "stdlib/native/torch/values.h"
#include "vm/shape.h"
#include "vm/type_check.h"

#include <algorithm>

namespace tsvm::stdlib {

using namespace tsvm::vm;
using script_host::FunctionObject;
using script_host::guarded_compile;
using script_host::ScriptState;
using script_host::state;
namespace script = tsvm::script;
namespace types = ir::types;

namespace {

Value script_function(VM& vm, const Value* a) {
  if (!is_kind(a[0], Kind::Function)) return raise(vm, vm.types.TypeError, "a function is required");
  ScriptState& s = state(vm);
  script::Function* fn = nullptr;
  bool ok = guarded_compile(vm, [&] {
    fn = s.declare(as<Function>(a[0]), nullptr, nullptr);
    s.emit(*fn);
  });
  if (!ok) return Value::error();
  return s.script_function_object(*fn);
}

Value script_class(VM& vm, const Value* a) {
  if (!is_kind(a[0], Kind::Type)) return raise(vm, vm.types.TypeError, "a class is required");
  ScriptState& s = state(vm);
  bool ok = guarded_compile(vm, [&] {
    Type* t = as<Type>(a[0]);
    if (!s.enum_type(t) && !s.named_tuple_type(t))
      if (!s.class_for(t)) {
        script::CompileError e;
        e.text = "the class " + std::string(t->name->view()) + " cannot be compiled";
        throw e;
      }
  });
  return ok ? Value::none() : Value::error();
}

ScriptState* handle_state(VM& vm) { return &state(vm); }

// --- modules: a type is known to the language by its number ---

script::ClassInfo* info_of(VM& vm, Value v) {
  ScriptState& s = state(vm);
  return s.program->class_of(ir::TypeId(static_cast<uint32_t>(v.i)));
}

/// Stores an attribute of a script module: constants are fixed, values fit their types.
bool set_script_attr(VM& vm, Value self, Str* name, Value value) {
  ScriptState& s = state(vm);
  script::ClassInfo* info = s.type_of_script_module(self);
  auto base = s.module_set_attr;
  if (!info || value.is_unbound()) return base(vm, self, name, value);
  std::string key(name->view());
  if (const script::ClassInfo::Constant* k = info->constant(key)) {
    std::string text;
    Ref old(get_attr(vm, self, name));
    if (old.is_error() || !str_to(vm, *old, text)) return false;
    (void)k;
    return fail(vm, vm.types.RuntimeError, "Can't set constant '%s' which has value:%s", key.c_str(), text.c_str());
  }
  const script::Attribute* a = info->attribute(key);
  if (!a) return base(vm, self, name, value);
  std::string why;
  Ref converted(s.to_script(value, a->type, why));
  if (converted.is_error()) return false;
  if (converted->is_unbound()) {
    std::string text;
    if (!repr_to(vm, value, text)) return false;
    return fail(vm, vm.types.RuntimeError, "Could not cast attribute '%s' to type %s: %s", key.c_str(),
                s.program->type_text(a->type).c_str(),
                why.empty() ? ("Unable to cast value " + text).c_str() : why.c_str());
  }
  return base(vm, self, name, *converted);
}

Value function_call(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  ScriptState& s = state(vm);
  return s.call(*s.function_of(self), args, keywords);
}

Value function_get(VM& vm, Value self, Value instance, Type*) {
  script::Function* f = state(vm).function_of(self);
  if (instance.is_unbound() || !f->owner) return new_ref(self);
  return make_bound_method(vm, self, instance);
}

/// What freezing knows of script modules.
class ModuleMembers : public script::FreezeHost {
 public:
  explicit ModuleMembers(ScriptState& s) : s_(s) {}
  bool member(int64_t object, const std::string& name, Member& out) override {
    Value module = s_.object(object);
    script::ClassInfo* info = s_.type_of_script_module(module);
    const script::Attribute* a = info ? info->attribute(name) : nullptr;
    if (!a) return false;
    Ref v(get_attr(*s_.vm, module, s_.vm->name(name)));
    if (v.is_error()) script_host::throw_pending();
    out.type = a->type;
    if (s_.type_of_script_module(*v)) {
      out.object = s_.number_of(*v);
      return true;
    }
    if (v->is_tensor()) {
      out.value = script::Const::object(script::Const::Kind::Tensor, s_.number_of(*v));
      return true;
    }
    ir::TypeId t;
    if (!s_.as_const(*v, out.value, t))
      out.value = script::Const::object(script::Const::Kind::Object, s_.number_of(*v));
    return true;
  }

 private:
  ScriptState& s_;
};

const NativeDef kFunctionMethods[] = {
    {"save(self, f, _extra_files=None)",
     [](VM& vm, const Value* a) {
       Ref jit(vm.callbacks.import_module(vm, "torch.jit"));
       if (jit.is_error()) return Value::error();
       return call_method(vm, *jit, "save", std::span(a, 3));
     }},
};

const GetSetDef kFunctionAttributes[] = {
    {"name", [](VM& vm, Value self) { return make_str(vm, state(vm).function_of(self)->name); }},
    {"__name__", [](VM& vm, Value self) { return make_str(vm, state(vm).function_of(self)->name); }},
    {"qualified_name", [](VM& vm, Value self) { return make_str(vm, state(vm).function_of(self)->qualified_name); }},
    {"code", [](VM& vm, Value self) { return script_host::code_text(vm, *state(vm).function_of(self)); }},
    {"graph",
     [](VM& vm, Value self) {
       Ref module(vm.callbacks.import_module(vm, "torch.jit._graph"));
       if (module.is_error()) return Value::error();
       Ref text(script_host::graph_text(vm, *state(vm).function_of(self)));
       Ref structure(script_host::graph_structure(vm, *state(vm).function_of(self)));
       Value args[] = {*text, *structure};
       return call_method(vm, *module, "Graph", args);
     }},
    {"inlined_graph", [](VM& vm, Value self) { return get_attr(vm, self, vm.name("graph")); }},
    {"schema",
     [](VM& vm, Value self) {
       ScriptState& s = state(vm);
       script::Function& f = *s.function_of(self);
       return make_str(vm, script::Compiler(*s.program, s, f).schema_text(f));
     }},
    {"_python",
     [](VM& vm, Value self) {
       ScriptState& s = state(vm);
       Value v = *s.host_of(*s.function_of(self)).python;
       return v.is_unbound() ? Value::none() : new_ref(v);
     }},
};

const NativeDef kFunctions[] = {
    {"script_function(function, /)", script_function, "Compiles a function: its ScriptFunction."},
    {"describe(module, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* info = nullptr;
       if (!guarded_compile(vm, [&] { info = s.module_type(a[0]); })) return Value::error();
       return Value::integer(info->type.index);
     },
     "The number of a module's type."},
    {"describe_traced(module, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* info = nullptr;
       if (!guarded_compile(vm, [&] { info = s.module_type(a[0], true); })) return Value::error();
       return Value::integer(info->type.index);
     },
     "The number of a type of the module's own."},
    {"members(type, /)",
     [](VM& vm, const Value* a) {
       script::ClassInfo* info = info_of(vm, a[0]);
       Ref out(make_list(vm));
       for (const script::Attribute& x : info->attributes) {
         bool module = std::find(info->submodules.begin(), info->submodules.end(), x.name) != info->submodules.end();
         Ref name(make_str(vm, x.name));
         Ref kind(make_str(vm, x.is_parameter ? "parameter"
                               : x.is_buffer  ? "buffer"
                               : module       ? "module"
                                              : "attribute"));
         Ref item(make_tuple(vm, {*name, *kind}));
         list_append(vm, as<List>(*out), *item);
       }
       return out.take();
     },
     "(name, kind) of each attribute of a module type."},
    {"constants(type, /)",
     [](VM& vm, const Value* a) {
       Ref out(make_list(vm));
       for (const script::ClassInfo::Constant& x : info_of(vm, a[0])->constants) {
         Ref name(make_str(vm, x.name));
         list_append(vm, as<List>(*out), *name);
       }
       return out.take();
     }},
    {"freeze(module, method, type, /)",
     [](VM& vm, const Value* a) {
       // A method of a script module with the module's state as constants: a method of the (empty) type given. None
       // when it changes the module.
       ScriptState& s = state(vm);
       script::ClassInfo* from = s.type_of_script_module(a[0]);
       script::ClassInfo* to = info_of(vm, a[2]);
       std::string name(text_of(a[1]));
       script::Function* f = nullptr;
       bool ok = guarded_compile(vm, [&] {
         script::Function* method = from->method(name);
         if (!method) return;
         s.program->compile(*method, s);
         ModuleMembers members(s);
         std::unique_ptr<script::Graph> g = script::freeze_method(*s.program, *method, s.number_of(a[0]), members);
         if (!g) return;
         f = s.program->add_function();
         f->graph = std::move(g);
         f->name = name;
         f->owner = to;
         f->qualified_name = to->name + "." + name;
         f->params = method->params;
         f->params[0].type = to->type;
         f->graph->block->params[0]->type = to->type;
         f->result = method->result;
         f->result_is_declared = true;
         f->state = script::Function::State::Ready;
         script_host::HostFunction& h = s.host_of(*f);
         h.defaults = s.host_of(*method).defaults;
         to->methods.push_back(f);
         s.emit(*f);
       });
       if (!ok) return Value::error();
       return f ? s.script_function_object(*f) : Value::none();
     }},
    {"empty_type(module, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* from = s.type_of_script_module(a[0]);
       script::ClassInfo* info =
           s.program->add_class(script::ClassInfo::Kind::Module, s.program->unique_name(from->name));
       script_host::HostClass& h = s.host_of(*info);
       h.type = s.host_of(*from).type;
       if (h.type) h.hold = Ref::copy(Value::object(h.type));
       return Value::integer(info->type.index);
     },
     "A module type without attributes, for what is frozen."},
    {"constant_values(type, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       Ref out(make_list(vm));
       for (const script::ClassInfo::Constant& x : info_of(vm, a[0])->constants) {
         Ref name(make_str(vm, x.name)), value;
         ir::TypeKind k = s.types.kind(x.type);
         if (k == ir::TypeKind::Tuple || k == ir::TypeKind::List) {
           Ref items(make_list(vm));
           for (const script::Const& c : x.items) {
             Ref item(s.value_of(c));
             list_append(vm, as<List>(*items), *item);
           }
           value = k == ir::TypeKind::List ? items : Ref(make_tuple_from(vm, *items));
         } else {
           value = Ref(s.value_of(x.value));
         }
         Ref item(make_tuple(vm, {*name, *value}));
         list_append(vm, as<List>(*out), *item);
       }
       return out.take();
     },
     "(name, value) of each constant of a module type."},
    {"has_method(type, name, /)",
     [](VM& vm, const Value* a) { return Value::boolean(info_of(vm, a[0])->method(text_of(a[1])) != nullptr); }},
    {"type_class(type, /)",
     [](VM& vm, const Value* a) {
       Value t = *state(vm).host_of(*info_of(vm, a[0])).script_type;
       return t.is_unbound() ? Value::none() : new_ref(t);
     },
     "The class of the script modules of a type; None when there is none yet."},
    {"set_type_class(type, cls, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* info = info_of(vm, a[0]);
       Type* t = as<Type>(a[1]);
       if (!s.module_set_attr) {
         for (Type* b : t->mro)
           if (b->name->view() == "Module") s.module_set_attr = b->slots.set_attr;
       }
       t->slots.set_attr = set_script_attr;
       s.host_of(*info).script_type = Ref::copy(a[1]);
       s.script_types_[t] = info;
       return Value::none();
     }},
    {"qualified_name(type, /)", [](VM& vm, const Value* a) { return make_str(vm, info_of(vm, a[0])->name); }},
    {"add_hook(type, name, function, before, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* info = info_of(vm, a[0]);
       std::string name(text_of(a[1]));
       bool ok = guarded_compile(vm, [&] {
         if (info->method(name)) return;
         script::Function* fn = s.declare(as<Function>(a[2]), info, s.host_of(*info).type);
         fn->name = name;
         fn->qualified_name = info->name + "." + name;
         info->methods.push_back(fn);
         (truth(vm, a[3]) ? info->pre_hooks : info->hooks).push_back(name);
       });
       return ok ? Value::none() : Value::error();
     }},
    {"compile_method(type, name, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* info = info_of(vm, a[0]);
       std::string name(text_of(a[1]));
       script::Function* fn = nullptr;
       bool ok = guarded_compile(vm, [&] {
         fn = info->method(name);
         if (!fn) fn = s.find_method(*s.program, *info, name);
         if (fn) s.emit(*fn);
       });
       if (!ok) return Value::error();
       return fn ? s.script_function_object(*fn) : Value::none();
     },
     "Compiles a method of a module type; None when there is no such method."},
    {"methods(type, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       Ref out(make_list(vm));
       for (script::Function* f : info_of(vm, a[0])->methods) {
         if (f->state != script::Function::State::Ready) continue;
         Ref name(make_str(vm, f->name)), object(s.script_function_object(*f));
         Ref item(make_tuple(vm, {*name, *object}));
         list_append(vm, as<List>(*out), *item);
       }
       return out.take();
     }},
    {"hooks(type, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       script::ClassInfo* info = info_of(vm, a[0]);
       Ref lists[2];
       for (int i = 0; i < 2; i++) {
         lists[i] = Ref(make_list(vm));
         for (const std::string& name : i == 0 ? info->pre_hooks : info->hooks)
           if (script::Function* f = info->method(name)) {
             Ref object(s.script_function_object(*f));
             list_append(vm, as<List>(*lists[i]), *object);
           }
       }
       return make_tuple(vm, {*lists[0], *lists[1]});
     },
     "(before, after): the hooks of a module type, compiled."},
    {"attribute_value(type, name, value, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       const script::Attribute* x = info_of(vm, a[0])->attribute(text_of(a[1]));
       if (!x) return new_ref(a[2]);
       std::string why;
       Ref v(s.to_script(a[2], x->type, why));
       if (v.is_error() || !v->is_unbound()) return v.take();
       std::string text;
       if (!repr_to(vm, a[2], text)) return Value::error();
       return raise(vm, vm.types.RuntimeError, "Could not convert the attribute '%s' (%s) to type %s: %s",
                    x->name.c_str(), text.c_str(), s.program->type_text(x->type).c_str(), why.c_str());
     },
     "A value as the attribute of a module type holds it."},
    {"script_class(cls, /)", script_class, "Compiles a class, an enumeration or a named tuple."},
    {"fits(value, type, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       ir::TypeId t(static_cast<uint32_t>(a[1].i));
       ir::TypeKind k = s.types.kind(t);
       if (k == ir::TypeKind::Class || k == ir::TypeKind::NamedTuple) {
         script::ClassInfo* info = s.program->class_of(t);
         if (info && info->kind != script::ClassInfo::Kind::Interface)
           return Value::boolean(a[0].is_object() && a[0].o->type == s.host_of(*info).type);
       }
       return Value::boolean(value_fits(vm, &s.types, t, a[0]));
     },
     "Whether a value is of that type."},
    {"from_python(value, type, /)",
     [](VM& vm, const Value* a) {
       ScriptState& s = state(vm);
       std::string why;
       ir::TypeId t(static_cast<uint32_t>(a[1].i));
       Ref v(s.to_script(a[0], t, why));
       if (v.is_error() || !v->is_unbound()) return v.take();
       return raise(vm, vm.types.RuntimeError,
                    "expected value of type %s for return value but instead got value of type %s.",
                    s.program->type_text(t).c_str(), type_of(vm, a[0])->name->data);
     },
     "What a plain function gave, as a value of that type."},
    {"type_text(type, /)",
     [](VM& vm, const Value* a) {
       return make_str(vm, state(vm).program->type_text(ir::TypeId(static_cast<uint32_t>(a[0].i))));
     }},
    {"new_object(cls, /)", [](VM& vm, const Value* a) { return make_instance(vm, as<Type>(a[0])); },
     "An object of a class without its attributes."},
    {"dtype_of(tensor, /)",
     [](VM&, const Value* a) { return Value::integer(ops::info(a[0].t->dtype()).torch_number); }},
    {"dtype_number(dtype, /)",
     [](VM& vm, const Value* a) {
       if (a[0].is_int()) return a[0];
       if (a[0].tag != Tag::DType) return raise(vm, vm.types.TypeError, "a dtype is required");
       return Value::integer(ops::info(static_cast<ops::DType>(a[0].i)).torch_number);
     }},
    {"dtype(number, /)",
     [](VM& vm, const Value* a) {
       if (a[0].is_none() || a[0].tag == Tag::DType) return a[0];
       for (int i = 0; i < ops::kDTypeCount; i++)
         if (ops::kDTypes[i].torch_number == a[0].i) return box(vm, static_cast<ops::DType>(i));
       return raise(vm, vm.types.RuntimeError, "unknown scalar type");
     },
     "The dtype of a number, None for None."},
    {"tensor_text(tensor, /)",
     [](VM& vm, const Value* a) {
       try {
         return make_str(vm, ops::to_cpp_string(unpack_tensor(a[0])));
       } catch (const ops::Error& e) {
         return raise_error(vm, e);
       }
     },
     "A tensor as scripted code prints it."},
    {"memory_format(number, /)",
     [](VM& vm, const Value* a) {
       return a[0].is_int() ? make_memory_format(vm, unpack_memory_format(a[0])) : new_ref(a[0]);
     }},
};

}  // namespace

Value make_script(VM& vm) {
  ScriptState& s = *handle_state(vm);
  if (!s.function_type) {
    Type* t = new_type(vm, "ScriptFunction", "torch.jit", vm.types.object, Kind::Native, sizeof(FunctionObject));
    t->slots.call = function_call;
    t->slots.descr_get = function_get;
    t->slots.repr = [](VM& v, Value self) {
      return make_str(v, "<torch.jit.ScriptFunction " + state(v).function_of(self)->name + ">");
    };
    s.function_type = t;
    finish_type(vm, t, {.methods = kFunctionMethods, .getset = kFunctionAttributes});
  }
  ModuleBuilder m(vm, "_script");
  m.functions(kFunctions)
      .functions(script_host::kArchiveFunctions)
      .functions(script_host::kTraceFunctions)
      .type(s.function_type);
  return m.take();
}

}  // namespace tsvm::stdlib

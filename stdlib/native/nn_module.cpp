// `_nn`: what nn.Module needs from the VM.
//
// A module's parameters, buffers and submodules are fields of the instance, each marked in its shape with what it is
// (SlotKind). So `self.weight` is an ordinary attribute load and hits its inline cache. Three things follow from the
// mark:
//  - attribute stores sort: a Parameter becomes a parameter, a Module a submodule, and a name that is one of them takes
//    nothing else but None (`set_module_attr`, the set_attr slot of Module and everything derived from it);
//  - `_parameters`, `_buffers` and `_modules` are views of the fields with one mark, in order of registration;
//  - a call goes straight to `forward` as long as the instance has no hooks (object flag kHasHooks).
// Registering a name again with another mark moves it to the end, as del and set would.
#include "ops/tensor/tensor.h"
#include "stdlib/native/modules.h"
#include "vm/native.h"
#include "vm/shape.h"

namespace tsvm::stdlib {
namespace {

using namespace tsvm::vm;

struct FieldsView : GcObject {
  Value owner;
  SlotKind mark;
};

struct NnExtension : Extension {
  Type* view_type = nullptr;
};

/// The mark of a field; Plain when there is none of that name.
SlotKind kind_of(Attributes* a, Str* name) {
  int32_t field = shape_find(a->shape, name);
  if (field < 0 || a->fields[field].is_unbound()) return SlotKind::Plain;
  return shape_kind(a->shape, static_cast<uint32_t>(field));
}

void store(VM& vm, Attributes* a, Str* name, Value value, SlotKind kind) {
  if (int32_t field = shape_find(a->shape, name); field >= 0) {
    SlotKind old = shape_kind(a->shape, static_cast<uint32_t>(field));
    if (old != kind) attribute_delete(vm, a, name);
  }
  if (a->shape->dictionary >= 0) {
    // A plain attribute of that name would hide the field: instance dictionaries are looked at first.
    dict_delete(vm, as<Dict>(a->fields[a->shape->dictionary]), name);
  }
  attribute_set(vm, a, name, value, kind);
}

bool is_module(Value v) { return v.is_object() && v.o->type->is_tensor_module; }
bool is_parameter(Value v) { return v.is_tensor() && v.t->has(ops::TensorImpl::kParameter); }

std::string type_name(VM& vm, Value v) {
  if (v.is_tensor()) return std::string("torch.") + ops::info(v.t->dtype()).cpp_name + "Tensor";
  Type* type = type_of(vm, v);
  std::string text(type->qualified_name->view());
  if (is_str(type->module) && text_of(type->module) != "builtins")
    text = std::string(text_of(type->module)) + "." + text;
  return text;
}

bool wrong_kind(VM& vm, Value value, const char* as_what, Str* name, const char* expected) {
  (void)raise(vm, vm.types.TypeError, "cannot assign '%s' as %s '%s' (%s or None expected)",
              type_name(vm, value).c_str(), as_what, name->data, expected);
  return false;
}

bool set_module_attr(VM& vm, Value self, Str* name, Value value) {
  Attributes* a = attributes_of(self.o);
  if (value.is_unbound()) return default_set_attr(vm, self, name, value);
  bool parameter = is_parameter(value);
  if (parameter || is_module(value)) {
    if (attribute_find_borrow(a, vm.name("training")).is_unbound()) {
      (void)raise(vm, vm.types.AttributeError, "cannot assign %s before Module.__init__() call",
                  parameter ? "parameters" : "module");
      return false;
    }
    store(vm, a, name, value, parameter ? SlotKind::Parameter : SlotKind::Submodule);
    return true;
  }
  switch (kind_of(a, name)) {
    case SlotKind::Parameter:
      if (!value.is_none()) return wrong_kind(vm, value, "parameter", name, "torch.nn.Parameter");
      break;
    case SlotKind::Submodule:
      if (!value.is_none()) return wrong_kind(vm, value, "child module", name, "torch.nn.Module");
      break;
    case SlotKind::Buffer:
      if (!value.is_none() && !value.is_tensor()) return wrong_kind(vm, value, "buffer", name, "torch.Tensor");
      break;
    case SlotKind::Plain:
    case SlotKind::Member:
    case SlotKind::Dictionary: return default_set_attr(vm, self, name, value);
  }
  attribute_set(vm, a, name, value, kind_of(a, name));
  return true;
}

Value call_module(VM& vm, Value self, std::span<const Value> args, std::span<Str* const> keywords) {
  if (self.o->flags & kHasHooks || vm.module_hooks) return call_method(vm, self, vm.name("_call_impl"), args, keywords);
  return call_method(vm, self, vm.name("forward"), args, keywords);
}

// --- views of the fields with one mark ----------------------------------------------------------------------------

FieldsView* view(Value v) { return static_cast<FieldsView*>(v.o); }

/// Calls fn(name, value) for each field of the view, in order; stops when it gives false.
template <class Fn>
bool each_field(Value self, Fn&& fn) {
  Attributes* a = attributes_of(view(self)->owner.o);
  std::vector<ShapeField> fields = shape_fields(a->shape);
  for (size_t i = 0; i < fields.size(); i++)
    if (fields[i].kind == view(self)->mark && !a->fields[i].is_unbound())
      if (!fn(fields[i].name, a->fields[i])) return false;
  return true;
}

/// The member of that name; names in shapes are interned ones.
Value find_borrow(VM& vm, Value self, Value key) {
  if (!is_str(key)) return Value::unbound();
  Ref name(Value::object(vm.intern(as<Str>(key))));
  Attributes* a = attributes_of(view(self)->owner.o);
  if (kind_of(a, as<Str>(*name)) != view(self)->mark) return Value::unbound();
  return attribute_find_borrow(a, as<Str>(*name));
}

Value make_view(VM& vm, Value owner, SlotKind kind) {
  if (!is_module(owner)) return raise(vm, vm.types.TypeError, "an nn.Module is required");
  auto* v = allocate_object<FieldsView>(vm, vm.extension<NnExtension>().view_type, Kind::Native);
  v->owner = new_ref(owner);
  v->mark = kind;
  vm.heap.track(v);
  return Value::object(v);
}

Value view_get_item(VM& vm, Value self, Value key) {
  Value found = find_borrow(vm, self, key);
  return found.is_unbound() ? raise_key_error(vm, key) : new_ref(found);
}

bool view_set_item(VM& vm, Value self, Value key, Value value) {
  if (!is_str(key)) {
    (void)raise(vm, vm.types.TypeError, "names of a module's members must be str");
    return false;
  }
  Attributes* a = attributes_of(view(self)->owner.o);
  Ref name(Value::object(vm.intern(as<Str>(key))));
  if (!value.is_unbound()) {
    store(vm, a, as<Str>(*name), value, view(self)->mark);
    return true;
  }
  if (find_borrow(vm, self, key).is_unbound()) {
    (void)raise_key_error(vm, key);
    return false;
  }
  attribute_delete(vm, a, as<Str>(*name));
  return true;
}

int view_contains(VM& vm, Value self, Value key) { return find_borrow(vm, self, key).is_unbound() ? 0 : 1; }

int64_t view_length(VM&, Value self) {
  int64_t n = 0;
  each_field(self, [&](Str*, Value) { return ++n > 0; });
  return n;
}

enum class Part { Keys, Values, Items };

/// A list: changing the module while walking over it is safe.
Value view_list(VM& vm, Value self, Part part) {
  Ref list(make_list(vm));
  each_field(self, [&](Str* name, Value value) {
    Value key = Value::object(name);
    if (part == Part::Items) {
      Ref pair(make_tuple(vm, {key, value}));
      list_append(vm, as<List>(*list), *pair);
    } else {
      list_append(vm, as<List>(*list), part == Part::Keys ? key : value);
    }
    return true;
  });
  return list.take();
}

Value view_iter(VM& vm, Value self) {
  Ref keys(view_list(vm, self, Part::Keys));
  return get_iter(vm, *keys);
}

Value view_repr(VM& vm, Value self) {
  std::string text = "OrderedDict([";
  bool first = true;
  bool ok = each_field(self, [&](Str* name, Value value) {
    text += first ? "(" : ", (";
    first = false;
    if (!repr_to(vm, Value::object(name), text)) return false;
    text += ", ";
    if (!repr_to(vm, value, text)) return false;
    text += ")";
    return true;
  });
  if (!ok) return Value::error();
  if (first) return make_str(vm, "OrderedDict()");
  return make_str(vm, text + "])");
}

void view_dealloc(VM&, Object* o) {
  auto* v = static_cast<FieldsView*>(o);
  release(v->owner);
}

void view_traverse(Object* o, void (*visit)(Value, void*), void* context) {
  visit(static_cast<FieldsView*>(o)->owner, context);
}

const NativeDef kViewMethods[] = {
    {"keys(self, /)", [](VM& vm, const Value* a) { return view_list(vm, a[0], Part::Keys); }},
    {"values(self, /)", [](VM& vm, const Value* a) { return view_list(vm, a[0], Part::Values); }},
    {"items(self, /)", [](VM& vm, const Value* a) { return view_list(vm, a[0], Part::Items); }},
    {"__reversed__(self, /)",
     [](VM& vm, const Value* a) {
       Ref keys(view_list(vm, a[0], Part::Keys));
       Ref done(call_method(vm, *keys, "reverse"));
       return get_iter(vm, *keys);
     }},
    {"get(self, key, default=None, /)",
     [](VM& vm, const Value* a) {
       Value found = find_borrow(vm, a[0], a[1]);
       return new_ref(found.is_unbound() ? a[2] : found);
     }},
    {"pop(self, key, default=..., /)",
     [](VM& vm, const Value* a) {
       Ref found = Ref::copy(find_borrow(vm, a[0], a[1]));
       if (found->is_unbound()) return a[2].is_unbound() ? raise_key_error(vm, a[1]) : new_ref(a[2]);
       return view_set_item(vm, a[0], a[1], Value::unbound()) ? found.take() : Value::error();
     }},
    {"update(self, other, /)",
     [](VM& vm, const Value* a) {
       Ref pairs(make_dict(vm));
       if (!dict_update(vm, as<Dict>(*pairs), a[1])) return Value::error();
       uint32_t position = 0;
       while (DictEntry* e = dict_next(as<Dict>(*pairs), position))
         if (!view_set_item(vm, a[0], e->key, e->value)) return Value::error();
       return Value::none();
     }},
    {"clear(self, /)",
     [](VM& vm, const Value* a) {
       Ref keys(view_list(vm, a[0], Part::Keys));
       for (Ref& key : list_snapshot(as<List>(*keys)))
         if (!view_set_item(vm, a[0], *key, Value::unbound())) return Value::error();
       return Value::none();
     }},
    {"copy(self, /)",
     [](VM& vm, const Value* a) {
       Ref d(make_dict(vm));
       each_field(a[0], [&](Str* name, Value value) {
         dict_set(vm, as<Dict>(*d), name, value);
         return true;
       });
       return d.take();
     }},
};

// --- the module ------------------------------------------------------------------------------------------------------

Value register_member(VM& vm, const Value* a, SlotKind kind) {
  if (!is_module(a[0])) return raise(vm, vm.types.TypeError, "an nn.Module is required");
  if (attribute_find_borrow(attributes_of(a[0].o), vm.name("training")).is_unbound())
    return raise(vm, vm.types.AttributeError, "cannot assign %s before Module.__init__() call",
                 kind == SlotKind::Parameter ? "parameter"
                 : kind == SlotKind::Buffer  ? "buffer"
                                             : "module");
  Ref name(Value::object(vm.intern(as<Str>(a[1]))));
  store(vm, attributes_of(a[0].o), as<Str>(*name), a[2], kind);
  return Value::none();
}

const NativeDef kFunctions[] = {
    {"parameters(module, /)", [](VM& vm, const Value* a) { return make_view(vm, a[0], SlotKind::Parameter); },
     "The parameters of a module by name, as a mapping that shows changes."},
    {"buffers(module, /)", [](VM& vm, const Value* a) { return make_view(vm, a[0], SlotKind::Buffer); },
     "The buffers of a module by name."},
    {"submodules(module, /)", [](VM& vm, const Value* a) { return make_view(vm, a[0], SlotKind::Submodule); },
     "The submodules of a module by name."},
    {"register_parameter(module, name, value, /)",
     [](VM& vm, const Value* a) { return register_member(vm, a, SlotKind::Parameter); }},
    {"register_buffer(module, name, value, /)",
     [](VM& vm, const Value* a) { return register_member(vm, a, SlotKind::Buffer); }},
    {"register_module(module, name, value, /)",
     [](VM& vm, const Value* a) { return register_member(vm, a, SlotKind::Submodule); }},
    {"set_has_hooks(module, /)",
     [](VM&, const Value* a) {
       a[0].o->flags |= kHasHooks;
       return Value::none();
     },
     "Calls of that module go through _call_impl from now on."},
    {"set_global_hooks(on, /)",
     [](VM& vm, const Value* a) {
       vm.module_hooks = truth(vm, a[0]) == 1;
       return Value::none();
     },
     "Whether calls of all modules go through _call_impl."},
    {"set_attr(module, name, value, /)",
     [](VM& vm, const Value* a) {
       Ref name(Value::object(vm.intern(as<Str>(a[1]))));
       return set_module_attr(vm, a[0], as<Str>(*name), a[2]) ? Value::none() : Value::error();
     },
     "Module.__setattr__."},
    {"set_module_class(cls, /)",
     [](VM& vm, const Value* a) {
       if (!is_kind(a[0], Kind::Type)) return raise(vm, vm.types.TypeError, "a class is required");
       Type* type = as<Type>(a[0]);
       type->is_tensor_module = true;
       type->slots.set_attr = set_module_attr;
       type->slots.call = call_module;
       type->called_method = vm.name("forward");
       return Value::none();
     },
     "Makes a class the root of all modules; classes derived from it later are modules too."},
};

}  // namespace

Value make_nn_module(VM& vm) {
  NnExtension& extension = vm.extension<NnExtension>();
  if (!extension.view_type) {
    Type* type = new_type(vm, "_MembersView", "_nn", vm.types.object, Kind::Native, sizeof(FieldsView));
    type->is_gc = true;
    type->is_final = true;
    type->slots.dealloc = view_dealloc;
    type->slots.traverse = view_traverse;
    type->slots.get_item = view_get_item;
    type->slots.set_item = view_set_item;
    type->slots.contains = view_contains;
    type->slots.length = view_length;
    type->slots.iter = view_iter;
    type->slots.repr = view_repr;
    finish_type(vm, type, {.methods = kViewMethods});
    extension.view_type = type;
  }
  ModuleBuilder m(vm, "_nn");
  m.functions(kFunctions);
  return m.take();
}

}  // namespace tsvm::stdlib

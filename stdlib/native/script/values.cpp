// Values in and out of scripted code.
//
// Inward: lists and dictionaries are copied (scripted code changes its own), ints become floats where floats are
// wanted, tuples become named tuples. Outward: a container that something else holds too is copied.
#include "stdlib/native/torch/values.h"
#include "stdlib/native/script/host.h"
#include "vm/shape.h"
#include "vm/types/dict.h"

namespace tsvm::stdlib::script_host {

using namespace tsvm::vm;
using ir::TypeKind;
using script::ClassInfo;
using script::Const;
using script::TypeId;
namespace types = ir::types;

bool ScriptState::as_const(Value v, Const& out, TypeId& type) {
  v = unbox(v);
  switch (v.tag) {
    case Tag::None:
      out = Const{};
      type = types::None;
      return true;
    case Tag::Bool:
      out = Const::boolean(v.is_true());
      type = types::Bool;
      return true;
    case Tag::Int:
      out = Const::integer(v.i);
      type = types::I64;
      return true;
    case Tag::Float:
      out = Const::number(v.d);
      type = types::F64;
      return true;
    case Tag::DType:
      out = Const::integer(ops::info(static_cast<ops::DType>(v.i)).torch_number);
      type = types::I64;
      return true;
    case Tag::Object: break;
    default: return false;
  }
  if (is_str(v)) {
    out = Const::text(text_of(v));
    type = types::Str;
    return true;
  }
  if (is_kind(v, Kind::Complex)) {
    out = Const{};
    out.kind = Const::Kind::Complex;
    out.d = as<Complex>(v)->re;
    out.imag = as<Complex>(v)->im;
    type = types::Complex;
    return true;
  }
  if (is_device(*vm, v)) {
    std::string text;
    if (!str_to(*vm, v, text)) clear_pending(*vm);
    out = Const::text(text);
    out.kind = Const::Kind::Device;
    type = types::Device;
    return true;
  }
  TorchTypes& torch = torch_types(*vm);
  if (v.o->type == torch.layout || v.o->type == torch.memory_format) {
    out = Const::integer(v.o->type == torch.layout ? static_cast<int64_t>(unpack_layout(v))
                                                   : static_cast<int64_t>(unpack_memory_format(v)));
    type = types::I64;
    return true;
  }
  if (TypeId e = enum_type(v.o->type)) {
    out = Const::object(Const::Kind::Object, number_of(v));
    type = e;
    return true;
  }
  return false;
}

Value ScriptState::value_of(const Const& c) {
  switch (c.kind) {
    case Const::Kind::Bool: return Value::boolean(c.i != 0);
    case Const::Kind::Int: return Value::integer(c.i);
    case Const::Kind::Float: return Value::number(c.d);
    case Const::Kind::Complex: return make_complex(*vm, c.d, c.imag);
    case Const::Kind::Str: return make_str(*vm, c.s);
    case Const::Kind::Tensor:
    case Const::Kind::Object: return new_ref(object(c.i));
    default: return Value::none();
  }
}

TypeId ScriptState::infer_type(Value v, std::string& why) {
  v = unbox(v);
  if (v.is_tensor()) return types::Tensor;
  Const c;
  TypeId type;
  if (as_const(v, c, type)) return type;
  auto merge = [&](TypeId& have, TypeId next, const char* what) {
    if (!next) return false;
    TypeId both = have ? program->unify(have, next) : next;
    if (!both) {
      why = std::string(what) + " inferring the type of its elements: they are of different types (" +
            program->type_text(have) + " and " + program->type_text(next) + ")";
      return false;
    }
    have = both;
    return true;
  };
  if (is_kind(v, Kind::List)) {
    if (as<List>(v)->size == 0) {
      why = "List trace inputs must have elements";
      return TypeId();
    }
    TypeId element;
    for (Ref& item : list_snapshot(as<List>(v)))
      if (!merge(element, infer_type(*item, why), "List:")) return TypeId();
    return types.list(element);
  }
  if (is_kind(v, Kind::Dict)) {
    auto* d = as<Dict>(v);
    if (d->size == 0) {
      why = "Dictionary inputs must have entries";
      return TypeId();
    }
    TypeId key, value;
    uint32_t position = 0;
    while (DictEntry* e = dict_next(d, position))
      if (!merge(key, infer_type(e->key, why), "Dict:") || !merge(value, infer_type(e->value, why), "Dict:"))
        return TypeId();
    return types.dict(key, value);
  }
  if (is_kind(v, Kind::Tuple)) {
    if (TypeId n = named_tuple_type(v.o->type)) return n;
    std::vector<TypeId> items;
    for (Value x : as<Tuple>(v)->span()) {
      TypeId t = infer_type(x, why);
      if (!t) return TypeId();
      items.push_back(t);
    }
    if (v.o->type == torch_types(*vm).size) return types.list(types::I64);
    return types.tuple(items);
  }
  if (ClassInfo* m = type_of_script_module(v)) return m->type;
  if (v.is_object())
    if (ClassInfo* c2 = known_class(v.o->type)) return c2->type;
  why =
      "Only tensors and (possibly nested) tuples of tensors, lists, or dictsare supported as inputs or outputs of "
      "traced functions, but instead got value of type " +
      std::string(type_of(*vm, v)->name->view()) + ".";
  return TypeId();
}

Value ScriptState::to_script(Value v, TypeId t, std::string& why) {
  Value plain = unbox(v);
  auto cast_error = [&](const char* cpp) {
    std::string name(type_of(*vm, v)->name->view());
    why = "Unable to cast Python instance of type <class '" + name + "'> to C++ type '" + cpp + "'";
    return Value::unbound();
  };
  const ir::Type& type = types[t];
  switch (type.kind) {
    case TypeKind::Any:
    case TypeKind::ScriptAny: {
      std::string inner;
      TypeId known = infer_type(v, inner);
      if (known && (type.kind == TypeKind::ScriptAny)) {
        TypeKind k = types.kind(known);
        if (k == TypeKind::List || k == TypeKind::Dict || k == TypeKind::Tuple) return to_script(v, known, why);
      }
      return new_ref(plain);
    }
    case TypeKind::Tensor:
      if (v.is_tensor()) return new_ref(v);
      why = "";
      return Value::unbound();
    case TypeKind::Bool:
      if (plain.is_bool()) return plain;
      return cast_error("bool");
    case TypeKind::I64:
      if (plain.is_int()) return plain;
      if (plain.is_bool()) return Value::integer(plain.is_true());
      if (v.tag == Tag::DType) return Value::integer(ops::info(static_cast<ops::DType>(v.i)).torch_number);
      if (v.is_object() && v.o->type == torch_types(*vm).layout)
        return Value::integer(static_cast<int64_t>(unpack_layout(v)));
      if (v.is_object() && v.o->type == torch_types(*vm).memory_format)
        return Value::integer(static_cast<int64_t>(unpack_memory_format(v)));
      if (v.is_tensor() && v.t->dim() == 0) {
        Ref i(to_index(*vm, v));
        if (i.is_error()) {
          clear_pending(*vm);
          return cast_error("int64_t");
        }
        return i.take();
      }
      return cast_error("int64_t");
    case TypeKind::F64:
      if (plain.is_float()) return plain;
      if (plain.is_int()) return Value::number(static_cast<double>(plain.i));
      if (plain.is_bool()) return Value::number(plain.is_true());
      if (v.is_tensor() && v.t->dim() == 0) {
        double d;
        if (!to_double(*vm, v, d)) return Value::error();
        return Value::number(d);
      }
      return cast_error("double");
    case TypeKind::Complex:
      if (is_kind(plain, Kind::Complex)) return new_ref(plain);
      if (plain.is_float()) return make_complex(*vm, plain.d, 0);
      if (plain.is_int()) return make_complex(*vm, static_cast<double>(plain.i), 0);
      return cast_error("c10::complex<double>");
    case TypeKind::Number:
      if (plain.is_int() || plain.is_float() || is_kind(plain, Kind::Complex)) return new_ref(plain);
      if (v.is_tensor() && v.t->dim() == 0) return vm::call_method(*vm, v, "item");
      why = "Cannot cast to a number";
      return Value::unbound();
    case TypeKind::None:
      if (v.is_none()) return v;
      why = "Cannot cast to None";
      return Value::unbound();
    case TypeKind::Str:
      if (is_str(plain)) return new_ref(plain);
      return cast_error("std::string");
    case TypeKind::Device:
      if (is_device(*vm, v)) return new_ref(v);
      if (is_str(v)) {
        Value args[] = {v};
        return vm::call(*vm, Value::object(torch_types(*vm).device), args);
      }
      return Value::unbound();
    case TypeKind::Generator:
      return v.is_none() || (v.is_object() && v.o->type == torch_types(*vm).generator) ? new_ref(v) : Value::unbound();
    case TypeKind::Optional: return v.is_none() ? v : to_script(v, type.args[0], why);
    case TypeKind::Union:
      for (TypeId a : std::vector<TypeId>(type.args)) {
        // The alternative that the value is, before one that it can become.
        std::string inner;
        TypeId own = infer_type(v, inner);
        if (own && own != a) continue;
        Ref x(to_script(v, a, why));
        if (x.is_error() || !x->is_unbound()) return x.take();
      }
      for (TypeId a : std::vector<TypeId>(type.args)) {
        Ref x(to_script(v, a, why));
        if (x.is_error() || !x->is_unbound()) return x.take();
      }
      return Value::unbound();
    case TypeKind::List: {
      if (!is_kind(v, Kind::List) && !is_kind(v, Kind::Tuple)) return cast_error("List");
      TypeId element = type.args[0];
      if (is_kind(v, Kind::Tuple) && element != types::I64 && element != types::F64 && element != types::Tensor &&
          element != types::Bool)
        return cast_error("List");
      Ref source(make_list_from_sequence(*vm, v));
      auto* l = as<List>(*source);
      Ref out(make_list(*vm));
      list_reserve(*vm, as<List>(*out), l->size);
      for (uint64_t i = 0; i < l->size; i++) {
        Ref item(list_get(l, i));
        Ref x(to_script(*item, element, why));
        if (x.is_error()) return Value::error();
        if (x->is_unbound()) return Value::unbound();
        list_append(*vm, as<List>(*out), *x);
      }
      return out.take();
    }
    case TypeKind::Dict: {
      if (!is_kind(v, Kind::Dict)) return cast_error("Dict");
      TypeId key = type.args[0], item = type.args[1];
      Ref out(make_dict(*vm));
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(v), position)) {
        Ref k(to_script(e->key, key, why)), x(to_script(e->value, item, why));
        if (k.is_error() || x.is_error()) return Value::error();
        if (k->is_unbound() || x->is_unbound()) return Value::unbound();
        if (!dict_set(*vm, as<Dict>(*out), *k, *x)) return Value::error();
      }
      return out.take();
    }
    case TypeKind::Tuple:
    case TypeKind::NamedTuple: {
      if (!is_kind(v, Kind::Tuple)) {
        why = "Object of type " + std::string(type_of(*vm, v)->name->view()) + " cannot be converted to a tuple";
        return Value::unbound();
      }
      std::vector<TypeId> items = type.args;
      auto* in = as<Tuple>(v);
      if (in->size != items.size()) {
        why = "Object has " + std::to_string(in->size) + " items, not " + std::to_string(items.size());
        return Value::unbound();
      }
      std::vector<Ref> converted;
      std::vector<Value> raw;
      for (uint32_t i = 0; i < in->size; i++) {
        converted.push_back(Ref(to_script(in->items[i], items[i], why)));
        if (converted.back().is_error()) return Value::error();
        if (converted.back()->is_unbound()) return Value::unbound();
        raw.push_back(*converted.back());
      }
      if (types.kind(t) == TypeKind::NamedTuple)
        for (auto& [cls, id] : tuple_types_)
          if (id == t) return vm::call(*vm, Value::object(cls), raw);
      return vm::make_tuple(*vm, std::span<const Value>(raw));
    }
    case TypeKind::Future: return new_ref(v);
    case TypeKind::Class: {
      ClassInfo* info = program->class_of(t);
      if (!info) return Value::unbound();
      if (info->kind == ClassInfo::Kind::Module || info->kind == ClassInfo::Kind::Interface) {
        ClassInfo* own = type_of_script_module(v);
        if (own && program->is_subtype(own->type, t)) return new_ref(v);
        if (info->kind == ClassInfo::Kind::Interface && v.is_object())
          if (ClassInfo* c = known_class(v.o->type); c && program->is_subtype(c->type, t)) return new_ref(v);
        return Value::unbound();
      }
      if (info->kind == ClassInfo::Kind::Enum)
        return v.is_object() && v.o->type == host_of(*info).type ? new_ref(v) : Value::unbound();
      // An object of a script class: a copy, attribute by attribute.
      if (!v.is_object() || v.o->type != host_of(*info).type) {
        why = "Object of type " + std::string(type_of(*vm, v)->name->view()) + " is no " + info->name;
        return Value::unbound();
      }
      Ref out(make_instance(*vm, host_of(*info).type));
      for (const script::Attribute& a : info->attributes) {
        Ref field(get_attr_or_unbound(*vm, v, vm->name(a.name)));
        if (field.is_error()) return Value::error();
        if (field->is_unbound()) {
          why = "the object has no attribute " + a.name;
          return Value::unbound();
        }
        Ref x(to_script(*field, a.type, why));
        if (x.is_error()) return Value::error();
        if (x->is_unbound()) return Value::unbound();
        attribute_set(*vm, attributes_of(out->o), vm->name(a.name), *x);
      }
      return out.take();
    }
    default: return new_ref(v);
  }
}

Value ScriptState::from_script(Value v, TypeId t) {
  switch (types.kind(t)) {
    case TypeKind::Optional: return v.is_none() ? v : from_script(v, types[t].args[0]);
    case TypeKind::List: {
      if (!is_kind(v, Kind::List) || v.o->refs <= 1) return new_ref(v);
      TypeId element = types[t].args[0];
      auto* l = as<List>(v);
      Ref out(make_list(*vm));
      for (uint64_t i = 0; i < l->size; i++) {
        Ref item(list_get(l, i));
        Ref x(from_script(*item, element));
        if (x.is_error()) return Value::error();
        list_append(*vm, as<List>(*out), *x);
      }
      return out.take();
    }
    case TypeKind::Dict: {
      if (!is_kind(v, Kind::Dict) || v.o->refs <= 1) return new_ref(v);
      TypeId item = types[t].args[1];
      Ref out(make_dict(*vm));
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(v), position)) {
        Ref x(from_script(e->value, item));
        if (x.is_error()) return Value::error();
        if (!dict_set(*vm, as<Dict>(*out), e->key, *x)) return Value::error();
      }
      return out.take();
    }
    default: return new_ref(v);
  }
}

}  // namespace tsvm::stdlib::script_host

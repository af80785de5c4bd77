#include "vm/type_check.h"

#include "base/check.h"
#include "vm/make.h"
#include "vm/operations.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

bool named(VM& vm, Value v, std::string_view name) { return type_of(vm, v)->name->view() == name; }

}  // namespace

bool value_fits(VM& vm, const ir::TypeTable* table, ir::TypeId id, Value v) {
  using ir::TypeKind;
  // Types without parameters are their own kind.
  TypeKind kind = table ? table->kind(id) : static_cast<TypeKind>(id.index);
  auto args = [&](size_t i) { return (*table)[id].args[i]; };
  switch (kind) {
    case TypeKind::Any:
    case TypeKind::ScriptAny: return true;
    case TypeKind::Bool: return v.is_bool();
    case TypeKind::I64: return v.is_int();
    case TypeKind::F64: return v.is_float();
    case TypeKind::None: return v.is_none();
    case TypeKind::BigInt: return is_integer(v) && !v.is_bool();
    case TypeKind::Complex: return is_kind(v, Kind::Complex);
    case TypeKind::Str: return is_str(v);
    case TypeKind::Tensor: return v.is_tensor();
    case TypeKind::Number: return v.is_int() || v.is_float() || is_kind(v, Kind::Complex);
    case TypeKind::DType: return v.tag == Tag::DType;
    case TypeKind::Device: return named(vm, v, "device");
    case TypeKind::Layout: return named(vm, v, "layout");
    case TypeKind::Generator: return named(vm, v, "Generator");
    case TypeKind::Range: return is_kind(v, Kind::Range);
    case TypeKind::AnyList: return is_kind(v, Kind::List);
    case TypeKind::AnyTuple: return is_kind(v, Kind::Tuple);
    case TypeKind::AnyDict: return is_kind(v, Kind::Dict);
    case TypeKind::Function: return is_callable(vm, v);
    case TypeKind::List: {
      if (!is_kind(v, Kind::List)) return false;
      auto* l = as<List>(v);
      switch (l->element) {
        case ElementKind::Empty: return true;
        case ElementKind::Int: return value_fits(vm, table, args(0), Value::integer(0));
        case ElementKind::Float: return value_fits(vm, table, args(0), Value::number(0));
        case ElementKind::Bool: return value_fits(vm, table, args(0), Value::boolean(false));
        case ElementKind::Any: break;
      }
      for (uint64_t i = 0; i < l->size; i++)
        if (!value_fits(vm, table, args(0), l->values[i])) return false;
      return true;
    }
    case TypeKind::Dict: {
      if (!is_kind(v, Kind::Dict)) return false;
      uint32_t position = 0;
      while (DictEntry* e = dict_next(as<Dict>(v), position))
        if (!value_fits(vm, table, args(0), e->key) || !value_fits(vm, table, args(1), e->value)) return false;
      return true;
    }
    case TypeKind::Set: {
      if (!is_kind(v, Kind::Set)) return false;
      uint32_t position = 0;
      while (SetEntry* e = set_next(as<Set>(v), position))
        if (!value_fits(vm, table, args(0), e->key)) return false;
      return true;
    }
    case TypeKind::Tuple:
    case TypeKind::NamedTuple: {
      if (!is_kind(v, Kind::Tuple)) return false;
      auto* t = as<Tuple>(v);
      const ir::Type& type = (*table)[id];
      if (t->size != type.args.size()) return false;
      for (uint32_t i = 0; i < t->size; i++)
        if (!value_fits(vm, table, type.args[i], t->items[i])) return false;
      return true;
    }
    case TypeKind::Optional: return v.is_none() || value_fits(vm, table, args(0), v);
    case TypeKind::Union:
      for (ir::TypeId a : (*table)[id].args)
        if (value_fits(vm, table, a, v)) return true;
      return false;
    case TypeKind::Future: return named(vm, v, "Future");
    case TypeKind::Class: {
      std::string_view wanted = (*table)[id].name;
      wanted = wanted.substr(wanted.rfind('.') + 1);
      for (Type* t : type_of(vm, v)->mro)
        if (t->name->view() == wanted) return true;
      return false;
    }
  }
  TSVM_UNREACHABLE("type");
}

std::string type_name_of(VM& vm, Value v) {
  if (v.is_tensor()) return "Tensor";
  return std::string(type_of(vm, v)->name->view());
}

bool op_check_type(VM& vm, Frame* f, const Instr* pc) {
  Value v = f->regs[pc->b & kRegisterMask];
  ir::TypeId type(static_cast<uint32_t>(reinterpret_cast<const ExtensionWord*>(pc + 1)->low));
  ir::Module* module = f->state->unit->module();
  const ir::TypeTable* table = module ? module->types : nullptr;
  if (!value_fits(vm, table, type, v)) {
    ir::TypeTable simple;
    return fail(vm, vm.types.TypeError, "expected a value of type '%s', but found one of type '%s'",
                (table ? *table : simple).to_string(type).c_str(), type_name_of(vm, v).c_str());
  }
  Value out = take_operand(f->regs, pc->b);
  f->regs[pc->a] = out;
  return true;
}

}  // namespace tsvm::vm

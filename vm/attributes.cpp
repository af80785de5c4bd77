// Attribute instructions and their inline caches.
//
// What a cache may hold, and why it is right as long as its keys match:
//  - Field: an instance with that shape has the name as its own attribute in that field, and its type, at that version,
//    has no data descriptor of the name, nor overrides attribute lookup.
//  - TypeValue: an instance with that shape has no such own attribute; the type, at that version, gives the value as it
//    is. In a call_method cache it is a function that takes the instance as its first argument.
//  - AddField: storing the name to an instance of that shape leads to the shape in key2.
//  - ModuleValue: an entry of the module's dict; keys_version is unique among all dicts.
// A site that keeps missing stops filling its cache for a while, so that megamorphic code does not pay for both.
#include "base/check.h"
#include "vm/make.h"
#include "vm/operations.h"
#include "vm/runtime.h"
#include "vm/shape.h"

namespace tsvm::vm {

namespace {

Cache& cache_of(Frame* f, const Instr* pc) {
  return f->state->caches[static_cast<uint32_t>(reinterpret_cast<const ExtensionWord*>(pc + 1)->low)];
}

bool is_data_descriptor(VM& vm, Value v) { return v.tag == Tag::Object && type_of(vm, v)->slots.descr_set; }
bool is_descriptor(VM& vm, Value v) { return v.tag == Tag::Object && type_of(vm, v)->slots.descr_get; }

// A plain object whose lookups follow the default rules.
Instance* plain_instance(Value v) {
  if (!is_kind(v, Kind::Instance)) return nullptr;
  Type* type = v.o->type;
  if (type->overrides_getattribute || type->slots.get_attr) return nullptr;
  auto* i = static_cast<Instance*>(v.o);
  return i->shape ? i : nullptr;
}

bool may_fill(Cache& c) {
  if (c.kind == Cache::Empty || ++c.misses < 64) return true;
  if (c.misses == 255) c.misses = 0;  // another try
  return false;
}

void fill_load(VM& vm, Cache& c, Value object, Str* name) {
  if (!may_fill(c)) return;
  if (is_kind(object, Kind::Module)) {
    if (object.o->type != vm.types.module) return;
    Dict* d = as<Module>(object)->dict;
    int64_t i = dict_find(d, name);
    if (i < 0) return;
    c.kind = Cache::ModuleValue;
    c.key = d->keys_version;
    c.index = static_cast<uint32_t>(i);
    return;
  }
  Instance* i = plain_instance(object);
  if (!i) return;
  Value attr = lookup_in_type_borrow(i->type, name);
  if (is_data_descriptor(vm, attr)) return;
  int32_t field = shape_find(i->shape, name);
  if (field >= 0) {
    c.kind = Cache::Field;
    c.index = static_cast<uint32_t>(field);
  } else if (i->shape->dictionary < 0 && !attr.is_unbound() && !is_descriptor(vm, attr)) {
    c.kind = Cache::TypeValue;
    c.value = attr;
  } else {
    return;
  }
  c.key = reinterpret_cast<uint64_t>(i->shape);
  c.version = i->type->version;
}

}  // namespace

bool op_load_attr(VM& vm, Frame* f, const Instr* pc) {
  Value object = f->regs[pc->b & kRegisterMask];
  Str* name = f->state->names[pc->c];
  Cache& c = cache_of(f, pc);
  fill_load(vm, c, object, name);
  Value v = get_attr(vm, object, name);
  if (v.is_error()) return false;
  c.seen |= static_cast<uint16_t>(1u << static_cast<uint32_t>(v.tag));
  drop_operand(f->regs, pc->b);
  f->regs[pc->a] = v;
  return true;
}

bool op_store_attr(VM& vm, Frame* f, const Instr* pc) {
  Value object = f->regs[pc->a & kRegisterMask];
  Value value = f->regs[pc->b & kRegisterMask];
  Str* name = f->state->names[pc->c];
  Cache& c = cache_of(f, pc);
  Instance* i = is_kind(object, Kind::Instance) ? as<Instance>(object) : nullptr;
  Type* type = i ? i->type : nullptr;
  Shape* before = nullptr;
  if (i && i->shape && !type->overrides_setattr && !type->slots.set_attr && !type->is_tensor_module && may_fill(c) &&
      !is_data_descriptor(vm, lookup_in_type_borrow(type, name)))
    before = i->shape;
  uint32_t version = type ? type->version : 0;
  if (!set_attr(vm, object, name, value)) return false;
  if (before && type->version == version) {
    int32_t field = shape_find(i->shape, name);
    if (field >= 0 && i->shape == before) {
      c.kind = Cache::Field;
    } else if (field >= 0 && i->shape->parent == before && i->shape->name == name) {
      c.kind = Cache::AddField;
      c.key2 = reinterpret_cast<uint64_t>(i->shape);
    }
    if (field >= 0) {
      c.key = reinterpret_cast<uint64_t>(before);
      c.version = version;
      c.index = static_cast<uint32_t>(field);
    }
  }
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->a);
  return true;
}

bool op_delete_attr(VM& vm, Frame* f, const Instr* pc) {
  if (!set_attr(vm, f->regs[pc->a & kRegisterMask], f->state->names[pc->b], Value())) return false;
  drop_operand(f->regs, pc->a);
  return true;
}

Value cached_method(VM& vm, Cache& c, Value object, Str* name, bool& bound) {
  bound = false;
  if (object.tag == Tag::Object) {
    Object* o = object.o;
    if (o->kind == Kind::Instance) {
      auto* i = static_cast<Instance*>(o);
      if (c.kind == Cache::TypeValue && reinterpret_cast<uint64_t>(i->shape) == c.key && i->type->version == c.version)
        return new_ref(c.value);
    } else if (o->kind == Kind::Module) {
      if (c.kind == Cache::ModuleValue && static_cast<Module*>(o)->dict->keys_version == c.key) {
        bound = true;
        return new_ref(static_cast<Module*>(o)->dict->entries[c.index].value);
      }
      fill_load(vm, c, object, name);
    } else if (c.kind == Cache::Other && reinterpret_cast<uint64_t>(o->type) == c.key &&
               o->type->version == c.version) {
      return new_ref(c.value);
    }
  }
  Value callee = load_method(vm, object, name, bound);
  if (callee.is_error() || bound || object.tag != Tag::Object || !may_fill(c)) return callee;
  Type* type = object.o->type;
  if (type->overrides_getattribute || type->slots.get_attr) return callee;
  Value attr = lookup_in_type_borrow(type, name);
  if (!attr.same(callee)) return callee;
  if (Instance* i = plain_instance(object)) {
    if (shape_find(i->shape, name) >= 0 || i->shape->dictionary >= 0) return callee;
    c.kind = Cache::TypeValue;
    c.key = reinterpret_cast<uint64_t>(i->shape);
  } else if (!attributes_of(object.o) && object.o->kind != Kind::Type && object.o->kind != Kind::Instance &&
             object.o->kind != Kind::Function) {
    // A built-in object without attributes of its own: its type decides.
    c.kind = Cache::Other;
    c.key = reinterpret_cast<uint64_t>(type);
  } else {
    return callee;
  }
  c.version = type->version;
  c.value = attr;
  return callee;
}

bool op_load_special(VM& vm, Frame* f, const Instr* pc) {
  Value object = f->regs[pc->b & kRegisterMask];
  Str* name = f->state->names[pc->c];
  Value v = lookup_special(vm, object, name);
  if (v.is_error()) return false;
  if (v.is_unbound()) {
    const char* missed = name == vm.names.exit ? " (missed __exit__ method)" : "";
    (void)raise(vm, vm.types.TypeError, "'%s' object does not support the context manager protocol%s",
                type_of(vm, object)->name->data, missed);
    return false;
  }
  drop_operand(f->regs, pc->b);
  f->regs[pc->a] = v;
  return true;
}

bool op_load_super(VM& vm, Frame* f, const Instr* pc) {
  Value type = f->regs[pc->b & kRegisterMask], object = f->regs[pc->c & kRegisterMask];
  Value v = call(vm, Value::object(vm.types.super), {type, object});
  if (v.is_error()) return false;
  drop_operand(f->regs, pc->b);
  drop_operand(f->regs, pc->c);
  f->regs[pc->a] = v;
  return true;
}

}  // namespace tsvm::vm

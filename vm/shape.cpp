// Shapes: where instances keep their attributes.
//
// A shape is a step in a tree below its type's root. Finding a name walks the steps upwards while there are few, and
// uses a table once there are more; transitions to children are kept in the parent. An instance leaves the tree for a
// dict when its `__dict__` is asked for, or when it has more attributes than kMaxFields: its shape then has one hidden
// field that holds the dict (besides fields of __slots__ and the marked ones of an nn.Module, which never move:
// PyTorch's modules do not have their parameters in __dict__ either).
#include "vm/shape.h"

#include <unordered_map>

#include "vm/runtime.h"
#include "vm/tables.h"

namespace tsvm::vm {

namespace {
constexpr uint32_t kWalk = 6;
constexpr uint32_t kMaxFields = 512;
}  // namespace

struct Shape::Table {
  std::unordered_map<Str*, uint32_t> index;  // made when first searched
  std::vector<Shape*> children;
  bool has_index = false;
};

static Shape::Table& table_of(Shape* s) {
  if (!s->table) s->table = new Shape::Table();
  return *s->table;
}

static void delete_tree(Shape* root) {
  std::vector<Shape*> work{root};
  while (!work.empty()) {
    Shape* s = work.back();
    work.pop_back();
    if (s->table) work.insert(work.end(), s->table->children.begin(), s->table->children.end());
    if (s->name) release(Value::object(s->name));
    delete s->table;
    delete s;
  }
}

void delete_shapes(Type* t) {
  if (t->root_shape) delete_tree(t->root_shape);
  t->root_shape = nullptr;
}

Shape* root_shape(VM&, Type* type) {
  if (!type->root_shape) type->root_shape = new Shape{type, nullptr, nullptr, SlotKind::Plain, 0, -1, nullptr};
  return type->root_shape;
}

int32_t shape_find(Shape* shape, Str* name) {
  if (shape->count > kWalk) {
    Shape::Table& t = table_of(shape);
    if (!t.has_index) {
      for (Shape* s = shape; s->parent; s = s->parent) t.index.emplace(s->name, s->count - 1);
      t.has_index = true;
    }
    auto it = t.index.find(name);
    return it == t.index.end() ? -1 : static_cast<int32_t>(it->second);
  }
  for (Shape* s = shape; s->parent; s = s->parent)
    if (s->name == name) return static_cast<int32_t>(s->count - 1);
  return -1;
}

SlotKind shape_kind(Shape* shape, uint32_t field) {
  while (shape->count > field + 1) shape = shape->parent;
  return shape->slot_kind;
}

Str* shape_name(Shape* shape, uint32_t field) {
  while (shape->count > field + 1) shape = shape->parent;
  return shape->name;
}

std::vector<ShapeField> shape_fields(Shape* shape) {
  std::vector<ShapeField> out(shape->count);
  for (Shape* s = shape; s->parent; s = s->parent) out[s->count - 1] = {s->name, s->slot_kind};
  return out;
}

static Shape* add_step(Shape* shape, Str* name, SlotKind kind) {
  Shape::Table& t = table_of(shape);
  for (Shape* c : t.children)
    if (c->name == name && c->slot_kind == kind) return c;
  name->refs++;
  auto* c = new Shape{shape->type, shape, name, kind, shape->count + 1, shape->dictionary, nullptr};
  if (kind == SlotKind::Dictionary) c->dictionary = static_cast<int32_t>(shape->count);
  t.children.push_back(c);
  return c;
}

Shape* shape_add(VM&, Shape* shape, Str* name, SlotKind kind) {
  if (kind == SlotKind::Plain && (shape->dictionary >= 0 || shape->count >= kMaxFields)) return nullptr;
  return add_step(shape, name, kind);
}

static void append_field(VM& vm, Attributes* a, Shape* to, Value owned) {
  uint32_t i = to->count - 1;
  if (i >= a->capacity) {
    uint32_t capacity = a->capacity ? a->capacity * 2 : 4;
    auto* fields = static_cast<Value*>(vm.heap.allocate(capacity * sizeof(Value)));
    if (a->capacity) {
      std::memcpy(static_cast<void*>(fields), a->fields, i * sizeof(Value));
      vm.heap.free(a->fields, a->capacity * sizeof(Value));
    }
    a->fields = fields;
    a->capacity = capacity;
  }
  new (&a->fields[i]) Value(owned);
  a->shape = to;
}

void attribute_append(VM& vm, Attributes* a, Shape* to, Value value) { append_field(vm, a, to, new_ref(value)); }

Dict* attributes_to_dict(VM& vm, Attributes* a) {
  if (a->shape->dictionary >= 0) return as<Dict>(a->fields[a->shape->dictionary]);
  Value dict = make_dict(vm);
  Shape* old = a->shape;
  std::vector<ShapeField> fields = shape_fields(old);
  Value* values = a->fields;
  uint32_t capacity = a->capacity;
  a->shape = root_shape(vm, old->type);
  a->fields = nullptr;
  a->capacity = 0;
  for (uint32_t i = 0; i < old->count; i++) {
    if (fields[i].kind != SlotKind::Plain) {
      append_field(vm, a, add_step(a->shape, fields[i].name, fields[i].kind), values[i]);
    } else {
      if (!values[i].is_unbound()) dict_set(vm, as<Dict>(dict), fields[i].name, values[i]);
      release(values[i]);
    }
  }
  append_field(vm, a, add_step(a->shape, vm.names.dict_, SlotKind::Dictionary), dict);
  if (capacity) vm.heap.free(values, capacity * sizeof(Value));
  return as<Dict>(dict);
}

Value attribute_find_borrow(Attributes* a, Str* name) {
  Shape* s = a->shape;
  if (!s) return Value();
  int32_t i = shape_find(s, name);
  if (i >= 0 && i != s->dictionary) return a->fields[i];
  if (s->dictionary >= 0) return dict_get_borrow(as<Dict>(a->fields[s->dictionary]), name);
  return Value();
}

void attribute_set(VM& vm, Attributes* a, Str* name, Value value, SlotKind kind) {
  int32_t i = shape_find(a->shape, name);
  if (i >= 0 && i != a->shape->dictionary) {
    Value old = a->fields[i];
    a->fields[i] = new_ref(value);
    release(old);
    return;
  }
  if (Shape* to = shape_add(vm, a->shape, name, kind)) {
    append_field(vm, a, to, new_ref(value));
    return;
  }
  dict_set(vm, attributes_to_dict(vm, a), name, value);
}

bool attribute_delete(VM& vm, Attributes* a, Str* name) {
  int32_t i = a->shape ? shape_find(a->shape, name) : -1;
  if (i < 0 || i == a->shape->dictionary) {
    if (a->shape && a->shape->dictionary >= 0) return dict_delete(vm, as<Dict>(a->fields[a->shape->dictionary]), name);
    return false;
  }
  if (a->fields[i].is_unbound()) return false;
  std::vector<ShapeField> fields = shape_fields(a->shape);
  Value old = a->fields[i];
  if (fields[i].kind == SlotKind::Member) {
    a->fields[i] = Value();
    release(old);
    return true;
  }
  Shape* s = root_shape(vm, a->shape->type);
  uint32_t count = a->shape->count;
  for (uint32_t k = 0; k < count; k++)
    if (static_cast<int32_t>(k) != i) s = add_step(s, fields[k].name, fields[k].kind);
  std::memmove(static_cast<void*>(a->fields + i), a->fields + i + 1, (count - 1 - i) * sizeof(Value));
  a->shape = s;
  release(old);
  return true;
}

}  // namespace tsvm::vm

// An object's own attributes: finding, setting and deleting them through its shape (see vm/shape.cpp).
#pragma once

#include <vector>

#include "vm/make.h"

namespace tsvm::vm {

struct ShapeField {
  Str* name;
  SlotKind kind;
};

/// Names and kinds of a shape's fields, in order.
std::vector<ShapeField> shape_fields(Shape* shape);
SlotKind shape_kind(Shape* shape, uint32_t field);
Str* shape_name(Shape* shape, uint32_t field);

/// Unbound when absent.
Value attribute_find_borrow(Attributes* a, Str* name);
void attribute_set(VM& vm, Attributes* a, Str* name, Value value, SlotKind kind = SlotKind::Plain);
/// False: there was none.
bool attribute_delete(VM& vm, Attributes* a, Str* name);
/// Adds the field that `to` (a child of the current shape) has more.
void attribute_append(VM& vm, Attributes* a, Shape* to, Value value);
/// Moves the attributes to a dict if they are not there yet; borrowed.
Dict* attributes_to_dict(VM& vm, Attributes* a);

}  // namespace tsvm::vm

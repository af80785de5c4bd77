// Classes and descriptors: what their files share.
#pragma once

#include "vm/native.h"
#include "vm/types/common.h"

namespace tsvm::vm {

/// "module.Name", without "builtins.".
std::string full_type_name(Type* t);
/// New versions for the type and all that derive from it.
void type_modified(VM& vm, Type* type);

Value make_static_method(VM& vm, Value function);
Value make_class_method(VM& vm, Value function);
Value make_getset(VM& vm, Type* owner, const GetSetDef* def);
Value make_member_descriptor(VM& vm, Type* owner, Str* name);
Value make_super(VM& vm, Type* type, Value object, Type* object_type);
Value make_proxy(VM& vm, Value mapping);
/// X | Y of types; NotImplemented for other operands.
Value make_union(VM& vm, Value a, Value b);
extern const GetSetDef kInstanceDict;

void dealloc_boxed(VM& vm, Object* o);
void traverse_boxed(Object* o, void (*visit)(Value, void*), void* context);

}  // namespace tsvm::vm

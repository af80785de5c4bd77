#include "vm/expansion.h"

#include "vm/runtime.h"

namespace tsvm::vm {

// module.qualname() as CPython's messages name a callee.
std::string Expansion::callee_text() const {
  VM& vm = vm_;
  Value callee = callee_;
  Ref name(get_attr_or_unbound(vm, callee, vm.names.qualname));
  if (name.is_error()) clear_pending(vm);
  if (!is_str(*name)) {
    std::string out;
    if (!str_to(vm, callee, out)) clear_pending(vm);
    return out;
  }
  std::string out(text_of(*name));
  Ref module(get_attr_or_unbound(vm, callee, vm.names.module));
  if (module.is_error()) clear_pending(vm);
  if (is_str(*module) && text_of(*module) != "builtins") out = std::string(text_of(*module)) + "." + out;
  return out + "()";
}

bool Expansion::run(const CodeShape& shape, const ShapeState& names, const Value* values) {
  size_t keyword = 0;
  std::vector<Value> keyword_values;
  star_is_alone_ = shape.starred.starts_with('*') && shape.starred.find_first_of("p*", 1) == std::string::npos;
  for (size_t i = 0; i < shape.starred.size(); i++) {
    Value v = values[i];
    switch (shape.starred[i]) {
      case 'p': args.push_back(v); break;
      case '*':
        if (!star(v)) return false;
        break;
      case 'k':
        if (!add(names.keywords[keyword++], v, keyword_values)) return false;
        break;
      default:
        if (!double_star(v, keyword_values)) return false;
    }
  }
  args.insert(args.end(), keyword_values.begin(), keyword_values.end());
  return true;
}

bool Expansion::star(Value v) {
  if (is_kind(v, Kind::Tuple) && v.o->type == vm_.types.tuple) {
    auto items = as<Tuple>(v)->span();
    args.insert(args.end(), items.begin(), items.end());
    return true;
  }
  Type* type = type_of(vm_, v);
  if (!type->slots.iter && lookup_in_type_borrow(type, vm_.names.iter).is_unbound() &&
      lookup_in_type_borrow(type, vm_.names.getitem).is_unbound()) {
    // CPython builds a list of several arguments first, and that does not know what is called.
    if (star_is_alone_)
      (void)raise(vm_, vm_.types.TypeError, "%s argument after * must be an iterable, not %s", callee_text().c_str(),
                  type->name->data);
    else
      (void)raise(vm_, vm_.types.TypeError, "Value after * must be an iterable, not %s", type->name->data);
    return false;
  }
  return for_each(vm_, v, [&](Value item) {
    keep_.push_back(Ref::copy(item));
    args.push_back(item);
    return true;
  });
}

bool Expansion::add(Str* name, Value v, std::vector<Value>& values) {
  for (Str* k : keywords)
    if (str_equal(k, name)) {
      (void)raise(vm_, vm_.types.TypeError, "%s got multiple values for keyword argument '%s'", callee_text().c_str(),
                  name->data);
      return false;
    }
  keywords.push_back(name);
  values.push_back(v);
  return true;
}

bool Expansion::double_star(Value v, std::vector<Value>& values) {
  Ref dict = Ref::copy(v);
  if (!is_kind(v, Kind::Dict)) {
    Ref keys(get_attr_or_unbound(vm_, v, vm_.names.keys));
    if (keys.is_error()) return false;
    if (keys->is_unbound()) {
      (void)raise(vm_, vm_.types.TypeError, "%s argument after ** must be a mapping, not %s", callee_text().c_str(),
                  type_of(vm_, v)->name->data);
      return false;
    }
    dict = Ref(make_dict(vm_));
    if (!dict_update(vm_, as<Dict>(*dict), v)) return false;
  }
  keep_.push_back(dict);
  uint32_t position = 0;
  while (DictEntry* e = dict_next(as<Dict>(*dict), position)) {
    if (!is_str(e->key)) {
      (void)raise(vm_, vm_.types.TypeError, "keywords must be strings");
      return false;
    }
    Str* name = vm_.intern(as<Str>(e->key));
    keep_.emplace_back(Value::object(name));
    keep_.push_back(Ref::copy(e->value));
    if (!add(name, e->value, values)) return false;
  }
  return true;
}

}  // namespace tsvm::vm

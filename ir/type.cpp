#include "ir/type.h"

#include <algorithm>

#include "base/check.h"

namespace tsvm::ir {

namespace {

constexpr const char* kSimpleNames[] = {
#define TYPE(name, text) text,
    TSVM_IR_SIMPLE_TYPES(TYPE)
#undef TYPE
};
constexpr uint32_t kSimpleCount = sizeof(kSimpleNames) / sizeof(kSimpleNames[0]);

void add_word(std::string& key, uint32_t word) {
  for (int i = 0; i < 4; i++) key.push_back(static_cast<char>(word >> (8 * i)));
}
void add_text(std::string& key, std::string_view text) {
  add_word(key, static_cast<uint32_t>(text.size()));
  key.append(text);
}

}  // namespace

TypeTable::TypeTable() {
  types_.reserve(64);
  for (uint32_t i = 0; i < kSimpleCount; i++) types_.push_back(Type{static_cast<TypeKind>(i), {}, {}, {}});
}

TypeId TypeTable::make(TypeKind kind, std::span<const TypeId> args, std::string_view name,
                       std::span<const std::string> names) {
  std::string key;
  key.reserve(8 + 4 * args.size() + name.size());
  key.push_back(static_cast<char>(kind));
  add_word(key, static_cast<uint32_t>(args.size()));
  for (TypeId a : args) add_word(key, a.index);
  add_text(key, name);
  for (const std::string& n : names) add_text(key, n);
  auto [it, added] = interned_.try_emplace(std::move(key), TypeId(static_cast<uint32_t>(types_.size())));
  if (added) {
    types_.push_back(Type{kind, std::vector<TypeId>(args.begin(), args.end()), std::string(name),
                          std::vector<std::string>(names.begin(), names.end())});
  }
  return it->second;
}

TypeId TypeTable::optional(TypeId element) {
  TypeKind k = kind(element);
  // Nesting says nothing more, and what already holds None stays as it is.
  if (k == TypeKind::Optional || k == TypeKind::None || k == TypeKind::Any || k == TypeKind::ScriptAny) return element;
  return make(TypeKind::Optional, {element});
}

TypeId TypeTable::union_of(std::span<const TypeId> alternatives) {
  // Flat, without repetitions, in an order that does not depend on how it was written.
  std::vector<TypeId> flat;
  bool has_none = false;
  auto add = [&](auto& self, TypeId t) -> void {
    switch (kind(t)) {
      case TypeKind::Union:
        for (TypeId a : std::vector<TypeId>(types_[t.index].args)) self(self, a);
        break;
      case TypeKind::Optional:
        has_none = true;
        self(self, types_[t.index].args[0]);
        break;
      case TypeKind::None: has_none = true; break;
      default:
        if (std::find(flat.begin(), flat.end(), t) == flat.end()) flat.push_back(t);
    }
  };
  for (TypeId t : alternatives) add(add, t);
  for (TypeId t : flat)
    if (t == types::Any || t == types::ScriptAny) return t;
  if (flat.empty()) return types::None;
  if (flat.size() == 1) return has_none ? optional(flat[0]) : flat[0];
  if (has_none) flat.push_back(types::None);
  std::sort(flat.begin(), flat.end());
  return make(TypeKind::Union, flat);
}

TypeId TypeTable::class_named(std::string_view qualified_name) { return make(TypeKind::Class, {}, qualified_name); }

TypeId TypeTable::named_tuple(std::string_view name, std::span<const std::string> fields,
                              std::span<const TypeId> types) {
  TSVM_CHECK(fields.size() == types.size(), "a named tuple has one type per field");
  return make(TypeKind::NamedTuple, types, name, fields);
}

std::string TypeTable::to_string(TypeId id) const {
  if (!id) return "<none>";
  const Type& t = types_[id.index];
  if (id.index < kSimpleCount) return kSimpleNames[id.index];
  const char* head = "";
  switch (t.kind) {
    case TypeKind::List: head = "List"; break;
    case TypeKind::Dict: head = "Dict"; break;
    case TypeKind::Set: head = "Set"; break;
    case TypeKind::Tuple: head = "Tuple"; break;
    case TypeKind::Optional: head = "Optional"; break;
    case TypeKind::Union: head = "Union"; break;
    case TypeKind::Future: head = "Future"; break;
    default: return t.name;  // Class, NamedTuple
  }
  std::string out = head;
  out += '[';
  for (size_t i = 0; i < t.args.size(); i++) {
    if (i) out += ", ";
    out += to_string(t.args[i]);
  }
  // The empty tuple's own notation.
  if (t.kind == TypeKind::Tuple && t.args.empty()) out += "()";
  out += ']';
  return out;
}

}  // namespace tsvm::ir

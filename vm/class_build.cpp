// The class statement.
#include "vm/expansion.h"
#include "vm/interpreter.h"
#include "vm/make.h"
#include "vm/operations.h"
#include "vm/runtime.h"

namespace tsvm::vm {

namespace {

// Bases that are no classes may name others to stand for them (__mro_entries__): typing's generics.
bool resolve_bases(VM& vm, Value bases, Ref& out) {
  auto* tuple = as<Tuple>(bases);
  bool changed = false;
  std::vector<Ref> items;
  for (Value base : tuple->span()) {
    if (is_kind(base, Kind::Type)) {
      items.push_back(Ref::copy(base));
      continue;
    }
    Ref entries(get_attr_or_unbound(vm, base, vm.names.mro_entries));
    if (entries.is_error()) return false;
    if (entries->is_unbound()) {
      items.push_back(Ref::copy(base));
      continue;
    }
    Ref replacement(call(vm, *entries, {bases}));
    if (replacement.is_error()) return false;
    if (!is_kind(*replacement, Kind::Tuple)) return fail(vm, vm.types.TypeError, "__mro_entries__ must return a tuple");
    changed = true;
    for (Value v : as<Tuple>(*replacement)->span()) items.push_back(Ref::copy(v));
  }
  if (!changed) {
    out = Ref::copy(bases);
    return true;
  }
  std::vector<Value> values;
  for (Ref& r : items) values.push_back(*r);
  out = Ref(vm::make_tuple(vm, std::span<const Value>(values)));
  return true;
}

Value build(VM& vm, Function* body, Value name, std::span<const Value> bases_given, std::span<Str* const> keywords,
            std::span<const Value> keyword_values) {
  Ref given(vm::make_tuple(vm, bases_given));
  Ref bases;
  if (!resolve_bases(vm, *given, bases)) return Value::error();

  // The metaclass: of the keyword, else of the first base; then the most derived one of all bases.
  Value meta = Value::object(vm.types.type);
  std::vector<Value> values;
  std::vector<Str*> names;
  bool by_keyword = false;
  for (size_t i = 0; i < keywords.size(); i++) {
    if (keywords[i] == vm.names.metaclass) {
      meta = keyword_values[i];
      by_keyword = true;
    } else {
      names.push_back(keywords[i]);
      values.push_back(keyword_values[i]);
    }
  }
  if (!by_keyword && as<Tuple>(*bases)->size > 0) meta = Value::object(type_of(vm, as<Tuple>(*bases)->items[0]));
  if (is_kind(meta, Kind::Type)) {
    Type* best = metaclass_of(vm, as<Type>(meta), as<Tuple>(*bases));
    if (!best) return Value::error();
    meta = Value::object(best);
  }
  bool plain = meta.same(Value::object(vm.types.type));

  Ref ns;
  if (!plain) {
    Ref prepare(get_attr_or_unbound(vm, meta, vm.names.prepare));
    if (prepare.is_error()) return Value::error();
    if (!prepare->is_unbound()) {
      std::vector<Value> args{name, *bases};
      args.insert(args.end(), values.begin(), values.end());
      ns = Ref(call(vm, *prepare, args, names));
      if (ns.is_error()) return Value::error();
    }
  }
  if (ns->is_unbound()) ns = Ref(make_dict(vm));
  Value ns_value = *ns;
  Ref cell(call_function(vm, body, std::span<const Value>(&ns_value, 1), {}));
  if (cell.is_error()) return Value::error();
  if (!given->same(*bases) && is_kind(*ns, Kind::Dict)) {
    dict_set(vm, as<Dict>(*ns), "__orig_bases__", *given);
  }

  Ref made;
  if (plain) {
    made = Ref(make_class(vm, vm.types.type, name, *bases, *ns, values, names));
  } else {
    std::vector<Value> args{name, *bases, *ns};
    args.insert(args.end(), values.begin(), values.end());
    made = Ref(call(vm, meta, args, names));
  }
  if (made.is_error()) return Value::error();
  if (is_kind(*cell, Kind::Cell) && as<Cell>(*cell)->value.is_unbound()) as<Cell>(*cell)->value = new_ref(*made);
  return made.take();
}

}  // namespace

bool op_build_class(VM& vm, Frame* f, const Instr* pc) {
  const auto* ids = reinterpret_cast<const uint16_t*>(pc + 2);
  uint32_t index = reinterpret_cast<const ExtensionWord*>(pc + 1)->high;
  const CodeShape& shape = f->state->code->shapes[index];
  const ShapeState& names = f->state->shapes[index];
  std::vector<Value> operands;
  for (uint32_t i = 0; i < pc->c; i++) operands.push_back(f->regs[ids[i] & kRegisterMask]);
  Value body = operands[0], name = operands[1];
  std::span<const Value> rest(operands.data() + 2, operands.size() - 2);

  Value made;
  if (shape.starred.empty()) {
    made = build(vm, as<Function>(body), name, rest.subspan(0, shape.positional), names.keywords,
                 rest.subspan(shape.positional));
  } else {
    Expansion e(vm, body);
    if (!e.run(shape, names, rest.data())) return false;
    size_t positional = e.args.size() - e.keywords.size();
    made = build(vm, as<Function>(body), name, {e.args.data(), positional}, e.keywords,
                 std::span<const Value>(e.args).subspan(positional));
  }
  if (made.is_error()) return false;
  for (uint32_t i = 0; i < pc->c; i++) drop_operand(f->regs, ids[i]);
  f->regs[pc->a] = made;
  return true;
}

}  // namespace tsvm::vm

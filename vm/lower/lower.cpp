#include "vm/lower/lower.h"

#include "vm/lower/machine.h"

namespace tsvm::vm {

namespace {

// What the code says of its parameters and names, before there are instructions.
void describe(const ir::Function& f, Code& c) {
  c.name = f.name;
  c.qualified_name = f.qualified_name;
  c.doc = f.doc;
  c.has_doc = f.has_doc;
  c.is_generator = f.is_generator;
  c.is_class_body = f.is_class_body;
  c.is_module_body = f.is_module_body;
  c.is_typed = f.is_typed;
  c.first_line = static_cast<uint32_t>(f.first_line);
  c.range = f.range;
  c.num_slots = f.num_slots;
  c.num_params = static_cast<uint32_t>(f[f.entry].params.size());
  auto name = [&](ir::NameId id) {
    c.names.push_back(f.module->text(id));
    return static_cast<uint32_t>(c.names.size() - 1);
  };
  bool simple = true;
  for (const ir::Param& p : f.params) {
    c.params.push_back({name(p.name), p.kind, p.has_default});
    switch (p.kind) {
      case ir::ParamKind::PositionalOnly: c.num_positional_only++; [[fallthrough]];
      case ir::ParamKind::Positional: c.num_positional++; break;
      case ir::ParamKind::VarArgs:
        c.has_varargs = true;
        simple = false;
        break;
      case ir::ParamKind::KeywordOnly:
        c.num_keyword_only++;
        simple = false;
        break;
      case ir::ParamKind::VarKeywords:
        c.has_varkeywords = true;
        simple = false;
        break;
    }
  }
  // A class body's one parameter, its namespace, has no name.
  if (c.params.size() < c.num_params) c.num_positional = c.num_params;
  c.is_simple = simple && !f.is_generator;
  for (const ir::InlinedFunction& i : f.inlined) c.inlined.push_back({i.name, i.parent, i.call});
  for (ir::NameId n : f.slot_names) c.slot_names.push_back(n ? name(n) : 0);
  for (ir::NameId n : f.free_names) c.free_names.push_back(name(n));
  for (ir::NameId n : f.local_names) c.local_names.push_back(name(n));
}

}  // namespace

LowerResult lower(const ir::Function& f, uint32_t unit_index, LowerMap* map) {
  LowerResult r;
  auto code = std::make_unique<Code>();
  code->index = unit_index;
  describe(f, *code);
  lowering::MFunction m;
  m.f = &f;
  m.code = code.get();
  m.same.assign(f.values.size(), lowering::kNone);
  m.slot.assign(f.values.size(), lowering::kNone);
  m.fixed.assign(f.values.size(), lowering::kNone);
  for (const ir::Value& v : f.values) m.raw.push_back(ir::TypeTable::is_raw(v.type));
  lowering::select(m);
  lowering::Allocation a = lowering::allocate(m);
  if (!lowering::emit(m, a, map, r.limit)) return r;
  r.code = std::move(code);
  return r;
}

}  // namespace tsvm::vm

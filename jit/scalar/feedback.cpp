#include "jit/scalar/feedback.h"

#include <cmath>

#include "vm/make.h"
#include "vm/runtime.h"
#include "vm/shape.h"

namespace tsvm::jit {

using ir::InstId;
using ir::ObjectRef;
using ir::Opcode;
using ir::TypeId;
using ir::ValueId;
using vm::Bc;
using vm::Cache;
using vm::Kind;
using vm::Tag;
using vm::Value;

namespace types = ir::types;

// --- states of bytecode ---

BytecodeStates::BytecodeStates(const ir::Function& f, const vm::LowerMap& map, const vm::Code& code) : code_(code) {
  std::unordered_map<uint32_t, uint16_t> second;  // by value: of load_method's two registers
  for (const vm::LowerMap::Point& p : map.points) {
    const auto* i = reinterpret_cast<const vm::Instr*>(code.words.data() + p.pc);
    if (static_cast<Bc>(i->op) != Bc::LoadMethod) continue;
    second[f[p.inst].result.index] = reinterpret_cast<const uint16_t*>(i + 2)[1];
  }
  for (const vm::LowerMap::Point& p : map.points) {
    ir::ResumeState s;
    s.pc = p.pc;
    for (uint32_t k = 0; k < p.live_count; k++) {
      ValueId v = map.live[p.live_begin + k];
      uint16_t r = map.registers[v.index];
      if (auto it = second.find(v.index); it != second.end()) cleared_[p.pc].push_back(it->second);
      if (r == vm::LowerMap::kNowhere) continue;
      if (!(r & vm::LowerMap::kRaw) && r >= code.num_params && r < code.num_params + code.num_slots) continue;
      s.registers.emplace_back(r, v);
    }
    by_inst_[p.inst.index] = std::move(s);
    inst_at_.emplace(p.pc, p.inst.index);
  }
}

const ir::ResumeState* BytecodeStates::before(InstId inst) const {
  auto it = by_inst_.find(inst.index);
  return it == by_inst_.end() ? nullptr : &it->second;
}

const ir::ResumeState* BytecodeStates::at(uint32_t pc) const {
  auto it = inst_at_.find(pc);
  return it == inst_at_.end() ? nullptr : before(InstId(it->second));
}

const std::vector<uint16_t>* BytecodeStates::cleared_at(uint32_t pc) const {
  auto it = cleared_.find(pc);
  return it == cleared_.end() ? nullptr : &it->second;
}

std::vector<uint16_t> BytecodeStates::taken_at(uint32_t pc) const {
  const auto* i = reinterpret_cast<const vm::Instr*>(code_.words.data() + pc);
  const vm::BytecodeInfo& row = info(static_cast<Bc>(i->op));
  std::vector<uint16_t> out;
  auto see = [&](uint16_t id) {
    if (id & vm::kLastUse) out.push_back(id & vm::kRegisterMask);
  };
  const uint16_t fields[] = {i->a, i->b, i->c};
  for (int k = 0; k < 3; k++) {
    if (row.fields[k] == 'r' || row.fields[k] == 'R') see(fields[k]);
    if (row.fields[k] != 'c' || row.list != 'l') continue;
    const auto* list = reinterpret_cast<const uint16_t*>(i + 1 + row.has_extension());
    for (uint32_t n = 0; n < fields[k]; n++) see(list[n]);
  }
  return out;
}

int64_t BytecodeStates::pc_of(InstId inst) const {
  const ir::ResumeState* s = before(inst);
  return s ? int64_t{s->pc} : -1;
}

// --- feedback ---

ir::TypeId raw_type(Tag tag) {
  switch (tag) {
    case Tag::Bool: return types::Bool;
    case Tag::Int: return types::I64;
    case Tag::Float: return types::F64;
    default: return types::Any;
  }
}

namespace {

// The one raw type among recorded tags.
TypeId seen_type(uint32_t seen) {
  for (Tag t : {Tag::Bool, Tag::Int, Tag::Float})
    if (seen == 1u << static_cast<uint32_t>(t)) return raw_type(t);
  return types::Any;
}

// How the one sort of lists that was recorded (Cache::from) keeps its elements.
std::optional<TypeId> element_of(uint32_t from) {
  switch (from) {
    case 1 << static_cast<int>(vm::ElementKind::Any): return types::Any;
    case 1 << static_cast<int>(vm::ElementKind::Int): return types::I64;
    case 1 << static_cast<int>(vm::ElementKind::Float): return types::F64;
    case 1 << static_cast<int>(vm::ElementKind::Bool): return types::Bool;
    default: return std::nullopt;
  }
}

double math_sqrt(double x) { return std::sqrt(x); }
double math_exp(double x) { return std::exp(x); }
double math_sin(double x) { return std::sin(x); }
double math_cos(double x) { return std::cos(x); }
double math_tan(double x) { return std::tan(x); }
double math_asin(double x) { return std::asin(x); }
double math_acos(double x) { return std::acos(x); }
double math_atan(double x) { return std::atan(x); }
double math_tanh(double x) { return std::tanh(x); }
double math_fabs(double x) { return std::fabs(x); }

// Results that are not finite leave to the generic code, which knows what they mean.
const Math kMath[] = {
    {"math", "sqrt", reinterpret_cast<const void*>(math_sqrt), 1},
    {"math", "exp", reinterpret_cast<const void*>(math_exp), 1},
    {"math", "sin", reinterpret_cast<const void*>(math_sin), 1},
    {"math", "cos", reinterpret_cast<const void*>(math_cos), 1},
    {"math", "tan", reinterpret_cast<const void*>(math_tan), 1},
    {"math", "asin", reinterpret_cast<const void*>(math_asin), 1},
    {"math", "acos", reinterpret_cast<const void*>(math_acos), 1},
    {"math", "atan", reinterpret_cast<const void*>(math_atan), 1},
    {"math", "tanh", reinterpret_cast<const void*>(math_tanh), 1},
    {"math", "fabs", reinterpret_cast<const void*>(math_fabs), 1},
    {"builtins", "abs", reinterpret_cast<const void*>(math_fabs), 1, false},
};

}  // namespace

Feedback::Feedback(vm::VM& vm, vm::CodeState* state, vm::Dict* globals, const ir::Function& f,
                   const BytecodeStates& states, NativeCode& out)
    : vm_(vm), state_(state), globals_(globals), f_(f), states_(states), out_(out) {}

const vm::Instr* Feedback::instr(InstId i) const {
  int64_t pc = states_.pc_of(i);
  return pc < 0 ? nullptr : reinterpret_cast<const vm::Instr*>(state_->code->words.data()) + pc;
}

const Cache* Feedback::cache(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p) return nullptr;
  const vm::BytecodeInfo& row = info(static_cast<Bc>(p->op));
  const auto& ext = *reinterpret_cast<const vm::ExtensionWord*>(p + 1);
  if (row.extension[0] == 'h') return &state_->caches[static_cast<uint32_t>(ext.low)];
  if (row.extension[1] == 'h') return &state_->caches[ext.high];
  return nullptr;
}

void Feedback::keep(Value v) const {
  if (v.counted()) out_.kept.push_back(new_ref(v));
}

TypeId Feedback::param(uint32_t i) const {
  return arguments && i < state_->code->num_params ? raw_type(arguments[i].tag) : types::Any;
}

bool Feedback::never_reached(ir::BlockId b) const { return b.index < wanted.size() && !wanted[b.index]; }

TypeId Feedback::result(InstId i) const {
  const vm::Instr* p = instr(i);
  const Cache* c = cache(i);
  if (!p || !c) return types::Any;
  switch (static_cast<Bc>(p->op)) {
    case Bc::LoadAttr:
    case Bc::LoadItem:
    case Bc::LoadItemInt:
    case Bc::ForIter: return f_[i].op == Opcode::Compare ? TypeId(types::Any) : seen_type(c->seen);
    case Bc::Call:
    case Bc::CallLoaded:
    case Bc::CallMethod: {
      Value v;
      if (auto m = module_entry(i))
        v = m->value();
      else if (static_cast<Bc>(p->op) == Bc::CallMethod)
        v = c->kind == Cache::TypeValue && shape_is_current(*c) ? c->value : Value();
      else if (f_[i].op == Opcode::Call)
        v = known_value(f_.operands(f_[i])[0]);
      return is_kind(v, Kind::Function) ? seen_type(vm::as<vm::Function>(v)->code->returned) : types::Any;
    }
    default: return types::Any;
  }
}

// Whether a class of that version exists: then it is the one that the cache saw, and its shapes are alive.
bool Feedback::shape_is_current(const Cache& c) const {
  auto search = [&](auto& self, const vm::Type* t) -> bool {
    if (t->version == c.version) return true;
    for (const vm::Type* s : t->subclasses)
      if (self(self, s)) return true;
    return false;
  };
  return search(search, vm_.types.object);
}

ObjectRef Feedback::shape_ref(const Cache& c) const {
  auto* shape = reinterpret_cast<vm::Shape*>(c.key);
  ObjectRef r;
  r.kind = ObjectRef::Kind::Shape;
  r.name = shape->type->name->data;
  for (const ShapeRef& s : out_.shapes)
    if (s.shape == shape && s.version == c.version) r.pointer = &s;
  if (!r.pointer) {
    out_.shapes.push_back({shape, shape->type, c.version});
    r.pointer = &out_.shapes.back();
    keep(Value::object(shape->type));
  }
  return r;
}

std::optional<ir::Sites::Attribute> Feedback::attribute(InstId i) const {
  const vm::Instr* p = instr(i);
  const Cache* c = cache(i);
  if (!p || !c || c->kind != Cache::Field) return std::nullopt;
  if (static_cast<Bc>(p->op) != Bc::LoadAttr && static_cast<Bc>(p->op) != Bc::StoreAttr) return std::nullopt;
  if (!shape_is_current(*c)) return std::nullopt;
  auto* shape = reinterpret_cast<vm::Shape*>(c->key);
  if (shape_kind(shape, c->index) == vm::SlotKind::Member) return std::nullopt;
  return Attribute{shape_ref(*c), c->index};
}

ObjectRef Feedback::value_ref(Value v) const {
  ObjectRef r;
  r.kind = ObjectRef::Kind::Value;
  r.pointer = v.o;
  r.name = type_of(vm_, v)->name->data;
  keep(v);
  return r;
}

std::vector<ObjectRef> Feedback::function_refs(Value v) const {
  std::vector<ObjectRef> out;
  if (is_kind(v, Kind::Function)) {
    auto* fn = vm::as<vm::Function>(v);
    const vm::Code& code = *fn->code->code;
    if (!code.is_simple) return out;
    ObjectRef r;
    r.kind = ObjectRef::Kind::Function;
    r.name = fn->qualified_name->data;
    r.pointer = fn;
    r.has_signature = true;
    r.params.assign(code.num_params, types::Any);
    keep(v);
    out.push_back(std::move(r));
  } else if (is_kind(v, Kind::NativeFunction)) {
    auto* fn = vm::as<vm::NativeFunction>(v);
    if (!is_kind(fn->module, Kind::Str) || fn->owner) return out;
    for (const Math& m : kMath) {
      if (fn->name->view() != m.name || vm::as<vm::Str>(fn->module)->view() != m.module) continue;
      ObjectRef r;
      r.kind = ObjectRef::Kind::Native;
      r.name = m.name;
      r.pointer = fn;
      r.code = m.code;
      r.has_signature = true;
      r.params.assign(m.arity, types::F64);
      r.result = types::F64;
      r.converts = m.converts;
      keep(v);
      out.push_back(std::move(r));
    }
  }
  return out;
}

std::optional<ir::Sites::Global> Feedback::global_at(vm::Dict* dict, uint32_t index, vm::Dict* hidden_by) const {
  Global g;
  GlobalCell cell;
  cell.dict = dict;
  cell.keys_version = dict->keys_version;
  cell.index = index;
  cell.hidden_by = hidden_by;
  cell.hidden_version = hidden_by ? hidden_by->keys_version : 0;
  const GlobalCell* known = nullptr;
  for (const GlobalCell& c : out_.globals)
    if (c.dict == dict && c.index == index && c.hidden_by == hidden_by) known = &c;
  if (!known) {
    out_.globals.push_back(cell);
    known = &out_.globals.back();
    keep(Value::object(dict));
    if (hidden_by) keep(Value::object(hidden_by));
  }
  g.cell.kind = ObjectRef::Kind::Global;
  g.cell.pointer = known;
  vm::DictEntry& e = dict->entries[index];
  g.cell.name = is_kind(e.key, Kind::Str) ? vm::as<vm::Str>(e.key)->data : "";
  Value v = e.value;
  if (is_kind(v, Kind::Function) || is_kind(v, Kind::NativeFunction)) {
    std::vector<ObjectRef> refs = function_refs(v);
    g.value = refs.empty() ? value_ref(v) : refs.front();
  } else if (is_kind(v, Kind::Module) || is_kind(v, Kind::Type)) {
    g.value = value_ref(v);
  }
  return g;
}

std::optional<ir::Sites::Global> Feedback::global(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p || static_cast<Bc>(p->op) != Bc::LoadGlobal || f_[i].op != Opcode::LoadGlobal) return std::nullopt;
  const Cache* c = cache(i);
  vm::Dict* globals = globals_;
  if (c->key != globals->keys_version) return std::nullopt;
  if (c->kind == Cache::Global) return global_at(globals, c->index, nullptr);
  if (c->kind == Cache::Builtin && c->key2 == vm_.builtins->keys_version)
    return global_at(vm_.builtins, c->index, globals);
  return std::nullopt;
}

Value Feedback::known_value(ValueId v) const {
  const ir::Inst* def = f_.def(v);
  if (!def) return Value();
  InstId id = f_[v].def;
  const vm::Instr* p = instr(id);
  const Cache* c = cache(id);
  if (!p || !c) return Value();
  if (def->op == Opcode::LoadGlobal && static_cast<Bc>(p->op) == Bc::LoadGlobal && c->key == globals_->keys_version) {
    if (c->kind == Cache::Global) return globals_->entries[c->index].value;
    if (c->kind == Cache::Builtin && c->key2 == vm_.builtins->keys_version)
      return vm_.builtins->entries[c->index].value;
  }
  if (def->op == Opcode::LoadAttr)
    if (auto m = module_entry(id)) return m->value();
  return Value();
}

std::optional<Feedback::ModuleEntry> Feedback::module_entry(InstId i) const {
  const ir::Inst& inst = f_[i];
  if ((inst.op != Opcode::LoadAttr && inst.op != Opcode::CallMethod) || !instr(i)) return std::nullopt;
  uint32_t name = inst.op == Opcode::LoadAttr ? inst.imm : f_.module->call_shapes[inst.imm].method.index;
  ModuleEntry m;
  m.module = known_value(f_.operands(inst)[0]);
  if (!is_kind(m.module, Kind::Module) || m.module.o->type != vm_.types.module) return std::nullopt;
  m.dict = vm::as<vm::Module>(m.module)->dict;
  int64_t index = vm::dict_find(m.dict, vm_.name(f_.module->text(ir::NameId(name))));
  if (index < 0) return std::nullopt;
  m.index = static_cast<uint32_t>(index);
  return m;
}

std::optional<ir::Sites::ModuleValue> Feedback::module_value(InstId i) const {
  auto m = module_entry(i);
  if (!m) return std::nullopt;
  return ModuleValue{value_ref(m->module), *global_at(m->dict, m->index, nullptr)};
}

std::optional<ir::Sites::Item> Feedback::item(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p) return std::nullopt;
  auto op = static_cast<Bc>(p->op);
  if (op != Bc::LoadItem && op != Bc::LoadItemInt && op != Bc::StoreItem) return std::nullopt;
  uint16_t from = cache(i)->from;
  Item item;
  item.negative_index = from & Cache::kFromNegative;
  auto element = element_of(from & ~Cache::kFromNegative);
  if (!element) return std::nullopt;
  item.element = *element;
  return item;
}

std::optional<ir::Sites::Callee> Feedback::callee(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p) return std::nullopt;
  Callee out;
  // A method call may have become a plain one (specialise): the generic function, which is what is asked, stays.
  if (f_[i].op == Opcode::Call) {
    out.functions = function_refs(known_value(f_.operands(f_[i])[0]));
  } else if (auto m = module_entry(i)) {
    out.functions = function_refs(m->value());
  } else if (static_cast<Bc>(p->op) == Bc::CallMethod && f_[i].op == Opcode::CallMethod) {
    const Cache* c = cache(i);
    if (c->kind != Cache::TypeValue || !shape_is_current(*c) || !is_kind(c->value, Kind::Function)) return std::nullopt;
    out.functions = function_refs(c->value);
    out.shape = shape_ref(*c);
  }
  if (out.functions.empty()) return std::nullopt;
  return out;
}

std::optional<ir::Sites::RangeCall> Feedback::range_call(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p || static_cast<Bc>(p->op) != Bc::Call || f_[i].op != Opcode::Call) return std::nullopt;
  const ir::CallShape& shape = f_.module->call_shapes[f_[i].imm];
  size_t count = f_.operands(f_[i]).size() - 1;
  if (!shape.starred.empty() || !shape.keywords.empty() || count < 1 || count > 3) return std::nullopt;
  Value v = known_value(f_.operands(f_[i])[0]);
  if (!v.is_object() || v.o != vm_.types.range) return std::nullopt;
  RangeCall call{value_ref(v)};
  for (const ir::Block& b : f_.blocks)
    for (InstId user : b.insts)
      if (f_[user].op == Opcode::GetIter && f_.operands(f_[user])[0] == f_[i].result)
        if (const Cache* loop = loop_over(f_[user].result)) call.ascending = static_cast<int64_t>(loop->key) >= 0;
  return call;
}

const Cache* Feedback::loop_over(ValueId iterator) const {
  for (const ir::Block& b : f_.blocks) {
    if (b.insts.empty()) continue;
    InstId last = b.insts.back();
    if (f_[last].op != Opcode::ForIter || f_.operands(f_[last])[0] != iterator) continue;
    const vm::Instr* loop = instr(last);
    return loop && static_cast<Bc>(loop->op) == Bc::ForIter ? cache(last) : nullptr;
  }
  return nullptr;
}

std::optional<TypeId> Feedback::iterated_list(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p || static_cast<Bc>(p->op) != Bc::GetIter || f_[i].op != Opcode::GetIter) return std::nullopt;
  const Cache* loop = loop_over(f_[i].result);
  return loop ? element_of(loop->from) : std::nullopt;
}

std::optional<int32_t> Feedback::range_step(InstId i) const {
  const vm::Instr* p = instr(i);
  if (!p || static_cast<Bc>(p->op) != Bc::ForIter) return std::nullopt;
  const Cache* c = cache(i);
  auto step = static_cast<int64_t>(c->key);
  if (c->from != Cache::kFromRange || step == 0 || step != static_cast<int32_t>(step)) return std::nullopt;
  return static_cast<int32_t>(step);
}

}  // namespace tsvm::jit

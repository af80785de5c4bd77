#include "ir/function.h"

#include <cstring>

#include "base/check.h"
#include "ir/passes/rewrite.h"

namespace tsvm::ir {

// --- the table of opcodes ---

namespace {

// The words of the column `traits`.
[[maybe_unused]] constexpr uint32_t Pure = kPure, Reads = kReads, Raises = kRaises, Writes = kWrites, World = kWorld,
                                    Exits = kExits, Terminator = kTerminator, Commutes = kCommutes, Guards = kGuards,
                                    Fresh = kFresh, MaybeUnset = kMaybeUnset, Virtual = kVirtual, Slots = kSlots,
                                    Cells = kCells, Globals = kGlobals, Fields = kFields, Items = kItems,
                                    Lengths = kLengths, Layouts = kLayouts, Tensors = kTensors, Handled = kHandled,
                                    Random = kRandom;

constexpr OpcodeInfo kOpcodes[] = {
#define OPCODE(name, text, operands, result, immediate, traits) \
  {text, operands, result, Immediate::immediate, static_cast<uint32_t>(traits)},
#include "ir/opcodes.def"
};

constexpr const char* kArith[] = {"add",    "sub",    "mul",    "truediv", "floordiv", "mod", "pow",
                                  "matmul", "lshift", "rshift", "and",     "or",       "xor"};
constexpr const char* kUnary[] = {"neg", "pos", "invert", "not"};
constexpr const char* kCompare[] = {"lt", "le", "eq", "ne", "gt", "ge", "is", "is_not", "in", "not_in"};
static_assert(std::size(kArith) == static_cast<size_t>(ArithOp::Count));
static_assert(std::size(kUnary) == static_cast<size_t>(UnaryOp::Count));
static_assert(std::size(kCompare) == static_cast<size_t>(CompareOp::Count));

uint64_t hash_text(std::string_view text) {
  uint64_t h = text.size();
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    h = hash_mix(h, word);
    text.remove_prefix(8);
  }
  uint64_t tail = 0;
  std::memcpy(&tail, text.data(), text.size());
  return hash_mix(hash_mix(h, tail), 0x51);
}

uint64_t float_bits(double d) {
  uint64_t bits;
  std::memcpy(&bits, &d, 8);
  return bits;
}

}  // namespace

const OpcodeInfo& info(Opcode op) { return kOpcodes[static_cast<size_t>(op)]; }
const char* to_text(ArithOp op) { return kArith[static_cast<size_t>(op)]; }
const char* to_text(UnaryOp op) { return kUnary[static_cast<size_t>(op)]; }
const char* to_text(CompareOp op) { return kCompare[static_cast<size_t>(op)]; }

bool is_commutative(Opcode op, uint32_t imm) {
  if (!info(op).has(kCommutes)) return false;
  switch (static_cast<ArithOp>(imm)) {
    case ArithOp::Add:
    case ArithOp::Mul:
    case ArithOp::And:
    case ArithOp::Or:
    case ArithOp::Xor: return true;
    default: return false;
  }
}

// --- modules ---

bool Constant::operator==(const Constant& o) const {
  return kind == o.kind && int_value == o.int_value && float_bits(float_value) == float_bits(o.float_value) &&
         text == o.text && items == o.items;
}

NameId Module::intern(std::string_view name) {
  uint64_t h = hash_text(name);
  uint32_t id = name_index_.find(h, [&](uint32_t i) { return names[i] == name; });
  if (id == InternIndex::kNone) {
    id = static_cast<uint32_t>(names.size());
    names.emplace_back(name);
    name_index_.add(h, id);
  }
  return NameId(id);
}

ConstId Module::intern(const Constant& c) {
  uint64_t h = hash_mix(static_cast<uint64_t>(c.kind), static_cast<uint64_t>(c.int_value));
  h = hash_mix(hash_mix(h, float_bits(c.float_value)), hash_text(c.text));
  for (ConstId item : c.items) h = hash_mix(h, item.index);
  uint32_t id = constant_index_.find(h, [&](uint32_t i) { return constants[i] == c; });
  if (id == InternIndex::kNone) {
    id = static_cast<uint32_t>(constants.size());
    constants.push_back(c);
    constant_index_.add(h, id);
  }
  return ConstId(id);
}

uint32_t Module::intern(const Kernel& kernel) {
  for (uint32_t i = 0; i < kernels.size(); i++)
    if (kernels[i] == kernel) return i;
  kernels.push_back(kernel);
  return static_cast<uint32_t>(kernels.size() - 1);
}

uint32_t Module::intern(const CallShape& s) {
  uint64_t h = hash_mix(hash_mix(s.positional, s.method.index), hash_text(s.starred));
  for (NameId k : s.keywords) h = hash_mix(h, k.index);
  uint32_t id = shape_index_.find(h, [&](uint32_t i) { return call_shapes[i] == s; });
  if (id == InternIndex::kNone) {
    id = static_cast<uint32_t>(call_shapes.size());
    call_shapes.push_back(s);
    shape_index_.add(h, id);
  }
  return id;
}

TypeTable& Module::type_table() {
  if (!types) {
    own_types_ = std::make_unique<TypeTable>();
    types = own_types_.get();
  }
  return *types;
}

FuncId Module::add_function() {
  functions.push_back(std::make_unique<Function>());
  functions.back()->module = this;
  return FuncId(static_cast<uint32_t>(functions.size() - 1));
}

// --- building ---

TypeId result_type(Opcode op, uint32_t imm, TypeId wanted) {
  const OpcodeInfo& row = info(op);
  switch (row.result[0]) {
    case '-': return TypeId();
    case 'a': return TypeTable::is_raw(wanted) ? types::Any : wanted;  // any
    case 'b': return types::Bool;
    case 'f': return types::F64;
    case 't': return types::Tensor;
    case 'o': return wanted;  // op
    case 'i':
      if (row.result[1] == '6') return types::I64;
      return row.immediate == Immediate::Type ? TypeId(imm) : wanted;  // imm
    default: TSVM_UNREACHABLE("unknown result in opcodes.def");
  }
}

BlockId Builder::make_block() {
  BlockId id(static_cast<uint32_t>(f_.blocks.size()));
  f_.blocks.emplace_back();
  f_.blocks.back().handler = handler;
  return id;
}

ValueId Builder::add_param(BlockId block, TypeId type) {
  ValueId id(static_cast<uint32_t>(f_.values.size()));
  f_.values.push_back(Value{type, InstId(), block});
  f_[block].params.push_back(id);
  return id;
}

bool Builder::terminated() const {
  const Block& b = f_[block_];
  return !b.insts.empty() && (info(f_[b.insts.back()].op).traits & kTerminator) != 0;
}

Inst& Builder::append(Opcode op, std::span<const ValueId> operands, uint32_t imm) {
  InstId id(static_cast<uint32_t>(f_.insts.size()));
  uint32_t begin = static_cast<uint32_t>(f_.pool.size());
  // The operands may lie in the pool itself.
  size_t inside = operands.data() >= f_.pool.data() && operands.data() < f_.pool.data() + f_.pool.size()
                      ? static_cast<size_t>(operands.data() - f_.pool.data())
                      : SIZE_MAX;
  f_.pool.resize(begin + operands.size());
  const ValueId* from = inside == SIZE_MAX ? operands.data() : f_.pool.data() + inside;
  std::copy(from, from + operands.size(), f_.pool.begin() + begin);
  Inst inst;
  inst.op = op;
  inst.imm = imm;
  inst.operands_begin = begin;
  inst.operands_count = static_cast<uint32_t>(operands.size());
  inst.range = range;
  inst.frame = frame;
  if (info(op).has(kExits | kWorld)) inst.exit = exit;
  f_.insts.push_back(inst);
  std::vector<InstId>& list = f_[block_].insts;
  if (index_ == kEnd)
    list.push_back(id);
  else
    list.insert(list.begin() + index_++, id);
  return f_.insts.back();
}

ValueId Builder::emit(Opcode op, std::span<const ValueId> operands, uint32_t imm, TypeId type) {
  if (rewrites) {
    // Rules make instructions while they look at the operands, which may lie in the pool that then grows.
    std::vector<ValueId> copy;
    if (operands.data() >= f_.pool.data() && operands.data() < f_.pool.data() + f_.pool.size()) {
      copy.assign(operands.begin(), operands.end());
      operands = copy;
    }
    Rewrite r = rewrite(*this, Candidate{op, operands, imm, type, exit});
    if (r.done) return r.value;
  }
  TypeId result = result_type(op, imm, type);
  Inst& inst = append(op, operands, imm);
  if (!result) return ValueId();
  ValueId value(static_cast<uint32_t>(f_.values.size()));
  inst.result = value;
  InstId id(static_cast<uint32_t>(f_.insts.size() - 1));
  f_.values.push_back(Value{result, id, BlockId()});
  return value;
}

ValueId Builder::constant(const Constant& value, TypeId type) {
  return emit(Opcode::Const, {}, f_.module->intern(value).index, type);
}

ValueId Builder::const_bool(bool value) {
  Constant c;
  c.kind = Constant::Kind::Bool;
  c.int_value = value;
  return constant(c, types::Bool);
}

ValueId Builder::const_i64(int64_t value) {
  Constant c;
  c.kind = Constant::Kind::Int;
  c.int_value = value;
  return constant(c, types::I64);
}

ValueId Builder::const_f64(double value) {
  Constant c;
  c.kind = Constant::Kind::Float;
  c.float_value = value;
  return constant(c, types::F64);
}

ValueId Builder::box(ValueId value) {
  return TypeTable::is_raw(f_.type_of(value)) ? emit(Opcode::Box, {value}) : value;
}

void Builder::add_edge(InstId inst, BlockId target, std::span<const ValueId> args) {
  Edge e;
  e.target = target;
  e.args_begin = static_cast<uint32_t>(f_.pool.size());
  e.args_count = static_cast<uint32_t>(args.size());
  std::vector<ValueId> copy(args.begin(), args.end());  // may lie in the pool itself
  f_.pool.insert(f_.pool.end(), copy.begin(), copy.end());
  Inst& i = f_[inst];
  if (i.edge_count == 0) i.edges_begin = static_cast<uint32_t>(f_.edges.size());
  i.edge_count++;
  f_.edges.push_back(e);
}

void Builder::jump(BlockId target, std::span<const ValueId> args) {
  append(Opcode::Jump, {}, 0);
  add_edge(InstId(static_cast<uint32_t>(f_.insts.size() - 1)), target, args);
}

void Builder::branch(ValueId condition, BlockId then, BlockId otherwise, std::span<const ValueId> then_args,
                     std::span<const ValueId> else_args) {
  append(Opcode::Branch, std::span(&condition, 1), 0);
  InstId id(static_cast<uint32_t>(f_.insts.size() - 1));
  add_edge(id, then, then_args);
  add_edge(id, otherwise, else_args);
}

ValueId Builder::for_iter(ValueId iterator, BlockId body, BlockId end, std::span<const ValueId> body_args,
                          std::span<const ValueId> end_args) {
  ValueId value(static_cast<uint32_t>(f_.values.size()));
  Inst& inst = append(Opcode::ForIter, std::span(&iterator, 1), 0);
  inst.result = value;
  InstId id(static_cast<uint32_t>(f_.insts.size() - 1));
  f_.values.push_back(Value{types::Any, id, BlockId()});
  add_edge(id, body, body_args);
  add_edge(id, end, end_args);
  return value;
}

}  // namespace tsvm::ir

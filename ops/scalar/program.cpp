#include "ops/scalar/program.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "base/check.h"

namespace tsvm::ops::scalar {

namespace {

constexpr OpInfo kOps[] = {
#define SCALAR_OP(name, operands, kind, types, result) {#name, operands, OpKind::kind, OpResult::result, types},
#include "ops/scalar/opcodes.def"
#undef SCALAR_OP
};

constexpr const char* kTypeNames[kCTypeCount] = {"bool", "i32", "i64", "f32", "f64", "c64", "c128"};

size_t hash_inst(const Inst& i) {
  uint64_t words[2];
  static_assert(sizeof(Inst) == 14);
  words[1] = 0;
  std::memcpy(words, &i, sizeof(Inst));
  uint64_t h = words[0] * 0x9e3779b97f4a7c15ull;
  h = (h ^ (h >> 32) ^ words[1]) * 0xd6e8feb86659fd93ull;
  return h ^ (h >> 32);
}

CType result_type(Op op, CType operand) {
  switch (info(op).result) {
    case OpResult::Bool: return CType::Bool;
    case OpResult::Real: return real_of(operand);
    default: return operand;
  }
}

/// Whether element i of both types lies at the same place of a buffer (complex numbers lie in two planes).
bool same_layout(CType a, CType b) { return width(a) == width(b) && is_complex(a) == is_complex(b); }

/// Shares block buffers between values that do not live at the same time; returns how many are needed.
int assign_slots(std::vector<Inst>& code, const std::vector<uint16_t>& outputs) {
  std::vector<int> last_use(code.size(), -1);
  for (size_t i = 0; i < code.size(); i++)
    for_each_operand(code[i], [&](uint16_t v) { last_use[v] = static_cast<int>(i); });
  for (uint16_t v : outputs) last_use[v] = static_cast<int>(code.size());
  std::vector<uint16_t> free_slots;
  int count = 0;
  auto take = [&]() -> uint16_t {
    if (free_slots.empty()) return static_cast<uint16_t>(count++);
    const uint16_t s = free_slots.back();
    free_slots.pop_back();
    return s;
  };
  for (size_t i = 0; i < code.size(); i++) {
    Inst& inst = code[i];
    inst.slot = kNoValue;
    if (inst.op <= Op::Const) continue;
    // Operands that die here and are as wide may give their buffer to the result; the others only afterwards.
    std::vector<uint16_t> dying;
    for_each_operand(inst, [&](uint16_t v) {
      if (last_use[v] == static_cast<int>(i) && code[v].slot != kNoValue &&
          std::find(dying.begin(), dying.end(), v) == dying.end())
        dying.push_back(v);
    });
    for (uint16_t v : dying)
      if (inst.slot == kNoValue && same_layout(code[v].type, inst.type)) inst.slot = code[v].slot;
    if (inst.slot == kNoValue) inst.slot = take();
    for (uint16_t v : dying)
      if (code[v].slot != inst.slot) free_slots.push_back(code[v].slot);
    if (last_use[i] < 0) free_slots.push_back(inst.slot);
  }
  return count;
}

uint64_t hash_program(const Program& p) {
  uint64_t h = 0x243f6a8885a308d3ull;
  auto mix = [&](uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    h ^= h >> 29;
  };
  mix(static_cast<uint64_t>(p.size) << 32 | static_cast<uint64_t>(p.inputs) << 16 | p.params);
  for (const Inst& i : p.instructions()) {
    Inst without = i;
    without.slot = kNoValue;
    mix(hash_inst(without));
  }
  for (int k = 0; k < p.constants_size; k++) mix(p.constants[k]);
  for (int k = 0; k < p.output_count; k++) mix(p.outputs[k]);
  return h;
}

}  // namespace

const char* name(CType t) { return kTypeNames[static_cast<int>(t)]; }
const OpInfo& info(Op op) { return kOps[static_cast<int>(op)]; }

bool accepts(Op op, CType t) { return takes(info(op).types, t); }

// --- OwnedProgram, Builder

OwnedProgram::OwnedProgram(std::vector<Inst> code, std::vector<uint64_t> constants, std::vector<uint16_t> outputs,
                           int inputs, int params)
    : code_(std::move(code)),
      constants_(std::move(constants)),
      outputs_(std::move(outputs)),
      inputs_(static_cast<uint16_t>(inputs)),
      params_(static_cast<uint16_t>(params)) {
  slots_ = static_cast<uint16_t>(assign_slots(code_, outputs_));
  slot_width_ = 1;
  for (const Inst& i : code_) {
    operations_ += i.op > Op::Const;
    slot_width_ = std::max<uint16_t>(slot_width_, static_cast<uint16_t>(width(i.type)));
  }
  hash_ = hash_program(view());
}

Program OwnedProgram::view() const {
  Program p;
  p.code = code_.data();
  p.constants = constants_.data();
  p.outputs = outputs_.data();
  p.size = static_cast<uint16_t>(code_.size());
  p.inputs = inputs_;
  p.params = params_;
  p.output_count = static_cast<uint16_t>(outputs_.size());
  p.slots = slots_;
  p.slot_width = slot_width_;
  p.operations = operations_;
  p.constants_size = static_cast<uint16_t>(constants_.size());
  p.hash = hash_;
  return p;
}

uint16_t Builder::emit(const Inst& inst) {
  if (code_.size() * 2 >= table_.size()) {
    table_.assign(std::max<size_t>(64, table_.size() * 2), 0);
    const size_t mask = table_.size() - 1;
    for (size_t i = 0; i < code_.size(); i++) {
      size_t h = hash_inst(code_[i]) & mask;
      while (table_[h] != 0) h = (h + 1) & mask;
      table_[h] = static_cast<uint32_t>(i + 1);
    }
  }
  const size_t mask = table_.size() - 1;
  size_t h = hash_inst(inst) & mask;
  for (; table_[h] != 0; h = (h + 1) & mask)
    if (code_[table_[h] - 1] == inst) return static_cast<uint16_t>(table_[h] - 1);
  TSVM_CHECK(code_.size() < kNoValue, "a scalar program of 65535 instructions");
  table_[h] = static_cast<uint32_t>(code_.size() + 1);
  code_.push_back(inst);
  return static_cast<uint16_t>(code_.size() - 1);
}

uint16_t Builder::input(CType type) {
  TSVM_CHECK(code_.size() == inputs_, "inputs come first");
  Inst i{Op::Input, type};
  i.a = inputs_++;
  return emit(i);
}

uint16_t Builder::param(CType type) {
  TSVM_CHECK(code_.size() == static_cast<size_t>(inputs_ + params_), "params come after the inputs");
  Inst i{Op::Param, type};
  i.a = params_++;
  return emit(i);
}

uint16_t Builder::constant_bits(CType type, uint64_t bits, uint64_t imag_bits) {
  const bool pair = is_complex(type);
  const size_t words = pair ? 2 : 1;
  size_t at = 0;
  for (; at + words <= constants_.size(); at++)
    if (constants_[at] == bits && (!pair || constants_[at + 1] == imag_bits)) break;
  if (at + words > constants_.size()) {
    at = constants_.size();
    constants_.push_back(bits);
    if (pair) constants_.push_back(imag_bits);
  }
  Inst i{Op::Const, type};
  i.a = static_cast<uint16_t>(at);
  return emit(i);
}

namespace {
uint64_t float_word(CType real, double v) {
  return real == CType::F32 ? std::bit_cast<uint32_t>(static_cast<float>(v)) : std::bit_cast<uint64_t>(v);
}
}  // namespace

uint16_t Builder::constant(CType type, std::complex<double> v) {
  switch (type) {
    case CType::Bool: return constant_bits(type, v != 0.0);
    case CType::I32: return constant_bits(type, static_cast<uint32_t>(ops::convert<int32_t>(v.real())));
    case CType::I64: return constant_bits(type, static_cast<uint64_t>(ops::convert<int64_t>(v.real())));
    case CType::F32:
    case CType::F64: return constant_bits(type, float_word(type, v.real()));
    default: return constant_bits(type, float_word(real_of(type), v.real()), float_word(real_of(type), v.imag()));
  }
}

uint16_t Builder::constant(CType type, double v) { return constant(type, std::complex<double>(v, 0)); }

uint16_t Builder::constant(CType type, int64_t v) {
  switch (type) {
    case CType::Bool: return constant_bits(type, v != 0);
    case CType::I32: return constant_bits(type, static_cast<uint32_t>(v));
    case CType::I64: return constant_bits(type, static_cast<uint64_t>(v));
    case CType::F32:
    case CType::C64: return constant_bits(type, std::bit_cast<uint32_t>(static_cast<float>(v)));
    default: return constant_bits(type, std::bit_cast<uint64_t>(static_cast<double>(v)));
  }
}

uint16_t Builder::op(Op op, uint16_t a, uint16_t b, uint16_t c) {
  const OpInfo& row = info(op);
  TSVM_CHECK(row.kind != OpKind::Leaf && row.result != OpResult::Own && op != Op::Libm && op != Op::Narrow,
             "made by a function of its own");
  Inst i;
  i.op = op;
  i.a = a;
  if (row.operands > 1) i.b = b;
  if (row.operands > 2) i.c = c;
  const CType t = code_[op == Op::Select ? b : a].type;
  TSVM_CHECK(accepts(op, t), row.name);
  if (op == Op::Select)
    TSVM_CHECK(code_[a].type == CType::Bool && code_[c].type == t, row.name);
  else
    TSVM_CHECK((row.operands < 2 || code_[b].type == t) && (row.operands < 3 || code_[c].type == t), row.name);
  i.type = result_type(op, t);
  return emit(i);
}

uint16_t Builder::convert(uint16_t v, CType to) {
  if (code_[v].type == to) return v;
  Inst i{Op::Convert, to};
  i.a = v;
  return emit(i);
}

uint16_t Builder::bits(uint16_t v, CType to) {
  TSVM_CHECK(width(code_[v].type) == width(to) && is_float(code_[v].type) != is_float(to), "bits of another width");
  const Inst& from = code_[v];
  if (from.op == Op::Bits && code_[from.a].type == to) return from.a;
  if (from.op == Op::Const) return constant_bits(to, constants_[from.a]);
  Inst i{Op::Bits, to};
  i.a = v;
  return emit(i);
}

uint16_t Builder::make_complex(uint16_t re, uint16_t im) {
  TSVM_CHECK(is_float(code_[re].type) && code_[im].type == code_[re].type, "parts of a complex number");
  Inst i{Op::MakeComplex, complex_of(code_[re].type)};
  i.a = re;
  i.b = im;
  return emit(i);
}

uint16_t Builder::narrow(uint16_t v, DType dtype) {
  const CType t = code_[v].type;
  TSVM_CHECK(compute_type(dtype) == t, "narrowing stays within a compute type");
  if (stored_as(dtype, t)) return v;
  const Op op = code_[v].op;
  // What a comparison, an input of that dtype or an earlier narrowing gives fits already.
  if (op == Op::Narrow && code_[v].imm == static_cast<uint16_t>(dtype)) return v;
  Inst i{Op::Narrow, t};
  i.a = v;
  i.imm = static_cast<uint16_t>(dtype);
  return emit(i);
}

uint16_t Builder::libm(LibmFn fn, uint16_t a, uint16_t b, uint16_t guard, uint16_t otherwise) {
  Inst i{Op::Libm, code_[a].type};
  i.a = a;
  i.b = b;
  i.c = guard;
  i.d = otherwise;
  i.imm = static_cast<uint16_t>(fn);
  return emit(i);
}

OwnedProgram Builder::finish(std::span<const uint16_t> outputs) {
  const size_t leaves = static_cast<size_t>(inputs_ + params_);
  std::vector<bool> live(code_.size(), false);
  for (uint16_t v : outputs) live[v] = true;
  for (size_t i = code_.size(); i-- > 0;) {
    if (i < leaves) live[i] = true;
    if (live[i]) for_each_operand(code_[i], [&](uint16_t v) { live[v] = true; });
  }
  std::vector<uint16_t> renamed(code_.size(), kNoValue);
  std::vector<Inst> code;
  std::vector<uint64_t> constants;
  for (size_t i = 0; i < code_.size(); i++) {
    if (!live[i]) continue;
    Inst inst = code_[i];
    inst.slot = kNoValue;
    if (inst.op > Op::Const) {
      for (uint16_t* v : {&inst.a, &inst.b, &inst.c, &inst.d})
        if (*v != kNoValue) *v = renamed[*v];
    } else if (inst.op == Op::Const) {
      const uint16_t from = inst.a;
      inst.a = static_cast<uint16_t>(constants.size());
      constants.push_back(constants_[from]);
      if (is_complex(inst.type)) constants.push_back(constants_[from + 1]);
    }
    renamed[i] = static_cast<uint16_t>(code.size());
    code.push_back(inst);
  }
  std::vector<uint16_t> outs;
  for (uint16_t v : outputs) outs.push_back(renamed[v]);
  return OwnedProgram(std::move(code), std::move(constants), std::move(outs), inputs_, params_);
}

// --- verify, text

std::string verify(const Program& p) {
  char text[160];
  auto broken = [&](int i, const char* what) {
    std::snprintf(text, sizeof text, "%%%d (%s): %s", i, info(p.code[i].op).name, what);
    return std::string(text);
  };
  std::vector<int> last_use(p.size, -1);
  for (int i = 0; i < p.size; i++) {
    const Inst& inst = p.code[i];
    if (static_cast<int>(inst.op) >= kOpCount || static_cast<int>(inst.type) >= kCTypeCount) return broken(0, "number");
    const OpInfo& row = info(inst.op);
    const bool should_input = i < p.inputs, should_param = !should_input && i < p.inputs + p.params;
    if ((inst.op == Op::Input) != should_input || (inst.op == Op::Param) != should_param)
      return broken(i, "leaf order");
    if (should_input && inst.a != i) return broken(i, "number of the input");
    if (should_param && inst.a != i - p.inputs) return broken(i, "number of the param");
    if (inst.op == Op::Const && inst.a + (is_complex(inst.type) ? 2 : 1) > p.constants_size)
      return broken(i, "constant out of range");
    if ((inst.slot != kNoValue) != (row.kind != OpKind::Leaf)) return broken(i, "slot");
    if (row.kind == OpKind::Leaf) continue;
    if (inst.slot >= p.slots) return broken(i, "slot out of range");
    bool order = true;
    for_each_operand(inst, [&](uint16_t v) {
      order = order && v < i;
      if (v < i) last_use[v] = i;
    });
    if (!order) return broken(i, "operand from later");
    const uint16_t operands[] = {inst.a, inst.b, inst.c};
    for (int k = 0; k < row.operands; k++)
      if (operands[k] == kNoValue) return broken(i, "missing operand");
    if (inst.op == Op::Libm) {
      const bool two = info(static_cast<LibmFn>(inst.imm)).arguments == 2;
      if (!is_float(inst.type) || p.code[inst.a].type != inst.type || (inst.b != kNoValue) != two ||
          (two && p.code[inst.b].type != inst.type) || (inst.c == kNoValue) != (inst.d == kNoValue) ||
          (inst.c != kNoValue && (p.code[inst.c].type != CType::Bool || p.code[inst.d].type != inst.type)))
        return broken(i, "operands of libm");
      continue;
    }
    const CType t = p.code[inst.op == Op::Select ? inst.b : inst.a].type;
    if (!accepts(inst.op, t)) return broken(i, "operand type");
    for (int k = inst.op == Op::Select ? 1 : 0; k < row.operands; k++)
      if (p.code[operands[k]].type != t) return broken(i, "operands of different types");
    if (inst.op == Op::Select && p.code[inst.a].type != CType::Bool) return broken(i, "condition");
    if (row.result != OpResult::Own && inst.type != result_type(inst.op, t)) return broken(i, "result type");
    if (inst.op == Op::MakeComplex && inst.type != complex_of(t)) return broken(i, "result type");
  }
  for (int k = 0; k < p.output_count; k++) {
    if (p.outputs[k] >= p.size) return "output out of range";
    last_use[p.outputs[k]] = p.size;
  }
  // Buffers: nobody writes one that still holds a value in use.
  std::vector<int> holder(p.slots, -1);
  for (int i = 0; i < p.size; i++) {
    const Inst& inst = p.code[i];
    if (inst.slot == kNoValue) continue;
    const int before = holder[inst.slot];
    if (before >= 0) {
      bool operand = false;
      for_each_operand(inst, [&](uint16_t v) { operand = operand || v == before; });
      if (last_use[before] > i) return broken(i, "overwrites a buffer in use");
      if (operand && !same_layout(p.code[before].type, inst.type))
        return broken(i, "shares a buffer of another layout");
    }
    holder[inst.slot] = i;
  }
  return "";
}

namespace {

std::string constant_text(const Program& p, const Inst& i) {
  char text[96];
  auto real = [&](uint64_t w, CType t, char* out, size_t n) {
    switch (t) {
      case CType::Bool: std::snprintf(out, n, "%s", w ? "true" : "false"); break;
      case CType::I32: std::snprintf(out, n, "%d", static_cast<int32_t>(w)); break;
      case CType::I64: std::snprintf(out, n, "%lld", static_cast<long long>(w)); break;
      case CType::F32: std::snprintf(out, n, "%.9g", std::bit_cast<float>(static_cast<uint32_t>(w))); break;
      default: std::snprintf(out, n, "%.17g", std::bit_cast<double>(w));
    }
  };
  if (!is_complex(i.type)) {
    real(p.constants[i.a], i.type, text, sizeof text);
    return text;
  }
  real(p.constants[i.a], real_of(i.type), text, sizeof text);
  std::string s = std::string("(") + text + ", ";
  real(p.constants[i.a + 1], real_of(i.type), text, sizeof text);
  return s + text + ")";
}

std::string lower_name(const char* n) {
  std::string s;
  for (const char* c = n; *c; c++) {
    if (c != n && *c >= 'A' && *c <= 'Z') s += '_';
    s += static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
  }
  return s;
}

}  // namespace

std::string to_string(const Program& p) {
  std::string out;
  for (int i = 0; i < p.size; i++) {
    const Inst& inst = p.code[i];
    out += "%" + std::to_string(i) + " = ";
    out += inst.op == Op::Libm ? "libm_" + lower_name(info(static_cast<LibmFn>(inst.imm)).name)
                               : lower_name(info(inst.op).name);
    out += std::string(".") + name(inst.type);
    if (inst.op == Op::Const)
      out += " " + constant_text(p, inst);
    else if (inst.op < Op::Const)
      out += " " + std::to_string(inst.a);
    const char* separator = " ";
    for_each_operand(inst, [&](uint16_t v) {
      out += separator + ("%" + std::to_string(v));
      separator = ", ";
    });
    if (inst.op == Op::Narrow) out += std::string(" to ") + ops::name(static_cast<DType>(inst.imm));
    out += "\n";
  }
  out += "return";
  for (int k = 0; k < p.output_count; k++) out += (k ? ", %" : " %") + std::to_string(p.outputs[k]);
  return out + "\n";
}

std::string to_cpp(const Program& p, std::string_view id) {
  const std::string n(id);
  std::string out = "inline constexpr ::tsvm::ops::scalar::Inst " + n + "_code[] = {\n";
  for (const Inst& i : p.instructions()) {
    out += std::string("    {::tsvm::ops::scalar::Op::") + info(i.op).name + ", ::tsvm::ops::scalar::CType(" +
           std::to_string(static_cast<int>(i.type)) + ")";
    for (uint16_t v : {i.slot, i.a, i.b, i.c, i.d, i.imm}) out += ", " + std::to_string(v);
    out += "},\n";
  }
  if (p.size == 0) out += "    {}\n";
  out += "};\ninline constexpr uint64_t " + n + "_constants[] = {";
  char text[32];
  for (int k = 0; k < p.constants_size; k++) {
    std::snprintf(text, sizeof text, "0x%llxull, ", static_cast<unsigned long long>(p.constants[k]));
    out += text;
  }
  out += "0};\ninline constexpr uint16_t " + n + "_outputs[] = {";
  for (int k = 0; k < p.output_count; k++) out += std::to_string(p.outputs[k]) + ", ";
  out += "0};\ninline constexpr ::tsvm::ops::scalar::Program " + n + "{" + n + "_code, " + n + "_constants, " + n +
         "_outputs";
  for (uint16_t v : {p.size, p.inputs, p.params, p.output_count, p.slots, p.slot_width, p.operations, p.constants_size})
    out += ", " + std::to_string(v);
  std::snprintf(text, sizeof text, ", 0x%llxull", static_cast<unsigned long long>(p.hash));
  return out + text + "};\n";
}

bool equal(const Program& a, const Program& b) {
  return a.hash == b.hash && a.size == b.size && a.inputs == b.inputs && a.params == b.params &&
         a.output_count == b.output_count && a.constants_size == b.constants_size &&
         std::equal(a.code, a.code + a.size, b.code) &&
         std::equal(a.constants, a.constants + a.constants_size, b.constants) &&
         std::equal(a.outputs, a.outputs + a.output_count, b.outputs);
}

// --- fuse

namespace {

class Fusion {
 public:
  Fusion(std::span<const DType> inputs, std::span<const FuseStep> steps, std::span<const Scalar* const> numbers)
      : inputs_(inputs), steps_(steps), numbers_(numbers) {}

  OwnedProgram run(std::span<const ValueRef> outputs, std::vector<FuseParam>* params) {
    for (DType t : inputs_) b_.input(compute_type(t));
    declare_params();
    if (params != nullptr) *params = params_;
    for (const FuseStep& step : steps_) {
      TSVM_CHECK(step.inputs.size() == step.program->inputs && step.outputs.size() == step.program->output_count,
                 "operands of a fused step");
      add(step);
    }
    std::vector<uint16_t> outs;
    for (ValueRef r : outputs)
      outs.push_back(r.step == ValueRef::kInput ? static_cast<uint16_t>(r.index) : results_[r.step][r.index]);
    return b_.finish(outs);
  }

 private:
  // Leaves come before everything else.
  void declare_params() {
    auto want = [&](ValueRef r, CType t) {
      const FuseParam p{r.index, t};
      if (r.step != ValueRef::kNumber || numbers_[r.index] != nullptr ||
          std::find(params_.begin(), params_.end(), p) != params_.end())
        return;
      b_.param(t);
      params_.push_back(p);
    };
    for (const FuseStep& step : steps_) {
      for (size_t i = 0; i < step.inputs.size(); i++) want(step.inputs[i], number_type(step, i));
      for (size_t i = 0; i < step.params.size(); i++)
        want(step.params[i], step.program->param_type(static_cast<int>(i)));
    }
    for (const FuseStep& step : steps_)
      if (step.params.empty())
        for (int k = 0; k < step.program->params; k++) own_params_.push_back(b_.param(step.program->param_type(k)));
  }
  static CType number_type(const FuseStep& step, size_t i) {
    return step.seen.empty() ? step.program->input_type(static_cast<int>(i)) : compute_type(step.seen[i]);
  }
  uint16_t number(ValueRef r, CType t) {
    if (const Scalar* s = numbers_[r.index]) {
      if (is_complex(t)) return b_.constant(t, s->to_complex());
      return is_float(t) ? b_.constant(t, s->to_double()) : b_.constant(t, s->to_int());
    }
    const auto at = std::find(params_.begin(), params_.end(), FuseParam{r.index, t}) - params_.begin();
    return static_cast<uint16_t>(inputs_.size() + static_cast<size_t>(at));
  }
  uint16_t input(const FuseStep& step, size_t i) {
    const ValueRef r = step.inputs[i];
    const CType wanted = step.program->input_type(static_cast<int>(i));
    if (r.step == ValueRef::kNumber) {
      uint16_t v = number(r, number_type(step, i));
      if (!step.seen.empty()) v = b_.narrow(v, step.seen[i]);
      return b_.convert(v, wanted);
    }
    uint16_t v = r.step == ValueRef::kInput ? static_cast<uint16_t>(r.index) : results_[r.step][r.index];
    if (!step.seen.empty()) {
      const DType stored = r.step == ValueRef::kInput ? inputs_[r.index] : steps_[r.step].outputs[r.index];
      if (stored != step.seen[i]) v = b_.narrow(b_.convert(v, compute_type(step.seen[i])), step.seen[i]);
    }
    return b_.convert(v, wanted);
  }
  void add(const FuseStep& step) {
    const Program& p = *step.program;
    std::vector<uint16_t> renamed(p.size);
    for (int i = 0; i < p.size; i++) {
      Inst inst = p.code[i];
      inst.slot = kNoValue;
      switch (inst.op) {
        case Op::Input: renamed[i] = input(step, inst.a); continue;
        case Op::Param:
          renamed[i] = step.params.empty() ? own_params_[next_param_ + inst.a] : number(step.params[inst.a], inst.type);
          continue;
        case Op::Const:
          renamed[i] =
              b_.constant_bits(inst.type, p.constants[inst.a], is_complex(inst.type) ? p.constants[inst.a + 1] : 0);
          continue;
        default: break;
      }
      for (uint16_t* v : {&inst.a, &inst.b, &inst.c, &inst.d})
        if (*v != kNoValue) *v = renamed[*v];
      renamed[i] = b_.emit(inst);
    }
    if (step.params.empty()) next_param_ += p.params;
    results_.emplace_back();
    for (int k = 0; k < p.output_count; k++) {
      const DType stored = step.outputs[static_cast<size_t>(k)];
      results_.back().push_back(b_.narrow(b_.convert(renamed[p.outputs[k]], compute_type(stored)), stored));
    }
  }

  std::span<const DType> inputs_;
  std::span<const FuseStep> steps_;
  std::span<const Scalar* const> numbers_;
  Builder b_;
  std::vector<FuseParam> params_;
  std::vector<uint16_t> own_params_;
  size_t next_param_ = 0;
  std::vector<std::vector<uint16_t>> results_;
};

}  // namespace

OwnedProgram fuse(std::span<const DType> inputs, std::span<const FuseStep> steps, std::span<const ValueRef> outputs,
                  std::span<const Scalar* const> numbers, std::vector<FuseParam>* params) {
  return Fusion(inputs, steps, numbers).run(outputs, params);
}

}  // namespace tsvm::ops::scalar

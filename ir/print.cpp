#include "ir/print.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "base/check.h"
#include "ir/op_table.h"

namespace tsvm::ir {

namespace {

bool is_plain_name(std::string_view s) {
  if (s.empty() || (s[0] >= '0' && s[0] <= '9')) return false;
  for (char c : s)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
          c == '$' || c == '<' || c == '>'))
      return false;
  return true;
}

void add_quoted(std::string& out, std::string_view s, bool is_bytes = false) {
  out += '"';
  for (char c : s) {
    unsigned char u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (u < 0x20 || u == 0x7f || (is_bytes && u >= 0x80)) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\x";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void add_name(std::string& out, std::string_view s) {
  if (is_plain_name(s))
    out += s;
  else
    add_quoted(out, s);
}

void add_float(std::string& out, double d) {
  if (std::isnan(d)) {
    uint64_t bits;
    std::memcpy(&bits, &d, 8);
    if (bits == 0x7ff8000000000000u) {
      out += "nan";
      return;
    }
    char buffer[24];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, bits, 16).ptr;
    out += "nan:";
    out.append(buffer, end);
    return;
  }
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".einf") == std::string_view::npos) out += ".0";
}

class Printer {
 public:
  Printer(const Module* module, const PrintOptions& options) : module_(module), options_(options) {
    if (module_ == nullptr) return;
    std::unordered_set<std::string> taken;
    for (uint32_t i = 0; i < module_->functions.size(); i++) {
      std::string label = module_->functions[i]->name;
      if (label.empty() || !taken.insert(label).second) {
        label += '$';
        label += std::to_string(i);
        while (!taken.insert(label).second) label += '$';
      }
      labels_.push_back(std::move(label));
    }
  }

  void module() {
    out_ += "module ";
    add_quoted(out_, module_->name);
    out_ += " {\n";
    for (const auto& f : module_->functions) function(*f);
    out_ += "}\n";
  }

  void function(const Function& f) {
    f_ = &f;
    std::string label = f.name;
    if (module_ != nullptr)
      for (uint32_t i = 0; i < module_->functions.size(); i++)
        if (module_->functions[i].get() == &f) label = labels_[i];
    out_ += "func @";
    add_name(out_, label);
    params();
    out_ += " -> ";
    type(f.result_type);
    out_ += " {\n";
    if (f.name != label) text_line("name", f.name);
    if (f.qualified_name != f.name) text_line("qualified", f.qualified_name);
    if (f.is_generator || f.is_class_body || f.is_module_body || f.is_typed) {
      out_ += "  flags";
      if (f.is_generator) out_ += " generator";
      if (f.is_class_body) out_ += " class_body";
      if (f.is_module_body) out_ += " module_body";
      if (f.is_typed) out_ += " typed";
      out_ += '\n';
    }
    if (f.has_doc) text_line("doc", f.doc);
    if (f.first_line != 1) out_ += "  line " + std::to_string(f.first_line) + "\n";
    if (f.num_slots != 0 || !f.slot_names.empty()) {
      out_ += "  slots " + std::to_string(f.num_slots);
      names(f.slot_names);
    }
    if (!f.free_names.empty()) {
      out_ += "  free";
      names(f.free_names);
    }
    if (!f.local_names.empty()) {
      out_ += "  locals";
      names(f.local_names);
    }
    for (uint32_t i = 0; i < f.objects.size(); i++) object(i);
    for (uint32_t i = 0; i < f.inlined.size(); i++) inlined(i);
    kernels();
    line_ = 0;
    if (f.entry) block(f.entry);
    for (uint32_t i = 0; i < f.blocks.size(); i++)
      if (BlockId(i) != f.entry && f.is_live(BlockId(i))) block(BlockId(i));
    exits();
    out_ += "}\n";
  }

  void inst(const Function& f, InstId id) {
    f_ = &f;
    instruction(f[id]);
  }

  void constant(ConstId id) {
    if (module_ == nullptr || id.index >= module_->constants.size()) {
      out_ += "<no constant " + std::to_string(id.index) + ">";
      return;
    }
    const Constant& c = module_->constants[id.index];
    switch (c.kind) {
      case Constant::Kind::None: out_ += "None"; break;
      case Constant::Kind::Bool: out_ += c.int_value ? "True" : "False"; break;
      case Constant::Kind::Int: out_ += std::to_string(c.int_value); break;
      case Constant::Kind::BigInt: out_ += c.text; break;
      case Constant::Kind::Float: add_float(out_, c.float_value); break;
      case Constant::Kind::Imaginary:
        add_float(out_, c.float_value);
        out_ += 'j';
        break;
      case Constant::Kind::Str: add_quoted(out_, c.text); break;
      case Constant::Kind::Bytes:
        out_ += 'b';
        add_quoted(out_, c.text, true);
        break;
      case Constant::Kind::Ellipsis: out_ += "..."; break;
      case Constant::Kind::Tuple:
      case Constant::Kind::FrozenSet: {
        if (c.kind == Constant::Kind::FrozenSet) out_ += "frozenset";
        out_ += '(';
        for (size_t i = 0; i < c.items.size(); i++) {
          if (i) out_ += ", ";
          constant(c.items[i]);
        }
        out_ += ')';
        break;
      }
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void type(TypeId id) { out_ += print_type(module_ ? module_->types : nullptr, id); }
  void value(ValueId v) {
    out_ += '%';
    out_ += std::to_string(v.index);
  }
  void text_line(const char* what, std::string_view text) {
    out_ += "  ";
    out_ += what;
    out_ += ' ';
    add_quoted(out_, text);
    out_ += '\n';
  }
  std::string_view name_text(NameId id) const {
    return module_ != nullptr && id.index < module_->names.size() ? std::string_view(module_->names[id.index])
                                                                  : std::string_view("<no name>");
  }
  void names(const std::vector<NameId>& list) {
    for (size_t i = 0; i < list.size(); i++) {
      out_ += i ? ", " : " ";
      add_quoted(out_, name_text(list[i]));
    }
    out_ += '\n';
  }

  void params() {
    out_ += '(';
    bool first = true, star = false;
    auto comma = [&] {
      if (!first) out_ += ", ";
      first = false;
    };
    for (size_t i = 0; i < f_->params.size(); i++) {
      const Param& p = f_->params[i];
      comma();
      if (p.kind == ParamKind::VarArgs) {
        out_ += '*';
        star = true;
      } else if (p.kind == ParamKind::VarKeywords) {
        out_ += "**";
      } else if (p.kind == ParamKind::KeywordOnly && !star) {
        out_ += "*, ";
        star = true;
      }
      add_name(out_, name_text(p.name));
      out_ += ": ";
      type(p.type);
      if (p.has_default) out_ += " = ?";
      if (p.kind == ParamKind::PositionalOnly &&
          (i + 1 == f_->params.size() || f_->params[i + 1].kind != ParamKind::PositionalOnly))
        out_ += ", /";
    }
    out_ += ')';
  }

  void object(uint32_t i) {
    constexpr const char* kKinds[] = {"value", "shape", "global", "function", "native"};
    static_assert(std::size(kKinds) == static_cast<size_t>(ObjectRef::Kind::Count));
    const ObjectRef& o = f_->objects[i];
    out_ += "  object o" + std::to_string(i) + " " + kKinds[static_cast<size_t>(o.kind)] + " ";
    add_quoted(out_, o.name);
    if (o.has_signature) {
      out_ += " (";
      for (size_t k = 0; k < o.params.size(); k++) {
        if (k) out_ += ", ";
        type(o.params[k]);
      }
      out_ += ") -> ";
      type(o.result);
    }
    if (o.is_pure) out_ += " pure";
    if (o.body != nullptr && module_ != nullptr)
      for (uint32_t k = 0; k < module_->functions.size(); k++)
        if (module_->functions[k].get() == o.body) {
          out_ += " body @";
          add_name(out_, labels_[k]);
        }
    out_ += '\n';
  }

  // The fused groups that the function calls: `kernel k0 (Tensor, float) s0 = aten::mul.Scalar(i0, i1); ... -> s1`.
  void kernels() {
    std::vector<bool> used(module_ != nullptr ? module_->kernels.size() : 0);
    for (const Block& b : f_->blocks)
      for (InstId i : b.insts)
        if ((*f_)[i].op == Opcode::CallKernel && (*f_)[i].imm < used.size()) used[(*f_)[i].imm] = true;
    for (uint32_t i = 0; i < used.size(); i++) {
      if (!used[i]) continue;
      const Kernel& k = module_->kernels[i];
      out_ += "  kernel k" + std::to_string(i) + " (";
      for (size_t n = 0; n < k.inputs.size(); n++) {
        if (n) out_ += ", ";
        type(k.inputs[n]);
      }
      out_ += ")";
      for (size_t n = 0; n < k.steps.size(); n++) {
        out_ += " s" + std::to_string(n) + " = ";
        immediate(Immediate::Op, k.steps[n].op);
        out_ += '(';
        bool first = true;
        for (const KernelArg& a : k.steps[n].args) {
          if (!first) out_ += ", ";
          first = false;
          switch (a.kind) {
            case KernelArg::Kind::Input: out_ += "i" + std::to_string(a.index); break;
            case KernelArg::Kind::Step: out_ += "s" + std::to_string(a.index); break;
            case KernelArg::Kind::Constant: constant(ConstId(a.index)); break;
            case KernelArg::Kind::Default: out_ += '_'; break;
          }
        }
        out_ += ");";
      }
      out_ += " ->";
      for (size_t n = 0; n < k.outputs.size(); n++) out_ += (n ? ", s" : " s") + std::to_string(k.outputs[n]);
      out_ += '\n';
    }
  }

  void inlined(uint32_t i) {
    const InlinedFunction& n = f_->inlined[i];
    out_ += "  inlined " + std::to_string(i) + " ";
    add_quoted(out_, n.name);
    out_ += " parent " + std::to_string(n.parent);
    if (n.object != 0xffffffffu) out_ += " object o" + std::to_string(n.object);
    out_ += '\n';
  }

  void block(BlockId id) {
    const Block& b = (*f_)[id];
    out_ += '^';
    out_ += std::to_string(id.index);
    if (!b.params.empty()) {
      out_ += '(';
      for (size_t i = 0; i < b.params.size(); i++) {
        if (i) out_ += ", ";
        value(b.params[i]);
        out_ += ": ";
        type(f_->type_of(b.params[i]));
      }
      out_ += ')';
    }
    if (b.handler) out_ += " handler ^" + std::to_string(b.handler.index);
    out_ += ":\n";
    for (InstId i : b.insts) {
      out_ += "    ";
      instruction((*f_)[i]);
      if (options_.lines && module_ != nullptr && module_->source) {
        uint32_t line = module_->source->locate((*f_)[i].range.begin).line;
        if (line != line_) out_ += "  # line " + std::to_string(line);
        line_ = line;
      }
      out_ += '\n';
    }
  }

  void values(std::span<const ValueId> list) {
    for (size_t i = 0; i < list.size(); i++) {
      if (i) out_ += ", ";
      value(list[i]);
    }
  }

  void instruction(const Inst& i) {
    const OpcodeInfo& row = info(i.op);
    if (i.result) {
      value(i.result);
      out_ += ": ";
      type(f_->type_of(i.result));
      out_ += " = ";
    }
    out_ += row.text;
    std::span<const ValueId> operands = f_->operands(i);
    if (row.immediate == Immediate::Call) {
      call(i, operands);
    } else {
      if (row.immediate != Immediate::None) {
        out_ += ' ';
        immediate(row.immediate, i.imm);
      }
      if (!operands.empty()) out_ += ' ';
      values(operands);
    }
    if (i.edge_count != 0) out_ += operands.empty() ? " " : " -> ";
    for (uint32_t k = 0; k < i.edge_count; k++) {
      const Edge& e = f_->successors(i)[k];
      if (k) out_ += ", ";
      out_ += '^';
      out_ += std::to_string(e.target.index);
      if (e.args_count != 0) {
        out_ += '(';
        values(f_->args(e));
        out_ += ')';
      }
    }
    if (i.exit) out_ += " exit !" + std::to_string(i.exit.index);
    if (i.frame != 0) out_ += " in " + std::to_string(i.frame);
  }

  // `call %f(%a, *%b, k=%c, **%d)`: the operands before the last letter of the row, a method's name, the arguments.
  void call(const Inst& i, std::span<const ValueId> operands) {
    size_t fixed = std::strlen(info(i.op).operands) - 2;
    if (module_ == nullptr || i.imm >= module_->call_shapes.size() || operands.size() < fixed ||
        module_->call_shapes[i.imm].argument_count() != operands.size() - fixed) {
      out_ += " <bad call shape> ";
      values(operands);
      return;
    }
    const CallShape& s = module_->call_shapes[i.imm];
    out_ += ' ';
    values(operands.first(fixed));
    if (s.method) {
      out_ += '.';
      add_name(out_, name_text(s.method));
    }
    out_ += '(';
    size_t keyword = 0;
    for (size_t k = 0; k + fixed < operands.size(); k++) {
      if (k) out_ += ", ";
      char letter = s.starred.empty() ? (k < s.positional ? 'p' : 'k') : s.starred[k];
      if (letter == '*') out_ += '*';
      if (letter == 'd') out_ += "**";
      if (letter == 'k') {
        add_name(out_, keyword < s.keywords.size() ? name_text(s.keywords[keyword++]) : "<no name>");
        out_ += '=';
      }
      value(operands[fixed + k]);
    }
    out_ += ')';
  }

  template <class E>
  void enumerator(uint32_t imm) {
    out_ += imm < static_cast<uint32_t>(E::Count) ? to_text(static_cast<E>(imm)) : "<bad>";
  }

  void immediate(Immediate kind, uint32_t imm) {
    switch (kind) {
      case Immediate::None:
      case Immediate::Call: break;
      case Immediate::Const: constant(ConstId(imm)); break;
      case Immediate::Name: add_quoted(out_, name_text(NameId(imm))); break;
      case Immediate::Slot: out_ += "$" + std::to_string(imm); break;
      case Immediate::Index: out_ += std::to_string(imm); break;
      case Immediate::Func:
        out_ += '@';
        if (imm < labels_.size())
          add_name(out_, labels_[imm]);
        else
          out_ += "<no function>";
        break;
      case Immediate::Op:
        if (module_ != nullptr && module_->ops != nullptr && imm < module_->ops->size()) {
          const OpRow& row = module_->ops->row(OpId(imm));
          out_ += row.name;
          if (!row.overload.empty()) {
            out_ += '.';
            out_ += row.overload;
          }
        } else {
          out_ += "op" + std::to_string(imm);
        }
        break;
      case Immediate::Kernel: out_ += "k" + std::to_string(imm); break;
      case Immediate::Type: type(TypeId(imm)); break;
      case Immediate::Arith: enumerator<ArithOp>(imm); break;
      case Immediate::Unary: enumerator<UnaryOp>(imm); break;
      case Immediate::Compare: enumerator<CompareOp>(imm); break;
      case Immediate::Object: out_ += "o" + std::to_string(imm); break;
    }
  }

  void exits() {
    std::vector<bool> used(f_->exits.size());
    for (const Block& b : f_->blocks)
      for (InstId i : b.insts) {
        ExitId e = (*f_)[i].exit;
        if (e && e.index < used.size()) used[e.index] = true;
      }
    for (uint32_t i = 0; i < f_->exits.size(); i++) {
      if (!used[i]) continue;
      out_ += "  !" + std::to_string(i) + " =";
      const ExitState& state = f_->exits[i];
      for (size_t k = 0; k < state.frames.size(); k++) {
        const ExitFrame& frame = state.frames[k];
        if (k) out_ += ",";
        out_ += " fn " + std::to_string(frame.function) + " pc " + std::to_string(frame.bytecode_pc) + " {";
        for (size_t r = 0; r < frame.registers.size(); r++) {
          if (r) out_ += ", ";
          out_ += "r" + std::to_string(frame.registers[r].first) + ": ";
          value(frame.registers[r].second);
        }
        out_ += '}';
      }
      out_ += '\n';
    }
  }

  const Module* module_;
  const PrintOptions options_;
  const Function* f_ = nullptr;
  std::vector<std::string> labels_;
  std::string out_;
  uint32_t line_ = 0;
};

}  // namespace

std::string print_type(const TypeTable* table, TypeId id) {
  constexpr const char* kSimple[] = {
#define TYPE(name, text) text,
      TSVM_IR_SIMPLE_TYPES(TYPE)
#undef TYPE
  };
  if (!id) return "<no type>";
  if (id.index < std::size(kSimple)) return kSimple[id.index];
  if (table == nullptr || id.index >= table->size()) return "<no type " + std::to_string(id.index) + ">";
  const Type& t = (*table)[id];
  std::string out;
  switch (t.kind) {
    case TypeKind::List: out = "List"; break;
    case TypeKind::Dict: out = "Dict"; break;
    case TypeKind::Set: out = "Set"; break;
    case TypeKind::Tuple: out = "Tuple"; break;
    case TypeKind::Optional: out = "Optional"; break;
    case TypeKind::Union: out = "Union"; break;
    case TypeKind::Future: out = "Future"; break;
    case TypeKind::Class: add_quoted(out, t.name); return out;
    case TypeKind::NamedTuple: out = "NamedTuple"; break;
    default: TSVM_UNREACHABLE("a simple type has a fixed id");
  }
  out += '[';
  if (t.kind == TypeKind::NamedTuple) {
    add_quoted(out, t.name);
    for (size_t i = 0; i < t.args.size(); i++) {
      out += ", ";
      add_quoted(out, t.names[i]);
      out += ": " + print_type(table, t.args[i]);
    }
  } else {
    for (size_t i = 0; i < t.args.size(); i++) out += (i ? ", " : "") + print_type(table, t.args[i]);
  }
  out += ']';
  return out;
}

std::string print(const Module& module, const PrintOptions& options) {
  Printer p(&module, options);
  p.module();
  return p.take();
}

std::string print(const Function& function, const PrintOptions& options) {
  Printer p(function.module, options);
  p.function(function);
  return p.take();
}

std::string print(const Function& function, InstId inst) {
  Printer p(function.module, {});
  p.inst(function, inst);
  return p.take();
}

std::string print_constant(const Module& module, ConstId id) {
  Printer p(&module, {});
  p.constant(id);
  return p.take();
}

}  // namespace tsvm::ir

#include "vm/bytecode.h"

#include <algorithm>
#include <cstring>

#include "vm/code.h"

namespace tsvm::vm {

namespace {

// "wrc h. l" taken apart.
constexpr BytecodeInfo parse(const char* text, const char* fields) {
  BytecodeInfo i{text, {fields[0], fields[1], fields[2]}, {'.', '.'}, 0};
  if (fields[3] == ' ') {
    i.extension[0] = fields[4];
    i.extension[1] = fields[5];
    if (fields[6] == ' ') i.list = fields[7];
  }
  return i;
}

constexpr BytecodeInfo kInfo[] = {
#define BYTECODE(name, text, fields) parse(text, fields),
#include "vm/bytecode.def"
};

std::string constant_text(const Code& code, const ir::Constant& c) {
  using Kind = ir::Constant::Kind;
  switch (c.kind) {
    case Kind::None: return "None";
    case Kind::Bool: return c.int_value ? "True" : "False";
    case Kind::Int: return std::to_string(c.int_value);
    case Kind::BigInt: return c.text;
    case Kind::Float:
    case Kind::Imaginary: {
      char buffer[40];
      std::snprintf(buffer, sizeof buffer, "%.17g%s", c.float_value, c.kind == Kind::Imaginary ? "j" : "");
      return buffer;
    }
    case Kind::Str:
    case Kind::Bytes: {
      std::string out = c.kind == Kind::Bytes ? "b\"" : "\"";
      for (char ch : c.text.substr(0, 60)) {
        if (ch == '\n')
          out += "\\n";
        else if (ch == '"' || ch == '\\')
          out += std::string("\\") + ch;
        else
          out += ch;
      }
      return out + (c.text.size() > 60 ? "\"..." : "\"");
    }
    case Kind::Ellipsis: return "...";
    case Kind::Tuple:
    case Kind::FrozenSet: {
      std::string out = c.kind == Kind::Tuple ? "(" : "frozenset(";
      for (size_t i = 0; i < c.items.size(); i++)
        out += (i ? ", " : "") + constant_text(code, code.constants[c.items[i].index]);
      return out + ")";
    }
  }
  return "";
}

void print_register(std::string& out, uint16_t r, bool raw, bool operand) {
  if (r == kNoRegister) {
    out += "-";
    return;
  }
  out += raw ? "x" : "r";
  out += std::to_string(r & kRegisterMask);
  if (operand && !raw && (r & kLastUse)) out += "!";
}

void print_inst(std::string& out, const Code& code, uint32_t pc) {
  Instr w;
  std::memcpy(&w, &code.words[pc], 8);
  const BytecodeInfo& row = info(static_cast<Bc>(w.op));
  char head[40];
  std::snprintf(head, sizeof head, "%5u  %-18s", pc, row.text);
  out += head;
  uint16_t f[3] = {w.a, w.b, w.c};
  bool first = true;
  auto sep = [&] {
    out += first ? " " : ", ";
    first = false;
  };
  uint32_t count = 0;
  for (int k = 0; k < 3; k++) {
    auto wide = [&] { return static_cast<uint32_t>(f[k]) | static_cast<uint32_t>(f[k + 1]) << 16; };
    char c = row.fields[k];
    if (c == '.' || (c == 'R' && f[k] == kNoRegister && (k == 2 || f[k + 1] == kNoRegister))) continue;
    if (c == 'c' || c == 'd') {
      count = f[k];
      continue;
    }
    sep();
    switch (c) {
      case 'w':
      case 'm': print_register(out, f[k], false, false); break;
      case 's': print_register(out, f[k], true, false); break;
      case 'q': print_register(out, f[k], true, true); break;
      case 'r':
      case 'R': print_register(out, f[k], false, true); break;
      case 'n': out += code.names[f[k]]; break;
      case 'f': out += "@" + std::to_string(code.children[f[k]]); break;
      case 'i': out += std::to_string(static_cast<int16_t>(f[k])); break;
      case 'K': out += constant_text(code, code.constants[wide()]); break;
      case 'Q': out += std::to_string(static_cast<int64_t>(code.raw_constants[wide()])); break;
      case 'I': out += std::to_string(static_cast<int32_t>(wide())); break;
      case 'N': out += code.names[wide()]; break;
      default: out += std::to_string(f[k]);
    }
    if (c >= 'A' && c <= 'Z' && c != 'R') break;
  }
  uint32_t at = pc + 1;
  if (row.has_extension()) {
    ExtensionWord x;
    std::memcpy(&x, &code.words[at++], 8);
    for (int k = 0; k < 2; k++) {
      uint32_t n = k == 0 ? static_cast<uint32_t>(x.low) : x.high;
      switch (row.extension[k]) {
        case 'j':
          sep();
          out += "-> " + std::to_string(static_cast<int32_t>(pc) + x.low);
          break;
        case 'n':
          sep();
          out += code.names[n];
          break;
        case 's': {
          sep();
          const CodeShape& s = code.shapes[n];
          if (!s.starred.empty()) out += "'" + s.starred + "' ";
          if (static_cast<Bc>(w.op) == Bc::CallMethodShape) out += "." + code.names[s.method];
          out += "(" + std::to_string(s.positional);
          for (uint32_t k2 : s.keywords) out += " " + code.names[k2] + "=";
          out += ")";
          break;
        }
        case 'u':
          sep();
          out += std::to_string(n);
          break;
        default: break;
      }
    }
  }
  if (row.list) {
    sep();
    out += row.list == 'd' ? "-> [" : "[";
    for (uint32_t i = 0; i < count; i++) {
      uint16_t ids[4];
      std::memcpy(ids, &code.words[at + i / 4], 8);
      if (i) out += ", ";
      print_register(out, ids[i % 4], row.list == 'p', row.list != 'd');
    }
    out += "]";
  }
  out += "\n";
}

}  // namespace

const BytecodeInfo& info(Bc op) { return kInfo[static_cast<size_t>(op)]; }

namespace {

const RangeEntry* range_entry(const Code& code, uint32_t pc) {
  auto it = std::upper_bound(code.ranges.begin(), code.ranges.end(), pc,
                             [](uint32_t p, const RangeEntry& e) { return p < e.pc; });
  return it == code.ranges.begin() ? nullptr : &*std::prev(it);
}

}  // namespace

SourceRange Code::range_at(uint32_t pc) const {
  const RangeEntry* e = range_entry(*this, pc);
  return e ? e->range : range;
}

uint32_t Code::frame_at(uint32_t pc) const {
  const RangeEntry* e = range_entry(*this, pc);
  return e ? e->frame : 0;
}

const Handler* Code::handler_at(uint32_t pc) const {
  auto it =
      std::upper_bound(handlers.begin(), handlers.end(), pc, [](uint32_t p, const Handler& h) { return p < h.begin; });
  if (it == handlers.begin()) return nullptr;
  --it;
  return pc < it->end ? &*it : nullptr;
}

std::string disassemble(const Code& code, const SourceFile* source) {
  std::string out = "function @" + std::to_string(code.index) + " " + code.qualified_name + "(";
  for (size_t i = 0; i < code.params.size(); i++) {
    if (i) out += ", ";
    const CodeParam& p = code.params[i];
    out += p.kind == ir::ParamKind::VarArgs ? "*" : p.kind == ir::ParamKind::VarKeywords ? "**" : "";
    out += code.names[p.name];
    if (p.has_default) out += "=";
  }
  out += "): " + std::to_string(code.num_registers) + " registers";
  if (code.num_slots) out += ", " + std::to_string(code.num_slots) + " slots";
  if (code.num_raws) out += ", " + std::to_string(code.num_raws) + " raw";
  if (code.is_generator) out += ", generator";
  out += "\n";
  uint32_t line = 0;
  for (uint32_t pc = 0; pc < code.words.size();) {
    if (source) {
      uint32_t l = source->locate(code.range_at(pc).begin).line;
      if (l != line) {
        line = l;
        out += "  ; line " + std::to_string(l) + "\n";
      }
    }
    print_inst(out, code, pc);
    Instr w;
    std::memcpy(&w, &code.words[pc], 8);
    pc += length(info(static_cast<Bc>(w.op)), w);
  }
  for (const Handler& h : code.handlers) {
    out += "  handler " + std::to_string(h.begin) + ".." + std::to_string(h.end) + " -> " + std::to_string(h.target) +
           " keeping [";
    for (uint32_t i = 0; i < h.keep_count; i++) out += (i ? ", r" : "r") + std::to_string(code.keep[h.keep_begin + i]);
    out += "]\n";
  }
  return out;
}

}  // namespace tsvm::vm

// Bytecode: words, fields, opcodes.
//
// The rows of vm/bytecode.def are the one declaration; what needs to know the layout of an instruction (emitter,
// disassembler, image reader, interpreter) goes by the letters there.
#pragma once

#include <cstdint>
#include <string>

#include "base/source.h"

namespace tsvm::vm {

enum class Bc : uint16_t {
#define BYTECODE(name, text, fields) name,
#include "vm/bytecode.def"
  Count
};

/// One word of code. List words are four ids.
struct Instr {
  uint16_t op, a, b, c;
};
static_assert(sizeof(Instr) == 8);

/// The extension word behind an instruction that has one.
struct ExtensionWord {
  int32_t low;
  uint32_t high;
};

/// Register ids. In an operand the top bit says that it is the last use: the instruction takes the reference over.
constexpr uint16_t kLastUse = 0x8000;
constexpr uint16_t kRegisterMask = 0x7fff;
constexpr uint16_t kNoRegister = 0x7fff;
constexpr uint32_t kMaxRegisters = 0x7fff;

struct BytecodeInfo {
  const char* text;
  char fields[3];
  char extension[2];  // '.' '.': none
  char list;          // 0: none
  bool has_extension() const { return extension[0] != '.' || extension[1] != '.'; }
};
const BytecodeInfo& info(Bc op);

inline uint32_t list_words(uint32_t count) { return (count + 3) / 4; }
/// The length of an instruction in words.
inline uint32_t length(const BytecodeInfo& i, Instr word) {
  uint32_t n = 1 + i.has_extension();
  if (i.list) {
    for (int f = 0; f < 3; f++)
      if (i.fields[f] == 'c' || i.fields[f] == 'd') n += list_words(f == 0 ? word.a : f == 1 ? word.b : word.c);
  }
  return n;
}

struct Code;
/// The readable text of a function's bytecode.
/// `source`: lines are shown with the code.
std::string disassemble(const Code& code, const SourceFile* source = nullptr);

}  // namespace tsvm::vm

// Frames: where functions of the language run.
//
// There are three stacks of reserved memory that never move: of frames (headers), of tagged registers and of raw ones.
// A generator has memory of its own instead. Invariants:
//  - Beyond the top of the stack of tagged registers, and in registers that hold no live value, nothing is owned: a new
//    frame needs no clearing (but for frame slots, which start Unbound), and a frame that returns has nothing to
//    release. So that stack never holds anything but Values.
//  - `pc` is the instruction being executed whenever code outside of the interpreter can run.
#pragma once

#include <cstdint>

#include "vm/code.h"
#include "vm/object.h"

namespace tsvm::vm {

struct Generator;

enum FrameFlag : uint8_t {
  kEntryFrame = 1 << 0,      // returning leaves the interpreter's loop
  kConstructFrame = 1 << 1,  // __init__ of `self`: must give None; the caller gets `self`
  kGeneratorFrame = 1 << 2,
  kDiscardFrame = 1 << 3,  // the caller does not want the result
};

struct Frame {
  Frame* previous = nullptr;  // who gets control back; of an entry frame: what ran before the interpreter was entered
  const Instr* pc = nullptr;
  CodeState* state = nullptr;    // kept alive by function
  Function* function = nullptr;  // owned
  Dict* globals = nullptr;
  Value* regs = nullptr;
  uint64_t* raws = nullptr;
  Value self;                      // kConstructFrame: owned
  Generator* generator = nullptr;  // kGeneratorFrame: borrowed, who resumes it holds it
  uint16_t result = 0;             // the caller's register for the result
  uint16_t resume = 0;             // words from the caller's pc to its next instruction
  uint8_t flags = 0;

  const Instr* words() const { return reinterpret_cast<const Instr*>(state->code->words.data()); }
  uint32_t pc_index() const { return static_cast<uint32_t>(pc - words()); }
  SourceRange range() const { return state->code->range_at(pc_index()); }
};

/// A suspended call.
struct Generator : GcObject {
  Frame* frame = nullptr;  // with its registers in memory of its own; null once it has finished
  bool running = false;
  bool started = false;
  bool handles = false;           // it was suspended inside a handler: `handled` is to be set again
  Value sent;                     // yield-from: what the next resumption brings
  Value result = Value::none();   // what it returned
  Value handled = Value::none();  // the exception it was handling when it was suspended
  Value outer = Value::none();    // the exception its resumer was handling when it was last not in a handler
  Str* name = nullptr;
  Str* qualified_name = nullptr;
};

/// An entry of a traceback: the frame is described, not kept.
struct Traceback : GcObject {
  Value next;  // None or the entry of the frame that was called
  Function* function = nullptr;
  CodeState* state = nullptr;  // kept alive by function
  uint32_t pc = 0;
  uint32_t frame = 0;      // in Code::inlined
  bool in_lookup = false;  // a method was not found, rather than its call failing
};

}  // namespace tsvm::vm

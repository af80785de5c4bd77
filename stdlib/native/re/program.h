// Regular expressions in Python's syntax: a pattern becomes a Program, which a backtracking matcher runs.
//
// A Program is straight-line code for a machine with one position and a file of registers: two for each group (its
// begin and end, -1 when unset), one for the number of the group that was closed last, and two for each loop. Whatever
// changes a register writes its old value on the stack of choices, so going back to a choice restores everything and
// groups inside of loops and lookarounds need no special case.
//
// Nothing here knows the VM.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tsvm::re {

/// The flags of Python's re, with its numbers.
enum Flag : uint32_t {
  kIgnoreCase = 2,
  kLocale = 4,
  kMultiLine = 8,
  kDotAll = 16,
  kUnicode = 32,
  kVerbose = 64,
  kDebug = 128,
  kAscii = 256,
};

enum class Op : uint8_t {
  Char,      // a: the character
  CharFold,  // a: the folded character; `ascii`: folding of ASCII letters only
  AnyButNewline,
  Any,
  Set,    // a: index of the set
  Split,  // goes on at a, later at b
  Jump,   // a
  Save,   // a: register
  Close,  // a: group; sets its end and the last index
  BeginText,
  BeginLine,
  EndText,       // \Z
  EndOrNewline,  // $
  EndLine,       // $ with MULTILINE
  Boundary,
  NotBoundary,
  BackReference,      // a: group
  BackReferenceFold,  // the same, ignoring case
  Look,               // the code up to Accept must match here (`behind`: b characters before); goes on at a
  LookNot,            // must not match
  Atomic,             // the code up to Accept, without its choices; goes on at a
  IfGroup,            // a: group; b: where to go on when it is unset
  RepeatOne,          // the one-character instruction behind this one, min to max times
  LoopInit,           // a: register of the counter
  LoopEnter,          // a: counts
  Loop,               // a: register; b: the LoopEnter; min, max, lazy
  Fail,
  Accept,
};

struct Instruction {
  Op op;
  bool ascii = false;
  bool lazy = false;
  bool behind = false;
  uint32_t a = 0, b = 0;
  uint32_t min = 0, max = 0;
};

constexpr uint32_t kUnlimited = UINT32_MAX;

/// A set of characters. The bitmap has the answer for characters below 256, everything considered.
struct CharSet {
  enum Class : uint8_t { Digit = 1, Space = 2, Word = 4 };
  bool negated = false;
  bool ascii = false;
  bool fold = false;
  uint8_t classes = 0;          // characters of these are in
  uint8_t negated_classes = 0;  // characters outside of one of these are in
  std::vector<std::pair<char32_t, char32_t>> ranges;
  uint64_t bitmap[4] = {};

  bool has(char32_t c) const { return c < 256 ? (bitmap[c >> 6] >> (c & 63)) & 1 : has_slow(c); }
  bool has_slow(char32_t c) const;
  void finish();
};

struct Program {
  std::vector<Instruction> code;
  std::vector<CharSet> sets;
  uint32_t flags = 0;
  uint32_t groups = 0;  // without the whole match
  std::vector<std::pair<std::u32string, uint32_t>> names;
  uint32_t registers = 0;
  bool has_first = false;  // a match begins with one of `first` (characters from 256 on may always begin one)
  uint64_t first[4] = {};
  bool anchored = false;  // a match begins at the begin of the text

  uint32_t last_index_register() const { return 2 * (groups + 1); }
};

struct Error {
  std::string message;
  int64_t position = -1;
};

/// False: the pattern is malformed. `bytes`: the pattern's characters are bytes.
bool compile(std::u32string_view pattern, uint32_t flags, bool bytes, Program& out, Error& error);

/// How characters compare when case is ignored.
char32_t fold(char32_t c, bool ascii);
bool is_word(char32_t c, bool ascii);

enum class Mode : uint8_t { Match, FullMatch, Search };
enum class Outcome : uint8_t { No, Yes, Stopped };

/// A text as the matcher sees it: bytes (ASCII, Latin-1) or code points.
struct Text {
  const uint8_t* bytes = nullptr;
  const char32_t* wide = nullptr;
  int64_t size = 0;
};

/// Finds a match in text[0:end] from `begin` on. `not_empty_at_begin`: no empty match there. Yes: `registers` has
/// the groups' places. `poll` is asked now and then: false stops.
Outcome match(const Program& program, const Text& text, int64_t begin, int64_t end, Mode mode, bool not_empty_at_begin,
              std::vector<int64_t>& registers, bool (*poll)(void* context), void* context);

}  // namespace tsvm::re

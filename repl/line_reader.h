// Lines from a terminal: readline with history and completion, which is opened when it is first used, so that no other
// start of the program pays for it; without the library, or when the input is no terminal, sys.stdin's own lines.
#pragma once

#include <string>

#include "vm/vm.h"

namespace tsvm::repl {

enum class LineResult { Line, End, Interrupted, Failed };  // Failed: an exception is pending

class LineReader {
 public:
  explicit LineReader(vm::VM& vm);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// One line without its line break.
  LineResult read(const std::string& prompt, std::string& line);

 private:
  LineResult read_plain(const std::string& prompt, std::string& line);

  vm::VM& vm_;
  bool has_readline_ = false;
  std::string history_file_;
};

}  // namespace tsvm::repl
